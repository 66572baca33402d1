/* Links written out in plain text: http:// and https://, www. names, bare domains under a suffix that the
 * Public Suffix List knows, and mail addresses (as mailto:).
 *
 * Japanese is written without spaces, so a link ends at the first character that no URL is written with in
 * practice: full-width punctuation, kana and kanji end it; closing brackets without their opening one and a final
 * full stop, comma and the like are not part of it. Each link is what a mail program would make clickable. */
#pragma once

#include "parse/letter.h"

/* Finds links in UTF-8 text, in order, at most LIMIT_LINKS; returns how many. link.written and link.text are views of
 * the text. Linear in time. */
size_t links_in_text(struct arena *arena, struct bytes text, struct link **links_r);

/* Fills href, host and domain from what is written ("" where it is no URL). base is "" or the URL of a <base> element.
 * Cuts what is longer than LIMIT_URL. */
void link_resolve(struct arena *arena, struct link *link, struct bytes written,
                  struct bytes base);
