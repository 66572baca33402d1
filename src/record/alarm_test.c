#include "record/alarm_private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/tap.h"
#include "record/journal.h"

#define T0   ((int64_t)1795000000000)
#define HOUR ((int64_t)3600000)

static struct arena arena;
static const uint8_t secret[ALARM_KEY_SIZE] = "a secret of thirty-two bytes, ok";

/* A made-up ledger: records are collected, and become entries when "committed". */
struct ledger_of_test {
    struct alarms *alarms;
    struct bytes records[4000];
    size_t count, seen;
};

static struct alarm_settings settings;

static void
configure(const char *text)
{
    static struct config_key keys[64];
    static const struct config_key own[] = {
        {"", "hostname", CONFIG_TEXT, "mx.example", .help = ""}, {.name = NULL}};
    const struct config *config;
    const struct alarm_settings *made;
    size_t count = 0;
    struct why why;

    for (const struct config_key *key = own; key->name != NULL; key++) {
        keys[count++] = *key;
    }
    for (const struct config_key *key = alarm_config_keys; key->name != NULL; key++) {
        keys[count++] = *key;
    }
    SK_ASSERT(config_read(&arena, keys, bytes_from_text(text), &config, &why) == SK_OK);
    SK_ASSERT(alarm_settings_new(&arena, config, false, &made, &why) == SK_OK);
    settings = *made;
}

static bool
configures(const char *text, const char *words)
{
    static struct config_key keys[64];
    const struct config *config;
    const struct alarm_settings *made;
    size_t count = 1;
    struct why why = {.sentence = ""};

    keys[0] = (struct config_key){"", "hostname", CONFIG_TEXT, "mx.example", .help = ""};
    for (const struct config_key *key = alarm_config_keys; key->name != NULL; key++) {
        keys[count++] = *key;
    }
    enum sk_code code = config_read(&arena, keys, bytes_from_text(text), &config, &why);
    if (code == SK_OK) {
        code = alarm_settings_new(&arena, config, false, &made, &why);
    }
    return words == NULL ? code == SK_OK
                         : code == SK_CONFIG && strstr(why.sentence, words) != NULL;
}

static void
begin(struct ledger_of_test *l)
{
    memset(l, 0, sizeof *l);
    l->alarms = alarms_new(&arena, &settings, bytes_of(secret, sizeof secret), -1);
    struct book *book = alarms_book(l->alarms);
    SK_ASSERT(book->load(book->context, BYTES_NONE, NULL) == SK_OK);
}

static void
keep(void *context, struct bytes record)
{
    struct ledger_of_test *l = context;

    SK_ASSERT(l->count < sizeof l->records / sizeof l->records[0]);
    l->records[l->count++] = bytes_copy(&arena, record);
}

static void
commit(struct ledger_of_test *l)
{
    struct book *book = alarms_book(l->alarms);

    while (l->seen < l->count) {
        if (book_takes(book, l->records[l->seen])) {
            book->entry(book->context, l->seen, l->records[l->seen]);
        }
        l->seen++;
    }
}

static void
threat(struct ledger_of_test *l, int64_t time_ms, const char *kind, int severity,
       const char *words)
{
    struct writer w;
    struct json j;

    writer_init(&w, &arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_number(&j, "v", 1);
    json_put_text(&j, "kind", "content");
    char id[ALARM_ID_SIZE + 1];
    snprintf(id, sizeof id, "message%013zu", l->count);
    json_put_text(&j, "id", id);
    json_put_number(&j, "time", time_ms);
    json_put_text(&j, "threat", kind);
    json_put_number(&j, "threat_severity", severity);
    json_put_text(&j, "threat_words", words);
    json_close(&j);
    keep(l, writer_view(&w));
    commit(l);
}

/* What was due, committed: how many. */
static size_t
due(struct ledger_of_test *l, int64_t now_ms)
{
    size_t count = alarms_due(l->alarms, &arena, now_ms, keep, l);

    commit(l);
    return count;
}

static struct bytes
member(struct bytes json, const char *key)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "\"%s\":", key);
    size_t at = bytes_find(json, writer_view(&w), 0);
    if (at == BYTES_NOWHERE) {
        return BYTES_NONE;
    }
    struct bytes rest = bytes_from(json, at + w.size);
    bool text = rest.size > 0 && rest.at[0] == '"';
    rest = bytes_from(rest, text);
    size_t end = 0;
    while (end < rest.size && rest.at[end] != (text ? '"' : ',') && rest.at[end] != '}') {
        end++;
    }
    return bytes_slice(rest, 0, end);
}

