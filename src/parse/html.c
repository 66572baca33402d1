#include "parse/html.h"

#include "base/limits.h"
#include "base/why.h"
#include "base/writer.h"
#include "parse/html_tokens.h"
#include "parse/html_view_private.h"
#include "parse/links.h"

/* How far up an end tag looks for its start: browsers know no bound, hostile mail does. */
#define SEARCH_DEPTH 64

struct open_element {
    const struct html_element *element;
    struct bytes name;
    struct html_look look;
    bool pre;
};

/* Text on its way out. Blanks are held back until a letter follows. */
struct page {
    struct writer w;
    unsigned lines;   /* line breaks owed */
    bool blank;       /* a blank is owed */
    bool source_line; /* the blank was a line end of the source */
};

/* A link whose text is being written: where it began in its page. */
struct shown {
    size_t link;
    size_t from, to;
    bool hidden;
};

struct view {
    struct arena *arena;
    struct html_tokens *tokens;
    struct html_result *r;
    struct page visible, hidden, title;
    struct open_element *stack;
    size_t depth;
    struct shown *shown; /* one for each anchor */
    size_t shown_count, link_room, shown_room;
    bool in_anchor;
    struct bytes base;
};

/* Text ------------------------------------------------------------------------------------------------------------- */

static bool
is_wide(const uint8_t *at)
{
    return (at[0] >= 0xe3 && at[0] <= 0xe9) || (at[0] == 0xef && at[1] >= 0xbc);
}

/* A line end of the source between two Chinese or Japanese letters is no blank (CSS Text 4.1.3). */
static bool
joins(const struct page *p, struct bytes next)
{
    return p->source_line && p->w.size >= 3 && next.size >= 3 &&
           is_wide(p->w.at + p->w.size - 3) && is_wide(next.at);
}

static void
page_settle(struct page *p, struct bytes next)
{
    if (p->w.size > 0 && p->lines > 0) {
        writer_byte(&p->w, '\n');
        if (p->lines > 1) {
            writer_byte(&p->w, '\n');
        }
    } else if (p->w.size > 0 && p->blank && !joins(p, next)) {
        writer_byte(&p->w, ' ');
    }
    p->lines = 0;
    p->blank = p->source_line = false;
}

static void
page_text(struct page *p, struct bytes text)
{
    size_t at = 0;

    while (at < text.size) {
        size_t start = at;
        while (at < text.size && !html_blank(text.at[at])) {
            at++;
        }
        if (at > start) {
            page_settle(p, bytes_from(text, start));
            writer_bytes(&p->w, bytes_slice(text, start, at));
        }
        for (; at < text.size && html_blank(text.at[at]); at++) {
            p->source_line |= text.at[at] == '\n';
            p->blank = true;
        }
    }
}

/* With its blanks and lines. */
static void
page_pre(struct page *p, struct bytes text)
{
    if (text.size > 0) {
        page_settle(p, text);
        writer_bytes(&p->w, text);
    }
}

static void
page_break(struct page *p, unsigned lines)
{
    if (p->lines < lines) {
        p->lines = lines;
    }
}

static struct open_element *
top(struct view *v)
{
    return &v->stack[v->depth - 1];
}

static struct page *
page_of(struct view *v, bool hidden)
{
    return hidden ? &v->hidden : &v->visible;
}

static void
put_text(struct view *v, struct bytes text)
{
    struct open_element *in = top(v);
    bool hidden = html_look_hides(&in->look);
    struct page *page = page_of(v, hidden);

    if (in->element->what == HTML_WHAT_TITLE) {
        page_text(&v->title, text);
    }
    if (page->w.size >= LIMIT_TEXT_BYTES) {
        v->r->text_cut = true;
        return;
    }
    if (text.size > LIMIT_TEXT_BYTES - page->w.size) {
        text = bytes_slice(text, 0, LIMIT_TEXT_BYTES - page->w.size);
        while (text.size > 0 && (text.at[text.size - 1] & 0xc0) == 0x80) {
            text.size--;
        }
        text.size -= text.size > 0 && text.at[text.size - 1] >= 0xc0;
        v->r->text_cut = true;
    }
    if (in->pre) {
        page_pre(page, text);
    } else {
        page_text(page, text);
    }
}

