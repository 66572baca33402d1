/* What children ask of the supervisor: only the keeper asks, and only for what it must not be able to do itself.
 *
 *     CONTROL_SEGMENT  a descriptor of a journal segment that takes bytes at its end and nothing else
 *     CONTROL_READY    nothing: it tells that the record is open
 *     CONTROL_PURGE    a purger: a short-lived process that makes entries unreadable, after it has checked each order against
 *                      the ledger */
#define SK_BASE
#include "sekisho/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "judge/thread_table.h"
#include "net/frame.h"
#include "record/journal.h"
#include "sekisho/harden.h"
#include "sekisho/options.h"

#define PURGER_MS     600000
#define PURGER_FAILED 255

static void
answer(struct supervisor *s, enum wire_control type, uint64_t token, int fd)
{
    struct child *keeper = keeper_of(s);
    struct why why;

    if (keeper->pid != 0 &&
        frame_send_fd(keeper->control, type, token, fd, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "the keeper could not be answered: %s",
                 why.sentence);
    }
}

/* Given to the user that the keeper is, so that a keeper started later can read it and cut a torn tail. */
static bool
give_away(const struct supervisor *s, struct arena *arena, int fd)
{
    struct bytes user = config_text(s->settings->config, "user");

    if (user.size == 0 || geteuid() != 0) {
        return true;
    }
    struct passwd *entry = getpwnam(bytes_text(arena, user));
    return entry != NULL && fchown(fd, entry->pw_uid, entry->pw_gid) == 0;
}

/* The first one that a keeper asks for is the segment it found, or the very first; all later ones must be new. So a keeper
 * that was taken over gets no second descriptor of what it wrote before. */
static int
segment_open(struct supervisor *s, struct child *keeper, uint64_t first)
{
    char name[JOURNAL_NAME_SIZE];
    struct arena arena;
    int fd = -1;

    arena_init(&arena, 1u << 20);
    int folder = open(bytes_text(&arena, config_text(s->settings->config, "record.folder")),
                      O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int journal = folder < 0 ? -1
                             : openat(folder, "journal",
                                      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    journal_name(first, name);
    if (journal >= 0) {
        fd = openat(journal, name + strlen("journal/"),
                    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC |
                        (keeper->segment_given ? O_EXCL : 0),
                    0600);
    }
    /* The name must be as durable as what will stand in the file. */
    if (fd >= 0 && (!give_away(s, &arena, fd) || fsync(journal) != 0)) {
        close(fd);
        fd = -1;
    }
    if (fd < 0) {
        log_line(LOG_LEVEL_ERROR, NULL, "the keeper's segment %s cannot be made: %s", name,
                 strerror(errno));
    }
    if (journal >= 0) {
        close(journal);
    }
    if (folder >= 0) {
        close(folder);
    }
    arena_release(&arena);
    return fd;
}

static void
errand_segment(struct supervisor *s, struct child *keeper, uint64_t first)
{
    int fd = segment_open(s, keeper, first);

    keeper->segment_given = keeper->segment_given || fd >= 0;
    answer(s, CONTROL_SEGMENT, first, fd);
    if (fd >= 0) {
        close(fd);
    }
}

/* In the purger's process. */
static void
purger_run(struct supervisor *s, int orders)
{
    struct role_start start = children_start(s, NULL, -1);
    struct bytes text;
    struct why why;

    for (size_t i = 0; i < s->child_count; i++) {
        if (s->children[i].control >= 0) {
            close(s->children[i].control);
        }
        if (s->children[i].hand != NULL) {
            munmap(s->children[i].hand, sizeof *s->children[i].hand);
        }
    }
    munmap(s->suspects, sizeof *s->suspects);
    thread_table_only_read(s->threads);
    close(s->suspects_fd);
    for (size_t i = 0; i < s->socket_count; i++) {
        close(s->sockets[i].fd);
    }
    if (s->clerk_socket >= 0) {
        close(s->clerk_socket);
    }
    keys_forget(s);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    umask(0077);
    log_set_role("purger");
    if (geteuid() == 0) {
        harden_no_bounds();
    }
    children_become_user(s);
    if (purger_orders(orders, &text, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
        _exit(PURGER_FAILED);
    }
    if (harden_role(HARDEN_PURGER, &start, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
        _exit(PURGER_FAILED);
    }
    _exit(role_purger(&start, text));
}

static void
errand_purge(struct supervisor *s, int orders)
{
    if (orders < 0 || s->purger != 0 || s->ending) {
        answer(s, CONTROL_PURGE, PURGER_FAILED, -1);
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        purger_run(s, orders);
    }
    if (pid < 0) {
        answer(s, CONTROL_PURGE, PURGER_FAILED, -1);
        return;
    }
    s->purger = pid;
    s->purger_end_ms = clock_monotonic_ms() + PURGER_MS;
}

bool
errand_purger_died(struct supervisor *s, pid_t pid, int status)
{
    if (s->purger == 0 || pid != s->purger) {
        return false;
    }
    s->purger = 0;
    answer(s, CONTROL_PURGE, WIFEXITED(status) ? WEXITSTATUS(status) : PURGER_FAILED, -1);
    return true;
}

void
errand_watch(struct supervisor *s)
{
    if (s->purger != 0 && clock_monotonic_ms() >= s->purger_end_ms) {
        log_line(LOG_LEVEL_ERROR, NULL, "the purger took too long: it is ended");
        kill(s->purger, SIGKILL);
    }
}

void
errand_hear(struct supervisor *s, struct child *child)
{
    uint32_t type;
    uint64_t token;
    int given;
    struct why why;

    for (;;) {
        enum sk_code code = frame_receive_fd(child->control, &type, &token, &given, &why);
        if (code == SK_MORE) {
            return;
        }
        if (code != SK_OK) { /* it ends: SIGCHLD tells */
            child->deaf = true;
            return;
        }
        if (child->role == ROLE_KEEPER && type == CONTROL_SEGMENT) {
            errand_segment(s, child, token);
        } else if (child->role == ROLE_KEEPER && type == CONTROL_PURGE) {
            errand_purge(s, given);
        } else if (child->role == ROLE_KEEPER && type == CONTROL_READY) {
            supervisor_begin(s);
        } else if (child->role != ROLE_KEYS) { /* whose word on a key may come too late */
            log_line(LOG_LEVEL_ERROR, NULL, "%s %u asked for something it may not ask for",
                     role_name(child->role), child->number);
        }
        if (given >= 0) {
            close(given);
        }
    }
}
