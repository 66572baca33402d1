#include "permit/permit.h"

#include "base/limits.h"
#include "base/table.h"
#include "base/utf8.h"
#include "base/writer.h"
#include "permit/consent.h"
#include "permit/settings.h"
#include "permit/texts.h"

/* What an operator's profile allows without a word from the recipient. A carrier keeps the secrecy of communications
 * (Telecommunications Business Act 4): checking the source and labelling are lawful acts in the course of business, as
 * is counting; everything that looks into the content, and doing what the From domain asks for, waits for consent. Where
 * the operator declares that his terms of service meet the ministry's five conditions, the terms are that consent for
 * DMARC, and each recipient can still take it back. An organisation rules over its own mail. */
static const struct {
    uint32_t families;
    enum permit_ground ground;
} profiles[] = {
    [PROFILE_CARRIER] = {FAMILY_BIT(FAMILY_SOURCE) | FAMILY_BIT(FAMILY_LABEL) |
                             FAMILY_BIT(FAMILY_STATISTICS),
                         GROUND_LAWFUL_ACT},
    [PROFILE_ENTERPRISE] = {FAMILY_ALL, GROUND_HOUSE_RULE},
    [PROFILE_SCHOOL] = {FAMILY_ALL, GROUND_HOUSE_RULE},
    [PROFILE_PUBLIC_OFFICE] = {FAMILY_ALL, GROUND_HOUSE_RULE},
};

static const char *const family_names[FAMILY_COUNT] = {
    [FAMILY_SOURCE] = "source",         [FAMILY_LABEL] = "label",
    [FAMILY_CONTENT] = "content",       [FAMILY_LINKS] = "links",
    [FAMILY_SIGNATURES] = "signatures", [FAMILY_ATTACHMENTS] = "attachments",
    [FAMILY_THREAT] = "threat",         [FAMILY_STATISTICS] = "statistics",
    [FAMILY_DMARC] = "dmarc",
};
#define FAMILY_CHOICES                                                                     \
    "source|label|content|links|signatures|attachments|threat|statistics|dmarc"
#define PROFILE_CHOICES "carrier|enterprise|school|public_office"

const struct config_key permit_config_keys[] = {
    {"permit", "profile", CONFIG_CHOICE, "carrier", .choices = PROFILE_CHOICES,
     .help = "Who runs this checkpoint: decides what is examined without a recipient's own "
             "consent."},
    {"permit", "store", CONFIG_TEXT, "",
     .help =
         "File of consents that another program keeps, read at start and SIGHUP: lines of "
         "address TAB families TAB families withdrawn."},
    {"permit", "five_conditions", CONFIG_BOOL, "no",
     .help = "A carrier declares that his terms of service meet the ministry's five "
             "conditions for consent in advance, so that DMARC policies are applied unless "
             "a recipient objects."},
    {"permit", "house_rule", CONFIG_TEXT, "",
     .help =
         "File with the rule under which an organisation examines its own mail, recorded "
         "in the ledger; empty: the text that is built in."},
    {"permit", "detail", CONFIG_TEXT, "", .most = 1,
     .help = "The sign before a detail in addresses, + in user+shop@example.jp: what user "
             "said holds for it too; empty: they are different recipients."},
    {"recipient", "consent", CONFIG_CHOICES, "", .choices = FAMILY_CHOICES, .named = true,
     .help =
         "Families this recipient (or @domain) has consented to, beside the profile's."},
    {"recipient", "withdrawn", CONFIG_CHOICES, "", .choices = FAMILY_CHOICES, .named = true,
     .help =
         "Families this recipient (or @domain) does not want, whatever the profile says."},
    {.name = NULL},
};

/* What is said of a name outside the ledger. */
struct said {
    uint32_t granted, withdrawn;
    bool configured; /* by a section of its own: the store grants nothing under this name */
};

struct permit_settings {
    enum permit_profile profile;
    struct permit_recipient standard; /* of the profile */
    recipient_ascii *ascii;
    uint8_t detail;    /* 0: none */
    struct table said; /* name (recipient_name): struct said */
    struct permit_rule rule;
};

static struct permit_recipient
permit_of_profile(enum permit_profile profile, bool five_conditions)
{
    struct permit_recipient r = {.families = profiles[profile].families};

    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        r.entries[family] = PERMIT_NO_ENTRY;
        if ((r.families & FAMILY_BIT(family)) != 0) {
            r.grounds[family] = profiles[profile].ground;
        }
    }
    if (profile == PROFILE_CARRIER && five_conditions) {
        r.families |= FAMILY_BIT(FAMILY_DMARC);
        r.grounds[FAMILY_DMARC] = GROUND_TERMS;
    }
    return r;
}

