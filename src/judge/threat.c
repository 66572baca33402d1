#include "judge/threat.h"

#include <float.h>

#include "base/limits.h"
#include "base/writer.h"
#include "judge/unsaid.h"

#define WORDS_MAX    240 /* of the sentence that is shown */
#define NEAR         1 /* sentences before and behind whose words weigh almost as its own */
#define AROUND       6 /* sentences that are looked at at all */
#define ASKED_MOST   8 /* sentences whose wording is asked about */
#define PUT_BEHIND   100 /* bytes between a thing and what is done with it */
#define PUT_BEFORE   60
#define PUT_THERE    5  /* the weight of cues that say that a thing is there */
#define WILL_BEFORE  70 /* bytes between "I will" and the act */
#define OBJECT_AFTER 60
#define CITED_BESIDE 24 /* bytes of a sentence before or behind what it cites */
#define OFFICE       4  /* the weight of cues that name a public office */

#define CORE_CITED 3.5   /* of one that is cited, at most */
#define CORE_LEAST 1.0   /* of an act that is weighed */
#define SCORE_NONE (-20) /* where no act is */
#define ALONE_SURE 3.6   /* of what an act says by itself */
#define WORD_MOST  40    /* bytes of an ASCII word; longer ones are junk or data */
/* How much louder a text must say it that names no act, or hardly one, the shorter it is. */
#define SHORT_UNSURE 4.0
#define HARDLY       0 /* of what an act says by itself: below, there is hardly one */

struct span {
    size_t from, to;
};

/* What a sentence says, before its neighbours are asked. */
struct facts {
    size_t from, to;
    double core; /* of its strongest act; 0 without */
    enum threat_kind kind;
    uint8_t cues[CUE_CLASS_COUNT]; /* the heaviest of each class */
    uint8_t acts;
    uint8_t type;  /* enum cue_class of the strongest act */
    uint8_t end;   /* enum act_form of the sentence */
    size_t act_at; /* where it stands in the sentence */
    bool quoted, english, romaji, third;
    bool is_near; /* an act stands in it or around it: worth reading */
};

/* An act's weight is that of its row and of the form it is spoken of in. */
static double
weigh_form(enum act_form form, enum act_form end)
{
    static const double weights[] = {
        [FORM_OTHER] = -3,     [FORM_DECLARED] = 0,     [FORM_DOING] = 1.5,
        [FORM_PLANNED] = 1,    [FORM_WANTED] = -1.5,    [FORM_DONE] = -2.5,
        [FORM_JOINED] = -3,    [FORM_ADNOMINAL] = -3.5, [FORM_PASSIVE] = -4,
        [FORM_NEGATED] = -3,   [FORM_ASKED] = -4,       [FORM_CONDITION] = -3,
        [FORM_ORDERED] = -3.5, [FORM_ONGOING] = -2.5,   [FORM_REPORTED] = -4,
    };

    if (form == FORM_JOINED) {
        return end == FORM_DECLARED || end == FORM_DOING || end == FORM_PLANNED ? -0.5
               : end == FORM_DONE                                               ? -2.5
                                                                                : -3.5;
    }
    return weights[form];
}

static void
take_act(struct facts *f, double weight, const struct cue_hit *hit)
{
    weight = weight > CORE_LEAST ? weight : CORE_LEAST;
    f->acts = (uint8_t)(f->acts + (weight > CORE_LEAST && f->acts < UINT8_MAX));
    if (weight > f->core) {
        f->core = weight;
        f->kind = hit->kind;
        f->type = (uint8_t)hit->class;
        f->act_at = hit->from;
    }
}

