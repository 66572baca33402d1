#include "record/campaigns.h"

#include <endian.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "judge/marks.h"
#include "record/campaigns_private.h"
#include "record/ledger.h"
#include "record/retention.h"

#define SEED_FILE "campaigns.seed"

_Static_assert(sizeof(struct campaigns_key) == 32, "as the file has it");

static uint32_t
hour_of(int64_t time_ms)
{
    return time_ms > 0 ? (uint32_t)(time_ms / 3600000) & 0xffffff : 0;
}

/* Keys: sets of a few slots; the one whose message is the oldest gives way. */

static struct campaigns_key *
key_set(const struct campaigns *c, uint64_t key)
{
    return c->keys + hash_mix(key) % (CAMPAIGNS_KEYS / CAMPAIGNS_WAYS) * CAMPAIGNS_WAYS;
}

static uint64_t
key_campaign(const struct campaigns *c, uint64_t key)
{
    const struct campaigns_key *set = key_set(c, key);

    for (size_t i = 0; i < CAMPAIGNS_WAYS; i++) {
        if (set[i].key == key && set[i].campaign != 0) {
            return set[i].campaign;
        }
    }
    return 0;
}

static void
key_put(struct campaigns *c, uint64_t key, uint64_t campaign, uint64_t number)
{
    struct campaigns_key *set = key_set(c, key), *to = set;

    for (size_t i = 0; i < CAMPAIGNS_WAYS; i++) {
        if (set[i].key == key && set[i].campaign != 0) {
            to = &set[i];
            break;
        }
        to = set[i].number < to->number ? &set[i] : to;
    }
    *to = (struct campaigns_key){.key = key, .campaign = campaign, .number = number};
}

/* One message. */

static void
put(struct campaigns *c, uint64_t number, uint64_t campaign, int64_t time_ms,
    const struct marks *marks)
{
    struct campaign_member member = {
        .number = number, .campaign = campaign, .hour = hour_of(time_ms)};

    if (!campaign_index_put(&c->index, &marks->minhash, &member)) {
        return;
    }
    for (size_t i = 0; i < marks->key_count; i++) {
        key_put(c, marks->keys[i].key, campaign, number);
    }
    c->changed = true;
}

static uint64_t
campaign_of(const struct campaigns *c, const struct marks *marks)
{
    struct campaign_near near[CAMPAIGN_NEAR_MAX];
    size_t count = campaign_index_probe(&c->index, &marks->minhash, CAMPAIGN_LEAST, near);

    if (count > 0 && near[0].similarity >= CAMPAIGNS_SURE) {
        return near[0].campaign;
    }
    for (size_t i = 0; i < marks->key_count; i++) {
        uint64_t campaign = marks->keys[i].joins ? key_campaign(c, marks->keys[i].key) : 0;
        if (campaign != 0) {
            return campaign;
        }
    }
    for (size_t n = 0; n < count; n++) {
        for (size_t i = 0; i < marks->key_count; i++) {
            if (key_campaign(c, marks->keys[i].key) == near[n].campaign) {
                return near[n].campaign;
            }
        }
    }
    return 0;
}

static bool
read_marks(struct arena *arena, const struct record_row *row, struct marks *marks_r)
{
    return row->signature.size > 0 &&
           marks_parse(arena, row->signature, row->keys, marks_r) == SK_OK &&
           marks_r->minhash.shingle_count > 0;
}

static uint64_t
told_campaign(const struct record_row *row)
{
    uint64_t campaign;

    return bytes_to_number(row->event.campaign, CAMPAIGN_MAX, &campaign) ? campaign : 0;
}

uint64_t
campaigns_mark(void *context, uint64_t index, const struct record_row *row)
{
    struct campaigns *c = context;
    struct arena arena;
    struct marks marks;
    uint64_t campaign = 0;

    arena_init(&arena, 1u << 20);
    if (index > 0 && index < CAMPAIGN_MAX && read_marks(&arena, row, &marks)) {
        campaign = told_campaign(row);
        campaign = campaign != 0 ? campaign : campaign_of(c, &marks);
        campaign = campaign != 0 ? campaign : index;
        put(c, index + 1, campaign, row->event.time_ms, &marks);
    }
    arena_release(&arena);
    return campaign;
}

void
campaigns_dropped(void *context, uint64_t from)
{
    struct campaigns *c = context;

    campaign_index_drop(&c->index, from + 1);
    for (size_t i = 0; i < CAMPAIGNS_KEYS; i++) {
        if (c->keys[i].number > from) {
            c->keys[i] = (struct campaigns_key){0};
        }
    }
}

