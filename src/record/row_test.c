#include "record/row.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/tap.h"
#include "base/utf8.h"

static struct arena arena;

static struct finding findings[] = {
    {"phishing_host", 2.5, FAMILY_LINKS, {(const uint8_t *)"evil.example", 12}, 10, 20},
    {"model", 1.5, FAMILY_CONTENT, {(const uint8_t *)"secretword", 10}, 0, 0},
    {"spf_fail", 1.0, FAMILY_SOURCE, {(const uint8_t *)"192.0.2.1", 9}, 0, 0},
};

struct scene {
    struct arrival arrival;
    struct arrival_recipient recipients[2];
    struct permit permit;
    struct permit_recipient permits[2];
    struct letter letter;
    struct address from;
    struct opinion opinion;
    struct verdict verdict;
    struct verdict_recipient verdicts[2];
    const struct finding *reasons[3];
};

static void
scene_set(struct scene *s, uint32_t first, uint32_t second)
{
    *s = (struct scene){
        .arrival = {.id = BYTES("0KxAAAAAAAAAAAAAAAAA"),
                    .door = ARRIVAL_TRANSFER,
                    .time_ms = 1795338000123,
                    .helo = BYTES("mail.example.com"),
                    .mail_from = BYTES("bounce@example.com"),
                    .raw = BYTES("raw bytes"),
                    .recipients = s->recipients,
                    .recipient_count = 2},
        .recipients = {{BYTES("hanako@example.jp"), BYTES("")},
                       {BYTES("taro@example.jp"), BYTES("")}},
        .permit = {s->permits, 2, first | second, PROFILE_CARRIER},
        .permits = {{first, {0}}, {second, {0}}},
        .letter = {.subject = BYTES("秘密の件名 <b>\xff\x01"),
                   .message_id = BYTES("mid@example.com"),
                   .from = {&s->from, 1},
                   .text = BYTES("本文の言葉です")},
        .from = {.name = BYTES("差出人"), .text = BYTES("a@example.com")},
        .opinion = {.findings = findings,
                    .finding_count = 3,
                    .unwanted = 0.75,
                    .content_read = true,
                    .content = 0.9,
                    .category = CATEGORY_PHISHING,
                    .threat = THREAT_BOMB,
                    .threat_severity = 4,
                    .threat_words = BYTES("bombwords")},
        .verdict = {s->verdicts, 2, 1, VERDICT_HOLD},
        .verdicts = {{.action = VERDICT_HOLD,
                      .score = 5,
                      .reasons = s->reasons,
                      .reason_count = 3,
                      .ground = GROUND_CONSENT},
                     {.action = VERDICT_ACCEPT,
                      .score = 1,
                      .reasons = s->reasons,
                      .reason_count = 3}},
        .reasons = {&findings[0], &findings[1], &findings[2]},
    };
    net_address_read(BYTES("192.0.2.1"), &s->arrival.client);
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        s->permits[0].grounds[family] =
            (first & FAMILY_BIT(family)) != 0 ? GROUND_CONSENT : GROUND_NONE;
        s->permits[1].grounds[family] =
            (second & FAMILY_BIT(family)) != 0 ? GROUND_LAWFUL_ACT : GROUND_NONE;
    }
}

static struct bytes
scene_record(struct scene *s)
{
    return record_write(&arena, &s->arrival, &s->permit, &s->letter, NULL, NULL,
                        &s->opinion, &s->verdict);
}

static bool
has(struct bytes record, const char *text)
{
    return bytes_find(record, bytes_from_text(text), 0) != BYTES_NOWHERE;
}

