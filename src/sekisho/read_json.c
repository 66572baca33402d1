#include "base/limits.h"
#include "judge/regions.h"
#include "parse/enclosure.h"
#include "parse/html.h"
#include "parse/links.h"
#include "sekisho/read_show.h"
#include "sekisho/try.h"

static void
put_addresses(struct json *j, const char *key, const struct address_list *list)
{
    if (list->address_count == 0) {
        return;
    }
    json_key(j, key);
    json_open(j, '[');
    for (size_t i = 0; i < list->address_count; i++) {
        const struct address *a = &list->addresses[i];
        json_open(j, '{');
        try_put_string(j, a->is_group ? "group" : "name", a->name);
        if (!a->is_group) {
            json_put_string(j, "address", a->text);
        }
        json_close(j);
    }
    json_close(j);
}

static void
put_parts(struct arena *arena, struct json *j, const struct letter *letter)
{
    json_key(j, "parts");
    json_open(j, '[');
    for (const struct part *p = letter->root; p != NULL; p = part_next(p)) {
        json_open(j, '{');
        json_put_string(j, "part", read_part_path(arena, p));
        json_put_string(j, "type", p->type);
        json_put_string(j, "subtype", p->subtype);
        if (p->is_other) {
            json_put_bool(j, "read_otherwise", true);
        }
        if (p->shape == PART_LEAF) {
            json_put_number(j, "size", (int64_t)p->content.size);
        }
        try_put_string(j, "encoding", p->encoding_text);
        if (p->charset.size > 0) {
            json_put_string(j, "charset", p->charset);
            try_put_string(j, "charset_label", p->charset_label);
            json_put_number(j, "charset_confidence", p->charset_confidence);
        }
        try_put_string(j, "disposition", p->disposition);
        try_put_string(j, "filename", p->filename);
        try_put_string(j, "other_name", p->other_name);
        json_close(j);
    }
    json_close(j);
}

static void
put_link(struct json *j, const struct link *link)
{
    static const char *const kinds[] = {"anchor", "text",  "image",
                                        "form",   "other", "nested"};

    json_open(j, '{');
    json_put_text(j, "kind", kinds[link->kind]);
    json_put_string(j, "written", link->written);
    try_put_string(j, "href", link->href);
    try_put_string(j, "host", link->host);
    try_put_string(j, "domain", link->domain);
    try_put_string(j, "text", link->text);
    try_put_string(j, "looks_like", link->like);
    json_key(j, "flags");
    json_open(j, '[');
    for (unsigned bit = 0; bit < 32; bit++) {
        if ((link->flags & (1u << bit)) != 0) {
            json_text(j, link_flag_name(1u << bit));
        }
    }
    json_close(j);
    json_close(j);
}

static void
put_links(struct json *j, const char *key, const struct link *links, size_t count)
{
    json_key(j, key);
    json_open(j, '[');
    for (size_t i = 0; i < count; i++) {
        put_link(j, &links[i]);
    }
    json_close(j);
}

static void
put_hidden(struct json *j, const struct letter *letter)
{
    json_key(j, "hidden");
    json_open(j, '[');
    for (size_t i = 0; i < letter->hidden_count; i++) {
        json_open(j, '{');
        json_put_text(j, "reason", hidden_reason_name(letter->hidden_texts[i].reason));
        json_put_string(j, "text", letter->hidden_texts[i].text);
        json_close(j);
    }
    json_close(j);
}

static void
put_attachments(struct json *j, const struct enclosures *e)
{
    if (e == NULL) {
        return;
    }
    json_key(j, "attachments");
    json_open(j, '[');
    for (size_t i = 0; i < e->count; i++) {
        json_open(j, '{');
        json_put_string(j, "path", e->list[i].path);
        json_put_text(j, "type", e->list[i].is != NULL ? e->list[i].is->name : NULL);
        json_put_number(j, "size", (int64_t)e->list[i].size);
        try_put_string(j, "virus", e->list[i].virus);
        json_key(j, "facts");
        json_open(j, '[');
        for (unsigned bit = 0; bit < 32; bit++) {
            const char *name = attachment_fact_name(e->list[i].facts & (1u << bit));
            if (name != NULL) {
                json_text(j, name);
            }
        }
        json_close(j);
        json_close(j);
    }
    json_close(j);
    try_put_string(j, "attachments_text", e->text);
    put_links(j, "attachments_links", e->links, e->link_count);
}

static void
put_normal(struct arena *arena, struct json *j, struct bytes normal)
{
    size_t count;
    const struct region *regions = regions_read(arena, normal, &count);

    json_put_string(j, "normal", normal);
    json_key(j, "regions");
    json_open(j, '[');
    for (size_t i = 0; i < count; i++) {
        json_open(j, '{');
        json_put_text(j, "kind", region_kind_name(regions[i].kind));
        json_put_number(j, "from", (int64_t)regions[i].from);
        json_put_number(j, "to", (int64_t)regions[i].to);
        json_close(j);
    }
    json_close(j);
}

static void
put_findings(struct json *j, const struct walk *walk)
{
    json_key(j, "findings");
    json_open(j, '[');
    for (size_t i = 0; i < walk->opinion->finding_count; i++) {
        const struct finding *f = &walk->opinion->findings[i];
        if (f->family == FAMILY_SOURCE || f->family == FAMILY_LABEL) {
            continue;
        }
        json_open(j, '{');
        json_put_text(j, "name", f->name);
        json_put_real(j, "weight", f->weight, 3);
        json_put_text(j, "family", permit_family_name(f->family));
        try_put_string(j, "detail", f->detail);
        if (f->to > f->from) {
            json_put_number(j, "from", (int64_t)f->from);
            json_put_number(j, "to", (int64_t)f->to);
        }
        json_close(j);
    }
    json_close(j);
    json_key(j, "defects");
    json_open(j, '[');
    for (size_t i = 0; i < walk->letter->defect_count; i++) {
        json_open(j, '{');
        json_put_text(j, "name", walk->letter->defects[i].name);
        json_put_number(j, "at", (int64_t)walk->letter->defects[i].at);
        json_close(j);
    }
    json_close(j);
}

void
read_show_json(struct arena *arena, const struct read_view *view, struct json *j)
{
    const struct letter *l = view->walk->letter;

    json_put_string(j, "subject", l->subject);
    put_addresses(j, "from", &l->from);
    put_addresses(j, "sender", &l->sender);
    put_addresses(j, "reply_to", &l->reply_to);
    put_addresses(j, "to", &l->to);
    put_addresses(j, "cc", &l->cc);
    if (l->has_date) {
        json_put_number(j, "date", l->date);
    }
    try_put_string(j, "message_id", l->message_id);
    put_parts(arena, j, l);
    json_put_string(j, "text", l->text);
    put_hidden(j, l);
    try_put_string(j, "hidden_text", l->hidden);
    try_put_string(j, "other_text", l->other);
    put_links(j, "links", l->links, l->link_count);
    put_attachments(j, view->walk->enclosures);
    if (view->normal) {
        put_normal(arena, j, view->walk->opinion->normal);
    }
    put_findings(j, view->walk);
}
