#include "trace/hops_check.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "dns/resolver.h"
#include "trace/hops.h"

#define NOW 1795309210 /* Sun, 22 Nov 2026 10:00:10 +0900 */

static struct arena arena;
static struct net_prefix ours[2];
static const struct trace_settings settings = {
    .authserv_id = BYTES("mx.example.jp"), .trusted = ours, .trusted_count = 2};
static size_t questions, early;

static struct origin
check(const char *client, const char *header)
{
    struct net_address address = {0};
    struct origin origin = {0};

    (void)net_address_read(bytes_from_text(client), &address);
    hops_read(&arena, letter_read_header(&arena, bytes_from_text(header)), &settings,
              &address, &origin);
    hops_check(&arena, &settings, NOW, &origin);
    return origin;
}

/* Most fields here are short and have no date: that note is tried by itself. */
static bool
only(const struct origin *origin, const char *name)
{
    size_t others = origin->note_count - origin_has_note(origin, "hop_undated");

    return name == NULL ? others == 0 : others == 1 && origin_has_note(origin, name);
}

/* A chain that the client 198.51.100.7 brought, newest first: each line is a field without its name, with a good date. */
static struct origin
chain(const char *const fields[])
{
    struct writer w;

    writer_init(&w, &arena);
    for (size_t i = 0; fields[i] != NULL; i++) {
        writer_format(&w, "Received: %s; Sun, 22 Nov 2026 10:00:00 +0900\r\n", fields[i]);
    }
    writer_text(&w, "\r\n");
    return check("198.51.100.7", writer_c(&w));
}

/* What the client 198.51.100.7 brought: two fields, with the times given. */
static struct origin
times(const char *upper, const char *lower)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(
        &w,
        "Received: from a.example (a.example [203.0.113.1]) by b.example with SMTP "
        "id 1; %s\r\nReceived: from c.example (c.example [203.0.113.2]) by "
        "a.example with SMTP id 2; %s\r\n\r\n",
        upper, lower);
    return check("198.51.100.7", writer_c(&w));
}

static void
test_times(void)
{
    struct origin o =
        times("Sun, 22 Nov 2026 10:00:05 +0900", "Sun, 22 Nov 2026 10:00 +0900");

    tap_ok(only(&o, NULL), "in order");
    o = times("Sun, 22 Nov 2026 10:00:05 +0900", "Sun, 22 Nov 2026 01:00:01 GMT");
    tap_ok(only(&o, NULL), "in order, another zone");
    o = times("Sun, 22 Nov 2026 10:00:05 +0900", "Sun, 22 Nov 2026 11:00:05 +0900");
    tap_ok(only(&o, NULL), "a clock that is an hour ahead");
    o = times("Sun, 22 Nov 2026 10:00:05 +0900", "Sun, 22 Nov 2026 11:00:06 +0900");
    tap_ok(only(&o, "hop_time") && bytes_is(o.notes[0].detail, "a.example"),
           "a second more: time runs backwards");
    o = times("Sun, 22 Nov 2026 11:00:10 +0900", "Sun, 22 Nov 2026 10:00:00 +0900");
    tap_ok(only(&o, NULL), "an hour into the future");
    o = times("Sun, 22 Nov 2026 11:00:11 +0900", "Sun, 22 Nov 2026 10:00:00 +0900");
    tap_ok(only(&o, "hop_time"), "a second more");
    o = times("Sun, 22 Nov 2026 10:00:05 +0900", "Sun, 15 Nov 2026 10:00:05 +0900");
    tap_ok(only(&o, NULL), "a week on the way");
    o = times("Sun, 22 Nov 2026 10:00:05 +0900", "Sun, 15 Nov 2026 10:00:04 +0900");
    tap_ok(only(&o, "hop_delay"), "a second more is a delay, not a forgery");
    o = times("no date", "Sun, 22 Nov 2026 12:00:05 +0900");
    tap_ok(only(&o, "hop_time"), "a field without a date is passed over");
    o = times("no date", "nor here");
    tap_ok(only(&o, NULL), "no dates at all");
}