static void
break_line(struct view *v, unsigned lines)
{
    page_break(&v->visible, lines);
    page_break(&v->hidden, 1);
}

/* Attributes ------------------------------------------------------------------------------------------------------- */

/* The decoded value of an attribute; at == NULL if it is not there. */
static struct bytes
attribute(struct view *v, const struct html_token *token, const char *name)
{
    for (size_t i = 0; i < token->attribute_count; i++) {
        if (bytes_is_fold(token->attributes[i].name, name)) {
            struct bytes value = token->attributes[i].value;
            if (value.at == NULL) {
                return BYTES("");
            }
            return html_decode(v->arena, value, HTML_REFERENCES | HTML_IN_ATTRIBUTE);
        }
    }
    return BYTES_NONE;
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
    struct link *link = &r->links[r->link_count++];
    *link = (struct link){.kind = kind};
    link_resolve(v->arena, link, written, v->base);
    return link;
}

static void
add_attribute_link(struct view *v, const struct html_token *token, const char *name,
                   enum link_kind kind)
{
    add_link(v, kind, attribute(v, token, name));
}

/* Anchors ---------------------------------------------------------------------------------------------------------- */

static void
end_anchor(struct view *v)
{
    if (v->in_anchor) {
        struct shown *s = &v->shown[v->shown_count - 1];
        s->to = page_of(v, s->hidden)->w.size;
        v->in_anchor = false;
    }
}

static void
start_anchor(struct view *v, const struct html_token *token)
{
    end_anchor(v);
    if (add_link(v, LINK_ANCHOR, attribute(v, token, "href")) == NULL) {
        return;
    }
    if (v->shown_count == v->shown_room) {
        size_t room = v->shown_room == 0 ? 16 : v->shown_room * 2;
        v->shown = arena_grow(v->arena, v->shown, v->shown_room * sizeof *v->shown,
                              room * sizeof *v->shown);
        v->shown_room = room;
    }
    bool hidden = html_look_hides(&top(v)->look);
    v->shown[v->shown_count++] = (struct shown){
        .link = v->r->link_count - 1, .from = page_of(v, hidden)->w.size, .hidden = hidden};
    v->in_anchor = true;
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
    struct html_look look = top(v)->look;

    v->r->image_count++;
    html_look_style(&look, attribute(v, token, "style"));
    bool beacon = look.gone || look.invisible ||
                  is_beacon_size(attribute(v, token, "width")) ||
                  is_beacon_size(attribute(v, token, "height"));
    v->r->hidden_images += beacon;
    struct bytes alt = attribute(v, token, "alt");
    struct link *link = add_link(v, LINK_IMAGE, attribute(v, token, "src"));
    if (link != NULL) {
        link->text = alt;
    }
    if (!beacon) {
        put_text(v, alt);
    }
}

static void
read_input(struct view *v, const struct html_token *token)
{
    struct bytes type = attribute(v, token, "type");

    v->r->has_password |= bytes_is_fold(type, "password");
    add_attribute_link(v, token, "formaction", LINK_FORM);
    if (bytes_is_fold(type, "image")) {
        read_image(v, token);
    } else if (!bytes_is_fold(type, "hidden") && !bytes_is_fold(type, "password")) {
        v->visible.blank = true;
        put_text(v, attribute(v, token, "value"));
        v->visible.blank = true;
    }
}

