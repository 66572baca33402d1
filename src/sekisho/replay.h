/* The verdict again, from the record: what `sekisho replay` does, apart from its words, and what a release needs to write the
 * fields that the message would have been given. */
#pragma once

#include <jansson.h>

#include "sekisho/passage.h"

/* Takes the lines of a record apart; content may be "" (nobody allowed it, or it was purged). SK_BAD: no record of ours, or
 * of a message that was never judged. The JSON objects live as long as the arena. */
struct replay {
    struct arena *arena;
    struct bytes message_line, content_line;
    json_t *message, *content; /* content may be NULL */
    struct arrival *arrival;
    struct permit *permit;
    struct walk walk;
    size_t dns_known; /* answers that the record has */
};
enum sk_code replay_read(struct arena *arena, struct bytes message, struct bytes content,
                         struct replay *replay_r, struct why *why);
/* Walks again with these bytes, at the recorded time and from the recorded answers; nobody is asked. */
enum sk_code replay_walk(struct replay *replay, struct bytes raw,
                         const struct settings *settings, struct judge *judge,
                         struct why *why);
/* The lines that the record would have today. */
void replay_record(struct replay *replay, const struct settings *settings,
                   struct judge *judge, struct bytes *message_r, struct bytes *content_r);
/* Questions that were asked and that the record does not answer: from this one on in walk.memo.answers. */
size_t replay_unanswered(const struct replay *replay);
