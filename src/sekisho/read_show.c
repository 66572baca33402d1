#include "sekisho/read_show.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/limits.h"
#include "decide/verdict.h"
#include "judge/regions.h"
#include "parse/enclosure.h"
#include "parse/html.h"
#include "parse/links.h"

#define VALUE_MOST 500 /* bytes of a name or an address that are shown */
#define LINKS_MOST 100 /* links that are shown; JSON has all */
#define LIST_MOST  200

struct shower {
    struct arena *arena;
    const struct read_view *view;
    struct writer *w;
    bool ja;
};

struct bytes
read_part_path(struct arena *arena, const struct part *part)
{
    size_t numbers[LIMIT_MIME_DEPTH + 2], count = 0;
    struct writer w;

    for (const struct part *p = part; p != NULL && count <= LIMIT_MIME_DEPTH;
         p = p->parent) {
        size_t number = 1;
        const struct part *first = p->parent == NULL ? p : p->parent->first;
        for (; first != NULL && first != p; first = first->next) {
            number++;
        }
        numbers[count++] = number;
    }
    writer_init(&w, arena);
    for (size_t i = count; i > 0; i--) {
        writer_format(&w, i == count ? "%zu" : ".%zu", numbers[i - 1]);
    }
    return writer_view(&w);
}

static void
heading(struct shower *s, const char *ja, const char *en)
{
    writer_format(s->w, "\n%s\n", s->ja ? ja : en);
}

static void
member(struct shower *s, const char *ja, const char *en, struct bytes value)
{
    if (value.size > 0) {
        writer_format(s->w, "  %s: ", s->ja ? ja : en);
        writer_clean(s->w, value, VALUE_MOST);
        writer_byte(s->w, '\n');
    }
}

static void
addresses(struct shower *s, const char *ja, const char *en, const struct address_list *list)
{
    struct writer w;

    writer_init(&w, s->arena);
    for (size_t i = 0; i < list->address_count && i < LIST_MOST; i++) {
        const struct address *a = &list->addresses[i];
        writer_text(&w, i > 0 ? ", " : "");
        if (a->name.size > 0) {
            writer_bytes(&w, a->name);
            writer_byte(&w, ' ');
        }
        if (a->is_group) {
            writer_format(&w, "(%zu)", a->member_count);
        } else {
            writer_byte(&w, '<');
            writer_bytes(&w, a->text);
            writer_byte(&w, '>');
        }
    }
    member(s, ja, en, writer_view(&w));
}

/* Each line of a text behind a bar, clean; cut where the view says so. */
static void
text(struct shower *s, struct bytes text)
{
    size_t most = s->view->text_most;
    struct bytes rest = most > 0 ? bytes_slice(text, 0, most) : text, line;

    while (bytes_line(&rest, &line)) {
        writer_text(s->w, "  | ");
        writer_clean(s->w, line, line.size);
        writer_byte(s->w, '\n');
    }
    if (most > 0 && text.size > most) {
        writer_format(s->w,
                      s->ja ? "  … あと%zuバイト (--all で全文)\n"
                            : "  ... %zu bytes more (--all shows them)\n",
                      text.size - most);
    }
}

static void
show_header(struct shower *s)
{
    const struct letter *l = s->view->walk->letter;
    char date[64];

    member(s, "件名", "Subject", l->subject);
    addresses(s, "差出人", "From", &l->from);
    addresses(s, "送信者", "Sender", &l->sender);
    addresses(s, "返信先", "Reply-To", &l->reply_to);
    addresses(s, "宛先", "To", &l->to);
    addresses(s, "写し", "Cc", &l->cc);
    if (l->has_date) {
        struct calendar c = clock_calendar(l->date, l->date_zone_minutes);
        int zone = l->date_zone_minutes < 0 ? -l->date_zone_minutes : l->date_zone_minutes;
        snprintf(date, sizeof date, "%04d-%02d-%02d %02d:%02d:%02d %c%02d:%02d",
                 (int)c.year, c.month, c.day, c.hour, c.minute, c.second,
                 l->date_zone_minutes < 0 ? '-' : '+', zone / 60, zone % 60);
        member(s, "日時", "Date", bytes_from_text(date));
    }
    member(s, "メッセージID", "Message-ID", l->message_id);
}

