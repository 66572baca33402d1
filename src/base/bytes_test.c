#include "base/bytes.h"

#include "base/arena.h"
#include "base/tap.h"

static struct arena arena;

static void
test_views(void)
{
    struct bytes b = BYTES("abc\0def"), none = BYTES_NONE;

    tap_ok(b.size == 7, "a literal keeps its NUL");
    tap_ok(bytes_from_text(NULL).size == 0 && bytes_from_text("xy").size == 2,
           "bytes_from_text");
    tap_ok(bytes_is(bytes_slice(b, 1, 3), "bc"), "slice");
    tap_ok(bytes_slice(b, 5, 2).size == 0, "a slice that ends before it begins is empty");
    tap_ok(bytes_slice(b, 100, SIZE_MAX).size == 0, "a slice past the end is empty");
    tap_ok(bytes_slice(b, 4, SIZE_MAX).size == 3, "the end is brought inside");
    tap_ok(bytes_slice(none, 3, 9).size == 0 && bytes_from(none, 1).size == 0,
           "slices of nothing");
}

static void
test_compare(void)
{
    tap_ok(bytes_equal(BYTES("a\0b"), BYTES("a\0b")), "equal across NUL");
    tap_ok(!bytes_equal(BYTES("a\0b"), BYTES("a\0c")), "unequal behind NUL");
    tap_ok(bytes_equal(BYTES_NONE, BYTES("")), "nothing equals empty");
    tap_ok(bytes_equal_fold(BYTES("MiXed@[`{"), BYTES("mIxED@[`{")), "fold");
    tap_ok(!bytes_equal_fold(BYTES("@"), BYTES("`")),
           "fold touches letters only: @ is not `");
    tap_ok(!bytes_equal_fold(BYTES("["), BYTES("{")),
           "fold touches letters only: [ is not {");
    tap_ok(!bytes_equal_fold(BYTES("\xc4"), BYTES("\xe4")),
           "fold leaves bytes over 0x7f alone");
    tap_ok(bytes_starts(BYTES("abc"), BYTES("ab")) &&
               !bytes_starts(BYTES("a"), BYTES("ab")),
           "starts");
    tap_ok(bytes_starts(BYTES("abc"), BYTES_NONE), "everything starts with nothing");
    tap_ok(bytes_starts_fold(BYTES("ABc"), BYTES("ab")), "starts_fold");
    tap_ok(bytes_ends(BYTES("abc"), BYTES("bc")) && !bytes_ends(BYTES("c"), BYTES("bc")),
           "ends");
    tap_ok(bytes_ends_fold(BYTES("abC"), BYTES("Bc")), "ends_fold");
    tap_ok(bytes_compare(BYTES("a"), BYTES("ab")) < 0 &&
               bytes_compare(BYTES("b"), BYTES("ab")) > 0 &&
               bytes_compare(BYTES("ab"), BYTES("ab")) == 0 &&
               bytes_compare(BYTES("\xff"), BYTES("a")) > 0,
           "compare is by unsigned byte, the shorter first");
}

static void
test_find(void)
{
    struct bytes b = BYTES("hello hello\0x");

    tap_ok(bytes_find_byte(b, 'l', 0) == 2 && bytes_find_byte(b, 'l', 4) == 8, "find_byte");
    tap_ok(bytes_find_byte(b, 0, 0) == 11, "find_byte finds NUL");
    tap_ok(bytes_find_byte(b, 'x', 13) == BYTES_NOWHERE, "find_byte at the end");
    tap_ok(bytes_find_byte(BYTES_NONE, 'x', 0) == BYTES_NOWHERE, "find_byte in nothing");
    tap_ok(bytes_find_last(b, 'h') == 6 && bytes_find_last(b, 'z') == BYTES_NOWHERE,
           "find_last");
    tap_ok(bytes_find_last(BYTES_NONE, 'z') == BYTES_NOWHERE, "find_last in nothing");
    tap_ok(bytes_find(b, BYTES("hello"), 1) == 6, "find from a position");
    tap_ok(bytes_find(b, BYTES("x"), 12) == 12, "find the last byte");
    tap_ok(bytes_find(b, BYTES(""), 13) == 13 &&
               bytes_find(b, BYTES(""), 14) == BYTES_NOWHERE,
           "nothing is found anywhere, the end included");
    tap_ok(bytes_find(b, BYTES("hello"), SIZE_MAX) == BYTES_NOWHERE,
           "find from far outside");
    tap_ok(bytes_find_fold(BYTES("aBAbc"), BYTES("ABC"), 0) == 2, "find_fold");
    tap_ok(bytes_find_fold(BYTES("ab"), BYTES("abc"), 0) == BYTES_NOWHERE,
           "find_fold of what is longer");
}

