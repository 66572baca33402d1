/* What is looked for when it is known what the mail wants: whom it tells to pay or to call, what it owes its reader where
 * it advertises, and by what its copies are known. None of it weighs: it is told, for people and for the record. */
#include "judge/judge_private.h"

#include "base/limits.h"
#include "judge/bulk_rules.h"
#include "judge/findings_private.h"
#include "judge/indicators.h"
#include "judge/marks.h"
#include "judge/sender_law.h"

#define UNWANTED 0.5 /* from here on what it names is told, and joins mails by itself */

static void
read_indicators(struct arena *arena, const struct permit *permit,
                const struct letter *letter, struct opinion *o)
{
    bool links = permit_has(permit, FAMILY_LINKS);
    const struct indicator_texts texts = {
        .text = bytes_slice(letter->text, 0, LIMIT_INDICATOR_ROAD),
        .links = letter->links,
        .link_count = links ? letter->link_count : 0};
    size_t count, kept = 0;
    const struct indicator *all = indicators_read(arena, &texts, &count);

    if (links || count == 0) {
        o->indicators = all;
        o->indicator_count = count;
        return;
    }
    struct indicator *some = ARENA_NEW_MANY(arena, count, struct indicator);
    for (size_t i = 0; i < count; i++) {
        if (all[i].type != INDICATOR_URL) {
            some[kept++] = all[i];
        }
    }
    o->indicators = some;
    o->indicator_count = kept;
}

/* Of wanted mail nobody needs them, and nothing more of it than needed is kept. */
static bool
tells_indicators(const struct opinion *o)
{
    return o->unwanted >= UNWANTED || o->threat != THREAT_NONE;
}

void
judge_look(struct arena *arena, const struct permit *permit, const struct letter *letter,
           const struct opinion *opinion)
{
    if (permit_has(permit, FAMILY_CONTENT) && !tells_indicators(opinion)) {
        read_indicators(arena, permit, letter, (struct opinion *)(uintptr_t)opinion);
    }
}

/* Constants, by their enums. */
static const char *const duty_findings[LAW_DUTIES] = {
    [LAW_SENDER_NAME] = "law_sender_name",
    [LAW_OPTOUT_CONTACT] = "law_optout_contact",
    [LAW_OPTOUT_NOTICE] = "law_optout_notice",
    [LAW_POSTAL_ADDRESS] = "law_postal_address",
    [LAW_COMPLAINT_CONTACT] = "law_complaint_contact",
};
static const char *const sign_findings[LAW_SIGNS] = {
    "law_false_sender", "law_invented_address", "law_empty_body"};
static const char *const rule_findings[BULK_RULES] = {
    [BULK_LIST_UNSUBSCRIBE] = "bulk_list_unsubscribe",
    [BULK_UNSUBSCRIBE_HTTPS] = "bulk_unsubscribe_https",
    [BULK_ONE_CLICK] = "bulk_one_click",
    [BULK_ONE_CLICK_SIGNED] = "bulk_one_click_signed",
    [BULK_UNSUBSCRIBE_SEEN] = "bulk_unsubscribe_seen",
    [BULK_FROM_SINGLE] = "bulk_from_single",
    [BULK_SPF] = "bulk_spf",
    [BULK_DKIM] = "bulk_dkim",
    [BULK_DMARC] = "bulk_dmarc",
    [BULK_FROM_ALIGNED] = "bulk_from_aligned",
    [BULK_REVERSE_NAME] = "bulk_reverse_name",
    [BULK_MESSAGE_ID] = "bulk_message_id",
    [BULK_DATE] = "bulk_date",
};

static void
put(struct findings *f, const char *name, struct bytes said)
{
    findings_put(f, name, FAMILY_CONTENT, 0, said);
}

/* The label of the law before 2008 stands in the subject alone, and is all that is looked for in other mail. */
static bool
has_old_label(const struct letter *letter)
{
    return bytes_find(letter->subject, BYTES("未承諾"), 0) != BYTES_NOWHERE;
}

static void
put_duties(struct findings *f, const struct letter *letter, const struct sender_law *law,
           struct opinion *o)
{
    for (unsigned i = 0; i < LAW_DUTIES; i++) {
        if (sender_law_lacks(law, (enum law_duty)i)) {
            put(f, duty_findings[i], BYTES_NONE);
        }
    }
    for (unsigned i = 0; i < LAW_SIGNS; i++) {
        if ((law->signs & 1u << i) != 0) {
            put(f, sign_findings[i], law->sign_said[i]);
        }
    }
    if (law->old_label) {
        put(f, "law_old_label", bytes_slice(letter->subject, 0, LIMIT_RECORD_DETAIL));
    }
    o->law = law;
}

static void
read_duties(struct findings *f, const struct letter *letter, const struct origin *origin,
            struct opinion *o)
{
    bool advertisement = o->category == CATEGORY_ADVERTISEMENT,
         to_many = advertisement || o->category == CATEGORY_BULK;

    if (!to_many && !has_old_label(letter)) {
        return;
    }
    /* Newsletters that are wanted are asked for the rules of providers alone, which stand in the header: their text was read
     * enough. */
    if (advertisement || has_old_label(letter)) {
        put_duties(f, letter, sender_law_read(f->arena, letter, origin, advertisement), o);
    }
    if (!to_many) {
        return;
    }
    struct bulk_answer *answers = ARENA_NEW_MANY(f->arena, BULK_RULES, struct bulk_answer);
    bulk_rules_read(f->arena, letter, origin, o->law, answers);
    for (unsigned i = 0; i < BULK_RULES; i++) {
        if (answers[i].state == BULK_UNMET) {
            put(f, rule_findings[i], answers[i].said);
        }
    }
    o->bulk = answers;
}

static void
read_marks(struct findings *f, const struct judge *judge, const struct letter *letter,
           struct opinion *o)
{
    if (judge->seed == 0 || !permit_has(f->permit, FAMILY_SIGNATURES)) {
        return;
    }
    struct marks *marks = ARENA_NEW(f->arena, struct marks);
    marks_read(f->arena,
               &(struct marks_of){
                   .permit = f->permit,
                   .letter = letter,
                   .normal = o->normal.size > 0
                                 ? o->normal
                                 : judge_normal_of(f->arena, letter, CLASSIFIER_TEXT_BYTES),
                   .indicators = o->indicators,
                   .indicator_count = o->indicator_count,
                   .unwanted = o->unwanted >= UNWANTED,
               },
               judge->seed, marks);
    o->marks = marks->minhash.shingle_count > 0 ? marks : NULL;
}

void
judge_after(struct findings *f, struct judge *judge, const struct letter *letter,
            const struct origin *origin, struct opinion *o)
{
    if (permit_has(f->permit, FAMILY_CONTENT)) {
        if (tells_indicators(o)) {
            read_indicators(f->arena, f->permit, letter, o);
        }
        read_duties(f, letter, origin, o);
    }
    read_marks(f, judge, letter, o);
}
