/* Reading MaxMind DB files (https://maxmind.github.io/MaxMind-DB/, format 2.0).
 *
 *     tree        node_count nodes of two records; a record is a node, "nothing" (node_count), or a place in the data
 *     16 zero bytes
 *     data        values: a control byte (type, size), the content; maps and arrays nest, pointers lead elsewhere in data
 *     marker, metadata: one map
 *
 * libmaxminddb (1.7.1) is not used: it walks nested values by recursion, so that a file with three million nested arrays
 * ends the process, and it opens files by name, which a process that parses mail cannot do. Here nothing recurses: a value
 * is skipped by counting what is still open. */
#include "base/limits.h"
#include "trace/place_private.h"

#define MARKER        "\xab\xcd\xefMaxMind.com"
#define METADATA_MOST ((size_t)128 * 1024) /* the format's own bound */
#define GAP           16                   /* zero bytes between tree and data */
#define AS_NAME_MOST  100

enum mmdb_type {
    MMDB_EXTENDED,
    MMDB_POINTER,
    MMDB_TEXT,
    MMDB_DOUBLE,
    MMDB_BYTES,
    MMDB_UINT16,
    MMDB_UINT32,
    MMDB_MAP,
    MMDB_INT32,
    MMDB_UINT64,
    MMDB_UINT128,
    MMDB_ARRAY,
    MMDB_CACHE,
    MMDB_END,
    MMDB_BOOLEAN,
    MMDB_FLOAT,
};

struct value {
    enum mmdb_type type;
    size_t size;    /* bytes; of a map and array: members; of a pointer: where it leads */
    size_t content; /* where it begins */
    size_t next;    /* behind it; of a map and array: the first member */
};

static uint64_t
number_at(struct bytes data, size_t at, size_t size)
{
    uint64_t number = 0;

    for (size_t i = 0; i < size; i++) {
        number = number << 8 | data.at[at + i];
    }
    return number;
}

static bool
read_pointer(struct bytes data, size_t at, uint8_t control, struct value *v)
{
    static const uint32_t bases[] = {0, 2048, 526336, 0};
    unsigned length = (control >> 3 & 3u) + 1;

    if (data.size - at < length) {
        return false;
    }
    uint64_t to = number_at(data, at, length);
    if (length < 4) {
        to |= (uint64_t)(control & 7u) << (8 * length);
    }
    v->size = (size_t)to + bases[length - 1];
    v->content = at;
    v->next = at + length;
    return true;
}

/* One control sequence; pointers are not followed. */
static bool
read_value(struct bytes data, size_t at, struct value *v)
{
    if (at >= data.size) {
        return false;
    }
    uint8_t control = data.at[at++];
    v->type = (enum mmdb_type)(control >> 5);
    if (v->type == MMDB_POINTER) {
        return read_pointer(data, at, control, v);
    }
    if (v->type == MMDB_EXTENDED) {
        if (at >= data.size || data.at[at] > MMDB_FLOAT - MMDB_MAP) {
            return false;
        }
        v->type = (enum mmdb_type)(data.at[at++] + MMDB_MAP);
    }
    v->size = control & 31u;
    if (v->size > 28) {
        size_t length = v->size - 28;
        static const uint32_t bases[] = {0, 29, 285, 65821};
        if (data.size - at < length) {
            return false;
        }
        v->size = (size_t)number_at(data, at, length) + bases[length];
        at += length;
    }
    v->content = v->next = at;
    if (v->type == MMDB_MAP || v->type == MMDB_ARRAY || v->type == MMDB_BOOLEAN ||
        v->type == MMDB_CACHE || v->type == MMDB_END) {
        return true;
    }
    if (data.size - at < v->size) {
        return false;
    }
    v->next = at + v->size;
    return true;
}

/* The same; a pointer is followed once (to a pointer it must not lead). */
static bool
read_followed(struct bytes data, size_t at, struct value *v)
{
    if (!read_value(data, at, v)) {
        return false;
    }
    if (v->type == MMDB_POINTER) {
        size_t to = v->size;
        return read_value(data, to, v) && v->type != MMDB_POINTER;
    }
    return true;
}

