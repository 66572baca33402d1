#include "judge/campaign.h"

#include "base/hash.h"
#include "base/limits.h"

#define HEAD_SIZE    4096u
#define RECORD_WORDS 6u
#define PACKED_WORDS 4u /* 128 places of two bits */
#define SLOT_BITS    20u
#define SLOT_MASK    ((UINT64_C(1) << SLOT_BITS) - 1)
#define SLOTS_A_WORD 3u
#define BAND_PLACES  3u
#define VERSION      2u
#define HOUR_SHIFT   40u

enum { RECORD_STAMP, RECORD_CAMPAIGN, RECORD_PACKED };

struct campaign_head {
    uint8_t magic[8];
    uint64_t version, capacity, seed;
    uint64_t put_count; /* signatures ever put */
};

static const uint8_t magic[8] = {'s', 'k', 'c', 'a', 'm', 'p', '\n', 0};

_Static_assert(LIMIT_CAMPAIGN_SIGNATURES < (1u << SLOT_BITS), "an index fits into a slot");
_Static_assert(CAMPAIGN_BANDS *BAND_PLACES <= MINHASH_COUNT, "bands are made of places");
_Static_assert(PACKED_WORDS * 32 == MINHASH_COUNT, "two bits a place");

/* What writer and readers share is read and written whole. */
static uint64_t
load(const uint64_t *at)
{
    return __atomic_load_n(at, __ATOMIC_RELAXED);
}

static void
store(uint64_t *at, uint64_t value)
{
    __atomic_store_n(at, value, __ATOMIC_RELAXED);
}

static size_t
band_words(size_t capacity)
{
    return capacity * 33 / 100 + 1;
}

size_t
campaign_index_size(size_t capacity)
{
    if (capacity == 0 || capacity > LIMIT_CAMPAIGN_SIGNATURES) {
        return 0;
    }
    return HEAD_SIZE + capacity * RECORD_WORDS * sizeof(uint64_t) +
           CAMPAIGN_BANDS * band_words(capacity) * sizeof(uint64_t);
}

static void
lay_out(void *at, size_t capacity, struct campaign_index *index)
{
    uint64_t *words = at;

    index->head = at;
    index->records = words + HEAD_SIZE / sizeof *words;
    index->bands = index->records + capacity * RECORD_WORDS;
    index->capacity = capacity;
    index->band_words = band_words(capacity);
}

enum sk_code
campaign_index_make(void *at, size_t size, size_t capacity, uint64_t seed,
                    struct campaign_index *index_r)
{
    size_t want = campaign_index_size(capacity);

    if (want == 0) {
        return SK_LIMIT;
    }
    if (size != want) {
        return SK_BAD;
    }
    lay_out(at, capacity, index_r);
    index_r->head->version = VERSION;
    index_r->head->capacity = capacity;
    index_r->head->seed = seed;
    memcpy(index_r->head->magic, magic, sizeof magic);
    return SK_OK;
}

enum sk_code
campaign_index_open(void *at, size_t size, struct campaign_index *index_r)
{
    const struct campaign_head *head = at;

    if (size < HEAD_SIZE || memcmp(head->magic, magic, sizeof magic) != 0 ||
        head->version != VERSION || head->capacity > LIMIT_CAMPAIGN_SIGNATURES ||
        head->capacity == 0 || size != campaign_index_size(head->capacity)) {
        return SK_BAD;
    }
    lay_out(at, head->capacity, index_r);
    return SK_OK;
}

uint64_t
campaign_index_count(const struct campaign_index *index)
{
    return load(&index->head->put_count);
}

uint64_t
campaign_index_seed(const struct campaign_index *index)
{
    return index->head->seed;
}

