#include "decide/verdict.h"

#include <math.h>
#include <string.h>

#include "decide/lists_private.h"
#include "decide/policy_private.h"

const struct config_key decide_config_keys[] = {
    {"policy", "label", CONFIG_NUMBER, "3", 1, 1000,
     .help = "Score from which a message is labelled (3 is 95 in 100 unwanted)."},
    {"policy", "hold", CONFIG_NUMBER, "8", 1, 1000,
     .help = "Score from which a message is held for the recipient."},
    {"policy", "refuse", CONFIG_NUMBER, "12", 1, 1000,
     .help = "Score from which a message is refused in the SMTP dialogue."},
    {"policy", "dmarc", CONFIG_CHOICE, "obey", .choices = "obey|label|ignore",
     .help =
         "What a DMARC fail does: what the domain asks for, a label at most, or nothing."},
    {"policy", "allow_list", CONFIG_CHOICE, "all", .choices = "all|authenticated",
     .help =
         "Whether a recipient's allow list lets in all mail that names such a sender, as "
         "carriers do, or only what SPF or DKIM vouches for."},
    {"policy", "temperror", CONFIG_CHOICE, "accept", .choices = "accept|tempfail",
     .help = "Whether a message whose papers could not be looked up is let in or put off."},
    {"policy", "x_spam", CONFIG_BOOL, "no",
     .help = "Also write X-Spam-Flag, X-Spam-Status and X-Spam-Level."},
    {.name = NULL},
};

static const char *const action_names[] = {
    [VERDICT_ACCEPT] = "accept", [VERDICT_LABEL] = "label",       [VERDICT_HOLD] = "hold",
    [VERDICT_REFUSE] = "refuse", [VERDICT_TEMPFAIL] = "tempfail",
};

enum sk_code
policy_new(struct arena *arena, const struct config *config, const struct policy **policy_r,
           struct why *why)
{
    struct policy *policy = ARENA_NEW(arena, struct policy);

    policy->label = (double)config_number(config, "policy.label");
    policy->hold = (double)config_number(config, "policy.hold");
    policy->refuse = (double)config_number(config, "policy.refuse");
    if (policy->label > policy->hold || policy->hold > policy->refuse) {
        return why_set_line(
            why, SK_CONFIG, config_line(config, "policy.hold"),
            "[policy]: label (%.0f), hold (%.0f) and refuse (%.0f) must not fall: "
            "write for example 3, 8 and 12",
            policy->label, policy->hold, policy->refuse);
    }
    policy->dmarc = (enum policy_dmarc)config_choice(config, "policy.dmarc");
    policy->allow_authenticated = config_choice(config, "policy.allow_list") == 1;
    policy->tempfail_on_temperror = config_choice(config, "policy.temperror") == 1;
    policy->write_x_spam = config_bool(config, "policy.x_spam");
    policy->hostname = config_text(config, "hostname");
    *policy_r = policy;
    return SK_OK;
}

static bool
covers(const struct permit_recipient *permit, enum permit_family family)
{
    return (permit->families & FAMILY_BIT(family)) != 0;
}

/* Whether a finding is part of the check for forged senders, which the rescue list switches off. */
static bool
is_spoof_check(const struct finding *finding)
{
    return finding->weight > 0 &&
           (finding->family == FAMILY_LABEL ||
            bytes_starts(bytes_from_text(finding->name), BYTES("spf_")));
}

static void
put_reason(struct verdict_recipient *r, const struct finding *finding)
{
    r->reasons[r->reason_count++] = finding;
    r->score += finding->weight;
}

#define OWN_FINDINGS 3

/* What is his alone: what his own weights and those of his group say, and that a conversation of his turned; heaviest
 * first. */
