#include "trace/dkim.h"

#include "base/limits.h"
#include "trace/dkim_fields.h"
#include "trace/dkim_signature.h"
#include "trace/key.h"

struct body_hash {
    enum canonical_form form;
    enum canonical_hash hash;
    uint64_t most; /* CANONICAL_ALL without l= */
    uint64_t size; /* of the whole canonical body */
    uint8_t digest[CANONICAL_DIGEST_MAX];
    size_t digest_size;
};

struct dkim_work {
    struct dkim_signature *signatures;
    size_t count;
    struct dkim_fields fields;
    bool indexed;
    struct body_hash bodies[LIMIT_DKIM_BODY_HASHES];
    size_t body_count;
};

static void
settle(struct dkim_signature *s, enum auth_result result, struct bytes reason)
{
    s->result.result = result;
    s->result.reason = reason;
}

#define DISTANCE_MOST 3

/* How near a signing domain is to From: 0 the same, 1 above or below it, 2 two labels in common at the end, 3 a stranger. */
static int
distance(struct bytes domain, struct bytes from)
{
    size_t dots = 0, i = 0;

    if (bytes_equal_fold(domain, from)) {
        return 0;
    }
    if (domain.size == 0 || from.size == 0) {
        return DISTANCE_MOST;
    }
    if (dkim_is_under(domain, from) || dkim_is_under(from, domain)) {
        return 1;
    }
    for (; i < domain.size && i < from.size; i++) {
        uint8_t c = ascii_lower(domain.at[domain.size - 1 - i]);
        if (c != ascii_lower(from.at[from.size - 1 - i])) {
            break;
        }
        dots += c == '.';
    }
    return dots >= 2 ? 2 : DISTANCE_MOST;
}

/* Of the signatures whose keys are wanted, all past the bound and farthest from the From domain become `policy`. */
static void
choose(struct dkim_work *work, struct bytes from)
{
    size_t room = LIMIT_DKIM_SIGNATURES;

    for (size_t i = 0; i < work->count; i++) {
        work->signatures[i].distance = distance(work->signatures[i].domain, from);
    }
    for (int d = 0; d <= DISTANCE_MOST; d++) {
        for (size_t i = 0; i < work->count; i++) {
            struct dkim_signature *s = &work->signatures[i];
            if (s->result.result != AUTH_NONE || s->distance != d) {
                continue;
            }
            if (room > 0) {
                room--;
            } else {
                settle(s, AUTH_POLICY, BYTES("too many signatures"));
            }
        }
    }
}

static struct dkim_work *
start(struct arena *arena, const struct letter *letter, int64_t now_s, bool legacy)
{
    struct dkim_work *work = ARENA_NEW(arena, struct dkim_work);
    const struct header *header = &letter->header;
    size_t room = 0;

    for (size_t i = 0; i < header->field_count; i++) {
        room +=
            bytes_is_fold(canonical_field_name(header->fields[i].whole), "dkim-signature");
    }
    work->signatures = ARENA_NEW_MANY(arena, room, struct dkim_signature);
    for (size_t i = 0; work->count < room && i < header->field_count; i++) {
        if (bytes_is_fold(canonical_field_name(header->fields[i].whole),
                          "dkim-signature")) {
            dkim_signature_read(arena, header->fields[i].whole, now_s, legacy,
                                &work->signatures[work->count++]);
        }
    }
    choose(work,
           letter->from.address_count > 0 ? letter->from.addresses[0].domain : BYTES_NONE);
    return work;
}

