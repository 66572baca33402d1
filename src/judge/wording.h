/* Wording: what the letters of a passage say of one concern, beside what its words say.
 *
 * A table of words knows what somebody thought of. How people go on around such words (how a notice of crime or an offer in slang is
 * phrased, and how news, games, shops and jokes are) is learnt from many texts: a weight for each run of one to three characters
 * (judge/letters.h), fitted together with the numbers that judge/threat.c, judge/trade.c and judge/lure.c read, so that each says what the
 * other does not. It is asked only where those found something to ask about, or the classifier doubts, and only of the passage around
 * it; a lure's passage is the beginning of its text, as is that of what names no act and no goods (judge/unsaid.h).
 *
 * What the letters find likely is asked about again by its words (judge/lemmas.h), which knows the same thing said with other letters. It takes ten times as long,
 * so what stands far below the line is not asked about.
 *
 * The weights are carried in the program (share/model/wording.model, made by tools/train-wording), 8 bits each, and used where they lie:
 *
 *     "SKWORD02", u32 concerns, u32 WORDING_BITS, u32 concerns of words, u32 WORDING_WORDS_BITS; for each concern a float, the value of one
 *     step; for each concern of words two, the value of one step and the bias; then 2^WORDING_BITS signed bytes for each
 *     concern and 2^WORDING_WORDS_BITS for each concern of words; numbers in the machine's order
 *
 * Family: that of its caller. docs/decisions/0030-wording.md and 0033-words-of-a-passage.md say why and how well. */
#pragma once

#include "judge/letters.h"

/* From WORDING_CRIME on: which kind of crime a notice announces that names none, in the order of enum threat_kind; from WORDING_GOODS
 * on: what an offer offers that names nothing, in the order of enum lexicon_kind from LEXICON_WEAPON. */
#define WORDING_CRIMES      6
#define WORDING_GOODS_KINDS 4
enum wording_concern {
    WORDING_THREAT,
    WORDING_TRADE,
    WORDING_LURE,
    WORDING_CRIME,
    WORDING_GOODS = WORDING_CRIME + WORDING_CRIMES,
    WORDING_CONCERNS = WORDING_GOODS + WORDING_GOODS_KINDS
};

/* Concerns that words are asked about: those up to the lure, and whether the text is unwanted at all. */
#define WORDING_OF_WORDS (WORDING_LURE + 2)

#define WORDING_BITS       16
#define WORDING_WORDS_BITS 17
#define WORDING_DOUBT      (-3.0) /* logits from which on it is asked again */

#define WORDING_PASSAGE 900  /* bytes of a passage around a place */
#define WORDING_MOST    1500 /* of any passage; beyond: not read */

/* The passage around the bytes [from, to) of a text: at most WORDING_PASSAGE bytes, whole characters, no blanks around it, a view of it. */
struct bytes wording_passage(struct bytes normal, size_t from, size_t to);
/* How much of its logit a passage keeps where nothing but its wording speaks, 0 to 1: less where it has few letters, since a greeting of two
 * words says nothing, however they fall. */
#define WORDING_FEW 100
double wording_kept(struct bytes passage);
/* A logit; positive speaks for the concern. 0 where no table is carried. Not for two threads at once. */
double wording_logit(enum wording_concern concern, struct bytes passage);
/* The same of letters and words, of a notice, an offer or a lure. beside: the logit of all else. The words are asked where it and
 * that of the letters come to WORDING_DOUBT or more, and there is a dictionary (judge/lemmas.h). */
double wording_whole(enum wording_concern concern, struct bytes passage, double beside);
/* What the words of a passage say of whether it is unwanted, a logit; 0 without a dictionary. */
double wording_unwanted(struct bytes passage);
/* Of letters and of runs of words, the place of its weight: for tools that teach. */
static inline unsigned
wording_place(unsigned letters_at)
{
    return letters_at >> (LETTERS_BITS - WORDING_BITS);
}
static inline unsigned
wording_words_place(unsigned runs_at)
{
    return runs_at >> (LETTERS_BITS - WORDING_WORDS_BITS);
}