static size_t
own_findings(const struct permit_recipient *permit, const struct verdict_recipient *r,
             const struct finding *own_r[OWN_FINDINGS])
{
    const struct finding *all[OWN_FINDINGS] = {r->personal, r->of_group, r->turn};
    size_t count = 0;

    for (size_t i = 0; i < OWN_FINDINGS; i++) {
        size_t at = count;
        if (all[i] == NULL || !covers(permit, all[i]->family)) {
            continue;
        }
        for (; at > 0 && fabs(all[i]->weight) > fabs(own_r[at - 1]->weight); at--) {
            own_r[at] = own_r[at - 1];
        }
        own_r[at] = all[i];
        count++;
    }
    return count;
}

/* The findings that this recipient's permit covers and what is his alone, heaviest first as in the opinion, and
 * their sum. */
static void
decide_reasons(struct arena *arena, const struct opinion *opinion,
               const struct permit_recipient *permit, struct verdict_recipient *r)
{
    const struct finding *own[OWN_FINDINGS];
    size_t own_count = own_findings(permit, r, own), next = 0;

    r->reasons =
        arena_take_many(arena, opinion->finding_count + OWN_FINDINGS, sizeof *r->reasons);
    for (size_t i = 0; i < opinion->finding_count; i++) {
        const struct finding *finding = &opinion->findings[i];
        while (next < own_count && fabs(own[next]->weight) > fabs(finding->weight)) {
            put_reason(r, own[next++]);
        }
        if (covers(permit, finding->family) &&
            !(r->rescued != NULL && is_spoof_check(finding))) {
            put_reason(r, finding);
        }
    }
    while (next < own_count) {
        put_reason(r, own[next++]);
    }
}

/* The ground of what weighs most against the message; treats: among what carries more than looking and labelling. */
static enum permit_ground
ground_of_heaviest(const struct permit_recipient *permit, const struct verdict_recipient *r,
                   bool treats)
{
    for (size_t i = 0; i < r->reason_count; i++) {
        enum permit_ground ground = permit->grounds[r->reasons[i]->family];
        if (r->reasons[i]->weight > 0 && (!treats || permit_ground_treats(ground))) {
            return ground;
        }
    }
    return treats ? GROUND_NONE : permit->grounds[FAMILY_SOURCE];
}

static bool
threat_for(const struct opinion *opinion, const struct permit_recipient *permit)
{
    return opinion->threat != THREAT_NONE && covers(permit, FAMILY_THREAT);
}

/* Without a ground that carries it, mail is labelled at most, whatever its score. */
static void
decide_by_score(const struct policy *policy, const struct permit_recipient *permit,
                struct verdict_recipient *r)
{
    enum permit_ground treats = ground_of_heaviest(permit, r, true);

    r->action = r->score < policy->label    ? VERDICT_ACCEPT
                : treats == GROUND_NONE     ? VERDICT_LABEL
                : r->score < policy->hold   ? VERDICT_LABEL
                : r->score < policy->refuse ? VERDICT_HOLD
                                            : VERDICT_REFUSE;
    r->ground = r->action > VERDICT_LABEL ? treats : ground_of_heaviest(permit, r, false);
}

/* A failure is shown to everyone; what the owner of the From domain asks for is done for those who allowed that. */
static void
decide_by_dmarc(const struct policy *policy, const struct permit_recipient *permit,
                const struct origin *origin, struct verdict_recipient *r)
{
    bool reject = origin->dmarc.policy == DMARC_POLICY_REJECT;

    /* A sealer of the operator's own choice saw it pass (RFC 8617 7.2.1). */
    if (origin->arc.speaker.size > 0) {
        return;
    }
    if (origin->dmarc.result != AUTH_FAIL || policy->dmarc == POLICY_DMARC_IGNORE ||
        !(reject || origin->dmarc.policy == DMARC_POLICY_QUARANTINE)) {
        return;
    }
    if (reject && policy->dmarc == POLICY_DMARC_OBEY && covers(permit, FAMILY_DMARC)) {
        if (r->action < VERDICT_REFUSE) {
            r->action = VERDICT_REFUSE;
            r->ground = permit->grounds[FAMILY_DMARC];
            r->reply = BYTES("550 5.7.1 refused: the policy of the From domain (DMARC)");
        }
    } else if (covers(permit, FAMILY_LABEL) && r->action < VERDICT_LABEL) {
        r->action = VERDICT_LABEL;
        r->ground = permit->grounds[FAMILY_LABEL];
    }
}

