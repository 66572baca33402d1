#include "base/utf8.h"

#include "base/tap.h"

/* What the Unicode Standard (table 3-7) and RFC 3629 call ill-formed. */
static void
test_broken(void)
{
    static const struct {
        const char *what;
        struct bytes bytes;
    } rows[] = {
        {"a lone continuation", {(const uint8_t *)"\x80", 1}},
        {"C0, an overlong NUL", {(const uint8_t *)"\xc0\x80", 2}},
        {"C1, an overlong letter", {(const uint8_t *)"\xc1\xbf", 2}},
        {"an overlong slash in three", {(const uint8_t *)"\xe0\x80\xaf", 3}},
        {"the last overlong of three", {(const uint8_t *)"\xe0\x9f\xbf", 3}},
        {"an overlong of four", {(const uint8_t *)"\xf0\x8f\xbf\xbf", 4}},
        {"the first surrogate", {(const uint8_t *)"\xed\xa0\x80", 3}},
        {"the last surrogate", {(const uint8_t *)"\xed\xbf\xbf", 3}},
        {"one past U+10FFFF", {(const uint8_t *)"\xf4\x90\x80\x80", 4}},
        {"F5", {(const uint8_t *)"\xf5\x80\x80\x80", 4}},
        {"FE", {(const uint8_t *)"\xfe", 1}},
        {"FF", {(const uint8_t *)"\xff", 1}},
        {"two bytes cut", {(const uint8_t *)"\xc3", 1}},
        {"three bytes cut at two", {(const uint8_t *)"\xe3\x81", 2}},
        {"four bytes cut at three", {(const uint8_t *)"\xf0\x9f\x98", 3}},
        {"a letter for a continuation", {(const uint8_t *)"\xe3\x81z", 3}},
        {"nothing", {NULL, 0}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t c = 1;
        tap_ok(utf8_get(rows[i].bytes, 0, &c) == 0, "broken: %s", rows[i].what);
        tap_ok(utf8_valid(rows[i].bytes) == (rows[i].bytes.size == 0), "and seen: %s",
               rows[i].what);
    }
}

static void
test_all(void)
{
    uint8_t at[UTF8_SIZE_MAX];
    uint32_t wrong = 0;

    for (uint32_t c = 0; c < 0x110100; c++) {
        uint32_t back = 0xffffffff;
        size_t size = utf8_put(at, c);
        bool scalar = c <= 0x10ffff && !(c >= 0xd800 && c < 0xe000);
        wrong += utf8_get(bytes_of(at, size), 0, &back) != size ||
                 back != (scalar ? c : UTF8_REPLACEMENT);
    }
    tap_ok(wrong == 0, "every code point comes back, what is none is U+FFFD");
    tap_ok(utf8_put(at, 0x7f) == 1 && utf8_put(at, 0x80) == 2 && utf8_put(at, 0x7ff) == 2 &&
               utf8_put(at, 0x800) == 3 && utf8_put(at, 0xffff) == 3 &&
               utf8_put(at, 0x10000) == 4 && utf8_put(at, 0x10ffff) == 4 &&
               utf8_put(at, 0xffffffff) == 3,
           "sizes at each bound");
}

int
main(void)
{
    uint32_t c = 0;
    struct bytes text = BYTES("a\xe9\x96\xa2\xf0\x9f\x98\x80");

    test_broken();
    test_all();
    tap_ok(utf8_get(text, 1, &c) == 3 && c == 0x95a2, "a position inside the view");
    tap_ok(utf8_get(text, 8, &c) == 0 && utf8_get(text, SIZE_MAX, &c) == 0,
           "a position at and past the end");
    tap_ok(utf8_valid(text) && utf8_valid(BYTES("a\0b")), "text with NUL is UTF-8");
    tap_ok(!utf8_valid(BYTES("good until \xe9\x96")), "the end is looked at");
    bool found = true;
    for (size_t before = 0; before < 40;
         before++) { /* ASCII is passed over eight bytes at a time */
        for (size_t behind = 0; behind < 20; behind++) {
            uint8_t at[60];
            memset(at, 'a', sizeof at);
            at[before] = 0x80;
            found = found && !utf8_valid(bytes_of(at, before + 1 + behind)) &&
                    utf8_valid(bytes_of(at, before));
        }
    }
    tap_ok(found, "a wrong byte is found wherever it stands in ASCII");
    tap_ok(utf8_harmless(' ') && utf8_harmless(0x95a2) && utf8_harmless(0xa0),
           "harmless characters");
    tap_ok(!utf8_harmless(0x1b) && !utf8_harmless(0) && !utf8_harmless(0x7f) &&
               !utf8_harmless(0x9b) && !utf8_harmless(0x202e) && !utf8_harmless(0x2066) &&
               !utf8_harmless(0x061c) && !utf8_harmless(0xfeff) && !utf8_harmless(0x2028) &&
               !utf8_harmless(0x200b),
           "controls, line breaks, invisible and direction marks are not");
    return tap_done();
}
