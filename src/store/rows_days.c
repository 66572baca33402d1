#include "store/rows_private.h"

#include "base/clock.h"
#include "base/writer.h"

#include <dirent.h>
#include <stdlib.h>

int64_t
rows_day_of(int zone_minutes, int64_t time_ms)
{
    int64_t seconds = time_ms / 1000 - (time_ms % 1000 < 0) + (int64_t)zone_minutes * 60;

    return seconds / 86400 - (seconds % 86400 < 0);
}

bool
rows_day_read(struct bytes text, int64_t *day_r)
{
    int64_t seconds;

    if (text.size != 10 || !clock_read_rfc3339(text, &seconds)) {
        return false;
    }
    *day_r = seconds / 86400;
    return true;
}

void
rows_day_write(int64_t day, char text_r[16])
{
    struct calendar date = clock_calendar(day * 86400, 0);
    unsigned year = (unsigned)date.year % 10000, month = (unsigned)date.month % 100,
             of_month = (unsigned)date.day % 100;

    snprintf(text_r, 16, "%04u-%02u-%02u", year, month, of_month);
}

static const char *const endings[] = {[ROWS_OPEN] = ".db", [ROWS_CLOSED] = ".rows"};

bool
rows_name_read(struct bytes name, int64_t *day_r, enum rows_file *kind_r)
{
    if (!bytes_starts(name, BYTES("events-")) || name.size < 17 ||
        !rows_day_read(bytes_slice(name, 7, 17), day_r)) {
        return false;
    }
    for (int kind = ROWS_OPEN; kind <= ROWS_CLOSED; kind++) {
        if (bytes_is(bytes_from(name, 17), endings[kind])) {
            *kind_r = (enum rows_file)kind;
            return true;
        }
    }
    return false;
}

void
rows_path(char path_r[ROWS_PATH_SIZE], const char *folder, int64_t day, enum rows_file kind,
          const char *ending)
{
    char date[16];

    rows_day_write(day, date);
    snprintf(path_r, ROWS_PATH_SIZE, "%s/events-%s%s%s", folder, date, endings[kind],
             ending);
}

/* Newest first, and of one day the open file before the closed one. */
static int
order_newest(const void *a, const void *b)
{
    const struct rows_file_name *left = a, *right = b;

    if (left->day != right->day) {
        return left->day < right->day ? 1 : -1;
    }
    return (int)left->kind - (int)right->kind;
}

enum sk_code
rows_list_files(struct arena *arena, const char *folder, struct rows_files *list_r,
                struct why *why)
{
    size_t room = 0, kept = 0;
    DIR *entries = opendir(folder);

    *list_r = (struct rows_files){0};
    if (entries == NULL || strlen(folder) > ROWS_PATH_SIZE - 64) {
        if (entries != NULL) {
            closedir(entries);
        }
        return why_set(why, SK_SYSTEM, "cannot read the folder %s", folder);
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        struct rows_file_name name;
        if (!rows_name_read(bytes_from_text(entry->d_name), &name.day, &name.kind)) {
            continue;
        }
        if (list_r->count == room) {
            list_r->names = arena_grow(arena, list_r->names, room * sizeof(name),
                                       (2 * room + 16) * sizeof(name));
            room = 2 * room + 16;
        }
        list_r->names[list_r->count++] = name;
    }
    closedir(entries);
    if (list_r->count > 0) {
        qsort(list_r->names, list_r->count, sizeof(list_r->names[0]), order_newest);
    }
    for (size_t i = 0; i < list_r->count; i++) {
        if (kept == 0 || list_r->names[kept - 1].day != list_r->names[i].day) {
            list_r->names[kept++] = list_r->names[i];
        }
    }
    list_r->count = kept;
    return SK_OK;
}

bool
rows_ruined(int code)
{
    return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB ||
           code == SQLITE_IOERR_SHORT_READ;
}

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

void
rows_note_unread(struct arena *arena, struct bytes *unread,
                 const struct rows_file_name *name, const char *words)
{
    char date[16];
    struct writer w;

    rows_day_write(name->day, date);
    writer_init(&w, arena);
    writer_bytes(&w, *unread);
    writer_format(&w, "%s%s (", unread->size > 0 ? ", " : "", date);
    writer_clean(&w, bytes_from_text(words), 100);
    writer_byte(&w, ')');
    *unread = writer_view(&w);
}

#define DAY_MS ((int64_t)86400000)

bool
rows_day_in_range(int64_t day, int64_t from_ms, int64_t to_ms)
{
    return (from_ms == 0 || (day + 2) * DAY_MS > from_ms) &&
           (to_ms == 0 || (day - 1) * DAY_MS < to_ms);
}

bool
rows_time_of_id(struct bytes id, int64_t *time_ms_r)
{
    int64_t time = 0;

    if (id.size != 20) {
        return false;
    }
    for (size_t i = 0; i < 8; i++) {
        uint8_t c = id.at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'A' && c <= 'Z' ? c - 'A' + 10
                    : c >= 'a' && c <= 'z' ? c - 'a' + 36
                                           : -1;
        if (digit < 0) {
            return false;
        }
        time = time * 62 + digit;
    }
    *time_ms_r = time;
    return time > 0;
}
