#include "parse/read.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "base/writer.h"
#include "parse/address.h"
#include "parse/careful.h"
#include "parse/date.h"
#include "parse/defects.h"
#include "parse/flowed.h"
#include "parse/header.h"
#include "parse/html.h"
#include "parse/links.h"
#include "parse/mime.h"
#include "parse/parameters.h"
#include "parse/words.h"

/* What is gathered while the parts are walked. */
struct gather {
    struct arena *arena;
    struct defects *defects;
    enum emoji_carrier carrier; /* of the sender of the letter that is read */
    struct writer text, hidden, other;
    bool text_cut, other_cut;
    struct link *links;
    size_t link_count, link_room;
    struct hidden *hidden_texts;
    size_t hidden_count, hidden_room;
    struct html_facts html;
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
    address_list_read(arena, v[FIELD_FROM], &letter->from, d);
    if (letter->from.address_count > 0) {
        letter->carrier = emoji_carrier_of_domain(letter->from.addresses[0].domain);
    }
    letter->subject = words_decode_from(arena, v[FIELD_SUBJECT], letter->carrier, d);
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

static void
hidden_add(struct gather *g, const struct hidden *texts, size_t count)
{
    size_t room = LIMIT_HIDDEN_TEXTS - g->hidden_count;

    count = count < room ? count : room;
    if (g->hidden_count + count > g->hidden_room) {
        size_t more = g->hidden_room * 2 + count;
        g->hidden_texts = arena_grow(g->arena, g->hidden_texts,
                                     g->hidden_room * sizeof *texts, more * sizeof *texts);
        g->hidden_room = more;
    }
    for (size_t i = 0; i < count; i++) {
        g->hidden_texts[g->hidden_count++] = texts[i];
    }
}

static void
html_facts_add(struct html_facts *to, const struct html_facts *from)
{
    to->image_count += from->image_count;
    to->beacon_count += from->beacon_count;
    to->comment_count += from->comment_count;
    to->comment_bytes += from->comment_bytes;
    to->turned_count += from->turned_count;
    to->has_form |= from->has_form;
    to->has_password |= from->has_password;
    to->has_script |= from->has_script;
    to->has_frame |= from->has_frame;
    to->has_object |= from->has_object;
    to->has_refresh |= from->has_refresh;
    to->has_base |= from->has_base;
}

/* Characters without width between letters, and those that turn the order of letters: words are hidden from filters by both. */
static void
invisible_count(struct letter *letter)
{
    struct bytes text = letter->text;
    uint32_t c, next;

    for (size_t at = 0; at < text.size; at++) {
        uint8_t lead = text.at[at];
        if (lead != 0xe2 && lead != 0xc2 && lead != 0xef && lead != 0xe1) {
            continue;
        }
        size_t size = utf8_get(text, at, &c);
        letter->override_count += c == 0x202d || c == 0x202e;
        if (size > 0 && at > 0 && text.at[at - 1] > ' ' &&
            (c == 0xad || c == 0x180e || (c >= 0x200b && c <= 0x200f) || c == 0x2060 ||
             c == 0xfeff) &&
            utf8_get(text, at + size, &next) > 0 && next > ' ') {
            /* Joiners have their place in emoji and in Arabic and Indic scripts: those beside Latin and Japanese have not. */
            bool joiner = c == 0x200c || c == 0x200d;
            bool plain = next < 0x250 || (next >= 0x3040 && next < 0xa000);
            letter->invisible_count += plain || !joiner;
        }
    }
}

/* Appends text with CR LF as LF, an empty line between pieces, all together no more than LIMIT_TEXT_BYTES, and
 * LIMIT_OTHER_BYTES of other readings. */
static void
text_add(struct gather *g, struct writer *to, struct bytes text)
{
    bool other = to == &g->other;
    size_t used = other ? to->size : g->text.size + g->hidden.size;
    size_t most = other ? LIMIT_OTHER_BYTES : LIMIT_TEXT_BYTES;

    text = bytes_trim(text);
    if (text.size == 0) {
        return;
    }
    if (used + text.size + 2 > most) {
        bool *cut = other ? &g->other_cut : &g->text_cut;
        if (!*cut) {
            defect_note(g->defects, other ? "mime_other" : "text_size", NULL);
            *cut = true;
        }
        text.size = used + 2 < most ? most - used - 2 : 0;
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

/* The content of a leaf, without the files in it (they are its children). */
static struct bytes
leaf_text(struct gather *g, const struct part *part)
{
    struct writer w;
    size_t at = 0;

    writer_init(&w, g->arena);
    for (const struct part *file = part->first; file != NULL; file = file->next) {
        size_t from = (size_t)(file->raw.at - part->content.at);
        writer_bytes(&w, bytes_slice(part->content, at, from));
        at = from + file->raw.size;
    }
    writer_bytes(&w, bytes_from(part->content, at));
    return writer_view(&w);
}

static void
leaf_decode(struct gather *g, struct part *part)
{
    struct charset_result r;

    charset_decode_from(g->arena, part->content, part->charset_label, g->carrier, &r);
    part->visible =
        r.text; /* what is judged keeps even a guess: it tells more than U+FFFD */
    charset_take_back_guess(g->arena, part->content, part->charset_label, &r);
    if (r.disagrees) {
        defect_note(g->defects, "charset_disagrees", part->raw.at);
    }
    if (r.twice) {
        defect_note(g->defects, "charset_twice", part->raw.at);
    }
    if (r.errors > 0) {
        defect_note(g->defects, "charset_broken", part->raw.at);
    }
    part->text = r.text;
    part->charset = r.charset;
    part->charset_confidence = r.confidence;
    if (part->first != NULL) {
        charset_decode_from(g->arena, leaf_text(g, part), part->charset_label, g->carrier,
                            &r);
        part->visible = r.text;
    }
}

/* RFC 3676: text/plain alone. */
static bool
is_flowed(const struct part *part)
{
    return bytes_is(part->type, "text") && bytes_is(part->subtype, "plain") &&
           bytes_is_fold(
               parameter_value(part->parameters, part->parameter_count, BYTES("format")),
               "flowed");
}

static void
text_leaf_read(struct gather *g, struct part *part, struct writer *to)
{
    struct html_result html;
    struct link *links;

    leaf_decode(g, part);
    if (is_flowed(part)) {
        bool del = bytes_is_fold(
            parameter_value(part->parameters, part->parameter_count, BYTES("delsp")),
            "yes");
        part->visible = flowed_join(g->arena, part->visible, del);
    }
    if (!bytes_is(part->subtype, "html")) {
        text_add(g, to, part->visible);
        size_t count = links_in_text(
            g->arena, bytes_slice(part->visible, 0, LIMIT_TEXT_BYTES), &links);
        links_add(g, links, count);
        return;
    }
    html_read(g->arena, part->visible, &html);
    hidden_add(g, html.hidden_texts, html.hidden_count);
    html_facts_add(&g->html, &html.facts);
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
static void others_gather(struct gather *g, struct part *part, struct writer *to,
                          size_t from);

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

/* A file that lies elsewhere (RFC 2017): where it lies is a link. */
static void
external_read(struct gather *g, struct part *part)
{
    struct bytes url =
        parameter_value(part->parameters, part->parameter_count, BYTES("url"));
    struct link *links;
    size_t count = links_in_text(g->arena, url, &links);

    for (size_t i = 0; i < count; i++) {
        links[i].kind = LINK_OTHER;
    }
    links_add(g, links, count);
}

/* A part whose text is seen in no mail program, or as text when it could not be opened. */
static void
unopened_gather(struct gather *g, struct part *part, struct writer *to)
{
    bool message = is_type(part, "message", NULL);

    leaf_decode(g, part);
    text_add(g,
             is_type(part, "message", "partial") ? &g->other
             : message                           ? &g->hidden
                                                 : to,
             part->visible);
    if (is_type(part, "message", "external-body")) {
        external_read(g, part);
    }
    part->text = part->visible = part->charset = BYTES_NONE;
}

/* Bounded by the depth of the tree. */
static void
part_gather(struct gather *g, struct part *part, struct writer *to)
{
    size_t from = to->size;

    if (part->shape == PART_MESSAGE) {
        struct letter *letter = part->message;
        enum emoji_carrier outer = g->carrier;
        letter_fields_read(g->arena, letter, g->defects);
        g->carrier = letter->carrier;
        part_gather(g, letter->root, to);
        g->carrier = outer;
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
        unopened_gather(g, part, to);
    }
    if (part->other != NULL) {
        others_gather(g, part, to, from);
    }
}

/* Whether a reading shows something that may be a file. */
static bool
has_file(const struct part *part)
{
    if (part->shape == PART_LEAF) {
        return part->filename.size > 0 || !is_type(part, "text", NULL) ||
               part->first != NULL;
    }
    for (const struct part *p = part->first; p != NULL; p = p->next) {
        if (has_file(p)) {
            return true;
        }
    }
    return part->shape == PART_MESSAGE && has_file(part->message->root);
}

/* Subject and sender, where the header too was read in another way. */
static void
other_header_gather(struct gather *g, const struct part *part)
{
    static const char *const names[] = {"subject", "from"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct bytes name = bytes_from_text(names[i]);
        struct bytes ours = header_value(&part->parent->header, name);
        struct bytes theirs = header_value(&part->header, name);
        if (!bytes_equal(ours, theirs)) {
            text_add(g, &g->other, words_decode(g->arena, theirs, NULL));
        }
    }
}

/* What the part says when it is read in other ways; `to` has what it says in ours from `from` on. Other readings have
 * no others, so this goes one step deep. */
static void
others_gather(struct gather *g, struct part *part, struct writer *to, size_t from)
{
    struct defects *defects = g->defects;
    size_t end = to->size;

    for (struct part *p = part->other; p != NULL; p = p->next) {
        size_t before = g->other.size;
        g->defects = NULL;
        if (p->header.fields != part->header.fields) {
            other_header_gather(g, p);
        }
        part_gather(g, p, &g->other);
        g->defects = defects;
        struct bytes more = bytes_from(writer_view(&g->other), before);
        bool same = says_the_same(more, bytes_slice(writer_view(to), from, end));
        if (same) {
            g->other.size = before;
        }
        if ((!same && more.size > 0) || (has_file(p) && !has_file(part))) {
            defect_note(g->defects, "reads_otherwise", part->header.raw.at);
        }
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
    writer_init(&g.other, arena);
    mime_read(arena, letter, &outside, &defects);
    letter_fields_read(arena, letter, &defects);
    g.carrier = letter->carrier;
    part_gather(&g, letter->root, &g.text);
    outside_gather(&g, &outside);
    stray_lines_gather(&g, raw);
    letter->text = writer_view(&g.text);
    letter->hidden = writer_view(&g.hidden);
    letter->other = writer_view(&g.other);
    g.link_count = links_follow(arena, &g.links, g.link_count, LIMIT_LINKS);
    letter->links = g.links;
    letter->link_count = g.link_count;
    letter->hidden_texts = g.hidden_texts;
    letter->hidden_count = g.hidden_count;
    letter->html = g.html;
    invisible_count(letter);
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
