#include "parse/hash_private.h"
#include "parse/html_reader_private.h"

/* Letters of at most two pixels are not read by anybody. */
#define TINY 2000
/* A size never grows beyond this many thousandths of a pixel, however often it is multiplied. */
#define SIZE_MOST 1000000

/* A style attribute as it was read. */
struct read_style {
    struct html_style normal, important, whole; /* whole: both of them */
    struct bytes text;                          /* decoded, if it has an URL */
    bool has_url;
};

/* Mail repeats its styles, within a message and from one to the next. Those met last that are short and name no URL are kept by the process;
 * the others by the reader, as long as the message is. Each is found by a hash of what is written, and takes the place of another. */
#define COMMON_STYLES 512u
#define COMMON_SIZE   184u
struct common_style {
    struct read_style read;
    uint8_t size, raw[COMMON_SIZE];
};
#define HTML_KEPT_STYLES 64u
struct html_kept_style {
    struct read_style read;
    struct bytes raw;
};
_Static_assert(COMMON_SIZE <= UINT8_MAX, "a size is one byte");

/* From styles to looks ------------------------------------------------------------------------------------------------ */

/* Why an element of that style and all in it is not shown. */
static enum hidden_reason
gone_by(unsigned yes)
{
    const unsigned box =
        HTML_SAID_HEIGHT | HTML_SAID_MOST_HEIGHT | HTML_SAID_WIDTH | HTML_SAID_MOST_WIDTH;
    const unsigned away = HTML_SAID_LEFT | HTML_SAID_TOP | HTML_SAID_RIGHT;

    if (yes & HTML_SAID_DISPLAY) {
        return HIDDEN_DISPLAY;
    }
    if (yes & HTML_SAID_OPACITY) {
        return HIDDEN_OPACITY;
    }
    if (((yes & HTML_SAID_OVERFLOW) && (yes & box)) ||
        (yes & (HTML_SAID_CLIP | HTML_SAID_CLIP_PATH | HTML_SAID_SHRUNK))) {
        return HIDDEN_BOX;
    }
    if (((yes & HTML_SAID_POSITION) && (yes & away)) ||
        (yes & (HTML_SAID_INDENT | HTML_SAID_MARGIN_LEFT | HTML_SAID_MARGIN_TOP |
                HTML_SAID_MOVED))) {
        return HIDDEN_OFF_SCREEN;
    }
    return HIDDEN_NOT;
}

