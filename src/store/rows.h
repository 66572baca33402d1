/* Event rows: what people search in. SQLite, one file a day, events-YYYY-MM-DD.db; the only door to sqlite3.h.
 *
 * Rows are made from the record's journal and can be made again from it, so they are never synced on their own: commits
 * go to the write-ahead log unsynced (synchronous=NORMAL), rows_settle brings the files to disk now and then and notes in
 * the file `rows.mark` up to which entry they are complete. After a crash everything from the mark on is put in again;
 * putting a row twice changes nothing.
 *
 * A row is keyed by the entry's index, which only grows; the index on id grows with time as well. Nothing is inserted in
 * random order. Words are found by two FTS5 tables without content of their own, each holding what it does best: `words`
 * (trigrams) all that is not Japanese, `pairs` (neighbouring characters as words of two: 請求, 口座) what is. A trigram
 * table finds nothing shorter than three characters, and LIKE on it is wrong for two Japanese ones in SQLite 3.40; a longer
 * Japanese word is looked for by its pairs, and the rows that have them all are then compared with the word itself. */
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
    struct bytes threat; /* "" if none */
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

/* Reading: any process; files may be written at the same time. Empty fields do not restrict. */
struct rows_query {
    struct bytes
        words; /* separated by blanks; each must occur in subject, name, text or addresses */
    struct bytes sender;               /* part of the envelope sender */
    struct bytes recipient;            /* part of one recipient */
    struct bytes client;               /* the address, exactly */
    struct bytes action, category, id; /* exactly */
    bool threat;                       /* only with a threat */
    int64_t from_ms, to_ms;            /* [from, to); to 0: no end */
    size_t most;                       /* rows; at most LIMIT_SEARCH_ROWS */
};
struct rows_found {
    struct rows_event *events; /* newest first */
    size_t count;
    bool more; /* there are more than were asked for */
};
enum sk_code rows_search(struct arena *arena, const char *folder,
                         const struct rows_query *query, struct rows_found *found_r,
                         struct why *why);
/* Outcomes of one message, oldest first. */
enum sk_code rows_outcomes(struct arena *arena, const char *folder, struct bytes id,
                           struct rows_outcome **outcomes_r, size_t *count_r,
                           struct why *why);

/* The text of `pairs`: each two neighbouring Japanese characters as a word, and the last one of a run alone. */
struct writer;
void rows_pairs(struct writer *w, struct bytes text);
