/* From records to reports, byte by byte. */
#include "report/dmarc_gather.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "report/dmarc_mail.h"

#define BEGIN 1790000000
#define END   (BEGIN + 86400)

static struct arena arena;
static const struct bytes mailboxes[] = {BYTES("rua@own.example")};
static const struct dmarc_settings settings = {.from = BYTES("dmarc@own.example"),
                                               .submitter = BYTES("own.example"),
                                               .org_name = BYTES("Own"),
                                               .generator = BYTES("Sekisho"),
                                               .mailboxes = mailboxes,
                                               .mailbox_count = 1};

/* A message as the worker records it; what is not given is that of mail that passes. */
struct scene {
    const char *client, *from, *to, *ground, *action, *header_from, *policy, *result,
        *aligned, *published, *dkim, *speaker, *user;
    int64_t time_s;
};
static const struct scene passes = {
    .client = "192.0.2.1",
    .from = "a@d.example",
    .to = "user@own.example",
    .ground = "house_rule",
    .action = "accept",
    .header_from = "d.example",
    .policy = "reject",
    .result = "pass",
    .aligned = "\"spf_aligned\":true,\"dkim_aligned\":false",
    .published = "{\"p\":\"reject\",\"rua\":\"mailto:r@d.example\"}",
    .dkim = "",
    .speaker = "",
    .user = "",
    .time_s = BEGIN,
};

static struct bytes
record_of(const struct scene *s)
{
    struct writer w;
    const char *at = strchr(s->from, '@');

    writer_init(&w, &arena);
    writer_format(
        &w,
        "{\"v\":1,\"kind\":\"message\",\"id\":\"x\",\"time\":%lld,\"door\":\"transfer\","
        "\"action\":\"%s\",\"client\":\"%s\",%s\"from\":\"%s\",\"to\":[\"%s\"],",
        (long long)s->time_s * 1000, s->action, s->client, s->user, s->from, s->to);
    writer_format(
        &w,
        "\"recipients\":[{\"families\":{\"source\":\"lawful_act\",\"dmarc\":\"%s\"}}],"
        "\"origin\":{\"source\":\"%s\",\"spf\":{\"result\":\"pass\",\"identity\":"
        "\"mailfrom\",\"domain\":\"%s\"},\"dkim\":[%s],",
        s->ground, s->client, at != NULL ? at + 1 : "", s->dkim);
    writer_format(
        &w,
        "\"arc\":{\"result\":\"pass\",\"speaker\":\"%s\"},\"dmarc\":{\"result\":\"%s\","
        "\"from_domain\":\"%s\",\"policy\":\"%s\",\"policy_domain\":\"D.example\","
        "\"organizational_domain\":\"d.example\",%s,\"published\":%s}}}",
        s->speaker, s->result, s->header_from, s->policy, s->aligned, s->published);
    return writer_view(&w);
}

static struct dmarc_gather *
gather(void)
{
    return dmarc_gather_new(&arena, &settings, BEGIN, END);
}

static const struct dmarc_row *
row_of(const struct scene *s)
{
    static const struct dmarc_row none;
    struct dmarc_gather *g = gather();

    dmarc_gather_take(g, record_of(s));
    return dmarc_gather_count(g) == 1 && dmarc_gather_seen(g, 0)->row_count == 1
               ? dmarc_gather_seen(g, 0)->rows[0]
               : &none;
}

static size_t
counted(const struct scene *s)
{
    struct dmarc_gather *g = gather();

    dmarc_gather_take(g, record_of(s));
    return dmarc_gather_count(g);
}

