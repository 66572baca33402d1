#define SK_BASE
#include "base/json.h"

#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "base/why.h"

void
json_init(struct json *j, struct writer *w)
{
    *j = (struct json){.w = w};
}

static void
json_comma(struct json *j)
{
    if (j->keyed) {
        j->keyed = false;
        return;
    }
    if (j->comma[j->depth]) {
        writer_byte(j->w, ',');
    }
    j->comma[j->depth] = true;
}

void
json_open(struct json *j, char bracket)
{
    json_comma(j);
    SK_ASSERT(j->depth < JSON_DEPTH_MAX);
    j->depth++;
    j->comma[j->depth] = false;
    j->close[j->depth] = bracket == '{' ? '}' : ']';
    writer_byte(j->w, (uint8_t)bracket);
}

void
json_close(struct json *j)
{
    SK_ASSERT(j->depth > 0);
    writer_byte(j->w, (uint8_t)j->close[j->depth--]);
}

static bool
json_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '<' && c != '>' &&
           c != '&';
}

static void
json_write_escaped(struct writer *w, struct bytes text)
{
    writer_byte(w, '"');
    for (size_t at = 0; at < text.size;) {
        size_t plain = at;
        while (plain < text.size && json_plain(text.at[plain])) {
            plain++;
        }
        writer_bytes(w, bytes_slice(text, at, plain));
        at = plain;
        if (at == text.size) {
            break;
        }
        uint32_t c;
        size_t size = utf8_get(text, at, &c);
        if (size == 0) {
            writer_code_point(w, UTF8_REPLACEMENT);
            at++;
            continue;
        }
        at += size;
        if (c == '\n') {
            writer_text(w, "\\n");
        } else if (c == '"' || c == '\\') {
            writer_byte(w, '\\');
            writer_byte(w, (uint8_t)c);
        } else if (c < 0xa0 || (c >= 0x200e && c <= 0x200f) ||
                   (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069)) {
            writer_format(w, "\\u%04x", (unsigned)c);
        } else {
            writer_code_point(w, c);
        }
    }
    writer_byte(w, '"');
}

void
json_key_bytes(struct json *j, struct bytes key)
{
    json_comma(j);
    json_write_escaped(j->w, key);
    writer_byte(j->w, ':');
    j->keyed = true;
}

void
json_key(struct json *j, const char *key)
{
    json_key_bytes(j, bytes_from_text(key));
}

void
json_bytes(struct json *j, struct bytes text)
{
    json_comma(j);
    json_write_escaped(j->w, text);
}

void
json_text(struct json *j, const char *text)
{
    if (text == NULL) {
        json_nothing(j);
    } else {
        json_bytes(j, bytes_from_text(text));
    }
}

void
json_number(struct json *j, int64_t number)
{
    json_comma(j);
    writer_number(j->w, number);
}

void
json_decimal(struct json *j, double number, int digits)
{
    if (!isfinite(number)) {
        json_nothing(j);
        return;
    }
    json_comma(j);
    writer_format(j->w, "%.*f", digits, number);
}

void
json_bool(struct json *j, bool is)
{
    json_comma(j);
    writer_text(j->w, is ? "true" : "false");
}

void
json_nothing(struct json *j)
{
    json_comma(j);
    writer_text(j->w, "null");
}

void
json_raw(struct json *j, struct bytes ready)
{
    json_comma(j);
    writer_bytes(j->w, ready);
}

void
json_put_string(struct json *j, const char *key, struct bytes text)
{
    json_key(j, key);
    json_bytes(j, text);
}

void
json_put_text(struct json *j, const char *key, const char *text)
{
    json_key(j, key);
    json_text(j, text);
}

void
json_put_number(struct json *j, const char *key, int64_t number)
{
    json_key(j, key);
    json_number(j, number);
}

void
json_put_real(struct json *j, const char *key, double number, int digits)
{
    json_key(j, key);
    json_decimal(j, number, digits);
}

void
json_put_bool(struct json *j, const char *key, bool is)
{
    json_key(j, key);
    json_bool(j, is);
}
