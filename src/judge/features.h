/* What the classifier sees of a message: two sets of hashed features, and the letters of its text (judge/letters.h).
 *
 * grams: runs of 4 bytes; where text is not ASCII, of 2 and 3 characters. pairs: words, and each word with the four
 * before it, at their distance (orthogonal sparse bigrams); a Japanese character is a word. Both are sets: what occurs
 * twice counts once. The header gives features of its own kind, apart from those of the text, so that a model learnt
 * elsewhere from text alone can be used beside what is learnt here from headers. Of the header nothing is read that
 * tells what another filter thought, or how the bytes were encoded: the same words in another encoding are the same
 * features. The struct is large (some 500 KB): one per process, used again. */
#pragma once

#include "base/bytes.h"
#include "base/limits.h"
#include "judge/letters.h"
#include "parse/letter.h"

#define FEATURE_BITS  18
#define FEATURE_COUNT (1u << FEATURE_BITS)
#define FEATURES_MAX  16384 /* of each set: what 6,500 bytes can give; beyond: not taken */

struct feature_set {
    uint32_t at[FEATURES_MAX];  /* each below FEATURE_COUNT, none twice */
    size_t count, header_count; /* the first header_count are the header's */
    uint64_t seen[FEATURE_COUNT / 64];
};

struct features {
    struct feature_set grams, pairs;
    struct letters letters; /* of the text alone */
};

/* The struct must be zero before its first use. */
void features_clear(struct features *features);
/* The bytes of a header that are read, at most LIMIT_MODEL_HEADER_BYTES, into `to`; returns how many. */
size_t features_header_bytes(const struct header *header,
                             uint8_t to[LIMIT_MODEL_HEADER_BYTES]);
/* The header first (bytes from features_header_bytes), then the text. */
void features_add_header(struct features *features, struct bytes header);
/* Text in normal form (judge/normal.h). At most LIMIT_MODEL_TEXT_BYTES are read. */
void features_add_text(struct features *features, struct bytes normal);
