#include "judge/indicators_private.h"

#include <string.h>

#include "base/utf8.h"

/* The parts of a bank account: bank, branch, holder, each looked for in a piece of text beside the number. */

const char account_post_bank[] = "ゆうちょ銀行";

bool
account_joint(uint32_t c)
{
    return glyph_blank(c) || c == ':' || c == ';' || c == '(' || c == ')' || c == '[' ||
           c == ']' || c == 0x300c || c == 0x300d || c == 0x3010 || c == 0x3011 ||
           c == '-' || c == '=' || c == 0x30fb || c == 0x3001 || c == ',' || c == '.' ||
           c == '/' || c == 0x306e || c == 0x306f || c == 0x2192 || c == '#' || c == '|' ||
           c == 0x25a0 || c == 0x25cf || c == '*' || c == 0x3000;
}

/* Where a value ends that is not in brackets. */
static bool
is_end(uint32_t c)
{
    return c == 0 || c == '\n' || c == 0x3002 || c == 0x3001 || c == ',' || c == ':' ||
           c == 0x300d || c == 0x3011 || c == 0x300c || c == 0x3010 || c == '/' ||
           c == '|' || c == ';' || c == '<' || c == '>';
}

/* Digits in a row, blanks between single ones allowed; 0 if there are more than most. */
size_t
account_digits(const struct reading *r, size_t at, uint8_t *digits, size_t most,
               size_t *to_r)
{
    size_t count = 0;
    bool kanji = !glyph_digit(glyph(r, at));

    *to_r = at;
    while (glyph_number(glyph(r, at)) >= 0 && glyph_digit(glyph(r, at)) != kanji) {
        if (count == most) {
            return 0;
        }
        digits[count++] = (uint8_t)('0' + glyph_number(glyph(r, at)));
        *to_r = ++at;
        bool single = count < 8 && glyph(r, at) == ' ' && glyph_digit(glyph(r, at + 1)) &&
                      !glyph_digit(glyph(r, at + 2));
        at += single ? 1 : 0;
    }
    return count;
}

/* Between 銀行 and what makes another word of it. */
static bool
is_bank_word(const struct reading *r, size_t at)
{
    static const char *const others[] = {
        "コード", "名", "口座", "振込", "番号", "支店", "員", "窓口",     "を",
        "から",   "へ", "側",   "協会", "取引", ":",    " :", "振り込み", NULL};

    return glyphs_any(r, at, others) == 0;
}

static bool
is_name(uint32_t c)
{
    return glyph_kanji(c) || glyph_katakana(c) || glyph_hiragana(c) || glyph_letter(c) ||
           glyph_digit(c) || c == '&';
}

/* Cuts what leads to a name, as in 振込先は京都信用金庫. */
static size_t
without_lead(const struct reading *r, size_t from, size_t to)
{
    static const char *const leads[] = {"振込先",   "お振込先",   "振込口座", "送金先",
                                        "口座",     "銀行名",     "取引銀行", "金融機関名",
                                        "金融機関", "お振込み先", NULL};

    for (size_t i = from; i + 1 < to; i++) {
        uint32_t c = glyph(r, i), next = glyph(r, i + 1);
        bool particle = c == 0x306f || c == 0x306e || c == 0x3092 || c == 0x3078;
        if (particle && i > from && !glyph_hiragana(glyph(r, i - 1)) &&
            !glyph_hiragana(next)) {
            from = i + 1;
        }
    }
    size_t lead = glyphs_any(r, from, leads);
    return lead > 0 && from + lead < to ? from + lead : from;
}

/* A bank of the table that begins there; the longest. */
static size_t
bank_at(const struct reading *r, size_t at, const struct bank **bank_r)
{
    size_t best = 0;

    for (size_t i = 0; i < bank_count; i++) {
        size_t size = glyphs_are(r, at, banks[i].name);
        for (size_t k = 0; k < BANK_WORDS && banks[i].words[k] != NULL; k++) {
            size_t other = glyphs_are(r, at, banks[i].words[k]);
            size = other > size ? other : size;
        }
        if (banks[i].bic != NULL && size == 0) {
            size = glyphs_are(r, at, banks[i].bic);
        }
        if (size > best) {
            best = size;
            *bank_r = &banks[i];
        }
    }
    bool inside = best > 0 && glyph_letter(glyph(r, at)) &&
                  (glyph_letter(glyph_before(r, at)) || glyph_letter(glyph(r, at + best)));
    return inside ? 0 : best;
}

