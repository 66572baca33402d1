#include "base/tap.h"

#include <time.h>

#include "base/hash.h"
#include "trace/canonical.h"

static struct arena arena;

static struct bytes
field(enum canonical_form form, const char *text)
{
    static struct writer w;
    struct canonical c;
    uint8_t digest[CANONICAL_DIGEST_MAX];

    writer_init(&w, &arena);
    canonical_begin(&c, CANONICAL_SHA256, CANONICAL_ALL, &w);
    canonical_field(&c, form, bytes_from_text(text));
    canonical_end(&c, digest);
    return writer_view(&w);
}

static struct bytes
body_cut(enum canonical_form form, struct bytes text, uint64_t most, uint64_t *size_r)
{
    static struct writer w;
    struct canonical c;
    uint8_t digest[CANONICAL_DIGEST_MAX], expected[HASH_SHA256_SIZE];

    writer_init(&w, &arena);
    canonical_begin(&c, CANONICAL_SHA256, most, &w);
    canonical_body(&c, form, text);
    *size_r = c.size;
    size_t size = canonical_end(&c, digest);
    hash_sha256(writer_view(&w), expected);
    /* Every body that passes here also proves that what is hashed is what is copied. */
    if (size != sizeof expected || memcmp(digest, expected, size) != 0) {
        tap_ok(false, "the digest is of the copied bytes");
    }
    return writer_view(&w);
}

static bool
body_is(enum canonical_form form, const char *text, const char *canonical)
{
    uint64_t size;
    struct bytes got = body_cut(form, bytes_from_text(text), CANONICAL_ALL, &size);

    return bytes_is(got, canonical) && size == got.size;
}

static void
fields(void)
{
    /* RFC 6376 section 3.4.5 */
    tap_ok(bytes_is(field(CANONICAL_RELAXED, "A: X\r\n"), "a:X\r\n"),
           "relaxed lowers the name");
    tap_ok(bytes_is(field(CANONICAL_RELAXED, "B : Y\t\r\n\tZ  \r\n"), "b:Y Z\r\n"),
           "relaxed unfolds and trims");
    tap_ok(
        bytes_is(field(CANONICAL_SIMPLE, "B : Y\t\r\n\tZ  \r\n"), "B : Y\t\r\n\tZ  \r\n"),
        "simple changes nothing");
    tap_ok(bytes_is(field(CANONICAL_SIMPLE, "B : Y\t\n\tZ  \n"), "B : Y\t\r\n\tZ  \r\n"),
           "simple: LF is CR LF");
    tap_ok(bytes_is(field(CANONICAL_RELAXED, "B : Y\t\n\tZ  \n"), "b:Y Z\r\n"),
           "relaxed: LF is CR LF");
    tap_ok(bytes_is(field(CANONICAL_RELAXED, "Subject:\r\n folded at once\r\n"),
                    "subject:folded at once\r\n"),
           "relaxed: folded right behind the colon");
    tap_ok(bytes_is(field(CANONICAL_RELAXED, "Subject:\r\n"), "subject:\r\n"),
           "relaxed: empty value");
    tap_ok(bytes_is(field(CANONICAL_RELAXED, "Subject: \t \r\n \r\n"), "subject:\r\n"),
           "relaxed: a value of blanks");
    tap_ok(bytes_is(field(CANONICAL_RELAXED, "A: x\ry \r z"), "a:x\ry \r z\r\n"),
           "a CR alone is a byte like any other");
    tap_ok(bytes_is(field(CANONICAL_NOFWS, "Sub: a b\r\n\tc\r\n"), "Sub:abc\r\n"),
           "nofws drops all blanks");
    tap_ok(
        bytes_is(field(CANONICAL_RELAXED, "no colon at  all\r\n"), "no colon at all\r\n"),
        "a line without colon");
}

