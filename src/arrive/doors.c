#include "arrive/doors_private.h"

#include <unistd.h>

#include "base/json.h"
#include "base/limits.h"

_Static_assert(LIMIT_CONNECTION_MEMORY / LIMIT_SMTP_MESSAGES >= ARENA_BLOCK_SIZE,
               "each message of a connection may have a next hop of its own");

static void
reap(void *context)
{
    struct doors *doors = context;

    while (doors->dead != NULL) {
        struct door_session *session = doors->dead;
        doors->dead = session->next;
        struct arena arena = session->arena;
        arena_release(&arena);
    }
    if (doors->draining && doors->sessions == NULL && doors->drained != NULL) {
        void (*drained)(void *) = doors->drained;
        doors->drained = NULL;
        drained(doors->drained_context);
    }
}

struct door_session *
door_session_new(struct doors *doors, enum doors_kind kind, size_t size,
                 const struct net_address *peer)
{
    struct arena arena;

    arena_init(&arena, LIMIT_CONNECTION_MEMORY);
    struct door_session *session = arena_take(&arena, size);
    *session = (struct door_session){.doors = doors,
                                     .arena = arena,
                                     .settings = doors->settings,
                                     .kind = kind,
                                     .peer = *peer};
    session->next = doors->sessions;
    session->before = &doors->sessions;
    if (session->next != NULL) {
        session->next->before = &session->next;
    }
    doors->sessions = session;
    doors->counters.sessions++;
    doors->counters.connections++;
    return session;
}

void
door_session_end(struct door_session *session)
{
    struct doors *doors = session->doors;

    SK_ASSERT(!session->ended);
    session->ended = true;
    *session->before = session->next;
    if (session->next != NULL) {
        session->next->before = session->before;
    }
    doors->counters.sessions--;
    session->next = doors->dead;
    doors->dead = session;
    loop_task_soon(&doors->reaper);
}

/* A refusal that needs no session: the first bytes of an empty socket always fit. */
static void
refuse(struct doors *doors, int fd, enum doors_kind kind, const char *words)
{
    char line[200];

    doors->counters.connections_refused++;
    if (kind == DOORS_TRANSFER) {
        snprintf(line, sizeof line, "%s\r\n", words);
    } else {
        snprintf(line, sizeof line,
                 "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: "
                 "0\r\n\r\n");
    }
    (void)!write(fd, line, strlen(line));
    close(fd);
}

static bool
is_trusted(const struct arrive_settings *settings, const struct net_address *peer)
{
    for (size_t i = 0; i < settings->trusted_count; i++) {
        if (net_prefix_has(&settings->trusted[i], peer)) {
            return true;
        }
    }
    return net_address_is_loopback(peer);
}

static bool
too_many_from(const struct doors *doors, const struct net_address *peer)
{
    size_t count = 0;

    for (const struct door_session *s = doors->sessions; s != NULL; s = s->next) {
        count += net_address_equal(&s->peer, peer);
    }
    return count >= doors->settings->client_connections;
}

static void
accepted(struct doors *doors, int fd, const struct net_address *peer, enum doors_kind kind)
{
    if (doors->counters.sessions >= doors->settings->connections) {
        refuse(doors, fd, kind, "421 4.3.2 too many connections, come again later");
    } else if (room_is_full(&doors->room)) {
        refuse(doors, fd, kind, "421 4.3.2 too much mail in hand, come again later");
    } else if (!is_trusted(doors->settings, peer) && too_many_from(doors, peer)) {
        refuse(doors, fd, kind, "421 4.7.0 too many connections from your address");
    } else if (kind == DOORS_TRANSFER) {
        smtp_session_open(doors, fd, peer);
    } else {
        http_scan_open(doors, fd, peer);
    }
}

static void
accepted_transfer(void *context, int fd, const struct net_address *peer)
{
    accepted(context, fd, peer, DOORS_TRANSFER);
}

static void
accepted_http(void *context, int fd, const struct net_address *peer)
{
    accepted(context, fd, peer, DOORS_HTTP);
}

