#include <jansson.h>

#include "base/limits.h"
#include "base/table.h"
#include "dns/record_private.h"
#include "dns/resolver.h"

struct dns_zone {
    struct table names; /* lower case, no final dot -> json_t object of types */
};

static void
drop(void *object)
{
    json_decref(object);
}

/* A word for all records of a type, or a list of records: checked at once, so that answering cannot fail. */
static enum sk_code
check_type(struct arena *arena, const char *name, const char *type_name,
           const json_t *value, struct why *why)
{
    enum dns_type type;
    enum dns_status status;
    struct dns_record record;

    if (json_is_string(value)) {
        struct bytes word = bytes_of(json_string_value(value), json_string_length(value));
        if (dns_status_read(word, &status) && status != DNS_FOUND) {
            return SK_OK;
        }
        return why_set(why, SK_BAD, "zone: %s %s: no such word: %s", name, type_name,
                       json_string_value(value));
    }
    if (!json_is_array(value)) {
        return why_set(why, SK_BAD, "zone: %s %s: neither a list nor a word", name,
                       type_name);
    }
    if (!dns_type_read(bytes_from_text(type_name), &type)) {
        return SK_OK;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!dns_record_read(arena, json_array_get(value, i), type, &record)) {
            return why_set(why, SK_BAD, "zone: %s %s: record %zu cannot be read", name,
                           type_name, i + 1);
        }
    }
    return SK_OK;
}

enum sk_code
dns_zone_take(struct arena *arena, json_t *object, struct dns_zone **zone_r,
              struct why *why)
{
    struct dns_zone *zone = ARENA_NEW(arena, struct dns_zone);
    const char *name, *type_name;
    json_t *types, *value;
    struct arena scratch;
    enum sk_code code = SK_OK;

    if (!json_is_object(object)) {
        return why_set(why, SK_BAD, "zone: not a JSON object");
    }
    arena_defer(arena, drop, json_incref(object));
    table_init(&zone->names, arena, true);
    arena_init(&scratch, 4ul * LIMIT_TRY_LINE);
    json_object_foreach(object, name, types)
    {
        struct bytes key = bytes_from_text(name);
        if (!json_is_object(types)) {
            code = why_set(why, SK_BAD, "zone: %s: not an object of types", name);
            break;
        }
        json_object_foreach(types, type_name, value)
        {
            if (code == SK_OK) {
                code = check_type(&scratch, name, type_name, value, why);
                arena_release(&scratch);
            }
        }
        if (key.size > 0 && key.at[key.size - 1] == '.') {
            key.size--;
        }
        table_put(&zone->names, key, types);
    }
    arena_release(&scratch);
    if (code == SK_OK) {
        *zone_r = zone;
    }
    return code;
}

enum sk_code
dns_zone_read(struct arena *arena, struct bytes json_text, struct dns_zone **zone_r,
              struct why *why)
{
    json_error_t error;
    json_t *object =
        json_loadb((const char *)json_text.at, json_text.size, JSON_ALLOW_NUL, &error);

    if (object == NULL) {
        return why_set_line(why, SK_BAD, error.line > 0 ? (size_t)error.line : 0,
                            "zone: no JSON: %s", error.text);
    }
    enum sk_code code = dns_zone_take(arena, object, zone_r, why);
    json_decref(object);
    return code;
}

static const json_t *
type_of(const json_t *types, const char *wanted)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)types, name, value)
    {
        if (bytes_is_fold(bytes_from_text(name), wanted)) {
            return value;
        }
    }
    return NULL;
}

static void
fill(struct arena *arena, const json_t *value, struct dns_answer *a)
{
    if (json_is_string(value)) {
        (void)dns_status_read(bytes_from_text(json_string_value(value)), &a->status);
        return;
    }
    size_t count = json_array_size(value);
    if (count > LIMIT_DNS_RECORDS) {
        count = LIMIT_DNS_RECORDS;
    }
    a->status = count > 0 ? DNS_FOUND : DNS_NODATA;
    a->records = ARENA_NEW_MANY(arena, count, struct dns_record);
    for (size_t i = 0; i < count; i++) {
        (void)dns_record_read(arena, json_array_get(value, i), a->type, &a->records[i]);
    }
    a->record_count = count;
}

static void
answer(const struct dns_zone *zone, struct arena *arena, struct bytes name,
       struct dns_answer *a)
{
    for (int step = 0; step <= LIMIT_DNS_CNAMES; step++) {
        const json_t *types = zone != NULL ? table_get(&zone->names, name) : NULL;
        if (types == NULL) {
            a->status = DNS_NXDOMAIN;
            return;
        }
        const json_t *value = type_of(types, dns_type_name(a->type));
        if (value != NULL) {
            fill(arena, value, a);
            return;
        }
        const json_t *cname = type_of(types, "CNAME");
        if (json_array_size(cname) == 0) {
            const json_t *rest = type_of(types, "*");
            a->status = DNS_NODATA;
            if (json_is_string(rest)) {
                fill(arena, rest, a);
            }
            return;
        }
        struct dns_record next;
        (void)dns_record_read(arena, json_array_get(cname, 0), DNS_CNAME, &next);
        name = next.data;
    }
    a->status = DNS_SERVFAIL;
}

void
dns_zone_answer(const struct dns_zone *zone, struct dns_memo *memo)
{
    while (memo->wanted != NULL) {
        struct dns_answer a = {.name = memo->wanted->name, .type = memo->wanted->type};
        answer(zone, memo->arena, a.name, &a);
        dns_memo_put(memo, &a);
    }
}
