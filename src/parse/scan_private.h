/* Looking for a few bytes in long text, sixteen at a time.
 *
 *     struct bytes text = ...;
 *     for (size_t at = 0; at + SCAN_SIZE <= text.size; at += SCAN_SIZE) {
 *         scan_block block = scan_load(text.at + at);
 *         if (scan_any(scan_is(block, '<') | scan_is(block, '&'))) { one of them stands in [at, at + SCAN_SIZE) }
 *     }
 *
 * Plain C with the vectors that gcc and clang know on every machine. Nothing is read past SCAN_SIZE bytes from where
 * scan_load was told to: the caller sees to it that they are there, and looks at the last few one by one. */
#pragma once

#include "base/bytes.h"

typedef uint8_t scan_block __attribute__((vector_size(16)));
#define SCAN_SIZE sizeof(scan_block)

static inline scan_block
scan_load(const uint8_t *at)
{
    scan_block block;

    memcpy(&block, at, sizeof block);
    return block;
}

/* All bits of each byte that is c. */
static inline scan_block
scan_is(scan_block block, uint8_t c)
{
    scan_block all = {c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c};

    return (scan_block)(block == all);
}

static inline bool
scan_any(scan_block hits)
{
    uint64_t halves[2];

    memcpy(halves, &hits, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}
