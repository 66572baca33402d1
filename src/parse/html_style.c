#include <endian.h>

#include "base/scan.h"
#include "base/why.h"
#include "parse/html_view_private.h"

/* Further out than this many pixels is off every screen. */
#define OFF_SCREEN  (-500)
#define NUMBER_MOST 1000000

bool
html_style_number(struct bytes text, long *number_r, struct bytes *unit_r)
{
    size_t at = 0;
    long value = 0, sign = 1, place = 100;
    bool any = false;

    if (at < text.size && (text.at[at] == '-' || text.at[at] == '+')) {
        sign = text.at[at++] == '-' ? -1 : 1;
    }
    for (; at < text.size && ascii_digit(text.at[at]); at++) {
        value = value > NUMBER_MOST ? value : value * 10 + (text.at[at] - '0');
        any = true;
    }
    value *= 1000;
    if (at + 1 < text.size && text.at[at] == '.' && ascii_digit(text.at[at + 1])) {
        for (at++; at < text.size && ascii_digit(text.at[at]); at++) {
            value += (text.at[at] - '0') * place;
            place /= 10;
        }
        any = true;
    }
    *number_r = sign * value;
    *unit_r = bytes_from(text, at);
    return any;
}

/* A length in thousandths of a pixel, where it does not hang on the parent; *relative if it does. */
static bool
read_length(struct bytes value, long *length_r, bool *relative)
{
    struct bytes unit;

    *relative = false;
    if (!html_style_number(value, length_r, &unit)) {
        return false;
    }
    if (unit.size == 0 || (unit.size >= 2 && ascii_lower(unit.at[0]) == 'p' &&
                           ascii_lower(unit.at[1]) == 'x')) {
        return true;
    }
    if (bytes_starts_fold(unit, BYTES("em"))) {
        *relative = true;
    } else if (bytes_starts(unit, BYTES("%"))) {
        *relative = true;
        *length_r /= 100;
    } else if (bytes_starts_fold(unit, BYTES("rem"))) {
        *length_r = *length_r * 16;
    } else if (bytes_starts_fold(unit, BYTES("pt"))) {
        *length_r = *length_r * 4 / 3;
    } else if (bytes_starts_fold(unit, BYTES("ex"))) {
        *relative = true;
        *length_r /= 2;
    } else if (bytes_starts_fold(unit, BYTES("in"))) {
        *length_r = *length_r * 96;
    } else if (bytes_starts_fold(unit, BYTES("cm"))) {
        *length_r = *length_r * 38;
    } else if (bytes_starts_fold(unit, BYTES("mm"))) {
        *length_r = *length_r * 4;
    }
    return true;
}

static bool
is_off_screen(struct bytes value)
{
    long length;
    bool relative;

    return read_length(value, &length, &relative) &&
           length / 1000 * (relative ? 16 : 1) <= OFF_SCREEN;
}

static void
say(struct html_style *style, unsigned what, bool hides)
{
    style->said |= what;
    style->yes = hides ? style->yes | what : style->yes & ~what;
}

static void
say_room(struct html_style *style, unsigned what, struct bytes value)
{
    long length;
    bool relative, is = read_length(value, &length, &relative);

    say(style, what, is && length == 0);
    if (is && !relative && length <= 1000) {
        say(style, HTML_SAID_DOT, true);
    }
}

static void
say_colour(struct html_style *style, struct bytes value)
{
    bool transparent;

    if (bytes_starts_fold(value, BYTES("inherit")) || value.size == 0) {
        return;
    }
    style->colour = html_colour(value, &transparent);
    say(style, HTML_SAID_COLOUR, transparent);
}

static void
say_ground(struct html_style *style, struct bytes value)
{
    bool transparent;
    int colour = html_colour(value, &transparent);

    if (bytes_find_byte(value, '(', 0) != BYTES_NOWHERE &&
        (bytes_find_fold(value, BYTES("url("), 0) != BYTES_NOWHERE ||
         bytes_find_fold(value, BYTES("gradient"), 0) != BYTES_NOWHERE)) {
        style->ground = HTML_COLOUR_UNKNOWN;
    } else if (transparent || colour == HTML_COLOUR_NONE || bytes_is_fold(value, "none") ||
               bytes_is_fold(value, "inherit")) {
        return;
    } else {
        style->ground = colour;
    }
    say(style, HTML_SAID_GROUND, true);
}

