#define SK_BASE
#include "base/hash.h"

#include <errno.h>
#include <sys/random.h>

#include <openssl/evp.h>
#include <string.h>

#include "base/why.h"

/* Fetched once: an implicit fetch at every use costs more than the hash of a short text. */
static EVP_MD *
sha256(void)
{
    static EVP_MD *md;

    if (md == NULL) {
        md = EVP_MD_fetch(NULL, "SHA256", NULL);
        SK_ASSERT(md != NULL);
    }
    return md;
}

void
hash_sha256_many(const struct bytes *pieces, size_t piece_count,
                 uint8_t digest_r[HASH_SHA256_SIZE])
{
    static EVP_MD_CTX *context;
    unsigned size = 0;

    if (context == NULL) {
        context = EVP_MD_CTX_new();
        SK_ASSERT(context != NULL);
    }
    SK_ASSERT(EVP_DigestInit_ex2(context, sha256(), NULL) == 1);
    for (size_t i = 0; i < piece_count; i++) {
        SK_ASSERT(EVP_DigestUpdate(context, pieces[i].at, pieces[i].size) == 1);
    }
    SK_ASSERT(EVP_DigestFinal_ex(context, digest_r, &size) == 1 &&
              size == HASH_SHA256_SIZE);
}

void
hash_sha256(struct bytes b, uint8_t digest_r[HASH_SHA256_SIZE])
{
    hash_sha256_many(&b, 1, digest_r);
}

uint64_t
hash_quick(struct bytes b, uint64_t seed)
{
    uint64_t hash = seed ^ (b.size * 0x9e3779b97f4a7c15u);
    size_t at = 0;

    for (; at + 8 <= b.size; at += 8) {
        uint64_t word;
        memcpy(&word, b.at + at, 8);
        hash = hash_mix(hash ^ word);
    }
    uint64_t tail = 0;
    for (unsigned shift = 0; at < b.size; at++, shift += 8) {
        tail |= (uint64_t)b.at[at] << shift;
    }
    return hash_mix(hash ^ tail);
}

uint64_t
hash_seed(void)
{
    static uint64_t seed;

    while (seed == 0) {
        hash_random(&seed, sizeof seed);
    }
    return seed;
}

void
hash_random(void *at, size_t size)
{
    uint8_t *to = at;

    while (size > 0) {
        ssize_t got = getrandom(to, size, 0);
        if (got < 0 && errno == EINTR) {
            continue; /* a signal came while the kernel was filling */
        }
        SK_ASSERT(got > 0);
        to += got;
        size -= (size_t)got;
    }
}
