#include "judge/judge.h"

#include <math.h>

#include "base/limits.h"
#include "base/writer.h"
#include "judge/findings_private.h"
#include "judge/group_weights.h"
#include "judge/groups.h"
#include "judge/judge_private.h"
#include "judge/normal.h"
#include "judge/personal.h"
#include "judge/regions.h"
#include "judge/spelling.h"
#include "judge/strangers_private.h"
#include "judge/threat.h"
#include "judge/threat_detail.h"
#include "judge/trade.h"
#include "judge/wording.h"
#include "parse/enclosure.h"

/* Logits. The prior is that of a message of which nothing is known: most mail at a door is unwanted, but a
 * wanted one lost costs more. */
#define PRIOR           (-1.5)
#define PRIOR_READ      (-0.3)
#define CLASSIFIER_GAIN 1.0
#define CLASSIFIER_SAYS 0.5 /* smaller logits are no finding */
/* Where the classifier's letters and pairs leave it in doubt, the words of the beginning are asked too (judge/wording.h). */
#define CLASSIFIER_DOUBTS 3.0
#define WORDS_SHARE       0.4
#define THREAT_WEIGHT     3.0
#define TRADE_WEIGHT      4.0
#define DATE_BELIEVED     172800 /* seconds between a message's date and its arrival */
#define JST_MINUTES       540
#define DISGUISED         0.5
#define UNKNOWN_SHOWN     90  /* bytes of the text with a word that may be new slang */
#define SIGNS_SAY         1.0 /* a single sign is no finding */
#define SIGNS_MOST        3.5
/* Text of attachments weighs half: much of it is form and table, of which the classifier was taught little. */
#define ENCLOSED_GAIN 0.5
#define ENCLOSED_MOST 2.0
#define ENCLOSED_LEAST                                                                     \
    200 /* bytes that the classifier wants to see: of a few words it thinks ill */

static double
squash(double logit)
{
    return 1 / (1 + exp(-logit));
}

/* The first words that speak in that role, as the text has them. */
static struct bytes
first_said(struct bytes normal, const struct lexicon_hit *hits, size_t count,
           enum lexicon_role role)
{
    for (size_t i = 0; i < count; i++) {
        if (hits[i].term->role == role && !hits[i].term->is_mask) {
            return bytes_slice(normal, hits[i].from, hits[i].to);
        }
    }
    return BYTES_NONE;
}

/* Words that only somebody who fears to be read spells so. */
static void
put_disguised(struct findings *f, struct bytes normal, const struct lexicon_hit *hits,
              size_t count)
{
    struct bytes first = BYTES_NONE;
    size_t disguised = 0;

    for (size_t i = 0; i < count; i++) {
        enum lexicon_role role = hits[i].term->role;
        if (hits[i].disguised && (role == LEXICON_ACT || role == LEXICON_ANNOUNCE ||
                                  role == LEXICON_SLANG || role == LEXICON_SIGN)) {
            struct bytes said = bytes_slice(normal, hits[i].from, hits[i].to);
            first = disguised++ == 0 ? said : first;
        }
    }
    if (disguised > 0) {
        findings_put_said(f, "words_disguised", FAMILY_CONTENT,
                          DISGUISED * (disguised < 3 ? (double)disguised : 3), first,
                          first);
    }
}

/* What may be new slang is told, and weighs nothing before a person accepts it. */
static void
put_unknown(struct findings *f, struct bytes normal, const struct lexicon_hit *hits,
            size_t count, const struct region *regions, size_t region_count)
{
    struct bytes words[LIMIT_TRADE_UNKNOWN];
    size_t found = count == 0 ? 0
                              : trade_unknown(f->arena, normal, hits, count, regions,
                                              region_count, words, LIMIT_TRADE_UNKNOWN);

    for (size_t i = 0; i < found; i++) {
        size_t at = (size_t)(words[i].at - normal.at);
        struct writer w;
        writer_init(&w, f->arena);
        writer_bytes(&w, words[i]);
        writer_text(&w, ": ");
        writer_bytes(&w, bytes_slice(normal, at, at + UNKNOWN_SHOWN));
        findings_put_said(f, "trade_words_unknown", FAMILY_THREAT, 0, writer_view(&w),
                          words[i]);
    }
}

