/* Against a small DNS server on loopback in this very loop: it answers by the first label of the name. */
#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/tap.h"
#include "base/writer.h"
#include "dns/resolver.h"
#include "dns/settings.h"

static struct arena arena;
static struct event_base *base;
static int server_questions;
static bool asking; /* resolver_ask has not returned yet */
static int done_count;

static void
put_record(struct writer *w, uint8_t type, struct bytes data)
{
    writer_bytes(w, BYTES("\xc0\x0c\0"));
    writer_byte(w, type);
    writer_bytes(w, BYTES("\0\1\0\0\0\x3c\0"));
    writer_byte(w, (uint8_t)data.size);
    writer_bytes(w, data);
}

static void
serve(int fd, short what, void *it)
{
    uint8_t packet[1500];
    struct sockaddr_in from;
    socklen_t from_size = sizeof from;
    ssize_t got =
        recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &from_size);
    struct writer w;
    size_t end = 12;

    (void)what;
    (void)it;
    if (got < 17) {
        return;
    }
    server_questions++;
    while (packet[end] != 0 && end < (size_t)got) {
        end += packet[end] + 1u;
    }
    end += 5;
    struct bytes label = bytes_of(packet + 13, packet[12]);
    if (bytes_is_fold(label, "slow")) {
        return;
    }
    writer_init(&w, &arena);
    writer_bytes(&w, bytes_of(packet, end));
    w.at[2] = 0x81;
    w.at[3] = bytes_is_fold(label, "gone")     ? 0x83
              : bytes_is_fold(label, "broken") ? 0x82
                                               : 0x80;
    memset(w.at + 6, 0, 6);
    if (bytes_is_fold(label, "ok")) {
        w.at[7] = 1;
        if (packet[end - 3] == DNS_TXT) {
            put_record(&w, DNS_TXT, BYTES("\6v=spf1\5 -all"));
        } else {
            put_record(&w, DNS_A, BYTES("\xc0\0\2\1"));
        }
    }
    (void)!sendto(fd, w.at, w.size, 0, (struct sockaddr *)&from, from_size);
}

static unsigned
server_open(struct event **event_r)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) != 0) {
        return 0;
    }
    *event_r = event_new(base, fd, EV_READ | EV_PERSIST, serve, NULL);
    event_add(*event_r, NULL);
    return ntohs(at.sin_port);
}

static enum sk_code
open_with(const char *text, struct resolver **resolver_r, struct why *why)
{
    const struct config *config;

    if (config_read(&arena, dns_config_keys, bytes_from_text(text), &config, why) !=
        SK_OK) {
        return SK_BAD;
    }
    return resolver_open(&arena, base, config, resolver_r, why);
}

static void
done(void *context)
{
    struct dns_memo *memo = context;

    done_count++;
    tap_ok(!asking, "done is not called before resolver_ask returns");
    tap_ok(memo->wanted == NULL, "nothing is wanted any more");
    event_base_loopbreak(base);
}

static enum dns_status
ask(struct resolver *r, struct dns_memo *memo, const char *name, enum dns_type type)
{
    (void)dns_memo_ask(memo, bytes_from_text(name), type);
    asking = true;
    resolver_ask(r, memo, done, memo);
    asking = false;
    event_base_dispatch(base);
    const struct dns_answer *a = dns_memo_ask(memo, bytes_from_text(name), type);
    return a != NULL ? a->status : (enum dns_status)99;
}

static void
test_answers(struct resolver *r)
{
    struct dns_memo memo;
    int before;

    dns_memo_init(&memo, &arena);
    tap_ok(ask(r, &memo, "ok.test", DNS_TXT) == DNS_FOUND, "TXT is found");
    const struct dns_answer *a = dns_memo_ask(&memo, BYTES("ok.test"), DNS_TXT);
    tap_ok(a != NULL && a->record_count == 1 && bytes_is(a->records[0].data, "v=spf1 -all"),
           "its strings are joined");
    tap_ok(ask(r, &memo, "gone.test", DNS_TXT) == DNS_NXDOMAIN, "NXDOMAIN");
    tap_ok(ask(r, &memo, "bare.test", DNS_TXT) == DNS_NODATA, "NODATA");
    tap_ok(ask(r, &memo, "odd name.test", DNS_TXT) == DNS_NODATA, "a name with a space");

    dns_memo_init(&memo, &arena);
    before = server_questions;
    (void)dns_memo_ask(&memo, BYTES("gone.test"), DNS_TXT);
    tap_ok(ask(r, &memo, "ok.test", DNS_TXT) == DNS_FOUND, "again, with another question");
    tap_ok(server_questions == before, "both from the cache");
    dns_memo_init(&memo, &arena);
    (void)dns_memo_ask(&memo, BYTES("ok.test"), DNS_TXT);
    tap_ok(ask(r, &memo, "ok.fresh.test", DNS_TXT) == DNS_FOUND,
           "one from the cache, then one from the wire");
    before = done_count;
    dns_memo_init(&memo, &arena);
    asking = true;
    resolver_ask(r, &memo, done, &memo);
    asking = false;
    event_base_dispatch(base);
    tap_ok(done_count == before + 1, "a memo that wants nothing is done too");
}

