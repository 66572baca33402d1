/* The word index of a file that somebody else wrote: any bytes are refused, or answer as far as they go; nothing else.
 * The input is one chunk's parts: a byte of gram, one of part, two of size, the data. */
#include "store/rows_grams.h"

#include <stdlib.h>

#define FUZZ_PARTS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char tables[] =
    "CREATE TABLE events(seq INTEGER PRIMARY KEY, subject, name, text, sender, recipients, "
    "action, category, client, threat, time, campaign); BEGIN";
static const char chunks[] = "INSERT INTO chunks VALUES(0, 0, 999, 500, 0, 9); "
                             "INSERT INTO chunks VALUES(1, 1000, 1999, 500, 0, 9); COMMIT";

/* Grams that the terms below ask for, and some beside them. */
static uint64_t
gram_of(uint8_t byte)
{
    static const char letters[] = "abcd";
    uint32_t gram = grams_at((uint32_t)letters[byte & 3], (uint32_t)letters[byte >> 2 & 3],
                             (uint32_t)letters[byte >> 4 & 3]);

    return GRAMS_MAKE(byte >> 6, gram);
}

static void
fill(sqlite3 *database, struct bytes input)
{
    sqlite3_stmt *insert = NULL;

    if (sqlite3_prepare_v2(database, "INSERT OR IGNORE INTO grams VALUES(?1, ?2)", -1,
                           &insert, NULL) != SQLITE_OK) {
        abort();
    }
    for (unsigned i = 0; i < FUZZ_PARTS && input.size >= 4; i++) {
        size_t most = input.at[2] | (size_t)(input.at[3] & 15) << 8;
        struct bytes part = bytes_slice(input, 4, 4 + most);
        sqlite3_bind_int64(insert, 1,
                           GRAMS_KEY(input.at[3] >> 7, gram_of(input.at[0]), input.at[1]));
        sqlite3_bind_blob(insert, 2, part.at, (int)part.size, SQLITE_STATIC);
        sqlite3_step(insert);
        sqlite3_reset(insert);
        input = bytes_from(input, 4 + part.size);
    }
    sqlite3_finalize(insert);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const words[] = {"abcd", "ab", "a", "bcda"};
    struct grams_term terms[4];
    struct grams_chunk *list;
    struct grams_found *found;
    struct grams_tidying tidying = {0};
    struct arena arena;
    struct grams_room room = {.arena = &arena};
    sqlite3 *database = NULL;
    struct why why;
    size_t count = 0;

    arena_init(&arena, (size_t)64 << 20);
    if (sqlite3_open(":memory:", &database) != SQLITE_OK ||
        sqlite3_exec(database, grams_schema, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(database, tables, NULL, NULL, NULL) != SQLITE_OK) {
        abort();
    }
    fill(database, bytes_of(data, size));
    if (sqlite3_exec(database, chunks, NULL, NULL, NULL) != SQLITE_OK) {
        abort();
    }
    for (size_t i = 0; i < 4; i++) {
        grams_term_of(&arena, bytes_from_text(words[i]), &terms[i]);
        terms[i].kinds = i == 3 ? 2 : 7;
    }
    if (grams_chunks(&arena, database, &list, &count, &why) != SK_OK || count != 2) {
        abort();
    }
    for (size_t i = 0; i < 8; i++) {
        enum sk_code code = grams_find(&arena, &room, database, &list[i % 2], &terms[i / 2],
                                       i / 2 == 0 ? 4 : 1, 0, &found, &why);
        if (code == SK_OK && found->count > list[i % 2].rows) {
            abort();
        }
    }
    for (unsigned i = 0; i < 2 * FUZZ_PARTS; i++) {
        if (grams_tidy(database, &tidying, &why) != SK_MORE) {
            break;
        }
    }
    sqlite3_close(database);
    arena_release(&arena);
    return 0;
}
