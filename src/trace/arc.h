/* ARC (RFC 8617): the chain of those who passed the message on, and what each of them saw.
 *
 * Verifying follows section 5.2. The structure is looked at first (all of i=1..N, each field once, cv= as it must be), and
 * only for a whole chain are keys asked for: all of them at once, out of a budget of their own, so that a long chain never
 * takes the questions that SPF and DMARC need. Then the newest ARC-Message-Signature and all seals are verified, and the
 * older message signatures as far as they pass (oldest-pass). Whatever goes wrong, also in the DNS, is `fail`
 * (section 5.2.1), and a chain that failed means no more than none.
 *
 * Bounds: LIMIT_ARC_SETS sets, LIMIT_ARC_HASHED bytes of header hashed for seals and as many for older message
 * signatures. ARC fields may stand in any order in the header.
 *
 * A chain that passes says who handled the message, not that they are honest: see arc_speak. */
#pragma once

#include "dns/memo.h"
#include "parse/letter.h"
#include "trace/dkim_verify.h"
#include "trace/dmarc.h"
#include "trace/origin.h"

struct arc_work;

/* Reads the chain and asks for its keys. A letter without ARC fields costs a look at its fields' names. */
struct arc_work *arc_begin(struct arena *arena, const struct letter *letter,
                           struct dns_memo *memo, int64_t now_s, bool legacy);
/* SK_MORE until all keys are answered, then SK_OK. verifier: of the same letter, see dkim_verifier_more. */
enum sk_code arc_check(struct arc_work *work, struct dkim_verifier *verifier,
                       struct arc_result *result_r);

/* Trusted sealers speak for a message that fails DMARC as it arrived (section 7.2.1): when the chain passes, its newest
 * message signature covers the only From and the whole body, and every sealer is one of settings->arc_trusted, from the
 * newest down to the first whose ARC-Authentication-Results say dmarc=pass for our From domain (or, of a sealer without
 * DMARC, an aligned spf=pass or dkim=pass). Then origin->arc.speaker is that sealer's d=, the note arc_speaks is made,
 * and dmarc.reason and dmarc.override say so; dmarc.result stays fail. from_count: of different From domains. */
void arc_speak(struct arena *arena, const struct trace_settings *settings,
               const struct letter *letter, size_t from_count, struct origin *origin);
