#include "parse/parameters.h"

#include "base/limits.h"
#include "base/writer.h"
#include "parse/careful.h"
#include "parse/header.h"
#include "parse/words.h"

#define SECTION_NONE (-1)
#define SECTIONS_MAX 10000

/* One `name=value` as it stands, before sections are joined. */
struct piece {
    struct bytes name; /* lower case, without '*' */
    int section;       /* of RFC 2231 3, or SECTION_NONE */
    bool encoded;      /* RFC 2231 4 */
    bool used;
    struct bytes value; /* unquoted */
    struct bytes again; /* the value of the last of its doubles, where that differs */
};

struct reader {
    struct arena *arena;
    struct bytes in;
    size_t at;
    bool comments_broken; /* a '(' had no end: from here on it is text */
    bool quotes_broken;
    struct defects *defects;
    struct piece pieces[LIMIT_MIME_PARAMETERS];
    size_t piece_count;
};

static void
skip_blanks(struct reader *r)
{
    while (r->at < r->in.size) {
        if (ascii_blank(r->in.at[r->at])) {
            r->at++;
        } else if (r->in.at[r->at] == '(' && !r->comments_broken) {
            size_t end = header_comment(r->in, r->at);
            if (end == 0) {
                r->comments_broken = true;
                return;
            }
            r->at = end;
        } else {
            return;
        }
    }
}

/* A token, more lenient than RFC 2045's: up to a blank, a comment or one of `stops`. */
static struct bytes
take_token(struct reader *r, const char *stops)
{
    size_t from = r->at;

    while (r->at < r->in.size) {
        uint8_t c = r->in.at[r->at];
        if (ascii_blank(c) || (c == '(' && !r->comments_broken) ||
            (c != 0 && strchr(stops, c) != NULL)) {
            break;
        }
        r->at++;
    }
    return bytes_slice(r->in, from, r->at);
}

/* A quoted string at '"', its quotes, backslashes and line ends taken out; also one that never ends. */
static struct bytes
take_quoted(struct reader *r)
{
    struct bytes in = r->in;
    uint8_t *out = NULL;
    size_t from = ++r->at, size = 0;
    bool plain = true;

    while (r->at < in.size && in.at[r->at] != '"') {
        size_t run = words_jis_run(in, r->at);
        if (run == 0 &&
            (in.at[r->at] == '\\' || in.at[r->at] == '\r' || in.at[r->at] == '\n')) {
            plain = false;
        }
        r->at =
            run != 0 ? run : r->at + (in.at[r->at] == '\\' && r->at + 1 < in.size ? 2 : 1);
    }
    size_t end = r->at < in.size ? r->at : in.size;
    if (r->at >= in.size) {
        defect_note(r->defects, "parameter_unquoted", in.at + from - 1);
    }
    r->at = end < in.size ? end + 1 : end;
    if (plain) {
        return bytes_slice(in, from, end);
    }
    out = arena_take_bytes(r->arena, end - from);
    for (size_t i = from; i < end;) {
        size_t run = words_jis_run(in, i);
        if (run != 0 && run <= end) {
            memcpy(out + size, in.at + i, run - i);
            size += run - i;
            i = run;
            continue;
        }
        if (in.at[i] == '\\' && i + 1 < end) {
            i++;
        }
        if (in.at[i] != '\r' && in.at[i] != '\n') {
            out[size++] = in.at[i];
        }
        i++;
    }
    return bytes_of(out, size);
}

/* A value without quotes: up to ';', without a comment at its end. Mailers leave file names with blanks unquoted; a
 * boundary or a charset has none, so there a blank ends it. */
static struct bytes
take_bare(struct reader *r, bool to_blank)
{
    size_t from = r->at, end = r->at;

    if (to_blank) {
        return take_token(r, ";");
    }
    while (r->at < r->in.size && r->in.at[r->at] != ';') {
        uint8_t c = r->in.at[r->at];
        size_t run = c == 0x1b ? words_jis_run(r->in, r->at) : 0;
        if (c == '(' && !r->comments_broken && end < r->at) {
            size_t before = r->at;
            skip_blanks(r);
            if (r->at >= r->in.size || r->in.at[r->at] == ';') {
                break;
            }
            if (r->at > before) {
                end = r->at;
                continue;
            }
        }
        r->at = run != 0 ? run : r->at + 1;
        if (!ascii_blank(c)) {
            end = r->at;
        }
    }
    return header_unfold(r->arena, bytes_slice(r->in, from, end));
}

