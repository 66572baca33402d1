#include "base/json.h"
#include "base/tap.h"
#include "base/writer.h"
#include "dns/resolver.h"
#include "trace/batv.h"
#include "trace/origin.h"
#include "trace/settings.h"
#include "trace/sign.h"

static struct arena arena;
static const struct trace_settings *settings;
static size_t rounds, first_questions;

static const char zone_text[] =
    "{\"example.com\": {\"TXT\": [\"v=spf1 ip4:192.0.2.1 -all\"]},"
    " \"_dmarc.example.com\": {\"TXT\": [\"v=DMARC1; p=reject\"]},"
    " \"other.test\": {\"TXT\": [\"v=spf1 ip4:192.0.2.1 -all\"]},"
    " \"1.2.0.192.in-addr.arpa\": {\"PTR\": [\"Mail.Example.com\"]},"
    " \"mail.example.com\": {\"A\": [\"192.0.2.1\"]},"
    " \"2.2.0.192.in-addr.arpa\": {\"PTR\": [\"elsewhere.test\"]},"
    " \"elsewhere.test\": {\"A\": [\"198.51.100.1\"]},"
    " \"5.2.0.192.in-addr.arpa\": {\"PTR\": [\"p5-ipbf1.tokyo.ocn.ne.jp\"]},"
    " \"p5-ipbf1.tokyo.ocn.ne.jp\": {\"A\": [\"192.0.2.5\"]},"
    " \"3.2.0.192.in-addr.arpa\": {\"PTR\": \"TIMEOUT\"},"
    " \"9.2.0.192.in-addr.arpa\": {\"PTR\": [\"nine.test\"]}, \"nine.test\": {\"A\": "
    "[\"192.0.2.9\"]}}";

static const struct origin *
walk(const char *client, const char *mail_from, const char *message, struct dns_memo *memo)
{
    struct arrival *arrival = ARENA_NEW(&arena, struct arrival);
    struct dns_zone *zone;
    struct why why;

    (void)net_address_read(bytes_from_text(client), &arrival->client);
    arrival->helo = BYTES("mail.example.com");
    arrival->mail_from = bytes_from_text(mail_from);
    arrival->raw = bytes_from_text(message);
    if (dns_zone_read(&arena, bytes_from_text(zone_text), &zone, &why) != SK_OK) {
        tap_ok(false, "zone: %s", why.sentence);
    }
    const struct letter *letter = letter_read_header(&arena, arrival->raw);
    struct trace *trace =
        trace_new(&arena, settings, NULL, arrival, letter, memo, 1795309202);
    enum sk_code code;
    rounds = 0;
    while ((code = trace_step(trace)) == SK_MORE) {
        if (rounds++ == 0) {
            first_questions = memo->answer_count;
        }
        dns_zone_answer(zone, memo);
    }
    return code == SK_OK ? trace_origin(trace) : NULL;
}

static const struct origin *
origin_of(const char *client, const char *mail_from, const char *message)
{
    struct dns_memo *memo = ARENA_NEW(&arena, struct dns_memo);

    dns_memo_init(memo, &arena);
    return walk(client, mail_from, message, memo);
}

static void
test_domainkeys(void)
{
    static const char old[] = "DomainKey-Signature: a=rsa-sha1; c=nofws; q=dns; "
                              "d=example.com; s=old; b=AAAA\r\n"
                              "From: A <a@example.com>\r\nSubject: x\r\n\r\nhello\r\n";
    struct trace_settings legacy = *settings;
    const struct trace_settings *before = settings;
    const struct origin *o = origin_of("192.0.2.1", "a@example.com", old);

    tap_ok(o->domainkeys_count == 0 && bytes_find(o->authentication_results,
                                                  BYTES("domainkeys="), 0) == BYTES_NOWHERE,
           "DomainKeys are not looked at");
    legacy.legacy = true;
    settings = &legacy;
    o = origin_of("192.0.2.1", "a@example.com", old);
    settings = before;
    tap_ok(o->domainkeys_count == 1 && o->domainkeys[0].result != AUTH_PASS &&
               bytes_is(o->domainkeys[0].domain, "example.com") &&
               bytes_find(o->authentication_results, BYTES("domainkeys="), 0) !=
                   BYTES_NOWHERE &&
               o->grade == GRADE_A,
           "but under legacy they are labelled, and decide nothing");
}

static const char plain[] = "From: A <a@example.com>\r\nSubject: x\r\n\r\nhello\r\n";

