/* Classes of faults that have brought mail programs down, or made them read what nobody sees; numbered as in the survey of
 * known faults that Sekisho was built from. 20, two readings, has a test of its own (readings_test.c); 21 to 28 and 32 stand here
 * as far as they are about messages. "Linear" is told by CPU time of n and of 4n. */
#include "parse/read.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/tap.h"
#include "base/utf8.h"
#include "base/writer.h"
#include "parse/address.h"
#include "parse/date.h"
#include "parse/parameters.h"
#include "parse/words.h"

static struct arena arena;

static void
fill(struct writer *w, const char *before, const char *piece, size_t count,
     const char *after)
{
    writer_init(w, &arena);
    writer_text(w, before);
    for (size_t i = 0; i < count; i++) {
        writer_text(w, piece);
    }
    writer_text(w, after);
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

/* 21: depth. What lies deepest is still read. */
static void
test_depth(void)
{
    struct writer w;

    writer_init(&w, &arena);
    for (int i = 0; i < 2000; i++) {
        writer_format(&w, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
    }
    writer_text(&w, "\ndeepest\n");
    const struct letter *l = letter_read(&arena, writer_view(&w));
    tap_ok(has_defect(l, "mime_depth") && holds(l->text, "deepest"),
           "class 21: 2,000 multiparts in each other");
    fill(&w, "", "Content-Type: message/rfc822\n\n", 2000, "deepest\n");
    l = letter_read(&arena, writer_view(&w));
    tap_ok(has_defect(l, "mime_depth") && holds(l->hidden, "deepest"),
           "class 21: 2,000 messages in each other");
    fill(&w, "From: ", "(", 100000, "x@y.example\n\n");
    l = letter_read(&arena, writer_view(&w));
    tap_ok(l->from.address_count <= 1, "class 21: 100,000 open comments");
    fill(&w, "From: ", "(", 100000, "");
    for (int i = 0; i < 100000; i++) {
        writer_byte(&w, ')');
    }
    writer_text(&w, "x@y.example\n\nbody");
    l = letter_read(&arena, writer_view(&w));
    tap_ok(holds(l->text, "body"), "class 21: and 100,000 closed ones");
}

/* 22: breadth. */
static void
test_breadth(void)
{
    struct writer w;

    fill(&w, "Subject: s\n", "X: y\n", 100000, "\nbody\n");
    const struct letter *l = letter_read(&arena, writer_view(&w));
    tap_ok(l->header.field_count == LIMIT_HEADER_FIELDS && has_defect(l, "header_fields") &&
               bytes_is(l->text, "body"),
           "class 22: 100,000 fields");
    fill(&w, "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\nx\n", 100000,
         "--b\n\nlast one\n--b--\n");
    l = letter_read(&arena, writer_view(&w));
    tap_ok(l->part_count == LIMIT_MIME_PARTS + 1 && has_defect(l, "mime_parts") &&
               holds(l->text, "last one"),
           "class 22: 100,000 parts, the last is read");
    fill(&w, "To: ", "a@b.jp,", 37000,
         "\n\nbody"); /* what LIMIT_HEADER_FIELD has room for */
    l = letter_read(&arena, writer_view(&w));
    tap_ok(l->to.address_count == LIMIT_ADDRESSES && has_defect(l, "addresses"),
           "class 22: 37,000 addresses in a field");
    fill(&w, "To: ", "a@b.jp,\n ", 100000, "\n\nbody");
    l = letter_read(&arena, writer_view(&w));
    tap_ok(l->to.address_count == LIMIT_ADDRESSES && bytes_is(l->text, "body"),
           "class 22: 100,000 addresses");
    fill(&w, "Content-Type: text/plain", "; a=b", 100000, "\n\nbody");
    l = letter_read(&arena, writer_view(&w));
    tap_ok(l->root->parameter_count <= LIMIT_MIME_PARAMETERS && bytes_is(l->text, "body"),
           "class 22: 100,000 parameters");
    fill(&w, "\n", "begin 644 a\n#0V%T\n`\nend\n", 100000, "tail\n");
    l = letter_read(&arena, writer_view(&w));
    tap_ok(l->part_count == LIMIT_MIME_PARTS && has_defect(l, "mime_parts") &&
               holds(l->text, "begin 644 a"),
           "class 22: 100,000 files in a text");
    fill(&w, "Content-Type: message/delivery-status\n\n", "Action: failed\n\n", 100000, "");
    l = letter_read(&arena, writer_view(&w));
    tap_ok(l->root->group_count == LIMIT_REPORT_GROUPS,
           "class 22: 100,000 recipients in a delivery report");
}

static int64_t
cost(const char *before, const char *piece, size_t count)
{
    struct arena scratch;
    struct writer w;
    int64_t best = INT64_MAX;

    fill(&w, before, piece, count, "\n\nx\n");
    arena_init(&scratch, (size_t)2 << 30);
    for (int round = 0; round < 2; round++) {
        int64_t from = clock_cpu_us();
        letter_read(&scratch, writer_view(&w));
        int64_t took = clock_cpu_us() - from;
        best = took < best ? took : best;
        arena_release(&scratch);
    }
    return best;
}

/* 24: quadratic time, in header and structure. */
static void
test_linear(void)
{
    static const struct {
        const char *before, *piece;
    } traps[] = {
        {"From: ", "\""},
        {"From: ", "("},
        {"From: ", "\\\"("},
        {"From: ", "a@"},
        {"From: ", "<"},
        {"From: ", "a:"},
        {"From: ", "=?utf-8?q?a"},
        {"From: ", "\x1b$B"},
        {"From: ", "a."},
        {"From: ", "@a,"},
        {"Subject: ", "=?"},
        {"Subject: ", "=?utf-8?b?4?= "},
        {"Subject: ", "=?iso-2022-jp?b?GyRC?="},
        {"Subject: ", "\n "},
        {"Subject: ", "\n \n"},
        {"Date: ", "("},
        {"Date: ", "1 "},
        {"Content-Type: text/plain; a=", "\""},
        {"Content-Type: text/plain; ", "a*0=b;"},
        {"Content-Type: ", "("},
        {"Content-Disposition: a; filename*=", "%"},
        {"Message-ID: ", "<"},
        {"References: ", "<a> "},
        {"", "a\n"},
        {"A: 1\n", "a\n"},
        {"", " \n"},
        {"A: b\r", " \r"},
        {"Content-Type: multipart/mixed; boundary=b\n\n", "--b"},
        {"Content-Type: multipart/mixed; boundary=b\n\n", "--bb\n"},
        {"Content-Type: multipart/mixed; boundary=b\n\n", "\r--b\n"},
        {"Content-Type: multipart/mixed; boundary=b\n\n", "--b\nno field\n"},
        {"Content-Type: multipart/mixed; boundary=b\n\n",
         "--b\nContent-Type: multipart/mixed; boundary=b\n\n"},
        {"Content-Type: multipart/mixed; boundary=b; boundary=c\n\n", "--b\n\n--c\n\n"},
        {"Content-Type: multipart/mixed\n\n", "--b\n\n"},
        {"Content-Type: message/rfc822\n", "Content-Type: message/rfc822\n"},
        {"Content-Transfer-Encoding: base64\n\n", "A="},
        {"Content-Transfer-Encoding: quoted-printable\n\n", "="},
        {"Content-Transfer-Encoding: quoted-printable\n\n", "= \n"},
        {"Content-Transfer-Encoding: uuencode\n\n", "begin 644 a\n"},
        {"Content-Type: text/plain; format=flowed\n\n", "> "},
        {"\n", "begin 644 a\n`\n"},
        {"\n", "=ybegin size=1 name=a\n"},
    };

    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++) {
        size_t count = 120000 / strlen(traps[i].piece);
        int64_t one = cost(traps[i].before, traps[i].piece, count);
        int64_t four = cost(traps[i].before, traps[i].piece, count * 4);
        tap_ok(four < 10 * one + 20000,
               "class 24: trap %zu: %d us, four times as much %d us", i, (int)one,
               (int)four);
    }
}

/* 25: widths. Mail as large as we take, in each of the shapes that are copied or decoded. */
static void
test_large(void)
{
    static const struct {
        const char *name, *head, *line;
    } rows[] = {
        {"text", "\n",
         "0123456789012345678901234567890123456789012345678901234567890123456789\n"},
        {"base64", "Content-Type: application/x\nContent-Transfer-Encoding: base64\n\n",
         "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz\n"},
        {"quoted-printable", "Content-Transfer-Encoding: quoted-printable\n\n",
         "=E3=81=82=E3=81=82=E3=81=82=E3=81=82=E3=81=82=E3=81=82=E3=81=82=E3=81=82=\n"},
        {"uuencode in text", "\nbegin 644 a\n",
         "M86)C9&5F9VAI:FML;6YO<'%R<W1U=G=X>7IA8F-D969G:&EJ:VQM;F]P<7)S\n"},
        {"flowed", "Content-Type: text/plain; format=flowed; delsp=yes\n\n",
         "\xe3\x81\x82\xe3\x81\x84 \n"},
        {"two readings", "Content-Type: text/plain\nContent-Type: text/html\n\n",
         "0123456789012345678901234567890123456789012345678901234567890123456789\n"},
        {"one line", "\n", "0123456789"},
        {"NULs", "\n", "\x01"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena all, scratch;
        arena_init(&all, (size_t)1 << 30);
        arena_init(&scratch, LIMIT_ARENA_MESSAGE);
        size_t head = strlen(rows[i].head), line = strlen(rows[i].line), size = head;
        uint8_t *raw = arena_take_bytes(&all, LIMIT_MESSAGE);
        memcpy(raw, rows[i].head, head);
        for (; size + line <= LIMIT_MESSAGE; size += line) {
            memcpy(raw + size, rows[i].line, line);
        }
        for (size_t k = head; line == 1 && k < size; k++) {
            raw[k] = 0;
        }
        int64_t from = clock_cpu_us();
        const struct letter *l = letter_read(&scratch, bytes_of(raw, size));
        int64_t took = clock_cpu_us() - from;
        tap_ok(l->text.size <= LIMIT_TEXT_BYTES && l->other.size <= LIMIT_OTHER_BYTES &&
                   l->body.size >= size - head,
               "class 25: 50 MiB, %s: %d ms, %zu MiB", rows[i].name, (int)(took / 1000),
               scratch.used >> 20);
        arena_release(&scratch);
        arena_release(&all);
    }
}

/* 27: line ends that come out of encoded words stay bytes of one value; 28: NULs in names. */
static void
test_injection(void)
{
    const struct letter *l = letter_read(
        &arena,
        BYTES("Subject: =?utf-8?q?a=0D=0ABcc:_x@y?=\nFrom: =?utf-8?q?a=0D=0ATo:_b?= "
              "<c@d.example>\nContent-Disposition: attachment; "
              "filename*=utf-8''a%0D%0Ab%00cd\n\nx"));

    tap_ok(l->header.field_count == 3 && bytes_is(l->subject, "a\r\nBcc: x@y") &&
               l->from.address_count == 1 &&
               bytes_is(l->from.addresses[0].text, "c@d.example") &&
               l->cc.address_count == 0,
           "class 27: decoded line ends make no fields");
    tap_ok(l->root->filename.size == 7 && l->root->filename.at[4] == 0,
           "class 28: a NUL does not end a file name");
    l = letter_read(&arena, BYTES("From: a\0b <c\0d@e.example>\nSubject: x\0y\n\nz"));
    tap_ok(has_defect(l, "header_nul") && l->subject.size == 3,
           "class 28: NULs in fields are noted, and end nothing");
}

/* 32: UTF-8 that is none. */
static void
test_utf8(void)
{
    static const struct {
        const char *name;
        struct bytes bytes;
    } rows[] = {
        {"overlong /", {(const uint8_t *)"\xc0\xaf", 2}},
        {"overlong, three bytes", {(const uint8_t *)"\xe0\x80\xaf", 3}},
        {"overlong, four bytes", {(const uint8_t *)"\xf0\x80\x80\xaf", 4}},
        {"a surrogate", {(const uint8_t *)"\xed\xa0\x80", 3}},
        {"a pair of surrogates", {(const uint8_t *)"\xed\xa0\xbd\xed\xb8\x80", 6}},
        {"past U+10FFFF", {(const uint8_t *)"\xf4\x90\x80\x80", 4}},
        {"five bytes", {(const uint8_t *)"\xf8\x88\x80\x80\x80", 5}},
        {"a tail cut off", {(const uint8_t *)"\xe3\x81", 2}},
        {"a tail alone", {(const uint8_t *)"\x81", 1}},
        {"FE FF", {(const uint8_t *)"\xfe\xff", 2}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct writer w;
        writer_init(&w, &arena);
        for (int field = 0; field < 3; field++) {
            static const char *const starts[] = {
                "Subject: a", "From: a", "Content-Type: text/plain; charset=utf-8; name=a"};
            writer_text(&w, starts[field]);
            writer_bytes(&w, rows[i].bytes);
            writer_text(&w, field == 1 ? " <a@b.example>\n" : "\n");
        }
        writer_text(&w, "\nabout ");
        writer_bytes(&w, rows[i].bytes);
        const struct letter *l = letter_read(&arena, writer_view(&w));
        tap_ok(utf8_valid(l->subject) && utf8_valid(l->from.addresses[0].name) &&
                   utf8_valid(l->root->filename) && utf8_valid(l->text) &&
                   bytes_starts(l->text, BYTES("about ")) &&
                   bytes_is(l->from.addresses[0].text, "a@b.example"),
               "class 32: %s", rows[i].name);
    }
}

int
main(void)
{
    arena_init(&arena, (size_t)2 << 30);
    test_depth();
    test_breadth();
    test_linear();
    test_large();
    test_injection();
    test_utf8();
    arena_release(&arena);
    return tap_done();
}
