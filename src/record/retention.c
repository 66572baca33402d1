#include "record/retention.h"

#include <jansson.h>

#include "base/limits.h"
#include "record/journal.h"

#define DAY ((int64_t)24 * 60 * 60 * 1000)

static const char *const class_names[RETENTION_CLASSES] = {
    [RETAIN_SOURCE] = "source", [RETAIN_OUTCOME] = "outcome", [RETAIN_CONTENT] = "content",
    [RETAIN_HELD] = "held",     [RETAIN_THREAT] = "threat",   [RETAIN_LOOK] = "look",
};

const struct config_key retention_config_keys[] = {
    {"retention", "source", CONFIG_TIME, "180d", 90 * DAY, 365 * DAY,
     .help = "How long connection, envelope and papers are kept. Floor 90d: MIC's request "
             "of 2025-09-16 (at least 3 to 6 months is desirable); ceiling 365d: the "
             "guideline for protection of personal data in telecommunications."},
    {"retention", "outcome", CONFIG_TIME, "180d", 90 * DAY, 365 * DAY,
     .help = "How long the next hop's answers are kept; floor and ceiling as for source."},
    {"retention", "content", CONFIG_TIME, "30d", DAY, 180 * DAY,
     .help =
         "How long is kept what was read with consent (subject, words, findings); "
         "contents of mail are outside MIC's request, so there is no floor of law; never "
         "longer than source."},
    {"retention", "held", CONFIG_TIME, "30d", 7 * DAY, 90 * DAY,
     .help = "How long the bytes of held messages are kept; floor 7d, so that a recipient "
             "can ask for them after a holiday."},
    {"retention", "threat", CONFIG_TIME, "365d", 180 * DAY, 1095 * DAY,
     .help = "How long messages with a notice of crime are kept, content included. Ceiling "
             "1095d: threats fall under the statute of limitations after three years (Code "
             "of Criminal Procedure 250); what is asked for longer is put under a hold."},
    {"retention", "look", CONFIG_TIME, "1095d", 365 * DAY, 3650 * DAY,
     .help = "How long is kept who looked at what; floor a year, for the yearly audit."},
    {0},
};

const char *retention_class_name(enum retention_class class)
{
    return class_names[class];
}

bool
retention_class_read(struct bytes name, enum retention_class *class_r)
{
    for (unsigned i = 0; i < RETENTION_CLASSES; i++) {
        if (bytes_is(name, class_names[i])) {
            *class_r = (enum retention_class)i;
            return true;
        }
    }
    return false;
}

enum sk_code
retention_settings_read(const struct config *config, struct retention_settings *settings_r,
                        struct why *why)
{
    char key[40];

    for (unsigned i = 0; i < RETENTION_CLASSES; i++) {
        snprintf(key, sizeof(key), "retention.%s", class_names[i]);
        settings_r->keep_ms[i] = config_number(config, key);
    }
    if (settings_r->keep_ms[RETAIN_CONTENT] > settings_r->keep_ms[RETAIN_SOURCE]) {
        return why_set_line(why, SK_CONFIG, config_line(config, "retention.content"),
                            "[retention]: content (%lldd) must not be kept longer than "
                            "source (%lldd): secrecy of communications",
                            (long long)(settings_r->keep_ms[RETAIN_CONTENT] / DAY),
                            (long long)(settings_r->keep_ms[RETAIN_SOURCE] / DAY));
    }
    return SK_OK;
}

void
retention_indices_write(struct json *j, const uint64_t *indices, size_t count)
{
    uint64_t before = 0;

    json_open(j, '[');
    for (size_t i = 0; i < count;) {
        size_t n = 1;
        while (i + n < count && indices[i + n] == indices[i] + n) {
            n++;
        }
        json_number(j, (int64_t)(indices[i] - before));
        json_number(j, (int64_t)n);
        before = indices[i] + n - 1;
        i += n;
    }
    json_close(j);
}

static bool
read_indices(struct arena *arena, const json_t *list, struct retention_order *order)
{
    uint64_t at = 0;
    size_t room = 0, pairs = json_array_size(list) / 2;

    if (pairs == 0 || json_array_size(list) % 2 != 0) {
        return false;
    }
    for (size_t i = 0; i < pairs; i++) {
        json_int_t n = json_integer_value(json_array_get(list, 2 * i + 1));
        if (n <= 0 || n > LIMIT_RETENTION_ORDER ||
            (room += (size_t)n) > LIMIT_RETENTION_ORDER) {
            return false;
        }
    }
    order->indices = ARENA_NEW_MANY(arena, room, uint64_t);
    for (size_t i = 0; i < pairs; i++) {
        json_int_t gap = json_integer_value(json_array_get(list, 2 * i));
        json_int_t n = json_integer_value(json_array_get(list, 2 * i + 1));
        if (gap < 0 || (i > 0 && gap < 2) || at > (uint64_t)INT64_MAX - (uint64_t)gap) {
            return false;
        }
        at += (uint64_t)gap;
        for (json_int_t k = 0; k < n; k++) {
            order->indices[order->count++] = at + (uint64_t)k;
        }
        at += (uint64_t)n - 1;
    }
    return true;
}

static int64_t
number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? (int64_t)json_integer_value(value) : 0;
}

static struct bytes
text_of(struct arena *arena, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_string(value) ? bytes_copy(arena, bytes_of(json_string_value(value),
                                                              json_string_length(value)))
                                 : BYTES_NONE;
}

#define HEAD "{\"v\":1,\"kind\":\"purge\","

enum sk_code
retention_order_read(struct arena *arena, struct bytes record,
                     struct retention_order *order_r)
{
    *order_r = (struct retention_order){0};
    if (!bytes_starts(record, BYTES(HEAD))) {
        return SK_BAD;
    }
    json_t *object = json_loadb((const char *)record.at, record.size, 0, NULL);
    bool good = json_is_object(object) &&
                retention_class_read(text_of(arena, object, "class"), &order_r->class) &&
                read_indices(arena, json_object_get(object, "indices"), order_r);
    order_r->time_ms = number_of(object, "time");
    order_r->from_ms = number_of(object, "from");
    order_r->upto_ms = number_of(object, "upto");
    order_r->next = (uint64_t)number_of(object, "next");
    order_r->law = text_of(arena, object, "law");
    order_r->by = text_of(arena, object, "by");
    json_decref(object);
    return good ? SK_OK : SK_BAD;
}
