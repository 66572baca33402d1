/* Faults that others had, and still have: one statement each, named by who had it. Where another test of this folder makes the
 * statement at the bound (dkim_test, spf_test, dmarc_test, authres_test, key_test), only what passes through the whole
 * chain stands here. OpenSSL first: its headers name what base/banned.h forbids. */
#include <openssl/evp.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "dns/resolver.h"
#include "trace/authres.h"
#include "trace/key.h"
#include "trace/origin.h"
#include "trace/spf.h"

#include <time.h>

#define NOW 1700000000

static struct arena arena;
static EVP_PKEY *pair;
static struct bytes own_key;
static size_t questions;
static double seconds;

/* Canonicalised by hand: `signed_fields` and the body are what is hashed; relaxed where the tags begin with it. */
static struct bytes
sign(const char *tags, const char *signed_fields, const char *signed_body)
{
    uint8_t digest[HASH_SHA256_SIZE], signature[64];
    size_t size = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    struct writer w;

    hash_sha256(bytes_from_text(signed_body), digest);
    struct bytes bh = bytes_base64(&arena, bytes_of(digest, sizeof digest));
    writer_init(&w, &arena);
    writer_format(&w, "DKIM-Signature: v=1; a=ed25519-sha256; %s; bh=%.*s; b=", tags,
                  BYTES_ARGUMENTS(bh));
    struct bytes field = writer_view(&w);
    bool relaxed = bytes_starts(bytes_from_text(tags), BYTES("c=relaxed"));
    const struct bytes pieces[] = {
        bytes_from_text(signed_fields), relaxed ? BYTES("dkim-signature:") : BYTES_NONE,
        bytes_from(field, relaxed ? sizeof "DKIM-Signature: " - 1 : 0)};
    hash_sha256_many(pieces, 3, digest);
    SK_ASSERT(EVP_DigestSignInit(context, NULL, NULL, NULL, pair) == 1 &&
              EVP_DigestSign(context, signature, &size, digest, sizeof digest) == 1);
    EVP_MD_CTX_free(context);
    writer_bytes(&w, bytes_base64(&arena, bytes_of(signature, size)));
    writer_text(&w, "\r\n");
    return writer_view(&w);
}

/* The origin of a message from 192.0.2.1 with HELO helo.example; the zone is the inside of a JSON object, %K in it our key. */
static const struct origin *
origin_of(const char *zone_text, const char *mail_from, struct bytes top, const char *rest)
{
    static struct trace_settings settings = {.authserv_id = BYTES("mx.example")};
    struct arrival *arrival = ARENA_NEW(&arena, struct arrival);
    struct dns_memo *memo = ARENA_NEW(&arena, struct dns_memo);
    struct dns_zone *zone;
    struct writer text, raw;
    struct why why;
    enum sk_code code;
    clock_t before;

    writer_init(&text, &arena);
    writer_byte(&text, '{');
    for (const char *c = zone_text; *c != '\0'; c++) {
        if (c[0] == '%' && c[1] == 'K') {
            writer_bytes(&text, own_key);
            c++;
        } else {
            writer_byte(&text, (uint8_t)*c);
        }
    }
    writer_byte(&text, '}');
    writer_init(&raw, &arena);
    writer_bytes(&raw, top);
    writer_text(&raw, rest);
    (void)net_address_read(BYTES("192.0.2.1"), &arrival->client);
    arrival->helo = BYTES("helo.example");
    arrival->mail_from = bytes_from_text(mail_from);
    arrival->raw = writer_view(&raw);
    dns_memo_init(memo, &arena);
    if (dns_zone_read(&arena, writer_view(&text), &zone, &why) != SK_OK) {
        tap_ok(false, "zone: %s", why.sentence);
        exit(1);
    }
    const struct letter *letter = letter_read_header(&arena, arrival->raw);
    before = clock();
    struct trace *trace = trace_new(&arena, &settings, NULL, arrival, letter, memo, NOW);
    while ((code = trace_step(trace)) == SK_MORE) {
        dns_zone_answer(zone, memo);
    }
    seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
    questions = memo->answer_count;
    SK_ASSERT(code == SK_OK);
    return trace_origin(trace);
}