/* When the message says that it was written, unless that is not near its arrival; and in which zone. */
struct moment {
    int64_t epoch;
    int zone_minutes;
};

static struct moment
moment_of(const struct arrival *arrival, const struct letter *letter)
{
    int64_t arrived = arrival == NULL ? 0 : arrival->time_ms / 1000;
    int64_t apart = letter->has_date ? letter->date - arrived : 0;
    bool near = apart > -DATE_BELIEVED && apart < DATE_BELIEVED;

    return letter->has_date && (near || arrived <= 0)
               ? (struct moment){letter->date, letter->date_zone_minutes}
               : (struct moment){arrived, JST_MINUTES};
}

static void
take_threat(struct findings *f, const struct judge *judge, struct opinion *o,
            struct bytes normal, const struct threat *threat, struct moment moment)
{
    o->threat = threat->kind;
    o->threat_words = threat->words;
    threat_detail_read(f->arena, judge->cues, normal, threat, moment.epoch,
                       moment.zone_minutes, &o->threat_detail);
    o->threat_severity = threat_severity(threat, &o->threat_detail, moment.epoch);
}

static void
read_lexicon(struct findings *f, struct judge *judge, struct opinion *o,
             const struct judge_text *text, struct moment moment, struct trade *trade,
             struct signs *signs)
{
    size_t count;
    const struct lexicon_hit *hits =
        lexicon_scan_folded(f->arena, judge->lexicon, text->normal, text->folded, &count);
    struct threat threat;

    if (permit_has(f->permit, FAMILY_CONTENT)) {
        signs_read(f->arena, hits, count, signs);
        if (signs->score >= SIGNS_SAY) {
            double weight = SIGNS_GAIN * signs->score;
            findings_put_said(f, "unwanted_words", FAMILY_CONTENT,
                              weight < SIGNS_MOST ? weight : SIGNS_MOST, signs->words,
                              first_said(o->normal, hits, count, LEXICON_SIGN));
        }
        put_disguised(f, o->normal, hits, count);
    }
    if (!permit_has(f->permit, FAMILY_THREAT)) {
        return;
    }
    threat_read(f->arena, judge->cues, o->normal, text->regions, text->region_count,
                &threat);
    trade_read(f->arena, o->normal, hits, count, text->regions, text->region_count, trade);
    if (threat.kind != THREAT_NONE) {
        take_threat(f, judge, o, o->normal, &threat, moment);
        findings_put_said(f, "threat_notice", FAMILY_THREAT,
                          THREAT_WEIGHT + 0.5 * o->threat_severity, threat.words,
                          threat.words);
    }
    if (trade->kind != LEXICON_ANY) {
        findings_put_said(f, "trade_slang", FAMILY_THREAT,
                          TRADE_WEIGHT + 0.1 * trade->score, trade->words,
                          first_said(o->normal, hits, count, LEXICON_SLANG));
    }
    put_unknown(f, o->normal, hits, count, text->regions, text->region_count);
}

static void
read_content(struct findings *f, struct judge *judge, const struct letter *letter,
             struct bytes normal, struct opinion *o)
{
    judge_take_letter(judge, letter, normal);
    double logit = model_score(judge->model, &judge->features).logit;

    if (fabs(logit) < CLASSIFIER_DOUBTS) {
        double words = wording_unwanted(wording_passage(normal, 0, 0));
        logit = words == 0 ? logit : (1 - WORDS_SHARE) * logit + WORDS_SHARE * words;
    }
    double weight = CLASSIFIER_GAIN * logit;
    o->content_read = true;
    o->content = squash(logit);
    findings_put(f,
                 weight > CLASSIFIER_SAYS    ? "classifier_spam"
                 : weight < -CLASSIFIER_SAYS ? "classifier_ham"
                                             : "classifier_unsure",
                 FAMILY_CONTENT, weight, BYTES_NONE);
}

/* Text taken out of attachments, and what of the lexicon stands in it. */
struct enclosed {
    struct bytes normal;
    const struct lexicon_hit *hits;
    size_t hit_count;
};

