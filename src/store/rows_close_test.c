/* Days that are closed, damaged, lost, and made again. */
#include "store/rows_packed.h"

#include "base/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* 2025-06-01T00:00:00+09:00, long over */
#define MIDNIGHT ((int64_t)1748703600000)
#define DAY      ((int64_t)86400000)
#define EVENTS   400

static struct arena arena;
static char folder[64];
static struct why why;

__attribute__((format(printf, 1, 2))) static bool
shell(const char *format, ...)
{
    char command[512];
    va_list values;

    va_start(values, format);
    vsnprintf(command, sizeof(command), format, values);
    va_end(values);
    return system(command) == 0;
}

static struct rows_event
event_make(uint64_t index)
{
    char text[64];
    int size = snprintf(text, sizeof(text), "0Kx%017llu", (unsigned long long)index);
    struct bytes id = bytes_copy(&arena, bytes_of(text, (size_t)size));

    size = snprintf(text, sizeof(text), "本文 %llu 号 rare%llu", (unsigned long long)index,
                    (unsigned long long)index);
    return (struct rows_event){
        .place = {index, 0, index * 100},
        .id = id,
        .time_ms = MIDNIGHT + (int64_t)(index % 2) * DAY + (int64_t)index,
        .action = index % 50 == 0 ? BYTES("hold") : BYTES("accept"),
        .category = BYTES("ham"),
        .sender = BYTES("Spam@example.com"),
        .recipients = BYTES("hanako@example.jp, Taro@example.jp"),
        .subject = BYTES("請求書の件について"),
        .text = bytes_copy(&arena, bytes_of(text, (size_t)size)),
        .client = BYTES("192.0.2.1"),
        .size = 1000,
    };
}

static struct rows *
open_rows(void)
{
    struct rows *rows = NULL;

    if (rows_open(&arena, folder, 540, &rows, &why) != SK_OK) {
        tap_ok(false, "open: %s", why.sentence);
        exit(tap_done());
    }
    return rows;
}

/* Two days of rows; even numbers on the first. */
static void
fill(struct rows *rows)
{
    bool good = true;

    for (uint64_t i = 0; i < EVENTS; i++) {
        struct rows_event event = event_make(i);
        good = good && rows_put_event(rows, &event, &why) == SK_OK;
    }
    tap_ok(good && rows_commit(rows, &why) == SK_OK &&
               rows_settle(rows, EVENTS, &why) == SK_OK,
           "two days of rows");
}

/* As the vault does it, from rows in place of a journal. */
static bool
make_again(struct rows *rows)
{
    bool good = true;

    rows_again_begin(rows);
    for (uint64_t i = 0; i < EVENTS; i++) {
        struct rows_event event = event_make(i);
        if (rows_wants(rows, event.time_ms)) {
            good = good && rows_put_event(rows, &event, &why) == SK_OK;
        }
    }
    return good && rows_commit(rows, &why) == SK_OK && rows_again_end(rows, &why) == SK_OK;
}

static struct rows_found found;

static size_t
hits(const struct rows_query *wanted)
{
    struct rows_query query = *wanted;

    query.most = 1000;
    if (rows_search(&arena, folder, &query, &found, &why) != SK_OK) {
        tap_ok(false, "search: %s", why.sentence);
        return SIZE_MAX;
    }
    return found.count;
}

#define WORDS(text) hits(&(struct rows_query){.words = BYTES(text)})
#define ALL         hits(&(struct rows_query){0})

static const char *
path_of(const char *name)
{
    static char path[2][128];
    static unsigned turn;

    turn ^= 1;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
    return path[turn];
}

static bool
is_there(const char *name)
{
    return access(path_of(name), F_OK) == 0;
}

static int64_t
size_of(const char *name)
{
    struct stat status;

    return stat(path_of(name), &status) == 0 ? (int64_t)status.st_size : -1;
}

static enum sk_code
close_days(struct rows *rows, int64_t now_ms)
{
    enum sk_code code = SK_MORE;

    for (unsigned i = 0; i < 10000 && code == SK_MORE; i++) {
        code = rows_work(rows, now_ms, &why);
    }
    return code;
}

#define FIRST  "events-2025-06-01"
#define SECOND "events-2025-06-02"

