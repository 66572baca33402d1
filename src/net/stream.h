/* A buffered connection, plain or under TLS, on the event loop.
 *
 * Bytes that came are seen with stream_input and given back with stream_consume; what is sent is gathered and written
 * once, when the running callback has ended, so that many small answers leave in one packet (TCP_NODELAY is set).
 * Back-pressure: reading stops by itself while INPUT_MAX bytes wait; `written` tells when the output has fallen below
 * OUTPUT_LOW, so that a sender of large things can wait for it.
 *
 * Each stream has one deadline. Callbacks come from the loop only, never from inside a stream_ function. After
 * `closed` nothing more is called, but for STREAM_END_PEER and STREAM_END_DEADLINE: what we have to say can then still be
 * sent, and a later failure is told by a second `closed`. stream_close ends it at once and calls nothing; it may be called from a callback.
 * The struct lies in the connection's arena and must not go before the callback that runs has returned: a session
 * that ends hands its arena to a loop_task.
 *
 * STARTTLS (RFC 3207): stream_start_tls first writes out what was sent in plain, then forgets every byte received in
 * plain and not consumed (they could have been put there by anyone on the way), then shakes hands. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "net/endpoint.h"
#include "net/loop.h"
#include "net/tls.h"

#define STREAM_INPUT_MAX                                                                   \
    131072 /* bytes waiting to be read by us before the kernel has to hold back the peer */
#define STREAM_OUTPUT_LOW 65536

enum stream_end {
    STREAM_END_PEER,     /* the peer closed its side */
    STREAM_END_DEADLINE, /* the deadline passed */
    STREAM_END_ERROR,    /* the kernel or TLS failed, or connecting did */
    STREAM_END_FINISHED, /* stream_finish has done its work */
};

struct stream_callbacks {
    void (*opened)(void *context); /* connected, or TLS has been agreed on */
    void (*input)(void *context);  /* there are new bytes */
    void (*written)(
        void *context); /* the output fell below STREAM_OUTPUT_LOW; may be NULL */
    void (*closed)(void *context, enum stream_end end);
};

struct stream;

/* Takes over a connected, non-blocking socket. */
struct stream *stream_open(struct arena *arena, struct event_base *base, int fd,
                           const struct stream_callbacks *callbacks, void *context);
/* Starts to connect; `opened` or `closed` follows. */
enum sk_code stream_connect(struct arena *arena, struct event_base *base,
                            const struct net_endpoint *endpoint,
                            const struct stream_callbacks *callbacks, void *context,
                            struct stream **stream_r, struct why *why);

/* All bytes that wait, in one piece; good until the loop runs again or stream_consume. */
struct bytes stream_input(struct stream *stream);
void stream_consume(struct stream *stream, size_t size);
/* Stops and starts `input` callbacks; the kernel's buffer then fills. Starting calls `input` soon if bytes wait. */
void stream_pause(struct stream *stream);
void stream_resume(struct stream *stream);

void stream_send(struct stream *stream, struct bytes b);
/* Without copying: b must live until it is written or the stream is closed. */
void stream_send_view(struct stream *stream, struct bytes b);
/* Bytes not yet handed to the kernel. */
size_t stream_unsent(const struct stream *stream);

/* `delay_ms` from now; replaces the one before. */
void stream_deadline(struct stream *stream, int64_t delay_ms);

/* peer_name: for the certificate's name and SNI of a client, may be empty. */
void stream_start_tls(struct stream *stream, const struct tls_context *context,
                      struct bytes peer_name);
bool stream_is_tls(const struct stream *stream);
/* "TLSv1.3" and "TLS_AES_256_GCM_SHA384", "" without TLS. */
const char *stream_tls_version(const struct stream *stream);
const char *stream_tls_cipher(const struct stream *stream);

/* Writes what is left, tells the peer the end, and calls `closed` with STREAM_END_FINISHED. With linger what still
 * comes is read and dropped for a moment, so that the kernel does not destroy our last words by a reset. */
void stream_finish(struct stream *stream, bool linger);
/* Ends at once. */
void stream_close(struct stream *stream);
/* The same, after an attempt to send a few last bytes. */
void stream_close_saying(struct stream *stream, struct bytes last);
/* Whether it can still send. */
bool stream_is_open(const struct stream *stream);
/* Words about the last error, "" if none. */
const char *stream_error(const struct stream *stream);
