/* Sorted ranges of addresses: reading their texts, and finding an address in them. */
#include <stdlib.h>

#include "base/limits.h"
#include "trace/place_private.h"

/* The last of `count` (at least 1) that is not above the value, or the first; without a branch that is guessed wrong half
 * of the time. */
#define LAST_AT_MOST(list, count, value, at_most)                                          \
    ({                                                                                     \
        size_t base_ = 0;                                                                  \
        for (size_t left_ = (count); left_ > 1;) {                                         \
            size_t half_ = left_ / 2;                                                      \
            base_ += at_most((list)[base_ + half_], (value)) ? half_ : 0;                  \
            left_ -= half_;                                                                \
        }                                                                                  \
        base_;                                                                             \
    })
#define DEFINE_FIND(name, table, type, at_most)                                            \
    size_t name(const struct table *r, type value)                                         \
    {                                                                                      \
        if (r->count == 0) {                                                               \
            return SIZE_MAX;                                                               \
        }                                                                                  \
        size_t from = PLACE_STEP *                                                         \
                      LAST_AT_MOST(r->steps, place_step_count(r->count), value, at_most);  \
        size_t count = r->count - from < PLACE_STEP ? r->count - from : PLACE_STEP;        \
        size_t i = from + LAST_AT_MOST(r->first + from, count, value, at_most);            \
        bool has = at_most(r->first[i], value) && at_most(value, r->last[i]);              \
        return has ? i : SIZE_MAX;                                                         \
    }
#define NUMBER_AT_MOST(a, b) ((a) <= (b))
#define KEY_AT_MOST(a, b)    (place_key_compare((a), (b)) <= 0)

DEFINE_FIND(place_ranges4_find, place_ranges4, uint32_t, NUMBER_AT_MOST)
DEFINE_FIND(place_ranges6_find, place_ranges6, uint64_t, NUMBER_AT_MOST)
DEFINE_FIND(place_ranges16_find, place_ranges16, struct place_key, KEY_AT_MOST)

bool
place_table_find(const struct place_table *table, const struct net_address *address,
                 uint16_t *country_r)
{
    const uint16_t *countries = NULL;
    size_t i = SIZE_MAX;

    *country_r = 0;
    if (!address->known) {
        return false;
    }
    struct place_key key = place_key_of(address->bytes);
    if (net_address_is_ip4(address)) {
        i = place_ranges4_find(&table->r4, (uint32_t)key.low);
        countries = table->r4.countries;
    } else {
        i = place_ranges6_find(&table->r6, key.high);
        countries = table->r6.countries;
        if (i == SIZE_MAX) {
            i = place_ranges16_find(&table->r16, key);
            countries = table->r16.countries;
        }
    }
    if (i != SIZE_MAX && countries != NULL) {
        *country_r = countries[i];
    }
    return i != SIZE_MAX;
}

static size_t
line_count(struct bytes text)
{
    size_t lines = 1;

    for (size_t at = 0; (at = bytes_find_byte(text, '\n', at)) != BYTES_NOWHERE; at++) {
        lines++;
    }
    return lines;
}

/* Room for `more` further ranges. */
#define GROW(arena, ranges, more)                                                          \
    do {                                                                                   \
        size_t had_ = (ranges)->count, want_ = had_ + (more);                              \
        (ranges)->first =                                                                  \
            arena_grow((arena), (ranges)->first, had_ * sizeof *(ranges)->first,           \
                       want_ * sizeof *(ranges)->first);                                   \
        (ranges)->last =                                                                   \
            arena_grow((arena), (ranges)->last, had_ * sizeof *(ranges)->last,             \
                       want_ * sizeof *(ranges)->last);                                    \
        (ranges)->countries =                                                              \
            arena_grow((arena), (ranges)->countries, had_ * sizeof *(ranges)->countries,   \
                       want_ * sizeof *(ranges)->countries);                               \
    } while (0)

/* What stands on a line beside remarks and blanks. */
static struct bytes
line_value(struct bytes line)
{
    return bytes_trim(bytes_slice(line, 0, bytes_find_byte(line, '#', 0)));
}

