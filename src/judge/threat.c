#include "judge/threat.h"

#include "base/limits.h"
#include "base/writer.h"

/* Distances in bytes of normal form; a Japanese character has three. */
#define NEAR_ANNOUNCE                                                                      \
    160 /* the announcement belongs to the act: one sentence, wrapped lines included */
#define NEAR_CONTEXT 500 /* target, time and demand of the same paragraph */
#define WORDS_MAX    240 /* of the sentence that is shown */

/* Where the lines are drawn: sums of weights of the lexicon. */
#define THREAT_LINE 7.0
#define TRADE_LINE  6.5
#define QUOTED      3.0 /* taken off words that are quoted */
#define QUOTE_MAX   120 /* bytes of a quotation that are looked at */
#define GOODS_MOST  12.0
#define OFFERS_MOST 8.0
#define ACTS_LOOKED_AT                                                                     \
    200 /* hits that are weighed as a centre; a text with more repeats itself */

/* A distinct row of the lexicon counts once. */
struct rows {
    unsigned row[64];
    size_t count;
};

static bool
rows_add(struct rows *rows, unsigned row)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->row[i] == row) {
            return false;
        }
    }
    if (rows->count == sizeof rows->row / sizeof *rows->row) {
        return false;
    }
    rows->row[rows->count++] = row;
    return true;
}

static size_t
distance(const struct lexicon_hit *a, const struct lexicon_hit *b)
{
    return a->to <= b->from ? b->from - a->to : b->to <= a->from ? a->from - b->to : 0;
}

static bool
is_stop(struct bytes text, size_t at)
{
    uint8_t c = text.at[at];

    return c == '!' || c == '?' ||
           (c == '.' && (at + 1 == text.size || ascii_blank(text.at[at + 1]))) ||
           (c == 0xe3 && at + 2 < text.size && text.at[at + 1] == 0x80 &&
            text.at[at + 2] == 0x82);
}

static bool
one_sentence(struct bytes text, const struct lexicon_hit *a, const struct lexicon_hit *b)
{
    size_t from = a->to < b->to ? a->to : b->to, to = a->from > b->from ? a->from : b->from;

    for (size_t i = from; i < to; i++) {
        if (is_stop(text, i)) {
            return false;
        }
    }
    return true;
}

/* 15時34分, 15:34. Notices like minutes that no timetable has. Weight 2 for those, 1 for round ones. */
static int
clock_weight(struct bytes text, size_t from, size_t to)
{
    int weight = 0;

    for (size_t i = from; i + 3 < to; i++) {
        uint8_t c = text.at[i];
        bool hour = c == ':' || (c == 0xe6 && i + 2 < to && text.at[i + 1] == 0x99 &&
                                 text.at[i + 2] == 0x82);
        size_t at = i + (c == ':' ? 1 : 3);
        if (!hour || i == 0 || !ascii_digit(text.at[i - 1])) {
            continue;
        }
        weight = weight > 1 ? weight : 1;
        if (at + 1 < to && ascii_digit(text.at[at]) && ascii_digit(text.at[at + 1]) &&
            text.at[at + 1] != '0' && text.at[at + 1] != '5') {
            weight = 2;
        }
    }
    return weight;
}

static bool
is_threat_kind(enum lexicon_kind kind)
{
    return kind >= LEXICON_MURDER && kind <= LEXICON_SUICIDE;
}

struct context {
    int announce, target, time, demand;
    double innocent;
    int more_acts;
};

static int
most(int a, int b)
{
    return a > b ? a : b;
}

