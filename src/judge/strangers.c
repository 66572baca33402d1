/* What strangers want and whom they claim to be, as findings: lures (judge/lure.h) and phishing (judge/phishing.h). */
#include "judge/strangers_private.h"

#include <math.h>

#include "base/writer.h"
#include "judge/findings_private.h"
#include "judge/lure.h"
#include "judge/phishing.h"
#include "judge/unsaid.h"

/* Logits: what the themes of a lure say, for each point beyond LURE_NOTHING; all of it together, at most and at least. */
#define LURE_GAIN    0.9
#define LURE_NOTHING 0.8
#define LURE_MOST    4.5
#define LURE_LEAST   (-4.0)
/* Below the table's line themes speak where the classifier, who knows other words, doubts too. */
#define LURE_HALF 1.4
#define SUSPECTED 0.6
/* Mail he is sure of, as of friends and families, they speak against from this many points on. */
#define LURE_SURE 3.5
#define TRUSTED   0.05
/* Wording is asked about where the classifier doubts, and less doubt is enough where the table found a theme. */
#define ASKED_DOUBT       0.2
#define ASKED_DOUBT_THEME 0.05
/* It is a lure from this logit on, what wording and table say and what the classifier says taken together. */
#define LURE_TOGETHER 0.3
/* What that says for the category, where the message is unwanted; a classifier that is more than sure says no more for it. */
#define CLASS_GAIN 3.0
#define CLASS_LURE 4.0
#define SURE       2.0
#define TOLD_LEAST 0.1 /* of a finding */
/* From here on a message may be a stage of a conversation. Lures of hands that the classifier never saw are all above it, and of four
 * look-alikes by one sender half as many seem to turn as from TRUSTED on (docs/decisions/0028). */
#define STAGES_FROM 0.2

enum sk_code
judge_open_strangers(struct arena *arena, const struct config *config, struct judge *judge,
                     struct why *why)
{
    struct bytes path = config == NULL ? BYTES_NONE : config_text(config, "judge.brands");
    struct bytes more = BYTES_NONE;
    struct arena files;
    enum sk_code code = SK_OK;

    arena_init(&files, 4 * LEXICON_FILE_MAX);
    if (path.size > 0) {
        code = config_file(config, &files, path, LEXICON_FILE_MAX, &more, why);
    }
    if (code == SK_OK) {
        code = lure_open(arena, lure_built_in(), &judge->lures, why);
    }
    if (code == SK_OK) {
        code = brands_open(arena, brands_built_in(), more, &judge->brands, why);
    }
    arena_release(&files);
    return code;
}

void
judge_close_strangers(struct judge *judge)
{
    lure_close(judge->lures);
    brands_close(judge->brands);
    judge->lures = NULL;
    judge->brands = NULL;
}

/* Whether everybody who allows the one also allows the other: then a finding of the one may rest on both. */
static bool
implies(const struct permit *permit, enum permit_family one, enum permit_family other)
{
    for (size_t i = 0; i < permit->recipient_count; i++) {
        uint32_t families = permit->recipients[i].families;
        if ((families & FAMILY_BIT(one)) != 0 && (families & FAMILY_BIT(other)) == 0) {
            return false;
        }
    }
    return true;
}

/* Whether the claim rests on text and links. */
static bool
is_read(const struct phishing *p)
{
    return p->claim == PHISHING_BY_TEXT || p->claim == PHISHING_BY_LINKS ||
           p->claim == PHISHING_BY_LOOK;
}

/* What a finding would tell somebody of what he did not allow to be read is taken back. */
static void
keep_apart(const struct permit *permit, struct phishing *p)
{
    if (is_read(p) && !implies(permit, FAMILY_CONTENT, FAMILY_LINKS)) {
        p->claim = PHISHING_NO_CLAIM;
    }
    if (!implies(permit, FAMILY_LINKS, FAMILY_CONTENT) ||
        !implies(permit, FAMILY_LINKS, FAMILY_LABEL)) {
        p->host_weight =
            p->host_weight < PHISHING_HOST_ALONE ? p->host_weight : PHISHING_HOST_ALONE;
    }
}

/* "三井住友カード (vpass.ne.jp): example.com" */
static void
put_mismatch(struct findings *f, const struct phishing *p)
{
    struct writer w;

    writer_init(&w, f->arena);
    writer_bytes(&w, p->brand);
    writer_text(&w, " (");
    writer_bytes(&w, p->true_domain);
    writer_text(&w, "): ");
    writer_bytes(&w, p->seen_domain);
    findings_put_said(f, "brand_mismatch", is_read(p) ? FAMILY_CONTENT : FAMILY_LABEL,
                      p->weight, writer_view(&w), p->said);
}

