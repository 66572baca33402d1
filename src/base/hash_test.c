#include "base/hash.h"

#include "base/arena.h"
#include "base/tap.h"

static struct arena arena;

static bool
sha256_is(struct bytes b, const char *hex)
{
    uint8_t digest[HASH_SHA256_SIZE];

    hash_sha256(b, digest);
    return bytes_is(bytes_hex(&arena, bytes_of(digest, sizeof digest)), hex);
}

static void
test_sha256(void)
{
    uint8_t one[HASH_SHA256_SIZE], many[HASH_SHA256_SIZE];
    uint8_t *million = arena_take_bytes(&arena, 1000000);
    struct bytes pieces[] = {BYTES("ab"), BYTES_NONE, BYTES("c"), BYTES("")};

    tap_ok(sha256_is(BYTES("abc"),
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
           "FIPS 180-4: abc");
    tap_ok(sha256_is(BYTES_NONE,
                     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
           "FIPS 180-4: nothing");
    memset(million, 'a', 1000000);
    tap_ok(sha256_is(bytes_of(million, 1000000),
                     "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
           "FIPS 180-4: a million times a");
    hash_sha256(BYTES("abc"), one);
    hash_sha256_many(pieces, 4, many);
    tap_ok(memcmp(one, many, sizeof one) == 0, "pieces hash as one");
}

static bool
hmac_is(struct bytes key, struct bytes text, const char *hex)
{
    uint8_t digest[HASH_SHA256_SIZE];
    struct bytes pieces[] = {bytes_slice(text, 0, 3), bytes_from(text, 3)};

    hash_hmac_sha256(key, pieces, 2, digest);
    return bytes_is(bytes_hex(&arena, bytes_of(digest, sizeof digest)), hex);
}

static void
test_hmac(void)
{
    uint8_t long_key[131];

    memset(long_key, 0xaa, sizeof long_key);
    tap_ok(hmac_is(BYTES("Jefe"), BYTES("what do ya want for nothing?"),
                   "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
           "RFC 4231 case 2");
    tap_ok(hmac_is(bytes_of(long_key, sizeof long_key),
                   BYTES("Test Using Larger Than Block-Size Key - Hash Key First"),
                   "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
           "RFC 4231 case 6: a key longer than a block");
}

static void
test_quick(void)
{
    uint8_t text[64] = {0};
    bool differs = true;
    unsigned flips = 0;

    tap_ok(hash_quick(BYTES("sekisho"), 1) == hash_quick(BYTES("sekisho"), 1),
           "the same again");
    tap_ok(hash_quick(BYTES("sekisho"), 1) != hash_quick(BYTES("sekisho"), 2),
           "the seed counts");
    tap_ok(hash_quick(BYTES_NONE, 5) == hash_quick(BYTES(""), 5), "nothing is empty");
    for (size_t size = 1; size <= sizeof text; size++) {
        differs = differs && hash_quick(bytes_of(text, size), 0) !=
                                 hash_quick(bytes_of(text, size - 1), 0);
    }
    tap_ok(differs, "the size counts, among zeros");
    uint64_t plain = hash_quick(bytes_of(text, 64), 0);
    for (unsigned bit = 0; bit < 512; bit++) {
        text[bit / 8] = (uint8_t)(1u << bit % 8);
        flips += (unsigned)__builtin_popcountll(plain ^ hash_quick(bytes_of(text, 64), 0));
        text[bit / 8] = 0;
    }
    tap_ok(flips > 512 * 28 && flips < 512 * 36,
           "one bit flips half of the hash (mean %.1f)", flips / 512.0);
    /* Features of a saved model are numbered by this hash: it must never change silently. */
    tap_ok(hash_quick(BYTES("sekisho"), 0) == 0x8156af68c5a2e9b7u,
           "the value is the same on every machine");
}

int
main(void)
{
    uint8_t a[1000] = {0}, b[1000] = {0};

    arena_init(&arena, 4u << 20);
    test_sha256();
    test_hmac();
    test_quick();
    hash_random(a, sizeof a);
    hash_random(b, sizeof b);
    hash_random(b, 0);
    tap_ok(memcmp(a, b, sizeof a) != 0, "random bytes differ");
    uint64_t seed = hash_seed();
    tap_ok(seed != 0 && hash_seed() == seed, "the seed is made once");
    arena_release(&arena);
    return tap_done();
}
