#include "judge/indicators_private.h"

/* Postal addresses: Japanese ones from 〒, a prefecture or a city up to the number of the block; others where a line has a street's
 * number and ends with a postcode. */

#define BODY_MAX    40
#define CITY_MAX    6
#define TOWNS_MAX   8
#define ENGLISH_MAX 110

static const char *const prefectures[] = {
    "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県",   "福島県", "茨城県",
    "栃木県", "群馬県", "埼玉県", "千葉県", "東京都", "神奈川県", "新潟県", "富山県",
    "石川県", "福井県", "山梨県", "長野県", "岐阜県", "静岡県",   "愛知県", "三重県",
    "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県", "鳥取県", "島根県",
    "岡山県", "広島県", "山口県", "徳島県", "香川県", "愛媛県",   "高知県", "福岡県",
    "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県", NULL};

static bool
is_town(uint32_t c)
{
    return c == 0x5e02 || c == 0x533a || c == 0x753a || c == 0x6751 || c == 0x90e1;
}

/* A number in ASCII or kanji, 十 and 百 too (二十三); 0 if none or too large. */
static unsigned
number_read(const struct reading *r, size_t at, size_t *to_r)
{
    unsigned sum = 0, digit = 0;
    size_t from = at;
    bool ascii = glyph_digit(glyph(r, at));

    for (; at - from < 6; at++) {
        uint32_t c = glyph(r, at);
        int value = glyph_number(c);
        if (value >= 0 && glyph_digit(c) == ascii) {
            digit = digit * 10 + (unsigned)value;
        } else if (!ascii && (c == 0x5341 || c == 0x767e)) {
            sum += (digit == 0 ? 1 : digit) * (c == 0x5341 ? 10 : 100);
            digit = 0;
        } else {
            break;
        }
    }
    *to_r = at;
    return at - from > 5 ? 0 : sum + digit;
}

struct numbers {
    unsigned list[4];
    size_t count, to;
    bool is_sure; /* 丁目, 番地, 号, or hyphens */
};

/* The word after a number of an address: how long it is, 0 if none. */
static size_t
unit_at(const struct reading *r, size_t at)
{
    static const char *const units[] = {"丁目", "番地の", "番地", "番", "号", "丁", NULL};

    return glyphs_any(r, at, units);
}

static bool
is_hyphen(uint32_t c)
{
    return c == '-' || c == 0x30fc || c == 0x306e || c == 0x30ce;
}

/* 1-2-3, 1丁目2番3号, 488番地. Kanji only with a unit. */
static void
numbers_read(const struct reading *r, size_t at, struct numbers *n)
{
    *n = (struct numbers){0};
    while (n->count < 4) {
        size_t to;
        bool ascii = glyph_digit(glyph(r, at));
        unsigned value = number_read(r, at, &to);
        if (value == 0) {
            return;
        }
        size_t unit = unit_at(r, to);
        if (!ascii && unit == 0 && !(n->count > 0 && !glyph_kanji(glyph(r, to)))) {
            return;
        }
        n->list[n->count++] = value;
        n->to = to + unit;
        n->is_sure |= unit > 0 || n->count > 1;
        at = n->to;
        if (unit > 0) {
            at += is_hyphen(glyph(r, at));
            at += glyph(r, at) == ' ' && glyph_number(glyph(r, at + 1)) >= 0;
        } else if (is_hyphen(glyph(r, at)) && glyph_number(glyph(r, at + 1)) >= 0) {
            at++;
        } else {
            return;
        }
    }
}

/* A word of measure after it, or the form of a date. */
static bool
is_other_number(const struct reading *r, const struct numbers *n)
{
    static const char *const measures[] = {
        "月", "日", "年",   "時",   "円",   "人",   "件", "歳", "%",  "回",
        "名", "個", "台",   "万",   "位",   "戸",   "本", "校", "線", "階",
        "才", "分", "か所", "箇所", "カ所", "ヶ所", "者", "度", NULL};
    uint32_t next = glyph(r, n->to);

    return glyphs_any(r, n->to, measures) > 0 || glyph_digit(next) || next == '/' ||
           (next == '.' && glyph_digit(glyph(r, n->to + 1))) ||
           (n->count == 3 && n->list[0] >= 1900 && n->list[0] < 2100 && n->list[1] <= 12 &&
            n->list[2] <= 31);
}

/* Whether it begins another word, which makes no address: 市民, 区役所, 町内. */
static bool
is_city_word(const struct reading *r, size_t at)
{
    static const char *const inside[] = {"内で", "内の", "内に", "内を", "内全",
                                         "内各", "内外", "内在", "内は", "内へ",
                                         "内か", "内、", "内・", NULL};
    static const char *const city[] = {"で", "は", "を", "も", "に", "民", "長", "議", "役",
                                       "立", "場", "区", "販", "営", "外", "況", NULL};
    static const char *const ward[] = {"で", "は", "を", "も", "に", "民", "長",
                                       "分", "役", "間", "域", "別", "切", NULL};
    static const char *const town[] = {"長", "村", NULL};
    uint32_t c = glyph(r, at);

    return glyphs_any(r, at + 1, inside) > 0 || glyphs_any(r, at + 1,
                                                           c == 0x5e02   ? city
                                                           : c == 0x533a ? ward
                                                                         : town) > 0;
}

