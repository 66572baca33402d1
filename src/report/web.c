#include "report/web.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "net/listen.h"
#include "net/stream.h"

#define WEB_PATIENCE_MS 10000 /* from a request's first byte to its last */
#define WEB_IDLE_MS     30000 /* between two requests */
#define WEB_ANSWER_MS                                                                      \
    60000 /* from a request to its answer, and for the client to take it */
#define WEB_STREAM_MS    60000 /* a stream that takes nothing for so long is ended */
#define CONNECTION_ARENA ((size_t)8 << 20)
#define CALL_ARENA       ((size_t)96 << 20)

enum web_state {
    WEB_READING,   /* a request comes in, or is waited for */
    WEB_ANSWERING, /* the handler has it */
    WEB_STREAMING, /* an answer without end goes out */
    WEB_LEAVING,   /* the last bytes go out */
    WEB_ENDED,     /* waits for the reaper */
};

struct web_connection {
    struct web_connection *next, **before;
    struct web *web;
    struct arena arena; /* it lies in it */
    struct stream *stream;
    struct net_address client;
    enum web_state state;
    struct web_call *call;
    int64_t since_ms; /* when it began to wait for a request */
    bool begun;       /* a first byte of the request has come */
    bool client_ended, running;
};

struct web {
    struct arena *arena;
    struct event_base *base;
    const struct tls_context *tls;
    const struct web_calls *calls;
    void *context;
    struct listener listener;
    struct web_connection *connections, *dead;
    size_t count;
    uint64_t last_number;
    struct loop_task reaper;
};

static void web_run(struct web_connection *c);

/* Connections */

static void
call_end(struct web_connection *c)
{
    struct web_call *call = c->call;

    if (call != NULL) {
        struct arena *arena = call->arena;
        c->call = NULL;
        struct arena ours = *arena;
        arena_release(&ours);
    }
}

static void
reap(void *context)
{
    struct web *web = context;

    while (web->dead != NULL) {
        struct web_connection *c = web->dead;
        web->dead = c->next;
        struct arena arena = c->arena;
        arena_release(&arena);
    }
}

static void
connection_end(struct web_connection *c)
{
    struct web *web = c->web;

    if (c->state == WEB_ENDED) {
        return;
    }
    bool streamed = c->state == WEB_STREAMING;
    uint64_t number = c->call != NULL ? c->call->number : 0;
    c->state = WEB_ENDED;
    call_end(c);
    stream_close(c->stream);
    *c->before = c->next;
    if (c->next != NULL) {
        c->next->before = c->before;
    }
    web->count--;
    c->next = web->dead;
    web->dead = c;
    loop_task_soon(&web->reaper);
    if (streamed) {
        web->calls->stream_ended(web->context, number);
    }
}

/* Answers */

/* What keeps a browser from doing more with an answer than show it: nothing runs, loads or frames but our own files; nothing
 * is remembered, guessed at, or told to others. */
