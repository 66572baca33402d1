#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "trace/place_private.h"
#include "trace/settings.h"

static struct arena arena;
static char folder[] = "/tmp/sekisho-place-XXXXXX";

static struct net_address
address_of(const char *text)
{
    struct net_address address = {0};

    if (!net_address_read(bytes_from_text(text), &address)) {
        tap_ok(false, "%s is an address", text);
    }
    return address;
}

static const char *
path_of(const char *name)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "%s/%s", folder, name);
    return bytes_text(&arena, writer_view(&w));
}

static void
write_file(const char *name, struct bytes content)
{
    FILE *file = fopen(path_of(name), "w");

    if (file == NULL || fwrite(content.at, 1, content.size, file) != content.size) {
        tap_ok(false, "%s can be written", name);
    }
    if (file != NULL) {
        fclose(file);
    }
}

/* The country found in a text of ranges, "-" when no range has the address, "?" when one without a country does. */
static const char *
country_in(const struct place_table *table, const char *address)
{
    struct net_address a = address_of(address);
    struct place_table finished = *table;
    uint16_t country;

    place_table_finish(&arena, &finished);
    if (!place_table_find(&finished, &a, &country)) {
        return "-";
    }
    char text[] = {(char)(country >> 8), (char)(country & 0xff), '\0'};
    return country == 0 ? "?" : bytes_text(&arena, bytes_from_text(text));
}

static void
test_ranges(void)
{
    static const struct {
        const char *address, *country;
    } cases[] = {
        {"0.255.255.255", "-"},
        {"1.0.0.0", "AU"},
        {"1.0.0.255", "AU"},
        {"1.0.1.0", "CN"},
        {"1.0.1.1", "-"},
        {"9.9.9.9", "?"},
        {"255.255.255.255", "ZZ"},
        {"255.255.255.254", "-"},
        {"2001:200::", "JP"},
        {"2001:200:134:ffff:ffff:ffff:ffff:ffff", "JP"},
        {"2001:200:135::", "-"},
        {"2001:db8::7", "-"},
        {"2001:db8::8", "DE"},
        {"2001:db8::9", "DE"},
        {"2001:db8::a", "-"},
        {"ffff::", "US"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "US"},
        {"::", "-"},
    };
    struct place_table table = {0};
    struct why why = {0};

    enum sk_code four = place_read_ranges4(
        &arena,
        BYTES("# remark\n\n16777216,16777471,AU\r\n16777472,16777472,cn # inside\n"
              "151587081,151587081,??\n4294967295,4294967295,ZZ\n"),
        &table, &why);
    enum sk_code six =
        place_read_ranges6(&arena,
                           BYTES("2001:200::,2001:200:134:ffff:ffff:ffff:ffff:ffff,JP\n"
                                 "2001:db8::8,2001:db8::9,DE\nffff::,ffff:ffff:ffff:ffff:"
                                 "ffff:ffff:ffff:ffff,US"),
                           &table, &why);
    tap_ok(four == SK_OK && six == SK_OK, "ranges are read %s", why.sentence);
    tap_ok(table.r4.count == 4 && table.r6.count == 2 && table.r16.count == 1,
           "a range on borders of /64 takes 8 bytes an end, another 16");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *found = country_in(&table, cases[i].address);
        tap_ok(strcmp(found, cases[i].country) == 0, "%s is in %s (%s)", cases[i].address,
               cases[i].country, found);
    }
    struct place_table none = {0};
    tap_ok(strcmp(country_in(&none, "1.2.3.4"), "-") == 0 &&
               strcmp(country_in(&none, "2001:db8::1"), "-") == 0,
           "an empty table has nothing");
}

