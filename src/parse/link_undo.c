#include "parse/link_undo_private.h"

#include "base/scan.h"
#include "base/writer.h"
#include "parse/letter.h"

struct undoing {
    struct arena *arena;
    struct bytes in;
    struct writer out;
    struct link_edit *edits;
    size_t count, room;
    size_t copied; /* of in */
};

static bool
is_alnum(uint8_t c)
{
    return ascii_letter(c) || ascii_digit(c);
}

/* A full-width form of ASCII at `at` (U+FF01 to U+FF5E): the ASCII character, else 0. */
static uint8_t
narrow(struct bytes in, size_t at)
{
    if (at + 2 >= in.size || in.at[at] != 0xef) {
        return 0;
    }
    unsigned code = 0xf000u | (in.at[at + 1] & 0x3fu) << 6 | (in.at[at + 2] & 0x3fu);
    return code >= 0xff01 && code <= 0xff5e ? (uint8_t)(code - 0xff00 + 0x20) : 0;
}

/* Whether a letter or digit, of either width, stands at `at`. */
static bool
alnum_at(struct bytes in, size_t at)
{
    return at < in.size && (is_alnum(in.at[at]) || is_alnum(narrow(in, at)));
}

static uint8_t
last_out(const struct undoing *u, size_t at)
{
    return at > u->copied                    ? u->in.at[at - 1]
           : u->out.size > 0 && u->count > 0 ? u->out.at[u->out.size - 1]
           : at > 0                          ? u->in.at[at - 1]
                                             : 0;
}

static void
edit(struct undoing *u, size_t from, size_t size, struct bytes by, unsigned flag)
{
    struct link_edit *last = u->count > 0 ? &u->edits[u->count - 1] : NULL;

    if (from > u->copied) {
        writer_bytes(&u->out, bytes_slice(u->in, u->copied, from));
    }
    u->copied = from + size;
    if (last != NULL && last->text_to == from && last->flag == flag && size == 3 &&
        by.size == 1 && (last->text_to - last->text_from) == 3 * (last->to - last->from)) {
        writer_bytes(&u->out, by);
        last->text_to = u->copied;
        last->to = u->out.size;
        return;
    }
    if (u->count == u->room) {
        size_t room = u->room == 0 ? 16 : u->room * 2;
        u->edits = arena_grow(u->arena, u->edits, u->room * sizeof *u->edits,
                              room * sizeof *u->edits);
        u->room = room;
    }
    size_t start = u->out.size;
    writer_bytes(&u->out, by);
    u->edits[u->count++] = (struct link_edit){.from = start,
                                              .to = u->out.size,
                                              .text_from = from,
                                              .text_to = u->copied,
                                              .flag = flag};
}

