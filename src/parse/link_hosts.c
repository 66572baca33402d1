#include "parse/link_hosts.h"

#include "base/limits.h"
#include "base/writer.h"
#include "parse/domain.h"
#include "parse/embedded_private.h"
#include "parse/letter.h"
#include "parse/links.h"

#define SLOT_COUNT (1u << 13) /* more than LIMIT_LINK_HOSTS */
#define MEMORY     (64u << 20)
/* Labels of a host that are looked at for a known name. */
#define LABELS_MOST 12

_Static_assert(SLOT_COUNT > LIMIT_LINK_HOSTS, "the tables below are never full");

struct row {
    struct bytes name; /* shorteners and redirectors: the host; known names: as written */
    struct bytes path;
    struct bytes key; /* what it is found by */
    unsigned flag;
};

struct slots {
    struct row *rows[SLOT_COUNT];
};

struct table {
    struct slots hosts, skeletons, known; /* known: by name, hyphens as dots */
    size_t count;
};

static struct arena memory;
static struct table *present;
static unsigned turns;

/* From the last byte on, so that the hash of a host goes through those of the hosts above it. */
#define HASH_START 2166136261u

static inline unsigned
hash_on(unsigned hash, uint8_t c)
{
    return (hash ^ c) * 16777619u;
}

static inline unsigned
slot_of_hash(unsigned hash)
{
    return (hash ^ hash >> 15) % SLOT_COUNT;
}

static unsigned
slot_of(struct bytes key)
{
    unsigned hash = HASH_START;

    for (size_t i = key.size; i > 0; i--) {
        hash = hash_on(hash, key.at[i - 1]);
    }
    return slot_of_hash(hash);
}

static void
put_row(struct slots *slots, struct row *row)
{
    unsigned slot = slot_of(row->key);

    while (slots->rows[slot] != NULL) {
        slot = (slot + 1) % SLOT_COUNT;
    }
    slots->rows[slot] = row;
}

/* The next row of that key from *slot on; NULL after the last. *slot is slot_of(key) at first. */
static const struct row *
next_row(const struct slots *slots, struct bytes key, unsigned *slot)
{
    for (; slots->rows[*slot] != NULL; *slot = (*slot + 1) % SLOT_COUNT) {
        const struct row *row = slots->rows[*slot];
        if (bytes_equal(row->key, key)) {
            *slot = (*slot + 1) % SLOT_COUNT;
            return row;
        }
    }
    return NULL;
}

static struct bytes
dotted(struct arena *arena, struct bytes name)
{
    uint8_t *out = arena_take_bytes(arena, name.size);

    for (size_t i = 0; i < name.size; i++) {
        out[i] = name.at[i] == '-' ? '.' : name.at[i];
    }
    return bytes_of(out, name.size);
}

static bool
read_row(struct arena *arena, struct bytes line, struct table *table)
{
    struct bytes kind, name, rest = line;

    if (!bytes_split(&rest, '\t', &kind) || !bytes_split(&rest, '\t', &name) ||
        name.size == 0 || name.size > LIMIT_DOMAIN || table->count == LIMIT_LINK_HOSTS) {
        return false;
    }
    struct row *row = ARENA_NEW(arena, struct row);
    size_t slash = bytes_find_byte(name, '/', 0);
    row->name = bytes_lower(arena, bytes_slice(name, 0, slash));
    row->path =
        slash == BYTES_NOWHERE ? BYTES_NONE : bytes_copy(arena, bytes_from(name, slash));
    row->key = row->name;
    if (row->name.size == 0 || bytes_find_byte(row->name, '.', 0) == BYTES_NOWHERE) {
        return false;
    }
    table->count++;
    if (bytes_is(kind, "shortener") || bytes_is(kind, "redirector")) {
        row->flag = bytes_is(kind, "shortener") ? LINK_SHORTENER : LINK_REDIRECTOR;
        put_row(&table->hosts, row);
        return true;
    }
    if (!bytes_is(kind, "known") || slash != BYTES_NOWHERE) {
        return false;
    }
    struct row *alike = ARENA_NEW(arena, struct row);
    *alike = *row;
    alike->key = link_skeleton(arena, row->name);
    put_row(&table->skeletons, alike);
    row->key = dotted(arena, row->name);
    put_row(&table->known, row);
    return true;
}

