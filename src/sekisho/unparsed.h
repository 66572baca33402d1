/* A message that killed workers (suspects.h): what is kept of it, and what its sender hears. Nothing here reads it. */
#pragma once

#include "arrive/arrival.h"
#include "sekisho/suspects.h"

/* The two records: of the message (with nothing of its content), and of kind "crash". */
struct bytes unparsed_message(struct arena *arena, const struct arrival *arrival);
struct bytes unparsed_crash(struct arena *arena, const struct arrival *arrival,
                            unsigned deaths, const uint8_t fingerprint[HASH_SHA256_SIZE]);
/* 451 4.3.0 for everybody. */
const struct answer *unparsed_answer(struct arena *arena, const struct arrival *arrival);
