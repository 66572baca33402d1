/* What a message wants: findings, categories, threat. Each finding carries the family that allowed it and the words
 * it rests on. */
#pragma once

#include "arrive/arrival.h"
#include "base/config.h"
#include "base/json.h"
#include "parse/letter.h"
#include "permit/permit.h"
#include "trace/origin.h"

enum category {
    CATEGORY_HAM,
    CATEGORY_BULK,
    CATEGORY_ADVERTISEMENT,
    CATEGORY_LURE,
    CATEGORY_PHISHING,
    CATEGORY_EXTORTION,
    CATEGORY_MALWARE,
    CATEGORY_THREAT,
    CATEGORY_SLANG,
    CATEGORY_ADVANCE_FEE,
    CATEGORY_BOUNCE,
};
#define CATEGORY_COUNT 11

enum threat_kind {
    THREAT_NONE,
    THREAT_MURDER,
    THREAT_ATTACK,
    THREAT_BOMB,
    THREAT_ARSON,
    THREAT_POISON,
    THREAT_SUICIDE
};

/* What a threat tells of itself, as it is written (judge/threat_detail.h); "" where it does not tell. */
struct threat_detail {
    struct bytes target, place, means, when;
    int64_t from,
        to; /* the time that `when` names: [from, to) of the epoch in seconds; 0 without */
};

struct finding {
    const char
        *name; /* a constant, lower case with _: the key of its words in decide/words.c */
    double weight; /* in logits towards unwanted; below zero speaks for the message */
    enum permit_family family; /* that allowed it */
    struct bytes detail;       /* what it rests on, clean UTF-8, short; "" if none */
    struct bytes
        said; /* the words it rests on, a view of the opinion's normal form; "" if none */
    /* Where these stand in the message's bytes: [from, to), both 0 until judge_point, and where nobody knows. */
    size_t from, to;
};

struct personal;
struct thread_table;
struct groups;
struct group_weights;
struct indicator;
struct sender_law;
struct bulk_answer;
struct marks;

/* What the message is to a conversation with its sender, for one recipient who allows FAMILY_CONTENT (judge/thread_memory.h).
 * It is to be noted where pair_count is not 0: it shows a stage, or the correspondent is known. */
#define CONVERSATION_PAIRS 2 /* with From, and with Reply-To where that is somebody else */
struct conversation {
    uint8_t pairs[CONVERSATION_PAIRS][16];
    size_t pair_count;
    const struct finding *turn; /* lure_turn; NULL: it did not turn */
};

struct opinion {
    struct finding *findings; /* heaviest first */
    size_t finding_count, findings_dropped;
    double unwanted; /* 0 to 1, all families */
    double
        unwanted_source; /* the same from source and label alone: for recipients who gave no consent */
    bool content_read; /* false: no recipient allowed it */
    double content;    /* the classifier's probability of unwanted */
    enum category category;
    double categories[CATEGORY_COUNT];
    enum threat_kind threat;
    int threat_severity; /* 0 none, 1 to 5 */
    struct bytes threat_words;
    struct threat_detail threat_detail;
    /* What each recipient's own weights say, in the order of the permit, NULL where they say nothing; NULL: nobody has any.
     * Not among the findings: it is for him alone, and decide gives it to nobody else. */
    const struct finding **personal;
    size_t personal_count;
    /* The same of the weights of his group (judge/groups.h): for him and the others of it alone. */
    const struct finding **of_group;
    size_t of_group_count;
    /* By recipient as `personal` is, and for him alone too; NULL: nobody remembers conversations. */
    const struct conversation *conversations;
    size_t conversation_count;
    struct bytes normal; /* the normal form that was judged; "" without consent */
    size_t text_read; /* how much of the letter's text it may have been made of, in bytes */
    /* What the text tells to pay to, to call or to go to, in letter.text (FAMILY_CONTENT; URLs with FAMILY_LINKS too). */
    const struct indicator *indicators;
    size_t indicator_count;
    /* Of mail to many, or that admits nobody asked for it; NULL: of no other. Answers are BULK_RULES. */
    const struct sender_law *law;
    const struct bulk_answer *bulk;
    unsigned
        lure_stages; /* how far it leads: 1 << enum lure_stage (judge/lure.h); FAMILY_CONTENT; 0 where the classifier takes it for wanted */
    /* What the wording says for the category of lures (judge/lure.h), a logit; 0 where it was not asked. */
    double lure_class;
    const struct marks *marks; /* for the index of campaigns; NULL: none were made */
};

/* The judge of a process: model, lexicon, scratch. Loaded from the configuration's paths, or what is built in. */
struct judge;
enum sk_code judge_open(struct arena *arena, const struct config *config,
                        struct judge **judge_r, struct why *why);
void judge_close(struct judge *judge);
/* The operator's words (judge.words) of a configuration in the place of the present ones: for a reload, without a file
 * being opened (config_file). On failure the present ones stay. */
