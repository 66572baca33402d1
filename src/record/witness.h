/* Witnessing, both sides (c2sp.org/tlog-witness): other sites' ledgers show us their checkpoints, and ours is shown to
 * them. A witness signs that a checkpoint goes on from the last one it saw, and when; so nobody can show one ledger to one
 * person and another to the next.
 *
 * As a witness: the ledgers we serve are sections [witness_log NAME] of the configuration, each with the verifier keys of
 * one origin. What was signed last for each origin is a book (record/book.h) made from entries of kind "witness":
 *
 *     {"v":1,"kind":"witness",...,"origin","size","root","note"}
 *
 * The entry is on disk before the cosignature leaves. The witness's own key is witness.key in the folder of keys, its
 * public one witness.vkey in the record folder.
 *
 * As a ledger: sections [witness NAME], each with the witness's URL and verifier key. witness_submission makes what is to
 * be sent, witness_merge takes the answers into the note, ledger_cosign (ledger.h) keeps it. Who speaks HTTP is not here. */
#pragma once

#include "base/config.h"
#include "base/table.h"
#include "record/book.h"
#include "record/note.h"

#define WITNESS_KEY   "witness.key"
#define WITNESS_VKEY  "witness.vkey"
#define WITNESS_TEXT  "text/plain; charset=utf-8"
#define WITNESS_SIZE  "text/x.tlog.size"
#define WITNESS_LINES 63 /* of a consistency proof: the protocol's bound */

/* --- as a witness --- */

struct witnesses {
    struct arena *arena; /* of the process */
    struct note_signer signer;
    struct table logs; /* by origin: struct witness_log */
    struct table seen; /* by origin: struct witness_seen */
    struct book book;
};

/* Reads the configuration and the key, which is made at the first start if there is a log to witness. base: the ledger's
 * name, to which the witness's adds "/witness". SK_CONFIG names a section that cannot be used. */
enum sk_code witnesses_open(struct witnesses *witnesses, struct arena *arena,
                            const struct config *config, struct bytes base,
                            struct why *why);

struct witness_answer {
    int status; /* of HTTP: 200, 400, 403, 404, 409, 422 */
    const char *type;
    struct bytes body;
    /* With 200: members of the entry that must be on disk before the answer leaves, without braces; empty if the same was
     * signed before. */
    struct bytes members;
};
/* POST add-checkpoint. Changes nothing: the book does, when the entry is kept. */
void witness_add_checkpoint(struct arena *arena, const struct witnesses *witnesses,
                            struct bytes body, int64_t now_s,
                            struct witness_answer *answer_r);
/* GET HASH/checkpoint: hash is SHA-256 of the origin in hexadecimal. */
void witness_checkpoint(struct arena *arena, const struct witnesses *witnesses,
                        struct bytes hash, struct witness_answer *answer_r);

/* --- as a ledger --- */

struct witness_peer {
    struct bytes name, url;
    struct note_key key; /* NOTE_COSIGNATURE */
};
/* The sections [witness NAME]. SK_CONFIG: a key that is none, or an address that cannot be. */
enum sk_code witness_peers(struct arena *arena, const struct config *config,
                           struct witness_peer **peers_r, size_t *count_r, struct why *why);

/* The body of a request: old size, consistency proof, checkpoint. folder: the record folder; note: its checkpoint.
 * SK_BAD: old_size is above that of the checkpoint. SK_LATER: the tree's files are not there. */
enum sk_code witness_submission(struct arena *arena, int folder, struct bytes note,
                                uint64_t old_size, struct bytes *body_r, struct why *why);
/* Takes the lines of a witness's answer that are its cosignatures and hold into the note. SK_BAD: there is none. */
enum sk_code witness_merge(struct arena *arena, struct bytes note,
                           const struct witness_peer *peer, struct bytes lines,
                           struct bytes *note_r, struct why *why);
