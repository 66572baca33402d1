/* Public keys of DKIM, DomainKeys and ARC: the record in the DNS (RFC 6376 section 3.6.1, RFC 8301, RFC 8463; RFC 4870
 * section 3.2.3 under `legacy`), and verifying with it.
 *
 * Making OpenSSL's key from a record costs as much as several verifications, so keys that were used lately are kept per
 * process: LIMIT_DKIM_KEYS_KEPT of them, found by the SHA-256 of what p= holds, the one that was not used for
 * longest giving way. The set is chosen with the process's seed, so that nobody can aim at one. The DER is read
 * here, strictly as to size: what the sender's DNS says reaches OpenSSL only as two bounded numbers or 32 bytes. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"
#include "trace/canonical.h"

enum key_kind { KEY_RSA, KEY_ED25519 };

enum key_trust {
    KEY_GOOD,
    KEY_SHORT,   /* under LIMIT_DKIM_KEY_BITS_MIN without `legacy`: policy */
    KEY_REVOKED, /* p= is empty */
    KEY_BROKEN,  /* no key, or one that we do not use: permerror */
};

struct key {
    enum key_trust trust;
    enum key_kind kind;
    unsigned bits;
    bool testing;         /* t=y */
    bool same_domain;     /* t=s: the domain of i= must be that of d= */
    bool sha1, sha256;    /* what h= allows */
    bool has_granularity; /* g= under `legacy` */
    bool versioned;       /* v=DKIM1 was there */
    struct bytes granularity;
    struct bytes p;                 /* base64, white space dropped */
    struct bytes modulus, exponent; /* RSA, without zeros at the beginning */
    struct bytes point;             /* Ed25519, 32 bytes */
};

/* Reads one record. Always fills the key; where trust is not KEY_GOOD, why tells. */
void key_read(struct arena *arena, struct bytes record, bool legacy, struct key *key_r,
              struct why *why);

/* Whether the signature is this key's over the digest (RSA: PKCS #1 v1.5 with the hash's name; Ed25519: over the digest as
 * the message, RFC 8463 section 3). The key is KEY_GOOD. */
bool key_verify(const struct key *key, enum canonical_hash hash, struct bytes digest,
                struct bytes signature);

/* How often a key was found in the cache, and how often it had to be made. */
void key_cache_counters(uint64_t *hits_r, uint64_t *misses_r);
