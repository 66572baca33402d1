/* OpenSSL first: its headers name what base/banned.h forbids. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "base/hash.h"
#include "base/limits.h"
#include "trace/dkim_tags.h"
#include "trace/key.h"

/* --- DER: the few forms a public key has --- */

/* Takes one element with this tag from *rest; false if something else stands there. */
static bool
der_take(struct bytes *rest, uint8_t tag, struct bytes *content_r)
{
    if (rest->size < 2 || rest->at[0] != tag) {
        return false;
    }
    size_t head = 2, size = rest->at[1];
    if (size >= 0x80) {
        size_t digits = size & 0x7f;
        if (digits == 0 || digits > 3 || rest->size < 2 + digits) {
            return false;
        }
        size = 0;
        for (size_t i = 0; i < digits; i++) {
            size = size << 8 | rest->at[2 + i];
        }
        head += digits;
    }
    if (size > rest->size - head) {
        return false;
    }
    *content_r = bytes_slice(*rest, head, head + size);
    *rest = bytes_from(*rest, head + size);
    return true;
}

/* A positive INTEGER, without zeros at its beginning. */
static bool
der_take_number(struct bytes *rest, struct bytes *number_r)
{
    if (!der_take(rest, 0x02, number_r) || number_r->size == 0 || number_r->at[0] >= 0x80) {
        return false;
    }
    while (number_r->size > 0 && number_r->at[0] == 0) {
        *number_r = bytes_from(*number_r, 1);
    }
    return number_r->size > 0;
}

/* RSAPublicKey (RFC 8017 A.1.1), alone or inside a SubjectPublicKeyInfo (RFC 5280 4.1). */
static bool
rsa_read(struct bytes der, struct bytes *modulus_r, struct bytes *exponent_r)
{
    static const uint8_t rsa_encryption[] = {0x2a, 0x86, 0x48, 0x86, 0xf7,
                                             0x0d, 0x01, 0x01, 0x01};
    struct bytes outer, algorithm, oid, bits, rest = der;

    if (!der_take(&rest, 0x30, &outer)) {
        return false;
    }
    rest = outer;
    if (der_take(&rest, 0x30, &algorithm)) {
        if (!der_take(&algorithm, 0x06, &oid) ||
            !bytes_equal(oid, bytes_of(rsa_encryption, sizeof rsa_encryption)) ||
            !der_take(&rest, 0x03, &bits) || bits.size == 0 || bits.at[0] != 0) {
            return false;
        }
        rest = bytes_from(bits, 1);
        if (!der_take(&rest, 0x30, &outer)) {
            return false;
        }
        rest = outer;
    }
    return der_take_number(&rest, modulus_r) && der_take_number(&rest, exponent_r);
}

static unsigned
bit_count(struct bytes number)
{
    unsigned bits = (unsigned)(number.size * 8);

    for (uint8_t top = number.at[0]; (top & 0x80) == 0; top = (uint8_t)(top << 1)) {
        bits--;
    }
    return bits;
}

/* --- the record --- */

static void
broken(struct key *key, enum key_trust trust, struct why *why, const char *sentence)
{
    key->trust = trust;
    (void)why_set(why, SK_BAD, "%s", sentence);
}

static void
read_rsa(struct key *key, struct bytes der, bool legacy, struct why *why)
{
    if (!rsa_read(der, &key->modulus, &key->exponent)) {
        broken(key, KEY_BROKEN, why, "the key is no RSA public key");
        return;
    }
    /* Bounded before anything is computed with it. */
    if (key->modulus.size > LIMIT_DKIM_KEY_BITS_MAX / 8 + 1 ||
        (key->bits = bit_count(key->modulus)) > LIMIT_DKIM_KEY_BITS_MAX) {
        broken(key, KEY_BROKEN, why, "the key is too long");
    } else if (key->exponent.size > LIMIT_DKIM_EXPONENT_BITS / 8 ||
               (key->exponent.at[key->exponent.size - 1] & 1) == 0 ||
               (key->modulus.at[key->modulus.size - 1] & 1) == 0 ||
               bit_count(key->exponent) < 2) {
        broken(key, KEY_BROKEN, why, "the key is not usable");
    } else if (key->bits < (legacy ? LIMIT_DKIM_KEY_BITS_LEAST : LIMIT_DKIM_KEY_BITS_MIN)) {
        broken(key, KEY_SHORT, why, "the key is too short");
    }
}