static const struct origin *
plain(const char *zone_text, const char *mail_from, const char *message)
{
    return origin_of(zone_text, mail_from, BYTES_NONE, message);
}

#define FROM     "From: <a@a.example>\r\n"
#define TAGS     "d=a.example; s=s; h=from"
#define KEY      "\"s._domainkey.a.example\": {\"TXT\": [\"%K\"]}"
#define REJECT   "\"_dmarc.a.example\": {\"TXT\": [\"v=DMARC1; p=reject\"]}"
#define NONSENSE "\"zz.example\": {}"

static void
test_yenma(void)
{
    const struct origin *o = plain(NONSENSE, "", FROM "\r\n");

    tap_ok(o->spf.result == AUTH_NONE && o->spf.helo_identity,
           "yenma 1: the null sender and a HELO without a record: SPF none");
    o = plain("\"a.example\": {\"TXT\": [\"v=spf1 mx +all\"], \"MX\": [[1,\"m1.example\"],"
              "[2,\"m2.example\"],[3,\"m3.example\"],[4,\"m4.example\"],[5,\"m5.example\"],"
              "[6,\"m6.example\"],[7,\"m7.example\"],[8,\"m8.example\"],[9,\"m9.example\"],"
              "[10,\"m10.example\"],[11,\"m11.example\"]]}",
              "u@a.example", FROM "\r\n");
    tap_ok(o->spf.result == AUTH_PERMERROR && origin_has_note(o, "spf_broken"),
           "yenma 2: an mx of eleven hosts is permerror, not cut at ten");
    o = plain(NONSENSE, "u@a.example",
              "DKIM-Signature: v=1; a=rsa-sha1; d=a.example; s=s; h=from; bh=AAAA; "
              "b=AAAA\r\n" FROM "\r\n");
    tap_ok(o->dkim[0].result == AUTH_POLICY && origin_has_note(o, "dkim_old_hash"),
           "yenma 3: rsa-sha1 does not count");
    o = origin_of("\"s._domainkey.a.example\": {\"TXT\": [\"t=y; %K\"]}," REJECT, "",
                  sign(TAGS, FROM, "x\r\n"), FROM "\r\nx\r\n");
    tap_ok(o->dkim[0].result == AUTH_PASS && o->dkim[0].testing &&
               o->dmarc.result == AUTH_PASS,
           "yenma 4: a key with t=y counts, on purpose, as large receivers have it");
    struct writer w;
    writer_init(&w, &arena);
    for (size_t i = 0; i < 3; i++) {
        writer_text(&w, "DKIM-Signature: v=1; a=rsa-sha256; d=x.example; s=s; h=from; "
                        "bh=AAAA; b=AAAA\r\n");
    }
    writer_bytes(&w, sign(TAGS, FROM, "x\r\n"));
    o = origin_of(KEY "," REJECT, "", writer_view(&w), FROM "\r\nx\r\n");
    tap_ok(o->dkim[3].result == AUTH_PASS && o->dmarc.dkim_aligned,
           "yenma 5: the aligned signature is the fourth");
    o = plain("\"_dmarc.a.example\": {\"TXT\": [\"v=DMARC1; rua=mailto:r@a.example\"]}", "",
              FROM "\r\n");
    tap_ok(o->dmarc.result == AUTH_FAIL && o->dmarc.policy == DMARC_POLICY_NONE &&
               o->dmarc.published != NULL,
           "yenma 7: a record with rua alone is p=none");
    o = plain("\"xn--r8jz45g.example\": {\"TXT\": [\"v=spf1 ip4:192.0.2.1 -all\"]}, "
              "\"_dmarc.xn--r8jz45g.example\": {\"TXT\": [\"v=DMARC1; p=reject\"]}",
              "u@例え.example", "From: <u@例え.example>\r\n\r\n");
    tap_ok(o->dmarc.result == AUTH_PASS && o->dmarc.spf_aligned,
           "yenma 8: U-labels in From and sender are aligned as A-labels");
}

