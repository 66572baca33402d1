#include "record/tiles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(struct merkle_hash) == MERKLE_SIZE, "an edge is a tile's content");

void
tiles_init(struct tiles *tiles)
{
    tiles->size = 0;
}

static unsigned
edge_width(uint64_t size, unsigned level)
{
    return (unsigned)(size >> (8 * level)) & (TILES_WIDTH - 1);
}

/* The hash of a perfect subtree whose leaves are `count` (a power of two) hashes. */
static struct merkle_hash
fold(const struct merkle_hash *hashes, size_t count)
{
    struct merkle_hash work[TILES_WIDTH];

    memcpy(work, hashes, count * sizeof(work[0]));
    for (; count > 1; count /= 2) {
        for (size_t i = 0; i < count / 2; i++) {
            work[i] = merkle_node(&work[2 * i], &work[2 * i + 1]);
        }
    }
    return work[0];
}

enum sk_code
tiles_add(struct tiles *tiles, const uint8_t leaf_data[MERKLE_SIZE],
          const struct tiles_sink *sink)
{
    unsigned at = edge_width(tiles->size, 0);
    uint8_t *entry = tiles->entries + (size_t)at * TILES_ENTRY_SIZE;
    enum sk_code code = SK_OK;

    entry[0] = 0;
    entry[1] = MERKLE_SIZE;
    memcpy(entry + 2, leaf_data, MERKLE_SIZE);
    tiles->edges[0][at] = merkle_leaf(bytes_of(leaf_data, MERKLE_SIZE));
    tiles->size++;
    if (at + 1 == TILES_WIDTH) {
        code = sink->put(sink->context, TILES_ENTRIES, (tiles->size >> 8) - 1, TILES_WIDTH,
                         bytes_of(tiles->entries, sizeof(tiles->entries)));
    }
    /* A level whose width came round to 0 has just become full, and gives one hash to the level above. */
    for (unsigned level = 0;
         level + 1 < TILES_LEVELS && edge_width(tiles->size, level) == 0; level++) {
        enum sk_code put = sink->put(
            sink->context, (int)level, (tiles->size >> (8 * (level + 1))) - 1, TILES_WIDTH,
            bytes_of(tiles->edges[level], sizeof(tiles->edges[level])));
        code = code != SK_OK ? code : put;
        unsigned above =
            (edge_width(tiles->size, level + 1) + TILES_WIDTH - 1) % TILES_WIDTH;
        tiles->edges[level + 1][above] = fold(tiles->edges[level], TILES_WIDTH);
    }
    return code;
}

enum sk_code
tiles_edge(const struct tiles *tiles, const struct tiles_sink *sink)
{
    enum sk_code code = SK_OK;

    for (unsigned level = 0; level < TILES_LEVELS && code == SK_OK; level++) {
        unsigned width = edge_width(tiles->size, level);
        uint64_t index = level + 1 < TILES_LEVELS ? tiles->size >> (8 * (level + 1)) : 0;
        if (width == 0) {
            continue;
        }
        if (level == 0) {
            code = sink->put(sink->context, TILES_ENTRIES, index, width,
                             bytes_of(tiles->entries, (size_t)width * TILES_ENTRY_SIZE));
        }
        if (code == SK_OK) {
            code = sink->put(sink->context, (int)level, index, width,
                             bytes_of(tiles->edges[level], (size_t)width * MERKLE_SIZE));
        }
    }
    return code;
}

struct merkle_hash
tiles_root(const struct tiles *tiles)
{
    struct merkle_hash root = {{0}};
    bool have = false;

    if (tiles->size == 0) {
        return merkle_empty();
    }
    /* The perfect subtrees from the smallest (rightmost) up. */
    for (unsigned level = 0; level < TILES_LEVELS; level++) {
        unsigned width = edge_width(tiles->size, level);
        for (unsigned piece = 1; piece < TILES_WIDTH; piece *= 2) {
            if ((width & piece) == 0) {
                continue;
            }
            unsigned from = width & ~(2 * piece - 1);
            struct merkle_hash left = fold(&tiles->edges[level][from], piece);
            root = have ? merkle_node(&left, &root) : left;
            have = true;
        }
    }
    return root;
}

void
tiles_path(int level, uint64_t index, unsigned width, char path_r[TILES_PATH_SIZE])
{
    unsigned groups[8] = {0}, count = 0;
    int size;

    do {
        groups[count++] = (unsigned)(index % 1000);
        index /= 1000;
    } while (index > 0 && count < 8);
    size = level == TILES_ENTRIES ? snprintf(path_r, TILES_PATH_SIZE, "tile/entries")
                                  : snprintf(path_r, TILES_PATH_SIZE, "tile/%d", level);
    while (count-- > 0) {
        size += snprintf(path_r + size, TILES_PATH_SIZE - (size_t)size,
                         count > 0 ? "/x%03u" : "/%03u", groups[count]);
    }
    if (width < TILES_WIDTH) {
        snprintf(path_r + size, TILES_PATH_SIZE - (size_t)size, ".p/%u", width);
    }
}

