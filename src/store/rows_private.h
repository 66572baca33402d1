/* Shared by the writing and the reading side of rows. */
#pragma once

/* Before our own headers: banned.h forbids names that foreign headers may use. */
#include <sqlite3.h>

#include "store/rows.h"

#define ROWS_PATH_SIZE 4096
#define ROWS_NAME_SIZE 32 /* "events-2026-11-22.db" */
/* PRAGMA user_version of a day's file. 4: rows have a campaign; those of older files have none. 3: the word index is ours
 * (rows_grams.h). Files of version 2, whose index was FTS5's, answer by looking at each row, until they are written to and so
 * brought to 4 (rows_upgrade). Files of any other version are made again from the journal. */
#define ROWS_VERSION       4
#define ROWS_VERSION_GRAMS 3
#define ROWS_VERSION_OLD   2

/* Days. A day is its number since 1970 in the zone; "2026-11-22" in names. */
int64_t rows_day_of(int zone_minutes, int64_t time_ms);
bool rows_day_read(struct bytes text, int64_t *day_r);
void rows_day_write(int64_t day, char text_r[16]);

/* Whether a day can hold times in question; a day of slack at both ends, since a reader does not know the zone. to_ms 0: no
 * end. */
bool rows_day_in_range(int64_t day, int64_t from_ms, int64_t to_ms);
/* An id of ours begins with its time. False: it is none. */
bool rows_time_of_id(struct bytes id, int64_t *time_ms_r);

/* A day's file: events-DAY.db while it is written, events-DAY.rows once it is closed (rows_packed.h). */
enum rows_file { ROWS_OPEN, ROWS_CLOSED };
bool rows_name_read(struct bytes name, int64_t *day_r, enum rows_file *kind_r);
void rows_path(char path_r[ROWS_PATH_SIZE], const char *folder, int64_t day,
               enum rows_file kind, const char *ending);

/* The day files of a folder; of a day that has both (a crash while it was being closed or opened again) the open one. */
struct rows_file_name {
    int64_t day;
    enum rows_file kind;
};
struct rows_files {
    struct rows_file_name *names; /* newest first */
    size_t count;
};
enum sk_code rows_list_files(struct arena *arena, const char *folder,
                             struct rows_files *files_r, struct why *why);
/* Opens one for reading; gives SQLite's code. In a folder that we may not write (evidence on a read-only disk) there is
 * no room for the log's shared memory: such a file is opened as one that nobody changes. The caller closes it in any
 * case. */
int rows_open_reading(struct arena *arena, const char *folder,
                      const struct rows_file_name *name, sqlite3 **database_r);
/* A file that SQLite cannot read. */
bool rows_ruined(int code);
/* SQLite's words for what went wrong, as SK_SYSTEM or SK_LATER (busy). */
enum sk_code rows_failed(sqlite3 *database, const char *doing, struct why *why);

/* What was looked at and could not be read, for whoever asked. */
void rows_note_unread(struct arena *arena, struct bytes *unread,
                      const struct rows_file_name *name, const char *words);

/* PRAGMA user_version; -1: it cannot be read. */
int64_t rows_version(sqlite3 *database);
/* Makes the tables of this version, and takes away those of the one before. SQLite's code. */
int rows_upgrade(sqlite3 *database);
/* Makes a closed day an open one, which can be written. SK_BAD: the closed one is damaged. */
enum sk_code rows_unpack_day(const char *folder, int64_t day, struct why *why);
