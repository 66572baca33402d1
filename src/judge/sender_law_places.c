/* Postal addresses and names: what they look like in Japanese and in English. */
#include "judge/sender_law_private.h"

#include "base/utf8.h"

#define TOWN_WITHIN    100 /* bytes from a prefecture to the town's sign (市, 区) */
#define NUMBER_WITHIN  100 /* bytes from there to the number of the house */
#define STREET_BEFORE  70  /* bytes before "street" in which its number stands */
#define STREET_BEHIND  140 /* bytes behind it in which town and country stand */
#define NAME_LINE_MAX  200 /* bytes of a line that is a name; longer ones are sentences */
#define NAME_MIN       4   /* bytes of a name behind its label: two letters of kanji */
#define COMPANY_BEFORE 5   /* words of English before "Inc." */

/* A sign of kanji, 0 to 10, or a digit. */
static bool
is_number(uint32_t c)
{
    static const uint32_t kanji[] = {0x3007, 0x4e00, 0x4e8c, 0x4e09, 0x56db, 0x4e94,
                                     0x516d, 0x4e03, 0x516b, 0x4e5d, 0x5341};

    for (size_t i = 0; i < sizeof kanji / sizeof *kanji; i++) {
        if (c == kanji[i]) {
            return true;
        }
    }
    return c >= '0' && c <= '9';
}

/* What follows the number of a block or house: 丁 番 号 の and dashes. */
static bool
is_house_sign(uint32_t c)
{
    return c == 0x4e01 || c == 0x756a || c == 0x53f7 || c == '-' || c == 0x30fc ||
           (c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0x306e;
}

static bool
is_dash(uint32_t c)
{
    return is_house_sign(c) && c != 0x4e01 && c != 0x756a && c != 0x53f7;
}

/* 2026-11-30 */
static bool
is_date(struct bytes text, size_t at)
{
    size_t i = at + 5;

    for (size_t k = at; k < at + 4; k++) {
        if (k >= text.size || !ascii_digit(text.at[k])) {
            return false;
        }
    }
    while (i < text.size && i < at + 7 && ascii_digit(text.at[i])) {
        i++;
    }
    return i > at + 5 && i < text.size && text.at[at + 4] == '-' && text.at[i] == '-';
}

/* The end of the number of a house in [at, end); 0 if there is none. */
static size_t
house_end(struct bytes text, size_t at, size_t end)
{
    size_t digits = 0, size;
    bool bare = true;
    uint32_t c;

    for (; at < end; at += size) {
        size = utf8_get(text, at, &c);
        if (size == 0 || c == 0x3002 || c == 0x3001 || (digits == 0 && is_date(text, at))) {
            return 0;
        }
        if (is_number(c)) {
            digits++;
            bare = bare && c < 0x80;
            continue;
        }
        if (digits > 0 && digits <= 3 && bare && c == '\n') {
            return at; /* 真町1 */
        }
        if (digits > 0 && digits <= 4 && is_house_sign(c)) {
            uint32_t next;
            size_t more = utf8_get(text, at + size, &next);
            if (!is_dash(c) || (more > 0 && is_number(next))) {
                return at + size + (is_dash(c) ? more : 0);
            }
        }
        digits = 0;
        bare = c >= 0x3400 && c <= 0x9fff; /* what follows stands right behind a kanji */
    }
    return digits > 0 && digits <= 3 && bare && at == text.size ? at : 0;
}

/* 市 区 町 村 郡, and not 市内 and the like. */
static bool
is_town_sign(uint32_t c, struct bytes text, size_t behind)
{
    uint32_t next = 0;
    bool sign = c == 0x5e02 || c == 0x533a || c == 0x753a || c == 0x6751 || c == 0x90e1;

    (void)utf8_get(text, behind, &next);
    return sign && next != 0x5185 && next != 0x6c11 && next != 0x5834 && next != 0x9577;
}

static bool
has_box(const struct law_text *t, size_t from, size_t to)
{
    static const char *const boxes[] = {"私書箱", "p.o. box", "po box", "p.o.box"};

    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++) {
        if (bytes_find(bytes_slice(t->normal, from, to), bytes_from_text(boxes[i]), 0) !=
            BYTES_NOWHERE) {
            return true;
        }
    }
    return false;
}

