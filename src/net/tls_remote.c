/* OpenSSL first: its headers use names that banned.h forbids us. */
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "net/tls_private.h"
#include "net/tls_remote.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/why.h"

#define NAME   "sekisho"
#define MINE   "provider=" NAME ",-fips" /* even where the machine's default is FIPS only */
#define OTHERS "provider!=" NAME

/* The channel */

static int channel = -1;
static uint32_t serial;
static int64_t rest_until_ms;
static uint64_t failures;
static tls_remote_ask *other_ask;
static void *other_context;

void
tls_remote_channel(int fd)
{
    const struct timeval wait = {.tv_sec = LIMIT_KEY_WAIT_MS / 1000,
                                 .tv_usec = LIMIT_KEY_WAIT_MS % 1000 * 1000};

    if (channel >= 0) {
        close(channel);
    }
    channel = fd;
    rest_until_ms = 0;
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0 ||
                    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0)) {
        close(fd);
        channel = -1;
    }
}

bool
tls_remote_ready(void)
{
    return other_ask != NULL || (channel >= 0 && clock_monotonic_ms() >= rest_until_ms);
}

uint64_t
tls_remote_failures(void)
{
    return failures;
}

void
tls_remote_answers(tls_remote_ask *ask, void *context)
{
    other_ask = ask;
    other_context = context;
}

/* The other end is gone, or late. */
static bool
channel_failed(void)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        rest_until_ms = clock_monotonic_ms() + LIMIT_KEY_REST_MS;
    } else {
        tls_remote_channel(-1);
    }
    return false;
}

static bool
channel_ask(const struct key_question *question, struct key_answer *answer_r)
{
    int64_t end_ms = clock_monotonic_ms() + LIMIT_KEY_WAIT_MS;
    size_t size = key_question_size(question);
    ssize_t got;

    do {
        got = send(channel, question, size, MSG_NOSIGNAL);
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t)size) {
        return channel_failed();
    }
    for (;;) {
        got = recv(channel, answer_r, sizeof *answer_r, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < (ssize_t)offsetof(struct key_answer, signature) ||
            answer_r->size > LIMIT_KEY_SIGNATURE ||
            (size_t)got != key_answer_size(answer_r)) {
            errno = got < 0 ? errno : EPIPE;
            return channel_failed();
        }
        if (answer_r->serial == question->serial) {
            return true;
        }
        if (clock_monotonic_ms() >= end_ms) { /* only answers to what was given up */
            errno = EAGAIN;
            return channel_failed();
        }
    }
}

bool
tls_remote_question(struct key_question *question, struct key_answer *answer_r)
{
    bool answered = false;

    question->serial = ++serial;
    if (other_ask != NULL) {
        answered = other_ask(other_context, question, answer_r);
    } else if (tls_remote_ready()) {
        answered = channel_ask(question, answer_r);
    }
    return answered && answer_r->word == KEY_SIGNED;
}

static bool
ask(struct key_question *question, struct key_answer *answer_r)
{
    bool answered = tls_remote_question(question, answer_r);

    failures += !answered;
    return answered;
}

/* Keys of the provider */

struct remote_key {
    const char *kind; /* RSA, EC, ED25519 */
    EVP_PKEY *public;
    uint8_t id[KEY_ID_SIZE];
};

bool
tls_remote_id(EVP_PKEY *public, uint8_t id[KEY_ID_SIZE])
{
    unsigned char *der = NULL;
    int size = i2d_PUBKEY(public, &der);

    if (size <= 0) {
        return false;
    }
    hash_sha256(bytes_of(der, (size_t)size), id);
    OPENSSL_free(der);
    return true;
}

static void *
key_new(const char *kind)
{
    struct remote_key *key = OPENSSL_zalloc(sizeof *key);

    if (key != NULL) {
        key->kind = kind;
    }
    return key;
}

static void *
key_new_rsa(void *provider)
{
    return key_new("RSA");
}

