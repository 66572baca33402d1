/* UTF-8 (RFC 3629), one code point at a time: shortest forms only, no surrogates, nothing past U+10FFFF. */
#pragma once

#include "base/bytes.h"

#define UTF8_SIZE_MAX    4
#define UTF8_REPLACEMENT 0xfffdu

/* Reads the code point at `at`; returns its size in bytes, or 0 if none stands there (end, or broken). */
static inline size_t
utf8_get(struct bytes b, size_t at, uint32_t *code_point_r)
{
    if (at >= b.size) {
        return 0;
    }
    const uint8_t *p = b.at + at;
    size_t have = b.size - at;
    uint32_t c = p[0];
    if (c < 0x80) {
        *code_point_r = c;
        return 1;
    }
    if (c >= 0xc2 && c < 0xe0) {
        if (have < 2 || (p[1] & 0xc0) != 0x80) {
            return 0;
        }
        *code_point_r = (c & 0x1f) << 6 | (p[1] & 0x3fu);
        return 2;
    }
    if (c >= 0xe0 && c < 0xf0) {
        if (have < 3 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80) {
            return 0;
        }
        c = (c & 0x0f) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
        if (c < 0x800 || (c >= 0xd800 && c < 0xe000)) {
            return 0;
        }
        *code_point_r = c;
        return 3;
    }
    if (c >= 0xf0 && c < 0xf5) {
        if (have < 4 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80 ||
            (p[3] & 0xc0) != 0x80) {
            return 0;
        }
        c = (c & 0x07) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
        if (c < 0x10000 || c > 0x10ffff) {
            return 0;
        }
        *code_point_r = c;
        return 4;
    }
    return 0;
}

/* Writes one code point (U+FFFD for what is none) to `at`, which has room for UTF8_SIZE_MAX; returns the size. */
static inline size_t
utf8_put(uint8_t *at, uint32_t c)
{
    if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
        c = UTF8_REPLACEMENT;
    }
    if (c < 0x80) {
        at[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        at[0] = (uint8_t)(0xc0 | c >> 6);
        at[1] = (uint8_t)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        at[0] = (uint8_t)(0xe0 | c >> 12);
        at[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        at[2] = (uint8_t)(0x80 | (c & 0x3f));
        return 3;
    }
    at[0] = (uint8_t)(0xf0 | c >> 18);
    at[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
    at[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    at[3] = (uint8_t)(0x80 | (c & 0x3f));
    return 4;
}

/* Whether a character may stand in a line for people: no control (C0, DEL, C1), no line separator, nothing invisible
 * or that turns the direction of what stands around it. */
static inline bool
utf8_harmless(uint32_t c)
{
    return c >= 0x20 && !(c >= 0x7f && c < 0xa0) && c != 0x061c &&
           !(c >= 0x200b && c <= 0x200f) && !(c >= 0x2028 && c <= 0x202e) &&
           !(c >= 0x2066 && c <= 0x2069) && c != 0xfeff;
}

/* Puts a question mark for every harmful character and every byte that is no UTF-8, in place; returns the new size. */
static inline size_t
utf8_mask(uint8_t *at, size_t size)
{
    size_t to = 0;
    uint32_t c;

    for (size_t from = 0; from < size;) {
        size_t step = utf8_get((struct bytes){at, size}, from, &c);
        if (step == 0 || !utf8_harmless(c)) {
            at[to++] = '?';
            from += step == 0 ? 1 : step;
            continue;
        }
        for (; step > 0; step--) {
            at[to++] = at[from++];
        }
    }
    return to;
}

/* Whether all of it is UTF-8. */
static inline bool
utf8_valid(struct bytes b)
{
    uint64_t eight;
    uint32_t c;

    for (size_t at = 0; at < b.size;) {
        if (b.at[at] < 0x80) { /* most of mail is ASCII: eight at a time */
            at++;
            while (at + sizeof eight <= b.size) {
                memcpy(&eight, b.at + at, sizeof eight);
                if ((eight & 0x8080808080808080u) != 0) {
                    break;
                }
                at += sizeof eight;
            }
            continue;
        }
        size_t size = utf8_get(b, at, &c);
        if (size == 0) {
            return false;
        }
        at += size;
    }
    return true;
}
