/* Requests about DMARC reports: those of others, and ours.
 *
 *     dmarc.received   (dmarc_received.h)   {"known": true} where it was kept before
 *     dmarc.show       {"domain"?,"since"? (day),"most"?}   totals by domain and source, most messages first
 *     dmarc.suppress   {"name","add"}       an address or a domain gets no report, or may again
 *     dmarc.suppressed {}
 *     dmarc.plan       {"begin","end"}      what the sender must know of a period before it sends
 *     dmarc.sent       {"domain","to","report_id","token","begin","end","messages","rows","size","sha256","failure"?}
 *     dmarc.period     {"begin","end","sent","failed","refused"}
 *     dmarc.bounced    {"token","to"?}      a report came back, or (to) the next hop refused it: {"name"} gets none for a while */
#define SK_BASE
#include "sekisho/requests.h"

#include <stdlib.h>

#include "base/limits.h"
#include "sekisho/dmarc_book.h"
#include "sekisho/dmarc_received.h"

#define SHOW_MOST 5000
#define DAY_MS    ((int64_t)86400000)
#define REFUSALS  32

enum sk_code keeping_open_dmarc(struct keeping *keeping, struct why *why);
request_handler request_dmarc_received, request_dmarc_show, request_dmarc_suppress,
    request_dmarc_suppressed, request_dmarc_plan, request_dmarc_sent, request_dmarc_period,
    request_dmarc_bounced;

enum sk_code
keeping_open_dmarc(struct keeping *keeping, struct why *why)
{
    (void)why;
    keeping->dmarc = dmarc_book_new(keeping->arena);
    keeping_add_book(keeping, &keeping->dmarc->book);
    return SK_OK;
}

static enum sk_code
keep(struct keeping *keeping, struct json *j, struct why *why)
{
    json_close(j);
    enum sk_code code = vault_keep(keeping->vault, writer_view(j->w), BYTES_NONE, why);
    return code == SK_OK ? keeping_commit(keeping, why) : code;
}

static bool
row_is_whole(const json_t *row)
{
    static const size_t most[] = {45, LIMIT_DOMAIN, 0, 2, 1};

    if (!json_is_array(row) || json_array_size(row) != 5 ||
        !json_is_integer(json_array_get(row, 2)) ||
        json_integer_value(json_array_get(row, 2)) < 0 ||
        json_integer_value(json_array_get(row, 2)) > UINT32_MAX) {
        return false;
    }
    for (size_t i = 0; i < 5; i++) {
        const json_t *member = json_array_get(row, i);
        if (i != 2 && (!json_is_string(member) || json_string_length(member) > most[i])) {
            return false;
        }
    }
    return true;
}

static enum sk_code
read_rows(const struct request *request, struct bytes *rows_r, struct why *why)
{
    const json_t *rows = json_object_get(request->body, "rows");
    size_t i;
    json_t *row;

    if (!json_is_array(rows) || json_array_size(rows) == 0 ||
        json_array_size(rows) > DMARC_ROWS_A_REQUEST) {
        return why_set(why, SK_BAD, "one to %d rows of a report are wanted",
                       DMARC_ROWS_A_REQUEST);
    }
    json_array_foreach(rows, i, row)
    {
        if (!row_is_whole(row)) {
            return why_set(why, SK_BAD, "row %zu of the report is not whole", i + 1);
        }
    }
    char *text = json_dumps(rows, JSON_COMPACT);
    if (text == NULL) {
        return why_set(why, SK_SYSTEM, "no memory for the rows of a report");
    }
    *rows_r = bytes_copy(request->arena, bytes_from_text(text));
    free(text);
    return SK_OK;
}

enum sk_code
request_dmarc_received(struct keeping *keeping, const struct request *request,
                       struct json *reply, struct why *why)
{
    struct bytes report = request_text(request, "report"),
                 domain = request_text(request, "domain"), rows = BYTES_NONE;
    int64_t part = request_number(request, "part", -1),
            from = request_number(request, "begin", -1),
            to = request_number(request, "end", -1);
    struct writer w;
    struct json j;

    if (!dmarc_book_word(report, 64) || !dmarc_book_word(domain, LIMIT_DOMAIN) ||
        part < 0 || from < 0 || to < from) {
        return why_set(why, SK_BAD, "a report with a domain and a period is wanted");
    }
    if (dmarc_book_knows(keeping->dmarc, report, part)) {
        json_put_bool(reply, "known", true);
        return SK_OK;
    }
    enum sk_code code = read_rows(request, &rows, why);
    if (code != SK_OK) {
        return code;
    }
    request_record(request, &j, &w, "dmarc.received");
    json_put_string(&j, "report", report);
    json_put_number(&j, "part", part);
    json_put_string(&j, "org", bytes_slice(request_text(request, "org"), 0, LIMIT_DOMAIN));
    json_put_string(&j, "report_id",
                    bytes_slice(request_text(request, "report_id"), 0, LIMIT_DOMAIN));
    json_put_string(&j, "domain", domain);
    json_put_string(&j, "p", bytes_slice(request_text(request, "p"), 0, 20));
    json_put_number(&j, "begin", from);
    json_put_number(&j, "end", to);
    json_key(&j, "rows");
    json_raw(&j, rows);
    code = keep(keeping, &j, why);
    if (code == SK_OK) {
        json_put_bool(reply, "kept", true);
    }
    return code;
}

