/* Rounds to the witnesses of our ledger, one every record.witness_every (report/witness_round.h). Nothing waits for them:
 * a witness that is away is a line in the log, told when it goes and when it is back. Without a section [witness NAME]
 * nothing is done. */
#pragma once

#include "base/config.h"
#include "net/loop.h"
#include "net/tls.h"

struct witness_every;

/* Opens what it needs (the record's folder, the resolvers of dns.servers or else of the machine), so before the process gives up its rights. tls: a
 * client's, that verifies; NULL: https is not to be had. ask: sends a request to the keeper; false: it is away. */
enum sk_code witness_every_open(struct arena *arena, struct event_base *base,
                                const struct config *config, const struct tls_context *tls,
                                bool (*ask)(void *context, struct bytes request),
                                void *context, struct witness_every **every_r,
                                struct why *why);
void witness_every_close(struct witness_every *every);