/* Error mail that answers nothing of ours. It is refused on the ground that allows treating by source, or by the wish of the
 * domain's owner, who is ourselves; without one it is labelled. */
static void
decide_by_bounce(const struct permit_recipient *permit, const struct origin *origin,
                 struct verdict_recipient *r)
{
    static const enum permit_family families[] = {FAMILY_SOURCE, FAMILY_DMARC};

    if (origin->bounce == BATV_NO) {
        return;
    }
    for (size_t i = 0; origin->bounce == BATV_REFUSE && i < 2; i++) {
        enum permit_ground ground = permit->grounds[families[i]];
        if (r->action < VERDICT_REFUSE && covers(permit, families[i]) &&
            permit_ground_treats(ground)) {
            r->action = VERDICT_REFUSE;
            r->ground = ground;
            r->reply = BYTES("550 5.7.1 refused: error mail for a message that we did not "
                             "send (no valid BATV tag)");
        }
    }
    if (r->action < VERDICT_LABEL && covers(permit, FAMILY_LABEL)) {
        r->action = VERDICT_LABEL;
        r->ground = permit->grounds[FAMILY_LABEL];
    }
}

static void
decide_by_lists(enum listed listed, struct verdict_recipient *r)
{
    if (listed == LISTED_ALLOW) {
        r->action = VERDICT_ACCEPT;
        r->reply = BYTES_NONE;
    } else {
        r->action = VERDICT_REFUSE;
        r->reply = BYTES("550 5.7.1 refused: the recipient does not take mail from this "
                         "sender");
    }
    r->ground = GROUND_CONSENT;
}

static void
decide_recipient(struct arena *arena, const struct policy *policy,
                 const struct permit_recipient *permit, const struct arrival *arrival,
                 const struct letter *letter, const struct origin *origin,
                 const struct opinion *opinion, struct verdict_recipient *r)
{
    struct lists_answer lists = lists_ask(arena, policy, permit, arrival, letter, origin);

    r->listed = lists.finding;
    r->rescued = lists.rescued;
    decide_reasons(arena, opinion, permit, r);
    decide_by_score(policy, permit, r);
    if (lists.listed != LISTED_NONE) {
        decide_by_lists(lists.listed, r);
    } else if (r->rescued == NULL) {
        decide_by_dmarc(policy, permit, origin, r);
        decide_by_bounce(permit, origin, r);
    }
    if (policy->tempfail_on_temperror && r->action == VERDICT_ACCEPT &&
        lists.listed != LISTED_ALLOW &&
        (origin->dmarc.result == AUTH_TEMPERROR || origin->spf.result == AUTH_TEMPERROR)) {
        r->action = VERDICT_TEMPFAIL;
        r->reply =
            BYTES("451 4.7.5 the sender's papers could not be looked up, try again later");
    }
    /* A notice of a crime must reach the one it is sent to, and the alarm; it is never refused or put away. */
    if (threat_for(opinion, permit)) {
        r->action = VERDICT_LABEL;
        r->ground = permit->grounds[FAMILY_THREAT];
        r->reply = BYTES_NONE;
    }
    if (r->action == VERDICT_REFUSE && r->reply.size == 0) {
        r->reply = BYTES("554 5.7.1 refused as unwanted mail");
    }
}

/* One reply answers for all recipients at the end of DATA. Where some are to be refused and others served, those to be
 * refused are held, so that nothing is lost and nobody is told a thing that is not true of the others. */
