/* The HTTP client against servers on loopback that say what they like. How answers are read is tested apart
 * (post_answer_test.c), certificates end to end (tests/e2e/https.py). */
#include "report/post.h"

#include <event2/dns.h>

#include "report/tester_private.h"

static size_t told;
static unsigned status;
static struct bytes body;
static char words[200];
static struct post **closed_at_once; /* what on_done closes */
static struct post_place place;

static void
on_done(void *context, unsigned status_is, struct bytes body_is, const char *words_are)
{
    (void)context;
    told++;
    status = status_is;
    body = bytes_copy(&arena, body_is);
    snprintf(words, sizeof words, "%s", words_are);
    if (closed_at_once != NULL) {
        post_close(*closed_at_once);
    }
}

static struct post *
start(struct arena *at, const char *host, uint16_t port, bool status_only, post_done *done,
      void *context)
{
    struct post_call call = {.status_only = status_only};
    char url[200];

    snprintf(url, sizeof url, "http://%s:%u/w/", host, port);
    SK_ASSERT(alarm_url_read(bytes_copy(at, bytes_from_text(url)), &call.target));
    call.request = post_request(at, &call.target, "/add", "text/plain",
                                BYTES("X-More: yes\r\n"), BYTES("hello"));
    told = 0;
    status = 0;
    words[0] = '\0';
    return post_start(at, &place, &call, done, context);
}

/* The connection of a call, after its request has come. */
static int
taken(int fd)
{
    static const char wanted[] = "POST /w/add HTTP/1.1\r\nHost: ",
                      last[] = "X-More: yes\r\n\r\nhello";
    static uint8_t request[4096];
    int there = -1;

    for (int i = 0; i < 1000 && there < 0; i++) {
        tester_turn();
        there = accept(fd, NULL, NULL);
    }
    SK_ASSERT(there >= 0);
    ssize_t got = -1;
    for (int i = 0; i < 1000 && got <= 0; i++) {
        tester_turn();
        got = recv(there, request, sizeof request, MSG_DONTWAIT);
    }
    SK_ASSERT(got > (ssize_t)sizeof last &&
              memcmp(request, wanted, sizeof wanted - 1) == 0 &&
              memcmp(request + got - (sizeof last - 1), last, sizeof last - 1) == 0);
    fcntl(there, F_SETFL, O_NONBLOCK);
    return there;
}

/* What becomes of an answer that comes in pieces of so many bytes and then ends. */
static void
answered(struct bytes rest, size_t piece, bool status_only)
{
    uint16_t port;
    int fd = tester_listen(&port);
    struct post *post = start(&arena, "127.0.0.1", port, status_only, on_done, NULL);
    int there = taken(fd);

    while (rest.size > 0 && told == 0) {
        ssize_t did =
            send(there, rest.at, rest.size < piece ? rest.size : piece, MSG_NOSIGNAL);
        if (did < 0 && errno != EAGAIN) {
            break;
        }
        rest = bytes_from(rest, did > 0 ? (size_t)did : 0);
        tester_turn();
    }
    close(there);
    close(fd);
    for (int i = 0; i < 1000 && told == 0; i++) {
        tester_turn();
    }
    tester_turns(2);
    post_close(post);
    tester_turns(1);
}

