/* Japanese in Latin letters, read as hiragana: "korosu zo" is ころすぞ.
 *
 * Hepburn and kunrei spellings; only a text of which every word is made of such syllables, and which holds a particle
 * (wo, wa, ga, ni, no, to, de, kara) or is three words long, is taken for Japanese, for English words seldom are. Pure and linear. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

/* "" if it is no Japanese. In the arena; text is in normal form (lower case). */
struct bytes romaji_read(struct arena *arena, struct bytes text);
