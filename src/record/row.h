/* A record: everything that must be known of one message to explain its verdict years later, as one line of compact
 * JSON. Workers build it; the keeper puts it into the ledger as it is and takes the row for search out of it.
 *
 * Secrecy of communications: envelope and transport facts stand in every record. What was found by looking into the
 * message stands there only as far as a recipient's permit covers it: subject, display name, words of the text, defects
 * and the Message-ID with FAMILY_CONTENT, a finding and its detail with the finding's own family, the threat with
 * FAMILY_THREAT. Each recipient has the numbers of those findings that count for him, and no others.
 *
 *     {"v":1, "kind":"message", "id", "time" (ms), "door", "action", "category", "unwanted", "threat"?, "size",
 *      "client", "from", "to":[...], "subject"?, "from_name"?, "text"?, ... as record_write puts them,
 *      "recipients":[{"action","ground","score","reply"?,"families":{"source":"lawful_act",...},"reasons":[0,2]}],
 *      "findings":[{"name","weight","family","detail"?}], "origin":{...}, "dns":[...]}
 *     {"v":1, "kind":"outcome", "id", "arrived" (ms), "time" (ms), "to":[{"address","outcome","reply"?}]} */
#pragma once

#include "decide/verdict.h"
#include "dns/memo.h"
#include "store/rows.h"

/* letter, origin, memo, opinion and verdict may be NULL: a message that was answered before they were made. */
struct bytes record_write(struct arena *arena, const struct arrival *arrival,
                          const struct permit *permit, const struct letter *letter,
                          const struct origin *origin, const struct dns_memo *memo,
                          const struct opinion *opinion, const struct verdict *verdict);

/* What the next hop said, for every recipient of the arrival; the time is now. */
struct bytes record_outcome(struct arena *arena, const struct arrival *arrival,
                            const struct outcome *outcomes);

enum record_kind { RECORD_MESSAGE, RECORD_OUTCOME, RECORD_OTHER };

struct record_row {
    enum record_kind kind;
    struct rows_event
        event; /* place is empty; of an outcome only id, and as time_ms that of the arrival */
};

/* Takes the row out of a record. Views point into the record or the arena. SK_BAD: no JSON object, or without id and
 * time; what follows the object is not looked at. Bounded: JSON_DEPTH_MAX levels. */
enum sk_code record_read(struct arena *arena, struct bytes record,
                         struct record_row *row_r);

const char *record_door_name(enum arrival_door door);
const char *record_outcome_name(enum outcome_kind kind);
