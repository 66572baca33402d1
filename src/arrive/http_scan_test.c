#include "arrive/http_scan.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

static enum sk_code
envelope(const char *head, struct arrival *a, struct why *why)
{
    struct http_request r;
    size_t used;

    *a = (struct arrival){0};
    SK_ASSERT(http_request_read(&arena, bytes_from_text(head), &r, &used) == SK_OK);
    return http_scan_envelope(&arena, &r, a, why);
}

static void
test_fields(void)
{
    struct arrival a;
    struct why why;

    tap_ok(envelope("POST /checkv2?Queue-ID=x%201&rcpt=q%40x.jp HTTP/1.1\r\nIp: "
                    "192.0.2.9\r\nhelo: me\r\nHostname: unknown\r\nFrom: <a@b.example>\r\n"
                    "Rcpt: <c@d.example>, \"e,f\"@g.example ,,h@i\r\nRcpt: j@k\r\nUser: "
                    "bob\r\nSPF: [object Object]\r\nDeliver-To: z@z\r\n\r\n",
                    &a, &why) == SK_OK,
           "a full envelope");
    struct writer w;
    writer_init(&w, &arena);
    net_address_write(&w, &a.client);
    tap_ok(bytes_is(writer_view(&w), "192.0.2.9") && bytes_is(a.helo, "me") &&
               a.client_name.size == 0 && bytes_is(a.mail_from, "a@b.example") &&
               bytes_is(a.user, "bob") && bytes_is(a.queue_id, "x 1"),
           "its fields");
    tap_ok(a.recipient_count == 5 && bytes_is(a.recipients[0].address, "c@d.example") &&
               bytes_is(a.recipients[1].address, "\"e,f\"@g.example") &&
               bytes_is(a.recipients[2].address, "h@i") &&
               bytes_is(a.recipients[3].address, "j@k") &&
               bytes_is(a.recipients[4].address, "q@x.jp"),
           "its recipients");
    tap_ok(envelope("POST / HTTP/1.1\r\nFrom: <>\r\nDeliver-To: z@z\r\n\r\n", &a, &why) ==
                   SK_OK &&
               a.mail_from.size == 0 && a.recipient_count == 1 &&
               bytes_is(a.recipients[0].address, "z@z"),
           "Deliver-To stands in for Rcpt");
    static const char *const bad[] = {"IP: 300.1.1.1", "File: /etc/passwd",
                                      "Path: /etc/passwd", "shm: x"};
    char head[200];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(head, sizeof head, "POST / HTTP/1.1\r\n%s\r\n\r\n", bad[i]);
        tap_ok(envelope(head, &a, &why) == SK_BAD, "refused: %s (%s)", bad[i],
               why.sentence);
    }
    static const char *const arguments[] = {
        "rcpt=a%0d%0ab", "helo=a%00", "from=%0a", "a=%4", "file=/etc/passwd", "%46ile=x"};
    for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++) {
        snprintf(head, sizeof head, "POST /?%s HTTP/1.1\r\n\r\n", arguments[i]);
        tap_ok(envelope(head, &a, &why) == SK_BAD, "refused: ?%s", arguments[i]);
    }
}

static void
test_limits(void)
{
    struct arrival a;
    struct why why;
    struct writer w;

    for (int over = 0; over < 2; over++) {
        writer_init(&w, &arena);
        writer_text(&w, "POST / HTTP/1.1\r\nRcpt: ");
        for (int i = 0; i < LIMIT_SMTP_RECIPIENTS + over; i++) {
            writer_format(&w, "u%d@x,", i);
        }
        writer_text(&w, "\r\n\r\n");
        tap_ok(envelope(writer_c(&w), &a, &why) == (over ? SK_BAD : SK_OK),
               "recipients %s the bound", over ? "past" : "at");
        writer_clear(&w);
        writer_text(&w, "POST / HTTP/1.1\r\nRcpt: ");
        for (int i = 0; i < LIMIT_ADDRESS + over; i++) {
            writer_byte(&w, 'a');
        }
        writer_text(&w, "\r\n\r\n");
        tap_ok(envelope(writer_c(&w), &a, &why) == (over ? SK_BAD : SK_OK),
               "an address %s the bound", over ? "past" : "at");
    }
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 28);
    test_fields();
    test_limits();
    arena_release(&arena);
    return tap_done();
}
