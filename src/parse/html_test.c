#include "parse/html.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
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
        {"<b>殺</b><i>す</i>", "殺す", ""},
        {"殺<!-- x -->す<span></span>ぞ<wbr>ろ", "殺すぞろ", ""},
        {"殺<span style=display:none>no</span>す", "殺す", "no"},
        {"<ruby>殺<rt>ころ</rt></ruby>す", "殺す\n\nころ", ""},
        {"<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp>字<rt>じ</ruby>だ", "漢字だ\n\nかん じ",
         "()"},
        {"<style>.x{display:none}</style><p class='a X'>h</p>v", "v", "h"},
        {"<style>#n,p.q{color:#fff}</style><p class=q>h<b id=n>i</b></p><i class=q>v</i>",
         "v", "hi"},
        {"<style>div .x{font-size:0}</style><div><p><b class=x>h</b></div><b class=x>v</b>",
         "v", "h"},
        {"<style>div > .x{font-size:0}@media print{.y{display:none}}</style><div "
         "class=y><b "
         "class=x>h</b>v",
         "v", "h"},
        {"<style><!-- .x:hover{display:none} [a]{display:none} --></style><p class=x a>v",
         "v", ""},
        {"<style>.x{display:none}</style><p class=x style='display:block'>v", "v", ""},
        {"<style>.x{display:none !important}</style><p class=x style='display:block'>h", "",
         "h"},
        {"<style>.x{display:none}p.x{display:block}</style><p class=x>v", "v", ""},
        {"<p class=x>h</p><style>.x{display:none}</style>v", "v", "h"},
        {"<p class=x>v</p><!--<style>.x{display:none}</style>-->", "v", ""},
        {"<body bgcolor=#000><p style='color:hsl(0,0%,2%)'>h</p><p "
         "style='color:rgb(90%,90%,90%)'>v",
         "v", "h"},
        {"<body style='background:navy'><font color=#000080>h</font><font "
         "color=snow>v</font>",
         "v", "h"},
        {"<font color=#ffffff>h<table bgcolor=gray><td>v</table></font>", "v", "h"},
        {"<p style='color:transparent'>h</p><p style='color:#fff0'>i</p>v", "v", "h\ni"},
        {"<div style='font-size:0'>h<p style='font-size:2em'>i</p><p "
         "style='font-size:12px'>v</p></div>",
         "v", "h\ni"},
        {"<p style='font:0/0 a'>h</p><p style='font:bold 12px/1 x'>v", "v", "h"},
        {"<p style='d\\69 splay:/**/none'>h</p>v", "v", "h"},
        {"<p style='position:fixed;top:-99em'>h</p><p style='clip:rect(0 0 0 0)'>i</p>v",
         "v", "h\ni"},
        {"<p style='transform:scale(0)'>h</p><p style='transform: "
         "translateX(-9999px)'>i</p>v",
         "v", "h\ni"},
        {"<p style='width:0;overflow:hidden'>h</p><p style='height:0'>v", "v", "h"},
        {"<p style='mso-hide:all'>v", "v", ""},
        {"<input placeholder=user><input type=password placeholder=pass>", "user pass", ""},
        {"<template>h</template><iframe><b>i</b></iframe>v", "v", "h<b>i</b>"},
    };
    struct html_result r;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        html_read(&arena, bytes_from_text(rows[i][0]), &r);
        tap_ok(bytes_is(r.visible, rows[i][1]), "row %zu is seen", i);
        tap_ok(bytes_is(r.hidden, rows[i][2]), "row %zu hides the rest", i);
    }
}

/* The pieces of hidden text, as "reason:text|reason:text". */
static struct bytes
reasons(const char *html)
{
    struct html_result r;
    struct writer w;

    html_read(&arena, bytes_from_text(html), &r);
    writer_init(&w, &arena);
    for (size_t i = 0; i < r.hidden_count; i++) {
        writer_text(&w, i > 0 ? "|" : "");
        writer_text(&w, hidden_reason_name(r.hidden_texts[i].reason));
        writer_byte(&w, ':');
        writer_bytes(&w, r.hidden_texts[i].text);
    }
    return writer_view(&w);
}

