#include "report/notify.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <event2/dns.h>

#include "arrive/next_hop.h"
#include "base/clock.h"
#include "base/limits.h"
#include "record/alarm.h"
#include "record/keys.h"
#include "report/alarm_mail.h"
#include "report/syslog.h"
#include "report/webhook.h"

#define RETRY_FIRST_MS 1000
#define RETRY_MOST_MS  300000
#define GIVE_UP_MS     ((int64_t)72 * 3600000)
#define BUSY_WAIT_MS   100
#define TELL_WAIT_MS   200
#define OVER           UINT64_MAX /* token of a try that has its answer */
#define MAIL_MS        30000 /* for each step with the next hop; then it is tried again */
#define NOTICE_MEMORY  ((size_t)1 << 20)
#define SECRET_FILE    4096

/* One notice in hand; its arena goes when its last delivery is done. */
struct told {
    struct told *next;
    struct arena arena;
    struct notice_facts facts;
    size_t waiting;
};

enum job_phase {
    JOB_WAITS, /* for its next try */
    JOB_TRIES,
    JOB_TELLS, /* the try is over, the keeper must hear of it */
};

/* One notice to one target. */
struct job {
    struct job *next;
    struct notify *notify;
    struct told *told;
    const struct alarm_target *target;
    unsigned tries;
    bool failed; /* told so */
    enum job_phase phase;
    struct loop_task task;
    /* one try */
    struct arena arena;
    struct webhook *hook;
    struct next_hop *hop;
    struct arrival *envelope;
    struct bytes mail;
    uint64_t token;
    char words[WEBHOOK_WORDS];
    bool well;
};

struct notify {
    struct arena *arena;
    struct event_base *base;
    const struct alarm_settings *settings;
    struct next_hop_settings hop;
    struct notify_role role;
    struct webhook_place place;
    struct job *jobs, *unused_jobs;
    struct told *told, *unused_told;
    size_t waiting;
    uint64_t token;
    int syslogs[LIMIT_ALARM_TARGETS];
    unsigned running[LIMIT_ALARM_TARGETS];
};

int64_t
notify_wait_ms(unsigned tries)
{
    int64_t wait = RETRY_FIRST_MS;

    while (tries-- > 1 && wait < RETRY_MOST_MS) {
        wait *= 2;
    }
    return wait < RETRY_MOST_MS ? wait : RETRY_MOST_MS;
}

static size_t
target_index(const struct job *job)
{
    return (size_t)(job->target - job->notify->settings->targets);
}

