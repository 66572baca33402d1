/* Pages and figures: the console's files, the plain page in their place, the summary, Prometheus. */
#include "report/clerk_private.h"

#include <jansson.h>

#include "base/clock.h"
#include "net/frame.h"
#include "store/rows_tally.h"

#define DAY_MS ((int64_t)86400000)

void
clerk_get_ping(struct clerk *clerk, struct web_call *call, struct session *session,
               struct bytes tail)
{
    web_reply(call, 200, "text/plain; charset=utf-8", BYTES("pong\r\n"));
}

void
clerk_get_words(struct clerk *clerk, struct web_call *call, struct session *session,
                struct bytes tail)
{
    web_reply_lasting(call, 200, "application/json",
                      clerk->role->words.size > 0 ? clerk->role->words : BYTES("{}"));
}

/* Without the console's libraries there is this page: figures for people, and what to type. */
static const char plain_page[] =
    "<!DOCTYPE html><html lang=\"ja\"><meta charset=\"utf-8\"><title>関所 Sekisho</title>"
    "<h1>関所 Sekisho</h1>"
    "<p>コンソールのファイルが見つかりません。<code>make console</code> と打つと、npm "
    "から部品を取り寄せて"
    "用意します (置き場所は設定 "
    "<code>report.console</code>)。検問所そのものは動いています。"
    "<p lang=\"en\">The console's files were not found. Type <code>make console</code>: it "
    "fetches "
    "its parts with npm (their place is <code>report.console</code>). The checkpoint "
    "itself is at "
    "work."
    "<p>数字 / figures: <a href=\"/v1/summary\">/v1/summary</a>, <a "
    "href=\"/metrics\">/metrics</a>"
    "</html>\n";

void
clerk_get_page(struct clerk *clerk, struct web_call *call, struct session *session,
               struct bytes tail)
{
    bool root = tail.size == 0;

    if (root && !clerk->has_console) {
        web_reply_lasting(call, 200, "text/html; charset=utf-8",
                          bytes_from_text(plain_page));
        return;
    }
    const struct file *file =
        clerk->has_console ? files_find(&clerk->files, root ? BYTES("index.html") : tail)
                           : NULL;
    if (file == NULL) {
        web_reply_error(call, 404, "path", "そのようなものはありません。",
                        "There is nothing of that name.");
        return;
    }
    struct writer w;
    writer_init(&w, call->arena);
    writer_format(&w, "Cache-Control: no-cache\r\nETag: %s\r\n", file->tag);
    call->cookie = writer_view(&w);
    bool same = bytes_is(web_field(call, "If-None-Match"), file->tag);
    web_reply_lasting(call, same ? 304 : 200, file->type,
                      same ? BYTES_NONE : file->content);
}

/* Figures are counted by the crew, and written there. */

static void
write_json(struct writer *w, const struct rows_tally *tally)
{
    struct json j;

    json_init(&j, w);
    json_open(&j, '{');
    json_put_number(&j, "messages", (int64_t)tally->messages);
    json_put_number(&j, "threats", (int64_t)tally->threats);
    json_key(&j, "rows");
    json_open(&j, '[');
    for (size_t i = 0; i < tally->count; i++) {
        json_open(&j, '{');
        json_put_number(&j, "hour", tally->rows[i].hour_ms / 1000);
        json_put_string(&j, "category", tally->rows[i].category);
        json_put_string(&j, "action", tally->rows[i].action);
        json_put_number(&j, "messages", (int64_t)tally->rows[i].count);
        json_put_number(&j, "bytes", (int64_t)tally->rows[i].bytes);
        json_close(&j);
    }
    json_close(&j);
    json_close(&j);
    writer_byte(w, '\n');
}

static void
write_metrics(struct writer *w, const struct rows_tally *tally)
{
    writer_text(w, "# HELP sekisho_messages_day Messages of the last 24 hours.\n"
                   "# TYPE sekisho_messages_day gauge\n");
    for (size_t i = 0; i < tally->count; i++) {
        uint64_t count = 0;
        bool first = true;
        for (size_t k = 0; k < tally->count; k++) {
            if (bytes_equal(tally->rows[k].action, tally->rows[i].action) &&
                bytes_equal(tally->rows[k].category, tally->rows[i].category)) {
                first = first && k >= i;
                count += tally->rows[k].count;
            }
        }
        if (first) {
            writer_format(
                w, "sekisho_messages_day{action=\"%.*s\",category=\"%.*s\"} %llu\n",
                BYTES_ARGUMENTS(tally->rows[i].action),
                BYTES_ARGUMENTS(tally->rows[i].category), (unsigned long long)count);
        }
    }
    writer_format(
        w,
        "# HELP sekisho_threats_day Messages of the last 24 hours with a possible threat.\n"
        "# TYPE sekisho_threats_day gauge\nsekisho_threats_day %llu\n",
        (unsigned long long)tally->threats);
}

/* request: number metrics (else JSON), number from_ms */
enum sk_code
clerk_work_tally(struct arena *arena, const char *folder, struct bytes request,
                 struct writer *w)
{
    struct frame_reader r = {.rest = request};
    struct rows_tally tally;
    struct why why;
    bool metrics = frame_get_number(&r) != 0;

    enum sk_code code =
        rows_tally(arena, folder, (int64_t)frame_get_number(&r), 0, &tally, &why);
    if (code != SK_OK) {
        writer_text(w, why.sentence);
    } else if (metrics) {
        write_metrics(w, &tally);
    } else {
        write_json(w, &tally);
    }
    return code;
}

