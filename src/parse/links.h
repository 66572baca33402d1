/* Links: found in text, and what is peculiar about those of text and HTML alike.
 *
 * In plain text a link is http://, https:// or ftp://, a www. name, a bare domain under a suffix that the Public Suffix List
 * knows, or a mail address (as mailto:). Japanese is written without spaces, so a link ends at the first character that no URL is
 * written with in practice: full-width punctuation, kana and kanji end it; closing brackets without their opening one and a final
 * full stop, comma and the like are not part of it. A host after a scheme may be written in kanji and kana if its top level exists.
 * Found too is what is written so that no program follows it, as a person would undo it: hxxp://, h**p://, ttp:// (as Japanese boards
 * do), [.] (.) ［．］ (dot) 【ドット】, full-width letters, and 。 or ． as dots between letters (link.flags: LINK_DEFANGED, LINK_WIDE);
 * written stays as it stands in the message.
 *
 * Skeletons are those of Unicode Technical Standard 39, section 4, of the registrable domain as people read it, in lower case:
 * two domains that look alike have one skeleton. Shorteners, redirectors and names worth imitating come from a table
 * (parse/link_hosts.h).
 *
 * Memory is the arena's; views point into the text or the arena. At most LIMIT_LINKS, each at most LIMIT_URL. Linear in time. */
#pragma once

#include "parse/letter.h"

/* Finds links in UTF-8 text, in order, at most LIMIT_LINKS; returns how many. link.written and link.text are views of
 * the text. */
size_t links_in_text(struct arena *arena, struct bytes text, struct link **links_r);

/* Fills href, host, domain, skeleton, like and flags from what is written ("" where it is no URL). base is "" or the URL of a
 * <base> element. Cuts what is longer than LIMIT_URL. */
void link_resolve(struct arena *arena, struct link *link, struct bytes written,
                  struct bytes base);
/* Fills shown from text, and the flag where it is another site's. */
void link_compare(struct arena *arena, struct link *link);
/* Appends the links to other sites that stand in these, plain, percent-encoded or in base64, up to LIMIT_LINK_NESTING deep and
 * LIMIT_LINK_INNER in each; at most `most` in all. What a text shows is compared with these too. *links is moved where
 * it grows. Returns the new count. */
size_t links_follow(struct arena *arena, struct link **links, size_t count, size_t most);

/* The skeleton of a domain in ASCII or UTF-8. */
struct bytes link_skeleton(struct arena *arena, struct bytes domain);
/* "userinfo", "defanged", ... of one flag; a constant. */
const char *link_flag_name(unsigned flag);
