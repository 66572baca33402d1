#include "base/scan.h"
#include "base/utf8.h"
#include "base/writer.h"
#include "parse/html_private.h"

/* Character references (13.2.5.72 to 80) --------------------------------------------------------------------------- */

/* Windows-1252 for 80 to 9F, as browsers read numbers of that range. */
static const uint16_t windows_1252[32] = {
    0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8d,   0x017d, 0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,   0x017e, 0x0178,
};

static size_t
read_number(struct bytes raw, size_t at, uint8_t *out, size_t *size_r)
{
    size_t start = at;
    uint32_t number = 0;

    at += 2;
    bool hexadecimal = at < raw.size && ascii_lower(raw.at[at]) == 'x';
    at += hexadecimal;
    size_t digits = at;
    for (; at < raw.size; at++) {
        int digit = ascii_hex(raw.at[at]);
        if (digit < 0 || (!hexadecimal && digit > 9)) {
            break;
        }
        number = number > 0x10ffff ? number
                                   : number * (hexadecimal ? 16u : 10u) + (unsigned)digit;
    }
    if (at == digits) {
        return 0;
    }
    at += at < raw.size && raw.at[at] == ';';
    if (number >= 0x80 && number < 0xa0) {
        number = windows_1252[number - 0x80];
    }
    *size_r = utf8_put(out, number == 0 ? UTF8_REPLACEMENT : number);
    return at - start;
}

