/* Messages that kill workers.
 *
 * A worker notes in memory it shares with the supervisor which message it is executing at this moment: `struct hand`, one
 * page for each worker, which no other worker sees. When a worker dies of a fault, the supervisor adds the message that
 * was in its hand to `struct suspects`, which workers see and cannot write. A message in whose hands two workers died is not
 * read a third time: it is answered 451, kept as it came, and a record of kind "crash" tells of it.
 *
 * A message is known by HMAC-SHA256 of its bytes under a secret of this start: the list tells nobody what was in it. */
#pragma once

#include <stdatomic.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/why.h"

#define SUSPECT_DEATHS 2 /* so many workers does a message get */

struct hand {
    _Atomic int64_t alive_ms; /* monotonic: when the worker's loop last turned */
    _Atomic bool holding;
    uint8_t fingerprint[HASH_SHA256_SIZE];
    char id[32];
};

struct suspect {
    uint8_t fingerprint[HASH_SHA256_SIZE];
    _Atomic uint32_t deaths; /* 0: nobody stands here */
};

struct suspects {
    uint8_t secret[32];
    struct suspect list[LIMIT_SUSPECTS];
    size_t next; /* the supervisor's: whom a new one takes the place of */
};

/* Supervisor: makes the list; *fd_r is what suspects_view needs. */
enum sk_code suspects_open(struct suspects **suspects_r, int *fd_r, struct why *why);
/* A page of its own for a worker; NULL: no memory. */
struct hand *hand_new(void);
/* In a worker: the list, in a view that cannot be made writable. The supervisor's own is given up. */
const struct suspects *suspects_view(struct suspects *mine, int fd);

/* Worker */
void suspects_fingerprint(const struct suspects *suspects, struct bytes raw,
                          uint8_t fingerprint_r[HASH_SHA256_SIZE]);
/* How many workers died with it in hand. */
unsigned suspects_deaths(const struct suspects *suspects,
                         const uint8_t fingerprint[HASH_SHA256_SIZE]);
/* From here to hand_leave the message is executed. hand may be NULL: a process without a supervisor. */
void hand_take(struct hand *hand, const uint8_t fingerprint[HASH_SHA256_SIZE],
               struct bytes id);
void hand_leave(struct hand *hand);

/* Supervisor: a worker died with something in hand; gives how often that was so with this message, 0 if with none. The hand
 * is empty afterwards. */
unsigned suspects_died(struct suspects *suspects, struct hand *hand);
