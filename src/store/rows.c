#include "store/rows_writer_private.h"

#include "store/rows_fold.h"

#include "base/clock.h"
#include "base/writer.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const statement_text[ROWS_STATEMENTS] = {
    [PUT_EVENT] = "INSERT OR IGNORE INTO events(seq, segment, at, id, time, action, "
                  "category, sender, recipients,"
                  " subject, name, text, client, threat, campaign, size, unwanted)"
                  " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)",
    [PUT_OUTCOME] =
        "INSERT OR IGNORE INTO outcomes(seq, segment, at, id, time) VALUES(?1,?2,?3,?4,?5)",
    [LAST_INDEXED] = "SELECT last FROM chunks ORDER BY first DESC LIMIT 1",
};

static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0; "
    "PRAGMA cache_size=-8192;"
    "PRAGMA temp_store=MEMORY;"
    "CREATE TABLE IF NOT EXISTS events(seq INTEGER PRIMARY KEY, segment INTEGER NOT NULL, "
    "at INTEGER NOT NULL,"
    " id TEXT NOT NULL, time INTEGER NOT NULL, action TEXT NOT NULL, category TEXT NOT "
    "NULL, sender TEXT NOT NULL,"
    " recipients TEXT NOT NULL, subject TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT "
    "NULL, client TEXT NOT NULL,"
    " threat TEXT NOT NULL, campaign TEXT NOT NULL, size INTEGER NOT NULL, unwanted REAL "
    "NOT NULL);"
    "CREATE INDEX IF NOT EXISTS events_id ON events(id);"
    "CREATE TABLE IF NOT EXISTS outcomes(seq INTEGER PRIMARY KEY, segment INTEGER NOT "
    "NULL, at INTEGER NOT NULL,"
    " id TEXT NOT NULL, time INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS outcomes_id ON outcomes(id);";

enum sk_code
rows_open(struct arena *arena, const char *folder, int zone_minutes, struct rows **rows_r,
          struct why *why)
{
    struct rows *rows = ARENA_NEW(arena, struct rows);

    *rows_r = NULL;
    rows->arena = arena;
    rows->folder = bytes_text(arena, bytes_from_text(folder));
    rows->zone_minutes = zone_minutes;
    rows->closing.job = (struct packed_job){.from = -1, .to = -1};
    if (strlen(folder) > ROWS_PATH_SIZE - 64) {
        return why_set(why, SK_CONFIG, "the folder's name is too long");
    }
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return why_set(why, SK_SYSTEM, "cannot make the folder %s", folder);
    }
    arena_init(&rows->scratch, (size_t)64 << 20);
    packed_register();
    enum sk_code code = rows_read_known(rows, why);
    *rows_r = code == SK_OK ? rows : NULL;
    return code;
}

uint64_t
rows_mark(const struct rows *rows)
{
    return rows->mark;
}

static void
day_close(struct day *day)
{
    for (size_t i = 0; i < ROWS_STATEMENTS; i++) {
        sqlite3_finalize(day->statements[i]);
    }
    sqlite3_close(day->database);
    *day = (struct day){0};
}

static enum sk_code day_failed(struct rows *rows, struct day *day, const char *doing,
                               struct why *why);

static enum sk_code
day_settle(struct rows *rows, struct day *day, struct why *why)
{
    if (day->database == NULL || !day->unsettled) {
        return SK_OK;
    }
    /* PASSIVE never waits for readers; what they still hold back stays in the log, which is synced as well. */
    int code = sqlite3_wal_checkpoint_v2(day->database, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                         NULL, NULL);
    if (code != SQLITE_OK && code != SQLITE_BUSY) {
        return day_failed(rows, day, "checkpoint", why);
    }
    day->unsettled = false;
    return SK_OK;
}