static void
test_opendkim(void)
{
    const struct origin *o = origin_of(
        KEY, "", sign("c=simple/simple; " TAGS, "From:\r\n\t<a@a.example>\r\n", "x\r\n"),
        "From:\r\n\t<a@a.example>\r\n\r\nx\r\n");

    tap_ok(o->dkim[0].result == AUTH_PASS,
           "OpenDKIM 2.10.3: a field folded right after its colon");
    o = origin_of(KEY, "",
                  sign("c=relaxed; " TAGS ":list-unsubscribe",
                       "from:<a@a.example>\r\nlist-unsubscribe:<mailto:u@a.example>\r\n",
                       "x\r\n"),
                  FROM "List-Unsubscribe:\r\n\t<mailto:u@a.example>\r\n\r\nx\r\n");
    tap_ok(o->dkim[0].result == AUTH_PASS, "OpenDKIM 215: a folded List-Unsubscribe");
    o = origin_of(KEY, "", sign(TAGS, FROM, "x\r\n"), FROM "\r\nx\r\n");
    tap_ok(o->dkim[0].result == AUTH_PASS && o->dkim[0].key_bits == 256,
           "OpenDKIM 2.10.3: an Ed25519 key is no 0-bit key");
    o = origin_of(KEY, "", sign(TAGS, "From: \xe5\xb1\xb1 <a@a.example>\r\n", "x\r\n"),
                  "From: \xe5\xb1\xb1 <a@a.example>\r\n\r\nx\r\n");
    tap_ok(o->dkim[0].result == AUTH_PASS, "OpenDKIM 404: UTF-8 in a signed field");
    o = plain(NONSENSE, "",
              "DKIM-Signature: =?utf-8?q?v=3D1;_a=3Drsa-sha256?=\r\n" FROM "\r\n");
    tap_ok(o->dkim[0].result == AUTH_NEUTRAL && origin_has_note(o, "dkim_broken"),
           "OpenDKIM 217: an encoded word is no signature, and nothing more happens");
    o = plain(NONSENSE, "",
              "Authentication-Results: other.example; dkim=pass\r\n"
              "Authentication-Results: mx.example; dkim=pass header.d=bank.example\r\n"
              "Authentication-Results: third.example; dkim=pass\r\n" FROM "\r\n");
    tap_ok(
        o->forged_count == 1 &&
            bytes_find(o->forged[0], BYTES("mx.example"), 0) != BYTES_NOWHERE,
        "OpenDKIM CVE-2022-48521: the forged field itself goes, not the one of its number");
}

