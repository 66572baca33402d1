/* Sender ID (RFC 4406): may this client send mail in the name of the address that the header makes responsible (RFC 4407)?
 *
 * An experiment of 2006 that RFC 6686 found to add nothing to SPF; few still publish "spf2.0" records for it. It is checked
 * only when the operator asks for it, and its result is a label: nothing is decided by it. The evaluation is that of SPF
 * (spf.h), over another choice of records: of all TXT records of the domain those that name the scope; where there is
 * none, "v=spf1" stands for both scopes (RFC 4406 4.4).
 *
 * The purported responsible address is taken from the header alone: the first Resent-Sender (unless it stands in an older
 * block than a Resent-From above it), else the first Resent-From, else the only Sender, else the only From. Fields with
 * nothing but blanks are not there. More than one Sender or From, a field with several mailboxes, a group, no domain:
 * there is no such address, and the result is none. */
#pragma once

#include "trace/spf.h"

/* false: the message has none. field_r is the field's name as written, address_r the address in the arena. */
bool senderid_responsible(struct arena *arena, const struct header *header,
                          struct bytes *field_r, struct bytes *address_r);

struct senderid_query {
    const struct net_address *ip;
    struct bytes helo,
        mail_from;               /* mail_from: for the scope mfrom; "" is the null sender */
    const struct header *header; /* for the scope pra */
    enum spf_scope scope;        /* not SPF_SCOPE_SPF */
    int64_t now_s;
};

/* SK_MORE or SK_OK. A responsible domain that does not exist or is no domain name fails (RFC 4406 4.3). */
enum sk_code senderid_check(struct arena *arena, struct dns_memo *memo,
                            const struct senderid_query *query,
                            struct senderid_result *result_r);
