/* SPF: macros that overran others' buffers, and records made to ask without end (classes 11 and 12 of docs/PEERS.md). What a
 * check costs is counted in questions to the DNS. */
#include "trace/peers_test_private.h"

/* SPF of a message from `sender` where a.example has that record. */
static const struct origin *
with_record(const char *record, const char *more, const char *sender)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "\"a.example\": {\"TXT\": [\"%s\"]}%s%s", record,
                  *more != '\0' ? ", " : "", more);
    return plain(writer_c(&w), sender, FROM "\r\n");
}

/* --- class 11: what libspf2 wrote past its buffers --- */

static void
test_macros(void)
{
    const struct origin *o = with_record("v=spf1 exists:%{l1r-}%{L}%{ir}.%{o}.b.example "
                                         "exists:%{S}%{s9999999999r}.b.example -all",
                                         "", "\xff\x80%25.-_+u@a.example");

    tap_ok(o->spf.result == AUTH_FAIL,
           "class 11: libspf2 CVE-2021-20314: bytes over 127 in a macro");
    struct writer exp;
    writer_init(&exp, &arena);
    writer_text(&exp, "\"e.example\": {\"TXT\": [\"");
    writer_bytes(&exp, repeated(1500, "%{S}%{r}"));
    writer_text(&exp, "\"]}");
    o = with_record("v=spf1 -all exp=e.example", writer_c(&exp), "user@a.example");
    tap_ok(o->spf.result == AUTH_FAIL && o->spf.explanation.size == 0 &&
               memory < (size_t)1 << 20,
           "class 11: libspf2 CVE-2021-20314: an explanation that grows past its bound is "
           "left out (%zu KB)",
           memory >> 10);
    o = with_record("v=spf1 exists:%{L}.b.example -all",
                    "\"%ff%80%c3%a9.b.example\": {\"A\": [\"127.0.0.2\"]}",
                    "\xff\x80\xc3\xa9@a.example");
    tap_ok(o->spf.result == AUTH_PASS, "class 11: libspf2 CVE-2021-33912: a byte over 127 "
                                       "takes three characters, no more");
    struct bytes label = repeated(63, "x");
    struct writer zone, sender;
    writer_init(&zone, &arena);
    writer_init(&sender, &arena);
    writer_bytes(&sender, BYTES("u@"));
    writer_bytes(&sender, label);
    writer_text(&sender, ".y.example");
    writer_text(&zone, "\"");
    writer_bytes(&zone, label);
    writer_text(&zone, ".y.example\": {\"TXT\": [\"v=spf1 exists:%{d1r}.%{d2}.b.example "
                       "-all\"]}, \"");
    writer_bytes(&zone, label);
    writer_text(&zone, ".y.example.b.example\": {\"A\": [\"127.0.0.2\"]}");
    o = plain(writer_c(&zone), writer_c(&sender), FROM "\r\n");
    tap_ok(
        o->spf.result == AUTH_PASS,
        "class 11: libspf2 CVE-2021-33913: one long label of a name, turned round and cut");
    static const char *const senders[] = {"---@a.example", "-@a.example", ".@a.example",
                                          "@a.example",    "a.example",   "a-@a.example"};
    size_t answered = 0;
    for (size_t i = 0; i < sizeof senders / sizeof *senders; i++) {
        o = with_record("v=spf1 exists:%{l1r-}.%{l9r-}%{s1r.-+,/_=}.b.example -all", "",
                        senders[i]);
        answered += o->spf.result == AUTH_FAIL;
    }
    tap_ok(answered == 6,
           "class 11: libspf2 CVE-2023-42118: local parts that are delimiters or nothing");
    static const char *const broken[] = {"%",      "%{",      "%{l",     "%{l0}", "%{l",
                                         "%{l1r",  "%{l-",    "%{}",     "%{q}",  "%x",
                                         "%{l1r-", "%{l-1r}", "%{lr1-}", "%{l 1}"};
    answered = 0;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct writer w;
        writer_init(&w, &arena);
        writer_format(&w, "v=spf1 exists:%s -all", broken[i]);
        o = with_record(writer_c(&w), "", "u@a.example");
        answered += o->spf.result == AUTH_PERMERROR && origin_has_note(o, "spf_broken");
    }
    tap_ok(answered == sizeof broken / sizeof *broken,
           "class 11: a macro that breaks off, or is none: permerror, and told");
    writer_init(&zone, &arena);
    writer_text(&zone, "v=spf1 exists:");
    writer_bytes(&zone, repeated(1200, "%{S}"));
    writer_text(&zone, ".b.example -all");
    writer_init(&sender, &arena);
    writer_bytes(&sender, repeated(400, "\xff"));
    writer_text(&sender, "@a.example");
    o = with_record(writer_c(&zone), "", writer_c(&sender));
    tap_ok(o->spf.result == AUTH_PERMERROR && origin_has_note(o, "spf_broken") &&
               memory < (size_t)1 << 20,
           "class 11: a macro that expands a thousandfold stops at its bound (%zu KB)",
           memory >> 10);
}

