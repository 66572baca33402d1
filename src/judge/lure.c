#include "base/scan.h"
#include "base/writer.h"
#include "judge/lure_private.h"
#include "judge/wording.h"

/* Themes add up to these points; what speaks for wanted mail takes off no more than this. */
#define THEME_MOST  3.5
#define WANTED_MOST 10.0
/* Amounts in yen. */
#define SUM_LEAST     500.0
#define FORTUNE_LEAST 2000000.0
#define WORDS_MAX     150 /* bytes shown of what a theme rests on */
#define KANA_WITHIN   600 /* bytes in which Japanese shows itself */
#define SHORT         600 /* bytes of a short letter, and of a long one */
#define LONG          2000

struct reading {
    const struct lure_table *table;
    struct bytes normal;
    struct lure_seen seen;
    bool *done; /* signs that have counted */
    struct lure *lure;
    double points[LURE_THEME_COUNT];
    int most[LURE_THEME_COUNT];
    struct bytes words[LURE_THEME_COUNT];
};

/* Cuts at whole characters. */
static struct bytes
cut(struct bytes text, size_t from, size_t to)
{
    if (to > from + WORDS_MAX) {
        to = from + WORDS_MAX;
        while (to > from && to < text.size && (text.at[to] & 0xc0) == 0x80) {
            to--;
        }
    }
    return bytes_slice(text, from, to);
}

/* The sign's concepts from the first to the last of them; where they stand far apart, the first alone. */
static struct bytes
words_of(const struct reading *r, const struct lure_sign *sign,
         const struct lure_place *places)
{
    size_t from = SIZE_MAX, to = 0, first_to = 0;

    for (size_t i = 0; i < sign->together_count; i++) {
        struct lure_place place = places[sign->together[i]];
        if (place.to == 0) {
            continue;
        }
        if (place.from < from) {
            from = place.from;
            first_to = place.to;
        }
        to = place.to > to ? place.to : to;
    }
    return from == SIZE_MAX ? BYTES_NONE
                            : cut(r->normal, from, to - from <= WORDS_MAX ? to : first_to);
}

static void
count_sign(struct reading *r, size_t index, const struct lure_place *places)
{
    const struct lure_sign *sign = &r->table->signs[index];

    r->done[index] = true;
    r->points[sign->theme] += sign->weight / 10.0;
    if (sign->weight > r->most[sign->theme]) {
        struct bytes words = words_of(r, sign, places);
        if (words.size > 0) {
            r->most[sign->theme] = sign->weight;
            r->words[sign->theme] = words;
        }
    }
}

static void
put_place(struct reading *r, size_t concept, struct lure_place place)
{
    const struct lure_table *table = r->table;
    struct lure_seen *seen = &r->seen;

    if (seen->first[concept].to == 0) {
        seen->first[concept] = place;
    }
    seen->has[concept] = true;
    seen->last[concept] = place;
    for (size_t i = table->near[concept]; i < table->near[concept + 1]; i++) {
        size_t index = table->by_concept[i];
        const struct lure_sign *sign = &table->signs[index];
        bool near = !r->done[index];
        for (size_t k = 0; near && k < sign->together_count; k++) {
            struct lure_place other = seen->last[sign->together[k]];
            near = other.to > 0 && place.to <= other.from + sign->reach;
        }
        if (near) {
            count_sign(r, index, seen->last);
        }
    }
}

static void
put_hit(struct reading *r, const struct phrase_hit *hit)
{
    struct lure_place place = {hit->from, hit->to};

    if (hit->id < LURE_UNIT) {
        put_place(r, hit->id, place);
        return;
    }
    double yen = lure_sum_at(r->normal, hit->from, hit->to, hit->id - LURE_UNIT, &place);
    if (yen >= SUM_LEAST) {
        put_place(r, KNOWN_SUM, place);
    }
    if (yen >= FORTUNE_LEAST) {
        put_place(r, KNOWN_FORTUNE, place);
    }
}

/* Signs without a reach, and what `!` takes back. */
static void
count_rest(struct reading *r)
{
    for (size_t i = 0; i < r->table->sign_count; i++) {
        const struct lure_sign *sign = &r->table->signs[i];
        bool all = sign->reach == 0, none = true;
        for (size_t k = 0; all && k < sign->together_count; k++) {
            all = r->seen.has[sign->together[k]];
        }
        if (!all && !r->done[i]) {
            continue;
        }
        for (size_t k = 0; k < sign->not_count; k++) {
            none = none && !r->seen.has[sign->not [k]];
        }
        if (all && none) {
            count_sign(r, i, r->seen.first);
        } else if (r->done[i] && !none) {
            r->points[sign->theme] -= sign->weight / 10.0;
        }
    }
}

static unsigned
stages_of(const double points[LURE_THEME_COUNT])
{
    static const enum lure_stage of[LURE_WANTED] = {
        [LURE_CONTACT] = LURE_STAGE_CONTACT, [LURE_RAPPORT] = LURE_STAGE_RAPPORT,
        [LURE_PERSONA] = LURE_STAGE_CONTACT, [LURE_GIFT] = LURE_STAGE_MONEY,
        [LURE_ASK] = LURE_STAGE_MONEY,       [LURE_EARN] = LURE_STAGE_MONEY,
        [LURE_MEET] = LURE_STAGE_RAPPORT,    [LURE_PHOTO] = LURE_STAGE_RAPPORT,
        [LURE_MOVE] = LURE_STAGE_MOVE,       [LURE_SECRECY] = LURE_STAGE_NONE,
        [LURE_HURRY] = LURE_STAGE_NONE,
    };
    unsigned stages = 0;

    for (int i = 0; i < LURE_WANTED; i++) {
        stages |= points[i] >= 0.8 ? 1u << of[i] : 0u;
    }
    return stages & ~(1u << LURE_STAGE_NONE);
}

