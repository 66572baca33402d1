/* Shuts the doors behind a process that touches what strangers wrote.
 *
 * Each process opens what it needs, then calls harden_process, and from then on can do its own work and nothing else, even
 * if a hostile mail takes it over. Four walls, each of which stands alone:
 *
 *     privilege    no capabilities, no new ones ever (no_new_privs); not dumpable, so its memory is nobody's but root's
 *     Landlock     files: only beneath the paths given; TCP: no listening; no signals to anyone else, no abstract sockets
 *     seccomp      system calls: an allow-list for the role. What only an attacker calls ends the process (SIGSYS); the rest
 *                  fails with EPERM
 *     mounts       the keeper sees journal/ read-only; it appends by a descriptor that the supervisor made for it
 *
 * What the kernel lacks is said in the log once and the process goes on (`harden = best`), or does not start (`harden =
 * strict`). docs/decisions/0004-hardened-processes.md says which calls, and why. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

/* The keeper's descriptor for the journal always has this number, so that seccomp can name it. */
#define HARDEN_SEGMENT 99

enum harden_role {
    HARDEN_WORKER, /* sockets to clients, next hop and DNS; no files at all */
    HARDEN_CLERK,  /* reads the record and the console's files; connects, threads */
    HARDEN_KEEPER, /* writes the record folder but for journal/; no sockets of its own making */
    HARDEN_KEYS,   /* reads and writes what is open already; no files, no sockets */
    HARDEN_PURGER, /* writes beneath the paths given, and ends soon */
    HARDEN_OPENER, /* makes a process for each attachment, and reads none of them */
    HARDEN_OPENED, /* such a process: reads beneath the paths given, and answers; under the opener's walls and its own */
};

enum harden_right { HARDEN_READ, HARDEN_WRITE };

struct harden_path {
    const char *
        path; /* a file, or a folder with all beneath it; one that is not there is passed over */
    enum harden_right right;
};

struct harden {
    enum harden_role role;
    bool strict;
    const struct harden_path *paths;
    size_t path_count;
    uint64_t
        memory_bytes; /* that it may have besides what it has (RLIMIT_DATA); 0: no bound */
};

/* Never to be undone. SK_CONFIG: something is missing and `strict` is set. */
enum sk_code harden_process(const struct harden *harden, struct why *why);

/* What this kernel offers: 0 for none, else Landlock's ABI version; whether seccomp filters can be had. */
int harden_landlock(void);
bool harden_seccomp(void);

/* While it is still root: what this process has given up nobody it becomes or starts can get back. */
void harden_no_bounds(void);

/* For the keeper, while it is still root: own mounts, and the one capability that harden_read_only needs is kept when it
 * becomes another user. false: not to be had (no root, or a container without the right). */
bool harden_own_mounts(void);
/* After the change of user: gives up everything but that capability. */
void harden_keep_mount_right(void);
/* Everything beneath the folder becomes read-only for this process, whatever its files' modes say; and /proc is hidden from
 * it, because /proc/self/fd opens a descriptor anew, by the mount it came from and not only for appending. */
enum sk_code harden_read_only(const char *folder, struct why *why);

struct role_start;
/* The walls of a role with the paths of its configuration (harden_roles.c). Logs what is missing. */
enum sk_code harden_role(enum harden_role role, const struct role_start *start,
                         struct why *why);
