#include "parse/html.h"

#include "base/limits.h"
#include "base/why.h"
#include "base/writer.h"
#include "parse/html_reader_private.h"
#include "parse/html_usual_private.h"
#include "parse/links_private.h"

/* Elements that there is room for at first: few documents are deeper. */
#define STACK_FIRST 48

/* Text ------------------------------------------------------------------------------------------------------------- */

static struct html_page *
page_of(struct html_view *v, const struct html_open *in)
{
    return in->hidden != HIDDEN_NOT        ? &v->hidden
           : in->ways & HTML_SHAPE_READING ? &v->readings
                                           : &v->visible;
}

/* As much as there is room for, not cut inside a character. */
static struct bytes
fitting(struct html_view *v, const struct html_page *page, struct bytes text)
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
put_text_as(struct html_view *v, const struct html_open *in, struct bytes text)
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
    if (in->ways & HTML_SHAPE_PRE) {
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
put_text(struct html_view *v, struct bytes text)
{
    put_text_as(v, v->top, text);
}

/* What stands between an element of that shape and its neighbours: a line end, a blank or nothing. No branch hangs on the shape, since
 * nobody can tell which comes next. */
static inline void
part(struct html_view *v, unsigned shape)
{
    unsigned lines = (shape & HTML_SHAPE_BLOCK) != 0;
    bool blank = (shape & HTML_SHAPE_CELL) != 0;

    html_page_break(&v->visible, lines);
    html_page_break(&v->hidden, lines);
    v->visible.blank |= blank;
    v->hidden.blank |= blank;
}

/* Attributes ------------------------------------------------------------------------------------------------------- */

/* The decoded value of an attribute; at == NULL if it is not there. */
static struct bytes
attribute(struct html_view *v, const struct html_token *token,
          enum html_attribute_name name)
{
    if ((v->tokens->known.set & 1u << name) == 0) {
        return BYTES_NONE;
    }
    struct bytes value = html_value_of(v, name);
    if (value.at == NULL) {
        return BYTES("");
    }
    return html_decode(v->arena, value, HTML_REFERENCES | HTML_IN_ATTRIBUTE);
}

/* A link that was written alike shortly before, with the same base; NULL if there is none. */
static const struct link *
same_link(const struct html_view *v, struct bytes written)
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

struct link *
html_add_link(struct html_view *v, enum link_kind kind, struct bytes written)
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
add_attribute_link(struct html_view *v, const struct html_token *token,
                   enum html_attribute_name name, enum link_kind kind)
{
    html_add_link(v, kind, attribute(v, token, name));
}

/* Anchors ---------------------------------------------------------------------------------------------------------- */

static void
end_anchor(struct html_view *v)
{
    if (v->in_anchor) {
        struct html_shown *s = &v->shown[v->shown_count - 1];
        s->to = s->page->w.size;
        v->in_anchor = false;
    }
}

static void
start_anchor(struct html_view *v, const struct html_token *token)
{
    end_anchor(v);
    if (html_add_link(v, LINK_ANCHOR, attribute(v, token, HTML_ATTRIBUTE_HREF)) == NULL) {
        return;
    }
    if (v->shown_count == v->shown_room) {
        size_t room = v->shown_room == 0 ? 16 : v->shown_room * 2;
        v->shown = arena_grow(v->arena, v->shown, v->shown_room * sizeof *v->shown,
                              room * sizeof *v->shown);
        v->shown_room = room;
    }
    struct html_page *page = page_of(v, v->top);
    v->shown[v->shown_count++] = (struct html_shown){
        .link = v->r->link_count - 1, .from = page->w.size, .page = page};
    v->in_anchor = true;
}

/* Elements that mean more than their look --------------------------------------------------------------------------- */

static bool
is_beacon_size(struct html_view *v, const struct html_token *token,
               enum html_attribute_name name)
{
    struct bytes value = html_value_of(v, name);

    if (value.size == 0 || (value.at[0] > '1' && ascii_digit(value.at[0]))) {
        return false; /* as mostly: 600 */
    }
    value = attribute(v, token, name);
    return value.size > 0 && (value.at[0] == '0' || value.at[0] == '1') &&
           (value.size == 1 || !ascii_digit(value.at[1]));
}

static void
read_image(struct html_view *v, const struct html_token *token)
{
    struct html_open image = *v->top;

    v->r->facts.image_count++;
    image.element = token->element;
    unsigned hides = html_read_look(v, token, image.element, &image);
    bool dot = (hides & (HTML_SAID_DOT | HTML_SAID_HEIGHT | HTML_SAID_WIDTH)) != 0 ||
               is_beacon_size(v, token, HTML_ATTRIBUTE_WIDTH) ||
               is_beacon_size(v, token, HTML_ATTRIBUTE_HEIGHT);
    bool hidden = dot || image.look.gone != HIDDEN_NOT || image.look.invisible;
    struct bytes alt = attribute(v, token, HTML_ATTRIBUTE_ALT);
    struct link *link =
        html_add_link(v, LINK_IMAGE, attribute(v, token, HTML_ATTRIBUTE_SRC));
    if (link != NULL) {
        link->text = alt.size > 0 ? alt : attribute(v, token, HTML_ATTRIBUTE_TITLE);
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
read_input(struct html_view *v, const struct html_token *token)
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
read_meta(struct html_view *v, const struct html_token *token)
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
        html_add_link(v, LINK_OTHER, url);
    }
}

static inline void
read_break(struct html_view *v)
{
    html_page_break(page_of(v, v->top),
                    2 < v->visible.lines + 1 ? 2 : v->visible.lines + 1);
}

static void
read_special(struct html_view *v, const struct html_token *token, enum html_what what)
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
        read_break(v);
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
close_element(struct html_view *v, const struct html_open *outermost)
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
static const struct html_open *
find_open(const struct html_view *v, const struct html_element *element, struct bytes name,
          bool past_barriers)
{
    const struct html_open *highest = html_highest_of(v);

    for (const struct html_open *e = v->top; e >= highest; e--) {
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
close_implied(struct html_view *v, const struct html_element *element)
{
    const struct html_open *open = NULL;

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
grow_stack(struct html_view *v)
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
open_element(struct html_view *v, const struct html_token *token,
             const struct html_element *element)
{
    if (v->top + 1 == v->stack + v->stack_room && !grow_stack(v)) {
        v->r->depth_cut = true;
        return;
    }
    const struct html_open *outer = v->top;
    struct html_open *e = v->top + 1;
    _Static_assert(HIDDEN_NOT == 0, "or plain would be computed otherwise");
    e->element = element;
    e->look = outer->look;
    e->hidden = outer->hidden;
    e->ways = outer->ways | (element->shape & HTML_SHAPE_INHERITED);
    if (element->what == HTML_WHAT_A && e->look.colour >= 0) {
        e->look.colour = HTML_COLOUR_NONE; /* links have a colour of their own */
    }
    if (!v->rules_late &&
        ((v->tokens->known.set & (HTML_SAYS_BY_ITSELF | HTML_SAYS_BY_STYLE)) != 0 ||
         v->rules->count > 0 || element->what == HTML_WHAT_A ||
         (element->shape & HTML_SHAPE_HIDDEN) != 0)) {
        html_read_look(v, token, element, e);
    } else {
        e->target = (struct html_target){.name = token->text};
    }
    v->begun = v->begun ||
               ((element->shape & (HTML_SHAPE_SKIPPED | HTML_SHAPE_RAW)) == 0 &&
                !bytes_is_fold(token->text, "html") && !bytes_is_fold(token->text, "head"));
    v->paragraphs += element->what == HTML_WHAT_P;
    e->plain = (e->hidden | e->ways | (element->shape & HTML_SHAPE_SKIPPED)) == 0;
    v->top = e;
}

static void
read_start(struct html_view *v, const struct html_token *token)
{
    const struct html_element *element = token->element;

    if (element->shape & (HTML_SHAPE_CLOSES_P | HTML_SHAPE_CLOSES_SAME | HTML_SHAPE_RUBY)) {
        close_implied(v, element);
    }
    part(v, element->shape);
    if (element->shape & HTML_SHAPE_VOID) {
        if (element->what == HTML_WHAT_BR) {
            read_break(v); /* the most usual of all */
        } else if (element->what >= HTML_WHAT_SPECIAL) {
            read_special(v, token, element->what);
        }
        return;
    }
    open_element(v, token, element);
    if (element->what >= HTML_WHAT_SPECIAL) {
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
read_end(struct html_view *v, const struct html_token *token)
{
    const struct html_element *element = token->element;
    const struct html_open *open = v->top;

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
finish_links(struct html_view *v)
{
    end_anchor(v);
    for (size_t i = 0; i < v->shown_count; i++) {
        const struct html_shown *s = &v->shown[i];
        struct link *link = &v->r->links[s->link];
        link->text = bytes_trim(bytes_slice(writer_view(&s->page->w), s->from, s->to));
        link->flags |= s->page == &v->hidden ? LINK_HIDDEN : 0u;
        link_compare(v->arena, link);
    }
}

/* Readings of ruby are seen too: they follow what they are written over. */
static void
put_readings(struct html_view *v)
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
view_start(struct html_view *v, struct arena *arena, struct bytes html,
           struct html_result *r)
{
    struct html_rules *rules = v->rules;
    struct html_tokens *tokens = v->tokens;
    struct html_open *stack = v->stack;
    size_t stack_room = v->stack_room;
    struct html_kept_style *kept = v->kept;
    uint64_t kept_slots = v->kept_slots;
    bool closed = v->rules_late;

    *r = (struct html_result){0};
    *v = (struct html_view){.arena = arena,
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
    stack[0] = (struct html_open){.element = html_element_of(BYTES_NONE),
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
read_blanks(struct html_view *v, struct bytes blanks, bool line)
{
    const struct html_open *in = v->top;

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
put_raw(struct html_view *v, const struct html_token *token)
{
    const struct html_open *in = v->top;
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
read_text(struct html_view *v, const struct html_token *token)
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

/* Whether text may go to its page as it is read: if all that is left could, and something a rule may concern was met. */
static inline bool
is_text_plain(const struct html_view *v)
{
    const struct html_tokens *t = v->tokens;

    return v->top->plain && v->begun && !v->rules_late &&
           v->visible.w.size < LIMIT_TEXT_BYTES &&
           t->in.size - t->at < (LIMIT_TEXT_BYTES - v->visible.w.size) / 2;
}

enum usual { USUAL_NOT, USUAL_READ, USUAL_TAG };

/* What comes next, if it is as most is: text and the end of the element that is open are read, another tag is put into `token`.
 * USUAL_NOT: it is not, and nothing of it was read. */
static inline enum usual
read_usual(struct html_view *v, struct html_token *token)
{
    struct html_tokens *t = v->tokens;
    struct html_next next;

    if (!html_usual_next(t, &next)) {
        return USUAL_NOT;
    }
    struct bytes before = bytes_of(next.start, (size_t)(next.at - next.start));
    size_t at = (size_t)(next.at - t->in.at);
    if (*next.at != '<') {
        if (!is_text_plain(v)) {
            return USUAL_NOT;
        }
        read_blanks(v, before, next.line);
        t->at = html_page_read(&v->visible, t->in, at);
        return t->at > at || before.size > 0 ? USUAL_READ : USUAL_NOT;
    }
    struct bytes name = v->top->target.name;
    if (html_usual_closes(&next, name)) {
        read_blanks(v, before, next.line);
        t->at = at + 2 + name.size + 1;
        close_element(v, v->top);
        return USUAL_READ;
    }
    return html_usual_tag(t, &next, token) ? USUAL_TAG : USUAL_NOT;
}

static void
read_tokens(struct html_view *v)
{
    struct html_token token;

    while (!v->rules_late || v->more_rules) {
        enum usual usual = read_usual(v, &token);
        if (usual == USUAL_READ) {
            continue;
        }
        if (usual == USUAL_NOT && !html_tokens_next(v->tokens, &token)) {
            break;
        }
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
    struct html_view v = {.rules = &rules, .tokens = &tokens};

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
