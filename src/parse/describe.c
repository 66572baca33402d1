#include "parse/header.h"
#include "parse/mime_private.h"
#include "parse/parameters.h"

static enum part_encoding
encoding_of(struct bytes text)
{
    static const struct {
        const char *name;
        enum part_encoding encoding;
    } names[] = {
        {"7bit", ENCODING_7BIT},         {"quoted-printable", ENCODING_QUOTED_PRINTABLE},
        {"base64", ENCODING_BASE64},     {"8bit", ENCODING_8BIT},
        {"binary", ENCODING_BINARY},     {"x-uuencode", ENCODING_UUENCODE},
        {"uuencode", ENCODING_UUENCODE}, {"x-uue", ENCODING_UUENCODE},
        {"7-bit", ENCODING_7BIT},        {"8-bit", ENCODING_8BIT},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (bytes_is_fold(text, names[i].name)) {
            return names[i].encoding;
        }
    }
    return text.size == 0 ? ENCODING_7BIT : ENCODING_OTHER;
}

/* The word of a Content-Transfer-Encoding, without quotes, comments and what follows a ';'. */
static struct bytes
encoding_word(struct bytes value)
{
    value = bytes_trim(value);
    while (value.size > 0 && value.at[0] == '(') {
        size_t end = header_comment(value, 0);
        value = bytes_trim(bytes_from(value, end != 0 ? end : value.size));
    }
    if (value.size > 0 && value.at[0] == '"') {
        value = bytes_from(value, 1);
    }
    size_t end = 0;
    while (end < value.size && !ascii_blank(value.at[end]) && value.at[end] != ';' &&
           value.at[end] != '(' && value.at[end] != '"') {
        end++;
    }
    return bytes_slice(value, 0, end);
}

/* The fields that describe a part: the first of each, and the last where there are several. */
struct part_fields {
    const struct field *type, *type_last, *encoding, *encoding_last, *disposition,
        *disposition_last, *id;
};

static void
field_keep(const struct field **kept, const struct field **last, const struct field *field,
           const char *defect, struct defects *defects)
{
    if (*kept == NULL) {
        *kept = field;
        return;
    }
    defect_note(defects, defect, field->name.at);
    if (last != NULL) {
        *last = field;
    }
}

/* In one pass. */
static struct part_fields
part_fields_find(const struct header *header, struct defects *defects)
{
    struct part_fields f = {0};

    for (size_t i = 0; i < header->field_count; i++) {
        const struct field *field = &header->fields[i];
        if (field->name.size < 10 || !bytes_starts_fold(field->name, BYTES("content-"))) {
            continue;
        }
        struct bytes rest = bytes_from(field->name, 8);
        if (bytes_is_fold(rest, "type")) {
            field_keep(&f.type, &f.type_last, field, "content_type_twice", defects);
        } else if (bytes_is_fold(rest, "transfer-encoding")) {
            field_keep(&f.encoding, &f.encoding_last, field, "encoding_twice", defects);
        } else if (bytes_is_fold(rest, "disposition")) {
            field_keep(&f.disposition, &f.disposition_last, field, "disposition_twice",
                       defects);
        } else if (bytes_is_fold(rest, "id")) {
            field_keep(&f.id, NULL, field, "content_id_twice", defects);
        }
    }
    return f;
}

/* A blank stands before its colon. */
static bool
is_spaced(const struct field *field)
{
    return field != NULL && field->whole.size > field->name.size &&
           field->whole.at[field->name.size] != ':';
}

static bool
says_other(const struct field *last, const struct field *first)
{
    return last != NULL && !bytes_equal(bytes_trim(last->value), bytes_trim(first->value));
}

static const struct parameter *
parameter_find(const struct mime_view *view, struct bytes name)
{
    for (size_t i = 0; i < view->parameter_count; i++) {
        if (bytes_equal(view->parameters[i].name, name)) {
            return &view->parameters[i];
        }
    }
    return NULL;
}

static struct mime_view
view_default(bool digest)
{
    return (struct mime_view){.type = digest ? BYTES("message") : BYTES("text"),
                              .subtype = digest ? BYTES("rfc822") : BYTES("plain")};
}

static struct mime_view
view_of_type(struct arena *arena, const struct field *field, bool digest,
             struct defects *defects)
{
    struct mime_view view = view_default(digest);
    struct content_type type;

