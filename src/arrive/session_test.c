/* The SMTP session, with a scripted client, a fake road and a fake next hop in one loop. */
#include <netinet/in.h>
#include <unistd.h>

#include "arrive/doors_private.h"
#include "base/bundle.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "net/key_ring.h"
#include "net/line.h"
#include "net/stream.h"
#include "net/tls_remote.h"

#define WAIT_MS 5000

static struct event_base *base;
static struct arena arena;

/* The loop, until something is true. */
static bool
turn_until(bool (*is)(void *), void *it, int64_t wait_ms)
{
    int64_t end = clock_monotonic_ms() + wait_ms;

    while (!is(it)) {
        if (clock_monotonic_ms() > end) {
            return false;
        }
        struct timeval moment = {0, 20000};
        event_base_loopexit(base, &moment);
        event_base_loop(base, EVLOOP_ONCE);
    }
    return true;
}

static bool
never(void *it)
{
    return false;
}

static void
turn(int64_t ms)
{
    (void)turn_until(never, NULL, ms);
}

/* The fake next hop */

static struct {
    struct net_endpoint endpoint;
    struct listener listener;
    bool lmtp, pipelining, die_at_data, die_at_dot, die_at_mail, silent_at_dot, refuse_dot,
        later_dot, no_utf8, xclient, dsn;
    const struct tls_context *tls;
    struct writer log;      /* every command, each with LF */
    struct writer messages; /* every message, ended with "<END>" */
    size_t message_count, connection_count;
} hop;

struct hop_session {
    struct stream *stream;
    struct line_reader lines;
    struct data_scanner scanner;
    bool data;
    size_t rcpt_count;
    bool rcpt_slow[2000];
};

static void
hop_say(struct hop_session *s, const char *text)
{
    stream_send(s->stream, bytes_from_text(text));
}

static void
hop_dot(struct hop_session *s)
{
    s->data = false;
    writer_text(&hop.messages, "<END>");
    hop.message_count++;
    if (hop.die_at_dot) {
        stream_close(s->stream);
        return;
    }
    if (hop.silent_at_dot) {
        return;
    }
    const char *single = hop.refuse_dot  ? "554 5.6.0 no such content\r\n"
                         : hop.later_dot ? "451 4.2.0 later\r\n"
                                         : "250 2.0.0 queued as X1\r\n";
    for (size_t i = 0; i < (hop.lmtp ? s->rcpt_count : 1); i++) {
        hop_say(s, hop.lmtp && s->rcpt_slow[i] ? "452 4.2.2 full\r\n" : single);
    }
}

static void
hop_command(struct hop_session *s, struct bytes line)
{
    writer_bytes(&hop.log, line);
    writer_byte(&hop.log, '\n');
    if (bytes_starts(line, BYTES("EHLO")) || bytes_starts(line, BYTES("LHLO"))) {
        hop_say(s, "250-hop\r\n");
        hop_say(s, hop.pipelining ? "250-PIPELINING\r\n" : "");
        hop_say(s, hop.no_utf8 ? "" : "250-SMTPUTF8\r\n");
        hop_say(s, hop.xclient ? "250-XCLIENT NAME ADDR\r\n" : "");
        hop_say(s, hop.dsn ? "250-DSN\r\n" : "");
        hop_say(s, hop.tls != NULL && !stream_is_tls(s->stream) ? "250-STARTTLS\r\n" : "");
        hop_say(s, "250-8BITMIME\r\n250 SIZE 1000000000\r\n");
    } else if (bytes_is(line, "STARTTLS")) {
        hop_say(s, "220 2.0.0 go\r\n");
        stream_start_tls(s->stream, hop.tls, BYTES_NONE);
    } else if (bytes_starts(line, BYTES("XCLIENT"))) {
        hop_say(s, "220 hop again\r\n");
    } else if (bytes_starts(line, BYTES("MAIL"))) {
        s->rcpt_count = 0;
        if (hop.die_at_mail) {
            stream_close(s->stream);
            return;
        }
        hop_say(s, bytes_find(line, BYTES("<refused@"), 0) != BYTES_NOWHERE
                       ? "550 5.1.8 bad sender\r\n"
                       : "250 2.1.0 ok\r\n");
    } else if (bytes_starts(line, BYTES("RCPT"))) {
        if (bytes_find(line, BYTES("<unknown"), 0) != BYTES_NOWHERE) {
            hop_say(s, "550-5.1.1 no such\r\n550 5.1.1 user \x01here\r\n");
        } else {
            s->rcpt_slow[s->rcpt_count++] =
                bytes_find(line, BYTES("<full"), 0) != BYTES_NOWHERE;
            hop_say(s, "250 2.1.5 ok\r\n");
        }
    } else if (bytes_is(line, "DATA")) {
        if (hop.die_at_data) {
            stream_close(s->stream);
            return;
        }
        s->data = true;
        data_scanner_init(&s->scanner);
        hop_say(s, "354 go\r\n");
    } else {
        hop_say(s, "250 2.0.0 ok\r\n");
    }
}

static void
hop_input(void *context)
{
    struct hop_session *s = context;
    struct bytes line, piece;
    size_t used;

    while (stream_is_open(s->stream)) {
        struct bytes input = stream_input(s->stream);
        if (s->data) {
            if (input.size == 0) {
                return;
            }
            enum sk_code code = data_scan(&s->scanner, input, &used, &piece);
            writer_bytes(&hop.messages, piece);
            stream_consume(s->stream, used);
            if (code == SK_OK) {
                hop_dot(s);
            }
            continue;
        }
        if (line_read(&s->lines, input, 100000, &line, &used) != SK_OK) {
            return;
        }
        struct bytes copy = bytes_copy(&arena, line);
        stream_consume(s->stream, used);
        hop_command(s, copy);
    }
}

static void
hop_closed(void *context, enum stream_end end)
{
    struct hop_session *s = context;
    stream_close(s->stream);
}

static void
nothing(void *context)
{
}

static const struct stream_callbacks hop_callbacks = {nothing, hop_input, NULL, hop_closed};

static void
hop_accepted(void *context, int fd, const struct net_address *client)
{
    struct hop_session *s = ARENA_NEW(&arena, struct hop_session);

    hop.connection_count++;
    s->stream = stream_open(&arena, base, fd, &hop_callbacks, s);
    hop_say(s, "220 hop\r\n");
}

/* The fake road */

static struct {
    struct loop_task task;
    enum { ROAD_IDLE, ROAD_EXAMINE, ROAD_OUTCOME, ROAD_DELIVER } step;
    struct arena *arena;
    const struct arrival *arrival;
    void (*examined)(void *, enum sk_code, const struct answer *);
    void (*kept)(void *, enum sk_code);
    void (*delivered)(void *, enum sk_code, const enum sk_code *);
    void *context;
    /* what it is to do */
    enum answer_action actions[8];
    unsigned groups[8];
    enum sk_code examine_code, keep_code, deliver_code;
    bool remove_bad;
    int64_t delay_ms;
    /* what it saw */
    size_t examined_count, kept_count, refused_count;
    struct writer seen; /* raw of each arrival, ended with "<END>" */
    enum outcome_kind outcomes[8];
    struct bytes replies[8];
    struct arrival last;
    struct bytes recipients[8];
    struct bytes delivered_bytes;
} road;

