#include "permit/permit.h"

#include <stdlib.h>
#include <unistd.h>

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
        permit_settings_new(&arena, config, NULL, &settings, why) != SK_OK) {
        return NULL;
    }
    arrival->recipients = ARENA_NEW_MANY(&arena, 2, struct arrival_recipient);
    arrival->recipients[0].address = bytes_from_text(first);
    arrival->recipients[1].address = bytes_from_text(second);
    arrival->recipient_count = second != NULL ? 2 : 1;
    return permit_new(&arena, settings, NULL, arrival);
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

static const struct permit *
permit_with_store(const char *store, struct why *why, const char *recipient)
{
    char path[] = "/tmp/sekisho-permit-XXXXXX", text[200];
    int fd = mkstemp(path);
    struct bytes content = bytes_from_text(store);

    if (fd < 0 || write(fd, content.at, content.size) != (ssize_t)content.size) {
        return NULL;
    }
    close(fd);
    snprintf(text, sizeof text,
             "[permit]\nstore = %s\n[recipient own@example.jp]\nconsent = links\n", path);
    const struct permit *p = permit_under(text, why, recipient, NULL);
    unlink(path);
    return p;
}

static void
test_store(void)
{
    static const char store[] = "# from the portal\n"
                                "a@example.jp\tcontent,links\n"
                                "b@example.jp\t\tsource\n"
                                "own@example.jp\tthreat\n"
                                "@school.example.jp\tthreat\r\n";
    struct why why;
    const struct permit *p = permit_with_store(store, &why, "A@example.jp");

    tap_ok(p != NULL && permit_has(p, FAMILY_CONTENT) && permit_has(p, FAMILY_LINKS) &&
               !permit_has(p, FAMILY_THREAT),
           "the store's consent counts");
    p = permit_with_store(store, &why, "b@example.jp");
    tap_ok(p != NULL && !permit_has(p, FAMILY_SOURCE), "and its withdrawal");
    p = permit_with_store(store, &why, "x@school.example.jp");
    tap_ok(p != NULL && permit_has(p, FAMILY_THREAT), "a domain in the store");
    p = permit_with_store(store, &why, "own@example.jp");
    tap_ok(p != NULL && permit_has(p, FAMILY_LINKS) && !permit_has(p, FAMILY_THREAT),
           "the configuration stands over the store");
    p = permit_with_store("a@example.jp\tcontent\nb@example.jp\tcontents\n", &why,
                          "x@y.example");
    tap_ok(p == NULL && why.code == SK_CONFIG && why.line == 2,
           "a wrong family names its line");
    p = permit_with_store("taro\tcontent\n", &why, "x@y.example");
    tap_ok(p == NULL && why.line == 1, "no address names its line");
    p = permit_with_store("a@b.example\t\t\tmore\n", &why, "x@y.example");
    tap_ok(p == NULL && why.line == 1, "a fourth column is refused");
    p = permit_under("[permit]\nstore = /nonexistent/consents\n", &why, "x@y.example",
                     NULL);
    tap_ok(p == NULL && why.code == SK_SYSTEM, "a store that is not there is told");
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
    arena_init(&arena, 64 << 20);
    test_carrier();
    test_withdrawn();
    test_store();
    test_names();
    arena_release(&arena);
    return tap_done();
}
