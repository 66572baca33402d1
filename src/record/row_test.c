#include "record/row.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/tap.h"
#include "base/utf8.h"
#include "judge/indicators.h"
#include "judge/lure.h"
#include "judge/marks.h"

static struct arena arena;

static struct finding findings[] = {
    {.name = "phishing_host",
     .weight = 2.5,
     .family = FAMILY_LINKS,
     .detail = BYTES("evil.example"),
     .from = 10,
     .to = 20},
    {.name = "model",
     .weight = 1.5,
     .family = FAMILY_CONTENT,
     .detail = BYTES("secretword")},
    {.name = "spf_fail",
     .weight = 1.0,
     .family = FAMILY_SOURCE,
     .detail = BYTES("192.0.2.1")},
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
        .recipients = {{.address = BYTES("hanako@example.jp")},
                       {.address = BYTES("taro@example.jp")}},
        .permit = {.recipients = s->permits,
                   .recipient_count = 2,
                   .union_families = first | second,
                   .profile = PROFILE_CARRIER},
        .permits = {{.families = first}, {.families = second}},
        .letter = {.subject = BYTES("秘密の件名 <b>\xff\x01"),
                   .message_id = BYTES("mid@example.com"),
                   .from = {&s->from, 1},
                   .text = BYTES("本文の言葉です")},
        .from = {.name = BYTES("差出人"), .text = BYTES("a@example.com")},
        .opinion = {.findings = findings,
                    .finding_count = 3,
                    .unwanted = 0.75,
                    .unwanted_source = 0.125,
                    .content_read = true,
                    .content = 0.9,
                    .category = CATEGORY_PHISHING,
                    .threat = THREAT_BOMB,
                    .threat_severity = 4,
                    .threat_words = BYTES("bombwords"),
                    .threat_detail = {.target = BYTES("bombtarget"),
                                      .when = BYTES("bombtime"),
                                      .from = 1795329240,
                                      .to = 1795329300}},
        .verdict = {.recipients = s->verdicts,
                    .recipient_count = 2,
                    .group_count = 1,
                    .strongest = VERDICT_HOLD},
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
        s->permits[0].entries[family] = family == FAMILY_CONTENT ? 42 : PERMIT_NO_ENTRY;
        s->permits[1].entries[family] = PERMIT_NO_ENTRY;
        s->permits[1].grounds[family] =
            (second & FAMILY_BIT(family)) != 0 ? GROUND_LAWFUL_ACT : GROUND_NONE;
    }
}

static struct bytes
scene_record(struct scene *s)
{
    return record_write(&arena, &(struct record_of){.arrival = &s->arrival,
                                                    .permit = &s->permit,
                                                    .letter = &s->letter,
                                                    .opinion = &s->opinion,
                                                    .verdict = &s->verdict,
                                                    .made_by = BYTES("{\"model\":1}")});
}

/* The lines of a record, empty where there is none. */
static struct bytes
message_line(struct bytes record)
{
    size_t end = bytes_find_byte(record, '\n', 0);

    return end == BYTES_NOWHERE ? record : bytes_slice(record, 0, end);
}

static struct bytes
content_line(struct bytes record)
{
    size_t end = bytes_find_byte(record, '\n', 0);

    return end == BYTES_NOWHERE ? BYTES_NONE : bytes_from(record, end + 1);
}

static bool
has(struct bytes record, const char *text)
{
    return bytes_find(record, bytes_from_text(text), 0) != BYTES_NOWHERE;
}

