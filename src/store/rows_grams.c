#include "store/rows_grams.h"

#include "base/hash.h"
#include "base/utf8.h"
#include "base/writer.h"

const char grams_schema[] =
    "CREATE TABLE IF NOT EXISTS chunks(number INTEGER PRIMARY KEY, first INTEGER NOT NULL, "
    "last INTEGER NOT NULL, rows INTEGER NOT NULL, "
    "earliest INTEGER NOT NULL, latest INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS chunks_first ON chunks(first, last);"
    "CREATE TABLE IF NOT EXISTS grams(key INTEGER PRIMARY KEY, data BLOB NOT NULL);";

int64_t
rows_version(sqlite3 *database)
{
    int64_t version = -1;
    int code = grams_ask(database, "PRAGMA user_version", NULL, 0, &version, NULL);

    return code == SQLITE_OK ? version : -1;
}

int
rows_upgrade(sqlite3 *database)
{
    char sql[300];
    int64_t version = rows_version(database);

    if (version == ROWS_VERSION) {
        return SQLITE_OK;
    }
    snprintf(sql, sizeof(sql),
             "DROP TABLE IF EXISTS words; DROP TABLE IF EXISTS pairs; "
             "%sPRAGMA user_version=%d; COMMIT",
             version < ROWS_VERSION_OLD /* a new file */
                 ? ""
                 : "ALTER TABLE events ADD COLUMN campaign TEXT NOT NULL DEFAULT ''; ",
             ROWS_VERSION);
    int code = sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_exec(database, grams_schema, NULL, NULL, NULL);
        code = code == SQLITE_OK ? sqlite3_exec(database, sql, NULL, NULL, NULL) : code;
        if (code != SQLITE_OK) {
            sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
        }
    }
    return code;
}

uint32_t
grams_lower(uint32_t c)
{
    if (c < 0x80) {
        return c >= 'A' && c <= 'Z' ? c + 32 : c;
    }
    if (c >= 0x3000 || c < 0xc0) {
        return c;
    }
    if ((c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3ab && c != 0x3a2) ||
        (c >= 0x410 && c <= 0x42f)) {
        return c + 32;
    }
    if (c >= 0x400 && c <= 0x40f) {
        return c + 80;
    }
    if (c >= 0x531 && c <= 0x556) {
        return c + 48;
    }
    bool even_upper = (c >= 0x100 && c <= 0x137 && c != 0x130 && c != 0x131) ||
                      (c >= 0x14a && c <= 0x177) || (c >= 0x460 && c <= 0x481) ||
                      (c >= 0x48a && c <= 0x4bf) || (c >= 0x4d0 && c <= 0x52f) ||
                      (c >= 0x1e00 && c <= 0x1e95) || (c >= 0x1ea0 && c <= 0x1eff);
    bool odd_upper = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e);
    if ((even_upper && c % 2 == 0) || (odd_upper && c % 2 == 1)) {
        return c + 1;
    }
    return c == 0x178 ? 0xff : c;
}

size_t
grams_lower_into(uint8_t *to, struct bytes text)
{
    size_t size = 0;
    uint32_t c;

    for (size_t at = 0; at < text.size;) {
        if (text.at[at] < 0x80) {
            to[size++] = ascii_lower(text.at[at++]);
            continue;
        }
        size_t step = utf8_get(text, at, &c);
        uint32_t lower = step > 0 ? grams_lower(c) : 0;
        if (step > 0 && lower != c) {
            size += utf8_put(to + size, lower);
            at += step;
            continue;
        }
        for (step = step > 0 ? step : 1; step > 0; step--) {
            to[size++] = text.at[at++];
        }
    }
    return size;
}

struct bytes
grams_lower_text(struct arena *arena, struct bytes text)
{
    uint8_t *to = arena_take_bytes(arena, 2 * text.size + UTF8_SIZE_MAX);

    return bytes_of(to, grams_lower_into(to, text));
}

bool
grams_is_blank(uint32_t c)
{
    return c <= 0x20 || c == 0x3000;
}

/* 16 bits of a character that is not ASCII: itself, wherever people write. */
static uint32_t
upper_half(uint32_t c)
{
    return c < 0x10000 ? c : 0x8000 | (c & 0x7fff);
}

uint32_t
grams_at(uint32_t c, uint32_t next, uint32_t third)
{
    if (c >= 0x80) {
        return upper_half(c) << 16 | upper_half(next);
    }
    if (next == 0) {
        return c << 16;
    }
    if (next >= 0x80) {
        return c << 16 | 0x8000 | (next & 0x7fff);
    }
    return c << 16 | next << 8 | (third < 0x80 ? third : 1);
}

