/* Before our own headers: they forbid names that OpenSSL gives its parameters. */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "record/held_private.h"

#include <fcntl.h>
#include <unistd.h>

#include "record/keys.h"
#include "record/ledger.h"

#define KEY_FILE "held.key"
#define OLD_FILE "held.old"

const struct config_key held_config_keys[] = {
    {"held", "second_person", CONFIG_CHOICE, "profile", .choices = "profile|yes|no",
     .help =
         "Whether a second, different person must approve before a held message is read; "
         "profile: yes for a carrier, no for the others."},
    {.name = NULL},
};

/* One step of HKDF (RFC 5869) is enough for 32 bytes from a key that is uniform already. */
static void
derive(struct bytes secret, const char *what, uint8_t key_r[HELD_KEY_SIZE])
{
    struct bytes info = bytes_from_text(what);
    uint8_t text[64];
    unsigned size = HELD_KEY_SIZE;

    SK_ASSERT(info.size < sizeof(text));
    memcpy(text, info.at, info.size);
    text[info.size] = 1;
    SK_ASSERT(HMAC(EVP_sha256(), secret.at, (int)secret.size, text, info.size + 1, key_r,
                   &size) != NULL);
}

static void
wrap_from(struct held_wrap *wrap, struct bytes secret)
{
    uint8_t id[HELD_KEY_SIZE];
    struct bytes root = bytes_slice(secret, HELD_KEY_SIZE, HELD_SECRET_SIZE);

    derive(root, "sekisho held wrap", wrap->key);
    derive(root, "sekisho held id", id);
    memcpy(wrap->id, id, HELD_ID_SIZE);
    wrap->there = true;
}

static void
keys_clear(void *context)
{
    OPENSSL_cleanse(context, sizeof(struct held_keys));
}

struct held_keys *
held_keys_of(struct arena *arena, struct bytes secret, struct bytes old)
{
    struct held_keys *keys = ARENA_NEW(arena, struct held_keys);

    SK_ASSERT(secret.size == HELD_SECRET_SIZE);
    arena_defer(arena, keys_clear, keys);
    derive(bytes_slice(secret, 0, HELD_KEY_SIZE), "sekisho held address", keys->address);
    wrap_from(&keys->now, secret);
    if (old.size == HELD_SECRET_SIZE && !bytes_equal(old, secret)) {
        wrap_from(&keys->old, old);
    }
    return keys;
}

static void
wipe(struct bytes secret)
{
    OPENSSL_cleanse((uint8_t *)(uintptr_t)secret.at, secret.size);
}

static enum sk_code
open_folder(struct arena *arena, const struct config *config, int *folder_r,
            struct why *why)
{
    return keys_open(keys_folder(arena, config), folder_r, why);
}

enum sk_code
held_keys_open(struct arena *arena, const struct config *config, struct held_keys **keys_r,
               struct why *why)
{
    struct arena scratch;
    struct bytes secret = BYTES_NONE, old = BYTES_NONE;
    int folder = -1;

    *keys_r = NULL;
    arena_init(&scratch, (size_t)1 << 20);
    enum sk_code code = open_folder(&scratch, config, &folder, why);
    if (code == SK_OK) {
        code = keys_read_or_make_at(&scratch, folder, KEY_FILE, HELD_SECRET_SIZE, &secret,
                                    why);
    }
    if (code == SK_OK && faccessat(folder, OLD_FILE, F_OK, 0) == 0) {
        code =
            keys_read_or_make_at(&scratch, folder, OLD_FILE, HELD_SECRET_SIZE, &old, why);
    }
    if (code == SK_OK && bytes_equal(secret, old)) {
        /* A crash before the new key took its place: nothing was wrapped by it. */
        code = keys_destroy(folder, OLD_FILE, why);
    }
    if (code == SK_OK) {
        *keys_r = held_keys_of(arena, secret, old);
    }
    wipe(secret);
    wipe(old);
    if (folder >= 0) {
        close(folder);
    }
    arena_release(&scratch);
    return code;
}

bool
held_keys_changing(const struct held_keys *keys)
{
    return keys->old.there;
}

enum sk_code
held_keys_change(struct held_keys *keys, const struct config *config, struct why *why)
{
    struct arena scratch;
    struct bytes secret = BYTES_NONE;
    uint8_t next[HELD_SECRET_SIZE] = {0};
    int folder = -1;

    if (keys->old.there) {
        return why_set(why, SK_LATER,
                       "the last change of held.key is not through: messages are still "
                       "being wrapped anew");
    }
    arena_init(&scratch, (size_t)1 << 20);
    enum sk_code code = open_folder(&scratch, config, &folder, why);
    if (code == SK_OK) {
        code = keys_read_or_make_at(&scratch, folder, KEY_FILE, HELD_SECRET_SIZE, &secret,
                                    why);
    }
    if (code == SK_OK) {
        memcpy(next, secret.at, HELD_KEY_SIZE);
        hash_random(next + HELD_KEY_SIZE, HELD_SECRET_SIZE - HELD_KEY_SIZE);
        code = ledger_write_file(folder, OLD_FILE, secret, 0600, why);
    }
    if (code == SK_OK && fsync(folder) != 0) {
        code = why_set(why, SK_SYSTEM, "cannot sync the folder of keys");
    }
    if (code == SK_OK) {
        code = ledger_write_file(folder, KEY_FILE ".next", bytes_of(next, sizeof(next)),
                                 0600, why);
    }
    if (code == SK_OK) {
        code = keys_replace(folder, KEY_FILE ".next", KEY_FILE, why);
    }
    if (code == SK_OK) {
        keys->old = keys->now;
        wrap_from(&keys->now, bytes_of(next, sizeof(next)));
    }
    wipe(secret);
    OPENSSL_cleanse(next, sizeof(next));
    if (folder >= 0) {
        close(folder);
    }
    arena_release(&scratch);
    return code;
}

/* The old key is no longer needed: all were wrapped anew. */
enum sk_code
held_keys_changed(struct held_keys *keys, const struct config *config, struct why *why)
{
    struct arena scratch;
    int folder = -1;

    arena_init(&scratch, (size_t)1 << 20);
    enum sk_code code = open_folder(&scratch, config, &folder, why);
    if (code == SK_OK) {
        code = keys_destroy(folder, OLD_FILE, why);
        close(folder);
    }
    if (code == SK_OK) {
        OPENSSL_cleanse(&keys->old, sizeof(keys->old));
    }
    arena_release(&scratch);
    return code;
}

void
held_name_of_hash(const struct held_keys *keys, const uint8_t sha256[HASH_SHA256_SIZE],
                  uint8_t name_r[HELD_NAME_SIZE])
{
    unsigned size = HELD_NAME_SIZE;

    SK_ASSERT(HMAC(EVP_sha256(), keys->address, sizeof(keys->address), sha256,
                   HASH_SHA256_SIZE, name_r, &size) != NULL);
}

void
held_name(const struct held_keys *keys, struct bytes raw, uint8_t name_r[HELD_NAME_SIZE])
{
    uint8_t digest[HASH_SHA256_SIZE];

    hash_sha256(raw, digest);
    held_name_of_hash(keys, digest, name_r);
}
