#include "store/rows_private.h"

#include "store/rows_fold.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "base/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Mail arrives today; an outcome may still belong to yesterday; a replay after a crash may touch more in turn. */
#define DAYS_OPEN 3

enum statement { PUT_EVENT, PUT_WORDS, PUT_PAIRS, PUT_OUTCOME, STATEMENTS };

static const char *const statement_text[STATEMENTS] = {
    [PUT_EVENT] = "INSERT OR IGNORE INTO events(seq, segment, at, id, time, action, "
                  "category, sender, recipients,"
                  " subject, name, text, client, threat, size, unwanted)"
                  " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)",
    [PUT_WORDS] = "INSERT INTO words(rowid, sender, recipients, body) VALUES(?1,?2,?3,?4)",
    [PUT_PAIRS] = "INSERT INTO pairs(rowid, body) VALUES(?1,?2)",
    [PUT_OUTCOME] =
        "INSERT OR IGNORE INTO outcomes(seq, segment, at, id, time) VALUES(?1,?2,?3,?4,?5)",
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
    " threat TEXT NOT NULL, size INTEGER NOT NULL, unwanted REAL NOT NULL);"
    "CREATE INDEX IF NOT EXISTS events_id ON events(id);"
    "CREATE TABLE IF NOT EXISTS outcomes(seq INTEGER PRIMARY KEY, segment INTEGER NOT "
    "NULL, at INTEGER NOT NULL,"
    " id TEXT NOT NULL, time INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS outcomes_id ON outcomes(id);"
    "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(sender, recipients, body, "
    "content='',"
    " tokenize='trigram', columnsize=0);"
    "CREATE VIRTUAL TABLE IF NOT EXISTS pairs USING fts5(body, content='', detail=none, "
    "columnsize=0,"
    " tokenize='unicode61 remove_diacritics 0');"
    /* Merging the index's segments is most of the price of a row: seldom and in large steps. */
    "INSERT INTO words(words, rank) VALUES('automerge', 16);"
    "INSERT INTO pairs(pairs, rank) VALUES('automerge', 16);";

struct day {
    int64_t
        number; /* days since 1970 in the zone; the slot is free when database is NULL */
    sqlite3 *database;
    sqlite3_stmt *statements[STATEMENTS];
    bool open_transaction, unsettled;
    uint64_t used; /* turn of the last use */
};

struct rows {
    const char *folder;
    int zone_minutes;
    uint64_t mark, turn, unsettled;
    struct day days[DAYS_OPEN];
    struct arena scratch;
};

enum sk_code
rows_failed(sqlite3 *database, const char *doing, struct why *why)
{
    int code = sqlite3_errcode(database) & 0xff;

    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
        return why_set(why, SK_LATER, "rows: %s: busy", doing);
    }
    /* Not SK_SYSTEM: errno says nothing about SQLite. */
    return why_set(why, SK_LATER, "rows: %s: %s", doing, sqlite3_errmsg(database));
}

bool
rows_is_japanese(uint32_t c)
{
    return (c >= 0x3041 && c <= 0x30ff && c != 0x30fb && c != 0x30a0 &&
            (c < 0x3097 || c > 0x309c)) ||
           (c >= 0x3005 && c <= 0x3007) || (c >= 0x3400 && c <= 0x9fff) ||
           (c >= 0xf900 && c <= 0xfaff) || (c >= 0xac00 && c <= 0xd7a3) ||
           (c >= 0xff10 && c <= 0xff19) || (c >= 0xff21 && c <= 0xff3a) ||
           (c >= 0xff41 && c <= 0xff5a) || (c >= 0xff66 && c <= 0xff9f);
}

/* Marks that stand between Japanese words: neither table holds them. */
static bool
is_japanese_mark(uint32_t c)
{
    return (c >= 0x2010 && c <= 0x206f) || (c >= 0x3000 && c <= 0x30ff) || c >= 0xff00;
}

