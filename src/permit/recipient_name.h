/* The one form of a recipient's name that consents are kept and looked up under.
 *
 * The local part compares without regard to ASCII case. RFC 5321 2.4 leaves that to the receiving server, and nearly all
 * treat Taro@ and taro@ as one mailbox; a withdrawal that is missed for a capital letter would be a breach of secrecy,
 * while two people whose addresses differ in case alone are not met in practice. A quoted local part that needs no quotes
 * loses them, the final dot of a domain goes, a domain that is not ASCII is written in A-labels (RFC 5891). Nothing is
 * guessed about user+detail@: see permit.detail. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

/* Brings a domain to A-labels; false if it cannot be one. Parse can do that, which lies ahead on the road: whoever knows
 * both hands it over. NULL: domains that are not ASCII compare as they are. */
typedef bool recipient_ascii(struct arena *arena, struct bytes domain,
                             struct bytes *ascii_r);

/* "user@example.jp", or "@example.jp" for all of a domain. false: it is neither, is longer than LIMIT_ADDRESS, or holds
 * controls, blanks, angle brackets or what is no UTF-8. */
bool recipient_name(struct arena *arena, struct bytes written, recipient_ascii *ascii,
                    struct bytes *name_r);
/* The part from the '@' on, of a name. */
struct bytes recipient_domain(struct bytes name);
/* "user@example.jp" for "user+shop@example.jp" when separator is '+'; empty where there is no detail. */
struct bytes recipient_without_detail(struct arena *arena, struct bytes name,
                                      uint8_t separator);