static void
test_reasons(void)
{
    static const char *const rows[][2] = {
        {"v<i style=display:none>a</i>", "display:a"},
        {"v<i hidden>a</i>", "display:a"},
        {"v<i style=visibility:hidden>a</i>", "visibility:a"},
        {"v<i style=opacity:.01>a</i>", "opacity:a"},
        {"v<i style=font-size:1px>a</i>", "size:a"},
        {"v<font color=#fffffe>a</font>", "colour:a"},
        {"v<i style='max-height:0;overflow:hidden'>a</i>", "box:a"},
        {"v<i style='text-indent:-9999px'>a</i>", "off_screen:a"},
        {"<title>a</title>v", "element:a"},
        {"<title>t</title><div style=display:none>sum&zwnj;&nbsp;mary</div>v",
         "element:t|preheader:sum\xe2\x80\x8c\xc2\xa0mary"},
        {"<div style=display:none><a href=http://x.example/>a</a></div>v", "display:a"},
        {"<div style=display:none>a</div>", "display:a"},
        {"v<i hidden>a</i><i hidden>b</i>w<i hidden>c</i>", "display:ab|display:c"},
        {"v<i hidden>a</i><i style=opacity:0>b</i>", "display:a|opacity:b"},
        {"v", ""},
    };
    static uint8_t large[LIMIT_HIDDEN_TEXTS * 20 + 64];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bytes found = reasons(rows[i][0]);
        tap_ok(bytes_is(found, rows[i][1]), "reasons %zu: %.*s", i, BYTES_ARGUMENTS(found));
    }
    for (size_t more = 0; more < 2; more++) {
        struct html_result r;
        size_t size = 0;
        for (size_t i = 0; i < LIMIT_HIDDEN_TEXTS + more; i++) {
            memcpy(large + size, "v<i hidden>h</i>", 16);
            size += 16;
        }
        html_read(&arena, bytes_of(large, size), &r);
        tap_ok(r.hidden_count == LIMIT_HIDDEN_TEXTS && r.hidden_cut == (more > 0) &&
                   r.hidden.size >= LIMIT_HIDDEN_TEXTS + more,
               "%zu pieces past the bound: all text is kept", more);
    }
}

