#include "record/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "record/ledger.h"

const char *
keys_folder_beside(struct arena *arena, const char *record_folder)
{
    struct bytes path = bytes_from_text(record_folder);
    struct writer w;

    while (path.size > 1 && path.at[path.size - 1] == '/') {
        path.size--;
    }
    writer_init(&w, arena);
    writer_bytes(&w, path);
    writer_text(&w, "-keys");
    return writer_c(&w);
}

const char *
keys_folder(struct arena *arena, const struct config *config)
{
    struct bytes given = config_text(config, "record.keys");

    return given.size > 0
               ? bytes_text(arena, given)
               : keys_folder_beside(
                     arena, bytes_text(arena, config_text(config, "record.folder")));
}

enum sk_code
keys_open(const char *folder, int *folder_r, struct why *why)
{
    struct stat status;

    *folder_r = -1;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return why_set(why, SK_SYSTEM, "cannot make the folder %s", folder);
    }
    int opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0 || fstat(opened, &status) != 0) {
        enum sk_code code = why_set(why, SK_SYSTEM, "cannot open the folder %s", folder);
        if (opened >= 0) {
            close(opened);
        }
        return code;
    }
    if ((status.st_mode & 077) != 0) {
        close(opened);
        return why_set(why, SK_CONFIG,
                       "others may look into %s, which holds private keys; type `chmod "
                       "700 %s`",
                       folder, folder);
    }
    *folder_r = opened;
    return SK_OK;
}

static enum sk_code
read_key(struct arena *arena, int folder, const char *name, size_t size,
         struct bytes *bytes_r, struct why *why)
{
    struct stat status;
    enum sk_code code = ledger_read_file(arena, folder, name, size, bytes_r, why);

    if (code == SK_LIMIT || (code == SK_OK && bytes_r->size != size)) {
        return why_set(why, SK_CONFIG,
                       "the key %s does not have %zu bytes; put the right one back", name,
                       size);
    }
    if (code == SK_OK &&
        (fstatat(folder, name, &status, 0) != 0 || (status.st_mode & 077) != 0)) {
        return why_set(why, SK_CONFIG, "others may read the key %s; make it mode 0600",
                       name);
    }
    return code;
}

enum sk_code
keys_read_or_make_at(struct arena *arena, int folder, const char *name, size_t size,
                     struct bytes *bytes_r, struct why *why)
{
    enum sk_code code = read_key(arena, folder, name, size, bytes_r, why);

    if (code != SK_BAD) {
        return code;
    }
    uint8_t *at = arena_take_bytes(arena, size);
    hash_random(at, size);
    code = ledger_write_file(folder, name, bytes_of(at, size), 0600, why);
    if (code == SK_OK && fsync(folder) != 0) {
        code = why_set(why, SK_SYSTEM, "cannot sync the folder of keys");
    }
    if (code == SK_OK) {
        *bytes_r = bytes_of(at, size);
    }
    return code;
}

enum sk_code
keys_read_or_make(struct arena *arena, const struct config *config, const char *name,
                  size_t size, struct bytes *bytes_r, struct why *why)
{
    int folder;

    *bytes_r = BYTES_NONE;
    enum sk_code code = keys_open(keys_folder(arena, config), &folder, why);
    if (code == SK_OK) {
        code = keys_read_or_make_at(arena, folder, name, size, bytes_r, why);
        close(folder);
    }
    return code;
}

/* Zeros over all that an open file holds, on the disk. */
static bool
overwrite(int file)
{
    static const uint8_t zeros[4096];
    struct stat status;
    bool done = fstat(file, &status) == 0;

    for (off_t at = 0; done && at < status.st_size; at += (off_t)sizeof zeros) {
        size_t size = status.st_size - at < (off_t)sizeof zeros
                          ? (size_t)(status.st_size - at)
                          : sizeof zeros;
        done = pwrite(file, zeros, size, at) == (ssize_t)size;
    }
    return done && fsync(file) == 0;
}

enum sk_code
keys_destroy(int folder, const char *name, struct why *why)
{
    int file = openat(folder, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

    if (file < 0 && errno == ENOENT) {
        return SK_OK;
    }
    bool done = file >= 0 && overwrite(file);
    if (file >= 0) {
        close(file);
    }
    if (!done || unlinkat(folder, name, 0) != 0 || fsync(folder) != 0) {
        return why_set(why, SK_SYSTEM, "cannot destroy the key %s", name);
    }
    return SK_OK;
}

enum sk_code
keys_replace(int folder, const char *next, const char *name, struct why *why)
{
    int old = openat(folder, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

    if (old < 0 && errno != ENOENT) {
        return why_set(why, SK_SYSTEM, "cannot open the key %s", name);
    }
    /* First the new name is durable; only then the old bytes go. */
    bool done = renameat(folder, next, folder, name) == 0 && fsync(folder) == 0;
    if (old >= 0) {
        done = done && overwrite(old);
        close(old);
    }
    return done ? SK_OK : why_set(why, SK_SYSTEM, "cannot put a new key at %s", name);
}