static const char guards[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'\r\n"
    "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\nCross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Cross-Origin-Embedder-Policy: require-corp\r\n"
    "Permissions-Policy: camera=(), microphone=(), geolocation=(), payment=(), usb=()\r\n";

static void
write_head(struct writer *w, const struct web_call *call, unsigned status, const char *type)
{
    struct writer date;

    writer_init(&date, call->arena);
    clock_write_mail(&date, clock_now_ms() / 1000, 0);
    writer_format(w, "HTTP/1.1 %u %s\r\nServer: sekisho\r\nDate: ", status,
                  http_reason(status));
    writer_bytes(w, bytes_slice(writer_view(&date), 0, date.size - strlen("+0000")));
    writer_format(w, "GMT\r\nContent-Type: %s\r\n", type);
    writer_text(w, guards);
    if (call->tls) {
        writer_text(w, "Strict-Transport-Security: max-age=31536000\r\n");
    }
    if (bytes_find_fold(call->cookie, BYTES("Cache-Control:"), 0) == BYTES_NOWHERE) {
        writer_text(w, "Cache-Control: no-store\r\n");
    }
    writer_bytes(w, call->cookie);
}

static void
reply(struct web_call *call, unsigned status, const char *type, struct bytes body,
      bool lasting)
{
    struct web_connection *c = call->connection;
    bool keep = status != 400 && status != 408 && status != 413 && status != 431 &&
                status != 501 && status != 503 && status != 505 && call->head.keep_alive &&
                !c->client_ended;
    struct writer w;

    SK_ASSERT(c->state == WEB_ANSWERING);
    writer_init(&w, call->arena);
    write_head(&w, call, status, type);
    if (status != 304) {
        writer_format(&w, "Content-Length: %zu\r\n", body.size);
    }
    writer_format(&w, "Connection: %s\r\n\r\n", keep ? "keep-alive" : "close");
    stream_send(c->stream, writer_view(&w));
    if (status != 304 && !bytes_is(call->head.method, "HEAD")) {
        if (lasting) {
            stream_send_view(c->stream, body);
        } else {
            stream_send(c->stream, body);
        }
    }
    call_end(c);
    if (keep) {
        c->state = WEB_READING;
        c->since_ms = clock_monotonic_ms();
        c->begun = false;
        stream_deadline(c->stream, WEB_IDLE_MS);
        web_run(c);
    } else {
        c->state = WEB_LEAVING;
        stream_finish(c->stream, true);
    }
}

void
web_reply(struct web_call *call, unsigned status, const char *type, struct bytes body)
{
    reply(call, status, type, body, false);
}

void
web_reply_lasting(struct web_call *call, unsigned status, const char *type,
                  struct bytes body)
{
    reply(call, status, type, body, true);
}

void
web_reply_error(struct web_call *call, unsigned status, const char *word, const char *ja,
                const char *en)
{
    struct writer w;
    struct json j;

    writer_init(&w, call->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "error", word);
    json_put_text(&j, "ja", ja);
    json_put_text(&j, "en", en);
    json_close(&j);
    web_reply(call, status, "application/json", writer_view(&w));
}

void
web_stream_begin(struct web_call *call, const char *type)
{
    struct web_connection *c = call->connection;
    struct writer w;

    SK_ASSERT(c->state == WEB_ANSWERING);
    writer_init(&w, call->arena);
    write_head(&w, call, 200, type);
    writer_text(&w, "Connection: close\r\nX-Accel-Buffering: no\r\n\r\n");
    stream_send(c->stream, writer_view(&w));
    c->state = WEB_STREAMING;
    stream_deadline(c->stream, WEB_STREAM_MS);
}

static struct web_connection *
connection_of(struct web *web, uint64_t number)
{
    struct web_connection *c = web->connections;

    while (c != NULL && (c->call == NULL || c->call->number != number)) {
        c = c->next;
    }
    return c;
}

bool
web_stream_send(struct web *web, uint64_t number, struct bytes bytes)
{
    struct web_connection *c = connection_of(web, number);

    if (c == NULL || c->state != WEB_STREAMING) {
        return false;
    }
    size_t unsent = stream_unsent(c->stream);
    if (unsent + bytes.size > LIMIT_CLERK_QUEUE) {
        connection_end(c);
        return false;
    }
    if (unsent == 0) {
        stream_deadline(c->stream, WEB_STREAM_MS);
    }
    stream_send(c->stream, bytes);
    return true;
}

void
web_stream_end(struct web *web, uint64_t number)
{
    struct web_connection *c = connection_of(web, number);

    if (c != NULL && c->state == WEB_STREAMING) {
        connection_end(c);
    }
}

struct web_call *
web_call(struct web *web, uint64_t number)
{
    struct web_connection *c = connection_of(web, number);

    return c != NULL && c->state == WEB_ANSWERING ? c->call : NULL;
}

/* Requests */

static struct web_call *
call_begin(struct web_connection *c, struct arena *arena)
{
    struct web_call *call = ARENA_NEW(arena, struct web_call);

    /* The arena lies in itself: it is moved out before it is released (call_end). */
    call->arena = ARENA_NEW(arena, struct arena);
    *call->arena = *arena;
    call->number = ++c->web->last_number;
    call->client = c->client;
    call->connection = c;
    call->tls = stream_is_tls(c->stream);
    c->call = call;
    c->state = WEB_ANSWERING;
    stream_deadline(c->stream, WEB_ANSWER_MS);
    return call;
}

static void
refuse(struct web_connection *c, unsigned status)
{
    struct arena arena;

    arena_init(&arena, CALL_ARENA);
    struct web_call *call = call_begin(c, &arena);
    call->head.keep_alive = false;
    web_reply(call, status, "text/plain; charset=utf-8",
              bytes_from_text(http_reason(status)));
}

/* Whether the whole request has come; then the handler gets it. The head is read anew with each piece that comes: it is
 * small, and must come within its time. */
static bool
read_request(struct web_connection *c)
{
    struct bytes input = stream_input(c->stream), piece;
    struct http_request head;
    struct http_body body;
    struct arena arena;
    size_t used, at;

    if (input.size == 0) {
        return false;
    }
    if (!c->begun) {
        c->begun = true;
        stream_deadline(c->stream, WEB_PATIENCE_MS);
    }
    arena_init(&arena, CALL_ARENA);
    enum sk_code code = http_request_read(&arena, input, &head, &used);
    if (code != SK_OK) {
        unsigned status = head.status;
        arena_release(&arena);
        if (code != SK_MORE) {
            refuse(c, status);
        }
        return false;
    }
    struct writer w;
    writer_init(&w, &arena);
    http_body_init(&body, &head);
    code = head.has_length && head.length > LIMIT_CLERK_BODY ? SK_LIMIT : SK_MORE;
    for (at = used; code == SK_MORE;) {
        code =
            http_body_read(&body, bytes_from(input, at), LIMIT_CLERK_BODY, &used, &piece);
        at += used;
        writer_bytes(&w, piece);
        if (code == SK_MORE && at == input.size && input.size >= STREAM_INPUT_MAX) {
            code =
                SK_LIMIT; /* tiny chunks: nothing more is read, the rest would never come */
        } else if (code == SK_MORE && at == input.size) {
            bool continues = head.expects_continue && input.size == at && w.size == 0;
            arena_release(&arena);
            if (continues) {
                stream_send(c->stream, BYTES("HTTP/1.1 100 Continue\r\n\r\n"));
            }
            return false;
        }
    }
    if (code != SK_OK) {
        arena_release(&arena);
        refuse(c, code == SK_LIMIT ? 413 : 400);
        return false;
    }
    /* The head is copied and read again, because the buffer goes. */
    struct bytes copy = bytes_copy(&arena, bytes_slice(input, 0, at));
    code = http_request_read(&arena, copy, &head, &used);
    SK_ASSERT(code == SK_OK);
    stream_consume(c->stream, at);
    struct web_call *call = call_begin(c, &arena);
    call->head = head;
    call->body = writer_view(&w);
    c->web->calls->call(c->web->context, call);
    return c->state == WEB_READING;
}

static void
web_run(struct web_connection *c)
{
    if (c->running || c->state == WEB_ENDED) {
        return;
    }
    c->running = true;
    while (c->state == WEB_READING && read_request(c)) {
    }
    c->running = false;
    if (c->state == WEB_READING && c->client_ended) {
        connection_end(c);
    }
}

static void
on_opened(void *context)
{
    struct web_connection *c = context;

    c->since_ms = clock_monotonic_ms();
    stream_deadline(c->stream, WEB_PATIENCE_MS);
}

static void
on_input(void *context)
{
    web_run(context);
}

static void
on_closed(void *context, enum stream_end end)
{
    struct web_connection *c = context;

    c->client_ended = true;
    if (end == STREAM_END_PEER && c->state == WEB_ANSWERING) {
        return; /* it may have closed its side only; the answer is sent */
    }
    if (end == STREAM_END_PEER && c->state == WEB_READING) {
        web_run(c);
        return;
    }
    connection_end(c);
}

static const struct stream_callbacks callbacks = {on_opened, on_input, NULL, on_closed};

/* Makes room for a newcomer: the one that has waited longest for its request to be whole. */
static bool
make_room(struct web *web)
{
    struct web_connection *oldest = NULL;

    for (struct web_connection *c = web->connections; c != NULL; c = c->next) {
        if (c->state == WEB_READING && !c->running &&
            (oldest == NULL || c->since_ms <= oldest->since_ms)) {
            oldest = c;
        }
    }
    if (oldest != NULL) {
        connection_end(oldest);
    }
    return oldest != NULL;
}

static void
on_accepted(void *context, int fd, const struct net_address *client)
{
    struct web *web = context;
    struct arena arena;

    if (web->count >= LIMIT_CLERK_CONNECTIONS && !make_room(web)) {
        close(fd);
        return;
    }
    arena_init(&arena, CONNECTION_ARENA);
    struct web_connection *c = ARENA_NEW(&arena, struct web_connection);
    c->web = web;
    c->client = *client;
    c->since_ms = clock_monotonic_ms();
    c->next = web->connections;
    c->before = &web->connections;
    if (c->next != NULL) {
        c->next->before = &c->next;
    }
    web->connections = c;
    web->count++;
    c->arena = arena;
    c->stream = stream_open(&c->arena, web->base, fd, &callbacks, c);
    stream_deadline(c->stream, WEB_PATIENCE_MS);
    if (web->tls != NULL) {
        stream_start_tls(c->stream, web->tls, BYTES_NONE);
    }
}

struct web *
web_open(struct arena *arena, struct event_base *base, int socket,
         const struct tls_context *tls, const struct web_calls *calls, void *context)
{
    struct web *web = ARENA_NEW(arena, struct web);

    *web = (struct web){
        .arena = arena, .base = base, .tls = tls, .calls = calls, .context = context};
    loop_task_init(&web->reaper, base, reap, web);
    listener_open(&web->listener, base, socket, on_accepted, web);
    return web;
}

void
web_tls(struct web *web, const struct tls_context *tls)
{
    web->tls = tls;
}

void
web_close(struct web *web)
{
    listener_close(&web->listener);
    while (web->connections != NULL) {
        connection_end(web->connections);
    }
    loop_task_cancel(&web->reaper);
    reap(web);
}

size_t
web_connection_count(const struct web *web)
{
    return web->count;
}

/* What a request says */

struct bytes
web_field(const struct web_call *call, const char *name)
{
    return http_request_field(&call->head, name);
}

/* Undoes %XX, and '+' for a blank as forms write it. */
static bool
decode(struct arena *arena, struct bytes text, struct bytes *value_r)
{
    struct writer w;

    writer_init(&w, arena);
    for (size_t i = 0; i < text.size; i++) {
        writer_byte(&w, text.at[i] == '+' ? ' ' : text.at[i]);
    }
    return http_decode_percent(arena, writer_view(&w), value_r);
}

bool
web_query(const struct web_call *call, const char *name, struct bytes *value_r)
{
    struct bytes rest = call->head.query, piece;

    while (bytes_split(&rest, '&', &piece)) {
        size_t equals = bytes_find_byte(piece, '=', 0);
        if (equals != BYTES_NOWHERE && bytes_is(bytes_slice(piece, 0, equals), name)) {
            return decode(call->arena, bytes_from(piece, equals + 1), value_r);
        }
    }
    return false;
}

bool
web_cookie(const struct web_call *call, const char *name, struct bytes *value_r)
{
    struct bytes rest = web_field(call, "Cookie"), piece;

    while (bytes_split(&rest, ';', &piece)) {
        piece = bytes_trim(piece);
        size_t equals = bytes_find_byte(piece, '=', 0);
        if (equals != BYTES_NOWHERE && bytes_is(bytes_slice(piece, 0, equals), name)) {
            *value_r = bytes_from(piece, equals + 1);
            return true;
        }
    }
    return false;
}
