#define SK_BASE
#include "base/bytes.h"

#include <string.h>

#include "base/arena.h"

bool
bytes_is_fold(struct bytes b, const char *text)
{
    if (text == NULL) {
        return b.size == 0;
    }
    /* Most calls are answered by the first byte, so the text's length is not asked for. */
    for (size_t i = 0; i < b.size; i++) {
        if (text[i] == 0 || ascii_lower(b.at[i]) != ascii_lower((uint8_t)text[i])) {
            return false;
        }
    }
    return text[b.size] == 0;
}

bool
bytes_starts(struct bytes b, struct bytes start)
{
    return b.size >= start.size && bytes_equal(bytes_slice(b, 0, start.size), start);
}

bool
bytes_starts_fold(struct bytes b, struct bytes start)
{
    return b.size >= start.size && bytes_equal_fold(bytes_slice(b, 0, start.size), start);
}

bool
bytes_ends(struct bytes b, struct bytes end)
{
    return b.size >= end.size && bytes_equal(bytes_from(b, b.size - end.size), end);
}

bool
bytes_ends_fold(struct bytes b, struct bytes end)
{
    return b.size >= end.size && bytes_equal_fold(bytes_from(b, b.size - end.size), end);
}

int
bytes_compare(struct bytes a, struct bytes b)
{
    size_t least = a.size < b.size ? a.size : b.size;
    int order = least == 0 ? 0 : memcmp(a.at, b.at, least);

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

size_t
bytes_find_byte(struct bytes b, uint8_t byte, size_t from)
{
    if (from >= b.size) {
        return BYTES_NOWHERE;
    }
    const uint8_t *at = memchr(b.at + from, byte, b.size - from);
    return at == NULL ? BYTES_NOWHERE : (size_t)(at - b.at);
}

size_t
bytes_find_last(struct bytes b, uint8_t byte)
{
    if (b.size == 0) {
        return BYTES_NOWHERE;
    }
    const uint8_t *at = memrchr(b.at, byte, b.size);
    return at == NULL ? BYTES_NOWHERE : (size_t)(at - b.at);
}

size_t
bytes_find(struct bytes b, struct bytes what, size_t from)
{
    if (from > b.size || what.size > b.size - from) {
        return BYTES_NOWHERE;
    }
    if (what.size == 0) {
        return from;
    }
    const uint8_t *at = memmem(b.at + from, b.size - from, what.at, what.size);
    return at == NULL ? BYTES_NOWHERE : (size_t)(at - b.at);
}

size_t
bytes_find_fold(struct bytes b, struct bytes what, size_t from)
{
    if (from > b.size || what.size > b.size - from) {
        return BYTES_NOWHERE;
    }
    if (what.size == 0) {
        return from;
    }
    uint8_t lower = ascii_lower(what.at[0]);
    uint8_t upper = ascii_letter(lower) ? lower ^ 0x20 : lower;
    for (size_t i = from; i + what.size <= b.size; i++) {
        if ((b.at[i] == lower || b.at[i] == upper) &&
            bytes_equal_fold((struct bytes){b.at + i, what.size}, what)) {
            return i;
        }
    }
    return BYTES_NOWHERE;
}

struct bytes
bytes_trim(struct bytes b)
{
    while (b.size > 0 && ascii_blank(b.at[0])) {
        b.at++;
        b.size--;
    }
    while (b.size > 0 && ascii_blank(b.at[b.size - 1])) {
        b.size--;
    }
    return b;
}

bool
bytes_split(struct bytes *rest, uint8_t separator, struct bytes *piece_r)
{
    if (rest->at == NULL) {
        return false;
    }
    size_t end = bytes_find_byte(*rest, separator, 0);
    if (end == BYTES_NOWHERE) {
        *piece_r = *rest;
        *rest = BYTES_NONE;
        return true;
    }
    *piece_r = bytes_slice(*rest, 0, end);
    *rest = (struct bytes){rest->at + end + 1, rest->size - end - 1};
    return true;
}

bool
bytes_line(struct bytes *rest, struct bytes *line_r)
{
    if (rest->size == 0) {
        return false;
    }
    size_t end = bytes_find_byte(*rest, '\n', 0);
    size_t next = end == BYTES_NOWHERE ? rest->size : end + 1;
    if (end == BYTES_NOWHERE) {
        end = rest->size;
    }
    *line_r = bytes_slice(*rest, 0, end);
    if (line_r->size > 0 && next > end && line_r->at[line_r->size - 1] == '\r') {
        line_r->size--;
    }
    *rest = bytes_from(*rest, next);
    return true;
}

bool
bytes_to_number(struct bytes b, uint64_t most, uint64_t *number_r)
{
    uint64_t number = 0;

    if (b.size == 0) {
        return false;
    }
    for (size_t i = 0; i < b.size; i++) {
        if (!ascii_digit(b.at[i]) || __builtin_mul_overflow(number, 10u, &number) ||
            __builtin_add_overflow(number, (uint64_t)(b.at[i] - '0'), &number)) {
            return false;
        }
    }
    *number_r = number;
    return number <= most;
}

struct bytes
bytes_copy(struct arena *arena, struct bytes b)
{
    uint8_t *at = arena_take_bytes(arena, b.size);

    if (b.size > 0) {
        memcpy(at, b.at, b.size);
    }
    return (struct bytes){at, b.size};
}

char *
bytes_text(struct arena *arena, struct bytes b)
{
    char *text = arena_take_bytes(arena, b.size + 1);

    if (b.size > 0) {
        memcpy(text, b.at, b.size);
    }
    text[b.size] = '\0';
    return text;
}

struct bytes
bytes_lower(struct arena *arena, struct bytes b)
{
    uint8_t *at = arena_take_bytes(arena, b.size);

    for (size_t i = 0; i < b.size; i++) {
        at[i] = ascii_lower(b.at[i]);
    }
    return (struct bytes){at, b.size};
}

struct bytes
bytes_hex(struct arena *arena, struct bytes b)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *at = arena_take_bytes(arena, b.size * 2);

    for (size_t i = 0; i < b.size; i++) {
        at[2 * i] = (uint8_t)digits[b.at[i] >> 4];
        at[2 * i + 1] = (uint8_t)digits[b.at[i] & 15];
    }
    return (struct bytes){at, b.size * 2};
}

