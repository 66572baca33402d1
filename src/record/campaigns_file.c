/* campaigns.index: a copy of the memory, made in steps. */
#include "record/campaigns_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"

#define FILE_NAME     "campaigns.index"
#define FILE_NEW      "campaigns.index.new"
#define SAVE_EVERY_MS 3600000
#define STEP          ((size_t)4 << 20)
#define BLOCK         ((size_t)64 << 10) /* of zeros: not written */

struct file_head {
    uint8_t magic[8];
    uint64_t capacity, since, known, count, last;
    uint8_t seed_digest[HASH_SHA256_SIZE]; /* of another secret: of no use */
    uint8_t digest[HASH_SHA256_SIZE];      /* of what stands before */
};

static const uint8_t magic[8] = {'s', 'k', 'c', 'a', 'm', 'f', '1', '\n'};

static void
seal(const struct campaigns *c, struct file_head *head)
{
    hash_sha256(bytes_of((const uint8_t *)&c->seed, sizeof c->seed), head->seed_digest);
    hash_sha256(bytes_of((const uint8_t *)head, offsetof(struct file_head, digest)),
                head->digest);
}

static bool
read_all(int file, uint8_t *to, size_t size, size_t at)
{
    while (size > 0) {
        ssize_t got = pread(file, to, size, (off_t)at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        to += got;
        at += (size_t)got;
        size -= (size_t)got;
    }
    return true;
}

static bool
read_state(struct campaigns *c, int file)
{
    struct file_head head, want;
    struct stat about;

    if (fstat(file, &about) != 0 ||
        about.st_size != (off_t)(CAMPAIGNS_HEAD + c->memory_size) ||
        !read_all(file, (uint8_t *)&head, sizeof head, 0)) {
        return false;
    }
    want = head;
    seal(c, &want);
    if (memcmp(head.magic, magic, sizeof magic) != 0 || head.capacity != c->capacity ||
        head.since != c->since || head.known < head.since || head.known > c->entries ||
        memcmp(&want, &head, sizeof head) != 0 ||
        !read_all(file, c->memory, c->memory_size, CAMPAIGNS_HEAD) ||
        campaign_index_open(c->memory, c->index_size, &c->index) != SK_OK ||
        c->index.capacity != c->capacity || campaign_index_seed(&c->index) != c->seed ||
        campaign_index_cut(&c->index, head.count, head.last) != SK_OK) {
        return false;
    }
    for (size_t i = 0; i < CAMPAIGNS_KEYS; i++) { /* put while the copy was made */
        if (c->keys[i].number > head.last) {
            c->keys[i] = (struct campaigns_key){0};
        }
    }
    c->known = head.known;
    return true;
}

bool
campaigns_file_read(struct campaigns *c)
{
    int file = openat(c->folder, FILE_NAME, O_RDWR | O_CLOEXEC);

    if (file < 0) {
        return false;
    }
    if (!read_state(c, file)) {
        close(file);
        return false;
    }
    if (c->file >= 0) {
        close(c->file);
    }
    c->file = file;
    return true;
}

static bool
is_zero(const uint8_t *at, size_t size)
{
    return size == 0 || (at[0] == 0 && memcmp(at, at + 1, size - 1) == 0);
}

static bool
write_all(int file, const uint8_t *from, size_t size, size_t at)
{
    while (size > 0) {
        ssize_t put = pwrite(file, from, size, (off_t)at);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return false;
        }
        from += put;
        at += (size_t)put;
        size -= (size_t)put;
    }
    return true;
}

static enum sk_code
failed(struct campaigns *c, struct why *why)
{
    enum sk_code code =
        why_set(why, SK_SYSTEM, "campaigns.index cannot be written: %s", strerror(errno));

    if (c->saving.file >= 0) {
        close(c->saving.file);
        c->saving.file = -1;
    }
    c->saved_ms = clock_monotonic_ms();
    c->changed = true;
    return code;
}

/* What is committed by now is what the copy will say that it knows; between groups the two are the same. */
static enum sk_code
begin(struct campaigns *c, struct why *why)
{
    c->saving.file =
        openat(c->folder, FILE_NEW, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (c->saving.file < 0 ||
        ftruncate(c->saving.file, (off_t)(CAMPAIGNS_HEAD + c->memory_size)) != 0) {
        return failed(c, why);
    }
    c->changed = false;
    c->saving.at = 0;
    c->saving.known = c->book.upto > c->known ? c->book.upto : c->known;
    c->saving.count = campaign_index_count(&c->index);
    c->saving.last = campaign_index_last(&c->index);
    return SK_MORE;
}

static enum sk_code
finish(struct campaigns *c, struct why *why)
{
    struct file_head head = {.capacity = c->capacity,
                             .since = c->since,
                             .known = c->saving.known,
                             .count = c->saving.count,
                             .last = c->saving.last};

    memcpy(head.magic, magic, sizeof magic);
    seal(c, &head);
    if (!write_all(c->saving.file, (const uint8_t *)&head, sizeof head, 0) ||
        fdatasync(c->saving.file) != 0 ||
        renameat(c->folder, FILE_NEW, c->folder, FILE_NAME) != 0) {
        return failed(c, why);
    }
    if (c->file >= 0) {
        close(c->file);
    }
    c->file = c->saving.file;
    c->saving.file = -1;
    c->saved_ms = clock_monotonic_ms();
    return SK_OK;
}

static enum sk_code
step(struct campaigns *c, struct why *why)
{
    size_t end =
        c->saving.at + STEP < c->memory_size ? c->saving.at + STEP : c->memory_size;

    while (c->saving.at < end) {
        size_t size = end - c->saving.at < BLOCK ? end - c->saving.at : BLOCK;
        const uint8_t *from = c->memory + c->saving.at;
        if (!is_zero(from, size) &&
            !write_all(c->saving.file, from, size, CAMPAIGNS_HEAD + c->saving.at)) {
            return failed(c, why);
        }
        c->saving.at += size;
    }
    return c->saving.at < c->memory_size ? SK_MORE : finish(c, why);
}

enum sk_code
campaigns_tick(struct campaigns *c, bool at_once, struct why *why)
{
    if (c->saving.file >= 0) {
        return step(c, why);
    }
    if (!c->changed || (!at_once && clock_monotonic_ms() - c->saved_ms < SAVE_EVERY_MS)) {
        return SK_OK;
    }
    return begin(c, why);
}
