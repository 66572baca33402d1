#include "parse/header.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "parse/mime_private.h"

#define FIELDS_AT_FIRST 48 /* most messages have fewer, so the list is taken once */
#define LOOK_AHEAD      50 /* lines behind one that is no field, in search of the header's end */

struct block {
    struct arena *arena;
    struct header *header;
    struct defects *defects;
    size_t room, size;
    bool
        full; /* a bound was reached: fields are no longer kept, but the end of the block is sought */
};

/* Where the line that begins at `at` ends: behind its LF. */
static size_t
line_end(struct bytes in, size_t at)
{
    const uint8_t *lf = memchr(in.at + at, '\n', in.size - at);

    return lf == NULL ? in.size : (size_t)(lf - in.at) + 1;
}

static bool
line_is_empty(struct bytes in, size_t at)
{
    return in.at[at] == '\n' ||
           (in.at[at] == '\r' && at + 1 < in.size && in.at[at + 1] == '\n');
}

/* field-name = 1*%d33-57,59-126, blanks before the colon as obs- allows; SIZE_MAX if no name and colon stand
 * here. Bytes over 126 are let through: RFC 6532 does not allow them, mailers write them. */
static size_t
name_size(struct bytes in, size_t at, size_t end)
{
    size_t i = at;

    while (i < end && in.at[i] > ' ' && in.at[i] != ':' && in.at[i] != 127) {
        i++;
    }
    size_t size = i - at;
    while (i < end && (in.at[i] == ' ' || in.at[i] == '\t')) {
        i++;
    }
    return size > 0 && i < end && in.at[i] == ':' ? size : SIZE_MAX;
}

static void
field_add(struct block *b, struct field field)
{
    struct header *h = b->header;

    if (b->full) {
        return;
    }
    if (h->field_count >= LIMIT_HEADER_FIELDS) {
        defect_note(b->defects, "header_fields", field.whole.at);
        b->full = true;
        return;
    }
    b->size += field.whole.size;
    if (b->size > LIMIT_HEADER_BYTES) {
        defect_note(b->defects, "header_size", field.whole.at);
        b->full = true;
        return;
    }
    if (h->field_count == b->room) {
        size_t room = b->room == 0 ? FIELDS_AT_FIRST : b->room * 2;
        h->fields =
            arena_grow(b->arena, h->fields, b->room * sizeof field, room * sizeof field);
        b->room = room;
    }
    h->fields[h->field_count++] = field;
}

/* Behind the field that begins at `at`: its first line and all lines that continue it. One of blanks alone is among them
 * (RFC 5322 4.2), but some see the end of the header there. SpamAssassin writes its report with such lines: that is known. */
static size_t
field_end(struct block *b, struct bytes in, size_t at)
{
    bool known = bytes_starts_fold(bytes_from(in, at), BYTES("X-Spam-"));

    for (at = line_end(in, at); at < in.size && (in.at[at] == ' ' || in.at[at] == '\t');) {
        size_t from = at;
        at = line_end(in, from);
        if (!known && !b->header->is_unclear &&
            bytes_trim(bytes_slice(in, from, at)).size == 0 && at < in.size &&
            !line_is_empty(in, at)) {
            defect_note(b->defects, "header_blank_line", in.at + from);
            b->header->is_unclear = true;
        }
    }
    return at;
}

/* A CR that belongs to no line end. */
static const uint8_t *
lone_cr(struct bytes in)
{
    for (size_t at = 0; (at = bytes_find_byte(in, '\r', at)) != BYTES_NOWHERE; at++) {
        if (at + 1 < in.size && in.at[at + 1] != '\n' && in.at[at + 1] != '\r') {
            return in.at + at;
        }
    }
    return NULL;
}

/* What is wrong with the bytes of a block, wherever in it they stand. */
static void
block_check(struct block *b)
{
    struct header *h = b->header;

    if (h->raw.size == 0) {
        return;
    }
    const uint8_t *nul = memchr(h->raw.at, 0, h->raw.size), *cr = lone_cr(h->raw);
    if (nul != NULL) {
        defect_note(b->defects, "header_nul", nul);
    }
    if (cr != NULL) {
        defect_note(b->defects, "header_cr", cr);
        h->is_unclear = true;
    }
    if (utf8_valid(h->raw)) {
        return;
    }
    for (size_t i = 0; i < h->field_count;
         i++) { /* SpamAssassin quotes the body in its report, cut anywhere */
        if (!utf8_valid(h->fields[i].whole) &&
            !bytes_starts_fold(h->fields[i].name, BYTES("X-Spam-"))) {
            defect_note(b->defects, "header_8bit", h->fields[i].whole.at);
            return;
        }
    }
}

static struct field
field_cut(struct bytes in, size_t at, size_t end, size_t name)
{
    size_t colon = at + name, value_end = end;

    while (in.at[colon] != ':') {
        colon++;
    }
    if (value_end > at && in.at[value_end - 1] == '\n') {
        value_end--;
        if (value_end > at && in.at[value_end - 1] == '\r') {
            value_end--;
        }
    }
    return (struct field){
        .name = {in.at + at, name},
        .value = bytes_slice(in, colon + 1, value_end),
        .whole = {in.at + at, end - at},
    };
}

static bool
at_boundary(const struct mime_stack *stack, struct bytes in, size_t at)
{
    size_t which, next;
    bool closing;

    return stack != NULL && in.size - at > 2 && in.at[at] == '-' && in.at[at + 1] == '-' &&
           mime_boundary_at(stack, in, at, &which, &closing, &next);
}

