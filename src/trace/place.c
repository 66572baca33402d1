#include "trace/place.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bundle.h"
#include "base/limits.h"
#include "trace/place_private.h"

static const unsigned table_kinds[TABLE_COUNT] = {0, PLACE_TOR, PLACE_PROXY, PLACE_HOSTING};

struct mapping {
    void *at;
    size_t size;
};

static void
unmap(void *it)
{
    struct mapping *mapping = it;

    munmap(mapping->at, mapping->size);
}

enum sk_code
places_from_file(struct arena *arena, int file, const struct places **places_r,
                 struct why *why)
{
    struct places *p = ARENA_NEW(arena, struct places);
    struct mapping *mapping = ARENA_NEW(arena, struct mapping);
    struct stat status;

    mapping->at = MAP_FAILED;
    if (fstat(file, &status) == 0 && status.st_size > 0) {
        mapping->size = (size_t)status.st_size;
        mapping->at = mmap(NULL, mapping->size, PROT_READ, MAP_SHARED, file, 0);
    }
    if (mapping->at == MAP_FAILED) {
        return why_set(why, SK_SYSTEM, "the tables of places cannot be mapped");
    }
    arena_defer(arena, unmap, mapping);
    if (!place_image_take(p, bytes_of(mapping->at, mapping->size))) {
        return why_set(why, SK_BAD, "the tables of places are none");
    }
    *places_r = p;
    return SK_OK;
}

/* The file that a key names. Its absence is an error unless `missing_r` wants to know of it. */
static enum sk_code
read_named(struct arena *arena, const struct config *config, const char *key, size_t most,
           struct bytes *text_r, struct bytes *missing_r, struct why *why)
{
    struct bytes path = config_text(config, key);
    struct why cause = {0};

    *text_r = BYTES_NONE;
    if (path.size == 0) {
        return SK_OK;
    }
    enum sk_code code = bundle_file(NULL, arena, path, most, text_r, &cause);
    if (code == SK_SYSTEM && cause.error == ENOENT && missing_r != NULL) {
        *missing_r = path;
        return SK_OK;
    }
    return code == SK_OK ? SK_OK
                         : why_set_line(why, SK_CONFIG, config_line(config, key), "%s: %s",
                                        key, cause.sentence);
}

typedef enum sk_code read_table(struct arena *arena, struct bytes text,
                                struct place_table *table, struct why *why);

static enum sk_code
fill_table(struct arena *arena, const struct config *config, const char *key,
           read_table *read, struct place_table *table, struct bytes *missing_r,
           struct why *why)
{
    struct bytes text;
    struct why cause = {0};
    enum sk_code code =
        read_named(arena, config, key, LIMIT_PLACE_FILE, &text, missing_r, why);

    if (code != SK_OK || text.at == NULL) {
        return code;
    }
    code = read(arena, text, table, &cause);
    return code == SK_OK
               ? SK_OK
               : why_set_line(why, SK_CONFIG, config_line(config, key), "%s: %.200s: %s",
                              key, bytes_text(arena, config_text(config, key)),
                              cause.sentence);
}

static enum sk_code
read_mmdb(struct arena *arena, const struct config *config, const char *key,
          struct bytes *file_r, struct why *why)
{
    struct place_mmdb mmdb;
    struct why cause = {0};
    enum sk_code code = read_named(arena, config, key, LIMIT_PLACE_MMDB, file_r, NULL, why);

    if (code == SK_OK && file_r->at != NULL &&
        place_mmdb_open(*file_r, &mmdb, &cause) != SK_OK) {
        code = why_set_line(why, SK_CONFIG, config_line(config, key), "%s: %.200s: %s", key,
                            bytes_text(arena, config_text(config, key)), cause.sentence);
    }
    return code;
}

