/* The supervisor's part of keeping private keys: it opens their files, while it still may, and hands the descriptors to the
 * key process without reading a byte. They stay open, so that a key process that died is given the same keys again even
 * if the files were replaced since: those belong to certificates that are not in force yet. */
#pragma once

#include <sys/types.h>

#include "base/limits.h"
#include "base/why.h"
#include "net/key_ring.h"
#include "sekisho/settings.h"

struct key_files {
    struct key_file {
        int fd;
        enum key_use use;
        uint64_t fits;  /* key_id_start of the certificate; of papers the name */
        size_t line;    /* 0: not known */
        char what[300]; /* "transfer.tls_key: the key /etc/..." */
    } files[LIMIT_KEYS];
    size_t count;
};

/* Opens each file that the settings name; a secret of tags that is missing is made. SK_CONFIG names the row and the file. */
enum sk_code key_files_open(struct key_files *keys, const struct settings *settings,
                            struct why *why);
void key_files_close(struct key_files *keys);

/* Hands them over by the key process's control socket and waits for its word on each. SK_CONFIG: one does not do, and words
 * say which and why; what was in force stays. SK_LATER: no answer. */
enum sk_code key_files_hand(const struct key_files *keys, int control, struct why *why);
/* From now on those of the last key_files_hand are in force; the ones before stay good until the next time. */
void key_files_commit(int control);

/* A key process of a command's own, with the keys of papers alone; asked by paper_key_sign and paper_key_tag until it is
 * returned. SK_CONFIG: a key cannot be read, SK_SYSTEM or SK_LATER: no process. */
struct key_lender {
    pid_t child;
    int control;
};
enum sk_code key_files_borrow(struct key_lender *lender, const struct settings *settings,
                              struct why *why);
void key_files_return(struct key_lender *lender);

/* For `serve --check` and `config`: opens them and has a key process of their own, started and ended here, try them. */
enum sk_code key_files_check(const struct settings *settings, struct why *why);
