/* Signed notes (c2sp.org/signed-note), the log's key, checkpoints (c2sp.org/tlog-checkpoint) and cosignatures of them
 * (c2sp.org/tlog-cosignature).
 *
 * A note is text signed by one or more Ed25519 keys; a checkpoint is a note that states the size and the root of the
 * ledger's tree; a cosignature is what a witness adds to it, with the time. Nothing of a note may be believed before
 * note_check said SK_OK. Bounds: LIMIT_NOTE_BYTES, LIMIT_NOTE_SIGNATURES. Views point into what was read. */
#pragma once

#include "base/writer.h"
#include "record/merkle.h"

#define NOTE_ED25519_SIZE   32
#define NOTE_SIGNATURE_SIZE 64

/* Kinds of signature that we make and check. */
enum note_type { NOTE_ED25519 = 1, NOTE_COSIGNATURE = 4 };

/* What anyone may know: name, key id, public key. Written "name+hex(id)+base64(type || key)". */
struct note_key {
    struct bytes name;
    uint32_t id;
    enum note_type type;
    uint8_t public_key[NOTE_ED25519_SIZE];
};

struct note_signature {
    struct bytes name;
    uint32_t id;
    struct bytes signature; /* after the id; any size, kinds we do not know are kept */
};

struct note {
    struct bytes text; /* with its final line end */
    struct note_signature *signatures;
    size_t signature_count;
};

enum sk_code note_read(struct arena *arena, struct bytes bytes, struct note *note_r,
                       struct why *why);
/* SK_OK: signed by that key. SK_BAD: not signed by it, or the signature is wrong; why tells which. */
enum sk_code note_check(const struct note *note, const struct note_key *key,
                        struct why *why);
/* The same for a witness's key (NOTE_COSIGNATURE); *time_s_r: when it says that it signed. */
enum sk_code note_check_cosignature(const struct note *note, const struct note_key *key,
                                    int64_t *time_s_r, struct why *why);
/* Whether a signature line is of that key: name and id, no more. */
bool note_signature_of(const struct note_signature *signature, const struct note_key *key);

/* Of either type. */
bool note_key_read(struct arena *arena, struct bytes vkey, struct note_key *key_r);
bool note_key_equal(const struct note_key *a, const struct note_key *b);
void note_key_write(struct writer *w, const struct note_key *key);

/* The private key. Its text is "PRIVATE+KEY+name+hex(id)+base64(type || seed)": one line of a file of mode 0600. */
struct note_signer {
    struct note_key key;
    uint8_t seed[NOTE_ED25519_SIZE];
};
/* A name: not empty, UTF-8, no white space, no controls, no '+', at most 255 bytes. */
bool note_name_valid(struct bytes name);
void note_signer_new(struct bytes name, enum note_type type,
                     const uint8_t seed[NOTE_ED25519_SIZE], struct note_signer *signer_r);
bool note_signer_read(struct arena *arena, struct bytes text, struct note_signer *signer_r);
void note_signer_write(struct writer *w, const struct note_signer *signer);
/* Writes the note: text (which ends with a line end), the empty line and one signature. */
void note_sign(struct writer *w, const struct note_signer *signer, struct bytes text);
/* One signature line more for the text. */
void note_sign_line(struct writer *w, const struct note_signer *signer, struct bytes text);
/* The line of a witness; its key is a NOTE_COSIGNATURE. */
void note_cosign_line(struct writer *w, const struct note_signer *signer, struct bytes text,
                      int64_t time_s);
/* A signature line as it was read. */
void note_write_signature(struct writer *w, const struct note_signature *signature);

/* Base64 in its one canonical form: no blanks, no stray bits, so that a text has one spelling. */
bool note_base64_read(struct arena *arena, struct bytes text, struct bytes *out_r);

struct checkpoint {
    struct bytes origin;
    uint64_t size;
    struct merkle_hash root;
};
bool checkpoint_read(struct bytes text, struct checkpoint *checkpoint_r);
void checkpoint_write(struct writer *w, const struct checkpoint *checkpoint);
