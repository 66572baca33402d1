/* Names of elements and attributes, found by a hash.
 *
 * A table is filled once, from names of 1 to HTML_NAME_MOST small letters, digits and hyphens, and asked with names of any case. Each name
 * has a slot of its own: the factor of the hash is chosen so, and html_names_put sees to it. A key is
 * the first eight bytes with their bit 0x20 set, which makes capital letters small; of longer names the last eight are compared too,
 * and of those with a digit or hyphen (which the bit makes of a control character) all. */
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
        bool odd;            /* there are digits or hyphens in it */
    } slots[HTML_NAME_SLOTS];
    uint64_t tails
        [HTML_NAME_SLOTS]; /* of names of more than eight bytes the key of the last eight */
};

/* The bits of the first bytes of a key, as many as the index tells. */
extern const uint64_t html_name_masks[9];

/* Of a name that is not empty, with at least eight bytes from its start on that may be read. */
static inline uint64_t
html_name_key_within(const uint8_t *at, size_t size)
{
    uint64_t key;

    memcpy(&key, at, sizeof key);
    key = le64toh(key) | 0x2020202020202020u;
    return key & html_name_masks[size < 8 ? size : 8];
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
    for (size_t i = 0; i < name.size; i++) {
        put->odd |= !ascii_letter(name.at[i]);
    }
    put->more = put->odd || name.size > 8;
    if (name.size > 8) {
        names->tails[put - names->slots] = html_name_key(bytes_from(name, name.size - 8));
    }
}

/* Whether a name of the size and key of that slot is the one in it. */
static inline bool
html_name_is(const struct html_names *names, unsigned slot, struct bytes name)
{
    for (size_t i = 0; names->slots[slot].odd && i < name.size; i++) {
        if (name.at[i] < '-') {
            return false; /* what the bit made a digit or a hyphen of */
        }
    }
    return name.size <= 8 ||
           names->tails[slot] == html_name_key_within(name.at + name.size - 8, 8);
}

/* Whether a name that is not empty was put, and with which index: 0 if it was not. */
static inline bool
html_names_find(const struct html_names *names, struct bytes name, uint64_t key,
                uint8_t *index_r)
{
    unsigned slot = html_name_slot(key);
    const struct html_name *at = &names->slots[slot];
    bool same = (at->key == key) & (at->size == name.size);

    /* Nobody can tell which names come next: so no branch hangs on whether this one is known. */
    if (same & at->more) {
        same = html_name_is(names, slot, name);
    }
    *index_r = at->index & (uint8_t)-same;
    return same;
}

/* The index that was put with the name of that key; 0 if none was. */
static inline uint8_t
html_names_get(const struct html_names *names, struct bytes name, uint64_t key)
{
    uint8_t index;

    html_names_find(names, name, key, &index);
    return index;
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