static const char *const bank_words[] = {"銀行", "信用金庫",     "信金", "信用組合",
                                         "信組", "労働金庫",     "労金", "農業協同組合",
                                         "農協", "漁業協同組合", NULL};
static const char *const bank_code_labels[] = {"銀行コード",   "金融機関コード", "銀行番号",
                                               "金融機関番号", "bank code",      NULL};
static const char *const branch_labels[] = {"支店名",      "店名",   "支店", "取扱店",
                                            "branch name", "branch", NULL};
static const char *const branch_words[] = {"本店営業部", "支店", "本店", "営業部",
                                           "出張所",     "支所", "本所", "営業所",
                                           "法人部",     NULL};
static const char *const branch_numbers[] = {
    "店番号", "店番", "支店コード", "支店番号", "店舗コード", "branch code", NULL};

/* A filter by the first characters of all these words: most places need no closer look. */
static size_t
first_bit(uint32_t c)
{
    c = glyph_lower(c);
    return (size_t)(c * 2654435761u >> 22);
}

static bool
first_is(const struct reading *r, uint32_t c)
{
    size_t bit = first_bit(c);

    return r->bank_first != NULL && (r->bank_first[bit / 64] >> bit % 64 & 1) != 0;
}

static void
first_add(uint64_t first[BANK_FIRST], const char *word)
{
    uint32_t c;

    if (utf8_get(bytes_from_text(word), 0, &c) > 0) {
        first[first_bit(c) / 64] |= (uint64_t)1 << first_bit(c) % 64;
    }
}

static void
first_add_all(uint64_t first[BANK_FIRST], const char *const *words)
{
    for (; *words != NULL; words++) {
        first_add(first, *words);
    }
}

void
bank_accounts_init(struct reading *r)
{
    static uint64_t
        first[BANK_FIRST]; /* made at the first question, and the program's own */
    static bool made;

    for (size_t i = 0; !made && i < bank_count; i++) {
        first_add(first, banks[i].name);
        first_add(first, banks[i].bic == NULL ? banks[i].name : banks[i].bic);
        for (size_t k = 0; k < BANK_WORDS && banks[i].words[k] != NULL; k++) {
            first_add(first, banks[i].words[k]);
        }
    }
    if (!made) {
        first_add_all(first, bank_words);
        first_add_all(first, bank_code_labels);
        first_add_all(first, branch_labels);
        first_add_all(first, branch_words);
        first_add_all(first, branch_numbers);
        made = true;
    }
    r->bank_first = first;
}

/* The bank whose code stands there: four digits after 銀行コード or 金融機関コード. */
static size_t
bank_code_at(const struct reading *r, size_t at, const struct bank **bank_r)
{
    uint8_t digits[4];
    size_t label = glyphs_any(r, at, bank_code_labels), to, from = at;

    if (label == 0) {
        return 0;
    }
    at += label;
    while (at - from < 12 && account_joint(glyph(r, at))) {
        at++;
    }
    if (account_digits(r, at, digits, 4, &to) != 4) {
        return 0;
    }
    for (size_t i = 0; i < bank_count; i++) {
        if (memcmp(banks[i].code, digits, 4) == 0) {
            *bank_r = &banks[i];
        }
    }
    return to - from;
}

/* The last bank in [from, to). */
void
account_bank_find(const struct reading *r, struct account *a, size_t from, size_t to)
{
    for (size_t at = from; at < to;) {
        const struct bank *bank = NULL;
        if (!first_is(r, glyph(r, at))) {
            at++;
            continue;
        }
        size_t size = bank_code_at(r, at, &bank);
        if (size > 0) {
            if (a->bank_name.to == 0 && bank != NULL) {
                a->bank = bank;
                a->bank_name = (struct span){at, at + size};
            }
            at += size;
            continue;
        }
        size = bank_at(r, at, &bank);
        if (size > 0 && glyphs_are(r, at + size, "信託") == 0 &&
            (glyphs_end(r, at + size, "銀行") == 0 || is_bank_word(r, at + size))) {
            a->bank = bank;
            a->bank_name = (struct span){at, at + size};
            at += size;
            at += glyphs_are(r, at, "銀行");
            continue;
        }
        size = glyphs_any(r, at, bank_words);
        if (size > 0 && is_bank_word(r, at + size)) {
            size_t start = at;
            while (start > from && start > a->bank_name.to && at - start < 16 &&
                   is_name(glyph_before(r, start))) {
                start--;
            }
            start = without_lead(r, start, at);
            if (start < at) {
                a->bank = NULL;
                a->bank_name = (struct span){start, at + size};
            }
            at += size;
            continue;
        }
        at++;
    }
}

