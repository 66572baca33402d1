/* Files that an operator downloads: ranges, lists, MaxMind DBs. The first byte says which. */
#include "base/writer.h"
#include "trace/place_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t addresses[][16] = {
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1},
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0},
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 255, 255, 255, 255},
    {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8},
    {0},
    {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff},
};

/* Ranges ascend, and the search finds the ends of each. */
static void
hold_table(struct place_table *table)
{
    const struct place_ranges4 *r4 = &table->r4;
    const struct place_ranges6 *r6 = &table->r6;
    const struct place_ranges16 *r16 = &table->r16;

    for (size_t i = 0; i < r4->count; i++) {
        SK_ASSERT(r4->first[i] <= r4->last[i]);
        SK_ASSERT(i == 0 || r4->last[i - 1] < r4->first[i]);
        SK_ASSERT(place_ranges4_find(r4, r4->first[i]) == i);
        SK_ASSERT(place_ranges4_find(r4, r4->last[i]) == i);
    }
    for (size_t i = 0; i < r6->count; i++) {
        SK_ASSERT(place_ranges6_find(r6, r6->first[i]) == i);
        SK_ASSERT(place_ranges6_find(r6, r6->last[i]) == i);
    }
    for (size_t i = 0; i < r16->count; i++) {
        SK_ASSERT(place_ranges16_find(r16, r16->first[i]) == i);
        SK_ASSERT(place_ranges16_find(r16, r16->last[i]) == i);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct place_table table = {0};
    struct place_mmdb mmdb;
    struct arena arena;
    struct why why;

    if (size == 0) {
        return 0;
    }
    struct bytes text = bytes_of(data + 1, size - 1);
    arena_init(&arena, (size_t)1 << 28);
    enum sk_code code = data[0] == '4'   ? place_read_ranges4(&arena, text, &table, &why)
                        : data[0] == '6' ? place_read_ranges6(&arena, text, &table, &why)
                        : data[0] == 'l' ? place_read_list(&arena, text, &table, &why)
                                         : place_mmdb_open(text, &mmdb, &why);
    if (code == SK_OK && (data[0] == '4' || data[0] == '6' || data[0] == 'l')) {
        place_table_finish(&arena, &table);
        hold_table(&table);
    }
    for (size_t i = 0; code == SK_OK && i < sizeof addresses / sizeof addresses[0]; i++) {
        struct net_address address = {.known = true};
        struct place place = {.as_name = BYTES("")};
        uint16_t country;
        memcpy(address.bytes, addresses[i], 16);
        if (data[0] == '4' || data[0] == '6' || data[0] == 'l') {
            (void)place_table_find(&table, &address, &country);
        } else {
            place_mmdb_find(&arena, &mmdb, &address, &place);
            SK_ASSERT(
                place.country[0] == '\0' ||
                (ascii_letter((uint8_t)place.country[1]) && place.country[2] == '\0'));
        }
    }
    arena_release(&arena);
    return 0;
}
