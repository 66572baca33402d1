/* The small files of the record folder and of the folder of keys. */
#include "record/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum sk_code
ledger_read_file(struct arena *arena, int folder, const char *name, size_t most,
                 struct bytes *text_r, struct why *why)
{
    struct stat status;
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC);

    *text_r = BYTES_NONE;
    if (file < 0) {
        return errno == ENOENT ? why_set(why, SK_BAD, "%s is not there", name)
                               : why_set(why, SK_SYSTEM, "cannot read %s", name);
    }
    enum sk_code code = SK_OK;
    if (fstat(file, &status) != 0) {
        code = why_set(why, SK_SYSTEM, "cannot read %s", name);
    } else if (status.st_size > (off_t)most) {
        code = why_set(why, SK_LIMIT, "%s is larger than %zu bytes", name, most);
    } else {
        uint8_t *at = arena_take_bytes(arena, (size_t)status.st_size);
        ssize_t got = read(file, at, (size_t)status.st_size);
        *text_r = bytes_of(at, got > 0 ? (size_t)got : 0);
        code = got < 0 ? why_set(why, SK_SYSTEM, "cannot read %s", name) : SK_OK;
    }
    close(file);
    return code;
}

enum sk_code
ledger_write_file(int folder, const char *name, struct bytes text, unsigned mode,
                  struct why *why)
{
    char beside[64];

    snprintf(beside, sizeof(beside), "%s.new", name);
    int file = openat(folder, beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    bool done = file >= 0 && write(file, text.at, text.size) == (ssize_t)text.size &&
                fdatasync(file) == 0;
    if (file >= 0) {
        done = close(file) == 0 && done;
    }
    if (!done || renameat(folder, beside, folder, name) != 0) {
        return why_set(why, SK_SYSTEM, "cannot write %s", name);
    }
    return SK_OK;
}
