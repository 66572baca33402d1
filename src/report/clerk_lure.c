/* Conversations with strangers who lure, for the console and for the guard of leaving mail: counts and stages, no words and no names. The
 * keeper answers, and puts a look at one recipient's into the ledger first. */
#include "report/clerk_private.h"

#include <jansson.h>

#include "base/limits.h"

static void
told(void *context, enum sk_code code, struct bytes json)
{
    struct errand *errand = context;
    struct web_call *call = errand_call(errand);

    if (call != NULL && code == SK_OK) {
        web_reply(call, 200, "application/json", json);
    } else if (call != NULL) {
        clerk_say_failed(call, code, json);
    }
    errand_end(errand);
}

static void
ask(struct errand *errand, struct web_call *call, struct json *request)
{
    if (!clerk_ask(errand->clerk, request, errand->person.account, told, errand)) {
        clerk_say_keeper_away(call);
        errand_end(errand);
    }
}

/* GET /v1/lures */
void
clerk_get_lures(struct clerk *clerk, struct web_call *call, struct session *session,
                struct bytes tail)
{
    struct errand *errand = errand_begin(clerk, call, session);
    struct writer w;
    struct json j;

    clerk_request(errand, &w, &j, "lure.list");
    ask(errand, call, &j);
}

/* POST /v1/lures {"address","reason","correspondent"?} */
void
clerk_post_lures(struct clerk *clerk, struct web_call *call, struct session *session,
                 struct bytes tail)
{
    const struct json_t *body = clerk_body(call);
    struct bytes address = bytes_trim(clerk_body_text(body, "address")),
                 with = bytes_trim(clerk_body_text(body, "correspondent")),
                 reason = bytes_trim(clerk_body_text(body, "reason"));
    struct writer w;
    struct json j;

    if (address.size == 0 || address.size > LIMIT_ADDRESS ||
        with.size > LIMIT_THREAD_ADDRESS || reason.size == 0 ||
        reason.size > LIMIT_REASON) {
        web_reply_error(
            call, 400, "reason", "受信者のアドレスと理由が必要です (記録されます)。",
            "The recipient's address and a reason are wanted (it is recorded).");
        return;
    }
    struct errand *errand = errand_begin(clerk, call, session);
    clerk_request(errand, &w, &j, "lure.show");
    json_put_string(&j, "address", address);
    if (with.size > 0) {
        json_put_string(&j, "correspondent", with);
    }
    json_put_string(&j, "reason", reason);
    ask(errand, call, &j);
}
