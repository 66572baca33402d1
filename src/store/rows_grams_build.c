/* Chunks of the word index: made from rows, found, taken away. */
#include "store/rows_grams.h"

#include "base/utf8.h"
#include "base/writer.h"

/* A posting to be sorted: gram << 16 | row << 5 | place. */
#define ROW_OF(posting)   ((uint32_t)((posting) >> 5 & (GRAMS_ROWS - 1)))
#define PLACE_OF(posting) ((unsigned)(posting) & (GRAMS_PLACES - 1))
_Static_assert(GRAMS_ROWS == 1 << 11 && GRAMS_PLACES == 1 << 5, "they share 16 bits");

struct building {
    struct arena arena;
    uint64_t *postings, *sorted;
    size_t count, room;
    int64_t seqs[GRAMS_ROWS];
    uint32_t rows;
    int64_t earliest, latest;
    uint32_t place;
    uint32_t *characters; /* of the text in hand */
    size_t characters_room;
};

static void
add(struct building *b, enum grams_kind kind, uint32_t gram, uint32_t place)
{
    if (b->count == b->room) {
        size_t room = b->room < 65536 ? 65536 : 2 * b->room;
        b->postings = arena_grow(&b->arena, b->postings, b->room * sizeof(*b->postings),
                                 room * sizeof(*b->postings));
        b->room = room;
    }
    b->postings[b->count++] = GRAMS_MAKE(kind, gram) << 16 | (uint64_t)b->rows << 5 |
                              (place & (GRAMS_PLACES - 1));
}

/* Every text of a row begins behind the one before it. */
static void
add_text(struct building *b, enum grams_kind kind, struct bytes text)
{
    size_t count = 0;

    if (text.size + 2 > b->characters_room) {
        b->characters_room = 2 * text.size + 4096;
        b->characters = arena_take_many(&b->arena, b->characters_room, sizeof(uint32_t));
    }
    for (size_t at = 0; at < text.size;) {
        uint32_t c = 0;
        size_t size = utf8_get(text, at, &c);
        at += size > 0 ? size : 1;
        b->characters[count++] = size == 0 || grams_is_blank(c) ? 0 : grams_lower(c);
    }
    b->characters[count] = b->characters[count + 1] = 0;
    for (size_t i = 0; i < count; i++) {
        if (b->characters[i] != 0) {
            add(b, kind,
                grams_at(b->characters[i], b->characters[i + 1], b->characters[i + 2]),
                b->place + (uint32_t)i);
        }
    }
    b->place += (uint32_t)count + 1;
}

static void
add_addresses(struct building *b, char kind, struct bytes list)
{
    struct bytes address;

    while (bytes_split(&list, ',', &address)) {
        address = bytes_trim(address);
        if (address.size > 0) {
            add(b, GRAMS_VALUE, grams_of_value(kind, grams_lower_text(&b->arena, address)),
                0);
        }
    }
}

static struct bytes
column(sqlite3_stmt *statement, int i)
{
    const void *at = sqlite3_column_blob(statement, i);

    return bytes_of(at, (size_t)sqlite3_column_bytes(statement, i));
}

static void
add_row(struct building *b, sqlite3_stmt *row)
{
    b->seqs[b->rows] = sqlite3_column_int64(row, 0);
    b->place = 0;
    for (int i = 1; i <= 3; i++) {
        add_text(b, GRAMS_BODY, column(row, i));
    }
    add_text(b, GRAMS_SENDER, column(row, 4));
    add_text(b, GRAMS_RECIPIENTS, column(row, 5));
    add(b, GRAMS_VALUE, grams_of_value('a', column(row, 6)), 0);
    add(b, GRAMS_VALUE, grams_of_value('g', column(row, 7)), 0);
    add(b, GRAMS_VALUE, grams_of_value('c', column(row, 8)), 0);
    add_addresses(b, 's', column(row, 4));
    add_addresses(b, 'r', column(row, 5));
    if (column(row, 9).size > 0) {
        add(b, GRAMS_VALUE, grams_of_value('t', BYTES_NONE), 0);
    }
    if (column(row, 11).size > 0) {
        add(b, GRAMS_VALUE, grams_of_value('k', column(row, 11)), 0);
    }
    int64_t time = sqlite3_column_int64(row, 10);
    b->earliest = b->rows == 0 || time < b->earliest ? time : b->earliest;
    b->latest = b->rows == 0 || time > b->latest ? time : b->latest;
    b->rows++;
}

