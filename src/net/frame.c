#define SK_BASE
#include "net/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/writer.h"

#define HEAD_SIZE 16

struct frame_head {
    uint32_t size, type;
    uint64_t token;
};
_Static_assert(sizeof(struct frame_head) == HEAD_SIZE, "a head has no holes");

struct frame_link {
    struct bufferevent *stream;
    const struct frame_calls *calls;
    void *context;
    bool busy;   /* inside a callback */
    bool closed; /* close as soon as the callback is over */
};

static void
link_free(struct frame_link *link)
{
    bufferevent_free(link->stream);
    free(link);
}

static void
link_gone(struct frame_link *link)
{
    bufferevent_disable(link->stream, EV_READ | EV_WRITE);
    link->calls->gone(link->context, link);
}

static void
link_readable(struct bufferevent *stream, void *context)
{
    struct frame_link *link = context;
    struct evbuffer *input = bufferevent_get_input(stream);
    struct frame_head head;

    link->busy = true;
    while (!link->closed && evbuffer_copyout(input, &head, sizeof head) == sizeof head) {
        if (head.size > LIMIT_WIRE_FRAME) {
            link_gone(link);
            break;
        }
        if (evbuffer_get_length(input) < HEAD_SIZE + (size_t)head.size) {
            break;
        }
        uint8_t *whole = evbuffer_pullup(input, (ssize_t)(HEAD_SIZE + (size_t)head.size));
        SK_ASSERT(whole != NULL);
        link->calls->frame(link->context, link, head.type, head.token,
                           bytes_of(whole + HEAD_SIZE, head.size));
        if (!link->closed) {
            evbuffer_drain(input, HEAD_SIZE + (size_t)head.size);
        }
    }
    link->busy = false;
    if (link->closed) {
        link_free(link);
    }
}

static void
link_event(struct bufferevent *stream, short what, void *context)
{
    struct frame_link *link = context;

    link->busy = true;
    if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0) {
        link_gone(link);
    }
    link->busy = false;
    if (link->closed) {
        link_free(link);
    }
}

struct frame_link *
frame_link_open(struct event_base *base, int fd, const struct frame_calls *calls,
                void *context)
{
    struct frame_link *link = calloc(1, sizeof *link);

    SK_ASSERT(link != NULL);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    link->stream = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    SK_ASSERT(link->stream != NULL);
    link->calls = calls;
    link->context = context;
    bufferevent_setcb(link->stream, link_readable, NULL, link_event, link);
    bufferevent_set_max_single_read(link->stream, 1u << 20);
    bufferevent_set_max_single_write(link->stream, 1u << 20);
    bufferevent_enable(link->stream, EV_READ | EV_WRITE);
    return link;
}

void
frame_link_close(struct frame_link *link)
{
    if (link == NULL) {
        return;
    }
    if (link->busy) {
        link->closed = true;
        return;
    }
    link_free(link);
}

void
frame_send(struct frame_link *link, uint32_t type, uint64_t token,
           const struct bytes *pieces, size_t piece_count)
{
    struct evbuffer *output = bufferevent_get_output(link->stream);
    size_t size = 0;

    for (size_t i = 0; i < piece_count; i++) {
        size += pieces[i].size;
    }
    SK_ASSERT(size <= LIMIT_WIRE_FRAME);
    struct frame_head head = {(uint32_t)size, type, token};
    SK_ASSERT(evbuffer_expand(output, HEAD_SIZE + size) == 0);
    evbuffer_add(output, &head, sizeof head);
    for (size_t i = 0; i < piece_count; i++) {
        evbuffer_add(output, pieces[i].at, pieces[i].size);
    }
}

size_t
frame_queued(const struct frame_link *link)
{
    return evbuffer_get_length(bufferevent_get_output(link->stream));
}

void
frame_flush(struct frame_link *link)
{
    struct evbuffer *output = bufferevent_get_output(link->stream);
    int fd = bufferevent_getfd(link->stream);

    bufferevent_disable(link->stream, EV_WRITE);
    evbuffer_unfreeze(output, 1);
    while (evbuffer_get_length(output) > 0) {
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        if (evbuffer_write(output, fd) < 0 &&
            (errno != EAGAIN || poll(&ready, 1, 5000) <= 0)) {
            return;
        }
    }
}