static void
say_size(struct html_style *style, struct bytes value)
{
    long length;
    bool relative;

    if (read_length(value, &length, &relative)) {
        style->size = (int)(length > NUMBER_MOST ? NUMBER_MOST : length);
        style->size_relative = relative;
    } else if (ascii_letter(value.size > 0 ? value.at[0] : 0) &&
               !bytes_starts_fold(value, BYTES("inherit"))) {
        style->size = HTML_SIZE_USUAL; /* small, large, ... : all can be read */
        style->size_relative = false;
    } else {
        return;
    }
    say(style, HTML_SAID_SIZE, true);
}

/* The size in the shorthand: the first number that has a unit, a line height, or is nought. */
static void
say_font(struct html_style *style, struct bytes value)
{
    struct bytes word, unit;
    long number;

    while (bytes_split(&value, ' ', &word)) {
        if (html_style_number(word, &number, &unit) && (number == 0 || unit.size > 0)) {
            say_size(style, word);
            return;
        }
    }
}

static void
say_moved(struct html_style *style, struct bytes value)
{
    size_t move = bytes_find_fold(value, BYTES("translate"), 0),
           scale = bytes_find_fold(value, BYTES("scale"), 0);

    if (move != BYTES_NOWHERE) {
        size_t open = bytes_find_byte(value, '(', move);
        struct bytes to = bytes_from(value, open == BYTES_NOWHERE ? value.size : open + 1);
        say(style, HTML_SAID_MOVED, is_off_screen(bytes_trim(to)));
    }
    if (scale != BYTES_NOWHERE) {
        size_t open = bytes_find_byte(value, '(', scale);
        long number = 1;
        struct bytes unit,
            by = bytes_from(value, open == BYTES_NOWHERE ? value.size : open + 1);
        say(style, HTML_SAID_SHRUNK,
            html_style_number(bytes_trim(by), &number, &unit) && number < 50);
    }
}

/* A clip that leaves nothing: rect() of which all four edges meet. */
static bool
is_clip_empty(struct bytes value)
{
    long first = -1, number;
    struct bytes unit;
    size_t open = bytes_find_byte(value, '(', 0);

    if (!bytes_starts_fold(value, BYTES("rect")) || open == BYTES_NOWHERE) {
        return false;
    }
    for (size_t at = open + 1; at < value.size && value.at[at] != ')';) {
        if (ascii_digit(value.at[at])) {
            html_style_number(bytes_from(value, at), &number, &unit);
            if (first >= 0 && number != first) {
                return false;
            }
            first = number;
            at = value.size - unit.size;
        } else if (ascii_letter(value.at[at]) &&
                   bytes_starts_fold(bytes_from(value, at), BYTES("auto"))) {
            return false;
        } else {
            at++;
        }
    }
    return first >= 0;
}

enum property {
    PROPERTY_BACKGROUND,
    PROPERTY_COLOR,
    PROPERTY_CLIP,
    PROPERTY_CLIP_PATH,
    PROPERTY_DIRECTION,
    PROPERTY_DISPLAY,
    PROPERTY_FONT,
    PROPERTY_FONT_SIZE,
    PROPERTY_NOTHING, /* hides where it is nought */
    PROPERTY_OFF,     /* hides where it is far out */
    PROPERTY_OPACITY,
    PROPERTY_OVERFLOW,
    PROPERTY_POSITION,
    PROPERTY_TRANSFORM,
    PROPERTY_BIDI,
    PROPERTY_VISIBILITY,
};

