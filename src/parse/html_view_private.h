/* What a reader of HTML must know of elements and styles to tell what is seen.
 *
 * A style is read once into a struct html_style (html_style_read), styles of several origins are merged in the order of
 * the cascade (html_style_merge), and the result changes the look that an element inherits (html_read_look). Sheets of
 * <style> are lists of rules in struct html_rules. Lengths are in thousandths of a pixel. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "parse/letter.h"

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
    HTML_SHAPE_RUBY = 2048,       /* a part of <ruby>: its start ends the part before */
    HTML_SHAPE_READING = 4096,    /* its text is a reading */
};
/* What all elements have that stand in one of that shape. */
#define HTML_SHAPE_INHERITED (HTML_SHAPE_PRE | HTML_SHAPE_READING)

enum html_what {
    HTML_WHAT_OTHER,
    HTML_WHAT_BDO,
    HTML_WHAT_BODY,
    HTML_WHAT_FONT,
    HTML_WHAT_P,
    HTML_WHAT_READING, /* rt, rtc */
    HTML_WHAT_STYLE,
    HTML_WHAT_TABLE,
    HTML_WHAT_TITLE,
    HTML_WHAT_SPECIAL, /* from here on their start tags mean more than a look */
    HTML_WHAT_A = HTML_WHAT_SPECIAL,
    HTML_WHAT_AREA,
    HTML_WHAT_BASE,
    HTML_WHAT_BR,
    HTML_WHAT_BUTTON,
    HTML_WHAT_FORM,
    HTML_WHAT_FRAME,
    HTML_WHAT_IMG,
    HTML_WHAT_INPUT,
    HTML_WHAT_LINK,
    HTML_WHAT_META,
    HTML_WHAT_OBJECT,
    HTML_WHAT_PLAINTEXT,
    HTML_WHAT_SCRIPT,
};

struct html_element {
    const char *name;
    unsigned shape;
    enum html_what what;
};

/* Never NULL: what nobody knows is inline. */
const struct html_element *html_element_of(struct bytes name);
/* All that are known, behind the one that is not. */
extern const struct html_element html_elements[];

#define HTML_COLOUR_NONE    (-1) /* not said */
#define HTML_COLOUR_UNKNOWN (-2) /* a picture, or words that are not understood */
#define HTML_SIZE_USUAL     16000

/* How an element looks, with what it inherits. */
struct html_look {
    enum hidden_reason gone; /* it and all in it is not shown; HIDDEN_NOT: it is */
    bool invisible;          /* visibility:hidden; a child may be visible */
    bool transparent;        /* its letters have no colour */
    bool turned;             /* read from right to left, whatever the letters are */
    int size;                /* of letters */
    int colour, ground;      /* 0xRRGGBB, or HTML_COLOUR_* */
};

/* What a style may say of an element. In html_style.said: it is said; in .yes: as it hides. */
enum html_said {
    HTML_SAID_DISPLAY = 1 << 0,
    HTML_SAID_VISIBILITY = 1 << 1,
    HTML_SAID_OPACITY = 1 << 2,
    HTML_SAID_SIZE = 1 << 3,
    HTML_SAID_COLOUR = 1 << 4,
    HTML_SAID_GROUND = 1 << 5,
    HTML_SAID_HEIGHT = 1 << 6,
    HTML_SAID_MOST_HEIGHT = 1 << 7,
    HTML_SAID_WIDTH = 1 << 8,
    HTML_SAID_MOST_WIDTH = 1 << 9,
    HTML_SAID_OVERFLOW = 1 << 10,
    HTML_SAID_POSITION = 1 << 11,
    HTML_SAID_LEFT = 1 << 12,
    HTML_SAID_TOP = 1 << 13,
    HTML_SAID_RIGHT = 1 << 14,
    HTML_SAID_INDENT = 1 << 15,
    HTML_SAID_MARGIN_LEFT = 1 << 16,
    HTML_SAID_MARGIN_TOP = 1 << 17,
    HTML_SAID_CLIP = 1 << 18,
    HTML_SAID_CLIP_PATH = 1 << 19,
    HTML_SAID_MOVED = 1 << 20,
    HTML_SAID_SHRUNK = 1 << 21,
    HTML_SAID_BIDI = 1 << 22,
    HTML_SAID_DIRECTION = 1 << 23,
    HTML_SAID_DOT = 1 << 24, /* at most one pixel high or wide: hides pictures */
};

struct html_style {
    unsigned said, yes; /* HTML_SAID_* */
    int size;           /* if it is relative, in thousandths of the parent's */
    bool size_relative;
    int colour, ground;
};

/* Reads declarations, those marked !important into important_r. Both are set whole. */
void html_style_read(struct arena *arena, struct bytes style, struct html_style *normal_r,
                     struct html_style *important_r);
/* What `from` says wins over what `to` says. */
void html_style_merge(struct html_style *to, const struct html_style *from);
/* #rgb, #rrggbb, rgb(), hsl() and names. Transparent ones are HTML_COLOUR_NONE with *transparent set. */
int html_colour(struct bytes text, bool *transparent);
/* A number at the start of text, in thousandths; false if none stands there. unit_r is what follows. */
bool html_style_number(struct bytes text, long *number_r, struct bytes *unit_r);
/* The URL in `url(...)` in a style from *at on; false if there is none. */
bool html_style_url(struct bytes style, size_t *at, struct bytes *url_r);

/* The rules of all <style> elements of one document. */
struct html_rule;
struct html_rules {
    struct arena *arena;
    struct html_rule *
        *slots; /* by the last name, class or id; NULL before the first rule */
    size_t count;
    size_t steps; /* comparisons made: at most LIMIT_STYLE_STEPS */
};

/* What selectors look at. classes: as the attribute is written. */
struct html_target {
    struct bytes name, id, classes;
};

void html_rules_init(struct html_rules *rules, struct arena *arena);
void html_rules_add(struct html_rules *rules, struct bytes sheet);
/* false: no rule has a last part for an element of that name, class or id. */
bool html_rules_may_meet(const struct html_rules *rules, const struct html_target *target);
/* Merges what the rules say of the last of `count` targets, each within the one before, into normal and important. */
void html_rules_take(struct html_rules *rules, const struct html_target *path[],
                     size_t count, struct html_style *normal, struct html_style *important);
