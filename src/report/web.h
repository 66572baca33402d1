/* A small HTTP/1.1 server for the clerk, on net/stream and net/http.
 *
 * One request of a connection is served at a time. The handler answers at once or later; a later answer names its call by
 * number, because the client may have gone meanwhile (web_call gives NULL then). A stream (server-sent events) has no
 * end: bytes are added with web_stream_send until one side closes.
 *
 * Bounds: LIMIT_CLERK_CONNECTIONS; when they are all taken, the oldest one that has not sent a whole request gives way, so
 * that slow senders cannot keep people out. A request must have come whole within WEB_PATIENCE_MS of its first byte, a
 * body is at most LIMIT_CLERK_BODY bytes. Every answer carries the headers that keep a browser from running, framing,
 * guessing or remembering anything (web.c). */
#pragma once

#include "net/endpoint.h"
#include "net/http.h"
#include "net/loop.h"
#include "net/tls.h"

struct web;
struct web_connection;

struct web_call {
    uint64_t number; /* never used twice */
    struct arena *arena;
    struct http_request head;
    struct bytes body;
    struct net_address client;
    bool tls;
    struct bytes
        cookie; /* header lines to put into the answer, each with CR LF; may be set before web_reply */
    struct web_connection *connection;
};

struct web_calls {
    /* A whole request. Must be answered by web_reply or web_stream_begin, now or later. */
    void (*call)(void *context, struct web_call *call);
    /* A stream has ended, whoever ended it. */
    void (*stream_ended)(void *context, uint64_t number);
};

/* tls may be NULL. The listening socket stays the caller's. */
struct web *web_open(struct arena *arena, struct event_base *base, int socket,
                     const struct tls_context *tls, const struct web_calls *calls,
                     void *context);
/* For connections from now on. */
void web_tls(struct web *web, const struct tls_context *tls);
void web_close(struct web *web);

/* NULL: the client is gone. */
struct web_call *web_call(struct web *web, uint64_t number);
/* The body is copied unless it is `lasting`. */
void web_reply(struct web_call *call, unsigned status, const char *type, struct bytes body);
void web_reply_lasting(struct web_call *call, unsigned status, const char *type,
                       struct bytes body);
/* {"error":word,"ja":...,"en":...} */
void web_reply_error(struct web_call *call, unsigned status, const char *word,
                     const char *ja, const char *en);
/* Begins a stream without end. */
void web_stream_begin(struct web_call *call, const char *type);
/* false: the client is gone or does not read (more than LIMIT_CLERK_QUEUE bytes wait): the stream is ended. */
bool web_stream_send(struct web *web, uint64_t number, struct bytes bytes);
void web_stream_end(struct web *web, uint64_t number);

/* A field's value, or an empty view. */
struct bytes web_field(const struct web_call *call, const char *name);
/* A parameter of the query, decoded; false if it is not there or badly encoded. */
bool web_query(const struct web_call *call, const char *name, struct bytes *value_r);
/* A cookie's value; false if it is not there. */
bool web_cookie(const struct web_call *call, const char *name, struct bytes *value_r);

size_t web_connection_count(const struct web *web);
