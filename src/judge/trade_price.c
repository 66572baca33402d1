#include "judge/trade_price.h"

#include "base/limits.h"
#include "base/scan.h"

/* Yen, and the other currencies taken as one: what a gram of no food costs. */
#define GRAM_YEN     1500
#define GRAM_OTHER   7.5
#define FOOD_YEN     100
#define FOOD_OTHER   0.8
#define OUNCE_OTHER  75
#define ML_YEN       4000
#define ROUND_YEN    2000
#define PIECE_YEN    1000
#define PIECE_OTHER  3
#define REWARD_YEN   30000
#define REWARD_MONTH 800000
#define REWARD_DAY   200 /* dollars, pounds */
#define APART        14  /* bytes between an amount and its price */

enum unit {
    UNIT_NONE,
    UNIT_GRAM,
    UNIT_KILO,
    UNIT_ML,
    UNIT_OUNCE,
    UNIT_SHOT,
    UNIT_PIECE,
    UNIT_ROUND,
    UNIT_OTHER
};
enum money { MONEY_NONE, MONEY_YEN, MONEY_OTHER };

struct number {
    size_t from, to; /* with sign of currency and unit */
    double value;
    enum unit unit;
    enum money money;
};

static const struct {
    const char *text;
    enum unit unit;
} units[] = {
    {"グラム", UNIT_GRAM},  {"grams", UNIT_GRAM},   {"gram", UNIT_GRAM},
    {"gs", UNIT_GRAM},      {"g", UNIT_GRAM},       {"ml", UNIT_ML},
    {"oz", UNIT_OUNCE},     {"ounces", UNIT_OUNCE}, {"ounce", UNIT_OUNCE},
    {"zips", UNIT_OUNCE},   {"zip", UNIT_OUNCE},    {"手", UNIT_SHOT},
    {"パケ", UNIT_SHOT},    {"発", UNIT_ROUND},     {"丁", UNIT_ROUND},
    {"挺", UNIT_ROUND},     {"錠", UNIT_PIECE},     {"粒", UNIT_PIECE},
    {"シート", UNIT_PIECE}, {"tabs", UNIT_PIECE},   {"tab", UNIT_PIECE},
    {"pills", UNIT_PIECE},  {"pill", UNIT_PIECE},   {"rounds", UNIT_ROUND},
    {"mg", UNIT_OTHER},     {"kg", UNIT_KILO},      {"個", UNIT_OTHER},
    {"枚", UNIT_OTHER},     {"本", UNIT_OTHER},     {"時", UNIT_OTHER},
    {"分", UNIT_OTHER},     {"日", UNIT_OTHER},     {"月", UNIT_OTHER},
    {"年", UNIT_OTHER},     {"人", UNIT_OTHER},     {"件", UNIT_OTHER},
    {"回", UNIT_OTHER},     {"名", UNIT_OTHER},     {"歳", UNIT_OTHER},
    {"種", UNIT_OTHER},     {"つ", UNIT_OTHER},     {"cm", UNIT_OTHER},
    {"%", UNIT_OTHER},      {"mm", UNIT_OTHER},     {"am", UNIT_OTHER},
    {"pm", UNIT_OTHER},     {"階", UNIT_OTHER},     {"口座", UNIT_OTHER},
    {"台", UNIT_OTHER},     {"セット", UNIT_OTHER}, {"週", UNIT_OTHER},
    {"匹", UNIT_OTHER},     {"袋", UNIT_OTHER},     {"箱", UNIT_OTHER},
    {"株", UNIT_OTHER},     {"玉", UNIT_OTHER},     {"km", UNIT_OTHER},
    {"ヶ", UNIT_OTHER},     {"代", UNIT_OTHER},     {"位", UNIT_OTHER},
    {"号", UNIT_OTHER},     {":", UNIT_OTHER},
};

