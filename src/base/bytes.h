/* Views of bytes.
 *
 * Mail is bytes: it may hold NUL, it may be no text at all, and it is not ours to copy. A struct bytes is a
 * view: where, and how many. It owns nothing and is good as long as what it looks at. Functions here never
 * allocate (those that do take an arena) and never read outside the view. An empty view has size 0; its `at`
 * may be NULL. NUL-terminated strings exist only at the door to a foreign library: bytes_text(). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/banned.h"

struct arena;

struct bytes {
    const uint8_t *at;
    size_t size;
};

static inline uint8_t
ascii_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static inline bool
ascii_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static inline bool
ascii_letter(uint8_t c)
{
    return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

static inline bool
ascii_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Value of a hexadecimal digit, or -1. */
static inline int
ascii_hex(uint8_t c)
{
    return ascii_digit(c)                                   ? c - '0'
           : ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f' ? ascii_lower(c) - 'a' + 10
                                                            : -1;
}

/* A view of a string literal. */
#define BYTES(literal) ((struct bytes){(const uint8_t *)("" literal), sizeof(literal) - 1})
#define BYTES_NONE     ((struct bytes){NULL, 0})
/* For printf: printf("%.*s", BYTES_ARGUMENTS(b)). Only for text known to be clean. */
#define BYTES_ARGUMENTS(b) (int)(b).size, (const char *)(b).at

/* Position when something is not found. */
#define BYTES_NOWHERE SIZE_MAX

static inline struct bytes
bytes_of(const void *at, size_t size)
{
    return (struct bytes){(const uint8_t *)at, size};
}

/* A view of a NUL-terminated string, without its NUL; NULL gives an empty view. */
static inline struct bytes
bytes_from_text(const char *text)
{
    return text == NULL ? BYTES_NONE : (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* The part [from, to) with both ends brought inside the view. */
static inline struct bytes
bytes_slice(struct bytes b, size_t from, size_t to)
{
    if (to > b.size) {
        to = b.size;
    }
    if (from > to) {
        from = to;
    }
    return b.at == NULL ? b : (struct bytes){b.at + from, to - from};
}

/* All from `from` on. */
static inline struct bytes
bytes_from(struct bytes b, size_t from)
{
    return bytes_slice(b, from, b.size);
}

static inline bool
bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

/* Without regard to ASCII case. */
static inline bool
bytes_equal_fold(struct bytes a, struct bytes b)
{
    if (a.size != b.size) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        if (ascii_lower(a.at[i]) != ascii_lower(b.at[i])) {
            return false;
        }
    }
    return true;
}

static inline bool
bytes_is(struct bytes b, const char *text)
{
    return bytes_equal(b, bytes_from_text(text));
}

bool bytes_is_fold(struct bytes b, const char *text);
bool bytes_starts(struct bytes b, struct bytes start);
bool bytes_starts_fold(struct bytes b, struct bytes start);
bool bytes_ends(struct bytes b, struct bytes end);
bool bytes_ends_fold(struct bytes b, struct bytes end);
/* Order as of memcmp, the shorter first; for sorting. */
int bytes_compare(struct bytes a, struct bytes b);

/* Index of the first (last) byte, or of the first occurrence, at or after `from`; BYTES_NOWHERE if none. */
size_t bytes_find_byte(struct bytes b, uint8_t byte, size_t from);
size_t bytes_find_last(struct bytes b, uint8_t byte);
size_t bytes_find(struct bytes b, struct bytes what, size_t from);
size_t bytes_find_fold(struct bytes b, struct bytes what, size_t from);

/* Without the blanks (space, tab, CR, LF) at either end. */
struct bytes bytes_trim(struct bytes b);

/* Takes the piece before the first `separator` from *rest; the separator is dropped. At the end the remaining
 * bytes are the last piece and *rest becomes empty with at == NULL. false when nothing is left. An empty view
 * whose `at` is not NULL gives one empty piece. */
bool bytes_split(struct bytes *rest, uint8_t separator, struct bytes *piece_r);
/* Takes the next line without its LF or CR LF. false at the end. */
bool bytes_line(struct bytes *rest, struct bytes *line_r);

/* Decimal digits only, at most `most`; false on anything else, empty, or more. */
bool bytes_to_number(struct bytes b, uint64_t most, uint64_t *number_r);

/* Copies into the arena. bytes_text is NUL-terminated for foreign libraries; a NUL inside cuts it there. */
struct bytes bytes_copy(struct arena *arena, struct bytes b);
char *bytes_text(struct arena *arena, struct bytes b);
/* A copy in ASCII lower case. */
struct bytes bytes_lower(struct arena *arena, struct bytes b);

/* Hexadecimal, lower case; base64 of RFC 4648 section 4, padded. */
struct bytes bytes_hex(struct arena *arena, struct bytes b);
struct bytes bytes_base64(struct arena *arena, struct bytes b);
/* Decodes base64, skipping blanks (space, tab, CR, LF). false if any other byte outside the alphabet is met,
 * if padding is wrong, or nothing but blanks is there (then *out_r is empty). Lenient decoding of mail bodies
 * is parse's own affair. */
bool bytes_from_base64(struct arena *arena, struct bytes b, struct bytes *out_r);
