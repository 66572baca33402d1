/* The ledger: journal, tree and signed checkpoint of one record folder; written by the keeper alone.
 *
 *     ledger_open; ledger_add ...; ledger_commit; ...; ledger_close
 *
 * ledger_add only fills a buffer; ledger_commit writes it and syncs once: then all entries of the group are durable
 * (docs/decisions/0003-one-sync.md). Tree files and the checkpoint follow: the checkpoint at most once a second, on
 * close and when a segment is full, its file synced before it is named, so it never speaks of entries that a crash could
 * take. Tree files are not synced but at the end of a segment; ledger_open writes those of the last segment again.
 *
 * At open the last segment is read whole. A tail that is no frame was torn by a crash, if it lies behind the
 * checkpoint: it is cut and reported. Where the checkpoint speaks of entries that are not there, or another root comes
 * out, evidence is damaged: SK_CONFIG, nothing is touched. */
#pragma once

#include "base/writer.h"
#include "record/journal.h"
#include "record/note.h"

struct ledger;

/* What open found and did. */
struct ledger_report {
    uint64_t size;       /* entries */
    uint64_t torn_bytes; /* cut from the end of the journal */
    bool new_key;        /* the key was made: first start */
    bool tree_rebuilt;   /* the tree's files were made again from the whole journal */
};

/* Where an entry stands. */
struct ledger_place {
    uint64_t index, segment, offset;
};

/* folder is made (0700) if it is not there. name: of a new key ("example.jp/sekisho"); an existing key keeps its own. */
enum sk_code ledger_open(struct arena *arena, const char *folder, struct bytes name,
                         struct ledger **ledger_r, struct ledger_report *report_r,
                         struct why *why);
/* SK_LIMIT: above LIMIT_RECORD_BYTES. The record is copied. */
enum sk_code ledger_add(struct ledger *ledger, struct bytes record,
                        struct ledger_place *place_r, struct why *why);
/* Makes all that was added durable. whole_disk: files beside the journal (held messages) belong to the group; one
 * syncfs takes the place of the fdatasync. On SK_SYSTEM nothing of the group is in the ledger; after a failed sync the
 * ledger takes nothing more until it is opened anew. */
enum sk_code ledger_commit(struct ledger *ledger, bool whole_disk, struct why *why);
/* Writes the checkpoint if there is something new and, unless `now`, the last one is a second old. */
enum sk_code ledger_checkpoint(struct ledger *ledger, bool now, struct why *why);
/* Commits nothing; writes the checkpoint. */
void ledger_close(struct ledger *ledger);

uint64_t ledger_size(const struct ledger *ledger);
int ledger_folder(const struct ledger *ledger);
const struct note_key *ledger_key(const struct ledger *ledger);

/* For tests and benches: a smaller segment. Default LEDGER_SEGMENT_BYTES. */
#define LEDGER_SEGMENT_BYTES ((uint64_t)64 << 20)
void ledger_set_segment_bytes(struct ledger *ledger, uint64_t size);

/* Reads a small file of the record folder whole; SK_BAD if it is not there, SK_LIMIT above `most`. */
enum sk_code ledger_read_file(struct arena *arena, int folder, const char *name,
                              size_t most, struct bytes *text_r, struct why *why);
/* Writes it anew: a file beside it, synced, then renamed over it. */
enum sk_code ledger_write_file(int folder, const char *name, struct bytes text,
                               unsigned mode, struct why *why);
