#include "parse/blocks.h"

#include "parse/transfer.h"

#define UU_LINE_MAX 63 /* what a length character can say; encoders write 45 */
#define YENC_SHIFT  42
#define YENC_ESCAPE 64

void
blocks_init(struct blocks *b, struct bytes text)
{
    *b = (struct blocks){.text = text};
}

/* A line of uuencode: a length, and about as many characters as it asks for. Encoders that end lines with blanks lose
 * them on the way, and some add a checksum. */
static bool
is_uu_line(struct bytes line)
{
    if (line.size == 0 || line.at[0] < ' ' || line.at[0] > '`') {
        return false;
    }
    size_t wanted = (line.at[0] - ' ') & UU_LINE_MAX, groups = (wanted + 2) / 3 * 4;
    size_t least = (wanted * 8 + 5) / 6, have = line.size - 1;
    if (have > groups + 2 || (have < least && line.at[0] != 'M') || have * 2 < least) {
        return false;
    }
    for (size_t i = 1; i < line.size; i++) {
        if (line.at[i] < ' ' || line.at[i] > '`') {
            return false;
        }
    }
    return true;
}

/* The next line of a file; the empty one before "end" once held a blank. */
static bool
uu_line_take(struct bytes *rest, struct bytes *line_r)
{
    return bytes_line(rest, line_r) &&
           (is_uu_line(*line_r) ||
            (line_r->size == 0 && bytes_starts(*rest, BYTES("end"))));
}

static bool
is_end(struct bytes line)
{
    return bytes_is(bytes_trim(line), "end");
}

/* "644 NAME": false if it is neither. */
static bool
mode_and_name(struct bytes rest, struct bytes *name_r)
{
    size_t digits = 0;

    while (digits < rest.size && rest.at[digits] >= '0' && rest.at[digits] <= '7') {
        digits++;
    }
    if (digits < 3 || digits > 4 || digits >= rest.size || rest.at[digits] != ' ') {
        return false;
    }
    *name_r = bytes_trim(bytes_from(rest, digits));
    return name_r->size > 0;
}

static bool
uuencode_read(struct arena *arena, struct bytes text, size_t at, struct block *block)
{
    struct bytes rest = bytes_from(text, at), line;
    size_t size = 0;

    (void)bytes_line(&rest, &line);
    if (!mode_and_name(bytes_from(line, sizeof "begin " - 1), &block->name)) {
        return false;
    }
    struct bytes ahead = rest;
    if (!uu_line_take(&ahead, &line) && !is_end(line)) {
        return false;
    }
    /* First only counted, so that the room is that of the file and not of the text behind it. */
    ahead = rest;
    while (uu_line_take(&ahead, &line)) {
        size += line.size;
    }
    uint8_t *to = arena_take_bytes(arena, size + 3);
    size = 0;
    while (ahead = rest, uu_line_take(&ahead, &line)) {
        bool broken = false;
        size += transfer_uu_line(line, to + size, &broken);
        rest = ahead;
    }
    ahead = rest;
    block->broken = !bytes_line(&ahead, &line) || !is_end(line);
    rest = block->broken ? rest : ahead;
    block->kind = BLOCK_UUENCODE;
    block->raw = bytes_slice(text, at, text.size - rest.size);
    block->content = bytes_of(to, size);
    return true;
}

static bool
is_base64_line(struct bytes line)
{
    line = bytes_trim(line);
    for (size_t i = 0; i < line.size; i++) {
        uint8_t c = line.at[i];
        if (!ascii_letter(c) && !ascii_digit(c) && c != '+' && c != '/' && c != '=') {
            return false;
        }
    }
    return line.size > 0;
}