static void
test_grades(void)
{
    const struct origin *o = origin_of("192.0.2.1", "a@example.com", plain);

    tap_ok(o->grade == GRADE_A && o->spf.result == AUTH_PASS &&
               o->dmarc.result == AUTH_PASS && o->dmarc.spf_aligned,
           "grade A");
    tap_ok(o->iprev == AUTH_PASS && bytes_is(o->client_name, "mail.example.com"), "iprev");
    tap_ok(
        bytes_find(o->authentication_results, BYTES("mx.test"), 0) == 0 &&
            bytes_find(o->authentication_results, BYTES("spf=pass"), 0) != BYTES_NOWHERE &&
            bytes_find(o->authentication_results, BYTES("dmarc=pass"), 0) != BYTES_NOWHERE,
        "Authentication-Results is written");
    o = origin_of("192.0.2.1", "a@other.test", plain);
    tap_ok(o->grade == GRADE_B && o->dmarc.result == AUTH_FAIL &&
               o->dmarc.policy == DMARC_POLICY_REJECT,
           "grade B: not aligned");
    o = origin_of("192.0.2.9", "a@example.com", plain);
    tap_ok(o->grade == GRADE_C && o->spf.result == AUTH_FAIL, "grade C: a host name only");
    o = origin_of("192.0.2.2", "a@example.com", plain);
    tap_ok(o->grade == GRADE_D && o->iprev == AUTH_FAIL && o->client_name.size == 0,
           "grade D: the name leads elsewhere");
    o = origin_of("192.0.2.3", "a@example.com", plain);
    tap_ok(o->iprev == AUTH_TEMPERROR, "iprev: time-out");
    o = origin_of("192.0.2.4", "a@example.com", plain);
    tap_ok(o->iprev == AUTH_PERMERROR, "iprev: no name");
    o = origin_of("", "a@example.com", plain);
    tap_ok(o->iprev == AUTH_NONE && o->spf.result == AUTH_NONE, "no client");
}

static void
test_senderid(void)
{
    const struct trace_settings *before = settings;
    struct trace_settings with = *settings;
    const struct origin *o = origin_of("192.0.2.1", "a@other.test", plain);

    tap_ok(o->senderid.result == AUTH_NONE && o->senderid.domain.size == 0 &&
               bytes_find(o->authentication_results, BYTES("sender-id"), 0) ==
                   BYTES_NOWHERE,
           "Sender ID is not asked for");
    with.senderid = true;
    settings = &with;
    o = origin_of("192.0.2.1", "a@other.test", plain);
    tap_ok(o->senderid.result == AUTH_PASS && bytes_is(o->senderid.domain, "example.com") &&
               bytes_is(o->senderid.field, "From") &&
               bytes_find(o->authentication_results,
                          BYTES("sender-id=pass header.from=a@example.com"),
                          0) != BYTES_NOWHERE,
           "senderid = yes: a label");
    o = origin_of("192.0.2.9", "a@other.test", "Sender: s@example.com\r\nFrom: x\r\n\r\n");
    tap_ok(o->senderid.result == AUTH_FAIL &&
               bytes_find(o->authentication_results,
                          BYTES("sender-id=fail reason=\"not permitted\""),
                          0) != BYTES_NOWHERE,
           "and a failing one");
    settings = before;
}

static void
test_notes(void)
{
    const struct origin *o = origin_of("192.0.2.5", "a@other.test", plain);

    tap_ok(origin_has_note(o, "dynamic_name") && o->note_count == 1,
           "a line's name; the greeting is another name, but it exists");
    o = origin_of("192.0.2.1", "a@other.test",
                  "X-PHP-Script: shop.example/form.php for 203.0.113.9\r\nFrom: "
                  "a@example.com\r\n\r\n");
    struct net_address client = {0};
    tap_ok(o->claimed_count == 1 && o->note_count == 1 && origin_has_note(o, "web_form"),
           "a form, and whom it claims");
    tap_ok(net_address_read(BYTES("192.0.2.1"), &client) &&
               net_address_equal(&o->source, &client),
           "what a field claims is not taken for the source");
}

static void
test_rounds(void)
{
    const struct origin *o =
        origin_of("192.0.2.1", "a@example.com",
                  "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=k; h=from; "
                  "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; "
                  "b=AAAA\r\nFrom: a@example.com\r\n\r\nhello\r\n");

    tap_ok(o != NULL && o->dkim_count == 1, "a signature");
    tap_ok(first_questions == 6,
           "SPF twice, DMARC, PTR, the greeting and the key are asked together (%zu)",
           first_questions);
    tap_ok(rounds == 1, "one round: the reverse name is that of the greeting (%zu)",
           rounds);
}

