#include "judge/indicators_private.h"

#include <unicode/unorm2.h>
#include <unicode/utf16.h>

#include "base/utf8.h"
#include "base/why.h"

/* The text as its readers see it: one character a place, folded in width, and a mark wherever something may begin that a reader
 * looks for. */

/* What NFKC makes of one character is at most so long, or the character is left as it is. */
#define FOLDED_MAX 8
/* What a character may begin (enum reading_mark), as bits. The same bits above them: only where a word begins. */
#define BEGINS(mark)  (1u << (mark))
#define AT_WORD(mark) (1u << (mark) << 4)
#define ALWAYS        0x07u
#define SOMETIMES     0x70u
/* Marks that are put before the character: of a blank before it for mail; of what stands two or three before it for scan. */
#define BEHIND_BLANK 0x08u
#define BEHIND_PLACE 0x80u
#define LETTER       0x80u /* of ASCII, where no place is named */

static const struct {
    unsigned kinds;
    const char *characters;
} beginnings[] = {
    {BEGINS(MARK_MAIL), "@[({<#_*!$&^~=【あア★☆■●◎◆♪□▲◇※♥♡"},
    {BEHIND_BLANK, "aA"},
    {BEGINS(MARK_MESSENGER), "@らて"},
    {AT_WORD(MARK_MESSENGER), "lLtTsSwWラテシワ"},
    {BEGINS(MARK_OTHER), "0123456789+(〒と"},
    {BEGINS(MARK_OTHER), "〇○◯零一二三四五六七八九"},
    {BEGINS(MARK_OTHER), "市区担差氏責代運販弁送"},
    {BEHIND_PLACE, "都道府県"},
    {AT_WORD(MARK_OTHER), "bmtiABCDEFGHIJKLMNOPQRSTUVWXYZ"},
};

/* Made at the first question, and the program's own. narrow: [1] behind a letter. */
struct begins {
    bool is_made;
    uint8_t narrow[2][0x80], wide[0x10000];
};

static void
begins_add(struct begins *b, unsigned kinds, struct bytes characters)
{
    uint32_t c;

    for (size_t at = 0; at < characters.size; at += utf8_get(characters, at, &c)) {
        (void)utf8_get(characters, at, &c);
        b->wide[c] = (uint8_t)(b->wide[c] | kinds);
        if (c < 0x80) {
            b->narrow[0][c] = (uint8_t)(b->narrow[0][c] | (kinds >> 4 & ALWAYS) |
                                        (kinds & (ALWAYS | BEHIND_BLANK)));
            b->narrow[1][c] = (uint8_t)(b->narrow[1][c] | (kinds & ALWAYS));
        }
    }
}

static const struct begins *
begins(void)
{
    static struct begins made;

    for (size_t i = 0; !made.is_made && i < sizeof beginnings / sizeof *beginnings; i++) {
        begins_add(&made, beginnings[i].kinds, bytes_from_text(beginnings[i].characters));
    }
    for (uint8_t c = 'A'; !made.is_made && c <= 'z'; c++) {
        if (glyph_letter(c)) {
            made.narrow[0][c] |= LETTER;
            made.narrow[1][c] |= LETTER;
        }
    }
    made.is_made = true;
    return &made;
}

struct folder {
    struct reading *r;
    const UNormalizer2 *wide, *canonical;
    const struct begins *begins;
};