/* NULL where the body was hashed in too many ways already. */
static const struct body_hash *
body_hash(struct dkim_work *work, const struct letter *letter,
          const struct dkim_signature *s)
{
    uint64_t most = s->result.has_body_length ? s->result.body_length : CANONICAL_ALL;
    struct canonical c;

    for (size_t i = 0; i < work->body_count; i++) {
        const struct body_hash *b = &work->bodies[i];
        if (b->form == s->body_form && b->hash == s->hash && b->most == most) {
            return b;
        }
    }
    if (work->body_count == LIMIT_DKIM_BODY_HASHES) {
        return NULL;
    }
    struct body_hash *b = &work->bodies[work->body_count++];
    b->form = s->body_form;
    b->hash = s->hash;
    b->most = most;
    canonical_begin(&c, b->hash, most, NULL);
    canonical_body(&c, b->form, letter->body);
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

static void
verify(struct dkim_work *work, struct arena *arena, const struct letter *letter,
       struct dkim_signature *s, const struct key *key)
{
    const struct body_hash *body = body_hash(work, letter, s);
    uint8_t digest[CANONICAL_DIGEST_MAX];
    struct canonical c;

    if (body == NULL) {
        settle(s, AUTH_POLICY, BYTES("too many ways to hash the body"));
        return;
    }
    if (s->result.has_body_length && s->result.body_length > body->size) {
        settle(s, AUTH_FAIL, BYTES("the body is shorter than l="));
        return;
    }
    if (!bytes_equal(s->body_digest, bytes_of(body->digest, body->digest_size))) {
        settle(s, AUTH_FAIL, BYTES("the body was changed"));
        return;
    }
    if (!work->indexed) {
        dkim_fields_init(&work->fields, arena, &letter->header);
        work->indexed = true;
    }
    canonical_begin(&c, s->hash, CANONICAL_ALL, NULL);
    dkim_fields_put(&work->fields, &c, s->header_form, s->names, s->field);
    canonical_signature(&c, s->header_form, s->field, s->cut);
    size_t size = canonical_end(&c, digest);
    if (key_verify(key, s->hash, bytes_of(digest, size), s->signature)) {
        settle(s, AUTH_PASS, BYTES_NONE);
    } else {
        settle(s, AUTH_FAIL, BYTES("the header was changed, or the key is another"));
    }
}

/* With one record; several may stand at the name, and each is tried until one passes. */
static void
try_record(struct dkim_work *work, struct arena *arena, const struct letter *letter,
           struct dkim_signature *s, struct bytes record, bool legacy)
{
    struct key key;
    struct why why;

    key_read(arena, record, legacy, &key, &why);
    s->result.key_bits = key.bits;
    s->result.testing = key.testing;
    if (key.trust != KEY_GOOD) {
        settle(s, key.trust == KEY_SHORT ? AUTH_POLICY : AUTH_PERMERROR,
               bytes_copy(arena, bytes_from_text(why.sentence)));
        return;
    }
    const char *forbidden = key_forbids(&key, s);
    if (forbidden != NULL) {
        settle(s, AUTH_PERMERROR, bytes_from_text(forbidden));
        return;
    }
    verify(work, arena, letter, s, &key);
}

static void
finish(struct dkim_work *work, struct arena *arena, const struct letter *letter,
       struct dkim_signature *s, bool legacy)
{
    const struct dns_answer *answer = s->key;
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
        try_record(work, arena, letter, s, answer->records[i].data, legacy);
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

enum sk_code
dkim_check(struct arena *arena, const struct letter *letter, struct dns_memo *memo,
           int64_t now_s, bool legacy, struct dkim_work **work_at,
           struct dkim_result **results_r, size_t *count_r)
{
    if (*work_at == NULL) {
        *work_at = start(arena, letter, now_s, legacy);
    }
    struct dkim_work *work = *work_at;
    bool waiting = false;

    for (size_t i = 0; i < work->count; i++) {
        struct dkim_signature *s = &work->signatures[i];
        if (s->result.result == AUTH_NONE) {
            s->key = dns_memo_ask(memo, s->key_name, DNS_TXT);
            waiting = waiting || s->key == NULL;
        }
    }
    if (waiting) {
        return SK_MORE;
    }
    /* The near ones first, so that bounds hit the strangers, whatever order the answers came in. */
    for (int d = 0; d <= DISTANCE_MOST; d++) {
        for (size_t i = 0; i < work->count; i++) {
            struct dkim_signature *s = &work->signatures[i];
            if (s->result.result == AUTH_NONE && s->distance == d) {
                finish(work, arena, letter, s, legacy);
            }
        }
    }
    *results_r = ARENA_NEW_MANY(arena, work->count, struct dkim_result);
    *count_r = work->count;
    for (size_t i = 0; i < work->count; i++) {
        (*results_r)[i] = work->signatures[i].result;
    }
    return SK_OK;
}

enum auth_result
dkim_best(const struct dkim_result *results, size_t count)
{
    static const enum auth_result order[] = {AUTH_PASS, AUTH_TEMPERROR, AUTH_POLICY,
                                             AUTH_FAIL, AUTH_NEUTRAL,   AUTH_PERMERROR};

    for (size_t o = 0; o < sizeof order / sizeof order[0]; o++) {
        for (size_t i = 0; i < count; i++) {
            if (results[i].result == order[o]) {
                return order[o];
            }
        }
    }
    return AUTH_NONE;
}
