#include "judge/campaign.h"

#include <math.h>
#include <pthread.h>
#include <sys/mman.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/tap.h"

/* A signature as of a text that nobody else wrote; like() makes one with so many of its places. */
static struct minhash
random_one(uint64_t seed)
{
    struct minhash m = {.shingle_count = 100};

    for (size_t i = 0; i < MINHASH_COUNT; i++) {
        m.at[i] = (uint32_t)hash_mix(hash_mix(seed) + i);
    }
    return m;
}

static struct minhash
like(uint64_t seed, uint64_t other, size_t same)
{
    struct minhash m = random_one(seed), n = random_one(other);
    uint64_t left = MINHASH_COUNT;

    /* which places: a fair choice of `same` of all */
    for (size_t i = 0; i < MINHASH_COUNT; i++, left--) {
        if (hash_mix(seed * 31 + other + i * 7919) % left < same) {
            same--;
        } else {
            m.at[i] = n.at[i];
        }
    }
    return m;
}

static void *
take_memory(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return at == MAP_FAILED ? NULL : at;
}

static struct campaign_index
make(size_t capacity, size_t *size_r)
{
    struct campaign_index index = {0};

    *size_r = campaign_index_size(capacity);
    void *at = take_memory(*size_r);
    tap_ok(at != NULL && campaign_index_make(at, *size_r, capacity, 42, &index) == SK_OK,
           "an index for %zu", capacity);
    return index;
}

/* With the next number; that number, 0 where it was not put. */
static uint64_t
put(struct campaign_index *index, const struct minhash *minhash, uint64_t campaign)
{
    struct campaign_member member = {.number = campaign_index_last(index) + 1,
                                     .campaign = campaign,
                                     .hour = (uint32_t)campaign};

    return campaign_index_put(index, minhash, &member) ? member.number : 0;
}

static void
test_put_and_probe(void)
{
    struct campaign_near near[CAMPAIGN_NEAR_MAX];
    size_t size;
    struct campaign_index index = make(10000, &size), again;
    struct minhash none = {0}, one = random_one(5);

    tap_ok(campaign_index_probe(&index, &one, 500, near) == 0, "an empty index knows none");
    tap_ok(put(&index, &none, 1) == 0 && put(&index, &one, 0) == 0 &&
               campaign_index_count(&index) == 0,
           "without words, or of no campaign, nothing is put");
    for (uint64_t i = 1; i <= 5000; i++) {
        struct minhash m = random_one(i);
        if (put(&index, &m, 1000 + i) != i) {
            tap_ok(false, "numbers rise: %zu", (size_t)i);
        }
    }
    size_t found = 0, wrong = 0;
    for (uint64_t i = 1; i <= 5000; i++) {
        struct minhash m = like(i, i + 1000000, 90);
        size_t count = campaign_index_probe(&index, &m, 500, near);
        found += count > 0 && near[0].campaign == 1000 + i && near[0].number == i;
        wrong += count > 1;
        m = random_one(i + 2000000);
        wrong += campaign_index_probe(&index, &m, 500, near);
    }
    tap_ok(found >= 4990, "of 5,000 with 90 of 128 places in common found: %zu", found);
    tap_ok(wrong == 0, "wrongly: %zu", wrong);
    tap_ok(campaign_index_open(index.head, size, &again) == SK_OK &&
               campaign_index_seed(&again) == 42 && campaign_index_count(&again) == 5000 &&
               campaign_index_probe(&again, &one, 900, near) == 1 &&
               near[0].campaign == 1005 && near[0].similarity == 1000,
           "opened again it knows the same");
    tap_ok(campaign_index_move(&index, 1005, 77) == 1 &&
               campaign_index_probe(&index, &one, 900, near) == 1 && near[0].campaign == 77,
           "moved to another campaign");
    struct campaign_member member;
    tap_ok(campaign_index_find(&index, 5, &member) && member.campaign == 77 &&
               member.hour == 1005 && campaign_index_set(&index, 5, 78) &&
               campaign_index_find(&index, 5, &member) && member.campaign == 78,
           "found and moved by its number");
    tap_ok(campaign_index_forget(&index, 5) == 4096 + 4 * CAMPAIGN_RECORD_SIZE &&
               campaign_index_probe(&index, &one, 300, near) == 0 &&
               !campaign_index_find(&index, 5, &member) &&
               campaign_index_forget(&index, 5) == 0 && !campaign_index_set(&index, 5, 1) &&
               campaign_index_move(&index, 77, 5) == 0 &&
               campaign_index_move(&index, 0, 5) == 0,
           "forgotten");
    tap_ok(campaign_index_find(&index, 4, &member) &&
               campaign_index_find(&index, 6, &member) &&
               !campaign_index_member(&index, 4, &member) &&
               campaign_index_member(&index, 5, &member) && member.number == 6,
           "its neighbours are there");
    member = (struct campaign_member){.number = 5000, .campaign = 1};
    bool ordered = !campaign_index_put(&index, &one, &member);
    member.number = 9000;
    member.campaign = CAMPAIGN_MAX + 1;
    tap_ok(ordered && !campaign_index_put(&index, &one, &member) &&
               put(&index, &one, CAMPAIGN_MAX) == 5001,
           "a number that does not rise is refused, and a campaign past the bound");
    munmap(index.head, size);
}

