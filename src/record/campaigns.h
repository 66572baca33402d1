/* Campaigns in the keeper: to which campaign each message belongs, from what the workers say of it.
 *
 * The content of a message comes with marks (judge/marks.h): a signature of its words, and keys of what joins. The keeper
 * compares them with those of the newest messages (judge/campaign.h) and tells the campaign's number, which stands in the
 * content's entry and in its row, and goes with them. In this order:
 *
 *     words at least CAMPAIGNS_SURE alike                       the campaign of the most alike
 *     a key that joins by itself (account, number, kit, ...)    the campaign that had it last
 *     words at least CAMPAIGN_LEAST alike, and any key in common    that campaign
 *     none of these                                             a new campaign: its number is that of its first entry
 *
 * What is known is made from the ledger alone, as by a book (record/book.h): an entry of content puts a message in, with the
 * number that stands there; an order to purge takes it out, so that nothing outlives its content here; people's decisions are
 * entries of their own:
 *
 *     {"v":1,"kind":"campaign.merge","time","by","channel","from":N,"to":N,"reason"}     all of N belongs to the other
 *     {"v":1,"kind":"campaign.split","time","by","channel","from":N,"entries":[...],"reason"}   these are a campaign of
 *                                                                     their own, whose number is that of this entry
 *
 * Marks are made with a secret, the file campaigns.seed of the record folder: who knows it can write mail that only looks
 * alike. Where it is lost a new one is made, and older marks say nothing any more.
 *
 * The file campaigns.index is a copy of the memory, so that a start needs not read the whole ledger; what came after it is
 * read from there:
 *
 *     offset  size
 *          0  4096  struct file_head of campaigns.c: magic, capacity, entries known, signatures put, the last number, its digest
 *       4096        the index (judge/campaign.h), all of it
 *        ...        CAMPAIGNS_KEYS keys of 32 bytes: key, campaign, number of the message that had it last, 0
 *
 * It is written beside the mail in steps, while the index goes on, and is good all the same: each put after the copy began is
 * made again from the ledger, in the same place. What is forgotten is overwritten in the file too, at once. A file that is
 * damaged, of another capacity or of another secret is not used. Bounds: record.campaigns messages, CAMPAIGNS_KEYS keys; at the
 * bound the oldest give way. */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/json.h"
#include "judge/campaign.h"
#include "record/book.h"
#include "record/row.h"

#define CAMPAIGNS_SURE 500   /* thousandths */
#define CAMPAIGNS_KEYS 65536 /* in sets of CAMPAIGNS_WAYS */
#define CAMPAIGNS_WAYS 4
#define CAMPAIGNS_DAYS 400 /* in an answer */

struct campaigns;

/* folder: the record's, open; entries: the ledger's size. SK_SYSTEM, SK_LIMIT (no memory). */
enum sk_code campaigns_open(struct arena *arena, int folder, size_t capacity,
                            uint64_t entries, struct campaigns **campaigns_r,
                            struct why *why);
/* Saves if something changed; given back with it is the memory. */
void campaigns_close(struct campaigns *campaigns);
struct book *campaigns_book(struct campaigns *campaigns);
uint64_t campaigns_seed(const struct campaigns *campaigns);

/* For vault_mark: puts the message in and tells its number; 0: it has no signature. dropped: entries from `from` on were not
 * kept. */
uint64_t campaigns_mark(void *campaigns, uint64_t index, const struct record_row *content);
void campaigns_dropped(void *campaigns, uint64_t from);

/* Every second or so: a step of saving, when an hour has gone by since the last, or at once. SK_MORE: there is more. */
enum sk_code campaigns_tick(struct campaigns *campaigns, bool at_once, struct why *why);

/* Messages that are known, and in use of the bound. */
size_t campaigns_held(const struct campaigns *campaigns);

/* Whether the entry (of a content) is known to be of that campaign. */
bool campaigns_has(const struct campaigns *campaigns, uint64_t entry, uint64_t campaign);
size_t campaigns_size(const struct campaigns *campaigns, uint64_t campaign);

struct campaigns_query {
    int64_t since_ms, now_ms;
    size_t least, most;
    int zone_minutes;
};
/* The campaigns with at least so many messages, one of which came not before since_ms: those with the newest first, at most
 * `most`. "campaigns":[{"campaign","messages","first","last" (ms, full hours),"days":[[ms,n],...]}] with the days of the
 * last 14 in the zone; "messages": all that are known; "more": true where there were more. */
void campaigns_write_list(const struct campaigns *campaigns, struct arena *arena,
                          const struct campaigns_query *query, struct json *j);
/* One: the same of it, all its days, and "entries": those of its newest `most` messages, the newest first. SK_BAD: there is
 * none of that number. */
enum sk_code campaigns_write_one(const struct campaigns *campaigns, struct arena *arena,
                                 uint64_t campaign, size_t most, int zone_minutes,
                                 struct json *j, struct why *why);
