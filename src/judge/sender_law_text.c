#include "judge/sender_law_private.h"

#include <stdlib.h>

#include "base/scan.h"
#include "base/utf8.h"
#include "parse/links.h"

#define PHONE_DIGITS_MIN 9
#define PHONE_DIGITS_MAX 13
#define PHONE_SIZE_MAX   30  /* bytes, with what stands between the digits */
#define ANCHOR_WORDS_MAX 300 /* bytes of a link's words that are looked for in the text */
#define ANCHOR_MISSES                                                                      \
    50 /* links whose words do not stand in the text; more are not looked for */
#define PIECE_MAX                                                                          \
    2000 /* bytes of a piece; longer ones are cut, so that what looks around in one has an end */
#define RULE_SIGNS 5
#define SHORT_WORD 6 /* bytes: two kanji, which say little by themselves */
#define SHORT_ROOM                                                                         \
    16 /* bytes before them and behind them in a heading, or up to a contact */

/* Pieces */

static bool
is_mark(uint32_t c)
{
    return (c >= 0x2500 && c <= 0x25ff) || c == 0x2605 || c == 0x2606 || c == 0x3010 ||
           c == 0x203b || c == '*' || c == '#' || c == '<' || c == 0x2756 || c == 0x3008 ||
           c == 0x300a || c == 0x27a1 || c == 0x266a;
}

static bool
is_rule(uint32_t c)
{
    return c == '-' || c == '=' || c == '*' || c == '_' || c == '~' || c == '#' ||
           c == '+' || c == 0x30fc || c == 0x301c || (c >= 0x2500 && c <= 0x25cf) ||
           c == 0x2605 || c == 0x2606 || c == 0x2014 || c == 0x2015 || c == 0x2026 ||
           c == 0x4e00 || c == ' ';
}

static void
piece_look(struct bytes normal, struct law_piece *piece)
{
    size_t signs = 0, size;
    uint32_t c = 0;
    bool ruled = true;

    for (size_t at = piece->from; ruled && at < piece->to; at += size) {
        size = utf8_get(normal, at, &c);
        if (size == 0) {
            size = 1;
            continue;
        }
        if (at == piece->from && c != 0x203b) {
            piece->heading = is_mark(c);
        }
        ruled = is_rule(c);
        signs++;
    }
    piece->ruled = ruled && signs >= RULE_SIGNS;
}

/* How many bytes end a piece at `at`: a line's end, 。, the bars of a menu, ! and ? between sentences; 0: none. */
static size_t
stop_at(struct bytes text, size_t at)
{
    uint8_t c = text.at[at], next = at + 1 < text.size ? text.at[at + 1] : '\n';

    if (c == '\n' || c == '|') {
        return 1;
    }
    if ((c == '!' || c == '?') && (next == ' ' || next >= 0x80)) {
        return 1;
    }
    if (c == ' ' && next == '/' && at + 2 < text.size && text.at[at + 2] == ' ') {
        return 3;
    }
    return c == 0xe3 && bytes_starts(bytes_from(text, at), BYTES("。")) ? 3 : 0;
}

/* The places of a block of text at which something that ends a piece may begin. */
static inline size_t
stops_in(struct bytes text, size_t at)
{
    scan_block block = scan_load(text.at + at);
    unsigned plain = scan_hits(scan_is(block, '\n') | scan_is(block, '|') |
                               scan_is(block, '!') | scan_is(block, '?')),
             slash = scan_hits(scan_is(block, '/')) >> 1 | 1u << 15,
             first = scan_hits(scan_is(block, 0xe3)),
             last = scan_hits(scan_is(block, 0x82)) >> 2 | 3u << 14;

    return plain | (scan_hits(scan_is(block, ' ')) & slash) | (first & last);
}

/* The first stop at or behind `at`, before `end`; stop_r: how many bytes it has. `end` and 0 if there is none. */
static size_t
next_stop(struct bytes text, size_t at, size_t end, size_t *stop_r)
{
    for (; at + SCAN_SIZE <= text.size && at < end; at += SCAN_SIZE) {
        for (size_t hits = stops_in(text, at); hits != 0; hits &= hits - 1) {
            size_t to = at + scan_first(hits);
            if (to < end && (*stop_r = stop_at(text, to)) > 0) {
                return to;
            }
        }
    }
    for (; at < end; at++) {
        if ((*stop_r = stop_at(text, at)) > 0) {
            return at;
        }
    }
    *stop_r = 0;
    return end;
}

