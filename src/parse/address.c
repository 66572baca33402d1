#include "parse/address.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "base/writer.h"
#include "parse/header.h"
#include "parse/words.h"

enum token_kind {
    TOKEN_WORD,   /* an atom, an encoded word, or bytes that mean nothing else */
    TOKEN_QUOTED, /* text is inside the quotes, as written */
    TOKEN_DOT,
    TOKEN_AT,
    TOKEN_LESS,
    TOKEN_GREATER,
    TOKEN_COMMA,
    TOKEN_SEMICOLON,
    TOKEN_COLON,
    TOKEN_END,
};

struct token {
    enum token_kind kind;
    bool spaced; /* blanks or a comment stand before it */
    struct bytes text;
};

struct tokens {
    struct token *list;
    size_t count, room;
};

struct reader {
    struct arena *arena;
    struct defects *defects;
    struct bytes in;
    size_t at;
    bool comments_broken,
        quotes_broken; /* an opening one had no end: from here on they are text */
    bool utf8;         /* no Shift_JIS then */
    struct words_seam seam;
    struct bytes comment; /* first comment of the mailbox in hand */
    struct address *list;
    size_t count, room, total;
    struct address *group; /* in which we are, or NULL */
    struct tokens phrase, angle;
};

static void
tokens_add(struct reader *r, struct tokens *t, const struct token *token)
{
    if (t->count == t->room) {
        size_t room = t->room == 0 ? 8 : t->room * 2;
        t->list =
            arena_grow(r->arena, t->list, t->room * sizeof *token, room * sizeof *token);
        t->room = room;
    }
    t->list[t->count++] = *token;
}

/* A two-byte character of Shift_JIS whose second byte is a backslash. */
static bool
sjis_backslash(struct bytes in, size_t at, bool utf8)
{
    uint8_t c = in.at[at];

    return !utf8 && ((c >= 0x81 && c < 0xa0) || (c >= 0xe0 && c < 0xfd)) &&
           at + 1 < in.size && in.at[at + 1] == '\\';
}

/* Behind the closing quote of the string that opens at `at`, or 0. */
static size_t
quoted_end(struct reader *r, size_t at)
{
    struct bytes in = r->in;

    for (size_t i = at + 1; i < in.size;) {
        size_t run = in.at[i] == 0x1b ? words_jis_run(in, i) : 0;
        if (in.at[i] == '"') {
            return i + 1;
        }
        i = run != 0 ? run
                     : i + (in.at[i] == '\\' || sjis_backslash(in, i, r->utf8) ? 2 : 1);
    }
    return 0;
}

/* The string without its backslashes; a view where it has none. */
static struct bytes
unquoted(struct arena *arena, struct bytes in, bool utf8)
{
    if (in.size == 0 || memchr(in.at, '\\', in.size) == NULL) {
        return in;
    }
    uint8_t *out = arena_take_bytes(arena, in.size);
    size_t size = 0;
    for (size_t i = 0; i < in.size;) {
        size_t run = in.at[i] == 0x1b ? words_jis_run(in, i) : 0;
        if (run == 0 && sjis_backslash(in, i, utf8)) {
            run = i + 2;
        }
        if (run == 0) {
            i += in.at[i] == '\\' && i + 1 < in.size;
            run = i + 1;
        }
        memcpy(out + size, in.at + i, run - i);
        size += run - i;
        i = run;
    }
    return bytes_of(out, size);
}

/* Passes over blanks and comments; whether there were any. */
static bool
skip_blanks(struct reader *r)
{
    size_t from = r->at;

    while (r->at < r->in.size) {
        uint8_t c = r->in.at[r->at];
        if (ascii_blank(c)) {
            r->at++;
            continue;
        }
        size_t end = c == '(' && !r->comments_broken ? header_comment(r->in, r->at) : 0;
        if (end == 0) {
            r->comments_broken = r->comments_broken || c == '(';
            break;
        }
        if (r->comment.size == 0) {
            r->comment = bytes_slice(r->in, r->at + 1, end - 1);
        }
        r->at = end;
    }
    return r->at > from;
}

