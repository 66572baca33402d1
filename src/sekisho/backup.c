#define SK_BASE
#include "sekisho/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/writer.h"

#define COPY_SIZE    ((size_t)1 << 20)
#define DEPTH_MAX    8
#define TELL_EVERY   256
#define MANIFEST_MAX ((size_t)1 << 30)
#define PATH_SIZE    4096

/* Whom backup_own gives to: nftw has no context. */
static unsigned own_user, own_group;

struct copying {
    struct arena *arena;
    struct backup_report report;
    void (*tell)(const struct backup_report *sofar);
    uint8_t *buffer;
    struct writer *manifest; /* NULL when none is wanted */
    const char *part;
    struct why *why;
};

/* What is not copied: rows, the index of campaigns, and how far the memories of conversations are written (made again), locks, sockets, and files that are being written. */
static bool
left_out(const char *name)
{
    size_t size = strlen(name);

    return strncmp(name, "events-", 7) == 0 || strcmp(name, "rows.mark") == 0 ||
           strcmp(name, "campaigns.index") == 0 || strcmp(name, "threads.known") == 0 ||
           strcmp(name, "ledger.lock") == 0 || strcmp(name, "keeper.socket") == 0 ||
           (size > 4 && strcmp(name + size - 4, ".new") == 0) || strcmp(name, "new") == 0;
}

/* A checkpoint is copied before what it speaks of; everything else in the order of names. */
static int
by_turn(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    bool first_x = strncmp(x, "checkpoint", 10) == 0,
         first_y = strncmp(y, "checkpoint", 10) == 0;

    return first_x != first_y ? first_y - first_x : strcmp(x, y);
}

static enum sk_code
list_folder(struct copying *c, int folder, char ***names_r, size_t *count_r)
{
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *open = copy >= 0 ? fdopendir(copy) : NULL;
    size_t count = 0, room = 0;
    char **names = NULL;

    if (open == NULL) {
        return why_set(c->why, SK_SYSTEM, "a folder cannot be read");
    }
    for (struct dirent *entry; (entry = readdir(open)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (count == room) {
            size_t more = room == 0 ? 64 : 2 * room;
            names = arena_grow(c->arena, names, room * sizeof *names, more * sizeof *names);
            room = more;
        }
        names[count++] = bytes_text(c->arena, bytes_from_text(entry->d_name));
    }
    closedir(open);
    if (count > 0) {
        qsort(names, count, sizeof *names, by_turn);
    }
    *names_r = names;
    *count_r = count;
    return SK_OK;
}

static void
enter(struct copying *c, const char *path, const uint8_t digest[HASH_SHA256_SIZE],
      uint64_t size)
{
    c->report.files++;
    c->report.bytes += size;
    if (c->manifest != NULL) {
        writer_bytes(c->manifest, bytes_hex(c->arena, bytes_of(digest, HASH_SHA256_SIZE)));
        writer_format(c->manifest, " %llu %s/%s\n", (unsigned long long)size, c->part,
                      path);
    }
    if (c->tell != NULL && c->report.files % TELL_EVERY == 0) {
        c->tell(&c->report);
    }
}

/* Reads a file to its end (or `most` bytes), into `to` if that is a descriptor, and gives its hash and size. */
static enum sk_code
pour(struct copying *c, int from, int to, const char *path,
     uint8_t digest[HASH_SHA256_SIZE], uint64_t *size_r)
{
    struct hash_stream stream;
    enum sk_code code = SK_OK;

    hash_stream_begin(&stream);
    *size_r = 0;
    while (code == SK_OK) {
        ssize_t got = read(from, c->buffer, COPY_SIZE);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            code = why_set(c->why, SK_SYSTEM, "%s cannot be read", path);
        }
        if (got <= 0) {
            break;
        }
        hash_stream_add(&stream, bytes_of(c->buffer, (size_t)got));
        for (ssize_t done = 0; to >= 0 && done < got && code == SK_OK;) {
            ssize_t put = write(to, c->buffer + done, (size_t)(got - done));
            if (put < 0 && errno != EINTR) {
                code = why_set(c->why, SK_SYSTEM, "%s cannot be written", path);
            }
            done += put > 0 ? put : 0;
        }
        *size_r += (uint64_t)got;
    }
    hash_stream_end(&stream, digest);
    return code;
}

