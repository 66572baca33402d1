#include "parse/links.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/tap.h"

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

static void
test_large(void)
{
    static const char *const units[] = {"a.b@",   "http://",  "a.",       "@", ".",
                                        "x.com ", "a@b.com,", "http://[", ":", "www."};
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

int
main(void)
{
    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    test_found();
    test_not_found();
    test_resolve();
    test_large();
    return tap_done();
}
