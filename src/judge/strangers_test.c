#include "judge/opinion.h"

#include "base/tap.h"
#include "judge/written_private.h"

static struct arena arena;
static struct judge *judge;

static const char lure[] =
    "From: =?utf-8?B?55Sx576O?= <yumi@example.com>\nSubject: x\nMIME-Version: 1.0\n"
    "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
    "人違いだったらごめんなさい。でも何かの縁だと思うので、お友達になってくれませんか。\n"
    "一人暮らしで毎日寂しいです。LINEを追加してね、IDは yumi_77 です。\n";
static const char phishing[] =
    "From: =?utf-8?B?5LiJ5LqV5L2P5Y+L6YqA6KGM?= <a@evil.example>\nSubject: x\n"
    "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
    "Content-Transfer-Encoding: 8bit\n\n"
    "アカウントを停止しました。24時間以内に本人確認をお願いします。\n"
    "https://login.weebly.com/\n";

static const struct opinion *
opinion_of(const char *mail, uint32_t families)
{
    return judge_letter(&arena, judge, permit_for_tool(&arena, families), NULL,
                        letter_read(&arena, bytes_from_text(mail)), NULL);
}

static const struct finding *
finding_of(const struct opinion *o, const char *name)
{
    for (size_t i = 0; i < o->finding_count; i++) {
        if (strcmp(o->findings[i].name, name) == 0) {
            return &o->findings[i];
        }
    }
    return NULL;
}

static size_t
lures_of(const struct opinion *o)
{
    size_t count = 0;

    for (size_t i = 0; i < o->finding_count; i++) {
        count += strncmp(o->findings[i].name, "lure_", 5) == 0;
    }
    return count;
}

static void
test_lure(void)
{
    const struct opinion *o = opinion_of(lure, FAMILY_ALL);
    const struct finding *move = finding_of(o, "lure_move");

    tap_ok(lures_of(o) >= 3 && move != NULL && move->weight > 0 && move->detail.size > 0 &&
               move->said.at >= o->normal.at &&
               move->said.at + move->said.size <= o->normal.at + o->normal.size,
           "a lure: its themes, with words of the normal form");
    tap_ok(o->category == CATEGORY_LURE && o->unwanted > 0.5, "and its category");
    tap_ok(o->lure_stages != 0, "and how far it leads");
    o = opinion_of(lure, FAMILY_ALL & ~FAMILY_BIT(FAMILY_CONTENT));
    tap_ok(lures_of(o) == 0 && o->lure_stages == 0,
           "nothing of it without consent to content");
}

static void
test_phishing(void)
{
    const struct opinion *o = opinion_of(phishing, FAMILY_ALL);
    const struct finding *brand = finding_of(o, "brand_mismatch");

    tap_ok(brand != NULL && brand->family == FAMILY_LABEL && brand->weight > 1 &&
               bytes_find(brand->detail, BYTES("smbc.co.jp"), 0) != BYTES_NOWHERE &&
               bytes_find(brand->detail, BYTES("evil.example"), 0) != BYTES_NOWHERE,
           "a brand, its domain, and the one that is seen");
    tap_ok(finding_of(o, "login_pressure") != NULL &&
               finding_of(o, "disposable_host") != NULL,
           "pressure, and a host that anybody gets");
    tap_ok(o->category == CATEGORY_PHISHING, "and its category");
    o = opinion_of(phishing, FAMILY_BIT(FAMILY_LABEL));
    tap_ok(finding_of(o, "brand_mismatch") != NULL &&
               finding_of(o, "login_pressure") == NULL &&
               finding_of(o, "disposable_host") == NULL && o->normal.size == 0,
           "the label alone says whose name it bears, and reads no text");
    o = opinion_of(phishing, FAMILY_BIT(FAMILY_SOURCE) | FAMILY_BIT(FAMILY_LINKS));
    tap_ok(finding_of(o, "brand_mismatch") == NULL, "without it nothing is said of names");
}

/* Wording is asked about in doubt alone; where the classifier is sure, the table's themes speak only when they are many. */
static void
test_doubt(void)
{
    struct bytes file = written_file(&arena, "tests/written/lures-2.tsv");
    size_t sure = 0, doubted = 0, wrong = 0, lures = 0, others = 0;
    struct arena scratch;
    struct written it;

    arena_init(&scratch, 1 << 27);
    while (written_next(&scratch, &file, &it)) {
        const struct opinion *o = judge_letter(
            &scratch, judge, permit_for_tool(&scratch, FAMILY_ALL), NULL, it.letter, NULL);
        const struct finding *wording = finding_of(o, "lure_wording");
        bool is = bytes_is(it.column[0], "lure");
        sure += o->content < 0.05;
        doubted += o->content >= 0.2;
        wrong += o->content < 0.05 &&
                 (wording != NULL || (o->lure_class != 0) != (lures_of(o) > 0));
        wrong += o->content >= 0.2 && o->lure_class == 0;
        wrong += lures_of(o) > 0 && o->lure_class == 0;
        wrong += wording != NULL && (wording->weight <= 0 || wording->weight > 4.5);
        lures += is && o->category == CATEGORY_LURE && o->unwanted >= 0.5;
        others += !is && o->category == CATEGORY_LURE && o->unwanted >= 0.5;
        arena_release(&scratch);
    }
    tap_ok(sure > 20 && doubted > 100 && wrong == 0,
           "asked in doubt (%zu) and not without (%zu): %zu wrong", doubted, sure, wrong);
    tap_ok(lures >= 120 && others <= 5, "%zu of 130 lures, %zu of 257 others", lures,
           others);
}

/* Two recipients, of whom one allows less. */
static void
test_apart(void)
{
    struct permit_recipient recipients[2] = {
        {.families = FAMILY_BIT(FAMILY_CONTENT) | FAMILY_BIT(FAMILY_LINKS) |
                     FAMILY_BIT(FAMILY_LABEL)},
        {.families = FAMILY_BIT(FAMILY_LINKS) | FAMILY_BIT(FAMILY_LABEL)}};
    const struct permit permit = {
        .recipients = recipients, .recipient_count = 2, .union_families = FAMILY_ALL};
    const struct opinion *o = judge_letter(
        &arena, judge, &permit, NULL, letter_read(&arena, bytes_from_text(phishing)), NULL);
    const struct finding *host = finding_of(o, "disposable_host");

    tap_ok(host != NULL && host->weight < 0.2,
           "who allows links alone is not told by their weight what the text says");
}

int
main(void)
{
    struct why why;

    arena_init(&arena, 1 << 28);
    if (!tap_ok(judge_open(&arena, NULL, &judge, &why) == SK_OK, "a judge")) {
        printf("# %s\n", why.sentence);
        return tap_done();
    }
    test_lure();
    test_phishing();
    test_apart();
    test_doubt();
    judge_close(judge);
    arena_release(&arena);
    return tap_done();
}
