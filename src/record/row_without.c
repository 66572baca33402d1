#include "record/row.h"

#include <jansson.h>

#include "base/limits.h"

struct taking_out {
    struct bytes recipient; /* or "@domain" */
    uint32_t families;
    bool found;            /* he stands in it, with one of them */
    uint32_t before, left; /* families that rested on somebody, and that still do */
    bool whole;            /* nothing that was concluded from all families is lost */
};

static struct bytes
text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

static bool
is_he(const struct taking_out *t, struct bytes address)
{
    if (t->recipient.size > 0 && t->recipient.at[0] == '@') {
        return address.size >= t->recipient.size &&
               bytes_equal_fold(bytes_from(address, address.size - t->recipient.size),
                                t->recipient);
    }
    return bytes_equal_fold(address, t->recipient);
}

static uint32_t
families_of(const json_t *carrier)
{
    uint32_t families = 0;
    enum permit_family family;
    const char *name;
    json_t *ground;

    json_object_foreach(json_object_get(carrier, "families"), name, ground)
    {
        if (permit_family_read(bytes_from_text(name), &family)) {
            families |= FAMILY_BIT(family);
        }
    }
    return families;
}

/* Any JSON again, escaped as the rest of our records. */
static void
put_value(struct json *j, const json_t *value)
{
    const char *key;
    json_t *member;
    size_t i;

    switch (json_typeof(value)) {
    case JSON_OBJECT:
        json_open(j, '{');
        json_object_foreach((json_t *)(uintptr_t)value, key, member)
        {
            json_key(j, key);
            put_value(j, member);
        }
        json_close(j);
        break;
    case JSON_ARRAY:
        json_open(j, '[');
        json_array_foreach(value, i, member)
        {
            put_value(j, member);
        }
        json_close(j);
        break;
    case JSON_STRING:
        json_bytes(j, bytes_of(json_string_value(value), json_string_length(value)));
        break;
    case JSON_INTEGER:
        json_number(j, json_integer_value(value));
        break;
    case JSON_REAL:
        json_decimal(j, json_real_value(value), 4);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        json_bool(j, json_is_true(value));
        break;
    case JSON_NULL:
        json_nothing(j);
        break;
    }
}

static void
look(struct taking_out *t, const json_t *record)
{
    uint32_t before = 0;
    size_t i;
    json_t *carrier;

    json_array_foreach(json_object_get(record, "rests_on"), i, carrier)
    {
        uint32_t families = families_of(carrier);
        before |= families;
        if (is_he(t, text_of(carrier, "to"))) {
            t->found = t->found || (families & t->families) != 0;
            families &= ~t->families;
        }
        t->left |= families;
    }
    t->before = before;
    t->whole = t->left == before;
}

/* Numbers of findings in the old list become those of the new one; -1: it goes. */
static int *
number_findings(struct arena *arena, const struct taking_out *t, const json_t *findings)
{
    int *numbers = ARENA_NEW_MANY(arena, json_array_size(findings) + 1, int), next = 0;
    enum permit_family family;
    size_t i;
    json_t *finding;

    json_array_foreach(findings, i, finding)
    {
        bool stays = permit_family_read(text_of(finding, "family"), &family) &&
                     (t->left & FAMILY_BIT(family)) != 0;
        numbers[i] = stays ? next++ : -1;
    }
    return numbers;
}

static void
put_reasons(struct json *j, const json_t *reasons, const json_t *findings,
            const int *numbers, uint32_t families)
{
    enum permit_family family;
    size_t i;
    json_t *number;

    json_key(j, "reasons");
    json_open(j, '[');
    json_array_foreach(reasons, i, number)
    {
        json_int_t at = json_integer_value(number);
        if (at >= 0 && (size_t)at < json_array_size(findings) && numbers[at] >= 0 &&
            permit_family_read(text_of(json_array_get(findings, (size_t)at), "family"),
                               &family) &&
            (families & FAMILY_BIT(family)) != 0) {
            json_number(j, numbers[at]);
        }
    }
    json_close(j);
}