static bool
is_invisible(uint32_t c)
{
    return (c < 0x20 && !ascii_blank((uint8_t)c)) || (c >= 0x7f && c < 0xa0) || c == 0xad ||
           c == 0x34f || c == 0x61c || (c >= 0x180b && c <= 0x180f) ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0x3164 || (c >= 0xfe00 && c <= 0xfe0f) ||
           c == 0xfeff || (c >= 0xfff0 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

static void
grow(struct reading *r)
{
    size_t room = r->room * 2, words = r->room / 64 + 1, more = room / 64 + 1;

    r->glyphs = arena_grow(r->arena, r->glyphs, r->room * sizeof *r->glyphs,
                           room * sizeof *r->glyphs);
    for (size_t i = 0; i < READING_MARKS; i++) {
        uint64_t *marks = ARENA_NEW_MANY(r->arena, more, uint64_t);
        memcpy(marks, r->marks[i], words * sizeof *marks);
        r->marks[i] = marks;
    }
    r->room = room;
}

static void
mark(struct reading *r, unsigned kinds, size_t at)
{
    for (size_t i = 0; i < READING_MARKS; i++) {
        r->marks[i][at / 64] |= (uint64_t)(kinds >> i & 1) << at % 64;
    }
}

static inline void
append_plain(struct reading *r, uint32_t c, size_t at)
{
    if (r->count + 1 >= r->room) {
        grow(r);
    }
    r->glyphs[r->count++] = (struct glyph){.c = c, .at = (uint32_t)at};
}

/* Marks what the last character begins, or what it says of those before it. */
static void
mark_wide(struct reading *r, uint32_t c, unsigned kinds)
{
    size_t at = r->count - 1;
    bool inside = glyph_katakana(c) && glyph_katakana(glyph_before(r, at));

    mark(r, (kinds & ALWAYS) | (inside ? 0 : (kinds & SOMETIMES) >> 4), at);
    for (size_t back = 2; (kinds & BEHIND_PLACE) != 0 && back <= 3 && back <= at; back++) {
        mark(r, BEGINS(MARK_OTHER), at - back);
    }
}

static void
mark_narrow(struct reading *r, unsigned kinds)
{
    size_t at = r->count - 1;

    mark(r, kinds & ALWAYS, at);
    if ((kinds & BEHIND_BLANK) != 0 && glyph_before(r, at) == ' ') {
        mark(r, BEGINS(MARK_MAIL), at - 1);
    }
}

static void
append(struct folder *f, uint32_t c, size_t at)
{
    struct reading *r = f->r;
    bool letter = r->count > 0 && glyph_letter(r->glyphs[r->count - 1].c);

    append_plain(r, c, at);
    if (c < 0x80) {
        mark_narrow(r, f->begins->narrow[letter][c]);
    } else if (c < 0x10000 && f->begins->wide[c] != 0) {
        mark_wide(r, c, f->begins->wide[c]);
    }
}

/* Of blanks in a row one stays: the end of a line, if it is among them. They begin nothing. */
static inline void
put_blank(struct reading *r, uint32_t c, size_t at)
{
    struct glyph *last = r->count > 0 ? &r->glyphs[r->count - 1] : NULL;

    if (last == NULL || !glyph_blank(last->c)) {
        append_plain(r, c, at);
    } else if (c == '\n') {
        last->c = c;
    }
}

static void
put(struct folder *f, uint32_t c, size_t at)
{
    struct reading *r = f->r;

    if (is_invisible(c)) {
        return;
    }
    if ((c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0x2500) {
        c = '-';
    }
    if (c == '\t' || c == '\r' || c == 0x3000 || c == 0xa0) {
        c = ' ';
    }
    if (glyph_blank(c)) {
        put_blank(r, c, at);
        return;
    }
    if ((c == 0x3099 || c == 0x309a) && r->count > 0) {
        UChar32 one = unorm2_composePair(f->canonical, (UChar32)r->glyphs[r->count - 1].c,
                                         (UChar32)c);
        if (one >= 0) {
            r->glyphs[r->count - 1].c = (uint32_t)one;
            return;
        }
    }
    append(f, c, at);
}

/* What most texts are made of stands for itself: kana, kanji. */
static inline bool
is_itself(uint32_t c)
{
    return (c >= 0x3041 && c <= 0x3096) || (c >= 0x30a1 && c <= 0x30fe) ||
           (c >= 0x4e00 && c <= 0x9fff);
}

static void
take(struct folder *f, uint32_t c, size_t at)
{
    UChar folded[FOLDED_MAX];
    UErrorCode code = U_ZERO_ERROR;
    UChar32 one;

    if (c < 0x80 || (c >= 0x2460 && c <= 0x24ff)) { /* circled: they number lists */
        put(f, c, at);
        return;
    }
    if (c >= 0xff01 && c <= 0xff5e) {
        put(f, c - 0xfee0, at);
        return;
    }
    int32_t size =
        unorm2_getRawDecomposition(f->wide, (UChar32)c, folded, FOLDED_MAX, &code);
    if (U_FAILURE(code) || size <= 0 ||
        unorm2_getDecomposition(f->canonical, (UChar32)c, NULL, 0, &code) > 0) {
        put(f, c, at); /* it has none, or is a letter with its mark */
        return;
    }
    for (int32_t i = 0; i < size;) {
        U16_NEXT(folded, i, size, one);
        put(f, U_IS_SURROGATE(one) ? UTF8_REPLACEMENT : (uint32_t)one, at);
    }
}

static void
begin(struct reading *r)
{
    /* Hardly any text has more characters than bytes. */
    r->room = r->text.size + 64;
    r->glyphs = arena_grow(r->arena, NULL, 0, r->room * sizeof *r->glyphs);
    for (size_t i = 0; i < READING_MARKS; i++) {
        r->marks[i] = ARENA_NEW_MANY(r->arena, r->room / 64 + 1, uint64_t);
    }
}

void
reading_fold(struct reading *r)
{
    UErrorCode code = U_ZERO_ERROR;
    struct folder f = {.r = r,
                       .wide = unorm2_getNFKCInstance(&code),
                       .canonical = unorm2_getNFCInstance(&code),
                       .begins = begins()};
    uint32_t c;
    unsigned kinds = 0; /* of the character before */

    SK_ASSERT(U_SUCCESS(code));
    begin(r);
    for (size_t at = 0; at < r->text.size;) {
        uint8_t byte = r->text.at[at];
        if (byte > ' ' && byte < 0x7f) {
            kinds = f.begins->narrow[(kinds & LETTER) != 0][byte];
            append_plain(r, byte, at++);
            if ((kinds & ~LETTER) != 0) {
                mark_narrow(r, kinds);
            }
            continue;
        }
        kinds = 0;
        if (glyph_blank(byte)) {
            put_blank(r, byte, at++);
            continue;
        }
        size_t size = utf8_get(r->text, at, &c);
        if (size == 3 && is_itself(c)) {
            append_plain(r, c, at);
            if (f.begins->wide[c] != 0) {
                mark_wide(r, c, f.begins->wide[c]);
            }
        } else {
            take(&f, size == 0 ? UTF8_REPLACEMENT : c, at);
            bool letter = r->count > 0 && glyph_letter(r->glyphs[r->count - 1].c);
            kinds = letter ? LETTER : 0;
        }
        at += size == 0 ? 1 : size;
    }
    r->glyphs[r->count] = (struct glyph){.at = (uint32_t)r->text.size};
}

size_t
reading_next(const struct reading *r, enum reading_mark mark, size_t at)
{
    const uint64_t *marks = r->marks[mark];
    size_t word = at / 64;

    if (at >= r->count) {
        return r->count;
    }
    uint64_t bits = marks[word] >> at % 64 << at % 64;
    while (bits == 0) {
        if (++word * 64 >= r->count) {
            return r->count;
        }
        bits = marks[word];
    }
    return word * 64 + (size_t)__builtin_ctzll(bits);
}
