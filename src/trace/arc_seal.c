#include "trace/arc_seal.h"

#include "base/limits.h"
#include "trace/arc_chain.h"
#include "trace/authres.h"
#include "trace/dkim_fields.h"
#include "trace/sign.h"

#define LINE_WIDTH 76

/* --- what is sealed --- */

/* Section 4.1.2. */
static bool
may_be_signed(struct bytes name)
{
    return !bytes_is_fold(name, "authentication-results") &&
           !bytes_starts_fold(name, BYTES("arc-"));
}

/* Which number the new set has; 0 and why: there must be none. */
static unsigned
next_instance(const struct arc_chain *chain, const struct arc_order *order, struct why *why)
{
    unsigned highest = chain == NULL ? 0 : chain->highest;
    const char *reason = NULL;

    if (highest > 0 && chain->links[highest - 1].cv == AUTH_FAIL) {
        reason = "the chain was sealed as failed before"; /* section 5.1, step 2 */
    } else if (highest == LIMIT_ARC_SETS) {
        reason = "the chain has as many sets as there may be";
    } else if (order->cv != AUTH_NONE && chain == NULL) {
        reason = "there is no chain to say anything of";
    } else if (order->cv != AUTH_PASS && order->cv != AUTH_FAIL && chain != NULL) {
        reason = "nothing is said of the chain that is there";
    } else if (order->cv == AUTH_PASS && chain->broken != NULL) {
        reason = "the chain that is there cannot pass";
    }
    for (size_t i = 0; i < order->name_count && reason == NULL; i++) {
        reason = may_be_signed(order->names[i]) ? NULL : "a name may not be signed by ARC";
    }
    if (reason != NULL) {
        (void)why_set(why, SK_BAD, "%s", reason);
        return 0;
    }
    return highest + 1;
}

/* --- writing --- */

/* A signature field on both sides of the value of b=. */
struct draft {
    const char *name;
    struct bytes head, tail; /* the value before and behind */
};

struct seal_work {
    struct arena *arena;
    const struct letter *letter;
    const struct arc_order *order;
    const struct arc_chain *chain;
    unsigned instance;
};

/* "name1:name2", folded between names where that is wanted. */
static struct bytes
join_names(const struct seal_work *k, bool fold)
{
    const struct arc_order *order = k->order;
    struct writer w;
    size_t line = 0;

    writer_init(&w, k->arena);
    for (size_t i = 0; i < order->name_count; i++) {
        if (i > 0) {
            writer_byte(&w, ':');
        }
        if (fold && i > 0 && w.size - line + order->names[i].size > LINE_WIDTH - 8) {
            writer_text(&w, "\r\n\t ");
            line = w.size;
        }
        writer_bytes(&w, order->names[i]);
    }
    return writer_view(&w);
}

static struct bytes
base64_folded(const struct seal_work *k, struct bytes raw)
{
    struct bytes text = bytes_base64(k->arena, raw);
    struct writer w;

    writer_init(&w, k->arena);
    for (size_t at = 0; at < text.size; at += LINE_WIDTH - 4) {
        if (at > 0 && !k->order->standard_form) {
            writer_text(&w, "\r\n\t ");
        }
        writer_bytes(&w, bytes_slice(text, at, at + LINE_WIDTH - 4));
    }
    return writer_view(&w);
}

static const char *
algorithm(const struct seal_work *k)
{
    return k->order->ed25519 ? "ed25519-sha256" : "rsa-sha256";
}

static struct draft
draft_message_signature(const struct seal_work *k)
{
    const struct arc_order *o = k->order;
    uint8_t digest[CANONICAL_DIGEST_MAX];
    struct canonical c;
    struct writer head, tail;

    canonical_begin(&c, CANONICAL_SHA256, CANONICAL_ALL, NULL);
    canonical_body(&c, CANONICAL_RELAXED, k->letter->body);
    size_t size = canonical_end(&c, digest);
    struct bytes body = bytes_base64(k->arena, bytes_of(digest, size));
    struct bytes names = join_names(k, !o->standard_form);

    writer_init(&head, k->arena);
    writer_init(&tail, k->arena);
    if (o->standard_form) {
        writer_format(&head, "a=%s; b=", algorithm(k));
        writer_format(
            &tail, "; bh=%.*s; c=relaxed/relaxed; d=%.*s; h=%.*s; i=%u; s=%.*s; t=%lld",
            BYTES_ARGUMENTS(body), BYTES_ARGUMENTS(o->domain), BYTES_ARGUMENTS(names),
            k->instance, BYTES_ARGUMENTS(o->selector), (long long)o->time);
    } else {
        writer_format(&head,
                      "i=%u; a=%s; c=relaxed/relaxed;\r\n\td=%.*s; s=%.*s;\r\n\tt=%lld; "
                      "bh=%.*s;\r\n\th=%.*s;\r\n\tb=",
                      k->instance, algorithm(k), BYTES_ARGUMENTS(o->domain),
                      BYTES_ARGUMENTS(o->selector), (long long)o->time,
                      BYTES_ARGUMENTS(body), BYTES_ARGUMENTS(names));
    }
    return (struct draft){ARC_MESSAGE_SIGNATURE_NAME, writer_view(&head),
                          writer_view(&tail)};
}

