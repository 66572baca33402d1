#include "parse/received.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;
static struct received r;

static void
read_text(const char *text)
{
    received_read(&arena, bytes_from_text(text), &r);
}

static void
test_postfix(void)
{
    read_text("from a.example (b.example [192.0.2.1])\r\n\t(using TLSv1.3 with cipher "
              "TLS_AES_256_GCM_SHA384 (256/256 "
              "bits))\r\n\t(Authenticated sender: me@b.example)\r\n\tby mx.example "
              "(Postfix) with ESMTPSA id "
              "4ABC\r\n\tfor <you@example.jp>; Sun, 22 Nov 2026 11:00:00 +0900 (JST)");
    tap_ok(bytes_is(r.from, "a.example") && bytes_is(r.from_rdns, "b.example") &&
               bytes_is(r.from_ip, "192.0.2.1"),
           "from");
    tap_ok(bytes_is(r.tls_version, "TLSv1.3") &&
               bytes_is(r.tls_cipher, "TLS_AES_256_GCM_SHA384"),
           "TLS");
    tap_ok(bytes_is(r.auth, "me@b.example"), "login");
    tap_ok(bytes_is(r.by, "mx.example") && bytes_is(r.with, "ESMTPSA") &&
               bytes_is(r.id, "4ABC"),
           "by, with, id");
    tap_ok(bytes_is(r.for_, "you@example.jp"), "for");
    tap_ok(r.has_date && r.date_is_standard && r.date_zone_minutes == 540, "date");
}

static void
test_others(void)
{
    read_text(
        "from unknown (HELO me) (u@192.0.2.7) by x with SMTP; 1 Nov 2003 07:05:19 -0000");
    tap_ok(bytes_is(r.helo, "me") && bytes_is(r.from_ip, "192.0.2.7") &&
               bytes_is(r.ident, "u"),
           "qmail");
    read_text("from [192.0.2.9] (helo=h ident=i) by x with smtp (Exim 4) id 1-2-3");
    tap_ok(bytes_is(r.from_ip, "192.0.2.9") && bytes_is(r.helo, "h") &&
               bytes_is(r.ident, "i") && !r.has_date,
           "Exim");
    read_text("from x ([IPv6:2001:db8::1]) by y with ESMTPS (TLS1.3:AES:256) id z; x");
    tap_ok(bytes_is(r.from_ip, "2001:db8::1") && bytes_is(r.tls_version, "TLS1.3") &&
               bytes_is(r.tls_cipher, "AES"),
           "IPv6");
    tap_ok(!r.has_date && bytes_is(r.date_text, "x"), "no date");
    read_text("from x by y (envelope-from <a@b>) with Microsoft SMTP Server id 9");
    tap_ok(bytes_is(r.envelope_from, "a@b") && bytes_is(r.with, "Microsoft SMTP Server"),
           "envelope and words");
    read_text("(qmail 1 invoked from network); 13 Feb 2003 20:59:28 -0000");
    tap_ok(bytes_is(r.from, "network") && r.has_date, "invoked from");
    read_text("by y with HTTP; 13 Feb 2003 20:59:28 -0000");
    tap_ok(r.from.size == 0 && r.from_ip.size == 0 && bytes_is(r.with, "HTTP"), "no from");
    read_text("");
    tap_ok(r.from.size == 0 && r.by.size == 0 && !r.has_date, "nothing");
    received_read(&arena, BYTES("from \0 (\0[\0) by \0;\0"), &r);
    tap_ok(!r.has_date, "NULs");
}

static void
test_floods(void)
{
    static const char *const pieces[] = {"(",  "()",    "from ",   "[",        "([",
                                         "<",  "; ",    "by (a [", "id xfor ", "(from ",
                                         "\"", "helo ", "AUTH: ",  ")"};

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        for (int open = 0; open < 2; open++) {
            struct writer w;
            writer_init(&w, &arena);
            writer_text(&w, open ? "from x (" : "from ");
            while (w.size < LIMIT_HEADER_FIELD) {
                writer_text(&w, pieces[i]);
            }
            writer_text(&w, open ? ")" : "");
            received_read(&arena, writer_view(&w), &r);
            tap_ok(!r.has_date, "a flood of piece %zu, %d", i, open);
        }
    }
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    test_postfix();
    test_others();
    test_floods();
    arena_release(&arena);
    return tap_done();
}