static void
test_forged(void)
{
    struct origin o =
        check("198.51.100.7", "Received: from bank.example (bank.example [203.0.113.1]) by "
                              "MX.example.jp with ESMTP id 9\r\n\r\n");

    tap_ok(only(&o, "hop_forged"), "a stranger brings a field of ours");
    o = check(
        "198.51.100.7",
        "Received: from mx.example.jp (mx.example.jp [192.0.2.1]) by list.example with "
        "ESMTP id 8\r\nReceived: from pc by mx.example.jp with ESMTP id 7\r\n\r\n");
    tap_ok(only(&o, NULL), "a list sends back what one of us wrote");
    o = check(
        "192.0.2.5",
        "Received: from lies.example (lies.example [198.51.100.7]) by relay.example.jp "
        "with ESMTP id 5\r\nReceived: from bank.example (bank.example [203.0.113.1]) by "
        "relay.example.jp with ESMTP id 4\r\n\r\n");
    tap_ok(only(&o, "hop_forged"), "the name of a server that we trust");
    o = check("192.0.2.5",
              "Received: from relay2.example.jp (relay2.example.jp [192.0.2.6]) by "
              "relay.example.jp with ESMTP id 5\r\n\r\n");
    tap_ok(only(&o, NULL), "our own fields are ours");
    o = check("198.51.100.7",
              "Received: from localhost by localhost with ESMTP id 5\r\n"
              "Received: from localhost by localhost with ESMTP id 6\r\n\r\n");
    tap_ok(only(&o, NULL), "localhost is everybody's");
    o = check("198.51.100.7",
              "Received: from a by b.example with SMTP id 4XABC12345\r\n"
              "Received: from c by d.example with SMTP id 4XABC12345\r\n\r\n");
    tap_ok(only(&o, "hop_forged"), "one id at two servers");
    o = check("198.51.100.7",
              "Received: from a by b.example with SMTP id 4XABC12345\r\n"
              "Received: from c by b.example with SMTP id 4XABC12345\r\n\r\n");
    tap_ok(only(&o, NULL), "one server may keep it");
    o = check("198.51.100.7",
              "Received: from a by b.example with SMTP id 15.20.4219.22\r\n"
              "Received: from c by d.example with SMTP id 15.20.4219.22\r\n\r\n");
    tap_ok(only(&o, NULL), "versions of Exchange are no ids");
    o = check("198.51.100.7", "Received: from a by b.example with SMTP id ABCDEF7\r\n"
                              "Received: from c by d.example with SMTP id ABCDEF7\r\n\r\n");
    tap_ok(only(&o, NULL), "short ids meet by chance");
}

static void
test_addresses(void)
{
    static const struct {
        const char *address, *note;
    } cases[] = {
        {"203.0.113.1", NULL},
        {"10.0.0.1", NULL},
        {"127.0.0.1", NULL},
        {"514.32.1.2", "hop_impossible"},
        {"1.2.3.256", "hop_impossible"},
        {"0.1.2.3", "hop_impossible"},
        {"240.0.0.1", "hop_impossible"},
        {"224.0.0.1", "hop_impossible"},
        {"223.255.255.1", NULL},
        {"IPv6:2001:db8::1", NULL},
        {"fe80::1%5", NULL},
    };
    struct writer w;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        writer_init(&w, &arena);
        writer_format(&w, "Received: from a (a [%s]) by b.example with SMTP id 1\r\n\r\n",
                      cases[i].address);
        struct origin o = check("198.51.100.7", writer_c(&w));
        tap_ok(only(&o, cases[i].note), "address %s", cases[i].address);
    }
}

static void
test_meeting(void)
{
    struct origin o = check(
        "192.0.2.5", "Received: from front.example.jp (front.example.jp [192.0.2.6]) by "
                     "relay.example.jp with ESMTP id 5\r\nReceived: from x.example "
                     "(x.example [198.51.100.7]) by elsewhere.example with SMTP id "
                     "6\r\n\r\n");

    tap_ok(o.border == 2 && only(&o, "hop_break"),
           "the trusted host that is named did not write the field below");
    o = check("192.0.2.5",
              "Received: from front.example.jp (front.example.jp [192.0.2.6]) by "
              "relay.example.jp with ESMTP id 5\r\nReceived: from x.example "
              "(x.example [198.51.100.7]) by mx9.example.jp with SMTP id 6\r\n\r\n");
    tap_ok(o.border == 2 && only(&o, NULL), "another name of the same domain will do");
}

