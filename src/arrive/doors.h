/* The doors of one worker: everything that listens, and all sessions.
 *
 * The supervisor binds each of settings->places with net_listen; the worker inherits the descriptors, opens the doors
 * with them and its road, and runs the loop. Messages then walk by the callbacks of struct arrival_road. */
#pragma once

#include "arrive/arrival.h"
#include "arrive/settings.h"
#include "net/loop.h"

struct doors;

/* A bound, listening, non-blocking socket. */
struct doors_socket {
    enum doors_kind kind;
    int fd;
};

/* Opens them. `road` and `settings` must outlive the doors (settings: see doors_swap). The descriptors stay the
 * caller's. */
enum sk_code doors_open(struct arena *arena, struct event_base *base,
                        const struct arrive_settings *settings,
                        const struct doors_socket *sockets, size_t socket_count,
                        const struct arrival_road *road, struct doors **doors_r,
                        struct why *why);
/* New settings for sessions that begin from now on; no session is dropped, and the listening sockets stay. */
void doors_swap(struct doors *doors, const struct arrive_settings *settings);
/* How much memory the worker may have for mail (room.h); without it only LIMIT_HELD_BYTES counts. Before the process loses
 * its right to open files. */
void doors_set_memory(struct doors *doors, uint64_t bytes);
/* How many sessions still use these settings: at 0 their arena may be released. */
size_t doors_uses(const struct doors *doors, const struct arrive_settings *settings);
/* Stops accepting; idle sessions get 421 4.3.2, busy ones finish their message first. done is called from the loop
 * when the last one has ended. */
void doors_drain(struct doors *doors, void (*done)(void *context), void *context);
/* Ends everything at once; nothing is called any more. Not from a callback of the doors or the road. Messages on their way are not answered, so their senders
 * repeat them. Walks that are still with the road must not be continued afterwards. */
void doors_close(struct doors *doors);

struct doors_counters {
    uint64_t connections, connections_refused, messages, messages_passed, messages_held,
        messages_refused, messages_later, recipients_refused, bare_newlines, early_talkers,
        client_vanished, next_hop_failures, tls_sessions, http_requests, http_refused;
    size_t sessions;   /* now */
    size_t held_bytes; /* now: memory of messages in flight */
};
const struct doors_counters *doors_counters(const struct doors *doors);
/* "connections": ..., as members of an open JSON object. */
struct json;
void doors_write_json(const struct doors *doors, struct json *j);
