#include "judge/trade.h"

#include <math.h>

#include "base/limits.h"
#include "base/writer.h"
#include "judge/trade_private.h"
#include "judge/unsaid.h"

#define WORDS_MAX      240 /* of the words that are shown */
#define AROUND         450 /* bytes on each side of a word in which an offer says what it says */
#define BRACKETS       120 /* bytes of a quotation that are looked at */
#define CENTRES        120 /* words looked around; a text with more repeats itself */
#define GOODS_MOST     9.0
#define ARMS_PRICE     3.0 /* what a price of a round or a gun says */
#define GOODS_QUOTED   2.0
#define GOODS_EVERYDAY 2.2 /* of words that everybody uses, however many */
#define SHOP_GOODS     2.0 /* so weak slang needs more than what shops say */
#define GOODS_SEVERAL  3.0
#define GOODS_MANY     4.5
#define GOODS_SURE     6.0
#define ALONE_SURE                                                                         \
    5.0 /* over the line: of 1,900 look-alikes in writing none had it, of 28,000 letters 11 */
#define KIND_LEAST     0.7
#define KIND_STRONG    1.5
#define KIND_RARE      2.4
#define UNPROVED_MOST  2.0
#define NAMES_TRADE    3.0 /* of a phrase that names no goods but their trade: 口座買取 */
#define NAMES_CONTEXT  0.5 /* the offer that is in it */
#define SHOP           1.0
#define EVERYDAY       1.5
#define EMOJI_MENU     3 /* different ones: a list of goods */
#define CONTEXTS_MOST  9.0
#define INNOCENT_GAIN  1.0
#define INNOCENT_MOST  14.0
#define INNOCENT_ALONE 0.5 /* of a word of daily life, where it is the only one */
#define DAILY          3
#define DAILY_ONE      1.5 /* below: nothing in the text speaks of anything else */

/* A distinct row of the lexicon counts once. The tables have 900 rows, the operator's 2,000 at most. */
#define ROWS_MOST 4096
struct rows {
    uint64_t has[ROWS_MOST / 64];
};

static bool
rows_add(struct rows *rows, unsigned row)
{
    uint64_t bit = (uint64_t)1 << row % 64;

    if (row >= ROWS_MOST || (rows->has[row / 64] & bit) != 0) {
        return false;
    }
    rows->has[row / 64] |= bit;
    return true;
}

static const double context_gain[CONTEXTS] = {0.7, 0.8, 0.45, 0.7, 0.5, 0.8};
static const double price_says[] = {0.8, 2.2, 4.5, 0, 0};

static bool
context_of(enum lexicon_role role, enum trade_context *context_r)
{
    switch (role) {
    case LEXICON_HAND:
        *context_r = CONTEXT_HAND;
        return true;
    case LEXICON_SECRET:
        *context_r = CONTEXT_SECRET;
        return true;
    case LEXICON_TRADE:
        *context_r = CONTEXT_OFFER;
        return true;
    case LEXICON_REWARD:
        *context_r = CONTEXT_REWARD;
        return true;
    case LEXICON_PAPERS:
        *context_r = CONTEXT_PAPERS;
        return true;
    default:
        return false;
    }
}

static void
add_context(struct trade_offer *o, enum trade_context context, double weight)
{
    if (weight > o->context[context]) {
        o->second[context] = o->context[context];
        o->context[context] = weight;
    } else if (weight > o->second[context]) {
        o->second[context] = weight;
    }
}

/* Within Japanese quotation marks: a word that is spoken of. */
static bool
in_brackets(struct bytes text, size_t at)
{
    size_t from = at > BRACKETS ? at - BRACKETS : 0;

    for (size_t i = at; i >= from + 3; i--) {
        const uint8_t *p = text.at + i - 3;
        if (p[0] != 0xe3 || p[1] != 0x80) {
            continue;
        }
        if (p[2] == 0x8d || p[2] == 0x8f) { /* closed before */
            return false;
        }
        if (p[2] == 0x8c || p[2] == 0x8e) {
            return true;
        }
    }
    return false;
}

