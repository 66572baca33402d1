#include "store/rows_erase.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;
static char folder[64];

/* 2026-11-22T09:00:00Z */
#define MORNING ((int64_t)1795338000000)

static void
put(struct rows *rows, uint64_t index, const char *subject, const char *text)
{
    struct why why;
    char id[20];

    snprintf(id, sizeof(id), "id-%llu", (unsigned long long)index);
    struct rows_event event = {.place = {index, 0, index * 100},
                               .id = bytes_from_text(id),
                               .time_ms = MORNING + (int64_t)index,
                               .action = BYTES("accept"),
                               .category = BYTES("phishing"),
                               .sender = BYTES("sender@example.com"),
                               .recipients = BYTES("hanako@example.jp"),
                               .subject = bytes_from_text(subject),
                               .text = bytes_from_text(text),
                               .size = 10,
                               .unwanted = .75};
    if (rows_put_event(rows, &event, &why) != SK_OK) {
        tap_ok(false, "put: %s", why.sentence);
    }
}

static size_t
hits(struct rows_query query)
{
    struct rows_found found;
    struct why why;

    query.most = 5000;
    return rows_search(&arena, folder, &query, &found, &why) == SK_OK ? found.count
                                                                      : SIZE_MAX;
}

/* Whether any raw file of the folder holds the text. */
static bool
residue(const char *text)
{
    char command[200];

    snprintf(command, sizeof(command), "grep -rqaF '%s' %s", text, folder);
    return system(command) == 0;
}

static enum sk_code
clean(const int64_t *days, size_t count, unsigned *steps_r, struct why *why)
{
    enum sk_code code = SK_OK;

    for (size_t i = 0; i < count && code == SK_OK; i++) {
        while ((code = rows_clean(folder, days[i], why)) == SK_MORE) {
            ++*steps_r;
        }
    }
    return code;
}

static void
test_erase(struct rows *rows)
{
    struct why why;
    int64_t days[ROWS_DAYS_MAX];
    size_t day_count = 0;
    unsigned steps = 0;
    struct rows_event left = {.subject = BYTES("leftover")};

    for (uint64_t i = 0; i < 3000; i++) {
        put(rows, i, i == 7 ? "zebraquagga 秘密口座" : "meeting tomorrow 会議",
            i == 8 ? "xylophonist" : "see you there 明日");
        if (i % 100 == 0 && rows_commit(rows, &why) != SK_OK) {
            tap_ok(false, "commit: %s", why.sentence);
        }
    }
    tap_ok(rows_commit(rows, &why) == SK_OK &&
               hits((struct rows_query){.words = BYTES("zebraquagga")}) == 1 &&
               residue("zebraquagga"),
           "the words are there");
    struct rows_erasure erasures[] = {{7, MORNING + 7, false, NULL},
                                      {8, MORNING + 8, true, NULL},
                                      {9, MORNING + 9, false, &left},
                                      {99999, MORNING, false, NULL}};
    tap_ok(rows_erase(folder, 540, erasures, 4, days, &day_count, &why) == SK_OK &&
               day_count == 1,
           "erased: %s", day_count == 1 ? "ok" : why.sentence);
    tap_ok(hits((struct rows_query){.words = BYTES("zebraquagga")}) == 0 &&
               hits((struct rows_query){.words = BYTES("秘密")}) == 0 &&
               hits((struct rows_query){.words = BYTES("xylophonist")}) == 0,
           "found no more");
    tap_ok(hits((struct rows_query){.id = BYTES("id-7")}) == 1 &&
               hits((struct rows_query){.id = BYTES("id-8")}) == 0 &&
               hits((struct rows_query){.words = BYTES("leftover")}) == 1 &&
               hits((struct rows_query){.category = BYTES("phishing")}) == 2997,
           "the row without content, no row, the row with other content");
    enum sk_code code = clean(days, day_count, &steps, &why);
    tap_ok(code == SK_OK, "cleaned in %u steps%s", steps + 1,
           code == SK_OK ? "" : why.sentence);
    /* Pieces as the index holds them: terms share beginnings, so ends are looked for too. */
    static const char *const pieces[] = {"zebraquagga", "zeb",  "ebr", "uag", "agg",
                                         "秘密",        "密口", "xyl", "ylo", "oph"};
    size_t gone = 0;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        gone += !residue(pieces[i]);
        if (residue(pieces[i])) {
            printf("# left: %s\n", pieces[i]);
        }
    }
    tap_ok(gone == sizeof(pieces) / sizeof(pieces[0]),
           "no byte of it stays in the files, the log included");
    tap_ok(hits((struct rows_query){.words = BYTES("meeting")}) == 2997 &&
               hits((struct rows_query){.words = BYTES("会議")}) == 2997 &&
               hits((struct rows_query){.sender = BYTES("sender@")}) == 2999,
           "everything else is found as before");
    put(rows, 5000, "after the erasure", "text");
    tap_ok(rows_commit(rows, &why) == SK_OK &&
               hits((struct rows_query){.words = BYTES("erasure")}) == 1,
           "and the day takes new rows");
}

static void
test_nothing(void)
{
    struct why why;
    int64_t days[ROWS_DAYS_MAX];
    size_t day_count = 0;
    struct rows_erasure erasure = {1, 0, true, NULL};

    tap_ok(rows_erase(folder, 540, &erasure, 1, days, &day_count, &why) == SK_OK &&
               day_count == 0 && rows_clean(folder, 0, &why) == SK_OK,
           "a day that is not there has nothing to erase");
}

static void
test_empty_day(struct rows *rows)
{
    struct why why;
    int64_t days[ROWS_DAYS_MAX];
    size_t day_count = 0;
    unsigned steps = 0;
    char path[100];
    struct rows_erasure erasure = {6000, 1000000000000, true, NULL}; /* 2001-09-09 */
    struct rows_event event = {.place = {6000, 0, 0},
                               .id = BYTES("old"),
                               .time_ms = 1000000000000,
                               .subject = BYTES("old")};

    tap_ok(rows_put_event(rows, &event, &why) == SK_OK && rows_commit(rows, &why) == SK_OK,
           "a row of a day long past");
    snprintf(path, sizeof(path), "%s/events-2001-09-09.db", folder);
    bool there = access(path, F_OK) == 0;
    tap_ok(rows_erase(folder, 540, &erasure, 1, days, &day_count, &why) == SK_OK &&
               clean(days, day_count, &steps, &why) == SK_OK && there &&
               access(path, F_OK) != 0,
           "its file goes with its last row");
}

int
main(void)
{
    struct rows *rows;
    struct why why;
    char command[100];

    arena_init(&arena, (size_t)256 << 20);
    snprintf(folder, sizeof(folder), "/tmp/rows-erase-%d", (int)getpid());
    if (rows_open(&arena, folder, 540, &rows, &why) != SK_OK) {
        tap_ok(false, "open: %s", why.sentence);
        return tap_done();
    }
    test_nothing();
    test_erase(rows);
    test_empty_day(rows);
    rows_close(rows);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    tap_ok(system(command) == 0, "removed");
    arena_release(&arena);
    return tap_done();
}