/* Forgetting: in memory, and in the files at the same place. */

static void
overwrite(const struct campaigns *c, off_t at, size_t size)
{
    static const uint8_t nothing[CAMPAIGN_RECORD_SIZE];
    const int files[] = {c->file, c->saving.file};

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (files[i] >= 0) {
            /* Where the disk refuses, the next saving leaves it out. */
            (void)!pwrite(files[i], nothing, size, at);
        }
    }
}

static int
by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void
forget(struct campaigns *c, struct bytes record)
{
    struct retention_order order;
    struct arena arena;

    arena_init(&arena, (size_t)256 << 20);
    if (retention_order_read(&arena, record, &order) != SK_OK) {
        arena_release(&arena);
        return;
    }
    for (size_t i = 0; i < order.count; i++) {
        size_t at = campaign_index_forget(&c->index, order.indices[i] + 1);
        if (at > 0) { /* the number stays: by it the others are found */
            overwrite(c, (off_t)(CAMPAIGNS_HEAD + at + sizeof(uint64_t)),
                      CAMPAIGN_RECORD_SIZE - sizeof(uint64_t));
        }
    }
    for (size_t i = 0; i < CAMPAIGNS_KEYS; i++) {
        uint64_t entry = c->keys[i].number - 1;
        if (c->keys[i].number > 0 &&
            bsearch(&entry, order.indices, order.count, sizeof entry, by_number) != NULL) {
            c->keys[i] = (struct campaigns_key){0};
            overwrite(c, (off_t)(CAMPAIGNS_HEAD + c->index_size + i * sizeof c->keys[0]),
                      sizeof c->keys[0]);
        }
    }
    c->changed = true;
    arena_release(&arena);
}

/* People's decisions. */

static void
move_all(struct campaigns *c, uint64_t from, uint64_t to)
{
    (void)campaign_index_move(&c->index, from, to);
    for (size_t i = 0; i < CAMPAIGNS_KEYS && to != 0 && to <= CAMPAIGN_MAX; i++) {
        if (c->keys[i].campaign == from && from != 0) {
            c->keys[i].campaign = to;
        }
    }
    c->changed = true;
}

static void
split(struct campaigns *c, uint64_t index, uint64_t from, const json_t *entries)
{
    struct campaign_member member;
    size_t i;
    json_t *entry;

    json_array_foreach(entries, i, entry)
    {
        uint64_t number = (uint64_t)json_integer_value(entry) + 1;
        if (!campaign_index_find(&c->index, number, &member) || member.campaign != from) {
            continue;
        }
        (void)campaign_index_set(&c->index, number, index);
        for (size_t k = 0; k < CAMPAIGNS_KEYS; k++) {
            if (c->keys[k].number == number) {
                c->keys[k].campaign = index;
            }
        }
    }
    c->changed = true;
}

static void
decide(struct campaigns *c, uint64_t index, struct bytes record)
{
    json_t *json = json_loadb((const char *)record.at, record.size, JSON_ALLOW_NUL, NULL);
    json_int_t from = json_integer_value(json_object_get(json, "from")),
               to = json_integer_value(json_object_get(json, "to"));
    const json_t *entries = json_object_get(json, "entries");

    if (from > 0 && to > 0) {
        move_all(c, (uint64_t)from, (uint64_t)to);
    } else if (from > 0 && json_is_array(entries)) {
        split(c, index, (uint64_t)from, entries);
    }
    json_decref(json);
}

static void
take_entry(void *context, uint64_t index, struct bytes record)
{
    struct campaigns *c = context;
    struct record_row row;
    struct arena arena;
    struct marks marks;

    c->known = index + 1;
    if (bytes_starts(record, BYTES("{\"v\":1,\"kind\":\"purge\""))) {
        forget(c, record);
        return;
    }
    if (bytes_starts(record, BYTES("{\"v\":1,\"kind\":\"campaign."))) {
        decide(c, index, record);
        return;
    }
    if (index + 1 <= campaign_index_last(&c->index) || index < c->since) {
        return; /* put when it was marked */
    }
    arena_init(&arena, (size_t)64 << 20);
    if (record_read(&arena, record, &row) == SK_OK && told_campaign(&row) != 0 &&
        read_marks(&arena, &row, &marks)) {
        put(c, index + 1, told_campaign(&row), row.event.time_ms, &marks);
    }
    arena_release(&arena);
}

