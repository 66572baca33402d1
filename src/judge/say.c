#include <math.h>

#include "judge/judge_private.h"

#define PASSAGE_LEAST 4   /* bytes; shorter lines join the next */
#define PASSAGE_MOST  240 /* a passage is cut here, between characters */

/* Bytes of the passage that begins at `from`: up to the end of its sentence or line. */
static size_t
passage_size(struct bytes text, size_t from)
{
    size_t at = from;

    while (at < text.size && at - from < PASSAGE_MOST) {
        size_t stop = text.at[at] == '\n' || text.at[at] == '!' || text.at[at] == '?' ? 1
                      : bytes_starts(bytes_from(text, at), BYTES("。"))               ? 3
                                                                                      : 0;
        if (stop > 0 && at + stop - from >= PASSAGE_LEAST) {
            return at + stop - from;
        }
        at++;
    }
    while (at < text.size && (text.at[at] & 0xc0) == 0x80) {
        at++;
    }
    return at - from;
}

/* What the passage adds to the sums that the classifier divides by the root of their count. */
static double
weight_of(struct judge *judge, struct bytes passage)
{
    judge_take_features(judge, BYTES_NONE, passage);
    struct model_scores scores = model_score(judge->model, &judge->features);

    return scores.grams * sqrt((double)judge->features.grams.count) +
           scores.pairs * sqrt((double)judge->features.pairs.count);
}

static struct bytes
loudest_passage(struct judge *judge, struct bytes text, bool unwanted)
{
    struct bytes loudest = BYTES_NONE;
    double most = 0;

    for (size_t at = 0, size; at < text.size; at += size) {
        size = passage_size(text, at);
        struct bytes passage = bytes_trim(bytes_slice(text, at, at + size));
        double weight = weight_of(judge, passage) * (unwanted ? 1 : -1);
        if (passage.size > 0 && weight > most) {
            most = weight;
            loudest = passage;
        }
    }
    features_clear(&judge->features);
    return loudest;
}

void
judge_say(struct judge *judge, const struct opinion *opinion)
{
    struct bytes text = bytes_slice(opinion->normal, 0, LIMIT_MODEL_TEXT_BYTES);

    for (size_t i = 0; i < opinion->finding_count; i++) {
        struct finding *finding = &opinion->findings[i];
        bool spam = strcmp(finding->name, "classifier_spam") == 0;
        if ((spam || strcmp(finding->name, "classifier_ham") == 0) &&
            finding->said.size == 0) {
            finding->said = loudest_passage(judge, text, spam);
        }
    }
}