/* Where the value at `at` ends, however deep it nests. `steps` is what may still be looked at. */
static bool
skip_value(struct bytes data, size_t at, size_t *steps, size_t *next_r)
{
    size_t open = 1;
    struct value v;

    while (open > 0) {
        if (*steps == 0 || !read_value(data, at, &v)) {
            return false;
        }
        (*steps)--;
        at = v.next;
        open--;
        if (v.type == MMDB_MAP || v.type == MMDB_ARRAY) {
            size_t members = v.type == MMDB_MAP ? 2 * v.size : v.size;
            if (members > data.size) {
                return false;
            }
            open += members;
        }
    }
    *next_r = at;
    return true;
}

static struct bytes
content_of(struct bytes data, const struct value *v)
{
    return bytes_slice(data, v->content, v->content + v->size);
}

/* The value of a key in a map. */
static bool
map_get(struct bytes data, const struct value *map, const char *key, struct value *value_r)
{
    size_t at = map->next, steps = LIMIT_PLACE_MMDB_STEPS;
    struct value name, value;

    if (map->type != MMDB_MAP) {
        return false;
    }
    for (size_t i = 0; i < map->size && steps > 0; i++) {
        if (!read_followed(data, at, &name) || name.type != MMDB_TEXT ||
            !skip_value(data, at, &steps, &at)) {
            return false;
        }
        if (bytes_is(content_of(data, &name), key)) {
            bool found = read_followed(data, at, &value);
            *value_r = value;
            return found;
        }
        if (!skip_value(data, at, &steps, &at)) {
            return false;
        }
    }
    return false;
}

static bool
number_of(struct bytes data, const struct value *v, uint64_t most, uint64_t *number_r)
{
    bool whole = v->type == MMDB_UINT16 || v->type == MMDB_UINT32 || v->type == MMDB_UINT64;

    if (!whole || v->size > 8) {
        return false;
    }
    *number_r = number_at(data, v->content, v->size);
    return *number_r <= most;
}

static bool
map_number(struct bytes data, const struct value *map, const char *key, uint64_t most,
           uint64_t *number_r)
{
    struct value v;

    return map_get(data, map, key, &v) && number_of(data, &v, most, number_r);
}

static uint32_t
record_at(const struct place_mmdb *m, uint32_t node, unsigned side)
{
    size_t width = m->record_bits / 4, at = (size_t)node * width;

    switch (m->record_bits) {
    case 24:
        return (uint32_t)number_at(m->tree, at + 3 * side, 3);
    case 28: {
        uint32_t middle = m->tree.at[at + 3];
        return side == 0 ? (middle & 0xf0) << 20 | (uint32_t)number_at(m->tree, at, 3)
                         : (middle & 0x0f) << 24 | (uint32_t)number_at(m->tree, at + 4, 3);
    }
    default:
        return (uint32_t)number_at(m->tree, at + 4 * side, 4);
    }
}

enum sk_code
place_mmdb_open(struct bytes file, struct place_mmdb *mmdb_r, struct why *why)
{
    const struct bytes marker = BYTES(MARKER);
    size_t from = file.size > METADATA_MOST ? file.size - METADATA_MOST : 0, begin, at;
    uint64_t nodes = 0, bits = 0, version = 0, major = 0;
    struct value map;

    *mmdb_r = (struct place_mmdb){0};
    begin = BYTES_NOWHERE;
    for (at = bytes_find(file, marker, from); at != BYTES_NOWHERE;
         at = bytes_find(file, marker, at + 1)) {
        begin = at;
    }
    if (begin == BYTES_NOWHERE) {
        return why_set(why, SK_BAD, "it is no MaxMind DB");
    }
    struct bytes metadata = bytes_from(file, begin + marker.size);
    if (!read_value(metadata, 0, &map) ||
        !map_number(metadata, &map, "binary_format_major_version", 2, &major) ||
        major != 2 || !map_number(metadata, &map, "node_count", 1u << 30, &nodes) ||
        !map_number(metadata, &map, "record_size", 32, &bits) ||
        (bits != 24 && bits != 28 && bits != 32) ||
        !map_number(metadata, &map, "ip_version", 6, &version) ||
        (version != 4 && version != 6)) {
        return why_set(why, SK_BAD, "it is no MaxMind DB of format 2");
    }
    size_t tree = (size_t)nodes * (size_t)bits / 4;
    if (nodes == 0 || tree + GAP > begin) {
        return why_set(why, SK_BAD, "the MaxMind DB is not whole");
    }
    struct place_mmdb m = {.tree = bytes_slice(file, 0, tree),
                           .data = bytes_slice(file, tree + GAP, begin),
                           .node_count = (uint32_t)nodes,
                           .record_bits = (unsigned)bits};
    for (unsigned i = 0; version == 6 && i < 96 && m.start4 < m.node_count; i++) {
        m.start4 = record_at(&m, m.start4, 0);
    }
    *mmdb_r = m;
    /* A tree of IPv4 only has nothing to say of IPv6: told apart by starting at the root. */
    return SK_OK;
}

