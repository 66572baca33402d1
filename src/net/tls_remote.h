/* A private key that is somewhere else: an EVP_PKEY whose public half is here and whose signatures are asked for.
 *
 * It is a provider in OpenSSL's sense (provider(7)), built in, with the three kinds RSA, EC and ED25519, and one
 * operation: sign a whole text at once, which is how libssl signs handshakes. Whoever needs anything else of the key
 * (to decrypt, to export, to sign a hash) finds that there is no such thing.
 *
 * There is one channel in a process, to the key process (net/key_wire.h). A question waits for its answer: the worker does
 * nothing else for the 30 microseconds to some milliseconds that a signature takes, as it did when it had the key itself.
 * When the answer does not come in LIMIT_KEY_WAIT_MS, nothing is asked for LIMIT_KEY_REST_MS, so that mail without TLS
 * goes on. */
#pragma once

#include "net/key_wire.h"

/* Takes the descriptor in place of the one before, which is closed; -1: none. */
void tls_remote_channel(int fd);
/* Whether a question would be asked now; without a channel, or after an answer that did not come, it would not. */
bool tls_remote_ready(void);
/* Handshakes that failed for want of a signature, since the process began. */
uint64_t tls_remote_failures(void);

/* Any question, with the serial put in. false: no answer came, or it is no signature. */
bool tls_remote_question(struct key_question *question, struct key_answer *answer_r);

/* Tests and tools answer themselves. NULL: the channel again. */
typedef bool tls_remote_ask(void *context, const struct key_question *question,
                            struct key_answer *answer_r);
void tls_remote_answers(tls_remote_ask *ask, void *context);
