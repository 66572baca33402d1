/* The folder of private keys: record.keys, else the record folder's path with "-keys" appended. Mode 0700; each key is a
 * file of mode 0600.
 *
 * It is not beneath the record folder, so that a process may be given the record to read (Landlock) and not one key with
 * it, and so that a copy of the record, made for a court or a backup, holds none. Besides keys it holds what the signer
 * must remember even if the record is put back to an older state: `ledger.signed` (record/ledger.h). */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/config.h"
#include "base/why.h"

#define KEYS_NAME_SIZE 64

/* The folder's path. */
const char *keys_folder(struct arena *arena, const struct config *config);
/* The same for a record folder without a configuration at hand. */
const char *keys_folder_beside(struct arena *arena, const char *record_folder);

/* Opens it; made when it is not there. SK_CONFIG: somebody else may read it. The caller closes. */
enum sk_code keys_open(const char *folder, int *folder_r, struct why *why);

/* The key `name` of exactly `size` bytes, made at random and synced when it is not there yet. SK_CONFIG: it is there with
 * another size, or others may read it. */
enum sk_code keys_read_or_make(struct arena *arena, const struct config *config,
                               const char *name, size_t size, struct bytes *bytes_r,
                               struct why *why);
/* The same in an open folder. */
enum sk_code keys_read_or_make_at(struct arena *arena, int folder, const char *name,
                                  size_t size, struct bytes *bytes_r, struct why *why);

/* Writes over the file with zeros, syncs, removes it, syncs the folder. One that is not there is no fault. What a copying
 * file system or a drive keeps of old blocks is beyond us. */
enum sk_code keys_destroy(int folder, const char *name, struct why *why);
/* Puts the file `next` in the place of `name`; what `name` held is overwritten with zeros, not only forgotten. */
enum sk_code keys_replace(int folder, const char *next, const char *name, struct why *why);
