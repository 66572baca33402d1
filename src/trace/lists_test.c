#include "trace/lists.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/tap.h"
#include "base/writer.h"
#include "dns/resolver.h"
#include "trace/settings.h"

static struct arena arena;
static size_t rounds, asked_first;
static struct dns_memo *last_memo;

static const char good_points[] = "\"2.0.0.127.bad.test\": {\"A\": [\"127.0.0.2\"]},"
                                  "\"2.0.0.127.good.test\": {\"A\": [\"127.0.0.2\"]},"
                                  "\"test.names.test\": {\"A\": [\"127.0.0.2\"]},";

static struct dns_lists *
lists_of(const char *text)
{
    const struct config *config;
    struct dns_lists *lists = NULL;
    struct why why = {0};
    enum sk_code code =
        config_read(&arena, trace_config_keys, bytes_from_text(text), &config, &why);

    if (code == SK_OK) {
        code = lists_settings_new(&arena, config, &lists, &why);
    }
    if (code != SK_OK) {
        tap_ok(false, "sections are read: %s", why.sentence);
    }
    return lists;
}

static struct dns_zone *
zone_of(const char *points, const char *text)
{
    struct dns_zone *zone = NULL;
    struct writer w;
    struct why why;

    writer_init(&w, &arena);
    writer_format(&w, "{%s%s\"\": {}}", points, text);
    if (dns_zone_read(&arena, bytes_copy(&arena, writer_view(&w)), &zone, &why) != SK_OK) {
        tap_ok(false, "zone: %s", why.sentence);
    }
    return zone;
}

/* One message from ip with the names in From and so on, until everything is answered. */
static struct origin
ask_memo(struct dns_lists *lists, const struct dns_zone *zone, const char *ip,
         const char *const *names, int64_t now_s, struct dns_memo *memo)
{
    struct net_address address = {0};
    struct origin origin = {0};
    struct lists_work *work = NULL;
    struct lists_query query = {.ip = &address, .now_s = now_s};

    (void)net_address_read(bytes_from_text(ip), &address);
    for (; names != NULL && *names != NULL; names++) {
        lists_query_add(&arena, &query, bytes_from_text(*names));
    }
    rounds = 0;
    while (lists_check(&arena, memo, lists, &query, &work, &origin) == SK_MORE) {
        asked_first = rounds++ == 0 ? memo->answer_count : asked_first;
        dns_zone_answer(zone, memo);
        query.complete = true;
        if (rounds > 10) {
            tap_ok(false, "it comes to an end");
            break;
        }
    }
    last_memo = memo;
    return origin;
}

static struct origin
ask(struct dns_lists *lists, const struct dns_zone *zone, const char *ip,
    const char *const *names, int64_t now_s)
{
    struct dns_memo *memo = ARENA_NEW(&arena, struct dns_memo);

    dns_memo_init(memo, &arena);
    return ask_memo(lists, zone, ip, names, now_s, memo);
}

static const struct list_answer *
entry(const struct origin *o, const char *asked)
{
    for (size_t i = 0; i < o->listed_count; i++) {
        if (bytes_is(o->listed[i].asked, asked)) {
            return &o->listed[i];
        }
    }
    return NULL;
}

static bool
is_listed(const struct origin *o, const char *asked, const char *answer)
{
    const struct list_answer *e = entry(o, asked);

    return e != NULL && !e->failed && bytes_is(e->answer, answer);
}

static double
weight_of(const struct origin *o, const char *name)
{
    for (size_t i = 0; i < o->note_count; i++) {
        if (strcmp(o->notes[i].name, name) == 0) {
            return o->notes[i].weight;
        }
    }
    return 0;
}

static bool
near(double a, double b)
{
    return a - b < 0.001 && b - a < 0.001;
}

static const char one_list[] =
    "[dnslist bad]\nzone = Bad.test.\nweight = 1.5\ntext = yes\n";

#define LABEL_60      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
#define NAME_TOO_LONG ("zone = " LABEL_60 LABEL_60 LABEL_60 "test\n")

