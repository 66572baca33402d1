/* Event rows: what people search in. SQLite, one file a day, events-YYYY-MM-DD.db; the only door to sqlite3.h. A day that is
 * over is closed: packed into events-YYYY-MM-DD.rows, a third of the size, and answers from there (rows_packed.h).
 *
 * Rows are made from the record's journal and can be made again from it, so they are never synced on their own: commits
 * go to the write-ahead log unsynced (synchronous=NORMAL), rows_settle brings the files to disk now and then and notes in
 * the file `rows.mark` up to which entry they are complete. After a crash everything from the mark on is put in again;
 * putting a row twice changes nothing.
 *
 * A row is keyed by the entry's index, which only grows; the index on id grows with time as well. Nothing is inserted in
 * random order. Words and addresses are found by an index of our own, made of many rows at once (rows_grams.h); the newest
 * rows have none yet and are looked at one by one, some thousands at most. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"

/* Where the record stands: the journal knows what the numbers mean. */
struct rows_place {
    uint64_t index, segment, offset;
};

struct rows_event {
    struct rows_place place;
    struct bytes id;
    int64_t time_ms;
    struct bytes action, category, sender;
    struct bytes recipients; /* separated by ", " */
    struct bytes subject, name, text, client;
    struct bytes threat;   /* "" if none */
    struct bytes campaign; /* its number when it was kept; "" if none */
    int64_t size;
    double unwanted;
};

struct rows_outcome {
    struct rows_place place;
    struct bytes id;
    int64_t time_ms; /* of the arrival it speaks of: decides the day's file */
};

/* Writing: the keeper alone. zone_minutes decides where a day begins. */
struct rows;
enum sk_code rows_open(struct arena *arena, const char *folder, int zone_minutes,
                       struct rows **rows_r, struct why *why);
/* Entries below this index are on disk. */
uint64_t rows_mark(const struct rows *rows);
enum sk_code rows_put_event(struct rows *rows, const struct rows_event *event,
                            struct why *why);
enum sk_code rows_put_outcome(struct rows *rows, const struct rows_outcome *outcome,
                              struct why *why);
/* Ends the transaction of each day touched. Not synced. */
enum sk_code rows_commit(struct rows *rows, struct why *why);
/* Drops what was put since the last commit. */
void rows_forget(struct rows *rows);
/* Syncs all, and sets the mark to `upto`: all entries below it have been put and committed. */
enum sk_code rows_settle(struct rows *rows, uint64_t upto, struct why *why);
/* Bytes written since the last rows_settle, about: the caller settles when they are many. */
uint64_t rows_unsettled(const struct rows *rows);
/* Drops what is not committed. Does not settle. */
void rows_close(struct rows *rows);

/* Days to be made again from the journal: their file was damaged, is missing, was written by another version, or is to
 * lose something without a trace. Until that is done, searches find nothing of them and say so.
 *
 *     if (rows_wanting) { rows_again_begin; for each record: if (rows_wants(its time)) rows_put_...; commit; rows_again_end }
 *
 * Mail may be put in between. After a crash the days are wanted again. */
bool rows_wanting(const struct rows *rows);
void rows_again_begin(struct rows *rows);
/* time_ms: of the message's arrival. True only between begin and end. */
bool rows_wants(const struct rows *rows, int64_t time_ms);
enum sk_code rows_again_end(struct rows *rows, struct why *why);
/* Removes the file of the day of that time, and with it whatever was written there of anybody, and wants it made again.
 * For erasure: to be called when the records themselves are gone from the journal. Searches no longer find the day when
 * this returns. Many days may be named before they are made again in one pass. */
enum sk_code rows_renew(struct rows *rows, int64_t time_ms, struct why *why);

/* A little of what is to be done beside the mail: closing days that ended three hours ago. SK_MORE: call again soon;
 * SK_OK: nothing to do for now. */
enum sk_code rows_work(struct rows *rows, int64_t now_ms, struct why *why);
/* NULL, or what is wrong with the rows for now. */
const char *rows_trouble(const struct rows *rows);

/* Reading: any process; files may be written at the same time. Empty fields do not restrict. A day that cannot be read is
 * named in unread, and the others answer. */
struct rows_query {
    struct bytes
        words; /* separated by blanks; each must occur in subject, name, text or addresses */
    /* The whole address: found at once. A part of it also finds, if no whole one was found; that takes longer. */
    struct bytes sender;                         /* of the envelope */
    struct bytes recipient;                      /* any of them */
    struct bytes client;                         /* the address, exactly */
    struct bytes action, category, id, campaign; /* exactly */
    bool threat;                                 /* only with a threat */
    int64_t from_ms, to_ms;                      /* [from, to); to 0: no end */
    size_t most;                                 /* rows; at most LIMIT_SEARCH_ROWS */
    int64_t within_ms; /* time to search; 0: as long as it takes */
};
struct rows_found {
    struct rows_event *events; /* newest first */
    size_t count;
    bool more;           /* there are more than were asked for */
    bool out_of_time;    /* the search ended early: what is older was not looked at */
    struct bytes unread; /* "", or the days that could not be read, each with why */
};
enum sk_code rows_search(struct arena *arena, const char *folder,
                         const struct rows_query *query, struct rows_found *found_r,
                         struct why *why);
/* Outcomes of one message, oldest first. */
enum sk_code rows_outcomes(struct arena *arena, const char *folder, struct bytes id,
                           struct rows_outcome **outcomes_r, size_t *count_r,
                           struct why *why);
