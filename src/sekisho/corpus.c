#include "sekisho/corpus.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/writer.h"

#define MESSAGES_MAX     10000000 /* 400 MB of index. Beyond: SK_LIMIT */
#define FOLDER_DEPTH_MAX 40       /* folders within folders. Beyond: SK_LIMIT */
#define SHUFFLE_SEED     20261122

struct place {
    const char *path;
    uint64_t offset;
    uint32_t size;
    bool spooled; /* lies in the temporary file, path is that of the archive */
    int label;
};

struct corpus {
    struct arena *arena;
    struct place *places;
    size_t count, room, left_out;
    int spool;
    uint64_t spool_size;
};

static void
close_spool(void *it)
{
    struct corpus *corpus = it;

    if (corpus->spool >= 0) {
        close(corpus->spool);
    }
}

struct corpus *
corpus_new(struct arena *arena)
{
    struct corpus *corpus = ARENA_NEW(arena, struct corpus);

    corpus->arena = arena;
    corpus->spool = -1;
    arena_defer(arena, close_spool, corpus);
    return corpus;
}

size_t
corpus_count(const struct corpus *corpus)
{
    return corpus->count;
}

size_t
corpus_left_out(const struct corpus *corpus)
{
    return corpus->left_out;
}

static enum sk_code
add_place(struct corpus *corpus, struct place place, uint64_t size, struct why *why)
{
    if (size > LIMIT_MESSAGE || size == 0) {
        corpus->left_out++;
        return SK_OK;
    }
    if (corpus->count == MESSAGES_MAX) {
        return why_set(why, SK_LIMIT, "more than %d messages", MESSAGES_MAX);
    }
    if (corpus->count == corpus->room) {
        size_t room = corpus->room == 0 ? 1024 : corpus->room * 2;
        corpus->places = arena_grow(corpus->arena, corpus->places,
                                    corpus->room * sizeof place, room * sizeof place);
        corpus->room = room;
    }
    place.size = (uint32_t)size;
    corpus->places[corpus->count++] = place;
    return SK_OK;
}

/* "From somebody Sat Nov 22 10:00:00 2026": begins a message in an mbox, where an empty line stands before it. */
static bool
is_from_line(struct bytes text, size_t at)
{
    struct bytes line, rest = bytes_from(text, at);

    if (!bytes_starts(rest, BYTES("From ")) || !bytes_line(&rest, &line)) {
        return false;
    }
    size_t colon = bytes_find_byte(line, ':', 0);
    return colon != BYTES_NOWHERE && colon + 2 < line.size &&
           ascii_digit(line.at[colon + 1]) && ascii_digit(line.at[colon - 1]);
}

static size_t
mbox_next(struct bytes text, size_t at)
{
    for (at = bytes_find(text, BYTES("\nFrom "), at); at != BYTES_NOWHERE;
         at = bytes_find(text, BYTES("\nFrom "), at + 1)) {
        bool blank = at == 0 || text.at[at - 1] == '\n' ||
                     (at >= 2 && text.at[at - 1] == '\r' && text.at[at - 2] == '\n');
        if (blank && is_from_line(text, at + 1)) {
            return at + 1;
        }
    }
    return text.size;
}

/* One file's text: one message, or an mbox. The "From " line is no part of the message. */
static enum sk_code
add_text(struct corpus *corpus, struct bytes text, struct place place, struct why *why)
{
    uint64_t base = place.offset;
    enum sk_code code = SK_OK;

    if (!is_from_line(text, 0)) {
        return add_place(corpus, place, text.size, why);
    }
    for (size_t at = 0, next; at < text.size && code == SK_OK; at = next) {
        size_t line = bytes_find_byte(text, '\n', at);
        size_t from = line == BYTES_NOWHERE ? text.size : line + 1;
        next = mbox_next(text, from > 0 ? from - 1 : 0);
        place.offset = base + from;
        code = add_place(corpus, place, next > from ? next - from : 0, why);
    }
    return code;
}

static enum sk_code
add_file(struct corpus *corpus, const char *path, size_t size, int label, struct why *why)
{
    enum sk_code code;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return why_set(why, SK_SYSTEM, "%s cannot be opened", path);
    }
    void *at = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (at == MAP_FAILED) {
        return why_set(why, SK_SYSTEM, "%s cannot be read", path);
    }
    struct place place = {.path = path, .label = label};
    code = add_text(corpus, bytes_of(at, size), place, why);
    munmap(at, size);
    return code;
}

