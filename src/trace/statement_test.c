#include "trace/statement.h"

#include <string.h>

#include "base/limits.h"
#include "base/tap.h"
#include "base/utf8.h"
#include "trace/origin_private.h"

static struct arena arena, scratch;

/* An origin that can be turned about in every way. */
struct scene {
    struct origin o;
    struct arrival arrival;
    struct hop hops[3];
    struct dkim_result dkim[2];
    struct claimed_client claimed[1];
    struct arc_set sets[1];
    struct list_answer listed[1];
    struct statement_of of;
};

static void
scene_begin(struct scene *s)
{
    *s = (struct scene){
        .arrival = {.id = BYTES("0KxAAAAAAAAAAAAAAAAA"),
                    .door = ARRIVAL_TRANSFER,
                    .time_ms = 1795338000123,
                    .helo = BYTES("pc.example"),
                    .mail_from = BYTES("a@example.com")},
    };
    s->o.hops = s->hops;
    s->o.dkim = s->dkim;
    s->o.claimed = s->claimed;
    s->o.arc.sets = s->sets;
    s->o.listed = s->listed;
    s->o.dmarc.from_domain = BYTES("example.com");
    s->o.dmarc.organizational_domain = BYTES("example.com");
    s->of = (struct statement_of){.origin = &s->o,
                                  .arrival = &s->arrival,
                                  .message_id = BYTES("mid@example.com"),
                                  .time_told = true};
}

static void
scene_source(struct scene *s, const char *ip, uint16_t port, const char *name)
{
    (void)net_address_read(bytes_from_text(ip), &s->arrival.client);
    s->arrival.client.port = port;
    s->o.source = s->arrival.client;
    s->o.client_name = bytes_from_text(name);
    s->o.iprev = name[0] != '\0' ? AUTH_PASS : AUTH_PERMERROR;
}

static const struct statement *
made(struct scene *s)
{
    s->o.grade = origin_grade_of(&s->o);
    return statement_make(&arena, &s->of);
}

/* The page in one line: what was wrapped is joined again (in Japanese without a space), so that sentences can be found. */
static const char *
text_in(struct arena *in, const struct statement *statement, bool japanese)
{
    struct writer w, flat;

    writer_init(&w, in);
    writer_init(&flat, in);
    statement_write_text(statement, &w, japanese, 540);
    for (size_t i = 0; i < w.size; i++) {
        if (w.at[i] != '\n') {
            writer_byte(&flat, w.at[i]);
            continue;
        }
        while (i + 1 < w.size && w.at[i + 1] == ' ') {
            i++;
        }
        if (!japanese) {
            writer_byte(&flat, ' ');
        }
    }
    return writer_c(&flat);
}

static const char *
text_of(const struct statement *statement, bool japanese)
{
    return text_in(&arena, statement, japanese);
}

static bool
has_line(const struct statement_list *list, enum statement_word word)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->lines[i].word == word) {
            return true;
        }
    }
    return false;
}

static bool
has_explanation(const struct statement *s, enum statement_word word)
{
    for (size_t i = 0; i < s->explanation_count; i++) {
        if (s->explanations[i].line.word == word) {
            return true;
        }
    }
    return false;
}

static const struct statement_question *
question(const struct statement *s, enum statement_addressee addressee)
{
    for (size_t i = 0; i < s->question_count; i++) {
        if (s->questions[i].addressee == addressee) {
            return &s->questions[i];
        }
    }
    return NULL;
}

static void
set_hop(struct hop *hop, const char *from, const char *ip, const char *by, const char *id)
{
    *hop = (struct hop){.from = bytes_from_text(from),
                        .helo = bytes_from_text(from),
                        .by = bytes_from_text(by),
                        .with = BYTES("ESMTP"),
                        .id = bytes_from_text(id),
                        .has_date = true,
                        .date = 1795337990};
    (void)net_address_read(bytes_from_text(ip), &hop->from_ip);
}

/* Grades */