static int
read_rows(struct building *b, sqlite3 *database, int64_t low, int64_t high)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(
        database,
        "SELECT seq, subject, name, text, sender, recipients, action, category, client, "
        "threat, time, campaign FROM events WHERE seq > ?1 AND seq < ?2 ORDER BY seq",
        -1, &statement, NULL);

    if (code == SQLITE_OK) {
        sqlite3_bind_int64(statement, 1, low);
        sqlite3_bind_int64(statement, 2, high);
        while (b->rows < GRAMS_ROWS && b->count < GRAMS_POSTINGS &&
               (code = sqlite3_step(statement)) == SQLITE_ROW) {
            if (b->rows > 0 &&
                sqlite3_column_int64(statement, 0) - b->seqs[0] >= GRAMS_SPAN) {
                break;
            }
            add_row(b, statement);
        }
        code = code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
    }
    sqlite3_finalize(statement);
    return code;
}

#define DIGIT 4096

/* By gram alone, keeping the order of rows: a pass for each twelve of its 34 bits. */
static void
sort_postings(struct building *b)
{
    static const unsigned shifts[] = {16, 28, 40};
    uint32_t starts[DIGIT];

    b->sorted = arena_take_many(&b->arena, b->count, sizeof(*b->sorted));
    for (size_t pass = 0; pass < 3; pass++) {
        memset(starts, 0, sizeof(starts));
        for (size_t i = 0; i < b->count; i++) {
            starts[b->postings[i] >> shifts[pass] & (DIGIT - 1)]++;
        }
        uint32_t from = 0;
        for (size_t i = 0; i < DIGIT; i++) {
            uint32_t count = starts[i];
            starts[i] = from;
            from += count;
        }
        for (size_t i = 0; i < b->count; i++) {
            uint64_t posting = b->postings[i];
            b->sorted[starts[posting >> shifts[pass] & (DIGIT - 1)]++] = posting;
        }
        uint64_t *other = b->postings;
        b->postings = b->sorted;
        b->sorted = other;
    }
}

static void
write_row(struct grams_writer *w, uint64_t row, uint32_t places)
{
    for (; places != 0; places &= places - 1) {
        grams_writer_value(w, row << 5 | (uint64_t)__builtin_ctz(places));
    }
}

static int
write_chunk(struct building *b, sqlite3 *database, uint64_t number)
{
    static struct grams_writer w;
    uint64_t gram = UINT64_MAX;

    if (grams_writer_begin(&w, database, number) != SQLITE_OK) {
        return w.code;
    }
    for (size_t i = 0; i < b->count;) {
        uint64_t same = b->postings[i] >> 5;
        if (same >> 11 != gram) {
            if (gram != UINT64_MAX) {
                grams_writer_gram_end(&w);
            }
            gram = same >> 11;
            grams_writer_gram(&w, gram);
        }
        uint32_t places = 0, row = ROW_OF(b->postings[i]);
        for (; i < b->count && b->postings[i] >> 5 == same; i++) {
            places |= 1u << PLACE_OF(b->postings[i]);
        }
        write_row(&w, (uint64_t)(b->seqs[row] - b->seqs[0]), places);
    }
    if (gram != UINT64_MAX) {
        grams_writer_gram_end(&w);
    }
    return grams_writer_end(&w);
}

int
grams_new_number(sqlite3 *database, uint64_t *number_r)
{
    int64_t number = 0;
    int code = grams_ask(
        database,
        "SELECT 0 WHERE NOT EXISTS(SELECT 1 FROM chunks WHERE number = 0) UNION ALL SELECT "
        "number + 1 FROM chunks AS c WHERE NOT EXISTS(SELECT 1 FROM chunks WHERE number = "
        "c.number + 1) LIMIT 1",
        NULL, 0, &number, NULL);
    if (code == SQLITE_OK) {
        code = number < GRAMS_CHUNKS_MAX ? SQLITE_OK : SQLITE_TOOBIG;
    }
    if (code == SQLITE_OK) {
        code = grams_ask(database, "INSERT INTO chunks VALUES(?1, 0, -1, 0, 0, -1)",
                         &number, 1, NULL, NULL);
    }
    *number_r = (uint64_t)number;
    return code;
}

