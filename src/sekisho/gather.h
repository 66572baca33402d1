/* How long the keeper waits for more records before it commits a group. Pure: no clock of its own.
 *
 * A commit costs the same for one record as for a hundred, so under load it pays to let some come together. It does not pay
 * for a message that comes alone, nor where all who could send already wait for their answer. So the last groups tell:
 * only where they held several records is there a wait, at most GATHER_MOST_US from the end of the commit before, and a
 * wait that brought too little is not tried again for twice as many groups as the time before. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define GATHER_MOST_US 2000
#define GATHER_ENOUGH  64  /* records that need no company */
#define GATHER_REST    128 /* groups without a wait at most, after waits in vain */

struct gather {
    int64_t committed_us; /* the end of the last commit; any clock that goes on */
    uint32_t size_16ths;  /* of a group: mean of the last ones, a later one weighing more */
    uint32_t rest,
        left; /* groups without a wait: after the last one in vain, and still to come */
};

/* All zero is how it begins. Microseconds to wait with a group of so many records in hand; 0: commit at once. */
uint32_t gather_wait_us(const struct gather *gather, size_t records, int64_t now_us);
/* A wait is over that began with so many records and ended with so many. */
void gather_waited(struct gather *gather, size_t before, size_t after);
/* A group was committed. */
void gather_committed(struct gather *gather, size_t records, int64_t now_us);