static void
test_grades(void)
{
    struct scene s;

    scene_begin(&s);
    scene_source(&s, "11.22.33.44", 40001, "mail.example.com");
    s.o.spf = (struct spf_result){.result = AUTH_PASS, .domain = BYTES("example.com")};
    s.o.dmarc.result = AUTH_PASS;
    s.o.dmarc.spf_aligned = true;
    const struct statement *t = made(&s);
    tap_ok(t->grade == GRADE_A && t->reasons.count == 1 &&
               has_line(&t->reasons, STATEMENT_REASON_SPF) &&
               has_explanation(t, STATEMENT_E_SHARED_SPF),
           "A by SPF alone is told apart: the weaker proof, and what else fits");
    tap_ok(has_line(&t->proved, STATEMENT_P_AUTHOR_SPF) &&
               !has_line(&t->proved, STATEMENT_P_AUTHOR) &&
               has_line(&t->proved, STATEMENT_P_SEEN),
           "and does not say that From is genuine");
    s.arrival.door = ARRIVAL_FILE;
    t = made(&s);
    tap_ok(
        has_line(&t->proved, STATEMENT_P_TOLD) && !has_line(&t->proved, STATEMENT_P_SEEN) &&
            t->stations[0].vouch == VOUCH_TOLD && has_line(&t->unknown, STATEMENT_U_FILE) &&
            !has_line(&t->unknown, STATEMENT_U_TOP),
        "of a file nobody here saw the connection");
    s.arrival.door = ARRIVAL_TRANSFER;
    s.o.dkim_count = 1;
    s.dkim[0] = (struct dkim_result){
        .result = AUTH_PASS, .domain = BYTES("example.com"), .selector = BYTES("k1")};
    s.o.dmarc.dkim_aligned = true;
    t = made(&s);
    tap_ok(t->grade == GRADE_A && has_line(&t->reasons, STATEMENT_REASON_DKIM) &&
               has_line(&t->reasons, STATEMENT_REASON_BOTH) &&
               !has_line(&t->reasons, STATEMENT_REASON_SPF) &&
               !has_explanation(t, STATEMENT_E_SHARED_SPF) &&
               !has_explanation(t, STATEMENT_E_REPLAY),
           "A by DKIM");
    s.o.dmarc.result = AUTH_NONE;
    t = made(&s);
    tap_ok(t->grade == GRADE_B && has_line(&t->reasons, STATEMENT_REASON_AGREES) &&
               !has_line(&t->reasons, STATEMENT_REASON_OTHER) &&
               !has_explanation(t, STATEMENT_E_FROM) &&
               question(t, ADDRESSEE_SERVICE) != NULL &&
               question(t, ADDRESSEE_NAMED) == NULL,
           "B: in line with From, but the domain publishes no DMARC");
    s.o.dmarc.result = AUTH_FAIL;
    s.o.spf.domain = BYTES("list.example");
    s.dkim[0].domain = BYTES("list.example");
    t = made(&s);
    tap_ok(t->grade == GRADE_B && has_line(&t->reasons, STATEMENT_REASON_OTHER) &&
               has_explanation(t, STATEMENT_E_FORWARD) &&
               has_explanation(t, STATEMENT_E_FROM),
           "B: another domain; a list fits, and so does a forged From");
    s.o.dkim_count = 0;
    s.o.spf.result = AUTH_FAIL;
    t = made(&s);
    tap_ok(t->grade == GRADE_C && has_line(&t->reasons, STATEMENT_REASON_NAME), "C");
    scene_source(&s, "11.22.33.44", 40001, "");
    t = made(&s);
    tap_ok(t->grade == GRADE_D && has_line(&t->reasons, STATEMENT_REASON_NO_NAME), "D");
    s.o.place.kinds = PLACE_TOR;
    t = made(&s);
    tap_ok(t->grade == GRADE_E && t->reasons.lines[0].word == STATEMENT_REASON_HIDDEN &&
               has_explanation(t, STATEMENT_E_HIDDEN) &&
               question(t, ADDRESSEE_HIDDEN) != NULL &&
               question(t, ADDRESSEE_CARRIER) == NULL &&
               question(t, ADDRESSEE_DEVICES) == NULL &&
               !question(t, ADDRESSEE_HIDDEN)->has_dates,
           "E: the exit's operator is not asked for what he does not keep");
}

