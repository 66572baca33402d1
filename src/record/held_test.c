#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "record/held_private.h"
#include "record/settings.h"

static struct arena arena;
static char folder[64];
static int at;
static struct why why;

#define MESSAGE BYTES("From: a@example.com\r\nSubject: hold\r\n\r\nhold me\r\n")

static struct bytes
secret_of(uint8_t address, uint8_t wrap)
{
    uint8_t *secret = arena_take_bytes(&arena, HELD_SECRET_SIZE);

    memset(secret, address, 32);
    memset(secret + 32, wrap, 32);
    return bytes_of(secret, HELD_SECRET_SIZE);
}

static struct held_keys *
keys_of(uint8_t address, uint8_t wrap)
{
    return held_keys_of(&arena, secret_of(address, wrap), BYTES_NONE);
}

static const char *
full_path(const uint8_t name[HELD_NAME_SIZE])
{
    static char path[200];
    char part[HELD_PATH_SIZE];

    held_path(name, part);
    snprintf(path, sizeof(path), "%s/%s", folder, part);
    return path;
}

static struct bytes
file_of(const char *path)
{
    uint8_t *text = arena_take_bytes(&arena, 65536);
    int file = open(path, O_RDONLY);
    ssize_t got = file >= 0 ? read(file, text, 65536) : 0;

    close(file);
    return bytes_of(text, got > 0 ? (size_t)got : 0);
}

static bool
contains_file(struct bytes file, const char *text)
{
    return bytes_find(file, bytes_from_text(text), 0) != BYTES_NOWHERE;
}

static void
test_file(void)
{
    struct held_keys *keys = keys_of(1, 2);
    struct held_ref ref, again;
    struct bytes raw;
    struct stat status;

    tap_ok(held_write(at, keys, MESSAGE, &ref, &why) == SK_OK &&
               stat(full_path(ref.name), &status) == 0 && (status.st_mode & 0777) == 0600,
           "a message is held, for us alone");
    struct bytes file = file_of(full_path(ref.name));
    tap_ok(!contains_file(file, "hold me") && !contains_file(file, "example.com"),
           "nothing of it can be read in the file");
    tap_ok(held_read(&arena, at, keys, ref.name, &raw, &why) == SK_OK &&
               bytes_equal(raw, MESSAGE),
           "it comes back as it was");
    tap_ok(held_write(at, keys, MESSAGE, &again, &why) == SK_OK &&
               memcmp(&ref, &again, sizeof ref) == 0 &&
               bytes_equal(file, file_of(full_path(ref.name))),
           "held twice it is one file, untouched");
    tap_ok(held_check(at, ref.name, ref.seal, &why) == SK_OK &&
               held_check(at, ref.name, NULL, &why) == SK_OK,
           "its seal holds without a key");
    struct held_keys *others = keys_of(7, 2);
    held_name(others, MESSAGE, again.name);
    tap_ok(memcmp(again.name, ref.name, sizeof ref.name) != 0,
           "under another secret it has another name");
    tap_ok(held_read(&arena, at, keys_of(1, 3), ref.name, &raw, &why) == SK_BAD &&
               raw.size == 0,
           "another wrapping key does not open it");
    tap_ok(held_write(at, keys, BYTES_NONE, &again, &why) == SK_OK &&
               held_read(&arena, at, keys, again.name, &raw, &why) == SK_OK &&
               raw.size == 0,
           "an empty message can be held");
    tap_ok(truncate(full_path(ref.name), 0) == 0 &&
               held_read(&arena, at, keys, ref.name, &raw, &why) == SK_BAD &&
               held_check(at, ref.name, NULL, &why) == SK_BAD,
           "a file without its bytes is told");
    tap_ok(held_write(at, keys, MESSAGE, &again, &why) == SK_OK &&
               held_read(&arena, at, keys, ref.name, &raw, &why) == SK_OK,
           "and written again");
}

static void
test_bounds(void)
{
    struct held_keys *keys = keys_of(1, 2);
    uint8_t *large = calloc(1, LIMIT_MESSAGE + 1);
    struct held_ref ref;
    struct arena big;
    struct bytes raw;

    arena_init(&big, (size_t)8 * LIMIT_MESSAGE);
    tap_ok(held_write(at, keys, bytes_of(large, LIMIT_MESSAGE), &ref, &why) == SK_OK &&
               held_read(&big, at, keys, ref.name, &raw, &why) == SK_OK &&
               raw.size == LIMIT_MESSAGE,
           "a message at the bound is held");
    tap_ok(held_write(at, keys, bytes_of(large, LIMIT_MESSAGE + 1), &ref, &why) == SK_LIMIT,
           "one byte more is not");
    arena_release(&big);
    free(large);
}

