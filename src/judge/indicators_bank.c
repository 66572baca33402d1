#include "judge/indicators_private.h"

#include <string.h>

/* Bank accounts, found from their number: right before it stands the kind (普通, 当座, 貯蓄) or a word for account, and before that,
 * within INDICATOR_BACK characters, a bank or a branch. */

/* Numbers looked at closely in one text, each within INDICATOR_BACK. */
#define TRIES_MAX (8 * LIMIT_INDICATORS)

static bool
goes_on(const struct reading *r, size_t at)
{
    static const char *const measures[] = {"円", "通", "件", "番の", "番目", "人", "個",
                                           "台", "枚", "名", "年",   "%",    "万", NULL};
    uint32_t c = glyph(r, at);

    return glyph_digit(c) || (glyph_letter(c) && c < 0x80) ||
           glyphs_any(r, at, measures) > 0 ||
           ((c == '-' || c == '.' || c == ',' || c == '/') &&
            glyph_digit(glyph(r, at + 1)));
}

/* The kind or word for account that ends there; how long it is. */
static size_t
kind_before(const struct reading *r, size_t at, const char **kind_r, bool *label_r)
{
    static const struct {
        const char *word, *kind;
    } kinds[] = {
        {"普通預金口座", "普通"}, {"普通預金", "普通"}, {"普通口座", "普通"},
        {"普通貯金", "普通"},     {"通常貯金", "普通"}, {"普通", "普通"},
        {"総合口座", "普通"},     {"(普", "普通"},      {"(普)", "普通"},
        {"普)", "普通"},          {"当座預金", "当座"}, {"当座口座", "当座"},
        {"当座", "当座"},         {"(当", "当座"},      {"当)", "当座"},
        {"貯蓄預金", "貯蓄"},     {"貯蓄", "貯蓄"},     {"フツウ", "普通"},
        {"ordinary", "普通"},     {"savings", "普通"},  {"saving", "普通"},
        {"futsu", "普通"},        {"checking", "当座"}, {"current", "当座"},
        {"toza", "当座"},         {" 普", "普通"},      {" 当", "当座"},
        {"口座番号", NULL},       {"口座No", NULL},     {"口座", NULL},
        {"account number", NULL}, {"account no", NULL}, {"account", NULL},
        {"a/c no", NULL},         {"a/c", NULL},        {"acct", NULL},
        {"account #", NULL},
    };
    size_t best = 0;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t size = glyphs_end(r, at, kinds[i].word);
        if (size > best) {
            best = size;
            *kind_r = kinds[i].kind;
            *label_r = kinds[i].kind == NULL;
        }
    }
    return best;
}

/* From the number back over fillers to its kind; false if something else stands there. */
static bool
kind_read(const struct reading *r, struct account *a)
{
    static const char *const fillers[] = {
        "番号",       "No",       "口座番号", "口座", "預金", "account number",
        "account no", "預金種目", "account",  "type", NULL};
    size_t at = a->number.from;
    const char *kind = NULL;
    bool label = false;

    for (int steps = 0; steps < 12 && at > 0; steps++) {
        size_t size = kind_before(r, at, &kind, &label);
        if (size > 0) {
            a->kind_from = at - size;
            a->labelled |= label;
            if (!label) {
                a->kind = kind;
                return true;
            }
            at -= size; /* 普通口座番号: go on to the kind */
            continue;
        }
        size = glyphs_end_any(r, at, fillers);
        if (size == 0 && !account_joint(glyph_before(r, at))) {
            break;
        }
        at -= size > 0 ? size : 1;
    }
    return a->labelled;
}

/* The bank after the number, on the same line: 普通 1234567 (みずほ銀行 新宿支店). */
static bool
bank_find_after(const struct reading *r, struct account *a)
{
    size_t to = a->number.to;

    while (to - a->number.to < INDICATOR_BACK / 4 && glyph(r, to) != 0 &&
           glyph(r, to) != '\n' && glyph(r, to) != 0x3002) {
        to++;
    }
    account_bank_find(r, a, a->number.to, to);
    if (a->bank_name.to == 0) {
        return false;
    }
    account_branch_find(r, a, a->bank_name.to, to);
    a->to = a->branch.to > a->bank_name.to ? a->branch.to : a->bank_name.to;
    return true;
}

static struct bytes
post_branch(const struct reading *r, const uint8_t digits[3])
{
    static const uint32_t kanji[] = {0x3007, 0x4e00, 0x4e8c, 0x4e09, 0x56db,
                                     0x4e94, 0x516d, 0x4e03, 0x516b, 0x4e5d};
    struct writer w;

    writer_init(&w, r->arena);
    for (size_t i = 0; i < 3; i++) {
        writer_code_point(&w, kanji[digits[i] - '0']);
    }
    return bytes_copy(r->arena, writer_view(&w));
}

