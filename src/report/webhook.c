#include "report/webhook.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include <event2/dns.h>
#include <event2/util.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "net/stream.h"

#define SECRET_LEAST 24 /* as Standard Webhooks asks for */
#define SECRET_MOST  64

struct webhook {
    struct arena *arena;
    const struct webhook_place *place;
    const struct alarm_target *target;
    webhook_done *done;
    void *context;
    struct bytes request;
    unsigned try;
    struct stream *stream;
    struct evdns_getaddrinfo_request *question;
    struct loop_task failing, deadline;
    bool told, closed;
    char words[WEBHOOK_WORDS];
};

struct bytes
webhook_body(struct arena *arena, const struct notice_facts *facts)
{
    struct writer w, text, when;
    struct json j;

    writer_init(&when, arena);
    clock_write_rfc3339(&when, facts->time_ms / 1000, 0);
    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "type", "sekisho.alarm");
    json_put_string(&j, "timestamp", writer_view(&when));
    writer_init(&text, arena);
    notice_words(&text, facts, true);
    writer_text(&text, "\n");
    notice_words(&text, facts, false);
    json_put_string(&j, "text", writer_view(&text)); /* what chat programs show */
    json_key(&j, "data");
    json_open(&j, '{');
    notice_members(facts, &j);
    for (int ja = 1; ja >= 0; ja--) {
        writer_clear(&text);
        notice_title(&text, facts, ja);
        json_put_string(&j, ja ? "title_ja" : "title_en", writer_view(&text));
    }
    json_close(&j);
    json_close(&j);
    return writer_view(&w);
}

struct bytes
webhook_request(struct arena *arena, const struct alarm_target *target, struct bytes id,
                int64_t now_s, struct bytes secret, struct bytes body)
{
    uint8_t digest[HASH_SHA256_SIZE];
    struct writer w, time;
    bool ip6 = bytes_find_byte(target->host, ':', 0) != BYTES_NOWHERE;

    writer_init(&time, arena);
    writer_number(&time, now_s);
    struct bytes pieces[] = {id, BYTES("."), writer_view(&time), BYTES("."), body};
    hash_hmac_sha256(secret, pieces, 5, digest);
    writer_init(&w, arena);
    writer_text(&w, "POST ");
    writer_bytes(&w, target->path);
    writer_text(&w, ip6 ? " HTTP/1.1\r\nHost: [" : " HTTP/1.1\r\nHost: ");
    writer_bytes(&w, target->host);
    writer_text(&w, ip6 ? "]" : "");
    if (target->port != (target->tls ? 443 : 80)) {
        writer_format(&w, ":%u", target->port);
    }
    writer_format(
        &w,
        "\r\nUser-Agent: Sekisho\r\nContent-Type: application/json; "
        "charset=utf-8\r\nContent-Length: %zu\r\nConnection: close\r\nwebhook-id: ",
        body.size);
    writer_bytes(&w, id);
    writer_text(&w, "\r\nwebhook-timestamp: ");
    writer_bytes(&w, writer_view(&time));
    writer_text(&w, "\r\nwebhook-signature: v1,");
    writer_bytes(&w, bytes_base64(arena, bytes_of(digest, sizeof digest)));
    writer_text(&w, "\r\n\r\n");
    writer_bytes(&w, body);
    return writer_view(&w);
}

enum sk_code
webhook_answer_read(struct bytes input, unsigned *status_r)
{
    size_t end = bytes_find_byte(input, '\n', 0);
    uint64_t status;

    if (end == BYTES_NOWHERE) {
        return input.size >= LIMIT_ALARM_ANSWER ? SK_LIMIT : SK_MORE;
    }
    if (end > LIMIT_ALARM_ANSWER) {
        return SK_LIMIT;
    }
    struct bytes line = bytes_trim(bytes_slice(input, 0, end));
    if (!bytes_starts(line, BYTES("HTTP/1.")) || line.size < 12 || line.at[8] != ' ' ||
        (line.size > 12 && line.at[12] != ' ') ||
        !bytes_to_number(bytes_slice(line, 9, 12), 599, &status) || status < 100) {
        return SK_BAD;
    }
    *status_r = (unsigned)status;
    return SK_OK;
}

enum sk_code
webhook_secret_read(struct arena *arena, struct bytes text, struct bytes *secret_r,
                    struct why *why)
{
    text = bytes_trim(text);
    *secret_r = text;
    if (bytes_starts(text, BYTES("whsec_")) &&
        !bytes_from_base64(arena, bytes_from(text, 6), secret_r)) {
        return why_set(why, SK_CONFIG, "what follows whsec_ is no base64");
    }
    return secret_r->size < SECRET_LEAST || secret_r->size > SECRET_MOST
               ? why_set(why, SK_CONFIG, "the secret of web hooks has %d to %d bytes",
                         SECRET_LEAST, SECRET_MOST)
               : SK_OK;
}

static void
tell(struct webhook *hook, bool well)
{
    if (!hook->told) {
        hook->told = true;
        loop_task_cancel(&hook->deadline);
        if (hook->stream != NULL) {
            stream_close(hook->stream);
        }
        hook->done(hook->context, well, hook->words);
    }
}

/* Failures that are known at once are told from the loop all the same. */
static void
fail(struct webhook *hook, const char *words)
{
    snprintf(hook->words, sizeof hook->words, "%.*s", WEBHOOK_WORDS - 1, words);
    loop_task_soon(&hook->failing);
}

static void
on_failing(void *context)
{
    tell(context, false);
}