static void
decide_mixed(struct verdict *verdict)
{
    size_t refused = 0, later = 0;

    for (size_t i = 0; i < verdict->recipient_count; i++) {
        refused += verdict->recipients[i].action == VERDICT_REFUSE;
        later += verdict->recipients[i].action == VERDICT_TEMPFAIL;
    }
    for (size_t i = 0; i < verdict->recipient_count; i++) {
        struct verdict_recipient *r = &verdict->recipients[i];
        if (r->action == VERDICT_REFUSE && refused < verdict->recipient_count) {
            r->action = VERDICT_HOLD;
            r->reply = BYTES_NONE;
        }
        if (r->action == VERDICT_TEMPFAIL && later < verdict->recipient_count) {
            r->action = VERDICT_ACCEPT;
            r->reply = BYTES_NONE;
        }
    }
}

static void
write_reasons(struct writer *w, const struct verdict_recipient *r)
{
    size_t shown = r->reason_count < 12 ? r->reason_count : 12;

    for (size_t i = 0; i < shown; i++) {
        writer_format(w, "%s%s=%.1f", i == 0 ? "" : ", ", r->reasons[i]->name,
                      r->reasons[i]->weight);
        if (i % 3 == 2 && i + 1 < shown) {
            writer_text(w, "\r\n\t");
        }
    }
}

/* The fields that go on top of the message for this recipient. Nothing in them comes from the message but what trace
 * has made safe in Authentication-Results. */
static void
decide_header(struct arena *arena, const struct policy *policy,
              const struct permit_recipient *permit, const struct arrival *arrival,
              const struct origin *origin, struct verdict_recipient *r)
{
    struct writer w;

    writer_init(&w, arena);
    if (covers(permit, FAMILY_LABEL) && origin->authentication_results.size > 0) {
        writer_text(&w, "Authentication-Results: ");
        writer_bytes(&w, origin->authentication_results);
        writer_text(&w, "\r\n");
    }
    if (covers(permit, FAMILY_LABEL) && origin->received_spf.size > 0) {
        writer_text(&w, "Received-SPF: ");
        writer_bytes(&w, origin->received_spf);
        writer_text(&w, "\r\n");
    }
    writer_format(&w, "X-Sekisho-Verdict: %s; score=%.1f; ground=%s; id=",
                  verdict_action_name(r->action), r->score, permit_ground_name(r->ground));
    writer_bytes(&w, arrival->id);
    if (r->listed != NULL || r->rescued != NULL) {
        writer_format(&w, ";\r\n\tlists: %s%s%s", r->listed != NULL ? r->listed->name : "",
                      r->listed != NULL && r->rescued != NULL ? ", " : "",
                      r->rescued != NULL ? r->rescued->name : "");
    }
    if (r->reason_count > 0) {
        writer_text(&w, ";\r\n\treasons: ");
        write_reasons(&w, r);
    }
    writer_text(&w, "\r\n");
    if (policy->write_x_spam) {
        bool unwanted = r->action != VERDICT_ACCEPT;
        if (unwanted) {
            writer_text(&w, "X-Spam-Flag: YES\r\n");
        }
        writer_format(&w, "X-Spam-Status: %s, score=%.1f required=%.1f\r\n",
                      unwanted ? "Yes" : "No", r->score, policy->label);
        int stars = r->score < 0 ? 0 : r->score > 50 ? 50 : (int)r->score;
        if (stars > 0) {
            writer_format(&w, "X-Spam-Level: %.*s\r\n", stars,
                          "**************************************************");
        }
    }
    r->header = writer_view(&w);
}

/* Recipients whose messages would be the same, byte for byte, share a group. */
static void
decide_groups(struct verdict *verdict)
{
    for (size_t i = 0; i < verdict->recipient_count; i++) {
        struct verdict_recipient *r = &verdict->recipients[i];
        size_t same = 0;
        while (same < i && !(verdict->recipients[same].action == r->action &&
                             bytes_equal(verdict->recipients[same].header, r->header))) {
            same++;
        }
        r->group = same < i ? verdict->recipients[same].group : verdict->group_count++;
    }
}