/* A view of one ASCII character. */
static struct bytes
one_byte(uint8_t c)
{
    static const uint8_t signs[] =
        " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        "[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";

    return bytes_of(signs + (c - 0x20), 1);
}

/* Whether what stands at `at` opens a URL after its scheme: "://", "[:]//", ":\\". */
static bool
is_opening(struct bytes in, size_t at)
{
    struct bytes rest = bytes_from(in, at);

    return bytes_starts(rest, BYTES("://")) || bytes_starts(rest, BYTES("[:]//")) ||
           bytes_starts(rest, BYTES(":\\\\")) || bytes_starts(rest, BYTES("[://]")) ||
           bytes_starts(rest, BYTES("：／／")) || bytes_starts(rest, BYTES("：//"));
}

/* hxxp, h**p, hXXps, and ttp where the h is left out, from `at` up to `end`, where the URL goes on. */
static bool
undo_scheme(struct undoing *u, size_t at, size_t end)
{
    struct bytes in = u->in;
    bool headless = ascii_lower(in.at[at]) == 't';
    size_t p = at + (headless ? 2 : 3);
    unsigned strange = headless;

    if ((!headless && ascii_lower(in.at[at]) != 'h') || p >= end ||
        ascii_lower(in.at[p]) != 'p' || is_alnum(last_out(u, at))) {
        return false;
    }
    for (size_t i = at + 1; i < p; i++) {
        uint8_t c = ascii_lower(in.at[i]);
        if (c != 't' && (headless || (c != 'x' && c != '*' && c != '_'))) {
            return false;
        }
        strange += c != 't';
    }
    size_t after = p + 1;
    after += after < end && ascii_lower(in.at[after]) == 's';
    if (strange == 0 || after != end) {
        return false;
    }
    edit(u, at, p + 1 - at, BYTES("http"), LINK_DEFANGED);
    return true;
}

/* At a colon of any kind: a scheme in disguise may stand before it, of three to five letters. */
static void
undo_scheme_before(struct undoing *u, size_t end)
{
    uint8_t last = end > 0 ? ascii_lower(u->in.at[end - 1]) : 0;

    if ((last != 'p' && last != 's') || !is_opening(u->in, end)) {
        return;
    }
    for (size_t size = 5; size >= 3; size--) {
        if (end >= u->copied + size && undo_scheme(u, end - size, end)) {
            return;
        }
    }
}

struct word {
    const char *text, *by;
};

static size_t
starts_with(struct bytes in, size_t at, const struct word *words, size_t count,
            const char **by_r)
{
    for (size_t i = 0; i < count; i++) {
        struct bytes word = bytes_from_text(words[i].text);
        if (bytes_starts_fold(bytes_from(in, at), word)) {
            *by_r = words[i].by;
            return word.size;
        }
    }
    return 0;
}

/* A dot, colon or at sign in brackets. */
static size_t
undo_bracket(struct undoing *u, size_t at)
{
    static const struct word opens[] = {{"[", "]"},   {"(", ")"},   {"{", "}"},
                                        {"［", "］"}, {"（", "）"}, {"｛", "｝"},
                                        {"【", "】"}, {"〔", "〕"}, {"「", "」"}};
    static const struct word words[] = {
        {".", "."},      {"．", "."},     {"。", "."},     {"dot", "."},    {"ドット", "."},
        {"どっと", "."}, {"://", "://"},  {":", ":"},      {"at", "@"},     {"@", "@"},
        {"＠", "@"},     {"アット", "@"}, {"あっと", "@"}, {"ｄｏｔ", "."},
    };
    const char *closing = "", *by = "";

    if (!is_alnum(last_out(u, at))) {
        return 0;
    }
    size_t to = at + starts_with(u->in, at, opens, sizeof opens / sizeof *opens, &closing);
    if (to == at) {
        return 0;
    }
    to += to < u->in.size && u->in.at[to] == ' ';
    size_t size = starts_with(u->in, to, words, sizeof words / sizeof *words, &by);
    if (size == 0) {
        return 0;
    }
    to += size;
    to += to < u->in.size && u->in.at[to] == ' ';
    struct bytes close = bytes_from_text(closing);
    if (!bytes_starts(bytes_from(u->in, to), close)) {
        return 0;
    }
    to += close.size;
    if (by[0] != ':' && !alnum_at(u->in, to)) {
        return 0;
    }
    edit(u, at, to - at, bytes_from_text(by), LINK_DEFANGED);
    return to - at;
}

/* A full-width letter, or a full-width sign beside one. */
static size_t
undo_wide(struct undoing *u, size_t at)
{
    uint8_t c = narrow(u->in, at), next = narrow(u->in, at + 3), before = last_out(u, at);
    bool after_wide = u->count > 0 && u->edits[u->count - 1].text_to == at &&
                      u->edits[u->count - 1].flag == LINK_WIDE;

    if (c == 0) {
        return 0;
    }
    if (!is_alnum(c)) {
        bool between =
            is_alnum(before) && alnum_at(u->in, at + 3) && (c == '.' || c == '@');
        bool slashes = (c == ':' && (next == '/' || bytes_starts(bytes_from(u->in, at + 3),
                                                                 BYTES("//")))) ||
                       (c == '/' && (before == ':' || before == '/' || next == '/'));
        if (memchr(".:/-_?=&%#@~+", c, 13) == NULL ||
            (!between && !slashes && !(after_wide && (next != 0 || c == '/')))) {
            return 0;
        }
    }
    edit(u, at, 3, one_byte(c), LINK_WIDE);
    return 3;
}

/* 。 or its half-width form between letters. */
static size_t
undo_stop(struct undoing *u, size_t at)
{
    struct bytes rest = bytes_from(u->in, at);

    if (!is_alnum(last_out(u, at)) ||
        (!bytes_starts(rest, BYTES("。")) && !bytes_starts(rest, BYTES("｡"))) ||
        !alnum_at(u->in, at + 3)) {
        return 0;
    }
    edit(u, at, 3, BYTES("."), LINK_WIDE);
    return 3;
}

/* What begins with 0xef: full-width forms, and the half-width stop. */
static size_t
undo_wide_sign(struct undoing *u, size_t at)
{
    uint8_t c = narrow(u->in, at);

    if (c == 0) {
        return undo_stop(u, at);
    }
    size_t used = c == '(' || c == '[' || c == '{' ? undo_bracket(u, at) : 0;
    return used > 0 ? used : undo_wide(u, at);
}

/* Whether 。 or a bracket that is not ASCII may stand there: U+3000 to U+303F. Other kana and kanji go by. */
static inline bool
is_cjk_sign(struct bytes in, size_t at)
{
    return at + 1 < in.size && in.at[at] == 0xe3 && in.at[at + 1] == 0x80;
}

/* From `at` on, where a byte stands that something may be undone at; the size of the text if nowhere. */
static size_t
next_sign(struct bytes in, size_t at)
{
    static const bool signs[256] = {
        [':'] = true, ['['] = true, ['('] = true, ['{'] = true, [0xef] = true};

    for (; at + SCAN_SIZE < in.size; at += SCAN_SIZE) {
        scan_block block = scan_load(in.at + at), after = scan_load(in.at + at + 1);
        if (scan_any(scan_is(block, ':') | scan_is(block, '[') | scan_is(block, '(') |
                     scan_is(block, '{') | scan_is(block, 0xef) |
                     (scan_is(block, 0xe3) & scan_is(after, 0x80)))) {
            break;
        }
    }
    while (at < in.size && !signs[in.at[at]] && !is_cjk_sign(in, at)) {
        at++;
    }
    return at;
}

void
link_undo(struct arena *arena, struct bytes text, struct link_undone *undone)
{
    struct undoing u = {.arena = arena, .in = text};
    size_t used = 0;

    writer_init(&u.out, arena);
    for (size_t at = next_sign(text, 0); at < text.size;
         at = next_sign(text, at + (used > 0 ? used : 1))) {
        uint8_t c = text.at[at];
        used = 0;
        if (c == ':' || c == '[' || c == 0xef) {
            undo_scheme_before(&u, at);
        }
        if (c == 0xe3) {
            used = undo_stop(&u, at);
            used = used > 0 ? used : undo_bracket(&u, at);
        } else if (c == 0xef) {
            used = undo_wide_sign(&u, at);
        } else if (c != ':') {
            used = undo_bracket(&u, at);
        }
    }
    *undone = (struct link_undone){.text = text, .edits = u.edits, .count = u.count};
    if (u.count > 0) {
        writer_bytes(&u.out, bytes_from(text, u.copied));
        undone->text = writer_view(&u.out);
    }
}

/* The place in the text of a place in the copy. end: of what ends there. */
static size_t
place_of(const struct link_undone *undone, size_t at, bool end)
{
    size_t low = 0, high = undone->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (undone->edits[middle].from + end <= at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return at;
    }
    const struct link_edit *e = &undone->edits[low - 1];
    if (at >= e->to) {
        return e->text_to + (at - e->to);
    }
    bool wide = e->text_to - e->text_from == 3 * (e->to - e->from);
    return wide ? e->text_from + 3 * (at - e->from) : end ? e->text_to : e->text_from;
}

void
link_undone_place(const struct link_undone *undone, size_t *from, size_t *to,
                  unsigned *flags)
{
    size_t low = 0, high = undone->count;

    while (low < high) { /* the first edit that ends behind `from` */
        size_t middle = low + (high - low) / 2;
        if (undone->edits[middle].to <= *from) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < undone->count && undone->edits[low].from < *to; low++) {
        *flags |= undone->edits[low].flag;
    }
    size_t start = place_of(undone, *from, false);
    *to = place_of(undone, *to, true);
    *from = start;
}