static void
test_facts(void)
{
    struct html_result r;

    html_read(&arena,
              BYTES("<!-- one --><!--[if mso]>x<![endif]--><bdo dir=rtl>moc</bdo>"
                    "<i style='unicode-bidi:bidi-override;direction:rtl'>x</i>"
                    "<bdo dir=ltr>x</bdo><script>y</script><iframe></iframe><object>"
                    "</object><meta http-equiv=Refresh content='0; URL=http://r.example/'>"
                    "<base href=http://b.example/>"),
              &r);
    tap_ok(r.facts.comment_count == 1 && r.facts.comment_bytes == 5,
           "comments are counted");
    tap_ok(r.facts.turned_count == 2, "%zu elements are turned", r.facts.turned_count);
    tap_ok(r.facts.has_script && r.facts.has_frame && r.facts.has_object &&
               r.facts.has_refresh && r.facts.has_base && !r.facts.has_form,
           "what else is in it");
    tap_ok(r.link_count == 1 && bytes_is(r.links[0].host, "r.example"),
           "where it leads by itself");
    html_read(&arena,
              BYTES("<img src=http://t.example/1 style='width:1px;height:1px'><img "
                    "src=http://t.example/2 style=display:none><img src=cid:x width=1>"
                    "<style>.t{visibility:hidden}</style><img class=t src=//t.example/3>"
                    "<img src=http://t.example/4 width=100 alt=v>"),
              &r);
    tap_ok(r.facts.image_count == 5 && r.facts.beacon_count == 2,
           "%zu beacons: only what is fetched from elsewhere", r.facts.beacon_count);
    tap_ok((r.links[0].flags & LINK_BEACON) &&
               !(r.links[r.link_count - 1].flags & LINK_BEACON),
           "and its link says so");
    html_read(&arena,
              BYTES("<a href=http://evil.example.com/>https://www.bank.co.jp/</a>"
                    "<a href=http://www.bank.co.jp/a>bank.co.jp</a>"
                    "<a href=http://evil.example.com/>こちら</a>"
                    "<a hidden href=http://evil.example.com/>bank.com.</a>"),
              &r);
    tap_ok(r.link_count == 4 && (r.links[0].flags & LINK_SHOWN_OTHER) &&
               bytes_is(r.links[0].shown, "www.bank.co.jp"),
           "a text that shows another site");
    tap_ok(!(r.links[1].flags & LINK_SHOWN_OTHER) && !(r.links[2].flags & LINK_SHOWN_OTHER),
           "and those that do not");
    tap_ok(r.links[3].flags & LINK_HIDDEN, "a link that is hidden");
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
        tap_ok(r.links[1].kind == LINK_IMAGE && r.facts.beacon_count == 1, "a beacon");
        tap_ok(r.links[2].kind == LINK_FORM && r.facts.has_form && r.facts.has_password,
               "a form with a password");
        tap_ok(bytes_is(r.links[3].text, "Mail"), "a picture in a link gives its words");
    }
    html_read(&arena,
              BYTES("<img alt=A title=B src=cid:x><img title=B src=cid:x>v<img src=cid:x>"),
              &r);
    tap_ok(r.link_count == 3 && bytes_is(r.links[0].text, "A") &&
               bytes_is(r.links[1].text, "B") && r.links[2].text.size == 0 &&
               bytes_is(r.visible, "Av"),
           "a picture's words, or else its title, which is not seen");
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
        "<b class='a b c d'>",
        "<i style='color:red;'>",
        "<i hidden>x</i>y",
        "&#",
        "&#x41",
        "<!-->",
        "<ruby>a<rt>b",
        "<style>.a{display:none}",
        "<img src=http://x.com/ width=1>",
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
    html_read(&arena, BYTES("a\0b<script>\0</script>"), &r);
    tap_ok(bytes_is(r.visible, "ab"), "a NUL does not part a word");
    memset(large, 0, 1 << 20);
    html_read(&arena, bytes_of(large, 1 << 20), &r);
    tap_ok(r.visible.size <= LIMIT_TEXT_BYTES, "1 MiB of NUL");
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

/* Classes of faults that readers of hostile mail have had, each by its name: what is seen is what was judged, and nothing is read
 * past its end. */
static void
test_classes(void)
{
    static const char *const rows[][4] = {
        {"two attributes of a name: the first counts",
         "<p style=display:none style=color:red>h", "", "h"},
        {"two of a link", "<a href=http://a.example/ href=http://b.example/>v</a>", "v",
         ""},
        {"an attribute that is broken by a slash", "<p/style=display:none/>h", "", "h"},
        {"numbers wider than any integer",
         "<p style='font-size:99999999999999999999px;left:-99999999999999999999px'>v&#"
         "99999999999999999999;&#x110000;&#xd800;",
         "v\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", ""},
        {"colours of odd lengths", "<font color=#fffff>v<font color='rgb(300,-5,1e9'>w",
         "vw", ""},
        {"an overlong form is no letter", "<b>\xc0\xbcscript>", "\xc0\xbcscript>", ""},
        {"a lone surrogate stays what it is",
         "a\xed\xa0\x80"
         "b",
         "a\xed\xa0\x80"
         "b",
         ""},
        {"a letter that is cut off at the end", "a\xe3\x81", "a\xe3\x81", ""},
        {"controls in text",
         "a\x1b[2J\x08"
         "b",
         "a\x1b[2J\x08"
         "b",
         ""},
        {"a style that does not end", "<p style='display:none", "", ""},
        {"a comment that does not end", "v<!-- <p>x", "v", ""},
        {"a title that does not end", "v<title>h", "v", "h"},
        {"an escape at the end of a style", "<p style='display:none;\\'>h", "", "h"},
        {"a sheet of brackets", "<style>{{{{}}}}@{@;.x{{display:none}</style><p class=x>v",
         "v", ""},
    };
    struct html_result r;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        html_read(&arena, bytes_from_text(rows[i][1]), &r);
        tap_ok(bytes_is(r.visible, rows[i][2]) && bytes_is(r.hidden, rows[i][3]),
               "%s: %.*s|%.*s", rows[i][0], BYTES_ARGUMENTS(r.visible),
               BYTES_ARGUMENTS(r.hidden));
    }
    html_read(&arena, BYTES("<a href='http://a.example/\r\nBcc: x'>v</a>"), &r);
    tap_ok(r.link_count == 1 &&
               bytes_find_byte(r.links[0].href, '\n', 0) == BYTES_NOWHERE &&
               bytes_find_byte(r.links[0].href, '\r', 0) == BYTES_NOWHERE,
           "no line ends in a link");
}