static void
test_addresses(void)
{
    struct dns_zone *zone = zone_of(
        good_points,
        "\"7.100.51.198.bad.test\": {\"A\": [\"127.0.0.4\"], \"TXT\": [\"see \\u0001 "
        "https://bad.test/\"]},"
        "\"8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bad.test\": "
        "{\"A\": [\"127.0.0.2\"]},"
        "\"9.9.9.9.bad.test\": {\"A\": []},");
    struct dns_lists *lists = lists_of(one_list);
    struct origin o = ask(lists, zone, "198.51.100.7", NULL, 1000);

    tap_ok(is_listed(&o, "198.51.100.7", "127.0.0.4") && o.listed_count == 1,
           "an address is asked for in reversed octets");
    tap_ok(bytes_is(o.listed[0].text, "see \\x01 https://bad.test/"),
           "the list's words, cleaned: %.*s", BYTES_ARGUMENTS(o.listed[0].text));
    tap_ok(origin_has_note(&o, "listed_bad") && near(weight_of(&o, "listed_bad"), 1.5) &&
               bytes_is(o.notes[0].detail, "bad: 198.51.100.7 127.0.0.4"),
           "a note with the weight of the section");
    tap_ok(asked_first == 3 && rounds == 2,
           "test points go out in the same round, words after");
    o = ask(lists, zone, "2001:db8::8", NULL, 1001);
    tap_ok(is_listed(&o, "2001:db8::8", "127.0.0.2"), "IPv6 is asked for in nibbles");
    tap_ok(asked_first == 1, "test points are not asked again within ten minutes");
    o = ask(lists, zone, "198.51.100.8", NULL, 1002);
    tap_ok(o.listed_count == 1 && !o.listed[0].failed && o.listed[0].answer.size == 0 &&
               o.note_count == 0 && last_memo->answer_count == 1,
           "not listed: no note, and no words are asked for");
    o = ask(lists, zone, "9.9.9.9", NULL, 1003);
    tap_ok(o.note_count == 0 && !o.listed[0].failed,
           "an answer without records lists nothing");
    o = ask(lists, zone, "10.0.0.1", NULL, 1004);
    tap_ok(o.listed_count == 0 && last_memo->answer_count == 0,
           "a local address is not asked for");
    o = ask(lists, zone, "127.0.0.2", NULL, 1005);
    tap_ok(o.listed_count == 0, "nor is loopback, which every list has");
    o = ask(lists, zone, "", NULL, 1006);
    tap_ok(o.listed_count == 0, "nor no address");
    (void)ask(lists, zone, "198.51.100.8", NULL, 1601);
    tap_ok(last_memo->answer_count == 3,
           "after ten minutes the test points are asked again");
    tap_ok(lists_check(&arena, last_memo, NULL, &(struct lists_query){.complete = true},
                       &(struct lists_work *){NULL}, &o) == SK_OK,
           "no list is no work");
}

static void
test_domains(void)
{
    static const char *const names[] = {"mail.Spam.example.", "spam.example", "[192.0.2.1]",
                                        "192.0.2.1",          "localhost",    "",
                                        "fine.co.jp",         "日本.jp",      NULL};
    struct dns_zone *zone =
        zone_of(good_points, "\"spam.example.names.test\": {\"A\": [\"127.0.1.2\"]},");
    struct dns_lists *lists =
        lists_of("[dnslist names]\nzone = names.test\nkind = domain\n");
    struct origin o = ask(lists, zone, "198.51.100.7", names, 1000);

    tap_ok(o.listed_count == 4, "each name once, and no address (%zu)", o.listed_count);
    tap_ok(entry(&o, "mail.spam.example") != NULL && entry(&o, "fine.co.jp") != NULL &&
               entry(&o, "xn--wgv71a.jp") != NULL,
           "as it stands, in A-labels");
    tap_ok(is_listed(&o, "spam.example", "127.0.1.2") &&
               near(weight_of(&o, "listed_bad"), 1),
           "the organisational domain");
    const char *many[40];
    for (size_t i = 0; i < 39; i++) {
        struct writer w;
        writer_init(&w, &arena);
        writer_format(&w, "n%zu.example", i);
        many[i] = bytes_text(&arena, writer_view(&w));
    }
    many[39] = NULL;
    o = ask(lists, zone, "198.51.100.7", many, 1001);
    tap_ok(o.listed_count == LIMIT_LIST_DOMAINS, "no more than LIMIT_LIST_DOMAINS");
}