/* A household's line: what led to wrongful arrests */
static void
test_line(void)
{
    struct scene s;

    scene_begin(&s);
    scene_source(&s, "114.153.1.2", 51234, "p1234-ipngn.tokyo.ocn.ne.jp");
    s.o.dmarc.result = AUTH_FAIL;
    memcpy(s.o.place.country, "JP", 2);
    s.o.place.as_number = 4713;
    s.o.place.as_name = BYTES("OCN");
    const struct statement *t = made(&s);
    const struct statement_question *q = question(t, ADDRESSEE_CARRIER);
    const char *ja = text_of(t, true), *en = text_of(t, false);

    tap_ok(t->explanations[0].line.word == STATEMENT_E_REMOTE &&
               has_explanation(t, STATEMENT_E_SHARED_LINE) &&
               has_line(&t->unknown, STATEMENT_U_DEVICE) &&
               (t->explanations[0].questions & 1u << ADDRESSEE_DEVICES) != 0,
           "a household's line: a remote-controlled device comes first, and the devices "
           "decide");
    tap_ok(q != NULL && q->whom.word == STATEMENT_Q_CARRIER_AS && q->has_dates &&
               q->from_s == 1795338000 + 90 * 86400 &&
               q->until_s == 1795338000 + 180 * 86400 &&
               q->kept.word == STATEMENT_K_CARRIER,
           "the carrier is asked, until 3 to 6 months after the arrival");
    tap_ok(has_line(&q->name, STATEMENT_N_PORT) && has_line(&q->name, STATEMENT_N_TIME) &&
               has_line(&q->name, STATEMENT_N_ADDRESS) &&
               !has_line(&t->unknown, STATEMENT_U_SHARED),
           "with the source port, the time to the second and the address");
    tap_ok(strstr(ja, "2026-11-22T18:00:00+09:00") != NULL &&
               strstr(ja, "2026-11-22T09:00:00Z") != NULL &&
               strstr(ja, "遠隔操作") != NULL && strstr(ja, "AS4713") != NULL &&
               strstr(en, "remote control") != NULL,
           "in words, the time with its zone and in UTC");
    s.arrival.client.port = 0;
    t = made(&s);
    tap_ok(has_line(&t->unknown, STATEMENT_U_SHARED) &&
               has_line(&question(t, ADDRESSEE_CARRIER)->name, STATEMENT_N_PORT_ASK),
           "without a port that is said");
    memcpy(s.o.place.country, "DE", 2);
    t = made(&s);
    tap_ok(question(t, ADDRESSEE_CARRIER)->kept.word == STATEMENT_K_ABROAD,
           "abroad the months are only a measure");
    s.o.place.kinds = PLACE_PRIVATE;
    t = made(&s);
    tap_ok(question(t, ADDRESSEE_CARRIER) == NULL && question(t, ADDRESSEE_DEVICES) != NULL,
           "an address of our own network has no carrier to ask");
    s.o.place.kinds = PLACE_HOSTING;
    t = made(&s);
    tap_ok(question(t, ADDRESSEE_HOSTING) != NULL &&
               has_explanation(t, STATEMENT_E_RENTED) &&
               !has_explanation(t, STATEMENT_E_REMOTE),
           "a rented machine: the firm is asked");
}