static struct bytes
last(struct ledger_of_test *l)
{
    return l->records[l->count - 1];
}

static bool
says(struct bytes record, const char *key, const char *value)
{
    return bytes_is(member(record, key), value);
}

static void
acknowledge(struct ledger_of_test *l, struct bytes id, int64_t now_ms)
{
    struct bytes record;
    struct why why;

    SK_ASSERT(alarms_acknowledge(l->alarms, &arena, id, BYTES("taro"), BYTES("command"),
                                 BYTES("called 110"), now_ms, &record, &why) == SK_OK);
    keep(l, record);
    commit(l);
}

static bool
same_key(const char *a, const char *b)
{
    char one[ALARM_CAMPAIGN_SIZE + 1], two[ALARM_CAMPAIGN_SIZE + 1];

    alarm_key(bytes_of(secret, sizeof secret), BYTES("bomb"), bytes_from_text(a), one);
    alarm_key(bytes_of(secret, sizeof secret), BYTES("bomb"), bytes_from_text(b), two);
    return strcmp(one, two) == 0;
}

static void
test_key(void)
{
    char one[ALARM_CAMPAIGN_SIZE + 1], two[ALARM_CAMPAIGN_SIZE + 1];

    tap_ok(same_key("明日15時34分に東京駅を爆破する", "今日8時02分に渋谷駅を爆破する"),
           "other hour, day and station: one campaign");
    tap_ok(same_key("12月24日 県立第三病院に爆弾を仕掛けた",
                    "1月7日 市民病院に爆弾を仕掛けた"),
           "other date and hospital: one campaign");
    tap_ok(same_key("三田駅を爆破する", "大阪駅を爆破する"), "a figure in a place's name");
    tap_ok(same_key("i will bomb the central station at 15:34 tomorrow!",
                    "i will bomb the northern station at 9:02 today"),
           "the same in English");
    tap_ok(!same_key("東京駅を爆破する", "東京駅で人を刺す"),
           "other words: another campaign");
    alarm_key(bytes_of(secret, sizeof secret), BYTES("bomb"), BYTES("x"), one);
    alarm_key(bytes_of(secret, sizeof secret), BYTES("arson"), BYTES("x"), two);
    tap_ok(strcmp(one, two) != 0, "another kind: another campaign");
    alarm_key(BYTES("another secret"), BYTES("bomb"), BYTES("x"), two);
    tap_ok(strcmp(one, two) != 0, "without the secret the key cannot be made");
    tap_ok(alarm_squash(&arena, BYTES("\xff\xfe\xe3\x81駅\x00市")).size < 20,
           "broken bytes are squashed too");
}

static void
test_campaign(void)
{
    static struct ledger_of_test l;
    char words[100];

    configure("[alarm]\nwebhook = http://127.0.0.1:9/x\nescalate_after = 1d\n");
    begin(&l);
    tap_ok(due(&l, T0) == 0 && !alarms_is_due(l.alarms, T0), "nothing seen, nothing due");
    threat(&l, T0, "bomb", 3, "明日15時34分に東京駅を爆破する");
    tap_ok(alarms_is_due(l.alarms, T0) && due(&l, T0 + 5) == 1 &&
               says(last(&l), "kind", "alarm.raised") && says(last(&l), "why", "new") &&
               says(last(&l), "count", "1"),
           "a threat is due at once");
    struct bytes id = member(last(&l), "alarm");
    tap_ok(bytes_find(last(&l), BYTES("\xe9\xa7\x85"), 0) == BYTES_NOWHERE,
           "no word of it stands in the alarm's record");
    for (int i = 1; i < 1000; i++) {
        snprintf(words, sizeof words, "明日%d時%02d分に東京駅を爆破する", i % 24, i % 60);
        threat(&l, T0 + i * 1000, "bomb", 3, words);
        if (due(&l, T0 + i * 1000) > 0) {
            break;
        }
    }
    tap_ok(l.seen == 1001, "1,000 variants of one campaign are one alarm (%zu)", l.seen);
    tap_ok(due(&l, T0 + 5 + HOUR - 1) == 0 || says(last(&l), "kind", "alarm.escalated"),
           "nothing more of it within the hour");
    while (due(&l, T0 + 5 + HOUR - 1) > 0) {
    }
    tap_ok(due(&l, T0 + 5 + HOUR) == 1 && says(last(&l), "why", "again") &&
               says(last(&l), "count", "1000") && says(last(&l), "more", "999") &&
               bytes_equal(member(last(&l), "alarm"), id),
           "after it, one with counts");
    threat(&l, T0 + HOUR + 10, "bomb", 3, "今日1時05分に東京駅を爆破する");
    tap_ok(due(&l, T0 + HOUR + 10) == 0, "one more waits for the next hour");
    threat(&l, T0 + HOUR + 20, "bomb", 5, "今日2時05分に東京駅を爆破する");
    tap_ok(due(&l, T0 + HOUR + 20) == 1 && says(last(&l), "why", "severity") &&
               says(last(&l), "severity", "5") && says(last(&l), "more", "2"),
           "at once when the severity rises");
    threat(&l, T0 + HOUR + 30, "bomb", 5, "今日3時05分に東京駅を爆破する");
    acknowledge(&l, id, T0 + HOUR + 40);
    threat(&l, T0 + HOUR + 50, "bomb", 5, "今日4時05分に東京駅を爆破する");
    tap_ok(due(&l, T0 + 2 * HOUR) == 0, "acknowledged: quiet within the hour");
    tap_ok(due(&l, T0 + 3 * HOUR) == 1 && says(last(&l), "why", "again") &&
               says(last(&l), "more", "1") && !bytes_equal(member(last(&l), "alarm"), id),
           "what came after the acknowledgement is a new alarm, with what came since");
}