static void
test_answers(const char *when)
{
    tap_ok(ALL == EVENTS && found.unread.size == 0, "%s: all rows", when);
    tap_ok(WORDS("請求書") == EVENTS && WORDS("rare124") == 1 && WORDS("rare125") == 1 &&
               WORDS("龍") == 0,
           "%s: words", when);
    tap_ok(hits(&(struct rows_query){.sender = BYTES("spam@example.com")}) == EVENTS &&
               hits(&(struct rows_query){.sender = BYTES("pam@ex")}) == EVENTS &&
               hits(&(struct rows_query){.recipient = BYTES("taro@example.jp")}) == EVENTS,
           "%s: addresses, whole and in part", when);
    tap_ok(hits(&(struct rows_query){.action = BYTES("hold")}) == EVENTS / 50 &&
               hits(&(struct rows_query){.client = BYTES("192.0.2.1")}) == EVENTS &&
               hits(&(struct rows_query){.client = BYTES("192.0.2.2")}) == 0,
           "%s: exact values", when);
}

static void
test_close(void)
{
    struct rows *rows = open_rows();
    struct rows_outcome *outcomes;
    size_t count;

    fill(rows);
    int64_t before = size_of(FIRST ".db");
    tap_ok(close_days(rows, MIDNIGHT + DAY + 3 * 3600000 - 1) == SK_OK &&
               is_there(FIRST ".db"),
           "three hours after midnight less a moment the day is open");
    tap_ok(close_days(rows, MIDNIGHT + DAY + 3 * 3600000) == SK_OK &&
               !is_there(FIRST ".db") && !is_there(FIRST ".db-wal") &&
               is_there(FIRST ".rows") && is_there(SECOND ".db"),
           "then it is closed, and today is not");
    tap_ok(size_of(FIRST ".rows") < before / 2, "it is smaller: %lld of %lld",
           (long long)size_of(FIRST ".rows"), (long long)before);
    test_answers("closed");
    struct rows_event late = event_make(0);
    struct rows_outcome outcome = {{EVENTS, 0, 1}, late.id, late.time_ms};
    tap_ok(rows_put_outcome(rows, &outcome, &why) == SK_OK &&
               rows_commit(rows, &why) == SK_OK && is_there(FIRST ".rows"),
           "a late outcome does not open it");
    tap_ok(rows_outcomes(&arena, folder, late.id, &outcomes, &count, &why) == SK_OK &&
               count == 1,
           "and is found");
    late.place.index = EVENTS + 1;
    late.text = BYTES("zuspaet");
    tap_ok(rows_put_event(rows, &late, &why) == SK_OK && rows_commit(rows, &why) == SK_OK &&
               is_there(FIRST ".db") && !is_there(FIRST ".rows") && WORDS("zuspaet") == 1 &&
               ALL == EVENTS + 1,
           "a late row opens it again");
    tap_ok(close_days(rows, MIDNIGHT + 3 * DAY) == SK_OK && is_there(FIRST ".rows") &&
               is_there(SECOND ".rows") && WORDS("zuspaet") == 1,
           "and it is closed again");
    rows_close(rows);
    rows = open_rows();
    tap_ok(!rows_wanting(rows) && rows_trouble(rows) == NULL,
           "opened anew nothing is amiss");
    rows_close(rows);
}

static void
test_interrupted(void)
{
    struct rows *rows;

    shell("rm -rf %s", folder);
    rows = open_rows();
    fill(rows);
    for (unsigned i = 0; i < 3; i++) {
        if (rows_work(rows, MIDNIGHT + 3 * DAY, &why) != SK_MORE) {
            break;
        }
    }
    struct rows_event late = event_make(2);
    late.place.index = EVENTS + 5;
    tap_ok(rows_put_event(rows, &late, &why) == SK_OK && rows_commit(rows, &why) == SK_OK &&
               ALL == EVENTS + 1,
           "a row that comes while its day is being closed");
    tap_ok(close_days(rows, MIDNIGHT + 3 * DAY) == SK_OK && ALL == EVENTS + 1,
           "is closed with it");
    rows_close(rows);
    /* A crash between the two steps of putting a closed day in its place. */
    tap_ok(shell("cp %s/" FIRST ".rows %s/x && touch %s/" SECOND ".rows.new", folder,
                 folder, folder),
           "a crash");
    rows = open_rows();
    late.place.index = EVENTS + 7;
    tap_ok(rows_put_event(rows, &late, &why) == SK_OK && rows_commit(rows, &why) == SK_OK,
           "an open day");
    rows_close(rows);
    tap_ok(shell("mv %s/x %s/" FIRST ".rows", folder, folder) && ALL == EVENTS + 2,
           "of both files the open one counts");
    rows = open_rows();
    tap_ok(!is_there(FIRST ".rows") && ALL == EVENTS + 2, "and the next start clears up");
    rows_close(rows);
}