static void
test_road(void)
{
    struct scene s;

    scene_begin(&s);
    scene_source(&s, "10.0.0.1", 25000, "");
    set_hop(&s.hops[0], "mx.foreign.example", "11.22.33.44", "relay.example.jp", "AAA");
    set_hop(&s.hops[1], "pc", "55.66.77.88", "mx.foreign.example", "BBB");
    set_hop(&s.hops[2], "x", "99.88.77.66", "pc", "CCC");
    s.hops[0].trusted = true;
    s.o.hop_count = 3;
    s.o.border = 1;
    s.o.source = s.hops[0].from_ip;
    s.o.client_name = BYTES("mx.foreign.example");
    s.o.iprev = AUTH_PASS;
    s.o.claimed_count = 1;
    s.claimed[0].field = BYTES("X-Originating-IP");
    net_address_read(BYTES("77.1.1.1"), &s.claimed[0].ip);
    const struct statement *t = made(&s);
    static const enum station_kind kinds[] = {STATION_FORM,    STATION_CLAIMED,
                                              STATION_CLAIMED, STATION_SOURCE,
                                              STATION_TRUSTED, STATION_US};
    static const enum statement_vouch vouches[] = {
        VOUCH_CLAIMED, VOUCH_FITS, VOUCH_CONFIRMED, VOUCH_TRUSTED, VOUCH_SEEN, VOUCH_SEEN};
    bool fits = t->station_count == 6;
    for (size_t i = 0; fits && i < 6; i++) {
        fits = t->stations[i].kind == kinds[i] && t->stations[i].vouch == vouches[i];
    }
    tap_ok(fits, "the road: client of a form, claimed hosts, source, relay, us, and who "
                 "vouches for each");
    tap_ok(bytes_is(t->stations[4].name, "relay.example.jp") &&
               bytes_is(t->stations[3].name, "mx.foreign.example") &&
               t->stations[3].name_verified && bytes_is(t->stations[3].id, "AAA") &&
               bytes_is(t->stations[3].written_by, "relay.example.jp"),
           "each station has the record of what it handed on");
    const struct statement_question *q = question(t, ADDRESSEE_SERVER);
    tap_ok(q != NULL && has_line(&q->name, STATEMENT_N_QUEUE_ID) &&
               q->kept.word == STATEMENT_K_SERVER &&
               q->until_s == 1795338000 + 28 * 86400 &&
               question(t, ADDRESSEE_OWN_SERVER) != NULL &&
               question(t, ADDRESSEE_FORM) != NULL &&
               question(t, ADDRESSEE_FORM_CARRIER) != NULL,
           "servers are asked by their queue ids, within weeks");
    s.o.border = 3;
    s.hops[2].from_ip = (struct net_address){0};
    t = made(&s);
    tap_ok(has_line(&t->proved, STATEMENT_P_INSIDE) &&
               has_explanation(t, STATEMENT_E_FORM) &&
               question(t, ADDRESSEE_CARRIER) == NULL,
           "a record of ours without an address: made within that host");
}

static void
test_bounds(void)
{
    static struct hop hops[LIMIT_RECEIVED_HOPS];
    static struct dkim_result dkim[LIMIT_STATEMENT_LINES + 5];
    struct scene s;

    scene_begin(&s);
    scene_source(&s, "11.22.33.44", 1, "");
    for (size_t i = 0; i < LIMIT_RECEIVED_HOPS; i++) {
        set_hop(&hops[i], "x", "55.66.77.88", "y", "ID");
    }
    s.o.hops = hops;
    s.o.hop_count = LIMIT_STATEMENT_STATIONS;
    const struct statement *t = made(&s);
    tap_ok(t->station_count == LIMIT_STATEMENT_STATIONS + 2 && t->stations_dropped == 0,
           "as many claimed stations as are drawn");
    s.o.hop_count = LIMIT_STATEMENT_STATIONS + 1;
    t = made(&s);
    tap_ok(t->station_count == LIMIT_STATEMENT_STATIONS + 2 && t->stations_dropped == 1 &&
               t->stations_dropped_at == 1,
           "one more: the second is left out, and counted (%zu, %zu)", t->station_count,
           t->stations_dropped);
    s.o.hop_count = LIMIT_RECEIVED_HOPS;
    for (size_t i = 0; i < sizeof dkim / sizeof *dkim; i++) {
        dkim[i] = (struct dkim_result){.result = AUTH_FAIL, .domain = BYTES("d.example")};
    }
    s.o.dkim = dkim;
    s.o.dkim_count = sizeof dkim / sizeof *dkim;
    t = made(&s);
    tap_ok(t->claimed.count == LIMIT_STATEMENT_LINES && t->claimed.dropped > 0 &&
               strstr(text_of(t, false), "more (they are in the record)") != NULL &&
               t->question_count <= LIMIT_STATEMENT_QUESTIONS,
           "more sentences than a list holds are counted");
    s.o.border = LIMIT_RECEIVED_HOPS;
    t = made(&s);
    tap_ok(t->question_count <= LIMIT_STATEMENT_QUESTIONS &&
               t->station_count == LIMIT_RECEIVED_HOPS + 2,
           "relays of ours are all drawn");
}

