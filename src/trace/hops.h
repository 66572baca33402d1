/* The way a message came, from its Received fields (RFC 5321 4.4), and the border of trust.
 *
 * Anyone can write Received fields; each is only worth what its writer is. The client that handed the message to us is
 * known for certain. If it is one of ours (the configured prefixes), the newest field, which it wrote, is believed, and
 * so is the address in it; and so on down. The first field that nobody we trust wrote is the border, and the last address
 * told by someone we trust is the source. A field of ours without a client's address ends the believing: what lies below
 * came from inside that host, perhaps from a web form, and may be forged. At most LIMIT_RECEIVED_HOPS are read. */
#pragma once

#include "trace/origin.h"

/* Whether the address is under [trace] trusted. */
bool hops_is_trusted(const struct trace_settings *settings,
                     const struct net_address *address);

/* client not known: the newest field is our own. Fills hops, hop_count, border and source. */
void hops_read(struct arena *arena, const struct letter *letter,
               const struct trace_settings *settings, const struct net_address *client,
               struct origin *origin);