void
tiles_folder_init(struct tiles_folder *files, int folder, uint64_t size)
{
    files->folder = folder;
    files->size = size;
    files->have = false;
}

static int
open_making_folders(int folder, char *path)
{
    int file = openat(folder, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (file >= 0 || errno != ENOENT) {
        return file;
    }
    for (char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int made = mkdirat(folder, path, 0700);
        *slash = '/';
        if (made != 0 && errno != EEXIST) {
            return -1;
        }
    }
    return openat(folder, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

/* Removes what grew into the full tile at `path`: the folder path.p and its files. */
static void
remove_partials(int folder, const char *path)
{
    char partial[TILES_PATH_SIZE + 4];

    snprintf(partial, sizeof(partial), "%s.p", path);
    int at = openat(folder, partial, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = at >= 0 ? fdopendir(at) : NULL;
    if (entries == NULL) {
        if (at >= 0) {
            close(at);
        }
        return;
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (ascii_digit((uint8_t)entry->d_name[0])) {
            unlinkat(at, entry->d_name, 0);
        }
    }
    closedir(entries);
    unlinkat(folder, partial, AT_REMOVEDIR);
}

enum sk_code
tiles_folder_put(void *context, int level, uint64_t index, unsigned width,
                 struct bytes content)
{
    struct tiles_folder *files = context;
    char path[TILES_PATH_SIZE];

    tiles_path(level, index, width, path);
    int file = open_making_folders(files->folder, path);
    if (file < 0) {
        return SK_SYSTEM;
    }
    ssize_t wrote = write(file, content.at, content.size);
    if (close(file) != 0 || wrote != (ssize_t)content.size) {
        return SK_SYSTEM;
    }
    if (width == TILES_WIDTH) {
        remove_partials(files->folder, path);
    }
    files->have = false;
    return SK_OK;
}

static bool
read_whole(int folder, const char *path, uint8_t *at, size_t size)
{
    int file = openat(folder, path, O_RDONLY | O_CLOEXEC);

    if (file < 0) {
        return false;
    }
    ssize_t got = read(file, at, size);
    close(file);
    return got == (ssize_t)size;
}

enum sk_code
tiles_folder_get(struct tiles_folder *files, int level, uint64_t index, unsigned width,
                 struct bytes *content_r)
{
    size_t size = (size_t)width * (level == TILES_ENTRIES ? TILES_ENTRY_SIZE : MERKLE_SIZE);
    char path[TILES_PATH_SIZE];

    *content_r = bytes_of(files->content, size);
    if (files->have && files->level == level && files->index == index &&
        files->width >= width) {
        return SK_OK;
    }
    files->have = false;
    tiles_path(level, index, width, path);
    if (!read_whole(files->folder, path, files->content, size)) {
        tiles_path(level, index, TILES_WIDTH, path);
        if (width == TILES_WIDTH ||
            !read_whole(files->folder, path, files->content, size)) {
            return SK_BAD;
        }
    }
    files->have = true;
    files->level = level;
    files->index = index;
    files->width = width;
    return SK_OK;
}

enum sk_code
tiles_folder_node(void *context, unsigned level, uint64_t index, struct merkle_hash *hash_r)
{
    struct tiles_folder *files = context;
    unsigned tile_level = level / 8, inside = level % 8;
    uint64_t first = index << inside, all = files->size >> (8 * tile_level);
    struct bytes content;

    unsigned width = (first / TILES_WIDTH + 1) * TILES_WIDTH <= all
                         ? TILES_WIDTH
                         : (unsigned)(all % TILES_WIDTH);
    if (tile_level >= TILES_LEVELS || first + (1u << inside) > all) {
        return SK_BAD;
    }
    enum sk_code code =
        tiles_folder_get(files, (int)tile_level, first / TILES_WIDTH, width, &content);
    if (code == SK_OK) {
        *hash_r = fold((const struct merkle_hash *)content.at + first % TILES_WIDTH,
                       (size_t)1 << inside);
    }
    return code;
}

enum sk_code
tiles_folder_load(struct tiles_folder *files, struct tiles *tiles_r)
{
    struct bytes content;
    enum sk_code code = SK_OK;

    tiles_r->size = files->size;
    for (unsigned level = 0; level < TILES_LEVELS && code == SK_OK; level++) {
        unsigned width = edge_width(files->size, level);
        uint64_t index = level + 1 < TILES_LEVELS ? files->size >> (8 * (level + 1)) : 0;
        if (width == 0) {
            continue;
        }
        code = tiles_folder_get(files, (int)level, index, width, &content);
        if (code == SK_OK) {
            memcpy(tiles_r->edges[level], content.at, content.size);
        }
        if (code == SK_OK && level == 0) {
            code = tiles_folder_get(files, TILES_ENTRIES, index, width, &content);
        }
        if (code == SK_OK && level == 0) {
            memcpy(tiles_r->entries, content.at, content.size);
        }
    }
    return code;
}
