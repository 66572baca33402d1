/* The normal form of a text: what the classifier and the lexicon read.
 *
 * Writers of unwanted mail and of threats hide words: full width letters, half width kana, zero-width characters,
 * dots between characters, letters of another script that look alike. The normal form undoes this, so that one word
 * has one spelling: NFKC with case folding (Unicode UAX 15, UTR 30's successor NFKC_Casefold), invisible characters
 * dropped, blanks made one, separators between single Japanese characters closed up, a few look-alikes folded. The
 * result is valid UTF-8 whatever was given. Memory is the arena's. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

/* At most `most` bytes of normal form are made (never more than LIMIT_NORMAL_BYTES); the rest of text is not read. */
struct bytes normal_form(struct arena *arena, struct bytes text, size_t most);
