/* Taking text out of rows, so that no byte of it stays in the day's file: for a consent that was withdrawn, and at the end
 * of the time that a class of records is kept.
 *
 * A row is erased at once: it cannot be found any more, its columns are overwritten, and the chunk of the word index that
 * held it is taken away whole and overwritten. rows_clean makes that chunk anew in small steps and ends by emptying the
 * write-ahead log. Until then what was there may still be read in the raw files; the record folder has mode 0700. */
#pragma once

#include "store/rows.h"

struct rows_erasure {
    uint64_t index;                   /* the message's entry */
    int64_t time_ms;                  /* of its arrival: which day */
    bool whole;                       /* the row goes; else only what rests on content */
    const struct rows_event *content; /* what stays of the content; NULL: nothing */
};

/* To be called with nothing uncommitted (rows_commit). A row that is not there is as good as erased. Each day touched has
 * to be cleaned: *days_r gets its number (days since 1970 in the zone) if it is not among the *count_r there already, and
 * room is left. */
#define ROWS_DAYS_MAX 64
enum sk_code rows_erase(const char *folder, int zone_minutes,
                        const struct rows_erasure *erasures, size_t count,
                        int64_t days_r[ROWS_DAYS_MAX], size_t *count_r, struct why *why);
/* One step of cleaning, some milliseconds. SK_MORE: not through; SK_LATER: a reader is in the way, try again. A day long past
 * without rows loses its file. */
enum sk_code rows_clean(const char *folder, int64_t day, struct why *why);