/* Hostile text */

static void
test_hostile(void)
{
    static const char evil[] = "x\"\u300d\u202e\u2066gnp\x1b[31m\n\x01\xff<script>";
    struct scene s;
    struct writer w;
    struct json j;

    scene_begin(&s);
    scene_source(&s, "11.22.33.44", 1, "");
    struct bytes e = bytes_of(evil, sizeof evil - 1);
    s.arrival.helo = s.arrival.mail_from = s.arrival.user = s.of.message_id = e;
    s.o.dmarc.from_domain = s.o.spf.domain = s.o.vouched_by = s.o.client_name = e;
    s.o.spf.result = AUTH_PASS;
    s.o.place.as_number = 1;
    s.o.place.as_name = e;
    set_hop(&s.hops[0], evil, "55.66.77.88", evil, evil);
    s.hops[0].with = s.hops[0].tls = s.hops[0].auth = s.hops[0].rdns = e;
    s.o.hop_count = 1;
    s.dkim[0] = (struct dkim_result){.result = AUTH_PASS, .domain = e, .selector = e};
    s.o.dkim_count = 1;
    s.claimed[0].field = e;
    net_address_read(BYTES("77.1.1.1"), &s.claimed[0].ip);
    s.o.claimed_count = 1;
    s.listed[0] = (struct list_answer){.list = e, .asked = e, .answer = e};
    s.o.listed_count = 1;
    const struct statement *t = made(&s);
    bool clean = true;
    for (int japanese = 0; japanese < 2; japanese++) {
        const char *text = text_of(t, japanese != 0);
        clean = clean && strstr(text, "\u202e") == NULL && strchr(text, 0x1b) == NULL &&
                strstr(text, "x\"") == NULL && strstr(text, "x\u300d") == NULL &&
                strstr(text, "\x01") == NULL && strstr(text, "gnp\\x1b") != NULL;
    }
    if (!clean) {
        printf("# %s\n", text_of(t, false));
    }
    tap_ok(clean, "controls, marks of direction and our quotation marks become \\xHH");
    writer_init(&w, &arena);
    json_init(&j, &w);
    statement_write_json(t, &j);
    const char *json = writer_c(&w);
    tap_ok(strstr(json, "\u202e") == NULL && strstr(json, "<script") == NULL &&
               strstr(json, "\\u202e") == NULL && strstr(json, "\\u003cscript") != NULL,
           "in JSON too, and no markup stands there");
}

/* Every combination of facts */

/* What would say that somebody sent it. Words about the unknown ("who operated") are none of these. */
static const char *const accusing[] = {
    "犯人",       "本人",     "が送った",  "が送信した",  "が出した",   "の仕業",
    "容疑者",     "送信者は", "差出人は",  "書いた人",    "sent by",    "was sent by",
    "the sender", "culprit",  "suspect",   "perpetrator", "guilty",     "the author sent",
    "he sent",    "she sent", "they sent", "who sent",    "the person", "criminal did",
};

static const char *
accusation(const char *text)
{
    for (size_t i = 0; i < sizeof accusing / sizeof *accusing; i++) {
        if (strstr(text, accusing[i]) != NULL) {
            return accusing[i];
        }
    }
    return NULL;
}

