#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "judge/findings_private.h"

static struct arena arena;

#define HTML "From: a@bank.example.com\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"

/* The names of the findings of links and looks, joined by blanks, as they are put. */
static struct bytes
names(const char *raw, uint32_t families)
{
    const struct letter *letter = letter_read(&arena, bytes_from_text(raw));
    struct findings f;
    struct writer w;

    findings_init(&f, &arena, permit_for_tool(&arena, families));
    findings_of_links(&f, letter);
    findings_of_looks(&f, letter);
    writer_init(&w, &arena);
    for (size_t i = 0; i < f.count; i++) {
        writer_text(&w, i > 0 ? " " : "");
        writer_text(&w, f.list[i].name);
    }
    return writer_view(&w);
}

static void
test_names(void)
{
    static const char *const rows[][2] = {
        {"<a href=http://shop.example.com/>here</a>", ""},
        {"<a href=http://evil.example.net/>https://bank.example.com/</a>",
         "link_text_mismatch"},
        {"<a href=http://t.example.net/?u=http://bank.example.com/>bank.example.com</a>",
         "link_nested"},
        {"<a href=http://my.jcb.co.jp.example.net/>x</a>", "link_lookalike"},
        {"<a href=http://exarnple.com/>x</a>", "link_lookalike"},
        {"<a href=http://www.bank.co.jp@example.net/>x</a>", "link_userinfo"},
        {"<a href=http://192.0.2.1/>x</a>", "link_to_address"},
        {"<a href=http://0300.0.2.1/>x</a>", "link_odd_address link_to_address"},
        {"<img src=http://192.0.2.1/>", ""},
        {"<a href=http://%65xample.net/>x</a>", "link_wide"},
        {"<a href=https://bit.ly/x>x</a>", "link_shortener"},
        {"<a href=https://www.google.com/url?q=x>x</a>", "link_redirector"},
        {"<a href='data:text/html,x'>x</a>", "link_data"},
        {"<form><input type=password></form>", "password_form"},
        {"<meta http-equiv=refresh content='0;url=http://a.example.com/'>", "page_refresh"},
        {"<bdo dir=rtl>moc.knab</bdo>", "turned_text"},
        {"a\xe2\x80\x8b"
         "b\xe2\x80\x8b"
         "c\xe2\x80\x8b"
         "d",
         "zero_width_text"},
        {"a\xe2\x80\x8b"
         "b\xe2\x80\x8b"
         "c",
         ""},
        {"<div style=display:none>a summary of the letter, which programs show in lists: "
         "no "
         "more than that, and a hundred letters long at most</div>text",
         ""},
        {"text<div style=display:none>what is hidden here is more than a hundred letters "
         "and "
         "nobody who opens the letter is meant to see it at all, ever</div>",
         "hidden_text"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct writer w;
        writer_init(&w, &arena);
        writer_text(&w, HTML);
        writer_text(&w, rows[i][0]);
        struct bytes found = names(writer_c(&w), FAMILY_ALL);
        tap_ok(bytes_is(found, rows[i][1]), "%zu: %.*s", i, BYTES_ARGUMENTS(found));
    }
}

static void
test_consent(void)
{
    const char *raw = HTML "<a href=https://bit.ly/x>x</a><input type=password>";

    tap_ok(bytes_is(names(raw, FAMILY_BIT(FAMILY_LINKS)), "link_shortener"),
           "links without content");
    tap_ok(bytes_is(names(raw, FAMILY_BIT(FAMILY_CONTENT)), "password_form"),
           "content without links");
    tap_ok(names(raw, FAMILY_BIT(FAMILY_SOURCE)).size == 0, "neither without consent");
}

int
main(void)
{
    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    test_names();
    test_consent();
    arena_release(&arena);
    return tap_done();
}
