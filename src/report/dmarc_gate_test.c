/* The gate, rua, tokens, periods. */
#include "report/dmarc_gate.h"

#include "base/limits.h"
#include "base/table.h"
#include "base/tap.h"
#include "base/writer.h"
#include "report/dmarc_token.h"

static struct arena arena;
static struct dmarc_rua list[LIMIT_DMARC_ADDRESSES];

static size_t
rua(const char *text)
{
    return dmarc_rua_read(&arena, bytes_from_text(text), list);
}

static void
test_rua(void)
{
    tap_ok(rua("mailto:a@b.example") == 1 && bytes_is(list[0].address, "a@b.example") &&
               bytes_is(list[0].host, "b.example") && list[0].size_max == UINT64_MAX,
           "an address");
    tap_ok(rua(" mailto:a@b.example!10m , MAILTO:c%2Bd@E.example?subject=x ") == 2 &&
               list[0].size_max == (uint64_t)10 << 20 &&
               bytes_is(list[1].address, "c+d@E.example") &&
               bytes_is(list[1].host, "e.example"),
           "sizes of RFC 7489, percent signs, what follows a question mark");
    tap_ok(rua("mailto:a@b.example!5,mailto:a@b.example!2k") == 1 && list[0].size_max == 5,
           "an address that is named twice counts once");
    tap_ok(rua("https://b.example/,ftp:x,a@b.example,mailto:,mailto:@b.example,mailto:a@,"
               "mailto:a b@c.example,mailto:a@localhost,mailto:a%0d%0aRCPT@b.example,"
               "mailto:a%00@b.example,mailto:%22a%22@b.example,mailto:a@b..example,"
               "mailto:a@[192.0.2.1],mailto:<a@b.example>,mailto:.a@b.example") == 0,
           "other schemes, and what cannot stand in RCPT as it is, are passed over");
    tap_ok(
        rua("mailto:a@b.example,mailto:b@b.example,mailto:c@b.example,mailto:d@b.example,"
            "mailto:e@b.example,mailto:f@b.example") == LIMIT_DMARC_ADDRESSES,
        "no more than LIMIT_DMARC_ADDRESSES");
    tap_ok(rua("mailto:a@b.example!99999999999999999999g,mailto:!,mailto:x@y.example!") ==
                   0 &&
               rua("mailto:a@b.example!18446744073709551615t") == 0,
           "a size that is no number is no address either");
}

static enum dmarc_refusal
gate(const struct dmarc_settings *settings, const char *domain, uint64_t passed,
     uint64_t unwanted)
{
    const struct dmarc_seen seen = {.published = {.domain = bytes_from_text(domain)},
                                    .messages = 100,
                                    .passed = passed,
                                    .unwanted = unwanted};

    return dmarc_gate_domain(settings, &seen);
}

static void
test_domain(void)
{
    const struct bytes never[] = {BYTES("no.example")}, always[] = {BYTES("yes.example")};
    const struct dmarc_settings s = {.from = BYTES("dmarc@own.example"),
                                     .submitter = BYTES("own.example"),
                                     .never = never,
                                     .never_count = 1,
                                     .always = always,
                                     .always_count = 1};

    tap_ok(gate(&s, "a.example", 1, 0) == DMARC_REFUSAL_SEND,
           "mail that passed earns a report");
    tap_ok(gate(&s, "a.example", 0, 0) == DMARC_REFUSAL_ONLY_FAILS,
           "a domain in whose name only strangers write gets no report");
    tap_ok(gate(&s, "a.example", 10, 5) == DMARC_REFUSAL_SEND &&
               gate(&s, "a.example", 10, 6) == DMARC_REFUSAL_MOSTLY_UNWANTED,
           "a domain whose own mail is mostly unwanted gets no report");
    tap_ok(gate(&s, "x.no.example", 9, 0) == DMARC_REFUSAL_NEVER &&
               gate(&s, "xno.example", 9, 0) == DMARC_REFUSAL_SEND,
           "never: the domain and all below it, nothing else");
    tap_ok(gate(&s, "yes.example", 0, 0) == DMARC_REFUSAL_SEND, "always: whatever it sent");
    tap_ok(gate(&s, "own.example", 9, 0) == DMARC_REFUSAL_OWN, "none about ourselves");
    tap_ok(gate(&s, "a!b.example", 9, 0) == DMARC_REFUSAL_NAME &&
               gate(&s, "../x", 9, 0) == DMARC_REFUSAL_NAME &&
               gate(&s, "com", 9, 0) == DMARC_REFUSAL_NAME &&
               gate(&s, "a.b\r\nBcc: c", 9, 0) == DMARC_REFUSAL_NAME,
           "a name that could break out of a file name or a header is none");
}

