/* One POST over HTTP/1.1, plain or TLS, on the loop: the one HTTP client of this project, for web hooks and for witnesses.
 *
 * One call is one connection, and has LIMIT_POST_S seconds from the question for the host's name to the last byte of the
 * answer, however busily the other side speaks. Redirections are never followed: a status of 3xx is told like any other.
 * A certificate that no authority of the tls_context vouches for, that is out of its time, or that does not name the host
 * is a failure whose words say which. How answers are read, and their bounds: report/post_answer.h. */
#pragma once

#include "base/config.h"
#include "net/loop.h"
#include "net/tls.h"
#include "record/alarm_settings.h"

struct evdns_base;
struct post;
struct post_question;

/* What calls of one kind share. It stays where it is, and its arena lives, until dns is freed. */
struct post_place {
    struct arena *arena;
    struct event_base *base;
    struct evdns_base *dns; /* NULL: only addresses are reached */
    const struct tls_context
        *tls; /* a client's, that verifies; NULL: https is not to be had */
    struct post_question *unused; /* post.c's; NULL at the start */
};

struct post_call {
    struct alarm_target target; /* its tls, host and port: where to (alarm_url_read) */
    struct bytes request;       /* post_request */
    unsigned try;               /* which of several addresses of the host is taken */
    bool status_only;           /* told when the first line is there; the body is empty */
};

/* Called once, from the loop. status 0: there was no answer, and words tells why; short and clean. The body is good until
 * post_close, which may be called from here. */
typedef void post_done(void *context, unsigned status, struct bytes body,
                       const char *words);

/* The request's bytes. tail is added to the path, whose last slashes then go; may be "". type: of the body. fields: more
 * lines of the head, each with CR LF. */
struct bytes post_request(struct arena *arena, const struct alarm_target *target,
                          const char *tail, const char *type, struct bytes fields,
                          struct bytes body);

/* The call lives in the arena until post_close; the request must live as long. */
struct post *post_start(struct arena *arena, struct post_place *place,
                        const struct post_call *call, post_done *done, void *context);
/* Ends it at any time; a question to the DNS that is under way is given up, and its late answer reaches nobody. */
void post_close(struct post *post);

/* The servers of dns.servers, else the machine's. Opened before a process gives up its rights; freed with
 * evdns_base_free(dns, 0). SK_SYSTEM: there is none. */
enum sk_code post_names_open(struct arena *arena, struct event_base *base,
                             const struct config *config, struct evdns_base **dns_r,
                             struct why *why);