/* The first row of [low, high) whose name has at `index` a byte of at least c. */
static size_t
narrow(size_t low, size_t high, size_t index, unsigned c)
{
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((unsigned char)html_entities[middle].name[index] < c) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Where the rows stand whose name begins with a letter: [starts[letter], starts[letter + 1]). Made once per process. */
static uint16_t starts[256 + 1];

__attribute__((noinline, cold)) static void
make_starts(void)
{
    for (unsigned c = 0; c <= 256; c++) {
        starts[c] = (uint16_t)narrow(0, html_entity_count, 0, c);
    }
}

/* The longest name that raw begins with at `at`. Rows are sorted, so that those which share a beginning are neighbours. */
static const struct html_entity *
find_name(struct bytes raw, size_t at, size_t *size_r)
{
    const struct html_entity *found = NULL;

    if (starts[256] == 0) {
        make_starts();
    }
    /* No name is one letter long. */
    size_t low = starts[raw.at[at]], high = starts[raw.at[at] + 1];
    for (size_t index = 1; low < high && at + index < raw.size; index++) {
        unsigned c = raw.at[at + index];
        low = narrow(low, high, index, c);
        high = narrow(low, high, index, c + 1);
        if (low == high || c == 0) {
            break;
        }
        if (html_entities[low].name[index + 1] == 0) {
            found = &html_entities[low];
            *size_r = index + 1;
        }
    }
    return found;
}

/* The five that mail is full of, without a search; 0 if it is another. */
static size_t
read_usual(struct bytes raw, size_t at, uint8_t *out, size_t *size_r)
{
    const uint8_t *in = raw.at + at;
    size_t size = raw.size - at;

    *size_r = 1;
    if (size >= 6 && memcmp(in, "&nbsp;", 6) == 0) {
        *size_r = utf8_put(out, 0xa0);
        return 6;
    }
    if (size >= 5 && memcmp(in, "&amp;", 5) == 0) {
        out[0] = '&';
        return 5;
    }
    if (size >= 4 && (in[1] == 'l' || in[1] == 'g') && in[2] == 't' && in[3] == ';') {
        out[0] = in[1] == 'l' ? '<' : '>';
        return 4;
    }
    if (size >= 6 && memcmp(in, "&quot;", 6) == 0) {
        out[0] = '"';
        return 6;
    }
    return 0;
}

size_t
html_reference(struct bytes raw, size_t at, bool in_attribute, uint8_t *out, size_t *size_r)
{
    size_t size = 0;

    if (at + 1 >= raw.size) {
        return 0;
    }
    if (raw.at[at + 1] == '#') {
        return read_number(raw, at, out, size_r);
    }
    if (!ascii_letter(raw.at[at + 1])) {
        return 0;
    }
    size_t usual = read_usual(raw, at, out, size_r);
    if (usual > 0) {
        return usual;
    }
    const struct html_entity *entity = find_name(raw, at + 1, &size);
    if (entity == NULL) {
        return 0;
    }
    size_t end = at + 1 + size;
    if (in_attribute && raw.at[end - 1] != ';' && end < raw.size &&
        (raw.at[end] == '=' || ascii_letter(raw.at[end]) || ascii_digit(raw.at[end]))) {
        return 0;
    }
    *size_r = utf8_put(out, entity->code_points[0]);
    if (entity->code_points[1] != 0) {
        *size_r += utf8_put(out + *size_r, entity->code_points[1]);
    }
    return end - at;
}

/* From raw bytes to text ------------------------------------------------------------------------------------------- */

/* What changes, by the decodings that change it; bit 7: always. */
static const uint8_t changes[256] = {['&'] = HTML_REFERENCES, ['\r'] = 0x80, [0] = 0x40};

static uint8_t
changes_in(struct bytes raw, size_t from, size_t to)
{
    uint8_t found = 0;

    for (; from < to; from++) {
        found |= changes[raw.at[from]];
    }
    return found;
}

static inline bool
may_change(struct bytes raw, size_t at)
{
    scan_block block = scan_load(raw.at + at);

    return scan_any(scan_is(block, '&') | scan_is(block, '\r') | scan_is(block, 0));
}

static bool
is_changed(struct bytes raw, unsigned decoding)
{
    uint8_t which = (uint8_t)((decoding & HTML_REFERENCES) | 0x80u |
                              ((decoding & HTML_KEEP_NUL) == 0 ? 0x40u : 0u));

    if ((decoding & HTML_LOWER) != 0) {
        for (size_t i = 0; i < raw.size; i++) {
            if (raw.at[i] != ascii_lower(raw.at[i])) {
                return true;
            }
        }
    }
    size_t at = 0;
    for (; raw.size - at >= SCAN_SIZE; at += SCAN_SIZE) {
        if (may_change(raw, at) && (changes_in(raw, at, at + SCAN_SIZE) & which) != 0) {
            return true;
        }
    }
    /* The last block overlaps the one before. */
    at = raw.size >= SCAN_SIZE && !may_change(raw, raw.size - SCAN_SIZE) ? raw.size : at;
    return (changes_in(raw, at, raw.size) & which) != 0;
}

/* Room at `to` for a reference, a block that is copied whole, and all of the source from `at` on. */
static inline uint8_t *
room_for(struct writer *w, struct bytes raw, size_t at, uint8_t *to)
{
    size_t need = raw.size - at + SCAN_SIZE + 2 * UTF8_SIZE_MAX;

    w->size = (size_t)(to - w->at);
    return w->room - w->size >= need ? to : writer_reserve(w, need);
}

/* Copies the run from `at` on that no decoding changes, into room for it and a block more; gives where it ends. */
static inline size_t
copy_run(struct bytes raw, size_t at, uint8_t **to)
{
    uint8_t *out = *to;

    for (; raw.size - at >= SCAN_SIZE; at += SCAN_SIZE, out += SCAN_SIZE) {
        scan_block block = scan_load(raw.at + at);
        unsigned hits =
            scan_hits(scan_is(block, '&') | scan_is(block, '\r') | scan_is(block, 0));
        memcpy(out, &block, sizeof block);
        if (hits != 0) {
            *to = out + scan_first(hits);
            return at + scan_first(hits);
        }
    }
    while (at < raw.size && changes[raw.at[at]] == 0) {
        *out++ = raw.at[at++];
    }
    *to = out;
    return at;
}

struct bytes
html_decode(struct arena *arena, struct bytes raw, unsigned decoding)
{
    struct writer w;
    size_t size = 0, at = 0;

    if (raw.size == 0 || !is_changed(raw, decoding)) {
        return raw;
    }
    writer_init(&w, arena);
    uint8_t *to = writer_reserve(&w, raw.size + SCAN_SIZE + 2 * UTF8_SIZE_MAX);
    while ((at = copy_run(raw, at, &to)) < raw.size) {
        uint8_t c = raw.at[at];
        to = room_for(&w, raw, at, to);
        if (c == '\r') {
            *to++ = '\n';
            at += at + 1 < raw.size && raw.at[at + 1] == '\n' ? 2 : 1;
        } else if (raw.size - at >= 5 && (decoding & HTML_REFERENCES) != 0 &&
                   memcmp(raw.at + at, "&amp;", 5) == 0) { /* as in many an URL */
            *to++ = '&';
            at += 5;
        } else if (c == '&') {
            size_t used = (decoding & HTML_REFERENCES) == 0
                              ? 0
                              : html_reference(raw, at, (decoding & HTML_IN_ATTRIBUTE) != 0,
                                               to, &size);
            if (used == 0) {
                *to = c;
                used = size = 1;
            }
            to += size;
            at += used;
        } else if ((decoding & HTML_KEEP_NUL) != 0) {
            *to++ = c;
            at++;
        } else {
            to += (decoding & HTML_DROP_NUL) == 0 ? utf8_put(to, UTF8_REPLACEMENT) : 0;
            at++;
        }
    }
    w.size = (size_t)(to - w.at);
    return decoding & HTML_LOWER ? bytes_lower(arena, writer_view(&w)) : writer_view(&w);
}
