/* The event loop of a process: libevent's, set up the one way this project uses it.
 *
 * One thread, one loop. SIGPIPE is ignored here, because a TLS library writes without MSG_NOSIGNAL and a client that
 * went away must not end the process. A struct loop_task is something to be done soon, from the loop itself and not
 * from the function that asked for it: that is how callbacks keep the rule never to call back before the starter has
 * returned. A task or timer that is still waiting must be cancelled before its memory goes. */
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/bytes.h"
#include "base/why.h"

/* A new loop; NULL and why on failure. event_base_free ends it. */
struct event_base *loop_open(struct why *why);

/* From now on everything that the loop's library gives back in this process is overwritten first: buffers of sockets keep
 * nothing of what went through them. For a process that mail passes and that must not remember it. */
void loop_wipe_freed(void);

struct loop_task {
    struct event event;
    void (*run)(void *context);
    void *context;
    bool set, waiting;
};

/* Prepares a task. The same task serves as a timer. */
void loop_task_init(struct loop_task *task, struct event_base *base,
                    void (*run)(void *context), void *context);
/* Runs it once, soon, from the loop. Asking again before it ran changes nothing. */
void loop_task_soon(struct loop_task *task);
/* Runs it once after `delay_ms`; asking again moves it. */
void loop_task_after(struct loop_task *task, int64_t delay_ms);
void loop_task_cancel(struct loop_task *task);
