#include "judge/indicators_private.h"

/* Telephone numbers. A Japanese one begins with 0 and has 10 digits, 11 of mobile (060, 070, 080, 090), IP (050) and 0800 numbers; it
 * is written in groups whose sizes follow the kind. Foreign ones count with + or 010 alone. */

#define GROUPS_MAX 16
#define DIGITS_MAX 15

struct groups {
    uint8_t digits[DIGITS_MAX + 1];
    size_t count; /* of digits */
    size_t sizes[GROUPS_MAX], ends[GROUPS_MAX], group_count;
    bool loose[GROUPS_MAX]; /* what follows the group may as well end the number */
    bool torn;              /* a line ends between groups, without a hyphen */
    size_t closed;          /* groups up to which a line end lay before */
};

static bool
is_dash(uint32_t c)
{
    return c == '-' || c == 0x30fc || c == 0x2015;
}

static bool
is_separator(uint32_t c)
{
    return is_dash(c) || glyph_blank(c) || c == '.' || c == '(' || c == ')' ||
           c == 0x30fb || c == 0xb7 || c == 0x306e || c == 0x3001 || c == '~' || c == '_' ||
           c == 0x2022;
}

/* From one group to the next: up to three separators; where the next digit is, or SIZE_MAX. */
static size_t
next_group(const struct reading *r, size_t at, bool *loose_r, bool *torn_r)
{
    bool hyphen = false, line = false;
    size_t from = at;

    while (at - from < 3 && is_separator(glyph(r, at))) {
        hyphen |= is_dash(glyph(r, at)) || glyph(r, at) == '.' || glyph(r, at) == 0x30fb ||
                  (glyph(r, at) == ')' && at == from);
        line |= glyph(r, at) == '\n';
        at++;
    }
    *loose_r = !hyphen;
    *torn_r = line && !hyphen;
    return at > from && glyph_number(glyph(r, at)) >= 0 ? at : SIZE_MAX;
}

/* Groups of digits, all ASCII or all kanji. */
static void
groups_read(const struct reading *r, size_t at, struct groups *g)
{
    bool kanji = !glyph_digit(glyph(r, at)), torn = false;

    *g = (struct groups){0};
    while (at != SIZE_MAX && g->group_count < GROUPS_MAX) {
        size_t size = 0;
        while (glyph_number(glyph(r, at)) >= 0 && glyph_digit(glyph(r, at)) != kanji &&
               g->count < sizeof g->digits) {
            g->digits[g->count++] = (uint8_t)('0' + glyph_number(glyph(r, at)));
            size++;
            at++;
        }
        if (size == 0) {
            break;
        }
        g->torn |= torn;
        g->sizes[g->group_count] = size;
        g->ends[g->group_count] = at;
        at = next_group(r, at, &g->loose[g->group_count], &torn);
        g->group_count++;
    }
}

static bool
sizes_are(const struct groups *g, size_t count, size_t a, size_t b, size_t c)
{
    return count == 3 && g->sizes[0] == a && g->sizes[1] == b && g->sizes[2] == c;
}

static bool
begins(const struct groups *g, const char *digits)
{
    struct bytes start = bytes_from_text(digits);

    return bytes_starts(bytes_of(g->digits, g->count), start);
}

/* Whether the first `count` groups, of `size` digits, are a number as people here write one. */
static bool
is_domestic(const struct groups *g, size_t count, size_t size)
{
    bool single = count == size || count == 1;
    bool mobile = g->digits[1] >= '5' && g->digits[1] <= '9' && g->digits[2] == '0';

    if (g->digits[0] != '0' || g->digits[1] == '0' || size < 10) {
        return false;
    }
    if (begins(g, "0800")) {
        return size == 11 && (single || sizes_are(g, count, 4, 3, 4));
    }
    if (begins(g, "0120") || begins(g, "0570") || begins(g, "0990") || begins(g, "0180")) {
        return size == 10 &&
               (single || sizes_are(g, count, 4, 3, 3) || sizes_are(g, count, 4, 2, 4) ||
                (count == 2 && g->sizes[0] == 4));
    }
    if (mobile) {
        return size == 11 && (single || sizes_are(g, count, 3, 4, 4) ||
                              (count == 2 && (g->sizes[0] == 3 || g->sizes[0] == 7)));
    }
    return size == 10 &&
           (single || sizes_are(g, count, 2, 4, 4) || sizes_are(g, count, 3, 3, 4) ||
            sizes_are(g, count, 4, 2, 4) || sizes_are(g, count, 5, 1, 4) ||
            (count == 2 && ((g->sizes[0] >= 2 && g->sizes[0] <= 5) || g->sizes[1] == 4)));
}

/* No letter, digit, or word of measure goes on with it. */
static bool
ends_well(const struct reading *r, size_t at)
{
    static const char *const measures[] = {"円", "通", "件", "%", "個", "台", "万", NULL};
    uint32_t c = glyph(r, at);

    return !glyph_digit(c) && !glyph_letter(c) && glyphs_any(r, at, measures) == 0 &&
           !((is_dash(c) || c == '.' || c == '/') && glyph_digit(glyph(r, at + 1))) &&
           !((is_dash(c) || c == '.') && glyph_letter(glyph(r, at + 1)));
}