static enum sk_code
open_spool(struct corpus *corpus, struct why *why)
{
    const char *folder = getenv("TMPDIR");

    if (corpus->spool < 0) {
        corpus->spool =
            open(folder == NULL ? "/tmp" : folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    }
    return corpus->spool < 0 ? why_set(why, SK_SYSTEM, "no temporary file for unpacking")
                             : SK_OK;
}

static enum sk_code
spool_entry(struct corpus *corpus, struct archive *archive, struct archive_entry *entry,
            struct place place, struct why *why)
{
    struct arena arena;
    int64_t size = archive_entry_size(entry);
    enum sk_code code = SK_OK;

    if (size <= 0 || size > LIMIT_MESSAGE) {
        corpus->left_out++;
        return SK_OK;
    }
    arena_init(&arena, 2 * LIMIT_MESSAGE);
    uint8_t *at = arena_take_bytes(&arena, (size_t)size);
    if (archive_read_data(archive, at, (size_t)size) != size) {
        code = why_set(why, SK_BAD, "%s is broken: %s", place.path,
                       archive_error_string(archive));
    } else if (pwrite(corpus->spool, at, (size_t)size, (off_t)corpus->spool_size) != size) {
        code = why_set(why, SK_SYSTEM, "the temporary file cannot be written");
    } else {
        place.offset = corpus->spool_size;
        corpus->spool_size += (uint64_t)size;
        code = add_text(corpus, bytes_of(at, (size_t)size), place, why);
    }
    arena_release(&arena);
    return code;
}

static enum sk_code
add_archive(struct corpus *corpus, const char *path, int label, struct why *why)
{
    struct place place = {.path = path, .spooled = true, .label = label};
    struct archive *archive = archive_read_new();
    struct archive_entry *entry;
    enum sk_code code = open_spool(corpus, why);
    int got = ARCHIVE_OK;

    archive_read_support_filter_all(archive);
    archive_read_support_format_tar(archive);
    if (code == SK_OK && archive_read_open_filename(archive, path, 65536) != ARCHIVE_OK) {
        code = why_set(why, SK_BAD, "%s is no archive: %s", path,
                       archive_error_string(archive));
    }
    while (code == SK_OK &&
           (got = archive_read_next_header(archive, &entry)) == ARCHIVE_OK) {
        if (archive_entry_filetype(entry) == AE_IFREG) {
            code = spool_entry(corpus, archive, entry, place, why);
        }
    }
    if (code == SK_OK && got != ARCHIVE_EOF) {
        code =
            why_set(why, SK_BAD, "%s is broken: %s", path, archive_error_string(archive));
    }
    archive_read_free(archive);
    return code;
}

static bool
is_archive(struct bytes path)
{
    static const char *const ends[] = {".tar",    ".tar.gz",  ".tgz",
                                       ".tar.xz", ".tar.zst", ".tar.bz2"};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (bytes_ends_fold(path, bytes_from_text(ends[i]))) {
            return true;
        }
    }
    return false;
}

/* Hidden files, a Maildir's tmp, and the index of a collection are no mail. */
static int
is_wanted(const struct dirent *entry)
{
    struct bytes name = bytes_from_text(entry->d_name);

    return entry->d_name[0] != '.' && !bytes_is(name, "tmp") &&
           !bytes_ends_fold(name, BYTES(".tsv"));
}

static int
by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum sk_code add_any(struct corpus *corpus, const char *path, int label, int depth,
                            struct why *why);

static enum sk_code
add_folder(struct corpus *corpus, const char *path, int label, int depth, struct why *why)
{
    struct dirent **entries;
    enum sk_code code = SK_OK;
    int count = scandir(path, &entries, is_wanted, by_bytes);

    if (count < 0) {
        return why_set(why, SK_SYSTEM, "the folder %s cannot be read", path);
    }
    for (int i = 0; i < count; i++) {
        if (code == SK_OK) {
            struct writer w;
            writer_init(&w, corpus->arena);
            writer_text(&w, path);
            writer_byte(&w, '/');
            writer_text(&w, entries[i]->d_name);
            code = add_any(corpus, writer_c(&w), label, depth + 1, why);
        }
        (free)(entries[i]);
    }
    (free)(entries);
    return code;
}

static enum sk_code
add_any(struct corpus *corpus, const char *path, int label, int depth, struct why *why)
{
    struct stat status;

    if (stat(path, &status) != 0) {
        return why_set(why, SK_SYSTEM, "%s is not there", path);
    }
    if (S_ISDIR(status.st_mode)) {
        return depth > FOLDER_DEPTH_MAX ? why_set(why, SK_LIMIT, "%s lies too deep", path)
                                        : add_folder(corpus, path, label, depth, why);
    }
    if (!S_ISREG(status.st_mode) || status.st_size == 0) {
        return SK_OK;
    }
    if (is_archive(bytes_from_text(path))) {
        return add_archive(corpus, path, label, why);
    }
    return add_file(corpus, path, (size_t)status.st_size, label, why);
}

enum sk_code
corpus_add(struct corpus *corpus, const char *path, int label, struct why *why)
{
    return add_any(corpus, bytes_text(corpus->arena, bytes_from_text(path)), label, 0, why);
}

void
corpus_shuffle(struct corpus *corpus)
{
    uint64_t state = SHUFFLE_SEED;

    for (size_t i = corpus->count; i > 1; i--) {
        state = hash_mix(state + i);
        size_t other = (size_t)(state % i);
        struct place place = corpus->places[i - 1];
        corpus->places[i - 1] = corpus->places[other];
        corpus->places[other] = place;
    }
}

static bool
read_all(int fd, uint8_t *at, size_t size, uint64_t offset)
{
    while (size > 0) {
        ssize_t n = pread(fd, at, size, (off_t)offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        at += n;
        offset += (uint64_t)n;
        size -= (size_t)n;
    }
    return true;
}

enum sk_code
corpus_load(struct arena *arena, const struct corpus *corpus, size_t i, struct bytes *raw_r,
            int *label_r, const char **path_r, struct why *why)
{
    SK_ASSERT(i < corpus->count);
    const struct place *place = &corpus->places[i];
    int fd = place->spooled ? corpus->spool : open(place->path, O_RDONLY | O_CLOEXEC);
    uint8_t *at = arena_take_bytes(arena, place->size);
    bool good = fd >= 0 && read_all(fd, at, place->size, place->offset);

    if (fd >= 0 && !place->spooled) {
        close(fd);
    }
    *label_r = place->label;
    *path_r = place->path;
    *raw_r = bytes_of(at, place->size);
    return good ? SK_OK : why_set(why, SK_SYSTEM, "%s cannot be read", place->path);
}
