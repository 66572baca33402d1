/* A record: everything that must be known of one message to explain its verdict years later, as lines of compact JSON.
 * Workers write them; the keeper puts each into the ledger as it is and takes the row for search out of them.
 *
 * Secrecy of communications: a message has one line of kind "message" with envelope and transport facts, and what was
 * concluded from them. What was found by looking into it stands in a line of kind "content", and only as far as at least one
 * recipient allowed it: subject, display name, words of the text, defects, Message-ID and the message's hash with
 * FAMILY_CONTENT, a finding with its own family, the threat with FAMILY_THREAT; class and probability of the whole rest on
 * all families that were read. "rests_on" names who carries it. That line can be purged alone (retention.h, vault.h) and
 * takes all of it along: the message's line has nothing by which a guess at the content could be confirmed.
 *
 *     {"v":1, "kind":"message", "id", "time" (ms), "door", "action", "unwanted", "size", "client", "from", "to":[...], ...
 *      "recipients":[{"families":{"source":"lawful_act",...},"action","ground","score","reply"?,"reasons":[0,2]}],
 *      "findings":[{"name","weight","family","detail"?}], "made_by":{...}, "origin":{...}, "dns":[...]}
 *     {"v":1, "kind":"content", "id", "time" (ms), "rests_on":[{"to","number","families":{"content":"consent",...},"score",
 *      "personal"?,"group"?,"reasons":[0,1]}], "unwanted", "category", "categories", "threat"?, "sha256", "subject"?, "from_name"?, "text"?, ...,
 *      "indicators"?:[{"type","value"}], "signature"?, "keys"? (judge/marks.h), "findings":[...], "of"?, "campaign"? (the
 *      keeper's: campaigns.h)}
 *     {"v":1, "kind":"outcome", "id", "arrived" (ms), "time" (ms), "to":[{"address","outcome","reply"?}]}
 *
 * "score" and "unwanted" in the message's line are those of the findings from outside alone; "category" stands there only
 * when nothing was looked into. "reasons" are numbers of findings in the same line; the legal ground of a finding for a
 * recipient is that of its family in his "families". "of": the message's entry, where content was written anew. */
#pragma once

#include "decide/verdict.h"
#include "dns/memo.h"
#include "store/rows.h"

struct record_of {
    const struct arrival *arrival;
    const struct permit *permit; /* NULL: nothing of the message, nothing found */
    /* The rest may be NULL: a message that was answered before they were made. */
    const struct letter *letter;
    const struct origin *origin;
    const struct dns_memo *memo;
    const struct opinion *opinion;
    const struct verdict *verdict;
    struct bytes
        made_by; /* ready JSON: which program, model, lexicon and policy judged; or empty */
};

/* The message's line and, where a recipient allowed to look inside, "\n" and the content's. */
struct bytes record_write(struct arena *arena, const struct record_of *of);
/* Whether what the family finds is found only by looking into the message. */
bool record_family_inside(enum permit_family family);

/* What the next hop said, for every recipient of the arrival; the time is now. A next hop may quote the letter in its reply:
 * where a recipient allowed no look at the content (permit NULL: all of them), only the reply's codes stand there. */
struct bytes record_outcome(struct arena *arena, const struct arrival *arrival,
                            const struct permit *permit, const struct outcome *outcomes);
/* "550 5.7.1" of "550 5.7.1 We do not like `...`": the code of RFC 5321 and, if there is one, that of RFC 3463. */
struct bytes record_reply_codes(struct bytes reply);

enum record_kind {
    RECORD_MESSAGE,
    RECORD_CONTENT,       /* right behind its message */
    RECORD_CONTENT_AGAIN, /* written anew, with "of" */
    RECORD_OUTCOME,
    RECORD_OTHER
};

struct record_row {
    enum record_kind kind;
    uint64_t of; /* of RECORD_CONTENT_AGAIN: the entry of its message */
    struct rows_event
        event; /* place is empty; of an outcome only id, and as time_ms that of the arrival */
    struct bytes signature,
        keys; /* of a content: by what its copies are known (judge/marks.h) */
};

/* A content line with its campaign, which the keeper alone tells. In the arena. */
struct bytes record_with_campaign(struct arena *arena, struct bytes content,
                                  uint64_t campaign);

/* Takes the row out of one line. Views point into the record or the arena. SK_BAD: no JSON object, or without id and
 * time; what follows the object is not looked at. Bounded: JSON_DEPTH_MAX levels. */
enum sk_code record_read(struct arena *arena, struct bytes record,
                         struct record_row *row_r);

/* The row of a message together with that of its content: what the content says goes before. */
void record_join(struct rows_event *message, const struct rows_event *content);

/* A content line without what rests on one recipient (address, or "@domain") and families alone, to stand anew as content
 * of the message `of`. rest_r is empty when nothing is left. SK_MORE: he does not stand in it; SK_BAD: no content. */
enum sk_code record_content_without(struct arena *arena, struct bytes content,
                                    struct bytes recipient, uint32_t families, uint64_t of,
                                    struct bytes *rest_r);

const char *record_door_name(enum arrival_door door);
const char *record_outcome_name(enum outcome_kind kind);
