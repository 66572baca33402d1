#include "decide/verdict.h"

#include <string.h>

#include "base/tap.h"
#include "permit/consent.h"
#include "permit/settings.h"

static struct arena arena;

static const struct config_key top[] = {
    {"", "hostname", CONFIG_TEXT, "mx.example", .help = "."},
    {.name = NULL},
};

static const struct config_key *
keys(void)
{
    static struct config_key all[40];
    const struct config_key *const tables[] = {top, decide_config_keys, permit_config_keys};
    size_t count = 0;

    for (size_t t = 0; t < 3; t++) {
        for (const struct config_key *k = tables[t]; k->name != NULL; k++) {
            all[count++] = *k;
        }
    }
    return all;
}

static void
list(struct consents *c, const char *address, const char *name, const char *entry)
{
    char text[300];

    snprintf(text, sizeof text,
             "{\"kind\":\"consent.list\",\"act\":\"%s\",\"address\":\"%s\",\"list\":\"%s\","
             "\"entry\":\"%s\"}",
             strcmp(name, "only") == 0 ? "on" : "add", address, name, entry);
    (void)consents_entry(c, 1, bytes_from_text(text));
}

/* What becomes of a message to a@example.jp, whose From domain fails DMARC with p=reject. */
struct scene {
    const char *config, *mail_from, *header;
    double score;
    enum threat_kind threat;
    enum auth_result dmarc;
};

static const struct verdict_recipient *
decide(const struct consents *c, const struct scene *scene)
{
    const struct config *config;
    const struct permit_settings *settings;
    const struct policy *policy;
    struct arrival *arrival = ARENA_NEW(&arena, struct arrival);
    struct origin *origin = ARENA_NEW(&arena, struct origin);
    struct opinion *opinion = ARENA_NEW(&arena, struct opinion);
    struct why why;

    if (config_read(&arena, keys(), bytes_from_text(scene->config), &config, &why) !=
            SK_OK ||
        permit_settings_new(&arena, config, NULL, &settings, &why) != SK_OK ||
        policy_new(&arena, config, &policy, &why) != SK_OK) {
        printf("# %s\n", why.sentence);
        return NULL;
    }
    arrival->id = BYTES("0123456789abcdefghij");
    arrival->mail_from = bytes_from_text(scene->mail_from);
    arrival->recipients = ARENA_NEW(&arena, struct arrival_recipient);
    arrival->recipients[0].address = BYTES("A@example.jp");
    arrival->recipient_count = 1;
    arrival->raw = bytes_from_text(scene->header);
    origin->dmarc.result = scene->dmarc;
    origin->dmarc.policy = DMARC_POLICY_REJECT;
    opinion->findings = ARENA_NEW(&arena, struct finding);
    opinion->findings[0] = (struct finding){
        .name = "classifier_spam", .weight = scene->score, .family = FAMILY_CONTENT};
    opinion->finding_count = 1;
    opinion->threat = scene->threat;
    return decide_message(&arena, policy, arrival, permit_new(&arena, settings, c, arrival),
                          letter_read_header(&arena, arrival->raw), origin, opinion)
        ->recipients;
}

#define ENTERPRISE    "[permit]\nprofile = enterprise\n"
#define FROM(address) "From: " address "\r\nTo: ml@forward.example\r\nSubject: x\r\n\r\n"

static enum verdict_action
action(const struct consents *c, const char *header)
{
    const struct scene s = {ENTERPRISE, "x@bounce.example", header,
                            0,          THREAT_NONE,        AUTH_FAIL};

    return decide(c, &s)->action;
}

