/* The model that lessons rest on, and how another takes its place.
 *
 * record.folder/lessons/shipped.N.model is the file of the model that base N began from. What people taught is the base less
 * that, and the lessons in the book: where another file is given, base N+1 is the new model and what was folded on top of it
 * (model_rebase), and the lessons of the book are taught again. The book names base N+1 when all of it is on disk, and says
 * that the model must be made anew, so that a keeper that dies on the way ends with the one or the other, whole. */
#define SK_BASE
#include "sekisho/lessons_private.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"

static void
file_name(uint64_t base, char name_r[64])
{
    snprintf(name_r, 64, "shipped.%llu.model", (unsigned long long)base);
}

enum sk_code
lessons_write_shipped(const struct lessons *l, struct bytes file, uint64_t base,
                      struct why *why)
{
    char name[64], next[72];
    size_t size = 0;
    ssize_t n = 1;

    if (file.size == 0) {
        return SK_OK; /* it was told to nobody, or is a model that knows nothing */
    }
    file_name(base, name);
    snprintf(next, sizeof next, "%s.new", name);
    int fd = openat(l->book->folder, next,
                    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    while (fd >= 0 && n > 0 && size < file.size) {
        n = write(fd, file.at + size, file.size - size);
        size += n > 0 ? (size_t)n : 0;
    }
    bool good = fd >= 0 && size == file.size && fsync(fd) == 0;
    good = (fd < 0 || close(fd) == 0) && good &&
           renameat(l->book->folder, next, l->book->folder, name) == 0 &&
           fsync(l->book->folder) == 0;
    return good ? SK_OK : why_set(why, SK_SYSTEM, "%s cannot be written", name);
}

void
lessons_drop_shipped(const struct lessons *l, uint64_t base)
{
    char name[64];

    file_name(base, name);
    if (base != 0 && base != l->book->base) {
        (void)unlinkat(l->book->folder, name, 0);
    }
}

/* "": there is none. */
static struct bytes
read_shipped(struct arena *arena, const struct lessons *l)
{
    char name[64];
    uint8_t *at = NULL;
    size_t size = 0;
    ssize_t n = 1;

    file_name(l->book->base, name);
    int fd = openat(l->book->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    off_t whole = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    if (whole > 0 && whole <= MODEL_FILE_MAX) {
        at = arena_take_bytes(arena, (size_t)whole);
    }
    while (at != NULL && n > 0 && size < (size_t)whole) {
        n = pread(fd, at + size, (size_t)whole - size, (off_t)size);
        size += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    return bytes_of(at, size);
}

static enum sk_code
open_model(struct bytes file, struct model **model_r, struct why *why)
{
    return file.size == 0 ? model_open_empty(model_r, why)
                          : model_open_bytes(file, model_r, why);
}

/* Base N+1: what was folded, on the model `to` instead of `from`. */
static enum sk_code
rebase(struct lessons *l, struct bytes file, const struct model *from,
       const struct model *to, struct why *why)
{
    static bool all[LIMIT_LESSONS];
    struct lesson_book *b = l->book;
    uint64_t before = b->base, next = b->base + 1;
    struct arena scratch;
    struct model *base;

    memset(all, 1, sizeof all);
    arena_init(&scratch, 1u << 20);
    enum sk_code code = model_open_file(lesson_book_base(&scratch, b, before), &base, why);
    if (code == SK_OK) {
        model_rebase(base, from, to);
        jury_begin_model(l->jury, base);
        model_close(base);
        code = jury_save_base(l->jury, lesson_book_base(&scratch, b, next), why);
    }
    arena_release(&scratch);
    if (code == SK_OK) {
        code = lessons_write_shipped(l, file, next, why);
    }
    if (code == SK_OK) {
        code = lessons_groups_fold(l, all, next, why);
    }
    if (code == SK_OK) {
        code = lesson_book_stale(b, true, why);
    }
    if (code == SK_OK) {
        code = lesson_book_keep(b, all, next, why);
    }
    l->unsettled =
        true; /* also where it failed: the jury's models are no more the book's */
    if (code == SK_OK) {
        lessons_groups_tidy(l);
        lessons_drop_shipped(l, before);
    }
    struct why cause;
    if (lessons_settle_all(l, &cause) != SK_OK) { /* tried again with the next lesson */
        log_line(LOG_LEVEL_ERROR, NULL, "lessons: %s", cause.sentence);
    }
    return code;
}

/* Nothing was taught: the new one judges as it is. */
static enum sk_code
replace(struct lessons *l, struct bytes file, bool *changed_r, struct why *why)
{
    uint8_t now[HASH_SHA256_SIZE], then[HASH_SHA256_SIZE];
    struct model *model;
    enum sk_code code = open_model(file, &model, why);

    if (code != SK_OK) {
        return code;
    }
    judge_digest(l->judge, now);
    model_digest(model, then);
    *changed_r = memcmp(now, then, sizeof now) != 0;
    if (*changed_r) {
        jury_begin_model(l->jury, model);
        judge_put(l->judge, model);
    }
    model_close(model);
    return SK_OK;
}

static enum sk_code
replace_learned(struct lessons *l, struct bytes file, bool *changed_r, struct why *why)
{
    struct model *from, *to;
    struct arena scratch;
    enum sk_code code = SK_OK;

    arena_init(&scratch, 2 * MODEL_FILE_MAX);
    if (l->book->base == 0 && l->shipped.size > 0 && !bytes_equal(l->shipped, file)) {
        code = lessons_make_base(l, why); /* learned by a version that kept no lessons */
    }
    struct bytes was = l->book->base == 0 ? l->shipped : read_shipped(&scratch, l);
    if (code == SK_OK && was.size == 0) {
        /* Of a version that did not note it: what it has been so far, or what it is now. */
        was = l->shipped.size > 0 ? l->shipped : file;
        code =
            l->book->base == 0 ? SK_OK : lessons_write_shipped(l, was, l->book->base, why);
    }
    *changed_r = code == SK_OK && !bytes_equal(was, file);
    if (*changed_r) {
        code = open_model(was, &from, why);
    }
    if (*changed_r && code == SK_OK) {
        code = open_model(file, &to, why);
        if (code == SK_OK) {
            code = rebase(l, file, from, to, why);
            model_close(to);
        }
        model_close(from);
    }
    arena_release(&scratch);
    return code;
}

enum sk_code
lessons_use_model(struct lessons *l, struct bytes file, struct why *why)
{
    bool learned = l->book->base != 0 || access(l->model_path, F_OK) == 0, changed = false;
    enum sk_code code =
        learned ? replace_learned(l, file, &changed, why) : replace(l, file, &changed, why);

    if (code == SK_OK) {
        l->shipped = file;
    }
    if (code == SK_OK && changed) {
        log_line(LOG_LEVEL_NOTICE, NULL, "another model judges from now on%s",
                 learned ? ", and on top of it what people taught" : "");
    }
    return code;
}
