#define SK_BASE
#include "net/frame.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "net/loop.h"

#define WAIT_MS 10000

static struct event_base *base;
static struct arena arena;

/* What a link said. */
static struct heard {
    size_t frames, gone, bytes;
    uint32_t type;
    uint64_t token;
    size_t size;
    uint8_t first, last;
    bool close_at_frame, close_when_gone, after_gone;
} heard;

static void
on_frame(void *context, struct frame_link *link, uint32_t type, uint64_t token,
         struct bytes payload)
{
    heard.frames++;
    heard.after_gone |= heard.gone > 0;
    heard.type = type;
    heard.token = token;
    heard.size = payload.size;
    heard.bytes += payload.size;
    heard.first = payload.size > 0 ? payload.at[0] : 0;
    heard.last = payload.size > 0 ? payload.at[payload.size - 1] : 0;
    if (heard.close_at_frame) {
        frame_link_close(link);
    }
}

static void
on_gone(void *context, struct frame_link *link)
{
    heard.gone++;
    if (heard.close_when_gone) {
        frame_link_close(link);
    }
}

static const struct frame_calls calls = {on_frame, on_gone};

static int there; /* the other end */

static struct frame_link *
begin(void)
{
    int pair[2];

    heard = (struct heard){0};
    SK_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    there = pair[1];
    fcntl(there, F_SETFL, O_NONBLOCK);
    return frame_link_open(base, pair[0], &calls, NULL);
}

/* The loop, until so many frames were heard and ends told; false: they did not come. */
static bool
turn_until(size_t frames, size_t gone)
{
    int64_t end = clock_monotonic_ms() + WAIT_MS;

    while (heard.frames < frames || heard.gone < gone) {
        struct timeval moment = {0, 5000};
        if (clock_monotonic_ms() > end) {
            return false;
        }
        event_base_loopexit(base, &moment);
        event_base_loop(base, EVLOOP_ONCE);
    }
    return true;
}

