#include "permit/permit.h"

#include "base/tap.h"
#include "permit/settings.h"

static struct arena arena;

static const struct permit *
permit_under(const char *text, struct why *why, const char *first, const char *second)
{
    const struct config *config;
    const struct permit_settings *settings;
    struct arrival *arrival = ARENA_NEW(&arena, struct arrival);

    if (config_read(&arena, permit_config_keys, bytes_from_text(text), &config, why) !=
            SK_OK ||
        permit_settings_new(&arena, config, &settings, why) != SK_OK) {
        return NULL;
    }
    arrival->recipients = ARENA_NEW_MANY(&arena, 2, struct arrival_recipient);
    arrival->recipients[0].address = bytes_from_text(first);
    arrival->recipients[1].address = bytes_from_text(second);
    arrival->recipient_count = second != NULL ? 2 : 1;
    return permit_new(&arena, settings, arrival);
}

static void
test_carrier(void)
{
    struct why why;
    const struct permit *p =
        permit_under("[permit]\nprofile = carrier\n"
                     "[recipient a@example.jp]\nconsent = content, links\n"
                     "[recipient @school.example.jp]\nconsent = threat\n",
                     &why, "a@example.jp", "b@example.jp");

    tap_ok(p != NULL, "settings are read");
    tap_ok((p->recipients[0].families & FAMILY_BIT(FAMILY_CONTENT)) != 0,
           "a has consented");
    tap_ok(p->recipients[0].grounds[FAMILY_CONTENT] == GROUND_CONSENT, "by consent");
    tap_ok((p->recipients[1].families & FAMILY_BIT(FAMILY_CONTENT)) == 0, "b has not");
    tap_ok((p->recipients[1].families & FAMILY_BIT(FAMILY_SOURCE)) != 0,
           "b: source is a lawful act");
    tap_ok(p->recipients[1].grounds[FAMILY_SOURCE] == GROUND_LAWFUL_ACT, "its ground");
    tap_ok(permit_has(p, FAMILY_CONTENT), "the union has content");
    tap_ok(!permit_has(p, FAMILY_THREAT), "nobody allowed threat");
    p = permit_under("[recipient @School.example.jp]\nconsent = threat\n", &why,
                     "x@school.example.jp", NULL);
    tap_ok(p != NULL && permit_has(p, FAMILY_THREAT), "a domain's consent, in any case");
    p = permit_under("", &why, "x@school.example.jp", NULL);
    tap_ok(p != NULL && p->profile == PROFILE_CARRIER && !permit_has(p, FAMILY_CONTENT),
           "nothing said: the carrier's profile, no content");
}

static void
test_withdrawn(void)
{
    struct why why;
    const struct permit *p = permit_under(
        "[permit]\nprofile = school\n[recipient t@example.jp]\nwithdrawn = content\n", &why,
        "t@example.jp", "u@example.jp");

    tap_ok(p != NULL && (p->recipients[0].families & FAMILY_BIT(FAMILY_CONTENT)) == 0,
           "withdrawal beats the house rule");
    tap_ok(p != NULL && p->recipients[1].grounds[FAMILY_CONTENT] == GROUND_HOUSE_RULE,
           "the house rule is the ground of the other");
    p = permit_under("[recipient t@example.jp]\nconsent = content\nwithdrawn = content\n",
                     &why, "t@example.jp", NULL);
    tap_ok(p == NULL && why.code == SK_CONFIG, "both at once is refused");
    p = permit_under("[recipient taro]\nconsent = content\n", &why, "t@example.jp", NULL);
    tap_ok(p == NULL && why.code == SK_CONFIG, "a name that is no address is refused");
    p = permit_under("[recipient t@example.jp]\nconsent = contents\n", &why, "t@example.jp",
                     NULL);
    tap_ok(p == NULL && why.line == 2, "an unknown family names its line");
}

static void
test_names(void)
{
    enum permit_family family;

    for (unsigned i = 0; i < FAMILY_COUNT; i++) {
        const char *name = permit_family_name((enum permit_family)i);
        tap_ok(permit_family_read(bytes_from_text(name), &family) && family == i, "%s",
               name);
    }
    tap_ok(!permit_family_read(BYTES("all"), &family), "no such family");
    const struct permit *p = permit_for_tool(&arena, FAMILY_BIT(FAMILY_LINKS));
    tap_ok(permit_has(p, FAMILY_LINKS) && !permit_has(p, FAMILY_CONTENT),
           "a tool's permit");
}

int
main(void)
{
    arena_init(&arena, 16 << 20);
    test_carrier();
    test_withdrawn();
    test_names();
    arena_release(&arena);
    return tap_done();
}
