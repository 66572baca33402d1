/* OpenSSL first: its headers use names that banned.h forbids us. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "net/tls.h"

#include "base/limits.h"
#include "net/tls_private.h"
#include "net/tls_remote.h"

/* Every one of them signs, none decrypts, with the server's key. */
#define CIPHERS_TLS12 "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:!aNULL:!MD5:!DSS"

/* What key_ring.c signs, and the curves whose handshakes it knows. */
#define SCHEMES                                                                            \
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:"        \
    "RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512"
#define CURVES "X25519:P-256:P-384:P-521"

static void
context_close(void *it)
{
    SSL_CTX_free(it);
}

static const char *
openssl_words(void)
{
    const char *words = ERR_reason_error_string(ERR_peek_last_error());

    ERR_clear_error();
    return words != NULL ? words : "unknown error";
}

static enum sk_code
context_new(struct arena *arena, const SSL_METHOD *method, struct tls_context **context_r,
            struct why *why)
{
    struct tls_context *context = ARENA_NEW(arena, struct tls_context);

    context->ssl = SSL_CTX_new(method);
    if (context->ssl == NULL) {
        return why_set(why, SK_SYSTEM, "TLS could not be set up: %s", openssl_words());
    }
    arena_defer(arena, context_close, context->ssl);
    SSL_CTX_set_min_proto_version(context->ssl, TLS1_2_VERSION);
    SSL_CTX_set_options(context->ssl,
                        SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                            SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                       SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_set_cipher_list(context->ssl, CIPHERS_TLS12) != 1) {
        return why_set(why, SK_SYSTEM, "TLS ciphers: %s", openssl_words());
    }
    *context_r = context;
    return SK_OK;
}

static int64_t
certificate_expires_ms(X509 *certificate)
{
    struct tm end;

    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) {
        return 0;
    }
    return (int64_t)timegm(&end) * 1000;
}

/* The server's own certificate, and for its public half a key that signs elsewhere. */
static enum sk_code
use_certificate(struct tls_context *context, X509 *certificate, struct bytes name,
                struct why *why)
{
    EVP_PKEY *public = X509_get0_pubkey(certificate);
    bool rsa = public != NULL && EVP_PKEY_is_a(public, "RSA");
    int bits = rsa ? EVP_PKEY_get_bits(public) : LIMIT_KEY_RSA_BITS_MIN;
    EVP_PKEY *key = public != NULL ? tls_remote_key(public) : NULL;
    enum sk_code code = SK_OK;

    if (bits < LIMIT_KEY_RSA_BITS_MIN || bits > LIMIT_KEY_RSA_BITS_MAX) {
        code = why_set(
            why, SK_CONFIG,
            "the certificate %.*s is for an RSA key of %d bits: we take %d to %d",
            BYTES_ARGUMENTS(name), bits, LIMIT_KEY_RSA_BITS_MIN, LIMIT_KEY_RSA_BITS_MAX);
    } else if (key == NULL) {
        code = why_set(why, SK_CONFIG,
                       "the certificate %.*s is for a kind of key that we do not use: take "
                       "RSA, ECDSA or Ed25519",
                       BYTES_ARGUMENTS(name));
        ERR_clear_error();
    } else if (!tls_remote_id(public, context->key) ||
               SSL_CTX_use_certificate(context->ssl, certificate) != 1 ||
               SSL_CTX_use_PrivateKey(context->ssl, key) != 1) {
        code = why_set(why, SK_CONFIG, "the certificate %.*s cannot be used: %s",
                       BYTES_ARGUMENTS(name), openssl_words());
    }
    EVP_PKEY_free(key);
    context->expires_ms = certificate_expires_ms(certificate);
    return code;
}

enum sk_code
tls_server_new(struct arena *arena, struct bytes chain, struct bytes name,
               struct tls_context **context_r, struct why *why)
{
    enum sk_code code = context_new(arena, TLS_server_method(), context_r, why);
    X509 *certificate;

    if (code != SK_OK) {
        return code;
    }
    (*context_r)->server = true;
    if (SSL_CTX_set1_sigalgs_list((*context_r)->ssl, SCHEMES) != 1 ||
        SSL_CTX_set1_curves_list((*context_r)->ssl, CURVES) != 1) {
        return why_set(why, SK_SYSTEM, "TLS signatures: %s", openssl_words());
    }
    BIO *file = BIO_new_mem_buf(chain.at, (int)chain.size);
    certificate = file != NULL ? PEM_read_bio_X509_AUX(file, NULL, NULL, NULL) : NULL;
    if (certificate == NULL) {
        ERR_clear_error();
        code = why_set(why, SK_CONFIG,
                       "the certificate %.*s cannot be used: it holds no certificate in "
                       "PEM form (-----BEGIN CERTIFICATE-----)",
                       BYTES_ARGUMENTS(name));
    } else {
        code = use_certificate(*context_r, certificate, name, why);
        X509_free(certificate);
    }
    while (code == SK_OK &&
           (certificate = PEM_read_bio_X509(file, NULL, NULL, NULL)) != NULL) {
        if (SSL_CTX_add0_chain_cert((*context_r)->ssl, certificate) != 1) {
            X509_free(certificate);
            code = why_set(why, SK_CONFIG, "the chain in %.*s cannot be used: %s",
                           BYTES_ARGUMENTS(name), openssl_words());
        }
    }
    ERR_clear_error(); /* the end of the file is told as an error */
    BIO_free(file);
    return code;
}

static enum sk_code
use_authorities(SSL_CTX *ssl, struct bytes authorities, struct bytes name, struct why *why)
{
    BIO *file = BIO_new_mem_buf(authorities.at, (int)authorities.size);
    X509_STORE *store = SSL_CTX_get_cert_store(ssl);
    X509 *certificate;
    size_t count = 0;

    while (file != NULL &&
           (certificate = PEM_read_bio_X509(file, NULL, NULL, NULL)) != NULL) {
        count += X509_STORE_add_cert(store, certificate) == 1;
        X509_free(certificate);
    }
    ERR_clear_error();
    BIO_free(file);
    return count > 0 ? SK_OK
                     : why_set(why, SK_CONFIG,
                               "%.*s holds no certificate of an authority in PEM form",
                               BYTES_ARGUMENTS(name));
}

enum sk_code
tls_client_new(struct arena *arena, struct bytes authorities, struct bytes name,
               struct tls_context **context_r, struct why *why)
{
    enum sk_code code = context_new(arena, TLS_client_method(), context_r, why);
    bool verify = authorities.at != NULL;

    if (code != SK_OK) {
        return code;
    }
    SSL_CTX_set_verify((*context_r)->ssl, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    return verify ? use_authorities((*context_r)->ssl, authorities, name, why) : SK_OK;
}

bool
tls_ready(const struct tls_context *context)
{
    return !context->server || tls_remote_ready();
}
