#define SK_BASE
#include "net/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/writer.h"
#include "net/loop.h"

#define HEAD_SIZE 16
/* Room that a link keeps: what the socket holds comes in one read. More is taken for one large frame and given back. */
#define ROOM_LEAST ((size_t)256 << 10)
#define READ_LEAST ((size_t)64 << 10)
/* Of one who hears no more; he may be hostile, and go on talking. */
#define READS_AT_END 16

struct frame_head {
    uint32_t size, type;
    uint64_t token;
};
_Static_assert(sizeof(struct frame_head) == HEAD_SIZE, "a head has no holes");

/* Bytes on their way: [from, to) of the room. What has gone through is overwritten, because mail passes here and a process
 * may have promised to remember none of it (loop.h). */
struct queue {
    uint8_t *at;
    size_t from, to, room;
};

struct frame_link {
    int fd;
    struct event readable, writable;
    struct loop_task send; /* once for all that was queued in a turn of the loop */
    struct queue in, out;
    const struct frame_calls *calls;
    void *context;
    size_t most; /* that a frame may hold */
    bool waits;  /* for room in the socket */
    bool gone;   /* was told */
    bool busy;   /* inside a callback */
    bool closed; /* close as soon as the callback is over */
};

static void
queue_give_back(struct queue *q)
{
    if (q->at != NULL) {
        explicit_bzero(q->at + q->from, q->to - q->from);
        free(q->at);
    }
    *q = (struct queue){0};
}

/* Makes room for `more` bytes behind what is queued. Room doubles, with what has come and not with what was promised. */
static void
queue_reserve(struct queue *q, size_t more)
{
    size_t queued = q->to - q->from;

    if (q->room - q->to >= more) {
        return;
    }
    if (q->room >= queued + more) {
        memmove(q->at, q->at + q->from, queued);
        explicit_bzero(q->at + queued, q->from);
        q->from = 0;
        q->to = queued;
        return;
    }
    struct queue larger = {.to = queued, .room = queued + (more > queued ? more : queued)};
    if (larger.room < ROOM_LEAST) {
        larger.room = ROOM_LEAST;
    }
    larger.at = malloc(larger.room);
    SK_ASSERT(larger.at != NULL);
    if (queued > 0) {
        memcpy(larger.at, q->at + q->from, queued);
    }
    queue_give_back(q);
    *q = larger;
}

/* The first `size` bytes have gone through. */
static void
queue_pass(struct queue *q, size_t size)
{
    explicit_bzero(q->at + q->from, size);
    q->from += size;
    if (q->from == q->to) {
        q->from = q->to = 0;
        if (q->room > ROOM_LEAST) {
            queue_give_back(q);
        }
    }
}

static void
link_free(struct frame_link *link)
{
    event_del(&link->readable);
    event_del(&link->writable);
    loop_task_cancel(&link->send);
    queue_give_back(&link->in);
    queue_give_back(&link->out);
    close(link->fd);
    free(link);
}

static void
link_gone(struct frame_link *link)
{
    link->gone = true;
    event_del(&link->readable);
    event_del(&link->writable);
    loop_task_cancel(&link->send);
    queue_give_back(&link->out);
    link->calls->gone(link->context, link);
}

static void
link_leave(struct frame_link *link)
{
    link->busy = false;
    if (link->closed) {
        link_free(link);
    }
}

/* Tells every whole frame that is there. */
static void
link_tell(struct frame_link *link)
{
    struct queue *in = &link->in;
    struct frame_head head;

    while (!link->closed && !link->gone && in->to - in->from >= HEAD_SIZE) {
        memcpy(&head, in->at + in->from, HEAD_SIZE);
        size_t size = HEAD_SIZE + (size_t)head.size;
        if (head.size > link->most) {
            link_gone(link);
            return;
        }
        if (in->to - in->from < size) {
            return;
        }
        link->calls->frame(link->context, link, head.type, head.token,
                           bytes_of(in->at + in->from + HEAD_SIZE, head.size));
        queue_pass(in, size);
    }
}

