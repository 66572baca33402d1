#include "judge/jury.h"

#include <stdlib.h>

#include "judge/judge_private.h"

struct jury {
    struct judge *judge;
    struct model *base, *half[2], *whole;
};

enum sk_code
jury_open(struct judge *judge, struct jury **jury_r, struct why *why)
{
    static struct jury jury; /* one in a process: the keeper's */
    struct model **models[] = {&jury.base, &jury.half[0], &jury.half[1], &jury.whole};
    enum sk_code code = SK_OK;

    SK_ASSERT(jury.judge == NULL);
    for (size_t i = 0; i < sizeof models / sizeof models[0] && code == SK_OK; i++) {
        code = model_open_empty(models[i], why);
        if (code == SK_OK) {
            model_copy(*models[i], judge->model);
        }
    }
    jury.judge = judge;
    if (code != SK_OK) {
        jury_close(&jury);
        return code;
    }
    *jury_r = &jury;
    return SK_OK;
}

void
jury_close(struct jury *jury)
{
    if (jury != NULL) {
        model_close(jury->base);
        model_close(jury->half[0]);
        model_close(jury->half[1]);
        model_close(jury->whole);
        *jury = (struct jury){0};
    }
}

enum sk_code
jury_begin(struct jury *jury, const char *base, struct why *why)
{
    struct model *model;
    enum sk_code code = model_open_file(base, &model, why);

    if (code == SK_OK) {
        jury_begin_model(jury, model);
        model_close(model);
    }
    return code;
}

void
jury_begin_model(struct jury *jury, const struct model *base)
{
    model_copy(jury->base, base);
    model_copy(jury->half[0], base);
    model_copy(jury->half[1], base);
    model_copy(jury->whole, base);
}

enum sk_code
jury_teach(struct jury *jury, unsigned side, struct bytes lesson, bool spam, bool whole)
{
    enum sk_code code = judge_take_lesson(jury->judge, lesson);

    if (code == SK_OK) {
        for (unsigned i = 0; i < 2; i++) {
            if (side == i || side == JURY_BOTH) {
                model_learn(jury->half[i], &jury->judge->features, spam);
            }
        }
        if (whole) {
            model_learn(jury->whole, &jury->judge->features, spam);
        }
    }
    return code;
}

enum sk_code
jury_fold(struct jury *jury, struct bytes lesson, bool spam)
{
    enum sk_code code = judge_take_lesson(jury->judge, lesson);

    if (code == SK_OK) {
        model_learn(jury->base, &jury->judge->features, spam);
    }
    return code;
}

enum sk_code
jury_save_base(const struct jury *jury, const char *path, struct why *why)
{
    return model_save(jury->base, path, false, why);
}

double
jury_moved(struct jury *jury, unsigned side, struct bytes lesson)
{
    if (judge_take_lesson(jury->judge, lesson) != SK_OK) {
        return 0;
    }
    const struct features *f = &jury->judge->features;
    return model_score(jury->half[1 - (side & 1)], f).logit -
           model_score(jury->base, f).logit;
}

void
jury_take_over(const struct jury *jury, struct judge *judge)
{
    judge_put(judge, jury->whole);
}

void
jury_counts(const struct jury *jury, uint64_t *spam_r, uint64_t *ham_r)
{
    model_counts(jury->whole, spam_r, ham_r);
}

void
jury_try(struct jury *jury, const struct judge *judge)
{
    model_copy(jury->whole, judge->model);
}

double
jury_score(struct jury *jury, struct bytes lesson, bool whole)
{
    if (judge_take_lesson(jury->judge, lesson) != SK_OK) {
        return 0;
    }
    return model_score(whole ? jury->whole : jury->judge->model, &jury->judge->features)
        .unwanted;
}