/* The digits of `number` in bases of the counts below choose the facts. */
static unsigned
choose(unsigned *number, unsigned count)
{
    unsigned digit = *number % count;

    *number /= count;
    return digit;
}

#define COMBINATIONS (4u * 3 * 3 * 2 * 7 * 4 * 2 * 2 * 3)

static void
scene_of(struct scene *s, unsigned n)
{
    static const unsigned kinds[] = {0,
                                     PLACE_TOR,
                                     PLACE_PROXY,
                                     PLACE_HOSTING,
                                     PLACE_PRIVATE,
                                     PLACE_TOR | PLACE_HOSTING,
                                     PLACE_PROXY | PLACE_PRIVATE};
    static const char *const names[] = {"", "p1-ipngn.tokyo.ocn.ne.jp", "mail.example.com",
                                        "sp1-2-3-4.msb.spmode.ne.jp"};
    static const enum auth_result dkims[] = {AUTH_NONE, AUTH_PASS, AUTH_FAIL};

    scene_begin(s);
    unsigned dmarc = choose(&n, 4), dkim = choose(&n, 3), spf = choose(&n, 3),
             own = choose(&n, 2);
    s->o.dmarc.result = dmarc == 0 ? AUTH_FAIL : dmarc == 3 ? AUTH_TEMPERROR : AUTH_PASS;
    s->o.dmarc.dkim_aligned = dmarc == 1;
    s->o.dmarc.spf_aligned = dmarc == 2;
    s->dkim[0] = (struct dkim_result){.result = dkims[dkim],
                                      .domain = own != 0 ? BYTES("example.com")
                                                         : BYTES("list.example"),
                                      .selector = BYTES("k"),
                                      .has_body_length = own != 0};
    s->o.dkim_count = dkim == 0 ? 0 : 1;
    s->o.spf = (struct spf_result){.result = spf == 0   ? AUTH_PASS
                                             : spf == 1 ? AUTH_TEMPERROR
                                                        : AUTH_FAIL,
                                   .domain = BYTES("example.com"),
                                   .helo_identity = own != 0};
    unsigned kind = choose(&n, 7), name = choose(&n, 4);
    scene_source(s, own != 0 ? "11.22.33.44" : "2400:4050::1", (uint16_t)(own * 40000),
                 names[name]);
    s->o.place.kinds = kinds[kind];
    s->o.place.as_number = kind % 2 != 0 ? 64500 : 0;
    s->o.place.as_name = BYTES("Example Net");
    if (choose(&n, 2) != 0) {
        s->claimed[0].field = BYTES("X-Originating-IP");
        net_address_read(BYTES("77.1.1.1"), &s->claimed[0].ip);
        s->claimed[0].place.kinds = kinds[kind];
        s->o.claimed_count = 1;
        s->arrival.user = BYTES("hanako");
        s->listed[0] = (struct list_answer){.list = BYTES("zen"),
                                            .asked = BYTES("11.22.33.44"),
                                            .answer = BYTES("127.0.0.2")};
        s->o.listed_count = 1;
        s->o.vouched_by = BYTES("vouch.example");
    }
    if (choose(&n, 2) != 0) {
        s->o.arc.result = dkim == 1 ? AUTH_PASS : AUTH_FAIL;
        s->o.arc.set_count = 1;
        s->sets[0].seal.domain = BYTES("list.example");
        s->o.arc.speaker = own != 0 ? BYTES("list.example") : BYTES_NONE;
    }
    unsigned road = choose(&n, 3);
    set_hop(&s->hops[0], "a.example", "11.22.33.44", "relay.example.jp", "A");
    set_hop(&s->hops[1], "b.example", own != 0 ? "55.66.77.88" : "", "a.example", "B");
    s->hops[1].with = BYTES("HTTP");
    s->o.hop_count = road == 0 ? 0 : 2;
    s->o.border = road;
    s->hops[0].trusted = road > 0;
    s->hops[0].auth = own != 0 ? BYTES("taro") : BYTES_NONE;
    if (road == 2) {
        s->arrival.client = (struct net_address){0};
        s->arrival.door = ARRIVAL_FILE;
        s->of.time_told = own != 0;
        s->o.source = own != 0 ? s->hops[1].from_ip : (struct net_address){0};
    }
}

