#include "store/rows_writer_private.h"

#include "base/clock.h"
#include "base/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define MARK_MAX ((size_t)1 << 20)
/* All files together are checked for so long at start; what is not reached is found when it is read. */
#define CHECK_MS 1500

struct known_day *
rows_known(struct rows *rows, int64_t day, bool make)
{
    for (size_t i = rows->known_count; i-- > 0;) {
        if (rows->known[i].number == day) {
            return &rows->known[i];
        }
    }
    if (!make) {
        return NULL;
    }
    if (rows->known_count == rows->known_room) {
        size_t room = 2 * rows->known_room + 64;
        rows->known =
            arena_grow(rows->arena, rows->known, rows->known_room * sizeof(*rows->known),
                       room * sizeof(*rows->known));
        rows->known_room = room;
    }
    rows->known[rows->known_count] = (struct known_day){.number = day};
    return &rows->known[rows->known_count++];
}

static void
file_path(const struct rows *rows, const char *name, char path_r[ROWS_PATH_SIZE])
{
    snprintf(path_r, ROWS_PATH_SIZE, "%s/%s", rows->folder, name);
}

/* "" if it is not there. */
static enum sk_code
read_small(struct rows *rows, const char *name, struct bytes *text_r, struct why *why)
{
    char path[ROWS_PATH_SIZE];
    size_t size = 0;

    *text_r = BYTES_NONE;
    file_path(rows, name, path);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return errno == ENOENT ? SK_OK : why_set(why, SK_SYSTEM, "cannot read %s", name);
    }
    uint8_t *text = arena_take_bytes(&rows->scratch, MARK_MAX);
    ssize_t got = 0;
    while (size < MARK_MAX && (got = read(file, text + size, MARK_MAX - size)) > 0) {
        size += (size_t)got;
    }
    close(file);
    *text_r = bytes_of(text, size);
    return got >= 0 ? SK_OK : why_set(why, SK_SYSTEM, "cannot read %s", name);
}

static bool
write_small(struct rows *rows, const char *name, struct bytes text)
{
    char path[ROWS_PATH_SIZE], beside[ROWS_PATH_SIZE + 8];

    file_path(rows, name, path);
    snprintf(beside, sizeof(beside), "%s.new", path);
    int file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool done = file >= 0 && write(file, text.at, text.size) == (ssize_t)text.size &&
                fdatasync(file) == 0;
    if (file >= 0) {
        done = close(file) == 0 && done;
    }
    return done && rename(beside, path) == 0;
}

static bool
is_written(const struct rows *rows, int64_t day)
{
    for (size_t i = 0; i < ROWS_SLOTS; i++) {
        if (rows->days[i].database != NULL && rows->days[i].number == day) {
            return true;
        }
    }
    return false;
}

/* The number up to which all is on disk, and below it a line for each day: "2026-11-22 LAST". */
bool
rows_write_mark(struct rows *rows, uint64_t upto)
{
    struct writer w;
    char date[16];

    writer_init(&w, &rows->scratch);
    writer_format(&w, "%llu\n", (unsigned long long)upto);
    for (size_t i = 0; i < rows->known_count; i++) {
        rows_day_write(rows->known[i].number, date);
        /* Only of days that are being written can the last rows be lost with the log. */
        writer_format(&w, "%s %llu\n", date,
                      (unsigned long long)(is_written(rows, rows->known[i].number)
                                               ? rows->known[i].last
                                               : 0));
    }
    bool done = write_small(rows, "rows.mark", writer_view(&w));
    arena_release(&rows->scratch);
    return done;
}

bool
rows_write_again(struct rows *rows)
{
    struct writer w;
    char date[16], path[ROWS_PATH_SIZE];

    writer_init(&w, &rows->scratch);
    for (size_t i = 0; i < rows->known_count; i++) {
        if (rows->known[i].wanted) {
            rows_day_write(rows->known[i].number, date);
            writer_format(&w, "%s\n", date);
        }
    }
    file_path(rows, "rows.again", path);
    bool done = w.size > 0 ? write_small(rows, "rows.again", writer_view(&w))
                           : unlink(path) == 0 || errno == ENOENT;
    arena_release(&rows->scratch);
    return done;
}

static void
read_mark(struct rows *rows, struct bytes text)
{
    struct bytes line, date;
    uint64_t number;
    int64_t day;

    if (bytes_line(&text, &line) && bytes_to_number(bytes_trim(line), INT64_MAX, &number)) {
        rows->mark = number;
    }
    while (bytes_line(&text, &line)) {
        if (bytes_split(&line, ' ', &date) && rows_day_read(date, &day) &&
            bytes_to_number(line, INT64_MAX, &number)) {
            rows_known(rows, day, true)->last = number;
        }
    }
}

