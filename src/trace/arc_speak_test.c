#include "trace/arc_test_private.h"

/* --- trusted sealers --- */

static const struct bytes list_only[] = {BYTES("LIST.example")};
static const struct bytes both[] = {BYTES("other.example"), BYTES("list.example")};
static struct origin origin;

/* d= of the sealer who speaks for a message that arrived so, with DMARC fail; "" for nobody. */
static struct bytes
speaker(struct bytes raw, const struct bytes *trusted, size_t count)
{
    const struct trace_settings settings = {.arc_trusted = trusted,
                                            .arc_trusted_count = count};

    origin = (struct origin){.dmarc = {.result = AUTH_FAIL,
                                       .policy = DMARC_POLICY_REJECT,
                                       .from_domain = BYTES("author.example"),
                                       .organizational_domain = BYTES("author.example")}};
    (void)check(raw);
    origin.arc = arc;
    arc_speak(&arena, &settings, letter_read_header(&arena, raw), 1, &origin);
    if ((origin.arc.speaker.size > 0) != origin_has_note(&origin, "arc_speaks") ||
        (origin.arc.speaker.size > 0) != (origin.dmarc.override.size > 0) ||
        origin.dmarc.result != AUTH_FAIL) {
        tap_ok(false, "speaker, note, override and a result that stays belong together");
    }
    return origin.arc.speaker;
}

static bool
list_speaks(const char *results)
{
    struct arc_order order = order_of(AUTH_NONE);

    order.results = bytes_from_text(results);
    return bytes_is(speaker(seal_by(BYTES(LETTER), &order), list_only, 1), "list.example");
}

