/* The clerk's process: it reads the record and answers about it; what people want changed it asks of the keeper. */
#define SK_BASE
#include "sekisho/roles.h"

#include <signal.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "decide/verdict.h"
#include "net/frame.h"
#include "net/loop.h"
#include "net/tls_remote.h"
#include "report/clerk.h"
#include "report/notify.h"
#include "report/witness_every.h"
#include "sekisho/dmarc_sender.h"
#include "sekisho/harden.h"
#include "sekisho/options.h"
#include "sekisho/wire.h"

struct clerk_process {
    struct arena arena;
    struct event_base *base;
    struct event *control_event;
    struct frame_link *keeper; /* NULL while there is none */
    struct clerk *clerk;       /* NULL: nobody may ask, alarms only */
    struct notify *notify;
    struct witness_every *witnesses;
    struct dmarc_sender *dmarc;    /* NULL: no reports are sent */
    struct settings *now, *before; /* of reloads; NULL: those of the start */
    bool has_tls;
    int control;
};

/* A mail of an alarm that the keeper was asked to put into a Maildir. */
static void
clerk_stored(struct clerk_process *p, uint64_t token, struct frame_reader *r)
{
    uint64_t code = frame_get_number(r);

    if (code == SK_OK && frame_get_number(r) == 1) {
        code = frame_get_number(r);
    }
    notify_stored(p->notify, token,
                  r->broken || code > SK_CONFIG ? SK_SYSTEM : (enum sk_code)code);
}

static bool
clerk_store(void *context, uint64_t token, struct bytes root, struct bytes address,
            struct bytes message)
{
    struct clerk_process *p = context;
    struct arena arena;
    struct writer w;

    if (p->keeper == NULL) {
        return false;
    }
    arena_init(&arena, 4u << 20);
    writer_init(&w, &arena);
    frame_put_bytes(&w, root);
    frame_put_number(&w, 1);
    frame_put_bytes(&w, address);
    frame_put_bytes(&w, message);
    frame_send(p->keeper, WIRE_DELIVER, token, (struct bytes[]){writer_view(&w)}, 1);
    arena_release(&arena);
    return true;
}

static bool
clerk_delivered(void *context, struct bytes json)
{
    struct clerk_process *p = context;
    uint64_t size = json.size;

    if (p->keeper == NULL) {
        return false;
    }
    frame_send(p->keeper, WIRE_ALARM_DELIVERED, 0,
               (struct bytes[]){bytes_of(&size, sizeof size), json}, 2);
    return true;
}

static void
clerk_lost_keeper(struct clerk_process *p)
{
    p->keeper = NULL;
    notify_keeper_gone(p->notify);
    dmarc_sender_link(p->dmarc, false);
    if (p->clerk != NULL) {
        clerk_link(p->clerk, false);
    }
}

static void
clerk_keeper_frame(void *context, struct frame_link *link, uint32_t type, uint64_t token,
                   struct bytes payload)
{
    struct clerk_process *p = context;
    struct frame_reader r = {.rest = payload};

    if (type == WIRE_ALARM) {
        struct bytes json = frame_get_bytes(&r);
        if (!r.broken) {
            notify_notice(p->notify, json);
        }
    } else if (type == WIRE_DELIVERED) {
        clerk_stored(p, token, &r);
    } else if (type == WIRE_REPLY && (token & DMARC_SENDER_TOKEN) != 0) {
        uint64_t code = frame_get_number(&r);
        struct bytes json = frame_get_bytes(&r);
        dmarc_sender_answer(p->dmarc, token,
                            r.broken || code > SK_CONFIG ? SK_SYSTEM : (enum sk_code)code,
                            json);
    } else if (p->clerk == NULL) {
        return;
    } else if (type == WIRE_REPLY) {
        uint64_t code = frame_get_number(&r);
        struct bytes json = frame_get_bytes(&r);
        clerk_answer(p->clerk, token,
                     r.broken || code > SK_CONFIG ? SK_SYSTEM : (enum sk_code)code, json);
    } else if (type == WIRE_EVENT) {
        struct bytes json = frame_get_bytes(&r);
        if (!r.broken) {
            clerk_event(p->clerk, json);
        }
    }
}

static void
clerk_keeper_gone(void *context, struct frame_link *link)
{
    struct clerk_process *p = context;

    if (p->keeper == link) {
        clerk_lost_keeper(p);
    }
    frame_link_close(link);
}

static const struct frame_calls clerk_calls = {.frame = clerk_keeper_frame,
                                               .gone = clerk_keeper_gone};

static bool
clerk_ask(void *context, uint64_t token, struct bytes request)
{
    struct clerk_process *p = context;
    uint64_t size = request.size;

    if (p->keeper == NULL) {
        return false;
    }
    frame_send(p->keeper, WIRE_REQUEST, token,
               (struct bytes[]){bytes_of(&size, sizeof size), request}, 2);
    return true;
}

/* Cosignatures that came; the reply is looked at by nobody (0 is no token of the clerk's). */
static bool
clerk_cosigned(void *context, struct bytes request)
{
    return clerk_ask(context, 0, request);
}