/* What would be quadratic in a reader that looks again: times of n and 4 n; the classes of hostile mail that are HTML's. */
static void
test_growth(void)
{
    static const struct {
        const char *what, *start, *unit;
    } traps[] = {
        {"nested elements, a million deep", "", "<b>"},
        {"nested tables", "", "<table><tr><td>"},
        {"attributes of one tag", "<p ", "a=b "},
        {"end tags of what was never opened", "", "</q>"},
        {"rules and elements that they meet",
         "<style>.a b .c{color:red}.c{color:red}</style>", "<b class='a c'>"},
        {"sheets that come late", "<p>x", "<style>.a{color:red}</style><b class=a>y"},
        {"rules of one class", "<style>", ".a{color:red}"},
        {"references without an end", "", "&CounterClockwiseContourIntegra"},
        {"declarations", "<p style='", "color:red;"},
        {"comments that do not end", "", "<!--"},
        {"hidden pieces", "", "<i hidden>x</i>y"},
        {"links", "", "<a href=http://a.example/?u=http://b.example/>x</a>"},
        {"links to one-pixel pictures", "", "<img src=http://a.example/ width=1>"},
    };
    const size_t n = 1 << 20;
    uint8_t *large = arena_take_bytes(&arena, 4 * n);

    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++) {
        int64_t took[2];
        for (int more = 0; more < 2; more++) {
            size_t size = more ? 4 * n : n, start = strlen(traps[i].start);
            struct arena own;
            struct html_result r;
            memcpy(large, traps[i].start, start);
            repeat(large + start, size - start, traps[i].unit);
            arena_init(&own, LIMIT_ARENA_MESSAGE);
            int64_t from = clock_monotonic_ms();
            html_read(&own, bytes_of(large, size), &r);
            took[more] = clock_monotonic_ms() - from;
            arena_release(&own);
        }
        tap_ok(took[1] < 10 * took[0] + 400, "%s: %lld ms, four times as much %lld ms",
               traps[i].what, (long long)took[0], (long long)took[1]);
    }
}

/* `count` of c, and `end` behind. */
static struct bytes
run_of(size_t count, char c, const char *end)
{
    struct writer w;

    writer_init(&w, &arena);
    for (size_t i = 0; i < count; i++) {
        writer_byte(&w, (uint8_t)c);
    }
    writer_text(&w, end);
    return writer_view(&w);
}

/* What is looked at in blocks of eight or sixteen bytes: something at each place of them. */
static void
test_blocks(void)
{
    struct html_result r;
    bool references = true, blanks = true, lines = true, letters = true;

    for (size_t n = 0; n < 40; n++) {
        html_read(&arena, run_of(n, 'x', "&lt;\ry  z"), &r);
        references &= bytes_equal(r.visible, run_of(n, 'x', "< y z"));
        html_read(&arena, run_of(n, 'x', " y\n z"), &r);
        letters &= n > 0 ? bytes_equal(r.visible, run_of(n, 'x', " y z"))
                         : bytes_is(r.visible, "y z");
        struct writer w;
        writer_init(&w, &arena);
        writer_text(&w, "<i>x</i>");
        writer_bytes(&w, run_of(n, ' ', "<i>y</i>"));
        html_read(&arena, writer_view(&w), &r);
        blanks &= bytes_is(r.visible, n == 0 ? "xy" : "x y");
        writer_clear(&w);
        writer_text(&w, "<i>日</i>");
        writer_bytes(&w, run_of(n, ' ', "\r<i>本</i> <i>語</i>"));
        html_read(&arena, writer_view(&w), &r);
        lines &= bytes_is(r.visible, "日本 語");
    }
    tap_ok(references, "a reference is found behind 0 to 39 letters");
    tap_ok(letters, "and a blank");
    tap_ok(blanks, "0 to 39 blanks between tags");
    tap_ok(lines, "and a line end behind them joins kanji");
}

