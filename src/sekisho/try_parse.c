/* `sekisho try` mime, address, date, contenttype, received, unstructured: how Sekisho reads a message. */
#include "sekisho/try.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "parse/address.h"
#include "parse/date.h"
#include "parse/header.h"
#include "parse/letter.h"
#include "parse/parameters.h"
#include "parse/received.h"
#include "parse/words.h"

/* JSON nests two levels for each multipart and three for each inner message. */
#define TREE_DEPTH_MAX (JSON_DEPTH_MAX - 6)

static bool
request_string(struct try_call *call, const char *key, struct bytes *value_r)
{
    const json_t *value = json_object_get(call->request, key);

    *value_r = json_is_string(value)
                   ? bytes_of(json_string_value(value), json_string_length(value))
                   : BYTES_NONE;
    return json_is_string(value);
}

static enum sk_code
request_field(struct try_call *call, struct bytes *field_r, struct why *why)
{
    return request_string(call, "field", field_r)
               ? SK_OK
               : why_set(why, SK_BAD, "field is missing");
}

/* --- fields ------------------------------------------------------------------------------------------------- */

static void
put_address(struct json *j, const struct address *a)
{
    json_open(j, '{');
    if (a->is_group) {
        json_put_string(j, "group", a->name);
        json_key(j, "members");
        json_open(j, '[');
        for (size_t i = 0; i < a->member_count; i++) {
            put_address(j, &a->members[i]); /* a group holds no groups */
        }
        json_close(j);
    } else {
        if (a->name.size > 0) {
            json_put_string(j, "name", a->name);
        }
        json_put_string(j, "address", a->text);
    }
    json_close(j);
}

static void
put_addresses(struct json *j, const char *key, const struct address_list *list)
{
    json_key(j, key);
    json_open(j, '[');
    for (size_t i = 0; i < list->address_count; i++) {
        put_address(j, &list->addresses[i]);
    }
    json_close(j);
}

/* RFC 3339 with the zone as it was written. */
static void
put_date(struct try_call *call, const char *key, int64_t epoch, int zone_minutes)
{
    struct calendar c = clock_calendar(epoch, zone_minutes);
    int zone = zone_minutes < 0 ? -zone_minutes : zone_minutes;
    struct writer w;

    writer_init(&w, call->arena);
    writer_format(&w, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", (int)c.year, c.month,
                  c.day, c.hour, c.minute, c.second, zone_minutes < 0 ? '-' : '+',
                  zone / 60, zone % 60);
    json_put_string(call->reply, key, writer_view(&w));
}

enum sk_code
try_address(struct try_call *call, struct why *why)
{
    struct address_list list;
    struct bytes field;
    enum sk_code code = request_field(call, &field, why);

    if (code == SK_OK) {
        address_list_read(call->arena, field, &list, NULL);
        put_addresses(call->reply, "addresses", &list);
    }
    return code;
}

enum sk_code
try_date(struct try_call *call, struct why *why)
{
    struct bytes field;
    struct date date;
    enum sk_code code = request_field(call, &field, why);

    if (code != SK_OK) {
        return code;
    }
    if (date_read(field, &date)) {
        put_date(call, "date", date.epoch, date.zone_minutes);
        json_put_number(call->reply, "epoch", date.epoch);
    } else {
        json_put_text(call->reply, "date", NULL);
        json_put_text(call->reply, "epoch", NULL);
    }
    return SK_OK;
}

static void
put_parameters(struct json *j, const struct parameter *parameters, size_t count)
{
    json_key(j, "parameters");
    json_open(j, '[');
    for (size_t i = 0; i < count; i++) {
        json_open(j, '[');
        json_bytes(j, parameters[i].name);
        json_bytes(j, parameters[i].value);
        json_close(j);
    }
    json_close(j);
}

static void
put_string_or_null(struct json *j, const char *key, struct bytes value)
{
    if (value.size > 0) {
        json_put_string(j, key, value);
    } else {
        json_put_text(j, key, NULL);
    }
}

