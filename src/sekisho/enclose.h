/* The attachments of a message on their way through the opener, and what became of it.
 *
 *     struct enclosing *e = enclosing_new(arena, letter, content);    which there are, and which are worth opening
 *     enclose_ask(...) or enclose_now(...)                            in a worker's loop, or waiting
 *     letter->enclosures = enclosing_end(e);                          for judge
 *
 * What names and first bytes tell is known without the opener; what it answers is added. A question that gets no answer
 * (no opener, too many, too slow, a crash) leaves FACT_UNOPENED, and the message goes on. */
#pragma once

#include "net/loop.h"
#include "permit/permit.h"
#include "sekisho/opener.h"

struct enclosing;

/* passwords: whether those that the text tells are tried, which is reading it. NULL: the arena is full. */
struct enclosing *enclosing_new(struct arena *arena, const struct letter *letter,
                                bool passwords);
/* All attachments, and the bytes of each, for who asks somebody else about them (sekisho/scan.h). */
struct enclosure *enclosing_parts(struct enclosing *e, const struct bytes **contents_r,
                                  size_t *count_r);
/* How many questions there are. */
size_t enclosing_count(const struct enclosing *e);
const struct enclosures *enclosing_end(struct enclosing *e);

/* Asks all at once and calls done from the loop when all are answered or the time is over; never before it has
 * returned. channel -1: nobody can be asked. Everything ends with the arena. */
void enclose_ask(struct enclosing *e, struct event_base *base, int channel, int64_t time_ms,
                 void (*done)(void *context), void *context);
/* The same, waiting; for commands. */
void enclose_now(struct enclosing *e, int channel, int64_t time_ms);

struct walk;
/* All of it for a command, between walk_trace and walk_judge: as the permit and the configuration allow. The opener is
 * started when it is needed first, and is the caller's to end; all zeros before. */
void enclose_walk(struct walk *walk, const struct config *config, struct opener *opener);

/* Whether everybody who allows attachments to be examined also allows the other family: only then is what stands in an
 * attachment read as that. */
bool enclose_allows(const struct permit *permit, enum permit_family family);