/* Behind a price: what it is the price of. */
static const struct {
    const char *text;
    enum unit unit;
} each[] = {
    {"a gram", UNIT_GRAM},    {"a g", UNIT_GRAM},      {"per gram", UNIT_GRAM},
    {"per g", UNIT_GRAM},     {"/g", UNIT_GRAM},       {"/1g", UNIT_GRAM},
    {"a q", UNIT_SHOT},       {"a ball", UNIT_SHOT},   {"an eighth", UNIT_SHOT},
    {"a half", UNIT_SHOT},    {"a zip", UNIT_SHOT},    {"an oz", UNIT_OUNCE},
    {"an ounce", UNIT_OUNCE}, {"a press", UNIT_PIECE}, {"a pop", UNIT_PIECE},
    {"a pill", UNIT_PIECE},   {"per tab", UNIT_PIECE}, {"per pill", UNIT_PIECE},
    {"a tab", UNIT_PIECE},
};
static const char *const pays[] = {
    "a day",       "per day",  "/day",      "daily",         "a run",        "per swap",
    "per account", "per pick", "a pop run", "paid same day", "per transfer", "per drop",
};
static const char *const paid_before[] = {
    "日給", "日当",   "即日", "即金", "一晩", "1日", "1回",  "1件",
    "報酬", "日払い", "前金", "最短", "1人",  "1つ", "運転",
};

/* Nearly every question is answered by the first byte, so none asks for the word's size before. */
static inline bool
follows(struct bytes text, size_t at, const char *what)
{
    for (; *what != '\0'; what++, at++) {
        if (at >= text.size || text.at[at] != (uint8_t)*what) {
            return false;
        }
    }
    return true;
}

static size_t
skip_blanks(struct bytes text, size_t at)
{
    while (at < text.size && text.at[at] == ' ') {
        at++;
    }
    return at;
}

/* Digits with commas and one point. */
static size_t
read_digits(struct bytes text, size_t at, double *value_r)
{
    double value = 0, scale = 0;
    size_t most = at + 12;

    for (; at < text.size && at < most; at++) {
        uint8_t c = text.at[at];
        bool more = at + 1 < text.size && ascii_digit(text.at[at + 1]);
        if (ascii_digit(c)) {
            value = scale > 0 ? value + (c - '0') * scale : value * 10 + (c - '0');
            scale /= 10;
        } else if (c == '.' && more && scale == 0) {
            scale = 0.1;
        } else if (c != ',' || !more || scale > 0) {
            break;
        }
    }
    *value_r = value;
    return at;
}

/* 万, 千 and k, and what follows them of the number: 2万5千. */
static size_t
read_scale(struct bytes text, size_t at, struct number *n)
{
    double more;

    if (follows(text, at, "万") || follows(text, at, "まん")) {
        n->value *= 10000;
        n->money = MONEY_YEN;
        at += follows(text, at, "万") ? 3 : 6;
        size_t end = read_digits(text, at, &more);
        if (end > at && follows(text, end, "千")) {
            n->value += more * 1000;
            return end + 3;
        }
        if (end > at && more < 10000) {
            n->value += more;
            return end;
        }
        return at;
    }
    if (follows(text, at, "千")) {
        n->value *= 1000;
        n->money = MONEY_YEN;
        return at + 3;
    }
    if (at < text.size && text.at[at] == 'k' &&
        (at + 1 == text.size || !ascii_letter(text.at[at + 1]))) {
        n->value *= 1000;
        n->money = n->money == MONEY_NONE ? MONEY_YEN : n->money;
        return at + 1;
    }
    return at;
}

static const char *const yen_words[] = {"円", "yen", "jpy"};
static const char *const other_words[] = {"bucks", "usd",  "$",    "quid", "dollars",
                                          "euros", "each", "firm", "cash", "bands",
                                          "racks", "obo",  "£",    "€"};

/* Whether a unit or a currency begins so; few of what stands behind numbers does. */
static bool
begins_unit(uint8_t c)
{
    static bool begins[256], filled;

    if (!filled) {
        for (size_t i = 0; i < sizeof yen_words / sizeof *yen_words; i++) {
            begins[(uint8_t)*yen_words[i]] = true;
        }
        for (size_t i = 0; i < sizeof other_words / sizeof *other_words; i++) {
            begins[(uint8_t)*other_words[i]] = true;
        }
        for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
            begins[(uint8_t)*units[i].text] = true;
        }
        filled = true;
    }
    return begins[c];
}

