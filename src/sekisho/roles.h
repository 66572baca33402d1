/* The processes of a checkpoint. Each function runs until its process is told to end, and gives its exit status. The
 * supervisor forks first and calls them; `control` is the process's end of a SOCK_SEQPACKET pair (wire.h). */
#pragma once

#include "arrive/doors.h"
#include "judge/opinion.h"
#include "sekisho/settings.h"

struct hand;
struct personal;
struct thread_table;
struct group_weights;
struct passage_counts;
struct suspects;

struct role_start {
    struct settings *settings;
    struct judge *
        judge; /* opened before the fork: weights are shared, one teacher (the keeper), many readers */
    struct personal *personal;    /* recipients' own weights, shared in the same way */
    struct thread_table *threads; /* how far their conversations have come: the same */
    struct group_weights *group_weights; /* and those of groups */
    const struct doors_socket *sockets;
    size_t socket_count;
    int control;
    int clerk_socket;                /* listening; -1: none configured */
    unsigned number;                 /* of a worker */
    struct passage_counts *counts;   /* shared by all workers */
    const struct suspects *suspects; /* a worker's: messages that killed others */
    struct hand *hand;               /* a worker's own */
    uint64_t memory_bytes;           /* that a worker may have */
    int model_file;                  /* model_file.h; -1: the model that is built in */
    bool own_mounts;                 /* the keeper's: harden_read_only can be called */
};

int role_worker(const struct role_start *start);
/* settings NULL: without its walls, for key_files_check. */
int role_keys(const struct role_start *start);
/* While it is still root: its memory is locked, and room for keys made in it. role_keys does it where nobody has. */
void role_keys_as_root(void);
int role_keeper(const struct role_start *start);
int role_clerk(const struct role_start *start);
/* Carries out orders of the keeper (purger.c), checking each against the ledger; short-lived. */
int role_purger(const struct role_start *start, struct bytes orders);
/* The orders in a file of the keeper's; the view lasts as long as the process. SK_LIMIT: more than LIMIT_PURGE_ORDERS bytes. */
enum sk_code purger_orders(int file, struct bytes *orders_r, struct why *why);

/* What the keeper learned in this checkpoint and when it began: under the record folder. */
#define LEARNED_MODEL   "learned.model"
#define LEARNED_DIGESTS "learned.digests" /* of before; see lessons.h */
