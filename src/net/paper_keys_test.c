/* Keys of papers in the ring: what they sign, and what they and the keys of TLS do not. OpenSSL first: its headers use names
 * that banned.h forbids us. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "net/paper_keys.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/tap.h"
#include "base/why.h"
#include "net/tls_remote.h"

static struct key_ring *ring;
static EVP_PKEY *rsa, *ed25519, *tls;
static uint64_t rsa_name, ed25519_name, tag_name;
static uint8_t tls_id[KEY_ID_SIZE];
static uint8_t digest[HASH_SHA256_SIZE];

static const char secret[] =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

static struct bytes
pem(EVP_PKEY *key)
{
    static char room[8][8192];
    static unsigned next;
    BIO *bio = BIO_new(BIO_s_mem());
    char *at;

    SK_ASSERT(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    long size = BIO_get_mem_data(bio, &at);
    char *to = room[next++ % 8];
    SK_ASSERT(size > 0 && (size_t)size < sizeof room[0]);
    memcpy(to, at, (size_t)size);
    BIO_free(bio);
    return bytes_of(to, (size_t)size);
}

static bool
answer(void *context, const struct key_question *question, struct key_answer *answer_r)
{
    key_ring_answer(ring, question, key_question_size(question), answer_r);
    return true;
}

static enum key_word
raw(uint16_t scheme, const uint8_t id[KEY_ID_SIZE], struct bytes what)
{
    struct key_question question = {.scheme = scheme, .size = (uint16_t)what.size};
    struct key_answer said;

    memcpy(question.key, id, KEY_ID_SIZE);
    memcpy(question.to_sign, what.at, what.size);
    key_ring_answer(ring, &question, key_question_size(&question), &said);
    SK_ASSERT((said.word == KEY_SIGNED) == (said.size > 0));
    return (enum key_word)said.word;
}

static enum key_word
by_name(uint16_t scheme, uint64_t name, struct bytes what)
{
    uint8_t id[KEY_ID_SIZE] = {0};

    memcpy(id, &name, sizeof name);
    return raw(scheme, id, what);
}

static void
test_load(void)
{
    EVP_PKEY *small = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2040);

    key_ring_begin(ring);
    tap_ok(key_ring_add_paper(ring, pem(ed25519), KEY_FOR_DKIM_RSA, 1) == KEY_NOT_RSA,
           "Ed25519 for RSA: it %s", key_load_words(KEY_NOT_RSA));
    tap_ok(key_ring_add_paper(ring, pem(rsa), KEY_FOR_DKIM_ED25519, 1) == KEY_NOT_ED25519,
           "RSA for Ed25519: it %s", key_load_words(KEY_NOT_ED25519));
    tap_ok(key_ring_add_paper(ring, pem(tls), KEY_FOR_DKIM_RSA, 1) == KEY_NOT_RSA,
           "a curve");
    tap_ok(key_ring_add_paper(ring, pem(small), KEY_FOR_DKIM_RSA, 1) == KEY_NOT_RSA,
           "RSA of 2040 bits");
    tap_ok(key_ring_add_paper(ring, BYTES("nonsense"), KEY_FOR_DKIM_RSA, 1) == KEY_NO_PEM,
           "no key");
    tap_ok(key_ring_add_paper(ring, BYTES("0001"), KEY_FOR_TAG, 1) == KEY_NO_SECRET,
           "a short secret: it %s", key_load_words(KEY_NO_SECRET));
    tap_ok(key_ring_add_paper(ring, bytes_slice(bytes_from_text(secret), 0, 63),
                              KEY_FOR_TAG, 1) == KEY_NO_SECRET,
           "one digit too few");
    tap_ok(key_ring_add_paper(ring,
                              BYTES("g00102030405060708090a0b0c0d0e0f101112131415161718"
                                    "191a1b1c1d1e1f"),
                              KEY_FOR_TAG, 1) == KEY_NO_SECRET,
           "no digit");
    tap_ok(key_ring_add(ring, pem(tls), key_id_start(tls_id)) == KEY_LOADED &&
               key_ring_add_paper(ring, pem(rsa), KEY_FOR_DKIM_RSA, rsa_name) ==
                   KEY_LOADED &&
               key_ring_add_paper(ring, pem(ed25519), KEY_FOR_DKIM_ED25519, ed25519_name) ==
                   KEY_LOADED &&
               key_ring_add_paper(ring, bytes_from_text(secret), KEY_FOR_TAG, tag_name) ==
                   KEY_LOADED,
           "one of each kind");
    key_ring_commit(ring);
    EVP_PKEY_free(small);
}

static void
test_shared(void)
{
    struct key_ring *other = key_ring_open();
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    unsigned char *der = NULL;
    uint8_t id[KEY_ID_SIZE];

    int size = i2d_PUBKEY(key, &der);
    hash_sha256(bytes_of(der, (size_t)size), id);
    OPENSSL_free(der);
    tap_ok(key_ring_add(other, pem(key), key_id_start(id)) == KEY_LOADED &&
               key_ring_add_paper(other, pem(key), KEY_FOR_DKIM_ED25519, 5) == KEY_SHARED,
           "the certificate's key for DKIM: it %s", key_load_words(KEY_SHARED));
    key_ring_begin(other);
    tap_ok(key_ring_add_paper(other, pem(key), KEY_FOR_DKIM_ED25519, 5) == KEY_LOADED &&
               key_ring_add(other, pem(key), key_id_start(id)) == KEY_SHARED,
           "and the other way round");
    key_ring_close(other);
    EVP_PKEY_free(key);
}

static bool
verifies(EVP_PKEY *key, const uint8_t *signature, size_t size)
{
    if (EVP_PKEY_is_a(key, "RSA")) {
        EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
        bool good = EVP_PKEY_verify_init(c) == 1 &&
                    EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1 &&
                    EVP_PKEY_CTX_set_signature_md(c, EVP_sha256()) == 1 &&
                    EVP_PKEY_verify(c, signature, size, digest, sizeof digest) == 1;
        EVP_PKEY_CTX_free(c);
        return good;
    }
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool good = EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(c, signature, size, digest, sizeof digest) == 1;
    EVP_MD_CTX_free(c);
    return good;
}

static void
test_sign(void)
{
    uint8_t signature[LIMIT_KEY_SIGNATURE], tag[KEY_TAG_SIZE];
    size_t size = 0;

    tap_ok(paper_key_sign(rsa_name, false, digest, signature, &size) && size == 256 &&
               verifies(rsa, signature, size),
           "RSA signs a digest");
    tap_ok(paper_key_sign(ed25519_name, true, digest, signature, &size) && size == 64 &&
               verifies(ed25519, signature, size),
           "Ed25519 signs it as its message");
    tap_ok(!paper_key_sign(rsa_name, true, digest, signature, &size) &&
               !paper_key_sign(ed25519_name, false, digest, signature, &size) &&
               !paper_key_sign(tag_name, false, digest, signature, &size),
           "neither as the other kind, nor with a secret");
    tap_ok(!paper_key_sign(rsa_name + 1, false, digest, signature, &size),
           "a name that nobody gave");
    /* printf 0786user@example.jp | openssl dgst -sha1 -mac HMAC -macopt hexkey:00..1f */
    tap_ok(paper_key_tag(tag_name, BYTES("0786user@example.jp"), tag) &&
               memcmp(tag, "\x97\x04\xd8", 3) == 0,
           "a tag is the start of HMAC-SHA1");
    tap_ok(!paper_key_tag(rsa_name, BYTES("0786user@example.jp"), tag),
           "a key of DKIM makes none");
}

