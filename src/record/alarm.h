/* Alarms: which threats are told to people, how often, and until when.
 *
 * The state is a book (record/book.h) made from the ledger: sightings (entries of kind "content" with a threat, and of
 * kind "crash"), and what was done about them ("alarm.raised", "alarm.escalated", "alarm.sent", "alarm.acknowledged"). It
 * changes in the book's `entry` only; whoever wants a change keeps a record. So an alarm that was due when the power failed
 * is due again after it, and one that was raised is not raised twice.
 *
 *     sighting -> pending -> (alarms_due) alarm.raised -> notices to each target -> alarm.sent
 *                            open -> (nobody acknowledges) alarm.escalated -> notices -> alarm.sent
 *                            open -> alarm.acknowledged
 *
 * Sightings whose words are the same but for figures, days and names of places are one campaign (alarm_key). A campaign is
 * told of at once, then at most once an `interval` with the number of sightings since, and at once again when its severity
 * rises. The key is an HMAC: the ledger does not tell whose words they were to anyone who guesses.
 *
 * No content is kept here. What a notice shows (excerpt, recipients, client) is read from the ledger when the notice is
 * written, so that content which was purged is not in it.
 *
 * Time is passed in. A clock that jumps back makes an alarm come too early, never too late: a time that lies in the
 * future is taken as long ago. */
#pragma once

#include "base/json.h"
#include "record/alarm_settings.h"
#include "record/book.h"

#define ALARM_KEY_NAME     "alarm.key" /* among the keys: names campaigns and our own mail */
#define ALARM_WEBHOOK_NAME "alarm.webhook" /* signs web hooks, where none is configured */
#define ALARM_KEY_SIZE     32
#define ALARM_ID_SIZE      20

struct alarms;

/* settings live as long as the alarms. secret: ALARM_KEY_SIZE bytes. folder: of the record, open, for reading. */
struct alarms *alarms_new(struct arena *arena, const struct alarm_settings *settings,
                          struct bytes secret, int folder);
struct book *alarms_book(struct alarms *alarms);

/* Writes the records of what is due now (raised, escalated), to be kept in the ledger; each is given to `keep`. Until they
 * come back as entries they are not due again; alarms_forget_asked says that they were not kept. Returns how many. */
size_t alarms_due(struct alarms *alarms, struct arena *arena, int64_t now_ms,
                  void (*keep)(void *context, struct bytes record), void *context);
void alarms_forget_asked(struct alarms *alarms);
/* Whether alarms_due would find something: cheap, for after each commit. */
bool alarms_is_due(const struct alarms *alarms, int64_t now_ms);

/* The next notice that was not handed out yet, as one JSON object for the sender (report/notify.h). false: none waits. */
bool alarms_next_notice(struct alarms *alarms, struct arena *arena, struct bytes *json_r);
/* Whether one waits. */
bool alarms_has_notice(const struct alarms *alarms);
/* A new sender: whatever was not delivered is handed out again. */
void alarms_hand_out_again(struct alarms *alarms);

/* What the sender says of one delivery, as {"alarm","notice","target","result":"sent"|"failed"|"gave_up",...}: the
 * record to keep, or SK_OK with an empty record where there is nothing new in it. SK_BAD: no such delivery. */
enum sk_code alarms_sent(struct alarms *alarms, struct arena *arena, struct bytes said,
                         int64_t now_ms, struct bytes *record_r, struct why *why);
/* The record of an acknowledgement. SK_BAD: there is no such alarm, or it is acknowledged; the sentence tells which. */
enum sk_code alarms_acknowledge(struct alarms *alarms, struct arena *arena, struct bytes id,
                                struct bytes by, struct bytes channel, struct bytes note,
                                int64_t now_ms, struct bytes *record_r, struct why *why);
/* The record of an alarm that is only a test: told to every target, acknowledged by itself. id_r: its id. */
struct bytes alarms_test(struct alarms *alarms, struct arena *arena, struct bytes by,
                         int64_t now_ms, struct bytes *id_r);

/* Alarms as a JSON array, newest first; only those that wait for somebody, unless `all`. */
void alarms_write_list(struct alarms *alarms, struct json *j, bool all, size_t most);
/* One alarm with its deliveries. false: it is not remembered (the ledger has it). */
bool alarms_write_one(struct alarms *alarms, struct bytes id, struct json *j);
struct alarm_counts {
    size_t open, unsent, campaigns; /* not acknowledged; deliveries under way; remembered */
};
struct alarm_counts alarms_count(const struct alarms *alarms);

/* The campaign's key of a threat's words (normal form): 32 hexadecimal digits. */
#define ALARM_CAMPAIGN_SIZE 32
void alarm_key(struct bytes secret, struct bytes kind, struct bytes words,
               char key_r[ALARM_CAMPAIGN_SIZE + 1]);
/* What of the words is the campaign's: figures, days and places squashed. For tests and for people who ask why. */
struct bytes alarm_squash(struct arena *arena, struct bytes words);
/* The Message-ID of the mail of a notice, without angle brackets: our own mail is known by it when it comes back. */
struct bytes alarm_mail_id(struct arena *arena, struct bytes secret, struct bytes alarm,
                           unsigned notice, struct bytes hostname);