static void
turn(void)
{
    for (int i = 0; i < 10; i++) {
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
}

static void
write_head(struct writer *w, uint32_t size, uint32_t type, uint64_t token)
{
    writer_bytes(w, bytes_of(&size, sizeof size));
    writer_bytes(w, bytes_of(&type, sizeof type));
    writer_bytes(w, bytes_of(&token, sizeof token));
}

static void
put(struct bytes b)
{
    SK_ASSERT(write(there, b.at, b.size) == (ssize_t)b.size);
}

static void
test_pieces(void)
{
    struct frame_link *link = begin();
    struct writer w;
    bool early = false;

    writer_init(&w, &arena);
    write_head(&w, 5, 7, 0x1122334455667788);
    writer_text(&w, "hello");
    for (size_t i = 0; i < w.size; i++) {
        early = early || heard.frames > 0;
        put(bytes_slice(writer_view(&w), i, i + 1));
        turn();
    }
    tap_ok(!early && turn_until(1, 0) && heard.frames == 1 && heard.type == 7 &&
               heard.token == 0x1122334455667788 && heard.size == 5 && heard.first == 'h' &&
               heard.last == 'o',
           "a frame that comes byte by byte is told once, when it is whole");
    writer_clear(&w);
    for (unsigned i = 0; i < 300; i++) {
        write_head(&w, i % 3, i, i);
        writer_bytes(&w, bytes_slice(BYTES("xyz"), 0, i % 3));
    }
    write_head(&w, 2, 999, 1);
    writer_text(&w, "a");
    put(writer_view(&w));
    tap_ok(turn_until(301, 0) && heard.frames == 301 && heard.type == 299 &&
               heard.bytes == 5 + 300,
           "many frames in one piece are told in order, empty ones too, and no half one");
    put(BYTES("b"));
    tap_ok(turn_until(302, 0) && heard.type == 999 && heard.last == 'b',
           "whose rest makes it whole");
    tap_ok(heard.gone == 0, "and nobody is gone");
    frame_link_close(link);
    close(there);
}

/* Feeds the other end from a thread: a frame of 65 MiB does not fit a socket. */
static struct feed {
    struct bytes head;
    size_t size;
} feed;

static void *
feed_live(void *context)
{
    static uint8_t piece[1 << 16];
    size_t left = feed.size;

    fcntl(there, F_SETFL, 0);
    (void)!write(there, feed.head.at, feed.head.size);
    memset(piece, 'x', sizeof piece);
    while (left > 0) {
        ssize_t did =
            send(there, piece, left < sizeof piece ? left : sizeof piece, MSG_NOSIGNAL);
        if (did <= 0) {
            break;
        }
        left -= (size_t)did;
    }
    return NULL;
}

static void
test_bound(void)
{
    struct frame_link *link = begin();
    struct writer w;
    pthread_t thread;

    writer_init(&w, &arena);
    write_head(&w, LIMIT_WIRE_FRAME, 1, 2);
    feed = (struct feed){writer_view(&w), LIMIT_WIRE_FRAME};
    SK_ASSERT(pthread_create(&thread, NULL, feed_live, NULL) == 0);
    tap_ok(turn_until(1, 0) && heard.size == LIMIT_WIRE_FRAME && heard.last == 'x' &&
               heard.gone == 0,
           "a frame of LIMIT_WIRE_FRAME bytes is taken");
    frame_link_close(link);
    pthread_join(thread, NULL);
    close(there);

    link = begin();
    writer_clear(&w);
    write_head(&w, 0, 1, 1);
    write_head(&w, LIMIT_WIRE_FRAME + 1, 1, 2);
    write_head(&w, 0, 3, 3);
    put(writer_view(&w));
    tap_ok(turn_until(1, 1) && heard.frames == 1 && heard.token == 1,
           "one byte more breaks the form: the link is gone before its payload came");
    put(writer_view(&w));
    turn();
    close(there);
    turn();
    tap_ok(heard.frames == 1 && heard.gone == 1,
           "and nothing more is told of it, not even its end");
    frame_link_close(link);

    link = begin();
    heard.close_when_gone = true;
    put(bytes_from(writer_view(&w), 16));
    tap_ok(turn_until(0, 1), "a link may be closed from within its end");
    char byte;
    tap_ok(read(there, &byte, 1) <= 0, "and then the other side sees it closed");
    close(there);
}

/* A link that was told to expect less. */
static void
test_expect(void)
{
    for (uint32_t past = 0; past < 2; past++) {
        struct frame_link *link = begin();
        struct writer w;
        writer_init(&w, &arena);
        write_head(&w, 100 + past, 1, 2);
        for (uint32_t i = 0; i < 100 + past; i++) {
            writer_byte(&w, 'x');
        }
        frame_link_expect(link, 100);
        SK_ASSERT(write(there, w.at, w.size) == (ssize_t)w.size);
        tap_ok(turn_until(1 - past, past) && heard.gone == past,
               "a frame of %u bytes where 100 are expected", 100 + past);
        frame_link_close(link);
        close(there);
    }
}

static void
test_gone(void)
{
    static const struct {
        size_t size;
        const char *words;
    } cuts[] = {
        {0, "between two frames"},
        {7, "in the middle of a head"},
        {16, "behind a head"},
        {18, "in the middle of a payload"},
    };
    struct writer w;

    writer_init(&w, &arena);
    write_head(&w, 3, 5, 6);
    writer_text(&w, "abc");
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        struct frame_link *link = begin();
        put(writer_view(&w));
        put(bytes_slice(writer_view(&w), 0, cuts[i].size));
        close(there);
        tap_ok(turn_until(0, 1) && heard.frames == 1 && heard.gone == 1 &&
                   !heard.after_gone,
               "gone %s: the whole frame before it is told, then the end, once",
               cuts[i].words);
        frame_link_close(link);
    }
    begin();
    heard.close_at_frame = true;
    put(writer_view(&w));
    put(writer_view(&w));
    tap_ok(turn_until(1, 0) && (turn(), heard.frames == 1),
           "a link closed from within a frame tells no other");
    close(there);
    frame_link_close(NULL);
}

static void
test_send(void)
{
    struct frame_link *link = begin();
    struct bytes pieces[] = {BYTES("one "), BYTES_NONE, BYTES("two")}, payload;
    uint32_t type = 0;
    uint64_t token = 0;
    struct why why;

    frame_send(link, 9, 10, pieces, 3);
    frame_send(link, 11, 12, NULL, 0);
    tap_ok(frame_queued(link) == 16 + 7 + 16, "what is queued is counted");
    frame_flush(link);
    tap_ok(frame_queued(link) == 0, "until it is flushed");
    tap_ok(frame_wait(&arena, there, 1000, &type, &token, &payload, &why) == SK_OK &&
               type == 9 && token == 10 && bytes_equal(payload, BYTES("one two")),
           "the pieces are one payload");
    tap_ok(frame_wait(&arena, there, 1000, &type, &token, &payload, &why) == SK_OK &&
               type == 11 && token == 12 && payload.size == 0,
           "a frame without payload");
    close(there);
    frame_send(link, 1, 1, pieces, 1);
    frame_flush(link);
    tap_ok(turn_until(0, 1), "nobody waits for who is gone");
    frame_link_close(link);
}

