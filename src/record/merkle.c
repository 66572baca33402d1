#include "record/merkle.h"

#include "base/hash.h"

_Static_assert(MERKLE_SIZE == HASH_SHA256_SIZE, "the tree is one of SHA-256");

struct merkle_hash
merkle_empty(void)
{
    struct merkle_hash hash;

    hash_sha256(BYTES_NONE, hash.at);
    return hash;
}

struct merkle_hash
merkle_leaf(struct bytes data)
{
    struct merkle_hash hash;

    hash_sha256_many((struct bytes[]){BYTES("\0"), data}, 2, hash.at);
    return hash;
}

struct merkle_hash
merkle_node(const struct merkle_hash *left, const struct merkle_hash *right)
{
    struct merkle_hash hash;
    uint8_t all[1 + 2 * MERKLE_SIZE];

    all[0] = 1;
    memcpy(all + 1, left->at, MERKLE_SIZE);
    memcpy(all + 1 + MERKLE_SIZE, right->at, MERKLE_SIZE);
    hash_sha256(bytes_of(all, sizeof(all)), hash.at);
    return hash;
}

bool
merkle_equal(const struct merkle_hash *a, const struct merkle_hash *b)
{
    return memcmp(a->at, b->at, MERKLE_SIZE) == 0;
}

/* The exponent of the largest power of two that is smaller than n; n is at least 2. */
static unsigned
split_level(uint64_t n)
{
    return 63u - (unsigned)__builtin_clzll(n - 1);
}

/* MTH(D[from:to]) where from is a multiple of the power of two at or above to - from, as all ranges of RFC 6962 are:
 * perfect subtrees from left to right, folded from the right. */
static enum sk_code
range_hash(const struct merkle_reader *reader, uint64_t from, uint64_t to,
           struct merkle_hash *hash_r)
{
    struct merkle_hash pieces[64];
    size_t count = 0;

    while (from < to) {
        unsigned level = 63u - (unsigned)__builtin_clzll(to - from);
        enum sk_code code =
            reader->get(reader->context, level, from >> level, &pieces[count]);
        if (code != SK_OK) {
            return code;
        }
        count++;
        from += (uint64_t)1 << level;
    }
    SK_ASSERT(count > 0);
    *hash_r = pieces[--count];
    while (count > 0) {
        *hash_r = merkle_node(&pieces[--count], hash_r);
    }
    return SK_OK;
}

enum sk_code
merkle_root(const struct merkle_reader *reader, uint64_t size, struct merkle_hash *root_r)
{
    if (size == 0) {
        *root_r = merkle_empty();
        return SK_OK;
    }
    return range_hash(reader, 0, size, root_r);
}

static void
proof_turn(struct merkle_proof *proof)
{
    for (size_t i = 0, k = proof->count; i + 1 < k; i++) {
        k--;
        struct merkle_hash hash = proof->hashes[i];
        proof->hashes[i] = proof->hashes[k];
        proof->hashes[k] = hash;
    }
}

enum sk_code
merkle_inclusion(const struct merkle_reader *reader, uint64_t index, uint64_t size,
                 struct merkle_proof *proof_r)
{
    uint64_t from = 0, to = size;
    enum sk_code code = SK_OK;

    proof_r->count = 0;
    if (index >= size) {
        return SK_BAD;
    }
    while (to - from > 1 && code == SK_OK) {
        uint64_t middle = from + ((uint64_t)1 << split_level(to - from));
        SK_ASSERT(proof_r->count < MERKLE_PROOF_MAX);
        struct merkle_hash *sibling = &proof_r->hashes[proof_r->count++];
        if (index < middle) {
            code = range_hash(reader, middle, to, sibling);
            to = middle;
        } else {
            code = range_hash(reader, from, middle, sibling);
            from = middle;
        }
    }
    proof_turn(proof_r);
    return code;
}

enum sk_code
merkle_consistency(const struct merkle_reader *reader, uint64_t old_size, uint64_t size,
                   struct merkle_proof *proof_r)
{
    uint64_t from = 0, to = size;
    bool whole =
        true; /* what is left of the old tree is the old tree itself, whose root the checker knows */
    enum sk_code code = SK_OK;

    proof_r->count = 0;
    if (old_size == 0 || old_size > size) {
        return SK_BAD;
    }
    while (old_size < to && code == SK_OK) {
        uint64_t middle = from + ((uint64_t)1 << split_level(to - from));
        SK_ASSERT(proof_r->count < MERKLE_PROOF_MAX);
        struct merkle_hash *other = &proof_r->hashes[proof_r->count++];
        if (old_size <= middle) {
            code = range_hash(reader, middle, to, other);
            to = middle;
        } else {
            code = range_hash(reader, from, middle, other);
            from = middle;
            whole = false;
        }
    }
    if (!whole && code == SK_OK) {
        SK_ASSERT(proof_r->count < MERKLE_PROOF_MAX);
        code = range_hash(reader, from, to, &proof_r->hashes[proof_r->count++]);
    }
    proof_turn(proof_r);
    return code;
}

bool
merkle_check_inclusion(const struct merkle_hash *leaf, uint64_t index, uint64_t size,
                       const struct merkle_proof *proof, const struct merkle_hash *root)
{
    struct merkle_hash hash = *leaf;
    uint64_t n = index, last = size - 1;

    if (index >= size) {
        return false;
    }
    for (size_t i = 0; i < proof->count; i++) {
        if (last == 0) {
            return false;
        }
        if ((n & 1) != 0 || n == last) {
            hash = merkle_node(&proof->hashes[i], &hash);
            while ((n & 1) == 0 && n != 0) {
                n >>= 1;
                last >>= 1;
            }
        } else {
            hash = merkle_node(&hash, &proof->hashes[i]);
        }
        n >>= 1;
        last >>= 1;
    }
    return last == 0 && merkle_equal(&hash, root);
}

bool
merkle_check_consistency(uint64_t old_size, uint64_t size, const struct merkle_proof *proof,
                         const struct merkle_hash *old_root, const struct merkle_hash *root)
{
    if (old_size == 0 || old_size > size) {
        return false;
    }
    if (old_size == size) {
        return proof->count == 0 && merkle_equal(old_root, root);
    }
    size_t i = 0;
    struct merkle_hash old_hash, hash;
    if ((old_size & (old_size - 1)) == 0) {
        old_hash = hash = *old_root;
    } else if (proof->count == 0) {
        return false;
    } else {
        old_hash = hash = proof->hashes[i++];
    }
    uint64_t n = old_size - 1, last = size - 1;
    while ((n & 1) != 0) {
        n >>= 1;
        last >>= 1;
    }
    for (; i < proof->count; i++) {
        if (last == 0) {
            return false;
        }
        if ((n & 1) != 0 || n == last) {
            old_hash = merkle_node(&proof->hashes[i], &old_hash);
            hash = merkle_node(&proof->hashes[i], &hash);
            while ((n & 1) == 0 && n != 0) {
                n >>= 1;
                last >>= 1;
            }
        } else {
            hash = merkle_node(&hash, &proof->hashes[i]);
        }
        n >>= 1;
        last >>= 1;
    }
    return last == 0 && merkle_equal(&old_hash, old_root) && merkle_equal(&hash, root);
}
