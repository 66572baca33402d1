#include "permit/consent.h"

#include <time.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/tap.h"
#include "permit/permit.h"
#include "permit/settings.h"
#include "permit/texts.h"

#define SHA  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHA2 "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct arena arena;

static bool
say(struct consents *c, uint64_t index, const char *text)
{
    return consents_entry(c, index, bytes_from_text(text));
}

static uint32_t
granted(const struct consents *c, const char *name)
{
    const struct consent_recipient *r = consents_find(c, bytes_from_text(name));
    uint32_t families = 0;

    for (const struct consent_word *w = r == NULL ? NULL : r->words; w != NULL;
         w = w->next) {
        families |= w->granted ? w->families : 0;
    }
    return families;
}

#define GRANT(address, families)                                                           \
    "{\"v\":1,\"kind\":\"consent\",\"time\":5000,\"by\":\"root (uid "                      \
    "0)\",\"channel\":\"command\",\"act\":\"grant\",\"address\":\"" address                \
    "\",\"families\":[" families "],\"agreed\":{\"id\":\"content.ja\",\"sha256\":\"" SHA   \
    "\"},\"told\":{\"by\":\"mother\",\"channel\":\"letter\",\"time\":4000}}"
#define WITHDRAW(address, families)                                                        \
    "{\"v\":1,\"kind\":\"consent\",\"time\":6000,\"by\":\"x\",\"channel\":\"console\","    \
    "\"act\":\"withdraw\",\"address\":\"" address "\",\"families\":[" families             \
    "],\"told\":{\"channel\":\"phone\",\"time\":5900}}"
#define LIST(act, list, entry)                                                             \
    "{\"v\":1,\"kind\":\"consent.list\",\"time\":7000,\"act\":\"" act                      \
    "\",\"address\":\"a@example.jp\",\"list\":\"" list "\",\"entry\":\"" entry "\"}"

static void
test_words(void)
{
    struct consents *c = consents_new();

    tap_ok(say(c, 3, GRANT("a@example.jp", "\"content\",\"links\"")), "a grant");
    tap_ok(granted(c, "a@example.jp") ==
               (FAMILY_BIT(FAMILY_CONTENT) | FAMILY_BIT(FAMILY_LINKS)),
           "of two families");
    const struct consent_word *w = consents_find(c, BYTES("a@example.jp"))->words;
    tap_ok(w->index == 3 && w->time_ms == 5000 && w->told_ms == 4000 &&
               w->channel == CHANNEL_LETTER && bytes_is(w->told_by, "mother") &&
               bytes_is(w->by, "root (uid 0)") && bytes_is(w->text->id, "content.ja"),
           "with who, when, how and which text");
    tap_ok(say(c, 4, WITHDRAW("a@example.jp", "\"links\"")), "one is withdrawn");
    tap_ok(granted(c, "a@example.jp") == FAMILY_BIT(FAMILY_CONTENT), "the other stays");
    w = consents_find(c, BYTES("a@example.jp"))->words;
    tap_ok(!w->granted && w->text == NULL && !w->erased && w->channel == CHANNEL_PHONE,
           "the newest word is the withdrawal");
    tap_ok(say(c, 5,
               "{\"v\":1,\"kind\":\"erase\",\"recipient\":\"a@example.jp\","
               "\"families\":[\"links\",\"content\"]}") &&
               consents_find(c, BYTES("a@example.jp"))->words->erased,
           "what rested on it is ordered to be erased");
    tap_ok(granted(c, "a@example.jp") == FAMILY_BIT(FAMILY_CONTENT),
           "which takes no consent away");
    tap_ok(say(c, 6, GRANT("a@example.jp", "\"links\"")) &&
               granted(c, "a@example.jp") ==
                   (FAMILY_BIT(FAMILY_CONTENT) | FAMILY_BIT(FAMILY_LINKS)),
           "and given again");
    static const char *const nothing[] = {
        "",
        "{",
        "[]",
        "{\"kind\":\"consent\"}",
        "{\"kind\":\"message\",\"address\":\"a@example.jp\"}",
        WITHDRAW("a@example.jp", "\"everything\""),
        WITHDRAW("", "\"content\""),
        WITHDRAW("a\\u0009b@example.jp", "\"content\""),
        WITHDRAW("a\\u000ab@example.jp", "\"content\""),
    };
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
        tap_ok(!say(c, 9, nothing[i]), "says nothing: %zu", i);
    }
    tap_ok(consents_count(c) == 1, "and adds nobody");
    consents_free(c);
}

