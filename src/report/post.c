#include "report/post.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <event2/dns.h>
#include <event2/util.h>

#include "base/limits.h"
#include "base/writer.h"
#include "net/http.h"
#include "net/stream.h"
#include "record/alarm_settings.h"
#include "report/webhook.h"

#define WORDS 160

struct post {
    struct arena *arena;
    struct event_base *base;
    const struct tls_context *tls;
    struct alarm_target target;
    post_done *done;
    void *context;
    struct bytes request;
    struct stream *stream;
    struct evdns_getaddrinfo_request *question;
    struct loop_task failing, deadline;
    bool told;
    char words[WORDS];
};

static void
tell(struct post *post, unsigned status, struct bytes body)
{
    if (!post->told) {
        post->told = true;
        loop_task_cancel(&post->deadline);
        loop_task_cancel(&post->failing);
        body = bytes_copy(post->arena, body);
        if (post->stream != NULL) {
            stream_close(post->stream);
        }
        post->done(post->context, status, body, post->words);
    }
}

static void
fail(struct post *post, const char *words)
{
    snprintf(post->words, sizeof post->words, "%.*s", WORDS - 1, words);
    loop_task_soon(&post->failing);
}

static void
on_failing(void *context)
{
    tell(context, 0, BYTES_NONE);
}

static void
on_deadline(void *context)
{
    struct post *post = context;

    snprintf(post->words, sizeof post->words, "no answer within %d seconds",
             POST_PATIENCE_MS / 1000);
    if (post->question != NULL) {
        evdns_getaddrinfo_cancel(post->question);
    } else {
        tell(post, 0, BYTES_NONE);
    }
}

static void
on_opened(void *context)
{
    struct post *post = context;

    if (post->target.tls && !stream_is_tls(post->stream)) {
        if (post->tls == NULL) {
            fail(post, "TLS is not to be had");
            return;
        }
        stream_start_tls(post->stream, post->tls, post->target.host);
        return;
    }
    stream_send_view(post->stream, post->request);
}

/* The chunks of a body, put together. */
static enum sk_code
chunks_read(struct arena *arena, struct bytes input, struct bytes *body_r)
{
    const struct http_request chunked = {.chunked = true};
    struct http_body body;
    struct bytes piece;
    struct writer w;
    enum sk_code code = SK_MORE;

    http_body_init(&body, &chunked);
    writer_init(&w, arena);
    for (size_t used; code == SK_MORE && input.size > 0; input = bytes_from(input, used)) {
        code = http_body_read(&body, input, LIMIT_NOTE_BYTES, &used, &piece);
        writer_bytes(&w, piece);
    }
    *body_r = writer_view(&w);
    return code;
}

/* The body of a whole answer; SK_MORE: more is to come. ended: nothing more will. */
static enum sk_code
answer_body(struct arena *arena, struct bytes input, bool ended, struct bytes *body_r)
{
    size_t head = bytes_find(input, BYTES("\r\n\r\n"), 0);
    uint64_t length;

    if (head == BYTES_NOWHERE) {
        return SK_MORE;
    }
    struct bytes fields = bytes_slice(input, 0, head + 2);
    *body_r = bytes_from(input, head + 4);
    if (bytes_find_fold(fields, BYTES("\r\ntransfer-encoding: chunked\r\n"), 0) !=
        BYTES_NOWHERE) {
        return chunks_read(arena, *body_r, body_r);
    }
    size_t at = bytes_find_fold(fields, BYTES("\r\ncontent-length:"), 0);
    if (at == BYTES_NOWHERE) {
        return ended ? SK_OK : SK_MORE;
    }
    struct bytes line;
    fields = bytes_from(fields, at + 17);
    if (!bytes_line(&fields, &line) ||
        !bytes_to_number(bytes_trim(line), LIMIT_NOTE_BYTES, &length)) {
        return SK_BAD;
    }
    if (body_r->size < length) {
        return SK_MORE;
    }
    *body_r = bytes_slice(*body_r, 0, (size_t)length);
    return SK_OK;
}

static void
look(struct post *post, bool ended)
{
    struct bytes input = stream_input(post->stream), body;
    unsigned status = 0;
    enum sk_code code = webhook_answer_read(input, &status);

    if (code == SK_MORE && !ended) {
        return;
    }
    if (code != SK_OK || (status >= 100 && status < 200)) {
        fail(post, code == SK_MORE ? "the connection was closed without an answer"
                                   : "what answers does not speak HTTP");
        return;
    }
    struct arena scratch;
    arena_init(&scratch, (size_t)4 << 20);
    code = answer_body(&scratch, input, ended, &body);
    if (code == SK_OK) {
        tell(post, status, body);
    } else if (code != SK_MORE || ended || input.size >= STREAM_INPUT_MAX) {
        fail(post, "the answer is not whole, or too large");
    }
    arena_release(&scratch);
}

