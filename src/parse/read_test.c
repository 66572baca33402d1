#include "parse/read.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

static const struct letter *
read_text(const char *text)
{
    return letter_read(&arena, bytes_from_text(text));
}

static bool
has_defect(const struct letter *letter, const char *name)
{
    for (size_t i = 0; i < letter->defect_count; i++) {
        if (strcmp(letter->defects[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool
holds(struct bytes text, const char *what)
{
    return bytes_find(text, bytes_from_text(what), 0) != BYTES_NOWHERE;
}

static void
test_header(void)
{
    const struct letter *l = read_text("From: =?utf-8?b?44GC?= <a@b.jp>\r\nTo: c@d.jp, "
                                       "e@f.jp\r\nSubject: =?iso-2022-jp?B?GyRC"
                                       "JCIbKEI=?=\r\nMessage-ID: <1@b.jp>\r\nDate: 1 Jan "
                                       "1970 09:00:01 +0900\r\n\r\nx\r\ny\r\n");

    tap_ok(l->from.address_count == 1 && bytes_is(l->from.addresses[0].name, "あ"), "from");
    tap_ok(l->to.address_count == 2 && bytes_is(l->to.addresses[1].text, "e@f.jp"), "to");
    tap_ok(bytes_is(l->subject, "あ") && bytes_is(l->message_id, "1@b.jp"),
           "subject, identifier");
    tap_ok(l->has_date && l->date == 1 && l->date_zone_minutes == 540, "date");
    tap_ok(bytes_is(l->text, "x\ny") && bytes_is(l->root->content, "x\r\ny\r\n"),
           "text has LF lines, content is untouched");
    tap_ok(bytes_is(l->body, "x\r\ny\r\n") && l->part_count == 1 && l->defect_count == 0,
           "body");
    l = letter_read_header(&arena, BYTES("From: a@b\nFrom: c@d\nDate: never\n\nbody"));
    tap_ok(l->root == NULL && bytes_is(l->body, "body") &&
               bytes_is(l->from.addresses[0].text, "a@b"),
           "header alone");
    tap_ok(has_defect(l, "from_twice") && has_defect(l, "date_broken"), "its defects");
    l = read_text("");
    tap_ok(l->root != NULL && l->text.size == 0 && !l->has_date && l->defect_count == 0,
           "nothing");
}

#define ALTERNATIVE "Content-Type: multipart/alternative; boundary=b\n\n"

static void
test_alternative(void)
{
    const struct letter *l = read_text(
        ALTERNATIVE
        "--b\n\nsame  text\n--b\nContent-Type: text/html\n\n<p>same text</p>\n--b--\n");

    tap_ok(bytes_is(l->text, "same text") && l->hidden.size == 0,
           "two branches that say the same");
    l = read_text(ALTERNATIVE
                  "--b\n\nplain\n--b\nContent-Type: text/html\n\n<p>rich</p>\n--b--\n");
    tap_ok(bytes_is(l->text, "rich") && bytes_is(l->hidden, "plain"),
           "the richest is seen, the other is hidden");
    l = read_text(ALTERNATIVE
                  "--b\nContent-Type: text/html\n\n<p>rich</p>\n--b\n\nplain\n--b--\n");
    tap_ok(bytes_is(l->text, "rich") && bytes_is(l->hidden, "plain"), "in any order");
    l = read_text(ALTERNATIVE
                  "--b\n\nplain\n--b\nContent-Type: text/html\n\n<img src=x>\n--b--\n");
    tap_ok(bytes_is(l->text, "plain"), "a branch without text hides nothing");
    l = read_text(ALTERNATIVE
                  "--b\n\nplain\n--b\nContent-Type: application/x\n\nbin\n--b--\n");
    tap_ok(bytes_is(l->text, "plain") && l->hidden.size == 0, "a branch that is no text");
}

static void
test_text(void)
{
    const struct letter *l =
        read_text("Content-Type: multipart/mixed; "
                  "boundary=b\n\nbefore\n--b\n\none\n--b\n\ntwo\n--b--\nafter\n");

    tap_ok(bytes_is(l->text, "one\n\ntwo") && holds(l->hidden, "before") &&
               holds(l->hidden, "after"),
           "parts in order, outside hidden");
    l = read_text("Content-Type: multipart/mixed; "
                  "boundary=b\n\n--b\n\none\n--b\nContent-Type: message/rfc822\n\nSubject: "
                  "s\nFrom: x@y\n\nin\n--b--\n");
    const struct part *message = l->root->first->next;
    tap_ok(bytes_is(l->text, "one\n\nin") && bytes_is(message->message->subject, "s") &&
               bytes_is(message->message->from.addresses[0].text, "x@y") &&
               bytes_is(message->message->text, "in"),
           "a message inside");
    l = read_text("A: 1\nlost line\nB: 2\n\ntext");
    tap_ok(holds(l->hidden, "lost line"),
           "a line of the header that is no field is not lost");
    l = read_text("Content-Type: multipart/mixed\n\ntext");
    tap_ok(bytes_is(l->text, "text"), "a multipart that cannot be opened is text");
    l = read_text("Content-Type: text/plain; "
                  "charset=utf-"
                  "8\n\n\x82\xb1\x82\xf1\x82\xc9\x82\xbf\x82\xcd\x81\x41\x8c\xb3\x8b\x43"
                  "\x82\xc5\x82\xb7\x82\xa9");
    tap_ok(bytes_is(l->text, "こんにちは、元気ですか") &&
               has_defect(l, "charset_disagrees"),
           "evidence over label");
    l = read_text("Content-Type: text/plain; charset=utf-8\n\nsee http://example.jp/x\n");
    tap_ok(l->link_count == 1 && bytes_is(l->links[0].host, "example.jp"), "a link");
    l = letter_read(&arena, BYTES("A: \0\n\n\0text\0"));
    tap_ok(l->text.size == 6, "NULs");
}

static void
test_bounds(void)
{
    struct writer w;

    for (int more = 0; more < 2; more++) {
        writer_init(&w, &arena);
        writer_text(&w, "\n");
        while (w.size < LIMIT_TEXT_BYTES - 2 + 1 + (size_t)more) {
            writer_byte(&w, 'a');
        }
        const struct letter *l = letter_read(&arena, writer_view(&w));
        tap_ok(has_defect(l, "text_size") == (more == 1) &&
                   l->text.size == LIMIT_TEXT_BYTES - 2,
               "text, %d past the bound", more);
    }
    writer_init(&w, &arena);
    for (int i = 0; i < LIMIT_DEFECTS + 5; i++) {
        writer_text(&w, "From: a@b\n");
    }
    const struct letter *l = letter_read(&arena, writer_view(&w));
    tap_ok(l->defect_count == LIMIT_DEFECTS && l->defects_dropped == 4, "defects");
    writer_init(&w, &arena);
    writer_text(&w, "\n");
    for (int i = 0; i < LIMIT_LINKS + 1; i++) {
        writer_format(&w, "http://a%d.example.jp/\n", i);
    }
    l = letter_read(&arena, writer_view(&w));
    tap_ok(l->link_count <= LIMIT_LINKS, "links");
}

static void
test_floods(void)
{
    static const char *const pieces[] = {"<", "http://",  "a.jp ", "\x1b$B", "=?",
                                         "&", "<a href=", "<div>", "\r",     "\xe3"};
    struct writer w;

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        writer_init(&w, &arena);
        writer_text(&w, i % 2 == 0 ? "Content-Type: text/html\n\n" : "\n");
        while (w.size < 1048576) {
            writer_text(&w, pieces[i]);
        }
        const struct letter *l = letter_read(&arena, writer_view(&w));
        tap_ok(l->text.size <= LIMIT_TEXT_BYTES, "a flood of piece %zu", i);
    }
}

int
main(void)
{
    arena_init(&arena, (size_t)2 << 30);
    test_header();
    test_alternative();
    test_text();
    test_bounds();
    test_floods();
    arena_release(&arena);
    return tap_done();
}
