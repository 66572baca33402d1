#include "arrive/http_scan.h"

#include "arrive/http_text.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "net/stream.h"

#define BUSY_MS     3600000
#define BODY_FIRST  16384   /* room for a body of unknown size */
#define BODY_AHEAD  1048576 /* most that a Content-Length may reserve before a byte came */
#define PASSWORD_MS 1000 /* a wrong password is answered late, so that guessing is slow */

enum http_state {
    HTTP_HEAD,    /* the request's head comes in */
    HTTP_BODY,    /* its body comes in */
    HTTP_WALKING, /* the road walks, or learns */
    HTTP_SLOWED,  /* a wrong password waits for its answer */
    HTTP_LEAVING, /* the last reply goes out */
    HTTP_ENDED,   /* waits for the reaper */
};

enum http_target {
    TARGET_NONE,
    TARGET_CHECK,
    TARGET_JUDGE,
    TARGET_TEXT,
    TARGET_LEARN_SPAM,
    TARGET_LEARN_HAM,
    TARGET_PING,
    TARGET_STAT,
    TARGET_METRICS
};

/* One request; lies in its own arena. */
struct http_exchange {
    struct arena arena;
    struct http_request request;
    struct http_body body;
    enum http_target target;
    struct arrival arrival;
    struct writer raw;
    struct bytes message; /* made of a text that is none */
    struct bytes json;
    size_t held;
};

struct http_session {
    struct door_session door; /* first */
    struct stream *client;
    enum http_state state;
    struct http_exchange *exchange;
    struct loop_task slow;
    bool client_ended, running, draining;
};

static void http_run(struct http_session *session);

static const struct {
    const char *path;
    enum http_target target;
    bool post;
} targets[] = {
    {"/checkv2", TARGET_CHECK, true},        {"/check", TARGET_CHECK, true},
    {"/scan", TARGET_CHECK, true},           {"/symbols", TARGET_CHECK, true},
    {"/learnspam", TARGET_LEARN_SPAM, true}, {"/learnham", TARGET_LEARN_HAM, true},
    {"/ping", TARGET_PING, false},           {"/stat", TARGET_STAT, false},
    {"/metrics", TARGET_METRICS, false},     {"/v1/judge", TARGET_JUDGE, true},
    {"/v1/text", TARGET_TEXT, true},
};

/* Replies */

static void
exchange_end(struct http_session *session)
{
    struct http_exchange *exchange = session->exchange;

    if (exchange == NULL) {
        return;
    }
    session->door.doors->counters.held_bytes -= exchange->held;
    session->exchange = NULL;
    struct arena arena = exchange->arena;
    arena_release(&arena);
}

static void
session_end(struct http_session *session)
{
    if (session->state == HTTP_ENDED) {
        return;
    }
    session->state = HTTP_ENDED;
    loop_task_cancel(&session->slow);
    exchange_end(session);
    stream_close(session->client);
    door_session_end(&session->door);
}

/* IMF-fixdate (RFC 9110 5.6.7): mail's date with GMT for its zone. */
static void
write_date(struct writer *w)
{
    struct writer date;

    writer_init(&date, w->arena);
    clock_write_mail(&date, clock_now_ms() / 1000, 0);
    writer_bytes(w, bytes_slice(writer_view(&date), 0, date.size - strlen("+0000")));
    writer_text(w, "GMT");
}

static void
reply(struct http_session *session, unsigned status, const char *type, struct bytes body)
{
    struct http_exchange *exchange = session->exchange;
    bool keep = status < 400 && exchange->request.keep_alive && !session->draining &&
                !session->client_ended;
    struct writer w;

    session->door.doors->counters.http_refused += status >= 400;
    writer_init(&w, &exchange->arena);
    writer_format(&w, "HTTP/1.1 %u %s\r\nServer: sekisho\r\nDate: ", status,
                  http_reason(status));
    write_date(&w);
    writer_format(&w,
                  "\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: %s\r\n\r\n",
                  type, body.size, keep ? "keep-alive" : "close");
    stream_send(session->client, writer_view(&w));
    if (!bytes_is_fold(exchange->request.method, "HEAD")) {
        stream_send(session->client, body);
    }
    exchange_end(session);
    if (keep) {
        session->state = HTTP_HEAD;
        stream_deadline(session->client, session->door.settings->command_ms);
    } else {
        session->state = HTTP_LEAVING;
        stream_finish(session->client, true);
    }
}

