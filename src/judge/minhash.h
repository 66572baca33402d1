/* MinHash: of how many runs of words two texts are made in common, told from 512 bytes each.
 *
 * A text is the set of its shingles: runs of three words where words are parted, of five characters where they are not
 * (Japanese); a mixed text has both. Numbers, codes, URLs and mail addresses count as one word each whatever they say:
 * they are what changes from copy to copy. The signature has 128 places; two texts agree in a place with the probability of
 * their Jaccard index, the shingles in common by all shingles of both (Broder, On the resemblance and containment of
 * documents, 1997). The places are filled as by Dahlgaard, Knudsen and Thorup (Fast Similarity Sketching, 2017): every
 * shingle is thrown into one of 128 places and the least stays; rounds go on until none is empty. So a long text costs one
 * hash a shingle and not 128, and a short text has a full signature too. The standard error of the estimate is at most
 * sqrt(J (1 - J) / 128): 4.4 hundredths at one half.
 *
 * The same text and seed give the same signature on every machine. The seed is a secret of the installation: who knows it
 * can write texts that look alike by signature only. Read are the sender's own words (judge/regions.h), at most LIMIT_CAMPAIGN_TEXT
 * bytes of them. Pure; the arena is used for scratch. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "judge/regions.h"

#define MINHASH_COUNT 128

struct minhash {
    uint32_t at[MINHASH_COUNT];
    uint32_t shingle_count; /* 0: no words, at[] says nothing */
};

/* A text in normal form (judge/normal.h) and what regions_read says of it; of region_count 0 all is the sender's own. */
struct own_text {
    struct bytes normal;
    const struct region *regions;
    size_t region_count;
};

void minhash_read(struct arena *arena, const struct own_text *text, uint64_t seed,
                  struct minhash *minhash_r);

/* The Jaccard index as estimated, in thousandths; 0 where one has no words. */
unsigned minhash_similarity(const struct minhash *a, const struct minhash *b);
