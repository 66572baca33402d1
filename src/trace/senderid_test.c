#include "trace/senderid.h"

#include "base/tap.h"
#include "base/writer.h"
#include "dns/resolver.h"

static struct arena arena;

static const char zone_text[] =
    "{\"v1.test\": {\"TXT\": [\"v=spf1 ip4:192.0.2.1 -all\"]},"
    " \"pra.test\": {\"TXT\": [\"v=spf1 -all\", \"spf2.0/pra ip4:192.0.2.1 -all\"]},"
    " \"mfrom.test\": {\"TXT\": [\"v=spf1 ip4:192.0.2.1 -all\", \"spf2.0/mfrom -all\"]},"
    " \"both.test\": {\"TXT\": [\"spf2.0/mfrom,pra ip4:192.0.2.1 -all\"]},"
    " \"twice.test\": {\"TXT\": [\"spf2.0/pra -all\", \"spf2.0/mfrom,pra +all\"]},"
    " \"v1twice.test\": {\"TXT\": [\"v=spf1 -all\", \"v=spf1 +all\", \"spf2.0/pra +all\"]},"
    " \"near.test\": {\"TXT\": [\"spf2.0/mfrom,prattle,fubar +all\"]},"
    " \"far.test\": {\"TXT\": [\"SPF2.17/mfrom,PRA,fubar +all\"]},"
    " \"bent.test\": {\"TXT\": [\"spf2./pra +all\", \"spf2.0 +all\", \"spf2.0/ +all\","
    " \"spf2.x/pra +all\", \"spf2.0/pra, +all\", \"spf2.0/pra/x +all\", \"spf2.0/prax "
    "+all\"]},"
    " \"include.test\": {\"TXT\": [\"spf2.0/pra include:pra.test -all\"]},"
    " \"mail.v1.test\": {\"TXT\": [\"v=spf1 exists:%{l}.%{d2}.ok.test -all\"]},"
    " \"u.v1.test.ok.test\": {\"A\": [\"127.0.0.2\"]},"
    " \"slow.test\": {\"TXT\": \"TIMEOUT\"}, \"empty.test\": {},"
    " \"broken.test\": {\"TXT\": [\"spf2.0/pra bogus\"]},"
    " \"xn--r8jz45g.test\": {\"TXT\": [\"spf2.0/pra +all\"]}}";

static struct senderid_result
check(enum spf_scope scope, const char *mail_from, const char *header)
{
    static struct net_address ip;
    struct senderid_result r;
    struct dns_zone *zone;
    struct dns_memo memo;
    struct why why;
    const struct letter *letter = letter_read_header(&arena, bytes_from_text(header));
    const struct senderid_query query = {.ip = &ip,
                                         .helo = BYTES("v1.test"),
                                         .mail_from = bytes_from_text(mail_from),
                                         .header = &letter->header,
                                         .scope = scope};

    (void)net_address_read(BYTES("192.0.2.1"), &ip);
    dns_memo_init(&memo, &arena);
    if (dns_zone_read(&arena, bytes_from_text(zone_text), &zone, &why) != SK_OK) {
        tap_ok(false, "zone: %s", why.sentence);
    }
    while (senderid_check(&arena, &memo, &query, &r) == SK_MORE) {
        dns_zone_answer(zone, &memo);
    }
    return r;
}

static enum auth_result
pra(const char *domain)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "From: u@%s\r\n\r\n", domain);
    return check(SPF_SCOPE_PRA, "u@elsewhere.test", writer_c(&w)).result;
}

static enum auth_result
mfrom(const char *domain)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "u@%s", domain);
    return check(SPF_SCOPE_MFROM, writer_c(&w), "\r\n").result;
}

static void
test_records(void)
{
    tap_ok(pra("v1.test") == AUTH_PASS && mfrom("v1.test") == AUTH_PASS,
           "v=spf1 stands for both scopes");
    tap_ok(pra("pra.test") == AUTH_PASS, "spf2.0/pra goes before v=spf1");
    tap_ok(mfrom("pra.test") == AUTH_FAIL, "and leaves it to the other scope");
    tap_ok(mfrom("mfrom.test") == AUTH_FAIL && pra("mfrom.test") == AUTH_PASS,
           "spf2.0/mfrom likewise");
    tap_ok(pra("both.test") == AUTH_PASS && mfrom("both.test") == AUTH_PASS, "both scopes");
    tap_ok(pra("twice.test") == AUTH_PERMERROR && mfrom("twice.test") == AUTH_PASS,
           "two records for one scope: permerror, for that scope");
    tap_ok(pra("v1twice.test") == AUTH_PASS && mfrom("v1twice.test") == AUTH_PERMERROR,
           "two v=spf1 hurt only where they count");
    tap_ok(pra("near.test") == AUTH_NONE && mfrom("near.test") == AUTH_PASS,
           "a scope is a whole word");
    tap_ok(pra("far.test") == AUTH_PASS,
           "minor versions and scopes not known are no hindrance, nor is case");
    tap_ok(pra("bent.test") == AUTH_NONE, "versions that are none");
    tap_ok(pra("include.test") == AUTH_PASS, "the scope goes down into an include");
    tap_ok(pra("mail.v1.test") == AUTH_PASS, "macros speak of the responsible address");
    tap_ok(pra("slow.test") == AUTH_TEMPERROR, "time-out");
    tap_ok(pra("broken.test") == AUTH_PERMERROR, "a record that cannot be read");
    tap_ok(pra("empty.test") == AUTH_NONE, "a domain without records");
    tap_ok(pra("nowhere.test") == AUTH_FAIL && mfrom("nowhere.test") == AUTH_NONE,
           "a responsible domain that does not exist fails");
    tap_ok(pra("localhost") == AUTH_FAIL && mfrom("localhost") == AUTH_NONE,
           "and one that is no domain name");
    tap_ok(pra("例え.test") == AUTH_PASS, "A-labels are asked");
    struct senderid_result r = check(SPF_SCOPE_MFROM, "", "\r\n");
    tap_ok(r.result == AUTH_PASS && bytes_is(r.domain, "v1.test") && r.address.size == 0,
           "the null sender: the HELO name");
    r = check(SPF_SCOPE_PRA, "", "From: u@pra.test\r\n\r\n");
    tap_ok(bytes_is(r.record, "spf2.0/pra ip4:192.0.2.1 -all"), "which record it was");
}

