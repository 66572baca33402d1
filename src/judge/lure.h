/* Lures: mail of strangers who want a conversation that ends in money.
 *
 * No word of it is a crime: a wrong address, a long silence, loneliness, a kind remark, an inheritance, an easy job, "write to me at
 * LINE". So nothing is found by one word. A table (share/lexicon/lure.tsv) has concepts, each with many spellings in Japanese and English, and
 * signs: concepts that stand together. Each sign belongs to a theme and has points; themes add up, each up to a bound, and what
 * speaks for wanted mail (a club, a family, an office, a warning against such mail) is taken off. From LURE_LINE points on it is
 * a lure by the table, and each theme is told with the words that it rests on. But wanted mail uses the same words; so where it is
 * worth the time what was found is weighed once more, together with the letters of subject and text (lure_ask), by weights that
 * were fitted to both (docs/decisions/0030-wording.md).
 *
 * The table: lines of fields parted by tabs; '#' begins a comment where a line begins with it.
 *
 *     word  concept  spelling|spelling|...
 *     sign  theme  weight  reach  concept concept !concept
 *
 * weight: tenths of a point, -99 to 99; below zero only in the theme `wanted`, and there only. reach: bytes of the normal form within which
 * the concepts of the sign stand (a Japanese character has three), 0 for anywhere. Up to four concepts, and up to two that may not
 * occur. Concepts that the program finds itself: #sum (an amount of money), #fortune (two million yen and more), @reply_elsewhere (Reply-To in
 * another domain), @given_name (a sender with a given name alone), @app_id (an id as at messengers), @address (another mail address in the
 * text), @link, @short (under 70 characters of Japanese), @names_itself (the sender's family name in the text), @names_you (the recipient's
 * name in it), @quotes, @free_mail (a free mail provider), @company (a sender who calls himself a firm or office), @undisclosed (no
 * recipient in the header).
 *
 * What is quoted from another mail counts nothing. Pure; memory is the arena's. Linear in the text. Family: content. */
#pragma once

#include "base/arena.h"
#include "base/why.h"
#include "judge/phrases.h"
#include "judge/regions.h"
#include "parse/letter.h"

enum lure_theme {
    LURE_CONTACT, /* first contact: a mistake, an old acquaintance, a new address */
    LURE_RAPPORT, /* loneliness, praise, love, friendship, questions about you */
    LURE_PERSONA, /* soldier, star, heiress, host, fortune teller, foreigner */
    LURE_GIFT,    /* money or a prize is offered */
    LURE_ASK,     /* money is asked for */
    LURE_EARN,    /* an easy job, an investment */
    LURE_MEET,    /* a meeting, for love or money */
    LURE_PHOTO,   /* pictures promised */
    LURE_MOVE,    /* to another app, site or address, to pay with points */
    LURE_SECRECY,
    LURE_HURRY, /* an answer is wanted, now */
    LURE_WANTED,
};
#define LURE_THEME_COUNT 12

/* How far a conversation has come. */
enum lure_stage {
    LURE_STAGE_NONE,
    LURE_STAGE_CONTACT,
    LURE_STAGE_RAPPORT,
    LURE_STAGE_MOVE,
    LURE_STAGE_MONEY,
};
#define LURE_STAGE_COUNT 5

#define LURE_LINE     2.1 /* points from which on it is a lure by the table alone */
#define LURE_FEATURES 36

struct lure_part {
    enum lure_theme theme;
    double points;
    struct bytes words; /* of the sign with most points; a view of the normal form */
};

struct lure {
    double points; /* what the table says */
    bool asked;    /* whether its wording was asked about */
    double logit; /* where it was: what table and wording say together; 0 or more: a lure */
    bool is_lure; /* by the points, or by that logit */
    struct lure_part parts[LURE_THEME_COUNT]; /* most points first, without LURE_WANTED */
    size_t part_count;
    unsigned stages;                /* 1 << enum lure_stage, also below the line */
    struct bytes passage;           /* what was asked about, in the arena */
    double features[LURE_FEATURES]; /* for tools/train-wording */
};

struct lure_table;

/* The text is copied. SK_CONFIG with the line where a row is wrong. */
enum sk_code lure_open(struct arena *arena, struct bytes text, struct lure_table **table_r,
                       struct why *why);
void lure_close(struct lure_table *table);
/* The table that is built in. */
struct bytes lure_built_in(void);

/* letter: its header and links; text and regions: its words (judge/regions.h), the subject in the first line. */
void lure_read(struct arena *arena, struct lure_table *table, const struct letter *letter,
               const struct phrase_text *text, const struct region *regions,
               size_t region_count, struct lure *lure_r);
/* Asks the wording (judge/wording.h) of what was read: sets `asked`, `logit`, `is_lure`. It costs more than reading: to be
 * asked only where there is doubt. A table of somebody's own, to which no wording was fitted, is asked for its points alone. */
void lure_ask(struct arena *arena, struct lure_table *table, struct bytes normal,
              const struct region *regions, size_t region_count, struct lure *lure);

/* "contact", ...; "none", "contact", "rapport", "move", "money". */
const char *lure_theme_name(enum lure_theme theme);
const char *lure_stage_name(enum lure_stage stage);
/* The finding of a theme, a row of decide/findings.inc; NULL for LURE_WANTED. */
const char *lure_finding_name(enum lure_theme theme);
