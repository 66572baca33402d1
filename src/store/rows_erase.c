#include "store/rows_erase.h"
#include "store/rows_fold.h"
#include "store/rows_grams.h"

#include "base/clock.h"
#include "base/writer.h"

#include <errno.h>
#include <unistd.h>

/* Free pages beyond that wait until the day is closed. */
#define SCRUB_BYTES ((int64_t)64 << 20)

/* SK_BAD: there is no such day. */
static enum sk_code
open_day(const char *folder, int64_t day, sqlite3 **database_r, struct why *why)
{
    char path[ROWS_PATH_SIZE];

    *database_r = NULL;
    rows_path(path, folder, day, ROWS_OPEN, "");
    if (access(path, F_OK) != 0) {
        char closed[ROWS_PATH_SIZE];
        rows_path(closed, folder, day, ROWS_CLOSED, "");
        if (access(closed, F_OK) != 0) {
            return why_set(why, SK_BAD, "there are no rows of that day");
        }
        enum sk_code code = rows_unpack_day(folder, day, why);
        if (code != SK_OK) {
            return code == SK_BAD ? SK_LATER : code; /* damaged: it will be made again */
        }
    }
    int code = sqlite3_open_v2(path, database_r,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(*database_r, 200);
        code = sqlite3_exec(*database_r,
                            "PRAGMA secure_delete=ON; PRAGMA synchronous=NORMAL; "
                            "PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY",
                            NULL, NULL, NULL);
    }
    if (code == SQLITE_OK) {
        code = rows_upgrade(*database_r);
    }
    if (code != SQLITE_OK) {
        enum sk_code failed = rows_failed(*database_r, "erase: open", why);
        sqlite3_close(*database_r);
        *database_r = NULL;
        return failed;
    }
    return SK_OK;
}

struct erasing {
    sqlite3 *database;
    struct arena arena;
    struct why *why;
};

/* Runs one statement with an index and up to six texts after it. */
static enum sk_code
run(struct erasing *e, const char *sql, uint64_t index, const struct bytes *texts,
    int count)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(e->database, sql, -1, &statement, NULL);

    if (code == SQLITE_OK) {
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)index);
        for (int i = 0; i < count; i++) {
            sqlite3_bind_text(statement, 2 + i,
                              texts[i].size > 0 ? (const char *)texts[i].at : "",
                              (int)texts[i].size, SQLITE_STATIC);
        }
        code = sqlite3_step(statement);
    }
    enum sk_code done =
        code == SQLITE_DONE ? SK_OK : rows_failed(e->database, "erase", e->why);
    sqlite3_finalize(statement);
    return done;
}

/* SK_BAD: no such row. Its chunk of the word index is given up, to be made anew without what goes. */
static enum sk_code
unindex_row(struct erasing *e, uint64_t index)
{
    const int64_t seq = (int64_t)index;
    bool found = false;
    int code = grams_ask(e->database, "SELECT 1 FROM events WHERE seq = ?1", &seq, 1, NULL,
                         &found);

    if (code == SQLITE_OK && found) {
        code = grams_drop_of(e->database, seq);
    }
    if (code != SQLITE_OK) {
        return rows_failed(e->database, "erase", e->why);
    }
    return found ? SK_OK : SK_BAD;
}

static enum sk_code
put_back(struct erasing *e, const struct rows_erasure *erasure)
{
    static const struct rows_event nothing;
    const struct rows_event *content =
        erasure->content != NULL ? erasure->content : &nothing;
    struct bytes texts[] = {rows_fold(&e->arena, content->subject),
                            rows_fold(&e->arena, content->name),
                            rows_fold(&e->arena, content->text),
                            content->category,
                            content->threat,
                            content->campaign};
    enum sk_code code = run(e,
                            "UPDATE events SET subject=?2, name=?3, text=?4, category=?5, "
                            "threat=?6, campaign=?7 WHERE seq=?1",
                            erasure->index, texts, 6);
    if (code == SK_OK && content == &nothing) {
        code = run(e, "UPDATE events SET unwanted=0 WHERE seq=?1", erasure->index, NULL, 0);
    }
    return code;
}

static enum sk_code
erase_row(struct erasing *e, const struct rows_erasure *erasure)
{
    enum sk_code code = unindex_row(e, erasure->index);

    if (code == SK_BAD) { /* an outcome, or content written anew, has a row of its own */
        return run(e, "DELETE FROM outcomes WHERE seq=?1", erasure->index, NULL, 0);
    }
    if (code == SK_OK) {
        code = erasure->whole
                   ? run(e, "DELETE FROM events WHERE seq=?1", erasure->index, NULL, 0)
                   : put_back(e, erasure);
    }
    arena_release(&e->arena);
    return code;
}

/* A file that was set aside is no place for what is to be gone. */
static void
remove_damaged(const char *folder, int64_t day)
{
    static const struct {
        enum rows_file kind;
        const char *end;
    } files[] = {
        {ROWS_OPEN, ".damaged"}, {ROWS_OPEN, "-wal.damaged"}, {ROWS_CLOSED, ".damaged"}};
    char path[ROWS_PATH_SIZE];

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        rows_path(path, folder, day, files[i].kind, files[i].end);
        unlink(path);
    }
}

