/* Where in a message stands what was read in it: the way back through HTML, charset and transfer encoding.
 *
 * letter_read keeps no map, since hardly anybody asks: a finding that is shown to a person does. Then each step is undone by
 * halving: how many bytes of its input does a step need for so many bytes of output? A step is run some twenty times for
 * that, on at most LIMIT_LOCATE bytes; a part that is larger is told as a whole. */
#pragma once

#include "parse/letter.h"

/* Where letter->text[from, to) comes from: letter->raw[*from_r, *to_r). It begins and ends within a character or a line
 * of the encoding at the worst. false: nobody knows (text out of a message that was itself encoded, or out of nothing). */
bool letter_locate(const struct letter *letter, size_t from, size_t to, size_t *from_r,
                   size_t *to_r);
