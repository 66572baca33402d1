/* What the places of a message's addresses say: which addresses are special, notes, JSON. */
#include "base/limits.h"
#include "trace/place_private.h"

/* RFC 6890 and the IANA registries it began (as of 2025), and multicast, from which nobody sends. The inner, narrower
 * assignments of 2001::/23 and 192.0.0.0/24 that are routed stand before what they are cut from. */
struct special {
    struct place_key key; /* IPv4 as ::ffff:a.b.c.d */
    unsigned bits;
    bool routed; /* an exception */
    bool local;
};
#define V4(a, b, c, d)                                                                     \
    {                                                                                      \
        0, 0xffff00000000u | (uint64_t)(a) << 24 | (uint64_t)(b) << 16 |                   \
               (uint64_t)(c) << 8 | (d)                                                    \
    }
#define V6(a, b, c, d)                                                                     \
    {                                                                                      \
        (uint64_t)(a) << 48 | (uint64_t)(b) << 32 | (uint64_t)(c) << 16 | (d), 0           \
    }
/* clang-format off */
static const struct special specials4[] = {
    {V4(192, 0, 0, 9), 128, true, false},     /* RFC 7723 */
    {V4(192, 0, 0, 10), 128, true, false},    /* RFC 8155 */
    {V4(0, 0, 0, 0), 104, false, true},       /* "this network" */
    {V4(10, 0, 0, 0), 104, false, true},      /* RFC 1918 */
    {V4(100, 64, 0, 0), 106, false, true},    /* RFC 6598: behind a carrier's translator */
    {V4(127, 0, 0, 0), 104, false, true},     /* loopback */
    {V4(169, 254, 0, 0), 112, false, true},   /* RFC 3927 */
    {V4(172, 16, 0, 0), 108, false, true},    /* RFC 1918 */
    {V4(192, 0, 0, 0), 120, false, true},     /* RFC 6890 */
    {V4(192, 0, 2, 0), 120, false, false},    /* RFC 5737: documentation */
    {V4(192, 88, 99, 0), 120, false, false},  /* RFC 7526 */
    {V4(192, 168, 0, 0), 112, false, true},   /* RFC 1918 */
    {V4(198, 18, 0, 0), 111, false, true},    /* RFC 2544 */
    {V4(198, 51, 100, 0), 120, false, false}, /* RFC 5737 */
    {V4(203, 0, 113, 0), 120, false, false},  /* RFC 5737 */
    {V4(224, 0, 0, 0), 100, false, true},     /* multicast */
    {V4(240, 0, 0, 0), 100, false, true},     /* RFC 1112, and the broadcast address */
};
static const struct special specials6[] = {
    {{0, 0}, 128, false, true},                          /* unspecified */
    {{0, 1}, 128, false, true},                          /* loopback */
    {V6(0x64, 0xff9b, 1, 0), 48, false, true},           /* RFC 8215 */
    {V6(0x100, 0, 0, 0), 64, false, true},               /* RFC 6666 */
    {V6(0x2001, 1, 0, 0), 126, true, false},             /* 2001:1::1 to 3: RFC 7723, 8155, 9665 */
    {V6(0x2001, 3, 0, 0), 32, true, false},              /* RFC 7450 */
    {V6(0x2001, 4, 0x112, 0), 48, true, false},          /* RFC 7535 */
    {V6(0x2001, 0x20, 0, 0), 28, true, false},           /* RFC 7343 */
    {V6(0x2001, 0x30, 0, 0), 28, true, false},           /* RFC 9374 */
    {V6(0x2001, 0, 0, 0), 23, false, false},             /* RFC 2928, with Teredo */
    {V6(0x2001, 0xdb8, 0, 0), 32, false, false},         /* RFC 3849: documentation */
    {V6(0x2002, 0, 0, 0), 16, false, false},             /* RFC 3056: 6to4, given up */
    {V6(0x3fff, 0, 0, 0), 20, false, false},             /* RFC 9637: documentation */
    {V6(0x5f00, 0, 0, 0), 16, false, true},              /* RFC 9602 */
    {V6(0xfc00, 0, 0, 0), 7, false, true},               /* RFC 4193 */
    {V6(0xfe80, 0, 0, 0), 10, false, true},              /* link-local */
    {V6(0xff00, 0, 0, 0), 8, false, true},               /* multicast */
};
/* clang-format on */

static bool
special_has(const struct special *s, struct place_key key)
{
    uint64_t high = s->bits >= 64 ? UINT64_MAX : ~(UINT64_MAX >> s->bits),
             low = s->bits <= 64    ? 0
                   : s->bits >= 128 ? UINT64_MAX
                                    : ~(UINT64_MAX >> (s->bits - 64));

    return (key.high & high) == s->key.high && (key.low & low) == s->key.low;
}

