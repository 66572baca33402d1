/* What a lure shows beside its words: amounts of money, and its header. */
#include "base/scan.h"
#include "base/utf8.h"
#include "judge/lure_private.h"
#include "judge/normal.h"
#include "parse/domain.h"

/* Rates are rough: what matters is whether it is a sum, or a fortune. */
const struct lure_unit lure_units[] = {
    {"円", 1, false},       {"万", 10000, false},   {"億", 100000000, false},
    {"ドル", 150, false},   {"ユーロ", 160, false}, {"dollars", 150, false},
    {"dollar", 150, false}, {"usd", 150, false},    {"euros", 160, false},
    {"euro", 160, false},   {"pounds", 190, false}, {"million", 150000000, false},
    {"usdt", 150, false},   {"yen", 1, false},      {"$", 150, true},
    {"€", 160, true},       {"£", 190, true},       {"usd", 150, true},
};
const size_t lure_unit_count = sizeof lure_units / sizeof *lure_units;

#define NUMBER_BYTES 40 /* of an amount that are looked at */

/* The value of a kanji numeral: its digit, or the power of ten as a number from 10 on; -1 for others. */
static int
kanji_number(uint32_t c)
{
    static const uint32_t digits[] = {0x3007, 0x4e00, 0x4e8c, 0x4e09, 0x56db,
                                      0x4e94, 0x516d, 0x4e03, 0x516b, 0x4e5d};

    for (int i = 0; i < 10; i++) {
        if (c == digits[i]) {
            return i;
        }
    }
    return c == 0x5341   ? 10
           : c == 0x767e ? 100
           : c == 0x5343 ? 1000
           : c == 0x4e07 ? 10000
                         : -1;
}

static bool
is_number_at(struct bytes text, size_t at)
{
    uint8_t c = text.at[at];
    uint32_t wide;

    return ascii_digit(c) || c == ',' || c == '.' ||
           (c >= 0xe0 && at + 3 <= text.size && utf8_get(text, at, &wide) == 3 &&
            kanji_number(wide) >= 0);
}

static double
number_of(struct bytes text)
{
    double whole = 0, part = 0, digit = 0, below = 0;
    bool any = false;

    for (size_t at = 0; at < text.size;) {
        uint32_t c = text.at[at];
        size_t size = c < 0x80 ? 1 : utf8_get(text, at, &c);
        int value = c < 0x80 ? -1 : kanji_number(c);
        at += size == 0 ? 1 : size;
        if (c < 0x80 && ascii_digit((uint8_t)c)) {
            double d = (double)(c - '0');
            digit = below > 0 ? digit + d * below : digit * 10 + d;
            below /= 10;
            any = true;
        } else if (c == '.') {
            below = 0.1;
        } else if (value >= 10000) {
            whole += (part + digit) * value;
            part = digit = below = 0;
        } else if (value >= 10) {
            part += (any ? digit : 1) * value;
            digit = below = 0;
            any = true;
        } else if (value >= 0) {
            digit = digit * 10 + value;
            any = true;
        }
    }
    return any ? whole + part + digit : 0;
}

double
lure_sum_at(struct bytes normal, size_t from, size_t to, size_t unit,
            struct lure_place *place_r)
{
    size_t begin = from, end = to;

    if (lure_units[unit].before) {
        while (end < normal.size && end - to < NUMBER_BYTES && normal.at[end] < 0x80 &&
               (is_number_at(normal, end) || (end == to && normal.at[end] == ' '))) {
            end++;
        }
        *place_r = (struct lure_place){from, end};
        return number_of(bytes_slice(normal, to, end)) * lure_units[unit].yen;
    }
    size_t stop = from;
    if (from > 0 && normal.at[from - 1] == ' ') {
        begin = stop = from - 1;
    }
    while (begin > 0 && stop - begin < NUMBER_BYTES) {
        size_t back = begin >= 3 && normal.at[begin - 1] >= 0x80 ? 3 : 1;
        if (!is_number_at(normal, begin - back)) {
            break;
        }
        begin -= back;
    }
    *place_r = (struct lure_place){begin, to};
    return number_of(bytes_slice(normal, begin, stop)) * lure_units[unit].yen;
}

