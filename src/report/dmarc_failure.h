/* A failure report (RFC 9991, RFC 6591) about one message that failed DMARC: made by hand, for an owner of a domain who asks
 * what happened, or sent to his ruf where the operator has switched that on (sekisho/dmarc_round.h).
 *
 * Redacted as RFC 6590 has it: of every address the local part is replaced by a keyed hash, the same for the same person, so
 * that the owner sees that two reports speak of one sender and not of whom. It has no recipient, no subject and nothing of the
 * body; of the header only From, Date and the domain of Message-ID, and of one that is sent only the domain of From: the line
 * of the record that rests on the content is not read for it. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

struct dmarc_failure_dkim {
    struct bytes domain, selector, result;
};

struct dmarc_failure {
    struct bytes reporter; /* our name: of the mail server */
    struct bytes from;     /* sender of the report */
    struct bytes to;       /* "": left out */
    struct bytes domain;   /* reported: that of the policy */
    struct bytes source_ip, mail_from;
    int64_t arrival_s;
    struct bytes header_from; /* an address, or a domain alone where no more may be used */
    struct bytes message_id;  /* without its brackets, "" if it may not be used */
    bool has_date;
    int64_t date_s;
    struct bytes spf_domain, spf_result;
    const struct dmarc_failure_dkim *dkim;
    size_t dkim_count;
    bool spf_aligned, dkim_aligned;
    struct bytes dmarc_result, policy;
    struct bytes action;    /* what became of it: "accept", "label", "hold", "refuse" */
    struct bytes generator; /* our program and its version */
    struct bytes key;       /* of the hash */
    struct bytes id;        /* of the message here: of it the report's own id is made */
};

/* The whole mail, with CR LF lines. Hostile bytes in it are cleaned to printable ASCII. */
struct bytes dmarc_failure_write(struct arena *arena, const struct dmarc_failure *failure,
                                 int64_t now_s);
/* Whether a message that failed DMARC is one that fo (RFC 9989 4.7) asks for. Only d and s narrow: we report no mail that
 * passed, whatever 1, d or s say. dkim, spf: a signature, or SPF, failed. */
bool dmarc_failure_wanted(struct bytes fo, bool dkim, bool spf);
/* "HASH@domain", or "HASH" for what has no @; "" stays. */
struct bytes dmarc_redact(struct arena *arena, struct bytes key, struct bytes address);
