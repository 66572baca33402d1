/* Which rows of a chunk may hold what is looked for. */
#include "store/rows_grams.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <stdlib.h>

/* To look at so many rows costs less than to read another list. */
#define FEW_ROWS 16
/* And at one row as much as so many bytes of a list. */
#define ROW_BYTES 500

static uint32_t
rotate(uint32_t places, unsigned by)
{
    by %= GRAMS_PLACES;
    return by == 0 ? places : places >> by | places << (GRAMS_PLACES - by);
}

void
grams_term_of(struct arena *arena, struct bytes word, struct grams_term *term)
{
    uint32_t *c = arena_take_many(arena, word.size + 3, sizeof(*c));
    uint32_t *grams = arena_take_many(arena, word.size + 1, sizeof(*grams));
    uint32_t *places = arena_take_many(arena, word.size + 1, sizeof(*places));
    size_t size = 0, count = 0;

    for (size_t at = 0; at < word.size; size++) {
        size_t step = utf8_get(word, at, &c[size]);
        at += step > 0 ? step : 1;
        c[size] = step == 0 || grams_is_blank(c[size]) ? 0 : grams_lower(c[size]);
    }
    *term = (struct grams_term){.low = 1, .high = 0};
    for (size_t i = 0; i + 1 < size; i++) {
        /* What follows the end of the word is not known: it may be anything. */
        bool whole = c[i] >= 0x80 || c[i + 1] >= 0x80 || c[i + 1] == 0 || i + 2 < size;
        if (c[i] != 0 && whole) {
            grams[count] = grams_at(c[i], c[i + 1], c[i + 2]);
            places[count++] = (uint32_t)i;
        }
    }
    for (size_t i = 0; i < GRAMS_TERM_MAX && i < count; i++) {
        size_t from = count <= GRAMS_TERM_MAX ? i : i * count / GRAMS_TERM_MAX;
        term->grams[term->count] = grams[from];
        term->places[term->count++] = places[from];
    }
    if (count == 0 && size > 0 && c[0] != 0) {
        bool two = size > 1 && c[1] != 0;
        uint32_t upper = c[0] < 0x10000 ? c[0] : 0x8000 | (c[0] & 0x7fff);
        term->low = upper << 16 | (two ? c[1] << 8 : 0);
        term->high = term->low | (two ? 0xff : 0xffff);
    }
}

enum sk_code
grams_chunks(struct arena *arena, sqlite3 *database, struct grams_chunk **chunks_r,
             size_t *count_r, struct why *why)
{
    sqlite3_stmt *statement = NULL;
    size_t room = 0;
    int code = sqlite3_prepare_v2(database,
                                  "SELECT number, first, last, rows, earliest, latest FROM "
                                  "chunks WHERE first <= last ORDER BY first DESC",
                                  -1, &statement, NULL);

    *chunks_r = NULL;
    *count_r = 0;
    while (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
        if (*count_r == room) {
            *chunks_r = arena_grow(arena, *chunks_r, room * sizeof(**chunks_r),
                                   (2 * room + 16) * sizeof(**chunks_r));
            room = 2 * room + 16;
        }
        struct grams_chunk chunk = {
            .number = (uint64_t)sqlite3_column_int64(statement, 0),
            .first = sqlite3_column_int64(statement, 1),
            .last = sqlite3_column_int64(statement, 2),
            .rows = (size_t)sqlite3_column_int64(statement, 3),
            .earliest_ms = sqlite3_column_int64(statement, 4),
            .latest_ms = sqlite3_column_int64(statement, 5),
        };
        bool sound = chunk.number < GRAMS_CHUNKS_MAX && chunk.first >= 0 &&
                     chunk.last - chunk.first < GRAMS_SPAN &&
                     chunk.rows <= GRAMS_MERGED_ROWS &&
                     (*count_r == 0 || chunk.last < (*chunks_r)[*count_r - 1].first);
        if (!sound) {
            sqlite3_finalize(statement);
            return why_set(why, SK_BAD, "its word index is damaged");
        }
        (*chunks_r)[(*count_r)++] = chunk;
    }
    int finished = sqlite3_finalize(statement);
    code = code == SQLITE_OK ? finished : code;
    return code == SQLITE_OK ? SK_OK : rows_failed(database, "search", why);
}

