/* sekisho-opener: makes a process for each attachment that somebody asks about, and ends it when it takes too long.
 *
 *     sekisho-opener CONTROL TIME_MS MEMORY BYTES PROCESSES STRICT
 *
 * Nobody types that: the supervisor and some commands execute it (opener.h), with the number of a descriptor for what they
 * say and the values of the section [attachments]. Its life is one poll loop: channels come over the control socket,
 * ends of streams over the channels, and for each a process is forked, at most PROCESSES at a time; the others wait in a
 * line, with a bound. It ends when its control socket does.
 *
 * The loop itself reads nothing of what strangers wrote, nor of what those processes answer. A process that ends badly is
 * told of in its place: the opener kept its end of the stream for that. */
#define SK_BASE
#include "sekisho/opener.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "net/frame.h"
#include "open/look.h"
#include "sekisho/harden_private.h"
#include "sekisho/options.h"
#include "sekisho/wire.h"

#define STREAM_FD   3 /* in a child, where all others are closed */
#define PATIENCE_MS 30000
#define FULL_MEMORY 77 /* exit status of a child whose arena is full */
#define TURN_MS     20 /* how soon an ended child is noticed at the latest */
#define AFTER_MS                                                                           \
    500 /* a child that is late ends itself first; that much later it is ended */

struct child {
    pid_t pid; /* 0: free */
    int stream;
    int64_t end_ms;
    bool late;
};

struct openers {
    int64_t time_ms;
    uint64_t memory, bytes;
    size_t processes;
    bool strict;
    int nothing; /* /dev/null: what libraries print about a stranger's file is no log of ours */
    struct pollfd ends[1 + LIMIT_OPENER_CHANNELS]; /* the control socket first */
    size_t end_count;
    int waiting[LIMIT_OPENER_WAITING]; /* a ring */
    size_t first, waiting_count;
    struct child children[LIMIT_OPENER_CHILDREN];
    size_t running;
};

/* --- in the child ----------------------------------------------------------------------------------------------- */

static void
child_tell(void *context, const struct opened *so_far)
{
    struct arena *arena = context;
    struct writer w;
    struct why why;

    writer_init(&w, arena);
    opened_write(so_far, &w);
    if (frame_send_now(STREAM_FD, OPENED_SO_FAR, 0, writer_view(&w), PATIENCE_MS, &why) !=
        SK_OK) {
        _exit(EXIT_OK); /* nobody listens any more */
    }
}

__attribute__((noreturn)) static void
child_live(const struct openers *o, int stream, int64_t end_ms)
{
    static struct arena arena;
    struct opening opening;
    struct opened opened;
    struct bytes payload;
    struct writer w;
    uint32_t type;
    uint64_t token;
    jmp_buf guard;
    struct why why;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(o->nothing, STDERR_FILENO);
    if (stream != STREAM_FD) {
        dup2(stream, STREAM_FD);
    }
    close_range(STREAM_FD + 1, ~0u, 0);
    if (harden_filter(HARDEN_OPENED, &why) != SK_OK && o->strict) {
        _exit(EXIT_CONFIG);
    }
    arena_init(&arena, o->memory);
    if (setjmp(guard) != 0) {
        _exit(FULL_MEMORY);
    }
    arena_guard(&arena, &guard);
    if (frame_wait(&arena, STREAM_FD, PATIENCE_MS, &type, &token, &payload, &why) !=
            SK_OK ||
        type != OPENED_ASK || opening_read(payload, &opening) != SK_OK) {
        _exit(EXIT_DATA);
    }
    const struct look_limits limits = {.bytes = o->bytes, .end_ms = end_ms};
    look(&arena, &opening, &limits, child_tell, &arena, &opened);
    writer_init(&w, &arena);
    opened_write(&opened, &w);
    (void)!frame_send_now(STREAM_FD, OPENED_DONE, 0, writer_view(&w), PATIENCE_MS, &why);
    _exit(EXIT_OK);
}

/* --- in the opener ---------------------------------------------------------------------------------------------- */

static void
fail(int stream, uint32_t fact)
{
    struct arena arena;
    struct writer w;
    struct why why;

    arena_init(&arena, ARENA_BLOCK_SIZE * 2);
    writer_init(&w, &arena);
    frame_put_number(&w, fact);
    (void)!frame_send_now(stream, OPENED_FAILED, 0, writer_view(&w), TURN_MS, &why);
    arena_release(&arena);
    close(stream);
}

static void
start(struct openers *o, int stream)
{
    struct child *c = o->children;

    while (c->pid != 0) {
        c++;
    }
    int64_t end_ms = clock_monotonic_ms() + o->time_ms;
    pid_t pid = fork();
    if (pid == 0) {
        child_live(o, stream, end_ms);
    }
    if (pid < 0) {
        fail(stream, FACT_UNOPENED);
        return;
    }
    *c = (struct child){.pid = pid, .stream = stream, .end_ms = end_ms + AFTER_MS};
    o->running++;
}

static void
start_waiting(struct openers *o)
{
    while (o->running < o->processes && o->waiting_count > 0) {
        int stream = o->waiting[o->first];
        o->first = (o->first + 1) % LIMIT_OPENER_WAITING;
        o->waiting_count--;
        start(o, stream);
    }
}

static void
take(struct openers *o, int stream)
{
    if (o->waiting_count == LIMIT_OPENER_WAITING) {
        fail(stream, FACT_UNOPENED);
        return;
    }
    o->waiting[(o->first + o->waiting_count++) % LIMIT_OPENER_WAITING] = stream;
}

