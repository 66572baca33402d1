#include "sekisho/keeper_alarm.h"

#include "base/clock.h"
#include "base/log.h"
#include "net/loop.h"
#include "record/alarm.h"
#include "sekisho/wire.h"

#define SCRATCH_MAX ((size_t)32 << 20)

struct keeper_alarm {
    struct keeping *keeping;
    struct frame_link *clerk;
    struct loop_task task;
    bool failing; /* said so in the log */
};

static void
hand_out(struct keeper_alarm *ka)
{
    struct bytes json;
    struct arena arena;

    arena_init(&arena, SCRATCH_MAX);
    while (ka->clerk != NULL && alarms_next_notice(ka->keeping->alarms, &arena, &json)) {
        uint64_t size = json.size;
        frame_send(ka->clerk, WIRE_ALARM, 0,
                   (struct bytes[]){bytes_of(&size, sizeof size), json}, 2);
        arena_release(&arena);
    }
    arena_release(&arena);
}

struct kept {
    struct kept *next;
    struct bytes record;
};

struct keep_state {
    struct keeper_alarm *ka;
    struct arena *arena;
    struct kept *first, **last;
    enum sk_code code;
    struct why why;
};

static void
keep_one(void *context, struct bytes record)
{
    struct keep_state *state = context;
    if (state->code == SK_OK) {
        state->code =
            vault_keep(state->ka->keeping->vault, record, BYTES_NONE, &state->why);
    }
    *state->last = ARENA_NEW(state->arena, struct kept);
    (*state->last)->record = record;
    state->last = &(*state->last)->next;
}

static void
on_due(void *context)
{
    struct keeper_alarm *ka = context;
    struct arena arena;
    struct keep_state state = {.ka = ka, .arena = &arena, .last = &state.first};

    arena_init(&arena, SCRATCH_MAX);
    size_t count =
        alarms_due(ka->keeping->alarms, &arena, clock_now_ms(), keep_one, &state);
    if (count > 0 && state.code == SK_OK) {
        state.code = keeping_commit(ka->keeping, &state.why);
    }
    if (state.code != SK_OK) {
        alarms_forget_asked(ka->keeping->alarms); /* and the next tick tries again */
        if (!ka->failing) {
            log_line(LOG_LEVEL_ERROR, NULL, "an alarm cannot be kept: %s",
                     state.why.sentence);
        }
    }
    for (const struct kept *kept = state.first;
         kept != NULL && state.code == SK_OK && ka->keeping->event != NULL;
         kept = kept->next) {
        ka->keeping->event(ka->keeping->context, kept->record);
    }
    arena_release(&arena);
    ka->failing = state.code != SK_OK;
    hand_out(ka);
}

struct keeper_alarm *
keeper_alarm_open(struct arena *arena, struct event_base *base, struct keeping *keeping)
{
    struct keeper_alarm *ka = ARENA_NEW(arena, struct keeper_alarm);

    ka->keeping = keeping;
    loop_task_init(&ka->task, base, on_due, ka);
    keeper_alarm_look(ka);
    return ka;
}

void
keeper_alarm_look(struct keeper_alarm *ka)
{
    if (ka != NULL && (alarms_is_due(ka->keeping->alarms, clock_now_ms()) ||
                       (ka->clerk != NULL && alarms_has_notice(ka->keeping->alarms)))) {
        loop_task_soon(&ka->task);
    }
}

void
keeper_alarm_clerk(struct keeper_alarm *ka, struct frame_link *clerk)
{
    ka->clerk = clerk;
    if (clerk != NULL) {
        alarms_hand_out_again(ka->keeping->alarms);
        loop_task_soon(&ka->task);
    }
}

void
keeper_alarm_delivered(struct keeper_alarm *ka, struct bytes payload)
{
    struct frame_reader r = {.rest = payload};
    struct bytes said = frame_get_bytes(&r), record;
    struct arena arena;
    struct why why;

    arena_init(&arena, SCRATCH_MAX);
    enum sk_code code = r.broken ? why_set(&why, SK_BAD, "broken frame")
                                 : alarms_sent(ka->keeping->alarms, &arena, said,
                                               clock_now_ms(), &record, &why);
    if (code == SK_OK && record.size > 0) {
        code = vault_keep(ka->keeping->vault, record, BYTES_NONE, &why);
        if (code == SK_OK) {
            code = keeping_commit(ka->keeping, &why);
        }
    }
    if (code != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "what became of an alarm was not kept: %s",
                 why.sentence);
    }
    arena_release(&arena);
}

void
keeper_alarm_close(struct keeper_alarm *ka)
{
    loop_task_cancel(&ka->task);
}
