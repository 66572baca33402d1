/* Inside SPF: a record as terms, macros, and what one check carries along. */
#pragma once

#include "base/limits.h"
#include "base/writer.h"
#include "trace/spf.h"

enum spf_kind {
    SPF_ALL,
    SPF_INCLUDE,
    SPF_A,
    SPF_MX,
    SPF_PTR,
    SPF_IP4,
    SPF_IP6,
    SPF_EXISTS,
};

struct spf_term {
    enum spf_kind kind;
    enum auth_result qualifier; /* what a match gives */
    struct bytes text;          /* as written */
    bool has_domain;
    struct bytes domain; /* domain-spec, not expanded */
    uint8_t network[16]; /* ip4: the first four bytes */
    unsigned bits4, bits6;
};

struct spf_record {
    struct spf_term *terms;
    size_t term_count;
    bool has_redirect, has_explanation;
    struct bytes redirect, explanation; /* domain-specs */
};

struct spf {
    struct arena *arena;
    struct dns_memo *memo;
    const struct spf_query *query;
    struct bytes local, sender_domain; /* of <sender> */
    bool ip4;
    unsigned terms, voids; /* so far, LIMIT_SPF_TERMS and LIMIT_SPF_VOID */
    const char *reason;    /* of the last error */
};

/* Reads a whole record, its version and all. false: a syntax error anywhere (section 4.6: permerror). */
bool spf_record_read(struct arena *arena, struct bytes text, struct spf_record *record_r);
/* The record of a domain among its TXT records (section 4.5; RFC 4406 4.4 for the scopes of Sender ID: one that names the
 * scope goes before v=spf1, one for other scopes only is passed over). NULL: none; *several_r: more than one. */
const struct dns_record *spf_record_select(const struct dns_answer *answer,
                                           enum spf_scope scope, bool *several_r);
/* A name of at least two labels that can be asked (section 4.3). */
bool spf_is_domain(struct bytes domain);

/* Whether the text is a domain-spec, a macro-string, an explain-string (section 7.1). */
bool spf_macro_is_domain_spec(struct bytes text);
bool spf_macro_is_string(struct bytes text);
bool spf_macro_is_explain_string(struct bytes text);
/* Expands a text that was found good. SK_MORE: %{p} waits for an answer. SK_LIMIT: longer than LIMIT_SPF_RECORD. */
enum sk_code spf_macro_expand(struct spf *spf, struct bytes text, struct bytes domain,
                              struct bytes *out_r);
/* The same for a name to be asked: cut on the left to 253 bytes, no final dot. */
enum sk_code spf_macro_expand_domain(struct spf *spf, struct bytes text,
                                     struct bytes domain, struct bytes *out_r);
