#include "parse/read.h"

#include "base/limits.h"
#include "base/writer.h"
#include "parse/address.h"
#include "parse/careful.h"
#include "parse/date.h"
#include "parse/defects.h"
#include "parse/header.h"
#include "parse/html.h"
#include "parse/links.h"
#include "parse/mime.h"
#include "parse/words.h"

/* What is gathered while the parts are walked. */
struct gather {
    struct arena *arena;
    struct defects *defects;
    struct writer text, hidden;
    bool text_cut;
    struct link *links;
    size_t link_count, link_room;
};

/* --- header ------------------------------------------------------------------------------------------------- */

enum letter_field {
    FIELD_SUBJECT,
    FIELD_FROM,
    FIELD_SENDER,
    FIELD_REPLY_TO,
    FIELD_TO,
    FIELD_CC,
    FIELD_ID,
    FIELD_DATE
};

static const char *const field_names[] = {"subject", "from", "sender",     "reply-to",
                                          "to",      "cc",   "message-id", "date"};
static const char *const twice_names[] = {"subject_twice",    "from_twice", "sender_twice",
                                          "reply_to_twice",   "to_twice",   "cc_twice",
                                          "message_id_twice", "date_twice"};
#define FIELD_COUNT (sizeof field_names / sizeof field_names[0])

/* The fields that every judge wants, in one pass; the first of each counts. */
static void
letter_fields_find(const struct header *header, struct bytes values[FIELD_COUNT],
                   struct defects *d)
{
    bool seen[FIELD_COUNT] = {false};

    for (size_t i = 0; i < header->field_count; i++) {
        const struct field *field = &header->fields[i];
        if (field->name.size < 2 || field->name.size > 10) {
            continue;
        }
        for (size_t k = 0; k < FIELD_COUNT; k++) {
            if (ascii_lower(field->name.at[0]) != (uint8_t)field_names[k][0] ||
                !bytes_is_fold(field->name, field_names[k])) {
                continue;
            }
            if (seen[k]) {
                defect_note(d, twice_names[k], field->name.at);
            } else {
                values[k] = field->value;
                seen[k] = true;
            }
            break;
        }
    }
}

static void
letter_fields_read(struct arena *arena, struct letter *letter, struct defects *d)
{
    struct bytes v[FIELD_COUNT] = {BYTES_NONE};
    struct bytes *ids;
    struct date date;

    letter_fields_find(&letter->header, v, d);
    letter->subject = words_decode(arena, v[FIELD_SUBJECT], d);
    address_list_read(arena, v[FIELD_FROM], &letter->from, d);
    address_list_read(arena, v[FIELD_SENDER], &letter->sender, d);
    address_list_read(arena, v[FIELD_REPLY_TO], &letter->reply_to, d);
    address_list_read(arena, v[FIELD_TO], &letter->to, d);
    address_list_read(arena, v[FIELD_CC], &letter->cc, d);
    if (address_ids_read(arena, v[FIELD_ID], &ids) > 0) {
        letter->message_id = ids[0];
    }
    letter->has_date = date_read(v[FIELD_DATE], &date);
    if (letter->has_date) {
        letter->date = date.epoch;
        letter->date_zone_minutes = date.zone_minutes;
    } else if (v[FIELD_DATE].size > 0) {
        defect_note(d, "date_broken", v[FIELD_DATE].at);
    }
}

/* --- text --------------------------------------------------------------------------------------------------- */

static void
links_add(struct gather *g, const struct link *links, size_t count)
{
    size_t room = LIMIT_LINKS - g->link_count;

    if (count > room) {
        defect_note(g->defects, "links", NULL);
        count = room;
    }
    if (count == 0) {
        return;
    }
    if (g->link_count + count > g->link_room) {
        size_t more = g->link_count + count > g->link_room * 2 ? g->link_count + count
                                                               : g->link_room * 2;
        g->links = arena_grow(g->arena, g->links, g->link_room * sizeof *links,
                              more * sizeof *links);
        g->link_room = more;
    }
    memcpy(g->links + g->link_count, links, count * sizeof *links);
    g->link_count += count;
}

