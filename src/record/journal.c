#include "record/journal.h"

#include "base/hash.h"
#include "base/limits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t magic_kept[4] = "SKJ1", magic_purged[4] = "SKP1";

static void
put_be(uint8_t *at, uint64_t number, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        at[i] = (uint8_t)(number >> (8 * (size - 1 - i)));
    }
}

static uint64_t
get_be(const uint8_t *at, unsigned size)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < size; i++) {
        number = number << 8 | at[i];
    }
    return number;
}

void
journal_header(uint64_t index, const uint8_t salt[JOURNAL_SALT_SIZE], struct bytes record,
               uint8_t header_r[JOURNAL_HEADER_SIZE])
{
    memcpy(header_r, magic_kept, 4);
    put_be(header_r + 4, record.size, 4);
    put_be(header_r + 8, index, 8);
    memcpy(header_r + 16, salt, JOURNAL_SALT_SIZE);
    hash_sha256_many((struct bytes[]){bytes_of(salt, JOURNAL_SALT_SIZE), record}, 2,
                     header_r + 48);
}

enum sk_code
journal_frame_read(struct bytes segment, size_t at, struct journal_frame *frame_r)
{
    struct bytes b = bytes_from(segment, at);
    uint8_t leaf_data[MERKLE_SIZE];

    if (b.size < JOURNAL_HEADER_SIZE) {
        return SK_MORE;
    }
    frame_r->purged = memcmp(b.at, magic_purged, 4) == 0;
    uint64_t size = get_be(b.at + 4, 4);
    if ((!frame_r->purged && memcmp(b.at, magic_kept, 4) != 0) ||
        size > LIMIT_RECORD_BYTES) {
        return SK_BAD;
    }
    if (b.size - JOURNAL_HEADER_SIZE < size) {
        return SK_MORE;
    }
    frame_r->index = get_be(b.at + 8, 8);
    frame_r->salt = bytes_slice(b, 16, 48);
    frame_r->leaf_data = bytes_slice(b, 48, 80);
    frame_r->size = JOURNAL_HEADER_SIZE + (size_t)size;
    frame_r->record = bytes_slice(b, JOURNAL_HEADER_SIZE, frame_r->size);
    if (frame_r->purged) {
        frame_r->record = BYTES_NONE;
        return SK_OK;
    }
    hash_sha256_many((struct bytes[]){frame_r->salt, frame_r->record}, 2, leaf_data);
    return memcmp(leaf_data, frame_r->leaf_data.at, MERKLE_SIZE) == 0 ? SK_OK : SK_LIMIT;
}

void
journal_name(uint64_t first, char name_r[JOURNAL_NAME_SIZE])
{
    snprintf(name_r, JOURNAL_NAME_SIZE, "journal/%020llu.log", (unsigned long long)first);
}

static int
order_firsts(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

enum sk_code
journal_list(struct arena *arena, int folder, struct journal_list *list_r, struct why *why)
{
    size_t room = 0;

    *list_r = (struct journal_list){0};
    int at = openat(folder, "journal", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0 && errno == ENOENT) {
        return SK_OK;
    }
    DIR *entries = at >= 0 ? fdopendir(at) : NULL;
    if (entries == NULL) {
        enum sk_code code = why_set(why, SK_SYSTEM, "cannot read the folder journal");
        if (at >= 0) {
            close(at);
        }
        return code;
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        struct bytes name = bytes_from_text(entry->d_name);
        uint64_t first;
        if (name.size != 24 || !bytes_ends(name, BYTES(".log")) ||
            !bytes_to_number(bytes_slice(name, 0, 20), INT64_MAX, &first)) {
            continue;
        }
        if (list_r->count == room) {
            list_r->firsts = arena_grow(arena, list_r->firsts, room * sizeof(uint64_t),
                                        (2 * room + 16) * sizeof(uint64_t));
            room = 2 * room + 16;
        }
        list_r->firsts[list_r->count++] = first;
    }
    closedir(entries);
    if (list_r->count > 0) {
        qsort(list_r->firsts, list_r->count, sizeof(uint64_t), order_firsts);
    }
    return SK_OK;
}

enum sk_code
journal_map(int folder, uint64_t first, struct bytes *segment_r, struct why *why)
{
    char name[JOURNAL_NAME_SIZE];
    struct stat status;

    *segment_r = BYTES_NONE;
    journal_name(first, name);
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0) {
        enum sk_code code = why_set(why, SK_SYSTEM, "cannot read %s", name);
        if (file >= 0) {
            close(file);
        }
        return code;
    }
    void *at = NULL;
    if (status.st_size > 0) {
        at = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, file, 0);
    }
    close(file);
    if (at == MAP_FAILED) {
        return why_set(why, SK_SYSTEM, "cannot map %s", name);
    }
    *segment_r = bytes_of(at, (size_t)status.st_size);
    return SK_OK;
}