#define LIST   "from lists.kiku.com (lists.kiku.com [8.8.4.4]) by mx.hasu.org with SMTP"
#define LOCAL  "from localhost (localhost [127.0.0.1]) by mx.hasu.org with SMTP"
#define PUBLIC "from pc (pc.ume.net [8.8.8.8]) by out.ume.net with SMTP"

/* What the field below the list's says of its writer. */
static void
test_gap(void)
{
    static const struct {
        const char *upper, *lower, *note;
    } cases[] = {
        {LIST, "from pc by lists.kiku.com with SMTP", NULL},
        {LIST, "from pc by mx7.kiku.com with SMTP", NULL},
        {LIST, "from pc by kiku.com with SMTP", NULL},
        {LIST, "from pc by lists.kiku.com. with SMTP", NULL},
        {"from a.kiku.co.jp (a.kiku.co.jp. [8.8.4.4]) by mx.hasu.org with SMTP",
         "from pc by b.kiku.co.jp with SMTP", NULL},
        {"from a.kiku.co.jp (a.kiku.co.jp. [8.8.4.4]) by mx.hasu.org with SMTP",
         "from pc by a.yuri.co.jp with SMTP", "hop_gap"},
        {"from a.abc.com (a.abc.com [8.8.4.4]) by mx.hasu.org with SMTP",
         "from pc by abc.com with SMTP", NULL},
        {LIST, "from pc by bank.yuri.jp with SMTP", "hop_gap"},
        {LIST, "from pc by bank.yuri.jp. with SMTP", "hop_gap"},
        {LIST, "from pc by mx2.hasu.org with SMTP", NULL},     /* within the upper host */
        {LIST, "from pc by mx.hasu.internal with SMTP", NULL}, /* not in the DNS */
        {LIST, "from pc by 203.0.113.99 with SMTP", NULL},
        {LIST, "from pc by 2002:a05:6402:22dc:b0:5d0:1 with SMTP", NULL},
        {LIST, "from pc by localhost with SMTP", NULL},
        {LIST, "from pc by com with SMTP", NULL},
        {LIST, "from pc with SMTP", NULL},
        {"from lists.kiku.com ([8.8.4.4]) by mx.hasu.org with SMTP",
         "from pc by bank.yuri.jp with SMTP", NULL}, /* nobody looked its name up */
        {"from lists.kiku.com (lists.kiku.com [10.0.0.4]) by mx.hasu.org with "
         "SMTP",
         "from pc by bank.yuri.jp with SMTP", NULL}, /* inside a house */
        {"from a.bank.yuri.jp (lists.kiku.com [8.8.4.4]) by mx.hasu.org with SMTP",
         "from pc by bank.yuri.jp with SMTP", NULL}, /* it greeted so */
        {"from out.aliyun.com (out.aliyun.com [8.8.4.4]) by mx.hasu.org with SMTP",
         "from pc by in.aliyun-inc.com with SMTP", NULL},
        {"from a.abcd.com (a.abcd.com [8.8.4.4]) by mx.hasu.org with SMTP",
         "from pc by b.xabcdx.jp with SMTP", NULL}, /* four letters are a name */
        {"from a.abc.com (a.abc.com [8.8.4.4]) by mx.hasu.org with SMTP",
         "from pc by b.xabcx.jp with SMTP", "hop_gap"}, /* three are not */
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct origin o =
            chain((const char *const[]){cases[i].upper, cases[i].lower, NULL});
        tap_ok(o.border == 0 && only(&o, cases[i].note), "%s", cases[i].lower);
    }
}

