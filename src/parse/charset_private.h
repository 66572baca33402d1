/* The door to ICU's converters, the table of labels, and the steps of charset_decode. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "parse/emoji.h"

enum charset_kind {
    CHARSET_UNKNOWN,
    CHARSET_ASCII,
    CHARSET_UTF8,
    CHARSET_ISO_2022_JP,
    CHARSET_SHIFT_JIS,
    CHARSET_EUC_JP,
    CHARSET_FOREIGN, /* by ICU, ASCII stands for itself in it */
    CHARSET_SHIFTED, /* by ICU, 7 bits with escapes or shifts: UTF-7, HZ, ISO-2022-KR, ISO-2022-CN */
    CHARSET_WIDE, /* by ICU, two or four bytes a character: UTF-16, UTF-32 */
};

struct charset {
    const char *name;    /* ours, a constant */
    const char *foreign; /* ICU's, or NULL */
    enum charset_kind kind;
    bool x0213; /* of Shift_JIS, EUC-JP: the form with JIS X 0213 */
};

/* What one pass over the bytes shows. */
struct charset_look {
    size_t first_high; /* BYTES_NOWHERE if all is 7-bit */
    bool escape, dollar, plus, zero;
};

/* The charset of a label; kind CHARSET_UNKNOWN with name "" if nobody knows it. */
struct charset charset_of_label(struct bytes label);

/* Decodes by ICU. False if ICU has no such converter. */
bool charset_foreign_decode(struct arena *arena, struct bytes in, const char *name,
                            struct bytes *text_r, size_t *errors_r);

/* Decodes by a charset, whatever the bytes are. A carrier's emoji come out as his private characters. */
struct bytes charset_decode_with(struct arena *arena, struct bytes in,
                                 struct charset charset, enum emoji_carrier carrier,
                                 size_t *errors);
bool charset_is_japanese(enum charset_kind kind);
/* The same for the three Japanese kinds, into room for JAPANESE_GROWTH times the input; returns the size. */
size_t charset_japanese(struct bytes in, struct charset charset, enum emoji_carrier carrier,
                        uint8_t *out, size_t *errors);

/* Which charset explains 8-bit text best (charset_evidence.c). valid: it is UTF-8. */
struct charset charset_by_evidence(struct arena *arena, struct bytes in,
                                   struct charset labelled, struct charset_look look,
                                   bool valid, unsigned *confidence_r);
/* Whether bytes are better read two or four a character, and how. */
bool charset_is_wide(struct arena *arena, struct bytes in, struct charset labelled,
                     struct charset *wide_r);

/* UTF-8 with what is broken replaced, one U+FFFD for each longest beginning of a character (Unicode 3.9); the
 * halves of a surrogate pair, each written as a character (CESU-8), are joined. */
struct bytes charset_repair_utf8(struct arena *arena, struct bytes in, size_t *errors);
/* Text that was UTF-8, taken for windows-1252, ISO-8859-1 or CP932 on the way, and encoded again: true if it is,
 * with what it was. */
bool charset_mend_twice(struct arena *arena, struct bytes utf8, struct bytes *text_r);
/* Whether 7-bit bytes without a label are UTF-7 (RFC 2152): every run between + and - is text of Japan. */
bool charset_is_utf7(struct bytes in);