/* From a prefecture, a town, 〒 or 所在地 on: a town, and the number of a house. */
static bool
japanese_address(const struct law_text *t, const struct law_hit *hit, size_t *end_r)
{
    struct bytes text = t->normal;
    size_t at = hit->from, most = hit->to + TOWN_WITHIN, size;
    uint32_t c;

    for (; at < most && at < text.size; at += size) {
        size = utf8_get(text, at, &c);
        if (size == 0 || c == 0x3002) {
            return false;
        }
        if (is_town_sign(c, text, at + size)) {
            size_t end =
                house_end(text, at + size,
                          at + NUMBER_WITHIN < text.size ? at + NUMBER_WITHIN : text.size);
            *end_r = end;
            return end > 0 && !has_box(t, hit->from, end);
        }
    }
    return false;
}

static size_t
digits_at(struct bytes text, size_t at, size_t end)
{
    size_t count = 0;

    while (at + count < end && ascii_digit(text.at[at + count])) {
        count++;
    }
    return count;
}

/* Around "street" or "-ku": a number before it, and a country, a known town or a postal code behind it. */
static bool
western_address(const struct law_text *t, const struct law_hit *hit, size_t *end_r)
{
    struct bytes text = t->normal;
    size_t from = hit->from > STREET_BEFORE ? hit->from - STREET_BEFORE : 0;
    size_t to = hit->to + STREET_BEHIND < text.size ? hit->to + STREET_BEHIND : text.size;
    size_t number = 0, run;

    if (hit->from > 0 && ascii_digit(text.at[hit->from - 1])) {
        return false; /* 1st */
    }
    for (size_t at = from; at<hit->from; at += run> 0 ? run : 1) {
        run = digits_at(text, at, hit->from);
        number += run > 0 && run <= 5;
    }
    if (number == 0 || has_box(t, from, to)) {
        return false;
    }
    for (size_t at = hit->to; at<to; at += run> 0 ? run : 1) {
        run = digits_at(text, at, to);
        if (run == 5) {
            *end_r = at + run;
            return true;
        }
    }
    for (size_t i = (size_t)(hit - t->hits) + 1; i < t->hit_count && t->hits[i].from < to;
         i++) {
        if (t->hits[i].word & LAW_WORD_LAND) {
            *end_r = t->hits[i].to;
            return true;
        }
    }
    return false;
}

/* 1-2-3 Jingumae, Tokyo 150-0001, Japan: a number in parts before a known town, and a country or a postal code behind. */
static bool
roman_address(const struct law_text *t, const struct law_hit *hit, size_t *end_r)
{
    struct bytes text = t->normal;
    size_t from = hit->from > STREET_BEFORE ? hit->from - STREET_BEFORE : 0, run;
    bool number = false;
    size_t short_runs = 0, codes = 0;

    for (size_t at = from; at < hit->from && !number; at += run > 0 ? run : 1) {
        run = digits_at(text, at, hit->from);
        short_runs += run > 0 && run <= 3;
        codes += run == 5 && short_runs > 0;
        number = run > 0 && run <= 3 && at + run < hit->from && text.at[at + run] == '-' &&
                 digits_at(text, at + run + 1, hit->from) > 0;
    }
    *end_r = hit->to;
    size_t next = (size_t)(hit - t->hits) + 1;
    bool led = next < t->hit_count && (t->hits[next].word & LAW_WORD_LAND) &&
               t->hits[next].from < hit->to + 20;
    if (codes > 0 && led) {
        return !has_box(t, from, hit->to); /* Friedrichstr. 10, 10117 Berlin, Germany */
    }
    if (!number || has_box(t, from, hit->to)) {
        return false;
    }
    for (size_t at = hit->to; at < text.size && at < hit->to + 20; at++) {
        if (digits_at(text, at, text.size) == 3 && at + 3 < text.size &&
            text.at[at + 3] == '-' && digits_at(text, at + 4, text.size) == 4) {
            return true;
        }
    }
    return led;
}

