/* The supervisor's children: made by fork, introduced to each other, and started again when they die. */
#define SK_BASE
#include "sekisho/supervisor.h"

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "judge/models.h"
#include "judge/thread_table.h"
#include "net/frame.h"
#include "sekisho/harden.h"
#include "sekisho/opener.h"
#include "sekisho/options.h"

_Static_assert(WORKERS_MAX <= MODELS_READERS, "each worker can hold a model");

struct child *
keeper_of(struct supervisor *s)
{
    size_t i = 0;

    while (s->children[i].role != ROLE_KEEPER) {
        i++;
    }
    return &s->children[i];
}

const char *
role_name(enum role role)
{
    static const char *const names[] = {"keeper", "clerk", "worker", "keys", "opener"};

    return names[role];
}

void
children_become_user(struct supervisor *s)
{
    struct bytes user = config_text(s->settings->config, "user");

    if (user.size == 0 || geteuid() != 0) {
        return;
    }
    struct passwd *entry = getpwnam(bytes_text(&s->arena, user));
    if (entry == NULL || initgroups(entry->pw_name, entry->pw_gid) != 0 ||
        setgid(entry->pw_gid) != 0 || setuid(entry->pw_uid) != 0) {
        log_line(LOG_LEVEL_ERROR, NULL, "cannot become the user named by `user`");
        _exit(EXIT_CONFIG);
    }
}

struct role_start
children_start(const struct supervisor *s, const struct child *child, int control)
{
    return (struct role_start){.settings = s->settings,
                               .judge = s->judge,
                               .personal = s->personal,
                               .threads = s->threads,
                               .group_weights = s->group_weights,
                               .model_file = s->model_file,
                               .sockets = s->sockets,
                               .socket_count = s->socket_count,
                               .control = control,
                               .clerk_socket = s->clerk_socket,
                               .counts = s->counts,
                               .hand = child != NULL ? child->hand : NULL,
                               .memory_bytes = s->memory_bytes,
                               .number = child != NULL ? child->number : 0};
}

/* A worker keeps its own hand; nobody keeps another's. */
static void
forget_hands(struct supervisor *s, const struct child *child)
{
    for (size_t i = 0; i < s->child_count; i++) {
        if (s->children[i].hand != NULL && &s->children[i] != child) {
            munmap(s->children[i].hand, sizeof *s->children[i].hand);
        }
    }
}

/* In the child: everything of the supervisor that is not its own is closed. */
static void
child_run(struct supervisor *s, struct child *child, int control)
{
    sigset_t none;
    struct role_start start = children_start(s, child, control);

    char name[16];
    snprintf(name, sizeof name, "sekisho-%s", role_name(child->role));
    prctl(PR_SET_NAME, name);
    prctl(PR_SET_PDEATHSIG, child->role == ROLE_CLERK ? SIGTERM : 0);
    for (size_t i = 0; i < s->child_count; i++) {
        if (s->children[i].control >= 0 && s->children[i].control != control) {
            close(s->children[i].control);
        }
    }
    for (size_t i = 0; child->role != ROLE_WORKER && i < s->socket_count; i++) {
        close(s->sockets[i].fd);
    }
    if (child->role != ROLE_KEEPER && s->model_file >= 0) {
        close(s->model_file);
    }
    if (child->role != ROLE_CLERK && s->clerk_socket >= 0) {
        close(s->clerk_socket);
    }
    /* Signals of the terminal and of service managers go to the whole group: only the supervisor minds them. */
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, child->role == ROLE_CLERK ? SIG_DFL : SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    umask(0077);
    forget_hands(s, child);
    if (child->role != ROLE_KEEPER) {
        thread_table_only_read(s->threads);
    }
    keys_forget(s);
    start.suspects = suspects_view(s->suspects, s->suspects_fd);
    start.own_mounts = child->role == ROLE_KEEPER && harden_own_mounts();
    if (child->role == ROLE_KEYS) {
        role_keys_as_root();
    }
    if (geteuid() == 0) {
        harden_no_bounds();
    }
    children_become_user(s);
    if (start.own_mounts) {
        harden_keep_mount_right();
    }
    if (child->role == ROLE_OPENER) {
        opener_become(s->opener_path, s->settings->config, control);
        log_line(LOG_LEVEL_ERROR, NULL, "%s cannot be executed", s->opener_path);
        _exit(EXIT_UNAVAILABLE);
    }
    _exit(child->role == ROLE_KEEPER  ? role_keeper(&start)
          : child->role == ROLE_CLERK ? role_clerk(&start)
          : child->role == ROLE_KEYS  ? role_keys(&start)
                                      : role_worker(&start));
}