static struct bytes
e164(const struct reading *r, const char *code, const uint8_t *digits, size_t count)
{
    struct writer w;

    writer_init(&w, r->arena);
    writer_text(&w, code);
    writer_bytes(&w, bytes_of(digits, count));
    return bytes_copy(r->arena, writer_view(&w));
}

static struct bytes
domestic(const struct reading *r, size_t at, bool labelled, size_t *to_r)
{
    struct groups g;
    size_t size = 0;

    groups_read(r, at, &g);
    if (g.torn && !labelled) {
        g.torn = false;
        for (size_t i = 0; i < g.group_count; i++) {
            if (glyph(r, g.ends[i]) == '\n') {
                g.group_count = i + 1;
            }
        }
    }
    for (size_t i = 0; i < g.group_count; i++) {
        size += g.sizes[i];
        bool last = i + 1 == g.group_count || g.loose[i];
        if (last && is_domestic(&g, i + 1, size) && ends_well(r, g.ends[i])) {
            *to_r = g.ends[i];
            return e164(r, "+81", g.digits + 1, size - 1);
        }
    }
    return BYTES_NONE;
}

/* How many digits a number with its country's code has, where that is fixed. */
static bool
is_international(const uint8_t *digits, size_t count)
{
    struct bytes number = bytes_of(digits, count);

    if (count < 8 || count > DIGITS_MAX || digits[0] == '0') {
        return false;
    }
    if (digits[0] == '1') {
        return count == 11 && digits[1] > '1';
    }
    if (bytes_starts(number, BYTES("81"))) {
        bool ten = digits[3] == '0' && digits[2] >= '5';
        return digits[2] != '0' && count == (ten ? 12 : 11);
    }
    if (bytes_starts(number, BYTES("86"))) {
        return count >= 11 && count <= 13;
    }
    if (bytes_starts(number, BYTES("44"))) {
        return count == 11 || count == 12;
    }
    return count >= 9;
}

/* +81(0)3-...: the trunk zero is not dialled. Countries whose own numbers begin with 0 are not among these. */
static void
trunk_drop(struct groups *g)
{
    static const char *const starts[] = {"810", "820", "860", "440", "490", "330",
                                         "270", "610", "460", "410", "430", "310",
                                         "320", "660", "840", "620", "900"};
    bool known = false;

    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        known |= begins(g, starts[i]);
    }
    size_t zero = g->sizes[0] >= 3 ? 0 : 1;
    if (!known || (zero == 1 && (g->group_count < 2 || g->sizes[0] != 2))) {
        return;
    }
    for (size_t i = 2; i + 1 < g->count; i++) {
        g->digits[i] = g->digits[i + 1];
    }
    g->count--;
    g->sizes[zero]--;
}

/* at: after the + or 010. */
static struct bytes
international(const struct reading *r, size_t at, size_t *to_r)
{
    struct groups g;
    size_t size = 0;

    if (glyphs_are(r, at, "(81)") > 0) {
        at++;
    }
    if (!glyph_digit(glyph(r, at))) {
        return BYTES_NONE;
    }
    groups_read(r, at, &g);
    trunk_drop(&g);
    struct bytes best = BYTES_NONE;
    for (size_t i = 0; i < g.group_count; i++) {
        size += g.sizes[i];
        bool last = i + 1 == g.group_count || g.loose[i];
        if (last && is_international(g.digits, size) && ends_well(r, g.ends[i]) &&
            (i == 0 || g.sizes[i] >= 2)) {
            best = bytes_of(g.digits, size);
            *to_r = g.ends[i];
        }
    }
    return best.size == 0 ? BYTES_NONE : e164(r, "+", best.at, best.size);
}

struct bytes
phone_number(const struct reading *r, size_t at, bool labelled, size_t *to_r)
{
    uint32_t c = glyph(r, at);

    if (c == '+') {
        return international(r, at + 1, to_r);
    }
    if (c == '(') {
        at++;
    }
    if (glyphs_are(r, at, "010-") > 0 || glyphs_are(r, at, "010 ") > 0) {
        return international(r, at + 4, to_r);
    }
    if (glyphs_are(r, at, "0081-") > 0 || glyphs_are(r, at, "0081 ") > 0) {
        return international(r, at + 2, to_r);
    }
    return glyph_number(glyph(r, at)) == 0 ? domestic(r, at, labelled, to_r) : BYTES_NONE;
}

static bool
is_filler(uint32_t c)
{
    return glyph_blank(c) || c == ':' || c == ';' || c == '#' || c == '=' || c == '(' ||
           c == ')' || c == '[' || c == ']' || c == 0x300c || c == 0x3010 || c == 0x3011 ||
           c == 0x306f || c == 0x2192 || c == '.' || c == 0x203b || c == '/' || c == 0x300d;
}

