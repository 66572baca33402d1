/* Chunks of the word index merged into one, in slices. */
#include "store/rows_grams.h"

#include "base/arena.h"

/* One slice writes so many pages: some ten milliseconds. */
#define SLICE_PARTS 400

struct source {
    uint64_t number, shift; /* what is added to its values */
    int64_t rows;
    sqlite3_stmt *statement;
    struct grams_part part;
    uint64_t gram; /* UINT64_MAX: at its end */
    struct bytes list;
};

struct merging {
    sqlite3 *database;
    struct source *sources;
    size_t count;
    int64_t first, last, rows, earliest, latest;
    bool bad;
    int code;
};

/* The lowest chunks that are neighbours and together not too large; fewer than two: nothing to merge. */
static void
find_sources(struct merging *m)
{
    sqlite3_stmt *statement = NULL;

    m->code = sqlite3_prepare_v2(m->database,
                                 "SELECT number, first, last, rows, earliest, latest FROM "
                                 "chunks WHERE first <= last ORDER BY first",
                                 -1, &statement, NULL);
    while (m->code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
        int64_t first = sqlite3_column_int64(statement, 1),
                last = sqlite3_column_int64(statement, 2),
                rows = sqlite3_column_int64(statement, 3),
                earliest = sqlite3_column_int64(statement, 4),
                latest = sqlite3_column_int64(statement, 5);
        bool fits = m->count > 0 && m->count < GRAMS_MERGED &&
                    last - m->first < GRAMS_SPAN && m->rows + rows <= GRAMS_MERGED_ROWS;
        if (!fits && m->count >= 2) {
            break;
        }
        if (!fits) {
            m->count = 0;
            m->rows = 0;
            m->first = first;
            m->earliest = earliest;
            m->latest = latest;
        }
        m->sources[m->count++] =
            (struct source){.number = (uint64_t)sqlite3_column_int64(statement, 0),
                            .shift = (uint64_t)(first - m->first) << 5,
                            .rows = rows};
        m->rows += rows;
        m->last = last;
        m->earliest = earliest < m->earliest ? earliest : m->earliest;
        m->latest = latest > m->latest ? latest : m->latest;
    }
    int finished = sqlite3_finalize(statement);
    m->code = m->code == SQLITE_OK ? finished : m->code;
}

/* The next list of a source: of the part in hand, or of the next one. */
static void
source_next(struct merging *m, struct source *s)
{
    uint64_t before = s->gram;

    if (grams_part_next(&s->part, &s->list, &m->bad)) {
        s->gram = s->part.gram;
    } else if (!m->bad) {
        int code = sqlite3_step(s->statement);
        if (code != SQLITE_ROW) {
            m->code = code == SQLITE_DONE ? m->code : code;
            s->gram = UINT64_MAX;
            return;
        }
        sqlite3_int64 key = sqlite3_column_int64(s->statement, 0);
        struct bytes data = bytes_of(sqlite3_column_blob(s->statement, 1),
                                     (size_t)sqlite3_column_bytes(s->statement, 1));
        s->gram = GRAMS_OF_KEY(key);
        s->list = data;
        s->part = (struct grams_part){0};
        if (GRAMS_PART_OF_KEY(key) == 0) {
            s->part = (struct grams_part){data.at, data.at + data.size, s->gram};
            m->bad = !grams_part_next(&s->part, &s->list, &m->bad) || m->bad;
            s->gram = s->part.gram;
        }
    }
    m->bad = m->bad || s->list.size == 0 || (before != UINT64_MAX && s->gram < before);
}

static void
source_begin(struct merging *m, struct source *s, uint64_t next)
{
    const uint64_t highest = ((uint64_t)1 << 34) - 1;

    s->gram = UINT64_MAX;
    m->code = sqlite3_prepare_v2(
        m->database,
        "SELECT key, data FROM grams WHERE key >= coalesce((SELECT max(key) FROM grams "
        "WHERE key BETWEEN ?1 AND ?2), ?1) AND key <= ?3 ORDER BY key",
        -1, &s->statement, NULL);
    if (m->code == SQLITE_OK) {
        sqlite3_bind_int64(s->statement, 1, GRAMS_KEY(s->number, 0, 0));
        sqlite3_bind_int64(s->statement, 2, GRAMS_KEY(s->number, next, 0));
        sqlite3_bind_int64(s->statement, 3, GRAMS_KEY(s->number, highest, GRAMS_PARTS_MAX));
        do {
            source_next(m, s);
        } while (m->code == SQLITE_OK && !m->bad && s->gram < next);
    }
}

