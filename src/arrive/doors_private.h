/* What the doors keep of their sessions. A session lies in its own connection arena; when it ends it goes to the dead
 * list, and the reaper, a task of the loop, releases it after the callbacks that run have returned. */
#pragma once

#include "arrive/doors.h"
#include "arrive/room.h"
#include "net/listen.h"

struct door_session {
    struct door_session *next, **before;
    struct doors *doors;
    struct arena arena; /* the session lies in it */
    const struct arrive_settings *settings;
    enum doors_kind kind;
    struct net_address peer; /* who connected */
    bool trusted;            /* may say XCLIENT */
    bool ended;
};

struct doors {
    struct arena *arena;
    struct event_base *base;
    const struct arrive_settings *settings;
    const struct arrival_road *road;
    struct listener *listeners;
    size_t listener_count;
    struct door_session *sessions, *dead;
    struct loop_task reaper;
    struct room room;
    struct doors_counters counters;
    bool draining, closed;
    void (*drained)(void *context);
    void *drained_context;
};

/* Makes a session of `size` bytes that begins with a struct door_session, and counts it. */
struct door_session *door_session_new(struct doors *doors, enum doors_kind kind,
                                      size_t size, const struct net_address *peer);
/* Takes it from the list; its memory goes soon. Descriptors must be closed already. */
void door_session_end(struct door_session *session);

void smtp_session_open(struct doors *doors, int fd, const struct net_address *peer);
/* Ends a session that is idle with 421, lets a busy one finish; or ends it at once. */
void smtp_session_drain(struct door_session *session);
void smtp_session_close(struct door_session *session);

void http_scan_open(struct doors *doors, int fd, const struct net_address *peer);
void http_scan_drain(struct door_session *session);
void http_scan_close(struct door_session *session);