/* Each byte of a small file altered, and each end cut off. */
static void
test_altered(void)
{
    struct held_keys *keys = keys_of(1, 2);
    uint8_t name[HELD_NAME_SIZE];
    struct bytes raw;
    size_t opened = 0, cut = 0;

    held_name(keys, MESSAGE, name);
    struct bytes file = held_seal(&arena, keys, name, MESSAGE);
    uint8_t *text = (uint8_t *)(uintptr_t)bytes_copy(&arena, file).at;
    for (size_t i = 0; i < file.size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            text[i] ^= (uint8_t)(1u << bit);
            opened += held_unseal(&arena, keys, name, bytes_of(text, file.size), &raw,
                                  &why) == SK_OK;
            text[i] ^= (uint8_t)(1u << bit);
        }
        cut +=
            held_unseal(&arena, keys, name, bytes_slice(file, 0, i), &raw, &why) == SK_OK;
    }
    tap_ok(opened == 0, "no file with one bit altered opens (%zu of %zu)", opened,
           8 * file.size);
    tap_ok(cut == 0, "and none that is cut short");
    tap_ok(held_unseal(&arena, keys, name, file, &raw, &why) == SK_OK &&
               bytes_equal(raw, MESSAGE),
           "untouched it does");
    name[31] ^= 1;
    tap_ok(held_unseal(&arena, keys, name, file, &raw, &why) == SK_BAD,
           "not under another name");
}

static void
test_seal(void)
{
    struct held_keys *keys = keys_of(1, 2);
    struct held_ref ref;
    size_t missed = 0, found = 0;

    tap_ok(held_write(at, keys, MESSAGE, &ref, &why) == SK_OK, "held");
    char path[200];
    snprintf(path, sizeof(path), "%s", full_path(ref.name));
    struct bytes file = file_of(path);
    for (size_t i = 0; i < file.size; i++) {
        int out = open(path, O_RDWR);
        uint8_t byte = file.at[i] ^ 1;
        bool wrote = pwrite(out, &byte, 1, (off_t)i) == 1;
        bool told = held_check(at, ref.name, ref.seal, &why) == SK_BAD;
        bool slot = i >= HELD_FIXED && i < HELD_HEAD_SIZE;
        missed += wrote && !slot && !told;
        found += wrote && !slot && told;
        byte ^= 1;
        wrote = pwrite(out, &byte, 1, (off_t)i) == 1;
        close(out);
    }
    tap_ok(missed == 0 && found == file.size - 2 * HELD_SLOT_SIZE,
           "without a key every altered byte outside the slots is told");
}

static void
test_erase(void)
{
    struct held_keys *keys = keys_of(1, 2);
    struct held_ref ref;
    struct bytes raw;
    char linked[200];

    tap_ok(held_write(at, keys, MESSAGE, &ref, &why) == SK_OK, "held");
    /* A second name stands for whatever copy of the disk's blocks somebody may look at afterwards. */
    snprintf(linked, sizeof(linked), "%s/copy", folder);
    unlink(linked);
    tap_ok(link(full_path(ref.name), linked) == 0 &&
               held_erase(at, ref.name, &why) == SK_OK &&
               access(full_path(ref.name), F_OK) != 0,
           "erased, the file is gone");
    tap_ok(held_unseal(&arena, keys, ref.name, file_of(linked), &raw, &why) == SK_BAD,
           "and what remains of it opens no more");
    tap_ok(held_erase(at, ref.name, &why) == SK_OK, "erasing it again is no fault");
}

