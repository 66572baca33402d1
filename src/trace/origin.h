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
    uint64_t body_tail; /* bytes of the canonical body past l= */
    int64_t expires, time;
    struct bytes reason;
};

enum dmarc_policy {
    DMARC_NO_RECORD,
    DMARC_POLICY_NONE,
    DMARC_POLICY_QUARANTINE,
    DMARC_POLICY_REJECT
};

struct dmarc_record;

struct dmarc_result {
    enum auth_result result;
    struct bytes from_domain;
    enum dmarc_policy policy; /* what the domain asks for this mail, after sp, np, t */
    struct bytes policy_domain, organizational_domain;
    bool spf_aligned, dkim_aligned;
    struct bytes reason;
    const struct dmarc_record
        *published; /* trace/dmarc.h; NULL where no record was found */
    /* Why a fail is not enforced: a type of RFC 9990 ("trusted_forwarder"), and its comment (RFC 8617 7.2.2); "" */
    struct bytes override, override_comment;
};

/* Sender ID (RFC 4406): AUTH_NONE and no domain when it was not asked for. */
struct senderid_result {
    enum auth_result result;
    struct bytes domain; /* that was checked */
    struct bytes field,
        address; /* the purported responsible address (RFC 4407), "" without one */
    struct bytes record, reason;
};

/* One set of ARC fields (RFC 8617 section 4.2). */
struct arc_set {
    unsigned instance;
    enum auth_result cv; /* what the sealer said of the chain before it: none, pass, fail */
    struct bytes
        authserv_id;         /* of its ARC-Authentication-Results, "" if none can be read */
    struct bytes results;    /* the value of that field after i=, as it came */
    struct dkim_result seal; /* the ARC-Seal; identity and signed_fields are empty */
    struct dkim_result message_signature;
};

struct arc_result {
    enum auth_result result; /* none, pass, fail */
    unsigned instance;       /* the highest i= */
    bool has_oldest_pass;
    unsigned oldest_pass; /* RFC 8617 section 5.2, 0: all that matter pass */
    struct arc_set *sets; /* oldest first */
    size_t set_count;
    struct bytes reason;
    struct bytes
        speaker; /* d= of the trusted sealer that speaks for the message in DMARC, "" if none does */
};

/* What is known of an address without asking anyone. */
enum place_kind {
    PLACE_TOR = 1,     /* an exit of the Tor network */
    PLACE_PROXY = 2,   /* an open proxy or a VPN */
    PLACE_HOSTING = 4, /* a computing centre's range */
    PLACE_PRIVATE = 8, /* not routed in the internet (RFC 6890) */
};

struct place {
    char country[3];    /* ISO 3166-1, "" if not known */
    uint32_t as_number; /* 0 if not known */
    struct bytes as_name;
    unsigned kinds; /* of enum place_kind */
};

/* One list of DNS names asked for an address or domain (RFC 5782). */
struct list_answer {
    struct bytes list;   /* the section's name in the configuration */
    struct bytes asked;  /* the address or domain, as text */
    struct bytes answer; /* "127.0.0.2"; "" when it is not listed */
    struct bytes text;   /* its TXT record, cleaned for people; "" if not asked or none */
    bool allows;         /* a list of the good */
    bool failed; /* no answer in time, or one that no such list gives: not counted */
};

/* A fact about the message that becomes a finding: its name is a row of decide/findings.inc. */
struct trace_note {
    const char *name;
    struct bytes detail; /* of hostile hands: clean it before it is shown */
    double weight;       /* in logits; 0: that of the table in judge/findings.c */
};

/* The host from which somebody gave in the message at a web form or web mail, as the field that says so claims. */
struct claimed_client {
    struct bytes field; /* its name: "X-Originating-IP" */
    struct bytes value;
    struct net_address ip;
    struct place place;
};

/* One Received field (RFC 5321 4.4), newest first. */
struct hop {
    struct bytes from, helo, rdns, by, with, id, for_address;
    struct net_address from_ip;
    bool has_date;
    int64_t date;
    bool trusted;       /* written by a server we trust */
    struct bytes tls;   /* version as written, "" if it does not say */
    struct bytes auth;  /* login as written */
    bool bad_ip;        /* it tells an address that is none: 514.1.2.3 */
    struct place place; /* of from_ip */
    struct bytes field; /* the whole field */
};