/* A host of kiku.com hands it to hasu.org by a private address, after it had been in the internet. */
static void
test_private(void)
{
    static const char mix[] =
        "from a.kiku.com (a.kiku.com [10.0.0.4]) by mx.hasu.org with SMTP";
    struct origin o = chain((const char *const[]){mix, PUBLIC, NULL});

    tap_ok(only(&o, "hop_private") && bytes_is(o.notes[0].detail, "mx.hasu.org"),
           "back from the internet by a private address");
    o = chain((const char *const[]){LOCAL, mix, LOCAL, PUBLIC, NULL});
    tap_ok(only(&o, "hop_private"), "with other fields between");
    o = chain((const char *const[]){mix, NULL});
    tap_ok(only(&o, NULL), "it was never in the internet");
    o = chain((const char *const[]){
        PUBLIC, "from a.kiku.com (a.kiku.com [10.0.0.4]) by out.hasu.org with SMTP", NULL});
    tap_ok(!origin_has_note(&o, "hop_private"), "it was there only later");
    o = chain((const char *const[]){
        "from in.hasu.org (in.hasu.org [10.0.0.4]) by mx.hasu.org with SMTP", PUBLIC,
        NULL});
    tap_ok(only(&o, NULL), "within one house");
    o = chain((const char *const[]){"from a.kiku.com ([10.0.0.4]) by mx.hasu.org with SMTP",
                                    PUBLIC, NULL});
    tap_ok(only(&o, NULL), "nobody looked its name up");
    o = chain((const char *const[]){
        "from a.kiku.com (a.kiku.com [127.0.0.1]) by mx.hasu.org with SMTP", PUBLIC, NULL});
    tap_ok(only(&o, NULL), "its own host");
    o = chain((const char *const[]){
        "from a.kiku.com (a.kiku.com [10.0.0.4]) by mx with SMTP", PUBLIC, NULL});
    tap_ok(only(&o, NULL), "a server without a name in the DNS");
}