/* Whether a tag that is there leaves out what we need. */
static bool
excludes(const struct dkim_tags *tags, const char *name, const char *word)
{
    const struct dkim_tag *tag = dkim_tags_find(tags, name);

    return tag != NULL && !dkim_tag_lists(tag->value, word);
}

static bool
read_tags(const struct dkim_tags *tags, bool legacy, struct key *key, struct why *why)
{
    const struct dkim_tag *version = dkim_tags_find(tags, "v");
    struct bytes kind = dkim_tags_value(tags, "k", "rsa");
    struct bytes flags = dkim_tags_value(tags, "t", "");

    /* "This tag MUST be the first tag in the record" (3.6.1). */
    if (version != NULL &&
        (version != &tags->tags[0] || !bytes_is(version->value, "DKIM1"))) {
        broken(key, KEY_BROKEN, why, "the key record is of another version");
    } else if (bytes_is_fold(kind, "ed25519")) {
        key->kind = KEY_ED25519;
    } else if (!bytes_is_fold(kind, "rsa")) {
        broken(key, KEY_BROKEN, why, "the key is of an unknown type");
    }
    if (key->trust == KEY_GOOD && excludes(tags, "s", "*") &&
        excludes(tags, "s", "email")) {
        broken(key, KEY_BROKEN, why, "the key is not for mail");
    }
    key->versioned = version != NULL;
    key->sha1 = !excludes(tags, "h", "sha1");
    key->sha256 = !excludes(tags, "h", "sha256");
    key->testing = dkim_tag_lists(flags, "y");
    key->same_domain = dkim_tag_lists(flags, "s");
    if (legacy && dkim_tags_find(tags, "g") != NULL) {
        key->has_granularity = true;
        key->granularity = dkim_tags_value(tags, "g", "");
    }
    return key->trust == KEY_GOOD;
}

void
key_read(struct arena *arena, struct bytes record, bool legacy, struct key *key_r,
         struct why *why)
{
    struct dkim_tags tags;
    const struct dkim_tag *p;
    struct bytes raw;

    *key_r = (struct key){.trust = KEY_GOOD};
    if (dkim_tags_read(record, &tags, NULL) != SK_OK) {
        broken(key_r, KEY_BROKEN, why, "the key record is malformed");
        return;
    }
    if (!read_tags(&tags, legacy, key_r, why)) {
        return;
    }
    if ((p = dkim_tags_find(&tags, "p")) == NULL) {
        broken(key_r, KEY_BROKEN, why, "the key record has no key");
        return;
    }
    key_r->p = dkim_tag_squeeze(arena, p->value);
    if (key_r->p.size == 0) {
        broken(key_r, KEY_REVOKED, why, "the key was revoked");
    } else if (!bytes_from_base64(arena, key_r->p, &raw)) {
        broken(key_r, KEY_BROKEN, why, "the key is not base64");
    } else if (key_r->kind == KEY_RSA) {
        read_rsa(key_r, raw, legacy, why);
    } else if (raw.size != 32) {
        broken(key_r, KEY_BROKEN, why, "the key is no Ed25519 public key");
    } else {
        key_r->point = raw;
        key_r->bits = 256;
    }
}

/* --- keys made ready, and kept --- */

#define KEY_CACHE_WAYS 8
#define KEY_CACHE_SETS (LIMIT_DKIM_KEYS_KEPT / KEY_CACHE_WAYS)

struct kept {
    uint8_t digest[HASH_SHA256_SIZE];
    uint64_t used; /* when, by counting; 0: free */
    EVP_PKEY *key;
    EVP_PKEY_CTX *verify[2]; /* RSA: ready to verify, for each hash */
};

static struct kept cache[KEY_CACHE_SETS][KEY_CACHE_WAYS];
static uint64_t cache_clock, cache_hits, cache_misses;

