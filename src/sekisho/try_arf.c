/* `sekisho try arf`: a feedback report (RFC 5965, 6591) as JSON. */
#include "parse/feedback.h"
#include "sekisho/try.h"

static void
put_list(struct json *j, const char *key, const struct feedback_list *list)
{
    json_key(j, key);
    json_open(j, '[');
    for (size_t i = 0; i < list->count; i++) {
        json_bytes(j, list->items[i]);
    }
    json_close(j);
}

static void
put_failure(struct json *j, const struct feedback *f)
{
    try_put_string(j, "auth_failure", f->auth_failure);
    try_put_string(j, "delivery_result", f->delivery_result);
    try_put_string(j, "identity_alignment", f->identity_alignment);
    try_put_string(j, "dkim_domain", f->dkim_domain);
    try_put_string(j, "dkim_identity", f->dkim_identity);
    try_put_string(j, "dkim_selector", f->dkim_selector);
    try_put_string(j, "dkim_selector_dns", f->dkim_selector_dns);
    try_put_string(j, "dkim_adsp_dns", f->dkim_adsp_dns);
    try_put_string(j, "dkim_canonicalized_header", f->dkim_canonicalized_header);
    try_put_string(j, "dkim_canonicalized_body", f->dkim_canonicalized_body);
    try_put_string(j, "spf_dns", f->spf_dns);
}

enum sk_code
try_arf(struct try_call *call, struct why *why)
{
    const struct letter *letter;
    struct json *j = call->reply;
    struct feedback f;
    uint64_t version;
    enum sk_code code = try_letter(call, &letter, why);

    if (code != SK_OK) {
        return code;
    }
    if (!feedback_read(call->arena, letter_read(call->arena, letter->raw), &f)) {
        return SK_OK; /* bad mail is no error: the reply says nothing of a report */
    }
    try_put_string(j, "feedback_type", f.feedback_type);
    try_put_string(j, "user_agent", f.user_agent);
    if (bytes_to_number(f.version, UINT32_MAX, &version)) {
        json_put_number(j, "version", (int64_t)version);
    }
    if (f.has_arrival_date) {
        json_put_number(j, "arrival_date", f.arrival_date);
    }
    json_put_number(j, "incidents", (int64_t)f.incidents);
    try_put_string(j, "source_ip", f.source_ip);
    if (f.source_port != 0) {
        json_put_number(j, "source_port", (int64_t)f.source_port);
    }
    try_put_string(j, "original_mail_from", f.original_mail_from);
    if (f.original_rcpt_to.count > 0) { /* of several the first: the member is a text */
        try_put_string(j, "original_rcpt_to", f.original_rcpt_to.items[0]);
    }
    try_put_string(j, "original_envelope_id", f.original_envelope_id);
    try_put_string(j, "reporting_mta", f.reporting_mta);
    put_list(j, "reported_domain", &f.reported_domain);
    put_list(j, "reported_uri", &f.reported_uri);
    put_list(j, "authentication_results", &f.authentication_results);
    put_failure(j, &f);
    if (f.message.size > 0) {
        json_put_string(j, "message_b64", bytes_base64(call->arena, f.message));
    } else {
        try_put_string(j, "headers", f.headers);
    }
    return SK_OK;
}
