#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "dns/resolver.h"
#include "trace/spf_private.h"

static struct arena arena;
static size_t rounds; /* of the last check */

static struct spf_result
check_query(const char *zone_text, const struct spf_query *query)
{
    struct dns_zone *zone = NULL;
    struct dns_memo memo;
    struct spf_result result;
    struct why why;

    if (dns_zone_read(&arena, bytes_from_text(zone_text), &zone, &why) != SK_OK) {
        tap_ok(false, "zone: %s", why.sentence);
    }
    dns_memo_init(&memo, &arena);
    rounds = 0;
    while (spf_check(&arena, &memo, query, &result) == SK_MORE) {
        dns_zone_answer(zone, &memo);
        rounds++;
    }
    return result;
}

static struct spf_result
check(const char *zone_text, const char *ip, const char *mail_from)
{
    struct net_address address;
    struct spf_query query = {
        .ip = &address,
        .helo = BYTES("mail.helo.test"),
        .mail_from = bytes_from_text(mail_from),
        .default_explanation = BYTES("DEFAULT"),
        .now_s = 1700000000,
    };

    (void)net_address_read(bytes_from_text(ip), &address);
    return check_query(zone_text, &query);
}

/* The result for a record at a.test, mail from u@a.test by 192.0.2.1. */
static enum auth_result
record(const char *text)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w,
                  "{\"a.test\": {\"TXT\": [[\"%s\"]], \"A\": [\"192.0.2.1\"], \"MX\": [[0, "
                  "\"a.test\"]]}}",
                  text);
    return check(writer_c(&w), "192.0.2.1", "u@a.test").result;
}

static void
test_results(void)
{
    static const struct {
        const char *text;
        enum auth_result result;
    } rows[] = {
        {"v=spf1", AUTH_NEUTRAL},
        {"v=spf1 all", AUTH_PASS},
        {"V=SPF1 -All", AUTH_FAIL},
        {"v=spf1 ~all", AUTH_SOFTFAIL},
        {"v=spf1 ?all", AUTH_NEUTRAL},
        {"v=spf10 all", AUTH_NONE},
        {"v=spf1 a -all", AUTH_PASS},
        {"v=spf1 mx -all", AUTH_PASS},
        {"v=spf1 ip4:192.0.2.0/24 -all", AUTH_PASS},
        {"v=spf1 ip4:192.0.2.0/32 -all", AUTH_FAIL},
        {"v=spf1 ip4:0.0.0.0/0 -all", AUTH_PASS},
        {"v=spf1 ip4:192.0.2.1/33 -all", AUTH_PERMERROR},
        {"v=spf1 ip4:192.0.2.1/032 -all", AUTH_PERMERROR},
        {"v=spf1 ip4:192.0.2 -all", AUTH_PERMERROR},
        {"v=spf1 ip4 -all", AUTH_PERMERROR},
        {"v=spf1 ip6:::/0 -all", AUTH_FAIL},
        {"v=spf1 ip6:::/129 -all", AUTH_PERMERROR},
        {"v=spf1 a/24//64 -all", AUTH_PASS},
        {"v=spf1 a/33 -all", AUTH_PERMERROR},
        {"v=spf1 a//129 -all", AUTH_PERMERROR},
        {"v=spf1 all:x", AUTH_PERMERROR},
        {"v=spf1 include", AUTH_PERMERROR},
        {"v=spf1 include:", AUTH_PERMERROR},
        {"v=spf1 include:nowhere.test all", AUTH_PERMERROR},
        {"v=spf1 redirect=nowhere.test", AUTH_PERMERROR},
        {"v=spf1 redirect=a.test redirect=a.test", AUTH_PERMERROR},
        {"v=spf1 redirect=a.test", AUTH_PERMERROR},
        {"v=spf1 include:a.test", AUTH_PERMERROR},
        {"v=spf1 unknown all", AUTH_PERMERROR},
        {"v=spf1 unknown=%{s} all", AUTH_PASS},
        {"v=spf1 unknown=%{ all", AUTH_PERMERROR},
        {"v=spf1 all all:", AUTH_PERMERROR},
        {"v=spf1 exists:%{c}.a.test all", AUTH_PERMERROR},
        {"v=spf1 exists:%{d} -all", AUTH_PASS},
        {"v=spf1 exists:%{s0}.test all", AUTH_PERMERROR},
        {"v=spf1 a:\\u00e9.test all", AUTH_PERMERROR},
        {"v=spf1 a:x\\u0000.test all", AUTH_PERMERROR},
        {"v=spf1\\tall", AUTH_NONE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum auth_result result = record(rows[i].text);
        tap_ok(result == rows[i].result, "%s: %s", rows[i].text, auth_result_name(result));
    }
}

static void
test_identities(void)
{
    static const char zone[] =
        "{\"mail.helo.test\": {\"TXT\": [\"v=spf1 ip4:192.0.2.1 -all\"]},"
        " \"two.test\": {\"TXT\": [\"v=spf1 all\", \"v=spf1 -all\"]},"
        " \"slow.test\": {\"TXT\": \"TIMEOUT\"}}";
    struct spf_result r = check(zone, "192.0.2.1", "");
    tap_ok(r.result == AUTH_PASS && r.helo_identity && bytes_is(r.domain, "mail.helo.test"),
           "the null sender: HELO");
    tap_ok(bytes_is(r.mechanism, "ip4:192.0.2.1"), "the mechanism as written");
    r = check(zone, "192.0.2.2", "");
    tap_ok(r.result == AUTH_FAIL && bytes_is(r.explanation, "DEFAULT"),
           "fail with the default explanation");
    tap_ok(check(zone, "192.0.2.1", "u@two.test").result == AUTH_PERMERROR, "two records");
    r = check(zone, "192.0.2.1", "u@slow.test");
    tap_ok(r.result == AUTH_TEMPERROR && r.reason.size > 0, "time-out");
    tap_ok(check(zone, "192.0.2.1", "u@localhost").result == AUTH_NONE, "a single label");
    tap_ok(check(zone, "192.0.2.1", "u@[192.0.2.1]").result == AUTH_NONE,
           "an address literal");
    tap_ok(check(zone, "192.0.2.1", "u@a..test").result == AUTH_NONE, "an empty label");
    tap_ok(check(zone, "192.0.2.1", "u@nowhere.test").result == AUTH_NONE,
           "no such domain");
    tap_ok(check(zone, "", "u@two.test").result == AUTH_NONE, "no client address");
    char *huge = arena_take(&arena, 1u << 20);
    memset(huge, 'a', (1u << 20) - 20);
    memcpy(huge + 1000, "@two.test", 10);
    tap_ok(check(zone, "192.0.2.1", huge).result == AUTH_PERMERROR, "a long local part");
    memset(huge, 'a', (1u << 20) - 1);
    tap_ok(check(zone, "192.0.2.1", huge).result == AUTH_NONE, "a megabyte of sender");
}

/* n terms "a:x.test" that find something else, then all. */
static enum auth_result
terms(int count)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w,
                "{\"x.test\": {\"A\": [\"192.0.2.9\"]}, \"a.test\": {\"TXT\": [\"v=spf1");
    for (int i = 0; i < count; i++) {
        writer_text(&w, " a:x.test");
    }
    writer_text(&w, " all\"]}}");
    return check(writer_c(&w), "192.0.2.1", "u@a.test").result;
}