static void
test_bad_ranges(void)
{
    static const struct {
        bool v4;
        const char *text;
        size_t line;
    } cases[] = {
        {true, "1,2\n", 1},
        {true, "1,2,JPN\n", 1},
        {true, "1,2,J1\n", 1},
        {true, "1,4294967296,JP\n", 1},
        {true, "-1,2,JP\n", 1},
        {true, "1.0.0.0,1.0.0.255,JP\n", 1},
        {true, "#\n3,2,JP\n", 2},
        {true, "1,2,JP\n2,3,US\n", 2},
        {true, "5,6,JP\n\n1,2,US\n", 3},
        {false, "1,2,JP\n", 1},
        {false, "2001::,nonsense,JP\n", 1},
        {false, "2001::2,2001::1,JP\n", 1},
        {false, "2001::,2001::ffff,JP\n2001::ffff,2001::1:0,US\n", 2},
        {false, "2001:1::,2001:1::1,JP\n2001::,2001:0:ffff:ffff:ffff:ffff:ffff:ffff,US\n",
         2},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct place_table table = {0};
        struct why why = {0};
        enum sk_code code = (cases[i].v4 ? place_read_ranges4 : place_read_ranges6)(
            &arena, bytes_from_text(cases[i].text), &table, &why);
        tap_ok(code == SK_BAD && why.line == cases[i].line, "refused, line %zu: %s",
               cases[i].line, why.sentence);
    }
    struct bytes lines =
        bytes_of(arena_take(&arena, LIMIT_PLACE_RANGES), LIMIT_PLACE_RANGES);
    memset((void *)(uintptr_t)lines.at, '\n', lines.size);
    struct place_table table = {0};
    struct why why = {0};
    tap_ok(place_read_ranges4(&arena, bytes_slice(lines, 0, lines.size - 1), &table,
                              &why) == SK_OK &&
               place_read_ranges4(&arena, lines, &table, &why) == SK_LIMIT &&
               place_read_list(&arena, lines, &table, &why) == SK_LIMIT,
           "LIMIT_PLACE_RANGES lines are read, one more are not");
}

