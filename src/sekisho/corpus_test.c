#include "sekisho/corpus.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/tap.h"

static struct arena arena;
static char folder[] = "/tmp/corpus-test-XXXXXX";
static char path[4096];

static const char *
at(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static bool
put(const char *name, const char *text, size_t size)
{
    FILE *file = fopen(at(name), "we");
    bool good = file != NULL && fwrite(text, 1, size, file) == size;

    return file != NULL && fclose(file) == 0 && good;
}

static bool
is_message(const struct corpus *corpus, size_t i, const char *text)
{
    struct bytes raw;
    const char *from;
    int label;

    return corpus_load(&arena, corpus, i, &raw, &label, &from, NULL) == SK_OK &&
           bytes_is(raw, text) && label == 1;
}

static void
test_files(void)
{
    static const char mbox[] =
        "From a@b Sat Nov 22 10:00:00 2026\nSubject: 1\n\nFrom here on\n\n"
        "From a@b Sat Nov 22 10:00:01 2026\nSubject: 2\n\nx\n";
    struct corpus *corpus = corpus_new(&arena);
    struct why why;

    tap_ok(put("one.eml", "Subject: x\n\ny\n", 14) &&
               corpus_add(corpus, at("one.eml"), 1, &why) == SK_OK &&
               corpus_count(corpus) == 1 && is_message(corpus, 0, "Subject: x\n\ny\n"),
           "a message");
    corpus = corpus_new(&arena);
    tap_ok(put("two.mbox", mbox, sizeof mbox - 1) &&
               corpus_add(corpus, at("two.mbox"), 1, &why) == SK_OK &&
               corpus_count(corpus) == 2 &&
               is_message(corpus, 0, "Subject: 1\n\nFrom here on\n\n") &&
               is_message(corpus, 1, "Subject: 2\n\nx\n"),
           "an mbox: %zu messages", corpus_count(corpus));
    tap_ok(corpus_add(corpus, at("none"), 1, &why) == SK_SYSTEM, "not there");
    corpus = corpus_new(&arena);
    tap_ok(put("empty", "", 0) && corpus_add(corpus, at("empty"), 1, &why) == SK_OK &&
               corpus_count(corpus) == 0,
           "an empty file");
    tap_ok(put("broken.tar.gz", "\x1f\x8b\x08nonsense", 11) &&
               corpus_add(corpus, at("broken.tar.gz"), 1, &why) == SK_BAD,
           "a broken archive");
}

static void
test_archive(void)
{
    struct archive *archive = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    struct corpus *corpus = corpus_new(&arena);
    struct why why;

    archive_write_add_filter_gzip(archive);
    archive_write_set_format_ustar(archive);
    archive_write_open_filename(archive, at("mail.tar.gz"));
    archive_entry_set_pathname(entry, "a/b.eml");
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0600);
    archive_entry_set_size(entry, 5);
    archive_write_header(archive, entry);
    archive_write_data(archive, "A: b\n", 5);
    archive_write_close(archive);
    archive_write_free(archive);
    archive_entry_free(entry);
    tap_ok(corpus_add(corpus, at("mail.tar.gz"), 1, &why) == SK_OK &&
               corpus_count(corpus) == 1 && is_message(corpus, 0, "A: b\n"),
           "a tar archive");
}

static void
test_limit(void)
{
    struct corpus *corpus = corpus_new(&arena);
    struct why why;

    bool made = put("large", "A", 1) && truncate(at("large"), LIMIT_MESSAGE) == 0;
    tap_ok(made && corpus_add(corpus, at("large"), 1, &why) == SK_OK &&
               corpus_count(corpus) == 1,
           "at the bound");
    made = truncate(at("large"), (off_t)LIMIT_MESSAGE + 1) == 0;
    tap_ok(made && corpus_add(corpus, at("large"), 1, &why) == SK_OK &&
               corpus_count(corpus) == 1 && corpus_left_out(corpus) == 1,
           "one byte past it");
    unlink(at("large"));
}

static void
test_folder(void)
{
    struct corpus *a = corpus_new(&arena), *b = corpus_new(&arena);
    bool good = mkdir(at("box"), 0700) == 0 && mkdir(at("box/tmp"), 0700) == 0 &&
                mkdir(at("box/cur"), 0700) == 0 && put("box/cur/1", "1", 1) &&
                put("box/cur/2", "2", 1) && put("box/tmp/3", "3", 1);
    struct why why;

    tap_ok(good && corpus_add(a, at("box"), 1, &why) == SK_OK && corpus_count(a) == 2 &&
               is_message(a, 0, "1"),
           "a Maildir without its tmp");
    good = corpus_add(b, at("box"), 1, &why) == SK_OK;
    corpus_shuffle(a);
    corpus_shuffle(b);
    tap_ok(good && is_message(a, 0, "1") == is_message(b, 0, "1"), "mixed the same way");
}

int
main(void)
{
    static const char *const made[] = {
        "one.eml",   "two.mbox",  "empty",   "broken.tar.gz", "mail.tar.gz", "box/cur/1",
        "box/cur/2", "box/tmp/3", "box/cur", "box/tmp",       "box",         ""};

    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    arena_init(&arena, (size_t)1 << 28);
    test_files();
    test_archive();
    test_limit();
    test_folder();
    arena_release(&arena);
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        (void)remove(at(made[i]));
    }
    return tap_done();
}
