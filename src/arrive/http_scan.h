/* The HTTP door: messages are scanned and learned as rspamd's clients ask for it, so that rspamc, Haraka and Exim work
 * unchanged: POST /checkv2 (also /check, /scan, /symbols), /learnspam, /learnham, /ping, /stat, /metrics; and of
 * our own POST /v1/judge, which tells what a message wants, for one recipient, and /v1/text, which does so for a
 * text that is no mail (arrive/http_text.h). Fields tell
 * the envelope: IP, Helo, Hostname, From, Rcpt (many, or a comma list), Deliver-To, User, Queue-Id; arguments behind
 * `?` count as fields; unknown ones are ignored. Nothing of the machine is ever read on a client's word: File, Path and
 * Shm are refused. A message without Rcpt is examined for one recipient with an empty address. */
#pragma once

#include "arrive/doors_private.h"
#include "net/http.h"

/* Fills the arrival from the request's fields and arguments; SK_BAD with words for the client. Pure but for the arena. */
enum sk_code http_scan_envelope(struct arena *arena, const struct http_request *request,
                                struct arrival *arrival, struct why *why);
