#define SK_BASE
#include "net/loop.h"

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct event_base *
loop_open(struct why *why)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    signal(SIGPIPE, SIG_IGN);
    if (config != NULL) {
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
        base = event_base_new_with_config(config);
        event_config_free(config);
    }
    if (base == NULL) {
        (void)!why_set(why, SK_SYSTEM, "the event loop could not be made");
    }
    return base;
}

static void
wiping_free(void *at)
{
    if (at != NULL) {
        explicit_bzero(at, malloc_usable_size(at));
        free(at);
    }
}

static void *
wiping_realloc(void *at, size_t size)
{
    size_t before = at == NULL ? 0 : malloc_usable_size(at);
    void *larger = malloc(size);

    if (larger != NULL && before > 0) {
        memcpy(larger, at, before < size ? before : size);
        wiping_free(at);
    }
    return larger;
}

void
loop_wipe_freed(void)
{
    event_set_mem_functions(malloc, wiping_realloc, wiping_free);
}

static void
task_runs(evutil_socket_t fd, short what, void *context)
{
    struct loop_task *task = context;

    task->waiting = false;
    task->run(task->context);
}

void
loop_task_init(struct loop_task *task, struct event_base *base, void (*run)(void *context),
               void *context)
{
    *task = (struct loop_task){.run = run, .context = context, .set = true};
    event_assign(&task->event, base, -1, 0, task_runs, task);
}

void
loop_task_soon(struct loop_task *task)
{
    if (!task->waiting) {
        task->waiting = true;
        event_active(&task->event, EV_TIMEOUT, 1);
    }
}

void
loop_task_after(struct loop_task *task, int64_t delay_ms)
{
    struct timeval delay = {delay_ms / 1000, (delay_ms % 1000) * 1000};

    task->waiting = true;
    event_add(&task->event, &delay);
}

void
loop_task_cancel(struct loop_task *task)
{
    if (task->set) {
        event_del(&task->event);
        task->waiting = false;
    }
}
