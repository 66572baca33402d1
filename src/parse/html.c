#include "parse/html.h"

#include "base/limits.h"
#include "base/why.h"
#include "base/writer.h"
#include "parse/html_page_private.h"
#include "parse/html_usual_private.h"
#include "parse/links_private.h"

/* How far up an end tag looks for its start, and a rule for its ancestors: browsers know no bound, hostile mail does. */
#define SEARCH_DEPTH 64

struct open_element {
    const struct html_element *element;
    struct html_target target;
    struct html_look look;
    enum hidden_reason hidden; /* by its look */
    bool pre, reading;
    bool
        plain; /* its text is seen where it stands, and blanks run together; not that of <title>, which is hidden */
};

/* A link whose text is being written: where it began in its page. */
struct shown {
    size_t link;
    size_t from, to;
    struct html_page *page;
};

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
#define KEPT_STYLES 64u
struct kept_style {
    struct read_style read;
    struct bytes raw;
};
_Static_assert(COMMON_SIZE <= UINT8_MAX, "a size is one byte");

/* Elements that there is room for at first: few documents are deeper. */
#define STACK_FIRST 48

struct view {
    struct arena *arena;
    struct html_tokens *tokens;
    struct html_result *r;
    struct html_page visible, hidden, title, readings;
    struct html_spans spans;
    struct html_rules *rules;
    bool rules_closed; /* all are known: this is the second reading */
    bool
        rules_late; /* one came after what it may concern: only further rules are looked for */
    bool more_rules;                  /* and some may follow */
    bool begun;                       /* something was met that a rule may concern */
    struct open_element *stack, *top; /* the first stands for what all elements are in */
    size_t stack_room;
    size_t paragraphs;   /* open <p> */
    struct shown *shown; /* one for each anchor */
    size_t shown_count, link_room, shown_room;
    bool in_anchor;
    struct bytes base;
    size_t based_count;      /* links that were read before the base was known */
    struct kept_style *kept; /* KEPT_STYLES of them, not set before their bit is */
    uint64_t kept_slots;
    const struct html_element *paragraph;
};

/* Text ------------------------------------------------------------------------------------------------------------- */

static struct html_page *
page_of(struct view *v, const struct open_element *in)
{
    return in->hidden != HIDDEN_NOT ? &v->hidden : in->reading ? &v->readings : &v->visible;
}

/* As much as there is room for, not cut inside a character. */
static struct bytes
fitting(struct view *v, const struct html_page *page, struct bytes text)
{
    if (text.size > LIMIT_TEXT_BYTES - page->w.size) {
        text = bytes_slice(text, 0, LIMIT_TEXT_BYTES - page->w.size);
        while (text.size > 0 && (text.at[text.size - 1] & 0xc0) == 0x80) {
            text.size--;
        }
        text.size -= text.size > 0 && text.at[text.size - 1] >= 0xc0;
        v->r->text_cut = true;
    }
    return text;
}

/* The outermost open element that is looked at. */
static inline struct open_element *
highest_of(const struct view *v)
{
    return v->top - v->stack >= SEARCH_DEPTH ? v->top - (SEARCH_DEPTH - 1) : v->stack + 1;
}

static void
put_text_as(struct view *v, const struct open_element *in, struct bytes text)
{
    struct html_page *page = page_of(v, in);

    if (in->element->what == HTML_WHAT_TITLE) {
        html_page_text(&v->title, text);
    }
    if (page->w.size >= LIMIT_TEXT_BYTES) {
        v->r->text_cut = true;
        return;
    }
    text = fitting(v, page, text);
    if (in->hidden != HIDDEN_NOT && bytes_trim(text).size > 0) {
        v->r->hidden_cut |=
            !html_spans_start(&v->spans, in->hidden, &v->hidden, &v->visible);
    }
    if (in->pre) {
        html_page_pre(page, text);
    } else {
        html_page_text(page, text);
    }
    if (in->hidden != HIDDEN_NOT && v->spans.count > 0) {
        struct html_span *span = &v->spans.list[v->spans.count - 1];
        span->to = page->w.size;
        span->has_link |= v->in_anchor;
    }
}

static void
put_text(struct view *v, struct bytes text)
{
    put_text_as(v, v->top, text);
}

