/* Letters: runs of one, two and three characters of a text, and how often each occurs.
 *
 * Text in normal form (judge/normal.h); a digit counts as any other digit, so that a date or a sum is one turn of phrase,
 * and the end of a line as a blank. A run
 * that comes again counts less each time: 1 + log(times), and all are divided by the root of the sum of their squares, so that a
 * long text weighs as a short one (the usual weighing of terms, without that by documents). The struct is large (some 320 KB): one per
 * process, used again. Linear in the text. */
#pragma once

#include <math.h>

#include "base/bytes.h"

#define LETTERS_BITS  18
#define LETTERS_COUNT (1u << LETTERS_BITS)
#define LETTERS_MAX                                                                        \
    16384 /* different runs; where no place is left for the three of a character: not taken */

struct letters {
    uint32_t at[LETTERS_MAX]; /* each below LETTERS_COUNT, none twice */
    size_t count;
    uint8_t times[LETTERS_COUNT]; /* of each run, at most 255 */
};

/* The struct must be zero before its first use. */
void letters_clear(struct letters *letters);
/* Valid UTF-8 without control characters; what is not is read as bytes. */
void letters_add(struct letters *letters, struct bytes normal);

/* 1 + log(times), for 0 to 255. */
extern const float letters_amounts[256];
/* What each amount is multiplied with; 0 for no letters. */
double letters_share(const struct letters *letters);
/* The same for who has summed the squares of all amounts, in their order, himself. */
static inline double
letters_share_of(double squares)
{
    return squares > 0 ? 1 / sqrt(squares) : 0;
}
