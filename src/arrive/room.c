#define SK_BASE
#include "arrive/room.h"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/limits.h"

#define TRIM_MS 1000

uint64_t
room_occupied(const struct room *room)
{
    char text[128];
    uint64_t numbers[3] = {0}; /* size, resident, shared; in pages */
    ssize_t size = room->statm < 0 ? 0 : pread(room->statm, text, sizeof text, 0);
    struct bytes rest = bytes_of(text, size > 0 ? (size_t)size : 0);

    for (size_t i = 0; i < 3; i++) {
        size_t end = bytes_find_byte(rest, ' ', 0);
        if (end == BYTES_NOWHERE ||
            !bytes_to_number(bytes_slice(rest, 0, end), INT64_MAX, &numbers[i])) {
            return 0;
        }
        rest = bytes_from(rest, end + 1);
    }
    return numbers[1] < numbers[2]
               ? 0
               : (numbers[1] - numbers[2]) * (uint64_t)sysconf(_SC_PAGESIZE);
}

void
room_open(struct room *room, uint64_t bytes)
{
    *room = (struct room){.bytes = bytes, .looked_ms = INT64_MIN, .trimmed_ms = INT64_MIN};
    room->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    room->base = room_occupied(room);
    /* Large blocks go back to the machine as soon as they are free, so that what is occupied falls again. */
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    mallopt(M_TRIM_THRESHOLD, 4 << 20);
}

void
room_close(struct room *room)
{
    if (room->statm >= 0) {
        close(room->statm);
        room->statm = -1;
    }
}

size_t
room_for_messages(const struct room *room)
{
    uint64_t half = room->bytes / 2;

    return room->bytes == 0 || half > LIMIT_HELD_BYTES ? LIMIT_HELD_BYTES : (size_t)half;
}

static bool
look(const struct room *room)
{
    uint64_t now = room_occupied(room);

    return now > room->base && now - room->base > room->bytes / 4 * 3;
}

bool
room_is_full(struct room *room)
{
    int64_t now = clock_monotonic_ms();

    if (room->bytes == 0 || now - ROOM_LOOK_MS < room->looked_ms) {
        return room->full;
    }
    room->looked_ms = now;
    room->full = look(room);
    if (room->full && now - TRIM_MS >= room->trimmed_ms) {
        room->trimmed_ms = now;
        arena_forget_blocks();
        malloc_trim(0);
        room->full = look(room);
    }
    return room->full;
}
