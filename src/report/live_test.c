#include "report/live.h"

#include "report/tester_private.h"
#include "report/web.h"

static struct web *web;
static struct live *live;
static uint16_t port;
static uint64_t last_number;
static size_t ended_count;

static void
on_call(void *context, struct web_call *call)
{
    last_number = call->number;
    web_stream_begin(call, "text/event-stream");
}

static void
on_stream_ended(void *context, uint64_t number)
{
    ended_count++;
    live_left(live, number);
}

static const struct web_calls calls = {on_call, on_stream_ended};

#define FIRST    1000
#define OPERATOR LIVE_SEES(ACCOUNT_OPERATOR)
#define AUDITOR  LIVE_SEES(ACCOUNT_AUDITOR)

/* A reader that has joined. */
static int
join(enum account_role role, const char *session, const char *last, bool recent)
{
    int fd = tester_connect(port);
    char id[SESSION_ID_SIZE + 1] = {0};
    bool ended;

    snprintf(id, sizeof id, "%s", session);
    (void)tester_say(fd, BYTES("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    (void)tester_hear(fd, "\r\n\r\n", TESTER_WAIT_MS, &ended);
    live_join(live, last_number, role, id, bytes_from_text(last), recent);
    return fd;
}

/* What has come to it by the time that an event "end" does. */
static struct bytes
heard(int fd)
{
    bool ended;

    live_event(live, "end", BYTES("{}"), OPERATOR | AUDITOR);
    return tester_hear(fd, "event: end", 3000, &ended);
}

static void
leave(int fd)
{
    close(fd);
    tester_turns(5);
}

static void
begin(void)
{
    live = live_new(&arena, web, FIRST);
}

static void
test_events(void)
{
    static uint8_t large[LIMIT_CLERK_EVENT + 1];

    begin();
    memset(large, 'x', sizeof large);
    int one = join(ACCOUNT_OPERATOR, "one", "", false),
        two = join(ACCOUNT_AUDITOR, "two", "", false);
    tap_ok(live_count(live) == 2, "two readers");
    live_event(live, "row", BYTES("{\"a\":1}"), OPERATOR | AUDITOR);
    live_event(live, "row", BYTES("{\"secret\":1}"), AUDITOR);
    live_event(live, "row", BYTES("{}\ndata: forged"), OPERATOR | AUDITOR);
    live_event(live, "row", BYTES("{}\rdata: forged"), OPERATOR | AUDITOR);
    live_event(live, "big", bytes_of(large, LIMIT_CLERK_EVENT), OPERATOR);
    live_event(live, "past", bytes_of(large, LIMIT_CLERK_EVENT + 1), OPERATOR);
    struct bytes got = heard(one);
    tap_ok(tester_has(got, "id: 1000\nevent: row\ndata: {\"a\":1}\n\n"), "an event");
    tap_ok(!tester_has(got, "secret") && tester_has(heard(two), "secret"),
           "goes to those whose role may see it");
    tap_ok(!tester_has(got, "forged"), "one with a line end is not shown");
    tap_ok(tester_has(got, "event: big") && !tester_has(got, "event: past"),
           "LIMIT_CLERK_EVENT bytes are shown, one more is not");
    leave(one);
    tap_ok(live_count(live) == 1, "a reader that goes leaves");
    leave(two);
}

static void
test_resume(void)
{
    char last[32];

    begin();
    for (unsigned i = 0; i < 10; i++) {
        live_event(live, "row", BYTES("{}"), i == 5 ? AUDITOR : OPERATOR);
    }
    int fd = join(ACCOUNT_OPERATOR, "one", "1003", false);
    struct bytes got = heard(fd);
    tap_ok(!tester_has(got, "id: 1003\n") && tester_has(got, "id: 1004\n") &&
               !tester_has(got, "id: 1005\n") && tester_has(got, "id: 1009\n") &&
               tester_count(got, "event: row") == 5 && !tester_has(got, "missed"),
           "who comes again gets what he missed and may see");
    leave(fd);
    fd = join(ACCOUNT_OPERATOR, "one", "7", false);
    tap_ok(tester_has(heard(fd), "event: missed"),
           "a number of an earlier clerk: told that something is missed");
    leave(fd);
    fd = join(ACCOUNT_OPERATOR, "one", "99999999999999999999", false);
    tap_ok(!tester_has(heard(fd), "event: row"), "no number is none");
    leave(fd);
    fd = join(ACCOUNT_OPERATOR, "one", "9223372036854775807", false);
    tap_ok(!tester_has(heard(fd), "event: row"), "a number of the future gets nothing");
    leave(fd);
    begin();
    for (unsigned i = 0; i < LIVE_RECENT + 5; i++) {
        live_event(live, "row", BYTES("{}"), OPERATOR);
    }
    fd = join(ACCOUNT_OPERATOR, "one", "", true);
    got = heard(fd);
    tap_ok(tester_count(got, "event: row") == LIVE_RECENT && !tester_has(got, "missed"),
           "a page that is opened gets the last LIVE_RECENT");
    leave(fd);
    begin();
    for (unsigned i = 0; i < 2 * LIMIT_CLERK_EVENTS + 1; i++) {
        live_event(live, "row", BYTES("{}"), OPERATOR);
    }
    uint64_t next = FIRST + 2 * LIMIT_CLERK_EVENTS + 1;
    snprintf(last, sizeof last, "%llu",
             (unsigned long long)(next - LIMIT_CLERK_EVENTS - 1));
    fd = join(ACCOUNT_OPERATOR, "one", last, false);
    got = heard(fd);
    tap_ok(tester_count(got, "event: row") == LIMIT_CLERK_EVENTS &&
               !tester_has(got, "missed"),
           "LIMIT_CLERK_EVENTS are kept");
    leave(fd);
    fd = join(ACCOUNT_OPERATOR, "one", "1005", false);
    got = heard(fd);
    tap_ok(tester_has(got, "event: missed") && !tester_has(got, "id: 1006\n"),
           "older ones are forgotten, and that is told");
    leave(fd);
}

static bool
keep(void *context, const char *session)
{
    return strcmp(session, "s1") != 0;
}

static void
test_readers(void)
{
    static int fds[LIMIT_CLERK_STREAMS + 1];
    bool ended;
    char id[8];

    begin();
    for (int i = 0; i < LIMIT_CLERK_STREAMS; i++) {
        tap_ok(live_room(live) || i == 0, "room for another (%d)", i);
        snprintf(id, sizeof id, "s%d", i / LIMIT_CLERK_STREAMS_SESSION);
        fds[i] = join(ACCOUNT_OPERATOR, id, "", false);
    }
    tap_ok(live_count(live) == LIMIT_CLERK_STREAMS && !live_room(live),
           "LIMIT_CLERK_STREAMS readers, LIMIT_CLERK_STREAMS_SESSION of each sign-in; no "
           "room");
    fds[LIMIT_CLERK_STREAMS] = join(ACCOUNT_OPERATOR, "s0", "", false);
    (void)tester_hear(fds[0], NULL, 3000, &ended);
    tap_ok(ended && live_count(live) == LIMIT_CLERK_STREAMS,
           "one more of a sign-in ends its oldest");
    live_beat(live, keep, NULL);
    tap_ok(live_count(live) == LIMIT_CLERK_STREAMS - LIMIT_CLERK_STREAMS_SESSION,
           "those whose session is over are told to go");
    tap_ok(tester_has(heard(fds[1]), ": beat\n\n"), "the others hear a beat");
    live_end_session(live, "s2");
    tap_ok(live_count(live) == LIMIT_CLERK_STREAMS - 2 * LIMIT_CLERK_STREAMS_SESSION,
           "a session that ends ends its streams");
    /* The loop does not turn: nobody takes anything. */
    static uint8_t large[LIMIT_CLERK_EVENT];
    memset(large, 'x', sizeof large);
    for (int i = 0; i < 17; i++) {
        live_event(live, "row", bytes_of(large, sizeof large), OPERATOR);
    }
    tap_ok(live_count(live) == 0, "readers that do not read are cut off, and dropped");
    live_end_session(live, NULL);
    for (int i = 0; i <= LIMIT_CLERK_STREAMS; i++) {
        close(fds[i]);
    }
    tester_turns(10);
}

int
main(void)
{
    struct why why;

    arena_init(&arena, (size_t)512 << 20);
    tester_base = loop_open(&why);
    int fd = tester_listen(&port);
    web = web_open(&arena, tester_base, fd, NULL, &calls, NULL);
    test_events();
    test_resume();
    test_readers();
    web_close(web);
    close(fd);
    event_base_free(tester_base);
    arena_release(&arena);
    return tap_done();
}