/* Appends text with CR LF as LF, an empty line between pieces, all together no more than LIMIT_TEXT_BYTES. */
static void
text_add(struct gather *g, struct writer *to, struct bytes text)
{
    size_t used = g->text.size + g->hidden.size;

    text = bytes_trim(text);
    if (text.size == 0) {
        return;
    }
    if (used + text.size + 2 > LIMIT_TEXT_BYTES) {
        if (!g->text_cut) {
            defect_note(g->defects, "text_size", NULL);
            g->text_cut = true;
        }
        text.size = used + 2 < LIMIT_TEXT_BYTES ? LIMIT_TEXT_BYTES - used - 2 : 0;
        while (text.size > 0 && (text.at[text.size - 1] & 0xc0) == 0x80) {
            text.size--; /* do not cut inside a character */
        }
        text.size -= text.size > 0 && text.at[text.size - 1] >= 0xc0;
        if (text.size == 0) {
            return;
        }
    }
    if (to->size > 0) {
        writer_text(to, "\n\n");
    }
    uint8_t *out = writer_reserve(to, text.size);
    size_t size = 0, at = 0;
    for (const uint8_t *cr; (cr = memchr(text.at + at, '\r', text.size - at)) != NULL;) {
        size_t end = (size_t)(cr - text.at);
        memcpy(out + size, text.at + at, end - at);
        size += end - at;
        at = end + 1;
        if (at >= text.size || text.at[at] != '\n') {
            out[size++] = '\n'; /* a lone CR ends a line too */
        }
    }
    memcpy(out + size, text.at + at, text.size - at);
    writer_did(to, size + text.size - at);
}

static void
leaf_decode(struct gather *g, struct part *part)
{
    struct charset_result r;

    charset_decode(g->arena, part->content, part->charset_label, &r);
    part->visible =
        r.text; /* what is judged keeps even a guess: it tells more than U+FFFD */
    charset_take_back_guess(g->arena, part->content, part->charset_label, &r);
    if (r.disagrees) {
        defect_note(g->defects, "charset_disagrees", part->raw.at);
    }
    if (r.errors > 0) {
        defect_note(g->defects, "charset_broken", part->raw.at);
    }
    part->text = r.text;
    part->charset = r.charset;
}

static void
text_leaf_read(struct gather *g, struct part *part, struct writer *to)
{
    struct html_result html;
    struct link *links;

    leaf_decode(g, part);
    if (!bytes_is(part->subtype, "html")) {
        text_add(g, to, part->visible);
        size_t count = links_in_text(
            g->arena, bytes_slice(part->visible, 0, LIMIT_TEXT_BYTES), &links);
        links_add(g, links, count);
        return;
    }
    html_read(g->arena, part->visible, &html);
    part->visible = html.visible;
    text_add(g, to, html.visible);
    text_add(g, &g->hidden, html.hidden);
    links_add(g, html.links, html.link_count);
    if (html.text_cut || html.links_cut) {
        defect_note(g->defects, html.text_cut ? "text_size" : "links", part->raw.at);
    }
}

static bool
is_type(const struct part *part, const char *type, const char *subtype)
{
    return bytes_is(part->type, type) &&
           (subtype == NULL || bytes_is(part->subtype, subtype));
}

/* How rich the text of a branch is: html 3, plain 2, other text 1. */
static int
richness(const struct part *part)
{
    int best = 0;

    if (part->shape == PART_LEAF) {
        return is_type(part, "text", "html")    ? 3
               : is_type(part, "text", "plain") ? 2
                                                : is_type(part, "text", NULL);
    }
    if (part->shape == PART_MESSAGE) {
        return 0;
    }
    for (const struct part *p = part->first; p != NULL && best < 3; p = p->next) {
        int rich = richness(p);
        best = rich > best ? rich : best;
    }
    return best;
}

/* Whether two texts are the same but for blanks. */
static bool
says_the_same(struct bytes a, struct bytes b)
{
    size_t i = 0, k = 0;

    for (;;) {
        while (i < a.size && ascii_blank(a.at[i])) {
            i++;
        }
        while (k < b.size && ascii_blank(b.at[k])) {
            k++;
        }
        if (i >= a.size || k >= b.size) {
            return i >= a.size && k >= b.size;
        }
        if (a.at[i++] != b.at[k++]) {
            return false;
        }
    }
}

static void part_gather(struct gather *g, struct part *part, struct writer *to);

