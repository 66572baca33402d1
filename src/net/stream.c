/* OpenSSL first: its headers use names that banned.h forbids us. */
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "net/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#define READ_SIZE        65536
#define TLS_RECORD       16384
#define LINGER_MS        1000
#define FINISH_MS        30000 /* for the peer to take our last words */
#define LINGER_BYTES_MAX 1048576

enum stream_state {
    CONNECTING,   /* connect(2) has been started */
    RUNNING,      /* bytes go both ways */
    TLS_FLUSHING, /* the last plain bytes are still to be written before TLS begins */
    TLS_SHAKING,
    FINISHING, /* only what is left is written */
    LINGERING, /* our side is closed, the peer's words are dropped */
    ENDED,     /* `closed` was or will be called, nothing moves any more */
};

struct stream {
    struct arena *arena;
    struct event_base *base;
    const struct stream_callbacks *callbacks;
    void *context;
    int fd;
    enum stream_state state;
    struct event readable, writable;
    struct loop_task soon, deadline;
    struct evbuffer *in, *out;
    SSL *ssl;
    const struct tls_context *tls;
    char *tls_name;
    bool reading, writing; /* the events are in the loop */
    bool paused, peer_ended, linger;
    bool to_report_open, to_report_input, to_report_end;
    bool large; /* the output stood above STREAM_OUTPUT_LOW: `written` is owed */
    bool read_wants_write, write_wants_read;
    enum stream_end end;
    size_t lingered;
    char error[120];
};

static void stream_flush(struct stream *stream);

static void
update_events(struct stream *s)
{
    bool wants_read = false, wants_write = false;

    switch (s->state) {
    case CONNECTING:
        wants_write = true;
        break;
    case RUNNING:
        wants_read = !s->peer_ended &&
                     ((!s->paused && evbuffer_get_length(s->in) < STREAM_INPUT_MAX) ||
                      s->write_wants_read);
        wants_write = evbuffer_get_length(s->out) > 0 || s->read_wants_write;
        break;
    case TLS_FLUSHING:
        wants_write = true;
        break;
    case TLS_SHAKING:
        wants_read = !s->read_wants_write;
        wants_write = s->read_wants_write;
        break;
    case FINISHING:
        wants_write = true;
        break;
    case LINGERING:
        wants_read = true;
        break;
    case ENDED:
        break;
    }
    if (wants_read != s->reading) {
        s->reading = wants_read;
        (void)(wants_read ? event_add(&s->readable, NULL) : event_del(&s->readable));
    }
    if (wants_write != s->writing) {
        s->writing = wants_write;
        (void)(wants_write ? event_add(&s->writable, NULL) : event_del(&s->writable));
    }
}

/* The stream has ended; `closed` is called from the loop. */
static void
end(struct stream *s, enum stream_end how)
{
    if (s->state == ENDED) {
        return;
    }
    s->end = how;
    s->to_report_end = true;
    s->state = ENDED;
    loop_task_cancel(&s->deadline);
    update_events(s);
    loop_task_soon(&s->soon);
}

static void
fail(struct stream *s, const char *doing)
{
    if (s->error[0] == '\0') {
        snprintf(s->error, sizeof s->error, "%s: %s", doing, strerror(errno));
    }
    end(s, STREAM_END_ERROR);
}

/* What is wrong with the peer's certificate, where that is why. */
static const char *
certificate_fault(const struct stream *s)
{
    bool verified = s->ssl != NULL && SSL_get_verify_mode(s->ssl) != SSL_VERIFY_NONE;
    long result = verified ? SSL_get_verify_result(s->ssl) : X509_V_OK;

    return result != X509_V_OK ? X509_verify_cert_error_string(result) : NULL;
}

static void
fail_tls(struct stream *s, const char *doing)
{
    const char *words = ERR_reason_error_string(ERR_peek_last_error()),
               *fault = certificate_fault(s);

    snprintf(s->error, sizeof s->error, "%s: %s%s%s", doing,
             words != NULL ? words : "the peer went away", fault != NULL ? ": " : "",
             fault != NULL ? fault : "");
    ERR_clear_error();
    end(s, STREAM_END_ERROR);
}