static void
testimonies(void)
{
    static const struct {
        const char *results;
        bool speaks;
    } cases[] = {
        {RESULTS, true},
        {"dmarc=pass action=none header.from=author.example;dkim=none", true},
        {"dmarc=pass (p=NONE sp=NONE) header.from=AUTHOR.example", true},
        {"dkim=pass nonsense without end; dmarc=pass header.from=author.example", true},
        {"dmarc=pass header.from=other.example", false},
        {"dmarc=pass header.from=sub.author.example", false},
        {"dmarc=pass", true},
        {"dmarc=pass header.from=\"\"", true},
        {"dmarc=pass; dmarc=pass header.from=other.example", false},
        {"dmarc=fail header.from=author.example; spf=pass smtp.mailfrom=a@author.example",
         false},
        {"dmarc=pass header.from=author.example; dmarc=fail header.from=author.example",
         false},
        {"x=\"; dmarc=pass header.from=author.example\"", false},
        {"spf=fail (dmarc=pass header.from=author.example)", false},
        {"spf=pass smtp.mailfrom=a@author.example", true},
        {"spf=pass smtp.mailfrom=bounce.author.example", true},
        {"spf=pass smtp.mailfrom=\"a; x\"@author.example", true},
        {"spf=pass smtp.mailfrom=a@notauthor.example", false},
        {"spf=pass smtp.helo=author.example", false},
        {"spf=softfail smtp.mailfrom=a@author.example", false},
        {"dkim=pass header.d=author.example", true},
        {"dkim=pass header.i=@mail.author.example", true},
        {"dkim=pass header.d=evil.example header.i=@author.example", false},
        {"dkim=fail header.d=author.example; dkim=pass header.d=author.example", true},
        {"arc=pass", false},
        {"none", false},
        {"", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tap_ok(list_speaks(cases[i].results) == cases[i].speaks, "%s: %s", cases[i].results,
               cases[i].speaks ? "speaks" : "does not");
    }
}

static void
speaking(void)
{
    struct bytes one = seal(BYTES(LETTER), AUTH_NONE), two, other;
    struct arc_order order = order_of(AUTH_PASS);
    static const struct bytes without_from[] = {BYTES("to")};

    tap_ok(bytes_is(speaker(one, list_only, 1), "list.example") &&
               bytes_is(origin.dmarc.override, "trusted_forwarder") &&
               bytes_is(origin.dmarc.override_comment,
                        "arc=pass as[1].d=list.example as[1].s=s") &&
               bytes_find(origin.dmarc.reason, BYTES("list.example"), 0) != BYTES_NOWHERE,
           "a trusted sealer speaks");
    tap_ok(speaker(one, both, 1).size == 0, "another's word does not count");
    tap_ok(speaker(one, NULL, 0).size == 0, "nobody is trusted unless he is named");
    tap_ok(speaker(change(one, "hello", "other"), list_only, 1).size == 0,
           "a chain that fails says nothing");
    two = seal(one, AUTH_PASS);
    size_t results = bytes_find(two, BYTES("ARC-Authentication-Results"), 0);
    size_t behind = bytes_find(two, BYTES("ARC-Seal"), results);
    tap_ok(
        speaker(join(bytes_slice(two, 0, results), bytes_from(two, behind)), list_only, 1)
                .size == 0,
        "nor does one that lacks a field (OpenARC died of it)");
    tap_ok(speaker(join(BYTES("X: y\r\n"), one), list_only, 1).size > 0,
           "what is not signed may be added");
    order.domain = BYTES("other.example");
    order.results = BYTES("arc=pass smtp.remote-ip=192.0.2.1; dmarc=fail "
                          "header.from=author.example");
    two = seal_by(change(one, "hello", "[l] hello"), &order);
    tap_ok(bytes_is(speaker(two, both, 2), "list.example") &&
               bytes_is(origin.dmarc.override_comment,
                        "arc=pass as[2].d=other.example as[2].s=s as[1].d=list.example "
                        "as[1].s=s"),
           "the older one, if the newer is trusted too");
    tap_ok(speaker(two, list_only, 1).size == 0, "not through a stranger's hands");
    order = order_of(AUTH_PASS);
    order.results = BYTES("dmarc=fail header.from=author.example");
    struct arc_order first = order_of(AUTH_NONE);
    first.domain = BYTES("other.example");
    tap_ok(speaker(seal_by(seal_by(BYTES(LETTER), &first), &order), list_only, 1).size == 0,
           "a stranger at the beginning does not speak");
    order = order_of(AUTH_NONE);
    order.names = without_from;
    order.name_count = 1;
    other = seal_by(BYTES(LETTER), &order);
    tap_ok(check(other) == AUTH_PASS && speaker(other, list_only, 1).size == 0,
           "From must be signed by the newest");
    order.results = BYTES("dmarc=pass");
    other = seal(seal_by(BYTES(LETTER), &order), AUTH_PASS);
    tap_ok(bytes_is(speaker(other, list_only, 1), "list.example") && arc.set_count == 2,
           "the newest says it himself");
    order = order_of(AUTH_PASS);
    order.results = BYTES("arc=pass");
    struct arc_order blind = order_of(AUTH_NONE);
    blind.results = BYTES("dmarc=pass");
    blind.names = without_from;
    blind.name_count = 1;
    tap_ok(speaker(seal_by(seal_by(BYTES(LETTER), &blind), &order), list_only, 1).size == 0,
           "dmarc=pass without header.from, by one who did not sign From, is of any From");
    other = join(BYTES("From: b@author.example\r\n"), one);
    tap_ok(check(other) == AUTH_PASS && speaker(other, list_only, 1).size == 0,
           "a second From put on top ends it");
    hand_key = rsa;
    other = seal_by_hand(AMS "h=from; l=15; b=", AS "b=", "from");
    tap_ok(check(other) == AUTH_PASS && speaker(other, list_only, 1).size == 0,
           "the whole body must be signed");
    hand_results = "i=1; mx.list.example; spf=pass smtp.remote-ip=2001:DB8::1A "
                   "smtp.mailfrom=a@author.example";
    other = seal_by_hand(AMS "h=from; b=", AS "b=", "from");
    tap_ok(
        speaker(other, list_only, 1).size > 0 &&
            bytes_is(origin.dmarc.override_comment,
                     "arc=pass as[1].d=list.example as[1].s=s remote-ip[1]=2001:db8::1a"),
        "the comment for the report, as in RFC 8617 7.2.2");
}

static const char zone_text[] =
    "{\"author.example\": {\"TXT\": [\"v=spf1 ip4:192.0.2.1 -all\"]},"
    " \"_dmarc.author.example\": {\"TXT\": [\"v=DMARC1; p=reject; adkim=s\"]},"
    " \"s._domainkey.list.example\": {\"TXT\": [\"%.*s\"]}}";

/* All checks of one message that came from the list's server. */
static const struct origin *
walk(struct bytes raw, const struct trace_settings *settings, size_t *rounds_r)
{
    struct arrival *arrival = ARENA_NEW(&arena, struct arrival);
    struct bytes record = record_of(rsa);
    struct dns_zone *zone;
    struct writer w;
    struct why why;

    writer_init(&w, &arena);
    writer_format(&w, zone_text, BYTES_ARGUMENTS(record));
    SK_ASSERT(dns_zone_read(&arena, writer_view(&w), &zone, &why) == SK_OK);
    (void)net_address_read(BYTES("192.0.2.20"), &arrival->client);
    arrival->helo = BYTES("mx.list.example");
    arrival->mail_from = BYTES("l-bounces@list.example");
    arrival->raw = raw;
    dns_memo_init(&memo, &arena);
    struct trace *trace = trace_new(&arena, settings, NULL, arrival,
                                    letter_read_header(&arena, raw), &memo, NOW);
    for (*rounds_r = 0; trace_step(trace) == SK_MORE; ++*rounds_r) {
        if (*rounds_r == 0) {
            size_t asked = memo.answer_count;
            (void)dns_memo_ask(&memo, BYTES("s._domainkey.list.example"), DNS_TXT);
            tap_ok(memo.answer_count == asked, "the keys are asked in the first round");
        }
        dns_zone_answer(zone, &memo);
    }
    return trace_origin(trace);
}

static void
whole_walk(void)
{
    struct trace_settings settings = {
        .authserv_id = BYTES("mx.test"), .arc_trusted = list_only, .arc_trusted_count = 1};
    struct bytes one = seal(BYTES(LETTER), AUTH_NONE);
    struct writer w;
    struct json j;
    size_t rounds;

    const struct origin *o = walk(one, &settings, &rounds);
    tap_ok(o->dmarc.result == AUTH_FAIL && o->arc.result == AUTH_PASS &&
               bytes_is(o->arc.speaker, "list.example") && rounds <= 2,
           "list mail in a whole walk of %zu rounds", rounds);
    tap_ok(bytes_find(o->authentication_results,
                      BYTES("arc=pass smtp.remote-ip=192.0.2.20 header.oldest-pass=0"),
                      0) != BYTES_NOWHERE,
           "in Authentication-Results");
    writer_init(&w, &arena);
    json_init(&j, &w);
    origin_write_json(o, &j);
    tap_ok(bytes_find(writer_view(&w), BYTES("\"speaker\":\"list.example\""), 0) !=
                   BYTES_NOWHERE &&
               bytes_find(writer_view(&w),
                          BYTES("\"override\":\"trusted_forwarder\",\"override_comment\":"
                                "\"arc=pass as[1].d=list.example as[1].s=s\""),
                          0) != BYTES_NOWHERE,
           "and in the record");
    struct arc_order order = order_of(AUTH_NONE);
    order.results = BYTES("dkim=pass header.d=sub.author.example");
    o = walk(seal_by(BYTES(LETTER), &order), &settings, &rounds);
    tap_ok(o->arc.result == AUTH_PASS && o->arc.speaker.size == 0,
           "a domain that asks for strict alignment gets it from sealers too");
    use_keys();
}

/* Only a fail of DMARC needs a speaker, and one From domain. */
static void
not_needed(void)
{
    struct bytes one = seal(BYTES(LETTER), AUTH_NONE);
    const struct letter *letter = letter_read_header(&arena, one);
    const struct trace_settings settings = {.arc_trusted = list_only,
                                            .arc_trusted_count = 1};
    static const enum auth_result words[] = {AUTH_NONE, AUTH_PASS, AUTH_TEMPERROR,
                                             AUTH_PERMERROR};

    (void)check(one);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        origin = (struct origin){
            .arc = arc,
            .dmarc = {.result = words[i], .from_domain = BYTES("author.example")}};
        arc_speak(&arena, &settings, letter, 1, &origin);
        tap_ok(origin.arc.speaker.size == 0, "dmarc=%s needs nobody",
               auth_result_name(words[i]));
    }
    origin = (struct origin){
        .arc = arc, .dmarc = {.result = AUTH_FAIL, .from_domain = BYTES("author.example")}};
    arc_speak(&arena, &settings, letter, 2, &origin);
    tap_ok(origin.arc.speaker.size == 0, "nobody speaks for two From domains");
    origin = (struct origin){.arc = arc,
                             .dmarc = {.result = AUTH_FAIL,
                                       .policy = DMARC_POLICY_QUARANTINE,
                                       .from_domain = BYTES("author.example"),
                                       .organizational_domain = BYTES("author.example")}};
    arc_speak(&arena, &settings, letter, 1, &origin);
    tap_ok(bytes_is(origin.arc.speaker, "list.example") &&
               bytes_starts(origin.dmarc.override_comment, BYTES("arc=pass as[1].d=")),
           "OpenDMARC: p=quarantine is rescued too, and arc=pass stands in the comment for "
           "the report");
}

int
main(void)
{
    begin();
    testimonies();
    speaking();
    not_needed();
    whole_walk();
    return end();
}