static void
on_input(void *context)
{
    look(context, false);
}

static void
on_closed(void *context, enum stream_end end)
{
    struct post *post = context;

    if (end == STREAM_END_ERROR) {
        const char *error = stream_error(post->stream);
        fail(post, error[0] != '\0' ? error : "the connection failed");
    } else {
        look(post, true);
    }
}

static const struct stream_callbacks callbacks = {
    .opened = on_opened, .input = on_input, .closed = on_closed};

static void
reach(struct post *post, const struct sockaddr *address, socklen_t size)
{
    struct net_endpoint endpoint = {.socket_size = size};
    in_port_t port = htons((uint16_t)post->target.port);
    struct why why;

    memcpy(&endpoint.socket, address, size);
    if (address->sa_family == AF_INET) {
        ((struct sockaddr_in *)&endpoint.socket)->sin_port = port;
    } else {
        ((struct sockaddr_in6 *)&endpoint.socket)->sin6_port = port;
    }
    if (stream_connect(post->arena, post->base, &endpoint, &callbacks, post, &post->stream,
                       &why) != SK_OK) {
        fail(post, why.sentence);
    }
}

static void
on_names(int error, struct evutil_addrinfo *list, void *context)
{
    struct post *post = context;

    post->question = NULL;
    if (error != 0 || list == NULL) {
        if (!post->told) {
            fail(post, "the host's name has no address now");
        }
        return;
    }
    if (!post->told) {
        reach(post, list->ai_addr, (socklen_t)list->ai_addrlen);
    }
    evutil_freeaddrinfo(list);
}

static void
write_request(struct post *post, const char *tail, struct bytes body)
{
    bool ip6 = bytes_find_byte(post->target.host, ':', 0) != BYTES_NOWHERE;
    struct bytes path = post->target.path;
    struct writer w;

    while (path.size > 0 && path.at[path.size - 1] == '/') {
        path.size--;
    }
    writer_init(&w, post->arena);
    writer_text(&w, "POST ");
    writer_bytes(&w, path);
    writer_text(&w, tail);
    writer_text(&w, ip6 ? " HTTP/1.1\r\nHost: [" : " HTTP/1.1\r\nHost: ");
    writer_bytes(&w, post->target.host);
    writer_text(&w, ip6 ? "]" : "");
    if (post->target.port != (post->target.tls ? 443 : 80)) {
        writer_format(&w, ":%u", post->target.port);
    }
    writer_format(&w,
                  "\r\nUser-Agent: Sekisho\r\nContent-Type: text/plain; charset=utf-8\r\n"
                  "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                  body.size);
    writer_bytes(&w, body);
    post->request = writer_view(&w);
}

struct post *
post_start(struct arena *arena, struct event_base *base, struct evdns_base *dns,
           const struct tls_context *tls, struct bytes url, const char *tail,
           struct bytes body, post_done *done, void *context)
{
    struct post *post = ARENA_NEW(arena, struct post);
    struct sockaddr_storage address = {0};
    int size = sizeof address;
    struct writer host;

    *post = (struct post){
        .arena = arena, .base = base, .tls = tls, .done = done, .context = context};
    loop_task_init(&post->failing, base, on_failing, post);
    loop_task_init(&post->deadline, base, on_deadline, post);
    loop_task_after(&post->deadline, POST_PATIENCE_MS);
    if (!alarm_url_read(url, &post->target)) {
        fail(post, "the address is no http or https URL");
        return post;
    }
    write_request(post, tail, body);
    bool ip6 = bytes_find_byte(post->target.host, ':', 0) != BYTES_NOWHERE;
    writer_init(&host, arena);
    writer_text(&host, ip6 ? "[" : "");
    writer_bytes(&host, post->target.host);
    writer_text(&host, ip6 ? "]" : "");
    if (evutil_parse_sockaddr_port(writer_c(&host), (struct sockaddr *)&address, &size) ==
        0) {
        reach(post, (const struct sockaddr *)&address, (socklen_t)size);
    } else if (dns == NULL) {
        fail(post, "no DNS is at hand for the host's name");
    } else {
        struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
        post->question = evdns_getaddrinfo(dns, bytes_text(arena, post->target.host), NULL,
                                           &hints, on_names, post);
    }
    return post;
}

void
post_close(struct post *post)
{
    post->told = true;
    loop_task_cancel(&post->failing);
    loop_task_cancel(&post->deadline);
    if (post->stream != NULL) {
        stream_close(post->stream);
    }
}
