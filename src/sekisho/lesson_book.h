/* The lessons that are kept, so that one can be taken back: record.folder/lessons/.
 *
 * book        for each lesson an entry of 144 bytes, whose word it was, on which message, and whether the common model has it;
 *             and what was taught by it (judge_lesson), in LESSON_PLACE bytes enciphered with AES-256-GCM under lessons.key
 *             of record.keys: a copy of the record tells nobody what people's mail said
 * reporters   how often others, and what was taught later, agreed with each
 * base.N.model  the common model as it was before the oldest of them
 *
 * Messages, recipients and reporters are named by HMAC-SHA256 under personal.key (judge/personal.h); 32 zeros are the
 * operator, or nobody. Numbers lie in the machine's order. All is on disk when a function says SK_OK. LIMIT_LESSONS are kept;
 * beyond, the oldest quarter goes into the base and cannot be taken back any more. Base N+1 is written before the book that
 * names it, so that a keeper that dies between the two goes on with the old ones. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/config.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/why.h"

#define LESSON_PLACE 5120

#define LESSON_SPAM     1u
#define LESSON_UNDONE   2u  /* taken back */
#define LESSON_REPLACED 4u  /* the reporter said otherwise later */
#define LESSON_REVIEWED 8u  /* what was taught later has spoken about it */
#define LESSON_BEFORE   16u /* the common model had it before there was a book */
#define LESSON_GROUP    32u /* the weights of his group have it */
#define LESSON_WEIGHED  64u /* what the group was taught later has spoken about it */

struct lesson_entry {
    uint64_t id;
    uint64_t taught; /* its turn in the common model: its id; 0: that has it not */
    int64_t time_ms;
    uint8_t message[HASH_SHA256_SIZE], name[HASH_SHA256_SIZE], reporter[HASH_SHA256_SIZE];
    double step; /* that his own weights took for it; 0: none */
    uint32_t flags, size;
    uint64_t group; /* that he was in (judge/groups.h); 0: in none */
};
_Static_assert(sizeof(struct lesson_entry) == 144, "as in the file");

/* Sixteenths of a voice: who agrees or does not counts as much as he is believed himself. */
struct reporter {
    uint8_t name[HASH_SHA256_SIZE];
    uint32_t agreed, disagreed;
    uint32_t day, today; /* lessons of that day since 1970 */
    int64_t last_ms;
};

/* What a reporter's word counts, 0 to 1: 1/2 for one of whom nothing is known. He who is contradicted as often as he is agreed
 * with counts nothing. The operator counts 2. NULL: the operator. */
double reporter_weight(const struct reporter *reporter);

struct lesson_book {
    struct lesson_entry *
        entries; /* LIMIT_LESSONS of them; the first count are there, in the order they came */
    size_t count;
    struct reporter *reporters;
    size_t reporter_count;
    uint64_t base, next_id;
    bool stale; /* the common model holds what it should not any more */
    int folder, book, people;
    uint8_t key[HASH_SHA256_SIZE];
    const char *path; /* of the folder */
};

enum sk_code lesson_book_open(struct arena *arena, const struct config *config,
                              struct lesson_book **book_r, struct why *why);
void lesson_book_close(struct lesson_book *book);

/* Notes that the common model must be made anew, or was. */
enum sk_code lesson_book_stale(struct lesson_book *book, bool stale, struct why *why);
/* entry->id and size are set. SK_LIMIT: it is full; see lesson_book_keep. */
enum sk_code lesson_book_add(struct lesson_book *book, struct lesson_entry *entry,
                             struct bytes lesson, size_t *at_r, struct why *why);
/* Writes entry i again, as it is in memory. */
enum sk_code lesson_book_put(const struct lesson_book *book, size_t i, struct why *why);
/* What was taught. SK_BAD: it is damaged, or was erased. */
enum sk_code lesson_book_text(struct arena *arena, const struct lesson_book *book, size_t i,
                              struct bytes *lesson_r, struct why *why);
/* Overwrites it with zeros. */
enum sk_code lesson_book_erase(struct lesson_book *book, size_t i, struct why *why);
/* The entries for which keep is set stay, and the base is that; the others are overwritten. */
enum sk_code lesson_book_keep(struct lesson_book *book, const bool *keep, uint64_t base,
                              struct why *why);
/* The path of a base's file. */
const char *lesson_book_base(struct arena *arena, const struct lesson_book *book,
                             uint64_t base);

/* Whether an entry is somebody's word today. */
bool lesson_stands(const struct lesson_entry *entry);
/* The sum of all words on a message, as the reporters are believed now: above 0 unwanted. taught_r: the entry by which the
 * common model has it, or SIZE_MAX; any_r: whether there are entries at all. */
double lesson_book_net(const struct lesson_book *book, const uint8_t *message,
                       size_t *taught_r, bool *any_r);

/* NULL: the operator (32 zeros), or nobody by that name. */
struct reporter *lesson_book_reporter(struct lesson_book *book, const uint8_t *name);
/* The same, made when there is none: the one who was quiet longest gives way. */
struct reporter *lesson_book_reporter_made(struct lesson_book *book, const uint8_t *name);
enum sk_code lesson_book_put_reporter(const struct lesson_book *book,
                                      const struct reporter *reporter, struct why *why);