static void
test_escalation(void)
{
    static struct ledger_of_test l;
    struct bytes record;
    struct why why;

    configure("[alarm]\nmail_to = ops@example.jp\nmail_from = alarm@example.jp\n"
              "escalate_after = 10m\nescalate_to = boss@example.jp\n");
    begin(&l);
    threat(&l, T0, "murder", 4, "殺す");
    tap_ok(due(&l, T0) == 1 && bytes_find(last(&l), BYTES("ops@"), 0) != BYTES_NOWHERE &&
               bytes_find(last(&l), BYTES("boss@"), 0) == BYTES_NOWHERE,
           "first the first are told");
    struct bytes id = member(last(&l), "alarm");
    tap_ok(due(&l, T0 + 599999) == 0, "ten minutes are waited");
    tap_ok(due(&l, T0 + 600000) == 1 && says(last(&l), "kind", "alarm.escalated") &&
               says(last(&l), "step", "1") &&
               bytes_find(last(&l), BYTES("boss@"), 0) != BYTES_NOWHERE,
           "then the next are told");
    tap_ok(due(&l, T0 + 600000 + 1199999) == 0 && due(&l, T0 + 600000 + 1200000) == 1,
           "again after double the time");
    size_t steps = 2;
    for (int64_t now = T0 + HOUR; now < T0 + 100 * HOUR; now += 60000) {
        steps += due(&l, now);
    }
    tap_ok(steps == LIMIT_ALARM_ESCALATIONS, "and so on up to the bound (%zu)", steps);
    acknowledge(&l, id, T0 + 101 * HOUR);
    tap_ok(alarms_acknowledge(l.alarms, &arena, id, BYTES("jiro"), BYTES("command"),
                              BYTES_NONE, T0, &record, &why) == SK_BAD &&
               strstr(why.sentence, "taro") != NULL,
           "a second acknowledgement is told who was first");
    threat(&l, T0, "arson", 4, "燃やす");
    due(&l, T0);
    id = member(last(&l), "alarm");
    acknowledge(&l, id, T0 + 1);
    tap_ok(due(&l, T0 + 50 * HOUR) == 0, "acknowledged in time: nobody else is told");
    tap_ok(alarms_acknowledge(l.alarms, &arena, BYTES("nothing"), BYTES("jiro"),
                              BYTES("command"), BYTES_NONE, T0, &record, &why) == SK_BAD,
           "an alarm that is not there");
    threat(&l, T0, "poison", 4, "毒");
    due(&l, T0);
    id = member(last(&l), "alarm");
    struct bytes note =
        bytes_of(arena_take(&arena, LIMIT_ALARM_NOTE + 1), LIMIT_ALARM_NOTE);
    memset((void *)(uintptr_t)note.at, 'x', LIMIT_ALARM_NOTE + 1);
    tap_ok(alarms_acknowledge(l.alarms, &arena, id, BYTES("jiro"), BYTES("c"), note, T0,
                              &record, &why) == SK_OK,
           "a note at the bound");
    note.size++;
    tap_ok(alarms_acknowledge(l.alarms, &arena, id, BYTES("jiro"), BYTES("c"), note, T0,
                              &record, &why) == SK_LIMIT,
           "and one past it");
}