/* The peer closed its side. What we have to say can still be sent. */
static void
peer_ended(struct stream *s)
{
    s->peer_ended = true;
    s->end = STREAM_END_PEER;
    s->to_report_end = true;
    if (s->state != RUNNING) {
        s->state = ENDED;
    }
    update_events(s);
    loop_task_soon(&s->soon);
}

/* Bytes read, 0 at the end of the stream, -1 for none now, -2 for failure. */
static ssize_t
read_plain(struct stream *s, void *at, size_t size)
{
    ssize_t got = read(s->fd, at, size);

    if (got >= 0) {
        return got;
    }
    return errno == EAGAIN || errno == EINTR ? -1 : -2;
}

static ssize_t
read_tls(struct stream *s, uint8_t *at, size_t size)
{
    size_t total = 0;

    s->read_wants_write = false;
    while (total < size) {
        ERR_clear_error();
        int got = SSL_read(s->ssl, at + total, (int)(size - total));
        if (got > 0) {
            total += (size_t)got;
            continue;
        }
        int error = SSL_get_error(s->ssl, got);
        if (total > 0 && error != SSL_ERROR_WANT_WRITE) {
            break; /* an end or a failure is met again by the next read */
        }
        if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
            s->read_wants_write = error == SSL_ERROR_WANT_WRITE;
            return total > 0 ? (ssize_t)total : -1;
        }
        return error == SSL_ERROR_ZERO_RETURN ? 0 : -2;
    }
    return (ssize_t)total;
}

static void
read_more(struct stream *s)
{
    struct evbuffer_iovec room;

    if (evbuffer_reserve_space(s->in, READ_SIZE, &room, 1) != 1) {
        errno = ENOMEM;
        fail(s, "reading");
        return;
    }
    size_t size = room.iov_len < READ_SIZE ? room.iov_len : READ_SIZE;
    ssize_t got = s->ssl != NULL ? read_tls(s, room.iov_base, size)
                                 : read_plain(s, room.iov_base, size);
    room.iov_len = got > 0 ? (size_t)got : 0;
    evbuffer_commit_space(s->in, &room, 1);
    if (got > 0) {
        s->callbacks->input(s->context);
        /* A full buffer may leave decrypted bytes inside the TLS library. */
        if (s->fd >= 0 && s->ssl != NULL && SSL_pending(s->ssl) > 0) {
            loop_task_soon(&s->soon);
        }
    } else if (got == 0) {
        peer_ended(s);
    } else if (got == -2 && s->ssl != NULL) {
        fail_tls(s, "reading");
    } else if (got == -2) {
        fail(s, "reading");
    }
}

static void
drop_more(struct stream *s)
{
    static uint8_t nowhere[READ_SIZE];
    ssize_t got = read(s->fd, nowhere, sizeof nowhere);

    s->lingered += got > 0 ? (size_t)got : 0;
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR) ||
        s->lingered > LINGER_BYTES_MAX) {
        end(s, STREAM_END_FINISHED);
    }
}

static void
shake_hands(struct stream *s)
{
    ERR_clear_error();
    int result = SSL_do_handshake(s->ssl);
    int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(s->ssl, result);

    s->read_wants_write = error == SSL_ERROR_WANT_WRITE;
    if (result == 1) {
        s->state = RUNNING;
        s->to_report_open = true;
        s->to_report_input = true; /* bytes may have come in the same record flight */
        loop_task_soon(&s->soon);
    } else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        fail_tls(s, "TLS handshake");
    }
}

/* SSL_set1_host knows an address when it sees one; RFC 6066 3 forbids to name one to the server. */
static bool
expect_name(struct stream *s)
{
    unsigned char address[sizeof(struct in6_addr)];
    bool is_address = inet_pton(AF_INET, s->tls_name, address) == 1 ||
                      inet_pton(AF_INET6, s->tls_name, address) == 1;

    return SSL_set1_host(s->ssl, s->tls_name) == 1 &&
           (is_address || SSL_set_tlsext_host_name(s->ssl, s->tls_name) == 1);
}