static void
test_address(void)
{
    const struct dmarc_settings s = {.from = BYTES("dmarc@own.example"),
                                     .submitter = BYTES("own.example")};
    struct table suppressed;

    table_init(&suppressed, &arena, true);
    (void)table_put(&suppressed, BYTES("a@b.example"), &suppressed);
    (void)table_put(&suppressed, BYTES("c.example"), &suppressed);
    (void)rua(
        "mailto:A@b.example,mailto:x@b.example,mailto:y@sub.c.example,mailto:y@cc.example,"
        "mailto:dmarc@own.example");
    const enum dmarc_refusal want[] = {DMARC_REFUSAL_SUPPRESSED, DMARC_REFUSAL_SEND,
                                       DMARC_REFUSAL_SUPPRESSED, DMARC_REFUSAL_SEND,
                                       DMARC_REFUSAL_OWN};
    for (size_t i = 0; i < 5; i++) {
        tap_ok(dmarc_gate_address(&arena, &s, &list[i], &suppressed) == want[i],
               "suppressed by address, and by domain with all below it: %.*s",
               BYTES_ARGUMENTS(list[i].address));
    }
}

static void
test_token(void)
{
    const struct dmarc_settings s = {.from = BYTES("dmarc@own.example")};
    struct bytes key = BYTES("0123456789abcdef0123456789abcdef"), read;
    struct bytes token =
        dmarc_token(&arena, key, BYTES("a@b.example"), BYTES("d.example"), 1, 2);
    struct bytes address = dmarc_token_address(&arena, &s, token);

    tap_ok(token.size == DMARC_TOKEN_SIZE && dmarc_token_of(&s, address, &read) &&
               bytes_equal(read, token),
           "a sender's address gives its token back");
    tap_ok(!bytes_equal(token, dmarc_token(&arena, BYTES("x"), BYTES("a@b.example"),
                                           BYTES("d.example"), 1, 2)) &&
               !bytes_equal(token, dmarc_token(&arena, key, BYTES("b@b.example"),
                                               BYTES("d.example"), 1, 2)) &&
               !bytes_equal(token, dmarc_token(&arena, key, BYTES("a@b.example"),
                                               BYTES("d.example"), 1, 3)),
           "another key, address or period: another token");
    tap_ok(
        !dmarc_token_of(&s, s.from, &read) &&
            !dmarc_token_of(&s, BYTES("dmarc+zzzzzzzzzzzzzzzzzzzz@own.example"), &read) &&
            !dmarc_token_of(&s, BYTES("other+00000000000000000000@own.example"), &read) &&
            !dmarc_token_of(&s, BYTES("dmarc+00000000000000000000@other.exampl"), &read),
        "other addresses have none");
}

static void
test_period(void)
{
    const struct dmarc_settings s = {.interval_s = 86400, .delay_s = 1800};
    int64_t begin, end, noon = 20000 * INT64_C(86400) + 43200;

    tap_ok(dmarc_period_due(&s, 0, noon, &begin, &end) && begin == noon - 43200 - 86400 &&
               end == noon - 43200,
           "first the last whole day");
    tap_ok(!dmarc_period_due(&s, end, noon, &begin, &end),
           "then nothing, until the next is over");
    tap_ok(!dmarc_period_due(&s, noon - 43200, noon + 43200 + 1799, &begin, &end) &&
               dmarc_period_due(&s, noon - 43200, noon + 43200 + 1800, &begin, &end) &&
               begin == noon - 43200,
           "and the time to wait has passed");
    tap_ok(dmarc_period_due(&s, noon - 43200 - 2 * 86400, noon, &begin, &end) &&
               begin == noon - 43200 - 2 * 86400 && end == begin + 86400,
           "a day that was missed is made up for");
    tap_ok(dmarc_period_due(&s, 86400, noon, &begin, &end) && begin == noon - 43200 - 86400,
           "a month that was missed is not");
}

int
main(void)
{
    arena_init(&arena, (size_t)64 << 20);
    test_rua();
    test_domain();
    test_address();
    test_token();
    test_period();
    arena_release(&arena);
    return tap_done();
}