static enum auth_result
voids(int count)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, "{\"a.test\": {\"TXT\": [\"v=spf1");
    for (int i = 0; i < count; i++) {
        writer_format(&w, " exists:n%d.test", i);
    }
    writer_text(&w, " all\"]}}");
    return check(writer_c(&w), "192.0.2.1", "u@a.test").result;
}

static enum auth_result
mx_hosts(int count, bool last)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, "{\"a.test\": {\"TXT\": [\"v=spf1 mx -all\"], \"MX\": [");
    for (int i = 0; i < count; i++) {
        writer_format(&w, "%s[%d, \"m%d.test\"]", i > 0 ? "," : "", i, i);
    }
    writer_text(&w, "]}");
    for (int i = 0; i < count; i++) {
        writer_format(&w, ", \"m%d.test\": {\"A\": [\"%s\"]}", i,
                      last && i == count - 1 ? "192.0.2.1" : "192.0.2.9");
    }
    writer_text(&w, "}");
    return check(writer_c(&w), "192.0.2.1", "u@a.test").result;
}

/* The matching name is the n-th of the PTR records. */
static enum auth_result
ptr_names(int place)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, "{\"a.test\": {\"TXT\": [\"v=spf1 ptr -all\"]}, "
                    "\"1.2.0.192.in-addr.arpa\": {\"PTR\": [");
    for (int i = 1; i < place; i++) {
        writer_format(&w, "\"n%d.test\",", i);
    }
    writer_text(&w, "\"h.a.test\"]}, \"h.a.test\": {\"A\": [\"192.0.2.1\"]}}");
    return check(writer_c(&w), "192.0.2.1", "u@a.test").result;
}

static enum auth_result
record_size(size_t size)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, "{\"a.test\": {\"TXT\": [\"v=spf1 all");
    for (size_t i = sizeof "v=spf1 all" - 1; i < size; i++) {
        writer_byte(&w, ' ');
    }
    writer_text(&w, "\"]}}");
    return check(writer_c(&w), "192.0.2.1", "u@a.test").result;
}