static void
clerk_meet_keeper(struct clerk_process *p, int fd)
{
    struct frame_link *before = p->keeper;

    if (before != NULL) {
        clerk_lost_keeper(p);
        frame_link_close(before);
    }
    p->keeper = frame_link_open(p->base, fd, &clerk_calls, p);
    dmarc_sender_link(p->dmarc, true);
    if (p->clerk != NULL) {
        clerk_link(p->clerk, true);
    }
}

/* Of a new configuration the clerk takes the certificate; all else it has from its start. The settings before the last
 * stay for connections whose handshake is about to begin. */
static void
clerk_reload(struct clerk_process *p, int file)
{
    struct settings *settings;
    struct why why;

    if (p->clerk == NULL) {
        return;
    }
    if (settings_from_bundle(file, &settings, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "the old certificate stays: %s", why.sentence);
        return;
    }
    if (p->has_tls != (settings->report_tls != NULL)) {
        settings_free(settings); /* with TLS or without is settled at the start */
        return;
    }
    clerk_tls(p->clerk, settings->report_tls);
    if (p->before != NULL) {
        settings_free(p->before);
    }
    p->before = p->now;
    p->now = settings;
}

static void
clerk_control(evutil_socket_t fd, short what, void *context)
{
    struct clerk_process *p = context;
    uint32_t type;
    uint64_t token;
    int given;
    struct why why;

    for (;;) {
        enum sk_code code = frame_receive_fd(fd, &type, &token, &given, &why);
        if (code == SK_MORE) {
            return;
        }
        if (code != SK_OK || type == CONTROL_DRAIN) {
            event_base_loopbreak(p->base);
            return;
        }
        if (type == CONTROL_PEER && given >= 0) {
            clerk_meet_keeper(p, given);
        } else if (type == CONTROL_KEYS && given >= 0) {
            tls_remote_channel(given);
        } else if (given >= 0) {
            if (type == CONTROL_RELOAD) {
                clerk_reload(p, given);
            }
            close(given);
        }
    }
}

/* Words for the console's pages, from the one table that speaks of findings and actions. */
static struct bytes
clerk_words(struct arena *arena)
{
    const char *name, *ja, *en;
    struct writer w;
    struct json j;

    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_key(&j, "finding");
    json_open(&j, '{');
    for (size_t i = 0; words_finding(i, &name, &ja, &en); i++) {
        json_key(&j, name);
        json_open(&j, '[');
        json_text(&j, ja);
        json_text(&j, en);
        json_close(&j);
    }
    json_close(&j);
    json_key(&j, "action");
    json_open(&j, '{');
    for (enum verdict_action action = VERDICT_ACCEPT; action <= VERDICT_TEMPFAIL;
         action++) {
        json_key(&j, verdict_action_name(action));
        json_open(&j, '[');
        json_text(&j, words_action_ja(action));
        json_text(&j, words_action_en(action));
        json_close(&j);
    }
    json_close(&j);
    json_close(&j);
    return writer_view(&w);
}

int
role_clerk(const struct role_start *start)
{
    static struct clerk_process process;
    struct clerk_process *p = &process;
    struct clerk_role role = {.ask = clerk_ask, .context = p};
    struct why why;

    log_set_role("clerk");
    arena_init(&p->arena, 64u << 20);
    role.words = clerk_words(&p->arena);
    role.tls = start->settings->report_tls;
    p->control = start->control;
    p->has_tls = role.tls != NULL;
    p->base = loop_open(&why);
    const struct settings *settings = start->settings;
    const struct notify_role sender = {
        .delivered = clerk_delivered, .store = clerk_store, .context = p};
    const struct dmarc_sender_role reports = {.ask = clerk_ask, .context = p};
    /* The sender reads its secrets first. Hardened before the crew is forked, so that it may do no more than the clerk. */
    if (p->base == NULL ||
        notify_open(&p->arena, p->base, settings->config, settings->alarm,
                    &settings->arrive->next_hop, &sender, &p->notify, &why) != SK_OK ||
        witness_every_open(&p->arena, p->base, settings->config, settings->witness_tls,
                           clerk_cosigned, p, &p->witnesses, &why) != SK_OK ||
        dmarc_sender_open(&p->arena, p->base, settings->config, &settings->arrive->next_hop,
                          settings->trace, &reports, &p->dmarc, &why) != SK_OK ||
        harden_role(HARDEN_CLERK, start, &why) != SK_OK ||
        (start->clerk_socket >= 0 &&
         clerk_open(&p->arena, p->base, settings->config, start->clerk_socket, &role,
                    &p->clerk, &why) != SK_OK)) {
        log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
        return EXIT_CONFIG;
    }
    p->control_event =
        event_new(p->base, p->control, EV_READ | EV_PERSIST, clerk_control, p);
    event_add(p->control_event, NULL);
    event_base_dispatch(p->base);
    event_free(p->control_event);
    if (p->clerk != NULL) {
        clerk_close(p->clerk);
    }
    dmarc_sender_close(p->dmarc);
    witness_every_close(p->witnesses);
    notify_close(p->notify);
    frame_link_close(p->keeper);
    event_base_free(p->base);
    arena_release(&p->arena);
    return 0;
}
