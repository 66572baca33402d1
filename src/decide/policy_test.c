#include "decide/verdict.h"

#include <string.h>

#include "base/tap.h"
#include "permit/settings.h"

static struct arena arena;

static const struct config_key top[] = {
    {"", "hostname", CONFIG_TEXT, "mx.example", .help = "."},
    {.name = NULL},
};

static const struct config_key *
keys(void)
{
    static struct config_key all[32];
    size_t count = 0;

    for (const struct config_key *k = top; k->name != NULL; k++) {
        all[count++] = *k;
    }
    for (const struct config_key *k = decide_config_keys; k->name != NULL; k++) {
        all[count++] = *k;
    }
    for (const struct config_key *k = permit_config_keys; k->name != NULL; k++) {
        all[count++] = *k;
    }
    return all;
}

struct scene {
    struct arrival arrival;
    const struct permit *permit;
    const struct policy *policy;
    struct letter letter;
    struct origin origin;
    struct opinion opinion;
    struct finding findings[8];
};

static bool
scene_set(struct scene *s, const char *text)
{
    const struct config *config;
    const struct permit_settings *settings;
    struct why why;

    memset(s, 0, sizeof *s);
    s->arrival.id = BYTES("0123456789abcdefghij");
    s->arrival.recipients = ARENA_NEW_MANY(&arena, 2, struct arrival_recipient);
    s->arrival.recipients[0].address = BYTES("a@example.jp");
    s->arrival.recipients[1].address = BYTES("b@example.jp");
    s->arrival.recipient_count = 2;
    s->opinion.findings = s->findings;
    if (config_read(&arena, keys(), bytes_from_text(text), &config, &why) != SK_OK ||
        policy_new(&arena, config, &s->policy, &why) != SK_OK ||
        permit_settings_new(&arena, config, NULL, &settings, &why) != SK_OK) {
        return false;
    }
    s->permit = permit_new(&arena, settings, NULL, &s->arrival);
    return true;
}

static void
scene_find(struct scene *s, const char *name, double weight, enum permit_family family)
{
    s->findings[s->opinion.finding_count++] =
        (struct finding){.name = name, .weight = weight, .family = family};
}

static const struct verdict *
scene_decide(struct scene *s)
{
    return decide_message(&arena, s->policy, &s->arrival, s->permit, NULL, &s->origin,
                          &s->opinion);
}

static const char *const enterprise = "[permit]\nprofile = enterprise\n";
static const char *const carrier =
    "[permit]\nprofile = carrier\n[recipient a@example.jp]\nconsent = content, threat\n";

static void
test_lines(void)
{
    static const struct {
        double score;
        enum verdict_action action;
    } cases[] = {
        {-5, VERDICT_ACCEPT},  {2.99, VERDICT_ACCEPT}, {3, VERDICT_LABEL},
        {7.99, VERDICT_LABEL}, {8, VERDICT_HOLD},      {11.99, VERDICT_HOLD},
        {12, VERDICT_REFUSE},  {1000, VERDICT_REFUSE},
    };
    struct scene s;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tap_ok(scene_set(&s, enterprise), "settings");
        scene_find(&s, "classifier_spam", cases[i].score, FAMILY_CONTENT);
        const struct verdict *v = scene_decide(&s);
        tap_ok(v->recipients[0].action == cases[i].action, "score %.2f: %s", cases[i].score,
               verdict_action_name(v->recipients[0].action));
    }
    tap_ok(!scene_set(&s, "[policy]\nlabel = 9\nhold = 8\n"),
           "lines that fall are refused");
}

