/* Held messages: packed, enciphered, and stored under a name that tells nothing: held/AB/NAME.held, where NAME (64
 * hexadecimal digits, beginning with AB) is HMAC-SHA256 of the message's SHA-256 under a key of our own. The same message
 * held twice is one file; nobody without the key can try whether a message he guesses is there.
 *
 * Each file has a data key of its own, wrapped by the key held.key of the folder record.keys. Erasing overwrites the
 * wrapped key, and with it the message is gone, whatever copies of the rest there are. Changing held.key wraps the data
 * keys anew and leaves the rest of the files as it is.
 *
 * Files of the first version (held/AB/SHA256.zst, plain) are still read, and rewritten by held_work. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/config.h"
#include "base/hash.h"
#include "base/why.h"

#define HELD_NAME_SIZE 32
#define HELD_PATH_SIZE 96
#define HELD_SECRET_SIZE                                                                   \
    64 /* held.key: 32 bytes for names, which stay, and 32 for wrapping */

/* Rows of section [held]. */
extern const struct config_key held_config_keys[];

/* The keys, for the keeper alone; cleared from memory with the arena. */
struct held_keys;
enum sk_code held_keys_open(struct arena *arena, const struct config *config,
                            struct held_keys **keys_r, struct why *why);
/* Of secrets at hand: for tests. old: the one before while a change is not through, else empty. */
struct held_keys *held_keys_of(struct arena *arena, struct bytes secret, struct bytes old);

void held_name(const struct held_keys *keys, struct bytes raw,
               uint8_t name_r[HELD_NAME_SIZE]);
/* The same where only the message's SHA-256 is known, as in records of the first version. */
void held_name_of_hash(const struct held_keys *keys, const uint8_t sha256[HASH_SHA256_SIZE],
                       uint8_t name_r[HELD_NAME_SIZE]);
void held_path(const uint8_t name[HELD_NAME_SIZE], char path_r[HELD_PATH_SIZE]);
void held_old_path(const uint8_t sha256[HASH_SHA256_SIZE], char path_r[HELD_PATH_SIZE]);
/* 64 hexadecimal digits. */
bool held_name_read(struct bytes hex, uint8_t name_r[HELD_NAME_SIZE]);

/* What a record says of its held message: the file's name, and SHA-256 of the file without its slots of keys, by which
 * anybody can tell that it is as it was, without being able to read it. */
struct held_ref {
    uint8_t name[HELD_NAME_SIZE], seal[HASH_SHA256_SIZE];
};
/* "held":"...","held_seal":"..." for a record; and back. false: the record has none of this version. */
struct writer;
void held_ref_write(struct writer *w, const struct held_ref *ref);
bool held_ref_read(struct bytes record, struct held_ref *ref_r);
/* A record (one line of JSON, or several, of which the first counts) with that put before its last brace. */
struct bytes held_ref_into(struct arena *arena, struct bytes record,
                           const struct held_ref *ref);

/* Written beside and renamed, not synced: the vault syncs the group. */
enum sk_code held_write(int folder, const struct held_keys *keys, struct bytes raw,
                        struct held_ref *ref_r, struct why *why);
/* SK_BAD: not there, or not what its name says. */
enum sk_code held_read(struct arena *arena, int folder, const struct held_keys *keys,
                       const uint8_t name[HELD_NAME_SIZE], struct bytes *raw_r,
                       struct why *why);
/* Of the first version. */
enum sk_code held_read_old(struct arena *arena, int folder,
                           const uint8_t sha256[HASH_SHA256_SIZE], struct bytes *raw_r,
                           struct why *why);
/* The held message of a record, whatever version wrote it. record: one line of JSON with "held", or "sha256". */
enum sk_code held_read_record(struct arena *arena, int folder, const struct held_keys *keys,
                              struct bytes record, struct bytes *raw_r, struct why *why);
/* Where the file of a record should be; false if it names none. keys may be NULL: then a record of the first version
 * gives the path of that version, whether or not its file was rewritten since. */
bool held_record_path(const struct held_keys *keys, struct bytes record,
                      char path_r[HELD_PATH_SIZE]);
/* What can be told of a file without the keys. seal: as a record has it; NULL: head and size alone are looked at. SK_BAD:
 * not there, no file of ours, or altered. */
enum sk_code held_check(int folder, const uint8_t name[HELD_NAME_SIZE], const uint8_t *seal,
                        struct why *why);
/* Destroys the data key, on disk when this returns, and removes the file. SK_OK also when it is not there. */
enum sk_code held_erase(int folder, const uint8_t name[HELD_NAME_SIZE], struct why *why);
/* Removes the file of a record, of either version. */
enum sk_code held_erase_record(int folder, const struct held_keys *keys,
                               struct bytes record, struct why *why);

/* A new key. From here on new messages are wrapped by it; held_work brings the others over and destroys the old one at the
 * end. SK_LATER: the last change is not through. */
enum sk_code held_keys_change(struct held_keys *keys, const struct config *config,
                              struct why *why);
bool held_keys_changing(const struct held_keys *keys);

/* What is to be done beside the mail: files of the first version, and wrapping anew. One step does one folder of 256; the
 * cursor begins with {0}. SK_MORE: not through; SK_OK: all is done, and nothing more until the next change. */
struct held_cursor {
    unsigned at;
    bool through;
    uint64_t rewritten, wrapped, bad;
};
enum sk_code held_work(int folder, struct held_keys *keys, const struct config *config,
                       struct held_cursor *cursor, struct why *why);