    content_type_read(arena, field->value, &type, defects);
    if (type.type.size == 0 || type.subtype.size == 0) {
        defect_note(defects, "content_type_broken", field->value.at);
    } else {
        view.type = type.type;
        view.subtype = type.subtype;
    }
    view.parameters = type.parameters;
    view.parameter_count = type.parameter_count;
    view.charset_label = bytes_lower(
        arena, parameter_value(type.parameters, type.parameter_count, BYTES("charset")));
    view.boundary = type.boundary;
    return view;
}

/* The view of those who take the other value of boundary or charset, and trim what RFC 2046 5.1.1 says a boundary cannot
 * end in. */
static bool
view_of_doubles(struct arena *arena, const struct mime_view *first, struct mime_view *r)
{
    const struct parameter *boundary = parameter_find(first, BYTES("boundary"));
    const struct parameter *charset = parameter_find(first, BYTES("charset"));
    struct bytes trimmed = bytes_trim(first->boundary);

    *r = *first;
    if (charset != NULL && charset->other.size > 0) {
        r->charset_label = bytes_lower(arena, charset->other);
        r->why = "charset_conflict";
    }
    if (!bytes_is(first->type, "multipart")) {
        return r->why != NULL;
    }
    if (boundary != NULL && boundary->other.size > 0) {
        r->boundary = boundary->other;
        r->why = "boundary_conflict";
    } else if (trimmed.size > 0 && trimmed.size < first->boundary.size) {
        r->boundary = trimmed;
        r->why = "boundary_conflict";
    }
    return r->why != NULL;
}

/* The ways to read the type, ours first. */
static size_t
type_views(struct arena *arena, const struct part_fields *f, bool digest,
           struct mime_view views[MIME_TYPE_VIEWS], struct defects *defects)
{
    size_t count = 1;

    if (f->type == NULL) {
        views[0] = view_default(digest);
        return count;
    }
    views[0] = view_of_type(arena, f->type, digest, defects);
    if (says_other(f->type_last, f->type)) {
        views[count] = view_of_type(arena, f->type_last, digest, NULL);
        views[count++].why = "content_type_conflict";
    } else if (is_spaced(f->type)) {
        views[count] = view_default(digest);
        views[count++].why = "field_name_blank";
    } else if (views[0].boundary.size > 0 && bytes_is(views[0].type, "text") &&
               bytes_find_fold(bytes_slice(f->type->value, 0, LIMIT_HEADER_FIELD),
                               BYTES("multipart"), 0) != BYTES_NOWHERE) {
        views[count] = views[0];
        views[count].type = BYTES("multipart");
        views[count].subtype = BYTES("mixed");
        views[count++].why = "content_type_broken";
    }
    count += view_of_doubles(arena, &views[0], &views[count]);
    return count;
}

/* An encoding that others may see: of the last field, none where a blank stands before the colon, or the one a word nearly
 * says. */
static const char *
encoding_other(const struct part_fields *f, enum part_encoding ours,
               enum part_encoding *other_r, struct bytes *word_r)
{
    if (f->encoding == NULL) {
        return NULL;
    }
    struct bytes word = encoding_word(f->encoding->value);
    *word_r = word;
    *other_r = ours;
    if (says_other(f->encoding_last, f->encoding)) {
        *word_r = encoding_word(f->encoding_last->value);
        *other_r = encoding_of(*word_r);
    } else if (is_spaced(f->encoding)) {
        *other_r = ENCODING_7BIT;
        *word_r = BYTES_NONE;
    } else if (ours == ENCODING_OTHER) {
        word = bytes_slice(f->encoding->value, 0, LIMIT_HEADER_FIELD);
        *other_r = bytes_find_fold(word, BYTES("base64"), 0) != BYTES_NOWHERE ||
                           bytes_find_fold(word, BYTES("base-64"), 0) != BYTES_NOWHERE
                       ? ENCODING_BASE64
                   : bytes_find_fold(word, BYTES("quoted"), 0) != BYTES_NOWHERE
                       ? ENCODING_QUOTED_PRINTABLE
                       : ours;
    }
    bool same = *other_r == ours || (!mime_is_encoded(*other_r) && !mime_is_encoded(ours));
    return same ? NULL : is_spaced(f->encoding) ? "field_name_blank" : "encoding_conflict";
}

static struct bytes
extension(struct bytes name)
{
    size_t dot = bytes_find_last(name, '.');

    return dot == BYTES_NOWHERE ? BYTES_NONE : bytes_from(name, dot + 1);
}

