/* Pieces of the HTML tokenizer: character references and the ends of scripts. */
#pragma once

#include <uchar.h>

#include "parse/html_tokens.h"

/* Reads the character reference at raw.at[at], which is '&'. Writes it as UTF-8 to out (8 bytes of room), tells its size there and
 * returns its size in the source; 0 if none is there. */
size_t html_reference(struct bytes raw, size_t at, bool in_attribute, uint8_t *out,
                      size_t *size_r);
/* The end of the text that begins at `at` in raw content: where "</name" stands or the input ends. */
size_t html_script_end(struct bytes in, size_t at);

struct html_entity {
    const char *name; /* with its semicolon, if it has one */
    char32_t code_points[2];
};
extern const struct html_entity html_entities[];
extern const size_t html_entity_count;
