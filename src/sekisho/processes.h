/* The processes of a running checkpoint, as the kernel tells of them (/proc). */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"

struct process_seen {
    pid_t pid;
    char name[32]; /* "sekisho-keeper", as the process calls itself */
    uint64_t
        memory; /* bytes in RAM, shared ones shared out (PSS); RSS where that may not be read */
    uint64_t cpu_ms; /* used so far */
    int64_t age_s;
    bool confined; /* no new privileges and a system call filter are in force */
};

/* The children of `supervisor`, at most `room`. 0 where there is no such process. */
size_t processes_of(pid_t supervisor, struct process_seen *seen_r, size_t room);