static void
test_lists(void)
{
    struct consents *c = consents_new();

    tap_ok(say(c, 1, LIST("add", "allow", "shop.example")) &&
               say(c, 2, LIST("add", "refuse", "bad.example")),
           "two entries");
    tap_ok(!say(c, 3, LIST("add", "allow", "shop.example")),
           "the same again is nothing new");
    const struct consent_recipient *r = consents_find(c, BYTES("a@example.jp"));
    tap_ok(r->listed_count == 2 && r->listed->list == LIST_ALLOW && r->listed->index == 1,
           "in the order given");
    tap_ok(say(c, 4, LIST("remove", "allow", "shop.example")) && r->listed_count == 1 &&
               r->listed->list == LIST_REFUSE,
           "one is removed");
    tap_ok(!say(c, 5, LIST("remove", "allow", "shop.example")), "it is not there any more");
    tap_ok(say(c, 6, LIST("on", "only", "")) && r->only &&
               !say(c, 7, LIST("on", "only", "")) && say(c, 8, LIST("off", "only", "")) &&
               !r->only,
           "only those allowed: on and off");
    tap_ok(!say(c, 9, LIST("add", "block", "x.example")) &&
               !say(c, 10, LIST("put", "allow", "x.example")),
           "other words are none");
    consents_free(c);
}

static void
test_book(void)
{
    struct consents *c = consents_new(), *again = consents_new();
    struct writer first, second;
    struct why why;

    say(c, 1, "{\"kind\":\"rule\",\"sha256\":\"" SHA2 "\"}");
    say(c, 3, GRANT("a@example.jp", "\"content\",\"links\""));
    say(c, 4, WITHDRAW("a@example.jp", "\"links\""));
    say(c, 5, WITHDRAW("@example.com", "\"dmarc\""));
    say(c, 6, LIST("add", "rescue", "ml.example"));
    say(c, 7, LIST("on", "only", ""));
    writer_init(&first, &arena);
    writer_init(&second, &arena);
    consents_save(c, &first);
    tap_ok(consents_load(again, writer_view(&first), &why) == SK_OK, "a book is read");
    consents_save(again, &second);
    struct bytes a = writer_view(&first), b = writer_view(&second);
    tap_ok(a.size == b.size && granted(again, "a@example.jp") == FAMILY_BIT(FAMILY_CONTENT),
           "and says the same");
    uint64_t index;
    tap_ok(bytes_is(consents_rule(again, &index), SHA2) && index == 1,
           "the operator's rule is in it");
    const struct consent_recipient *r = consents_find(again, BYTES("a@example.jp"));
    tap_ok(r->only && r->only_index == 7 && r->listed_count == 1 &&
               bytes_is(r->listed->entry, "ml.example"),
           "and the lists");
    size_t more = 0;
    for (size_t cut = 1; cut < a.size; cut++) {
        more += consents_load(again, bytes_slice(a, 0, cut), &why) == SK_OK &&
                (granted(again, "a@example.jp") & ~FAMILY_BIT(FAMILY_CONTENT)) != 0;
    }
    tap_ok(more == 0, "cut anywhere it is refused or allows no more than the whole");
    static const char *const broken[] = {"x\ty\n",
                                         "w\tg\t1\t2\t3\t0\t0\t4\tx\t\n",
                                         "r\ta@b.example\t2\t0\n",
                                         "r\t\t0\t0\n",
                                         "\n",
                                         "t\t1\tshort\tid\n"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        tap_ok(consents_load(again, bytes_from_text(broken[i]), &why) == SK_BAD &&
                   consents_count(again) == 0,
               "broken: %zu", i);
    }
    tap_ok(consents_load(again, BYTES_NONE, &why) == SK_OK && consents_count(again) == 0,
           "from nothing");
    consents_free(c);
    consents_free(again);
}

