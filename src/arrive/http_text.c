#include "arrive/http_text.h"

#include <jansson.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "base/writer.h"

#define CONTEXT_MOST 500 /* bytes */
#define LANG_MOST    35  /* RFC 5646 section 4.4.1 */

struct post {
    struct bytes text, lang, context;
};

static enum sk_code
refuse(unsigned status, unsigned *status_r, struct why *why, const char *words)
{
    *status_r = status;
    return why_set(why, status == 413 ? SK_LIMIT : SK_BAD, "%s", words);
}

/* Whether the media type before any parameter is that. */
static bool
is_type(struct bytes field, const char *type)
{
    size_t end = bytes_find_byte(field, ';', 0);

    return bytes_is_fold(bytes_trim(bytes_slice(field, 0, end)), type);
}

/* No charset, or one that UTF-8 covers. */
static bool
charset_fits(struct bytes field)
{
    size_t at = bytes_find_fold(field, BYTES("charset="), 0);

    if (at == BYTES_NOWHERE) {
        return true;
    }
    struct bytes charset = bytes_from(field, at + strlen("charset="));
    charset = bytes_trim(bytes_slice(charset, 0, bytes_find_byte(charset, ';', 0)));
    if (charset.size >= 2 && charset.at[0] == '"') {
        charset = bytes_slice(charset, 1, charset.size - 1);
    }
    return bytes_is_fold(charset, "utf-8") || bytes_is_fold(charset, "us-ascii");
}

static bool
is_one_line(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] < 0x20 || text.at[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool
is_tag(struct bytes lang)
{
    for (size_t i = 0; i < lang.size; i++) {
        if (!ascii_letter(lang.at[i]) && !ascii_digit(lang.at[i]) && lang.at[i] != '-') {
            return false;
        }
    }
    return lang.size <= LANG_MOST;
}

static enum sk_code
read_json(struct arena *arena, struct bytes body, struct post *post, struct why *why)
{
    const struct {
        const char *key;
        struct bytes *text;
    } members[] = {
        {"text", &post->text}, {"lang", &post->lang}, {"context", &post->context}};
    json_t *json = json_loadb((const char *)body.at, body.size,
                              JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    size_t known = 0;
    enum sk_code code = SK_OK;

    if (!json_is_object(json)) {
        json_decref(json);
        return why_set(why, SK_BAD, "the body is no JSON object in UTF-8");
    }
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const json_t *value = json_object_get(json, members[i].key);
        known += value != NULL;
        if (json_is_string(value)) {
            *members[i].text = bytes_copy(
                arena, bytes_of(json_string_value(value), json_string_length(value)));
        } else if (value != NULL) {
            code = why_set(why, SK_BAD, "\"%s\" is no string", members[i].key);
        }
    }
    if (code == SK_OK && known != json_object_size(json)) {
        code = why_set(why, SK_BAD, "only \"text\", \"lang\" and \"context\" are taken");
    }
    json_decref(json);
    return code;
}

static void
write_message(struct writer *w, const struct post *post)
{
    struct bytes rest = post->text, line;

    if (post->context.size > 0) {
        writer_text(w, "Subject: ");
        writer_bytes(w, post->context);
        writer_text(w, "\r\n");
    }
    if (post->lang.size > 0) {
        writer_text(w, "Content-Language: ");
        writer_bytes(w, post->lang);
        writer_text(w, "\r\n");
    }
    writer_text(w, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                   "Content-Transfer-Encoding: 8bit\r\n\r\n");
    while (bytes_line(&rest, &line)) {
        writer_bytes(w, line);
        writer_text(w, "\r\n");
    }
}

enum sk_code
http_text_message(struct arena *arena, const struct http_request *request,
                  struct bytes body, struct bytes *raw_r, unsigned *status_r,
                  struct why *why)
{
    struct bytes type = http_request_field(request, "Content-Type");
    struct post post = {.text = body};
    struct writer w;

    *status_r = 0;
    if (is_type(type, "application/json")) {
        post.text = BYTES_NONE;
        if (read_json(arena, body, &post, why) != SK_OK) {
            *status_r = 400;
            return SK_BAD;
        }
    } else if (!is_type(type, "text/plain") || !charset_fits(type)) {
        return refuse(415, status_r, why,
                      "text/plain in UTF-8 or application/json is taken here");
    }
    if (post.text.size > LIMIT_TEXT_POST) {
        return refuse(413, status_r, why, "the text is too long");
    }
    if (!utf8_valid(post.text)) {
        return refuse(400, status_r, why, "the text is not UTF-8");
    }
    if (bytes_trim(post.text).size == 0) {
        return refuse(400, status_r, why, "there is no text");
    }
    if (!is_tag(post.lang) || post.context.size > CONTEXT_MOST ||
        !is_one_line(post.context)) {
        return refuse(400, status_r, why,
                      "lang is a language tag, context one line of at most 500 bytes");
    }
    writer_init(&w, arena);
    write_message(&w, &post);
    *raw_r = writer_view(&w);
    return SK_OK;
}
