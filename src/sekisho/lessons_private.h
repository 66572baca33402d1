/* What the files of the lessons share: lessons.c opens them and takes them away, lessons_teach.c teaches and takes back. */
#pragma once

#include "base/table.h"
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
