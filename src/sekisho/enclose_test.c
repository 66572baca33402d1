/* Which attachments are asked about, and what becomes of answers, the worst too: a process of the test plays the opener. */
#define SK_BASE
#include "sekisho/enclose.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

static const struct letter *
letter_with(size_t attachments, const char *text)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, "From: a@sender.example\nContent-Type: multipart/mixed; boundary=b\n\n"
                    "--b\nContent-Type: text/plain\n\n");
    writer_text(&w, text);
    for (size_t i = 0; i < attachments; i++) {
        writer_format(
            &w, "\n--b\nContent-Type: application/pdf; name=\"%zu.pdf\"\n\n%%PDF-1.4", i);
    }
    writer_text(&w, "\n--b--\n");
    return letter_read(&arena, writer_view(&w));
}

static void
test_which(void)
{
    static const struct {
        const char *head, *body;
        size_t questions, told;
    } rows[] = {
        {"text/plain", "words", 0, 0},
        {"text/html", "<p>words", 0, 0},
        {"text/html; name=a.html", "<p>words", 0, 1},
        {"text/plain; name=a.txt", "words", 0, 1},
        {"text/plain; name=a.txt", "%PDF-1.4", 1, 1},
        {"application/octet-stream", "words", 1, 1},
        {"image/png", "\x89PNG\r\n\x1a\n", 1, 1},
        {"audio/mpeg", "ID3 and so on", 0, 1},
        {"application/pgp-signature", "-----BEGIN PGP", 0, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct writer w;
        writer_init(&w, &arena);
        writer_format(&w, "Content-Type: %s\n\n%s", rows[i].head, rows[i].body);
        struct enclosing *e =
            enclosing_new(&arena, letter_read(&arena, writer_view(&w)), true);
        const struct enclosures *all = enclosing_end(e);
        tap_ok(enclosing_count(e) == rows[i].questions && all->count == rows[i].told,
               "row %zu, %s: %zu questions, %zu told of", i, rows[i].head,
               rows[i].questions, rows[i].told);
    }
}

static void
test_bounds(void)
{
    for (size_t past = 0; past < 2; past++) {
        struct enclosing *e =
            enclosing_new(&arena, letter_with(LIMIT_OPENINGS + past, "x"), true);
        const struct enclosures *all = enclosing_end(e);
        tap_ok(enclosing_count(e) == LIMIT_OPENINGS && all->count == LIMIT_OPENINGS + past,
               "%zu attachments: %d are asked about, all are told of",
               LIMIT_OPENINGS + past, LIMIT_OPENINGS);
        bool unopened = true;
        for (size_t i = 0; i < all->count; i++) {
            unopened = unopened && (all->list[i].facts & FACT_UNOPENED) != 0;
        }
        tap_ok(unopened, "where nobody answers, it is said that nobody looked");
        e = enclosing_new(&arena, letter_with(LIMIT_ENCLOSURES + past, "x"), true);
        all = enclosing_end(e);
        tap_ok(all->count == LIMIT_ENCLOSURES && all->dropped == past,
               "%zu attachments: %zu are counted only", LIMIT_ENCLOSURES + past, past);
    }
}

static void
test_bytes(void)
{
    static const char head[] = "Content-Type: application/pdf\n\n";
    size_t size = sizeof head - 1 + LIMIT_OPENING_BYTES + 1;
    uint8_t *raw = arena_take_bytes(&arena, size);

    memset(raw, 'x', size);
    memcpy(raw, head, sizeof head - 1);
    for (size_t past = 0; past < 2; past++) {
        const struct letter *letter = letter_read(&arena, bytes_of(raw, size - 1 + past));
        struct enclosing *e = enclosing_new(&arena, letter, true);
        tap_ok(enclosing_count(e) == 1 - past &&
                   (enclosing_end(e)->list[0].facts & FACT_LIMIT_BYTES) ==
                       (past ? FACT_LIMIT_BYTES : 0),
               "%zu bytes of attachments: %s", LIMIT_OPENING_BYTES + past,
               past ? "one too many" : "asked about");
    }
}

static void
test_full(void)
{
    const struct letter *letter = letter_with(900, "x");
    struct arena small;

    arena_init(&small, ARENA_BLOCK_SIZE);
    (void)arena_take_bytes(&small, ARENA_BLOCK_SIZE / 2);
    tap_ok(enclosing_new(&small, letter, true) == NULL,
           "an arena that is full is no crash");
    arena_release(&small);
}

/* --- answers ---------------------------------------------------------------------------------------------------- */

enum play {
    PLAY_GOOD,
    PLAY_SO_FAR,
    PLAY_MANY,
    PLAY_LONG,
    PLAY_NOISE,
    PLAY_NOTHING,
    PLAY_MEMORY,
    PLAY_LIES,
    PLAY_HANG
};

static void
play_answer(int stream, enum play play, const struct opening *asked)
{
    struct enclosure list[2] = {
        {.path = asked->name, .is = attachment_type_find(BYTES("pdf"))},
        {.path = BYTES("x > y"), .facts = FACT_RUNS, .depth = 1}};
    struct bytes link = BYTES("https://example.com/");
    enum enclosed_link place = ENCLOSED_LINK_PDF;
    struct opened o = {.list = list,
                       .count = 2,
                       .text = asked->password_count > 0 ? asked->passwords[0]
                                                         : BYTES("its text"),
                       .links = &link,
                       .link_places = &place,
                       .link_count = 1};
    struct writer w;
    struct why why;

    writer_init(&w, &arena);
    if (play == PLAY_GOOD || play == PLAY_SO_FAR) {
        opened_write(&o, &w);
        (void)!frame_send_now(stream, play == PLAY_GOOD ? OPENED_DONE : OPENED_SO_FAR, 0,
                              writer_view(&w), 1000, &why);
    } else if (play == PLAY_MANY) { /* the last one that is heard, and one more */
        for (size_t i = 1; i <= LIMIT_OPENED_ANSWERS + 1; i++) {
            o.text = i <= LIMIT_OPENED_ANSWERS ? BYTES("heard") : BYTES("too many");
            writer_init(&w, &arena);
            opened_write(&o, &w);
            (void)!frame_send_now(stream, OPENED_SO_FAR, 0, writer_view(&w), 1000, &why);
        }
    } else if (play == PLAY_LONG) {
        uint8_t *x = arena_take_bytes(&arena, OPENED_MOST + 1);
        memset(x, 0, OPENED_MOST + 1);
        (void)!frame_send_now(stream, OPENED_DONE, 0, bytes_of(x, OPENED_MOST + 1), 1000,
                              &why);
    } else if (play == PLAY_NOISE) {
        (void)!frame_send_now(stream, OPENED_DONE, 0, BYTES("noise and more noise"), 1000,
                              &why);
    } else if (play == PLAY_MEMORY || play == PLAY_LIES) {
        frame_put_number(&w, play == PLAY_MEMORY ? FACT_LIMIT_MEMORY : ~(uint64_t)0);
        (void)!frame_send_now(stream, OPENED_FAILED, 0, writer_view(&w), 1000, &why);
    } else if (play == PLAY_HANG) {
        sleep(30);
    }
}

__attribute__((noreturn)) static void
play_opener(int channel, enum play play)
{
    struct opening asked;
    struct bytes payload;
    uint32_t type;
    uint64_t token;
    int stream;
    struct why why;

    for (;;) {
        enum sk_code code = frame_receive_fd(channel, &type, &token, &stream, &why);
        if (code == SK_MORE) {
            usleep(1000);
            continue;
        }
        if (code != SK_OK) {
            _exit(0);
        }
        if (frame_wait(&arena, stream, 1000, &type, &token, &payload, &why) == SK_OK &&
            type == OPENED_ASK && opening_read(payload, &asked) == SK_OK) {
            play_answer(stream, play, &asked);
        }
        close(stream);
    }
}

static const struct enclosures *
played(enum play play, bool passwords)
{
    struct enclosing *e =
        enclosing_new(&arena, letter_with(1, "the password is abc123"), passwords);
    int pair[2];

    (void)!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        play_opener(pair[1], play);
    }
    close(pair[1]);
    enclose_now(e, pair[0], 300);
    close(pair[0]);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return enclosing_end(e);
}

