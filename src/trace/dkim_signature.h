/* One signature field, read: DKIM-Signature (RFC 6376 section 3.5), ARC-Message-Signature and ARC-Seal (RFC 8617
 * sections 4.1.2 and 4.1.3). */
#pragma once

#include "trace/canonical.h"
#include "trace/dkim_tags.h"
#include "trace/origin.h"

enum dkim_kind { DKIM_SIGNATURE, DKIM_ARC_MESSAGE_SIGNATURE, DKIM_ARC_SEAL };

struct dkim_signature {
    enum dkim_kind kind;
    struct bytes field;        /* whole */
    struct dkim_result result; /* AUTH_NONE until it is known */
    int distance;              /* from the From domain: the near ones are verified first */
    bool ed25519;
    enum canonical_hash hash;
    enum canonical_form header_form, body_form;
    bool form_unsaid;   /* there was no c= */
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

/* The same for a field of ARC whose tags are read already (views into the field). There v= means nothing and i= is the
 * set's number; of h= only that it is there and does not name ARC-Seal; a seal has no bh=, c=, h=, l=, q= and x=. */
void dkim_signature_read_arc(struct arena *arena, struct bytes field,
                             const struct dkim_tags *tags, enum dkim_kind kind,
                             int64_t now_s, bool legacy, struct dkim_signature *s_r);

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