static void
test_clock(void)
{
    static struct ledger_of_test l;

    configure("[alarm]\nwebhook = http://127.0.0.1:9/x\n");
    begin(&l);
    threat(&l, T0, "bomb", 3, "爆破");
    due(&l, T0);
    threat(&l, T0 + 1000, "bomb", 3, "爆破");
    tap_ok(due(&l, T0 + 1000) == 0, "quiet within the hour");
    tap_ok(alarms_is_due(l.alarms, T0 - 1000 * HOUR) && due(&l, T0 - 1000 * HOUR) == 1 &&
               says(last(&l), "why", "again"),
           "the clock jumped back 1,000 hours: told, rather than silent for 1,000 hours");
    size_t count = 0;
    for (int i = 0; i < 100; i++) {
        count += due(&l, T0 - 1000 * HOUR + i);
    }
    tap_ok(count == 1 && says(last(&l), "kind", "alarm.escalated"),
           "and escalated once, not a hundred times (%zu)", count);
    count = 0;
    for (int i = 0; i < 100; i++) {
        count += due(&l, T0 + 100000 * HOUR + i);
    }
    tap_ok(count == 1, "the clock jumped forward: one step, not all at once (%zu)", count);
}

static void
test_crash(void)
{
    static struct ledger_of_test l, again;
    struct writer w;

    configure("[alarm]\nwebhook = http://127.0.0.1:9/x\n");
    begin(&l);
    threat(&l, T0, "bomb", 3, "爆破");
    tap_ok(alarms_due(l.alarms, &arena, T0, keep, &l) == 1, "due");
    tap_ok(alarms_due(l.alarms, &arena, T0, keep, &l) == 0,
           "not twice while it is being kept");
    l.count = l.seen; /* the commit failed */
    alarms_forget_asked(l.alarms);
    tap_ok(alarms_is_due(l.alarms, T0) && due(&l, T0) == 1, "it was not kept: due again");

    /* The state made again from the ledger, and from the book's file in the middle, is the same. */
    threat(&l, T0 + 5, "arson", 2, "放火");
    threat(&l, T0 + 6, "arson", 4, "放火");
    due(&l, T0 + 6);
    acknowledge(&l, member(last(&l), "alarm"), T0 + 7);
    threat(&l, T0 + 8, "arson", 4, "放火");
    writer_init(&w, &arena);
    alarms_book(l.alarms)->save(alarms_book(l.alarms)->context, &w);
    bool same = true;
    for (size_t cut = 0; cut <= l.count; cut++) {
        struct writer half, whole;
        begin(&again);
        memcpy(again.records, l.records, sizeof l.records);
        again.count = cut;
        commit(&again);
        writer_init(&half, &arena);
        alarms_book(again.alarms)->save(alarms_book(again.alarms)->context, &half);
        begin(&again); /* killed here; the book's file was just written */
        struct book *book = alarms_book(again.alarms);
        SK_ASSERT(book->load(book->context, writer_view(&half), NULL) == SK_OK);
        memcpy(again.records, l.records, sizeof l.records);
        again.seen = cut;
        again.count = l.count;
        commit(&again);
        writer_init(&whole, &arena);
        book->save(book->context, &whole);
        same = same && bytes_equal(writer_view(&whole), writer_view(&w));
    }
    tap_ok(same, "killed after any entry: the same state again (%zu)", l.count);

    begin(&again);
    memcpy(again.records, l.records, sizeof l.records);
    again.count = 1; /* the threat was committed, the alarm was not */
    commit(&again);
    tap_ok(alarms_is_due(again.alarms, T0) && due(&again, T0) == 1,
           "killed between threat and alarm: it is raised after the start");
    struct book *book = alarms_book(again.alarms);
    tap_ok(book->load(book->context, BYTES("{\"alarms\":"), NULL) != SK_OK,
           "a book's file that is none is not taken");
}

