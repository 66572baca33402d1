/* Class 20 of known faults: a message that two programs read in two ways. Each case is one trick; both readings must be there
 * for the judge, and the defect must say why. */
#include "parse/mime.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

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

/* ours must be in the text; theirs in the other text, and not in ours; "" of theirs: no other reading that says anything
 * else. */
static void
expect(const char *defect, const char *text, const char *ours, const char *theirs)
{
    const struct letter *l = letter_read(&arena, bytes_from_text(text));
    bool good = has_defect(l, defect) && holds(l->text, ours);

    if (*theirs == '\0') {
        good = good && l->other.size == 0 && !has_defect(l, "reads_otherwise");
    } else {
        good = good && holds(l->other, theirs) && !holds(l->text, theirs) &&
               has_defect(l, "reads_otherwise");
    }
    if (!tap_ok(good, "%s: ours \"%s\", theirs \"%s\"", defect, ours, theirs)) {
        printf("# text: %.*s\n# other: %.*s\n# defects:", BYTES_ARGUMENTS(l->text),
               BYTES_ARGUMENTS(l->other));
        for (size_t i = 0; i < l->defect_count; i++) {
            printf(" %s", l->defects[i].name);
        }
        printf("\n");
    }
}

#define ONE_TWO "--a\n\none\n--a--\n--b\n\ntwo\n--b--\n"
#define BASE64  "Content-Transfer-Encoding: base64\n"

static void
test_types(void)
{
    expect("content_type_conflict",
           "Content-Type: text/html\nContent-Type: text/plain\n\n<!-- bomb --><p>hi</p>\n",
           "hi", "bomb");
    expect("content_type_conflict",
           "Content-Type: text/plain\nContent-Type: multipart/mixed; "
           "boundary=a\n\n--a\n" BASE64 "\nYm9tYg==\n--a--\n",
           "Ym9tYg==", "bomb");
    expect("content_type_conflict",
           "Content-Type: multipart/mixed; boundary=a\nContent-Type: multipart/mixed; "
           "boundary=b\n\n" ONE_TWO,
           "one", "two");
    expect("content_type_twice",
           "Content-Type: text/plain\nContent-Type: text/plain\n\nsame\n", "same", "");
    expect("field_name_blank", "Content-Type : text/html\n\n<!-- bomb --><p>hi</p>\n", "hi",
           "bomb");
    expect("content_type_broken",
           "Content-Type: multipart; boundary=a\n\n--a\n" BASE64 "\nYm9tYg==\n--a--\n",
           "Ym9tYg==", "bomb");
    expect("content_type_broken",
           "Content-Type: multipart boundary; boundary=a\n\n--a\n" BASE64
           "\nYm9tYg==\n--a--\n",
           "Ym9tYg==", "bomb");
}

static void
test_parameters(void)
{
    expect("boundary_conflict",
           "Content-Type: multipart/mixed; boundary=a; boundary=b\n\n" ONE_TWO, "one",
           "two");
    expect("boundary_conflict",
           "Content-Type: multipart/mixed; boundary=b; boundary*=us-ascii''a\n\n" ONE_TWO,
           "one", "two");
    expect("boundary_conflict",
           "Content-Type: multipart/mixed; boundary=b; boundary*0=a\n\n" ONE_TWO, "one",
           "two");
    expect("boundary_conflict",
           "Content-Type: multipart/mixed; boundary=\"a \"\n\n--a\n\none\n--a--\n", "",
           "one");
    expect("charset_conflict",
           "Content-Type: text/plain; charset=iso-8859-1; charset=iso-8859-7\n\nabc "
           "\xe1\xe2 abc\n",
           "abc áâ abc", "abc αβ abc");
    expect("parameter_twice", "Content-Type: text/plain; x=1; x=2\n\nsame\n", "same", "");
    expect("boundary_missing",
           "Content-Type: multipart/mixed\n\n--a\n" BASE64 "\nYm9tYg==\n--a--\n",
           "Ym9tYg==", "bomb");
    expect("boundary_near",
           "Content-Type: multipart/mixed; boundary=a\n\n--a\n\none\n--ax\n" BASE64
           "\nYm9tYg==\n--a--\n",
           "one", "bomb");
    const struct letter *l =
        letter_read(&arena, BYTES("Content-Type: multipart/mixed; "
                                  "boundary=a\n\n--a\n\none\n--a--x\nend\n--a--\n"));
    tap_ok(holds(l->text, "end") && bytes_is(l->other, "one") &&
               has_defect(l, "boundary_near"),
           "an end that others find");
}

