/* `sekisho flood`: mail in bulk, to a server on this machine and nowhere else.
 *
 * N connections send M messages, each message an SMTP transaction in one of the connections' turns, with at most `rate`
 * begun a second. The destination must be a loopback address: there is no option to change that. */
#define SK_BASE
#include "sekisho/commands.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "net/endpoint.h"
#include "net/loop.h"
#include "parse/letter.h"
#include "parse/received.h"
#include "sekisho/corpus.h"
#include "sekisho/options.h"

#define CORPUS_BYTES_MAX ((size_t)1 << 30)
#define PROGRESS_MS      1000
#define ANSWER_MS        60000

enum flood_state {
    FLOOD_GREETING, /* connected, waiting for 220 */
    FLOOD_EHLO,
    FLOOD_XCLIENT,
    FLOOD_XCLIENT_EHLO, /* XCLIENT starts the session anew: EHLO again */
    FLOOD_IDLE,         /* a transaction may begin */
    FLOOD_MAIL,
    FLOOD_RCPT,
    FLOOD_DATA,
    FLOOD_DOT, /* the message is out, waiting for the verdict */
    FLOOD_RSET,
    FLOOD_ENDED,
};

struct flood_message {
    struct bytes stuffed; /* CR LF lines, dots doubled, with the final dot */
    struct bytes from;
    struct bytes client, helo;
};

struct flood;

struct flood_connection {
    struct flood *flood;
    struct bufferevent *stream;
    enum flood_state state;
    const struct flood_message *message;
    int64_t began_us;
    size_t sent;     /* messages in this connection */
    unsigned answer; /* of a refused transaction, 0 if none */
};

struct flood {
    struct arena arena;
    struct event_base *base;
    struct net_endpoint to;
    struct bytes recipient;
    struct flood_message *messages;
    size_t message_count, bytes_read;
    size_t begun, answered, most;
    long rate, kept, connection_count, repeat;
    bool as_received, quiet;
    struct flood_connection *connections;
    size_t open;
    uint32_t *latencies_us;
    uint64_t accepted, held, refused, later, broken, bytes_sent;
    int64_t began_ms, shown_ms;
    struct event *tick;
};

static int64_t
now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The message as it goes over the wire: every line end CR LF, dots doubled, the final dot. */
static struct bytes
flood_stuff(struct arena *arena, struct bytes raw)
{
    struct bytes line;
    struct writer w;

    writer_init(&w, arena);
    if (bytes_starts(raw, BYTES("From "))) {
        (void)bytes_line(&raw, &line); /* an mbox line is no part of the message */
    }
    while (bytes_line(&raw, &line)) {
        if (line.size > 0 && line.at[0] == '.') {
            writer_byte(&w, '.');
        }
        for (size_t i = 0; i < line.size; i++) {
            if (line.at[i] != '\r') {
                writer_byte(&w, line.at[i]);
            }
        }
        writer_text(&w, "\r\n");
    }
    writer_text(&w, ".\r\n");
    return writer_view(&w);
}

/* Who sent it, as far as the header tells: an address for MAIL FROM, and the client of the newest Received. */
static void
flood_envelope(struct flood *f, struct arena *scratch, const struct letter *letter,
               struct flood_message *message)
{
    size_t at = 0;
    const struct field *received = header_find(&letter->header, BYTES("Received"), &at);

    message->from = BYTES_NONE;
    if (letter->from.address_count > 0 && letter->from.addresses[0].domain.size > 0 &&
        letter->from.addresses[0].text.size < LIMIT_ADDRESS) {
        struct bytes text = letter->from.addresses[0].text;
        bool plain = true;
        for (size_t i = 0; i < text.size; i++) {
            plain = plain && text.at[i] > 0x20 && text.at[i] < 0x7f && text.at[i] != '<' &&
                    text.at[i] != '>';
        }
        message->from = plain ? bytes_copy(&f->arena, text) : BYTES_NONE;
    }
    while (received != NULL && f->as_received && message->client.size == 0) {
        struct received r;
        received_read(scratch, received->value, &r);
        struct net_address ip;
        if (net_address_read(r.from_ip, &ip) && !net_address_is_loopback(&ip)) {
            message->client = bytes_copy(&f->arena, r.from_ip);
            message->helo = bytes_copy(&f->arena, r.helo.size > 0 ? r.helo : r.from);
        }
        received = header_find(&letter->header, BYTES("Received"), &at);
    }
}