static const char wanted[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">\n"
    "  <version>1.0</version>\n"
    "  <report_metadata>\n"
    "    <org_name>Own</org_name>\n"
    "    <email>dmarc@own.example</email>\n"
    "    <report_id>1790000000.1790086400.d.example@own.example</report_id>\n"
    "    <date_range>\n"
    "      <begin>1790000000</begin>\n"
    "      <end>1790086400</end>\n"
    "    </date_range>\n"
    "    <generator>Sekisho</generator>\n"
    "  </report_metadata>\n"
    "  <policy_published>\n"
    "    <domain>d.example</domain>\n"
    "    <discovery_method>treewalk</discovery_method>\n"
    "    <p>reject</p>\n"
    "    <fo>0</fo>\n"
    "    <adkim>r</adkim>\n"
    "    <aspf>r</aspf>\n"
    "    <testing>n</testing>\n"
    "  </policy_published>\n"
    "  <record>\n"
    "    <row>\n"
    "      <source_ip>192.0.2.1</source_ip>\n"
    "      <count>2</count>\n"
    "      <policy_evaluated>\n"
    "        <disposition>pass</disposition>\n"
    "        <dkim>fail</dkim>\n"
    "        <spf>pass</spf>\n"
    "      </policy_evaluated>\n"
    "    </row>\n"
    "    <identifiers>\n"
    "      <header_from>d.example</header_from>\n"
    "      <envelope_from>d.example</envelope_from>\n"
    "    </identifiers>\n"
    "    <auth_results>\n"
    "      <spf>\n"
    "        <domain>d.example</domain>\n"
    "        <scope>mfrom</scope>\n"
    "        <result>pass</result>\n"
    "      </spf>\n"
    "    </auth_results>\n"
    "  </record>\n"
    "  <record>\n"
    "    <row>\n"
    "      <source_ip>2001:db8::2</source_ip>\n"
    "      <count>1</count>\n"
    "      <policy_evaluated>\n"
    "        <disposition>quarantine</disposition>\n"
    "        <dkim>fail</dkim>\n"
    "        <spf>fail</spf>\n"
    "        <reason>\n"
    "          <type>local_policy</type>\n"
    "        </reason>\n"
    "      </policy_evaluated>\n"
    "    </row>\n"
    "    <identifiers>\n"
    "      <header_from>sub.d.example</header_from>\n"
    "      <envelope_from>x.example</envelope_from>\n"
    "    </identifiers>\n"
    "    <auth_results>\n"
    "      <dkim>\n"
    "        <domain>a&lt;b.example</domain>\n"
    "        <selector>s1</selector>\n"
    "        <result>pass</result>\n"
    "      </dkim>\n"
    "      <dkim>\n"
    "        <domain>d.example</domain>\n"
    "        <selector>s2</selector>\n"
    "        <result>fail</result>\n"
    "        <human_result>body hash</human_result>\n"
    "      </dkim>\n"
    "      <spf>\n"
    "        <domain>x.example</domain>\n"
    "        <scope>mfrom</scope>\n"
    "        <result>pass</result>\n"
    "      </spf>\n"
    "    </auth_results>\n"
    "  </record>\n"
    "</feedback>\n";

static void
test_exact(void)
{
    struct dmarc_gather *g = gather();
    struct dmarc_report report;
    struct scene held = passes;

    held.client = "2001:db8::2";
    held.from = "a@x.example";
    held.header_from = "sub.d.example";
    held.result = "fail";
    held.action = "hold";
    held.aligned = "\"spf_aligned\":false,\"dkim_aligned\":false";
    held.dkim =
        "{\"result\":\"fail\",\"d\":\"d.example\",\"s\":\"s2\",\"reason\":\"body hash\"},"
        "{\"result\":\"permerror\"},"
        "{\"result\":\"pass\",\"d\":\"a<b.example\",\"s\":\"s1\"}";
    dmarc_gather_take(g, record_of(&passes));
    dmarc_gather_take(g, record_of(&held));
    dmarc_gather_take(g, record_of(&passes));
    dmarc_gather_report(&arena, g, 0, &report);
    struct bytes xml = dmarc_report_write(&arena, &report);
    if (!tap_ok(dmarc_gather_count(g) == 1 && bytes_is(xml, wanted),
                "three messages make a report of two rows, byte by byte")) {
        printf("%.*s", BYTES_ARGUMENTS(xml));
    }
    tap_ok(bytes_find(xml, BYTES("<version>1.0</version>"), 0) != BYTES_NOWHERE &&
               bytes_find(xml, BYTES("<scope>mfrom</scope>"), 0) != BYTES_NOWHERE &&
               bytes_find(xml, BYTES("<envelope_from>"), 0) != BYTES_NOWHERE &&
               bytes_find(xml, BYTES("<fo>0</fo>"), 0) != BYTES_NOWHERE,
           "OpenDMARC 52: version, scope, envelope_from and fo are in our reports");
    tap_ok(report.row_count == 2 && report.rows[0].count == 2,
           "OpenDMARC: equal messages are one row with a count, not a row each");
    const struct dmarc_seen *seen = dmarc_gather_seen(g, 0);
    tap_ok(seen->messages == 3 && seen->passed == 2 && seen->unwanted == 0,
           "and its counts");
}

static void
disposes(const char *policy, const char *action, bool test, const char *speaker,
         const char *disposition, const char *reason)
{
    struct scene s = passes;

    s.policy = policy;
    s.action = action;
    s.result = "fail";
    s.aligned = "\"spf_aligned\":false,\"dkim_aligned\":false";
    s.speaker = speaker;
    s.published = test ? "{\"p\":\"reject\",\"t\":\"y\",\"rua\":\"mailto:r@d.example\"}"
                       : passes.published;
    const struct dmarc_row *row = row_of(&s);
    tap_ok(bytes_is(row->disposition, disposition) &&
               (reason == NULL
                    ? row->reason_count == 0
                    : row->reason_count == 1 && bytes_is(row->reasons[0].type, reason)),
           "DMARC fails, asked for is %s, done was %s: %s%s%s", policy, action, disposition,
           reason != NULL ? ", " : "", reason != NULL ? reason : "");
}

static void
test_dispositions(void)
{
    disposes("reject", "refuse", false, "", "reject", NULL);
    disposes("reject", "hold", false, "", "quarantine", "local_policy");
    disposes("reject", "accept", false, "", "none", "local_policy");
    disposes("quarantine", "label", false, "", "quarantine", NULL);
    disposes("quarantine", "refuse", false, "", "quarantine", NULL);
    disposes("none", "refuse", false, "", "none", NULL);
    disposes("none", "accept", true, "", "none", "policy_test_mode");
    disposes("reject", "accept", false, "list.example", "none", "trusted_forwarder");
    struct scene s = passes;
    s.action = "refuse";
    tap_ok(bytes_is(row_of(&s)->disposition, "pass"),
           "how we filter is not told: passed and refused as spam is passed");
    s = passes;
    s.policy = "none";
    tap_ok(bytes_is(row_of(&s)->disposition, "none"),
           "passed, and nothing was asked for: none");
}

#define NOT_ALIGNED "\"spf_aligned\":false,\"dkim_aligned\":false"
#define CHAIN       "arc=pass as[1].d=list.example as[1].s=k remote-ip[1]=192.0.2.7"

static bool
is_reason(const struct dmarc_row *row, const char *type, const char *comment)
{
    return bytes_is(row->disposition, "none") && row->reason_count == 1 &&
           bytes_is(row->reasons[0].type, type) &&
           bytes_is(row->reasons[0].comment, comment);
}

/* What trace wrote of a sealer who spoke for the message reaches the report as it is. */
static void
test_overrides(void)
{
    struct scene s = passes;
    struct writer w;

    s.result = "fail";
    s.speaker = "list.example";
    s.aligned = NOT_ALIGNED;
    tap_ok(is_reason(row_of(&s), "trusted_forwarder", "arc=pass by list.example"),
           "a record without a comment names who spoke");
    s.aligned = NOT_ALIGNED
        ",\"override\":\"trusted_forwarder\",\"override_comment\":\"" CHAIN "\"";
    tap_ok(is_reason(row_of(&s), "trusted_forwarder", CHAIN),
           "the chain stands in the comment (RFC 8617 7.2.2)");
    s.action = "refuse";
    tap_ok(is_reason(row_of(&s), "trusted_forwarder", CHAIN),
           "refused all the same, as spam: that is no matter of DMARC, and not told");
    s.action = "accept";
    s.speaker = "";
    s.aligned = NOT_ALIGNED ",\"override\":\"local_policy\",\"override_comment\":\"a<b\"";
    tap_ok(is_reason(row_of(&s), "local_policy", "a<b"), "other types of RFC 9990 too");
    s.aligned = NOT_ALIGNED ",\"override\":\"<x>\"";
    tap_ok(is_reason(row_of(&s), "trusted_forwarder", ""), "and no type that is none");
    s.policy = "none";
    tap_ok(row_of(&s)->reason_count == 0, "nothing was asked for: nothing is overridden");
    s.policy = "reject";
    for (int past = 0; past < 2; past++) {
        writer_init(&w, &arena);
        writer_text(&w, NOT_ALIGNED ",\"override\":\"other\",\"override_comment\":\"");
        for (int i = 0; i < LIMIT_DMARC_REPORT_TEXT + past; i++) {
            writer_byte(&w, 'x');
        }
        writer_byte(&w, '"');
        s.aligned = writer_c(&w);
        tap_ok(row_of(&s)->reasons[0].comment.size == LIMIT_DMARC_REPORT_TEXT,
               "a comment of %d bytes is told, or cut there",
               LIMIT_DMARC_REPORT_TEXT + past);
    }
}

#define BOTH                                                                               \
    "{\"p\":\"reject\",\"fo\":\"1\",\"rua\":\"mailto:r@d.example\",\"ruf\":\"mailto:f@d."  \
    "example\"}"
#define ONLY "{\"p\":\"reject\",\"ruf\":\"mailto:f@d.example\"}"

/* Gathers n of the message; which failure reports that makes. */
static const struct dmarc_seen *
failures_of(enum dmarc_send send, uint64_t cap, const struct scene *s, size_t n)
{
    static const struct dmarc_seen none;
    struct dmarc_settings *with = ARENA_NEW(&arena, struct dmarc_settings);

    *with = settings;
    with->failure_send = send;
    with->failure_cap = cap;
    struct dmarc_gather *g = dmarc_gather_new(&arena, with, BEGIN, END);
    for (size_t i = 0; i < n; i++) {
        dmarc_gather_take(g, record_of(s));
    }
    return dmarc_gather_count(g) == 1 ? dmarc_gather_seen(g, 0) : &none;
}

static size_t
failures(const struct scene *s)
{
    return failures_of(DMARC_SEND_YES, 10, s, 1)->failure_count;
}

static void
test_failures(void)
{
    struct scene s = passes;

    s.result = "fail";
    s.from = "taro@x.example";
    s.aligned = NOT_ALIGNED;
    s.published = BOTH;
    s.action = "refuse";
    s.dkim = "{\"result\":\"fail\",\"d\":\"d.example\",\"s\":\"s1\"}";
    const struct dmarc_seen *seen = failures_of(DMARC_SEND_YES, 10, &s, 1);
    const struct dmarc_failure *f = seen->failures;
    tap_ok(seen->failure_count == 1 && bytes_is(seen->ruf, "mailto:f@d.example") &&
               bytes_is(f->source_ip, "192.0.2.1") &&
               bytes_is(f->header_from, "d.example") &&
               bytes_is(f->mail_from, "taro@x.example") && f->message_id.size == 0 &&
               !f->has_date && f->dkim_count == 1 &&
               bytes_is(f->dkim[0].domain, "d.example") && bytes_is(f->action, "refuse") &&
               f->arrival_s == BEGIN && !f->spf_aligned,
           "a message that failed, where the domain names ruf");
    tap_ok(failures_of(DMARC_SEND_NO, 10, &s, 1)->failure_count == 0 &&
               failures_of(DMARC_SEND_NO, 10, &s, 1)->row_count == 1,
           "none unless it was switched on");
    tap_ok(failures_of(DMARC_SEND_DRY_RUN, 10, &s, 1)->failure_count == 1,
           "a dry run has them too");
    tap_ok(failures_of(DMARC_SEND_YES, 2, &s, 2)->failure_count == 2 &&
               failures_of(DMARC_SEND_YES, 2, &s, 3)->failure_count == 2,
           "no more than failure_cap about one domain");
    s.result = "pass";
    tap_ok(failures(&s) == 0, "mail that passed is not reported, though fo=1");
    s.result = "fail";
    s.speaker = "list.example";
    tap_ok(failures(&s) == 0, "nor what a forwarder whom we trust spoke for");
    s.speaker = "";
    s.ground = "lawful_act";
    tap_ok(failures(&s) == 0, "nor what a recipient did not allow");
    s.ground = "consent";
    tap_ok(failures(&s) == 1, "but what he did");
    s.from = "";
    tap_ok(failures(&s) == 0, "nor a bounce");
    s.from = "taro@x.example";
    s.to = "rua@own.example";
    tap_ok(failures(&s) == 0, "nor a report of others: no reports about reports");
    s.to = passes.to;
    s.published = passes.published;
    tap_ok(failures(&s) == 0, "nor where the domain does not ask");
    s.published = ONLY;
    seen = failures_of(DMARC_SEND_YES, 10, &s, 1);
    tap_ok(seen->failure_count == 1 && seen->row_count == 0 && seen->rua.size == 0,
           "a domain that asks for nothing else has no rows");
    tap_ok(failures_of(DMARC_SEND_NO, 10, &s, 1)->messages == 0,
           "and does not count where they are off");
    s.published = "{\"p\":\"reject\",\"fo\":\"s\",\"ruf\":\"mailto:f@d.example\"}";
    tap_ok(failures(&s) == 0, "fo=s: SPF passed for another domain, so it is not wanted");
}

/* LIMIT_DMARC_FAILURES of all domains together, and one more. */
static void
test_failures_bound(void)
{
    struct dmarc_settings with = settings;
    struct scene s = passes;
    size_t all = 0;

    with.failure_send = DMARC_SEND_YES;
    with.failure_cap = LIMIT_DMARC_FAILURES;
    s.result = "fail";
    s.aligned = NOT_ALIGNED;
    s.published = ONLY;
    struct dmarc_gather *g = dmarc_gather_new(&arena, &with, BEGIN, END);
    struct bytes record = record_of(&s);
    for (size_t i = 0; i < LIMIT_DMARC_FAILURES + 1; i++) {
        dmarc_gather_take(g, record);
        all = dmarc_gather_seen(g, 0)->failure_count;
        if (i + 1 == LIMIT_DMARC_FAILURES) {
            tap_ok(all == LIMIT_DMARC_FAILURES, "failure reports at their bound");
        }
    }
    tap_ok(all == LIMIT_DMARC_FAILURES, "and not one more");
}

static void
test_left_out(void)
{
    struct scene s = passes;

    tap_ok(counted(&s) == 1, "mail that passes counts");
    s.ground = "lawful_act";
    tap_ok(counted(&s) == 0, "a carrier's lawful business act is no leave to report");
    s.ground = "consent";
    tap_ok(counted(&s) == 1, "consent is");
    s.from = "";
    tap_ok(counted(&s) == 0, "a bounce is not reported");
    s = passes;
    s.to = "RUA@own.example";
    tap_ok(counted(&s) == 0, "a report of others is not reported");
    s.to = "dmarc@own.example";
    tap_ok(counted(&s) == 0, "nor what comes to our sender");
    s = passes;
    s.action = "tempfail";
    tap_ok(counted(&s) == 0, "what was put off will come again");
    s = passes;
    s.user = "\"user\":\"taro\",";
    tap_ok(counted(&s) == 0, "nor what our own people send");
    s = passes;
    s.published = "{\"p\":\"reject\"}";
    tap_ok(counted(&s) == 0, "who does not ask is not told");
    s = passes;
    s.time_s = BEGIN - 1;
    tap_ok(counted(&s) == 0, "a second before the period");
    s.time_s = END;
    tap_ok(counted(&s) == 0, "and the second after it");
    s.time_s = END - 1;
    tap_ok(counted(&s) == 1, "its last second counts");
    s = passes;
    s.header_from = "local@d.example";
    tap_ok(counted(&s) == 0, "a From that is no domain stands in no report");
    struct dmarc_gather *g = gather();
    dmarc_gather_take(g, BYTES("{\"v\":1,\"kind\":\"message\",\"rua\":\""));
    dmarc_gather_take(g, BYTES("{\"v\":1,\"kind\":\"content\",\"rua\":\"x\"}"));
    dmarc_gather_take(
        g, BYTES("{\"v\":1,\"kind\":\"message\",\"rua\":\"x\",\"dmarc\":[],\"origin\":7}"));
    tap_ok(dmarc_gather_count(g) == 0, "and broken records say nothing");
}

static void
test_bounces(void)
{
    struct dmarc_gather *g = gather();
    struct scene s = passes;
    size_t count;

    s.from = "";
    s.to = "dmarc+0123456789abcdef0123@own.example";
    dmarc_gather_take(g, record_of(&s));
    const struct bytes *tokens = dmarc_gather_bounces(g, &count);
    tap_ok(count == 1 && bytes_is(tokens[0], "0123456789abcdef0123"),
           "a bounce to a report's sender gives its token");
    s.from = "x@y.example";
    dmarc_gather_take(g, record_of(&s));
    tokens = dmarc_gather_bounces(g, &count);
    tap_ok(count == 1 && dmarc_gather_count(g) == 0, "other mail to it gives none");
}

static void
test_rows_bound(void)
{
    struct dmarc_gather *g = gather();
    struct scene s = passes;
    char client[32];

    for (unsigned i = 0; i < LIMIT_DMARC_ROWS + 2; i++) {
        snprintf(client, sizeof client, "10.%u.%u.%u", i >> 16, (i >> 8) & 255, i & 255);
        s.client = client;
        dmarc_gather_take(g, record_of(&s));
    }
    struct dmarc_report report;
    dmarc_gather_report(&arena, g, 0, &report);
    tap_ok(report.row_count == LIMIT_DMARC_ROWS && dmarc_gather_seen(g, 0)->left_out == 2 &&
               report.error_count == 1,
           "rows past the bound are counted as left out, and the report says so");
}

static void
test_mail(void)
{
    const struct dmarc_mail mail = {.from = BYTES("dmarc@own.example"),
                                    .to = BYTES("r@d.example"),
                                    .domain = BYTES("d.example"),
                                    .submitter = BYTES("own.example"),
                                    .report_id = BYTES("1.2.d.example@own.example"),
                                    .token = BYTES("00ff"),
                                    .begin = BEGIN,
                                    .end = END,
                                    .messages = 3,
                                    .packed = BYTES("gzip")};
    struct bytes raw = dmarc_mail_write(&arena, &mail, BEGIN);

    tap_ok(bytes_find(
               raw,
               BYTES("\r\nSubject: Report Domain: d.example\r\n Submitter: own.example\r\n"
                     " Report-ID: <1.2.d.example@own.example>\r\n"),
               0) != BYTES_NOWHERE,
           "the subject that RFC 9990 wants");
    tap_ok(
        bytes_find(raw,
                   BYTES("filename=\"own.example!d.example!1790000000!1790086400.xml.gz\""),
                   0) != BYTES_NOWHERE &&
            bytes_find(raw, BYTES("Content-Type: application/gzip;"), 0) != BYTES_NOWHERE,
        "and its file name and type");
    bool crlf = true;
    for (size_t i = 0; i < raw.size; i++) {
        crlf = crlf && (raw.at[i] != '\n' || (i > 0 && raw.at[i - 1] == '\r'));
    }
    tap_ok(crlf, "every line ends with CR LF");
}

int
main(void)
{
    arena_init(&arena, (size_t)2 << 30);
    test_exact();
    test_dispositions();
    test_overrides();
    test_failures();
    test_failures_bound();
    test_left_out();
    test_bounces();
    test_rows_bound();
    test_mail();
    arena_release(&arena);
    return tap_done();
}
