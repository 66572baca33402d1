/* The section [dmarc_report]: whether we send aggregate reports (RFC 9990) and failure reports (RFC 9991), from whom, to whom
 * never. */
#pragma once

#include "base/config.h"

extern const struct config_key dmarc_config_keys[];

enum dmarc_send { DMARC_SEND_NO, DMARC_SEND_DRY_RUN, DMARC_SEND_YES };

struct dmarc_settings {
    enum dmarc_send send;
    struct bytes from;      /* sender, and contact in the report */
    struct bytes submitter; /* its domain: who reports */
    struct bytes org_name, contact;
    int64_t interval_s, delay_s;
    uint64_t daily_cap;
    size_t size_max;
    const struct bytes *never, *always; /* domains, with all below them */
    size_t never_count, always_count;
    const struct bytes *mailboxes; /* where others' reports to us go */
    size_t mailbox_count;
    bool failure; /* sekisho dmarc failure may write failure reports */
    enum dmarc_send
        failure_send;     /* they are sent, one for each message, after its period */
    uint64_t failure_cap; /* to one address in 24 hours, and about one domain in a period */
    struct bytes generator; /* put in by the caller: name and version of the program */
};

/* Whether anything leaves: of one kind or the other. */
static inline bool
dmarc_sends(const struct dmarc_settings *settings)
{
    return settings->send == DMARC_SEND_YES || settings->failure_send == DMARC_SEND_YES;
}

/* SK_CONFIG: send without `from`, or an interval that does not fit into days. */
enum sk_code dmarc_settings_new(struct arena *arena, const struct config *config,
                                struct dmarc_settings **settings_r, struct why *why);
/* Whether `domain` is one of the list or below one. */
bool dmarc_domain_in(const struct bytes *list, size_t count, struct bytes domain);
/* The last period that is over for `delay_s`, and begins at or after `after` where that is less than three days or periods ago.
 * false: none is due. */
bool dmarc_period_due(const struct dmarc_settings *settings, int64_t after, int64_t now_s,
                      int64_t *begin_r, int64_t *end_r);
/* A host name as reports may carry it: labels of letters, digits, - and _, two at least. */
bool dmarc_domain_valid(struct bytes domain);
