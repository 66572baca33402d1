/* What a reader must know of a message's DKIM signatures beside their results: notes of the origin.
 *
 *   dkim_body_tail        a good signature covers the body only as far as its l=, and more follows (RFC 6376 8.2)
 *   dkim_unsigned_repeat  a field that is shown occurs more often than any good signature signs it (RFC 6376 8.15)
 *   dkim_short_key        a signature by a key under 1024 bits (RFC 8301 3.2)
 *   dkim_old_hash             a signature by rsa-sha1 (RFC 8301 3.1)
 *   dkim_broken           a signature that cannot count: malformed, or its key is missing, revoked or none
 *   dkim_future           a good signature made more than LIMIT_DKIM_FUTURE seconds from now
 *   dkim_many             more signatures than are verified (LIMIT_DKIM_SIGNATURES)
 *
 * The work is linear in the fields and the signatures looked at. */
#pragma once

#include "trace/origin.h"

/* Notes them in *origin, whose dkim is complete. */
void dkim_note(struct arena *arena, const struct letter *letter, int64_t now_s,
               struct origin *origin);
