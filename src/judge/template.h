/* Templates: what the copies of one campaign have in common, and the slots that a program filled in.
 *
 * "{name}様、ご注文{number}の件でご連絡いたします。{url}": such a sentence is what an operator reads to know a campaign, what an investigator
 * compares with the next, and whose slots (names, amounts, telephone numbers, links) are worth following. It is recovered
 * from the copies alone. The copy that is most like all others is the base; each other is aligned with it by runs of
 * four words that occur once in both (as in patience sorting), grown as far as they go, then by the longest common subsequence
 * in what is left between. What all copies say in the same words is fixed; what differs is a slot, typed by its look. Numbers, codes, URLs
 * and addresses align with their like, whatever they say. A copy of which less than half of the base is found is left out, so that
 * one stray mail spoils nothing.
 *
 * Texts are in normal form with their regions, as for judge/minhash.h. At most LIMIT_TEMPLATE_TEXTS of them and
 * LIMIT_TEMPLATE_WORDS of each are read. Pure. Memory is the arena's; views point into the texts, or into the arena. What
 * a slot holds may be personal data: it is not for the log. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "judge/minhash.h"

enum slot_kind {
    SLOT_WORDS,  /* none of the following */
    SLOT_NAME,   /* before 様, さん and their like, or after "dear" */
    SLOT_NUMBER, /* also dates, times, prices, telephone numbers */
    SLOT_CODE,   /* letters and digits mixed */
    SLOT_URL,
    SLOT_MAIL,
};

struct template_piece {
    bool is_slot;
    enum slot_kind kind;
    struct bytes text; /* in the base, with the signs around it if it is fixed */
    /* Of a slot: what each text has there, in the order given; "" where nothing, and for texts left out. */
    const struct bytes *values;
};

struct template
{
    struct template_piece *pieces;
    size_t piece_count, slot_count;
    size_t text_count;   /* that were read */
    size_t used_count;   /* of these, that are copies; 1 if no other is like the base */
    size_t base;         /* index of the base */
    const bool *is_used; /* of each text */
    size_t fixed_words, words; /* of the base */
};

/* piece_count is 0 for no texts, or texts without words. Of one text alone all is fixed. */
void template_read(struct arena *arena, const struct own_text *texts, size_t count,
                   struct template *template_r);

/* On one line or more: fixed text as in the base, slots as {name}, {number}, ... In the arena. */
struct bytes template_write(struct arena *arena, const struct template *template);

/* "words", "name", "number", "code", "url", "mail"; a constant. */
const char *slot_kind_name(enum slot_kind kind);
