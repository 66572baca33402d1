/* Asking the keeper, from a command. Where a keeper runs, it is asked over its socket (FOLDER/keeper.socket, for its own
 * user and root only); where none runs, the command takes the record's lock and does the work itself. */
#pragma once

#include "base/arena.h"
#include "base/config.h"
#include "base/why.h"

#define KEEPER_SOCKET "keeper.socket"

/* request: a JSON object (requests.h). reply_r: a JSON object in the arena. On a code other than SK_OK why says what the
 * keeper said. SK_LATER: it did not answer in time, and may or may not have done it. */
enum sk_code ask_keeper(struct arena *arena, const struct config *config,
                        struct bytes request, struct bytes *reply_r, struct why *why);
/* Whether there is a record at all: asking with no keeper makes one. */
bool ask_keeper_record(struct arena *arena, const struct config *config);
/* Whether a keeper is running on the record. */
bool ask_keeper_runs(const struct config *config);
