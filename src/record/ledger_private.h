/* What the files of the ledger share; never read outside. */
#pragma once

#include "record/history.h"
#include "record/keys.h"
#include "record/ledger.h"
#include "record/tiles.h"

/* In the folder of keys:
 *     ledger.key     the private key
 *     ledger.signed  the text of the last checkpoint signed with it, durable before the checkpoint is
 *     ledger.next    a change of keys that has begun: "rotate|era INDEX" and the new private key, a line each */
#define LEDGER_KEY    "ledger.key"
#define LEDGER_SIGNED "ledger.signed"
#define LEDGER_NEXT   "ledger.next"

#define LEDGER_KEY_MAX 4096

/* Salts that the next entries will get: one call of the system for many. */
#define LEDGER_SALTS 64

struct ledger {
    int folder, lock, file, keys;
    uint64_t segment_bytes;
    uint64_t segment;      /* first index of the open segment */
    uint64_t segment_size; /* durable bytes in it */
    uint64_t size;         /* durable entries */
    struct arena arena;    /* of the group */
    struct arena names;    /* of the ledger's life: the key's name */
    struct writer pending; /* frames of the group */
    uint64_t pending_count;
    struct writer leaves; /* their leaf data */
    uint8_t salts[LEDGER_SALTS][JOURNAL_SALT_SIZE];
    unsigned salts_left; /* the first ones */
    struct tiles tiles;
    struct tiles_folder files;
    bool
        tree_behind; /* a tree file could not be written: no checkpoint until the next open */
    bool broken;     /* a sync failed: what is on disk is not known */
    bool era;        /* a new era begins: the old key signs no checkpoint any more */
    struct note_signer signer;
    struct ledger_signed {
        uint64_t size;
        struct merkle_hash root;
    } last; /* what the key signed last; its root for size 0 means nothing */
    uint64_t checkpoint_size;
    int64_t checkpoint_ms;
    int (*opener)(void *context, uint64_t first, struct why *why);
    void *opener_context;
};

/* Key, its history and what it signed last; takes an old key over from the record folder. */
enum sk_code ledger_key_open(struct arena *arena, struct ledger *ledger, struct bytes name,
                             struct ledger_report *report, struct why *why);
/* Signs the tree as it stands, with the present key and, during a change, with `second` as well, if that is consistent
 * with what was signed last. The note is in the arena; what was signed is durable in the folder of keys. */
enum sk_code ledger_sign(struct arena *arena, struct ledger *ledger,
                         const struct note_signer *second, struct bytes *note_r,
                         struct why *why);
enum sk_code ledger_remember_signed(struct ledger *ledger, const struct checkpoint *signs,
                                    struct why *why);
/* Once the tree stands: SK_CONFIG if it is not the one that the key signed. */
enum sk_code ledger_check_signed(struct ledger *ledger, struct why *why);
/* Whether a note is signed by the present key, or by the one of a change that a crash cut short; when a new era begins,
 * by the last key of the history. */
bool ledger_signed_by_us(struct arena *arena, struct ledger *ledger,
                         const struct note *note);
/* Whether a change is under way whose entry is in the ledger. */
bool ledger_changing(struct arena *arena, struct ledger *ledger);
/* A change of keys that a crash cut short: ended, or undone if its entry never came into the ledger. */
enum sk_code ledger_finish_change(struct arena *arena, struct ledger *ledger,
                                  struct why *why);
/* Writes a note into the file `checkpoint`. */
enum sk_code ledger_put_checkpoint(struct ledger *ledger, struct bytes note,
                                   struct why *why);

/* ledger_open in steps; era: what was signed last is not looked at. */
enum sk_code ledger_open_as(struct arena *arena, const char *folder, const char *keys,
                            struct bytes name, bool era, struct ledger **ledger_r,
                            struct ledger_report *report_r, struct why *why);