static void
fresh(bool closed)
{
    struct rows *rows;

    shell("rm -rf %s", folder);
    rows = open_rows();
    fill(rows);
    if (closed) {
        tap_ok(close_days(rows, MIDNIGHT + DAY + DAY / 2) == SK_OK, "the first is closed");
    }
    rows_close(rows);
}

/* What was done to a file; then everything is there again, and in between the other day answers. */
static void
expect_healed(const char *what, const char *first)
{
    struct rows *rows = open_rows();
    bool told = rows_trouble(rows) != NULL, wanted = rows_wanting(rows);
    size_t before = ALL;
    bool said = found.unread.size > 0;

    tap_ok(wanted && told && said && before >= EVENTS / 2 && is_there(first),
           "%s: told, set aside, and the other day answers (%zu)", what, before);
    tap_ok(make_again(rows) && !rows_wanting(rows) && rows_trouble(rows) == NULL,
           "%s: made again", what);
    test_answers(what);
    rows_close(rows);
}

static void
scribble(const char *name, int64_t at, size_t size)
{
    int file = open(path_of(name), O_WRONLY);
    uint8_t noise[4096];

    memset(noise, 0xa5, sizeof(noise));
    bool good = file >= 0 && pwrite(file, noise, size, (off_t)at) == (ssize_t)size;
    close(file);
    tap_ok(good, "%s is scribbled on at %lld", name, (long long)at);
}

static void
test_damage(void)
{
    fresh(false);
    scribble(FIRST ".db", 0, 100);
    expect_healed("no database", FIRST ".db.damaged");
    fresh(false);
    scribble(FIRST ".db", 4096, 4096);
    expect_healed("a page of noise", FIRST ".db.damaged");
    fresh(false);
    scribble(FIRST ".db", size_of(FIRST ".db") / 8192 * 4096, 4096);
    expect_healed("noise in the middle", FIRST ".db.damaged");
    fresh(false);
    tap_ok(truncate(path_of(FIRST ".db"), size_of(FIRST ".db") / 2) == 0, "cut in half");
    expect_healed("cut short", FIRST ".db.damaged");
    fresh(true);
    scribble(FIRST ".rows", 10, 8);
    expect_healed("a closed day's head", FIRST ".rows.damaged");
    fresh(true);
    scribble(FIRST ".rows", 70, 200);
    expect_healed("a closed day's first block", FIRST ".rows.damaged");
    fresh(true);
    scribble(FIRST ".rows", size_of(FIRST ".rows") - 20, 8);
    expect_healed("a closed day's list", FIRST ".rows.damaged");
    fresh(true);
    tap_ok(truncate(path_of(FIRST ".rows"), size_of(FIRST ".rows") / 2) == 0,
           "cut in half");
    expect_healed("a closed day cut short", FIRST ".rows.damaged");
}

/* Damage that only reading finds. */
static void
test_deep_damage(void)
{
    fresh(true);
    scribble(FIRST ".rows", size_of(FIRST ".rows") / 2, 64);
    size_t count = ALL;
    tap_ok(count >= EVENTS / 2 && count <= EVENTS,
           "a block in the middle: the rest answers");
    tap_ok(count == EVENTS || found.unread.size > 0, "and what could not be read is named");
}

