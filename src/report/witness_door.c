#include "report/witness_door.h"

#include "base/limits.h"

void
witness_door_init(struct witness_door *door, struct arena *arena)
{
    *door = (struct witness_door){
        .callers = ARENA_NEW_MANY(arena, LIMIT_WITNESS_CALLERS, struct witness_caller)};
}

static struct witness_caller *
caller_of(struct witness_door *door, const struct net_address *from, int64_t now_ms)
{
    uint8_t key[16] = {0};
    struct witness_caller *quiet = NULL;

    memcpy(key, from->bytes, net_address_is_ip4(from) ? 16 : 8);
    for (size_t i = 0; i < door->count; i++) {
        struct witness_caller *one = &door->callers[i];
        if (memcmp(one->address, key, sizeof key) == 0) {
            return one;
        }
        if (quiet == NULL || one->last_ms < quiet->last_ms) {
            quiet = one;
        }
    }
    struct witness_caller *new =
        door->count < LIMIT_WITNESS_CALLERS ? &door->callers[door->count++] : quiet;
    *new = (struct witness_caller){.window_ms = now_ms};
    memcpy(new->address, key, sizeof key);
    return new;
}

int64_t
witness_door_knock(struct witness_door *door, const struct net_address *from,
                   int64_t now_ms)
{
    struct witness_caller *caller = caller_of(door, from, now_ms);

    caller->last_ms = now_ms;
    if (now_ms - caller->window_ms >= WITNESS_DOOR_WINDOW_MS) {
        caller->window_ms = now_ms;
        caller->count = 0;
    }
    if (caller->count >= LIMIT_WITNESS_CALLS) {
        return (caller->window_ms + WITNESS_DOOR_WINDOW_MS - now_ms + 999) / 1000;
    }
    caller->count++;
    return 0;
}
