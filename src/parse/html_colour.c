#include "parse/html_view_private.h"

/* The named colours of CSS Color 4, 6.1, in the order of their names. */
static const struct {
    const char *name;
    int colour;
} colour_names[] = {
    /* clang-format off */
    {"aliceblue", 0xf0f8ff},
    {"antiquewhite", 0xfaebd7},
    {"aqua", 0x00ffff},
    {"aquamarine", 0x7fffd4},
    {"azure", 0xf0ffff},
    {"beige", 0xf5f5dc},
    {"bisque", 0xffe4c4},
    {"black", 0x000000},
    {"blanchedalmond", 0xffebcd},
    {"blue", 0x0000ff},
    {"blueviolet", 0x8a2be2},
    {"brown", 0xa52a2a},
    {"burlywood", 0xdeb887},
    {"cadetblue", 0x5f9ea0},
    {"chartreuse", 0x7fff00},
    {"chocolate", 0xd2691e},
    {"coral", 0xff7f50},
    {"cornflowerblue", 0x6495ed},
    {"cornsilk", 0xfff8dc},
    {"crimson", 0xdc143c},
    {"cyan", 0x00ffff},
    {"darkblue", 0x00008b},
    {"darkcyan", 0x008b8b},
    {"darkgoldenrod", 0xb8860b},
    {"darkgray", 0xa9a9a9},
    {"darkgreen", 0x006400},
    {"darkgrey", 0xa9a9a9},
    {"darkkhaki", 0xbdb76b},
    {"darkmagenta", 0x8b008b},
    {"darkolivegreen", 0x556b2f},
    {"darkorange", 0xff8c00},
    {"darkorchid", 0x9932cc},
    {"darkred", 0x8b0000},
    {"darksalmon", 0xe9967a},
    {"darkseagreen", 0x8fbc8f},
    {"darkslateblue", 0x483d8b},
    {"darkslategray", 0x2f4f4f},
    {"darkslategrey", 0x2f4f4f},
    {"darkturquoise", 0x00ced1},
    {"darkviolet", 0x9400d3},
    {"deeppink", 0xff1493},
    {"deepskyblue", 0x00bfff},
    {"dimgray", 0x696969},
    {"dimgrey", 0x696969},
    {"dodgerblue", 0x1e90ff},
    {"firebrick", 0xb22222},
    {"floralwhite", 0xfffaf0},
    {"forestgreen", 0x228b22},
    {"fuchsia", 0xff00ff},
    {"gainsboro", 0xdcdcdc},
    {"ghostwhite", 0xf8f8ff},
    {"gold", 0xffd700},
    {"goldenrod", 0xdaa520},
    {"gray", 0x808080},
    {"green", 0x008000},
    {"greenyellow", 0xadff2f},
    {"grey", 0x808080},
    {"honeydew", 0xf0fff0},
    {"hotpink", 0xff69b4},
    {"indianred", 0xcd5c5c},
    {"indigo", 0x4b0082},
    {"ivory", 0xfffff0},
    {"khaki", 0xf0e68c},
    {"lavender", 0xe6e6fa},
    {"lavenderblush", 0xfff0f5},
    {"lawngreen", 0x7cfc00},
    {"lemonchiffon", 0xfffacd},
    {"lightblue", 0xadd8e6},
    {"lightcoral", 0xf08080},
    {"lightcyan", 0xe0ffff},
    {"lightgoldenrodyellow", 0xfafad2},
    {"lightgray", 0xd3d3d3},
    {"lightgreen", 0x90ee90},
    {"lightgrey", 0xd3d3d3},
    {"lightpink", 0xffb6c1},
    {"lightsalmon", 0xffa07a},
    {"lightseagreen", 0x20b2aa},
    {"lightskyblue", 0x87cefa},
    {"lightslategray", 0x778899},
    {"lightslategrey", 0x778899},
    {"lightsteelblue", 0xb0c4de},
    {"lightyellow", 0xffffe0},
    {"lime", 0x00ff00},
    {"limegreen", 0x32cd32},
    {"linen", 0xfaf0e6},
    {"magenta", 0xff00ff},
    {"maroon", 0x800000},
    {"mediumaquamarine", 0x66cdaa},
    {"mediumblue", 0x0000cd},
    {"mediumorchid", 0xba55d3},
    {"mediumpurple", 0x9370db},
    {"mediumseagreen", 0x3cb371},
    {"mediumslateblue", 0x7b68ee},
    {"mediumspringgreen", 0x00fa9a},
    {"mediumturquoise", 0x48d1cc},
    {"mediumvioletred", 0xc71585},
    {"midnightblue", 0x191970},
    {"mintcream", 0xf5fffa},
    {"mistyrose", 0xffe4e1},
    {"moccasin", 0xffe4b5},
    {"navajowhite", 0xffdead},
    {"navy", 0x000080},
    {"oldlace", 0xfdf5e6},
    {"olive", 0x808000},
    {"olivedrab", 0x6b8e23},
    {"orange", 0xffa500},
    {"orangered", 0xff4500},
    {"orchid", 0xda70d6},
    {"palegoldenrod", 0xeee8aa},
    {"palegreen", 0x98fb98},
    {"paleturquoise", 0xafeeee},
    {"palevioletred", 0xdb7093},
    {"papayawhip", 0xffefd5},
    {"peachpuff", 0xffdab9},
    {"peru", 0xcd853f},
    {"pink", 0xffc0cb},
    {"plum", 0xdda0dd},
    {"powderblue", 0xb0e0e6},
    {"purple", 0x800080},
    {"rebeccapurple", 0x663399},
    {"red", 0xff0000},
    {"rosybrown", 0xbc8f8f},
    {"royalblue", 0x4169e1},
    {"saddlebrown", 0x8b4513},
    {"salmon", 0xfa8072},
    {"sandybrown", 0xf4a460},
    {"seagreen", 0x2e8b57},
    {"seashell", 0xfff5ee},
    {"sienna", 0xa0522d},
    {"silver", 0xc0c0c0},
    {"skyblue", 0x87ceeb},
    {"slateblue", 0x6a5acd},
    {"slategray", 0x708090},
    {"slategrey", 0x708090},
    {"snow", 0xfffafa},
    {"springgreen", 0x00ff7f},
    {"steelblue", 0x4682b4},
    {"tan", 0xd2b48c},
    {"teal", 0x008080},
    {"thistle", 0xd8bfd8},
    {"tomato", 0xff6347},
    {"turquoise", 0x40e0d0},
    {"violet", 0xee82ee},
    {"wheat", 0xf5deb3},
    {"white", 0xffffff},
    {"whitesmoke", 0xf5f5f5},
    {"yellow", 0xffff00},
    {"yellowgreen", 0x9acd32},
    /* clang-format on */
};

