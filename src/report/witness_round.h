/* One round to the witnesses of our ledger: the present checkpoint goes to each, with a proof that it goes on from what
 * that witness saw last; what they cosign comes back in one note. A witness that does not answer delays nobody else and
 * nothing else; its name and the reason are told. */
#pragma once

#include "net/loop.h"
#include "net/tls.h"
#include "record/witness.h"

struct evdns_base;
struct witness_round;

struct witness_told {
    struct bytes name;
    bool cosigned;
    char words[200]; /* why not */
};

/* note: the checkpoint with all cosignatures; empty if there was none. From the loop, once. */
typedef void witness_round_done(void *context, struct bytes note,
                                const struct witness_told *told, size_t count);

struct witness_place {
    struct event_base *base;
    struct evdns_base *dns;
    const struct tls_context *tls;
    int folder; /* of the record */
};

/* The round lives in the arena, as all that `done` is given, until witness_round_close. SK_BAD: no checkpoint yet. */
enum sk_code witness_round_start(struct arena *arena, const struct witness_place *place,
                                 const struct witness_peer *peers, size_t count,
                                 witness_round_done *done, void *context,
                                 struct witness_round **round_r, struct why *why);
void witness_round_close(struct witness_round *round);
