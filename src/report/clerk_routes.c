/* The gate: which paths there are, who may take them, and what a request must bring. */
#include "report/clerk_private.h"

#include <jansson.h>

#include "base/clock.h"

const char clerk_cookie_name[] = "sekisho_session";

#define O (1u << ACCOUNT_OPERATOR)
#define R (1u << ACCOUNT_REVIEWER)
#define A (1u << ACCOUNT_AUDITOR)

enum gate {
    GATE_OPEN,   /* everybody */
    GATE_NEAR,   /* everybody on this machine; from elsewhere whoever has signed in */
    GATE_SIGNED, /* who has signed in with one of the roles */
};

struct route {
    const char *method, *path; /* a path that ends with '/' takes what begins with it */
    const char *end;           /* and ends with this; NULL: anything */
    enum gate gate;
    unsigned roles;
    clerk_handler *handler;
};

static const struct route routes[] = {
    {"GET", "/ping", NULL, GATE_OPEN, 0, clerk_get_ping},
    {"GET", "/metrics", NULL, GATE_NEAR, O | R | A, clerk_get_metrics},
    {"GET", "/v1/summary", NULL, GATE_NEAR, O | R | A, clerk_get_summary},
    {"GET", "/v1/words", NULL, GATE_OPEN, 0, clerk_get_words},
    {"GET", "/v1/session", NULL, GATE_OPEN, 0, clerk_get_session},
    {"POST", "/v1/session", NULL, GATE_OPEN, 0, clerk_post_session},
    {"DELETE", "/v1/session", NULL, GATE_SIGNED, O | R | A, clerk_delete_session},
    {"GET", "/v1/sessions", NULL, GATE_SIGNED, O | R | A, clerk_get_sessions},
    {"DELETE", "/v1/sessions/", NULL, GATE_SIGNED, O | R | A, clerk_delete_sessions},
    {"GET", "/v1/stream", NULL, GATE_SIGNED, O | R | A, clerk_get_stream},
    {"GET", "/v1/search", NULL, GATE_SIGNED, O | R, clerk_get_search},
    {"POST", "/v1/messages/", "/content", GATE_SIGNED, R, clerk_post_content},
    {"GET", "/v1/messages/", NULL, GATE_SIGNED, O | R, clerk_get_messages},
    {"GET", "/v1/campaigns", NULL, GATE_SIGNED, O | R, clerk_get_campaigns},
    {"POST", "/v1/campaigns/", "/content", GATE_SIGNED, R, clerk_post_campaign},
    {"GET", "/v1/campaigns/", NULL, GATE_SIGNED, O | R, clerk_get_campaign},
    {"GET", "/v1/lures", NULL, GATE_SIGNED, O | R, clerk_get_lures},
    {"POST", "/v1/lures", NULL, GATE_SIGNED, R, clerk_post_lures},
    {"GET", "/v1/alarms", NULL, GATE_SIGNED, O | R | A, clerk_get_alarms},
    {"POST", "/v1/alarms/", "/acknowledge", GATE_SIGNED, O, clerk_post_acknowledge},
    {"GET", "/v1/ledger", NULL, GATE_SIGNED, O | R | A, clerk_get_ledger},
    {"GET", "/v1/looks", NULL, GATE_SIGNED, A, clerk_get_looks},
    {"POST", "/witness/add-checkpoint", NULL, GATE_OPEN, 0, clerk_post_witness},
    {"GET", "/witness/", "/checkpoint", GATE_OPEN, 0, clerk_get_witness},
    {"GET", "/", NULL, GATE_OPEN, 0, clerk_get_page},
};

/* A body */

static void
unref(void *body)
{
    json_decref(body);
}

struct json_t *
clerk_body(struct web_call *call)
{
    json_t *body = json_loadb((const char *)call->body.at, call->body.size,
                              JSON_REJECT_DUPLICATES, NULL);

    if (!json_is_object(body)) {
        json_decref(body);
        return NULL;
    }
    arena_defer(call->arena, unref, body);
    return body;
}