static void
test_order(void)
{
    struct consents *c = consents_new();

    tap_ok(action(c, FROM("a@shop.example")) == VERDICT_REFUSE,
           "without a list: DMARC refuses");
    list(c, "a@example.jp", "allow", "shop.example");
    list(c, "a@example.jp", "allow", "one@single.example");
    tap_ok(action(c, FROM("a@shop.example")) == VERDICT_ACCEPT, "allowed: let in");
    tap_ok(action(c, FROM("\"A\" <A@News.Shop.Example>")) == VERDICT_ACCEPT,
           "a name below the domain, in any case");
    tap_ok(action(c, FROM("a@xshop.example")) == VERDICT_REFUSE,
           "not one that ends like it");
    tap_ok(action(c, FROM("one@single.example")) == VERDICT_ACCEPT &&
               action(c, FROM("two@single.example")) == VERDICT_REFUSE,
           "an address, and no other of its domain");
    tap_ok(action(c, FROM("a@shop.example, b@bank.example")) == VERDICT_REFUSE,
           "two senders: both must be allowed");
    tap_ok(action(c, FROM("a@shop.example") "From: b@bank.example\r\n") == VERDICT_ACCEPT,
           "what stands in the body is no From");
    list(c, "a@example.jp", "refuse", "shop.example");
    tap_ok(action(c, FROM("a@shop.example")) == VERDICT_ACCEPT, "allow is above refuse");
    list(c, "@example.jp", "refuse", "plain.example");
    list(c, "@example.jp", "refuse", "single.example");
    const struct scene plain = {ENTERPRISE, "x@bounce.example", FROM("a@plain.example"),
                                0,          THREAT_NONE,        AUTH_NONE};
    const struct verdict_recipient *r = decide(c, &plain);
    tap_ok(r->action == VERDICT_REFUSE && r->ground == GROUND_CONSENT &&
               strcmp(r->listed->name, "listed_refuse") == 0 &&
               bytes_is(r->listed->detail, "plain.example") &&
               bytes_starts(r->reply, BYTES("550 5.7.1 ")),
           "the domain's list counts where his own is silent; his wish is the ground");
    tap_ok(action(c, FROM("one@single.example")) == VERDICT_ACCEPT,
           "and his own goes before it");
    const struct scene envelope = {ENTERPRISE, "x@plain.example", FROM("a@other.example"),
                                   0,          THREAT_NONE,       AUTH_NONE};
    tap_ok(decide(c, &envelope)->action == VERDICT_REFUSE,
           "the envelope's sender is refused too");
    const struct scene empty = {ENTERPRISE, "",          "Subject: x\r\n\r\n",
                                0,          THREAT_NONE, AUTH_NONE};
    tap_ok(decide(c, &empty)->action == VERDICT_ACCEPT,
           "a bounce without From is on no list");
    list(c, "a@example.jp", "only", "");
    tap_ok(decide(c, &empty)->action == VERDICT_REFUSE &&
               strcmp(decide(c, &empty)->listed->name, "listed_only") == 0,
           "only those allowed: it is not");
    tap_ok(action(c, FROM("a@shop.example")) == VERDICT_ACCEPT, "who is allowed still is");
    consents_free(c);
}

static void
test_rest(void)
{
    struct consents *c = consents_new();
    struct scene s = {ENTERPRISE, "x@bounce.example", FROM("a@shop.example"),
                      20,         THREAT_NONE,        AUTH_PASS};

    tap_ok(decide(c, &s)->action == VERDICT_REFUSE, "its words alone refuse it");
    list(c, "a@example.jp", "allow", "shop.example");
    tap_ok(decide(c, &s)->action == VERDICT_ACCEPT,
           "what he allows is let in all the same");
    s.threat = THREAT_BOMB;
    tap_ok(decide(c, &s)->action == VERDICT_LABEL, "a notice of a crime is still labelled");
    s.threat = THREAT_NONE;
    s.config = ENTERPRISE "[policy]\nallow_list = authenticated\n";
    tap_ok(decide(c, &s)->action == VERDICT_ACCEPT, "authenticated: who is vouched for");
    s.dmarc = AUTH_FAIL;
    tap_ok(decide(c, &s)->action == VERDICT_REFUSE, "and not who only says so");
    consents_free(c);
    c = consents_new();
    s = (struct scene){ENTERPRISE, "x@bounce.example", FROM("a@bank.example"),
                       0,          THREAT_NONE,        AUTH_FAIL};
    list(c, "a@example.jp", "rescue", "ml@forward.example");
    const struct verdict_recipient *r = decide(c, &s);
    tap_ok(r->action == VERDICT_ACCEPT && r->rescued != NULL && r->listed == NULL &&
               bytes_find(r->header, BYTES("listed_rescue"), 0) != BYTES_NOWHERE,
           "To names the forwarder: no check for a forged sender, and it is said");
    s.score = 20;
    tap_ok(decide(c, &s)->action == VERDICT_REFUSE, "its words count as ever");
    s.score = 0;
    s.header = "From: a@bank.example\r\nTo: a@example.jp\r\n\r\n";
    tap_ok(decide(c, &s)->action == VERDICT_REFUSE,
           "mail that came another way is checked");
    s.mail_from = "ML@Forward.example";
    tap_ok(decide(c, &s)->action == VERDICT_ACCEPT, "the envelope names the forwarder");
    consents_free(c);
}

/* Without a ground that carries more than looking and labelling. */
static void
test_grounds(void)
{
    struct scene s = {"[recipient a@example.jp]\nconsent = content\n",
                      "x@bounce.example",
                      FROM("a@shop.example"),
                      20,
                      THREAT_NONE,
                      AUTH_NONE};

    tap_ok(decide(NULL, &s)->action == VERDICT_REFUSE &&
               decide(NULL, &s)->ground == GROUND_CONSENT,
           "a carrier refuses on the ground of consent");
    s.config = "[policy]\nlabel = 1\nhold = 1\nrefuse = 1\n";
    s.dmarc = AUTH_FAIL;
    const struct verdict_recipient *r = decide(NULL, &s);
    tap_ok(r->action == VERDICT_LABEL && r->ground == GROUND_LAWFUL_ACT,
           "and labels at most on that of a lawful business act");
}

int
main(void)
{
    arena_init(&arena, 64 << 20);
    test_order();
    test_rest();
    test_grounds();
    arena_release(&arena);
    return tap_done();
}
