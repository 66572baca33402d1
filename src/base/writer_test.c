#include "base/writer.h"

#include "base/tap.h"
#include "base/utf8.h"

static struct arena arena;

static bool
wrote(struct writer *w, const char *expected)
{
    bool is = bytes_is(writer_view(w), expected);

    if (!is) {
        printf("# got: %s\n", writer_c(w));
    }
    writer_clear(w);
    return is;
}

static bool
cleaned(struct writer *w, struct bytes b, size_t most, const char *expected)
{
    writer_clean(w, b, most);
    return wrote(w, expected);
}

static void
test_writing(struct writer *w)
{
    tap_ok(writer_view(w).size == 0, "a new writer is empty");
    tap_ok(strcmp(writer_c(w), "") == 0, "and NUL-terminated when asked");
    writer_byte(w, 'a');
    writer_text(w, "bc");
    writer_bytes(w, BYTES("d\0e"));
    writer_bytes(w, BYTES_NONE);
    tap_ok(bytes_equal(writer_view(w), BYTES("abcd\0e")), "bytes, text, NUL");
    writer_clear(w);
    writer_format(w, "%d-%s", 42, "x");
    tap_ok(wrote(w, "42-x"), "format");
    for (int width = 126; width <= 130; width++) {
        writer_format(w, "%*d", width, 1);
        tap_ok(writer_view(w).size == (size_t)width, "a formatted piece of %d bytes",
               width);
        writer_clear(w);
    }
    writer_format(w, "%5000d", 1);
    tap_ok(writer_view(w).size == 5000 && writer_view(w).at[4999] == '1',
           "a long formatted piece");
    writer_clear(w);
    writer_number(w, 0);
    writer_byte(w, ' ');
    writer_number(w, INT64_MIN);
    writer_byte(w, ' ');
    writer_number(w, INT64_MAX);
    tap_ok(wrote(w, "0 -9223372036854775808 9223372036854775807"), "numbers at their ends");
    writer_code_point(w, 0x95a2);
    writer_code_point(w, 0xd800);
    writer_code_point(w, 0x110000);
    tap_ok(wrote(w, "\xe9\x96\xa2\xef\xbf\xbd\xef\xbf\xbd"),
           "code points; what is none becomes U+FFFD");
}

static void
test_growing(struct writer *w)
{
    size_t total = 3u << 20;
    bool same = true;

    for (size_t i = 0; i < total; i++) {
        writer_byte(w, (uint8_t)(i * 31));
    }
    struct bytes view = writer_view(w);
    for (size_t i = 0; i < view.size; i++) {
        same = same && view.at[i] == (uint8_t)(i * 31);
    }
    tap_ok(view.size == total && same, "3 MiB byte by byte");
    writer_clear(w);
    uint8_t *room = writer_reserve(w, 1000);
    memset(room, 'r', 1000);
    writer_did(w, 999);
    tap_ok(writer_view(w).size == 999, "reserve and did");
    writer_clear(w);
}

static void
test_clean(struct writer *w)
{
    tap_ok(cleaned(w, BYTES("plain \xe9\x96\xa2"), 80, "plain \xe9\x96\xa2"),
           "plain text stays");
    tap_ok(cleaned(w, BYTES("a\r\nb\0c\x1b[31m"), 80, "a\\x0d\\x0ab\\x00c\\x1b[31m"),
           "controls are shown");
    tap_ok(cleaned(w, BYTES("\x7f\xc2\x9b"), 80, "\\x7f\\xc2\\x9b"),
           "DEL and C1 are shown");
    tap_ok(cleaned(w, BYTES("x\xe2\x80\xaey"), 80, "x\\xe2\\x80\\xaey"),
           "a direction override is shown");
    tap_ok(cleaned(w, BYTES("\xef\xbb\xbf"), 80, "\\xef\\xbb\\xbf"),
           "a byte order mark is shown");
    tap_ok(cleaned(w, BYTES("\xff\xc3"), 80, "\\xff\\xc3"), "what is no UTF-8 is shown");
    tap_ok(cleaned(w, BYTES("\\x41"), 80, "\\x5cx41"),
           "a backslash is shown too, so that reading back is certain");
    tap_ok(cleaned(w, BYTES("abcdef"), 6, "abcdef"), "at the bound nothing is cut");
    tap_ok(cleaned(w, BYTES("abcdefg"), 6, "abcdef..."), "one past it is cut, and says so");
    tap_ok(cleaned(w, BYTES("a\xe9\x96\xa2"), 2, "a\\xe9..."),
           "a cut inside a character leaves no broken UTF-8");
    bool harmless = true;
    for (unsigned i = 0; i < 256; i++) {
        uint8_t pair[2] = {(uint8_t)i, 'z'};
        writer_clean(w, bytes_of(pair, 2), 2);
        struct bytes view = writer_view(w);
        harmless = harmless && utf8_valid(view);
        for (size_t k = 0; k < view.size; k++) {
            harmless = harmless && view.at[k] >= 0x20 && view.at[k] != 0x7f;
        }
        writer_clear(w);
    }
    tap_ok(harmless, "no byte comes out as a control or as broken UTF-8");
}

int
main(void)
{
    struct writer w;

    arena_init(&arena, 64u << 20);
    writer_init(&w, &arena);
    test_writing(&w);
    test_growing(&w);
    test_clean(&w);
    arena_release(&arena);
    return tap_done();
}
