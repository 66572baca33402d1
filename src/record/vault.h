/* The vault: what the keeper process calls to keep evidence. Ledger, held messages and rows under one folder.
 *
 *     vault_open; { vault_keep / vault_outcome ...; vault_commit; vault_put } ...; vault_rows soon after; vault_tick every
 *     second; vault_close
 *
 * vault_keep and vault_outcome only collect; when vault_commit says SK_OK, everything of the group is on disk, after one
 * sync, and the clients may be answered. When it says anything else nothing of the group was kept. Rows for search follow
 * the journal, once everyone was answered (vault_put); where they cannot be written (a full disk), the group is kept all the same and they are made up for later:
 * vault_trouble tells. */
#pragma once

#include "permit/permit.h"
#include "record/book.h"
#include "record/ledger.h"
#include "record/settings.h"
#include "store/rows.h"

struct vault;
struct record_row;

/* What open found: for one line in the log. */
struct vault_report {
    struct ledger_report ledger;
    uint64_t rows_again; /* entries whose rows were put in again */
};

enum sk_code vault_open(struct arena *arena, const struct config *config,
                        struct vault **vault_r, struct why *why);
const struct vault_report *vault_opened(const struct vault *vault);
/* Once, after vault_open: the books are opened, brought up to the ledger, told of each entry that is committed from now on,
 * and saved by vault_tick and vault_close. books must outlive the vault. */
enum sk_code vault_books(struct vault *vault, struct book *const *books, size_t count,
                         void (*log)(const char *sentence), struct why *why);
/* record: one line of JSON (row.h). held: the raw message when it is held, else empty. Both are copied.
 * SK_BAD: no record. SK_LIMIT: too large. */
enum sk_code vault_keep(struct vault *vault, struct bytes record, struct bytes held,
                        struct why *why);
/* json: of record_outcome; id: of the message it speaks of, as in the json. */
enum sk_code vault_outcome(struct vault *vault, struct bytes id, struct bytes json,
                           struct why *why);
/* A recipient ("hanako@example.jp", or "@example.jp" for a whole domain) withdrew these families (FAMILY_BIT set): stored
 * content that rests on him alone is to be erased, and what rests on others too is written anew without him. This keeps
 * an entry of kind "erase" in the group, and is a promise once it is committed: the work is done soon after, in small
 * steps (retention.h), also over a restart; what a legal hold covers waits until the hold is lifted. */
enum sk_code vault_erase_content(struct vault *vault, struct bytes recipient,
                                 uint32_t families, struct why *why);
enum sk_code vault_commit(struct vault *vault, struct why *why);
/* Called for every message of a group that was committed, with its row: for whoever looks on. */
void vault_watch(struct vault *vault,
                 void (*seen)(void *context, const struct rows_event *event),
                 void *context);
/* Called for each content that is kept, with the index it will have: gives the number of its campaign, 0 for none. dropped is
 * called with the first index of a group that was not committed. (campaigns.h) */
struct vault_marking {
    uint64_t (*mark)(void *context, uint64_t index, const struct record_row *content);
    void (*dropped)(void *context, uint64_t from);
    void *context;
};
void vault_mark(struct vault *vault, const struct vault_marking *marking);
/* Puts in the rows of the group that was committed last, which nobody waits for: to be called when all have their answer. The
 * next commit, vault_rows and vault_tick do it where it was not. */
void vault_put(struct vault *vault);
/* Lets searches see the rows of all groups committed so far: vault_put leaves SQLite's transaction open for up to 2,048
 * rows, because ending it costs more than a row. To be called soon (a quarter of a second) after a commit. */
void vault_rows(struct vault *vault);
/* Every second or so: checkpoint, rows to disk, what could not be done before. */
enum sk_code vault_tick(struct vault *vault, struct why *why);
/* NULL, or what does not work for now though evidence is kept. */
const char *vault_trouble(const struct vault *vault);
/* Entries of the ledger whose rows a search does not see yet. */
uint64_t vault_rows_behind(const struct vault *vault);
/* Without a commit before, what was collected is dropped. */
void vault_close(struct vault *vault);

struct ledger *vault_ledger(struct vault *vault);
const char *vault_folder(const struct vault *vault);
int vault_zone_minutes(const struct vault *vault);
/* When the newest entry that vault_open found was kept, by its own word; 0 where none says so. */
int64_t vault_newest_ms(const struct vault *vault);
/* What opens the held messages; the keeper's alone. */
struct held_keys;
struct held_keys *vault_held_keys(struct vault *vault);

/* For readers: the record of a message by its id, from the journal, checked against its leaf. SK_BAD: not found. */
enum sk_code vault_find(struct arena *arena, const char *folder, struct bytes id,
                        struct journal_frame *frame_r, struct why *why);
/* The content of that message, as it stands now: where it was written anew, the last. SK_MORE: it has none; with
 * content_r->purged it had one, whose entry is content_r->index. */
enum sk_code vault_find_content(struct arena *arena, const char *folder, struct bytes id,
                                const struct journal_frame *message,
                                struct journal_frame *content_r, struct why *why);
/* One entry, wherever it stands; folder: open. SK_BAD: it is not there. */
enum sk_code vault_entry(struct arena *arena, int folder, uint64_t index,
                         struct journal_frame *frame_r, struct why *why);
/* "+09:00" in minutes; false if it is no zone. */
bool vault_zone_read(struct bytes text, int *minutes_r);
