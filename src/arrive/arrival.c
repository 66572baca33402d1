#include "arrive/arrival.h"

#include "base/hash.h"

#define ID_SIZE       20
#define TIME_DIGITS   8
#define RANDOM_DIGITS (ID_SIZE - TIME_DIGITS)

/* In the order of ASCII, so that ids sort by time: 62^8 ms are 6,900 years, 62^12 is more than 2^64. */
static const char digits[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static void
put_digits(uint8_t *at, size_t count, uint64_t number)
{
    while (count-- > 0) {
        at[count] = (uint8_t)digits[number % 62];
        number /= 62;
    }
}

struct bytes
arrival_new_id(struct arena *arena, int64_t time_ms)
{
    uint8_t *id = arena_take_bytes(arena, ID_SIZE);
    uint64_t chance;

    hash_random(&chance, sizeof chance);
    put_digits(id, TIME_DIGITS, (uint64_t)time_ms);
    put_digits(id + TIME_DIGITS, RANDOM_DIGITS, chance);
    return bytes_of(id, ID_SIZE);
}
