/* Sockets that wait for connections. The supervisor binds them (net_listen); workers inherit the descriptors and
 * accept from them (struct listener). */
#pragma once

#include "net/endpoint.h"
#include "net/loop.h"

/* Binds and listens: close-on-exec is not set (workers inherit it), non-blocking, SO_REUSEADDR, TCP_NODELAY is
 * inherited by what is accepted. A Unix socket left behind by a dead process is replaced. */
enum sk_code net_listen(const struct net_endpoint *endpoint, int *fd_r, struct why *why);

struct listener {
    struct event event;
    struct loop_task again; /* after a pause, when the machine had no descriptor left */
    int fd;
    void (*accepted)(void *context, int fd, const struct net_address *client);
    void *context;
    bool open;
};

/* Calls accepted for each new connection (non-blocking, close-on-exec; the callee owns the descriptor). For a Unix
 * socket the client's address is 127.0.0.1. */
void listener_open(struct listener *listener, struct event_base *base, int fd,
                   void (*accepted)(void *context, int fd,
                                    const struct net_address *client),
                   void *context);
/* Stops accepting; the descriptor stays open. */
void listener_close(struct listener *listener);
