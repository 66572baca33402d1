/* HTML to the text a person sees.
 *
 * html_read walks UTF-8 HTML once, by the tokenization of the WHATWG HTML standard (13.2.5), without building a tree. Text in
 * reading order goes to `visible`: block elements and <br> break lines, blanks run together as a browser shows
 * them, pictures give their alternative text. Text that the style or an attribute keeps from the eye (display:none,
 * zero size, colour of the ground, off-screen, ...) and the title go to `hidden`. Comments, scripts and styles are no
 * text. A META that names a charset is never obeyed: the input is UTF-8 already.
 *
 * Bounds: LIMIT_TEXT_BYTES of text, LIMIT_LINKS, LIMIT_HTML_DEPTH open elements, LIMIT_HTML_ATTRIBUTES, LIMIT_URL. Never
 * fails; what is malformed is read as a browser reads it. Linear in time. */
#pragma once

#include "parse/letter.h"

struct html_result {
    struct bytes visible, hidden; /* UTF-8, LF lines */
    struct bytes title;
    struct link *links; /* anchors with their shown text, images, forms */
    size_t link_count;
    size_t image_count;   /* <img>, with or without src */
    size_t hidden_images; /* of at most one pixel, or hidden: beacons */
    bool has_form, has_password, has_script, has_frame, has_object, has_refresh, has_base;
    bool text_cut, links_cut, depth_cut; /* a bound was reached */
};

void html_read(struct arena *arena, struct bytes html, struct html_result *r);