static struct bytes
branch_text(const struct reading *r, const struct account *a, bool post)
{
    uint8_t digits[3];
    size_t to = 0;

    if (post && a->branch.to >= a->branch.from + 3 &&
        account_digits(r, a->branch.from, digits, 3, &to) == 3) {
        return post_branch(r, digits);
    }
    if (a->has_branch_digits && (post || a->branch.to == a->branch.from)) {
        return post ? post_branch(r, a->branch_digits)
                    : bytes_copy(r->arena, bytes_of(a->branch_digits, 3));
    }
    uint32_t last = a->branch.to == 0 ? 0 : glyph_before(r, a->branch.to);
    bool japanese = last >= 0x80;
    bool bare = japanese && last != 0x5e97 && last != 0x90e8 && last != 0x6240;
    struct writer w;

    writer_init(&w, r->arena);
    for (size_t at = a->branch.from; at < a->branch.to; at++) {
        if (!japanese || !glyph_blank(glyph(r, at))) {
            glyphs_write(&w, r, at, at + 1);
        }
    }
    writer_text(&w, bare ? "支店" : "");
    return bytes_trim(bytes_copy(r->arena, writer_view(&w)));
}

static void
account_add(struct reading *r, const struct account *a)
{
    struct writer w;
    bool post = a->bank != NULL && strcmp(a->bank->name, account_post_bank) == 0;
    struct indicator it = {
        .bank = a->bank != NULL ? bytes_from_text(a->bank->name)
                                : glyphs_copy(r, a->bank_name.from, a->bank_name.to),
        .branch = branch_text(r, a, post),
        .kind = bytes_from_text(a->kind),
        .holder = glyphs_copy(r, a->holder.from, a->holder.to),
    };

    writer_init(&w, r->arena);
    for (size_t i = a->digit_count; i < 7; i++) {
        writer_byte(&w, '0');
    }
    writer_bytes(&w, bytes_of(a->digits, a->digit_count));
    it.number = bytes_copy(r->arena, writer_view(&w));
    struct bytes parts[] = {it.bank, it.branch, it.kind, it.number};
    writer_clear(&w);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].size > 0) {
            writer_text(&w, w.size > 0 ? " " : "");
            writer_bytes(&w, parts[i]);
        }
    }
    struct indicator *added = reading_add(
        r, INDICATOR_BANK_ACCOUNT, bytes_copy(r->arena, writer_view(&w)), a->from, a->to);
    if (added != NULL) {
        added->bank = it.bank;
        added->branch = it.branch;
        added->kind = it.kind;
        added->number = it.number;
        added->holder = it.holder;
    }
    r->bank_from = a->to;
}

static size_t
window_from(const struct reading *r, size_t at)
{
    size_t from = at > INDICATOR_BACK ? at - INDICATOR_BACK : 0;

    return from < r->bank_from ? r->bank_from : from;
}

/* Whether one of the words stands in the `most` characters before. */
static bool
said_before(const struct reading *r, size_t at, size_t most, const char *const *words)
{
    for (size_t i = 0; i < most && i < at; i++) {
        if (glyphs_any(r, at - 1 - i, words) > 0) {
            return true;
        }
    }
    return false;
}

/* 記号 10180 番号 12345671, 10180-12345671; of transfer accounts 00140-7-654321. How the bank makes branch and number of them:
 * the second and third digit and 8 (9 for transfer accounts) are the branch; of an account's number the last digit, always 1,
 * is dropped. */
static size_t
post_read(struct reading *r, size_t at)
{
    static const char *const words[] = {"記号", "ゆうちょ", "郵便局", "郵便貯金",
                                        "振替", "郵貯",     NULL};
    struct account a = {.kind = "普通"};
    uint8_t sign[5], number[8], check[1];
    size_t to, count;

    if (account_digits(r, at, sign, 5, &to) != 5 || (sign[0] == '1' && sign[4] != '0') ||
        sign[0] > '1') {
        return at;
    }
    size_t from = to;
    while (to - from < 8 && (account_joint(glyph(r, to)) || glyph(r, to) == 0x30fc ||
                             glyphs_are(r, to, "番号") > 0)) {
        size_t word = glyphs_are(r, to, "番号");
        to += word > 0 ? word : 1;
    }
    if (to == from || !said_before(r, at, 40, words)) {
        return at;
    }
    if (sign[0] == '0') {
        if (account_digits(r, to, check, 1, &to) != 1 || glyph(r, to) != '-') {
            return at;
        }
        to++;
    }
    count = account_digits(r, to, number, sign[0] == '0' ? 7 : 8, &to);
    if (count < 2 || goes_on(r, to) || (sign[0] == '1' && number[count - 1] != '1')) {
        return at;
    }
    a.digit_count = sign[0] == '1' ? count - 1 : count;
    memcpy(a.digits, number, a.digit_count);
    a.kind = sign[0] == '1' ? "普通" : "当座";
    memcpy(a.branch_digits, (uint8_t[]){sign[1], sign[2], sign[0] == '1' ? '8' : '9'}, 3);
    a.has_branch_digits = true;
    for (size_t i = 0; i < bank_count; i++) {
        a.bank = strcmp(banks[i].name, account_post_bank) == 0 ? &banks[i] : a.bank;
    }
    a.from = at;
    a.number = (struct span){at, to};
    a.to = to;
    account_holder_find(r, &a);
    account_add(r, &a);
    return a.to;
}