/* Up to the end of a value: a line, a bracket, a comma, a kind of account. */
static size_t
value_end(const struct reading *r, size_t at, size_t to)
{
    static const char *const stops[] = {"普通",  "当座", "貯蓄",  "店番",  "(",
                                        " 口座", "  ",   " 店番", " 預金", NULL};
    while (at < to && !is_end(glyph(r, at)) && glyphs_any(r, at, stops) == 0) {
        at++;
    }
    while (at > 0 && (glyph_blank(glyph_before(r, at)))) {
        at--;
    }
    return at;
}

static bool
is_labelled(const struct reading *r, size_t at)
{
    at += glyph(r, at) == ' ';
    return glyph(r, at) == ':' || glyph(r, at) == '=' || glyph(r, at) == 0x2192;
}

/* 〇一八店, or 〇一八 alone. */
static bool
is_post_branch(const struct reading *r, const struct account *a, size_t at)
{
    for (size_t i = 0; i < 3; i++) {
        uint32_t c = glyph(r, at + i);
        if (glyph_number(c) < 0 || glyph_digit(c)) {
            return false;
        }
    }
    bool alone = a->bank != NULL && strcmp(a->bank->name, account_post_bank) == 0 &&
                 glyph_blank(glyph_before(r, at)) && account_joint(glyph(r, at + 3));
    return alone || glyph(r, at + 3) == 0x5e97;
}

void
account_branch_find(const struct reading *r, struct account *a, size_t from, size_t to)
{
    size_t done = from;

    for (size_t at = from; at < to;) {
        if (a->branch.to == 0 && is_post_branch(r, a, at)) {
            a->branch = (struct span){at, at + 3};
            at = done = at + 4;
            continue;
        }
        if (!first_is(r, glyph(r, at)) && glyph(r, at) != ' ') {
            at++;
            continue;
        }
        size_t size = glyphs_any(r, at, branch_numbers), end;
        if (size > 0) {
            uint8_t digits[3];
            size_t number = at + size;
            while (number < to && number - at < 12 && account_joint(glyph(r, number))) {
                number++;
            }
            if (account_digits(r, number, digits, 3, &end) == 3) {
                memcpy(a->branch_digits, digits, 3);
                a->has_branch_digits = true;
                at = done = end;
                continue;
            }
            at = done = at + size;
            continue;
        }
        size = glyphs_any(r, at, branch_labels);
        bool label =
            size > 0 && (is_labelled(r, at + size) || (glyphs_are(r, at, "店名") > 0));
        if (label) {
            size_t value = at + size;
            while (value < to && account_joint(glyph(r, value)) &&
                   !glyph_hiragana(glyph(r, value))) {
                value++;
            }
            end = value_end(r, value, to);
            if (end > value && end - value < 24) {
                a->branch = (struct span){value, end};
            }
            at = done = end > value ? end : value;
            continue;
        }
        size = glyphs_are(r, at, " branch");
        if (size > 0 && !is_labelled(r, at + size) &&
            glyphs_are(r, at + size, " name") == 0) { /* Ginza branch */
            size_t start = at;
            while (start > done && at - start < 24 &&
                   (glyph_letter(glyph_before(r, start)) || glyph_before(r, start) == ' ' ||
                    glyph_before(r, start) == '-')) {
                start--;
            }
            start = glyphs_skip_blanks(r, start);
            if (start < at) {
                a->branch = (struct span){start, at};
            }
            at = done = at + size;
            continue;
        }
        size = glyphs_any(r, at, branch_words);
        if (size > 0) {
            size_t start = at;
            bool spaced = start > done + 1 && glyph_before(r, at) == ' ' &&
                          glyphs_are(r, at, "支店") > 0;
            start -= spaced ? 1 : 0;
            while (start > done && at - start < 16 && is_name(glyph_before(r, start))) {
                start--;
            }
            if (start < at && glyph(r, start) == 0x306e) {
                start++;
            }
            if (start < at || glyphs_are(r, at, "本") > 0) {
                a->branch = (struct span){start, at + size};
            }
            at = done = at + size;
            continue;
        }
        at++;
    }
}

