/* How much memory a worker may have, so that overload is answered and never swaps. */
#define SK_BASE
#include "sekisho/supervisor.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/config.h"
#include "base/limits.h"

#define WORKER_LEAST ((uint64_t)128 << 20)

/* What the control group of this service may have; UINT64_MAX where nothing bounds it. */
static uint64_t
memory_of_group(void)
{
    static const char *const files[] = {"/sys/fs/cgroup/memory.max",
                                        "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
    char text[32];
    uint64_t number;

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        int fd = open(files[i], O_RDONLY | O_CLOEXEC);
        ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof text);
        if (fd >= 0) {
            close(fd);
        }
        if (size > 0 &&
            bytes_to_number(bytes_trim(bytes_of(text, (size_t)size)), INT64_MAX, &number)) {
            return number;
        }
    }
    return UINT64_MAX;
}

uint64_t
memory_share(const struct config *config, size_t workers)
{
    uint64_t wanted = (uint64_t)config_number(config, "worker_memory");
    uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t group = memory_of_group();

    if (wanted == 0) {
        wanted = (group < machine ? group : machine) / 2 / (workers > 0 ? workers : 1);
    }
    wanted = wanted < LIMIT_WORKER_MEMORY ? wanted : LIMIT_WORKER_MEMORY;
    return wanted > WORKER_LEAST ? wanted : WORKER_LEAST;
}
