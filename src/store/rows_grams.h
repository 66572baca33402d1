/* The word index of a day: which rows hold which grams, in lists of our own in the day's file.
 *
 * A gram is what stands at one place of a text: two neighbouring characters; of ASCII, whose alphabet is small, three. They
 * are folded (grams_lower), and never reach over a blank. A whole value (an address, an action) is a gram too, its hash.
 * Each gram belongs to a kind, so that a sender's address is not looked for among the recipients'.
 *
 * Rows come without an index. When there are GRAMS_ROWS of them, a chunk is made: the grams of all its rows, sorted at once
 * in memory. That costs a tenth of putting each row into an index by itself. Rows that belong to no chunk yet (the newest,
 * and what an erasure took out) are found by looking at each. When a day is closed its chunks are merged into one.
 *
 *     chunks(number, first, last, rows, earliest, latest)   rows with first <= seq <= last, of such times; first > last: in
 *                                                           the making
 *     grams(key, data)                                      key: number << 47 | gram << 13 | part
 *
 * gram: 34 bits, its kind in the upper two. part 0: data holds many grams, each as what it is more than the gram before it
 * (the first: than the key's), the size of its list, the list. part 1 and up: data is the list of this gram alone, or the
 * next piece of it. All numbers are in groups of seven bits, the lowest first, the upper bit set when more follow.
 *
 * A list holds (seq - first) << 5 | place, the place in the text modulo 32; the first as it is, then the differences, none
 * of them 0. By the places a word is told from its pieces in another order; one time in 32 wrongly, so what is found is
 * compared with the word. */
#pragma once

#include "store/rows_private.h"

#define GRAMS_ROWS        2048
#define GRAMS_POSTINGS    (1u << 19) /* a chunk ends early with long rows: 4 MiB to sort */
#define GRAMS_SPAN        (1u << 26) /* of seq in one chunk: places have 32 bits */
#define GRAMS_MERGED_ROWS (1u << 18)
#define GRAMS_MERGED      128 /* chunks merged at once: each holds a page */
#define GRAMS_CHUNKS_MAX  65536
#define GRAMS_PART        3900 /* bytes of data: a page of SQLite's, and nothing beside it */
#define GRAMS_PLACES      32

enum grams_kind { GRAMS_BODY, GRAMS_SENDER, GRAMS_RECIPIENTS, GRAMS_VALUE };

#define GRAMS_KEY(number, gram, part)                                                      \
    ((sqlite3_int64)((uint64_t)(number) << 47 | (uint64_t)(gram) << 13 | (uint64_t)(part)))
#define GRAMS_PARTS_MAX         8191
#define GRAMS_OF_KEY(key)       ((uint64_t)(key) >> 13 & (((uint64_t)1 << 34) - 1))
#define GRAMS_PART_OF_KEY(key)  ((uint64_t)(key)&GRAMS_PARTS_MAX)
#define GRAMS_MAKE(kind, value) ((uint64_t)(kind) << 32 | (value))

/* The tables; does no harm where they are. */
extern const char grams_schema[];

/* Upper and lower case as one, of the letters that come in two. */
uint32_t grams_lower(uint32_t c);
/* The text so folded; bytes that are no UTF-8 stay. */
/* `to` has room for twice the text and a character: a letter may take a byte more than its other form. Gives the size. */
size_t grams_lower_into(uint8_t *to, struct bytes text);
struct bytes grams_lower_text(struct arena *arena, struct bytes text);
/* What begins at a character: it, the next and the one after it; 0 where a text or a word ends. */
uint32_t grams_at(uint32_t c, uint32_t next, uint32_t third);
bool grams_is_blank(uint32_t c);
/* kind 'a' action, 'g' category, 'c' client, 't' threat (value ""), 'k' campaign, 's' and 'r' a whole address. */
uint32_t grams_of_value(char kind, struct bytes value);

/* Reads a number; 0: there is none. */
static inline size_t
grams_number(const uint8_t *at, const uint8_t *end, uint64_t *number_r)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < 6 && at + i < end; i++) {
        number |= (uint64_t)(at[i] & 0x7f) << (7 * i);
        if (at[i] < 0x80) {
            *number_r = number;
            return i + 1;
        }
    }
    return 0;
}

/* Goes through the grams of a part: each with its list. False: the end, or damaged (bad_r). */
struct grams_part {
    const uint8_t *at, *end;
    uint64_t gram;
};
bool grams_part_next(struct grams_part *part, struct bytes *list_r, bool *bad_r);

