/* Campaigns: what people may ask of them, and decide. */
#include "sekisho/requests.h"

#include "base/limits.h"
#include "record/campaigns.h"

enum sk_code keeping_open_campaigns(struct keeping *keeping, struct why *why);
request_handler request_campaign_list, request_campaign_merge, request_campaign_show,
    request_campaign_split;

enum sk_code
keeping_open_campaigns(struct keeping *keeping, struct why *why)
{
    struct ledger *ledger = vault_ledger(keeping->vault);
    struct vault_marking marking = {.mark = campaigns_mark, .dropped = campaigns_dropped};

    enum sk_code code =
        campaigns_open(keeping->arena, ledger_folder(ledger),
                       (size_t)config_number(keeping->config, "record.campaigns"),
                       ledger_size(ledger), &keeping->campaigns, why);
    if (code != SK_OK) {
        return code;
    }
    marking.context = keeping->campaigns;
    vault_mark(keeping->vault, &marking);
    keeping_add_book(keeping, campaigns_book(keeping->campaigns));
    return SK_OK;
}

/* {"do":"campaign.list","since"?,"least"?,"most"?} */
enum sk_code
request_campaign_list(struct keeping *keeping, const struct request *request,
                      struct json *reply, struct why *why)
{
    int64_t least = request_number(request, "least", 2),
            most = request_number(request, "most", 100);
    struct campaigns_query query = {
        .since_ms = request_number(request, "since", 0),
        .now_ms = request->now_ms,
        .zone_minutes = vault_zone_minutes(keeping->vault),
    };

    if (least < 1 || least > LIMIT_CAMPAIGN_SIGNATURES || most < 1 ||
        most > LIMIT_CAMPAIGNS_TOLD) {
        return why_set(
            why, SK_BAD,
            "at least 1 message in each, and 1 to %d campaigns, can be asked for",
            LIMIT_CAMPAIGNS_TOLD);
    }
    query.least = (size_t)least;
    query.most = (size_t)most;
    campaigns_write_list(keeping->campaigns, request->arena, &query, reply);
    return SK_OK;
}

static enum sk_code
read_number(const struct request *request, const char *name, uint64_t *number_r,
            struct why *why)
{
    int64_t number = request_number(request, name, 0);

    *number_r = (uint64_t)number;
    return number > 0 && (uint64_t)number <= CAMPAIGN_MAX
               ? SK_OK
               : why_set(why, SK_BAD, "the number of a campaign is wanted");
}

/* {"do":"campaign.show","campaign"} */
enum sk_code
request_campaign_show(struct keeping *keeping, const struct request *request,
                      struct json *reply, struct why *why)
{
    uint64_t campaign;
    enum sk_code code = read_number(request, "campaign", &campaign, why);

    return code != SK_OK
               ? code
               : campaigns_write_one(keeping->campaigns, request->arena, campaign,
                                     LIMIT_CAMPAIGN_MEMBERS,
                                     vault_zone_minutes(keeping->vault), reply, why);
}

static enum sk_code
check_reason(const struct request *request, struct bytes *reason_r, struct why *why)
{
    *reason_r = bytes_trim(request_text(request, "reason"));
    return reason_r->size > 0 && reason_r->size <= LIMIT_RECORD_FIELD
               ? SK_OK
               : why_set(why, SK_BAD, "a reason of 1 to %d bytes is wanted",
                         LIMIT_RECORD_FIELD);
}

static enum sk_code
keep(struct keeping *keeping, struct json *record, struct why *why)
{
    json_close(record);
    enum sk_code code = vault_keep(keeping->vault, writer_view(record->w), BYTES_NONE, why);

    return code == SK_OK ? keeping_commit(keeping, why) : code;
}

static enum sk_code
known(const struct keeping *keeping, uint64_t campaign, struct why *why)
{
    return campaigns_size(keeping->campaigns, campaign) > 0
               ? SK_OK
               : why_set(why, SK_BAD, "no message is known to be of campaign %llu",
                         (unsigned long long)campaign);
}

/* {"do":"campaign.merge","from","to","reason"} */
enum sk_code
request_campaign_merge(struct keeping *keeping, const struct request *request,
                       struct json *reply, struct why *why)
{
    uint64_t from = 0, to = 0;
    struct bytes reason;
    struct writer w;
    struct json j;

    enum sk_code code = read_number(request, "from", &from, why);
    code = code == SK_OK ? read_number(request, "to", &to, why) : code;
    code = code == SK_OK ? check_reason(request, &reason, why) : code;
    if (code == SK_OK && from == to) {
        code = why_set(why, SK_BAD, "two different campaigns are wanted");
    }
    code = code == SK_OK ? known(keeping, from, why) : code;
    code = code == SK_OK ? known(keeping, to, why) : code;
    if (code != SK_OK) {
        return code;
    }
    request_record(request, &j, &w, "campaign.merge");
    json_put_number(&j, "from", (int64_t)from);
    json_put_number(&j, "to", (int64_t)to);
    json_put_string(&j, "reason", reason);
    code = keep(keeping, &j, why);
    if (code == SK_OK) {
        json_put_number(reply, "campaign", (int64_t)to);
        json_put_number(reply, "messages", (int64_t)campaigns_size(keeping->campaigns, to));
    }
    return code;
}

static enum sk_code
check_entries(const struct keeping *keeping, const json_t *entries, uint64_t from,
              struct why *why)
{
    size_t i;
    json_t *entry;

    if (json_array_size(entries) == 0 ||
        json_array_size(entries) > LIMIT_CAMPAIGN_MEMBERS) {
        return why_set(why, SK_BAD, "1 to %d messages are wanted", LIMIT_CAMPAIGN_MEMBERS);
    }
    json_array_foreach(entries, i, entry)
    {
        json_int_t index = json_integer_value(entry);
        if (index <= 0 || !campaigns_has(keeping->campaigns, (uint64_t)index, from)) {
            return why_set(why, SK_BAD, "the message of entry %lld is not of campaign %llu",
                           (long long)index, (unsigned long long)from);
        }
    }
    return SK_OK;
}

/* {"do":"campaign.split","from","entries":[...],"reason"}: entries of contents */
enum sk_code
request_campaign_split(struct keeping *keeping, const struct request *request,
                       struct json *reply, struct why *why)
{
    const json_t *entries = json_object_get(request->body, "entries");
    uint64_t from = 0;
    struct bytes reason;
    struct writer w;
    struct json j;
    size_t i;
    json_t *entry;

    enum sk_code code = read_number(request, "from", &from, why);
    code = code == SK_OK ? check_reason(request, &reason, why) : code;
    code = code == SK_OK ? known(keeping, from, why) : code;
    code = code == SK_OK ? check_entries(keeping, entries, from, why) : code;
    if (code != SK_OK) {
        return code;
    }
    request_record(request, &j, &w, "campaign.split");
    json_put_number(&j, "from", (int64_t)from);
    json_key(&j, "entries");
    json_open(&j, '[');
    json_array_foreach(entries, i, entry)
    {
        json_number(&j, json_integer_value(entry));
    }
    json_close(&j);
    json_put_string(&j, "reason", reason);
    uint64_t number = ledger_next(vault_ledger(keeping->vault));
    code = keep(keeping, &j, why);
    if (code == SK_OK) {
        json_put_number(reply, "campaign", (int64_t)number);
        json_put_number(reply, "messages",
                        (int64_t)campaigns_size(keeping->campaigns, number));
    }
    return code;
}