/* Nearest first, one answer a campaign, no more than there is room for. */
static void
test_order(void)
{
    struct campaign_near near[CAMPAIGN_NEAR_MAX];
    size_t size;
    struct campaign_index index = make(1000, &size);
    struct minhash one = random_one(1);

    for (uint64_t i = 0; i < 20; i++) {
        struct minhash m = like(1, 100 + i, 80 + 2 * i);
        (void)put(&index, &m, 1 + i);
    }
    size_t count = campaign_index_probe(&index, &one, 300, near);
    bool falls = true;
    for (size_t i = 1; i < count; i++) {
        falls = falls && near[i - 1].similarity >= near[i].similarity;
    }
    tap_ok(count > 2 && count <= CAMPAIGN_NEAR_MAX && falls && near[0].similarity > 900,
           "%zu answers, the nearest first (%u)", count, near[0].similarity);
    for (uint64_t i = 0; i < 5; i++) {
        (void)put(&index, &one, 500);
    }
    count = campaign_index_probe(&index, &one, 1000, near);
    tap_ok(count == 1 && near[0].campaign == 500 && near[0].number == 25,
           "of one campaign the newest of the nearest");
    munmap(index.head, size);
}

/* The estimate of two bits a place has no bias. */
static void
test_estimate(void)
{
    struct campaign_near near[CAMPAIGN_NEAR_MAX];
    size_t size;
    struct campaign_index index = make(100, &size);
    double sum = 0, squares = 0, count = 0;

    for (uint64_t i = 1; i <= 4000; i++) {
        struct minhash m = random_one(i), n = like(i, i + 9000000, 96);
        (void)put(&index, &m, i);
        if (campaign_index_probe(&index, &n, 300, near) > 0 && near[0].campaign == i) {
            double off = near[0].similarity / 1000.0 - 0.75;
            sum += off;
            squares += off * off;
            count++;
        }
    }
    tap_ok(count >= 3990 && fabs(sum / count) < 0.004, "index 0.75: %g found, bias %.4f",
           count, sum / count);
    tap_ok(sqrt(squares / count) < 0.05, "spread %.4f", sqrt(squares / count));
    munmap(index.head, size);
}

static void
test_bounds(void)
{
    struct campaign_near near[CAMPAIGN_NEAR_MAX];
    struct campaign_index index, other;
    size_t size;
    struct minhash first = random_one(1), second = random_one(2), last = random_one(1001);

    tap_ok(campaign_index_size(0) == 0 &&
               campaign_index_size(LIMIT_CAMPAIGN_SIGNATURES) > 0 &&
               campaign_index_size(LIMIT_CAMPAIGN_SIGNATURES + 1) == 0,
           "as many as allowed, not one more");
    size = campaign_index_size(LIMIT_CAMPAIGN_SIGNATURES);
    tap_ok(size <= 160000000, "a million signatures in %zu bytes", size);
    index = make(1000, &size);
    tap_ok(campaign_index_make(index.head, size - 8, 1000, 1, &other) == SK_BAD &&
               campaign_index_make(index.head, size, LIMIT_CAMPAIGN_SIGNATURES + 1, 1,
                                   &other) == SK_LIMIT &&
               campaign_index_open(index.head, size - 8, &other) == SK_BAD &&
               campaign_index_open(index.head, 8, &other) == SK_BAD,
           "another size is refused");
    for (uint64_t i = 1; i <= 1000; i++) {
        struct minhash m = random_one(i);
        (void)put(&index, &m, i);
    }
    tap_ok(campaign_index_probe(&index, &first, 900, near) == 1,
           "full: the oldest is there");
    (void)put(&index, &last, 1001);
    tap_ok(campaign_index_probe(&index, &first, 900, near) == 0 &&
               campaign_index_probe(&index, &second, 900, near) == 1 &&
               campaign_index_probe(&index, &last, 900, near) == 1,
           "one past it: the oldest gives way");
    munmap(index.head, size);
}

