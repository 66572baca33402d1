/* Asks ClamAV's daemon about pieces of mail (clamd(8), the commands IDSESSION, INSTREAM, PING, VERSION).
 *
 * One connection for a message: "zIDSESSION\0", then for each piece "zINSTREAM\0", its bytes in chunks with their size in
 * four bytes before them (network order), and an empty chunk; at the end "zEND\0". The daemon answers in any order, one line
 * that ends with NUL for each, with the number of the piece (from 1):
 *
 *     1: stream: OK
 *     2: stream: Win.Test.EICAR_HDB-1 FOUND
 *     3: INSTREAM size limit exceeded. ERROR
 *
 * Its words are foreign bytes: lines of at most LIMIT_CLAMD_LINE, names of at most LIMIT_CLAMD_NAME, in which whatever is
 * not printable ASCII became '?'. An answer that breaks this grammar, or that nobody asked for, ends the asking. What was
 * not answered by then, or by the end of the time, stays CLAMD_UNKNOWN; what was answered stays as it was answered. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"
#include "net/endpoint.h"
#include "net/loop.h"

enum clamd_result {
    CLAMD_UNKNOWN, /* no answer */
    CLAMD_CLEAN,   /* nothing was found */
    CLAMD_FOUND,
    CLAMD_ERROR, /* it could not look: too large, broken, out of memory */
};

struct clamd_answer {
    unsigned number; /* of the piece, from 1; 0: the line has none */
    enum clamd_result result;
    struct bytes
        name; /* of the signature, or of the error; a view into the input, as it came */
};

/* The first line of input. SK_OK: used_r bytes were it, with its NUL. SK_MORE: no NUL yet. SK_LIMIT: it is too long. SK_BAD:
 * it is no answer about a piece; used_r bytes were it. Pure. */
enum sk_code clamd_answer_read(struct bytes input, size_t *used_r,
                               struct clamd_answer *answer_r);

struct clamd_piece {
    struct bytes content; /* the caller's, until done */
    enum clamd_result result;
    struct bytes name; /* what was found, in the arena; "" else */
};

/* Sends the pieces and calls done from the loop when all are answered, the connection has ended or time_ms have passed;
 * never before it has returned. Everything ends with the arena. pieces are the caller's until then. count is at most
 * LIMIT_CLAMD_PIECES. */
void clamd_scan(struct arena *arena, struct event_base *base,
                const struct net_endpoint *endpoint, int64_t time_ms,
                struct clamd_piece *pieces, size_t count, void (*done)(void *context),
                void *context);

/* For commands: the same with a loop of its own, waiting. */
enum sk_code clamd_scan_now(struct arena *arena, const struct net_endpoint *endpoint,
                            int64_t time_ms, struct clamd_piece *pieces, size_t count,
                            struct why *why);

/* What it says to VERSION, in the arena: "ClamAV 1.0.7/27400/Sat Sep 14 08:34:21 2024". SK_LATER and why: it says nothing
 * within time_ms. */
enum sk_code clamd_version(struct arena *arena, const struct net_endpoint *endpoint,
                           int64_t time_ms, struct bytes *version_r, struct why *why);