static void
test_responsible(void)
{
    static const struct {
        const char *header, *field, *address;
    } cases[] = {
        {"From: a@x.test\r\n\r\n", "From", "a@x.test"},
        {"From: A <a@x.test>\r\nSender: s@x.test\r\n\r\n", "Sender", "s@x.test"},
        {"SENDER: s@x.test\r\nFrom: a@x.test, b@x.test\r\n\r\n", "SENDER", "s@x.test"},
        {"Sender: \r\nFrom: a@x.test\r\n\r\n", "From", "a@x.test"},
        {"Sender: s@x.test\r\nSender: t@x.test\r\nFrom: a@x.test\r\n\r\n", "", ""},
        {"Sender: s@x.test\r\nSender:  \r\nFrom: a@x.test\r\n\r\n", "Sender", "s@x.test"},
        {"From: a@x.test\r\nFrom: b@x.test\r\n\r\n", "", ""},
        {"From: a@x.test, b@x.test\r\n\r\n", "From", ""},
        {"From: group: a@x.test;\r\n\r\n", "From", ""},
        {"From: nobody\r\n\r\n", "From", ""},
        {"From: a@\r\n\r\n", "From", ""},
        {"From: @x.test\r\n\r\n", "From", ""},
        {"Subject: x\r\n\r\n", "", ""},
        {"", "", ""},
        {"Resent-From: r@x.test\r\nSender: s@x.test\r\nFrom: a@x.test\r\n\r\n",
         "Resent-From", "r@x.test"},
        {"Resent-Sender: q@x.test\r\nResent-From: r@x.test\r\nFrom: a@x.test\r\n\r\n",
         "Resent-Sender", "q@x.test"},
        {"Resent-From: r@x.test\r\nResent-Sender: q@x.test\r\nFrom: a@x.test\r\n\r\n",
         "Resent-Sender", "q@x.test"},
        {"Resent-From: r@x.test\r\nReceived: by y\r\nResent-Sender: q@x.test\r\n"
         "From: a@x.test\r\n\r\n",
         "Resent-From", "r@x.test"},
        {"Resent-From: r@x.test\r\nReturn-Path: <>\r\nResent-Sender: q@x.test\r\n"
         "From: a@x.test\r\n\r\n",
         "Resent-From", "r@x.test"},
        {"Resent-From: \r\nReceived: by y\r\nResent-Sender: q@x.test\r\n"
         "From: a@x.test\r\n\r\n",
         "Resent-Sender", "q@x.test"},
        {"Received: by y\r\nResent-Sender: q@x.test\r\nReceived: by z\r\n"
         "Resent-From: r@x.test\r\n\r\n",
         "Resent-Sender", "q@x.test"},
        {"Resent-Sender: q@x.test\r\nResent-Sender: p@x.test\r\n\r\n", "Resent-Sender",
         "q@x.test"},
        {"Resent-From: r@x.test, t@x.test\r\nFrom: a@x.test\r\n\r\n", "Resent-From", ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct letter *letter =
            letter_read_header(&arena, bytes_from_text(cases[i].header));
        struct bytes field, address;
        bool found = senderid_responsible(&arena, &letter->header, &field, &address);
        tap_ok(found == (cases[i].address[0] != '\0') && bytes_is(field, cases[i].field) &&
                   bytes_is(address, cases[i].address),
               "responsible address %zu: %.*s", i, BYTES_ARGUMENTS(address));
    }
    struct senderid_result r =
        check(SPF_SCOPE_PRA, "", "From: a@x.test\r\nFrom: b@x.test\r\n\r\n");
    tap_ok(r.result == AUTH_NONE && r.domain.size == 0 && r.reason.size > 0,
           "no responsible address: none");
}

int
main(void)
{
    arena_init(&arena, 1ul << 26);
    test_records();
    test_responsible();
    arena_release(&arena);
    arena_forget_blocks();
    return tap_done();
}