static void
test_consent(void)
{
    struct scene s;

    tap_ok(scene_set(&s, carrier), "a carrier; a has consented to content");
    scene_find(&s, "classifier_spam", 20, FAMILY_CONTENT);
    scene_find(&s, "spf_fail", 1, FAMILY_SOURCE);
    const struct verdict *v = scene_decide(&s);
    tap_ok(v->recipients[0].action == VERDICT_HOLD, "refuse among accepted becomes hold");
    tap_ok(v->recipients[1].action == VERDICT_ACCEPT && v->recipients[1].reason_count == 1,
           "no finding from content reaches b");
    tap_ok(v->recipients[1].score == 1, "nor its weight");
    tap_ok(bytes_find(v->recipients[1].header, BYTES("classifier"), 0) == BYTES_NOWHERE,
           "nor his header");
    tap_ok(v->recipients[0].ground == GROUND_CONSENT &&
               v->recipients[1].ground == GROUND_LAWFUL_ACT,
           "each action has its own ground");
    tap_ok(v->group_count == 2 && v->recipients[0].group != v->recipients[1].group,
           "their messages differ: two groups");
    tap_ok(scene_set(&s, enterprise), "an enterprise");
    scene_find(&s, "classifier_spam", 20, FAMILY_CONTENT);
    v = scene_decide(&s);
    tap_ok(v->group_count == 1 && v->strongest == VERDICT_REFUSE,
           "all alike: one group, refused");
    tap_ok(bytes_starts(v->recipients[0].reply, BYTES("554 5.7.1 ")), "with a reply");
}

static void
test_threat(void)
{
    struct scene s;

    tap_ok(scene_set(&s, enterprise), "settings");
    scene_find(&s, "threat_notice", 30, FAMILY_THREAT);
    s.opinion.threat = THREAT_BOMB;
    const struct verdict *v = scene_decide(&s);
    tap_ok(v->recipients[0].action == VERDICT_LABEL,
           "a threat is delivered with a label, never refused");
    tap_ok(scene_set(&s, carrier), "a carrier");
    scene_find(&s, "threat_notice", 30, FAMILY_THREAT);
    s.opinion.threat = THREAT_BOMB;
    v = scene_decide(&s);
    tap_ok(v->recipients[1].action == VERDICT_ACCEPT,
           "who did not consent is treated as if unread");
}

static void
test_dmarc(void)
{
    struct scene s;

    tap_ok(scene_set(&s, carrier), "settings");
    s.origin.dmarc.result = AUTH_FAIL;
    s.origin.dmarc.policy = DMARC_POLICY_REJECT;
    const struct verdict *v = scene_decide(&s);
    tap_ok(
        v->strongest == VERDICT_LABEL && v->recipients[1].ground == GROUND_LAWFUL_ACT,
        "a carrier labels what p=reject is asked for, without a word from the recipient");
    tap_ok(scene_set(&s, "[permit]\nprofile = carrier\n[recipient a@example.jp]\n"
                         "consent = dmarc\n"),
           "a allows what the From domain asks for");
    s.origin.dmarc.result = AUTH_FAIL;
    s.origin.dmarc.policy = DMARC_POLICY_REJECT;
    v = scene_decide(&s);
    tap_ok(v->recipients[0].action == VERDICT_HOLD &&
               v->recipients[0].ground == GROUND_CONSENT &&
               v->recipients[1].action == VERDICT_LABEL,
           "it is done for him alone: held, as b's copy goes on");
    tap_ok(scene_set(&s, "[permit]\nprofile = carrier\nfive_conditions = yes\n"),
           "a carrier whose terms meet the five conditions");
    s.origin.dmarc.result = AUTH_FAIL;
    s.origin.dmarc.policy = DMARC_POLICY_REJECT;
    v = scene_decide(&s);
    tap_ok(v->strongest == VERDICT_REFUSE && v->recipients[0].ground == GROUND_TERMS &&
               bytes_starts(v->recipients[0].reply, BYTES("550 5.7.1")),
           "p=reject is obeyed");
    s.origin.arc.speaker = BYTES("lists.example");
    tap_ok(scene_decide(&s)->strongest == VERDICT_ACCEPT,
           "but not where a trusted sealer speaks for the message");
    s.origin.dmarc.policy = DMARC_POLICY_QUARANTINE;
    tap_ok(scene_decide(&s)->strongest == VERDICT_ACCEPT,
           "OpenDMARC: nor p=quarantine then: a sealer rescues from both");
    s.origin.dmarc.policy = DMARC_POLICY_REJECT;
    s.origin.arc.speaker = BYTES_NONE;
    s.origin.dmarc.policy = DMARC_POLICY_QUARANTINE;
    tap_ok(scene_decide(&s)->strongest == VERDICT_LABEL,
           "OpenDMARC: p=quarantine does something: it gets a label");
    s.origin.dmarc.policy = DMARC_POLICY_NONE;
    tap_ok(scene_decide(&s)->strongest == VERDICT_ACCEPT, "p=none does nothing");
    tap_ok(scene_set(&s, "[policy]\ndmarc = ignore\n"), "dmarc = ignore");
    s.origin.dmarc.result = AUTH_FAIL;
    s.origin.dmarc.policy = DMARC_POLICY_REJECT;
    tap_ok(scene_decide(&s)->strongest == VERDICT_ACCEPT, "is ignored");
    tap_ok(scene_set(&s, "[policy]\ntemperror = tempfail\n"), "temperror = tempfail");
    s.origin.spf.result = AUTH_TEMPERROR;
    tap_ok(scene_decide(&s)->strongest == VERDICT_TEMPFAIL, "puts off");
}