/* A thing that harms, and what is done with it in the same sentence. */
static void
take_thing(struct facts *f, const struct sentence *s, const struct cue_hit *hits,
           size_t count, const struct cue_hit *thing, enum act_form end)
{
    double best = 0;

    for (size_t i = 0; i < count; i++) {
        const struct cue_hit *put = &hits[i];
        bool behind = put->from >= thing->to && put->from - thing->to <= PUT_BEHIND;
        bool before = put->to <= thing->from && thing->from - put->to <= PUT_BEFORE;
        if (put->class != CUE_PUT || (!behind && !before)) {
            continue;
        }
        enum act_form form = form_of_verb(s->folded, put->to);
        if (form == FORM_OTHER || form == FORM_ADNOMINAL) {
            enum act_form noun = form_of_noun(s->folded, put->to);
            form = noun == FORM_OTHER ? form : noun;
        }
        bool done = put->weight == PUT_THERE || form == FORM_DONE ||
                    (form == FORM_JOINED && (end == FORM_DONE || end == FORM_ONGOING)) ||
                    (before && form == FORM_ADNOMINAL);
        double weight = thing->weight + 0.5 * (put->weight > 4 ? 0 : put->weight - 4) +
                        (done ? -0.5 : weigh_form(form, end)) - (before ? 1 : 0);
        best = weight > best ? weight : best;
    }
    take_act(f, best, thing);
}

static void
take_japanese(struct facts *f, const struct sentence *s, const struct cue_hit *hits,
              size_t count)
{
    enum act_form end = form_of_end(s->folded);
    /* Who names time and place announces it, whatever he lets follow. */
    bool named = f->cues[CUE_TIME] > 0 && f->cues[CUE_PLACE] + f->cues[CUE_EVENT] > 0;

    f->end = (uint8_t)end;
    for (size_t i = 0; i < count; i++) {
        const struct cue_hit *hit = &hits[i];
        bool noun = hit->class == CUE_ACT_NOUN;
        if (named && (noun || hit->class == CUE_ACT_VERB) &&
            act_is_padded(s->folded, hit->to, noun)) {
            f->end = FORM_DECLARED;
            take_act(f, hit->weight, hit);
        } else if (hit->class == CUE_ACT_VERB) {
            enum act_form form = form_of_verb(s->folded, hit->to);
            /* Who has taken his tablets announces it no less. */
            bool begun = hit->kind == THREAT_SUICIDE && form == FORM_DONE;
            take_act(f, hit->weight + weigh_form(form, end) + (begun ? 2 : 0), hit);
        } else if (noun) {
            take_act(f, hit->weight + weigh_form(form_of_noun(s->folded, hit->to), end),
                     hit);
        } else if (hit->class == CUE_THING) {
            take_thing(f, s, hits, count, hit, end);
        } else if (hit->class == CUE_MENACE) {
            take_act(f, hit->weight - (end == FORM_REPORTED ? 3 : 0), hit);
        }
    }
}

/* The heaviest hit of the class between two places of a sentence; 0 for none. */
static int
heaviest(const struct cue_hit *hits, size_t count, enum cue_class class, size_t from,
         size_t to)
{
    int most = 0;

    for (size_t i = 0; i < count; i++) {
        if (hits[i].class == class && hits[i].from >= from && hits[i].to <= to &&
            hits[i].weight > most) {
            most = hits[i].weight;
        }
    }
    return most;
}

static double
weigh_english(const struct cue_hit *hit, const struct cue_hit *hits, size_t count)
{
    size_t before = hit->from > WILL_BEFORE ? hit->from - WILL_BEFORE : 0,
           behind = hit->to + OBJECT_AFTER;

    if (hit->class == CUE_EN_ACT) {
        int will = heaviest(hits, count, CUE_EN_WILL, before, hit->from);
        bool person = heaviest(hits, count, CUE_EN_YOU, hit->from, behind) > 0 ||
                      heaviest(hits, count, CUE_EN_HUMAN, hit->from, behind) > 0;
        bool place = heaviest(hits, count, CUE_EN_PLACE, hit->from, behind) > 0;
        /* To want somebody in public office dead is more than a manner of speaking. */
        bool office = heaviest(hits, count, CUE_EN_HUMAN, hit->to, behind) >= OFFICE &&
                      hit->kind == THREAT_MURDER;
        return hit->weight +
               (will > 0 && office ? 1
                : will >= 4        ? 0.5
                : will > 0         ? -1
                                   : -3) +
               (person  ? 1
                : place ? 0.7
                        : 0);
    }
    if (hit->class == CUE_EN_THING) {
        int placed = heaviest(hits, count, CUE_EN_PUT, before, hit->from);
        bool put = placed > 0 || heaviest(hits, count, CUE_EN_PUT, hit->to, behind) > 0;
        bool told = placed >= 4 && hit->kind == THREAT_BOMB;
        return hit->weight - (put ? 0 : 3.5) + (told ? 0.4 : 0);
    }
    return hit->class == CUE_EN_MENACE ? hit->weight : 0;
}

