/* The classifier: four opinions of one message, and their mean.
 *
 * Three logistic regressions, over grams, over pairs (judge/features.h) and over letters (judge/letters.h), 2^18 weights each, and a
 * Bayesian count of the pairs with a confidence factor, taught only where it is not sure. Their logits are clipped to 8 either way
 * and averaged: each errs elsewhere. Letters, taught in small steps, go by what many lessons have in common, and err least on mail of
 * other hands than those that taught: in what is shipped they count as much as the other three, in a model that began at nothing as
 * much as each of them. Header and text are normalised apart, so a model that knows only text (the one we ship) judges text the same
 * whatever stands in the header, and learns the headers of its place on top. A last table names the category of unwanted mail; it is made
 * by tools/train-model and never learnt online.
 *
 * Learning is online: a message is taught once, in order, and the same order gives the same model, bit for bit, on one
 * kind of machine. A model lives in memory of its own (5 MB) until model_close; processes that were forked after it was
 * opened share it: one may teach, the others read what is half written as one weight old, one new, which is harmless.
 *
 * A file is read into memory of our own and checked there, and never mapped: one that another process cuts short or
 * writes to while it is read is refused, or read as it was, and takes nobody down; and what is shipped (8 bits a weight) must be
 * unpacked to be taught in any case (docs/decisions/0029).
 *
 * File: struct model_head, then either the tables as they are (format 1, native byte order, written when learnt) or
 * packed to 8 bits (format 2, shipped). The checksum covers all after the head. */
#pragma once

#include "base/why.h"
#include "judge/features.h"

struct model;

#define MODEL_CLASSES                                                                      \
    8 /* categories that unwanted mail is told apart in, see model_category_class */

#define MODEL_FILE_MAX 67108864 /* bytes, far above any model; beyond: not read */

struct model_scores {
    double grams, pairs, counts, letters; /* logits, unclipped */
    double logit;                         /* the weighted mean of the clipped */
    double unwanted;                      /* 0 to 1 */
};

enum sk_code model_open_empty(struct model **model_r, struct why *why);
/* From a file's bytes (they may go afterwards), or from a file. SK_BAD: no model, broken, or of another version. */
enum sk_code model_open_bytes(struct bytes file, struct model **model_r, struct why *why);
enum sk_code model_open_file(const char *path, struct model **model_r, struct why *why);
void model_close(struct model *model);
/* Takes over all that the other knows. */
void model_copy(struct model *to, const struct model *from);
/* What a model learned since it was `from` is put on top of `to` instead: weights and counts move by the difference of the two,
 * and the categories are those of `to`. */
void model_rebase(struct model *model, const struct model *from, const struct model *to);

/* Writes a new file and puts it in the old one's place. packed: 8-bit weights. */
enum sk_code model_save(const struct model *model, const char *path, bool packed,
                        struct why *why);

struct model_scores model_score(const struct model *model, const struct features *features);
void model_learn(struct model *model, const struct features *features, bool spam);
/* How many messages were taught. */
void model_counts(const struct model *model, uint64_t *spam_r, uint64_t *ham_r);

/* SHA-256 of all weights: which model this is. Some milliseconds. */
void model_digest(const struct model *model, uint8_t digest_r[32]);

/* Logits of the classes, from the text's features alone. */
void model_classes(const struct model *model, const struct features *features,
                   double logits_r[MODEL_CLASSES]);
/* One lesson of tools/train-model: class_of is the right class, or MODEL_CLASSES for wanted mail. */
void model_learn_class(struct model *model, const struct features *features, int class_of);
