/* The book of DMARC reports, and whether an address of another organization is asked. */
#define SK_BASE
#include "sekisho/dmarc_book.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/tap.h"
#include "dns/resolver.h"
#include "sekisho/dmarc_external.h"

static struct arena arena;

static void
entry(struct dmarc_book *book, const char *text)
{
    book->book.entry(book, 0, bytes_from_text(text));
}

static void
received(struct dmarc_book *book, const char *report, int64_t day, const char *rows)
{
    char text[600];

    snprintf(text, sizeof text,
             "{\"v\":1,\"kind\":\"dmarc.received\",\"report\":\"%s\",\"part\":0,\"domain\":"
             "\"d.example\",\"begin\":%lld,\"end\":%lld,\"rows\":[%s]}",
             report, (long long)day * 86400, (long long)day * 86400 + 86399, rows);
    entry(book, text);
}

static const struct dmarc_count *
count_of(const struct dmarc_book *book, const char *key)
{
    return table_get(&book->counted, bytes_from_text(key));
}

static void
test_counts(void)
{
    struct dmarc_book *book = dmarc_book_new(&arena);

    received(book, "aa", 10,
             "[\"192.0.2.1\",\"d.example\",5,\"ds\",\"n\"],[\"192.0.2.1\",\"x.d.example\","
             "2,\"s\","
             "\"q\"],[\"192.0.2.2\",\"d.example\",1,\"\",\"r\"]");
    received(book, "aa", 10, "[\"192.0.2.1\",\"d.example\",5,\"ds\",\"n\"]");
    received(book, "bb", 11, "[\"192.0.2.1\",\"d.example\",1,\"d\",\"n\"]");
    const struct dmarc_count *a = count_of(book, "10 d.example 192.0.2.1"),
                             *b = count_of(book, "10 d.example 192.0.2.2");
    tap_ok(book->count_count == 3 && a != NULL && a->tally[TALLY_MESSAGES] == 7 &&
               a->tally[TALLY_DKIM] == 5 && a->tally[TALLY_SPF] == 7 &&
               a->tally[TALLY_PASSED] == 7 && a->tally[TALLY_QUARANTINED] == 2,
           "reports add up by day, domain and source; one that comes twice counts once");
    tap_ok(b != NULL && b->tally[TALLY_PASSED] == 0 && b->tally[TALLY_REJECTED] == 1,
           "what passed neither way did not pass");
    tap_ok(dmarc_book_knows(book, BYTES("aa"), 0) &&
               !dmarc_book_knows(book, BYTES("aa"), 1),
           "a report is known by itself and its part");
    received(book, "cc", 10,
             "[\"not one word\",\"d\",1,\"d\",\"n\"],[7],7,[\"192.0.2.9\"]");
    entry(book, "{\"v\":1,\"kind\":\"dmarc.received\",\"domain\":\"a b\",\"rows\":[]}");
    entry(book, "{\"v\":1,\"kind\":\"dmarc.");
    tap_ok(book->count_count == 3, "rows that are none are passed over");
}

static void
test_suppression(void)
{
    struct dmarc_book *book = dmarc_book_new(&arena);

    entry(book, "{\"v\":1,\"kind\":\"dmarc.suppress\",\"time\":1,\"name\":\"a@b.example\","
                "\"add\":true,\"cause\":\"bounce\",\"until\":1000}");
    const struct dmarc_suppressed *one = dmarc_book_suppressed(book, BYTES("A@b.example"));
    tap_ok(one != NULL && one->until_ms == 1000 && one->bounces == 1,
           "a bounce, for a while");
    entry(book, "{\"v\":1,\"kind\":\"dmarc.suppress\",\"time\":2,\"name\":\"a@b.example\","
                "\"add\":true,\"cause\":\"command\"}");
    entry(book, "{\"v\":1,\"kind\":\"dmarc.suppress\",\"time\":3,\"name\":\"a@b.example\","
                "\"add\":true,\"cause\":\"bounce\",\"until\":5000}");
    one = dmarc_book_suppressed(book, BYTES("a@b.example"));
    tap_ok(one->until_ms == 0 && one->bounces == 2,
           "what a person said is not ended by a bounce");
    entry(book,
          "{\"v\":1,\"kind\":\"dmarc.suppress\",\"name\":\"a@b.example\",\"add\":false}");
    tap_ok(dmarc_book_suppressed(book, BYTES("a@b.example")) == NULL,
           "and taken off again");
    int64_t week = (int64_t)7 * 86400000;
    tap_ok(dmarc_bounce_ms(1) == week && dmarc_bounce_ms(2) == 2 * week &&
               dmarc_bounce_ms(3) == 4 * week &&
               dmarc_bounce_ms(60) == (int64_t)365 * 86400000,
           "a week, doubled with each bounce, at most a year");
}

