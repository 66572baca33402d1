/* Checking a ledger from its files alone, without writing: every record against its leaf, every leaf against the tree's
 * files, the tree against each root that was ever signed (checkpoint, cosigned checkpoint, changes of keys, and, where one
 * may look, what the key signed last), each key's hand-over to the next, every held message against its seal, and, if
 * asked, the rows of the day files against the records. A keeper may be at work meanwhile; what it added behind the
 * checkpoint is checked as far as it can be. */
#pragma once

#include "record/journal.h"
#include "record/note.h"
#include "record/retention.h"

struct verify_fault {
    const char *sentence; /* "entry 17 (id 0Kx...): the record or its salt was altered" */
    uint64_t entry;       /* UINT64_MAX if it is not about one */
};

struct verify_report {
    struct verify_fault *faults; /* none: the ledger is sound */
    size_t fault_count, faults_dropped;
    struct bytes origin;
    uint64_t entries; /* found in the journal */
    uint64_t checkpoint_size;
    struct merkle_hash root; /* computed from the journal at checkpoint_size */
    uint64_t purged, held_count;
    uint64_t purged_by_class[RETENTION_CLASSES]; /* of those that an order names */
    size_t keys;                                 /* in the history */
    size_t cosigned;        /* witnesses, of those asked for, whose cosignature holds */
    uint64_t cosigned_size; /* entries that all of them have cosigned */
    uint64_t rows;          /* compared */
    uint64_t
        torn_bytes; /* behind the last entry: being written, or torn by a crash; no fault */
};

#define VERIFY_FAULTS_MAX 100

struct verify_options {
    const struct note_key *key; /* that the caller knows, of any time; NULL as below */
    const char *
        keys; /* the folder of keys; NULL: the one beside. Not there, or shut: not looked at */
    const struct note_key *witnesses;
    size_t witness_count, quorum; /* a fault if fewer than quorum of them have cosigned */
    bool rows;
};

enum sk_code verify_ledger_as(struct arena *arena, const char *folder,
                              const struct verify_options *options,
                              struct verify_report *report_r, struct why *why);

/* key: NULL takes the one in ledger.vkey (then whoever could alter the ledger could alter the key as well). Codes other
 * than SK_OK: the folder could not be read at all. */
enum sk_code verify_ledger(struct arena *arena, const char *folder,
                           const struct note_key *key, struct verify_report *report_r,
                           struct why *why);

/* The proof that a message's record is in the ledger, in the form of c2sp.org/tlog-proof; the extra data is salt ||
 * record, whose SHA-256 is the leaf's data. SK_LATER: no checkpoint speaks of it yet. */
enum sk_code verify_prove(struct arena *arena, const char *folder, struct bytes id,
                          struct bytes *proof_r, struct why *why);

/* Checks such a proof. */
enum sk_code verify_proof(struct arena *arena, struct bytes proof,
                          const struct note_key *key, struct bytes *record_r,
                          struct why *why);
