#include "sekisho/requests.h"

#include "base/clock.h"
#include "base/limits.h"

/* One row a line for each thing that can be asked. Handlers stand in requests_*.c by what they are about. */
// clang-format off
#define REQUESTS(row) \
    row("account.credential", request_account_credential) \
    row("account.list", request_account_list) \
    row("account.set", request_account_set) \
    row("account.sign_in", request_account_sign_in) \
    row("account.sign_out", request_account_sign_in) \
    row("alarm.acknowledge", request_alarm_acknowledge) \
    row("alarm.list", request_alarm_list) \
    row("alarm.show", request_alarm_show) \
    row("alarm.test", request_alarm_test) \
    row("campaign.list", request_campaign_list) \
    row("campaign.merge", request_campaign_merge) \
    row("campaign.show", request_campaign_show) \
    row("campaign.split", request_campaign_split) \
    row("consent.grant", request_consent_grant) \
    row("consent.import", request_consent_import) \
    row("consent.list", request_consent_list) \
    row("consent.show", request_consent_show) \
    row("consent.text", request_consent_text) \
    row("consent.texts", request_consent_texts) \
    row("consent.withdraw", request_consent_withdraw) \
    row("dmarc.bounced", request_dmarc_bounced) \
    row("dmarc.period", request_dmarc_period) \
    row("dmarc.plan", request_dmarc_plan) \
    row("dmarc.received", request_dmarc_received) \
    row("dmarc.sent", request_dmarc_sent) \
    row("dmarc.show", request_dmarc_show) \
    row("dmarc.suppress", request_dmarc_suppress) \
    row("dmarc.suppressed", request_dmarc_suppressed) \
    row("held.approve", request_held_approve) \
    row("held.delete", request_held_delete) \
    row("held.part", request_held_part) \
    row("held.read", request_held_read) \
    row("held.release", request_held_release) \
    row("held.released", request_held_released) \
    row("held.requests", request_held_requests) \
    row("held.rotate", request_held_rotate) \
    row("hold.confirm", request_hold_confirm) \
    row("hold.lift", request_hold_lift) \
    row("hold.list", request_hold_list) \
    row("hold.place", request_hold_place) \
    row("learn.list", request_learn_list) \
    row("learn.personal", request_learn_personal) \
    row("learn.try", request_learn_try) \
    row("learn.undo", request_learn_undo) \
    row("ledger.cosigned", request_ledger_cosigned) \
    row("ledger.rotate", request_ledger_rotate) \
    row("lexicon.accept", request_lexicon_accept) \
    row("look", request_look) \
    row("look.list", request_look_list) \
    row("lure.forget", request_lure_forget) \
    row("lure.list", request_lure_list) \
    row("lure.show", request_lure_show) \
    row("metrics", request_metrics) \
    row("purge.now", request_purge_now) \
    row("purge.show", request_purge_show) \
    row("status", request_status) \
    row("witness.add", request_witness_add) \
    row("witness.checkpoint", request_witness_checkpoint)
// clang-format on

#define DECLARE(name, handler) request_handler handler;
REQUESTS(DECLARE)

static const struct {
    const char *name;
    request_handler *handler;
} requests[] = {
#define ROW(name, handler) {name, handler},
    REQUESTS(ROW)};

struct bytes
request_text(const struct request *request, const char *name)
{
    const json_t *value = json_object_get(request->body, name);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

bool
request_flag(const struct request *request, const char *name)
{
    return json_is_true(json_object_get(request->body, name));
}

int64_t
request_number(const struct request *request, const char *name, int64_t fallback)
{
    const json_t *value = json_object_get(request->body, name);

    return json_is_integer(value) ? (int64_t)json_integer_value(value) : fallback;
}

void
request_record(const struct request *request, struct json *j, struct writer *w,
               const char *kind)
{
    writer_init(w, request->arena);
    json_init(j, w);
    json_open(j, '{');
    json_put_number(j, "v", 1);
    json_put_text(j, "kind", kind);
    json_put_number(j, "time", request->now_ms);
    json_put_string(j, "by", request->by);
    json_put_string(j, "channel", request->channel);
}

static enum sk_code
answer(struct keeping *keeping, const struct request *request, struct json *reply,
       struct why *why)
{
    struct bytes what = request_text(request, "do");

    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        if (bytes_is(what, requests[i].name)) {
            return requests[i].handler(keeping, request, reply, why);
        }
    }
    return why_set(why, SK_BAD, "nothing is known by the name \"%.*s\"",
                   BYTES_ARGUMENTS(bytes_slice(what, 0, 60)));
}

static void
unref(void *body)
{
    json_decref(body);
}

enum sk_code
requests_answer(struct keeping *keeping, struct arena *arena, struct bytes text,
                struct bytes by, struct bytes channel, struct bytes *reply_r)
{
    struct request request = {arena, NULL, by, channel, clock_now_ms()};
    struct writer w;
    struct json j;
    struct why why = {0};
    enum sk_code code;

    json_t *body = text.size <= LIMIT_REQUEST
                       ? json_loadb((const char *)text.at, text.size, 0, NULL)
                       : NULL;
    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    if (!json_is_object(body)) {
        code = why_set(&why, SK_BAD, "a request is one JSON object of at most %d bytes",
                       LIMIT_REQUEST);
    } else {
        request.body = body;
        if (by.size == 0) {
            request.by = request_text(&request, "by");
        }
        code = answer(keeping, &request, &j, &why);
    }
    if (body != NULL) {
        arena_defer(arena, unref, body);
    }
    if (code != SK_OK) { /* what a handler began to say is not said */
        writer_clear(&w);
        json_init(&j, &w);
        json_open(&j, '{');
        json_put_text(&j, "error", why.sentence);
        json_put_text(&j, "code", sk_code_name(code));
    }
    json_close(&j);
    *reply_r = writer_view(&w);
    return code;
}
