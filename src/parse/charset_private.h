/* The door to ICU's converters, and the table of labels. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

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
};

/* The charset of a label; kind CHARSET_UNKNOWN with name "" if nobody knows it. */
struct charset charset_of_label(struct bytes label);

/* Decodes by ICU. False if ICU has no such converter. */
bool charset_foreign_decode(struct arena *arena, struct bytes in, const char *name,
                            struct bytes *text_r, size_t *errors_r);