static void
take_english(struct facts *f, const struct cue_hit *hits, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double weight = weigh_english(&hits[i], hits, count);
        if (weight != 0) {
            take_act(f, weight, &hits[i]);
        }
    }
}

/* Within Japanese quotation marks, or in a line that quotes: somebody else's words. */
static bool
is_quoted(const struct sentence *s, const struct cue_hit *hits, size_t count)
{
    size_t open = 0, close = 0;

    for (size_t i = 0; i + 2 < s->text.size; i++) {
        const uint8_t *p = s->text.at + i;
        if (p[0] == 0xe3 && p[1] == 0x80 && (p[2] == 0x8c || p[2] == 0x8e)) {
            open = open == 0 ? i + 1 : open;
        } else if (p[0] == 0xe3 && p[1] == 0x80 && (p[2] == 0x8d || p[2] == 0x8f)) {
            close = i + 1;
        }
    }
    for (size_t i = 0; (open > 0 || close > 0) && i < count; i++) {
        if (hits[i].class <= CUE_MENACE && (open == 0 || hits[i].from >= open) &&
            (close == 0 || close > hits[i].from)) {
            return true;
        }
    }
    return false;
}

/* Between marks of an English sentence that goes on before or behind them: what somebody else is said to have written. A
 * mark that closes what was opened in an earlier sentence counts too. */
static bool
is_cited(const struct sentence *s, size_t act)
{
    size_t size = s->text.size, open = size;
    bool inside = false;

    for (size_t i = 0; i < size; i++) {
        const uint8_t *p = s->text.at + i;
        bool curly = i + 2 < size && p[0] == 0xe2 && p[1] == 0x80;
        if (*p != '"' && !(curly && (p[2] == 0x9c || p[2] == 0x9d))) {
            continue;
        }
        if (i > act) {
            bool closes = *p == '"' ? !ascii_blank(p[-1]) : p[2] == 0x9d;
            bool earlier = open == size && size - i > CITED_BESIDE;
            return closes && (inside ? open >= CITED_BESIDE : earlier);
        }
        inside = curly ? p[2] == 0x9c : !inside;
        open = i;
    }
    return false;
}

/* Whether somebody or something else than the writer does it: が or は before the act, behind a word that is neither he
 * nor the time or the place. */
static bool
has_third(const struct sentence *s, const struct cue_hit *hits, size_t count, size_t act)
{
    bool third = false;

    for (size_t i = 1; i + 3 <= act; i++) {
        if (memcmp(s->text.at + i, "が", 3) != 0 && memcmp(s->text.at + i, "は", 3) != 0) {
            continue;
        }
        if (i >= 3 && (memcmp(s->text.at + i - 3, "に", 3) == 0 ||
                       memcmp(s->text.at + i - 3, "で", 3) == 0)) {
            continue; /* には, では: whom or where, not who */
        }
        third = true;
        for (size_t k = 0; k < count; k++) {
            third = third && (hits[k].to != i || hits[k].class < CUE_YOU ||
                              hits[k].class > CUE_HEADER || hits[k].class == CUE_HUMAN);
        }
    }
    return third;
}