static const struct permit_settings *
settings_under(const char *text)
{
    const struct config *config;
    const struct permit_settings *settings;
    struct why why;

    if (config_read(&arena, permit_config_keys, bytes_from_text(text), &config, &why) !=
            SK_OK ||
        permit_settings_new(&arena, config, NULL, &settings, &why) != SK_OK) {
        return NULL;
    }
    return settings;
}

static void
test_many(void)
{
    enum { MANY = 130000 };
    struct consents *c = consents_new(), *again = consents_new();
    struct arena large;
    struct writer w;
    struct why why;
    char line[600];

    for (int i = 0; i < MANY; i++) {
        snprintf(line, sizeof line, GRANT("customer%d@mail.example.jp", "\"content\""), i);
        say(c, (uint64_t)i, line);
    }
    arena_init(&large, (size_t)512 << 20);
    writer_init(&w, &large);
    consents_save(c, &w);
    clock_t began = clock();
    tap_ok(consents_load(again, writer_view(&w), &why) == SK_OK &&
               consents_count(again) == MANY,
           "130,000 recipients are read");
    double seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
    tap_ok(seconds < 1, "in under a second of processor time (%.2f s, a book of %zu bytes)",
           seconds, w.size);
    tap_ok(consents_memory(again) < (size_t)100 << 20, "in under 100 MB (%zu bytes)",
           consents_memory(again));
    const struct permit_settings *settings = settings_under("");
    enum { ASKED = 100000 };
    size_t found = 0;
    began = clock();
    for (int i = 0; i < ASKED; i++) {
        snprintf(line, sizeof line, "Customer%d@Mail.example.jp", i * 7 % MANY);
        struct permit_recipient r =
            permit_of(&large, settings, again, bytes_from_text(line));
        found += (r.families & FAMILY_BIT(FAMILY_CONTENT)) != 0;
    }
    seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
    tap_ok(found == ASKED && seconds < 1, "a permit takes %.2f us among them",
           1e6 * seconds / ASKED);
    arena_release(&large);
    consents_free(c);
    consents_free(again);
}

/* Stands for parse's work. */
static bool
ascii(struct arena *a, struct bytes domain, struct bytes *ascii_r)
{
    *ascii_r = BYTES("xn--wgv71a.example");
    return bytes_is(domain, "\xe6\x97\xa5\xe6\x9c\xac.example");
}