enum sk_code
doors_open(struct arena *arena, struct event_base *base,
           const struct arrive_settings *settings, const struct doors_socket *sockets,
           size_t socket_count, const struct arrival_road *road, struct doors **doors_r,
           struct why *why)
{
    struct doors *doors = ARENA_NEW(arena, struct doors);

    *doors_r = doors;
    *doors =
        (struct doors){.arena = arena, .base = base, .settings = settings, .road = road};
    if (settings->next_hop.kind == NEXT_HOP_MAILDIR && road->deliver == NULL) {
        return why_set(why, SK_CONFIG,
                       "a Maildir is configured, but nobody is there to write it");
    }
    doors->room.statm = -1;
    loop_task_init(&doors->reaper, base, reap, doors);
    doors->listeners = ARENA_NEW_MANY(arena, socket_count, struct listener);
    for (size_t i = 0; i < socket_count; i++) {
        listener_open(&doors->listeners[i], base, sockets[i].fd,
                      sockets[i].kind == DOORS_TRANSFER ? accepted_transfer : accepted_http,
                      doors);
    }
    doors->listener_count = socket_count;
    return SK_OK;
}

void
doors_set_memory(struct doors *doors, uint64_t bytes)
{
    room_open(&doors->room, bytes);
}

void
doors_swap(struct doors *doors, const struct arrive_settings *settings)
{
    doors->settings = settings;
}

size_t
doors_uses(const struct doors *doors, const struct arrive_settings *settings)
{
    size_t count = 0;

    for (const struct door_session *s = doors->sessions; s != NULL; s = s->next) {
        count += s->settings == settings;
    }
    for (const struct door_session *s = doors->dead; s != NULL; s = s->next) {
        count += s->settings == settings;
    }
    return count;
}

static void
stop_listening(struct doors *doors)
{
    for (size_t i = 0; i < doors->listener_count; i++) {
        listener_close(&doors->listeners[i]);
    }
}

void
doors_drain(struct doors *doors, void (*done)(void *context), void *context)
{
    stop_listening(doors);
    doors->draining = true;
    doors->drained = done;
    doors->drained_context = context;
    for (struct door_session *s = doors->sessions, *next; s != NULL; s = next) {
        next = s->next;
        if (s->kind == DOORS_TRANSFER) {
            smtp_session_drain(s);
        } else {
            http_scan_drain(s);
        }
    }
    loop_task_soon(&doors->reaper);
}

void
doors_close(struct doors *doors)
{
    stop_listening(doors);
    doors->drained = NULL;
    while (doors->sessions != NULL) {
        if (doors->sessions->kind == DOORS_TRANSFER) {
            smtp_session_close(doors->sessions);
        } else {
            http_scan_close(doors->sessions);
        }
    }
    loop_task_cancel(&doors->reaper);
    reap(doors);
    room_close(&doors->room);
}

const struct doors_counters *
doors_counters(const struct doors *doors)
{
    return &doors->counters;
}

void
doors_write_json(const struct doors *doors, struct json *j)
{
    const struct doors_counters *c = &doors->counters;
    const struct {
        const char *name;
        uint64_t count;
    } rows[] = {
        {"connections", c->connections},
        {"connections_refused", c->connections_refused},
        {"messages", c->messages},
        {"messages_passed", c->messages_passed},
        {"messages_held", c->messages_held},
        {"messages_refused", c->messages_refused},
        {"messages_later", c->messages_later},
        {"recipients_refused", c->recipients_refused},
        {"bare_newlines", c->bare_newlines},
        {"early_talkers", c->early_talkers},
        {"client_vanished", c->client_vanished},
        {"next_hop_failures", c->next_hop_failures},
        {"tls_sessions", c->tls_sessions},
        {"http_requests", c->http_requests},
        {"http_refused", c->http_refused},
        {"sessions", c->sessions},
        {"held_bytes", c->held_bytes},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_key(j, rows[i].name);
        json_number(j, (int64_t)rows[i].count);
    }
}