/* Takes one message into memory. */
static void
flood_take(struct flood *f, struct bytes raw)
{
    struct arena scratch;
    struct flood_message message = {0};

    arena_init(&scratch, LIMIT_ARENA_MESSAGE);
    flood_envelope(f, &scratch, letter_read_header(&scratch, raw), &message);
    arena_release(&scratch);
    message.stuffed = flood_stuff(&f->arena, raw);
    f->bytes_read += raw.size;
    f->messages[f->message_count++] = message;
}

static enum sk_code
flood_read(struct flood *f, char **paths, int path_count, struct why *why)
{
    struct corpus *corpus = corpus_new(&f->arena);
    enum sk_code code = SK_OK;
    struct bytes raw;
    const char *path;
    int label;

    for (int i = 0; code == SK_OK && i < path_count; i++) {
        code = corpus_add(corpus, paths[i], 0, why);
    }
    size_t count = corpus_count(corpus);
    f->messages = ARENA_NEW_MANY(&f->arena, count, struct flood_message);
    for (size_t i = 0; code == SK_OK && i < count && f->bytes_read < CORPUS_BYTES_MAX;
         i++) {
        struct arena scratch;
        arena_init(&scratch, LIMIT_ARENA_MESSAGE);
        code = corpus_load(&scratch, corpus, i, &raw, &label, &path, why);
        if (code == SK_OK) {
            flood_take(f, raw);
        }
        arena_release(&scratch);
    }
    return code;
}

static void flood_next(struct flood_connection *c);
static void flood_connect(struct flood_connection *c);

static void
flood_say(struct flood_connection *c, enum flood_state state, const char *before,
          struct bytes argument, const char *after)
{
    struct evbuffer *output = bufferevent_get_output(c->stream);

    c->state = state;
    evbuffer_add(output, before, strlen(before));
    evbuffer_add(output, argument.at, argument.size);
    evbuffer_add(output, after, strlen(after));
    evbuffer_add(output, "\r\n", 2);
}

static void
flood_end_connection(struct flood_connection *c)
{
    if (c->stream != NULL) {
        bufferevent_free(c->stream);
        c->stream = NULL;
        c->flood->open--;
    }
    c->state = FLOOD_ENDED;
}

static void
flood_finish(struct flood *f)
{
    if (f->answered == f->most) {
        for (long i = 0; i < f->connection_count; i++) {
            flood_end_connection(&f->connections[i]);
        }
        event_base_loopbreak(f->base);
    }
}

/* The connection broke: what it had in hand counts as broken and is not repeated. */
static void
flood_broke(struct flood_connection *c)
{
    struct flood *f = c->flood;
    bool in_hand = c->message != NULL;

    flood_end_connection(c);
    c->message = NULL;
    if (in_hand) {
        f->broken++;
        f->answered++;
    } else if (c->sent == 0) {
        /* Nobody answers there: trying for ever helps nobody. */
        f->broken += f->most - f->answered;
        f->answered = f->most;
    }
    flood_finish(f);
    if (f->answered < f->most && f->begun < f->most) {
        flood_connect(c);
    }
}

static void
flood_answered(struct flood_connection *c, unsigned code)
{
    struct flood *f = c->flood;

    f->latencies_us[f->answered++] = (uint32_t)(now_us() - c->began_us);
    f->accepted += code / 100 == 2;
    f->refused += code / 100 == 5;
    f->later += code / 100 == 4;
    c->message = NULL;
    c->sent++;
    flood_finish(f);
    if (f->answered == f->most) {
        return;
    }
    if (f->kept > 0 && c->sent >= (size_t)f->kept) {
        c->sent = 0;
        flood_end_connection(c);
        if (f->begun < f->most) {
            flood_connect(c);
        }
    } else if (code == 421) {
        flood_end_connection(c);
        flood_connect(c);
    } else {
        flood_next(c);
    }
}