enum sk_code judge_use_words(struct judge *judge, const struct config *config,
                             struct why *why);
/* Reads judge.words of a configuration, so that its bundle has the file, and says what is wrong with its form. */
enum sk_code judge_words_settings(struct arena *arena, const struct config *config,
                                  struct why *why);

/* Judges one message. What the permit does not allow is not read. origin may be NULL (text alone). Never waits. */
const struct opinion *judge_letter(struct arena *arena, struct judge *judge,
                                   const struct permit *permit,
                                   const struct arrival *arrival,
                                   const struct letter *letter,
                                   const struct origin *origin);

/* Finds the bytes of the message that findings rest on: for whoever shows them to a person. Costs some milliseconds, which
 * the road does not pay. */
void judge_point(struct arena *arena, const struct letter *letter,
                 const struct opinion *opinion);

/* The indicators also of mail that is wanted, where the road leaves them out: for whoever asked about this message. */
void judge_look(struct arena *arena, const struct permit *permit,
                const struct letter *letter, const struct opinion *opinion);

/* Names, for findings of the classifier, the passage that spoke loudest: before judge_point, for whoever shows them to a
 * person. Costs as much again as the judgement. */
void judge_say(struct judge *judge, const struct opinion *opinion);

/* Learning. The weights lie in memory that processes share from a fork on: one of them teaches, all judge by what it
 * taught. A lesson is what the classifier reads of a message, header and text, made where the message is read; only of
 * recipients who allowed FAMILY_CONTENT, and only where a person said what it is: a judge never learns from its own
 * verdicts. SK_BAD: the bytes are no lesson. */
struct bytes judge_lesson(struct arena *arena, const struct letter *letter);
enum sk_code judge_teach(struct judge *judge, struct bytes lesson, bool spam);
/* Weights of recipients (judge/personal.h), which the judge then asks for each who allows FAMILY_CONTENT; they are the
 * caller's. NULL: none. separator: permit.detail, 0 for none. */
void judge_use_personal(struct judge *judge, struct personal *personal, uint8_t separator);
/* How far conversations have come (judge/thread_table.h), asked for each who allows FAMILY_CONTENT; it is the caller's. NULL: nobody
 * is asked. Names are made with judge_use_personal's separator. */
void judge_use_threads(struct judge *judge, const struct thread_table *threads);
/* Weights of groups (judge/group_weights.h), which the judge then asks for each of their people who allows FAMILY_CONTENT;
 * they are the caller's. NULL: none. And who belongs together: until it is told nobody does. */
void judge_use_group_weights(struct judge *judge, struct group_weights *weights);
void judge_use_groups(struct judge *judge, const struct groups *groups);
/* The secret with which marks of mails are made (judge/marks.h); until it is told none are made. */
void judge_use_seed(struct judge *judge, uint64_t seed);
/* The common model's logit for a lesson, and beside it what the weights of a group say that count in a verdict; 0: of no
 * group. */
enum sk_code judge_lesson_logit(struct judge *judge, struct bytes lesson, uint64_t group,
                                double *common_r, double *of_group_r);
/* The same lesson for the weights in a slot, on top of what common model and group say; step_r: how far it moved them, to
 * take it back. */
enum sk_code judge_teach_personal(struct judge *judge, size_t slot, struct bytes lesson,
                                  uint64_t group, bool spam, double *step_r);
enum sk_code judge_unteach_personal(struct judge *judge, size_t slot, struct bytes lesson,
                                    bool spam, double step);
/* Writes the model to a new file and puts it in the old one's place. */
enum sk_code judge_save(const struct judge *judge, const char *path, struct why *why);
/* Takes the weights of that file, also for the processes that share them; on failure the present ones stay. "" gives an
 * untaught model. */
enum sk_code judge_swap(struct judge *judge, const char *path, struct why *why);

/* The number of this process among those that judge by what one of them teaches, below 256: told before its first message. */
void judge_use_reader(struct judge *judge, size_t reader);

/* Which model and which lexicon judge now, for the record: "model":"8f2c51d09ab3@1200+3400" (after the @ how many unwanted
 * and wanted messages it was taught), "lexicon":"...". A model that learns is looked at anew at most once a second. */
void judge_made_by(struct judge *judge, struct json *j);

const char *category_name(enum category category);
const char *threat_kind_name(enum threat_kind kind);
/* With "indicators", "duties" (of sender_law_write_duties) and "bulk" (names of the rules that are not met) where there are any. */
/* "threat": {kind, severity, words, and what it tells of itself}; nothing without a threat. */
void threat_write_json(const struct opinion *opinion, struct json *j);
void opinion_write_json(const struct opinion *opinion, struct json *j);
/* The list of indicators alone; from and to are bytes of letter.text. */
void opinion_write_indicators(const struct opinion *opinion, struct json *j);
