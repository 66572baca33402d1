/* `sekisho dmarc failure ID`: writes the failure report about a message (report/dmarc_failure.h) to standard output, if the
 * configuration lets it, the message failed DMARC, and its recipients allow it. Gives the exit status. */
#pragma once

#include "base/arena.h"
#include "base/config.h"

int dmarc_failure_command(struct arena *arena, const struct config *config, const char *id);