/* The next tag (<script src=...>) from `at` on; behind the text where there is none. */
static struct span
next_tag(struct bytes text, size_t at)
{
    const uint8_t *end = text.at + text.size, *open;

    while (at < text.size && (open = memchr(text.at + at, '<', text.size - at)) != NULL) {
        const uint8_t *close = memchr(open, '>', (size_t)(end - open));
        if (close == NULL) {
            break;
        }
        at = (size_t)(open - text.at) + 1;
        if (ascii_letter(open[1]) || open[1] == '/') {
            return (struct span){at, (size_t)(close - text.at)};
        }
    }
    return (struct span){text.size, text.size};
}

/* What a tag is called speaks for no other meaning. */
static size_t
drop_tags(const struct sentence *s, struct cue_hit *hits, size_t count)
{
    struct span tag = next_tag(s->text, 0);
    size_t kept = 0;

    if (tag.from >= s->text.size) {
        return count;
    }
    for (size_t i = 0; i < count; i++) {
        while (tag.to <= hits[i].from && tag.from < s->text.size) {
            tag = next_tag(s->text, tag.to);
        }
        if (hits[i].class < CUE_FIRST_INNOCENT || hits[i].from < tag.from) {
            hits[kept++] = hits[i];
        }
    }
    return kept;
}

/* The passage around a sentence without tags and data, which no person reads: junk does not hide what stands in it. */
static struct bytes
passage_around(struct arena *arena, struct bytes normal, const struct facts *f)
{
    struct bytes all = wording_passage(normal, f->from, f->to);
    struct span tag = next_tag(all, 0);
    uint8_t *kept = arena_take_bytes(arena, all.size);
    size_t size = 0;

    for (size_t at = 0, word = 0; at < all.size; at++) {
        if (at >= tag.from) {
            bool unread = bytes_starts(bytes_from(all, tag.from), BYTES("script")) ||
                          bytes_starts(bytes_from(all, tag.from), BYTES("style"));
            at = tag.to;
            tag = next_tag(all, at);
            at = unread && tag.from < all.size ? tag.from - 2 : at;
            size -= size > 0; /* what opens it */
            word = 0;
            continue;
        }
        kept[size++] = all.at[at];
        word = all.at[at] > ' ' && all.at[at] < 0x80 ? word + 1 : 0;
        if (word > WORD_MOST) {
            size -= word;
            while (at + 1 < all.size && all.at[at + 1] > ' ' && all.at[at + 1] < 0x80 &&
                   at + 2 < tag.from) {
                at++;
            }
            word = 0;
        }
    }
    return bytes_trim(bytes_of(kept, size));
}

static bool
has_act(const struct facts *f)
{
    return f->cues[CUE_ACT_VERB] + f->cues[CUE_ACT_NOUN] + f->cues[CUE_THING] +
               f->cues[CUE_MENACE] + f->cues[CUE_EN_ACT] + f->cues[CUE_EN_MENACE] +
               f->cues[CUE_EN_THING] >
           0;
}

static void
read_sentence(const struct sentence *s, const struct cue_hit *hits, size_t count,
              struct facts *f)
{
    *f = (struct facts){.from = s->from, .to = s->to};
    for (size_t i = 0; i < count; i++) {
        uint8_t weight = (uint8_t)hits[i].weight;
        f->cues[hits[i].class] =
            f->cues[hits[i].class] > weight ? f->cues[hits[i].class] : weight;
    }
    if (!has_act(f)) {
        return;
    }
    take_japanese(f, s, hits, count);
    take_english(f, hits, count);
    f->quoted = is_quoted(s, hits, count);
    if (f->type >= CUE_EN_WILL && is_cited(s, f->act_at)) {
        f->quoted = true;
        f->core = f->core > CORE_CITED ? CORE_CITED : f->core;
    }
    f->romaji = s->romaji;
    f->third = has_third(s, hits, count, f->act_at);
    f->english = s->text.size > 0 && s->text.at[0] < 0x80 && !s->romaji;
}

/* Where sentences begin, and which are worth reading: most texts have none. */
static size_t
look_for_acts(struct arena *arena, const struct threat_cues *cues, struct bytes normal,
              struct facts *all, size_t room)
{
    struct sentence sentence;
    size_t count = 0, until = 0;

