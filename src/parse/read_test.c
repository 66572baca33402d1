#include "parse/read.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "parse/defects.h"

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
    l = read_text("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: "
                  "text/html\n\nv<i hidden>one</i><form>\n--b\nContent-Type: "
                  "text/html\n\nw<i style=opacity:0>two</i><img width=1 "
                  "src=http://t.example.com/?u=http://n.example.net/>\n--b--\n");
    tap_ok(l->hidden_count == 2 && l->hidden_texts[0].reason == HIDDEN_DISPLAY &&
               bytes_is(l->hidden_texts[1].text, "two") &&
               l->hidden_texts[1].reason == HIDDEN_OPACITY,
           "hidden text of all parts, with its reasons");
    tap_ok(l->html.has_form && l->html.beacon_count == 1, "facts of all parts");
    tap_ok(l->link_count == 2 && l->links[1].kind == LINK_NESTED &&
               l->links[1].outer == 0 && bytes_is(l->links[1].host, "n.example.net"),
           "a link in a link");
    l = read_text("Content-Type: text/plain; charset=utf-8\n\n殺\xe2\x80\x8bす \xe2\x80\xae"
                  "x\n");
    tap_ok(l->invisible_count == 1 && l->override_count == 1,
           "characters without width, and those that turn the rest");
    l = read_text(
        "Content-Type: text/plain; charset=utf-8\n\n👨\xe2\x80\x8d👩 \xef\xbb\xbfx\n");
    tap_ok(l->invisible_count == 0, "but not the joints of emoji");
    l = letter_read(&arena, BYTES("A: \0\n\n\0text\0"));
    tap_ok(l->text.size == 6, "NULs");
}

static void
test_flowed(void)
{
    const struct letter *l =
        read_text("Content-Type: text/plain; charset=utf-8; format=Flowed; DelSp=Yes\n\n"
                  "\xe7\x88\x86 \n\xe5\xbc\xbe\n> quoted \n> text\n");

    tap_ok(bytes_is(l->text, "爆弾\n> quotedtext") &&
               bytes_is(l->root->visible, "爆弾\n> quotedtext") &&
               bytes_starts(l->root->text, BYTES("爆 \n")),
           "format=flowed; delsp=yes: a word over a line end is whole, text is as it came");
    l = read_text("Content-Type: text/plain; format=flowed\n\none \ntwo\n");
    tap_ok(bytes_is(l->text, "one two"), "format=flowed");
    l = read_text("Content-Type: text/plain; format=fixed\n\none \ntwo\n");
    tap_ok(bytes_is(l->text, "one \ntwo"), "format=fixed");
    l = read_text("Content-Type: text/x; format=flowed\n\none \ntwo\n");
    tap_ok(bytes_is(l->text, "one \ntwo"), "only text/plain flows");
    l = read_text(
        "Content-Type: text/plain; charset=iso-2022-jp; format=flowed; delsp=yes\n\n"
        "\x1b$BGz\x1b(B \n\x1b$BCF\x1b(B\n");
    tap_ok(bytes_is(l->text, "爆弾"), "also in ISO-2022-JP");
}

static void
test_files_in_text(void)
{
    const struct letter *l =
        read_text("Subject: x\n\nbefore\nbegin 644 virus.exe\n#0V%T\n`\nend\nafter\n");
    const struct part *file = l->root->first;

    tap_ok(bytes_is(l->text, "before\nafter") && l->root->shape == PART_LEAF &&
               l->part_count == 2 && has_defect(l, "file_in_text"),
           "uuencode in text: the text around it is read");
    tap_ok(file != NULL && file->is_in_text && bytes_is(file->filename, "virus.exe") &&
               bytes_is(file->content, "Cat") && file->encoding == ENCODING_UUENCODE &&
               part_next(l->root) == file && part_next(file) == NULL,
           "and the file is a part");
    tap_ok(holds(l->root->text, "#0V%T"), "text is all of it");
    l = read_text(
        "Content-Transfer-Encoding: base64\n\nYmVnaW4gNjQ0IGEKIzBWJVQKYAplbmQK\n");
    tap_ok(l->root->first != NULL && bytes_is(l->root->first->content, "Cat"),
           "also under a transfer encoding");
    l = read_text("\n=ybegin line=128 size=3 name=c.exe\n\x6d\x8b\x9e\n=yend size=3\n");
    tap_ok(l->root->first != NULL && bytes_is(l->root->first->content, "Cat") &&
               l->root->first->encoding == ENCODING_YENC && l->text.size == 0,
           "yEnc");
    l = read_text("Content-Type: text/html\n\nbegin 644 a\n#0V%T\n`\nend\n");
    tap_ok(l->root->first == NULL, "not in HTML");
}

