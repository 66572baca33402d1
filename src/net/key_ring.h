/* Private keys in memory, and the only things that are done with them. The key process holds a ring and no other process does
 * (sekisho/key_role.c); tests hold one of their own.
 *
 * Keys are known by the hash of their public half, so a certificate finds its key without names or numbers that could
 * be mixed up. A reload first gathers the keys of the next configuration; only when all of them are good and fit
 * (key_ring_commit) do they count, and those before stay good until the next time: sessions end under the configuration
 * they began with.
 *
 * What may be signed is what a TLS server signs:
 *     TLS 1.3 (RFC 8446 4.4.3)   64 blanks, "TLS 1.3, server CertificateVerify", 0, a hash of 32 or 48 bytes
 *     TLS 1.2 (RFC 8422 5.4)     32 bytes of client random, 32 of server random, 3 (a named curve), the curve, the point
 * The second cannot pass for the first, nor for anything that has a text before it.
 *
 * A key of DKIM answers one other question, and a key of TLS never that one: sign this SHA-256 of a canonical header. For
 * RSA (PKCS #1 v1.5) the DigestInfo is made here; for Ed25519 the digest is the message (RFC 8463 section 3). A secret of
 * tags answers a third: three bytes of HMAC-SHA1 over a key's number, a day and an address (net/paper_keys.h). */
#pragma once

#include "base/bytes.h"
#include "net/key_wire.h"

struct key_ring;

/* What became of a key. */
enum key_load {
    KEY_LOADED,
    KEY_NO_FILE, /* it cannot be read, or is over LIMIT_KEY_FILE */
    KEY_NO_PEM,  /* no private key in it */
    KEY_LOCKED,  /* it asks for a passphrase */
    KEY_KIND,    /* neither RSA nor EC on P-256, P-384, P-521, nor Ed25519 */
    KEY_BITS,    /* RSA beyond our bounds */
    KEY_OTHER,   /* good, but not the certificate's */
    KEY_BROKEN,  /* what it signs, its own public half does not verify */
    KEY_MANY,    /* over LIMIT_KEYS */
    KEY_SHARED,  /* it is loaded for another use already */
    KEY_NOT_RSA, /* RSA is wanted, and it is not; the same for Ed25519 */
    KEY_NOT_ED25519,
    KEY_NO_SECRET, /* not the text of a secret (KEY_SECRET_SIZE bytes as hexadecimal digits) */
};

/* What a key is for. None is ever used for anything else. */
enum key_use {
    KEY_FOR_TLS,
    KEY_FOR_DKIM_RSA,
    KEY_FOR_DKIM_ED25519,
    KEY_FOR_TAG, /* no key pair but a secret: tags of envelope senders (trace/batv.h) */
};

/* Words for a person, after the file's name: "is protected by a passphrase: ..."; NULL for KEY_LOADED. */
const char *key_load_words(enum key_load load);

/* One for the process. */
struct key_ring *key_ring_open(void);
void key_ring_close(struct key_ring *ring);

/* Forgets what was gathered and not committed. */
void key_ring_begin(struct key_ring *ring);
/* Reads a key and tries it. `fits` is the start of the id that the certificate's key has (key_id_start). */
enum key_load key_ring_add(struct key_ring *ring, struct bytes pem, uint64_t fits);
/* The same for a key of papers, which is known by a name (paper_key_name) instead of by its public half. */
enum key_load key_ring_add_paper(struct key_ring *ring, struct bytes file, enum key_use use,
                                 uint64_t name);
void key_ring_commit(struct key_ring *ring);

/* question_size: the bytes that came. */
void key_ring_answer(const struct key_ring *ring, const struct key_question *question,
                     size_t question_size, struct key_answer *answer_r);

static inline uint64_t
key_id_start(const uint8_t id[KEY_ID_SIZE])
{
    uint64_t start;

    memcpy(&start, id, sizeof start);
    return start;
}