static void
test_answers(void)
{
    static const struct {
        const char *answers; /* of the section */
        const char *records;
        const char *listed; /* NULL: not */
        bool failed;
    } cases[] = {
        {"", "[\"127.0.0.2\"]", "127.0.0.2", false},
        {"", "[\"127.9.9.9\"]", "127.9.9.9", false},
        {"", "[\"127.0.0.1\"]", NULL, true},
        {"127.0.0.1", "[\"127.0.0.1\"]", "127.0.0.1", false},
        {"", "[\"127.255.255.254\"]", NULL, true},
        {"", "[\"127.255.255.0\"]", NULL, true},
        {"", "[\"127.255.254.255\"]", "127.255.254.255", false},
        {"", "[\"192.0.2.80\"]", NULL, true},
        {"", "[\"127.0.0.4\", \"192.0.2.80\"]", NULL, true},
        {"127.0.0.2, 127.0.0.3", "[\"127.0.0.4\"]", NULL, false},
        {"127.0.0.2, 127.0.0.3", "[\"127.0.0.4\", \"127.0.0.3\"]", "127.0.0.3", false},
        {"127.0.0.0/24", "[\"127.0.1.4\"]", NULL, false},
        {"127.0.0.0/24", "[\"127.0.0.255\"]", "127.0.0.255", false},
        {"&12", "[\"127.0.0.3\"]", NULL, false},
        {"&12", "[\"127.0.0.6\"]", "127.0.0.6", false},
        {"127.0.0.0/8", "[\"127.0.0.1\"]", NULL, true},
        {"", "\"SERVFAIL\"", NULL, true},
        {"", "\"TIMEOUT\"", NULL, true},
        {"", "\"NODATA\"", NULL, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct writer w, z;
        writer_init(&w, &arena);
        writer_format(&w, "[dnslist bad]\nzone = bad.test\ntest = no\nanswers = %s\n",
                      cases[i].answers);
        writer_init(&z, &arena);
        writer_format(&z, "\"7.100.51.198.bad.test\": {\"A\": %s},", cases[i].records);
        struct origin o = ask(lists_of(writer_c(&w)), zone_of("", writer_c(&z)),
                              "198.51.100.7", NULL, 1000);
        bool listed = o.note_count > 0;
        tap_ok(o.listed_count == 1 && o.listed[0].failed == cases[i].failed &&
                   listed == (cases[i].listed != NULL) &&
                   (!listed || bytes_is(o.listed[0].answer, cases[i].listed)),
               "answers = %s: %s", cases[i].answers, cases[i].records);
    }
}

static void
test_sum(void)
{
    static const char *const names[] = {"a.example", "b.example", NULL};
    struct dns_lists *lists =
        lists_of("[dnslist one]\nzone = one.test\nweight = 3\ntest = no\n"
                 "[dnslist two]\nzone = two.test\nweight = 2.25\ntest = no\n"
                 "[dnslist names]\nzone = names.test\nkind = domain\nweight = 0.5\n"
                 "[dnslist good]\nzone = good.test\ngood = yes\nweight = 0.75\n"
                 "[dnslist label]\nzone = label.test\nweight = 0\ntest = no\n");
    struct dns_zone *zone =
        zone_of(good_points, "\"7.100.51.198.one.test\": {\"A\": [\"127.0.0.2\"]},"
                             "\"8.100.51.198.one.test\": {\"A\": [\"127.0.0.2\"]},"
                             "\"7.100.51.198.two.test\": {\"A\": [\"127.0.0.2\"]},"
                             "\"a.example.names.test\": {\"A\": [\"127.0.0.2\"]},"
                             "\"b.example.names.test\": {\"A\": [\"127.0.0.2\"]},"
                             "\"6.100.51.198.label.test\": {\"A\": [\"127.0.0.2\"]},"
                             "\"9.100.51.198.good.test\": {\"A\": [\"127.0.0.2\"]},");
    struct origin o = ask(lists, zone, "198.51.100.7", names, 1000);
    tap_ok(near(weight_of(&o, "listed_bad"), LISTS_WEIGHT_MOST),
           "weights add up to a bound");
    o = ask(lists, zone, "198.51.100.8", names, 1000);
    tap_ok(near(weight_of(&o, "listed_bad"), 3.5),
           "a list counts once for several domains");
    o = ask(lists, zone, "198.51.100.9", NULL, 1000);
    tap_ok(near(weight_of(&o, "listed_good"), -0.75) &&
               !origin_has_note(&o, "listed_bad") && entry(&o, "198.51.100.9") != NULL,
           "a list of the good takes off");
    o = ask(lists, zone, "198.51.100.6", NULL, 1000);
    tap_ok(origin_has_note(&o, "listed_bad") && near(weight_of(&o, "listed_bad"), 0),
           "weight 0 is a note only");
    struct writer w;
    struct json j;
    o = ask(lists, zone, "198.51.100.9", NULL, 1000);
    writer_init(&w, &arena);
    json_init(&j, &w);
    json_open(&j, '{');
    lists_write_json(&o, &j);
    json_close(&j);
    tap_ok(bytes_is(writer_view(&w),
                    "{\"listed\":[{\"list\":\"good\",\"asked\":\"198.51.100.9\","
                    "\"answer\":\"127.0.0.2\",\"allows\":true}]}"),
           "JSON has what is listed: %s", writer_c(&w));
}

static const char *
news_of(struct dns_lists *lists)
{
    struct lists_news news;

    return !lists_next_news(lists, &news) ? "-" : news.why == NULL ? "again" : news.why;
}

static void
test_health(void)
{
    static const struct {
        const char *zone, *words;
    } broken[] = {
        {"\"1.0.0.127.bad.test\": {\"A\": [\"127.0.0.2\"]}, \"2.0.0.127.bad.test\": "
         "{\"A\": [\"127.0.0.2\"]},",
         "no list may list"},
        {"", "its own test point"},
        {"\"2.0.0.127.bad.test\": {\"A\": [\"127.255.255.254\"]},", "refuses"},
        {"\"1.0.0.127.bad.test\": {\"A\": [\"192.0.2.1\"]}, \"2.0.0.127.bad.test\": "
         "{\"A\": [\"192.0.2.1\"]},",
         "outside of 127"},
    };
    static const char listed[] = "\"7.100.51.198.bad.test\": {\"A\": [\"127.0.0.4\"]},";

    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct dns_lists *lists = lists_of(one_list);
        struct origin o =
            ask(lists, zone_of(broken[i].zone, listed), "198.51.100.7", NULL, 1000);
        tap_ok(o.note_count == 0 && o.listed_count == 1 && o.listed[0].failed,
               "what a broken list says never counts");
        const char *why = news_of(lists);
        tap_ok(strstr(why, broken[i].words) != NULL && strcmp(news_of(lists), "-") == 0,
               "it is told once: %s", why);
        o = ask(lists, zone_of(good_points, listed), "198.51.100.7", NULL, 1599);
        tap_ok(o.listed_count == 0 && last_memo->answer_count == 0,
               "and set aside: not asked for ten minutes");
        o = ask(lists, zone_of(good_points, listed), "198.51.100.7", NULL, 1600);
        tap_ok(o.note_count == 1 && strcmp(news_of(lists), "again") == 0,
               "then tested, and heard again");
    }
    struct dns_lists *lists = lists_of(one_list);
    (void)ask(lists, zone_of(good_points, listed), "198.51.100.7", NULL, 1000);
    struct origin o = ask(
        lists,
        zone_of(good_points, "\"7.100.51.198.bad.test\": {\"A\": [\"127.255.255.252\"]},"),
        "198.51.100.7", NULL, 1001);
    tap_ok(o.note_count == 0 && o.listed[0].failed &&
               strstr(news_of(lists), "refuses") != NULL,
           "a list that begins to refuse is noticed between tests");
    lists = lists_of(one_list);
    static const char slow[] = "\"2.0.0.127.bad.test\": {\"A\": \"TIMEOUT\"}, "
                               "\"1.0.0.127.bad.test\": {\"A\": \"TIMEOUT\"},";
    for (int i = 0; i < 4; i++) {
        o = ask(lists, zone_of(slow, listed), "198.51.100.7", NULL, 1000);
        tap_ok(o.note_count == 0 && strcmp(news_of(lists), "-") == 0 && o.listed[0].failed,
               "silent test points: nothing counts");
    }
    (void)ask(lists, zone_of(slow, listed), "198.51.100.7", NULL, 1000);
    tap_ok(strstr(news_of(lists), "does not answer") != NULL,
           "silent to five messages: set aside");
    (void)ask(lists, zone_of(slow, listed), "198.51.100.7", NULL, 1059);
    tap_ok(last_memo->answer_count == 0, "for a minute nobody waits for it");
    o = ask(lists, zone_of(good_points, listed), "198.51.100.7", NULL, 1060);
    tap_ok(o.note_count == 1, "then it is tried again");
    o = ask(lists, zone_of(good_points, "\"7.100.51.198.bad.test\": {\"A\": \"TIMEOUT\"},"),
            "198.51.100.7", NULL, 1061);
    tap_ok(o.listed_count == 1 && o.listed[0].failed && o.note_count == 0,
           "one that is late for one message: not counted");
}