static void
test_names(void)
{
    static const struct {
        const char *written, *name;
    } names[] = {
        {"Taro@Example.JP", "taro@example.jp"},
        {"taro@example.jp.", "taro@example.jp"},
        {"\"taro\"@example.jp", "taro@example.jp"},
        {"\"ta\\ro\"@example.jp", "taro@example.jp"},
        {"\"a..b\"@example.jp", "\"a..b\"@example.jp"},
        {"\"a@b\"@example.jp", "\"a@b\"@example.jp"},
        {"@Example.jp", "@example.jp"},
        {"taro@[192.0.2.1]", "taro@[192.0.2.1]"},
        {"taro@\xe6\x97\xa5\xe6\x9c\xac.example", "taro@xn--wgv71a.example"},
        {"\xe5\xa4\xaa\xe9\x83\x8e@example.jp", "\xe5\xa4\xaa\xe9\x83\x8e@example.jp"},
        {"taro", NULL},
        {"", NULL},
        {"taro@", NULL},
        {"taro@.", NULL},
        {"taro@.jp", NULL},
        {"taro@example.jp..", NULL},
        {"taro@example..jp", NULL},
        {"ta ro@example.jp", NULL},
        {"ta\tro@example.jp", NULL},
        {"<taro@example.jp>", NULL},
        {"ta\xffro@example.jp", NULL},
        {"taro@\xe6\x97\xa5.example", NULL},
    };
    struct bytes name;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        bool is = recipient_name(&arena, bytes_from_text(names[i].written), ascii, &name);
        tap_ok(is == (names[i].name != NULL) && (!is || bytes_is(name, names[i].name)),
               "name %zu: %s", i, names[i].name != NULL ? names[i].name : "none");
    }
    char longest[LIMIT_ADDRESS + 2];
    memset(longest, 'a', sizeof longest);
    memcpy(longest + LIMIT_ADDRESS - 11, "@example.jp", 12);
    tap_ok(recipient_name(&arena, bytes_from_text(longest), NULL, &name),
           "an address of LIMIT_ADDRESS bytes");
    memset(longest, 'a', LIMIT_ADDRESS);
    memcpy(longest + LIMIT_ADDRESS - 10, "@example.jp", 12);
    tap_ok(!recipient_name(&arena, bytes_from_text(longest), NULL, &name), "one byte more");
    tap_ok(bytes_is(recipient_without_detail(&arena, BYTES("a+b+c@example.jp"), '+'),
                    "a@example.jp") &&
               recipient_without_detail(&arena, BYTES("+b@example.jp"), '+').size == 0 &&
               recipient_without_detail(&arena, BYTES("a@b+c.example"), '+').size == 0,
           "a detail is what stands behind the first sign, if something stands before it");
    static const struct {
        const char *written, *entry;
    } entries[] = {
        {"Shop.Example", "shop.example"},
        {"@shop.example", "shop.example"},
        {"News@Shop.example", "news@shop.example"},
        {"example", NULL},
        {"", NULL},
        {"a b.example", NULL},
        {"x@", NULL},
        {"@a@b.example", NULL},
    };
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        bool is =
            consent_list_entry(&arena, bytes_from_text(entries[i].written), NULL, &name);
        tap_ok(is == (entries[i].entry != NULL) &&
                   (!is || bytes_is(name, entries[i].entry)),
               "entry %zu", i);
    }
}

static struct permit_recipient
ask(const char *text, const struct consents *c, const char *address)
{
    return permit_of(&arena, settings_under(text), c, bytes_from_text(address));
}

static bool
allows(const char *text, const struct consents *c, const char *address,
       enum permit_family family)
{
    return (ask(text, c, address).families & FAMILY_BIT(family)) != 0;
}

static void
test_precedence(void)
{
    static const char carrier[] = "", school[] = "[permit]\nprofile = school\n";
    static const char detail[] = "[permit]\ndetail = +\n";
    static const char withdrawn[] = "[recipient a@example.jp]\nwithdrawn = content\n";
    static const char given[] = "[recipient b@example.jp]\nconsent = content\n";
    struct consents *c = consents_new();

    say(c, 3, GRANT("a@example.jp", "\"content\""));
    say(c, 4, WITHDRAW("b@example.jp", "\"content\""));
    say(c, 5, GRANT("@whole.example", "\"content\",\"links\""));
    say(c, 6, WITHDRAW("x@whole.example", "\"content\""));
    struct permit_recipient r = ask(carrier, c, "A@example.jp");
    tap_ok((r.families & FAMILY_BIT(FAMILY_CONTENT)) != 0 &&
               r.grounds[FAMILY_CONTENT] == GROUND_CONSENT &&
               r.entries[FAMILY_CONTENT] == 3,
           "the ledger's consent counts and is named, whatever the case of the address");
    tap_ok(r.entries[FAMILY_SOURCE] == PERMIT_NO_ENTRY, "what the law allows has no entry");
    tap_ok(allows(carrier, c, "\"a\"@example.jp", FAMILY_CONTENT), "nor the quotes");
    tap_ok(!allows(withdrawn, c, "a@example.jp", FAMILY_CONTENT),
           "a withdrawal in the configuration wins over the ledger's consent");
    tap_ok(!allows(given, c, "b@example.jp", FAMILY_CONTENT),
           "a withdrawal in the ledger wins over the configuration's consent");
    tap_ok(!allows(school, c, "b@example.jp", FAMILY_CONTENT) &&
               allows(school, c, "b@example.jp", FAMILY_LINKS),
           "and over the house rule, for its family");
    tap_ok(allows(carrier, c, "y@whole.example", FAMILY_CONTENT), "a domain's consent");
    tap_ok(!allows(carrier, c, "x@whole.example", FAMILY_CONTENT) &&
               allows(carrier, c, "x@whole.example", FAMILY_LINKS),
           "one's own word goes before it, family by family");
    tap_ok(!allows(carrier, c, "a+shop@example.jp", FAMILY_CONTENT),
           "user+detail is somebody else where nothing is said of it");
    tap_ok(allows(detail, c, "a+shop@example.jp", FAMILY_CONTENT),
           "and the user himself with permit.detail");
    tap_ok(!allows(carrier, NULL, "a@example.jp", FAMILY_CONTENT),
           "no consents: the profile");
    consents_free(c);
}