static void
see(struct lure_seen *seen, enum lure_known known)
{
    seen->has[known] = true;
}

static bool
is_free_mail(struct bytes domain)
{
    static const char *const names[] = {
        "gmail.com",      "googlemail.com", "yahoo.co.jp", "yahoo.com",    "ymail.com",
        "ymail.ne.jp",    "outlook.com",    "outlook.jp",  "hotmail.com",  "hotmail.co.jp",
        "live.jp",        "live.com",       "msn.com",     "icloud.com",   "me.com",
        "aol.com",        "mail.com",       "gmx.com",     "gmx.de",       "proton.me",
        "protonmail.com", "mail.ru",        "yandex.com",  "yandex.ru",    "qq.com",
        "163.com",        "126.com",        "zoho.com",    "excite.co.jp", "goo.jp"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (bytes_is_fold(domain, names[i])) {
            return true;
        }
    }
    return false;
}

static bool
has_any(struct bytes text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_find_fold(text, bytes_from_text(words[i]), 0) != BYTES_NOWHERE) {
            return true;
        }
    }
    return false;
}

static bool
names_a_firm(struct bytes name)
{
    static const char *const words[] = {
        "株式会社", "有限会社", "銀行", "財団",    "事務局",    "協会",
        "センター", "弁護士",   "機構", "運営",    "受付",      "窓口",
        "サポート", "管理",     "公式", "担当",    "採用",      "foundation",
        " ltd",     " inc",     "bank", "support", "department"};

    return has_any(name, words, sizeof words / sizeof *words);
}

/* Up to three kanji, six kana or ten letters without a blank: 由美, さくら, Linda. */
static bool
is_given_name(struct bytes name)
{
    size_t kanji = 0, kana = 0, letters = 0, size;

    for (size_t at = 0; at < name.size; at += size) {
        uint32_t c = name.at[at];
        size = c < 0x80 ? 1 : utf8_get(name, at, &c);
        if (size == 0) {
            return false;
        }
        if (ascii_letter(name.at[at])) {
            letters++;
        } else if (c >= 0x3041 && c <= 0x30fe) {
            kana++;
        } else if (c >= 0x4e00 && c <= 0x9fff) {
            kanji++;
        } else if (c < 0x80) {
            return false;
        }
    }
    return kanji + kana + letters > 0 && kanji <= 3 && kana <= 6 && letters <= 10;
}

/* The word before the first blank: 田村 of 田村 健一. */
static struct bytes
first_word(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (ascii_blank(name.at[i]) || (name.at[i] == 0xe3 && i + 2 < name.size &&
                                        name.at[i + 1] == 0x80 && name.at[i + 2] == 0x80)) {
            return bytes_slice(name, 0, i);
        }
    }
    return BYTES_NONE;
}

static bool
names(struct arena *arena, struct bytes normal, struct bytes name)
{
    struct bytes word = first_word(name);

    if (word.size < 4 || word.size > 30) {
        return false;
    }
    size_t line = bytes_find_byte(normal, '\n', 0);
    return bytes_find(normal, normal_form(arena, word, 64),
                      line == BYTES_NOWHERE ? 0 : line) != BYTES_NOWHERE;
}

static bool
is_id_byte(uint8_t c)
{
    return ascii_letter(c) || ascii_digit(c) || c == '_' || c == '-' || c == '.';
}

/* @name with four characters and more that is no mail address, or a name after id and a colon, an arrow, は. */
static bool
is_app_id_at(struct bytes text, size_t at)
{
    bool sign = text.at[at] == '@' && (at == 0 || !is_id_byte(text.at[at - 1]));
    bool id = text.at[at] == 'i' && at + 3 < text.size && text.at[at + 1] == 'd' &&
              (at == 0 || !is_id_byte(text.at[at - 1]));
    size_t from = at + (sign ? 1 : 2), size = 0;

    if (!sign && !id) {
        return false;
    }
    for (size_t skipped = 0; id && from < text.size && !is_id_byte(text.at[from]) &&
                             skipped < 10 && text.at[from] != '\n';
         skipped++) {
        from++;
    }
    while (from + size < text.size && is_id_byte(text.at[from + size])) {
        size++;
    }
    return size >= 4 && size <= 30 &&
           (from + size == text.size || text.at[from + size] != '@');
}