enum sk_code
link_hosts_use(struct bytes table_text, struct why *why)
{
    struct arena arena;
    struct bytes line, rest = table_text;
    size_t number = 0;

    arena_init(&arena, MEMORY);
    struct table *table = ARENA_NEW(&arena, struct table);
    while (bytes_line(&rest, &line)) {
        number++;
        if (line.size == 0 || line.at[0] == '#') {
            continue;
        }
        if (!read_row(&arena, line, table)) {
            arena_release(&arena);
            return why_set_line(why, SK_CONFIG, number,
                                "line %zu of the table of hosts is no row, or one more "
                                "than %d",
                                number, LIMIT_LINK_HOSTS);
        }
    }
    if (present != NULL) {
        arena_release(&memory);
    }
    memory = arena;
    present = table;
    turns++;
    return SK_OK;
}

unsigned
link_hosts_turns(void)
{
    return turns;
}

struct bytes
link_hosts_table(void)
{
    return bytes_of(parse_hosts_table, (size_t)(parse_hosts_table_end - parse_hosts_table));
}

static const struct table *
table_now(void)
{
    if (present == NULL) {
        enum sk_code code = link_hosts_use(link_hosts_table(), NULL);
        SK_ASSERT(code == SK_OK);
    }
    return present;
}

/* The first row of a host or one above it whose path the path begins with; NULL if there is none. Any row, where path is NULL. */
static const struct row *
row_over(struct bytes host, const struct bytes *path)
{
    const struct table *table = table_now();
    unsigned hash = HASH_START, slots[LABELS_MOST];
    size_t starts[LABELS_MOST], count = 0, i = host.size;

    /* Every row's name has a dot: the top level is not looked for. */
    for (; i > 0 && host.at[i - 1] != '.'; i--) {
        hash = hash_on(hash, host.at[i - 1]);
    }
    for (; i > 0 && count < LABELS_MOST - 1; i--) {
        hash = hash_on(hash, host.at[i - 1]);
        if (i == 1 || host.at[i - 2] == '.') {
            slots[count] = slot_of_hash(hash);
            starts[count++] = i - 1;
        }
    }
    while (count-- > 0) {
        const struct row *row;
        unsigned slot = slots[count];
        struct bytes above = bytes_from(host, starts[count]);
        while ((row = next_row(&table->hosts, above, &slot)) != NULL) {
            if (path == NULL || bytes_starts_fold(*path, row->path)) {
                return row;
            }
        }
    }
    return NULL;
}

unsigned
link_hosts_flags(struct bytes host, struct bytes path)
{
    const struct row *row = row_over(host, &path);

    return row == NULL ? 0 : row->flag;
}

bool
link_hosts_lists(struct bytes host)
{
    return row_over(host, NULL) != NULL;
}

struct bytes
link_hosts_like(struct bytes domain, struct bytes skeleton)
{
    const struct table *table = table_now();
    const struct row *row, *like = NULL;
    unsigned slot = slot_of(skeleton);

    while (skeleton.size > 0 &&
           (row = next_row(&table->skeletons, skeleton, &slot)) != NULL) {
        if (bytes_equal_fold(row->name, domain)) {
            return BYTES_NONE;
        }
        like = row;
    }
    return like == NULL ? BYTES_NONE : like->name;
}

struct bytes
link_hosts_within(struct bytes host, struct bytes domain)
{
    const struct table *table = table_now();
    uint8_t text[LIMIT_DOMAIN];
    size_t starts[LABELS_MOST + 1], count = 0;

    if (domain.size == 0 || host.size > sizeof text) {
        return BYTES_NONE;
    }
    /* A known name that ends in the host's public suffix is the name of a branch: yahoo.com in yahoo.com.au. */
    size_t label = bytes_find_byte(domain, '.', 0);
    size_t suffix = host.size - (label == BYTES_NOWHERE ? 0 : domain.size - label - 1);
    bool start = true;
    for (size_t i = 0; i < host.size && count < LABELS_MOST; i++) {
        text[i] = host.at[i] == '-' ? '.' : host.at[i];
        if (start) {
            starts[count++] = i;
        }
        start = text[i] == '.';
    }
    for (size_t from = 0; from + 2 < count; from++) {
        for (size_t to = from + 2; to < count; to++) {
            const struct bytes name =
                bytes_of(text + starts[from], starts[to] - 1 - starts[from]);
            unsigned slot = slot_of(name);
            const struct row *row = next_row(&table->known, name, &slot);
            if (row != NULL && starts[to] <= suffix &&
                !bytes_equal_fold(row->name, domain)) {
                return row->name;
            }
        }
    }
    return BYTES_NONE;
}
