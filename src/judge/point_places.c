#include "judge/point_places.h"

/* What a finding speaks of, by the beginning of its name; the first row that fits holds. */
enum rests_on {
    PLACE_FIELD,      /* that field which holds the detail, else the first of the name */
    PLACE_FIELDS,     /* from the first to the last field of the name */
    PLACE_ANY_FIELD,  /* the first field that holds the detail */
    PLACE_REPEAT,     /* the second field of the name that the detail tells */
    PLACE_HEADER,     /* the whole header: something is missing in it */
    PLACE_BODY,       /* the whole body: so of the text */
    PLACE_MARKUP,     /* the first part that is HTML, else the body */
    PLACE_ATTACHMENT, /* the attachment that the detail names, else all of them */
};

static const struct {
    const char *finding;
    enum rests_on place;
    const char *field;
} rows[] = {
    /* clang-format off */
    {"dkim_unsigned_repeat", PLACE_REPEAT, NULL},
    {"dkim_many", PLACE_FIELDS, "DKIM-Signature"},
    {"dkim_", PLACE_FIELD, "DKIM-Signature"},
    {"arc_speaks", PLACE_FIELD, "ARC-Seal"},
    {"vouched", PLACE_FIELD, "VBR-Info"},
    {"from_missing", PLACE_HEADER, NULL},
    {"from_several", PLACE_FIELDS, "From"},
    {"from_", PLACE_FIELD, "From"},
    {"dmarc_", PLACE_FIELD, "From"},
    {"brand_mismatch", PLACE_FIELD, "From"},
    {"web_form", PLACE_ANY_FIELD, NULL},
    {"hop_many", PLACE_FIELDS, "Received"},
    {"hop_", PLACE_FIELD, "Received"},
    {"origin_hidden", PLACE_FIELDS, "Received"},
    {"bulk_list_unsubscribe", PLACE_HEADER, NULL},
    {"bulk_unsubscribe_seen", PLACE_BODY, NULL},
    {"bulk_unsubscribe_https", PLACE_FIELD, "List-Unsubscribe"},
    {"bulk_one_click_signed", PLACE_FIELD, "DKIM-Signature"},
    {"bulk_one_click", PLACE_FIELD, "List-Unsubscribe"},
    {"bulk_from_single", PLACE_FIELDS, "From"},
    {"bulk_from_aligned", PLACE_FIELD, "From"},
    {"bulk_dmarc", PLACE_FIELD, "From"},
    {"bulk_dkim", PLACE_FIELD, "DKIM-Signature"},
    {"bulk_message_id", PLACE_FIELD, "Message-ID"},
    {"bulk_date", PLACE_FIELD, "Date"},
    {"law_old_label", PLACE_FIELD, "Subject"},
    {"law_false_sender", PLACE_FIELD, "From"},
    {"law_invented_address", PLACE_FIELD, "To"},
    {"law_", PLACE_BODY, NULL},
    {"password_form", PLACE_MARKUP, NULL},
    {"page_refresh", PLACE_MARKUP, NULL},
    {"hidden_text", PLACE_MARKUP, NULL},
    {"turned_text", PLACE_MARKUP, NULL},
    {"zero_width_text", PLACE_BODY, NULL},
    {"attachment_", PLACE_ATTACHMENT, NULL},
    {"file_name_two", PLACE_ATTACHMENT, NULL},
    {"file_in_text", PLACE_BODY, NULL},
    {"link_", PLACE_MARKUP, NULL},
    {"disposable_host", PLACE_MARKUP, NULL},
    /* clang-format on */
};

static bool
is_within(const struct letter *letter, struct bytes b)
{
    return b.size > 0 && b.at >= letter->raw.at &&
           b.at + b.size <= letter->raw.at + letter->raw.size;
}

static struct bytes
between(struct bytes first, struct bytes last)
{
    return bytes_of(first.at, (size_t)(last.at + last.size - first.at));
}

/* From the first byte that stands there to the last. */
static struct bytes
joined(struct bytes so_far, struct bytes next)
{
    return so_far.size == 0                                ? next
           : next.at < so_far.at                           ? between(next, so_far)
           : next.at + next.size > so_far.at + so_far.size ? between(so_far, next)
                                                           : so_far;
}

static struct bytes
field_with(const struct letter *letter, struct bytes name, struct bytes detail)
{
    const struct field *first = NULL, *field;

    for (size_t at = 0; (field = header_find(&letter->header, name, &at)) != NULL;) {
        first = first == NULL ? field : first;
        if (detail.size > 0 && bytes_find_fold(field->value, detail, 0) != BYTES_NOWHERE) {
            return field->whole;
        }
    }
    return first == NULL ? BYTES_NONE : first->whole;
}

