/* What it costs to tell campaigns, and how well it goes. Built and started by tests/bench/campaign.
 *
 *     campaign-bench fill COUNT
 *     campaign-bench pairs INDEX
 *
 * fill puts COUNT signatures of texts that nobody copied (the hardest case: no slot is shared) into an index, then asks for copies
 * that have a part of their places in common with one of these of any age, and for texts that nothing is like; CPU time.
 *
 * pairs reads the mail named in INDEX, a table with a head: columns path (from the table's folder) and campaign. Of every two
 * mails it asks whether the words are alike, and prints for some lines how many of the pairs above are of one campaign
 * (precision) and how many pairs of one campaign are above (recall). Then the same as the checkpoint would do it: one mail after the other,
 * asked of the index, joined to the nearest campaign, and put. Mail whose words are fewer than 10 is left out. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "judge/campaign.h"
#include "judge/normal.h"
#include "judge/template.h"
#include "parse/letter.h"

#define ASKED      100000
#define WORDS_MIN  10
#define MAILS_MOST 20000

static double
cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct minhash
random_one(uint64_t seed)
{
    struct minhash m = {.shingle_count = 100};

    for (size_t i = 0; i < MINHASH_COUNT; i++) {
        m.at[i] = (uint32_t)hash_mix(hash_mix(seed) + i);
    }
    return m;
}

/* Each place is that of the other with the probability of `index` in thousandths. */
static struct minhash
copy_of(uint64_t seed, uint64_t salt, unsigned index)
{
    struct minhash m = random_one(seed);

    for (size_t i = 0; i < MINHASH_COUNT; i++) {
        uint64_t x = hash_mix(hash_mix(salt + 77) + i);
        if (x % 1000 >= index) {
            m.at[i] = (uint32_t)(x >> 20);
        }
    }
    return m;
}

