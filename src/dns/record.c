#include "dns/record_private.h"

#include <arpa/inet.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"

bool
dns_record_bytes(struct arena *arena, const json_t *value, struct bytes *bytes_r)
{
    if (json_is_string(value)) {
        *bytes_r = bytes_copy(
            arena, bytes_of(json_string_value(value), json_string_length(value)));
        return true;
    }
    const json_t *b64 = json_object_get(value, "b64");
    if (!json_is_string(b64)) {
        return false;
    }
    struct bytes text = bytes_of(json_string_value(b64), json_string_length(b64));
    return bytes_from_base64(arena, text, bytes_r) || text.size == 0;
}

static bool
read_text(struct arena *arena, const json_t *value, struct bytes *text_r)
{
    if (!json_is_array(value)) {
        return dns_record_bytes(arena, value, text_r);
    }
    struct writer w;
    writer_init(&w, arena);
    for (size_t i = 0; i < json_array_size(value); i++) {
        struct bytes piece = BYTES_NONE;
        if (!dns_record_bytes(arena, json_array_get(value, i), &piece)) {
            return false;
        }
        writer_bytes(&w, piece);
    }
    *text_r = writer_view(&w);
    return true;
}

static bool
read_name(struct arena *arena, const json_t *value, struct bytes *name_r)
{
    if (!dns_record_bytes(arena, value, name_r)) {
        return false;
    }
    if (name_r->size > 0 && name_r->at[name_r->size - 1] == '.') {
        name_r->size--;
    }
    return true;
}

bool
dns_record_read(struct arena *arena, const json_t *value, enum dns_type type,
                struct dns_record *record_r)
{
    uint8_t address[16];

    *record_r = (struct dns_record){0};
    switch (type) {
    case DNS_A:
    case DNS_AAAA:
        if (!json_is_string(value) || inet_pton(type == DNS_A ? AF_INET : AF_INET6,
                                                json_string_value(value), address) != 1) {
            return false;
        }
        record_r->data = bytes_copy(arena, bytes_of(address, type == DNS_A ? 4 : 16));
        return true;
    case DNS_MX: {
        const json_t *preference = json_array_get(value, 0);
        json_int_t number = json_integer_value(preference);
        if (json_array_size(value) != 2 || !json_is_integer(preference) || number < 0 ||
            number > UINT16_MAX) {
            return false;
        }
        record_r->preference = (uint16_t)number;
        return read_name(arena, json_array_get(value, 1), &record_r->data);
    }
    case DNS_TXT:
        return read_text(arena, value, &record_r->data);
    case DNS_NS:
    case DNS_CNAME:
    case DNS_PTR:
        return read_name(arena, value, &record_r->data);
    }
    return false;
}

static void
write_bytes(struct json *j, struct bytes b)
{
    if (utf8_valid(b)) {
        json_bytes(j, b);
        return;
    }
    json_open(j, '{');
    json_put_string(j, "b64", bytes_base64(j->w->arena, b));
    json_close(j);
}

void
dns_record_write(struct json *j, enum dns_type type, const struct dns_record *record)
{
    char text[INET6_ADDRSTRLEN] = "";

    switch (type) {
    case DNS_A:
    case DNS_AAAA:
        inet_ntop(type == DNS_A ? AF_INET : AF_INET6, record->data.at, text, sizeof text);
        json_text(j, text);
        return;
    case DNS_MX:
        json_open(j, '[');
        json_number(j, record->preference);
        write_bytes(j, record->data);
        json_close(j);
        return;
    default:
        write_bytes(j, record->data);
    }
}

void
dns_memo_write_json(const struct dns_memo *memo, struct json *j)
{
    json_open(j, '[');
    for (size_t i = 0; i < memo->answer_count; i++) {
        const struct dns_answer *a = memo->answers[i];
        if (!a->known) {
            continue;
        }
        json_open(j, '{');
        json_key(j, "n");
        write_bytes(j, a->name);
        json_put_text(j, "t", dns_type_name(a->type));
        json_put_text(j, "s", dns_status_name(a->status));
        if (a->secure) {
            json_put_bool(j, "secure", true);
        }
        if (a->ttl > 0) {
            json_put_number(j, "ttl", a->ttl);
        }
        if (a->record_count > 0) {
            json_key(j, "r");
            json_open(j, '[');
            for (size_t r = 0; r < a->record_count; r++) {
                dns_record_write(j, a->type, &a->records[r]);
            }
            json_close(j);
        }
        json_close(j);
    }
    json_close(j);
}

static bool
read_answer(struct dns_memo *memo, const json_t *entry)
{
    struct dns_answer a = {0};
    const json_t *type = json_object_get(entry, "t"), *status = json_object_get(entry, "s");
    const json_t *records = json_object_get(entry, "r"),
                 *ttl = json_object_get(entry, "ttl");

    if (!dns_record_bytes(memo->arena, json_object_get(entry, "n"), &a.name) ||
        !json_is_string(type) ||
        !dns_type_read(bytes_from_text(json_string_value(type)), &a.type) ||
        !json_is_string(status) ||
        !dns_status_read(bytes_from_text(json_string_value(status)), &a.status)) {
        return false;
    }
    a.secure = json_is_true(json_object_get(entry, "secure"));
    a.ttl = json_integer_value(ttl) > 0 ? (uint32_t)json_integer_value(ttl) : 0;
    size_t count = json_array_size(records);
    if (count > LIMIT_DNS_RECORDS || (count > 0) != (a.status == DNS_FOUND)) {
        return false;
    }
    a.records = ARENA_NEW_MANY(memo->arena, count, struct dns_record);
    for (size_t i = 0; i < count; i++) {
        if (!dns_record_read(memo->arena, json_array_get(records, i), a.type,
                             &a.records[i])) {
            return false;
        }
    }
    a.record_count = count;
    dns_memo_put(memo, &a);
    return true;
}

_Static_assert(LIMIT_DNS_ANSWERS == LIMIT_DNS_QUESTIONS +
                                        LIMIT_FROM_ADDRESSES * (LIMIT_DMARC_QUERIES + 1) +
                                        2 * LIMIT_ARC_SETS,
               "what a message may ask can be read again from its record");

bool
dns_memo_read_json(struct dns_memo *memo, struct bytes text)
{
    json_t *list = json_loadb((const char *)text.at, text.size,
                              JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
    bool good = json_is_array(list) && json_array_size(list) <= LIMIT_DNS_ANSWERS;

    for (size_t i = 0; good && i < json_array_size(list); i++) {
        good = read_answer(memo, json_array_get(list, i));
    }
    json_decref(list);
    return good;
}