static void
test_list(void)
{
    struct place_table table = {0};
    struct why why = {0};
    enum sk_code code = place_read_list(
        &arena,
        BYTES(
            "# exits\n198.51.100.7\n  192.0.2.0/25  # half\n192.0.2.128/25\n192.0.2.64/26\n"
            "2001:db8::/32\n2001:db8:1::/48\n2001:db9::1\n0.0.0.0/32\n255.255.255.255\n"
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n"),
        &table, &why);

    tap_ok(code == SK_OK && table.r4.count == 4 && table.r6.count == 1 &&
               table.r16.count == 2,
           "what overlaps or touches is joined (%zu, %zu, %zu) %s", table.r4.count,
           table.r6.count, table.r16.count, why.sentence);
    static const char *const in[] = {
        "198.51.100.7",    "192.0.2.0",
        "192.0.2.255",     "2001:db8:ffff::",
        "2001:db9::1",     "0.0.0.0",
        "255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};
    static const char *const out[] = {
        "198.51.100.6", "198.51.100.8",    "192.0.1.255", "192.0.3.0",
        "2001:db9::",   "2001:db7:ffff::", "0.0.0.1"};
    for (size_t i = 0; i < sizeof in / sizeof in[0]; i++) {
        tap_ok(strcmp(country_in(&table, in[i]), "?") == 0, "%s is listed", in[i]);
    }
    for (size_t i = 0; i < sizeof out / sizeof out[0]; i++) {
        tap_ok(strcmp(country_in(&table, out[i]), "-") == 0, "%s is not", out[i]);
    }
    struct place_table all = {0};
    code = place_read_list(&arena, BYTES("::/0\n0.0.0.0/0\n::/1\n"), &all, &why);
    tap_ok(code == SK_OK && strcmp(country_in(&all, "1.2.3.4"), "?") == 0 &&
               strcmp(country_in(&all, "ffff::1"), "?") == 0 && all.r6.count == 1,
           "all of either family");
    static const char *const bad[] = {"1.2.3.4\nexample.com\n", "1.2.3.4\n1.2.3.0/33\n",
                                      "1.2.3.4\n1.2.3.4 5.6.7.8\n", "::1\n::/129\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct place_table none = {0};
        why = (struct why){0};
        tap_ok(place_read_list(&arena, bytes_from_text(bad[i]), &none, &why) == SK_BAD &&
                   why.line == 2,
               "a bad line is told: %s", why.sentence);
    }
}

/* Against looking at each range in turn, for tables of every size about a step. */
static void
test_find(void)
{
    static const size_t counts[] = {1, 2, 31, 32, 33, 63, 64, 65, 1000, 1024, 1025};
    size_t wrong = 0, asked = 0;

    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        struct place_table table = {0};
        struct writer w;
        writer_init(&w, &arena);
        for (size_t i = 0; i < counts[c]; i++) {
            writer_format(&w, "%zu,%zu,JP\n", 10 * i + 5, 10 * i + 7);
        }
        if (place_read_ranges4(&arena, writer_view(&w), &table, NULL) != SK_OK) {
            wrong++;
        }
        place_table_finish(&arena, &table);
        for (uint32_t value = 0; value < 10 * counts[c] + 20; value++) {
            size_t at = value % 10 >= 5 && value % 10 <= 7 && value / 10 < counts[c]
                            ? value / 10
                            : SIZE_MAX;
            wrong += place_ranges4_find(&table.r4, value) != at;
            asked++;
        }
    }
    tap_ok(wrong == 0 && asked > 30000, "%zu values are found where they are (%zu wrong)",
           asked, wrong);
}

static void
test_special(void)
{
    static const char *const private[] = {"10.0.0.0",
                                          "10.255.255.255",
                                          "100.64.0.1",
                                          "100.127.255.255",
                                          "127.0.0.1",
                                          "169.254.1.1",
                                          "172.16.0.0",
                                          "172.31.255.255",
                                          "192.0.0.1",
                                          "192.0.2.1",
                                          "192.168.255.255",
                                          "198.18.0.1",
                                          "198.19.255.255",
                                          "198.51.100.1",
                                          "203.0.113.9",
                                          "224.0.0.1",
                                          "240.0.0.1",
                                          "255.255.255.255",
                                          "0.1.2.3",
                                          "::",
                                          "::1",
                                          "fe80::1",
                                          "febf::1",
                                          "fc00::1",
                                          "fdff::1",
                                          "2001:db8::1",
                                          "2001::1",
                                          "2001:1ff::1",
                                          "2002::1",
                                          "3fff:fff::1",
                                          "100::1",
                                          "64:ff9b:1::1",
                                          "ff02::1",
                                          "192.88.99.1"};
    static const char *const routed[] = {
        "9.255.255.255",  "11.0.0.0",       "100.63.255.255",  "100.128.0.0",
        "128.0.0.0",      "172.15.255.255", "172.32.0.0",      "192.0.0.9",
        "192.0.0.10",     "192.0.1.0",      "192.0.3.0",       "192.167.255.255",
        "198.17.255.255", "198.20.0.0",     "223.255.255.255", "2001:200::1",
        "2001:db7::1",    "2001:1::1",      "2001:20::1",      "2001:4:112::1",
        "2003::1",        "fec0::1",        "fbff::1",         "3fff:1000::1",
        "64:ff9b::1",     "100:0:0:1::"};
    static const char *const local[] = {"10.1.2.3", "127.0.0.1", "192.168.1.1",
                                        "fe80::1",  "fd00::1",   "100.64.0.1"};
    static const char *const asked[] = {"192.0.2.1", "2001:db8::1", "8.8.8.8", "2002::1"};

    for (size_t i = 0; i < sizeof private / sizeof private[0]; i++) {
        struct net_address a = address_of(private[i]);
        tap_ok(place_is_private(&a), "%s is not routed", private[i]);
    }
    for (size_t i = 0; i < sizeof routed / sizeof routed[0]; i++) {
        struct net_address a = address_of(routed[i]);
        tap_ok(!place_is_private(&a), "%s is routed", routed[i]);
    }
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++) {
        struct net_address a = address_of(local[i]);
        tap_ok(place_is_local(&a), "%s is local", local[i]);
    }
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        struct net_address a = address_of(asked[i]);
        tap_ok(!place_is_local(&a), "%s is not", asked[i]);
    }
    tap_ok(!place_is_private(&(struct net_address){0}), "no address is not private");
}

