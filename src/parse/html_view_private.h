/* What a reader of HTML must know of elements and styles to tell what is seen. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

enum html_shape {
    HTML_SHAPE_INLINE = 0,
    HTML_SHAPE_BLOCK = 1,         /* begins and ends a line */
    HTML_SHAPE_CELL = 2,          /* is parted from its neighbour by a blank */
    HTML_SHAPE_VOID = 4,          /* has no content and no end tag */
    HTML_SHAPE_SKIPPED = 8,       /* its content is no text for people */
    HTML_SHAPE_RAW = 16,          /* its content holds no tags */
    HTML_SHAPE_RCDATA = 32,       /* the same, but with references */
    HTML_SHAPE_PRE = 64,          /* blanks and lines stay */
    HTML_SHAPE_CLOSES_P = 128,    /* its start ends an open <p> */
    HTML_SHAPE_CLOSES_SAME = 256, /* its start ends an open one of its name */
    HTML_SHAPE_BARRIER = 512,     /* ends are not looked for past it */
    HTML_SHAPE_HIDDEN = 1024,     /* its text is not shown */
};

enum html_what {
    HTML_WHAT_OTHER,
    HTML_WHAT_A,
    HTML_WHAT_AREA,
    HTML_WHAT_BASE,
    HTML_WHAT_BODY,
    HTML_WHAT_BR,
    HTML_WHAT_BUTTON,
    HTML_WHAT_FONT,
    HTML_WHAT_FORM,
    HTML_WHAT_FRAME,
    HTML_WHAT_IMG,
    HTML_WHAT_INPUT,
    HTML_WHAT_LINK,
    HTML_WHAT_META,
    HTML_WHAT_OBJECT,
    HTML_WHAT_P,
    HTML_WHAT_PLAINTEXT,
    HTML_WHAT_SCRIPT,
    HTML_WHAT_STYLE,
    HTML_WHAT_TABLE,
    HTML_WHAT_TITLE,
};

struct html_element {
    const char *name;
    unsigned shape;
    enum html_what what;
};

/* Never NULL: what nobody knows is inline. */
const struct html_element *html_element_of(struct bytes name);

#define HTML_COLOUR_NONE    (-1) /* not said */
#define HTML_COLOUR_UNKNOWN (-2) /* a picture, or words that are not understood */

/* How an element looks, with what it inherits. */
struct html_look {
    bool gone;          /* it and all in it is not shown */
    bool tiny;          /* letters too small to be seen; a child may be larger */
    bool invisible;     /* visibility:hidden; a child may be visible */
    int colour, ground; /* 0xRRGGBB, or HTML_COLOUR_* */
};

void html_look_style(struct html_look *look, struct bytes style);
/* #rgb, #rrggbb, rgb(), rgba() and the usual names. Transparent ones are HTML_COLOUR_NONE with *transparent set. */
int html_colour(struct bytes text, bool *transparent);
/* Whether letters of that look are not seen. */
bool html_look_hides(const struct html_look *look);
/* The URL in `url(...)` in a style from *at on; false if there is none. */
bool html_style_url(struct bytes style, size_t *at, struct bytes *url_r);