/* How many may have begun by now under the rate. */
static size_t
flood_allowed(const struct flood *f)
{
    if (f->rate == 0) {
        return SIZE_MAX;
    }
    return (size_t)((clock_monotonic_ms() - f->began_ms) * f->rate / 1000) + 1;
}

static void
flood_next(struct flood_connection *c)
{
    struct flood *f = c->flood;

    c->state = FLOOD_IDLE;
    if (f->begun >= f->most || f->begun >= flood_allowed(f)) {
        return;
    }
    c->message = &f->messages[f->begun++ % f->message_count];
    c->began_us = now_us();
    if (f->as_received && c->message->client.size > 0 && c->sent == 0) {
        struct writer w;
        struct arena scratch;
        arena_init(&scratch, 1u << 20);
        writer_init(&w, &scratch);
        if (bytes_find_byte(c->message->client, ':', 0) != BYTES_NOWHERE) {
            writer_text(&w, "IPV6:");
        }
        writer_bytes(&w, c->message->client);
        flood_say(c, FLOOD_XCLIENT, "XCLIENT NAME=[UNAVAILABLE] ADDR=", writer_view(&w),
                  "");
        arena_release(&scratch);
        return;
    }
    flood_say(c, FLOOD_MAIL, "MAIL FROM:<", c->message->from, ">");
}

static void
flood_reply(struct flood_connection *c, unsigned code)
{
    struct flood *f = c->flood;
    bool good = code / 100 == 2;

    switch (c->state) {
    case FLOOD_GREETING:
        if (!good) {
            flood_broke(c);
            return;
        }
        flood_say(c, FLOOD_EHLO, "EHLO flood.example", BYTES_NONE, "");
        return;
    case FLOOD_EHLO:
        flood_next(c);
        return;
    case FLOOD_XCLIENT:
        if (!good) {
            fprintf(stderr, "sekisho: flood: the server takes no XCLIENT from us (%u)\n",
                    code);
            f->as_received = false;
            flood_say(c, FLOOD_MAIL, "MAIL FROM:<", c->message->from, ">");
            return;
        }
        flood_say(c, FLOOD_XCLIENT_EHLO, "EHLO ",
                  c->message->helo.size > 0 ? c->message->helo : BYTES("flood.example"),
                  "");
        return;
    case FLOOD_XCLIENT_EHLO:
        flood_say(c, FLOOD_MAIL, "MAIL FROM:<", c->message->from, ">");
        return;
    case FLOOD_MAIL:
        if (good) {
            flood_say(c, FLOOD_RCPT, "RCPT TO:<", f->recipient, ">");
        } else {
            flood_answered(c, code);
        }
        return;
    case FLOOD_RCPT:
        c->answer = good ? 0 : code;
        flood_say(c, good ? FLOOD_DATA : FLOOD_RSET, good ? "DATA" : "RSET", BYTES_NONE,
                  "");
        return;
    case FLOOD_DATA:
        if (code != 354) {
            c->answer = code;
            flood_say(c, FLOOD_RSET, "RSET", BYTES_NONE, "");
            return;
        }
        c->state = FLOOD_DOT;
        f->bytes_sent += c->message->stuffed.size;
        evbuffer_add_reference(bufferevent_get_output(c->stream), c->message->stuffed.at,
                               c->message->stuffed.size, NULL, NULL);
        return;
    case FLOOD_DOT:
        flood_answered(c, code);
        return;
    case FLOOD_RSET:
        flood_answered(c, c->answer);
        return;
    case FLOOD_IDLE:
    case FLOOD_ENDED:
        flood_broke(c); /* 421 while idle, or a reply nobody asked for */
        return;
    }
}

