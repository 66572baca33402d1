/* Signing leaving mail: DKIM (RFC 6376 section 5, RFC 8301, RFC 8463) with RSA and with Ed25519.
 *
 * What is signed: mail that a client of ours brings (papers.clients, or a login that a trusted front vouches for), whose
 * one From address is of a domain with a section [sign DOMAIN]. Each signature is relaxed/relaxed, has t= and no l=, and
 * covers every field of the names in `headers` that the message leaves with; names in `oversigned` are named once more than
 * they occur, so that none can be added. Fields of our own (Received, Authentication-Results, X-Sekisho-) are never covered.
 * The body is hashed once for all signatures.
 *
 * The private keys are somewhere else: whoever calls brings a function that signs a digest (net/paper_keys.h in a worker). So
 * this is pure: the same message, clock and key give the same signature. Everything lies in the arena. */
#pragma once

#include "base/config.h"
#include "trace/origin.h"

/* Rows for config_read: sections [papers] and [sign DOMAIN]. */
extern const struct config_key sign_config_keys[];

struct sign_key {
    struct bytes selector; /* "": there is none of this kind */
    struct bytes path;     /* of the PEM file */
    bool ed25519;
};

/* RSA first, as verifiers that know only the one look at the first. */
#define SIGN_KINDS 2

struct sign_domain {
    struct bytes domain; /* A-labels, lower case */
    bool subdomains;
    struct sign_key keys[SIGN_KINDS], next[SIGN_KINDS];
    const struct bytes *headers, *oversigned;
    size_t header_count, oversigned_count;
    int64_t expire_s;            /* 0: no x= */
    const struct bytes *retired; /* SELECTOR:YYYY-MM-DD, until when it is published */
    size_t retired_count;
};

struct sign_settings {
    const struct net_prefix *clients;
    size_t client_count;
    bool authenticated; /* a login makes it ours */
    const struct sign_domain *domains;
    size_t domain_count;
};

enum sk_code sign_settings_new(struct arena *arena, const struct config *config,
                               const struct sign_settings **settings_r, struct why *why);

/* Whether a client of ours brought it. */
bool sign_is_leaving(const struct sign_settings *settings, const struct arrival *arrival);
/* Whose signature it gets; NULL: nobody's. The longest domain wins where several fit. */
const struct sign_domain *sign_domain_of(const struct sign_settings *settings,
                                         const struct letter *letter);
/* Whether a signature of this domain and selector that it brought along holds. */
bool sign_is_there(const struct origin *origin, const struct sign_domain *domain,
                   const struct sign_key *key);

/* Whether everybody finds the same fields in it, and the same end of the header: the first empty line. What is of another form
 * is not signed, and not sealed (trace/arc_seal.h). */
bool sign_has_plain_form(const struct letter *letter);

/* Signs a digest; signature_r has room for SIGN_ROOM bytes. */
#define SIGN_ROOM 1024
typedef bool sign_ask(void *context, const struct sign_domain *domain,
                      const struct sign_key *key, const uint8_t digest[32],
                      uint8_t *signature_r, size_t *size_r);

/* The DKIM-Signature fields, each with its CR LF, in *fields_r. `header` holds the fields that the message leaves with, but those
 * of our own. Keys for which `origin` (may be NULL) has a valid signature are left out; with none left the text is empty.
 * SK_LATER: a signature could not be had. SK_BAD: the message has no form that everybody reads alike (header and
 * body are not parted by an empty line), SK_LIMIT: it has over LIMIT_SIGN_NAMES fields to be named; both leave unsigned. */
enum sk_code sign_message(struct arena *arena, const struct sign_domain *domain,
                          const struct letter *letter, const struct header *header,
                          const struct origin *origin, int64_t now_s, sign_ask *ask,
                          void *context, struct bytes *fields_r);