static void
road_goes_on(void *context)
{
    int step = road.step;

    road.step = ROAD_IDLE;
    if (step == ROAD_OUTCOME) {
        road.kept(road.context, road.keep_code);
        return;
    }
    if (step == ROAD_DELIVER) {
        road.delivered(road.context, road.deliver_code, NULL);
        return;
    }
    struct answer *answer = ARENA_NEW(road.arena, struct answer);
    answer->recipient_count = road.arrival->recipient_count;
    answer->recipients =
        ARENA_NEW_MANY(road.arena, answer->recipient_count, struct answer_recipient);
    for (size_t i = 0; i < answer->recipient_count; i++) {
        struct answer_recipient *r = &answer->recipients[i];
        struct answer_edit *edits = ARENA_NEW_MANY(road.arena, 2, struct answer_edit);
        struct writer w;
        r->action = road.actions[i % 8];
        r->group = road.groups[i % 8];
        r->reply = r->action == ANSWER_REFUSE ? BYTES("550 5.7.1 not\r\n250 wanted")
                                              : BYTES("451 4.7.1 come again");
        writer_init(&w, road.arena);
        writer_format(&w, "X-Group: %u\r\n", r->group);
        edits[r->edit_count++].add = writer_view(&w);
        size_t bad = bytes_find(road.arrival->raw, BYTES("X-Bad: "), 0);
        if (road.remove_bad && bad != BYTES_NOWHERE) {
            size_t end = bytes_find(road.arrival->raw, BYTES("\r\n"), bad);
            edits[r->edit_count++].remove = bytes_slice(road.arrival->raw, bad, end + 2);
        }
        r->edits = edits;
    }
    answer->words = BYTES("accepted\r\nas seen");
    road.examined(road.context, road.examine_code, answer);
}

static void
road_soon(void)
{
    if (road.delay_ms > 0) {
        loop_task_after(&road.task, road.delay_ms);
    } else {
        loop_task_soon(&road.task);
    }
}

static void
road_examine(void *it, struct arena *a, const struct arrival *arrival,
             void (*done)(void *, enum sk_code, const struct answer *), void *context)
{
    road.step = ROAD_EXAMINE;
    road.arena = a;
    road.arrival = arrival;
    road.examined = done;
    road.context = context;
    road.examined_count++;
    writer_bytes(&road.seen, arrival->raw);
    writer_text(&road.seen, "<END>");
    road.last = *arrival;
    road.last.mail_from = bytes_copy(&arena, arrival->mail_from);
    road.last.helo = bytes_copy(&arena, arrival->helo);
    road.last.client_name = bytes_copy(&arena, arrival->client_name);
    road.last.user = bytes_copy(&arena, arrival->user);
    road.last.id = bytes_copy(&arena, arrival->id);
    for (size_t i = 0; i < arrival->recipient_count && i < 8; i++) {
        road.recipients[i] = bytes_copy(&arena, arrival->recipients[i].address);
    }
    road_soon();
}

static void
road_outcome(void *it, struct arena *a, const struct arrival *arrival,
             const struct outcome *outcomes, void (*done)(void *, enum sk_code),
             void *context)
{
    road.step = ROAD_OUTCOME;
    road.kept = done;
    road.context = context;
    road.kept_count++;
    for (size_t i = 0; i < arrival->recipient_count && i < 8; i++) {
        road.outcomes[i] = outcomes[i].kind;
        road.replies[i] = bytes_copy(&arena, outcomes[i].reply);
    }
    loop_task_soon(&road.task);
}

static void
road_deliver(void *it, struct arena *a, const struct arrival *arrival,
             const size_t *recipients, size_t recipient_count, const struct bytes *pieces,
             size_t piece_count, void (*done)(void *, enum sk_code, const enum sk_code *),
             void *context)
{
    struct writer w;

    writer_init(&w, &arena);
    for (size_t i = 0; i < piece_count; i++) {
        writer_bytes(&w, pieces[i]);
    }
    road.delivered_bytes = writer_view(&w);
    road.step = ROAD_DELIVER;
    road.delivered = done;
    road.context = context;
    loop_task_soon(&road.task);
}

static void
road_refused(void *it, const struct net_address *client, struct bytes from, struct bytes to,
             struct bytes reply)
{
    road.refused_count++;
}

static const struct arrival_road fake_road = {.examine = road_examine,
                                              .outcome = road_outcome,
                                              .deliver = road_deliver,
                                              .refused = road_refused};

/* The client */

struct client {
    struct stream *stream;
    struct writer heard;
    size_t at; /* what was compared already */
    bool closed, opened;
};

static void
client_opened(void *context)
{
    ((struct client *)context)->opened = true;
}

static void
client_input(void *context)
{
    struct client *c = context;
    struct bytes input = stream_input(c->stream);

    writer_bytes(&c->heard, input);
    stream_consume(c->stream, input.size);
}

static void
client_closed(void *context, enum stream_end end)
{
    ((struct client *)context)->closed = true;
}

static const struct stream_callbacks client_callbacks = {client_opened, client_input, NULL,
                                                         client_closed};

static struct arrive_settings settings;
static struct doors *doors;
static struct net_endpoint door;

static void
say(struct client *c, const char *text)
{
    stream_send(c->stream, bytes_from_text(text));
}

static bool
heard_reply(void *it)
{
    struct client *c = it;
    struct bytes rest = bytes_from(writer_view(&c->heard), c->at), line;

    while (bytes_find(rest, BYTES("\r\n"), 0) != BYTES_NOWHERE &&
           bytes_line(&rest, &line)) {
        if (line.size >= 3 && (line.size == 3 || line.at[3] == ' ')) {
            return true;
        }
    }
    return c->closed;
}

/* The next reply (its last line), "" when the connection ended instead. */
static struct bytes
hear(struct client *c)
{
    struct bytes line = BYTES_NONE;

    (void)turn_until(heard_reply, c, WAIT_MS);
    struct bytes rest = bytes_from(writer_view(&c->heard), c->at);
    while (bytes_find(rest, BYTES("\r\n"), 0) != BYTES_NOWHERE &&
           bytes_line(&rest, &line)) {
        c->at = c->heard.size - rest.size;
        if (line.size >= 3 && (line.size == 3 || line.at[3] == ' ')) {
            return line;
        }
    }
    return BYTES_NONE;
}

/* Says text and tells whether the next replies begin as wanted, e.g. "250 354". */
static bool
expect(struct client *c, const char *text, const char *wanted, const char *name)
{
    struct bytes list = bytes_from_text(wanted), want;
    bool well = true;

    say(c, text);
    while (well && bytes_split(&list, '|', &want)) {
        struct bytes reply = hear(c);
        well = bytes_starts(reply, want);
        if (!well) {
            printf("# wanted \"%.*s\", heard \"%.*s\"\n", BYTES_ARGUMENTS(want),
                   BYTES_ARGUMENTS(reply));
        }
    }
    return tap_ok(well, "%s", name);
}

static struct client *
client_new(void)
{
    struct client *c = ARENA_NEW(&arena, struct client);

    writer_init(&c->heard, &arena);
    SK_ASSERT(stream_connect(&arena, base, &door, &client_callbacks, c, &c->stream, NULL) ==
              SK_OK);
    return c;
}

static bool
is_closed(void *it)
{
    return ((struct client *)it)->closed;
}

static void
client_end(struct client *c)
{
    stream_close(c->stream);
    turn(30);
}

