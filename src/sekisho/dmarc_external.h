/* Whether an address that a domain names for its reports wants them (RFC 9990 section 4): without this anybody could have
 * our reports sent to a stranger. Asks through a memo, as the checks of trace do. */
#pragma once

#include "dns/memo.h"
#include "report/dmarc_gate.h"

enum dmarc_external {
    DMARC_EXTERNAL_OWN,     /* the same organization: nothing to ask */
    DMARC_EXTERNAL_ALLOWED, /* it said so */
    DMARC_EXTERNAL_REFUSED,
};

/* SK_MORE: answer what the memo wants and call again. SK_LATER: the DNS did not answer. rua: replaced where the address's
 * domain names another address of its own, for reports of this kind: by its own rua, or ruf (RFC 9991) for failure reports. */
enum sk_code dmarc_external_check(struct arena *arena, struct dns_memo *memo,
                                  struct bytes policy_domain, bool failure,
                                  struct dmarc_rua *rua, enum dmarc_external *external_r);
