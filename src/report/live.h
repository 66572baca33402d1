/* The live stream: what was kept, as it is kept, to those who watch (server-sent events, WHATWG HTML 9.2).
 *
 * Each event has a number that only grows (and begins with the clerk's start, so that a number of an earlier clerk is
 * never taken for one of this). The last LIMIT_CLERK_EVENTS are kept: a reader that comes again with Last-Event-ID gets
 * what it missed, and is told with an event "missed" when that is not all of it. A page that is opened asks for the most
 * recent ones, so that it does not begin empty. A reader sees only what its role may see: each event says to whom it may be
 * shown. */
#pragma once

#include "base/arena.h"
#include "report/session.h"

struct web;
struct live;

#define LIVE_SEES(role) (1u << (role))

struct live *live_new(struct arena *arena, struct web *web, uint64_t first_number);
/* json: one line. sees: LIVE_SEES of the roles. Longer ones than LIMIT_CLERK_EVENT are passed over. */
void live_event(struct live *live, const char *type, struct bytes json, unsigned sees);
/* A call that has become a stream joins. last: its Last-Event-ID, empty if it has none. false: there are
 * LIMIT_CLERK_STREAMS already; the stream has not been begun then. */
bool live_room(const struct live *live);
#define LIVE_RECENT 50 /* events for a page that is opened */
void live_join(struct live *live, uint64_t call, enum account_role role,
               const char *session_id, struct bytes last, bool recent);
/* The stream of a call has ended. */
void live_left(struct live *live, uint64_t call);
/* All streams of a session end; NULL: all streams. */
void live_end_session(struct live *live, const char *session_id);
/* Calls for each session that watches: sessions that are over are told to go (keep gives false). A beat keeps proxies and
 * time limits content; every 15 seconds. */
void live_beat(struct live *live, bool (*keep)(void *context, const char *session_id),
               void *context);
size_t live_count(const struct live *live);
