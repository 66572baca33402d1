/* Text of header fields to UTF-8: encoded words (RFC 2047) and raw bytes.
 *
 * Neighbouring encoded words of one charset are joined as bytes before they are decoded, so that characters cut in two and the
 * shift state of ISO-2022-JP survive the seam. The charset of a word is a hint, the bytes are the evidence (charset.h).
 * Raw 8-bit bytes and raw JIS escapes between the words are decoded by evidence alone. Words are taken where mailers
 * put them, against RFC 2047 5: inside quoted strings, next to other text, with blanks in them; base64 cut inside its groups of
 * four is joined, and a last word without its "?=" is read to the end. */
#pragma once

#include "parse/defects.h"
#include "parse/emoji.h"

/* Where the next "?=" stands: remembered, so that a field full of "=?" costs linear time. */
struct words_seam {
    size_t next;
    bool known;
};

struct word {
    struct bytes charset; /* without the language of RFC 2231 5 */
    uint8_t encoding;     /* 'b' or 'q' */
    struct bytes text;
    size_t size; /* of the whole word */
    bool open;   /* it has no "?=": it ends with the line, or where the next begins */
};

/* Is there an encoded word at `at` in `in`? */
bool words_match(struct bytes in, size_t at, struct words_seam *seam, struct word *word_r);

/* Unstructured text: unfolded, decoded, blanks at both ends cut. A view where there is nothing to decode. */
struct bytes words_decode(struct arena *arena, struct bytes value, struct defects *defects);
/* The same, where the carrier is known whose phone wrote it (emoji.h). */
struct bytes words_decode_from(struct arena *arena, struct bytes value,
                               enum emoji_carrier carrier, struct defects *defects);

/* Behind a run of JIS bytes, from its escape (at `at`) through the escape back to ASCII, or up to the next other escape; 0 if none
 * begins here or it does not end. Bytes between mean no ASCII, so no parser may take them for quotes, commas or
 * brackets. */
size_t words_jis_run(struct bytes in, size_t at);