static void
test_names(void)
{
    static const char *const rows[][2] = {
        {"a<BlockQuote>b", "a\nb"},
        {"a<blockquotes>b", "ab"},
        {"a<blockquota>b", "ab"},
        {"a<H1>b", "a\nb"},
        {"a<h\x11>b", "ab"},
        {"a<p>b</P\t>c", "a\nb\nc"},
        {"a<figcaptioo>b", "ab"},
        {"a<noembed>b</NoEmbed>c", "ac"},
        {"<p hiddem>a", "a"},
        {"<p hiddeN>a", ""},
        {"<p \x08idden>a", "a"},
        {"<img ALT=a alt=b>", "a"},
        {"<input placeholder=a>", "a"},
        {"<input placeholdes=a>", ""},
        {"<input placeholder0123456=a>", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct html_result r;
        html_read(&arena, bytes_from_text(rows[i][0]), &r);
        tap_ok(bytes_is(r.visible, rows[i][1]), "%s", rows[i][0]);
    }
}

/* A link that was written before is not resolved again; what hangs on its place is its own. */
static void
test_repeated(void)
{
    struct html_result r;

    html_read(&arena,
              BYTES("<img src=http://a.example/x width=1><img src=http://a.example/x>"
                    "<a href=http://a.example/x>www.other.com</a>"
                    "<a href=http://a.example/x>here</a>"),
              &r);
    tap_ok(r.link_count == 4 && bytes_equal(r.links[0].href, r.links[3].href) &&
               bytes_is(r.links[3].host, "a.example"),
           "four times one link");
    tap_ok((r.links[0].flags & LINK_BEACON) != 0 &&
               ((r.links[1].flags | r.links[3].flags) & LINK_BEACON) == 0,
           "one of them is a beacon");
    tap_ok((r.links[2].flags & LINK_SHOWN_OTHER) != 0 &&
               bytes_is(r.links[3].text, "here") && r.links[3].shown.size == 0 &&
               (r.links[3].flags & LINK_SHOWN_OTHER) == 0,
           "one of them shows another host");
    html_read(&arena,
              BYTES("<img src=x><base href=http://a.example/d/><img src=x><img src=x>"),
              &r);
    tap_ok(r.link_count == 3 && r.links[0].href.size == 0 &&
               bytes_is(r.links[1].href, "http://a.example/d/x") &&
               bytes_is(r.links[2].href, "http://a.example/d/x"),
           "one that was read before the base does not count");
}

static struct html_result
read_made(struct writer *w)
{
    struct html_result r;

    html_read(&arena, writer_view(w), &r);
    return r;
}

/* A declaration wherever it stands in a style, among short ones and long. */
static void
test_long_styles(void)
{
    static const size_t sizes[] = {0, 40, 480, 560, 1020, 1060};
    static const char *const rows[][2] = {
        {"font\rsize:0", ""},
        {"FONT-size:0", "h"},
        {"font-size :0", "h"},
        {"fontxsize:0", ""},
        {"font-size", ""},
        {":0;font-size:0", "h"},
        {"a:b:c;font-size:0", "h"},
        {";;font-size:0;", "h"},
        {"font-size:0 !important", "h"},
        {"font\\2d size:0", "h"},
        {"font-/**/size:0", "h"},
        {"font-size/:0", ""},
    };
    bool hidden = true, one = true;
    struct writer w;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t size = sizes[i]; size < sizes[i] + 40; size++) {
            for (int kind = 0; kind < 3; kind++) {
                writer_init(&w, &arena);
                writer_text(&w, "<i style='");
                for (size_t j = 0; j < size; j++) {
                    writer_byte(&w, kind == 0 ? ' ' : kind == 1 ? "a:b;"[j % 4] : 'x');
                }
                writer_text(&w, kind == 0 ? "" : ";");
                writer_text(&w, "display:none'>h</i>v");
                hidden &= bytes_is(read_made(&w).hidden, "h");
                writer_text(&w, "<i style='x");
                hidden &= bytes_is(read_made(&w).visible, "v");
                arena_release(&arena);
            }
            writer_init(&w, &arena);
            writer_text(&w, "<i style='display:none");
            for (size_t j = 0; j < size; j++) {
                writer_byte(&w, 'x');
            }
            writer_text(&w, ";visibility:visible'>h</i>v");
            one &= bytes_is(read_made(&w).hidden, "h");
            arena_release(&arena);
        }
    }
    tap_ok(hidden, "display:none behind up to 1100 bytes of a style");
    tap_ok(one, "and with a value of such a size");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        writer_init(&w, &arena);
        writer_format(&w, "<style>.x{%s}</style><i class=x>h</i>v", rows[i][0]);
        tap_ok(bytes_is(read_made(&w).hidden, rows[i][1]), "style %zu", i);
    }
}