static void
test_bounce(void)
{
    struct scene s;

    tap_ok(scene_set(&s, "[permit]\nprofile = enterprise\n"), "an enterprise");
    s.origin.bounce = BATV_REFUSE;
    const struct verdict *v = scene_decide(&s);
    tap_ok(v->strongest == VERDICT_REFUSE && v->recipients[0].ground == GROUND_HOUSE_RULE &&
               bytes_starts(v->recipients[0].reply, BYTES("550 5.7.1")),
           "error mail for what we did not send is refused");
    s.origin.bounce = BATV_LABEL;
    tap_ok(scene_decide(&s)->strongest == VERDICT_LABEL, "or labelled");
    s.origin.bounce = BATV_NO;
    tap_ok(scene_decide(&s)->strongest == VERDICT_ACCEPT, "or left alone");
    tap_ok(scene_set(&s, carrier), "a carrier");
    s.origin.bounce = BATV_REFUSE;
    tap_ok(scene_decide(&s)->strongest == VERDICT_LABEL,
           "a carrier labels a bounce without a tag, without a word from the recipient");
    tap_ok(scene_set(&s, "[permit]\nprofile = carrier\nfive_conditions = yes\n"),
           "a carrier whose terms meet the five conditions");
    s.origin.bounce = BATV_REFUSE;
    v = scene_decide(&s);
    tap_ok(v->strongest == VERDICT_REFUSE && v->recipients[0].ground == GROUND_TERMS,
           "refuses it");
}

