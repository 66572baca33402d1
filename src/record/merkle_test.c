#include "record/merkle.h"

#include "base/tap.h"

#define LEAVES 300

static struct merkle_hash leaves[LEAVES];
static struct arena arena;

/* The definition of RFC 6962 section 2.1, word by word, to compare with. */
static struct merkle_hash
naive(size_t from, size_t to)
{
    size_t k = 1;

    if (to - from == 1) {
        return leaves[from];
    }
    while (2 * k < to - from) {
        k *= 2;
    }
    struct merkle_hash left = naive(from, from + k), right = naive(from + k, to);
    return merkle_node(&left, &right);
}

static enum sk_code
get(void *context, unsigned level, uint64_t index, struct merkle_hash *hash_r)
{
    uint64_t size = *(const uint64_t *)context, from = index << level,
             to = (index + 1) << level;

    if (to > size) {
        return SK_BAD;
    }
    *hash_r = naive(from, to);
    return SK_OK;
}

static bool
hex_is(struct merkle_hash hash, const char *hex)
{
    return bytes_is(bytes_hex(&arena, bytes_of(hash.at, MERKLE_SIZE)), hex);
}

/* The eight entries and roots that Certificate Transparency's own tests use. */
static void
test_vectors(void)
{
    static const struct bytes entries[8] = {
        {(const uint8_t *)"", 0},
        {(const uint8_t *)"\x00", 1},
        {(const uint8_t *)"\x10", 1},
        {(const uint8_t *)"\x20\x21", 2},
        {(const uint8_t *)"\x30\x31", 2},
        {(const uint8_t *)"\x40\x41\x42\x43", 4},
        {(const uint8_t *)"\x50\x51\x52\x53\x54\x55\x56\x57", 8},
        {(const uint8_t
              *)"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
         16},
    };
    static const char *const roots[8] = {
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    };
    tap_ok(hex_is(merkle_empty(),
                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
           "the empty tree");
    for (size_t i = 0; i < 8; i++) {
        leaves[i] = merkle_leaf(entries[i]);
    }
    for (uint64_t size = 1; size <= 8; size++) {
        struct merkle_hash root;
        enum sk_code code = merkle_root(&(struct merkle_reader){get, &size}, size, &root);
        tap_ok(code == SK_OK && hex_is(root, roots[size - 1]), "root of %d leaves",
               (int)size);
    }
}

static void
fill(void)
{
    for (size_t i = 0; i < LEAVES; i++) {
        uint8_t data[2] = {(uint8_t)i, (uint8_t)(i >> 8)};
        leaves[i] = merkle_leaf(bytes_of(data, 2));
    }
}

static void
test_inclusion(void)
{
    size_t good = 0, all = 0, refused = 0, wrong = 0;

    for (uint64_t size = 1; size <= LEAVES; size += size < 20 ? 1 : 37) {
        struct merkle_hash root = naive(0, size);
        for (uint64_t index = 0; index < size; index++, all++) {
            struct merkle_proof proof;
            enum sk_code code =
                merkle_inclusion(&(struct merkle_reader){get, &size}, index, size, &proof);
            good += code == SK_OK &&
                    merkle_check_inclusion(&leaves[index], index, size, &proof, &root);
            refused += !merkle_check_inclusion(&leaves[(index + 1) % LEAVES], index, size,
                                               &proof, &root);
            if (proof.count > 0) {
                proof.hashes[proof.count / 2].at[5] ^= 1;
                wrong +=
                    !merkle_check_inclusion(&leaves[index], index, size, &proof, &root);
            } else {
                wrong +=
                    !merkle_check_inclusion(&leaves[index], index, size + 1, &proof, &root);
            }
        }
    }
    tap_ok(good == all, "%zu of %zu inclusion proofs hold", good, all);
    tap_ok(refused == all, "none holds for another leaf");
    tap_ok(wrong == all, "none holds with a bit changed");
    uint64_t size = 5;
    struct merkle_proof proof;
    tap_ok(merkle_inclusion(&(struct merkle_reader){get, &size}, 4, 5, &proof) == SK_OK &&
               merkle_inclusion(&(struct merkle_reader){get, &size}, 5, 5, &proof) ==
                   SK_BAD,
           "the last index, and one past it");
}

static void
test_consistency(void)
{
    size_t good = 0, all = 0, wrong = 0;

    for (uint64_t size = 1; size <= 70; size++) {
        struct merkle_hash root = naive(0, size);
        for (uint64_t old = 1; old <= size; old++, all++) {
            struct merkle_hash old_root = naive(0, old), other = old_root;
            struct merkle_proof proof;
            enum sk_code code =
                merkle_consistency(&(struct merkle_reader){get, &size}, old, size, &proof);
            good += code == SK_OK &&
                    merkle_check_consistency(old, size, &proof, &old_root, &root);
            other.at[0] ^= 1;
            wrong += !merkle_check_consistency(old, size, &proof, &other, &root);
        }
    }
    tap_ok(good == all, "%zu of %zu consistency proofs hold", good, all);
    tap_ok(wrong == all, "none holds for another old root");
    struct merkle_proof proof;
    uint64_t size = 7;
    tap_ok(merkle_consistency(&(struct merkle_reader){get, &size}, 3, 7, &proof) == SK_OK &&
               proof.count == 4,
           "RFC 6962 2.1.3: PROOF(3, D[7]) has four hashes");
    tap_ok(merkle_consistency(&(struct merkle_reader){get, &size}, 4, 7, &proof) == SK_OK &&
               proof.count == 1,
           "PROOF(4, D[7]) has one");
    tap_ok(merkle_consistency(&(struct merkle_reader){get, &size}, 6, 7, &proof) == SK_OK &&
               proof.count == 3,
           "PROOF(6, D[7]) has three");
    tap_ok(
        merkle_consistency(&(struct merkle_reader){get, &size}, 0, 7, &proof) == SK_BAD &&
            merkle_consistency(&(struct merkle_reader){get, &size}, 8, 7, &proof) == SK_BAD,
        "sizes out of range");
}

int
main(void)
{
    arena_init(&arena, (size_t)16 << 20);
    test_vectors();
    fill();
    test_inclusion();
    test_consistency();
    arena_release(&arena);
    return tap_done();
}
