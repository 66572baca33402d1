/* The Merkle tree of RFC 6962 section 2.1, with SHA-256: hashes, roots, proofs and their checks. Pure.
 *
 * A tree is read through a struct merkle_reader, which gives the hash of any perfect subtree: `level` 0 are the leaves,
 * and the subtree (level, index) spans the leaves [index << level, (index + 1) << level). Everything else is put
 * together from those, so a proof costs about 64 reads at most. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"

#define MERKLE_SIZE 32
/* Hashes in a proof: a tree of 2^63 leaves needs 63, a consistency proof one more. */
#define MERKLE_PROOF_MAX 65

struct merkle_hash {
    uint8_t at[MERKLE_SIZE];
};

struct merkle_reader {
    enum sk_code (*get)(void *context, unsigned level, uint64_t index,
                        struct merkle_hash *hash_r);
    void *context;
};

struct merkle_proof {
    struct merkle_hash hashes[MERKLE_PROOF_MAX];
    size_t count;
};

struct merkle_hash merkle_empty(void);
struct merkle_hash merkle_leaf(struct bytes data);
struct merkle_hash merkle_node(const struct merkle_hash *left,
                               const struct merkle_hash *right);
bool merkle_equal(const struct merkle_hash *a, const struct merkle_hash *b);

/* The root of the first `size` leaves. Codes are those of the reader. */
enum sk_code merkle_root(const struct merkle_reader *reader, uint64_t size,
                         struct merkle_hash *root_r);
/* PATH(index, D[size]), from the leaf's sibling up. SK_BAD if index is not below size. */
enum sk_code merkle_inclusion(const struct merkle_reader *reader, uint64_t index,
                              uint64_t size, struct merkle_proof *proof_r);
/* PROOF(old_size, D[size]). SK_BAD if old_size is 0 or above size. */
enum sk_code merkle_consistency(const struct merkle_reader *reader, uint64_t old_size,
                                uint64_t size, struct merkle_proof *proof_r);

/* RFC 9162 sections 2.1.3.2 and 2.1.4.2. */
bool merkle_check_inclusion(const struct merkle_hash *leaf, uint64_t index, uint64_t size,
                            const struct merkle_proof *proof,
                            const struct merkle_hash *root);
bool merkle_check_consistency(uint64_t old_size, uint64_t size,
                              const struct merkle_proof *proof,
                              const struct merkle_hash *old_root,
                              const struct merkle_hash *root);