static void
test_answers(void)
{
    const struct enclosures *all = played(PLAY_GOOD, false);

    tap_ok(all->count == 2 && all->list[0].facts == 0 && all->list[1].facts == FACT_RUNS &&
               bytes_is(all->text, "its text") && all->link_count == 1 &&
               bytes_is(all->links[0].host, "example.com"),
           "an answer: files, text and a link with its host");
    all = played(PLAY_GOOD, true);
    tap_ok(bytes_is(all->text, "abc123"), "a password that the text tells goes along");
    all = played(PLAY_SO_FAR, false);
    tap_ok(all->count == 2 && (all->list[0].facts & FACT_UNOPENED) != 0 &&
               bytes_is(all->text, "its text"),
           "one that died: what it told before counts, and that it did not end");
    all = played(PLAY_MANY, false);
    tap_ok(bytes_is(all->text, "heard"), "%d answers are heard, and not one more",
           LIMIT_OPENED_ANSWERS);
    all = played(PLAY_LONG, false);
    tap_ok(all->count == 1 && (all->list[0].facts & FACT_UNOPENED) != 0,
           "one longer than an answer can be");
    all = played(PLAY_NOISE, false);
    tap_ok(all->count == 1 && (all->list[0].facts & FACT_UNOPENED) != 0, "noise");
    all = played(PLAY_NOTHING, false);
    tap_ok(all->count == 1 && (all->list[0].facts & FACT_UNOPENED) != 0, "nothing");
    all = played(PLAY_MEMORY, false);
    tap_ok((all->list[0].facts & FACT_LIMIT_MEMORY) != 0, "its memory was full");
    all = played(PLAY_LIES, false);
    tap_ok((all->list[0].facts & ~(FACT_UNOPENED | FACT_LIMIT_TIME | FACT_LIMIT_MEMORY)) ==
               0,
           "what a failure cannot be is not believed");
    int64_t began_ms = clock_monotonic_ms();
    all = played(PLAY_HANG, false);
    tap_ok((all->list[0].facts & FACT_UNOPENED) != 0 &&
               clock_monotonic_ms() - began_ms < 10000,
           "one that hangs is not waited for");
    struct enclosing *e = enclosing_new(&arena, letter_with(1, "x"), false);
    enclose_now(e, -1, 300);
    tap_ok((enclosing_end(e)->list[0].facts & FACT_UNOPENED) != 0, "nobody to be asked");
}

int
main(void)
{
    signal(SIGPIPE, SIG_IGN);
    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    test_which();
    test_bounds();
    test_bytes();
    test_full();
    test_answers();
    arena_release(&arena);
    return tap_done();
}