/* "JP" as a number, 0 for "??". */
static bool
read_country(struct bytes text, uint16_t *country_r)
{
    text = bytes_trim(text);
    if (bytes_is(text, "??")) {
        *country_r = 0;
        return true;
    }
    if (text.size != 2 || !ascii_letter(text.at[0]) || !ascii_letter(text.at[1])) {
        return false;
    }
    *country_r = (uint16_t)((text.at[0] & ~0x20) << 8 | (text.at[1] & ~0x20));
    return true;
}

static bool
read_end4(struct bytes text, struct place_key *key_r)
{
    *key_r = (struct place_key){0, 0};
    return bytes_to_number(text, UINT32_MAX, &key_r->low);
}

static bool
read_end6(struct bytes text, struct place_key *key_r)
{
    struct net_address address;

    if (bytes_find_byte(text, ':', 0) == BYTES_NOWHERE ||
        !net_address_read(text, &address)) {
        return false;
    }
    *key_r = place_key_of(address.bytes);
    return true;
}

static void
add4(struct place_ranges4 *r, struct place_key first, struct place_key last,
     uint16_t country)
{
    r->first[r->count] = (uint32_t)first.low;
    r->last[r->count] = (uint32_t)last.low;
    r->countries[r->count++] = country;
}

static void
add6(struct place_table *table, struct place_key first, struct place_key last,
     uint16_t country)
{
    struct place_ranges6 *r6 = &table->r6;
    struct place_ranges16 *r16 = &table->r16;

    if (first.low == 0 && last.low == UINT64_MAX) {
        r6->first[r6->count] = first.high;
        r6->last[r6->count] = last.high;
        r6->countries[r6->count++] = country;
    } else {
        r16->first[r16->count] = first;
        r16->last[r16->count] = last;
        r16->countries[r16->count++] = country;
    }
}

/* Lines past the bound are looked for before room is made, so that memory is bounded too. */
static enum sk_code
read_ranges(struct arena *arena, struct bytes text, bool v4, struct place_table *table,
            struct why *why)
{
    size_t lines = line_count(text), number = 0;
    struct place_key before = {0, 0};
    bool any = false;
    struct bytes line;

    if (lines > LIMIT_PLACE_RANGES) {
        return why_set(why, SK_LIMIT, "more than %d lines", LIMIT_PLACE_RANGES);
    }
    if (v4) {
        GROW(arena, &table->r4, lines);
    } else {
        GROW(arena, &table->r6, lines);
        GROW(arena, &table->r16, lines);
    }
    while (bytes_line(&text, &line)) {
        struct bytes rest = line_value(line), from, to;
        struct place_key first, last;
        uint16_t country;
        number++;
        if (rest.size == 0) {
            continue;
        }
        if (!bytes_split(&rest, ',', &from) || !bytes_split(&rest, ',', &to) ||
            !(v4 ? read_end4 : read_end6)(bytes_trim(from), &first) ||
            !(v4 ? read_end4 : read_end6)(bytes_trim(to), &last) ||
            !read_country(rest, &country)) {
            return why_set_line(why, SK_BAD, number, "line %zu is not \"start,end,CC\"",
                                number);
        }
        if (place_key_compare(first, last) > 0) {
            return why_set_line(why, SK_BAD, number, "line %zu ends before it begins",
                                number);
        }
        if (any && place_key_compare(first, before) <= 0) {
            return why_set_line(
                why, SK_BAD, number,
                "line %zu begins before the one above it ends: ranges must ascend", number);
        }
        before = last;
        any = true;
        if (v4) {
            add4(&table->r4, first, last, country);
        } else {
            add6(table, first, last, country);
        }
    }
    return SK_OK;
}

enum sk_code
place_read_ranges4(struct arena *arena, struct bytes text, struct place_table *table,
                   struct why *why)
{
    return read_ranges(arena, text, true, table, why);
}