/* mso-hide is not here: it hides from one mail program what all others show, so the text is judged. */
static const struct {
    const char *name;
    enum property property;
    unsigned says;
} properties[] = {
    /* clang-format off */
    {"background", PROPERTY_BACKGROUND, 0},
    {"background-color", PROPERTY_BACKGROUND, 0},
    {"background-image", PROPERTY_BACKGROUND, 0},
    {"clip", PROPERTY_CLIP, 0},
    {"clip-path", PROPERTY_CLIP_PATH, 0},
    {"color", PROPERTY_COLOR, 0},
    {"direction", PROPERTY_DIRECTION, 0},
    {"display", PROPERTY_DISPLAY, 0},
    {"font", PROPERTY_FONT, 0},
    {"font-size", PROPERTY_FONT_SIZE, 0},
    {"height", PROPERTY_NOTHING, HTML_SAID_HEIGHT},
    {"left", PROPERTY_OFF, HTML_SAID_LEFT},
    {"margin-left", PROPERTY_OFF, HTML_SAID_MARGIN_LEFT},
    {"margin-top", PROPERTY_OFF, HTML_SAID_MARGIN_TOP},
    {"max-height", PROPERTY_NOTHING, HTML_SAID_MOST_HEIGHT},
    {"max-width", PROPERTY_NOTHING, HTML_SAID_MOST_WIDTH},
    {"opacity", PROPERTY_OPACITY, 0},
    {"overflow", PROPERTY_OVERFLOW, 0},
    {"overflow-x", PROPERTY_OVERFLOW, 0},
    {"overflow-y", PROPERTY_OVERFLOW, 0},
    {"position", PROPERTY_POSITION, 0},
    {"right", PROPERTY_OFF, HTML_SAID_RIGHT},
    {"text-indent", PROPERTY_OFF, HTML_SAID_INDENT},
    {"top", PROPERTY_OFF, HTML_SAID_TOP},
    {"transform", PROPERTY_TRANSFORM, 0},
    {"unicode-bidi", PROPERTY_BIDI, 0},
    {"visibility", PROPERTY_VISIBILITY, 0},
    {"width", PROPERTY_NOTHING, HTML_SAID_WIDTH},
    /* clang-format on */
};
#define PROPERTY_COUNT (sizeof properties / sizeof *properties)

/* Where names of properties are found: by their bytes with bit 0x20 set, which makes capital letters small. */
#define PROPERTY_SLOTS 128u
#define PROPERTY_NAME  16 /* the longest */

struct property_key {
    uint64_t low, high;
};

struct property_slot {
    struct property_key key,
        hyphens; /* hyphens: bit 0x20 of each, for a CR would pass as one */
    uint8_t row; /* and one; 0: the slot is free */
};

static struct property_slot property_slots[PROPERTY_SLOTS];
/* By the lowest five bits of a name's first letter, a bit for those of its second. */
static uint32_t property_starts[32];
static bool properties_made; /* once per process */

static inline unsigned
property_slot_of(struct property_key key)
{
    return (unsigned)((key.low ^ key.high >> 7) * 0x9e3779b97f4a7c15u >> 57);
}

/* All bits of the first `size` bytes, in a word that they are part of. */
static inline uint64_t
first_bytes(size_t size)
{
    return size < 8 ? ~(UINT64_MAX << 8 * size) : UINT64_MAX;
}

/* name: of at most PROPERTY_NAME bytes, and so many may be read. */
static inline struct property_key
property_bytes(const uint8_t *name, size_t size)
{
    struct property_key key;

    memcpy(&key.low, name, sizeof key.low);
    memcpy(&key.high, name + sizeof key.low, sizeof key.high);
    key.low = le64toh(key.low) & first_bytes(size);
    key.high = size > 8 ? le64toh(key.high) & first_bytes(size - 8) : 0;
    return key;
}

__attribute__((noinline, cold)) static void
make_properties(void)
{
    for (size_t row = 0; row < PROPERTY_COUNT; row++) {
        uint8_t name[PROPERTY_NAME] = {0}, hyphens[PROPERTY_NAME] = {0};
        size_t size = strlen(properties[row].name);
        SK_ASSERT(size > 0 && size <= PROPERTY_NAME);
        memcpy(name, properties[row].name, size);
        for (size_t i = 0; i < size; i++) {
            hyphens[i] = name[i] == '-' ? 0x20 : 0;
        }
        property_starts[name[0] & 31] |= (uint32_t)1 << (name[1] & 31);
        struct property_key key = property_bytes(name, size);
        unsigned slot = property_slot_of(key);
        while (property_slots[slot].row != 0) {
            slot = (slot + 1) % PROPERTY_SLOTS;
        }
        property_slots[slot] =
            (struct property_slot){.key = key,
                                   .hyphens = property_bytes(hyphens, size),
                                   .row = (uint8_t)(row + 1)};
    }
    properties_made = true;
}

