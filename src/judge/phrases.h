/* Phrases: many fixed spellings found in one pass over a text in normal form (judge/normal.h).
 *
 * They are compiled into one literal database of Hyperscan, in their second fold (judge/spelling.h), so that kana of the other kind
 * and digits for letters are found too; finding them costs the same however many they are. A spelling that begins or ends with an ASCII
 * letter or digit matches whole words only, and one of katakana alone does not match within a longer run of katakana. The caller says
 * what a spelling means by its id; one spelling may stand there several times.
 *
 * A struct phrases belongs to a process and holds Hyperscan's scratch: one scan at a time. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"

struct phrase {
    struct bytes text; /* in normal form, at least one byte */
    uint32_t id;
};

struct phrase_hit {
    uint32_t id;
    size_t from, to; /* in the text that was scanned */
};

struct phrases;

/* The texts are copied into the arena. SK_CONFIG: Hyperscan does not take them. None: nothing is ever found. */
enum sk_code phrases_open(struct arena *arena, const struct phrase *list, size_t count,
                          struct phrases **phrases_r, struct why *why);
void phrases_close(struct phrases *phrases);

/* A text in normal form and its second fold, made once for all who search in it. At most LIMIT_STRANGER_TEXT bytes of it, whole
 * characters. */
struct phrase_text {
    struct bytes normal, folded;
};
struct phrase_text phrase_text_of(struct arena *arena, struct bytes normal);
/* The same of a text whose fold was made before: views of both. */
struct phrase_text phrase_text_folded(struct bytes normal, struct bytes folded);

/* By where they end; at most LIMIT_PHRASE_HITS. They are the phrases' own, good until the next scan. */
const struct phrase_hit *phrases_scan(struct phrases *phrases,
                                      const struct phrase_text *text, size_t *count_r);
