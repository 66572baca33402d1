/* What clamd answers, and a session with one that is played by this test. */
#include "net/clamd.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

static void
test_answers(void)
{
    static const struct {
        const char *line;
        enum sk_code code;
        unsigned number;
        enum clamd_result result;
        const char *name;
    } rows[] = {
        {"1: stream: OK", SK_OK, 1, CLAMD_CLEAN, ""},
        {"stream: OK", SK_OK, 0, CLAMD_CLEAN, ""},
        {"12: stream: Win.Test.EICAR_HDB-1 FOUND", SK_OK, 12, CLAMD_FOUND,
         "Win.Test.EICAR_HDB-1"},
        {"1: stream: a: b OK FOUND", SK_OK, 1, CLAMD_FOUND, "a: b OK"},
        {"1: stream: OK FOUND", SK_OK, 1, CLAMD_FOUND, "OK"},
        {"3: INSTREAM size limit exceeded. ERROR", SK_OK, 3, CLAMD_ERROR,
         "INSTREAM size limit exceeded."},
        {"2: stream: Can't allocate memory ERROR", SK_OK, 2, CLAMD_ERROR,
         "stream: Can't allocate memory"},
        {"1: stream:  FOUND", SK_BAD, 1, CLAMD_UNKNOWN, NULL},
        {"1: stream: ok", SK_BAD, 1, CLAMD_UNKNOWN, NULL},
        {"1: /etc/passwd: OK", SK_BAD, 1, CLAMD_UNKNOWN, NULL},
        {"UNKNOWN COMMAND", SK_BAD, 0, CLAMD_UNKNOWN, NULL},
        {"", SK_BAD, 0, CLAMD_UNKNOWN, NULL},
        {"9999999999: stream: OK", SK_BAD, 0, CLAMD_UNKNOWN, NULL},
        {"1:stream: OK", SK_BAD, 0, CLAMD_UNKNOWN, NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes input = bytes_of(rows[i].line, strlen(rows[i].line) + 1);
        struct clamd_answer answer;
        size_t used;
        enum sk_code code = clamd_answer_read(input, &used, &answer);
        tap_ok(code == rows[i].code && used == input.size &&
                   answer.number == rows[i].number && answer.result == rows[i].result &&
                   (rows[i].name == NULL ||
                    bytes_equal(answer.name, bytes_from_text(rows[i].name))),
               "\"%s\"", rows[i].line);
        code = clamd_answer_read(bytes_slice(input, 0, input.size - 1), &used, &answer);
        tap_ok(code == SK_MORE && used == 0, "without its NUL: more is wanted");
    }
}

static void
test_bounds(void)
{
    static uint8_t line[LIMIT_CLAMD_LINE + 1];
    struct clamd_answer answer;
    size_t used;

    memset(line, 'a', sizeof line);
    memcpy(line, "1: stream: ", 11);
    memcpy(line + LIMIT_CLAMD_LINE - 7, " FOUND", 7);
    tap_ok(clamd_answer_read(bytes_of(line, LIMIT_CLAMD_LINE), &used, &answer) == SK_OK &&
               used == LIMIT_CLAMD_LINE && answer.name.size == LIMIT_CLAMD_LINE - 18,
           "a line of LIMIT_CLAMD_LINE bytes is read");
    memset(line, 'a', sizeof line);
    memcpy(line, "1: stream: ", 11);
    memcpy(line + LIMIT_CLAMD_LINE - 6, " FOUND", 7);
    tap_ok(clamd_answer_read(bytes_of(line, LIMIT_CLAMD_LINE + 1), &used, &answer) ==
                   SK_LIMIT &&
               used == 0,
           "one of a byte more is not");
    tap_ok(clamd_answer_read(bytes_of(line, LIMIT_CLAMD_LINE - 1), &used, &answer) ==
               SK_MORE,
           "and its beginning may still end in time");
}

/* --- a session ---------------------------------------------------------------------------------------------------- */

struct daemon {
    int listener;
    const char *answers; /* lines, each ended by '\n' for a NUL */
    bool hears;          /* all that is sent is read before it answers */
    int wait_ms;
    struct bytes heard; /* what came */
    uint8_t *room;
};

#define ROOM (4u << 20)

static void *
serve(void *context)
{
    struct daemon *d = context;
    int fd = accept(d->listener, NULL, NULL);
    ssize_t n = 1;
    size_t size = 0;

    /* "zEND" is the last that is said; before, the last piece ends with an empty chunk. */
    struct timeval patience = {0, 300000};
    SK_ASSERT(fd >= 0 &&
              setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    while (d->hears && size < ROOM && (n = read(fd, d->room + size, ROOM - size)) > 0) {
        size += (size_t)n;
    }
    (void)usleep((useconds_t)d->wait_ms * 1000);
    for (const char *at = d->answers; *at != '\0'; at++) {
        char c = *at == '\n' ? '\0' : *at;
        n = write(fd, &c, 1); /* in the smallest pieces that there are */
    }
    while (d->hears && size < ROOM && (n = read(fd, d->room + size, ROOM - size)) > 0) {
        size += (size_t)n;
    }
    d->heard = bytes_of(d->room, size);
    close(fd);
    return NULL;
}

/* Plays clamd for one asking; how long that took. */
static int64_t
play(struct daemon *d, struct clamd_piece *pieces, size_t count, int64_t time_ms)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct net_endpoint endpoint = {0};
    struct why why;
    pthread_t thread;

    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/clamd-test-%d",
             (int)getpid());
    (void)unlink(address.sun_path);
    d->room = arena_take_bytes(&arena, ROOM);
    d->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SK_ASSERT(bind(d->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
              listen(d->listener, 1) == 0);
    memcpy(&endpoint.socket, &address, sizeof address);
    endpoint.socket_size = sizeof address;
    SK_ASSERT(pthread_create(&thread, NULL, serve, d) == 0);
    int64_t began = clock_monotonic_ms();
    enum sk_code code = clamd_scan_now(&arena, &endpoint, time_ms, pieces, count, &why);
    int64_t took = clock_monotonic_ms() - began;
    SK_ASSERT(code == SK_OK);
    (void)pthread_join(thread, NULL);
    close(d->listener);
    (void)unlink(address.sun_path);
    return took;
}

static void
test_session(void)
{
    static uint8_t large[1500000];
    memset(large, 'x', sizeof large);
    struct clamd_piece pieces[3] = {{.content = BYTES("one")},
                                    {.content = bytes_of(large, sizeof large)},
                                    {.content = BYTES("")}};
    struct daemon d = {.answers = "3: stream: OK\n1: stream: Own\x01.Test-1 FOUND\n"
                                  "2: INSTREAM size limit exceeded. ERROR\n",
                       .hears = true};
    struct writer w;

    play(&d, pieces, 3, 10000);
    tap_ok(pieces[0].result == CLAMD_FOUND &&
               bytes_equal(pieces[0].name, BYTES("Own?.Test-1")),
           "what was found has its name, in which only what can be printed is left");
    tap_ok(pieces[1].result == CLAMD_ERROR && pieces[1].name.size == 0 &&
               pieces[2].result == CLAMD_CLEAN,
           "answers come in any order, one of them an error");
    writer_init(&w, &arena);
    writer_bytes(&w,
                 BYTES("zIDSESSION\0zINSTREAM\0\0\0\0\3one\0\0\0\0zINSTREAM\0\0\x10\0\0"));
    writer_bytes(&w, bytes_of(large, 1048576));
    writer_bytes(&w, BYTES("\0\x06\xe3\x60"));
    writer_bytes(&w, bytes_of(large, sizeof large - 1048576));
    writer_bytes(&w, BYTES("\0\0\0\0zINSTREAM\0\0\0\0\0zEND\0"));
    tap_ok(bytes_equal(d.heard, writer_view(&w)),
           "and clamd heard each byte once, in chunks (%zu bytes)", d.heard.size);
}

static void
test_faults(void)
{
    static const struct {
        const char *name, *answers;
        enum clamd_result first, second;
    } rows[] = {
        {"it goes away", "", CLAMD_UNKNOWN, CLAMD_UNKNOWN},
        {"it goes away after one answer", "1: stream: OK\n", CLAMD_CLEAN, CLAMD_UNKNOWN},
        {"an answer without number", "stream: OK\n2: stream: OK\n", CLAMD_UNKNOWN,
         CLAMD_UNKNOWN},
        {"an answer that nobody asked for", "3: stream: OK\n1: stream: OK\n", CLAMD_UNKNOWN,
         CLAMD_UNKNOWN},
        {"one piece is answered twice", "1: stream: OK\n1: stream: X FOUND\n", CLAMD_CLEAN,
         CLAMD_UNKNOWN},
        {"it speaks another language", "220 mx.example ESMTP\n", CLAMD_UNKNOWN,
         CLAMD_UNKNOWN},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct clamd_piece pieces[2] = {{.content = BYTES("a")}, {.content = BYTES("b")}};
        struct daemon d = {.answers = rows[i].answers, .hears = true};
        int64_t took = play(&d, pieces, 2, 5000);
        tap_ok(pieces[0].result == rows[i].first && pieces[1].result == rows[i].second &&
                   took < 3000,
               "%s: what was answered counts, and nobody waits for more", rows[i].name);
    }
    struct clamd_piece piece = {.content = BYTES("a")};
    struct daemon slow = {.answers = "1: stream: OK\n", .wait_ms = 1200};
    int64_t took = play(&slow, &piece, 1, 300);
    tap_ok(piece.result == CLAMD_UNKNOWN && took >= 290 && took < 1000,
           "it is slow: after its time nobody waits (%lld ms)", (long long)took);
    static char endless[LIMIT_CLAMD_LINE + 2];
    memset(endless, 'a', LIMIT_CLAMD_LINE + 1);
    struct daemon large = {.answers = endless, .hears = true};
    took = play(&large, &piece, 1, 5000);
    tap_ok(piece.result == CLAMD_UNKNOWN && took < 3000, "an endless line ends the asking");
}

static void
test_gone(void)
{
    struct net_endpoint endpoint;
    struct clamd_piece piece = {.content = BYTES("a"), .result = CLAMD_FOUND};
    struct bytes version;
    struct why why;

    SK_ASSERT(net_endpoint_read(BYTES("unix:/tmp/nobody-listens-here"), &endpoint, &why) ==
              SK_OK);
    tap_ok(clamd_scan_now(&arena, &endpoint, 5000, &piece, 1, &why) == SK_OK &&
               piece.result == CLAMD_UNKNOWN,
           "nobody listens: nothing is known of the piece");
    tap_ok(clamd_version(&arena, &endpoint, 5000, &version, &why) == SK_LATER &&
               version.size == 0,
           "and it has no version");
}

int
main(void)
{
    arena_init(&arena, 256u << 20);
    test_answers();
    test_bounds();
    test_session();
    test_faults();
    test_gone();
    arena_release(&arena);
    return tap_done();
}