/* Introduces a worker, or the clerk, and the keeper to each other by a fresh pair of sockets. */
static void
introduce(struct supervisor *s, struct child *worker)
{
    unsigned number = worker->role == ROLE_CLERK ? PEER_CLERK : worker->number;
    struct child *keeper = keeper_of(s);
    int pair[2];
    struct why why;

    if (keeper->pid == 0 || worker->pid == 0) {
        return; /* done when the other one is started */
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        log_line(LOG_LEVEL_ERROR, NULL, "no socket pair could be had");
        return;
    }
    if (frame_send_fd(keeper->control, CONTROL_PEER, number, pair[0], &why) != SK_OK ||
        frame_send_fd(worker->control, CONTROL_PEER, 0, pair[1], &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
    }
    close(pair[0]);
    close(pair[1]);
}

/* A channel to the opener for a worker. It never blocks: a question that finds it full is one that nobody answers. */
static void
introduce_opener(struct supervisor *s, struct child *worker)
{
    struct child *opener = s->children;
    int pair[2];
    struct why why;

    while (opener < s->children + s->child_count && opener->role != ROLE_OPENER) {
        opener++;
    }
    if (opener == s->children + s->child_count || opener->pid == 0 || worker->pid == 0) {
        return;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
        log_line(LOG_LEVEL_ERROR, NULL, "no socket pair could be had");
        return;
    }
    if (frame_send_fd(opener->control, CONTROL_PEER, worker->number, pair[0], &why) !=
            SK_OK ||
        frame_send_fd(worker->control, CONTROL_OPENER, 0, pair[1], &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
    }
    close(pair[0]);
    close(pair[1]);
}

void
child_start(struct supervisor *s, struct child *child)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        log_line(LOG_LEVEL_ERROR, NULL, "no socket pair could be had");
        child->start_at_ms = clock_monotonic_ms() + WAIT_MAX_MS;
        return;
    }
    child->control = pair[0];
    child->deaf = child->segment_given = false;
    child->abort_at_ms = 0;
    child->starts++;
    if (child->role == ROLE_WORKER && child->hand == NULL) {
        child->hand = hand_new();
    }
    if (child->hand != NULL) {
        child->hand->holding = false;
        child->hand->alive_ms = clock_monotonic_ms();
    }
    child->pid = fork();
    if (child->pid == 0) {
        close(pair[0]);
        child_run(s, child, pair[1]);
    }
    close(pair[1]);
    child->started_ms = clock_monotonic_ms();
    if (child->pid < 0) {
        log_line(LOG_LEVEL_ERROR, NULL, "no process could be had for a %s",
                 role_name(child->role));
        child->pid = 0;
        close(child->control);
        child->control = -1;
        child->start_at_ms = clock_monotonic_ms() + WAIT_MAX_MS;
        return;
    }
    log_line(LOG_LEVEL_DEBUG, NULL, "%s %u started as %d", role_name(child->role),
             child->number, (int)child->pid);
    if (child->role == ROLE_WORKER || child->role == ROLE_CLERK) {
        introduce(s, child);
        keys_introduce(s, child);
        if (child->role == ROLE_WORKER) {
            introduce_opener(s, child);
        }
    } else if (child->role == ROLE_KEYS) {
        keys_started(s);
    }
    for (size_t i = 0; child->role == ROLE_OPENER && i < s->child_count; i++) {
        if (s->children[i].role == ROLE_WORKER) {
            introduce_opener(s, &s->children[i]);
        }
    }
    for (size_t i = 0; child->role == ROLE_KEEPER && i < s->child_count; i++) {
        if (s->children[i].role == ROLE_WORKER || s->children[i].role == ROLE_CLERK) {
            introduce(s, &s->children[i]);
        }
    }
}

void
children_tell(struct supervisor *s, enum role role, enum wire_control what)
{
    struct why why;

    for (size_t i = 0; i < s->child_count; i++) {
        if (s->children[i].role == role && s->children[i].pid != 0) {
            (void)!frame_send_fd(s->children[i].control, what, 0, -1, &why);
        }
    }
}