/* Numbers have gaps; the newest are taken back; a copy is cut to what it was. */
static void
test_taken_back(void)
{
    struct campaign_near near[CAMPAIGN_NEAR_MAX];
    struct campaign_member member;
    size_t size, found = 0;
    struct campaign_index index = make(100, &size);

    for (uint64_t i = 1; i <= 250; i++) {
        struct minhash m = random_one(i);
        member = (struct campaign_member){.number = 10 * i, .campaign = i, .hour = 7};
        (void)campaign_index_put(&index, &m, &member);
    }
    for (uint64_t i = 1; i <= 250; i++) {
        found += campaign_index_find(&index, 10 * i, &member) && member.campaign == i;
        found += campaign_index_find(&index, 10 * i + 1, &member) ? 1000 : 0;
    }
    tap_ok(found == 100 && campaign_index_held(&index) == 100 &&
               campaign_index_last(&index) == 2500,
           "of a ring that went round, the newest are found by number: %zu", found);
    campaign_index_drop(&index, 2451);
    struct minhash gone = random_one(250), stays = random_one(245);
    tap_ok(campaign_index_last(&index) == 2450 &&
               campaign_index_probe(&index, &gone, 900, near) == 0 &&
               campaign_index_probe(&index, &stays, 900, near) == 1,
           "five were taken back");
    for (uint64_t i = 246; i <= 260; i++) {
        struct minhash m = random_one(i);
        member = (struct campaign_member){.number = 10 * i, .campaign = i};
        found += campaign_index_put(&index, &m, &member);
    }
    tap_ok(found == 115 && campaign_index_find(&index, 2600, &member) &&
               campaign_index_find(&index, 1700, &member),
           "and others put in their places");
    tap_ok(campaign_index_cut(&index, 250, 2500) == SK_OK &&
               campaign_index_last(&index) == 2500 &&
               !campaign_index_find(&index, 2600, &member) &&
               campaign_index_find(&index, 2500, &member),
           "cut to what it was ten mails ago");
    index.records[30 * CAMPAIGN_RECORD_SIZE / 8] = 1;
    tap_ok(campaign_index_cut(&index, 250, 2500) == SK_BAD,
           "numbers without order are no index");
    munmap(index.head, size);
}

/* Whatever stands in a file, nothing outside is read, and nothing is found that is not alike. */
static void
test_broken(void)
{
    struct campaign_near near[CAMPAIGN_NEAR_MAX];
    size_t size, wrong = 0;
    struct campaign_index index = make(1000, &size);
    uint64_t *words = (uint64_t *)(void *)index.head;

    for (size_t i = 4096 / 8; i < size / 8; i++) {
        words[i] = hash_mix(i);
    }
    for (uint64_t i = 0; i < 2000; i++) {
        struct minhash m = random_one(i);
        wrong += campaign_index_probe(&index, &m, 600, near);
        (void)put(&index, &m, 1);
    }
    tap_ok(wrong == 0, "a file of chance finds nothing");
    memset(index.bands, 0xff,
           size - (size_t)((uint8_t *)index.bands - (uint8_t *)index.head));
    struct minhash one = random_one(1);
    tap_ok(campaign_index_probe(&index, &one, 300, near) == 0,
           "slots past the end lead nowhere");
    words[0] = 0;
    tap_ok(campaign_index_open(words, size, &index) == SK_BAD, "no index");
    munmap(words, size);
}

static struct campaign_index shared;
static bool is_over;

static void *
read_on(void *wrong)
{
    struct campaign_near near[CAMPAIGN_NEAR_MAX];
    size_t found = 0;

    for (uint64_t i = 0; !__atomic_load_n(&is_over, __ATOMIC_ACQUIRE); i++) {
        struct minhash m = random_one(i % 500 + 1);
        size_t count = campaign_index_probe(&shared, &m, 300, near);
        found += count > 0;
        /* Every put of text n is of campaign n: a torn record would be like something and of another. */
        for (size_t k = 0; k < count; k++) {
            *(size_t *)wrong += near[k].similarity > 700 && near[k].campaign != i % 500 + 1;
        }
    }
    *(size_t *)wrong += found == 0;
    return NULL;
}

static void
test_readers(void)
{
    pthread_t readers[2];
    size_t wrong[2] = {0}, size;

    shared = make(200, &size);
    for (size_t i = 0; i < 2; i++) {
        (void)pthread_create(&readers[i], NULL, read_on, &wrong[i]);
    }
    for (uint64_t i = 0; i < 300000; i++) {
        struct minhash m = random_one(i % 500 + 1);
        (void)put(&shared, &m, i % 500 + 1);
    }
    __atomic_store_n(&is_over, true, __ATOMIC_RELEASE);
    for (size_t i = 0; i < 2; i++) {
        pthread_join(readers[i], NULL);
    }
    tap_ok(wrong[0] == 0 && wrong[1] == 0,
           "two readers beside the writer see whole records");
    munmap(shared.head, size);
}

int
main(void)
{
    test_put_and_probe();
    test_order();
    test_estimate();
    test_bounds();
    test_taken_back();
    test_broken();
    test_readers();
    return tap_done();
}
