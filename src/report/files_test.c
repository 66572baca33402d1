#include "report/files.h"

#include <sys/stat.h>

#include "report/tester_private.h"

static char folder[64];

static void
put(const char *name, size_t size)
{
    char path[200];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    SK_ASSERT(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
    close(fd);
}

static void
begin(void)
{
    snprintf(folder, sizeof folder, "/tmp/sekisho-files-XXXXXX");
    SK_ASSERT(mkdtemp(folder) != NULL);
}

static void
end(void)
{
    char line[100];

    snprintf(line, sizeof line, "rm -rf %s", folder);
    SK_ASSERT(system(line) == 0);
}

static void
make(const char *name, const char *to)
{
    char path[200];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    SK_ASSERT(to == NULL ? mkdir(path, 0700) == 0 : symlink(to, path) == 0);
}

static void
test_names(void)
{
    struct files files;
    struct why why;

    begin();
    make("lib", NULL);
    make("lib/deep", NULL);
    static const char *const names[] = {
        "index.html", "app.js",        "style.css",  "mark.svg", "note.txt",
        "mark.png",   "lib/x.js",      ".hidden.js", "a b.js",   "secret.key",
        "x.json",     "lib/deep/y.js", "noending"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        put(names[i], i + 1);
    }
    make("link.js", "/etc/passwd");
    make("out", "/etc");
    tap_ok(files_read(&arena, folder, &files, &why) == SK_OK && files.count == 7,
           "what is served is read, and nothing else");
    const struct file *file = files_find(&files, BYTES("lib/x.js"));
    tap_ok(file != NULL && file->content.size == 7 &&
               strcmp(file->type, "text/javascript; charset=utf-8") == 0 &&
               strlen(file->tag) == 18,
           "each with its type and tag, one folder deep");
    tap_ok(files_find(&files, BYTES("index.html")) != NULL &&
               strcmp(files_find(&files, BYTES("mark.png"))->type, "image/png") == 0 &&
               strcmp(files_find(&files, BYTES("index.html"))->tag,
                      files_find(&files, BYTES("app.js"))->tag) != 0,
           "other bytes have another tag");
    static const char *const none[] = {
        "link.js",       ".hidden.js", "a b.js",        "x.json",   "lib",
        "lib/deep/y.js", "",           "../index.html", "/app.js",  "secret.key",
        "app.j",         "lib//x.js",  "APP.JS",        "noending", "out/passwd"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        tap_ok(files_find(&files, bytes_from_text(none[i])) == NULL, "no file \"%s\"",
               none[i]);
    }
    end();
    tap_ok(files_read(&arena, folder, &files, &why) == SK_SYSTEM && files.count == 0,
           "a folder that is not there is told");
}

static void
test_bounds(void)
{
    struct files files;
    struct why why;
    char name[32];

    begin();
    for (int i = 0; i < LIMIT_CONSOLE_FILES; i++) {
        snprintf(name, sizeof name, "f%d.js", i);
        put(name, 1);
    }
    tap_ok(files_read(&arena, folder, &files, &why) == SK_OK &&
               files.count == LIMIT_CONSOLE_FILES,
           "LIMIT_CONSOLE_FILES files");
    put("one-more.js", 1);
    tap_ok(files_read(&arena, folder, &files, &why) == SK_LIMIT, "one more");
    end();
    begin();
    put("a.js", LIMIT_CONSOLE_BYTES - 7);
    put("b.js", 7);
    tap_ok(files_read(&arena, folder, &files, &why) == SK_OK && files.count == 2,
           "LIMIT_CONSOLE_BYTES bytes, all together");
    put("b.js", 8);
    tap_ok(files_read(&arena, folder, &files, &why) == SK_LIMIT, "one byte more");
    end();
}

int
main(void)
{
    arena_init(&arena, (size_t)256 << 20);
    test_names();
    test_bounds();
    arena_release(&arena);
    return tap_done();
}
