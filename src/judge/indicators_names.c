#include "judge/indicators_private.h"

/* Names that senders give themselves: before と申します, after 担当: and the like, after "My name is". */

#define NAME_MAX 12

static bool
is_name(uint32_t c)
{
    return glyph_kanji(c) || glyph_katakana(c);
}

/* Words that are no names of people. */
static bool
is_office(const struct reading *r, size_t from, size_t to)
{
    static const char *const words[] = {
        "株式会社", "有限会社", "合同会社", "事務局", "サポート", "センター", "係",
        "部",       "課",       "事務所",   "委員会", "協会",     "銀行",     "会社",
        "サービス", "社",       "チーム",   "省",     "庁",       "警察",     "裁判所",
        "窓口",     "様",       "者",       NULL};

    for (size_t at = from; at < to; at++) {
        if (glyphs_any(r, at, words) > 0) {
            return true;
        }
    }
    return false;
}

static size_t
add(struct reading *r, size_t from, size_t to)
{
    if (to < from + 2 || to - from > NAME_MAX || is_office(r, from, to) ||
        reading_taken(r, from, to)) {
        return from;
    }
    reading_add(r, INDICATOR_NAME, glyphs_copy(r, from, to), from, to);
    return to;
}

/* 鈴木と申します: at と. */
static size_t
said(struct reading *r, size_t at)
{
    static const char *const words[] = {"と申します",   "ともうします", "と申す者",
                                        "と申しまして", "と言います",   NULL};
    size_t size = glyphs_any(r, at, words), from = at;

    if (size == 0) {
        return at;
    }
    while (from > 0 && at - from <= NAME_MAX &&
           (is_name(glyph_before(r, from)) ||
            (glyph_before(r, from) == ' ' && at > from && from > 1 &&
             is_name(glyph_before(r, from - 1))))) {
        from--;
    }
    return add(r, from, at) > from ? at + size : at;
}

static size_t
labelled(struct reading *r, size_t at)
{
    static const char *const labels[] = {
        "担当者名",   "担当者",     "担当",       "差出人", "氏名",   "責任者", "代表者",
        "代表取締役", "運営責任者", "販売責任者", "弁護士", "送信者", NULL};
    static const char *const titles[] = {"弁護士", "代表取締役", NULL};
    size_t size = glyphs_any(r, at, labels), from = at + size, to;
    bool colon = false;

    if (size == 0) {
        return at;
    }
    while (from - at - size < 3 && (glyph(r, from) == ' ' || glyph(r, from) == ':')) {
        colon |= glyph(r, from) == ':';
        from++;
    }
    bool title = glyphs_any(r, at, titles) > 0 && from > at + size;
    if (!colon && !title) {
        return at;
    }
    bool parted = false;
    for (to = from; to - from < NAME_MAX; to++) {
        bool part =
            glyph(r, to) == ' ' && !parted && to > from && is_name(glyph(r, to + 1));
        if (!is_name(glyph(r, to)) && !part) {
            break;
        }
        parted |= part;
    }
    if (title && !colon && (!parted || to - from > 8)) {
        return at;
    }
    if (glyph_hiragana(glyph(r, to))) {
        return at;
    }
    return add(r, from, to) > from ? to : at;
}

/* Mr., Dr. and the like before a name. */
static size_t
skip_titles(const struct reading *r, size_t at)
{
    static const char *const titles[] = {"mrs",      "mr",   "miss",    "ms",   "dr",
                                         "engr",     "sir",  "sgt",     "gen",  "barrister",
                                         "attorney", "prof", "captain", "capt", NULL};

    for (int count = 0; count < 2; count++) {
        size_t size = glyphs_any(r, at, titles), after = at + size;
        if (size == 0 || glyph_letter(glyph(r, after))) {
            break;
        }
        after += glyph(r, after) == '.';
        at = after + (glyph(r, after) == ' ');
    }
    return at;
}

static bool
is_large(uint32_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 0xc0 && c < 0xdf);
}

static size_t
english(struct reading *r, size_t at)
{
    static const char *const leads[] = {
        "my name is ", "this is attorney ", "i am barrister ", "i am mr. ", "i am mrs. ",
        "i am mr ",    "i am mrs ",         "i am dr. ",       "i am dr ",  NULL};
    size_t size = glyphs_any(r, at, leads), from, to;

    if (size == 0 || glyph_letter(glyph_before(r, at))) {
        return at;
    }
    from = to = skip_titles(r, at + size);
    for (int words = 0; words < 3; words++) {
        size_t word = to;
        while (is_large(glyph(r, to)) && word - to < 20 &&
               (glyph_letter(glyph(r, word)) ||
                (glyph(r, word) >= 0xc0 && glyph(r, word) < 0x250) ||
                ((glyph(r, word) == '-' || glyph(r, word) == '\'') && word > to))) {
            word++;
        }
        if (word == to) {
            break;
        }
        word += word == to + 1 && glyph(r, word) == '.'; /* an initial */
        to = word + (glyph(r, word) == ' ');
    }
    while (to > from && (glyph_before(r, to) == ' ' || glyph_before(r, to) == '-')) {
        to--;
    }
    if (to < from + 2 || reading_taken(r, from, to)) {
        return at;
    }
    reading_add(r, INDICATOR_NAME, glyphs_copy(r, from, to), from, to);
    return to;
}

size_t
name_read(struct reading *r, size_t at)
{
    uint32_t c = glyph(r, at);

    if (c == 0x3068) {
        return said(r, at);
    }
    if (name_label_begins(c)) {
        return labelled(r, at);
    }
    c = glyph_lower(c);
    return (c == 'm' || c == 't' || c == 'i') && !glyph_letter(glyph_before(r, at))
               ? english(r, at)
               : at;
}