static void
test_message(void)
{
    static struct scene s;
    struct record_row row;

    scene_set(&s, FAMILY_ALL, FAMILY_BIT(FAMILY_SOURCE));
    struct bytes record = message_line(scene_record(&s));
    tap_ok(record_read(&arena, record, &row) == SK_OK && row.kind == RECORD_MESSAGE,
           "the message's line can be read");
    const struct rows_event *e = &row.event;
    tap_ok(bytes_equal(e->id, s.arrival.id) && e->time_ms == 1795338000123 && e->size == 9,
           "id, time, size");
    tap_ok(bytes_is(e->sender, "bounce@example.com") &&
               bytes_is(e->recipients, "hanako@example.jp, taro@example.jp") &&
               bytes_is(e->client, "192.0.2.1"),
           "the envelope");
    tap_ok(bytes_is(e->action, "hold") && e->unwanted == 0.125 && e->category.size == 0 &&
               e->threat.size == 0,
           "the action; of the opinion what rests on the source alone");
    tap_ok(has(record, "\"findings\":[{\"name\":\"spf_fail\"") &&
               has(record, "\"score\":1.000,\"reasons\":[0]},") &&
               has(record, "\"score\":1.000,\"reasons\":[0]}]"),
           "findings, reasons and scores from outside, for both alike");
    tap_ok(has(record, "\"content\":\"consent\"") &&
               has(record, "\"source\":\"lawful_act\"") &&
               has(record, "\"made_by\":{\"model\":1}"),
           "families and grounds; what judged");
    tap_ok(has(record, "\"entries\":{\"content\":42},\"action\""),
           "the entry of the consent it rests on");
}

static void
test_content(void)
{
    static struct scene s;
    struct record_row row, message;

    scene_set(&s, FAMILY_ALL, FAMILY_BIT(FAMILY_SOURCE));
    struct bytes record = content_line(scene_record(&s));
    tap_ok(record_read(&arena, record, &row) == SK_OK && row.kind == RECORD_CONTENT &&
               row.event.time_ms == 1795338000123,
           "the content's line can be read");
    const struct rows_event *e = &row.event;
    tap_ok(bytes_starts(e->subject, BYTES("秘密の件名 <b>\xef\xbf\xbd")) &&
               bytes_is(e->name, "差出人") && bytes_is(e->text, "本文の言葉です"),
           "the content, what is no UTF-8 replaced");
    tap_ok(bytes_is(e->category, "phishing") && e->unwanted == 0.75 &&
               bytes_is(e->threat, "bomb"),
           "what was concluded from it");
    tap_ok(has(record, "\"threat_target\":\"bombtarget\",\"threat_when\":\"bombtime\","
                       "\"threat_from\":1795329240000,\"threat_to\":1795329300000"),
           "what the threat tells of itself");
    tap_ok(!has(record, "<b>") && !has(record, "\n"),
           "hostile text is escaped, the record is one line");
    uint8_t digest[32];
    hash_sha256(BYTES("raw bytes"), digest);
    tap_ok(has(record, bytes_text(&arena, bytes_hex(&arena, bytes_of(digest, 32)))),
           "SHA-256 of the raw message");
    tap_ok(has(record, "\"rests_on\":[{\"to\":\"hanako@example.jp\",\"number\":0") &&
               !has(record, "taro@") && !has(record, "source") &&
               has(record, "\"threat\":\"consent\""),
           "it rests on the one who allowed it, family by family");
    tap_ok(has(record, "\"score\":5.000,\"reasons\":[0,1]") &&
               has(record, "\"findings\":[{\"name\":\"phishing_host\"") &&
               !has(record, "spf_fail"),
           "his score, his reasons, the findings from inside");
    tap_ok(record_read(&arena, message_line(scene_record(&s)), &message) == SK_OK,
           "and the message's");
    record_join(&message.event, &row.event);
    tap_ok(bytes_is(message.event.category, "phishing") && message.event.size == 9 &&
               message.event.unwanted == 0.75 && message.event.subject.size > 0,
           "both joined are the row");
}