static const char *const holder_labels[] = {"口座名義人",   "口座名義",
                                            "名義人",       "名義",
                                            "受取人名",     "受取人",
                                            "加入者名",     "口座名",
                                            "お名前",       "氏名",
                                            "account name", "account holder",
                                            "holder",       "beneficiary name",
                                            "beneficiary",  "名前",
                                            "name",         NULL};

/* Where a name of a holder ends that begins there. */
static size_t
holder_end(const struct reading *r, size_t at)
{
    static const char *const tails[] = {"です", "でございます", "になります", "まで", "宛",
                                        "様",   "となります",   "へ",         "。",   ".",
                                        NULL};
    /* What another line of the same card begins with. */
    static const char *const others[] = {"電話", "tel",    "fax",  "mail", "メール", "line",
                                         "住所", "連絡先", "担当", "金額", "備考",   NULL};
    size_t from = at;
    bool kana = glyph_katakana(glyph(r, at));

    while (at - from < 40 && !is_end(glyph(r, at))) {
        uint32_t c = glyph(r, at);
        bool foreign = !is_name(c) && c != ' ' && c != '(' && c != ')' && c != '.' &&
                       c != '-' && c != 0x30fb;
        bool of = c == 0x306e && (glyph_kanji(glyph(r, at + 1)) ||
                                  glyph_katakana(glyph(r, at + 1))); /* ミドリの会 */
        bool other =
            at > from && glyph_blank(glyph_before(r, at)) && glyphs_any(r, at, others) > 0;
        if (foreign || other || (kana && glyph_hiragana(c) && !of) || glyph_digit(c)) {
            break;
        }
        at++;
    }
    bool open = false;
    for (size_t i = from; i < at; i++) {
        open |= glyph(r, i) == '(';
    }
    at -= at > from && !open && glyph_before(r, at) == ')' ? 1 : 0;
    for (int i = 0; i < 2; i++) {
        size_t tail = glyphs_end_any(r, at, tails);
        at -= tail < at - from ? tail : 0;
        while (at > from && (glyph_blank(glyph_before(r, at)) ||
                             glyph_before(r, at) == '-' || glyph_before(r, at) == '(')) {
            at--;
        }
    }
    return at;
}

void
account_holder_find(const struct reading *r, struct account *a)
{
    static const char *const companies[] = {"(株)",     "(有)",     "株式会社",
                                            "合同会社", "有限会社", "一般社団法人",
                                            "NPO法人",  NULL};
    size_t at = a->number.to, from = at;

    while (at - from < 6 && account_joint(glyph(r, at)) &&
           glyphs_any(r, at, companies) == 0) {
        at++;
    }
    size_t label = glyphs_any(r, at, holder_labels);
    if (label > 0) {
        at += label;
        while (at - from < 40 && account_joint(glyph(r, at)) &&
               glyphs_any(r, at, companies) == 0) {
            at++;
        }
    } else if (at == from ||
               (!glyph_katakana(glyph(r, at)) && glyphs_any(r, at, companies) == 0)) {
        return;
    }
    size_t end = holder_end(r, at);
    if (end > at + 1) {
        a->holder = (struct span){at, end};
        a->to = end;
    }
}

/* 口座名義：X, before the account. */
void
account_holder_find_before(const struct reading *r, struct account *a, size_t from)
{
    static const char *const labels[] = {"口座名義人", "口座名義", "名義人", "名義",
                                         "受取人名",   "受取人",   NULL};

    for (size_t at = from; at < a->from; at++) {
        uint32_t c = glyph(r, at);
        bool may = c == 0x53e3 || c == 0x540d || c == 0x53d7; /* what they begin with */
        size_t size = may ? glyphs_any(r, at, labels) : 0;
        if (size == 0 || glyph(r, at + size) != ':') {
            continue;
        }
        size_t value = glyphs_skip_blanks(r, at + size + 1), end = holder_end(r, value);
        if (end > value + 1 && end <= a->from) {
            a->holder = (struct span){value, end};
            at = end;
        }
    }
}