/* What stands between an element of that shape and its neighbours: a line end, a blank or nothing. No branch hangs on the shape, since
 * nobody can tell which comes next. */
static inline void
part(struct view *v, unsigned shape)
{
    unsigned lines = (shape & HTML_SHAPE_BLOCK) != 0;
    bool blank = (shape & HTML_SHAPE_CELL) != 0;

    html_page_break(&v->visible, lines);
    html_page_break(&v->hidden, lines);
    v->visible.blank |= blank;
    v->hidden.blank |= blank;
}

/* Attributes ------------------------------------------------------------------------------------------------------- */

/* The raw value of the first attribute of that name; at == NULL if it is not there, or has no value. */
static inline struct bytes
value_of(const struct view *v, enum html_attribute_name name)
{
    const struct html_tokens *t = v->tokens;

    return t->known.set & 1u << name ? t->attributes[t->known.at[name]].value : BYTES_NONE;
}

/* The decoded value of an attribute; at == NULL if it is not there. */
static struct bytes
attribute(struct view *v, const struct html_token *token, enum html_attribute_name name)
{
    if ((v->tokens->known.set & 1u << name) == 0) {
        return BYTES_NONE;
    }
    struct bytes value = value_of(v, name);
    if (value.at == NULL) {
        return BYTES("");
    }
    return html_decode(v->arena, value, HTML_REFERENCES | HTML_IN_ATTRIBUTE);
}

/* A link that was written alike shortly before, with the same base; NULL if there is none. */
static const struct link *
same_link(const struct view *v, struct bytes written)
{
    const struct html_result *r = v->r;
    size_t first = r->link_count > LINKS_BACK ? r->link_count - LINKS_BACK : 0;

    first = first < v->based_count ? v->based_count : first;
    for (size_t i = r->link_count; written.size <= LIMIT_URL && i-- > first;) {
        if (bytes_equal(r->links[i].written, written)) {
            return &r->links[i];
        }
    }
    return NULL;
}

static struct link *
add_link(struct view *v, enum link_kind kind, struct bytes written)
{
    struct html_result *r = v->r;

    written = bytes_trim(written);
    if (written.size == 0) {
        return NULL;
    }
    if (r->link_count == LIMIT_LINKS) {
        r->links_cut = true;
        return NULL;
    }
    if (r->link_count == v->link_room) {
        size_t room = v->link_room == 0 ? 16 : v->link_room * 2;
        r->links = arena_grow(v->arena, r->links, v->link_room * sizeof *r->links,
                              room * sizeof *r->links);
        v->link_room = room;
    }
    const struct link *same = same_link(v, written);
    struct link *link = &r->links[r->link_count++];
    *link = (struct link){.kind = kind};
    if (same != NULL) {
        *link = *same;
        link->kind = kind;
        link->text = BYTES_NONE;
        link->flags &= ~(unsigned)(LINK_BEACON | LINK_HIDDEN | LINK_SHOWN_OTHER);
        return link;
    }
    link_resolve_after(v->arena, link, written, v->base, r->links, r->link_count - 1);
    return link;
}

static void
add_attribute_link(struct view *v, const struct html_token *token,
                   enum html_attribute_name name, enum link_kind kind)
{
    add_link(v, kind, attribute(v, token, name));
}

/* Anchors ---------------------------------------------------------------------------------------------------------- */

static void
end_anchor(struct view *v)
{
    if (v->in_anchor) {
        struct shown *s = &v->shown[v->shown_count - 1];
        s->to = s->page->w.size;
        v->in_anchor = false;
    }
}

static void
start_anchor(struct view *v, const struct html_token *token)
{
    end_anchor(v);
    if (add_link(v, LINK_ANCHOR, attribute(v, token, HTML_ATTRIBUTE_HREF)) == NULL) {
        return;
    }
    if (v->shown_count == v->shown_room) {
        size_t room = v->shown_room == 0 ? 16 : v->shown_room * 2;
        v->shown = arena_grow(v->arena, v->shown, v->shown_room * sizeof *v->shown,
                              room * sizeof *v->shown);
        v->shown_room = room;
    }
    struct html_page *page = page_of(v, v->top);
    v->shown[v->shown_count++] =
        (struct shown){.link = v->r->link_count - 1, .from = page->w.size, .page = page};
    v->in_anchor = true;
}

