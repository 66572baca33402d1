/* The journal: the one file that is synced before anything is acknowledged, and from which all else (tree, rows) can be
 * made again. Segments journal/FIRST.log, named by the index of their first entry in 20 digits; a frame is
 *
 *     offset size
 *          0    4  "SKJ1"; "SKP1" once the record was purged
 *          4    4  size of the record, big-endian
 *          8    8  index of the entry, big-endian
 *         16   32  salt, random; zero once purged
 *         48   32  leaf data: SHA-256(salt || record)
 *         80       the record; a hole once purged
 *
 * The leaf data stands in the tree; the salt keeps a purged record from being guessed and confirmed by its leaf. A frame
 * checks itself, so a torn tail is told from a whole one. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"
#include "record/merkle.h"

#define JOURNAL_HEADER_SIZE 80
#define JOURNAL_SALT_SIZE   32
#define JOURNAL_NAME_SIZE   40

struct journal_frame {
    uint64_t index;
    bool purged;
    struct bytes salt, leaf_data, record;
    size_t size; /* of the whole frame */
};

/* Writes a frame's header for a record into header_r. */
void journal_header(uint64_t index, const uint8_t salt[JOURNAL_SALT_SIZE],
                    struct bytes record, uint8_t header_r[JOURNAL_HEADER_SIZE]);
/* The frame at `at`. SK_OK; SK_MORE: the bytes end within it; SK_BAD: no frame stands here (magic, size);
 * SK_LIMIT: a frame whose record, salt and leaf do not fit each other (frame_r is filled). */
enum sk_code journal_frame_read(struct bytes segment, size_t at,
                                struct journal_frame *frame_r);

/* The segments of a ledger, by first index. */
struct journal_list {
    uint64_t *firsts;
    size_t count;
};
/* folder: the record folder, open. SK_SYSTEM when it cannot be read; no journal at all is an empty list. */
enum sk_code journal_list(struct arena *arena, int folder, struct journal_list *list_r,
                          struct why *why);
void journal_name(uint64_t first, char name_r[JOURNAL_NAME_SIZE]);

/* A segment mapped for reading; unmapped by journal_unmap. */
enum sk_code journal_map(int folder, uint64_t first, struct bytes *segment_r,
                         struct why *why);
void journal_unmap(struct bytes segment);

/* One record by its place. SK_BAD: no such frame there, or it does not fit its leaf; the record is copied. */
enum sk_code journal_fetch(struct arena *arena, int folder, uint64_t segment,
                           uint64_t offset, uint64_t index, struct journal_frame *frame_r,
                           struct why *why);
/* Makes a record unreadable and leaves its leaf: salt and record become zero. The rest of the ledger stays as it is. */
enum sk_code journal_purge(int folder, uint64_t segment, uint64_t offset, uint64_t index,
                           struct why *why);
/* The same for many: the segment open for that (-1: why), each frame by its place in the segment as it is mapped, not
 * synced: the caller syncs the file at the end. */
int journal_open_purging(int folder, uint64_t first, struct why *why);
enum sk_code journal_zero(int file, struct bytes segment, uint64_t offset, uint64_t index,
                          struct why *why);
