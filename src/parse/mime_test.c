#include "parse/mime.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "parse/parameters.h"

static struct arena arena;
static struct defects defects;
static struct mime_outside outside;

static struct letter *
read_bytes(struct bytes raw)
{
    struct letter *letter = ARENA_NEW(&arena, struct letter);

    letter->raw = raw;
    defects_init(&defects, &arena, raw);
    mime_read(&arena, letter, &outside, &defects);
    return letter;
}

static struct letter *
read_text(const char *text)
{
    return read_bytes(bytes_from_text(text));
}

static bool
has_defect(const char *name)
{
    for (size_t i = 0; i < defects.count; i++) {
        if (strcmp(defects.list[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* "multipart/mixed(text/plain=one,text/html=two)" */
static void
show(struct writer *w, const struct part *part)
{
    writer_bytes(w, part->type);
    writer_byte(w, '/');
    writer_bytes(w, part->subtype);
    if (part->shape == PART_LEAF) {
        writer_byte(w, '=');
        writer_bytes(w, part->content);
        return;
    }
    writer_byte(w, '(');
    if (part->shape == PART_MESSAGE) {
        show(w, part->message->root);
    }
    for (const struct part *p = part->first; p != NULL; p = p->next) {
        show(w, p);
        writer_text(w, p->next != NULL ? "," : "");
    }
    writer_byte(w, ')');
}

static void
expect(const char *name, const char *text, const char *tree)
{
    struct writer w;

    writer_init(&w, &arena);
    show(&w, read_text(text)->root);
    if (!tap_ok(bytes_is(writer_view(&w), tree), "%s", name)) {
        printf("# %s\n", writer_c(&w));
    }
}

#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n"

static void
test_trees(void)
{
    expect("plain", "A: b\n\ntext\n", "text/plain=text\n");
    expect("nothing", "", "text/plain=");
    expect("two parts", MIXED "--b\n\none\n--b\nContent-Type: text/html\n\ntwo\n--b--\n",
           "multipart/mixed(text/plain=one,text/html=two)");
    expect("CR LF",
           "Content-Type: multipart/mixed;\r\n "
           "boundary=\"b\"\r\n\r\n--b\r\n\r\none\r\n\r\n--b--\r\n",
           "multipart/mixed(text/plain=one\r\n)");
    expect("no end", MIXED "--b\n\none", "multipart/mixed(text/plain=one)");
    tap_ok(has_defect("mime_unclosed"), "is a defect");
    expect("no parts", MIXED "text", "multipart/mixed()");
    tap_ok(has_defect("mime_empty") && outside.count == 1 &&
               bytes_is(outside.pieces[0], "text"),
           "text is kept");
    expect("outside", MIXED "before\n--b\n\none\n--b-- junk\nafter",
           "multipart/mixed(text/plain=one)");
    tap_ok(outside.count == 3 && bytes_is(outside.pieces[0], "before") &&
               bytes_is(outside.pieces[1], "junk") && bytes_is(outside.pieces[2], "after"),
           "what is outside is kept");
    expect("stock phrase",
           MIXED "This is a multi-part message in MIME format.\n--b\n\none\n--b--\n",
           "multipart/mixed(text/plain=one)");
    tap_ok(outside.count == 0 && defects.count == 0, "and is not noted");
    expect("near boundaries", MIXED "--b\n\n--bb\n--\n --b\n--b--\n",
           "multipart/mixed(text/plain=--bb\n--\n --b)");
    expect("inner ended by outer",
           MIXED "--b\nContent-Type: multipart/alternative; "
                 "boundary=c\n\n--c\n\none\n--b\n\ntwo\n--b--\n",
           "multipart/mixed(multipart/alternative(text/plain=one),text/plain=two)");
    expect("same boundary inside",
           MIXED
           "--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n--b--\n",
           "multipart/mixed(multipart/mixed(text/plain=one))");
    expect("no header, no empty line", MIXED "--b\n--b\nA: 1\n--b--\n",
           "multipart/mixed(text/plain=,text/plain=)");
    expect("message",
           MIXED "--b\nContent-Type: message/rfc822\n\nSubject: x\n\nin\n--b--\n",
           "multipart/mixed(message/rfc822(text/plain=in))");
    expect("message in base64",
           "Content-Type: message/rfc822\nContent-Transfer-Encoding: "
           "base64\n\nU3ViamVjdDogeAoKaW4=\n",
           "message/rfc822(text/plain=in)");
    tap_ok(has_defect("message_encoded"), "is a defect");
    expect("digest",
           "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\nin\n--b--\n",
           "multipart/digest(message/rfc822(text/plain=in))");
    expect("partial", "Content-Type: message/partial; id=x\n\nSubject: x\n\nin",
           "message/partial=Subject: x\n\nin");
    expect("quoted-printable", "Content-Transfer-Encoding: Quoted-Printable\n\n=41=\n",
           "text/plain=A");
    expect("no boundary", "Content-Type: multipart/mixed\n\n--b\n",
           "multipart/mixed=--b\n");
    tap_ok(has_defect("mime_boundary"), "is a defect");
    expect("broken type", "Content-Type: text\n\nx", "text/plain=x");
    tap_ok(has_defect("content_type_broken"), "is a defect");
    expect("two types", "Content-Type: text/html\nContent-Type: text/plain\n\nx",
           "text/html=x");
    tap_ok(has_defect("content_type_twice"), "is a defect");
    expect("unknown encoding", "Content-Transfer-Encoding: rot13\n\nx", "text/plain=x");
    tap_ok(has_defect("encoding_unknown"), "is a defect");
}

static void
test_parameters(void)
{
    struct content_type t;
    struct writer w;

    content_type_read(&arena, BYTES("a/b; n*1=\"b\"; n*0=a; N*2*=%63"), &t, NULL);
    tap_ok(t.parameter_count == 1 && bytes_is(t.parameters[0].value, "abc"),
           "continuations in any order");
    content_type_read(&arena, BYTES("a/b; n*=utf-8'ja'%E3%81%82; n=x"), &t, NULL);
    tap_ok(t.parameter_count == 1 && bytes_is(t.parameters[0].value, "あ"),
           "the encoded one counts");
    content_type_read(&arena, BYTES("a/b; n*0*=utf-8''%E3%81; n*1*=%82"), &t, NULL);
    tap_ok(bytes_is(t.parameters[0].value, "あ"), "a character cut in two");
    defects_init(&defects, &arena, BYTES_NONE);
    content_type_read(&arena, BYTES("a/b; n=1; N=2"), &t, &defects);
    tap_ok(bytes_is(t.parameters[0].value, "1") && has_defect("parameter_twice"),
           "the first counts");
    content_type_read(&arena, BYTES("a/b; n=\"a\\\"b\\\\\"; m=c d.txt ; boundary=x y"), &t,
                      NULL);
    tap_ok(bytes_is(t.parameters[0].value, "a\"b\\") &&
               bytes_is(t.parameters[1].value, "c d.txt") && bytes_is(t.boundary, "x"),
           "quotes, blanks, boundary");
    content_type_read(&arena, BYTES("a/b; n=\"\x1b$B\"\"$\\\x1b(B\"; m=1"), &t, NULL);
    tap_ok(t.parameter_count == 2 && bytes_is(t.parameters[1].value, "1"),
           "quotes among JIS bytes");
    content_type_read(&arena, BYTES("attachment; filename=\"a\" name=b"), &t, NULL);
    tap_ok(t.parameter_count == 2 && t.subtype.size == 0, "a forgotten semicolon");
    writer_init(&w, &arena);
    writer_text(&w, "a/b");
    for (int i = 0; i < LIMIT_MIME_PARAMETERS; i++) {
        writer_format(&w, "; n%d=v", i);
    }
    defects_init(&defects, &arena, BYTES_NONE);
    content_type_read(&arena, writer_view(&w), &t, &defects);
    tap_ok(t.parameter_count == LIMIT_MIME_PARAMETERS && defects.count == 0,
           "parameters at the bound");
    writer_text(&w, "; one=more");
    content_type_read(&arena, writer_view(&w), &t, &defects);
    tap_ok(t.parameter_count == LIMIT_MIME_PARAMETERS && has_defect("mime_parameters"),
           "one past it");
}

static void
test_boundary_bounds(void)
{
    struct writer w;

    for (size_t size = LIMIT_BOUNDARY; size <= LIMIT_BOUNDARY + 1; size++) {
        writer_init(&w, &arena);
        writer_text(&w, "Content-Type: multipart/mixed; boundary=");
        for (size_t i = 0; i < size; i++) {
            writer_byte(&w, 'x');
        }
        writer_text(&w, "\n\n--");
        for (size_t i = 0; i < size; i++) {
            writer_byte(&w, 'x');
        }
        writer_text(&w, "\n\none\n");
        const struct letter *letter = read_bytes(writer_view(&w));
        tap_ok((letter->root->shape == PART_MULTIPART) == (size == LIMIT_BOUNDARY) &&
                   has_defect("mime_boundary") == (size > LIMIT_BOUNDARY),
               "a boundary of %zu", size);
    }
}

static void
write_nested(struct writer *w, int depth)
{
    for (int i = 0; i < depth; i++) {
        writer_format(w, "Content-Type: multipart/mixed; boundary=b%d-\n\n--b%d-\n", i, i);
    }
    writer_text(w, "\ntext\n");
}

static void
test_tree_bounds(void)
{
    struct writer w;

    for (int depth = LIMIT_MIME_DEPTH; depth <= LIMIT_MIME_DEPTH + 1; depth++) {
        writer_init(&w, &arena);
        write_nested(&w, depth);
        (void)read_bytes(writer_view(&w));
        tap_ok(has_defect("mime_depth") == (depth > LIMIT_MIME_DEPTH), "depth %d", depth);
    }
    for (int count = LIMIT_MIME_PARTS - 1; count <= LIMIT_MIME_PARTS;
         count++) { /* the multipart is one too */
        writer_init(&w, &arena);
        writer_text(&w, MIXED);
        for (int i = 0; i < count; i++) {
            writer_text(&w, "--b\n\nx\n");
        }
        writer_text(&w, "--b--\n");
        const struct letter *letter = read_bytes(writer_view(&w));
        tap_ok(has_defect("mime_parts") == (count >= LIMIT_MIME_PARTS) &&
                   letter->part_count == (size_t)count + 1,
               "%d parts", count);
    }
    writer_init(&w, &arena);
    writer_text(&w, MIXED);
    for (int i = 0; i < 10000; i++) {
        writer_text(&w, "--b\n\nx\n");
    }
    const struct letter *letter = read_bytes(writer_view(&w));
    size_t count = 0, size = 0;
    for (const struct part *p = letter->root; p != NULL; p = part_next(p)) {
        count++;
        size += p->shape == PART_LEAF ? p->content.size : 0;
    }
    tap_ok(count == LIMIT_MIME_PARTS + 1 && size > 9000 * 7,
           "10,000 parts: the rest is one text");
}

static void
test_floods(void)
{
    static const char *const pieces[] = {
        "--",
        "--\n",
        "--b",
        "--b\n",
        "\n",
        "\n--b",
        "--b\nContent-Type: message/rfc822\n\n",
        "--b\nContent-Type: multipart/mixed; boundary=b\n\n",
        "--b--\n",
        "Content-Type: text/plain; a=\"\n",
        "x\n",
        "--b\nx\n"};
    struct writer w;

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        writer_init(&w, &arena);
        writer_text(&w, MIXED);
        while (w.size < 1048576) {
            writer_text(&w, pieces[i]);
        }
        const struct letter *letter = read_bytes(writer_view(&w));
        tap_ok(letter->part_count <= LIMIT_MIME_PARTS + 1, "a flood of piece %zu", i);
    }
    expect("NULs", "\n", "text/plain=");
    (void)read_bytes(BYTES("Content-Type: multipart/\0; boundary=\0\n\n--\0\n\0"));
    tap_ok(has_defect("header_nul"), "NUL");
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    test_trees();
    test_parameters();
    test_boundary_bounds();
    test_tree_bounds();
    test_floods();
    arena_release(&arena);
    return tap_done();
}
