/* The tree of MIME parts (RFC 2045, 2046).
 *
 * mime_read walks a message once from top to bottom with a stack of the boundaries that are open, so that nothing is read
 * twice. A line is a boundary when it is "--", the boundary, perhaps "--", and blanks. The innermost open boundary is tried
 * first; one of an outer multipart ends the inner ones. message/rfc822 (and message/global) are opened, also when they are
 * base64 or quoted-printable. Everything else is a leaf, its transfer encoding undone; files inside text (blocks.h) become
 * leaves below it.
 *
 * Two readings. A hostile message is made so that two programs see different parts in it: two Content-Type fields, a
 * parameter given twice, a boundary that others find where we do not, base64 with its end in the middle. Which of them the
 * reader's program is nobody can tell. So where a message can be read in another way that some program is known to go,
 * it is read in that way as well: the part gets `other` parts beside it (letter.h), and a defect tells why. Our own reading
 * takes the first of two fields, as most do. Other readings have no others, are read last, and are bounded by
 * LIMIT_MIME_READINGS and LIMIT_MIME_AGAIN.
 *
 *     defect                   others read
 *     content_type_conflict    the last of several Content-Type fields that differ
 *     boundary_conflict        the last of two boundary parameters; boundary* where there is boundary; without its last blank
 *     charset_conflict         the last of two charset parameters
 *     encoding_conflict        the last of several Content-Transfer-Encoding fields; "base64" in a word that is none
 *     field_name_blank         no Content- field where a blank stands before the colon (RFC 5322 4.5 is obsolete)
 *     content_type_broken      a multipart by its boundary, though the type cannot be read
 *     boundary_missing         a multipart without boundary, cut at the first line that looks like one
 *     boundary_near            a line that only begins with the boundary (RFC 2046 5.1.1)
 *     multipart_encoded        parts under base64 or quoted-printable, which RFC 2045 6.4 forbids
 *     mime_empty               text, where no part was found in a multipart
 *     header_cr, body_cr       a line end at a CR alone
 *     header_blank_line        the end of the header at a line of blanks
 *     base64_runs              base64 read on over padding in its middle
 *
 * File names: Content-Disposition's filename counts, then Content-Type's name. Where another of them, a double, or the name
 * up to a NUL has another ending, it is kept as other_name (defect filename_conflict).
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

/* letter->raw is given; fills header, body, root and part_count, of inner letters too (and their raw). part_count counts all
 * that part_next reaches; that of an inner letter leaves other readings out. */
void mime_read(struct arena *arena, struct letter *letter, struct mime_outside *outside_r,
               struct defects *defects);
