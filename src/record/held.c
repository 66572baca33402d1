#include "record/held_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/limits.h"
#include "base/writer.h"

#define FILE_MAX (HELD_HEAD_SIZE + ZSTD_compressBound(LIMIT_MESSAGE) + HELD_TAG_SIZE)

static void
make_path(const uint8_t at[32], const char *ending, char path_r[HELD_PATH_SIZE])
{
    int size = snprintf(path_r, HELD_PATH_SIZE, "held/%02x/", at[0]);

    for (size_t i = 0; i < 32; i++) {
        size += snprintf(path_r + size, HELD_PATH_SIZE - (size_t)size, "%02x", at[i]);
    }
    snprintf(path_r + size, HELD_PATH_SIZE - (size_t)size, "%s", ending);
}

void
held_path(const uint8_t name[HELD_NAME_SIZE], char path_r[HELD_PATH_SIZE])
{
    make_path(name, ".held", path_r);
}

void
held_old_path(const uint8_t sha256[HASH_SHA256_SIZE], char path_r[HELD_PATH_SIZE])
{
    make_path(sha256, ".zst", path_r);
}

bool
held_name_read(struct bytes hex, uint8_t name_r[HELD_NAME_SIZE])
{
    if (hex.size != 2 * HELD_NAME_SIZE) {
        return false;
    }
    for (size_t i = 0; i < HELD_NAME_SIZE; i++) {
        int high = ascii_hex(hex.at[2 * i]), low = ascii_hex(hex.at[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        name_r[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static enum sk_code
read_file(struct arena *arena, int folder, const char *path, struct bytes *text_r,
          struct why *why)
{
    struct stat status;
    int file = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (file < 0 || fstat(file, &status) != 0) {
        int error = errno;
        if (file >= 0) {
            close(file);
        }
        errno = error;
        return error == ENOENT ? why_set(why, SK_BAD, "%s is not there", path)
                               : why_set(why, SK_SYSTEM, "cannot read %s", path);
    }
    if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size > FILE_MAX) {
        close(file);
        return why_set(why, SK_BAD, "%s is too large, or no file", path);
    }
    uint8_t *at = arena_take_bytes(arena, (size_t)status.st_size);
    size_t size = 0;
    for (ssize_t got; size < (size_t)status.st_size &&
                      (got = read(file, at + size, (size_t)status.st_size - size)) > 0;) {
        size += (size_t)got;
    }
    close(file);
    *text_r = bytes_of(at, size);
    return size == (size_t)status.st_size ? SK_OK
                                          : why_set(why, SK_BAD, "%s is cut short", path);
}

enum sk_code
held_read(struct arena *arena, int folder, const struct held_keys *keys,
          const uint8_t name[HELD_NAME_SIZE], struct bytes *raw_r, struct why *why)
{
    char path[HELD_PATH_SIZE];
    struct bytes file = BYTES_NONE;
    uint8_t again[HELD_NAME_SIZE];
    struct why cause;

    *raw_r = BYTES_NONE;
    held_path(name, path);
    enum sk_code code = read_file(arena, folder, path, &file, why);
    if (code != SK_OK) {
        return code;
    }
    code = held_unseal(arena, keys, name, file, raw_r, &cause);
    if (code != SK_OK) {
        return why_set(why, code, "%s: %s", path, cause.sentence);
    }
    held_name(keys, *raw_r, again);
    if (memcmp(again, name, sizeof(again)) != 0) {
        *raw_r = BYTES_NONE;
        return why_set(why, SK_BAD, "%s: it is not the message of that name", path);
    }
    return SK_OK;
}

enum sk_code
held_read_old(struct arena *arena, int folder, const uint8_t sha256[HASH_SHA256_SIZE],
              struct bytes *raw_r, struct why *why)
{
    char path[HELD_PATH_SIZE];
    struct bytes packed = BYTES_NONE;
    uint8_t digest[HASH_SHA256_SIZE];

    *raw_r = BYTES_NONE;
    held_old_path(sha256, path);
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

/* The value of a key of ours in a record. Quotes inside its strings are escaped, so these words can only be ours. */
static bool
digits_of(struct bytes record, const char *key, uint8_t digits_r[32])
{
    struct bytes word = bytes_from_text(key);
    size_t at = bytes_find(record, word, 0);

    return at != BYTES_NOWHERE &&
           held_name_read(bytes_slice(record, at + word.size, at + word.size + 64),
                          digits_r);
}

#define HELD_WORD "\"held\":\""
#define SEAL_WORD "\"held_seal\":\""
#define HASH_WORD "\"sha256\":\""

void
held_ref_write(struct writer *w, const struct held_ref *ref)
{
    writer_text(w, HELD_WORD);
    writer_bytes(w, bytes_hex(w->arena, bytes_of(ref->name, sizeof(ref->name))));
    writer_text(w, "\"," SEAL_WORD);
    writer_bytes(w, bytes_hex(w->arena, bytes_of(ref->seal, sizeof(ref->seal))));
    writer_byte(w, '"');
}

bool
held_ref_read(struct bytes record, struct held_ref *ref_r)
{
    return digits_of(record, HELD_WORD, ref_r->name) &&
           digits_of(record, SEAL_WORD, ref_r->seal);
}

struct bytes
held_ref_into(struct arena *arena, struct bytes record, const struct held_ref *ref)
{
    size_t end = bytes_find_byte(record, '\n', 0);
    struct bytes line = bytes_slice(record, 0, end != BYTES_NOWHERE ? end : record.size);
    size_t brace = bytes_find_last(line, '}');
    struct writer w;

    if (brace == BYTES_NOWHERE || brace == 0) {
        return record;
    }
    writer_init(&w, arena);
    writer_reserve(&w, record.size + 200);
    writer_bytes(&w, bytes_slice(record, 0, brace));
    writer_byte(&w, ',');
    held_ref_write(&w, ref);
    writer_bytes(&w, bytes_from(record, brace));
    return writer_view(&w);
}

bool
held_record_path(const struct held_keys *keys, struct bytes record,
                 char path_r[HELD_PATH_SIZE])
{
    uint8_t name[HELD_NAME_SIZE], sha256[HASH_SHA256_SIZE];

    if (digits_of(record, HELD_WORD, name)) {
        held_path(name, path_r);
        return true;
    }
    if (!digits_of(record, HASH_WORD, sha256)) {
        return false;
    }
    if (keys == NULL) {
        held_old_path(sha256, path_r);
    } else {
        held_name_of_hash(keys, sha256, name);
        held_path(name, path_r);
    }
    return true;
}

enum sk_code
held_read_record(struct arena *arena, int folder, const struct held_keys *keys,
                 struct bytes record, struct bytes *raw_r, struct why *why)
{
    uint8_t name[HELD_NAME_SIZE], sha256[HASH_SHA256_SIZE];
    char path[HELD_PATH_SIZE];

    *raw_r = BYTES_NONE;
    if (digits_of(record, HELD_WORD, name)) {
        return held_read(arena, folder, keys, name, raw_r, why);
    }
    if (!digits_of(record, HASH_WORD, sha256)) {
        return why_set(why, SK_BAD, "the record names no held message");
    }
    held_old_path(sha256, path);
    if (faccessat(folder, path, F_OK, 0) == 0) {
        return held_read_old(arena, folder, sha256, raw_r, why);
    }
    held_name_of_hash(keys, sha256, name);
    return held_read(arena, folder, keys, name, raw_r, why);
}

/* Of a whole file: all but its slots. */
static void
seal_of(struct bytes file, uint8_t seal_r[HASH_SHA256_SIZE])
{
    const struct bytes pieces[] = {bytes_slice(file, 0, HELD_FIXED),
                                   bytes_from(file, HELD_HEAD_SIZE)};

    hash_sha256_many(pieces, 2, seal_r);
}

static enum sk_code
check_seal(int folder, const char *path, const uint8_t *seal, struct why *why)
{
    uint8_t found[HASH_SHA256_SIZE] = {0};
    struct bytes text = BYTES_NONE;
    struct arena arena;

    arena_init(&arena, (size_t)2 * LIMIT_MESSAGE);
    enum sk_code code = read_file(&arena, folder, path, &text, why);
    if (code == SK_OK) {
        seal_of(text, found);
        code = memcmp(found, seal, sizeof(found)) == 0
                   ? SK_OK
                   : why_set(why, SK_BAD, "%s was altered", path);
    }
    arena_release(&arena);
    return code;
}

enum sk_code
held_check(int folder, const uint8_t name[HELD_NAME_SIZE], const uint8_t *seal,
           struct why *why)
{
    char path[HELD_PATH_SIZE];
    uint8_t head[HELD_HEAD_SIZE];
    struct stat status;

    held_path(name, path);
    int file = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) {
        return errno == ENOENT ? why_set(why, SK_BAD, "%s is not there", path)
                               : why_set(why, SK_SYSTEM, "cannot read %s", path);
    }
    ssize_t got = pread(file, head, sizeof(head), 0);
    bool good = got == (ssize_t)sizeof(head) && fstat(file, &status) == 0 &&
                held_head_fits(bytes_of(head, sizeof(head)), (uint64_t)status.st_size);
    close(file);
    if (!good) {
        return why_set(why, SK_BAD, "%s is no held message, or cut short", path);
    }
    return seal != NULL ? check_seal(folder, path, seal, why) : SK_OK;
}

/* A crash may have left a name without its bytes: such a file is written again. */
static bool
is_there(struct arena *arena, int folder, const struct held_keys *keys,
         struct held_ref *ref)
{
    char path[HELD_PATH_SIZE];
    struct bytes file, raw;

    held_path(ref->name, path);
    if (faccessat(folder, path, F_OK, 0) != 0 ||
        read_file(arena, folder, path, &file, NULL) != SK_OK ||
        held_unseal(arena, keys, ref->name, file, &raw, NULL) != SK_OK) {
        return false;
    }
    seal_of(file, ref->seal);
    return true;
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

static bool
write_whole(int file, struct bytes text)
{
    for (ssize_t put; text.size > 0; text = bytes_from(text, (size_t)put)) {
        put = write(file, text.at, text.size);
        if (put < 0 && errno == EINTR) {
            put = 0;
        } else if (put <= 0) {
            return false;
        }
    }
    return true;
}

enum sk_code
held_write(int folder, const struct held_keys *keys, struct bytes raw,
           struct held_ref *ref_r, struct why *why)
{
    char path[HELD_PATH_SIZE];
    struct arena arena;

    if (raw.size > LIMIT_MESSAGE) {
        return why_set(why, SK_LIMIT, "the message is larger than %d bytes", LIMIT_MESSAGE);
    }
    held_name(keys, raw, ref_r->name);
    held_path(ref_r->name, path);
    arena_init(&arena, (size_t)8 * LIMIT_MESSAGE);
    if (is_there(&arena, folder, keys, ref_r)) {
        arena_release(&arena);
        return SK_OK;
    }
    struct bytes text = held_seal(&arena, keys, ref_r->name, raw);
    seal_of(text, ref_r->seal);
    bool done = make_folders(folder, path);
    int file =
        done ? openat(folder, "held/new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
             : -1;
    done = file >= 0 && write_whole(file, text);
    if (file >= 0) {
        done = close(file) == 0 && done;
    }
    done = done && renameat(folder, "held/new", folder, path) == 0;
    enum sk_code code = done ? SK_OK : why_set(why, SK_SYSTEM, "cannot write %s", path);
    arena_release(&arena);
    return code;
}

/* Overwrites `size` bytes from the start, syncs, removes. */
static enum sk_code
destroy(int folder, const char *path, uint64_t size, struct why *why)
{
    static const uint8_t nothing[65536];
    struct stat status;
    int file = openat(folder, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

    if (file < 0 && errno == ENOENT) {
        return SK_OK;
    }
    bool done = file >= 0 && fstat(file, &status) == 0;
    if (done && size > (uint64_t)status.st_size) {
        size = (uint64_t)status.st_size;
    }
    for (uint64_t at = 0; done && at < size;) {
        size_t part = size - at < sizeof(nothing) ? (size_t)(size - at) : sizeof(nothing);
        ssize_t put = pwrite(file, nothing, part, (off_t)at);
        done = put > 0;
        at += done ? (uint64_t)put : 0;
    }
    done = done && fdatasync(file) == 0;
    if (file >= 0) {
        close(file);
    }
    done = done && unlinkat(folder, path, 0) == 0;
    return done ? SK_OK : why_set(why, SK_SYSTEM, "cannot erase %s", path);
}

enum sk_code
held_erase(int folder, const uint8_t name[HELD_NAME_SIZE], struct why *why)
{
    char path[HELD_PATH_SIZE];

    held_path(name, path);
    return destroy(folder, path, HELD_HEAD_SIZE, why);
}

enum sk_code
held_erase_record(int folder, const struct held_keys *keys, struct bytes record,
                  struct why *why)
{
    uint8_t name[HELD_NAME_SIZE], sha256[HASH_SHA256_SIZE];
    char path[HELD_PATH_SIZE];

    if (digits_of(record, HELD_WORD, name)) {
        return held_erase(folder, name, why);
    }
    if (!digits_of(record, HASH_WORD, sha256)) {
        return SK_OK;
    }
    held_old_path(sha256, path);
    enum sk_code code = destroy(folder, path, UINT64_MAX, why);
    if (code == SK_OK && keys != NULL) {
        held_name_of_hash(keys, sha256, name);
        code = held_erase(folder, name, why);
    }
    return code;
}

/* A file of the first version: written anew before the old one is destroyed. */
static enum sk_code
rewrite_old(int folder, const struct held_keys *keys,
            const uint8_t sha256[HASH_SHA256_SIZE], struct why *why)
{
    struct held_ref ref;
    char path[HELD_PATH_SIZE];
    struct arena arena;
    struct bytes raw;

    arena_init(&arena, (size_t)8 * LIMIT_MESSAGE);
    enum sk_code code = held_read_old(&arena, folder, sha256, &raw, why);
    if (code == SK_OK) {
        code = held_write(folder, keys, raw, &ref, why);
    }
    arena_release(&arena);
    if (code != SK_OK) {
        return code;
    }
    held_path(ref.name, path);
    int file = openat(folder, path, O_RDONLY | O_CLOEXEC);
    bool synced = file >= 0 && syncfs(file) == 0;
    if (file >= 0) {
        close(file);
    }
    if (!synced) {
        return why_set(why, SK_SYSTEM, "cannot sync %s", path);
    }
    held_old_path(sha256, path);
    return destroy(folder, path, UINT64_MAX, why);
}

/* One file in a change of keys, one of its two steps; true when its head was written. */
static bool
turn(int folder, const struct held_keys *keys, const uint8_t name[HELD_NAME_SIZE],
     enum held_turn wanted, struct held_cursor *cursor)
{
    char path[HELD_PATH_SIZE];
    uint8_t head[HELD_HEAD_SIZE];
    enum held_turn found;
    unsigned slot;
    bool done = false;

    held_path(name, path);
    int file = openat(folder, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) {
        return false;
    }
    if (pread(file, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
        held_turn_head(keys, name, head, &found, &slot) == SK_OK) {
        size_t at = HELD_FIXED + slot * HELD_SLOT_SIZE;
        done = found == wanted &&
               pwrite(file, head + at, HELD_SLOT_SIZE, (off_t)at) == HELD_SLOT_SIZE;
        cursor->wrapped += done && wanted == HELD_TURN_WRAP;
    } else if (wanted == HELD_TURN_WRAP) {
        cursor->bad++; /* it was no use before: a key that opened nothing is no loss */
    }
    close(file);
    return done;
}

/* The names in one folder of 256. */
struct names {
    uint8_t (*at)[32];
    bool *old;
    size_t count, room;
};

static void
list_names(struct arena *arena, int folder, struct names *names)
{
    DIR *entries = fdopendir(folder);

    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        struct bytes name = bytes_from_text(entry->d_name);
        uint8_t at[32];
        bool old = bytes_ends(name, BYTES(".zst"));
        if ((!old && !bytes_ends(name, BYTES(".held"))) ||
            !held_name_read(bytes_slice(name, 0, name.size - (old ? 4 : 5)), at)) {
            continue;
        }
        if (names->count == names->room) {
            size_t room = 2 * names->room + 64;
            names->at = arena_grow(arena, names->at, names->room * 32, room * 32);
            names->old = arena_grow(arena, names->old, names->room, room);
            names->room = room;
        }
        memcpy(names->at[names->count], at, 32);
        names->old[names->count++] = old;
    }
    if (entries != NULL) {
        closedir(entries);
    }
}

static enum sk_code
work_folder(int folder, const struct held_keys *keys, int inner, struct held_cursor *cursor,
            struct why *why)
{
    static const enum held_turn turns[] = {HELD_TURN_WRAP, HELD_TURN_CLEAR};
    struct arena arena;
    struct names names = {0};
    enum sk_code code = SK_OK;

    arena_init(&arena, (size_t)256 << 20);
    list_names(&arena, inner, &names);
    for (size_t i = 0; i < names.count; i++) {
        if (names.old[i]) {
            struct why ignored;
            bool good = rewrite_old(folder, keys, names.at[i], &ignored) == SK_OK;
            cursor->rewritten += good;
            cursor->bad += !good;
        }
    }
    for (size_t step = 0; step < 2 && keys->old.there && code == SK_OK; step++) {
        bool any = false;
        for (size_t i = 0; i < names.count; i++) {
            any = (!names.old[i] && turn(folder, keys, names.at[i], turns[step], cursor)) ||
                  any;
        }
        if (any && syncfs(folder) != 0) {
            code = why_set(why, SK_SYSTEM, "cannot sync the held messages");
        }
    }
    arena_release(&arena);
    return code;
}

enum sk_code
held_work(int folder, struct held_keys *keys, const struct config *config,
          struct held_cursor *cursor, struct why *why)
{
    char path[HELD_PATH_SIZE];
    enum sk_code code = SK_OK;

    if (cursor->through) {
        return SK_OK;
    }
    if (cursor->at < 256) {
        snprintf(path, sizeof(path), "held/%02x", cursor->at);
        int inner = openat(folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (inner >= 0) {
            code = work_folder(folder, keys, inner, cursor, why);
        }
        cursor->at += code == SK_OK;
        return code == SK_OK ? SK_MORE : code;
    }
    if (keys->old.there) {
        code = held_keys_changed(keys, config, why);
    }
    cursor->through = code == SK_OK;
    return code;
}
