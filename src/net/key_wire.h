/* What a process that speaks TLS asks the key process, and what it hears: one message each way over a SOCK_SEQPACKET pair.
 *
 * The first question: sign what a TLS server signs in a handshake. The bytes come whole, not as a hash, and the key
 * process looks at their form (key_ring.h): so a worker that was taken over can at most shake hands in our name while it
 * lives; it cannot decrypt, sign a certificate or a request, nor take the key away.
 *
 * The other questions are for papers of leaving mail, and are answered by other keys only (enum key_use): a signature over
 * a digest of 32 bytes, as DKIM and ARC want it, and the tag of an envelope sender. Their numbers are of the range that
 * RFC 8446 leaves to private use. `key` is then the name that the configuration gives (paper_key_name), zeros behind it. */
#pragma once

#include <stdint.h>

#include "base/hash.h"
#include "base/limits.h"

#define KEY_ID_SIZE HASH_SHA256_SIZE /* SHA-256 of the public key's SubjectPublicKeyInfo */

#define KEY_ASK_DKIM_RSA     0xfe01 /* to_sign: a SHA-256 */
#define KEY_ASK_DKIM_ED25519 0xfe02 /* the same */
#define KEY_ASK_TAG          0xfe03 /* to_sign: K DDD address; the answer has KEY_TAG_SIZE bytes */
#define KEY_TAG_SIZE         3
#define KEY_SECRET_SIZE      32

enum key_word {
    KEY_SIGNED,
    KEY_UNKNOWN, /* no key with that id */
    KEY_FORM,    /* that is nothing that this key signs */
    KEY_FAILED,  /* the library refused */
};

struct key_question {
    uint32_t
        serial; /* comes back: an answer that came too late is not taken for another's */
    uint16_t scheme; /* SignatureScheme of RFC 8446 4.2.3, or KEY_ASK_ */
    uint16_t size;   /* of to_sign */
    uint8_t key[KEY_ID_SIZE];
    uint8_t to_sign[LIMIT_KEY_TO_SIGN];
};

struct key_answer {
    uint32_t serial;
    uint16_t word; /* enum key_word */
    uint16_t size; /* of signature */
    uint8_t signature[LIMIT_KEY_SIGNATURE];
};

/* Bytes that are sent: up to the end of what is used. */
static inline size_t
key_question_size(const struct key_question *question)
{
    return offsetof(struct key_question, to_sign) + question->size;
}

static inline size_t
key_answer_size(const struct key_answer *answer)
{
    return offsetof(struct key_answer, signature) + answer->size;
}