/* Moves `size` bytes to or from the socket, waiting for it. */
static enum sk_code
move_all(int fd, uint8_t *at, size_t size, bool out, int64_t end_ms, struct why *why)
{
    for (size_t done = 0; done < size;) {
        struct pollfd ready = {.fd = fd, .events = out ? POLLOUT : POLLIN};
        int64_t left = end_ms - clock_monotonic_ms();
        if (left <= 0 || poll(&ready, 1, (int)left) == 0) {
            return why_set(why, SK_LATER, "the keeper does not answer");
        }
        ssize_t got = out ? send(fd, at + done, size - done, MSG_NOSIGNAL | MSG_DONTWAIT)
                          : recv(fd, at + done, size - done, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            return why_set(why, SK_BAD, "the keeper closed the connection");
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return SK_OK;
}

enum sk_code
frame_send_now(int fd, uint32_t type, uint64_t token, struct bytes payload, int patience_ms,
               struct why *why)
{
    struct frame_head head = {(uint32_t)payload.size, type, token};
    int64_t end_ms = clock_monotonic_ms() + patience_ms;

    SK_ASSERT(payload.size <= LIMIT_WIRE_FRAME);
    enum sk_code code =
        move_all(fd, (uint8_t *)(void *)&head, sizeof head, true, end_ms, why);
    return code != SK_OK ? code
                         : move_all(fd, (uint8_t *)(uintptr_t)payload.at, payload.size,
                                    true, end_ms, why);
}

enum sk_code
frame_wait(struct arena *arena, int fd, int patience_ms, uint32_t *type_r,
           uint64_t *token_r, struct bytes *payload_r, struct why *why)
{
    struct frame_head head;
    int64_t end_ms = clock_monotonic_ms() + patience_ms;

    enum sk_code code =
        move_all(fd, (uint8_t *)(void *)&head, sizeof head, false, end_ms, why);
    if (code != SK_OK) {
        return code;
    }
    if (head.size > LIMIT_WIRE_FRAME) {
        return why_set(why, SK_BAD, "the answer is no frame");
    }
    uint8_t *at = arena_take_bytes(arena, head.size);
    code = move_all(fd, at, head.size, false, end_ms, why);
    *type_r = head.type;
    *token_r = head.token;
    *payload_r = bytes_of(at, code == SK_OK ? head.size : 0);
    return code;
}

void
frame_put_number(struct writer *w, uint64_t number)
{
    writer_bytes(w, bytes_of(&number, sizeof number));
}

void
frame_put_bytes(struct writer *w, struct bytes b)
{
    frame_put_number(w, b.size);
    writer_bytes(w, b);
}

uint64_t
frame_get_number(struct frame_reader *r)
{
    uint64_t number = 0;

    if (r->rest.size < sizeof number) {
        r->broken = true;
        r->rest = BYTES_NONE;
        return 0;
    }
    memcpy(&number, r->rest.at, sizeof number);
    r->rest = bytes_from(r->rest, sizeof number);
    return number;
}

struct bytes
frame_get_bytes(struct frame_reader *r)
{
    uint64_t size = frame_get_number(r);
    struct bytes b =
        bytes_slice(r->rest, 0, size < r->rest.size ? (size_t)size : r->rest.size);

    if (size > r->rest.size) {
        r->broken = true;
        b = BYTES_NONE;
    }
    r->rest = bytes_from(r->rest, b.size);
    return b;
}

enum sk_code
frame_send_fd(int control, uint32_t type, uint64_t token, int fd, struct why *why)
{
    struct frame_head head = {0, type, token};
    struct iovec piece = {&head, sizeof head};
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } rights = {0};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};

    if (fd >= 0) {
        message.msg_control = rights.room;
        message.msg_controllen = sizeof rights.room;
        struct cmsghdr *part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(part), &fd, sizeof fd);
    }
    if (sendmsg(control, &message, MSG_NOSIGNAL) != (ssize_t)sizeof head) {
        return why_set(why, SK_SYSTEM, "a control message could not be sent");
    }
    return SK_OK;
}

/* The descriptors that came with a message: the only one, or -1 and all are closed. false: more than one came. */
static bool
given_take(struct msghdr *message, int *fd_r)
{
    bool good = (message->msg_flags & MSG_CTRUNC) == 0;
    int fd;

    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
         part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        for (size_t at = CMSG_LEN(0); at + sizeof fd <= part->cmsg_len; at += sizeof fd) {
            memcpy(&fd, (const uint8_t *)part + at, sizeof fd);
            if (good && *fd_r < 0) {
                *fd_r = fd;
                continue;
            }
            close(fd);
            good = false;
        }
    }
    if (!good && *fd_r >= 0) {
        close(*fd_r);
        *fd_r = -1;
    }
    return good;
}

enum sk_code
frame_receive_fd(int control, uint32_t *type_r, uint64_t *token_r, int *fd_r,
                 struct why *why)
{
    struct frame_head head = {0};
    struct iovec piece = {&head, sizeof head};
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } rights = {0};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = rights.room,
                             .msg_controllen = sizeof rights.room};

    *fd_r = -1;
    ssize_t got = recvmsg(control, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return SK_MORE;
    }
    if (got <= 0) {
        return why_set(why, SK_BAD, "the control socket was closed");
    }
    bool good = given_take(&message, fd_r);
    if (!good || got != (ssize_t)sizeof head || (message.msg_flags & MSG_TRUNC) != 0) {
        if (*fd_r >= 0) { /* nobody asked for it: it must not stay open here */
            close(*fd_r);
            *fd_r = -1;
        }
        return why_set(why, SK_BAD, "a control message does not have its form");
    }
    *type_r = head.type;
    *token_r = head.token;
    return SK_OK;
}
