/* Decoding without the last guess.
 *
 * charset_decode takes windows-1252 where nothing explains the bytes. That is a guess of last resort: here it never outranks
 * a label, and where there is none UTF-8 counts as the label (RFC 6532 for header fields; RFC 2045 5.2 would have it
 * us-ascii), so that bytes which are no text in it become U+FFFD. */
#pragma once

#include "parse/charset.h"

void charset_decode_careful(struct arena *arena, struct bytes bytes, struct bytes label,
                            struct charset_result *r);
/* The second half alone: r is what charset_decode gave for the same bytes. */
void charset_take_back_guess(struct arena *arena, struct bytes bytes, struct bytes label,
                             struct charset_result *r);