/* Words that must not occur when nobody consented. */
static void
test_secrecy(void)
{
    static struct scene s;
    static const char *const secret[] = {
        "秘密", "差出人",     "a@example.com", "mid@example.com",
        "本文", "secretword", "evil.example",  "bombwords",
        "bomb", "phishing",   "sha256",        "0.9",
        "0.75", "categories", "\"score\":5.0"};
    size_t kept = 0;
    uint8_t digest[32];

    scene_set(&s, FAMILY_ALL, FAMILY_BIT(FAMILY_SOURCE));
    struct bytes message = message_line(scene_record(&s));
    hash_sha256(BYTES("raw bytes"), digest);
    for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
        kept += !has(message, secret[i]);
        if (has(message, secret[i])) {
            printf("# found: %s\n", secret[i]);
        }
    }
    tap_ok(kept == sizeof(secret) / sizeof(secret[0]) &&
               !has(message, bytes_text(&arena, bytes_hex(&arena, bytes_of(digest, 4)))),
           "the message's line has nothing of the content, whoever consented");
    scene_set(&s, FAMILY_BIT(FAMILY_SOURCE),
              FAMILY_BIT(FAMILY_SOURCE) | FAMILY_BIT(FAMILY_LABEL));
    s.verdicts[0].score = s.verdicts[1].score = 1;
    struct bytes record = scene_record(&s);
    tap_ok(content_line(record).size == 0, "without consent there is no content line");
    tap_ok(has(record, "bounce@example.com") && has(record, "192.0.2.1") &&
               has(record, "spf_fail") && has(record, "\"category\""),
           "the envelope is there, and the class that the source alone gives");
    scene_set(&s, FAMILY_BIT(FAMILY_LINKS), FAMILY_BIT(FAMILY_SOURCE));
    record = scene_record(&s);
    tap_ok(has(record, "evil.example") && !has(record, "secretword") &&
               !has(record, "秘密") && !has(record, "sha256") && !has(record, "bomb"),
           "links alone: no words, no hash, no threat");
    scene_set(&s, FAMILY_BIT(FAMILY_THREAT), FAMILY_BIT(FAMILY_SOURCE));
    record = scene_record(&s);
    tap_ok(has(record, "bombwords") && !has(record, "秘密") && !has(record, "evil.example"),
           "threat alone: the words of the threat, nothing else");
    scene_set(&s, 0, 0);
    record = scene_record(&s);
    tap_ok(!has(record, "spf_fail") && has(record, "hanako@example.jp"),
           "no family at all: the envelope alone");
    s.permit.union_families = FAMILY_ALL;
    record = record_write(&arena, &(struct record_of){.arrival = &s.arrival,
                                                      .letter = &s.letter,
                                                      .opinion = &s.opinion,
                                                      .verdict = &s.verdict});
    tap_ok(!has(record, "秘密") && !has(record, "spf_fail") &&
               content_line(record).size == 0,
           "no permit: nothing");
    record = record_write(&arena, &(struct record_of){.arrival = &s.arrival});
    struct record_row row;
    tap_ok(record_read(&arena, record, &row) == SK_OK &&
               bytes_is(row.event.action, "tempfail"),
           "an arrival alone can be recorded");
}