/* A MaxMind DB with one value for one prefix, of IPv6 bits. */
struct mmdb_made {
    unsigned record_bits, version;
    struct net_prefix prefix;
    struct bytes data;
};

static void
put_number(struct writer *w, uint64_t number, unsigned size)
{
    for (unsigned i = size; i-- > 0;) {
        writer_byte(w, (uint8_t)(number >> (8 * i)));
    }
}

static void
put_node(struct writer *w, unsigned bits, uint32_t left, uint32_t right)
{
    if (bits == 28) {
        put_number(w, left & 0xffffff, 3);
        writer_byte(w, (uint8_t)((left >> 24) << 4 | right >> 24));
        put_number(w, right & 0xffffff, 3);
    } else {
        put_number(w, left, bits / 8);
        put_number(w, right, bits / 8);
    }
}

static void
put_text(struct writer *w, const char *text)
{
    size_t size = strlen(text);

    if (size < 29) {
        writer_byte(w, (uint8_t)(2 << 5 | size));
    } else {
        writer_byte(w, 2 << 5 | 29);
        writer_byte(w, (uint8_t)(size - 29));
    }
    writer_text(w, text);
}

#define MAP(count)   ((uint8_t)(7 << 5 | (count)))
#define UINT16(size) ((uint8_t)(5 << 5 | (size)))
#define UINT32(size) ((uint8_t)(6 << 5 | (size)))

static struct bytes
make_mmdb(const struct mmdb_made *made)
{
    unsigned first = made->version == 4 ? 96 : 0, nodes = made->prefix.bits - first;
    struct writer w;

    writer_init(&w, &arena);
    for (unsigned i = 0; i < nodes; i++) {
        unsigned bit = first + i;
        /* IPv4 lies under 96 bits of zero. */
        bool mapped = net_address_is_ip4(&made->prefix.address) && bit < 96;
        unsigned side =
            mapped ? 0 : made->prefix.address.bytes[bit / 8] >> (7 - bit % 8) & 1u;
        uint32_t to = i + 1 < nodes ? i + 1 : nodes + 16;
        put_node(&w, made->record_bits, side == 0 ? to : nodes, side == 1 ? to : nodes);
    }
    put_number(&w, 0, 8);
    put_number(&w, 0, 8);
    writer_bytes(&w, made->data);
    writer_text(&w, "\xab\xcd\xefMaxMind.com");
    writer_byte(&w, MAP(4));
    put_text(&w, "binary_format_major_version");
    writer_byte(&w, UINT16(1));
    writer_byte(&w, 2);
    put_text(&w, "node_count");
    writer_byte(&w, UINT32(4));
    put_number(&w, nodes, 4);
    put_text(&w, "record_size");
    writer_byte(&w, UINT16(1));
    writer_byte(&w, (uint8_t)made->record_bits);
    put_text(&w, "ip_version");
    writer_byte(&w, UINT16(1));
    writer_byte(&w, (uint8_t)made->version);
    return bytes_copy(&arena, writer_view(&w));
}

/* {"names": [{}, "x"], "country": pointer to {"iso_code": "jp"}, "autonomous_system_number": 64500, ...} */
static struct bytes
usual_data(void)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_byte(&w, MAP(4));
    put_text(&w, "names");
    writer_byte(&w, 2); /* an array of two: extended */
    writer_byte(&w, 4);
    writer_byte(&w, MAP(0));
    put_text(&w, "x");
    put_text(&w, "autonomous_system_number");
    writer_byte(&w, UINT32(3));
    put_number(&w, 64500, 3);
    put_text(&w, "autonomous_system_organization");
    put_text(&w, "Example \x1b[31m Network");
    put_text(&w, "country");
    size_t pointer = w.size;
    writer_byte(&w, 1 << 5);
    writer_byte(&w, (uint8_t)(pointer + 2));
    writer_byte(&w, MAP(1));
    put_text(&w, "iso_code");
    put_text(&w, "jp");
    return bytes_copy(&arena, writer_view(&w));
}