static int
count_bare(struct day *day)
{
    int64_t values[2] = {-1, GRAMS_ROWS}, count = 0;
    int code = grams_last(day->database, &values[0]);

    if (code == SQLITE_OK) {
        code =
            grams_ask(day->database,
                      "SELECT count(*) FROM (SELECT 1 FROM events WHERE seq > ?1 LIMIT ?2)",
                      values, 2, &count, NULL);
    }
    day->bare = (size_t)count;
    return code;
}

static int
day_open_file(struct day *day, const char *path)
{
    int code = sqlite3_open_v2(
        path, &day->database,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(day->database, 2000);
        code = sqlite3_exec(day->database, schema, NULL, NULL, NULL);
    }
    if (code == SQLITE_OK) {
        code = rows_upgrade(day->database);
    }
    for (size_t i = 0; i < ROWS_STATEMENTS && code == SQLITE_OK; i++) {
        code = sqlite3_prepare_v3(day->database, statement_text[i], -1,
                                  SQLITE_PREPARE_PERSISTENT, &day->statements[i], NULL);
    }
    return code == SQLITE_OK ? count_bare(day) : code;
}

/* What SQLite says against a day's file. One that it cannot read is set aside: its rows come from the journal again. */
static enum sk_code
day_failed(struct rows *rows, struct day *day, const char *doing, struct why *why)
{
    bool ruined = rows_ruined(sqlite3_extended_errcode(day->database));
    enum sk_code code = rows_failed(day->database, doing, why);

    if (ruined) {
        int64_t number = day->number;
        char words[200];
        snprintf(words, sizeof(words), "%s", sqlite3_errmsg(day->database));
        day_close(day);
        rows_set_aside(rows, number, false, words);
    }
    return code;
}

static enum sk_code
day_open(struct rows *rows, struct day *day, int64_t number, struct why *why)
{
    char path[ROWS_PATH_SIZE];
    int code = SQLITE_ERROR;

    enum sk_code reopened = rows_reopen(rows, number, why);
    if (reopened != SK_OK) {
        return reopened;
    }
    rows_path(path, rows->folder, number, ROWS_OPEN, "");
    mode_t mask = umask(0077);
    for (unsigned turn = 0; turn < 2; turn++) {
        code = day_open_file(day, path);
        day->number = number;
        if (turn > 0 || !rows_ruined(code)) {
            break;
        }
        enum sk_code ignored = day_failed(rows, day, "open", why);
        (void)ignored; /* a new file takes the place of the one set aside */
    }
    umask(mask);
    if (code != SQLITE_OK) {
        enum sk_code failed = rows_failed(day->database, "open", why);
        day_close(day);
        return failed;
    }
    (void)rows_known(rows, number, true);
    return SK_OK;
}