/* The secret: "HEX SINCE", since which entry marks are made with it. */
static enum sk_code
read_seed(struct campaigns *c, uint64_t entries, struct why *why)
{
    struct arena arena;
    struct bytes text, hex, key;
    struct writer w;
    struct why said;

    arena_init(&arena, 1u << 16);
    c->seed = 0;
    if (ledger_read_file(&arena, c->folder, SEED_FILE, 100, &text, &said) == SK_OK) {
        text = bytes_trim(text);
        if (bytes_split(&text, ' ', &hex) && hex.size == 16 &&
            bytes_to_number(text, UINT64_MAX, &c->since)) {
            for (size_t i = 0; i < hex.size && ascii_hex(hex.at[i]) >= 0; i++) {
                c->seed = c->seed << 4 | (uint64_t)ascii_hex(hex.at[i]);
            }
        }
    }
    enum sk_code code = SK_OK;
    if (c->seed == 0 || c->since > entries) {
        while (c->seed == 0) {
            hash_random(&c->seed, sizeof c->seed);
        }
        c->since = entries;
        writer_init(&w, &arena);
        key = bytes_of((const uint8_t *)&(uint64_t){htobe64(c->seed)}, sizeof c->seed);
        writer_bytes(&w, bytes_hex(&arena, key));
        writer_format(&w, " %llu\n", (unsigned long long)c->since);
        code = ledger_write_file(c->folder, SEED_FILE, writer_view(&w), 0600, why);
    }
    arena_release(&arena);
    return code;
}

static enum sk_code
load(void *context, struct bytes text, struct why *why)
{
    struct campaigns *c = context;

    c->known = c->since;
    if (campaigns_file_read(c)) {
        return SK_OK;
    }
    c->known = c->since;
    memset(c->memory, 0, c->index_size);
    memset(c->keys, 0, CAMPAIGNS_KEYS * sizeof *c->keys);
    return campaign_index_make(c->memory, c->index_size, c->capacity, c->seed, &c->index) ==
                   SK_OK
               ? SK_OK
               : why_set(why, SK_LIMIT, "no index of campaigns of that size");
}

static uint64_t
known(void *context)
{
    return ((const struct campaigns *)context)->known;
}

enum sk_code
campaigns_open(struct arena *arena, int folder, size_t capacity, uint64_t entries,
               struct campaigns **campaigns_r, struct why *why)
{
    struct campaigns *c = ARENA_NEW(arena, struct campaigns);

    *c = (struct campaigns){.folder = folder,
                            .capacity = capacity,
                            .index_size = campaign_index_size(capacity),
                            .entries = entries,
                            .file = -1,
                            .saving.file = -1,
                            .saved_ms = clock_monotonic_ms()};
    c->book = (struct book){.name = "campaigns",
                            .kind = "content|purge|campaign",
                            .load = load,
                            .entry = take_entry,
                            .known = known,
                            .context = c};
    c->memory_size = c->index_size + CAMPAIGNS_KEYS * sizeof *c->keys;
    void *memory = mmap(NULL, c->memory_size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (c->index_size == 0 || memory == MAP_FAILED) {
        return why_set(why, SK_SYSTEM, "no memory for %zu signatures of campaigns",
                       capacity);
    }
    c->memory = memory;
    c->keys = (struct campaigns_key *)(void *)(c->memory + c->index_size);
    *campaigns_r = c;
    return read_seed(c, entries, why);
}

void
campaigns_close(struct campaigns *c)
{
    struct why why;

    if (c == NULL) {
        return;
    }
    if (c->changed || c->saving.file >= 0) {
        while (campaigns_tick(c, true, &why) == SK_MORE) {
        }
    }
    if (c->file >= 0) {
        close(c->file);
    }
    munmap(c->memory, c->memory_size);
}

struct book *
campaigns_book(struct campaigns *c)
{
    return &c->book;
}

uint64_t
campaigns_seed(const struct campaigns *c)
{
    return c->seed;
}

size_t
campaigns_held(const struct campaigns *c)
{
    return campaign_index_held(&c->index);
}

bool
campaigns_has(const struct campaigns *c, uint64_t entry, uint64_t campaign)
{
    struct campaign_member member;

    return campaign_index_find(&c->index, entry + 1, &member) &&
           member.campaign == campaign;
}

size_t
campaigns_size(const struct campaigns *c, uint64_t campaign)
{
    struct campaign_member member;
    size_t count = 0;

    for (size_t i = 0; i < campaign_index_held(&c->index); i++) {
        count += campaign_index_member(&c->index, i, &member) &&
                 member.campaign == campaign && campaign != 0;
    }
    return count;
}