/* Rules that come after what they concern: all of them count, wherever they stand. */
static void
test_late_rules(void)
{
    struct html_result r;
    struct writer w;

    html_read(&arena,
              BYTES("<p class=x>h</p><style>.x{display:none}</style>v<!-- <style> -->"
                    "<p class=y>k</p><STYLE>.y{display:none}</STYLE><p class=z>z</p>"),
              &r);
    tap_ok(bytes_is(r.hidden, "h\nk") && bytes_is(r.visible, "v\nz"),
           "two styles behind their elements");
    html_read(
        &arena,
        BYTES("<p class=x>h</p><style>.x{display:none}</style><a href=http://a.example/>"
              "a</a><img src=http://b.example/><p class=x>k</p>"),
        &r);
    tap_ok(bytes_is(r.hidden, "h\nk") && bytes_is(r.visible, "a") && r.link_count == 2 &&
               r.facts.image_count == 1,
           "the rest is read once");
    html_read(&arena,
              BYTES("<p class=x>h</p><style>.x{display:none}</style><plaintext><style>"
                    ".z{display:none}</style><p class=x>"),
              &r);
    tap_ok(bytes_is(r.visible, "<style>.z{display:none}</style><p class=x>") &&
               bytes_is(r.hidden, "h"),
           "where nothing is markup no style is");
    writer_init(&w, &arena);
    writer_text(&w, "<p class=x>h</p><style>.y{display:none}</style>");
    for (int i = 0; i < LIMIT_HTML_DEPTH; i++) {
        writer_text(&w, "<b>");
    }
    writer_text(&w, "<style>.x{display:none}</style>");
    r = read_made(&w);
    tap_ok(r.depth_cut && bytes_starts(r.visible, BYTES("h\n.x")),
           "and none deeper than the bound");
}

/* Attributes however they are written, with values that span the blocks they are looked through in. */
static void
test_attributes(void)
{
    static const char *const forms[][2] = {
        {"<a href=\"", "\">"},         {"<a href='", "'>"},       {"<a href=", ">"},
        {"<a HREF = \"", "\" >"},      {"<a x href =\n'", "'/>"}, {"<a a=b href=", " c>"},
        {"<a a='b'href=\"", "\"c=d>"},
    };
    struct writer w;

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        bool right = true;
        for (size_t size = 0; size < 70; size++) {
            for (int tail = 0; tail < 2; tail++) {
                writer_init(&w, &arena);
                writer_text(&w, forms[i][0]);
                writer_text(&w, "http://a.example/");
                for (size_t j = 0; j < size; j++) {
                    writer_byte(&w, 'p');
                }
                writer_text(&w, forms[i][1]);
                writer_text(&w, tail ? "some text behind it</a>" : "");
                struct html_result r = read_made(&w);
                right &= r.link_count == 1 && r.links[0].href.size == 17 + size &&
                         bytes_is(r.visible, tail ? "some text behind it" : "");
            }
            arena_release(&arena);
        }
        tap_ok(right, "%s", forms[i][0]);
    }
}