uint32_t
grams_of_value(char kind, struct bytes value)
{
    /* No seed that changes: the files outlive the process. */
    return (uint32_t)(hash_quick(value, (uint64_t)(uint8_t)kind) >> 32);
}

bool
grams_part_next(struct grams_part *part, struct bytes *list_r, bool *bad_r)
{
    uint64_t more, size;

    if (part->at == part->end) {
        return false;
    }
    size_t one = grams_number(part->at, part->end, &more);
    size_t two = one > 0 ? grams_number(part->at + one, part->end, &size) : 0;
    if (two == 0 || size == 0 || size > (uint64_t)(part->end - part->at) - one - two ||
        (part->gram + more) >> 34 != 0) {
        *bad_r = true;
        return false;
    }
    part->gram += more;
    *list_r = bytes_of(part->at + one + two, (size_t)size);
    part->at += one + two + size;
    return true;
}

int
grams_ask(sqlite3 *database, const char *sql, const int64_t *values, int count,
          int64_t *value_r, bool *found_r)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    bool found = false;

    if (code == SQLITE_OK) {
        for (int i = 0; i < count; i++) {
            sqlite3_bind_int64(statement, i + 1, values[i]);
        }
        code = sqlite3_step(statement);
        found = code == SQLITE_ROW;
        if (found && value_r != NULL) {
            *value_r = sqlite3_column_int64(statement, 0);
        }
        code = found || code == SQLITE_DONE ? SQLITE_OK : code;
    }
    sqlite3_finalize(statement);
    if (found_r != NULL) {
        *found_r = found;
    }
    return code;
}

/* Writing lists. */

int
grams_writer_begin(struct grams_writer *w, sqlite3 *database, uint64_t number)
{
    *w = (struct grams_writer){.number = number};
    w->code = sqlite3_prepare_v2(database, "INSERT INTO grams(key, data) VALUES(?1, ?2)",
                                 -1, &w->insert, NULL);
    return w->code;
}

static void
insert(struct grams_writer *w, uint64_t gram, unsigned part, const uint8_t *at, size_t size)
{
    if (w->code != SQLITE_OK) {
        return;
    }
    sqlite3_bind_int64(w->insert, 1, GRAMS_KEY(w->number, gram, part));
    sqlite3_bind_blob(w->insert, 2, at, (int)size, SQLITE_STATIC);
    int code = sqlite3_step(w->insert);
    sqlite3_reset(w->insert);
    w->code = code == SQLITE_DONE ? SQLITE_OK : code;
    w->parts++;
}

static void
flush_shared(struct grams_writer *w)
{
    if (w->shared_size > 0) {
        insert(w, w->first_gram, 0, w->shared, w->shared_size);
    }
    w->shared_size = 0;
}

static size_t
put_number(uint8_t *at, uint64_t number)
{
    size_t size = 0;

    while (number >= 0x80) {
        at[size++] = (uint8_t)(number | 0x80);
        number >>= 7;
    }
    at[size++] = (uint8_t)number;
    return size;
}

void
grams_writer_gram(struct grams_writer *w, uint64_t gram)
{
    w->gram = gram;
    w->part = 0;
    w->list_size = 0;
}

/* The list in hand as a part of its own. */
static void
flush_list(struct grams_writer *w)
{
    SK_ASSERT(w->part < GRAMS_PARTS_MAX);
    flush_shared(w);
    insert(w, w->gram, ++w->part, w->list, w->list_size);
    w->list_size = 0;
}

void
grams_writer_value(struct grams_writer *w, uint64_t value)
{
    if (w->list_size + 8 > sizeof(w->list)) {
        flush_list(w);
    }
    w->list_size +=
        put_number(w->list + w->list_size, w->list_size == 0 ? value : value - w->value);
    w->value = value;
}

void
grams_writer_gram_end(struct grams_writer *w)
{
    if (w->part > 0) {
        if (w->list_size > 0) {
            flush_list(w);
        }
        return;
    }
    if (w->list_size + 16 > sizeof(w->list)) { /* with its head no part would hold it */
        flush_list(w);
        return;
    }
    if (w->shared_size + w->list_size + 16 > sizeof(w->shared)) {
        flush_shared(w);
    }
    if (w->shared_size == 0) {
        w->first_gram = w->last_gram = w->gram;
    }
    uint8_t *at = w->shared + w->shared_size;
    size_t size = put_number(at, w->gram - w->last_gram);
    size += put_number(at + size, w->list_size);
    memcpy(at + size, w->list, w->list_size);
    w->shared_size += size + w->list_size;
    w->last_gram = w->gram;
}

int
grams_writer_end(struct grams_writer *w)
{
    flush_shared(w);
    sqlite3_finalize(w->insert);
    w->insert = NULL;
    return w->code;
}
