/* `sekisho try` charset, html, url, psl: from bytes to what a person reads, and the names in it. */
#include <jansson.h>

#include "base/limits.h"
#include "parse/charset.h"
#include "parse/domain.h"
#include "parse/html.h"
#include "parse/links.h"
#include "parse/url.h"
#include "sekisho/try.h"
#include "sekisho/try_tokens.h"

/* A string of the request; false if it is missing. */
static bool
string_of(struct try_call *call, const char *key, struct bytes *value_r)
{
    json_t *value = json_object_get(call->request, key);

    *value_r = json_is_string(value)
                   ? bytes_of(json_string_value(value), json_string_length(value))
                   : BYTES_NONE;
    return json_is_string(value);
}

static bool
base64_of(struct try_call *call, const char *key, struct bytes *value_r)
{
    struct bytes text;

    if (!string_of(call, key, &text)) {
        *value_r = BYTES_NONE;
        return false;
    }
    *value_r = BYTES("");
    return text.size == 0 || bytes_from_base64(call->arena, text, value_r);
}

enum sk_code
try_charset(struct try_call *call, struct why *why)
{
    struct bytes bytes, label, text;
    struct charset_result r;
    bool labelled = string_of(call, "charset", &label);

    if (!base64_of(call, "bytes_b64", &bytes)) {
        if (!string_of(call, "text", &text) || !labelled) {
            return why_set(why, SK_BAD, "bytes_b64, or text with charset, is missing");
        }
        if (!charset_encode(call->arena, text, label, &bytes)) {
            return why_set(why, SK_BAD, "nothing can be written in this charset");
        }
        json_put_string(call->reply, "bytes_b64", bytes_base64(call->arena, bytes));
        return SK_OK;
    }
    if (labelled) {
        charset_decode_as(call->arena, bytes, label, &r);
    } else {
        charset_decode(call->arena, bytes, BYTES_NONE, &r);
    }
    json_put_string(call->reply, "text", r.text);
    json_put_string(call->reply, "charset", r.charset);
    json_put_number(call->reply, "errors", (int64_t)r.errors);
    return SK_OK;
}

/* Links read from text and HTML alike. */
static void
put_links(struct json *j, const char *key, const struct link *links, size_t link_count)
{
    json_key(j, key);
    json_open(j, '[');
    for (size_t i = 0; i < link_count; i++) {
        json_open(j, '{');
        json_put_string(j, "text", links[i].text);
        json_put_string(j, "href", links[i].href);
        json_close(j);
    }
    json_close(j);
}

static void
put_url(struct try_call *call, struct bytes text)
{
    struct json *j = call->reply;
    struct url url;

    if (!url_read(call->arena, text, &url)) {
        json_put_text(j, "href", NULL);
        return;
    }
    json_put_string(j, "href", url.href);
    json_put_string(j, "scheme", url.scheme);
    json_put_string(j, "username", url.username);
    json_put_string(j, "password", url.password);
    json_put_string(j, "host", url.host);
    if (url.port >= 0) {
        json_put_number(j, "port", url.port);
    }
    json_put_string(j, "path", url.path);
    if (url.has_query) {
        json_put_string(j, "query", url.query);
    }
    if (url.has_fragment) {
        json_put_string(j, "fragment", url.fragment);
    }
    struct bytes registrable = domain_registrable(call->arena, url.host);
    if (registrable.size > 0) {
        json_put_string(j, "registrable_domain", registrable);
    }
    if (url.host.size > 0) {
        json_put_string(j, "host_unicode", domain_to_unicode(call->arena, url.host));
    }
}

enum sk_code
try_url(struct try_call *call, struct why *why)
{
    struct bytes text, ascii;

    if (string_of(call, "url", &text)) {
        put_url(call, text);
    } else if (string_of(call, "domain", &text)) {
        if (domain_to_ascii(call->arena, text, &ascii)) {
            json_put_string(call->reply, "ascii", ascii);
            json_put_string(call->reply, "unicode", domain_to_unicode(call->arena, ascii));
        } else {
            json_put_text(call->reply, "ascii", NULL);
        }
    } else if (string_of(call, "text", &text)) {
        struct link *links;
        size_t link_count = links_in_text(call->arena, text, &links);
        put_links(call->reply, "urls", links, link_count);
    } else {
        return why_set(why, SK_BAD, "url, domain or text is missing");
    }
    return SK_OK;
}

enum sk_code
try_psl(struct try_call *call, struct why *why)
{
    struct bytes domain;

    if (!string_of(call, "domain", &domain)) {
        return why_set(why, SK_BAD, "domain is missing");
    }
    struct bytes suffix = domain_public_suffix(call->arena, domain);
    struct bytes registrable = domain_registrable(call->arena, domain);
    if (suffix.size > 0) {
        json_put_string(call->reply, "public_suffix", suffix);
    }
    if (registrable.size > 0) {
        json_put_string(call->reply, "registrable_domain", registrable);
    } else {
        json_put_text(call->reply, "registrable_domain", NULL);
    }
    return SK_OK;
}

enum sk_code
try_html(struct try_call *call, struct why *why)
{
    struct bytes html, label;
    struct charset_result decoded;
    struct html_result r;

    if (!string_of(call, "html", &html)) {
        if (!base64_of(call, "html_b64", &html)) {
            return why_set(why, SK_BAD, "html or html_b64 is missing");
        }
        string_of(call, "charset", &label);
        charset_decode(call->arena, html, label, &decoded);
        html = decoded.text;
    }
    if (json_is_true(json_object_get(call->request, "tokens"))) {
        return try_html_tokens(call, html, why);
    }
    html_read(call->arena, html, &r);
    json_put_string(call->reply, "text", r.visible);
    if (r.hidden.size > 0) {
        json_put_string(call->reply, "hidden_text", r.hidden);
    }
    put_links(call->reply, "links", r.links, r.link_count);
    return SK_OK;
}
