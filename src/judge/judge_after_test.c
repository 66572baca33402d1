#include "judge/judge.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "judge/bulk_rules.h"
#include "judge/indicators.h"
#include "judge/marks.h"
#include "judge/sender_law.h"

static struct arena arena;
static struct judge *judge;

#define HEAD                                                                               \
    "From: a@example.jp\r\nTo: b@example.jp\r\nContent-Type: text/plain; "                 \
    "charset=utf-8\r\n"

static const char swindle[] = HEAD
    "Subject: payment\r\n\r\n"
    "本日中に手数料を下記の口座へお振込みください。みずほ銀行 新宿支店 普通 1234567\r\n"
    "お問い合わせは 090-1234-5678 まで。https://pay.example.net/x\r\n";

static const struct opinion *
judged_as(const char *raw, const struct permit *permit, const struct letter *letter)
{
    struct arrival arrival = {.raw = bytes_from_text(raw)};

    return judge_letter(&arena, judge, permit, &arrival, letter, NULL);
}

static const struct opinion *
judged(const char *raw, uint32_t families)
{
    return judged_as(raw, permit_for_tool(&arena, families),
                     letter_read(&arena, bytes_from_text(raw)));
}

static bool
has(const struct opinion *o, const char *finding)
{
    for (size_t i = 0; i < o->finding_count; i++) {
        if (strcmp(o->findings[i].name, finding) == 0) {
            return o->findings[i].weight == 0 && o->findings[i].family == FAMILY_CONTENT;
        }
    }
    return false;
}

static bool
names(const struct opinion *o, enum indicator_type type)
{
    for (size_t i = 0; i < o->indicator_count; i++) {
        if (o->indicators[i].type == type) {
            return true;
        }
    }
    return false;
}

static void
test_consent(void)
{
    bool good = true;

    judge_use_seed(judge, 7);
    for (uint32_t families = 0; families <= FAMILY_ALL; families++) {
        const struct opinion *o = judged(swindle, families);
        bool content = (families & FAMILY_BIT(FAMILY_CONTENT)) != 0,
             links = (families & FAMILY_BIT(FAMILY_LINKS)) != 0,
             signatures = (families & FAMILY_BIT(FAMILY_SIGNATURES)) != 0;
        if (names(o, INDICATOR_BANK_ACCOUNT) != content ||
            names(o, INDICATOR_URL) != (content && links) ||
            (o->marks != NULL) != signatures || (!content && o->law != NULL)) {
            tap_ok(false, "families %x", families);
            good = false;
        }
    }
    tap_ok(good, "accounts with content, links with links too, marks with signatures");
    judge_use_seed(judge, 0);
    tap_ok(judged(swindle, FAMILY_ALL)->marks == NULL, "without the secret no marks");
}

/* An unwanted mail with a number whose last digit is the last byte that is read, or the one past it. */
static void
test_road(void)
{
    static const char number[] = "TEL 090-1234-5678";
    const struct bytes demand = BYTES("本日中に手数料を下記の口座へお振込みください。\n");
    const struct opinion *o;
    struct writer w;
    size_t head, fill;

    for (size_t past = 0; past < 2; past++) {
        writer_init(&w, &arena);
        writer_text(&w, HEAD "Subject: payment\r\n\r\n");
        head = w.size;
        fill = LIMIT_INDICATOR_ROAD - strlen(number) + past;
        while (w.size - head + demand.size <= fill) {
            writer_bytes(&w, demand);
        }
        while (w.size - head < fill) {
            writer_byte(&w, '-');
        }
        writer_text(&w, number);
        o = judged(writer_c(&w), FAMILY_ALL);
        tap_ok(o->unwanted >= 0.5 && names(o, INDICATOR_PHONE) == (past == 0),
               past ? "a number that ends past the bound is not looked for"
                    : "one that ends at it is");
    }
}

