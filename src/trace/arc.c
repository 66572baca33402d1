#include "trace/arc.h"

#include "base/limits.h"
#include "trace/arc_chain.h"
#include "trace/authres.h"

struct arc_work {
    struct arena *arena;
    const struct letter *letter;
    struct dns_memo *memo;
    struct arc_chain *chain; /* NULL: no ARC field */
    bool broken;             /* known without any key: no question was asked */
    unsigned instance;       /* the set that a signature is of which cannot count */
    const struct dkim_signature *unusable;
};

/* A chain that cannot pass is not worth a question: the newest message signature and all seals must count. */
static void
look_ahead(struct arc_work *work)
{
    const struct arc_chain *chain = work->chain;
    unsigned newest = chain->highest;

    work->broken = chain->broken != NULL;
    for (unsigned i = newest; i >= 1 && !work->broken; i--) {
        const struct arc_link *link = &chain->links[i - 1];
        work->unusable = i == newest && link->message_signature.result.result != AUTH_NONE
                             ? &link->message_signature
                         : link->seal.result.result != AUTH_NONE ? &link->seal
                                                                 : NULL;
        work->broken = work->unusable != NULL;
        work->instance = i;
    }
}

static bool
ask(struct arc_work *work, struct dkim_signature *s)
{
    if (s->result.result != AUTH_NONE) {
        return true;
    }
    s->key = dns_memo_ask(work->memo, s->key_name, DNS_TXT);
    return s->key != NULL;
}

static bool
ask_all(struct arc_work *work)
{
    bool all = true;

    for (unsigned i = 0; i < work->chain->highest; i++) {
        all &= ask(work, &work->chain->links[i].seal);
        all &= ask(work, &work->chain->links[i].message_signature);
    }
    return all;
}

struct arc_work *
arc_begin(struct arena *arena, const struct letter *letter, struct dns_memo *memo,
          int64_t now_s, bool legacy)
{
    struct arc_work *work = ARENA_NEW(arena, struct arc_work);
    size_t before = memo->answer_count;

    work->arena = arena;
    work->letter = letter;
    work->memo = memo;
    work->chain = arc_chain_read(arena, &letter->header, now_s, legacy);
    if (work->chain == NULL) {
        return work;
    }
    look_ahead(work);
    if (!work->broken) {
        /* Room for these questions only: none is taken from the other checks, and none given. */
        memo->questions_max += 2 * LIMIT_ARC_SETS;
        (void)ask_all(work);
        memo->questions_max -= 2 * LIMIT_ARC_SETS;
        memo->questions_max += memo->answer_count - before;
    }
    return work;
}

/* --- verifying --- */

/* Because of this signature. */
static void
fail(struct arc_work *work, struct arc_result *r, unsigned instance,
     const struct dkim_signature *s)
{
    struct writer w;

    writer_init(&w, work->arena);
    writer_format(&w, "%s of i=%u: ",
                  s->kind == DKIM_ARC_SEAL ? ARC_SEAL_NAME : ARC_MESSAGE_SIGNATURE_NAME,
                  instance);
    writer_bytes(&w, s->result.reason);
    r->result = AUTH_FAIL;
    r->reason = writer_view(&w);
}

/* A message signature. Without c= RFC 6376 means simple/simple, but sealers who leave it out have been seen to mean
 * relaxed/relaxed, the form that ARC itself uses: either counts. */
static void
verify_message(struct dkim_verifier *verifier, struct dkim_signature *s)
{
    struct dkim_signature relaxed = *s;

    dkim_verify(verifier, s);
    if (s->result.result != AUTH_FAIL || !s->form_unsaid) {
        return;
    }
    relaxed.header_form = relaxed.body_form = CANONICAL_RELAXED;
    relaxed.result.canonicalization = BYTES("relaxed/relaxed");
    dkim_verify(verifier, &relaxed);
    if (relaxed.result.result == AUTH_PASS) {
        *s = relaxed;
    }
}

static bool
verify_newest(struct arc_work *work, struct dkim_verifier *verifier, struct arc_result *r)
{
    unsigned newest = work->chain->highest;
    struct dkim_signature *s = &work->chain->links[newest - 1].message_signature;

    verify_message(verifier, s);
    if (s->result.result != AUTH_PASS) {
        fail(work, r, newest, s);
    }
    return s->result.result == AUTH_PASS;
}