static void
test_delivery(void)
{
    static struct ledger_of_test l;
    struct bytes json, record;
    struct writer w;
    struct why why;

    configure("[alarm]\nwebhook = http://127.0.0.1:9/x, https://h.example/secret/path\n"
              "syslog = 127.0.0.1:514\n");
    begin(&l);
    threat(&l, T0, "bomb", 3, "爆破");
    due(&l, T0);
    struct bytes id = member(last(&l), "alarm");
    tap_ok(bytes_find(last(&l), BYTES("secret"), 0) == BYTES_NOWHERE &&
               bytes_find(last(&l), BYTES("webhook:h.example#"), 0) != BYTES_NOWHERE,
           "the path of a web hook does not stand in the ledger");
    tap_ok(alarms_has_notice(l.alarms) && alarms_next_notice(l.alarms, &arena, &json) &&
               says(json, "why", "new") && !alarms_next_notice(l.alarms, &arena, &json),
           "a notice is handed out once");
    alarms_hand_out_again(l.alarms);
    tap_ok(alarms_next_notice(l.alarms, &arena, &json), "and again to a new sender");
    for (size_t i = 0; i < 3; i++) {
        writer_init(&w, &arena);
        writer_format(&w, "{\"alarm\":\"%.*s\",\"notice\":1,\"target\":\"%.*s\",",
                      BYTES_ARGUMENTS(id), BYTES_ARGUMENTS(settings.targets[i].name));
        writer_text(&w, i == 1
                            ? "\"result\":\"failed\",\"tries\":1,\"words\":\"a\\u001bb\"}"
                            : "\"result\":\"sent\",\"tries\":1}");
        struct bytes said = writer_view(&w);
        tap_ok(alarms_sent(l.alarms, &arena, said, T0 + 1, &record, &why) == SK_OK &&
                   record.size > 0,
               "what became of target %zu is a record", i);
        keep(&l, record);
        commit(&l);
        tap_ok(alarms_sent(l.alarms, &arena, said, T0 + 1, &record, &why) == SK_OK &&
                   record.size == 0,
               "said twice it is recorded once");
    }
    tap_ok(alarms_count(l.alarms).unsent == 1, "one is still under way");
    alarms_hand_out_again(l.alarms);
    tap_ok(alarms_next_notice(l.alarms, &arena, &json) &&
               bytes_find(json, BYTES("h.example"), 0) != BYTES_NOWHERE &&
               bytes_find(json, BYTES("127.0.0.1"), 0) == BYTES_NOWHERE,
           "only what did not arrive is handed out again");
    writer_clear(&w);
    writer_format(
        &w, "{\"alarm\":\"%.*s\",\"notice\":1,\"target\":\"%.*s\",\"result\":\"sent\"}",
        BYTES_ARGUMENTS(id), BYTES_ARGUMENTS(settings.targets[1].name));
    SK_ASSERT(alarms_sent(l.alarms, &arena, writer_view(&w), T0 + 2, &record, &why) ==
              SK_OK);
    keep(&l, record);
    commit(&l);
    tap_ok(alarms_count(l.alarms).unsent == 0 && !alarms_has_notice(l.alarms),
           "all arrived");
    tap_ok(alarms_sent(l.alarms, &arena, BYTES("{\"alarm\":\"x\"}"), T0, &record, &why) ==
                   SK_BAD &&
               alarms_sent(l.alarms, &arena, BYTES("\xff"), T0, &record, &why) == SK_BAD,
           "a delivery that is not known");
    keep(&l, alarms_test(l.alarms, &arena, BYTES("taro"), T0 + 9, &id));
    commit(&l);
    struct json j;
    writer_init(&w, &arena);
    json_init(&j, &w);
    tap_ok(alarms_write_one(l.alarms, id, &j) &&
               bytes_find(writer_view(&w), BYTES("\"about\":\"test\""), 0) !=
                   BYTES_NOWHERE &&
               alarms_count(l.alarms).unsent == 1 && due(&l, T0 + 10 * HOUR) == 1 &&
               says(last(&l), "kind", "alarm.escalated"),
           "a test is told, and never escalated");
}

