#include "parse/locate.h"

#include "base/limits.h"
#include "parse/charset.h"
#include "parse/flowed.h"
#include "parse/html.h"
#include "parse/transfer.h"

#define FIRST_BYTES 64 /* by which the text of a part is looked for */

/* One step from raw bytes to visible text: how many bytes `in` gives. */
typedef size_t step_size(struct arena *scratch, const struct part *part, struct bytes in);

/* Without the last `most` bytes at most, from the last such byte on: half a sign says nothing yet. */
static struct bytes
without_half(struct bytes in, uint8_t begins, size_t most)
{
    for (size_t i = 1; i <= most && i <= in.size; i++) {
        if (in.at[in.size - i] == begins) {
            return bytes_slice(in, 0, in.size - i);
        }
    }
    return in;
}

static size_t
transfer_size(struct arena *scratch, const struct part *part, struct bytes in)
{
    bool broken = false;

    switch (part->encoding) {
    case ENCODING_BASE64:
        return transfer_from_base64(scratch, in, &broken).size;
    case ENCODING_QUOTED_PRINTABLE:
        return transfer_from_quoted_printable(scratch, without_half(in, '=', 2), &broken)
            .size;
    case ENCODING_UUENCODE:
        return transfer_from_uuencode(scratch, in, &broken).size;
    default:
        return in.size;
    }
}

static size_t
charset_size(struct arena *scratch, const struct part *part, struct bytes in)
{
    struct charset_result r;

    charset_decode_as(scratch, without_half(in, 0x1b, 2), part->charset, &r);
    return r.text.size;
}

/* A tag or a reference that has not ended. */
static struct bytes
without_open(struct bytes html)
{
    size_t tag = bytes_find_last(html, '<'), reference = bytes_find_last(html, '&');

    if (tag < html.size && bytes_find_byte(html, '>', tag) >= html.size) {
        html.size = tag;
    }
    if (reference < html.size && html.size - reference < 32 &&
        bytes_find_byte(html, ';', reference) >= html.size) {
        html.size = reference;
    }
    return html;
}

static size_t
html_size(struct arena *scratch, const struct part *part, struct bytes in)
{
    struct html_result r;

    (void)part;
    html_read(scratch, without_open(in), &r);
    return r.visible.size;
}

static size_t
flowed_size(struct arena *scratch, const struct part *part, struct bytes in)
{
    bool delete_blank = false;

    for (size_t i = 0; i < part->parameter_count; i++) {
        delete_blank |= bytes_is(part->parameters[i].name, "delsp") &&
                        bytes_is_fold(part->parameters[i].value, "yes");
    }
    return flowed_join(scratch, without_half(in, '\r', 1), delete_blank).size;
}

/* The fewest bytes of `in` that give at least `wanted`; more input hardly ever gives less. */
static size_t
fewest(step_size *size_of, const struct part *part, struct bytes in, size_t wanted)
{
    size_t low = 0, high = in.size;
    struct arena scratch;

    arena_init(&scratch, (size_t)1 << 30);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (size_of(&scratch, part, bytes_slice(in, 0, middle)) >= wanted) {
            high = middle;
        } else {
            low = middle + 1;
        }
        arena_release(&scratch);
    }
    return low;
}

/* Past what adds nothing: the rest of a character whose first byte gave U+FFFD. */
static size_t
to_the_end(step_size *size_of, const struct part *part, struct bytes in, size_t at)
{
    struct arena scratch;
    size_t size, next;

    arena_init(&scratch, (size_t)1 << 30);
    size = size_of(&scratch, part, bytes_slice(in, 0, at));
    for (int i = 0; i < 3 && at < in.size; i++) {
        next = size_of(&scratch, part, bytes_slice(in, 0, at + 1));
        if (next != size) {
            break;
        }
        at++;
    }
    arena_release(&scratch);
    return at;
}

