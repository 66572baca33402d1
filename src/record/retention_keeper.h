/* Retention at work, in the keeper: looks for what has reached its end and for what a withdrawn consent took its ground
 * from, orders its purge, and takes the rows along. All of it in steps of some milliseconds between the mail.
 *
 * One order goes this way; a crash between any two steps begins it again from the ledger, and doing a step twice does no
 * harm:
 *
 *     planned -> kept (an entry, on disk) -> rows erased -> journal purged -> index of the day cleaned -> done (an entry)
 *
 * A withdrawal also takes our copy of held mail, but only when its recipients have it: what they have not been given is
 * their mail. Whether a release comes before the withdrawal is looked at, meanwhile, or weeks later makes no difference: the
 * erasure stays awake while such mail is there, and looks again when a release is told (retention_released), at the next
 * start, and once a day:
 *
 *     {"v":1,"kind":"erase.done","time","by","channel","erase":INDEX,"purged":N,"rewritten":N,"destroyed":N (held
 *      messages),"waiting":N (under a legal hold),"held":N (held mail that is not his yet)}
 *
 * Clocks jump. The end of a record is told by the wall clock, so a clock that is wrong by years would purge everything:
 * where it stands more than RETENTION_CLOCK_DAYS off the newest entry, or runs away from the monotonic clock, nothing is
 * purged by age until a person says so (retention_ask). */
#pragma once

#include "record/retention.h"
#include "record/vault.h"

#define RETENTION_CLOCK_DAYS 30

struct retention;

struct retention_calls {
    /* Commits what was given to vault_keep, answering all who wait for it. */
    enum sk_code (*commit)(void *context, struct why *why);
    /* Has an order carried out by another process: SK_OK, it is under way and retention_purged will be called; anything
     * else: it could not be begun. NULL: it is carried out here. */
    enum sk_code (*purge)(void *context, uint64_t order, struct why *why);
    void (*log)(const char *sentence); /* may be NULL */
    void *context;
};

enum sk_code retention_new(struct arena *arena, const struct config *config,
                           struct vault *vault, struct holds *holds,
                           const struct retention_calls *calls,
                           struct retention **retention_r, struct why *why);
/* Its book, to be entered before the vault's books are opened. */
struct book *retention_book(struct retention *retention);

/* One step. SK_MORE: there is more to do now; SK_OK: nothing for the time being; anything else: why, and it will be tried
 * again. */
enum sk_code retention_step(struct retention *retention, int64_t now_ms, struct why *why);
/* The purger ended: SK_OK when it carried the order out. */
void retention_purged(struct retention *retention, enum sk_code code);

/* A recipient was given held mail, by an outcome that is committed: withdrawals that wait for it look again. */
void retention_released(struct retention *retention, struct bytes address);

/* NULL, or why nothing is purged by age. */
const char *retention_suspended(const struct retention *retention, int64_t now_ms);
/* A person says that the clock is right and asks for the work now; for one class, or RETENTION_CLASSES for all. */
void retention_ask(struct retention *retention, enum retention_class class);

/* What would be purged now, by class, and what of it holds keep; reads the whole journal.*/
struct retention_count {
    uint64_t due[RETENTION_CLASSES], held[RETENTION_CLASSES];
};
enum sk_code retention_count(struct arena *arena, int folder, const char *folder_name,
                             const struct retention_settings *settings,
                             const struct holds *holds, int64_t now_ms,
                             struct retention_count *count_r, struct why *why);

struct retention_state {
    uint64_t purged[RETENTION_CLASSES]; /* since the ledger began */
    size_t erasures_open;               /* withdrawals whose erasure is not through */
    size_t erasures_waiting; /* of these, those that wait for a hold to be lifted */
    size_t
        erasures_held; /* through, but for held mail that is not his yet; not counted above */
    size_t orders_open;
};
struct retention_state retention_state(const struct retention *retention);
const struct retention_settings *retention_settings_of(const struct retention *retention);
