/* Paths and parameters of MAIL and RCPT (RFC 5321 4.1.2). Pure. */
#pragma once

#include "base/bytes.h"
#include "base/why.h"

/* Reads "FROM:<user@example.jp> SIZE=1 ..." after the verb; keyword is "FROM:" or "TO:". A source route is dropped
 * (RFC 5321 C). address_r is without brackets, empty for <>; rest_r begins behind the path. SK_BAD: grammar;
 * SK_LIMIT: longer than LIMIT_ADDRESS. non_ascii_r: it needs SMTPUTF8. */
enum sk_code smtp_path_read(struct bytes arguments, const char *keyword,
                            struct bytes *address_r, struct bytes *rest_r,
                            bool *non_ascii_r);
/* The next "KEY=value" or "KEY" of the rest; SK_MORE when there is none, SK_BAD for what is no parameter. */
enum sk_code smtp_parameter_next(struct bytes *rest, struct bytes *key_r,
                                 struct bytes *value_r);
/* The domain of an address, behind its last '@'; empty if it has none. */
struct bytes smtp_domain(struct bytes address);
