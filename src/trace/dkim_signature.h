/* One DKIM-Signature field, read (RFC 6376 section 3.5). */
#pragma once

#include "trace/canonical.h"
#include "trace/dkim_tags.h"
#include "trace/origin.h"

struct dkim_signature {
    struct bytes field;        /* whole */
    struct dkim_result result; /* AUTH_NONE until it is known */
    int distance;              /* from the From domain: the near ones are verified first */
    bool ed25519;
    enum canonical_hash hash;
    enum canonical_form header_form, body_form;
    struct bytes names; /* h=, white space dropped */
    struct bytes cut;   /* b= as it stands in the field, with the white space around */
    struct bytes signature, body_digest; /* b=, bh= decoded */
    struct bytes domain;                 /* of d=, A-labels */
    struct bytes identity_domain;        /* of i=, A-labels */
    struct bytes identity_local;
    const struct dns_answer *key; /* once it is there */
    struct bytes key_name;        /* selector._domainkey.domain, A-labels */
};

/* Reads the field. Where the signature cannot count whatever its key says (malformed, retired, expired), result.result is
 * already the word and result.reason the sentence; else AUTH_NONE. */
void dkim_signature_read(struct arena *arena, struct bytes field, int64_t now_s,
                         bool legacy, struct dkim_signature *s_r);

/* Shared with ARC. a= into hash and kind of key; false: unknown. */
bool dkim_algorithm_read(struct bytes a, bool *ed25519_r, enum canonical_hash *hash_r);
/* c=, "" for the default; false: unknown. */
bool dkim_canonicalization_read(struct bytes c, enum canonical_form *header_r,
                                enum canonical_form *body_r);
/* A domain or selector as A-labels, lower case; false if it is no name: no label may be empty or hold anything but
 * letters, digits, "-" and "_". So nothing from a signature can reach a header of ours but these. */
bool dkim_name_read(struct arena *arena, struct bytes name, struct bytes *ascii_r);
/* Whether `name` is `domain` or lies under it, any case. */
bool dkim_is_under(struct bytes name, struct bytes domain);