static void
test_bounds(void)
{
    static struct ledger_of_test l;
    char words[] = "爆破aa";
    size_t told = 0;

    configure("[alarm]\nsyslog = 127.0.0.1:514\n");
    begin(&l);
    for (int i = 0; i < LIMIT_ALARM_NEW + 60; i++) {
        words[6] = (char)('a' + i / 26);
        words[7] = (char)('a' + i % 26);
        threat(&l, T0 + i, "bomb", 3, words);
        told += due(&l, T0 + i);
        if (i + 1 == LIMIT_ALARM_NEW) {
            tap_ok(told == LIMIT_ALARM_NEW,
                   "LIMIT_ALARM_NEW campaigns are told one by one");
        }
    }
    tap_ok(told == LIMIT_ALARM_NEW + 1 && says(last(&l), "kind", "content"),
           "all beyond are told in one alarm (%zu)", told);
    struct bytes many = l.records[l.count - 60];
    (void)many;
    tap_ok(alarms_count(l.alarms).campaigns == LIMIT_ALARM_NEW + 1, "and counted together");
    threat(&l, T0 + 1000, "murder", 5, "xyz");
    tap_ok(due(&l, T0 + 1000) == 1 && says(last(&l), "about", "many") &&
               says(last(&l), "severity", "5"),
           "a graver one among them is told at once");

    /* Places for campaigns: acknowledged ones give way, others do not. */
    begin(&l);
    int64_t now = T0;
    for (int i = 0; i < LIMIT_ALARMS; i++) {
        char name[40];
        snprintf(name, sizeof name, "爆破%c%c%c", 'a' + i / 676, 'a' + i / 26 % 26,
                 'a' + i % 26);
        now += HOUR;
        l.count = l.seen = 0;
        threat(&l, now, "bomb", 3, name);
        l.count = l.seen = 0;
    }
    tap_ok(alarms_count(l.alarms).campaigns == LIMIT_ALARMS, "LIMIT_ALARMS are remembered");
    now += HOUR;
    threat(&l, now, "bomb", 3, "one more");
    tap_ok(alarms_count(l.alarms).campaigns == LIMIT_ALARMS && alarms_is_due(l.alarms, now),
           "one more is counted with the newest, and not lost");
    l.count = l.seen = 0;
    size_t raised = due(&l, now);
    tap_ok(raised == LIMIT_ALARMS && alarms_count(l.alarms).unsent == LIMIT_ALARMS,
           "each is told");
    for (int i = 0; i < 60; i++) { /* escalations fill the room for notices */
        l.count = l.seen = 0;
        now += HOUR;
        due(&l, now);
    }
    tap_ok(alarms_count(l.alarms).unsent == LIMIT_ALARM_NOTICES,
           "no more than LIMIT_ALARM_NOTICES are under way (%zu)",
           alarms_count(l.alarms).unsent);
    acknowledge(&l, bytes_copy(&arena, bytes_from_text(l.alarms->alarms[0].id)), now);
    l.count = l.seen = 0;
    char first[ALARM_CAMPAIGN_SIZE + 1];
    memcpy(first, l.alarms->alarms[0].campaign, sizeof first);
    threat(&l, now + HOUR, "bomb", 3, "yet another");
    tap_ok(alarms_count(l.alarms).campaigns == LIMIT_ALARMS &&
               alarm_of_campaign(l.alarms, first) == NULL,
           "an acknowledged one gives way");
}

static void
test_loop(void)
{
    static struct ledger_of_test l;
    struct writer w;

    configure("[alarm]\nsyslog = 127.0.0.1:514\n");
    begin(&l);
    struct bytes id = alarm_mail_id(&arena, bytes_of(secret, sizeof secret),
                                    BYTES("0123456789abcdefghij"), 3, BYTES("mx.example"));
    for (int forged = 1; forged >= 0; forged--) {
        writer_init(&w, &arena);
        writer_text(
            &w, "{\"v\":1,\"kind\":\"content\",\"id\":\"x\",\"time\":1,\"threat\":\"bomb\","
                "\"threat_severity\":3,\"threat_words\":\"a\",\"message_id\":\"");
        writer_bytes(&w, id);
        if (forged) {
            w.at[w.size - 20] ^= 1;
        }
        writer_text(&w, "\"}");
        begin(&l);
        keep(&l, writer_view(&w));
        commit(&l);
        tap_ok(due(&l, 2) == (size_t)forged,
               forged ? "a Message-ID that only looks like ours is no excuse"
                      : "our own mail that came back is no threat");
    }
    begin(&l);
    keep(&l,
         BYTES("{\"v\":1,\"kind\":\"content\",\"id\":\"x\",\"time\":1,\"threat\":\"bomb\","
               "\"threat_severity\":3,\"threat_words\":\"a\",\"of\":7}"));
    commit(&l);
    tap_ok(!alarms_is_due(l.alarms, 2) || due(&l, 2) == 0,
           "content written anew is no new sighting");
    keep(&l, BYTES("{\"v\":1,\"kind\":\"crash\",\"id\":\"x\",\"time\":1}"));
    commit(&l);
    tap_ok(due(&l, 2) == 1 && says(last(&l), "about", "crash"), "a crash is told");
    configure("[alarm]\nsyslog = 127.0.0.1:514\nseverity = 3\n");
    begin(&l);
    threat(&l, T0, "bomb", 2, "a");
    tap_ok(due(&l, T0) == 0, "below the least severity");
    threat(&l, T0, "bomb", 3, "a");
    tap_ok(due(&l, T0) == 1, "at it");
}