static const struct {
    const char *name, *type, *help;
} figures[] = {
    {"sekisho_messages_day{action,category}", "gauge", "Messages of the last 24 hours."},
    {"sekisho_threats_day", "gauge",
     "Messages of the last 24 hours with a possible threat."},
    {"sekisho_clerk_uptime_seconds_total", "counter", "Seconds since the clerk began."},
    {"sekisho_clerk_requests_total", "counter", "Requests to the clerk."},
    {"sekisho_clerk_events_total", "counter", "Events heard from the keeper."},
    {"sekisho_clerk_sign_ins_total", "counter", "Sign-ins that succeeded."},
    {"sekisho_clerk_guesses_refused_total", "counter",
     "Sign-ins refused unread: too many wrong passwords."},
    {"sekisho_clerk_connections", "gauge", "Connections to the clerk now."},
    {"sekisho_clerk_streams", "gauge", "Readers of the live stream now."},
    {"sekisho_keeper_linked", "gauge", "1 while the keeper answers the clerk."},
};
#define FIGURES_OWN 2 /* from here on they are the clerk's own */

void
clerk_metrics_table(struct writer *w)
{
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        writer_format(w, "%s\t%s\t%s\n", figures[i].name, figures[i].type, figures[i].help);
    }
}

static void
write_own_metrics(struct writer *w, const struct clerk *clerk)
{
    const uint64_t values[sizeof figures / sizeof figures[0]] = {
        [2] = (uint64_t)(clock_monotonic_ms() - clerk->started_ms) / 1000,
        clerk->requests,
        clerk->events,
        clerk->signed_in,
        clerk->refused_guesses,
        web_connection_count(clerk->web),
        live_count(clerk->live),
        clerk->linked,
    };

    for (size_t i = FIGURES_OWN; i < sizeof figures / sizeof figures[0]; i++) {
        writer_format(w, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", figures[i].name,
                      figures[i].help, figures[i].name, figures[i].type, figures[i].name,
                      (unsigned long long)values[i]);
    }
}

/* The keeper's figures, and then our own and those of the rows; without a keeper the rest is told all the same. */
static void
told_keeper_metrics(void *context, enum sk_code code, struct bytes json)
{
    struct errand *errand = context;
    struct web_call *call = errand_call(errand);
    struct writer w;

    if (call != NULL) {
        json_t *reply = json_loadb((const char *)json.at, json.size, JSON_ALLOW_NUL, NULL);
        const json_t *text = json_object_get(reply, "text");
        writer_init(&w, call->arena);
        if (code == SK_OK && json_is_string(text)) {
            writer_bytes(&w, bytes_of(json_string_value(text), json_string_length(text)));
        }
        writer_bytes(&w, errand->a);
        write_own_metrics(&w, errand->clerk);
        json_decref(reply);
        web_reply(call, 200, "text/plain; version=0.0.4; charset=utf-8", writer_view(&w));
    }
    errand_end(errand);
}

static void
told_tally(void *context, enum sk_code code, struct bytes answer)
{
    struct errand *errand = context;
    struct web_call *call = errand_call(errand);
    struct writer w;
    struct json j;

    if (call == NULL) {
        errand_end(errand);
        return;
    }
    if (errand->content) {
        errand->a = code == SK_OK ? bytes_copy(&errand->arena, answer) : BYTES_NONE;
        clerk_request(errand, &w, &j, "metrics");
        if (!clerk_ask(errand->clerk, &j, "", told_keeper_metrics, errand)) {
            told_keeper_metrics(errand, SK_LATER, BYTES_NONE);
        }
        return;
    }
    if (code == SK_OK) {
        web_reply(call, 200, "application/json", answer);
    } else {
        writer_init(&w, call->arena);
        writer_text(&w, "the record cannot be read: ");
        writer_clean(&w, answer, 400);
        writer_byte(&w, '\n');
        web_reply(call, 503, "text/plain; charset=utf-8", writer_view(&w));
    }
    errand_end(errand);
}

static void
ask_tally(struct clerk *clerk, struct web_call *call, bool metrics, int64_t from_ms)
{
    struct errand *errand = errand_begin(clerk, call, NULL);
    struct writer w;

    errand->content = metrics;
    writer_init(&w, &errand->arena);
    frame_put_number(&w, metrics);
    frame_put_number(&w, (uint64_t)from_ms);
    if (!crew_ask(clerk->crew, CREW_QUICK, JOB_TALLY, writer_view(&w), told_tally,
                  errand)) {
        told_tally(errand, SK_LATER, BYTES("too many questions at once"));
    }
}

void
clerk_get_summary(struct clerk *clerk, struct web_call *call, struct session *session,
                  struct bytes tail)
{
    struct bytes value;
    uint64_t hours = 24;

    if (web_query(call, "hours", &value) &&
        (!bytes_to_number(value, 168, &hours) || hours == 0)) {
        web_reply_error(call, 400, "hours", "hours は1から168です。", "hours is 1 to 168.");
        return;
    }
    ask_tally(clerk, call, false, clock_now_ms() - (int64_t)hours * (DAY_MS / 24));
}

void
clerk_get_metrics(struct clerk *clerk, struct web_call *call, struct session *session,
                  struct bytes tail)
{
    ask_tally(clerk, call, true, clock_now_ms() - DAY_MS);
}
