#include "store/rows_writer_private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Late outcomes and a clock that goes a little wrong still find the day open. */
#define CLOSE_AFTER_MS ((int64_t)3 * 3600 * 1000)
/* One slice: some milliseconds. */
#define PACK_BLOCKS 32

static bool
is_there(const struct rows *rows, int64_t day, enum rows_file kind)
{
    char path[ROWS_PATH_SIZE];

    rows_path(path, rows->folder, day, kind, "");
    return access(path, F_OK) == 0;
}

bool
rows_is_closed(const struct rows *rows, int64_t day)
{
    return is_there(rows, day, ROWS_CLOSED) && !is_there(rows, day, ROWS_OPEN);
}

void
rows_stop_closing(struct rows *rows)
{
    char path[ROWS_PATH_SIZE];

    if (rows->closing.stage == CLOSING_NOTHING) {
        return;
    }
    sqlite3_close(rows->closing.database);
    packed_end(&rows->closing.job);
    rows_path(path, rows->folder, rows->closing.day, ROWS_CLOSED, ".new");
    unlink(path);
    rows->closing = (struct closing){.job = (struct packed_job){.from = -1, .to = -1}};
}

enum sk_code
rows_unpack_day(const char *folder, int64_t day, struct why *why)
{
    char from[ROWS_PATH_SIZE], beside[ROWS_PATH_SIZE], to[ROWS_PATH_SIZE];

    rows_path(from, folder, day, ROWS_CLOSED, "");
    rows_path(beside, folder, day, ROWS_OPEN, ".new");
    rows_path(to, folder, day, ROWS_OPEN, "");
    enum sk_code code = packed_unpack(from, beside, why);
    if (code == SK_OK && rename(beside, to) != 0) {
        code = why_set(why, SK_SYSTEM, "cannot put %s in its place", to);
    }
    unlink(code == SK_OK ? from : beside);
    return code;
}

enum sk_code
rows_reopen(struct rows *rows, int64_t day, struct why *why)
{
    if (rows->closing.stage != CLOSING_NOTHING && rows->closing.day == day) {
        rows_stop_closing(rows);
    }
    if (!rows_is_closed(rows, day)) {
        return SK_OK;
    }
    enum sk_code code = rows_unpack_day(rows->folder, day, why);
    if (code == SK_BAD) {
        rows_set_aside(rows, day, false, "it cannot be unpacked");
        return SK_OK;
    }
    rows->closed_upto = INT64_MIN;
    return code;
}

/* The oldest day that is over and not closed yet. Days that have just been looked at are not looked for again. */
static bool
find_day(struct rows *rows, int64_t now_ms, int64_t *day_r)
{
    int64_t today = rows_day_of(rows->zone_minutes, now_ms - CLOSE_AFTER_MS),
            oldest = today;

    if (rows->closed_upto >= today) {
        return false;
    }
    for (size_t i = 0; i < rows->known_count; i++) {
        const struct known_day *known = &rows->known[i];
        if (known->number < oldest && !known->wanted &&
            is_there(rows, known->number, ROWS_OPEN)) {
            oldest = known->number;
        }
    }
    if (oldest == today) {
        rows->closed_upto = today;
        return false;
    }
    *day_r = oldest;
    return true;
}

static enum sk_code
begin(struct rows *rows, int64_t day, struct why *why)
{
    struct closing *closing = &rows->closing;
    char path[ROWS_PATH_SIZE];

    rows_close_slot(rows, day);
    rows_path(path, rows->folder, day, ROWS_OPEN, "");
    closing->stage = CLOSING_MERGE;
    closing->day = day;
    int code = sqlite3_open_v2(path, &closing->database,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(closing->database, 50);
        code = sqlite3_exec(closing->database,
                            "PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=4000; "
                            "PRAGMA cache_size=-8192",
                            NULL, NULL, NULL);
    }
    if (code == SQLITE_OK) {
        code = rows_upgrade(closing->database);
    }
    return code == SQLITE_OK ? SK_MORE : rows_failed(closing->database, "close", why);
}

