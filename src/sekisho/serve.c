/* `sekisho serve`: the supervisor. It binds the sockets, starts keeper, workers and clerk, and starts again whoever dies.
 *
 * It reads no mail and holds no message. Its whole life is one poll loop over one signalfd:
 *
 *     SIGHUP   read the configuration again; if it is good, every worker gets it for new sessions
 *     SIGTERM  SIGINT: workers finish what they have in hand, then the keeper closes the record; a second one ends all now
 *     SIGCHLD  start again what died, after a wait that grows while it keeps dying
 */
#define SK_BASE
#include "sekisho/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "dns/resolver.h"
#include "net/frame.h"
#include "net/listen.h"
#include "report/clerk.h"
#include "sekisho/files.h"
#include "sekisho/options.h"
#include "sekisho/passage.h"
#include "sekisho/roles.h"
#include "sekisho/wire.h"

#define WORKERS_MAX 256
#define DRAIN_MS                                                                           \
    (10 *                                                                                  \
     60000) /* the longest a next hop may take for the final dot (RFC 5321 4.5.3.2.6) */
#define WAIT_MIN_MS 100
#define WAIT_MAX_MS 10000
#define STEADY_MS   10000 /* who lived that long is started again at once */

enum role { ROLE_KEEPER, ROLE_CLERK, ROLE_WORKER };

struct child {
    enum role role;
    unsigned number;
    pid_t pid; /* 0: not running */
    int control;
    int64_t started_ms, start_at_ms; /* monotonic */
    int64_t wait_ms;
};

struct supervisor {
    const char *path;
    struct settings *settings;
    struct arena arena;
    struct judge *judge;
    struct passage_counts *counts;
    struct doors_socket *sockets;
    size_t socket_count;
    int clerk_socket;
    struct child children[WORKERS_MAX + 2];
    size_t child_count;
    bool ending;
    int64_t kill_at_ms;
    int status;
};

static struct child *
keeper_of(struct supervisor *s)
{
    return &s->children[0];
}

static const char *
role_name(enum role role)
{
    static const char *const names[] = {"keeper", "clerk", "worker"};

    return names[role];
}

static void
become_user(struct supervisor *s)
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

/* In the child: everything of the supervisor that is not its own is closed. */
static void
child_run(struct supervisor *s, struct child *child, int control)
{
    sigset_t none;
    struct role_start start = {.settings = s->settings,
                               .judge = s->judge,
                               .sockets = s->sockets,
                               .socket_count = s->socket_count,
                               .control = control,
                               .clerk_socket = s->clerk_socket,
                               .counts = s->counts,
                               .number = child->number};

    prctl(PR_SET_PDEATHSIG, child->role == ROLE_CLERK ? SIGTERM : 0);
    for (size_t i = 0; i < s->child_count; i++) {
        if (s->children[i].control >= 0 && s->children[i].control != control) {
            close(s->children[i].control);
        }
    }
    for (size_t i = 0; child->role != ROLE_WORKER && i < s->socket_count; i++) {
        close(s->sockets[i].fd);
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
    become_user(s);
    _exit(child->role == ROLE_KEEPER  ? role_keeper(&start)
          : child->role == ROLE_CLERK ? role_clerk(&start)
                                      : role_worker(&start));
}

/* Introduces a worker and the keeper to each other by a fresh pair of sockets. */
static void
introduce(struct supervisor *s, struct child *worker)
{
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
    if (frame_send_fd(keeper->control, CONTROL_PEER, worker->number, pair[0], &why) !=
            SK_OK ||
        frame_send_fd(worker->control, CONTROL_PEER, 0, pair[1], &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
    }
    close(pair[0]);
    close(pair[1]);
}

static void
child_start(struct supervisor *s, struct child *child)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        log_line(LOG_LEVEL_ERROR, NULL, "no socket pair could be had");
        child->start_at_ms = clock_monotonic_ms() + WAIT_MAX_MS;
        return;
    }
    child->control = pair[0];
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
    if (child->role == ROLE_WORKER) {
        introduce(s, child);
    }
    for (size_t i = 0; child->role == ROLE_KEEPER && i < s->child_count; i++) {
        if (s->children[i].role == ROLE_WORKER) {
            introduce(s, &s->children[i]);
        }
    }
}

