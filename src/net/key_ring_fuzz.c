/* What a worker that was taken over may send to the key process. The first two bytes are the scheme, the third picks a key that
 * is there or not, the rest is to be signed. Nothing is signed but handshakes, digests and tags, each by its own key, and
 * the answer always has its form. */
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/why.h"
#include "net/key_ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct key_ring *ring;
static uint8_t id[KEY_ID_SIZE];

#define PAPER 9 /* the name of the Ed25519 key of DKIM; the secret of tags is the next */

static void
add_papers(void)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem;

    SK_ASSERT(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    long size = BIO_get_mem_data(bio, &pem);
    SK_ASSERT(key_ring_add_paper(ring, bytes_of(pem, (size_t)size), KEY_FOR_DKIM_ED25519,
                                 PAPER) == KEY_LOADED);
    SK_ASSERT(key_ring_add_paper(ring,
                                 BYTES("00112233445566778899aabbccddeeff"
                                       "00112233445566778899aabbccddeeff"),
                                 KEY_FOR_TAG, PAPER + 1) == KEY_LOADED);
    BIO_free(bio);
    EVP_PKEY_free(key);
}

/* Which key is asked for: that of TLS, one of papers, or one that is not there. */
static void
pick(uint8_t which, uint8_t key[KEY_ID_SIZE])
{
    uint64_t name = (uint64_t)PAPER + (which & 1);

    if ((which & 2) == 0) {
        memcpy(key, id, KEY_ID_SIZE);
        key[0] ^= which & 1;
    } else {
        memcpy(key, &name, sizeof name);
    }
}

static void
ring_make(void)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    unsigned char *der = NULL;
    char *pem;

    ring = key_ring_open();
    SK_ASSERT(key != NULL && bio != NULL);
    SK_ASSERT(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    int der_size = i2d_PUBKEY(key, &der);
    SK_ASSERT(der_size > 0);
    hash_sha256(bytes_of(der, (size_t)der_size), id);
    long size = BIO_get_mem_data(bio, &pem);
    SK_ASSERT(key_ring_add(ring, bytes_of(pem, (size_t)size), key_id_start(id)) ==
              KEY_LOADED);
    add_papers();
    key_ring_commit(ring);
    OPENSSL_free(der);
    BIO_free(bio);
    EVP_PKEY_free(key);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char words[] = "TLS 1.3, server CertificateVerify";
    struct key_question question = {.serial = 7};
    struct key_answer answer;

    if (ring == NULL) {
        ring_make();
    }
    if (size < 3) {
        key_ring_answer(ring, &question, size, &answer);
        SK_ASSERT(answer.word == KEY_FORM && answer.size == 0);
        return 0;
    }
    question.scheme = (uint16_t)(data[0] << 8 | data[1]);
    pick(data[2], question.key);
    size -= 3;
    question.size = (uint16_t)size;
    size_t kept = size < LIMIT_KEY_TO_SIGN ? size : LIMIT_KEY_TO_SIGN;
    memcpy(question.to_sign, data + 3, kept);
    key_ring_answer(ring, &question, offsetof(struct key_question, to_sign) + kept,
                    &answer);
    SK_ASSERT(answer.serial == 7 && answer.word <= KEY_FAILED);
    SK_ASSERT((answer.word == KEY_SIGNED) == (answer.size > 0));
    if (answer.word == KEY_SIGNED && (data[2] & 2) != 0) {
        SK_ASSERT(question.scheme == KEY_ASK_TAG
                      ? (data[2] & 1) != 0 && answer.size == KEY_TAG_SIZE
                      : question.scheme == KEY_ASK_DKIM_ED25519 && size == 32 &&
                            (data[2] & 1) == 0 && answer.size == 64);
    } else if (answer.word == KEY_SIGNED) {
        SK_ASSERT((data[2] & 1) == 0 && kept == size);
        SK_ASSERT((memcmp(question.to_sign + 64, words, sizeof words) == 0 &&
                   (size == 130 || size == 146)) ||
                  (question.to_sign[64] == 3 && size == 68u + question.to_sign[67]));
    }
    return 0;
}
