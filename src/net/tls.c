/* OpenSSL first: its headers use names that banned.h forbids us. */
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "net/tls.h"

#define CIPHERS_TLS12                                                                      \
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:ECDHE+AES:RSA+AESGCM:!aNULL:!MD5:!DSS"

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

enum sk_code
tls_server_new(struct arena *arena, struct bytes certificate_path, struct bytes key_path,
               struct tls_context **context_r, struct why *why)
{
    enum sk_code code = context_new(arena, TLS_server_method(), context_r, why);

    if (code != SK_OK) {
        return code;
    }
    SSL_CTX *ssl = (*context_r)->ssl;
    const char *certificate = bytes_text(arena, certificate_path),
               *key = bytes_text(arena, key_path);
    (*context_r)->server = true;
    if (SSL_CTX_use_certificate_chain_file(ssl, certificate) != 1) {
        return why_set(why, SK_CONFIG, "the certificate %s cannot be used: %s", certificate,
                       openssl_words());
    }
    if (SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ssl) != 1) {
        return why_set(why, SK_CONFIG, "the key %s cannot be used: %s", key,
                       openssl_words());
    }
    return SK_OK;
}

enum sk_code
tls_client_new(struct arena *arena, bool verify, struct tls_context **context_r,
               struct why *why)
{
    enum sk_code code = context_new(arena, TLS_client_method(), context_r, why);

    if (code != SK_OK) {
        return code;
    }
    SSL_CTX *ssl = (*context_r)->ssl;
    SSL_CTX_set_verify(ssl, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    if (verify && SSL_CTX_set_default_verify_paths(ssl) != 1) {
        return why_set(why, SK_SYSTEM, "the machine's certificate authorities: %s",
                       openssl_words());
    }
    return SK_OK;
}