static void
read_meta(struct view *v, const struct html_token *token)
{
    if (!bytes_is_fold(attribute(v, token, "http-equiv"), "refresh")) {
        return;
    }
    v->r->has_refresh = true;
    struct bytes content = attribute(v, token, "content");
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
    switch (what) {
    case HTML_WHAT_A:
        start_anchor(v, token);
        break;
    case HTML_WHAT_AREA:
        add_attribute_link(v, token, "href", LINK_ANCHOR);
        break;
    case HTML_WHAT_BASE:
        if (v->base.size == 0) {
            v->base = bytes_trim(attribute(v, token, "href"));
            v->r->has_base = v->base.size > 0;
        }
        break;
    case HTML_WHAT_BR:
        page_break(page_of(v, html_look_hides(&top(v)->look)),
                   2 < v->visible.lines + 1 ? 2 : v->visible.lines + 1);
        break;
    case HTML_WHAT_BUTTON:
        add_attribute_link(v, token, "formaction", LINK_FORM);
        break;
    case HTML_WHAT_FORM:
        v->r->has_form = true;
        add_attribute_link(v, token, "action", LINK_FORM);
        break;
    case HTML_WHAT_FRAME:
        v->r->has_frame = true;
        add_attribute_link(v, token, "src", LINK_OTHER);
        break;
    case HTML_WHAT_IMG:
        read_image(v, token);
        break;
    case HTML_WHAT_INPUT:
        read_input(v, token);
        break;
    case HTML_WHAT_LINK:
        add_attribute_link(v, token, "href", LINK_OTHER);
        break;
    case HTML_WHAT_META:
        read_meta(v, token);
        break;
    case HTML_WHAT_OBJECT:
        v->r->has_object = true;
        add_attribute_link(v, token, "src", LINK_OTHER);
        add_attribute_link(v, token, "data", LINK_OTHER);
        break;
    case HTML_WHAT_SCRIPT:
        v->r->has_script = true;
        add_attribute_link(v, token, "src", LINK_OTHER);
        break;
    case HTML_WHAT_PLAINTEXT:
        v->tokens->state = HTML_PLAINTEXT;
        break;
    case HTML_WHAT_STYLE:
    case HTML_WHAT_OTHER:
    case HTML_WHAT_BODY:
    case HTML_WHAT_FONT:
    case HTML_WHAT_P:
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
        }
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
            (element->name[0] != 0 || bytes_equal_fold(e->name, name))) {
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

    if (element->shape & HTML_SHAPE_CLOSES_SAME) {
        open = find_open(v, element, BYTES_NONE, false);
    }
    if (open == 0 && (element->shape & HTML_SHAPE_CLOSES_P)) {
        open = find_open(v, html_element_of(BYTES("p")), BYTES_NONE, false);
    }
    if (open > 0) {
        close_to(v, open);
    }
}