static void
test_from(void)
{
    const struct origin *o =
        origin_of("192.0.2.1", "a@other.test",
                  "From: a@nopolicy.test\r\nFrom: b@example.com\r\n\r\n");

    tap_ok(o->dmarc.result == AUTH_FAIL && bytes_is(o->dmarc.from_domain, "example.com"),
           "a second From field counts");
    o = origin_of("192.0.2.1", "a@other.test",
                  "From: a@nopolicy.test, \"x\" <b@Example.com>\r\n\r\n");
    tap_ok(o->dmarc.result == AUTH_FAIL && bytes_is(o->dmarc.from_domain, "example.com"),
           "a second address counts");
    o = origin_of("192.0.2.1", "a@other.test", "From: g: b@example.com;\r\n\r\n");
    tap_ok(o->dmarc.result == AUTH_FAIL && bytes_is(o->dmarc.from_domain, "example.com"),
           "a group's member counts");
    o = origin_of("192.0.2.1", "", "Subject: no From\r\n\r\n");
    tap_ok(o->dmarc.result == AUTH_PERMERROR && o->spf.helo_identity,
           "no From, the null sender");
    o = origin_of("192.0.2.1", "", "");
    tap_ok(o != NULL && o->hop_count == 0, "an empty message");
}

static void
test_border(void)
{
    const struct origin *o =
        origin_of("127.0.0.1", "a@example.com",
                  "Received: from mail.example.com (mail.example.com [192.0.2.1]) by "
                  "front.test with ESMTP id X;\r\n"
                  " Sun, 22 Nov 2026 10:00:02 +0900\r\nFrom: a@example.com\r\n\r\n");

    tap_ok(o->border == 1 && o->spf.result == AUTH_PASS && o->grade == GRADE_A,
           "behind our own front the source is asked for");
    o = origin_of(
        "192.0.2.1", "a@example.com",
        "Authentication-Results: mx.test; dkim=pass header.d=bank.test\r\n"
        "Authentication-Results: other.test; spf=pass\r\nFrom: a@example.com\r\n\r\n");
    tap_ok(o->forged_count == 1 &&
               bytes_starts(o->forged[0], BYTES("Authentication-Results: mx.test")),
           "a field in our name is forged");
}

static struct bytes
json_of(const struct origin *o)
{
    struct writer w;
    struct json j;

    writer_init(&w, &arena);
    json_init(&j, &w);
    origin_write_json(o, &j);
    return writer_view(&w);
}

static void
test_replay(void)
{
    struct dns_memo *memo = ARENA_NEW(&arena, struct dns_memo),
                    *again = ARENA_NEW(&arena, struct dns_memo);
    struct writer w;
    struct json j;

    dns_memo_init(memo, &arena);
    const struct origin *o = walk("192.0.2.1", "a@example.com", plain, memo);
    writer_init(&w, &arena);
    json_init(&j, &w);
    dns_memo_write_json(memo, &j);
    dns_memo_init(again, &arena);
    tap_ok(dns_memo_read_json(again, writer_view(&w)), "the record of the DNS is read");
    again->sealed = true;
    const struct origin *replayed = walk("192.0.2.1", "a@example.com", plain, again);
    tap_ok(rounds == 0, "nothing is asked again");
    tap_ok(bytes_equal(json_of(o), json_of(replayed)), "the same origin");
}

int
main(void)
{
    static const struct config_key own[] = {
        {"", "hostname", CONFIG_TEXT, "mx.test", 0, 0, NULL, false, "."}};
    struct config_key keys[128] = {own[0]};
    const struct config *config;
    struct why why = {0};
    size_t count = 1;

    arena_init(&arena, 1ul << 26);
    const struct config_key *const tables[] = {trace_config_keys, sign_config_keys,
                                               batv_config_keys};
    for (size_t t = 0; t < 3; t++) {
        for (const struct config_key *key = tables[t]; key->name != NULL; key++) {
            keys[count++] = *key;
        }
    }
    bool good = config_read(&arena, keys, BYTES(""), &config, &why) == SK_OK &&
                trace_settings_new(&arena, config, &settings, &why) == SK_OK;
    tap_ok(good && bytes_is(settings->authserv_id, "mx.test") &&
               settings->trusted_count == 2,
           "settings %s", why.sentence);
    if (good) {
        test_grades();
        test_domainkeys();
        test_senderid();
        test_notes();
        test_rounds();
        test_from();
        test_border();
        test_replay();
    }
    good = config_read(&arena, keys, BYTES("[trace]\ntrusted = 10.0.0.0/8, nonsense\n"),
                       &config, &why) == SK_OK;
    tap_ok(good && trace_settings_new(&arena, config, &settings, &why) == SK_CONFIG &&
               why.line == 2,
           "a bad prefix: %s", why.sentence);
    arena_release(&arena);
    arena_forget_blocks();
    return tap_done();
}
