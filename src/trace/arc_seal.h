/* Sealing (RFC 8617 section 5.1): the three fields that a handler of the message adds.
 *
 * arc_seal makes the set from the header as it will leave: fields may still be put on top of it, but none that the message
 * signature names. The private key is not here: a signer gives the signatures. All text is written in the arena. */
#pragma once

#include "parse/letter.h"
#include "trace/origin.h"

/* The signature over this SHA-256: RSA PKCS #1 v1.5, or Ed25519 over the digest as the message (RFC 8463).
 * signature_r has room for LIMIT_KEY_SIGNATURE bytes. false: none can be had now. */
typedef bool arc_signer(void *context, const uint8_t digest[32], uint8_t *signature_r,
                        size_t *size_r);

struct arc_order {
    struct bytes domain,
        selector; /* d=, s= of both signatures: names that dkim_name_read takes */
    struct bytes authserv_id;
    struct bytes results;      /* what we saw, as in Authentication-Results after the id */
    enum auth_result cv;       /* what arc is in them: none, pass, fail */
    const struct bytes *names; /* h= of the message signature, in this order */
    size_t name_count;
    int64_t time; /* t= */
    bool ed25519;
    /* Tags sorted by name and nothing folded, so that two sealers can be compared byte for byte; else as mail is written. */
    bool standard_form;
    arc_signer *sign;
    void *context;
};

/* Values of the fields, without the names and the last line end. */
struct arc_sealed {
    unsigned instance;
    struct bytes seal, message_signature, results;
};

/* SK_BAD, and why: the message must not be sealed: the chain was sealed as failed before, it has 50 sets, cv does not fit
 * it, a name may not be signed (section 4.1.2), or others would read another header (sign_has_plain_form). SK_LATER: the signer gave no signature. */
enum sk_code arc_seal(struct arena *arena, const struct letter *letter,
                      const struct arc_order *order, struct arc_sealed *sealed_r,
                      struct why *why);

/* The results of all Authentication-Results with this id (any case), top down and joined, and what they say of arc (none
 * if nothing; fail, if any does). false: there is no such field. */
bool arc_gather_results(struct arena *arena, const struct header *header,
                        struct bytes authserv_id, bool standard_form,
                        struct bytes *results_r, enum auth_result *cv_r);

/* What a message signature of ours covers: the fields of this header that authors and lists write, each as often as it
 * stands there (at most LIMIT_ARC_NAMES), and From once more, so that none can be added. */
const struct bytes *arc_seal_names(struct arena *arena, const struct header *header,
                                   size_t *count_r);
