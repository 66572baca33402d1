#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "dns/resolver.h"

static struct arena arena;

/* Header with one question for "a.test" TXT (or what is given), and `answers` announced. */
static void
begin(struct writer *w, unsigned rcode, unsigned answers, uint8_t type)
{
    writer_init(w, &arena);
    writer_bytes(w, BYTES("\x12\x34\x81"));
    writer_byte(w, (uint8_t)(0x80 | rcode));
    writer_bytes(w, BYTES("\0\1"));
    writer_byte(w, (uint8_t)(answers >> 8));
    writer_byte(w, (uint8_t)answers);
    writer_bytes(w, BYTES("\0\0\0\0\1a\4test\0\0"));
    writer_byte(w, type);
    writer_bytes(w, BYTES("\0\1"));
}

/* A record of the name asked (a pointer to offset 12), TTL 300. */
static void
record(struct writer *w, struct bytes owner, uint8_t type, struct bytes data)
{
    writer_bytes(w, owner);
    writer_byte(w, 0);
    writer_byte(w, type);
    writer_bytes(w, BYTES("\0\1\0\0\1\x2c"));
    writer_byte(w, (uint8_t)(data.size >> 8));
    writer_byte(w, (uint8_t)data.size);
    writer_bytes(w, data);
}

static struct dns_answer
read_as(struct bytes packet, enum dns_type type)
{
    struct dns_answer a;

    dns_answer_read(&arena, bytes_copy(&arena, packet), BYTES("A.Test"), type, &a);
    return a;
}

#define SELF BYTES("\xc0\x0c")

static void
test_good(void)
{
    struct writer w;

    begin(&w, 0, 2, DNS_TXT);
    record(&w, SELF, DNS_TXT, BYTES("\3v=s\4pf1\0\0"));
    record(&w, BYTES("\1A\4TEST\0"), DNS_TXT, BYTES("\0"));
    struct dns_answer a = read_as(writer_view(&w), DNS_TXT);
    tap_ok(a.status == DNS_FOUND && a.record_count == 2, "two TXT records");
    tap_ok(bytes_equal(a.records[0].data, BYTES("v=spf1\0")), "strings joined");
    tap_ok(a.records[1].data.size == 0, "an empty string");
    tap_ok(a.ttl == 300 && bytes_is(a.name, "a.test"), "ttl and name");

    begin(&w, 0, 1, DNS_TXT);
    record(&w, SELF, DNS_TXT, BYTES("\3a\0b"));
    a = read_as(writer_view(&w), DNS_TXT);
    tap_ok(a.record_count == 1 && bytes_equal(a.records[0].data, BYTES("a\0b")),
           "a NUL inside a string");

    begin(&w, 0, 1, DNS_MX);
    record(&w, SELF, DNS_MX, BYTES("\0\x0a\2mx\xc0\x0c"));
    a = read_as(writer_view(&w), DNS_MX);
    tap_ok(a.record_count == 1 && a.records[0].preference == 10 &&
               bytes_is(a.records[0].data, "mx.a.test"),
           "MX by pointer");

    begin(&w, 0, 1, DNS_PTR);
    record(&w, SELF, DNS_PTR, BYTES("\4a.b\\\1\0\0"));
    a = read_as(writer_view(&w), DNS_PTR);
    tap_ok(a.record_count == 1 && bytes_is(a.records[0].data, "a\\046b\\092.\\000"),
           "odd bytes in a name are written out");

    begin(&w, 3, 0, DNS_TXT);
    tap_ok(read_as(writer_view(&w), DNS_TXT).status == DNS_NXDOMAIN, "NXDOMAIN");
    begin(&w, 0, 0, DNS_TXT);
    tap_ok(read_as(writer_view(&w), DNS_TXT).status == DNS_NODATA, "NODATA");
    begin(&w, 2, 0, DNS_TXT);
    tap_ok(read_as(writer_view(&w), DNS_TXT).status == DNS_SERVFAIL, "SERVFAIL");
}

static void
test_cname(void)
{
    struct writer w;
    struct dns_answer a;

    begin(&w, 0, 2, DNS_A);
    record(&w, BYTES("\1b\xc0\x0e"), DNS_A, BYTES("\xc0\0\2\1"));
    record(&w, SELF, DNS_CNAME, BYTES("\1b\xc0\x0e"));
    a = read_as(writer_view(&w), DNS_A);
    tap_ok(a.status == DNS_FOUND && a.record_count == 1,
           "a CNAME is followed, in any order");
    begin(&w, 0, 1, DNS_A);
    record(&w, BYTES("\1b\xc0\x0e"), DNS_A, BYTES("\xc0\0\2\1"));
    tap_ok(read_as(writer_view(&w), DNS_A).status == DNS_NODATA,
           "another name's record is not ours");
    begin(&w, 0, 1, DNS_A);
    record(&w, SELF, DNS_CNAME, SELF);
    tap_ok(read_as(writer_view(&w), DNS_A).status == DNS_SERVFAIL, "a CNAME to itself");
    begin(&w, 0, 1, DNS_CNAME);
    record(&w, SELF, DNS_CNAME, BYTES("\1b\xc0\x0e"));
    a = read_as(writer_view(&w), DNS_CNAME);
    tap_ok(a.record_count == 1 && bytes_is(a.records[0].data, "b.test"),
           "a CNAME that was asked for");
    for (unsigned steps = LIMIT_DNS_CNAMES; steps <= LIMIT_DNS_CNAMES + 1; steps++) {
        begin(&w, 0, steps + 1, DNS_A);
        record(&w, SELF, DNS_CNAME, BYTES("\1\1\xc0\x0e"));
        for (unsigned i = 1; i < steps; i++) {
            uint8_t owner[] = {1, (uint8_t)i, 0xc0, 0x0e},
                    target[] = {1, (uint8_t)(i + 1), 0xc0, 0x0e};
            record(&w, bytes_of(owner, 4), DNS_CNAME, bytes_of(target, 4));
        }
        uint8_t last[] = {1, (uint8_t)steps, 0xc0, 0x0e};
        record(&w, bytes_of(last, 4), DNS_A, BYTES("\xc0\0\2\1"));
        a = read_as(writer_view(&w), DNS_A);
        tap_ok(a.status == (steps <= LIMIT_DNS_CNAMES ? DNS_FOUND : DNS_SERVFAIL),
               "%u CNAMEs", steps);
    }
}

