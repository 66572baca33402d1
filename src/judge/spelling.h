/* Spellings that a reader takes for the same word and a machine does not: the second fold, for the lexicon alone.
 *
 * Hiragana for katakana and the other way (コロス, ころす), small kana for large, a long mark for the vowel that it
 * prolongs (コーヒー, こおひい), じ for ぢ, marks that censor (覚●剤, 爆〇予告), digits and signs for letters within a word
 * (v1agra, p@ypa1). Applied to a text in normal form (judge/normal.h) it changes letters and never sizes: an offset in
 * the one is the same offset in the other. Too much falls together for a classifier, or for a short word: who searches in
 * it looks whether the text itself says the same, and is told which do not. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

/* A text of the same size, in the arena. */
struct bytes spelling_fold(struct arena *arena, struct bytes normal);

/* Whether a word in normal form is long enough to be known in another spelling: three characters with a kanji among
 * them, four kana, five letters. */
bool spelling_tells(struct bytes word);

/* The mark of a censored character in the second fold, UTF-8. */
#define SPELLING_MARK "○"

/* The word's second fold with its character at `at` censored, in the arena; *next_r is where the next character begins.
 * "" where too little is left to tell: fewer than two characters, or no kanji. */
struct bytes spelling_censor(struct arena *arena, struct bytes word, size_t at,
                             size_t *next_r);
