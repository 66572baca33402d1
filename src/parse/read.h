/* How letter_read decides what a person sees. The functions are declared in letter.h.
 *
 * letter.text is the visible text of all text parts, in the order of the message, parts of inner messages too, with LF
 * lines, parted by an empty line, up to LIMIT_TEXT_BYTES. Of a multipart/alternative the richest text is what is seen: the last
 * branch with text/html, else the last with text/plain, else the last with any text; text of the other branches goes to
 * letter.hidden when it says something else (blanks do not count), and to letter.text when the chosen one shows no
 * text at all, as in a mail that is one picture. letter.hidden further has what HTML hides, what stands outside all
 * parts, and the text of message/ leaves (delivery reports). Links are taken from all of it.
 *
 * A multipart that cannot be opened (no boundary, too deep) is shown as text: nothing may be lost. */
#pragma once

#include "parse/letter.h"
