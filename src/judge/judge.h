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

/* Puts a copy of the model in force for all who share the judge's memory: whoever begins to judge after that judges by it. */
void judge_put(struct judge *judge, const struct model *model);
/* The model that is in force, in a process that was forked after it was changed; and its digest (model_digest). */
void judge_use_now(struct judge *judge);
void judge_digest(const struct judge *judge, uint8_t digest_r[32]);
/* The file of the model that is built in; "" where there is none. */
struct bytes judge_built_in_model(void);

/* judge_save with weights of 8 bits, as a model is shipped. */
enum sk_code judge_save_packed(const struct judge *judge, const char *path,
                               struct why *why);
void judge_counts(const struct judge *judge, uint64_t *spam_r, uint64_t *ham_r);