static void
reply_error(struct http_session *session, unsigned status, const char *words)
{
    struct writer w;
    struct json j;

    writer_init(&w, &session->exchange->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_key(&j, "error");
    json_text(&j, words);
    json_key(&j, "error_domain");
    json_text(&j, "sekisho");
    json_close(&j);
    reply(session, status, "application/json", writer_view(&w));
}

/* The walk */

static void
kept(void *context, enum sk_code code)
{
    struct http_session *session = context;

    SK_ASSERT(session->state == HTTP_WALKING);
    if (code != SK_OK) {
        reply_error(session, 503, "the verdict could not be recorded");
    } else {
        reply(session, 200, "application/json", session->exchange->json);
    }
    http_run(session);
}

/* What becomes of the message is the client's affair: the outcome is OUTCOME_NONE, but it is told, so that the record
 * is whole before the client hears the verdict. */
static void
examined(void *context, enum sk_code code, const struct answer *answer)
{
    struct http_session *session = context;
    struct http_exchange *exchange = session->exchange;
    const struct arrival_road *road = session->door.doors->road;

    SK_ASSERT(session->state == HTTP_WALKING);
    if (code != SK_OK) {
        reply_error(session, code == SK_LIMIT ? 413 : 503,
                    code == SK_LIMIT ? "the message needs more than may be spent on it"
                                     : "the message could not be recorded");
        http_run(session);
        return;
    }
    exchange->json = answer->json;
    struct outcome *outcomes =
        ARENA_NEW_MANY(&exchange->arena, exchange->arrival.recipient_count, struct outcome);
    road->outcome(road->road, &exchange->arena, &exchange->arrival, outcomes, kept,
                  session);
}

static void
learned(void *context, enum sk_code code, bool already)
{
    struct http_session *session = context;

    SK_ASSERT(session->state == HTTP_WALKING);
    if (code == SK_CONFIG) {
        reply_error(session, 403,
                    "not learned: name recipients (Rcpt) who have consented to content");
    } else if (code != SK_OK) {
        reply_error(session, code == SK_LIMIT || code == SK_BAD ? 400 : 503,
                    code == SK_LIMIT ? "not learned: the message is too large, or too many "
                                       "recipients have weights of their own"
                                     : "the message could not be learned");
    } else if (already) {
        reply_error(session, 208, "this message was learned as that already");
    } else {
        reply(session, 200, "application/json", BYTES("{\"success\":true}"));
    }
    http_run(session);
}

static void
check(struct http_session *session)
{
    struct http_exchange *exchange = session->exchange;
    struct arrival *a = &exchange->arrival;
    const struct arrival_road *road = session->door.doors->road;
    struct why why;

    *a = (struct arrival){.door = ARRIVAL_HTTP,
                          .settings = session->door.settings,
                          .esmtp = true,
                          .body = ARRIVAL_BODY_8BITMIME};
    if (http_scan_envelope(&exchange->arena, &exchange->request, a, &why) != SK_OK) {
        reply_error(session, 400, why.sentence);
        return;
    }
    a->wants_opinion = exchange->target == TARGET_JUDGE || exchange->target == TARGET_TEXT;
    if (a->wants_opinion && a->recipient_count > 1) {
        reply_error(session, 400,
                    "name one recipient: what may be read depends on what he allows");
        return;
    }
    if (a->recipient_count == 0) {
        a->recipients = ARENA_NEW(&exchange->arena, struct arrival_recipient);
        a->recipient_count = 1;
    }
    a->raw =
        exchange->target == TARGET_TEXT ? exchange->message : writer_view(&exchange->raw);
    a->time_ms = clock_now_ms();
    a->id = arrival_new_id(&exchange->arena, a->time_ms);
    session->state = HTTP_WALKING;
    stream_deadline(session->client, BUSY_MS);
    session->door.doors->counters.messages++;
    road->examine(road->road, &exchange->arena, a, examined, session);
}

/* A text that is no mail. */
static void
check_text(struct http_session *session)
{
    struct http_exchange *exchange = session->exchange;
    unsigned status;
    struct why why;

    if (http_text_message(&exchange->arena, &exchange->request, writer_view(&exchange->raw),
                          &exchange->message, &status, &why) != SK_OK) {
        reply_error(session, status, why.sentence);
        return;
    }
    check(session);
}

static void
learn(struct http_session *session)
{
    struct http_exchange *exchange = session->exchange;
    const struct arrival_road *road = session->door.doors->road;

    struct arrival *a = &exchange->arrival;
    struct why why;

    if (road->learn == NULL) {
        reply_error(session, 501, "nothing is learned here");
        return;
    }
    *a = (struct arrival){.door = ARRIVAL_HTTP, .settings = session->door.settings};
    if (http_scan_envelope(&exchange->arena, &exchange->request, a, &why) != SK_OK) {
        reply_error(session, 400, why.sentence);
        return;
    }
    a->raw = writer_view(&exchange->raw);
    session->state = HTTP_WALKING;
    stream_deadline(session->client, BUSY_MS);
    road->learn(road->road, &exchange->arena, a, exchange->target == TARGET_LEARN_SPAM,
                learned, session);
}

static void
reply_statistics(struct http_session *session)
{
    const struct arrival_road *road = session->door.doors->road;

    reply(session, 200, "application/json",
          road->statistics != NULL ? road->statistics(road->road, &session->exchange->arena)
                                   : BYTES("{}"));
}

static void
reply_metrics(struct http_session *session)
{
    const struct doors_counters *c = &session->door.doors->counters;
    struct writer w;

    writer_init(&w, &session->exchange->arena);
    writer_format(&w,
                  "# TYPE sekisho_connections counter\nsekisho_connections_total %llu\n",
                  (unsigned long long)c->connections);
    writer_format(&w, "# TYPE sekisho_messages counter\nsekisho_messages_total %llu\n",
                  (unsigned long long)c->messages);
    writer_format(&w, "# TYPE sekisho_sessions gauge\nsekisho_sessions %zu\n", c->sessions);
    writer_format(&w, "# TYPE sekisho_held_bytes gauge\nsekisho_held_bytes %zu\n# EOF\n",
                  c->held_bytes);
    reply(session, 200, "application/openmetrics-text; version=1.0.0; charset=utf-8",
          writer_view(&w));
}

/* The request */

static bool
password_is_right(struct http_session *session)
{
    const struct arrive_settings *settings = session->door.settings;
    struct bytes given = http_request_field(&session->exchange->request, "Password");
    uint8_t a[HASH_SHA256_SIZE], b[HASH_SHA256_SIZE];

    /* Hashes are compared: how long that takes tells nothing about the password. */
    hash_sha256(given, a);
    hash_sha256(settings->http_password, b);
    return settings->http_password.size == 0 || memcmp(a, b, sizeof a) == 0;
}

static void
on_slow(void *context)
{
    struct http_session *session = context;

    session->state = HTTP_BODY;
    reply_error(session, 401, "Unauthorized");
}

/* The body has come. */
static void
serve(struct http_session *session)
{
    switch (session->exchange->target) {
    case TARGET_CHECK:
    case TARGET_JUDGE:
        check(session);
        break;
    case TARGET_TEXT:
        check_text(session);
        break;
    case TARGET_LEARN_SPAM:
    case TARGET_LEARN_HAM:
        learn(session);
        break;
    case TARGET_PING:
        reply(session, 200, "text/plain", BYTES("pong\r\n"));
        break;
    case TARGET_STAT:
        reply_statistics(session);
        break;
    case TARGET_METRICS:
        reply_metrics(session);
        break;
    case TARGET_NONE:
        reply_error(session, 404, "Not found");
        break;
    }
}

/* The head has come: what is refused before the body is read? true when a reply was given. */
static bool
head_refused(struct http_session *session)
{
    struct http_exchange *exchange = session->exchange;
    const struct http_request *r = &exchange->request;
    size_t i = 0, count = sizeof targets / sizeof *targets;

    while (i < count && !bytes_is(r->path, targets[i].path)) {
        i++;
    }
    exchange->target = i < count ? targets[i].target : TARGET_NONE;
    bool post = bytes_is(r->method, "POST"),
         get = bytes_is(r->method, "GET") || bytes_is(r->method, "HEAD");
    struct bytes encoding = http_request_field(r, "Content-Encoding");
    struct bytes compression = http_request_field(r, "Compression");
    if (i == count) {
        reply_error(session, 404, "Not found");
    } else if (!post && (targets[i].post || !get)) {
        reply_error(session, 405, "this target takes POST");
    } else if ((encoding.size > 0 && !bytes_is_fold(encoding, "identity")) ||
               compression.size > 0) {
        reply_error(session, 415,
                    "compressed bodies are not supported: send the message as it is");
    } else if (r->has_length && r->length > LIMIT_MESSAGE) {
        reply_error(session, 413, "the message is too big");
    } else if (targets[i].post && !r->chunked && !r->has_length) {
        reply_error(session, 400, "Content-Length or chunks are wanted");
    } else if ((exchange->target == TARGET_LEARN_SPAM ||
                exchange->target == TARGET_LEARN_HAM) &&
               !password_is_right(session)) {
        session->state = HTTP_SLOWED;
        loop_task_after(&session->slow, PASSWORD_MS);
    } else {
        return false;
    }
    return true;
}

static bool
read_head(struct http_session *session)
{
    struct bytes input = stream_input(session->client);
    struct arena arena;
    size_t used;

    if (input.size == 0 || (session->draining && session->exchange == NULL)) {
        return false;
    }
    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    struct http_exchange *exchange = ARENA_NEW(&arena, struct http_exchange);
    exchange->arena = arena;
    session->exchange = exchange;
    enum sk_code code =
        http_request_read(&exchange->arena, input, &exchange->request, &used);
    if (code == SK_MORE) {
        exchange_end(session);
        return false;
    }
    session->door.doors->counters.http_requests++;
    if (code != SK_OK) {
        unsigned status = exchange->request.status;
        exchange->request = (struct http_request){0};
        reply_error(session, status, http_reason(status));
        return false;
    }
    /* The head is copied, because the buffer goes and the arrival keeps views of it; reading it again is quicker than
     * moving every view. */
    struct bytes head = bytes_copy(&exchange->arena, bytes_slice(input, 0, used));
    code = http_request_read(&exchange->arena, head, &exchange->request, &used);
    SK_ASSERT(code == SK_OK);
    stream_consume(session->client, used);
    if (head_refused(session)) {
        return false;
    }
    const struct http_request *r = &exchange->request;
    http_body_init(&exchange->body, r);
    writer_init(&exchange->raw, &exchange->arena);
    if (r->expects_continue && stream_input(session->client).size == 0) {
        stream_send(session->client, BYTES("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    size_t ahead = !r->has_length           ? BODY_FIRST
                   : r->length < BODY_AHEAD ? (size_t)r->length
                                            : BODY_AHEAD;
    (void)writer_reserve(&exchange->raw, ahead + 1);
    session->state = HTTP_BODY;
    stream_deadline(session->client, session->door.settings->data_ms);
    return true;
}

static bool
read_body(struct http_session *session)
{
    struct http_exchange *exchange = session->exchange;
    struct doors_counters *counters = &session->door.doors->counters;
    struct bytes input = stream_input(session->client), piece;
    size_t at = 0, used;
    enum sk_code code;

    do {
        code = http_body_read(&exchange->body, bytes_from(input, at), LIMIT_MESSAGE, &used,
                              &piece);
        at += used;
        if (counters->held_bytes - exchange->held + exchange->arena.used + piece.size >
            room_for_messages(&session->door.doors->room)) {
            reply_error(session, 503, "too much mail in hand, come again later");
            return false;
        }
        writer_bytes(&exchange->raw, piece);
    } while (code == SK_MORE && at < input.size);
    counters->held_bytes += exchange->arena.used - exchange->held;
    exchange->held = exchange->arena.used;
    stream_consume(session->client, at);
    if (code == SK_OK) {
        serve(session);
        return session->state == HTTP_HEAD;
    }
    if (code != SK_MORE) {
        reply_error(session, code == SK_LIMIT ? 413 : 400,
                    code == SK_LIMIT ? "the message is too big" : "broken chunk");
    }
    return false;
}

static void
http_run(struct http_session *session)
{
    if (session->running || session->state == HTTP_ENDED) {
        return;
    }
    session->running = true;
    for (bool more = true; more;) {
        more = session->state == HTTP_HEAD
                   ? read_head(session)
                   : session->state == HTTP_BODY && read_body(session);
    }
    session->running = false;
    if (session->state == HTTP_HEAD && (session->client_ended || session->draining)) {
        session_end(session);
    } else if (session->state == HTTP_BODY && session->client_ended) {
        session->door.doors->counters.client_vanished++;
        session_end(session);
    }
}

static void
on_opened(void *context)
{
}

static void
on_input(void *context)
{
    struct http_session *session = context;

    if (session->state == HTTP_BODY) {
        stream_deadline(session->client, session->door.settings->data_ms);
    }
    http_run(session);
}

static void
on_closed(void *context, enum stream_end end)
{
    struct http_session *session = context;

    session->client_ended = true;
    if (session->state == HTTP_WALKING) {
        return; /* the walk is brought to its end and recorded */
    }
    if (end == STREAM_END_PEER && session->state != HTTP_LEAVING) {
        http_run(session);
        return;
    }
    session_end(session);
}

static const struct stream_callbacks callbacks = {on_opened, on_input, NULL, on_closed};

void
http_scan_open(struct doors *doors, int fd, const struct net_address *peer)
{
    struct http_session *session =
        (void *)door_session_new(doors, DOORS_HTTP, sizeof *session, peer);

    session->state = HTTP_HEAD;
    session->client =
        stream_open(&session->door.arena, doors->base, fd, &callbacks, session);
    loop_task_init(&session->slow, doors->base, on_slow, session);
    stream_deadline(session->client, session->door.settings->command_ms);
}

void
http_scan_drain(struct door_session *door)
{
    struct http_session *session = (void *)door;

    session->draining = true;
    http_run(session);
}

void
http_scan_close(struct door_session *door)
{
    session_end((void *)door);
}