static void
read_phishing(struct findings *f, struct judge *judge, const struct letter *letter,
              const struct origin *origin, const struct phrase_text *text,
              const struct region *regions, size_t region_count)
{
    bool content = permit_has(f->permit, FAMILY_CONTENT),
         links = permit_has(f->permit, FAMILY_LINKS);
    struct phishing p;

    phishing_read_header(f->arena, judge->brands, letter, origin, &p);
    if (content) {
        phishing_read_text(f->arena, judge->brands, letter, text, regions, region_count,
                           &p);
    }
    if (links) {
        phishing_read_links(f->arena, judge->brands, letter, &p);
    }
    keep_apart(f->permit, &p);
    if (p.claim != PHISHING_NO_CLAIM && p.weight > 0) {
        put_mismatch(f, &p);
    }
    if (p.pressures >= 2 && p.pressure_weight > 0) {
        findings_put_said(f, "login_pressure", FAMILY_CONTENT, p.pressure_weight,
                          p.pressure_words, p.pressure_words);
    }
    if (p.host.size > 0) {
        findings_put(f, "disposable_host", FAMILY_LINKS, p.host_weight, p.host);
    }
}

/* What the table's themes say by themselves; 0: too little. */
static double
themes_say(const struct opinion *o, const struct lure *lure)
{
    double line = o->content >= SUSPECTED ? LURE_HALF
                  : o->content < TRUSTED  ? LURE_SURE
                                          : LURE_LINE,
           weight = LURE_GAIN * (lure->points - LURE_NOTHING);

    return lure->points < line ? 0 : weight < LURE_MOST ? weight : LURE_MOST;
}

/* Themes have what their points say, most first; the wording the rest. */
static void
put_lure(struct findings *f, struct bytes normal, const struct lure *lure, double weight)
{
    double themes = LURE_GAIN * (lure->points - LURE_NOTHING), sum = 0;

    themes = themes > weight ? weight : themes;
    for (size_t i = 0; i < lure->part_count; i++) {
        sum += lure->parts[i].points;
    }
    for (size_t i = 0; themes > 0 && i < lure->part_count; i++) {
        const struct lure_part *part = &lure->parts[i];
        findings_put_said(f, lure_finding_name(part->theme), FAMILY_CONTENT,
                          themes * part->points / sum, part->words, part->words);
    }
    double rest = weight - (themes > 0 && sum > 0 ? themes : 0);
    if (rest >= TOLD_LEAST) {
        struct bytes words = unsaid_words(f->arena, WORDING_LURE, lure->passage);
        size_t at = bytes_find(normal, words, 0);
        findings_put_said(f, "lure_wording", FAMILY_CONTENT, rest, words,
                          at == BYTES_NOWHERE ? BYTES_NONE
                                              : bytes_slice(normal, at, at + words.size));
    }
}

/* What the wording says is weighed with what the classifier says as it is: where hands that had taught neither were told, the sum
 * of both logits told lures from wanted mail best. */
static void
read_lure(struct findings *f, struct judge *judge, const struct letter *letter,
          struct opinion *o, const struct phrase_text *text, const struct region *regions,
          size_t region_count)
{
    struct lure lure;

    lure_read(f->arena, judge->lures, letter, text, regions, region_count, &lure);
    o->lure_stages = o->content >= STAGES_FROM ? lure.stages : 0;
    double weight = themes_say(o, &lure);
    o->lure_class = weight > 0 ? CLASS_LURE : 0;
    if (o->content >= (lure.part_count > 0 ? ASKED_DOUBT_THEME : ASKED_DOUBT)) {
        lure_ask(f->arena, judge->lures, text->normal, regions, region_count, &lure);
        double logit = lure.logit < LURE_LEAST  ? LURE_LEAST
                       : lure.logit > LURE_MOST ? LURE_MOST
                                                : lure.logit;
        double content = log(o->content / (1 - o->content));
        double together = logit + content - LURE_TOGETHER;
        o->lure_class =
            CLASS_LURE + CLASS_GAIN * (together - (content > SURE ? content - SURE : 0));
        if (logit >= 0 && together >= 0) {
            weight = weight > logit ? weight : logit;
        }
    }
    if (weight > 0) {
        put_lure(f, o->normal, &lure, weight);
    }
}

void
judge_read_strangers(struct findings *f, struct judge *judge, const struct letter *letter,
                     const struct origin *origin, const struct judge_text *whole,
                     struct opinion *o)
{
    size_t region_count = 0;
    const struct region *regions = NULL;
    struct phrase_text text = {0};
    bool content = permit_has(f->permit, FAMILY_CONTENT);

    if (content && whole->normal.size > 0) {
        text = phrase_text_folded(whole->normal, whole->folded);
        regions = whole->regions;
        region_count = whole->region_count;
        /* Where a text is cut, what its last lines are can be told of the piece alone. */
        if (regions == NULL || text.normal.size < whole->normal.size) {
            regions = regions_read(f->arena, text.normal, &region_count);
        }
    }
    if (content || permit_has(f->permit, FAMILY_LABEL)) {
        read_phishing(f, judge, letter, origin, &text, regions, region_count);
    }
    if (content && whole->normal.size > 0) {
        read_lure(f, judge, letter, o, &text, regions, region_count);
    }
}
