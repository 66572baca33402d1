/* What others' lessons say about a lesson, and the common model as it would be without some.
 *
 * Beside the model that judges there are a base, the model as it was before the lessons that are kept, and two halves:
 * copies of the base, each taught by the reporters of one side only. A lesson of a reporter of side 0 is held against
 * half 1, which never heard him: if what others taught since has moved this mail in the direction that he said, they
 * agree with him; if it moved the other way, they do not. A message that nobody else taught anything like moves nowhere and
 * says nothing. And whole is the base again with all lessons that shall count, one after the other: since the same lessons
 * in the same order give the same model, bit for bit, a lesson that is left out of it is as if it had never been taught.
 *
 * The models take 4 MB each, of this process alone. Nothing here is ever taught by a verdict. */
#pragma once

#include "judge/judge.h"

struct jury;

/* Base and halves are the judge's model as it is now. The jury uses the judge's scratch, and goes before it. */
enum sk_code jury_open(struct judge *judge, struct jury **jury_r, struct why *why);
void jury_close(struct jury *jury);
/* Base, halves and whole are that file's model. */
enum sk_code jury_begin(struct jury *jury, const char *base, struct why *why);
void jury_begin_model(struct jury *jury, const struct model *base);
/* A lesson of this side (0 or 1; JURY_BOTH, JURY_NONE): to its half, and with `whole` to that too. SK_BAD: the bytes are no
 * lesson. */
#define JURY_NONE 2u
#define JURY_BOTH 3u
enum sk_code jury_teach(struct jury *jury, unsigned side, struct bytes lesson, bool spam,
                        bool whole);
/* A lesson that goes into the base, the oldest first: jury_save_base writes it. */
enum sk_code jury_fold(struct jury *jury, struct bytes lesson, bool spam);
enum sk_code jury_save_base(const struct jury *jury, const char *path, struct why *why);
/* How far the half that does not hear this side has moved the lesson from the base, in logits: above 0 to unwanted. */
double jury_moved(struct jury *jury, unsigned side, struct bytes lesson);
/* The whole is put in force (judge_put). */
void jury_take_over(const struct jury *jury, struct judge *judge);
/* How many the whole was taught. */
void jury_counts(const struct jury *jury, uint64_t *spam_r, uint64_t *ham_r);
/* The whole becomes the judge's model, to try a lesson on it. */
void jury_try(struct jury *jury, const struct judge *judge);
/* The classifier's probability that it is unwanted: of the judge's model, or of the whole. */
double jury_score(struct jury *jury, struct bytes lesson, bool whole);
