/* Tables of emoji (emoji_tables.c, generated). */
#pragma once

#include <uchar.h>

#include "parse/emoji.h"

struct emoji_row {
    char32_t text[2]; /* the second 0 if it is one */
    uint16_t codes[3];
    uint16_t google; /* 0xffff: none */
};

struct emoji_word_row {
    char32_t code_point;
    const char *word;
};

extern const struct emoji_row emoji_rows[];
extern const size_t emoji_row_count;
extern const struct emoji_word_row emoji_words[];
extern const size_t emoji_word_count;
