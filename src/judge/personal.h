/* Personal weights: what one recipient taught, and counts for him alone.
 *
 * Over the word pairs of features.h, folded to PERSONAL_WEIGHTS by their upper bits; the lowest bit gives the sign, so that
 * what shares a weight by chance cancels out. Each lesson is one step of logistic regression on the sum of the common
 * model's logit and the personal one. What goes into a verdict is bounded by PERSONAL_MOST.
 *
 * The table lies in memory that processes share from a fork on: the keeper writes, workers read. A worker may read a
 * weight while it is changed: it sees the old float or the new one, and a sum over both is as good as either. A slot keeps
 * its place as long as it is taken, also when another keeper fills the table again, and is given up only when no worker
 * judges by it any more (the caller sees to that), so nobody reads another's weights under his own name. Untouched slots
 * take no memory.
 *
 * A slot and its file are named by HMAC-SHA256 of the recipient's normal name (permit/recipient_name.h) under a key: neither
 * tells who he is. File, in the folder, "<64 hex digits>.weights", mode 0600, numbers in the machine's order:
 *
 *     "SKPERS01", u32 PERSONAL_BITS, u32 0, 32 bytes name, 32 bytes name of his domain, u64 spam, u64 ham, the weights as
 *     floats, and HMAC-SHA256 of all that under the same key
 *
 * One that is damaged, of another version or another's is not taken. */
#pragma once

#include "base/arena.h"
#include "base/hash.h"
#include "base/why.h"
#include "judge/features.h"

#define PERSONAL_BITS      13
#define PERSONAL_WEIGHTS   (1u << PERSONAL_BITS)
#define PERSONAL_MOST      3.0  /* logits that count in a verdict, both ways */
#define PERSONAL_SAYS      0.05 /* smaller logits are no finding */
#define PERSONAL_NONE      SIZE_MAX
#define PERSONAL_FILE_SIZE (8 + 4 + 4 + 32 + 32 + 8 + 8 + 4 * PERSONAL_WEIGHTS + 32)

struct personal;

struct personal_id {
    uint8_t name[HASH_SHA256_SIZE], domain[HASH_SHA256_SIZE];
};

/* An empty table without a key: nobody is found in it. */
enum sk_code personal_open(struct personal **personal_r, struct why *why);
void personal_close(struct personal *personal);
/* From here on people are found. */
void personal_set_key(struct personal *personal, const uint8_t key[HASH_SHA256_SIZE]);

/* The normal name that a recipient's weights are kept under: without +detail where separator (permit.detail) is not 0.
 * false: it is no name. */
bool personal_name(struct arena *arena, struct bytes address, uint8_t separator,
                   struct bytes *name_r);
/* name: normal. */
void personal_id_of(const uint8_t key[HASH_SHA256_SIZE], struct bytes name,
                    struct personal_id *id_r);
void personal_file_name(const uint8_t name[HASH_SHA256_SIZE], char name_r[80]);

bool personal_any(const struct personal *personal);
/* The slot of a normal name, or PERSONAL_NONE. */
size_t personal_find(const struct personal *personal, struct bytes name);
/* The same, taken when there is none. SK_LIMIT: LIMIT_PERSONAL_RECIPIENTS are taken. */
enum sk_code personal_take(struct personal *personal, const struct personal_id *id,
                           size_t *slot_r, struct why *why);
/* Zero, and free for another. */
void personal_give_up(struct personal *personal, size_t slot);
const struct personal_id *personal_slot_id(const struct personal *personal, size_t slot);
/* Whether every byte of a slot is zero. */
bool personal_is_zero(const struct personal *personal, size_t slot);

double personal_logit(const struct personal *personal, size_t slot,
                      const struct features *features);
/* common: the logit of the common model. Gives the step it took, in logits. */
double personal_learn(struct personal *personal, size_t slot,
                      const struct features *features, double common, bool spam);
/* Takes a step back: exactly what the lesson moved, but for weights that stood at their bound; later lessons stay as they
 * were taken on top of it. */
void personal_unlearn(struct personal *personal, size_t slot,
                      const struct features *features, double step, bool spam);

/* The keeper's files. */
enum sk_code personal_save(const struct personal *personal, size_t slot, int folder,
                           struct why *why);
/* Bytes of a file; the slot is taken when nobody has it. SK_BAD: not taken; what was there stays. */
enum sk_code personal_read(struct personal *personal, struct bytes file, struct why *why);
/* All files of the folder; slots without a file are given up. bad_r: files that were not taken. */
enum sk_code personal_load(struct personal *personal, int folder, size_t *bad_r,
                           struct why *why);
/* Overwritten with zeros, removed, the folder synced. SK_OK also when it was not there. */
enum sk_code personal_destroy(int folder, const uint8_t name[HASH_SHA256_SIZE],
                              struct why *why);
