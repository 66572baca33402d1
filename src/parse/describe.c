#include "parse/header.h"
#include "parse/mime.h"
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

struct part_fields {
    const struct field *type, *encoding, *disposition, *id;
};

static void
field_keep(const struct field **kept, const struct field *field, const char *defect,
           struct defects *defects)
{
    if (*kept != NULL) {
        defect_note(defects, defect, field->name.at);
        return;
    }
    *kept = field;
}

/* The fields that describe a part, in one pass; the first of each counts. */
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
            field_keep(&f.type, field, "content_type_twice", defects);
        } else if (bytes_is_fold(rest, "transfer-encoding")) {
            field_keep(&f.encoding, field, "encoding_twice", defects);
        } else if (bytes_is_fold(rest, "disposition")) {
            field_keep(&f.disposition, field, "disposition_twice", defects);
        } else if (bytes_is_fold(rest, "id")) {
            field_keep(&f.id, field, "content_id_twice", defects);
        }
    }
    return f;
}

static void
type_describe(struct arena *arena, struct part *part, const struct field *field,
              struct bytes *boundary_r, struct defects *defects)
{
    struct content_type type;

    content_type_read(arena, field->value, &type, defects);
    if (type.type.size == 0 || type.subtype.size == 0) {
        defect_note(defects, "content_type_broken", field->value.at);
    } else {
        part->type = type.type;
        part->subtype = type.subtype;
    }
    part->parameters = type.parameters;
    part->parameter_count = type.parameter_count;
    part->charset_label = bytes_lower(
        arena, parameter_value(type.parameters, type.parameter_count, BYTES("charset")));
    part->filename = parameter_value(type.parameters, type.parameter_count, BYTES("name"));
    *boundary_r = type.boundary;
}

void
mime_describe(struct arena *arena, struct part *part, struct bytes *boundary_r, bool digest,
              struct defects *defects)
{
    struct part_fields f = part_fields_find(&part->header, defects);

    *boundary_r = BYTES_NONE;
    part->type = digest ? BYTES("message") : BYTES("text");
    part->subtype = digest ? BYTES("rfc822") : BYTES("plain");
    if (f.type != NULL) {
        type_describe(arena, part, f.type, boundary_r, defects);
    }
    if (f.encoding != NULL) {
        struct bytes word = encoding_word(f.encoding->value);
        part->encoding_text = bytes_lower(arena, word);
        part->encoding = encoding_of(word);
        if (part->encoding == ENCODING_OTHER) {
            defect_note(defects, "encoding_unknown", f.encoding->value.at);
        }
    }
    if (f.disposition != NULL) {
        struct content_type disposition;
        content_type_read(arena, f.disposition->value, &disposition, defects);
        part->disposition = disposition.type;
        struct bytes name = parameter_value(disposition.parameters,
                                            disposition.parameter_count, BYTES("filename"));
        part->filename = name.size > 0 ? name : part->filename;
    }
    if (f.id != NULL) {
        struct bytes id = header_unfold(arena, f.id->value);
        if (id.size > 1 && id.at[0] == '<' && id.at[id.size - 1] == '>') {
            id = bytes_slice(id, 1, id.size - 1);
        }
        part->content_id = id;
    }
}
