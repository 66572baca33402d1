#include "report/tester_private.h"
#include "report/web.h"

static struct web *web;
static uint16_t port;
static size_t call_count, body_size, ended_count;
static uint64_t last_number;

static void
on_call(void *context, struct web_call *call)
{
    call_count++;
    body_size = call->body.size;
    last_number = call->number;
    if (bytes_is(call->head.path, "/later")) {
        return;
    }
    if (bytes_is(call->head.path, "/stream")) {
        web_stream_begin(call, "text/event-stream");
        return;
    }
    web_reply(call, 200, "text/plain", BYTES("the answer"));
}

static void
on_stream_ended(void *context, uint64_t number)
{
    ended_count++;
}

static const struct web_calls calls = {on_call, on_stream_ended};

/* Whether what is sent is answered so, and whether the connection is closed then. */
static bool
answers(struct bytes request, const char *status, bool closes)
{
    int fd = tester_connect(port);
    bool ended;

    (void)tester_say(fd, request);
    struct bytes got = tester_hear(fd, closes ? NULL : "the answer", 3000, &ended);
    bool good = bytes_starts(got, bytes_from_text(status)) && ended == closes;
    if (!good) {
        printf("# %.*s (ended %d)\n", BYTES_ARGUMENTS(bytes_slice(got, 0, 60)), ended);
    }
    close(fd);
    tester_turns(3);
    return good;
}

/* A request whose head has `head` bytes and whose body of `body` bytes comes in chunks of `chunk`, or (0) with its length. */
static struct bytes
request_of(size_t head, size_t body, size_t chunk)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, "POST /x HTTP/1.1\r\nHost: x\r\n");
    if (chunk > 0) {
        writer_text(&w, "Transfer-Encoding: chunked\r\n");
    } else {
        writer_format(&w, "Content-Length: %zu\r\n", body);
    }
    if (head > 0) {
        writer_text(&w, "X: ");
        while (w.size < head - 4) {
            writer_byte(&w, 'x');
        }
        writer_text(&w, "\r\n");
    }
    writer_text(&w, "\r\n");
    for (size_t at = 0; at < body;) {
        size_t next = chunk == 0 || chunk > body - at ? body - at : chunk;
        if (chunk > 0) {
            writer_format(&w, "%zx\r\n", next);
        }
        memset(writer_reserve(&w, next), 'b', next);
        writer_did(&w, next);
        writer_text(&w, chunk > 0 ? "\r\n" : "");
        at += next;
    }
    writer_text(&w, chunk > 0 ? "0\r\n\r\n" : "");
    return writer_view(&w);
}

