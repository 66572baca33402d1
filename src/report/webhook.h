/* Web hooks: a notice posted as JSON over HTTP/1.1, plain or TLS, signed as Standard Webhooks 1.0 says:
 *
 *     webhook-id: ALARM.NUMBER         the same at each try, so that a receiver can tell a repetition
 *     webhook-timestamp: seconds
 *     webhook-signature: v1,BASE64(HMAC-SHA256(secret, id "." timestamp "." body))
 *
 * One call is one connection. A certificate that the machine's authorities do not vouch for, or that does not name the
 * host, is a failure. Redirections are not followed. Of the answer the status line is read, nothing else. */
#pragma once

#include "net/loop.h"
#include "net/tls.h"
#include "record/alarm_settings.h"
#include "report/notice.h"

struct evdns_base;
struct webhook;

#define WEBHOOK_PATIENCE_MS 10000
#define WEBHOOK_WORDS       160

struct webhook_place {
    struct event_base *base;
    struct evdns_base *dns;        /* NULL: only addresses are reached */
    const struct tls_context *tls; /* a client's, that verifies */
    struct bytes secret;
};

/* Called once, from the loop. words: why not, or the status; short and clean. */
typedef void webhook_done(void *context, bool well, const char *words);

/* try: which of several addresses of the host is taken. The call lives in the arena until webhook_close. */
struct webhook *webhook_post(struct arena *arena, const struct webhook_place *place,
                             const struct alarm_target *target,
                             const struct notice_facts *facts, int64_t now_s, unsigned try,
                             webhook_done *done, void *context);
void webhook_close(struct webhook *hook);

/* The parts, for tests. */
struct bytes webhook_body(struct arena *arena, const struct notice_facts *facts);
struct bytes webhook_request(struct arena *arena, const struct alarm_target *target,
                             struct bytes id, int64_t now_s, struct bytes secret,
                             struct bytes body);
/* The status of an answer. SK_MORE: its first line is not there yet. SK_BAD, SK_LIMIT: it is no answer. */
enum sk_code webhook_answer_read(struct bytes input, unsigned *status_r);
/* "whsec_" and base64, or plain bytes. SK_CONFIG: too short, too long. */
enum sk_code webhook_secret_read(struct arena *arena, struct bytes text,
                                 struct bytes *secret_r, struct why *why);