/* Where a list lies: in `small`, or in parts 1 to `parts`. */
struct list {
    uint64_t gram;
    uint32_t place;
    struct bytes small;
    unsigned parts;
    size_t size;
};

struct finding {
    struct arena *arena;
    sqlite3 *database;
    const struct grams_chunk *chunk;
    sqlite3_stmt *seek, *walk;
    uint64_t most; /* no row of the chunk is further from its first */
    struct grams_found
        *room; /* four: two for what lists leave, two for what kinds have together */
    int64_t deadline_ms;
    int code;
    bool bad;
};

static bool
is_late(const struct finding *f)
{
    return f->deadline_ms != 0 && clock_monotonic_ms() > f->deadline_ms;
}

static bool
is_good(const struct finding *f)
{
    return f->code == SQLITE_OK && !f->bad && !is_late(f);
}

static struct bytes
data_of(sqlite3_stmt *statement)
{
    const void *at = sqlite3_column_blob(statement, 1);

    return bytes_of(at, (size_t)sqlite3_column_bytes(statement, 1));
}

static void
seek_list(struct finding *f, enum grams_kind kind, uint32_t gram, uint32_t place,
          struct list *list_r)
{
    uint64_t whole = GRAMS_MAKE(kind, gram);

    *list_r = (struct list){.gram = whole, .place = place};
    sqlite3_bind_int64(f->seek, 1, GRAMS_KEY(f->chunk->number, 0, 0));
    sqlite3_bind_int64(f->seek, 2, GRAMS_KEY(f->chunk->number, whole, GRAMS_PARTS_MAX));
    int code = sqlite3_step(f->seek);
    if (code == SQLITE_ROW) {
        sqlite3_int64 key = sqlite3_column_int64(f->seek, 0);
        struct bytes data = data_of(f->seek);
        if (GRAMS_PART_OF_KEY(key) > 0 && GRAMS_OF_KEY(key) == whole) {
            list_r->parts = (unsigned)GRAMS_PART_OF_KEY(key);
            list_r->size = (size_t)(list_r->parts - 1) * GRAMS_PART + data.size;
        } else if (GRAMS_PART_OF_KEY(key) == 0) {
            struct grams_part part = {data.at, data.at + data.size, GRAMS_OF_KEY(key)};
            struct bytes list;
            while (grams_part_next(&part, &list, &f->bad) && part.gram <= whole) {
                if (part.gram == whole) {
                    list_r->small = bytes_copy(f->arena, list);
                    list_r->size = list.size;
                }
            }
        }
    } else if (code != SQLITE_DONE) {
        f->code = code;
    }
    sqlite3_reset(f->seek);
}

/* Goes through a list row by row. */
struct walk {
    const uint8_t *at, *end;
    uint64_t value; /* read, not given yet */
    uint64_t before;
    bool has;
};

/* The next row and its places. False: the piece is at its end. */
static inline bool
walk_next(struct finding *f, struct walk *w, uint32_t *row_r, uint32_t *places_r)
{
    uint32_t places = 0;
    uint64_t more;

    if (!w->has) {
        size_t size = grams_number(w->at, w->end, &more);
        if (size == 0) {
            f->bad = f->bad || w->at < w->end;
            return false;
        }
        w->at += size;
        w->value = more;
    }
    uint64_t row = w->value >> 5;
    for (;;) {
        places |= 1u << (w->value & (GRAMS_PLACES - 1));
        if (w->at == w->end) {
            w->has = false;
            break;
        }
        size_t size = 1;
        more = *w->at;
        if (more >= 0x80) {
            size = grams_number(w->at, w->end, &more);
        }
        if (size == 0 || more == 0) {
            f->bad = true;
            return false;
        }
        w->at += size;
        w->value += more;
        w->has = true;
        if (w->value >> 5 != row) {
            break;
        }
    }
    if (row > f->most) {
        f->bad = true;
        return false;
    }
    *row_r = (uint32_t)row;
    *places_r = places;
    return true;
}

