#include "judge/minhash.h"

#include "base/hash.h"
#include "base/limits.h"
#include "judge/campaign_private.h"

#define RUN_WORDS      3
#define RUN_CHARACTERS 5
#define ROUNDS         (2u * MINHASH_COUNT)

struct shingles {
    uint64_t *list;
    size_t count;
};

/* A word takes at least one byte, and makes one shingle: the run that ends with it. */
static void
read_shingles(struct arena *arena, struct bytes own, uint64_t seed,
              struct shingles *shingles)
{
    uint64_t last[RUN_CHARACTERS] = {0}; /* the newest first */
    struct word word;

    shingles->list = arena_take_many(arena, own.size + 1, sizeof *shingles->list);
    for (size_t at = 0; word_next(own, &at, &word);) {
        size_t run = word.kind == WORD_CHARACTER ? RUN_CHARACTERS : RUN_WORDS;
        uint64_t sum = seed;
        for (size_t i = RUN_CHARACTERS - 1; i > 0; i--) {
            last[i] = last[i - 1];
        }
        last[0] = word.alike;
        for (size_t i = run; i-- > 0;) {
            sum = (sum ^ last[i]) * 0x9fb21c651e98df25u;
            sum ^= sum >> 29;
        }
        shingles->list[shingles->count++] = hash_mix(sum);
    }
}

void
minhash_read(struct arena *arena, const struct own_text *text, uint64_t seed,
             struct minhash *minhash_r)
{
    uint64_t least[MINHASH_COUNT];
    struct shingles shingles = {0};
    size_t filled = 0;

    *minhash_r = (struct minhash){0};
    read_shingles(arena, own_words(arena, text, LIMIT_CAMPAIGN_TEXT), seed, &shingles);
    minhash_r->shingle_count = (uint32_t)shingles.count;
    if (shingles.count == 0) {
        return;
    }
    memset(least, 0xff, sizeof least);
    /* In the first 128 rounds a shingle falls anywhere; in the others, which few texts see, all fall into one place
     * after the other, so that none stays empty. The round comes before the hash: what came earlier stays. */
    for (size_t round = 0; round < ROUNDS && filled < MINHASH_COUNT; round++) {
        uint64_t salt = hash_mix(seed + round * 2 + 1);
        for (size_t i = 0; i < shingles.count; i++) {
            uint64_t hash = hash_mix(shingles.list[i] ^ salt);
            size_t place = round < MINHASH_COUNT ? hash >> 57 : round - MINHASH_COUNT;
            uint64_t value = (uint64_t)round << 48 | (hash & 0xffffffffffffu);
            filled += least[place] == UINT64_MAX;
            least[place] = value < least[place] ? value : least[place];
        }
    }
    for (size_t i = 0; i < MINHASH_COUNT; i++) {
        minhash_r->at[i] = (uint32_t)(hash_mix(least[i]) >> 32);
    }
}

unsigned
minhash_similarity(const struct minhash *a, const struct minhash *b)
{
    unsigned same = 0;

    if (a->shingle_count == 0 || b->shingle_count == 0) {
        return 0;
    }
    for (size_t i = 0; i < MINHASH_COUNT; i++) {
        same += a->at[i] == b->at[i];
    }
    return same * 1000 / MINHASH_COUNT;
}
