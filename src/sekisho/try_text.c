/* `sekisho try` charset, html, url, psl: from bytes to what a person reads, and the names in it. */
#include <jansson.h>

#include "base/limits.h"
#include "base/utf8.h"
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

/* Emoji of a carrier that were found: how many, whose, and what each character says. */
static void
put_emoji(struct json *j, const struct charset_result *r)
{
    static const char *const carriers[EMOJI_CARRIERS] = {"", "docomo", "kddi", "softbank"};
    uint32_t c;

    if (r->emoji == 0) {
        return;
    }
    json_put_number(j, "emoji", (int64_t)r->emoji);
    json_put_string(j, "carrier", bytes_from_text(carriers[r->carrier]));
    json_key(j, "words");
    json_open(j, '[');
    for (size_t at = 0; at < r->text.size;) {
        size_t size = utf8_get(r->text, at, &c);
        const char *word = size > 1 ? emoji_word(c) : NULL;
        if (word != NULL) {
            json_bytes(j, bytes_from_text(word));
        }
        at += size > 0 ? size : 1;
    }
    json_close(j);
}

enum sk_code
try_charset(struct try_call *call, struct why *why)
{
    struct bytes bytes, label, text, carrier;
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
    (void)string_of(call, "carrier", &carrier);
    enum emoji_carrier who = emoji_carrier_of_name(carrier);
    if (labelled) {
        charset_decode_as_from(call->arena, bytes, label, who, &r);
    } else {
        charset_decode_from(call->arena, bytes, BYTES_NONE, who, &r);
    }
    json_put_string(call->reply, "text", r.text);
    json_put_string(call->reply, "charset", r.charset);
    json_put_number(call->reply, "errors", (int64_t)r.errors);
    json_put_number(call->reply, "confidence", r.confidence);
    if (r.twice) {
        json_put_bool(call->reply, "twice", true);
    }
    put_emoji(call->reply, &r);
    return SK_OK;
}

/* Flags, and what else is there. */
static void
put_link_facts(struct json *j, const struct link *link)
{
    static const char *const kinds[] = {"anchor", "text",  "image",
                                        "form",   "other", "nested"};

    json_put_text(j, "kind", kinds[link->kind]);
    if (link->flags != 0) {
        json_key(j, "flags");
        json_open(j, '[');
        for (unsigned flag = 1; flag <= LINK_CUT; flag <<= 1) {
            if (link->flags & flag) {
                json_text(j, link_flag_name(flag));
            }
        }
        json_close(j);
    }
    if (link->domain.size > 0) {
        json_put_string(j, "registrable_domain", link->domain);
        json_put_string(j, "skeleton", link->skeleton);
    }
    if (link->shown.size > 0) {
        json_put_string(j, "shown", link->shown);
    }
    if (link->like.size > 0) {
        json_put_string(j, "like", link->like);
    }
}

/* Links read from text and HTML alike, then those that stand in them. */
static void
put_links(struct try_call *call, const char *key, struct link *links, size_t link_count)
{
    struct json *j = call->reply;
    size_t all = links_follow(call->arena, &links, link_count, LIMIT_LINKS);

    for (int nested = 0; nested < 2; nested++) {
        json_key(j, nested ? "nested" : key);
        json_open(j, '[');
        for (size_t i = nested ? link_count : 0; i < (nested ? all : link_count); i++) {
            json_open(j, '{');
            json_put_string(j, "text", nested ? links[i].written : links[i].text);
            json_put_string(j, "href", links[i].href);
            put_link_facts(j, &links[i]);
            json_close(j);
        }
        json_close(j);
    }
}

/* Hidden text, piece by piece, and what else HTML holds. */
static void
put_hidden(struct json *j, const struct html_result *r)
{
    json_key(j, "hidden");
    json_open(j, '[');
    for (size_t i = 0; i < r->hidden_count; i++) {
        json_open(j, '{');
        json_put_string(j, "text", r->hidden_texts[i].text);
        json_put_text(j, "reason", hidden_reason_name(r->hidden_texts[i].reason));
        json_close(j);
    }
    json_close(j);
    json_key(j, "facts");
    json_open(j, '{');
    json_put_number(j, "images", (int64_t)r->facts.image_count);
    json_put_number(j, "beacons", (int64_t)r->facts.beacon_count);
    json_put_number(j, "comments", (int64_t)r->facts.comment_count);
    json_put_number(j, "turned", (int64_t)r->facts.turned_count);
    json_put_bool(j, "form", r->facts.has_form);
    json_put_bool(j, "password", r->facts.has_password);
    json_put_bool(j, "script", r->facts.has_script);
    json_put_bool(j, "frame", r->facts.has_frame);
    json_put_bool(j, "object", r->facts.has_object);
    json_put_bool(j, "refresh", r->facts.has_refresh);
    json_put_bool(j, "base", r->facts.has_base);
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
    struct link link = {.kind = LINK_TEXT};
    link_resolve(call->arena, &link, text, BYTES_NONE);
    put_link_facts(j, &link);
    json_put_string(j, "path", url.path);
    if (url.has_query) {
        json_put_string(j, "query", url.query);
    }
    if (url.has_fragment) {
        json_put_string(j, "fragment", url.fragment);
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
        put_links(call, "urls", links, link_count);
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
    put_links(call, "links", r.links, r.link_count);
    put_hidden(call->reply, &r);
    return SK_OK;
}
