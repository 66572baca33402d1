/* Asking the DNS. The only door to libunbound; runs on the caller's libevent loop, one resolver per process. */
#pragma once

#include "base/config.h"
#include "base/why.h"
#include "dns/memo.h"

struct event_base;
struct resolver;

/* Settings: "dns.servers" (list of address or address@port; empty: those of /etc/resolv.conf), "dns.timeout" (for one
 * question), "dns.deadline" (for one message), "dns.trust_anchor" (DNSSEC), "dns.zone" (a file with a fake zone: then no
 * network is asked at all). */
enum sk_code resolver_open(struct arena *arena, struct event_base *base,
                           const struct config *config, struct resolver **resolver_r,
                           struct why *why);
void resolver_close(struct resolver *resolver);

/* Asks all that the memo wants; calls done once, when each has an answer (DNS_TIMEOUT after the deadline), never before
 * resolver_ask has returned. The memo and its arena must live until then, or resolver_forget must be called. */
void resolver_ask(struct resolver *resolver, struct dns_memo *memo,
                  void (*done)(void *context), void *context);
/* The memo is going away: its open questions are dropped, done is not called. */
void resolver_forget(struct resolver *resolver, struct dns_memo *memo);

/* A DNS message (RFC 1035) read into an answer: pure, bounded, for the resolver and the fuzzer. The answer to another
 * question than asked, or broken bytes: DNS_SERVFAIL. Follows CNAMEs inside the message. */
void dns_answer_read(struct arena *arena, struct bytes packet, struct bytes name,
                     enum dns_type type, struct dns_answer *answer_r);

/* The fake DNS of tests and of `sekisho try`: a zone as JSON object (docs/ROAD.md tells its form). */
struct dns_zone;
struct json_t;
enum sk_code dns_zone_read(struct arena *arena, struct bytes json_text,
                           struct dns_zone **zone_r, struct why *why);
/* The same from an object that jansson has read; it is kept by its count of references until the arena is released. */
enum sk_code dns_zone_take(struct arena *arena, struct json_t *object,
                           struct dns_zone **zone_r, struct why *why);
/* Answers everything the memo wants from the zone, at once; without a zone (NULL) no name exists. */
void dns_zone_answer(const struct dns_zone *zone, struct dns_memo *memo);