/* "title*1*" gives title, section 1, encoded. */
static void
name_read(struct reader *r, struct bytes written, struct piece *piece)
{
    uint64_t number;

    piece->section = SECTION_NONE;
    piece->encoded = written.size > 1 && written.at[written.size - 1] == '*';
    if (piece->encoded) {
        written.size--;
    }
    size_t star = bytes_find_last(written, '*');
    if (star != BYTES_NOWHERE && star > 0 &&
        bytes_to_number(bytes_from(written, star + 1), SECTIONS_MAX, &number)) {
        piece->section = (int)number;
        written.size = star;
    }
    piece->name = bytes_lower(r->arena, written);
}

static void
piece_add(struct reader *r, const struct piece *piece)
{
    for (size_t i = 0; i < r->piece_count; i++) {
        struct piece *p = &r->pieces[i];
        if (p->section == piece->section && p->encoded == piece->encoded &&
            bytes_equal(p->name, piece->name)) {
            defect_note(r->defects, "parameter_twice", piece->value.at);
            p->again = bytes_equal(p->value, piece->value) ? p->again : piece->value;
            return;
        }
    }
    r->pieces[r->piece_count++] = *piece;
}

static void
pieces_read(struct reader *r)
{
    for (;;) {
        skip_blanks(r);
        while (r->at < r->in.size && r->in.at[r->at] == ';') {
            r->at++;
            skip_blanks(r);
        }
        if (r->at >= r->in.size) {
            return;
        }
        if (r->piece_count == LIMIT_MIME_PARAMETERS) {
            defect_note(r->defects, "mime_parameters", r->in.at + r->at);
            return;
        }
        struct piece piece = {0};
        size_t before = r->at;
        struct bytes name = take_token(r, "=;\"");
        skip_blanks(r);
        if (r->at >= r->in.size || r->in.at[r->at] != '=') {
            if (r->at == before) {
                r->at++; /* a stray quote */
            }
            continue;
        }
        r->at++;
        skip_blanks(r);
        name_read(r, name, &piece);
        bool quoted = r->at < r->in.size && r->in.at[r->at] == '"';
        bool to_blank = bytes_is(piece.name, "boundary") || bytes_is(piece.name, "charset");
        piece.value = quoted ? take_quoted(r) : take_bare(r, to_blank);
        if (name.size > 0 && (quoted || piece.value.size > 0)) {
            piece_add(r, &piece);
        }
    }
}

static void
percent_decode(struct writer *w, struct bytes b)
{
    uint8_t *to = writer_reserve(w, b.size);
    size_t size = 0;

    for (size_t i = 0; i < b.size; i++) {
        uint8_t c = b.at[i];
        if (c == '%' && i + 2 < b.size + 0 && ascii_hex(b.at[i + 1]) >= 0 &&
            ascii_hex(b.at[i + 2]) >= 0) {
            c = (uint8_t)(ascii_hex(b.at[i + 1]) << 4 | ascii_hex(b.at[i + 2]));
            i += 2;
        }
        to[size++] = c;
    }
    writer_did(w, size);
}

/* Takes "charset'language'" off the first encoded section. */
static struct bytes
take_charset(struct bytes *value)
{
    size_t first = bytes_find_byte(*value, '\'', 0);
    size_t second =
        first == BYTES_NOWHERE ? first : bytes_find_byte(*value, '\'', first + 1);

    if (second == BYTES_NOWHERE) {
        return BYTES_NONE;
    }
    struct bytes charset = bytes_slice(*value, 0, first);
    *value = bytes_from(*value, second + 1);
    return charset;
}

static struct piece *
section_find(struct reader *r, struct bytes name, int least)
{
    struct piece *best = NULL;

    for (size_t i = 0; i < r->piece_count; i++) {
        struct piece *p = &r->pieces[i];
        if (!p->used && p->section >= least && bytes_equal(p->name, name) &&
            (best == NULL || p->section < best->section)) {
            best = p;
        }
    }
    return best;
}

