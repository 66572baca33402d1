/* Keys of papers: DKIM's, which sign digests, and the secrets of tags. OpenSSL first: its headers use names that banned.h
 * forbids us. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "net/key_ring_private.h"

#include <string.h>

#include "base/why.h"

#define TAG_HEAD 4 /* K DDD */

/* A context once made signs every later digest: to make it costs as much as a tenth of a signature. */
static EVP_PKEY_CTX *
rsa_context(EVP_PKEY *key)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, OURS);

    if (context == NULL || EVP_PKEY_sign_init(context) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) != 1 ||
        EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) != 1) {
        EVP_PKEY_CTX_free(context);
        return NULL;
    }
    return context;
}

/* 64 hexadecimal digits and a line end, no more: a file that was cut or mangled is no secret. */
static enum key_load
read_secret(struct key *to, struct bytes file)
{
    struct bytes text = bytes_trim(file);

    if (text.size != 2 * KEY_SECRET_SIZE) {
        return KEY_NO_SECRET;
    }
    for (size_t i = 0; i < KEY_SECRET_SIZE; i++) {
        int high = ascii_hex(text.at[2 * i]), low = ascii_hex(text.at[2 * i + 1]);
        if (high < 0 || low < 0) {
            return KEY_NO_SECRET;
        }
        to->secret[i] = (uint8_t)(high << 4 | low);
    }
    return KEY_LOADED;
}

static enum key_load
read_dkim(const struct key_set *set, struct key *to, struct bytes file)
{
    enum key_load load = key_ring_read(to, file);
    bool rsa = to->use == KEY_FOR_DKIM_RSA;

    if (load == KEY_KIND || load == KEY_BITS ||
        (load == KEY_LOADED && !EVP_PKEY_is_a(to->key, rsa ? "RSA" : "ED25519"))) {
        load = rsa ? KEY_NOT_RSA : KEY_NOT_ED25519;
    }
    if (load == KEY_LOADED && key_ring_shared(set, to)) {
        load = KEY_SHARED;
    }
    if (load == KEY_LOADED && !key_ring_works(to->key)) {
        load = KEY_BROKEN;
    }
    if (load == KEY_LOADED && rsa && (to->context = rsa_context(to->key)) == NULL) {
        load = KEY_BROKEN;
    }
    return load;
}

enum key_load
key_ring_add_paper(struct key_ring *ring, struct bytes file, enum key_use use,
                   uint64_t name)
{
    struct key_set *set = &ring->next;
    struct key *to = &set->keys[set->count];

    SK_ASSERT(use != KEY_FOR_TLS);
    if (set->count == LIMIT_KEYS) {
        return KEY_MANY;
    }
    to->use = use;
    memcpy(to->id, &name, sizeof name);
    return key_ring_taken(set, use == KEY_FOR_TAG ? read_secret(to, file)
                                                  : read_dkim(set, to, file));
}

bool
key_ring_is_paper(uint16_t scheme)
{
    return scheme == KEY_ASK_DKIM_RSA || scheme == KEY_ASK_DKIM_ED25519 ||
           scheme == KEY_ASK_TAG;
}

static enum key_use
use_of(uint16_t scheme)
{
    return scheme == KEY_ASK_DKIM_RSA       ? KEY_FOR_DKIM_RSA
           : scheme == KEY_ASK_DKIM_ED25519 ? KEY_FOR_DKIM_ED25519
                                            : KEY_FOR_TAG;
}

/* K DDD and an address: four digits, then something with an "@" inside, of no control character. */
static bool
is_tagged(struct bytes b)
{
    size_t at = bytes_find_last(b, '@');

    if (b.size < TAG_HEAD || at == BYTES_NOWHERE || at <= TAG_HEAD || at + 1 == b.size) {
        return false;
    }
    for (size_t i = 0; i < b.size; i++) {
        if (i < TAG_HEAD ? !ascii_digit(b.at[i]) : b.at[i] <= ' ' || b.at[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool
sign_tag(const struct key *key, struct bytes what, uint8_t *signature, size_t *size)
{
    uint8_t whole[EVP_MAX_MD_SIZE];
    size_t got = 0;

    bool done = EVP_Q_mac(NULL, "HMAC", OURS, "SHA1", NULL, key->secret, KEY_SECRET_SIZE,
                          what.at, what.size, whole, sizeof whole, &got) != NULL &&
                got >= KEY_TAG_SIZE;
    memcpy(signature, whole, KEY_TAG_SIZE);
    *size = KEY_TAG_SIZE; /* the rest never leaves: this is no oracle for longer ones */
    OPENSSL_cleanse(whole, sizeof whole);
    return done;
}

static bool
sign_ed25519(EVP_PKEY *key, struct bytes what, uint8_t *signature, size_t *size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    *size = LIMIT_KEY_SIGNATURE;
    bool done = context != NULL &&
                EVP_DigestSignInit_ex(context, NULL, NULL, NULL, OURS, key, NULL) == 1 &&
                EVP_DigestSign(context, signature, size, what.at, what.size) == 1;
    EVP_MD_CTX_free(context);
    return done;
}

void
key_ring_answer_paper(const struct key_ring *ring, const struct key_question *question,
                      struct key_answer *answer_r)
{
    struct bytes what = bytes_of(question->to_sign, question->size);
    enum key_use use = use_of(question->scheme);
    bool done = false;
    size_t size = LIMIT_KEY_SIGNATURE;

    if (use == KEY_FOR_TAG ? !is_tagged(what) : what.size != HASH_SHA256_SIZE) {
        return;
    }
    const struct key *key = key_ring_find(ring, question->key, true);
    if (key == NULL) {
        answer_r->word = KEY_UNKNOWN;
        return;
    }
    if (key->use != use) {
        return;
    }
    if (use == KEY_FOR_TAG) {
        done = sign_tag(key, what, answer_r->signature, &size);
    } else if (use == KEY_FOR_DKIM_ED25519) {
        done = sign_ed25519(key->key, what, answer_r->signature, &size);
    } else {
        done = EVP_PKEY_sign(key->context, answer_r->signature, &size, what.at,
                             what.size) == 1;
    }
    ERR_clear_error();
    answer_r->word = done ? KEY_SIGNED : KEY_FAILED;
    answer_r->size = done ? (uint16_t)size : 0;
}
