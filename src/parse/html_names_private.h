/* Names of elements and attributes, found by a hash.
 *
 * A table is filled once, from names in lower case of 1 to HTML_NAME_MOST bytes, and asked with names of any case. A key is the first eight
 * bytes; of longer names the rest is compared. */
#pragma once

#include "base/bytes.h"

#define HTML_NAME_MOST  15
#define HTML_NAME_SLOTS 512u

struct html_names {
    struct html_name {
        uint64_t key;
        uint8_t size, index; /* size 0: the slot is free */
        uint8_t rest[HTML_NAME_MOST - 8];
    } slots[HTML_NAME_SLOTS];
};

/* Eight bytes with their capital ASCII letters made small. */
static inline uint64_t
html_name_lower(uint64_t x)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t low = x & ones * 0x7f, from_a = low + ones * (0x80 - 'A'),
             behind_z = low + ones * (0x7f - 'Z');

    return x | ((from_a ^ behind_z) & ~x & ones * 0x80) >> 2;
}

/* Equal for equal names of one size, whatever their case; its first eight bytes if it is longer. */
static inline uint64_t
html_name_key(struct bytes name)
{
    uint64_t key = 0;
    uint32_t low, high;
    uint16_t first, last;

    if (name.size >= 8) {
        memcpy(&key, name.at, 8);
    } else if (name.size >= 4) {
        memcpy(&low, name.at, 4);
        memcpy(&high, name.at + name.size - 4, 4);
        key = (uint64_t)high << 32 | low;
    } else if (name.size >= 2) {
        memcpy(&first, name.at, 2);
        memcpy(&last, name.at + name.size - 2, 2);
        key = (uint64_t)last << 16 | first;
    } else if (name.size == 1) {
        key = name.at[0];
    }
    return html_name_lower(key);
}

static inline unsigned
html_name_slot(uint64_t key, size_t size)
{
    return (unsigned)((key + size) * 0x9e3779b97f4a7c15u >> 55) % HTML_NAME_SLOTS;
}

static inline void
html_names_put(struct html_names *names, struct bytes name, uint8_t index)
{
    uint64_t key = html_name_key(name);
    unsigned slot = html_name_slot(key, name.size);

    while (names->slots[slot].size != 0) {
        slot = (slot + 1) % HTML_NAME_SLOTS;
    }
    struct html_name *put = &names->slots[slot];
    *put = (struct html_name){.key = key, .size = (uint8_t)name.size, .index = index};
    for (size_t i = 8; i < name.size; i++) {
        put->rest[i - 8] = name.at[i];
    }
}

/* The index that was put with it, or `none`. */
static inline uint8_t
html_names_get(const struct html_names *names, struct bytes name, uint8_t none)
{
    if (name.size == 0 || name.size > HTML_NAME_MOST) {
        return none;
    }
    uint64_t key = html_name_key(name);
    unsigned slot = html_name_slot(key, name.size);
    for (; names->slots[slot].size != 0; slot = (slot + 1) % HTML_NAME_SLOTS) {
        const struct html_name *at = &names->slots[slot];
        if (at->key == key && at->size == name.size &&
            (name.size <= 8 ||
             bytes_equal_fold(bytes_from(name, 8), bytes_of(at->rest, name.size - 8u)))) {
            return at->index;
        }
    }
    return none;
}
