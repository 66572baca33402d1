#include "store/rows_packed.h"

#include "base/writer.h"

#include <stdlib.h>
#include <unistd.h>

/* Opening asks the file nothing; this reads its first pages. */
static int
touch(sqlite3 *database)
{
    return sqlite3_exec(database, "SELECT 1 FROM events LIMIT 1", NULL, NULL, NULL);
}

static int
open_closed(const char *folder, int64_t day, sqlite3 **database_r)
{
    char path[ROWS_PATH_SIZE];

    rows_path(path, folder, day, ROWS_CLOSED, "");
    int code = packed_open(path, database_r);
    return code == SQLITE_OK ? touch(*database_r) : code;
}

static int
open_as_it_is(struct arena *arena, const char *path, sqlite3 **database_r)
{
    struct writer uri;

    writer_init(&uri, arena);
    writer_text(&uri, "file:");
    for (const char *c = path; *c != '\0'; c++) {
        if (ascii_letter((uint8_t)*c) || ascii_digit((uint8_t)*c) ||
            strchr("/._-", *c) != NULL) {
            writer_byte(&uri, (uint8_t)*c);
        } else {
            writer_format(&uri, "%%%02X", (unsigned)(uint8_t)*c);
        }
    }
    writer_text(&uri, "?immutable=1");
    return sqlite3_open_v2(writer_c(&uri), database_r,
                           SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI,
                           NULL);
}

static int
open_file(struct arena *arena, const char *folder, const struct rows_file_name *name,
          sqlite3 **database_r)
{
    char path[ROWS_PATH_SIZE];

    *database_r = NULL;
    if (name->kind == ROWS_CLOSED) {
        return open_closed(folder, name->day, database_r);
    }
    rows_path(path, folder, name->day, ROWS_OPEN, "");
    int code =
        sqlite3_open_v2(path, database_r, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(*database_r, 2000);
        code = touch(*database_r);
    }
    if ((code & 0xff) != SQLITE_CANTOPEN && (code & 0xff) != SQLITE_READONLY) {
        return code;
    }
    sqlite3_close(*database_r);
    *database_r = NULL;
    if (access(path, F_OK) != 0) { /* it was closed since the folder was read */
        return open_closed(folder, name->day, database_r);
    }
    return open_as_it_is(arena, path, database_r);
}

int
rows_open_reading(struct arena *arena, const char *folder,
                  const struct rows_file_name *name, sqlite3 **database_r)
{
    int code = open_file(arena, folder, name, database_r);
    int64_t version = code == SQLITE_OK ? rows_version(*database_r) : ROWS_VERSION;

    /* Rows of before had no campaign; nobody's question needs to know. */
    if (version >= ROWS_VERSION_OLD && version < ROWS_VERSION) {
        code = sqlite3_exec(*database_r,
                            "CREATE TEMP VIEW events AS SELECT *, '' AS campaign FROM "
                            "main.events",
                            NULL, NULL, NULL);
    }
    return code;
}

static enum sk_code
outcomes_of_file(struct arena *arena, sqlite3 *database, struct bytes id,
                 struct rows_outcome **outcomes, size_t *count, struct why *why)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(
        database, "SELECT seq, segment, at, time FROM outcomes WHERE id = ?1 ORDER BY seq",
        -1, &statement, NULL);

    if (code == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, (const char *)id.at, (int)id.size, SQLITE_STATIC);
        while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
            *outcomes = arena_grow(arena, *outcomes, *count * sizeof(**outcomes),
                                   (*count + 1) * sizeof(**outcomes));
            (*outcomes)[(*count)++] = (struct rows_outcome){
                .place = {(uint64_t)sqlite3_column_int64(statement, 0),
                          (uint64_t)sqlite3_column_int64(statement, 1),
                          (uint64_t)sqlite3_column_int64(statement, 2)},
                .id = id,
                .time_ms = sqlite3_column_int64(statement, 3),
            };
        }
    }
    enum sk_code done =
        code == SQLITE_DONE ? SK_OK : rows_failed(database, "outcomes", why);
    sqlite3_finalize(statement);
    return done;
}

static int
order_outcomes(const void *a, const void *b)
{
    const struct rows_outcome *left = a, *right = b;

    return left->place.index < right->place.index ? -1
                                                  : left->place.index > right->place.index;
}

/* One that came late may stand in two files, after its day was made again. */
static void
sort_outcomes(struct rows_outcome *outcomes, size_t *count)
{
    size_t kept = 0;

    if (*count > 1) {
        qsort(outcomes, *count, sizeof(outcomes[0]), order_outcomes);
    }
    for (size_t i = 0; i < *count; i++) {
        if (kept == 0 || outcomes[kept - 1].place.index != outcomes[i].place.index) {
            outcomes[kept++] = outcomes[i];
        }
    }
    *count = kept;
}

enum sk_code
rows_outcomes(struct arena *arena, const char *folder, struct bytes id,
              struct rows_outcome **outcomes_r, size_t *count_r, struct why *why)
{
    struct rows_files files = {0};
    int64_t time_ms = 0;

    *outcomes_r = NULL;
    *count_r = 0;
    if (id.size == 0) {
        return SK_OK;
    }
    enum sk_code code = rows_list_files(arena, folder, &files, why);
    bool known = rows_time_of_id(id, &time_ms);
    for (size_t i = files.count; i-- > 0 && code == SK_OK;) {
        sqlite3 *database = NULL;
        struct why ignored;
        /* Nothing became of it before it came. */
        if (known && !rows_day_in_range(files.names[i].day, time_ms, 0)) {
            continue;
        }
        /* A day that cannot be read does not hide the others. */
        if (rows_open_reading(arena, folder, &files.names[i], &database) == SQLITE_OK &&
            outcomes_of_file(arena, database, id, outcomes_r, count_r, &ignored) != SK_OK) {
            code = sqlite3_errcode(database) == SQLITE_BUSY
                       ? rows_failed(database, "outcomes", why)
                       : SK_OK;
        }
        sqlite3_close(database);
    }
    sort_outcomes(*outcomes_r, count_r);
    return code;
}
