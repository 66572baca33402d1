#include "base/json.h"
#include "base/limits.h"
#include "base/tap.h"
#include "dns/memo.h"

static struct arena arena;

static struct bytes
text(const char *s)
{
    return bytes_from_text(s);
}

static size_t
wanted_count(const struct dns_memo *memo)
{
    size_t count = 0;

    for (const struct dns_answer *a = memo->wanted; a != NULL; a = a->next_wanted) {
        count++;
    }
    return count;
}

static void
test_asking(void)
{
    struct dns_memo memo;
    struct dns_record record = {.data = BYTES("v=spf1 -all")};
    struct dns_answer put = {.name = BYTES("EXAMPLE.com."),
                             .type = DNS_TXT,
                             .records = &record,
                             .record_count = 1};

    dns_memo_init(&memo, &arena);
    tap_ok(dns_memo_ask(&memo, text("Example.COM"), DNS_TXT) == NULL,
           "an unknown name is wanted");
    tap_ok(dns_memo_ask(&memo, text("example.com."), DNS_TXT) == NULL,
           "asked twice in other letters");
    tap_ok(wanted_count(&memo) == 1 && memo.answer_count == 1, "is wanted once");
    tap_ok(dns_memo_ask(&memo, text("example.com"), DNS_A) == NULL &&
               wanted_count(&memo) == 2,
           "another type is another question");
    tap_ok(bytes_is(memo.wanted->name, "example.com") && memo.wanted->type == DNS_TXT,
           "wanted in the order of asking");
    dns_memo_put(&memo, &put);
    const struct dns_answer *a = dns_memo_ask(&memo, text("example.com"), DNS_TXT);
    tap_ok(a != NULL && a->status == DNS_FOUND && a->record_count == 1 &&
               bytes_is(a->records[0].data, "v=spf1 -all"),
           "the answer is there");
    tap_ok(bytes_is(a->name, "example.com"), "the name stays as asked");
    tap_ok(wanted_count(&memo) == 1 && memo.wanted->type == DNS_A, "no longer wanted");
}

static void
test_names(void)
{
    struct dns_memo memo;
    char name[300];

    dns_memo_init(&memo, &arena);
    memset(name, 'a', sizeof name);
    name[63] = '\0';
    tap_ok(dns_memo_ask(&memo, text(name), DNS_A) == NULL, "a label of 63");
    name[63] = 'a';
    name[64] = '\0';
    const struct dns_answer *a = dns_memo_ask(&memo, text(name), DNS_A);
    tap_ok(a != NULL && a->status == DNS_NXDOMAIN, "a label of 64 does not exist");
    memset(name, 'a', sizeof name);
    name[60] = name[120] = name[180] = name[240] = '.';
    name[253] = '\0';
    tap_ok(dns_memo_ask(&memo, text(name), DNS_A) == NULL, "a name of 253");
    name[253] = 'a';
    name[254] = '\0';
    tap_ok(dns_memo_ask(&memo, text(name), DNS_A) != NULL, "a name of 254");
    static const char *const bad[] = {"", ".", "a..b", ".a", "a\\.b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        a = dns_memo_ask(&memo, text(bad[i]), DNS_A);
        tap_ok(a != NULL && a->status == DNS_NXDOMAIN, "\"%s\" does not exist", bad[i]);
    }
    a = dns_memo_ask(&memo, bytes_of("a\0b", 3), DNS_A);
    tap_ok(a != NULL && a->status == DNS_NXDOMAIN, "a NUL does not exist");
    tap_ok(memo.answer_count == 2, "names that cannot be asked are not kept");
}

static void
test_bound(void)
{
    struct dns_memo memo;
    struct writer w;

    dns_memo_init(&memo, &arena);
    writer_init(&w, &arena);
    for (int i = 0; i < LIMIT_DNS_QUESTIONS; i++) {
        writer_clear(&w);
        writer_format(&w, "n%d.example", i);
        if (dns_memo_ask(&memo, writer_view(&w), DNS_A) != NULL) {
            tap_ok(false, "question %d is wanted", i);
        }
    }
    tap_ok(wanted_count(&memo) == LIMIT_DNS_QUESTIONS && !memo.refused,
           "LIMIT_DNS_QUESTIONS are wanted");
    const struct dns_answer *a = dns_memo_ask(&memo, text("one.more.example"), DNS_A);
    tap_ok(a != NULL && a->status == DNS_SERVFAIL && memo.refused,
           "one more fails at once");
    tap_ok(memo.answer_count == LIMIT_DNS_QUESTIONS, "and is not kept");
    tap_ok(dns_memo_ask(&memo, text("n0.example"), DNS_A) == NULL,
           "an old one is still wanted");
}

