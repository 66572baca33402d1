#include "report/notify.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/tap.h"
#include "report/alarm_mail.h"
#include "report/syslog.h"
#include "report/webhook.h"

static struct arena arena;

static const char notice[] =
    "{\"alarm\":\"0123456789abcdefghij\",\"notice\":2,\"why\":\"again\",\"about\":"
    "\"threat\","
    "\"threat\":\"bomb\",\"severity\":4,\"time\":1795322531000,\"first\":1795318800000,"
    "\"since\":1795318931000,\"seen\":1795318801000,\"count\":20,\"more\":17,"
    "\"message\":\"m0123456789abcdefghi\",\"door\":\"transfer\",\"client\":\"192.0.2.7\","
    "\"helo\":\"evil\\\\\\\"]=\\u001b[31m\",\"from\":\"a@b\\r\\nBcc: x@y\","
    "\"to\":[\"user@rcpt.example\"],\"to_more\":3,"
    "\"excerpt\":\"\\u7206\\u7834\\u3059\\u308b\\u202e\\r\\n.\\r\\nBcc: x@y\","
    "\"mail_id\":\"alarm.x.2.00@mx.example\",\"targets\":[\"syslog:127.0.0.1:514\"]}";

static struct notice_facts
facts_of(const char *json)
{
    struct notice_facts facts;
    struct why why;

    SK_ASSERT(notice_read(&arena, bytes_from_text(json), &facts, &why) == SK_OK);
    return facts;
}

static bool
holds(struct bytes text, const char *what)
{
    return bytes_find(text, bytes_from_text(what), 0) != BYTES_NOWHERE;
}

static bool
harmless(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if ((text.at[i] < ' ' && text.at[i] != '\n') || text.at[i] == 0x7f) {
            return false;
        }
    }
    return !holds(text, "\xe2\x80\xae");
}

static void
test_words(void)
{
    struct notice_facts f = facts_of(notice);
    struct writer w;

    writer_init(&w, &arena);
    notice_words(&w, &f, true);
    struct bytes ja = writer_view(&w);
    tap_ok(bytes_starts(ja, bytes_from_text("まず110番に電話してください。\n")),
           "110 first, in Japanese");
    tap_ok(holds(ja, "爆破予告の疑い（重大度 4／5）") && holds(ja, "17通、全部で20通") &&
               holds(ja, "sekisho explain m0123456789abcdefghi") &&
               holds(ja, "人ではありません"),
           "what, how many, how to open it, and what it does not prove");
    tap_ok(harmless(ja) && !holds(ja, "\nBcc"), "hostile words stay in their lines");
    writer_init(&w, &arena);
    notice_words(&w, &f, false);
    struct bytes en = writer_view(&w);
    tap_ok(bytes_starts(en, BYTES("First telephone 110.\n")) &&
               holds(en, "17 more since 2026-11-22 12:42 JST") &&
               holds(en, "2026-11-22 12:40:01 JST (2026-11-22 03:40:01 UTC)") &&
               holds(en, "and 3 more") && holds(en, "not a person"),
           "the same in English, with both clocks");
    f.target = BYTES("若葉市役所\r\nBcc: x");
    f.when = BYTES("明日の15時34分");
    f.threat_from_ms = 1795329240000;
    f.threat_to_ms = f.threat_from_ms + 60000;
    writer_init(&w, &arena);
    notice_words(&w, &f, true);
    tap_ok(
        holds(writer_view(&w), "予告の相手: 「若葉市役所") &&
            holds(writer_view(&w), "（2026-11-22 15:34 から 2026-11-22 15:35 日本時間") &&
            harmless(writer_view(&w)) && !holds(writer_view(&w), "\nBcc"),
        "whom it names, and when that is");
    f.threat = BYTES("suicide");
    writer_init(&w, &arena);
    notice_words(&w, &f, true);
    notice_words(&w, &f, false);
    tap_ok(
        bytes_starts(writer_view(&w), bytes_from_text("まず110番に電話してください。")) &&
            holds(writer_view(&w), "いのちの電話") &&
            holds(writer_view(&w), "よりそいホットライン") &&
            holds(writer_view(&w), "Inochi no Denwa"),
        "a notice of suicide: 110, and the help lines");
    f.about = BYTES("test");
    writer_init(&w, &arena);
    notice_words(&w, &f, true);
    notice_words(&w, &f, false);
    tap_ok(!holds(writer_view(&w), "110") && holds(writer_view(&w), "試験"),
           "a test does not send anyone to the telephone");
    for (int i = 0; i < 4; i++) {
        static const char *const about[] = {"crash", "many", "threat", "nonsense"};
        f.about = bytes_from_text(about[i]);
        f.threat = i == 2 ? BYTES("new kind") : f.threat;
        f.why = BYTES("escalated");
        writer_init(&w, &arena);
        notice_title(&w, &f, true);
        notice_title(&w, &f, false);
        notice_words(&w, &f, true);
        notice_words(&w, &f, false);
        tap_ok(harmless(writer_view(&w)) && holds(writer_view(&w), "NOT ACKNOWLEDGED"),
               "there are words for %s", about[i]);
    }
    struct notice_facts none;
    struct why why;
    tap_ok(notice_read(&arena, BYTES("{"), &none, &why) == SK_BAD &&
               notice_read(&arena, BYTES("[]"), &none, &why) == SK_BAD &&
               notice_read(&arena, BYTES("{\"alarm\":\"x\"}"), &none, &why) == SK_BAD,
           "what is no notice");
}

