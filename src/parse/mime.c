#include "parse/mime.h"

#include "base/limits.h"
#include "parse/header.h"
#include "parse/mime_private.h"
#include "parse/transfer.h"

/* What all letters of one message share. */
struct mime_budget {
    size_t part_count;
    struct mime_outside *outside;
};

struct mime_reader {
    struct arena *arena;
    struct defects *defects;
    struct mime_budget *budget;
    struct bytes in;
    size_t at;
    struct mime_stack stack;
};

/* A boundary line, or the end. */
struct mime_hit {
    size_t which; /* index in the stack; SIZE_MAX at the end */
    bool closing;
    size_t
        content_end; /* of what stands before, without the line end that belongs to the boundary */
};

static struct mime_hit part_read(struct mime_reader *m, struct part *part, bool digest,
                                 size_t depth);

bool
mime_boundary_at(const struct mime_stack *stack, struct bytes in, size_t at,
                 size_t *which_r, bool *closing_r, size_t *rest_r)
{
    struct bytes line = bytes_from(in, at + 2);

    for (size_t i = stack->depth; i-- > 0;) {
        if (!bytes_starts(line, stack->boundaries[i])) {
            continue;
        }
        size_t end = stack->boundaries[i].size;
        bool closing =
            line.size - end >= 2 && line.at[end] == '-' && line.at[end + 1] == '-';
        end += closing ? 2 : 0;
        if (end < line.size && !ascii_blank(line.at[end])) {
            continue;
        }
        *which_r = i;
        *closing_r = closing;
        *rest_r = at + 2 + end;
        return true;
    }
    return false;
}

/* A preamble that only says what multiparts are hides nothing. */
static bool
is_stock_phrase(struct bytes text)
{
    static const char *const phrases[] = {
        "This is a multi-part message in MIME format.",
        "This is a multipart message in MIME format.",
        "This is a MIME-encapsulated message.",
        "This is a MIME-encapsulated message",
        "This is a cryptographically signed message in MIME format.",
        "This is an OpenPGP/MIME signed message (RFC 4880 and 3156)",
    };

    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
        if (bytes_is_fold(text, phrases[i])) {
            return true;
        }
    }
    return false;
}

static void
outside_add(struct mime_reader *m, size_t from, size_t to)
{
    struct mime_outside *o = m->budget->outside;
    struct bytes piece = bytes_trim(bytes_slice(m->in, from, to));

    if (piece.size == 0 || is_stock_phrase(piece)) {
        return;
    }
    defect_note(m->defects, "mime_outside", piece.at);
    if (o->count == o->room) {
        size_t room = o->room == 0 ? 4 : o->room * 2;
        o->pieces =
            arena_grow(m->arena, o->pieces, o->room * sizeof piece, room * sizeof piece);
        o->room = room;
    }
    o->pieces[o->count++] = piece;
}

/* The next boundary line from m->at on, which is the start of a line; m->at is then behind it. */
static struct mime_hit
hit_find(struct mime_reader *m)
{
    struct bytes in = m->in;
    size_t from = m->at, at = from;
    struct mime_hit hit = {.which = SIZE_MAX, .content_end = in.size};
    size_t rest;

    while (m->stack.depth > 0 && at < in.size) {
        if (in.size - at > 2 && in.at[at] == '-' && in.at[at + 1] == '-' &&
            mime_boundary_at(&m->stack, in, at, &hit.which, &hit.closing, &rest)) {
            size_t end = bytes_find_byte(in, '\n', rest);
            m->at = end == BYTES_NOWHERE ? in.size : end + 1;
            outside_add(m, rest, m->at);
            hit.content_end = at;
            if (hit.content_end > from && in.at[hit.content_end - 1] == '\n') {
                hit.content_end--;
                if (hit.content_end > from && in.at[hit.content_end - 1] == '\r') {
                    hit.content_end--;
                }
            }
            return hit;
        }
        const uint8_t *lf = memchr(in.at + at, '\n', in.size - at);
        if (lf == NULL) {
            break;
        }
        at = (size_t)(lf - in.at) + 1;
    }
    m->at = in.size;
    return hit;
}

