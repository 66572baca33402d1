/* How much room a worker has for mail, so that overload is answered and never swaps.
 *
 * A worker has a share of the machine's memory. Half of it is for messages that come in (counted to the byte, and never
 * more than LIMIT_HELD_BYTES); the rest is for what reading one of them takes, and for copies on their way. What the
 * process really occupies is looked at too, at most every ROOM_LOOK_MS: above three quarters no new connection and no new
 * message is taken until it has fallen. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROOM_LOOK_MS 20

struct room {
    uint64_t bytes; /* the share; 0: not set, only LIMIT_HELD_BYTES counts */
    int statm;      /* /proc/self/statm, open; -1: not to be had */
    uint64_t base;  /* occupied before the first message */
    int64_t looked_ms, trimmed_ms;
    bool full; /* as it was then */
};

/* Opens what it needs: before the process loses its right to open files. */
void room_open(struct room *room, uint64_t bytes);
void room_close(struct room *room);
/* Bytes of messages in flight. */
size_t room_for_messages(const struct room *room);
/* Whether nothing new is to be taken now. */
bool room_is_full(struct room *room);
/* What the process occupies of its own, in bytes; 0 when that is not known. */
uint64_t room_occupied(const struct room *room);