static void
test_mail(void)
{
    struct notice_facts f = facts_of(notice);
    struct bytes mail = alarm_mail_write(&arena, &f, BYTES("alarm@mx.example"),
                                         BYTES("ops@x.example"), 1795322531);
    size_t end = bytes_find(mail, BYTES("\r\n\r\n"), 0);
    struct bytes head = bytes_slice(mail, 0, end), line, rest = mail, body;
    bool short_lines = true, ascii = true;

    tap_ok(holds(head, "Auto-Submitted: auto-generated\r\n") &&
               holds(head, "From: Sekisho <alarm@mx.example>\r\nTo: <ops@x.example>\r\n") &&
               holds(head, "Message-ID: <alarm.x.2.00@mx.example>\r\n"),
           "its fields are ours");
    while (bytes_line(&rest, &line)) {
        short_lines = short_lines && line.size <= 78;
    }
    for (size_t i = 0; i < mail.size; i++) {
        ascii = ascii && (mail.at[i] == '\r' || mail.at[i] == '\n' ||
                          (mail.at[i] >= ' ' && mail.at[i] < 0x7f));
    }
    tap_ok(short_lines && ascii && !holds(mail, "Bcc"),
           "short lines of ASCII, nothing injected");
    tap_ok(bytes_from_base64(&arena, bytes_from(mail, end + 4), &body) &&
               bytes_starts(body, bytes_from_text("まず110番")) &&
               holds(body, "First telephone 110"),
           "the words are in it, Japanese first");
}

static void
test_syslog(void)
{
    struct notice_facts f = facts_of(notice);
    struct bytes line = syslog_line(&arena, &f, BYTES("mx.example"));

    tap_ok(
        bytes_starts(line, BYTES("<129>1 2026-11-22T04:42:11Z mx.example sekisho - ALARM "
                                 "[alarm@32473 id=\"0123456789abcdefghij\" notice=\"2\"")),
        "RFC 5424's form");
    tap_ok(harmless(line) && !holds(line, "\n") && holds(line, "a@b\\\\x0d\\\\x0aBcc: x@y"),
           "a value cannot leave its quotes or the line");
    tap_ok(holds(line, "] \xef\xbb\xbf") && holds(line, "110番") &&
               line.size <= SYSLOG_LINE_MAX,
           "the text is UTF-8, and so says");
    f.about = BYTES("test");
    line = syslog_line(&arena, &f, BYTES("a b"));
    tap_ok(bytes_starts(line, BYTES("<133>1 2026-11-22T04:42:11Z - sekisho ")) &&
               !holds(line, "110番"),
           "a test is a notice; a name with a blank is none");
    struct alarm_target target = {0};
    struct why why;
    int fd = -1;
    SK_ASSERT(net_endpoint_read(BYTES("unix:/nonexistent/log"), &target.endpoint, &why) ==
              SK_OK);
    tap_ok(syslog_send(&target, line, &fd, &why) == SK_SYSTEM && fd == -1,
           "nobody listens");
}

static void
test_webhook(void)
{
    struct notice_facts f = facts_of(notice);
    struct alarm_target target = {0};
    struct bytes body = webhook_body(&arena, &f), secret;
    struct why why;

    tap_ok(
        bytes_starts(
            body,
            BYTES("{\"type\":\"sekisho.alarm\",\"timestamp\":\"2026-11-22T04:42:11Z\"")) &&
            !holds(body, "\x1b") && !holds(body, "\xe2\x80\xae") && !holds(body, "<"),
        "the body is JSON that stays text");
    SK_ASSERT(alarm_url_read(BYTES("https://[::1]:8443/a?b"), &target));
    /* The example of the Standard Webhooks specification. */
    SK_ASSERT(webhook_secret_read(&arena, BYTES("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD\n"),
                                  &secret, &why) == SK_OK);
    struct bytes example = BYTES("{\"event_type\":\"ping\",\"data\":{\"success\":true}}");
    uint8_t digest[HASH_SHA256_SIZE];
    struct bytes pieces[] = {BYTES("msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330."), example};
    hash_hmac_sha256(secret, pieces, 2, digest);
    struct bytes request =
        webhook_request(&arena, &target, BYTES("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330,
                        secret, example);
    struct writer w;
    writer_init(&w, &arena);
    writer_text(
        &w, "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\nwebhook-timestamp: 1614265330\r\n"
            "webhook-signature: v1,");
    writer_bytes(&w, bytes_base64(&arena, bytes_of(digest, sizeof digest)));
    writer_text(&w, "\r\n\r\n{");
    tap_ok(bytes_starts(request, BYTES("POST /a?b HTTP/1.1\r\nHost: [::1]:8443\r\n")) &&
               bytes_find(request, writer_view(&w), 0) != BYTES_NOWHERE,
           "the request is signed");
    static const struct {
        const char *text;
        bool good;
    } secrets[] = {
        {"12345678901234567890123", false},
        {"123456789012345678901234", true},
        {"whsec_@@@", false},
        {"whsec_MTIz", false},
        {"", false},
        {"1234567890123456789012345678901234567890123456789012345678901234", true},
        {"12345678901234567890123456789012345678901234567890123456789012345", false},
    };
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        tap_ok((webhook_secret_read(&arena, bytes_from_text(secrets[i].text), &secret,
                                    &why) == SK_OK) == secrets[i].good,
               "secret %zu", i);
    }
}

int
main(void)
{
    arena_init(&arena, (size_t)64 << 20);
    test_words();
    test_mail();
    test_syslog();
    test_webhook();
    tap_ok(notify_wait_ms(1) == 1000 && notify_wait_ms(2) == 2000 &&
               notify_wait_ms(5) == 16000 && notify_wait_ms(9) == 256000 &&
               notify_wait_ms(10) == 300000 && notify_wait_ms(1000000) == 300000,
           "tries come after 1, 2, 4, ... up to 300 seconds");
    arena_release(&arena);
    return tap_done();
}
