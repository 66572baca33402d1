#define SK_BASE
#include "sekisho/files.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/writer.h"

enum sk_code
file_read(struct arena *arena, const char *path, size_t most, struct bytes *content_r,
          struct why *why)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct writer w;
    ssize_t got = 0;

    if (fd < 0) {
        return why_set(why, SK_SYSTEM, "%s cannot be read", path);
    }
    writer_init(&w, arena);
    while (w.size <= most && (got = read(fd, writer_reserve(&w, 65536), 65536)) > 0) {
        writer_did(&w, (size_t)got);
    }
    int error = errno;
    if (!standard) {
        close(fd);
    }
    errno = error;
    if (got < 0) {
        return why_set(why, SK_SYSTEM, "%s cannot be read", path);
    }
    if (w.size > most) {
        return why_set(why, SK_LIMIT, "%s is over %zu bytes", path, most);
    }
    *content_r = writer_view(&w);
    return SK_OK;
}
