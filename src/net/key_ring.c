/* OpenSSL first: its headers use names that banned.h forbids us. */
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "net/key_ring_private.h"

#include <stdlib.h>

#include "base/why.h"

#define GUARD      "TLS 1.3, server CertificateVerify"
#define GUARD_FILL 64

/* RFC 8446 4.2.3, without those that our TLS never agrees on. */
static const struct key_scheme {
    uint16_t scheme;
    const char *kind, *hash;
    bool pss;
} schemes[] = {
    {0x0401, "RSA", "SHA256", false}, {0x0501, "RSA", "SHA384", false},
    {0x0601, "RSA", "SHA512", false}, {0x0804, "RSA", "SHA256", true},
    {0x0805, "RSA", "SHA384", true},  {0x0806, "RSA", "SHA512", true},
    {0x0403, "EC", "SHA256", false},  {0x0503, "EC", "SHA384", false},
    {0x0603, "EC", "SHA512", false},  {0x0807, "ED25519", NULL, false},
};

const char *
key_load_words(enum key_load load)
{
    static const char *const words[] = {
        [KEY_LOADED] = NULL,
        [KEY_NO_FILE] = "cannot be read, or is no key file of a sensible size",
        [KEY_NO_PEM] = "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)",
        [KEY_LOCKED] = "is protected by a passphrase, and nobody is there to type it: "
                       "write it without (openssl pkey -in FILE -out NEW), mode 0600",
        [KEY_KIND] = "is a kind of key that we do not use: take RSA of at least 2048 bits, "
                     "ECDSA on P-256, P-384 or P-521, or Ed25519",
        [KEY_BITS] = "is an RSA key of under 2048 or over 8192 bits",
        [KEY_OTHER] = "is not the key of that certificate: give the two that were made "
                      "together (openssl x509 -pubkey -noout -in CERTIFICATE and openssl "
                      "pkey -pubout -in KEY must print the same)",
        [KEY_BROKEN] = "is damaged: what it signs does not verify",
        [KEY_MANY] = "is one key too many",
        [KEY_SHARED] = "is used for something else already: a key signs handshakes or "
                       "mail, never both (make another: sekisho papers make-key DOMAIN)",
        [KEY_NOT_RSA] = "is no RSA key of 2048 to 8192 bits (make one: sekisho papers "
                        "make-key DOMAIN)",
        [KEY_NOT_ED25519] = "is no Ed25519 key (make one: sekisho papers make-key DOMAIN)",
        [KEY_NO_SECRET] = "is no secret for tags: it must hold 64 hexadecimal digits "
                          "(remove it and start again: a new one is made)",
    };

    return words[load];
}

struct key_ring *
key_ring_open(void)
{
    struct key_ring *ring = calloc(1, sizeof *ring);

    SK_ASSERT(ring != NULL);
    return ring;
}

static void
set_clear(struct key_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        EVP_PKEY_CTX_free(set->keys[i].context);
        EVP_PKEY_free(set->keys[i].key);
    }
    OPENSSL_cleanse(set, sizeof *set);
}

void
key_ring_close(struct key_ring *ring)
{
    set_clear(&ring->next);
    set_clear(&ring->now);
    set_clear(&ring->before);
    free(ring);
}

void
key_ring_begin(struct key_ring *ring)
{
    set_clear(&ring->next);
}

void
key_ring_commit(struct key_ring *ring)
{
    set_clear(&ring->before);
    ring->before = ring->now;
    ring->now = ring->next;
    ring->next = (struct key_set){.count = 0};
}

static int
no_passphrase(char *room, int size, int writing, void *asked)
{
    *(bool *)asked = true;
    return -1;
}

