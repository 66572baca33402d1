/* Thread memory: how far conversations of one recipient with strangers have come.
 *
 * A lure is patient: a mistaken address, a week of kind words, then another app, then money. Each mail alone is harmless. So for a
 * recipient who allows it (FAMILY_CONTENT; the caller sees to that, as for judge/personal.h) a little is kept of each correspondent
 * with whom lures began: when first and last, how many mails, which stages (judge/lure.h) were reached and on which day each. No words
 * and no names: the key of a pair is HMAC-SHA256 of both addresses under the record's key, cut to 16 bytes.
 *
 * A pair begins with a mail that shows a stage. At most LIMIT_THREAD_PAIRS: a new one takes the place of that which says least (fewest
 * stages, then the longest quiet). What is quiet for longer than the retention is forgotten (thread_memory_forget); with a withdrawal the
 * caller destroys all of it (thread_memory_clear, and the file).
 *
 * thread_memory_write gives a file: "SKTHRD01", whose it is (32 bytes for his name, 32 for his domain, as the caller makes them), upto in
 * 8 bytes, count in 4, the pairs, all numbers least byte first, and HMAC-SHA256 of that under the same key; one that is damaged,
 * cut or another's is not taken. Pure: the clock is the caller's, days since 1970. Memory is the caller's. */
#pragma once

#include "base/arena.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/why.h"
#include "judge/lure.h"
#include "judge/opinion.h"

#define THREAD_KEY_SIZE 16

struct thread_pair {
    uint8_t key[THREAD_KEY_SIZE];
    uint32_t first_day, last_day;
    uint16_t messages;                  /* stays at 65,535 */
    uint16_t stages;                    /* 1 << enum lure_stage */
    uint16_t reached[LURE_STAGE_COUNT]; /* days after the first */
};

struct thread_memory {
    uint8_t name[HASH_SHA256_SIZE], domain[HASH_SHA256_SIZE]; /* whose, by keyed hashes */
    uint64_t upto; /* the caller's: entries of the ledger below it are in it */
    size_t count;
    struct thread_pair pairs[LIMIT_THREAD_PAIRS];
};

/* What a mail was to its conversation. */
struct thread_turn {
    bool turned;            /* a further stage than any mail before, after an earlier one */
    enum lure_stage before; /* the furthest until then */
    enum lure_stage stage;  /* the furthest now */
    unsigned messages;
    uint32_t first_day;
    bool is_known; /* it was there before */
};

/* recipient: his normal name (permit/recipient_name.h); correspondent: an address, any case. */
void thread_memory_key(const uint8_t key[HASH_SHA256_SIZE], struct bytes recipient,
                       struct bytes correspondent, uint8_t pair_r[THREAD_KEY_SIZE]);
/* One mail of the correspondent, with the stages that it shows (struct lure); without stages it is counted only where he is known. */
struct thread_turn thread_memory_note(struct thread_memory *memory,
                                      const uint8_t pair[THREAD_KEY_SIZE], uint32_t day,
                                      unsigned stages);
/* The same, of what is known of the correspondent (NULL: nothing), and nothing is kept: messages is what it would be. */
struct thread_turn thread_pair_turn(const struct thread_pair *pair, unsigned stages);
/* The finding lure_turn (FAMILY_CONTENT) for the recipient whose memory it was, and for nobody else, as personal_model is: its detail is the
 * stage before and the stage now. NULL: the conversation did not turn. */
const struct finding *thread_turn_finding(struct arena *arena,
                                          const struct thread_turn *turn);
/* NULL: not known. */
const struct thread_pair *thread_memory_find(const struct thread_memory *memory,
                                             const uint8_t pair[THREAD_KEY_SIZE]);
/* One pair, overwritten; false: it was not there. */
bool thread_memory_drop(struct thread_memory *memory, const uint8_t pair[THREAD_KEY_SIZE]);
/* Pairs quiet since before that day; returns how many went. */
size_t thread_memory_forget(struct thread_memory *memory, uint32_t before_day);
/* All, overwritten; whose it is too. */
void thread_memory_clear(struct thread_memory *memory);

struct bytes thread_memory_write(struct arena *arena, const struct thread_memory *memory,
                                 const uint8_t key[HASH_SHA256_SIZE]);
/* SK_BAD: the bytes are none of ours; the memory is empty then. */
enum sk_code thread_memory_read(struct bytes file, const uint8_t key[HASH_SHA256_SIZE],
                                struct thread_memory *memory_r, struct why *why);

/* For the reply guard: whether somebody to whom the recipient now writes is a correspondent who lures, and how far it has come. */
struct lure_outgoing {
    bool is_lure;
    enum lure_stage stage;
    unsigned messages;
    uint32_t first_day, last_day;
};
/* pair NULL: he is not known. It is one from the stage LURE_STAGE_MOVE on, or where two stages were reached. */
struct lure_outgoing lure_outgoing(const struct thread_pair *pair);
