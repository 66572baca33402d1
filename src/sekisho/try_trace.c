/* `sekisho try` spf, dmarc, hops: who may send, who stands behind it, which way it came. */
#include <jansson.h>

#include "base/limits.h"
#include "dns/resolver.h"
#include "parse/letter.h"
#include "parse/received.h"
#include "sekisho/try.h"
#include "trace/dmarc.h"
#include "trace/hops.h"
#include "trace/spf.h"

static struct bytes
text_of(const json_t *value)
{
    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

static struct bytes
string_of(const struct try_call *call, const char *key)
{
    return text_of(json_object_get(call->request, key));
}

static void
put_string(struct json *j, const char *key, struct bytes text)
{
    if (text.size > 0) {
        json_put_string(j, key, text);
    }
}

enum sk_code
try_spf(struct try_call *call, struct why *why)
{
    struct net_address ip;
    struct spf_result result;
    struct json *j = call->reply;
    struct spf_query query = {
        .ip = &ip,
        .helo = string_of(call, "helo"),
        .mail_from = string_of(call, "mailfrom"),
        .receiver = string_of(call, "receiver"),
        .default_explanation = string_of(call, "default_explanation"),
        .now_s = call->now,
    };

    if (!net_address_read(string_of(call, "ip"), &ip)) {
        return why_set(why, SK_BAD, "ip is missing or no address");
    }
    while (spf_check(call->arena, call->memo, &query, &result) == SK_MORE) {
        dns_zone_answer(call->zone, call->memo);
    }
    json_put_text(j, "result", auth_result_name(result.result));
    json_put_text(j, "identity", result.helo_identity ? "helo" : "mailfrom");
    json_put_string(j, "domain", result.domain);
    put_string(j, "mechanism", result.mechanism);
    put_string(j, "explanation", result.explanation);
    put_string(j, "reason", result.reason);
    return SK_OK;
}

/* "user@example.com", "<user@example.com>", "example.com": the domain. */
static struct bytes
domain_of(struct bytes address)
{
    size_t at = bytes_find_last(address, '@');

    address = bytes_trim(at == BYTES_NOWHERE ? address : bytes_from(address, at + 1));
    if (address.size > 0 && address.at[address.size - 1] == '>') {
        address.size--;
    }
    return address;
}

static size_t
identities_of(struct try_call *call, const char *key, struct dmarc_identity **list_r)
{
    const json_t *list = json_object_get(call->request, key);
    size_t count = json_array_size(list);

    *list_r = ARENA_NEW_MANY(call->arena, count, struct dmarc_identity);
    for (size_t i = 0; i < count; i++) {
        const json_t *entry = json_array_get(list, i);
        (*list_r)[i].domain = domain_of(text_of(json_object_get(entry, "domain")));
        (void)auth_result_read(text_of(json_object_get(entry, "result")),
                               &(*list_r)[i].result);
    }
    return count;
}

static size_t
domains_of(struct try_call *call, const char *key, struct bytes **list_r)
{
    const json_t *value = json_object_get(call->request, key);
    size_t count = json_is_string(value) ? 1 : json_array_size(value);

    *list_r = ARENA_NEW_MANY(call->arena, count, struct bytes);
    for (size_t i = 0; i < count; i++) {
        (*list_r)[i] =
            domain_of(text_of(json_is_string(value) ? value : json_array_get(value, i)));
    }
    return count;
}

static void
put_list(struct json *j, const char *key, struct bytes list)
{
    struct bytes piece;

    if (list.size == 0) {
        return;
    }
    json_key(j, key);
    json_open(j, '[');
    while (bytes_split(&list, ',', &piece)) {
        json_bytes(j, bytes_trim(piece));
    }
    json_close(j);
}

static void
put_policy(struct json *j, const char *key, const struct dmarc_tag_policy *tag)
{
    if (tag->valid) {
        json_put_text(j, key, dmarc_policy_name(tag->policy));
    }
}

static void
put_published(struct json *j, const struct dmarc_record *record)
{
    char psd[2] = {record->psd, '\0'};

    json_key(j, "published");
    json_open(j, '{');
    put_policy(j, "p", &record->p);
    put_policy(j, "sp", &record->sp);
    put_policy(j, "np", &record->np);
    json_put_text(j, "adkim", record->dkim_strict ? "s" : "r");
    json_put_text(j, "aspf", record->spf_strict ? "s" : "r");
    json_put_text(j, "psd", psd);
    json_put_text(j, "t", record->test ? "y" : "n");
    put_string(j, "fo", record->fo);
    put_list(j, "rua", record->rua);
    put_list(j, "ruf", record->ruf);
    json_close(j);
    json_put_string(j, "record", record->text);
}

static void
put_alignment(struct json *j, const char *key, bool strict, struct bytes domain)
{
    json_key(j, key);
    json_open(j, '{');
    json_put_bool(j, "aligned", domain.size > 0);
    json_put_text(j, "mode", strict ? "s" : "r");
    put_string(j, "domain", domain);
    json_close(j);
}

enum sk_code
try_dmarc(struct try_call *call, struct why *why)
{
    struct bytes *domains;
    struct dmarc_identity *spf, *dkim;
    struct dmarc_result result;
    struct dmarc_detail detail;
    struct json *j = call->reply;
    struct dmarc_query query = {0};

    if (json_object_get(call->request, "from") == NULL) {
        return why_set(why, SK_BAD, "from is missing");
    }
    query.from_count = domains_of(call, "from", &domains);
    query.from_domains = domains;
    query.spf_count = identities_of(call, "spf", &spf);
    query.spf = spf;
    query.dkim_count = identities_of(call, "dkim", &dkim);
    query.dkim = dkim;
    while (dmarc_check(call->arena, call->memo, &query, &result, &detail) == SK_MORE) {
        dns_zone_answer(call->zone, call->memo);
    }
    json_put_text(j, "result", auth_result_name(result.result));
    json_put_string(j, "header.from", result.from_domain);
    json_put_text(j, "policy", dmarc_policy_name(result.policy));
    if (detail.found) {
        put_published(j, &detail.record);
    }
    put_string(j, "policy_domain", result.policy_domain);
    json_put_string(j, "organizational_domain", result.organizational_domain);
    json_key(j, "alignment");
    json_open(j, '{');
    put_alignment(j, "dkim", detail.record.dkim_strict, detail.dkim_domain);
    put_alignment(j, "spf", detail.record.spf_strict, detail.spf_domain);
    json_close(j);
    put_string(j, "reason", result.reason);
    return SK_OK;
}

static enum sk_code
trusted_of(struct try_call *call, struct trace_settings *settings, struct why *why)
{
    const json_t *list = json_object_get(call->request, "trusted");
    size_t count = json_array_size(list);
    struct net_prefix *prefixes = ARENA_NEW_MANY(call->arena, count, struct net_prefix);

    for (size_t i = 0; i < count; i++) {
        if (!net_prefix_read(text_of(json_array_get(list, i)), &prefixes[i])) {
            return why_set(why, SK_BAD, "trusted: entry %zu is no address or prefix",
                           i + 1);
        }
    }
    *settings = (struct trace_settings){.trusted = prefixes, .trusted_count = count};
    return SK_OK;
}

static void
put_source(struct try_call *call, const struct origin *origin)
{
    const struct hop *hop = origin->border > 0 ? &origin->hops[origin->border - 1] : NULL;
    struct json *j = call->reply;
    struct writer w;

    if (!origin->source.known) {
        return;
    }
    writer_init(&w, call->arena);
    net_address_write(&w, &origin->source);
    json_key(j, "source");
    json_open(j, '{');
    json_put_string(j, "ip", writer_view(&w));
    if (hop != NULL && hop->from_ip.known) {
        put_string(j, "helo", hop->helo);
        put_string(j, "rdns", hop->rdns);
    }
    json_close(j);
}

/* `ip`, when given, is the client that handed the message over; else the newest field is our own. */
enum sk_code
try_hops(struct try_call *call, struct why *why)
{
    struct bytes message = string_of(call, "message_b64"), raw = BYTES_NONE;
    struct net_address client = {0};
    struct trace_settings settings;
    struct origin origin = {0};
    struct json *j = call->reply;
    size_t from = 0;
    enum sk_code code = trusted_of(call, &settings, why);

    if (code != SK_OK) {
        return code;
    }
    if (message.size == 0 || !bytes_from_base64(call->arena, message, &raw)) {
        return why_set(why, SK_BAD, "message_b64 is missing or no base64");
    }
    if (string_of(call, "ip").size > 0 &&
        !net_address_read(string_of(call, "ip"), &client)) {
        return why_set(why, SK_BAD, "ip is no address");
    }
    const struct letter *letter = letter_read_header(call->arena, raw);
    hops_read(call->arena, letter, &settings, &client, &origin);
    json_key(j, "hops");
    json_open(j, '[');
    for (size_t i = 0; i < origin.hop_count; i++) {
        struct received r;
        received_read(call->arena,
                      header_find(&letter->header, BYTES("Received"), &from)->value, &r);
        json_open(j, '{');
        try_put_received(call, &r);
        json_put_bool(j, "trusted", origin.hops[i].trusted);
        json_close(j);
    }
    json_close(j);
    json_put_number(j, "border", (int64_t)origin.border);
    put_source(call, &origin);
    return SK_OK;
}
