#include "trace/dkim.h"

#include "base/limits.h"
#include "trace/dkim_verify.h"

struct dkim_work {
    struct dkim_signature *signatures;
    size_t count;
    struct dkim_verifier *verifier;
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

    work->verifier = dkim_verifier_new(arena, letter, legacy);
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
                dkim_verify(work->verifier, s);
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

struct dkim_verifier *
dkim_work_verifier(struct dkim_work *work)
{
    return work->verifier;
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