static size_t
read_unit(struct bytes text, size_t at, struct number *n)
{
    size_t next = skip_blanks(text, at);

    /* Behind a blank stands a unit in letters or a currency, so both places are asked. */
    if (next >= text.size || (!begins_unit(text.at[next]) && !begins_unit(text.at[at]))) {
        return at;
    }
    for (size_t i = 0; i < sizeof yen_words / sizeof *yen_words; i++) {
        if (follows(text, next, yen_words[i])) {
            n->money = MONEY_YEN;
            return next + strlen(yen_words[i]);
        }
    }
    for (size_t i = 0; i < sizeof other_words / sizeof *other_words; i++) {
        if (follows(text, next, other_words[i]) && n->money == MONEY_NONE &&
            *other_words[i] != '$') {
            n->money = MONEY_OTHER;
            return next + strlen(other_words[i]);
        }
    }
    for (size_t i = 0; n->money == MONEY_NONE && i < sizeof units / sizeof *units; i++) {
        bool letters = ascii_letter((uint8_t)units[i].text[0]);
        if (!follows(text, letters ? next : at, units[i].text)) {
            continue;
        }
        size_t end = (letters ? next : at) + strlen(units[i].text);
        if (!(letters && end < text.size && ascii_letter(text.at[end]))) {
            n->unit = units[i].unit;
            return end;
        }
    }
    return at;
}

/* The number that begins at a digit. */
static struct number
read_number(struct bytes text, size_t at)
{
    struct number n = {.from = at};

    if (at > 0 && (text.at[at - 1] == '$' ||
                   (at > 1 && text.at[at - 2] == 0xc2 && text.at[at - 1] == 0xa3) ||
                   (at > 2 && text.at[at - 3] == 0xe2 && text.at[at - 2] == 0x82 &&
                    text.at[at - 1] == 0xac))) {
        n.money = MONEY_OTHER;
    } else if (at > 1 && text.at[at - 2] == 0xc2 && text.at[at - 1] == 0xa5) {
        n.money = MONEY_YEN;
    } else if (at > 0 && text.at[at - 1] == '\\') {
        n.money = MONEY_YEN;
    }
    at = read_digits(text, at, &n.value);
    at = read_scale(text, at, &n);
    n.to = read_unit(text, at, &n);
    return n;
}

static enum unit
unit_behind(struct bytes text, size_t at)
{
    at = skip_blanks(text, at);
    if (at < text.size && text.at[at] != 'a' && text.at[at] != 'p' && text.at[at] != '/') {
        return UNIT_NONE; /* none begins so */
    }
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        if (!follows(text, at, each[i].text)) {
            continue;
        }
        size_t end = at + strlen(each[i].text);
        if (end == text.size || !ascii_letter(text.at[end])) {
            return each[i].unit;
        }
    }
    return UNIT_NONE;
}

/* Whether only what joins an amount to its price stands between: no letters but "for", "is", で, なら, は, から. */
static bool
joined(struct bytes text, size_t from, size_t to)
{
    static const char *const words[] = {"で", "なら", "は", "から", "が", "→", "⇒", "、",
                                        "¥",  "£",    "€",  "for",  "is", "…", "、"};

    if (to < from || to - from > APART) {
        return false;
    }
    for (size_t at = from; at < to;) {
        size_t size = 0;
        for (size_t i = 0; i < sizeof words / sizeof *words && size == 0; i++) {
            size = follows(text, at, words[i]) ? strlen(words[i]) : 0;
        }
        if (size == 0) {
            uint8_t c = text.at[at];
            if (c >= 0x80 || ascii_letter(c) || ascii_digit(c) || c == '\n' || c == '.') {
                return false;
            }
            size = 1;
        }
        at += size;
    }
    return true;
}

static enum trade_price_kind
weigh_price(enum unit unit, double amount, const struct number *price, bool bare)
{
    double one = amount > 0 ? price->value / amount : price->value;
    bool yen = price->money == MONEY_YEN;

    switch (unit) {
    case UNIT_GRAM:
        if (bare) { /* "0.5g 3.0", "1g 60", "1g 5500" */
            return amount <= 50 && price->value / (amount > 0 ? amount : 1) >= 0.4
                       ? TRADE_PRICE_GRAM
                       : TRADE_PRICE_SOME;
        }
        return one >= (yen ? GRAM_YEN : GRAM_OTHER)   ? TRADE_PRICE_GRAM
               : one <= (yen ? FOOD_YEN : FOOD_OTHER) ? TRADE_PRICE_FOOD
                                                      : TRADE_PRICE_SOME;
    case UNIT_KILO:
        return one / 1000 <= (yen ? FOOD_YEN : FOOD_OTHER) ? TRADE_PRICE_FOOD
                                                           : TRADE_PRICE_SOME;
    case UNIT_ML:
        return yen && !bare && one >= ML_YEN ? TRADE_PRICE_GRAM : TRADE_PRICE_SOME;
    case UNIT_OUNCE:
        return !yen && one >= OUNCE_OTHER ? TRADE_PRICE_GRAM : TRADE_PRICE_UNIT;
    case UNIT_SHOT:
        return TRADE_PRICE_GRAM;
    case UNIT_ROUND:
        return one >= (yen ? ROUND_YEN : PIECE_OTHER) ? TRADE_PRICE_UNIT : TRADE_PRICE_SOME;
    case UNIT_PIECE:
        return one >= (yen ? PIECE_YEN : PIECE_OTHER) || bare ? TRADE_PRICE_UNIT
                                                              : TRADE_PRICE_SOME;
    default:
        return TRADE_PRICE_SOME;
    }
}