static bool
ends_word(const struct reader *r, uint8_t c)
{
    switch (c) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case '.':
    case '@':
    case '<':
    case '>':
    case ',':
    case ';':
    case ':':
        return true;
    case '(':
        return !r->comments_broken;
    case '"':
        return !r->quotes_broken;
    default:
        return false;
    }
}

static size_t
word_end(struct reader *r, size_t at, bool after_at)
{
    struct bytes in = r->in;
    struct word word;

    if (after_at && in.at[at] == '[') { /* domain-literal: colons and dots inside */
        size_t close = bytes_find_byte(bytes_slice(in, 0, at + LIMIT_DOMAIN), ']', at);
        if (close != BYTES_NOWHERE) {
            return close + 1;
        }
    }
    for (size_t i = at; i < in.size;) {
        if (in.at[i] == '=' && words_match(in, i, &r->seam, &word)) {
            i += word.size;
            continue;
        }
        size_t run = in.at[i] == 0x1b ? words_jis_run(in, i) : 0;
        if (run == 0 && i > at && ends_word(r, in.at[i])) {
            return i;
        }
        i = run != 0 ? run : i + 1;
    }
    return in.size;
}

static struct token
token_next(struct reader *r, bool after_at)
{
    static const char marks[] = ".@<>,;:";
    static const enum token_kind kinds[] = {TOKEN_DOT,     TOKEN_AT,    TOKEN_LESS,
                                            TOKEN_GREATER, TOKEN_COMMA, TOKEN_SEMICOLON,
                                            TOKEN_COLON};
    struct token token = {.kind = TOKEN_END, .spaced = skip_blanks(r)};

    if (r->at >= r->in.size) {
        return token;
    }
    uint8_t c = r->in.at[r->at];
    const char *mark = c == 0 ? NULL : strchr(marks, c);
    size_t end;
    if (mark != NULL) {
        token.kind = kinds[mark - marks];
        token.text = bytes_slice(r->in, r->at, r->at + 1);
        r->at++;
        return token;
    }
    if (c == '"' && !r->quotes_broken) {
        end = quoted_end(r, r->at);
        if (end != 0 && end <= r->in.size) {
            token.kind = TOKEN_QUOTED;
            token.text = bytes_slice(r->in, r->at + 1, end - 1);
            r->at = end;
            return token;
        }
        defect_note(r->defects, "address_unquoted", r->in.at + r->at);
        r->quotes_broken = true;
    }
    end = word_end(r, r->at, after_at);
    token.kind = TOKEN_WORD;
    token.text = bytes_slice(r->in, r->at, end);
    r->at = end;
    return token;
}

/* The words [from, to) as one text, decoded; blanks between them as one. */
static struct bytes
phrase_text(struct reader *r, const struct tokens *t, size_t from, size_t to)
{
    struct writer w;

    if (to <= from) {
        return BYTES_NONE;
    }
    writer_init(&w, r->arena);
    for (size_t i = from; i < to; i++) {
        const struct token *token = &t->list[i];
        if (i > from && token->spaced) {
            writer_byte(&w, ' ');
        }
        writer_bytes(&w, token->kind == TOKEN_QUOTED
                             ? unquoted(r->arena, token->text, r->utf8)
                             : token->text);
    }
    return words_decode(r->arena, writer_view(&w), r->defects);
}

