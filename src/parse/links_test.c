#include "parse/links.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/tap.h"
#include "base/why.h"
#include "base/writer.h"

static struct arena arena;

/* What is found in a text, joined by blanks: written=href. */
static void
check(const char *text, const char *const expected[][2], size_t count)
{
    struct link *links;
    size_t found = links_in_text(&arena, bytes_from_text(text), &links);

    tap_ok(found == count, "'%s': %zu links", text, found);
    for (size_t i = 0; i < found && i < count; i++) {
        tap_ok(bytes_is(links[i].written, expected[i][0]), "'%s': written %.*s", text,
               BYTES_ARGUMENTS(links[i].written));
        tap_ok(bytes_is(links[i].href, expected[i][1]), "'%s': href %.*s", text,
               BYTES_ARGUMENTS(links[i].href));
    }
}

static void
test_found(void)
{
    check("see http://Example.com/a.",
          (const char *const[][2]){{"http://Example.com/a", "http://example.com/a"}}, 1);
    check("詳細はhttps://example.jp/登録はこちら",
          (const char *const[][2]){{"https://example.jp/", "https://example.jp/"}}, 1);
    check("（http://example.jp/a）を",
          (const char *const[][2]){{"http://example.jp/a", "http://example.jp/a"}}, 1);
    check("http://example.jp。次",
          (const char *const[][2]){{"http://example.jp", "http://example.jp/"}}, 1);
    check(
        "(see http://example.com/a_(b))",
        (const char *const[][2]){{"http://example.com/a_(b)", "http://example.com/a_(b)"}},
        1);
    check("今すぐwww.example.co.jp/xへ",
          (const char *const[][2]){{"www.example.co.jp/x", "http://www.example.co.jp/x"}},
          1);
    check("visit example.com today",
          (const char *const[][2]){{"example.com", "http://example.com/"}}, 1);
    check("mail taro@example.jp, or",
          (const char *const[][2]){{"taro@example.jp", "mailto:taro@example.jp"}}, 1);
    check(
        "a.b.c@mail.example.jp",
        (const char *const[][2]){{"a.b.c@mail.example.jp", "mailto:a.b.c@mail.example.jp"}},
        1);
    check("<http://example.com/?a=b&c=d>",
          (const char *const[][2]){
              {"http://example.com/?a=b&c=d", "http://example.com/?a=b&c=d"}},
          1);
    check("http://192.0.2.1:8080/x",
          (const char *const[][2]){{"http://192.0.2.1:8080/x", "http://192.0.2.1:8080/x"}},
          1);
    check("example.com http://example.org/",
          (const char *const[][2]){{"example.com", "http://example.com/"},
                                   {"http://example.org/", "http://example.org/"}},
          2);
}

static void
test_not_found(void)
{
    static const char *const texts[] = {
        "",
        ".",
        "a.b",
        "version 1.2.3",
        "end.Next sentence",
        "report.docx",
        "a..com",
        "http://",
        "://x",
        "@",
        "@example",
        "x@",
        "e.g. this",
        "192.0.2.1",
        "main.py",
        "-.jp",
        "12:30",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        check(texts[i], NULL, 0);
    }
}

