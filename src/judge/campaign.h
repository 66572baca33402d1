/* Campaigns: which mails are copies of one another, so that 122 mails of one hand are seen as one thing.
 *
 * Three things tell it, each pure and each with a header of its own: the words (judge/minhash.h), what changes between the
 * copies (judge/template.h), and how the sender's program writes a header (judge/habits.h). This header holds the index:
 * signatures of the last LIMIT_CAMPAIGN_SIGNATURES mails, asked for those that are like a new one.
 *
 * How. A signature of 128 places makes 42 bands of three places (126 of them). Two texts with Jaccard index J agree in a band
 * with probability J^3, and in at least one of 42 with 1 - (1 - J^3)^42: 0.29 at 0.2, 0.94 at 0.4, 0.996 at 0.5. In each band a signature has
 * one slot, and the newest mail with that slot has it; so the copies of a campaign, which share slots, cost the older ones
 * nothing. Of each signature two bits a place are kept (b-bit minwise hashing, Li and König 2010): unlike places
 * agree in a quarter of the cases, which is taken out of the estimate again; its standard error is at most 0.058. What
 * shares a slot by chance is told by that estimate: of unlike texts one in 10^18 is estimated at one half, one in 10^7 at 0.3.
 *
 * The layout is flat, without pointers, so that it can be a file mapped into memory. All numbers in the byte order of the
 * machine, 8-byte aligned:
 *
 *     head     4096 bytes: see struct campaign_head in campaign_index.c
 *     records  capacity times 48 bytes: stamp (the mail's number; 0 while nothing stands there, or while it is
 *              written), campaign (40 bits) and hour (24 bits), and four words of 32 places of two bits
 *     bands    42 times capacity * 33 / 100 words of 64 bits: three slots of 20 bits, each a record's index + 1, or 0
 *
 * That is 158.9 MB for 10^6 signatures. Records are a ring: at the bound the oldest is overwritten. The slots that still
 * lead there lead to another mail, which the estimate tells. As a band has as many slots as there are signatures, a mail
 * that nobody copied loses slots as it ages: of 10^6 unlike mails, the oldest has 36% of its slots left.
 *
 * One writer, any number of readers, without locks: a reader takes a record for what it is only if its stamp was the same
 * before and after. A writer that dies leaves at most one record without stamp. A reader believes no byte of the bands:
 * whatever stands in a mapped file, nothing outside of it is read.
 *
 * Which campaign a mail belongs to is the caller's word, and so is the mail's number: numbers rise from put to put, so that a
 * mail is found again by its own, and can be forgotten. A record that was forgotten keeps its number alone. Merging and
 * splitting by hand is the record's work; campaign_index_move and campaign_index_set bring it here. */
#pragma once

#include "base/bytes.h"
#include "base/why.h"
#include "judge/minhash.h"

#define CAMPAIGN_BANDS    42
#define CAMPAIGN_NEAR_MAX 8 /* campaigns in one answer; a text is like few others */

struct campaign_head;

struct campaign_index {
    struct campaign_head *head;
    uint64_t *records, *bands;
    size_t capacity, band_words;
};

struct campaign_member {
    uint64_t number;   /* of the mail, not 0, above all that were put before */
    uint64_t campaign; /* 1 to CAMPAIGN_MAX */
    uint32_t hour;     /* of its arrival, since 1970; 24 bits */
};
#define CAMPAIGN_MAX ((UINT64_C(1) << 40) - 1)

struct campaign_near {
    uint64_t campaign;
    uint64_t number;     /* of the mail */
    unsigned similarity; /* thousandths of the Jaccard index, estimated */
};

/* Bytes of an index for so many signatures, at least 1 and at most LIMIT_CAMPAIGN_SIGNATURES; 0 for others. */
size_t campaign_index_size(size_t capacity);

/* Makes an empty index in `size` bytes, which must be zero, 8-byte aligned and stay where they are; the caller keeps them.
 * seed is that of the signatures that will be put. SK_LIMIT where the capacity is none, SK_BAD where the size is not
 * campaign_index_size(capacity). */
enum sk_code campaign_index_make(void *at, size_t size, size_t capacity, uint64_t seed,
                                 struct campaign_index *index_r);
/* An index made earlier. SK_BAD where it is none, of another version, or cut. For readers the memory may be read-only. */
enum sk_code campaign_index_open(void *at, size_t size, struct campaign_index *index_r);

/* Signatures ever put, and what is in it now; the newest mail's number, 0 without any; and the seed. */
uint64_t campaign_index_count(const struct campaign_index *index);
size_t campaign_index_held(const struct campaign_index *index);
uint64_t campaign_index_last(const struct campaign_index *index);
uint64_t campaign_index_seed(const struct campaign_index *index);
/* The mails that are held, by age: 0 is the oldest. false: it was forgotten. */
bool campaign_index_member(const struct campaign_index *index, size_t at,
                           struct campaign_member *member_r);
/* By its number; false: it is not there. */
bool campaign_index_find(const struct campaign_index *index, uint64_t number,
                         struct campaign_member *member_r);

/* The one writer's. false: a signature without words, or a member that is out of bounds or order; then nothing was put. */
bool campaign_index_put(struct campaign_index *index, const struct minhash *minhash,
                        const struct campaign_member *member);

/* The campaigns with a mail that is at least so like this one, the most alike first, of each its most alike mail (of
 * equals the newest); how many. least: in thousandths, at least CAMPAIGN_LEAST; less is taken as that. */
#define CAMPAIGN_LEAST 300
size_t campaign_index_probe(const struct campaign_index *index,
                            const struct minhash *minhash, unsigned least,
                            struct campaign_near near_r[CAMPAIGN_NEAR_MAX]);

/* The one writer's. All mails of campaign `from` are of `to` from now on; how many. Reads all records: 48 MB for 10^6. */
size_t campaign_index_move(struct campaign_index *index, uint64_t from, uint64_t to);
/* One mail is of that campaign from now on; false: it is not there. */
bool campaign_index_set(struct campaign_index *index, uint64_t number, uint64_t campaign);
/* Forgets one mail: its signature and campaign go, its number stays. Gives where its record stands, in bytes from the index's
 * beginning, for who keeps a copy; 0: it is not there. */
size_t campaign_index_forget(struct campaign_index *index, uint64_t number);
#define CAMPAIGN_RECORD_SIZE 48
/* Takes back the newest mails: those with that number and above. */
void campaign_index_drop(struct campaign_index *index, uint64_t from);
/* For a copy that was made while the index went on: as it was when so many had been put, the last with that number. SK_BAD:
 * the records are in no order, nothing can be said of it. */
enum sk_code campaign_index_cut(struct campaign_index *index, uint64_t count,
                                uint64_t last);