static void
test_everything(void)
{
    static struct scene s;
    struct record_row row;

    scene_set(&s, FAMILY_ALL, FAMILY_BIT(FAMILY_SOURCE));
    struct bytes record = scene_record(&s);
    tap_ok(record_read(&arena, record, &row) == SK_OK && row.kind == RECORD_MESSAGE,
           "what is written can be read");
    const struct rows_event *e = &row.event;
    tap_ok(bytes_equal(e->id, s.arrival.id) && e->time_ms == 1795338000123 && e->size == 9,
           "id, time, size");
    tap_ok(bytes_is(e->sender, "bounce@example.com") &&
               bytes_is(e->recipients, "hanako@example.jp, taro@example.jp") &&
               bytes_is(e->client, "192.0.2.1"),
           "the envelope");
    tap_ok(bytes_is(e->action, "hold") && bytes_is(e->category, "phishing") &&
               e->unwanted == 0.75 && bytes_is(e->threat, "bomb"),
           "the verdict");
    tap_ok(bytes_starts(e->subject, BYTES("秘密の件名 <b>\xef\xbf\xbd")) &&
               bytes_is(e->name, "差出人") && bytes_is(e->text, "本文の言葉です"),
           "the content, what is no UTF-8 replaced");
    tap_ok(!has(record, "<b>") && !has(record, "\n"),
           "hostile text is escaped, the record is one line");
    uint8_t digest[32];
    hash_sha256(BYTES("raw bytes"), digest);
    tap_ok(bytes_find(record, bytes_hex(&arena, bytes_of(digest, 32)), 0) != BYTES_NOWHERE,
           "SHA-256 of the raw message");
    tap_ok(has(record, "\"reasons\":[0,1,2]") && has(record, "\"reasons\":[2]"),
           "each recipient has the reasons that his permit covers");
    tap_ok(has(record, "\"content\":\"consent\"") &&
               has(record, "\"source\":\"lawful_act\""),
           "families and grounds");
}

/* Words that must not occur when nobody consented. */
static void
test_secrecy(void)
{
    static struct scene s;
    static const char *const secret[] = {
        "秘密", "差出人",       "a@example.com", "mid@example.com",
        "本文", "secretword",   "evil.example",  "bombwords",
        "bomb", "phishing_host"};
    size_t kept = 0;

    scene_set(&s, FAMILY_BIT(FAMILY_SOURCE),
              FAMILY_BIT(FAMILY_SOURCE) | FAMILY_BIT(FAMILY_LABEL));
    struct bytes record = scene_record(&s);
    for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
        kept += !has(record, secret[i]);
        if (has(record, secret[i])) {
            printf("# found: %s\n", secret[i]);
        }
    }
    tap_ok(kept == sizeof(secret) / sizeof(secret[0]),
           "without consent nothing of the content is recorded");
    tap_ok(has(record, "bounce@example.com") && has(record, "192.0.2.1") &&
               has(record, "spf_fail"),
           "the envelope is");
    tap_ok(has(record, "\"findings\":[null,null,{"),
           "findings without a permit are empty places");
    scene_set(&s, FAMILY_BIT(FAMILY_LINKS), FAMILY_BIT(FAMILY_SOURCE));
    record = scene_record(&s);
    tap_ok(has(record, "evil.example") && !has(record, "secretword") &&
               !has(record, "秘密"),
           "links alone: no words");
    scene_set(&s, 0, 0);
    record = scene_record(&s);
    tap_ok(!has(record, "spf_fail") && has(record, "hanako@example.jp"),
           "no family at all: the envelope alone");
    s.permit.union_families = FAMILY_ALL;
    record = record_write(&arena, &s.arrival, NULL, &s.letter, NULL, NULL, &s.opinion,
                          &s.verdict);
    tap_ok(!has(record, "秘密") && !has(record, "spf_fail"), "no permit: nothing");
    record = record_write(&arena, &s.arrival, NULL, NULL, NULL, NULL, NULL, NULL);
    struct record_row row;
    tap_ok(record_read(&arena, record, &row) == SK_OK &&
               bytes_is(row.event.action, "tempfail"),
           "an arrival alone can be recorded");
}

static void
test_bounds(void)
{
    static struct scene s;
    struct record_row row;
    uint8_t *long_text = arena_take_bytes(&arena, 5000);

    for (size_t i = 0; i < 5000; i += 2) {
        long_text[i] = 0xc3;
        long_text[i + 1] = 0xa9;
    }
    scene_set(&s, FAMILY_ALL, 0);
    s.letter.subject = bytes_of(long_text, LIMIT_RECORD_FIELD);
    s.letter.text = bytes_of(long_text, 5000);
    tap_ok(record_read(&arena, scene_record(&s), &row) == SK_OK &&
               row.event.subject.size == LIMIT_RECORD_FIELD &&
               row.event.text.size == LIMIT_RECORD_TEXT,
           "a subject at the bound; the text is cut at its own");
    s.letter.subject = bytes_of(long_text, LIMIT_RECORD_FIELD + 2);
    tap_ok(record_read(&arena, scene_record(&s), &row) == SK_OK &&
               row.event.subject.size == LIMIT_RECORD_FIELD,
           "past it: cut");
    memmove(long_text + 1, long_text,
            4000); /* now every character begins at an odd place */
    long_text[0] = 'x';
    s.letter.subject = bytes_of(long_text, LIMIT_RECORD_FIELD + 20);
    tap_ok(record_read(&arena, scene_record(&s), &row) == SK_OK &&
               utf8_valid(row.event.subject) &&
               row.event.subject.size == LIMIT_RECORD_FIELD - 1,
           "never within a character");
}

