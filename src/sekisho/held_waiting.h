/* Messages that are held for one recipient and have not become anything else: neither given to him nor erased. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"

struct held_waiting {
    struct bytes id;
    bool others; /* it is held for others too */
};

/* name: as recipient_name makes it. Newest first, at most LIMIT_SEARCH_ROWS are looked at; more_r: there may be more, or
 * days could not be read. The list lives in the arena. */
enum sk_code held_waiting(struct arena *arena, const char *folder, struct bytes name,
                          struct held_waiting **list_r, size_t *count_r, bool *more_r,
                          struct why *why);
