/* What large providers want of mail to many, and the RFCs they rest on.
 *
 * Since 2024 the large mailbox providers (Gmail, Yahoo; Outlook since 2025) take mail of senders of more than some 5,000 a
 * day only if it is authenticated by SPF and DKIM, under a DMARC record with an aligned author, from a host with a name
 * that leads back, and can be refused with one click (RFC 8058: a List-Unsubscribe field (RFC 2369) with an https URI, a
 * List-Unsubscribe-Post field, and a valid DKIM signature that covers both). None of this is the law of sender_law.h: a
 * header field displays nothing. What only a provider sees (complaints, TLS of each connection) is not told.
 *
 * Pure; memory is the arena's. */
#pragma once

#include "base/json.h"
#include "judge/sender_law.h"

enum bulk_rule {
    BULK_LIST_UNSUBSCRIBE,
    BULK_UNSUBSCRIBE_HTTPS,
    BULK_ONE_CLICK,
    BULK_ONE_CLICK_SIGNED,
    BULK_UNSUBSCRIBE_SEEN,
    BULK_FROM_SINGLE,
    BULK_SPF,
    BULK_DKIM,
    BULK_DMARC,
    BULK_FROM_ALIGNED,
    BULK_REVERSE_NAME,
    BULK_MESSAGE_ID,
    BULK_DATE,
};
#define BULK_RULES 13

enum bulk_state {
    BULK_UNMET,
    BULK_MET,
    BULK_OPEN, /* nobody was asked, or no answer came */
};

struct bulk_answer {
    enum bulk_state state;
    struct bytes said; /* what it rests on, clean UTF-8; "" if nothing */
};

/* answers_r: BULK_RULES of them. origin: NULL where the DNS was not asked; then all that needs it is open. */
void bulk_rules_read(struct arena *arena, const struct letter *letter,
                     const struct origin *origin, const struct sender_law *law,
                     struct bulk_answer *answers_r);

/* "list_unsubscribe", ...; "met", "unmet", "open": constants. */
const char *bulk_rule_name(enum bulk_rule rule);
const char *bulk_state_name(enum bulk_state state);
