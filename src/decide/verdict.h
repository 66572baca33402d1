/* The verdict: for each recipient an action with its reasons, and what is written into the header. Pure: the same
 * findings and policy give the same verdict. */
#pragma once

#include "judge/opinion.h"

enum verdict_action {
    VERDICT_ACCEPT,
    VERDICT_LABEL,
    VERDICT_HOLD,
    VERDICT_REFUSE,
    VERDICT_TEMPFAIL
};

struct verdict_recipient {
    enum verdict_action action;
    double score;                   /* logits that counted for him */
    const struct finding **reasons; /* those his permit covers, heaviest first */
    size_t reason_count;
    /* His own lists said this, "listed_allow", ...; not among the reasons, for no judge found it. NULL: they are silent */
    const struct finding *listed, *rescued;
    /* What his own weights say; also among his reasons, and among nobody else's. NULL: nothing. */
    const struct finding *personal;
    /* What the weights of his group say, and that a conversation of his turned; the same holds. */
    const struct finding *of_group;
    const struct finding *turn;
    struct bytes reply;        /* "550 5.7.1 ..." for refuse and tempfail */
    enum permit_ground ground; /* on which the action rests */
    unsigned group;            /* same group: same bytes go on */
    struct bytes header;       /* fields to put on top, each with CR LF */
};

struct verdict {
    struct verdict_recipient *recipients;
    size_t recipient_count;
    unsigned group_count;
    /* What can be said and done to all of them at once, resting on nothing that one of them has not allowed: for a door that
     * has one answer for all. Of one recipient, or of several that are alike: as for each. */
    struct verdict_recipient common;
    uint32_t common_families;
    enum verdict_action strongest; /* over all recipients: for tables and tools */
};

/* The operator's thresholds and switches; rows for config_read (section [policy]), ending with a NULL name. */
extern const struct config_key decide_config_keys[];
struct policy;
enum sk_code policy_new(struct arena *arena, const struct config *config,
                        const struct policy **policy_r, struct why *why);

/* letter: for the lists of recipients who keep some; may be NULL. */
const struct verdict *decide_message(struct arena *arena, const struct policy *policy,
                                     const struct arrival *arrival,
                                     const struct permit *permit,
                                     const struct letter *letter,
                                     const struct origin *origin,
                                     const struct opinion *opinion);
/* The same as the door wants it: edits for each recipient (our fields on top; forged ones with our authserv-id, and
 * X-Sekisho-* and, where we write them, X-Spam-* fields that came with the message, removed), replies, and for the HTTP door the JSON of
 * rspamd's /checkv2. */
const struct answer *verdict_answer(
    struct arena *arena, const struct policy *policy, const struct verdict *verdict,
    const struct arrival *arrival, const struct permit *permit, const struct letter *letter,
    const struct origin *origin, const struct opinion *opinion);
/* That JSON once more, for an answer that got papers since. Those that all copies have stand with what is told to all. */
struct bytes verdict_json(struct arena *arena, const struct policy *policy,
                          const struct verdict *verdict, const struct arrival *arrival,
                          const struct permit *permit, const struct letter *letter,
                          const struct origin *origin, const struct opinion *opinion,
                          const struct answer *answer);

const char *verdict_action_name(enum verdict_action action); /* "accept", ... */
bool verdict_action_read(struct bytes name, enum verdict_action *action_r);
/* Words for a finding, in Japanese and English, from the one table in words.c. `name` unknown: the name itself. */
const char *words_finding_ja(const char *name);
const char *words_finding_en(const char *name);
/* Walks the table of findings: false past its end. */
bool words_finding(size_t i, const char **name_r, const char **ja_r, const char **en_r);
const char *words_action_ja(enum verdict_action action);
const char *words_action_en(enum verdict_action action);
const char *words_category_ja(enum category category);
const char *words_category_en(enum category category);
const char *words_family_ja(enum permit_family family);
const char *words_family_en(enum permit_family family);
const char *words_ground_ja(enum permit_ground ground);
const char *words_ground_en(enum permit_ground ground);