static void
begin_tls(struct stream *s)
{
    evbuffer_drain(s->in, evbuffer_get_length(s->in));
    s->ssl = SSL_new(s->tls->ssl);
    if (s->ssl == NULL || SSL_set_fd(s->ssl, s->fd) != 1) {
        fail_tls(s, "TLS");
        return;
    }
    if (s->tls->server) {
        SSL_set_accept_state(s->ssl);
    } else {
        SSL_set_connect_state(s->ssl);
        if (s->tls_name != NULL && !expect_name(s)) {
            fail_tls(s, "TLS");
            return;
        }
    }
    s->state = TLS_SHAKING;
    shake_hands(s);
}

static void
connected(struct stream *s)
{
    int error = 0;
    socklen_t size = sizeof error;

    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
        errno = error != 0 ? error : errno;
        fail(s, "connecting");
        return;
    }
    s->state = RUNNING;
    s->to_report_open = true;
    loop_task_soon(&s->soon);
}

static void
on_readable(evutil_socket_t fd, short what, void *context)
{
    struct stream *s = context;

    if (s->state == TLS_SHAKING) {
        shake_hands(s);
    } else if (s->state == LINGERING) {
        drop_more(s);
    } else if (s->state == RUNNING) {
        if (s->write_wants_read) {
            s->write_wants_read = false;
            stream_flush(s);
        }
        if (s->fd >= 0 && s->state == RUNNING && !s->paused) {
            read_more(s);
        }
    }
    /* Answers are written at once: to wait for the socket to be writable would cost two system calls more. */
    if (s->fd >= 0) {
        stream_flush(s);
    }
}

static void
on_writable(evutil_socket_t fd, short what, void *context)
{
    struct stream *s = context;

    if (s->state == CONNECTING) {
        connected(s);
    } else if (s->state == TLS_SHAKING) {
        shake_hands(s);
    } else if (s->state == RUNNING && s->read_wants_write && !s->paused) {
        read_more(s);
    }
    if (s->fd >= 0) {
        stream_flush(s);
    }
}

static void
write_tls(struct stream *s)
{
    size_t left;

    while ((left = evbuffer_get_length(s->out)) > 0) {
        size_t size = left < TLS_RECORD ? left : TLS_RECORD;
        ERR_clear_error();
        int put = SSL_write(s->ssl, evbuffer_pullup(s->out, (ev_ssize_t)size), (int)size);
        if (put > 0) {
            evbuffer_drain(s->out, (size_t)put);
            continue;
        }
        int error = SSL_get_error(s->ssl, put);
        if (error == SSL_ERROR_WANT_READ) {
            s->write_wants_read = true;
        } else if (error != SSL_ERROR_WANT_WRITE) {
            fail_tls(s, "writing");
        }
        return;
    }
}

static void
write_plain(struct stream *s)
{
    while (evbuffer_get_length(s->out) > 0) {
        if (evbuffer_write(s->out, s->fd) < 0) {
            if (errno != EAGAIN && errno != EINTR) {
                fail(s, "writing");
            }
            return;
        }
    }
}

static void
all_written(struct stream *s)
{
    if (s->state == TLS_FLUSHING) {
        begin_tls(s);
        return;
    }
    if (s->state != FINISHING) {
        return;
    }
    if (s->ssl != NULL) {
        ERR_clear_error();
        (void)SSL_shutdown(s->ssl);
    }
    shutdown(s->fd, SHUT_WR);
    if (!s->linger) {
        end(s, STREAM_END_FINISHED);
        return;
    }
    s->state = LINGERING;
    loop_task_after(&s->deadline, LINGER_MS);
}

