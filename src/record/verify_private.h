/* What the files of the verifier share; never read outside. */
#pragma once

#include "base/table.h"
#include "record/held.h"
#include "record/history.h"
#include "record/retention.h"
#include "record/tiles.h"
#include "record/verify.h"

/* A held message that is not where its record says: told at the end, unless a later entry says that it was erased. */
struct verify_missing {
    struct verify_missing *next;
    uint64_t index;
    struct held_ref ref;
    const char *words;
};

/* An entry that tells of a change of keys. */
struct verify_key_entry {
    struct verify_key_entry *next;
    uint64_t index;
    struct bytes record;
    bool explained;
};

/* A size at which somebody has signed a root: the journal must give the same. */
struct verify_mark {
    uint64_t size;
    struct merkle_hash root, found;
    const char *what;
    bool wrong;
};

struct verifier {
    struct arena *arena;
    struct verify_report *report;
    const struct verify_options *options;
    const char *path; /* of the record folder */
    int folder;
    struct checkpoint checkpoint;
    bool have_checkpoint, have_root, root_good;
    struct tiles tiles;        /* what the journal gives */
    struct tiles_folder files; /* what stands in the tree's files */
    /* Leaves in which journal and tree's files differ: told once the root is known, for then it is known who lies. */
    struct difference {
        uint64_t entry;
        bool in_entries, in_tree;
    } differences[VERIFY_FAULTS_MAX];
    size_t difference_count;
    struct verify_missing *missing;
    struct verify_key_entry *key_entries;
    struct retention_check *purges;
    uint64_t messages,
        messages_sure;  /* in the journal; those that must have their row by now */
    uint64_t rows_mark; /* entries below it have theirs on disk */
    int64_t now_ms;
    struct history history;
    struct verify_mark *marks; /* by size */
    size_t mark_count, mark_next;
};

__attribute__((format(printf, 3, 4))) void verify_fault(struct verifier *v, uint64_t entry,
                                                        const char *format, ...);
/* "entry 17 (id 0Kx...)" as far as the record can still be read. */
const char *verify_entry_name(struct verifier *v, uint64_t index, struct bytes record);

/* verify_rows.c: whether a message is old enough, or below the rows' mark, so that its row must be there. */
bool verify_row_sure(const struct verifier *v, uint64_t index, int64_t time_ms);
/* Before the journal is walked, and after it. */
void verify_rows_begin(struct verifier *v);

/* verify_keys.c: history, checkpoint, cosignatures and what else was signed; before the journal is walked. */
void verify_signatures(struct verifier *v);
/* At each new size of the tree. */
void verify_size_reached(struct verifier *v);
/* A sound frame. */
void verify_key_frame(struct verifier *v, const struct journal_frame *frame);
/* After the walk. */
void verify_tell_marks(struct verifier *v);
void verify_tell_keys(struct verifier *v);

/* verify_held.c */
void verify_held_frame(struct verifier *v, const struct journal_frame *frame);
void verify_tell_held(struct verifier *v);

/* verify_rows.c: the day files against the journal. */
void verify_rows(struct verifier *v);
