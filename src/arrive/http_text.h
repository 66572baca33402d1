/* POST /v1/text: a text that is no mail (a board's post, a form's field) made into a message that the road can walk.
 *
 * Content-Type text/plain (UTF-8; without a charset, or with utf-8 or us-ascii): the body is the text. application/json: an
 * object with "text", and if wanted "lang" (a language tag, RFC 5646) and "context" (one line that says where it stands: a
 * thread's title, a form's name); other members are refused, for a misspelled one would go unseen. What is made has the
 * header fields Content-Type, Content-Language, and the context as Subject; lines end with CR LF. So consent, judging, the record
 * and the alarm are those of any other message. */
#pragma once

#include "base/arena.h"
#include "base/why.h"
#include "net/http.h"

/* *raw_r: the message, in the arena. *status_r: 0, or the status of the refusal, with words in why: 400 what is no UTF-8, no JSON or empty, 413
 * over LIMIT_TEXT_POST, 415 another type. Pure but for the arena. */
enum sk_code http_text_message(struct arena *arena, const struct http_request *request,
                               struct bytes body, struct bytes *raw_r, unsigned *status_r,
                               struct why *why);
