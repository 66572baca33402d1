/* The supervisor's own state, shared by serve.c (opening), supervisor.c (its loop), children.c (who is started, and started
 * again), supervisor_keys.c (who holds the private keys), suspects.c (messages that kill) and errands.c (what the keeper may ask for). Nobody else reads this. */
#pragma once

#include <sys/types.h>

#include "arrive/doors.h"
#include "judge/opinion.h"
#include "sekisho/key_files.h"
#include "sekisho/passage.h"
#include "sekisho/roles.h"
#include "sekisho/settings.h"
#include "sekisho/suspects.h"
#include "sekisho/wire.h"

#define WORKERS_MAX  256
#define CHILDREN_MAX (WORKERS_MAX + 4) /* and keys, keeper, clerk, opener */
#define DRAIN_MS                                                                           \
    (10 *                                                                                  \
     60000) /* the longest a next hop may take for the final dot (RFC 5321 4.5.3.2.6) */
#define WAIT_MIN_MS 100
#define WAIT_MAX_MS 10000
#define ABORT_MS    2000 /* between SIGABRT and SIGKILL for a worker that hangs */
#define WATCH_MS    1000 /* how often is looked whether one hangs */
/* So long nobody is greeted while the record is opened; then mail is put off until it is. */
#define OPEN_MS   30000
#define STEADY_MS 10000 /* who lived that long is started again at once */

enum role { ROLE_KEEPER, ROLE_CLERK, ROLE_WORKER, ROLE_KEYS, ROLE_OPENER };

struct child {
    enum role role;
    unsigned number;
    pid_t pid; /* 0: not running */
    int control;
    int64_t started_ms, start_at_ms; /* monotonic */
    int64_t wait_ms;
    unsigned starts;
    bool deaf; /* its control socket is closed at the other end */
    bool
        segment_given; /* keeper: it has the segment that it found; from now on only new ones */
    int64_t abort_at_ms; /* a worker that hangs: when it was told to end; 0: not */
    struct hand *hand;   /* of a worker */
};

struct supervisor {
    const char *path;
    struct settings *settings;
    struct arena arena;
    struct judge *judge;
    struct thread_table *threads;
    struct personal *personal;
    struct group_weights *group_weights;
    int model_file; /* in force (model_file.h); -1: the one that is built in */
    struct passage_counts *counts;
    struct doors_socket *sockets;
    size_t socket_count;
    int clerk_socket;
    struct suspects *suspects;
    int suspects_fd;
    uint64_t memory_bytes;              /* for each worker */
    pid_t purger;                       /* 0: none runs */
    int64_t purger_end_ms;              /* when it is ended */
    struct key_files keys, keys_before; /* in force, and before the last reload */
    bool keys_good;                     /* the key process took them at its start */
    struct child children[CHILDREN_MAX];
    size_t child_count;
    char opener_path[4096]; /* of the program */
    bool begun;             /* workers and clerk may be started */
    int64_t begin_at_ms;    /* at the latest, whether the record is open or not */
    bool ending;
    int64_t kill_at_ms;
    int status;
};

/* children.c */
struct child *keeper_of(struct supervisor *s);
const char *role_name(enum role role);
void child_start(struct supervisor *s, struct child *child);
/* Takes the ends of all processes that died since. */
void children_reap(struct supervisor *s);
size_t children_running(const struct supervisor *s, enum role role);
void children_tell(struct supervisor *s, enum role role, enum wire_control what);

/* Becomes the user named by `user`, or ends the process. */
void children_become_user(struct supervisor *s);
/* Ends workers whose loop does not turn any more. */
void children_watch(struct supervisor *s);
/* What a child is given. */
struct role_start children_start(const struct supervisor *s, const struct child *child,
                                 int control);

/* errands.c: something came over a child's control socket. */
void errand_hear(struct supervisor *s, struct child *child);
/* True when the process was the purger: its result goes to the keeper. */
bool errand_purger_died(struct supervisor *s, pid_t pid, int status);
/* Ends a purger that takes too long. */
void errand_watch(struct supervisor *s);

/* memory.c: how much each of so many workers may have. */
uint64_t memory_share(const struct config *config, size_t workers);

/* supervisor_keys.c: the key process. */
struct child *keys_of(struct supervisor *s);
/* A channel to the key process for a worker or the clerk. */
void keys_introduce(struct supervisor *s, struct child *asker);
/* It was started: it gets the keys, and is introduced to all. */
void keys_started(struct supervisor *s);
/* The keys of a new configuration are tried and put in force; those of the old one stay good until the next time. */
enum sk_code keys_reload(struct supervisor *s, const struct settings *settings,
                         struct why *why);
/* In a child: their descriptors are closed. */
void keys_forget(struct supervisor *s);

/* supervisor.c: the record is open (or takes too long): workers and clerk are started. */
void supervisor_begin(struct supervisor *s);
/* Until all children have ended; `signals` is a signalfd. Gives the exit status. */
int supervisor_run(struct supervisor *s, int signals);