/* The row of that name; PROPERTY_COUNT if it says nothing here. */
static inline size_t
property_row(const uint8_t *name, size_t size)
{
    if (size == 0 || size > PROPERTY_NAME) {
        return PROPERTY_COUNT;
    }
    const uint64_t small = 0x2020202020202020u;
    struct property_key bytes = property_bytes(name, size), key = bytes;
    key.low |= small & first_bytes(size);
    key.high |= size > 8 ? small & first_bytes(size - 8) : 0;
    for (unsigned slot = property_slot_of(key); property_slots[slot].row != 0;
         slot = (slot + 1) % PROPERTY_SLOTS) {
        const struct property_slot *at = &property_slots[slot];
        if (at->key.low == key.low && at->key.high == key.high &&
            (bytes.low & at->hyphens.low) == at->hyphens.low &&
            (bytes.high & at->hyphens.high) == at->hyphens.high) {
            return at->row - 1u;
        }
    }
    return PROPERTY_COUNT;
}

static void
read_value(struct html_style *style, size_t row, struct bytes value)
{
    long number;
    struct bytes unit;

    switch (properties[row].property) {
    case PROPERTY_BACKGROUND:
        say_ground(style, value);
        break;
    case PROPERTY_COLOR:
        say_colour(style, value);
        break;
    case PROPERTY_CLIP:
        say(style, HTML_SAID_CLIP, is_clip_empty(value));
        break;
    case PROPERTY_CLIP_PATH:
        say(style, HTML_SAID_CLIP_PATH,
            bytes_starts_fold(value, BYTES("inset(100%")) ||
                bytes_starts_fold(value, BYTES("inset(50%")) ||
                bytes_starts_fold(value, BYTES("circle(0")));
        break;
    case PROPERTY_DIRECTION:
        say(style, HTML_SAID_DIRECTION, bytes_starts_fold(value, BYTES("rtl")));
        break;
    case PROPERTY_DISPLAY:
        say(style, HTML_SAID_DISPLAY, bytes_starts_fold(value, BYTES("none")));
        break;
    case PROPERTY_FONT:
        say_font(style, value);
        break;
    case PROPERTY_FONT_SIZE:
        say_size(style, value);
        break;
    case PROPERTY_NOTHING:
        say_room(style, properties[row].says, value);
        break;
    case PROPERTY_OFF:
        say(style, properties[row].says, is_off_screen(value));
        break;
    case PROPERTY_OPACITY:
        say(style, HTML_SAID_OPACITY,
            html_style_number(value, &number, &unit) &&
                number < (bytes_starts(unit, BYTES("%")) ? 10000 : 100));
        break;
    case PROPERTY_OVERFLOW:
        say(style, HTML_SAID_OVERFLOW,
            bytes_starts_fold(value, BYTES("hidden")) ||
                bytes_starts_fold(value, BYTES("clip")));
        break;
    case PROPERTY_POSITION:
        say(style, HTML_SAID_POSITION,
            bytes_starts_fold(value, BYTES("absolute")) ||
                bytes_starts_fold(value, BYTES("fixed")));
        break;
    case PROPERTY_TRANSFORM:
        say_moved(style, value);
        break;
    case PROPERTY_BIDI:
        say(style, HTML_SAID_BIDI,
            bytes_find_fold(value, BYTES("override"), 0) != BYTES_NOWHERE);
        break;
    case PROPERTY_VISIBILITY:
        say(style, HTML_SAID_VISIBILITY,
            bytes_starts_fold(value, BYTES("hidden")) ||
                bytes_starts_fold(value, BYTES("collapse")));
        break;
    }
}

/* Takes "!important" from the end. */
static bool
take_important(struct bytes *value)
{
    size_t mark = bytes_find_last(*value, '!');

    if (mark == BYTES_NOWHERE ||
        !bytes_is_fold(bytes_trim(bytes_from(*value, mark + 1)), "important")) {
        return false;
    }
    *value = bytes_trim(bytes_slice(*value, 0, mark));
    return true;
}

/* A style without its comments and escapes (CSS Syntax 4.3.7), so that a property broken by a comment and one spelled
 * "\64 isplay" are read as a browser reads them. */