static void
test_settings(void)
{
    struct alarm_target t = {0};
    struct writer w;

    tap_ok(configures("[alarm]\nmail_to = a@b.example\nmail_from = c@d.example\n", NULL),
           "good");
    tap_ok(configures("[alarm]\nmail_to = a@b.example\n", "mail_from"), "no sender");
    tap_ok(configures("[alarm]\nmail_to = http://x/\n", "webhook place"),
           "in the wrong list");
    tap_ok(configures("[alarm]\nwebhook = ftp://x/\n", "https://HOST"), "no web hook");
    tap_ok(configures("[alarm]\nsyslog = nonsense\n", "no mail address"), "no place");
    tap_ok(configures("[alarm]\nescalate_to = unix:/dev/log, http://[::1]:80/x\n", NULL),
           "all kinds may be escalated to");
    tap_ok(alarm_url_read(BYTES("https://h.example:8443/a/b?c=d"), &t) && t.tls &&
               t.port == 8443 && bytes_is(t.host, "h.example") &&
               bytes_is(t.path, "/a/b?c=d"),
           "a URL");
    tap_ok(alarm_url_read(BYTES("http://[2001:db8::1]"), &t) && !t.tls && t.port == 80 &&
               bytes_is(t.host, "2001:db8::1") && bytes_is(t.path, "/"),
           "an address in brackets");
    static const char *const bad[] = {
        "https://user@h/",   "http:///x",  "http://h:0/", "http://h:65536/",
        "http://h/#x",       "h/x",        "http://h/ x", "http://h\r\nX: y/",
        "http://[::1",       "http://[]/", "http://h:x/", "http://h?x",
        "http://[::1]x:80/",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tap_ok(!alarm_url_read(bytes_from_text(bad[i]), &t), "no URL: %zu", i);
    }
    for (int more = 0; more < 2; more++) {
        writer_init(&w, &arena);
        writer_text(&w, "http://h/");
        while (w.size < (size_t)LIMIT_ALARM_URL + (size_t)more) {
            writer_byte(&w, 'x');
        }
        tap_ok(alarm_url_read(writer_view(&w), &t) == !more,
               more ? "one past it" : "a URL at the bound");
        writer_init(&w, &arena);
        writer_text(&w, "[alarm]\nsyslog = ");
        for (int i = 0; i < LIMIT_ALARM_TARGETS + more; i++) {
            writer_format(&w, "127.0.0.1:%d ", 1000 + i);
        }
        tap_ok(configures(writer_c(&w), more ? "more than" : NULL),
               more ? "one past it" : "targets at the bound");
    }
}