static struct place
find_in(struct bytes file, const char *address)
{
    struct net_address a = address_of(address);
    struct place place = {.as_name = BYTES("")};
    struct place_mmdb mmdb;

    if (place_mmdb_open(file, &mmdb, NULL) == SK_OK) {
        place_mmdb_find(&arena, &mmdb, &a, &place);
    }
    return place;
}

static void
test_mmdb(void)
{
    static const unsigned widths[] = {24, 28, 32};
    struct mmdb_made made = {.data = usual_data()};

    for (size_t i = 0; i < 3; i++) {
        made.record_bits = widths[i];
        for (made.version = 4; made.version <= 6; made.version += 2) {
            (void)net_prefix_read(BYTES("192.0.2.0/24"), &made.prefix);
            struct place p = find_in(make_mmdb(&made), "192.0.2.77");
            tap_ok(strcmp(p.country, "JP") == 0 && p.as_number == 64500 &&
                       bytes_is(p.as_name, "Example \\x1b[31m Network"),
                   "records of %u bits, IPv%u: %s %u %.*s", widths[i], made.version,
                   p.country, p.as_number, BYTES_ARGUMENTS(p.as_name));
            p = find_in(make_mmdb(&made), "192.0.3.77");
            tap_ok(p.country[0] == '\0' && p.as_number == 0, "nothing for another address");
        }
        made.version = 6;
        (void)net_prefix_read(BYTES("2001:db8::/32"), &made.prefix);
        struct place p = find_in(make_mmdb(&made), "2001:db8:1::1");
        tap_ok(strcmp(p.country, "JP") == 0, "IPv6");
        p = find_in(make_mmdb(&made), "1.2.3.4");
        tap_ok(p.country[0] == '\0', "IPv4 is not there");
    }
    made.version = 4;
    (void)net_prefix_read(BYTES("0.0.0.0/1"), &made.prefix);
    tap_ok(find_in(make_mmdb(&made), "2001:db8::1").country[0] == '\0',
           "a tree of IPv4 says nothing of IPv6");
}

static void
test_mmdb_hostile(void)
{
    struct mmdb_made made = {.record_bits = 24, .version = 4};
    struct place_mmdb mmdb;
    struct writer w;

    (void)net_prefix_read(BYTES("0.0.0.0/1"), &made.prefix);
    /* The fault of libmaxminddb: each level of nesting is a call. */
    writer_init(&w, &arena);
    writer_byte(&w, MAP(2));
    put_text(&w, "deep");
    for (size_t i = 0; i < 3000000; i++) {
        writer_byte(&w, 1);
        writer_byte(&w, 4);
    }
    made.data = bytes_copy(&arena, writer_view(&w));
    tap_ok(find_in(make_mmdb(&made), "1.2.3.4").country[0] == '\0',
           "three million nested arrays are not walked into");
    made.data = BYTES("\x20\x00");
    tap_ok(find_in(make_mmdb(&made), "1.2.3.4").country[0] == '\0',
           "a pointer to itself is not followed");
    made.data = BYTES("\xe1\x20\x00\x20\x00");
    tap_ok(find_in(make_mmdb(&made), "1.2.3.4").country[0] == '\0',
           "a map whose key is the map");
    made.data = BYTES("\xff\xff\xff\xff");
    tap_ok(find_in(make_mmdb(&made), "1.2.3.4").country[0] == '\0',
           "a map of sixteen million members that are not there");
    made.data = BYTES("\xe1\x47"
                      "country\x5f\xff\xff\xff");
    tap_ok(find_in(make_mmdb(&made), "1.2.3.4").country[0] == '\0',
           "a text longer than the file");
    tap_ok(place_mmdb_open(BYTES("\xab\xcd\xefMaxMind.com"), &mmdb, NULL) == SK_BAD &&
               place_mmdb_open(BYTES(""), &mmdb, NULL) == SK_BAD &&
               place_mmdb_open(BYTES("GIF89a"), &mmdb, NULL) == SK_BAD,
           "no metadata, no file, another file");
    made.data = usual_data();
    struct bytes good = make_mmdb(&made);
    size_t opened = 0;
    for (size_t size = 0; size < good.size; size++) {
        opened += place_mmdb_open(bytes_slice(good, 0, size), &mmdb, NULL) == SK_OK;
    }
    tap_ok(opened == 0, "no shorter part of it is taken");
    /* Seeded: each byte of tree, data and metadata comes to be anything. */
    uint64_t seed = 1;
    uint8_t *copy = arena_take_bytes(&arena, good.size);
    for (size_t round = 0; round < 20000; round++) {
        memcpy(copy, good.at, good.size);
        for (size_t i = 0; i < 3; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            copy[(seed >> 33) % good.size] = (uint8_t)(seed >> 25);
        }
        struct arena scratch;
        struct place place = {.as_name = BYTES("")};
        struct net_address a = address_of("1.2.3.4");
        arena_init(&scratch, ARENA_BLOCK_SIZE);
        if (place_mmdb_open(bytes_of(copy, good.size), &mmdb, NULL) == SK_OK) {
            place_mmdb_find(&scratch, &mmdb, &a, &place);
        }
        arena_release(&scratch);
    }
    tap_ok(true, "twenty thousand damaged files are outlived");
}