/* What an end that was not good says: the time was over, or the memory; anything else is a crash. */
static uint32_t
ended_of(const struct child *c, int status)
{
    if (c->late) {
        return FACT_LIMIT_TIME;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == FULL_MEMORY ? FACT_LIMIT_MEMORY
                                                                   : FACT_UNOPENED;
}

static void
reap(struct openers *o)
{
    int status;

    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        for (size_t i = 0; i < LIMIT_OPENER_CHILDREN; i++) {
            struct child *c = &o->children[i];
            if (c->pid != pid) {
                continue;
            }
            if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_OK) {
                close(c->stream);
            } else if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_DATA) {
                close(c->stream); /* who asked went away */
            } else {
                log_line(LOG_LEVEL_NOTICE, NULL,
                         "an attachment could not be read to its end: %s %d%s",
                         WIFSIGNALED(status) ? "signal" : "status",
                         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                         c->late ? ", its time was over" : "");
                fail(c->stream, ended_of(c, status));
            }
            c->pid = 0;
            o->running--;
        }
    }
}

static void
end_late(struct openers *o)
{
    int64_t now = clock_monotonic_ms();

    for (size_t i = 0; i < LIMIT_OPENER_CHILDREN; i++) {
        struct child *c = &o->children[i];
        if (c->pid != 0 && !c->late && now >= c->end_ms) {
            c->late = true;
            kill(c->pid, SIGKILL);
        }
    }
}

static void
close_end(struct openers *o, size_t i)
{
    close(o->ends[i].fd);
    o->ends[i] = o->ends[--o->end_count];
}

/* A new channel, or the end. false: the control socket is closed. */
static bool
control_says(struct openers *o)
{
    uint32_t type;
    uint64_t token;
    int given;
    struct why why;
    enum sk_code code;

    while ((code = frame_receive_fd(o->ends[0].fd, &type, &token, &given, &why)) == SK_OK) {
        if (type == CONTROL_DRAIN) {
            return false;
        }
        if (given < 0) {
            continue;
        }
        if (type == CONTROL_PEER && o->end_count < 1 + LIMIT_OPENER_CHANNELS) {
            o->ends[o->end_count++] = (struct pollfd){.fd = given, .events = POLLIN};
        } else {
            close(given);
        }
    }
    return code == SK_MORE;
}

/* Ends of streams; a channel that breaks the form is closed. */
static bool
channel_says(struct openers *o, int channel)
{
    uint32_t type;
    uint64_t token;
    int given;
    struct why why;
    enum sk_code code = SK_OK;

    /* A few in a turn, so that no worker keeps the others waiting. */
    for (int i = 0; i < 8 && code == SK_OK; i++) {
        code = frame_receive_fd(channel, &type, &token, &given, &why);
        if (code == SK_OK && given >= 0) {
            if (type == OPENER_STREAM) {
                take(o, given);
            } else {
                close(given);
            }
        }
    }
    return code == SK_OK || code == SK_MORE;
}

static void
loop(struct openers *o)
{
    for (;;) {
        int wait_ms = o->running > 0 ? TURN_MS : -1;
        if (poll(o->ends, o->end_count, wait_ms) < 0) {
            SK_ASSERT(errno == EINTR); /* a child has ended */
            for (size_t i = 0; i < o->end_count; i++) {
                o->ends[i].revents = 0;
            }
        }
        if (o->ends[0].revents != 0 && !control_says(o)) {
            return;
        }
        for (size_t i = o->end_count; i-- > 1;) {
            if (o->ends[i].revents != 0 && !channel_says(o, o->ends[i].fd)) {
                close_end(o, i);
            }
        }
        end_late(o);
        reap(o);
        start_waiting(o);
    }
}

static void
wake(int signal_number)
{
    (void)signal_number; /* poll returns, that is all */
}

static bool
number(const char *text, int64_t least, int64_t most, int64_t *number_r)
{
    char *end;

    errno = 0;
    *number_r = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' && *number_r >= least && *number_r <= most;
}

int
main(int count, char **arguments)
{
    static struct openers openers;
    static const struct harden_path paths[] = {{"/usr/share/poppler", HARDEN_READ}};
    struct openers *o = &openers;
    int64_t control, memory, bytes, processes, strict;
    struct why why;

    if (count != 7 || !number(arguments[1], 3, 1 << 20, &control) ||
        !number(arguments[2], 1, 3600000, &o->time_ms) ||
        !number(arguments[3], 1 << 20, 1ll << 40, &memory) ||
        !number(arguments[4], 1, 1ll << 40, &bytes) ||
        !number(arguments[5], 1, LIMIT_OPENER_CHILDREN, &processes) ||
        !number(arguments[6], 0, 1, &strict)) {
        fprintf(stderr, "sekisho-opener: started by sekisho(8), not by hand\n");
        return EXIT_USAGE;
    }
    log_set_role("opener");
    o->memory = (uint64_t)memory;
    o->bytes = (uint64_t)bytes;
    o->processes = (size_t)processes;
    o->strict = strict != 0;
    if (control > 3) {
        close_range(3, (unsigned)control - 1, 0);
    }
    close_range((unsigned)control + 1, ~0u, 0);
    o->nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    o->ends[o->end_count++] = (struct pollfd){.fd = (int)control, .events = POLLIN};
    (void)fcntl((int)control, F_SETFD, FD_CLOEXEC);
    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGCHLD, &(struct sigaction){.sa_handler = wake}, NULL);
    look_prepare();
    const struct harden harden = {.role = HARDEN_OPENER,
                                  .strict = o->strict,
                                  .paths = paths,
                                  .path_count = sizeof paths / sizeof paths[0],
                                  .memory_bytes = o->memory};
    if (harden_process(&harden, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
        return EXIT_CONFIG;
    }
    loop(o);
    return EXIT_OK;
}