/* The value of one name out of all its sections; the pieces are marked used. */
static struct bytes
value_join(struct reader *r, struct bytes name, bool decode)
{
    struct charset_result result;
    struct bytes charset = BYTES_NONE;
    struct writer w;
    bool encoded = false, first = true;

    writer_init(&w, r->arena);
    for (struct piece *p; (p = section_find(r, name, 0)) != NULL; first = false) {
        struct bytes value = p->value;
        p->used = true;
        if (p->encoded) {
            if (first) {
                charset = take_charset(&value);
            }
            encoded = true;
            percent_decode(&w, value);
        } else {
            writer_bytes(&w, value);
        }
    }
    struct bytes joined = writer_view(&w);
    if (!decode) {
        return joined;
    }
    if (!encoded) {
        return words_decode(r->arena, joined, r->defects);
    }
    charset_decode_careful(r->arena, joined, charset, &result);
    if (result.disagrees) {
        defect_note(r->defects, "charset_disagrees", name.at);
    }
    return result.text;
}

/* What another reader may take for the value: the double of a parameter, or the plain one beside that of RFC 2231. */
static struct bytes
other_value(struct reader *r, const struct piece *plain, const struct piece *extended,
            bool is_boundary, struct bytes value)
{
    const struct piece *p = extended != NULL && extended->again.size > 0 ? extended : plain;
    struct bytes other = BYTES_NONE;
    struct writer w;

    if (p == NULL) {
        return other;
    }
    other = p->again.size > 0 ? p->again : p->value;
    if (p->encoded) {
        writer_init(&w, r->arena);
        (void)take_charset(&other);
        percent_decode(&w, other);
        other = writer_view(&w);
    }
    other = is_boundary ? other : words_decode(r->arena, other, NULL);
    return bytes_equal(other, value) ? BYTES_NONE : other;
}

/* All pieces of the name of pieces[at] become one parameter: name*0.., else name*, else name. */
static void
parameter_make(struct reader *r, size_t at, struct content_type *type)
{
    struct bytes name = r->pieces[at].name;
    bool is_boundary = bytes_is(name, "boundary");
    struct piece *plain = NULL, *extended = NULL;
    struct bytes value;

    for (size_t i = at; i < r->piece_count; i++) {
        struct piece *p = &r->pieces[i];
        if (p->section == SECTION_NONE && bytes_equal(p->name, name)) {
            p->used = true;
            *(p->encoded ? &extended : &plain) = p;
        }
    }
    if (extended != NULL) {
        extended->used = false;
        extended->section = 0;
        if (section_find(r, name, 0) != extended) {
            extended->used = true; /* a real section 0 stands before it */
        }
    }
    if (section_find(r, name, 0) != NULL) {
        value = value_join(r, name, !is_boundary);
    } else {
        value =
            is_boundary ? plain->value : words_decode(r->arena, plain->value, r->defects);
    }
    type->parameters[type->parameter_count++] = (struct parameter){
        name, value, other_value(r, plain, extended, is_boundary, value)};
    if (is_boundary) {
        type->boundary = value;
    }
}

void
content_type_read(struct arena *arena, struct bytes value, struct content_type *result,
                  struct defects *defects)
{
    *result = (struct content_type){0};
    struct reader *r = ARENA_NEW(arena, struct reader);
    if (value.size > LIMIT_HEADER_FIELD) {
        defect_note(defects, "header_field_size", value.at);
        value.size = LIMIT_HEADER_FIELD;
    }
    r->arena = arena;
    r->in = bytes_trim(value);
    r->defects = defects;
    skip_blanks(r);
    result->type = bytes_lower(arena, take_token(r, "/;"));
    skip_blanks(r);
    if (r->at < r->in.size && r->in.at[r->at] == '/') {
        r->at++;
        skip_blanks(r);
        result->subtype = bytes_lower(arena, take_token(r, ";"));
    }
    while (r->at < r->in.size && r->in.at[r->at] != ';') {
        r->at++;
    }
    pieces_read(r);
    result->parameters = ARENA_NEW_MANY(arena, r->piece_count, struct parameter);
    for (size_t i = 0; i < r->piece_count; i++) {
        if (!r->pieces[i].used) {
            parameter_make(r, i, result);
        }
    }
}

struct bytes
parameter_value(const struct parameter *parameters, size_t count, struct bytes name)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(parameters[i].name, name)) {
            return parameters[i].value;
        }
    }
    return BYTES_NONE;
}
