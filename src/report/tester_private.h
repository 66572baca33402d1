/* For this folder's tests: clients on loopback, turned in the same loop as what they speak to. */
#pragma once

#define SK_BASE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "net/loop.h"

#define TESTER_WAIT_MS 8000

static struct event_base *tester_base;
static struct arena arena;

/* A listening socket of loopback; its port in host order. */
static inline int
tester_listen(uint16_t *port_r)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    SK_ASSERT(fd >= 0 && bind(fd, (struct sockaddr *)&at, size) == 0 &&
              listen(fd, 1000) == 0 && getsockname(fd, (struct sockaddr *)&at, &size) == 0);
    *port_r = ntohs(at.sin_port);
    return fd;
}

static inline int
tester_connect(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    SK_ASSERT(fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* One short turn of the loop. */
static inline void
tester_turn(void)
{
    struct timeval moment = {0, 2000};

    event_base_loopexit(tester_base, &moment);
    event_base_loop(tester_base, EVLOOP_ONCE);
}

static inline void
tester_turns(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        tester_turn();
    }
}

/* Sends all, turning the loop; false: the other side closed. */
static inline bool
tester_say(int fd, struct bytes b)
{
    int64_t end = clock_monotonic_ms() + TESTER_WAIT_MS;

    while (b.size > 0 && clock_monotonic_ms() < end) {
        ssize_t did = send(fd, b.at, b.size, MSG_NOSIGNAL);
        if (did < 0 && errno != EAGAIN) {
            return false;
        }
        b = bytes_from(b, did > 0 ? (size_t)did : 0);
        tester_turn();
    }
    return b.size == 0;
}

/* What comes until `words` stand in it, or (NULL) until the other side closes: ended_r tells whether it did. */
static inline struct bytes
tester_hear(int fd, const char *words, int64_t wait_ms, bool *ended_r)
{
    int64_t end = clock_monotonic_ms() + wait_ms;
    static uint8_t piece[65536];
    struct writer w;

    writer_init(&w, &arena);
    *ended_r = false;
    while (!*ended_r && clock_monotonic_ms() < end &&
           (words == NULL ||
            bytes_find(writer_view(&w), bytes_from_text(words), 0) == BYTES_NOWHERE)) {
        tester_turn();
        ssize_t got = recv(fd, piece, sizeof piece, 0);
        if (got > 0) {
            writer_bytes(&w, bytes_of(piece, (size_t)got));
        }
        *ended_r = got == 0 || (got < 0 && errno != EAGAIN);
    }
    return writer_view(&w);
}

static inline bool
tester_has(struct bytes b, const char *words)
{
    return bytes_find(b, bytes_from_text(words), 0) != BYTES_NOWHERE;
}

static inline size_t
tester_count(struct bytes b, const char *words)
{
    size_t count = 0, at = 0;

    while ((at = bytes_find(b, bytes_from_text(words), at)) != BYTES_NOWHERE) {
        count++;
        at++;
    }
    return count;
}
