/* A child's side of its control socket: what the supervisor sends, and what a child may ask of it and waits for.
 *
 * While a child waits for an answer other messages may come: they are put by and given out by control_receive afterwards,
 * in their order. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

#define CONTROL_LATER_MAX                                                                  \
    600 /* an introduction for each worker there can be, twice, and some more */

struct control {
    int fd;
    struct control_message {
        uint32_t type;
        uint64_t token;
        int given; /* descriptor; -1: none */
    } later[CONTROL_LATER_MAX];
    size_t later_count;
};

/* SK_MORE: nothing there. SK_BAD: the supervisor is gone. A descriptor becomes the caller's. */
enum sk_code control_receive(struct control *control, struct control_message *message_r,
                             struct why *why);
/* Sends a question with a descriptor (or -1) and waits for the answer of the same type. SK_LATER: none came in time. */
enum sk_code control_ask(struct control *control, uint32_t type, uint64_t token, int fd,
                         struct control_message *answer_r, struct why *why);