/* What was asked then is answered from the memo; nothing else, however the process's lists are doing. */
static void
test_replay(void)
{
    static const char listed[] = "\"7.100.51.198.bad.test\": {\"A\": [\"127.0.0.4\"]},";
    static const char *const zones[] = {good_points, "", ""};

    for (size_t i = 0; i < 3; i++) {
        struct dns_lists *lists = lists_of(one_list);
        if (i == 2) { /* set aside by another message before */
            (void)ask(lists, zone_of("", listed), "198.51.100.8", NULL, 1000);
        }
        struct origin o = ask(lists, zone_of(zones[i], listed), "198.51.100.7", NULL, 1001);
        struct dns_memo *memo = last_memo, *again = ARENA_NEW(&arena, struct dns_memo);
        struct writer w;
        struct json j;
        writer_init(&w, &arena);
        json_init(&j, &w);
        dns_memo_write_json(memo, &j);
        dns_memo_init(again, &arena);
        tap_ok(dns_memo_read_json(again, writer_view(&w)), "the record of the DNS is read");
        again->sealed = true;
        size_t known = again->answer_count;
        struct dns_lists *other =
            lists_of("[dnslist new]\nzone = new.test\n[dnslist bad]\nzone = "
                     "bad.test\nweight = 1.5\ntext = yes\n");
        struct origin r = ask_memo(other, NULL, "198.51.100.7", NULL, 99999, again);
        bool same = o.listed_count == r.listed_count && o.note_count == r.note_count;
        for (size_t e = 0; same && e < o.listed_count; e++) {
            same = o.listed[e].failed == r.listed[e].failed &&
                   bytes_equal(o.listed[e].answer, r.listed[e].answer);
        }
        tap_ok(same && again->answer_count == known && o.listed_count == (i == 2 ? 0 : 1),
               "the same from the record, and nothing more is asked (%zu, %zu)",
               r.listed_count, again->answer_count - known);
        tap_ok(strcmp(news_of(other), "-") == 0, "a replay learns nothing of lists");
    }
}

