/* Feedback reports (RFC 5965, ARF; RFC 6591, failures of authentication): what a report says of the message it is about.
 *
 * A report is a multipart/report whose second part, message/feedback-report, has the fields read here, and whose third is
 * the message (message/rfc822) or its header (text/rfc822-headers). What is unreadable is left out and the rest is read:
 * a report is somebody's word, never more. Fields that may occur once are taken from their first occurrence. */
#pragma once

#include "parse/letter.h"

struct feedback_list {
    struct bytes *items; /* unfolded, in order; at most LIMIT_FEEDBACK_LIST */
    size_t count;
};

/* Views of the letter, or in the arena; "" for what the report does not say. Angle brackets are taken off addresses. */
struct feedback {
    struct bytes feedback_type, user_agent, version; /* required */
    bool has_arrival_date;
    int64_t arrival_date; /* epoch; Arrival-Date, or Received-Date of older reports */
    uint64_t incidents;   /* 1 where it is not said */
    struct bytes source_ip;
    uint64_t source_port;                                                 /* 0: not said */
    struct bytes original_mail_from, original_envelope_id, reporting_mta; /* name only */
    struct feedback_list original_rcpt_to, reported_domain, reported_uri,
        authentication_results;
    /* RFC 6591 */
    struct bytes auth_failure, delivery_result, identity_alignment;
    struct bytes dkim_domain, dkim_identity, dkim_selector, dkim_selector_dns,
        dkim_adsp_dns, dkim_canonicalized_header, dkim_canonicalized_body, spf_dns;
    /* What is reported: one of them, or neither. Undecoded bytes. */
    struct bytes message, headers;
};

/* false: the letter holds no message/feedback-report. */
bool feedback_read(struct arena *arena, const struct letter *letter,
                   struct feedback *feedback_r);
