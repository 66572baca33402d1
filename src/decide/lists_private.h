/* A recipient's own lists of senders: his wish, and so its own ground. In the order that the carriers of Japan publish and
 * their users expect: what he allows is above what he refuses, and both are above the check for forged senders. */
#pragma once

#include "decide/policy_private.h"

enum listed { LISTED_NONE, LISTED_ALLOW, LISTED_REFUSE, LISTED_ONLY };

struct lists_answer {
    enum listed listed;
    const struct finding *finding; /* for listed; NULL for LISTED_NONE */
    /* Mail that was forwarded to him: no check for forged senders, for which the forwarder's host must fail. NULL: no. */
    const struct finding *rescued;
};

/* letter may be NULL: then the envelope's sender alone counts. */
struct lists_answer lists_ask(struct arena *arena, const struct policy *policy,
                              const struct permit_recipient *permit,
                              const struct arrival *arrival, const struct letter *letter,
                              const struct origin *origin);