static enum sk_code
open_with(const char *text, const struct places **places_r, int *file_r, struct why *why)
{
    const struct config *config;
    enum sk_code code =
        config_read(&arena, trace_config_keys, bytes_from_text(text), &config, why);

    return code == SK_OK ? places_open(&arena, config, places_r, file_r, why) : code;
}

static const char *
configured(const char *lines)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, "[place]\n");
    for (const char *at = lines; *at != '\0'; at++) {
        if (*at == '@') {
            writer_text(&w, folder);
        } else {
            writer_byte(&w, (uint8_t)*at);
        }
    }
    return bytes_text(&arena, writer_view(&w));
}

static void
test_open(void)
{
    struct mmdb_made made = {.record_bits = 28, .version = 4, .data = usual_data()};
    const struct places *places, *again;
    struct why why = {0};
    int file = -1;

    (void)net_prefix_read(BYTES("192.0.2.0/24"), &made.prefix);
    write_file("four", BYTES("0,4294967295,US\n"));
    write_file("six", BYTES("2001:db8::8,2001:db8::9,DE\n"));
    write_file("tor", BYTES("198.51.100.7\n"));
    write_file("hosting", BYTES("198.51.100.0/24\n2001:db8::/32\n"));
    write_file("mmdb", make_mmdb(&made));
    enum sk_code code = open_with(
        configured("ranges4 = @/four\nranges6 = @/six\ntor_exits = @/tor\n"
                   "hosting = @/hosting\ncountry_mmdb = @/mmdb\nas_mmdb = @/mmdb\n"),
        &places, &file, &why);
    tap_ok(code == SK_OK, "tables are opened: %s", why.sentence);
    if (code != SK_OK) {
        return;
    }
    tap_ok(places_from_file(&arena, file, &again, &why) == SK_OK, "and handed on");
    tap_ok(write(file, "x", 1) < 0 && ftruncate(file, 0) < 0, "nobody can write to them");
    close(file);
    const struct places_figures *f = places_figures(again);
    tap_ok(f->ranges4 == 1 && f->ranges6 == 1 && f->tor == 1 && f->proxies == 0 &&
               f->hosting == 2 && f->country_mmdb > 0 && f->missing4.size == 0,
           "figures");
    for (int i = 0; i < 2; i++) {
        const struct places *p = i == 0 ? places : again;
        struct net_address tor = address_of("198.51.100.7"), db = address_of("192.0.2.1"),
                           six = address_of("2001:db8::9"), home = address_of("10.0.0.1");
        struct place place;
        places_find(&arena, p, &tor, &place);
        tap_ok(strcmp(place.country, "US") == 0 &&
                   place.kinds == (PLACE_TOR | PLACE_HOSTING | PLACE_PRIVATE) &&
                   place.as_number == 0,
               "an exit in a computing centre");
        places_find(&arena, p, &db, &place);
        tap_ok(strcmp(place.country, "JP") == 0 && place.as_number == 64500,
               "the MaxMind DB counts before the ranges");
        places_find(&arena, p, &six, &place);
        tap_ok(strcmp(place.country, "DE") == 0 &&
                   place.kinds == (PLACE_HOSTING | PLACE_PRIVATE),
               "IPv6");
        places_find(&arena, p, &home, &place);
        tap_ok((place.kinds & PLACE_PRIVATE) != 0, "a private address");
        places_find(&arena, p, &(struct net_address){0}, &place);
        tap_ok(place.kinds == 0 && place.country[0] == '\0', "no address");
    }
    struct place place;
    struct net_address a = address_of("10.0.0.1");
    places_find(&arena, NULL, &a, &place);
    tap_ok(place.kinds == PLACE_PRIVATE && place.country[0] == '\0', "without tables");
}

