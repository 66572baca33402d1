#include "report/post.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include <event2/dns.h>
#include <event2/util.h>

#include "base/limits.h"
#include "net/stream.h"
#include "report/post_answer.h"

#define WORDS        160
#define ANSWER_ARENA ((size_t)LIMIT_POST_BODY * 8)

_Static_assert(STREAM_INPUT_MAX >= LIMIT_POST_LINE, "a whole line is seen at once");

/* A question to the DNS. libevent tells that one was cancelled only later, when the call may be gone already: so it lies
 * with the place, and forgets the call. */
struct post_question {
    struct post_place *place;
    struct post *post; /* NULL: nobody waits any more */
    struct evdns_getaddrinfo_request *request;
    struct post_question *next;
};

struct post {
    struct arena *arena;
    struct post_place *place;
    struct post_call call;
    post_done *done;
    void *context;
    struct stream *stream;
    struct post_question *question;
    struct loop_task failing, deadline;
    struct arena kept; /* of the answer */
    struct post_answer answer;
    bool over; /* told, or about to be: nothing that comes is looked at */
    bool told;
    char words[WORDS];
};

static void
tell(struct post *post, unsigned status, struct bytes body)
{
    if (post->told) {
        return;
    }
    post->told = post->over = true;
    loop_task_cancel(&post->deadline);
    loop_task_cancel(&post->failing);
    if (post->stream != NULL) {
        stream_close(post->stream);
    }
    post->done(post->context, status, body, post->words);
}

/* Failures that are known at once are told from the loop all the same. */
static void
fail(struct post *post, const char *words)
{
    if (!post->over) {
        post->over = true;
        snprintf(post->words, sizeof post->words, "%.*s", WORDS - 1, words);
        loop_task_soon(&post->failing);
    }
}

static void
on_failing(void *context)
{
    tell(context, 0, BYTES_NONE);
}

static void
drop_question(struct post *post)
{
    if (post->question != NULL) {
        post->question->post = NULL;
        evdns_getaddrinfo_cancel(post->question->request);
        post->question = NULL;
    }
}

static void
on_deadline(void *context)
{
    struct post *post = context;

    snprintf(post->words, sizeof post->words, "no answer%s within %d seconds",
             post->question != NULL ? " from the DNS" : "", LIMIT_POST_S);
    drop_question(post);
    tell(post, 0, BYTES_NONE);
}

static void
on_opened(void *context)
{
    struct post *post = context;

    if (post->call.target.tls && !stream_is_tls(post->stream)) {
        if (post->place->tls == NULL) {
            fail(post, "TLS is not to be had");
            return;
        }
        stream_start_tls(post->stream, post->place->tls, post->call.target.host);
        return;
    }
    stream_send_view(post->stream, post->call.request);
}

static const char *
words_for(const struct post_answer *answer, enum sk_code code)
{
    if (code == SK_LIMIT) {
        return "the answer is too large";
    }
    if (answer->status == 0) {
        return "what answers does not speak HTTP";
    }
    return answer->status < 200 ? "an answer that was not asked for"
                                : "the answer breaks the rules of HTTP";
}

static void
look(struct post *post)
{
    size_t used;

    if (post->over) {
        return;
    }
    enum sk_code code = post_answer_read(&post->answer, stream_input(post->stream), &used);
    stream_consume(post->stream, used);
    if (post->call.status_only && post->answer.status >= 200) {
        tell(post, post->answer.status, BYTES_NONE);
    } else if (code == SK_OK) {
        tell(post, post->answer.status, writer_view(&post->answer.body));
    } else if (code != SK_MORE) {
        fail(post, words_for(&post->answer, code));
    }
}

static void
on_input(void *context)
{
    look(context);
}

static void
on_closed(void *context, enum stream_end end)
{
    struct post *post = context;

    look(post);
    if (end == STREAM_END_ERROR) {
        const char *error = stream_error(post->stream);
        fail(post, error[0] != '\0' ? error : "the connection failed");
    } else if (!post->over && post_answer_end(&post->answer) == SK_OK) {
        tell(post, post->answer.status, writer_view(&post->answer.body));
    } else {
        fail(post, post->answer.status == 0 ? "the connection was closed without an answer"
                                            : "the answer is not whole");
    }
}

static const struct stream_callbacks callbacks = {
    .opened = on_opened, .input = on_input, .closed = on_closed};

static void
reach(struct post *post, const struct sockaddr *address, socklen_t size)
{
    struct net_endpoint endpoint = {.socket_size = size};
    in_port_t port = htons((uint16_t)post->call.target.port);
    struct why why;

    memcpy(&endpoint.socket, address, size);
    if (address->sa_family == AF_INET) {
        ((struct sockaddr_in *)&endpoint.socket)->sin_port = port;
    } else {
        ((struct sockaddr_in6 *)&endpoint.socket)->sin6_port = port;
    }
    if (stream_connect(post->arena, post->place->base, &endpoint, &callbacks, post,
                       &post->stream, &why) != SK_OK) {
        fail(post, why.sentence);
    }
}

/* Names */

static void
on_names(int error, struct evutil_addrinfo *list, void *context)
{
    struct post_question *question = context;
    struct post *post = question->post;
    size_t count = 0;

    question->next = question->place->unused;
    question->place->unused = question;
    if (post != NULL) {
        post->question = NULL;
        if (error != 0 || list == NULL) {
            fail(post, "the host's name has no address now");
        }
    }
    for (const struct evutil_addrinfo *one = list; one != NULL; one = one->ai_next) {
        count++;
    }
    const struct evutil_addrinfo *chosen = list;
    for (size_t skip = post != NULL && count > 0 ? post->call.try % count : 0; skip > 0;
         skip--) {
        chosen = chosen->ai_next;
    }
    if (post != NULL && !post->over) {
        reach(post, chosen->ai_addr, (socklen_t)chosen->ai_addrlen);
    }
    if (list != NULL) {
        evutil_freeaddrinfo(list);
    }
}

