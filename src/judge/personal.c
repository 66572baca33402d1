#include "judge/personal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judge/write_private.h"
#include "parse/domain.h"
#include "permit/recipient_name.h"

#define MAGIC       "SKPERS01"
#define RATE        3.0 /* logits that one lesson moves at most */
#define WEIGHT_MOST 4.0f

struct head {
    _Atomic uint32_t taken; /* set last, cleared first */
    struct personal_id id;
    uint64_t spam, ham;
};

struct personal {
    _Atomic uint32_t keyed, count;
    uint8_t key[HASH_SHA256_SIZE];
    struct head heads[LIMIT_PERSONAL_RECIPIENTS];
    float weights[LIMIT_PERSONAL_RECIPIENTS][PERSONAL_WEIGHTS];
};

struct file {
    char magic[8];
    uint32_t bits, reserved;
    struct personal_id id;
    uint64_t spam, ham;
    float weights[PERSONAL_WEIGHTS];
    uint8_t seal[HASH_SHA256_SIZE];
};
_Static_assert(sizeof(struct file) == PERSONAL_FILE_SIZE, "no gaps in the file");

enum sk_code
personal_open(struct personal **personal_r, struct why *why)
{
    void *at = mmap(NULL, sizeof(struct personal), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at == MAP_FAILED) {
        return why_set(why, SK_SYSTEM, "no memory for personal weights");
    }
    *personal_r = at;
    return SK_OK;
}

void
personal_close(struct personal *personal)
{
    if (personal != NULL) {
        munmap(personal, sizeof *personal);
    }
}

void
personal_set_key(struct personal *personal, const uint8_t key[HASH_SHA256_SIZE])
{
    memcpy(personal->key, key, HASH_SHA256_SIZE);
    atomic_store(&personal->keyed, 1);
}

bool
personal_name(struct arena *arena, struct bytes address, uint8_t separator,
              struct bytes *name_r)
{
    if (!recipient_name(arena, address, domain_to_ascii, name_r)) {
        return false;
    }
    if (separator != 0) {
        struct bytes whole = recipient_without_detail(arena, *name_r, separator);
        *name_r = whole.size > 0 ? whole : *name_r;
    }
    return true;
}

void
personal_id_of(const uint8_t key[HASH_SHA256_SIZE], struct bytes name,
               struct personal_id *id_r)
{
    struct bytes k = bytes_of(key, HASH_SHA256_SIZE),
                 of_name[] = {BYTES("recipient\n"), name},
                 of_domain[] = {BYTES("domain\n"), recipient_domain(name)};

    hash_hmac_sha256(k, of_name, 2, id_r->name);
    hash_hmac_sha256(k, of_domain, 2, id_r->domain);
}

void
personal_file_name(const uint8_t name[HASH_SHA256_SIZE], char name_r[80])
{
    for (size_t i = 0; i < HASH_SHA256_SIZE; i++) {
        snprintf(name_r + 2 * i, 80 - 2 * i, "%02x", name[i]);
    }
    snprintf(name_r + 64, 16, ".weights");
}

bool
personal_any(const struct personal *personal)
{
    return personal != NULL && atomic_load(&personal->keyed) != 0 &&
           atomic_load(&personal->count) != 0;
}

static size_t
find_id(const struct personal *personal, const uint8_t name[HASH_SHA256_SIZE])
{
    for (size_t i = 0; i < LIMIT_PERSONAL_RECIPIENTS; i++) {
        if (atomic_load(&personal->heads[i].taken) != 0 &&
            memcmp(personal->heads[i].id.name, name, HASH_SHA256_SIZE) == 0) {
            return i;
        }
    }
    return PERSONAL_NONE;
}

size_t
personal_find(const struct personal *personal, struct bytes name)
{
    struct personal_id id;

    if (!personal_any(personal)) {
        return PERSONAL_NONE;
    }
    personal_id_of(personal->key, name, &id);
    return find_id(personal, id.name);
}

enum sk_code
personal_take(struct personal *personal, const struct personal_id *id, size_t *slot_r,
              struct why *why)
{
    *slot_r = find_id(personal, id->name);
    for (size_t i = 0; i < LIMIT_PERSONAL_RECIPIENTS && *slot_r == PERSONAL_NONE; i++) {
        struct head *head = &personal->heads[i];
        if (atomic_load(&head->taken) == 0) {
            head->id = *id;
            atomic_store(&head->taken, 1);
            atomic_fetch_add(&personal->count, 1);
            *slot_r = i;
        }
    }
    return *slot_r != PERSONAL_NONE
               ? SK_OK
               : why_set(why, SK_LIMIT, "%d recipients have personal weights already",
                         LIMIT_PERSONAL_RECIPIENTS);
}

