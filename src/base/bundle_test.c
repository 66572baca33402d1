#include "base/bundle.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "base/limits.h"
#include "base/tap.h"

static struct arena arena;
static char folder[] = "/tmp/sekisho-bundle-XXXXXX";
static struct why why;

static struct bytes
path_of(const char *name)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "%s/%s", folder, name);
    return bytes_from_text(writer_c(&w));
}

static void
put(const char *name, struct bytes content)
{
    FILE *file = fopen(bytes_text(&arena, path_of(name)), "w");

    SK_ASSERT(file != NULL && fwrite(content.at, 1, content.size, file) == content.size);
    fclose(file);
}

static struct bytes
written(const struct bundle *bundle)
{
    struct writer w;

    writer_init(&w, &arena);
    bundle_write(bundle, &w);
    return writer_view(&w);
}

static void
test_whole(void)
{
    struct bundle open, closed;
    struct bytes content;

    put("a", BYTES("first\n"));
    put("b", BYTES(""));
    bundle_init(&open, &arena, BYTES("hostname = h\n"));
    tap_ok(bundle_file(&open, &arena, path_of("a"), 6, &content, &why) == SK_OK &&
               bytes_is(content, "first\n"),
           "a file is read from the disk, just as large as allowed");
    tap_ok(bundle_file(&open, &arena, path_of("b"), 6, &content, &why) == SK_OK &&
               content.size == 0,
           "an empty one too");
    tap_ok(bundle_file(&open, &arena, path_of("c"), 6, &content, &why) == SK_SYSTEM,
           "one that is not there: %s", why.sentence);
    tap_ok(bundle_file(&open, &arena, bytes_from_text(folder), 6, &content, &why) ==
               SK_SYSTEM,
           "a folder is no file: %s", why.sentence);
    put("a", BYTES("second\n"));
    tap_ok(bundle_file(&open, &arena, path_of("a"), 6, &content, &why) == SK_OK &&
               bytes_is(content, "first\n"),
           "what was read once stays as it was read");
    tap_ok(bundle_file(&open, &arena, path_of("a"), 5, &content, &why) == SK_LIMIT,
           "one byte more than allowed: %s", why.sentence);
    struct bytes all = written(&open);
    tap_ok(bundle_open(&closed, &arena, all, &why) == SK_OK &&
               bytes_is(closed.text, "hostname = h\n") && closed.files.count == 2,
           "written and opened again, it has the text and two files");
    SK_ASSERT(unlink(bytes_text(&arena, path_of("a"))) == 0);
    tap_ok(bundle_file(&closed, &arena, path_of("a"), 6, &content, &why) == SK_OK &&
               bytes_is(content, "first\n"),
           "with the file gone the content is still there");
    put("c", BYTES("late"));
    tap_ok(bundle_file(&closed, &arena, path_of("c"), 6, &content, &why) == SK_SYSTEM,
           "what did not come along is not read from the disk: %s", why.sentence);
    tap_ok(bundle_file(&closed, &arena, path_of("a"), 5, &content, &why) == SK_LIMIT,
           "bounds hold there too");
    for (size_t i = 0; i < all.size; i++) {
        enum sk_code code = bundle_open(&closed, &arena, bytes_slice(all, 0, i), &why);
        if (code == SK_OK && closed.files.count == 2) {
            tap_ok(false, "cut at %zu it passes for whole", i);
        }
    }
    tap_ok(bundle_open(&closed, &arena, bytes_slice(all, 0, all.size - 1), &why) == SK_BAD,
           "cut short: %s", why.sentence);
    tap_ok(bundle_open(&closed, &arena, BYTES("hostname = h\n"), &why) == SK_BAD,
           "another file: %s", why.sentence);
}

/* A pipe must not keep the reader. */
static void
test_pipe(void)
{
    struct bytes content;

    SK_ASSERT(mkfifo(bytes_text(&arena, path_of("pipe")), 0600) == 0);
    tap_ok(bundle_file(NULL, &arena, path_of("pipe"), 6, &content, &why) == SK_OK &&
               content.size == 0,
           "a pipe without a writer is empty, and nobody waits for it");
}

static void
test_bounds(void)
{
    struct bundle bundle;
    struct bytes content;
    enum sk_code code = SK_OK;

    bundle_init(&bundle, &arena, BYTES(""));
    for (int i = 0; i < LIMIT_BUNDLE_FILES && code == SK_OK; i++) {
        struct writer name;
        writer_init(&name, &arena);
        writer_format(&name, "n%d", i);
        put(writer_c(&name), BYTES("x"));
        code = bundle_file(&bundle, &arena, path_of(writer_c(&name)), 6, &content, &why);
        SK_ASSERT(unlink(bytes_text(&arena, path_of(writer_c(&name)))) == 0);
    }
    tap_ok(code == SK_OK, "as many files as allowed");
    tap_ok(bundle_file(&bundle, &arena, path_of("c"), 6, &content, &why) == SK_LIMIT,
           "one more: %s", why.sentence);
    bundle_init(&bundle, &arena, BYTES(""));
    bundle.size = LIMIT_BUNDLE_BYTES - 4;
    tap_ok(bundle_file(&bundle, &arena, path_of("c"), 6, &content, &why) == SK_OK,
           "as many bytes as allowed");
    bundle_init(&bundle, &arena, BYTES(""));
    bundle.size = LIMIT_BUNDLE_BYTES - 3;
    tap_ok(bundle_file(&bundle, &arena, path_of("c"), 6, &content, &why) == SK_LIMIT,
           "one more: %s", why.sentence);
}

static void
test_config(void)
{
    static const struct config_key keys[] = {
        {"", "file", CONFIG_TEXT, "", 0, 0, NULL, false, "A file."},
        {NULL, NULL, CONFIG_TEXT, NULL, 0, 0, NULL, false, NULL},
    };
    const struct config *config;
    struct bundle bundle, closed;
    struct bytes content;
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "file = %s/c\n", folder);
    bundle_init(&bundle, &arena, writer_view(&w));
    tap_ok(config_read_bundle(&arena, keys, &bundle, &config, &why) == SK_OK &&
               config_file(config, &arena, config_text(config, "file"), 10, &content,
                           &why) == SK_OK &&
               bytes_is(content, "late"),
           "a configuration asks for the file that it names");
    SK_ASSERT(bundle_open(&closed, &arena, written(&bundle), &why) == SK_OK);
    SK_ASSERT(unlink(bytes_text(&arena, path_of("c"))) == 0);
    tap_ok(config_read_bundle(&arena, keys, &closed, &config, &why) == SK_OK &&
               config_file(config, &arena, config_text(config, "file"), 10, &content,
                           &why) == SK_OK &&
               bytes_is(content, "late"),
           "and finds it in the bundle when the disk has it no more");
    tap_ok(config_read(&arena, keys, closed.text, &config, &why) == SK_OK &&
               config_file(config, &arena, config_text(config, "file"), 10, &content,
                           &why) == SK_SYSTEM,
           "without a bundle it is the disk that counts");
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    SK_ASSERT(mkdtemp(folder) != NULL);
    test_whole();
    test_pipe();
    test_bounds();
    test_config();
    SK_ASSERT(unlink(bytes_text(&arena, path_of("b"))) == 0 &&
              unlink(bytes_text(&arena, path_of("pipe"))) == 0 && rmdir(folder) == 0);
    arena_release(&arena);
    return tap_done();
}
