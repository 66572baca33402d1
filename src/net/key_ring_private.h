/* The ring's inside, shared by key_ring.c (keys of TLS) and key_ring_papers.c (keys of papers). Include OpenSSL first. */
#pragma once

#include <openssl/evp.h>

#include "net/key_ring.h"

/* Not the provider of tls_remote.c, should it be loaded here too: that one has no private keys. */
#define OURS "provider!=sekisho"

struct key {
    uint8_t id[KEY_ID_SIZE];     /* by which it is asked for */
    uint8_t public[KEY_ID_SIZE]; /* the hash of its public half */
    enum key_use use;
    EVP_PKEY *key;                   /* NULL for a secret */
    EVP_PKEY_CTX *context;           /* DKIM with RSA: ready to sign */
    uint8_t secret[KEY_SECRET_SIZE]; /* of tags */
};

struct key_set {
    struct key keys[LIMIT_KEYS];
    size_t count;
};

struct key_ring {
    struct key_set next, now, before;
};

/* Reads a private key, fills `key` and `public`. */
enum key_load key_ring_read(struct key *to, struct bytes pem);
bool key_ring_id(EVP_PKEY *key, uint8_t id[KEY_ID_SIZE]);
/* Whether the set has it for another use. */
bool key_ring_shared(const struct key_set *set, const struct key *key);
/* Signs and verifies with its own public half. */
bool key_ring_works(EVP_PKEY *key);
/* Counts the set's next key, or wipes it; gives the word back. */
enum key_load key_ring_taken(struct key_set *set, enum key_load load);
/* Of those in force, then of those before; NULL: none. */
const struct key *key_ring_find(const struct key_ring *ring, const uint8_t id[KEY_ID_SIZE],
                                bool paper);

/* key_ring_papers.c */
bool key_ring_is_paper(uint16_t scheme);
/* The question's form as a whole was looked at. */
void key_ring_answer_paper(const struct key_ring *ring, const struct key_question *question,
                           struct key_answer *answer_r);