/* The next @, or i with a d behind it. */
static size_t
next_app_id(struct bytes text, size_t at)
{
    while (at + SCAN_SIZE <= text.size) {
        scan_block block = scan_load(text.at + at);
        unsigned id = scan_hits(scan_is(block, 'i')) &
                      (scan_hits(scan_is(block, 'd')) >> 1 | 1u << (SCAN_SIZE - 1));
        unsigned hits = scan_hits(scan_is(block, '@')) | id;
        if (hits != 0) {
            return at + scan_first(hits);
        }
        at += SCAN_SIZE;
    }
    while (at < text.size && text.at[at] != '@' && text.at[at] != 'i') {
        at++;
    }
    return at;
}

static void
see_text(struct bytes normal, const struct region *regions, size_t region_count,
         struct lure_seen *seen)
{
    size_t line = bytes_find_byte(normal, '\n', 0);
    size_t body = line == BYTES_NOWHERE ? normal.size : normal.size - line;

    for (size_t at = next_app_id(normal, 0); at < normal.size && !seen->has[KNOWN_APP_ID];
         at = next_app_id(normal, at + 1)) {
        if (is_app_id_at(normal, at)) {
            see(seen, KNOWN_APP_ID);
        }
    }
    for (size_t i = 0; i < region_count; i++) {
        if (regions[i].kind == REGION_QUOTED) {
            see(seen, KNOWN_QUOTES);
        }
    }
    if (body > 1 && body < 210) {
        see(seen, KNOWN_SHORT);
    }
}

static void
see_links(const struct letter *letter, struct bytes own, struct lure_seen *seen)
{
    for (size_t i = 0; i < letter->link_count; i++) {
        const struct link *link = &letter->links[i];
        if (bytes_starts(link->href, BYTES("mailto:"))) {
            if (!bytes_equal_fold(bytes_from(link->href, 7), own)) {
                see(seen, KNOWN_ADDRESS);
            }
        } else if (link->host.size > 0 && link->kind != LINK_IMAGE) {
            see(seen, KNOWN_LINK);
        }
    }
}

void
lure_see_header(struct arena *arena, const struct letter *letter, struct bytes normal,
                const struct region *regions, size_t region_count, struct lure_seen *seen)
{
    const struct address *from =
        letter->from.address_count > 0 ? &letter->from.addresses[0] : NULL;
    const struct address *to =
        letter->to.address_count > 0 ? &letter->to.addresses[0] : NULL;
    const struct address *reply =
        letter->reply_to.address_count > 0 ? &letter->reply_to.addresses[0] : NULL;

    see_text(normal, regions, region_count, seen);
    see_links(letter, from == NULL ? BYTES_NONE : from->text, seen);
    if (from != NULL) {
        if (reply != NULL && reply->domain.size > 0 &&
            !bytes_equal_fold(domain_registrable(arena, reply->domain),
                              domain_registrable(arena, from->domain))) {
            see(seen, KNOWN_REPLY_ELSEWHERE);
        }
        if (is_given_name(from->name)) {
            see(seen, KNOWN_GIVEN_NAME);
        }
        if (is_free_mail(from->domain)) {
            see(seen, KNOWN_FREE_MAIL);
        }
        if (names_a_firm(from->name)) {
            see(seen, KNOWN_COMPANY);
        }
        if (names(arena, normal, from->name)) {
            see(seen, KNOWN_NAMES_ITSELF);
        }
    }
    if (letter->header.field_count > 5 && (to == NULL || to->is_group)) {
        see(seen, KNOWN_UNDISCLOSED);
    }
    if (to != NULL && names(arena, normal, to->name)) {
        see(seen, KNOWN_NAMES_YOU);
    }
}