static void
test_bad(void)
{
    struct writer w;
    size_t failed = 0;

    begin(&w, 0, 1, DNS_TXT);
    record(&w, SELF, DNS_TXT, BYTES("\6v=spf1"));
    struct bytes good = writer_view(&w);
    for (size_t size = 0; size < good.size; size++) {
        failed += read_as(bytes_slice(good, 0, size), DNS_TXT).status == DNS_SERVFAIL;
    }
    tap_ok(failed == good.size, "cut anywhere it is no answer");
    tap_ok(read_as(good, DNS_A).status == DNS_SERVFAIL, "the answer to another type");
    struct dns_answer a;
    dns_answer_read(&arena, good, BYTES("b.test"), DNS_TXT, &a);
    tap_ok(a.status == DNS_SERVFAIL && bytes_is(a.name, "b.test"),
           "the answer to another name");
    uint8_t *changed = (uint8_t *)(uintptr_t)bytes_copy(&arena, good).at;
    changed[2] = 0x01;
    tap_ok(read_as(bytes_of(changed, good.size), DNS_TXT).status == DNS_SERVFAIL,
           "a question is no answer");
    changed[2] = 0x83;
    tap_ok(read_as(bytes_of(changed, good.size), DNS_TXT).status == DNS_SERVFAIL,
           "a truncated answer");

    begin(&w, 0, 1, DNS_TXT);
    record(&w, SELF, DNS_TXT, BYTES("\7v=spf1"));
    tap_ok(read_as(writer_view(&w), DNS_TXT).status == DNS_SERVFAIL,
           "a string past the data");
    begin(&w, 0, 1, DNS_TXT);
    record(&w, SELF, DNS_TXT, BYTES_NONE);
    tap_ok(read_as(writer_view(&w), DNS_TXT).status == DNS_SERVFAIL,
           "TXT without a string");
    begin(&w, 0, 1, DNS_A);
    record(&w, SELF, DNS_A, BYTES("\1\2\3\4\5"));
    tap_ok(read_as(writer_view(&w), DNS_A).status == DNS_SERVFAIL, "an A of five bytes");
    begin(&w, 0, 1, DNS_PTR);
    record(&w, SELF, DNS_PTR, BYTES("\1b\0x"));
    tap_ok(read_as(writer_view(&w), DNS_PTR).status == DNS_SERVFAIL, "bytes after a name");
    begin(&w, 0, 1, DNS_PTR);
    record(&w, BYTES("\xc0\x18"), DNS_PTR, BYTES("\1b\0"));
    tap_ok(read_as(writer_view(&w), DNS_PTR).status == DNS_SERVFAIL, "a pointer to itself");
    begin(&w, 0, 1, DNS_PTR);
    record(&w, BYTES("\xff\xff"), DNS_PTR, BYTES("\1b\0"));
    tap_ok(read_as(writer_view(&w), DNS_PTR).status == DNS_SERVFAIL,
           "a pointer past the end");
    begin(&w, 0, 1, DNS_PTR);
    record(&w, BYTES("\x41x\0"), DNS_PTR, BYTES("\1b\0"));
    tap_ok(read_as(writer_view(&w), DNS_PTR).status == DNS_SERVFAIL,
           "a label of an unknown kind");
}

/* A name of `labels` labels of 49 bytes and one of `last`, 50 * labels + last + 2 on the wire. */
static enum dns_status
long_name(int labels, uint8_t last)
{
    struct writer w, name;

    writer_init(&name, &arena);
    for (int i = 0; i < labels; i++) {
        writer_byte(&name, 49);
        memset(writer_reserve(&name, 49), 'x', 49);
        writer_did(&name, 49);
    }
    writer_byte(&name, last);
    memset(writer_reserve(&name, last), 'x', last);
    writer_did(&name, last);
    writer_byte(&name, 0);
    begin(&w, 0, 1, DNS_PTR);
    record(&w, SELF, DNS_PTR, writer_view(&name));
    return read_as(writer_view(&w), DNS_PTR).status;
}

static void
test_bounds(void)
{
    struct writer w;

    tap_ok(long_name(4, 53) == DNS_FOUND, "a name of 255 bytes on the wire");
    tap_ok(long_name(5, 4) == DNS_SERVFAIL, "a name of 256 bytes");
    tap_ok(long_name(0, 63) == DNS_FOUND, "a label of 63");
    for (unsigned count = LIMIT_DNS_RECORDS; count <= LIMIT_DNS_RECORDS + 100;
         count += 100) {
        begin(&w, 0, count, DNS_A);
        for (unsigned i = 0; i < count; i++) {
            record(&w, SELF, DNS_A, BYTES("\1\2\3\4"));
        }
        tap_ok(read_as(writer_view(&w), DNS_A).record_count == LIMIT_DNS_RECORDS,
               "%u records: LIMIT_DNS_RECORDS are kept", count);
    }
}

int
main(void)
{
    arena_init(&arena, 1ul << 24);
    test_good();
    test_cname();
    test_bad();
    test_bounds();
    arena_release(&arena);
    arena_forget_blocks();
    return tap_done();
}