/* --- class 12: records that ask --- */

/* "NAME": {"MX": ten hosts}, and the hosts, none of which is the client: 10 fields of it and 100 names in all. */
static void
put_fan(struct writer *w, const char *domain)
{
    for (int i = 0; i < 10; i++) {
        writer_format(w, ", \"m%d.%s\": {\"MX\": [", i, domain);
        for (int h = 0; h < 10; h++) {
            writer_format(w, "%s[%d, \"h%d.m%d.%s\"]", h > 0 ? "," : "", h, h, i, domain);
        }
        writer_text(w, "]}");
        for (int h = 0; h < 10; h++) {
            writer_format(w, ", \"h%d.m%d.%s\": {\"A\": [\"198.51.100.%d\"]}", h, i, domain,
                          h + 1);
        }
    }
}

static void
put_bomb(struct writer *w, const char *domain)
{
    writer_format(w, "\"%s\": {\"TXT\": [\"v=spf1", domain);
    for (int i = 0; i < 10; i++) {
        writer_format(w, " mx:m%d.%s", i, domain);
    }
    writer_text(w, " -all\"]}");
    put_fan(w, domain);
}

static void
test_bombs(void)
{
    const struct origin *o = with_record("v=spf1 -all", "", "u@a.example");
    size_t base = questions;
    struct writer w;

    o = with_record("v=spf1 include:a.example include:a.example include:a.example -all", "",
                    "u@a.example");
    tap_ok(o->spf.result == AUTH_PERMERROR && origin_has_note(o, "spf_broken") &&
               questions == base,
           "class 12: a record that includes itself three times asks nothing more");
    o = with_record("v=spf1 redirect=b.example",
                    "\"b.example\": {\"TXT\": [\"v=spf1 redirect=a.example\"]}",
                    "u@a.example");
    tap_ok(o->spf.result == AUTH_PERMERROR && origin_has_note(o, "spf_broken") &&
               questions == base + 1,
           "class 12: redirects that loop: one question more");
    writer_init(&w, &arena);
    for (int i = 0; i < 1111; i++) { /* each includes ten others, four deep */
        writer_format(&w, "%s\"i%d.example\": {\"TXT\": [\"v=spf1", i > 0 ? ", " : "", i);
        for (int k = 1; k <= 10; k++) {
            writer_format(&w, " include:i%d.example", 10 * i + k);
        }
        writer_text(&w, " -all\"]}");
    }
    for (int i = 1111; i < 11111; i++) {
        writer_format(&w, ", \"i%d.example\": {\"TXT\": [\"v=spf1 -all\"]}", i);
    }
    o = plain(writer_c(&w), "u@i0.example", FROM "\r\n");
    tap_ok(o->spf.result == AUTH_PERMERROR && origin_has_note(o, "spf_broken") &&
               questions <= base + LIMIT_SPF_TERMS,
           "class 12: ten includes of ten includes of ten: %zu questions for SPF",
           questions - base);
    o = with_record("v=spf1 a:v1.example a:v2.example a:v3.example a:v4.example "
                    "a:v5.example -all",
                    "", "u@a.example");
    tap_ok(o->spf.result == AUTH_PERMERROR && origin_has_note(o, "spf_broken") &&
               questions == base + LIMIT_SPF_VOID + 1,
           "class 12: names that do not exist: the third ends it");
    writer_init(&w, &arena);
    put_bomb(&w, "a.example");
    o = plain(writer_c(&w), "u@a.example", FROM "\r\n");
    tap_ok(o->spf.result == AUTH_FAIL && questions == base + 110 &&
               !origin_has_note(o, "dns_questions"),
           "class 12: ten MX of ten hosts, all that SPF allows: %zu questions", questions);
    writer_init(&w, &arena);
    writer_text(&w, "\"1.2.0.192.in-addr.arpa\": {\"PTR\": [");
    for (int i = 0; i < 200; i++) {
        writer_format(&w, "%s\"p%d.example\"", i > 0 ? "," : "", i);
    }
    writer_text(&w, "]}, \"a.example\": {\"TXT\": [\"v=spf1 ptr ptr:b.example -all\"]}");
    o = plain(writer_c(&w), "u@a.example", FROM "\r\n");
    tap_ok(o->spf.result == AUTH_FAIL && questions == base + LIMIT_SPF_PTR &&
               origin_has_note(o, "dns_large"),
           "class 12: a client of 200 names: ten are asked for");
}