/* What attributes say of the look: style, and the older ones. */
static void
read_look(struct view *v, const struct html_token *token,
          const struct html_element *element, struct html_look *look)
{
    bool transparent;

    look->gone |= (element->shape & HTML_SHAPE_HIDDEN) != 0;
    for (size_t i = 0; i < token->attribute_count; i++) {
        struct bytes name = token->attributes[i].name, value = token->attributes[i].value;
        if (bytes_is_fold(name, "style")) {
            struct bytes url,
                style = html_decode(v->arena, value, HTML_REFERENCES | HTML_IN_ATTRIBUTE);
            size_t at = 0;
            html_look_style(look, style);
            while (html_style_url(style, &at, &url)) {
                add_link(v, LINK_IMAGE, url);
            }
        } else if (bytes_is_fold(name, "hidden")) {
            look->gone = true;
        } else if (bytes_is_fold(name, "bgcolor")) {
            int colour = html_colour(value, &transparent);
            look->ground = colour != HTML_COLOUR_NONE ? colour : look->ground;
        } else if (bytes_is_fold(name, "background")) {
            look->ground = HTML_COLOUR_UNKNOWN;
            add_link(v, LINK_IMAGE,
                     html_decode(v->arena, value, HTML_REFERENCES | HTML_IN_ATTRIBUTE));
        } else if ((element->what == HTML_WHAT_FONT && bytes_is_fold(name, "color")) ||
                   (element->what == HTML_WHAT_BODY && bytes_is_fold(name, "text"))) {
            look->colour = html_colour(value, &transparent);
        }
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
    struct open_element *e = &v->stack[v->depth];
    *e = (struct open_element){
        .element = element, .name = token->text, .look = top(v)->look, .pre = top(v)->pre};
    e->pre |= (element->shape & HTML_SHAPE_PRE) != 0;
    if (element->what == HTML_WHAT_A && e->look.colour >= 0) {
        e->look.colour = HTML_COLOUR_NONE; /* links have a colour of their own */
    }
    read_look(v, token, element, &e->look);
    v->depth++;
}

static void
read_start(struct view *v, const struct html_token *token)
{
    const struct html_element *element = html_element_of(token->text);

    if (element->shape & (HTML_SHAPE_CLOSES_P | HTML_SHAPE_CLOSES_SAME)) {
        close_implied(v, element);
    }
    if (element->shape & HTML_SHAPE_BLOCK) {
        break_line(v, 1);
    } else if (element->shape & HTML_SHAPE_CELL) {
        v->visible.blank = v->hidden.blank = true;
    }
    if (element->shape & HTML_SHAPE_VOID) {
        read_special(v, token, element->what);
        return;
    }
    open_element(v, token, element);
    read_special(v, token, element->what);
    if (element->shape & HTML_SHAPE_RAW) {
        v->tokens->state = element->what == HTML_WHAT_SCRIPT    ? HTML_SCRIPT
                           : element->shape & HTML_SHAPE_RCDATA ? HTML_RCDATA
                                                                : HTML_RAWTEXT;
    }
}

static void
read_end(struct view *v, const struct html_token *token)
{
    const struct html_element *element = html_element_of(token->text);
    size_t open = find_open(
        v, element, token->text,
        element->shape & (HTML_SHAPE_CELL | HTML_SHAPE_BARRIER | HTML_SHAPE_CLOSES_SAME));

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
    struct bytes pages[2] = {writer_view(&v->visible.w), writer_view(&v->hidden.w)};

    end_anchor(v);
    for (size_t i = 0; i < v->shown_count; i++) {
        const struct shown *s = &v->shown[i];
        v->r->links[s->link].text =
            bytes_trim(bytes_slice(pages[s->hidden], s->from, s->to));
    }
}

void
html_read(struct arena *arena, struct bytes html, struct html_result *r)
{
    struct view v = {
        .arena = arena, .r = r, .tokens = ARENA_NEW(arena, struct html_tokens)};
    struct html_token token;

    *r = (struct html_result){0};
    v.stack = ARENA_NEW_MANY(arena, LIMIT_HTML_DEPTH + 1, struct open_element);
    v.stack[0] = (struct open_element){
        .element = html_element_of(BYTES_NONE),
        .look = {.colour = HTML_COLOUR_NONE, .ground = HTML_COLOUR_NONE}};
    v.depth = 1;
    writer_init(&v.visible.w, arena);
    writer_init(&v.hidden.w, arena);
    writer_init(&v.title.w, arena);
    writer_reserve(&v.visible.w,
                   html.size / 4 < LIMIT_TEXT_BYTES ? html.size / 4 : LIMIT_TEXT_BYTES);
    html_tokens_init(v.tokens, html);
    while (html_tokens_next(v.tokens, &token)) {
        if (token.kind == HTML_START) {
            read_start(&v, &token);
        } else if (token.kind == HTML_END) {
            read_end(&v, &token);
        } else if (token.kind == HTML_TEXT &&
                   !(top(&v)->element->shape & HTML_SHAPE_SKIPPED)) {
            put_text(&v, html_decode(arena, token.text,
                                     token.decoding & ~(unsigned)HTML_KEEP_NUL));
        }
    }
    finish_links(&v);
    r->visible = writer_view(&v.visible.w);
    r->hidden = writer_view(&v.hidden.w);
    r->title = writer_view(&v.title.w);
}
