/* What lure_table.c reads and lure.c and lure_signs.c look into. */
#pragma once

#include "base/limits.h"
#include "judge/lure.h"
#include "judge/phrases.h"

#define LURE_TOGETHER_MOST 4
#define LURE_NOT_MOST      2

/* Concepts that the program finds; the table's come after them. */
enum lure_known {
    KNOWN_SUM,
    KNOWN_FORTUNE,
    KNOWN_REPLY_ELSEWHERE,
    KNOWN_GIVEN_NAME,
    KNOWN_APP_ID,
    KNOWN_ADDRESS,
    KNOWN_LINK,
    KNOWN_SHORT,
    KNOWN_NAMES_ITSELF,
    KNOWN_NAMES_YOU,
    KNOWN_QUOTES,
    KNOWN_FREE_MAIL,
    KNOWN_COMPANY,
    KNOWN_UNDISCLOSED,
};
#define LURE_KNOWN_COUNT 14

/* Phrases from this id on are units of money. */
#define LURE_UNIT 1000u

struct lure_sign {
    enum lure_theme theme;
    int weight; /* tenths of a point */
    size_t reach;
    uint8_t together[LURE_TOGETHER_MOST], not [LURE_NOT_MOST];
    uint8_t together_count, not_count;
};

struct lure_table {
    struct phrases *phrases;
    struct bytes names[LIMIT_LURE_CONCEPTS];
    size_t concept_count;
    struct lure_sign *signs;
    size_t sign_count;
    /* Signs with a reach, by concept: from near[c] to near[c + 1] in `by_concept`. */
    uint16_t *by_concept;
    size_t near[LIMIT_LURE_CONCEPTS + 1];
    bool is_worded; /* false: a table of somebody's own, to which no wording was fitted */
};

struct lure_place {
    size_t from, to;
};

/* Where a concept stands: first and latest; to == 0: not yet. Concepts of the header stand nowhere: 0 to 1, is_header. */
struct lure_seen {
    struct lure_place first[LIMIT_LURE_CONCEPTS], last[LIMIT_LURE_CONCEPTS];
    bool has[LIMIT_LURE_CONCEPTS];
};

/* Units of money: what a phrase of id LURE_UNIT + i is worth in yen; 0 for those before their number. */
struct lure_unit {
    const char *text;
    double yen;
    bool before;
};
extern const struct lure_unit lure_units[];
extern const size_t lure_unit_count;
/* What the number at a unit is worth in yen; 0 without a number. */
double lure_sum_at(struct bytes normal, size_t from, size_t to, size_t unit,
                   struct lure_place *place_r);
/* What header and text show beside their words. */
void lure_see_header(struct arena *arena, const struct letter *letter, struct bytes normal,
                     const struct region *regions, size_t region_count,
                     struct lure_seen *seen);
