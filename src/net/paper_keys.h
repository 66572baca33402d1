/* Asking the key process for what leaving mail needs: signatures of DKIM and ARC, and tags of envelope senders (BATV).
 *
 * The key process holds these keys as it holds those of TLS (net/key_ring.h, net/key_wire.h): a worker names a key, gives a
 * digest, waits for the answer over the same channel (net/tls_remote.h), and never sees the key. RSA of 2048 bits takes about
 * 0.6 ms, Ed25519 0.05 ms, a tag 0.01 ms; when no answer comes in LIMIT_KEY_WAIT_MS, nothing is asked for a while.
 *
 * Keys go by names that configuration and worker make alike: paper_key_name("sign", domain, selector). A key whose name was not
 * handed over at the last two configurations is unknown. */
#pragma once

#include "net/key_ring.h"

/* The name of a key: what it is for ("sign", "seal", "tag"), whose, and which of them. Case of the domain does not
 * matter. */
uint64_t paper_key_name(const char *what, struct bytes domain, struct bytes which);

/* The signature over the SHA-256 of a canonical header: RSA PKCS #1 v1.5, or Ed25519 over the digest (RFC 8463). signature_r
 * has room for LIMIT_KEY_SIGNATURE bytes. false: no signature can be had now. */
bool paper_key_sign(uint64_t name, bool ed25519, const uint8_t digest[HASH_SHA256_SIZE],
                    uint8_t *signature_r, size_t *size_r);

/* Three bytes of HMAC-SHA1 over `what`: "K DDD address" without the blanks, of LIMIT_KEY_TO_SIGN bytes at most. */
bool paper_key_tag(uint64_t name, struct bytes what, uint8_t tag_r[KEY_TAG_SIZE]);