static void
test_answer(void)
{
    static const char raw[] =
        "X-Sekisho-Verdict: accept\r\nSubject: x\r\nX-Spam-Flag: NO\r\n\r\nbody\r\n";
    struct scene s;

    tap_ok(scene_set(&s, "[policy]\nx_spam = yes\n[permit]\nprofile = enterprise\n"),
           "settings");
    s.arrival.raw = bytes_from_text(raw);
    s.arrival.door = ARRIVAL_HTTP;
    const struct letter *letter = letter_read_header(&arena, s.arrival.raw);
    scene_find(&s, "classifier_spam", 5, FAMILY_CONTENT);
    const struct verdict *v = scene_decide(&s);
    const struct answer *a = verdict_answer(&arena, s.policy, v, &s.arrival, s.permit,
                                            letter, &s.origin, &s.opinion);
    tap_ok(a->recipients[0].action == ANSWER_ACCEPT && a->recipients[0].edit_count == 3,
           "our forged fields are removed, ours added");
    tap_ok(bytes_find(a->recipients[0].edits[0].add, BYTES("X-Spam-Flag: YES\r\n"), 0) !=
                   BYTES_NOWHERE &&
               bytes_find(a->recipients[0].edits[0].add, BYTES("X-Spam-Level: *****\r\n"),
                          0) != BYTES_NOWHERE,
           "X-Spam fields on request");
    tap_ok(bytes_find(a->json, BYTES("\"action\":\"add header\""), 0) != BYTES_NOWHERE &&
               bytes_find(a->json, BYTES("\"remove_headers\":{\"X-Sekisho-Verdict\":[1]"),
                          0) != BYTES_NOWHERE,
           "rspamd's JSON: %.*s", BYTES_ARGUMENTS(a->json));
    struct answer signed_one = *a;
    signed_one.recipients =
        ARENA_NEW_MANY(&arena, a->recipient_count, struct answer_recipient);
    for (size_t i = 0; i < a->recipient_count; i++) {
        signed_one.recipients[i] = a->recipients[i];
        signed_one.recipients[i].papers =
            BYTES("DKIM-Signature: a=1;\r\n b=x\r\nDKIM-Signature: "
                  "a=2\r\nARC-Seal: i=1\r\n");
    }
    static const char handed[] =
        "\"add_headers\":{\"DKIM-Signature\":[{\"value\":\"a=1;\\u000d\\n "
        "b=x\",\"order\":0},"
        "{\"value\":\"a=2\",\"order\":0}],\"ARC-Seal\":{\"value\":\"i=1\",\"order\":0},\"";
    struct bytes json = verdict_json(&arena, s.policy, v, &s.arrival, s.permit, letter,
                                     &s.origin, &s.opinion, &signed_one);
    tap_ok(bytes_find(json, bytes_from_text(handed), 0) != BYTES_NOWHERE &&
               bytes_find(json, BYTES("X-Spam-Flag"), 0) != BYTES_NOWHERE,
           "papers stand before our fields, several of a name as an array: %.*s",
           BYTES_ARGUMENTS(json));
    if (a->recipient_count > 1) {
        signed_one.recipients[0].papers = BYTES_NONE;
        json = verdict_json(&arena, s.policy, v, &s.arrival, s.permit, letter, &s.origin,
                            &s.opinion, &signed_one);
        size_t each = bytes_find(json, BYTES("\"recipients\""), 0);
        tap_ok(bytes_find(json, BYTES("ARC-Seal"), 0) >= each,
               "what not all copies have is not told to all");
    }
}

/* A turn of one recipient's conversation is his alone. */
static void
test_turn(void)
{
    static const struct finding own = {
        .name = "personal_model", .weight = 0.5, .family = FAMILY_CONTENT};
    static const struct finding turned = {
        .name = "lure_turn", .weight = 2, .family = FAMILY_CONTENT};
    const struct conversation conversations[2] = {{.pair_count = 1, .turn = &turned}};
    const struct finding *personal[2] = {&own, NULL};
    struct scene s;

    tap_ok(scene_set(&s, enterprise), "settings");
    scene_find(&s, "classifier_spam", 3, FAMILY_CONTENT);
    scene_find(&s, "hidden_text", 1, FAMILY_CONTENT);
    s.opinion.conversations = conversations;
    s.opinion.conversation_count = 2;
    s.opinion.personal = personal;
    s.opinion.personal_count = 2;
    const struct verdict *v = scene_decide(&s);
    tap_ok(v->recipients[0].score == 6.5 && v->recipients[0].reason_count == 4 &&
               v->recipients[0].reasons[1] == &turned &&
               v->recipients[0].reasons[3] == &own && v->recipients[1].score == 4,
           "a turn of his conversation is among his reasons, by size, and among nobody "
           "else's");
    tap_ok(v->common.score == 4 && v->common.reason_count == 2,
           "nor in what is said to all");
    s.opinion.conversation_count = 0;
    v = scene_decide(&s);
    tap_ok(v->recipients[0].score == 4.5, "without a memory there is none");
}