static void
test_profiles(void)
{
    static const char terms[] = "[permit]\nfive_conditions = yes\n";
    static const char objects[] =
        "[permit]\nfive_conditions = yes\n[recipient a@example.jp]\nwithdrawn = dmarc\n";
    struct consents *c = consents_new();
    struct permit_recipient r = ask("", NULL, "a@example.jp");

    tap_ok((r.families & FAMILY_BIT(FAMILY_DMARC)) == 0,
           "a carrier applies no DMARC policy without consent");
    r = ask(terms, NULL, "a@example.jp");
    tap_ok((r.families & FAMILY_BIT(FAMILY_DMARC)) != 0 &&
               r.grounds[FAMILY_DMARC] == GROUND_TERMS,
           "unless his terms meet the five conditions");
    tap_ok(!allows(objects, NULL, "a@example.jp", FAMILY_DMARC),
           "and the recipient objects");
    tap_ok(!allows(terms, NULL, "a@example.jp", FAMILY_CONTENT), "they cover no content");
    say(c, 8, "{\"kind\":\"rule\",\"sha256\":\"" SHA2 "\"}");
    r = ask("[permit]\nprofile = enterprise\n", c, "a@example.jp");
    tap_ok(r.grounds[FAMILY_CONTENT] == GROUND_HOUSE_RULE && r.entries[FAMILY_CONTENT] == 8,
           "a house rule rests on the entry that holds its text");
    const struct permit_rule *rule =
        permit_rule(settings_under("[permit]\nprofile = school\n"));
    tap_ok(rule->text.size > 500 && bytes_is(rule->id, "house-rule.ja"),
           "a text is there for who wrote none");
    tap_ok(settings_under("[permit]\nprofile = school\nhouse_rule = /nonexistent\n") ==
               NULL,
           "one that is not there is told");
    tap_ok(permit_rule(settings_under(""))->text.size == 0, "a carrier has no house rule");
    consents_free(c);
}

static void
test_texts(void)
{
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        const struct consent_words *ja =
            consent_words_for((enum permit_family)family, BYTES("ja"));
        const struct consent_words *en =
            consent_words_for((enum permit_family)family, BYTES("en"));
        tap_ok(ja != NULL && en != NULL && ja->text.size > 500 && en->text.size > 500 &&
                   strcmp(ja->sha256, en->sha256) != 0 && strlen(ja->sha256) == 64,
               "%s has texts", permit_family_name((enum permit_family)family));
    }
    const struct consent_words *words = consent_words_find(BYTES("content.ja"));
    tap_ok(words != NULL && consent_words_find(
                                bytes_slice(bytes_from_text(words->sha256), 0, 8)) == words,
           "by id and by the first digits of its hash");
    tap_ok(consent_words_find(bytes_slice(bytes_from_text(words->sha256), 0, 7)) == NULL &&
               consent_words_find(BYTES("contents.ja")) == NULL &&
               consent_words_find(BYTES("")) == NULL,
           "others are not known");
}

int
main(void)
{
    arena_init(&arena, 256u << 20);
    test_words();
    test_lists();
    test_book();
    test_many();
    test_names();
    test_precedence();
    test_profiles();
    test_texts();
    arena_release(&arena);
    return tap_done();
}
