#include "parse/url.h"

#include "base/limits.h"
#include "base/tap.h"
#include "parse/domain.h"

static struct arena arena;

static void
test_urls(void)
{
    static const char *const rows[][2] = {
        {"http://Example.COM", "http://example.com/"},
        {" https:\\\\example.com\\a\\..\\b ", "https://example.com/b"},
        {"https:example.com", "https://example.com/"},
        {"http://0x7f.1/", "http://127.0.0.1/"},
        {"http://3232235777", "http://192.168.1.1/"},
        {"http://ｅｘａｍｐｌｅ．ｃｏｍ/", "http://example.com/"},
        {"http://例え.jp/パス?問=い#片",
         "http://xn--r8jz45g.jp/%E3%83%91%E3%82%B9?%E5%95%8F=%E3%81%84#%E7%89%87"},
        {"http://a%2ecom/", "http://a.com/"},
        {"http://user:pa ss@example.com:80/", "http://user:pa%20ss@example.com/"},
        {"http://example.com:8080", "http://example.com:8080/"},
        {"ht\ntp://exa\tmple.com/a\r\nb", "http://example.com/ab"},
        {"http://[::1]:25/", "http://[::1]:25/"},
        {"http://[2001:DB8:0:0:1:0:0:1]/", "http://[2001:db8::1:0:0:1]/"},
        {"http://[::ffff:192.0.2.1]/", "http://[::ffff:c000:201]/"},
        {"mailto:a@example.com?subject=x y", "mailto:a@example.com?subject=x%20y"},
        {"javascript:alert(1)", "javascript:alert(1)"},
        {"file:///C|/x/..", "file:///C:/"},
        {"http://", NULL},
        {"http://a b/", NULL},
        {"http://example.com:65536/", NULL},
        {"http://example.com:65535/", "http://example.com:65535/"},
        {"http://[::1", NULL},
        {"http://1.2.3.256/", NULL},
        {"http://%00/", NULL},
        {"/relative", NULL},
        {"", NULL},
        {"http://@/x", NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct url url;
        bool is = url_read(&arena, bytes_from_text(rows[i][0]), &url);
        tap_ok(is == (rows[i][1] != NULL), "'%zu' is %sa URL", i, is ? "" : "not ");
        tap_ok(bytes_is(url.href, rows[i][1] == NULL ? "" : rows[i][1]), "%zu: %.*s", i,
               BYTES_ARGUMENTS(url.href));
    }
}

static void
test_relative(void)
{
    static const char *const rows[][2] = {
        {"d", "http://h/a/b/d"},      {"../d", "http://h/a/d"},
        {"/d", "http://h/d"},         {"//g/d", "http://g/d"},
        {"?x", "http://h/a/b/c?x"},   {"#x", "http://h/a/b/c?q#x"},
        {"", "http://h/a/b/c?q"},     {"https:x", "https://x/"},
        {"http:x", "http://h/a/b/x"}, {"../../../../d", "http://h/d"},
        {"./.", "http://h/a/b/"},
    };
    struct url base, url;

    tap_ok(url_read(&arena, BYTES("http://h/a/b/c?q#f"), &base), "the base is read");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tap_ok(url_read_relative(&arena, bytes_from_text(rows[i][0]), &base, &url) &&
                   bytes_is(url.href, rows[i][1]),
               "'%s' is %.*s", rows[i][0], BYTES_ARGUMENTS(url.href));
    }
}