/* A consent is withdrawn: what rests on others stays, word for word. */
static void
test_without(void)
{
    static struct scene s;
    struct bytes rest, content;
    struct record_row row;
    const struct bytes hanako = BYTES("Hanako@example.jp");

    scene_set(&s, FAMILY_ALL, FAMILY_BIT(FAMILY_SOURCE));
    content = content_line(scene_record(&s));
    tap_ok(record_content_without(&arena, content, hanako, FAMILY_ALL, 7, &rest) == SK_OK &&
               rest.size == 0,
           "without the only one nothing is left");
    tap_ok(record_content_without(&arena, content, BYTES("@example.jp"), FAMILY_ALL, 7,
                                  &rest) == SK_OK &&
               rest.size == 0,
           "nor without his domain");
    tap_ok(record_content_without(&arena, content, BYTES("taro@example.jp"), FAMILY_ALL, 7,
                                  &rest) == SK_MORE &&
               record_content_without(&arena, content, hanako, FAMILY_BIT(FAMILY_LABEL), 7,
                                      &rest) == SK_MORE &&
               record_content_without(&arena, BYTES("[1]"), hanako, 1, 7, &rest) == SK_BAD,
           "who does not stand in it, a family he does not carry, what is no content");
    tap_ok(
        record_content_without(&arena, content, hanako, FAMILY_BIT(FAMILY_CONTENT), 7,
                               &rest) == SK_OK &&
            !has(rest, "秘密") && !has(rest, "sha256") && !has(rest, "secretword") &&
            !has(rest, "category") && !has(rest, "unwanted") && !has(rest, "score") &&
            has(rest, "evil.example") && has(rest, "bombwords") &&
            has(rest, "\"reasons\":[0]") && has(rest, "\"of\":7"),
        "of one family: its words, and what was concluded from all, go; the others stay");
    scene_set(&s, FAMILY_ALL, FAMILY_BIT(FAMILY_SOURCE) | FAMILY_BIT(FAMILY_CONTENT));
    content = content_line(scene_record(&s));
    tap_ok(record_content_without(&arena, content, hanako, FAMILY_ALL, 7, &rest) == SK_OK &&
               !has(rest, "hanako") && has(rest, "taro@example.jp") && has(rest, "秘密") &&
               has(rest, "secretword") && !has(rest, "evil.example") &&
               !has(rest, "bombwords") && has(rest, "\"reasons\":[0]"),
           "of one of two: what only he carried goes");
    tap_ok(record_read(&arena, rest, &row) == SK_OK && row.kind == RECORD_CONTENT_AGAIN &&
               row.of == 7 && row.event.time_ms == s.arrival.time_ms && !has(rest, "<b>"),
           "it can be read, and hostile text is escaped as before");
    struct bytes again;
    tap_ok(record_content_without(&arena, rest, BYTES("taro@example.jp"), FAMILY_ALL, 7,
                                  &again) == SK_OK &&
               again.size == 0,
           "and then of the other");
    scene_set(&s, FAMILY_ALL, FAMILY_ALL);
    content = content_line(scene_record(&s));
    tap_ok(record_content_without(&arena, content, hanako, FAMILY_ALL, 7, &rest) == SK_OK &&
               has(rest, "\"category\":\"phishing\"") && has(rest, "\"unwanted\":0.75"),
           "what another carries in full stays in full");
}

/* By what copies are known: who allowed what carries it, and the keeper's number stands in the content alone. */
static void
test_marks(void)
{
    static struct scene s;
    const struct indicator indicators[] = {
        {.type = INDICATOR_PHONE, .value = BYTES("+819012345678"), .disguised = true}};
    struct mark key = {.kind = MARK_PHONE, .joins = true, .key = 0x1234};
    struct marks marks = {.minhash.shingle_count = 20, .keys = &key, .key_count = 1};
    const uint32_t signatures = FAMILY_BIT(FAMILY_SIGNATURES);
    struct bytes content, rest;
    struct record_row row;

    marks.minhash.at[0] = 0xabcd;
    scene_set(&s, FAMILY_ALL, FAMILY_BIT(FAMILY_CONTENT));
    s.opinion.marks = &marks;
    s.opinion.indicators = indicators;
    s.opinion.indicator_count = 1;
    content = content_line(scene_record(&s));
    tap_ok(record_read(&arena, content, &row) == SK_OK && row.signature.size == 344 &&
               bytes_is(row.keys, "P0000000000001234") && row.event.campaign.size == 0 &&
               has(content, "\"indicators\":[{\"type\":\"phone\",\"value\":"
                            "\"+819012345678\",\"disguised\":true}]"),
           "signature, keys and indicators stand in the content");
    content = record_with_campaign(&arena, content, 42);
    tap_ok(record_read(&arena, content, &row) == SK_OK &&
               bytes_is(row.event.campaign, "42") && row.keys.size > 0,
           "and the keeper's number");
    tap_ok(record_content_without(&arena, content, BYTES("hanako@example.jp"), signatures,
                                  7, &rest) == SK_OK &&
               record_read(&arena, rest, &row) == SK_OK && row.signature.size == 0 &&
               row.keys.size == 0 && row.event.campaign.size == 0 &&
               has(rest, "\"indicators\""),
           "without the only one who allowed signatures these go");
    tap_ok(record_content_without(&arena, content, BYTES("hanako@example.jp"),
                                  FAMILY_BIT(FAMILY_LINKS), 7, &rest) == SK_OK &&
               record_read(&arena, rest, &row) == SK_OK && row.signature.size == 344 &&
               row.keys.size == 0 && bytes_is(row.event.campaign, "42") &&
               !has(rest, "\"indicators\""),
           "without links what was made of them");
    tap_ok(record_content_without(&arena, content, BYTES("taro@example.jp"),
                                  FAMILY_BIT(FAMILY_CONTENT), 7, &rest) == SK_OK &&
               record_read(&arena, rest, &row) == SK_OK && row.signature.size == 344 &&
               row.keys.size > 0 && bytes_is(row.event.campaign, "42"),
           "what another carries in full stays");
    scene_set(&s, FAMILY_ALL & ~signatures, FAMILY_ALL & ~signatures);
    s.opinion.marks = &marks;
    s.opinion.indicators = indicators;
    s.opinion.indicator_count = 1;
    content = content_line(scene_record(&s));
    tap_ok(!has(content, "\"signature\"") && !has(content, "\"keys\"") &&
               has(content, "\"indicators\""),
           "without consent to signatures there are none");
    tap_ok(
        record_read(&arena,
                    BYTES("{\"kind\":\"content\",\"id\":\"x\",\"time\":1,\"campaign\":-1}"),
                    &row) == SK_BAD &&
            record_read(
                &arena,
                BYTES("{\"kind\":\"content\",\"id\":\"x\",\"time\":1,\"campaign\":\"7\"}"),
                &row) == SK_BAD,
        "a campaign is a number");
    s.opinion.marks = NULL;
    s.opinion.indicator_count = 0;
}