/* How much of its weight evidence keeps: less when far, or in somebody else's words. */
static double
kept(size_t from, size_t centre)
{
    size_t far = from > centre ? from - centre : centre - from;

    return 1 - 0.4 * (double)(far < AROUND ? far : AROUND) / AROUND;
}

static double
spoken(const struct trade_reading *r, size_t at)
{
    return in_brackets(r->normal, at) ||
                   region_at(r->regions, r->region_count, at) == REGION_QUOTED
               ? 0.4
               : 1;
}

/* The first hit that begins there or behind. */
static size_t
first_from(const struct trade_reading *r, size_t from)
{
    size_t low = 0, high = r->hit_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->hits[middle].from < from) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void
trade_look_around(const struct trade_reading *r, size_t centre, struct trade_offer *o)
{
    size_t from = centre > AROUND ? centre - AROUND : 0, to = centre + AROUND, named = 0;
    struct rows seen = {0};
    enum trade_context context;
    bool cheap = false, rewarded = false;
    int emoji = 0;

    *o = (struct trade_offer){0};
    for (size_t i = first_from(r, from); i < r->hit_count && r->hits[i].from <= to; i++) {
        const struct lexicon_hit *hit = &r->hits[i];
        const struct lexicon_term *term = hit->term;
        if (term->role == LEXICON_INNOCENT) {
            if (rows_add(&seen, term->row)) {
                o->innocent += term->weight;
                if (term->weight <= DAILY && term->weight > o->most_innocent) {
                    o->most_innocent = term->weight;
                }
            }
        } else if (term->role == LEXICON_SLANG) {
            double kept_of = spoken(r, hit->from), weight = term->weight * kept_of;
            named = hit->to > named ? hit->to : named;
            if (rows_add(&seen, term->row)) {
                o->slang[term->kind] += weight;
                o->all += term->weight;
                o->quoted += kept_of < 1 ? term->weight : 0;
                o->strongest = weight > o->strongest ? weight : o->strongest;
                emoji += term->text.at[0] >= 0xf0 || term->text.at[0] == 0xe2;
                o->distinct++;
            }
        } else if (context_of(term->role, &context) && hit->to > named) {
            /* what is part of a name (高額 of 高額バイト) says nothing about it */
            if (rows_add(&seen, term->row)) {
                add_context(o, context,
                            term->weight * kept(hit->from, centre) * spoken(r, hit->from));
            }
        }
    }
    /* What speaks for another meaning elsewhere in the text says half. */
    o->innocent += 0.5 * (r->innocent_all - o->innocent);
    if (emoji >= EMOJI_MENU && o->strongest < EVERYDAY) {
        o->strongest = EVERYDAY;
    }
    for (size_t i = 0; i < r->price_count; i++) {
        const struct trade_price *price = &r->prices[i];
        if (price->from < from || price->from > to) {
            continue;
        }
        double near = kept(price->from, centre) * spoken(r, price->from);
        if (price->what == TRADE_PRICE_REWARD) {
            add_context(o, CONTEXT_REWARD, 3.5 * near);
            /* alone it may as well be what somebody sells his bicycle for */
            o->slang[LEXICON_FRAUD_JOB] += rewarded          ? 0
                                           : o->distinct > 0 ? near
                                                             : 0.5 * near;
            rewarded = true;
        } else if (price->what == TRADE_PRICE_FOOD) {
            o->innocent += cheap ? 0 : 3;
            cheap = true;
        } else {
            bool arms = price->what == TRADE_PRICE_UNIT && price->goods == LEXICON_WEAPON;
            add_context(o, CONTEXT_PRICE,
                        (arms ? ARMS_PRICE : price_says[price->what]) * near);
            if (price->what == TRADE_PRICE_GRAM || arms) {
                o->slang[price->goods] += near;
            }
        }
    }
}

