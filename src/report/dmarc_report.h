/* Aggregate reports of DMARC (RFC 9990; those of RFC 7489 are read too): what a receiver of mail tells the owner of a
 * domain about mail in his name. One structure for both ways: what others sent us is read into it, what we send is
 * written from it.
 *
 *     dmarc_unpack -> XML -> dmarc_report_read -> struct dmarc_report        (dmarc_unpack.c, dmarc_xml.c)
 *     struct dmarc_report -> dmarc_report_write -> XML -> dmarc_pack         (dmarc_write.c)
 *
 * All texts are views in the arena given, at most LIMIT_DMARC_REPORT_TEXT bytes each, without blanks at the ends; what
 * was read is a stranger's: clean it before it is shown. A report that was read may lack anything: dmarc_report_check
 * tells whether it can be counted. Nothing here asks, opens or remembers anything. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"

struct dmarc_reason {
    struct bytes type, comment; /* "local_policy", "mailing_list", ... */
};

/* One DKIM or SPF result, not looked at with DMARC's eyes. */
struct dmarc_auth {
    struct bytes domain;
    struct bytes selector; /* DKIM */
    struct bytes scope;    /* SPF: "mfrom", once "helo" too */
    struct bytes result, human_result;
};

/* <record>: messages that have all of this in common. */
struct dmarc_row {
    struct bytes source_ip;
    uint64_t count;
    struct bytes disposition; /* "none", "pass", "quarantine", "reject" */
    struct bytes dkim, spf;   /* aligned: "pass", "fail" */
    struct dmarc_reason *reasons;
    size_t reason_count;
    struct bytes header_from;
    struct bytes envelope_from; /* domain; at == NULL: not said */
    struct bytes envelope_to;
    struct dmarc_auth *dkim_results, *spf_results;
    size_t dkim_count, spf_count;
};

struct dmarc_published {
    struct bytes domain, version_published, discovery_method;
    struct bytes p, sp, np, adkim, aspf, fo, testing;
};

struct dmarc_report {
    struct bytes version, org_name, email, extra_contact_info, report_id, generator;
    uint64_t begin, end; /* epoch seconds */
    struct bytes *errors;
    size_t error_count;
    struct dmarc_published published;
    struct dmarc_row *rows;
    size_t row_count;
};

/* The XML of a report as it came: gzip (RFC 1952), zip, or XML already, told apart by their first bytes. A view of
 * `packed` or in the arena. SK_BAD: none of these, or broken; SK_LIMIT: larger than LIMIT_DMARC_REPORT_PACKED or, unpacked,
 * LIMIT_DMARC_REPORT_BYTES; not more than that is ever unpacked. */
enum sk_code dmarc_unpack(struct arena *arena, struct bytes packed, struct bytes *xml_r,
                          struct why *why);
/* Whether bytes begin as one of the three do. */
bool dmarc_packed_looks(struct bytes packed);
/* gzip, the same for the same bytes: no time and no name in it. */
struct bytes dmarc_pack(struct arena *arena, struct bytes xml);

/* SK_BAD: no XML, no <feedback>, or a document type declaration (entities are refused with it, unread); SK_LIMIT: a bound
 * of LIMIT_DMARC_REPORT_*. Elements in other places than RFC 9990 has them, and unknown ones, are passed over. */
enum sk_code dmarc_report_read(struct arena *arena, struct bytes xml,
                               struct dmarc_report *report_r, struct why *why);
/* Whether it says enough to be counted: a domain, a period, rows with an address and a number of messages. */
enum sk_code dmarc_report_check(const struct dmarc_report *report, struct why *why);

/* XML by the schema of RFC 9990, elements in the order of its tables. What is no UTF-8, or no character of XML 1.0,
 * becomes U+FFFD. Empty texts that the schema does not want are left out. */
struct bytes dmarc_report_write(struct arena *arena, const struct dmarc_report *report);
