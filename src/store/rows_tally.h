/* How many, by action, category and hour: the figures of a page or a table. */
#pragma once

#include "store/rows.h"

struct rows_tally_row {
    struct bytes action, category;
    int64_t hour_ms; /* where the hour begins, UTC */
    uint64_t count, bytes;
};
struct rows_tally {
    struct rows_tally_row *rows; /* newest hour first */
    size_t count;
    uint64_t messages, threats;
};
#define ROWS_TALLY_MAX 4096 /* rows; beyond: the oldest hours are left out */

/* All events with from_ms <= time < to_ms (0: no end). */
enum sk_code rows_tally(struct arena *arena, const char *folder, int64_t from_ms,
                        int64_t to_ms, struct rows_tally *tally_r, struct why *why);
