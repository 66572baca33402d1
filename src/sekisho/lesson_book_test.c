/* Lessons on disk: kept, taken back, folded, and what a crash leaves. */
#define SK_BASE
#include "sekisho/lesson_book.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tap.h"
#include "base/writer.h"
#include "sekisho/settings.h"

static struct arena arena;
static char folder[] = "/tmp/lesson-book-XXXXXX";
static const struct config *config;
static struct why why;

static struct lesson_book *
opened(void)
{
    struct lesson_book *b = NULL;
    enum sk_code code = lesson_book_open(&arena, config, &b, &why);

    if (code != SK_OK) {
        fprintf(stderr, "# %s\n", why.sentence);
    }
    return b;
}

static void
test_weights(void)
{
    static const struct {
        uint32_t agreed, disagreed; /* voices */
        double weight;
    } rows[] = {{0, 0, 0.5}, {2, 0, 0.6}, {100, 0, 0.96}, {0, 1, 0.33},
                {0, 4, 0},   {0, 100, 0}, {50, 50, 0.04}};

    tap_ok(reporter_weight(NULL) == 2, "the operator counts two");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct reporter r = {.agreed = rows[i].agreed * 16,
                                   .disagreed = rows[i].disagreed * 16};
        double weight = reporter_weight(&r);
        tap_ok(weight > rows[i].weight - 0.01 && weight < rows[i].weight + 0.01,
               "agreed with %u times, contradicted %u times: %.2f", rows[i].agreed,
               rows[i].disagreed, weight);
    }
}

static struct lesson_entry
entry_of(uint8_t message, uint8_t reporter, uint32_t flags)
{
    struct lesson_entry e = {.time_ms = 1, .flags = flags};

    memset(e.message, message, sizeof e.message);
    memset(e.reporter, reporter, sizeof e.reporter);
    return e;
}

static size_t
add(struct lesson_book *b, uint8_t message, uint8_t reporter, uint32_t flags,
    struct bytes text)
{
    struct lesson_entry e = entry_of(message, reporter, flags);
    size_t at = SIZE_MAX;

    SK_ASSERT(lesson_book_add(b, &e, text, &at, &why) == SK_OK);
    return at;
}

static void
test_keeping(void)
{
    struct lesson_book *b = opened();
    struct bytes text;
    struct stat status;
    uint8_t most[LESSON_PLACE];

    memset(most, 'x', sizeof most);
    SK_ASSERT(b != NULL);
    size_t first = add(b, 1, 1, LESSON_SPAM, BYTES("first words")),
           second = add(b, 1, 2, 0, BYTES("second words"));
    tap_ok(b->count == 2 && b->entries[first].id == 1 && b->entries[second].id == 2,
           "numbered from one on");
    tap_ok(lesson_book_text(&arena, b, second, &text, &why) == SK_OK &&
               bytes_is(text, "second words"),
           "what was taught can be read");
    struct lesson_entry e = entry_of(9, 9, 0);
    size_t at;
    tap_ok(lesson_book_add(b, &e, bytes_of(most, LESSON_PLACE - 28), &at, &why) == SK_OK &&
               lesson_book_text(&arena, b, at, &text, &why) == SK_OK &&
               text.size == LESSON_PLACE - 28,
           "a lesson as large as its place");
    tap_ok(lesson_book_add(b, &e, bytes_of(most, LESSON_PLACE - 27), &at, &why) == SK_LIMIT,
           "one byte more has no room");
    b->entries[first].taught = 7;
    SK_ASSERT(lesson_book_put(b, first, &why) == SK_OK);
    struct reporter *r = lesson_book_reporter_made(b, b->entries[first].reporter);
    r->agreed = 32;
    SK_ASSERT(lesson_book_put_reporter(b, r, &why) == SK_OK &&
              lesson_book_stale(b, true, &why) == SK_OK);
    lesson_book_close(b);

    b = opened();
    tap_ok(b != NULL && b->count == 3 && b->entries[0].taught == 7 && b->next_id == 4 &&
               b->stale && b->reporter_count == 1 && b->reporters[0].agreed == 32,
           "opened again: all of it is there");
    tap_ok(lesson_book_text(&arena, b, 0, &text, &why) == SK_OK &&
               bytes_is(text, "first words"),
           "and can be read");
    SK_ASSERT(lesson_book_erase(b, 0, &why) == SK_OK);
    tap_ok(lesson_book_text(&arena, b, 0, &text, &why) == SK_BAD, "erased: no more");
    tap_ok(fstat(b->book, &status) == 0 && (status.st_mode & 0777) == 0600, "of mode 0600");
    /* One's text in another's place. */
    uint8_t place[LESSON_PLACE];
    off_t step = 136 + LESSON_PLACE, head = 40;
    SK_ASSERT(pread(b->book, place, sizeof place, head + step + 136) ==
                  (ssize_t)sizeof place &&
              pwrite(b->book, place, sizeof place, head + 2 * step + 136) ==
                  (ssize_t)sizeof place);
    tap_ok(lesson_book_text(&arena, b, 2, &text, &why) == SK_BAD,
           "one's text in another's place is none");
    SK_ASSERT(fstat(b->book, &status) == 0 &&
              ftruncate(b->book, status.st_size - 5200) == 0);
    lesson_book_close(b);
    b = opened();
    tap_ok(b != NULL && b->count == 2, "an entry that was cut off is not there");
    lesson_book_close(b);
}

