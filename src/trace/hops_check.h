/* What is odd in the chain of Received fields, and in the name by which the source greeted: notes for the judge.
 *
 * Below the border anyone may have written anything, so a chain without a flaw proves nothing; but some flaws do not come
 * about in honest mail: of 4,022 messages of a developers' list none has one of the first notes on the chain, of 5,130
 * unwanted ones 78 have. Clocks may differ by an hour. Each note is put once. hop_gap, hop_private and hop_undated are told
 * and not counted: honest mail has them as often as the other (docs/MEASURED.md).
 *
 *   hop_time        a server took the message before the one below it handed it over, or in the future
 *   hop_delay       it lay for more than a week between two servers: late, not false
 *   hop_impossible  a field tells an address that does not exist (a number over 255, a network of nobody)
 *   hop_forged      a field that pretends to be ours, or trusted, and was there before the message reached us
 *   hop_break       a field is believed, but the server that it should be from has another name
 *   hop_many        more fields than mail collects on its way
 *   hop_gap         beyond the border, a field was written by somebody else than the client that the one above it names
 *   hop_private     beyond it, mail came back from the internet by a private address under the name of another organization
 *   hop_undated     beyond it, a field without a date, or with one that cannot be read (RFC 5321 4.4)
 *   helo_ours       the source greeted with our own name, or an address of ours
 *   helo_address    with an address that is not its own, or one without brackets (RFC 5321 4.1.3)
 *   helo_not_fqdn   with a word that is no name of the DNS
 *   helo_unknown    with a name that does not exist
 *   helo_elsewhere  with a name that leads to other addresses, and that neither its reverse name nor SPF explains
 * None of the HELO notes is put where the source logged in, or is a server that we trust. */
#pragma once

#include "trace/origin.h"

/* The chain, after hops_read. now_s: when the message arrived. */
void hops_check(struct arena *arena, const struct trace_settings *settings, int64_t now_s,
                struct origin *origin);

/* The greeting: helo is what the source said. One question goes out, beside those of iprev; where the reverse name is the
 * same name, iprev asks it too. named: iprev and SPF of HELO are done, and it can be judged. SK_MORE or SK_OK. */
enum sk_code hops_helo_check(struct arena *arena, struct dns_memo *memo,
                             const struct trace_settings *settings,
                             const struct arrival *arrival, struct bytes helo, bool named,
                             struct origin *origin);