static void
test_lost(void)
{
    fresh(false);
    tap_ok(unlink(path_of(FIRST ".db")) == 0, "a day's file is deleted, the mark is not");
    struct rows *rows = open_rows();
    tap_ok(rows_wanting(rows), "it is missed");
    rows_close(rows);
    rows = open_rows();
    tap_ok(rows_wanting(rows) && make_again(rows), "also after a crash, and made again");
    test_answers("lost");
    rows_close(rows);
    /* The log is gone and with it the last rows, though the mark says that they are on disk. */
    fresh(false);
    FILE *mark = fopen(path_of("rows.mark"), "w");
    tap_ok(mark != NULL && fputs("1000\n2025-06-01 999\n2025-06-02 399\n", mark) >= 0 &&
               fclose(mark) == 0,
           "a mark that knows of later rows");
    expect_healed("the last rows lost", FIRST ".db.damaged");
}

static void
test_renew(void)
{
    struct rows *rows;

    fresh(true);
    rows = open_rows();
    tap_ok(rows_renew(rows, MIDNIGHT, &why) == SK_OK && !is_there(FIRST ".rows") &&
               ALL == EVENTS / 2 && found.unread.size > 0,
           "a day that is to lose something is gone at once, and that is said");
    tap_ok(make_again(rows) && ALL == EVENTS && !is_there(FIRST ".rows.damaged"),
           "and made again");
    rows_close(rows);
}

/* Rows of the version before are made again. */
static void
test_version(void)
{
    sqlite3 *database;

    fresh(false);
    tap_ok(sqlite3_open(path_of(FIRST ".db"), &database) == SQLITE_OK &&
               sqlite3_exec(database, "PRAGMA user_version=0", NULL, NULL, NULL) ==
                   SQLITE_OK,
           "a file of another version");
    sqlite3_close(database);
    struct rows *rows = open_rows();
    tap_ok(rows_wanting(rows) && rows_trouble(rows) == NULL && make_again(rows),
           "is made again without a complaint");
    test_answers("upgraded");
    rows_close(rows);
}

static void
test_deadline(void)
{
    struct rows_query query = {.words = BYTES("zz"), .most = 10, .within_ms = 1};

    tap_ok(rows_search(&arena, folder, &query, &found, &why) == SK_OK && found.count == 0,
           "a search with a bound of time ends");
}

static void
test_full_disk(void)
{
    struct rows *rows;
    enum sk_code code = SK_OK;
    uint64_t put = 0;

    shell("rm -rf %s; mkdir %s", folder, folder);
    if (geteuid() != 0 || mount("none", folder, "tmpfs", 0, "size=2m") != 0) {
        tap_skip("a full disk: needs root and tmpfs");
        return;
    }
    rows = open_rows();
    for (; put < 20000 && code == SK_OK; put++) {
        struct rows_event event = event_make(put);
        code = rows_put_event(rows, &event, &why);
        if (code == SK_OK && put % 100 == 99) {
            code = rows_commit(rows, &why);
        }
    }
    tap_ok(code == SK_LATER && put < 20000, "on a full disk rows wait: %s", why.sentence);
    rows_forget(rows);
    tap_ok(!rows_wanting(rows), "which is no damage");
    umount2(folder, MNT_DETACH);
    rows_close(rows);
}

static void
test_read_only(void)
{
    struct rows *rows;
    struct rows_event event = event_make(1);

    fresh(false);
    if (geteuid() != 0 || mount(folder, folder, "none", MS_BIND, NULL) != 0 ||
        mount("none", folder, "none", MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) != 0) {
        umount2(folder, MNT_DETACH);
        tap_skip("a read-only disk: needs root");
        return;
    }
    tap_ok(ALL == EVENTS, "a read-only disk can be searched");
    rows = open_rows();
    event.place.index = 5000;
    tap_ok(rows_put_event(rows, &event, &why) != SK_OK && !rows_wanting(rows),
           "and not written: %s", why.sentence);
    rows_close(rows);
    umount2(folder, MNT_DETACH);
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    snprintf(folder, sizeof(folder), "/tmp/rows-close-test-%d", (int)getpid());
    test_close();
    test_interrupted();
    test_damage();
    test_deep_damage();
    test_lost();
    test_renew();
    test_version();
    test_deadline();
    test_full_disk();
    test_read_only();
    tap_ok(shell("rm -rf %s", folder), "cleared away");
    arena_release(&arena);
    return tap_done();
}
