#include "record/origin_read.h"

#include "base/limits.h"
#include "base/tap.h"
#include "record/row.h"
#include "trace/place.h"
#include "trace/statement.h"

static struct arena arena;

static void
set_ip(struct net_address *ip, const char *text)
{
    (void)net_address_read(bytes_from_text(text), ip);
}

static struct hop hops[3];
static struct dkim_result dkim[2];
static struct claimed_client claimed[2];
static struct arc_set sets[1];
static struct list_answer listed[2];

static void
set_hops(void)
{
    hops[0] = (struct hop){.from = BYTES("mx.foreign.example"),
                           .helo = BYTES("mx.foreign.example"),
                           .rdns = BYTES("p1234-ipngn.tokyo.ocn.ne.jp"),
                           .by = BYTES("relay.example.jp"),
                           .with = BYTES("ESMTPSA"),
                           .id = BYTES("AAA"),
                           .has_date = true,
                           .date = 1795337990,
                           .trusted = true,
                           .tls = BYTES("TLSv1.3"),
                           .auth = BYTES("taro")};
    set_ip(&hops[0].from_ip, "114.153.1.2");
    hops[1] = (struct hop){.from = BYTES("pc\x1b[31m\u202e"),
                           .helo = BYTES("pc"),
                           .by = BYTES("mx.foreign.example"),
                           .with = BYTES("HTTP"),
                           .id = BYTES("BBB")};
    set_ip(&hops[1].from_ip, "192.168.1.9");
    hops[2] = (struct hop){.from = BYTES("x"), .by = BYTES("pc"), .has_date = true};
}

/* Everything that a statement can tell of, in one origin. */
static struct origin
rich(bool border)
{
    static const char *const ips[] = {"77.1.1.1", "10.1.1.1"};
    struct origin o = {.hops = hops,
                       .hop_count = 3,
                       .dkim = dkim,
                       .dkim_count = 2,
                       .claimed = claimed,
                       .claimed_count = 2,
                       .listed = listed,
                       .listed_count = 2,
                       .vouched_by = BYTES("vouch.example"),
                       .iprev = AUTH_PASS,
                       .client_name = BYTES("p1234-ipngn.tokyo.ocn.ne.jp"),
                       .border = border ? 1 : 0,
                       .grade = GRADE_B};

    set_hops();
    set_ip(&o.source, "114.153.1.2");
    dkim[0] = (struct dkim_result){.result = AUTH_FAIL, .domain = BYTES("example.com")};
    dkim[1] = (struct dkim_result){.result = AUTH_PASS,
                                   .domain = BYTES("list.example"),
                                   .selector = BYTES("k\"1"),
                                   .has_body_length = true,
                                   .body_length = 77};
    o.spf =
        (struct spf_result){.result = AUTH_TEMPERROR, .domain = BYTES("bounce.example")};
    o.spf_helo = (struct spf_result){
        .result = AUTH_PASS, .domain = BYTES("helo.example"), .helo_identity = true};
    o.dmarc = (struct dmarc_result){.result = AUTH_FAIL,
                                    .from_domain = BYTES("example.com"),
                                    .organizational_domain = BYTES("example.com")};
    sets[0] = (struct arc_set){
        .instance = 1, .seal = {.result = AUTH_PASS, .domain = BYTES("sealer.example")}};
    o.arc = (struct arc_result){
        .result = AUTH_PASS, .instance = 1, .sets = sets, .set_count = 1};
    for (size_t i = 0; i < 2; i++) {
        claimed[i] = (struct claimed_client){.field = BYTES("X-Originating-IP")};
        set_ip(&claimed[i].ip, ips[i]);
    }
    listed[0] = (struct list_answer){
        .list = BYTES("zen"), .asked = BYTES("114.153.1.2"), .answer = BYTES("127.0.0.2")};
    listed[1] = (struct list_answer){
        .list = BYTES("slow"), .asked = BYTES("114.153.1.2"), .failed = true};
    origin_note(&arena, &o, "web_form", BYTES_NONE);
    return o;
}

static void
place_all(struct origin *o, unsigned kinds)
{
    struct places *places = places_recorded(&arena);
    struct place place = {
        .country = "JP", .as_number = 4713, .as_name = BYTES("OCN <b>"), .kinds = kinds};

    places_record(places, &o->source, &place);
    place.kinds = PLACE_TOR;
    places_record(places, &claimed[0].ip, &place);
    place_origin(&arena, places, o);
}

static struct arrival
arrival_of(bool port)
{
    static struct arrival_recipient to[] = {{.address = BYTES("hanako@example.jp")}};
    struct arrival a = {.id = BYTES("0KxAAAAAAAAAAAAAAAAA"),
                        .door = port ? ARRIVAL_TRANSFER : ARRIVAL_HTTP,
                        .time_ms = 1795338000123,
                        .helo = BYTES("pc.example"),
                        .tls_version = BYTES("TLSv1.2"),
                        .user = BYTES("hanako"),
                        .mail_from = BYTES("bounce@bounce.example"),
                        .raw = BYTES("raw"),
                        .recipients = to,
                        .recipient_count = 1};

    set_ip(&a.client, "114.153.1.2");
    a.client.port = port ? 51234 : 0;
    return a;
}

static struct bytes
json_of(const struct statement *statement)
{
    struct writer w;
    struct json j;

    writer_init(&w, &arena);
    json_init(&j, &w);
    statement_write_json(statement, &j);
    return writer_view(&w);
}