struct bytes
clerk_body_text(const struct json_t *body, const char *name)
{
    const json_t *value = json_object_get(body, name);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

/* The gate */

static struct bytes
without_port(struct bytes host)
{
    size_t port = bytes_find_last(host, ':');

    return port != BYTES_NOWHERE && bytes_find_byte(host, ']', port) == BYTES_NOWHERE
               ? bytes_slice(host, 0, port)
               : host;
}

/* Whoever can reach the port by way of a browser must not read it from another site, nor by a name of his own that he lets
 * point at us: the Host must be a loopback address, localhost, or one of report.hosts. */
static bool
host_is_ours(const struct clerk *clerk, const struct web_call *call)
{
    struct bytes host = without_port(web_field(call, "Host"));
    struct net_address address;

    if (host.size == 0) {
        return call->head.minor == 0;
    }
    if (bytes_is_fold(host, "localhost")) {
        return true;
    }
    for (size_t i = 0; i < clerk->host_count; i++) {
        if (bytes_equal_fold(host, clerk->hosts[i])) {
            return true;
        }
    }
    if (host.at[0] == '[' && host.at[host.size - 1] == ']') {
        host = bytes_slice(host, 1, host.size - 1);
    }
    return net_address_read(host, &address) && net_address_is_loopback(&address);
}

/* A change must come from our own pages: browsers say where a request comes from, and cannot be made to lie. */
static bool
comes_from_us(const struct web_call *call)
{
    struct bytes origin = web_field(call, "Origin"), host = web_field(call, "Host"),
                 site = web_field(call, "Sec-Fetch-Site");
    struct bytes scheme = call->tls ? BYTES("https://") : BYTES("http://");

    if (site.size > 0 && !bytes_is(site, "same-origin") && !bytes_is(site, "none")) {
        return false;
    }
    return origin.at == NULL || (bytes_starts(origin, scheme) &&
                                 bytes_equal_fold(bytes_from(origin, scheme.size), host));
}

static bool
route_fits(const struct route *route, struct bytes path, struct bytes *tail_r)
{
    struct bytes at = bytes_from_text(route->path);

    if (at.at[at.size - 1] != '/') {
        return bytes_equal(path, at);
    }
    if (!bytes_starts(path, at)) {
        return false;
    }
    *tail_r = bytes_from(path, at.size);
    if (route->end != NULL) {
        struct bytes end = bytes_from_text(route->end);
        if (!bytes_ends(*tail_r, end)) {
            return false;
        }
        *tail_r = bytes_slice(*tail_r, 0, tail_r->size - end.size);
    }
    return true;
}

static void
say_sign_in(struct web_call *call)
{
    web_reply_error(call, 401, "sign_in", "サインインしてください。", "Sign in first.");
}

static struct session *
session_of(struct clerk *clerk, const struct web_call *call)
{
    struct bytes key;

    return web_cookie(call, clerk_cookie_name, &key)
               ? session_find(&clerk->sessions, key, clock_monotonic_ms(), true)
               : NULL;
}

/* May this person take the route? If not, it is answered. */
static bool
gate_passed(struct web_call *call, const struct route *route, const struct session *session)
{
    bool change =
        !bytes_is(call->head.method, "GET") && !bytes_is(call->head.method, "HEAD");

    if (change && !comes_from_us(call)) {
        web_reply_error(call, 403, "origin", "他のサイトからの操作は受け付けません。",
                        "Requests from other sites are not taken.");
        return false;
    }
    if (route->gate == GATE_OPEN ||
        (route->gate == GATE_NEAR && net_address_is_loopback(&call->client))) {
        return true;
    }
    if (session == NULL) {
        say_sign_in(call);
        return false;
    }
    if ((route->roles & 1u << session->role) == 0) {
        web_reply_error(call, 403, "role", "この役割ではできません。",
                        "Your role may not do this.");
        return false;
    }
    if (change && !session_token_is(session, web_field(call, "X-Sekisho-Token"))) {
        web_reply_error(call, 403, "token",
                        "操作の印がありません。ページを開き直してください。",
                        "The request lacks its token. Load the page again.");
        return false;
    }
    return true;
}

void
clerk_route(struct clerk *clerk, struct web_call *call)
{
    struct bytes method = call->head.method, tail = BYTES_NONE;
    const struct route *route = NULL;
    bool path_known = false;

    if (!host_is_ours(clerk, call)) {
        web_reply_error(call, 421, "host",
                        "この名前では応答しません。アドレスで開くか、設定 report.hosts "
                        "に名前を加えてください。",
                        "Not answered under this name: ask by address, or add the name to "
                        "report.hosts.");
        return;
    }
    if (bytes_is(method, "HEAD")) {
        method = BYTES("GET");
    }
    for (size_t i = 0; i < sizeof routes / sizeof routes[0] && route == NULL; i++) {
        struct bytes rest = BYTES_NONE;
        if (route_fits(&routes[i], call->head.path, &rest)) {
            bool page = routes[i].handler == clerk_get_page;
            path_known = path_known || !page;
            if (bytes_is(method, routes[i].method) && (!page || !path_known)) {
                route = &routes[i];
                tail = rest;
            }
        }
    }
    if (route == NULL) {
        web_reply_error(call, path_known ? 405 : 404, path_known ? "method" : "path",
                        "そのようなものはありません。", "There is nothing of that name.");
        return;
    }
    struct session *session = session_of(clerk, call);
    if (gate_passed(call, route, session)) {
        route->handler(clerk, call, session, tail);
    }
}
