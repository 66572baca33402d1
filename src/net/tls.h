/* TLS contexts: the server's own certificate, and how we speak to others. TLS 1.2 and later, no client renegotiation, no
 * compression, no session tickets shared between processes. A server has no private key: its signatures are asked for
 * (tls_remote.h), so TLS 1.2 without ECDHE, where the client sends a secret under the server's key, is not spoken. Files
 * come as their bytes, from config_file. The files of net that begin with tls, stream.c and key_ring.c are the only doors
 * to libssl. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"
#include "net/key_wire.h"

struct ssl_ctx_st;
struct ssl_st;

struct tls_context {
    struct ssl_ctx_st *ssl;
    bool server;
    uint8_t key[KEY_ID_SIZE]; /* a server's: which private key its certificate belongs to */
    int64_t expires_ms;       /* a server's: the end of its certificate, since 1970 */
};

/* For a server: its certificate chain in PEM form, its own first. `name` is the file's, for words. Closed when the arena is
 * released. Whether the private key is there and fits is not looked at here (key_ring_add does). SK_CONFIG names the
 * file and says what to do. */
enum sk_code tls_server_new(struct arena *arena, struct bytes chain, struct bytes name,
                            struct tls_context **context_r, struct why *why);
/* For a client. With authorities (certificates in PEM form; `name` is their file's) the server needs a certificate that one
 * of them vouches for and that names it (the name or address given to stream_start_tls); without any (BYTES_NONE) it may
 * be anybody: that protects from listeners only. */
enum sk_code tls_client_new(struct arena *arena, struct bytes authorities,
                            struct bytes name, struct tls_context **context_r,
                            struct why *why);
/* Whether a handshake can be had now: a server's needs the key process. */
bool tls_ready(const struct tls_context *context);
