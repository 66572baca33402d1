/* The statement of origin (trace/statement.h) of a message of years ago, from its record alone.
 *
 * The members that origin_write_json wrote, and those of the envelope, are read back into a struct origin and a struct
 * arrival, and the statement is made from these as it is from a message in hand: origin_read_test.c holds the two against
 * each other. Where a record was made by an older version, what it does not have is unknown. Nothing is asked of anybody,
 * and no table of today is looked at. Text that was no UTF-8 stands in a record as U+FFFD. */
#pragma once

#include "base/json.h"
#include "base/why.h"

struct statement; /* trace/statement.h */

/* message: the line of kind "message". content: its line of kind "content", for the Message-ID, or "" where that is not
 * to be shown. What is returned lives as long as the arena. SK_BAD: no record of a message, or one without an origin
 * (answered before it was judged, or nobody allowed its source to be looked at). Bounded: as the bounds of trace. */
enum sk_code record_statement(struct arena *arena, struct bytes message,
                              struct bytes content, const struct statement **statement_r,
                              struct why *why);
/* The same, written as JSON under the key (statement_write_json), for those who may not read trace; where there is none to
 * be had, nothing is written. */
void record_put_statement(struct json *j, const char *key, struct bytes message,
                          struct bytes content);