static void
listen_somewhere(struct net_endpoint *endpoint, int *fd_r)
{
    SK_ASSERT(net_endpoint_read(BYTES("127.0.0.1:0"), endpoint, NULL) == SK_OK);
    SK_ASSERT(net_listen(endpoint, fd_r, NULL) == SK_OK);
    SK_ASSERT(getsockname(*fd_r, (void *)&endpoint->socket, &endpoint->socket_size) == 0);
}

/* A fresh world: default settings, an obedient next hop, a road that accepts. */
static void
world_begin(void)
{
    static int door_fd = -1, hop_fd = -1;
    struct listener listener = hop.listener;
    struct net_endpoint endpoint = hop.endpoint;

    if (door_fd < 0) {
        listen_somewhere(&door, &door_fd);
        listen_somewhere(&hop.endpoint, &hop_fd);
        listener_open(&hop.listener, base, hop_fd, hop_accepted, NULL);
    } else {
        doors_close(doors);
        turn(5);
        memset(&hop, 0, sizeof hop);
        hop.listener = listener;
        hop.endpoint = endpoint;
        loop_task_cancel(&road.task);
        memset(&road, 0, sizeof road);
    }
    hop.pipelining = true;
    writer_init(&hop.log, &arena);
    writer_init(&hop.messages, &arena);
    writer_init(&road.seen, &arena);
    loop_task_init(&road.task, base, road_goes_on, NULL);
    settings = (struct arrive_settings){.hostname = BYTES("mx.example.jp"),
                                        .next_hop = {.kind = NEXT_HOP_SMTP,
                                                     .endpoint = hop.endpoint,
                                                     .hostname = BYTES("mx.example.jp"),
                                                     .greeting_ms = 2000,
                                                     .mail_ms = 2000,
                                                     .rcpt_ms = 2000,
                                                     .data_ms = 2000,
                                                     .block_ms = 2000,
                                                     .dot_ms = 2000},
                                        .message_size = 1000000,
                                        .command_ms = 3000,
                                        .data_ms = 3000,
                                        .connections = 100,
                                        .client_connections = 100};
    struct doors_socket socket = {DOORS_TRANSFER, door_fd};
    SK_ASSERT(doors_open(&arena, base, &settings, &socket, 1, &fake_road, &doors, NULL) ==
              SK_OK);
}

static bool
has(const struct writer *w, const char *text)
{
    return bytes_find(writer_view(w), bytes_from_text(text), 0) != BYTES_NOWHERE;
}

#define ENVELOPE "MAIL FROM:<a@example.com>\r\nRCPT TO:<user@example.jp>\r\nDATA\r\n"
#define MESSAGE  "Subject: hello\r\nX-Bad: gone\r\n\r\nwords\r\n..stuffed\r\n.\r\n"

static void
test_simple(void)
{
    world_begin();
    struct client *c = client_new();
    expect(c, "", "220 mx.example.jp", "greeting");
    expect(c, "RCPT TO:<a@b.example>\r\n", "503 5.5.1", "EHLO is wanted first");
    expect(c, "EHLO me.example\r\n", "250 ENHANCED", "EHLO");
    expect(c, "DATA\r\n", "503", "DATA without MAIL");
    expect(c, "MAIL FROM:<a@example.com>\r\n", "250 2.1.0",
           "MAIL is answered by the next hop");
    expect(c, "MAIL FROM:<a@example.com>\r\n", "503 5.5.1", "nested MAIL");
    expect(c, "RCPT TO:<unknown@example.jp>\r\n", "550 5.1.1 no such",
           "the next hop's refusal is relayed");
    tap_ok(bytes_find_byte(writer_view(&c->heard), 1, 0) == BYTES_NOWHERE,
           "without its control bytes");
    tap_ok(road.refused_count == 1, "and told to the road");
    expect(c, "DATA\r\n", "554 5.5.1", "DATA without recipients");
    expect(c, "RCPT TO:<user@example.jp>\r\n", "250 2.1.5", "RCPT");
    expect(c, "DATA\r\n", "354", "DATA");
    road.remove_bad = true;
    expect(c, MESSAGE, "250 2.0.0 accepted??as seen",
           "the message is accepted, with clean words");
    tap_ok(
        has(&road.seen, "Subject: hello\r\nX-Bad: gone\r\n\r\nwords\r\n.stuffed\r\n<END>"),
        "the road saw it as it came");
    tap_ok(bytes_starts(writer_view(&hop.messages),
                        BYTES("Received: from me.example (unknown [127.0.0.1])\r\n\tby "
                              "mx.example.jp with ESMTP id ")),
           "our Received is on top");
    tap_ok(has(&hop.messages, "\r\n\tfor <user@example.jp>;\r\n\t"),
           "with the one recipient");
    tap_ok(has(&hop.messages,
               "X-Group: 0\r\nSubject: hello\r\n\r\nwords\r\n.stuffed\r\n<END>"),
           "the edits are made");
    tap_ok(road.outcomes[0] == OUTCOME_DELIVERED &&
               bytes_starts(road.replies[0], BYTES("250 2.0.0 queued as X1")),
           "the outcome is the next hop's answer");
    expect(c, "NOOP\r\nVRFY x\r\nHELP\r\nRSET\r\n", "250|252|214|250", "small verbs");
    expect(c, ENVELOPE MESSAGE ENVELOPE MESSAGE "QUIT\r\n",
           "250|250|354|250|250|250|354|250|221",
           "everything in one packet, data included");
    tap_ok(turn_until(is_closed, c, WAIT_MS), "QUIT closes");
    tap_ok(hop.message_count == 3 && hop.connection_count == 1,
           "three messages over one session with the next hop");
    client_end(c);
    tap_ok(doors_counters(doors)->sessions == 0 && doors_counters(doors)->held_bytes == 0,
           "nothing is left");
}

/* A client that has said EHLO. */
static struct client *
greeted(void)
{
    struct client *c = client_new();

    say(c, "EHLO me.example\r\n");
    (void)hear(c);
    (void)hear(c);
    return c;
}

static void
test_smuggling(void)
{
    static const struct {
        const char *end, *name;
    } rows[] = {
        {"\n.\n", "LF . LF"},
        {"\n.\r\n", "LF . CR LF"},
        {"\r.\r", "CR . CR"},
        {"\r\n.\n", "CR LF . LF"},
        {"\r\n.\r", "CR LF . CR"},
        {"\r.\r\n", "CR . CR LF"},
        {"\r\n\n.\r\n", "CR LF LF . CR LF"},
        {"\r\n.\r\r\n", "CR LF . CR CR LF"},
        {"\n\n.\r\n", "LF LF . CR LF"},
    };
    char text[400];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world_begin();
        struct client *c = greeted();
        say(c, ENVELOPE "Subject: one\r\n\r\nfirst");
        snprintf(text, sizeof text,
                 "%sMAIL FROM:<evil@example.com>\r\nRCPT "
                 "TO:<user@example.jp>\r\nDATA\r\nSubject: two\r\n\r\nx\r\n.\r\n",
                 rows[i].end);
        say(c, text);
        (void)hear(c), (void)hear(c), (void)hear(c);
        struct bytes reply = hear(c);
        tap_ok(bytes_starts(reply, BYTES("550 5.6.11")), "smuggling by %s: refused",
               rows[i].name);
        turn(30);
        tap_ok(c->heard.size == c->at && hop.message_count == 0 &&
                   road.examined_count == 0 && !has(&hop.log, "evil"),
               "smuggling by %s: one message, and it went nowhere", rows[i].name);
        expect(c, ENVELOPE MESSAGE, "250|250|354|250", "the session goes on");
        client_end(c);
    }
    world_begin();
    settings.bare_newline = BARE_NEWLINE_REPAIR;
    struct client *c = greeted();
    expect(c, ENVELOPE "Subject: x\n\na\r.b\n.\nMAIL FROM:<x@y.z>\r\n.\r\n",
           "250|250|354|250", "repaired when so configured");
    tap_ok(has(&hop.messages,
               "Subject: x\r\n\r\na\r\n.b\r\n.\r\nMAIL FROM:<x@y.z>\r\n<END>") &&
               hop.message_count == 1,
           "and what goes on has CR LF and stuffed dots only");
    client_end(c);
    world_begin();
    c = greeted();
    expect(c, "NOOP\n", "500 5.5.2", "a command with a bare LF");
    expect(c, "NO\rOP\r\nNOOP\r\n", "500 5.5.2|250", "a command with a bare CR");
    tap_ok(doors_counters(doors)->bare_newlines == 2, "are counted");
    client_end(c);
}