static void
alternative_gather(struct gather *g, struct part *part, struct writer *to)
{
    struct part *chosen = NULL;
    int best = 0;

    for (struct part *p = part->first; p != NULL; p = p->next) {
        int rich = richness(p);
        if (rich > 0 && rich >= best) {
            chosen = p;
            best = rich;
        }
    }
    size_t from = to->size;
    if (chosen != NULL) {
        part_gather(g, chosen, to);
    }
    size_t end = to->size;
    for (struct part *p = part->first; p != NULL; p = p->next) {
        if (p == chosen) {
            continue;
        }
        if (end == from || to != &g->text) {
            part_gather(g, p, to);
            continue;
        }
        size_t before = g->hidden.size;
        part_gather(g, p, &g->hidden);
        struct bytes more = bytes_from(writer_view(&g->hidden), before);
        if (says_the_same(more, bytes_slice(writer_view(to), from, end))) {
            g->hidden.size = before;
        }
    }
}

/* Bounded by the depth of the tree. */
static void
part_gather(struct gather *g, struct part *part, struct writer *to)
{
    if (part->shape == PART_MESSAGE) {
        struct letter *letter = part->message;
        size_t from = to->size;
        letter_fields_read(g->arena, letter, g->defects);
        part_gather(g, letter->root, to);
        letter->text = bytes_copy(g->arena, bytes_trim(bytes_from(writer_view(to), from)));
    } else if (part->shape == PART_MULTIPART && is_type(part, "multipart", "alternative")) {
        alternative_gather(g, part, to);
    } else if (part->shape == PART_MULTIPART) {
        for (struct part *p = part->first; p != NULL; p = p->next) {
            part_gather(g, p, to);
        }
    } else if (is_type(part, "text", NULL)) {
        text_leaf_read(g, part, to);
    } else if (is_type(part, "multipart", NULL) || is_type(part, "message", NULL)) {
        leaf_decode(g, part);
        text_add(g, is_type(part, "message", NULL) ? &g->hidden : to, part->visible);
        part->text = part->visible = part->charset = BYTES_NONE;
    }
}

static void
outside_gather(struct gather *g, const struct mime_outside *outside)
{
    struct charset_result r;

    for (size_t i = 0; i < outside->count; i++) {
        charset_decode(g->arena, outside->pieces[i], BYTES_NONE, &r);
        text_add(g, &g->hidden, r.text);
    }
}

/* Lines of a header that are no fields are seen in some mail programs: they must not be lost. */
static void
stray_lines_gather(struct gather *g, struct bytes raw)
{
    for (size_t i = 0; i < g->defects->count; i++) {
        const struct defect *d = &g->defects->list[i];
        if (strcmp(d->name, "header_line") == 0) {
            size_t end = bytes_find_byte(raw, '\n', d->at);
            struct bytes line = bytes_slice(raw, d->at, end);
            text_add(g, &g->hidden, words_decode(g->arena, line, NULL));
        }
    }
}

static void
letter_finish(struct letter *letter, const struct defects *d)
{
    letter->defects = d->list;
    letter->defect_count = d->count;
    letter->defects_dropped = d->dropped;
}

const struct letter *
letter_read(struct arena *arena, struct bytes raw)
{
    struct letter *letter = ARENA_NEW(arena, struct letter);
    struct mime_outside outside;
    struct defects defects;
    struct gather g = {.arena = arena, .defects = &defects};

    letter->raw = raw;
    defects_init(&defects, arena, raw);
    writer_init(&g.text, arena);
    writer_init(&g.hidden, arena);
    mime_read(arena, letter, &outside, &defects);
    letter_fields_read(arena, letter, &defects);
    part_gather(&g, letter->root, &g.text);
    outside_gather(&g, &outside);
    stray_lines_gather(&g, raw);
    letter->text = writer_view(&g.text);
    letter->hidden = writer_view(&g.hidden);
    letter->links = g.links;
    letter->link_count = g.link_count;
    letter_finish(letter, &defects);
    return letter;
}

const struct letter *
letter_read_header(struct arena *arena, struct bytes raw)
{
    struct letter *letter = ARENA_NEW(arena, struct letter);
    struct defects defects;

    letter->raw = raw;
    defects_init(&defects, arena, raw);
    size_t body = header_read(arena, raw, NULL, &letter->header, &defects);
    letter->body = bytes_from(raw, body);
    letter_fields_read(arena, letter, &defects);
    letter_finish(letter, &defects);
    return letter;
}
