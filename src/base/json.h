/* Writing JSON (RFC 8259) into a writer, in one pass and without a tree. Reading JSON is jansson's work.
 *
 *     struct json j;
 *     json_init(&j, &w);
 *     json_open(&j, '{');
 *     json_key(&j, "action"); json_text(&j, "accept");
 *     json_close(&j);
 *
 * Strings are UTF-8; a byte that is no UTF-8 becomes U+FFFD, controls are escaped, and <, >, &, U+2028, U+2029 and the
 * marks of direction are escaped too, so that hostile text stays text wherever the JSON is put. Commas are the writer's affair.
 *
 * Not named json_string, json_real, json_null: jansson has those, and one program has only one of each. */
#pragma once

#include "base/writer.h"

#define JSON_DEPTH_MAX 32

struct json {
    struct writer *w;
    unsigned depth;
    bool comma[JSON_DEPTH_MAX + 1]; /* something stands before at this depth */
    bool keyed;                     /* a key was just written */
    char close[JSON_DEPTH_MAX + 1];
};

void json_init(struct json *j, struct writer *w);
/* '{' or '[' */
void json_open(struct json *j, char bracket);
void json_close(struct json *j);
void json_key(struct json *j, const char *key);
void json_key_bytes(struct json *j, struct bytes key);
void json_bytes(struct json *j, struct bytes text);
void json_text(struct json *j, const char *text); /* NULL writes null */
void json_number(struct json *j, int64_t number);
/* Rounded to `digits` decimals; what is no number becomes null. */
void json_decimal(struct json *j, double number, int digits);
void json_bool(struct json *j, bool is);
void json_nothing(struct json *j);
/* Ready JSON, taken as it is. */
void json_raw(struct json *j, struct bytes ready);

/* key and value in one */
void json_put_string(struct json *j, const char *key, struct bytes text);
void json_put_text(struct json *j, const char *key, const char *text);
void json_put_number(struct json *j, const char *key, int64_t number);
void json_put_real(struct json *j, const char *key, double number, int digits);
void json_put_bool(struct json *j, const char *key, bool is);