/* All questions of one message are used up by two domains of a forger's. What the domain of From wants is asked all the
 * same. */
static void
test_used_up(void)
{
    static const char bank[] =
        ", \"_dmarc.bank.example\": {\"TXT\": [\"v=DMARC1; p=reject; np=reject\"]}";
    struct writer w;

    writer_init(&w, &arena);
    put_bomb(&w, "evil.example");
    writer_text(&w, ", ");
    put_bomb(&w, "helo.example");
    writer_text(&w, bank);
    const struct origin *o =
        plain(writer_c(&w), "u@evil.example", "From: <a@very.deep.bank.example>\r\n\r\n");
    tap_ok(questions >= LIMIT_DNS_QUESTIONS && origin_has_note(o, "dns_questions") &&
               o->spf_helo.result == AUTH_TEMPERROR,
           "class 12: two bombs in one message: %zu questions, and it is told", questions);
    tap_ok(o->dmarc.result == AUTH_FAIL && o->dmarc.policy == DMARC_POLICY_REJECT,
           "class 12: a forger who uses the questions up does not get past the policy: %s",
           auth_result_name(o->dmarc.result));
    writer_init(&w, &arena);
    put_bomb(&w, "evil.example");
    writer_text(&w, ", ");
    put_bomb(&w, "helo.example");
    writer_text(&w, bank);
    const char *zone = writer_c(&w);
    writer_init(&w, &arena);
    writer_text(&w, "From: ");
    for (int i = 1; i < LIMIT_FROM_ADDRESSES; i++) {
        writer_format(&w, "<u@a.b.c.d.e.f.g.h.evil%d.example>, ", i);
    }
    writer_text(&w, "<a@very.deep.bank.example>\r\n\r\n");
    o = plain(zone, "u@evil.example", writer_c(&w));
    tap_ok(o->dmarc.result == AUTH_FAIL && o->dmarc.policy == DMARC_POLICY_REJECT &&
               origin_has_note(o, "from_several") &&
               questions <=
                   LIMIT_DNS_QUESTIONS + LIMIT_FROM_ADDRESSES * LIMIT_DMARC_QUERIES,
           "class 12, 15: nor one who writes 19 deep names before it (%zu questions)",
           questions);
    tap_ok(replays(o, "u@evil.example", bytes_from_text(writer_c(&w))),
           "class 12: and all of it is decided alike when it is replayed from its record");
    writer_init(&w, &arena);
    writer_text(&w, "From: <a@very.deep.bank.example>");
    for (int i = 0; i < LIMIT_FROM_ADDRESSES + 5; i++) {
        writer_format(&w, ", <u@evil%d.example>", i);
    }
    writer_text(&w, "\r\n\r\n");
    o = plain(zone, "u@evil.example", writer_c(&w));
    tap_ok(o->dmarc.result == AUTH_FAIL && o->dmarc.policy == DMARC_POLICY_REJECT &&
               origin_has_note(o, "from_several"),
           "class 15: nor one who writes more names behind it than are asked for: %s",
           auth_result_name(o->dmarc.result));
}