static void
test_answers(void)
{
    static const struct {
        const char *answer;
        unsigned status;
        const char *body, *words;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwords", 200, "words", ""},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwords and more", 200, "words", ""},
        {"HTTP/1.1 409 Conflict\r\n\r\n17\n", 409, "17\n", ""},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nwor\r\n2\r\nds\r\n0\r\n"
         "\r\n",
         200, "words", ""},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nwor\r\n", 0, "",
         "the answer is not whole"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 0, "",
         "the answer breaks the rules of HTTP"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nwords", 0, "",
         "the answer is not whole"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 262145\r\n\r\nwords", 0, "",
         "the answer is too large"},
        {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nwords", 0, "",
         "the answer breaks the rules of HTTP"},
        {"HTTP/1.1 100 Continue\r\n\r\n", 0, "", "an answer that was not asked for"},
        {"HTTP/1.1 200 OK\r\nX: y\r\n", 0, "", "the answer is not whole"},
        {"SSH-2.0-x\r\n\r\n", 0, "", "what answers does not speak HTTP"},
        {"x", 0, "", "the connection was closed without an answer"},
        {"", 0, "", "the connection was closed without an answer"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t piece = 1; piece < 100000; piece *= 99) {
            answered(bytes_from_text(rows[i].answer), piece, false);
            tap_ok(told == 1 && status == rows[i].status && bytes_is(body, rows[i].body) &&
                       strcmp(words, rows[i].words) == 0,
                   "answer %zu in pieces of %zu: %u %s", i, piece, status, words);
        }
    }
    answered(BYTES("HTTP/1.1 503 Busy\r\nContent-Length: 7\r\n"), 5, true);
    tap_ok(told == 1 && status == 503 && body.size == 0, "the first line alone is enough");
    answered(BYTES("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), 1000, true);
    tap_ok(told == 1 && status == 0, "but not that of an interim answer");
}

static void
test_body(void)
{
    static const char head[] = "HTTP/1.1 200 OK\r\n\r\n";

    for (size_t more = 0; more < 2; more++) {
        struct writer w;
        writer_init(&w, &arena);
        writer_text(&w, head);
        memset(writer_reserve(&w, LIMIT_POST_BODY + more), 'x', LIMIT_POST_BODY + more);
        writer_did(&w, LIMIT_POST_BODY + more);
        answered(writer_view(&w), 65536, false);
        if (more == 0) {
            tap_ok(told == 1 && status == 200 && body.size == LIMIT_POST_BODY,
                   "a body of 256 KiB is told whole");
        } else {
            tap_ok(told == 1 && status == 0 && strstr(words, "too large") != NULL,
                   "one byte more is no answer");
        }
    }
}

static void
test_redirect(void)
{
    uint16_t port;
    int other = tester_listen(&port);
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w,
                  "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:%u/\r\n"
                  "Content-Length: 0\r\n\r\n",
                  port);
    answered(writer_view(&w), 1000, false);
    tester_turns(20);
    tap_ok(told == 1 && status == 307 && accept(other, NULL, NULL) < 0,
           "a redirection is a status, and is not followed");
    close(other);
}

static void
test_closing(void)
{
    uint16_t port;
    int fd = tester_listen(&port);
    struct arena own;
    struct post *post;

    arena_init(&own, (size_t)1 << 20);
    post = start(&own, "127.0.0.1", port, false, on_done, NULL);
    post_close(post);
    arena_release(&own);
    tester_turns(5);
    tap_ok(told == 0, "closed before it is connected, nobody is told");
    post = start(&own, "127.0.0.1", port, false, on_done, NULL);
    close(accept(fd, NULL, NULL));
    int there = taken(fd);
    post_close(post);
    arena_release(&own);
    (void)!send(there, "HTTP/1.1 200 OK\r\n\r\n", 19, MSG_NOSIGNAL);
    tester_turns(5);
    tap_ok(told == 0, "closed with the answer on its way, nobody is told");
    close(there);
    close(fd);
    closed_at_once = &post;
    post = start(&arena, "127.0.0.1", port, false, on_done, NULL);
    for (int i = 0; i < 1000 && told == 0; i++) {
        tester_turn();
    }
    tester_turns(2);
    tap_ok(told == 1 && status == 0 && words[0] != '\0',
           "nobody listens: told once, and closed from there: %s", words);
    closed_at_once = NULL;
}

/* A DNS server that answers when it is told to. */
static int
names_open(uint16_t *port_r)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    SK_ASSERT(fd >= 0 && bind(fd, (struct sockaddr *)&at, size) == 0 &&
              getsockname(fd, (struct sockaddr *)&at, &size) == 0);
    *port_r = ntohs(at.sin_port);
    return fd;
}

struct asked {
    uint8_t at[600];
    size_t size;
    struct sockaddr_in from;
};

