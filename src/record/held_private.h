/* The file of a held message, version 2:
 *
 *     0    "sekheld2"
 *     8    size of the message        8 bytes, little end first
 *     16   size of what was packed    8 bytes, little end first
 *     24   slot: key id 8, nonce 12, the data key wrapped 32, tag 16
 *     92   slot: the same, or zeros
 *     160  the packed message (zstd) under the data key, and its tag of 16 bytes
 *
 * Everything is AES-256-GCM. The data key is random and used once, so its nonce is zero. Both the wrapping of it and the
 * message itself are bound to the first 24 bytes and to the file's name. A new wrapping key writes the free slot, syncs, and
 * then clears the other, so that a crash between leaves one that opens. */
#pragma once

#include "record/held.h"

#define HELD_MAGIC      "sekheld2"
#define HELD_FIXED      24 /* bytes before the slots */
#define HELD_ID_SIZE    8
#define HELD_NONCE_SIZE 12
#define HELD_KEY_SIZE   32
#define HELD_TAG_SIZE   16
#define HELD_SLOT_SIZE  (HELD_ID_SIZE + HELD_NONCE_SIZE + HELD_KEY_SIZE + HELD_TAG_SIZE)
#define HELD_HEAD_SIZE  (HELD_FIXED + 2 * HELD_SLOT_SIZE)

struct held_wrap {
    bool there;
    uint8_t id[HELD_ID_SIZE];
    uint8_t key[HELD_KEY_SIZE];
};

struct held_keys {
    uint8_t address[HELD_KEY_SIZE];
    struct held_wrap now, old; /* old: while a change of the key is not through */
};

/* The bytes of a file, made from a message and taken apart again. SK_BAD: altered, of another name, or under a key that we
 * do not have. */
struct bytes held_seal(struct arena *arena, const struct held_keys *keys,
                       const uint8_t name[HELD_NAME_SIZE], struct bytes raw);
enum sk_code held_unseal(struct arena *arena, const struct held_keys *keys,
                         const uint8_t name[HELD_NAME_SIZE], struct bytes file,
                         struct bytes *raw_r, struct why *why);
/* Whether the head can be one of a file of this size; without a key no more can be told. */
bool held_head_fits(struct bytes head, uint64_t file_size);

/* Where a file stands in a change of keys. */
enum held_turn {
    HELD_TURN_DONE, /* the present key alone opens it */
    HELD_TURN_WRAP, /* the slot given is to be written */
    HELD_TURN_CLEAR /* both are there: the slot given is to be cleared */
};
/* head: HELD_HEAD_SIZE bytes, changed in place. slot_r: which of the two. SK_BAD: no key of ours opens it. */
/* The change is through: destroys the old key. */
enum sk_code held_keys_changed(struct held_keys *keys, const struct config *config,
                               struct why *why);
enum sk_code held_turn_head(const struct held_keys *keys,
                            const uint8_t name[HELD_NAME_SIZE],
                            uint8_t head[HELD_HEAD_SIZE], enum held_turn *turn_r,
                            unsigned *slot_r);