/* A line that is no field stands at `at`: does the block go on behind it? RFC 7103 7.2 looks for an empty line or a
 * field further down; here not further than LOOK_AHEAD lines, for far below they are the body's own. Before the first
 * field only a field in the very next line counts: else there is no header at all. */
static bool
block_goes_on(struct bytes in, size_t at, bool first, const struct mime_stack *stack)
{
    for (int i = 0; i < (first ? 1 : LOOK_AHEAD); i++) {
        at = line_end(in, at);
        if (at >= in.size || at_boundary(stack, in, at)) {
            return false;
        }
        if (name_size(in, at, in.size) != SIZE_MAX || (!first && line_is_empty(in, at))) {
            return true;
        }
    }
    return false;
}

/* Such a line continues the field above it. */
static void
stray_line_take(struct block *b, struct bytes in, size_t at, size_t end)
{
    defect_note(b->defects, "header_line", in.at + at);
    if (b->header->field_count > 0 && !b->full) {
        struct field *above = &b->header->fields[b->header->field_count - 1];
        size_t start = (size_t)(above->whole.at - in.at);
        *above = field_cut(in, start, end, above->name.size);
    }
}

static size_t
skip_mailbox_line(struct bytes in)
{
    if (bytes_starts(in, BYTES("From ")) || bytes_starts(in, BYTES(">From "))) {
        size_t end = line_end(in, 0);
        if (name_size(in, 0, end) == SIZE_MAX) {
            return end;
        }
    }
    return 0;
}

size_t
header_read(struct arena *arena, struct bytes in, const struct mime_stack *stack,
            struct header *header_r, struct defects *defects)
{
    struct block b = {.arena = arena, .header = header_r, .defects = defects};
    size_t start = stack == NULL ? skip_mailbox_line(in) : 0, at = start, body = in.size;

    *header_r = (struct header){0};
    if (start > 0) {
        defect_note(defects, "mailbox_line", in.at);
    }
    while (at < in.size) {
        if (line_is_empty(in, at)) {
            body = line_end(in, at);
            break;
        }
        if (at_boundary(stack, in, at)) {
            defect_note(defects, "header_unended", in.at + at);
            body = at;
            break;
        }
        size_t name = name_size(in, at, in.size);
        if (name == SIZE_MAX && !block_goes_on(in, at, header_r->field_count == 0, stack)) {
            defect_note(defects, at == start ? "header_missing" : "header_unended",
                        in.at + at);
            body = at;
            break;
        }
        size_t end = name == SIZE_MAX ? line_end(in, at) : field_end(&b, in, at);
        if (name == SIZE_MAX) {
            stray_line_take(&b, in, at, end);
        } else {
            field_add(&b, field_cut(in, at, end, name));
        }
        at = end;
    }
    header_r->raw = bytes_slice(in, start, at);
    block_check(&b);
    return body;
}

const struct field *
header_find(const struct header *header, struct bytes name, size_t *from)
{
    for (size_t i = from == NULL ? 0 : *from; i < header->field_count; i++) {
        if (header->fields[i].name.size == name.size &&
            bytes_equal_fold(header->fields[i].name, name)) {
            if (from != NULL) {
                *from = i + 1;
            }
            return &header->fields[i];
        }
    }
    return NULL;
}

size_t
header_count(const struct header *header, struct bytes name)
{
    size_t count = 0;

    for (size_t from = 0; header_find(header, name, &from) != NULL;) {
        count++;
    }
    return count;
}

struct bytes
header_value(const struct header *header, struct bytes name)
{
    const struct field *field = header_find(header, name, NULL);

    return field == NULL ? BYTES_NONE : field->value;
}

struct bytes
header_unfold(struct arena *arena, struct bytes value)
{
    value = bytes_trim(value);
    const uint8_t *lf = value.size == 0 ? NULL : memchr(value.at, '\n', value.size);
    if (lf == NULL) {
        return value;
    }
    uint8_t *out = arena_take_bytes(arena, value.size);
    size_t size = 0, at = 0;
    while (at < value.size) {
        lf = memchr(value.at + at, '\n', value.size - at);
        size_t end = lf == NULL ? value.size : (size_t)(lf - value.at);
        size_t keep = lf != NULL && end > at && value.at[end - 1] == '\r' ? end - 1 : end;
        memcpy(out + size, value.at + at, keep - at);
        size += keep - at;
        at = end + 1;
    }
    return bytes_of(out, size);
}

size_t
header_comment(struct bytes in, size_t at)
{
    size_t depth = 0, close;
    struct bytes near = bytes_slice(in, at + 1, at + 256); /* most are short and plain */

    close = bytes_find_byte(near, ')', 0);
    if (close != BYTES_NOWHERE && memchr(near.at, '(', close) == NULL &&
        memchr(near.at, '\\', close) == NULL) {
        return at + 1 + close + 1;
    }
    for (size_t i = at; i < in.size; i++) {
        switch (in.at[i]) {
        case '\\':
            i++;
            break;
        case '(':
            if (++depth > LIMIT_COMMENT_DEPTH) {
                return 0;
            }
            break;
        case ')':
            if (--depth == 0) {
                return i + 1;
            }
            break;
        default:
            break;
        }
    }
    return 0;
}
