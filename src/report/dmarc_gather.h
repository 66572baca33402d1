/* Gathers from the record what reports of one period say.
 *
 *     dmarc_walk_open(..., begin) ; while (dmarc_walk_step(walk, gather) == SK_MORE) {} ; dmarc_gather_report(gather, i, ...)
 *
 * Read is only the line "message" of each message (record/row.h): envelope and results of authentication. The line that
 * rests on its content is never looked at. A message counts
 *   - when all its recipients allow FAMILY_DMARC: by their own consent, by the terms, or by a house rule;
 *   - not when its sender is empty (a bounce), when it went to dmarc_report.mailbox or our sender's own address (so there
 *     are no reports about reports), when somebody who had signed in sent it, or when it was put off and will come again.
 * In an aggregate report stands no local part of any address, and no recipient.
 *
 * A failure report (RFC 9991) is prepared for a message that counts, failed DMARC without anybody whom we trust having spoken
 * for it, and is of those that ruf and fo of the domain ask for. */
#pragma once

#include "record/journal.h"
#include "report/dmarc_failure.h"
#include "report/dmarc_report.h"
#include "report/dmarc_settings.h"

/* All mail in the name of one policy domain, with the policy that was seen last. */
struct dmarc_seen {
    struct dmarc_published published;
    struct bytes organization, rua, ruf;
    uint64_t messages;
    uint64_t passed;   /* DMARC */
    uint64_t unwanted; /* of those: refused, held or labelled by us */
    uint64_t left_out; /* had no room as rows */
    struct dmarc_row **rows;
    size_t row_count, row_room;
    /* Messages that failed and may be reported one by one: only where failure_send is not no. The first failure_cap of a
     * period; without key and to. */
    struct dmarc_failure *failures;
    size_t failure_count, failure_room;
};

struct dmarc_gather;
/* [begin_s, end_s): by the arrival. */
struct dmarc_gather *dmarc_gather_new(struct arena *arena,
                                      const struct dmarc_settings *settings,
                                      int64_t begin_s, int64_t end_s);
/* One entry of the ledger; of other kinds than "message" nothing is taken. */
void dmarc_gather_take(struct dmarc_gather *gather, struct bytes record);
size_t dmarc_gather_count(const struct dmarc_gather *gather);
const struct dmarc_seen *dmarc_gather_seen(const struct dmarc_gather *gather, size_t i);
/* Tokens of our reports that came back as bounces in the period (dmarc_token). */
const struct bytes *dmarc_gather_bounces(const struct dmarc_gather *gather,
                                         size_t *count_r);
/* Messages that may not stand in a report, because a recipient does not allow it. */
uint64_t dmarc_gather_withheld(const struct dmarc_gather *gather);
/* The report about the i-th domain. */
void dmarc_gather_report(struct arena *arena, const struct dmarc_gather *gather, size_t i,
                         struct dmarc_report *report_r);

/* The journal from about `begin_s` on. folder: the record's, open. */
struct dmarc_walk;
enum sk_code dmarc_walk_open(struct arena *arena, int folder, int64_t begin_s,
                             int64_t end_s, struct dmarc_walk **walk_r, struct why *why);
/* A few hundred entries. SK_MORE: call again; SK_OK: all of the period were taken. */
enum sk_code dmarc_walk_step(struct dmarc_walk *walk, struct dmarc_gather *gather,
                             struct why *why);
void dmarc_walk_close(struct dmarc_walk *walk);