static enum lexicon_kind
kind_of(const struct trade_offer *o)
{
    enum lexicon_kind best = LEXICON_WEAPON;

    for (enum lexicon_kind k = LEXICON_WEAPON; k <= LEXICON_ACCOUNT_TRADE; k++) {
        best = o->slang[k] > o->slang[best] ? k : best;
    }
    return best;
}

/* Evidence that every shop has, too (its post, its telephone, a price), says half as much of a word that everybody uses. */
static double
evidence(double weight, bool shop)
{
    return shop && weight <= SHOP ? 0.5 * weight : weight;
}

double
trade_contexts(const struct trade_offer *o, bool shop)
{
    double sum = 0;

    for (int i = 0; i < CONTEXTS; i++) {
        sum += context_gain[i] *
               (evidence(o->context[i], shop) + 0.4 * evidence(o->second[i], shop));
    }
    return sum;
}

/* Whether the evidence is of so many kinds that it is more than a word by chance. Slang that is everybody's word needs two
 * kinds that no shop has, or one that hardly anybody else has. */
static bool
is_borne_out(const struct trade_offer *o, double goods)
{
    int kinds = 0, strong = 0;
    bool offered = false; /* reports tell of messengers, too */

    for (int i = 0; i < CONTEXTS; i++) {
        double weight = o->context[i];
        kinds += weight >= KIND_LEAST;
        offered = offered || (i != CONTEXT_SECRET && weight >= KIND_LEAST);
        if (i != CONTEXT_OFFER) {
            strong += weight >= KIND_RARE ? 2 : weight >= KIND_STRONG;
        }
    }
    if (goods >= GOODS_MANY || o->strongest >= NAMES_TRADE) {
        return offered || goods >= GOODS_SURE;
    }
    if (o->strongest > SHOP_GOODS || goods >= GOODS_SEVERAL) {
        return kinds >= 2 || strong >= 2 || (kinds == 1 && o->innocent < DAILY_ONE);
    }
    return strong >= 2 || (strong == 1 && kinds >= 3);
}

static double
weigh(const struct trade_offer *o, enum lexicon_kind kind, struct trade *parts_r)
{
    double all = 0, goods, contexts;

    for (enum lexicon_kind k = LEXICON_WEAPON; k <= LEXICON_ACCOUNT_TRADE; k++) {
        all += o->slang[k];
    }
    goods = o->slang[kind] + 0.5 * (all - o->slang[kind]);
    /* Where most slang is quoted it is spoken of: warnings quote a lot of it. */
    double most = o->strongest < EVERYDAY    ? GOODS_EVERYDAY
                  : o->quoted > 0.6 * o->all ? GOODS_QUOTED
                                             : GOODS_MOST;
    goods = goods < most ? goods : most;
    contexts = trade_contexts(o, o->strongest <= SHOP_GOODS && goods < GOODS_SEVERAL);
    contexts += o->strongest >= NAMES_TRADE ? NAMES_CONTEXT : 0;
    contexts = contexts < CONTEXTS_MOST ? contexts : CONTEXTS_MOST;
    /* One word of another meaning stands in many an offer; several seldom do. */
    double innocent = o->innocent - INNOCENT_ALONE * o->most_innocent;
    innocent = innocent < INNOCENT_MOST ? innocent : INNOCENT_MOST;
    parts_r->goods = goods;
    parts_r->context = contexts;
    parts_r->innocent = INNOCENT_GAIN * innocent;
    parts_r->rule = 2 * sqrt(goods * contexts) - parts_r->innocent;
    if (!is_borne_out(o, goods) && parts_r->rule > UNPROVED_MOST) {
        parts_r->rule = UNPROVED_MOST;
    }
    return parts_r->rule;
}

static bool
is_centre(const struct lexicon_term *term)
{
    return term->role == LEXICON_SLANG ||
           (term->weight >= 3 &&
            (term->role == LEXICON_HAND || term->role == LEXICON_SECRET));
}

static void
write_words(struct writer *w, struct bytes text)
{
    if (w->size + text.size + 1 < WORDS_MAX) {
        if (w->size > 0) {
            writer_byte(w, ' ');
        }
        writer_bytes(w, text);
    }
}

