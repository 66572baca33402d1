#include "judge/opinion.h"

const char *
category_name(enum category category)
{
    static const char *const names[CATEGORY_COUNT] = {
        "ham",     "bulk",   "advertisement", "lure",        "phishing", "extortion",
        "malware", "threat", "slang",         "advance_fee", "bounce",
    };

    return names[category];
}

const char *
threat_kind_name(enum threat_kind kind)
{
    static const char *const names[] = {"none",  "murder", "attack", "bomb",
                                        "arson", "poison", "suicide"};

    return names[kind];
}

static void
write_findings(const struct opinion *o, struct json *j)
{
    json_key(j, "findings");
    json_open(j, '[');
    for (size_t i = 0; i < o->finding_count; i++) {
        const struct finding *finding = &o->findings[i];
        json_open(j, '{');
        json_put_text(j, "name", finding->name);
        json_put_real(j, "weight", finding->weight, 3);
        json_put_text(j, "family", permit_family_name(finding->family));
        if (finding->detail.size > 0) {
            json_put_string(j, "detail", finding->detail);
        }
        if (finding->to > finding->from) {
            json_put_number(j, "from", (int64_t)finding->from);
            json_put_number(j, "to", (int64_t)finding->to);
        }
        json_close(j);
    }
    json_close(j);
}

void
opinion_write_json(const struct opinion *o, struct json *j)
{
    json_open(j, '{');
    json_put_text(j, "category", category_name(o->category));
    json_put_real(j, "probability", o->categories[o->category], 4);
    json_put_real(j, "unwanted", o->unwanted, 4);
    json_put_real(j, "unwanted_source", o->unwanted_source, 4);
    if (o->content_read) {
        json_put_real(j, "content", o->content, 4);
    }
    json_key(j, "categories");
    json_open(j, '{');
    for (int i = 0; i < CATEGORY_COUNT; i++) {
        json_put_real(j, category_name((enum category)i), o->categories[i], 4);
    }
    json_close(j);
    if (o->threat != THREAT_NONE) {
        json_key(j, "threat");
        json_open(j, '{');
        json_put_text(j, "kind", threat_kind_name(o->threat));
        json_put_number(j, "severity", o->threat_severity);
        json_put_string(j, "words", o->threat_words);
        json_close(j);
    }
    write_findings(o, j);
    json_close(j);
}
