/* Which failure reports of a round go out: the counts of the gate, at their bounds. What the DNS must say is in dmarc_book_test. */
#define SK_BASE
#include "sekisho/dmarc_round.h"

#include <string.h>

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "dns/resolver.h"

#define BEGIN 1790000000
#define END   (BEGIN + 86400)

static struct arena arena;
static struct dmarc_settings settings = {.from = BYTES("dmarc@own.example"),
                                         .submitter = BYTES("own.example"),
                                         .org_name = BYTES("Own"),
                                         .generator = BYTES("Sekisho"),
                                         .send = DMARC_SEND_YES,
                                         .failure_send = DMARC_SEND_YES,
                                         .failure_cap = 2,
                                         .daily_cap = 100,
                                         .size_max = 1 << 20};

static struct bytes
record(unsigned id, const char *result, const char *published)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(
        &w,
        "{\"v\":1,\"kind\":\"message\",\"id\":\"id%u\",\"time\":%lld,\"door\":\"transfer\","
        "\"action\":\"accept\",\"client\":\"192.0.2.1\",\"from\":\"taro@x.example\","
        "\"to\":[\"u@own.example\"],\"recipients\":[{\"families\":{\"dmarc\":\"consent\"}}]"
        ","
        "\"origin\":{\"dmarc\":{\"result\":\"%s\",\"from_domain\":\"d.example\",\"policy\":"
        "\"none\",\"policy_domain\":\"d.example\",\"spf_aligned\":%s,\"dkim_aligned\":"
        "false,\"published\":{%s}}}}",
        id, (long long)BEGIN * 1000, result, result[0] == 'p' ? "true" : "false",
        published);
    return writer_view(&w);
}

/* One message that passed and `failed` that did not, and what the keeper said. */
static struct dmarc_round
round_of(unsigned failed, const char *published, const char *plan)
{
    struct dmarc_gather *gather = dmarc_gather_new(&arena, &settings, BEGIN, END);
    struct dmarc_round round = {.settings = &settings,
                                .gather = gather,
                                .key = BYTES("0123456789abcdef0123456789abcdef"),
                                .begin = BEGIN,
                                .end = END};
    int64_t period_end;
    struct why why;

    dmarc_gather_take(gather, record(0, "pass", published));
    for (unsigned i = 0; i < failed; i++) {
        dmarc_gather_take(gather, record(1 + i, "fail", published));
    }
    if (dmarc_round_plan(&arena, &round, bytes_from_text(plan), &period_end, &why) !=
        SK_OK) {
        tap_ok(false, "the plan: %s", why.sentence);
    }
    return round;
}

/* What the gate says of the k-th, one word for each address. */
static const char *
said(struct dmarc_round *round, size_t k, struct dmarc_letter letters[DMARC_LETTERS])
{
    struct dns_zone *zone;
    struct dns_memo memo;
    struct writer w;
    struct why why;
    size_t count;
    enum sk_code code = dns_zone_read(
        &arena, BYTES("{\"_dmarc.d.example\":{\"TXT\":[[\"v=DMARC1; p=none\"]]}}"), &zone,
        &why);

    SK_ASSERT(code == SK_OK);
    dns_memo_init(&memo, &arena);
    while (dmarc_round_failure(&arena, round, &memo, 0, k, END, letters, &count) ==
           SK_MORE) {
        dns_zone_answer(zone, &memo);
    }
    writer_init(&w, &arena);
    for (size_t i = 0; i < count; i++) {
        writer_text(&w, i > 0 ? " " : "");
        writer_text(&w, dmarc_refusal_name(letters[i].refusal));
    }
    return writer_c(&w);
}

static bool
says(struct dmarc_round *round, size_t k, const char *want)
{
    struct dmarc_letter letters[DMARC_LETTERS];

    return strcmp(said(round, k, letters), want) == 0;
}

static void
test_counts(void)
{
    static const char two[] = "\"ruf\":\"mailto:a@d.example,mailto:b@sub.d.example\"";
    struct dmarc_round round = round_of(3, two, "{}");

    tap_ok(dmarc_gather_seen(round.gather, 0)->failure_count == 2,
           "no more than failure_cap about one domain");
    tap_ok(says(&round, 0, "send send") && says(&round, 1, "send send"),
           "each goes to each address");
    round = round_of(2, two, "{\"failures\":[\"A@d.example\"]}");
    tap_ok(says(&round, 0, "send send") && says(&round, 1, "cap send"),
           "one went to an address in the last 24 hours: one more may, and no second");
    round = round_of(1, two, "{\"failures\":[\"a@d.example\",\"a@d.example\"]}");
    tap_ok(says(&round, 0, "cap send"), "two did: none");
    round = round_of(2, two, "{\"today\":97}");
    tap_ok(says(&round, 0, "send send") && says(&round, 1, "send cap"),
           "they count towards the daily cap of all reports");
    round = round_of(1, two, "{\"suppressed\":[\"sub.d.example\"]}");
    tap_ok(says(&round, 0, "send suppressed"), "who is suppressed gets none");
}

static void
test_once(void)
{
    static const char one[] = "\"ruf\":\"mailto:a@d.example\"";
    struct dmarc_letter letters[DMARC_LETTERS];
    struct dmarc_round round = round_of(2, one, "{}");
    struct writer w;

    (void)said(&round, 0, letters);
    struct bytes token = letters[0].token;
    writer_init(&w, &arena);
    writer_text(&w, "{\"sent\":[\"");
    writer_bytes(&w, token);
    writer_text(&w, "\"]}");
    tap_ok(letters[0].failure && bytes_is(letters[0].to, "a@d.example") &&
               bytes_find(letters[0].sender, token, 0) == 6 &&
               bytes_find(letters[0].mail, BYTES("\r\nTo: <a@d.example>\r\n"), 0) !=
                   BYTES_NOWHERE &&
               bytes_find(letters[0].mail, BYTES("taro"), 0) == BYTES_NOWHERE,
           "the letter is whole, under a sender of its own");
    round = round_of(2, one, writer_c(&w));
    tap_ok(says(&round, 0, "sent") && says(&round, 1, "send"),
           "what was sent is not sent again, another is");
}

static void
test_gate(void)
{
    struct dmarc_letter letters[DMARC_LETTERS];
    struct dmarc_round round = round_of(1, "\"ruf\":\"https://d.example/\"", "{}");
    struct dns_memo memo;
    size_t count = 7;

    tap_ok(says(&round, 0, "no_address"), "a ruf without an address that can be used");
    dns_memo_init(&memo, &arena);
    tap_ok(dmarc_round_letters(&arena, &round, &memo, 0, END, letters, &count) == SK_OK &&
               count == 0,
           "no aggregate report where only ruf is named");
    round = round_of(1, "\"ruf\":\"mailto:a@victim.example\"", "{}");
    tap_ok(says(&round, 0, "external"), "a stranger who does not ask gets none");
    struct dmarc_gather *gather = dmarc_gather_new(&arena, &settings, BEGIN, END);
    dmarc_gather_take(gather, record(1, "fail", "\"ruf\":\"mailto:a@d.example\""));
    round.gather = gather;
    tap_ok(says(&round, 0, "only_fails"), "nor a domain with nothing but forgeries");
}

int
main(void)
{
    arena_init(&arena, (size_t)64 << 20);
    test_counts();
    test_once();
    test_gate();
    arena_release(&arena);
    return tap_done();
}