/* Where a piece that begins at `at` is cut, if nothing ends it before. */
static size_t
cut_of(struct bytes text, size_t at)
{
    size_t cut = text.size - at > PIECE_MAX ? at + PIECE_MAX : text.size;

    while (cut < text.size && (text.at[cut] & 0xc0) == 0x80) {
        cut++;
    }
    return cut;
}

static void
pieces_read(struct law_text *t, const struct region *regions, size_t region_count)
{
    struct bytes text = t->normal;
    size_t room = text.size / PIECE_MAX + 1, region = 0, line = 0, stop;

    for (size_t at = 0; at < text.size; at++) {
        at = next_stop(text, at, text.size, &stop);
        room += stop > 0;
    }
    t->pieces = ARENA_NEW_MANY(t->arena, room, struct law_piece);
    for (size_t at = 0, to; at < text.size; at = to + stop) {
        to = next_stop(text, at, cut_of(text, at), &stop);
        struct law_piece *p = &t->pieces[t->piece_count];
        *p = (struct law_piece){.from = at, .to = to, .line = line};
        while (p->from < p->to && text.at[p->from] == ' ') {
            p->from++;
        }
        while (region + 1 < region_count && regions[region].to <= at) {
            region++;
        }
        p->quoted = region_count > 0 && regions[region].kind == REGION_QUOTED;
        piece_look(text, p);
        t->piece_count += p->to > p->from;
        line += to < text.size && text.at[to] == '\n';
    }
}

/* Whether a short word is the matter of its piece: "■解除", "停止: https://...". contact: the first behind it. */
static bool
says_alone(const struct law_text *t, const struct law_hit *hit,
           const struct law_piece *piece, size_t contact)
{
    return hit->from - piece->from <= SHORT_ROOM &&
           (piece->to - hit->to <= SHORT_ROOM ||
            (contact < t->contact_count &&
             t->contacts[contact].from - hit->to <= SHORT_ROOM));
}

/* Gives each hit its piece, and each piece its words. Words within a URL or an address are none. */
static void
words_place(struct law_text *t)
{
    size_t piece = 0, contact = 0, kept = 0;

    for (size_t i = 0; i < t->hit_count; i++) {
        struct law_hit hit = t->hits[i];
        while (contact < t->contact_count &&
               (!t->contacts[contact].shown || t->contacts[contact].to <= hit.from)) {
            contact++;
        }
        if (contact < t->contact_count && t->contacts[contact].from <= hit.from) {
            continue;
        }
        while (piece + 1 < t->piece_count && t->pieces[piece].to <= hit.from) {
            piece++;
        }
        if (hit.word == LAW_WORD_REFUSE && hit.to - hit.from <= SHORT_WORD &&
            !says_alone(t, &hit, &t->pieces[piece], contact)) {
            continue; /* 解除, in a sentence: of whatever */
        }
        hit.piece = piece;
        t->pieces[piece].words |= hit.word;
        t->hits[kept++] = hit;
    }
    t->hit_count = kept;
}

/* From where on each piece's hits and contacts stand. */
static void
pieces_index(struct law_text *t)
{
    size_t hit = 0, contact = 0;

    for (size_t i = 0; i < t->piece_count; i++) {
        while (hit < t->hit_count && t->hits[hit].piece < i) {
            hit++;
        }
        while (contact < t->contact_count && t->contacts[contact].piece < i) {
            contact++;
        }
        t->pieces[i].hit = hit;
        t->pieces[i].contact = contact;
    }
}

/* Contacts */

struct gathering {
    struct law_text *t;
    size_t room;
};

static void
contact_put(struct gathering *g, struct law_contact contact)
{
    struct law_text *t = g->t;

    if (t->contact_count == g->room) {
        size_t more = g->room == 0 ? 32 : g->room * 2;
        t->contacts = arena_grow(t->arena, t->contacts, g->room * sizeof *t->contacts,
                                 more * sizeof *t->contacts);
        g->room = more;
    }
    t->contacts[t->contact_count++] = contact;
}

static enum law_reach
reach_of(const struct link *link)
{
    return bytes_starts_fold(link->href, BYTES("mailto:")) ? LAW_REACH_MAIL
           : bytes_starts_fold(link->href, BYTES("http"))  ? LAW_REACH_URL
           : bytes_starts_fold(link->written, BYTES("tel:")) ||
                   bytes_starts_fold(link->href, BYTES("tel:"))
               ? LAW_REACH_PHONE
               : 0;
}

