/* What people taught, as the keeper keeps it: the common model's lessons and the weights of recipients (judge/personal.h).
 *
 * record.folder/personal/ has a file for each recipient with weights, written before a lesson is answered.
 * record.folder/learned.lessons says what was taught before, 65 bytes a line: 's' or 'h', HMAC-SHA256 of the message's
 * SHA-256, and the recipient's name as his slot has it, zeros where none was named. The key is record.keys/personal.key:
 * nobody who holds the file alone can ask it whether a message came by. learned.digests, which older versions kept with
 * plain SHA-256, is taken over into it and destroyed; whose lines those were cannot be told any more. */
#pragma once

#include "judge/opinion.h"
#include "judge/personal.h"
#include "sekisho/keeping.h"

struct lessons;

/* judge and personal may be NULL, for a command that only takes away: then nothing can be taught. */
enum sk_code lessons_open(struct arena *arena, const struct config *config,
                          struct judge *judge, struct personal *personal,
                          struct lessons **lessons_r, struct why *why);
void lessons_close(struct lessons *lessons);

/* recipient: whose weights are taught beside the common model, or "". already: nothing of it was new. SK_LIMIT: too many
 * have weights; nothing was taught then. */
enum sk_code lessons_teach(struct lessons *lessons, struct bytes recipient,
                           struct bytes digest, struct bytes lesson, bool spam,
                           bool *already_r, struct why *why);
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