static void
tell_all(struct supervisor *s, enum role role, enum wire_control what)
{
    struct why why;

    for (size_t i = 0; i < s->child_count; i++) {
        if (s->children[i].role == role && s->children[i].pid != 0) {
            (void)!frame_send_fd(s->children[i].control, what, 0, -1, &why);
        }
    }
}

static void
child_died(struct supervisor *s, struct child *child, int status)
{
    int64_t now = clock_monotonic_ms();
    bool steady = now - child->started_ms >= STEADY_MS;

    child->pid = 0;
    close(child->control);
    child->control = -1;
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CONFIG) {
        log_line(LOG_LEVEL_ERROR, NULL, "the %s cannot start: the checkpoint stops",
                 role_name(child->role));
        s->status = EXIT_CONFIG;
        if (!s->ending) {
            s->ending = true;
            s->kill_at_ms = now + 5000;
            tell_all(s, ROLE_WORKER, CONTROL_DRAIN);
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

static void
supervisor_reap(struct supervisor *s)
{
    int status;

    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        for (size_t i = 0; i < s->child_count; i++) {
            if (s->children[i].pid == pid) {
                child_died(s, &s->children[i], status);
            }
        }
    }
}

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
supervisor_reload(struct supervisor *s)
{
    static const char *const at_start[] = {
        "workers",       "user",        "transfer.listen",  "http.listen",
        "report.listen", "judge.model", "judge.lexicon",    "record.folder",
        "dns.servers",   "dns.zone",    "dns.trust_anchor",
    };
    struct settings *settings = NULL;
    struct bytes text;
    struct arena arena;
    struct why why;

    arena_init(&arena, 8u << 20);
    enum sk_code code = settings_file(&arena, s->path, &text, &why);
    if (code == SK_OK) {
        code = settings_new(text, &settings, &why);
    }
    if (code != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "the old configuration stays in force: %s: %s",
                 s->path, why.sentence);
        arena_release(&arena);
        return;
    }
    for (size_t i = 0; i < sizeof at_start / sizeof at_start[0]; i++) {
        warn_if_changed(s->settings->config, settings->config, at_start[i]);
    }
    int file = memfd_create("sekisho.conf", MFD_CLOEXEC);
    if (file < 0 || write(file, text.at, text.size) != (ssize_t)text.size) {
        log_line(LOG_LEVEL_ERROR, NULL, "the new configuration could not be handed on");
    } else {
        for (size_t i = 0; i < s->child_count; i++) {
            if (s->children[i].role == ROLE_WORKER && s->children[i].pid != 0 &&
                frame_send_fd(s->children[i].control, CONTROL_RELOAD, 0, file, &why) !=
                    SK_OK) {
                log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
            }
        }
        settings_free(s->settings);
        s->settings = settings;
        log_line(LOG_LEVEL_NOTICE, NULL, "%s read again", s->path);
    }
    if (file >= 0) {
        close(file);
    }
    arena_release(&arena);
}

static size_t
count_running(const struct supervisor *s, enum role role)
{
    size_t count = 0;

    for (size_t i = 0; i < s->child_count; i++) {
        count += s->children[i].role == role && s->children[i].pid != 0;
    }
    return count;
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
    tell_all(s, ROLE_WORKER, CONTROL_DRAIN);
}

/* The order of ending: workers, then keeper and clerk. True when all are gone. */
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
    if (count_running(s, ROLE_WORKER) == 0 && !*keeper_told) {
        *keeper_told = true;
        tell_all(s, ROLE_KEEPER, CONTROL_DRAIN);
        for (size_t i = 0; i < s->child_count; i++) {
            if (s->children[i].role == ROLE_CLERK && s->children[i].pid != 0) {
                kill(s->children[i].pid, SIGTERM);
            }
        }
    }
    return count_running(s, ROLE_WORKER) + count_running(s, ROLE_KEEPER) +
               count_running(s, ROLE_CLERK) ==
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
    supervisor_reap(s);
}

