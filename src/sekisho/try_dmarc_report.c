/* `sekisho try dmarc-report`: an aggregate report of DMARC (RFC 9990) as JSON. */
#include <jansson.h>

#include "base/limits.h"
#include "report/dmarc_report.h"
#include "sekisho/dmarc_received.h"
#include "sekisho/try.h"

static void
put(struct json *j, const char *key, struct bytes text)
{
    if (text.at != NULL) {
        json_put_string(j, key, text);
    }
}

static void
put_results(struct json *j, const char *key, const struct dmarc_auth *results, size_t count)
{
    json_key(j, key);
    json_open(j, '[');
    for (size_t i = 0; i < count; i++) {
        json_open(j, '{');
        put(j, "domain", results[i].domain);
        put(j, "selector", results[i].selector);
        /* "mfrom" in the schema, which abbreviates what it calls MAIL FROM elsewhere. */
        put(j, "scope",
            bytes_is(results[i].scope, "mfrom") ? BYTES("mail_from") : results[i].scope);
        put(j, "result", results[i].result);
        put(j, "human_result", results[i].human_result);
        json_close(j);
    }
    json_close(j);
}

static void
put_row(struct json *j, const struct dmarc_row *row)
{
    json_open(j, '{');
    json_key(j, "row");
    json_open(j, '{');
    put(j, "source_ip", row->source_ip);
    json_put_number(j, "count", (int64_t)row->count);
    json_key(j, "policy_evaluated");
    json_open(j, '{');
    put(j, "disposition", row->disposition);
    put(j, "dkim", row->dkim);
    put(j, "spf", row->spf);
    json_key(j, "reason");
    json_open(j, '[');
    for (size_t i = 0; i < row->reason_count; i++) {
        json_open(j, '{');
        put(j, "type", row->reasons[i].type);
        put(j, "comment", row->reasons[i].comment);
        json_close(j);
    }
    json_close(j);
    json_close(j);
    json_close(j);
    json_key(j, "identifiers");
    json_open(j, '{');
    put(j, "header_from", row->header_from);
    put(j, "envelope_from", row->envelope_from);
    put(j, "envelope_to", row->envelope_to);
    json_close(j);
    json_key(j, "auth_results");
    json_open(j, '{');
    put_results(j, "dkim", row->dkim_results, row->dkim_count);
    put_results(j, "spf", row->spf_results, row->spf_count);
    json_close(j);
    json_close(j);
}

static void
put_metadata(struct json *j, const struct dmarc_report *report)
{
    json_key(j, "report_metadata");
    json_open(j, '{');
    put(j, "org_name", report->org_name);
    put(j, "email", report->email);
    put(j, "extra_contact_info", report->extra_contact_info);
    put(j, "report_id", report->report_id);
    json_key(j, "date_range");
    json_open(j, '{');
    json_put_number(j, "begin", (int64_t)report->begin);
    json_put_number(j, "end", (int64_t)report->end);
    json_close(j);
    json_key(j, "error");
    json_open(j, '[');
    for (size_t i = 0; i < report->error_count; i++) {
        json_bytes(j, report->errors[i]);
    }
    json_close(j);
    put(j, "generator", report->generator);
    json_close(j);
}

/* "r" and "s" in words; others as they came. */
static struct bytes
alignment(struct bytes mode)
{
    return bytes_is_fold(mode, "r")   ? BYTES("relaxed")
           : bytes_is_fold(mode, "s") ? BYTES("strict")
                                      : mode;
}

static void
put_published(struct json *j, const struct dmarc_published *p)
{
    json_key(j, "policy_published");
    json_open(j, '{');
    put(j, "domain", p->domain);
    put(j, "version_published", p->version_published);
    put(j, "discovery_method", p->discovery_method);
    put(j, "p", p->p);
    put(j, "sp", p->sp);
    put(j, "np", p->np);
    put(j, "adkim", alignment(p->adkim));
    put(j, "aspf", alignment(p->aspf));
    put(j, "fo", p->fo);
    json_put_bool(j, "testing", bytes_is_fold(p->testing, "y"));
    json_close(j);
}

/* The version is a decimal number (the schema says so): "1.0", "2.0"; 0 where none is said. */
static void
put_version(struct json *j, struct bytes version)
{
    uint64_t whole = 0, tenths = 0;
    size_t dot = bytes_find_byte(version, '.', 0);

    if (!bytes_to_number(bytes_slice(version, 0, dot), 1000, &whole) ||
        (dot != BYTES_NOWHERE &&
         !bytes_to_number(bytes_slice(version, dot + 1, dot + 2), 9, &tenths))) {
        whole = tenths = 0;
    }
    json_put_real(j, "version", (double)whole + (double)tenths / 10, 1);
}

static enum sk_code
bytes_member(struct try_call *call, const char *name, struct bytes *raw_r, struct why *why)
{
    const json_t *value = json_object_get(call->request, name);

    *raw_r = BYTES_NONE;
    if (json_is_string(value) &&
        !bytes_from_base64(call->arena,
                           bytes_of(json_string_value(value), json_string_length(value)),
                           raw_r)) {
        return why_set(why, SK_BAD, "%s is no base64", name);
    }
    return SK_OK;
}

enum sk_code
try_dmarc_report(struct try_call *call, struct why *why)
{
    struct dmarc_report report;
    struct bytes packed, message, xml = BYTES_NONE;
    enum sk_code code = bytes_member(call, "report_b64", &packed, why);

    if (code == SK_OK) {
        code = bytes_member(call, "message_b64", &message, why);
    }
    if (code == SK_OK && packed.size == 0 && message.size == 0) {
        return why_set(why, SK_BAD, "report_b64 or message_b64 is missing");
    }
    if (code == SK_OK) {
        code = packed.size > 0 ? dmarc_unpack(call->arena, packed, &xml, why)
                               : dmarc_of_message(call->arena, message, &xml, why);
    }
    if (code == SK_OK) {
        code = dmarc_report_read(call->arena, xml, &report, why);
    }
    if (code != SK_OK) {
        return code;
    }
    put_version(call->reply, report.version);
    put_metadata(call->reply, &report);
    put_published(call->reply, &report.published);
    json_key(call->reply, "record");
    json_open(call->reply, '[');
    for (size_t i = 0; i < report.row_count; i++) {
        put_row(call->reply, &report.rows[i]);
    }
    json_close(call->reply);
    return SK_OK;
}