static void
test_combinations(void)
{
    static const char *const never[] = {"アドレスは人ではありません",
                                        "An address is not a person"};
    const char *found = NULL;
    /* The JSON has every sentence in both languages; the pages are made from the same, every seventeenth is read. */
    size_t without = 0, unexplained = 0, invalid = 0;
    static bool said[STATEMENT_WORDS];

    for (unsigned n = 0; n < COMBINATIONS; n++) {
        struct scene s;
        struct writer w;
        struct json j;
        scene_of(&s, n);
        s.o.grade = origin_grade_of(&s.o);
        const struct statement *t = statement_make(&scratch, &s.of);
        for (int japanese = 0; japanese < 2 && n % 17 == 0; japanese++) {
            const char *text = text_in(&scratch, t, japanese != 0);
            found = found != NULL ? found : accusation(text);
            without += strstr(text, never[1 - japanese]) == NULL;
        }
        writer_init(&w, &scratch);
        json_init(&j, &w);
        statement_write_json(t, &j);
        const char *json = writer_c(&w);
        found = found != NULL ? found : accusation(json);
        without += strstr(json, never[0]) == NULL || strstr(json, never[1]) == NULL;
        invalid += j.depth != 0;
        unexplained += t->explanation_count == 0 || t->unknown.count == 0 ||
                       t->unknown.lines[0].word != STATEMENT_U_OPERATOR;
        for (size_t i = 0; i < t->explanation_count; i++) {
            said[t->explanations[i].line.word] = true;
        }
        arena_release(&scratch);
    }
    tap_ok(found == NULL, "%u combinations of facts: no sentence says who sent it (%s)",
           COMBINATIONS, found != NULL ? found : "none");
    tap_ok(without == 0, "each says that an address is not a person, in both languages");
    tap_ok(invalid == 0, "the JSON is closed");
    tap_ok(unexplained == 0,
           "each has another explanation, and says first that the operator is unknown "
           "(%zu not)",
           unexplained);
    bool all = true;
    for (int word = STATEMENT_E_REMOTE; word <= STATEMENT_E_SHARED_SPF; word++) {
        if (!said[word]) {
            tap_ok(false, "never said: %s", statement_word_name((enum statement_word)word));
            all = false;
        }
    }
    tap_ok(all, "every explanation of the table is said for some combination");
}

/* A row for itself: places that are filled, names that are not used twice. */
static void
test_table(void)
{
    bool accused = false, twice = false;
    struct statement_line line = {.arguments = {BYTES("1"), BYTES("2"), BYTES("3")}};

    for (int i = 0; i < STATEMENT_WORDS; i++) {
        struct writer w;
        line.word = (enum statement_word)i;
        for (int japanese = 0; japanese < 2; japanese++) {
            writer_init(&w, &arena);
            statement_write_line(&w, &line, japanese != 0, 540);
            const char *text = writer_c(&w);
            accused |= accusation(text) != NULL || strchr(text, '{') != NULL;
        }
        for (int k = 0; k < i; k++) {
            twice |= strcmp(statement_word_name((enum statement_word)i),
                            statement_word_name((enum statement_word)k)) == 0;
        }
    }
    tap_ok(!accused, "no row of the table says who sent it, and all places are filled");
    tap_ok(!twice, "no name is used twice");
    tap_ok(accusation("犯人は山田") != NULL && accusation("it was sent by Taro") != NULL,
           "such a sentence would be noticed");
}

int
main(void)
{
    arena_init(&arena, 1ul << 28);
    arena_init(&scratch, 1ul << 26);
    test_grades();
    test_line();
    test_road();
    test_bounds();
    test_hostile();
    test_table();
    test_combinations();
    arena_release(&arena);
    return tap_done();
}
