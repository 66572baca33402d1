#define SK_BASE
#include "arrive/room.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/tap.h"

#define MIB ((size_t)1 << 20)

/* Past ROOM_LOOK_MS, so that it is looked anew. */
static bool
full_now(struct room *room)
{
    usleep(2 * ROOM_LOOK_MS * 1000);
    return room_is_full(room);
}

static void
test_messages(void)
{
    struct room room = {.bytes = 0};

    tap_ok(room_for_messages(&room) == LIMIT_HELD_BYTES,
           "without a share the limit counts");
    room.bytes = 2 * (uint64_t)LIMIT_HELD_BYTES;
    tap_ok(room_for_messages(&room) == LIMIT_HELD_BYTES, "half of the share, at the limit");
    room.bytes += 2;
    tap_ok(room_for_messages(&room) == LIMIT_HELD_BYTES, "and past it: never more");
    room.bytes -= 4;
    tap_ok(room_for_messages(&room) == LIMIT_HELD_BYTES - 1, "half of a smaller share");
}

/* So that the machine really has to give it. */
static void
fill(volatile char *at, size_t size)
{
    for (size_t i = 0; i < size; i += 4096) {
        at[i] = 1;
    }
}

static void
test_occupied(void)
{
    struct room room;

    room_open(&room, 64 * MIB);
    if (room.statm < 0) {
        tap_skip("no /proc here");
        return;
    }
    tap_ok(room.base > 0 && !full_now(&room), "nothing is occupied at first");
    volatile char *large = malloc(40 * MIB);
    fill(large, 40 * MIB);
    tap_ok(!full_now(&room), "40 of 64 MiB: below three quarters");
    volatile char *more = malloc(12 * MIB);
    fill(more, 12 * MIB);
    tap_ok(full_now(&room), "52 of 64: above");
    free((void *)(uintptr_t)more);
    /* Unless the machine was busy elsewhere in between. */
    if (clock_monotonic_ms() - room.looked_ms < ROOM_LOOK_MS / 2) {
        tap_ok(room_is_full(&room), "within some milliseconds it is not looked again");
    } else {
        tap_skip("the machine is too busy to look within some milliseconds");
    }
#ifdef __SANITIZE_ADDRESS__
    tap_skip("the address sanitizer keeps what was given back");
#else
    tap_ok(!full_now(&room), "and room again when it was given back");
#endif
    free((void *)(uintptr_t)large);
    room_close(&room);
    tap_ok(room_occupied(&room) == 0, "closed, nothing is known");
    room_close(&room);
}

int
main(void)
{
    test_messages();
    test_occupied();
    return tap_done();
}