/* What is to become of a bounce that has no good tag of ours (trace/batv.h). */
enum batv_require { BATV_NO, BATV_LABEL, BATV_REFUSE };

enum origin_grade { GRADE_A, GRADE_B, GRADE_C, GRADE_D, GRADE_E };

struct origin {
    struct spf_result spf, spf_helo;
    struct dkim_result *dkim;
    size_t dkim_count;
    struct dkim_result *domainkeys; /* only under `legacy` */
    size_t domainkeys_count;
    struct senderid_result senderid;
    struct arc_result arc;
    struct dmarc_result dmarc;
    enum auth_result iprev;   /* forward-confirmed reverse DNS (RFC 8601 2.7.3) */
    struct bytes client_name; /* the verified reverse name, "" if none */
    struct hop *hops;
    size_t hop_count,
        border; /* index of the first hop that nobody we trust wrote; hop_count if none */
    struct net_address source; /* the host beyond the border */
    struct place place;        /* of the source */
    struct claimed_client *claimed;
    size_t claimed_count;
    struct list_answer *listed;
    size_t listed_count;
    struct bytes
        vouched_by; /* who vouches for the author's domain (RFC 5518), "" if nobody we believe */
    struct trace_note *notes;
    size_t note_count;
    enum batv_require
        bounce; /* it is one, and what our configuration wants; else BATV_NO */
    enum origin_grade grade;
    struct bytes
        received_spf; /* the value of our Received-SPF field (RFC 7208 9.1), "" unless asked for */
    struct bytes
        authentication_results; /* the value of our Authentication-Results field (RFC 8601), folded with CRLF */
    struct bytes *
        forged; /* fields with our authserv-id that came with the message: to be removed (views of whole fields) */
    size_t forged_count;
};

/* Adds a note, once for each name; beyond LIMIT_TRACE_NOTES nothing. */
void origin_note(struct arena *arena, struct origin *origin, const char *name,
                 struct bytes detail);
bool origin_has_note(const struct origin *origin, const char *name);
/* The same with a weight that the configuration gives. */
void origin_note_weighing(struct arena *arena, struct origin *origin, const char *name,
                          struct bytes detail, double weight);

struct dns_lists;      /* trace/lists.h */
struct vouch_settings; /* trace/vouch.h */

struct trace_settings {
    struct dns_lists
        *lists; /* NULL: none; the one thing here that changes: how the lists are doing */
    const struct vouch_settings *vouch;
    struct bytes authserv_id;
    const struct net_prefix *trusted;
    size_t trusted_count;
    bool legacy;                      /* allow what RFC 8301 and RFC 6376 retired */
    const struct sign_settings *sign; /* trace/sign.h */
    const struct batv_settings *batv; /* trace/batv.h */
    bool senderid;                    /* check Sender ID, for its label */
    bool received_spf;                /* write Received-SPF too */
    const struct arc_seal_settings
        *seal;                       /* trace/arc_settings.h; NULL: nothing is sealed */
    const struct bytes *arc_trusted; /* d= of sealers who may speak in DMARC, A-labels */
    size_t arc_trusted_count;
};

enum sk_code trace_settings_new(struct arena *arena, const struct config *config,
                                const struct trace_settings **settings_r, struct why *why);

/* All checks of one message. trace_step runs them; SK_MORE: let the memo's wanted questions be answered and call again;
 * SK_OK: trace_origin is complete. Pure but for the key cache of the process. */
struct trace;
struct places; /* trace/place.h; NULL: nothing is known of any address */
struct trace *trace_new(struct arena *arena, const struct trace_settings *settings,
                        const struct places *places, const struct arrival *arrival,
                        const struct letter *letter, struct dns_memo *memo, int64_t now_s);
enum sk_code trace_step(struct trace *trace);
const struct origin *trace_origin(const struct trace *trace);

const char *auth_result_name(enum auth_result result);
bool auth_result_read(struct bytes word, enum auth_result *result_r); /* any case */
const char *dmarc_policy_name(
    enum dmarc_policy policy); /* "none", ...; NULL for no record */
/* The origin as a JSON object, for the record and for --json. */
void origin_write_json(const struct origin *origin, struct json *j);