static enum lexicon_kind
goods_of(enum unit unit)
{
    return unit == UNIT_ROUND                        ? LEXICON_WEAPON
           : unit != UNIT_NONE && unit != UNIT_OTHER ? LEXICON_DRUG
                                                     : LEXICON_ANY;
}

static bool
is_reward(struct bytes text, const struct number *n)
{
    size_t before = n->from > 24 ? n->from - 24 : 0, next = skip_blanks(text, n->to);

    static const char *const handed[] = {"お渡し", "渡し", "差し上げ", "即",
                                         "手渡",   "現金", "可能",     "稼"};

    for (size_t i = 0; n->money == MONEY_YEN && n->value >= REWARD_YEN &&
                       i < sizeof handed / sizeof *handed;
         i++) {
        if (follows(text, next, handed[i])) {
            return true;
        }
    }
    if (n->money == MONEY_YEN && n->value >= REWARD_MONTH && n->from >= 3 &&
        follows(text, n->from - 3, "月")) {
        return true;
    }
    if (n->money == MONEY_YEN && n->value >= REWARD_YEN) {
        for (size_t i = 0; i < sizeof paid_before / sizeof *paid_before; i++) {
            struct bytes words = bytes_from_text(paid_before[i]),
                         near = bytes_slice(text, before, n->from);
            if (bytes_find(near, words, 0) != BYTES_NOWHERE) {
                return true;
            }
        }
    }
    for (size_t i = 0; n->value >= REWARD_DAY && i < sizeof pays / sizeof *pays; i++) {
        if (follows(text, next, pays[i])) {
            return true;
        }
    }
    return false;
}

/* 受け5%, "keep 8%": a part of what comes in. */
static bool
is_share(struct bytes text, const struct number *n)
{
    static const char *const words[] = {"受け",     "出し", "成功額",
                                        "成功報酬", "歩合", "keep"};
    struct bytes before = bytes_slice(text, n->from > 18 ? n->from - 18 : 0, n->from);

    for (size_t i = 0; text.at[n->to - 1] == '%' && i < sizeof words / sizeof *words; i++) {
        if (bytes_find(before, bytes_from_text(words[i]), 0) != BYTES_NOWHERE) {
            return true;
        }
    }
    return false;
}

/* "an eighth for 40.": a bare number that ends a sentence or a part of it. */
static bool
is_asked(struct bytes text, const struct number *n)
{
    size_t next = skip_blanks(text, n->to);
    bool ends =
        next >= text.size || (!ascii_letter(text.at[next]) && !ascii_digit(text.at[next]) &&
                              text.at[next] < 0x80 && text.at[next] != '%');

    return ends && n->value >= 10 && n->from >= 4 && follows(text, n->from - 4, "for ");
}

static bool
put(struct trade_price *list, size_t *count, size_t most, const struct trade_price *price)
{
    if (*count == most) {
        return false;
    }
    list[(*count)++] = *price;
    return true;
}

/* 二手, 一丁, 十粒: a kanji numeral and what is counted so. */
static bool
kanji_amount(struct bytes text, size_t at, struct number *amount_r)
{
    static const char *const numerals[] = {"一", "二", "三", "四", "五",
                                           "六", "七", "八", "九", "十"};
    static const char *const counted[] = {"手", "丁", "挺", "発", "粒", "錠", "パケ"};
    static const enum unit unit_of[] = {UNIT_SHOT,  UNIT_ROUND, UNIT_ROUND, UNIT_ROUND,
                                        UNIT_PIECE, UNIT_PIECE, UNIT_SHOT};

    /* The second bytes of the numerals; most kanji are told apart by theirs. */
    if (at + 3 > text.size ||
        memchr("\xb8\xb9\xba\x85\x8d\x9b", text.at[at + 1], 6) == NULL) {
        return false;
    }
    for (size_t i = 0; i < 10; i++) {
        if (memcmp(text.at + at, numerals[i], 3) != 0) {
            continue;
        }
        for (size_t k = 0; k < 7; k++) {
            if (follows(text, at + 3, counted[k])) {
                *amount_r = (struct number){.from = at,
                                            .to = at + 3 + strlen(counted[k]),
                                            .value = (double)i + 1,
                                            .unit = unit_of[k]};
                return true;
            }
        }
    }
    return false;
}

