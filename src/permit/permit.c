#include "permit/permit.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/table.h"
#include "base/utf8.h"
#include "base/writer.h"
#include "permit/settings.h"

/* What an operator's profile allows without a word from the recipient. A carrier keeps the secrecy of communications
 * (Telecommunications Business Act 4): checking the source and labelling are lawful acts in the course of business, as
 * is counting; everything that looks into the content waits for consent. An organisation rules over its own mail. */
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
};
#define FAMILY_CHOICES  "source|label|content|links|signatures|attachments|threat|statistics"
#define PROFILE_CHOICES "carrier|enterprise|school|public_office"

const struct config_key permit_config_keys[] = {
    {"permit", "profile", CONFIG_CHOICE, "carrier", .choices = PROFILE_CHOICES,
     .help = "Who runs this checkpoint: decides what is examined without a recipient's own "
             "consent."},
    {"permit", "store", CONFIG_TEXT, "",
     .help =
         "File of consents that another program keeps, read at start and SIGHUP: lines of "
         "address TAB families TAB families withdrawn."},
    {"recipient", "consent", CONFIG_CHOICES, "", .choices = FAMILY_CHOICES, .named = true,
     .help =
         "Families this recipient (or @domain) has consented to, beside the profile's."},
    {"recipient", "withdrawn", CONFIG_CHOICES, "", .choices = FAMILY_CHOICES, .named = true,
     .help =
         "Families this recipient (or @domain) does not want, whatever the profile says."},
    {.name = NULL},
};

struct permit_settings {
    enum permit_profile profile;
    struct table recipients; /* address or "@domain", lower case: struct permit_recipient */
};

static struct permit_recipient
permit_of_profile(enum permit_profile profile)
{
    struct permit_recipient r = {.families = profiles[profile].families};

    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if ((r.families & FAMILY_BIT(family)) != 0) {
            r.grounds[family] = profiles[profile].ground;
        }
    }
    return r;
}

/* One recipient's own consents over what the profile allows. */
static enum sk_code
permit_grant(struct arena *arena, struct permit_settings *settings, struct bytes name,
             uint64_t granted, uint64_t withdrawn, struct why *why)
{
    struct permit_recipient *r = ARENA_NEW(arena, struct permit_recipient);

    if (bytes_find_byte(name, '@', 0) == BYTES_NOWHERE) {
        return why_set(why, SK_CONFIG,
                       "recipient %.*s: write an address, or @domain for all of a domain",
                       BYTES_ARGUMENTS(bytes_slice(name, 0, 80)));
    }
    if ((granted & withdrawn) != 0) {
        return why_set(why, SK_CONFIG,
                       "recipient %.*s: a family stands in consent and in withdrawn",
                       BYTES_ARGUMENTS(bytes_slice(name, 0, 80)));
    }
    *r = permit_of_profile(settings->profile);
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if ((granted & FAMILY_BIT(family)) != 0) {
            r->families |= FAMILY_BIT(family);
            r->grounds[family] = GROUND_CONSENT;
        }
        if ((withdrawn & FAMILY_BIT(family)) != 0) {
            r->families &= ~FAMILY_BIT(family);
            r->grounds[family] = GROUND_NONE;
        }
    }
    table_put(&settings->recipients, name, r);
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
        if (permit_grant(arena, settings, bytes_copy(arena, address), grant, withdraw,
                         &inner) != SK_OK) {
            return why_set_line(why, SK_CONFIG, number, "line %zu of permit.store: %s",
                                number, inner.sentence);
        }
    }
    return SK_OK;
}

static enum sk_code
permit_store_load(struct arena *arena, struct permit_settings *settings, struct bytes path,
                  struct why *why)
{
    struct writer w;
    FILE *file = fopen(bytes_text(arena, path), "re");

    if (file == NULL) {
        return why_set(why, SK_SYSTEM, "permit.store %.*s cannot be read",
                       BYTES_ARGUMENTS(bytes_slice(path, 0, 200)));
    }
    writer_init(&w, arena);
    for (size_t got = 1; got > 0 && w.size <= LIMIT_PERMIT_STORE;) {
        got = fread(writer_reserve(&w, 65536), 1, 65536, file);
        writer_did(&w, got);
    }
    bool whole = feof(file) != 0;
    fclose(file);
    if (!whole) {
        return why_set(why, SK_LIMIT, "permit.store is over %d bytes", LIMIT_PERMIT_STORE);
    }
    return permit_store_read(arena, settings, writer_view(&w), why);
}

enum sk_code
permit_settings_new(struct arena *arena, const struct config *config,
                    const struct permit_settings **settings_r, struct why *why)
{
    struct permit_settings *settings = ARENA_NEW(arena, struct permit_settings);
    struct bytes store = config_text(config, "permit.store");
    enum sk_code code = SK_OK;

    settings->profile = (enum permit_profile)config_choice(config, "permit.profile");
    table_init(&settings->recipients, arena, true);
    if (store.size > 0) {
        code = permit_store_load(arena, settings, store, why);
    }
    /* What the configuration says of a recipient stands over the store. */
    for (size_t i = 0; code == SK_OK && i < config_named_count(config, "recipient"); i++) {
        code = permit_grant(arena, settings, config_named(config, "recipient", i),
                            config_named_choices(config, "recipient", i, "consent"),
                            config_named_choices(config, "recipient", i, "withdrawn"), why);
    }
    *settings_r = settings;
    return code;
}

const struct permit *
permit_new(struct arena *arena, const struct permit_settings *settings,
           const struct arrival *arrival)
{
    struct permit *permit = ARENA_NEW(arena, struct permit);
    const struct permit_recipient standard = permit_of_profile(settings->profile);

    permit->profile = settings->profile;
    permit->recipient_count = arrival->recipient_count;
    permit->recipients =
        ARENA_NEW_MANY(arena, arrival->recipient_count, struct permit_recipient);
    for (size_t i = 0; i < arrival->recipient_count; i++) {
        struct bytes address = arrival->recipients[i].address;
        size_t at = bytes_find_last(address, '@');
        const struct permit_recipient *own = table_get(&settings->recipients, address);
        if (own == NULL && at != BYTES_NOWHERE) {
            own = table_get(&settings->recipients, bytes_from(address, at));
        }
        permit->recipients[i] = own != NULL ? *own : standard;
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
    };

    return names[ground];
}

const char *
permit_profile_name(enum permit_profile profile)
{
    static const char *const names[] = {"carrier", "enterprise", "school", "public_office"};

    return names[profile];
}