static void
show_charset(struct shower *s, const struct part *part)
{
    writer_text(s->w, "  ");
    writer_clean(s->w, part->charset, 60);
    if (part->charset_label.size == 0) {
        writer_text(s->w, s->ja ? " (表示なし" : " (no label");
    } else if (!bytes_equal(part->charset_label, part->charset)) {
        writer_text(s->w, s->ja ? " (表示は " : " (labelled ");
        writer_clean(s->w, part->charset_label, 60);
    } else {
        writer_format(s->w, " (%u%%)", part->charset_confidence);
        return;
    }
    writer_format(s->w, s->ja ? "、確からしさ %u%%)" : ", %u%% sure)",
                  part->charset_confidence);
}

static void
show_part(struct shower *s, const struct part *part)
{
    struct bytes path = read_part_path(s->arena, part);

    writer_text(s->w, "  ");
    writer_bytes(s->w, path);
    writer_text(s->w, part->is_other ? (s->ja ? " 別の読み方 " : " read otherwise ") : " ");
    writer_clean(s->w, part->type, 60);
    writer_byte(s->w, '/');
    writer_clean(s->w, part->subtype, 100);
    if (part->shape == PART_LEAF && part->charset.size > 0) {
        show_charset(s, part);
    }
    if (part->encoding_text.size > 0) {
        writer_text(s->w, "  ");
        writer_clean(s->w, part->encoding_text, 60);
    }
    if (part->shape == PART_LEAF) {
        writer_format(s->w, s->ja ? "  %zuバイト" : "  %zu bytes", part->content.size);
    }
    if (part->disposition.size > 0) {
        writer_text(s->w, "  ");
        writer_clean(s->w, part->disposition, 60);
    }
    if (part->filename.size > 0) {
        writer_text(s->w, s->ja ? "  「" : "  \"");
        writer_clean(s->w, part->filename, 200);
        writer_text(s->w, s->ja ? "」" : "\"");
    }
    writer_byte(s->w, '\n');
}

static void
show_hidden(struct shower *s)
{
    const struct letter *l = s->view->walk->letter;

    if (l->hidden_count == 0 && l->hidden.size == 0) {
        return;
    }
    if (l->hidden_count > 0) {
        heading(s, "隠された文章", "Hidden text");
    }
    for (size_t i = 0; i < l->hidden_count && i < LIST_MOST; i++) {
        writer_format(s->w, "  [%s]\n", hidden_reason_name(l->hidden_texts[i].reason));
        text(s, l->hidden_texts[i].text);
    }
    if (l->hidden_count == 0) {
        heading(s, "別の形の本文、または本文の外",
                "Text in another form, or outside all parts");
        text(s, l->hidden);
    }
}

static const char *
link_kind_text(enum link_kind kind, bool ja)
{
    static const char *const words[][2] = {{"リンク", "link"},  {"本文中", "in the text"},
                                           {"画像", "image"},   {"送信先", "form"},
                                           {"その他", "other"}, {"行き先", "leads on to"}};

    return words[kind][ja ? 0 : 1];
}

static void
show_link(struct shower *s, const struct link *link)
{
    writer_format(s->w, "  %s  ", link_kind_text(link->kind, s->ja));
    writer_clean(s->w, link->href.size > 0 ? link->href : link->written, VALUE_MOST);
    if (link->text.size > 0 && !bytes_equal(link->text, link->written)) {
        writer_text(s->w, s->ja ? "  表示「" : "  shown \"");
        writer_clean(s->w, link->text, 120);
        writer_text(s->w, s->ja ? "」" : "\"");
    }
    if (link->like.size > 0) {
        writer_text(s->w, s->ja ? "  似ている先: " : "  looks like ");
        writer_clean(s->w, link->like, 120);
    }
    for (unsigned bit = 0; bit < 32; bit++) {
        if ((link->flags & (1u << bit)) != 0) {
            writer_format(s->w, "  [%s]", link_flag_name(1u << bit));
        }
    }
    writer_byte(s->w, '\n');
}

static void
show_links(struct shower *s)
{
    const struct letter *l = s->view->walk->letter;

    if (l->link_count == 0) {
        return;
    }
    heading(s, "リンク", "Links");
    for (size_t i = 0; i < l->link_count && i < LINKS_MOST; i++) {
        show_link(s, &l->links[i]);
    }
    if (l->link_count > LINKS_MOST) {
        writer_format(s->w, s->ja ? "  … あと%zu個\n" : "  ... %zu more\n",
                      l->link_count - LINKS_MOST);
    }
}