enum sk_code
try_contenttype(struct try_call *call, struct why *why)
{
    struct content_type type;
    struct bytes field;
    enum sk_code code = request_field(call, &field, why);

    if (code != SK_OK) {
        return code;
    }
    content_type_read(call->arena, field, &type, NULL);
    put_string_or_null(call->reply, "type", type.type);
    put_string_or_null(call->reply, "subtype", type.subtype);
    put_parameters(call->reply, type.parameters,
                   type.type.size > 0 ? type.parameter_count : 0);
    return SK_OK;
}

static void
put_received(struct try_call *call, const struct received *r, const char *id_key)
{
    const struct {
        const char *key;
        struct bytes value;
    } members[] = {
        {"from", r->from},
        {"helo", r->helo},
        {"from_ip", r->from_ip},
        {"from_rdns", r->from_rdns},
        {"by", r->by},
        {"via", r->via},
        {"with", r->with},
        {id_key, r->id},
        {"for", r->for_},
        {"ident", r->ident},
        {"envelope_from", r->envelope_from},
        {"auth", r->auth},
        {"tls_version", r->tls_version},
        {"tls_cipher", r->tls_cipher},
    };

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (members[i].value.size > 0) {
            json_put_string(call->reply, members[i].key, members[i].value);
        }
    }
    if (r->has_date) {
        if (r->date_is_standard) { /* else the zone "as it was written" says nothing */
            put_date(call, "date", r->date, r->date_zone_minutes);
        }
        json_put_number(call->reply, "epoch", r->date);
    }
}

void
try_put_received(struct try_call *call, const struct received *received)
{
    put_received(call, received, "id");
}

enum sk_code
try_received(struct try_call *call, struct why *why)
{
    struct received received;
    struct bytes field;
    enum sk_code code = request_field(call, &field, why);

    if (code == SK_OK) {
        received_read(call->arena, field, &received);
        put_received(call, &received, "received_id"); /* "id" is the line's own */
    }
    return code;
}

enum sk_code
try_unstructured(struct try_call *call, struct why *why)
{
    struct bytes field;
    enum sk_code code = request_field(call, &field, why);

    if (code == SK_OK) {
        json_put_string(call->reply, "text", words_decode(call->arena, field, NULL));
    }
    return code;
}

/* --- messages ----------------------------------------------------------------------------------------------- */

static void put_message(struct try_call *call, const struct letter *letter, bool content,
                        unsigned depth);

static void
put_leaf(struct try_call *call, const struct part *part, bool content)
{
    uint8_t digest[HASH_SHA256_SIZE];

    hash_sha256(part->content, digest);
    json_put_number(call->reply, "size", (int64_t)part->content.size);
    json_put_string(call->reply, "sha256",
                    bytes_hex(call->arena, bytes_of(digest, sizeof digest)));
    if (content) {
        json_put_string(call->reply, "content_b64",
                        bytes_base64(call->arena, part->content));
    }
    if (bytes_is(part->type, "text")) {
        json_put_string(call->reply, "text", part->text);
    }
}

static void put_part(struct try_call *call, const struct part *part, bool content,
                     unsigned depth);

static void
put_parts(struct try_call *call, const char *key, const struct part *first, bool content,
          unsigned depth)
{
    json_key(call->reply, key);
    json_open(call->reply, '[');
    for (const struct part *p = first; p != NULL; p = p->next) {
        put_part(call, p, content, depth);
    }
    json_close(call->reply);
}

static void
put_fields(struct json *j, const struct header *header)
{
    json_open(j, '[');
    for (size_t i = 0; i < header->field_count; i++) {
        json_open(j, '[');
        json_bytes(j, header->fields[i].name);
        json_bytes(j, header->fields[i].value);
        json_close(j);
    }
    json_close(j);
}

static void
put_groups(struct json *j, const struct part *part)
{
    if (part->group_count == 0) {
        return;
    }
    json_key(j, "report");
    json_open(j, '[');
    for (size_t i = 0; i < part->group_count; i++) {
        put_fields(j, &part->groups[i]);
    }
    json_close(j);
}