static enum sk_code
erase_day(const char *folder, int zone_minutes, int64_t day,
          const struct rows_erasure *erasures, size_t count, struct why *why)
{
    struct erasing e = {.why = why};

    remove_damaged(folder, day);
    enum sk_code code = open_day(folder, day, &e.database, why);
    if (code != SK_OK) {
        return code;
    }
    arena_init(&e.arena, (size_t)64 << 20);
    if (sqlite3_exec(e.database, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK) {
        code = rows_failed(e.database, "erase: begin", why);
    }
    for (size_t i = 0; i < count && code == SK_OK; i++) {
        if (rows_day_of(zone_minutes, erasures[i].time_ms) == day) {
            code = erase_row(&e, &erasures[i]);
        }
    }
    if (code == SK_OK &&
        sqlite3_exec(e.database, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
        code = rows_failed(e.database, "erase: commit", why);
    }
    arena_release(&e.arena);
    sqlite3_close(e.database); /* takes back what is not committed */
    return code;
}

enum sk_code
rows_erase(const char *folder, int zone_minutes, const struct rows_erasure *erasures,
           size_t count, int64_t days_r[ROWS_DAYS_MAX], size_t *count_r, struct why *why)
{
    enum sk_code code = SK_OK;

    for (size_t i = 0; i < count && code == SK_OK; i++) {
        int64_t day = rows_day_of(zone_minutes, erasures[i].time_ms);
        bool before = false;
        for (size_t k = 0; k < i && !before; k++) {
            before = rows_day_of(zone_minutes, erasures[k].time_ms) == day;
        }
        if (before) {
            continue;
        }
        code = erase_day(folder, zone_minutes, day, erasures, count, why);
        if (code == SK_BAD) {
            code = SK_OK;
            continue;
        }
        bool listed = false;
        for (size_t k = 0; k < *count_r; k++) {
            listed = listed || days_r[k] == day;
        }
        if (!listed && *count_r == ROWS_DAYS_MAX) {
            return why_set(why, SK_LATER, "too many days wait for cleaning");
        }
        if (!listed) {
            days_r[(*count_r)++] = day;
        }
    }
    return code;
}

static bool
is_empty(sqlite3 *database)
{
    sqlite3_stmt *statement = NULL;
    bool empty = false;

    if (sqlite3_prepare_v2(database,
                           "SELECT NOT EXISTS(SELECT 1 FROM events) AND NOT EXISTS(SELECT "
                           "1 FROM outcomes)",
                           -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        empty = sqlite3_column_int(statement, 0) != 0;
    }
    sqlite3_finalize(statement);
    return empty;
}

static void
remove_day(const char *folder, int64_t day)
{
    static const char *const ends[] = {"-wal", "-shm", ""};
    char path[ROWS_PATH_SIZE];

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        rows_path(path, folder, day, ROWS_OPEN, ends[i]);
        unlink(path);
    }
}

static int64_t
ask_number(sqlite3 *database, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = 0;

    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        number = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return number;
}

/* Pages that rows.c set free while it merged the index in its ordinary work still hold what they held: SQLite writes
 * zeros over them only for a connection that asks for it, which costs more than a row may. So they are taken into use
 * for zeros, and given back. */
static bool
scrub_free_pages(sqlite3 *database)
{
    char sql[300];
    int64_t pages = ask_number(database, "PRAGMA freelist_count"),
            page_size = ask_number(database, "PRAGMA page_size"),
            most = SCRUB_BYTES / (page_size > 0 ? page_size : 4096);

    if (pages == 0) {
        return true;
    }
    /* An overflow page holds four bytes less than a page. */
    long long bytes = pages < most ? pages : most;
    bytes *= page_size - 4;
    snprintf(sql, sizeof(sql),
             "BEGIN IMMEDIATE; CREATE TABLE scrub(zeros); "
             "INSERT INTO scrub VALUES(zeroblob(%lld)); DROP TABLE scrub; COMMIT",
             bytes);
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK) {
        sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
        return false;
    }
    return true;
}

/* A chunk of the word index anew, where an erasure took one away. SK_OK: there is none to be made. */
static enum sk_code
index_again(sqlite3 *database, struct why *why)
{
    int64_t low, high;
    size_t count = 0;
    bool found = false;

    if (sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK) {
        return rows_failed(database, "clean: begin", why);
    }
    int code = grams_gap(database, true, &low, &high, &found);
    if (code == SQLITE_OK && found) {
        code = grams_build(database, low, high, &count);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_exec(database, "COMMIT", NULL, NULL, NULL);
    }
    if (code != SQLITE_OK) {
        enum sk_code failed = rows_failed(database, "clean: index", why);
        sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
        return code == SQLITE_TOOBIG ? SK_OK : failed;
    }
    return found ? SK_MORE : SK_OK;
}

enum sk_code
rows_clean(const char *folder, int64_t day, struct why *why)
{
    sqlite3 *database;
    char closed[ROWS_PATH_SIZE];

    rows_path(closed, folder, day, ROWS_CLOSED, "");
    if (access(closed, F_OK) == 0) {
        return SK_OK; /* closing it has made the index anew and left nothing behind */
    }
    enum sk_code code = open_day(folder, day, &database, why);
    if (code != SK_OK) {
        return code == SK_BAD ? SK_OK : code;
    }
    bool empty = is_empty(database);
    code = empty ? SK_OK : index_again(database, why);
    if (code == SK_OK && !scrub_free_pages(database)) {
        code = rows_failed(database, "clean: free pages", why);
    } else if (code == SK_OK &&
               sqlite3_wal_checkpoint_v2(database, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
                                         NULL) != SQLITE_OK) {
        code = rows_failed(database, "clean: checkpoint", why);
        code = code == SK_SYSTEM ? SK_LATER : code;
    }
    sqlite3_close(database);
    /* A day that may still be written to keeps its file. */
    if (code == SK_OK && empty && day < clock_now_ms() / 86400000 - 3) {
        remove_day(folder, day);
    }
    return code;
}