static struct bytes
any_field(const struct letter *letter, struct bytes detail)
{
    for (size_t i = 0; detail.size > 0 && i < letter->header.field_count; i++) {
        const struct field *field = &letter->header.fields[i];
        if (bytes_find(field->value, detail, 0) != BYTES_NOWHERE) {
            return field->whole;
        }
    }
    return BYTES_NONE;
}

static struct bytes
all_fields(const struct letter *letter, struct bytes name)
{
    struct bytes all = BYTES_NONE;
    const struct field *field;

    for (size_t at = 0; (field = header_find(&letter->header, name, &at)) != NULL;) {
        all = joined(all, field->whole);
    }
    return all;
}

static struct bytes
second_field(const struct letter *letter, struct bytes name)
{
    size_t at = 0;

    if (header_find(&letter->header, name, &at) == NULL) {
        return BYTES_NONE;
    }
    const struct field *second = header_find(&letter->header, name, &at);
    return second == NULL ? BYTES_NONE : second->whole;
}

static struct bytes
markup(const struct letter *letter)
{
    for (const struct part *part = letter->root; part != NULL; part = part_next(part)) {
        if (part->shape == PART_LEAF && bytes_is(part->subtype, "html") &&
            is_within(letter, part->raw)) {
            return part->raw;
        }
    }
    return letter->body;
}

/* A path begins with the name of the attachment, that of a file within an archive behind it. */
static bool
is_named(const struct part *part, struct bytes detail)
{
    return detail.size > 0 &&
           ((part->filename.size > 0 && bytes_starts(detail, part->filename)) ||
            (part->other_name.size > 0 && bytes_starts(detail, part->other_name)));
}

static struct bytes
attachment(const struct letter *letter, struct bytes detail)
{
    struct bytes all = BYTES_NONE;

    for (const struct part *part = letter->root; part != NULL; part = part_next(part)) {
        bool is_file = part->filename.size > 0 ||
                       bytes_is(part->disposition, "attachment") ||
                       !bytes_is(part->type, "text");
        if (part->shape == PART_LEAF && is_within(letter, part->raw) && is_file) {
            if (is_named(part, detail)) {
                return part->raw;
            }
            all = joined(all, part->raw);
        }
    }
    return all.size > 0 ? all : letter->body;
}

/* The line of a defect of that name. */
static struct bytes
defect_line(const struct letter *letter, struct bytes name)
{
    for (size_t i = 0; name.size > 0 && i < letter->defect_count; i++) {
        const struct defect *defect = &letter->defects[i];
        if (bytes_is(name, defect->name) && defect->at < letter->raw.size) {
            size_t end = bytes_find_byte(letter->raw, '\n', defect->at);
            return bytes_slice(letter->raw, defect->at,
                               end == BYTES_NOWHERE ? letter->raw.size : end + 1);
        }
    }
    return BYTES_NONE;
}

static struct bytes
whole_body(const struct letter *letter)
{
    return letter->body.size > 0 ? letter->body : letter->raw;
}

static struct bytes
by_name(const struct letter *letter, const struct finding *finding)
{
    struct bytes name = bytes_from_text(finding->name);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!bytes_starts(name, bytes_from_text(rows[i].finding))) {
            continue;
        }
        struct bytes field = bytes_from_text(rows[i].field), found = BYTES_NONE;
        switch (rows[i].place) {
        case PLACE_FIELD:
            found = field_with(letter, field, finding->detail);
            break;
        case PLACE_FIELDS:
            found = all_fields(letter, field);
            break;
        case PLACE_ANY_FIELD:
            found = any_field(letter, finding->detail);
            break;
        case PLACE_REPEAT:
            found = second_field(letter, finding->detail);
            break;
        case PLACE_HEADER:
            break;
        case PLACE_BODY:
            return whole_body(letter);
        case PLACE_MARKUP:
            return markup(letter);
        case PLACE_ATTACHMENT:
            return attachment(letter, finding->detail);
        }
        return found.size > 0 ? found : letter->header.raw; /* where it would stand */
    }
    return BYTES_NONE;
}

struct bytes
point_defect(const struct letter *letter, const struct finding *finding)
{
    struct bytes line = defect_line(letter, bytes_from_text(finding->name));

    return line.size > 0 ? line : defect_line(letter, finding->detail);
}

struct bytes
point_place(const struct letter *letter, const struct finding *finding)
{
    struct bytes place = by_name(letter, finding);

    if (place.size == 0 && finding->family != FAMILY_SOURCE &&
        finding->family != FAMILY_LABEL) {
        place = whole_body(letter);
    }
    return is_within(letter, place) ? place : BYTES_NONE;
}
