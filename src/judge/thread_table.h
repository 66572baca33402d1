/* Memories of conversations of all recipients (judge/thread_memory.h), in memory that processes share from a fork on.
 *
 * The keeper writes, workers read: a worker must know how far a conversation has come while it judges the next message of it, and may
 * not wait for that between judging and recording (docs/decisions/0028). A worker that reads what is just being changed reads again, some
 * times; after that the correspondent is not known to it for this once. Keys of pairs are made of both addresses, so what stands in a place that
 * was given to somebody else is never taken for one's own.
 *
 * Workers read foreign mail, so they cannot write here: there are two mappings, and whoever is not the keeper gives up the writable one
 * before it reads anything (thread_table_only_read); the memory is sealed, so that no other can be made. What the keeper finds in it is its own.
 *
 * A place and its file are named by HMAC-SHA256 of the recipient's normal name under a key (personal_id_of). At most
 * LIMIT_THREAD_RECIPIENTS: a new one takes the place of whoever's memory says least (fewest stages with one correspondent, then the longest
 * quiet). Untouched places take no memory. Nothing here opens a file or allocates. */
#pragma once

#include "base/why.h"
#include "judge/thread_memory.h"

struct thread_table;

/* An empty table without a key: nobody is found in it. The handle is the arena's, the memory lasts until thread_table_close. */
enum sk_code thread_table_open(struct arena *arena, struct thread_table **table_r,
                               struct why *why);
/* In a process that only reads; table may be NULL. */
void thread_table_only_read(struct thread_table *table);
void thread_table_close(struct thread_table *table);
/* From here on people are found. */
void thread_table_set_key(struct thread_table *table, const uint8_t key[HASH_SHA256_SIZE]);

/* Any process. Whether anybody has a memory; table may be NULL. */
bool thread_table_any(const struct thread_table *table);
/* Whether it has a key, so that pairs can be named; table may be NULL. */
bool thread_table_ready(const struct thread_table *table);
/* recipient: normal name. */
void thread_table_pair(const struct thread_table *table, struct bytes recipient,
                       struct bytes correspondent, uint8_t pair_r[THREAD_KEY_SIZE]);
/* What is known of the pair, a copy. */
bool thread_table_find(const struct thread_table *table, struct bytes recipient,
                       const uint8_t pair[THREAD_KEY_SIZE], struct thread_pair *pair_r);
/* For the guard of leaving mail: the recipient is about to write to this address. */
struct lure_outgoing thread_table_outgoing(const struct thread_table *table,
                                           struct bytes recipient,
                                           struct bytes correspondent);

/* The keeper. Memories that are taken, by place; NULL: the place is free. Beyond the last: NULL. */
size_t thread_table_places(const struct thread_table *table);
const struct thread_memory *thread_table_at(const struct thread_table *table, size_t place);
/* The place of a name (personal_id_of), or SIZE_MAX. */
size_t thread_table_place(const struct thread_table *table,
                          const uint8_t name[HASH_SHA256_SIZE]);
/* The same, given where there is none. evicted_r: who lost his for it, all zero where nobody did. */
size_t thread_table_take(struct thread_table *table, const uint8_t name[HASH_SHA256_SIZE],
                         const uint8_t domain[HASH_SHA256_SIZE],
                         uint8_t evicted_r[HASH_SHA256_SIZE]);
/* Between the two a memory may be changed; no process reads it meanwhile. */
struct thread_memory *thread_table_change(struct thread_table *table, size_t place);
void thread_table_changed(struct thread_table *table, size_t place);
/* Overwritten, and free for another. */
void thread_table_give_up(struct thread_table *table, size_t place);
/* Whether every byte of a place is zero. */
bool thread_table_is_zero(const struct thread_table *table, size_t place);
