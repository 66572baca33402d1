/* Looking for a few bytes in long text, sixteen at a time.
 *
 *     struct bytes text = ...;
 *     for (size_t at = 0; at + SCAN_SIZE <= text.size; at += SCAN_SIZE) {
 *         scan_block block = scan_load(text.at + at);
 *         if (scan_any(scan_is(block, '<') | scan_is(block, '&'))) { one of them stands in [at, at + SCAN_SIZE) }
 *     }
 *
 * scan_hits tells where: a bit for each byte, the first byte's the lowest.
 *
 * Plain C with the vectors that gcc and clang know on every machine. Nothing is read past SCAN_SIZE bytes from where
 * scan_load was told to: the caller sees to it that they are there, and looks at the last few one by one. */
#pragma once

#include "base/bytes.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

static inline unsigned
scan_hits(scan_block hits)
{
#ifdef __SSE2__
    __m128i all;

    memcpy(&all, &hits, sizeof all);
    return (unsigned)_mm_movemask_epi8(all);
#else
    unsigned found = 0;

    for (unsigned i = 0; i < SCAN_SIZE; i++) {
        found |= (hits[i] & 1u) << i;
    }
    return found;
#endif
}

/* The index of the lowest bit that is set; one is. */
static inline size_t
scan_first(size_t hits)
{
    return (size_t)__builtin_ctzll(hits);
}

/* Where the byte c stands at or behind `at`; the size if nowhere. For what mostly stands near. */
static inline size_t
scan_find(struct bytes in, uint8_t c, size_t at)
{
    size_t near = at + 8 * SCAN_SIZE;

    for (; at + SCAN_SIZE <= in.size && at < near; at += SCAN_SIZE) {
        unsigned hits = scan_hits(scan_is(scan_load(in.at + at), c));
        if (hits != 0) {
            return at + scan_first(hits);
        }
    }
    const uint8_t *found = at < in.size ? memchr(in.at + at, c, in.size - at) : NULL;
    return found == NULL ? in.size : (size_t)(found - in.at);
}
