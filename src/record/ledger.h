/* The ledger: journal, tree and signed checkpoint of one record folder; written by the keeper alone.
 *
 *     ledger_open; ledger_add ...; ledger_commit; ...; ledger_close
 *
 * ledger_add only fills a buffer; ledger_commit writes it and syncs once: then all entries of the group are durable
 * (docs/decisions/0003-one-sync.md). Tree files and the checkpoint follow: the checkpoint at most once a second, on
 * close and when a segment is full, its file synced before it is named, so it never speaks of entries that a crash could
 * take. Tree files are not synced but at the end of a segment; ledger_open writes those of the last segment again.
 *
 * The key signs only what goes on from what it signed last. That is noted, before each checkpoint, in the folder of keys,
 * apart from the record: where an older copy of the record was put back, or an altered one, ledger_open refuses with
 * SK_CONFIG, and nothing is signed that would be a fork. Keys are changed by ledger_rotate_begin and _finish; a record that
 * has to go on from an older state begins a new era under a new name (record/history.h).
 *
 * At open the last segment is read whole. A tail that is no frame was torn by a crash, if it lies behind the
 * checkpoint: it is cut and reported. Where the checkpoint speaks of entries that are not there, or another root comes
 * out, evidence is damaged: SK_CONFIG, nothing is touched. */
#pragma once

#include "base/writer.h"
#include "record/journal.h"
#include "record/note.h"

struct ledger;

/* The last checkpoint that witnesses cosigned: in the record folder. */
#define LEDGER_COSIGNED "checkpoint.cosigned"

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

/* folder is made (0700) if it is not there. keys: the folder of keys (record/keys.h), likewise; NULL: the one beside. name: of a new key ("example.jp/sekisho"); an existing key keeps its own. */
enum sk_code ledger_open(struct arena *arena, const char *folder, const char *keys,
                         struct bytes name, struct ledger **ledger_r,
                         struct ledger_report *report_r, struct why *why);
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

/* A write or a sync failed in a way that only a fresh open can mend. */
bool ledger_is_broken(const struct ledger *ledger);

/* Where descriptors of journal segments come from, for a keeper that may not open them itself. `opener` gives one of
 * journal/FIRST.log for appending (made if it is not there), or -1 with words in why; it may give the same number each
 * time (then it has put the new file in its place), else the ledger closes the one before. Called at once for the present
 * segment, and whenever one is full. Behind a descriptor with O_APPEND a torn write cannot be cut off: then
 * ledger_is_broken, and the next ledger_open cuts it. */
enum sk_code ledger_set_opener(struct ledger *ledger,
                               int (*opener)(void *context, uint64_t first,
                                             struct why *why),
                               void *context, struct why *why);

/* Who changes the key, and why. */
struct ledger_change {
    struct bytes by, channel, reason;
    int64_t time_ms;
};
/* Makes the next key and gives the entry that tells of it, which must be the very next one kept. Once it is committed,
 * ledger_rotate_finish signs a checkpoint with both keys, puts the new one in the old one's place and destroys the old
 * one. A crash between the two is taken up at the next open. SK_BAD: no reason, or too long a one. */
enum sk_code ledger_rotate_begin(struct arena *arena, struct ledger *ledger,
                                 const struct ledger_change *change, struct bytes *record_r,
                                 struct why *why);
enum sk_code ledger_rotate_finish(struct arena *arena, struct ledger *ledger,
                                  struct why *why);

/* Goes on from the state that is there, whatever was signed: after a restore from a backup. While no keeper runs. The
 * ledger gets a new name ("example.jp/sekisho/era-2"), a new key and an entry that says so. */
struct ledger_era {
    struct bytes name;
    uint64_t signed_size, found_size;
};
enum sk_code ledger_begin_era(struct arena *arena, const char *folder, const char *keys,
                              const struct ledger_change *change, struct ledger_era *era_r,
                              struct why *why);

/* Keeps a checkpoint of ours that witnesses have cosigned, as LEDGER_COSIGNED, and, if it is the present one, as the
 * checkpoint itself. The cosignatures have been checked. SK_BAD: it is not ours, or not of this tree. */
enum sk_code ledger_cosign(struct arena *arena, struct ledger *ledger, struct bytes note,
                           struct why *why);

uint64_t ledger_size(const struct ledger *ledger);
/* The index that the next ledger_add will have, if the group is committed. */
uint64_t ledger_next(const struct ledger *ledger);
/* Of the tree with these entries. */
struct merkle_hash ledger_root(const struct ledger *ledger);
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
