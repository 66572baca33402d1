/* A hash of a short text, for tables of what was met last, in which one entry takes the place of another: eight bytes at a time, the last
 * eight once more. Whoever asks compares the whole. */
#pragma once

#include "base/bytes.h"

static inline uint64_t
hash_of(struct bytes text)
{
    uint64_t hash = text.size, eight;

    for (size_t i = 0; i + sizeof eight <= text.size; i += sizeof eight) {
        memcpy(&eight, text.at + i, sizeof eight);
        hash = (hash ^ eight) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    if (text.size >= sizeof eight) {
        memcpy(&eight, text.at + text.size - sizeof eight, sizeof eight);
        return (hash ^ eight) * 0x9e3779b97f4a7c15u >> 32;
    }
    for (size_t i = 0; i < text.size; i++) {
        hash = hash * 31 + text.at[i];
    }
    return hash;
}