static void
ask_name(struct post *post)
{
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct post_place *place = post->place;
    struct post_question *question = place->unused;

    if (place->dns == NULL) {
        fail(post, "no DNS is at hand for the host's name");
        return;
    }
    if (question != NULL) {
        place->unused = question->next;
    } else {
        question = ARENA_NEW(place->arena, struct post_question);
    }
    *question = (struct post_question){.place = place, .post = post};
    post->question = question;
    struct evdns_getaddrinfo_request *request =
        evdns_getaddrinfo(place->dns, bytes_text(post->arena, post->call.target.host), NULL,
                          &hints, on_names, question);
    if (post->question != NULL) { /* what is known at once was told already */
        question->request = request;
    }
}

/* "address@port" as dns.servers has it, as libevent has it. */
static const char *
server_text(struct arena *arena, struct bytes server)
{
    size_t at = bytes_find_byte(server, '@', 0);
    bool ip6 = bytes_find_byte(server, ':', 0) != BYTES_NOWHERE;
    struct writer w;

    writer_init(&w, arena);
    writer_text(&w, ip6 ? "[" : "");
    writer_bytes(&w, bytes_slice(server, 0, at));
    writer_text(&w, ip6 ? "]" : "");
    if (at != BYTES_NOWHERE) {
        writer_byte(&w, ':');
        writer_bytes(&w, bytes_from(server, at + 1));
    }
    return writer_c(&w);
}

enum sk_code
post_names_open(struct arena *arena, struct event_base *base, const struct config *config,
                struct evdns_base **dns_r, struct why *why)
{
    size_t count;
    const struct bytes *servers = config_list(config, "dns.servers", &count);
    struct evdns_base *dns =
        evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE |
                                 (count == 0 ? EVDNS_BASE_INITIALIZE_NAMESERVERS : 0));

    if (dns == NULL && count == 0) {
        dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    }
    *dns_r = dns;
    if (dns == NULL) {
        return why_set(why, SK_SYSTEM, "the DNS cannot be asked");
    }
    if (count > 0) {
        (void)evdns_base_load_hosts(dns, "/etc/hosts");
    }
    for (size_t i = 0; i < count; i++) {
        (void)evdns_base_nameserver_ip_add(dns, server_text(arena, servers[i]));
    }
    return SK_OK;
}

/* The call */

static bool
is_ip6(const struct alarm_target *target)
{
    return bytes_find_byte(target->host, ':', 0) != BYTES_NOWHERE;
}

struct bytes
post_request(struct arena *arena, const struct alarm_target *target, const char *tail,
             const char *type, struct bytes fields, struct bytes body)
{
    struct bytes path = target->path;
    struct writer w;

    while (tail[0] != '\0' && path.size > 0 && path.at[path.size - 1] == '/') {
        path.size--;
    }
    writer_init(&w, arena);
    writer_text(&w, "POST ");
    writer_bytes(&w, path);
    writer_text(&w, tail);
    writer_text(&w, is_ip6(target) ? " HTTP/1.1\r\nHost: [" : " HTTP/1.1\r\nHost: ");
    writer_bytes(&w, target->host);
    writer_text(&w, is_ip6(target) ? "]" : "");
    if (target->port != (target->tls ? 443 : 80)) {
        writer_format(&w, ":%u", target->port);
    }
    writer_format(&w,
                  "\r\nUser-Agent: Sekisho\r\nContent-Type: %s\r\n"
                  "Content-Length: %zu\r\nConnection: close\r\n",
                  type, body.size);
    writer_bytes(&w, fields);
    writer_text(&w, "\r\n");
    writer_bytes(&w, body);
    return writer_view(&w);
}

struct post *
post_start(struct arena *arena, struct post_place *place, const struct post_call *call,
           post_done *done, void *context)
{
    struct post *post = ARENA_NEW(arena, struct post);
    struct sockaddr_storage address = {0};
    int size = sizeof address;
    struct writer host;

    *post = (struct post){
        .arena = arena, .place = place, .call = *call, .done = done, .context = context};
    arena_init(&post->kept, ANSWER_ARENA);
    post_answer_init(&post->answer, &post->kept);
    loop_task_init(&post->failing, place->base, on_failing, post);
    loop_task_init(&post->deadline, place->base, on_deadline, post);
    loop_task_after(&post->deadline, (int64_t)LIMIT_POST_S * 1000);
    writer_init(&host, arena);
    writer_text(&host, is_ip6(&call->target) ? "[" : "");
    writer_bytes(&host, call->target.host);
    writer_text(&host, is_ip6(&call->target) ? "]" : "");
    if (evutil_parse_sockaddr_port(writer_c(&host), (struct sockaddr *)&address, &size) ==
        0) {
        reach(post, (const struct sockaddr *)&address, (socklen_t)size);
    } else {
        ask_name(post);
    }
    return post;
}

void
post_close(struct post *post)
{
    post->told = post->over = true;
    drop_question(post);
    loop_task_cancel(&post->failing);
    loop_task_cancel(&post->deadline);
    if (post->stream != NULL) {
        stream_close(post->stream);
    }
    arena_release(&post->kept);
}