static enum sk_code
copy_file(struct copying *c, int from, int to, const char *name, const char *path)
{
    struct stat status, there;
    uint8_t digest[HASH_SHA256_SIZE];
    uint64_t size;
    enum sk_code code = SK_OK;
    int source = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), target = -1;

    if (source < 0 && errno == ENOENT) {
        return SK_OK; /* it went away meanwhile: a partial tile, a held message */
    }
    if (source < 0 || fstat(source, &status) != 0) {
        code = why_set(c->why, SK_SYSTEM, "%s cannot be read", path);
    }
    bool same = code == SK_OK && fstatat(to, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
                there.st_size == status.st_size &&
                there.st_mtim.tv_sec == status.st_mtim.tv_sec &&
                there.st_mtim.tv_nsec == status.st_mtim.tv_nsec;
    if (code == SK_OK && !same) {
        (void)unlinkat(to, name, 0);
        target = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (target < 0) {
            code = why_set(c->why, SK_SYSTEM, "%s cannot be written", path);
        }
    }
    if (code == SK_OK) {
        code = pour(c, source, target, path, digest, &size);
    }
    if (code == SK_OK && target >= 0) {
        struct timespec times[2] = {status.st_mtim, status.st_mtim};
        c->report.copied++;
        c->report.wrote += size;
        /* A file that grew while it was read is not taken for the same one the next time. */
        if ((size == (uint64_t)status.st_size && futimens(target, times) != 0) ||
            fsync(target) != 0) {
            code = why_set(c->why, SK_SYSTEM, "%s cannot be written", path);
        }
    }
    if (code == SK_OK) {
        enter(c, path, digest, size);
    }
    if (source >= 0) {
        close(source);
    }
    if (target >= 0) {
        close(target);
    }
    return code;
}

static enum sk_code copy_folder(struct copying *c, int from, int to, const char *path,
                                unsigned depth);

static enum sk_code
copy_below(struct copying *c, int from, int to, const char *name, const char *path,
           unsigned depth)
{
    if (depth >= DEPTH_MAX) {
        return why_set(c->why, SK_LIMIT, "%s lies too deep", path);
    }
    if (mkdirat(to, name, 0700) != 0 && errno != EEXIST) {
        return why_set(c->why, SK_SYSTEM, "%s cannot be made", path);
    }
    int source = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int target = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    enum sk_code code = source < 0 || target < 0
                            ? why_set(c->why, SK_SYSTEM, "%s cannot be opened", path)
                            : copy_folder(c, source, target, path, depth + 1);
    if (source >= 0) {
        close(source);
    }
    if (target >= 0) {
        close(target);
    }
    return code;
}

/* Removes from the copy what the original no longer has. */
static void
drop_gone(struct copying *c, int from, int to)
{
    char **names;
    size_t count;
    struct stat status;

    if (list_folder(c, to, &names, &count) != SK_OK) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (fstatat(from, names[i], &status, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT) {
            (void)unlinkat(to, names[i], 0);
        }
    }
}