    for (size_t at = 0; count < room && sentence_next(arena, normal, &at, &sentence);
         count++) {
        all[count] = (struct facts){.from = sentence.from};
        if (threat_cues_act(cues, &sentence)) {
            for (size_t i = count > AROUND ? count - AROUND : 0; i < count; i++) {
                all[i].is_near = true;
            }
            until = count + AROUND + 1;
        }
        all[count].is_near = count < until;
    }
    return count;
}

/* Weights are fitted by tools/train-wording to the cases of tests/written/threats.tsv; the line is at 0. */
static const double weights[THREAT_FEATURES] = {
#include "judge/threat_weights.inc"
};

/* Those of the numbers alone, set before wording was asked: an act announced as plainly as ALONE_SURE says is a notice however it is
 * worded ("next week I go to the school and kill the teachers"). */
static const double alone[THREAT_FEATURES] = {
#include "judge/threat_alone.inc"
};

/* What a sentence says with its neighbours: first of the act itself, then of each class of cues whether the sentence has
 * it, and whether its neighbours have. */
static void
measure(const struct facts *all, size_t count, size_t at, double *features)
{
    const struct facts *f = &all[at];
    size_t from = at > AROUND ? at - AROUND : 0,
           to = at + AROUND + 1 < count ? at + AROUND + 1 : count, own = 0;
    double *next = features;
    double others = 0;

    for (size_t i = from; i < to; i++) {
        others += i != at && all[i].core > 3 ? all[i].core - 3 : 0;
    }
    for (int class = CUE_YOU; class < CUE_FIRST_INNOCENT; class ++) {
        own += f->cues[class] > 0;
    }
    *next++ = 1;
    *next++ = f->core;
    *next++ = f->core > 4.4;
    *next++ = f->core > 5.4;
    *next++ = f->acts > 4 ? 3 : f->acts > 1 ? f->acts - 1 : 0;
    *next++ = others > 6 ? 6 : others;
    *next++ = f->quoted;
    *next++ = f->romaji;
    *next++ = f->english;
    *next++ = f->kind == THREAT_SUICIDE;
    *next++ = own == 0;
    *next++ = count > 12;
    *next++ = f->third;
    *next++ = f->third && f->kind == THREAT_SUICIDE;
    *next++ = f->type == CUE_MENACE;
    *next++ = f->type == CUE_THING;
    *next++ = f->type == CUE_ACT_NOUN;
    *next++ = f->type == CUE_EN_MENACE;
    *next++ = f->type == CUE_EN_THING;
    for (unsigned form = FORM_DECLARED; form <= FORM_REPORTED; form++) {
        *next++ = !f->english && f->end == form;
    }
    for (int class = CUE_YOU; class < CUE_WEIGHED_COUNT; class ++) {
        double share = 0;
        for (size_t i = from; i < to; i++) {
            size_t far = i > at ? i - at : at - i;
            double near = far <= NEAR ? 1 : 0.6;
            share = i != at && all[i].cues[class] > 0 && near > share ? near : share;
        }
        *next++ = f->cues[class] > 0;
        *next++ = share;
    }
    *next++ = 0;
    SK_ASSERT(next == features + THREAT_FEATURES);
}

static double
weigh(const double *features, const double *by)
{
    double score = 0;

    for (size_t i = 0; i < THREAT_FEATURES; i++) {
        score += by[i] * features[i];
    }
    return score;
}

/* The sentences that weigh most by their words, most first; hostile text has thousands that could be asked about. */
struct likely {
    size_t at;
    double score;
};

static size_t
likeliest(const struct facts *all, size_t count, struct likely *likely)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        double features[THREAT_FEATURES];
        if (all[i].core < CORE_LEAST) {
            continue;
        }
        measure(all, count, i, features);
        struct likely this = {i, weigh(features, alone)};
        size_t at = found < ASKED_MOST ? found++ : ASKED_MOST;
        for (; at > 0 && likely[at - 1].score < this.score; at--) {
            if (at < ASKED_MOST) {
                likely[at] = likely[at - 1];
            }
        }
        if (at < ASKED_MOST) {
            likely[at] = this;
        }
    }
    return found;
}