/* A slot for the day; the one used longest ago gives way. Its transaction ends early; its rows are in the journal. */
static enum sk_code
day_slot(struct rows *rows, int64_t number, struct day **day_r, struct why *why)
{
    struct day *oldest = &rows->days[0];

    for (size_t i = 0; i < ROWS_SLOTS; i++) {
        struct day *it = &rows->days[i];
        if (it->database != NULL && it->number == number) {
            *day_r = it;
            return SK_OK;
        }
        if (it->database == NULL || (oldest->database != NULL && it->used < oldest->used)) {
            oldest = it;
        }
    }
    *day_r = oldest;
    if (oldest->database != NULL) {
        if (oldest->open_transaction &&
            sqlite3_exec(oldest->database, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
            return day_failed(rows, oldest, "commit", why);
        }
        oldest->open_transaction = false;
        enum sk_code code = day_settle(rows, oldest, why);
        if (code != SK_OK) {
            return code;
        }
        day_close(oldest);
    }
    return day_open(rows, oldest, number, why);
}

/* The day's file, its transaction begun. */
static enum sk_code
day_begin(struct rows *rows, int64_t number, struct day **day_r, struct why *why)
{
    enum sk_code code = day_slot(rows, number, day_r, why);

    if (code != SK_OK) {
        return code;
    }
    struct day *day = *day_r;
    day->used = ++rows->turn;
    if (!day->open_transaction) {
        if (sqlite3_exec(day->database, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK) {
            return day_failed(rows, day, "begin", why);
        }
        day->open_transaction = true;
        /* Erasing and cleaning change chunks by a connection of their own. */
        sqlite3_stmt *last = day->statements[LAST_INDEXED];
        int step = sqlite3_step(last);
        day->indexed = step == SQLITE_ROW ? sqlite3_column_int64(last, 0) : -1;
        sqlite3_reset(last);
        if (step != SQLITE_ROW && step != SQLITE_DONE) {
            return day_failed(rows, day, "begin", why);
        }
    }
    return SK_OK;
}

void
rows_close_slot(struct rows *rows, int64_t number)
{
    for (size_t i = 0; i < ROWS_SLOTS; i++) {
        struct day *day = &rows->days[i];
        if (day->database != NULL && day->number == number) {
            if (day->open_transaction) {
                sqlite3_exec(day->database, "COMMIT", NULL, NULL, NULL);
            }
            day_close(day);
        }
    }
}

static void
bind_text(sqlite3_stmt *statement, int at, struct bytes text)
{
    sqlite3_bind_text(statement, at, text.size > 0 ? (const char *)text.at : "",
                      (int)text.size, SQLITE_STATIC);
}

static enum sk_code
run(struct rows *rows, struct day *day, enum rows_statement which, struct why *why)
{
    int code = sqlite3_step(day->statements[which]);

    sqlite3_reset(day->statements[which]);
    return code == SQLITE_DONE ? SK_OK : day_failed(rows, day, "insert", why);
}

static void
bind_place(sqlite3_stmt *statement, const struct rows_place *place, struct bytes id,
           int64_t time_ms)
{
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)place->index);
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)place->segment);
    sqlite3_bind_int64(statement, 3, (sqlite3_int64)place->offset);
    bind_text(statement, 4, id);
    sqlite3_bind_int64(statement, 5, time_ms);
}

/* A row that is in no chunk yet. Where a chunk covers its place already (it comes late), that one is given up. */
static enum sk_code
put_bare(struct rows *rows, struct day *day, const struct rows_event *event,
         struct why *why)
{
    day->bare++;
    if ((int64_t)event->place.index > day->indexed) {
        return SK_OK;
    }
    if (grams_drop_of(day->database, (int64_t)event->place.index) != SQLITE_OK) {
        return day_failed(rows, day, "insert", why);
    }
    return SK_OK;
}

/* A chunk of the word index, once there are rows enough for one. */
static enum sk_code
index_rows(struct rows *rows, struct day *day, struct why *why)
{
    int64_t low, high;
    size_t count = 0;
    bool found;

    if (day->bare < GRAMS_ROWS) {
        return SK_OK;
    }
    int code = grams_gap(day->database, false, &low, &high, &found);
    if (code == SQLITE_OK && found) {
        code = grams_build(day->database, low, high, &count);
    }
    if (code == SQLITE_TOOBIG) {
        code = SQLITE_OK; /* no more chunks: they are looked at one by one */
    }
    if (code != SQLITE_OK) {
        return day_failed(rows, day, "index", why);
    }
    /* What an older version left bare takes a chunk with each commit until it is caught up with. */
    return count_bare(day) == SQLITE_OK ? SK_OK : day_failed(rows, day, "index", why);
}