static void
test_encodings(void)
{
    expect("encoding_conflict", "Content-Transfer-Encoding: 7bit\n" BASE64 "\nYm9tYg==\n",
           "Ym9tYg==", "bomb");
    expect("encoding_conflict", "Content-Transfer-Encoding: x-base64\n\nYm9tYg==\n",
           "Ym9tYg==", "bomb");
    expect("encoding_conflict", "Content-Transfer-Encoding: quoted_printable\n\n=62omb\n",
           "=62omb", "bomb");
    expect("encoding_twice",
           "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: 8bit\n\nsame\n",
           "same", "");
    expect("field_name_blank", "Content-Transfer-Encoding : base64\n\nYm9tYg==\n", "bomb",
           "Ym9tYg==");
    expect("multipart_encoded",
           "Content-Type: multipart/mixed; boundary=a\n" BASE64
           "\nLS1hCgpib21iCi0tYS0tCg==\n",
           "", "bomb");
    expect("multipart_encoded",
           "Content-Type: multipart/mixed; boundary=a\nContent-Transfer-Encoding: "
           "quoted-printable\n\n--a\n\n=62omb\n--a--\n",
           "=62omb", "bomb");
    expect("base64_runs", BASE64 "\nYm=9tYg\n", "b", "bomb");
}

static void
test_lines(void)
{
    expect("header_cr", "A: b\rContent-Type: text/html\n\n<i>h</i>i bomb\n", "<i>", "hi");
    expect("header_cr", "Subject: a\r\rhello\nContent-Type: text/plain\n\nbody\n", "body",
           "hello");
    expect("header_cr", "A: b\rSubject: bomb\n\nbody\n", "body", "bomb");
    expect("header_blank_line", "A: b\n \nbomb: c\nContent-Type: text/html\n\n<p>hi</p>\n",
           "hi", "bomb: c");
    expect("body_cr",
           "Content-Type: multipart/mixed; boundary=a\n\n--a\n\none\r--a\r" BASE64
           "\rYm9tYg==\n--a--\n",
           "one", "bomb");
    const struct letter *l = letter_read(
        &arena, BYTES("A: b\r\r\n c\r\r\nX-Spam-Report: a\r\n \r\n b\r\n\r\nx"));
    tap_ok(l->other.size == 0 && !has_defect(l, "header_cr") &&
               !has_defect(l, "header_blank_line"),
           "CR CR LF is a line end, and SpamAssassin's report is known");
    l = letter_read(&arena, BYTES("A: b\n \n\nbody\n"));
    tap_ok(!has_defect(l, "header_blank_line"), "blanks before the end of the header");
    expect("mime_empty", "Content-Type: multipart/mixed; boundary=a\n\nbomb\n", "", "bomb");
    l = letter_read(&arena,
                    BYTES("Content-Type: message/partial; id=x\n\nSubject: s\n\nbomb\n"));
    tap_ok(has_defect(l, "message_partial") && holds(l->other, "bomb"),
           "a fragment is read as text");
}