/* Two bits of each place, the first place lowest. */
static void
pack(const struct minhash *minhash, uint64_t packed_r[PACKED_WORDS])
{
    for (size_t i = 0; i < PACKED_WORDS; i++) {
        packed_r[i] = 0;
        for (size_t k = 0; k < 32; k++) {
            packed_r[i] |= (uint64_t)(minhash->at[i * 32 + k] & 3) << (2 * k);
        }
    }
}

/* Unlike places agree in one of four cases: 32 of 128. */
static unsigned
similarity(const uint64_t a[PACKED_WORDS], const uint64_t b[PACKED_WORDS])
{
    unsigned unlike = 0;

    for (size_t i = 0; i < PACKED_WORDS; i++) {
        uint64_t x = a[i] ^ b[i];
        unlike += (unsigned)__builtin_popcountll((x | x >> 1) & 0x5555555555555555u);
    }
    return unlike >= 96 ? 0 : (96 - unlike) * 1000 / 96;
}

/* The word of a band's slot, and the slot's place in it. */
static uint64_t *
slot_of(const struct campaign_index *index, const struct minhash *minhash, size_t band,
        unsigned *shift_r)
{
    const uint32_t *at = minhash->at + band * BAND_PLACES;
    uint64_t key = hash_mix(((uint64_t)at[0] << 32 | at[1]) ^ hash_mix(at[2] + 1u));
    uint64_t slot = (key >> 32) * (index->band_words * SLOTS_A_WORD) >> 32;

    *shift_r = (unsigned)(slot % SLOTS_A_WORD) * SLOT_BITS;
    return index->bands + band * index->band_words + slot / SLOTS_A_WORD;
}

/* The record of the n-th mail by age, of those that are held. */
static uint64_t *
record_at(const struct campaign_index *index, size_t nth)
{
    uint64_t count = campaign_index_count(index);
    size_t first = count > index->capacity ? (size_t)(count % index->capacity) : 0;

    return index->records + (first + nth) % index->capacity * RECORD_WORDS;
}

size_t
campaign_index_held(const struct campaign_index *index)
{
    uint64_t count = campaign_index_count(index);

    return count < index->capacity ? (size_t)count : index->capacity;
}

uint64_t
campaign_index_last(const struct campaign_index *index)
{
    size_t held = campaign_index_held(index);

    return held == 0 ? 0 : load(&record_at(index, held - 1)[RECORD_STAMP]);
}

