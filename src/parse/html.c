#include "parse/html.h"

#include "base/limits.h"
#include "base/why.h"
#include "base/writer.h"
#include "parse/html_page_private.h"
#include "parse/html_tokens.h"
#include "parse/html_view_private.h"
#include "parse/links_private.h"
#include "parse/scan_private.h"

/* How far up an end tag looks for its start, and a rule for its ancestors: browsers know no bound, hostile mail does. */
#define SEARCH_DEPTH 64

struct open_element {
    const struct html_element *element;
    struct html_target target;
    struct html_look look;
    enum hidden_reason hidden; /* by its look */
    bool pre, reading;
};

/* A link whose text is being written: where it began in its page. */
struct shown {
    size_t link;
    size_t from, to;
    struct html_page *page;
};

/* A style attribute, as written and as read. */
struct kept_style {
    struct bytes raw, text;
    struct html_style normal, important;
    bool has_url; /* or another function */
};
#define KEPT_STYLES 64
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
    bool more_rules; /* and some may follow */
    bool begun;      /* something was met that a rule may concern */
    struct open_element *stack;
    size_t depth, stack_room;
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

static struct open_element *
top(struct view *v)
{
    return &v->stack[v->depth - 1];
}

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
    put_text_as(v, top(v), text);
}

static void
break_line(struct view *v, unsigned lines)
{
    html_page_break(&v->visible, lines);
    html_page_break(&v->hidden, 1);
}

/* Attributes ------------------------------------------------------------------------------------------------------- */

/* The raw value of the first attribute of that name; at == NULL if it is not there, or has no value. */
static inline struct bytes
value_of(const struct html_token *token, enum html_attribute_name name)
{
    return token->known->set & 1u << name ? token->attributes[token->known->at[name]].value
                                          : BYTES_NONE;
}

