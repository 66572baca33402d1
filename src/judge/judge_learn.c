#include "base/limits.h"
#include "judge/group_weights.h"
#include "judge/judge_private.h"
#include "judge/normal.h"
#include "judge/personal.h"
#include "judge/point_private.h"

struct bytes
judge_normal_of(struct arena *arena, const struct letter *letter, size_t text_most)
{
    return normal_form(arena, judged_text(arena, letter, text_most), LIMIT_NORMAL_BYTES);
}

/* header: features_header_bytes; "" leaves it out. */
void
judge_take_features(struct judge *judge, struct bytes header, struct bytes normal)
{
    features_clear(&judge->features);
    if (header.size > 0) {
        features_add_header(&judge->features, header);
    }
    features_add_text(&judge->features, normal);
}

void
judge_take_letter(struct judge *judge, const struct letter *letter, struct bytes normal)
{
    uint8_t header[LIMIT_MODEL_HEADER_BYTES];
    size_t size = features_header_bytes(&letter->header, header);

    judge_take_features(judge, bytes_of(header, size), normal);
}

/* A lesson: the size of the header's bytes in two bytes, these, and the text in normal form. */
struct bytes
judge_lesson(struct arena *arena, const struct letter *letter)
{
    struct bytes normal = bytes_slice(judge_normal_of(arena, letter, CLASSIFIER_TEXT_BYTES),
                                      0, LIMIT_MODEL_TEXT_BYTES);
    uint8_t *at =
        arena_take_bytes(arena, 2 + LIMIT_MODEL_HEADER_BYTES + LIMIT_MODEL_TEXT_BYTES);
    size_t size = features_header_bytes(&letter->header, at + 2);

    at[0] = (uint8_t)(size >> 8);
    at[1] = (uint8_t)size;
    if (normal.size > 0) {
        memcpy(at + 2 + size, normal.at, normal.size);
    }
    return bytes_of(at, 2 + size + normal.size);
}

void
judge_use_threads(struct judge *judge, const struct thread_table *threads)
{
    judge->threads = threads;
}

void
judge_use_seed(struct judge *judge, uint64_t seed)
{
    judge->seed = seed;
}

void
judge_use_personal(struct judge *judge, struct personal *personal, uint8_t separator)
{
    judge->personal = personal;
    judge->separator = separator;
}

void
judge_use_group_weights(struct judge *judge, struct group_weights *weights)
{
    judge->group_weights = weights;
}

void
judge_use_reader(struct judge *judge, size_t reader)
{
    judge->reader = reader;
    models_let_go(judge->models, reader);
}

void
judge_use_now(struct judge *judge)
{
    judge->model = models_now(judge->models);
    judge->turn = models_turn(judge->models);
}

void
judge_digest(const struct judge *judge, uint8_t digest_r[32])
{
    model_digest(judge->model, digest_r);
}

void
judge_put(struct judge *judge, const struct model *model)
{
    models_put(judge->models, model);
    judge_use_now(judge);
}

void
judge_use_groups(struct judge *judge, const struct groups *groups)
{
    judge->groups = groups;
}

enum sk_code
judge_take_lesson(struct judge *judge, struct bytes lesson)
{
    size_t header = lesson.size < 2 ? 0 : (size_t)lesson.at[0] << 8 | lesson.at[1];

    if (lesson.size < 2 || header > LIMIT_MODEL_HEADER_BYTES || header > lesson.size - 2 ||
        lesson.size - 2 - header > LIMIT_MODEL_TEXT_BYTES) {
        return SK_BAD;
    }
    judge_take_features(judge, bytes_slice(lesson, 2, 2 + header),
                        bytes_from(lesson, 2 + header));
    return SK_OK;
}

enum sk_code
judge_teach(struct judge *judge, struct bytes lesson, bool spam)
{
    enum sk_code code = judge_take_lesson(judge, lesson);

    if (code == SK_OK) {
        model_learn(judge->model, &judge->features, spam);
    }
    return code;
}

enum sk_code
judge_lesson_logit(struct judge *judge, struct bytes lesson, uint64_t group,
                   double *common_r, double *of_group_r)
{
    enum sk_code code = judge_take_lesson(judge, lesson);
    size_t slot = group_find(judge->group_weights, group);

    if (code == SK_OK) {
        *common_r = model_score(judge->model, &judge->features).logit;
        *of_group_r = slot == GROUP_NONE
                          ? 0
                          : group_logit(judge->group_weights, slot, &judge->features);
    }
    return code;
}

enum sk_code
judge_teach_personal(struct judge *judge, size_t slot, struct bytes lesson, uint64_t group,
                     bool spam, double *step_r)
{
    double common, of_group;
    enum sk_code code = judge_lesson_logit(judge, lesson, group, &common, &of_group);

    if (code == SK_OK) {
        *step_r = personal_learn(judge->personal, slot, &judge->features, common + of_group,
                                 spam);
    }
    return code;
}

enum sk_code
judge_unteach_personal(struct judge *judge, size_t slot, struct bytes lesson, bool spam,
                       double step)
{
    enum sk_code code = judge_take_lesson(judge, lesson);

    if (code == SK_OK) {
        personal_unlearn(judge->personal, slot, &judge->features, step, spam);
    }
    return code;
}

void
judge_learn(struct arena *arena, struct judge *judge, const struct letter *letter,
            bool spam)
{
    enum sk_code code = judge_teach(judge, judge_lesson(arena, letter), spam);

    SK_ASSERT(code == SK_OK);
}

double
judge_score(struct arena *arena, struct judge *judge, const struct letter *letter)
{
    judge_take_letter(judge, letter, judge_normal_of(arena, letter, CLASSIFIER_TEXT_BYTES));
    return model_score(judge->model, &judge->features).unwanted;
}

void
judge_train(struct arena *arena, struct judge *judge, const struct letter *letter,
            enum category category, bool classes_only)
{
    judge_take_features(judge, BYTES_NONE,
                        judge_normal_of(arena, letter, CLASSIFIER_TEXT_BYTES));
    if (!classes_only) {
        model_learn(judge->model, &judge->features, category != CATEGORY_HAM);
    } else {
        model_learn_class(judge->model, &judge->features, judge_class_of(category));
    }
}

enum sk_code
judge_save(const struct judge *judge, const char *path, struct why *why)
{
    return model_save(judge->model, path, false, why);
}

enum sk_code
judge_save_packed(const struct judge *judge, const char *path, struct why *why)
{
    return model_save(judge->model, path, true, why);
}

enum sk_code
judge_swap(struct judge *judge, const char *path, struct why *why)
{
    struct model *model;
    enum sk_code code =
        *path == '\0' ? model_open_empty(&model, why) : model_open_file(path, &model, why);

    if (code == SK_OK) {
        model_copy(judge->model, model);
        model_close(model);
    }
    return code;
}

void
judge_counts(const struct judge *judge, uint64_t *spam_r, uint64_t *ham_r)
{
    model_counts(judge->model, spam_r, ham_r);
}