bool
rows_is_trigram(uint32_t c)
{
    return !rows_is_japanese(c) && !is_japanese_mark(c);
}

/* What the trigram table is given: the text without what the other table has, a line end in its place. */
static void
write_trigram_text(struct writer *w, struct bytes text)
{
    uint32_t c;
    bool apart = true;

    for (size_t at = 0, size; at < text.size; at += size) {
        size = utf8_get(text, at, &c);
        bool wanted = size > 0 && rows_is_trigram(c);
        size = size > 0 ? size : 1;
        if (wanted) {
            writer_bytes(w, bytes_slice(text, at, at + size));
        } else if (!apart) {
            writer_byte(w, '\n');
        }
        apart = !wanted;
    }
}

void
rows_pairs(struct writer *w, struct bytes text)
{
    uint32_t before = 0, c;

    for (size_t at = 0; at < text.size;) {
        size_t size = utf8_get(text, at, &c);
        at += size > 0 ? size : 1;
        bool japanese = size > 0 && rows_is_japanese(c);
        if (before != 0) {
            writer_code_point(w, before);
            if (japanese) {
                writer_code_point(w, c);
            }
            writer_byte(w, ' ');
        }
        before = japanese ? c : 0;
    }
    if (before != 0) {
        writer_code_point(w, before);
        writer_byte(w, ' ');
    }
}

static bool
read_mark(struct rows *rows)
{
    char path[ROWS_PATH_SIZE];
    uint8_t text[32];
    uint64_t number;

    snprintf(path, sizeof(path), "%s/rows.mark", rows->folder);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return errno == ENOENT;
    }
    ssize_t got = read(file, text, sizeof(text));
    close(file);
    if (got > 0 &&
        bytes_to_number(bytes_trim(bytes_of(text, (size_t)got)), INT64_MAX, &number)) {
        rows->mark = number;
    }
    return got >= 0;
}

enum sk_code
rows_open(struct arena *arena, const char *folder, int zone_minutes, struct rows **rows_r,
          struct why *why)
{
    struct rows *rows = ARENA_NEW(arena, struct rows);

    *rows_r = NULL;
    rows->folder = bytes_text(arena, bytes_from_text(folder));
    rows->zone_minutes = zone_minutes;
    if (strlen(folder) > ROWS_PATH_SIZE - 64) {
        return why_set(why, SK_CONFIG, "the folder's name is too long");
    }
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return why_set(why, SK_SYSTEM, "cannot make the folder %s", folder);
    }
    if (!read_mark(rows)) {
        return why_set(why, SK_SYSTEM, "cannot read rows.mark");
    }
    arena_init(&rows->scratch, (size_t)64 << 20);
    *rows_r = rows;
    return SK_OK;
}

uint64_t
rows_mark(const struct rows *rows)
{
    return rows->mark;
}

static void
day_close(struct day *day)
{
    for (size_t i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(day->statements[i]);
    }
    sqlite3_close(day->database);
    *day = (struct day){0};
}

static enum sk_code
day_settle(struct day *day, struct why *why)
{
    if (day->database == NULL || !day->unsettled) {
        return SK_OK;
    }
    /* PASSIVE never waits for readers; what they still hold back stays in the log, which is synced as well. */
    int code = sqlite3_wal_checkpoint_v2(day->database, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                         NULL, NULL);
    if (code != SQLITE_OK && code != SQLITE_BUSY) {
        return rows_failed(day->database, "checkpoint", why);
    }
    day->unsettled = false;
    return SK_OK;
}

/* A file that SQLite cannot read is moved aside: rows come from the journal, so a new file can be filled from it. */
static bool
is_ruined(int code)
{
    return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
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
    for (size_t i = 0; i < STATEMENTS && code == SQLITE_OK; i++) {
        code = sqlite3_prepare_v3(day->database, statement_text[i], -1,
                                  SQLITE_PREPARE_PERSISTENT, &day->statements[i], NULL);
    }
    return code;
}