static void
test_opendmarc(void)
{
    static const char strict[] =
        "\"_dmarc.a.example\": {\"TXT\": [\"v=DMARC1; p=reject; aspf=s; adkim=s\"]},"
        "\"sub.a.example\": {\"TXT\": [\"v=spf1 +all\"]}";
    const struct origin *o = plain(strict, "u@sub.a.example", FROM "\r\n");

    tap_ok(o->spf.result == AUTH_PASS && o->dmarc.result == AUTH_FAIL,
           "OpenDMARC: strict is strict, the organizational domain does not help");
    o = plain(REJECT, "", "From: <u@deep.sub.a.example>\r\n\r\n");
    tap_ok(o->dmarc.result == AUTH_FAIL && o->dmarc.policy == DMARC_POLICY_REJECT,
           "OpenDMARC 54: a subdomain inherits the policy");
    o = plain(REJECT, "", "From: Bank <a@a.example>>\r\n\r\n");
    tap_ok(o->dmarc.policy == DMARC_POLICY_REJECT,
           "OpenDMARC 342, 113, 174: a stray > does not skip DMARC");
    o = plain(REJECT, "", "From: \"x \\\" <u@other.example>\" <a@a.example>\r\n\r\n");
    tap_ok(bytes_is(o->dmarc.from_domain, "a.example") &&
               o->dmarc.policy == DMARC_POLICY_REJECT,
           "OpenDMARC: a quoted pair in the display name gives no other domain");
    o = plain("\"helo.example\": {\"TXT\": [\"v=spf1 +all\"]}, "
              "\"_dmarc.helo.example\": {\"TXT\": [\"v=DMARC1; p=reject\"]}, "
              "\"a.example\": {\"TXT\": [\"v=spf1 -all\"]}",
              "u@a.example", "From: <x@helo.example>\r\n\r\n");
    tap_ok(o->spf_helo.result == AUTH_PASS && o->dmarc.result == AUTH_FAIL,
           "OpenDMARC CVE-2019-20790: HELO is not taken for MAIL FROM");
    o = plain(NONSENSE, "",
              "DKIM-Signature: v=1; a=rsa-sha256; d=a.example(.b.example; s=s; h=from; "
              "bh=AAAA; b=AAAA\r\n" FROM "\r\n");
    tap_ok(o->dkim[0].result == AUTH_NEUTRAL &&
               bytes_find(o->authentication_results, BYTES("header.d=a.example("), 0) ==
                   BYTES_NOWHERE,
           "OpenDMARC CVE-2020-12272: a bracket in d= reaches no result");
    o = plain(REJECT ", \"_dmarc.b.example\": {\"TXT\": [\"v=DMARC1; p=none\"]}", "",
              "From: <b@b.example>, <a@a.example>\r\n\r\n");
    tap_ok(o->dmarc.policy == DMARC_POLICY_REJECT && origin_has_note(o, "from_several"),
           "OpenDMARC CVE-2019-16378, CVE-2021-34555: every address of From is asked");
    o = plain(REJECT, "", "From: <b@b.example>\r\nFrom: <a@a.example>\r\n\r\n");
    tap_ok(o->dmarc.policy == DMARC_POLICY_REJECT && origin_has_note(o, "from_several"),
           "the same over two fields");
    struct writer w;
    writer_init(&w, &arena);
    writer_text(&w, "DKIM-Signature: v=1; a=ed25519-sha256; d=b.example; s=s; h=from; "
                    "bh=AAAA; b=AAAA\r\n");
    writer_bytes(&w, sign(TAGS, "From: <b@b.example>\r\n", "x\r\n"));
    o = origin_of(KEY ", \"s._domainkey.b.example\": {\"TXT\": [\"%K\"]}, "
                      "\"_dmarc.b.example\": {\"TXT\": [\"v=DMARC1; p=reject\"]}",
                  "", writer_view(&w), "From: <b@b.example>\r\n\r\nx\r\n");
    tap_ok(o->dkim[0].result == AUTH_FAIL && o->dkim[1].result == AUTH_PASS &&
               o->dmarc.result == AUTH_FAIL,
           "OpenDMARC 70: a stranger's pass does not pass the signature beside it");
}

