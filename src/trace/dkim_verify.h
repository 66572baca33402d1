/* Verifying one signature that was read, with the records at its key's name: shared by DKIM and ARC.
 *
 * A verifier belongs to one message. It keeps what several signatures need: the hashes of the body, one for each
 * (canonicalisation, hash, length), and the index of the header. All of it is made only when a key is there. */
#pragma once

#include "trace/dkim_fields.h"
#include "trace/dkim_signature.h"

struct dkim_verifier;

struct dkim_verifier *dkim_verifier_new(struct arena *arena, const struct letter *letter,
                                        bool legacy);
/* The next user of the verifier may again have the body hashed in LIMIT_DKIM_BODY_HASHES new ways: the first one must have
 * verified all that he has, so that the results do not hang on whose keys came first. Once for a message. */
void dkim_verifier_more(struct dkim_verifier *v);

/* Settles s->result, which is AUTH_NONE, and whose key is there and known: a DKIM-Signature or ARC-Message-Signature. */
void dkim_verify(struct dkim_verifier *v, struct dkim_signature *s);
/* The same for a signature over what the caller has hashed with s->hash. */
void dkim_verify_digest(struct dkim_verifier *v, struct dkim_signature *s,
                        struct bytes digest);
