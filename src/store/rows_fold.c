#include "store/rows_fold.h"

#include "base/utf8.h"

/* U+FF61 to U+FF9F in their order. */
static const uint16_t kana[] = {
    0x3002, 0x300c, 0x300d, 0x3001, 0x30fb, 0x30f2, 0x30a1, 0x30a3, 0x30a5, 0x30a7, 0x30a9,
    0x30e3, 0x30e5, 0x30e7, 0x30c3, 0x30fc, 0x30a2, 0x30a4, 0x30a6, 0x30a8, 0x30aa, 0x30ab,
    0x30ad, 0x30af, 0x30b1, 0x30b3, 0x30b5, 0x30b7, 0x30b9, 0x30bb, 0x30bd, 0x30bf, 0x30c1,
    0x30c4, 0x30c6, 0x30c8, 0x30ca, 0x30cb, 0x30cc, 0x30cd, 0x30ce, 0x30cf, 0x30d2, 0x30d5,
    0x30d8, 0x30db, 0x30de, 0x30df, 0x30e0, 0x30e1, 0x30e2, 0x30e4, 0x30e6, 0x30e8, 0x30e9,
    0x30ea, 0x30eb, 0x30ec, 0x30ed, 0x30ef, 0x30f3, 0x309b, 0x309c,
};
_Static_assert(sizeof kana / sizeof kana[0] == 0xff9f - 0xff61 + 1, "one for each");

#define VOICED      0xff9e
#define HALF_VOICED 0xff9f

/* The kana with its sound mark, or 0 if it takes none. */
static uint32_t
marked(uint32_t c, uint32_t mark)
{
    bool h_row = c >= 0x30cf && c <= 0x30db && (c - 0x30cf) % 3 == 0;

    if (mark == HALF_VOICED) {
        return h_row ? c + 2 : 0;
    }
    if (c == 0x30a6) {
        return 0x30f4; /* ヴ */
    }
    bool k_to_t = c >= 0x30ab && c <= 0x30c1 && (c & 1) == 1;
    bool tsu_to_to = c == 0x30c4 || c == 0x30c6 || c == 0x30c8;
    return h_row || k_to_t || tsu_to_to ? c + 1 : 0;
}

static bool
anything_wide(struct bytes text)
{
    for (size_t at = 0; (at = bytes_find_byte(text, 0xef, at)) != BYTES_NOWHERE; at++) {
        if (at + 1 < text.size && (text.at[at + 1] == 0xbc || text.at[at + 1] == 0xbd ||
                                   text.at[at + 1] == 0xbe)) {
            return true;
        }
    }
    return false;
}

struct bytes
rows_fold(struct arena *arena, struct bytes text)
{
    struct writer w;
    uint32_t c, next;

    if (!anything_wide(text)) {
        return text;
    }
    writer_init(&w, arena);
    for (size_t at = 0, size; at < text.size; at += size) {
        size = utf8_get(text, at, &c);
        if (size == 0) {
            writer_byte(&w, text.at[at]);
            size = 1;
        } else if (c >= 0xff01 && c <= 0xff5e) {
            writer_byte(&w, (uint8_t)(c - 0xff01 + 0x21));
        } else if (c >= 0xff61 && c <= 0xff9f) {
            uint32_t full = kana[c - 0xff61], voiced = 0;
            size_t mark = utf8_get(text, at + size, &next);
            if (mark > 0 && (next == VOICED || next == HALF_VOICED)) {
                voiced = marked(full, next);
            }
            writer_code_point(&w, voiced != 0 ? voiced : full);
            size += voiced != 0 ? mark : 0;
        } else {
            writer_code_point(&w, c);
        }
    }
    return writer_view(&w);
}
