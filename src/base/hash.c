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
hash_stream_begin(struct hash_stream *stream)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    SK_ASSERT(context != NULL && EVP_DigestInit_ex2(context, sha256(), NULL) == 1);
    stream->context = context;
}

void
hash_stream_add(struct hash_stream *stream, struct bytes b)
{
    SK_ASSERT(EVP_DigestUpdate(stream->context, b.at, b.size) == 1);
}

void
hash_stream_end(struct hash_stream *stream, uint8_t digest_r[HASH_SHA256_SIZE])
{
    unsigned size = 0;

    SK_ASSERT(EVP_DigestFinal_ex(stream->context, digest_r, &size) == 1 &&
              size == HASH_SHA256_SIZE);
    EVP_MD_CTX_free(stream->context);
    stream->context = NULL;
}

#define HMAC_BLOCK      64
#define HMAC_PIECES_MAX 8

void
hash_hmac_sha256(struct bytes key, const struct bytes *pieces, size_t piece_count,
                 uint8_t digest_r[HASH_SHA256_SIZE])
{
    uint8_t inner[HMAC_BLOCK] = {0}, outer[HMAC_BLOCK], digest[HASH_SHA256_SIZE];
    struct bytes all[HMAC_PIECES_MAX + 1];

    SK_ASSERT(piece_count <= HMAC_PIECES_MAX);
    if (key.size > HMAC_BLOCK) {
        hash_sha256_many(&key, 1, inner);
    } else if (key.size > 0) {
        memcpy(inner, key.at, key.size);
    }
    for (size_t i = 0; i < HMAC_BLOCK; i++) {
        outer[i] = inner[i] ^ 0x5c;
        inner[i] ^= 0x36;
    }
    all[0] = (struct bytes){inner, HMAC_BLOCK};
    for (size_t i = 0; i < piece_count; i++) {
        all[i + 1] = pieces[i];
    }
    hash_sha256_many(all, piece_count + 1, digest);
    struct bytes last[] = {{outer, HMAC_BLOCK}, {digest, sizeof digest}};
    hash_sha256_many(last, 2, digest_r);
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