static bool
curve_is_known(EVP_PKEY *key)
{
    static const char *const curves[] = {"prime256v1", "secp384r1", "secp521r1"};
    char name[40];
    size_t size;

    if (EVP_PKEY_get_group_name(key, name, sizeof name, &size) != 1) {
        return false;
    }
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        if (strcmp(name, curves[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum key_load
key_kind(EVP_PKEY *key)
{
    if (EVP_PKEY_is_a(key, "RSA")) {
        int bits = EVP_PKEY_get_bits(key);
        return bits >= LIMIT_KEY_RSA_BITS_MIN && bits <= LIMIT_KEY_RSA_BITS_MAX ? KEY_LOADED
                                                                                : KEY_BITS;
    }
    return EVP_PKEY_is_a(key, "ED25519") ||
                   (EVP_PKEY_is_a(key, "EC") && curve_is_known(key))
               ? KEY_LOADED
               : KEY_KIND;
}

static bool
sign(EVP_PKEY *key, const struct key_scheme *scheme, struct bytes what,
     uint8_t signature[LIMIT_KEY_SIGNATURE], size_t *size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options;

    *size = LIMIT_KEY_SIGNATURE;
    bool done =
        context != NULL &&
        EVP_DigestSignInit_ex(context, &options, scheme->hash, NULL, OURS, key, NULL) ==
            1 &&
        (!scheme->pss ||
         (EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
          EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1)) &&
        EVP_DigestSign(context, signature, size, what.at, what.size) == 1;
    EVP_MD_CTX_free(context);
    return done;
}

/* Signs and verifies with the key's own public half; by the id that half is the certificate's. */
bool
key_ring_works(EVP_PKEY *key)
{
    const struct key_scheme *scheme = schemes;
    uint8_t signature[LIMIT_KEY_SIGNATURE];
    struct bytes what = BYTES("sekisho tries its key");
    size_t size;

    while (!EVP_PKEY_is_a(key, scheme->kind)) {
        scheme++;
    }
    if (!sign(key, scheme, what, signature, &size)) {
        return false;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        context != NULL &&
        EVP_DigestVerifyInit_ex(context, NULL, scheme->hash, NULL, OURS, key, NULL) == 1 &&
        EVP_DigestVerify(context, signature, size, what.at, what.size) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

bool
key_ring_id(EVP_PKEY *key, uint8_t id[KEY_ID_SIZE])
{
    unsigned char *der = NULL;
    int size = i2d_PUBKEY(key, &der);

    if (size <= 0) {
        return false;
    }
    hash_sha256(bytes_of(der, (size_t)size), id);
    OPENSSL_free(der);
    return true;
}

enum key_load
key_ring_read(struct key *to, struct bytes pem)
{
    BIO *file = BIO_new_mem_buf(pem.at, (int)pem.size);
    bool asked = false;

    to->key = file == NULL ? NULL
                           : PEM_read_bio_PrivateKey_ex(file, NULL, no_passphrase, &asked,
                                                        NULL, OURS);
    BIO_free(file);
    if (to->key == NULL) {
        return asked ? KEY_LOCKED : KEY_NO_PEM;
    }
    enum key_load load = key_kind(to->key);
    return load == KEY_LOADED && !key_ring_id(to->key, to->public) ? KEY_BROKEN : load;
}

bool
key_ring_shared(const struct key_set *set, const struct key *key)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->keys[i].use != key->use && set->keys[i].key != NULL &&
            memcmp(set->keys[i].public, key->public, KEY_ID_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

enum key_load
key_ring_taken(struct key_set *set, enum key_load load)
{
    struct key *to = &set->keys[set->count];

    if (load == KEY_LOADED) {
        set->count++;
    } else {
        EVP_PKEY_free(to->key);
        OPENSSL_cleanse(to, sizeof *to);
    }
    ERR_clear_error();
    return load;
}

enum key_load
key_ring_add(struct key_ring *ring, struct bytes pem, uint64_t fits)
{
    struct key_set *set = &ring->next;
    struct key *to = &set->keys[set->count];

    if (set->count == LIMIT_KEYS) {
        return KEY_MANY;
    }
    to->use = KEY_FOR_TLS;
    enum key_load load = key_ring_read(to, pem);
    memcpy(to->id, to->public, sizeof to->id);
    if (load == KEY_LOADED && key_id_start(to->id) != fits) {
        load = KEY_OTHER;
    }
    if (load == KEY_LOADED && key_ring_shared(set, to)) {
        load = KEY_SHARED;
    }
    if (load == KEY_LOADED && !key_ring_works(to->key)) {
        load = KEY_BROKEN;
    }
    return key_ring_taken(set, load);
}

static const struct key *
set_find(const struct key_set *set, const uint8_t id[KEY_ID_SIZE], bool paper)
{
    for (size_t i = 0; i < set->count; i++) {
        if ((set->keys[i].use != KEY_FOR_TLS) == paper &&
            memcmp(set->keys[i].id, id, KEY_ID_SIZE) == 0) {
            return &set->keys[i];
        }
    }
    return NULL;
}

const struct key *
key_ring_find(const struct key_ring *ring, const uint8_t id[KEY_ID_SIZE], bool paper)
{
    const struct key *key = set_find(&ring->now, id, paper);

    return key != NULL ? key : set_find(&ring->before, id, paper);
}

static bool
is_tls13(struct bytes b)
{
    for (size_t i = 0; i < GUARD_FILL; i++) {
        if (i >= b.size || b.at[i] != ' ') {
            return false;
        }
    }
    b = bytes_from(b, GUARD_FILL);
    if (!bytes_starts(b, BYTES(GUARD "\0"))) {
        return false;
    }
    b = bytes_from(b, sizeof GUARD);
    return b.size == 32 || b.size == 48;
}

static bool
is_tls12(struct bytes b)
{
    static const struct {
        uint16_t curve;
        uint8_t size;
    } points[] = {{23, 65}, {24, 97}, {25, 133}, {29, 32}, {30, 56}};

    if (b.size < 68 || b.at[64] != 3) {
        return false;
    }
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        if ((b.at[65] << 8 | b.at[66]) == points[i].curve) {
            return b.at[67] == points[i].size && b.size == 68u + points[i].size;
        }
    }
    return false;
}

static bool
may_sign(const struct key_scheme *scheme, struct bytes what)
{
    bool old = strcmp(scheme->kind, "RSA") == 0 && !scheme->pss; /* not in TLS 1.3 */

    return (!old && is_tls13(what)) || is_tls12(what);
}

void
key_ring_answer(const struct key_ring *ring, const struct key_question *question,
                size_t question_size, struct key_answer *answer_r)
{
    const struct key_scheme *scheme = NULL;
    size_t size = 0;

    *answer_r = (struct key_answer){.word = KEY_FORM};
    if (question_size < offsetof(struct key_question, to_sign)) {
        return;
    }
    answer_r->serial = question->serial;
    if (question->size > LIMIT_KEY_TO_SIGN ||
        question_size != key_question_size(question)) {
        return;
    }
    if (key_ring_is_paper(question->scheme)) {
        key_ring_answer_paper(ring, question, answer_r);
        return;
    }
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (schemes[i].scheme == question->scheme) {
            scheme = &schemes[i];
        }
    }
    if (scheme == NULL || !may_sign(scheme, bytes_of(question->to_sign, question->size))) {
        return;
    }
    const struct key *key = key_ring_find(ring, question->key, false);
    if (key == NULL) {
        answer_r->word = KEY_UNKNOWN;
        return;
    }
    if (!EVP_PKEY_is_a(key->key, scheme->kind)) {
        return;
    }
    bool done = sign(key->key, scheme, bytes_of(question->to_sign, question->size),
                     answer_r->signature, &size);
    ERR_clear_error();
    answer_r->word = done ? KEY_SIGNED : KEY_FAILED;
    answer_r->size = done ? (uint16_t)size : 0;
}
