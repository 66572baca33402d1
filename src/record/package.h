/* The package for a court: everything about some messages that a stranger needs to check that the record was not altered,
 * in one JSON file, without the ledger, without us, without a network. share/verifier/verifier.html reads it; docs/VERIFY.md
 * says in plain words what is checked.
 *
 *     {"format":"sekisho-evidence-1", "made":MS, "program", "cover":{"ja","en"},
 *      "origin", "checkpoint":NOTE, "witnesses":[VKEY...],
 *      "keys":[{"change","vkey","old"?,"entry"?,"time","note"?,"consistency":[BASE64...]?}...],
 *      "entries":[{"index","kind","salt":BASE64,"record":BASE64,"path":[BASE64...]}
 *                 | {"index","purged":true,"leaf":BASE64,"path"}...],
 *      "messages":[{"id","sha256","raw":BASE64}...],
 *      "sha256":[{"name","sha256":HEX}...]}
 *
 * The checkpoint is the one that witnesses have cosigned, if it covers all entries, else the present one. `keys` are the
 * steps of the history up to the key that signed it; the entries that tell of them are among the entries. consistency leads
 * from the root that the step's note names to the checkpoint's. Bounds: LIMIT_PACKAGE_IDS, LIMIT_PACKAGE_ENTRIES. */
#pragma once

#include "record/note.h"

struct package_message {
    struct bytes id, raw;
};

struct package_order {
    const struct bytes *ids;
    size_t id_count;
    const struct package_message *messages; /* held ones that were unlocked for this */
    size_t message_count;
    const struct bytes *witnesses; /* verifier keys, as text */
    size_t witness_count;
    struct bytes program;
    int64_t now_ms;
};

/* SK_BAD: an id that the record does not know. SK_LATER: no checkpoint speaks of an entry yet. SK_LIMIT: too much. */
enum sk_code package_write(struct arena *arena, const char *folder,
                           const struct package_order *order, struct bytes *json_r,
                           struct why *why);
