#include "sekisho/dmarc_round.h"

#include <jansson.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/writer.h"
#include "report/dmarc_mail.h"
#include "sekisho/dmarc_external.h"

static void
take_names(struct arena *arena, struct table *table, const json_t *list)
{
    size_t i;
    json_t *one;

    table_init(table, arena, true);
    json_array_foreach(list, i, one)
    {
        struct bytes name =
            bytes_lower(arena, bytes_of(json_string_value(one), json_string_length(one)));
        if (name.size > 0) {
            (void)table_put(table, name, table);
        }
    }
}

static uint64_t *
failures_to(struct table *table, struct bytes address)
{
    struct bytes name = bytes_lower(table->arena, address);
    uint64_t *count = table_get(table, name);

    if (count == NULL) {
        count = ARENA_NEW(table->arena, uint64_t);
        (void)table_put(table, name, count);
    }
    return count;
}

/* Each address as often as a failure report went to it. */
static void
take_failures(struct arena *arena, struct table *table, const json_t *list)
{
    size_t i;
    json_t *one;

    table_init(table, arena, true);
    json_array_foreach(list, i, one)
    {
        (*failures_to(table, bytes_of(json_string_value(one), json_string_length(one))))++;
    }
}

enum sk_code
dmarc_round_plan(struct arena *arena, struct dmarc_round *round, struct bytes reply,
                 int64_t *period_end_r, struct why *why)
{
    json_t *json = json_loadb((const char *)reply.at, reply.size, 0, NULL);
    int64_t today = json_integer_value(json_object_get(json, "today"));

    if (!json_is_object(json)) {
        json_decref(json);
        return why_set(why, SK_BAD, "the keeper's plan cannot be read");
    }
    take_names(arena, &round->suppressed, json_object_get(json, "suppressed"));
    take_names(arena, &round->sent, json_object_get(json, "sent"));
    take_failures(arena, &round->failures, json_object_get(json, "failures"));
    round->left = today >= 0 && (uint64_t)today < round->settings->daily_cap
                      ? round->settings->daily_cap - (uint64_t)today
                      : 0;
    *period_end_r = json_integer_value(json_object_get(json, "period_end"));
    json_decref(json);
    return SK_OK;
}

/* Builds the report once for all addresses of a domain. */
struct content {
    bool made;
    struct dmarc_report report;
    struct bytes packed, sha256;
};

static void
make_content(struct arena *arena, const struct dmarc_round *round, size_t i,
             struct content *content)
{
    uint8_t digest[HASH_SHA256_SIZE];

    if (content->made) {
        return;
    }
    content->made = true;
    dmarc_gather_report(arena, round->gather, i, &content->report);
    content->packed = dmarc_pack(arena, dmarc_report_write(arena, &content->report));
    hash_sha256(content->packed, digest);
    content->sha256 = bytes_hex(arena, bytes_of(digest, sizeof digest));
}

static void
write_letter(struct arena *arena, const struct dmarc_round *round, size_t i,
             struct content *content, const struct dmarc_rua *rua, int64_t now_s,
             struct dmarc_letter *letter)
{
    make_content(arena, round, i, content);
    const struct dmarc_mail mail = {
        .from = round->settings->from,
        .to = rua->address,
        .domain = letter->domain,
        .submitter = round->settings->submitter,
        .report_id = content->report.report_id,
        .org_name = round->settings->org_name,
        .token = letter->token,
        .begin = round->begin,
        .end = round->end,
        .messages = letter->messages,
        .packed = content->packed,
    };
    letter->mail = dmarc_mail_write(arena, &mail, now_s);
    letter->file = dmarc_mail_file(arena, &mail);
    letter->packed = content->packed;
    letter->sha256 = content->sha256;
    letter->report_id = content->report.report_id;
    letter->rows = content->report.row_count;
    letter->sender = dmarc_token_address(arena, round->settings, letter->token);
    if (letter->mail.size > round->settings->size_max ||
        letter->mail.size > rua->size_max) {
        letter->refusal = DMARC_REFUSAL_TOO_LARGE;
    }
}

static enum dmarc_refusal
check_address(struct arena *arena, struct dmarc_round *round, struct dns_memo *memo,
              const struct dmarc_letter *letter, struct dmarc_rua *rua, bool *more)
{
    enum dmarc_external external;
    enum dmarc_refusal refusal =
        dmarc_gate_address(arena, round->settings, rua, &round->suppressed);

    if (refusal != DMARC_REFUSAL_SEND) {
        return refusal;
    }
    enum sk_code code =
        dmarc_external_check(arena, memo, letter->domain, letter->failure, rua, &external);
    *more |= code == SK_MORE;
    if (code != SK_OK) {
        return DMARC_REFUSAL_DNS;
    }
    if (external == DMARC_EXTERNAL_REFUSED) {
        return DMARC_REFUSAL_EXTERNAL;
    }
    /* The address may be another now. */
    return dmarc_gate_address(arena, round->settings, rua, &round->suppressed);
}