/* From the city on to the numbers. to_r: where the numbers begin. */
static bool
body_read(const struct reading *r, size_t at, bool has_town, struct numbers *n,
          size_t *to_r)
{
    size_t from = at, blanks = 0, towns = 0;

    for (; at - from < BODY_MAX; at++) {
        uint32_t c = glyph(r, at);
        size_t to;
        if (glyph_number(c) >= 0 || c == 0x5341) {
            unsigned value = number_read(r, at, &to);
            if (value > 0 && glyph(r, to) == 0x6761) { /* 条 */
                at = to;
                continue;
            }
            numbers_read(r, at, n);
            if (n->count > 0) {
                *to_r = at;
                return has_town && at > from;
            }
            if (glyph_digit(c)) {
                return false;
            }
        }
        if (glyph_blank(c)) {
            if (++blanks > 4) {
                return false;
            }
            continue;
        }
        bool town = is_town(c);
        if (town && (is_city_word(r, at) || ++towns > TOWNS_MAX)) {
            return false;
        }
        has_town |= town;
        if (!glyph_kanji(c) && !glyph_hiragana(c) && !glyph_katakana(c)) {
            return false;
        }
        static const char *const odd[] = {"番号",   "です", "ます", "から", "により",
                                          "による", "では", "には", "した", "して",
                                          "事件",   "電話", "以上", "以下", NULL};
        bool may = glyph_hiragana(c) || c == 0x756a || c == 0x4e8b || c == 0x96fb ||
                   c == 0x4ee5; /* what they begin with */
        if (may && glyphs_any(r, at, odd) > 0) {
            return false;
        }
    }
    return false;
}

static bool
is_direction(uint32_t c)
{
    return c == 0x6771 || c == 0x897f || c == 0x5357 || c == 0x5317; /* 東西南北 */
}

static void
place_write(struct writer *w, const struct reading *r, size_t from, size_t to)
{
    for (size_t at = from; at < to; at++) {
        size_t after;
        unsigned value = number_read(r, at, &after);
        /* 北三条西 as 北3条西; but 四条通 is a name. */
        bool counted = value > 0 && after < to && glyph(r, after) == 0x6761 && at > from &&
                       is_direction(glyph(r, at - 1));
        if (counted) {
            writer_number(w, value);
            at = after - 1;
        } else if (!glyph_blank(glyph(r, at))) {
            writer_code_point(w, glyph(r, at));
        }
    }
}

/* The city before 市 or 区: kanji, or one of the cities written in kana. */
static size_t
city_from(const struct reading *r, size_t at)
{
    static const char *const kana[] = {"さいたま", "つくば", "いわき", "ひたちなか",
                                       "あきる野", "うるま", "つがる", "たつの",
                                       "ふじみ野", NULL};
    size_t from = at, named = glyphs_end_any(r, at, kana);

    if (named > 0) {
        return at - named;
    }
    while (from > 0 && at - from < CITY_MAX && glyph_kanji(glyph_before(r, from))) {
        from--;
    }
    return from;
}

static size_t
japanese_add(struct reading *r, size_t at, size_t from, const uint8_t *code)
{
    struct numbers n;
    struct writer w;
    size_t numbers_at = from;
    bool city = code == NULL && glyphs_any(r, from, prefectures) == 0;

    if (!body_read(r, from, city, &n, &numbers_at) || (!n.is_sure && code == NULL) ||
        is_other_number(r, &n) || reading_taken(r, at, n.to)) {
        return at;
    }
    writer_init(&w, r->arena);
    if (code != NULL) {
        writer_bytes(&w, bytes_of(code, 3));
        writer_byte(&w, '-');
        writer_bytes(&w, bytes_of(code + 3, 4));
        writer_byte(&w, ' ');
    }
    place_write(&w, r, from, numbers_at);
    for (size_t i = 0; i < n.count; i++) {
        writer_text(&w, i > 0 ? "-" : "");
        writer_number(&w, n.list[i]);
    }
    reading_add(r, INDICATOR_POSTAL_ADDRESS, bytes_copy(r->arena, writer_view(&w)), at,
                n.to);
    return n.to;
}

/* 〒, seven digits with or without a hyphen. */
static size_t
postcode_read(const struct reading *r, size_t at, uint8_t code_r[7])
{
    size_t count = 0;

    at += glyph(r, at) == ':';
    at = glyphs_skip_blanks(r, at);
    while (count < 7) {
        int value = glyph_number(glyph(r, at));
        if (value >= 0) {
            code_r[count++] = (uint8_t)('0' + value);
        } else if (count != 3 || (glyph(r, at) != '-' && glyph(r, at) != 0x30fc)) {
            return 0;
        }
        at++;
    }
    return glyph_digit(glyph(r, at)) ? 0 : at;
}

