/* Undoing what keeps programs from seeing a link, and where each piece stood.
 *
 * The copy has edits; between them it is as the text. Pieces in a row of full-width letters are one edit, three bytes in
 * the text for each of the copy. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

struct link_edit {
    size_t from, to;           /* in the copy */
    size_t text_from, text_to; /* in the text */
    unsigned flag;             /* LINK_DEFANGED or LINK_WIDE */
};

struct link_undone {
    struct bytes text; /* the text itself if nothing was undone */
    struct link_edit *edits;
    size_t count;
};

void link_undo(struct arena *arena, struct bytes text, struct link_undone *undone);
/* Where [from, to) of the copy stood in the text, and the flags of what was undone in it. */
void link_undone_place(const struct link_undone *undone, size_t *from, size_t *to,
                       unsigned *flags);