static enum sk_code
read_all(struct arena *scratch, const struct config *config, int *file_r,
         struct places_figures *figures, struct why *why)
{
    static const struct {
        const char *key;
        read_table *read;
        size_t table;
    } rows[] = {
        {"place.ranges4", place_read_ranges4, TABLE_COUNTRIES},
        {"place.ranges6", place_read_ranges6, TABLE_COUNTRIES},
        {"place.tor_exits", place_read_list, TABLE_TOR},
        {"place.proxies", place_read_list, TABLE_PROXIES},
        {"place.hosting", place_read_list, TABLE_HOSTING},
    };
    struct places *p = ARENA_NEW(scratch, struct places);
    struct bytes mmdbs[MMDB_COUNT] = {0},
                 *missing[] = {&figures->missing4, &figures->missing6, NULL, NULL, NULL};
    enum sk_code code = SK_OK;

    for (size_t i = 0; code == SK_OK && i < sizeof rows / sizeof rows[0]; i++) {
        code = fill_table(scratch, config, rows[i].key, rows[i].read,
                          &p->tables[rows[i].table], missing[i], why);
    }
    if (code == SK_OK) {
        code = read_mmdb(scratch, config, "place.country_mmdb", &mmdbs[MMDB_COUNTRY], why);
    }
    if (code == SK_OK) {
        code = read_mmdb(scratch, config, "place.as_mmdb", &mmdbs[MMDB_AS], why);
    }
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        place_table_finish(scratch, &p->tables[i]);
    }
    return code == SK_OK ? place_image_write(p, mmdbs, file_r, why) : code;
}

enum sk_code
places_open(struct arena *arena, const struct config *config,
            const struct places **places_r, int *file_r, struct why *why)
{
    struct places_figures missing = {.missing4 = BYTES(""), .missing6 = BYTES("")};
    struct arena scratch;
    int file = -1;

    arena_init(&scratch, LIMIT_PLACE_MEMORY);
    enum sk_code code = read_all(&scratch, config, &file, &missing, why);
    arena_release(&scratch);
    if (code != SK_OK) {
        return code;
    }
    code = places_from_file(arena, file, places_r, why);
    if (code != SK_OK) {
        close(file);
        return code;
    }
    struct places *p = (struct places *)(uintptr_t)*places_r;
    p->figures.missing4 = missing.missing4;
    p->figures.missing6 = missing.missing6;
    *file_r = file;
    return SK_OK;
}

const struct places_figures *
places_figures(const struct places *places)
{
    return &places->figures;
}

struct places *
places_recorded(struct arena *arena)
{
    struct places *p = ARENA_NEW(arena, struct places);

    p->arena = arena;
    p->from_record = true;
    return p;
}

void
places_record(struct places *places, const struct net_address *address,
              const struct place *place)
{
    struct recorded *r = ARENA_NEW(places->arena, struct recorded);

    *r = (struct recorded){*address, *place, places->recorded};
    places->recorded = r;
}

static void
find_recorded(const struct places *places, const struct net_address *address,
              struct place *place_r)
{
    for (const struct recorded *r = places->recorded; r != NULL; r = r->next) {
        if (net_address_equal(&r->address, address)) {
            *place_r = r->place;
            return;
        }
    }
}

void
places_find(struct arena *arena, const struct places *places,
            const struct net_address *address, struct place *place_r)
{
    uint16_t country = 0;

    *place_r = (struct place){.as_name = BYTES("")};
    if (!address->known) {
        return;
    }
    if (places != NULL && places->from_record) {
        find_recorded(places, address, place_r);
    } else if (places != NULL) {
        (void)place_table_find(&places->tables[TABLE_COUNTRIES], address, &country);
        if (country != 0) {
            place_r->country[0] = (char)(country >> 8);
            place_r->country[1] = (char)(country & 0xff);
        }
        for (size_t i = 0; i < MMDB_COUNT; i++) {
            place_mmdb_find(arena, &places->mmdbs[i], address, place_r);
        }
        for (size_t t = TABLE_TOR; t < TABLE_COUNT; t++) {
            place_r->kinds |= place_table_find(&places->tables[t], address, &country)
                                  ? table_kinds[t]
                                  : 0;
        }
    }
    if (place_is_private(address)) {
        place_r->kinds |= PLACE_PRIVATE;
    }
}