static struct draft
draft_seal(const struct seal_work *k)
{
    const struct arc_order *o = k->order;
    struct writer head, tail;

    writer_init(&head, k->arena);
    writer_init(&tail, k->arena);
    if (o->standard_form) {
        writer_format(&head, "a=%s; b=", algorithm(k));
        writer_format(&tail, "; cv=%s; d=%.*s; i=%u; s=%.*s; t=%lld",
                      auth_result_name(o->cv), BYTES_ARGUMENTS(o->domain), k->instance,
                      BYTES_ARGUMENTS(o->selector), (long long)o->time);
    } else {
        writer_format(
            &head, "i=%u; a=%s; t=%lld; cv=%s;\r\n\td=%.*s; s=%.*s;\r\n\tb=", k->instance,
            algorithm(k), (long long)o->time, auth_result_name(o->cv),
            BYTES_ARGUMENTS(o->domain), BYTES_ARGUMENTS(o->selector));
    }
    return (struct draft){ARC_SEAL_NAME, writer_view(&head), writer_view(&tail)};
}

/* The whole field with this between its halves. */
static struct bytes
draft_field(const struct seal_work *k, const struct draft *d, struct bytes signature)
{
    struct writer w;

    writer_init(&w, k->arena);
    writer_text(&w, d->name);
    writer_text(&w, ": ");
    writer_bytes(&w, d->head);
    writer_bytes(&w, signature);
    writer_bytes(&w, d->tail);
    writer_text(&w, "\r\n");
    return writer_view(&w);
}

/* Hashes the field itself as the last of all, and has it signed. Empty: no signature can be had. */
static struct bytes
sign(const struct seal_work *k, const struct draft *d, struct canonical *c)
{
    struct bytes field = draft_field(k, d, BYTES_NONE);
    uint8_t digest[CANONICAL_DIGEST_MAX], signature[LIMIT_KEY_SIGNATURE];
    size_t size = 0, cut = strlen(d->name) + 2 + d->head.size;

    canonical_signature(c, CANONICAL_RELAXED, field, bytes_slice(field, cut, cut));
    (void)canonical_end(c, digest);
    if (!k->order->sign(k->order->context, digest, signature, &size) || size == 0 ||
        size > sizeof signature) {
        return BYTES_NONE;
    }
    return draft_field(k, d, base64_folded(k, bytes_of(signature, size)));
}

static struct bytes
make_results(const struct seal_work *k)
{
    struct writer w;

    writer_init(&w, k->arena);
    writer_format(&w, ARC_RESULTS_NAME ": i=%u; ", k->instance);
    writer_bytes(&w, k->order->authserv_id);
    writer_text(&w, k->order->standard_form ? "; " : ";\r\n\t");
    writer_bytes(&w, k->order->results);
    writer_text(&w, "\r\n");
    return writer_view(&w);
}

static struct bytes
make_message_signature(const struct seal_work *k)
{
    struct draft d = draft_message_signature(k);
    struct dkim_fields fields;
    struct canonical c;

    dkim_fields_init(&fields, k->arena, &k->letter->header);
    canonical_begin(&c, CANONICAL_SHA256, CANONICAL_ALL, NULL);
    dkim_fields_put(&fields, &c, CANONICAL_RELAXED, join_names(k, false), BYTES_NONE);
    return sign(k, &d, &c);
}

/* Section 5.1.1; of a chain that failed the new set alone (5.1.2). */
static struct bytes
make_seal(const struct seal_work *k, struct bytes results, struct bytes message_signature)
{
    struct draft d = draft_seal(k);
    struct canonical c;

    canonical_begin(&c, CANONICAL_SHA256, CANONICAL_ALL, NULL);
    for (unsigned i = 1; i < k->instance && k->order->cv == AUTH_PASS; i++) {
        const struct arc_link *link = &k->chain->links[i - 1];
        canonical_field(&c, CANONICAL_RELAXED, link->results_field);
        canonical_field(&c, CANONICAL_RELAXED, link->message_signature.field);
        canonical_field(&c, CANONICAL_RELAXED, link->seal.field);
    }
    canonical_field(&c, CANONICAL_RELAXED, results);
    canonical_field(&c, CANONICAL_RELAXED, message_signature);
    return sign(k, &d, &c);
}

