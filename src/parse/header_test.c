#include "parse/header.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "parse/words.h"

static struct arena arena;

static struct header
read_text(const char *text, size_t *body_r, struct defects *d)
{
    struct header header;
    struct bytes in = bytes_from_text(text);

    defects_init(d, &arena, in);
    *body_r = header_read(&arena, in, NULL, &header, d);
    return header;
}

static bool
has_defect(const struct defects *d, const char *name)
{
    for (size_t i = 0; i < d->count; i++) {
        if (strcmp(d->list[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void
test_fields(void)
{
    struct defects d;
    size_t body, from = 0;
    struct header h =
        read_text("From: a\r\nSubject : b\r\n c\r\nfrom:d\r\n\r\ntext", &body, &d);

    tap_ok(h.field_count == 3 && d.count == 0, "three fields, no defect");
    tap_ok(bytes_is(h.fields[1].name, "Subject") && bytes_is(h.fields[1].value, " b\r\n c"),
           "blanks before the colon, folding kept");
    tap_ok(bytes_is(h.fields[1].whole, "Subject : b\r\n c\r\n"), "the whole field");
    tap_ok(body == strlen("From: a\r\nSubject : b\r\n c\r\nfrom:d\r\n\r\n"),
           "the body begins");
    tap_ok(header_count(&h, BYTES("FROM")) == 2, "counted without case");
    const struct field *first = header_find(&h, BYTES("from"), &from);
    const struct field *second = header_find(&h, BYTES("from"), &from);
    tap_ok(first == &h.fields[0] && second == &h.fields[2], "found in order");
    tap_ok(header_find(&h, BYTES("from"), &from) == NULL, "and no third");
    tap_ok(bytes_is(header_unfold(&arena, h.fields[1].value), "b c"), "unfolded");
    tap_ok(header_value(&h, BYTES("to")).size == 0, "no value");
}

static void
test_broken(void)
{
    struct defects d;
    size_t body;
    struct header h = read_text("A: 1\nno field\nB: 2\n\ntext", &body, &d);

    tap_ok(h.field_count == 2 && has_defect(&d, "header_line"), "a line that is no field");
    tap_ok(bytes_is(h.fields[0].value, " 1\nno field"), "continues the one above");
    h = read_text("A: 1\nonly text follows\nand more", &body, &d);
    tap_ok(h.field_count == 1 && body == 5 && has_defect(&d, "header_unended"),
           "text without an empty line");
    h = read_text("no header at all\nhere: none\n", &body, &d);
    tap_ok(h.field_count == 1 && body == strlen("no header at all\nhere: none\n"),
           "a first line is passed over");
    h = read_text("This is text.\nAnd this\n\nA: 1\n", &body, &d);
    tap_ok(h.field_count == 0 && body == 0, "no header: all is body");
    h = read_text("From me Mon Jan  1 10:00:00 2001\nA: 1\n\nx", &body, &d);
    tap_ok(h.field_count == 1 && d.count == 1 && has_defect(&d, "mailbox_line") &&
               bytes_starts(h.raw, BYTES("A:")),
           "mailbox line");
    h = read_text("", &body, &d);
    tap_ok(h.field_count == 0 && body == 0, "nothing");
    h = read_text("A", &body, &d);
    tap_ok(h.field_count == 0 && body == 0, "one letter");
    h = read_text("A:", &body, &d);
    tap_ok(h.field_count == 1 && h.fields[0].value.size == 0 && body == 2,
           "a field without an end");
    h = read_text("\r\ntext", &body, &d);
    tap_ok(h.field_count == 0 && body == 2, "empty header");
    struct bytes nul = BYTES("A: \0b\n\nc");
    defects_init(&d, &arena, nul);
    body = header_read(&arena, nul, NULL, &h, &d);
    tap_ok(body == 7 && h.fields[0].value.size == 3 && has_defect(&d, "header_nul"), "NUL");
}

/* What is noted of a block's bytes, and which of it is not clear to others. */
static void
test_bytes(void)
{
    static const struct {
        const char *in, *defect;
        bool is_unclear;
    } rows[] = {
        {"A: b\r\n c\r\n\r\n", NULL, false},
        {"A: \xe3\x81\x82\n\n", NULL, false},
        {"A: \x82\xa0\n\n", "header_8bit", false},
        {"X-Spam-Report: \xe3\x81\n\n", NULL, false},
        {"X-Spam-Report: a\n \n b\n\n", NULL, false},
        {"A: b\n \n c\n\n", "header_blank_line", true},
        {"A: b\n\t \nB: c\n\n", "header_blank_line", true},
        {"A: b\n \n\n", NULL, false},
        {"A: b\n ", NULL, false},
        {"A: b\rB: c\n\n", "header_cr", true},
        {"A: b\r\rB: c\n\n", "header_cr", true},
        {"A: b\r\r\nB: c\n\n", NULL, false},
        {"A: b\r", NULL, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct defects d;
        size_t body;
        struct header h = read_text(rows[i].in, &body, &d);
        tap_ok(h.is_unclear == rows[i].is_unclear &&
                   (rows[i].defect == NULL
                        ? d.count == 0
                        : d.count == 1 && has_defect(&d, rows[i].defect)),
               "bytes %zu: %s", i, rows[i].defect == NULL ? "no defect" : rows[i].defect);
    }
}

static void
test_bounds(void)
{
    struct defects d;
    struct header h;
    struct writer w;

    writer_init(&w, &arena);
    for (int i = 0; i < LIMIT_HEADER_FIELDS; i++) {
        writer_text(&w, "A: b\n");
    }
    defects_init(&d, &arena, writer_view(&w));
    (void)header_read(&arena, writer_view(&w), NULL, &h, &d);
    tap_ok(h.field_count == LIMIT_HEADER_FIELDS && d.count == 0, "fields at the bound");
    writer_text(&w, "A: b\n\nbody");
    defects_init(&d, &arena, writer_view(&w));
    size_t body = header_read(&arena, writer_view(&w), NULL, &h, &d);
    tap_ok(h.field_count == LIMIT_HEADER_FIELDS && has_defect(&d, "header_fields"),
           "one past it");
    tap_ok(body == w.size - 4, "the body is found all the same");

    writer_clear(&w);
    writer_text(&w, "A: ");
    while (w.size < LIMIT_HEADER_BYTES - 1) {
        writer_byte(&w, 'x');
    }
    writer_byte(&w, '\n');
    defects_init(&d, &arena, writer_view(&w));
    (void)header_read(&arena, writer_view(&w), NULL, &h, &d);
    tap_ok(h.field_count == 1 && d.count == 0, "bytes at the bound");
    writer_text(&w, "B:\n");
    defects_init(&d, &arena, writer_view(&w));
    (void)header_read(&arena, writer_view(&w), NULL, &h, &d);
    tap_ok(h.field_count == 1 && has_defect(&d, "header_size"), "past it");
    defects_init(&d, &arena, writer_view(&w));
    (void)words_decode(&arena, h.fields[0].value, &d);
    tap_ok(has_defect(&d, "header_field_size"), "one field is too long to be decoded");

    writer_clear(&w);
    for (int i = 0; i < LIMIT_COMMENT_DEPTH; i++) {
        writer_byte(&w, '(');
    }
    for (int i = 0; i < LIMIT_COMMENT_DEPTH; i++) {
        writer_byte(&w, ')');
    }
    tap_ok(header_comment(writer_view(&w), 0) == w.size, "comments at the bound");
    writer_byte(&w, ')');
    w.at[LIMIT_COMMENT_DEPTH] = '(';
    tap_ok(header_comment(writer_view(&w), 0) == 0, "one deeper");
}

static void
test_words(void)
{
    static const struct {
        const char *in, *out, *name;
    } cases[] = {
        {" plain ", "plain", "plain"},
        {"=?utf-8?q?a_b=21?= c", "a b! c", "quoted-printable"},
        {"=?utf-8?B?44GC?=", "あ", "base64"},
        {"=?utf-8?B?44E=?=\r\n =?UTF-8?b?gg==?=", "あ", "a character cut in two words"},
        {"=?utf-8*ja?B?44GC?=", "あ", "a language"},
        {"=?utf-8?q?a?= =?us-ascii?q?b?=", "ab", "two charsets, no blank between"},
        {"=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b", "text between"},
        {"=?utf-8?x?a?=", "=?utf-8?x?a?=", "unknown encoding"},
        {"=?utf-8?q?a", "a", "no end"},
        {"=?utf-8?q?", "=?utf-8?q?", "no end and no text"},
        {"=?utf-8?b?44GC?", "あ", "half an end"},
        {"=?utf-8?q?=E3=81=82?=E3=81=84?=", "あ?い", "a question mark before an octet"},
        {"=?utf-8?q?a?=B1=?utf-8?q?b?=", "aB1b", "no octet, but text between words"},
        {"=?Shift_JIS?q?=95?= =?sjis?q?=5C?=", "表", "two names of one charset"},
        {"=?utf-8 ?q?a?=", "a", "a blank behind the charset"},
        {"=??q?=E3=81=82?=", "あ", "no charset"},
        {"=?utf-8?b?44 GC?=", "あ", "a blank in base64"},
        {"=?iso-2022-jp?q?=1B$B$\"=1B(B?=", "あ", "q with bare marks of JIS"},
        {"=?utf-8?b?gqCCog==?=", "あい", "Shift_JIS labelled UTF-8"},
        {"=?iso-2022-jp?b?GyRCJCI=?= =?iso-2022-jp?b?JCQbKEI=?=", "あい",
         "a shift state across words"},
        {"=?utf-8?b?44GC44GE z", "あい z", "no end before a blank"},
        {"=?utf-8?b?44G?= =?utf-8?b?C44GE?=", "あい", "base64 cut inside a group of four"},
        {"=?utf-8?b?44GC44?= =?utf-8?q?=81=84?=", "あい", "base64 and q inside one letter"},
        {"=?utf-8?q?=zz=4?=", "=zz=4", "broken escapes"},
        {"=?", "=?", "a stub"},
        {"=?=?=?=?", "=?=?=?=?", "stubs"},
        {"=?utf-8?q?"
         "?=",
         "", "empty word"},
        {"\xe3\x81\x82", "あ", "raw UTF-8"},
        {"\x1b$B$\"$$\x1b(B", "あい", "raw JIS"},
        {"=?iso-2022-jp?B?GyRCJCI=?= =?iso-2022-jp?B?JCQbKEI=?=", "あい",
         "shift state across words"},
        {"=?iso-2022-jp?B?GyRCJCIbKEI=?= =?iso-2022-jp?B?GyRCJCQbKEI=?=", "あい",
         "each word by itself"},
        {"Fr\xf6sche", "Fr\xef\xbf\xbdsche", "raw bytes that are no UTF-8"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes out = words_decode(&arena, bytes_from_text(cases[i].in), NULL);
        tap_ok(bytes_is(out, cases[i].out), "words: %s", cases[i].name);
    }
}

/* Linear time: each of these would take minutes if it were not. */
static void
test_floods(void)
{
    static const char *const pieces[] = {"=?",  "=?a?q?", "=?a?q?b?= ", "\x1b$B", "A:\n",
                                         "x\n", " \n",    "A\n:",       "(\n "};
    struct writer w;

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct header h;
        writer_init(&w, &arena);
        while (w.size < 1048576) {
            writer_text(&w, pieces[i]);
        }
        size_t body = header_read(&arena, writer_view(&w), NULL, &h, NULL);
        struct bytes text = words_decode(&arena, writer_view(&w), NULL);
        tap_ok(body <= w.size && text.size <= 3 * w.size, "a megabyte of piece %zu", i);
    }
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    test_fields();
    test_broken();
    test_bytes();
    test_bounds();
    test_words();
    test_floods();
    arena_release(&arena);
    return tap_done();
}