static void
test_record(void)
{
    const struct bytes record = BYTES("{\"v\":1,\"kind\":\"message\",\"id\":\"x\"}"),
                       two = BYTES("{\"a\":1}\n{\"b\":2}");
    struct held_keys *keys = keys_of(1, 2);
    struct held_ref ref, again;
    struct bytes raw;
    char path[HELD_PATH_SIZE], expected[HELD_PATH_SIZE];

    tap_ok(held_write(at, keys, MESSAGE, &ref, &why) == SK_OK, "held");
    struct bytes named = held_ref_into(&arena, record, &ref);
    tap_ok(held_ref_read(named, &again) && memcmp(&ref, &again, sizeof ref) == 0 &&
               bytes_ends(named, BYTES("\"}")),
           "a record names its file");
    tap_ok(!held_ref_read(record, &again), "one without does not");
    tap_ok(bytes_ends(held_ref_into(&arena, two, &ref), BYTES("}\n{\"b\":2}")),
           "of two lines the first does");
    tap_ok(held_read_record(&arena, at, keys, named, &raw, &why) == SK_OK &&
               bytes_equal(raw, MESSAGE) &&
               held_read_record(&arena, at, keys, record, &raw, &why) == SK_BAD,
           "it is read by its record");
    held_path(ref.name, expected);
    tap_ok(held_record_path(NULL, named, path) && strcmp(path, expected) == 0,
           "and its path known");
    tap_ok(held_erase_record(at, keys, named, &why) == SK_OK &&
               held_read_record(&arena, at, keys, named, &raw, &why) == SK_BAD,
           "and erased by it");
}

/* A file as the first version wrote it. */
static void
write_old(struct bytes raw, uint8_t sha256_r[HASH_SHA256_SIZE])
{
    char path[HELD_PATH_SIZE], full[200];
    uint8_t packed[4096];
    size_t size = ZSTD_compress(packed, sizeof(packed), raw.at, raw.size, 1);

    hash_sha256(raw, sha256_r);
    held_old_path(sha256_r, path);
    snprintf(full, sizeof(full), "%s/held", folder);
    mkdir(full, 0700);
    snprintf(full, sizeof(full), "%s/held/%02x", folder, sha256_r[0]);
    mkdir(full, 0700);
    snprintf(full, sizeof(full), "%s/%s", folder, path);
    int file = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    tap_ok(write(file, packed, size) == (ssize_t)size, "a file of the first version");
    close(file);
}

static enum sk_code
work_all(struct held_keys *keys, const struct config *config, struct held_cursor *cursor)
{
    enum sk_code code = SK_MORE;

    *cursor = (struct held_cursor){0};
    for (unsigned i = 0; i < 300 && code == SK_MORE; i++) {
        code = held_work(at, keys, config, cursor, &why);
    }
    return code;
}

static void
test_upgrade(const struct config *config)
{
    const struct bytes message = BYTES("Subject: old\r\n\r\nof the first version\r\n");
    uint8_t sha256[HASH_SHA256_SIZE];
    struct held_keys *keys;
    struct held_cursor cursor;
    struct bytes raw, record;
    struct writer w;

    write_old(message, sha256);
    writer_init(&w, &arena);
    writer_text(&w, "{\"v\":1,\"kind\":\"message\",\"sha256\":\"");
    writer_bytes(&w, bytes_hex(&arena, bytes_of(sha256, sizeof(sha256))));
    writer_text(&w, "\"}");
    record = writer_view(&w);
    tap_ok(held_keys_open(&arena, config, &keys, &why) == SK_OK, "the key is made");
    tap_ok(held_read_record(&arena, at, keys, record, &raw, &why) == SK_OK &&
               bytes_equal(raw, message),
           "it is read as it is");
    tap_ok(work_all(keys, config, &cursor) == SK_OK && cursor.rewritten == 1,
           "and written anew");
    char path[HELD_PATH_SIZE];
    held_old_path(sha256, path);
    tap_ok(faccessat(at, path, F_OK, 0) != 0, "the plain file is gone");
    tap_ok(held_read_record(&arena, at, keys, record, &raw, &why) == SK_OK &&
               bytes_equal(raw, message),
           "and its record still finds it");
}