void
key_cache_counters(uint64_t *hits_r, uint64_t *misses_r)
{
    *hits_r = cache_hits;
    *misses_r = cache_misses;
}

static EVP_PKEY *
make_rsa(const struct key *key)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(key->modulus.at, (int)key->modulus.size, NULL);
    BIGNUM *e = BN_bin2bn(key->exponent.at, (int)key->exponent.size, NULL);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *made = NULL;
    OSSL_PARAM *parameters = NULL;

    if (build != NULL && n != NULL && e != NULL && context != NULL &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
        (parameters = OSSL_PARAM_BLD_to_param(build)) != NULL &&
        EVP_PKEY_fromdata_init(context) == 1 &&
        EVP_PKEY_fromdata(context, &made, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
        made = NULL;
    }
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(context);
    BN_free(n);
    BN_free(e);
    return made;
}

static void
drop(struct kept *kept)
{
    EVP_PKEY_CTX_free(kept->verify[0]);
    EVP_PKEY_CTX_free(kept->verify[1]);
    EVP_PKEY_free(kept->key);
    *kept = (struct kept){0};
}

/* The ready key, or NULL where OpenSSL does not want it. */
static struct kept *
keep(const struct key *key)
{
    const struct bytes pieces[] = {key->kind == KEY_RSA ? BYTES("rsa ") : BYTES("ed25519 "),
                                   key->p};
    uint8_t digest[HASH_SHA256_SIZE];

    hash_sha256_many(pieces, 2, digest);
    struct bytes name = bytes_of(digest, sizeof digest);
    struct kept *set = cache[hash_quick(name, hash_seed()) % KEY_CACHE_SETS],
                *oldest = &set[0];
    for (size_t i = 0; i < KEY_CACHE_WAYS; i++) {
        if (set[i].used > 0 && memcmp(set[i].digest, digest, sizeof digest) == 0) {
            set[i].used = ++cache_clock;
            cache_hits++;
            return &set[i];
        }
        if (set[i].used < oldest->used) {
            oldest = &set[i];
        }
    }
    cache_misses++;
    EVP_PKEY *made = key->kind == KEY_RSA
                         ? make_rsa(key)
                         : EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
                                                       key->point.at, key->point.size);
    if (made == NULL) {
        return NULL;
    }
    drop(oldest);
    memcpy(oldest->digest, digest, sizeof digest);
    oldest->key = made;
    oldest->used = ++cache_clock;
    return oldest;
}

/* A context once made is used for every later verification with the key. */
static EVP_PKEY_CTX *
rsa_context(struct kept *kept, enum canonical_hash hash)
{
    if (kept->verify[hash] == NULL) {
        EVP_PKEY_CTX *made = EVP_PKEY_CTX_new(kept->key, NULL);
        if (made == NULL || EVP_PKEY_verify_init(made) != 1 ||
            EVP_PKEY_CTX_set_rsa_padding(made, RSA_PKCS1_PADDING) != 1 ||
            EVP_PKEY_CTX_set_signature_md(
                made, hash == CANONICAL_SHA1 ? EVP_sha1() : EVP_sha256()) != 1) {
            EVP_PKEY_CTX_free(made);
            return NULL;
        }
        kept->verify[hash] = made;
    }
    return kept->verify[hash];
}

bool
key_verify(const struct key *key, enum canonical_hash hash, struct bytes digest,
           struct bytes signature)
{
    SK_ASSERT(key->trust == KEY_GOOD);
    struct kept *kept = keep(key);
    bool is = false;

    if (kept == NULL) {
        return false;
    }
    if (key->kind == KEY_RSA) {
        EVP_PKEY_CTX *context = rsa_context(kept, hash);
        is = context != NULL && EVP_PKEY_verify(context, signature.at, signature.size,
                                                digest.at, digest.size) == 1;
    } else {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        is = context != NULL &&
             EVP_DigestVerifyInit(context, NULL, NULL, NULL, kept->key) == 1 &&
             EVP_DigestVerify(context, signature.at, signature.size, digest.at,
                              digest.size) == 1;
        EVP_MD_CTX_free(context);
    }
    return is;
}
