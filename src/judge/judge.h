/* Beside opinion.h: what tools need of a judge: to teach, train and ask the classifier alone. */
#pragma once

#include "judge/model.h"
#include "judge/opinion.h"

/* judge_lesson and judge_teach in one, for tools. */
void judge_learn(struct arena *arena, struct judge *judge, const struct letter *letter,
                 bool spam);
/* Text alone, and with its category (CATEGORY_HAM for wanted mail): tools/train-model. */
void judge_train(struct arena *arena, struct judge *judge, const struct letter *letter,
                 enum category category, bool classes_only);
/* The classifier alone, 0 to 1. */
double judge_score(struct arena *arena, struct judge *judge, const struct letter *letter);

/* judge_save with weights of 8 bits, as a model is shipped. */
enum sk_code judge_save_packed(const struct judge *judge, const char *path,
                               struct why *why);
void judge_counts(const struct judge *judge, uint64_t *spam_r, uint64_t *ham_r);
