#include "trace/vouch.h"

#include "base/tap.h"
#include "base/writer.h"
#include "dns/resolver.h"

static struct arena arena;
static size_t rounds, questions;

static void
test_read(void)
{
    static const struct {
        const char *value, *domain, *content;
        size_t vouchers; /* 0: no VBR-Info */
    } cases[] = {
        {"md=example.com; mc=list; mv=cert.test:other.test", "example.com", "list", 2},
        {" MD = example.com ;\r\n\tmv= cert.test ; mc=ALL;", "example.com", "ALL", 1},
        {"md=example.com; mv=cert.test", "example.com", "all", 1},
        {"md=example.com.; mv=cert.test.:", "example.com", "all", 1},
        {"md=example.com; mv=cert.test; x=later", "example.com", "all", 1},
        {"", NULL, NULL, 0},
        {";;;", NULL, NULL, 0},
        {"md=example.com; mc=all", NULL, NULL, 0},
        {"mc=all; mv=cert.test", NULL, NULL, 0},
        {"md=; mv=cert.test", NULL, NULL, 0},
        {"md=example.com; mv=:::", NULL, NULL, 0},
        {"md=a.test; md=b.test; mv=cert.test", NULL, NULL, 0},
        {"md=a.test; mv=cert.test; mv=cert.test", NULL, NULL, 0},
        {"md=a.test; mc=; mv=cert.test", NULL, NULL, 0},
        {"md=a.test; mc=a b; mv=cert.test", NULL, NULL, 0},
        {"md=a.test; mv=cert.test; nonsense", NULL, NULL, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vbr_info info;
        bool good = vbr_info_read(&arena, bytes_from_text(cases[i].value), &info);
        tap_ok(good == (cases[i].vouchers > 0) &&
                   (!good || (bytes_is(info.domain, cases[i].domain) &&
                              bytes_is(info.content, cases[i].content) &&
                              info.voucher_count == cases[i].vouchers)),
               "VBR-Info %zu", i);
    }
    struct writer w;
    struct vbr_info info;
    writer_init(&w, &arena);
    writer_text(&w, "md=a.test; mv=");
    for (size_t i = 0; i < 10000; i++) {
        writer_format(&w, "c%zu.test:", i);
    }
    tap_ok(vbr_info_read(&arena, writer_view(&w), &info) &&
               info.voucher_count == LIMIT_VBR_VOUCHERS,
           "ten thousand certifiers: LIMIT_VBR_VOUCHERS are looked at");
}

static void
test_record(void)
{
    static const struct {
        const char *record, *content;
        bool vouches;
    } cases[] = {
        {"all", "list", true},
        {"all", "all", true},
        {"ALL", "list", true},
        {"list transaction", "list", true},
        {"list transaction", "transaction", true},
        {"list  transaction ", "Transaction", true},
        {"list transaction", "all", false}, /* who claims all types needs "all" */
        {"transaction", "list", false},
        {"", "all", false},
        {" ", "all", false},
        {"v=spf1 include:all -all", "all", false},
        {"all v=1", "all", false},
        {"allx", "all", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tap_ok(vbr_record_vouches(bytes_from_text(cases[i].record),
                                  bytes_from_text(cases[i].content)) == cases[i].vouches,
               "\"%s\" for %s", cases[i].record, cases[i].content);
    }
}

static const char zone_text[] = "{\"a.test._vouch.cert.test\": {\"TXT\": [\"all\"]},"
                                " \"a.test._vouch.second.test\": {\"TXT\": [\"list\"]},"
                                " \"a.test._vouch.other.test\": {\"TXT\": [\"all\"]},"
                                " \"a.test._vouch.slow.test\": {\"TXT\": \"TIMEOUT\"},"
                                " \"b.test._vouch.cert.test\": {\"TXT\": [\"all\"]}}";

static struct origin
vouch(const char *fields, bool dkim, bool spf, bool helo)
{
    static const struct bytes believed[] = {BYTES("cert.test"), BYTES("second.test"),
                                            BYTES("slow.test")};
    const struct vouch_settings settings = {believed, 3};
    struct dkim_result *signature = ARENA_NEW(&arena, struct dkim_result);
    struct dns_memo *memo = ARENA_NEW(&arena, struct dns_memo);
    struct dns_zone *zone = NULL;
    struct writer w;
    struct why why;

    writer_init(&w, &arena);
    writer_text(&w, fields);
    writer_text(&w, "From: x@a.test\r\n\r\n");
    const struct letter *letter = letter_read_header(&arena, writer_view(&w));
    signature->result = dkim ? AUTH_PASS : AUTH_FAIL;
    signature->domain = BYTES("A.test");
    struct origin origin = {.dkim = signature, .dkim_count = 1, .vouched_by = BYTES("")};
    origin.spf.result = spf ? AUTH_PASS : AUTH_NEUTRAL;
    origin.spf.helo_identity = helo;
    origin.spf.domain = BYTES("b.test");
    dns_memo_init(memo, &arena);
    if (dns_zone_read(&arena, bytes_from_text(zone_text), &zone, &why) != SK_OK) {
        tap_ok(false, "zone: %s", why.sentence);
    }
    rounds = 0;
    while (vouch_check(&arena, memo, &settings, letter, &origin) == SK_MORE) {
        dns_zone_answer(zone, memo);
        rounds++;
    }
    questions = memo->answer_count;
    return origin;
}

static void
test_check(void)
{
    static const struct {
        const char *what, *fields;
        bool dkim, spf, helo;
        const char *by;
        size_t questions;
    } cases[] = {
        {"proved by DKIM", "VBR-Info: md=a.test; mv=cert.test\r\n", true, false, false,
         "cert.test", 1},
        {"proved by SPF", "VBR-Info: md=b.test; mv=cert.test\r\n", false, true, false,
         "cert.test", 1},
        {"by HELO alone it is not", "VBR-Info: md=b.test; mv=cert.test\r\n", false, true,
         true, "", 0},
        {"not proved: nobody is asked", "VBR-Info: md=a.test; mv=cert.test\r\n", false,
         true, false, "", 0},
        {"another domain than the proved", "VBR-Info: md=c.test; mv=cert.test\r\n", true,
         true, false, "", 0},
        {"a subdomain is another", "VBR-Info: md=x.a.test; mv=cert.test\r\n", true, false,
         false, "", 0},
        {"a certifier that nobody believes is not asked",
         "VBR-Info: md=a.test; mv=other.test\r\n", true, false, false, "", 0},
        {"type list", "VBR-Info: md=a.test; mc=list; mv=second.test\r\n", true, false,
         false, "second.test", 1},
        {"another type", "VBR-Info: md=a.test; mc=transaction; mv=second.test\r\n", true,
         false, false, "", 1},
        {"the first that vouches",
         "VBR-Info: md=a.test; mc=transaction; mv=slow.test:second.test:CERT.test\r\n",
         true, false, false, "cert.test", 3},
        {"a time-out is no word", "VBR-Info: md=a.test; mv=slow.test\r\n", true, false,
         false, "", 1},
        {"a second field", "VBR-Info: nonsense\r\nVBR-Info: md=a.test; mv=cert.test\r\n",
         true, false, false, "cert.test", 1},
        {"no field", "", true, true, false, "", 0},
        {"LIMIT_VBR_FIELDS",
         "VBR-Info: x\r\nVBR-Info: x\r\nVBR-Info: x\r\nVBR-Info: x\r\nVBR-Info: md=a.test; "
         "mv=cert.test\r\n",
         true, false, false, "cert.test", 1},
        {"one past it",
         "VBR-Info: x\r\nVBR-Info: x\r\nVBR-Info: x\r\nVBR-Info: x\r\nVBR-Info: "
         "x\r\nVBR-Info: md=a.test; mv=cert.test\r\n",
         true, false, false, "", 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct origin o =
            vouch(cases[i].fields, cases[i].dkim, cases[i].spf, cases[i].helo);
        tap_ok(bytes_is(o.vouched_by, cases[i].by) && questions == cases[i].questions &&
                   origin_has_note(&o, "vouched") == (cases[i].by[0] != '\0') &&
                   rounds <= 1,
               "%s (%.*s, %zu questions)", cases[i].what, BYTES_ARGUMENTS(o.vouched_by),
               questions);
    }
}

int
main(void)
{
    arena_init(&arena, 1ul << 26);
    test_read();
    test_record();
    test_check();
    arena_release(&arena);
    arena_forget_blocks();
    return tap_done();
}