static void
test_voices(void)
{
    struct lesson_book *b = opened();
    size_t taught;
    bool any;

    const uint8_t *message = b->entries[1].message;
    double net = lesson_book_net(b, message, &taught, &any);
    tap_ok(any && taught == 0 && net > 0.05 && net < 0.15,
           "unwanted says one who was agreed with, wanted one who is unknown: %.2f", net);
    b->entries[0].flags |= LESSON_UNDONE;
    net = lesson_book_net(b, message, &taught, &any);
    tap_ok(any && net == -0.5, "without the first: %.2f", net);
    add(b, 1, 0, LESSON_SPAM, BYTES("the operator's"));
    net = lesson_book_net(b, b->entries[1].message, &taught, &any);
    tap_ok(net == 1.5, "the operator outweighs: %.2f", net);
    (void)lesson_book_net(b, (const uint8_t[HASH_SHA256_SIZE]){77}, &taught, &any);
    tap_ok(!any && taught == SIZE_MAX, "of a message nobody spoke about nothing is said");
    lesson_book_close(b);
}

static void
test_bounds(void)
{
    static bool keep[LIMIT_LESSONS];
    struct lesson_book *b = opened();
    struct lesson_entry e = entry_of(3, 3, 0);
    struct bytes text;
    size_t at;

    while (b->count < LIMIT_LESSONS) {
        e = entry_of(3, 3, 0);
        e.time_ms = (int64_t)b->count;
        SK_ASSERT(lesson_book_add(b, &e, BYTES("words"), &at, &why) == SK_OK);
    }
    tap_ok(b->count == LIMIT_LESSONS, "LIMIT_LESSONS are kept");
    tap_ok(lesson_book_add(b, &e, BYTES("words"), &at, &why) == SK_LIMIT,
           "one more has no room");
    for (size_t i = LIMIT_LESSONS / 4; i < LIMIT_LESSONS; i++) {
        keep[i] = true;
    }
    uint64_t id = b->entries[LIMIT_LESSONS / 4].id;
    tap_ok(lesson_book_keep(b, keep, 5, &why) == SK_OK &&
               b->count == LIMIT_LESSONS - LIMIT_LESSONS / 4 && b->entries[0].id == id &&
               lesson_book_text(&arena, b, 0, &text, &why) == SK_OK &&
               bytes_is(text, "words"),
           "the oldest quarter is let go");
    lesson_book_close(b);
    b = opened();
    tap_ok(b->count == LIMIT_LESSONS - LIMIT_LESSONS / 4 && b->base == 5 &&
               b->entries[0].id == id,
           "on disk too, with the base it belongs to");
    uint8_t name[HASH_SHA256_SIZE] = {0};
    for (uint32_t i = 0; i <= LIMIT_REPORTERS; i++) {
        memcpy(name, &i, sizeof i);
        name[8] = 1;
        lesson_book_reporter_made(b, name)->last_ms = (int64_t)i + 1;
    }
    uint32_t last = LIMIT_REPORTERS;
    memcpy(name, &last, sizeof last);
    tap_ok(b->reporter_count == LIMIT_REPORTERS && lesson_book_reporter(b, name) != NULL,
           "LIMIT_REPORTERS are known; the longest quiet one gave way to one more");
    lesson_book_close(b);
    int fd = openat(open(folder, O_RDONLY | O_DIRECTORY), "record/lessons/book", O_RDWR);
    SK_ASSERT(fd >= 0 && pwrite(fd, "XX", 2, 0) == 2);
    close(fd);
    b = opened();
    tap_ok(b == NULL && why.code == SK_BAD, "a book of another version is not read");
}