/* [*from, *to) of a step's output becomes that of its input: from the byte that adds the first one. */
static void
step_back(step_size *size_of, const struct part *part, struct bytes in, size_t *from,
          size_t *to)
{
    size_t first = fewest(size_of, part, in, *from + 1);

    *to = fewest(size_of, part, in, *to);
    *from = first > 0 && first <= *to ? first - 1 : *to;
}

/* Text as text_add of read.c writes it, from `at` of the visible text: blanks at both ends cut, CR LF as LF. */
static struct bytes
written(struct arena *arena, struct bytes visible, size_t *lead_r)
{
    struct bytes text = bytes_trim(visible);
    uint8_t *out = arena_take_bytes(arena, text.size);
    size_t size = 0;

    *lead_r = text.size == 0 ? 0 : (size_t)(text.at - visible.at);
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] != '\r') {
            out[size++] = text.at[i];
        } else if (i + 1 == text.size || text.at[i + 1] != '\n') {
            out[size++] = '\n';
        }
    }
    return bytes_of(out, size);
}

/* From an offset of the written text to one of the visible text. */
static size_t
unwritten(struct bytes visible, size_t lead, size_t wanted)
{
    size_t at = lead, made = 0;

    while (at < visible.size && made < wanted) {
        made +=
            visible.at[at] != '\r' || at + 1 == visible.size || visible.at[at + 1] != '\n';
        at++;
    }
    return at;
}

static bool
within(struct bytes inner, struct bytes outer)
{
    return inner.at >= outer.at && inner.at + inner.size <= outer.at + outer.size;
}

static bool
is_flowed(const struct part *part)
{
    for (size_t i = 0; i < part->parameter_count; i++) {
        if (bytes_is(part->parameters[i].name, "format") &&
            bytes_is_fold(part->parameters[i].value, "flowed")) {
            return bytes_is(part->subtype, "plain");
        }
    }
    return false;
}

/* [*from, *to) of the part's visible text becomes that of its raw bytes. */
static void
part_back(const struct part *part, size_t *from, size_t *to)
{
    if (bytes_is(part->subtype, "html")) {
        step_back(html_size, part, part->text, from, to);
    } else if (is_flowed(part)) {
        step_back(flowed_size, part, part->text, from, to);
    }
    if (part->text.at != part->content.at) {
        step_back(charset_size, part, part->content, from, to);
        *to = to_the_end(charset_size, part, part->content, *to);
    }
    if (!within(part->content, part->raw)) { /* a group of its own encoding is not parted */
        *from = fewest(transfer_size, part, part->raw, *from);
        *to = fewest(transfer_size, part, part->raw, *to);
    }
}

static bool
is_text(const struct part *part)
{
    return part->shape == PART_LEAF && bytes_is(part->type, "text") && !part->is_other &&
           part->visible.size > 0;
}

bool
letter_locate(const struct letter *letter, size_t from, size_t to, size_t *from_r,
              size_t *to_r)
{
    struct arena arena;
    size_t begun = 0;
    bool found = false;

    arena_init(&arena, (size_t)1 << 30);
    for (const struct part *part = letter->root; part != NULL && !found;
         part = part_next(part)) {
        size_t lead;
        if (!is_text(part)) {
            continue;
        }
        struct bytes text = written(&arena, part->visible, &lead);
        size_t at = bytes_find(letter->text, bytes_slice(text, 0, FIRST_BYTES), begun);
        if (text.size == 0 || at >= letter->text.size || at > from) {
            continue;
        }
        begun = at;
        if (from >= at + text.size || !within(part->raw, letter->raw)) {
            continue;
        }
        to = to < at + text.size ? to : at + text.size;
        *from_r = 0;
        *to_r = part->raw.size;
        if (part->text.size <= LIMIT_LOCATE && part->raw.size <= LIMIT_LOCATE) {
            *from_r = unwritten(part->visible, lead, from - at);
            *to_r = unwritten(part->visible, lead, to > from ? to - at : from - at);
            part_back(part, from_r, to_r);
        }
        *from_r += (size_t)(part->raw.at - letter->raw.at);
        *to_r += (size_t)(part->raw.at - letter->raw.at);
        found = true;
    }
    arena_release(&arena);
    return found;
}