static void
on_deadline(void *context)
{
    struct webhook *hook = context;

    snprintf(hook->words, sizeof hook->words, "no answer within %d seconds",
             WEBHOOK_PATIENCE_MS / 1000);
    if (hook->question != NULL) {
        evdns_getaddrinfo_cancel(hook->question); /* its callback is the end */
        return;
    }
    tell(hook, false);
}

static void
on_opened(void *context)
{
    struct webhook *hook = context;

    if (hook->target->tls && !stream_is_tls(hook->stream)) {
        if (hook->place->tls == NULL) {
            fail(hook, "TLS is not to be had");
            return;
        }
        stream_start_tls(hook->stream, hook->place->tls, hook->target->host);
        return;
    }
    stream_send_view(hook->stream, hook->request);
}

static void
on_input(void *context)
{
    struct webhook *hook = context;
    unsigned status = 0;

    switch (webhook_answer_read(stream_input(hook->stream), &status)) {
    case SK_MORE:
        return;
    case SK_OK:
        if (status >= 100 &&
            status < 200) { /* never asked for; the next line may be the answer */
            fail(hook, "an answer that was not asked for");
            return;
        }
        snprintf(hook->words, sizeof hook->words, "answered %u", status);
        tell(hook, status / 100 == 2);
        return;
    default:
        fail(hook, "what answers does not speak HTTP");
    }
}

static void
on_closed(void *context, enum stream_end end)
{
    struct webhook *hook = context;
    const char *error = stream_error(hook->stream);

    if (end == STREAM_END_ERROR && error[0] != '\0') {
        fail(hook, error);
    } else {
        fail(hook, "the connection was closed without an answer");
    }
}

static const struct stream_callbacks callbacks = {
    .opened = on_opened, .input = on_input, .closed = on_closed};

static void
reach(struct webhook *hook, const struct sockaddr *address, socklen_t size)
{
    struct net_endpoint endpoint = {.socket_size = size};
    struct why why;

    memcpy(&endpoint.socket, address, size);
    if (address->sa_family == AF_INET) {
        ((struct sockaddr_in *)&endpoint.socket)->sin_port =
            htons((uint16_t)hook->target->port);
    } else {
        ((struct sockaddr_in6 *)&endpoint.socket)->sin6_port =
            htons((uint16_t)hook->target->port);
    }
    if (stream_connect(hook->arena, hook->place->base, &endpoint, &callbacks, hook,
                       &hook->stream, &why) != SK_OK) {
        fail(hook, why.sentence);
    }
}

static void
on_names(int error, struct evutil_addrinfo *list, void *context)
{
    struct webhook *hook = context;
    size_t count = 0;

    hook->question = NULL;
    if (hook->told || hook->closed) {
        if (list != NULL) {
            evutil_freeaddrinfo(list);
        }
        return;
    }
    if (error != 0 || list == NULL) {
        fail(hook, error == EVUTIL_EAI_CANCEL ? "no answer from the DNS"
                                              : "the host's name has no address now");
        return;
    }
    for (const struct evutil_addrinfo *one = list; one != NULL; one = one->ai_next) {
        count++;
    }
    const struct evutil_addrinfo *chosen = list;
    for (size_t skip = hook->try % count; skip > 0; skip--) {
        chosen = chosen->ai_next;
    }
    reach(hook, chosen->ai_addr, (socklen_t)chosen->ai_addrlen);
    evutil_freeaddrinfo(list);
}

static void
ask_name(struct webhook *hook, const char *host)
{
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

    if (hook->place->dns == NULL) {
        fail(hook, "no DNS is at hand for the host's name");
        return;
    }
    hook->question =
        evdns_getaddrinfo(hook->place->dns, host, NULL, &hints, on_names, hook);
}

struct webhook *
webhook_post(struct arena *arena, const struct webhook_place *place,
             const struct alarm_target *target, const struct notice_facts *facts,
             int64_t now_s, unsigned try, webhook_done *done, void *context)
{
    struct webhook *hook = ARENA_NEW(arena, struct webhook);
    struct sockaddr_storage address = {0};
    int size = sizeof address;

    *hook = (struct webhook){.arena = arena,
                             .place = place,
                             .target = target,
                             .done = done,
                             .context = context,
                             .try = try};
    loop_task_init(&hook->failing, place->base, on_failing, hook);
    loop_task_init(&hook->deadline, place->base, on_deadline, hook);
    loop_task_after(&hook->deadline, WEBHOOK_PATIENCE_MS);
    hook->request = webhook_request(arena, target, notice_id(arena, facts), now_s,
                                    place->secret, webhook_body(arena, facts));
    bool ip6 = bytes_find_byte(target->host, ':', 0) != BYTES_NOWHERE;
    struct writer host;
    writer_init(&host, arena);
    writer_text(&host, ip6 ? "[" : "");
    writer_bytes(&host, target->host);
    writer_text(&host, ip6 ? "]" : "");
    if (evutil_parse_sockaddr_port(writer_c(&host), (struct sockaddr *)&address, &size) ==
        0) {
        reach(hook, (const struct sockaddr *)&address, (socklen_t)size);
    } else {
        ask_name(hook, bytes_text(arena, target->host));
    }
    return hook;
}

/* A question to the DNS may still be under way only when the process ends and its evdns_base is gone. */
void
webhook_close(struct webhook *hook)
{
    hook->closed = hook->told = true;
    loop_task_cancel(&hook->failing);
    loop_task_cancel(&hook->deadline);
    if (hook->stream != NULL) {
        stream_close(hook->stream);
    }
}
