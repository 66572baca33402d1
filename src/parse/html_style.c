#include "parse/html_view_private.h"

/* Letters of at most this many tenths of a pixel are not read by anybody. */
#define TINY_TENTHS 20
/* Further out than this many pixels is off every screen. */
#define OFF_SCREEN (-500)

/* A number with tenths at the start of text, in tenths; false if none stands there. unit_r is what follows. */
static bool
tenths(struct bytes text, long *tenths_r, struct bytes *unit_r)
{
    size_t at = 0;
    long value = 0, sign = 1;
    bool any = false;

    if (at < text.size && (text.at[at] == '-' || text.at[at] == '+')) {
        sign = text.at[at++] == '-' ? -1 : 1;
    }
    for (; at < text.size && ascii_digit(text.at[at]); at++) {
        value = value > 100000 ? value : value * 10 + (text.at[at] - '0');
        any = true;
    }
    value *= 10;
    if (at + 1 < text.size && text.at[at] == '.' && ascii_digit(text.at[at + 1])) {
        value += text.at[at + 1] - '0';
        any = true;
        for (at++; at < text.size && ascii_digit(text.at[at]); at++) {
        }
    }
    *tenths_r = sign * value;
    *unit_r = bytes_from(text, at);
    return any;
}

static bool
is_nothing(struct bytes value)
{
    long number;
    struct bytes unit;

    return tenths(value, &number, &unit) && number == 0;
}

static bool
is_off_screen(struct bytes value)
{
    long number;
    struct bytes unit;

    if (!tenths(value, &number, &unit)) {
        return false;
    }
    bool relative =
        bytes_starts_fold(unit, BYTES("em")) || bytes_starts_fold(unit, BYTES("rem"));
    return number / 10 * (relative ? 16 : 1) <= OFF_SCREEN;
}

/* 1 tiny, 0 not, -1 nothing is said. */
static int
is_tiny(struct bytes value)
{
    long number;
    struct bytes unit;

    if (!tenths(value, &number, &unit)) {
        return ascii_letter(value.size > 0 ? value.at[0] : 0) &&
                       !bytes_is_fold(value, "inherit")
                   ? 0
                   : -1;
    }
    if (bytes_starts_fold(unit, BYTES("em")) || bytes_starts_fold(unit, BYTES("rem"))) {
        return number <= 1;
    }
    if (bytes_starts(unit, BYTES("%"))) {
        return number <= 100;
    }
    return number <=
           (bytes_starts_fold(unit, BYTES("pt")) ? TINY_TENTHS * 3 / 4 : TINY_TENTHS);
}

static const struct {
    const char *name;
    int colour;
} colour_names[] = {
    {"white", 0xffffff},      {"black", 0x000000},       {"red", 0xff0000},
    {"green", 0x008000},      {"blue", 0x0000ff},        {"gray", 0x808080},
    {"grey", 0x808080},       {"silver", 0xc0c0c0},      {"navy", 0x000080},
    {"yellow", 0xffff00},     {"orange", 0xffa500},      {"purple", 0x800080},
    {"maroon", 0x800000},     {"lime", 0x00ff00},        {"aqua", 0x00ffff},
    {"teal", 0x008080},       {"olive", 0x808000},       {"fuchsia", 0xff00ff},
    {"whitesmoke", 0xf5f5f5}, {"snow", 0xfffafa},        {"ivory", 0xfffff0},
    {"ghostwhite", 0xf8f8ff}, {"floralwhite", 0xfffaf0}, {"lightgray", 0xd3d3d3},
    {"pink", 0xffc0cb},
};

