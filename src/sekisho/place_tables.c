#include "sekisho/place_tables.h"

#include <unistd.h>

#include "base/log.h"
#include "trace/place.h"

#define RECORDED_MOST                                                                      \
    1000 /* addresses; a message has LIMIT_RECEIVED_HOPS of them and the claimed ones */

static void
tell_missing(const char *key, struct bytes path)
{
    if (path.size > 0) {
        log_line(LOG_LEVEL_NOTICE, NULL,
                 "place.%s: %.*s is not there: countries are not known; apt-get install "
                 "tor-geoipdb, or leave the key empty",
                 key, BYTES_ARGUMENTS(path));
    }
}

enum sk_code
place_tables_open(struct settings *settings, bool tell, int *file_r, struct why *why)
{
    int file;
    enum sk_code code =
        places_open(&settings->arena, settings->config, &settings->places, &file, why);

    if (code != SK_OK) {
        return code;
    }
    const struct places_figures *f = places_figures(settings->places);
    if (tell) {
        tell_missing("ranges4", f->missing4);
        tell_missing("ranges6", f->missing6);
        log_line(LOG_LEVEL_NOTICE, NULL,
                 "places: %zu + %zu ranges of countries, %zu of Tor exits, %zu of proxies, "
                 "%zu of hosting, %zu KiB in memory once",
                 f->ranges4, f->ranges6, f->tor, f->proxies, f->hosting, f->size / 1024);
    }
    if (file_r != NULL) {
        *file_r = file;
    } else {
        close(file);
    }
    return SK_OK;
}

static void
record_place(struct places *places, struct arena *arena, const char *ip,
             const json_t *object)
{
    const char *country = json_string_value(json_object_get(object, "country")),
               *name = json_string_value(json_object_get(object, "as_name"));
    json_int_t number = json_integer_value(json_object_get(object, "as"));
    struct place place = {.as_name = bytes_copy(arena, bytes_from_text(name))};
    struct net_address address;
    json_t *kind;
    size_t i;

    if (!net_address_read(bytes_from_text(ip), &address)) {
        return;
    }
    if (country != NULL && strlen(country) == 2) {
        memcpy(place.country, country, 2);
    }
    if (number > 0 && number <= UINT32_MAX) {
        place.as_number = (uint32_t)number;
    }
    json_array_foreach(json_object_get(object, "kinds"), i, kind)
    {
        for (unsigned k = 0; place_kind_name(k) != NULL; k++) {
            if (json_is_string(kind) &&
                strcmp(json_string_value(kind), place_kind_name(k)) == 0) {
                place.kinds |= 1u << k;
            }
        }
    }
    places_record(places, &address, &place);
}

const struct places *
place_tables_recorded(struct arena *arena, const json_t *origin)
{
    struct places *places = places_recorded(arena);
    const json_t *all = json_object_get(origin, "places");
    size_t count = json_array_size(all);

    record_place(places, arena, json_string_value(json_object_get(origin, "source")),
                 json_object_get(origin, "place"));
    for (size_t i = 0; i < count && i < RECORDED_MOST; i++) {
        const json_t *one = json_array_get(all, i);
        record_place(places, arena, json_string_value(json_object_get(one, "ip")), one);
    }
    return places;
}
