/* Where a message came from: results of authentication, the hops it claims, and a grade. */
#pragma once

#include "arrive/arrival.h"
#include "base/config.h"
#include "base/json.h"
#include "dns/memo.h"
#include "parse/letter.h"

/* Words of RFC 8601 section 2.7. */
enum auth_result {
    AUTH_NONE,
    AUTH_PASS,
    AUTH_FAIL,
    AUTH_SOFTFAIL,
    AUTH_NEUTRAL,
    AUTH_POLICY,
    AUTH_TEMPERROR,
    AUTH_PERMERROR,
};

struct spf_result {
    enum auth_result result;
    bool helo_identity;       /* the null sender: HELO was checked */
    struct bytes domain;      /* that was checked */
    struct bytes mechanism;   /* as written in the record, "default", or "" */
    struct bytes explanation; /* on fail */
    struct bytes reason;
};

struct dkim_result {
    enum auth_result result;
    struct bytes domain, selector, identity; /* d=, s=, i= */
    struct bytes algorithm;                  /* a= */
    struct bytes canonicalization;           /* c= in full: "relaxed/simple" */
    struct bytes b;             /* first 8 characters of b=, white space dropped */
    struct bytes signed_fields; /* h= */
    unsigned key_bits;
    bool has_body_length, has_expires, has_time, testing;
    uint64_t body_length;
    int64_t expires, time;
    struct bytes reason;
};

enum dmarc_policy {
    DMARC_NO_RECORD,
    DMARC_POLICY_NONE,
    DMARC_POLICY_QUARANTINE,
    DMARC_POLICY_REJECT
};

struct dmarc_result {
    enum auth_result result;
    struct bytes from_domain;
    enum dmarc_policy policy; /* what the domain asks for this mail, after sp, np, t */
    struct bytes policy_domain, organizational_domain;
    bool spf_aligned, dkim_aligned;
    struct bytes reason;
};

/* One Received field (RFC 5321 4.4), newest first. */
struct hop {
    struct bytes from, helo, rdns, by, with, id, for_address;
    struct net_address from_ip;
    bool has_date;
    int64_t date;
    bool trusted;       /* written by a server we trust */
    struct bytes field; /* the whole field */
};

enum origin_grade { GRADE_A, GRADE_B, GRADE_C, GRADE_D, GRADE_E };

struct origin {
    struct spf_result spf, spf_helo;
    struct dkim_result *dkim;
    size_t dkim_count;
    struct dmarc_result dmarc;
    enum auth_result iprev;   /* forward-confirmed reverse DNS (RFC 8601 2.7.3) */
    struct bytes client_name; /* the verified reverse name, "" if none */
    struct hop *hops;
    size_t hop_count,
        border; /* index of the first hop that nobody we trust wrote; hop_count if none */
    struct net_address source; /* the host beyond the border */
    enum origin_grade grade;
    struct bytes
        authentication_results; /* the value of our Authentication-Results field (RFC 8601), folded with CRLF */
    struct bytes *
        forged; /* fields with our authserv-id that came with the message: to be removed (views of whole fields) */
    size_t forged_count;
};

struct trace_settings {
    struct bytes authserv_id;
    const struct net_prefix *trusted;
    size_t trusted_count;
    bool legacy; /* allow what RFC 8301 and RFC 6376 retired */
};

enum sk_code trace_settings_new(struct arena *arena, const struct config *config,
                                const struct trace_settings **settings_r, struct why *why);

/* All checks of one message. trace_step runs them; SK_MORE: let the memo's wanted questions be answered and call again;
 * SK_OK: trace_origin is complete. Pure but for the key cache of the process. */
struct trace;
struct trace *trace_new(struct arena *arena, const struct trace_settings *settings,
                        const struct arrival *arrival, const struct letter *letter,
                        struct dns_memo *memo, int64_t now_s);
enum sk_code trace_step(struct trace *trace);
const struct origin *trace_origin(const struct trace *trace);

const char *auth_result_name(enum auth_result result);
bool auth_result_read(struct bytes word, enum auth_result *result_r); /* any case */
const char *dmarc_policy_name(
    enum dmarc_policy policy); /* "none", ...; NULL for no record */
/* The origin as a JSON object, for the record and for --json. */
void origin_write_json(const struct origin *origin, struct json *j);
