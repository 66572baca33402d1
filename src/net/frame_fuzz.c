/* What a process that was taken over may send over its link, and what payloads it may make. The first byte picks: an even one,
 * the rest is a payload, read as numbers and views in the order that the bits of the second byte tell; an odd one, the rest is
 * a stream of frames that comes in pieces as large as the second byte tells. */
#include "net/frame.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "net/loop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct event_base *base;

struct heard {
    struct bytes stream; /* that was sent: what is told must be what it says */
    bool gone, closed;
};

static void
on_frame(void *context, struct frame_link *link, uint32_t type, uint64_t token,
         struct bytes payload)
{
    struct heard *heard = context;
    struct frame_reader r = {.rest = bytes_slice(heard->stream, 0, 16)};
    uint64_t first = frame_get_number(&r);

    SK_ASSERT(!heard->gone && !heard->closed && !r.broken);
    SK_ASSERT((uint32_t)first == payload.size && (uint32_t)(first >> 32) == type);
    SK_ASSERT(frame_get_number(&r) == token);
    SK_ASSERT(bytes_equal(bytes_slice(heard->stream, 16, 16 + payload.size), payload));
    heard->stream = bytes_from(heard->stream, 16 + payload.size);
    if (type == UINT32_MAX) {
        heard->closed = true;
        frame_link_close(link);
    }
}

static void
on_gone(void *context, struct frame_link *link)
{
    struct heard *heard = context;

    SK_ASSERT(!heard->gone && !heard->closed);
    heard->gone = true;
}

static const struct frame_calls calls = {on_frame, on_gone};

static void
read_payload(unsigned order, struct bytes payload)
{
    struct frame_reader r = {.rest = payload};
    size_t left = payload.size;

    for (unsigned i = 0; i < 1000 && !r.broken; i++) {
        if ((order >> (i % 8) & 1) != 0) {
            (void)frame_get_number(&r);
        } else {
            struct bytes b = frame_get_bytes(&r);
            SK_ASSERT(b.size == 0 ||
                      (b.at >= payload.at && b.size <= payload.size &&
                       (size_t)(b.at - payload.at) <= payload.size - b.size));
        }
        SK_ASSERT(r.rest.size < left || r.broken);
        left = r.rest.size;
    }
    SK_ASSERT(!r.broken || frame_get_number(&r) == 0 || r.rest.size < left);
}

static void
read_stream(size_t piece, struct bytes stream)
{
    struct heard heard = {.stream = stream};
    int pair[2];
    struct why why;

    if (base == NULL) {
        base = loop_open(&why);
        SK_ASSERT(base != NULL);
    }
    SK_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    struct frame_link *link = frame_link_open(base, pair[0], &calls, &heard);
    for (size_t at = 0; at < stream.size && !heard.gone && !heard.closed;) {
        struct bytes next = bytes_slice(stream, at, at + piece);
        ssize_t did = send(pair[1], next.at, next.size, MSG_NOSIGNAL | MSG_DONTWAIT);
        at += did > 0 ? (size_t)did : 0;
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    close(pair[1]);
    for (unsigned i = 0; i < 1000 && !heard.gone && !heard.closed; i++) {
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    SK_ASSERT(heard.gone || heard.closed);
    if (!heard.closed) {
        /* What was not told is no whole frame. */
        struct frame_reader r = {.rest = heard.stream};
        uint64_t head = frame_get_number(&r);
        SK_ASSERT(heard.stream.size < 16 || (uint32_t)head > LIMIT_WIRE_FRAME ||
                  (uint32_t)head > heard.stream.size - 16);
        frame_link_close(link);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 100000) {
        return 0;
    }
    if ((data[0] & 1) == 0) {
        read_payload(data[1], bytes_of(data + 2, size - 2));
    } else {
        size_t piece = data[1] == 0 ? 65536 : data[1];
        read_stream(size / 300 > piece ? size : piece, bytes_of(data + 2, size - 2));
    }
    return 0;
}