struct bytes
bytes_base64(struct arena *arena, struct bytes b)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = (b.size + 2) / 3 * 4;
    uint8_t *at = arena_take_bytes(arena, size), *to = at;

    for (size_t i = 0; i < b.size; i += 3) {
        size_t have = b.size - i;
        uint32_t group = (uint32_t)b.at[i] << 16 |
                         (have > 1 ? (uint32_t)b.at[i + 1] << 8 : 0) |
                         (have > 2 ? b.at[i + 2] : 0);
        *to++ = (uint8_t)digits[group >> 18];
        *to++ = (uint8_t)digits[group >> 12 & 63];
        *to++ = (uint8_t)(have > 1 ? digits[group >> 6 & 63] : '=');
        *to++ = (uint8_t)(have > 2 ? digits[group & 63] : '=');
    }
    return (struct bytes){at, size};
}

/* A digit's value plus 1; 0: no digit of base64. Keys and signatures of every message go through here, so it is a table. */
static const uint8_t base64_values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,
    ['H'] = 8,  ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14,
    ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21,
    ['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28,
    ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35,
    ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
    ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49,
    ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63,
    ['/'] = 64};

bool
bytes_from_base64(struct arena *arena, struct bytes b, struct bytes *out_r)
{
    uint8_t *at = arena_take_bytes(arena, b.size / 4 * 3 + 3), *to = at;
    uint32_t group = 0;
    unsigned have = 0, padding = 0;

    *out_r = BYTES_NONE;
    for (size_t i = 0; i < b.size; i++) {
        uint8_t c = b.at[i];
        uint8_t value = base64_values[c];
        if (ascii_blank(c)) {
            continue;
        }
        if (c == '=') {
            if (have + ++padding > 4 || have < 2) {
                return false;
            }
            continue;
        }
        if (value == 0 || padding > 0) {
            return false;
        }
        group = group << 6 | (uint32_t)(value - 1);
        if (++have == 4) {
            *to++ = (uint8_t)(group >> 16);
            *to++ = (uint8_t)(group >> 8);
            *to++ = (uint8_t)group;
            have = 0;
            group = 0;
        }
    }
    if (have != 0) {
        if (have + padding != 4) {
            return false;
        }
        group <<= 6 * (4 - have);
        *to++ = (uint8_t)(group >> 16);
        if (have == 3) {
            *to++ = (uint8_t)(group >> 8);
        }
    } else if (padding != 0) {
        return false;
    }
    *out_r = (struct bytes){at, (size_t)(to - at)};
    return out_r->size > 0;
}