bool
law_address_at(const struct law_text *t, const struct law_hit *hit, size_t *end_r)
{
    const struct law_piece *piece = &t->pieces[hit->piece];
    const struct law_piece *before = hit->piece > 0 ? piece - 1 : piece;

    /* A heading says what the address below it is of; a line with an address of its own does not. */
    bool heads = !((piece->words & LAW_WORD_POSTAL) || (before->words & LAW_WORD_PLACE));

    if (piece->quoted ||
        ((piece->words | (heads ? before->words : 0)) & LAW_WORD_ELSEWHERE)) {
        return false;
    }
    return hit->word & (LAW_WORD_PLACE | LAW_WORD_POSTAL) ? japanese_address(t, hit, end_r)
           : hit->word & LAW_WORD_STREET                  ? western_address(t, hit, end_r)
           : hit->word & LAW_WORD_LAND                    ? roman_address(t, hit, end_r)
                                                          : false;
}

/* Names */

static const struct law_hit *
hit_in(const struct law_text *t, size_t piece, unsigned words)
{
    for (size_t i = t->pieces[piece].hit; i < t->hit_count && t->hits[i].piece == piece;
         i++) {
        if (t->hits[i].word & words) {
            return &t->hits[i];
        }
    }
    return NULL;
}

/* Whether letters, no URL and no mere number, stand in [from, to) of the piece. */
static bool
has_name(const struct law_text *t, size_t piece, size_t from, size_t to)
{
    struct bytes name = bytes_trim(bytes_slice(t->normal, from, to));
    size_t letters = 0, size;
    uint32_t c;

    for (size_t i = t->pieces[piece].contact;
         i < t->contact_count && t->contacts[i].piece == piece; i++) {
        if (t->contacts[i].shown && t->contacts[i].from >= from &&
            t->contacts[i].from < from + 8) {
            return false;
        }
    }
    for (size_t at = 0; at < name.size; at += size) {
        size = utf8_get(name, at, &c);
        size = size == 0 ? 1 : size;
        letters += size > 1 ? size : ascii_letter(name.at[at]);
    }
    return letters >= NAME_MIN;
}

static bool
has_letters(struct bytes text)
{
    size_t size;
    uint32_t c;

    for (size_t at = 0; at < text.size; at += size) {
        size = utf8_get(text, at, &c);
        if (size == 0) {
            size = 1;
        } else if ((c >= 0x3041 && c <= 0x9fff && c != 0x30fb) ||
                   (c < 0x80 && (ascii_letter((uint8_t)c) || ascii_digit((uint8_t)c)))) {
            return true;
        }
    }
    return false;
}

/* "発行者: 山田商店", also on the next line. */
static bool
is_labelled(const struct law_text *t, size_t piece)
{
    const struct law_hit *hit = hit_in(t, piece, LAW_WORD_SENDER);
    const struct law_piece *p = &t->pieces[piece];
    uint32_t c = 0;

    if (hit == NULL || has_letters(bytes_slice(t->normal, p->from, hit->from))) {
        return false; /* 利用店舗名: of something else */
    }
    size_t at = hit->to;
    while (at < p->to && (t->normal.at[at] == ' ' || t->normal.at[at] == ')')) {
        at++;
    }
    size_t size = at < p->to ? utf8_get(t->normal, at, &c) : 0;
    bool sign = c == ':' || c == 0x3011 || c == '/' || c == '|' || c == ']' || c == 0x300d;
    if (hit->to < p->to && !sign && at == hit->to) {
        return false; /* 運営に関する: no label */
    }
    if (has_name(t, piece, at + (sign ? size : 0), p->to)) {
        return true;
    }
    return at + size >= p->to && (sign || p->heading) && piece + 1 < t->piece_count &&
           !t->pieces[piece + 1].ruled &&
           has_name(t, piece + 1, t->pieces[piece + 1].from, t->pieces[piece + 1].to);
}

/* Particles of a sentence in which a company is only mentioned: を が は に へ と */
static bool
is_particle(uint32_t c)
{
    return c == 0x3092 || c == 0x304c || c == 0x306f || c == 0x306b || c == 0x3078 ||
           c == 0x3082;
}

