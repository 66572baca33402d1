/* What trade.c and trade_unknown.c share: the evidence around a place in a text. */
#pragma once

#include "base/limits.h"
#include "judge/trade.h"
#include "judge/trade_price.h"

/* What speaks for an offer, one kind of evidence each. */
enum trade_context {
    CONTEXT_HAND,
    CONTEXT_SECRET,
    CONTEXT_OFFER,
    CONTEXT_REWARD,
    CONTEXT_PAPERS,
    CONTEXT_PRICE
};
#define CONTEXTS 6

struct trade_offer {
    double slang[LEXICON_KIND_COUNT], strongest;
    int distinct;
    double all, quoted; /* weights of slang, and of that in quotations */
    double context[CONTEXTS], second[CONTEXTS];
    double innocent, most_innocent;
};

struct trade_reading {
    struct bytes normal;
    const struct lexicon_hit *hits; /* of the table of slang, without masks and signs */
    size_t hit_count;
    const struct region *regions;
    size_t region_count;
    struct trade_price prices[LIMIT_TRADE_PRICES];
    size_t price_count;
    double innocent_all; /* weights of all distinct rows of other meanings */
};

void trade_begin(struct arena *arena, struct trade_reading *reading, struct bytes normal,
                 const struct lexicon_hit *hits, size_t hit_count,
                 const struct region *regions, size_t region_count);
/* What stands within some 150 characters on both sides. */
void trade_look_around(const struct trade_reading *reading, size_t centre,
                       struct trade_offer *offer_r);
/* Its evidence but for the goods, in one sum. shop: what any shop says counts half. */
double trade_contexts(const struct trade_offer *offer, bool shop);
