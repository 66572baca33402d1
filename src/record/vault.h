/* The vault: what the keeper process calls to keep evidence. Ledger, held messages and rows under one folder.
 *
 *     vault_open; { vault_keep / vault_outcome ...; vault_commit } ...; vault_rows soon after; vault_tick every second; vault_close
 *
 * vault_keep and vault_outcome only collect; when vault_commit says SK_OK, everything of the group is on disk, after one
 * sync, and the clients may be answered. When it says anything else nothing of the group was kept. Rows for search follow
 * the journal; where they cannot be written (a full disk), the group is kept all the same and they are made up for later:
 * vault_trouble tells. */
#pragma once

#include "record/ledger.h"
#include "record/settings.h"

struct vault;

/* What open found: for one line in the log. */
struct vault_report {
    struct ledger_report ledger;
    uint64_t rows_again; /* entries whose rows were put in again */
};

enum sk_code vault_open(struct arena *arena, const struct config *config,
                        struct vault **vault_r, struct why *why);
const struct vault_report *vault_opened(const struct vault *vault);
/* record: one line of JSON (row.h). held: the raw message when it is held, else empty. Both are copied.
 * SK_BAD: no record. SK_LIMIT: too large. */
enum sk_code vault_keep(struct vault *vault, struct bytes record, struct bytes held,
                        struct why *why);
/* json: of record_outcome; id: of the message it speaks of, as in the json. */
enum sk_code vault_outcome(struct vault *vault, struct bytes id, struct bytes json,
                           struct why *why);
enum sk_code vault_commit(struct vault *vault, struct why *why);
/* Lets searches see the rows of all groups committed so far: vault_commit leaves SQLite's transaction open for up to 512
 * rows, because ending it costs more than a row. To be called soon (a quarter of a second) after a commit. */
void vault_rows(struct vault *vault);
/* Every second or so: checkpoint, rows to disk, what could not be done before. */
enum sk_code vault_tick(struct vault *vault, struct why *why);
/* NULL, or what does not work for now though evidence is kept. */
const char *vault_trouble(const struct vault *vault);
/* Without a commit before, what was collected is dropped. */
void vault_close(struct vault *vault);

struct ledger *vault_ledger(struct vault *vault);

/* For readers: the record of a message by its id, from the journal, checked against its leaf. SK_BAD: not found. */
enum sk_code vault_find(struct arena *arena, const char *folder, struct bytes id,
                        struct journal_frame *frame_r, struct why *why);
/* "+09:00" in minutes; false if it is no zone. */
bool vault_zone_read(struct bytes text, int *minutes_r);
