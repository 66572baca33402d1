/* The processes of a checkpoint. Each function runs until its process is told to end, and gives its exit status. The
 * supervisor forks first and calls them; `control` is the process's end of a SOCK_SEQPACKET pair (wire.h). */
#pragma once

#include "arrive/doors.h"
#include "judge/opinion.h"
#include "sekisho/settings.h"

struct passage_counts;

struct role_start {
    struct settings *settings;
    struct judge *
        judge; /* opened before the fork: weights are shared, one teacher (the keeper), many readers */
    const struct doors_socket *sockets;
    size_t socket_count;
    int control;
    int clerk_socket;              /* listening; -1: none configured */
    unsigned number;               /* of a worker */
    struct passage_counts *counts; /* shared by all workers */
};

int role_worker(const struct role_start *start);
int role_keeper(const struct role_start *start);
int role_clerk(const struct role_start *start);

/* What the keeper learned in this checkpoint and when it began: under the record folder. */
#define LEARNED_MODEL   "learned.model"
#define LEARNED_DIGESTS "learned.digests"