/* Fitted together with the wording by tools/train-wording. */
static const double weights[TRADE_FEATURES] = {
#include "judge/trade_weights.inc"
};

static void
trade_features(const struct trade *trade, double features[TRADE_FEATURES])
{
    features[0] = 1;
    features[1] = trade->rule > TRADE_LINE ? trade->rule - TRADE_LINE : 0;
    features[2] = trade->rule < TRADE_LINE ? trade->rule - TRADE_LINE : 0;
    features[3] = trade->rule >= TRADE_LINE;
    features[4] = sqrt(trade->goods);
    features[5] = sqrt(trade->context);
    features[6] = trade->innocent;
    features[7] = 0;
}

void
trade_begin(struct arena *arena, struct trade_reading *r, struct bytes normal,
            const struct lexicon_hit *hits, size_t hit_count, const struct region *regions,
            size_t region_count)
{
    struct lexicon_hit *ours = ARENA_NEW_MANY(arena, hit_count + 1, struct lexicon_hit);
    struct rows innocent = {0};
    bool offers = false;

    *r = (struct trade_reading){
        .normal = normal, .hits = ours, .regions = regions, .region_count = region_count};
    for (size_t i = 0; i < hit_count; i++) {
        const struct lexicon_term *term = hits[i].term;
        if (term->table != LEXICON_SLANG_TABLE || term->is_mask ||
            term->role == LEXICON_SIGN) {
            continue;
        }
        ours[r->hit_count++] = hits[i];
        if (term->role != LEXICON_INNOCENT) {
            offers = true;
        } else if (rows_add(&innocent, term->row)) {
            r->innocent_all += term->weight;
        }
    }
    /* Prices alone say nothing. */
    r->price_count = offers ? trade_prices(normal, r->prices, LIMIT_TRADE_PRICES) : 0;
}

/* What the words of the best place are, for people. */
static void
tell(struct arena *arena, const struct trade_reading *r, size_t centre, struct trade *trade)
{
    struct rows seen = {0};
    struct writer words;

    writer_init(&words, arena);
    for (size_t i = 0; i < r->hit_count; i++) {
        const struct lexicon_term *term = r->hits[i].term;
        size_t at = r->hits[i].from;
        enum trade_context context;
        if (at + AROUND >= centre && at <= centre + AROUND &&
            (term->role == LEXICON_SLANG ||
             (context_of(term->role, &context) && term->weight > 1)) &&
            rows_add(&seen, term->row)) {
            write_words(&words, bytes_slice(r->normal, at, r->hits[i].to));
        }
    }
    trade->words = writer_view(&words);
}

/* The best place so far. */
struct best {
    struct trade trade;
    enum lexicon_kind kind;
    size_t centre, looked_at;
};

static void
consider(const struct trade_reading *r, size_t centre, struct best *best)
{
    struct trade_offer o;
    struct trade parts = {0};

    trade_look_around(r, centre, &o);
    enum lexicon_kind kind = kind_of(&o);
    double score = weigh(&o, kind, &parts);
    if (best->looked_at++ == 0 || score > best->trade.rule) {
        best->trade = parts;
        best->kind = kind;
        best->centre = centre;
    }
}

static bool
has_own_word(const struct trade_reading *r, size_t centre)
{
    for (size_t i = 0; i < r->hit_count; i++) {
        size_t at = r->hits[i].from;
        if (r->hits[i].term->own && at + AROUND >= centre && at <= centre + AROUND) {
            return true;
        }
    }
    return false;
}

static double
weighed(const double features[TRADE_FEATURES])
{
    double sum = 0;

    for (size_t i = 0; i < TRADE_FEATURES; i++) {
        sum += weights[i] * features[i];
    }
    return TRADE_LINE + sum;
}

/* The operator's own words are newer than any wording that was learnt: there the rule stands alone. And words that say it so
 * plainly say it in any wording. */