static const struct special *
special_find(const struct net_address *address)
{
    bool v4 = net_address_is_ip4(address);
    const struct special *rows = v4 ? specials4 : specials6;
    size_t count = v4 ? sizeof specials4 / sizeof specials4[0]
                      : sizeof specials6 / sizeof specials6[0];
    struct place_key key = place_key_of(address->bytes);

    for (size_t i = 0; address->known && i < count; i++) {
        if (special_has(&rows[i], key)) {
            return rows[i].routed ? NULL : &rows[i];
        }
    }
    return NULL;
}

bool
place_is_private(const struct net_address *address)
{
    return special_find(address) != NULL;
}

bool
place_is_local(const struct net_address *address)
{
    const struct special *special = special_find(address);

    return special != NULL && special->local;
}

static const char *const kind_names[] = {"tor", "proxy", "hosting", "private"};

const char *
place_kind_name(unsigned i)
{
    return i < sizeof kind_names / sizeof kind_names[0] ? kind_names[i] : NULL;
}

void
place_origin(struct arena *arena, const struct places *places, struct origin *origin)
{
    static const struct {
        enum place_kind kind;
        const char *note;
    } rows[] = {
        {PLACE_TOR, "source_tor"},
        {PLACE_PROXY, "source_proxy"},
        {PLACE_HOSTING, "source_hosting"},
    };
    struct writer w;

    places_find(arena, places, &origin->source, &origin->place);
    for (size_t i = 0; i < origin->hop_count; i++) {
        places_find(arena, places, &origin->hops[i].from_ip, &origin->hops[i].place);
    }
    for (size_t i = 0; i < origin->claimed_count; i++) {
        places_find(arena, places, &origin->claimed[i].ip, &origin->claimed[i].place);
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if ((origin->place.kinds & rows[i].kind) != 0) {
            writer_init(&w, arena);
            net_address_write(&w, &origin->source);
            origin_note(arena, origin, rows[i].note, writer_view(&w));
        }
    }
}

/* Whether a table said something: that an address is private is known without. */
static bool
is_told(const struct place *place)
{
    return place->country[0] != '\0' || place->as_number != 0 ||
           (place->kinds & ~(unsigned)PLACE_PRIVATE) != 0;
}

static void
write_place(const struct place *place, const struct net_address *address, struct json *j)
{
    struct writer w;

    json_open(j, '{');
    if (address != NULL) {
        writer_init(&w, j->w->arena);
        net_address_write(&w, address);
        json_put_string(j, "ip", writer_view(&w));
    }
    if (place->country[0] != '\0') {
        json_put_text(j, "country", place->country);
    }
    if (place->as_number != 0) {
        json_put_number(j, "as", place->as_number);
    }
    if (place->as_name.size > 0) {
        json_put_string(j, "as_name", place->as_name);
    }
    if (place->kinds != 0) {
        json_key(j, "kinds");
        json_open(j, '[');
        for (unsigned i = 0; place_kind_name(i) != NULL; i++) {
            if ((place->kinds & 1u << i) != 0) {
                json_text(j, place_kind_name(i));
            }
        }
        json_close(j);
    }
    json_close(j);
}

/* Each address once: the same one stands in several hops. */
static void
write_once(const struct net_address **done, size_t *count, const struct place *place,
           const struct net_address *address, struct json *j)
{
    if (!address->known || !is_told(place)) {
        return;
    }
    for (size_t i = 0; i < *count; i++) {
        if (net_address_equal(done[i], address)) {
            return;
        }
    }
    if (*count == 1) { /* the first stands for the source */
        json_key(j, "places");
        json_open(j, '[');
    }
    done[(*count)++] = address;
    write_place(place, address, j);
}

void
place_write_json(const struct origin *origin, struct json *j)
{
    size_t count = 1, most = 1 + origin->hop_count + origin->claimed_count;
    const struct net_address **done =
        ARENA_NEW_MANY(j->w->arena, most, const struct net_address *);

    if (is_told(&origin->place) || origin->place.kinds != 0) {
        json_key(j, "place");
        write_place(&origin->place, NULL, j);
    }
    done[0] = &origin->source;
    for (size_t i = 0; i < origin->hop_count; i++) {
        write_once(done, &count, &origin->hops[i].place, &origin->hops[i].from_ip, j);
    }
    for (size_t i = 0; i < origin->claimed_count; i++) {
        write_once(done, &count, &origin->claimed[i].place, &origin->claimed[i].ip, j);
    }
    if (count > 1) {
        json_close(j);
    }
}