static enum sk_code
permit_said(struct arena *arena, struct permit_settings *settings, struct bytes written,
            uint64_t granted, uint64_t withdrawn, bool configured, struct why *why)
{
    struct bytes name;

    if (!recipient_name(arena, written, settings->ascii, &name)) {
        return why_set(why, SK_CONFIG,
                       "recipient %.*s: write an address, or @domain for all of a domain",
                       BYTES_ARGUMENTS(bytes_slice(written, 0, 80)));
    }
    if ((granted & withdrawn) != 0) {
        return why_set(why, SK_CONFIG,
                       "recipient %.*s: a family stands in consent and in withdrawn",
                       BYTES_ARGUMENTS(bytes_slice(written, 0, 80)));
    }
    struct said *said = table_get(&settings->said, name);
    if (said == NULL) {
        said = ARENA_NEW(arena, struct said);
        table_put(&settings->said, name, said);
    }
    said->granted = (configured ? 0 : said->granted) | (uint32_t)granted;
    said->withdrawn |= (uint32_t)withdrawn;
    said->configured = configured;
    return SK_OK;
}

static bool
read_families(struct bytes text, uint64_t *families_r)
{
    struct bytes piece;
    enum permit_family family;

    *families_r = 0;
    while (text.size > 0 && bytes_split(&text, ',', &piece)) {
        if (!permit_family_read(piece, &family)) {
            return false;
        }
        *families_r |= FAMILY_BIT(family);
    }
    return true;
}

static enum sk_code
permit_store_read(struct arena *arena, struct permit_settings *settings, struct bytes text,
                  struct why *why)
{
    struct bytes line, rest, address, granted, withdrawn;
    uint64_t grant, withdraw;

    for (size_t number = 1; bytes_line(&text, &line); number++) {
        line = bytes_trim(line);
        if (line.size == 0 || line.at[0] == '#') {
            continue;
        }
        rest = line;
        granted = withdrawn = BYTES_NONE;
        (void)bytes_split(&rest, '\t', &address);
        (void)bytes_split(&rest, '\t', &granted);
        (void)bytes_split(&rest, '\t', &withdrawn);
        if (rest.at != NULL || !utf8_valid(line) || !read_families(granted, &grant) ||
            !read_families(withdrawn, &withdraw)) {
            return why_set_line(why, SK_CONFIG, number,
                                "line %zu of permit.store: write address TAB families TAB "
                                "families withdrawn, families separated by commas",
                                number);
        }
        struct why inner;
        if (permit_said(arena, settings, address, grant, withdraw, false, &inner) !=
            SK_OK) {
            return why_set_line(why, SK_CONFIG, number, "line %zu of permit.store: %s",
                                number, inner.sentence);
        }
    }
    return SK_OK;
}

static enum sk_code
permit_rule_read(struct arena *arena, const struct config *config,
                 struct permit_settings *settings, struct why *why)
{
    struct permit_rule *rule = &settings->rule;
    struct bytes path = config_text(config, "permit.house_rule");

    rule->profile = settings->profile;
    rule->five_conditions = config_bool(config, "permit.five_conditions");
    if (settings->profile == PROFILE_CARRIER) {
        return SK_OK;
    }
    if (path.size == 0) {
        const struct consent_words *words = consent_words_find(BYTES("house-rule.ja"));
        rule->id = bytes_from_text(words->id);
        rule->text = words->text;
        return SK_OK;
    }
    rule->id = path;
    enum sk_code code =
        config_file(config, arena, path, LIMIT_CONSENT_TEXT, &rule->text, why);
    if (code == SK_OK && (rule->text.size == 0 || !utf8_valid(rule->text))) {
        return why_set_line(why, SK_CONFIG, config_line(config, "permit.house_rule"),
                            "permit.house_rule %.*s: write the rule's text, in UTF-8",
                            BYTES_ARGUMENTS(bytes_slice(path, 0, 200)));
    }
    return code;
}

enum sk_code
permit_settings_new(struct arena *arena, const struct config *config,
                    recipient_ascii *ascii, const struct permit_settings **settings_r,
                    struct why *why)
{
    struct permit_settings *settings = ARENA_NEW(arena, struct permit_settings);
    struct bytes path = config_text(config, "permit.store"), store = BYTES_NONE;
    struct bytes detail = config_text(config, "permit.detail");

    settings->ascii = ascii;
    settings->profile = (enum permit_profile)config_choice(config, "permit.profile");
    settings->standard =
        permit_of_profile(settings->profile, config_bool(config, "permit.five_conditions"));
    settings->detail = detail.size == 0 ? 0 : detail.at[0];
    table_init(&settings->said, arena, false);
    enum sk_code code = permit_rule_read(arena, config, settings, why);
    if (code == SK_OK && path.size > 0) {
        code = config_file(config, arena, path, LIMIT_PERMIT_STORE, &store, why);
    }
    if (code == SK_OK) {
        code = permit_store_read(arena, settings, store, why);
    }
    for (size_t i = 0; code == SK_OK && i < config_named_count(config, "recipient"); i++) {
        code = permit_said(arena, settings, config_named(config, "recipient", i),
                           config_named_choices(config, "recipient", i, "consent"),
                           config_named_choices(config, "recipient", i, "withdrawn"), true,
                           why);
    }
    *settings_r = settings;
    return code;
}