void
personal_give_up(struct personal *personal, size_t slot)
{
    struct head *head = &personal->heads[slot];

    if (atomic_exchange(&head->taken, 0) != 0) {
        atomic_fetch_sub(&personal->count, 1);
    }
    head->id = (struct personal_id){0};
    head->spam = head->ham = 0;
    memset(personal->weights[slot], 0, sizeof personal->weights[slot]);
}

const struct personal_id *
personal_slot_id(const struct personal *personal, size_t slot)
{
    return slot < LIMIT_PERSONAL_RECIPIENTS &&
                   atomic_load(&personal->heads[slot].taken) != 0
               ? &personal->heads[slot].id
               : NULL;
}

static bool
all_zero(const void *at, size_t size)
{
    const uint8_t *p = at;

    return size == 0 || (p[0] == 0 && memcmp(p, p + 1, size - 1) == 0);
}

bool
personal_is_zero(const struct personal *personal, size_t slot)
{
    return all_zero(&personal->heads[slot], sizeof personal->heads[slot]) &&
           all_zero(personal->weights[slot], sizeof personal->weights[slot]);
}

double
personal_logit(const struct personal *personal, size_t slot, const struct features *f)
{
    const float *weights = personal->weights[slot];
    double sum = 0;

    for (size_t i = 0; i < f->pairs.count; i++) {
        uint32_t at = f->pairs.at[i];
        float weight = weights[at >> (FEATURE_BITS - PERSONAL_BITS)];
        sum += (double)((at & 1) != 0 ? -weight : weight);
    }
    sum = f->pairs.count == 0 ? 0 : sum / sqrt((double)f->pairs.count);
    return sum > PERSONAL_MOST    ? PERSONAL_MOST
           : sum < -PERSONAL_MOST ? -PERSONAL_MOST
                                  : sum;
}

static void
take_step(float *weights, const struct features *f, double step)
{
    float by = f->pairs.count == 0 ? 0 : (float)(step / sqrt((double)f->pairs.count));

    for (size_t i = 0; i < f->pairs.count; i++) {
        uint32_t at = f->pairs.at[i];
        float *weight = &weights[at >> (FEATURE_BITS - PERSONAL_BITS)];
        *weight =
            fmaxf(-WEIGHT_MOST, fminf(WEIGHT_MOST, *weight + ((at & 1) != 0 ? -by : by)));
    }
}

double
personal_learn(struct personal *personal, size_t slot, const struct features *f,
               double common, bool spam)
{
    double both = common + personal_logit(personal, slot, f);
    double step = RATE * (spam - 1 / (1 + exp(-both)));

    take_step(personal->weights[slot], f, step);
    *(spam ? &personal->heads[slot].spam : &personal->heads[slot].ham) += 1;
    return step;
}

void
personal_unlearn(struct personal *personal, size_t slot, const struct features *f,
                 double step, bool spam)
{
    uint64_t *count = spam ? &personal->heads[slot].spam : &personal->heads[slot].ham;

    take_step(personal->weights[slot], f, -step);
    *count -= *count > 0;
}

static void
seal_of(const struct personal *personal, const struct file *file,
        uint8_t seal_r[HASH_SHA256_SIZE])
{
    struct bytes sealed = bytes_of(file, offsetof(struct file, seal));

    hash_hmac_sha256(bytes_of(personal->key, HASH_SHA256_SIZE), &sealed, 1, seal_r);
}

