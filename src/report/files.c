#include "report/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/writer.h"

static const struct {
    const char *end, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},   {".svg", "image/svg+xml"},
    {".txt", "text/plain; charset=utf-8"}, {".png", "image/png"},
};

static const char *
type_of(struct bytes name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (bytes_ends(name, bytes_from_text(types[i].end))) {
            return types[i].type;
        }
    }
    return NULL;
}

static bool
name_is_plain(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.at[i];
        if (!ascii_letter(c) && !ascii_digit(c) && c != '.' && c != '_' && c != '-') {
            return false;
        }
    }
    return name.size > 0 && name.at[0] != '.' && name.size <= 100;
}

static enum sk_code
read_one(struct arena *arena, int folder, const char *name, size_t size,
         struct bytes *content_r, struct why *why)
{
    uint8_t *at = arena_take_bytes(arena, size + 1);
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    size_t got = 0;

    if (fd < 0) {
        return why_set(why, SK_SYSTEM, "%s cannot be read", name);
    }
    for (ssize_t more; got < size && (more = read(fd, at + got, size - got)) > 0;) {
        got += (size_t)more;
    }
    close(fd);
    *content_r = bytes_of(at, got);
    return SK_OK;
}

static enum sk_code
take(struct arena *arena, struct files *files, int folder, const char *name,
     struct bytes shown, size_t *total, struct why *why)
{
    struct stat info;
    uint8_t hash[HASH_SHA256_SIZE];

    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode) ||
        type_of(shown) == NULL) {
        return SK_OK;
    }
    if (files->count == LIMIT_CONSOLE_FILES ||
        (uint64_t)info.st_size > LIMIT_CONSOLE_BYTES - *total) {
        return why_set(why, SK_LIMIT,
                       "the console's folder has more than %d files or %d bytes",
                       LIMIT_CONSOLE_FILES, LIMIT_CONSOLE_BYTES);
    }
    struct file *file = &files->all[files->count];
    enum sk_code code =
        read_one(arena, folder, name, (size_t)info.st_size, &file->content, why);
    if (code != SK_OK) {
        return code;
    }
    *total += file->content.size;
    file->name = shown;
    file->type = type_of(shown);
    hash_sha256(file->content, hash);
    struct bytes hex = bytes_hex(arena, bytes_of(hash, 8));
    file->tag[0] = file->tag[17] = '"';
    memcpy(file->tag + 1, hex.at, 16);
    files->count++;
    return SK_OK;
}

static enum sk_code
walk(struct arena *arena, struct files *files, int folder, struct bytes prefix,
     size_t *total, struct why *why)
{
    DIR *list = fdopendir(folder); /* takes the descriptor */
    enum sk_code code = SK_OK;

    if (list == NULL) {
        close(folder);
        return why_set(why, SK_SYSTEM, "the console's folder cannot be read");
    }
    for (struct dirent *entry; code == SK_OK && (entry = readdir(list)) != NULL;) {
        struct bytes name = bytes_from_text(entry->d_name);
        struct writer w;
        if (!name_is_plain(name)) {
            continue;
        }
        writer_init(&w, arena);
        writer_bytes(&w, prefix);
        writer_bytes(&w, name);
        int inner = prefix.size == 0
                        ? openat(dirfd(list), entry->d_name,
                                 O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
                        : -1;
        if (inner >= 0) {
            writer_byte(&w, '/');
            code = walk(arena, files, inner, writer_view(&w), total, why);
        } else {
            code =
                take(arena, files, dirfd(list), entry->d_name, writer_view(&w), total, why);
        }
    }
    closedir(list);
    return code;
}

enum sk_code
files_read(struct arena *arena, const char *folder, struct files *files_r, struct why *why)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    size_t total = 0;

    *files_r =
        (struct files){.all = ARENA_NEW_MANY(arena, LIMIT_CONSOLE_FILES, struct file)};
    if (fd < 0) {
        return why_set(why, SK_SYSTEM, "the console's folder %s cannot be read", folder);
    }
    return walk(arena, files_r, fd, BYTES_NONE, &total, why);
}

const struct file *
files_find(const struct files *files, struct bytes name)
{
    for (size_t i = 0; i < files->count; i++) {
        if (bytes_equal(files->all[i].name, name)) {
            return &files->all[i];
        }
    }
    return NULL;
}