/* Reads once, as much as there is room for. false: nothing is there now, or nothing comes any more. */
static bool
link_read(struct frame_link *link)
{
    struct queue *in = &link->in;

    queue_reserve(in, READ_LEAST);
    ssize_t got = read(link->fd, in->at + in->to, in->room - in->to);
    if (got > 0) {
        in->to += (size_t)got;
        link_tell(link);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        link_gone(link);
    }
    return got > 0 && !link->closed && !link->gone;
}

static void
link_readable(evutil_socket_t fd, short what, void *context)
{
    struct frame_link *link = context;

    link->busy = true;
    (void)link_read(link);
    link_leave(link);
}

/* Sends what is queued. Where nobody takes it any more, what he said before he went is heard first. */
static void
link_send(void *context)
{
    struct frame_link *link = context;
    struct queue *out = &link->out;
    ssize_t did = 1;

    while (out->to > out->from && did > 0) {
        did = send(link->fd, out->at + out->from, out->to - out->from, MSG_NOSIGNAL);
        if (did > 0) {
            queue_pass(out, (size_t)did);
        }
    }
    if (did < 0 && errno != EAGAIN && errno != EINTR) {
        link->busy = true;
        for (unsigned i = 0; i < READS_AT_END && link_read(link); i++) {
        }
        if (!link->gone && !link->closed) {
            link_gone(link);
        }
        link_leave(link);
        return;
    }
    bool waits = out->to > out->from;
    if (waits != link->waits) {
        link->waits = waits;
        (void)(waits ? event_add(&link->writable, NULL) : event_del(&link->writable));
    }
}

static void
link_writable(evutil_socket_t fd, short what, void *context)
{
    link_send(context);
}

struct frame_link *
frame_link_open(struct event_base *base, int fd, const struct frame_calls *calls,
                void *context)
{
    struct frame_link *link = calloc(1, sizeof *link);

    SK_ASSERT(link != NULL);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    link->fd = fd;
    link->calls = calls;
    link->context = context;
    link->most = LIMIT_WIRE_FRAME;
    event_assign(&link->readable, base, fd, EV_READ | EV_PERSIST, link_readable, link);
    event_assign(&link->writable, base, fd, EV_WRITE | EV_PERSIST, link_writable, link);
    loop_task_init(&link->send, base, link_send, link);
    event_add(&link->readable, NULL);
    return link;
}

void
frame_link_expect(struct frame_link *link, size_t most)
{
    link->most = most;
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
frame_hear(struct frame_link *link)
{
    if (link->busy || link->gone) {
        return;
    }
    link->busy = true;
    (void)link_read(link);
    link_leave(link);
}

static void
queue_add(struct queue *q, const void *at, size_t size)
{
    if (size > 0) {
        memcpy(q->at + q->to, at, size);
        q->to += size;
    }
}

void
frame_send(struct frame_link *link, uint32_t type, uint64_t token,
           const struct bytes *pieces, size_t piece_count)
{
    struct queue *out = &link->out;
    size_t size = 0;

    for (size_t i = 0; i < piece_count; i++) {
        size += pieces[i].size;
    }
    SK_ASSERT(size <= LIMIT_WIRE_FRAME);
    if (link->gone) {
        return;
    }
    struct frame_head head = {(uint32_t)size, type, token};
    queue_reserve(out, HEAD_SIZE + size);
    queue_add(out, &head, sizeof head);
    for (size_t i = 0; i < piece_count; i++) {
        queue_add(out, pieces[i].at, pieces[i].size);
    }
    if (!link->waits) {
        loop_task_soon(&link->send);
    }
}

size_t
frame_queued(const struct frame_link *link)
{
    return link->out.to - link->out.from;
}

void
frame_flush(struct frame_link *link)
{
    struct queue *out = &link->out;

    while (out->to > out->from) {
        struct pollfd ready = {.fd = link->fd, .events = POLLOUT};
        ssize_t did =
            send(link->fd, out->at + out->from, out->to - out->from, MSG_NOSIGNAL);
        if (did > 0) {
            queue_pass(out, (size_t)did);
        } else if (errno != EINTR && (errno != EAGAIN || poll(&ready, 1, 5000) <= 0)) {
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
