/* Failure reports: what they say, and what they must not. */
#include "report/dmarc_failure.h"

#include <stdio.h>

#include "base/tap.h"

static struct arena arena;

static const char wanted[] =
    "From: <dmarc@own.example>\r\n"
    "Subject: DMARC failure report about d.example\r\n"
    "Date: Mon, 21 Sep 2026 14:13:20 +0000\r\n"
    "Message-ID: <%s.failure@mx.own.example>\r\n"
    "Auto-Submitted: auto-generated\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/report; report-type=feedback-report;\r\n"
    " boundary=\"=_dmarc_failure\"\r\n"
    "\r\n"
    "--=_dmarc_failure\r\n"
    "Content-Type: text/plain; charset=us-ascii\r\n"
    "\r\n"
    "A message in the name of this domain failed DMARC. Local parts of\r\n"
    "addresses are replaced by a hash (RFC 6590).\r\n"
    "\r\n"
    "--=_dmarc_failure\r\n"
    "Content-Type: message/feedback-report\r\n"
    "\r\n"
    "Feedback-Type: auth-failure\r\n"
    "Version: 1\r\n"
    "User-Agent: Sekisho\r\n"
    "Auth-Failure: dmarc\r\n"
    "Delivery-Result: reject\r\n"
    "Identity-Alignment: none\r\n"
    "Reported-Domain: d.example\r\n"
    "Source-IP: 192.0.2.1\r\n"
    "Original-Mail-From: <%s@x.example>\r\n"
    "Arrival-Date: Mon, 21 Sep 2026 14:13:20 +0000\r\n"
    "Authentication-Results: mx.own.example;\r\n"
    " dmarc=fail header.from=d.example;\r\n"
    " spf=fail smtp.mailfrom=x.example;\r\n"
    " dkim=fail header.d=d.example header.s=s1\r\n"
    "DKIM-Domain: d.example\r\n"
    "DKIM-Selector: s1\r\n"
    "\r\n"
    "--=_dmarc_failure\r\n"
    "Content-Type: text/rfc822-headers\r\n"
    "\r\n"
    "From: <%s@d.example>\r\n"
    "Date: Mon, 21 Sep 2026 14:13:20 +0000\r\n"
    "Message-ID: <%s@d.example>\r\n"
    "\r\n"
    "--=_dmarc_failure--\r\n";

static const struct dmarc_failure_dkim dkim = {BYTES("d.example"), BYTES("s1"),
                                               BYTES("fail")};
static const struct dmarc_failure plain = {
    .reporter = BYTES("mx.own.example"),
    .from = BYTES("dmarc@own.example"),
    .domain = BYTES("d.example"),
    .source_ip = BYTES("192.0.2.1"),
    .mail_from = BYTES("taro@x.example"),
    .arrival_s = 1790000000,
    .header_from = BYTES("hanako@d.example"),
    .message_id = BYTES("secret.7@d.example"),
    .has_date = true,
    .date_s = 1790000000,
    .spf_domain = BYTES("x.example"),
    .spf_result = BYTES("fail"),
    .dkim = &dkim,
    .dkim_count = 1,
    .dmarc_result = BYTES("fail"),
    .policy = BYTES("reject"),
    .action = BYTES("refuse"),
    .generator = BYTES("Sekisho"),
    .key = BYTES("0123456789abcdef0123456789abcdef"),
    .id = BYTES("ABC"),
};

static const char *
hash(const char *local)
{
    return bytes_text(&arena, dmarc_redact(&arena, plain.key, bytes_from_text(local)));
}

static bool
holds(struct bytes text, const char *what)
{
    return bytes_find(text, bytes_from_text(what), 0) != BYTES_NOWHERE;
}

/* Of a message that failed DMARC; bits: a signature failed, SPF failed. */
static void
test_wanted(void)
{
    static const struct {
        const char *fo;
        const char *wanted; /* for neither, DKIM, SPF, both */
    } cases[] = {{"", "yyyy"},  {"0", "yyyy"},   {"1", "yyyy"},     {"d", "nyny"},
                 {"s", "nnyy"}, {"d:s", "nyyy"}, {"S : D", "nyyy"}, {"d:0", "yyyy"},
                 {"x", "yyyy"}, {"x:d", "nyny"}, {":", "yyyy"},     {"10", "yyyy"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (unsigned k = 0; k < 4; k++) {
            bool is = dmarc_failure_wanted(bytes_from_text(cases[i].fo), (k & 1) != 0,
                                           (k & 2) != 0);
            tap_ok(is == (cases[i].wanted[k] == 'y'), "fo=%s%s%s: %s", cases[i].fo,
                   (k & 1) != 0 ? ", a signature failed" : "",
                   (k & 2) != 0 ? ", SPF failed" : "", is ? "reported" : "not");
        }
    }
}

int
main(void)
{
    char text[4096];

    arena_init(&arena, (size_t)16 << 20);
    struct bytes raw = dmarc_failure_write(&arena, &plain, 1790000000);
    snprintf(text, sizeof text, wanted, hash("ABC"), hash("taro"), hash("hanako"),
             hash("secret.7"));
    if (!tap_ok(bytes_is(raw, text), "a failure report, byte by byte")) {
        printf("%.*s", BYTES_ARGUMENTS(raw));
    }
    tap_ok(!holds(raw, "taro") && !holds(raw, "hanako") && !holds(raw, "secret") &&
               !holds(raw, "ABC"),
           "no local part stands in a failure report");
    tap_ok(bytes_equal(dmarc_redact(&arena, plain.key, BYTES("a@b.example")),
                       dmarc_redact(&arena, plain.key, BYTES("a@b.example"))) &&
               !bytes_equal(dmarc_redact(&arena, BYTES("other"), BYTES("a@b.example")),
                            dmarc_redact(&arena, plain.key, BYTES("a@b.example"))) &&
               dmarc_redact(&arena, plain.key, BYTES("")).size == 0,
           "the same person is the same hash, under another key another; nobody is nobody");
    struct dmarc_failure hostile = plain;
    hostile.domain = BYTES("d.example\r\nBcc: <a@b.example>");
    hostile.mail_from = BYTES("a@x.example>\r\nX: y");
    hostile.spf_domain = BYTES("x; dmarc=pass (");
    hostile.header_from = BYTES("d.example");
    hostile.message_id = BYTES_NONE;
    hostile.has_date = false;
    raw = dmarc_failure_write(&arena, &hostile, 1790000000);
    tap_ok(!holds(raw, "\r\nBcc:") && !holds(raw, "\r\nX:") &&
               !holds(raw, "; dmarc=pass") && holds(raw, "smtp.mailfrom=x??dmarc=pass??;"),
           "hostile values are one word each: no field and no result can be put in");
    tap_ok(holds(raw, "From: <redacted@d.example>\r\n\r\n--") &&
               !holds(raw, "Message-ID: <>"),
           "where nothing of the header may be used, From has its domain alone");
    struct dmarc_failure sent = plain;
    sent.to = BYTES("ruf@d.example");
    tap_ok(holds(dmarc_failure_write(&arena, &sent, 1790000000),
                 "From: <dmarc@own.example>\r\nTo: <ruf@d.example>\r\nSubject: "),
           "one that is sent has its recipient");
    test_wanted();
    arena_release(&arena);
    return tap_done();
}
