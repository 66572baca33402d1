/* What a message wants, as JSON. */
#define SK_BASE
#include "sekisho/judgement.h"

#include "decide/verdict.h"
#include "judge/sender_law.h"

static void
write_findings(struct json *j, const struct walk *walk)
{
    const struct permit_recipient *permit = &walk->permit->recipients[0];

    json_key(j, "findings");
    json_open(j, '[');
    for (size_t i = 0; i < walk->opinion->finding_count; i++) {
        const struct finding *f = &walk->opinion->findings[i];
        json_open(j, '{');
        json_put_text(j, "name", f->name);
        json_put_real(j, "weight", f->weight, 3);
        json_put_text(j, "ground", permit_ground_name(permit->grounds[f->family]));
        json_key(j, "words");
        json_open(j, '{');
        json_put_text(j, "ja", words_finding_ja(f->name));
        json_put_text(j, "en", words_finding_en(f->name));
        json_close(j);
        if (f->detail.size > 0) {
            json_put_string(j, "detail", f->detail);
        }
        if (f->to > f->from) {
            json_key(j, "span");
            json_open(j, '[');
            json_number(j, (int64_t)f->from);
            json_number(j, (int64_t)f->to);
            json_close(j);
        }
        json_close(j);
    }
    json_close(j);
}

void
judgement_write(struct json *j, const struct walk *walk)
{
    const struct opinion *o = walk->opinion;

    judge_look(walk->arena, walk->permit, walk->letter, o);
    judge_point(walk->arena, walk->letter, o);
    json_put_text(j, "category", category_name(o->category));
    json_put_real(j, "probability", o->categories[o->category], 4);
    json_put_real(j, "unwanted", o->unwanted, 4);
    json_key(j, "categories");
    json_open(j, '{');
    for (unsigned i = 0; i < CATEGORY_COUNT; i++) {
        json_put_real(j, category_name((enum category)i), o->categories[i], 4);
    }
    json_close(j);
    threat_write_json(o, j);
    if (o->content_read) {
        json_key(j, "indicators");
        opinion_write_indicators(o, j);
    }
    if (o->category == CATEGORY_ADVERTISEMENT && o->law != NULL) {
        json_key(j, "duties");
        sender_law_write_duties(o->law, j);
    }
    write_findings(j, walk);
    if (o->normal.size > 0) {
        json_put_string(j, "text", o->normal);
    }
}