static bool
is_atext(uint8_t c)
{
    return ascii_letter(c) || ascii_digit(c) || c >= 0x80 ||
           (c != 0 && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

/* Tokens [from, to) run together without blanks. */
static struct bytes
joined(struct reader *r, const struct tokens *t, size_t from, size_t to)
{
    struct writer w;

    if (to == from + 1 && t->list[from].kind != TOKEN_QUOTED) {
        return t->list[from].text;
    }
    writer_init(&w, r->arena);
    for (size_t i = from; i < to; i++) {
        struct bytes text = t->list[i].text;
        writer_bytes(&w, t->list[i].kind == TOKEN_QUOTED ? unquoted(r->arena, text, r->utf8)
                                                         : text);
    }
    return writer_view(&w);
}

static void
address_text(struct arena *arena, struct address *a)
{
    struct writer w;
    bool plain = a->local.size > 0;

    for (size_t i = 0; i < a->local.size && plain; i++) {
        plain = is_atext(a->local.at[i]);
    }
    writer_init(&w, arena);
    if (!plain && a->domain.size > 0) {
        writer_byte(&w, '"');
    }
    for (size_t i = 0; i < a->local.size; i++) {
        if (!plain && (a->local.at[i] == '"' || a->local.at[i] == '\\')) {
            writer_byte(&w, '\\');
        }
        writer_byte(&w, a->local.at[i]);
    }
    if (!plain && a->domain.size > 0) {
        writer_byte(&w, '"');
    }
    if (a->domain.size > 0) {
        writer_byte(&w, '@');
        writer_bytes(&w, a->domain);
    }
    a->text = writer_view(&w);
}

static struct address *
address_add(struct reader *r)
{
    if (r->total >= LIMIT_ADDRESSES) {
        if (r->total++ == LIMIT_ADDRESSES) {
            defect_note(r->defects, "addresses", r->in.at + r->at);
        }
        return NULL;
    }
    r->total++;
    if (r->count == r->room) {
        size_t room = r->room == 0 ? 4 : r->room * 2;
        r->list = arena_grow(r->arena, r->list, r->room * sizeof *r->list,
                             room * sizeof *r->list);
        r->room = room;
    }
    struct address *a = &r->list[r->count++];
    *a = (struct address){0};
    return a;
}

static void
address_put(struct reader *r, struct bytes name, struct bytes local, struct bytes domain)
{
    struct address *a = address_add(r);

    if (a != NULL) {
        a->name = name;
        a->local = local;
        a->domain = domain;
        address_text(r->arena, a);
    }
}

/* Where the addr-spec around the '@' at `sign` begins and ends. */
static void
addr_spec_bounds(const struct tokens *t, size_t sign, size_t least, size_t *from_r,
                 size_t *to_r)
{
    size_t from = sign, to = sign + 1;

    while (from > least) {
        const struct token *before = &t->list[from - 1];
        bool glued = from == sign || !t->list[from].spaced ||
                     t->list[from].kind == TOKEN_DOT || before->kind == TOKEN_DOT;
        if (!glued || (before->kind == TOKEN_AT && t->list[from].spaced)) {
            break;
        }
        from--;
    }
    while (to < t->count && t->list[to].kind != TOKEN_AT) {
        bool glued = to == sign + 1 || !t->list[to].spaced ||
                     t->list[to].kind == TOKEN_DOT || t->list[to - 1].kind == TOKEN_DOT;
        if (!glued) {
            break;
        }
        to++;
    }
    *from_r = from;
    *to_r = to;
}

/* A final dot of a domain is the root, and of no meaning. */
static struct bytes
domain_joined(struct reader *r, const struct tokens *t, size_t from, size_t to)
{
    while (to > from + 1 && t->list[to - 1].kind == TOKEN_DOT) {
        to--;
    }
    return joined(r, t, from, to);
}

/* A mailbox without brackets: every '@' in it makes an address, words around are the name. */
static void
bare_finish(struct reader *r)
{
    struct tokens *t = &r->phrase;
    size_t least = 0, from, to;
    bool any = false;

    for (size_t i = 0; i < t->count; i++) {
        if (t->list[i].kind != TOKEN_AT) {
            continue;
        }
        while (i + 2 < t->count && t->list[i + 2].kind == TOKEN_AT &&
               !t->list[i + 1].spaced && !t->list[i + 2].spaced) {
            i += 2; /* a@b@c: the last '@' parts */
        }
        addr_spec_bounds(t, i, least, &from, &to);
        struct bytes name = phrase_text(r, t, least, from);
        if (name.size == 0 && !any) {
            name = words_decode(r->arena, r->comment, r->defects);
        }
        address_put(r, name, joined(r, t, from, i), domain_joined(r, t, i + 1, to));
        if (any) {
            defect_note(r->defects, "address_without_comma", t->list[i].text.at);
        }
        any = true;
        least = to;
        i = to - 1;
    }
    if (any || t->count == 0) {
        return;
    }
    bool one = t->count == 1;
    address_put(r, one ? BYTES_NONE : phrase_text(r, t, 0, t->count),
                one ? joined(r, t, 0, 1) : BYTES_NONE, BYTES_NONE);
}

static void
angle_finish(struct reader *r)
{
    struct tokens *t = &r->angle;
    size_t sign = t->count, from = 0;

    if (t->count > 0 && t->list[0].kind == TOKEN_AT) { /* obs-route */
        while (from < t->count && t->list[from].kind != TOKEN_COLON) {
            from++;
        }
        from = from < t->count ? from + 1 : 0;
    }
    for (size_t i = from; i < t->count; i++) {
        if (t->list[i].kind == TOKEN_AT) {
            sign = i;
        }
    }
    struct bytes name = phrase_text(r, &r->phrase, 0, r->phrase.count);
    if (name.size == 0) {
        name = words_decode(r->arena, r->comment, r->defects);
    }
    struct bytes domain =
        sign < t->count ? domain_joined(r, t, sign + 1, t->count) : BYTES_NONE;
    address_put(r, name, joined(r, t, from, sign), domain);
}

static void
mailbox_finish(struct reader *r, bool *angle)
{
    if (*angle) {
        angle_finish(r);
    } else {
        bare_finish(r);
    }
    *angle = false;
    r->phrase.count = 0;
    r->angle.count = 0;
    r->comment = BYTES_NONE;
}

/* From behind '<' through '>'. A ',' or '<' inside, but in a route, means that '>' was forgotten. */
static void
angle_read(struct reader *r)
{
    bool after_at = false;

    r->angle.count = 0;
    for (;;) {
        size_t before = r->at;
        struct token token = token_next(r, after_at);
        bool route = r->angle.count > 0 && r->angle.list[0].kind == TOKEN_AT;
        if (token.kind == TOKEN_GREATER) {
            return;
        }
        if (token.kind == TOKEN_END || token.kind == TOKEN_LESS ||
            token.kind == TOKEN_SEMICOLON || (token.kind == TOKEN_COMMA && !route)) {
            defect_note(r->defects, "address_unclosed", r->in.at + before);
            r->at = token.kind == TOKEN_END ? r->at : before;
            return;
        }
        after_at = token.kind == TOKEN_AT;
        tokens_add(r, &r->angle, &token);
    }
}

static void
group_open(struct reader *r, struct address **outer_list, size_t *outer_count,
           size_t *outer_room)
{
    struct bytes name = phrase_text(r, &r->phrase, 0, r->phrase.count);
    struct address *group = address_add(r);

    r->phrase.count = 0;
    r->comment = BYTES_NONE;
    if (group == NULL) {
        return;
    }
    group->name = name;
    group->is_group = true;
    r->group = group;
    *outer_list = r->list;
    *outer_count = r->count;
    *outer_room = r->room;
    r->list = NULL;
    r->count = r->room = 0;
}

static void
group_close(struct reader *r, struct address *outer_list, size_t outer_count,
            size_t outer_room)
{
    r->group->members = r->list;
    r->group->member_count = r->count;
    r->group = NULL;
    r->list = outer_list;
    r->count = outer_count;
    r->room = outer_room;
}

static bool
phrase_has_at(const struct reader *r)
{
    for (size_t i = 0; i < r->phrase.count; i++) {
        if (r->phrase.list[i].kind == TOKEN_AT) {
            return true;
        }
    }
    return false;
}

/* Up to a line end that no blank follows, and to the bound. */
static struct bytes
field_bounds(struct bytes field, struct defects *defects)
{
    if (field.size > LIMIT_HEADER_FIELD) {
        defect_note(defects, "header_field_size", field.at);
        field.size = LIMIT_HEADER_FIELD;
    }
    for (size_t i = 0; (i = bytes_find_byte(field, '\n', i)) != BYTES_NOWHERE; i++) {
        if (i + 1 < field.size && field.at[i + 1] != ' ' && field.at[i + 1] != '\t') {
            return bytes_slice(field, 0, i);
        }
    }
    return field;
}

void
address_list_read(struct arena *arena, struct bytes field, struct address_list *list_r,
                  struct defects *defects)
{
    struct reader r = {
        .arena = arena, .defects = defects, .in = field_bounds(field, defects)};
    struct address *outer_list = NULL;
    size_t outer_count = 0, outer_room = 0;
    bool angle = false, after_at = false;

    r.utf8 = utf8_valid(r.in);
    for (;;) {
        struct token token = token_next(&r, after_at);
        after_at = token.kind == TOKEN_AT;
        if (token.kind == TOKEN_COMMA || token.kind == TOKEN_SEMICOLON ||
            token.kind == TOKEN_END) {
            mailbox_finish(&r, &angle);
            if (r.group != NULL && token.kind != TOKEN_COMMA) {
                group_close(&r, outer_list, outer_count, outer_room);
            }
            if (token.kind == TOKEN_END) {
                break;
            }
        } else if (token.kind == TOKEN_LESS) {
            if (angle) {
                mailbox_finish(&r, &angle);
            }
            angle_read(&r);
            angle = true;
        } else if (token.kind == TOKEN_COLON && r.group == NULL && !angle &&
                   r.phrase.count > 0 && !phrase_has_at(&r)) {
            group_open(&r, &outer_list, &outer_count, &outer_room);
        } else {
            tokens_add(&r, &r.phrase, &token);
        }
    }
    *list_r = (struct address_list){r.list, r.count};
}

bool
address_read(struct arena *arena, struct bytes text, struct address *address_r)
{
    struct address_list list;

    text = bytes_trim(text);
    if (text.size > LIMIT_ADDRESS) {
        return false;
    }
    address_list_read(arena, text, &list, NULL);
    if (list.address_count != 1 || list.addresses[0].is_group ||
        list.addresses[0].local.size == 0 || list.addresses[0].domain.size == 0) {
        return false;
    }
    *address_r = list.addresses[0];
    return true;
}

size_t
address_ids_read(struct arena *arena, struct bytes field, struct bytes **ids_r)
{
    struct bytes *ids = NULL;
    size_t count = 0, room = 0;

    field = bytes_slice(field, 0, LIMIT_HEADER_FIELD);
    for (size_t at = 0; at < field.size;) {
        if (ascii_blank(field.at[at]) || field.at[at] == ',') {
            at++;
            continue;
        }
        bool angle = field.at[at] == '<';
        size_t from = at + angle, end = from;
        while (end < field.size &&
               (angle ? field.at[end] != '>' && field.at[end] != '<'
                      : !ascii_blank(field.at[end]) && field.at[end] != ',' &&
                            field.at[end] != '<')) {
            end++;
        }
        at = end + (end < field.size && field.at[end] == '>');
        if (count == room) {
            size_t more = room == 0 ? 4 : room * 2;
            ids = arena_grow(arena, ids, room * sizeof *ids, more * sizeof *ids);
            room = more;
        }
        struct bytes id = bytes_trim(bytes_slice(field, from, end));
        if (id.size > 0) {
            ids[count++] = id;
        }
    }
    *ids_r = ids;
    return count;
}
