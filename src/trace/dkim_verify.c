#include "trace/dkim_verify.h"

#include "base/limits.h"
#include "trace/dkim.h"
#include "trace/key.h"

struct body_hash {
    enum canonical_form form;
    enum canonical_hash hash;
    uint64_t most; /* CANONICAL_ALL without l= */
    uint64_t size; /* of the whole canonical body */
    uint8_t digest[CANONICAL_DIGEST_MAX];
    size_t digest_size;
};

struct dkim_verifier {
    struct arena *arena;
    const struct letter *letter;
    bool legacy;
    struct dkim_fields fields;
    bool indexed;
    struct body_hash bodies[2 * LIMIT_DKIM_BODY_HASHES];
    size_t body_count, body_room;
};

struct dkim_verifier *
dkim_verifier_new(struct arena *arena, const struct letter *letter, bool legacy)
{
    struct dkim_verifier *v = ARENA_NEW(arena, struct dkim_verifier);

    v->arena = arena;
    v->letter = letter;
    v->legacy = legacy;
    v->body_room = LIMIT_DKIM_BODY_HASHES;
    return v;
}

void
dkim_verifier_more(struct dkim_verifier *v)
{
    v->body_room = v->body_count + LIMIT_DKIM_BODY_HASHES;
}

static void
settle(struct dkim_signature *s, enum auth_result result, struct bytes reason)
{
    s->result.result = result;
    s->result.reason = reason;
}

/* NULL where the body was hashed in too many ways already. */
static const struct body_hash *
body_hash(struct dkim_verifier *v, const struct dkim_signature *s)
{
    uint64_t most = s->result.has_body_length ? s->result.body_length : CANONICAL_ALL;
    struct canonical c;

    for (size_t i = 0; i < v->body_count; i++) {
        const struct body_hash *b = &v->bodies[i];
        if (b->form == s->body_form && b->hash == s->hash && b->most == most) {
            return b;
        }
    }
    if (v->body_count == v->body_room) {
        return NULL;
    }
    struct body_hash *b = &v->bodies[v->body_count++];
    b->form = s->body_form;
    b->hash = s->hash;
    b->most = most;
    canonical_begin(&c, b->hash, most, NULL);
    canonical_body(&c, b->form, v->letter->body);
    b->size = c.size;
    b->digest_size = canonical_end(&c, b->digest);
    return b;
}

/* g= of RFC 4871: the local part of i=, with at most one "*"; an empty one matches nothing where v=DKIM1 stands. */
static bool
granularity_allows(const struct key *key, struct bytes local)
{
    struct bytes g = key->granularity;
    size_t star = bytes_find_byte(g, '*', 0);

    if (!key->has_granularity) {
        return true;
    }
    if (star == BYTES_NOWHERE) {
        return g.size == 0 ? !key->versioned : bytes_equal(g, local);
    }
    struct bytes before = bytes_slice(g, 0, star), behind = bytes_from(g, star + 1);
    return local.size >= before.size + behind.size && bytes_starts(local, before) &&
           bytes_ends(local, behind);
}

/* What a good key may still forbid; NULL if nothing. */
static const char *
key_forbids(const struct key *key, const struct dkim_signature *s)
{
    if ((key->kind == KEY_ED25519) != s->ed25519) {
        return "the key is not of the signature's algorithm";
    }
    if (!(s->hash == CANONICAL_SHA1 ? key->sha1 : key->sha256)) {
        return "the key is not for the signature's hash";
    }
    if (key->same_domain && !bytes_equal_fold(s->identity_domain, s->domain)) {
        return "the key is not for subdomains";
    }
    if (!granularity_allows(key, s->identity_local)) {
        return "the key is not for this local part";
    }
    return NULL;
}

/* Whether the body is what bh= says; settles it if not. */
static bool
body_is(struct dkim_verifier *v, struct dkim_signature *s)
{
    const struct body_hash *body = body_hash(v, s);

    if (body == NULL) {
        settle(s, AUTH_POLICY, BYTES("too many ways to hash the body"));
    } else if (s->result.has_body_length && s->result.body_length > body->size) {
        settle(s, AUTH_FAIL, BYTES("the body is shorter than l="));
    } else if (!bytes_equal(s->body_digest, bytes_of(body->digest, body->digest_size))) {
        settle(s, AUTH_FAIL, BYTES("the body was changed"));
    } else {
        uint64_t most = s->result.has_body_length ? s->result.body_length : body->size;
        s->result.body_tail = body->size - most;
        return true;
    }
    return false;
}

static size_t
header_digest(struct dkim_verifier *v, const struct dkim_signature *s,
              uint8_t digest_r[CANONICAL_DIGEST_MAX])
{
    struct canonical c;

    if (!v->indexed) {
        dkim_fields_init(&v->fields, v->arena, &v->letter->header);
        v->indexed = true;
    }
    canonical_begin(&c, s->hash, CANONICAL_ALL, NULL);
    dkim_fields_put(&v->fields, &c, s->header_form, s->names, s->field);
    canonical_signature(&c, s->header_form, s->field, s->cut);
    return canonical_end(&c, digest_r);
}

/* With one record; several may stand at the name, and each is tried until one passes. *digest is made, and the body
 * looked at, when the first good key is there. */
static void
try_record(struct dkim_verifier *v, struct dkim_signature *s, struct bytes record,
           struct bytes *digest, uint8_t room[CANONICAL_DIGEST_MAX])
{
    struct key key;
    struct why why;

    key_read(v->arena, record, v->legacy, &key, &why);
    s->result.key_bits = key.bits;
    s->result.testing = key.testing;
    if (key.trust != KEY_GOOD) {
        settle(s, key.trust == KEY_SHORT ? AUTH_POLICY : AUTH_PERMERROR,
               bytes_copy(v->arena, bytes_from_text(why.sentence)));
        return;
    }
    const char *forbidden = key_forbids(&key, s);
    if (forbidden != NULL) {
        settle(s, AUTH_PERMERROR, bytes_from_text(forbidden));
        return;
    }
    if (digest->size == 0) {
        if (!body_is(v, s)) {
            return;
        }
        *digest = bytes_of(room, header_digest(v, s, room));
    }
    if (key_verify(&key, s->hash, *digest, s->signature)) {
        settle(s, AUTH_PASS, BYTES_NONE);
    } else {
        settle(s, AUTH_FAIL, BYTES("the header was changed, or the key is another"));
    }
}

void
dkim_verify_digest(struct dkim_verifier *v, struct dkim_signature *s, struct bytes digest)
{
    const struct dns_answer *answer = s->key;
    uint8_t room[CANONICAL_DIGEST_MAX];
    struct dkim_result best = {0};

    if (answer->status == DNS_SERVFAIL || answer->status == DNS_TIMEOUT) {
        settle(s, AUTH_TEMPERROR, BYTES("the key could not be asked for"));
        return;
    }
    if (answer->status != DNS_FOUND || answer->record_count == 0) {
        settle(s, AUTH_PERMERROR, BYTES("there is no key"));
        return;
    }
    for (size_t i = 0; i < answer->record_count && i < LIMIT_DKIM_KEY_RECORDS; i++) {
        try_record(v, s, answer->records[i].data, &digest, room);
        if (s->result.result == AUTH_PASS) {
            return;
        }
        struct dkim_result both[2] = {best, s->result};
        if (i == 0 || dkim_best(both, 2) != best.result) {
            best = s->result;
        }
    }
    s->result = best;
}

void
dkim_verify(struct dkim_verifier *v, struct dkim_signature *s)
{
    dkim_verify_digest(v, s, BYTES_NONE);
}
