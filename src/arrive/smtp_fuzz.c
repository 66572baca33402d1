/* A whole SMTP session: the input is what a client says, cut into pieces. The road accepts everything for a Maildir
 * that keeps nothing. What we say must be replies and nothing else, and no memory may be left in the session. */
#include <sys/socket.h>
#include <unistd.h>

#include "arrive/doors_private.h"
#include "base/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct event_base *base;
static struct doors *doors;
static struct arena process;

static struct {
    struct loop_task task;
    int step;
    struct arena *arena;
    const struct arrival *arrival;
    void (*examined)(void *, enum sk_code, const struct answer *);
    void (*kept)(void *, enum sk_code);
    void (*delivered)(void *, enum sk_code, const enum sk_code *);
    void *context;
} road;

static void
road_goes_on(void *it)
{
    if (road.step == 1) {
        road.kept(road.context, SK_OK);
        return;
    }
    if (road.step == 2) {
        road.delivered(road.context, SK_OK, NULL);
        return;
    }
    struct answer *answer = ARENA_NEW(road.arena, struct answer);
    answer->recipient_count = road.arrival->recipient_count;
    answer->recipients =
        ARENA_NEW_MANY(road.arena, answer->recipient_count, struct answer_recipient);
    for (size_t i = 0; i < answer->recipient_count; i++) {
        struct bytes to = road.arrival->recipients[i].address;
        answer->recipients[i].action = (enum answer_action)(to.at[0] % 4);
        answer->recipients[i].group = to.at[0] % 2;
        answer->recipients[i].reply = to; /* nonsense must come out clean */
    }
    answer->words = road.arrival->mail_from;
    road.examined(road.context, SK_OK, answer);
}

static void
examine(void *it, struct arena *arena, const struct arrival *arrival,
        void (*done)(void *, enum sk_code, const struct answer *), void *context)
{
    struct bytes raw = arrival->raw;

    for (size_t i = 0; i < raw.size; i++) {
        SK_ASSERT(raw.at[i] != '\n' || (i > 0 && raw.at[i - 1] == '\r'));
        SK_ASSERT(raw.at[i] != '\r' || (i + 1 < raw.size && raw.at[i + 1] == '\n'));
    }
    road.step = 0;
    road.arena = arena;
    road.arrival = arrival;
    road.examined = done;
    road.context = context;
    loop_task_soon(&road.task);
}

static void
outcome(void *it, struct arena *arena, const struct arrival *arrival,
        const struct outcome *outcomes, void (*done)(void *, enum sk_code), void *context)
{
    road.step = 1;
    road.kept = done;
    loop_task_soon(&road.task);
}

static void
deliver(void *it, struct arena *arena, const struct arrival *arrival,
        const size_t *recipients, size_t recipient_count, const struct bytes *pieces,
        size_t piece_count, void (*done)(void *, enum sk_code, const enum sk_code *),
        void *context)
{
    SK_ASSERT(bytes_starts(pieces[0], BYTES("Received: ")));
    road.step = 2;
    road.delivered = done;
    loop_task_soon(&road.task);
}

static void
begin(void)
{
    static struct arrive_settings settings;
    static struct net_prefix trusted;
    static const struct arrival_road fake = {
        .examine = examine, .outcome = outcome, .deliver = deliver};

    arena_init(&process, (size_t)1 << 26);
    base = loop_open(NULL);
    loop_task_init(&road.task, base, road_goes_on, NULL);
    settings = (struct arrive_settings){.hostname = BYTES("mx.example"),
                                        .next_hop = {.kind = NEXT_HOP_MAILDIR},
                                        .trusted = &trusted,
                                        .trusted_count = 1,
                                        .message_size = 100000,
                                        .command_ms = 100000,
                                        .data_ms = 100000,
                                        .connections = 10,
                                        .client_connections = 10};
    trusted = (struct net_prefix){.bits = 0};
    SK_ASSERT(doors_open(&process, base, &settings, NULL, 0, &fake, &doors, NULL) == SK_OK);
}

/* Each reply is a line of three digits, a blank or '-', and printable words. */
static void
check_heard(struct bytes heard)
{
    struct bytes line;

    SK_ASSERT(heard.size == 0 || bytes_ends(heard, BYTES("\r\n")));
    while (bytes_line(&heard, &line)) {
        SK_ASSERT(line.size > 4 && ascii_digit(line.at[0]) && ascii_digit(line.at[1]) &&
                  ascii_digit(line.at[2]));
        SK_ASSERT(line.at[3] == ' ' || line.at[3] == '-');
        for (size_t i = 0; i < line.size; i++) {
            SK_ASSERT(line.at[i] >= 0x20 && line.at[i] < 0x7f);
        }
    }
}

static void
turn_and_listen(int fd, struct writer *heard)
{
    uint8_t buffer[4096];

    for (int quiet = 0; quiet < 3;) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        ssize_t got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
        quiet = got > 0 ? 0 : quiet + 1;
        writer_bytes(heard, bytes_of(buffer, got > 0 ? (size_t)got : 0));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct net_address peer;
    struct arena arena;
    struct writer heard;
    int pair[2];

    if (base == NULL) {
        begin();
    }
    if (size < 1 || size > 60000 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0) {
        return 0;
    }
    arena_init(&arena, (size_t)1 << 26);
    writer_init(&heard, &arena);
    (void)net_address_read(BYTES("192.0.2.1"), &peer);
    smtp_session_open(doors, pair[0], &peer);
    size_t step = data[0] % 4 == 0 ? 60000 : data[0] + 1u;
    for (size_t at = 1; at < size; at += step) {
        (void)!send(pair[1], data + at, size - at < step ? size - at : step, MSG_NOSIGNAL);
        turn_and_listen(pair[1], &heard);
    }
    shutdown(pair[1], SHUT_WR);
    turn_and_listen(pair[1], &heard);
    check_heard(writer_view(&heard));
    close(pair[1]);
    turn_and_listen(pair[1], &heard);
    SK_ASSERT(doors_counters(doors)->sessions == 0 &&
              doors_counters(doors)->held_bytes == 0);
    arena_release(&arena);
    return 0;
}
