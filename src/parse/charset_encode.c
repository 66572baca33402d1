#include "base/utf8.h"
#include "base/writer.h"
#include "parse/charset.h"
#include "parse/charset_private.h"
#include "parse/japanese_private.h"

enum encode_set { SET_ASCII, SET_ROMAN, SET_0208 };

struct encode {
    struct writer w;
    enum charset_kind kind;
    enum encode_set set; /* of ISO-2022-JP */
};

static void
encode_shift(struct encode *e, enum encode_set set)
{
    static const char *const escapes[] = {"\x1b(B", "\x1b(J", "\x1b$B"};

    if (e->kind == CHARSET_ISO_2022_JP && e->set != set) {
        writer_text(&e->w, escapes[set]);
        e->set = set;
    }
}

static void
encode_plain(struct encode *e, uint32_t c)
{
    if (e->set == SET_0208 || c == '\\' || c == '~' || c == '\n' || c == '\r') {
        encode_shift(e, SET_ASCII);
    }
    writer_byte(&e->w, (uint8_t)c);
}

static void
encode_pair(struct encode *e, unsigned row, unsigned column)
{
    if (e->kind == CHARSET_SHIFT_JIS) {
        unsigned even = column + (column < 63 ? 0x40 : 0x41);
        writer_byte(&e->w, (uint8_t)(row / 2 + (row < 62 ? 0x81 : 0xc1)));
        writer_byte(&e->w, (uint8_t)(row % 2 == 0 ? even : column + 0x9f));
        return;
    }
    encode_shift(e, SET_0208);
    unsigned base = e->kind == CHARSET_EUC_JP ? 0xa1 : 0x21;
    writer_byte(&e->w, (uint8_t)(row + base));
    writer_byte(&e->w, (uint8_t)(column + base));
}

/* Half-width kana: ISO-2022-JP has none, so it gets the full-width ones. */
static bool
encode_kana(struct encode *e, uint32_t c)
{
    static const char16_t full[] =
        u"。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネ"
        u"ノハヒフヘホマミムメモヤユヨラリルレロワン゛゜";
    unsigned row, column;

    if (c < 0xff61 || c > 0xff9f) {
        return false;
    }
    if (e->kind == CHARSET_ISO_2022_JP) {
        if (!japanese_0208_find(full[c - 0xff61], &row, &column)) {
            return false;
        }
        encode_pair(e, row, column);
        return true;
    }
    if (e->kind == CHARSET_EUC_JP) {
        writer_byte(&e->w, 0x8e);
    }
    writer_byte(&e->w, (uint8_t)(c - 0xff61 + 0xa1));
    return true;
}

/* Characters that Unicode has twice for one place of the table, or that have one byte. */
static bool
encode_special(struct encode *e, uint32_t c)
{
    if (c == 0x80 && e->kind == CHARSET_SHIFT_JIS) {
        writer_byte(&e->w, 0x80);
        return true;
    }
    if (c == 0xa5 || c == 0x203e) {
        encode_shift(e, SET_ROMAN);
        writer_byte(&e->w, c == 0xa5 ? 0x5c : 0x7e);
        return true;
    }
    return false;
}

/* Shift_JIS writes IBM's letters in IBM's own rows, not in NEC's copy of them. */
static void
find_ibm(uint32_t c, unsigned *row, unsigned *column)
{
    for (unsigned i = 0; i < 6 * 94; i++) {
        if (japanese_0208[114 + i / 94][i % 94] == c) {
            *row = 114 + i / 94;
            *column = i % 94;
            return;
        }
    }
}

static void
encode_one(struct encode *e, uint32_t c)
{
    unsigned row, column;

    if (c < 0x80) {
        encode_plain(e, c);
        return;
    }
    if (encode_special(e, c) || encode_kana(e, c)) {
        return;
    }
    c = c == 0x2212 ? 0xff0d : c;
    if (japanese_0208_find(c, &row, &column)) {
        if (e->kind == CHARSET_SHIFT_JIS && row >= 88) {
            find_ibm(c, &row, &column);
        }
        if (e->kind == CHARSET_SHIFT_JIS || row < 94) {
            encode_pair(e, row, column);
            return;
        }
    }
    encode_shift(e, SET_ASCII);
    writer_format(&e->w, "&#%u;", (unsigned)c);
}

bool
charset_encode(struct arena *arena, struct bytes text, struct bytes label,
               struct bytes *bytes_r)
{
    struct encode e = {.kind = charset_of_label(label).kind};
    uint32_t c;

    if (charset_of_label(label).x0213) {
        return false;
    }
    if (e.kind == CHARSET_UTF8) {
        *bytes_r = text;
        return true;
    }
    if (e.kind != CHARSET_ISO_2022_JP && e.kind != CHARSET_SHIFT_JIS &&
        e.kind != CHARSET_EUC_JP) {
        return false;
    }
    writer_init(&e.w, arena);
    for (size_t at = 0; at < text.size;) {
        size_t size = utf8_get(text, at, &c);
        encode_one(&e, size > 0 ? c : UTF8_REPLACEMENT);
        at += size > 0 ? size : 1;
    }
    encode_shift(&e, SET_ASCII);
    *bytes_r = writer_view(&e.w);
    return true;
}