/* The same conversation, byte by byte. */
static void
test_pieces(void)
{
    const char *all = "EHLO x\r\n" ENVELOPE MESSAGE "QUIT\r\n";

    world_begin();
    struct client *c = client_new();
    for (const char *p = all; *p != '\0'; p++) {
        char one[2] = {*p, '\0'};
        say(c, one);
        turn(1);
    }
    expect(c, "", "220|250|250|250|354|250|221", "one byte at a time");
    tap_ok(has(&hop.messages, "words\r\n.stuffed\r\n<END>"), "with the same message");
    client_end(c);
}

static void
test_pipelining(void)
{
    world_begin();
    hop.pipelining = false;
    struct client *c = greeted();
    expect(c,
           "MAIL FROM:<a@example.com>\r\nRCPT TO:<unknown1@example.jp>\r\nRCPT "
           "TO:<u2@example.jp>\r\nRCPT TO:bad\r\nRCPT TO:<unknown2@x.jp>\r\nDATA\r\n",
           "250|550|250|501|550|354",
           "answers keep the order of the commands, also behind a hop without PIPELINING");
    expect(c, MESSAGE, "250", "and the message goes to the one");
    tap_ok(has(&hop.messages, "for <u2@example.jp>"), "who was accepted");
    expect(c,
           "MAIL FROM:<refused@example.com>\r\nRCPT TO:<u@example.jp>\r\nDATA\r\nNOOP\r\n",
           "550 5.1.8|250|503|250", "a group whose MAIL is refused");
    expect(c,
           "MAIL FROM:<a@example.com>\r\nRCPT TO:<unknown@example.jp>\r\nDATA\r\nSubject: "
           "not data\r\n.\r\nRSET\r\n",
           "250|550|554|500|500|250", "no data without 354");
    tap_ok(hop.message_count == 1, "and no message");
    client_end(c);
}

static void
test_arguments(void)
{
    world_begin();
    struct client *c = greeted();
    settings.domains = (struct bytes[]){BYTES("example.jp")};
    settings.domain_count = 1;
    expect(c, "MAIL FROM:a@b.example\r\n", "501 5.1.7", "MAIL without brackets");
    expect(c, "MAIL FROM:<a@b.example> SIZE=1000001\r\n", "552 5.3.4",
           "SIZE past the bound");
    expect(c, "MAIL FROM:<a@b.example> FOO=1\r\n", "555", "unknown parameter");
    expect(c, "MAIL FROM:<a@b.example> BODY=BINARYMIME\r\n", "555", "BODY=BINARYMIME");
    expect(c, "MAIL FROM:<\xc3\xa9@b.example>\r\n", "553 5.6.7", "UTF-8 without SMTPUTF8");
    expect(c, "BDAT 10 LAST\r\n", "500", "BDAT is not offered");
    expect(c, "MAIL FROM:<> SIZE=1000000 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+2Bb\r\n",
           "250", "all parameters, SIZE at the bound");
    expect(c, "RCPT TO:<\"a b\"@example.jp> NOTIFY=NEVER ORCPT=rfc822;x@y\r\n", "250",
           "quoted local part, NOTIFY, ORCPT");
    expect(c, "RCPT TO:<a@other.example>\r\n", "550 5.7.1", "a domain that is not ours");
    expect(c, "RCPT TO:<postmaster>\r\n", "250", "postmaster without domain");
    expect(c, "RCPT TO:<@r.example:u@EXAMPLE.jp>\r\n", "250", "a source route is dropped");
    expect(c, "RSET x\r\nRSET\r\n", "501|250", "RSET");
    tap_ok(has(&hop.log, "MAIL FROM:<> SIZE=1000000 BODY=8BITMIME SMTPUTF8\nRCPT TO:<\"a "
                         "b\"@example.jp>\n"),
           "DSN is not passed on where it is not offered");
    client_end(c);
    world_begin();
    hop.dsn = true;
    c = greeted();
    expect(c,
           "MAIL FROM:<a@b.example> RET=FULL ENVID=x\r\nRCPT TO:<u@example.jp> "
           "NOTIFY=NEVER\r\n",
           "250|250", "DSN");
    tap_ok(has(&hop.log, "MAIL FROM:<a@b.example> RET=FULL ENVID=x\nRCPT TO:<u@example.jp> "
                         "NOTIFY=NEVER\n"),
           "is passed on where it is");
    client_end(c);
    world_begin();
    hop.no_utf8 = true;
    c = greeted();
    expect(c, "MAIL FROM:<\xc3\xa9@b.example> SMTPUTF8\r\n", "553 5.6.7",
           "a next hop without SMTPUTF8");
    expect(c, ENVELOPE MESSAGE, "250|250|354|250", "and plain mail after it");
    client_end(c);
}