/* Changes with every commit of another connection: an erasure, for one. */
static int64_t
version_of(sqlite3 *database)
{
    sqlite3_stmt *statement = NULL;
    int64_t version = -1;

    if (sqlite3_prepare_v2(database, "PRAGMA data_version", -1, &statement, NULL) ==
            SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        version = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return version;
}

static enum sk_code
merge(struct rows *rows, struct why *why)
{
    struct closing *closing = &rows->closing;
    char path[ROWS_PATH_SIZE], to[ROWS_PATH_SIZE];

    enum sk_code tidied = grams_tidy(closing->database, &closing->tidying, why);
    if (tidied != SK_OK) {
        return tidied;
    }
    /* TRUNCATE waits for readers; one that reads on is asked again with the next slice. */
    int code = sqlite3_wal_checkpoint_v2(closing->database, NULL,
                                         SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if ((code & 0xff) == SQLITE_BUSY) {
        return SK_OK;
    }
    if (code != SQLITE_OK) {
        return rows_failed(closing->database, "checkpoint", why);
    }
    rows_path(path, rows->folder, closing->day, ROWS_OPEN, "");
    rows_path(to, rows->folder, closing->day, ROWS_CLOSED, ".new");
    closing->stage = CLOSING_PACK;
    closing->version = version_of(closing->database);
    enum sk_code begun = packed_begin(&closing->job, path, to, why);
    return begun == SK_OK ? SK_MORE : begun;
}

static enum sk_code
put_in_place(struct rows *rows, struct why *why)
{
    struct closing *closing = &rows->closing;
    char from[ROWS_PATH_SIZE], to[ROWS_PATH_SIZE];

    if (version_of(closing->database) != closing->version) {
        return SK_OK; /* what was packed is no longer so: from the beginning */
    }
    rows_path(from, rows->folder, closing->day, ROWS_CLOSED, ".new");
    rows_path(to, rows->folder, closing->day, ROWS_CLOSED, "");
    if (rename(from, to) != 0) {
        return why_set(why, SK_SYSTEM, "cannot put %s in its place", to);
    }
    int folder = open(rows->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = folder >= 0 && fsync(folder) == 0;
    if (folder >= 0) {
        close(folder);
    }
    if (!synced) {
        unlink(to);
        return why_set(why, SK_SYSTEM, "cannot sync the folder");
    }
    /* Its last connection removes log and shared memory; readers that have the file open read on. */
    sqlite3_close(closing->database);
    closing->database = NULL;
    rows_path(from, rows->folder, closing->day, ROWS_OPEN, "-wal");
    unlink(from);
    rows_path(from, rows->folder, closing->day, ROWS_OPEN, "-shm");
    unlink(from);
    rows_path(from, rows->folder, closing->day, ROWS_OPEN, "");
    return unlink(from) == 0 ? SK_OK : why_set(why, SK_SYSTEM, "cannot remove %s", from);
}

enum sk_code
rows_work(struct rows *rows, int64_t now_ms, struct why *why)
{
    struct closing *closing = &rows->closing;
    enum sk_code code = SK_OK;
    int64_t day;

    switch (closing->stage) {
    case CLOSING_NOTHING:
        return find_day(rows, now_ms, &day) ? begin(rows, day, why) : SK_OK;
    case CLOSING_MERGE:
        code = merge(rows, why);
        break;
    case CLOSING_PACK:
        code = packed_step(&closing->job, PACK_BLOCKS, why);
        if (code == SK_OK) {
            code = put_in_place(rows, why);
            rows_stop_closing(rows);
            return code == SK_OK ? SK_MORE : code;
        }
        break;
    }
    if (code != SK_OK && code != SK_MORE) {
        day = closing->day;
        bool ruined = closing->database != NULL &&
                      rows_ruined(sqlite3_extended_errcode(closing->database));
        rows_stop_closing(rows);
        if (ruined || code == SK_BAD) {
            rows_set_aside(rows, day, false, why->sentence);
        }
        rows->closed_upto = rows_day_of(rows->zone_minutes, now_ms); /* again tomorrow */
    }
    return code;
}
