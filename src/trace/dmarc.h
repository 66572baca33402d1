/* DMARC (RFC 9989): does an authenticated domain stand behind the From address?
 *
 * The policy is looked for at the author domain, then by the tree walk of section 4.10 (eight questions at most); the
 * walk also gives the organizational domains that relaxed alignment compares. Records of RFC 7489 are read too; what it
 * had and RFC 9989 dropped (pct, rf, ri) is ignored. All steps of one walk are asked at once. Every From address is
 * examined, and the strictest outcome stands: a mail passes only if it passes for each of them. */
#pragma once

#include "trace/origin.h"

/* A domain that SPF (MAIL FROM) or a DKIM signature speaks for. */
struct dmarc_identity {
    struct bytes domain;
    enum auth_result result;
};

struct dmarc_tag_policy {
    bool given, valid;
    enum dmarc_policy policy;
};

/* A DMARC policy record (section 4.7). */
struct dmarc_record {
    struct bytes text;
    struct dmarc_tag_policy p, sp, np;
    bool dkim_strict, spf_strict;
    char psd;                  /* 'y', 'n' or 'u' */
    bool test;                 /* t=y */
    struct bytes fo, rua, ruf; /* values as written, "" when not given */
    bool reportable;           /* rua has a syntactically valid URI */
};

/* More than the result, for people and reports. */
struct dmarc_detail {
    bool found;
    struct dmarc_record record;
    struct bytes spf_domain, dkim_domain; /* the aligned ones, "" if none */
};

struct dmarc_query {
    const struct bytes *from_domains; /* of all From addresses, A-labels */
    size_t from_count;
    const struct dmarc_identity *spf, *dkim;
    size_t spf_count, dkim_count;
};

/* SK_MORE or SK_OK. detail_r may be NULL. */
enum sk_code dmarc_check(struct arena *arena, struct dns_memo *memo,
                         const struct dmarc_query *query, struct dmarc_result *result_r,
                         struct dmarc_detail *detail_r);

/* The organizational domain of a name (section 4.10.2). SK_MORE, SK_OK, or SK_LATER: a step could not be answered. */
enum sk_code dmarc_organization(struct dns_memo *memo, struct bytes domain,
                                struct bytes *organization_r);

/* Asks what can be asked before SPF and DKIM are known, without looking at the answers. */
void dmarc_ask_ahead(struct dns_memo *memo, const struct bytes *from_domains,
                     size_t from_count);

/* false: not a DMARC record at all (section 4.7, v). */
bool dmarc_record_read(struct bytes text, struct dmarc_record *record_r);
