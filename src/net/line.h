/* Lines and the end of data, strictly.
 *
 * RFC 5321 2.3.8: a line ends with CR LF and with nothing else. Servers that took a bare LF for a line end let
 * attackers put a second message inside the first (CVE-2023-51764 and its kin): two machines disagreed where the data
 * ends. So one reader and one scanner, pure, without memory of their own, used everywhere. Both give the same result
 * however the bytes are cut into pieces; the tests cut at every byte. */
#pragma once

#include "base/bytes.h"
#include "base/why.h"

struct line_reader {
    bool dropping; /* inside a line that was too long */
};

/* Looks for a line at the start of input.
 * SK_OK: line_r is it, without CR LF; used_r bytes were it.
 * SK_MORE: no line end yet; used_r is 0, or what was dropped of a line that was too long.
 * SK_LIMIT: a line of more than line_max bytes (with CR LF) has come to its end, all of it dropped.
 * SK_BAD: it holds a bare CR or ends with a bare LF; used_r bytes, to that LF, are the broken line. */
enum sk_code line_read(struct line_reader *reader, struct bytes input, size_t line_max,
                       struct bytes *line_r, size_t *used_r);

struct data_scanner {
    uint8_t state;
    bool bare_lf, bare_cr; /* one was met anywhere in the data */
};

/* At the first byte after the line of DATA. */
void data_scanner_init(struct data_scanner *scanner);
/* Consumes from the start of chunk, undoing dot-stuffing (RFC 5321 4.5.2): piece_r is the next run of the message's
 * own bytes (may be empty; lies in chunk, or is a constant).
 * SK_OK: CR LF . CR LF was reached; used_r bytes of chunk were data and end, the rest is the next command.
 * SK_MORE: used_r bytes were consumed; call again with what follows. At the end of chunk used_r is chunk.size. */
enum sk_code data_scan(struct data_scanner *scanner, struct bytes chunk, size_t *used_r,
                       struct bytes *piece_r);

/* The next run of bytes of a message to be sent as it is, up to a place where a dot must be put before what follows
 * (a line that begins with a dot). at_line_start: whether b begins a line. Returns the run's size; dot_r: whether the
 * dot follows it. */
size_t data_stuff(struct bytes b, bool at_line_start, bool *dot_r);
