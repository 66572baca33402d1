/* Web hooks: a notice posted as JSON over HTTP/1.1, plain or TLS, signed as Standard Webhooks 1.0 says:
 *
 *     webhook-id: ALARM.NUMBER         the same at each try, so that a receiver can tell a repetition
 *     webhook-timestamp: seconds
 *     webhook-signature: v1,BASE64(HMAC-SHA256(secret, id "." timestamp "." body))
 *
 * Who speaks HTTP is report/post.h, with its bounds and its rules for certificates. Of the answer the status line is read,
 * nothing else. */
#pragma once

#include "report/notice.h"
#include "report/post.h"

struct webhook;

#define WEBHOOK_WORDS 160

struct webhook_place {
    struct post_place post;
    struct bytes secret;
};

/* Called once, from the loop. words: why not, or the status; short and clean. */
typedef void webhook_done(void *context, bool well, const char *words);

/* try: which of several addresses of the host is taken. The call lives in the arena until webhook_close. */
struct webhook *webhook_post(struct arena *arena, struct webhook_place *place,
                             const struct alarm_target *target,
                             const struct notice_facts *facts, int64_t now_s, unsigned try,
                             webhook_done *done, void *context);
void webhook_close(struct webhook *hook);

/* The parts, for tests. */
struct bytes webhook_body(struct arena *arena, const struct notice_facts *facts);
struct bytes webhook_request(struct arena *arena, const struct alarm_target *target,
                             struct bytes id, int64_t now_s, struct bytes secret,
                             struct bytes body);
/* "whsec_" and base64, or plain bytes. SK_CONFIG: too short, too long. */
enum sk_code webhook_secret_read(struct arena *arena, struct bytes text,
                                 struct bytes *secret_r, struct why *why);