static enum sk_code
copy_folder(struct copying *c, int from, int to, const char *path, unsigned depth)
{
    char **names, below[PATH_SIZE];
    size_t count;
    struct stat status;

    enum sk_code code = list_folder(c, from, &names, &count);
    for (size_t i = 0; i < count && code == SK_OK; i++) {
        if (left_out(names[i]) ||
            fstatat(from, names[i], &status, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        if ((size_t)snprintf(below, sizeof below, "%s%s%s", path,
                             path[0] != '\0' ? "/" : "", names[i]) >= sizeof below) {
            return why_set(c->why, SK_LIMIT, "a path is too long");
        }
        if (S_ISDIR(status.st_mode)) {
            code = copy_below(c, from, to, names[i], below, depth);
        } else if (S_ISREG(status.st_mode)) {
            code = copy_file(c, from, to, names[i], below);
        }
    }
    if (code == SK_OK) {
        drop_gone(c, from, to);
        if (fsync(to) != 0) {
            code = why_set(c->why, SK_SYSTEM, "a folder of the copy cannot be synced");
        }
    }
    return code;
}

static enum sk_code
copy_part(struct copying *c, const char *folder, int to, const char *part)
{
    int from = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (from < 0) {
        return why_set(c->why, SK_SYSTEM, "%s cannot be opened", folder);
    }
    c->part = part;
    if (mkdirat(to, part, 0700) != 0 && errno != EEXIST) {
        close(from);
        return why_set(c->why, SK_SYSTEM, "%s cannot be made in the backup", part);
    }
    int target = openat(to, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    enum sk_code code = target < 0 ? why_set(c->why, SK_SYSTEM, "%s cannot be opened", part)
                                   : copy_folder(c, from, target, "", 0);
    close(from);
    if (target >= 0) {
        close(target);
    }
    return code;
}

static enum sk_code
write_manifest(struct copying *c, int to, struct bytes text)
{
    int file =
        openat(to, BACKUP_MANIFEST ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool done = file >= 0;

    for (size_t at = 0; done && at < text.size;) {
        ssize_t put = write(file, text.at + at, text.size - at);
        done = put > 0 || errno == EINTR;
        at += put > 0 ? (size_t)put : 0;
    }
    done = done && fsync(file) == 0;
    if (file >= 0) {
        done = close(file) == 0 && done;
    }
    return done && renameat(to, BACKUP_MANIFEST ".new", to, BACKUP_MANIFEST) == 0 &&
                   fsync(to) == 0
               ? SK_OK
               : why_set(c->why, SK_SYSTEM, "the manifest cannot be written");
}

enum sk_code
backup_make(struct arena *arena, const char *folder, const char *keys, const char *to,
            void (*tell)(const struct backup_report *sofar), struct backup_report *report_r,
            struct why *why)
{
    struct writer manifest;
    struct copying c = {.arena = arena,
                        .tell = tell,
                        .buffer = arena_take_bytes(arena, COPY_SIZE),
                        .manifest = &manifest,
                        .why = why};

    writer_init(&manifest, arena);
    if (mkdir(to, 0700) != 0 && errno != EEXIST) {
        return why_set(why, SK_SYSTEM, "%s cannot be made", to);
    }
    int target = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (target < 0) {
        return why_set(why, SK_SYSTEM, "%s cannot be opened", to);
    }
    (void)unlinkat(target, BACKUP_MANIFEST, 0); /* until it is whole again */
    enum sk_code code = copy_part(&c, folder, target, BACKUP_RECORD);
    if (code == SK_OK && keys != NULL) {
        code = copy_part(&c, keys, target, BACKUP_KEYS);
    }
    if (code == SK_OK) {
        code = write_manifest(&c, target, writer_view(&manifest));
    }
    close(target);
    *report_r = c.report;
    return code;
}

/* A path of a manifest stays beneath its folder. */
static bool
path_good(struct bytes path)
{
    return path.size > 0 && path.size < PATH_SIZE && path.at[0] != '/' &&
           bytes_find(path, BYTES(".."), 0) == BYTES_NOWHERE &&
           bytes_find_byte(path, '\0', 0) == BYTES_NOWHERE;
}

static enum sk_code
check_line(struct copying *c, int folder, struct bytes line)
{
    struct bytes hex, number, rest = line;
    uint8_t digest[HASH_SHA256_SIZE];
    uint64_t size, found;

    if (!bytes_split(&rest, ' ', &hex) || !bytes_split(&rest, ' ', &number) ||
        !bytes_to_number(number, UINT64_MAX, &size) || !path_good(rest)) {
        return why_set(c->why, SK_BAD, "the manifest has a line that is none");
    }
    const char *path = bytes_text(c->arena, rest);
    int file = openat(folder, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) {
        return why_set(c->why, SK_BAD, "%s is not in the backup", path);
    }
    enum sk_code code = pour(c, file, -1, path, digest, &found);
    close(file);
    if (code == SK_OK &&
        (found != size ||
         !bytes_equal(hex, bytes_hex(c->arena, bytes_of(digest, HASH_SHA256_SIZE))))) {
        return why_set(c->why, SK_BAD, "%s is not as it was copied", path);
    }
    if (code == SK_OK) {
        enter(c, path, digest, size);
    }
    return code;
}

enum sk_code
backup_check(struct arena *arena, const char *from, struct backup_report *report_r,
             struct why *why)
{
    struct copying c = {
        .arena = arena, .buffer = arena_take_bytes(arena, COPY_SIZE), .why = why};
    struct bytes text = BYTES_NONE, line;
    struct stat status;
    enum sk_code code = SK_OK;
    int folder = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int file = folder < 0 ? -1 : openat(folder, BACKUP_MANIFEST, O_RDONLY | O_CLOEXEC);

    if (file < 0 || fstat(file, &status) != 0 || (size_t)status.st_size > MANIFEST_MAX) {
        code = why_set(why, SK_BAD, "%s is no whole backup: it has no manifest", from);
    } else {
        uint8_t *at = arena_take_bytes(arena, (size_t)status.st_size + 1);
        ssize_t got = read(file, at, (size_t)status.st_size);
        text = bytes_of(at, got > 0 ? (size_t)got : 0);
    }
    while (code == SK_OK && bytes_line(&text, &line)) {
        if (line.size > 0) {
            code = check_line(&c, folder, line);
        }
    }
    if (file >= 0) {
        close(file);
    }
    if (folder >= 0) {
        close(folder);
    }
    *report_r = c.report;
    return code;
}

enum sk_code
backup_put(struct arena *arena, const char *from, const char *part, const char *folder,
           struct backup_report *report_r, struct why *why)
{
    struct copying c = {.arena = arena,
                        .buffer = arena_take_bytes(arena, COPY_SIZE),
                        .part = part,
                        .why = why};
    char path[PATH_SIZE], **names;
    size_t count = 0;

    if ((size_t)snprintf(path, sizeof path, "%s/%s", from, part) >= sizeof path) {
        return why_set(why, SK_LIMIT, "a path is too long");
    }
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return why_set(why, SK_SYSTEM, "%s cannot be made", folder);
    }
    int source = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int target = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum sk_code code =
        source < 0 || target < 0
            ? why_set(why, SK_SYSTEM, "%s cannot be opened", source < 0 ? path : folder)
            : list_folder(&c, target, &names, &count);
    if (code == SK_OK && count > 0) {
        code = why_set(why, SK_BAD,
                       "%s is not empty: move it away first, it may be evidence", folder);
    }
    if (code == SK_OK) {
        code = copy_folder(&c, source, target, "", 0);
    }
    if (source >= 0) {
        close(source);
    }
    if (target >= 0) {
        close(target);
    }
    *report_r = c.report;
    return code;
}

static int
own_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    return kind == FTW_SL ? 0 : lchown(path, own_user, own_group);
}

enum sk_code
backup_own(const char *folder, unsigned user, unsigned group, struct why *why)
{
    own_user = user;
    own_group = group;
    return nftw(folder, own_one, 16, FTW_PHYS) == 0
               ? SK_OK
               : why_set(why, SK_SYSTEM, "%s cannot be given away", folder);
}
