/* Legal holds: what must be kept whatever its age, and whoever withdraws a consent, because a court, the police or a
 * lawyer asked for it.
 *
 * A hold has a reason, a scope and two names. It is in force from the moment it is placed, by one person alone, for
 * evidence does not wait; a second person confirms it. It ends only when one person asks for that and a second, with another
 * name, confirms. Each step is an entry of the ledger:
 *
 *     {"v":1,"kind":"hold","time","by","channel","hold":7,"reason","first","second"?,
 *      "scope":{"id"?,"recipient"?,"sender"?,"client"?,"from"?,"to"?}}          times in ms, [from, to)
 *     {"v":1,"kind":"hold.lift",...,"hold":7,"reason","first","second"?}
 *     {"v":1,"kind":"hold.confirm",...,"hold":7,"second"}
 *
 * "by" is who sat at the machine, as the system knows him; "first" and "second" are the names given. The state is the book
 * "hold" (book.h). */
#pragma once

#include "base/json.h"
#include "record/book.h"
#include "store/rows.h"

enum hold_state {
    HOLD_PLACED,    /* in force; the second name is wanted */
    HOLD_CONFIRMED, /* in force */
    HOLD_LIFTING,   /* in force still; the second name is wanted */
    HOLD_LIFTED,    /* no more */
};

/* Empty fields do not restrict; at least one does. */
struct hold_scope {
    struct bytes id;
    struct bytes recipient, sender; /* address, or "@domain"; whatever the case */
    struct bytes client;            /* address, exactly */
    int64_t from_ms, to_ms;         /* to 0: no end */
};

struct hold {
    uint64_t number, index; /* index: of the entry that placed it */
    enum hold_state state;
    struct hold_scope scope;
    struct bytes reason, first, second; /* of the placing */
    struct bytes lift_reason, lift_first, lift_second;
    int64_t placed_ms, lifted_ms;
};

/* The holds of a ledger, in the order of their numbers. */
struct holds;
struct holds *holds_new(struct arena *arena);
/* The book that keeps them up to date. */
struct book *holds_book(struct holds *holds);
size_t holds_count(const struct holds *holds);
const struct hold *holds_get(const struct holds *holds, size_t i);
/* NULL: none has that number. */
const struct hold *holds_find(const struct holds *holds, uint64_t number);
/* Grows with each hold that ends: what was passed over before may be looked at again. */
uint64_t holds_lifted(const struct holds *holds);
/* Whether any is in force. */
bool holds_any(const struct holds *holds);

/* What is known of a message: its row. Whether a hold in force covers it; NULL: none. What is not known of it (an empty
 * field) is taken to be covered: a hold errs towards keeping. */
const struct hold *holds_cover(const struct holds *holds, const struct rows_event *message);

const char *hold_state_name(enum hold_state state);
bool hold_state_in_force(enum hold_state state);
void hold_write_json(const struct hold *hold, struct json *j);
/* From "scope"; SK_BAD with words where nothing restricts, or a field is none. scope: a jansson object. */
struct json_t; /* jansson.s */
enum sk_code hold_scope_read(struct arena *arena, const struct json_t *scope,
                             struct hold_scope *scope_r, struct why *why);
void hold_scope_write(const struct hold_scope *scope, struct json *j);

/* Reads the holds as they stand from a record folder, in any process that may read it. */
enum sk_code holds_read(struct arena *arena, int folder, struct holds **holds_r,
                        struct why *why);