static void
test_file(void)
{
    struct dmarc_book *book = dmarc_book_new(&arena), *again = dmarc_book_new(&arena);
    struct writer a, b;
    struct why why;

    received(book, "aa", 10, "[\"192.0.2.1\",\"d.example\",5,\"ds\",\"n\"]");
    entry(book, "{\"v\":1,\"kind\":\"dmarc.suppress\",\"time\":1,\"name\":\"b.example\","
                "\"add\":true}");
    entry(book, "{\"v\":1,\"kind\":\"dmarc.report\",\"time\":7,\"token\":\"ab\",\"to\":\"r@"
                "d.example\","
                "\"domain\":\"d.example\",\"begin\":100,\"end\":200}");
    entry(book,
          "{\"v\":1,\"kind\":\"dmarc.failure\",\"time\":8,\"token\":\"cd\",\"to\":\"f@"
          "d.example\",\"domain\":\"d.example\",\"begin\":100,\"end\":200}");
    entry(book, "{\"v\":1,\"kind\":\"dmarc.period\",\"begin\":100,\"end\":200}");
    writer_init(&a, &arena);
    writer_init(&b, &arena);
    book->book.save(book, &a);
    enum sk_code code = again->book.load(again, writer_view(&a), &why);
    again->book.save(again, &b);
    tap_ok(code == SK_OK && bytes_equal(writer_view(&a), writer_view(&b)) &&
               again->period_end == 200 && dmarc_book_sent(again, BYTES("ab")) != NULL &&
               !dmarc_book_sent(again, BYTES("ab"))->failure &&
               dmarc_book_sent(again, BYTES("cd"))->failure &&
               dmarc_book_knows(again, BYTES("aa"), 0),
           "what was saved is read again, and is the same");
    tap_ok(again->book.load(again, BYTES("x 1\n"), &why) == SK_BAD &&
               again->book.load(again, BYTES("c 1 d\n"), &why) == SK_BAD &&
               again->book.load(again, BYTES("n a 1\n"), &why) == SK_BAD,
           "a broken file is refused: the ledger has it all");
    tap_ok(again->book.load(again, BYTES(""), &why) == SK_OK && again->count_count == 0,
           "and begun from nothing");
}

static void
test_room(void)
{
    struct dmarc_book *book = dmarc_book_new(&arena);
    char rows[100], report[30];

    for (unsigned i = 0; i < LIMIT_DMARC_COUNTS; i++) {
        snprintf(rows, sizeof rows, "[\"10.%u.%u.%u\",\"d\",1,\"\",\"n\"]", i >> 16,
                 (i >> 8) & 255, i & 255);
        snprintf(report, sizeof report, "r%u", i);
        received(book, report, i < 10 ? 5 : 6, rows);
    }
    tap_ok(book->count_count == LIMIT_DMARC_COUNTS, "rows at their bound");
    received(book, "older", 4, "[\"192.0.2.1\",\"d\",3,\"\",\"n\"]");
    tap_ok(book->count_count == LIMIT_DMARC_COUNTS && book->left_out == 3,
           "an older day finds no room, and is counted as left out");
    received(book, "newer", 7, "[\"192.0.2.1\",\"d\",1,\"\",\"n\"]");
    tap_ok(book->count_count == LIMIT_DMARC_COUNTS - 9 &&
               count_of(book, "7 d.example 192.0.2.1") != NULL,
           "for a newer one the oldest day is forgotten");
    tap_ok(book->known_count <= LIMIT_DMARC_KNOWN &&
               dmarc_book_knows(book, BYTES("newer"), 0),
           "the reports that are known stay within their bound");
}

