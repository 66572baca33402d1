/* Writing a file of weights whole: for the shipped model and for the weights of one recipient. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

/* false with errno where not all of it could be written. */
static inline bool
write_all(int fd, const void *at, size_t size)
{
    for (const char *p = at; size > 0;) {
        ssize_t n = write(fd, p, size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        p += n;
        size -= (size_t)n;
    }
    return true;
}
