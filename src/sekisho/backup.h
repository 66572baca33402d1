/* Copying a record, while its keeper writes to it.
 *
 * What is copied is what cannot be made again: journal, tree, checkpoint and public keys, books, held messages (as they
 * are, encrypted), accounts, what was learned. Rows for search are made again from the journal when the copy is first
 * used. The checkpoint is read first, so that everything it speaks of is in the journal copied after it; a frame that was
 * being written at that moment is a torn tail of the copy, cut when it is opened. A second backup into the same folder
 * copies only what is new or changed.
 *
 *     BACKUP/record/...     the record folder
 *     BACKUP/keys/...       the folder of keys, only when asked for
 *     BACKUP/manifest       "SHA256 SIZE PATH" lines, written last: without it the backup is not whole */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"

#define BACKUP_MANIFEST "manifest"
#define BACKUP_RECORD   "record"
#define BACKUP_KEYS     "keys"

struct backup_report {
    uint64_t files, bytes;  /* in the backup */
    uint64_t copied, wrote; /* files and bytes that had to be copied */
};

/* folder: of the record. keys: the folder of keys, or NULL. to: made if it is not there. tell: called now and then on long
 * work; may be NULL. */
enum sk_code backup_make(struct arena *arena, const char *folder, const char *keys,
                         const char *to, void (*tell)(const struct backup_report *sofar),
                         struct backup_report *report_r, struct why *why);
/* Compares every file of a backup with its manifest. SK_BAD names the first one that is not as it was. */
enum sk_code backup_check(struct arena *arena, const char *from,
                          struct backup_report *report_r, struct why *why);
/* Copies BACKUP/part into a folder that is not there, or empty. */
enum sk_code backup_put(struct arena *arena, const char *from, const char *part,
                        const char *folder, struct backup_report *report_r,
                        struct why *why);
/* Gives a folder and all beneath it to a user, and nobody else a right to it. */
enum sk_code backup_own(const char *folder, unsigned user, unsigned group, struct why *why);
