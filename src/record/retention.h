/* How long each class of records is kept, and their end.
 *
 * Secrecy of communications asks that nothing is kept longer than it is needed, the tracing of crime that it is not gone too
 * early; so each class has a floor and a ceiling, and a value between them from the configuration:
 *
 *     class    entries                                  because
 *     source   "message": envelope, connection, papers  MIC's request of 2025-09-16: at least 3 to 6 months is desirable;
 *                                                       the guideline before it: about 6 months, a year at most
 *     outcome  "outcome": what the next hop said        the same
 *     content  "content": what was read with consent    no longer than the recipient has a use for it; never longer than
 *                                                       the source: the request of 2025-09 leaves contents out
 *     held     the bytes of held messages               so long can a recipient ask for them
 *     threat   message and content with a notice of     evidence of a crime: three years until threats fall under the
 *              crime                                    statute of limitations (Code of Criminal Procedure 250)
 *     look     "look": who read what                    for the auditor
 *
 * All else (consents, holds, keys, purges, alarms, accounts) is what the rest is judged by, and stays.
 *
 * A purge is an order, an entry of the ledger that names each index, on disk before the first byte goes:
 *
 *     {"v":1,"kind":"purge","time","by","channel","class":"content","law":"retention.content = 30d","count":3,
 *      "indices":[first,n,gap,n,...],"from","upto" (ms, of the arrivals),"next":N,"held"?:[name,...],
 *      "tree_size","root"}
 *     {"v":1,"kind":"purge.done","time","orders":[INDEX,...]}    rows and held messages are gone as well
 *
 * [first,n] are n indices from `first` on; [gap,n] go on `gap` indices behind the last. "next": entries of the class below
 * it have been considered. journal_purge leaves the leaf, so size and root of the tree stay what they were.
 *
 * The order is carried out by another process than the keeper (retention_purge): it looks for itself whether a committed
 * order names the entry and no hold covers it. Rows follow, in small steps. */
#pragma once

#include "base/config.h"
#include "base/json.h"
#include "record/hold.h"

enum retention_class {
    RETAIN_SOURCE,
    RETAIN_OUTCOME,
    RETAIN_CONTENT,
    RETAIN_HELD,
    RETAIN_THREAT,
    RETAIN_LOOK,
};
#define RETENTION_CLASSES 6

const char *retention_class_name(enum retention_class class);
bool retention_class_read(struct bytes name, enum retention_class *class_r);

struct retention_settings {
    int64_t keep_ms[RETENTION_CLASSES];
};
/* Section [retention]. Beyond floor or ceiling, or content longer than its source: SK_CONFIG with words. */
extern const struct config_key retention_config_keys[];
enum sk_code retention_settings_read(const struct config *config,
                                     struct retention_settings *settings_r,
                                     struct why *why);

/* Indices of an order, rising. */
struct retention_order {
    uint64_t *indices;
    size_t count;
    enum retention_class class;
    int64_t time_ms, from_ms, upto_ms;
    uint64_t next;
    struct bytes law, by;
};
void retention_indices_write(struct json *j, const uint64_t *indices, size_t count);
/* SK_BAD: no order (another kind, indices that do not rise, more than LIMIT_RETENTION_ORDER). In the arena. */
enum sk_code retention_order_read(struct arena *arena, struct bytes record,
                                  struct retention_order *order_r);

/* Carrying out, in the purger: orders are the indices of entries of kind "purge". Each is checked against the ledger as
 * it stands on disk; an entry that a hold covers is spared, one that cannot be found or is not named is never touched.
 * SK_BAD: an order was refused, why says which; those before it are done. */
struct retention_result {
    uint64_t purged, spared;
};
enum sk_code retention_purge(int folder, const char *folder_name, const uint64_t *orders,
                             size_t count, struct retention_result *result_r,
                             struct why *why);

/* For verify: every purged frame must have been ordered. Frames are told in the ledger's order; at the end `fault` is called
 * for each purged entry that no order names. */
struct retention_check;
struct retention_check *retention_check_new(struct arena *arena);
void retention_check_frame(struct retention_check *check, uint64_t index, bool purged,
                           struct bytes record);
/* Gives how many entries were purged, by class in by_class_r (of those that an order names). */
void retention_check_end(struct retention_check *check,
                         void (*fault)(void *context, uint64_t index), void *context,
                         uint64_t by_class_r[RETENTION_CLASSES]);

/* Which order purged an entry, for who asks what became of it. SK_BAD: none. */
enum sk_code retention_find_order(struct arena *arena, int folder, uint64_t index,
                                  struct retention_order *order_r, struct why *why);