static void
stream_flush(struct stream *s)
{
    if (s->state == RUNNING || s->state == TLS_FLUSHING || s->state == FINISHING) {
        if (s->ssl != NULL) {
            write_tls(s);
        } else {
            write_plain(s);
        }
        if (evbuffer_get_length(s->out) == 0) {
            all_written(s);
        }
    }
    update_events(s);
    if (s->large && s->state == RUNNING &&
        evbuffer_get_length(s->out) < STREAM_OUTPUT_LOW) {
        s->large = false;
        if (s->callbacks->written != NULL) {
            s->callbacks->written(s->context);
        }
    }
}

/* Decrypted bytes inside the TLS library, which no poll tells of. */
static bool
has_hidden_input(const struct stream *s)
{
    return s->ssl != NULL && !s->peer_ended && SSL_pending(s->ssl) > 0 &&
           evbuffer_get_length(s->in) < STREAM_INPUT_MAX;
}

/* What is owed to the owner, told from the loop. */
static void
on_soon(void *context)
{
    struct stream *s = context;

    if (s->to_report_open && s->state == RUNNING) {
        s->to_report_open = false;
        s->callbacks->opened(s->context);
    }
    if (s->fd >= 0 && s->state == RUNNING && !s->paused) {
        if (has_hidden_input(s)) {
            s->to_report_input = false;
            read_more(s);
        } else if (s->to_report_input) {
            s->to_report_input = false;
            if (evbuffer_get_length(s->in) > 0) {
                s->callbacks->input(s->context);
            }
        }
    }
    if (s->fd >= 0) {
        stream_flush(s);
    }
    if (s->fd >= 0 && s->to_report_end) {
        s->to_report_end = false;
        s->callbacks->closed(s->context, s->end);
    }
}

static void
on_deadline(void *context)
{
    struct stream *s = context;

    if (s->state == RUNNING) {
        s->end = STREAM_END_DEADLINE;
        s->to_report_end = true;
        loop_task_soon(&s->soon);
    } else {
        end(s, s->state == LINGERING ? STREAM_END_FINISHED : STREAM_END_DEADLINE);
    }
}

struct stream *
stream_open(struct arena *arena, struct event_base *base, int fd,
            const struct stream_callbacks *callbacks, void *context)
{
    struct stream *s = ARENA_NEW(arena, struct stream);
    int on = 1;

    *s = (struct stream){.arena = arena,
                         .base = base,
                         .callbacks = callbacks,
                         .context = context,
                         .fd = fd,
                         .state = RUNNING};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    s->in = evbuffer_new();
    s->out = evbuffer_new();
    SK_ASSERT(s->in != NULL && s->out != NULL);
    event_assign(&s->readable, base, fd, EV_READ | EV_PERSIST, on_readable, s);
    event_assign(&s->writable, base, fd, EV_WRITE | EV_PERSIST, on_writable, s);
    loop_task_init(&s->soon, base, on_soon, s);
    loop_task_init(&s->deadline, base, on_deadline, s);
    update_events(s);
    return s;
}