static void *
key_new_ec(void *provider)
{
    return key_new("EC");
}

static void *
key_new_ed25519(void *provider)
{
    return key_new("ED25519");
}

static void
key_free(void *it)
{
    struct remote_key *key = it;

    if (key != NULL) {
        EVP_PKEY_free(key->public);
        OPENSSL_free(key);
    }
}

/* It has all of a key pair, as far as libssl asks: that the private half can be asked, not read, is our affair. */
static int
key_has(const void *it, int selection)
{
    return ((const struct remote_key *)it)->public != NULL;
}

static int
key_match(const void *one, const void *other, int selection)
{
    const struct remote_key *a = one, *b = other;

    return a->public != NULL && b->public != NULL && memcmp(a->id, b->id, KEY_ID_SIZE) == 0;
}

static int
key_import(void *it, int selection, const OSSL_PARAM params[])
{
    struct remote_key *key = it;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, key->kind, OTHERS);

    bool done = key->public == NULL && context != NULL &&
                EVP_PKEY_fromdata_init(context) == 1 &&
                EVP_PKEY_fromdata(context, &key->public, EVP_PKEY_PUBLIC_KEY,
                                  (OSSL_PARAM *)(uintptr_t)params) == 1 &&
                tls_remote_id(key->public, key->id);
    EVP_PKEY_CTX_free(context);
    return done;
}

/* Without this refusal OpenSSL would take the public half to a provider of its own and try to sign there. */
static int
key_export(void *it, int selection, OSSL_CALLBACK *take, void *context)
{
    const struct remote_key *key = it;
    OSSL_PARAM *params = NULL;

    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 || key->public == NULL ||
        EVP_PKEY_todata(key->public, EVP_PKEY_PUBLIC_KEY, &params) != 1) {
        return 0;
    }
    int taken = take(params, context);
    OSSL_PARAM_free(params);
    return taken;
}

static const OSSL_PARAM *
key_types(int selection)
{
    static const OSSL_PARAM types[] = {
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_END,
    };

    return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 ? types : NULL;
}

static int
key_get_params(void *it, OSSL_PARAM params[])
{
    const struct remote_key *key = it;

    return key->public != NULL && EVP_PKEY_get_params(key->public, params) == 1;
}

static const OSSL_PARAM *
key_gettable(void *provider)
{
    static const OSSL_PARAM names[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_END,
    };

    return names;
}

static const char *
key_signs_as_ecdsa(int operation)
{
    return operation == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

#define FUNCTION(id, function)                                                             \
    {                                                                                      \
        (id), (void (*)(void))(function)                                                   \
    }
#define KEY_FUNCTIONS                                                                      \
    FUNCTION(OSSL_FUNC_KEYMGMT_FREE, key_free), FUNCTION(OSSL_FUNC_KEYMGMT_HAS, key_has),  \
        FUNCTION(OSSL_FUNC_KEYMGMT_MATCH, key_match),                                      \
        FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT, key_import),                                    \
        FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_types),                               \
        FUNCTION(OSSL_FUNC_KEYMGMT_EXPORT, key_export),                                    \
        FUNCTION(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, key_types),                               \
        FUNCTION(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get_params),                            \
        FUNCTION(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_gettable)

static const OSSL_DISPATCH rsa_keys[] = {
    FUNCTION(OSSL_FUNC_KEYMGMT_NEW, key_new_rsa),
    KEY_FUNCTIONS,
    {0, NULL},
};
static const OSSL_DISPATCH ec_keys[] = {
    FUNCTION(OSSL_FUNC_KEYMGMT_NEW, key_new_ec),
    FUNCTION(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, key_signs_as_ecdsa),
    KEY_FUNCTIONS,
    {0, NULL},
};
static const OSSL_DISPATCH ed25519_keys[] = {
    FUNCTION(OSSL_FUNC_KEYMGMT_NEW, key_new_ed25519),
    KEY_FUNCTIONS,
    {0, NULL},
};

/* Signing */