enum label { LABEL_NONE, LABEL_PHONE, LABEL_OTHER };

/* The word right before a number: what it is the number of. */
static enum label
label_before(const struct reading *r, size_t at)
{
    static const char *const phones[] = {"電話番号",
                                         "電話",
                                         "でんわ",
                                         "携帯番号",
                                         "携帯",
                                         "ケータイ",
                                         "TEL",
                                         "FAX番号",
                                         "FAX",
                                         "ファックス",
                                         "phone",
                                         "call",
                                         "mobile",
                                         "cell",
                                         "連絡先番号",
                                         "連絡先",
                                         "着信",
                                         "ダイヤル",
                                         "ダイヤル番号",
                                         "発信番号",
                                         "sms",
                                         "☎",
                                         "📞",
                                         "fon",
                                         "☏",
                                         "専用番号",
                                         "携帯電話番号",
                                         "TEL No",
                                         "TEL.No",
                                         "phone No",
                                         "phone number",
                                         "telephone",
                                         NULL};
    static const char *const others[] = {
        "番号",       "コード",  "伝票",     "注文", "受付",    "シリアル", "ログ", "型番",
        "品番",       "ISBN",    "JAN",      "SN",   "S/N",     "No",       "№",    "ID",
        "order",      "number",  "tracking", "ref",  "invoice", "カード",   "緯度", "経度",
        "バージョン", "version", "追跡",     "記号", "品目",    "ナンバー", "貨物", NULL};
    size_t from = at;

    while (at > 0 && from - at < 4 && is_filler(glyph_before(r, at))) {
        at--;
    }
    if (at == 0 || glyph_digit(glyph_before(r, at))) {
        return LABEL_NONE;
    }
    size_t phone = glyphs_end_any(r, at, phones), other = glyphs_end_any(r, at, others);
    if (phone > 0 && phone >= other) {
        return LABEL_PHONE;
    }
    /* 番号 alone is that of a telephone as likely as not; in 会員番号 it is another. */
    uint32_t before = glyph_before(r, at - (other < at ? other : at));
    bool alone = glyphs_end(r, at, "番号") == other && !glyph_kanji(before) &&
                 !glyph_katakana(before) && !glyph_letter(before);
    return other > 0 && !alone ? LABEL_OTHER : LABEL_NONE;
}

/* Past digits and letters that hang together, so that no number is found within one. */
static size_t
skip_run(const struct reading *r, size_t at)
{
    while (glyph_digit(glyph(r, at)) || glyph_letter(glyph(r, at)) ||
           ((is_dash(glyph(r, at)) || glyph(r, at) == '.' || glyph(r, at) == '/') &&
            glyph_digit(glyph(r, at + 1)))) {
        at++;
    }
    return at;
}

/* Whether what stands right before lets a number begin; label: what it is said to be. */
static bool
may_begin(const struct reading *r, size_t at, enum label label)
{
    uint32_t c = glyph(r, at), before = glyph_before(r, at);

    if (c != '+' &&
        (glyph_number(before) >= 0 || before == '_' || before == 0xa5 || before == '$')) {
        return false;
    }
    if (before == '/') {
        uint32_t first = at > 1 ? glyph(r, at - 2) : 0;
        return label == LABEL_PHONE || !(glyph_letter(first) || glyph_digit(first));
    }
    bool joined = glyph_letter(before) || before == '.' || before == '-' || before == '=';
    return !joined || label == LABEL_PHONE || (c == '+' && before != '-');
}

/* x = 0312345678; is no text for people. */
static bool
is_code(const struct reading *r, size_t at, size_t to)
{
    while (at > 0 && glyph_before(r, at) == ' ') {
        at--;
    }
    return glyph_before(r, at) == '=' || glyph(r, to) == ';';
}

size_t
phone_read(struct reading *r, size_t at)
{
    uint32_t c = glyph(r, at);
    bool digit = glyph_digit(c);
    size_t to = at;

    bool plus = c == '+' && (glyph_digit(glyph(r, at + 1)) || glyph(r, at + 1) == '(' ||
                             glyph(r, at + 1) == ' ');
    if (!plus && glyph_number(c) < 0 &&
        !(c == '(' && glyph_number(glyph(r, at + 1)) == 0)) {
        return at;
    }
    if (glyph_number(c) > 0) {
        return digit ? skip_run(r, at) : at;
    }
    enum label label = label_before(r, at);
    struct bytes value = BYTES_NONE;
    if (may_begin(r, at, label) && (label != LABEL_OTHER || plus)) {
        value = phone_number(r, at, label == LABEL_PHONE, &to);
    }
    if (value.size == 0 || reading_taken(r, at, to) ||
        (label == LABEL_NONE && is_code(r, at, to))) {
        return digit ? skip_run(r, at) : at;
    }
    reading_add(r, INDICATOR_PHONE, value, at, to);
    return to;
}
