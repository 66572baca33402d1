/* A hash table from bytes to a pointer, in an arena, growing by doubling. Keys are not copied: they must live as
 * long as the table. Foreign keys cannot crowd one slot: the hash is keyed by the process's seed. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

struct table_slot;

struct table {
    struct arena *arena;
    struct table_slot *slots;
    size_t room, count;
    bool fold; /* keys compare without regard to ASCII case */
};

void table_init(struct table *t, struct arena *arena, bool fold);
/* NULL when the key is not there. */
void *table_get(const struct table *t, struct bytes key);
/* Puts or replaces; value is not NULL. Gives the value that was there before, or NULL. */
void *table_put(struct table *t, struct bytes key, void *value);
/* Walks all entries in no order: start with *position 0; false at the end. */
bool table_next(const struct table *t, size_t *position, struct bytes *key_r,
                void **value_r);