/* The numbers of rgb() and rgba(). */
static int
colour_function(struct bytes text, bool *transparent)
{
    size_t open = bytes_find_byte(text, '(', 0);
    long parts[4] = {0, 0, 0, 10};
    struct bytes rest = bytes_from(text, open == BYTES_NOWHERE ? text.size : open + 1);
    int count = 0;

    while (count < 4 && rest.size > 0) {
        while (rest.size > 0 &&
               (ascii_blank(rest.at[0]) || rest.at[0] == ',' || rest.at[0] == '/')) {
            rest = bytes_from(rest, 1);
        }
        struct bytes unit;
        if (!tenths(rest, &parts[count], &unit)) {
            break;
        }
        if (unit.size > 0 && unit.at[0] == '%') {
            parts[count] = parts[count] * (count < 3 ? 255 : 1) / 100;
            unit = bytes_from(unit, 1);
        }
        rest = unit;
        count++;
    }
    if (count < 3) {
        return HTML_COLOUR_UNKNOWN;
    }
    if (count == 4 && parts[3] < 1) {
        *transparent = true;
        return HTML_COLOUR_NONE;
    }
    int colour = 0;
    for (int i = 0; i < 3; i++) {
        long part = parts[i] / 10;
        colour = colour << 8 | (int)(part < 0 ? 0 : part > 255 ? 255 : part);
    }
    return colour;
}

static int
colour_digits(struct bytes text)
{
    int colour = 0;
    size_t size = 0;

    while (size < text.size && ascii_hex(text.at[size]) >= 0) {
        size++;
    }
    if (size == 3 || size == 4) {
        for (size_t i = 0; i < 3; i++) {
            colour = colour << 8 | ascii_hex(text.at[i]) * 17;
        }
        return colour;
    }
    if (size != 6 && size != 8) {
        return HTML_COLOUR_UNKNOWN;
    }
    for (size_t i = 0; i < 6; i++) {
        colour = colour << 4 | ascii_hex(text.at[i]);
    }
    return colour;
}

int
html_colour(struct bytes text, bool *transparent)
{
    *transparent = false;
    text = bytes_trim(text);
    if (text.size == 0) {
        return HTML_COLOUR_NONE;
    }
    if (text.at[0] == '#') {
        return colour_digits(bytes_from(text, 1));
    }
    if (bytes_starts_fold(text, BYTES("rgb"))) {
        return colour_function(text, transparent);
    }
    if (bytes_starts_fold(text, BYTES("transparent"))) {
        *transparent = true;
        return HTML_COLOUR_NONE;
    }
    for (size_t i = 0; i < sizeof colour_names / sizeof *colour_names; i++) {
        struct bytes name = bytes_from_text(colour_names[i].name);
        if (bytes_starts_fold(text, name) &&
            (text.size == name.size || !ascii_letter(text.at[name.size]))) {
            return colour_names[i].colour;
        }
    }
    return text.size == 6 && ascii_hex(text.at[0]) >= 0 ? colour_digits(text)
                                                        : HTML_COLOUR_UNKNOWN;
}

/* What must be seen together in one style. */
struct box {
    bool no_height, no_width, clipped, positioned, off;
};

static void
set_ground(struct html_look *look, struct bytes value)
{
    bool transparent;
    int colour = html_colour(value, &transparent);

    if (bytes_find_fold(value, BYTES("url("), 0) != BYTES_NOWHERE ||
        bytes_find_fold(value, BYTES("gradient"), 0) != BYTES_NOWHERE) {
        look->ground = HTML_COLOUR_UNKNOWN;
    } else if (!transparent && colour != HTML_COLOUR_NONE &&
               !bytes_is_fold(value, "none") && !bytes_is_fold(value, "inherit")) {
        look->ground = colour;
    }
}

static void
set_colour(struct html_look *look, struct bytes value)
{
    bool transparent;
    int colour = html_colour(value, &transparent);

    if (bytes_starts_fold(value, BYTES("inherit")) || value.size == 0) {
        return;
    }
    look->invisible |= transparent;
    look->colour = colour;
}

static void
set_size(struct html_look *look, struct bytes value)
{
    int tiny = is_tiny(value);

    if (tiny >= 0) {
        look->tiny = tiny != 0;
    }
}

static void
read_declaration(struct html_look *look, struct box *box, struct bytes name,
                 struct bytes value)
{
    long number;
    struct bytes unit;