static void
test_slow(struct resolver *r)
{
    struct dns_memo memo;
    int64_t began = clock_monotonic_ms();

    dns_memo_init(&memo, &arena);
    (void)dns_memo_ask(&memo, BYTES("ok.test"), DNS_A);
    tap_ok(ask(r, &memo, "slow.test", DNS_TXT) == DNS_TIMEOUT, "no answer: a time-out");
    int64_t took = clock_monotonic_ms() - began;
    tap_ok(took >= 250 && took < 1500, "after dns.timeout (%d ms)", (int)took);
    const struct dns_answer *a = dns_memo_ask(&memo, BYTES("ok.test"), DNS_A);
    tap_ok(a != NULL && a->status == DNS_FOUND, "the other answer stands");
    tap_ok(ask(r, &memo, "slow.two.test", DNS_TXT) == DNS_TIMEOUT, "a second one");
    took = clock_monotonic_ms() - began;
    tap_ok(took >= 400 && took < 2000, "ends at the message's deadline (%d ms)", (int)took);
    began = clock_monotonic_ms();
    tap_ok(ask(r, &memo, "slow.three.test", DNS_TXT) == DNS_TIMEOUT, "a third one");
    tap_ok(clock_monotonic_ms() - began < 200, "at once");
}

static void
never(evutil_socket_t fd, short what, void *it)
{
    (void)fd;
    (void)what;
    (void)it;
    event_base_loopbreak(base);
}

static void
test_forget(struct resolver *r)
{
    struct arena own;
    struct dns_memo memo;
    struct timeval half = {.tv_usec = 600000};
    int before = done_count;

    arena_init(&own, 1ul << 20);
    dns_memo_init(&memo, &own);
    (void)dns_memo_ask(&memo, BYTES("slow.forgotten.test"), DNS_TXT);
    (void)dns_memo_ask(&memo, BYTES("ok.forgotten.test"), DNS_TXT);
    resolver_ask(r, &memo, done, &memo);
    resolver_forget(r, &memo);
    arena_release(&own);
    event_base_once(base, -1, EV_TIMEOUT, never, NULL, &half);
    event_base_dispatch(base);
    tap_ok(done_count == before, "a forgotten memo is never done");
    dns_memo_init(&memo, &arena);
    tap_ok(ask(r, &memo, "ok.forgotten.test", DNS_TXT) == DNS_FOUND,
           "the resolver goes on");
}

static void
test_zone(void)
{
    struct resolver *r;
    struct why why;
    struct dns_memo memo;
    struct writer w;
    char path[] = "/tmp/sekisho-zone-XXXXXX";
    int fd = mkstemp(path);
    static const char zone[] = "{\"z.test\": {\"A\": [\"192.0.2.7\"]}}";

    (void)!write(fd, zone, sizeof zone - 1);
    close(fd);
    writer_init(&w, &arena);
    writer_format(&w, "[dns]\nzone = %s\n", path);
    tap_ok(open_with(writer_c(&w), &r, &why) == SK_OK, "a resolver over a made-up zone");
    dns_memo_init(&memo, &arena);
    tap_ok(ask(r, &memo, "z.test", DNS_A) == DNS_FOUND, "it answers");
    tap_ok(ask(r, &memo, "y.test", DNS_A) == DNS_NXDOMAIN, "and knows nothing else");
    resolver_close(r);
    unlink(path);
    tap_ok(open_with(writer_c(&w), &r, &why) != SK_OK && why.sentence[0] != '\0',
           "no such file: %s", why.sentence);
}

int
main(void)
{
    struct resolver *r;
    struct event *event = NULL;
    struct why why = {0};
    struct writer w;

    arena_init(&arena, 1ul << 26);
    base = event_base_new();
    unsigned port = server_open(&event);
    if (port == 0) {
        tap_skip("no socket on loopback");
        return tap_done();
    }
    writer_init(&w, &arena);
    writer_format(&w, "[dns]\nservers = 127.0.0.1@%u\ntimeout = 300ms\ndeadline = 500ms\n",
                  port);
    if (tap_ok(open_with(writer_c(&w), &r, &why) == SK_OK, "a resolver is opened %s",
               why.sentence)) {
        test_answers(r);
        test_slow(r);
        test_forget(r);
        resolver_close(r);
    }
    test_zone();
    tap_ok(open_with("[dns]\nservers = not-an-address\n", &r, &why) == SK_CONFIG,
           "a bad server: %s", why.sentence);
    close(event_get_fd(event));
    event_free(event);
    arena_release(&arena);
    event_base_free(base);
    arena_forget_blocks();
    return tap_done();
}