static void
test_bounds(void)
{
    struct writer w;

    writer_init(&w, &arena);
    for (size_t i = 0; i < LIMIT_LISTS; i++) {
        writer_format(&w, "[dnslist n%zu]\nzone = n%zu.test\nkind = domain\ntest = no\n", i,
                      i);
    }
    struct dns_lists *lists = lists_of(writer_c(&w));
    static const char *const names[] = {"a.example", "b.example", "c.example", "d.example",
                                        NULL};
    struct origin o = ask(lists, zone_of("", ""), "198.51.100.7", names, 1000);
    tap_ok(last_memo->answer_count == LIMIT_LIST_QUESTIONS &&
               o.listed_count < LIMIT_LIST_QUESTIONS && o.listed_count > 0,
           "LIMIT_LIST_QUESTIONS, whatever is configured (%zu, %zu)",
           last_memo->answer_count, o.listed_count);
    struct lists_news news;
    tap_ok(!lists_next_news(lists, &news), "a list that was not asked is not set aside");
    struct dns_memo *memo = ARENA_NEW(&arena, struct dns_memo);
    dns_memo_init(memo, &arena);
    memo->questions_max = 1;
    o = ask_memo(lists_of(one_list), zone_of(good_points, ""), "198.51.100.7", NULL, 1000,
                 memo);
    tap_ok(o.listed_count == 0, "past the memo's own bound nothing is said");
    const struct config *config;
    struct why why = {0};
    writer_text(&w, "[dnslist more]\nzone = more.test\n");
    tap_ok(config_read(&arena, trace_config_keys, writer_view(&w), &config, &why) ==
                   SK_OK &&
               lists_settings_new(&arena, config, &lists, &why) == SK_CONFIG,
           "LIMIT_LISTS and one: %s", why.sentence);
}

