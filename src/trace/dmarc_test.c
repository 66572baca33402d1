#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "dns/resolver.h"
#include "trace/dmarc.h"

static struct arena arena;
static struct dmarc_detail detail;
static size_t questions, rounds;

static struct dmarc_result
check(const char *zone_text, const struct dmarc_query *query)
{
    struct dns_zone *zone = NULL;
    struct dns_memo memo;
    struct dmarc_result result;
    struct why why;

    if (dns_zone_read(&arena, bytes_from_text(zone_text), &zone, &why) != SK_OK) {
        tap_ok(false, "zone: %s", why.sentence);
    }
    dns_memo_init(&memo, &arena);
    rounds = 0;
    while (dmarc_check(&arena, &memo, query, &result, &detail) == SK_MORE) {
        dns_zone_answer(zone, &memo);
        rounds++;
    }
    questions = memo.answer_count;
    return result;
}

/* One From domain, and at most one domain that SPF and one that DKIM passed for. */
static struct dmarc_result
mail(const char *zone, const char *from, const char *spf, const char *dkim)
{
    struct bytes from_domain = bytes_from_text(from);
    struct dmarc_identity s = {bytes_from_text(spf), AUTH_PASS},
                          d = {bytes_from_text(dkim), AUTH_PASS};
    struct dmarc_query query = {&from_domain, 1, &s, &d, spf != NULL, dkim != NULL};

    return check(zone, &query);
}

#define ZONE(domain, record) "{\"_dmarc." domain "\": {\"TXT\": [\"" record "\"]}}"

static void
test_alignment(void)
{
    static const char reject[] = ZONE("example.com", "v=DMARC1; p=reject");
    struct dmarc_result r = mail(reject, "example.com", "example.com", NULL);

    tap_ok(r.result == AUTH_PASS && r.spf_aligned && !r.dkim_aligned,
           "SPF of the domain itself");
    tap_ok(questions == 1 && rounds == 1, "one question is enough");
    r = mail(reject, "Example.COM.", NULL, "MAIL.example.com");
    tap_ok(r.result == AUTH_PASS && r.dkim_aligned, "DKIM of a name below, any letters");
    r = mail(reject, "a.example.com", NULL, "b.example.com");
    tap_ok(r.result == AUTH_PASS && bytes_is(r.organizational_domain, "example.com"),
           "siblings");
    r = mail(reject, "example.com", "other.test", "badexample.com");
    tap_ok(r.result == AUTH_FAIL && r.policy == DMARC_POLICY_REJECT, "strangers");
    r = mail(reject, "example.com", NULL, NULL);
    tap_ok(r.result == AUTH_FAIL, "nobody");
    r = mail(ZONE("example.com", "v=DMARC1; p=reject; adkim=s; aspf=s"), "example.com",
             "a.example.com", "a.example.com");
    tap_ok(r.result == AUTH_FAIL && questions == 1, "strict, nothing more is asked");
    tap_ok(mail(reject, "example.org", "example.org", NULL).result == AUTH_NONE,
           "no record");
    tap_ok(mail("{\"_dmarc.example.com\": {\"TXT\": \"TIMEOUT\"}}", "example.com",
                "example.com", NULL)
                   .result == AUTH_TEMPERROR,
           "time-out");
    r = mail("{\"_dmarc.example.com\": {\"TXT\": [\"v=DMARC1; p=reject\"]}, "
             "\"_dmarc.com\": {\"TXT\": \"SERVFAIL\"}}",
             "example.com", "example.com", "stranger.test");
    tap_ok(r.result == AUTH_PASS, "an error that does not matter");
}

static void
test_errors_of_strangers(void)
{
    struct bytes from = BYTES("example.com");
    struct dmarc_identity ids[] = {{BYTES("evil.test"), AUTH_TEMPERROR},
                                   {BYTES("m.example.com"), AUTH_TEMPERROR}};
    struct dmarc_query query = {&from, 1, NULL, ids, 0, 1};
    static const char zone[] = ZONE("example.com", "v=DMARC1; p=reject");

    tap_ok(check(zone, &query).result == AUTH_FAIL,
           "a stranger's DNS error does not save a forgery");
    query.dkim_count = 2;
    tap_ok(check(zone, &query).result == AUTH_TEMPERROR,
           "the domain's own does put it off");
}

