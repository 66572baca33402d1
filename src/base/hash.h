/* Hashes: SHA-256 for evidence, a fast keyed 64-bit one for tables. */
#pragma once

#include "base/bytes.h"

#define HASH_SHA256_SIZE 32

/* SHA-256 (FIPS 180-4) of one view, or of several in a row. */
void hash_sha256(struct bytes b, uint8_t digest_r[HASH_SHA256_SIZE]);
void hash_sha256_many(const struct bytes *pieces, size_t piece_count,
                      uint8_t digest_r[HASH_SHA256_SIZE]);

/* The same bit by bit: begin, add ..., end. Each begin needs its end. */
struct hash_stream {
    void *context;
};
void hash_stream_begin(struct hash_stream *stream);
void hash_stream_add(struct hash_stream *stream, struct bytes b);
void hash_stream_end(struct hash_stream *stream, uint8_t digest_r[HASH_SHA256_SIZE]);

/* HMAC-SHA256 (RFC 2104) of several views in a row: a hash that nobody without the key can make or guess. */
void hash_hmac_sha256(struct bytes key, const struct bytes *pieces, size_t piece_count,
                      uint8_t digest_r[HASH_SHA256_SIZE]);

/* For tables in memory and features: quick, well mixed, not for evidence. The same on every machine. Tables that
 * hold foreign keys pass a seed from hash_seed(). */
uint64_t hash_quick(struct bytes b, uint64_t seed);
/* Random, made once per process. */
uint64_t hash_seed(void);

static inline uint64_t
hash_mix(uint64_t x)
{
    x ^= x >> 32;
    x *= 0x9fb21c651e98df25u;
    x ^= x >> 35;
    x *= 0x9fb21c651e98df25u;
    x ^= x >> 28;
    return x;
}

/* Fills with random bytes from the kernel. */
void hash_random(void *at, size_t size);