/* What lists cost a message beside the waiting. */
static void
test_cost(void)
{
    static const char *const names[] = {"mail.a.example", "b.example", NULL};
    struct dns_lists *lists = lists_of("[dnslist one]\nzone = one.test\ntest = no\n"
                                       "[dnslist two]\nzone = two.test\ntest = no\n"
                                       "[dnslist three]\nzone = three.test\ntest = no\n"
                                       "[dnslist names]\nzone = names.test\nkind = domain\n"
                                       "test = no\n");
    struct dns_zone *zone = zone_of("", "");
    enum { TURNS = 2000 };
    int64_t begin = clock_cpu_us();

    for (int i = 0; i < TURNS; i++) {
        (void)ask(lists, zone, "198.51.100.7", names, 1000);
    }
    double each = (double)(clock_cpu_us() - begin) / TURNS;
    printf("# four lists, seven questions: %.1f us a message, the answering too\n", each);
    tap_ok(each < 2000, "lists cost little");
}

static void
test_settings(void)
{
    static const char *const bad[] = {"zone = a b\n",
                                      "zone = bad.test\nweight = -1\n",
                                      "zone = bad.test\nweight = 10.01\n",
                                      "zone = bad.test\nweight = 1.234\n",
                                      "zone = bad.test\nweight = .\n",
                                      "zone = bad.test\nweight = x\n",
                                      "zone = bad.test\nanswers = 128.0.0.1\n",
                                      "zone = bad.test\nanswers = 127.0.0.0/7\n",
                                      "zone = bad.test\nanswers = &0\n",
                                      "zone = bad.test\nanswers = &256\n",
                                      "zone = bad.test\nanswers = ::1\n",
                                      NAME_TOO_LONG};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct config *config;
        struct dns_lists *lists;
        struct why why = {0};
        struct writer w;
        writer_init(&w, &arena);
        writer_format(&w, "[dnslist x]\n%s", bad[i]);
        enum sk_code code =
            config_read(&arena, trace_config_keys, writer_view(&w), &config, &why);
        tap_ok(code == SK_CONFIG ||
                   lists_settings_new(&arena, config, &lists, &why) == SK_CONFIG,
               "refused: %s", why.sentence);
    }
    double weight;
    tap_ok(lists_read_weight(BYTES("10"), &weight) && near(weight, 10) &&
               lists_read_weight(BYTES("0.05"), &weight) && near(weight, 0.05) &&
               lists_read_weight(BYTES("2.5"), &weight) && near(weight, 2.5),
           "weights");
}

int
main(void)
{
    arena_init(&arena, 1ul << 28);
    test_addresses();
    test_domains();
    test_answers();
    test_sum();
    test_health();
    test_replay();
    test_bounds();
    test_settings();
    test_cost();
    arena_release(&arena);
    arena_forget_blocks();
    return tap_done();
}
