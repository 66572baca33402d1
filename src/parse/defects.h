/* Noting what is malformed while a message is read: a list in the message's arena, at most LIMIT_DEFECTS long, no
 * name more often than LIMIT_DEFECTS_SAME, so that a flood of one hides no other; the rest is counted. Every reader of this folder takes a struct defects * that may be NULL: then nothing is noted. */
#pragma once

#include "parse/letter.h"

struct defects {
    struct arena *arena;
    struct bytes raw; /* offsets are counted from its start */
    size_t fallback;  /* the offset noted for bytes that are not in raw (decoded ones) */
    struct defect *list;
    size_t count, room, dropped;
};

void defects_init(struct defects *d, struct arena *arena, struct bytes raw);
/* name is a constant; at points into raw, or anywhere else, or is NULL. */
void defect_note(struct defects *d, const char *name, const uint8_t *at);
