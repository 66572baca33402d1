/* A list, as configured and as it is doing. */
#pragma once

#include "trace/lists.h"

enum list_state {
    LIST_UNKNOWN, /* its test points are asked with the next message */
    LIST_GOOD,    /* until then they need not be asked again */
    LIST_BROKEN,  /* set aside until then: it refuses, or its test points are wrong */
    LIST_SILENT,  /* set aside until then: it does not answer */
};

struct dns_list {
    struct bytes name, zone; /* lower case, no final dot */
    bool of_domains, good, text, test;
    double weight;
    struct list_accept *accepts;
    size_t accept_count; /* 0: all of 127.0.0.0/8 that is not nonsense */

    /* What changes while it is asked. */
    enum list_state state;
    int64_t until_s;
    unsigned failures; /* messages in a row without an answer */
    const char *why, *told;
};

struct dns_lists {
    struct dns_list *lists;
    size_t count;
};

/* What one answer of a list says. */
struct list_meaning {
    bool listed, unanswered;
    const char *nonsense; /* why no list of this kind answers so; NULL: it may */
    uint32_t answer;      /* what was listed, or was nonsense */
};
struct list_meaning list_meaning_of(const struct dns_list *list,
                                    const struct dns_answer *answer);
/* Notes listed_bad and listed_good from origin->listed. */
void lists_note(struct arena *arena, const struct dns_lists *lists, struct origin *origin);