/* What programs are not meant to see: written, href, flags. */
static void
test_undone(void)
{
    static const struct {
        const char *text, *written, *href;
        unsigned flags;
    } rows[] = {
        {"hxxp://evil.example.com/x y", "hxxp://evil.example.com/x",
         "http://evil.example.com/x", LINK_DEFANGED},
        {"見よ hXXps://evil.example.com/ だ", "hXXps://evil.example.com/",
         "https://evil.example.com/", LINK_DEFANGED},
        {"h**p://evil.example.com", "h**p://evil.example.com", "http://evil.example.com/",
         LINK_DEFANGED},
        {"http[:]//evil[.]example(.)com/a", "http[:]//evil[.]example(.)com/a",
         "http://evil.example.com/a", LINK_DEFANGED},
        {"場所はttp://example.jp/aです", "ttp://example.jp/a", "http://example.jp/a",
         LINK_DEFANGED},
        {"ttps://example.jp/", "ttps://example.jp/", "https://example.jp/", LINK_DEFANGED},
        {"example[dot]com/x", "example[dot]com/x", "http://example.com/x", LINK_DEFANGED},
        {"example【ドット】comへ", "example【ドット】com", "http://example.com/",
         LINK_DEFANGED},
        {"taro (at) example.jp", "taro", "", 0},
        {"taro(at)example.jp", "taro(at)example.jp", "mailto:taro@example.jp",
         LINK_DEFANGED},
        {"ｈｔｔｐｓ：／／ｅｘａｍｐｌｅ．ｃｏｍ／ａへ",
         "ｈｔｔｐｓ：／／ｅｘａｍｐｌｅ．ｃｏｍ／ａ", "https://example.com/a", LINK_WIDE},
        {"ｗｗｗ．example．co。jpです", "ｗｗｗ．example．co。jp",
         "http://www.example.co.jp/", LINK_WIDE},
        {"http：//example.jp/", "http：//example.jp/", "http://example.jp/", LINK_WIDE},
        {"http://0x7f.0.0.1/", "http://0x7f.0.0.1/", "http://127.0.0.1/",
         LINK_ADDRESS | LINK_ODD_ADDRESS},
        {"http://2130706433/a", "http://2130706433/a", "http://127.0.0.1/a",
         LINK_ADDRESS | LINK_ODD_ADDRESS},
        {"http://192.0.2.1/", "http://192.0.2.1/", "http://192.0.2.1/", LINK_ADDRESS},
        {"http://www.bank.co.jp@evil.example.com/",
         "http://www.bank.co.jp@evil.example.com/",
         "http://www.bank.co.jp@evil.example.com/", LINK_USERINFO},
        {"http://例え.jp/aへ", "http://例え.jp/a", "http://xn--r8jz45g.jp/a", LINK_IDN},
        {"詳細http://例え.jpまで", "http://例え.jp", "http://xn--r8jz45g.jp/", LINK_IDN},
        {"http://さくら.みんな/x", "http://さくら.みんな/x",
         "http://xn--y8jl1n.xn--q9jyb4c/x", LINK_IDN},
        {"https://bit.ly/abc", "https://bit.ly/abc", "https://bit.ly/abc", LINK_SHORTENER},
        {"https://l.facebook.com/l.php?u=x", "https://l.facebook.com/l.php?u=x",
         "https://l.facebook.com/l.php?u=x", LINK_REDIRECTOR},
        {"https://my.jcb.co.jp.example.com/", "https://my.jcb.co.jp.example.com/",
         "https://my.jcb.co.jp.example.com/", LINK_LOOKALIKE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct link *links;
        size_t count = links_in_text(&arena, bytes_from_text(rows[i].text), &links);
        if (rows[i].href[0] == 0) {
            continue;
        }
        tap_ok(count == 1, "'%s': %zu links", rows[i].text, count);
        if (count == 1) {
            tap_ok(bytes_is(links[0].written, rows[i].written), "written %.*s",
                   BYTES_ARGUMENTS(links[0].written));
            tap_ok(bytes_is(links[0].href, rows[i].href), "href %.*s",
                   BYTES_ARGUMENTS(links[0].href));
            tap_ok(links[0].flags == rows[i].flags, "flags %x, not %x", links[0].flags,
                   rows[i].flags);
        }
    }
}

static void
test_skeletons(void)
{
    static const char *const pairs[][3] = {
        {"arnazon.co.jp", "amazon.co.jp", "same"},
        {"g00gle.com", "google.com", "same"},
        {"paypa1.com", "paypal.com", "same"},
        {"xn--pple-43d.com", "apple.com", "same"},
        {"аpple.com", "apple.com", "same"},
        {"аррӏе.com", "apple.com", "same"},
        {"paypai.com", "paypal.com", "same"},
        {"example.com", "example.org", ""},
        {"例え.jp", "例之.jp", ""},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct bytes a = link_skeleton(&arena, bytes_from_text(pairs[i][0])),
                     b = link_skeleton(&arena, bytes_from_text(pairs[i][1]));
        tap_ok(bytes_equal(a, b) == (pairs[i][2][0] != 0), "%s and %s", pairs[i][0],
               pairs[i][1]);
    }
    tap_ok(link_skeleton(&arena, BYTES_NONE).size == 0, "nothing has none");
}

/* Targets in links: hosts in their order, joined by blanks. */
static void
check_follow(const char *href, const char *expected)
{
    struct link *links = ARENA_NEW(&arena, struct link);
    struct writer w;

    link_resolve(&arena, &links[0], bytes_from_text(href), BYTES_NONE);
    size_t count = links_follow(&arena, &links, 1, LIMIT_LINKS);
    writer_init(&w, &arena);
    for (size_t i = 1; i < count; i++) {
        writer_text(&w, i > 1 ? " " : "");
        writer_bytes(&w, links[i].host);
        SK_ASSERT(links[i].kind == LINK_NESTED && links[i].outer < i);
    }
    tap_ok(bytes_is(writer_view(&w), expected), "in %s: %.*s", href,
           BYTES_ARGUMENTS(writer_view(&w)));
}

static void
test_follow(void)
{
    check_follow("https://a.example/?url=https%3A%2F%2Fb.example.com%2Fx&c=d",
                 "b.example.com");
    check_follow("https://a.example/?u=http://b.example.com/?v=1&c=d", "b.example.com");
    check_follow("https://a.example/r/https://b.example.com/?x=y", "b.example.com");
    check_follow("https://a.example/#http://b.example.com/", "b.example.com");
    check_follow("https://a.example/?u=aHR0cDovL2IuZXhhbXBsZS5jb20v&x", "b.example.com");
    check_follow("https://a.example/?u=aHR0cHM6Ly9iLmV4YW1wbGUuY29tLw==", "b.example.com");
    check_follow("https://urldefense.proofpoint.com/v2/url?u=http-3A__b.example.com_x&d=D",
                 "b.example.com");
    check_follow("https://urldefense.com/v3/__https://b.example.com/x__;!!abc",
                 "b.example.com");
    check_follow(
        "https://a.example/?u=https%3A%2F%2Fb.example.com%2F%3Fv%3Dhttps%253A%252F%"
        "252Fc.example.net%252F",
        "b.example.com c.example.net");
    check_follow("https://a.example.com/?next=https://www.example.com/", "");
    check_follow("https://a.example/", "");
    check_follow("https://a.example/?u=http", "");
    /* As deep as the bound, and one deeper. */
    check_follow("http://a.example/?http://b.example.net/?http://c.example.org/?http://"
                 "d.example.jp/?http://e.example.info/",
                 "b.example.net c.example.org d.example.jp");
    check_follow("http://a.example/?http://b.com&http://c.com&http://d.com&http://e.com",
                 "b.com c.com d.com e.com");
    check_follow("http://a.example/?http://b.com&http://c.com&http://d.com&http://e.com&"
                 "http://f.com",
                 "b.com c.com d.com e.com");
}

static void
test_forgiven(void)
{
    struct link *links = ARENA_NEW_MANY(&arena, 2, struct link);

    for (size_t i = 0; i < 2; i++) {
        links[i].kind = LINK_ANCHOR;
        links[i].text = BYTES("www.shop.co.jp");
    }
    link_resolve(&arena, &links[0], BYTES("http://click.example.com/?u=http://shop.co.jp/"),
                 BYTES_NONE);
    link_resolve(&arena, &links[1], BYTES("http://click.example.com/?u=http://evil.jp/"),
                 BYTES_NONE);
    link_compare(&arena, &links[0]);
    link_compare(&arena, &links[1]);
    tap_ok((links[0].flags & links[1].flags & LINK_SHOWN_OTHER) != 0,
           "both show another site");
    size_t count = links_follow(&arena, &links, 2, LIMIT_LINKS);
    tap_ok(count == 4 && !(links[0].flags & LINK_SHOWN_OTHER),
           "one leads there in the end");
    tap_ok(links[1].flags & LINK_SHOWN_OTHER, "the other does not");
    tap_ok(links_follow(&arena, &links, 2, 3) == 3, "no more than asked for");
}

static void
test_resolve(void)
{
    struct link link = {0};

    link_resolve(&arena, &link, BYTES("HTTPS://www.Example.co.jp/a"), BYTES_NONE);
    tap_ok(bytes_is(link.host, "www.example.co.jp") &&
               bytes_is(link.domain, "example.co.jp"),
           "host and domain are told");
    link_resolve(&arena, &link, BYTES("../x"), BYTES("http://example.com/a/b/"));
    tap_ok(bytes_is(link.href, "http://example.com/a/x"), "a base is used");
    link_resolve(&arena, &link, BYTES("../x"), BYTES_NONE);
    tap_ok(link.href.size == 0 && bytes_is(link.written, "../x"),
           "without one there is no URL");
    link_resolve(&arena, &link, BYTES("mailto:a@Example.jp"), BYTES_NONE);
    tap_ok(bytes_is(link.host, "example.jp"), "the host of a mail address");
    static char url[LIMIT_URL + 2];
    memset(url, 'a', sizeof url);
    memcpy(url, "http://example.com/", 19);
    link_resolve(&arena, &link, bytes_of(url, LIMIT_URL), BYTES_NONE);
    tap_ok(link.written.size == LIMIT_URL, "a link as long as the bound is kept whole");
    link_resolve(&arena, &link, bytes_of(url, LIMIT_URL + 1), BYTES_NONE);
    tap_ok(link.written.size == LIMIT_URL && bytes_is(link.host, "example.com"),
           "one byte more is cut");
}

/* Classes of faults that readers of hostile mail have had. */
static void
test_classes(void)
{
    struct link *links;
    static char long_host[LIMIT_DOMAIN_TEXT * 2] = "http://";

    tap_ok(links_in_text(&arena, BYTES("http://\xc0\xaf.jp/ http://a\xed\xa0\x80.jp/"),
                         &links) <= 1,
           "broken UTF-8 in a host");
    tap_ok(links_in_text(&arena, BYTES("http://\xe4\xbe"), &links) == 0,
           "a letter that is cut off at the end");
    tap_ok(links_in_text(&arena, BYTES("http://İ.com/"), &links) == 1 &&
               bytes_starts(links[0].host, BYTES("xn--")),
           "folding that grows");
    memset(long_host + 7, 'a', sizeof long_host - 8);
    tap_ok(links_in_text(&arena, bytes_from_text(long_host), &links) <= 1,
           "a host longer than any");
    tap_ok(links_in_text(&arena, BYTES("x\0.com http://a\0b.example.com/"), &links) <= 2,
           "NULs");
    tap_ok(links_in_text(&arena, BYTES("http://99999999999999999999/ http://0x1ffffffff/"),
                         &links) == 0,
           "addresses wider than 32 bits");
}

/* A hundred thousand links: as many as the bound, and no time lost with the rest. */
static void
test_many(void)
{
    struct writer w;
    struct link *links;

    writer_init(&w, &arena);
    for (size_t i = 0; i < 100000; i++) {
        writer_format(&w, "http://h%zu.example.com/?u=http://b%zu.example.net/ ", i, i);
    }
    int64_t start = clock_monotonic_ms();
    size_t count = links_in_text(&arena, writer_view(&w), &links);
    tap_ok(count == LIMIT_LINKS, "%zu of 100,000 links are kept", count);
    count = links_follow(&arena, &links, count, LIMIT_LINKS);
    tap_ok(count == LIMIT_LINKS, "and nothing is added to them");
    count = links_follow(&arena, &links, 10, LIMIT_LINKS);
    tap_ok(count == 20 && clock_monotonic_ms() - start < 3000, "ten lead on to ten");
    struct link *one = ARENA_NEW(&arena, struct link);
    struct bytes all = writer_view(&w);
    one->href = bytes_slice(all, 0, LIMIT_URL);
    start = clock_monotonic_ms();
    tap_ok(links_follow(&arena, &one, 1, LIMIT_LINKS) <=
                   1 + LIMIT_LINK_INNER + LIMIT_LINK_INNER * LIMIT_LINK_INNER +
                       LIMIT_LINK_INNER * LIMIT_LINK_INNER * LIMIT_LINK_INNER &&
               clock_monotonic_ms() - start < 1000,
           "a link full of links");
    arena_release(&arena);
}

static void
test_large(void)
{
    static const char *const units[] = {
        "a.b@",       "http://",        "a.",       "@",    ".",
        "x.com ",     "a@b.com,",       "http://[", ":",    "www.",
        "hxxp",       "a[.]",           "Ａ",       "ａ．", "a。",
        "http://あ.", "http://a@",      "[[[[",     "ttp",  "h**p://",
        "（．）",     "http://あ.jp/ ", "aHR0cDov",
    };
    static uint8_t large[1 << 20];

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t size = strlen(units[i]);
        for (size_t at = 0; at < sizeof large; at++) {
            large[at] = (uint8_t)units[i][at % size];
        }
        struct link *links;
        int64_t start = clock_monotonic_ms();
        size_t found = links_in_text(&arena, bytes_of(large, sizeof large), &links);
        tap_ok(found <= LIMIT_LINKS && clock_monotonic_ms() - start < 2000,
               "1 MiB of '%s': %zu links in linear time", units[i], found);
        arena_release(&arena);
    }
}