static void
test_wanted(void)
{
    static const char raw[] =
        HEAD "Subject: 明日の昼食\r\n\r\n"
             "田中様\r\n\r\nお世話になっております。明日の昼食の件、12時に駅の改札で"
             "お待ちしております。遅れるときは 090-1234-5678 までお知らせください。\r\n"
             "よろしくお願いいたします。\r\n鈴木\r\n";
    const struct permit *permit = permit_for_tool(&arena, FAMILY_ALL),
                        *none = permit_for_tool(&arena,
                                                FAMILY_ALL & ~FAMILY_BIT(FAMILY_CONTENT));
    const struct letter *letter = letter_read(&arena, bytes_from_text(raw));
    const struct opinion *o = judged_as(raw, permit, letter);

    tap_ok(o->unwanted < 0.5 && o->threat == THREAT_NONE && o->indicator_count == 0,
           "on the road nothing is told of wanted mail (%.2f)", o->unwanted);
    judge_look(&arena, none, letter, o);
    tap_ok(o->indicator_count == 0, "a tool without content does not look either");
    judge_look(&arena, permit, letter, o);
    tap_ok(o->indicator_count == 1 && names(o, INDICATOR_PHONE),
           "a tool that looks for it finds it");
    judge_look(&arena, permit, letter, o);
    tap_ok(o->indicator_count == 1, "looking again adds nothing");
    letter = letter_read(&arena, bytes_from_text(swindle));
    o = judged_as(swindle, permit, letter);
    const struct indicator *told = o->indicators;
    judge_look(&arena, permit, letter, o);
    tap_ok(o->unwanted >= 0.5 && o->indicator_count > 0 && o->indicators == told,
           "of unwanted mail they are told already");
}

static const char advert[] =
    "Subject: 未承諾広告※ 夏の大セール\r\n\r\n"
    "今だけ半額の大セール開催中です。期間限定の割引クーポンをプレゼントします。"
    "お買い得な新商品を送料無料でお届けします。詳しくはこちら "
    "https://shop.example.net/\r\n";

static void
test_duties(void)
{
    struct writer w;
    struct json j;
    const struct opinion *o = judged(swindle, FAMILY_ALL);

    tap_ok(o->law == NULL && o->bulk == NULL && !has(o, "law_postal_address"),
           "a person's mail owes nothing");
    writer_init(&w, &arena);
    writer_text(&w, HEAD);
    writer_text(&w, advert);
    o = judged(writer_c(&w), FAMILY_ALL);
    tap_ok(
        o->law != NULL && has(o, "law_old_label") && has(o, "law_postal_address") &&
            has(o, "law_optout_notice"),
        "with the old label it is asked for its duties; they are told, and weigh nothing");
    writer_init(&w, &arena);
    writer_text(&w,
                HEAD "Precedence: bulk\r\nList-Unsubscribe: "
                     "<https://shop.example.net/stop>\r\nList-Id: <shop.example.net>\r\n");
    writer_text(&w, advert);
    o = judged(writer_c(&w), FAMILY_ALL);
    bool many = o->category == CATEGORY_BULK || o->category == CATEGORY_ADVERTISEMENT;
    tap_ok(
        many && o->bulk != NULL && has(o, "bulk_one_click") &&
            !has(o, "bulk_list_unsubscribe") && !has(o, "bulk_spf"),
        "mail to many is asked for the rules of providers too; what is open is not told");
    writer_init(&w, &arena);
    json_init(&j, &w);
    opinion_write_json(o, &j);
    struct bytes text = writer_view(&w);
    tap_ok(bytes_find(text, BYTES("\"duties\":{\"missing\":["), 0) != BYTES_NOWHERE &&
               bytes_find(text, BYTES("\"bulk\":["), 0) != BYTES_NOWHERE,
           "both stand in its JSON");
    writer_init(&w, &arena);
    json_init(&j, &w);
    opinion_write_json(judged(swindle, FAMILY_ALL), &j);
    text = writer_view(&w);
    tap_ok(bytes_find(text,
                      BYTES("{\"type\":\"phone\",\"value\":\"+819012345678\",\"from\":"),
                      0) != BYTES_NOWHERE &&
               bytes_find(text, BYTES("\"number\":\"1234567\""), 0) != BYTES_NOWHERE &&
               bytes_find(text, BYTES("duties"), 0) == BYTES_NOWHERE,
           "so do indicators, with their place");
}

int
main(void)
{
    struct why why;

    arena_init(&arena, (size_t)1 << 30);
    if (judge_open(&arena, NULL, &judge, &why) != SK_OK) {
        return 1;
    }
    test_consent();
    test_road();
    test_wanted();
    test_duties();
    judge_close(judge);
    arena_release(&arena);
    return tap_done();
}