int
grams_build(sqlite3 *database, int64_t low, int64_t high, size_t *rows_r)
{
    static struct building b;
    uint64_t number;

    *rows_r = 0;
    b = (struct building){0};
    arena_init(&b.arena, (size_t)1 << 30);
    int code = read_rows(&b, database, low, high);
    if (code == SQLITE_OK && b.rows > 0 &&
        (code = grams_new_number(database, &number)) == SQLITE_OK) {
        sort_postings(&b);
        code = write_chunk(&b, database, number);
        const int64_t values[] = {(int64_t)number, b.seqs[0],  b.seqs[b.rows - 1],
                                  (int64_t)b.rows, b.earliest, b.latest};
        if (code == SQLITE_OK) {
            code = grams_ask(database,
                             "UPDATE chunks SET first=?2, last=?3, rows=?4, earliest=?5, "
                             "latest=?6 WHERE number=?1",
                             values, 6, NULL, NULL);
        }
        *rows_r = b.rows;
    }
    arena_release(&b.arena);
    return code;
}

int
grams_last(sqlite3 *database, int64_t *last_r)
{
    *last_r = -1;
    return grams_ask(database, "SELECT last FROM chunks ORDER BY last DESC LIMIT 1", NULL,
                     0, last_r, NULL);
}

int
grams_gap(sqlite3 *database, bool without_tail, int64_t *low_r, int64_t *high_r,
          bool *found_r)
{
    sqlite3_stmt *statement = NULL;
    int64_t bounds[2] = {INT64_MIN, INT64_MAX};
    int code = sqlite3_prepare_v2(
        database, "SELECT first, last FROM chunks WHERE first <= last ORDER BY first", -1,
        &statement, NULL);

    *found_r = false;
    while (code == SQLITE_OK && !*found_r && sqlite3_step(statement) == SQLITE_ROW) {
        bounds[1] = sqlite3_column_int64(statement, 0);
        code =
            grams_ask(database, "SELECT 1 FROM events WHERE seq > ?1 AND seq < ?2 LIMIT 1",
                      bounds, 2, NULL, found_r);
        if (!*found_r) {
            bounds[0] = sqlite3_column_int64(statement, 1);
        }
    }
    int finished = sqlite3_finalize(statement);
    code = code == SQLITE_OK ? finished : code;
    if (code == SQLITE_OK && !*found_r && !without_tail) {
        bounds[1] = INT64_MAX;
        code =
            grams_ask(database, "SELECT 1 FROM events WHERE seq > ?1 AND seq < ?2 LIMIT 1",
                      bounds, 2, NULL, found_r);
    }
    *low_r = bounds[0];
    *high_r = bounds[1];
    return code;
}

int
grams_drop_number(sqlite3 *database, uint64_t number)
{
    const int64_t keys[] = {GRAMS_KEY(number, 0, 0),
                            GRAMS_KEY(number, ((uint64_t)1 << 34) - 1, GRAMS_PARTS_MAX)};
    const int64_t value = (int64_t)number;
    int code = grams_ask(database, "DELETE FROM grams WHERE key BETWEEN ?1 AND ?2", keys, 2,
                         NULL, NULL);

    return code == SQLITE_OK ? grams_ask(database, "DELETE FROM chunks WHERE number = ?1",
                                         &value, 1, NULL, NULL)
                             : code;
}

/* One after another, as long as the question finds one. */
static int
drop_while(sqlite3 *database, const char *question, int64_t seq)
{
    bool found = true;
    int64_t number = 0;
    int code = SQLITE_OK;

    while (code == SQLITE_OK && found) {
        code = grams_ask(database, question, &seq, 1, &number, &found);
        if (code == SQLITE_OK && found) {
            code = grams_drop_number(database, (uint64_t)number);
        }
    }
    return code;
}

int
grams_drop_unmade(sqlite3 *database)
{
    return drop_while(database,
                      "SELECT number FROM chunks WHERE first > last AND ?1 = 0 LIMIT 1", 0);
}

int
grams_drop_of(sqlite3 *database, int64_t seq)
{
    int code = grams_drop_unmade(database);

    return code == SQLITE_OK
               ? drop_while(database,
                            "SELECT number FROM chunks WHERE first <= ?1 AND last >= ?1 "
                            "LIMIT 1",
                            seq)
               : code;
}
