#include "judge/bulk_rules.h"
#include "judge/indicators.h"
#include "judge/opinion.h"

#include "base/clock.h"
#include "judge/sender_law.h"

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
put_moment(struct json *j, const char *key, int64_t epoch)
{
    struct arena arena;
    struct writer w;

    arena_init(&arena, 65536);
    writer_init(&w, &arena);
    clock_write_rfc3339(&w, epoch, 0);
    json_put_string(j, key, writer_view(&w));
    arena_release(&arena);
}

static void
put_told(struct json *j, const char *key, struct bytes told)
{
    if (told.size > 0) {
        json_put_string(j, key, told);
    }
}

void
threat_write_json(const struct opinion *o, struct json *j)
{
    const struct threat_detail *detail = &o->threat_detail;

    if (o->threat == THREAT_NONE) {
        return;
    }
    json_key(j, "threat");
    json_open(j, '{');
    json_put_text(j, "kind", threat_kind_name(o->threat));
    json_put_number(j, "severity", o->threat_severity);
    json_put_string(j, "words", o->threat_words);
    put_told(j, "target", detail->target);
    put_told(j, "where", detail->place);
    put_told(j, "means", detail->means);
    put_told(j, "when", detail->when);
    if (detail->when.size > 0) {
        put_moment(j, "when_from", detail->from);
        put_moment(j, "when_to", detail->to);
    }
    json_close(j);
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

static void
put_if_any(struct json *j, const char *key, struct bytes text)
{
    if (text.size > 0) {
        json_put_string(j, key, text);
    }
}

void
opinion_write_indicators(const struct opinion *o, struct json *j)
{
    json_open(j, '[');
    for (size_t i = 0; i < o->indicator_count; i++) {
        const struct indicator *it = &o->indicators[i];
        json_open(j, '{');
        json_put_text(j, "type", indicator_type_name(it->type));
        json_put_string(j, "value", it->value);
        put_if_any(j, "bank", it->bank);
        put_if_any(j, "branch", it->branch);
        put_if_any(j, "kind", it->kind);
        put_if_any(j, "number", it->number);
        put_if_any(j, "holder", it->holder);
        if (it->to > it->from) {
            json_put_number(j, "from", (int64_t)it->from);
            json_put_number(j, "to", (int64_t)it->to);
        }
        if (it->disguised) {
            json_put_bool(j, "disguised", true);
        }
        json_close(j);
    }
    json_close(j);
}

/* What mail to many lacks. */
static void
write_duties(const struct opinion *o, struct json *j)
{
    json_key(j, "duties");
    sender_law_write_duties(o->law, j);
    if (o->bulk == NULL) {
        return;
    }
    json_key(j, "bulk");
    json_open(j, '[');
    for (unsigned i = 0; i < BULK_RULES; i++) {
        if (o->bulk[i].state == BULK_UNMET) {
            json_text(j, bulk_rule_name((enum bulk_rule)i));
        }
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
    threat_write_json(o, j);
    if (o->indicator_count > 0) {
        json_key(j, "indicators");
        opinion_write_indicators(o, j);
    }
    if (o->law != NULL) {
        write_duties(o, j);
    }
    write_findings(o, j);
    json_close(j);
}