static void
move_aside(const struct rows *rows, int64_t day, enum rows_file kind, const char *ending,
           bool remove)
{
    char path[ROWS_PATH_SIZE], aside[ROWS_PATH_SIZE + 16];

    rows_path(path, rows->folder, day, kind, ending);
    snprintf(aside, sizeof(aside), "%s.damaged", path);
    if (remove || rename(path, aside) != 0) {
        unlink(path);
    }
}

void
rows_set_aside(struct rows *rows, int64_t day, bool remove, const char *words)
{
    struct known_day *known = rows_known(rows, day, true);
    char date[16];

    rows_close_slot(rows, day);
    if (rows->closing.stage != CLOSING_NOTHING && rows->closing.day == day) {
        rows_stop_closing(rows);
    }
    /* First the note, then the file: a crash between finds the day wanted. */
    known->wanted = true;
    known->in_pass = false;
    known->last = 0;
    (void)rows_write_again(rows);
    rows_day_write(day, date);
    if (!remove) {
        snprintf(rows->trouble, sizeof(rows->trouble),
                 "the rows of %s could not be read (%s); the file was set aside as "
                 "*.damaged, and they are made again from the journal",
                 date, words);
    }
    move_aside(rows, day, ROWS_OPEN, "", remove);
    move_aside(rows, day, ROWS_OPEN, "-wal", remove);
    move_aside(rows, day, ROWS_OPEN, "-shm", true);
    move_aside(rows, day, ROWS_CLOSED, "", remove);
    move_aside(rows, day, ROWS_CLOSED, ".new", true);
    rows->closed_upto = INT64_MIN;
}

static int
out_of_time(void *context)
{
    return clock_monotonic_ms() > *(const int64_t *)context;
}

static int64_t
one_number(sqlite3 *database, const char *sql, int *code)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;

    *code = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    if (*code == SQLITE_OK && (*code = sqlite3_step(statement)) == SQLITE_ROW) {
        number = sqlite3_column_int64(statement, 0);
        *code = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return number;
}

static int
quick_check(sqlite3 *database, bool *good_r)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, "PRAGMA quick_check(1)", -1, &statement, NULL);

    *good_r = true;
    if (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *word = (const char *)sqlite3_column_text(statement, 0);
        *good_r = word != NULL && strcmp(word, "ok") == 0;
        code = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return code;
}

/* NULL: the day's file is good, as far as can be told at start; else why it is not. */
static const char *
check_day(struct rows *rows, const struct rows_file_name *name, int64_t *deadline)
{
    static char words[200];
    const char *wrong = NULL;
    sqlite3 *database = NULL;
    bool good = true;
    int code = rows_open_reading(&rows->scratch, rows->folder, name, &database);
    int64_t version = -1, last = -1;

    if (code == SQLITE_OK) {
        version = one_number(database, "PRAGMA user_version", &code);
    }
    bool known_version = version >= ROWS_VERSION_OLD && version <= ROWS_VERSION;
    if (code == SQLITE_OK && known_version) {
        last = one_number(database, "SELECT coalesce(max(seq), 0) FROM events", &code);
    }
    if (code == SQLITE_OK && known_version && name->kind == ROWS_OPEN) {
        sqlite3_progress_handler(database, 10000, out_of_time, deadline);
        code = quick_check(database, &good);
        code = (code & 0xff) == SQLITE_INTERRUPT ? SQLITE_OK : code;
    }
    const struct known_day *known = rows_known(rows, name->day, true);
    if (code ==
        SQLITE_ERROR) { /* SQLite reads it, and it has no tables of ours: an empty file is a database to it */
        wrong = "it holds no rows";
    } else if (rows_ruined(code) || !good) {
        snprintf(words, sizeof(words), "%s",
                 good ? sqlite3_errmsg(database) : "database disk image is malformed");
        wrong = words;
    } else if (code == SQLITE_OK && !known_version) {
        wrong = "";
    } else if (code == SQLITE_OK && (uint64_t)last < known->last) {
        wrong = "its last rows are missing";
    }
    sqlite3_close(database);
    return wrong;
}

