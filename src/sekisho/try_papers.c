/* `sekisho try` dkim, domainkeys, authres: signatures, and what others wrote of them. */
#include <jansson.h>

#include "dns/resolver.h"
#include "parse/letter.h"
#include "sekisho/try.h"
#include "trace/authres.h"
#include "trace/dkim.h"
#include "trace/domainkeys.h"

static struct bytes
text_of(const json_t *value)
{
    return bytes_of(json_string_value(value), json_string_length(value));
}

enum sk_code
try_letter(struct try_call *call, const struct letter **letter_r, struct why *why)
{
    const json_t *value = json_object_get(call->request, "message_b64");
    struct bytes raw = BYTES_NONE;

    if (!json_is_string(value)) {
        return why_set(why, SK_BAD, "message_b64 is missing");
    }
    if (json_string_length(value) > 0 &&
        !bytes_from_base64(call->arena, text_of(value), &raw)) {
        return why_set(why, SK_BAD, "message_b64 is no base64");
    }
    *letter_r = letter_read_header(call->arena, raw);
    return SK_OK;
}

void
try_put_string(struct json *j, const char *key, struct bytes text)
{
    if (text.size > 0) {
        json_put_string(j, key, text);
    }
}

static void
put_signature(struct json *j, const char *method, const struct dkim_result *r)
{
    json_open(j, '{');
    json_put_text(j, "method", method);
    json_put_text(j, "result", auth_result_name(r->result));
    try_put_string(j, "reason", r->reason);
    try_put_string(j, "header.d", r->domain);
    try_put_string(j, "header.s", r->selector);
    try_put_string(j, "header.i", r->identity);
    try_put_string(j, "header.a", r->algorithm);
    try_put_string(j, "header.b", r->b);
    try_put_string(j, "canonicalization", r->canonicalization);
    if (r->key_bits > 0) {
        json_put_number(j, "key_bits", r->key_bits);
    }
    try_put_string(j, "signed_fields", r->signed_fields);
    if (r->has_body_length) {
        json_put_number(j, "body_length", (int64_t)(r->body_length & INT64_MAX));
    }
    if (r->has_time) {
        json_put_number(j, "time", r->time);
    }
    if (r->has_expires) {
        json_put_number(j, "expires", r->expires);
    }
    if (r->testing) {
        json_put_bool(j, "testing", true);
    }
    json_close(j);
}

static void
put_signatures(struct json *j, const char *method, const struct dkim_result *results,
               size_t count)
{
    json_put_text(j, "result", auth_result_name(dkim_best(results, count)));
    json_key(j, "signatures");
    json_open(j, '[');
    for (size_t i = 0; i < count; i++) {
        put_signature(j, method, &results[i]);
    }
    json_close(j);
}

enum sk_code
try_dkim(struct try_call *call, struct why *why)
{
    const struct letter *letter;
    struct dkim_work *work = NULL;
    struct dkim_result *results = NULL;
    size_t count = 0;
    enum sk_code code = try_letter(call, &letter, why);

    if (code != SK_OK) {
        return code;
    }
    while ((code = dkim_check(call->arena, letter, call->memo, call->now, call->legacy,
                              &work, &results, &count)) == SK_MORE) {
        dns_zone_answer(call->zone, call->memo);
    }
    if (code == SK_OK) {
        put_signatures(call->reply, "dkim", results, count);
    }
    return code;
}

enum sk_code
try_domainkeys(struct try_call *call, struct why *why)
{
    const struct letter *letter;
    struct dkim_result *results = NULL;
    size_t count = 0;
    enum sk_code code = try_letter(call, &letter, why);

    if (code != SK_OK) {
        return code;
    }
    while ((code = domainkeys_check(call->arena, letter, call->memo, call->legacy, &results,
                                    &count)) == SK_MORE) {
        dns_zone_answer(call->zone, call->memo);
    }
    if (code == SK_OK) {
        put_signatures(call->reply, "domainkeys", results, count);
    }
    return code;
}

static void
put_authres_result(struct try_call *call, const struct authres_result *r)
{
    struct json *j = call->reply;
    struct writer key;

    json_open(j, '{');
    json_put_string(j, "method", r->method);
    json_put_string(j, "result", r->result);
    if (r->version != 1) {
        json_put_number(j, "method_version", (int64_t)r->version);
    }
    try_put_string(j, "reason", r->reason);
    for (size_t i = 0; i < r->property_count; i++) {
        const struct authres_property *p = &r->properties[i];
        writer_init(&key, call->arena);
        writer_bytes(&key, p->type);
        writer_byte(&key, '.');
        writer_bytes(&key, p->name);
        json_key_bytes(j, writer_view(&key));
        json_bytes(j, p->value);
    }
    json_close(j);
}

enum sk_code
try_authres(struct try_call *call, struct why *why)
{
    const json_t *field = json_object_get(call->request, "field");
    struct authres a;

    if (!json_is_string(field)) {
        return why_set(why, SK_BAD, "field is missing");
    }
    json_put_bool(call->reply, "valid",
                  authres_read(call->arena, text_of(field), &a) == SK_OK);
    try_put_string(call->reply, "authserv_id", a.authserv_id);
    json_put_number(call->reply, "version", (int64_t)a.version);
    json_key(call->reply, "results");
    json_open(call->reply, '[');
    for (size_t i = 0; i < a.result_count; i++) {
        put_authres_result(call, &a.results[i]);
    }
    json_close(call->reply);
    return SK_OK;
}