/* A name like amazon.co.jp in a sentence is a name, and no page to go to. */
static bool
is_bare(struct bytes written, enum law_reach reach)
{
    return reach == LAW_REACH_URL && !bytes_starts(written, BYTES("www.")) &&
           bytes_find_byte(written, '/', 0) == BYTES_NOWHERE;
}

static void
written_contacts(struct gathering *g)
{
    struct link *links;
    size_t count = links_in_text(g->t->arena, g->t->normal, &links);

    for (size_t i = 0; i < count; i++) {
        enum law_reach reach = reach_of(&links[i]);
        if (reach == 0 || is_bare(links[i].written, reach) ||
            links[i].written.at < g->t->normal.at ||
            links[i].written.at > g->t->normal.at + g->t->normal.size) {
            continue;
        }
        size_t from = (size_t)(links[i].written.at - g->t->normal.at);
        contact_put(g, (struct law_contact){.reach = reach,
                                            .from = from,
                                            .to = from + links[i].written.size,
                                            .where = links[i].written,
                                            .shown = true});
    }
}

static bool
is_local_sign(uint8_t c)
{
    return ascii_letter(c) || ascii_digit(c) || c == '.' || c == '-' || c == '_' ||
           c == '+';
}

static bool
is_host_sign(uint8_t c)
{
    return ascii_letter(c) || ascii_digit(c) || c == '.' || c == '-';
}

/* Mail addresses under whatever top level: what a reader takes for one. Those that are links already are passed over. */
static void
mail_contacts(struct gathering *g)
{
    struct bytes text = g->t->normal;
    size_t links = g->t->contact_count, link = 0, at = 0;

    while ((at = bytes_find_byte(text, '@', at)) != BYTES_NOWHERE) {
        size_t from = at, to = at + 1;
        while (link < links && g->t->contacts[link].to <= at) {
            link++;
        }
        while (from > 0 && at - from < 64 && is_local_sign(text.at[from - 1])) {
            from--;
        }
        while (to < text.size && to - at < 255 && is_host_sign(text.at[to])) {
            to++;
        }
        while (to > at + 1 && !ascii_letter(text.at[to - 1]) &&
               !ascii_digit(text.at[to - 1])) {
            to--;
        }
        bool known = link < links && g->t->contacts[link].from <= at;
        if (!known && from < at &&
            bytes_find_byte(bytes_slice(text, at + 2, to), '.', 0) != BYTES_NOWHERE) {
            contact_put(g, (struct law_contact){.reach = LAW_REACH_MAIL,
                                                .from = from,
                                                .to = to,
                                                .where = bytes_slice(text, from, to),
                                                .shown = true});
        }
        at = to;
    }
}

/* Links of HTML stand behind words: these are looked for in the text, in their order. */
static void
anchor_contacts(struct gathering *g, const struct letter *letter)
{
    size_t cursor = 0, misses = 0;

    for (size_t i = 0; i < letter->link_count && misses < ANCHOR_MISSES; i++) {
        const struct link *link = &letter->links[i];
        enum law_reach reach = reach_of(link);
        if (link->kind != LINK_ANCHOR || reach == 0 || (link->flags & LINK_HIDDEN)) {
            continue;
        }
        struct bytes words = bytes_trim(normal_form(
            g->t->arena, bytes_slice(link->text, 0, ANCHOR_WORDS_MAX), ANCHOR_WORDS_MAX));
        words = bytes_slice(words, 0, bytes_find_byte(words, '\n', 0));
        if (words.size == 0) {
            continue;
        }
        size_t at = bytes_find(g->t->normal, words, cursor);
        if (at == BYTES_NOWHERE) {
            misses++;
            continue;
        }
        cursor = at + words.size;
        contact_put(g, (struct law_contact){
                           .reach = reach, .from = at, .to = cursor, .where = link->href});
    }
}

/* The character between two digits of a telephone number, and its size; 0: none. */
static size_t
phone_gap(struct bytes text, size_t at)
{
    uint32_t c;
    size_t size = utf8_get(text, at, &c);

    return size > 0 && (c == '-' || c == '(' || c == ')' || c == ' ' || c == '.' ||
                        c == 0x30fc || (c >= 0x2010 && c <= 0x2015) || c == 0x2212)
               ? size
               : 0;
}