/* A name that others may show counts when its ending is another. That one has an ending and the other none is sloppy, not a
 * conflict. */
static void
name_try(struct part *part, struct bytes name)
{
    if (part->other_name.size == 0 && name.size > 0 && part->filename.size > 0 &&
        !bytes_equal_fold(extension(name), extension(part->filename))) {
        part->other_name = name;
    }
}

static void
names_describe(struct arena *arena, struct part *part, const struct part_fields *f,
               const struct mime_view *view, struct defects *defects)
{
    static const struct parameter none;
    const struct parameter *name = parameter_find(view, BYTES("name"));
    const struct parameter *filename = NULL;
    struct mime_view seen = {0};

    if (f->disposition != NULL) {
        struct content_type disposition;
        content_type_read(arena, f->disposition->value, &disposition, defects);
        part->disposition = disposition.type;
        seen.parameters = disposition.parameters;
        seen.parameter_count = disposition.parameter_count;
        filename = parameter_find(&seen, BYTES("filename"));
    }
    name = name == NULL ? &none : name;
    filename = filename == NULL ? &none : filename;
    part->filename = filename->value.size > 0 ? filename->value : name->value;
    name_try(part, filename->other);
    name_try(part, name->value);
    name_try(part, name->other);
    if (says_other(f->disposition_last, f->disposition)) {
        struct content_type last;
        content_type_read(arena, f->disposition_last->value, &last, NULL);
        name_try(part,
                 parameter_value(last.parameters, last.parameter_count, BYTES("filename")));
    }
    size_t nul = bytes_find_byte(part->filename, 0, 0);
    name_try(part, bytes_slice(part->filename, 0, nul == BYTES_NOWHERE ? 0 : nul));
    if (part->other_name.size > 0 && extension(part->filename).size > 0) {
        defect_note(defects, "filename_conflict", part->header.raw.at);
    }
}

bool
mime_is_encoded(enum part_encoding encoding)
{
    return encoding == ENCODING_BASE64 || encoding == ENCODING_QUOTED_PRINTABLE ||
           encoding == ENCODING_UUENCODE;
}

void
mime_view_put(struct part *part, const struct mime_view *view)
{
    part->type = view->type;
    part->subtype = view->subtype;
    part->parameters = view->parameters;
    part->parameter_count = view->parameter_count;
    part->charset_label = view->charset_label;
    part->encoding = view->encoding;
    part->encoding_text = view->encoding_text;
}

/* Every type with every encoding. */
static void
views_make(struct arena *arena, const struct part_fields *f, bool digest,
           struct mime_views *views, struct defects *defects)
{
    struct mime_view *list = views->list;
    enum part_encoding other = ENCODING_7BIT;
    struct bytes word = BYTES_NONE;

    views->count = type_views(arena, f, digest, list, defects);
    if (f->encoding == NULL) {
        return;
    }
    for (size_t i = 0; i < views->count; i++) {
        list[i].encoding_text = bytes_lower(arena, encoding_word(f->encoding->value));
        list[i].encoding = encoding_of(list[i].encoding_text);
    }
    if (list[0].encoding == ENCODING_OTHER) {
        defect_note(defects, "encoding_unknown", f->encoding->value.at);
    }
    const char *why = encoding_other(f, list[0].encoding, &other, &word);
    for (size_t i = 0, count = views->count; i < count && why != NULL; i++) {
        struct mime_view *view = &list[views->count++];
        *view = list[i];
        view->encoding = other;
        view->encoding_text = bytes_lower(arena, word);
        view->why = view->why == NULL ? why : view->why;
    }
}

void
mime_describe(struct arena *arena, struct part *part, bool digest,
              struct mime_views *views_r, struct defects *defects)
{
    struct part_fields f = part_fields_find(&part->header, defects);

    views_make(arena, &f, digest, views_r, defects);
    for (size_t i = 0; i < views_r->count; i++) {
        if (i > 0) {
            defect_note(defects, views_r->list[i].why, part->header.raw.at);
        }
    }
    mime_view_put(part, &views_r->list[0]);
    names_describe(arena, part, &f, &views_r->list[0], defects);
    if (f.id != NULL) {
        struct bytes id = header_unfold(arena, f.id->value);
        if (id.size > 1 && id.at[0] == '<' && id.at[id.size - 1] == '>') {
            id = bytes_slice(id, 1, id.size - 1);
        }
        part->content_id = id;
    }
}
