/* A worker: one loop, one resolver; takes connections at the doors and walks messages along the road. It opens no file:
 * whatever must be written goes to the keeper. */
#define SK_BASE
#include "sekisho/roles.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/loop.h"
#include "net/tls_remote.h"
#include "sekisho/harden.h"
#include "sekisho/options.h"
#include "sekisho/passage.h"
#include "sekisho/wire.h"
#include "trace/place.h"

#define SWEEP_MS       5000
#define BEAT_MS        1000 /* how often the supervisor hears that the loop turns */
#define KEEPER_WAIT_MS 3000 /* so long nobody is greeted while the keeper starts */

struct worker {
    struct arena arena;
    struct passages passages;
    struct doors *doors;
    struct arrival_road road;
    struct event *control_event;
    struct loop_task sweep, beat;
    int control;
    int places; /* the tables that the next configuration goes with; -1: none came */
    bool draining;
};

static void
worker_keeper_frame(void *context, struct frame_link *link, uint32_t type, uint64_t token,
                    struct bytes payload)
{
    struct worker *w = context;

    if (type == WIRE_CONSENTS) {
        passage_consents(&w->passages, link, token, payload);
        return;
    }
    if (type == WIRE_SEED) {
        struct frame_reader r = {.rest = payload};
        judge_use_seed(w->passages.judge, frame_get_number(&r));
        return;
    }
    passage_keeper_said(&w->passages, type, token, payload);
}

static void
worker_keeper_gone(void *context, struct frame_link *link)
{
    struct worker *w = context;

    if (w->passages.keeper == link) {
        log_line(LOG_LEVEL_WARNING, NULL,
                 "the keeper is gone: messages are put off until it is back");
        passage_keeper_gone(&w->passages);
    }
    frame_link_close(link);
}

static const struct frame_calls worker_calls = {.frame = worker_keeper_frame,
                                                .gone = worker_keeper_gone};

/* Frees what no session and no message uses any more. */
static void
worker_sweep(void *context)
{
    struct worker *w = context;

    for (struct settings **at = &w->passages.settings->older; *at != NULL;) {
        struct settings *settings = *at;
        if (settings->uses == 0 && doors_uses(w->doors, settings->arrive) == 0) {
            *at = settings->older;
            settings_free(settings);
        } else {
            at = &settings->older;
        }
    }
    if (w->passages.settings->older != NULL) {
        loop_task_after(&w->sweep, SWEEP_MS);
    }
}

static void
worker_beat(void *context)
{
    struct worker *w = context;

    w->passages.hand->alive_ms = clock_monotonic_ms();
    loop_task_after(&w->beat, BEAT_MS);
}

static void
worker_reload(struct worker *w, int file)
{
    struct settings *settings;
    struct why why;
    enum sk_code code = settings_from_bundle(file, &settings, &why);

    if (code == SK_OK && w->places >= 0) {
        code = places_from_file(&settings->arena, w->places, &settings->places, &why);
        if (code != SK_OK) {
            settings_free(settings);
        }
    }
    if (code == SK_OK) {
        code = judge_use_words(w->passages.judge, settings->config, &why);
        if (code != SK_OK) {
            settings_free(settings);
        }
    }
    if (code != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "the old configuration stays: %s", why.sentence);
        return;
    }
    judge_use_groups(w->passages.judge, settings->groups);
    settings->older = w->passages.settings;
    w->passages.settings = settings;
    if (w->doors != NULL) {
        doors_swap(w->doors, settings->arrive);
    }
    log_set_level((enum log_level)config_choice(settings->config, "log"));
    log_set_format((enum log_format)config_choice(settings->config, "log_format"));
    log_line(LOG_LEVEL_NOTICE, NULL, "new configuration in force for new sessions");
    loop_task_after(&w->sweep, SWEEP_MS);
}

static void
worker_drained(void *context)
{
    struct worker *w = context;

    event_base_loopbreak(w->passages.base);
}

static void
worker_drain(struct worker *w)
{
    if (!w->draining) {
        w->draining = true;
        if (w->doors != NULL) {
            doors_drain(w->doors, worker_drained, w);
        }
    }
}