/* A record folder with one segment, to see what a notice shows of it. */
static void
test_shown(void)
{
    static struct ledger_of_test l;
    char folder[] = "/tmp/alarm-test-XXXXXX", name[JOURNAL_NAME_SIZE];
    uint8_t salt[JOURNAL_SALT_SIZE] = {1}, head[JOURNAL_HEADER_SIZE];
    struct bytes json;
    const struct bytes records[] = {
        BYTES("{\"v\":1,\"kind\":\"message\",\"id\":\"m\",\"door\":\"transfer\",\"client\":"
              "\"192.0.2.7\","
              "\"helo\":\"h\",\"from\":\"\"}"),
        BYTES("{\"v\":1,\"kind\":\"content\",\"id\":\"m\",\"time\":5,\"rests_on\":[{\"to\":"
              "\"a@x\","
              "\"families\":{\"content\":\"consent\"}},{\"to\":\"b@x\",\"families\":{"
              "\"threat\":"
              "\"consent\"}}],\"threat\":\"bomb\",\"threat_severity\":3,\"threat_words\":"
              "\"the words\"}"),
    };

    SK_ASSERT(mkdtemp(folder) != NULL);
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    SK_ASSERT(mkdirat(at, "journal", 0700) == 0);
    journal_name(0, name);
    int file = openat(at, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    for (uint64_t i = 0; i < 2; i++) {
        journal_header(i, salt, records[i], head);
        SK_ASSERT(write(file, head, sizeof head) == (ssize_t)sizeof head &&
                  write(file, records[i].at, records[i].size) == (ssize_t)records[i].size);
    }
    for (int excerpt = 1; excerpt >= 0; excerpt--) {
        configure(excerpt ? "[alarm]\nsyslog = 127.0.0.1:514\n"
                          : "[alarm]\nsyslog = 127.0.0.1:514\nexcerpt = no\n");
        memset(&l, 0, sizeof l);
        l.alarms = alarms_new(&arena, &settings, bytes_of(secret, sizeof secret), at);
        SK_ASSERT(alarm_load(l.alarms, BYTES_NONE, NULL) == SK_OK);
        keep(&l, records[0]);
        keep(&l, records[1]);
        commit(&l);
        due(&l, 5);
        tap_ok(alarms_next_notice(l.alarms, &arena, &json) &&
                   says(json, "client", "192.0.2.7") &&
                   bytes_find(json, BYTES("b@x"), 0) != BYTES_NOWHERE &&
                   bytes_find(json, BYTES("a@x"), 0) == BYTES_NOWHERE,
               "who allowed it is named, who did not is not");
        tap_ok((bytes_find(json, BYTES("the words"), 0) != BYTES_NOWHERE) == excerpt,
               excerpt ? "the sentence is quoted" : "unless the operator does not want it");
    }
    SK_ASSERT(journal_purge(at, 0, JOURNAL_HEADER_SIZE + records[0].size, 1, NULL) ==
              SK_OK);
    configure("[alarm]\nsyslog = 127.0.0.1:514\n");
    alarms_hand_out_again(l.alarms);
    tap_ok(alarms_next_notice(l.alarms, &arena, &json) &&
               bytes_find(json, BYTES("the words"), 0) == BYTES_NOWHERE &&
               bytes_find(json, BYTES("b@x"), 0) == BYTES_NOWHERE,
           "content that was purged is not shown");
    unlinkat(at, name, 0);
    unlinkat(at, "journal", AT_REMOVEDIR);
    close(file);
    close(at);
    rmdir(folder);
}

/* The excerpt at its bound, and a character that would be cut by it. */
static void
test_excerpt(void)
{
    static struct ledger_of_test l;
    uint8_t salt[JOURNAL_SALT_SIZE] = {1}, head[JOURNAL_HEADER_SIZE];

    configure("[alarm]\nsyslog = 127.0.0.1:514\n");
    for (int more = 0; more < 3; more++) {
        char folder[] = "/tmp/alarm-test-XXXXXX", name[JOURNAL_NAME_SIZE];
        struct bytes json;
        struct writer w;
        writer_init(&w, &arena);
        writer_text(
            &w, "{\"v\":1,\"kind\":\"content\",\"id\":\"m\",\"time\":5,\"threat\":\"bomb\","
                "\"threat_severity\":3,\"threat_words\":\"");
        for (int i = 0; i < LIMIT_ALARM_WORDS - (more == 2) + (more == 1); i++) {
            writer_byte(&w, 'x');
        }
        writer_text(&w, more == 2 ? "\xe9\xa7\x85\"}" : "\"}");
        SK_ASSERT(mkdtemp(folder) != NULL);
        int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        SK_ASSERT(mkdirat(at, "journal", 0700) == 0);
        journal_name(0, name);
        int file = openat(at, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        journal_header(0, salt, writer_view(&w), head);
        SK_ASSERT(write(file, head, sizeof head) == (ssize_t)sizeof head &&
                  write(file, w.at, w.size) == (ssize_t)w.size);
        memset(&l, 0, sizeof l);
        l.alarms = alarms_new(&arena, &settings, bytes_of(secret, sizeof secret), at);
        SK_ASSERT(alarm_load(l.alarms, BYTES_NONE, NULL) == SK_OK);
        keep(&l, writer_view(&w));
        commit(&l);
        due(&l, 5);
        tap_ok(alarms_next_notice(l.alarms, &arena, &json) &&
                   member(json, "excerpt").size ==
                       (size_t)(LIMIT_ALARM_WORDS - (more == 2)),
               more == 0   ? "an excerpt at the bound is whole"
               : more == 1 ? "one past it is cut"
                           : "and not within a character");
        unlinkat(at, name, 0);
        unlinkat(at, "journal", AT_REMOVEDIR);
        close(file);
        close(at);
        rmdir(folder);
    }
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    test_key();
    test_settings();
    test_campaign();
    test_escalation();
    test_clock();
    test_crash();
    test_delivery();
    test_bounds();
    test_loop();
    test_shown();
    test_excerpt();
    arena_release(&arena);
    return tap_done();
}
