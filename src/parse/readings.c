#include "parse/mime_private.h"

#include "parse/parameters.h"
#include "parse/transfer.h"

void
readings_later(struct mime_reader *m, struct part *part, enum mime_again again,
               const struct mime_view *view, const char *why)
{
    struct mime_budget *b = m->budget;

    if (b->is_again) {
        return;
    }
    if (why != NULL) {
        defect_note(m->defects, why, part->header.raw.at);
    }
    if (b->later_count == LIMIT_MIME_READINGS) {
        defect_note(m->defects, "mime_readings", part->header.raw.at);
        return;
    }
    if (b->later == NULL) {
        b->later = ARENA_NEW_MANY(m->arena, LIMIT_MIME_READINGS, struct mime_later);
    }
    struct mime_later *later = &b->later[b->later_count++];
    *later = (struct mime_later){.part = part, .again = again};
    if (view != NULL) {
        later->view = *view;
    }
}

/* The boundary that a multipart without one may have: the first line that looks like it. */
static struct bytes
boundary_guess(struct bytes body)
{
    for (size_t at = 0; at < body.size;) {
        size_t end = bytes_find_byte(body, '\n', at);
        struct bytes line = bytes_trim(bytes_slice(body, at, end));
        if (line.size > 2 && line.size <= LIMIT_BOUNDARY + 2 &&
            bytes_starts(line, BYTES("--")) && !ascii_blank(line.at[2])) {
            return bytes_from(line, 2);
        }
        at = end == BYTES_NOWHERE ? body.size : end + 1;
    }
    return BYTES_NONE;
}

/* A line end at a CR alone would make a boundary of what follows. */
static bool
has_cr_boundary(const struct part *part)
{
    struct bytes raw = part->raw;

    for (size_t at = 0; (at = bytes_find_byte(raw, '\r', at)) != BYTES_NOWHERE; at++) {
        if (at + 2 < raw.size && raw.at[at + 1] == '-' && raw.at[at + 2] == '-') {
            return true;
        }
    }
    return false;
}

void
readings_find(struct mime_reader *m, struct part *part, const struct mime_views *views)
{
    for (size_t i = 1; i < views->count; i++) {
        readings_later(m, part, AGAIN_VIEW, &views->list[i], NULL);
    }
    if (part->header.is_unclear) {
        readings_later(m, part, AGAIN_LINES, NULL, NULL);
    } else if (part->shape == PART_MULTIPART && m->stack.depth == 0 &&
               has_cr_boundary(part)) {
        readings_later(m, part, AGAIN_LINES, NULL, "body_cr");
    }
    if (part->shape == PART_MULTIPART && mime_is_encoded(part->encoding)) {
        readings_later(m, part, AGAIN_DECODED, &views->list[0], "multipart_encoded");
    }
    if (part->shape == PART_LEAF && bytes_is(part->type, "multipart") &&
        views->list[0].boundary.size == 0) {
        struct mime_view view = views->list[0];
        view.boundary = boundary_guess(part->raw);
        if (view.boundary.size > 0) {
            readings_later(m, part, AGAIN_VIEW, &view, "boundary_missing");
        }
    }
    if (part->shape == PART_LEAF && part->encoding == ENCODING_BASE64 &&
        transfer_base64_runs(part->raw)) {
        readings_later(m, part, AGAIN_THROUGH, NULL, "base64_runs");
    }
}

/* Header and body with a line end at every CR, and the header's end at a line of blanks. */
static struct bytes
lines_again(struct arena *arena, struct bytes in, size_t header)
{
    uint8_t *out = arena_take_bytes(arena, in.size);
    size_t size = 0, line = 0,
           run = 0; /* where the line began; where the CRs end that we are in */
    bool blank = false;

    for (size_t i = 0; i < in.size; i++) {
        uint8_t c = in.at[i];
        while (c == '\r' && run < in.size && (run <= i || in.at[run] == '\r')) {
            run = run <= i ? i + 1 : run + 1;
        }
        if (c == '\r' && run < in.size && in.at[run] == '\n') {
            continue; /* CR LF, and CR CR LF: one line end */
        }
        bool cr = c == '\r';
        if ((c == '\n' || cr) && blank && i < header) {
            size = line; /* of blanks: empty */
        }
        out[size++] = cr ? '\n' : c;
        if (c == '\n' || cr) {
            line = size;
            blank = true;
        } else if (c != ' ' && c != '\t' && c != '\r') {
            blank = false;
        }
    }
    return bytes_of(out, size);
}

