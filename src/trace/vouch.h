/* Vouch by Reference (RFC 5518): somebody whom we believe says that he knows the sender's domain.
 *
 *     VBR-Info: md=example.com; mc=all; mv=certifier.example:other.example
 *
 * Anyone may write that. It is worth something when three things hold: md is a domain that this message proved to be its
 * own (a DKIM signature with that d= passes, or SPF passes for MAIL FROM in it), mv names a certifier whom the operator
 * believes ([vouch] believe), and the certifier's DNS has a TXT record at md._vouch.CERTIFIER with "all" or with the
 * message's type mc ("all", "list", "transaction" or a word that both know). Only then is anyone asked: a certifier that
 * nobody believes never hears of the message. LIMIT_VBR_FIELDS and LIMIT_VBR_VOUCHERS bound the work. */
#pragma once

#include "base/limits.h"
#include "trace/origin.h"

struct vbr_info {
    struct bytes domain;  /* md, as written */
    struct bytes content; /* mc; "all" when it is not there */
    struct bytes vouchers[LIMIT_VBR_VOUCHERS];
    size_t voucher_count;
};
/* The value of one field; false when it is none: md or mv missing, a tag twice, something that is no tag. */
bool vbr_info_read(struct arena *arena, struct bytes value, struct vbr_info *info_r);

/* Whether a TXT record vouches for mail of that type: words of letters, digits, - and _ divided by blanks. */
bool vbr_record_vouches(struct bytes record, struct bytes content);

struct vouch_settings {
    const struct bytes *believe; /* domains, lower case */
    size_t believe_count;
};
enum sk_code vouch_settings_new(struct arena *arena, const struct config *config,
                                struct vouch_settings *settings_r, struct why *why);

/* After SPF and DKIM: fills origin->vouched_by with the certifier and notes vouched. SK_MORE: the memo is asked. */
enum sk_code vouch_check(struct arena *arena, struct dns_memo *memo,
                         const struct vouch_settings *settings, const struct letter *letter,
                         struct origin *origin);
