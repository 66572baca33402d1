/* The crew: child processes of the clerk that do what takes long, so that the clerk's own loop never waits: searches in ten
 * million rows, reading a record from the journal, checking a password (made slow on purpose).
 *
 * A member is forked from the clerk after it has been hardened, so it may do no more than the clerk; it keeps nothing open
 * but its own link, does one job at a time, and ends when the clerk does. A job that takes more than LIMIT_CLERK_JOB_S is
 * ended with its member; another one is forked. Members are processes and not threads, because arenas, hashes and the
 * store's readers belong to one thread each, and because a member can be ended without harm. */
#pragma once

#include "base/why.h"
#include "base/writer.h"

struct event_base;
struct crew;

/* A lane has its own member: a long search must not keep a sign-in waiting. */
enum crew_lane {
    CREW_QUICK,  /* passwords, one message, figures */
    CREW_SEARCH, /* searches */
    CREW_LANES
};

/* Done in the member's process: answers into w; the arena goes afterwards. */
typedef enum sk_code crew_work(void *context, struct arena *arena, uint32_t job,
                               struct bytes request, struct writer *w);
/* In the clerk's process. SK_LATER: it took too long, or the member died. */
typedef void crew_told(void *context, enum sk_code code, struct bytes answer);

enum sk_code crew_open(struct arena *arena, struct event_base *base, crew_work *work,
                       void *context, struct crew **crew_r, struct why *why);
/* false: too many wait already (LIMIT_CLERK_ASKED); told is then not called. */
bool crew_ask(struct crew *crew, enum crew_lane lane, uint32_t job, struct bytes request,
              crew_told *told, void *context);
/* Ends the members; told is not called any more. */
void crew_close(struct crew *crew);