/* What may still be read again of these bytes. */
static struct bytes
again_take(struct mime_budget *b, struct bytes in)
{
    in = bytes_slice(in, 0, LIMIT_MIME_AGAIN - b->again_bytes);
    b->again_bytes += in.size;
    return in;
}

static struct part *
other_add(struct mime_reader *m, struct part *part)
{
    struct part *last = part->other, *other;

    while (last != NULL && last->next != NULL) {
        last = last->next;
    }
    other = mime_part_add(m, NULL, last);
    other->parent = part;
    other->is_other = true;
    other->header = part->header;
    other->disposition = part->disposition;
    other->filename = part->filename;
    other->other_name = part->other_name;
    other->content_id = part->content_id;
    if (part->other == NULL) {
        part->other = other;
    }
    return other;
}

static size_t
depth_of(const struct part *part)
{
    size_t depth = 0;

    while ((part = part->parent) != NULL) {
        depth++;
    }
    return depth;
}

static struct mime_view
view_of(const struct part *part)
{
    return (struct mime_view){.type = part->type,
                              .subtype = part->subtype,
                              .parameters = part->parameters,
                              .parameter_count = part->parameter_count,
                              .charset_label = part->charset_label,
                              .encoding = part->encoding,
                              .encoding_text = part->encoding_text};
}

static void
lines_read(struct mime_reader *m, struct part *part, struct part *other)
{
    size_t header = part->raw.at > part->header.raw.at
                        ? (size_t)(part->raw.at - part->header.raw.at)
                        : part->header.raw.size;
    struct bytes in = {part->header.raw.at, header + part->raw.size};

    m->in = lines_again(m->arena, again_take(m->budget, in), part->header.raw.size);
    (void)mime_part_read(m, other, false, depth_of(other));
}

static void
reading_read(struct arena *arena, struct mime_budget *b, const struct mime_later *later)
{
    struct part *part = later->part;
    struct mime_reader *m = mime_reader_new(arena, BYTES_NONE, b, NULL);
    struct part *other = other_add(m, part);
    struct mime_view view = later->view;

    if (later->again == AGAIN_LINES) {
        lines_read(m, part, other);
        return;
    }
    if (later->again != AGAIN_VIEW) {
        view = view_of(part);
        view.boundary =
            parameter_value(part->parameters, part->parameter_count, BYTES("boundary"));
    }
    if (later->again == AGAIN_TEXT) {
        view.type = BYTES("text");
        view.subtype = BYTES("plain");
    }
    m->in = again_take(b, part->raw);
    m->stack.loose = later->again == AGAIN_LOOSE;
    if (later->again == AGAIN_DECODED) {
        other->raw = m->in;
        other->encoding = part->encoding;
        mime_content_decode(arena, other, NULL);
        m->in = other->content;
        view.encoding = ENCODING_BINARY;
    } else if (later->again == AGAIN_THROUGH) {
        other->content = transfer_from_base64_through(arena, m->in);
    } else if (part->shape == PART_LEAF && part->encoding == view.encoding &&
               m->in.size == part->raw.size) {
        other->content = part->content;
    }
    (void)mime_body_read(m, other, &view, depth_of(other));
}

void
readings_read(struct arena *arena, struct mime_budget *b)
{
    b->is_again = true;
    for (size_t i = 0; i < b->later_count; i++) {
        if (b->part_count < LIMIT_MIME_PARTS && b->again_bytes < LIMIT_MIME_AGAIN) {
            reading_read(arena, b, &b->later[i]);
        }
    }
}