/* One past the bound is not named. */
static void
test_many_indicators(void)
{
    static struct scene s;
    struct indicator many[LIMIT_RECORD_INDICATORS + 1];

    scene_set(&s, FAMILY_ALL, FAMILY_ALL);
    for (size_t i = 0; i <= LIMIT_RECORD_INDICATORS; i++) {
        many[i] =
            (struct indicator){.type = INDICATOR_PHONE,
                               .value = i < LIMIT_RECORD_INDICATORS - 1 ? BYTES("1")
                                        : i < LIMIT_RECORD_INDICATORS   ? BYTES("lastone")
                                                                        : BYTES("onemore")};
    }
    s.opinion.indicators = many;
    s.opinion.indicator_count = LIMIT_RECORD_INDICATORS + 1;
    struct bytes content = content_line(scene_record(&s));
    tap_ok(has(content, "lastone") && !has(content, "onemore"), "%d indicators are kept",
           LIMIT_RECORD_INDICATORS);
    s.opinion.indicator_count = 0;
}

/* What the keeper remembers stands with the recipient, and goes with him. */
static void
test_conversation(void)
{
    static const struct finding turned = {
        .name = "lure_turn",
        .weight = 1.5,
        .family = FAMILY_CONTENT,
        .detail = {.at = (const uint8_t *)"contact > move", .size = 14}};
    static const struct conversation conversations[2] = {
        {.pairs = {{0xab, 1}}, .pair_count = 1, .turn = &turned}};
    static const char said[] = "\"lure\":{\"stages\":[\"contact\",\"move\"],\"pairs\":["
                               "\"ab010000000000000000000000000000\"],\"turn\":1.5";
    uint32_t content = FAMILY_BIT(FAMILY_CONTENT);
    struct bytes record, rest;
    struct scene s;

    scene_set(&s, content | FAMILY_BIT(FAMILY_LINKS), content);
    s.opinion.lure_stages = 1u << LURE_STAGE_CONTACT | 1u << LURE_STAGE_MOVE;
    s.opinion.conversations = conversations;
    s.opinion.conversation_count = 2;
    s.verdicts[0].turn = &turned;
    record = scene_record(&s);
    struct bytes line = content_line(record);
    size_t at = bytes_find(line, bytes_from_text(said), 0);
    tap_ok(at != BYTES_NOWHERE &&
               bytes_find(line, BYTES("\"lure\""), at + 1) == BYTES_NOWHERE &&
               !has(message_line(record), "\"lure\"") && !has(record, "lure_turn"),
           "a conversation stands with him alone, in the content's line");
    tap_ok(record_content_without(&arena, line, BYTES("taro@example.jp"), content, 7,
                                  &rest) == SK_OK &&
               has(rest, said),
           "and stays when another withdraws");
    tap_ok(record_content_without(&arena, line, BYTES("hanako@example.jp"), content, 7,
                                  &rest) == SK_OK &&
               !has(rest, "lure"),
           "it goes when he does");
    scene_set(&s, FAMILY_BIT(FAMILY_LINKS), content);
    s.opinion.conversations = conversations;
    s.opinion.conversation_count = 2;
    tap_ok(!has(scene_record(&s), "\"lure\""), "who does not allow content has none");
}