static void
flood_readable(struct bufferevent *stream, void *context)
{
    struct flood_connection *c = context;
    struct evbuffer *input = bufferevent_get_input(stream);
    size_t size;

    while (c->stream == stream) {
        char *line = evbuffer_readln(input, &size, EVBUFFER_EOL_CRLF);
        if (line == NULL) {
            return;
        }
        uint64_t code;
        bool whole =
            size >= 3 && bytes_to_number(bytes_of(line, 3), 599, &code) && code >= 200;
        bool last = whole && (size == 3 || line[3] == ' ');
        free(line);
        if (!whole) {
            flood_broke(c);
        } else if (last) {
            flood_reply(c, (unsigned)code);
        }
    }
}

static void
flood_event(struct bufferevent *stream, short what, void *context)
{
    if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)) != 0) {
        flood_broke(context);
    }
}

static void
flood_connect(struct flood_connection *c)
{
    struct timeval patience = {ANSWER_MS / 1000, 0};

    c->state = FLOOD_GREETING;
    c->message = NULL;
    c->stream = bufferevent_socket_new(c->flood->base, -1, BEV_OPT_CLOSE_ON_FREE);
    SK_ASSERT(c->stream != NULL);
    c->flood->open++;
    bufferevent_setcb(c->stream, flood_readable, NULL, flood_event, c);
    if (c->flood->rate == 0) {
        bufferevent_set_timeouts(c->stream, &patience, &patience);
    }
    bufferevent_enable(c->stream, EV_READ | EV_WRITE);
    if (bufferevent_socket_connect(c->stream, (struct sockaddr *)&c->flood->to.socket,
                                   (int)c->flood->to.socket_size) < 0 &&
        c->stream != NULL) {
        flood_broke(c);
    }
}

static void
flood_tick(evutil_socket_t fd, short what, void *context)
{
    struct flood *f = context;
    int64_t now = clock_monotonic_ms();

    for (long i = 0; f->rate > 0 && i < f->connection_count; i++) {
        if (f->connections[i].state == FLOOD_IDLE) {
            flood_next(&f->connections[i]);
        }
    }
    if (!f->quiet && now - f->shown_ms >= PROGRESS_MS) {
        f->shown_ms = now;
        fprintf(stderr, "%s%zu of %zu sent, %.0f a second%s", isatty(2) ? "\r" : "",
                f->answered, f->most,
                (double)f->answered * 1000.0 / (double)(now - f->began_ms + 1),
                isatty(2) ? "  " : "\n");
    }
}

