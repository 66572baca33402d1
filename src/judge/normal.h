/* The normal form of a text: what the classifier and the lexicon read.
 *
 * Writers of unwanted mail and of threats hide words: full width letters, half width kana, zero-width characters,
 * dots between characters, letters of another script that look alike, タヒ for 死. The normal form undoes this, so that
 * one word has one spelling: NFKC with case folding (Unicode UAX 15, UTR 30's successor NFKC_Casefold), invisible
 * characters dropped, blanks made one, emoji followed by their words (parse/emoji.h), separators between single Japanese characters closed up, look-alikes folded. The
 * result is valid UTF-8 whatever was given. Memory is the arena's.
 *
 * What changes meaning for everybody (kana of the other kind, small kana, digits for letters) is not folded here but in
 * judge/spelling.h, where only the lexicon looks. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

/* At most `most` bytes of normal form are made (never more than LIMIT_NORMAL_BYTES); the rest of text is not read. */
struct bytes normal_form(struct arena *arena, struct bytes text, size_t most);

/* An offset made, and the offset it was made of; both run on in step until the next. */
struct normal_step {
    uint32_t made, of;
};

struct normal_steps {
    struct normal_step *list;
    size_t count, room;
};

/* The way back, for whoever asks what a finding rests on. */
struct normal_map {
    struct normal_steps folded, woven; /* of the two passes */
    size_t text_size, folded_size, normal_size;
};

/* The same bytes, and the way back; slower. */
struct bytes normal_form_mapped(struct arena *arena, struct bytes text, size_t most,
                                struct normal_map *map_r);

/* Where in the text the bytes [from, to) of its normal form come from: [*from_r, *to_r), whole characters. Offsets
 * beyond the end count as the end. */
void normal_source(const struct normal_map *map, size_t from, size_t to, size_t *from_r,
                   size_t *to_r);