enum sk_code
rows_put_event(struct rows *rows, const struct rows_event *given, struct why *why)
{
    struct rows_event folded = *given;
    const struct rows_event *event = &folded;
    struct day *day;

    folded.subject = rows_fold(&rows->scratch, given->subject);
    folded.name = rows_fold(&rows->scratch, given->name);
    folded.text = rows_fold(&rows->scratch, given->text);
    int64_t number = rows_day_of(rows->zone_minutes, event->time_ms);
    enum sk_code code = day_begin(rows, number, &day, why);

    if (code != SK_OK) {
        arena_release(&rows->scratch);
        return code;
    }
    sqlite3_stmt *statement = day->statements[PUT_EVENT];
    bind_place(statement, &event->place, event->id, event->time_ms);
    const struct bytes texts[] = {
        event->action, event->category, event->sender, event->recipients, event->subject,
        event->name,   event->text,     event->client, event->threat,     event->campaign};
    for (int i = 0; i < 10; i++) {
        bind_text(statement, 6 + i, texts[i]);
        rows->unsettled += 4 * texts[i].size;
    }
    rows->unsettled += 400;
    sqlite3_bind_int64(statement, 16, event->size);
    sqlite3_bind_double(statement, 17, event->unwanted);
    code = run(rows, day, PUT_EVENT, why);
    if (code == SK_OK) {
        day->unsettled = true;
        if (sqlite3_changes(day->database) > 0) {
            code = put_bare(rows, day, event, why);
        }
    }
    struct known_day *known = rows_known(rows, number, true);
    if (code == SK_OK && event->place.index > known->last) {
        known->last = event->place.index;
    }
    arena_release(&rows->scratch);
    return code;
}

enum sk_code
rows_put_outcome(struct rows *rows, const struct rows_outcome *outcome, struct why *why)
{
    struct day *day;
    int64_t number = rows_day_of(rows->zone_minutes, outcome->time_ms);

    /* What becomes of a message after its day was closed stands in the file of today: readers ask all files for it. */
    if (rows_is_closed(rows, number)) {
        number = rows_day_of(rows->zone_minutes, clock_now_ms());
    }
    enum sk_code code = day_begin(rows, number, &day, why);
    if (code != SK_OK) {
        return code;
    }
    bind_place(day->statements[PUT_OUTCOME], &outcome->place, outcome->id,
               outcome->time_ms);
    day->unsettled = true;
    rows->unsettled += 200;
    return run(rows, day, PUT_OUTCOME, why);
}

enum sk_code
rows_commit(struct rows *rows, struct why *why)
{
    enum sk_code code = SK_OK;

    for (size_t i = 0; i < ROWS_SLOTS; i++) {
        struct day *day = &rows->days[i];
        if (day->database == NULL || !day->open_transaction) {
            continue;
        }
        enum sk_code done = index_rows(rows, day, why);
        if (done == SK_OK &&
            sqlite3_exec(day->database, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
            done = day_failed(rows, day, "commit", why);
        }
        if (done != SK_OK) {
            code = done;
            if (day->database != NULL) {
                sqlite3_exec(day->database, "ROLLBACK", NULL, NULL, NULL);
            }
        }
        day->open_transaction = false;
    }
    return code;
}

void
rows_forget(struct rows *rows)
{
    for (size_t i = 0; i < ROWS_SLOTS; i++) {
        if (rows->days[i].database != NULL && rows->days[i].open_transaction) {
            sqlite3_exec(rows->days[i].database, "ROLLBACK", NULL, NULL, NULL);
            rows->days[i].open_transaction = false;
        }
    }
}

enum sk_code
rows_settle(struct rows *rows, uint64_t upto, struct why *why)
{
    enum sk_code code = SK_OK;

    for (size_t i = 0; i < ROWS_SLOTS && code == SK_OK; i++) {
        code = day_settle(rows, &rows->days[i], why);
    }
    if (code == SK_OK && !rows_write_mark(rows, upto)) {
        code = why_set(why, SK_SYSTEM, "cannot write rows.mark");
    }
    if (code == SK_OK) {
        rows->mark = upto;
        rows->unsettled = 0;
    }
    return code;
}

uint64_t
rows_unsettled(const struct rows *rows)
{
    return rows->unsettled;
}

void
rows_close(struct rows *rows)
{
    rows_forget(rows);
    rows_stop_closing(rows);
    for (size_t i = 0; i < ROWS_SLOTS; i++) {
        if (rows->days[i].database != NULL) {
            day_close(&rows->days[i]);
        }
    }
    arena_release(&rows->scratch);
}