static enum sk_code
external(const char *zone_text, const char *policy_domain, bool failure,
         struct dmarc_rua *rua, enum dmarc_external *external_r)
{
    struct dns_zone *zone;
    struct dns_memo memo;
    struct why why;
    enum sk_code code = dns_zone_read(&arena, bytes_from_text(zone_text), &zone, &why);

    dns_memo_init(&memo, &arena);
    while (code == SK_OK &&
           (code = dmarc_external_check(&arena, &memo, bytes_from_text(policy_domain),
                                        failure, rua, external_r)) == SK_MORE) {
        dns_zone_answer(zone, &memo);
        code = SK_OK;
    }
    return code;
}

static void
external_is(const char *what, const char *zone, const char *domain, const char *address,
            enum dmarc_external want, const char *then)
{
    struct writer w;
    struct dmarc_rua rua[LIMIT_DMARC_ADDRESSES];
    enum dmarc_external is = DMARC_EXTERNAL_REFUSED;

    writer_init(&w, &arena);
    writer_text(&w, "mailto:");
    writer_text(&w, address);
    bool read = dmarc_rua_read(&arena, writer_view(&w), rua) == 1;
    tap_ok(read && external(zone, domain, false, &rua[0], &is) == SK_OK && is == want &&
               bytes_is(rua[0].address, then),
           "%s", what);
}

static void
test_external(void)
{
    static const char zone[] =
        "{\"_dmarc.a.example\":{\"TXT\":[[\"v=DMARC1; p=none\"]]},"
        "\"a.example._report._dmarc.yes.example\":{\"TXT\":[[\"v=DMARC1\"]]},"
        "\"a.example._report._dmarc.other.example\":{\"TXT\":[[\"v=DMARC1; "
        "rua=mailto:b@other.example\"]]},"
        "\"a.example._report._dmarc.away.example\":{\"TXT\":[[\"v=DMARC1; "
        "rua=mailto:b@victim.example\"]]},"
        "\"a.example._report._dmarc.words.example\":{\"TXT\":[[\"yes please\"],[\"p=none; "
        "v=DMARC1\"]]}}";
    struct dmarc_rua slow = {.address = BYTES("x@slow.example"),
                             .host = BYTES("slow.example")};
    enum dmarc_external is;

    external_is("the same organization is not asked", zone, "a.example", "r@mail.a.example",
                DMARC_EXTERNAL_OWN, "r@mail.a.example");
    external_is("one that says v=DMARC1 takes reports", zone, "a.example", "r@yes.example",
                DMARC_EXTERNAL_ALLOWED, "r@yes.example");
    external_is("it may name another address of its own", zone, "a.example",
                "r@other.example", DMARC_EXTERNAL_ALLOWED, "b@other.example");
    external_is("but not pass reports on to a third", zone, "a.example", "r@away.example",
                DMARC_EXTERNAL_REFUSED, "r@away.example");
    external_is("a record that does not begin with v=DMARC1 says nothing", zone,
                "a.example", "r@words.example", DMARC_EXTERNAL_REFUSED, "r@words.example");
    external_is("one that says nothing gets nothing", zone, "a.example", "r@victim.example",
                DMARC_EXTERNAL_REFUSED, "r@victim.example");
    external_is("leave for one domain is none for another", zone, "b.example",
                "r@yes.example", DMARC_EXTERNAL_REFUSED, "r@yes.example");
    struct dmarc_rua list[LIMIT_DMARC_ADDRESSES];
    static const char moved[] =
        "{\"a.example._report._dmarc.yes.example\":{\"TXT\":[[\"v=DMARC1; "
        "rua=mailto:agg@yes.example; ruf=mailto:fail@yes.example\"]]}}";
    bool read = dmarc_rua_read(&arena, BYTES("mailto:r@yes.example"), list) == 1;
    tap_ok(read && external(moved, "a.example", true, &list[0], &is) == SK_OK &&
               is == DMARC_EXTERNAL_ALLOWED &&
               bytes_is(list[0].address, "fail@yes.example"),
           "failure reports go where its ruf says, not its rua");
    tap_ok(external("{\"a.example._report._dmarc.slow.example\":{\"*\":\"TIMEOUT\"}}",
                    "a.example", false, &slow, &is) == SK_LATER,
           "no answer is no leave: asked again later");
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    test_counts();
    test_suppression();
    test_file();
    test_room();
    test_external();
    arena_release(&arena);
    return tap_done();
}
