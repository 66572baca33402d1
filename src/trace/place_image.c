#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace/place_private.h"

/* The memory file: this, and behind it each array on a border of 16 bytes, in the order of `pieces`. */
struct image {
    char magic[16];
    uint64_t counts[TABLE_COUNT][3]; /* of ranges4, ranges6, ranges16 */
    uint64_t mmdb_sizes[MMDB_COUNT];
};
#define MAGIC       "sekisho places1"
#define PIECES_MOST (TABLE_COUNT * 12 + MMDB_COUNT)

struct piece {
    void **at;
    size_t size, offset;
};

static size_t
align(size_t at)
{
    return (at + 15) & ~(size_t)15;
}

/* Where each array of the tables lies in the file; the one truth for writing and for mapping. Gives the file's size. */
static size_t
lay_out(struct places *p, struct bytes mmdbs[MMDB_COUNT], struct piece *pieces,
        size_t *count_r)
{
    size_t count = 0, at = align(sizeof(struct image));

    for (size_t t = 0; t < TABLE_COUNT; t++) {
        struct place_table *table = &p->tables[t];
        size_t n4 = table->r4.count, n6 = table->r6.count, n16 = table->r16.count,
               letters = t == TABLE_COUNTRIES ? sizeof(uint16_t) : 0;
        const struct piece own[] = {
            {(void **)&table->r4.first, n4 * sizeof(uint32_t), 0},
            {(void **)&table->r4.last, n4 * sizeof(uint32_t), 0},
            {(void **)&table->r4.steps, place_step_count(n4) * sizeof(uint32_t), 0},
            {(void **)&table->r4.countries, n4 * letters, 0},
            {(void **)&table->r6.first, n6 * sizeof(uint64_t), 0},
            {(void **)&table->r6.last, n6 * sizeof(uint64_t), 0},
            {(void **)&table->r6.steps, place_step_count(n6) * sizeof(uint64_t), 0},
            {(void **)&table->r6.countries, n6 * letters, 0},
            {(void **)&table->r16.first, n16 * sizeof(struct place_key), 0},
            {(void **)&table->r16.last, n16 * sizeof(struct place_key), 0},
            {(void **)&table->r16.steps, place_step_count(n16) * sizeof(struct place_key),
             0},
            {(void **)&table->r16.countries, n16 * letters, 0},
        };
        for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
            pieces[count++] = own[i];
        }
    }
    for (size_t i = 0; i < MMDB_COUNT; i++) {
        pieces[count++] = (struct piece){(void **)&mmdbs[i].at, mmdbs[i].size, 0};
    }
    for (size_t i = 0; i < count; i++) {
        pieces[i].offset = at;
        at = align(at + pieces[i].size);
    }
    *count_r = count;
    return at;
}

static bool
write_all(int file, const void *from, size_t size, size_t offset)
{
    const uint8_t *at = from;

    while (size > 0) {
        ssize_t wrote = pwrite(file, at, size, (off_t)offset);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return false;
        }
        at += wrote;
        offset += (size_t)wrote;
        size -= (size_t)wrote;
    }
    return true;
}

/* Nobody can write to it again: not even a process that was taken over can change what the others see. */
enum sk_code
place_image_write(struct places *p, struct bytes mmdbs[MMDB_COUNT], int *file_r,
                  struct why *why)
{
    struct image head = {.magic = MAGIC};
    struct piece pieces[PIECES_MOST];
    size_t count, size = lay_out(p, mmdbs, pieces, &count);

    for (size_t t = 0; t < TABLE_COUNT; t++) {
        head.counts[t][0] = p->tables[t].r4.count;
        head.counts[t][1] = p->tables[t].r6.count;
        head.counts[t][2] = p->tables[t].r16.count;
    }
    for (size_t i = 0; i < MMDB_COUNT; i++) {
        head.mmdb_sizes[i] = mmdbs[i].size;
    }
    int file = memfd_create("sekisho.places", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    bool good = file >= 0 && ftruncate(file, (off_t)size) == 0 &&
                write_all(file, &head, sizeof head, 0);
    for (size_t i = 0; good && i < count; i++) {
        good = write_all(file, *pieces[i].at, pieces[i].size, pieces[i].offset);
    }
    good = good && fcntl(file, F_ADD_SEALS,
                         F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0;
    if (!good) {
        enum sk_code code =
            why_set(why, SK_SYSTEM, "there is no memory for the tables of places");
        if (file >= 0) {
            close(file);
        }
        return code;
    }
    *file_r = file;
    return SK_OK;
}

/* Takes the arrays from the mapped file; false when it is not as we write it. */
bool
place_image_take(struct places *p, struct bytes file)
{
    struct bytes mmdbs[MMDB_COUNT];
    struct piece pieces[PIECES_MOST];
    struct image head;
    size_t count;

    if (file.size < sizeof head) {
        return false;
    }
    memcpy(&head, file.at, sizeof head);
    bool good = memcmp(head.magic, MAGIC, sizeof MAGIC) == 0;
    for (size_t t = 0; t < TABLE_COUNT; t++) {
        struct place_table *table = &p->tables[t];
        table->r4.count = (size_t)head.counts[t][0];
        table->r6.count = (size_t)head.counts[t][1];
        table->r16.count = (size_t)head.counts[t][2];
        good = good && table->r4.count <= file.size && table->r6.count <= file.size &&
               table->r16.count <= file.size;
    }
    for (size_t i = 0; i < MMDB_COUNT; i++) {
        mmdbs[i].size = (size_t)head.mmdb_sizes[i];
        good = good && mmdbs[i].size <= file.size;
    }
    if (!good || lay_out(p, mmdbs, pieces, &count) != file.size) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        *pieces[i].at =
            pieces[i].size == 0 ? NULL : (void *)(uintptr_t)(file.at + pieces[i].offset);
    }
    for (size_t i = 0; i < MMDB_COUNT; i++) {
        good = good && (mmdbs[i].size == 0 ||
                        place_mmdb_open(mmdbs[i], &p->mmdbs[i], NULL) == SK_OK);
    }
    const struct place_table *t = p->tables;
    p->figures.ranges4 = t[TABLE_COUNTRIES].r4.count;
    p->figures.ranges6 = t[TABLE_COUNTRIES].r6.count + t[TABLE_COUNTRIES].r16.count;
    size_t *const joined[TABLE_COUNT] = {NULL, &p->figures.tor, &p->figures.proxies,
                                         &p->figures.hosting};
    for (size_t i = TABLE_TOR; i < TABLE_COUNT; i++) {
        *joined[i] = t[i].r4.count + t[i].r6.count + t[i].r16.count;
    }
    p->figures.country_mmdb = mmdbs[MMDB_COUNTRY].size;
    p->figures.as_mmdb = mmdbs[MMDB_AS].size;
    p->figures.size = file.size;
    return good;
}