struct remote_signing {
    EVP_PKEY *public;
    struct key_question question;
    const char *kind;
    int bits; /* of the hash; 0: none, as Ed25519 has it */
    bool pss;
};

static void *
signing_new(void *provider, const char *properties)
{
    return OPENSSL_zalloc(sizeof(struct remote_signing));
}

static void
signing_free(void *it)
{
    struct remote_signing *signing = it;

    if (signing != NULL) {
        EVP_PKEY_free(signing->public);
        OPENSSL_free(signing);
    }
}

static int
hash_bits(const char *name)
{
    static const struct {
        const char *name;
        int bits;
    } hashes[] = {{"SHA256", 256}, {"SHA2-256", 256}, {"SHA384", 384}, {"SHA2-384", 384},
                  {"SHA512", 512}, {"SHA2-512", 512}, {"", 0},         {"UNDEF", 0}};

    for (size_t i = 0; name != NULL && i < sizeof hashes / sizeof hashes[0]; i++) {
        if (OPENSSL_strcasecmp(name, hashes[i].name) == 0) {
            return hashes[i].bits;
        }
    }
    return name == NULL ? 0 : -1;
}

/* Only what TLS asks for: a salt as long as the hash, and the mask made with the same hash. */
static int
signing_set(void *it, const OSSL_PARAM params[])
{
    struct remote_signing *signing = it;
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
    int mode = RSA_PKCS1_PADDING;

    if (p != NULL) {
        if (p->data_type == OSSL_PARAM_UTF8_STRING) {
            mode = strcmp(p->data, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0 ? RSA_PKCS1_PSS_PADDING
                   : strcmp(p->data, OSSL_PKEY_RSA_PAD_MODE_PKCSV15) == 0
                       ? RSA_PKCS1_PADDING
                       : RSA_NO_PADDING;
        } else if (OSSL_PARAM_get_int(p, &mode) != 1) {
            return 0;
        }
        if (mode != RSA_PKCS1_PSS_PADDING && mode != RSA_PKCS1_PADDING) {
            return 0;
        }
        signing->pss = mode == RSA_PKCS1_PSS_PADDING;
    }
    p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
    if (p != NULL && p->data_type == OSSL_PARAM_UTF8_STRING) {
        return strcmp(p->data, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST) == 0;
    }
    int salt = 0;
    return p == NULL || (OSSL_PARAM_get_int(p, &salt) == 1 &&
                         (salt == RSA_PSS_SALTLEN_DIGEST || salt == signing->bits / 8));
}

static const OSSL_PARAM *
signing_settable(void *it, void *provider)
{
    static const OSSL_PARAM names[] = {
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
        OSSL_PARAM_END,
    };

    return names;
}

static int
signing_begin(void *it, const char *hash, void *with, const OSSL_PARAM params[])
{
    struct remote_signing *signing = it;
    const struct remote_key *key = with;
    int bits = hash_bits(hash);

    if (key == NULL || key->public == NULL || bits < 0 ||
        (bits == 0) != (strcmp(key->kind, "ED25519") == 0) ||
        EVP_PKEY_up_ref(key->public) != 1) {
        return 0;
    }
    EVP_PKEY_free(signing->public);
    signing->public = key->public;
    signing->kind = key->kind;
    signing->bits = bits;
    memcpy(signing->question.key, key->id, KEY_ID_SIZE);
    return params == NULL ? 1 : signing_set(it, params);
}

/* SignatureScheme of RFC 8446 4.2.3. */
static uint16_t
signing_scheme(const struct remote_signing *signing)
{
    int step = (signing->bits - 256) / 128;

    if (strcmp(signing->kind, "RSA") == 0) {
        return (uint16_t)(signing->pss ? 0x0804 + step : 0x0401 + 0x0100 * step);
    }
    return (uint16_t)(signing->bits == 0 ? 0x0807 : 0x0403 + 0x0100 * step);
}

static int
signing_sign(void *it, unsigned char *signature, size_t *size_r, size_t room,
             const unsigned char *at, size_t size)
{
    struct remote_signing *signing = it;
    struct key_question *question = &signing->question;
    struct key_answer answer;

    if (signing->public == NULL) {
        return 0;
    }
    if (signature == NULL) {
        *size_r = (size_t)EVP_PKEY_get_size(signing->public);
        return 1;
    }
    if (size > LIMIT_KEY_TO_SIGN) {
        return 0;
    }
    question->scheme = signing_scheme(signing);
    question->size = (uint16_t)size;
    memcpy(question->to_sign, at, size);
    if (!ask(question, &answer) || answer.size > room) {
        return 0;
    }
    memcpy(signature, answer.signature, answer.size);
    *size_r = answer.size;
    return 1;
}

static const OSSL_DISPATCH signing[] = {
    FUNCTION(OSSL_FUNC_SIGNATURE_NEWCTX, signing_new),
    FUNCTION(OSSL_FUNC_SIGNATURE_FREECTX, signing_free),
    FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, signing_begin),
    FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, signing_sign),
    FUNCTION(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, signing_set),
    FUNCTION(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, signing_settable),
    {0, NULL},
};