/* Leaves the features cleared. */
static void
read_enclosed_content(struct findings *f, struct judge *judge, const struct enclosed *e)
{
    struct signs signs = {0};

    signs_read(f->arena, e->hits, e->hit_count, &signs);
    double logit = signs.score >= SIGNS_SAY ? SIGNS_GAIN * signs.score : 0;
    if (e->normal.size >= ENCLOSED_LEAST) {
        judge_take_features(judge, BYTES_NONE, e->normal);
        logit += model_score(judge->model, &judge->features).logit;
    }
    double weight = ENCLOSED_GAIN * logit;
    if (weight > CLASSIFIER_SAYS) {
        findings_put(f, "attachment_text", FAMILY_ATTACHMENTS,
                     weight < ENCLOSED_MOST ? weight : ENCLOSED_MOST, signs.words);
    }
    features_clear(&judge->features);
}

/* Notices of crime, and offers in slang. */
static void
read_enclosed_threat(struct findings *f, struct judge *judge, struct opinion *o,
                     const struct enclosed *e, struct moment moment)
{
    struct threat threat;
    struct trade trade;
    size_t region_count = 0;
    const struct region *regions = regions_read(f->arena, e->normal, &region_count);

    threat_read(f->arena, judge->cues, e->normal, regions, region_count, &threat);
    if (threat.kind != THREAT_NONE) {
        take_threat(f, judge, o, e->normal, &threat, moment);
        findings_put(f, "attachment_threat", FAMILY_ATTACHMENTS,
                     THREAT_WEIGHT + 0.5 * o->threat_severity, threat.words);
    }
    trade_read(f->arena, e->normal, e->hits, e->hit_count, regions, region_count, &trade);
    if (trade.kind != LEXICON_ANY) {
        findings_put(f, "attachment_slang", FAMILY_ATTACHMENTS,
                     TRADE_WEIGHT + 0.1 * trade.score, trade.words);
    }
}

/* Read like the letter's own text but told as the attachments' (FAMILY_ATTACHMENTS). */
static void
read_enclosed(struct findings *f, struct judge *judge, const struct letter *letter,
              struct moment moment, struct opinion *o)
{
    bool content = findings_share(f->permit, FAMILY_CONTENT),
         threat = findings_share(f->permit, FAMILY_THREAT);
    struct enclosed e = {0};

    if (letter->enclosures == NULL || letter->enclosures->text.size == 0 ||
        (!content && !threat)) {
        return;
    }
    e.normal =
        normal_form(f->arena, bytes_slice(letter->enclosures->text, 0, LIMIT_NORMAL_BYTES),
                    LIMIT_NORMAL_BYTES);
    e.hits = lexicon_scan(f->arena, judge->lexicon, e.normal, &e.hit_count);
    if (content) {
        read_enclosed_content(f, judge, &e);
    }
    if (threat) {
        read_enclosed_threat(f, judge, o, &e, moment);
    }
}

/* What the weights of each recipient who allows it say; the features are those of the letter. */
static void
read_personal(struct arena *arena, const struct judge *judge, const struct permit *permit,
              const struct arrival *arrival, struct opinion *o)
{
    size_t count = arrival == NULL ? 0
                   : arrival->recipient_count < permit->recipient_count
                       ? arrival->recipient_count
                       : permit->recipient_count;
    struct bytes name;

    if (!personal_any(judge->personal) || count == 0) {
        return;
    }
    o->personal = arena_take_many(arena, count, sizeof *o->personal);
    o->personal_count = count;
    for (size_t i = 0; i < count; i++) {
        bool may = (permit->recipients[i].families & FAMILY_BIT(FAMILY_CONTENT)) != 0;
        size_t slot = may && personal_name(arena, arrival->recipients[i].address,
                                           judge->separator, &name)
                          ? personal_find(judge->personal, name)
                          : PERSONAL_NONE;
        if (slot == PERSONAL_NONE) {
            continue;
        }
        double logit = personal_logit(judge->personal, slot, &judge->features);
        if (logit > PERSONAL_SAYS || logit < -PERSONAL_SAYS) {
            struct finding *finding = ARENA_NEW(arena, struct finding);
            *finding = (struct finding){
                .name = "personal_model", .weight = logit, .family = FAMILY_CONTENT};
            o->personal[i] = finding;
        }
    }
}