/* Looks ------------------------------------------------------------------------------------------------------------ */

static void
say_colour_attribute(struct html_style *old, struct bytes value)
{
    bool transparent;

    old->said |= HTML_SAID_COLOUR;
    old->colour = html_colour(value, &transparent);
}

/* What attributes say of the look: the older ones into `old`, which every rule beats, and style. */
static void
read_look_attributes(struct view *v, const struct html_token *token,
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
            add_link(v, LINK_IMAGE,
                     html_decode(v->arena, value, HTML_REFERENCES | HTML_IN_ATTRIBUTE));
            break;
        default:
            break;
        }
    }
}

static uint64_t
hash_of(struct bytes raw)
{
    uint64_t hash = raw.size + raw.at[raw.size - 1], eight;

    for (size_t i = 0; i + sizeof eight <= raw.size; i += sizeof eight) {
        memcpy(&eight, raw.at + i, sizeof eight);
        hash = (hash ^ eight) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return hash;
}

static void
read_style(struct view *v, struct bytes raw, struct read_style *r)
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
style_of(struct view *v, struct bytes raw)
{
    static struct common_style commons[COMMON_STYLES];
    uint64_t hash = hash_of(raw), bit = (uint64_t)1 << hash % KEPT_STYLES;
    struct common_style *common = &commons[hash % COMMON_STYLES];
    struct read_style read;

    if (common->size == raw.size && memcmp(common->raw, raw.at, raw.size) == 0) {
        return &common->read;
    }
    if ((v->kept_slots & bit) != 0 && bytes_equal(v->kept[hash % KEPT_STYLES].raw, raw)) {
        return &v->kept[hash % KEPT_STYLES].read;
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
        v->kept = arena_grow(v->arena, NULL, 0, KEPT_STYLES * sizeof *v->kept);
    }
    struct kept_style *kept = &v->kept[hash % KEPT_STYLES];
    v->kept_slots |= bit;
    *kept = (struct kept_style){read, raw};
    return &kept->read;
}

/* Says what the rules say of the element last in its path. */
static void
take_rules(struct view *v, const struct html_target *target, struct html_style *said,
           struct html_style *important)
{
    const struct html_target *path[SEARCH_DEPTH + 1];
    size_t count = 0;

    for (const struct open_element *e = highest_of(v); e <= v->top; e++) {
        path[count++] = &e->target;
    }
    path[count++] = target;
    html_rules_take(v->rules, path, count, said, important);
}

/* The attributes that say how an element looks, and those of them that only a style says it by. */
#define BY_STYLE                                                                           \
    (1u << HTML_ATTRIBUTE_ID | 1u << HTML_ATTRIBUTE_CLASS | 1u << HTML_ATTRIBUTE_STYLE)
#define BY_ITSELF                                                                          \
    (1u << HTML_ATTRIBUTE_DIR | 1u << HTML_ATTRIBUTE_TEXT | 1u << HTML_ATTRIBUTE_COLOR |   \
     1u << HTML_ATTRIBUTE_HIDDEN | 1u << HTML_ATTRIBUTE_BGCOLOR |                          \
     1u << HTML_ATTRIBUTE_BACKGROUND)

static void
add_style_links(struct view *v, const struct read_style *style)
{
    struct bytes url;
    size_t at = 0;

    while (style->has_url && html_style_url(style->text, &at, &url)) {
        add_link(v, LINK_IMAGE, url);
    }
}

/* Changes the look of what an element stands in to its own, by all that is said of it. Gives what of it is said to hide. */
static inline unsigned
take_look(struct view *v, const struct html_element *element, struct open_element *e,
          const struct html_style *said)
{
    bool turned = e->look.turned;

    if (said->said == 0 && (element->shape & HTML_SHAPE_HIDDEN) == 0 &&
        element->what != HTML_WHAT_A) {
        return 0; /* it looks as what it stands in */
    }
    html_look_take(&e->look, said);
    v->r->facts.turned_count += e->look.turned && !turned;
    if ((element->shape & HTML_SHAPE_HIDDEN) && e->look.gone == HIDDEN_NOT) {
        e->look.gone = HIDDEN_ELEMENT;
    }
    e->hidden = html_look_hides(&e->look);
    return said->yes;
}

/* read_look where attributes, rules and a style may all say something. */
static unsigned
read_whole_look(struct view *v, const struct html_token *token,
                const struct html_element *element, struct open_element *e)
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

/* How an element looks within the open ones; e begins with the look of what it stands in. Gives what of it is said to hide. */
static unsigned
read_look(struct view *v, const struct html_token *token,
          const struct html_element *element, struct open_element *e)
{
    const struct html_known *known = &v->tokens->known;

    e->target.name = token->text;
    e->target.id = value_of(v, HTML_ATTRIBUTE_ID);
    e->target.classes = value_of(v, HTML_ATTRIBUTE_CLASS);
    if ((known->set & BY_ITSELF) || (known->twice & BY_STYLE) ||
        (v->rules->count > 0 && html_rules_may_meet(v->rules, &e->target))) {
        return read_whole_look(v, token, element, e);
    }
    static const struct html_style nothing;
    const struct html_style *said = &nothing;
    struct bytes style = value_of(v, HTML_ATTRIBUTE_STYLE);
    if (style.size > 0) {
        const struct read_style *read = style_of(v, style);
        add_style_links(v, read);
        said = &read->whole;
    }
    return take_look(v, element, e, said);
}

/* Elements that mean more than their look --------------------------------------------------------------------------- */

static bool
is_beacon_size(struct view *v, const struct html_token *token,
               enum html_attribute_name name)
{
    struct bytes value = value_of(v, name);

    if (value.size == 0 || (value.at[0] > '1' && ascii_digit(value.at[0]))) {
        return false; /* as mostly: 600 */
    }
    value = attribute(v, token, name);
    return value.size > 0 && (value.at[0] == '0' || value.at[0] == '1') &&
           (value.size == 1 || !ascii_digit(value.at[1]));
}

static void
read_image(struct view *v, const struct html_token *token)
{
    struct open_element image = *v->top;

    v->r->facts.image_count++;
    image.element = token->element;
    unsigned hides = read_look(v, token, image.element, &image);
    bool dot = (hides & (HTML_SAID_DOT | HTML_SAID_HEIGHT | HTML_SAID_WIDTH)) != 0 ||
               is_beacon_size(v, token, HTML_ATTRIBUTE_WIDTH) ||
               is_beacon_size(v, token, HTML_ATTRIBUTE_HEIGHT);
    bool hidden = dot || image.look.gone != HIDDEN_NOT || image.look.invisible;
    struct bytes alt = attribute(v, token, HTML_ATTRIBUTE_ALT);
    struct link *link = add_link(v, LINK_IMAGE, attribute(v, token, HTML_ATTRIBUTE_SRC));
    if (link != NULL) {
        link->text = alt;
        if (hidden && link->host.size > 0) {
            link->flags |= LINK_BEACON;
            v->r->facts.beacon_count++;
        }
    }
    if (!dot && (image.look.gone != HIDDEN_NOT || alt.size > 0)) {
        put_text_as(v, &image, alt);
    }
}

static void
read_input(struct view *v, const struct html_token *token)
{
    struct bytes type = attribute(v, token, HTML_ATTRIBUTE_TYPE);

    v->r->facts.has_password |= bytes_is_fold(type, "password");
    add_attribute_link(v, token, HTML_ATTRIBUTE_FORMACTION, LINK_FORM);
    if (bytes_is_fold(type, "image")) {
        read_image(v, token);
    } else if (bytes_is_fold(type, "password")) {
        v->visible.blank = true;
        put_text(v, attribute(v, token, HTML_ATTRIBUTE_PLACEHOLDER));
        v->visible.blank = true;
    } else if (!bytes_is_fold(type, "hidden")) {
        struct bytes value = attribute(v, token, HTML_ATTRIBUTE_VALUE);
        v->visible.blank = true;
        put_text(v,
                 value.size > 0 ? value : attribute(v, token, HTML_ATTRIBUTE_PLACEHOLDER));
        v->visible.blank = true;
    }
}

static void
read_meta(struct view *v, const struct html_token *token)
{
    if (!bytes_is_fold(attribute(v, token, HTML_ATTRIBUTE_HTTP_EQUIV), "refresh")) {
        return;
    }
    v->r->facts.has_refresh = true;
    struct bytes content = attribute(v, token, HTML_ATTRIBUTE_CONTENT);
    size_t at = bytes_find_fold(content, BYTES("url="), 0);
    if (at != BYTES_NOWHERE) {
        struct bytes url = bytes_trim(bytes_from(content, at + 4));
        if (url.size >= 2 && (url.at[0] == '\'' || url.at[0] == '"')) {
            url = bytes_slice(url, 1, url.size - (url.at[url.size - 1] == url.at[0]));
        }
        add_link(v, LINK_OTHER, url);
    }
}

static void
read_special(struct view *v, const struct html_token *token, enum html_what what)
{
    if (v->rules_late && what != HTML_WHAT_PLAINTEXT) {
        return;
    }
    switch (what) {
    case HTML_WHAT_A:
        start_anchor(v, token);
        break;
    case HTML_WHAT_AREA:
        add_attribute_link(v, token, HTML_ATTRIBUTE_HREF, LINK_ANCHOR);
        break;
    case HTML_WHAT_BASE:
        if (v->base.size == 0) {
            v->base = bytes_trim(attribute(v, token, HTML_ATTRIBUTE_HREF));
            v->r->facts.has_base = v->base.size > 0;
            v->based_count = v->r->link_count;
        }
        break;
    case HTML_WHAT_BR:
        html_page_break(page_of(v, v->top),
                        2 < v->visible.lines + 1 ? 2 : v->visible.lines + 1);
        break;
    case HTML_WHAT_BUTTON:
        add_attribute_link(v, token, HTML_ATTRIBUTE_FORMACTION, LINK_FORM);
        break;
    case HTML_WHAT_FORM:
        v->r->facts.has_form = true;
        add_attribute_link(v, token, HTML_ATTRIBUTE_ACTION, LINK_FORM);
        break;
    case HTML_WHAT_FRAME:
        v->r->facts.has_frame = true;
        add_attribute_link(v, token, HTML_ATTRIBUTE_SRC, LINK_OTHER);
        break;
    case HTML_WHAT_IMG:
        read_image(v, token);
        break;
    case HTML_WHAT_INPUT:
        read_input(v, token);
        break;
    case HTML_WHAT_LINK:
        add_attribute_link(v, token, HTML_ATTRIBUTE_HREF, LINK_OTHER);
        break;
    case HTML_WHAT_META:
        read_meta(v, token);
        break;
    case HTML_WHAT_OBJECT:
        v->r->facts.has_object = true;
        add_attribute_link(v, token, HTML_ATTRIBUTE_SRC, LINK_OTHER);
        add_attribute_link(v, token, HTML_ATTRIBUTE_DATA, LINK_OTHER);
        break;
    case HTML_WHAT_SCRIPT:
        v->r->facts.has_script = true;
        add_attribute_link(v, token, HTML_ATTRIBUTE_SRC, LINK_OTHER);
        break;
    case HTML_WHAT_PLAINTEXT:
        v->tokens->state = HTML_PLAINTEXT;
        break;
    case HTML_WHAT_STYLE:
    case HTML_WHAT_OTHER:
    case HTML_WHAT_BDO:
    case HTML_WHAT_BODY:
    case HTML_WHAT_FONT:
    case HTML_WHAT_P:
    case HTML_WHAT_READING:
    case HTML_WHAT_TABLE:
    case HTML_WHAT_TITLE:
        break;
    }
}

/* Open elements ---------------------------------------------------------------------------------------------------- */

/* Closes an element and all that are open in it. */
static inline void
close_element(struct view *v, const struct open_element *outermost)
{
    for (; v->top >= outermost; v->top--) {
        const struct html_element *element = v->top->element;
        part(v, element->shape);
        if (element->what == HTML_WHAT_OTHER) {
            continue;
        }
        if (element->what == HTML_WHAT_A) {
            end_anchor(v);
        } else if (element->what == HTML_WHAT_READING) {
            v->readings.blank = true;
        }
        v->paragraphs -= element->what == HTML_WHAT_P;
    }
}

/* The open element of that name, looking no further up than a barrier; NULL if there is none. */
static const struct open_element *
find_open(const struct view *v, const struct html_element *element, struct bytes name,
          bool past_barriers)
{
    const struct open_element *highest = highest_of(v);

    for (const struct open_element *e = v->top; e >= highest; e--) {
        if (e->element == element &&
            (element != html_elements || bytes_equal_fold(e->target.name, name))) {
            return e;
        }
        if (!past_barriers &&
            (e->element->shape & (HTML_SHAPE_BARRIER | HTML_SHAPE_CELL))) {
            return NULL;
        }
    }
    return NULL;
}

static void
close_implied(struct view *v, const struct html_element *element)
{
    const struct open_element *open = NULL;

    if ((element->shape & HTML_SHAPE_RUBY) && (v->top->element->shape & HTML_SHAPE_RUBY)) {
        close_element(v, v->top);
        return;
    }
    if (element->shape & HTML_SHAPE_CLOSES_SAME) {
        open = find_open(v, element, BYTES_NONE, false);
    }
    if (open == NULL && v->paragraphs > 0 && (element->shape & HTML_SHAPE_CLOSES_P)) {
        open = find_open(v, v->paragraph, BYTES_NONE, false);
    }
    if (open != NULL) {
        close_element(v, open);
    }
}

/* Room for one open element more, up to LIMIT_HTML_DEPTH of them; false: there is none. */
__attribute__((noinline)) static bool
grow_stack(struct view *v)
{
    size_t depth = v->stack_room;
    size_t room = depth * 2 < LIMIT_HTML_DEPTH + 1 ? depth * 2 : LIMIT_HTML_DEPTH + 1;

    if (depth == LIMIT_HTML_DEPTH + 1) {
        return false;
    }
    v->stack =
        arena_grow(v->arena, v->stack, depth * sizeof *v->stack, room * sizeof *v->stack);
    v->top = v->stack + depth - 1;
    v->stack_room = room;
    return true;
}

static void
open_element(struct view *v, const struct html_token *token,
             const struct html_element *element)
{
    if (v->top + 1 == v->stack + v->stack_room && !grow_stack(v)) {
        v->r->depth_cut = true;
        return;
    }
    const struct open_element *outer = v->top;
    struct open_element *e = v->top + 1;
    e->element = element;
    e->look = outer->look;
    e->hidden = outer->hidden;
    e->pre = outer->pre | ((element->shape & HTML_SHAPE_PRE) != 0);
    e->reading = outer->reading | (element->what == HTML_WHAT_READING);
    if (element->what == HTML_WHAT_A && e->look.colour >= 0) {
        e->look.colour = HTML_COLOUR_NONE; /* links have a colour of their own */
    }
    if (!v->rules_late &&
        ((v->tokens->known.set & (BY_ITSELF | BY_STYLE)) != 0 || v->rules->count > 0 ||
         element->what == HTML_WHAT_A || (element->shape & HTML_SHAPE_HIDDEN) != 0)) {
        read_look(v, token, element, e);
    } else {
        e->target = (struct html_target){.name = token->text};
    }
    v->begun = v->begun ||
               ((element->shape & (HTML_SHAPE_SKIPPED | HTML_SHAPE_RAW)) == 0 &&
                !bytes_is_fold(token->text, "html") && !bytes_is_fold(token->text, "head"));
    v->paragraphs += element->what == HTML_WHAT_P;
    e->plain = (e->hidden == HIDDEN_NOT) & !e->pre & !e->reading &
               !(element->shape & HTML_SHAPE_SKIPPED);
    v->top = e;
}

static void
read_start(struct view *v, const struct html_token *token)
{
    const struct html_element *element = token->element;

    if (element->shape & (HTML_SHAPE_CLOSES_P | HTML_SHAPE_CLOSES_SAME | HTML_SHAPE_RUBY)) {
        close_implied(v, element);
    }
    part(v, element->shape);
    if (element->shape & HTML_SHAPE_VOID) {
        if (element->what != HTML_WHAT_OTHER) {
            read_special(v, token, element->what);
        }
        return;
    }
    open_element(v, token, element);
    if (element->what != HTML_WHAT_OTHER) {
        read_special(v, token, element->what);
    }
    if (element->shape & HTML_SHAPE_RAW) {
        v->tokens->last_start = token->text;
        v->tokens->state = element->what == HTML_WHAT_SCRIPT    ? HTML_SCRIPT
                           : element->shape & HTML_SHAPE_RCDATA ? HTML_RCDATA
                                                                : HTML_RAWTEXT;
    }
}

static void
read_end(struct view *v, const struct html_token *token)
{
    const struct html_element *element = token->element;
    const struct open_element *open = v->top;

    if (open->element != element || element == html_elements) {
        open = find_open(v, element, token->text,
                         element->shape & (HTML_SHAPE_CELL | HTML_SHAPE_BARRIER |
                                           HTML_SHAPE_CLOSES_SAME));
    }
    if (element->what == HTML_WHAT_BR || element->what == HTML_WHAT_P) {
        part(v, HTML_SHAPE_BLOCK);
    }
    if (element->what == HTML_WHAT_A) {
        end_anchor(v);
    }
    if (open != NULL) {
        close_element(v, open);
    }
}

/* The whole ------------------------------------------------------------------------------------------------------- */

static void
finish_links(struct view *v)
{
    end_anchor(v);
    for (size_t i = 0; i < v->shown_count; i++) {
        const struct shown *s = &v->shown[i];
        struct link *link = &v->r->links[s->link];
        link->text = bytes_trim(bytes_slice(writer_view(&s->page->w), s->from, s->to));
        link->flags |= s->page == &v->hidden ? LINK_HIDDEN : 0u;
        link_compare(v->arena, link);
    }
}

/* Readings of ruby are seen too: they follow what they are written over. */
static void
put_readings(struct view *v)
{
    struct bytes readings = bytes_trim(writer_view(&v->readings.w));

    if (readings.size > 0) {
        html_page_break(&v->visible, 2);
        v->visible.blank = false;
        if (v->visible.w.size < LIMIT_TEXT_BYTES) {
            html_page_pre(&v->visible, fitting(v, &v->visible, readings));
        }
    }
}

static void
view_start(struct view *v, struct arena *arena, struct bytes html, struct html_result *r)
{
    struct html_rules *rules = v->rules;
    struct html_tokens *tokens = v->tokens;
    struct open_element *stack = v->stack;
    size_t stack_room = v->stack_room;
    struct kept_style *kept = v->kept;
    uint64_t kept_slots = v->kept_slots;
    bool closed = v->rules_late;

    *r = (struct html_result){0};
    *v = (struct view){.arena = arena,
                       .r = r,
                       .rules = rules,
                       .rules_closed = closed,
                       .tokens = tokens,
                       .stack = stack,
                       .stack_room = stack_room,
                       .kept = kept,
                       .kept_slots = kept_slots,
                       .paragraph = html_element_of(BYTES("p")),
                       .top = stack};
    stack[0] = (struct open_element){.element = html_element_of(BYTES_NONE),
                                     .plain = true,
                                     .look = {.size = HTML_SIZE_USUAL,
                                              .colour = HTML_COLOUR_NONE,
                                              .ground = HTML_COLOUR_NONE}};
    writer_init(&v->visible.w, arena);
    writer_init(&v->hidden.w, arena);
    writer_init(&v->title.w, arena);
    writer_init(&v->readings.w, arena);
    writer_reserve(&v->visible.w,
                   html.size / 4 < LIMIT_TEXT_BYTES ? html.size / 4 : LIMIT_TEXT_BYTES);
    html_tokens_init(v->tokens, html);
    v->tokens->joins_blanks = true;
}

/* Blanks alone, as they stand between tags: where text is plain they are owed, and nothing more. */
static inline void
read_blanks(struct view *v, struct bytes blanks, bool line)
{
    const struct open_element *in = v->top;

    if (in->plain && blanks.size < LIMIT_TEXT_BYTES - v->visible.w.size) {
        v->visible.blank |= blanks.size > 0;
        v->visible.source_line |= line;
    } else if (blanks.size > 0 && !v->rules_late &&
               !(in->element->shape & HTML_SHAPE_SKIPPED)) {
        put_text(v, html_decode(v->arena, blanks, HTML_DROP_NUL));
    }
}

/* Whether a <style> may stand at or behind `at`. */
static bool
may_have_style(struct bytes html, size_t at)
{
    for (; at + SCAN_SIZE < html.size; at += SCAN_SIZE) {
        scan_block block = scan_load(html.at + at), next = scan_load(html.at + at + 1);
        unsigned hits = scan_hits(scan_is(block, '<') & scan_is(next | 0x20, 's'));
        for (; hits != 0; hits &= hits - 1) {
            if (bytes_starts_fold(bytes_from(html, at + scan_first(hits)),
                                  BYTES("<style"))) {
                return true;
            }
        }
    }
    return bytes_find_fold(bytes_from(html, at), BYTES("<style"), 0) != BYTES_NOWHERE;
}

/* Text as it mostly is goes to its page as it is read. false: it does not. */
static bool
put_raw(struct view *v, const struct html_token *token)
{
    const struct open_element *in = v->top;
    struct html_page *page = &v->visible;

    if (!in->plain || token->decoding != (HTML_KEEP_NUL | HTML_REFERENCES) ||
        page->w.size >= LIMIT_TEXT_BYTES ||
        token->text.size >= (LIMIT_TEXT_BYTES - page->w.size) / 2) {
        return false;
    }
    size_t from = (size_t)(token->text.at - v->tokens->in.at);
    html_page_raw(page, v->tokens->in, from, from + token->text.size);
    return true;
}

static void
read_text(struct view *v, const struct html_token *token)
{
    const struct html_element *in = v->top->element;

    if (!(in->shape & HTML_SHAPE_SKIPPED)) {
        if (v->rules_late) {
            return;
        }
        if (token->blank) {
            read_blanks(v, token->text, token->line);
            return;
        }
        v->begun =
            v->begun || (in->what != HTML_WHAT_TITLE && bytes_trim(token->text).size > 0);
        if (put_raw(v, token)) {
            return;
        }
        unsigned decoding = token->decoding & ~(unsigned)HTML_KEEP_NUL;
        decoding |= token->decoding & HTML_KEEP_NUL ? HTML_DROP_NUL : 0u;
        put_text(v, html_decode(v->arena, token->text, decoding));
    } else if (in->what == HTML_WHAT_STYLE && !v->rules_closed) {
        size_t before = v->rules->count;
        html_rules_add(v->rules, token->text);
        if (v->begun && v->rules->count > before) {
            v->rules_late = true;
            v->more_rules = may_have_style(v->tokens->in, v->tokens->at);
        }
    }
}

static void
read_tokens(struct view *v)
{
    struct html_token token;

    while ((!v->rules_late || v->more_rules) &&
           (html_tokens_usual(v->tokens, &token) || html_tokens_next(v->tokens, &token))) {
        if (token.kind == HTML_START) {
            read_blanks(v, token.before, token.line);
            read_start(v, &token);
        } else if (token.kind == HTML_END) {
            read_blanks(v, token.before, token.line);
            read_end(v, &token);
        } else if (token.kind == HTML_TEXT) {
            read_text(v, &token);
        } else if (token.kind == HTML_COMMENT && token.text.size > 0 &&
                   token.text.at[0] != '[') {
            v->r->facts.comment_count++;
            v->r->facts.comment_bytes += token.text.size;
        }
    }
}

void
html_read(struct arena *arena, struct bytes html, struct html_result *r)
{
    struct html_rules rules;
    struct html_tokens tokens;
    struct view v = {.rules = &rules, .tokens = &tokens};

    html_rules_init(&rules, arena);
    v.stack_room = STACK_FIRST;
    v.stack = arena_grow(arena, NULL, 0, STACK_FIRST * sizeof *v.stack);
    view_start(&v, arena, html, r);
    read_tokens(&v);
    if (v.rules_late) {
        view_start(&v, arena, html, r);
        read_tokens(&v);
    }
    r->hidden_texts = html_spans_finish(arena, &v.spans, &v.hidden, v.visible.w.size > 0);
    r->hidden_count = v.spans.count;
    put_readings(&v);
    finish_links(&v);
    r->visible = writer_view(&v.visible.w);
    r->hidden = writer_view(&v.hidden.w);
    r->title = writer_view(&v.title.w);
}
