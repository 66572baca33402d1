/* Words as campaigns are told by: what changes from one copy to the next is told apart by its look. */
#pragma once

#include "base/bytes.h"

enum word_kind {
    WORD_LETTERS,   /* a run of letters of a script that parts its words */
    WORD_CHARACTER, /* one character of a script that does not: kanji, kana, Thai */
    WORD_NUMBER, /* digits, and the signs within dates, times, prices and telephone numbers */
    WORD_CODE,   /* letters and digits mixed */
    WORD_URL,
    WORD_MAIL,
};

struct word {
    enum word_kind kind;
    uint32_t from, to; /* bytes of the text */
    uint64_t exact;    /* equal for the same bytes */
    uint64_t alike;    /* equal for all numbers, codes, URLs, addresses; else as exact */
};

/* The next word of a text in normal form at or after *at; false at the end. *at goes behind it. Linear in time. Broken
 * UTF-8 is no word. */
bool word_next(struct bytes text, size_t *at, struct word *word_r);

struct arena;
struct own_text;

/* The sender's own words alone, at most `most` bytes; a view where the text is nothing else, or a copy in the arena. */
struct bytes own_words(struct arena *arena, const struct own_text *text, size_t most);
