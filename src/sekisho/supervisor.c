/* The supervisor's loop: signals, reload, and the order of ending. */
#define SK_BASE
#include "sekisho/supervisor.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/frame.h"
#include "sekisho/model_file.h"
#include "sekisho/place_tables.h"

/* Whether a key that only a start can change reads the same in both. */
static void
warn_if_changed(const struct config *before, const struct config *after, const char *key)
{
    if (!bytes_equal(config_text(before, key), config_text(after, key))) {
        log_line(LOG_LEVEL_WARNING, NULL,
                 "a new value of %s takes effect at the next start", key);
    }
}

static void
close_all(int file, int places)
{
    if (file >= 0) {
        close(file);
    }
    if (places >= 0) {
        close(places);
    }
}

/* The keeper puts it in force; one that starts later begins with it. */
static void
use_model(struct supervisor *s, int model)
{
    const struct child *keeper = keeper_of(s);
    struct why why;

    if (s->model_file >= 0) {
        close(s->model_file);
    }
    s->model_file = model;
    if (keeper->pid != 0 &&
        frame_send_fd(keeper->control, CONTROL_MODEL, 0, model, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
    }
}

/* Keys that only a start can change. */
static const char *const at_start[] = {
    "workers",
    "user",
    "transfer.listen",
    "http.listen",
    "report.listen",
    "judge.lexicon",
    "judge.links",
    "record.folder",
    "dns.servers",
    "dns.zone",
    "dns.trust_anchor",
    "alarm.mail_to",
    "alarm.mail_from",
    "alarm.webhook",
    "alarm.syslog",
    "alarm.escalate_to",
    "harden",
    "worker_memory",
    "record.keys",
    "record.segment",
    "attachments.memory",
    "attachments.bytes",
    "attachments.processes",
    "attachments.open",
};

static void
supervisor_reload(struct supervisor *s)
{
    struct settings *settings = NULL;
    struct bytes text;
    struct arena arena;
    int file = -1, places = -1, model = -1;
    struct why why;

    arena_init(&arena, 8u << 20);
    enum sk_code code = settings_file(&arena, s->path, &text, &why);
    if (code == SK_OK) {
        code = settings_new(text, &settings, &why);
    }
    if (code == SK_OK) {
        code = place_tables_open(settings, true, &places, &why);
    }
    if (code == SK_OK) {
        code = settings_bundle(settings, &file, &why);
    }
    if (code == SK_OK) {
        code = model_file_open(settings->config, &model, &why);
    }
    if (code == SK_OK) { /* workers that start later begin with them */
        code = judge_use_words(s->judge, settings->config, &why);
    }
    if (code == SK_OK) {
        code = keys_reload(s, settings, &why);
    }
    arena_release(&arena);
    if (code != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "the old configuration stays in force: %s: %s",
                 s->path, why.sentence);
        if (settings != NULL) {
            settings_free(settings);
        }
        close_all(file, places);
        close_all(model, -1);
        return;
    }
    use_model(s, model);
    for (size_t i = 0; i < sizeof at_start / sizeof at_start[0]; i++) {
        warn_if_changed(s->settings->config, settings->config, at_start[i]);
    }
    if ((s->settings->report_tls == NULL) != (settings->report_tls == NULL)) {
        log_line(LOG_LEVEL_WARNING, NULL,
                 "whether the console speaks TLS takes effect at the next start");
    }
    for (size_t i = 0; i < s->child_count; i++) {
        bool takes = s->children[i].role == ROLE_WORKER ||
                     s->children[i].role == ROLE_CLERK ||
                     s->children[i].role == ROLE_KEEPER; /* which records the new rule */
        bool walks = s->children[i].role == ROLE_WORKER;
        if (takes && s->children[i].pid != 0 &&
            ((walks && frame_send_fd(s->children[i].control, CONTROL_PLACES, 0, places,
                                     &why) != SK_OK) ||
             frame_send_fd(s->children[i].control, CONTROL_RELOAD, 0, file, &why) !=
                 SK_OK)) {
            log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
        }
    }
    close_all(file, places);
    /* The keeper may write beneath the Maildir root that it began with, and nowhere else. */
    bool moved = !bytes_equal(s->settings->arrive->next_hop.maildir,
                              settings->arrive->next_hop.maildir);
    settings_free(s->settings);
    s->settings = settings;
    log_line(LOG_LEVEL_NOTICE, NULL, "%s read again", s->path);
    if (moved && settings->arrive->next_hop.maildir.size > 0) {
        log_line(LOG_LEVEL_NOTICE, NULL, "the keeper is started anew for another Maildir");
        children_tell(s, ROLE_KEEPER, CONTROL_DRAIN);
    }
}

static void
supervisor_end(struct supervisor *s)
{
    if (s->ending) { /* asked for twice: now */
        s->kill_at_ms = 0;
        return;
    }
    log_line(LOG_LEVEL_NOTICE, NULL, "ending: messages in hand are finished first");
    s->ending = true;
    s->kill_at_ms = clock_monotonic_ms() + DRAIN_MS;
    children_tell(s, ROLE_WORKER, CONTROL_DRAIN);
}

