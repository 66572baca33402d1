/* Requests to the keeper: whatever a person changes or looks at, from the console or by a command.
 *
 * A request is one JSON object, {"do": "consent.grant", ...}. Who asks is told by the way it came in, never by the object
 * alone: the clerk vouches for the account that is signed in ("by"), the socket of the keeper for the user of the process
 * at its other end. What a request changes is an entry of the ledger, on disk before the answer goes out. */
#pragma once

#include "sekisho/keeping.h"

struct request {
    struct arena *arena; /* until the answer is sent */
    const json_t *body;
    struct bytes by;      /* "taro (uid 1000)", or an account of the console */
    struct bytes channel; /* "command" or "console" */
    int64_t now_ms;
};

/* reply is an open JSON object to put fields into. A code other than SK_OK: why is told to who asked, and what was kept
 * but not committed is dropped with the next commit's failure only, so a handler keeps after it has checked all. */
typedef enum sk_code request_handler(struct keeping *keeping, const struct request *request,
                                     struct json *reply, struct why *why);

/* Answers one request; `by` empty: the object's own "by" is believed. The reply is a JSON object in the arena, with "error" where the code is not SK_OK. */
enum sk_code requests_answer(struct keeping *keeping, struct arena *arena,
                             struct bytes request, struct bytes by, struct bytes channel,
                             struct bytes *reply_r);

/* For handlers. A text member, "" if it is not there or no text; at most `most` bytes of it are allowed: broken_r is set
 * when there are more. */
struct bytes request_text(const struct request *request, const char *name);
bool request_flag(const struct request *request, const char *name);
int64_t request_number(const struct request *request, const char *name, int64_t fallback);
/* Begins a record of this kind: {"v":1,"kind":KIND,"time":now,"by":...,"channel":... and leaves the object open. */
void request_record(const struct request *request, struct json *j, struct writer *w,
                    const char *kind);