/* A book of before, whose entries know no groups: made of one of today by taking those away. */
static void
test_before(void)
{
    static uint8_t place[LESSON_PLACE];
    struct lesson_entry e = entry_of(7, 8, LESSON_SPAM);
    struct bytes text;
    uint8_t head[40];
    size_t at, count;
    struct lesson_book *b = opened();

    SK_ASSERT(b != NULL && lesson_book_add(b, &e, BYTES("its words"), &at, &why) == SK_OK);
    count = b->count;
    uint64_t next = b->next_id;
    int old = openat(b->folder, "old", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    SK_ASSERT(old >= 0 && pread(b->book, head, sizeof head, 0) == sizeof head);
    memcpy(head, "SKLESS01", 8);
    SK_ASSERT(write(old, head, sizeof head) == sizeof head);
    for (size_t i = 0; i < count; i++) {
        off_t from = (off_t)(sizeof head + i * (sizeof e + sizeof place));
        SK_ASSERT(
            pread(b->book, &e, sizeof e, from) == sizeof e &&
            pread(b->book, place, sizeof place, from + (off_t)sizeof e) == sizeof place &&
            write(old, &e, 136) == 136 && write(old, place, sizeof place) == sizeof place);
    }
    SK_ASSERT(write(old, place, 100) == 100 && /* a crash's */
              renameat(b->folder, "old", b->folder, "book") == 0 && close(old) == 0);
    lesson_book_close(b);
    for (int i = 0; i < 2; i++) {
        b = opened();
        tap_ok(b != NULL && b->count == count && b->next_id == next &&
                   b->entries[at].reporter[3] == 8 && b->entries[at].group == 0 &&
                   lesson_book_text(&arena, b, at, &text, &why) == SK_OK &&
                   bytes_is(text, "its words"),
               i == 0 ? "a book of before is taken over" : "once");
        lesson_book_close(b);
    }
}

int
main(void)
{
    struct writer w;

    arena_init(&arena, 512u << 20);
    SK_ASSERT(mkdtemp(folder) != NULL);
    writer_init(&w, &arena);
    writer_format(&w, "[record]\nfolder = %s/record\nkeys = %s/keys\n", folder, folder);
    SK_ASSERT(settings_config(&arena, writer_view(&w), &config, &why) == SK_OK);
    writer_init(&w, &arena);
    writer_format(&w, "%s/record", folder);
    SK_ASSERT(mkdir(writer_c(&w), 0700) == 0);
    test_weights();
    test_keeping();
    test_voices();
    test_before();
    test_bounds();
    writer_init(&w, &arena);
    writer_format(&w, "rm -rf %s", folder);
    (void)!system(writer_c(&w));
    arena_release(&arena);
    return tap_done();
}