/* What a worker that was taken over may try. */
static void
test_misuse(void)
{
    uint8_t handshake[130], half[31] = {0}, more[33] = {0};
    uint8_t name[KEY_ID_SIZE] = {0};
    struct bytes whole = bytes_of(digest, sizeof digest);
    static const char *const no_tags[] = {
        "",       "0786",          "0786@",         "0786@example.jp", "0786user",
        "0786u@", "x786u@example", "07 6u@example", "0786u u@example", "0786u\n@example",
    };

    memset(handshake, ' ', 64);
    memcpy(handshake + 64, "TLS 1.3, server CertificateVerify", 34);
    memset(handshake + 98, 'h', 32);
    struct bytes shake = bytes_of(handshake, sizeof handshake);
    tap_ok(raw(0x0403, tls_id, shake) == KEY_SIGNED, "the key of TLS shakes hands");
    tap_ok(raw(KEY_ASK_DKIM_RSA, tls_id, whole) == KEY_UNKNOWN &&
               raw(KEY_ASK_DKIM_ED25519, tls_id, whole) == KEY_UNKNOWN &&
               raw(KEY_ASK_TAG, tls_id, BYTES("0786user@example.jp")) == KEY_UNKNOWN,
           "and signs no mail");
    memcpy(name, &rsa_name, sizeof rsa_name);
    tap_ok(raw(0x0804, name, shake) == KEY_UNKNOWN &&
               raw(0x0401, name, shake) != KEY_SIGNED,
           "RSA of DKIM shakes no hands");
    memcpy(name, &ed25519_name, sizeof ed25519_name);
    tap_ok(raw(0x0807, name, shake) == KEY_UNKNOWN, "nor does Ed25519");
    tap_ok(by_name(KEY_ASK_DKIM_RSA, rsa_name, bytes_of(half, sizeof half)) == KEY_FORM &&
               by_name(KEY_ASK_DKIM_RSA, rsa_name, bytes_of(more, sizeof more)) ==
                   KEY_FORM &&
               by_name(KEY_ASK_DKIM_ED25519, ed25519_name, shake) == KEY_FORM,
           "what is no digest is not signed: 31 bytes, 33, a handshake");
    bool none = true;
    for (size_t i = 0; i < sizeof no_tags / sizeof *no_tags; i++) {
        none =
            none && by_name(KEY_ASK_TAG, tag_name, bytes_from_text(no_tags[i])) == KEY_FORM;
    }
    tap_ok(none, "what has not the form of a tag gets none");
    tap_ok(by_name(0xfe04, rsa_name, whole) == KEY_FORM, "there is no other question");
    name[31] = 1;
    tap_ok(raw(KEY_ASK_DKIM_ED25519, name, whole) == KEY_UNKNOWN,
           "a name with something behind it is unknown");
    struct key_question short_one = {.scheme = KEY_ASK_DKIM_RSA, .size = 32};
    struct key_answer said;
    memcpy(short_one.key, &rsa_name, sizeof rsa_name);
    key_ring_answer(ring, &short_one, key_question_size(&short_one) - 1, &said);
    tap_ok(said.word == KEY_FORM, "a question that is cut is none");
}