/* Signals that tell of a fault in what was executed, or of a call that nobody needs; SIGABRT also when we ended it. */
static bool
is_fault(int status)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGSYS};

    for (size_t i = 0; WIFSIGNALED(status) && i < sizeof faults / sizeof faults[0]; i++) {
        if (WTERMSIG(status) == faults[i]) {
            return true;
        }
    }
    return false;
}

/* The message in whose hands a worker died is suspected. */
static void
suspect_message(struct supervisor *s, struct child *child, int status)
{
    char id[sizeof child->hand->id];

    if (child->hand == NULL || (!is_fault(status) && child->abort_at_ms == 0)) {
        return;
    }
    memcpy(id, child->hand->id, sizeof id);
    id[sizeof id - 1] = '\0';
    unsigned deaths = suspects_died(s->suspects, child->hand);
    if (deaths > 0) {
        log_line(LOG_LEVEL_ERROR, id, "worker %u ended with this message in hand%s",
                 child->number,
                 deaths >= SUSPECT_DEATHS
                     ? ", and so did one before: it is not read again, but kept as it is"
                     : "");
    }
}

/* Whether this end says that there is no use in starting it again. */
static bool
is_final(const struct child *child, int status)
{
    return WIFEXITED(status) &&
           (WEXITSTATUS(status) == EXIT_CONFIG ||
            (WEXITSTATUS(status) == EXIT_SYSTEM && child->starts == 1));
}

static void
child_died(struct supervisor *s, struct child *child, int status)
{
    int64_t now = clock_monotonic_ms();
    bool steady = now - child->started_ms >= STEADY_MS;

    suspect_message(s, child, status);
    child->pid = 0;
    close(child->control);
    child->control = -1;
    if (is_final(child, status)) {
        log_line(LOG_LEVEL_ERROR, NULL, "the %s cannot start: the checkpoint stops",
                 role_name(child->role));
        s->status = EXIT_CONFIG;
        if (!s->ending) {
            s->ending = true;
            s->kill_at_ms = now + 5000;
            children_tell(s, ROLE_WORKER, CONTROL_DRAIN);
        }
        return;
    }
    if (s->ending) {
        return;
    }
    child->wait_ms = steady ? 0 : child->wait_ms == 0 ? WAIT_MIN_MS : child->wait_ms * 2;
    if (child->wait_ms > WAIT_MAX_MS) {
        child->wait_ms = WAIT_MAX_MS;
    }
    child->start_at_ms = now + child->wait_ms;
    log_line(LOG_LEVEL_ERROR, NULL, "%s %u ended (%s %d); it is started again in %lld ms",
             role_name(child->role), child->number,
             WIFSIGNALED(status) ? "signal" : "status",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
             (long long)child->wait_ms);
}

void
children_reap(struct supervisor *s)
{
    int status;

    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (errand_purger_died(s, pid, status)) {
            continue;
        }
        for (size_t i = 0; i < s->child_count; i++) {
            if (s->children[i].pid == pid) {
                child_died(s, &s->children[i], status);
            }
        }
    }
}

size_t
children_running(const struct supervisor *s, enum role role)
{
    size_t count = 0;

    for (size_t i = 0; i < s->child_count; i++) {
        count += s->children[i].role == role && s->children[i].pid != 0;
    }
    return count;
}

void
children_watch(struct supervisor *s)
{
    int64_t patience_ms = config_number(s->settings->config, "watchdog");
    int64_t now = clock_monotonic_ms();

    for (size_t i = 0; i < s->child_count; i++) {
        struct child *child = &s->children[i];
        if (child->pid == 0 || child->hand == NULL ||
            now - child->hand->alive_ms < patience_ms) {
            continue;
        }
        if (child->abort_at_ms == 0) {
            log_line(LOG_LEVEL_ERROR, NULL,
                     "worker %u does one thing for more than %lld s: it is ended",
                     child->number, (long long)(patience_ms / 1000));
            child->abort_at_ms = now;
            kill(child->pid, SIGABRT);
        } else if (now - child->abort_at_ms > ABORT_MS) {
            kill(child->pid, SIGKILL); /* a stopped process does not hear SIGABRT */
        }
    }
}
