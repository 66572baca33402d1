#include "trace/spf_received.h"

#include "base/limits.h"
#include "base/tap.h"

static struct arena arena;

static bool
writes(const struct arrival *arrival, const struct origin *origin, const char *expected)
{
    static const struct trace_settings settings = {.authserv_id = BYTES("mx.example.jp")};
    struct bytes text = spf_received_write(&arena, &settings, arrival, origin);

    if (!bytes_is(text, expected)) {
        printf("# %.*s\n", BYTES_ARGUMENTS(text));
        return false;
    }
    return true;
}

int
main(void)
{
    struct arrival arrival = {.helo = BYTES("mail.example.com"),
                              .mail_from = BYTES("user@example.com")};
    struct origin origin = {.spf = {.result = AUTH_PASS,
                                    .domain = BYTES("example.com"),
                                    .mechanism = BYTES("ip4:192.0.2.1")}};
    static uint8_t text[LIMIT_AUTHRES_VALUE + 1];

    arena_init(&arena, 1u << 20);
    (void)net_address_read(BYTES("192.0.2.1"), &origin.source);
    tap_ok(writes(&arrival, &origin,
                  "pass\r\n\treceiver=mx.example.jp;\r\n\tclient-ip=192.0.2.1;\r\n"
                  "\tenvelope-from=\"user@example.com\";\r\n\thelo=mail.example.com;\r\n"
                  "\tidentity=mailfrom;\r\n\tmechanism=\"ip4:192.0.2.1\""),
           "as RFC 7208 9.1 has it");
    (void)net_address_read(BYTES("2001:db8::1"), &origin.source);
    arrival.mail_from = BYTES_NONE;
    origin.spf = (struct spf_result){.result = AUTH_PERMERROR,
                                     .helo_identity = true,
                                     .domain = BYTES("mail.example.com"),
                                     .reason = BYTES("the record is malformed")};
    tap_ok(
        writes(&arrival, &origin,
               "permerror\r\n\treceiver=mx.example.jp;\r\n\tclient-ip=\"2001:db8::1\";\r\n"
               "\thelo=mail.example.com;\r\n\tidentity=helo;\r\n"
               "\tproblem=\"the record is malformed\""),
        "HELO, IPv6 and a problem");
    origin.spf = (struct spf_result){.result = AUTH_FAIL, .domain = BYTES("a.example")};
    arrival.mail_from = BYTES("a\"b\\c; x=y@a.example");
    arrival.helo = BYTES("x\r\nBcc: y");
    tap_ok(writes(&arrival, &origin,
                  "fail\r\n\treceiver=mx.example.jp;\r\n\tclient-ip=\"2001:db8::1\";\r\n"
                  "\tenvelope-from=\"a\\\"b\\\\c; x=y@a.example\";\r\n\tidentity=mailfrom"),
           "class 27: quoted, or left out with its key");
    memset(text, 'a', sizeof text);
    arrival.helo = bytes_of(text, LIMIT_AUTHRES_VALUE);
    arrival.mail_from = BYTES_NONE;
    origin.source.known = false;
    struct bytes most =
        spf_received_write(&arena, &(struct trace_settings){0}, &arrival, &origin);
    tap_ok(bytes_find(most, BYTES("helo=aaa"), 0) != BYTES_NOWHERE, "255 bytes are shown");
    arrival.helo = bytes_of(text, LIMIT_AUTHRES_VALUE + 1);
    tap_ok(writes(&arrival, &origin,
                  "fail\r\n\treceiver=mx.example.jp;\r\n\tidentity=mailfrom"),
           "256 are not, and no address is none");
    arrival.helo = BYTES("a..b");
    tap_ok(writes(&arrival, &origin,
                  "fail\r\n\treceiver=mx.example.jp;\r\n\thelo=\"a..b\";\r\n"
                  "\tidentity=mailfrom"),
           "two dots are no atom");
    arena_release(&arena);
    arena_forget_blocks();
    return tap_done();
}
