#include "store/rows_private.h"

#include "store/rows_tally.h"

static const char sql[] =
    "SELECT action, category, time / 3600000, count(*), sum(size), sum(threat <> '') FROM "
    "events"
    " WHERE time >= ?1 AND time < ?2 GROUP BY 3, 1, 2 ORDER BY 3 DESC, 4 DESC";

static struct bytes
column(struct arena *arena, sqlite3_stmt *statement, int i)
{
    const void *text = sqlite3_column_text(statement, i);

    return bytes_copy(arena, bytes_of(text, (size_t)sqlite3_column_bytes(statement, i)));
}

static enum sk_code
tally_file(struct arena *arena, sqlite3 *database, int64_t from_ms, int64_t to_ms,
           struct rows_tally *tally, struct why *why)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);

    if (code == SQLITE_OK) {
        sqlite3_bind_int64(statement, 1, from_ms);
        sqlite3_bind_int64(statement, 2, to_ms);
        while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
            uint64_t count = (uint64_t)sqlite3_column_int64(statement, 3);
            tally->messages += count;
            tally->threats += (uint64_t)sqlite3_column_int64(statement, 5);
            if (tally->count < ROWS_TALLY_MAX) {
                tally->rows[tally->count++] = (struct rows_tally_row){
                    .action = column(arena, statement, 0),
                    .category = column(arena, statement, 1),
                    .hour_ms = sqlite3_column_int64(statement, 2) * 3600000,
                    .count = count,
                    .bytes = (uint64_t)sqlite3_column_int64(statement, 4),
                };
            }
        }
    }
    enum sk_code done = code == SQLITE_DONE ? SK_OK : rows_failed(database, "count", why);
    sqlite3_finalize(statement);
    return done;
}

enum sk_code
rows_tally(struct arena *arena, const char *folder, int64_t from_ms, int64_t to_ms,
           struct rows_tally *tally_r, struct why *why)
{
    struct rows_files files;
    enum sk_code code = rows_list_files(arena, folder, &files, why);

    *tally_r = (struct rows_tally){
        .rows = ARENA_NEW_MANY(arena, ROWS_TALLY_MAX, struct rows_tally_row)};
    for (size_t i = 0; code == SK_OK && i < files.count; i++) {
        sqlite3 *database = NULL;
        if (rows_open_reading(arena, folder, &files.names[i], &database) == SQLITE_OK) {
            code = tally_file(arena, database, from_ms, to_ms == 0 ? INT64_MAX : to_ms,
                              tally_r, why);
        } else {
            code = rows_failed(database, "open", why);
        }
        sqlite3_close(database);
    }
    return code;
}
