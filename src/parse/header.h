/* Header blocks (RFC 5322 2.2, RFC 7103).
 *
 * header_read cuts a block into fields in one pass; nothing is copied. A line ends with LF or CR LF; a line that begins with
 * a blank continues the field above. A "From " line of mailbox files at the start is passed over. Real mail breaks
 * the grammar, and then:
 * - a line without a colon, or whose name has blanks or controls in it, continues the field above it when the header goes on
 *   below (RFC 7103 7.2; defect header_line); else the header ends there and the line is the first of the body;
 * - a block may end without an empty line, at the end or (inside a multipart) at a boundary;
 * - NULs are bytes like any others, noted as a defect; so are 8-bit bytes that are no UTF-8 (header_8bit), a "From " line
 *   (mailbox_line), a CR that ends no line (header_cr), and a line of blanks inside a field (header_blank_line). The last two
 *   end a line or the header for other readers: is_unclear is set, and mime.h reads the part in that way too.
 * header_find and header_count are declared in letter.h. */
#pragma once

#include "parse/defects.h"
#include "parse/letter.h"

struct mime_stack; /* boundaries of the open multiparts, see mime_private.h */

/* Reads the block at the start of `in`; returns where the body begins. stack is NULL outside multiparts. */
size_t header_read(struct arena *arena, struct bytes in, const struct mime_stack *stack,
                   struct header *header_r, struct defects *defects);

/* The value of the first field of that name, or "". */
struct bytes header_value(const struct header *header, struct bytes name);

/* The value on one line: line ends taken out, blanks at both ends cut. A view where nothing had to be taken out. */
struct bytes header_unfold(struct arena *arena, struct bytes value);

/* From `at`, which must be '(' : the index behind the comment, or 0 if it is not closed or is nested deeper than
 * LIMIT_COMMENT_DEPTH; then it is text. */
size_t header_comment(struct bytes in, size_t at);
