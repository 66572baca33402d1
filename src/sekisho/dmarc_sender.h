/* Sends aggregate and failure reports of DMARC when their period is over; lives in the clerk. It reads the record, asks the DNS for
 * addresses of other organizations, and hands the mails to the next hop. What was sent is kept in the ledger by the
 * keeper before the next one goes out; after a crash the rest goes out under the same names. A next hop that refuses for now
 * is asked again after 5, 10, 20, ... minutes, twelve times at most. Where [sign DOMAIN] has keys for our domain the mails are signed. Nothing is done here unless dmarc_report.send or dmarc_report.failure_send says so. */
#pragma once

#include "arrive/settings.h"
#include "base/config.h"

struct event_base;
struct dmarc_sender;
struct trace_settings;

/* Tokens of requests to the keeper that are the sender's have this bit. */
#define DMARC_SENDER_TOKEN (UINT64_C(1) << 62)

struct dmarc_sender_role {
    /* Sends a request to the keeper. false: there is no link to it. */
    bool (*ask)(void *context, uint64_t token, struct bytes request);
    void *context;
};

/* Before the process is hardened: opens the record's folder, the key of tokens and the resolver. *sender_r is NULL when
 * nothing is to be sent. */
enum sk_code dmarc_sender_open(struct arena *arena, struct event_base *base,
                               const struct config *config,
                               const struct next_hop_settings *next_hop,
                               const struct trace_settings *trace,
                               const struct dmarc_sender_role *role,
                               struct dmarc_sender **sender_r, struct why *why);
/* These take NULL. */
void dmarc_sender_answer(struct dmarc_sender *sender, uint64_t token, enum sk_code code,
                         struct bytes json);
void dmarc_sender_link(struct dmarc_sender *sender, bool up);
void dmarc_sender_close(struct dmarc_sender *sender);
