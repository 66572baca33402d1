/* A query made ready: as SQL that tells of one row whether it is wanted, and as grams that tell which rows to ask it of. */
#pragma once

#include "store/rows_grams.h"

#define PLAN_VALUES_MAX 64
/* ?1 is the number of rows wanted, ?2 and ?3 bound their seq, the values follow. */
#define PLAN_VALUES_FROM 4

struct plan {
    struct arena *arena;
    struct writer *where; /* " AND ..." */
    bool by_id;           /* its index finds the row */
    bool whole;           /* addresses are looked for as whole ones */
    struct bytes values[PLAN_VALUES_MAX];
    size_t value_count;
    struct grams_term terms[PLAN_VALUES_MAX + 8];
    size_t term_count;
};
/* SK_BAD: no UTF-8; SK_LIMIT: a word too long, or too many. All of it lies in the arena. whole: see plan_is_address. */
enum sk_code plan_query(struct arena *arena, const struct rows_query *query, bool whole,
                        struct plan *plan_r, struct why *why);
/* Values are always bound, never written into the text. */
const char *plan_sql(struct plan *plan);
/* Something on both sides of an at sign: it may be a whole address, which is found at once. */
bool plan_is_address(struct bytes term);

/* The SQL functions that compare, WORD and ADDRESS folded: holds(WORD, TEXT...) is whether any of the texts holds it,
 * lists(ADDRESS, TEXT) whether it is one of the addresses that TEXT lists. */
struct plan_holding {
    struct arena *arena;
    uint8_t *text;
    size_t room;
};
int plan_register(sqlite3 *database, struct plan_holding *holding);
