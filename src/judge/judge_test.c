#include "judge/judge.h"

#include "base/tap.h"
#include "base/writer.h"
#include "parse/enclosure.h"

static struct arena arena;
static struct judge *judge;

#define HEAD                                                                               \
    "From: a@example.jp\r\nTo: b@example.jp\r\nContent-Type: text/plain; "                 \
    "charset=utf-8\r\n"

static const struct opinion *
judged(const char *raw, uint32_t families, const struct origin *origin)
{
    const struct permit *permit = permit_for_tool(&arena, families);
    struct arrival arrival = {.raw = bytes_from_text(raw)};

    return judge_letter(&arena, judge, permit, &arrival,
                        letter_read(&arena, bytes_from_text(raw)), origin);
}

static const struct finding *
find(const struct opinion *o, const char *name)
{
    for (size_t i = 0; i < o->finding_count; i++) {
        if (strcmp(o->findings[i].name, name) == 0) {
            return &o->findings[i];
        }
    }
    return NULL;
}

static bool
within(const struct opinion *o, uint32_t families)
{
    for (size_t i = 0; i < o->finding_count; i++) {
        if ((FAMILY_BIT(o->findings[i].family) & families) == 0) {
            return false;
        }
    }
    return true;
}

static const char threat_mail[] =
    HEAD "Subject: =?UTF-8?B?5LqI5ZGK?=\r\n\r\n明日15時34分に市役所を爆破します。\r\n";
static const char link_mail[] =
    "From: a@example.jp\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    "<html><body><p>Please sign in at <a "
    "href=\"http://evil.example.net/x\">https://www.bank.example.com/</a></p></body></"
    "html>\r\n";

static void
test_permit(void)
{
    const struct opinion *o;

    for (uint32_t families = 0; families <= FAMILY_ALL; families++) {
        o = judged(threat_mail, families, NULL);
        bool content = (families & FAMILY_BIT(FAMILY_CONTENT)) != 0,
             threat = (families & FAMILY_BIT(FAMILY_THREAT)) != 0;
        bool good = within(o, families) && o->content_read == content &&
                    (o->normal.size > 0) == (content || threat) &&
                    (o->threat == THREAT_BOMB) == threat &&
                    (o->threat_words.size > 0) == threat && (content || o->content == 0);
        if (!good) {
            tap_ok(false, "families %x", families);
        }
    }
    tap_ok(true, "every set of families was tried");
    o = judged(threat_mail, FAMILY_BIT(FAMILY_SOURCE) | FAMILY_BIT(FAMILY_LABEL), NULL);
    tap_ok(o->finding_count == 0 && o->unwanted == o->unwanted_source &&
               o->category == CATEGORY_HAM,
           "without consent the content weighs nothing");
    const struct opinion *other =
        judged(link_mail, FAMILY_BIT(FAMILY_SOURCE) | FAMILY_BIT(FAMILY_LABEL), NULL);
    tap_ok(o->unwanted == other->unwanted,
           "two messages of the same source are the same without consent");
    o = judged(link_mail, FAMILY_ALL & ~FAMILY_BIT(FAMILY_LINKS), NULL);
    tap_ok(find(o, "link_text_mismatch") == NULL, "no links without consent to links");
    o = judged(link_mail, FAMILY_BIT(FAMILY_LINKS), NULL);
    tap_ok(find(o, "link_text_mismatch") != NULL && o->normal.size == 0, "links alone");
}

static const struct opinion *
judged_enclosed(const char *text, const struct permit *permit)
{
    struct letter *letter = ARENA_NEW(&arena, struct letter);
    struct enclosures *enclosures = ARENA_NEW(&arena, struct enclosures);

    *letter = *letter_read(&arena, BYTES(HEAD "\r\n資料を添付します。\r\n"));
    enclosures->text = bytes_from_text(text);
    letter->enclosures = enclosures;
    return judge_letter(&arena, judge, permit, NULL, letter, NULL);
}