/* The end of a telephone number that begins at `at`; `at` if none does. */
static size_t
phone_end(struct bytes text, size_t at)
{
    size_t digits = 0, gaps = 0, end = at, i = at + (text.at[at] == '+');

    while (i < text.size && i - at < PHONE_SIZE_MAX) {
        size_t gap = ascii_digit(text.at[i]) ? 0 : phone_gap(text, i);
        if (ascii_digit(text.at[i])) {
            digits++;
            end = ++i;
        } else if (gap > 0) {
            gaps++;
            i += gap;
        } else {
            break;
        }
    }
    bool open = text.at[at] == '+' || text.at[at] == '(' ||
                (text.at[at] == '1' && gaps >= 3) ||
                (text.at[at] == '0' && (gaps > 0 || text.at[at + 1] != '0'));
    return open && digits >= PHONE_DIGITS_MIN && digits <= PHONE_DIGITS_MAX &&
                   !(end < text.size && ascii_digit(text.at[end]))
               ? end
               : at;
}

static bool
opens_phone(uint8_t c)
{
    return ascii_digit(c) || c == '+' || c == '(';
}

/* Where at or behind `at` a telephone number may begin; the size if nowhere. */
static size_t
phone_begin(struct bytes text, size_t at)
{
    for (; at + SCAN_SIZE <= text.size; at += SCAN_SIZE) {
        scan_block block = scan_load(text.at + at);
        unsigned hits = scan_hits((scan_block)((block >= '0') & (block <= '9')) |
                                  scan_is(block, '+') | scan_is(block, '('));
        if (hits != 0) {
            return at + scan_first(hits);
        }
    }
    while (at < text.size && !opens_phone(text.at[at])) {
        at++;
    }
    return at;
}

static void
phone_contacts(struct gathering *g)
{
    struct bytes text = g->t->normal;
    size_t links = g->t->contact_count, link = 0, begin = phone_begin(text, 0);

    for (size_t at = 0; at < text.size;) {
        begin = begin < at ? phone_begin(text, at) : begin;
        while (link < links && g->t->contacts[link].to <= at) {
            link++;
        }
        if (link < links && g->t->contacts[link].from <= begin) {
            at = g->t->contacts[link].to; /* digits of a URL */
            continue;
        }
        at = begin;
        size_t end = at < text.size ? phone_end(text, at) : at;
        if (end > at) {
            contact_put(g, (struct law_contact){.reach = LAW_REACH_PHONE,
                                                .from = at,
                                                .to = end,
                                                .where = bytes_slice(text, at, end),
                                                .shown = true});
            at = end;
            continue;
        }
        bool digit = at < text.size && ascii_digit(text.at[at]);
        do { /* past the rest of a longer number */
            at++;
        } while (digit && at < text.size && ascii_digit(text.at[at]));
    }
}

static int
by_place(const void *a, const void *b)
{
    const struct law_contact *x = a, *y = b;

    return x->from < y->from ? -1 : x->from > y->from;
}

static void
contacts_sort(struct law_text *t)
{
    bool sorted = true;

    for (size_t i = 1; i < t->contact_count; i++) {
        sorted = sorted && t->contacts[i - 1].from <= t->contacts[i].from;
    }
    if (!sorted) {
        qsort(t->contacts, t->contact_count, sizeof *t->contacts, by_place);
    }
}

static void
contacts_read(struct law_text *t, const struct letter *letter)
{
    struct gathering g = {.t = t};
    size_t piece = 0;

    written_contacts(&g);
    mail_contacts(&g);
    contacts_sort(t);
    phone_contacts(&g);
    anchor_contacts(&g, letter);
    contacts_sort(t);
    for (size_t i = 0; i < t->contact_count; i++) {
        while (piece + 1 < t->piece_count && t->pieces[piece].to <= t->contacts[i].from) {
            piece++;
        }
        t->contacts[i].piece = piece;
    }
}

void
law_text_read(struct arena *arena, struct bytes normal, const struct region *regions,
              size_t region_count, const struct letter *letter, struct law_text *text_r)
{
    *text_r = (struct law_text){.arena = arena, .normal = normal};
    pieces_read(text_r, regions, region_count);
    if (text_r->piece_count == 0) {
        return;
    }
    text_r->hits = law_words_find(arena, normal, &text_r->hit_count);
    contacts_read(text_r, letter);
    words_place(text_r);
    pieces_index(text_r);
}