/* Numbers rise by age; a record whose writing was taken back has 0 and is among the oldest. */
static uint64_t *
find_record(const struct campaign_index *index, uint64_t number)
{
    size_t low = 0, high = campaign_index_held(index);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (load(&record_at(index, middle)[RECORD_STAMP]) < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (number == 0 || low == campaign_index_held(index)) {
        return NULL;
    }
    uint64_t *record = record_at(index, low);
    return load(&record[RECORD_STAMP]) == number && load(&record[RECORD_CAMPAIGN]) != 0
               ? record
               : NULL;
}

static bool
member_of(const uint64_t *record, struct campaign_member *member_r)
{
    uint64_t word = load(&record[RECORD_CAMPAIGN]);

    *member_r = (struct campaign_member){.number = load(&record[RECORD_STAMP]),
                                         .campaign = word & CAMPAIGN_MAX,
                                         .hour = (uint32_t)(word >> HOUR_SHIFT)};
    return member_r->number != 0 && member_r->campaign != 0;
}

bool
campaign_index_member(const struct campaign_index *index, size_t at,
                      struct campaign_member *member_r)
{
    return member_of(record_at(index, at), member_r);
}

bool
campaign_index_find(const struct campaign_index *index, uint64_t number,
                    struct campaign_member *member_r)
{
    const uint64_t *record = find_record(index, number);

    return record != NULL && member_of(record, member_r);
}

bool
campaign_index_put(struct campaign_index *index, const struct minhash *minhash,
                   const struct campaign_member *member)
{
    uint64_t count = campaign_index_count(index), packed[PACKED_WORDS];
    size_t at = (size_t)(count % index->capacity);
    uint64_t *record = index->records + at * RECORD_WORDS;
    uint64_t *words[CAMPAIGN_BANDS];
    unsigned shifts[CAMPAIGN_BANDS];

    if (minhash->shingle_count == 0 || member->campaign == 0 ||
        member->campaign > CAMPAIGN_MAX || member->number <= campaign_index_last(index)) {
        return false;
    }
    for (size_t i = 0; i < CAMPAIGN_BANDS; i++) {
        words[i] = slot_of(index, minhash, i, &shifts[i]);
        __builtin_prefetch(words[i], 1);
    }
    pack(minhash, packed);
    store(&record[RECORD_STAMP], 0);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    store(&record[RECORD_CAMPAIGN], member->campaign | (uint64_t)(member->hour & 0xffffff)
                                                           << HOUR_SHIFT);
    for (size_t i = 0; i < PACKED_WORDS; i++) {
        store(&record[RECORD_PACKED + i], packed[i]);
    }
    __atomic_store_n(&record[RECORD_STAMP], member->number, __ATOMIC_RELEASE);
    for (size_t i = 0; i < CAMPAIGN_BANDS; i++) {
        uint64_t word = load(words[i]) & ~(SLOT_MASK << shifts[i]);
        store(words[i], word | (uint64_t)(at + 1) << shifts[i]);
    }
    store(&index->head->put_count, count + 1);
    return true;
}

/* false where nothing stands, or where the writer came in between. */
static bool
read_record(const struct campaign_index *index, size_t at,
            const uint64_t packed[PACKED_WORDS], struct campaign_near *near_r)
{
    const uint64_t *record = index->records + at * RECORD_WORDS;
    uint64_t stamp = __atomic_load_n(&record[RECORD_STAMP], __ATOMIC_ACQUIRE);
    uint64_t other[PACKED_WORDS];

    near_r->campaign = load(&record[RECORD_CAMPAIGN]) & CAMPAIGN_MAX;
    for (size_t i = 0; i < PACKED_WORDS; i++) {
        other[i] = load(&record[RECORD_PACKED + i]);
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (stamp == 0 || load(&record[RECORD_STAMP]) != stamp || near_r->campaign == 0) {
        return false;
    }
    near_r->number = stamp;
    near_r->similarity = similarity(packed, other);
    return true;
}

static bool
is_nearer(const struct campaign_near *a, const struct campaign_near *b)
{
    return a->similarity > b->similarity ||
           (a->similarity == b->similarity && a->number > b->number);
}

/* Keeps the list in order, with one entry for each campaign. */
static size_t
keep(struct campaign_near *list, size_t count, const struct campaign_near *one)
{
    size_t at = 0;

    while (at < count && list[at].campaign != one->campaign) {
        at++;
    }
    if (at < count && !is_nearer(one, &list[at])) {
        return count;
    }
    if (at == count && count == CAMPAIGN_NEAR_MAX) {
        if (!is_nearer(one, &list[--at])) {
            return count;
        }
    } else if (at == count) {
        count++;
    }
    for (; at > 0 && is_nearer(one, &list[at - 1]); at--) {
        list[at] = list[at - 1];
    }
    list[at] = *one;
    return count;
}

size_t
campaign_index_probe(const struct campaign_index *index, const struct minhash *minhash,
                     unsigned least, struct campaign_near near_r[CAMPAIGN_NEAR_MAX])
{
    const uint64_t *words[CAMPAIGN_BANDS];
    unsigned shifts[CAMPAIGN_BANDS];
    uint64_t slots[CAMPAIGN_BANDS], packed[PACKED_WORDS];
    size_t slot_count = 0, count = 0;

    if (minhash->shingle_count == 0) {
        return 0;
    }
    /* Memory is what costs: all words are asked for before the first is needed, then all records. */
    for (size_t i = 0; i < CAMPAIGN_BANDS; i++) {
        words[i] = slot_of(index, minhash, i, &shifts[i]);
        __builtin_prefetch(words[i]);
    }
    pack(minhash, packed);
    for (size_t i = 0; i < CAMPAIGN_BANDS; i++) {
        uint64_t slot = load(words[i]) >> shifts[i] & SLOT_MASK;
        size_t k = 0;
        while (k < slot_count && slots[k] != slot) {
            k++;
        }
        if (slot == 0 || slot > index->capacity || k < slot_count) {
            continue;
        }
        slots[slot_count++] = slot;
        __builtin_prefetch(index->records + (slot - 1) * RECORD_WORDS);
    }
    least = least < CAMPAIGN_LEAST ? CAMPAIGN_LEAST : least;
    for (size_t i = 0; i < slot_count; i++) {
        struct campaign_near one;
        if (read_record(index, slots[i] - 1, packed, &one) && one.similarity >= least) {
            count = keep(near_r, count, &one);
        }
    }
    return count;
}

static void
set_campaign(uint64_t *record, uint64_t campaign)
{
    uint64_t hour = load(&record[RECORD_CAMPAIGN]) >> HOUR_SHIFT << HOUR_SHIFT;

    store(&record[RECORD_CAMPAIGN], campaign | hour);
}

size_t
campaign_index_move(struct campaign_index *index, uint64_t from, uint64_t to)
{
    size_t moved = 0;

    if (from == 0 || to == 0 || to > CAMPAIGN_MAX) {
        return 0;
    }
    for (size_t i = 0; i < index->capacity; i++) {
        uint64_t *record = index->records + i * RECORD_WORDS;
        if ((load(&record[RECORD_CAMPAIGN]) & CAMPAIGN_MAX) == from &&
            load(&record[RECORD_STAMP]) != 0) {
            set_campaign(record, to);
            moved++;
        }
    }
    return moved;
}

bool
campaign_index_set(struct campaign_index *index, uint64_t number, uint64_t campaign)
{
    uint64_t *record =
        campaign == 0 || campaign > CAMPAIGN_MAX ? NULL : find_record(index, number);

    if (record != NULL) {
        set_campaign(record, campaign);
    }
    return record != NULL;
}

static void
empty_record(uint64_t *record)
{
    for (size_t i = RECORD_CAMPAIGN; i < RECORD_WORDS; i++) {
        store(&record[i], 0);
    }
}

size_t
campaign_index_forget(struct campaign_index *index, uint64_t number)
{
    uint64_t *record = find_record(index, number);

    if (record == NULL) {
        return 0;
    }
    empty_record(record);
    return (size_t)((const uint8_t *)record - (const uint8_t *)index->head);
}

void
campaign_index_drop(struct campaign_index *index, uint64_t from)
{
    uint64_t count = campaign_index_count(index);

    while (count > 0 && from > 0 && campaign_index_last(index) >= from) {
        uint64_t *record =
            index->records + (size_t)((count - 1) % index->capacity) * RECORD_WORDS;
        store(&record[RECORD_STAMP], 0);
        empty_record(record);
        store(&index->head->put_count, --count);
    }
}

enum sk_code
campaign_index_cut(struct campaign_index *index, uint64_t count, uint64_t last)
{
    uint64_t before = 0;

    for (size_t i = 0; i < index->capacity; i++) {
        uint64_t *record = index->records + i * RECORD_WORDS;
        if (load(&record[RECORD_STAMP]) > last) { /* put while the copy was made */
            store(&record[RECORD_STAMP], 0);
            empty_record(record);
        }
    }
    store(&index->head->put_count, count);
    for (size_t i = 0; i < campaign_index_held(index); i++) {
        uint64_t number = load(&record_at(index, i)[RECORD_STAMP]);
        if (number <= before && (number != 0 || before != 0)) {
            return SK_BAD;
        }
        before = number;
    }
    return SK_OK;
}