void
journal_unmap(struct bytes segment)
{
    if (segment.at != NULL) {
        munmap((void *)(uintptr_t)segment.at, segment.size);
    }
}

enum sk_code
journal_fetch(struct arena *arena, int folder, uint64_t segment, uint64_t offset,
              uint64_t index, struct journal_frame *frame_r, struct why *why)
{
    struct bytes mapped;

    enum sk_code code = journal_map(folder, segment, &mapped, why);
    if (code != SK_OK) {
        return code;
    }
    code =
        offset > mapped.size ? SK_BAD : journal_frame_read(mapped, (size_t)offset, frame_r);
    if (code == SK_OK && frame_r->index == index) {
        frame_r->salt = bytes_copy(arena, frame_r->salt);
        frame_r->leaf_data = bytes_copy(arena, frame_r->leaf_data);
        frame_r->record = bytes_copy(arena, frame_r->record);
    } else {
        code = why_set(why, SK_BAD, "entry %llu of the journal is missing or was altered",
                       (unsigned long long)index);
    }
    journal_unmap(mapped);
    return code;
}

enum sk_code
journal_zero(int file, struct bytes segment, uint64_t offset, uint64_t index,
             struct why *why)
{
    static const uint8_t zeros[4096];
    struct journal_frame frame;
    uint8_t header[JOURNAL_HEADER_SIZE];

    enum sk_code code = offset > segment.size
                            ? SK_BAD
                            : journal_frame_read(segment, (size_t)offset, &frame);
    if (code != SK_OK || frame.index != index) {
        return why_set(why, SK_BAD, "entry %llu is not where it should be",
                       (unsigned long long)index);
    }
    size_t record_size = frame.size - JOURNAL_HEADER_SIZE;
    memcpy(header, segment.at + offset, sizeof(header));
    memcpy(header, magic_purged, 4);
    memset(header + 16, 0, JOURNAL_SALT_SIZE);
    bool done =
        pwrite(file, header, sizeof(header), (off_t)offset) == (ssize_t)sizeof(header);
    for (size_t at = 0; done && at < record_size;) {
        size_t size = record_size - at < sizeof(zeros) ? record_size - at : sizeof(zeros);
        done = pwrite(file, zeros, size, (off_t)(offset + JOURNAL_HEADER_SIZE + at)) ==
               (ssize_t)size;
        at += size;
    }
    return done ? SK_OK
                : why_set(why, SK_SYSTEM, "cannot purge entry %llu",
                          (unsigned long long)index);
}

int
journal_open_purging(int folder, uint64_t first, struct why *why)
{
    char name[JOURNAL_NAME_SIZE];

    journal_name(first, name);
    int file = openat(folder, name, O_WRONLY | O_CLOEXEC);
    if (file < 0) {
        (void)why_set(why, SK_SYSTEM, "cannot write %s", name);
    }
    return file;
}

enum sk_code
journal_purge(int folder, uint64_t segment, uint64_t offset, uint64_t index,
              struct why *why)
{
    struct bytes mapped;

    enum sk_code code = journal_map(folder, segment, &mapped, why);
    if (code != SK_OK) {
        return code;
    }
    int file = journal_open_purging(folder, segment, why);
    code = file < 0 ? SK_SYSTEM : journal_zero(file, mapped, offset, index, why);
    if (code == SK_OK && fdatasync(file) != 0) {
        code =
            why_set(why, SK_SYSTEM, "cannot purge entry %llu", (unsigned long long)index);
    }
    if (file >= 0) {
        close(file);
    }
    journal_unmap(mapped);
    return code;
}