/* By messages, the most first; then by name, so that the order is settled. */
static int
compare_counts(const void *a, const void *b)
{
    const struct dmarc_count *x = *(const struct dmarc_count *const *)a,
                             *y = *(const struct dmarc_count *const *)b;

    if (x->tally[TALLY_MESSAGES] != y->tally[TALLY_MESSAGES]) {
        return x->tally[TALLY_MESSAGES] < y->tally[TALLY_MESSAGES] ? 1 : -1;
    }
    return bytes_compare(x->key, y->key);
}

/* The days added up. */
static struct dmarc_count **
add_up(const struct keeping *keeping, const struct request *request, size_t *count_r)
{
    const struct dmarc_book *book = keeping->dmarc;
    struct bytes domain = request_text(request, "domain");
    int64_t since = request_number(request, "since", 0);
    struct dmarc_count **sums =
        ARENA_NEW_MANY(request->arena, book->count_count + 1, struct dmarc_count *);
    struct table by_name;

    table_init(&by_name, request->arena, false);
    *count_r = 0;
    for (size_t i = 0; i < book->count_count; i++) {
        const struct dmarc_count *count = book->counts[i];
        if (count->day < since ||
            (domain.size > 0 && !bytes_equal_fold(domain, count->domain))) {
            continue;
        }
        struct bytes name = bytes_from(count->key, bytes_find_byte(count->key, ' ', 0) + 1);
        struct dmarc_count *sum = table_get(&by_name, name);
        if (sum == NULL) {
            sum = ARENA_NEW(request->arena, struct dmarc_count);
            *sum = (struct dmarc_count){
                .key = name, .domain = count->domain, .source = count->source};
            (void)table_put(&by_name, name, sum);
            sums[(*count_r)++] = sum;
        }
        for (size_t k = 0; k < TALLY_COUNT; k++) {
            sum->tally[k] += count->tally[k];
        }
    }
    qsort(sums, *count_r, sizeof *sums, compare_counts);
    return sums;
}

enum sk_code
request_dmarc_show(struct keeping *keeping, const struct request *request,
                   struct json *reply, struct why *why)
{
    static const char *const names[TALLY_COUNT] = {"messages", "dkim",        "spf",
                                                   "passed",   "quarantined", "rejected"};
    int64_t most = request_number(request, "most", 200);
    size_t count;
    struct dmarc_count **sums = add_up(keeping, request, &count);

    (void)why;
    most = most < 1 ? 1 : most > SHOW_MOST ? SHOW_MOST : most;
    json_key(reply, "rows");
    json_open(reply, '[');
    for (size_t i = 0; i < count && i < (size_t)most; i++) {
        json_open(reply, '{');
        json_put_string(reply, "domain", sums[i]->domain);
        json_put_string(reply, "source", sums[i]->source);
        for (size_t k = 0; k < TALLY_COUNT; k++) {
            json_put_number(reply, names[k], (int64_t)sums[i]->tally[k]);
        }
        json_close(reply);
    }
    json_close(reply);
    json_put_number(reply, "all", (int64_t)count);
    json_put_number(reply, "left_out", (int64_t)keeping->dmarc->left_out);
    return SK_OK;
}

enum sk_code
request_dmarc_suppress(struct keeping *keeping, const struct request *request,
                       struct json *reply, struct why *why)
{
    struct bytes name = bytes_lower(request->arena, request_text(request, "name"));
    bool add = request_flag(request, "add"),
         there = dmarc_book_suppressed(keeping->dmarc, name) != NULL;
    struct writer w;
    struct json j;

    if (!dmarc_book_word(name, LIMIT_ADDRESS)) {
        return why_set(why, SK_BAD, "an address or a domain is wanted");
    }
    if (add && !there && keeping->dmarc->suppressed_count == LIMIT_DMARC_SUPPRESSED) {
        return why_set(why, SK_LIMIT, "%d are suppressed already", LIMIT_DMARC_SUPPRESSED);
    }
    if (!add && !there) {
        return why_set(why, SK_BAD, "it is not suppressed");
    }
    request_record(request, &j, &w, "dmarc.suppress");
    json_put_string(&j, "name", name);
    json_put_bool(&j, "add", add);
    json_put_text(&j, "cause", "command");
    return keep(keeping, &j, why);
}

enum sk_code
request_dmarc_suppressed(struct keeping *keeping, const struct request *request,
                         struct json *reply, struct why *why)
{
    (void)why;
    json_key(reply, "suppressed");
    json_open(reply, '[');
    for (size_t i = 0; i < keeping->dmarc->suppressed_count; i++) {
        const struct dmarc_suppressed *one = &keeping->dmarc->suppressed[i];
        json_open(reply, '{');
        json_put_string(reply, "name", one->name);
        json_put_number(reply, "since", one->since_ms);
        json_put_number(reply, "until", one->until_ms);
        json_put_number(reply, "bounces", (int64_t)one->bounces);
        json_put_bool(reply, "holds",
                      one->until_ms == 0 || one->until_ms > request->now_ms);
        json_close(reply);
    }
    json_close(reply);
    return SK_OK;
}

