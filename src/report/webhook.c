#include "report/webhook.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/hash.h"

#define SECRET_LEAST 24 /* as Standard Webhooks asks for */
#define SECRET_MOST  64

struct webhook {
    struct post *post;
    webhook_done *done;
    void *context;
};

struct bytes
webhook_body(struct arena *arena, const struct notice_facts *facts)
{
    struct writer w, text, when;
    struct json j;

    writer_init(&when, arena);
    clock_write_rfc3339(&when, facts->time_ms / 1000, 0);
    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "type", "sekisho.alarm");
    json_put_string(&j, "timestamp", writer_view(&when));
    writer_init(&text, arena);
    notice_words(&text, facts, true);
    writer_text(&text, "\n");
    notice_words(&text, facts, false);
    json_put_string(&j, "text", writer_view(&text)); /* what chat programs show */
    json_key(&j, "data");
    json_open(&j, '{');
    notice_members(facts, &j);
    for (int ja = 1; ja >= 0; ja--) {
        writer_clear(&text);
        notice_title(&text, facts, ja);
        json_put_string(&j, ja ? "title_ja" : "title_en", writer_view(&text));
    }
    json_close(&j);
    json_close(&j);
    return writer_view(&w);
}

struct bytes
webhook_request(struct arena *arena, const struct alarm_target *target, struct bytes id,
                int64_t now_s, struct bytes secret, struct bytes body)
{
    uint8_t digest[HASH_SHA256_SIZE];
    struct writer w, time;

    writer_init(&time, arena);
    writer_number(&time, now_s);
    struct bytes pieces[] = {id, BYTES("."), writer_view(&time), BYTES("."), body};
    hash_hmac_sha256(secret, pieces, 5, digest);
    writer_init(&w, arena);
    writer_text(&w, "webhook-id: ");
    writer_bytes(&w, id);
    writer_text(&w, "\r\nwebhook-timestamp: ");
    writer_bytes(&w, writer_view(&time));
    writer_text(&w, "\r\nwebhook-signature: v1,");
    writer_bytes(&w, bytes_base64(arena, bytes_of(digest, sizeof digest)));
    writer_text(&w, "\r\n");
    return post_request(arena, target, "", "application/json; charset=utf-8",
                        writer_view(&w), body);
}

enum sk_code
webhook_secret_read(struct arena *arena, struct bytes text, struct bytes *secret_r,
                    struct why *why)
{
    text = bytes_trim(text);
    *secret_r = text;
    if (bytes_starts(text, BYTES("whsec_")) &&
        !bytes_from_base64(arena, bytes_from(text, 6), secret_r)) {
        return why_set(why, SK_CONFIG, "what follows whsec_ is no base64");
    }
    return secret_r->size < SECRET_LEAST || secret_r->size > SECRET_MOST
               ? why_set(why, SK_CONFIG, "the secret of web hooks has %d to %d bytes",
                         SECRET_LEAST, SECRET_MOST)
               : SK_OK;
}

static void
on_post(void *context, unsigned status, struct bytes body, const char *words)
{
    struct webhook *hook = context;
    char answered[WEBHOOK_WORDS];

    (void)body;
    snprintf(answered, sizeof answered, "answered %u", status);
    hook->done(hook->context, status / 100 == 2, status == 0 ? words : answered);
}

struct webhook *
webhook_post(struct arena *arena, struct webhook_place *place,
             const struct alarm_target *target, const struct notice_facts *facts,
             int64_t now_s, unsigned try, webhook_done *done, void *context)
{
    struct webhook *hook = ARENA_NEW(arena, struct webhook);
    const struct post_call call = {
        .target = *target,
        .request = webhook_request(arena, target, notice_id(arena, facts), now_s,
                                   place->secret, webhook_body(arena, facts)),
        .try = try,
        .status_only = true};

    *hook = (struct webhook){.done = done, .context = context};
    hook->post = post_start(arena, &place->post, &call, on_post, hook);
    return hook;
}

void
webhook_close(struct webhook *hook)
{
    post_close(hook->post);
}