enum sk_code
personal_save(const struct personal *personal, size_t slot, int folder, struct why *why)
{
    static struct file file;
    const struct head *head = &personal->heads[slot];
    char name[80], next[88];

    file = (struct file){
        .bits = PERSONAL_BITS, .id = head->id, .spam = head->spam, .ham = head->ham};
    memcpy(file.magic, MAGIC, 8);
    memcpy(file.weights, personal->weights[slot], sizeof file.weights);
    seal_of(personal, &file, file.seal);
    personal_file_name(head->id.name, name);
    snprintf(next, sizeof next, "%s.new", name);
    int fd =
        openat(folder, next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = fd >= 0 && write_all(fd, &file, sizeof file) && fsync(fd) == 0;
    good = (fd < 0 || close(fd) == 0) && good &&
           renameat(folder, next, folder, name) == 0 && fsync(folder) == 0;
    explicit_bzero(&file, sizeof file); /* what is withdrawn later is not left here */
    return good ? SK_OK : why_set(why, SK_SYSTEM, "personal weights cannot be written");
}

static enum sk_code
check(const struct personal *personal, const struct file *file, struct why *why)
{
    uint8_t seal[HASH_SHA256_SIZE];
    bool finite = true;

    if (memcmp(file->magic, MAGIC, 8) != 0 || file->bits != PERSONAL_BITS) {
        return why_set(why, SK_BAD, "these are no personal weights of this version");
    }
    seal_of(personal, file, seal);
    if (memcmp(seal, file->seal, sizeof seal) != 0) {
        return why_set(why, SK_BAD, "the personal weights are damaged");
    }
    for (size_t i = 0; i < PERSONAL_WEIGHTS; i++) {
        finite = finite && fabsf(file->weights[i]) <= WEIGHT_MOST;
    }
    return finite ? SK_OK : why_set(why, SK_BAD, "the personal weights are out of bounds");
}

enum sk_code
personal_read(struct personal *personal, struct bytes bytes, struct why *why)
{
    static struct file file;
    size_t slot;

    if (bytes.size != sizeof file) {
        return why_set(why, SK_BAD, "the personal weights are cut short or too long");
    }
    memcpy(&file, bytes.at, sizeof file);
    enum sk_code code = check(personal, &file, why);
    if (code == SK_OK) {
        code = personal_take(personal, &file.id, &slot, why);
    }
    if (code == SK_OK) {
        personal->heads[slot].spam = file.spam;
        personal->heads[slot].ham = file.ham;
        memcpy(personal->weights[slot], file.weights, sizeof file.weights);
    }
    explicit_bzero(&file, sizeof file);
    return code;
}

static enum sk_code
read_file(struct personal *personal, int folder, const char *name, struct why *why)
{
    static uint8_t bytes[PERSONAL_FILE_SIZE + 1];
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    size_t size = 0;
    ssize_t n = 0;

    if (fd < 0) {
        return why_set(why, SK_SYSTEM, "personal weights cannot be opened");
    }
    while (size < sizeof bytes && (n = read(fd, bytes + size, sizeof bytes - size)) > 0) {
        size += (size_t)n;
    }
    close(fd);
    enum sk_code code = n < 0 ? why_set(why, SK_SYSTEM, "personal weights cannot be read")
                              : personal_read(personal, bytes_of(bytes, size), why);
    explicit_bzero(bytes, sizeof bytes);
    return code;
}

enum sk_code
personal_load(struct personal *personal, int folder, size_t *bad_r, struct why *why)
{
    bool seen[LIMIT_PERSONAL_RECIPIENTS] = {false};
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy < 0 ? NULL : fdopendir(copy);
    struct dirent *entry;
    struct why cause;
    char name[80];

    *bad_r = 0;
    if (list == NULL) {
        return why_set(why, SK_SYSTEM, "the folder of personal weights cannot be read");
    }
    while ((entry = readdir(list)) != NULL) {
        struct bytes found = bytes_from_text(entry->d_name);
        if (bytes_ends_fold(found, BYTES(".weights"))) {
            *bad_r += read_file(personal, folder, entry->d_name, &cause) != SK_OK;
        } else if (bytes_ends_fold(found, BYTES(".new"))) {
            (void)unlinkat(folder, entry->d_name, 0); /* of a save that was cut off */
        }
    }
    closedir(list);
    for (size_t i = 0; i < LIMIT_PERSONAL_RECIPIENTS; i++) {
        if (atomic_load(&personal->heads[i].taken) != 0) {
            personal_file_name(personal->heads[i].id.name, name);
            seen[i] = faccessat(folder, name, F_OK, 0) == 0;
        }
        if (!seen[i] && atomic_load(&personal->heads[i].taken) != 0) {
            personal_give_up(personal, i);
        }
    }
    return SK_OK;
}

static enum sk_code
destroy_one(int folder, const char *name, struct why *why)
{
    static const uint8_t zeros[4096];
    struct stat status;
    int fd = openat(folder, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 && errno == ENOENT) {
        return SK_OK;
    }
    bool done = fd >= 0 && fstat(fd, &status) == 0;
    for (off_t at = 0; done && at < status.st_size; at += (off_t)sizeof zeros) {
        size_t size = status.st_size - at < (off_t)sizeof zeros
                          ? (size_t)(status.st_size - at)
                          : sizeof zeros;
        done = pwrite(fd, zeros, size, at) == (ssize_t)size;
    }
    done = done && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    /* Removed also where writing over it failed: less stays behind, and the failure is told. */
    bool gone = unlinkat(folder, name, 0) == 0 && fsync(folder) == 0;
    return done && gone ? SK_OK
                        : why_set(why, SK_SYSTEM, "personal weights cannot be destroyed");
}

enum sk_code
personal_destroy(int folder, const uint8_t name[HASH_SHA256_SIZE], struct why *why)
{
    char file[80], next[88];
    struct why cause;

    personal_file_name(name, file);
    snprintf(next, sizeof next, "%s.new", file);
    enum sk_code of_next = destroy_one(folder, next, &cause),
                 code = destroy_one(folder, file, why);
    return code != SK_OK      ? code
           : of_next != SK_OK ? why_set(why, of_next, "%s", cause.sentence)
                              : SK_OK;
}
