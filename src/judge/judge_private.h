/* What the files of the judge share: judge_open.c opens it, judge_learn.c teaches, judge_classes.c names the category,
 * judge.c judges. */
#pragma once

#include "judge/judge.h"
#include "judge/lexicon.h"
#include "judge/threat.h"

#define LEXICON_FILE_MAX 4194304
/* Text that is brought to normal form where only the classifier reads: enough to give it its bytes, also where much
 * of the text is dropped on the way. */
#define CLASSIFIER_TEXT_BYTES (LIMIT_MODEL_TEXT_BYTES * 2)

/* Logits: signs of a kind, in the sum of findings and for the kind. */
#define SIGNS_GAIN 0.35

struct findings;

struct judge {
    struct model *model;
    struct lexicon *lexicon;
    struct features features;
    struct personal *personal;
    uint8_t separator;
    char lexicon_name[16], model_name[64];
    uint64_t named_spam, named_ham; /* what the model knew when it was named */
    int64_t named_ms;
};

struct bytes judge_normal_of(struct arena *arena, const struct letter *letter,
                             size_t text_most);
/* Clears the features and takes those of header and text. header: features_header_bytes; "" leaves it out. */
void judge_take_features(struct judge *judge, struct bytes header, struct bytes normal);
void judge_take_letter(struct judge *judge, const struct letter *letter,
                       struct bytes normal);

/* Which class of the model a category is; MODEL_CLASSES for those it does not tell apart. */
int judge_class_of(enum category category);
/* What mail is that is not unwanted: mail to many, a server's reply, or mail. Reads the header: only with consent. */
enum category judge_wanted_category(const struct letter *letter,
                                    const struct arrival *arrival);
/* Probabilities that sum to 1: the wanted category has what is not unwanted, the classes share the rest. */
void judge_share_out(struct judge *judge, const struct findings *f, struct opinion *o,
                     enum category wanted, const struct trade *trade,
                     const struct signs *signs);