static void
test_limits(void)
{
    struct writer w;

    world_begin();
    struct client *c = greeted();
    for (size_t over = 0; over < 2; over++) {
        writer_init(&w, &arena);
        writer_text(&w, "NOOP ");
        while (w.size < LIMIT_SMTP_LINE - 2 + over) {
            writer_byte(&w, 'x');
        }
        writer_text(&w, "\r\n");
        expect(c, writer_c(&w), over ? "500 5.5.2" : "250",
               over ? "a line past the bound" : "a line at the bound");
    }
    writer_init(&w, &arena);
    writer_text(&w, "MAIL FROM:<a@b.example>\r\n");
    for (int i = 0; i < LIMIT_SMTP_RECIPIENTS + 1; i++) {
        writer_format(&w, "RCPT TO:<u%d@example.jp>\r\n", i);
    }
    say(c, writer_c(&w));
    int well = 0;
    for (int i = 0; i < LIMIT_SMTP_RECIPIENTS + 1; i++) {
        well += bytes_starts(hear(c), BYTES("250"));
    }
    tap_ok(well == LIMIT_SMTP_RECIPIENTS + 1 && bytes_starts(hear(c), BYTES("452 4.5.3")),
           "recipients at the bound and past it");
    expect(c, "DATA\r\n", "354", "DATA for a thousand");
    expect(c, MESSAGE, "250", "and accepted");
    client_end(c);
    world_begin();
    settings.message_size = 70000;
    for (size_t over = 0; over < 2; over++) {
        c = greeted();
        writer_init(&w, &arena);
        writer_text(&w, ENVELOPE);
        size_t from = w.size;
        while (w.size - from < 70000 - 2 + over) {
            writer_byte(&w, 'x');
        }
        writer_text(&w, "\r\n.\r\n");
        expect(c, writer_c(&w), over ? "250|250|354|552 5.3.4" : "250|250|354|250",
               over ? "a message past the bound" : "a message at the bound");
        client_end(c);
    }
    world_begin();
    for (size_t over = 0; over < 2; over++) {
        c = greeted();
        writer_init(&w, &arena);
        writer_text(&w, ENVELOPE);
        for (size_t i = 0; i < LIMIT_RECEIVED_HOPS + over; i++) {
            writer_text(&w, "Received: from a by b; date\r\n\tfolded\r\n");
        }
        writer_text(&w, "\r\nReceived: in the body\r\n.\r\n");
        expect(c, writer_c(&w), over ? "250|250|354|554 5.4.6" : "250|250|354|250",
               over ? "hops past the bound" : "hops at the bound");
        client_end(c);
    }
    world_begin();
    c = greeted();
    for (int i = 0; i < LIMIT_SMTP_BAD_COMMANDS; i++) {
        say(c, "WHAT\r\n");
        (void)hear(c);
    }
    expect(c, "WHAT\r\n", "421 4.7.0", "one bad command too many");
    tap_ok(turn_until(is_closed, c, WAIT_MS), "closes");
    client_end(c);
    world_begin();
    settings.next_hop.kind = NEXT_HOP_MAILDIR;
    c = greeted();
    for (int i = 0; i < LIMIT_SMTP_MESSAGES; i++) {
        say(c, "MAIL FROM:<a@b.example>\r\nRSET\r\n");
    }
    well = 0;
    while (well < 2 * LIMIT_SMTP_MESSAGES && bytes_starts(hear(c), BYTES("250"))) {
        well++;
    }
    tap_ok(well == 2 * LIMIT_SMTP_MESSAGES, "messages at the bound");
    expect(c, "MAIL FROM:<a@b.example>\r\n", "421 4.7.0", "and past it");
    client_end(c);
}

/* Memory, patience and connections. */
static void
test_limits_held(void)
{
    world_begin();
    struct client *c = greeted();
    struct arena *own = &doors->sessions->arena;
    jmp_buf full;
    volatile bool fits = false;
    if (setjmp(full) == 0) {
        arena_guard(own, &full);
        (void)arena_take_bytes(own, LIMIT_CONNECTION_MEMORY - own->used - 8);
        fits = own->used <= LIMIT_CONNECTION_MEMORY;
        (void)arena_take_bytes(own, ARENA_BLOCK_SIZE);
        tap_ok(false, "a connection's own memory past the bound");
    } else {
        tap_ok(fits, "a connection's own memory at the bound, and no more past it");
    }
    client_end(c);
    world_begin();
    settings.command_ms = 150;
    c = greeted();
    expect(c, "", "421 4.4.2", "a client that says nothing");
    client_end(c);
    world_begin();
    c = greeted();
    doors->counters.held_bytes = LIMIT_HELD_BYTES - 1;
    expect(c, ENVELOPE MESSAGE, "250|250|354|452 4.3.1",
           "memory of all messages at the bound");
    doors->counters.held_bytes = LIMIT_HELD_BYTES;
    expect(c, "MAIL FROM:<a@b.example>\r\n", "452 4.3.1", "and past it");
    doors->counters.held_bytes = 0;
    expect(c, ENVELOPE MESSAGE, "250|250|354|250", "and free again");
    client_end(c);
    world_begin();
    settings.connections = 1;
    c = greeted();
    struct client *d = client_new();
    expect(d, "", "421 4.3.2", "connections past the bound");
    client_end(d);
    client_end(c);
    world_begin();
    c = client_new();
    expect(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "220|421", "HTTP is not listened to");
    client_end(c);
}

static void
test_early(void)
{
    world_begin();
    settings.greeting_wait_ms = 100;
    struct client *c = client_new();
    expect(c, "EHLO x\r\n", "554 5.5.1", "an early talker is refused");
    tap_ok(turn_until(is_closed, c, WAIT_MS) && doors_counters(doors)->early_talkers == 1,
           "closed and counted");
    client_end(c);
    c = client_new();
    expect(c, "", "220", "one who waits is greeted");
    client_end(c);
}

static void
test_xclient(void)
{
    static struct net_prefix trusted;

    world_begin();
    struct client *c = greeted();
    expect(c, "XCLIENT ADDR=192.0.2.1\r\n", "550 5.7.0",
           "XCLIENT from anywhere is refused");
    client_end(c);
    SK_ASSERT(net_prefix_read(BYTES("127.0.0.0/8"), &trusted));
    settings.trusted = &trusted;
    settings.trusted_count = 1;
    settings.next_hop.xclient = hop.xclient = true;
    c = greeted();
    tap_ok(has(&c->heard, "250-XCLIENT "), "a trusted front is offered it");
    expect(c,
           "XCLIENT ADDR=192.0.2.1 NAME=mail+2Dx.example.com HELO=+5Bx PORT=77 "
           "LOGIN=bob+40x PROTO=ESMTP\r\n",
           "220", "a new greeting");
    expect(c, "MAIL FROM:<a@b.example>\r\n", "503", "the session begins anew");
    expect(c, "EHLO real.example\r\n" ENVELOPE MESSAGE, "250|250|250|354|250",
           "a message for the named client");
    struct writer w;
    writer_init(&w, &arena);
    net_address_write(&w, &road.last.client);
    tap_ok(bytes_is(writer_view(&w), "192.0.2.1") &&
               bytes_is(road.last.client_name, "mail-x.example.com") &&
               bytes_is(road.last.user, "bob@x") &&
               bytes_is(road.last.helo, "real.example") && road.last.client.port == 77,
           "the arrival names him");
    tap_ok(has(&hop.messages, "from real.example (mail-x.example.com [192.0.2.1])"),
           "so does Received");
    tap_ok(has(&hop.log, "XCLIENT NAME=mail-x.example.com ADDR=192.0.2.1 PROTO=ESMTP "
                         "HELO=real.example LOGIN=bob@x\n"),
           "and the next hop is told");
    expect(c, "XCLIENT ADDR=300.0.2.1\r\n", "501", "a bad address");
    expect(c, "XCLIENT NAME=a+0D+0Ab\r\n", "501", "control bytes");
    expect(c, "XCLIENT ADDR=IPV6:2001:db8::1 NAME=[UNAVAILABLE]\r\n", "220", "IPv6");
    expect(c, "EHLO six\r\n" ENVELOPE MESSAGE, "250|250|250|354|250", "a message over it");
    tap_ok(has(&hop.messages, "from six (unknown [IPv6:2001:db8::1])"),
           "Received names it");
    client_end(c);
}

