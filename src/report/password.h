/* Passwords of the console's accounts: argon2id (RFC 9106), so that a stolen file of hashes costs a fortune to guess from.
 * One check takes 50 to 100 ms and 32 MiB on purpose; it is done by the crew, never in a loop that others wait for. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"

#define PASSWORD_HASH_MAX 256 /* bytes of "$argon2id$v=19$m=...,t=...,p=1$salt$hash" */

/* SK_BAD: why tells in English what is wrong with it: too short (LIMIT_PASSWORD_LEAST characters), one of the common
 * ones, the account's name, one character or a run of keys over and over. */
enum sk_code password_check_strength(struct bytes password, struct bytes account,
                                     struct why *why);
enum sk_code password_hash(struct arena *arena, struct bytes password, struct bytes *hash_r,
                           struct why *why);
/* Whether it is the password. A hash that asks for more memory or time than ours ever did is refused. */
bool password_is(struct arena *arena, struct bytes password, struct bytes hash);
/* A hash of nothing anyone knows, to check against when there is no such account: that takes as long. */
struct bytes password_nobody(void);
