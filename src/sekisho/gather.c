#include "sekisho/gather.h"

#define SEVERAL_16THS 24 /* one and a half records: on the whole, they do not come alone */
#define SIZE_MOST     4096

uint32_t
gather_wait_us(const struct gather *gather, size_t records, int64_t now_us)
{
    int64_t since_us = now_us - gather->committed_us;

    if (records >= GATHER_ENOUGH || gather->left > 0 ||
        gather->size_16ths < SEVERAL_16THS || since_us < 0 || since_us >= GATHER_MOST_US) {
        return 0;
    }
    return (uint32_t)(GATHER_MOST_US - since_us);
}

void
gather_waited(struct gather *gather, size_t before, size_t after)
{
    size_t came = after - before;

    if (came >= 2 && came >= before / 4) {
        gather->rest = 0;
        return;
    }
    gather->rest = gather->rest == 0 ? 4 : 2 * gather->rest;
    gather->rest = gather->rest > GATHER_REST ? GATHER_REST : gather->rest;
    gather->left = gather->rest + 1; /* the group in hand is one of them */
}

void
gather_committed(struct gather *gather, size_t records, int64_t now_us)
{
    uint32_t size = (uint32_t)(records < SIZE_MOST ? records : SIZE_MOST) * 16;

    gather->size_16ths = (3 * gather->size_16ths + size) / 4;
    gather->left -= gather->left > 0;
    gather->committed_us = now_us;
}