static void
look_take(struct html_look *look, const struct html_style *style)
{
    if (style->said == 0) {
        return;
    }
    if (look->gone == HIDDEN_NOT) {
        look->gone = gone_by(style->yes);
    }
    if (style->said & HTML_SAID_VISIBILITY) {
        look->invisible = (style->yes & HTML_SAID_VISIBILITY) != 0;
    }
    if (style->said & HTML_SAID_SIZE) {
        int64_t size =
            style->size_relative ? (int64_t)look->size * style->size / 1000 : style->size;
        look->size = (int)(size > SIZE_MOST ? SIZE_MOST : size);
    }
    if (style->said & HTML_SAID_COLOUR) {
        look->colour = style->colour;
        look->transparent = (style->yes & HTML_SAID_COLOUR) != 0;
    }
    if (style->said & HTML_SAID_GROUND) {
        look->ground = style->ground;
    }
    if ((style->yes & HTML_SAID_BIDI) && (style->yes & HTML_SAID_DIRECTION)) {
        look->turned = true;
    }
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

static enum hidden_reason
look_hides(const struct html_look *look)
{
    int ground = look->ground == HTML_COLOUR_NONE ? 0xffffff : look->ground;

    if (look->gone != HIDDEN_NOT) {
        return look->gone;
    }
    if (look->invisible) {
        return HIDDEN_VISIBILITY;
    }
    if (look->size <= TINY) {
        return HIDDEN_SIZE;
    }
    return look->transparent ||
                   (look->colour >= 0 && ground >= 0 && is_near(look->colour, ground))
               ? HIDDEN_COLOUR
               : HIDDEN_NOT;
}

/* What is said of an element ------------------------------------------------------------------------------------------ */

static void
say_colour_attribute(struct html_style *old, struct bytes value)
{
    bool transparent;

    old->said |= HTML_SAID_COLOUR;
    old->colour = html_colour(value, &transparent);
}

/* What attributes say of the look: the older ones into `old`, which every rule beats, and style. */
static void
read_look_attributes(struct html_view *v, const struct html_token *token,
                     const struct html_element *element, struct html_style *old,
                     struct bytes *style_r, struct html_target *target)
{
    bool transparent;
    int colour;

    for (size_t i = 0; i < v->tokens->attribute_count; i++) {
        struct bytes value = v->tokens->attributes[i].value;
        switch (v->tokens->known.names[i]) {
        case HTML_ATTRIBUTE_ID:
            target->id = value;
            break;
        case HTML_ATTRIBUTE_DIR:
            if (element->what == HTML_WHAT_BDO) {
                old->said |= HTML_SAID_BIDI | HTML_SAID_DIRECTION;
                old->yes |= HTML_SAID_BIDI |
                            (bytes_is_fold(value, "rtl") ? HTML_SAID_DIRECTION : 0u);
            }
            break;
        case HTML_ATTRIBUTE_TEXT:
            if (element->what == HTML_WHAT_BODY) {
                say_colour_attribute(old, value);
            }
            break;
        case HTML_ATTRIBUTE_STYLE:
            *style_r = style_r->at == NULL ? value : *style_r;
            break;
        case HTML_ATTRIBUTE_CLASS:
            target->classes = value;
            break;
        case HTML_ATTRIBUTE_COLOR:
            if (element->what == HTML_WHAT_FONT) {
                say_colour_attribute(old, value);
            }
            break;
        case HTML_ATTRIBUTE_HIDDEN:
            old->said |= HTML_SAID_DISPLAY;
            old->yes |= HTML_SAID_DISPLAY;
            break;
        case HTML_ATTRIBUTE_BGCOLOR:
            if ((colour = html_colour(value, &transparent)) != HTML_COLOUR_NONE) {
                old->said |= HTML_SAID_GROUND;
                old->ground = colour;
            }
            break;
        case HTML_ATTRIBUTE_BACKGROUND:
            old->said |= HTML_SAID_GROUND;
            old->ground = HTML_COLOUR_UNKNOWN;
            html_add_link(
                v, LINK_IMAGE,
                html_decode(v->arena, value, HTML_REFERENCES | HTML_IN_ATTRIBUTE));
            break;
        default:
            break;
        }
    }
}

static void
read_style(struct html_view *v, struct bytes raw, struct read_style *r)
{
    struct bytes url;
    size_t at = 0;

    r->text = html_decode(v->arena, raw, HTML_REFERENCES | HTML_IN_ATTRIBUTE);
    html_style_read(v->arena, r->text, &r->normal, &r->important);
    r->whole = r->normal;
    html_style_merge(&r->whole, &r->important);
    r->has_url = html_style_url(r->text, &at, &url);
}

/* What a style attribute says that is not empty. */
static const struct read_style *
style_of(struct html_view *v, struct bytes raw)
{
    static struct common_style commons[COMMON_STYLES];
    uint64_t hash = hash_of(raw), bit = (uint64_t)1 << hash % HTML_KEPT_STYLES;
    struct common_style *common = &commons[hash % COMMON_STYLES];
    struct read_style read;

    if (common->size == raw.size && memcmp(common->raw, raw.at, raw.size) == 0) {
        return &common->read;
    }
    if ((v->kept_slots & bit) != 0 &&
        bytes_equal(v->kept[hash % HTML_KEPT_STYLES].raw, raw)) {
        return &v->kept[hash % HTML_KEPT_STYLES].read;
    }
    read_style(v, raw, &read);
    if (raw.size <= COMMON_SIZE && !read.has_url) {
        common->read = read;
        common->read.text = BYTES_NONE;
        common->size = (uint8_t)raw.size;
        memcpy(common->raw, raw.at, raw.size);
        return &common->read;
    }
    if (v->kept == NULL) {
        v->kept = arena_grow(v->arena, NULL, 0, HTML_KEPT_STYLES * sizeof *v->kept);
    }
    struct html_kept_style *kept = &v->kept[hash % HTML_KEPT_STYLES];
    v->kept_slots |= bit;
    *kept = (struct html_kept_style){read, raw};
    return &kept->read;
}

/* Says what the rules say of the element last in its path. */
static void
take_rules(struct html_view *v, const struct html_target *target, struct html_style *said,
           struct html_style *important)
{
    const struct html_target *path[HTML_SEARCH_DEPTH + 1];
    size_t count = 0;

    for (const struct html_open *e = html_highest_of(v); e <= v->top; e++) {
        path[count++] = &e->target;
    }
    path[count++] = target;
    html_rules_take(v->rules, path, count, said, important);
}

static void
add_style_links(struct html_view *v, const struct read_style *style)
{
    struct bytes url;
    size_t at = 0;

    while (style->has_url && html_style_url(style->text, &at, &url)) {
        html_add_link(v, LINK_IMAGE, url);
    }
}

/* Changes the look of what an element stands in to its own, by all that is said of it. Gives what of it is said to hide. */
static inline unsigned
take_look(struct html_view *v, const struct html_element *element, struct html_open *e,
          const struct html_style *said)
{
    bool turned = e->look.turned;

    if (said->said == 0 && (element->shape & HTML_SHAPE_HIDDEN) == 0 &&
        element->what != HTML_WHAT_A) {
        return 0; /* it looks as what it stands in */
    }
    look_take(&e->look, said);
    v->r->facts.turned_count += e->look.turned && !turned;
    if ((element->shape & HTML_SHAPE_HIDDEN) && e->look.gone == HIDDEN_NOT) {
        e->look.gone = HIDDEN_ELEMENT;
    }
    e->hidden = look_hides(&e->look);
    return said->yes;
}

/* html_read_look where attributes, rules and a style may all say something. */
static unsigned
read_whole_look(struct html_view *v, const struct html_token *token,
                const struct html_element *element, struct html_open *e)
{
    struct html_style said = {0}, important = {0};
    struct bytes style = BYTES_NONE;

    e->target = (struct html_target){.name = token->text};
    read_look_attributes(v, token, element, &said, &style, &e->target);
    if (v->rules->count > 0 && html_rules_may_meet(v->rules, &e->target)) {
        take_rules(v, &e->target, &said, &important);
    }
    if (style.size > 0) {
        const struct read_style *read = style_of(v, style);
        html_style_merge(&said, &read->normal);
        html_style_merge(&important, &read->important);
        add_style_links(v, read);
    }
    html_style_merge(&said, &important);
    return take_look(v, element, e, &said);
}

unsigned
html_read_look(struct html_view *v, const struct html_token *token,
               const struct html_element *element, struct html_open *e)
{
    const struct html_known *known = &v->tokens->known;

    e->target.name = token->text;
    e->target.id = html_value_of(v, HTML_ATTRIBUTE_ID);
    e->target.classes = html_value_of(v, HTML_ATTRIBUTE_CLASS);
    if ((known->set & HTML_SAYS_BY_ITSELF) || (known->twice & HTML_SAYS_BY_STYLE) ||
        (v->rules->count > 0 && html_rules_may_meet(v->rules, &e->target))) {
        return read_whole_look(v, token, element, e);
    }
    static const struct html_style nothing;
    const struct html_style *said = &nothing;
    struct bytes style = html_value_of(v, HTML_ATTRIBUTE_STYLE);
    if (style.size > 0) {
        const struct read_style *read = style_of(v, style);
        add_style_links(v, read);
        said = &read->whole;
    }
    return take_look(v, element, e, said);
}