static bool
base64_read(struct arena *arena, struct bytes text, size_t at, struct block *block)
{
    struct bytes rest = bytes_from(text, at), line;

    (void)bytes_line(&rest, &line);
    if (!mode_and_name(bytes_from(line, sizeof "begin-base64 " - 1), &block->name)) {
        return false;
    }
    struct bytes ahead = rest;
    if (!bytes_line(&ahead, &line) || !is_base64_line(line)) {
        return false;
    }
    size_t from = text.size - rest.size, to = from;
    block->broken = true;
    while (ahead = rest, bytes_line(&ahead, &line) && is_base64_line(line)) {
        rest = ahead;
        if (bytes_is(bytes_trim(line), "====")) {
            block->broken = false;
            break;
        }
        to = text.size - rest.size;
    }
    block->kind = BLOCK_BASE64;
    block->raw = bytes_slice(text, at, text.size - rest.size);
    block->content =
        transfer_from_base64(arena, bytes_slice(text, from, to), &block->broken);
    return true;
}

/* The number behind " size=" in a line of yEnc; false if there is none. */
static bool
yenc_size(struct bytes line, uint64_t *size_r)
{
    size_t at = bytes_find(line, BYTES(" size="), 0), end;

    if (at == BYTES_NOWHERE) {
        return false;
    }
    end = at += sizeof " size=" - 1;
    while (end < line.size && ascii_digit(line.at[end])) {
        end++;
    }
    return bytes_to_number(bytes_slice(line, at, end), SIZE_MAX / 2, size_r);
}

static size_t
yenc_line(struct bytes line, uint8_t *to)
{
    size_t size = 0;

    for (size_t i = 0; i < line.size; i++) {
        uint8_t c = line.at[i];
        if (c == '=' && i + 1 < line.size) {
            c = (uint8_t)(line.at[++i] - YENC_ESCAPE);
        }
        to[size++] = (uint8_t)(c - YENC_SHIFT);
    }
    return size;
}

static bool
yenc_read(struct arena *arena, struct bytes text, size_t at, struct block *block)
{
    struct bytes rest = bytes_from(text, at), line;
    uint64_t wanted, ended;
    size_t size = 0;

    (void)bytes_line(&rest, &line);
    size_t name = bytes_find(line, BYTES(" name="), 0);
    if (name == BYTES_NOWHERE || !yenc_size(line, &wanted)) {
        return false;
    }
    block->name = bytes_trim(bytes_from(line, name + sizeof " name=" - 1));
    bool part = false, ends = false;
    struct bytes ahead = rest;
    if (bytes_line(&ahead, &line) && bytes_starts(line, BYTES("=ypart "))) {
        rest = ahead;
        part = true;
    }
    size_t from = text.size - rest.size, to = from;
    while (ahead = rest,
           !ends && bytes_line(&ahead, &line) && !bytes_starts(line, BYTES("=ybegin "))) {
        ends = bytes_starts(line, BYTES("=yend"));
        rest = ahead;
        to = ends ? to : text.size - rest.size;
    }
    uint8_t *out = arena_take_bytes(arena, to - from);
    struct bytes body = bytes_slice(text, from, to), piece;
    while (bytes_line(&body, &piece)) {
        size += yenc_line(piece, out + size);
    }
    block->kind = BLOCK_YENC;
    block->raw = bytes_slice(text, at, text.size - rest.size);
    block->content = bytes_of(out, size);
    block->broken =
        !ends || (part ? yenc_size(line, &ended) && ended != size : wanted != size);
    return true;
}

/* The file that may begin with the line at `at`. */
static bool
block_read(struct arena *arena, struct bytes text, size_t at, struct block *block)
{
    struct bytes here = bytes_from(text, at);

    *block = (struct block){0};
    if (bytes_starts(here, BYTES("=ybegin "))) {
        return yenc_read(arena, text, at, block);
    }
    if (bytes_starts(here, BYTES("begin-base64 "))) {
        return base64_read(arena, text, at, block);
    }
    return bytes_starts(here, BYTES("begin ")) && uuencode_read(arena, text, at, block);
}

bool
blocks_next(struct arena *arena, struct blocks *b, struct block *block_r)
{
    struct bytes text = b->text;

    while (b->at < text.size) {
        uint8_t first = text.at[b->at];
        if ((first == 'b' || first == '=') && block_read(arena, text, b->at, block_r)) {
            b->at += block_r->raw.size;
            return true;
        }
        size_t end = bytes_find_byte(text, '\n', b->at);
        b->at = end == BYTES_NOWHERE ? text.size : end + 1;
    }
    return false;
}