static void
test_outcome(void)
{
    static struct scene s;
    struct record_row row;
    const struct outcome outcomes[] = {{OUTCOME_DELIVERED, BYTES("250 2.0.0 ok")},
                                       {OUTCOME_LATER, BYTES("451 \"later\"")}};

    scene_set(&s, 0, 0);
    struct bytes record = record_outcome(&arena, &s.arrival, outcomes);
    tap_ok(record_read(&arena, record, &row) == SK_OK && row.kind == RECORD_OUTCOME &&
               bytes_equal(row.event.id, s.arrival.id) &&
               row.event.time_ms == s.arrival.time_ms,
           "an outcome refers to its message");
    tap_ok(has(record, "\"delivered\"") && has(record, "\"later\"") &&
               has(record, "250 2.0.0 ok"),
           "and tells each recipient's");
}

static void
test_read(void)
{
    struct record_row row;
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "null",
        "{\"kind\":\"message\"}",
        "{\"kind\":\"message\",\"id\":\"\",\"time\":1}",
        "{\"kind\":\"message\",\"id\":\"x\",\"time\":\"1\"}",
        "{\"kind\":\"message\",\"id\":\"x\",\"time\":1.5}",
        "{\"kind\":\"message\",\"id\":\"x\",\"time\":1",
        "{\"kind\":\"message\",\"id\":\"x\",\"time\":1,\"a\":}",
        "{\"kind\":\"message\",\"id\":\"x\",\"time\":1,\"a\":[}",
        "{\"kind\":\"message\",\"id\":\"x\\u12\",\"time\":1}",
        "{\"kind\":\"message\",\"id\":\"x\\q\",\"time\":1}",
        "{\"kind\":\"outcome\",\"id\":\"x\",\"time\":1}",
        "{\"kind\":\"message\",\"id\":\"x\",\"time\":1,\"to\":[\"a\"",
        "{\"kind\":\"message\",\"id\":\"x\",\"time\":1,\"unwanted\":7}",
    };
    size_t refused = 0;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        bool is_bad = record_read(&arena, bytes_from_text(bad[i]), &row) == SK_BAD;
        refused += is_bad;
        if (!is_bad) {
            printf("# taken: %s\n", bad[i]);
        }
    }
    tap_ok(refused == sizeof(bad) / sizeof(bad[0]), "%zu broken records are refused",
           refused);
    tap_ok(record_read(
               &arena,
               BYTES(" { \"kind\" : \"message\" , \"id\":\"\\u0041\\ud83d\\ude00\\n\", "
                     "\"time\":-5, \"n\":{\"id\":\"no\"} } "),
               &row) == SK_OK &&
               bytes_is(row.event.id, "A\xf0\x9f\x98\x80\n") && row.event.time_ms == -5,
           "escapes, blanks, inner objects");
    char deep[200] = "{\"kind\":\"message\",\"id\":\"x\",\"time\":1,\"a\":";
    size_t size = strlen(deep);
    memset(deep + size, '[', 33);
    memset(deep + size + 33, ']', 33);
    deep[size + 66] = '}';
    tap_ok(record_read(&arena, bytes_of(deep, size + 67), &row) == SK_BAD, "33 levels");
    deep[size] = ' ';
    deep[size + 65] = ' ';
    tap_ok(record_read(&arena, bytes_of(deep, size + 67), &row) == SK_OK, "32 levels");
    uint8_t *large = arena_take_bytes(&arena, 1 << 20);
    memset(large, '[', 1 << 20);
    memcpy(large, "{\"a\":", 5);
    tap_ok(record_read(&arena, bytes_of(large, 1 << 20), &row) == SK_BAD,
           "a megabyte of brackets");
    memset(large, '\\', 1 << 20);
    memcpy(large, "{\"id\":\"", 7);
    tap_ok(record_read(&arena, bytes_of(large, 1 << 20), &row) == SK_BAD,
           "a megabyte of backslashes");
}

int
main(void)
{
    arena_init(&arena, (size_t)256 << 20);
    test_everything();
    test_secrecy();
    test_bounds();
    test_outcome();
    test_read();
    arena_release(&arena);
    return tap_done();
}
