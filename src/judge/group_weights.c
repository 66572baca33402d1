#include "judge/group_weights.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "judge/write_private.h"

#define MAGIC       "SKGROUP1"
#define RATE        3.0 /* logits that one lesson moves at most */
#define WEIGHT_MOST 8.0f

struct group_weights {
    _Atomic uint64_t groups[LIMIT_GROUPS]; /* set last, cleared first; 0: free */
    float weights[LIMIT_GROUPS][GROUP_WEIGHTS];
};

struct file {
    char magic[8];
    uint32_t bits, reserved;
    uint64_t group, number;
    float weights[GROUP_WEIGHTS];
    uint8_t seal[HASH_SHA256_SIZE];
};
_Static_assert(sizeof(struct file) == GROUP_FILE_SIZE, "no gaps in the file");

enum sk_code
group_weights_open(struct group_weights **weights_r, struct why *why)
{
    void *at = mmap(NULL, sizeof(struct group_weights), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at == MAP_FAILED) {
        return why_set(why, SK_SYSTEM, "no memory for the weights of groups");
    }
    *weights_r = at;
    return SK_OK;
}

void
group_weights_close(struct group_weights *weights)
{
    if (weights != NULL) {
        munmap(weights, sizeof *weights);
    }
}

size_t
group_find(const struct group_weights *weights, uint64_t group)
{
    for (size_t i = 0; weights != NULL && group != 0 && i < LIMIT_GROUPS; i++) {
        if (atomic_load(&weights->groups[i]) == group) {
            return i;
        }
    }
    return GROUP_NONE;
}

enum sk_code
group_take(struct group_weights *weights, uint64_t group, size_t *slot_r, struct why *why)
{
    *slot_r = group_find(weights, group);
    for (size_t i = 0; i < LIMIT_GROUPS && *slot_r == GROUP_NONE; i++) {
        if (atomic_load(&weights->groups[i]) == 0) {
            atomic_store(&weights->groups[i], group);
            *slot_r = i;
        }
    }
    return *slot_r != GROUP_NONE
               ? SK_OK
               : why_set(why, SK_LIMIT, "%d groups have weights already", LIMIT_GROUPS);
}

void
group_give_up(struct group_weights *weights, size_t slot)
{
    atomic_store(&weights->groups[slot], 0);
    memset(weights->weights[slot], 0, sizeof weights->weights[slot]);
}

uint64_t
group_in_slot(const struct group_weights *weights, size_t slot)
{
    return slot < LIMIT_GROUPS ? atomic_load(&weights->groups[slot]) : 0;
}

bool
group_is_zero(const struct group_weights *weights, size_t slot)
{
    const uint8_t *p = (const uint8_t *)weights->weights[slot];

    return p[0] == 0 && memcmp(p, p + 1, sizeof weights->weights[slot] - 1) == 0;
}

float *
group_table(struct group_weights *weights, size_t slot)
{
    return weights->weights[slot];
}

double
group_table_logit(const float *table, const struct features *f)
{
    double sum = 0;

    for (size_t i = 0; i < f->pairs.count; i++) {
        sum += (double)table[f->pairs.at[i]];
    }
    return f->pairs.count == 0 ? 0 : sum / sqrt((double)f->pairs.count);
}

double
group_logit(const struct group_weights *weights, size_t slot, const struct features *f)
{
    double logit = group_table_logit(weights->weights[slot], f);

    return logit > GROUP_MOST ? GROUP_MOST : logit < -GROUP_MOST ? -GROUP_MOST : logit;
}

void
group_table_learn(float *table, const struct features *f, bool spam)
{
    double step = RATE * (spam - 1 / (1 + exp(-group_table_logit(table, f))));
    float by = f->pairs.count == 0 ? 0 : (float)(step / sqrt((double)f->pairs.count));

    for (size_t i = 0; i < f->pairs.count; i++) {
        float *weight = &table[f->pairs.at[i]];
        *weight = fmaxf(-WEIGHT_MOST, fminf(WEIGHT_MOST, *weight + by));
    }
}

void
group_file_name(uint64_t group, uint64_t number, char name_r[64])
{
    snprintf(name_r, 64, "%016" PRIx64 ".%" PRIu64 ".weights", group, number);
}