static void
test_domains(void)
{
    static const char *const rows[][3] = {
        {"www.example.co.jp", "co.jp", "example.co.jp"},
        {"WWW.Example.COM.", "com", "example.com"},
        {"co.jp", "co.jp", ""},
        {"例え.jp", "jp", "例え.jp"},
        {"www.例え.jp", "jp", "例え.jp"},
        {"xn--r8jz45g.jp", "jp", "xn--r8jz45g.jp"},
        {"192.0.2.1", "", ""},
        {"[::1]", "", ""},
        {"", "", ""},
        {".com", "", ""},
        {"a..com", "", ""},
        {"x.unheard-of", "unheard-of", "x.unheard-of"},
        {"bar.city.kawasaki.jp", "kawasaki.jp", "city.kawasaki.jp"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bytes domain = bytes_from_text(rows[i][0]);
        tap_ok(i == 12 || bytes_is(domain_public_suffix(&arena, domain), rows[i][1]),
               "suffix of '%s'", rows[i][0]);
        tap_ok(bytes_is(domain_registrable(&arena, domain), rows[i][2]),
               "registrable domain of '%s'", rows[i][0]);
    }
    tap_ok(domain_suffix_known(BYTES("example.jp")) && domain_suffix_known(BYTES("x.ck")) &&
               !domain_suffix_known(BYTES("report.docx")) &&
               !domain_suffix_known(BYTES("")),
           "which top levels exist");
}

static void
test_bounds(void)
{
    struct bytes ascii;
    char name[LIMIT_DOMAIN_TEXT + 2];

    for (size_t i = 0; i < sizeof name; i++) {
        name[i] = i % 10 == 9 ? '.' : 'a';
    }
    tap_ok(domain_to_ascii(&arena, bytes_of(name, LIMIT_DOMAIN_TEXT), &ascii),
           "a host as long as the bound is read");
    tap_ok(!domain_to_ascii(&arena, bytes_of(name, LIMIT_DOMAIN_TEXT + 1), &ascii),
           "one byte more is not");
    name[LIMIT_DOMAIN - 1] = name[LIMIT_DOMAIN] = 'a';
    tap_ok(domain_registrable(&arena, bytes_of(name, LIMIT_DOMAIN)).size > 0,
           "a name as long as the bound has a domain");
    tap_ok(domain_registrable(&arena, bytes_of(name, LIMIT_DOMAIN + 1)).size == 0,
           "one byte more has none");
    tap_ok(domain_is_address(BYTES("255.0.0.1")) &&
               !domain_is_address(BYTES("256.0.0.1")) &&
               !domain_is_address(BYTES("1.2.3")) && !domain_is_address(BYTES("1.2.3.4.")),
           "addresses are told from names");
}

static bool
is_same_url(const struct url *a, const struct url *b)
{
    return bytes_equal(a->href, b->href) && bytes_equal(a->scheme, b->scheme) &&
           bytes_equal(a->username, b->username) && bytes_equal(a->password, b->password) &&
           bytes_equal(a->host, b->host) && bytes_equal(a->path, b->path) &&
           bytes_equal(a->query, b->query) && bytes_equal(a->fragment, b->fragment) &&
           a->port == b->port && a->has_host == b->has_host &&
           a->has_query == b->has_query && a->has_fragment == b->has_fragment &&
           a->opaque_path == b->opaque_path && a->is_address == b->is_address;
}

/* A blank before it makes that a URL is read as any other, also if it is its own normal form. */
static bool
is_read_alike(const uint8_t *text, size_t size)
{
    uint8_t copy[256] = " ";
    struct url one, other;

    memcpy(copy + 1, text, size);
    bool is = url_read(&arena, bytes_of(copy + 1, size), &one),
         other_is = url_read(&arena, bytes_of(copy, size + 1), &other);
    return is == other_is && (!is || (is_same_url(&one, &other) && !other.as_written));
}

static void
test_normal(void)
{
    static const char *const rows[] = {
        "http://example.com",
        "http://example.com/",
        "https://example.com/?a#b",
        "http://example.com?q",
        "http://example.com#f",
        "http://a.example./",
        "http://1.example/",
        "http://example.1/",
        "http://example.0x7f/",
        "http://127.1/",
        "http://a@b/",
        "http://a:80/",
        "http://a:81/x",
        "http:///a/",
        "http://.a/",
        "http://a..b/",
        "http://a_b.example/x",
        "HTTP://a.example/x",
        "http://A.example/x",
        "http://a.example/x/../y",
        "http://a.example/x/..",
        "http://a.example/x/.",
        "http://a.example/x.y",
        "http://a.example/%2e/y",
        "http://a.example/x?y=/../z",
        "http://a.example/?",
        "http://a.example/#",
        "http://a.example/##?",
        "http://a.example//x",
        "http://a.example/~u/",
        "http://xn--r8jz45g.jp/x",
        "http://a%2eb/",
        "http://",
    };
    bool same = true;
    struct url url;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        same = same && is_read_alike((const uint8_t *)rows[i], strlen(rows[i]));
    }
    tap_ok(same, "short ways and long ones lead to one URL");
    /* Each byte in each place of a path that spans the blocks it is looked through in. */
    for (size_t size = 20; size < 60 && same; size++) {
        uint8_t text[64] = "https://a.example/";
        memset(text + 18, 'p', sizeof text - 18);
        for (size_t at = 9; at < size; at++) {
            uint8_t kept = text[at];
            for (unsigned c = 0; c < 256; c += size % 4 == 0 ? 1 : 7) {
                text[at] = (uint8_t)c;
                same = same && is_read_alike(text, size);
                text[at] = kept;
            }
            arena_release(&arena);
        }
    }
    tap_ok(same, "whatever byte stands in them");
    tap_ok(url_read(&arena, BYTES("https://a.example/b?c#d"), &url) && url.as_written,
           "most are their own normal form");
}

int
main(void)
{
    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    test_urls();
    test_normal();
    test_relative();
    test_domains();
    test_bounds();
    arena_release(&arena);
    return tap_done();
}