/* What one list leaves of the rows found so far. */
struct narrowing {
    const struct grams_found *from;
    struct grams_found *to;
    size_t at; /* of from */
    unsigned rotation;
};

static void
narrow_piece(struct finding *f, struct narrowing *n, struct bytes piece)
{
    struct walk w = {.at = piece.at, .end = piece.at + piece.size};
    const struct grams_found *from = n->from;
    struct grams_found *to = n->to;
    uint32_t row, places;

    while (walk_next(f, &w, &row, &places)) {
        uint32_t left = rotate(places, n->rotation);
        if (!from->all) {
            while (n->at < from->count && from->rows[n->at] < row) {
                n->at++;
            }
            if (n->at == from->count) {
                return;
            }
            left &= from->rows[n->at] == row ? from->masks[n->at] : 0;
        }
        if (left == 0) {
            continue;
        }
        if (to->count > 0 && to->rows[to->count - 1] >= row) {
            /* A row whose places two pieces share. */
            if (to->rows[to->count - 1] > row) {
                f->bad = true;
                return;
            }
            to->masks[to->count - 1] |= left;
            continue;
        }
        if (to->count == f->chunk->rows) {
            f->bad = true;
            return;
        }
        to->rows[to->count] = row;
        to->masks[to->count++] = left;
    }
}

/* Leaves in `to` what of `from` the list has as well. */
static void
narrow(struct finding *f, const struct grams_found *from, const struct list *list,
       struct grams_found *to)
{
    struct narrowing n = {from, to, 0, list->place};
    unsigned seen = 0;
    int code;

    to->count = 0;
    if (list->parts == 0) {
        narrow_piece(f, &n, list->small);
        return;
    }
    sqlite3_bind_int64(f->walk, 1, GRAMS_KEY(f->chunk->number, list->gram, 1));
    sqlite3_bind_int64(f->walk, 2, GRAMS_KEY(f->chunk->number, list->gram, list->parts));
    while ((code = sqlite3_step(f->walk)) == SQLITE_ROW && is_good(f)) {
        f->bad = f->bad || ++seen > list->parts;
        if (!f->bad) {
            narrow_piece(f, &n, data_of(f->walk));
        }
        if (!from->all && n.at == from->count) {
            break;
        }
    }
    f->code = code == SQLITE_ROW || code == SQLITE_DONE ? f->code : code;
    sqlite3_reset(f->walk);
}

static int
order_size(const void *a, const void *b)
{
    const struct list *left = a, *right = b;

    return left->size < right->size ? -1 : left->size > right->size;
}

/* A term and where its lists lie, kind by kind. */
struct sought {
    const struct grams_term *term;
    struct list *lists[4]; /* in rising size; NULL: the kind is not asked */
    size_t size;           /* of the shortest list of each kind, together */
};

static void
seek_term(struct finding *f, const struct grams_term *term, struct sought *sought_r)
{
    *sought_r = (struct sought){.term = term};
    if (term->count == 0) { /* a range costs what it costs: last */
        sought_r->size = SIZE_MAX;
        return;
    }
    for (unsigned kind = 0; kind < 4; kind++) {
        if ((term->kinds >> kind & 1) == 0) {
            continue;
        }
        struct list *lists = ARENA_NEW_MANY(f->arena, term->count, struct list);
        for (size_t i = 0; i < term->count && is_good(f); i++) {
            seek_list(f, (enum grams_kind)kind, term->grams[i], term->places[i], &lists[i]);
            if (lists[i].size == 0) { /* one gram is not there, so the word is not */
                break;
            }
        }
        qsort(lists, term->count, sizeof(lists[0]), order_size);
        sought_r->lists[kind] = lists;
        sought_r->size += lists[0].size;
    }
}