static void
bodies(void)
{
    tap_ok(body_is(CANONICAL_RELAXED, " C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"),
           "RFC 6376 3.4.5 relaxed body");
    tap_ok(body_is(CANONICAL_SIMPLE, " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n"),
           "RFC 6376 3.4.5 simple body");
    tap_ok(body_is(CANONICAL_SIMPLE, "", "\r\n") &&
               body_is(CANONICAL_SIMPLE, "\r\n\r\n", "\r\n"),
           "simple: empty body");
    tap_ok(body_is(CANONICAL_RELAXED, "", "") &&
               body_is(CANONICAL_RELAXED, " \r\n\t\r\n", ""),
           "relaxed: empty body");
    tap_ok(body_is(CANONICAL_SIMPLE, "a", "a\r\n") &&
               body_is(CANONICAL_RELAXED, "a", "a\r\n"),
           "a line end is added");
    tap_ok(body_is(CANONICAL_SIMPLE, "a\n\nb\n\n", "a\r\n\r\nb\r\n"), "simple: LF lines");
    tap_ok(body_is(CANONICAL_RELAXED, "a \n \nb\n \n", "a\r\n\r\nb\r\n"),
           "relaxed: LF lines");
    tap_ok(body_is(CANONICAL_SIMPLE, "a\r\n \r\n", "a\r\n \r\n"),
           "simple: a line of blanks is not empty");
    tap_ok(body_is(CANONICAL_RELAXED, "a  b\t\tc \td\r\n", "a b c d\r\n"),
           "relaxed: runs of blanks");
    tap_ok(body_is(CANONICAL_RELAXED, "a\r\r\n\r\n", "a\r\r\n"),
           "relaxed: a CR before the line end stays");
    tap_ok(body_is(CANONICAL_RELAXED, "a \r b\n", "a \r b\r\n"),
           "relaxed: a CR in the middle stays");
    tap_ok(body_is(CANONICAL_NOFWS, "a b\r\n\r\n c\r\n \r\n", "ab\r\n\r\nc\r\n"),
           "nofws body");
    tap_ok(body_is(CANONICAL_RELAXED, "tail ", "tail\r\n"),
           "relaxed: blanks at the very end");
    tap_ok(canonical_body_size(CANONICAL_SIMPLE, BYTES("\r\n\r\n")) == 0,
           "a body of empty lines has no size");
}

static void
lengths(void)
{
    uint64_t size;

    tap_ok(bytes_is(body_cut(CANONICAL_SIMPLE, BYTES("abcdef\r\n"), 3, &size), "abc") &&
               size == 8,
           "l=3 cuts");
    tap_ok(body_cut(CANONICAL_SIMPLE, BYTES("abcdef\r\n"), 0, &size).size == 0 && size == 8,
           "l=0 hashes nothing");
    tap_ok(bytes_is(body_cut(CANONICAL_SIMPLE, BYTES("ab\n"), 8, &size), "ab\r\n") &&
               size == 4,
           "l= past the end");
    struct bytes nul = bytes_of("a\0 b\0\r\n", 7);
    tap_ok(bytes_equal(body_cut(CANONICAL_RELAXED, nul, CANONICAL_ALL, &size), nul),
           "NULs are kept");
}

static void
signatures(void)
{
    static const char text[] = "DKIM-Signature: a=1; b= Zm9v\r\n bar ; c=2\r\n";
    struct bytes whole = bytes_from_text(text);
    struct bytes cut = bytes_slice(whole, 23, bytes_find_byte(whole, ';', 23));
    struct bytes rest = bytes_slice(whole, 23, whole.size - 2);
    struct writer w;
    struct canonical c;
    uint8_t digest[CANONICAL_DIGEST_MAX];

    writer_init(&w, &arena);
    canonical_begin(&c, CANONICAL_SHA256, CANONICAL_ALL, &w);
    canonical_signature(&c, CANONICAL_RELAXED, whole, cut);
    canonical_end(&c, digest);
    tap_ok(bytes_is(writer_view(&w), "dkim-signature:a=1; b=; c=2"),
           "relaxed signature without b=");
    writer_clear(&w);
    canonical_begin(&c, CANONICAL_SHA256, CANONICAL_ALL, &w);
    canonical_signature(&c, CANONICAL_SIMPLE, whole, cut);
    canonical_end(&c, digest);
    tap_ok(bytes_is(writer_view(&w), "DKIM-Signature: a=1; b=; c=2"),
           "simple signature without b=");
    writer_clear(&w);
    canonical_begin(&c, CANONICAL_SHA1, CANONICAL_ALL, &w);
    canonical_signature(&c, CANONICAL_SIMPLE, whole, rest);
    tap_ok(canonical_end(&c, digest) == 20 &&
               bytes_is(writer_view(&w), "DKIM-Signature: a=1; b="),
           "b= as last tag");
}

