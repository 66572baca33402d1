/* Held messages, stored by what they are: held/AB/SHA256.zst, where SHA256 (hexadecimal, beginning with AB) is that of
 * the raw message, which also stands in its record. The same message held twice is one file. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/why.h"

#define HELD_PATH_SIZE 96

void held_path(const uint8_t sha256[HASH_SHA256_SIZE], char path_r[HELD_PATH_SIZE]);
/* Written beside and renamed, not synced: the vault syncs the group. */
enum sk_code held_write(int folder, struct bytes raw, struct why *why);
/* SK_BAD: not there, or not what its name says. */
enum sk_code held_read(struct arena *arena, int folder,
                       const uint8_t sha256[HASH_SHA256_SIZE], struct bytes *raw_r,
                       struct why *why);