static void
worker_control(evutil_socket_t fd, short what, void *context)
{
    struct worker *w = context;
    uint32_t type;
    uint64_t token;
    int given;
    struct why why;

    for (;;) {
        enum sk_code code = frame_receive_fd(fd, &type, &token, &given, &why);
        if (code == SK_MORE) {
            return;
        }
        if (code != SK_OK) { /* the supervisor is gone: nobody would start a keeper again */
            event_del(w->control_event);
            worker_drain(w);
            return;
        }
        if (type == CONTROL_PEER && given >= 0) {
            struct frame_link *before = w->passages.keeper;
            if (before != NULL) {
                passage_keeper_gone(&w->passages);
                frame_link_close(before);
            }
            w->passages.keeper = frame_link_open(w->passages.base, given, &worker_calls, w);
            continue;
        }
        if (type == CONTROL_KEYS && given >= 0) {
            tls_remote_channel(given);
            continue;
        }
        if (type == CONTROL_OPENER && given >= 0) {
            if (w->passages.opener >= 0) {
                close(w->passages.opener);
            }
            w->passages.opener = given;
            continue;
        }
        if (type == CONTROL_PLACES && given >= 0) {
            if (w->places >= 0) {
                close(w->places);
            }
            w->places = given;
            continue;
        }
        if (type == CONTROL_RELOAD && given >= 0) {
            worker_reload(w, given);
        } else if (type == CONTROL_DRAIN) {
            worker_drain(w);
        }
        if (given >= 0) {
            close(given);
        }
    }
}

static enum sk_code
worker_open(struct worker *w, const struct role_start *start, struct why *why)
{
    struct passages *p = &w->passages;

    p->base = loop_open(why);
    if (p->base == NULL) {
        return SK_SYSTEM;
    }
    p->settings = start->settings;
    p->judge = start->judge;
    judge_use_groups(p->judge, start->settings->groups);
    judge_use_reader(p->judge, start->number);
    p->counts = start->counts;
    p->suspects = start->suspects;
    p->hand = start->hand;
    return resolver_open(&w->arena, p->base, start->settings->config, &p->resolver, why);
}

/* Nobody is greeted who would only hear 451: the supervisor sends the link to the keeper right after the start. Where there
 * is no keeper just now, the doors open all the same. */
static void
worker_wait_keeper(struct worker *w)
{
    int64_t end = clock_monotonic_ms() + KEEPER_WAIT_MS;

    while (w->passages.keeper == NULL && !w->draining && clock_monotonic_ms() < end) {
        event_base_loop(w->passages.base, EVLOOP_ONCE);
    }
}

static enum sk_code
worker_open_doors(struct worker *w, const struct role_start *start, struct why *why)
{
    struct passages *p = &w->passages;

    w->road = passage_road(p);
    enum sk_code code = doors_open(&w->arena, p->base, p->settings->arrive, start->sockets,
                                   start->socket_count, &w->road, &w->doors, why);
    if (code == SK_OK) {
        doors_set_memory(w->doors, start->memory_bytes);
    }
    return code;
}

int
role_worker(const struct role_start *start)
{
    static struct worker worker;
    static char role[32];
    struct worker *w = &worker;
    struct why why;

    snprintf(role, sizeof role, "worker %u", start->number);
    log_set_role(role);
    arena_init(&w->arena, (size_t)1 << 30);
    w->control = start->control;
    w->places = -1;
    w->passages.opener = -1;
    if (worker_open(w, start, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
        return EXIT_CONFIG;
    }
    loop_task_init(&w->sweep, w->passages.base, worker_sweep, w);
    w->control_event =
        event_new(w->passages.base, w->control, EV_READ | EV_PERSIST, worker_control, w);
    event_add(w->control_event, NULL);
    loop_task_init(&w->beat, w->passages.base, worker_beat, w);
    worker_beat(w);
    worker_wait_keeper(w);
    if (w->draining) {
        return EXIT_OK;
    }
    if (worker_open_doors(w, start, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
        return EXIT_CONFIG;
    }
    if (harden_role(HARDEN_WORKER, start, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
        return EXIT_CONFIG;
    }
    event_base_dispatch(w->passages.base);

    doors_close(w->doors);
    loop_task_cancel(&w->sweep);
    loop_task_cancel(&w->beat);
    if (w->passages.keeper != NULL) {
        frame_flush(w->passages.keeper);
        frame_link_close(w->passages.keeper);
    }
    resolver_close(w->passages.resolver);
    event_free(w->control_event);
    event_base_free(w->passages.base);
    return 0;
}
