/* Names of elements and attributes, found by a hash.
 *
 * A table is filled once, from names of 1 to HTML_NAME_MOST small letters, digits and hyphens, and asked with names of any case. Each name
 * has a slot of its own: the factor of the hash is chosen so, and html_names_put sees to it. A key is
 * the first eight bytes with their bit 0x20 set, which makes capital letters small; of longer names the rest is compared, and of
 * those with a digit (which the bit makes of a control character) all. */
#pragma once

#include <endian.h>

#include "base/bytes.h"
#include "base/why.h"

#define HTML_NAME_MOST  13
#define HTML_NAME_SLOTS 512u

struct html_names {
    struct html_name {
        uint64_t key;
        uint8_t size, index; /* size 0: the slot is free */
        bool more;           /* the key does not tell all of it */
        uint8_t rest[HTML_NAME_MOST - 8];
    } slots[HTML_NAME_SLOTS];
};

/* Of a name that is not empty, with at least eight bytes from its start on that may be read. */
static inline uint64_t
html_name_key_within(const uint8_t *at, size_t size)
{
    uint64_t key;

    static const uint64_t masks[9] = {0,
                                      0xff,
                                      0xffff,
                                      0xffffff,
                                      0xffffffff,
                                      0xffffffff | 0xffull << 32,
                                      0xffffffffffff,
                                      0xffffffffffffff,
                                      UINT64_MAX};

    memcpy(&key, at, sizeof key);
    key = le64toh(key) | 0x2020202020202020u;
    return key & masks[size < 8 ? size : 8];
}

static inline uint64_t
html_name_key(struct bytes name)
{
    uint8_t first[8] = {0};

    for (size_t i = 0; i < name.size && i < sizeof first; i++) {
        first[i] = name.at[i];
    }
    return name.size == 0 ? 0 : html_name_key_within(first, name.size);
}

static inline unsigned
html_name_slot(uint64_t key)
{
    return (unsigned)(key * 0xbe30ccdeecd2a7c5u >> 55) % HTML_NAME_SLOTS;
}

static inline void
html_names_put(struct html_names *names, struct bytes name, uint8_t index)
{
    uint64_t key = html_name_key(name);
    struct html_name *put = &names->slots[html_name_slot(key)];

    SK_ASSERT(put->size == 0);
    *put = (struct html_name){.key = key, .size = (uint8_t)name.size, .index = index};
    put->more = name.size > 8;
    for (size_t i = 0; i < name.size; i++) {
        put->more |= ascii_digit(name.at[i]);
        if (i >= 8) {
            put->rest[i - 8] = name.at[i];
        }
    }
}

/* Whether a name of that size and key is it. */
static inline bool
html_name_is(const struct html_name *known, struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (name.at[i] < '-') {
            return false; /* what the bit made a digit of */
        }
    }
    return name.size <= 8 ||
           bytes_equal_fold(bytes_from(name, 8), bytes_of(known->rest, name.size - 8));
}

/* The index that was put with the name of that key; 0 if none was. */
static inline uint8_t
html_names_get(const struct html_names *names, struct bytes name, uint64_t key)
{
    const struct html_name *at = &names->slots[html_name_slot(key)];
    bool same = (at->key == key) & (at->size == name.size);

    /* Nobody can tell which names come next: so no branch hangs on whether this one is known. */
    if (same & at->more) {
        same = html_name_is(at, name);
    }
    return at->index & (uint8_t)-same;
}

/* Made by html_names_make, which whoever asks calls first. Indexes of elements are those of html_elements, of which the first is
 * the one that nobody knows; of attributes, enum html_attribute_name. */
extern struct html_names html_element_names, html_attribute_names;
extern bool html_names_made;
void html_names_make_now(void);

static inline void
html_names_make(void)
{
    if (!html_names_made) {
        html_names_make_now();
    }
}
