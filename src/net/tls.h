/* TLS contexts: the server's own certificate, and how we speak to the next hop. TLS 1.2 and later, no client
 * renegotiation, no compression, no session tickets shared between processes. This file and stream.c are the only
 * doors to libssl. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"

struct ssl_ctx_st;
struct ssl_st;

struct tls_context {
    struct ssl_ctx_st *ssl;
    bool server;
};

/* For a server: certificate chain and key in PEM files. Closed when the arena is released. SK_CONFIG names the file. */
enum sk_code tls_server_new(struct arena *arena, struct bytes certificate_path,
                            struct bytes key_path, struct tls_context **context_r,
                            struct why *why);
/* For a client. `verify` asks for a certificate that the machine's own authorities vouch for and that names the peer
 * (name given to stream_start_tls). */
enum sk_code tls_client_new(struct arena *arena, bool verify,
                            struct tls_context **context_r, struct why *why);