static void
test_limits(void)
{
    tap_ok(terms(LIMIT_SPF_TERMS) == AUTH_PASS, "ten terms");
    tap_ok(terms(LIMIT_SPF_TERMS + 1) == AUTH_PERMERROR, "eleven terms");
    tap_ok(voids(LIMIT_SPF_VOID) == AUTH_PASS, "two void look-ups");
    tap_ok(voids(LIMIT_SPF_VOID + 1) == AUTH_PERMERROR, "three void look-ups");
    tap_ok(mx_hosts(LIMIT_SPF_MX, true) == AUTH_PASS, "ten MX records");
    tap_ok(rounds == 3, "whose addresses are asked at once (%zu rounds)", rounds);
    tap_ok(mx_hosts(LIMIT_SPF_MX + 1, true) == AUTH_PERMERROR, "eleven MX records");
    tap_ok(ptr_names(LIMIT_SPF_PTR) == AUTH_PASS, "the tenth PTR name");
    tap_ok(ptr_names(LIMIT_SPF_PTR + 1) == AUTH_FAIL, "the eleventh is not looked at");
    tap_ok(record_size(LIMIT_SPF_RECORD) == AUTH_PASS,
           "a record of LIMIT_SPF_RECORD bytes");
    tap_ok(record_size(LIMIT_SPF_RECORD + 1) == AUTH_PERMERROR, "one byte more");
}

/* A macro in an explanation, for strong-bad@email.example.com from 192.0.2.3 or 2001:db8::cb01. */
static void
expands(const char *ip, const char *macro, const char *expected)
{
    struct writer w;
    struct net_address address;
    struct spf_query query = {
        .ip = &address,
        .helo = BYTES("helo.test"),
        .mail_from = BYTES("strong-bad@email.example.com"),
        .receiver = BYTES("mx.here.test"),
        .default_explanation = BYTES("DEFAULT"),
        .now_s = 1700000000,
    };

    (void)net_address_read(bytes_from_text(ip), &address);
    writer_init(&w, &arena);
    writer_format(&w,
                  "{\"email.example.com\": {\"TXT\": [\"v=spf1 -all exp=e.test\"]}, "
                  "\"e.test\": {\"TXT\": [\"%s\"]},"
                  " \"3.2.0.192.in-addr.arpa\": {\"PTR\": [\"mx.example.org\"]},"
                  " \"mx.example.org\": {\"A\": [\"192.0.2.3\"]}}",
                  macro);
    struct spf_result r = check_query(writer_c(&w), &query);
    tap_ok(r.result == AUTH_FAIL && bytes_is(r.explanation, expected), "%s: %.*s", macro,
           BYTES_ARGUMENTS(r.explanation));
}

static void
test_macros(void)
{
    static const char *const rows[][2] = {
        {"%{s}", "strong-bad@email.example.com"},
        {"%{o}", "email.example.com"},
        {"%{d4}", "email.example.com"},
        {"%{d2}", "example.com"},
        {"%{d1}", "com"},
        {"%{dr}", "com.example.email"},
        {"%{d2r}", "example.email"},
        {"%{l}", "strong-bad"},
        {"%{l-}", "strong.bad"},
        {"%{lr}", "strong-bad"},
        {"%{lr-}", "bad.strong"},
        {"%{l1r-}", "strong"},
        {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
        {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
        {"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
        {"%{S}", "strong-bad%40email.example.com"},
        {"%%%_%-", "% %20"},
        {"%{p}", "mx.example.org"},
        {"%{h} %{r} %{c} %{t}", "helo.test mx.here.test 192.0.2.3 1700000000"},
        {"a %{x}", "DEFAULT"},
        {"a %", "DEFAULT"},
        {"a %{", "DEFAULT"},
        {"caf\\u00e9", "DEFAULT"},
        {"", "DEFAULT"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        expands("192.0.2.3", rows[i][0], rows[i][1]);
    }
    expands("2001:db8::cb01", "%{ir}.%{v}",
            "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6");
    expands("2001:db8::cb01", "%{c} %{p}", "2001:db8::cb01 unknown");
}

/* A macro that grows beyond all bounds is no name. */
static void
test_expansion(void)
{
    struct writer w;
    struct net_address address;
    struct bytes local = bytes_of(memset(arena_take(&arena, 4000), 'x', 4000), 4000);

    writer_init(&w, &arena);
    writer_bytes(&w, local);
    writer_text(&w, "@a.test");
    struct spf_query query = {.ip = &address,
                              .mail_from = bytes_copy(&arena, writer_view(&w))};
    (void)net_address_read(BYTES("192.0.2.1"), &address);
    writer_clear(&w);
    writer_text(&w, "{\"a.test\": {\"TXT\": [\"v=spf1 exists:");
    for (int i = 0; i < 2000; i++) {
        writer_text(&w, "%{l}");
    }
    writer_text(&w, ".b.test all\"]}}");
    tap_ok(check_query(writer_c(&w), &query).result == AUTH_PERMERROR,
           "an endless expansion");
    struct spf_result r =
        check("{\"a.test\": {\"TXT\": [\"v=spf1 exists:%{l}.%{l}.%{l}.%{l}.b.test -all\"]},"
              " \"u.b.test\": {\"A\": [\"127.0.0.1\"]}}",
              "192.0.2.1", "u@a.test");
    tap_ok(r.result == AUTH_FAIL, "four labels are asked for as they are");
}

int
main(void)
{
    arena_init(&arena, 1ul << 28);
    test_results();
    test_identities();
    test_limits();
    test_macros();
    test_expansion();
    arena_release(&arena);
    arena_forget_blocks();
    return tap_done();
}
