/* Shared by the writing and the reading side of rows. */
#pragma once

/* Before our own headers: banned.h forbids names that foreign headers may use. */
#include <sqlite3.h>

#include "store/rows.h"

#define ROWS_PATH_SIZE 4096
#define ROWS_NAME_SIZE 32 /* "events-2026-11-22.db" */

bool rows_name_is(struct bytes name);

/* The day files of a folder. */
struct rows_files {
    struct bytes *names; /* newest first */
    size_t count;
};
enum sk_code rows_list_files(struct arena *arena, const char *folder,
                             struct rows_files *files_r, struct why *why);
/* Opens one for reading; gives SQLite's code. In a folder that we may not write (evidence on a read-only disk) there is
 * no room for the log's shared memory: such a file is opened as one that nobody changes. The caller closes it in any
 * case. */
int rows_open_reading(struct arena *arena, const char *folder, struct bytes name,
                      sqlite3 **database_r);
/* SQLite's words for what went wrong, as SK_SYSTEM or SK_LATER (busy). */
enum sk_code rows_failed(sqlite3 *database, const char *doing, struct why *why);
/* A character that runs without blanks between words: kana, kanji, hangul, full-width letters. */
bool rows_is_japanese(uint32_t code_point);
/* A character that the trigram table holds: neither Japanese nor a mark between Japanese words. */
bool rows_is_trigram(uint32_t code_point);