/* The next digit, グ, or what may be a kanji numeral. */
static size_t
next_begin(struct bytes text, size_t at)
{
    while (at + SCAN_SIZE <= text.size) {
        scan_block block = scan_load(text.at + at);
        unsigned sure = scan_hits((scan_block)((block >= '0') & (block <= '9')) |
                                  scan_is(block, 0xe4) | scan_is(block, 0xe5));
        /* グ is E3 82 B0; where the block ends within it, the rest is not asked for. */
        unsigned gram = scan_hits(scan_is(block, 0xe3)) &
                        (scan_hits(scan_is(block, 0x82)) >> 1 | 0x8000) &
                        (scan_hits(scan_is(block, 0xb0)) >> 2 | 0xc000);
        if ((sure | gram) != 0) {
            return at + scan_first(sure | gram);
        }
        at += SCAN_SIZE;
    }
    while (at < text.size && !ascii_digit(text.at[at]) &&
           (text.at[at] < 0xe3 || text.at[at] > 0xe5)) {
        at++;
    }
    return at;
}

size_t
trade_prices(struct bytes normal, struct trade_price *list, size_t most)
{
    struct number amount = {0}, n;
    size_t count = 0;

    for (size_t at = next_begin(normal, 0); at < normal.size;
         at = next_begin(normal, n.to)) {
        n.to = at + 1;
        /* グラム5, グラム2500円: the unit in front. */
        if (follows(normal, at, "グラム") && (at == 0 || !ascii_digit(normal.at[at - 1]))) {
            amount =
                (struct number){.from = at, .to = at + 9, .value = 1, .unit = UNIT_GRAM};
            n.to = at + 9;
            continue;
        }
        if (normal.at[at] >= 0xe4 && kanji_amount(normal, at, &amount)) {
            n.to = amount.to;
            continue;
        }
        if (!ascii_digit(normal.at[at]) ||
            (at > 0 && at != amount.to && ascii_letter(normal.at[at - 1]) &&
             normal.at[at - 1] != 'x')) {
            continue;
        }
        n = read_number(normal, at);
        bool bare = n.money == MONEY_NONE && n.unit == UNIT_NONE;
        enum unit behind = n.unit == UNIT_NONE ? unit_behind(normal, n.to) : UNIT_NONE;
        struct trade_price price = {.from = n.from, .to = n.to};
        bool small = bare && n.value <= 5 && n.to - n.from > 1 && behind == UNIT_NONE;
        bool share = is_share(normal, &n);
        if (n.unit != UNIT_NONE && !share) {
            amount = n;
            continue;
        }
        if (share || is_reward(normal, &n)) {
            price.what = TRADE_PRICE_REWARD;
        } else if (behind != UNIT_NONE) {
            price.what = weigh_price(behind, 1, &n, false);
            price.goods = goods_of(behind);
        } else if (amount.unit != UNIT_NONE && joined(normal, amount.to, n.from) &&
                   (!bare || amount.unit == UNIT_GRAM || amount.unit == UNIT_SHOT ||
                    amount.unit == UNIT_OUNCE)) {
            price.from = amount.from;
            price.what = weigh_price(amount.unit, amount.value, &n, bare);
            price.goods = goods_of(amount.unit);
        } else if (amount.unit == UNIT_NONE && amount.value > 0 && n.value > amount.value &&
                   (small || n.money == MONEY_YEN) && joined(normal, amount.to, n.from)) {
            /* 0.3 1.5万, 0.5 1.2 */
            price.what = bare ? TRADE_PRICE_UNIT : TRADE_PRICE_GRAM;
            price.goods = LEXICON_DRUG;
        } else if (bare && is_asked(normal, &n)) {
            price.what = TRADE_PRICE_SOME;
        } else if (bare) {
            amount = small ? n : (struct number){0};
            continue;
        }
        amount = (struct number){0};
        if (!put(list, &count, most, &price)) {
            break;
        }
    }
    return count;
}