enum sk_code
arc_seal(struct arena *arena, const struct letter *letter, const struct arc_order *order,
         struct arc_sealed *sealed_r, struct why *why)
{
    struct arc_chain *chain = arc_chain_read(arena, &letter->header, order->time, true);
    struct seal_work k = {.arena = arena,
                          .letter = letter,
                          .order = order,
                          .chain = chain,
                          .instance = next_instance(chain, order, why)};

    if (k.instance == 0) {
        return SK_BAD;
    }
    if (!sign_has_plain_form(letter)) {
        return why_set(why, SK_BAD, "its header has no form that everybody reads alike");
    }
    struct bytes results = make_results(&k);
    struct bytes message_signature = make_message_signature(&k);
    struct bytes seal =
        message_signature.size > 0 ? make_seal(&k, results, message_signature) : BYTES_NONE;
    if (seal.size == 0) {
        return why_set(why, SK_LATER, "no signature can be had");
    }
    *sealed_r = (struct arc_sealed){
        .instance = k.instance,
        .seal = bytes_trim(canonical_field_value(seal)),
        .message_signature = bytes_trim(canonical_field_value(message_signature)),
        .results = bytes_trim(canonical_field_value(results)),
    };
    return SK_OK;
}

/* --- what was seen --- */

/* What the results say of arc: the worst, where there are several. */
static enum auth_result
arc_in(struct arena *arena, struct bytes value)
{
    enum auth_result cv = AUTH_NONE, one;
    struct authres a;

    authres_read_loose(arena, value, &a);
    for (size_t i = 0; i < a.result_count; i++) {
        if (bytes_is(a.results[i].method, "arc") &&
            auth_result_read(a.results[i].result, &one) &&
            (one == AUTH_FAIL || (one == AUTH_PASS && cv == AUTH_NONE))) {
            cv = one;
        }
    }
    return cv;
}

static struct bytes
without_final_semicolon(struct bytes results)
{
    while (results.size > 0 && results.at[results.size - 1] == ';') {
        results = bytes_trim(bytes_slice(results, 0, results.size - 1));
    }
    return results;
}

bool
arc_gather_results(struct arena *arena, const struct header *header,
                   struct bytes authserv_id, bool standard_form, struct bytes *results_r,
                   enum auth_result *cv_r)
{
    struct bytes id, results;
    struct writer w;
    bool any = false;

    writer_init(&w, arena);
    *cv_r = AUTH_NONE;
    for (size_t i = 0; i < header->field_count; i++) {
        struct bytes whole = header->fields[i].whole;
        if (!bytes_is_fold(canonical_field_name(whole), "authentication-results") ||
            !authres_split(arena, canonical_field_value(whole), &id, &results) ||
            !bytes_equal_fold(id, authserv_id)) {
            continue;
        }
        results = without_final_semicolon(results);
        if (results.size == 0) {
            continue;
        }
        enum auth_result one = arc_in(arena, canonical_field_value(whole));
        *cv_r = one == AUTH_FAIL || *cv_r == AUTH_NONE ? one : *cv_r;
        if (any) {
            writer_text(&w, standard_form ? ";\r\n  " : ";\r\n\t");
        }
        writer_bytes(&w, results);
        any = true;
    }
    *results_r = writer_view(&w);
    return any;
}

const struct bytes *
arc_seal_names(struct arena *arena, const struct header *header, size_t *count_r)
{
    static const char *const covered[] = {
        "from",
        "sender",
        "reply-to",
        "subject",
        "date",
        "message-id",
        "to",
        "cc",
        "in-reply-to",
        "references",
        "mime-version",
        "content-type",
        "list-id",
        "list-help",
        "list-unsubscribe",
        "list-post",
        "list-archive",
        "content-transfer-encoding",
        "dkim-signature",
    };
    struct bytes *names = ARENA_NEW_MANY(arena, LIMIT_ARC_NAMES + 1, struct bytes);
    size_t count = 0;

    names[count++] = BYTES("from");
    for (size_t n = 0; n < sizeof covered / sizeof covered[0]; n++) {
        for (size_t i = 0; i < header->field_count && count <= LIMIT_ARC_NAMES; i++) {
            if (bytes_is_fold(canonical_field_name(header->fields[i].whole), covered[n])) {
                names[count++] = bytes_from_text(covered[n]);
            }
        }
    }
    *count_r = count;
    return names;
}
