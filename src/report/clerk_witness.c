/* The witness's door (c2sp.org/tlog-witness): other sites' ledgers submit their checkpoints here. The keeper decides and
 * signs; this file carries. */
#include "report/clerk_private.h"

#include <jansson.h>

#include "base/clock.h"

static void
told_witness(void *context, enum sk_code code, struct bytes json)
{
    struct errand *errand = context;
    struct web_call *call = errand_call(errand);

    if (call != NULL && code == SK_OK) {
        json_t *reply = json_loadb((const char *)json.at, json.size, 0, NULL);
        const char *type = json_string_value(json_object_get(reply, "type"));
        const json_t *body = json_object_get(reply, "body");
        web_reply(call, (unsigned)json_integer_value(json_object_get(reply, "status")),
                  type != NULL && bytes_is(bytes_from_text(type), "text/x.tlog.size")
                      ? "text/x.tlog.size"
                      : "text/plain; charset=utf-8",
                  bytes_of(json_string_value(body), json_string_length(body)));
        json_decref(reply);
    } else if (call != NULL) {
        clerk_say_failed(call, code, json);
    }
    errand_end(errand);
}

static void
ask_witness(struct clerk *clerk, struct web_call *call, const char *what,
            const char *member, struct bytes value)
{
    struct writer w;
    struct json j;

    /* Who witnesses nobody does not trouble the keeper with strangers' requests. */
    if (config_named_count(clerk->config, "witness_log") == 0) {
        web_reply(call, 404, "text/plain; charset=utf-8",
                  BYTES("no ledger is witnessed here\n"));
        return;
    }
    int64_t seconds = witness_door_knock(&clerk->door, &call->client, clock_monotonic_ms());
    if (seconds > 0) {
        writer_init(&w, call->arena);
        writer_format(&w, "Retry-After: %lld\r\n", (long long)seconds);
        call->cookie = writer_view(&w);
        web_reply(call, 429, "text/plain; charset=utf-8",
                  BYTES("too many requests from this address\n"));
        return;
    }
    struct errand *errand = errand_begin(clerk, call, NULL);
    clerk_request(errand, &w, &j, what);
    json_put_string(&j, member, value);
    if (!clerk_ask(clerk, &j, "", told_witness, errand)) {
        clerk_say_keeper_away(call);
        errand_end(errand);
    }
}

/* POST /witness/add-checkpoint */
void
clerk_post_witness(struct clerk *clerk, struct web_call *call, struct session *session,
                   struct bytes tail)
{
    (void)session;
    (void)tail;
    ask_witness(clerk, call, "witness.add", "body", call->body);
}

/* GET /witness/HASH/checkpoint */
void
clerk_get_witness(struct clerk *clerk, struct web_call *call, struct session *session,
                  struct bytes tail)
{
    (void)session;
    ask_witness(clerk, call, "witness.checkpoint", "hash", tail);
}
