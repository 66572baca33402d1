/* What the files of the judge share: judge_open.c opens it, judge_learn.c teaches, judge_classes.c names the category,
 * judge.c judges. */
#pragma once

#include "judge/judge.h"
#include "judge/lexicon.h"
#include "judge/models.h"
#include "judge/threat.h"
#include "judge/trade.h"

#define LEXICON_FILE_MAX 4194304
/* Text that is brought to normal form where only the classifier reads: enough to give it its bytes, also where much
 * of the text is dropped on the way. */
#define CLASSIFIER_TEXT_BYTES (LIMIT_MODEL_TEXT_BYTES * 2)

/* Logits: signs of a kind, in the sum of findings and for the kind. */
#define SIGNS_GAIN 0.35

struct findings;

struct judge {
    struct models *models;
    struct model *model; /* the one in force, or the one that judged last */
    size_t reader;
    uint64_t turn, named_turn; /* of the model that judged last, and that was named */
    struct lexicon *lexicon;
    /* The built-in tables, and the operator's words that the lexicon was opened with. */
    struct bytes threat_table, slang_table;
    struct arena lexicons[2]; /* the lexicon is in lexicons[in_use] */
    int in_use;
    struct threat_cues *cues;
    struct lure_table *lures;
    struct brands *brands;
    struct features features;
    struct personal *personal;
    const struct thread_table *threads;
    uint8_t separator;
    const struct groups *groups;
    struct group_weights *group_weights;
    uint64_t seed; /* of marks; 0: not told */
    char lexicon_name[16], model_name[64];
    uint64_t named_spam, named_ham; /* what the model knew when it was named */
    int64_t named_ms;
};

/* The letter's text in normal form, and what is made of it once for all who read it. Regions: where threats may be read. */
struct judge_text {
    struct bytes normal, folded;
    const struct region *regions;
    size_t region_count;
};

/* What the message is to conversations (conversations.c); after its stages are known. */
void judge_read_conversations(struct arena *arena, const struct judge *judge,
                              const struct permit *permit, const struct arrival *arrival,
                              const struct letter *letter, struct opinion *o);
void judge_close_lexicon(struct judge *judge);
/* The first six bytes of a digest, in hexadecimal: enough to tell versions apart. */
void judge_short_name(const uint8_t *digest, char name_r[16]);

/* What follows from the finished opinion (judge_after.c): indicators, duties of mail to many, marks. */
void judge_after(struct findings *f, struct judge *judge, const struct letter *letter,
                 const struct origin *origin, struct opinion *o);

struct bytes judge_normal_of(struct arena *arena, const struct letter *letter,
                             size_t text_most);
/* Clears the features and takes those of header and text. header: features_header_bytes; "" leaves it out. */
void judge_take_features(struct judge *judge, struct bytes header, struct bytes normal);
/* The features of a lesson (judge_lesson). SK_BAD: the bytes are none. */
enum sk_code judge_take_lesson(struct judge *judge, struct bytes lesson);
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
