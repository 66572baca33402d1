#define SK_BASE
#include "base/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/limits.h"

#define MAGIC     BYTES("sekisho bundle 1\n")
#define READ_SIZE 65536

void
bundle_init(struct bundle *bundle, struct arena *arena, struct bytes text)
{
    *bundle = (struct bundle){.arena = arena, .text = text, .size = text.size};
    table_init(&bundle->files, arena, false);
}

static bool
take_piece(struct bytes *rest, struct bytes *piece_r)
{
    uint64_t size;

    if (rest->size < sizeof size) {
        return false;
    }
    memcpy(&size, rest->at, sizeof size);
    *rest = bytes_from(*rest, sizeof size);
    if (size > rest->size) {
        return false;
    }
    *piece_r = bytes_slice(*rest, 0, (size_t)size);
    *rest = bytes_from(*rest, (size_t)size);
    return true;
}

static enum sk_code
bundle_note(struct bundle *bundle, struct bytes path, struct bytes content, struct why *why)
{
    struct bytes *noted = ARENA_NEW(bundle->arena, struct bytes);

    if (bundle->files.count >= LIMIT_BUNDLE_FILES) {
        return why_set(why, SK_LIMIT, "the configuration names more than %d files",
                       LIMIT_BUNDLE_FILES);
    }
    if (bundle->size > LIMIT_BUNDLE_BYTES ||
        content.size > LIMIT_BUNDLE_BYTES - bundle->size) {
        return why_set(why, SK_LIMIT,
                       "the configuration and the files it names are over %d bytes",
                       LIMIT_BUNDLE_BYTES);
    }
    bundle->size += content.size;
    *noted = content;
    table_put(&bundle->files, path, noted);
    return SK_OK;
}

enum sk_code
bundle_open(struct bundle *bundle, struct arena *arena, struct bytes from, struct why *why)
{
    struct bytes path, content;
    enum sk_code code = SK_OK;

    bundle_init(bundle, arena, BYTES_NONE);
    bundle->closed = true;
    if (!bytes_starts(from, MAGIC)) {
        return why_set(why, SK_BAD, "this is no bundle of a configuration");
    }
    from = bytes_from(from, MAGIC.size);
    for (bool first = true; code == SK_OK && (first || from.size > 0); first = false) {
        if (!take_piece(&from, &path) || !take_piece(&from, &content) ||
            first != (path.size == 0)) {
            return why_set(why, SK_BAD, "the bundle of the configuration is broken");
        }
        if (first) {
            bundle->text = content;
            bundle->size = content.size;
        } else {
            code = bundle_note(bundle, path, content, why);
        }
    }
    return code;
}

static void
put_piece(struct writer *w, struct bytes piece)
{
    uint64_t size = piece.size;

    writer_bytes(w, bytes_of(&size, sizeof size));
    writer_bytes(w, piece);
}

void
bundle_write(const struct bundle *bundle, struct writer *w)
{
    struct bytes path;
    void *content;

    writer_bytes(w, MAGIC);
    put_piece(w, BYTES(""));
    put_piece(w, bundle->text);
    for (size_t at = 0; table_next(&bundle->files, &at, &path, &content);) {
        put_piece(w, path);
        put_piece(w, *(struct bytes *)content);
    }
}

/* A pipe or a terminal must not keep the supervisor waiting: what is not there at once is not there. */
static enum sk_code
disk_file(struct arena *arena, struct bytes path, size_t most, struct bytes *content_r,
          struct why *why)
{
    int fd = open(bytes_text(arena, path), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct writer w;
    ssize_t got = 0;

    if (fd < 0) {
        return why_set(why, SK_SYSTEM, "%.*s cannot be read", BYTES_ARGUMENTS(path));
    }
    writer_init(&w, arena);
    while (w.size <= most &&
           (got = read(fd, writer_reserve(&w, READ_SIZE), READ_SIZE)) > 0) {
        writer_did(&w, (size_t)got);
    }
    int error = errno;
    close(fd);
    errno = error;
    if (got < 0) {
        return why_set(why, SK_SYSTEM, "%.*s cannot be read", BYTES_ARGUMENTS(path));
    }
    *content_r = writer_view(&w);
    return SK_OK;
}

enum sk_code
bundle_file(struct bundle *bundle, struct arena *arena, struct bytes path, size_t most,
            struct bytes *content_r, struct why *why)
{
    const struct bytes *noted = bundle != NULL ? table_get(&bundle->files, path) : NULL;
    enum sk_code code = SK_OK;

    if (noted != NULL) {
        *content_r = bytes_copy(arena, *noted);
    } else if (bundle != NULL && bundle->closed) {
        errno = ENOENT;
        return why_set(why, SK_SYSTEM, "%.*s did not come with the configuration",
                       BYTES_ARGUMENTS(path));
    } else {
        code = disk_file(arena, path, most, content_r, why);
    }
    if (code == SK_OK && content_r->size > most) {
        return why_set(why, SK_LIMIT, "%.*s is over %zu bytes", BYTES_ARGUMENTS(path),
                       most);
    }
    if (code == SK_OK && noted == NULL && bundle != NULL) {
        code = bundle_note(bundle, bytes_copy(bundle->arena, path),
                           bytes_copy(bundle->arena, *content_r), why);
    }
    return code;
}