static bool
has_own(const struct verdict_recipient *r)
{
    return r->personal != NULL || r->of_group != NULL || r->turn != NULL;
}

/* What holds for a door with one answer: the verdict on the findings that all of them allow, without their lists. It is
 * never an average: nothing in it rests on what one of them did not allow. */
static void
decide_common(struct arena *arena, const struct policy *policy,
              const struct arrival *arrival, const struct permit *permit,
              const struct origin *origin, const struct opinion *opinion,
              struct verdict *verdict)
{
    struct permit_recipient all = permit->recipients[0];
    bool allowed = false, personal = has_own(&verdict->recipients[0]);

    for (size_t i = 1; i < permit->recipient_count; i++) {
        all.families &= permit->recipients[i].families;
        personal = personal || has_own(&verdict->recipients[i]);
        for (unsigned family = 0; family < FAMILY_COUNT; family++) {
            if (!permit_ground_treats(permit->recipients[i].grounds[family])) {
                all.grounds[family] = permit->recipients[i].grounds[family];
            }
        }
    }
    verdict->common_families = all.families;
    if (verdict->group_count <= 1 && (verdict->recipient_count == 1 || !personal)) {
        verdict->common = verdict->recipients[0];
        return;
    }
    all.own = all.domain = NULL;
    struct verdict_recipient *r = &verdict->common;
    decide_recipient(arena, policy, &all, arrival, NULL, origin, opinion, r);
    for (size_t i = 0; i < verdict->recipient_count; i++) {
        const struct finding *listed = verdict->recipients[i].listed;
        allowed |= listed != NULL && strcmp(listed->name, "listed_allow") == 0;
    }
    if (allowed && r->action > VERDICT_LABEL) { /* one of them asked for this mail */
        r->action = VERDICT_LABEL;
        r->ground = all.grounds[FAMILY_LABEL];
        r->reply = BYTES_NONE;
    }
    decide_header(arena, policy, &all, arrival, origin, r);
}

const struct verdict *
decide_message(struct arena *arena, const struct policy *policy,
               const struct arrival *arrival, const struct permit *permit,
               const struct letter *letter, const struct origin *origin,
               const struct opinion *opinion)
{
    struct verdict *verdict = ARENA_NEW(arena, struct verdict);

    verdict->recipient_count = permit->recipient_count;
    verdict->recipients =
        ARENA_NEW_MANY(arena, permit->recipient_count, struct verdict_recipient);
    for (size_t i = 0; i < verdict->recipient_count; i++) {
        verdict->recipients[i].personal =
            i < opinion->personal_count ? opinion->personal[i] : NULL;
        verdict->recipients[i].of_group =
            i < opinion->of_group_count ? opinion->of_group[i] : NULL;
        verdict->recipients[i].turn =
            i < opinion->conversation_count ? opinion->conversations[i].turn : NULL;
        decide_recipient(arena, policy, &permit->recipients[i], arrival, letter, origin,
                         opinion, &verdict->recipients[i]);
    }
    decide_mixed(verdict);
    for (size_t i = 0; i < verdict->recipient_count; i++) {
        struct verdict_recipient *r = &verdict->recipients[i];
        decide_header(arena, policy, &permit->recipients[i], arrival, origin, r);
        if (r->action > verdict->strongest) {
            verdict->strongest = r->action;
        }
    }
    decide_groups(verdict);
    if (verdict->recipient_count > 0) {
        decide_common(arena, policy, arrival, permit, origin, opinion, verdict);
    }
    return verdict;
}

const char *
verdict_action_name(enum verdict_action action)
{
    return action_names[action];
}

bool
verdict_action_read(struct bytes name, enum verdict_action *action_r)
{
    for (unsigned i = 0; i < sizeof action_names / sizeof action_names[0]; i++) {
        if (bytes_is(name, action_names[i])) {
            *action_r = (enum verdict_action)i;
            return true;
        }
    }
    return false;
}