static void
test_from_tricks(void)
{
    const struct origin *o = plain(REJECT, "", "Subject: x\r\n\r\n");

    tap_ok(o->dmarc.result == AUTH_PERMERROR && origin_has_note(o, "from_missing"),
           "no From");
    o = plain(REJECT, "", "From: undisclosed:;\r\n\r\n");
    tap_ok(origin_has_note(o, "from_group") && origin_has_note(o, "from_missing"),
           "a group without members");
    o = plain(REJECT, "", "From: all: <a@a.example>;\r\n\r\n");
    tap_ok(origin_has_note(o, "from_group") && o->dmarc.policy == DMARC_POLICY_REJECT,
           "a group's members are asked");
    o = plain(REJECT, "",
              "From: =?utf-8?q?service=40bank=2Eco=2Ejp?= <a@a.example>\r\n\r\n");
    tap_ok(origin_has_note(o, "from_name_address"), "an address in the name, encoded");
    o = plain(REJECT, "", "From: \"taro@mail.a.example\" <a@a.example>\r\n\r\n");
    tap_ok(!origin_has_note(o, "from_name_address"), "one of the same house is usual");
    o = plain(REJECT, "", "From: \"u@x.co.jp\" <u@y.co.jp>\r\n\r\n");
    tap_ok(origin_has_note(o, "from_name_address"), "co.jp is no house");
    o = plain(REJECT, "", "From: Taro @ home <a@a.example>\r\n\r\n");
    tap_ok(!origin_has_note(o, "from_name_address"), "a sign alone is no address");
    o = plain(REJECT, "", "From: <=?utf-8?q?a=40bank.example?=@a.example>\r\n\r\n");
    tap_ok(origin_has_note(o, "from_encoded"), "an encoded word inside the address");
}

static void
test_signature_tricks(void)
{
    const struct origin *o =
        origin_of(KEY, "", sign(TAGS "; l=3", FROM, "x\r\n"), FROM "\r\nx\r\nbuy!\r\n");

    tap_ok(o->dkim[0].result == AUTH_PASS && o->dkim[0].body_tail == 6 &&
               origin_has_note(o, "dkim_body_tail"),
           "class 13: six bytes behind l=");
    o = origin_of(KEY, "", sign(TAGS "; l=3", FROM, "x\r\n"), FROM "\r\nx\r\n\r\n");
    tap_ok(o->dkim[0].result == AUTH_PASS && !origin_has_note(o, "dkim_body_tail"),
           "empty lines at the end are none");
    o = origin_of(KEY, "", sign(TAGS, FROM, "x\r\n"),
                  "From: <bank@bank.example>\r\n" FROM "\r\nx\r\n");
    tap_ok(o->dkim[0].result == AUTH_PASS && origin_has_note(o, "dkim_unsigned_repeat"),
           "class 13: another From above the signed one");
    o = origin_of(KEY, "", sign(TAGS ":from", FROM, "x\r\n"),
                  "From: <bank@bank.example>\r\n" FROM "\r\nx\r\n");
    tap_ok(o->dkim[0].result == AUTH_FAIL && !origin_has_note(o, "dkim_unsigned_repeat"),
           "which oversigning forbids");
    o = origin_of(KEY, "", sign(TAGS ":subject", FROM "Subject: s\r\n", "x\r\n"),
                  "Subject: new\r\n" FROM "Subject: s\r\n\r\nx\r\n");
    tap_ok(o->dkim[0].result == AUTH_PASS && origin_has_note(o, "dkim_unsigned_repeat"),
           "another Subject");
    o = origin_of(KEY, "", sign(TAGS "; t=1700086400", FROM, "x\r\n"), FROM "\r\nx\r\n");
    tap_ok(!origin_has_note(o, "dkim_future"), "LIMIT_DKIM_FUTURE ahead of the clock");
    o = origin_of(KEY, "", sign(TAGS "; t=1700086401", FROM, "x\r\n"), FROM "\r\nx\r\n");
    tap_ok(o->dkim[0].result == AUTH_PASS && origin_has_note(o, "dkim_future"),
           "a second more");
    o = origin_of(KEY, "", sign(TAGS, FROM, "x\r\n"), FROM "\r\nx\r\n");
    tap_ok(o->note_count == 1 && origin_has_note(o, "helo_unknown"),
           "nothing is noted of an honest signature");
}

static struct bytes
repeated(size_t count, const char *text)
{
    struct writer w;

    writer_init(&w, &arena);
    for (size_t i = 0; i < count; i++) {
        writer_text(&w, text);
    }
    return writer_view(&w);
}

/* "NAME": {"TXT": ["BEGINxxx..."]} */
static const char *
long_record(const char *name, const char *begin, size_t size)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "\"%s\": {\"TXT\": [\"%s", name, begin);
    writer_bytes(&w, repeated(size, "A"));
    writer_text(&w, "\"]}");
    return writer_c(&w);
}

