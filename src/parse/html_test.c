#include "parse/html.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/tap.h"
#include "parse/html_tokens.h"

static struct arena arena;

static void
test_text(void)
{
    static const char *const rows[][3] = {
        {"<p>One <b>two</b></p><p>three", "One two\nthree", ""},
        {"a<br>b<br><br>c", "a\nb\n\nc", ""},
        {"  a \r\n  b\t", "a b", ""},
        {"<pre>a\n  b</pre>", "a\n  b", ""},
        {"<td>a</td><td>b</td></tr><tr><td>c", "a b\nc", ""},
        {"日本\n語 と\nabc", "日本語 と abc", ""},
        {"&lt;a&gt; &amp;copy &#x3042;&#12356;&nbsp;x", "<a> &copy あい\xc2\xa0x", ""},
        {"a<!-- no --><script>x</script><style>y</style>b", "ab", ""},
        {"<title>T</title>x", "x", "T"},
        {"<img src=http://e.com/x alt=Logo>x", "Logox", ""},
        {"<div style='display:none'>h</div>v", "v", "h"},
        {"<div style='DISPLAY : none'>h<div>h2</div></div>v", "v", "h\nh2"},
        {"<span style=visibility:hidden>h</span>v", "v", "h"},
        {"<span style=font-size:0>h</span>v", "v", "h"},
        {"<td style=font-size:0px>h<div style=font-size:14px>v</div></td>", "v", "h"},
        {"<span style=opacity:0>h</span>v", "v", "h"},
        {"<font color=white>h</font>v", "v", "h"},
        {"<table bgcolor=#000000><td><font color=#ffffff>v</font></table>", "v", ""},
        {"<span style='color:#fefefe'>h</span>v", "v", "h"},
        {"<span style='color:#fff;background:url(x.png)'>v</span>", "v", ""},
        {"<div style='max-height:0;overflow:hidden'>h</div>v", "v", "h"},
        {"<div style='position:absolute;left:-9999px'>h</div>v", "v", "h"},
        {"<div style='text-indent:-999em'>h</div>v", "v", "h"},
        {"<p hidden>h</p>v", "v", "h"},
        {"<p style=display:none>h<p>v", "v", "h"},
        {"<meta charset=shift_jis>日本", "日本", ""},
        {"a < b <3", "a < b <3", ""},
        {"a<b", "a", ""},
        {"<textarea><b>x</textarea>y", "<b>x\ny", ""},
        {"", "", ""},
    };
    struct html_result r;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        html_read(&arena, bytes_from_text(rows[i][0]), &r);
        tap_ok(bytes_is(r.visible, rows[i][1]), "row %zu is seen", i);
        tap_ok(bytes_is(r.hidden, rows[i][2]), "row %zu hides the rest", i);
    }
}

static void
test_links(void)
{
    struct html_result r;

    html_read(
        &arena,
        BYTES("<a href='http://evil.example.com/?a=1&amp;b'>www.bank.<b>co.jp</b></a> x"
              "<img src='http://t.example.net/p' width=1 height=1><form "
              "action=https://f.example.org/><input type=password>"
              "<a href=mailto:a@example.jp><img alt=Mail src=cid:x></a>"),
        &r);
    tap_ok(r.link_count == 5, "%zu links", r.link_count);
    if (r.link_count == 5) {
        tap_ok(r.links[0].kind == LINK_ANCHOR &&
                   bytes_is(r.links[0].text, "www.bank.co.jp") &&
                   bytes_is(r.links[0].host, "evil.example.com") &&
                   bytes_is(r.links[0].domain, "example.com"),
               "an anchor with what it shows");
        tap_ok(bytes_is(r.links[0].written, "http://evil.example.com/?a=1&b"),
               "references in it are read");
        tap_ok(r.links[1].kind == LINK_IMAGE && r.hidden_images == 1, "a beacon");
        tap_ok(r.links[2].kind == LINK_FORM && r.has_form && r.has_password,
               "a form with a password");
        tap_ok(bytes_is(r.links[3].text, "Mail"), "a picture in a link gives its words");
    }
    html_read(&arena, BYTES("<base href=http://b.example.com/x/><a href=../y>z"), &r);
    tap_ok(r.link_count == 1 && bytes_is(r.links[0].href, "http://b.example.com/y") &&
               bytes_is(r.links[0].text, "z"),
           "a base is used, an open anchor ends with the text");
}

static void
repeat(uint8_t *large, size_t size, const char *unit)
{
    size_t length = strlen(unit);

    for (size_t at = 0; at < size; at++) {
        large[at] = (uint8_t)unit[at % length];
    }
}

static void
test_bounds(void)
{
    static uint8_t large[2 * LIMIT_TEXT_BYTES];
    static const char *const units[] = {
        "<div>",
        "<",
        "</",
        "<a ",
        "<!--",
        "&",
        "<p",
        "<table><td>",
        "<script>",
        "<a href=http://x.com/>",
        "</p>",
        "<title>",
        "<i style=",
        "&ampampamp",
        "<script><!--<script>",
        "<x a=b c=d e>",
        "<!doctype",
        "<b></i>",
        "<option>",
        "あ\n",
    };
    struct html_result r;

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        repeat(large, 1 << 20, units[i]);
        int64_t start = clock_monotonic_ms();
        html_read(&arena, bytes_of(large, 1 << 20), &r);
        tap_ok(clock_monotonic_ms() - start < 3000 && r.link_count <= LIMIT_LINKS,
               "1 MiB of '%zu' in linear time", i);
        arena_release(&arena);
    }
    memset(large, 'a', sizeof large);
    html_read(&arena, bytes_of(large, LIMIT_TEXT_BYTES), &r);
    tap_ok(r.visible.size == LIMIT_TEXT_BYTES && !r.text_cut,
           "text up to the bound is kept");
    html_read(&arena, bytes_of(large, LIMIT_TEXT_BYTES + 1), &r);
    tap_ok(r.visible.size == LIMIT_TEXT_BYTES && r.text_cut,
           "one byte more is cut, and said");
    repeat(large, 5 * LIMIT_HTML_DEPTH, "<div>");
    html_read(&arena, bytes_of(large, 5 * LIMIT_HTML_DEPTH), &r);
    tap_ok(!r.depth_cut, "elements up to the bound are remembered");
    repeat(large, 5 * (LIMIT_HTML_DEPTH + 1), "<div>");
    html_read(&arena, bytes_of(large, 5 * (LIMIT_HTML_DEPTH + 1)), &r);
    tap_ok(r.depth_cut, "one more is not, and said");
    arena_release(&arena);
}

int
main(void)
{
    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    test_text();
    test_links();
    test_bounds();
    arena_release(&arena);
    return tap_done();
}