static void
take_wording(const struct trade_reading *r, size_t centre, struct trade *trade)
{
    trade->passage = wording_passage(r->normal, centre, centre);
    trade_features(trade, trade->features);
    double rule = weighed(trade->features);
    trade->wording = wording_whole(WORDING_TRADE, trade->passage, rule - TRADE_LINE);
    trade->score = rule + trade->wording;
    if (has_own_word(r, centre)) {
        trade->score = trade->rule;
    } else if (trade->rule - ALONE_SURE > trade->score) {
        trade->score = trade->rule - ALONE_SURE;
    }
}

/* What the beginning of a text offers that has no word of the tables. */
static void
ask_unsaid(struct arena *arena, struct bytes normal, struct trade *trade)
{
    trade->passage = unsaid_passage(normal);
    trade->features[0] = trade->features[TRADE_FEATURES - 1] = 1;
    double rule = weighed(trade->features);
    trade->wording = unsaid_logit(WORDING_TRADE, trade->passage, rule - TRADE_LINE);
    trade->score = rule + trade->wording;
    if (trade->passage.size == 0 || trade->score < TRADE_LINE) {
        return;
    }
    trade->words = unsaid_words(arena, WORDING_TRADE, trade->passage);
    trade->kind = trade->words.size == 0
                      ? LEXICON_ANY
                      : LEXICON_WEAPON +
                            unsaid_kind(WORDING_GOODS, WORDING_GOODS_KINDS, trade->passage);
}

void
trade_read(struct arena *arena, struct bytes normal, const struct lexicon_hit *hits,
           size_t hit_count, const struct region *regions, size_t region_count,
           struct trade *trade_r)
{
    struct best best = {0};
    size_t last = SIZE_MAX;

    if (hit_count == 0) {
        *trade_r = best.trade;
        return;
    }
    struct trade_reading *r = ARENA_NEW(arena, struct trade_reading);
    trade_begin(arena, r, normal, hits, hit_count, regions, region_count);
    for (size_t i = 0; i < r->price_count && best.looked_at < CENTRES / 2; i++) {
        enum trade_price_kind what = r->prices[i].what;
        if (what == TRADE_PRICE_GRAM || what == TRADE_PRICE_REWARD) {
            consider(r, r->prices[i].from, &best);
        }
    }
    for (size_t i = 0; i < r->hit_count && best.looked_at < CENTRES; i++) {
        if (is_centre(r->hits[i].term) && r->hits[i].from != last) {
            last = r->hits[i].from;
            consider(r, last, &best);
        }
    }
    *trade_r = best.trade;
    if (best.looked_at > 0) {
        take_wording(r, best.centre, trade_r);
    } else if (normal.size > 0 && region_at(regions, region_count, 0) != REGION_QUOTED) {
        ask_unsaid(arena, normal, trade_r);
    }
    if (best.looked_at > 0 && trade_r->score >= TRADE_LINE) {
        trade_r->kind = best.kind;
        tell(arena, r, best.centre, trade_r);
    }
}

void
signs_read(struct arena *arena, const struct lexicon_hit *hits, size_t hit_count,
           struct signs *signs_r)
{
    double sums[LEXICON_KIND_COUNT] = {0}, all = 0;
    struct rows seen = {0};
    struct writer words;

    *signs_r = (struct signs){0};
    writer_init(&words, arena);
    for (size_t i = 0; i < hit_count; i++) {
        const struct lexicon_term *term = hits[i].term;
        if (term->role == LEXICON_SIGN && rows_add(&seen, term->row)) {
            sums[term->kind] += term->weight;
            all += term->weight;
            write_words(&words, term->text);
        }
    }
    for (enum lexicon_kind k = LEXICON_ADVERTISEMENT; k < LEXICON_KIND_COUNT; k++) {
        if (sums[k] > signs_r->score) {
            signs_r->kind = k;
            signs_r->score = sums[k];
        }
    }
    signs_r->score += 0.3 * (all - signs_r->score);
    signs_r->words = writer_view(&words);
}