static struct context
read_context(struct bytes normal, const struct lexicon_hit *hits, size_t count,
             const struct lexicon_hit *centre)
{
    struct context c = {0};
    struct rows innocent = {0}, acts = {0};
    size_t from = centre->from > NEAR_CONTEXT ? centre->from - NEAR_CONTEXT : 0;
    size_t to =
        centre->to + NEAR_CONTEXT < normal.size ? centre->to + NEAR_CONTEXT : normal.size;

    for (size_t i = 0; i < count; i++) {
        const struct lexicon_hit *hit = &hits[i];
        const struct lexicon_term *term = hit->term;
        size_t far = distance(hit, centre);
        if (hit == centre || term->table != LEXICON_THREAT_TABLE || term->is_mask) {
            continue;
        }
        if (term->role == LEXICON_INNOCENT) {
            if (rows_add(&innocent, term->row)) {
                c.innocent += term->weight * (far <= NEAR_CONTEXT ? 1.0 : 0.6);
            }
        } else if (far > NEAR_CONTEXT) {
            continue;
        } else if (term->role == LEXICON_ANNOUNCE) {
            bool own = far <= NEAR_ANNOUNCE && one_sentence(normal, hit, centre);
            c.announce = most(c.announce, own ? term->weight : (term->weight + 1) / 2);
        } else if (term->role == LEXICON_TARGET) {
            c.target = most(c.target, term->weight);
        } else if (term->role == LEXICON_TIME) {
            c.time = most(c.time, term->weight);
        } else if (term->role == LEXICON_DEMAND) {
            c.demand = most(c.demand, term->weight);
        } else if (term->role == LEXICON_ACT && term->row != centre->term->row &&
                   rows_add(&acts, term->row)) {
            c.more_acts++;
        }
    }
    c.time = most(c.time, clock_weight(normal, from, to));
    return c;
}

static double
weigh(const struct lexicon_hit *centre, const struct context *c)
{
    bool in_one = centre->term->role == LEXICON_ANNOUNCE;
    double score = centre->term->weight + (in_one ? 2.5 : 0);

    if (!in_one && c->announce < 2) {
        return 0;
    }
    score += in_one ? 0.3 * c->announce : c->announce;
    score += 0.6 * c->target + 0.7 * c->time + 0.5 * c->demand +
             0.4 * (c->more_acts > 4 ? 4 : c->more_acts);
    return score - c->innocent;
}

static struct bytes
sentence(struct bytes normal, const struct lexicon_hit *hit)
{
    size_t from = hit->from, to = hit->to;

    while (from > 0 && normal.at[from - 1] != '\n' && !is_stop(normal, from - 1) &&
           hit->from - from < WORDS_MAX / 2 && !(from >= 3 && is_stop(normal, from - 3))) {
        from--;
    }
    while (to < normal.size && normal.at[to] != '\n' && !is_stop(normal, to) &&
           to - hit->from < WORDS_MAX / 2) {
        to++;
    }
    while (from < hit->from && (normal.at[from] & 0xc0) == 0x80) {
        from++;
    }
    while (to > hit->to && to < normal.size && (normal.at[to] & 0xc0) == 0x80) {
        to--;
    }
    return bytes_trim(bytes_slice(normal, from, to));
}

/* Within Japanese quotation marks: somebody else's words, more likely than not. */
static bool
is_quoted(struct bytes normal, const struct lexicon_hit *hit)
{
    size_t from = hit->from > QUOTE_MAX ? hit->from - QUOTE_MAX : 0;

    for (size_t i = hit->from; i >= from + 3; i--) {
        const uint8_t *p = normal.at + i - 3;
        if (p[0] == 0xe3 && p[1] == 0x80 &&
            (p[2] == 0x8d || p[2] == 0x8f)) { /* closed before */
            return false;
        }
        if (p[0] == 0xe3 && p[1] == 0x80 && (p[2] == 0x8c || p[2] == 0x8e)) {
            return true;
        }
    }
    return false;
}