/* What is looked at in blocks of sixteen bytes: a link and a disguise at each place of them. */
static void
test_blocks(void)
{
    uint8_t text[64 + 64];
    bool plain = true, disguised = true;

    for (size_t n = 0; n < 40; n++) {
        static const char *const written[] = {"www.example.com", "hxxps://example[.]com/"};
        for (size_t i = 0; i < 2; i++) {
            struct link *links;
            size_t size = strlen(written[i]);
            memset(text, ' ', n);
            memcpy(text + n, written[i], size);
            bool is = links_in_text(&arena, bytes_of(text, n + size), &links) == 1 &&
                      bytes_is(links[0].written, written[i]);
            *(i == 0 ? &plain : &disguised) &= is;
        }
    }
    tap_ok(plain, "a link behind 0 to 39 blanks");
    tap_ok(disguised, "and one in disguise");
}

/* Answers of the Public Suffix List are remembered for names of at most 62 bytes. */
static void
test_remembered(void)
{
    bool same = true;

    for (size_t label = 44; label <= 52; label++) {
        char url[128];
        struct link links[2] = {0};
        int size = snprintf(url, sizeof url, "http://%.*s.example.co.jp/", (int)label,
                            "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff");
        for (int i = 0; i < 2; i++) {
            link_resolve(&arena, &links[i], bytes_of(url, (size_t)size), BYTES_NONE);
            same &= bytes_is(links[i].domain, "example.co.jp");
        }
    }
    tap_ok(same, "the domain of hosts of 58 to 66 bytes, asked for twice");
}

