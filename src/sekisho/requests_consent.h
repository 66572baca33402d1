/* Consents beside their requests: what the keeper and the wire to the workers call. */
#pragma once

#include "permit/permit.h"
#include "sekisho/keeping.h"

/* Orders the erasure of what rests on withdrawn consents where a keeper that was killed could not: at start, when all
 * books are open. */
void consent_erase_rest(struct keeping *keeping);
/* Records the operator's rule where it is not the one that was recorded last. */
enum sk_code consent_record_rule(struct keeping *keeping, const struct permit_rule *rule,
                                 struct why *why);