static int
supervisor_run(struct supervisor *s, int signals)
{
    bool keeper_told = false;

    for (;;) {
        int64_t now = clock_monotonic_ms();
        int wait_ms = s->ending ? 200 : 60000;
        for (size_t i = 0; i < s->child_count && !s->ending; i++) {
            struct child *child = &s->children[i];
            if (child->pid == 0 && child->start_at_ms <= now) {
                child_start(s, child);
            } else if (child->pid == 0 && child->start_at_ms - now < wait_ms) {
                wait_ms = (int)(child->start_at_ms - now) + 1;
            }
        }
        if (s->ending) {
            if (supervisor_ended(s, &keeper_told)) {
                return s->status;
            }
        }
        struct pollfd ready = {.fd = signals, .events = POLLIN};
        if (poll(&ready, 1, wait_ms) > 0) {
            supervisor_signals(s, signals);
        } else {
            supervisor_reap(s);
        }
    }
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

/* Binds one place; words about a failure name the key and the address. */
static enum sk_code
supervisor_listen(struct supervisor *s, const char *key,
                  const struct net_endpoint *endpoint, int *fd_r, struct why *why)
{
    struct writer place;
    struct why cause;

    if (net_listen(endpoint, fd_r, &cause) == SK_OK) {
        return SK_OK;
    }
    writer_init(&place, &s->arena);
    net_endpoint_write(&place, endpoint);
    return why_set(why, SK_CONFIG, "%s: nothing can listen at %s: %s", key,
                   writer_c(&place), cause.sentence);
}

static enum sk_code
supervisor_bind(struct supervisor *s, struct why *why)
{
    const struct arrive_settings *arrive = s->settings->arrive;
    struct net_endpoint endpoint;

    s->sockets = ARENA_NEW_MANY(&s->arena, arrive->place_count, struct doors_socket);
    for (size_t i = 0; i < arrive->place_count; i++) {
        s->sockets[i].kind = arrive->places[i].kind;
        enum sk_code code = supervisor_listen(
            s, arrive->places[i].kind == DOORS_HTTP ? "http.listen" : "transfer.listen",
            &arrive->places[i].endpoint, &s->sockets[i].fd, why);
        if (code != SK_OK) {
            return code;
        }
        s->socket_count++;
    }
    s->clerk_socket = -1;
    struct bytes listen = config_text(s->settings->config, "report.listen");
    if (listen.size > 0) {
        enum sk_code code = net_endpoint_read(listen, &endpoint, why);
        if (code == SK_OK && !endpoint.loopback) {
            code =
                why_set(why, SK_CONFIG,
                        "report.listen must be a loopback address: it has no sign-in yet");
        }
        return code != SK_OK ? code
                             : supervisor_listen(s, "report.listen", &endpoint,
                                                 &s->clerk_socket, why);
    }
    return SK_OK;
}

static void
supervisor_children(struct supervisor *s)
{
    int64_t workers = config_number(s->settings->config, "workers");

    if (workers == 0) {
        workers = sysconf(_SC_NPROCESSORS_ONLN);
        workers = workers < 1 ? 1 : workers > WORKERS_MAX ? WORKERS_MAX : workers;
    }
    s->children[s->child_count++] = (struct child){.role = ROLE_KEEPER, .control = -1};
    if (s->clerk_socket >= 0) {
        s->children[s->child_count++] = (struct child){.role = ROLE_CLERK, .control = -1};
    }
    for (unsigned i = 0; i < workers; i++) {
        s->children[s->child_count++] =
            (struct child){.role = ROLE_WORKER, .number = i, .control = -1};
    }
}

/* The record folder is made while we may still be root, and given to the user the keeper becomes. */
static enum sk_code
supervisor_folder(struct supervisor *s, struct why *why)
{
    char *folder = bytes_text(&s->arena, config_text(s->settings->config, "record.folder"));
    struct bytes user = config_text(s->settings->config, "user");

    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return why_set(why, SK_SYSTEM, "the record folder %s cannot be made", folder);
    }
    if (user.size > 0 && geteuid() == 0) {
        struct passwd *entry = getpwnam(bytes_text(&s->arena, user));
        if (entry == NULL) {
            return why_set(why, SK_CONFIG,
                           "there is no system user \"%.*s\": make it (adduser "
                           "--system) or leave `user` away",
                           BYTES_ARGUMENTS(user));
        }
        if (chown(folder, entry->pw_uid, entry->pw_gid) != 0) {
            return why_set(why, SK_SYSTEM, "the record folder %s cannot be given away",
                           folder);
        }
    }
    return SK_OK;
}

