/* Requests about alarms: who waits for whom, and the acknowledgement. */
#include "sekisho/requests.h"

#include "base/limits.h"
#include "record/alarm.h"
#include "record/keys.h"

#define LIST_MOST 200

request_handler request_alarm_list, request_alarm_show, request_alarm_acknowledge,
    request_alarm_test;
enum sk_code keeping_open_alarms(struct keeping *keeping, struct why *why);

enum sk_code
keeping_open_alarms(struct keeping *keeping, struct why *why)
{
    const struct alarm_settings *settings;
    struct bytes secret;
    enum sk_code code =
        alarm_settings_new(keeping->arena, keeping->config, false, &settings, why);

    if (code == SK_OK) {
        code = keys_read_or_make(keeping->arena, keeping->config, ALARM_KEY_NAME,
                                 ALARM_KEY_SIZE, &secret, why);
    }
    if (code == SK_OK) {
        keeping->alarms = alarms_new(keeping->arena, settings, secret,
                                     ledger_folder(vault_ledger(keeping->vault)));
        keeping_add_book(keeping, alarms_book(keeping->alarms));
    }
    return code;
}

enum sk_code
request_alarm_list(struct keeping *keeping, const struct request *request,
                   struct json *reply, struct why *why)
{
    struct alarm_counts counts = alarms_count(keeping->alarms);
    int64_t most = request_number(request, "most", LIST_MOST);

    json_put_number(reply, "open", (int64_t)counts.open);
    json_put_number(reply, "undelivered", (int64_t)counts.unsent);
    json_key(reply, "alarms");
    alarms_write_list(keeping->alarms, reply, request_flag(request, "all"),
                      most < 1           ? 1
                      : most > LIST_MOST ? LIST_MOST
                                         : (size_t)most);
    return SK_OK;
}

enum sk_code
request_alarm_show(struct keeping *keeping, const struct request *request,
                   struct json *reply, struct why *why)
{
    json_key(reply, "alarm");
    if (!alarms_write_one(keeping->alarms, request_text(request, "alarm"), reply)) {
        return why_set(why, SK_BAD,
                       "there is no such alarm (sekisho alarm list tells them)");
    }
    return SK_OK;
}

static enum sk_code
keep(struct keeping *keeping, struct bytes record, struct why *why)
{
    enum sk_code code = vault_keep(keeping->vault, record, BYTES_NONE, why);

    if (code == SK_OK) {
        code = keeping_commit(keeping, why);
    }
    if (code == SK_OK && keeping->event != NULL) {
        keeping->event(keeping->context, record);
    }
    return code;
}

enum sk_code
request_alarm_acknowledge(struct keeping *keeping, const struct request *request,
                          struct json *reply, struct why *why)
{
    struct bytes record;
    enum sk_code code = alarms_acknowledge(
        keeping->alarms, request->arena, request_text(request, "alarm"), request->by,
        request->channel, request_text(request, "note"), request->now_ms, &record, why);

    if (code == SK_OK) {
        code = keep(keeping, record, why);
    }
    if (code == SK_OK) {
        json_put_bool(reply, "acknowledged", true);
    }
    return code;
}

enum sk_code
request_alarm_test(struct keeping *keeping, const struct request *request,
                   struct json *reply, struct why *why)
{
    struct bytes id;

    if (alarms_count(keeping->alarms).unsent >= LIMIT_ALARM_NOTICES) {
        return why_set(why, SK_LIMIT, "%d notices are under way already",
                       LIMIT_ALARM_NOTICES);
    }
    struct bytes record =
        alarms_test(keeping->alarms, request->arena, request->by, request->now_ms, &id);
    enum sk_code code = keep(keeping, record, why);
    if (code == SK_OK) {
        json_put_string(reply, "alarm", id);
    }
    return code;
}