/* A forger's HELO asks for much, while the SPF record of the bank that he names as sender needs forty questions. */
static void
test_helo(void)
{
    struct writer w;

    writer_init(&w, &arena);
    put_bomb(&w, "helo.example");
    writer_text(&w, ", ");
    put_bomb(&w, "evil.example");
    put_fan(&w, "bank.example");
    writer_text(&w, ", \"bank.example\": {\"TXT\": [\"v=spf1 mx:m0.bank.example "
                    "mx:m1.bank.example mx:m2.bank.example mx:m3.bank.example -all\"]}, "
                    "\"_dmarc.bank.example\": {\"TXT\": [\"v=DMARC1; p=reject\"]}, "
                    "\"1.2.0.192.in-addr.arpa\": {\"PTR\": [");
    for (int i = 0; i < 10; i++) {
        writer_format(&w, "%s\"p%d.example\"", i > 0 ? "," : "", i);
    }
    writer_text(&w, "]}");
    const char *zone = writer_c(&w);
    writer_init(&w, &arena);
    for (int i = 0; i < LIMIT_DKIM_SIGNATURES; i++) {
        writer_format(&w,
                      "DKIM-Signature: v=1; a=rsa-sha256; d=d%d.example; s=s; h=from; "
                      "bh=AAAA; b=AAAA\r\n",
                      i);
    }
    const struct origin *o = origin_of(zone, "u@bank.example", writer_view(&w),
                                       "From: <a@bank.example>\r\n\r\n");
    tap_ok(o->spf_helo.result == AUTH_TEMPERROR && origin_has_note(o, "dns_questions"),
           "class 12: HELO has fewer questions than the sender");
    tap_ok(o->spf.result == AUTH_FAIL && o->dmarc.result == AUTH_FAIL &&
               questions <= LIMIT_DNS_QUESTIONS + LIMIT_DMARC_QUERIES,
           "class 16: so a forger's HELO does not take those of the domain that he forges");
    settings.senderid = true;
    o = plain(zone, "u@bank.example",
              "Sender: <x@evil.example>\r\nFrom: <a@bank.example>\r\n\r\n");
    settings.senderid = false;
    tap_ok(o->senderid.result == AUTH_TEMPERROR && o->spf.result == AUTH_FAIL &&
               o->dmarc.result == AUTH_FAIL && origin_has_note(o, "dns_questions"),
           "class 16: nor does the domain that he names in Sender");
}

/* HELO with nine MX of ten hosts and one of so many: at the bound, and past it. */
static void
test_helo_bound(void)
{
    const struct origin *o =
        plain("\"helo.example\": {\"TXT\": [\"v=spf1 -all\"]}", "u@a.example", FROM "\r\n");
    size_t base = questions, of_from = 2, right = 0;

    for (size_t hosts = 3; hosts <= 10; hosts++) {
        struct writer w;
        writer_init(&w, &arena);
        writer_text(&w, "\"helo.example\": {\"TXT\": [\"v=spf1");
        for (int i = 0; i < 9; i++) {
            writer_format(&w, " mx:m%d.helo.example", i);
        }
        writer_text(&w, " mx:last.example -all\"]}");
        put_fan(&w, "helo.example");
        writer_text(&w, ", \"last.example\": {\"MX\": [");
        for (size_t i = 0; i < hosts; i++) {
            writer_format(&w, "%s[1, \"h%zu.m9.helo.example\"]", i > 0 ? "," : "", i);
        }
        writer_text(&w, "]}");
        o = plain(writer_c(&w), "u@a.example", FROM "\r\n");
        bool past = base - of_from + 9 * 11 + 1 + hosts > LIMIT_DNS_HELO;
        right += origin_has_note(o, "dns_questions") == past &&
                 (o->spf_helo.result == AUTH_TEMPERROR) == past;
    }
    tap_ok(right == 8 && base - of_from + 9 * 11 + 1 + 3 <= LIMIT_DNS_HELO &&
               base - of_from + 9 * 11 + 1 + 10 > LIMIT_DNS_HELO,
           "class 12: LIMIT_DNS_HELO questions are asked for HELO, not one more");
}

/* --- in the order of the record --- */

static void
test_order(void)
{
    const struct origin *o =
        with_record("v=spf1 a:x.example ip4:192.0.2.1 -all",
                    "\"x.example\": {\"A\": \"TIMEOUT\"}", "u@a.example");

    tap_ok(o->spf.result == AUTH_TEMPERROR && origin_has_note(o, "dns_unanswered"),
           "OpenDMARC: terms count from left to right: the first is not answered");
    o = with_record("v=spf1 ip4:192.0.2.1 a:x.example -all",
                    "\"x.example\": {\"A\": \"TIMEOUT\"}", "u@a.example");
    tap_ok(o->spf.result == AUTH_PASS,
           "OpenDMARC: terms count from left to right: the first matches");
    o = with_record("v=spf1 ?ip4:192.0.2.1 -ip4:192.0.2.0/24 +all", "", "u@a.example");
    tap_ok(o->spf.result == AUTH_NEUTRAL, "OpenDMARC: and the first match ends it");
}

int
main(void)
{
    begin();
    test_macros();
    test_bombs();
    test_used_up();
    test_helo();
    test_helo_bound();
    test_order();
    return end();
}
