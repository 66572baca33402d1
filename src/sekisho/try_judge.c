/* `sekisho try` judge: what a message, or a plain text, wants. */
#define SK_BASE
#include "sekisho/try.h"

#include <stdlib.h>

#include "base/clock.h"
#include "dns/resolver.h"
#include "sekisho/judgement.h"

/* Opened at the first request and kept: it is the program's own, not the request's. */
static struct judge *
the_judge(struct why *why)
{
    static struct judge *judge;
    static struct arena arena;

    if (judge == NULL) {
        arena_init(&arena, 64u << 20);
        if (judge_open(&arena, NULL, &judge, why) != SK_OK) {
            judge = NULL;
        }
    }
    return judge;
}

static struct settings *
the_settings(struct why *why)
{
    static struct settings *settings;

    if (settings == NULL && settings_new(BYTES(""), &settings, why) != SK_OK) {
        settings = NULL;
    }
    return settings;
}

static struct bytes
string_of(const struct try_call *call, const char *key)
{
    const json_t *value = json_object_get(call->request, key);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

static enum sk_code
read_permit(const struct try_call *call, uint32_t *families_r, struct why *why)
{
    const json_t *permit = json_object_get(call->request, "permit"), *item;
    enum permit_family family;
    size_t i;

    *families_r = FAMILY_ALL;
    if (!json_is_array(permit)) {
        return SK_OK;
    }
    *families_r = 0;
    json_array_foreach(permit, i, item)
    {
        if (!json_is_string(item) ||
            !permit_family_read(bytes_from_text(json_string_value(item)), &family)) {
            return why_set(why, SK_BAD, "permit: there is no such family");
        }
        *families_r |= FAMILY_BIT(family);
    }
    return SK_OK;
}

/* The message, or the text alone with an empty header before it. */
static enum sk_code
read_raw(struct try_call *call, struct bytes *raw_r, struct why *why)
{
    struct bytes text = string_of(call, "text"), message = string_of(call, "message_b64");
    struct writer w;

    if (message.at != NULL) {
        *raw_r = BYTES("");
        return message.size == 0 || bytes_from_base64(call->arena, message, raw_r)
                   ? SK_OK
                   : why_set(why, SK_BAD, "message_b64 is no base64");
    }
    if (text.at == NULL) {
        return why_set(why, SK_BAD, "message_b64 or text is missing");
    }
    writer_init(&w, call->arena);
    writer_text(&w, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                    "Content-Transfer-Encoding: 8bit\r\n\r\n");
    writer_bytes(&w, text);
    *raw_r = writer_view(&w);
    return SK_OK;
}

static struct arrival *
make_arrival(struct try_call *call, struct bytes raw)
{
    struct arrival *arrival = ARENA_NEW(call->arena, struct arrival);
    const json_t *rcpt = json_object_get(call->request, "rcpt"), *item;
    size_t i;

    arrival->door = ARRIVAL_FILE;
    arrival->id = BYTES("try");
    arrival->time_ms = call->now * 1000;
    arrival->raw = raw;
    (void)net_address_read(string_of(call, "ip"), &arrival->client);
    arrival->helo = string_of(call, "helo");
    arrival->mail_from = string_of(call, "mailfrom");
    arrival->recipient_count = json_array_size(rcpt) > 0 ? json_array_size(rcpt) : 1;
    arrival->recipients =
        ARENA_NEW_MANY(call->arena, arrival->recipient_count, struct arrival_recipient);
    json_array_foreach(rcpt, i, item)
    {
        arrival->recipients[i].address = bytes_from_text(json_string_value(item));
    }
    return arrival;
}

enum sk_code
try_judge(struct try_call *call, struct why *why)
{
    struct judge *judge = the_judge(why);
    struct settings *settings = the_settings(why);
    struct walk walk = {.arena = call->arena};
    struct bytes raw;
    uint32_t families;
    enum sk_code code;

    if (judge == NULL || settings == NULL) {
        return SK_SYSTEM;
    }
    code = read_permit(call, &families, why);
    if (code == SK_OK) {
        code = read_raw(call, &raw, why);
    }
    if (code != SK_OK) {
        return code;
    }
    walk.arrival = make_arrival(call, raw);
    walk.permit = permit_for_tool(call->arena, families);
    code = walk_begin(&walk, settings);
    while (code == SK_OK && (code = walk_trace(&walk)) == SK_MORE) {
        dns_zone_answer(call->zone, &walk.memo);
        code = SK_OK;
    }
    if (code == SK_OK) {
        code = walk_judge(&walk, judge, settings->policy);
    }
    if (code != SK_OK) {
        return why_set(why, code, "the message needs more memory than one may have");
    }
    judgement_write(call->reply, &walk);
    return SK_OK;
}
