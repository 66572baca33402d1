/* Held messages: each that a record names is there as it was, or an entry says that it was erased. */
#include "record/verify_private.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/limits.h"

/* An entry that may tell of an erasure: of the held messages themselves, or of a purge. */
static bool
may_erase(struct bytes record)
{
    return bytes_starts(record, BYTES("{\"v\":1,\"kind\":\"held.")) ||
           bytes_starts(record, BYTES("{\"v\":1,\"kind\":\"purge"));
}

static void
forget_erased(struct verifier *v, struct bytes record)
{
    for (struct verify_missing **at = &v->missing; *at != NULL;) {
        struct bytes name = bytes_hex(v->arena, bytes_of((*at)->ref.name, HELD_NAME_SIZE));
        if (bytes_find(record, name, 0) != BYTES_NOWHERE) {
            *at = (*at)->next;
        } else {
            at = &(*at)->next;
        }
    }
}

/* What a record's own strings say is escaped, so the words looked for can only be ours. */
void
verify_held_frame(struct verifier *v, const struct journal_frame *frame)
{
    struct held_ref ref;
    struct why why;

    if (frame->purged) {
        return;
    }
    if (may_erase(frame->record)) {
        forget_erased(v, frame->record);
    } else if (held_ref_read(frame->record, &ref) &&
               held_check(v->folder, ref.name, ref.seal, &why) != SK_OK) {
        struct verify_missing *missing = ARENA_NEW(v->arena, struct verify_missing);
        *missing =
            (struct verify_missing){v->missing, frame->index, ref,
                                    bytes_text(v->arena, bytes_from_text(why.sentence))};
        v->missing = missing;
    }
}

static bool
told(const struct verifier *v, const uint8_t name[HELD_NAME_SIZE])
{
    for (const struct verify_missing *it = v->missing; it != NULL; it = it->next) {
        if (memcmp(it->ref.name, name, HELD_NAME_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static void
check_file(struct verifier *v, struct bytes file)
{
    uint8_t name[HELD_NAME_SIZE];
    struct bytes raw;
    struct arena arena;
    struct why why;
    bool plain = bytes_ends(file, BYTES(".zst"));

    if ((!plain && !bytes_ends(file, BYTES(".held"))) ||
        !held_name_read(bytes_slice(file, 0, file.size - (plain ? 4 : 5)), name)) {
        return;
    }
    v->report->held_count++;
    if (told(v, name)) {
        return;
    }
    arena_init(&arena, (size_t)4 * LIMIT_MESSAGE);
    if ((plain ? held_read_old(&arena, v->folder, name, &raw, &why)
               : held_check(v->folder, name, NULL, &why)) != SK_OK) {
        verify_fault(v, UINT64_MAX, "held message: %s", why.sentence);
    }
    arena_release(&arena);
}

static void
check_folder(struct verifier *v, int folder)
{
    int copy = dup(folder);
    DIR *entries = copy >= 0 ? fdopendir(copy) : NULL;

    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        check_file(v, bytes_from_text(entry->d_name));
    }
    if (entries != NULL) {
        closedir(entries);
    }
}

void
verify_tell_held(struct verifier *v)
{
    for (struct verify_missing *it = v->missing; it != NULL; it = it->next) {
        verify_fault(v, it->index, "entry %llu: its held message: %s",
                     (unsigned long long)it->index, it->words);
    }
    for (unsigned i = 0; i < 256; i++) {
        char path[16];
        snprintf(path, sizeof(path), "held/%02x", i);
        int folder = openat(v->folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder >= 0) {
            check_folder(v, folder);
            close(folder);
        }
    }
}