static void
put_carriers(struct json *j, const struct taking_out *t, const json_t *record,
             const int *numbers)
{
    const json_t *findings = json_object_get(record, "findings");
    enum permit_family family;
    const char *name;
    size_t i;
    json_t *carrier, *ground;

    json_open(j, '[');
    json_array_foreach(json_object_get(record, "rests_on"), i, carrier)
    {
        uint32_t before = families_of(carrier), families = before;
        if (is_he(t, text_of(carrier, "to"))) {
            families &= ~t->families;
        }
        if (families == 0) {
            continue;
        }
        json_open(j, '{');
        json_put_string(j, "to", text_of(carrier, "to"));
        json_put_number(j, "number",
                        json_integer_value(json_object_get(carrier, "number")));
        json_key(j, "families");
        json_open(j, '{');
        json_object_foreach(json_object_get(carrier, "families"), name, ground)
        {
            if (permit_family_read(bytes_from_text(name), &family) &&
                (families & FAMILY_BIT(family)) != 0) {
                json_key(j, name);
                put_value(j, ground);
            }
        }
        json_close(j);
        /* His score was summed up over what is no more his to be read. */
        if (families == before && json_object_get(carrier, "score") != NULL) {
            json_key(j, "score");
            put_value(j, json_object_get(carrier, "score"));
        }
        if ((families & FAMILY_BIT(FAMILY_CONTENT)) != 0 &&
            json_object_get(carrier, "personal") != NULL) {
            json_key(j, "personal");
            put_value(j, json_object_get(carrier, "personal"));
        }
        if ((families & FAMILY_BIT(FAMILY_CONTENT)) != 0 &&
            json_object_get(carrier, "group") != NULL) {
            json_key(j, "group");
            put_value(j, json_object_get(carrier, "group"));
        }
        if ((families & FAMILY_BIT(FAMILY_CONTENT)) != 0 &&
            json_object_get(carrier, "lure") != NULL) {
            json_key(j, "lure");
            put_value(j, json_object_get(carrier, "lure"));
        }
        put_reasons(j, json_object_get(carrier, "reasons"), findings, numbers, families);
        json_close(j);
    }
    json_close(j);
}

static void
put_findings(struct json *j, const json_t *findings, const int *numbers)
{
    size_t i;
    json_t *finding;

    json_open(j, '[');
    json_array_foreach(findings, i, finding)
    {
        if (numbers[i] >= 0) {
            put_value(j, finding);
        }
    }
    json_close(j);
}

/* Whether a member stays; what is not known here rests on everything that was read. */
static bool
stays(const struct taking_out *t, const char *key)
{
    static const char *const always[] = {"v", "kind", "id", "time"};
    static const char *const content[] = {
        "sha256", "subject", "from_name", "from_address",    "message_id",
        "date",   "text",    "defects",   "defects_dropped", "content"};
    static const char *const signatures[] = {"signature", "campaign"};
    static const char *const threat[] = {"threat",        "threat_severity", "threat_words",
                                         "threat_target", "threat_where",    "threat_means",
                                         "threat_when",   "threat_from",     "threat_to"};

    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
        if (strcmp(key, always[i]) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof(content) / sizeof(content[0]); i++) {
        if (strcmp(key, content[i]) == 0) {
            return (t->left & FAMILY_BIT(FAMILY_CONTENT)) != 0;
        }
    }
    for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
        if (strcmp(key, signatures[i]) == 0) {
            return (t->left & FAMILY_BIT(FAMILY_SIGNATURES)) != 0;
        }
    }
    /* Made of what all of these see; they are not told apart in it. */
    if (strcmp(key, "keys") == 0 || strcmp(key, "indicators") == 0) {
        uint32_t made_of = FAMILY_BIT(FAMILY_CONTENT) | FAMILY_BIT(FAMILY_LINKS) |
                           (strcmp(key, "keys") == 0 ? FAMILY_BIT(FAMILY_SIGNATURES) : 0);
        return (t->before & made_of & ~t->left) == 0;
    }
    for (size_t i = 0; i < sizeof(threat) / sizeof(threat[0]); i++) {
        if (strcmp(key, threat[i]) == 0) {
            return (t->left & FAMILY_BIT(FAMILY_THREAT)) != 0;
        }
    }
    return t->whole;
}

static void
write_rest(struct json *j, const struct taking_out *t, const json_t *record,
           const int *numbers, uint64_t of)
{
    const char *key;
    json_t *value;

    json_open(j, '{');
    json_put_number(j, "v", 1);
    json_put_text(j, "kind", "content");
    json_object_foreach((json_t *)(uintptr_t)record, key, value)
    {
        if (strcmp(key, "v") == 0 || strcmp(key, "kind") == 0 || strcmp(key, "of") == 0) {
            continue;
        }
        if (strcmp(key, "rests_on") == 0) {
            json_key(j, key);
            put_carriers(j, t, record, numbers);
        } else if (strcmp(key, "findings") == 0) {
            json_key(j, key);
            put_findings(j, value, numbers);
        } else if (stays(t, key)) {
            json_key(j, key);
            put_value(j, value);
        }
    }
    json_put_number(j, "of", (int64_t)of);
    json_close(j);
}

enum sk_code
record_content_without(struct arena *arena, struct bytes content, struct bytes recipient,
                       uint32_t families, uint64_t of, struct bytes *rest_r)
{
    struct taking_out t = {.recipient = recipient, .families = families};
    struct writer w;
    struct json j;

    *rest_r = BYTES_NONE;
    json_t *record =
        json_loadb((const char *)content.at, content.size, JSON_ALLOW_NUL, NULL);
    if (!json_is_object(record)) {
        json_decref(record);
        return SK_BAD;
    }
    look(&t, record);
    if (t.found && t.left != 0) {
        writer_init(&w, arena);
        json_init(&j, &w);
        write_rest(&j, &t, record,
                   number_findings(arena, &t, json_object_get(record, "findings")), of);
        *rest_r = writer_view(&w);
    }
    json_decref(record);
    return t.found ? SK_OK : SK_MORE;
}
