#include "base/utf8.h"
#include "parse/charset_private.h"
#include "parse/japanese_private.h"

/* Half of a surrogate pair written as if it were a character: ED, A0 to AF (the first half) or B0 to BF, any. */
static uint32_t
half_at(struct bytes in, size_t at, uint8_t from)
{
    if (in.size - at < 3 || in.at[at] != 0xed || in.at[at + 1] < from ||
        in.at[at + 1] > from + 0x0f || (in.at[at + 2] & 0xc0) != 0x80) {
        return 0;
    }
    return 0xd000u + ((in.at[at + 1] & 0x3fu) << 6) + (in.at[at + 2] & 0x3fu);
}

/* Behind the longest beginning of a character at `at`, which is no whole one. */
static size_t
broken_end(struct bytes in, size_t at)
{
    uint8_t lead = in.at[at++];
    size_t follow = lead >= 0xf0 && lead < 0xf5 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 1 : 0;
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;

    while (follow > 0 && at < in.size && in.at[at] >= low && in.at[at] <= high) {
        at++;
        follow--;
        low = 0x80;
        high = 0xbf;
    }
    return at;
}

struct bytes
charset_repair_utf8(struct arena *arena, struct bytes in, size_t *errors)
{
    uint8_t *out = arena_take_bytes(arena, in.size * 3);
    size_t at = 0, size = 0;

    while (at < in.size) {
        uint32_t c;
        size_t have = utf8_get(in, at, &c);
        if (have > 0) {
            memcpy(out + size, in.at + at, have);
            at += have;
            size += have;
            continue;
        }
        uint32_t first = half_at(in, at, 0xa0);
        uint32_t second = first != 0 ? half_at(in, at + 3, 0xb0) : 0;
        if (second != 0) {
            size += utf8_put(out + size,
                             0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
            at += 6;
            continue;
        }
        at = broken_end(in, at);
        size += utf8_put(out + size, UTF8_REPLACEMENT);
        ++*errors;
    }
    return (struct bytes){arena_grow(arena, out, in.size * 3, size), size};
}

/* Encoded twice ------------------------------------------------------------------------------------------------ */

/* The byte that a character was in windows-1252, or in ISO-8859-1 where that has none; 0 for others and for ASCII. */
static uint8_t
latin_byte(uint32_t c)
{
    static const uint16_t from_80[32] = {
        0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
        0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
        0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
        0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
    };

    if (c < 0x100) {
        return c >= 0x80 ? (uint8_t)c : 0;
    }
    for (unsigned i = 0; i < 32; i++) {
        if (from_80[i] == c) {
            return (uint8_t)(0x80 + i);
        }
    }
    return 0;
}

/* What the characters from `at` on were before: a character of two to four bytes, or 0. */
static uint32_t
once_at(struct bytes text, size_t at, size_t *size_r)
{
    uint8_t bytes[4];
    size_t count = 0, want = 1;
    uint32_t c;

    *size_r = 0;
    while (count < want) {
        size_t size = utf8_get(text, at + *size_r, &c);
        uint8_t byte = size > 1 ? latin_byte(c) : 0;
        if (byte == 0) {
            return 0;
        }
        if (count == 0) {
            want = byte >= 0xc2 && byte < 0xe0   ? 2
                   : byte >= 0xe0 && byte < 0xf0 ? 3
                   : byte >= 0xf0 && byte < 0xf5 ? 4
                                                 : 0;
        }
        bytes[count++] = byte;
        *size_r += size;
        if (want == 0) {
            return 0;
        }
    }
    return utf8_get(bytes_of(bytes, count), 0, &c) == count ? c : 0;
}

/* By windows-1252. Nearly all that is Latin must be explained so, or it is a text that speaks of such things. */
static bool
mend_latin(struct arena *arena, struct bytes text, struct bytes *text_r)
{
    uint8_t *out = arena_take_bytes(arena, text.size);
    size_t size = 0, mended = 0, left = 0;
    uint32_t c;

    for (size_t at = 0; at < text.size;) {
        size_t have = 1;
        if (text.at[at] < 0x80) {
            out[size++] = text.at[at++];
            continue;
        }
        uint32_t once = once_at(text, at, &have);
        if (once != 0) {
            size += utf8_put(out + size, once);
            mended++;
            at += have;
            continue;
        }
        have = utf8_get(text, at, &c);
        have = have > 0 ? have : 1;
        left += latin_byte(c) != 0;
        memcpy(out + size, text.at + at, have);
        size += have;
        at += have;
    }
    *text_r = (struct bytes){arena_grow(arena, out, text.size, size), size};
    return mended > 0 && left * 4 <= mended;
}

/* The bytes of a text in CP932, as far as it has its characters; others are what no UTF-8 has. */
static size_t
to_cp932(struct bytes text, uint8_t *out)
{
    size_t size = 0;
    uint32_t c;

    for (size_t at = 0; at < text.size;) {
        unsigned row, column;
        size_t have = utf8_get(text, at, &c);
        at += have > 0 ? have : 1;
        if (have == 1) {
            out[size++] = (uint8_t)c;
        } else if (have > 1 && c >= 0xff61 && c < 0xffa0) {
            out[size++] = (uint8_t)(c - 0xff61 + 0xa1);
        } else if (have > 1 && japanese_0208_find(c, &row, &column)) {
            unsigned lead = row / 2 + (row < 62 ? 0x81 : 0xc1);
            unsigned trail = row % 2 != 0 ? column + 0x9f : column + 0x40 + (column >= 63);
            out[size++] = (uint8_t)lead;
            out[size++] = (uint8_t)trail;
        } else if (have > 0 || out[size > 0 ? size - 1 : 0] != 0xff) {
            out[size++] = 0xff;
        }
    }
    return size;
}

/* By CP932: hiragana and katakana become 縺, 繧 and 繝 with what follows. */
static bool
mend_cp932(struct arena *arena, struct bytes text, struct bytes *text_r)
{
    size_t errors = 0, letters = 0, room = text.size + 1;
    uint8_t *out = arena_take_bytes(arena, room);

    out[0] = 0;
    struct bytes once = bytes_of(out, to_cp932(text, out));
    *text_r = charset_repair_utf8(arena, once, &errors);
    for (size_t at = 0; at < text_r->size; at++) {
        letters += text_r->at[at] >= 0xc0;
    }
    return errors * 4 <= letters && japanese_plausible(*text_r, JAPANESE_OWN) >
                                        japanese_plausible(text, JAPANESE_OWN);
}

static size_t
count_of(struct bytes text, struct bytes what, size_t enough)
{
    size_t count = 0;

    for (size_t at = 0; count < enough; count++, at += what.size) {
        at = bytes_find(text, what, at);
        if (at == BYTES_NOWHERE) {
            break;
        }
    }
    return count;
}

/* A lead byte of UTF-8 for Japan (E3 to E9) as a Latin letter, and another beyond ASCII after it. */
static bool
has_latin_leads(struct bytes text)
{
    for (size_t at = bytes_find_byte(text, 0xc3, 0); at != BYTES_NOWHERE;
         at = bytes_find_byte(text, 0xc3, at + 1)) {
        if (text.size - at >= 3 && text.at[at + 2] >= 0xc2 && text.at[at + 1] >= 0x82) {
            return true;
        }
    }
    return false;
}

bool
charset_mend_twice(struct arena *arena, struct bytes utf8, struct bytes *text_r)
{
    if (has_latin_leads(utf8) && mend_latin(arena, utf8, text_r)) {
        return true;
    }
    return count_of(utf8, BYTES("\xe7\xb8\xba"), 3) +
                   count_of(utf8, BYTES("\xe7\xb9\xa7"), 3) +
                   count_of(utf8, BYTES("\xe7\xb9\x9d"), 3) >=
               3 &&
           mend_cp932(arena, utf8, text_r);
}

/* UTF-7 -------------------------------------------------------------------------------------------------------- */

static int
base64_value(uint8_t c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : ascii_digit(c)       ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

/* One run behind its +: where it ends, how many units it has; false if one of them is none of Japan's letters. */
static bool
utf7_run(struct bytes in, size_t *at, size_t *units_r)
{
    uint32_t bits = 0;
    unsigned have = 0;
    int value;

    *units_r = 0;
    for (; *at < in.size && (value = base64_value(in.at[*at])) >= 0; ++*at) {
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        if (have < 16) {
            continue;
        }
        have -= 16;
        uint32_t c = bits >> have & 0xffff;
        bool kana = c >= 0x3000 && c < 0x3100, wide = c >= 0xff00 && c < 0xffa0;
        if (!kana && !wide && !japanese_is_usual(c) && (c < 0x4e00 || c > 0x9fa0) &&
            (c < 0x2010 || c > 0x2600) && c >= 0x80) {
            return false;
        }
        ++*units_r;
    }
    return have < 6 && (bits & ((1u << have) - 1)) == 0;
}

bool
charset_is_utf7(struct bytes in)
{
    size_t units = 0, run = 0;

    for (size_t at = bytes_find_byte(in, '+', 0); at != BYTES_NOWHERE;
         at = bytes_find_byte(in, '+', at)) {
        at++;
        if (at < in.size && in.at[at] == '-') { /* a plus itself */
            continue;
        }
        if (!utf7_run(in, &at, &run) || run == 0) {
            return false;
        }
        units += run;
    }
    return units >= 3;
}