static void
content_decode(struct arena *arena, struct part *part, struct defects *defects)
{
    bool broken = false;

    switch (part->encoding) {
    case ENCODING_BASE64:
        part->content = transfer_from_base64(arena, part->raw, &broken);
        break;
    case ENCODING_QUOTED_PRINTABLE:
        part->content = transfer_from_quoted_printable(arena, part->raw, &broken);
        break;
    case ENCODING_UUENCODE:
        part->content = transfer_from_uuencode(arena, part->raw, &broken);
        break;
    default:
        part->content = part->raw;
        break;
    }
    if (broken) {
        defect_note(defects,
                    part->encoding == ENCODING_BASE64     ? "base64_broken"
                    : part->encoding == ENCODING_UUENCODE ? "uuencode_broken"
                                                          : "quoted_printable_broken",
                    part->raw.at);
    }
}

static struct part *
part_add(struct mime_reader *m, struct part *parent, struct part *before)
{
    struct part *part = ARENA_NEW(m->arena, struct part);

    m->budget->part_count++;
    part->parent = parent;
    if (before != NULL) {
        before->next = part;
    } else if (parent != NULL && parent->shape == PART_MULTIPART) {
        parent->first = part;
    }
    return part;
}

/* No part more may be made: what is left is one text. */
static struct mime_hit
rest_as_text(struct mime_reader *m, struct part *parent, struct part *before)
{
    struct part *part = part_add(m, parent, before);

    defect_note(m->defects, "mime_parts", m->in.at + m->at);
    part->type = BYTES("text");
    part->subtype = BYTES("plain");
    part->raw = part->content = bytes_from(m->in, m->at);
    m->at = m->in.size;
    return (struct mime_hit){SIZE_MAX, false, m->in.size};
}

/* Preamble, children and epilogue of a multipart; gives what ended it. */
static struct mime_hit
children_read(struct mime_reader *m, struct part *part, struct bytes boundary, size_t depth)
{
    size_t level = m->stack.depth, from = m->at;
    bool digest = bytes_is(part->subtype, "digest");
    struct part *last = NULL;

    m->stack.boundaries[m->stack.depth++] = boundary;
    struct mime_hit hit = hit_find(m);
    outside_add(m, from, hit.content_end);
    while (hit.which == level && !hit.closing) {
        if (m->budget->part_count >= LIMIT_MIME_PARTS) {
            m->stack.depth = level;
            return rest_as_text(m, part, last);
        }
        last = part_add(m, part, last);
        hit = part_read(m, last, digest, depth);
    }
    m->stack.depth = level;
    if (hit.which == level && hit.which != SIZE_MAX) {
        from = m->at;
        hit = hit_find(m);
        outside_add(m, from, hit.content_end);
    } else {
        defect_note(m->defects, last == NULL ? "mime_empty" : "mime_unclosed",
                    part->header.raw.at);
    }
    return hit;
}

/* A message inside: read in place, the open boundaries go on to count. */
static struct mime_hit
message_read(struct mime_reader *m, struct part *part, size_t depth)
{
    struct letter *letter = ARENA_NEW(m->arena, struct letter);
    size_t from = m->at, before = m->budget->part_count;

    part->message = letter;
    letter->root = part_add(m, part, NULL);
    struct mime_hit hit = part_read(m, letter->root, false, depth);
    letter->raw = bytes_slice(m->in, from, hit.content_end);
    letter->header = letter->root->header;
    letter->body = letter->root->raw;
    letter->part_count = m->budget->part_count - before;
    return hit;
}

static void
letter_parts_read(struct arena *arena, struct letter *letter, struct mime_budget *budget,
                  struct defects *defects, struct part *parent, size_t depth)
{
    struct mime_reader *m = ARENA_NEW(arena, struct mime_reader);
    size_t before = budget->part_count;

    m->arena = arena;
    m->defects = defects;
    m->budget = budget;
    m->in = letter->raw;
    letter->root = part_add(m, parent, NULL);
    (void)part_read(m, letter->root, false, depth);
    letter->header = letter->root->header;
    letter->body = letter->root->raw;
    letter->part_count = budget->part_count - before;
}