bool
group_file_read_name(const char *name, uint64_t *group_r, uint64_t *number_r)
{
    char again[64];

    /* Read, and written again: whatever else would read as the same is another's file. */
    if (sscanf(name, "%16" SCNx64 ".%20" SCNu64 ".weights", group_r, number_r) != 2) {
        return false;
    }
    group_file_name(*group_r, *number_r, again);
    return strcmp(again, name) == 0;
}

static void
seal_of(const struct file *file, const uint8_t key[HASH_SHA256_SIZE],
        uint8_t seal_r[HASH_SHA256_SIZE])
{
    struct bytes sealed = bytes_of(file, offsetof(struct file, seal));

    hash_hmac_sha256(bytes_of(key, HASH_SHA256_SIZE), &sealed, 1, seal_r);
}

enum sk_code
group_save(const float *table, uint64_t group, uint64_t number,
           const uint8_t key[HASH_SHA256_SIZE], int folder, struct why *why)
{
    static struct file file;
    char name[64], next[72];

    file = (struct file){.bits = FEATURE_BITS, .group = group, .number = number};
    memcpy(file.magic, MAGIC, 8);
    memcpy(file.weights, table, sizeof file.weights);
    seal_of(&file, key, file.seal);
    group_file_name(group, number, name);
    snprintf(next, sizeof next, "%s.new", name);
    int fd =
        openat(folder, next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = fd >= 0 && write_all(fd, &file, sizeof file) && fsync(fd) == 0;
    good = (fd < 0 || close(fd) == 0) && good &&
           renameat(folder, next, folder, name) == 0 && fsync(folder) == 0;
    explicit_bzero(&file, sizeof file);
    return good ? SK_OK : why_set(why, SK_SYSTEM, "a group's weights cannot be written");
}

static enum sk_code
check(const struct file *file, uint64_t group, uint64_t number,
      const uint8_t key[HASH_SHA256_SIZE], struct why *why)
{
    uint8_t seal[HASH_SHA256_SIZE];
    bool bounded = true;

    if (memcmp(file->magic, MAGIC, 8) != 0 || file->bits != FEATURE_BITS ||
        file->group != group || file->number != number) {
        return why_set(why, SK_BAD,
                       "these are not this group's weights, or of another "
                       "version");
    }
    seal_of(file, key, seal);
    if (memcmp(seal, file->seal, sizeof seal) != 0) {
        return why_set(why, SK_BAD, "the group's weights are damaged");
    }
    for (size_t i = 0; i < GROUP_WEIGHTS; i++) {
        bounded = bounded && fabsf(file->weights[i]) <= WEIGHT_MOST;
    }
    return bounded ? SK_OK : why_set(why, SK_BAD, "the group's weights are out of bounds");
}

enum sk_code
group_read(struct bytes bytes, uint64_t group, uint64_t number,
           const uint8_t key[HASH_SHA256_SIZE], float *table_r, struct why *why)
{
    static struct file file;

    if (bytes.size != sizeof file) {
        return why_set(why, SK_BAD, "the group's weights are cut short or too long");
    }
    memcpy(&file, bytes.at, sizeof file);
    enum sk_code code = check(&file, group, number, key, why);
    if (code == SK_OK) {
        memcpy(table_r, file.weights, sizeof file.weights);
    }
    explicit_bzero(&file, sizeof file);
    return code;
}

enum sk_code
group_load(int folder, uint64_t group, uint64_t number, const uint8_t key[HASH_SHA256_SIZE],
           float *table_r, struct why *why)
{
    static uint8_t bytes[GROUP_FILE_SIZE + 1];
    char name[64];
    size_t size = 0;
    ssize_t n = 0;

    group_file_name(group, number, name);
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT) {
        memset(table_r, 0, GROUP_WEIGHTS * sizeof *table_r);
        return SK_OK;
    }
    if (fd < 0) {
        return why_set(why, SK_SYSTEM, "a group's weights cannot be opened");
    }
    while (size < sizeof bytes && (n = read(fd, bytes + size, sizeof bytes - size)) > 0) {
        size += (size_t)n;
    }
    close(fd);
    enum sk_code code =
        n < 0 ? why_set(why, SK_SYSTEM, "a group's weights cannot be read")
              : group_read(bytes_of(bytes, size), group, number, key, table_r, why);
    explicit_bzero(bytes, sizeof bytes);
    return code;
}
