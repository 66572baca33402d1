#include "parse/feedback.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;
static struct feedback f;

#define HEAD                                                                               \
    "From: a@example.com\r\nContent-Type: multipart/report; "                              \
    "report-type=feedback-report; boundary=b\r\n\r\n--b\r\n\r\nwords\r\n--b\r\n"           \
    "Content-Type: message/feedback-report\r\n\r\n"

static bool
report(const char *fields, const char *rest)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, HEAD);
    writer_text(&w, fields);
    writer_text(&w, rest);
    return feedback_read(&arena, letter_read(&arena, writer_view(&w)), &f);
}

static void
test_fields(void)
{
    tap_ok(report("Feedback-Type: abuse\r\nUser-Agent: Gen/1.0\r\nVersion: 1\r\n"
                  "Original-Mail-From: <s@example.net>\r\n"
                  "Original-Rcpt-To: <a@example.com>\r\nOriginal-Rcpt-To: b@example.com\r\n"
                  "Arrival-Date: Thu, 8 Mar 2005 14:00:00 -0400\r\nIncidents: 12\r\n"
                  "Source-IP: 192.0.2.1\r\nSource-Port: 587\r\n"
                  "Reporting-MTA: dns; mail.example.com\r\n"
                  "Authentication-Results: mail.example.com;\r\n spf=fail\r\n",
                  "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: "
                  "x\r\n\r\nbody\r\n--b--\r\n"),
           "a report");
    tap_ok(bytes_is(f.feedback_type, "abuse") && bytes_is(f.user_agent, "Gen/1.0") &&
               bytes_is(f.version, "1"),
           "what is required");
    tap_ok(bytes_is(f.original_mail_from, "s@example.net") &&
               f.original_rcpt_to.count == 2 &&
               bytes_is(f.original_rcpt_to.items[1], "b@example.com"),
           "addresses, without brackets");
    tap_ok(f.has_arrival_date && f.arrival_date == 1110304800 && f.incidents == 12 &&
               f.source_port == 587 && bytes_is(f.source_ip, "192.0.2.1"),
           "figures");
    tap_ok(bytes_is(f.reporting_mta, "mail.example.com"), "a name without its kind");
    tap_ok(f.authentication_results.count == 1 &&
               bytes_is(f.authentication_results.items[0], "mail.example.com; spf=fail"),
           "a folded field");
    tap_ok(bytes_is(f.message, "Subject: x\r\n\r\nbody") && f.headers.size == 0,
           "the message");
    tap_ok(
        report(
            "Feedback-Type: auth-failure\r\nAuth-Failure: bodyhash\r\n"
            "Received-Date: Thu, 8 Mar 2005 14:00:00 -0400\r\nDKIM-Domain: example.net\r\n",
            "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: y\r\n--b--\r\n") &&
            bytes_is(f.auth_failure, "bodyhash") &&
            bytes_is(f.dkim_domain, "example.net") && f.has_arrival_date &&
            bytes_is(f.headers, "Subject: y") && f.message.size == 0,
        "a failure, with the header alone and the older date");
}

static void
test_bad(void)
{
    struct writer w;

    tap_ok(report("", "--b--\r\n") && f.incidents == 1 && f.feedback_type.size == 0 &&
               f.message.size == 0,
           "an empty report");
    tap_ok(report("Incidents: many\r\nSource-Port: 65536\r\nArrival-Date: soon\r\n", "") &&
               f.incidents == 1 && f.source_port == 0 && !f.has_arrival_date,
           "what is no figure is left out");
    tap_ok(
        !feedback_read(&arena, letter_read(&arena, BYTES("Subject: x\r\n\r\nhi\r\n")), &f),
        "no report");
    writer_init(&w, &arena);
    for (int i = 0; i < LIMIT_FEEDBACK_LIST; i++) {
        writer_text(&w, "Reported-URI: http://example.net/\r\n");
    }
    tap_ok(report(writer_c(&w), "") && f.reported_uri.count == LIMIT_FEEDBACK_LIST,
           "at the bound of a list");
    writer_text(&w, "Reported-URI: http://example.net/last\r\n");
    tap_ok(report(writer_c(&w), "") && f.reported_uri.count == LIMIT_FEEDBACK_LIST,
           "one past it: left out");
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 28);
    test_fields();
    test_bad();
    arena_release(&arena);
    return tap_done();
}
