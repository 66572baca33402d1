#define SK_BASE
#include "base/table.h"

#include "base/hash.h"
#include "base/why.h"

struct table_slot {
    struct bytes key;
    uint64_t hash;
    void *value; /* NULL: empty */
};

void
table_init(struct table *t, struct arena *arena, bool fold)
{
    *t = (struct table){.arena = arena, .fold = fold};
}

static uint64_t
table_hash(const struct table *t, struct bytes key)
{
    if (!t->fold) {
        return hash_quick(key, hash_seed());
    }
    uint64_t hash = hash_seed() ^ key.size;
    for (size_t i = 0; i < key.size; i++) {
        hash = (hash ^ ascii_lower(key.at[i])) * 0x100000001b3u;
    }
    return hash_mix(hash);
}

static struct table_slot *
table_slot(const struct table *t, struct bytes key, uint64_t hash)
{
    for (size_t i = hash & (t->room - 1);; i = (i + 1) & (t->room - 1)) {
        struct table_slot *slot = &t->slots[i];
        if (slot->value == NULL ||
            (slot->hash == hash &&
             (t->fold ? bytes_equal_fold(slot->key, key) : bytes_equal(slot->key, key)))) {
            return slot;
        }
    }
}

void *
table_get(const struct table *t, struct bytes key)
{
    return t->room == 0 ? NULL : table_slot(t, key, table_hash(t, key))->value;
}

static void
table_widen(struct table *t)
{
    struct table wider = *t;

    wider.room = t->room == 0 ? 16 : t->room * 2;
    wider.slots = ARENA_NEW_MANY(t->arena, wider.room, struct table_slot);
    for (size_t i = 0; i < t->room; i++) {
        if (t->slots[i].value != NULL) {
            *table_slot(&wider, t->slots[i].key, t->slots[i].hash) = t->slots[i];
        }
    }
    *t = wider;
}

void *
table_put(struct table *t, struct bytes key, void *value)
{
    SK_ASSERT(value != NULL);
    if (t->count * 4 >= t->room * 3) {
        table_widen(t);
    }
    uint64_t hash = table_hash(t, key);
    struct table_slot *slot = table_slot(t, key, hash);
    void *before = slot->value;
    if (before == NULL) {
        t->count++;
        slot->key = key;
        slot->hash = hash;
    }
    slot->value = value;
    return before;
}

bool
table_next(const struct table *t, size_t *position, struct bytes *key_r, void **value_r)
{
    while (*position < t->room) {
        const struct table_slot *slot = &t->slots[(*position)++];
        if (slot->value != NULL) {
            *key_r = slot->key;
            *value_r = slot->value;
            return true;
        }
    }
    return false;
}
