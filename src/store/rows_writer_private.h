/* The writing side of rows: what its files share. */
#pragma once

#include "store/rows_grams.h"
#include "store/rows_packed.h"

/* Mail arrives today; an outcome may still belong to yesterday; a replay after a crash may touch more in turn. */
#define ROWS_SLOTS 3

enum rows_statement { PUT_EVENT, PUT_OUTCOME, LAST_INDEXED, ROWS_STATEMENTS };

/* A day that is open for writing. */
struct day {
    int64_t number; /* the slot is free when database is NULL */
    sqlite3 *database;
    sqlite3_stmt *statements[ROWS_STATEMENTS];
    bool open_transaction, unsettled;
    size_t bare; /* rows put that are in no chunk of the word index, about */
    int64_t
        indexed; /* no chunk holds a seq beyond it; -1: there is none. Good within the transaction */
    uint64_t used; /* turn of the last use */
};

/* A day that has a file, or should have. */
struct known_day {
    int64_t number;
    uint64_t
        last; /* an entry at least this high has its row; told by rows.mark, so that a lost file is missed */
    bool wanted;  /* its rows are to be made again from the journal */
    bool in_pass; /* by the pass that runs now */
};

/* A closed day in the making. */
enum closing_stage { CLOSING_NOTHING, CLOSING_MERGE, CLOSING_PACK };
struct closing {
    enum closing_stage stage;
    int64_t day;
    sqlite3 *database;
    struct grams_tidying tidying; /* CLOSING_MERGE */
    int64_t version;              /* of the data when packing began */
    struct packed_job job;
};

struct rows {
    struct arena *arena;
    const char *folder;
    int zone_minutes;
    uint64_t mark, turn, unsettled;
    struct day days[ROWS_SLOTS];
    struct arena scratch;
    struct known_day *known; /* in no order */
    size_t known_count, known_room;
    bool passing;
    struct closing closing;
    int64_t
        closed_upto; /* days below it were looked at: closed, or with nothing to close */
    char trouble[300];
};

/* rows_again.c */
struct known_day *rows_known(struct rows *rows, int64_t day, bool make);
enum sk_code rows_read_known(struct rows *rows, struct why *why);
/* rows.mark and rows.again, each put in its place by renaming. */
bool rows_write_mark(struct rows *rows, uint64_t upto);
bool rows_write_again(struct rows *rows);
/* Moves a day's files aside (or, where remove says so, takes them away) and notes that it is wanted. */
void rows_set_aside(struct rows *rows, int64_t day, bool remove, const char *words);

/* rows_close.c */
/* Ends the closing of that day, for something is to be written into it; a closed one is opened again. */
enum sk_code rows_reopen(struct rows *rows, int64_t day, struct why *why);
bool rows_is_closed(const struct rows *rows, int64_t day);
void rows_stop_closing(struct rows *rows);

/* rows.c */
void rows_close_slot(struct rows *rows, int64_t day);
