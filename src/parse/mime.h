/* The tree of MIME parts (RFC 2045, 2046).
 *
 * mime_read walks a message once from top to bottom with a stack of the boundaries that are open, so that nothing is read
 * twice. A line is a boundary when it is "--", the boundary, perhaps "--", and blanks. The innermost open boundary is tried
 * first; one of an outer multipart ends the inner ones. message/rfc822 (and message/global) are opened, also when they are
 * base64 or quoted-printable. Everything else is a leaf, its transfer encoding undone.
 *
 * Bounds: LIMIT_MIME_DEPTH, LIMIT_MIME_PARTS, LIMIT_BOUNDARY. What stands outside all parts (preamble, epilogue) is kept
 * in mime_outside, since some readers show it. Recursion is bounded by the depth. */
#pragma once

#include "parse/defects.h"
#include "parse/letter.h"

/* Bytes that belong to no part, in order, without those that are blank or only say that this is MIME. */
struct mime_outside {
    struct bytes *pieces;
    size_t count, room;
};

/* letter->raw is given; fills header, body, root and part_count, of inner letters too (and their raw). */
void mime_read(struct arena *arena, struct letter *letter, struct mime_outside *outside_r,
               struct defects *defects);

/* Fills type, parameters, charset_label, encoding, disposition, filename and content_id from part->header. digest: the
 * default type is message/rfc822. */
void mime_describe(struct arena *arena, struct part *part, struct bytes *boundary_r,
                   bool digest, struct defects *defects);
