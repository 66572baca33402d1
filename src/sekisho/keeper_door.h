/* Where the keeper is asked: its own socket in the record's folder, for commands of its user and of root. */
#pragma once

#include "base/arena.h"
#include "net/frame.h"
#include "sekisho/keeping.h"

struct event_base;
struct keeper_door;

/* Listens on FOLDER/keeper.socket (0600); one that a killed keeper left is taken over, since the ledger's lock tells that
 * no other keeper runs. */
enum sk_code keeper_door_open(struct arena *arena, struct event_base *base,
                              struct keeping *keeping, const char *folder,
                              struct keeper_door **door_r, struct why *why);
void keeper_door_close(struct keeper_door *door);

/* A WIRE_REQUEST frame that came over `link`, answered at once. by: who asks; empty: the object says it ("by"), as the
 * clerk's does. */
void keeper_door_request(struct keeping *keeping, struct frame_link *link, uint64_t token,
                         struct bytes payload, struct bytes by, const char *channel);