/* What was sent in one turn comes in one piece; what the socket does not take is sent when there is room. */
static void
test_together(void)
{
    static uint8_t large[3 << 20];
    struct frame_link *link = begin();
    uint8_t taken[256];
    struct why why;
    bool right = true;

    for (uint32_t i = 0; i < 5; i++) {
        frame_send(link, i, i, NULL, 0);
    }
    tap_ok(read(there, taken, sizeof taken) < 0, "nothing is sent before the turn ends");
    turn();
    tap_ok(read(there, taken, sizeof taken) == 5 * 16 && frame_queued(link) == 0,
           "then all of it at once");
    memset(large, 'L', sizeof large);
    for (uint32_t i = 0; i < 3; i++) {
        frame_send(link, i, i, &(struct bytes){large, sizeof large - i}, 1);
    }
    turn();
    tap_ok(frame_queued(link) > 0, "what the socket does not hold stays queued");
    for (uint32_t i = 0; i < 3; i++) {
        uint8_t head[16], piece[4096];
        size_t left = 16 + sizeof large - i;
        for (int64_t end = clock_monotonic_ms() + WAIT_MS;
             left > 0 && clock_monotonic_ms() < end;) {
            bool first = left == 16 + sizeof large - i;
            ssize_t got = read(there, first ? head : piece,
                               first                 ? sizeof head
                               : left < sizeof piece ? left
                                                     : sizeof piece);
            if (got > 0) {
                left -= (size_t)got;
                right = right && (first || piece[got - 1] == 'L');
            } else {
                event_base_loop(base, EVLOOP_NONBLOCK);
            }
        }
        right = right && left == 0 && head[4] == i && head[8] == i;
    }
    tap_ok(right && frame_queued(link) == 0, "and follows whole and in order");
    SK_ASSERT(frame_send_now(there, 8, 9, BYTES("now"), 1000, &why) == SK_OK);
    frame_hear(link);
    tap_ok(heard.frames == 1 && heard.type == 8 && heard.size == 3,
           "frame_hear tells what has come without a turn of the loop");
    frame_hear(link);
    tap_ok(heard.frames == 1 && heard.gone == 0, "and where nothing has, it does not wait");
    /* Whoever went away in the middle of our sending is heard to the end. */
    SK_ASSERT(frame_send_now(there, 8, 10, BYTES("last"), 1000, &why) == SK_OK);
    close(there);
    frame_send(link, 1, 1, &(struct bytes){large, 100}, 1);
    tap_ok(turn_until(2, 1) && heard.token == 10 && heard.frames == 2 && !heard.after_gone,
           "what he said before he went is told, then that he is gone");
    frame_send(link, 1, 1, &(struct bytes){large, 100}, 1);
    frame_hear(link);
    turn();
    tap_ok(frame_queued(link) == 0 && heard.gone == 1, "and to him nothing is queued");
    frame_link_close(link);
}

/* Mail passes: what went through is not left in the process's memory. `secret` is told only by halves, so that this program's
 * own text does not have it; a word beside it shows that the search finds. */
static void
test_forgets(void)
{
    struct frame_link *link = begin();
    char secret[32];
    struct why why;
    size_t found = 0, seen = 0;
    static volatile char beside[] = "very";

    snprintf(secret, sizeof secret, "%s-%s", "very", "well-hidden");
    size_t size = strlen(secret);
    SK_ASSERT(frame_send_now(there, 8, 9, bytes_of(secret, size), 1000, &why) == SK_OK);
    frame_send(link, 1, 1, &(struct bytes){(uint8_t *)secret, size}, 1);
    turn();
    tap_ok(heard.frames == 1 && frame_queued(link) == 0, "a secret came and went");
    explicit_bzero(secret, sizeof secret);
    FILE *maps = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    SK_ASSERT(maps != NULL && memory >= 0);
    for (char line[300]; fgets(line, sizeof line, maps) != NULL;) {
        unsigned long from = 0, to = 0;
        char how[8];
        if (sscanf(line, "%lx-%lx %7s", &from, &to, how) != 3 || how[1] != 'w' ||
            to - from > 64u << 20) { /* a sanitizer's shadow */
            continue;
        }
        uint8_t *copy = malloc(to - from);
        ssize_t got = copy != NULL ? pread(memory, copy, to - from, (off_t)from) : 0;
        for (ssize_t at = 0; at + (ssize_t)size <= got; at++) {
            seen += memcmp(copy + at, "very", 4) == 0;
            found += memcmp(copy + at, "very", 4) == 0 &&
                     memcmp(copy + at + 5, "well-hidden", 11) == 0;
        }
        if (copy != NULL) {
            explicit_bzero(copy, to - from);
        }
        free(copy);
    }
    fclose(maps);
    close(memory);
    tap_ok(found == 0 && seen > 0 && beside[0] == 'v',
           "neither queue remembers it (%zu places)", found);
    frame_link_close(link);
    close(there);
}