/* The provider */

static const OSSL_ALGORITHM *
provider_query(void *provider, int operation, int *no_cache)
{
    static const OSSL_ALGORITHM keys[] = {
        {"RSA:rsaEncryption", "provider=" NAME, rsa_keys, NULL},
        {"EC:id-ecPublicKey", "provider=" NAME, ec_keys, NULL},
        {"ED25519", "provider=" NAME, ed25519_keys, NULL},
        {NULL, NULL, NULL, NULL},
    };
    static const OSSL_ALGORITHM signatures[] = {
        {"RSA:rsaEncryption", "provider=" NAME, signing, NULL},
        {"ECDSA", "provider=" NAME, signing, NULL},
        {"ED25519", "provider=" NAME, signing, NULL},
        {NULL, NULL, NULL, NULL},
    };

    *no_cache = 0;
    return operation == OSSL_OP_KEYMGMT     ? keys
           : operation == OSSL_OP_SIGNATURE ? signatures
                                            : NULL;
}

static int
provider_begin(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core,
               const OSSL_DISPATCH **functions_r, void **provider_r)
{
    static const OSSL_DISPATCH functions[] = {
        FUNCTION(OSSL_FUNC_PROVIDER_QUERY_OPERATION, provider_query),
        {0, NULL},
    };
    static char nothing;

    *functions_r = functions;
    *provider_r = &nothing;
    return 1;
}

/* A provider that is loaded by name ends the silent loading of the standard one, so that is named too. Whoever does not
 * say which he wants must not get ours by chance: an RSA key that verifies, say. */
static bool
provider_load(void)
{
    static OSSL_PROVIDER *standard, *ours; /* ours to hold as long as the process lives */

    if (ours != NULL) {
        return true;
    }
    if (standard == NULL) {
        standard = OSSL_PROVIDER_load(NULL, "default");
        if (standard == NULL ||
            OSSL_PROVIDER_add_builtin(NULL, NAME, provider_begin) != 1) {
            return false;
        }
    }
    if (!EVP_default_properties_is_fips_enabled(NULL) &&
        EVP_set_default_properties(NULL, "?provider=default") != 1) {
        return false;
    }
    ours = OSSL_PROVIDER_load(NULL, NAME);
    return ours != NULL;
}

EVP_PKEY *
tls_remote_key(EVP_PKEY *public)
{
    static const char *const kinds[] = {"RSA", "EC", "ED25519"};
    const char *kind = NULL;
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (EVP_PKEY_is_a(public, kinds[i])) {
            kind = kinds[i];
        }
    }
    if (kind == NULL || !provider_load() ||
        EVP_PKEY_todata(public, EVP_PKEY_PUBLIC_KEY, &params) != 1) {
        return NULL;
    }
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kind, MINE);
    if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params) != 1) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    return key;
}
