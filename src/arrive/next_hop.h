/* A client of SMTP (RFC 5321) or LMTP (RFC 2033): our session with the server behind us.
 *
 * Opened for one client session; commands are queued, sent in groups when the server offers PIPELINING, and answered
 * in their order by the `answered` given with each. When the server cannot be reached, dies, or talks nonsense, each
 * waiting command is answered with a 4xx of our own (`ours` is set), so that the caller needs no second path. Answers
 * come from the loop, never from inside a next_hop_ function. What a command is given must live until it is answered
 * or the next hop is closed. */
#pragma once

#include "arrive/arrival.h"
#include "arrive/settings.h"
#include "net/loop.h"

struct next_hop;

struct next_hop_reply {
    unsigned code;
    struct bytes line; /* clean for relaying: "250 2.1.5 ok"; good during the callback */
    bool ours;
};

enum next_hop_command { NEXT_HOP_MAIL, NEXT_HOP_RCPT, NEXT_HOP_MESSAGE, NEXT_HOP_RSET };

/* index: as given with MAIL and RCPT; for a message 0, and under LMTP that of the accepted recipient. */
typedef void next_hop_answered(void *context, enum next_hop_command command, size_t index,
                               const struct next_hop_reply *reply);

/* Starts to connect. `client` (its client, client_name, helo, user, esmtp) is told by XCLIENT where configured; read
 * during this call only. */
struct next_hop *next_hop_open(struct arena *arena, struct event_base *base,
                               const struct next_hop_settings *settings,
                               const struct arrival *client, next_hop_answered *answered,
                               void *context);
/* MAIL with the envelope's parameters as far as the server offers them. */
void next_hop_mail(struct next_hop *hop, const struct arrival *envelope, size_t size,
                   size_t index);
void next_hop_rcpt(struct next_hop *hop, const struct arrival_recipient *recipient,
                   size_t index);
/* RSET; its answer is not told. */
void next_hop_rset(struct next_hop *hop);
/* DATA and the pieces in a row, dots stuffed. recipient_count: how many were accepted since MAIL; under LMTP each is
 * answered (index 0 to recipient_count - 1), else one answer with index 0. */
void next_hop_message(struct next_hop *hop, const struct bytes *pieces, size_t piece_count,
                      size_t recipient_count);
/* It cannot be used any more (and has nothing to answer): open another. */
bool next_hop_is_dead(const struct next_hop *hop);
/* Says QUIT when it can, and ends; answers nothing more. Call from the loop, and let its arena live until the running
 * callback has returned. */
void next_hop_close(struct next_hop *hop);