static bool
is_street(uint32_t c)
{
    return glyph_letter(c) || glyph_digit(c) || c == ' ' || c == ',' || c == '.' ||
           c == '-' || c == '\'' || c == '\n' || c == '#';
}

/* One of the words as a whole word in [from, to). */
static bool
has_word(const struct reading *r, size_t from, size_t to, const char *const *words)
{
    for (size_t at = from; at < to; at++) {
        size_t size = glyphs_any(r, at, words);
        if (size > 0 && !glyph_letter(glyph_before(r, at)) &&
            !glyph_letter(glyph(r, at + size))) {
            return true;
        }
    }
    return false;
}

/* At a digit: 2-8-1 Nishi-Shinjuku, Shinjuku-ku, Tokyo 163-8001 or 123 Main Street, Springfield, IL 62704. */
static size_t
english_read(struct reading *r, size_t at)
{
    static const char *const streets[] = {
        "Street", "St",     "Avenue",  "Ave",  "Road",    "Rd",    "Boulevard", "Blvd",
        "Drive",  "Dr",     "Lane",    "Ln",   "Way",     "Court", "Ct",        "Place",
        "Pl",     "Square", "Parkway", "Pkwy", "Highway", "Hwy",   NULL};
    static const char *const japan[] = {"Tokyo", "Osaka", "Kyoto",    "Japan",
                                        "ku",    "shi",   "Hokkaido", "Kanagawa",
                                        "cho",   "Aichi", "Fukuoka",  NULL};
    size_t to = at, end = 0, first = at, letters = 0;
    uint32_t before = glyph_before(r, at);

    while (glyph_digit(glyph(r, first)) || glyph(r, first) == '-') {
        first++;
    }
    if (glyph_letter(before) || before == '-' || before == '.' || before == '/' ||
        first - at > 9 || glyph(r, first) != ' ' || glyph(r, first + 1) < 'A' ||
        glyph(r, first + 1) > 'Z') {
        return at;
    }
    for (to = first; to - at < ENGLISH_MAX && end == 0 && is_street(glyph(r, to)); to++) {
        size_t digits = 0;
        letters = glyph_letter(glyph(r, to)) ? letters + 1 : 0;
        if (glyph(r, to + 1) == '.' && letters > 5) {
            break; /* a sentence ends, no abbreviation */
        }
        if (!glyph_digit(glyph(r, to)) || !glyph_blank(glyph_before(r, to))) {
            continue;
        }
        while (digits < 9 && (glyph_digit(glyph(r, to + digits)) ||
                              (digits == 3 && glyph(r, to + digits) == '-'))) {
            digits++;
        }
        uint32_t next = glyph(r, to + digits);
        bool whole = !glyph_digit(next) && !glyph_letter(next);
        bool state = to >= 4 && glyph(r, to - 2) >= 'A' && glyph(r, to - 2) <= 'Z' &&
                     glyph(r, to - 3) >= 'A' && glyph(r, to - 3) <= 'Z' &&
                     glyph_blank(glyph(r, to - 4));
        if (whole && digits == 5 && state && has_word(r, first, to, streets)) {
            end = to + digits;
        } else if (whole && digits == 8 && glyph(r, to + 3) == '-' &&
                   has_word(r, first, to, japan)) {
            end = to + digits;
        }
    }
    if (end == 0 || reading_taken(r, at, end)) {
        return at;
    }
    reading_add(r, INDICATOR_POSTAL_ADDRESS, glyphs_copy(r, at, end), at, end);
    return end;
}

size_t
place_read(struct reading *r, size_t at)
{
    uint8_t code[7];
    uint32_t c = glyph(r, at);

    if (glyph_digit(c)) {
        return glyph_digit(glyph_before(r, at)) ? at : english_read(r, at);
    }
    if (c == 0x3012) {
        size_t after = postcode_read(r, at + 1, code);
        return after == 0 ? at : japanese_add(r, at, glyphs_skip_blanks(r, after), code);
    }
    if (!glyph_kanji(c) && !glyph_hiragana(c)) {
        return at;
    }
    if ((is_prefecture(glyph(r, at + 2)) || is_prefecture(glyph(r, at + 3))) &&
        glyphs_any(r, at, prefectures) > 0) {
        return japanese_add(r, at, at, NULL);
    }
    if ((c == 0x5e02 || c == 0x533a) && !is_city_word(r, at)) {
        size_t from = city_from(r, at);
        if (from < at && japanese_add(r, from, from, NULL) > from) {
            struct glyph *g = r->glyphs + at;
            while (g < r->glyphs + r->count && g->taken) {
                g++;
            }
            return (size_t)(g - r->glyphs);
        }
    }
    return at;
}