    if (bytes_is_fold(name, "display")) {
        look->gone |= bytes_starts_fold(value, BYTES("none"));
    } else if (bytes_is_fold(name, "visibility")) {
        look->invisible = bytes_starts_fold(value, BYTES("hidden")) ||
                          bytes_starts_fold(value, BYTES("collapse"));
    } else if (bytes_is_fold(name, "opacity")) {
        look->gone |= tenths(value, &number, &unit) && number < 1;
    } else if (bytes_is_fold(name, "font-size")) {
        set_size(look, value);
    } else if (bytes_is_fold(name, "font")) {
        look->tiny = look->tiny ||
                     (is_nothing(value) && (value.size == 1 || !ascii_digit(value.at[1])));
    } else if (bytes_is_fold(name, "color")) {
        set_colour(look, value);
    } else if (bytes_is_fold(name, "background") ||
               bytes_is_fold(name, "background-color") ||
               bytes_is_fold(name, "background-image")) {
        set_ground(look, value);
    } else if (bytes_is_fold(name, "height") || bytes_is_fold(name, "max-height")) {
        box->no_height |= is_nothing(value);
    } else if (bytes_is_fold(name, "width") || bytes_is_fold(name, "max-width")) {
        box->no_width |= is_nothing(value);
    } else if (bytes_is_fold(name, "overflow")) {
        box->clipped |= bytes_starts_fold(value, BYTES("hidden"));
    } else if (bytes_is_fold(name, "position")) {
        box->positioned |= bytes_starts_fold(value, BYTES("absolute")) ||
                           bytes_starts_fold(value, BYTES("fixed"));
    } else if (bytes_is_fold(name, "left") || bytes_is_fold(name, "top") ||
               bytes_is_fold(name, "right")) {
        box->off |= is_off_screen(value);
    } else if (bytes_is_fold(name, "text-indent") || bytes_is_fold(name, "margin-left") ||
               bytes_is_fold(name, "margin-top")) {
        look->gone |= is_off_screen(value);
    } else if (bytes_is_fold(name, "clip")) {
        look->gone |= bytes_starts_fold(value, BYTES("rect(0 0")) ||
                      bytes_starts_fold(value, BYTES("rect(0,0")) ||
                      bytes_starts_fold(value, BYTES("rect(0, 0")) ||
                      bytes_starts_fold(value, BYTES("rect(0px"));
    } else if (bytes_is_fold(name, "clip-path")) {
        look->gone |= bytes_starts_fold(value, BYTES("inset(100%")) ||
                      bytes_starts_fold(value, BYTES("circle(0"));
    }
}

void
html_look_style(struct html_look *look, struct bytes style)
{
    struct bytes declaration;
    struct box box = {0};

    while (bytes_split(&style, ';', &declaration)) {
        size_t colon = bytes_find_byte(declaration, ':', 0);
        if (colon != BYTES_NOWHERE) {
            read_declaration(look, &box, bytes_trim(bytes_slice(declaration, 0, colon)),
                             bytes_trim(bytes_from(declaration, colon + 1)));
        }
    }
    look->gone |=
        (box.clipped && (box.no_height || box.no_width)) || (box.positioned && box.off);
}

/* Nearer than an eye can part: less than a tenth of the way in each of red, green and blue. */
static bool
is_near(int a, int b)
{
    for (int shift = 0; shift <= 16; shift += 8) {
        int difference = (a >> shift & 255) - (b >> shift & 255);
        if (difference > 24 || difference < -24) {
            return false;
        }
    }
    return true;
}

bool
html_look_hides(const struct html_look *look)
{
    int ground = look->ground == HTML_COLOUR_NONE ? 0xffffff : look->ground;

    return look->gone || look->tiny || look->invisible ||
           (look->colour >= 0 && ground >= 0 && is_near(look->colour, ground));
}

bool
html_style_url(struct bytes style, size_t *at, struct bytes *url_r)
{
    size_t start = bytes_find_fold(style, BYTES("url("), *at);

    if (start == BYTES_NOWHERE) {
        return false;
    }
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
