/* The tables of places as they lie in memory, and the readers that make them. */
#pragma once

#include <endian.h>
#include <string.h>

#include "trace/place.h"

/* 16 bytes, most significant first. */
struct place_key {
    uint64_t high, low;
};

static inline struct place_key
place_key_of(const uint8_t bytes[16])
{
    uint64_t high, low;

    memcpy(&high, bytes, sizeof high);
    memcpy(&low, bytes + sizeof high, sizeof low);
    return (struct place_key){be64toh(high), be64toh(low)};
}

static inline int
place_key_compare(struct place_key a, struct place_key b)
{
    if (a.high != b.high) {
        return a.high < b.high ? -1 : 1;
    }
    return a.low < b.low ? -1 : a.low > b.low;
}

/* Sorted, not overlapping; first and last both belong to the range. countries is NULL where all ranges are of one kind.
 * steps is every PLACE_STEP-th of `first`: so few that they stay near the processor; the search begins in them. */
#define PLACE_STEP 32
struct place_ranges4 {
    uint32_t *first, *last, *steps;
    uint16_t *countries; /* the two letters, the first in the high byte */
    size_t count;
};
struct place_ranges6 { /* that begin and end where a /64 does */
    uint64_t *first, *last, *steps;
    uint16_t *countries;
    size_t count;
};
struct place_ranges16 {
    struct place_key *first, *last, *steps;
    uint16_t *countries;
    size_t count;
};
struct place_table {
    struct place_ranges4 r4;
    struct place_ranges6 r6;
    struct place_ranges16 r16;
};

/* The index of the range that has the value, or SIZE_MAX. */
size_t place_ranges4_find(const struct place_ranges4 *ranges, uint32_t value);
size_t place_ranges6_find(const struct place_ranges6 *ranges, uint64_t value);
size_t place_ranges16_find(const struct place_ranges16 *ranges, struct place_key value);
/* Whether a range has the address; its country (0: none). */
bool place_table_find(const struct place_table *table, const struct net_address *address,
                      uint16_t *country_r);

/* Text of tor-geoipdb: "start,end,CC" a line, IPv4 as numbers, IPv6 as text; # begins a remark; "??" is no country. Lines
 * must ascend and not overlap: then nothing must be sorted, and a broken file is noticed. SK_BAD: why has line and reason;
 * SK_LIMIT: more than LIMIT_PLACE_RANGES. What is read is added to the table. */
enum sk_code place_read_ranges4(struct arena *arena, struct bytes text,
                                struct place_table *table, struct why *why);
enum sk_code place_read_ranges6(struct arena *arena, struct bytes text,
                                struct place_table *table, struct why *why);
/* After all texts were read: makes the steps. */
void place_table_finish(struct arena *arena, struct place_table *table);
static inline size_t
place_step_count(size_t count)
{
    return (count + PLACE_STEP - 1) / PLACE_STEP;
}
/* A list: an address or a prefix a line in any order, # begins a remark. */
enum sk_code place_read_list(struct arena *arena, struct bytes text,
                             struct place_table *table, struct why *why);

/* A MaxMind DB (format 2.0), a view of its bytes. Every offset in it is checked when it is used: a broken or hostile file
 * gives nothing, or nonsense, but no more. */
struct place_mmdb {
    struct bytes tree, data; /* tree.at NULL: there is none */
    uint32_t node_count;
    unsigned record_bits; /* 24, 28 or 32 */
    uint32_t start4; /* the node at which IPv4 begins; node_count or more: there is none */
};
/* SK_BAD: it is none that we can read. */
enum sk_code place_mmdb_open(struct bytes file, struct place_mmdb *mmdb_r, struct why *why);
/* What it says of the address is put into the place; what it does not say stays. */
void place_mmdb_find(struct arena *arena, const struct place_mmdb *mmdb,
                     const struct net_address *address, struct place *place);

enum { TABLE_COUNTRIES, TABLE_TOR, TABLE_PROXIES, TABLE_HOSTING, TABLE_COUNT };
enum { MMDB_COUNTRY, MMDB_AS, MMDB_COUNT };

struct recorded {
    struct net_address address;
    struct place place;
    struct recorded *next;
};

struct places {
    struct place_table tables[TABLE_COUNT];
    struct place_mmdb mmdbs[MMDB_COUNT];
    struct places_figures figures;
    struct arena *arena; /* of what is recorded */
    struct recorded *recorded;
    bool from_record;
};

/* place_image.c: the memory file, sealed so that nobody can write to it, and the tables in such a file's bytes; false when
 * it is not as it was written. */
enum sk_code place_image_write(struct places *places, struct bytes mmdbs[MMDB_COUNT],
                               int *file_r, struct why *why);
bool place_image_take(struct places *places, struct bytes file);