static void
test_personal(void)
{
    static const struct finding own = {
        .name = "personal_model", .weight = 2.5, .family = FAMILY_CONTENT};
    static const struct finding *reasons[] = {&own, &findings[1]};
    uint32_t content = FAMILY_BIT(FAMILY_CONTENT);
    struct bytes record, rest;
    struct scene s;

    scene_set(&s, content | FAMILY_BIT(FAMILY_LINKS), content);
    s.verdicts[0].personal = &own;
    s.verdicts[0].reasons = reasons;
    s.verdicts[0].reason_count = 2;
    record = scene_record(&s);
    tap_ok(has(content_line(record), "\"personal\":2.5") &&
               !has(message_line(record), "\"personal") && !has(record, "personal_model"),
           "what his weights said stands with him, in the content's line");
    tap_ok(record_content_without(&arena, content_line(record), BYTES("taro@example.jp"),
                                  content, 7, &rest) == SK_OK &&
               has(rest, "\"personal\":2.5"),
           "and stays when another withdraws");
    tap_ok(record_content_without(&arena, content_line(record), BYTES("hanako@example.jp"),
                                  FAMILY_BIT(FAMILY_LINKS), 7, &rest) == SK_OK &&
               has(rest, "\"personal\":2.5"),
           "or he something else");
    tap_ok(record_content_without(&arena, content_line(record), BYTES("hanako@example.jp"),
                                  content, 7, &rest) == SK_OK &&
               rest.size > 0 && !has(rest, "\"personal\""),
           "a withdrawal takes his weight out, and only his");
}

