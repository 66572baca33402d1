#include "base/limits.h"
#include "base/tap.h"
#include "dns/resolver.h"

static struct arena arena;

static const char zone_text[] =
    "{\"Example.com.\": {\"txt\": [[\"v=spf1 mx \", \"-all\"], \"one\", []], \"MX\": [[10, "
    "\"mx.example.com.\"]],"
    " \"A\": [\"192.0.2.1\"], \"AAAA\": [\"2001:db8::1\"], \"SPF\": [\"never read\"]},"
    " \"www.example.com\": {\"CNAME\": [\"example.com\"]},"
    " \"loop.example.com\": {\"CNAME\": [\"loop.example.com\"]},"
    " \"slow.example.com\": {\"TXT\": [[\"here\"]], \"*\": \"TIMEOUT\"},"
    " \"half.example.com\": {\"A\": \"SERVFAIL\"}, \"bare.example.com\": {},"
    " \"b64.example.com\": {\"TXT\": [[{\"b64\": \"/wA=\"}]]}}";

static const struct dns_answer *
ask(const struct dns_zone *zone, struct dns_memo *memo, const char *name,
    enum dns_type type)
{
    (void)dns_memo_ask(memo, bytes_from_text(name), type);
    dns_zone_answer(zone, memo);
    return dns_memo_ask(memo, bytes_from_text(name), type);
}

int
main(void)
{
    struct dns_zone *zone;
    struct dns_memo memo;
    struct why why;

    arena_init(&arena, 1ul << 24);
    dns_memo_init(&memo, &arena);
    tap_ok(dns_zone_read(&arena, bytes_from_text(zone_text), &zone, &why) == SK_OK,
           "a zone is read");
    const struct dns_answer *a = ask(zone, &memo, "EXAMPLE.COM.", DNS_TXT);
    tap_ok(a->record_count == 3 && bytes_is(a->records[0].data, "v=spf1 mx -all") &&
               bytes_is(a->records[1].data, "one") && a->records[2].data.size == 0,
           "strings are joined, names have no case");
    a = ask(zone, &memo, "example.com", DNS_MX);
    tap_ok(a->record_count == 1 && a->records[0].preference == 10 &&
               bytes_is(a->records[0].data, "mx.example.com"),
           "MX");
    a = ask(zone, &memo, "example.com", DNS_AAAA);
    tap_ok(a->record_count == 1 && a->records[0].data.size == 16, "AAAA");
    a = ask(zone, &memo, "www.example.com", DNS_A);
    tap_ok(a->status == DNS_FOUND && a->record_count == 1, "a CNAME is followed");
    tap_ok(ask(zone, &memo, "loop.example.com", DNS_A)->status == DNS_SERVFAIL,
           "a loop of CNAMEs ends");
    tap_ok(ask(zone, &memo, "slow.example.com", DNS_TXT)->status == DNS_FOUND,
           "listed beside *");
    tap_ok(ask(zone, &memo, "slow.example.com", DNS_A)->status == DNS_TIMEOUT,
           "* for what is not listed");
    tap_ok(ask(zone, &memo, "half.example.com", DNS_A)->status == DNS_SERVFAIL, "a word");
    tap_ok(ask(zone, &memo, "half.example.com", DNS_TXT)->status == DNS_NODATA,
           "another type");
    tap_ok(ask(zone, &memo, "bare.example.com", DNS_TXT)->status == DNS_NODATA,
           "a bare name");
    tap_ok(ask(zone, &memo, "com", DNS_TXT)->status == DNS_NXDOMAIN,
           "a name above is not there");
    tap_ok(bytes_equal(ask(zone, &memo, "b64.example.com", DNS_TXT)->records[0].data,
                       BYTES("\xff\0")),
           "bytes in base64");
    tap_ok(ask(NULL, &memo, "x.example.com", DNS_TXT)->status == DNS_NXDOMAIN,
           "no zone: nothing is there");
    static const char *const bad[] = {
        "",
        "[]",
        "{",
        "{\"a.b\": 1}",
        "{\"a.b\": {\"A\": 1}}",
        "{\"a.b\": {\"A\": [\"1.2.3\"]}}",
        "{\"a.b\": {\"A\": \"FOUND\"}}",
        "{\"a.b\": {\"A\": \"WRONG\"}}",
        "{\"a.b\": {\"MX\": [\"x\"]}}",
        "{\"a.b\": {\"MX\": [[-1, \"x\"]]}}",
        "{\"a.b\": {\"TXT\": [[1]]}}",
        "{\"a.b\": {\"TXT\": [[{\"b64\": \"?\"}]]}}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tap_ok(dns_zone_read(&arena, bytes_from_text(bad[i]), &zone, &why) == SK_BAD &&
                   why.sentence[0] != '\0',
               "not read: %s", bad[i]);
    }
    arena_release(&arena);
    arena_forget_blocks();
    return tap_done();
}