static struct campaign_index
make(size_t capacity)
{
    struct campaign_index index = {0};
    size_t size = campaign_index_size(capacity);
    void *at = size == 0 ? MAP_FAILED
                         : mmap(NULL, size, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    if (at == MAP_FAILED || campaign_index_make(at, size, capacity, 1, &index) != SK_OK) {
        fprintf(stderr, "campaign-bench: no index for %zu\n", capacity);
        exit(1);
    }
    return index;
}

/* Probes for copies of mails of one quarter of the age (0: the newest). */
static void
ask(const struct campaign_index *index, size_t count, unsigned similarity, size_t quarter)
{
    struct campaign_near near[CAMPAIGN_NEAR_MAX];
    static struct minhash asked[ASKED];
    static uint64_t of[ASKED];
    size_t found = 0, wrong = 0;

    for (size_t i = 0; i < ASKED; i++) {
        of[i] = 1 + (3 - quarter) * (count / 4) + hash_mix(i + quarter) % (count / 4);
        asked[i] = copy_of(of[i], i, similarity);
    }
    double start = cpu_us();
    for (size_t i = 0; i < ASKED; i++) {
        size_t got = campaign_index_probe(index, &asked[i], 300, near);
        for (size_t k = 0; k < got; k++) {
            found += near[k].campaign == of[i];
            wrong += near[k].campaign != of[i];
        }
    }
    double took = (cpu_us() - start) / ASKED;
    printf(
        "copies at %.1f of quarter %zu (1 the newest): %6.2f%% found, %zu wrong, %.2f us a "
        "probe\n",
        similarity / 1000.0, quarter + 1, 100.0 * (double)found / ASKED, wrong, took);
}

static void
measure_signing(void)
{
    struct arena arena;
    static uint8_t text[3000];
    struct own_text own = {.normal = {text, sizeof text}};
    struct minhash minhash;

    arena_init(&arena, (size_t)1 << 24);
    for (size_t i = 0; i < sizeof text; i++) {
        uint64_t x = hash_mix(i + 5);
        text[i] = x % 6 == 0 ? ' ' : (uint8_t)('a' + x / 6 % 26);
    }
    for (size_t size = 300; size <= sizeof text; size *= 10) {
        own.normal.size = size;
        double start = cpu_us();
        for (size_t i = 0; i < 2000; i++) {
            minhash_read(&arena, &own, i, &minhash);
            arena_release(&arena);
        }
        printf("signing %zu bytes of text: %.1f us\n", size, (cpu_us() - start) / 2000);
    }
}

static int
fill(size_t count)
{
    enum { BATCH = 10000 };
    static struct minhash batch[BATCH];
    struct campaign_index index = make(count);
    double took = 0;

    printf("%zu signatures: %zu bytes, %.1f each\n", count, campaign_index_size(count),
           (double)campaign_index_size(count) / (double)count);
    for (uint64_t i = 1; i <= count; i += BATCH) {
        for (size_t k = 0; k < BATCH; k++) {
            batch[k] = random_one(i + k);
        }
        double start = cpu_us();
        for (size_t k = 0; k < BATCH && i + k <= count; k++) {
            (void)campaign_index_put(
                &index, &batch[k],
                &(struct campaign_member){.number = i + k, .campaign = i + k});
        }
        took += cpu_us() - start;
    }
    printf("put: %.2f us each\n", took / (double)count);
    for (unsigned similarity = 400; similarity <= 800; similarity += 100) {
        for (size_t quarter = 0; quarter < 4; quarter += 3) {
            ask(&index, count, similarity, quarter);
        }
    }
    struct campaign_near near[CAMPAIGN_NEAR_MAX];
    size_t wrong = 0, wrong_half = 0;
    double spent = 0;
    for (uint64_t i = 0; i < ASKED; i += BATCH) {
        for (size_t k = 0; k < BATCH; k++) {
            batch[k] = random_one(UINT64_C(1) << 40 | (i + k));
        }
        double start = cpu_us();
        for (size_t k = 0; k < BATCH; k++) {
            size_t got = campaign_index_probe(&index, &batch[k], 300, near);
            wrong += got;
            wrong_half += got > 0 && near[0].similarity >= 500;
        }
        spent += cpu_us() - start;
    }
    printf(
        "texts that nothing is like: %zu of %d found at 0.3, %zu at 0.5, %.2f us a probe\n",
        wrong, ASKED, wrong_half, spent / ASKED);
    measure_signing();
    return 0;
}

struct mail {
    struct bytes campaign;
    struct minhash minhash;
    struct own_text text;
    uint64_t joined;
};

static struct mail *mails;
static size_t mail_count;

static struct bytes
read_file(struct arena *arena, const char *path)
{
    struct stat s;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *at;
    ssize_t got;

    if (file < 0 || fstat(file, &s) != 0) {
        fprintf(stderr, "campaign-bench: cannot read %s\n", path);
        exit(1);
    }
    at = arena_take_bytes(arena, (size_t)s.st_size);
    got = read(file, at, (size_t)s.st_size);
    close(file);
    return bytes_of(at, got < 0 ? 0 : (size_t)got);
}

static void
add_mail(struct arena *keep, const char *folder, struct bytes path, struct bytes campaign)
{
    static struct arena message;
    struct mail *mail = &mails[mail_count];
    char name[4096];

    arena_init(&message, LIMIT_ARENA_MESSAGE);
    snprintf(name, sizeof name, "%s/%.*s", folder, BYTES_ARGUMENTS(path));
    const struct letter *letter = letter_read(&message, read_file(&message, name));
    struct own_text own = {.normal =
                               normal_form(&message, letter->text, LIMIT_NORMAL_BYTES)};
    own.normal = bytes_copy(keep, own.normal);
    own.regions = regions_read(keep, own.normal, &own.region_count);
    minhash_read(&message, &own, 1, &mail->minhash);
    mail->campaign = bytes_copy(keep, campaign);
    mail->text = own;
    mail_count += mail->minhash.shingle_count >= WORDS_MIN;
    arena_release(&message);
}

static void
read_mails(struct arena *keep, const char *table)
{
    struct bytes all = read_file(keep, table), line, cell;
    char folder[4096];
    size_t path_at = SIZE_MAX, campaign_at = SIZE_MAX, lines = 0;

    snprintf(folder, sizeof folder, "%s", table);
    char *slash = strrchr(folder, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    mails = arena_take_many(keep, MAILS_MOST, sizeof *mails);
    while (mail_count < MAILS_MOST && bytes_line(&all, &line)) {
        struct bytes path = BYTES_NONE, campaign = BYTES_NONE;
        for (size_t i = 0; bytes_split(&line, '\t', &cell); i++) {
            if (lines == 0) {
                path_at = bytes_is(cell, "path") ? i : path_at;
                campaign_at = bytes_is(cell, "campaign") ? i : campaign_at;
            }
            path = i == path_at ? cell : path;
            campaign = i == campaign_at ? cell : campaign;
        }
        if (lines++ > 0 && campaign.size > 0) {
            add_mail(keep, slash == NULL ? "." : folder, path, campaign);
        }
    }
    printf("%zu mails, %zu with at least %d words\n", lines - 1, mail_count, WORDS_MIN);
}

static void
count_pairs(const char *name, unsigned (*like)(const struct mail *, const struct mail *),
            const unsigned *lines, size_t line_count)
{
    for (size_t n = 0; n < line_count; n++) {
        size_t above = 0, same = 0, right = 0;
        for (size_t i = 0; i < mail_count; i++) {
            for (size_t k = i + 1; k < mail_count; k++) {
                bool is_same = bytes_equal(mails[i].campaign, mails[k].campaign);
                bool is_above = like(&mails[i], &mails[k]) >= lines[n];
                above += is_above;
                same += is_same;
                right += is_above && is_same;
            }
        }
        printf("%s at %.2f: precision %.4f (%zu of %zu), recall %.4f (of %zu)\n", name,
               lines[n] / 1000.0, (double)right / (double)(above > 0 ? above : 1), right,
               above, (double)right / (double)(same > 0 ? same : 1), same);
    }
}

static unsigned
by_words(const struct mail *a, const struct mail *b)
{
    return minhash_similarity(&a->minhash, &b->minhash);
}

static unsigned
by_campaign(const struct mail *a, const struct mail *b)
{
    return a->joined == b->joined ? 1000 : 0;
}

static int
pairs(const char *table)
{
    static const unsigned lines[] = {300, 400, 500, 600, 700, 800};
    static const unsigned joined[] = {1000};
    struct arena keep;

    arena_init(&keep, (size_t)1 << 32);
    read_mails(&keep, table);
    count_pairs("words", by_words, lines, 6);
    for (size_t n = 0; n < 6; n++) {
        struct campaign_index index = make(1 + 2 * mail_count);
        struct campaign_near near[CAMPAIGN_NEAR_MAX];
        uint64_t next = 1;
        for (size_t i = 0; i < mail_count; i++) {
            bool found =
                campaign_index_probe(&index, &mails[i].minhash, lines[n], near) > 0;
            mails[i].joined = found ? near[0].campaign : next++;
            (void)campaign_index_put(
                &index, &mails[i].minhash,
                &(struct campaign_member){.number = i + 1, .campaign = mails[i].joined});
        }
        printf("asked at %.2f: %zu campaigns\n", lines[n] / 1000.0, (size_t)next - 1);
        count_pairs("  joined", by_campaign, joined, 1);
        munmap(index.head, campaign_index_size(index.capacity));
    }
    arena_release(&keep);
    return 0;
}

int
main(int count, char **arguments)
{
    uint64_t number;

    if (count == 3 && strcmp(arguments[1], "pairs") == 0) {
        return pairs(arguments[2]);
    }
    if (count == 3 && strcmp(arguments[1], "fill") == 0 &&
        bytes_to_number(bytes_from_text(arguments[2]), LIMIT_CAMPAIGN_SIGNATURES,
                        &number) &&
        number >= 100000) {
        return fill((size_t)number);
    }
    fprintf(stderr, "usage: campaign-bench fill COUNT | pairs INDEX\n");
    return 2;
}
