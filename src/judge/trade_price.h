/* Amounts with their prices, and rewards, as people write them: "0.5g 2.5万", "1g6000", "20 a g", "1手 2.5", "日給5万",
 * "$300 a day".
 *
 * What a gram costs tells goods apart better than any word: vegetables, beans, coffee and tea cost less than 100 yen,
 * saffron 1,200, drugs from 2,500 on. Likewise what a day pays: honest work some 10,000 yen, dark jobs from 30,000 on.
 * Read from the normal form (judge/normal.h). A number is digits with commas, a point, and 万, 千, k. A price belongs to
 * the amount right before it ("1g 6000円") or to the unit right behind it ("60 a g"). Pure, no allocation, linear. */
#pragma once

#include "base/bytes.h"
#include "judge/lexicon.h"

enum trade_price_kind {
    TRADE_PRICE_SOME, /* a price, of anything */
    TRADE_PRICE_UNIT, /* of a tablet, a sheet, a round, a gun: any goods, in the amounts of these */
    TRADE_PRICE_GRAM, /* of a gram, a millilitre, an ounce, a 手 (shot), as no food has it */
    TRADE_PRICE_REWARD, /* more for a day or an errand than honest work pays */
    TRADE_PRICE_FOOD    /* of a gram or a kilogram, as food, tea and spices have it */
};

struct trade_price {
    size_t from, to; /* in the text */
    enum trade_price_kind what;
    enum lexicon_kind goods; /* that the unit speaks of, LEXICON_ANY if of none */
};

/* At most `most`, in order; what comes after is not read. */
size_t trade_prices(struct bytes normal, struct trade_price *list, size_t most);
