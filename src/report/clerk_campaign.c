/* Campaigns for the console: the keeper tells which messages they are, the crew reads them out of the journal. Operators see
 * who, when and how many; what the messages say, the template among it, is for reviewers with a reason. Each look at one is in the
 * ledger before the answer is made. */
#include "report/clerk_private.h"

#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

#include "base/limits.h"
#include "net/frame.h"
#include "record/campaign_read.h"

static void
told_list(void *context, enum sk_code code, struct bytes json)
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
put_number(struct web_call *call, struct json *j, const char *name)
{
    struct bytes value;
    uint64_t number;

    if (web_query(call, name, &value) && bytes_to_number(value, INT64_MAX, &number)) {
        json_put_number(j, name, (int64_t)number);
    }
}

/* GET /v1/campaigns?since=MS&least=N&most=N */
void
clerk_get_campaigns(struct clerk *clerk, struct web_call *call, struct session *session,
                    struct bytes tail)
{
    struct errand *errand = errand_begin(clerk, call, session);
    struct writer w;
    struct json j;

    clerk_request(errand, &w, &j, "campaign.list");
    put_number(call, &j, "since");
    put_number(call, &j, "least");
    put_number(call, &j, "most");
    if (!clerk_ask(clerk, &j, errand->person.account, told_list, errand)) {
        clerk_say_keeper_away(call);
        errand_end(errand);
    }
}

/* What the keeper knows of it, without the list of entries, and what the journal says of these.
 * request: number content, bytes what the keeper said */
enum sk_code
clerk_work_campaign(struct arena *arena, const char *folder, struct bytes request,
                    struct writer *w)
{
    static const char *const kept[] = {"campaign", "messages", "first", "last"};
    struct frame_reader r = {.rest = request};
    struct campaign_asked asked = {.content = frame_get_number(&r) != 0};
    struct bytes said = frame_get_bytes(&r);
    struct why why;
    struct json j;
    size_t i;
    json_t *day;

    json_t *known = r.broken ? NULL : json_loadb((const char *)said.at, said.size, 0, NULL);
    const json_t *entries = json_object_get(known, "entries");
    uint64_t *list = ARENA_NEW_MANY(arena, json_array_size(entries) + 1, uint64_t);

    for (i = 0; i < json_array_size(entries); i++) {
        list[i] = (uint64_t)json_integer_value(json_array_get(entries, i));
    }
    asked.entries = list;
    asked.count = i;
    json_init(&j, w);
    json_open(&j, '{');
    for (i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        json_put_number(&j, kept[i], json_integer_value(json_object_get(known, kept[i])));
    }
    json_key(&j, "days");
    json_open(&j, '[');
    json_array_foreach(json_object_get(known, "days"), i, day)
    {
        json_open(&j, '[');
        json_number(&j, json_integer_value(json_array_get(day, 0)));
        json_number(&j, json_integer_value(json_array_get(day, 1)));
        json_close(&j);
    }
    json_close(&j);
    json_put_bool(&j, "content_shown", asked.content);
    /* A member of the crew keeps nothing open. */
    asked.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum sk_code code =
        asked.folder < 0 ? SK_SYSTEM : campaign_read(arena, &asked, &j, &why);
    json_close(&j);
    if (asked.folder >= 0) {
        close(asked.folder);
    }
    json_decref(known);
    return code;
}

static void
told_read(void *context, enum sk_code code, struct bytes answer)
{
    struct errand *errand = context;
    struct web_call *call = errand_call(errand);

    if (call != NULL && code == SK_OK) {
        web_reply(call, 200, "application/json", answer);
    } else if (call != NULL) {
        web_reply_error(call, 503, "slow", "時間がかかりすぎたため打ち切りました。",
                        "It took too long and was ended.");
    }
    errand_end(errand);
}

static void
told_show(void *context, enum sk_code code, struct bytes json)
{
    struct errand *errand = context;
    struct web_call *call = errand_call(errand);
    struct writer w;

    if (call == NULL || code != SK_OK) {
        if (call != NULL && code == SK_BAD) {
            web_reply_error(call, 404, "campaign", "その番号の一連の送信はありません。",
                            "There is no campaign of that number.");
        } else if (call != NULL) {
            clerk_say_failed(call, code, json);
        }
        errand_end(errand);
        return;
    }
    writer_init(&w, &errand->arena);
    frame_put_number(&w, errand->content);
    frame_put_bytes(&w, json);
    if (!crew_ask(errand->clerk->crew, CREW_SEARCH, JOB_CAMPAIGN, writer_view(&w),
                  told_read, errand)) {
        told_read(errand, SK_LATER, BYTES_NONE);
    }
}

static void
told_look(void *context, enum sk_code code, struct bytes json)
{
    struct errand *errand = context;
    struct web_call *call = errand_call(errand);
    struct writer w;
    struct json j;

    if (call == NULL || code != SK_OK) {
        if (call != NULL) {
            clerk_say_failed(call, code, json);
        }
        errand_end(errand);
        return;
    }
    clerk_request(errand, &w, &j, "campaign.show");
    json_put_number(&j, "campaign", errand->number);
    if (!clerk_ask(errand->clerk, &j, errand->person.account, told_show, errand)) {
        clerk_say_keeper_away(call);
        errand_end(errand);
    }
}

static void
open_campaign(struct clerk *clerk, struct web_call *call, struct session *session,
              struct bytes tail, bool content, struct bytes reason)
{
    uint64_t number;
    struct writer w;
    struct json j;

    if (!bytes_to_number(tail, INT64_MAX, &number) || number == 0) {
        web_reply_error(call, 404, "campaign", "その番号の一連の送信はありません。",
                        "There is no campaign of that number.");
        return;
    }
    struct errand *errand = errand_begin(clerk, call, session);
    errand->number = (int64_t)number;
    errand->content = content;
    clerk_request(errand, &w, &j, "look");
    json_put_text(&j, "what", "campaign");
    json_put_string(&j, "id", bytes_copy(&errand->arena, tail));
    json_put_bool(&j, "content", content);
    if (reason.size > 0) {
        json_put_string(&j, "reason", reason);
    }
    if (!clerk_ask(clerk, &j, errand->person.account, told_look, errand)) {
        clerk_say_keeper_away(call);
        errand_end(errand);
    }
}

void
clerk_get_campaign(struct clerk *clerk, struct web_call *call, struct session *session,
                   struct bytes tail)
{
    open_campaign(clerk, call, session, tail, false, BYTES_NONE);
}

void
clerk_post_campaign(struct clerk *clerk, struct web_call *call, struct session *session,
                    struct bytes tail)
{
    struct bytes reason = bytes_trim(clerk_body_text(clerk_body(call), "reason"));

    if (reason.size == 0 || reason.size > LIMIT_REASON) {
        web_reply_error(call, 400, "reason",
                        "内容を読むには理由が必要です (記録されます)。",
                        "Reading what messages say needs a reason (it is recorded).");
        return;
    }
    open_campaign(clerk, call, session, tail, true, reason);
}
