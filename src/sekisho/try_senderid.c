/* `sekisho try senderid`: may this client send for the address that the header makes responsible? */
#include <jansson.h>

#include "base/limits.h"
#include "dns/resolver.h"
#include "parse/letter.h"
#include "sekisho/try.h"
#include "trace/senderid.h"

static struct bytes
string_of(const struct try_call *call, const char *key)
{
    const json_t *value = json_object_get(call->request, key);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

static void
put_result(struct json *j, const struct senderid_result *r, bool pra)
{
    json_put_text(j, "result", auth_result_name(r->result));
    json_put_string(j, "domain", r->domain);
    if (pra && r->address.size > 0) {
        json_key(j, "pra");
        json_open(j, '{');
        json_put_string(j, "field", r->field);
        json_put_string(j, "address", r->address);
        json_close(j);
    }
    if (r->record.size > 0) {
        json_put_string(j, "record", r->record);
    }
    if (r->reason.size > 0) {
        json_put_string(j, "reason", r->reason);
    }
}

enum sk_code
try_senderid(struct try_call *call, struct why *why)
{
    struct bytes scope = string_of(call, "scope"), message = string_of(call, "message_b64"),
                 raw = BYTES("\r\n");
    struct net_address ip;
    struct senderid_result result;
    struct senderid_query query = {.ip = &ip,
                                   .helo = string_of(call, "helo"),
                                   .mail_from = string_of(call, "mailfrom"),
                                   .scope = SPF_SCOPE_PRA,
                                   .now_s = call->now};

    if (!net_address_read(string_of(call, "ip"), &ip)) {
        return why_set(why, SK_BAD, "ip is missing or no address");
    }
    if (bytes_is(scope, "mfrom")) {
        query.scope = SPF_SCOPE_MFROM;
    } else if (!bytes_is(scope, "pra")) {
        return why_set(why, SK_BAD, "scope is neither pra nor mfrom");
    } else if (message.size == 0 || !bytes_from_base64(call->arena, message, &raw)) {
        return why_set(why, SK_BAD, "message_b64 is missing or no base64");
    }
    query.header = &letter_read_header(call->arena, raw)->header;
    while (senderid_check(call->arena, call->memo, &query, &result) == SK_MORE) {
        dns_zone_answer(call->zone, call->memo);
    }
    put_result(call->reply, &result, query.scope == SPF_SCOPE_PRA);
    return SK_OK;
}
