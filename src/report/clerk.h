/* The clerk: the console's pages and the figures that machines ask for, over HTTP. It reads the record and changes nothing;
 * what a person does (a look, an acknowledgement, a sign-in) is a request to the keeper, and is recorded before it has an
 * effect.
 *
 *     GET  /                   the console; files from report.console, see report/files.h
 *     GET  /ping /metrics /v1/summary      figures, without sign-in on loopback
 *     GET POST DELETE /v1/session          who am I, sign in, sign out
 *     GET  /v1/stream          verdicts and alarms as they come (server-sent events)
 *     ... the rest of /v1 is the table of routes in clerk_routes.c, which also says which role may ask what.
 *
 * Everything comes in through one table of routes. Whoever has not signed in reaches the pages, the figures and the
 * sign-in, nothing else. Nothing slow is done in the clerk's own loop: searches, records and passwords go to the crew
 * (report/crew.h). Bounds: LIMIT_CLERK_*. */
#pragma once

#include "base/config.h"

struct event_base;
struct clerk;
struct tls_context;

/* What the clerk needs of its process. */
struct clerk_role {
    /* Sends a request (one JSON object) to the keeper; clerk_answer brings the reply with the same token. false: there is
     * no link to the keeper now. */
    bool (*ask)(void *context, uint64_t token, struct bytes request);
    void *context;
    /* Words for the pages as one JSON object: {"finding":{"spf_fail":["日本語","English"]}, ...}; lives on. */
    struct bytes words;
    const struct tls_context *tls; /* the console's; NULL: plain HTTP */
};

/* Takes the listening socket. */
enum sk_code clerk_open(struct arena *arena, struct event_base *base,
                        const struct config *config, int socket,
                        const struct clerk_role *role, struct clerk **clerk_r,
                        struct why *why);
/* The keeper's reply to a request. json may be empty when code is not SK_OK. */
void clerk_answer(struct clerk *clerk, uint64_t token, enum sk_code code,
                  struct bytes json);
/* Something was committed to the record: one JSON object {"kind":..., ...}. */
void clerk_event(struct clerk *clerk, struct bytes json);
/* The link to the keeper came up, or went: what was asked and not answered is then answered SK_LATER. */
void clerk_link(struct clerk *clerk, bool up);
/* A new certificate, for connections from now on. Whether there is one at all cannot change. */
void clerk_tls(struct clerk *clerk, const struct tls_context *tls);
/* The figures that /metrics adds to the keeper's: "name TAB type TAB help" lines. */
struct writer;
void clerk_metrics_table(struct writer *w);
void clerk_close(struct clerk *clerk);
