/* The one table from a finding's name to words for people. A name that the judge uses and that does not stand here fails
 * a test (decide/words_test.c reads this table, tools/check-docs the names). */
#include "decide/verdict.h"

#include <string.h>

static const struct {
    const char *name, *ja, *en;
} findings[] = {
#include "decide/findings.inc"
};

static const struct {
    const char *ja, *en;
} actions[] = {
    [VERDICT_ACCEPT] = {"通した", "accepted"},
    [VERDICT_LABEL] = {"印を付けて通した", "accepted with a label"},
    [VERDICT_HOLD] = {"保留した", "held"},
    [VERDICT_REFUSE] = {"受け取りを拒否した", "refused"},
    [VERDICT_TEMPFAIL] = {"後で送り直すよう求めた", "put off for another try"},
};

static const struct {
    const char *ja, *en;
} categories[CATEGORY_COUNT] = {
    [CATEGORY_HAM] = {"普通のメール", "wanted mail"},
    [CATEGORY_BULK] = {"一斉送信のメール", "mail to many"},
    [CATEGORY_ADVERTISEMENT] = {"広告", "advertisement"},
    [CATEGORY_LURE] = {"出会い系などの誘い", "dating lure"},
    [CATEGORY_PHISHING] = {"フィッシング", "phishing"},
    [CATEGORY_EXTORTION] = {"恐喝・架空請求", "extortion or a made-up bill"},
    [CATEGORY_MALWARE] = {"ウイルスなどの送り付け", "malware"},
    [CATEGORY_THREAT] = {"犯罪予告", "notice of a crime"},
    [CATEGORY_SLANG] = {"隠語による取引", "trade in slang"},
    [CATEGORY_ADVANCE_FEE] = {"前払い金の詐欺", "advance fee fraud"},
    [CATEGORY_BOUNCE] = {"不達通知", "a mail server's reply"},
};

static const struct {
    const char *ja, *en;
} families[FAMILY_COUNT] = {
    [FAMILY_SOURCE] = {"送信元", "source"},
    [FAMILY_LABEL] = {"認証結果", "authentication results"},
    [FAMILY_CONTENT] = {"内容", "content"},
    [FAMILY_LINKS] = {"リンク", "links"},
    [FAMILY_SIGNATURES] = {"指紋", "signatures"},
    [FAMILY_ATTACHMENTS] = {"添付", "attachments"},
    [FAMILY_THREAT] = {"犯罪予告", "threats"},
    [FAMILY_STATISTICS] = {"統計", "statistics"},
    [FAMILY_DMARC] = {"差出人ドメインの方針", "policy of the From domain"},
};

static const struct {
    const char *ja, *en;
} grounds[GROUND_COUNT] = {
    [GROUND_NONE] = {"なし", "none"},
    [GROUND_CONSENT] = {"本人の同意", "consent"},
    [GROUND_LAWFUL_ACT] = {"正当業務行為", "lawful business act"},
    [GROUND_EMERGENCY] = {"緊急避難", "emergency"},
    [GROUND_HOUSE_RULE] = {"組織の規則", "rule of the house"},
    [GROUND_TERMS] = {"約款による包括同意", "consent in the terms of service"},
};

bool
words_finding(size_t i, const char **name_r, const char **ja_r, const char **en_r)
{
    if (i >= sizeof findings / sizeof findings[0]) {
        return false;
    }
    *name_r = findings[i].name;
    *ja_r = findings[i].ja;
    *en_r = findings[i].en;
    return true;
}

static size_t
words_index(const char *name)
{
    size_t i = 0;

    while (i < sizeof findings / sizeof findings[0] &&
           strcmp(findings[i].name, name) != 0) {
        i++;
    }
    return i;
}

const char *
words_finding_ja(const char *name)
{
    size_t i = words_index(name);

    return i < sizeof findings / sizeof findings[0] ? findings[i].ja : name;
}

const char *
words_finding_en(const char *name)
{
    size_t i = words_index(name);

    return i < sizeof findings / sizeof findings[0] ? findings[i].en : name;
}

const char *
words_action_ja(enum verdict_action action)
{
    return actions[action].ja;
}

const char *
words_action_en(enum verdict_action action)
{
    return actions[action].en;
}

const char *
words_category_ja(enum category category)
{
    return categories[category].ja;
}

const char *
words_category_en(enum category category)
{
    return categories[category].en;
}

const char *
words_family_ja(enum permit_family family)
{
    return families[family].ja;
}

const char *
words_family_en(enum permit_family family)
{
    return families[family].en;
}

const char *
words_ground_ja(enum permit_ground ground)
{
    return grounds[ground].ja;
}

const char *
words_ground_en(enum permit_ground ground)
{
    return grounds[ground].en;
}