/* Rows in order and each once, of two; no more than the chunk has. */
static void
join(struct finding *f, const struct grams_found *a, const struct grams_found *b,
     struct grams_found *to)
{
    to->count = 0;
    for (size_t i = 0, k = 0; i < a->count || k < b->count;) {
        uint32_t left = i < a->count ? a->rows[i] : UINT32_MAX,
                 right = k < b->count ? b->rows[k] : UINT32_MAX;
        if (to->count == f->chunk->rows) {
            f->bad = true;
            return;
        }
        to->rows[to->count++] = left < right ? left : right;
        i += left <= right;
        k += right <= left;
    }
}

/* What all lists of a kind leave of the rows found so far; it may be these themselves. */
static const struct grams_found *
take_kind(struct finding *f, const struct list *lists, size_t count,
          const struct grams_found *found)
{
    const struct grams_found *some = found;

    for (size_t i = 0; i < count && is_good(f); i++) {
        if (!some->all &&
            (some->count <= FEW_ROWS || lists[i].size / ROW_BYTES > some->count)) {
            break;
        }
        struct grams_found *to = &f->room[some == &f->room[0]];
        narrow(f, some, &lists[i], to);
        some = to;
    }
    return some;
}

static void
take_term(struct finding *f, const struct sought *sought, struct grams_found *found)
{
    struct grams_found *together = &f->room[2];

    together->count = 0;
    for (size_t i = 0; i < found->count; i++) {
        found->masks[i] = UINT32_MAX;
    }
    for (unsigned kind = 0; kind < 4 && is_good(f); kind++) {
        const struct list *lists = sought->lists[kind];
        if (lists == NULL || lists[0].size == 0) {
            continue;
        }
        const struct grams_found *some = take_kind(f, lists, sought->term->count, found);
        struct grams_found *to = together == &f->room[2] ? &f->room[3] : &f->room[2];
        join(f, together, some, to);
        together = to;
    }
    if (!is_good(f)) {
        return;
    }
    memcpy(found->rows, together->rows, together->count * sizeof(found->rows[0]));
    found->count = together->count;
    found->all = false;
}

static void
mark_rows(struct finding *f, struct bytes list, uint8_t *bits)
{
    struct walk w = {.at = list.at, .end = list.at + list.size};
    uint32_t row, places;

    while (walk_next(f, &w, &row, &places)) {
        bits[row / 8] |= (uint8_t)(1u << (row % 8));
    }
}

/* All rows that have any gram of the range. */
static void
mark_range(struct finding *f, const struct grams_term *term, unsigned kind, uint8_t *bits)
{
    uint64_t low = GRAMS_MAKE(kind, term->low), high = GRAMS_MAKE(kind, term->high);
    int64_t from = GRAMS_KEY(f->chunk->number, low, 0);
    const int64_t keys[] = {GRAMS_KEY(f->chunk->number, 0, 0), from};
    struct bytes list;

    /* The part that the first of them may stand in begins before it. */
    f->code = grams_ask(
        f->database,
        "SELECT key FROM grams WHERE key BETWEEN ?1 AND ?2 ORDER BY key DESC LIMIT 1", keys,
        2, &from, NULL);
    sqlite3_bind_int64(f->walk, 1, from);
    sqlite3_bind_int64(f->walk, 2, GRAMS_KEY(f->chunk->number, high, GRAMS_PARTS_MAX));
    int code = SQLITE_DONE;
    while (is_good(f) && (code = sqlite3_step(f->walk)) == SQLITE_ROW) {
        sqlite3_int64 key = sqlite3_column_int64(f->walk, 0);
        struct bytes data = data_of(f->walk);
        if (GRAMS_PART_OF_KEY(key) > 0) {
            if (GRAMS_OF_KEY(key) >= low) {
                mark_rows(f, data, bits);
            }
            continue;
        }
        struct grams_part part = {data.at, data.at + data.size, GRAMS_OF_KEY(key)};
        while (grams_part_next(&part, &list, &f->bad) && part.gram <= high) {
            if (part.gram >= low) {
                mark_rows(f, list, bits);
            }
        }
    }
    f->code =
        f->code != SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE ? f->code : code;
    sqlite3_reset(f->walk);
}