/* The order of ending: workers, then keeper, clerk and keys. True when all are gone. */
static bool
supervisor_ended(struct supervisor *s, bool *keeper_told)
{
    if (clock_monotonic_ms() >= s->kill_at_ms) {
        for (size_t i = 0; i < s->child_count; i++) {
            if (s->children[i].pid != 0 && s->children[i].role != ROLE_KEEPER) {
                kill(s->children[i].pid, SIGKILL);
            }
        }
    }
    if (children_running(s, ROLE_WORKER) == 0 && !*keeper_told) {
        *keeper_told = true;
        children_tell(s, ROLE_KEEPER, CONTROL_DRAIN);
        children_tell(s, ROLE_KEYS, CONTROL_DRAIN);
        children_tell(s, ROLE_OPENER, CONTROL_DRAIN);
        for (size_t i = 0; i < s->child_count; i++) {
            if (s->children[i].role == ROLE_CLERK && s->children[i].pid != 0) {
                kill(s->children[i].pid, SIGTERM);
            }
        }
    }
    return children_running(s, ROLE_WORKER) + children_running(s, ROLE_KEEPER) +
               children_running(s, ROLE_CLERK) + children_running(s, ROLE_KEYS) +
               children_running(s, ROLE_OPENER) ==
           0;
}

static void
supervisor_signals(struct supervisor *s, int fd)
{
    struct signalfd_siginfo info;

    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            supervisor_reload(s);
        } else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) {
            supervisor_end(s);
        }
    }
    children_reap(s);
}

/* Tells a service manager that waits for it (sd_notify(3)'s protocol: one datagram). */
static void
notify_ready(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = path != NULL ? strlen(path) : 0;

    if (size == 0 || size >= sizeof address.sun_path) {
        return;
    }
    memcpy(address.sun_path, path, size);
    if (address.sun_path[0] == '@') {
        address.sun_path[0] = '\0';
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        (void)!sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&address,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size));
        close(fd);
    }
}

void
supervisor_begin(struct supervisor *s)
{
    if (s->begun) {
        return;
    }
    s->begun = true;
    log_line(LOG_LEVEL_NOTICE, NULL, "ready: %zu places, %zu processes", s->socket_count,
             s->child_count);
    notify_ready();
}

/* Workers and clerk wait for the record: whoever is greeted finds it open. */
static bool
may_start(const struct supervisor *s, const struct child *child)
{
    return s->begun || child->role == ROLE_KEEPER || child->role == ROLE_KEYS;
}

/* Starts whoever is due; gives how long nobody else will be. */
static int
supervisor_start_due(struct supervisor *s)
{
    int64_t now = clock_monotonic_ms();
    int64_t wait_ms = 60000;

    if (!s->begun && s->begin_at_ms <= now) {
        log_line(LOG_LEVEL_WARNING, NULL,
                 "the record is still being opened: mail is put off until it is");
        supervisor_begin(s);
    } else if (!s->begun) {
        wait_ms = s->begin_at_ms - now;
    }
    for (size_t i = 0; i < s->child_count; i++) {
        struct child *child = &s->children[i];
        if (child->pid != 0 || !may_start(s, child)) {
            continue;
        }
        if (child->start_at_ms <= now) {
            child_start(s, child);
        } else if (child->start_at_ms - now < wait_ms) {
            wait_ms = child->start_at_ms - now + 1;
        }
    }
    return (int)wait_ms;
}

/* Waits for a signal or for a child that says something; true: there are signals. */
static bool
supervisor_wait(struct supervisor *s, int signals, int wait_ms)
{
    struct pollfd ready[1 + CHILDREN_MAX] = {{.fd = signals, .events = POLLIN}};

    for (size_t i = 0; i < s->child_count; i++) {
        bool hears = s->children[i].control >= 0 && !s->children[i].deaf;
        ready[1 + i] =
            (struct pollfd){.fd = hears ? s->children[i].control : -1, .events = POLLIN};
    }
    if (poll(ready, 1 + s->child_count, wait_ms) <= 0) {
        return false;
    }
    for (size_t i = 0; i < s->child_count; i++) {
        if (ready[1 + i].revents != 0) {
            errand_hear(s, &s->children[i]);
        }
    }
    return ready[0].revents != 0;
}

int
supervisor_run(struct supervisor *s, int signals)
{
    bool keeper_told = false;

    for (;;) {
        int wait_ms = s->ending ? 200 : supervisor_start_due(s);
        if (s->ending) {
            if (supervisor_ended(s, &keeper_told)) {
                return s->status;
            }
        }
        if (supervisor_wait(s, signals, wait_ms < WATCH_MS ? wait_ms : WATCH_MS)) {
            supervisor_signals(s, signals);
        } else {
            children_reap(s);
        }
        children_watch(s);
        errand_watch(s);
    }
}
