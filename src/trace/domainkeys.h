/* DomainKeys (RFC 4870, historic): verified only under `legacy`, for old mail and old evidence; else a signature is
 * `policy`. The words are those of dkim.h. The signature covers the fields below it, then the body; the
 * field of the sending address (Sender, else From) must be among them, and in h= where that is given: else permerror. */
#pragma once

#include "dns/memo.h"
#include "parse/letter.h"
#include "trace/origin.h"

/* SK_MORE until the keys are answered; nothing is kept between rounds but in the memo. */
enum sk_code domainkeys_check(struct arena *arena, const struct letter *letter,
                              struct dns_memo *memo, bool legacy,
                              struct dkim_result **results_r, size_t *count_r);