static void
test_change(const struct config *config)
{
    struct held_keys *keys, *after;
    struct held_cursor cursor;
    struct held_ref refs[40];
    struct bytes raw;
    char text[64];
    size_t good = 0;

    tap_ok(held_keys_open(&arena, config, &keys, &why) == SK_OK, "the key");
    for (size_t i = 0; i < 40; i++) {
        int size = snprintf(text, sizeof(text), "message %zu", i);
        good += held_write(at, keys, bytes_of(text, (size_t)size), &refs[i], &why) == SK_OK;
    }
    struct bytes before = file_of(full_path(refs[0].name));
    tap_ok(good == 40 && held_keys_change(keys, config, &why) == SK_OK &&
               held_keys_changing(keys) && held_keys_change(keys, config, &why) == SK_LATER,
           "the key is changed, and not twice at a time");
    tap_ok(held_read(&arena, at, keys, refs[3].name, &raw, &why) == SK_OK,
           "what the old one wrapped is read meanwhile");
    tap_ok(held_keys_open(&arena, config, &after, &why) == SK_OK &&
               held_keys_changing(after) &&
               held_read(&arena, at, after, refs[3].name, &raw, &why) == SK_OK,
           "also after a crash in the middle");
    tap_ok(work_all(after, config, &cursor) == SK_OK && !held_keys_changing(after) &&
               cursor.wrapped >= 40,
           "all are wrapped anew (%llu)", (unsigned long long)cursor.wrapped);
    struct bytes now = file_of(full_path(refs[0].name));
    tap_ok(now.size == before.size &&
               bytes_equal(bytes_from(now, HELD_HEAD_SIZE),
                           bytes_from(before, HELD_HEAD_SIZE)) &&
               !bytes_equal(now, before),
           "the message itself was not touched");
    good = 0;
    tap_ok(held_keys_open(&arena, config, &after, &why) == SK_OK &&
               !held_keys_changing(after),
           "opened again there is one key");
    for (size_t i = 0; i < 40; i++) {
        good += held_read(&arena, at, after, refs[i].name, &raw, &why) == SK_OK &&
                held_check(at, refs[i].name, refs[i].seal, &why) == SK_OK;
    }
    tap_ok(good == 40, "which opens all, and their seals hold");
    struct held_keys *old = held_keys_of(&arena, secret_of(1, 1), BYTES_NONE);
    old->now = keys->old;
    tap_ok(held_unseal(&arena, old, refs[0].name, now, &raw, &why) == SK_BAD,
           "the old one opens nothing any more");
}

/* A crash tore the slot that was being written: the file still opens while the change is under way, and is healed. */
static void
test_torn_slot(void)
{
    struct bytes first = secret_of(1, 2), second = secret_of(1, 3), raw;
    struct held_keys *old = held_keys_of(&arena, first, BYTES_NONE),
                     *both = held_keys_of(&arena, second, first),
                     *done = held_keys_of(&arena, second, BYTES_NONE);
    uint8_t name[HELD_NAME_SIZE];
    enum held_turn turn;
    unsigned slot;

    held_name(old, MESSAGE, name);
    struct bytes file = held_seal(&arena, old, name, MESSAGE);
    uint8_t *text = (uint8_t *)(uintptr_t)file.at;
    memset(text + HELD_FIXED + HELD_SLOT_SIZE, 0x55, 20);
    tap_ok(held_unseal(&arena, both, name, file, &raw, &why) == SK_OK &&
               held_unseal(&arena, old, name, file, &raw, &why) == SK_BAD,
           "a torn slot is borne while keys change, and only then");
    tap_ok(held_turn_head(both, name, text, &turn, &slot) == SK_OK &&
               turn == HELD_TURN_WRAP && slot == 1 &&
               held_unseal(&arena, both, name, file, &raw, &why) == SK_OK,
           "it is written over");
    tap_ok(held_turn_head(both, name, text, &turn, &slot) == SK_OK &&
               turn == HELD_TURN_CLEAR && slot == 0,
           "then the other is cleared");
    tap_ok(held_turn_head(both, name, text, &turn, &slot) == SK_OK &&
               turn == HELD_TURN_DONE &&
               held_unseal(&arena, done, name, file, &raw, &why) == SK_OK &&
               held_unseal(&arena, old, name, file, &raw, &why) == SK_BAD,
           "and the new key alone opens it");
}

int
main(void)
{
    const struct config *config = NULL;
    char text[200], command[200];

    arena_init(&arena, (size_t)1 << 30);
    snprintf(folder, sizeof(folder), "/tmp/sekisho-held-test-%d", (int)getpid());
    mkdir(folder, 0700);
    at = open(folder, O_RDONLY | O_DIRECTORY);
    int size = snprintf(text, sizeof(text), "[record]\nfolder = %s\n", folder);
    tap_ok(config_read(&arena, record_config_keys,
                       bytes_copy(&arena, bytes_of(text, (size_t)size)), &config,
                       &why) == SK_OK,
           "configured");
    test_file();
    test_bounds();
    test_altered();
    test_seal();
    test_erase();
    test_record();
    test_upgrade(config);
    test_change(config);
    test_torn_slot();
    close(at);
    snprintf(command, sizeof(command), "rm -rf %s %s-keys", folder, folder);
    tap_ok(system(command) == 0, "cleared away");
    arena_release(&arena);
    return tap_done();
}
