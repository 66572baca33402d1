/* Closed days: a day's SQLite file, packed. SQLite reads it through a file system of ours ("sekisho-rows"), read-only.
 *
 *     0    "sekrows1"
 *     8    bytes of the database, 8 bytes, little end first
 *     16   bytes of a block before packing, 4 bytes (32768)
 *     20   number of blocks, 4 bytes
 *     24   where the list of blocks begins, 8 bytes
 *     32   SHA-256 of bytes 0 to 31 and of the list of blocks
 *     64   blocks, each one zstd frame with a checksum
 *     ...  the list: where each block begins, 8 bytes each, and the end of the last
 *
 * A reader finds the block of a page by its number, unpacks it and keeps the last ones. Pages that the database itself
 * calls free are packed as zeros: nothing that was taken out of the rows lives on in a closed day. */
#pragma once

#include "store/rows_private.h"

#define PACKED_BLOCK 32768
#define PACKED_VFS   "sekisho-rows"

/* Makes the file system known to SQLite; once for a process, more often does no harm. */
void packed_register(void);
/* Opens for reading; SQLite's code. The caller closes in any case. */
int packed_open(const char *path, sqlite3 **database_r);

/* Packing, in slices: begin; step until it is no longer SK_MORE; end in any case. The source must be at rest, its log
 * empty. What is written is synced when step says SK_OK; naming it is the caller's. */
struct packed_job {
    int from, to;
    uint64_t size, at, list_room;
    uint64_t *list;
    uint32_t count, next;
    uint8_t *free_pages; /* a bit for each page */
    uint32_t page_size, page_count;
};
enum sk_code packed_begin(struct packed_job *job, const char *from, const char *to,
                          struct why *why);
enum sk_code packed_step(struct packed_job *job, size_t blocks, struct why *why);
void packed_end(struct packed_job *job);

/* The database of a packed file, whole; synced. */
enum sk_code packed_unpack(const char *from, const char *to, struct why *why);