static void
finish(struct reading *r)
{
    struct lure *lure = r->lure;

    for (int i = 0; i < LURE_WANTED; i++) {
        double points = r->points[i] < THEME_MOST ? r->points[i] : THEME_MOST;
        size_t at = lure->part_count;
        if (points <= 0) {
            continue;
        }
        lure->points += points;
        for (; at > 0 && lure->parts[at - 1].points < points; at--) {
            lure->parts[at] = lure->parts[at - 1];
        }
        lure->parts[at] = (struct lure_part){(enum lure_theme)i, points, r->words[i]};
        lure->part_count++;
    }
    double wanted = r->points[LURE_WANTED];
    lure->points += wanted > -WANTED_MOST ? wanted : -WANTED_MOST;
    lure->is_lure = lure->points >= LURE_LINE;
    lure->stages = stages_of(r->points);
}

/* Whether it is Japanese tells its first kana. */
static bool
has_kana(struct bytes text)
{
    size_t end = text.size < KANA_WITHIN ? text.size : KANA_WITHIN;

    text = bytes_slice(text, 0, end);
    for (size_t i = scan_find(text, 0xe3, 0); i + 2 < end;
         i = scan_find(text, 0xe3, i + 1)) {
        if (text.at[i + 1] >= 0x81 && text.at[i + 1] <= 0x83) {
            return true;
        }
    }
    return false;
}

/* What the table found and what the header shows, as numbers; tools/train-wording names them. */
static void
measure(const struct reading *r, double features[LURE_FEATURES])
{
    double beyond = r->lure->points - LURE_LINE, *next = features;
    bool japanese = has_kana(r->normal);

    *next++ = 1;
    *next++ = beyond > 0 ? beyond : 0;
    *next++ = beyond < 0 ? beyond : 0;
    *next++ = beyond >= 0;
    *next++ = (double)r->lure->part_count;
    *next++ = (double)__builtin_popcount(r->lure->stages);
    for (int i = 0; i < LURE_WANTED; i++) {
        *next++ = r->points[i] < THEME_MOST ? r->points[i] : THEME_MOST;
    }
    *next++ = r->points[LURE_WANTED] > -WANTED_MOST ? r->points[LURE_WANTED] : -WANTED_MOST;
    for (int i = 0; i < LURE_KNOWN_COUNT; i++) {
        *next++ = r->seen.has[i];
    }
    *next++ = japanese;
    *next++ = r->normal.size < SHORT;
    *next++ = r->normal.size > LONG;
    *next++ = japanese && r->seen.has[KNOWN_FREE_MAIL];
    SK_ASSERT(next == features + LURE_FEATURES);
}

void
lure_read(struct arena *arena, struct lure_table *table, const struct letter *letter,
          const struct phrase_text *text, const struct region *regions, size_t region_count,
          struct lure *lure_r)
{
    struct reading *r = ARENA_NEW(arena, struct reading);
    size_t count, region = 0;

    *lure_r = (struct lure){0};
    r->table = table;
    r->normal = text->normal;
    r->lure = lure_r;
    r->done = ARENA_NEW_MANY(arena, table->sign_count + 1, bool);
    lure_see_header(arena, letter, text->normal, regions, region_count, &r->seen);
    const struct phrase_hit *hits = phrases_scan(table->phrases, text, &count);
    for (size_t i = 0; i < count; i++) {
        while (region < region_count && regions[region].to < hits[i].to) {
            region++;
        }
        if (region == region_count || regions[region].kind != REGION_QUOTED) {
            put_hit(r, &hits[i]);
        }
    }
    count_rest(r);
    finish(r);
    measure(r, lure_r->features);
}

/* Subject and text without what is quoted, as much as is asked about. */
static struct bytes
unquoted(struct arena *arena, struct bytes normal, const struct region *regions,
         size_t count)
{
    struct writer w;

    writer_init(&w, arena);
    for (size_t i = 0; i < count && w.size < WORDING_MOST; i++) {
        if (regions[i].kind != REGION_QUOTED) {
            size_t room = WORDING_MOST - w.size, from = regions[i].from;
            size_t to = regions[i].to - from < room ? regions[i].to : from + room;
            while (to < regions[i].to && to > from && (normal.at[to] & 0xc0) == 0x80) {
                to--;
            }
            writer_bytes(&w, bytes_slice(normal, from, to));
            if (to < regions[i].to) {
                break;
            }
        }
    }
    return writer_view(&w);
}

/* Fitted together with the wording by tools/train-wording. */
static const double weights[LURE_FEATURES] = {
#include "judge/lure_weights.inc"
};

void
lure_ask(struct arena *arena, struct lure_table *table, struct bytes normal,
         const struct region *regions, size_t region_count, struct lure *lure)
{
    lure->asked = true;
    lure->logit = lure->points - LURE_LINE;
    if (table->is_worded) {
        lure->passage = unquoted(arena, normal, regions, region_count);
        lure->logit = 0;
        for (size_t i = 0; i < LURE_FEATURES; i++) {
            lure->logit += weights[i] * lure->features[i];
        }
        lure->logit += wording_whole(WORDING_LURE, lure->passage, lure->logit);
    }
    lure->is_lure = lure->logit >= 0;
}