static bool
tell(struct notify *notify, const struct told *told, struct bytes target,
     const char *result, unsigned tries, const char *words)
{
    struct arena arena;
    struct writer w;
    struct json j;

    arena_init(&arena, ARENA_BLOCK_SIZE * 2);
    writer_init(&w, &arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_string(&j, "alarm", told->facts.alarm);
    json_put_number(&j, "notice", told->facts.number);
    json_put_string(&j, "target", target);
    json_put_text(&j, "result", result);
    json_put_number(&j, "tries", tries);
    if (words[0] != '\0') {
        json_put_text(&j, "words", words);
    }
    json_close(&j);
    bool taken = notify->role.delivered(notify->role.context, writer_view(&w));
    arena_release(&arena);
    return taken;
}

static void
told_done(struct notify *notify, struct told *told)
{
    struct told **at = &notify->told;

    if (--told->waiting > 0) {
        return;
    }
    while (*at != told) {
        at = &(*at)->next;
    }
    *at = told->next;
    arena_release(&told->arena);
    told->next = notify->unused_told;
    notify->unused_told = told;
}

static void
job_free(struct job *job)
{
    struct notify *notify = job->notify;
    struct job **at = &notify->jobs;

    while (*at != job) {
        at = &(*at)->next;
    }
    *at = job->next;
    loop_task_cancel(&job->task);
    notify->waiting--;
    told_done(notify, job->told);
    job->next = notify->unused_jobs;
    notify->unused_jobs = job;
}

/* From the loop's own task, so that no callback of the try is running. */
static void
job_ended(struct job *job)
{
    struct notify *notify = job->notify;

    notify->running[target_index(job)]--;
    if (job->hook != NULL) {
        webhook_close(job->hook);
    }
    if (job->hop != NULL) {
        next_hop_close(job->hop);
    }
    job->hook = NULL;
    job->hop = NULL;
}

static void job_try(struct job *job);

/* A try is over and nothing of it runs any more: what the keeper is told of it, and what follows. */
static void
job_tell(struct job *job)
{
    bool late = clock_now_ms() - job->told->facts.time_ms > GIVE_UP_MS;
    const char *result = job->well ? "sent" : late ? "gave_up" : "failed";

    if ((job->well || late || !job->failed) &&
        !tell(job->notify, job->told, job->target->name, result, job->tries, job->words)) {
        loop_task_after(&job->task,
                        TELL_WAIT_MS); /* the keeper is away: told when it is back */
        return;
    }
    if (job->well || late) {
        job_free(job);
        return;
    }
    job->failed = true;
    job->phase = JOB_WAITS;
    loop_task_after(&job->task, notify_wait_ms(job->tries));
}

/* The one task of a job: begins a try, ends it, and tells of it. */
static void
on_task(void *context)
{
    struct job *job = context;

    switch (job->phase) {
    case JOB_WAITS:
        job_try(job);
        return;
    case JOB_TRIES:
        job_ended(job);
        arena_release(&job->arena);
        job->phase = JOB_TELLS;
        job_tell(job);
        return;
    case JOB_TELLS:
        job_tell(job);
        return;
    }
}

static void
job_done(struct job *job, bool well, const char *words)
{
    if (job->phase != JOB_TRIES || job->token == OVER) {
        return;
    }
    job->token = OVER;
    job->well = well;
    snprintf(job->words, sizeof job->words, "%.*s", WEBHOOK_WORDS - 1, words);
    loop_task_soon(&job->task);
}

static void
on_hook(void *context, bool well, const char *words)
{
    job_done(context, well, words);
}

static void
on_hop(void *context, enum next_hop_command command, size_t index,
       const struct next_hop_reply *reply)
{
    struct job *job = context;
    char line[WEBHOOK_WORDS];
    size_t size = reply->line.size < sizeof line ? reply->line.size : sizeof line - 1;

    snprintf(line, sizeof line, "%.*s", (int)size, (const char *)reply->line.at);
    if (job->token == OVER) {
        return; /* it has failed already */
    }
    if (reply->code / 100 != 2) {
        job_done(job, false, line);
    } else if (command == NEXT_HOP_RCPT) {
        next_hop_message(job->hop, &job->mail, 1, 1);
    } else if (command == NEXT_HOP_MESSAGE) {
        job_done(job, true, line);
    }
}

static void
try_mail(struct job *job)
{
    struct notify *notify = job->notify;

    job->mail =
        alarm_mail_write(&job->arena, &job->told->facts, notify->settings->mail_from,
                         job->target->address, clock_now_ms() / 1000);
    if (notify->hop.kind == NEXT_HOP_MAILDIR) {
        if (notify->role.store == NULL ||
            !notify->role.store(notify->role.context, job->token, notify->hop.maildir,
                                job->target->address, job->mail)) {
            job_done(job, false, "the keeper is away");
        }
        return;
    }
    job->envelope = ARENA_NEW(&job->arena, struct arrival);
    job->envelope->mail_from = notify->settings->mail_from;
    job->envelope->recipients = ARENA_NEW(&job->arena, struct arrival_recipient);
    job->envelope->recipients[0].address = job->target->address;
    job->envelope->recipient_count = 1;
    job->hop =
        next_hop_open(&job->arena, notify->base, &notify->hop, job->envelope, on_hop, job);
    next_hop_mail(job->hop, job->envelope, job->mail.size, 0);
    next_hop_rcpt(job->hop, &job->envelope->recipients[0], 0);
}

static void
try_syslog(struct job *job)
{
    struct notify *notify = job->notify;
    struct why why = {.sentence = ""};
    struct bytes line =
        syslog_line(&job->arena, &job->told->facts, notify->settings->hostname);
    enum sk_code code =
        syslog_send(job->target, line, &notify->syslogs[target_index(job)], &why);

    job_done(job, code == SK_OK, code == SK_OK ? "" : why.sentence);
}

static void
job_try(struct job *job)
{
    struct notify *notify = job->notify;

    if (notify->running[target_index(job)] >= NOTIFY_TARGET_TRIES_MAX) {
        loop_task_after(&job->task, BUSY_WAIT_MS);
        return;
    }
    notify->running[target_index(job)]++;
    job->phase = JOB_TRIES;
    job->tries++;
    job->well = false;
    job->words[0] = '\0';
    job->token = ++notify->token;
    arena_init(&job->arena, NOTICE_MEMORY);
    switch (job->target->channel) {
    case ALARM_MAIL:
        try_mail(job);
        break;
    case ALARM_WEBHOOK:
        job->hook =
            webhook_post(&job->arena, &notify->place, job->target, &job->told->facts,
                         clock_now_ms() / 1000, job->tries - 1, on_hook, job);
        break;
    case ALARM_SYSLOG:
        try_syslog(job);
        break;
    }
}

void
notify_stored(struct notify *notify, uint64_t token, enum sk_code code)
{
    for (struct job *job = notify->jobs; job != NULL; job = job->next) {
        if (job->phase == JOB_TRIES && job->token == token) {
            job_done(job, code == SK_OK, code == SK_OK ? "" : "it could not be stored");
            return;
        }
    }
}

void
notify_keeper_gone(struct notify *notify)
{
    for (struct job *job = notify->jobs; job != NULL; job = job->next) {
        if (job->phase == JOB_TRIES && job->target->channel == ALARM_MAIL &&
            job->hop == NULL) {
            job_done(job, false, "the keeper is away");
        }
    }
}

static bool
in_hand(const struct notify *notify, const struct notice_facts *facts,
        const struct alarm_target *target)
{
    for (const struct job *job = notify->jobs; job != NULL; job = job->next) {
        if (job->target == target && job->told->facts.number == facts->number &&
            bytes_equal(job->told->facts.alarm, facts->alarm)) {
            return true;
        }
    }
    return false;
}

static void
job_start(struct notify *notify, struct told *told, const struct alarm_target *target)
{
    struct job *job = notify->unused_jobs;

    if (job != NULL) {
        notify->unused_jobs = job->next;
    } else {
        job = ARENA_NEW(notify->arena, struct job);
    }
    *job = (struct job){
        .next = notify->jobs, .notify = notify, .told = told, .target = target};
    notify->jobs = job;
    notify->waiting++;
    told->waiting++;
    loop_task_init(&job->task, notify->base, on_task, job);
    loop_task_soon(&job->task);
}

void
notify_notice(struct notify *notify, struct bytes json)
{
    struct told *told = notify->unused_told;
    struct why why;

    if (told != NULL) {
        notify->unused_told = told->next;
    } else {
        told = ARENA_NEW(notify->arena, struct told);
    }
    *told = (struct told){.next = notify->told, .waiting = 1};
    notify->told = told;
    arena_init(&told->arena, NOTICE_MEMORY);
    if (notice_read(&told->arena, json, &told->facts, &why) == SK_OK) {
        for (size_t i = 0; i < told->facts.target_count; i++) {
            const struct alarm_target *target =
                alarm_target_named(notify->settings, told->facts.targets[i]);
            if (target == NULL) {
                /* Where the keeper does not hear it, it asks again. */
                (void)!tell(notify, told, told->facts.targets[i], "gave_up", 0,
                            "no longer configured");
            } else if (!in_hand(notify, &told->facts, target)) {
                job_start(notify, told, target);
            }
        }
    }
    told_done(notify, told);
}

size_t
notify_waiting(const struct notify *notify)
{
    return notify->waiting;
}

enum sk_code
notify_secret(struct arena *arena, const struct config *config,
              const struct alarm_settings *alarm, struct bytes *secret_r, struct why *why)
{
    struct why cause;

    if (alarm->webhook_secret.size == 0) {
        return keys_read_or_make(arena, config, ALARM_WEBHOOK_NAME, ALARM_KEY_SIZE,
                                 secret_r, why);
    }
    const char *path = bytes_text(arena, alarm->webhook_secret);
    uint8_t *text = arena_take_bytes(arena, SECRET_FILE);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? read(fd, text, SECRET_FILE) : -1;
    if (size < 0) {
        (void)why_set(&cause, SK_SYSTEM, "%s", path);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (size < 0 || webhook_secret_read(arena, bytes_of(text, (size_t)size), secret_r,
                                        &cause) != SK_OK) {
        return why_set_line(why, SK_CONFIG, config_line(config, "alarm.webhook_secret"),
                            "alarm.webhook_secret: %s", cause.sentence);
    }
    return SK_OK;
}

static int64_t
at_most(int64_t ms, int64_t most)
{
    return ms < most ? ms : most;
}

enum sk_code
notify_open(struct arena *arena, struct event_base *base, const struct config *config,
            const struct alarm_settings *alarm, const struct next_hop_settings *next_hop,
            const struct notify_role *role, struct notify **notify_r, struct why *why)
{
    struct notify *notify = ARENA_NEW(arena, struct notify);
    enum sk_code code = SK_OK;
    bool hooks = false;

    notify->arena = arena;
    notify->base = base;
    notify->settings = alarm;
    notify->role = *role;
    notify->place.post =
        (struct post_place){.arena = arena, .base = base, .tls = alarm->tls};
    notify->hop = *next_hop;
    notify->hop.xclient = false; /* the alarm is ours, no client's */
    notify->hop.greeting_ms = at_most(next_hop->greeting_ms, MAIL_MS);
    notify->hop.mail_ms = at_most(next_hop->mail_ms, MAIL_MS);
    notify->hop.rcpt_ms = at_most(next_hop->rcpt_ms, MAIL_MS);
    notify->hop.data_ms = at_most(next_hop->data_ms, MAIL_MS);
    notify->hop.block_ms = at_most(next_hop->block_ms, MAIL_MS);
    notify->hop.dot_ms = at_most(next_hop->dot_ms, 2 * MAIL_MS);
    for (size_t i = 0; i < LIMIT_ALARM_TARGETS; i++) {
        notify->syslogs[i] = -1;
    }
    for (size_t i = 0; i < alarm->target_count; i++) {
        hooks = hooks || alarm->targets[i].channel == ALARM_WEBHOOK;
    }
    if (hooks) {
        code = notify_secret(arena, config, alarm, &notify->place.secret, why);
        if (code == SK_OK) {
            /* Only where a web hook may be named by a name. */
            code = post_names_open(arena, base, config, &notify->place.post.dns, why);
        }
    }
    *notify_r = notify;
    return code;
}

void
notify_close(struct notify *notify)
{
    if (notify->place.post.dns != NULL) {
        evdns_base_free(notify->place.post.dns, 0);
    }
    while (notify->jobs != NULL) {
        struct job *job = notify->jobs;
        if (job->phase == JOB_TRIES) {
            job_ended(job);
            arena_release(&job->arena);
        }
        job_free(job);
    }
    for (size_t i = 0; i < LIMIT_ALARM_TARGETS; i++) {
        if (notify->syslogs[i] >= 0) {
            close(notify->syslogs[i]);
        }
    }
}