/* A pair for frame_send_now and frame_wait. */
static void
pair_make(int pair[2])
{
    SK_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
}

static bool
took(int64_t since_ms, int64_t least_ms)
{
    int64_t now = clock_monotonic_ms() - since_ms;

    return now >= least_ms - 1 && now < least_ms + 3000;
}

static void
test_wait(void)
{
    int pair[2];
    uint32_t type = 0;
    uint64_t token = 0;
    struct bytes payload;
    struct writer w;
    struct why why;

    pair_make(pair);
    tap_ok(frame_send_now(pair[0], 3, 4, BYTES("abc"), 1000, &why) == SK_OK &&
               frame_wait(&arena, pair[1], 1000, &type, &token, &payload, &why) == SK_OK &&
               type == 3 && token == 4 && bytes_equal(payload, BYTES("abc")),
           "sent now, and waited for");
    int64_t now = clock_monotonic_ms();
    tap_ok(frame_wait(&arena, pair[1], 60, &type, &token, &payload, &why) == SK_LATER &&
               took(now, 60),
           "nothing comes: SK_LATER when patience ends, not before and not long after");
    writer_init(&w, &arena);
    write_head(&w, 3, 3, 4);
    writer_text(&w, "ab");
    SK_ASSERT(write(pair[0], w.at, w.size) == (ssize_t)w.size);
    now = clock_monotonic_ms();
    tap_ok(frame_wait(&arena, pair[1], 60, &type, &token, &payload, &why) == SK_LATER &&
               took(now, 60) && payload.size == 0,
           "half a payload: the same, and no half answer is given");
    close(pair[0]);
    close(pair[1]);

    for (size_t cut = 0; cut < w.size; cut += 9) {
        pair_make(pair);
        SK_ASSERT(write(pair[0], w.at, cut) == (ssize_t)cut);
        close(pair[0]);
        tap_ok(frame_wait(&arena, pair[1], 1000, &type, &token, &payload, &why) == SK_BAD,
               "gone after %zu bytes of a frame: SK_BAD at once", cut);
        close(pair[1]);
    }
    pair_make(pair);
    writer_clear(&w);
    write_head(&w, LIMIT_WIRE_FRAME + 1, 3, 4);
    SK_ASSERT(write(pair[0], w.at, w.size) == (ssize_t)w.size);
    size_t used = arena.used;
    tap_ok(frame_wait(&arena, pair[1], 1000, &type, &token, &payload, &why) == SK_BAD &&
               arena.used == used,
           "LIMIT_WIRE_FRAME + 1 is no frame, and no memory is taken for it");
    close(pair[0]);
    tap_ok(frame_send_now(pair[1], 1, 1, BYTES("x"), 1000, &why) == SK_BAD,
           "to nobody nothing is sent");
    close(pair[1]);

    pair_make(pair);
    uint8_t *large = arena_take(&arena, 4u << 20);
    now = clock_monotonic_ms();
    tap_ok(frame_send_now(pair[0], 1, 1, bytes_of(large, 4u << 20), 60, &why) == SK_LATER &&
               took(now, 60),
           "who does not read is waited for no longer than patience");
    close(pair[0]);
    close(pair[1]);
}

static void
test_reader(void)
{
    struct writer w;
    struct frame_reader r;
    bool good = true;

    writer_init(&w, &arena);
    frame_put_number(&w, UINT64_MAX);
    frame_put_bytes(&w, BYTES("words"));
    frame_put_bytes(&w, BYTES_NONE);
    struct bytes whole = writer_view(&w);
    r = (struct frame_reader){.rest = whole};
    tap_ok(frame_get_number(&r) == UINT64_MAX &&
               bytes_equal(frame_get_bytes(&r), BYTES("words")) &&
               frame_get_bytes(&r).size == 0 && !r.broken && r.rest.size == 0,
           "what is put is got");
    tap_ok(frame_get_number(&r) == 0 && r.broken, "nothing more is there: broken");
    for (size_t cut = 0; cut < whole.size; cut++) {
        uint8_t *exact = malloc(cut + 1); /* so that a byte past its end is seen */
        memcpy(exact, whole.at, cut);
        r = (struct frame_reader){.rest = bytes_of(exact, cut)};
        (void)frame_get_number(&r);
        struct bytes words = frame_get_bytes(&r);
        good = good && (words.size == 0 || cut >= 21);
        good = good && frame_get_bytes(&r).size == 0 && r.broken;
        free(exact);
    }
    tap_ok(good, "cut anywhere it is broken, and no view leaves it");
    static const uint64_t sizes[] = {6, 1u << 31, UINT64_MAX, UINT64_MAX - 7};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        writer_clear(&w);
        frame_put_number(&w, sizes[i]);
        writer_text(&w, "words");
        r = (struct frame_reader){.rest = writer_view(&w)};
        tap_ok(frame_get_bytes(&r).size == 0 && r.broken,
               "a size of %llu where 5 bytes are left", (unsigned long long)sizes[i]);
    }
    r = (struct frame_reader){.rest = BYTES("1234567")};
    tap_ok(frame_get_number(&r) == 0 && r.broken && r.rest.size == 0,
           "seven bytes are no number, and are not left for another");
}