static void
test_turns(void)
{
    uint8_t signature[LIMIT_KEY_SIGNATURE];
    size_t size;

    key_ring_begin(ring);
    SK_ASSERT(key_ring_add_paper(ring, pem(rsa), KEY_FOR_DKIM_RSA, rsa_name + 1) ==
              KEY_LOADED);
    key_ring_commit(ring);
    tap_ok(paper_key_sign(rsa_name, false, digest, signature, &size) &&
               paper_key_sign(rsa_name + 1, false, digest, signature, &size),
           "after a reload the keys before are still good");
    key_ring_begin(ring);
    key_ring_commit(ring);
    key_ring_begin(ring);
    key_ring_commit(ring);
    tap_ok(!paper_key_sign(rsa_name, false, digest, signature, &size), "after two not");
}

static void
test_names(void)
{
    tap_ok(paper_key_name("sign", BYTES("Example.JP"), BYTES("a")) ==
                   paper_key_name("sign", BYTES("example.jp"), BYTES("a")) &&
               paper_key_name("sign", BYTES("example.jp"), BYTES("a")) !=
                   paper_key_name("seal", BYTES("example.jp"), BYTES("a")) &&
               paper_key_name("sign", BYTES("example.jp"), BYTES("a")) !=
                   paper_key_name("sign", BYTES("example.j"), BYTES("pa")),
           "names tell purposes, domains and selectors apart");
}

static void
measure(void)
{
    uint8_t signature[LIMIT_KEY_SIGNATURE];
    size_t size;
    int64_t us[2];

    for (int kind = 0; kind < 2; kind++) {
        int64_t begin = clock_cpu_us();
        for (int i = 0; i < 100; i++) {
            (void)paper_key_sign(kind == 1 ? ed25519_name : rsa_name, kind == 1, digest,
                                 signature, &size);
        }
        us[kind] = (clock_cpu_us() - begin) / 100;
    }
    printf("# CPU a signature: RSA 2048 %lld us, Ed25519 %lld us\n", (long long)us[0],
           (long long)us[1]);
}

int
main(void)
{
    unsigned char *der = NULL;

    rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    tls = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    int size = i2d_PUBKEY(tls, &der);
    hash_sha256(bytes_of(der, (size_t)size), tls_id);
    OPENSSL_free(der);
    hash_sha256(BYTES("a canonical header"), digest);
    rsa_name = paper_key_name("sign", BYTES("example.jp"), BYTES("r"));
    ed25519_name = paper_key_name("sign", BYTES("example.jp"), BYTES("e"));
    tag_name = paper_key_name("tag", BYTES_NONE, BYTES("0"));
    ring = key_ring_open();
    tls_remote_answers(answer, NULL);
    test_load();
    test_shared();
    test_sign();
    test_misuse();
    measure();
    test_turns();
    test_names();
    key_ring_close(ring);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ed25519);
    EVP_PKEY_free(tls);
    return tap_done();
}
