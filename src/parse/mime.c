#include "parse/mime.h"

#include "base/limits.h"
#include "parse/header.h"
#include "parse/mime_private.h"

bool
mime_boundary_at(const struct mime_stack *stack, struct bytes in, size_t at,
                 size_t *which_r, bool *closing_r, size_t *rest_r)
{
    struct bytes line = bytes_from(in, at + 2);
    uint32_t near = 0;

    for (size_t i = stack->depth; i-- > 0;) {
        if (!bytes_starts(line, stack->boundaries[i])) {
            continue;
        }
        size_t end = stack->boundaries[i].size;
        bool closing =
            line.size - end >= 2 && line.at[end] == '-' && line.at[end + 1] == '-';
        end += closing ? 2 : 0;
        if (end < line.size && !ascii_blank(line.at[end]) && !stack->loose) {
            near |= UINT32_C(1) << i;
            continue;
        }
        *which_r = i;
        *closing_r = closing;
        *rest_r = at + 2 + end;
        return true;
    }
    if (near != 0 && stack->near != NULL) {
        *stack->near |= near;
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

    if (piece.size == 0 || m->budget->is_again || is_stock_phrase(piece)) {
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

struct part *
mime_part_add(struct mime_reader *m, struct part *parent, struct part *before)
{
    struct part *part = ARENA_NEW(m->arena, struct part);

    m->budget->part_count++;
    part->parent = parent;
    if (before != NULL) {
        before->next = part;
    } else if (parent != NULL && parent->shape != PART_MESSAGE) {
        parent->first = part;
    }
    return part;
}

/* No part more may be made: what is left is one text. */
static struct mime_hit
rest_as_text(struct mime_reader *m, struct part *parent, struct part *before)
{
    struct part *part = mime_part_add(m, parent, before);

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
        last = mime_part_add(m, part, last);
        hit = mime_part_read(m, last, digest, depth);
    }
    m->stack.depth = level;
    if ((m->near >> level & 1) != 0) {
        m->near &= ~(UINT32_C(1) << level);
        readings_later(m, part, AGAIN_LOOSE, NULL, "boundary_near");
    }
    if (last == NULL) {
        readings_later(m, part, AGAIN_TEXT, NULL, NULL);
    }
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
    letter->root = mime_part_add(m, part, NULL);
    struct mime_hit hit = mime_part_read(m, letter->root, false, depth);
    letter->raw = bytes_slice(m->in, from, hit.content_end);
    letter->header = letter->root->header;
    letter->body = letter->root->raw;
    letter->part_count = m->budget->part_count - before;
    return hit;
}

struct mime_reader *
mime_reader_new(struct arena *arena, struct bytes in, struct mime_budget *budget,
                struct defects *defects)
{
    struct mime_reader *m = ARENA_NEW(arena, struct mime_reader);

    m->arena = arena;
    m->defects = defects;
    m->budget = budget;
    m->in = in;
    m->stack.near = &m->near;
    return m;
}

static void
letter_parts_read(struct arena *arena, struct letter *letter, struct mime_budget *budget,
                  struct defects *defects, struct part *parent, size_t depth)
{
    struct mime_reader *m = mime_reader_new(arena, letter->raw, budget, defects);
    size_t before = budget->part_count;

    letter->root = mime_part_add(m, parent, NULL);
    (void)mime_part_read(m, letter->root, false, depth);
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

    mime_content_decode(m->arena, part, m->defects);
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

struct mime_hit
mime_body_read(struct mime_reader *m, struct part *part, const struct mime_view *view,
               size_t depth)
{
    struct mime_hit hit;
    size_t from = m->at;

    mime_view_put(part, view);
    part->shape = shape_of(m, part, view->boundary, depth);
    bool encoded = mime_is_encoded(part->encoding);
    if (part->shape == PART_MULTIPART) {
        hit = children_read(m, part, view->boundary, depth + 1);
    } else if (part->shape == PART_MESSAGE && !encoded) {
        hit = message_read(m, part, depth + 1);
    } else {
        hit = hit_find(m);
    }
    part->raw = bytes_slice(m->in, from, hit.content_end);
    if (part->shape == PART_MESSAGE && encoded) {
        encoded_message_read(m, part, depth + 1);
    } else if (part->shape == PART_LEAF) {
        mime_leaf_read(m, part);
    }
    return hit;
}

struct mime_hit
mime_part_read(struct mime_reader *m, struct part *part, bool digest, size_t depth)
{
    const struct mime_stack *stack = m->stack.depth > 0 ? &m->stack : NULL;
    struct mime_views views;

    m->at +=
        header_read(m->arena, bytes_from(m->in, m->at), stack, &part->header, m->defects);
    mime_describe(m->arena, part, digest, &views, m->defects);
    struct mime_hit hit = mime_body_read(m, part, &views.list[0], depth);
    if (!m->budget->is_again) {
        readings_find(m, part, &views);
    }
    return hit;
}

void
mime_read(struct arena *arena, struct letter *letter, struct mime_outside *outside_r,
          struct defects *defects)
{
    struct mime_budget *budget = ARENA_NEW(arena, struct mime_budget);

    *outside_r = (struct mime_outside){0};
    budget->outside = outside_r;
    letter_parts_read(arena, letter, budget, defects, NULL, 0);
    readings_read(arena, budget);
    letter->part_count = budget->part_count;
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
    if (part->other != NULL) {
        return part->other;
    }
    while (part->next == NULL) {
        const struct part *parent = part->parent;
        if (parent == NULL) {
            return NULL;
        }
        if (parent->other != NULL && !part->is_other) {
            return parent->other;
        }
        part = parent;
    }
    return part->next;
}