/* What the weights of each recipient's group say, for those who allow it. */
static void
read_groups(struct arena *arena, const struct judge *judge, const struct permit *permit,
            const struct arrival *arrival, struct opinion *o)
{
    size_t count = arrival == NULL ? 0
                   : arrival->recipient_count < permit->recipient_count
                       ? arrival->recipient_count
                       : permit->recipient_count;
    struct bytes name;

    if (judge->group_weights == NULL || groups_count(judge->groups) == 0 || count == 0) {
        return;
    }
    o->of_group = arena_take_many(arena, count, sizeof *o->of_group);
    o->of_group_count = count;
    for (size_t i = 0; i < count; i++) {
        bool may =
            (permit->recipients[i].families & FAMILY_BIT(FAMILY_CONTENT)) != 0 &&
            personal_name(arena, arrival->recipients[i].address, judge->separator, &name);
        size_t slot = may ? group_find(judge->group_weights, groups_of(judge->groups, name))
                          : GROUP_NONE;
        double logit = slot == GROUP_NONE
                           ? 0
                           : group_logit(judge->group_weights, slot, &judge->features);
        if (logit > GROUP_SAYS || logit < -GROUP_SAYS) {
            struct finding *finding = ARENA_NEW(arena, struct finding);
            *finding = (struct finding){
                .name = "group_model", .weight = logit, .family = FAMILY_CONTENT};
            o->of_group[i] = finding;
        }
    }
}

const struct opinion *
judge_letter(struct arena *arena, struct judge *judge, const struct permit *permit,
             const struct arrival *arrival, const struct letter *letter,
             const struct origin *origin)
{
    struct opinion *o = ARENA_NEW(arena, struct opinion);
    judge->model = models_hold(judge->models, judge->reader, &judge->turn);
    bool content = permit_has(permit, FAMILY_CONTENT),
         threat = permit_has(permit, FAMILY_THREAT);
    struct trade trade = {0};
    struct signs signs = {0};
    struct judge_text text = {0};
    uint32_t source = FAMILY_BIT(FAMILY_SOURCE) | FAMILY_BIT(FAMILY_LABEL);
    struct findings f;

    findings_init(&f, arena, permit);
    findings_of_origin(&f, arrival, letter, origin);
    findings_of_letter(&f, letter);
    features_clear(&judge->features);
    read_enclosed(&f, judge, letter, moment_of(arrival, letter), o);
    if (content || threat) {
        o->text_read = threat ? LIMIT_NORMAL_BYTES : CLASSIFIER_TEXT_BYTES;
        o->normal = text.normal = judge_normal_of(arena, letter, o->text_read);
        text.folded = spelling_fold(arena, text.normal);
        text.regions = threat ? regions_read(arena, text.normal, &text.region_count) : NULL;
    }
    if (content) {
        read_content(&f, judge, letter, o->normal, o);
        read_personal(arena, judge, permit, arrival, o);
        read_groups(arena, judge, permit, arrival, o);
    }
    if (content || threat) {
        read_lexicon(&f, judge, o, &text, moment_of(arrival, letter), &trade, &signs);
    }
    judge_read_strangers(&f, judge, letter, origin, &text, o);
    judge_read_conversations(arena, judge, permit, arrival, letter, o);
    o->unwanted = squash((content ? PRIOR_READ : PRIOR) + findings_sum(&f, FAMILY_ALL));
    o->unwanted_source = squash(PRIOR + findings_sum(&f, source));
    judge_share_out(judge, &f, o,
                    content ? judge_wanted_category(letter, arrival) : CATEGORY_HAM, &trade,
                    &signs);
    judge_after(&f, judge, letter, origin, o);
    findings_finish(&f);
    models_let_go(judge->models, judge->reader);
    o->findings = f.list;
    o->finding_count = f.count;
    o->findings_dropped = f.dropped;
    return o;
}
