/* What is wrong with From, and with the policies that were asked for it: notes of the origin.
 *
 *   from_missing        no From field, or none with an address (RFC 5322 3.6)
 *   from_several        two From fields (RFC 5322 3.6), or addresses of several domains in it; of more than
 *                       LIMIT_FROM_ADDRESSES domains it weighs enough to stop the message
 *   from_group          a group, with or without members (RFC 6854 allows it, DMARC cannot answer for it)
 *   from_name_address   the display name is an address of another organization: what many programs show alone
 *   from_encoded        an encoded word where an address must stand (RFC 2047 5): readers and checkers may disagree
 *   spf_broken          the domain's SPF record is no good or asks for too much (permerror)
 *   dmarc_broken        the author domain's policy cannot be used: several records, none that is valid
 *   dns_unanswered      SPF, DKIM or DMARC could not be decided, for DNS did not answer */
#pragma once

#include "trace/origin.h"

/* Notes them in *origin, whose spf, dkim and dmarc are complete; from_domains are the different ones in From. */
void dmarc_from_note(struct arena *arena, const struct letter *letter,
                     const struct bytes *from_domains, size_t from_count,
                     struct origin *origin);
