/* OLE2 compound files (MS-CFB): the names of their streams, and the bytes of one.
 *
 * Documents of Office before 2007, Outlook messages, Windows installers, and newer Office documents with a password are
 * such files: a small file system of sectors and chains. Chains are walked with a count, so that a loop ends; a sector
 * that does not lie in the file ends its chain. Pure but for the arena that a stream's bytes are put together in.
 *
 * Bounded by the size of the file, LIMIT_OLE_STREAMS and the caller's bound on a stream. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

#define OLE_NAME 32 /* UTF-16 units */

struct ole_stream {
    char name[OLE_NAME * 3 + 1]; /* UTF-8; control characters as they are */
    bool is_stream;              /* else a storage */
    uint32_t start;              /* its first sector */
    uint64_t size;
};

struct ole {
    struct bytes file;
    unsigned sector_shift, mini_shift;
    uint32_t
        fat_count; /* sectors of the FAT that the header names (109 at most) and its chain adds */
    uint32_t first_directory, first_mini_fat, mini_fat_count, mini_cutoff, first_difat;
    uint32_t directory;    /* the sector that is read now */
    uint32_t directory_at; /* entry within it */
    uint32_t sectors_left; /* of the directory's chain: what a loop may take */
    size_t stream_count;
    struct ole_stream root; /* holds the mini stream */
};

/* false: no compound file, or its header is broken. */
bool ole_open(struct bytes file, struct ole *ole_r);
/* Storages and streams in the order of the directory; false after the last, or LIMIT_OLE_STREAMS. */
bool ole_next(struct ole *ole, struct ole_stream *stream_r);
/* The first `most` bytes of a stream, as far as its chain goes. */
struct bytes ole_read(struct arena *arena, const struct ole *ole,
                      const struct ole_stream *stream, size_t most);

/* What kind of thing the file is, from the names of all its streams: "doc", "xls", "ppt", "msg", "msi", "hwp", or "ole". */
const char *ole_kind(struct bytes file, bool *macros_r, bool *encrypted_r);
