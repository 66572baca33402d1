/* iprev (RFC 8601 section 2.7.3): does the reverse name of the source lead back to it? */
#pragma once

#include "trace/origin.h"

/* SK_MORE or SK_OK. name_r: the first name that does, "" if none. */
enum sk_code iprev_check(struct arena *arena, struct dns_memo *memo,
                         const struct net_address *ip, enum auth_result *result_r,
                         struct bytes *name_r);
