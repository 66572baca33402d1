/* What people taught, as the keeper keeps it: the common model's lessons and the weights of recipients (judge/personal.h).
 *
 * record.folder/personal/ has a file for each recipient with weights, written before a lesson is answered.
 * record.folder/learned.lessons says what was taught before, 65 bytes a line: 's' or 'h', HMAC-SHA256 of the message's
 * SHA-256, and the recipient's name as his slot has it, zeros where none was named. The key is record.keys/personal.key:
 * nobody who holds the file alone can ask it whether a message came by; 'u' takes back what was said before. learned.digests, which older versions kept with
 * plain SHA-256, is taken over into it and destroyed; whose lines those were cannot be told any more. */
#pragma once

#include "base/config.h"
#include "base/json.h"
#include "judge/opinion.h"
#include "judge/personal.h"
#include "sekisho/keeping.h"

struct lessons;

/* judge and personal may be NULL, for a command that only takes away: then nothing can be taught. */
enum sk_code lessons_open(struct arena *arena, const struct config *config,
                          struct judge *judge, struct personal *personal,
                          struct lessons **lessons_r, struct why *why);
void lessons_close(struct lessons *lessons);
/* Who belongs together, from now on, and where the weights of groups are taught: what the book has for them is in force
 * when this says SK_OK. What somebody taught stays with the group that he was in. groups must outlive the next call. */
enum sk_code lessons_use_groups(struct lessons *lessons, struct group_weights *weights,
                                const struct groups *groups, struct why *why);

extern const struct config_key learn_config_keys[];

/* The file of the model that is under what was learned here; "" for one that knows nothing. Where it is another than before, also than
 * before a start, it is put in force with what was learned on top: no message is judged by a mixture. On failure the present one
 * stays. The bytes must outlive the next call. */
enum sk_code lessons_use_model(struct lessons *lessons, struct bytes file, struct why *why);

/* What somebody said of a message. */
struct lesson {
    struct bytes recipient; /* whose weights are taught beside the common model, or "" */
    struct bytes reporter;  /* whose word it is; "": the operator's */
    struct bytes digest;    /* SHA-256 of the message */
    struct bytes text;      /* judge_lesson */
    bool spam;
    int64_t now_ms;
};
/* The common model has a message for what it is called by those who are believed: their weights (lesson_book.h) must be
 * LESSONS_QUORUM ahead. A word that nobody else supports, of one whose word counts less, is kept and waits; a word that
 * others contradict is unlearned; who is contradicted again and again loses all that he taught. already: he said so before.
 * id_r: the lesson's number, 0 if it is not kept. SK_LIMIT: too many have weights, or he has said enough for today; nothing
 * was taught then. */
#define LESSONS_QUORUM 0.4
enum sk_code lessons_teach(struct lessons *lessons, const struct lesson *lesson,
                           bool *already_r, uint64_t *id_r, struct why *why);
/* Takes a lesson back: the common model is then what it would be had it never been taught, bit for bit; his own weights lose
 * the step that they took for it. SK_BAD: there is none by this number, or not any more. */
enum sk_code lessons_undo(struct lessons *lessons, uint64_t id, struct why *why);
/* The kept lessons, newest first, as members of an open array. by: of this reporter alone; "": of all; "operator". */
void lessons_list(struct lessons *lessons, struct bytes by, struct json *j);
/* What a lesson would change: the classifier's probability for the message before and after, and how many of the last
 * `most` kept lessons would be judged otherwise. Nothing is taught. */
struct lessons_trial {
    double before, after;
    size_t looked_at, to_unwanted, to_wanted;
};
enum sk_code lessons_try(struct lessons *lessons, struct bytes text, bool spam, size_t most,
                         struct lessons_trial *trial_r, struct why *why);
/* Whether the common model learned since this was asked last. */
bool lessons_changed(struct lessons *lessons);
/* Whether this recipient has weights of his own. */
bool lessons_has(const struct lessons *lessons, struct arena *arena, struct bytes address);
/* He, or "@domain", withdrew these families: his slot is zeroed, his file destroyed and his lines taken out, when this
 * says SK_OK; of a domain, for all who have no consent of their own. lessons NULL: opened for it. */
enum sk_code lessons_forget(struct keeping *keeping, struct bytes name, uint32_t families,
                            struct why *why);
/* The same for everybody whose last word is a withdrawal: what a keeper that died left over. */
void lessons_forget_rest(struct keeping *keeping);
