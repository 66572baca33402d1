#include "record/origin_read.h"

#include <jansson.h>
#include <string.h>

#include "base/limits.h"
#include "record/row.h"
#include "trace/place.h"
#include "trace/statement.h"

#define SIGNATURES_MOST 1000
#define PLACES_MOST     (LIMIT_RECEIVED_HOPS + LIMIT_CLAIMED_CLIENTS + 1)

struct reading {
    struct arena *arena;
    const json_t *message;
    struct origin *origin;
    struct arrival *arrival;
};

static void
unref(void *object)
{
    json_decref(object);
}

static json_t *
read_object(struct arena *arena, struct bytes line)
{
    json_t *object = json_loadb((const char *)line.at, line.size,
                                JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK, NULL);

    if (object != NULL) {
        arena_defer(arena, unref, object);
    }
    return json_is_object(object) ? object : NULL;
}

static struct bytes
text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

static enum auth_result
result_of(const json_t *object, const char *key)
{
    enum auth_result result;

    return auth_result_read(text_of(object, key), &result) ? result : AUTH_NONE;
}

/* Seconds from 1970 to the end of the year 9999. */
static int64_t
time_of(int64_t seconds)
{
    return seconds < 0 ? 0 : seconds > 253402300799 ? 253402300799 : seconds;
}

static void
read_ip(const json_t *object, const char *key, struct net_address *address)
{
    if (!net_address_read(text_of(object, key), address)) {
        *address = (struct net_address){0};
    }
}

/* At most `most` members; the count is what was taken. */
static size_t
count_of(const json_t *array, size_t most)
{
    size_t count = json_is_array(array) ? json_array_size(array) : 0;

    return count < most ? count : most;
}

static void
read_arrival(struct reading *r)
{
    const json_t *m = r->message, *port = json_object_get(m, "client_port");
    struct arrival *a = r->arrival;
    struct bytes door = text_of(m, "door");

    a->id = text_of(m, "id");
    for (int i = ARRIVAL_TRANSFER; i <= ARRIVAL_FILE; i++) {
        if (bytes_is(door, record_door_name((enum arrival_door)i))) {
            a->door = (enum arrival_door)i;
        }
    }
    a->time_ms =
        1000 * time_of((int64_t)json_integer_value(json_object_get(m, "time")) / 1000);
    read_ip(m, "client", &a->client);
    if (a->client.known && json_integer_value(port) > 0 &&
        json_integer_value(port) <= UINT16_MAX) {
        a->client.port = (uint16_t)json_integer_value(port);
    }
    a->helo = text_of(m, "helo");
    a->tls_version = text_of(m, "tls_version");
    a->user = text_of(m, "user");
    a->mail_from = text_of(m, "from");
}

static void
read_spf(const json_t *json, struct spf_result *spf)
{
    *spf = (struct spf_result){
        .result = result_of(json, "result"),
        .helo_identity = bytes_is(text_of(json, "identity"), "helo"),
        .domain = text_of(json, "domain"),
    };
}

static void
read_dkim(const json_t *json, struct dkim_result *dkim)
{
    const json_t *length = json_object_get(json, "l");

    *dkim = (struct dkim_result){
        .result = result_of(json, "result"),
        .domain = text_of(json, "d"),
        .selector = text_of(json, "s"),
        .has_body_length = json_is_integer(length) && json_integer_value(length) >= 0,
    };
    if (dkim->has_body_length) {
        dkim->body_length = (uint64_t)json_integer_value(length);
    }
}

static void
read_papers(struct reading *r, const json_t *json)
{
    struct origin *o = r->origin;
    const json_t *dkim = json_object_get(json, "dkim"),
                 *dmarc = json_object_get(json, "dmarc"),
                 *arc = json_object_get(json, "arc"), *sets = json_object_get(arc, "sets");

    read_spf(json_object_get(json, "spf"), &o->spf);
    read_spf(json_object_get(json, "spf_helo"), &o->spf_helo);
    o->dkim_count = count_of(dkim, SIGNATURES_MOST);
    o->dkim = ARENA_NEW_MANY(r->arena, o->dkim_count, struct dkim_result);
    for (size_t i = 0; i < o->dkim_count; i++) {
        read_dkim(json_array_get(dkim, i), &o->dkim[i]);
    }
    o->dmarc = (struct dmarc_result){
        .result = result_of(dmarc, "result"),
        .from_domain = text_of(dmarc, "from_domain"),
        .organizational_domain = text_of(dmarc, "organizational_domain"),
        .spf_aligned = json_is_true(json_object_get(dmarc, "spf_aligned")),
        .dkim_aligned = json_is_true(json_object_get(dmarc, "dkim_aligned")),
    };
    o->arc.result = result_of(arc, "result");
    o->arc.speaker = text_of(arc, "speaker");
    o->arc.set_count = count_of(sets, LIMIT_ARC_SETS);
    o->arc.sets = ARENA_NEW_MANY(r->arena, o->arc.set_count, struct arc_set);
    for (size_t i = 0; i < o->arc.set_count; i++) {
        read_dkim(json_object_get(json_array_get(sets, i), "seal"), &o->arc.sets[i].seal);
    }
}

static void
read_hop(const json_t *json, struct hop *hop)
{
    const json_t *epoch = json_object_get(json, "epoch");

    *hop = (struct hop){
        .from = text_of(json, "from"),
        .helo = text_of(json, "helo"),
        .rdns = text_of(json, "from_rdns"),
        .by = text_of(json, "by"),
        .with = text_of(json, "with"),
        .id = text_of(json, "id"),
        .for_address = text_of(json, "for"),
        .has_date = json_is_integer(epoch),
        .date = time_of((int64_t)json_integer_value(epoch)),
        .trusted = json_is_true(json_object_get(json, "trusted")),
        .tls = text_of(json, "tls"),
        .auth = text_of(json, "auth"),
    };
    read_ip(json, "from_ip", &hop->from_ip);
}