static void
copy_list(struct merging *m, struct grams_writer *w, const struct source *s,
          uint64_t *least)
{
    const uint8_t *at = s->list.at, *end = at + s->list.size;
    uint64_t value = s->shift, more;

    while (at < end) {
        size_t size = grams_number(at, end, &more);
        at += size;
        value += more;
        if (size == 0 || value < *least || value >> 5 > (uint64_t)(m->last - m->first)) {
            m->bad = true;
            return;
        }
        grams_writer_value(w, value);
        *least = value + 1;
    }
}

/* All grams from *next on, until enough is written; *next: where to go on, UINT64_MAX at the end. */
static void
merge_slice(struct merging *m, uint64_t number, uint64_t *next)
{
    static struct grams_writer w;

    m->code = grams_writer_begin(&w, m->database, number);
    for (size_t i = 0; i < m->count && m->code == SQLITE_OK && !m->bad; i++) {
        source_begin(m, &m->sources[i], *next);
    }
    while (m->code == SQLITE_OK && !m->bad) {
        uint64_t gram = UINT64_MAX, least = 0;
        for (size_t i = 0; i < m->count; i++) {
            gram = m->sources[i].gram < gram ? m->sources[i].gram : gram;
        }
        *next = gram;
        if (gram == UINT64_MAX || w.parts >= SLICE_PARTS) {
            break;
        }
        grams_writer_gram(&w, gram);
        for (size_t i = 0; i < m->count; i++) {
            struct source *s = &m->sources[i];
            while (s->gram == gram && m->code == SQLITE_OK && !m->bad) {
                copy_list(m, &w, s, &least);
                source_next(m, s);
            }
        }
        grams_writer_gram_end(&w);
    }
    for (size_t i = 0; i < m->count; i++) {
        sqlite3_finalize(m->sources[i].statement);
    }
    int ended = grams_writer_end(&w);
    m->code = m->code == SQLITE_OK ? ended : m->code;
}

static int
put_in_place(struct merging *m, uint64_t number)
{
    const int64_t values[] = {(int64_t)number, m->first,    m->last,
                              m->rows,         m->earliest, m->latest};
    int code = SQLITE_OK;

    for (size_t i = 0; i < m->count && code == SQLITE_OK; i++) {
        code = grams_drop_number(m->database, m->sources[i].number);
    }
    return code == SQLITE_OK
               ? grams_ask(m->database,
                           "UPDATE chunks SET first=?2, last=?3, rows=?4, earliest=?5, "
                           "latest=?6 WHERE number=?1",
                           values, 6, NULL, NULL)
               : code;
}

/* In a transaction. again_r: there is more to do. */
static void
merge_step(struct merging *m, struct grams_tidying *t, bool *again_r)
{
    int64_t number = (int64_t)t->number - 1;
    bool there = false;

    find_sources(m);
    if (m->code == SQLITE_OK && t->number > 0) {
        /* An erasure takes it away, so that nothing of it is left half made. */
        m->code = grams_ask(m->database,
                            "SELECT 1 FROM chunks WHERE number = ?1 AND first > last",
                            &number, 1, NULL, &there);
    }
    *again_r = m->count >= 2;
    if (m->code == SQLITE_OK && !there) {
        *t = (struct grams_tidying){0};
        m->code = grams_drop_unmade(m->database);
    }
    if (m->code != SQLITE_OK || !*again_r) {
        return;
    }
    if (!there) {
        uint64_t made;
        m->code = grams_new_number(m->database, &made);
        t->number = made + 1;
    }
    if (m->code == SQLITE_OK) {
        merge_slice(m, t->number - 1, &t->next);
    }
    if (m->code == SQLITE_OK && !m->bad && t->next == UINT64_MAX) {
        m->code = put_in_place(m, t->number - 1);
        *t = (struct grams_tidying){0};
    }
}

enum sk_code
grams_tidy(sqlite3 *database, struct grams_tidying *tidying, struct why *why)
{
    struct arena arena;
    struct merging m = {.database = database};
    struct grams_tidying t = *tidying;
    int64_t low, high;
    size_t rows;
    bool again = false;

    if (sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK) {
        return rows_failed(database, "merge", why);
    }
    arena_init(&arena, (size_t)1 << 20);
    m.sources = ARENA_NEW_MANY(&arena, GRAMS_MERGED, struct source);
    m.code = grams_gap(database, false, &low, &high, &again);
    if (m.code == SQLITE_OK && again) {
        m.code = grams_build(database, low, high, &rows);
    } else if (m.code == SQLITE_OK) {
        merge_step(&m, &t, &again);
    }
    arena_release(&arena);
    if (m.code == SQLITE_OK && !m.bad &&
        sqlite3_exec(database, "COMMIT", NULL, NULL, NULL) == SQLITE_OK) {
        *tidying = t;
        return again ? SK_MORE : SK_OK;
    }
    enum sk_code code = m.bad ? why_set(why, SK_BAD, "its word index is damaged")
                              : rows_failed(database, "merge", why);
    sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
    return code;
}