/* Before kind_from a kind in English: Account type: Savings, Account number: ... */
static void
kind_find(const struct reading *r, struct account *a, size_t from)
{
    static const struct {
        const char *word, *kind;
    } kinds[] = {{"savings", "普通"}, {"ordinary", "普通"}, {"普通", "普通"},
                 {"当座", "当座"},    {"checking", "当座"}, {"貯蓄", "貯蓄"},
                 {"(普)", "普通"}};

    for (size_t at = from; a->kind == NULL && at < a->to; at++) {
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
            if (glyphs_are(r, at, kinds[i].word) > 0) {
                a->kind = kinds[i].kind;
            }
        }
    }
}

size_t
account_read(struct reading *r, size_t at)
{
    struct account a = {0};
    size_t to;
    uint32_t last = glyph_before(r, at);

    if (glyph_number(glyph(r, at)) < 0 || glyph_number(last) >= 0 || glyph_letter(last)) {
        return at;
    }
    if (last == ' ' && at > 1 && glyph_digit(glyph(r, at - 2))) {
        return at; /* within digits that are spaced out */
    }
    size_t post = post_read(r, at);
    if (post > at) {
        return post;
    }
    a.digit_count = account_digits(r, at, a.digits, 8, &to);
    a.number = (struct span){at, to};
    if (a.digit_count < 4 || a.digit_count > 8 || goes_on(r, to) || !kind_read(r, &a) ||
        (a.digit_count != 7 && a.digit_count != 6 && !a.labelled)) {
        return at;
    }
    if (r->account_tries++ >= TRIES_MAX) {
        return at;
    }
    a.from = a.kind_from;
    a.to = to;
    size_t from = window_from(r, at);
    account_bank_find(r, &a, from, a.kind_from);
    account_branch_find(r, &a, a.bank_name.to > 0 ? a.bank_name.to : from, at);
    bool before = a.branch.to > 0 || a.has_branch_digits || a.bank_name.to > 0;
    if (!before && !bank_find_after(r, &a)) {
        return at;
    }
    if (a.kind == NULL) {
        kind_find(r, &a, !before ? at : a.bank_name.to > 0 ? a.bank_name.to : from);
    }
    if (!before) {
        account_add(r, &a);
        return a.to;
    }
    if (a.bank_name.to > 0) {
        a.from = a.bank_name.from;
    } else if (a.branch.to > 0) {
        a.from = a.branch.from;
    }
    account_holder_find(r, &a);
    if (a.holder.to == 0) {
        account_holder_find_before(r, &a, from);
    }
    account_add(r, &a);
    return a.to;
}

/* Lengths of the IBAN registry (ISO 13616); from memory. */
static size_t
iban_size(uint32_t a, uint32_t b)
{
    static const char lengths[] =
        "AD24AE23AT20BE16BG22CH21CY28CZ24DE22DK18EE20ES24FI18FR27GB22GE22GI23GR27HR21HU28"
        "IE22IL23IS26IT27LI21LT20LU20LV21MC27MD24ME22MK19MT31NL18NO15PL28PT25QA29RO24RS22"
        "SA24SE24SI19SK24SM27TR26UA29";

    for (const char *at = lengths; *at != '\0'; at += 4) {
        if ((uint32_t)at[0] == a && (uint32_t)at[1] == b) {
            return (size_t)(at[2] - '0') * 10 + (size_t)(at[3] - '0');
        }
    }
    return 0;
}

size_t
iban_read(struct reading *r, size_t at)
{
    uint8_t text[34];
    uint32_t before = glyph_before(r, at);
    size_t size, count = 0, to = at;
    unsigned rest = 0;

    if (glyph(r, at) < 'A' || glyph(r, at) > 'Z') {
        return at;
    }
    size = iban_size(glyph(r, at), glyph(r, at + 1));
    if (size == 0 || glyph_digit(before) || glyph_letter(before) ||
        !glyph_digit(glyph(r, at + 2)) || !glyph_digit(glyph(r, at + 3))) {
        return at;
    }
    while (count < size) {
        uint32_t c = glyph(r, to);
        if (glyph_digit(c) || (c >= 'A' && c <= 'Z')) {
            text[count++] = (uint8_t)c;
        } else if ((c != ' ' && c != '-') || count % 4 != 0) {
            return at;
        }
        to++;
    }
    if (glyph_digit(glyph(r, to)) || glyph_letter(glyph(r, to))) {
        return at;
    }
    for (size_t i = 0; i < size; i++) {
        uint8_t c = text[(i + 4) % size];
        rest = ascii_digit(c) ? (rest * 10 + (c - '0')) % 97
                              : (rest * 100 + (c - 'A' + 10u)) % 97;
    }
    if (rest != 1) {
        return at;
    }
    struct bytes value = bytes_copy(r->arena, bytes_of(text, size));
    struct indicator *added = reading_add(r, INDICATOR_BANK_ACCOUNT, value, at, to);
    if (added != NULL) {
        added->number = value;
    }
    return to;
}