enum sk_code
stream_connect(struct arena *arena, struct event_base *base,
               const struct net_endpoint *endpoint,
               const struct stream_callbacks *callbacks, void *context,
               struct stream **stream_r, struct why *why)
{
    int fd =
        socket(endpoint->socket.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    *stream_r = NULL;
    if (fd < 0) {
        return why_set(why, SK_SYSTEM, "socket");
    }
    if (connect(fd, (const void *)&endpoint->socket, endpoint->socket_size) != 0 &&
        errno != EINPROGRESS) {
        enum sk_code code = why_set(why, SK_SYSTEM, "connecting");
        close(fd);
        return code;
    }
    struct stream *s = stream_open(arena, base, fd, callbacks, context);
    s->state = CONNECTING;
    update_events(s);
    *stream_r = s;
    return SK_OK;
}

struct bytes
stream_input(struct stream *s)
{
    size_t size = s->in != NULL ? evbuffer_get_length(s->in) : 0;

    return size > 0 ? bytes_of(evbuffer_pullup(s->in, -1), size) : BYTES_NONE;
}

void
stream_consume(struct stream *s, size_t size)
{
    if (s->in != NULL && size > 0) {
        evbuffer_drain(s->in, size);
        if (!s->reading) {
            loop_task_soon(&s->soon); /* there may be room again */
        }
    }
}

void
stream_pause(struct stream *s)
{
    s->paused = true;
    if (s->fd >= 0) {
        update_events(s);
    }
}

void
stream_resume(struct stream *s)
{
    if (!s->paused || s->fd < 0) {
        return;
    }
    s->paused = false;
    s->to_report_input = true;
    loop_task_soon(&s->soon);
}

static bool
takes_output(struct stream *s)
{
    return s->out != NULL && (s->state == RUNNING || s->state == CONNECTING);
}

static void
sent(struct stream *s)
{
    s->large |= evbuffer_get_length(s->out) >= STREAM_OUTPUT_LOW;
    loop_task_soon(&s->soon);
}

void
stream_send(struct stream *s, struct bytes b)
{
    if (takes_output(s) && b.size > 0) {
        SK_ASSERT(evbuffer_add(s->out, b.at, b.size) == 0);
        sent(s);
    }
}

void
stream_send_view(struct stream *s, struct bytes b)
{
    if (takes_output(s) && b.size > 0) {
        SK_ASSERT(evbuffer_add_reference(s->out, b.at, b.size, NULL, NULL) == 0);
        sent(s);
    }
}

size_t
stream_unsent(const struct stream *s)
{
    return s->out != NULL ? evbuffer_get_length(s->out) : 0;
}

void
stream_deadline(struct stream *s, int64_t delay_ms)
{
    if (s->fd >= 0 && s->state != ENDED && s->state != LINGERING) {
        loop_task_after(&s->deadline, delay_ms);
    }
}

void
stream_start_tls(struct stream *s, const struct tls_context *context,
                 struct bytes peer_name)
{
    if (s->state != RUNNING || s->ssl != NULL) {
        return;
    }
    s->tls = context;
    if (peer_name.size > 0) {
        s->tls_name = bytes_text(s->arena, peer_name);
    }
    evbuffer_drain(s->in, evbuffer_get_length(s->in));
    s->state = TLS_FLUSHING;
    loop_task_soon(&s->soon);
}

bool
stream_is_tls(const struct stream *s)
{
    return s->ssl != NULL;
}

const char *
stream_tls_version(const struct stream *s)
{
    return s->ssl != NULL ? SSL_get_version(s->ssl) : "";
}

const char *
stream_tls_cipher(const struct stream *s)
{
    return s->ssl != NULL ? SSL_get_cipher_name(s->ssl) : "";
}

void
stream_finish(struct stream *s, bool linger)
{
    if (s->fd < 0 || s->state == FINISHING || s->state == LINGERING) {
        return;
    }
    if (s->state != RUNNING) {
        end(s, STREAM_END_FINISHED);
        return;
    }
    s->state = FINISHING;
    s->linger = linger && !s->peer_ended;
    s->to_report_end = false;
    loop_task_after(&s->deadline, FINISH_MS);
    loop_task_soon(&s->soon);
}

void
stream_close(struct stream *s)
{
    if (s->fd < 0) {
        return;
    }
    s->state = ENDED;
    loop_task_cancel(&s->soon);
    loop_task_cancel(&s->deadline);
    event_del(&s->readable);
    event_del(&s->writable);
    SSL_free(s->ssl);
    s->ssl = NULL;
    evbuffer_free(s->in);
    evbuffer_free(s->out);
    s->in = s->out = NULL;
    close(s->fd);
    s->fd = -1;
}

void
stream_close_saying(struct stream *s, struct bytes last)
{
    if (s->fd >= 0 && s->state == RUNNING && evbuffer_get_length(s->out) == 0) {
        (void)!(s->ssl != NULL ? SSL_write(s->ssl, last.at, (int)last.size)
                               : write(s->fd, last.at, last.size));
    }
    stream_close(s);
}

bool
stream_is_open(const struct stream *s)
{
    return s->fd >= 0 && s->state != ENDED;
}

const char *
stream_error(const struct stream *s)
{
    return s->error;
}