/* A made-up zone is read by each worker; that it can be read is found out before any of them is started. */
static enum sk_code
supervisor_zone(const struct settings *settings, struct why *why)
{
    struct bytes path = config_text(settings->config, "dns.zone"), text;
    struct dns_zone *zone;
    struct arena arena;
    struct why cause;

    if (path.size == 0) {
        return SK_OK;
    }
    arena_init(&arena, (size_t)1 << 28);
    enum sk_code code =
        file_read(&arena, bytes_text(&arena, path), LIMIT_MESSAGE, &text, &cause);
    if (code == SK_OK) {
        code = dns_zone_read(&arena, text, &zone, &cause);
    }
    if (code != SK_OK) {
        code = why_set(why, SK_CONFIG, "dns.zone: %s: %s", bytes_text(&arena, path),
                       cause.sentence);
    }
    arena_release(&arena);
    return code;
}

/* What this checkpoint learned before goes on from there. */
static enum sk_code
supervisor_learned(struct supervisor *s, struct why *why)
{
    struct writer w;

    writer_init(&w, &s->arena);
    writer_bytes(&w, config_text(s->settings->config, "record.folder"));
    writer_text(&w, "/" LEARNED_MODEL);
    return access(writer_c(&w), R_OK) == 0 ? judge_swap(s->judge, writer_c(&w), why)
                                           : SK_OK;
}

static enum sk_code
supervisor_open(struct supervisor *s, struct why *why)
{
    struct bytes text;
    enum sk_code code = settings_file(&s->arena, s->path, &text, why);

    if (code == SK_OK) {
        code = settings_new(text, &s->settings, why);
    }
    if (code == SK_OK) {
        log_set_level((enum log_level)config_choice(s->settings->config, "log"));
        code = supervisor_folder(s, why);
    }
    if (code == SK_OK) {
        code = supervisor_zone(s->settings, why);
    }
    if (code == SK_OK) {
        code = judge_open(&s->arena, s->settings->config, &s->judge, why);
    }
    if (code == SK_OK) {
        code = supervisor_learned(s, why);
    }
    if (code == SK_OK) {
        code = supervisor_bind(s, why);
    }
    return code;
}

int
serve_command(int count, char **arguments)
{
    static struct supervisor supervisor;
    struct supervisor *s = &supervisor;
    static const struct option_row rows[] = {
        {"config", "FILE", "configuration to use (" SETTINGS_PATH ")"},
        {"check", NULL, "only read the configuration, say what is wrong with it, and end"},
        {0},
    };
    struct options options;
    sigset_t minded;
    struct why why;

    if (!options_read(&options, "serve [--config FILE] [--check]",
                      "Runs the checkpoint in the foreground, until it is told to end.",
                      rows, count, arguments)) {
        return options.status;
    }
    s->path =
        options_has(&options, "config") ? options_value(&options, "config") : SETTINGS_PATH;
    log_set_role("supervisor");
    arena_init(&s->arena, (size_t)1 << 30);
    if (supervisor_open(s, &why) != SK_OK) {
        bool named = bytes_starts(bytes_from_text(why.sentence), bytes_from_text(s->path));
        log_line(LOG_LEVEL_ERROR, NULL, "%s%s%s", named ? "" : s->path, named ? "" : ": ",
                 why.sentence);
        return EXIT_CONFIG;
    }
    if (options_has(&options, "check")) {
        printf("%s: the configuration is good\n", s->path);
        return 0;
    }
    sigemptyset(&minded);
    sigaddset(&minded, SIGHUP);
    sigaddset(&minded, SIGTERM);
    sigaddset(&minded, SIGINT);
    sigaddset(&minded, SIGCHLD);
    sigprocmask(SIG_BLOCK, &minded, NULL);
    int signals = signalfd(-1, &minded, SFD_NONBLOCK | SFD_CLOEXEC);
    SK_ASSERT(signals >= 0);
    s->counts = mmap(NULL, sizeof *s->counts, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s->counts == MAP_FAILED) {
        log_line(LOG_LEVEL_ERROR, NULL, "no shared memory could be had");
        return EXIT_SYSTEM;
    }
    s->counts->started_ms = clock_monotonic_ms();
    supervisor_children(s);
    for (size_t i = 0; i < s->child_count; i++) {
        child_start(s, &s->children[i]);
    }
    log_line(LOG_LEVEL_NOTICE, NULL, "ready: %zu places, %zu processes", s->socket_count,
             s->child_count);
    notify_ready();
    int status = supervisor_run(s, signals);
    log_line(LOG_LEVEL_NOTICE, NULL, "ended");
    return status;
}
