/* One POST over HTTP/1.1, plain or TLS, on the loop: for submitting checkpoints to witnesses. One call is one connection;
 * redirections are not followed; the answer's body is taken to its length or to the end of the connection, up to
 * LIMIT_NOTE_BYTES. */
#pragma once

#include "net/loop.h"
#include "net/tls.h"

struct evdns_base;
struct post;

#define POST_PATIENCE_MS 10000

/* Called once, from the loop. status 0: there was no answer, and words tells why. */
typedef void post_done(void *context, unsigned status, struct bytes body,
                       const char *words);

/* url: "https://host[:port]/path" to which `tail` is added. dns may be NULL: then only addresses are reached. The call
 * lives in the arena until post_close. */
struct post *post_start(struct arena *arena, struct event_base *base,
                        struct evdns_base *dns, const struct tls_context *tls,
                        struct bytes url, const char *tail, struct bytes body,
                        post_done *done, void *context);
void post_close(struct post *post);