/* Waits for a question. */
static bool
names_hear(int fd, struct asked *asked)
{
    socklen_t size = sizeof asked->from;
    ssize_t got = -1;

    for (int i = 0; i < 1000 && got < 0; i++) {
        got = recvfrom(fd, asked->at, 512, 0, (struct sockaddr *)&asked->from, &size);
        if (got < 0) {
            tester_turn();
        }
    }
    asked->size = got > 0 ? (size_t)got : 0;
    return got > 16;
}

/* 127.0.0.1 for a question of type A, nothing for others. */
static void
names_say(int fd, struct asked *asked)
{
    static const uint8_t address[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 127, 0, 0, 1};
    bool is_a = asked->at[asked->size - 3] == 1;

    asked->at[2] = 0x81;
    asked->at[3] = 0x80;
    asked->at[7] = is_a;
    if (is_a) {
        memcpy(asked->at + asked->size, address, sizeof address);
        asked->size += sizeof address;
    }
    (void)!sendto(fd, asked->at, asked->size, 0, (struct sockaddr *)&asked->from,
                  sizeof asked->from);
}

static void
names_base(uint16_t port)
{
    char server[32];

    snprintf(server, sizeof server, "127.0.0.1:%u", port);
    place.dns = evdns_base_new(tester_base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    SK_ASSERT(place.dns != NULL && evdns_base_nameserver_ip_add(place.dns, server) == 0);
}

static void
test_names(void)
{
    uint16_t port, names_port;
    int fd = tester_listen(&port), names = names_open(&names_port);
    struct asked first, second;
    struct arena own;

    names_base(names_port);
    arena_init(&own, (size_t)1 << 20);
    struct post *post = start(&own, "post.example", port, false, on_done, NULL);
    SK_ASSERT(names_hear(names, &first) && names_hear(names, &second));
    post_close(post);
    arena_release(&own);
    tester_turns(5);
    names_say(names, &first);
    names_say(names, &second);
    tester_turns(5);
    tap_ok(told == 0,
           "closed with a question to the DNS under way: its late answer reaches nobody");
    tap_ok(place.unused != NULL, "and the question is given back");

    const struct post_question *before = place.unused;
    post = start(&own, "post.example", port, false, on_done, NULL);
    tap_ok(place.unused == NULL, "the next one takes it again");
    SK_ASSERT(names_hear(names, &first) && names_hear(names, &second));
    names_say(names, &first);
    names_say(names, &second);
    int there = taken(fd);
    SK_ASSERT(send(there, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 38, 0) == 38);
    for (int i = 0; i < 1000 && told == 0; i++) {
        tester_turn();
    }
    tap_ok(told == 1 && status == 200 && place.unused == before,
           "a host is reached by its name: %s", words);
    post_close(post);
    close(there);

    /* A hundred that are given up do not need a hundred pieces of memory. */
    for (int i = 0; i < 100; i++) {
        post = start(&own, "post.example", port, false, on_done, NULL);
        tester_turn();
        post_close(post);
        arena_release(&own);
        tester_turns(2);
    }
    tap_ok(place.unused == before && told == 0, "a hundred given up need one");
    tester_turns(5);
    evdns_base_free(place.dns, 0);
    place.dns = NULL;
    tester_turns(2);
    start(&arena, "post.example", port, false, on_done, NULL);
    tester_turns(3);
    tap_ok(told == 1 && status == 0 && strstr(words, "no DNS") != NULL,
           "without a DNS that is told");
    close(names);
    close(fd);
}

struct timed {
    size_t told;
    unsigned status;
    char words[200];
    int64_t at_ms;
};

static void
on_timed(void *context, unsigned status_is, struct bytes body_is, const char *words_are)
{
    struct timed *timed = context;

    (void)body_is;
    timed->told++;
    timed->status = status_is;
    timed->at_ms = clock_monotonic_ms();
    snprintf(timed->words, sizeof timed->words, "%s", words_are);
}

/* All at once, because it takes LIMIT_POST_S seconds: one that answers shortly before, one that speaks all the time and
 * comes to no end, one that says nothing, and a DNS that says nothing. */
static void
test_time(void)
{
    uint16_t port, names_port;
    int fd = tester_listen(&port), names = names_open(&names_port), there[3];
    struct timed timed[4] = {0};
    struct post *posts[4];
    int64_t begin = clock_monotonic_ms(), trickled = begin;
    bool answered_last = false;

    names_base(names_port);
    for (int i = 0; i < 3; i++) {
        posts[i] = start(&arena, "127.0.0.1", port, false, on_timed, &timed[i]);
        there[i] = taken(fd);
    }
    posts[3] = start(&arena, "post.example", port, false, on_timed, &timed[3]);
    (void)!send(there[1], "HTTP/1.1 200 OK\r\n\r\n", 19, MSG_NOSIGNAL);
    for (int64_t now = begin;
         now - begin < LIMIT_POST_S * 1000 + 4000 &&
         (timed[1].told == 0 || timed[2].told == 0 || timed[3].told == 0);
         now = clock_monotonic_ms()) {
        tester_turn();
        if (now - trickled >= 100) {
            (void)!send(there[1], "x", 1, MSG_NOSIGNAL);
            trickled = now;
        }
        if (!answered_last && now - begin >= LIMIT_POST_S * 1000 - 1000) {
            (void)!send(there[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 38,
                        MSG_NOSIGNAL);
            answered_last = true;
        }
    }
    tap_ok(timed[0].told == 1 && timed[0].status == 200,
           "an answer shortly before the time is up is taken: %s", timed[0].words);
    for (int i = 1; i < 4; i++) {
        tap_ok(timed[i].told == 1 && timed[i].status == 0 &&
                   strcmp(timed[i].words, i == 3
                                              ? "no answer from the DNS within 10 seconds"
                                              : "no answer within 10 seconds") == 0 &&
                   timed[i].at_ms - begin >= LIMIT_POST_S * 1000 - 50,
               "%s: its time is up: %s",
               i == 1   ? "one that never ends"
               : i == 2 ? "one that is silent"
                        : "a silent DNS",
               timed[i].words);
    }
    for (int i = 0; i < 4; i++) {
        post_close(posts[i]);
    }
    tester_turns(3);
    tap_ok(timed[0].told + timed[1].told + timed[2].told + timed[3].told == 4,
           "each was told once");
    evdns_base_free(place.dns, 0);
    place.dns = NULL;
    for (int i = 0; i < 3; i++) {
        close(there[i]);
    }
    close(names);
    close(fd);
}

static void
test_request(void)
{
    static const struct {
        const char *url, *tail, *start;
    } rows[] = {
        {"https://[::1]:8443/a?b", "", "POST /a?b HTTP/1.1\r\nHost: [::1]:8443\r\n"},
        {"https://h.example", "", "POST / HTTP/1.1\r\nHost: h.example\r\n"},
        {"https://h.example:443/w//", "/add",
         "POST /w/add HTTP/1.1\r\nHost: h.example\r\n"},
        {"http://h.example", "/add", "POST /add HTTP/1.1\r\nHost: h.example\r\n"},
        {"http://h.example:443/w/", "", "POST /w/ HTTP/1.1\r\nHost: h.example:443\r\n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct alarm_target target;
        SK_ASSERT(alarm_url_read(bytes_from_text(rows[i].url), &target));
        struct bytes request = post_request(&arena, &target, rows[i].tail, "a/b",
                                            BYTES("x: y\r\n"), BYTES("body"));
        tap_ok(bytes_starts(request, bytes_from_text(rows[i].start)) &&
                   bytes_ends(request, BYTES("Content-Type: a/b\r\nContent-Length: "
                                             "4\r\nConnection: close\r\nx: y\r\n\r\nbody")),
               "request %zu", i);
    }
}

int
main(void)
{
    struct why why;

    arena_init(&arena, (size_t)64 << 20);
    tester_base = loop_open(&why);
    place = (struct post_place){.arena = &arena, .base = tester_base};
    test_request();
    test_answers();
    test_body();
    test_redirect();
    test_closing();
    test_names();
    test_time();
    event_base_free(tester_base);
    arena_release(&arena);
    return tap_done();
}
