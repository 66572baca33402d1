/* SPF (RFC 7208): may this client send mail in the name of this domain?
 *
 * spf_check is check_host() of section 4: an ordinary recursive function over the memo of DNS answers. It returns SK_MORE
 * when an answer is wanted and is then called again from the start. Bounded by section 4.6.4: ten terms that ask the DNS,
 * two void look-ups, ten names of an mx (permerror beyond) and of a ptr (the rest is ignored); a record has at most
 * LIMIT_SPF_RECORD bytes, and so has a macro's expansion. Views in the result live in the arena. */
#pragma once

#include "trace/origin.h"

/* Whose records are read: those of SPF alone, or of Sender ID (RFC 4406 4.4) for one of its two scopes. */
enum spf_scope { SPF_SCOPE_SPF, SPF_SCOPE_MFROM, SPF_SCOPE_PRA };

struct spf_query {
    const struct net_address *ip;
    struct bytes helo;
    struct bytes
        mail_from; /* "" is the null sender: postmaster@helo is checked (section 2.4) */
    struct bytes receiver; /* for the macro r, "" is "unknown" */
    struct bytes
        default_explanation; /* given on fail where the domain gives none that can be read */
    int64_t now_s;
    enum spf_scope scope;
};

/* SK_MORE or SK_OK. */
enum sk_code spf_check(struct arena *arena, struct dns_memo *memo,
                       const struct spf_query *query, struct spf_result *result_r);

/* The reverse name of an address: "1.2.0.192.in-addr.arpa", nibbles under ip6.arpa. */
struct bytes spf_reverse_name(struct arena *arena, const struct net_address *ip);

/* The names of a client that its reverse look-up gives and that look up to its address again (RFC 7208 5.5, also RFC 8601
 * 2.7.3): at most LIMIT_SPF_PTR are tried. status_r is what the reverse look-up said; error_r whether looking up one of
 * the names failed for now. SK_MORE when an answer is wanted. */
enum sk_code spf_validated_names(struct arena *arena, struct dns_memo *memo,
                                 const struct net_address *ip, struct bytes names_r[],
                                 size_t *count_r, enum dns_status *status_r, bool *error_r);
