/* What tls.c wants of tls_remote.c. */
#pragma once

#include <openssl/evp.h>

#include "net/key_wire.h"

/* The id of a public key; false when it cannot be written down. */
bool tls_remote_id(EVP_PKEY *public, uint8_t id[KEY_ID_SIZE]);
/* A key that signs elsewhere, for that public half; NULL: not of a kind that is known. The caller frees. */
EVP_PKEY *tls_remote_key(EVP_PKEY *public);