static enum sk_code
day_open(struct rows *rows, struct day *day, int64_t number, struct why *why)
{
    char path[ROWS_PATH_SIZE], aside[ROWS_PATH_SIZE + 16];
    struct calendar date = clock_calendar(number * 86400, 0);

    snprintf(path, sizeof(path), "%s/events-%04lld-%02d-%02d.db", rows->folder,
             (long long)date.year, date.month, date.day);
    mode_t mask = umask(0077);
    int code = day_open_file(day, path);
    if (is_ruined(code)) {
        day_close(day);
        snprintf(aside, sizeof(aside), "%s.damaged", path);
        /* Its rows are lost to search until the journal is put in again: the mark falls, the next open does that. */
        rows->mark = 0;
        snprintf(path + strlen(path), 16, "-wal");
        unlink(path);
        path[strlen(path) - 4] = '\0';
        code = rename(path, aside) == 0 ? day_open_file(day, path) : code;
    }
    umask(mask);
    if (code != SQLITE_OK) {
        enum sk_code failed = rows_failed(day->database, "open", why);
        day_close(day);
        return failed;
    }
    day->number = number;
    return SK_OK;
}

/* The day's file, its transaction begun. */
static enum sk_code
day_of(struct rows *rows, int64_t time_ms, struct day **day_r, struct why *why)
{
    int64_t seconds = time_ms / 1000 + (int64_t)rows->zone_minutes * 60;
    int64_t number = seconds / 86400 - (seconds % 86400 < 0);
    struct day *day = NULL, *oldest = &rows->days[0];
    enum sk_code code = SK_OK;

    for (size_t i = 0; i < DAYS_OPEN; i++) {
        struct day *it = &rows->days[i];
        if (it->database != NULL && it->number == number) {
            day = it;
        }
        if (it->database == NULL || (oldest->database != NULL && it->used < oldest->used)) {
            oldest = it;
        }
    }
    if (day == NULL) {
        day = oldest;
        if (day->database != NULL) {
            /* Full: the transaction of the day used longest ago ends early; its rows are in the journal already. */
            if (day->open_transaction &&
                sqlite3_exec(day->database, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
                return rows_failed(day->database, "commit", why);
            }
            day->open_transaction = false;
            code = day_settle(day, why);
            day_close(day);
        }
        code = code == SK_OK ? day_open(rows, day, number, why) : code;
    }
    day->used = ++rows->turn;
    if (code == SK_OK && !day->open_transaction) {
        code = sqlite3_exec(day->database, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK
                   ? SK_OK
                   : rows_failed(day->database, "begin", why);
        day->open_transaction = code == SK_OK;
    }
    *day_r = day;
    return code;
}

static void
bind_text(sqlite3_stmt *statement, int at, struct bytes text)
{
    sqlite3_bind_text(statement, at, text.size > 0 ? (const char *)text.at : "",
                      (int)text.size, SQLITE_STATIC);
}

static enum sk_code
run(struct day *day, enum statement which, struct why *why)
{
    int code = sqlite3_step(day->statements[which]);

    sqlite3_reset(day->statements[which]);
    return code == SQLITE_DONE ? SK_OK : rows_failed(day->database, "insert", why);
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

static enum sk_code
put_words(struct rows *rows, struct day *day, const struct rows_event *event,
          struct why *why)
{
    const struct bytes parts[] = {event->subject, event->name, event->text, event->sender,
                                  event->recipients};
    sqlite3_stmt *words = day->statements[PUT_WORDS], *pairs = day->statements[PUT_PAIRS];
    struct writer w;

    writer_init(&w, &rows->scratch);
    for (size_t i = 0; i < 3; i++) {
        write_trigram_text(&w, parts[i]);
        writer_byte(&w, '\n');
    }
    sqlite3_bind_int64(words, 1, (sqlite3_int64)event->place.index);
    bind_text(words, 2, event->sender);
    bind_text(words, 3, event->recipients);
    bind_text(words, 4, writer_view(&w));
    enum sk_code code = run(day, PUT_WORDS, why);
    writer_clear(&w);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        rows_pairs(&w, parts[i]);
    }
    if (code == SK_OK && w.size > 0) {
        sqlite3_bind_int64(pairs, 1, (sqlite3_int64)event->place.index);
        bind_text(pairs, 2, writer_view(&w));
        code = run(day, PUT_PAIRS, why);
    }
    arena_release(&rows->scratch);
    return code;
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
    enum sk_code code = day_of(rows, event->time_ms, &day, why);

    if (code != SK_OK) {
        return code;
    }
    sqlite3_stmt *statement = day->statements[PUT_EVENT];
    bind_place(statement, &event->place, event->id, event->time_ms);
    const struct bytes texts[] = {event->action,     event->category, event->sender,
                                  event->recipients, event->subject,  event->name,
                                  event->text,       event->client,   event->threat};
    for (int i = 0; i < 9; i++) {
        bind_text(statement, 6 + i, texts[i]);
        rows->unsettled += 4 * texts[i].size;
    }
    rows->unsettled += 400;
    sqlite3_bind_int64(statement, 15, event->size);
    sqlite3_bind_double(statement, 16, event->unwanted);
    code = run(day, PUT_EVENT, why);
    day->unsettled = true;
    if (code == SK_OK && sqlite3_changes(day->database) > 0) {
        code = put_words(rows, day, event, why);
    }
    arena_release(&rows->scratch);
    return code;
}

enum sk_code
rows_put_outcome(struct rows *rows, const struct rows_outcome *outcome, struct why *why)
{
    struct day *day;
    enum sk_code code = day_of(rows, outcome->time_ms, &day, why);

    if (code != SK_OK) {
        return code;
    }
    bind_place(day->statements[PUT_OUTCOME], &outcome->place, outcome->id,
               outcome->time_ms);
    day->unsettled = true;
    rows->unsettled += 200;
    return run(day, PUT_OUTCOME, why);
}

enum sk_code
rows_commit(struct rows *rows, struct why *why)
{
    enum sk_code code = SK_OK;

    for (size_t i = 0; i < DAYS_OPEN; i++) {
        struct day *day = &rows->days[i];
        if (day->database == NULL || !day->open_transaction) {
            continue;
        }
        if (sqlite3_exec(day->database, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
            code = rows_failed(day->database, "commit", why);
            sqlite3_exec(day->database, "ROLLBACK", NULL, NULL, NULL);
        }
        day->open_transaction = false;
    }
    return code;
}

void
rows_forget(struct rows *rows)
{
    for (size_t i = 0; i < DAYS_OPEN; i++) {
        if (rows->days[i].database != NULL && rows->days[i].open_transaction) {
            sqlite3_exec(rows->days[i].database, "ROLLBACK", NULL, NULL, NULL);
            rows->days[i].open_transaction = false;
        }
    }
}

static bool
write_mark(struct rows *rows, uint64_t upto)
{
    char path[ROWS_PATH_SIZE], beside[ROWS_PATH_SIZE + 8], text[32];

    snprintf(path, sizeof(path), "%s/rows.mark", rows->folder);
    snprintf(beside, sizeof(beside), "%s.new", path);
    int size = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)upto);
    int file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool done =
        file >= 0 && write(file, text, (size_t)size) == size && fdatasync(file) == 0;
    if (file >= 0) {
        done = close(file) == 0 && done;
    }
    return done && rename(beside, path) == 0;
}

enum sk_code
rows_settle(struct rows *rows, uint64_t upto, struct why *why)
{
    enum sk_code code = SK_OK;

    for (size_t i = 0; i < DAYS_OPEN && code == SK_OK; i++) {
        code = day_settle(&rows->days[i], why);
    }
    if (code == SK_OK && !write_mark(rows, upto)) {
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
    for (size_t i = 0; i < DAYS_OPEN; i++) {
        if (rows->days[i].database != NULL) {
            day_close(&rows->days[i]);
        }
    }
    arena_release(&rows->scratch);
}