/* An offer in an attachment is told to who allows attachments and threats, and by nobody's consent to one of them alone. */
static void
test_enclosed(void)
{
    static const char offer[] =
        "レンコン入荷しました。チャカもあります。手押し可、即日。\n";
    static const char cooking[] =
        "蓮根の煮物のレシピです。茨城の農家から産直で届きました。\n";
    const struct opinion *o = judged_enclosed(offer, permit_for_tool(&arena, FAMILY_ALL));
    const struct finding *slang = find(o, "attachment_slang");

    tap_ok(slang != NULL && slang->family == FAMILY_ATTACHMENTS && slang->weight > 3 &&
               slang->detail.size > 0 && find(o, "trade_slang") == NULL &&
               find(o, "attachment_threat") == NULL && o->category == CATEGORY_SLANG &&
               o->unwanted > 0.5,
           "an offer in an attachment");
    o = judged_enclosed("明日15時34分に市役所を爆破します。\n",
                        permit_for_tool(&arena, FAMILY_ALL));
    tap_ok(find(o, "attachment_threat") != NULL && find(o, "attachment_slang") == NULL &&
               o->category == CATEGORY_THREAT,
           "and a notice of crime");
    tap_ok(find(judged_enclosed(cooking, permit_for_tool(&arena, FAMILY_ALL)),
                "attachment_slang") == NULL,
           "cooking in an attachment");
    bool right = true;
    for (uint32_t families = 0; families <= FAMILY_ALL; families++) {
        bool may = (families & FAMILY_BIT(FAMILY_ATTACHMENTS)) != 0 &&
                   (families & FAMILY_BIT(FAMILY_THREAT)) != 0;
        o = judged_enclosed(offer, permit_for_tool(&arena, families));
        right = right && (find(o, "attachment_slang") != NULL) == may;
    }
    tap_ok(right,
           "of every set of families only those with attachments and threat tell it");
    struct permit_recipient recipients[2] = {{.families = FAMILY_ALL},
                                             {.families = FAMILY_BIT(FAMILY_ATTACHMENTS)}};
    const struct permit apart = {
        .recipients = recipients, .recipient_count = 2, .union_families = FAMILY_ALL};
    tap_ok(find(judged_enclosed(offer, &apart), "attachment_slang") == NULL,
           "nor is it told where another allows attachments alone");
}

static void
test_findings(void)
{
    struct origin origin = {0};
    const struct opinion *o = judged(threat_mail, FAMILY_ALL, NULL);

    tap_ok(o->category == CATEGORY_THREAT && find(o, "threat_notice") != NULL &&
               o->threat_severity >= 3 && o->unwanted > 0.5,
           "a bomb threat: severity %d", o->threat_severity);
    o = judged(
        HEAD
        "Subject: menu\r\n\r\n蓮根の煮物のレシピです。茨城の農家から産直で届きました。\r\n",
        FAMILY_ALL, NULL);
    tap_ok(find(o, "trade_slang") == NULL && o->threat == THREAT_NONE, "cooking");
    o = judged(HEAD "\r\nレンコン入荷しました。チャカもあります。手押し可、即日。\r\n",
               FAMILY_ALL, NULL);
    tap_ok(find(o, "trade_slang") != NULL && o->category == CATEGORY_SLANG, "slang");
    test_enclosed();
    origin.dmarc.result = AUTH_FAIL;
    origin.dmarc.policy = DMARC_POLICY_REJECT;
    origin.spf.result = AUTH_FAIL;
    origin_note(&arena, &origin, "dynamic_name", BYTES("p1234-ipbf05.tokyo.ocn.ne.jp"));
    o = judged(threat_mail, FAMILY_BIT(FAMILY_SOURCE), &origin);
    tap_ok(find(o, "spf_fail") != NULL && find(o, "dynamic_name") != NULL &&
               find(o, "dmarc_fail") == NULL,
           "source without label");
    o = judged(threat_mail, FAMILY_ALL, &origin);
    bool ordered = true;
    for (size_t i = 1; i < o->finding_count; i++) {
        double a = o->findings[i - 1].weight, b = o->findings[i].weight;
        ordered = ordered && (a < 0 ? -a : a) >= (b < 0 ? -b : b);
    }
    tap_ok(ordered && find(o, "dmarc_fail") != NULL, "heaviest first");
    tap_ok(o->unwanted_source > 0.5 && o->unwanted_source < o->unwanted,
           "source alone: %.3f", o->unwanted_source);
}

#define BOTH(ours, theirs)                                                                 \
    "Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n--a\r\n" ours            \
    "\r\n--a--\r\n--b\r\n" theirs "\r\n--b--\r\n"
#define UTF8 "Content-Type: text/plain; charset=utf-8"

