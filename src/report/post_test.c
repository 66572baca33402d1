#include "report/post.h"

#include "report/tester_private.h"

static size_t told;
static unsigned status;
static struct bytes body;

static void
on_done(void *context, unsigned status_is, struct bytes body_is, const char *words)
{
    told++;
    status = status_is;
    body = bytes_copy(&arena, body_is);
}

/* What becomes of an answer that comes in pieces of so many bytes and then ends. */
static void
answered(const char *answer, size_t piece)
{
    struct bytes rest = bytes_from_text(answer);
    uint16_t port;
    char url[64];
    int fd = tester_listen(&port), there = -1;
    static uint8_t request[4096];

    told = 0;
    snprintf(url, sizeof url, "http://127.0.0.1:%u/w", port);
    struct post *post = post_start(&arena, tester_base, NULL, NULL, bytes_from_text(url),
                                   "/add", BYTES("hello"), on_done, NULL);
    for (int i = 0; i < 1000 && there < 0; i++) {
        tester_turn();
        there = accept(fd, NULL, NULL);
    }
    tester_turns(3);
    SK_ASSERT(there >= 0 && recv(there, request, sizeof request, 0) > 0);
    SK_ASSERT(memcmp(request, "POST /w/add HTTP/1.1\r\n", 22) == 0);
    for (; rest.size > 0; rest = bytes_from(rest, piece)) {
        (void)!send(there, rest.at, rest.size < piece ? rest.size : piece, MSG_NOSIGNAL);
        tester_turn();
    }
    close(there);
    close(fd);
    for (int i = 0; i < 1000 && told == 0; i++) {
        tester_turn();
    }
    tester_turns(2);
    post_close(post);
}

int
main(void)
{
    static const struct {
        const char *answer;
        unsigned status;
        const char *body;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwords", 200, "words"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwords and more", 200, "words"},
        {"HTTP/1.1 409 Conflict\r\n\r\n17\n", 409, "17\n"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nwor\r\n2\r\nds\r\n0\r\n"
         "\r\n",
         200, "words"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nwor\r\n", 0, ""},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 0, ""},
        {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nwords", 0, ""},
        {"HTTP/1.1 200 OK\r\nContent-Length: 262145\r\n\r\nwords", 0, ""},
        {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nwords", 0, ""},
        {"HTTP/1.1 100 Continue\r\n\r\n", 0, ""},
        {"HTTP/1.1 200 OK\r\nX: y\r\n", 0, ""},
        {"SSH-2.0-x\r\n\r\n", 0, ""},
        {"x", 0, ""},
    };
    struct why why;

    arena_init(&arena, (size_t)64 << 20);
    tester_base = loop_open(&why);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t piece = 1; piece < 100000; piece *= 99) {
            answered(rows[i].answer, piece);
            tap_ok(told == 1 && status == rows[i].status && bytes_is(body, rows[i].body),
                   "answer %zu in pieces of %zu: %u", i, piece, status);
        }
    }
    event_base_free(tester_base);
    arena_release(&arena);
    return tap_done();
}
