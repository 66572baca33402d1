/* Shared by the parts of retention. */
#pragma once

#include "record/journal.h"
#include "record/retention.h"
#include "record/row.h"

/* Walking the journal from an entry on, as it stood when a segment was opened. */
struct retention_walk {
    struct arena *arena;
    int folder;
    struct journal_list list;
    size_t segment; /* in the list; list.count: at the end */
    struct bytes map;
    size_t at;
    uint64_t index; /* of the entry at `at` */
};
/* SK_OK, or why the journal cannot be read. */
enum sk_code retention_walk_open(struct retention_walk *walk, struct arena *arena,
                                 int folder, uint64_t from, struct why *why);
/* The next entry, its place with it. SK_MORE: none is there; SK_BAD: the journal is damaged there. */
enum sk_code retention_walk_next(struct retention_walk *walk, struct journal_frame *frame_r,
                                 struct rows_place *place_r, struct why *why);
/* The content that stands right behind the entry given last, or an empty one. */
struct bytes retention_walk_peek(const struct retention_walk *walk);
void retention_walk_close(struct retention_walk *walk);

/* One entry, wherever it stands. SK_BAD: it is not there. */
enum sk_code retention_fetch(struct arena *arena, int folder, uint64_t index,
                             struct journal_frame *frame_r, struct rows_place *place_r,
                             struct why *why);

/* What a hold is asked about: the row of the message that an entry belongs to, as far as it can be known. content: of a
 * message, the line behind it. SK_BAD: it belongs to none. */
enum sk_code retention_message_of(struct arena *arena, int folder, const char *folder_name,
                                  const struct journal_frame *frame,
                                  struct rows_event *message_r);
/* To which class an entry belongs; false: to none, it stays. message: its line; content: what stands right behind. */
bool retention_class_of(struct arena *arena, struct bytes record, struct bytes content,
                        enum retention_class *class_r, struct record_row *row_r);
