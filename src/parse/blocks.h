/* Files inside text: uuencode, its base64 form, and yEnc.
 *
 * Before MIME a file was put into the text itself, and mail programs still take it out and show it as an attachment. So
 * what stands between these lines is no text but a file:
 *
 *     begin 644 NAME  ...  end            uuencode (POSIX.1-2001 uuencode; three or four digits of mode)
 *     begin-base64 644 NAME  ...  ====    the same in base64
 *     =ybegin line=128 size=N name=NAME  [=ypart ...]  ...  =yend size=N      yEnc 1.3
 *
 * "begin" counts only when the next line is one of uuencode ("end" too): people begin sentences with the word. A
 * uuencoded file ends at the first line that cannot be one, so that no text behind it is lost; one of yEnc ends at =yend,
 * at the next =ybegin, or with the text. Linear in all of the text; decoded bytes are never more than encoded ones. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

enum block_kind { BLOCK_UUENCODE, BLOCK_BASE64, BLOCK_YENC };

struct block {
    enum block_kind kind;
    struct bytes
        raw; /* from its first line through the line end of its last; a view of the text */
    struct bytes name;    /* as written, a view */
    struct bytes content; /* decoded, in the arena */
    bool broken;          /* no end, a line or a size that is not right */
};

/* Where a search stands: at a line. */
struct blocks {
    struct bytes text;
    size_t at;
    size_t begin,
        yenc; /* the next candidates, BYTES_NOWHERE if none, good once looked for */
    bool begin_known, yenc_known;
};

void blocks_init(struct blocks *blocks, struct bytes text);
/* The next file in the text; false when there is none. */
bool blocks_next(struct arena *arena, struct blocks *blocks, struct block *block_r);