/* The relaxed body as RFC 6376 section 3.4.4 says it, line by line and without any art. */
static struct bytes
plain_relaxed(struct bytes body)
{
    static struct writer w;
    struct bytes rest = body, line;
    size_t empty = 0;

    writer_init(&w, &arena);
    while (rest.size > 0) {
        size_t lf = bytes_find_byte(rest, '\n', 0);
        line = bytes_slice(rest, 0, lf == BYTES_NOWHERE ? rest.size : lf);
        rest = bytes_from(rest, lf == BYTES_NOWHERE ? rest.size : lf + 1);
        if (lf != BYTES_NOWHERE && line.size > 0 && line.at[line.size - 1] == '\r') {
            line.size--;
        }
        while (line.size > 0 &&
               (line.at[line.size - 1] == ' ' || line.at[line.size - 1] == '\t')) {
            line.size--;
        }
        if (line.size == 0) {
            empty++;
            continue;
        }
        for (; empty > 0; empty--) {
            writer_text(&w, "\r\n");
        }
        for (size_t i = 0; i < line.size; i++) {
            bool white = line.at[i] == ' ' || line.at[i] == '\t';
            if (!white || i == 0 || (line.at[i - 1] != ' ' && line.at[i - 1] != '\t')) {
                writer_byte(&w, white ? ' ' : line.at[i]);
            }
        }
        writer_text(&w, "\r\n");
    }
    return writer_view(&w);
}

static void
compared(void)
{
    uint8_t text[400];
    uint64_t state = 1, size;
    size_t wrong = 0;

    for (size_t round = 0; round < 20000; round++) {
        size_t length = round % sizeof text;
        for (size_t i = 0; i < length; i++) {
            state = hash_mix(state + i + 1);
            /* Between plain text and nothing but blanks and line ends. */
            unsigned dice = (unsigned)(state % (round % 2 == 0 ? 8 : 60));
            text[i] = dice < 6 ? (uint8_t) " \t\r\n \n"[dice] : (uint8_t)('a' + dice % 26);
            if (text[i] == '\n' && i > 0 && state >> 60 < 14) {
                text[i - 1] = '\r';
            }
        }
        struct bytes body = bytes_of(text, length);
        wrong += !bytes_equal(body_cut(CANONICAL_RELAXED, body, CANONICAL_ALL, &size),
                              plain_relaxed(body));
        arena_release(&arena);
    }
    tap_ok(wrong == 0, "20000 bodies as by the words of the RFC (%zu differ)", wrong);
}

/* Hostile shapes of 1 MB: what is short per byte must stay so. */
static void
large(void)
{
    static const char *const units[] = {"\n", "\t",   " \n", "a\t",  "a  ",
                                        "\r", "\r\n", "a\r", " \r\n"};
    size_t size = 1u << 20;
    uint8_t *at = arena_take_bytes(&arena, size);
    clock_t before = clock();

    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        for (size_t i = 0; i < size; i++) {
            at[i] = (uint8_t)units[u][i % strlen(units[u])];
        }
        for (enum canonical_form form = CANONICAL_SIMPLE; form <= CANONICAL_NOFWS; form++) {
            struct canonical c;
            uint8_t digest[CANONICAL_DIGEST_MAX];
            canonical_begin(&c, CANONICAL_SHA256, CANONICAL_ALL, NULL);
            canonical_body(&c, form, bytes_of(at, size));
            canonical_field(&c, form, bytes_of(at, size));
            canonical_end(&c, digest);
        }
    }
    double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
    tap_ok(seconds < 5, "54 MB of hostile shapes in %.2f s", seconds);
}

int
main(void)
{
    arena_init(&arena, 256u << 20);
    fields();
    bodies();
    lengths();
    signatures();
    compared();
    large();
    arena_release(&arena);
    return tap_done();
}