/* A file that both stages of closing left behind: the open one counts. */
static void
clear_leftovers(struct rows *rows, int64_t day)
{
    char path[ROWS_PATH_SIZE];

    rows_path(path, rows->folder, day, ROWS_CLOSED, "");
    unlink(path);
    rows_path(path, rows->folder, day, ROWS_CLOSED, ".new");
    unlink(path);
    rows_path(path, rows->folder, day, ROWS_OPEN, ".new");
    unlink(path);
}

static enum sk_code
check_files(struct rows *rows, struct why *why)
{
    struct rows_files files;
    int64_t deadline = clock_monotonic_ms() + CHECK_MS;
    enum sk_code code = rows_list_files(rows->arena, rows->folder, &files, why);

    for (size_t i = 0; i < files.count && code == SK_OK; i++) {
        const struct rows_file_name *name = &files.names[i];
        if (name->kind == ROWS_OPEN) {
            clear_leftovers(rows, name->day);
        }
        const char *wrong = check_day(rows, name, &deadline);
        if (wrong != NULL) {
            rows_set_aside(rows, name->day, wrong[0] == '\0', wrong);
        }
    }
    for (size_t i = 0; i < rows->known_count && code == SK_OK; i++) {
        struct known_day *known = &rows->known[i];
        bool there = false;
        for (size_t j = 0; j < files.count; j++) {
            there = there || files.names[j].day == known->number;
        }
        known->wanted = known->wanted || !there;
    }
    arena_release(&rows->scratch);
    return code;
}

enum sk_code
rows_read_known(struct rows *rows, struct why *why)
{
    struct bytes text = BYTES_NONE, line;
    int64_t day;

    rows->closed_upto = INT64_MIN;
    enum sk_code code = read_small(rows, "rows.mark", &text, why);
    if (code == SK_OK) {
        read_mark(rows, text);
        code = read_small(rows, "rows.again", &text, why);
    }
    while (code == SK_OK && bytes_line(&text, &line)) {
        if (rows_day_read(line, &day)) {
            rows_known(rows, day, true)->wanted = true;
        }
    }
    arena_release(&rows->scratch);
    if (code == SK_OK) {
        code = check_files(rows, why);
    }
    if (code == SK_OK && rows_wanting(rows)) {
        (void)rows_write_again(
            rows); /* a full disk: they are found wanting at the next start as well */
    }
    return code;
}

bool
rows_wanting(const struct rows *rows)
{
    for (size_t i = 0; i < rows->known_count; i++) {
        if (rows->known[i].wanted) {
            return true;
        }
    }
    return false;
}

void
rows_again_begin(struct rows *rows)
{
    rows->passing = true;
    for (size_t i = 0; i < rows->known_count; i++) {
        rows->known[i].in_pass = rows->known[i].wanted;
    }
}

bool
rows_wants(const struct rows *rows, int64_t time_ms)
{
    int64_t day = rows_day_of(rows->zone_minutes, time_ms);

    for (size_t i = 0; rows->passing && i < rows->known_count; i++) {
        if (rows->known[i].number == day) {
            return rows->known[i].in_pass;
        }
    }
    return false;
}

enum sk_code
rows_again_end(struct rows *rows, struct why *why)
{
    char path[2][ROWS_PATH_SIZE];
    size_t kept = 0;

    rows->passing = false;
    for (size_t i = 0; i < rows->known_count; i++) {
        struct known_day known = rows->known[i];
        known.wanted = known.wanted && !known.in_pass;
        rows_path(path[0], rows->folder, known.number, ROWS_OPEN, "");
        rows_path(path[1], rows->folder, known.number, ROWS_CLOSED, "");
        /* A day of which nothing is left has no file, and is not missed. */
        if (known.wanted || !known.in_pass || access(path[0], F_OK) == 0 ||
            access(path[1], F_OK) == 0) {
            known.in_pass = false;
            rows->known[kept++] = known;
        }
    }
    rows->known_count = kept;
    if (!rows_wanting(rows)) {
        rows->trouble[0] = '\0';
    }
    return rows_write_again(rows) ? SK_OK
                                  : why_set(why, SK_SYSTEM, "cannot write rows.again");
}

enum sk_code
rows_renew(struct rows *rows, int64_t time_ms, struct why *why)
{
    int64_t day = rows_day_of(rows->zone_minutes, time_ms);

    rows_set_aside(rows, day, true, "");
    return rows_write_again(rows) ? SK_OK
                                  : why_set(why, SK_SYSTEM, "cannot write rows.again");
}

const char *
rows_trouble(const struct rows *rows)
{
    return rows->trouble[0] != '\0' ? rows->trouble : NULL;
}
