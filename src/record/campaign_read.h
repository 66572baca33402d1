/* What the record says of the messages of one campaign: for a person who looks at it, out of the journal.
 *
 * The keeper tells which entries they are (campaigns.h); whoever may read the record reads them here. What a message says
 * is told only where it is asked for: its subject, what it tells to pay to or to call, and the template that the messages were
 * made from, recovered from what was kept of their subjects and of the beginning of their texts (judge/template.h).
 *
 *     "read":N, "gone":N (purged meanwhile), "senders", "clients", "recipients":[[text,n],...] (the most first), "recipient_count",
 *     "members":[{"id","entry","time","from","client","to":[...],"action","category","subject"?}] (the newest first)
 *     and of the content: "links":[{"type","value","messages"}] (a type of indicator, or "host"), "of" (texts that made the template),
 *     "subject","text":[{"text"} or {"slot":KIND,"values":[...]},...]
 *
 * Bounds: LIMIT_CAMPAIGN_MEMBERS entries are read, CAMPAIGN_MEMBERS_TOLD are members in the answer, CAMPAIGN_VALUES_TOLD are told of
 * each list; LIMIT_TEMPLATE_TEXTS of the messages make the template. Reads the segments in which they stand, hopping from
 * frame to frame. Memory is the arena's. */
#pragma once

#include "base/arena.h"
#include "base/json.h"
#include "base/why.h"

#define CAMPAIGN_MEMBERS_TOLD 200
#define CAMPAIGN_VALUES_TOLD  20

struct campaign_asked {
    int folder; /* of the record, open */
    const uint64_t *entries;
    size_t count;
    bool content;
};

/* Into an open object. SK_SYSTEM: the journal cannot be read. */
enum sk_code campaign_read(struct arena *arena, const struct campaign_asked *asked,
                           struct json *j, struct why *why);