static void
test_next_hop(void)
{
    world_begin();
    struct net_endpoint nowhere = hop.endpoint;
    ((struct sockaddr_in *)&nowhere.socket)->sin_port = htons(1);
    settings.next_hop.endpoint = nowhere;
    struct client *c = greeted();
    expect(c, "MAIL FROM:<a@b.example>\r\n", "451 4.4.1", "a next hop that is down");
    settings.next_hop.endpoint = hop.endpoint;
    expect(c, ENVELOPE MESSAGE, "250|250|354|250", "and up again");
    hop.die_at_mail = true;
    expect(c, "MAIL FROM:<a@b.example>\r\nRCPT TO:<u@example.jp>\r\n",
           "451 4.4.1|451 4.4.1", "it dies at MAIL");
    hop.die_at_mail = false;
    hop.die_at_data = true;
    expect(c, ENVELOPE MESSAGE, "250|250|354|451 4.4.1", "it dies at DATA");
    hop.die_at_data = false;
    hop.die_at_dot = true;
    expect(c, ENVELOPE MESSAGE, "250|250|354|451 4.4.2", "it dies before its answer");
    tap_ok(road.outcomes[0] == OUTCOME_LATER && road.kept_count == 3,
           "which is kept as the outcome");
    hop.die_at_dot = false;
    hop.silent_at_dot = true;
    settings.next_hop.dot_ms = 200;
    expect(c, ENVELOPE MESSAGE, "250|250|354|451 4.4.2", "it never answers");
    hop.silent_at_dot = false;
    hop.refuse_dot = true;
    expect(c, ENVELOPE MESSAGE, "250|250|354|554 5.6.0 no such content",
           "it refuses the message");
    tap_ok(road.outcomes[0] == OUTCOME_REFUSED, "which is kept");
    hop.refuse_dot = false;
    hop.later_dot = true;
    expect(c, ENVELOPE MESSAGE, "250|250|354|451 4.2.0", "it puts the message off");
    client_end(c);
}

static void
test_road(void)
{
    world_begin();
    struct client *c = greeted();
    road.keep_code = SK_SYSTEM;
    expect(c, ENVELOPE MESSAGE, "250|250|354|451 4.3.0",
           "never 250 when the outcome is not kept");
    road.keep_code = SK_OK;
    road.examine_code = SK_LATER;
    size_t kept = road.kept_count, passed = hop.message_count;
    expect(c, ENVELOPE MESSAGE, "250|250|354|451 4.3.0",
           "nor when the message was not examined");
    tap_ok(road.kept_count == kept && hop.message_count == passed,
           "nothing is passed on then");
    road.examine_code = SK_LIMIT;
    expect(c, ENVELOPE MESSAGE, "250|250|354|552", "a message that needs too much");
    road.examine_code = SK_OK;
    road.actions[0] = ANSWER_REFUSE;
    expect(c, ENVELOPE MESSAGE, "250|250|354|550 5.7.1 not??250 wanted",
           "refused, with clean words");
    road.actions[0] = ANSWER_TEMPFAIL;
    expect(c, ENVELOPE MESSAGE, "250|250|354|451 4.7.1", "put off");
    road.actions[0] = ANSWER_HOLD;
    expect(c, ENVELOPE MESSAGE, "250|250|354|250", "held");
    tap_ok(hop.message_count == passed && road.outcomes[0] == OUTCOME_HELD,
           "and not passed on");
    road.actions[0] = ANSWER_ACCEPT;
    expect(c, ENVELOPE MESSAGE, "250|250|354|250", "and accepted again");
    client_end(c);
}

#define THREE                                                                              \
    "MAIL FROM:<a@b.example>\r\nRCPT TO:<u0@x.jp>\r\nRCPT TO:<u1@x.jp>\r\nRCPT "           \
    "TO:<u2@x.jp>\r\nDATA\r\n"

static void
test_groups(void)
{
    world_begin();
    struct client *c = greeted();
    road.groups[1] = 7;
    expect(c, THREE MESSAGE, "250|250|250|250|354|250", "two groups");
    tap_ok(hop.message_count == 2 && has(&hop.messages, "X-Group: 0") &&
               has(&hop.messages, "X-Group: 7"),
           "two messages");
    tap_ok(has(&hop.log, "RSET\nMAIL FROM:<a@b.example> SIZE=48\nRCPT TO:<u0@x.jp>\nRCPT "
                         "TO:<u2@x.jp>\nDATA\nMAIL FROM:<a@b.example> SIZE=48\nRCPT "
                         "TO:<u1@x.jp>\nDATA\n"),
           "each with its recipients");
    road.groups[1] = 0;
    road.actions[1] = ANSWER_REFUSE;
    expect(c, THREE MESSAGE, "250|250|250|250|354|250", "a refusal among others");
    tap_ok(road.outcomes[0] == OUTCOME_DELIVERED && road.outcomes[1] == OUTCOME_HELD &&
               road.outcomes[2] == OUTCOME_DELIVERED,
           "is held for that one");
    tap_ok(hop.message_count == 3, "and passed on to the others");
    road.actions[1] = ANSWER_TEMPFAIL;
    expect(c, THREE MESSAGE, "250|250|250|250|354|451", "one put off puts all off");
    tap_ok(hop.message_count == 3 && road.outcomes[0] == OUTCOME_NONE, "nobody got it");
    client_end(c);
}

static void
test_lmtp(void)
{
    world_begin();
    hop.lmtp = true;
    settings.next_hop.kind = NEXT_HOP_LMTP;
    struct client *c = greeted();
    expect(c, THREE MESSAGE, "250|250|250|250|354|250", "LMTP, all delivered");
    tap_ok(has(&hop.log, "LHLO mx.example.jp\n"), "LHLO");
    expect(c,
           "MAIL FROM:<a@b.example>\r\nRCPT TO:<u0@x.jp>\r\nRCPT TO:<full@x.jp>\r\nRCPT "
           "TO:<u2@x.jp>\r\nDATA\r\n" MESSAGE,
           "250|250|250|250|354|452 4.2.2", "LMTP, one is full: repeated rather than lost");
    tap_ok(road.outcomes[0] == OUTCOME_DELIVERED && road.outcomes[1] == OUTCOME_LATER &&
               road.outcomes[2] == OUTCOME_DELIVERED,
           "each one's outcome is kept");
    hop.die_at_dot = true;
    expect(c, THREE MESSAGE, "250|250|250|250|354|451", "LMTP, it dies");
    tap_ok(road.outcomes[0] == OUTCOME_LATER && road.outcomes[2] == OUTCOME_LATER,
           "for each");
    client_end(c);
}

static void
test_maildir(void)
{
    world_begin();
    settings.next_hop.kind = NEXT_HOP_MAILDIR;
    struct client *c = greeted();
    expect(c, ENVELOPE MESSAGE, "250|250|354|250", "Maildir");
    tap_ok(bytes_find(road.delivered_bytes, BYTES("words\r\n.stuffed\r\n"), 0) !=
               BYTES_NOWHERE,
           "the keeper got the message");
    road.deliver_code = SK_SYSTEM;
    expect(c, ENVELOPE MESSAGE, "250|250|354|451", "the keeper fails");
    tap_ok(hop.connection_count == 0, "no next hop was asked");
    client_end(c);
}

static bool
was_kept(void *it)
{
    return road.kept_count > 0;
}

static void
test_vanishing(void)
{
    world_begin();
    struct client *c = greeted();
    expect(c, ENVELOPE, "250|250|354", "DATA");
    say(c, "Subject: half\r\n\r\n");
    turn(30);
    client_end(c);
    turn(50);
    tap_ok(road.examined_count == 0 && hop.message_count == 0 &&
               doors_counters(doors)->sessions == 0,
           "a client that vanishes in DATA leaves nothing");
    tap_ok(doors_counters(doors)->client_vanished == 1 &&
               doors_counters(doors)->held_bytes == 0,
           "and is counted");
    world_begin();
    road.delay_ms = 100;
    c = greeted();
    expect(c, ENVELOPE, "250|250|354", "DATA");
    say(c, MESSAGE);
    turn(50);
    client_end(c);
    tap_ok(turn_until(was_kept, NULL, WAIT_MS) && hop.message_count == 1,
           "one that vanishes after the dot: the walk is finished");
    turn(30);
    tap_ok(doors_counters(doors)->sessions == 0, "and the session ends");
}

