/* The reader of HTML at its work: what is open, what is put where. html.c reads text, links and elements; html_look.c tells how
 * an element looks. */
#pragma once

#include "base/limits.h"
#include "parse/html.h"
#include "parse/html_page_private.h"
#include "parse/html_tokens.h"
#include "parse/html_view_private.h"

/* How far up an end tag looks for its start, and a rule for its ancestors: browsers know no bound, hostile mail does. */
#define HTML_SEARCH_DEPTH 64

struct html_open {
    const struct html_element *element;
    struct html_target target;
    struct html_look look;
    enum hidden_reason hidden; /* by its look */
    unsigned ways;             /* HTML_SHAPE_INHERITED of it and of what it stands in */
    bool
        plain; /* its text is seen where it stands, and blanks run together; not that of <title>, which is hidden */
};

/* A link whose text is being written: where it began in its page. */
struct html_shown {
    size_t link;
    size_t from, to;
    struct html_page *page;
};

struct html_view {
    struct arena *arena;
    struct html_tokens *tokens;
    struct html_result *r;
    struct html_page visible, hidden, title, readings;
    struct html_spans spans;
    struct html_rules *rules;
    bool rules_closed; /* all are known: this is the second reading */
    bool
        rules_late; /* one came after what it may concern: only further rules are looked for */
    bool more_rules;               /* and some may follow */
    bool begun;                    /* something was met that a rule may concern */
    struct html_open *stack, *top; /* the first stands for what all elements are in */
    size_t stack_room;
    size_t paragraphs;        /* open <p> */
    struct html_shown *shown; /* one for each anchor */
    size_t shown_count, link_room, shown_room;
    bool in_anchor;
    struct bytes base;
    size_t based_count; /* links that were read before the base was known */
    struct html_kept_style
        *kept; /* HTML_KEPT_STYLES of them, not set before their bit is */
    uint64_t kept_slots;
    const struct html_element *paragraph;
};

/* The attributes that say how an element looks, and those of them that only a style says it by. */
#define HTML_SAYS_BY_STYLE                                                                 \
    (1u << HTML_ATTRIBUTE_ID | 1u << HTML_ATTRIBUTE_CLASS | 1u << HTML_ATTRIBUTE_STYLE)
#define HTML_SAYS_BY_ITSELF                                                                \
    (1u << HTML_ATTRIBUTE_DIR | 1u << HTML_ATTRIBUTE_TEXT | 1u << HTML_ATTRIBUTE_COLOR |   \
     1u << HTML_ATTRIBUTE_HIDDEN | 1u << HTML_ATTRIBUTE_BGCOLOR |                          \
     1u << HTML_ATTRIBUTE_BACKGROUND)

/* The outermost open element that is looked at. */
static inline struct html_open *
html_highest_of(const struct html_view *v)
{
    return v->top - v->stack >= HTML_SEARCH_DEPTH ? v->top - (HTML_SEARCH_DEPTH - 1)
                                                  : v->stack + 1;
}

/* The raw value of the first attribute of that name; at == NULL if it is not there, or has no value. */
static inline struct bytes
html_value_of(const struct html_view *v, enum html_attribute_name name)
{
    const struct html_tokens *t = v->tokens;

    return t->known.set & 1u << name ? t->attributes[t->known.at[name]].value : BYTES_NONE;
}

/* A link of that kind that is written so; NULL if there is none, or no room for it. */
struct link *html_add_link(struct html_view *v, enum link_kind kind, struct bytes written);
/* How an element looks within the open ones; e begins with the look of what it stands in. Gives what of it is said to hide. */
unsigned html_read_look(struct html_view *v, const struct html_token *token,
                        const struct html_element *element, struct html_open *e);