/* What his group says stands between: among his reasons, not among those of another. */
static void
test_group(void)
{
    static const struct finding own = {
        .name = "personal_model", .weight = 0.5, .family = FAMILY_CONTENT};
    static const struct finding shared = {
        .name = "group_model", .weight = -2, .family = FAMILY_CONTENT};
    static const struct finding turned = {
        .name = "lure_turn", .weight = 1, .family = FAMILY_CONTENT};
    const struct conversation conversations[2] = {{.pair_count = 1, .turn = &turned}};
    const struct finding *personal[2] = {&own, NULL}, *of_group[2] = {&shared, NULL};
    struct scene s;

    tap_ok(scene_set(&s, enterprise), "settings");
    scene_find(&s, "classifier_spam", 3, FAMILY_CONTENT);
    s.opinion.conversations = conversations;
    s.opinion.conversation_count = 2;
    s.opinion.personal = personal;
    s.opinion.personal_count = 2;
    s.opinion.of_group = of_group;
    s.opinion.of_group_count = 2;
    const struct verdict *v = scene_decide(&s);
    tap_ok(v->recipients[0].score == 2.5 && v->recipients[0].reason_count == 4 &&
               v->recipients[0].reasons[1] == &shared &&
               v->recipients[0].reasons[2] == &turned &&
               v->recipients[0].reasons[3] == &own && v->recipients[1].score == 3,
           "what his group says is among his reasons, by size, and among nobody else's");
    tap_ok(v->common.score == 3 && v->common.reason_count == 1,
           "nor in what is said to all");
    s.opinion.of_group_count = 0;
    v = scene_decide(&s);
    tap_ok(v->recipients[0].score == 4.5, "who is in no group is judged without");
}

static void
test_personal(void)
{
    static const struct finding own = {
        .name = "personal_model", .weight = 2.5, .family = FAMILY_CONTENT};
    const struct finding *personal[2] = {&own, NULL};
    struct finding many[20];
    struct scene s;

    tap_ok(scene_set(&s, enterprise), "settings");
    scene_find(&s, "classifier_spam", 3, FAMILY_CONTENT);
    scene_find(&s, "hidden_text", 1, FAMILY_CONTENT);
    s.arrival.door = ARRIVAL_HTTP;
    s.opinion.personal = personal;
    s.opinion.personal_count = 2;
    const struct verdict *v = scene_decide(&s);
    tap_ok(v->recipients[0].score == 6.5 && v->recipients[0].reason_count == 3 &&
               v->recipients[0].reasons[1] == &own && v->recipients[1].score == 4 &&
               v->recipients[1].reason_count == 2,
           "his weights are among his reasons, by size, and among nobody else's");
    tap_ok(v->common.score == 4 && v->common.reason_count == 2,
           "nor in what is said to all");
    const struct answer *a = verdict_answer(
        &arena, s.policy, v, &s.arrival, s.permit,
        letter_read(&arena, BYTES("Subject: x\r\n\r\n")), &s.origin, &s.opinion);
    size_t each = bytes_find(a->json, BYTES("\"recipients\""), 0);
    size_t first = bytes_find(a->json, BYTES("personal_model"), 0);
    tap_ok(each != BYTES_NOWHERE && first != BYTES_NOWHERE && first > each,
           "the JSON has it only with him: %.*s", BYTES_ARGUMENTS(a->json));
    /* So small, and behind so many, that the headers are the same. */
    for (size_t i = 0; i < 20; i++) {
        many[i] = (struct finding){.name = "x", .weight = 1, .family = FAMILY_CONTENT};
    }
    struct finding small = own;
    small.weight = 0.01;
    personal[0] = &small;
    s.opinion.findings = many;
    s.opinion.finding_count = 20;
    v = scene_decide(&s);
    tap_ok(v->group_count == 1 && v->recipients[0].reason_count == 21 &&
               v->common.reason_count == 20 && v->common.score == 20,
           "nothing of it is said to all, even where headers are the same");
    tap_ok(scene_set(&s, "[permit]\nprofile = carrier\n"), "settings");
    s.opinion.personal = personal;
    s.opinion.personal_count = 2;
    v = scene_decide(&s);
    tap_ok(v->recipients[0].score == 0 && v->recipients[0].reason_count == 0,
           "without consent to content they do not count");
}

int
main(void)
{
    arena_init(&arena, 64 << 20);
    test_lines();
    test_consent();
    test_threat();
    test_dmarc();
    test_bounce();
    test_answer();
    test_group();
    test_personal();
    test_turn();
    arena_release(&arena);
    return tap_done();
}