/* Writing. All give SQLite's code; the caller has begun a transaction. */

/* The highest seq of any chunk; -1: there is none. */
int grams_last(sqlite3 *database, int64_t *last_r);
/* The lowest rows that are in no chunk: their seq is more than low_r and less than high_r. found_r false: there are none.
 * without_tail: what follows the last chunk does not count. */
int grams_gap(sqlite3 *database, bool without_tail, int64_t *low_r, int64_t *high_r,
              bool *found_r);
/* Makes a chunk of the first rows between low and high. rows_r: of how many. */
int grams_build(sqlite3 *database, int64_t low, int64_t high, size_t *rows_r);
/* Takes away the chunk that holds the row, and any that is in the making: its rows are in none then. */
int grams_drop_of(sqlite3 *database, int64_t seq);
/* Takes away what was left in the making. */
int grams_drop_unmade(sqlite3 *database);

/* One slice of bringing the index into one piece: rows in no chunk first, then chunks are merged. It begins and ends its own
 * transaction. SK_MORE: call again; SK_BAD: the index is damaged. */
struct grams_tidying {
    uint64_t number; /* of the chunk in the making + 1 */
    uint64_t next;   /* the gram to go on with */
};
enum sk_code grams_tidy(sqlite3 *database, struct grams_tidying *tidying, struct why *why);

/* Appends lists to a chunk, grams in rising order. */
struct grams_writer {
    sqlite3_stmt *insert;
    uint64_t number;
    uint64_t first_gram, last_gram; /* of the shared part */
    uint64_t gram, value;           /* of the list in hand */
    unsigned part;
    uint32_t parts; /* written */
    size_t shared_size, list_size;
    int code;
    uint8_t shared[GRAMS_PART], list[GRAMS_PART];
};
int grams_writer_begin(struct grams_writer *w, sqlite3 *database, uint64_t number);
void grams_writer_gram(struct grams_writer *w, uint64_t gram);
void grams_writer_value(struct grams_writer *w, uint64_t value);
/* Ends the list in hand. */
void grams_writer_gram_end(struct grams_writer *w);
int grams_writer_end(struct grams_writer *w);
/* A number that no chunk has, entered as in the making. */
int grams_new_number(sqlite3 *database, uint64_t *number_r);
int grams_drop_number(sqlite3 *database, uint64_t number);
/* Runs a statement with whole numbers bound; the first column of its first row in value_r, if asked for. found_r may be
 * NULL. */
int grams_ask(sqlite3 *database, const char *sql, const int64_t *values, int count,
              int64_t *value_r, bool *found_r);

/* Finding. */

#define GRAMS_TERM_MAX 16 /* grams of one word that are looked at; enough to tell */

/* One word, or one value: rows have it in any of its kinds. */
struct grams_term {
    unsigned kinds; /* bits: 1 << kind */
    uint32_t low,
        high;     /* if count is 0: any gram of this range; low > high: cannot be told */
    size_t count; /* exact grams */
    uint32_t grams[GRAMS_TERM_MAX];
    uint32_t places[GRAMS_TERM_MAX];
};
/* The grams of a word, folded by this. Its kinds are the caller's. */
void grams_term_of(struct arena *arena, struct bytes word, struct grams_term *term_r);

struct grams_chunk {
    uint64_t number;
    int64_t first, last;
    int64_t earliest_ms, latest_ms;
    size_t rows;
};
/* Chunks, newest first. */
enum sk_code grams_chunks(struct arena *arena, sqlite3 *database,
                          struct grams_chunk **chunks_r, size_t *count_r, struct why *why);
/* Rows of a chunk that may hold all terms, seq - first, rising. all_r: the terms do not narrow it. Work is in
 * the arena, which is the caller's to release. deadline_ms 0: none; SK_LATER beyond it. SK_BAD: damaged. */
struct grams_found {
    uint32_t *rows;
    uint32_t *masks; /* at which places, while it is being found */
    size_t count;
    bool all;
};
/* Room for the rows of one chunk, used again for the next; it lies in an arena that outlives all of them. */
struct grams_room {
    struct arena *arena;
    size_t rows;
    struct grams_found found[5];
};
/* What is found stands in the room. */
enum sk_code grams_find(struct arena *arena, struct grams_room *room, sqlite3 *database,
                        const struct grams_chunk *chunk, const struct grams_term *terms,
                        size_t count, int64_t deadline_ms, struct grams_found **found_r,
                        struct why *why);