/* depth counts levels of JSON: below the writer's bound a container is told without what it holds. */
static void
put_part(struct try_call *call, const struct part *part, bool content, unsigned depth)
{
    struct json *j = call->reply;
    struct writer type;

    writer_init(&type, call->arena);
    writer_bytes(&type, part->type);
    writer_byte(&type, '/');
    writer_bytes(&type, part->subtype);
    json_open(j, '{');
    json_put_string(j, "type", writer_view(&type));
    put_parameters(j, part->parameters, part->parameter_count);
    if (part->charset.size > 0) {
        json_put_string(j, "charset", part->charset);
        json_put_number(j, "charset_confidence", part->charset_confidence);
    }
    json_put_string(j, "encoding",
                    part->encoding_text.size > 0 ? part->encoding_text : BYTES("7bit"));
    if (part->disposition.size > 0) {
        json_put_string(j, "disposition", part->disposition);
    }
    if (part->filename.size > 0) {
        json_put_string(j, "filename", part->filename);
    }
    if (part->other_name.size > 0) {
        json_put_string(j, "other_filename", part->other_name);
    }
    if (part->content_id.size > 0) {
        json_put_string(j, "content_id", part->content_id);
    }
    if (depth >= TREE_DEPTH_MAX && part->shape != PART_LEAF) {
        json_put_bool(j, "too_deep", true);
    } else if (part->shape == PART_MULTIPART) {
        put_parts(call, "parts", part->first, content, depth + 2);
    } else if (part->shape == PART_MESSAGE) {
        json_key(j, "message");
        json_open(j, '{');
        put_message(call, part->message, content, depth + 2);
        json_close(j);
    } else {
        put_leaf(call, part, content);
        if (part->first != NULL && depth < TREE_DEPTH_MAX) {
            put_parts(call, "files_in_text", part->first, content, depth + 2);
        }
        put_groups(j, part);
    }
    if (part->other != NULL && depth < TREE_DEPTH_MAX) {
        put_parts(call, "other_readings", part->other, content, depth + 2);
    }
    json_close(j);
}

static void
put_ids(struct try_call *call, const char *key, struct bytes value)
{
    struct bytes *ids;
    size_t count = address_ids_read(call->arena, value, &ids);

    json_key(call->reply, key);
    json_open(call->reply, '[');
    for (size_t i = 0; i < count; i++) {
        json_bytes(call->reply, ids[i]);
    }
    json_close(call->reply);
}

static void
put_message(struct try_call *call, const struct letter *letter, bool content,
            unsigned depth)
{
    struct json *j = call->reply;

    json_key(j, "fields");
    put_fields(j, &letter->header);
    json_put_string(j, "subject", letter->subject);
    put_addresses(j, "from", &letter->from);
    put_addresses(j, "sender", &letter->sender);
    put_addresses(j, "reply_to", &letter->reply_to);
    put_addresses(j, "to", &letter->to);
    put_addresses(j, "cc", &letter->cc);
    if (letter->has_date) {
        put_date(call, "date", letter->date, letter->date_zone_minutes);
    } else {
        json_put_text(j, "date", NULL);
    }
    put_string_or_null(j, "message_id", letter->message_id);
    put_ids(call, "in_reply_to", header_value(&letter->header, BYTES("in-reply-to")));
    put_ids(call, "references", header_value(&letter->header, BYTES("references")));
    json_key(j, "body");
    put_part(call, letter->root, content, depth + 1);
}

enum sk_code
try_mime(struct try_call *call, struct why *why)
{
    struct bytes text, raw = BYTES_NONE;

    if (!request_string(call, "message_b64", &text) ||
        (text.size > 0 && !bytes_from_base64(call->arena, text, &raw))) {
        return why_set(why, SK_BAD, "message_b64 is missing or no base64");
    }
    const struct letter *letter = letter_read(call->arena, raw);
    put_message(call, letter, json_is_true(json_object_get(call->request, "content")), 1);
    json_put_string(call->reply, "visible_text", letter->text);
    json_put_string(call->reply, "hidden_text", letter->hidden);
    json_put_string(call->reply, "other_text", letter->other);
    json_key(call->reply, "defects");
    json_open(call->reply, '[');
    for (size_t i = 0; i < letter->defect_count; i++) {
        json_text(call->reply, letter->defects[i].name);
    }
    json_close(call->reply);
    return SK_OK;
}
