#include "record/held.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/limits.h"

/* Level 1: the keeper must not be slow when a flood is held. */
#define LEVEL 1

void
held_path(const uint8_t sha256[HASH_SHA256_SIZE], char path_r[HELD_PATH_SIZE])
{
    int size = snprintf(path_r, HELD_PATH_SIZE, "held/%02x/", sha256[0]);

    for (size_t i = 0; i < HASH_SHA256_SIZE; i++) {
        size += snprintf(path_r + size, HELD_PATH_SIZE - (size_t)size, "%02x", sha256[i]);
    }
    snprintf(path_r + size, HELD_PATH_SIZE - (size_t)size, ".zst");
}

static enum sk_code
read_file(struct arena *arena, int folder, const char *path, struct bytes *text_r,
          struct why *why)
{
    struct stat status;
    int file = openat(folder, path, O_RDONLY | O_CLOEXEC);

    if (file < 0 || fstat(file, &status) != 0) {
        int error = errno;
        if (file >= 0) {
            close(file);
        }
        errno = error;
        return error == ENOENT ? why_set(why, SK_BAD, "%s is not there", path)
                               : why_set(why, SK_SYSTEM, "cannot read %s", path);
    }
    if ((uint64_t)status.st_size > ZSTD_compressBound(LIMIT_MESSAGE)) {
        close(file);
        return why_set(why, SK_BAD, "%s is too large", path);
    }
    uint8_t *at = arena_take_bytes(arena, (size_t)status.st_size);
    ssize_t got = read(file, at, (size_t)status.st_size);
    close(file);
    *text_r = bytes_of(at, got > 0 ? (size_t)got : 0);
    return got == status.st_size ? SK_OK : why_set(why, SK_BAD, "%s is cut short", path);
}

enum sk_code
held_read(struct arena *arena, int folder, const uint8_t sha256[HASH_SHA256_SIZE],
          struct bytes *raw_r, struct why *why)
{
    char path[HELD_PATH_SIZE];
    struct bytes packed = BYTES_NONE;
    uint8_t digest[HASH_SHA256_SIZE];

    *raw_r = BYTES_NONE;
    held_path(sha256, path);
    enum sk_code code = read_file(arena, folder, path, &packed, why);
    if (code != SK_OK) {
        return code;
    }
    unsigned long long size = ZSTD_getFrameContentSize(packed.at, packed.size);
    if (size > LIMIT_MESSAGE) {
        return why_set(why, SK_BAD, "%s is no compressed message", path);
    }
    uint8_t *at = arena_take_bytes(arena, (size_t)size + 1);
    size_t got = ZSTD_decompress(at, (size_t)size + 1, packed.at, packed.size);
    hash_sha256(bytes_of(at, ZSTD_isError(got) ? 0 : got), digest);
    if (ZSTD_isError(got) || memcmp(digest, sha256, sizeof(digest)) != 0) {
        return why_set(why, SK_BAD, "%s was altered: it is not the message of that hash",
                       path);
    }
    *raw_r = bytes_of(at, got);
    return SK_OK;
}

static bool
is_there(struct arena *arena, int folder, const uint8_t sha256[HASH_SHA256_SIZE])
{
    char path[HELD_PATH_SIZE];
    struct bytes raw;

    held_path(sha256, path);
    /* A crash may have left a name without its bytes: such a file is written again. */
    return faccessat(folder, path, F_OK, 0) == 0 &&
           held_read(arena, folder, sha256, &raw, NULL) == SK_OK;
}

static bool
make_folders(int folder, const char *path)
{
    char part[HELD_PATH_SIZE];

    for (const char *slash = strchr(path, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
        if (mkdirat(folder, part, 0700) != 0 && errno != EEXIST) {
            return false;
        }
    }
    return true;
}

enum sk_code
held_write(int folder, struct bytes raw, struct why *why)
{
    uint8_t digest[HASH_SHA256_SIZE];
    char path[HELD_PATH_SIZE];
    struct arena arena;

    if (raw.size > LIMIT_MESSAGE) {
        return why_set(why, SK_LIMIT, "the message is larger than %d bytes", LIMIT_MESSAGE);
    }
    hash_sha256(raw, digest);
    held_path(digest, path);
    arena_init(&arena, (size_t)4 * LIMIT_MESSAGE);
    if (is_there(&arena, folder, digest)) {
        arena_release(&arena);
        return SK_OK;
    }
    size_t room = ZSTD_compressBound(raw.size);
    uint8_t *packed = arena_take_bytes(&arena, room);
    size_t size = ZSTD_compress(packed, room, raw.at, raw.size, LEVEL);
    SK_ASSERT(!ZSTD_isError(size));
    bool done = make_folders(folder, path);
    int file =
        done ? openat(folder, "held/new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
             : -1;
    done = file >= 0 && write(file, packed, size) == (ssize_t)size;
    if (file >= 0) {
        done = close(file) == 0 && done;
    }
    done = done && renameat(folder, "held/new", folder, path) == 0;
    enum sk_code code = done ? SK_OK : why_set(why, SK_SYSTEM, "cannot write %s", path);
    arena_release(&arena);
    return code;
}
