/* Notices and offers that no table has a word for: asked about by their wording alone (judge/wording.h), told by it too.
 *
 * Pure. Memory is the arena's; views are of the passage. */
#pragma once

#include "base/arena.h"
#include "judge/wording.h"

/* The beginning of a text, as the passage that is asked about: at most WORDING_PASSAGE bytes; BYTES_NONE of a text that could not be decoded,
 * more than one of UNSAID_GARBLED bytes of which is of U+FFFD: its letters say nothing. */
#define UNSAID_GARBLED 8
struct bytes unsaid_passage(struct bytes normal);
/* What the wording of a passage says by itself, a logit. beside: that of all else. */
double unsaid_logit(enum wording_concern concern, struct bytes passage, double beside);
/* The sentence of the passage whose wording speaks loudest for the concern, at most UNSAID_SHOWN bytes, whole characters; BYTES_NONE
 * where it has none. */
#define UNSAID_SHOWN 240
struct bytes unsaid_words(struct arena *arena, enum wording_concern concern,
                          struct bytes passage);
/* Which of so many concerns, counted from the first, the passage is worded like most. */
unsigned unsaid_kind(enum wording_concern first, unsigned kinds, struct bytes passage);