static struct bytes
shown(struct bytes normal, const struct facts *f)
{
    size_t to = f->to - f->from > WORDS_MAX ? f->from + WORDS_MAX : f->to;

    while (to < f->to && to > f->from && (normal.at[to] & 0xc0) == 0x80) {
        to--;
    }
    return bytes_trim(bytes_slice(normal, f->from, to));
}

static void
take(struct threat *threat, double score, struct bytes passage, const double *features)
{
    threat->score = score;
    threat->passage = passage;
    memcpy(threat->features, features, sizeof threat->features);
}

/* What the beginning of a text says that names no act. */
static void
ask_unsaid(struct arena *arena, struct bytes normal, struct threat *threat_r)
{
    double features[THREAT_FEATURES] = {[0] = 1, [THREAT_FEATURES - 1] = 1};
    struct bytes passage = unsaid_passage(normal);
    double score = weigh(features, weights);

    score += unsaid_logit(WORDING_THREAT, passage, score) -
             SHORT_UNSURE * (1 - wording_kept(passage));
    if (passage.size == 0 || score <= threat_r->score) {
        return;
    }
    take(threat_r, score, passage, features);
    if (score >= 0) {
        threat_r->words = unsaid_words(arena, WORDING_THREAT, passage);
        threat_r->kind =
            threat_r->words.size == 0
                ? THREAT_NONE
                : THREAT_MURDER + unsaid_kind(WORDING_CRIME, WORDING_CRIMES, passage);
    }
}

void
threat_read(struct arena *arena, const struct threat_cues *cues, struct bytes normal,
            const struct region *regions, size_t region_count, struct threat *threat_r)
{
    size_t room = sentences_most(normal);
    struct facts *all = arena_grow(arena, NULL, 0, room * sizeof *all);
    struct cue_hit *hits = arena_grow(arena, NULL, 0, LIMIT_THREAT_CUES * sizeof *hits);
    struct sentence sentence;
    struct likely likely[ASKED_MOST];
    size_t count = look_for_acts(arena, cues, normal, all, room), best = 0;

    *threat_r = (struct threat){.score = SCORE_NONE};
    for (size_t i = 0; i < count; i++) {
        size_t at = all[i].from;
        if (!all[i].is_near || !sentence_next(arena, normal, &at, &sentence)) {
            continue;
        }
        size_t found = threat_cues_find(cues, &sentence, hits);
        read_sentence(&sentence, hits, drop_tags(&sentence, hits, found), &all[i]);
        all[i].quoted |= region_at(regions, region_count, sentence.from) == REGION_QUOTED;
    }
    size_t candidates = likeliest(all, count, likely);
    bool begins = false; /* with an act */
    for (size_t i = 0; i < candidates; i++) {
        double features[THREAT_FEATURES];
        size_t at = likely[i].at;
        struct bytes passage = passage_around(arena, normal, &all[at]);
        measure(all, count, at, features);
        double score = weigh(features, weights), plain = likely[i].score - ALONE_SURE;
        score += wording_whole(WORDING_THREAT, passage, score);
        score -= likely[i].score < HARDLY ? SHORT_UNSURE * (1 - wording_kept(passage)) : 0;
        score = plain > score ? plain : score;
        if (score > threat_r->score) {
            take(threat_r, score, passage, features);
            best = at;
        }
        begins = begins || all[at].from < WORDING_PASSAGE;
    }
    if (threat_r->score >= 0 && all[best].kind != THREAT_NONE) {
        threat_r->kind = all[best].kind;
        threat_r->words = shown(normal, &all[best]);
    } else if (!begins && count > 0 &&
               region_at(regions, region_count, all[0].from) != REGION_QUOTED) {
        ask_unsaid(arena, normal, threat_r);
    }
}