enum sk_code
place_read_ranges6(struct arena *arena, struct bytes text, struct place_table *table,
                   struct why *why)
{
    return read_ranges(arena, text, false, table, why);
}

struct range {
    struct place_key first, last;
};

static int
compare_ranges(const void *a, const void *b)
{
    return place_key_compare(((const struct range *)a)->first,
                             ((const struct range *)b)->first);
}

/* Sorts, and joins what overlaps or touches. */
static size_t
join(struct range *ranges, size_t count)
{
    size_t kept = 0;

    qsort(ranges, count, sizeof *ranges, compare_ranges);
    for (size_t i = 0; i < count; i++) {
        struct range *top = kept > 0 ? &ranges[kept - 1] : NULL;
        struct place_key next = top != NULL ? top->last : (struct place_key){0, 0};
        next.low++;
        next.high += next.low == 0;
        bool wrapped = next.high == 0 && next.low == 0;
        if (top == NULL || (!wrapped && place_key_compare(ranges[i].first, next) > 0)) {
            ranges[kept++] = ranges[i];
        } else if (place_key_compare(top->last, ranges[i].last) < 0) {
            top->last = ranges[i].last;
        }
    }
    return kept;
}

static struct range
range_of(const struct net_prefix *prefix)
{
    struct place_key first = place_key_of(prefix->address.bytes), last;
    unsigned bits = prefix->bits;
    uint64_t high = bits >= 64 ? 0 : UINT64_MAX >> bits,
             low = bits >= 128  ? 0
                   : bits <= 64 ? UINT64_MAX
                                : UINT64_MAX >> (bits - 64);

    first.high &= ~high;
    first.low &= ~low;
    last = (struct place_key){first.high | high, first.low | low};
    return (struct range){first, last};
}

enum sk_code
place_read_list(struct arena *arena, struct bytes text, struct place_table *table,
                struct why *why)
{
    size_t lines = line_count(text), number = 0, count4 = 0, count6 = 0;
    struct bytes line;

    if (lines > LIMIT_PLACE_RANGES) {
        return why_set(why, SK_LIMIT, "more than %d lines", LIMIT_PLACE_RANGES);
    }
    struct range *v4 = ARENA_NEW_MANY(arena, lines, struct range),
                 *v6 = ARENA_NEW_MANY(arena, lines, struct range);
    while (bytes_line(&text, &line)) {
        struct bytes value = line_value(line);
        struct net_prefix prefix;
        number++;
        if (value.size == 0) {
            continue;
        }
        if (!net_prefix_read(value, &prefix)) {
            return why_set_line(why, SK_BAD, number, "line %zu is no address and no prefix",
                                number);
        }
        if (net_address_is_ip4(&prefix.address) && prefix.bits >= 96) {
            v4[count4++] = range_of(&prefix);
        } else {
            v6[count6++] = range_of(&prefix);
        }
    }
    count4 = join(v4, count4);
    count6 = join(v6, count6);
    GROW(arena, &table->r4, count4);
    GROW(arena, &table->r6, count6);
    GROW(arena, &table->r16, count6);
    for (size_t i = 0; i < count4; i++) {
        add4(&table->r4, v4[i].first, v4[i].last, 0);
    }
    for (size_t i = 0; i < count6; i++) {
        add6(table, v6[i].first, v6[i].last, 0);
    }
    return SK_OK;
}

#define MAKE_STEPS(arena, r, type)                                                         \
    do {                                                                                   \
        (r)->steps = ARENA_NEW_MANY((arena), place_step_count((r)->count), type);          \
        for (size_t i_ = 0; i_ < (r)->count; i_ += PLACE_STEP) {                           \
            (r)->steps[i_ / PLACE_STEP] = (r)->first[i_];                                  \
        }                                                                                  \
    } while (0)

void
place_table_finish(struct arena *arena, struct place_table *table)
{
    MAKE_STEPS(arena, &table->r4, uint32_t);
    MAKE_STEPS(arena, &table->r6, uint64_t);
    MAKE_STEPS(arena, &table->r16, struct place_key);
}
