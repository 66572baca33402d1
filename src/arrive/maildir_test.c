#include "arrive/maildir.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

/* The one file of a folder, read whole. */
static struct bytes
only_file(const char *folder, size_t *count_r)
{
    static char path[600];
    static uint8_t content[1000];
    DIR *dir = opendir(folder);
    size_t size = 0;

    *count_r = 0;
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            FILE *file = fopen(path, "rb");
            size = file != NULL ? fread(content, 1, sizeof content, file) : 0;
            if (file != NULL) {
                fclose(file);
            }
            ++*count_r;
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return bytes_of(content, size);
}

static void
test_folders(void)
{
    static const struct {
        const char *address, *folder;
    } rows[] = {
        {"User.Name+tag@Example.JP", "example.jp/user.name+tag"},
        {"../../etc/passwd@x", "x/%2E.%2F..%2Fetc%2Fpasswd"},
        {"a@..", "%2E./a"},
        {"a@.", "%2E/a"},
        {"..@..", "%2E./%2E."},
        {".hidden@x", "x/%2Ehidden"},
        {"a/b@c/d", "c%2Fd/a%2Fb"},
        {"\"a b\"@x", "x/%22a%20b%22"},
        {"\xe5\x88\x80@x", "x/%E5%88%80"},
        {"a%2F@x", "x/a%252f"},
        {"postmaster", "_/postmaster"},
    };
    struct bytes folder;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tap_ok(maildir_folder(&arena, bytes_from_text(rows[i].address), &folder, NULL) ==
                       SK_OK &&
                   bytes_is(folder, rows[i].folder),
               "folder %s", rows[i].folder);
    }
    tap_ok(maildir_folder(&arena, bytes_of("a\0b@x", 5), &folder, NULL) == SK_OK &&
               bytes_is(folder, "x/a%00b"),
           "a NUL");
    tap_ok(maildir_folder(&arena, BYTES(""), &folder, NULL) == SK_BAD &&
               maildir_folder(&arena, BYTES("@x"), &folder, NULL) == SK_BAD &&
               maildir_folder(&arena, BYTES("x@"), &folder, NULL) == SK_BAD,
           "no name");
    for (size_t over = 0; over < 2; over++) {
        struct writer w;
        writer_init(&w, &arena);
        while (w.size < 200 + over) {
            writer_byte(&w, 'a');
        }
        writer_text(&w, "@x");
        tap_ok(maildir_folder(&arena, writer_view(&w), &folder, NULL) ==
                   (over ? SK_BAD : SK_OK),
               "a name %s the bound", over ? "past" : "at");
    }
}

static void
test_delivery(void)
{
    char root[] = "/tmp/sekisho-maildir-XXXXXX", path[300], command[400];
    struct why why;
    struct bytes message = BYTES("Subject: x\r\n\r\nbody\0\r\n");
    size_t count;

    SK_ASSERT(mkdtemp(root) != NULL);
    tap_ok(maildir_deliver(&arena, bytes_from_text(root), BYTES("User@Example.jp"), message,
                           &why) == SK_OK,
           "delivered");
    snprintf(path, sizeof path, "%s/example.jp/user/new", root);
    struct bytes got = only_file(path, &count);
    tap_ok(count == 1 && bytes_equal(got, message), "into new, byte for byte");
    snprintf(path, sizeof path, "%s/example.jp/user/tmp", root);
    (void)only_file(path, &count);
    tap_ok(count == 0, "nothing is left in tmp");
    tap_ok(maildir_deliver(&arena, bytes_from_text(root), BYTES("user@example.jp"), message,
                           &why) == SK_OK,
           "a second");
    snprintf(path, sizeof path, "%s/example.jp/user/new", root);
    (void)only_file(path, &count);
    tap_ok(count == 2, "beside the first");
    snprintf(path, sizeof path, "%s/link.example", root);
    SK_ASSERT(symlink("/tmp", path) == 0);
    tap_ok(maildir_deliver(&arena, bytes_from_text(root), BYTES("x@link.example"), message,
                           &why) == SK_SYSTEM,
           "a symbolic link is not followed");
    tap_ok(maildir_deliver(&arena, BYTES("/nonexistent/root"), BYTES("x@y"), message,
                           &why) == SK_SYSTEM,
           "no root: %s", why.sentence);
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    (void)!system(command);
}

int
main(void)
{
    arena_init(&arena, 1 << 26);
    test_folders();
    test_delivery();
    arena_release(&arena);
    return tap_done();
}