/* Where in the data the address's value is. */
static bool
find_data(const struct place_mmdb *m, const struct net_address *address, size_t *at_r)
{
    bool v4 = net_address_is_ip4(address);
    uint32_t node = v4 ? m->start4 : 0;

    if (!v4 && m->start4 == 0) {
        return false;
    }
    for (unsigned bit = v4 ? 96 : 0; bit < 128 && node < m->node_count; bit++) {
        node = record_at(m, node, address->bytes[bit / 8] >> (7 - bit % 8) & 1u);
    }
    if (node <= m->node_count || node - m->node_count < GAP) {
        return false;
    }
    *at_r = node - m->node_count - GAP;
    return *at_r < m->data.size;
}

static bool
take_country(struct bytes code, struct place *place)
{
    if (code.size != 2 || !ascii_letter(code.at[0]) || !ascii_letter(code.at[1])) {
        return false;
    }
    place->country[0] = (char)(code.at[0] & ~0x20);
    place->country[1] = (char)(code.at[1] & ~0x20);
    place->country[2] = '\0';
    return true;
}

/* "country" is a map with "iso_code" (MaxMind, DB-IP) or the code itself (IPinfo). */
static void
find_country(struct bytes data, const struct value *map, struct place *place)
{
    static const char *const keys[] = {"country", "country_code", "registered_country"};
    struct value v, code;

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (!map_get(data, map, keys[i], &v)) {
            continue;
        }
        if (v.type == MMDB_MAP && map_get(data, &v, "iso_code", &code)) {
            v = code;
        }
        if (v.type == MMDB_TEXT && take_country(content_of(data, &v), place)) {
            return;
        }
    }
}

static void
find_as(struct arena *arena, struct bytes data, const struct value *map,
        struct place *place)
{
    uint64_t number = 0;
    struct value v;

    if (!map_number(data, map, "autonomous_system_number", UINT32_MAX, &number) &&
        map_get(data, map, "asn", &v) &&
        !number_of(data, &v, UINT32_MAX, &number)) { /* IPinfo: "AS64500" */
        struct bytes text = v.type == MMDB_TEXT ? content_of(data, &v) : BYTES_NONE;
        if (bytes_starts_fold(text, BYTES("AS"))) {
            (void)bytes_to_number(bytes_from(text, 2), UINT32_MAX, &number);
        }
    }
    if (number == 0) {
        return;
    }
    place->as_number = (uint32_t)number;
    place->as_name = BYTES("");
    if ((map_get(data, map, "autonomous_system_organization", &v) ||
         map_get(data, map, "as_name", &v)) &&
        v.type == MMDB_TEXT) {
        struct writer w;
        writer_init(&w, arena);
        writer_clean(&w, content_of(data, &v), AS_NAME_MOST);
        place->as_name = writer_view(&w);
    }
}

void
place_mmdb_find(struct arena *arena, const struct place_mmdb *mmdb,
                const struct net_address *address, struct place *place)
{
    struct value map;
    size_t at;

    if (mmdb->tree.at == NULL || !address->known || !find_data(mmdb, address, &at) ||
        !read_followed(mmdb->data, at, &map)) {
        return;
    }
    find_country(mmdb->data, &map, place);
    find_as(arena, mmdb->data, &map, place);
}