/* What hangs on the host alone is taken from a link shortly before; what hangs on how it is written is not. */
static void
test_hosts_again(void)
{
    static const char text[] =
        "http://xn--r8jz45g.jp/a http://bit.ly/x http://paypa1.com/ "
        "http://xn--r8jz45g.jp/b "
        "http://u@paypa1.com/z http://bit.ly:81/ http://xn--r8jz45g.jp/c";
    struct link *links;
    size_t count = links_in_text(&arena, bytes_from_text(text), &links);

    tap_ok(count == 7, "%zu links", count);
    if (count == 7) {
        tap_ok((links[0].flags & links[3].flags & links[6].flags & LINK_IDN) != 0 &&
                   bytes_equal(links[0].domain, links[6].domain) &&
                   bytes_equal(links[0].skeleton, links[6].skeleton),
               "a host three times, with others between");
        tap_ok((links[2].flags & links[4].flags & LINK_LOOKALIKE) != 0 &&
                   bytes_equal(links[2].like, links[4].like) &&
                   (links[2].flags & LINK_USERINFO) == 0 &&
                   (links[4].flags & LINK_USERINFO) != 0,
               "one with a name before it");
        tap_ok((links[1].flags & links[5].flags & LINK_SHORTENER) != 0 &&
                   ((links[0].flags | links[2].flags | links[3].flags) & LINK_SHORTENER) ==
                       0,
               "a shortener between");
    }
}

int
main(void)
{
    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    test_hosts_again();
    test_found();
    test_not_found();
    test_undone();
    test_skeletons();
    test_follow();
    test_forgiven();
    test_resolve();
    test_classes();
    test_many();
    test_blocks();
    test_remembered();
    test_large();
    return tap_done();
}