static void
test_open_wrong(void)
{
    static const struct {
        const char *config, *words;
        size_t line;
    } cases[] = {
        {"ranges4 =\nranges6 =\ntor_exits = @/none\n", "tor_exits", 4},
        {"ranges4 = @/bad\nranges6 =\n", "line 2", 2},
        {"ranges4 =\nranges6 =\nproxies = @/bad\n", "line 1", 4},
        {"ranges4 =\nranges6 =\nas_mmdb = @/bad\n", "no MaxMind DB", 4},
        {"ranges4 =\nranges6 =\ncountry_mmdb = @/none\n", "country_mmdb", 4},
        {"ranges4 = @\nranges6 =\n", "ranges4", 2},
    };
    const struct places *places;
    struct why why = {0};
    int file = -1;

    write_file("bad", BYTES("1,2,JP\nnonsense\n"));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        why = (struct why){0};
        enum sk_code code = open_with(configured(cases[i].config), &places, &file, &why);
        tap_ok(code == SK_CONFIG && why.line == cases[i].line &&
                   strstr(why.sentence, cases[i].words) != NULL,
               "refused: %s", why.sentence);
    }
    enum sk_code code = open_with(configured("ranges4 = @/absent\nranges6 = @/absent6\n"),
                                  &places, &file, &why);
    tap_ok(code == SK_OK &&
               bytes_ends(places_figures(places)->missing4, BYTES("/absent")) &&
               bytes_ends(places_figures(places)->missing6, BYTES("/absent6")),
           "ranges that are not there are no error, but told");
    if (code == SK_OK) {
        close(file);
    }
    file = open(path_of("bad"), O_RDONLY | O_CLOEXEC);
    tap_ok(places_from_file(&arena, file, &places, &why) == SK_BAD, "another file is none");
    close(file);
}

static struct bytes
json_of(const struct origin *o)
{
    struct writer w;
    struct json j;

    writer_init(&w, &arena);
    json_init(&j, &w);
    json_open(&j, '{');
    place_write_json(o, &j);
    json_close(&j);
    return bytes_copy(&arena, writer_view(&w));
}

