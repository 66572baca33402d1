/* Illegal trade in slang, and signs of unwanted mail, read from the lexicon's hits.
 *
 * Slang is everybody's words in another sense (レンコン, ice), so a hit counts by the evidence around it, some 150 characters on
 * both sides: how goods change hands, secrecy, an offer, what dark jobs pay and which papers they ask for, prices (judge/
 * trade_price.h). Goods and evidence make the score together (neither alone reaches the line), what speaks for another
 * meaning is taken off it; what stands in quotation marks or quoted lines counts less. The wording around the best place (judge/wording.h)
 * is weighed with it, but where a word of the operator's own stands there. Of a text without such a word, in which the lexicon finds
 * anything at all, the beginning is asked about by wording alone (judge/unsaid.h). docs/decisions/0025-slang.md, 0030-wording.md and
 * 0032-places-and-voices.md say why.
 *
 * Pure but for the arena, whose memory the results are. Bounded: at most 120 places are looked around, LIMIT_TRADE_PRICES
 * prices; time is linear in text and hits. */
#pragma once

#include "judge/lexicon.h"
#include "judge/regions.h"

/* A text is trade from this score on. */
#define TRADE_LINE 3.2

#define TRADE_FEATURES 8

struct trade {
    enum lexicon_kind kind; /* LEXICON_ANY below the line */
    double score;
    double rule; /* what the words say: 2 * sqrt(goods * context) - innocent */
    double goods, context, innocent;
    double wording;       /* what the wording says: a logit */
    struct bytes passage; /* what it was asked about; a view of the normal form */
    double features[TRADE_FEATURES]; /* for tools/train-wording */
    struct bytes words; /* the spellings found, with blanks between, in the arena */
};

void trade_read(struct arena *arena, struct bytes normal, const struct lexicon_hit *hits,
                size_t hit_count, const struct region *regions, size_t region_count,
                struct trade *trade_r);

/* Words of the text that no table knows and that stand where an offer names its goods: before a price or a word of
 * offering, with enough evidence of hand-over and of secrecy or price around. At most `most`, each once, views into the
 * normal form. They prove nothing: they are for a person to look at. */
size_t trade_unknown(struct arena *arena, struct bytes normal,
                     const struct lexicon_hit *hits, size_t hit_count,
                     const struct region *regions, size_t region_count, struct bytes *words,
                     size_t most);

/* Signs of unwanted mail: the kind with most of them, and their sum; LEXICON_ANY and 0 without. */
struct signs {
    enum lexicon_kind kind;
    double score;
    struct bytes words;
};
void signs_read(struct arena *arena, const struct lexicon_hit *hits, size_t hit_count,
                struct signs *signs_r);