static void
test_group(void)
{
    static const struct finding shared = {
        .name = "group_model", .weight = -1.5, .family = FAMILY_CONTENT};
    uint32_t content = FAMILY_BIT(FAMILY_CONTENT);
    struct bytes record, rest;
    struct scene s;

    scene_set(&s, content | FAMILY_BIT(FAMILY_LINKS), content);
    s.verdicts[0].of_group = &shared;
    record = scene_record(&s);
    tap_ok(has(content_line(record), "\"group\":-1.5") &&
               !has(message_line(record), "\"group\"") && !has(record, "group_model"),
           "what his group's weights said stands with him, in the content's line");
    tap_ok(record_content_without(&arena, content_line(record), BYTES("taro@example.jp"),
                                  content, 7, &rest) == SK_OK &&
               has(rest, "\"group\":-1.5"),
           "and stays when another withdraws");
    tap_ok(record_content_without(&arena, content_line(record), BYTES("hanako@example.jp"),
                                  content, 7, &rest) == SK_OK &&
               rest.size > 0 && !has(rest, "\"group\""),
           "his withdrawal takes it out");
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
    tap_ok(record_read(&arena, content_line(scene_record(&s)), &row) == SK_OK &&
               row.event.subject.size == LIMIT_RECORD_FIELD &&
               row.event.text.size == LIMIT_RECORD_TEXT,
           "a subject at the bound; the text is cut at its own");
    s.letter.subject = bytes_of(long_text, LIMIT_RECORD_FIELD + 2);
    tap_ok(record_read(&arena, content_line(scene_record(&s)), &row) == SK_OK &&
               row.event.subject.size == LIMIT_RECORD_FIELD,
           "past it: cut");
    memmove(long_text + 1, long_text,
            4000); /* now every character begins at an odd place */
    long_text[0] = 'x';
    s.letter.subject = bytes_of(long_text, LIMIT_RECORD_FIELD + 20);
    tap_ok(record_read(&arena, content_line(scene_record(&s)), &row) == SK_OK &&
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
    struct permit_recipient allowed[2] = {{.families = FAMILY_BIT(FAMILY_CONTENT)}};
    const struct permit permit = {.recipients = allowed, .recipient_count = 2};
    struct bytes record = record_outcome(&arena, &s.arrival, &permit, outcomes);
    tap_ok(record_read(&arena, record, &row) == SK_OK && row.kind == RECORD_OUTCOME &&
               bytes_equal(row.event.id, s.arrival.id) &&
               row.event.time_ms == s.arrival.time_ms,
           "an outcome refers to its message");
    tap_ok(has(record, "\"delivered\"") && has(record, "\"later\"") &&
               has(record, "250 2.0.0 ok"),
           "and tells each recipient's");
    tap_ok(!has(record, "\\\"later"),
           "words that may quote the letter only where it may be read");
    tap_ok(!has(record_outcome(&arena, &s.arrival, NULL, outcomes), "ok\""),
           "and nowhere without a permit");
}

static void
test_reply_codes(void)
{
    static const char *const replies[][2] = {{"550 5.7.1 no `secret`", "550 5.7.1"},
                                             {"250 2.0.0", "250 2.0.0"},
                                             {"250 ok", "250"},
                                             {"250", "250"},
                                             {"550 5.123.456 x", "550 5.123.456"},
                                             {"550 5.1234.456 x", "550"},
                                             {"550 4.7.1 x", "550"},
                                             {"550 5.7.1secret", "550"},
                                             {"550 5.7.123456789", "550"},
                                             {"5501 5.7.1", ""},
                                             {"55", ""},
                                             {"", ""},
                                             {"550-5.7.1 x", "550"},
                                             {"secret", ""}};

    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        tap_ok(bytes_is(record_reply_codes(bytes_from_text(replies[i][0])), replies[i][1]),
               "codes of \"%s\"", replies[i][0]);
    }
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

/* Strings are read eight bytes at a time: what ends or breaks them may stand at any place of the eight. */
static void
test_strings(void)
{
    static const char *const plain[] = {"a", "\x7f", "\xe8\xab\x8b", "\xff", "!", "#",
                                        "[", "]"};
    static const struct {
        const char *bytes;
        size_t size;
        bool good;
    } at[] = {{"\\n", 2, true},  {"\\\\", 2, true}, {"\\\"", 2, true}, {"\x1f", 1, false},
              {"\0", 1, false},  {"\n", 1, false},  {"\xa2", 1, true}, {"\x80", 1, true},
              {"\xdc", 1, true}, {" ", 1, true}};
    size_t right = 0, all = 0;

    for (size_t before = 0; before < 20; before++) {
        for (size_t i = 0; i < 8 * sizeof(at) / sizeof(at[0]); i++) {
            const char *fill = plain[i % 8];
            size_t which = i / 8;
            struct record_row row;
            struct writer w;
            writer_init(&w, &arena);
            writer_text(&w, "{\"kind\":\"message\",\"time\":1,\"id\":\"");
            for (size_t n = 0; n < before; n++) {
                writer_text(&w, fill);
            }
            writer_bytes(&w, bytes_of(at[which].bytes, at[which].size));
            writer_text(&w, "z\"}");
            enum sk_code code = record_read(&arena, writer_view(&w), &row);
            struct bytes id = row.event.id;
            right +=
                at[which].good
                    ? code == SK_OK && id.size == before * strlen(fill) + 2 &&
                          id.at[id.size - 1] == 'z' &&
                          id.at[id.size - 2] ==
                              (which == 0 ? '\n'
                                          : (uint8_t)at[which].bytes[at[which].size - 1])
                    : code == SK_BAD;
            all++;
        }
    }
    tap_ok(right == all && all == 1600,
           "an escape, a control character or a high byte at each place of a string");
}

int
main(void)
{
    arena_init(&arena, (size_t)256 << 20);
    test_message();
    test_content();
    test_secrecy();
    test_without();
    test_marks();
    test_many_indicators();
    test_personal();
    test_group();
    test_conversation();
    test_bounds();
    test_outcome();
    test_reply_codes();
    test_read();
    test_strings();
    arena_release(&arena);
    return tap_done();
}