static bool
has_particle(struct bytes text)
{
    size_t size;
    uint32_t c;

    for (size_t at = 0; at < text.size; at += size) {
        size = utf8_get(text, at, &c);
        if (size == 0) {
            size = 1;
        } else if (is_particle(c)) {
            return true;
        }
    }
    return false;
}

static size_t
word_count(struct bytes text)
{
    size_t count = 0;
    bool inside = false;

    for (size_t i = 0; i < text.size; i++) {
        bool letter = text.at[i] != ' ';
        count += letter && !inside;
        inside = letter;
    }
    return count;
}

/* Words of English after which a company is mentioned, and does not speak. */
static bool
is_mentioned(struct bytes before)
{
    static const char *const words[] = {"with", "at",  "for", "to",   "of",
                                        "by",   "and", "the", "from", "our"};
    struct bytes word;

    while (bytes_split(&before, ' ', &word)) {
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            if (bytes_is(word, words[i])) {
                return true;
            }
        }
    }
    return false;
}

/* "...がお送りしています", behind a name. */
static bool
sends(struct bytes behind)
{
    static const char *const words[] = {"お送りし", "お届けし", "配信し",
                                        "送信し",   "運営し",   "発行し"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (bytes_find(behind, bytes_from_text(words[i]), 0) != BYTES_NOWHERE) {
            return true;
        }
    }
    return false;
}

static bool
ends_with_sama(struct bytes text)
{
    text = bytes_trim(text);
    return bytes_ends(text, BYTES("様")) || bytes_ends(text, BYTES("殿")) ||
           bytes_ends(text, BYTES("さま"));
}

static bool
is_addressed(const struct law_text *t, size_t piece)
{
    const struct law_piece *p = &t->pieces[piece];

    for (size_t i = piece; i < t->piece_count && i <= piece + 2; i++) {
        if ((t->pieces[i].words & (LAW_WORD_ADDRESSEE | LAW_WORD_SELF)) ||
            ends_with_sama(law_piece_text(t, i))) {
            return !(t->pieces[i].words & LAW_WORD_SELF);
        }
    }
    return p->words & LAW_WORD_ADDRESSEE;
}

static bool
is_company(const struct law_text *t, size_t piece)
{
    const struct law_hit *hit = hit_in(t, piece, LAW_WORD_COMPANY);
    const struct law_piece *p = &t->pieces[piece];

    if (hit == NULL || p->to - p->from > NAME_LINE_MAX || is_addressed(t, piece)) {
        return false;
    }
    struct bytes before = bytes_slice(t->normal, p->from, hit->from),
                 behind = bytes_slice(t->normal, hit->to, p->to);
    if (ascii_letter(t->normal.at[hit->from])) {
        return before.size > 1 && word_count(before) <= COMPANY_BEFORE &&
               !is_mentioned(before) && !has_particle(before);
    }
    if (before.size + behind.size < NAME_MIN) {
        return false;
    }
    if ((p->words & LAW_WORD_SELF) && !has_particle(before)) {
        return true; /* 株式会社さくらの田中です */
    }
    return sends(behind) ||
           (p->words & (LAW_WORD_ASK | LAW_WORD_POSTAL | LAW_WORD_PLACE)) ||
           (!has_particle(before) && !has_particle(behind));
}

bool
law_names_sender(const struct law_text *t, size_t piece)
{
    const struct law_piece *p = &t->pieces[piece];

    if (p->quoted ||
        !(p->words & (LAW_WORD_COMPANY | LAW_WORD_SENDER | LAW_WORD_COPYRIGHT)) ||
        (p->words & LAW_WORD_ELSEWHERE)) {
        return false;
    }
    if (p->words & LAW_WORD_COPYRIGHT) {
        const struct law_hit *hit = hit_in(t, piece, LAW_WORD_COPYRIGHT);
        return has_name(t, piece, hit->to, p->to) || has_name(t, piece, p->from, hit->from);
    }
    return is_labelled(t, piece) || is_company(t, piece);
}
