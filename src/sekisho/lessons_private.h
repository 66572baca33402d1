/* What the files of the lessons share: lessons.c opens them and takes them away, lessons_teach.c teaches and takes back. */
#pragma once

#include "base/table.h"
#include "judge/group_jury.h"
#include "judge/groups.h"
#include "judge/jury.h"
#include "sekisho/lesson_book.h"
#include "sekisho/lessons.h"

struct lesson_line {
    uint8_t kind; /* 's' or 'h'; 'u': what was said before is taken back */
    uint8_t message[HASH_SHA256_SIZE], name[HASH_SHA256_SIZE];
};

struct moved {
    double mean, seen;
};

#define LESSON_AGREES 1.0 /* logits by which others must have moved a mail to have agreed */
#define LESSON_DISAGREES                                                                   \
    3.0 /* and to have contradicted: a mail like no other is moved at random */
#define LESSON_REVIEW_AFTER 8  /* lessons that come before one is looked at again */
#define LESSON_VOICE        16 /* one voice, in sixteenths */

struct lessons {
    struct judge *judge;
    struct personal *personal;
    bool own_table; /* nobody else's */
    uint8_t key[HASH_SHA256_SIZE], separator;
    int record, folder, learned;
    struct arena arena; /* of the table */
    struct table table; /* 64 bytes, message and name, to "s", "h" or "u" */
    bool changed;
    struct jury *jury; /* NULL where nothing can be taught */
    struct lesson_book *book;
    const char *model_path;
    int64_t daily; /* lessons that one reporter may give in a day */
    int64_t keep_ms;
    size_t cursor;         /* the entry to be reviewed next */
    bool unsettled;        /* the model must be made anew */
    struct moved moved[2]; /* wanted and unwanted mail, by what others taught */
    struct bytes shipped;  /* the model's file under what was learned; "": not told yet */
    /* Of groups (lessons_groups.c); weights NULL: none are taught. */
    const struct groups *groups;
    struct group_weights *group_weights;
    struct group_jury *group_jury;
    int group_folder;
    size_t group_cursor;
    bool group_unsettled[LIMIT_GROUPS]; /* a slot's weights must be made anew */
    struct moved group_moved[LIMIT_GROUPS][2];
};

extern const uint8_t lessons_nobody[HASH_SHA256_SIZE];

void lessons_remember(struct lessons *lessons, const struct lesson_line *line);
bool lessons_known(const struct lessons *lessons, const struct lesson_line *line,
                   const uint8_t *name);
void lessons_line(const struct lessons *lessons, struct bytes digest, uint8_t kind,
                  const uint8_t *name, struct lesson_line *line_r);

/* lessons_teach.c. The book, and the common model as the book says it should be. */
enum sk_code lessons_open_book(struct lessons *lessons, struct arena *arena,
                               const struct config *config, struct why *why);
/* All that he said, or that was said in his name, is taken back and erased. */
enum sk_code lessons_forget_kept(struct lessons *lessons, const uint8_t *name,
                                 struct why *why);
/* How far mails of a kind are moved on the whole: whatever is taught moves all mail a little. */
void lessons_see(struct moved *kind, double moved);
/* What a reporter's word counts now. */
double lessons_weight(struct lessons *lessons, const uint8_t *name);
/* Of the two halves of a jury, the one that hears him; the operator is heard by both. */
unsigned lessons_side(const uint8_t *reporter);

/* The book's base, where there is none yet; and the common model made anew where it holds what it should not. */
enum sk_code lessons_make_base(struct lessons *lessons, struct why *why);
enum sk_code lessons_settle_all(struct lessons *lessons, struct why *why);

/* lessons_model.c. The file of the model that the base of this number rests on. */
enum sk_code lessons_write_shipped(const struct lessons *lessons, struct bytes file,
                                   uint64_t base, struct why *why);
/* That file goes, unless the book names its base. */
void lessons_drop_shipped(const struct lessons *lessons, uint64_t base);

/* lessons_groups.c. The group of a recipient; 0: of none, or none are taught. */
uint64_t lessons_group_of(const struct lessons *lessons, struct bytes address);
/* Entry `at` is new: it is held against what colleagues said, and taught where it is believed. */
enum sk_code lessons_group_taught(struct lessons *lessons, size_t at, struct why *why);
/* What is said of a message in a group as a whole, and whether its weights have it so. */
enum sk_code lessons_group_settle(struct lessons *lessons, const uint8_t *message,
                                  uint64_t group, struct why *why);
/* Colleagues spoke about what he said. */
enum sk_code lessons_group_adjust(struct lessons *lessons, const uint8_t *name,
                                  double agreed, double disagreed, struct why *why);
/* The weights of this group hold what they should not; 0: of every group. */
void lessons_group_unsettle(struct lessons *lessons, uint64_t group);
/* Makes anew what holds what it should not. */
enum sk_code lessons_groups_settle(struct lessons *lessons, struct why *why);
/* The entries that are not kept go into the groups' bases of this number; the book names it next. */
enum sk_code lessons_groups_fold(struct lessons *lessons, const bool *keep, uint64_t next,
                                 struct why *why);
/* Removes the files of bases that the book does not name. */
void lessons_groups_tidy(struct lessons *lessons);
/* Forgets what is known of his word among colleagues. */
enum sk_code lessons_group_forget(struct lessons *lessons, const uint8_t *name,
                                  struct why *why);
