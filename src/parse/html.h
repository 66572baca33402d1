/* HTML to the text a person sees.
 *
 * html_read walks UTF-8 HTML once, by the tokenization of the WHATWG HTML standard (13.2.5), without building a tree. Text in
 * reading order goes to `visible`: block elements and <br> break lines, cells are parted by a blank, blanks run together as a
 * browser shows them, pictures give their alternative text. Tags and comments within a word do not part it, so letters each in
 * an element of its own are one word. Of ruby the base stays in the flow, as 殺 of <ruby>殺<rt>ころ</rt></ruby>す: the word is
 * judged as written; the readings are seen too, and follow as the last lines of `visible`, so that nothing can be said in them alone.
 *
 * Text that is kept from the eye goes to `hidden`, and piece by piece with its reason to `hidden_texts`. Obeyed are style attributes, the older
 * attributes (bgcolor, color, text, hidden), and rules of <style> whose selectors are made of elements, classes and ids, in the order
 * of the cascade; @media and other blocks with a condition are not. A style that comes after text it may concern makes the
 * whole be read once more. Colours are compared with the ground that is inherited, white at the outermost. Hidden text of at most
 * PREHEADER characters before all that is seen is a preheader. Comments, scripts and styles are no text; comments are
 * counted. A META that names a charset is never obeyed: the input is UTF-8 already.
 *
 * Links come as struct link, their flags by parse/links.h; shown text and what hangs on it are set too.
 *
 * Bounds: LIMIT_TEXT_BYTES of text, LIMIT_LINKS, LIMIT_HIDDEN_TEXTS, LIMIT_HTML_DEPTH open elements, LIMIT_HTML_ATTRIBUTES, LIMIT_URL,
 * LIMIT_STYLE_RULES and LIMIT_STYLE_STEPS. Never fails; what is malformed is read as a browser reads it. Linear in time. */
#pragma once

#include "parse/letter.h"

struct html_result {
    struct bytes visible, hidden; /* UTF-8, LF lines */
    struct bytes title;
    struct hidden *hidden_texts; /* in their order; the title is one */
    size_t hidden_count;
    struct link *links; /* anchors with their shown text, images, forms */
    size_t link_count;
    struct html_facts facts;
    bool text_cut, links_cut, depth_cut, hidden_cut; /* a bound was reached */
};

void html_read(struct arena *arena, struct bytes html, struct html_result *r);
/* "display", "colour", ... ; a constant. */
const char *hidden_reason_name(enum hidden_reason reason);
