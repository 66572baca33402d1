/* Shared by the parts of the keeper's retention. */
#pragma once

#include "record/held.h"
#include "record/retention_keeper.h"
#include "record/retention_private.h"
#include "store/rows_erase.h"

/* An order as the book remembers it. */
struct retention_note {
    uint64_t index, first, last;
    int64_t from_ms, upto_ms;
    enum retention_class class;
    bool
        worked; /* carried out by this process; to be called done when the days are clean */
    bool done;
};

enum erasure_state {
    ERASURE_OPEN,    /* to be worked through, from its first page on */
    ERASURE_WAITING, /* a legal hold covers some of it */
    ERASURE_HELD,    /* held mail is there that he has not been given yet */
    ERASURE_DONE,
};

struct retention_erasure {
    uint64_t index; /* of the entry: what was kept after it is another consent's */
    uint32_t families;
    enum erasure_state state;
    struct bytes recipient;
    bool was_held;   /* an entry says so: it is not said again as long as it is so */
    int64_t look_ms; /* ERASURE_HELD: not looked at before */
    /* How far the search has come, backwards from now. Each page is gone through twice: for what was read, and for held
     * messages, whose order is one of its own. */
    bool begun, last_page, held_turn;
    bool again; /* he was given held mail meanwhile */
    int64_t upto_ms;
    uint64_t purged, rewritten, destroyed, waiting, held;
};

enum retention_phase {
    PHASE_IDLE,    /* looks for work */
    PHASE_ROWS,    /* of an order: rows go */
    PHASE_HELD,    /* held messages go */
    PHASE_JOURNAL, /* the purger is to be asked */
    PHASE_PURGING, /* it works */
};

/* The order in hand. */
struct retention_work {
    struct arena arena;
    struct retention_order order;
    size_t index_room;
    uint64_t number; /* its entry */
    struct rows_erasure *rows;
    size_t row_count, row_room, row_at;
    struct held_ref *held;
    size_t held_count, held_room, held_at;
    struct bytes *lines; /* content written anew */
    size_t line_count, line_room;
};

struct retention {
    struct arena *arena;
    struct retention_settings settings;
    struct vault *vault;
    struct holds *holds;
    struct retention_calls calls;
    struct book book;

    /* the book's */
    struct retention_note *orders;
    size_t order_count, order_room;
    struct retention_erasure *erasures;
    size_t erasure_count, erasure_room;
    uint64_t next[RETENTION_CLASSES], purged[RETENTION_CLASSES];
    uint64_t last_order;

    enum retention_phase phase;
    struct retention_work work;
    uint64_t scan[RETENTION_CLASSES];  /* entries of the class below it were looked at */
    int64_t due_ms[RETENTION_CLASSES]; /* the next one is not due before */
    unsigned turn;                     /* the class whose turn it is */
    uint64_t lifted;                   /* holds lifted that were taken into account */
    int64_t dirty[ROWS_DAYS_MAX];      /* days whose index is to be cleaned */
    size_t dirty_count;
    int64_t newest_ms; /* of the entries found at open; 0: none */
    int64_t began_ms, began_monotonic_ms;
    bool trusted;
};

void retention_book_init(struct retention *r);

/* Whether an erasure is of this address: its recipient, or one of its domain. */
bool retention_is_of(const struct retention_erasure *erasure, struct bytes address);

/* retention_plan.c: what an order is made of. Each gives SK_OK when the work in hand has something to do or may have had,
 * SK_MORE when there was nothing. */
enum sk_code retention_plan_class(struct retention *r, enum retention_class class,
                                  int64_t now_ms, struct why *why);
enum sk_code retention_plan_erasure(struct retention *r, struct retention_erasure *erasure,
                                    struct why *why);
/* An order that a crash cut short. */
enum sk_code retention_plan_again(struct retention *r, struct retention_note *note,
                                  struct why *why);
void retention_work_begin(struct retention *r);
void retention_work_end(struct retention *r);