static int
order_latencies(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static double
percentile_ms(const struct flood *f, size_t count, double part)
{
    if (count == 0) {
        return 0;
    }
    return f->latencies_us[(size_t)((double)(count - 1) * part)] / 1000.0;
}

static void
flood_report(struct flood *f)
{
    double seconds = (double)(clock_monotonic_ms() - f->began_ms) / 1000.0;
    size_t measured = f->accepted + f->refused + f->later;

    qsort(f->latencies_us, measured, sizeof *f->latencies_us, order_latencies);
    if (!f->quiet && isatty(2)) {
        fputc('\n', stderr);
    }
    printf("messages %zu: accepted %llu, refused %llu, put off %llu, broken %llu\n",
           f->most, (unsigned long long)f->accepted, (unsigned long long)f->refused,
           (unsigned long long)f->later, (unsigned long long)f->broken);
    printf("%.2f s, %.1f messages/s, %.2f MiB/s\n", seconds, (double)measured / seconds,
           (double)f->bytes_sent / seconds / 1048576.0);
    printf("latency ms: p50 %.2f, p90 %.2f, p99 %.2f, max %.2f\n",
           percentile_ms(f, measured, .5), percentile_ms(f, measured, .9),
           percentile_ms(f, measured, .99), percentile_ms(f, measured, 1));
}

static const struct option_row rows[] = {
    {"to", "ADDRESS",
     "where to: 127.0.0.1:25, [::1]:25 or unix:PATH; loopback only (must be given)"},
    {"rcpt", "ADDRESS", "recipient of all messages (default user@rcpt.example)"},
    {"connections", "N", "connections at a time (default 4)"},
    {"messages", "M", "messages in all (default: each once)"},
    {"rate", "R", "begin at most R messages a second (default: as fast as it goes)"},
    {"kept", "K", "messages in one connection (default: all)"},
    {"as-received", NULL,
     "say by XCLIENT that each comes from the client its Received field names"},
    {"quiet", NULL, "no progress line"},
    {0},
};

static int
flood_run(struct flood *f)
{
    struct timeval often = {0, 20000};

    f->latencies_us = arena_take_many(&f->arena, f->most, sizeof *f->latencies_us);
    f->connections =
        arena_take_many(&f->arena, (size_t)f->connection_count, sizeof *f->connections);
    f->tick = event_new(f->base, -1, EV_PERSIST, flood_tick, f);
    event_add(f->tick, &often);
    f->began_ms = f->shown_ms = clock_monotonic_ms();
    for (long i = 0; i < f->connection_count; i++) {
        f->connections[i].flood = f;
        f->connections[i].state = FLOOD_ENDED;
    }
    for (long i = 0; i < f->connection_count && f->answered < f->most; i++) {
        flood_connect(&f->connections[i]);
    }
    if (f->answered < f->most) {
        event_base_dispatch(f->base);
    }
    flood_report(f);
    event_free(f->tick);
    return f->broken > 0 ? EXIT_UNAVAILABLE : EXIT_OK;
}

static int
flood_open(struct flood *f, struct options *o)
{
    struct why why;
    long messages;

    if (!options_has(o, "to") || o->rest_count == 0) {
        fprintf(stderr,
                "sekisho: flood: say where to (--to 127.0.0.1:PORT), and name mail: files, "
                "folders, mbox or archives\n");
        return EXIT_USAGE;
    }
    if (net_endpoint_read(bytes_from_text(options_value(o, "to")), &f->to, &why) != SK_OK) {
        fprintf(stderr, "sekisho: flood: %s\n", why.sentence);
        return EXIT_USAGE;
    }
    if (!f->to.loopback) {
        fprintf(
            stderr,
            "sekisho: flood: %s is not on this machine: only loopback addresses are ever "
            "flooded\n",
            options_value(o, "to"));
        return EXIT_USAGE;
    }
    if (!options_number(o, "connections", 1, 4, &f->connection_count) ||
        !options_number(o, "messages", 1, 0, &messages) ||
        !options_number(o, "rate", 1, 0, &f->rate) ||
        !options_number(o, "kept", 1, 0, &f->kept)) {
        return EXIT_USAGE;
    }
    f->recipient = BYTES("user@rcpt.example");
    if (options_has(o, "rcpt")) {
        f->recipient = bytes_from_text(options_value(o, "rcpt"));
    }
    f->as_received = options_has(o, "as-received");
    f->quiet = options_has(o, "quiet");
    if (f->as_received) {
        f->kept = 1; /* each client its own connection, as it was */
    }
    if (flood_read(f, o->rest, o->rest_count, &why) != SK_OK) {
        fprintf(stderr, "sekisho: flood: %s\n", why.sentence);
        return EXIT_NO_INPUT;
    }
    f->most = messages > 0 ? (size_t)messages : f->message_count;
    if (f->message_count == 0) {
        fprintf(stderr, "sekisho: flood: no mail was found there\n");
        return EXIT_NO_INPUT;
    }
    f->base = loop_open(&why);
    return f->base != NULL ? EXIT_OK : EXIT_SYSTEM;
}

int
flood_command(int count, char **arguments)
{
    struct flood flood = {0};
    struct options o;

    if (!options_read(&o, "flood --to ADDRESS [OPTION...] PATH...",
                      "Sends mail from files, folders, mbox or archives to a server on "
                      "this machine, and "
                      "measures.",
                      rows, count, arguments)) {
        return o.status;
    }
    arena_init(&flood.arena, (size_t)4 << 30);
    int status = flood_open(&flood, &o);
    if (status == EXIT_OK) {
        status = flood_run(&flood);
    }
    if (flood.base != NULL) {
        event_base_free(flood.base);
    }
    arena_release(&flood.arena);
    return status;
}