void
threat_read(struct bytes normal, const struct lexicon_hit *hits, size_t hit_count,
            const struct region *regions, size_t region_count, struct threat *threat_r)
{
    const struct lexicon_hit *best = NULL;
    int looked_at = 0;

    *threat_r = (struct threat){0};
    for (size_t i = 0; i < hit_count && looked_at < ACTS_LOOKED_AT; i++) {
        const struct lexicon_term *term = hits[i].term;
        if (term->table != LEXICON_THREAT_TABLE || !is_threat_kind(term->kind) ||
            (term->role != LEXICON_ACT && term->role != LEXICON_ANNOUNCE)) {
            continue;
        }
        struct context c = read_context(normal, hits, hit_count, &hits[i]);
        bool quoted = is_quoted(normal, &hits[i]) ||
                      region_at(regions, region_count, hits[i].from) == REGION_QUOTED;
        double score = weigh(&hits[i], &c) - (quoted ? QUOTED : 0);
        if (best == NULL || score > threat_r->score) {
            best = &hits[i];
            threat_r->score = score;
        }
        looked_at++;
    }
    if (best != NULL && threat_r->score >= THREAT_LINE) {
        int severity = 1 + (int)((threat_r->score - THREAT_LINE) / 1.5);
        threat_r->kind =
            (enum threat_kind)(THREAT_MURDER + (best->term->kind - LEXICON_MURDER));
        threat_r->severity = severity > 5 ? 5 : severity;
        threat_r->words = sentence(normal, best);
    }
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

struct offer {
    double goods[LEXICON_KIND_COUNT], offers, innocent;
    int strongest[LEXICON_KIND_COUNT], distinct[LEXICON_KIND_COUNT];
};

static void
read_offer(const struct lexicon_hit *hits, size_t hit_count, struct offer *o,
           struct writer *words)
{
    struct rows seen = {0};

    for (size_t i = 0; i < hit_count; i++) {
        const struct lexicon_term *term = hits[i].term;
        bool ours = term->table == LEXICON_SLANG_TABLE || term->role == LEXICON_INNOCENT;
        if (!ours || term->is_mask || !rows_add(&seen, term->row)) {
            continue;
        }
        if (term->role == LEXICON_SLANG) {
            o->goods[term->kind] += term->weight;
            o->strongest[term->kind] = most(o->strongest[term->kind], term->weight);
            o->distinct[term->kind]++;
            write_words(words, term->text);
        } else if (term->role == LEXICON_TRADE) {
            o->offers += term->weight;
            write_words(words, term->text);
        } else if (term->role == LEXICON_INNOCENT) {
            /* Warnings name all the slang there is: they must outweigh any sum of it. */
            o->innocent += term->table == LEXICON_SLANG_TABLE ? 2.0 * term->weight
                                                              : 0.5 * term->weight;
        }
    }
}

void
trade_read(struct arena *arena, const struct lexicon_hit *hits, size_t hit_count,
           struct trade *trade_r)
{
    struct offer o = {0};
    enum lexicon_kind kind = LEXICON_WEAPON;
    double goods, others = 0, offers;
    struct writer words;

    *trade_r = (struct trade){0};
    writer_init(&words, arena);
    read_offer(hits, hit_count, &o, &words);
    for (enum lexicon_kind k = LEXICON_WEAPON; k < LEXICON_KIND_COUNT; k++) {
        kind = o.goods[k] > o.goods[kind] ? k : kind;
        others += o.goods[k];
    }
    goods = o.goods[kind] + 0.5 * (others - o.goods[kind]);
    goods = goods < GOODS_MOST ? goods : GOODS_MOST;
    /* Offers alone are any shop's words: they count no more than the goods do. */
    offers = o.offers < goods ? o.offers : goods;
    offers = offers < OFFERS_MOST ? offers : OFFERS_MOST;
    trade_r->score = goods + offers - o.innocent;
    if (trade_r->score >= TRADE_LINE && o.strongest[kind] >= 2 &&
        (o.offers >= 2 || o.distinct[kind] >= 2)) {
        trade_r->kind = kind;
        trade_r->words = writer_view(&words);
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