static bool drained;

static void
on_drained(void *context)
{
    drained = true;
}

static bool
is_drained(void *it)
{
    return drained;
}

static void
test_reload_and_drain(void)
{
    static struct arrive_settings others;

    world_begin();
    struct client *c = greeted();
    others = settings;
    others.hostname = BYTES("new.example.jp");
    doors_swap(doors, &others);
    tap_ok(doors_uses(doors, &settings) == 1 && doors_uses(doors, &others) == 0,
           "a session keeps its settings");
    struct client *d = client_new();
    expect(d, "", "220 new.example.jp", "a new one has the new ones");
    expect(d, "EHLO d\r\n", "250", "EHLO");
    road.delay_ms = 100;
    expect(c, ENVELOPE, "250|250|354", "a busy session");
    say(c, MESSAGE);
    turn(30);
    drained = false;
    doors_drain(doors, on_drained, NULL);
    expect(d, "", "421 4.3.2", "draining: an idle session is sent away");
    tap_ok(!drained, "a busy one is waited for");
    expect(c, "", "250|421", "it gets its answer first");
    tap_ok(turn_until(is_drained, NULL, WAIT_MS), "then all is told");
    client_end(c);
    client_end(d);
}

static void
test_large(void)
{
    struct writer w, want;

    world_begin();
    settings.message_size = 20000000;
    struct client *c = greeted();
    expect(c, "MAIL FROM:<a@b.example> SIZE=5000000\r\nRCPT TO:<u@x.jp>\r\nDATA\r\n",
           "250|250|354", "a large message");
    writer_init(&w, &arena);
    writer_init(&want, &arena);
    for (int i = 0; w.size < 5000000; i++) {
        writer_format(&w, "%s%d %0*d\r\n", i % 3 == 0 ? ".." : "", i,
                      i % 7 == 0 ? 20000 : i % 50, i);
        writer_format(&want, "%s%d %0*d\r\n", i % 3 == 0 ? "." : "", i,
                      i % 7 == 0 ? 20000 : i % 50, i);
    }
    writer_text(&w, ".\r\n");
    writer_text(&want, "<END>");
    stream_send(c->stream, writer_view(&w));
    expect(c, "", "250", "is accepted");
    tap_ok(bytes_ends(writer_view(&hop.messages), writer_view(&want)),
           "and comes through unchanged");
    client_end(c);
}

static bool
is_opened(void *it)
{
    struct client *c = it;
    return c->opened || c->closed;
}

static bool
start_tls(struct client *c, const struct tls_context *context)
{
    c->opened = false;
    stream_start_tls(c->stream, context, BYTES_NONE);
    return turn_until(is_opened, c, WAIT_MS) && c->opened && !c->closed;
}

static struct bytes
test_file(const char *path)
{
    struct bytes content;

    SK_ASSERT(bundle_file(NULL, &arena, bytes_from_text(path), 65536, &content, NULL) ==
              SK_OK);
    return content;
}

/* The key process's part. */
static bool
answer(void *context, const struct key_question *question, struct key_answer *answer_r)
{
    key_ring_answer(context, question, key_question_size(question), answer_r);
    return true;
}

static void
test_tls(void)
{
    struct key_ring *ring;
    struct tls_context *server, *client;
    char folder[] = "/tmp/sekisho-tls-XXXXXX", command[500], certificate[100], key[100];
    struct why why;

    SK_ASSERT(mkdtemp(folder) != NULL);
    snprintf(certificate, sizeof certificate, "%s/c.pem", folder);
    snprintf(key, sizeof key, "%s/k.pem", folder);
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
             "-subj /CN=x -keyout %s -out %s 2>/dev/null",
             key, certificate);
    if (system(command) != 0) {
        tap_skip("no openssl program to make a certificate");
        return;
    }
    struct bytes chain = test_file(certificate);
    SK_ASSERT(tls_server_new(&arena, chain, BYTES("c.pem"), &server, &why) == SK_OK);
    SK_ASSERT(tls_client_new(&arena, BYTES_NONE, BYTES_NONE, &client, &why) == SK_OK);
    ring = key_ring_open();
    SK_ASSERT(key_ring_add(ring, test_file(key), key_id_start(server->key)) == KEY_LOADED);
    key_ring_commit(ring);
    tls_remote_answers(answer, ring);
    snprintf(command, sizeof command, "rm -r %s", folder);
    (void)!system(command);
    world_begin();
    struct client *c = greeted();
    expect(c, "STARTTLS\r\n", "500", "no STARTTLS without a certificate");
    client_end(c);
    world_begin();
    settings.tls = server;
    c = greeted();
    tap_ok(has(&c->heard, "250-STARTTLS"), "STARTTLS is offered");
    expect(c, "STARTTLS\r\nMAIL FROM:<injected@example.com>\r\nRCPT TO:<x@y.example>\r\n",
           "220 2.0.0", "STARTTLS, with commands injected behind it");
    tap_ok(start_tls(c, client), "hands are shaken");
    turn(50);
    tap_ok(c->heard.size == c->at && hop.log.size == 0,
           "what was injected is not carried out");
    expect(c, "MAIL FROM:<a@b.example>\r\n", "503 5.5.1 say EHLO",
           "what was known before TLS is forgotten");
    expect(c, "EHLO tls.example\r\n", "250", "EHLO again");
    expect(c, "STARTTLS\r\n", "503", "TLS in TLS is not had");
    expect(c, ENVELOPE MESSAGE, "250|250|354|250", "a message under TLS");
    tap_ok(has(&hop.messages, "with ESMTPS\r\n\t(TLSv1.3 "), "Received says so");
    road.delay_ms = 50;
    struct writer w;
    writer_init(&w, &arena);
    writer_text(&w, ENVELOPE);
    for (int i = 0; w.size < 900000; i++) {
        writer_format(&w, "line %d of a message under TLS\r\n", i);
    }
    writer_text(&w, ".\r\n");
    for (int i = 0; i < 20000; i++) {
        writer_text(&w, "NOOP\r\n");
    }
    stream_send(c->stream, writer_view(&w));
    expect(c, "", "250|250|354|250",
           "a large message under TLS, with more behind it than is buffered");
    int noops = 0;
    while (noops < 20000 && bytes_starts(hear(c), BYTES("250"))) {
        noops++;
    }
    tap_ok(noops == 20000, "all of which is answered");
    expect(c, "QUIT\r\n", "221", "QUIT");
    tap_ok(turn_until(is_closed, c, WAIT_MS), "closes");
    client_end(c);
    c = greeted();
    expect(c, "STARTTLS\r\n", "220", "STARTTLS");
    say(c, "this is no TLS at all\r\n");
    tap_ok(turn_until(is_closed, c, WAIT_MS), "a client that does not shake hands is left");
    client_end(c);
    tap_ok(doors_counters(doors)->sessions == 0, "nothing is left");
    world_begin();
    settings.next_hop.tls = NEXT_HOP_TLS_MUST;
    settings.next_hop.tls_context = client;
    c = greeted();
    expect(c, "MAIL FROM:<a@b.example>\r\n", "451 4.7.5",
           "a next hop that must speak TLS and does not");
    hop.tls = server;
    expect(c, ENVELOPE MESSAGE, "250|250|354|250", "and one that does");
    tap_ok(has(&hop.log, "STARTTLS\nEHLO mx.example.jp\nMAIL"),
           "hears the envelope under TLS only");
    hop.tls = NULL;
    client_end(c);
    settings.next_hop.tls = NEXT_HOP_TLS_MAY;
    c = greeted();
    expect(c, ENVELOPE MESSAGE, "250|250|354|250",
           "TLS may be missing where it only may be used");
    client_end(c);
}