/* What only another mail program shows is judged like the rest. */
static void
test_readings(void)
{
    const struct opinion *o =
        judged(BOTH("\r\nhello", UTF8 "\r\n\r\n明日15時34分に市役所を爆破します。"),
               FAMILY_ALL, NULL);
    tap_ok(find(o, "threat_notice") != NULL && find(o, "two_readings") != NULL,
           "a threat that the second boundary shows");
    o = judged(
        BOTH("\r\nhello", "Content-Disposition: attachment; filename=a.exe\r\n\r\nMZ"),
        FAMILY_ALL, NULL);
    tap_ok(find(o, "attachment_program") != NULL,
           "a program that the second boundary shows");
    o = judged("Content-Type: a/b; name=a.exe\r\nContent-Disposition: attachment; "
               "filename=a.txt\r\n\r\nMZ",
               FAMILY_ALL, NULL);
    tap_ok(find(o, "attachment_program") != NULL && find(o, "file_name_two") != NULL,
           "a program by its second name");
    o = judged("\r\nbegin 644 a.exe\r\n#0V%T\r\n`\r\nend\r\n", FAMILY_ALL, NULL);
    tap_ok(find(o, "attachment_program") != NULL && find(o, "file_in_text") != NULL,
           "a program inside the text");
    o = judged("Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\r\n\r\n"
               "明日15時34分に市役 \r\n所を爆 \r\n破します。\r\n",
               FAMILY_ALL, NULL);
    tap_ok(find(o, "threat_notice") != NULL, "a threat cut by soft line ends");
    char large[400000] =
        BOTH("\r\nhello", UTF8 "\r\n\r\n明日15時34分に市役所を爆破します。");
    char *at = strstr(large, "hello");
    memmove(at + 300000, at, strlen(at) + 1);
    memset(at, 'x', 300000);
    o = judged(large, FAMILY_ALL, NULL);
    tap_ok(find(o, "threat_notice") != NULL, "behind more text than is read");
}

static void
test_hostile(void)
{
    tap_ok(judged("", FAMILY_ALL, NULL)->unwanted >= 0, "nothing at all");
    tap_ok(judged("\r\n\r\n", FAMILY_ALL, NULL) != NULL, "no header");
    tap_ok(judged("Subject: \xff\xfe=?x?B?", FAMILY_ALL, NULL) != NULL,
           "a broken header alone");
}

static void
test_learning(void)
{
    const struct letter *spam =
        letter_read(&arena, BYTES(HEAD "\r\nquite peculiar zymurgy offer\r\n"));
    struct bytes lesson = judge_lesson(&arena, spam);
    double before = judge_score(&arena, judge, spam);
    uint64_t learnt_spam, learnt_ham, then;

    judge_counts(judge, &then, &learnt_ham);
    tap_ok(judge_teach(judge, lesson, true) == SK_OK &&
               judge_score(&arena, judge, spam) > before,
           "a lesson tells");
    judge_counts(judge, &learnt_spam, &learnt_ham);
    tap_ok(learnt_spam == then + 1, "and is counted");
    tap_ok(judge_teach(judge, BYTES(""), true) == SK_BAD &&
               judge_teach(judge, BYTES("\xff\xff"), true) == SK_BAD &&
               judge_teach(judge, BYTES("\0\5abcd"), true) == SK_BAD,
           "broken lessons");
    tap_ok(judge_swap(judge, "/nonexistent", NULL) != SK_OK, "a model that is not there");
    tap_ok(judge_swap(judge, "", NULL) == SK_OK, "an untaught model");
    tap_ok(judge_score(&arena, judge, spam) == 0.5, "knows nothing");
}

static void
test_encodings(void)
{
    static const char *const mails[] = {
        "Subject: =?UTF-8?B?44GT44KT?=\r\nContent-Type: text/plain; "
        "charset=utf-8\r\n\r\n\xe7\x88\x86\xe7\xa0\xb4\xe4\xba\x88\xe5\x91\x8a\r\n",
        "Subject: =?ISO-2022-JP?B?GyRCJDMkcxsoQg==?=\r\nContent-Type: text/plain; "
        "charset=iso-2022-jp\r\n\r\n\x1b$BGzGKM=9p\x1b(B\r\n",
        "Subject: =?EUC-JP?B?pLOk8w==?=\r\nContent-Type: text/plain; "
        "charset=euc-jp\r\n\r\n\xc7\xfa\xc7\xcb\xcd\xbd\xb9\xf0\r\n",
        "Subject: =?Shift_JIS?B?grGC8Q==?=\r\nContent-Type: text/plain; "
        "charset=Shift_JIS\r\n\r\n\x94\x9a\x94j\x97\\\x8d\x90\r\n",
    };
    double first = judged(mails[0], FAMILY_ALL, NULL)->unwanted;

    for (size_t i = 1; i < sizeof mails / sizeof *mails; i++) {
        const struct opinion *o = judged(mails[i], FAMILY_ALL, NULL);
        tap_ok(o->unwanted == first &&
                   bytes_find(o->normal, BYTES("爆破予告"), 0) != BYTES_NOWHERE,
               "encoding %zu: %.6f, %.6f", i, o->unwanted, first);
    }
}

int
main(void)
{
    struct why why;

    arena_init(&arena, (size_t)1 << 30);
    if (judge_open(&arena, NULL, &judge, &why) != SK_OK) {
        printf("Bail out! %s\n", why.sentence);
        return 1;
    }
    test_permit();
    test_findings();
    test_readings();
    test_hostile();
    test_encodings();
    test_learning();
    judge_close(judge);
    arena_release(&arena);
    return tap_done();
}