static void
test_bounds(void)
{
    struct bytes good = sign(TAGS, FROM, "x\r\n");
    struct writer w;
    const struct origin *o =
        origin_of(long_record("s._domainkey.a.example", "v=DKIM1; p=", 65000), "", good,
                  FROM "\r\nx\r\n");

    tap_ok(o->dkim[0].result == AUTH_PERMERROR && origin_has_note(o, "dkim_broken") &&
               seconds < 0.1,
           "class 13: a key of 64 KB (%.4f s)", seconds);
    o = plain(long_record("a.example", "v=spf1 ", 65000), "u@a.example", FROM "\r\n");
    tap_ok(o->spf.result == AUTH_PERMERROR && origin_has_note(o, "spf_broken"),
           "class 10: an SPF record of 64 KB");
    o = plain(long_record("_dmarc.a.example", "v=DMARC1; p=reject; rua=", 65000), "",
              FROM "\r\n");
    tap_ok(o->dmarc.policy == DMARC_POLICY_REJECT && seconds < 0.1,
           "class 10: a DMARC record of 64 KB still asks for what it asks");
    writer_init(&w, &arena);
    writer_text(&w, "\"a.example\": {\"TXT\": [\"v=spf1 -all\"");
    writer_bytes(&w, repeated(10000, ",\"v=spf1 +all\""));
    writer_text(&w, "]}, \"_dmarc.a.example\": {\"TXT\": [\"v=DMARC1; p=none\"");
    writer_bytes(&w, repeated(10000, ",\"v=DMARC1; p=reject\""));
    writer_text(&w, "]}, \"s._domainkey.a.example\": {\"TXT\": [\"\"");
    writer_bytes(&w, repeated(10000, ",\"v=DKIM1; p=AAAA\""));
    writer_text(&w, "]}");
    o = origin_of(writer_c(&w), "u@a.example", good, FROM "\r\nx\r\n");
    tap_ok(o->spf.result == AUTH_PERMERROR && o->dmarc.result == AUTH_NONE &&
               o->dkim[0].result == AUTH_PERMERROR && origin_has_note(o, "spf_broken") &&
               origin_has_note(o, "dmarc_broken") && origin_has_note(o, "dkim_broken") &&
               seconds < 0.5,
           "class 10: 10,000 TXT records at every name (%.4f s)", seconds);
    o = origin_of(NONSENSE, "",
                  repeated(10000, "DKIM-Signature: v=1; a=rsa-sha256; d=x.example; s=s; "
                                  "h=from; bh=AAAA; b=AAAA\r\n"),
                  FROM "\r\nx\r\n");
    tap_ok(o->dkim_count > LIMIT_DKIM_SIGNATURES && origin_has_note(o, "dkim_many") &&
               seconds < 1,
           "class 13: 10,000 signatures (%.4f s, %zu questions)", seconds, questions);
    writer_init(&w, &arena);
    writer_bytes(&w, good);
    for (size_t i = 0; i < LIMIT_HEADER_FIELDS - 20; i++) {
        writer_text(&w, "From");
        writer_bytes(&w, repeated(i % 7, " "));
        writer_text(&w, ":");
        writer_bytes(&w, repeated(i % 11, " "));
        writer_text(&w, "<a@a.example>\r\n");
    }
    o = origin_of(KEY "," REJECT, "", writer_view(&w), FROM "\r\nx\r\n");
    tap_ok(origin_has_note(o, "from_several") &&
               origin_has_note(o, "dkim_unsigned_repeat") && seconds < 1,
           "class 22: From fields that differ in white space (%.4f s)", seconds);
}