/* One letter for each address that ruf or rua names, with what the gate says of it. SK_MORE: answer what the memo wants. */
static enum sk_code
address_letters(struct arena *arena, struct dmarc_round *round, struct dns_memo *memo,
                const struct dmarc_seen *seen, const struct dmarc_letter *blank,
                struct dmarc_rua list_r[LIMIT_DMARC_ADDRESSES],
                struct dmarc_letter letters_r[DMARC_LETTERS], size_t *count_r)
{
    bool more = false;
    enum dmarc_refusal refusal = dmarc_gate_domain(round->settings, seen);
    size_t count =
        refusal == DMARC_REFUSAL_SEND
            ? dmarc_rua_read(arena, blank->failure ? seen->ruf : seen->rua, list_r)
            : 0;

    *count_r = 1;
    letters_r[0] = *blank;
    if (refusal != DMARC_REFUSAL_SEND || count == 0) {
        letters_r[0].refusal =
            refusal != DMARC_REFUSAL_SEND ? refusal : DMARC_REFUSAL_NO_ADDRESS;
        return SK_OK;
    }
    for (size_t k = 0; k < count; k++) {
        letters_r[k] = *blank;
        letters_r[k].refusal = check_address(arena, round, memo, blank, &list_r[k], &more);
        letters_r[k].to = list_r[k].address;
    }
    *count_r = more ? 0 : count;
    return more ? SK_MORE : SK_OK;
}

/* The last gates, which count what else is sent. */
static void
check_counts(const struct dmarc_round *round, struct dmarc_letter *letter)
{
    if (letter->refusal == DMARC_REFUSAL_SEND &&
        table_get(&round->sent, letter->token) != NULL) {
        letter->refusal = DMARC_REFUSAL_SENT;
    }
    if (letter->refusal == DMARC_REFUSAL_SEND && round->left == 0) {
        letter->refusal = DMARC_REFUSAL_CAP;
    }
}

enum sk_code
dmarc_round_letters(struct arena *arena, struct dmarc_round *round, struct dns_memo *memo,
                    size_t i, int64_t now_s, struct dmarc_letter letters_r[DMARC_LETTERS],
                    size_t *count_r)
{
    const struct dmarc_seen *seen = dmarc_gather_seen(round->gather, i);
    const struct dmarc_letter blank = {.domain = seen->published.domain,
                                       .messages = seen->messages,
                                       .rows = seen->row_count};
    struct dmarc_rua list[LIMIT_DMARC_ADDRESSES];
    struct content content = {.made = false};

    *count_r = 0;
    if (seen->rua.size == 0) {
        return SK_OK; /* it asks for failure reports alone */
    }
    enum sk_code code =
        address_letters(arena, round, memo, seen, &blank, list, letters_r, count_r);
    for (size_t k = 0; code == SK_OK && k < *count_r; k++) {
        struct dmarc_letter *letter = &letters_r[k];
        letter->token = dmarc_token(arena, round->key, letter->to, letter->domain,
                                    round->begin, round->end);
        check_counts(round, letter);
        if (letter->refusal == DMARC_REFUSAL_SEND) {
            write_letter(arena, round, i, &content, &list[k], now_s, letter);
        }
        round->left -= letter->refusal == DMARC_REFUSAL_SEND;
    }
    return code;
}

static void
write_failure(struct arena *arena, const struct dmarc_round *round,
              const struct dmarc_failure *failure, int64_t now_s,
              struct dmarc_letter *letter)
{
    struct dmarc_failure whole = *failure;
    uint8_t digest[HASH_SHA256_SIZE];

    whole.key = round->key;
    whole.to = letter->to;
    letter->mail = dmarc_failure_write(arena, &whole, now_s);
    letter->report_id = dmarc_redact(arena, round->key, failure->id);
    letter->sender = dmarc_token_address(arena, round->settings, letter->token);
    hash_sha256(letter->mail, digest);
    letter->sha256 = bytes_hex(arena, bytes_of(digest, sizeof digest));
}

enum sk_code
dmarc_round_failure(struct arena *arena, struct dmarc_round *round, struct dns_memo *memo,
                    size_t i, size_t k, int64_t now_s,
                    struct dmarc_letter letters_r[DMARC_LETTERS], size_t *count_r)
{
    const struct dmarc_seen *seen = dmarc_gather_seen(round->gather, i);
    const struct dmarc_failure *failure = &seen->failures[k];
    const struct dmarc_letter blank = {
        .domain = seen->published.domain, .messages = 1, .failure = true};
    struct dmarc_rua list[LIMIT_DMARC_ADDRESSES];
    enum sk_code code =
        address_letters(arena, round, memo, seen, &blank, list, letters_r, count_r);

    for (size_t a = 0; code == SK_OK && a < *count_r; a++) {
        struct dmarc_letter *letter = &letters_r[a];
        uint64_t *to = failures_to(&round->failures, letter->to);
        struct writer what;
        writer_init(&what, arena);
        writer_text(&what, "failure ");
        writer_bytes(&what, failure->id);
        letter->token = dmarc_token(arena, round->key, letter->to, writer_view(&what),
                                    round->begin, round->end);
        check_counts(round, letter);
        if (letter->refusal == DMARC_REFUSAL_SEND && *to >= round->settings->failure_cap) {
            letter->refusal = DMARC_REFUSAL_CAP;
        }
        if (letter->refusal == DMARC_REFUSAL_SEND) {
            write_failure(arena, round, failure, now_s, letter);
        }
        round->left -= letter->refusal == DMARC_REFUSAL_SEND;
        *to += letter->refusal == DMARC_REFUSAL_SEND;
    }
    return code;
}
