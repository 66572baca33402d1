#include "record/tiles.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tap.h"

static char folder[64];
static int at;

static void
leaf(uint64_t index, uint8_t leaf_r[MERKLE_SIZE])
{
    memset(leaf_r, 0, MERKLE_SIZE);
    memcpy(leaf_r, &index, sizeof(index));
}

static bool
exists(const char *path, off_t size)
{
    struct stat status;

    return fstatat(at, path, &status, 0) == 0 && status.st_size == size;
}

static void
test_paths(void)
{
    char path[TILES_PATH_SIZE];

    tiles_path(0, 0, 256, path);
    tap_ok(strcmp(path, "tile/0/000") == 0, "the first tile: %s", path);
    tiles_path(2, 1234067, 256, path);
    tap_ok(strcmp(path, "tile/2/x001/x234/067") == 0, "the example of tlog-tiles: %s",
           path);
    tiles_path(TILES_ENTRIES, 999, 5, path);
    tap_ok(strcmp(path, "tile/entries/999.p/5") == 0, "a partial bundle: %s", path);
    tiles_path(0, 1000, 255, path);
    tap_ok(strcmp(path, "tile/0/x001/000.p/255") == 0, "a second group: %s", path);
    tiles_path(7, UINT64_MAX, 255, path);
    tap_ok(strlen(path) < TILES_PATH_SIZE - 1, "the largest index fits: %s", path);
}

/* Grows one tree to 65,537 leaves and looks at it at each size of interest. */
static void
test_growth(void)
{
    static struct tiles tiles, loaded;
    static struct tiles_folder files, reader;
    struct tiles_sink sink = {tiles_folder_put, &files};
    static const uint64_t sizes[] = {1,   2,   3,   255,   256,   257,
                                     511, 512, 513, 65535, 65536, 65537};
    struct merkle_hash roots[12];
    size_t next = 0, failures = 0;

    tiles_init(&tiles);
    tiles_folder_init(&files, at, 0);
    struct merkle_hash empty = merkle_empty(), root = tiles_root(&tiles);
    tap_ok(merkle_equal(&root, &empty), "no leaves");
    for (uint64_t i = 0; i < 65537; i++) {
        uint8_t data[MERKLE_SIZE];
        leaf(i, data);
        failures += tiles_add(&tiles, data, &sink) != SK_OK;
        if (tiles.size != sizes[next]) {
            continue;
        }
        failures += tiles_edge(&tiles, &sink) != SK_OK;
        roots[next] = tiles_root(&tiles);
        tiles_folder_init(&reader, at, tiles.size);
        struct merkle_reader merkle = {tiles_folder_node, &reader};
        bool read = merkle_root(&merkle, tiles.size, &root) == SK_OK &&
                    merkle_equal(&root, &roots[next]);
        tap_ok(read, "size %llu: the files give the root of the edge",
               (unsigned long long)tiles.size);
        bool took = tiles_folder_load(&reader, &loaded) == SK_OK;
        root = tiles_root(&loaded);
        tap_ok(took && merkle_equal(&root, &roots[next]),
               "and the edge can be taken up from them");
        struct merkle_proof proof;
        leaf(tiles.size / 2, data);
        struct merkle_hash hash = merkle_leaf(bytes_of(data, MERKLE_SIZE));
        tap_ok(merkle_inclusion(&merkle, tiles.size / 2, tiles.size, &proof) == SK_OK &&
                   merkle_check_inclusion(&hash, tiles.size / 2, tiles.size, &proof,
                                          &roots[next]),
               "an inclusion proof from the files");
        if (next > 0) {
            tap_ok(merkle_consistency(&merkle, sizes[next - 1], tiles.size, &proof) ==
                           SK_OK &&
                       merkle_check_consistency(sizes[next - 1], tiles.size, &proof,
                                                &roots[next - 1], &roots[next]),
                   "a consistency proof from the size before");
        }
        if (tiles.size == 255) {
            tap_ok(exists("tile/0/000.p/255", 255 * 32) &&
                       exists("tile/entries/000.p/255", 255 * 34) &&
                       !exists("tile/0/000", 8192),
                   "255: partial tiles only");
        } else if (tiles.size == 256) {
            tap_ok(exists("tile/0/000", 8192) && exists("tile/entries/000", 256 * 34) &&
                       exists("tile/1/000.p/1", 32) &&
                       !exists("tile/0/000.p/255", 255 * 32),
                   "256: one full tile, and one hash above");
        } else if (tiles.size == 257) {
            tap_ok(exists("tile/0/001.p/1", 32), "257: one hash in the second tile");
        } else if (tiles.size == 65536) {
            tap_ok(exists("tile/1/000", 8192) && exists("tile/2/000.p/1", 32) &&
                       !exists("tile/1/000.p/255", 255 * 32),
                   "65536: a full tile of level 1");
        }
        next += next + 1 < sizeof(sizes) / sizeof(sizes[0]);
    }
    tap_ok(failures == 0, "no write failed");
    tap_ok(exists("tile/0/255", 8192) && exists("tile/0/256.p/1", 32),
           "65537: the last tiles");
    tiles_folder_init(&reader, at, 65537);
    tap_ok(unlinkat(at, "tile/0/256.p/1", 0) == 0 &&
               tiles_folder_load(&reader, &loaded) == SK_BAD,
           "a missing tile is told");
    tap_ok(tiles_folder_node(&reader, 8, 256, &root) == SK_BAD,
           "beyond the tree is nothing");
}

int
main(void)
{
    char command[128];

    snprintf(folder, sizeof(folder), "/tmp/tiles-test-%d", (int)getpid());
    mkdir(folder, 0700);
    at = open(folder, O_RDONLY | O_DIRECTORY);
    tap_ok(at >= 0, "a folder");
    test_paths();
    test_growth();
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    tap_ok(system(command) == 0, "cleared");
    return tap_done();
}