static void
test_policy(void)
{
    static const struct {
        const char *record, *from;
        enum dmarc_policy policy;
    } rows[] = {
        {"v=DMARC1; p=reject", "example.com", DMARC_POLICY_REJECT},
        {"v=DMARC1;p=QUARANTINE", "example.com", DMARC_POLICY_QUARANTINE},
        {"v=DMARC1; p=none; sp=reject", "example.com", DMARC_POLICY_NONE},
        {"v=DMARC1; p=none; sp=reject", "new.example.com", DMARC_POLICY_REJECT},
        {"v=DMARC1; p=none; sp=quarantine; np=reject", "new.example.com",
         DMARC_POLICY_REJECT},
        {"v=DMARC1; p=none; sp=quarantine; np=reject", "old.example.com",
         DMARC_POLICY_QUARANTINE},
        {"v=DMARC1; p=reject; t=y", "example.com", DMARC_POLICY_QUARANTINE},
        {"v=DMARC1; p=quarantine; t=y", "example.com", DMARC_POLICY_NONE},
        {"v=DMARC1; p=none; t=y", "example.com", DMARC_POLICY_NONE},
        {"v=DMARC1; p=reject; pct=0; rf=afrf; ri=3600", "example.com", DMARC_POLICY_REJECT},
        {"v=DMARC1; p=reject; p=none", "example.com", DMARC_POLICY_REJECT},
        {"v=DMARC1; rua=mailto:a@b.test", "example.com", DMARC_POLICY_NONE},
        {"v=DMARC1; p=bogus; rua=mailto:a@b.test!10m", "example.com", DMARC_POLICY_NONE},
        {"v=DMARC1; p=reject; sp=bogus; rua=mailto:a@b.test", "example.com",
         DMARC_POLICY_NONE},
        {"v=DMARC1; p=bogus", "example.com", DMARC_NO_RECORD},
        {"v=DMARC1; p=bogus; rua=nothing", "example.com", DMARC_NO_RECORD},
        {"p=reject; v=DMARC1", "example.com", DMARC_NO_RECORD},
        {"v=DMARC2; p=reject", "example.com", DMARC_NO_RECORD},
        {"", "example.com", DMARC_NO_RECORD},
        {";;;=;p=reject", "example.com", DMARC_NO_RECORD},
    };
    struct writer w;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        writer_init(&w, &arena);
        writer_format(&w,
                      "{\"_dmarc.example.com\": {\"TXT\": [\"%s\"]}, \"old.example.com\": "
                      "{\"A\": [\"192.0.2.1\"]}}",
                      rows[i].record);
        struct dmarc_result r = mail(writer_c(&w), rows[i].from, NULL, NULL);
        tap_ok(r.policy == rows[i].policy &&
                   r.result == (rows[i].policy == DMARC_NO_RECORD ? AUTH_NONE : AUTH_FAIL),
               "%s for %s", rows[i].record, rows[i].from);
    }
}

static void
test_walk(void)
{
    static const char psd[] =
        "{\"_dmarc.bank.example\": {\"TXT\": [\"v=DMARC1; p=reject; psd=y\"]}}";
    struct dmarc_result r = mail(psd, "m.giant.bank.example", "x.giant.bank.example", NULL);

    tap_ok(r.result == AUTH_PASS &&
               bytes_is(r.organizational_domain, "giant.bank.example") &&
               bytes_is(r.policy_domain, "bank.example"),
           "one below a PSD");
    tap_ok(mail(psd, "m.giant.bank.example", "mega.bank.example", NULL).result == AUTH_FAIL,
           "neighbours under a PSD");
    r = mail("{\"_dmarc.b.example.com\": {\"TXT\": [\"v=DMARC1; p=reject; psd=n\"]},"
             " \"_dmarc.example.com\": {\"TXT\": [\"v=DMARC1; p=none\"]}}",
             "a.b.example.com", "example.com", "c.b.example.com");
    tap_ok(r.dkim_aligned && !r.spf_aligned &&
               bytes_is(r.organizational_domain, "b.example.com"),
           "psd=n ends the walk");
    (void)mail(ZONE("example.com", "v=DMARC1; p=none"), "a.b.c.d.e.f.example.com", NULL,
               NULL);
    tap_ok(questions == LIMIT_DMARC_QUERIES, "eight labels, eight questions");
    (void)mail(ZONE("example.com", "v=DMARC1; p=none"), "a.b.c.d.e.f.g.example.com", NULL,
               NULL);
    tap_ok(questions == LIMIT_DMARC_QUERIES, "nine labels, eight questions");
    tap_ok(rounds == 2, "in two rounds");
    struct writer w;
    writer_init(&w, &arena);
    for (int i = 0; i < 120; i++) {
        writer_text(&w, "a.");
    }
    writer_text(&w, "example.com");
    r = mail(ZONE("example.com", "v=DMARC1; p=reject"), writer_c(&w), NULL, NULL);
    tap_ok(r.result == AUTH_FAIL && questions == LIMIT_DMARC_QUERIES - 1,
           "a name of 251 bytes (%zu questions)", questions);
    for (int i = 0; i < 100000; i++) {
        writer_text(&w, ".a");
    }
    tap_ok(mail("{}", writer_c(&w), NULL, NULL).result == AUTH_NONE,
           "a name that cannot be");
}

static void
test_from(void)
{
    static const char zone[] =
        "{\"_dmarc.good.test\": {\"TXT\": [\"v=DMARC1; p=none\"]},"
        " \"_dmarc.strict.test\": {\"TXT\": [\"v=DMARC1; p=reject\"]}}";
    struct bytes domains[LIMIT_FROM_ADDRESSES + 1] = {BYTES("good.test"),
                                                      BYTES("strict.test")};
    struct dmarc_identity spf = {BYTES("good.test"), AUTH_PASS};
    struct dmarc_query query = {domains, 2, &spf, NULL, 1, 0};
    struct dmarc_result r = check(zone, &query);

    tap_ok(r.result == AUTH_FAIL && r.policy == DMARC_POLICY_REJECT &&
               bytes_is(r.from_domain, "strict.test"),
           "two From domains: the strictest outcome");
    query.from_count = 1;
    tap_ok(check(zone, &query).result == AUTH_PASS, "one of them alone");
    query.from_count = 0;
    tap_ok(check(zone, &query).result == AUTH_PERMERROR, "none");
    for (size_t i = 0; i < LIMIT_FROM_ADDRESSES + 1; i++) {
        domains[i] = BYTES("good.test");
    }
    query.from_count = LIMIT_FROM_ADDRESSES;
    tap_ok(check(zone, &query).result == AUTH_PASS, "LIMIT_FROM_ADDRESSES");
    query.from_count = LIMIT_FROM_ADDRESSES + 1;
    tap_ok(check(zone, &query).result == AUTH_PERMERROR, "one more");
}

int
main(void)
{
    arena_init(&arena, 1ul << 28);
    test_alignment();
    test_errors_of_strangers();
    test_policy();
    test_walk();
    test_from();
    arena_release(&arena);
    arena_forget_blocks();
    return tap_done();
}
