/* Transfer encodings undone (RFC 2045 6.7, 6.8, and uuencode).
 *
 * Lenient, as mail programs are: bytes outside the alphabet are passed over, base64 goes on behind padding, an '=' that encodes
 * nothing stays as it is; `broken` tells of it. Linear; the output is never longer than the room named. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

/* Decodes to `to`, which has room for in.size / 4 * 3 + 3 bytes; returns how many were put. *broken_r is set to true (and
 * never to false) when bytes outside the alphabet, or an impossible end, were met. */
size_t transfer_base64(struct bytes in, uint8_t *to, bool *broken_r);

/* The same with the bytes in the arena. */
struct bytes transfer_from_base64(struct arena *arena, struct bytes in, bool *broken_r);

/* Several runs in one: padding stands in the middle of it. transfer_base64 begins anew behind padding, as most readers do;
 * some pass over the '=' as if it were not there, and get other bytes: transfer_from_base64_through. */
bool transfer_base64_runs(struct bytes in);
struct bytes transfer_from_base64_through(struct arena *arena, struct bytes in);

/* Line ends are kept as they are; blanks before them are dropped (RFC 2045 6.7 (3)), soft line breaks joined. A view of
 * the input where nothing is encoded. */
struct bytes transfer_from_quoted_printable(struct arena *arena, struct bytes in,
                                            bool *broken_r);

/* The first file between "begin" and "end"; without such lines all of it is returned and *broken_r set. */
struct bytes transfer_from_uuencode(struct arena *arena, struct bytes in, bool *broken_r);

/* One line of it, without its line end: a length character, then groups of four, each six bits over a blank. `to` has room
 * for line.size + 2 bytes; returns how many were put. */
size_t transfer_uu_line(struct bytes line, uint8_t *to, bool *broken_r);
