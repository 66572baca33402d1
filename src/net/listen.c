#include "net/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PAUSE_MS 200
#define BACKLOG  1024
#define ACCEPT_AT_ONE                                                                      \
    32 /* connections taken in one turn, so that sessions are served too */

/* A Unix socket that nobody listens at is what a dead process left behind. */
static void
remove_stale(const struct net_endpoint *endpoint)
{
    const struct sockaddr_un *un = (const void *)&endpoint->socket;
    struct stat status;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return;
    }
    if (connect(fd, (const void *)un, endpoint->socket_size) != 0 &&
        errno == ECONNREFUSED && lstat(un->sun_path, &status) == 0 &&
        S_ISSOCK(status.st_mode)) {
        unlink(un->sun_path);
    }
    close(fd);
}

enum sk_code
net_listen(const struct net_endpoint *endpoint, int *fd_r, struct why *why)
{
    int family = endpoint->socket.ss_family, on = 1;
    const char *step = "socket";

    if (family == AF_UNIX) {
        remove_stale(endpoint);
    }
    *fd_r = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (*fd_r < 0) {
        return why_set(why, SK_SYSTEM, "%s", step);
    }
    if (family != AF_UNIX) {
        setsockopt(*fd_r, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        setsockopt(*fd_r, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    if (family == AF_INET6) {
        setsockopt(*fd_r, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    step = "bind";
    bool well = bind(*fd_r, (const void *)&endpoint->socket, endpoint->socket_size) == 0;
    if (well) {
        step = "listen";
        well = listen(*fd_r, BACKLOG) == 0;
    }
    if (!well) {
        enum sk_code code = why_set(why, SK_SYSTEM, "%s", step);
        close(*fd_r);
        *fd_r = -1;
        return code;
    }
    return SK_OK;
}

/* Another worker took the connection, or the machine is out of descriptors: then the socket stays ready, and to ask
 * at once again would only burn the processor. */
static void
pause_if_full(struct listener *listener)
{
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        event_del(&listener->event);
        loop_task_after(&listener->again, PAUSE_MS);
    }
}

static void
listener_again(void *context)
{
    struct listener *listener = context;

    event_add(&listener->event, NULL);
}

static void
listener_ready(evutil_socket_t fd, short what, void *context)
{
    struct listener *listener = context;

    for (int i = 0; i < ACCEPT_AT_ONE && listener->open; i++) {
        struct sockaddr_storage socket;
        socklen_t size = sizeof socket;
        struct net_address client;
        int new =
            accept4(listener->fd, (void *)&socket, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (new < 0) {
            pause_if_full(listener);
            return;
        }
        if (!net_address_from_socket((const void *)&socket, &client)) {
            (void)net_address_read(BYTES("127.0.0.1"), &client);
        }
        listener->accepted(listener->context, new, &client);
    }
}

void
listener_open(struct listener *listener, struct event_base *base, int fd,
              void (*accepted)(void *context, int fd, const struct net_address *client),
              void *context)
{
    *listener =
        (struct listener){.fd = fd, .accepted = accepted, .context = context, .open = true};
    loop_task_init(&listener->again, base, listener_again, listener);
    event_assign(&listener->event, base, fd, EV_READ | EV_PERSIST, listener_ready,
                 listener);
    event_add(&listener->event, NULL);
}

void
listener_close(struct listener *listener)
{
    if (listener->open) {
        listener->open = false;
        event_del(&listener->event);
        loop_task_cancel(&listener->again);
    }
}