enum sk_code
request_dmarc_plan(struct keeping *keeping, const struct request *request,
                   struct json *reply, struct why *why)
{
    const struct dmarc_book *book = keeping->dmarc;
    int64_t from = request_number(request, "begin", 0),
            to = request_number(request, "end", 0);
    int64_t today = 0;

    (void)why;
    json_put_number(reply, "period_end", book->period_end);
    json_key(reply, "sent");
    json_open(reply, '[');
    for (size_t i = 0; i < book->sent_count; i++) {
        today += book->sent[i].time_ms > request->now_ms - DAY_MS;
        if (book->sent[i].begin == from && book->sent[i].end == to) {
            json_bytes(reply, book->sent[i].token);
        }
    }
    json_close(reply);
    json_put_number(reply, "today", today);
    json_key(
        reply,
        "failures"); /* of the last 24 hours, each address as often as one went to it */
    json_open(reply, '[');
    for (size_t i = 0; i < book->sent_count; i++) {
        if (book->sent[i].failure && book->sent[i].time_ms > request->now_ms - DAY_MS) {
            json_bytes(reply, book->sent[i].to);
        }
    }
    json_close(reply);
    json_key(reply, "suppressed");
    json_open(reply, '[');
    for (size_t i = 0; i < book->suppressed_count; i++) {
        const struct dmarc_suppressed *one = &book->suppressed[i];
        if (one->until_ms == 0 || one->until_ms > request->now_ms) {
            json_bytes(reply, one->name);
        }
    }
    json_close(reply);
    return SK_OK;
}

enum sk_code
request_dmarc_sent(struct keeping *keeping, const struct request *request,
                   struct json *reply, struct why *why)
{
    static const char *const texts[] = {"domain", "to", "report_id", "token", "sha256"};
    static const char *const numbers[] = {"begin", "end", "messages", "rows", "size"};
    struct writer w;
    struct json j;

    if (dmarc_book_sent(keeping->dmarc, request_text(request, "token")) != NULL) {
        json_put_bool(reply, "known", true); /* told again, as the first answer got lost */
        return SK_OK;
    }
    request_record(request, &j, &w,
                   request_flag(request, "failure") ? "dmarc.failure" : "dmarc.report");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct bytes text = request_text(request, texts[i]);
        if (!dmarc_book_word(text, 600)) {
            return why_set(why, SK_BAD, "%s of the report is missing", texts[i]);
        }
        json_put_string(&j, texts[i], text);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        json_put_number(&j, numbers[i], request_number(request, numbers[i], 0));
    }
    return keep(keeping, &j, why);
}

enum sk_code
request_dmarc_period(struct keeping *keeping, const struct request *request,
                     struct json *reply, struct why *why)
{
    static const char *const numbers[] = {"begin", "end", "sent", "failed"};
    const json_t *refused = json_object_get(request->body, "refused");
    const char *name;
    json_t *count;
    struct writer w;
    struct json j;

    request_record(request, &j, &w, "dmarc.period");
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        json_put_number(&j, numbers[i], request_number(request, numbers[i], 0));
    }
    json_key(&j, "refused");
    json_open(&j, '{');
    if (json_object_size(refused) <= REFUSALS) {
        json_object_foreach((json_t *)(uintptr_t)refused, name, count)
        {
            json_put_number(&j, name, json_integer_value(count));
        }
    }
    json_close(&j);
    return keep(keeping, &j, why);
}

enum sk_code
request_dmarc_bounced(struct keeping *keeping, const struct request *request,
                      struct json *reply, struct why *why)
{
    const struct dmarc_sent *sent =
        dmarc_book_sent(keeping->dmarc, request_text(request, "token"));
    struct bytes name =
        bytes_lower(request->arena, sent != NULL ? sent->to : request_text(request, "to"));
    struct writer w;
    struct json j;

    if (!dmarc_book_word(name, LIMIT_ADDRESS)) {
        return why_set(why, SK_BAD, "no report has that token");
    }
    const struct dmarc_suppressed *one = dmarc_book_suppressed(keeping->dmarc, name);
    json_put_string(reply, "name", name);
    if (one != NULL && (one->until_ms == 0 || one->until_ms > request->now_ms)) {
        json_put_bool(reply, "known", true); /* two bounces of one report count once */
        return SK_OK;
    }
    request_record(request, &j, &w, "dmarc.suppress");
    json_put_string(&j, "name", name);
    json_put_bool(&j, "add", true);
    json_put_text(&j, "cause", "bounce");
    json_put_number(&j, "until",
                    request->now_ms +
                        dmarc_bounce_ms((one != NULL ? one->bounces : 0) + 1));
    return keep(keeping, &j, why);
}
