/* The text that is judged: subject, text, and what the letter says when it is read in another way. */
#pragma once

#include "parse/letter.h"

/* Before its normal form; of the text at most text_most bytes, of which the other reading has a quarter if there is one. */
struct bytes judged_text(struct arena *arena, const struct letter *letter,
                         size_t text_most);
