#include "report/crew.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "net/frame.h"
#include "net/loop.h"

#define JOB_ARENA   ((size_t)1 << 30)
#define LINK_FD     3
#define AGAIN_MS    1000 /* before a member that died is forked anew */
#define FOREVER_MS  86400000
#define ANSWER_TYPE 1
#define ANSWER_MOST (LIMIT_WIRE_FRAME - 16) /* a frame has its code and size as well */
#define PATIENCE_MS 10000                   /* for the clerk to take an answer */

struct crew_job {
    struct crew_job *next;
    struct arena arena;
    uint32_t job;
    struct bytes request;
    crew_told *told;
    void *context;
};

struct crew_member {
    struct crew *crew;
    struct frame_link *link; /* NULL: not running */
    pid_t pid;
    struct crew_job *first, **last; /* the first one is being done when busy */
    bool busy;
    struct loop_task again, late;
};

struct crew {
    struct event_base *base;
    crew_work *work;
    void *context;
    struct crew_member members[CREW_LANES];
    size_t count; /* jobs that wait or are being done */
};

/* The member's life: it waits for a job, does it, answers. */
__attribute__((noreturn)) static void
member_live(struct crew *crew, int fd)
{
    struct why why;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    if (fd != LINK_FD) {
        dup2(fd, LINK_FD);
    }
    close_range(LINK_FD + 1, ~0u, 0);
    log_set_role("clerk's crew");
    for (;;) {
        struct arena arena;
        struct writer answer, frame;
        struct bytes request;
        uint32_t job;
        uint64_t token;
        arena_init(&arena, JOB_ARENA);
        if (frame_wait(&arena, LINK_FD, FOREVER_MS, &job, &token, &request, &why) !=
            SK_OK) {
            _exit(0);
        }
        writer_init(&answer, &arena);
        enum sk_code code = crew->work(crew->context, &arena, job, request, &answer);
        if (answer.size > ANSWER_MOST) {
            code = SK_LIMIT;
            writer_clear(&answer);
        }
        writer_init(&frame, &arena);
        frame_put_number(&frame, code);
        frame_put_bytes(&frame, writer_view(&answer));
        if (frame_send_now(LINK_FD, ANSWER_TYPE, token, writer_view(&frame), PATIENCE_MS,
                           &why) != SK_OK) {
            _exit(0);
        }
        arena_release(&arena);
    }
}

static void
member_next(struct crew_member *m)
{
    struct crew_job *job = m->first;

    if (m->busy || job == NULL || m->link == NULL) {
        return;
    }
    m->busy = true;
    frame_send(m->link, job->job, 0, &job->request, 1);
    loop_task_after(&m->late, LIMIT_CLERK_JOB_S * 1000);
}

/* Takes the job in hand from the queue and tells who asked. */
static void
member_tell(struct crew_member *m, enum sk_code code, struct bytes answer)
{
    struct crew_job *job = m->first;

    m->busy = false;
    loop_task_cancel(&m->late);
    m->first = job->next;
    if (m->first == NULL) {
        m->last = &m->first;
    }
    m->crew->count--;
    job->told(job->context, code, answer);
    struct arena arena = job->arena;
    arena_release(&arena);
}

static void
on_frame(void *context, struct frame_link *link, uint32_t type, uint64_t token,
         struct bytes payload)
{
    struct crew_member *m = context;
    struct frame_reader r = {.rest = payload};

    if (!m->busy) {
        return;
    }
    uint64_t code = frame_get_number(&r);
    struct bytes answer = frame_get_bytes(&r);
    member_tell(m, r.broken || code > SK_CONFIG ? SK_BAD : (enum sk_code)code, answer);
    member_next(m);
}

static void
member_gone(struct crew_member *m)
{
    if (m->link == NULL) {
        return;
    }
    frame_link_close(m->link);
    m->link = NULL;
    (void)!kill(m->pid, SIGKILL);
    (void)!waitpid(m->pid, NULL, 0);
    m->pid = 0;
    loop_task_after(&m->again, AGAIN_MS);
    if (m->busy) {
        log_line(LOG_LEVEL_WARNING, NULL,
                 "a search or look-up was ended: it took too long "
                 "or failed");
        member_tell(m, SK_LATER, BYTES_NONE);
    }
}

static void
on_gone(void *context, struct frame_link *link)
{
    member_gone(context);
}

static void
on_late(void *context)
{
    member_gone(context);
}

static const struct frame_calls calls = {on_frame, on_gone};

static enum sk_code
member_start(struct crew_member *m, struct why *why)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return why_set(why, SK_SYSTEM, "no socket pair could be had");
    }
    m->pid = fork();
    if (m->pid < 0) {
        close(pair[0]);
        close(pair[1]);
        return why_set(why, SK_SYSTEM, "no process could be had for the clerk's crew");
    }
    if (m->pid == 0) {
        member_live(m->crew, pair[1]);
    }
    close(pair[1]);
    m->link = frame_link_open(m->crew->base, pair[0], &calls, m);
    return SK_OK;
}

static void
on_again(void *context)
{
    struct crew_member *m = context;
    struct why why;

    if (member_start(m, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
        loop_task_after(&m->again, AGAIN_MS);
        return;
    }
    member_next(m);
}

enum sk_code
crew_open(struct arena *arena, struct event_base *base, crew_work *work, void *context,
          struct crew **crew_r, struct why *why)
{
    struct crew *crew = ARENA_NEW(arena, struct crew);

    *crew = (struct crew){.base = base, .work = work, .context = context};
    for (size_t i = 0; i < CREW_LANES; i++) {
        struct crew_member *m = &crew->members[i];
        m->crew = crew;
        m->last = &m->first;
        loop_task_init(&m->again, base, on_again, m);
        loop_task_init(&m->late, base, on_late, m);
        enum sk_code code = member_start(m, why);
        if (code != SK_OK) {
            return code;
        }
    }
    *crew_r = crew;
    return SK_OK;
}

bool
crew_ask(struct crew *crew, enum crew_lane lane, uint32_t job, struct bytes request,
         crew_told *told, void *context)
{
    struct crew_member *m = &crew->members[lane];
    struct arena arena;

    if (crew->count >= LIMIT_CLERK_ASKED) {
        return false;
    }
    arena_init(&arena, (size_t)1 << 20);
    struct crew_job *j = ARENA_NEW(&arena, struct crew_job);
    j->job = job;
    j->request = bytes_copy(&arena, request);
    j->told = told;
    j->context = context;
    j->arena = arena;
    *m->last = j;
    m->last = &j->next;
    crew->count++;
    member_next(m);
    return true;
}

void
crew_close(struct crew *crew)
{
    for (size_t i = 0; i < CREW_LANES; i++) {
        struct crew_member *m = &crew->members[i];
        loop_task_cancel(&m->again);
        loop_task_cancel(&m->late);
        if (m->link != NULL) {
            frame_link_close(m->link);
            (void)!kill(m->pid, SIGKILL);
            (void)!waitpid(m->pid, NULL, 0);
        }
        while (m->first != NULL) {
            struct crew_job *job = m->first;
            m->first = job->next;
            struct arena arena = job->arena;
            arena_release(&arena);
        }
    }
}