const struct permit_rule *
permit_rule(const struct permit_settings *settings)
{
    return &settings->rule;
}

static void
grant(struct permit_recipient *r, uint32_t families, uint64_t entry)
{
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if ((families & FAMILY_BIT(family)) != 0) {
            r->families |= FAMILY_BIT(family);
            r->grounds[family] = GROUND_CONSENT;
            r->entries[family] = entry;
        }
    }
}

static void
withdraw(struct permit_recipient *r, uint32_t families)
{
    r->families &= ~families;
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if ((families & FAMILY_BIT(family)) != 0) {
            r->grounds[family] = GROUND_NONE;
            r->entries[family] = PERMIT_NO_ENTRY;
        }
    }
}

/* What is said under one name, everywhere, over what was found under names that are less his own. */
static const struct consent_recipient *
permit_under_name(const struct permit_settings *settings, const struct consents *consents,
                  struct bytes name, struct permit_recipient *r)
{
    const struct said *said = table_get(&settings->said, name);
    const struct consent_recipient *own =
        consents == NULL ? NULL : consents_find(consents, name);
    const struct consent_word *words = own == NULL ? NULL : own->words;

    if (said != NULL) {
        grant(r, said->granted, PERMIT_NO_ENTRY);
    }
    for (const struct consent_word *word = words; word != NULL; word = word->next) {
        if (word->granted) {
            grant(r, word->families, word->index);
        }
    }
    for (const struct consent_word *word = words; word != NULL; word = word->next) {
        if (!word->granted) {
            withdraw(r, word->families);
        }
    }
    if (said != NULL) {
        withdraw(r, said->withdrawn);
    }
    return own;
}

/* What the profile allows by the operator's rule rests on the entry in which that rule is recorded. */
static void
permit_rest_on_rule(const struct consents *consents, struct permit_recipient *r)
{
    uint64_t index;

    if (consents == NULL || consents_rule(consents, &index).size == 0) {
        return;
    }
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if (r->grounds[family] == GROUND_HOUSE_RULE || r->grounds[family] == GROUND_TERMS) {
            r->entries[family] = index;
        }
    }
}

struct permit_recipient
permit_of(struct arena *arena, const struct permit_settings *settings,
          const struct consents *consents, struct bytes address)
{
    struct permit_recipient r = settings->standard;
    struct bytes name, less;

    permit_rest_on_rule(consents, &r);
    if (!recipient_name(arena, address, settings->ascii, &name)) {
        return r; /* a name that nobody could have given a consent under */
    }
    r.domain = permit_under_name(settings, consents, recipient_domain(name), &r);
    if (settings->detail != 0) {
        less = recipient_without_detail(arena, name, settings->detail);
        r.own = less.size > 0 ? permit_under_name(settings, consents, less, &r) : NULL;
    }
    const struct consent_recipient *own = permit_under_name(settings, consents, name, &r);
    r.own = own != NULL ? own : r.own;
    return r;
}

const struct permit *
permit_new(struct arena *arena, const struct permit_settings *settings,
           const struct consents *consents, const struct arrival *arrival)
{
    struct permit *permit = ARENA_NEW(arena, struct permit);

    permit->profile = settings->profile;
    permit->recipient_count = arrival->recipient_count;
    permit->recipients =
        ARENA_NEW_MANY(arena, arrival->recipient_count, struct permit_recipient);
    for (size_t i = 0; i < arrival->recipient_count; i++) {
        permit->recipients[i] =
            permit_of(arena, settings, consents, arrival->recipients[i].address);
        permit->union_families |= permit->recipients[i].families;
    }
    return permit;
}

const struct permit *
permit_for_tool(struct arena *arena, uint32_t families)
{
    struct permit *permit = ARENA_NEW(arena, struct permit);

    permit->recipients = ARENA_NEW(arena, struct permit_recipient);
    permit->recipient_count = 1;
    permit->recipients[0].families = families;
    permit->union_families = families;
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        permit->recipients[0].entries[family] = PERMIT_NO_ENTRY;
        if ((families & FAMILY_BIT(family)) != 0) {
            permit->recipients[0].grounds[family] = GROUND_CONSENT;
        }
    }
    return permit;
}

const char *
permit_family_name(enum permit_family family)
{
    return family_names[family];
}

bool
permit_family_read(struct bytes name, enum permit_family *family_r)
{
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if (bytes_is(name, family_names[family])) {
            *family_r = (enum permit_family)family;
            return true;
        }
    }
    return false;
}

const char *
permit_ground_name(enum permit_ground ground)
{
    static const char *const names[] = {
        [GROUND_NONE] = "none",
        [GROUND_CONSENT] = "consent",
        [GROUND_LAWFUL_ACT] = "lawful_act",
        [GROUND_EMERGENCY] = "emergency",
        [GROUND_HOUSE_RULE] = "house_rule",
        [GROUND_TERMS] = "terms",
    };

    return names[ground];
}

const char *
permit_profile_name(enum permit_profile profile)
{
    static const char *const names[] = {"carrier", "enterprise", "school", "public_office"};

    return names[profile];
}