/* A message under a transfer encoding (RFC 2046 5.2.1 forbids it, mailers do it): decoded, then read by itself. */
static void
encoded_message_read(struct mime_reader *m, struct part *part, size_t depth)
{
    struct letter *letter = ARENA_NEW(m->arena, struct letter);
    size_t fallback = m->defects == NULL ? 0 : m->defects->fallback;

    content_decode(m->arena, part, m->defects);
    defect_note(m->defects, "message_encoded", part->raw.at);
    letter->raw = part->content;
    part->message = letter;
    if (m->defects != NULL && m->defects->count > 0) {
        m->defects->fallback = m->defects->list[m->defects->count - 1].at;
    }
    letter_parts_read(m->arena, letter, m->budget, m->defects, part, depth);
    if (m->defects != NULL) {
        m->defects->fallback = fallback;
    }
}

static bool
is_message(const struct part *part)
{
    return bytes_is(part->type, "message") &&
           (bytes_is(part->subtype, "rfc822") || bytes_is(part->subtype, "global") ||
            bytes_is(part->subtype, "news"));
}

static enum part_shape
shape_of(struct mime_reader *m, const struct part *part, struct bytes boundary,
         size_t depth)
{
    bool multipart = bytes_is(part->type, "multipart"), message = is_message(part);
    const uint8_t *place = part->header.raw.at;

    if (!multipart && !message) {
        return PART_LEAF;
    }
    if (depth >= LIMIT_MIME_DEPTH) {
        defect_note(m->defects, "mime_depth", place);
        return PART_LEAF;
    }
    if (multipart && (boundary.size == 0 || boundary.size > LIMIT_BOUNDARY)) {
        defect_note(m->defects, "mime_boundary", place);
        return PART_LEAF;
    }
    if (message && m->budget->part_count >= LIMIT_MIME_PARTS) {
        defect_note(m->defects, "mime_parts", place);
        return PART_LEAF;
    }
    return multipart ? PART_MULTIPART : PART_MESSAGE;
}

/* Reads the part whose header begins at m->at; gives the boundary that ended it. */
static struct mime_hit
part_read(struct mime_reader *m, struct part *part, bool digest, size_t depth)
{
    const struct mime_stack *stack = m->stack.depth > 0 ? &m->stack : NULL;
    struct mime_hit hit;
    struct bytes boundary;

    m->at +=
        header_read(m->arena, bytes_from(m->in, m->at), stack, &part->header, m->defects);
    mime_describe(m->arena, part, &boundary, digest, m->defects);
    part->shape = shape_of(m, part, boundary, depth);
    size_t from = m->at;
    bool encoded = part->encoding == ENCODING_BASE64 ||
                   part->encoding == ENCODING_QUOTED_PRINTABLE ||
                   part->encoding == ENCODING_UUENCODE;
    if (encoded && part->shape == PART_MULTIPART) {
        defect_note(m->defects, "multipart_encoded", part->header.raw.at);
    }
    if (part->shape == PART_MULTIPART) {
        hit = children_read(m, part, boundary, depth + 1);
    } else if (part->shape == PART_MESSAGE && !encoded) {
        hit = message_read(m, part, depth + 1);
    } else {
        hit = hit_find(m);
    }
    part->raw = bytes_slice(m->in, from, hit.content_end);
    if (part->shape == PART_MESSAGE && encoded) {
        encoded_message_read(m, part, depth + 1);
    } else if (part->shape == PART_LEAF) {
        content_decode(m->arena, part, m->defects);
    }
    return hit;
}

void
mime_read(struct arena *arena, struct letter *letter, struct mime_outside *outside_r,
          struct defects *defects)
{
    struct mime_budget budget = {.outside = outside_r};

    *outside_r = (struct mime_outside){0};
    letter_parts_read(arena, letter, &budget, defects, NULL, 0);
}

const struct part *
part_next(const struct part *part)
{
    if (part->message != NULL && part->message->root != NULL) {
        return part->message->root;
    }
    if (part->first != NULL) {
        return part->first;
    }
    while (part != NULL && part->next == NULL) {
        part = part->parent;
    }
    return part == NULL ? NULL : part->next;
}