/* What a decoding makes longer than its source. */
static void
test_decoded_growth(void)
{
    struct bytes text;
    struct writer w;

    writer_init(&w, &arena);
    for (int i = 0; i < 300; i++) {
        writer_text(&w, "&nGt;");
    }
    text = html_decode(&arena, writer_view(&w), HTML_REFERENCES);
    tap_ok(text.size == 1800 && bytes_ends(text, BYTES("≫⃒")), "references, %zu bytes",
           text.size);
    writer_init(&w, &arena);
    for (int i = 0; i < 300; i++) {
        writer_byte(&w, 0);
    }
    text = html_decode(&arena, writer_view(&w), 0);
    tap_ok(text.size == 900 && bytes_ends(text, BYTES("\xef\xbf\xbd")), "NUL");
    tap_ok(html_decode(&arena, writer_view(&w), HTML_DROP_NUL).size == 0 &&
               html_decode(&arena, writer_view(&w), HTML_KEEP_NUL).size == 300,
           "which may be left out, or stay");
    tap_ok(bytes_is(html_decode(&arena, BYTES("A\rB"), HTML_LOWER), "a\nb"),
           "small letters");
}

/* Tags are read in blocks where many bytes follow, and byte by byte near the end: to the same effect. */
static void
test_near_the_end(void)
{
    static const char *const rows[][3] = {
        {"a\n<p class=x>b</p>\n", "a\nb", ""},
        {"a<abcdefghijklmno>b<abcdefghijklmnop>c<abcdefghijklmnopq x=1>d", "abcd", ""},
        {"<p style = 'display:none'>h</p><p\tSTYLE=display:none\n>i</p>v", "v", "h\ni"},
        {"<p x=1 style='display:none' />h</p/>v<br/>w", "v\nw", "h"},
        {"<p style=\"color:red\"id=a hidden>h</p>v", "v", "h"},
        {"a &#32; b&nbsp; &#10;c &amp d&#0;", "a b\xc2\xa0 c & d\xef\xbf\xbd", ""},
        {"\r\n漢\r\n</i>字 &#32;か", "漢字 か", ""},
        {"漢\r\n字\n</i>&#65;", "漢字 A", ""},
    };
    static const char tail[] =
        "<!-- as many bytes as a tag is read with at once, and then some more of "
        "them: 0123456789 0123456789 0123456789 0123456789 0123456789 -->";

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int tailed = 0; tailed < 2; tailed++) {
            struct html_result r;
            struct writer w;
            writer_init(&w, &arena);
            writer_text(&w, rows[i][0]);
            writer_text(&w, tailed ? tail : "");
            html_read(&arena, writer_view(&w), &r);
            tap_ok(bytes_is(r.visible, rows[i][1]) && bytes_is(r.hidden, rows[i][2]),
                   "%s: \"%.*s\", \"%.*s\"", tailed ? "far from the end" : "near the end",
                   BYTES_ARGUMENTS(r.visible), BYTES_ARGUMENTS(r.hidden));
        }
    }
    struct html_result r;
    html_read(&arena, BYTES("\r漢\n  <b"), &r);
    tap_ok(bytes_is(r.visible, "漢"), "blanks before a tag that is not finished");
}

/* Text is read in blocks as long as enough follows it: wherever that ends, it is the same text. */
static void
test_any_distance(void)
{
    static const char text[] = "<p>x &amp; y\r\n\t z&nbsp;&#32;&lt;a <3 b\f \x0b&unknown; "
                               "漢\n字 end",
                      seen[] = "x & y z\xc2\xa0 <a <3 b \x0b&unknown; 漢字 end";
    size_t same = 0;

    for (size_t behind = 0; behind < 200; behind++) {
        struct html_result r;
        struct writer w, wanted;
        writer_init(&w, &arena);
        writer_init(&wanted, &arena);
        writer_text(&w, text);
        writer_text(&wanted, seen);
        for (size_t i = 0; i < behind; i++) {
            writer_byte(&w, 'q');
            writer_byte(&wanted, 'q');
        }
        html_read(&arena, writer_view(&w), &r);
        same += bytes_equal(r.visible, writer_view(&wanted));
    }
    tap_ok(same == 200, "text that ends at any distance from the end: %zu of 200", same);
}

int
main(void)
{
    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    test_text();
    test_long_styles();
    test_late_rules();
    test_attributes();
    test_decoded_growth();
    test_near_the_end();
    test_any_distance();
    test_reasons();
    test_classes();
    test_facts();
    test_blocks();
    test_names();
    test_repeated();
    test_links();
    test_bounds();
    test_growth();
    arena_release(&arena);
    return tap_done();
}