static void
test_pieces(void)
{
    struct bytes rest = BYTES("a,,b,"), piece;
    size_t count = 0, sizes = 0;

    while (bytes_split(&rest, ',', &piece)) {
        count++;
        sizes += piece.size;
    }
    tap_ok(count == 4 && sizes == 2, "a,,b, splits into four pieces, two of them empty");
    rest = BYTES("");
    tap_ok(bytes_split(&rest, ',', &piece) && piece.size == 0 &&
               !bytes_split(&rest, ',', &piece),
           "an empty view gives one empty piece");
    rest = BYTES_NONE;
    tap_ok(!bytes_split(&rest, ',', &piece), "no view gives no piece");

    rest = BYTES("one\r\ntwo\nthree\r\n\r\nfive\r");
    static const char *const lines[] = {"one", "two", "three", "", "five\r"};
    bool right = true;
    for (count = 0; bytes_line(&rest, &piece); count++) {
        right = right && count < 5 && bytes_is(piece, lines[count]);
    }
    tap_ok(right && count == 5,
           "lines end in LF or CR LF; a CR at the end of all is no line end");
    rest = BYTES("\n");
    tap_ok(bytes_line(&rest, &piece) && piece.size == 0 && !bytes_line(&rest, &piece),
           "a bare LF is one line");
    tap_ok(bytes_is(bytes_trim(BYTES(" \t\r\n a b \n")), "a b"), "trim");
    tap_ok(bytes_trim(BYTES(" \r\n")).size == 0 && bytes_trim(BYTES_NONE).size == 0,
           "trim to nothing");
}

static void
test_numbers(void)
{
    uint64_t n = 7;

    tap_ok(bytes_to_number(BYTES("0"), 0, &n) && n == 0, "0 within 0");
    tap_ok(bytes_to_number(BYTES("0042"), 42, &n) && n == 42,
           "leading zeros, at the bound");
    tap_ok(!bytes_to_number(BYTES("43"), 42, &n), "one past the bound");
    tap_ok(bytes_to_number(BYTES("18446744073709551615"), UINT64_MAX, &n) &&
               n == UINT64_MAX,
           "2^64 - 1");
    tap_ok(!bytes_to_number(BYTES("18446744073709551616"), UINT64_MAX, &n),
           "2^64 overflows");
    tap_ok(!bytes_to_number(BYTES("99999999999999999999999"), UINT64_MAX, &n),
           "far more overflows");
    tap_ok(!bytes_to_number(BYTES(""), 9, &n) && !bytes_to_number(BYTES_NONE, 9, &n),
           "empty is no number");
    tap_ok(!bytes_to_number(BYTES("-1"), 9, &n) && !bytes_to_number(BYTES("+1"), 9, &n) &&
               !bytes_to_number(BYTES("1 "), 9, &n) &&
               !bytes_to_number(BYTES("1\0"), 9, &n) &&
               !bytes_to_number(BYTES("0x1"), 9, &n),
           "digits only");
}

static void
test_copies(void)
{
    struct bytes hostile = BYTES("a\0b");

    tap_ok(bytes_equal(bytes_copy(&arena, hostile), hostile), "copy keeps NUL");
    tap_ok(bytes_copy(&arena, BYTES_NONE).at != NULL, "the copy of nothing is somewhere");
    tap_ok(strcmp(bytes_text(&arena, hostile), "a") == 0, "bytes_text is cut at a NUL");
    tap_ok(bytes_text(&arena, BYTES_NONE)[0] == '\0',
           "bytes_text of nothing is an empty string");
    tap_ok(bytes_is(bytes_lower(&arena, BYTES("AZ@[\xc4")), "az@[\xc4"), "lower");
    tap_ok(bytes_is(bytes_hex(&arena, BYTES("\x00\x0f\xff")), "000fff"), "hex");
    tap_ok(ascii_hex('f') == 15 && ascii_hex('F') == 15 && ascii_hex('0') == 0 &&
               ascii_hex('g') == -1 && ascii_hex('/') == -1 && ascii_hex(':') == -1 &&
               ascii_hex('@') == -1,
           "ascii_hex");
}

/* The vectors of RFC 4648 section 10. */
static void
test_base64(void)
{
    static const char *const pairs[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    static const char *const broken[] = {
        "",     " \r\n", "Z",     "Zg",   "Zg=",   "Zg===", "Zg==Zg==",
        "=Zg=", "Zm9vY", "Zm9v=", "====", "Zm9v*", "Zm-_",
    };
    struct bytes out;

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct bytes plain = bytes_from_text(pairs[i][0]),
                     coded = bytes_from_text(pairs[i][1]);
        tap_ok(bytes_equal(bytes_base64(&arena, plain), coded), "base64 of \"%s\"",
               pairs[i][0]);
        tap_ok(bytes_from_base64(&arena, coded, &out) == (plain.size > 0) &&
                   bytes_equal(out, plain),
               "and back from \"%s\"", pairs[i][1]);
    }
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        tap_ok(!bytes_from_base64(&arena, bytes_from_text(broken[i]), &out) &&
                   out.size == 0,
               "no base64: %zu", i);
    }
    tap_ok(!bytes_from_base64(&arena, BYTES("Zm\0v"), &out), "NUL is no base64");
    tap_ok(bytes_from_base64(&arena, BYTES(" Zm9v\r\n\tYmE = "), &out) &&
               bytes_is(out, "fooba"),
           "blanks are skipped");
    bool same = true;
    uint8_t all[256];
    for (size_t i = 0; i < sizeof all; i++) {
        all[i] = (uint8_t)i;
    }
    for (size_t size = 1; size <= sizeof all; size++) {
        struct bytes plain = bytes_of(all, size);
        same = same && bytes_from_base64(&arena, bytes_base64(&arena, plain), &out) &&
               bytes_equal(out, plain);
    }
    tap_ok(same, "every size from 1 to 256 comes back");
}

int
main(void)
{
    arena_init(&arena, 16 * ARENA_BLOCK_SIZE);
    test_views();
    test_compare();
    test_find();
    test_pieces();
    test_numbers();
    test_copies();
    test_base64();
    arena_release(&arena);
    return tap_done();
}
