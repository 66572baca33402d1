/* Faults that others had, and still have: one statement each, named by who had it; docs/PEERS.md lists them all. Where
 * another test of this folder makes the statement at the bound (dkim_test, spf_test, dmarc_test, authres_test, key_test), only
 * what passes through the whole chain stands here. */
#include "trace/peers_test_private.h"

static void
test_yenma(void)
{
    const struct origin *o = plain(NONSENSE, "", FROM "\r\n");

    tap_ok(o->spf.result == AUTH_NONE && o->spf.helo_identity,
           "yenma 1: the null sender and a HELO without a record: SPF none");
    helo = "not a name";
    settings.senderid = true;
    o = plain(NONSENSE, "", "Subject: x\r\n\r\n");
    tap_ok(o->spf.result == AUTH_NONE && o->senderid.result == AUTH_NONE,
           "yenma 1: a HELO that is no name: SPF none, and so is Sender ID");
    helo = "helo.example";
    settings.senderid = false;
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
    size_t failed = 0;
    for (size_t i = 0; i < 100; i++) {
        o = plain("\"_dmarc.a.example\": {\"TXT\": [\"v=DMARC1; p=reject; pct=0\"]}", "",
                  FROM "\r\n");
        failed += o->dmarc.result == AUTH_FAIL && o->dmarc.policy == DMARC_POLICY_REJECT;
    }
    tap_ok(failed == 100, "yenma 6: no dice are thrown: pct=0 changes nothing, 100 times");
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

/* All that a statistic could be made from stands in the record. */
static void
test_yenma_statistics(void)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, "DKIM-Signature: v=1; a=rsa-sha256; d=x.example; s=s; h=from; bh=AAAA; "
                    "b=AAAA\r\n");
    writer_bytes(&w, sign(TAGS, FROM, "x\r\n"));
    const struct origin *o =
        origin_of(KEY "," REJECT, "", writer_view(&w), FROM "\r\nx\r\n");
    struct bytes text = json_of(o);
    tap_ok(bytes_find(text, BYTES("\"d\":\"x.example\""), 0) != BYTES_NOWHERE &&
               bytes_find(text, BYTES("\"d\":\"a.example\""), 0) != BYTES_NOWHERE,
           "yenma 11: each signature stands in the record, not the first alone");
    tap_ok(questions >= 5 && rounds <= 2,
           "yenma 12: %zu questions of all checks go out in %zu rounds", questions, rounds);
    o = plain(REJECT ", \"_dmarc.b.example\": {\"TXT\": [\"v=DMARC1; p=none\"]}", "",
              "From: <b@b.example>, <a@a.example>\r\n\r\n");
    tap_ok(bytes_find(json_of(o), BYTES("\"from_domain\":\"a.example\""), 0) !=
               BYTES_NOWHERE,
           "yenma 11: of several From domains the one that decided stands there");
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
    struct bytes whole = sign(TAGS, FROM, "x\r\n");
    size_t passed = 0, silent = 0;
    for (size_t size = sizeof "DKIM-Signature:"; size < whole.size - 2; size++) {
        struct writer w;
        writer_init(&w, &arena);
        writer_bytes(&w, bytes_slice(whole, 0, size));
        writer_text(&w, "\r\n");
        o = origin_of(KEY, "", writer_view(&w), FROM "\r\nx\r\n");
        passed += o->dkim[0].result == AUTH_PASS;
        silent += o->dkim[0].result != AUTH_FAIL && !origin_has_note(o, "dkim_broken");
    }
    tap_ok(passed == 0 && silent == 0, "OpenDKIM, KNOWNBUGS: a signature that was cut "
                                       "anywhere does not pass, and is told");
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
    o = origin_of("\"_dmarc.a.example\": {\"TXT\": [\"v=DMARC1; p=reject; adkim=s\"]},"
                  "\"s._domainkey.sub.a.example\": {\"TXT\": [\"%K\"]}",
                  "", sign("d=sub.a.example; s=s; h=from", FROM, "x\r\n"),
                  FROM "\r\nx\r\n");
    tap_ok(o->dkim[0].result == AUTH_PASS && o->dmarc.result == AUTH_FAIL,
           "OpenDMARC: and so is strict DKIM");
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

/* What stopped it. */
static void
test_opendmarc_ends(void)
{
    const struct origin *o;

    user = "taro";
    o = plain(REJECT, "a@a.example", FROM "\r\n");
    tap_ok(o->dmarc.result == AUTH_FAIL && o->dmarc.policy == DMARC_POLICY_REJECT,
           "OpenDMARC 274: mail of one who has signed in is traced like any other");
    user = "";
    client = "";
    o = plain(REJECT, "a@a.example", FROM "\r\n");
    tap_ok(o->spf.result == AUTH_NONE && o->dmarc.result == AUTH_FAIL,
           "OpenDMARC: without a client's address there is no SPF, and the rest goes on");
    client = "2001:db8::1";
    o = plain("\"a.example\": {\"TXT\": [\"v=spf1 ip6:2001:db8::/129 -all\"]}",
              "a@a.example", FROM "\r\n");
    tap_ok(o->spf.result == AUTH_PERMERROR && origin_has_note(o, "spf_broken"),
           "OpenDMARC: an IPv6 network that is none is permerror, not the end");
    o = plain(
        "\"a.example\": {\"TXT\": [\"v=spf1 exists:%{ir}.%{v}.b.example -all\"]}, "
        "\"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.b.example"
        "\": {\"A\": [\"127.0.0.2\"]}",
        "a@a.example", FROM "\r\n");
    tap_ok(o->spf.result == AUTH_PASS,
           "OpenDMARC: an IPv6 client is spelled out nibble by nibble");
    client = "192.0.2.1";
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

int
main(void)
{
    begin();
    test_yenma();
    test_yenma_statistics();
    test_opendkim();
    test_opendmarc();
    test_opendmarc_ends();
    test_from_tricks();
    return end();
}