static void
show_attachments(struct shower *s)
{
    const struct enclosures *e = s->view->walk->enclosures;

    if (e == NULL || e->count == 0) {
        return;
    }
    heading(s, "添付ファイル", "Attachments");
    for (size_t i = 0; i < e->count && i < LIST_MOST; i++) {
        const struct enclosure *it = &e->list[i];
        writer_text(s->w, "  ");
        writer_clean(s->w, it->path, VALUE_MOST);
        writer_format(s->w, s->ja ? "  %s  %lluバイト" : "  %s  %llu bytes",
                      it->is != NULL ? it->is->name
                      : s->ja        ? "不明"
                                     : "unknown",
                      (unsigned long long)it->size);
        if (it->virus.size > 0) {
            writer_text(s->w, s->ja ? "  ウイルス: " : "  virus: ");
            writer_clean(s->w, it->virus, VALUE_MOST);
        }
        for (unsigned bit = 0; bit < 32; bit++) {
            const char *name = attachment_fact_name(it->facts & (1u << bit));
            if (name != NULL) {
                writer_format(s->w, "  [%s]", name);
            }
        }
        writer_byte(s->w, '\n');
    }
    if (e->text.size > 0) {
        heading(s, "添付ファイルの文章", "Text of attachments");
        text(s, e->text);
    }
    for (size_t i = 0; i < e->link_count && i < LINKS_MOST; i++) {
        show_link(s, &e->links[i]);
    }
}

static void
show_normal(struct shower *s)
{
    const struct opinion *o = s->view->walk->opinion;
    size_t count;
    const struct region *regions = regions_read(s->arena, o->normal, &count);

    heading(s, "正規形 (判定が読むもの)", "Normal form (what is judged)");
    for (size_t i = 0; i < count; i++) {
        if (regions[i].kind != REGION_OWN) {
            writer_format(s->w, "  [%s]\n", region_kind_name(regions[i].kind));
        }
        text(s, bytes_slice(o->normal, regions[i].from, regions[i].to));
    }
}

static void
show_findings(struct shower *s)
{
    const struct walk *walk = s->view->walk;
    bool any = false;

    for (size_t i = 0; i < walk->opinion->finding_count; i++) {
        const struct finding *f = &walk->opinion->findings[i];
        if (f->family == FAMILY_SOURCE || f->family == FAMILY_LABEL) {
            continue; /* where it came from: `sekisho origin` */
        }
        if (!any) {
            heading(s, "分かったこと", "Findings");
            any = true;
        }
        writer_format(s->w, "  %+5.1f  %s", f->weight,
                      s->ja ? words_finding_ja(f->name) : words_finding_en(f->name));
        if (f->detail.size > 0) {
            writer_text(s->w, " [");
            writer_clean(s->w, f->detail, 200);
            writer_byte(s->w, ']');
        }
        if (f->to > f->from) {
            writer_format(s->w, s->ja ? " (%zu–%zuバイト目)" : " (bytes %zu to %zu)",
                          f->from, f->to);
        }
        writer_byte(s->w, '\n');
    }
    const struct letter *l = walk->letter;
    if (l->defect_count > 0) {
        heading(s, "形式の乱れ (位置)", "Malformed (where)");
    }
    for (size_t i = 0; i < l->defect_count && i < LIST_MOST; i++) {
        writer_format(s->w, "  %s  %zu\n", l->defects[i].name, l->defects[i].at);
    }
}

void
read_show(struct arena *arena, const struct read_view *view, struct writer *w)
{
    const struct letter *l = view->walk->letter;
    struct shower s = {.arena = arena, .view = view, .w = w, .ja = view->japanese};

    show_header(&s);
    heading(&s, "構造", "Structure");
    for (const struct part *p = l->root; p != NULL; p = part_next(p)) {
        show_part(&s, p);
    }
    heading(&s, "本文 (人に見えるもの)", "Text (what a person sees)");
    text(&s, l->text);
    show_hidden(&s);
    if (l->other.size > 0) {
        heading(&s, "別の読み方をすると", "Read in another way");
        text(&s, l->other);
    }
    show_links(&s);
    show_attachments(&s);
    if (view->normal) {
        show_normal(&s);
    }
    show_findings(&s);
}