static void
test_origin(void)
{
    struct hop hops[3] = {{.from_ip = address_of("198.51.100.7")},
                          {.from_ip = address_of("9.9.9.9")},
                          {.from_ip = address_of("9.9.9.9")}};
    struct claimed_client claimed = {.ip = address_of("10.1.1.1")};
    struct origin o = {.source = address_of("198.51.100.7"),
                       .hops = hops,
                       .hop_count = 3,
                       .claimed = &claimed,
                       .claimed_count = 1};
    struct places *record = places_recorded(&arena);
    struct place jp = {.country = "JP",
                       .as_number = 2527,
                       .as_name = BYTES("A \"B\""),
                       .kinds = PLACE_TOR | PLACE_HOSTING};

    places_record(record, &o.source, &jp);
    places_record(record, &hops[1].from_ip,
                  &(struct place){.country = "US", .as_name = BYTES("")});
    place_origin(&arena, record, &o);
    tap_ok(origin_has_note(&o, "source_tor") && origin_has_note(&o, "source_hosting") &&
               !origin_has_note(&o, "source_proxy") && o.note_count == 2 &&
               bytes_is(o.notes[0].detail, "198.51.100.7"),
           "notes of the source");
    tap_ok(strcmp(hops[2].place.country, "US") == 0 &&
               claimed.place.kinds == PLACE_PRIVATE && o.place.as_number == 2527,
           "every address has its place, from the record");
    struct bytes json = json_of(&o);
    tap_ok(
        bytes_is(json,
                 "{\"place\":{\"country\":\"JP\",\"as\":2527,\"as_name\":\"A \\\"B\\\"\","
                 "\"kinds\":[\"tor\",\"hosting\",\"private\"]},"
                 "\"places\":[{\"ip\":\"9.9.9.9\",\"country\":\"US\"}]}"),
        "JSON: %.*s", BYTES_ARGUMENTS(json));
    struct origin plain = {.source = address_of("9.9.9.8")};
    place_origin(&arena, NULL, &plain);
    tap_ok(bytes_is(json_of(&plain), "{}") && plain.note_count == 0, "nothing known");
}

/* The tables of the system, where they are installed. */
static void
test_debian(void)
{
    const struct places *places;
    struct why why = {0};
    int file = -1;

    if (access("/usr/share/tor/geoip", R_OK) != 0) {
        tap_ok(true, "Debian's ranges # SKIP tor-geoipdb is not installed");
        return;
    }
    int64_t begin = clock_cpu_us();
    enum sk_code code = open_with("", &places, &file, &why);
    int64_t took = clock_cpu_us() - begin;
    tap_ok(code == SK_OK, "Debian's ranges are read: %s", why.sentence);
    if (code != SK_OK) {
        return;
    }
    close(file);
    const struct places_figures *f = places_figures(places);
    printf("# %zu and %zu ranges, %zu KiB in memory, read in %lld ms\n", f->ranges4,
           f->ranges6, f->size / 1024, (long long)took / 1000);
    tap_ok(f->size <= 11 * f->ranges4 + 20 * f->ranges6 + 4096, "compact");
    struct net_address jp = address_of("202.232.2.164"),
                       de = address_of("2a00:1450:4001::1");
    struct place place;
    places_find(&arena, places, &jp, &place);
    tap_ok(strcmp(place.country, "JP") == 0, "IIJ is in Japan (%s)", place.country);
    places_find(&arena, places, &de, &place);
    tap_ok(place.country[0] != '\0', "an address of IPv6 has a country (%s)",
           place.country);
    enum { TURNS = 1000000 };
    uint64_t seed = 7, sum = 0;
    for (int family = 4; family <= 6; family += 2) {
        struct net_address a = family == 4 ? jp : de;
        int64_t best = INT64_MAX;
        for (int turn = 0; turn < 5; turn++) { /* the machine may be busy with others */
            begin = clock_cpu_us();
            for (int i = 0; i < TURNS / 5; i++) {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                memcpy(a.bytes + (family == 4 ? 12 : 1), (uint8_t *)&seed + 4, 4);
                places_find(&arena, places, &a, &place);
                sum += (uint64_t)place.country[0];
            }
            took = clock_cpu_us() - begin;
            best = took < best ? took : best;
        }
        printf("# IPv%d: %.3f us a look-up (all tables, random addresses)\n", family,
               (double)best * 5 / TURNS);
        tap_ok(best < TURNS && sum > 0,
               "a look-up takes no longer than a search may, also under sanitizers");
    }
}

int
main(void)
{
    arena_init(&arena, 1ul << 32);
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    test_ranges();
    test_bad_ranges();
    test_list();
    test_find();
    test_special();
    test_mmdb();
    test_mmdb_hostile();
    test_open();
    test_open_wrong();
    test_origin();
    test_debian();
    static const char *const files[] = {"four", "six", "tor", "hosting", "mmdb", "bad"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        unlink(path_of(files[i]));
    }
    rmdir(folder);
    arena_release(&arena);
    arena_forget_blocks();
    return tap_done();
}
