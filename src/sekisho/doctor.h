/* What is wrong, and what to type: the checks behind `sekisho doctor`.
 *
 * A check looks at one thing and says how it stands in one sentence, Japanese and English; where something is wrong it
 * also says what to do, as a command where there is one. Checks change nothing. */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/config.h"

enum doctor_grade { DOCTOR_GOOD, DOCTOR_WARN, DOCTOR_BAD, DOCTOR_SKIP };

struct doctor {
    struct arena *arena;
    const struct config *config;
    const char *path;   /* of the configuration */
    const char *folder; /* of the record */
    bool running, japanese, full;
    json_t *status; /* the keeper's answer to "status"; NULL when it gave none */
};

struct doctor_finding {
    enum doctor_grade grade;
    const char *ja, *en; /* how it stands, in the arena */
    const char *act;     /* what to type or do; NULL when nothing */
};

struct doctor_check {
    const char *name; /* one word, for --json and for scripts */
    const char *ja, *en;
    void (*look)(const struct doctor *d, struct doctor_finding *f);
};

/* The checks, in the order in which faults are best mended; ends with a NULL name. */
extern const struct doctor_check doctor_checks[];