static struct bytes
plain_style(struct arena *arena, struct bytes style)
{
    uint8_t *out = arena_take_bytes(arena, style.size);
    size_t size = 0;

    for (size_t at = 0; at < style.size;) {
        if (bytes_starts(bytes_from(style, at), BYTES("/*"))) {
            size_t end = bytes_find(style, BYTES("*/"), at + 2);
            at = end == BYTES_NOWHERE ? style.size : end + 2;
            continue;
        }
        if (style.at[at] != '\\' || at + 1 >= style.size) {
            out[size++] = style.at[at++];
            continue;
        }
        unsigned code = 0;
        size_t digits = 0;
        for (at++; digits < 6 && at < style.size && ascii_hex(style.at[at]) >= 0;
             digits++) {
            code = code << 4 | (unsigned)ascii_hex(style.at[at++]);
        }
        if (digits == 0) {
            out[size++] = style.at[at++];
            continue;
        }
        at += at < style.size && ascii_blank(style.at[at]);
        out[size++] = code >= 0x20 && code < 0x7f ? (uint8_t)code : '?';
    }
    return bytes_of(out, size);
}

/* Whether there are comments or escapes in it. */
static bool
has_escapes(struct bytes style)
{
    for (size_t at = scan_find(style, '/', 0); at < style.size;
         at = scan_find(style, '/', at + 1)) {
        if (at + 1 < style.size && style.at[at + 1] == '*') {
            return true;
        }
    }
    return scan_find(style, '\\', 0) < style.size;
}

/* A copy of a style or, if it is long, of the first part of one. Semicolons follow it, so that nobody who looks for one need look where
 * it ends: a block of them and one more, since so far behind the end a name may be looked at. */
#define STRETCH_SIZE 512u
struct stretch {
    uint8_t at[STRETCH_SIZE + 3 * SCAN_SIZE];
    size_t size;
    bool odd; /* a slash or a backslash is in it */
};

static inline void
stretch_read(struct stretch *s, struct bytes text)
{
    scan_block odd = {0};
    size_t size = text.size < STRETCH_SIZE ? text.size : STRETCH_SIZE, at = 0;

    for (; size - at >= SCAN_SIZE; at += SCAN_SIZE) {
        scan_block block = scan_load(text.at + at);
        memcpy(s->at + at, &block, sizeof block);
        odd |= scan_is(block, '/') | scan_is(block, '\\');
    }
    /* The last part of a block, and the semicolons; those that are looked at with it are not odd. */
    memset(s->at + at, ';', 3 * SCAN_SIZE);
    memcpy(s->at + at, text.at + at, size - at);
    scan_block block = scan_load(s->at + at);
    s->odd = scan_any(odd | scan_is(block, '/') | scan_is(block, '\\'));
    s->size = size;
}

/* Where the next semicolon stands. */
static inline const uint8_t *
semicolon_after(const uint8_t *at)
{
    unsigned hits;

    while ((hits = scan_hits(scan_is(scan_load(at), ';'))) == 0) {
        at += SCAN_SIZE;
    }
    return at + scan_first(hits);
}

/* Where the next colon stands, if none of semicolons stands before it. */
static inline const uint8_t *
colon_after(const uint8_t *at)
{
    unsigned hits;

    for (;; at += SCAN_SIZE) {
        scan_block block = scan_load(at);
        if ((hits = scan_hits(scan_is(block, ':') | scan_is(block, ';'))) != 0) {
            at += scan_first(hits);
            return *at == ':' ? at : NULL;
        }
    }
}

/* The row of the name [at, colon), which may end in blanks. PROPERTY_NAME bytes are there. */
static inline size_t
row_of_name(const uint8_t *at, const uint8_t *colon)
{
    while (colon > at && ascii_blank(colon[-1])) {
        colon--;
    }
    return property_row(at, (size_t)(colon - at));
}

/* Takes a value, which ends in a 't' if it ends in "!important". */
static inline void
take_value(struct html_style *normal, struct html_style *important, size_t row,
           struct bytes value)
{
    while (value.size > 0 && ascii_blank(value.at[value.size - 1])) {
        value.size--;
    }
    while (value.size > 0 && ascii_blank(value.at[0])) {
        value = bytes_of(value.at + 1, value.size - 1);
    }
    bool strong = value.size > 0 && (value.at[value.size - 1] | 0x20) == 't' &&
                  take_important(&value);
    read_value(strong ? important : normal, row, value);
}

