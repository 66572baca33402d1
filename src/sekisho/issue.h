/* Papers for mail of ours: DKIM signatures on what leaves, tags on its envelope senders, tags taken off what comes back. The keys
 * are in the key process (net/paper_keys.h); this is where the checks of trace and the worker's channel to it meet. */
#pragma once

#include "sekisho/passage.h"

/* Whether what this door brings gets papers: over HTTP only where http.papers says so, as there the client alone says whose mail it
 * is. */
bool issue_wanted(const struct settings *settings, const struct arrival *arrival);
/* `fields` on top of those recipients' copies whose `wants` is set (NULL: all), as their papers. */
const struct answer *issue_on_top(struct arena *arena, const struct answer *answer,
                                  const bool *wants, struct bytes fields);

/* For the door (struct arrival_road). */
void issue_sender(const struct settings *settings, struct arena *arena,
                  struct arrival *arrival);
void issue_recipient(const struct settings *settings, struct arena *arena,
                     const struct arrival *arrival, struct arrival_recipient *recipient);

/* Puts signatures on what of the answer is passed on. *answer is replaced where there are any. SK_LATER: a signature that
 * the configuration wants could not be had: the mail is put off rather than sent without. */
enum sk_code issue_signatures(const struct settings *settings, const struct walk *walk,
                              const struct answer **answer);
