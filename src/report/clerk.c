#include "report/clerk.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include "base/clock.h"
#include "base/json.h"
#include "report/settings.h"
#include "store/rows_tally.h"

const struct config_key report_config_keys[] = {
    {"report", "listen", CONFIG_TEXT, "",
     .help = "Where the clerk answers over HTTP (figures, metrics); loopback only."},
    {.name = NULL},
};

#define DAY_MS     ((int64_t)86400000)
#define HEAD_MAX   8192
#define PATIENCE_S 10

struct clerk {
    struct evhttp *http;
    const char *folder;
    int64_t started_ms;
    uint64_t requests;
};

/* Whoever can reach the port by way of a browser must not read it from another site, nor by a name of his own that he lets
 * point at us: the Host must be an address or localhost. */
static bool
host_is_ours(struct evhttp_request *request)
{
    struct bytes host = bytes_from_text(
        evhttp_find_header(evhttp_request_get_input_headers(request), "Host"));
    size_t port = bytes_find_last(host, ':');

    if (host.size == 0) {
        return true;
    }
    if (port != BYTES_NOWHERE && bytes_find_byte(host, ']', port) == BYTES_NOWHERE) {
        host = bytes_slice(host, 0, port);
    }
    return bytes_is_fold(host, "localhost") || bytes_is(host, "127.0.0.1") ||
           bytes_is(host, "[::1]") || bytes_starts(host, BYTES("127."));
}

static void
clerk_reply(struct evhttp_request *request, int status, const char *reason,
            const char *type, struct bytes body)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    struct evbuffer *buffer = evbuffer_new();

    evhttp_add_header(headers, "Content-Type", type);
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    evhttp_add_header(
        headers, "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    if (buffer != NULL) {
        evbuffer_add(buffer, body.at, body.size);
    }
    evhttp_send_reply(request, status, reason, buffer);
    if (buffer != NULL) {
        evbuffer_free(buffer);
    }
}

static void
write_html_text(struct writer *w, struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        switch (text.at[i]) {
        case '<':
            writer_text(w, "&lt;");
            break;
        case '>':
            writer_text(w, "&gt;");
            break;
        case '&':
            writer_text(w, "&amp;");
            break;
        case '"':
            writer_text(w, "&quot;");
            break;
        default:
            writer_byte(w, text.at[i]);
        }
    }
}

static void
write_page(struct writer *w, const struct rows_tally *tally)
{
    writer_text(
        w, "<!DOCTYPE html><html lang=\"ja\"><meta charset=\"utf-8\"><title>Sekisho</title>"
           "<style>body{font:16px/1.6 sans-serif;margin:2em auto;max-width:48em}"
           "table{border-collapse:collapse}td,th{padding:.2em .8em;border-bottom:1px solid "
           "#ccc;"
           "text-align:left}td.n{text-align:right}</style>"
           "<h1>関所 Sekisho</h1><p>この24時間 / the last 24 hours: ");
    writer_format(w, "<b>%llu</b> 通 messages, <b>%llu</b> 予告の疑い threats.</p>",
                  (unsigned long long)tally->messages, (unsigned long long)tally->threats);
    writer_text(w,
                "<table><tr><th scope=\"col\">時刻 hour (UTC)<th scope=\"col\">分類 class"
                "<th scope=\"col\">処置 action<th scope=\"col\">通数 messages");
    for (size_t i = 0; i < tally->count; i++) {
        writer_text(w, "<tr><td>");
        clock_write_rfc3339(w, tally->rows[i].hour_ms / 1000, 0);
        writer_text(w, "<td>");
        write_html_text(w, tally->rows[i].category);
        writer_text(w, "<td>");
        write_html_text(w, tally->rows[i].action);
        writer_format(w, "<td class=\"n\">%llu", (unsigned long long)tally->rows[i].count);
    }
    writer_text(w, "</table></html>\n");
}

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
write_metrics(struct writer *w, const struct clerk *clerk, const struct rows_tally *tally)
{
    writer_text(w, "# TYPE sekisho_messages_day gauge\n"
                   "# HELP sekisho_messages_day Messages of the last 24 hours.\n");
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
    writer_format(w,
                  "# TYPE sekisho_threats_day gauge\nsekisho_threats_day %llu\n"
                  "# TYPE sekisho_clerk_uptime_seconds "
                  "counter\nsekisho_clerk_uptime_seconds %lld\n# EOF\n",
                  (unsigned long long)tally->threats,
                  (long long)((clock_monotonic_ms() - clerk->started_ms) / 1000));
}

static void
clerk_tally(struct evhttp_request *request, struct clerk *clerk,
            void (*write)(struct writer *w, const struct rows_tally *tally),
            const char *type)
{
    struct rows_tally tally;
    struct arena arena;
    struct writer w;
    struct why why;

    arena_init(&arena, 64u << 20);
    writer_init(&w, &arena);
    if (rows_tally(&arena, clerk->folder, clock_now_ms() - DAY_MS, 0, &tally, &why) !=
        SK_OK) {
        writer_format(&w, "the record cannot be read: %s\n", why.sentence);
        clerk_reply(request, 503, "Service Unavailable", "text/plain; charset=utf-8",
                    writer_view(&w));
    } else {
        if (write != NULL) {
            write(&w, &tally);
        } else {
            write_metrics(&w, clerk, &tally);
        }
        clerk_reply(request, 200, "OK", type, writer_view(&w));
    }
    arena_release(&arena);
}

static void
clerk_request(struct evhttp_request *request, void *context)
{
    struct clerk *clerk = context;
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
    struct bytes asked = bytes_from_text(path);

    clerk->requests++;
    if (!host_is_ours(request)) {
        clerk_reply(request, 421, "Misdirected Request", "text/plain",
                    BYTES("ask by address\n"));
    } else if (bytes_is(asked, "/") || asked.size == 0) {
        clerk_tally(request, clerk, write_page, "text/html; charset=utf-8");
    } else if (bytes_is(asked, "/v1/summary")) {
        clerk_tally(request, clerk, write_json, "application/json");
    } else if (bytes_is(asked, "/metrics")) {
        clerk_tally(request, clerk, NULL,
                    "application/openmetrics-text; version=1.0.0; charset=utf-8");
    } else if (bytes_is(asked, "/ping")) {
        clerk_reply(request, 200, "OK", "text/plain", BYTES("pong\r\n"));
    } else {
        clerk_reply(request, 404, "Not Found", "text/plain",
                    BYTES("there are /, /v1/summary, /metrics and /ping\n"));
    }
}

enum sk_code
clerk_open(struct arena *arena, struct event_base *base, const struct config *config,
           int socket, struct clerk **clerk_r, struct why *why)
{
    struct clerk *clerk = ARENA_NEW(arena, struct clerk);

    clerk->folder = bytes_text(arena, config_text(config, "record.folder"));
    clerk->started_ms = clock_monotonic_ms();
    clerk->http = evhttp_new(base);
    if (clerk->http == NULL || evhttp_accept_socket(clerk->http, socket) != 0) {
        return why_set(why, SK_SYSTEM, "the clerk cannot listen");
    }
    evhttp_set_max_headers_size(clerk->http, HEAD_MAX);
    evhttp_set_max_body_size(clerk->http, 0);
    evhttp_set_timeout(clerk->http, PATIENCE_S);
    evhttp_set_allowed_methods(clerk->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    evhttp_set_gencb(clerk->http, clerk_request, clerk);
    *clerk_r = clerk;
    return SK_OK;
}

void
clerk_close(struct clerk *clerk)
{
    evhttp_free(clerk->http);
}