static void
test_special_types(void)
{
    const struct letter *l = read_text(
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; a.example\n\n"
        "Final-Recipient: rfc822; b@c.example\nAction: failed\n\n\nFinal-Recipient: "
        "rfc822; "
        "d@e.example\nStatus: 5.1.1\n");
    tap_ok(l->root->group_count == 3 && l->root->groups[1].field_count == 2 &&
               bytes_is(l->root->groups[2].fields[1].name, "Status") &&
               bytes_is(l->root->groups[2].fields[1].value, " 5.1.1"),
           "the fields of a delivery report, by recipient");
    l = read_text("Content-Type: message/delivery-status\nContent-Transfer-Encoding: "
                  "base64\n\nQTogMQoKQjogMgo=\n");
    tap_ok(l->root->group_count == 2, "under a transfer encoding");
    l = read_text("Content-Type: message/delivery-status\n\n\n\nno fields\n");
    tap_ok(l->root->group_count == 0, "and none");
    l = read_text("Content-Type: message/external-body; access-type=URL; "
                  "URL=\"http://evil.example/x\"\n\nContent-Type: text/html\n\n");
    tap_ok(has_defect(l, "message_external") && l->link_count == 1 &&
               l->links[0].kind == LINK_OTHER && bytes_is(l->links[0].host, "evil.example"),
           "where an external body lies is a link");
    l = read_text("Content-Type: application/ms-tnef; name=x\n\nx");
    tap_ok(has_defect(l, "tnef"), "TNEF by type");
    l = read_text("Content-Type: application/octet-stream; name=WinMail.dat\n\nx");
    tap_ok(has_defect(l, "tnef"), "TNEF by name");
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
    tap_ok(l->defect_count == LIMIT_DEFECTS_SAME &&
               l->defects_dropped == LIMIT_DEFECTS + 4 - LIMIT_DEFECTS_SAME,
           "a flood of one defect");
    static const char *const names[] = {"a", "b", "c", "d", "e", "f",
                                        "g", "h", "i", "j", "k"};
    struct defects d;
    defects_init(&d, &arena, BYTES_NONE);
    for (size_t i = 0; i < LIMIT_DEFECTS_SAME * sizeof names / sizeof *names; i++) {
        defect_note(&d, names[i % 11], NULL);
        size_t kept = i < LIMIT_DEFECTS ? i + 1 : LIMIT_DEFECTS;
        if (i + 1 == LIMIT_DEFECTS || i == LIMIT_DEFECTS) {
            tap_ok(d.count == kept && d.dropped == i + 1 - kept, "%zu different defects",
                   i + 1);
        }
    }
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

/* Emoji of carriers by the sender's domain, and how sure the charset of a part is. */
static void
test_carriers(void)
{
    const struct letter *l = read_text(
        "From: a@ezweb.ne.jp\nSubject: =?iso-2022-jp?B?GyRCeSEbKEI=?=\nContent-Type: "
        "text/plain; charset=iso-2022-jp\n\n\x1b$By!\x1b(B\n");
    tap_ok(l->carrier == EMOJI_KDDI && bytes_is(l->subject, "🍂") && bytes_is(l->text, "🍂"),
           "KDDI's emoji from KDDI's domain");
    l = read_text(
        "From: a@example.jp\nSubject: =?iso-2022-jp?B?GyRCeSEbKEI=?=\nContent-Type: "
        "text/plain; charset=iso-2022-jp\n\n\x1b$By!\x1b(B\n");
    tap_ok(l->carrier == EMOJI_NOBODY && bytes_is(l->subject, "纊") &&
               bytes_is(l->text, "纊"),
           "the same code from another is a kanji");
    l = read_text(
        "From: a@b\nContent-Type: message/rfc822\n\nFrom: x@i.softbank.jp\nContent-Type: "
        "text/plain; charset=utf-8\n\n\xee\x94\x8b\n");
    tap_ok(bytes_is(l->text, "🇯🇵"), "a forwarded letter has its own sender");
    tap_ok(read_text("Content-Type: text/plain; charset=utf-8\n\nお知らせ\n")
                   ->root->charset_confidence == 100,
           "UTF-8 is certain");
    l = read_text("Content-Type: text/plain; charset=iso-8859-1\n\n\x8f\x64\x97\x76\n");
    tap_ok(l->root->charset_confidence > 50 && l->root->charset_confidence < 100 &&
               bytes_is(l->root->charset, "shift_jis"),
           "two letters under a wrong label are not");
}

int
main(void)
{
    arena_init(&arena, (size_t)2 << 30);
    test_header();
    test_alternative();
    test_text();
    test_flowed();
    test_files_in_text();
    test_special_types();
    test_bounds();
    test_floods();
    test_carriers();
    arena_release(&arena);
    return tap_done();
}