static void
test_names(void)
{
    static const struct {
        const char *header, *name, *other;
    } rows[] = {
        {"Content-Type: a/b; name=x.exe\nContent-Disposition: attachment; filename=x.txt",
         "x.txt", "x.exe"},
        {"Content-Disposition: attachment; filename=x.txt; filename=x.exe", "x.txt",
         "x.exe"},
        {"Content-Disposition: attachment; filename=x.exe; filename*=utf-8''x.txt", "x.txt",
         "x.exe"},
        {"Content-Disposition: attachment; filename=x.txt\nContent-Disposition: "
         "attachment; "
         "filename=x.exe",
         "x.txt", "x.exe"},
        {"Content-Disposition: attachment; filename*=utf-8''x.exe%00.text", "x.exe",
         "x.exe"},
        {"Content-Disposition: attachment; filename=\"=?utf-8?q?=E3=81=82.txt?=\"; "
         "filename*=utf-8''%E3%81%82.txt",
         "あ.txt", ""},
        {"Content-Type: a/b; name=x.asc\nContent-Disposition: attachment; filename=x", "x",
         "x.asc"},
        {"Content-Type: a/b; name=X.TXT\nContent-Disposition: attachment; filename=x.txt",
         "x.txt", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct writer w;
        writer_init(&w, &arena);
        writer_text(&w, rows[i].header);
        writer_text(&w, "\n\nx");
        const struct part *p = letter_read(&arena, writer_view(&w))->root;
        if (!tap_ok(bytes_starts(p->filename, bytes_from_text(rows[i].name)) &&
                        bytes_is(p->other_name, rows[i].other),
                    "file name %zu: \"%s\", others show \"%s\"", i, rows[i].name,
                    rows[i].other)) {
            printf("# %.*s | %.*s\n", BYTES_ARGUMENTS(p->filename),
                   BYTES_ARGUMENTS(p->other_name));
        }
    }
}

/* Attachments of other readings are met by all who walk the parts. */
static void
test_walk(void)
{
    const struct letter *l = letter_read(
        &arena,
        BYTES("Content-Type: multipart/mixed; boundary=a; boundary=b\n\n--a\nContent-Type: "
              "multipart/mixed; boundary=c; "
              "boundary=d\n\n--c\n\none\n--c--\n--d\n\ntwo\n--d--\n"
              "--a\n\nthree\n--a--\n--b\nContent-Disposition: attachment; "
              "filename=virus.exe\n\nMZ\n--b--\n"));
    size_t count = 0, others = 0;
    bool found = false;

    for (const struct part *p = l->root; p != NULL; p = part_next(p)) {
        count++;
        others += p->is_other;
        found = found || bytes_is(p->filename, "virus.exe");
    }
    tap_ok(found && others == 2 && count == l->part_count,
           "the walk meets every reading once");
}

static void
test_bounds(void)
{
    struct writer w;

    for (int count = LIMIT_MIME_READINGS; count <= LIMIT_MIME_READINGS + 1; count++) {
        writer_init(&w, &arena);
        writer_text(&w, "Content-Type: multipart/mixed; boundary=b\n");
        for (int i = 0; i < count; i++) {
            writer_text(&w,
                        "\n--b\nContent-Type: text/plain\nContent-Type: text/html\n\nx\n");
        }
        const struct letter *l = letter_read(&arena, writer_view(&w));
        tap_ok(has_defect(l, "mime_readings") == (count > LIMIT_MIME_READINGS) &&
                   l->part_count == 1 + (size_t)count + LIMIT_MIME_READINGS,
               "%d parts with two readings", count);
    }
    for (size_t more = 0; more < 2; more++) {
        writer_init(&w, &arena);
        writer_text(&w, "Content-Type: text/plain\nContent-Type: text/html\n\n");
        size_t body = w.size;
        while (w.size - body < LIMIT_OTHER_BYTES - 2 + more) {
            writer_byte(&w, w.size % 64 == 0 ? ' ' : 'a');
        }
        writer_view(&w);
        w.at[body] = '<'; /* markup for the second, so that they differ */
        w.at[body + 1] = '>';
        const struct letter *l = letter_read(&arena, writer_view(&w));
        tap_ok(l->other.size <= LIMIT_OTHER_BYTES &&
                   has_defect(l, "reads_otherwise") == (l->other.size > 0),
               "text of another reading, %zu past the bound", more);
    }
    writer_init(&w, &arena);
    writer_text(&w, "Content-Type: text/plain\nContent-Type: text/html\n" BASE64 "\n");
    size_t head = w.size;
    while (w.size - head < LIMIT_MIME_AGAIN + 4096) {
        writer_text(&w, "YWJj");
    }
    const struct letter *l = letter_read(&arena, writer_view(&w));
    tap_ok(l->root->other != NULL && l->root->other->raw.size == LIMIT_MIME_AGAIN &&
               l->root->content.size > l->root->other->content.size,
           "of a large part the first bytes are read again");
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    test_types();
    test_parameters();
    test_encodings();
    test_lines();
    test_names();
    test_walk();
    test_bounds();
    arena_release(&arena);
    return tap_done();
}