/* Open descriptors of this process, below 256. */
static unsigned
descriptors(void)
{
    unsigned count = 0;

    for (int fd = 0; fd < 256; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

/* What a process that was taken over may send: `size` bytes with `count` descriptors. */
static void
send_raw(int control, size_t size, unsigned count)
{
    static const uint8_t zeros[64];
    struct iovec piece = {(void *)(uintptr_t)zeros, size};
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(4 * sizeof(int))];
    } rights = {0};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    int given[4] = {0, 1, 2, 0};

    if (count > 0) {
        message.msg_control = rights.room;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(part), given, count * sizeof(int));
    }
    SK_ASSERT(sendmsg(control, &message, 0) == (ssize_t)size);
}

static void
test_descriptors(void)
{
    int pair[2], given = 7, pipe_ends[2];
    uint32_t type = 0;
    uint64_t token = 0;
    struct why why;
    char byte = 0;

    SK_ASSERT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    SK_ASSERT(pipe(pipe_ends) == 0);
    tap_ok(frame_receive_fd(pair[1], &type, &token, &given, &why) == SK_MORE && given == -1,
           "nothing is there yet");
    tap_ok(frame_send_fd(pair[0], 5, 6, pipe_ends[0], &why) == SK_OK &&
               frame_receive_fd(pair[1], &type, &token, &given, &why) == SK_OK &&
               type == 5 && token == 6 && given >= 0 && given != pipe_ends[0],
           "a message with a descriptor");
    tap_ok((fcntl(given, F_GETFD) & FD_CLOEXEC) != 0, "which is closed on exec");
    SK_ASSERT(write(pipe_ends[1], "z", 1) == 1);
    tap_ok(read(given, &byte, 1) == 1 && byte == 'z', "and is the one that was sent");
    close(given);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    tap_ok(frame_send_fd(pair[0], 5, 7, -1, &why) == SK_OK &&
               frame_receive_fd(pair[1], &type, &token, &given, &why) == SK_OK &&
               token == 7 && given == -1,
           "a message without one");

    unsigned before = descriptors();
    for (unsigned count = 2; count <= 4; count++) {
        send_raw(pair[0], 16, count);
        enum sk_code code = frame_receive_fd(pair[1], &type, &token, &given, &why);
        if (given >= 0) {
            close(given);
        }
        tap_ok(code == SK_BAD && descriptors() == before,
               "%u descriptors in one message break the form, and none stays open", count);
    }
    send_raw(pair[0], 15, 1);
    tap_ok(frame_receive_fd(pair[1], &type, &token, &given, &why) == SK_BAD &&
               given == -1 && descriptors() == before,
           "a message that is too short breaks it, and its descriptor is closed");
    send_raw(pair[0], 17, 1);
    tap_ok(frame_receive_fd(pair[1], &type, &token, &given, &why) == SK_BAD &&
               given == -1 && descriptors() == before,
           "one that is too long as well");
    close(pair[0]);
    tap_ok(frame_receive_fd(pair[1], &type, &token, &given, &why) == SK_BAD, "gone");
    tap_ok(frame_send_fd(pair[1], 1, 1, -1, &why) == SK_SYSTEM, "nothing can be sent then");
    close(pair[1]);
}

int
main(void)
{
    struct why why;

    arena_init(&arena, (size_t)256 << 20);
    base = loop_open(&why);
    test_pieces();
    test_bound();
    test_expect();
    test_gone();
    test_send();
    test_together();
    test_forgets();
    test_wait();
    test_reader();
    test_descriptors();
    event_base_free(base);
    arena_release(&arena);
    return tap_done();
}
