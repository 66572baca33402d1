/* Text in paragraphs that flow (RFC 3676: format=flowed).
 *
 * A line that ends in a blank goes on in the next one. With DelSp=yes that blank is not part of the text: so Japanese,
 * which has no blanks between words, is cut anywhere, and a word that a judge looks for may stand on two lines. Here the
 * paragraphs are made whole again, one line each. Quotation marks stay, at the beginning of the line; a line of another
 * depth of quotation, and the "-- " before a signature, begin a new line (4.1, 4.3). The blank that was stuffed before
 * "From ", ">" and blanks is taken off (4.4). Linear, and the answer is no longer than the text and its lines. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

/* text is UTF-8 with any line ends; the answer has LF lines. */
struct bytes flowed_join(struct arena *arena, struct bytes text, bool delete_blank);