static struct bytes
recorded(const struct arrival *a, const struct origin *o, const struct letter *letter)
{
    static struct permit_recipient permits[1];
    struct permit permit = {.recipients = permits, .recipient_count = 1};

    permits[0] = (struct permit_recipient){.families = FAMILY_BIT(FAMILY_SOURCE) |
                                                       FAMILY_BIT(FAMILY_CONTENT)};
    permit.union_families = permits[0].families;
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        permits[0].grounds[family] = GROUND_CONSENT;
        permits[0].entries[family] = PERMIT_NO_ENTRY;
    }
    return record_write(
        &arena, &(struct record_of){
                    .arrival = a, .permit = &permit, .letter = letter, .origin = o});
}

static void
test_same(bool border, bool port, unsigned kinds)
{
    struct origin o = rich(border);
    struct arrival a = arrival_of(port);
    struct letter letter = {.message_id = BYTES("mid@example.com")};
    const struct statement *read = NULL;
    struct why why = {0};

    place_all(&o, kinds);
    const struct statement *made =
        statement_make(&arena, &(struct statement_of){.origin = &o,
                                                      .arrival = &a,
                                                      .message_id = letter.message_id,
                                                      .time_told = true});
    struct bytes rest = recorded(&a, &o, &letter), first;
    (void)bytes_split(&rest, '\n', &first);
    enum sk_code code = record_statement(&arena, first, rest, &read, &why);
    struct bytes one = json_of(made), other = code == SK_OK ? json_of(read) : BYTES_NONE;
    bool same = tap_ok(code == SK_OK && bytes_equal(one, other),
                       "the statement of the record is that of the message (border %d, "
                       "port %d, kinds %u)",
                       border, port, kinds);
    if (!same) {
        printf("# %s\n# %s\n# %s\n", bytes_text(&arena, one), bytes_text(&arena, other),
               bytes_text(&arena, bytes_slice(first, 0, 5000)));
    }
    struct writer w;
    struct json j;
    writer_init(&w, &arena);
    json_init(&j, &w);
    json_open(&j, '{');
    record_put_statement(&j, "none", BYTES("{}"), BYTES_NONE);
    record_put_statement(&j, "statement", first, rest);
    json_close(&j);
    tap_ok(bytes_starts(writer_view(&w), BYTES("{\"statement\":")) &&
               bytes_equal(bytes_slice(writer_view(&w), 13, w.size - 1), one),
           "the same under a key");
    code = record_statement(&arena, first, BYTES_NONE, &read, &why);
    tap_ok(code == SK_OK &&
               bytes_find(json_of(read), BYTES("mid@example.com"), 0) == BYTES_NOWHERE &&
               bytes_find(other, BYTES("mid@example.com"), 0) != BYTES_NOWHERE,
           "the Message-ID only with the content");
}

static void
test_bad(void)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"kind\":\"outcome\"}",
        "{\"kind\":\"message\"}",
        "{\"kind\":\"message\",\"origin\":{}}",
        "{\"kind\":\"message\",\"origin\":{\"grade\":\"F\"}}",
        "{\"kind\":\"message\",\"origin\":{\"grade\":7}}",
    };
    static const char *const odd[] = {
        "{\"kind\":\"message\",\"origin\":{\"grade\":\"A\"}}",
        "{\"kind\":\"message\",\"time\":9223372036854775807,\"client\":7,\"client_port\":-"
        "3,"
        "\"origin\":{\"grade\":\"E\",\"hops\":[1,{},{\"epoch\":-9223372036854775808}],"
        "\"border\":99,\"dkim\":[[],{\"l\":-1}],\"arc\":{\"sets\":{}},\"claimed\":[null],"
        "\"places\":[{\"ip\":\"x\"},{\"ip\":\"1.2.3.4\",\"country\":\"JPX\",\"kinds\":[1]}]"
        ","
        "\"listed\":[{}],\"dmarc\":[]}}",
        "{\"kind\":\"message\",\"origin\":{\"grade\":\"D\",\"border\":-5,\"hops\":[{}]}}",
    };
    const struct statement *s;
    struct why why = {0};
    size_t refused = 0, taken = 0;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        refused += record_statement(&arena, bytes_from_text(bad[i]), BYTES_NONE, &s,
                                    &why) == SK_BAD;
    }
    tap_ok(refused == sizeof bad / sizeof *bad, "what tells no origin is refused");
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        if (record_statement(&arena, bytes_from_text(odd[i]), BYTES_NONE, &s, &why) ==
            SK_OK) {
            taken += bytes_find(json_of(s), BYTES("not_a_person"), 0) != BYTES_NOWHERE;
        }
    }
    tap_ok(taken == sizeof odd / sizeof *odd,
           "members that are missing, or of another kind, are unknown");
}

static void
test_bounds(void)
{
    const struct statement *s;
    struct writer w;
    struct why why;

    for (size_t more = 0; more < 2; more++) {
        writer_init(&w, &arena);
        writer_text(&w, "{\"kind\":\"message\",\"origin\":{\"grade\":\"D\",\"border\":1000,"
                        "\"hops\":[{}");
        for (size_t i = 1; i < LIMIT_RECEIVED_HOPS + more; i++) {
            writer_text(&w, ",{}");
        }
        writer_text(&w, "]}}");
        tap_ok(record_statement(&arena, writer_view(&w), BYTES_NONE, &s, &why) == SK_OK &&
                   s->station_count == LIMIT_RECEIVED_HOPS + 1,
               "hops: %s", more == 0 ? "as many as there may be" : "one more is not read");
    }
}

int
main(void)
{
    arena_init(&arena, 1ul << 28);
    test_same(false, true, 0);
    test_same(true, true, PLACE_HOSTING);
    test_same(true, false, PLACE_TOR);
    test_same(false, false, PLACE_PROXY | PLACE_HOSTING);
    test_bad();
    test_bounds();
    arena_release(&arena);
    return tap_done();
}