static void
read_road(struct reading *r, const json_t *json)
{
    struct origin *o = r->origin;
    const json_t *hops = json_object_get(json, "hops"),
                 *claimed = json_object_get(json, "claimed");
    json_int_t border = json_integer_value(json_object_get(json, "border"));

    o->hop_count = count_of(hops, LIMIT_RECEIVED_HOPS);
    o->hops = ARENA_NEW_MANY(r->arena, o->hop_count, struct hop);
    for (size_t i = 0; i < o->hop_count; i++) {
        read_hop(json_array_get(hops, i), &o->hops[i]);
    }
    o->border = border < 0                      ? 0
                : (size_t)border > o->hop_count ? o->hop_count
                                                : (size_t)border;
    o->claimed_count = count_of(claimed, LIMIT_CLAIMED_CLIENTS);
    o->claimed = ARENA_NEW_MANY(r->arena, o->claimed_count, struct claimed_client);
    for (size_t i = 0; i < o->claimed_count; i++) {
        o->claimed[i].field = text_of(json_array_get(claimed, i), "field");
        read_ip(json_array_get(claimed, i), "ip", &o->claimed[i].ip);
    }
    if (json_is_true(json_object_get(json, "web_form"))) {
        origin_note(r->arena, o, "web_form", BYTES_NONE);
    }
}

static void
read_place(struct places *places, const json_t *json, struct bytes ip)
{
    struct bytes country = text_of(json, "country");
    const json_t *kinds = json_object_get(json, "kinds");
    json_int_t number = json_integer_value(json_object_get(json, "as"));
    struct place place = {.as_name = text_of(json, "as_name")};
    struct net_address address;

    if (!net_address_read(ip, &address)) {
        return;
    }
    if (country.size == 2) {
        memcpy(place.country, country.at, 2);
    }
    if (number > 0 && number <= UINT32_MAX) {
        place.as_number = (uint32_t)number;
    }
    for (size_t i = 0; i < count_of(kinds, 32); i++) {
        const json_t *kind = json_array_get(kinds, i);
        for (unsigned k = 0; json_is_string(kind) && place_kind_name(k) != NULL; k++) {
            if (strcmp(json_string_value(kind), place_kind_name(k)) == 0) {
                place.kinds |= 1u << k;
            }
        }
    }
    places_record(places, &address, &place);
}

static void
read_places(struct reading *r, const json_t *json)
{
    struct places *places = places_recorded(r->arena);
    const json_t *all = json_object_get(json, "places");

    read_place(places, json_object_get(json, "place"), text_of(json, "source"));
    for (size_t i = 0; i < count_of(all, PLACES_MOST); i++) {
        const json_t *one = json_array_get(all, i);
        read_place(places, one, text_of(one, "ip"));
    }
    place_origin(r->arena, places, r->origin);
}

static void
read_listed(struct reading *r, const json_t *json)
{
    const json_t *listed = json_object_get(json, "listed");
    size_t count = count_of(listed, SIGNATURES_MOST);

    r->origin->listed = ARENA_NEW_MANY(r->arena, count, struct list_answer);
    r->origin->listed_count = count;
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_array_get(listed, i);
        r->origin->listed[i] = (struct list_answer){
            .list = text_of(one, "list"),
            .asked = text_of(one, "asked"),
            .answer = text_of(one, "answer"),
            .allows = json_is_true(json_object_get(one, "allows")),
            .failed = json_is_true(json_object_get(one, "failed")),
        };
    }
}

enum sk_code
record_statement(struct arena *arena, struct bytes message, struct bytes content,
                 const struct statement **statement_r, struct why *why)
{
    struct reading r = {.arena = arena, .message = read_object(arena, message)};
    const json_t *json = json_object_get(r.message, "origin"),
                 *inside = content.size > 0 ? read_object(arena, content) : NULL;

    if (!bytes_is(text_of(r.message, "kind"), "message")) {
        return why_set(why, SK_BAD, "this is no record of a message");
    }
    struct bytes grade = text_of(json, "grade");
    if (!json_is_object(json) || grade.size != 1 || grade.at[0] < 'A' ||
        grade.at[0] > 'E') {
        return why_set(why, SK_BAD,
                       "the record tells no origin: the message was answered before it was "
                       "judged, or nobody allowed its source to be looked at");
    }
    r.origin = ARENA_NEW(arena, struct origin);
    r.arrival = ARENA_NEW(arena, struct arrival);
    r.origin->grade = (enum origin_grade)(grade.at[0] - 'A');
    read_ip(json, "source", &r.origin->source);
    r.origin->iprev = result_of(json, "iprev");
    r.origin->client_name = text_of(json, "client_name");
    r.origin->vouched_by = text_of(json, "vouched_by");
    read_arrival(&r);
    read_papers(&r, json);
    read_road(&r, json);
    read_places(&r, json);
    read_listed(&r, json);
    struct bytes message_id = text_of(inside, "message_id");
    *statement_r = statement_make(arena, &(struct statement_of){.origin = r.origin,
                                                                .arrival = r.arrival,
                                                                .message_id = message_id,
                                                                .time_told = true});
    return SK_OK;
}

void
record_put_statement(struct json *j, const char *key, struct bytes message,
                     struct bytes content)
{
    const struct statement *statement;
    struct why why;

    if (record_statement(j->w->arena, message, content, &statement, &why) == SK_OK) {
        json_key(j, key);
        statement_write_json(statement, j);
    }
}