/* The declarations of a stretch, but the last if it goes on behind it; gives where that begins. */
static size_t
read_declarations(const struct stretch *s, bool goes_on, struct html_style *normal,
                  struct html_style *important)
{
    const uint8_t *at = s->at, *last = s->at + s->size, *start, *colon;
    size_t row;

    for (start = at; start < last; start = at + 1) {
        at = start;
        while (ascii_blank(*at)) {
            at++;
        }
        colon = NULL;
        row = PROPERTY_COUNT;
        if ((property_starts[at[0] & 31] >> (at[1] & 31) & 1) &&
            (colon = colon_after(at)) != NULL) {
            row = row_of_name(at, colon);
        }
        const uint8_t *name_end = colon == NULL ? at : colon + 1;
        at = semicolon_after(name_end);
        if (at >= last && goes_on) {
            break;
        }
        if (row < PROPERTY_COUNT) {
            take_value(normal, important, row, bytes_of(name_end, (size_t)(at - name_end)));
        }
    }
    return (size_t)(start - s->at);
}

/* The first declaration of a style, which is too long for a stretch; gives where the next begins. */
__attribute__((noinline)) static size_t
read_long(struct bytes style, struct html_style *normal, struct html_style *important)
{
    size_t end = scan_find(style, ';', 0), colon = scan_find(style, ':', 0);
    struct bytes name = bytes_trim(bytes_slice(style, 0, colon));
    uint8_t padded[PROPERTY_NAME] = {0};

    if (colon < end && name.size > 0 && name.size <= PROPERTY_NAME) {
        memcpy(padded, name.at, name.size);
        size_t row = property_row(padded, name.size);
        if (row < PROPERTY_COUNT) {
            take_value(normal, important, row, bytes_slice(style, colon + 1, end));
        }
    }
    return end + 1;
}

void
html_style_read(struct arena *arena, struct bytes style, struct html_style *normal_r,
                struct html_style *important_r)
{
    struct stretch s;
    bool plain = false;

    if (!properties_made) {
        make_properties();
    }
    *normal_r = *important_r = (struct html_style){0};
    while (style.size > 0) {
        stretch_read(&s, style);
        bool goes_on = s.size < style.size;
        if (!plain && (s.odd || goes_on)) {
            plain = true;
            if (has_escapes(style)) {
                style = plain_style(arena, style);
                continue;
            }
        }
        size_t done = read_declarations(&s, goes_on, normal_r, important_r);
        if (done == 0) {
            done = read_long(style, normal_r, important_r);
        }
        style = bytes_from(style, done);
    }
}

void
html_style_merge(struct html_style *to, const struct html_style *from)
{
    to->yes = (to->yes & ~from->said) | from->yes;
    to->said |= from->said;
    if (from->said & HTML_SAID_SIZE) {
        to->size = from->size;
        to->size_relative = from->size_relative;
    }
    if (from->said & HTML_SAID_COLOUR) {
        to->colour = from->colour;
    }
    if (from->said & HTML_SAID_GROUND) {
        to->ground = from->ground;
    }
}

bool
html_style_url(struct bytes style, size_t *at, struct bytes *url_r)
{
    size_t open = bytes_find_byte(style, '(', *at);

    while (open != BYTES_NOWHERE &&
           (open < 3 || !bytes_is_fold(bytes_slice(style, open - 3, open), "url"))) {
        open = bytes_find_byte(style, '(', open + 1);
    }
    if (open == BYTES_NOWHERE) {
        return false;
    }
    size_t start = open - 3;
    size_t end = bytes_find_byte(style, ')', start);
    end = end == BYTES_NOWHERE ? style.size : end;
    struct bytes url = bytes_trim(bytes_slice(style, start + 4, end));
    if (url.size >= 2 && (url.at[0] == '"' || url.at[0] == '\'')) {
        url = bytes_slice(url, 1,
                          url.at[url.size - 1] == url.at[0] ? url.size - 1 : url.size);
    }
    *url_r = url;
    *at = end;
    return true;
}
