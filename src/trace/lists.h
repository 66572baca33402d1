/* Lists in the DNS of bad and of good addresses and domains (RFC 5782), each a section [dnslist NAME].
 *
 * A list of addresses is asked for the source, in reversed octets (IPv4) or nibbles (IPv6); a list of domains for the names
 * in From, MAIL FROM, HELO, the verified reverse name and d= of DKIM signatures that passed, each as it stands and its
 * organisational domain. A list says
 * "listed" by an address of 127.0.0.0/8, "not listed" by NXDOMAIN. All questions go through the memo in the first round,
 * beside everything else; a list that is slow costs what the memo's deadline allows, and no more.
 *
 * What lists do besides answering, and what comes of it:
 * - an answer outside of 127.0.0.0/8 (a resolver that sells what does not exist, a domain that was bought by others), in
 *   127.255.255.0/24 (the list refuses us: a public resolver, too many questions) or 127.0.0.1 (the same elsewhere), unless
 *   the section names it: the answer is marked as failed and counts for nothing, and the list is set aside;
 * - a list that says yes to all, or died: RFC 5782 section 5 has test points, 127.0.0.2 (domains: "test") that must be
 *   listed and 127.0.0.1 ("invalid") that must not. They are asked with the first message and then every ten minutes, and
 *   no answer counts while they are not as they must be; the list is set aside for ten minutes;
 * - a list that does not answer to several messages in a row is set aside for a minute.
 * A list that is set aside is not asked, and leaves no trace in `listed`. Who is set aside is state of the process, told by
 * lists_news; everything else is a function of the memo, so that a replay (a sealed memo) needs none of it: there a list
 * was asked when the memo has its question. At most LIMIT_LIST_QUESTIONS go out for one message. */
#pragma once

#include "base/limits.h"
#include "trace/origin.h"

struct dns_lists;

/* From the sections; NULL in lists_r when there is none. It lives as long as the arena, and remembers how the lists are. */
enum sk_code lists_settings_new(struct arena *arena, const struct config *config,
                                struct dns_lists **lists_r, struct why *why);

struct lists_query {
    const struct net_address *ip; /* the source; a local one is not asked for */
    struct bytes domains[LIMIT_LIST_DOMAINS];
    size_t domain_count;
    bool complete; /* no domain will come to it any more */
    int64_t now_s;
};
/* Adds a name and its organisational domain, each once; what is no name with a dot is left out, as is what is beyond
 * LIMIT_LIST_DOMAINS. */
void lists_query_add(struct arena *arena, struct lists_query *query, struct bytes domain);

struct lists_work; /* of one message; NULL before the first call */
/* SK_MORE until every answer is there and the query is complete; then fills origin->listed and notes listed_bad and
 * listed_good, whose weight is the sum of those of the sections (at most LISTS_WEIGHT_MOST). lists may be NULL. */
enum sk_code lists_check(struct arena *arena, struct dns_memo *memo,
                         struct dns_lists *lists, const struct lists_query *query,
                         struct lists_work **work, struct origin *origin);
#define LISTS_WEIGHT_MOST 5.0

/* What changed since it was asked last: a list was set aside, or is asked again. false: nothing more. */
struct lists_news {
    struct bytes list;
    const char *why; /* NULL: it is asked again */
};
bool lists_next_news(struct dns_lists *lists, struct lists_news *news_r);

/* The member "listed": what is listed and what failed. */
void lists_write_json(const struct origin *origin, struct json *j);

/* "127.0.0.2", "127.0.0.0/24", or "&4": a bit of the last octet. false if it is none. */
struct list_accept {
    uint32_t address, mask;
    uint8_t bits;
};
bool lists_read_accept(struct bytes text, struct list_accept *accept_r);
/* "1", "0.5", "2.25": 0 to 10. */
bool lists_read_weight(struct bytes text, double *weight_r);
