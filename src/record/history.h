/* The history of the ledger's keys: the public file ledger.keys of the record folder, one JSON object a line.
 *
 * A key is changed (rotation) or, after an older state of the record was put back, replaced together with the ledger's
 * name (a new era). Either is an entry of kind "key" in the ledger, and each line but the first carries the note by which
 * the old key handed over to the new one, signed by both:
 *
 *   rotation: the checkpoint that first covers the entry;
 *   era: a statement, because a checkpoint by the old key would be a fork of what it signed before the loss:
 *
 *     sekisho/era@v1
 *     old VKEY
 *     new VKEY
 *     signed SIZE ROOT       what the old key had signed last
 *     found SIZE ROOT        what was there
 *     entry INDEX
 *
 * The file itself proves nothing: whoever verifies begins with a key that he knows and goes on as far as each note holds
 * and the journal gives the roots that the notes name (record/verify.h).
 *
 *     {"v":1,"change":"first","vkey":V,"time":MS}
 *     {"v":1,"change":"rotate","old":V,"vkey":V,"entry":N,"time":MS,"note":"..."}
 *     {"v":1,"change":"era", the same}
 *
 * Bound: LIMIT_LEDGER_KEYS lines. */
#pragma once

#include "record/note.h"

#define HISTORY_FILE "ledger.keys"

enum history_change { HISTORY_FIRST, HISTORY_ROTATE, HISTORY_ERA };

struct history_step {
    enum history_change change;
    struct note_key key, old; /* old: not of the first */
    uint64_t entry;           /* of the ledger that tells of the change */
    int64_t time_ms;
    struct bytes note; /* signed by both keys */
};

struct history {
    struct history_step *steps; /* the first is HISTORY_FIRST */
    size_t count;
};

/* A statement of a new era. */
struct era {
    struct note_key old, key;
    uint64_t signed_size, found_size, entry;
    struct merkle_hash signed_root, found_root;
};

const char *history_change_name(enum history_change change);

/* SK_BAD: no history, or a line that is none (why tells which). What its notes say is not checked. */
enum sk_code history_read(struct arena *arena, struct bytes text, struct history *history_r,
                          struct why *why);
void history_write_step(struct writer *w, const struct history_step *step);

void era_write(struct writer *w, const struct era *era);
bool era_read(struct arena *arena, struct bytes text, struct era *era_r);

/* Whether a step's note is signed by both its keys and is what its change wants. tree_r: the size and the root that the
 * journal must give if the step is true. */
enum sk_code history_check(struct arena *arena, const struct history_step *step,
                           struct checkpoint *tree_r, struct why *why);

/* The entry that tells of a change, as the keeper puts it into the ledger. */
struct history_entry {
    enum history_change change;
    const struct note_key *old, *key;
    struct bytes by, channel, reason;
    int64_t time_ms;
};
struct bytes history_entry_write(struct arena *arena, const struct history_entry *entry);
/* Whether a record is such an entry, of that change and these keys. */
bool history_entry_is(struct arena *arena, struct bytes record, enum history_change change,
                      const struct note_key *old, const struct note_key *key);
/* Whether it is of that kind at all. */
bool history_entry_kind(struct bytes record);