/* The decoded value of an attribute; at == NULL if it is not there. */
static struct bytes
attribute(struct view *v, const struct html_token *token, enum html_attribute_name name)
{
    if ((token->known->set & 1u << name) == 0) {
        return BYTES_NONE;
    }
    struct bytes value = value_of(token, name);
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
    struct html_page *page = page_of(v, top(v));
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

    for (size_t i = 0; i < token->attribute_count; i++) {
        struct bytes value = token->attributes[i].value;
        switch (token->known->names[i]) {
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

/* What a style attribute says. Mail repeats its styles, so those met last are remembered. */
static const struct kept_style *
style_of(struct view *v, struct bytes raw)
{
    if (v->kept == NULL) {
        v->kept = arena_grow(v->arena, NULL, 0, KEPT_STYLES * sizeof *v->kept);
    }
    uint64_t hash = raw.size + raw.at[raw.size - 1], eight;
    for (size_t i = 0; i + sizeof eight <= raw.size; i += sizeof eight) {
        memcpy(&eight, raw.at + i, sizeof eight);
        hash = (hash ^ eight) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    struct kept_style *kept = &v->kept[hash % KEPT_STYLES];
    uint64_t bit = (uint64_t)1 << hash % KEPT_STYLES;

    if ((v->kept_slots & bit) == 0 || !bytes_equal(kept->raw, raw)) {
        v->kept_slots |= bit;
        kept->raw = raw;
        kept->text = html_decode(v->arena, raw, HTML_REFERENCES | HTML_IN_ATTRIBUTE);
        html_style_read(v->arena, kept->text, &kept->normal, &kept->important);
        kept->has_url = bytes_find_byte(kept->text, '(', 0) != BYTES_NOWHERE;
    }
    return kept;
}

/* Says what the rules say of the element last in its path. */
static void
take_rules(struct view *v, const struct html_target *target, struct html_style *said,
           struct html_style *important)
{
    const struct html_target *path[SEARCH_DEPTH + 1];
    size_t count = 0;

    for (size_t i = v->depth > SEARCH_DEPTH ? v->depth - SEARCH_DEPTH : 1; i < v->depth;
         i++) {
        path[count++] = &v->stack[i].target;
    }
    path[count++] = target;
    html_rules_take(v->rules, path, count, said, important);
}

/* How an element looks within the open ones; e begins with the look of what it stands in. Gives what of it is said to hide. */
static unsigned
read_look(struct view *v, const struct html_token *token,
          const struct html_element *element, struct open_element *e)
{
    const uint32_t plain = 1u << HTML_ATTRIBUTE_ID | 1u << HTML_ATTRIBUTE_CLASS |
                           1u << HTML_ATTRIBUTE_STYLE,
                   looks = plain | 1u << HTML_ATTRIBUTE_DIR | 1u << HTML_ATTRIBUTE_TEXT |
                           1u << HTML_ATTRIBUTE_COLOR | 1u << HTML_ATTRIBUTE_HIDDEN |
                           1u << HTML_ATTRIBUTE_BGCOLOR | 1u << HTML_ATTRIBUTE_BACKGROUND;
    const struct html_known *known = token->known;
    struct html_style said = {0}, important = {0};
    struct bytes style = BYTES_NONE, url;
    size_t at = 0;

    e->target = (struct html_target){.name = token->text};
    if ((known->set & looks & ~plain) || (known->twice & plain)) {
        read_look_attributes(v, token, element, &said, &style, &e->target);
    } else if (known->set & plain) {
        e->target.id = value_of(token, HTML_ATTRIBUTE_ID);
        e->target.classes = value_of(token, HTML_ATTRIBUTE_CLASS);
        style = value_of(token, HTML_ATTRIBUTE_STYLE);
    }
    if (v->rules->count > 0 && html_rules_may_meet(v->rules, &e->target)) {
        take_rules(v, &e->target, &said, &important);
    }
    if (style.size > 0) {
        const struct kept_style *kept = style_of(v, style);
        html_style_merge(&said, &kept->normal);
        if (kept->important.said != 0) {
            html_style_merge(&important, &kept->important);
        }
        while (kept->has_url && html_style_url(kept->text, &at, &url)) {
            add_link(v, LINK_IMAGE, url);
        }
    }
    if (important.said != 0) {
        html_style_merge(&said, &important);
    }
    if (said.said == 0 && (element->shape & HTML_SHAPE_HIDDEN) == 0 &&
        element->what != HTML_WHAT_A) {
        return 0; /* it looks as what it stands in */
    }
    bool turned = e->look.turned;
    html_look_take(&e->look, &said);
    v->r->facts.turned_count += e->look.turned && !turned;
    if ((element->shape & HTML_SHAPE_HIDDEN) && e->look.gone == HIDDEN_NOT) {
        e->look.gone = HIDDEN_ELEMENT;
    }
    e->hidden = html_look_hides(&e->look);
    return said.yes;
}

/* Elements that mean more than their look --------------------------------------------------------------------------- */

static bool
is_beacon_size(struct bytes value)
{
    return value.size > 0 && (value.at[0] == '0' || value.at[0] == '1') &&
           (value.size == 1 || !ascii_digit(value.at[1]));
}

static void
read_image(struct view *v, const struct html_token *token)
{
    struct open_element image = *top(v);

    v->r->facts.image_count++;
    image.element = token->element;
    unsigned hides = read_look(v, token, image.element, &image);
    bool dot = (hides & (HTML_SAID_DOT | HTML_SAID_HEIGHT | HTML_SAID_WIDTH)) != 0 ||
               is_beacon_size(attribute(v, token, HTML_ATTRIBUTE_WIDTH)) ||
               is_beacon_size(attribute(v, token, HTML_ATTRIBUTE_HEIGHT));
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
        html_page_break(page_of(v, top(v)),
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

static void
close_to(struct view *v, size_t depth)
{
    while (v->depth > depth) {
        const struct open_element *e = top(v);
        if (e->element->shape & HTML_SHAPE_BLOCK) {
            break_line(v, 1);
        } else if (e->element->shape & HTML_SHAPE_CELL) {
            v->visible.blank = v->hidden.blank = true;
        }
        if (e->element->what == HTML_WHAT_A) {
            end_anchor(v);
        } else if (e->element->what == HTML_WHAT_READING) {
            v->readings.blank = true;
        }
        v->paragraphs -= e->element->what == HTML_WHAT_P;
        v->depth--;
    }
}

/* The open element of that name, looking no further up than a barrier; 0 if there is none (the root has no name). */
static size_t
find_open(const struct view *v, const struct html_element *element, struct bytes name,
          bool past_barriers)
{
    size_t lowest = v->depth > SEARCH_DEPTH ? v->depth - SEARCH_DEPTH : 1;

    for (size_t i = v->depth; i-- > lowest;) {
        const struct open_element *e = &v->stack[i];
        if (e->element == element &&
            (element->name[0] != 0 || bytes_equal_fold(e->target.name, name))) {
            return i;
        }
        if (!past_barriers &&
            (e->element->shape & (HTML_SHAPE_BARRIER | HTML_SHAPE_CELL))) {
            return 0;
        }
    }
    return 0;
}

static void
close_implied(struct view *v, const struct html_element *element)
{
    size_t open = 0;

    if ((element->shape & HTML_SHAPE_RUBY) && (top(v)->element->shape & HTML_SHAPE_RUBY)) {
        close_to(v, v->depth - 1);
        return;
    }
    if (element->shape & HTML_SHAPE_CLOSES_SAME) {
        open = find_open(v, element, BYTES_NONE, false);
    }
    if (open == 0 && v->paragraphs > 0 && (element->shape & HTML_SHAPE_CLOSES_P)) {
        open = find_open(v, v->paragraph, BYTES_NONE, false);
    }
    if (open > 0) {
        close_to(v, open);
    }
}

static void
open_element(struct view *v, const struct html_token *token,
             const struct html_element *element)
{
    if (v->depth == LIMIT_HTML_DEPTH + 1) {
        v->r->depth_cut = true;
        return;
    }
    if (v->depth == v->stack_room) {
        size_t room = v->stack_room * 2 < LIMIT_HTML_DEPTH + 1 ? v->stack_room * 2
                                                               : LIMIT_HTML_DEPTH + 1;
        v->stack = arena_grow(v->arena, v->stack, v->stack_room * sizeof *v->stack,
                              room * sizeof *v->stack);
        v->stack_room = room;
    }
    struct open_element *e = &v->stack[v->depth];
    const struct open_element *outer = top(v);
    e->element = element;
    e->look = outer->look;
    e->hidden = outer->hidden;
    e->pre = outer->pre || (element->shape & HTML_SHAPE_PRE) != 0;
    e->reading = outer->reading || element->what == HTML_WHAT_READING;
    if (element->what == HTML_WHAT_A && e->look.colour >= 0) {
        e->look.colour = HTML_COLOUR_NONE; /* links have a colour of their own */
    }
    if (!v->rules_late &&
        (token->known->set != 0 || v->rules->count > 0 || element->what == HTML_WHAT_A ||
         (element->shape & HTML_SHAPE_HIDDEN) != 0)) {
        read_look(v, token, element, e);
    } else {
        e->target = (struct html_target){.name = token->text};
    }
    v->begun = v->begun ||
               ((element->shape & (HTML_SHAPE_SKIPPED | HTML_SHAPE_RAW)) == 0 &&
                !bytes_is_fold(token->text, "html") && !bytes_is_fold(token->text, "head"));
    v->paragraphs += element->what == HTML_WHAT_P;
    v->depth++;
}

static void
read_start(struct view *v, const struct html_token *token)
{
    const struct html_element *element = token->element;

    if (element->shape & (HTML_SHAPE_CLOSES_P | HTML_SHAPE_CLOSES_SAME | HTML_SHAPE_RUBY)) {
        close_implied(v, element);
    }
    if (element->shape & HTML_SHAPE_BLOCK) {
        break_line(v, 1);
    } else if (element->shape & HTML_SHAPE_CELL) {
        v->visible.blank = v->hidden.blank = true;
    }
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
        v->tokens->state = element->what == HTML_WHAT_SCRIPT    ? HTML_SCRIPT
                           : element->shape & HTML_SHAPE_RCDATA ? HTML_RCDATA
                                                                : HTML_RAWTEXT;
    }
}

static void
read_end(struct view *v, const struct html_token *token)
{
    const struct html_element *element = token->element;
    size_t open = v->depth - 1;

    if (open == 0 || top(v)->element != element || element->name[0] == 0) {
        open = find_open(v, element, token->text,
                         element->shape & (HTML_SHAPE_CELL | HTML_SHAPE_BARRIER |
                                           HTML_SHAPE_CLOSES_SAME));
    }
    if (element->what == HTML_WHAT_BR || element->what == HTML_WHAT_P) {
        break_line(v, 1);
    }
    if (element->what == HTML_WHAT_A) {
        end_anchor(v);
    }
    if (open > 0) {
        close_to(v, open);
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
                       .depth = 1};
    stack[0] = (struct open_element){.element = html_element_of(BYTES_NONE),
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

/* Blanks alone, as they stand between tags, need no decoding: they are owed, and nothing more. false: it is more. */
static inline bool
read_blanks(struct view *v, size_t size, bool line)
{
    const struct open_element *in = top(v);
    struct html_page *page = page_of(v, in);

    if (page == &v->hidden || in->pre || in->element->what == HTML_WHAT_TITLE ||
        size >= LIMIT_TEXT_BYTES - page->w.size) {
        return false;
    }
    page->blank = true;
    page->source_line |= line;
    return true;
}

/* The blanks that came with a tag. */
static inline void
read_before(struct view *v, const struct html_token *token)
{
    if (token->before.size > 0 && !v->rules_late &&
        !(top(v)->element->shape & HTML_SHAPE_SKIPPED) &&
        !read_blanks(v, token->before.size, token->line)) {
        put_text(v, html_decode(v->arena, token->before, HTML_DROP_NUL));
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

static void
read_text(struct view *v, const struct html_token *token)
{
    const struct html_element *in = top(v)->element;

    if (!(in->shape & HTML_SHAPE_SKIPPED)) {
        if (v->rules_late) {
            return;
        }
        if (token->blank && read_blanks(v, token->text.size, token->line)) {
            return;
        }
        v->begun =
            v->begun || (in->what != HTML_WHAT_TITLE && bytes_trim(token->text).size > 0);
        if (token->plain) {
            put_text(v, token->text);
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

    while ((!v->rules_late || v->more_rules) && html_tokens_next(v->tokens, &token)) {
        if (token.kind == HTML_START) {
            read_before(v, &token);
            read_start(v, &token);
        } else if (token.kind == HTML_END) {
            read_before(v, &token);
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
