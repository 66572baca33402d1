/* The clerk: what the outside may ask about the record. Plain HTTP on a loopback address (no sign-in yet).
 *
 *     GET /         a page for people: what came, by class, action and hour
 *     GET /v1/summary  the same as JSON
 *     GET /metrics  Prometheus text
 *     GET /ping     "pong"
 *
 * Reads the record's rows and nothing else; changes nothing. */
#pragma once

#include "base/config.h"

struct event_base;
struct clerk;

/* Takes the listening socket. */
enum sk_code clerk_open(struct arena *arena, struct event_base *base,
                        const struct config *config, int socket, struct clerk **clerk_r,
                        struct why *why);
void clerk_close(struct clerk *clerk);