/* Section 5.1.1: all sets up to this one, the seal itself without its b=. Returns how many bytes were hashed. */
static uint64_t
hash_seal(const struct arc_chain *chain, unsigned instance,
          uint8_t digest_r[CANONICAL_DIGEST_MAX], size_t *size_r)
{
    const struct dkim_signature *seal = &chain->links[instance - 1].seal;
    struct canonical c;

    canonical_begin(&c, seal->hash, CANONICAL_ALL, NULL);
    for (unsigned i = 0; i < instance; i++) {
        const struct arc_link *link = &chain->links[i];
        canonical_field(&c, CANONICAL_RELAXED, link->results_field);
        canonical_field(&c, CANONICAL_RELAXED, link->message_signature.field);
        if (i + 1 < instance) {
            canonical_field(&c, CANONICAL_RELAXED, link->seal.field);
        }
    }
    canonical_signature(&c, CANONICAL_RELAXED, seal->field, seal->cut);
    *size_r = canonical_end(&c, digest_r);
    return c.size;
}

static bool
verify_seals(struct arc_work *work, struct dkim_verifier *verifier, struct arc_result *r)
{
    struct arc_chain *chain = work->chain;
    uint8_t digest[CANONICAL_DIGEST_MAX];
    uint64_t hashed = 0;
    size_t size;

    for (unsigned i = chain->highest; i >= 1; i--) {
        struct dkim_signature *s = &chain->links[i - 1].seal;
        hashed += hash_seal(chain, i, digest, &size);
        if (hashed > LIMIT_ARC_HASHED) {
            r->result = AUTH_FAIL;
            r->reason = BYTES("the sets are too long to be verified");
            return false;
        }
        dkim_verify_digest(verifier, s, bytes_of(digest, size));
        if (s->result.result != AUTH_PASS) {
            fail(work, r, i, s);
            return false;
        }
    }
    return true;
}

/* Older message signatures, as far as they pass: where they end, somebody changed the message. */
static void
verify_older(struct arc_work *work, struct dkim_verifier *verifier, struct arc_result *r)
{
    struct arc_chain *chain = work->chain;
    uint64_t hashed = 0;

    r->has_oldest_pass = true;
    r->oldest_pass = 0;
    for (unsigned i = chain->highest - 1; i >= 1; i--) {
        struct dkim_signature *s = &chain->links[i - 1].message_signature;
        if (s->result.result == AUTH_NONE) {
            hashed += work->letter->header.raw.size;
            if (hashed > LIMIT_ARC_HASHED) {
                r->has_oldest_pass = false;
                return;
            }
            verify_message(verifier, s);
        }
        if (s->result.result != AUTH_PASS) {
            r->oldest_pass = i + 1;
            return;
        }
    }
}

/* --- what is told of it --- */

static void
take_results(struct arena *arena, const struct arc_link *link, struct arc_set *set)
{
    struct bytes rest;

    set->results = link->results;
    (void)authres_split(arena, link->results, &set->authserv_id, &rest);
}

static void
fill_sets(struct arc_work *work, struct arc_result *r)
{
    const struct arc_chain *chain = work->chain;

    r->instance = chain->highest;
    r->sets = ARENA_NEW_MANY(work->arena, chain->highest, struct arc_set);
    for (unsigned i = 0; i < chain->highest; i++) {
        const struct arc_link *link = &chain->links[i];
        if (link->results_field.size == 0 && link->message_signature.field.size == 0 &&
            link->seal.field.size == 0) {
            continue;
        }
        struct arc_set *set = &r->sets[r->set_count++];
        set->instance = i + 1;
        set->cv = link->cv;
        set->seal = link->seal.result;
        set->message_signature = link->message_signature.result;
        take_results(work->arena, link, set);
    }
}

enum sk_code
arc_check(struct arc_work *work, struct dkim_verifier *verifier,
          struct arc_result *result_r)
{
    struct arc_chain *chain = work->chain;
    struct arc_result *r = result_r;

    *r = (struct arc_result){.result = AUTH_NONE};
    if (chain == NULL) {
        return SK_OK;
    }
    if (!work->broken && !ask_all(work)) {
        return SK_MORE;
    }
    dkim_verifier_more(verifier);
    if (chain->broken != NULL) {
        r->result = AUTH_FAIL;
        r->reason = bytes_from_text(chain->broken);
    } else if (work->unusable != NULL) {
        fail(work, r, work->instance, work->unusable);
    } else if (verify_newest(work, verifier, r) && verify_seals(work, verifier, r)) {
        r->result = AUTH_PASS;
        verify_older(work, verifier, r);
    }
    fill_sets(work, r);
    return SK_OK;
}
