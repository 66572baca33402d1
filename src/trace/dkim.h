/* DKIM (RFC 6376, 8301, 8463, 8616): verifying the signatures of a message.
 *
 * dkim_check walks the message's DKIM-Signature fields and gives one result for each, in the order of the header. All
 * keys are asked for in the first round; SK_MORE until they are answered. What was parsed and hashed stays in *work
 * between the rounds. At most LIMIT_DKIM_SIGNATURES are verified, those nearest to the From domain first, so
 * that no heap of bogus signatures hides the good one; the others get `policy`. A body hash is computed once for each
 * (canonicalisation, hash, length), and only when a key is there.
 *
 * Words of RFC 8601 section 2.7.1: a malformed signature is `neutral`; one whose key is missing, revoked or broken, or
 * which does not sign From, `permerror`; one by retired means (rsa-sha1, a short key) `policy`, unless `legacy`; one that
 * is past its x=, or whose body or header was changed, `fail`. */
#pragma once

#include "dns/memo.h"
#include "parse/letter.h"
#include "trace/origin.h"

struct dkim_work;

/* *work is NULL at first. Results live in the arena. */
enum sk_code dkim_check(struct arena *arena, const struct letter *letter,
                        struct dns_memo *memo, int64_t now_s, bool legacy,
                        struct dkim_work **work, struct dkim_result **results_r,
                        size_t *count_r);

/* For ARC, once dkim_check is done: what it hashed of this message. */
struct dkim_verifier;
struct dkim_verifier *dkim_work_verifier(struct dkim_work *work);

/* The best of pass, temperror, policy, fail, neutral, permerror; none if there are no signatures. */
enum auth_result dkim_best(const struct dkim_result *results, size_t count);
