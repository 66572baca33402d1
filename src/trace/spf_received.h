/* The field Received-SPF (RFC 7208 section 9.1), for those who want it beside Authentication-Results.
 *
 * What comes from hostile hands (HELO, sender, the mechanism) stands bare as a dot-atom or else quoted; what holds anything but
 * visible ASCII, or more than LIMIT_AUTHRES_VALUE bytes, is left out with its key. There is no comment. */
#pragma once

#include "trace/origin.h"

/* The value: what follows "Received-SPF: ", folded with CR LF and tab, without the last line end. */
struct bytes spf_received_write(struct arena *arena, const struct trace_settings *settings,
                                const struct arrival *arrival, const struct origin *origin);
