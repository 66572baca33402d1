/* The clerk's process: it reads the record and answers about it; it can change nothing. */
#define SK_BASE
#include "sekisho/roles.h"

#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "net/frame.h"
#include "net/loop.h"
#include "report/clerk.h"
#include "sekisho/options.h"
#include "sekisho/wire.h"

static void
clerk_control(evutil_socket_t fd, short what, void *context)
{
    uint32_t type;
    uint64_t token;
    int given;
    struct why why;
    enum sk_code code = frame_receive_fd(fd, &type, &token, &given, &why);

    if (given >= 0) {
        close(given);
    }
    if (code == SK_BAD || (code == SK_OK && type == CONTROL_DRAIN)) {
        event_base_loopbreak(context);
    }
}

int
role_clerk(const struct role_start *start)
{
    struct arena arena;
    struct clerk *clerk;
    struct why why;

    log_set_role("clerk");
    arena_init(&arena, 64u << 20);
    struct event_base *base = loop_open(&why);
    if (base == NULL || clerk_open(&arena, base, start->settings->config,
                                   start->clerk_socket, &clerk, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
        return EXIT_CONFIG;
    }
    struct event *control =
        event_new(base, start->control, EV_READ | EV_PERSIST, clerk_control, base);
    event_add(control, NULL);
    event_base_dispatch(base);
    event_free(control);
    clerk_close(clerk);
    event_base_free(base);
    arena_release(&arena);
    return 0;
}