static void
test_sizes(void)
{
    tap_ok(answers(request_of(0, 0, 0), "HTTP/1.1 200", false), "a request is answered");
    tap_ok(answers(request_of(LIMIT_HTTP_HEAD, 0, 0), "HTTP/1.1 200", false),
           "a head of LIMIT_HTTP_HEAD bytes");
    tap_ok(answers(request_of(LIMIT_HTTP_HEAD + 1, 0, 0), "HTTP/1.1 431", true),
           "one byte more: 431 and close");
    tap_ok(answers(request_of(0, LIMIT_CLERK_BODY, 0), "HTTP/1.1 200", false) &&
               body_size == LIMIT_CLERK_BODY,
           "a body of LIMIT_CLERK_BODY bytes");
    tap_ok(
        answers(request_of(LIMIT_HTTP_HEAD, LIMIT_CLERK_BODY, 0), "HTTP/1.1 200", false) &&
            body_size == LIMIT_CLERK_BODY,
        "behind the largest head too");
    size_t before = call_count;
    tap_ok(answers(request_of(0, LIMIT_CLERK_BODY + 1, 0), "HTTP/1.1 413", true),
           "one byte more: 413 and close");
    tap_ok(answers(BYTES("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n"
                         "Expect: 100-continue\r\n\r\n"),
                   "HTTP/1.1 413", true),
           "before it has come");
    tap_ok(answers(request_of(0, LIMIT_CLERK_BODY, 4096), "HTTP/1.1 200", false) &&
               body_size == LIMIT_CLERK_BODY,
           "the same in chunks");
    tap_ok(answers(request_of(0, LIMIT_CLERK_BODY + 1, 4096), "HTTP/1.1 413", true),
           "and one byte more");
    tap_ok(answers(request_of(0, 60000, 1), "HTTP/1.1 413", true),
           "chunks so small that their framing does not fit: 413 at once, too");
    tap_ok(call_count == before + 1, "no handler saw what was too large");
    tap_ok(answers(BYTES("nonsense\r\n\r\n"), "HTTP/1.1 400", true), "no HTTP: 400");
    tap_ok(answers(BYTES("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                         "chunked\r\n\r\nxyz\r\n"),
                   "HTTP/1.1 400", true),
           "broken chunks: 400");
}

static void
test_answers(void)
{
    int fd = tester_connect(port);
    bool ended;
    size_t before = call_count;

    struct bytes two = BYTES("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: "
                             "x\r\nConnection: close\r\n\r\nGET /3 HTTP/1.1\r\nHost: "
                             "x\r\n\r\n");
    (void)tester_say(fd, two);
    struct bytes got = tester_hear(fd, NULL, TESTER_WAIT_MS, &ended);
    tap_ok(ended && tester_count(got, "HTTP/1.1 200") == 2 && call_count == before + 2,
           "requests in a row are answered in a row, none after Connection: close");
    tap_ok(tester_count(got, "Content-Security-Policy: default-src 'none'") == 2 &&
               tester_count(got, "X-Content-Type-Options: nosniff") == 2 &&
               tester_count(got, "Cache-Control: no-store") == 2,
           "each with what keeps a browser from more");
    close(fd);
    fd = tester_connect(port);
    (void)tester_say(fd, BYTES("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    got = tester_hear(fd, NULL, TESTER_WAIT_MS, &ended);
    tap_ok(tester_has(got, "Content-Length: 10\r\n") && !tester_has(got, "the answer"),
           "HEAD gets no body");
    close(fd);
    fd = tester_connect(port);
    (void)tester_say(fd, BYTES("GET /later HTTP/1.1\r\nHost: x\r\n\r\n"));
    tester_turns(5);
    struct web_call *call = web_call(web, last_number);
    tap_ok(call != NULL && web_call(web, last_number + 1) == NULL, "a call waits");
    web_reply(call, 200, "text/plain", BYTES("the answer"));
    got = tester_hear(fd, "the answer", TESTER_WAIT_MS, &ended);
    tap_ok(bytes_starts(got, BYTES("HTTP/1.1 200")) && web_call(web, last_number) == NULL,
           "is answered later, once");
    (void)tester_say(fd, BYTES("GET /later HTTP/1.1\r\nHost: x\r\n\r\n"));
    tester_turns(5);
    struct linger hard = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
    tester_turns(10);
    tap_ok(web_call(web, last_number) == NULL, "a client that is gone has no call");
}

static void
test_stream(void)
{
    int fd = tester_connect(port);
    uint8_t *much = arena_take(&arena, LIMIT_CLERK_QUEUE + 1);
    bool ended;

    (void)tester_say(fd, BYTES("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"));
    (void)tester_hear(fd, "\r\n\r\n", TESTER_WAIT_MS, &ended);
    uint64_t number = last_number;
    tap_ok(web_stream_send(web, number, bytes_of(much, LIMIT_CLERK_QUEUE)),
           "LIMIT_CLERK_QUEUE bytes may wait for a reader");
    tap_ok(ended_count == 0 && !web_stream_send(web, number, BYTES("x")) &&
               ended_count == 1,
           "one more: it is cut off");
    tap_ok(!web_stream_send(web, number, BYTES("x")) && ended_count == 1,
           "once and for good");
    close(fd);
    tester_turns(5);
    fd = tester_connect(port);
    (void)tester_say(fd, BYTES("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"));
    (void)tester_hear(fd, "\r\n\r\n", TESTER_WAIT_MS, &ended);
    bool well = true;
    size_t got = 0;
    for (int i = 0; i < 8; i++) {
        well = well && web_stream_send(web, last_number, bytes_of(much, LIMIT_CLERK_QUEUE));
        int64_t end = clock_monotonic_ms() + TESTER_WAIT_MS;
        while (got < (size_t)(i + 1) * LIMIT_CLERK_QUEUE && clock_monotonic_ms() < end) {
            static uint8_t piece[65536];
            tester_turn();
            ssize_t more = recv(fd, piece, sizeof piece, 0);
            got += more > 0 ? (size_t)more : 0;
        }
    }
    tap_ok(well && got == (size_t)8 * LIMIT_CLERK_QUEUE,
           "a reader who reads may have any number of them");
    close(fd);
    tester_turns(5);
    tap_ok(ended_count == 2, "a reader who goes ends his stream");
}

static void
test_connections(void)
{
    static int fds[LIMIT_CLERK_CONNECTIONS + 1];
    bool ended, good = true;
    char byte;

    for (size_t i = 0; i < LIMIT_CLERK_CONNECTIONS; i++) {
        fds[i] = tester_connect(port);
        tester_turn();
    }
    tester_turns(20);
    tap_ok(web_connection_count(web) == LIMIT_CLERK_CONNECTIONS,
           "LIMIT_CLERK_CONNECTIONS connections");
    tap_ok(recv(fds[0], &byte, 1, 0) < 0 && errno == EAGAIN, "none of them is closed");
    fds[LIMIT_CLERK_CONNECTIONS] = tester_connect(port);
    (void)tester_say(fds[LIMIT_CLERK_CONNECTIONS],
                     BYTES("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    struct bytes got =
        tester_hear(fds[LIMIT_CLERK_CONNECTIONS], "the answer", TESTER_WAIT_MS, &ended);
    tap_ok(tester_has(got, "the answer"), "one more is served");
    tap_ok(recv(fds[0], &byte, 1, 0) == 0 && recv(fds[1], &byte, 1, 0) < 0 &&
               web_connection_count(web) == LIMIT_CLERK_CONNECTIONS,
           "for the oldest that has sent nothing whole");
    close(fds[0]);
    for (size_t i = 1; i <= LIMIT_CLERK_CONNECTIONS; i++) {
        good = tester_say(fds[i], BYTES("GET /later HTTP/1.1\r\nHost: x\r\n\r\n")) && good;
    }
    tester_turns(20);
    fds[0] = tester_connect(port);
    (void)tester_say(fds[0], BYTES("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    got = tester_hear(fds[0], NULL, TESTER_WAIT_MS, &ended);
    tap_ok(good && ended && got.size == 0 &&
               web_connection_count(web) == LIMIT_CLERK_CONNECTIONS,
           "where all wait for an answer, the new one is closed");
    for (uint64_t i = 1; i <= last_number; i++) {
        struct web_call *call = web_call(web, i);
        if (call != NULL) {
            web_reply(call, 503, "text/plain", BYTES_NONE);
        }
    }
    for (size_t i = 0; i <= LIMIT_CLERK_CONNECTIONS; i++) {
        close(fds[i]);
    }
    tester_turns(20);
}

/* Ten seconds, all at once. */
static void
test_patience(void)
{
    struct bytes dribble = request_of(0, 1000, 0);
    int silent = tester_connect(port), half = tester_connect(port),
        slow = tester_connect(port);
    int64_t began = clock_monotonic_ms();
    bool ended[3] = {false};
    int fds[] = {silent, half, slow};
    int64_t ends[3] = {0};
    size_t at = 0, before = call_count;

    (void)tester_say(half, BYTES("GET / HTTP/1.1\r\nHost:"));
    while (clock_monotonic_ms() - began < 14000 && !(ended[0] && ended[1] && ended[2])) {
        char byte;
        tester_turns(10);
        if (!ended[2] && at < dribble.size - 1) {
            (void)!send(slow, dribble.at + at++, 1, MSG_NOSIGNAL);
        }
        for (int i = 0; i < 3; i++) {
            ssize_t got = ended[i] ? -1 : recv(fds[i], &byte, 1, 0);
            if (!ended[i] && (got == 0 || (got < 0 && errno != EAGAIN))) {
                ended[i] = true;
                ends[i] = clock_monotonic_ms() - began;
            }
        }
    }
    static const char *const who[] = {"a client that says nothing",
                                      "one that says half a head",
                                      "one that says a byte now and then"};
    for (int i = 0; i < 3; i++) {
        tap_ok(ended[i] && ends[i] >= 9500 && ends[i] < 13000,
               "%s is closed after its ten seconds", who[i]);
        close(fds[i]);
    }
    tap_ok(call_count == before, "and nobody answered");
}

int
main(void)
{
    struct why why;

    arena_init(&arena, (size_t)512 << 20);
    tester_base = loop_open(&why);
    int fd = tester_listen(&port);
    web = web_open(&arena, tester_base, fd, NULL, &calls, NULL);
    test_sizes();
    test_answers();
    test_stream();
    test_connections();
    test_patience();
    web_close(web);
    close(fd);
    event_base_free(tester_base);
    arena_release(&arena);
    return tap_done();
}
