#include "arrive/maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/writer.h"

#define NAME_SIZE_MAX 200 /* NAME_MAX is 255 on every usual file system */

/* One part of an address as one file name. */
static void
write_part(struct writer *w, struct bytes part)
{
    for (size_t i = 0; i < part.size; i++) {
        uint8_t c = ascii_lower(part.at[i]);
        bool inner_dot = c == '.' && i > 0;
        if (ascii_letter(c) || ascii_digit(c) || inner_dot ||
            (c != 0 && strchr("-_+=", c) != NULL)) {
            writer_byte(w, c);
        } else {
            writer_format(w, "%%%02X", c);
        }
    }
}

enum sk_code
maildir_folder(struct arena *arena, struct bytes address, struct bytes *folder_r,
               struct why *why)
{
    size_t at = bytes_find_last(address, '@');
    struct bytes local = bytes_slice(address, 0, at);
    struct bytes domain = at == BYTES_NOWHERE ? BYTES("_") : bytes_from(address, at + 1);
    struct writer w;

    writer_init(&w, arena);
    write_part(&w, domain);
    size_t domain_size = w.size;
    writer_byte(&w, '/');
    write_part(&w, local);
    size_t local_size = w.size - domain_size - 1;
    *folder_r = writer_view(&w);
    if (local_size == 0 || domain_size == 0) {
        return why_set(why, SK_BAD,
                       "an address without a local part or domain has no Maildir");
    }
    if (local_size > NAME_SIZE_MAX || domain_size > NAME_SIZE_MAX) {
        return why_set(why, SK_BAD, "the address is too long for a file name");
    }
    return SK_OK;
}

/* Opens a folder below another, making it when it is not there; never follows a symbolic link. */
static int
open_folder(int above, const char *name)
{
    if (mkdirat(above, name, 0700) == 0) {
        (void)fsync(above);
    } else if (errno != EEXIST) {
        return -1;
    }
    return openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

struct maildir {
    int root, domain, box, tmp, new, cur;
};

static void
maildir_close(struct maildir *m)
{
    int *all[] = {&m->root, &m->domain, &m->box, &m->tmp, &m->new, &m->cur};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (*all[i] >= 0) {
            close(*all[i]);
        }
    }
}

static bool
maildir_open(struct arena *arena, struct maildir *m, struct bytes root, struct bytes folder)
{
    size_t slash = bytes_find_byte(folder, '/', 0);

    *m = (struct maildir){-1, -1, -1, -1, -1, -1};
    m->root = open(bytes_text(arena, root), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (m->root < 0) {
        return false;
    }
    m->domain = open_folder(m->root, bytes_text(arena, bytes_slice(folder, 0, slash)));
    if (m->domain < 0) {
        return false;
    }
    m->box = open_folder(m->domain, bytes_text(arena, bytes_from(folder, slash + 1)));
    if (m->box < 0) {
        return false;
    }
    m->tmp = open_folder(m->box, "tmp");
    m->new = m->tmp < 0 ? -1 : open_folder(m->box, "new");
    m->cur = m->new < 0 ? -1 : open_folder(m->box, "cur");
    return m->cur >= 0;
}

static bool
write_all(int fd, struct bytes b)
{
    while (b.size > 0) {
        ssize_t put = write(fd, b.at, b.size);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        b = bytes_from(b, put > 0 ? (size_t)put : 0);
    }
    return true;
}

/* tmp, then new: a reader never sees half a message. */
static bool
maildir_store(struct maildir *m, const char *name, struct bytes message)
{
    int fd =
        openat(m->tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0) {
        return false;
    }
    bool well = write_all(fd, message) && fsync(fd) == 0;
    int error = errno;
    close(fd);
    errno = error;
    if (!well || renameat(m->tmp, name, m->new, name) != 0) {
        error = errno;
        unlinkat(m->tmp, name, 0);
        errno = error;
        return false;
    }
    return fsync(m->new) == 0;
}

enum sk_code
maildir_deliver(struct arena *arena, struct bytes root, struct bytes address,
                struct bytes message, struct why *why)
{
    struct maildir m;
    struct bytes folder;
    struct writer name;
    uint64_t chance;
    char host[64] = "localhost";

    enum sk_code code = maildir_folder(arena, address, &folder, why);
    if (code != SK_OK) {
        return code;
    }
    int64_t now_ms = clock_now_ms();
    hash_random(&chance, sizeof chance);
    (void)gethostname(host, sizeof host - 1);
    writer_init(&name, arena);
    writer_format(&name, "%lld.M%lldP%ldR%016llx.", (long long)(now_ms / 1000),
                  (long long)(now_ms % 1000 * 1000), (long)getpid(),
                  (unsigned long long)chance);
    write_part(&name, bytes_slice(bytes_from_text(host), 0, sizeof host - 1));
    writer_format(&name, ",S=%zu", message.size);
    bool well = maildir_open(arena, &m, root, folder) &&
                maildir_store(&m, writer_c(&name), message);
    if (!well) {
        code = why_set(why, SK_SYSTEM, "the Maildir %.*s could not be written",
                       BYTES_ARGUMENTS(folder));
    }
    maildir_close(&m);
    return code;
}
