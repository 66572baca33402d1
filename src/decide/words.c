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