/* HTTP */

static struct bytes
http_ask(struct client *c, const char *request)
{
    size_t from = c->heard.size;

    say(c, request);
    for (int i = 0; i < 500; i++) {
        struct bytes heard = bytes_from(writer_view(&c->heard), from), length;
        size_t head = bytes_find(heard, BYTES("\r\n\r\n"), 0),
               at = bytes_find(heard, BYTES("Content-Length: "), 0);
        uint64_t size;
        if (head != BYTES_NOWHERE && at != BYTES_NOWHERE) {
            length = bytes_slice(heard, at + 16, bytes_find(heard, BYTES("\r\n"), at));
            if (bytes_to_number(length, 1000000, &size) && heard.size >= head + 4 + size) {
                return heard;
            }
        }
        turn(2);
        if (c->closed) {
            return bytes_from(writer_view(&c->heard), from);
        }
    }
    return BYTES_NONE;
}

static void
http_expect(const char *request, const char *status, const char *body, const char *name)
{
    struct client *c = client_new();
    struct bytes reply = http_ask(c, request);
    bool well = bytes_starts(bytes_from(reply, 9), bytes_from_text(status)) &&
                bytes_find(reply, bytes_from_text(body), 0) != BYTES_NOWHERE;

    if (!well) {
        printf("# %.*s\n", (int)(reply.size < 40 ? reply.size : 40),
               (const char *)reply.at);
    }
    tap_ok(well, "http: %s", name);
    client_end(c);
}

static bool learned_spam, learned_before;

static void
road_learn(void *it, struct arena *a, const struct arrival *arrival, bool spam,
           void (*done)(void *, enum sk_code, bool), void *context)
{
    learned_spam = spam;
    done(context, SK_OK, learned_before);
}

static struct bytes
road_statistics(void *it, struct arena *a)
{
    return BYTES("{\"scanned\":1}");
}

static void
test_http(void)
{
    static struct arrival_road with_learn;
    static int http_fd = -1;
    static struct net_endpoint http;
    struct net_endpoint smtp = door;

    world_begin();
    if (http_fd < 0) {
        listen_somewhere(&http, &http_fd);
    }
    with_learn = fake_road;
    with_learn.learn = road_learn;
    with_learn.statistics = road_statistics;
    settings.http_password = BYTES("q1");
    doors_close(doors);
    SK_ASSERT(doors_open(&arena, base, &settings,
                         &(struct doors_socket){DOORS_HTTP, http_fd}, 1, &with_learn,
                         &doors, NULL) == SK_OK);
    door = http;
    http_expect("GET /ping HTTP/1.0\r\n\r\n", "200", "\r\n\r\npong\r\n", "ping");
    http_expect("GET /nothing HTTP/1.1\r\n\r\n", "404", "{\"error\"", "an unknown target");
    http_expect("GET /checkv2 HTTP/1.1\r\n\r\n", "405", "", "GET of /checkv2");
    http_expect("POST /checkv2 HTTP/1.1\r\n\r\n", "400", "", "no length");
    http_expect("POST /checkv2 HTTP/1.1\r\nContent-Length: 52428801\r\n\r\n", "413", "",
                "too big");
    http_expect(
        "POST /checkv2 HTTP/1.1\r\nContent-Length: 1\r\nContent-Encoding: zstd\r\n\r\nx",
        "415", "", "compressed");
    http_expect("POST /checkv2 HTTP/1.1\r\nContent-Length: 1\r\nFile: /etc/passwd\r\n\r\nx",
                "400", "not supported", "File");
    http_expect(
        "POST /checkv2 HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "400", "", "two framings");
    http_expect("POST /checkv2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400",
                "broken chunk", "a broken chunk");
    http_expect("POST /checkv2 HTTP/1.0\r\nIP: 192.0.2.7\r\nFrom: <a@b.example>\r\nRcpt: "
                "u@x.jp\r\nContent-Length: 17\r\n\r\nSubject: x\r\n\r\nhej",
                "200", "Content-Type: application/json", "a scan");
    tap_ok(has(&road.seen, "Subject: x\r\n\r\nhej<END>") &&
               bytes_is(road.recipients[0], "u@x.jp") && road.kept_count == 1 &&
               road.outcomes[0] == OUTCOME_NONE,
           "http: the road saw it, and the outcome was told");
    http_expect("POST /checkv2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nA: "
                "b\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n",
                "200", "", "a scan in chunks");
    road.keep_code = SK_SYSTEM;
    http_expect("POST /checkv2 HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", "503", "",
                "never a verdict that is not kept");
    road.keep_code = SK_OK;
    http_expect("POST /learnspam HTTP/1.1\r\nPassword: q1\r\nContent-Length: 1\r\n\r\nx",
                "200", "{\"success\":true}", "learnspam");
    tap_ok(learned_spam, "http: as spam");
    learned_before = true;
    http_expect("POST /learnham HTTP/1.1\r\nPassword: q1\r\nContent-Length: 1\r\n\r\nx",
                "208", "{\"error\"", "learnham, once more");
    http_expect("GET /stat HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "200", "{\"scanned\":1}",
                "stat");
    http_expect("GET /metrics HTTP/1.1\r\n\r\n", "200", "# EOF\n", "metrics");
    struct client *c = client_new();
    struct bytes first = http_ask(c, "GET /ping HTTP/1.1\r\n\r\n"),
                 second = http_ask(c, "GET /ping HTTP/1.1\r\nConnection: close\r\n\r\n");
    tap_ok(bytes_starts(first, BYTES("HTTP/1.1 200")) &&
               bytes_starts(second, BYTES("HTTP/1.1 200")) &&
               turn_until(is_closed, c, WAIT_MS),
           "http: a connection is kept until it is asked to close");
    client_end(c);
    c = client_new();
    say(c, "POST /checkv2 HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
    turn(30);
    tap_ok(bytes_is(writer_view(&c->heard), "HTTP/1.1 100 Continue\r\n\r\n"),
           "http: 100-continue");
    client_end(c);
    c = client_new();
    int64_t from = clock_monotonic_ms();
    say(c, "POST /learnspam HTTP/1.1\r\nPassword: q2\r\nContent-Length: 1\r\n\r\nx");
    tap_ok(turn_until(is_closed, c, WAIT_MS) && has(&c->heard, "HTTP/1.1 401") &&
               clock_monotonic_ms() - from >= 900,
           "http: a wrong password, answered late");
    client_end(c);
    tap_ok(doors_counters(doors)->sessions == 0 && doors_counters(doors)->held_bytes == 0,
           "http: nothing is left");
    door = smtp;
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    base = loop_open(NULL);
    test_simple();
    test_smuggling();
    test_pieces();
    test_pipelining();
    test_arguments();
    test_limits();
    test_limits_held();
    test_early();
    test_xclient();
    test_next_hop();
    test_road();
    test_groups();
    test_lmtp();
    test_maildir();
    test_vanishing();
    test_reload_and_drain();
    test_large();
    test_tls();
    test_http();
    doors_close(doors);
    turn(20);
    listener_close(&hop.listener);
    event_base_free(base);
    arena_release(&arena);
    return tap_done();
}