static void
test_undated(void)
{
    static const struct {
        const char *field;
        bool noted;
    } cases[] = {
        {"from a by b.example with SMTP id 1; Sun, 22 Nov 2026 10:00:00 +0900", false},
        {"from a by b.example with SMTP id 1", true},
        {"from a by b.example with SMTP id 1; yesterday", true},
        {"from a by b.example with SMTP id 1; Sun, 31 Feb 2026 10:00:00 +0900", true},
        {"by simscan 1.4.0 ppid: 1, pid: 2, t: 0.1s", false},
        {"(qmail 1 invoked by uid 0)", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct writer w;
        writer_init(&w, &arena);
        writer_format(&w, "Received: %s\r\n\r\n", cases[i].field);
        struct origin o = check("198.51.100.7", writer_c(&w));
        tap_ok(o.note_count == cases[i].noted &&
                   origin_has_note(&o, "hop_undated") == cases[i].noted,
               "%s", cases[i].field);
        o = check("192.0.2.5", writer_c(&w));
        tap_ok(o.note_count == 0, "of ours it is believed: %s", cases[i].field);
    }
}

static void
test_many(void)
{
    for (int count = LIMIT_HOPS_USUAL; count <= LIMIT_HOPS_USUAL + 1; count++) {
        struct writer w;
        writer_init(&w, &arena);
        for (int i = 0; i < count; i++) {
            writer_format(&w, "Received: from a by b.example with SMTP id %d\r\n", i);
        }
        writer_text(&w, "\r\n");
        struct origin o = check("198.51.100.7", writer_c(&w));
        tap_ok(only(&o, count > LIMIT_HOPS_USUAL ? "hop_many" : NULL), "%d fields", count);
    }
}

static struct origin
greeted(const char *client, const char *helo, const char *client_name, const char *user)
{
    static const char zone_text[] =
        "{\"real.example\": {\"A\": [\"198.51.100.7\"]}, \"other.example\": {\"A\": "
        "[\"203.0.113.9\"]}, \"nodata.example\": {}, \"slow.example\": {\"A\": "
        "\"TIMEOUT\"}, \"six.example\": {\"AAAA\": [\"2001:4860::2\"]}, \"two.example\": "
        "{\"A\": [\"203.0.113.9\", \"8.8.4.4\"]}, "
        "\"mx2.verified.example\": {\"A\": [\"203.0.113.9\"]}}";
    struct arrival arrival = {.user = bytes_from_text(user)};
    struct origin origin = {.client_name = bytes_from_text(client_name)};
    struct bytes name = bytes_from_text(helo);
    struct dns_zone *zone;
    struct dns_memo memo;
    struct why why;

    (void)net_address_read(bytes_from_text(client), &origin.source);
    dns_memo_init(&memo, &arena);
    if (dns_zone_read(&arena, bytes_from_text(zone_text), &zone, &why) != SK_OK) {
        tap_ok(false, "zone: %s", why.sentence);
    }
    (void)hops_helo_check(&arena, &memo, &settings, &arrival, name, false, &origin);
    early = origin.note_count;
    while (hops_helo_check(&arena, &memo, &settings, &arrival, name, true, &origin) ==
           SK_MORE) {
        dns_zone_answer(zone, &memo);
    }
    questions = memo.answer_count;
    return origin;
}

static void
test_helo(void)
{
    static const struct {
        const char *helo, *note;
        size_t questions;
    } cases[] = {
        {"mx.example.jp", "helo_ours", 0},
        {"MX.Example.JP", "helo_ours", 0},
        {"mx.example.jp.", "helo_ours", 0},
        {"[192.0.2.9]", "helo_ours", 0},
        {"192.0.2.9", "helo_ours", 0},
        {"[127.0.0.1]", "helo_ours", 0},
        {"198.51.100.7", "helo_address", 0},
        {"[203.0.113.200]", NULL, 0}, /* documentation: not routed */
        {"[8.8.8.8]", "helo_address", 0},
        {"[198.51.100.7]", NULL, 0},
        {"[192.168.1.5]", NULL, 0}, /* behind a translator of addresses */
        {"ylmf-pc", "helo_not_fqdn", 0},
        {"localhost", "helo_not_fqdn", 0},
        {"nowhere.example", "helo_unknown", 1},
        {"real.example", NULL, 1},
        {"other.example", NULL, 1}, /* the source is not routed */
        {"nodata.example", NULL, 1},
        {"slow.example", NULL, 1},
        {"verified.example", NULL, 0},
        {"VERIFIED.example", NULL, 0},
        {"", NULL, 0},
        {".", "helo_not_fqdn", 0},
        {"..", "helo_unknown", 0},
        {"[]", "helo_not_fqdn", 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct origin o = greeted("198.51.100.7", cases[i].helo, "verified.example", "");
        tap_ok(only(&o, cases[i].note) && questions == cases[i].questions && early == 0,
               "HELO %s (%zu asked)", cases[i].helo, questions);
    }
    struct origin o = greeted("198.51.100.7", "ylmf-pc", "", "taro");
    tap_ok(only(&o, NULL), "who logged in may say what he likes");
    o = greeted("192.0.2.7", "ylmf-pc", "", "");
    tap_ok(only(&o, NULL), "so may a server that we trust");
    o = greeted("", "ylmf-pc", "", "");
    tap_ok(only(&o, NULL), "no source, no judgement");
}

static void
test_elsewhere(void)
{
    static const struct {
        const char *client, *helo, *client_name, *note;
    } cases[] = {
        {"8.8.4.4", "other.example", "verified.example", "helo_elsewhere"},
        {"8.8.4.4", "OTHER.example.", "verified.example", "helo_elsewhere"},
        {"8.8.4.4", "two.example", "verified.example", NULL},
        {"8.8.4.4", "mx2.verified.example", "mx1.verified.example", NULL},
        {"8.8.4.4", "mx2.verified.example", "verified.example", NULL},
        {"8.8.4.4", "mx2.verified.example", "", "helo_elsewhere"},
        {"8.8.4.4", "slow.example", "", NULL},
        {"8.8.4.4", "nodata.example", "", NULL},
        {"2001:4860::1", "other.example", "", NULL}, /* no address of that family */
        {"2001:4860::1", "six.example", "", "helo_elsewhere"},
        {"2001:4860::2", "six.example", "", NULL},
        {"10.0.0.7", "other.example", "", NULL}, /* inside it may have another */
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct origin o = greeted(cases[i].client, cases[i].helo, cases[i].client_name, "");
        tap_ok(only(&o, cases[i].note) && questions == 1 && early == 0, "%s greets as %s",
               cases[i].client, cases[i].helo);
    }
}

int
main(void)
{
    arena_init(&arena, 1ul << 26);
    if (!net_prefix_read(BYTES("192.0.2.0/24"), &ours[0]) ||
        !net_prefix_read(BYTES("127.0.0.0/8"), &ours[1])) {
        tap_ok(false, "prefixes");
    }
    test_times();
    test_forged();
    test_addresses();
    test_meeting();
    test_gap();
    test_private();
    test_undated();
    test_many();
    test_helo();
    test_elsewhere();
    arena_release(&arena);
    arena_forget_blocks();
    return tap_done();
}