static void
test_json(void)
{
    struct dns_memo memo, again;
    struct dns_record text_records[] = {
        {.data = BYTES("v=spf1 -all")}, {.data = BYTES("\xff\0x")}, {.data = BYTES("")}};
    struct dns_record a_record = {.data = BYTES("\xc0\0\2\1")},
                      mx = {.data = BYTES("mx.example.com"), .preference = 10};
    struct dns_record aaaa = {.data = BYTES("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1")};
    struct dns_answer answers[] = {
        {.name = BYTES("example.com"),
         .type = DNS_TXT,
         .records = text_records,
         .record_count = 3,
         .ttl = 60,
         .secure = true},
        {.name = BYTES("example.com"),
         .type = DNS_A,
         .records = &a_record,
         .record_count = 1},
        {.name = BYTES("example.com"),
         .type = DNS_AAAA,
         .records = &aaaa,
         .record_count = 1},
        {.name = BYTES("example.com"), .type = DNS_MX, .records = &mx, .record_count = 1},
        {.name = BYTES("gone.example"), .type = DNS_PTR, .status = DNS_NXDOMAIN},
        {.name = BYTES("slow.example"), .type = DNS_TXT, .status = DNS_TIMEOUT},
        {.name = BYTES("bare.example"), .type = DNS_TXT, .status = DNS_NODATA},
    };
    size_t count = sizeof answers / sizeof *answers, same = 0;
    struct writer w, w2;
    struct json j;

    dns_memo_init(&memo, &arena);
    for (size_t i = 0; i < count; i++) {
        (void)dns_memo_ask(&memo, answers[i].name, answers[i].type);
        dns_memo_put(&memo, &answers[i]);
    }
    (void)dns_memo_ask(&memo, text("never.example"), DNS_TXT);
    writer_init(&w, &arena);
    json_init(&j, &w);
    dns_memo_write_json(&memo, &j);
    dns_memo_init(&again, &arena);
    again.sealed = true;
    tap_ok(dns_memo_read_json(&again, writer_view(&w)), "what was written is read");
    for (size_t i = 0; i < count; i++) {
        const struct dns_answer *a = dns_memo_ask(&again, answers[i].name, answers[i].type);
        same += a != NULL && a->status == answers[i].status &&
                a->record_count == answers[i].record_count &&
                (a->record_count == 0 ||
                 (bytes_equal(a->records[0].data, answers[i].records[0].data) &&
                  a->records[0].preference == answers[i].records[0].preference)) &&
                a->ttl == answers[i].ttl && a->secure == answers[i].secure;
    }
    tap_ok(same == count, "all answers are the same");
    const struct dns_answer *a = dns_memo_ask(&again, text("example.com"), DNS_TXT);
    tap_ok(a != NULL && a->record_count == 3 &&
               bytes_equal(a->records[1].data, BYTES("\xff\0x")),
           "bytes that are no UTF-8 too");
    writer_init(&w2, &arena);
    json_init(&j, &w2);
    dns_memo_write_json(&again, &j);
    tap_ok(bytes_equal(writer_view(&w), writer_view(&w2)),
           "written again it is the same text");
    a = dns_memo_ask(&again, text("other.example"), DNS_TXT);
    tap_ok(a != NULL && a->status == DNS_TIMEOUT && again.wanted == NULL,
           "a sealed memo wants nothing");
    static const char *const bad[] = {
        "",
        "{}",
        "[1]",
        "[{\"n\":\"a.b\",\"t\":\"TXT\"}]",
        "[{\"n\":\"a.b\",\"t\":\"ZZZ\",\"s\":\"FOUND\"}]",
        "[{\"n\":\"a.b\",\"t\":\"A\",\"s\":\"FOUND\",\"r\":[\"1.2.3\"]}]",
        "[{\"n\":\"a.b\",\"t\":\"A\",\"s\":\"FOUND\",\"r\":[]}]",
        "[{\"n\":\"a.b\",\"t\":\"MX\",\"s\":\"FOUND\",\"r\":[[70000,\"x\"]]}]",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dns_memo_init(&again, &arena);
        tap_ok(!dns_memo_read_json(&again, text(bad[i])), "not read: %s", bad[i]);
    }
    for (int size = LIMIT_DNS_ANSWERS; size <= LIMIT_DNS_ANSWERS + 1; size++) {
        writer_clear(&w);
        for (int i = 0; i < size; i++) {
            writer_format(&w, "%s{\"n\":\"n%d.test\",\"t\":\"A\",\"s\":\"NODATA\"}",
                          i > 0 ? "," : "[", i);
        }
        writer_text(&w, "]");
        dns_memo_init(&again, &arena);
        tap_ok(dns_memo_read_json(&again, writer_view(&w)) == (size == LIMIT_DNS_ANSWERS),
               "%d answers of one record", size);
    }
}

int
main(void)
{
    arena_init(&arena, 1ul << 24);
    test_asking();
    test_names();
    test_bound();
    test_json();
    arena_release(&arena);
    arena_forget_blocks();
    return tap_done();
}
