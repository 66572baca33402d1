/* The tree on disk, as c2sp.org/tlog-tiles lays it out: tile/LEVEL/INDEX holds 256 hashes, tile/entries/INDEX the leaf
 * data of 256 entries (each behind its size in two bytes), and the right edge stands in partial tiles INDEX.p/WIDTH.
 *
 * struct tiles is the right edge in memory: it takes leaf data one by one and tells a sink of every tile that became
 * full; tiles_edge tells it of the partial ones. The keeper's sink writes files, the verifier's compares them, so both
 * walk the same tree. Tiles are made from the journal and can be made again from it: they are written without sync. */
#pragma once

#include "record/merkle.h"

#define TILES_WIDTH      256
#define TILES_LEVELS     8
#define TILES_ENTRIES    (-1)              /* the level of the entry bundles */
#define TILES_ENTRY_SIZE (2 + MERKLE_SIZE) /* our leaf data is always 32 bytes */
#define TILES_PATH_SIZE  80

struct tiles_sink {
    /* content is width hashes, or width sized entries for TILES_ENTRIES. */
    enum sk_code (*put)(void *context, int level, uint64_t index, unsigned width,
                        struct bytes content);
    void *context;
};

struct tiles {
    uint64_t size;
    uint8_t entries[TILES_WIDTH * TILES_ENTRY_SIZE];
    struct merkle_hash edges[TILES_LEVELS][TILES_WIDTH];
};

void tiles_init(struct tiles *tiles);
/* Adds one entry (32 bytes of leaf data). Codes are the sink's; the entry counts in any case. */
enum sk_code tiles_add(struct tiles *tiles, const uint8_t leaf_data[MERKLE_SIZE],
                       const struct tiles_sink *sink);
/* All partial tiles of the present size. */
enum sk_code tiles_edge(const struct tiles *tiles, const struct tiles_sink *sink);
/* The root of the present size. */
struct merkle_hash tiles_root(const struct tiles *tiles);

/* "tile/0/x001/x234/067", "tile/entries/000.p/5" */
void tiles_path(int level, uint64_t index, unsigned width, char path_r[TILES_PATH_SIZE]);

/* Files under an open folder. */
struct tiles_folder {
    int folder;
    uint64_t size; /* of the tree that is read */
    /* the tile read last */
    bool have;
    int level;
    uint64_t index;
    unsigned width;
    uint8_t content[TILES_WIDTH * TILES_ENTRY_SIZE];
};
void tiles_folder_init(struct tiles_folder *files, int folder, uint64_t size);
/* A sink that writes; a full tile's partial predecessors are removed. context is the struct tiles_folder. */
enum sk_code tiles_folder_put(void *context, int level, uint64_t index, unsigned width,
                              struct bytes content);
/* Reads a tile; where the partial one has gone, the beginning of the full one. SK_BAD: not there, or too short. */
enum sk_code tiles_folder_get(struct tiles_folder *files, int level, uint64_t index,
                              unsigned width, struct bytes *content_r);
/* For struct merkle_reader: any perfect subtree of the tree of `size`. context is the struct tiles_folder. */
enum sk_code tiles_folder_node(void *context, unsigned level, uint64_t index,
                               struct merkle_hash *hash_r);
/* Takes up the right edge of the tree of `size` from its files. SK_BAD if they are not all there. */
enum sk_code tiles_folder_load(struct tiles_folder *files, struct tiles *tiles_r);