static void
take_range(struct finding *f, const struct grams_term *term, struct grams_found *found)
{
    size_t size = (size_t)(f->most / 8) + 1, count = 0;

    if (!found->all && found->count <= 64 * FEW_ROWS) {
        return;
    }
    uint8_t *bits = arena_take(f->arena, size);
    for (unsigned kind = 0; kind < 4 && is_good(f); kind++) {
        if ((term->kinds >> kind & 1) != 0) {
            mark_range(f, term, kind, bits);
        }
    }
    if (!found->all) {
        for (size_t i = 0; i < found->count; i++) {
            uint32_t row = found->rows[i];
            if ((bits[row / 8] >> (row % 8) & 1) != 0) {
                found->rows[count++] = row;
            }
        }
        found->count = count;
        return;
    }
    for (uint64_t row = 0; row <= f->most; row++) {
        if ((bits[row / 8] >> (row % 8) & 1) != 0) {
            if (found->count == f->chunk->rows) {
                f->bad = true;
                return;
            }
            found->rows[found->count++] = (uint32_t)row;
        }
    }
    found->all = false;
}

static int
order_sought(const void *a, const void *b)
{
    const struct sought *left = a, *right = b;

    return left->size < right->size ? -1 : left->size > right->size;
}

static void
make_room(struct grams_room *room, size_t rows)
{
    if (room->rows >= rows) {
        return;
    }
    room->rows = 2 * room->rows > rows ? 2 * room->rows : rows;
    for (size_t i = 0; i < sizeof(room->found) / sizeof(room->found[0]); i++) {
        room->found[i] = (struct grams_found){
            .rows = arena_take_many(room->arena, room->rows, sizeof(uint32_t)),
            .masks = arena_take_many(room->arena, room->rows, sizeof(uint32_t))};
    }
}

enum sk_code
grams_find(struct arena *arena, struct grams_room *room, sqlite3 *database,
           const struct grams_chunk *chunk, const struct grams_term *terms, size_t count,
           int64_t deadline_ms, struct grams_found **found_r, struct why *why)
{
    struct finding f = {.arena = arena,
                        .database = database,
                        .chunk = chunk,
                        .most = (uint64_t)(chunk->last - chunk->first),
                        .room = room->found + 1,
                        .deadline_ms = deadline_ms};
    struct sought *sought = ARENA_NEW_MANY(arena, count + 1, struct sought);
    struct grams_found *found = &room->found[0];

    make_room(room, chunk->rows + 1);
    found->count = 0;
    found->all = true;
    *found_r = found;
    f.code = sqlite3_prepare_v2(database,
                                "SELECT key, data FROM grams WHERE key BETWEEN ?1 AND ?2 "
                                "ORDER BY key DESC LIMIT 1",
                                -1, &f.seek, NULL);
    if (f.code == SQLITE_OK) {
        f.code = sqlite3_prepare_v2(
            database,
            "SELECT key, data FROM grams WHERE key BETWEEN ?1 AND ?2 ORDER BY key", -1,
            &f.walk, NULL);
    }
    size_t held = 0;
    for (size_t i = 0; i < count && is_good(&f); i++) {
        if (terms[i].count > 0 || terms[i].low <= terms[i].high) {
            seek_term(&f, &terms[i], &sought[held++]);
        }
    }
    qsort(sought, held, sizeof(sought[0]), order_sought);
    for (size_t i = 0; i < held && is_good(&f); i++) {
        if (!found->all && found->count <= FEW_ROWS) {
            break;
        }
        if (sought[i].term->count > 0) {
            take_term(&f, &sought[i], found);
        } else {
            take_range(&f, sought[i].term, found);
        }
    }
    sqlite3_finalize(f.seek);
    sqlite3_finalize(f.walk);
    if (f.bad) {
        return why_set(why, SK_BAD, "its word index is damaged");
    }
    if (f.code != SQLITE_OK) {
        return rows_failed(database, "search", why);
    }
    return is_late(&f) ? why_set(why, SK_LATER, "out of time") : SK_OK;
}