static int
colour_named(struct bytes text)
{
    size_t low = 0, high = sizeof colour_names / sizeof *colour_names, size = 0;
    uint8_t name[24];

    while (size < text.size && size < sizeof name && ascii_letter(text.at[size])) {
        name[size] = ascii_lower(text.at[size]);
        size++;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = (uint8_t)colour_names[middle].name[0] - (size > 0 ? name[0] : 0);
        order = order != 0 ? order
                           : bytes_compare(bytes_from_text(colour_names[middle].name),
                                           bytes_of(name, size));
        if (order == 0) {
            return colour_names[middle].colour;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return HTML_COLOUR_UNKNOWN;
}

/* The numbers in the brackets of a function, in thousandths; per cent as a part of `whole`. Gives how many there are. */
static int
function_numbers(struct bytes text, const long whole[4], long numbers[4])
{
    size_t open = bytes_find_byte(text, '(', 0);
    struct bytes rest = bytes_from(text, open == BYTES_NOWHERE ? text.size : open + 1);
    int count = 0;

    while (count < 4) {
        while (rest.size > 0 &&
               (ascii_blank(rest.at[0]) || rest.at[0] == ',' || rest.at[0] == '/')) {
            rest = bytes_from(rest, 1);
        }
        struct bytes unit;
        if (!html_style_number(rest, &numbers[count], &unit)) {
            break;
        }
        if (unit.size > 0 && unit.at[0] == '%') {
            numbers[count] = numbers[count] / 100 * whole[count];
            unit = bytes_from(unit, 1);
        } else if (bytes_starts_fold(unit, BYTES("deg"))) {
            unit = bytes_from(unit, 3);
        }
        rest = unit;
        count++;
    }
    return count;
}

static int
colour_of(long red, long green, long blue)
{
    long parts[3] = {red, green, blue};
    int colour = 0;

    for (int i = 0; i < 3; i++) {
        colour = colour << 8 | (int)(parts[i] < 0 ? 0 : parts[i] > 255 ? 255 : parts[i]);
    }
    return colour;
}

/* One of red, green and blue of a colour in hue (degrees), saturation and lightness (thousandths): CSS Color 4, 7.1. */
static long
hsl_part(long hue, long saturation, long lightness, long turn)
{
    long k = (turn + hue / 30) % 12, least = k - 3 < 9 - k ? k - 3 : 9 - k;
    long amount =
        saturation * (lightness < 1000 - lightness ? lightness : 1000 - lightness) / 1000;

    least = least < -1 ? -1 : least > 1 ? 1 : least;
    return (lightness - amount * least) * 255 / 1000;
}

static int
colour_function(struct bytes text, bool *transparent)
{
    static const long whole_rgb[4] = {255, 255, 255, 1}, whole_hsl[4] = {360, 1, 1, 1};
    bool hsl = bytes_starts_fold(text, BYTES("hsl"));
    long n[4] = {0, 0, 0, 1000};
    int count = function_numbers(text, hsl ? whole_hsl : whole_rgb, n);

    if (count < 3) {
        return HTML_COLOUR_UNKNOWN;
    }
    if (count == 4 && n[3] < 100) {
        *transparent = true;
        return HTML_COLOUR_NONE;
    }
    if (!hsl) {
        return colour_of(n[0] / 1000, n[1] / 1000, n[2] / 1000);
    }
    long hue = (n[0] / 1000 % 360 + 360) % 360;
    for (int i = 1; i < 3; i++) {
        n[i] = n[i] < 0 ? 0 : n[i] > 1000 ? 1000 : n[i];
    }
    return colour_of(hsl_part(hue, n[1], n[2], 0), hsl_part(hue, n[1], n[2], 8),
                     hsl_part(hue, n[1], n[2], 4));
}

static int
colour_digits(struct bytes text, bool *transparent)
{
    uint32_t colour = 0;
    size_t size = 0;
    int digit;

    for (; size < text.size && (digit = ascii_hex(text.at[size])) >= 0; size++) {
        colour = colour << 4 | (unsigned)digit;
    }
    if (size == 4 || size == 8) {
        *transparent = text.at[size / 4 * 3] == '0';
        colour >>= size;
    }
    if (size == 6 || size == 8) {
        return (int)colour;
    }
    return size == 3 || size == 4
               ? (int)((colour >> 8 & 15) * 0x110000 + (colour >> 4 & 15) * 0x1100 +
                       (colour & 15) * 0x11)
               : HTML_COLOUR_UNKNOWN;
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
        int colour = colour_digits(bytes_from(text, 1), transparent);
        return *transparent ? HTML_COLOUR_NONE : colour;
    }
    if (bytes_starts_fold(text, BYTES("rgb")) || bytes_starts_fold(text, BYTES("hsl"))) {
        return colour_function(text, transparent);
    }
    if (bytes_starts_fold(text, BYTES("transparent"))) {
        *transparent = true;
        return HTML_COLOUR_NONE;
    }
    int colour = colour_named(text);
    return colour == HTML_COLOUR_UNKNOWN && text.size == 6 && ascii_hex(text.at[0]) >= 0
               ? colour_digits(text, transparent)
               : colour;
}
