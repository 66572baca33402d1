/* How many requests one address may send to the witness's door in a minute: each costs the keeper a question, and the door
 * is open to strangers. Of an IPv6 address its /64 counts, which is what one customer has. Pure: the time is passed in.
 * Bounds: LIMIT_WITNESS_CALLS, LIMIT_WITNESS_CALLERS. Whoever comes through a proxy comes from the proxy's address. */
#pragma once

#include "base/arena.h"
#include "net/endpoint.h"

#define WITNESS_DOOR_WINDOW_MS 60000

struct witness_caller {
    uint8_t address[16];
    int64_t window_ms; /* when its first request was counted */
    int64_t last_ms;
    unsigned count;
};

struct witness_door {
    struct witness_caller *callers;
    size_t count;
};

void witness_door_init(struct witness_door *door, struct arena *arena);
/* May it ask? 0: yes, and it is counted; else after how many seconds, 1 to 60. */
int64_t witness_door_knock(struct witness_door *door, const struct net_address *from,
                           int64_t now_ms);