static void
test_dns_that_lies(void)
{
    const struct origin *o =
        origin_of("\"a.example\": {\"*\": \"TIMEOUT\"}, \"_dmarc.a.example\": {\"*\": "
                  "\"TIMEOUT\"}, \"s._domainkey.a.example\": {\"*\": \"SERVFAIL\"}",
                  "u@a.example", sign(TAGS, FROM, "x\r\n"), FROM "\r\nx\r\n");

    tap_ok(o->spf.result == AUTH_TEMPERROR && o->dkim[0].result == AUTH_TEMPERROR &&
               o->dmarc.result == AUTH_TEMPERROR && origin_has_note(o, "dns_unanswered"),
           "nobody answers");
    o = origin_of("\"a.example\": {\"CNAME\": [\"b.example\"]}, \"b.example\": {\"CNAME\": "
                  "[\"a.example\"]}, \"s._domainkey.a.example\": {\"CNAME\": "
                  "[\"s._domainkey.a.example\"]}",
                  "u@a.example", sign(TAGS, FROM, "x\r\n"), FROM "\r\nx\r\n");
    tap_ok(o->spf.result == AUTH_TEMPERROR && o->dkim[0].result == AUTH_TEMPERROR &&
               origin_has_note(o, "dns_unanswered"),
           "class 10: aliases that loop");
    o = plain("\"a.example\": {\"TXT\": [\"v=spf1 include:a.example include:a.example "
              "include:a.example -all\"]}",
              "u@a.example", FROM "\r\n");
    tap_ok(o->spf.result == AUTH_PERMERROR && origin_has_note(o, "spf_broken") &&
               seconds < 0.05,
           "class 12: a record that includes itself three times (%.5f s)", seconds);
    o = plain("\"a.example\": {\"TXT\": [\"v=spf1 redirect=b.example\"]}, \"b.example\": "
              "{\"TXT\": [\"v=spf1 redirect=a.example\"]}",
              "u@a.example", FROM "\r\n");
    tap_ok(o->spf.result == AUTH_PERMERROR, "class 12: redirects that loop");
    o = plain("\"a.example\": {\"TXT\": [\"v=spf1 exists:%{l1r-}%{L}%{ir}.%{o}.b.example "
              "exists:%{S}%{s9999999999r}.b.example -all\"]}",
              "\xff\x80%25.-_+u@a.example", FROM "\r\n");
    tap_ok(o->spf.result == AUTH_FAIL || o->spf.result == AUTH_PERMERROR,
           "class 11: libspf2 CVE-2021-20314: bytes over 127 in a macro");
    o = plain("\"a.example\": {\"TXT\": [\"v=spf1 -all exp=e.example\"]}, \"e.example\": "
              "{\"TXT\": [\"x\\u0000y\\r\\nBcc: z\"]}",
              "u@a.example", FROM "\r\n");
    tap_ok(o->spf.result == AUTH_FAIL && o->spf.explanation.size == 0,
           "class 10: NUL and line ends in an explanation");
    o = plain("\"1.2.0.192.in-addr.arpa\": {\"PTR\": [\"a b\\\"c;d(e).example\"]}",
              "u@a.example", FROM "\r\n");
    tap_ok(o->iprev != AUTH_PASS && o->client_name.size == 0,
           "class 10: a reverse name made of other things than names");
}

int
main(void)
{
    uint8_t public_key[32];
    size_t size = sizeof public_key;
    struct writer w;

    arena_init(&arena, 512u << 20);
    pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    SK_ASSERT(pair != NULL && EVP_PKEY_get_raw_public_key(pair, public_key, &size) == 1);
    writer_init(&w, &arena);
    writer_text(&w, "k=ed25519; p=");
    writer_bytes(&w, bytes_base64(&arena, bytes_of(public_key, size)));
    own_key = writer_view(&w);
    test_yenma();
    test_opendkim();
    test_opendmarc();
    test_from_tricks();
    test_signature_tricks();
    test_bounds();
    test_dns_that_lies();
    EVP_PKEY_free(pair);
    arena_release(&arena);
    arena_forget_blocks();
    return tap_done();
}
