/* Group weights: what the people of one group taught (judge/groups.h), and counts for them alone. Between the common
 * model, which all teach, and a recipient's own weights (judge/personal.h).
 *
 * A table has a float for each word pair of features.h, GROUP_WEIGHTS of them. Each lesson is one step of logistic
 * regression on the group's own logit: what a group says rests on its lessons alone, whatever the common model comes to think.
 * What goes into a verdict is bounded by GROUP_MOST.
 *
 * The tables lie in memory that processes share from a fork on, 1 MiB each once used: the keeper writes, workers read
 * without a lock. A worker may read a weight while it is changed: it sees the old float or the new one, and a sum over both is as
 * good as either. Slots are found by the group's number; one is given up only when the group is no more in the configuration.
 *
 * A table is always its base and the lessons that count, one after the other (sekisho/lessons_groups.c): the same lessons in the
 * same order give the same floats, bit for bit. So nothing but bases is on disk, in files
 * "<16 hex digits of the group>.<number of the base>.weights", mode 0600, numbers in the machine's order:
 *
 *     "SKGROUP1", u32 FEATURE_BITS, u32 0, u64 group, u64 number, the weights as floats, and HMAC-SHA256 of all that under
 *     personal.key
 *
 * Which recipients taught stands in none of it. One that is damaged, of another version or another's is not taken. */
#pragma once

#include "base/hash.h"
#include "base/limits.h"
#include "base/why.h"
#include "judge/features.h"

#define GROUP_WEIGHTS   FEATURE_COUNT
#define GROUP_MOST      3.0  /* logits that count in a verdict, both ways */
#define GROUP_SAYS      0.05 /* smaller logits are no finding */
#define GROUP_NONE      SIZE_MAX
#define GROUP_FILE_SIZE (8 + 4 + 4 + 8 + 8 + 4 * GROUP_WEIGHTS + 32)

struct group_weights;

enum sk_code group_weights_open(struct group_weights **weights_r, struct why *why);
void group_weights_close(struct group_weights *weights);

/* The slot of a group, or GROUP_NONE. weights may be NULL. */
size_t group_find(const struct group_weights *weights, uint64_t group);
/* The same, taken when there is none. SK_LIMIT: LIMIT_GROUPS are taken. */
enum sk_code group_take(struct group_weights *weights, uint64_t group, size_t *slot_r,
                        struct why *why);
/* Zero, and free for another. */
void group_give_up(struct group_weights *weights, size_t slot);
/* 0: the slot is free. */
uint64_t group_in_slot(const struct group_weights *weights, size_t slot);
/* Whether no weight of a slot is anything but zero. */
bool group_is_zero(const struct group_weights *weights, size_t slot);
/* What counts in a verdict. */
double group_logit(const struct group_weights *weights, size_t slot,
                   const struct features *features);
/* A slot's weights, GROUP_WEIGHTS of them, for the keeper. */
float *group_table(struct group_weights *weights, size_t slot);

/* Of any table of GROUP_WEIGHTS: its logit, unbounded; and one lesson. */
double group_table_logit(const float *table, const struct features *features);
void group_table_learn(float *table, const struct features *features, bool spam);

void group_file_name(uint64_t group, uint64_t number, char name_r[64]);
/* false: it is no name that group_file_name gives. */
bool group_file_read_name(const char *name, uint64_t *group_r, uint64_t *number_r);
enum sk_code group_save(const float *table, uint64_t group, uint64_t number,
                        const uint8_t key[HASH_SHA256_SIZE], int folder, struct why *why);
/* Bytes of a file, into a table. SK_BAD: not taken, and the table is as it was. */
enum sk_code group_read(struct bytes file, uint64_t group, uint64_t number,
                        const uint8_t key[HASH_SHA256_SIZE], float *table_r,
                        struct why *why);
/* The same of the file in the folder; without one, all weights are zero. */
enum sk_code group_load(int folder, uint64_t group, uint64_t number,
                        const uint8_t key[HASH_SHA256_SIZE], float *table_r,
                        struct why *why);
