/* Who asked to read a held message and waits for a second person: the book "held", made from entries of kind
 * held.request, held.approve and look. */
#pragma once

#include "sekisho/keeping.h"

#define HELD_REQUESTS_MAX 1000 /* that wait; beyond: the oldest are forgotten */
#define HELD_REQUEST_LIFE_MS                                                               \
    ((int64_t)86400000) /* an approval of yesterday is none of today */

struct held_request {
    char number[24], id[64], by[128], reason[520], approved_by[128];
    int64_t time_ms;
    bool used;
};

struct held_book {
    struct held_request *requests; /* oldest first */
    size_t count;
};

struct held_book *held_book_new(struct arena *arena);
/* NULL: there is none of that number, or it is too old. */
const struct held_request *held_book_find(const struct held_book *book, struct bytes number,
                                          int64_t now_ms);
/* As struct book wants them. */
enum sk_code held_book_load(void *context, struct bytes text, struct why *why);
void held_book_entry(void *context, uint64_t index, struct bytes record);
void held_book_save(void *context, struct writer *w);
