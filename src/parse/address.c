#include "parse/address.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "base/writer.h"
#include "parse/address_private.h"
#include "parse/words.h"

/* The words [from, to) as one text, decoded; blanks between them as one. */
static struct bytes
phrase_text(struct address_reader *r, const struct address_tokens *t, size_t from,
            size_t to)
{
    struct writer w;

    if (to <= from) {
        return BYTES_NONE;
    }
    writer_init(&w, r->arena);
    for (size_t i = from; i < to; i++) {
        const struct address_token *token = &t->list[i];
        if (i > from && token->spaced) {
            writer_byte(&w, ' ');
        }
        writer_bytes(&w, token->kind == TOKEN_QUOTED
                             ? address_unquoted(r->arena, token->text, r->utf8)
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
joined(struct address_reader *r, const struct address_tokens *t, size_t from, size_t to)
{
    struct writer w;

    if (to == from + 1 && t->list[from].kind != TOKEN_QUOTED) {
        return t->list[from].text;
    }
    writer_init(&w, r->arena);
    for (size_t i = from; i < to; i++) {
        struct bytes text = t->list[i].text;
        writer_bytes(&w, t->list[i].kind == TOKEN_QUOTED
                             ? address_unquoted(r->arena, text, r->utf8)
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
address_add(struct address_reader *r)
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
address_put(struct address_reader *r, struct bytes name, struct bytes local,
            struct bytes domain)
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
addr_spec_bounds(const struct address_tokens *t, size_t sign, size_t least, size_t *from_r,
                 size_t *to_r)
{
    size_t from = sign, to = sign + 1;

    while (from > least) {
        const struct address_token *before = &t->list[from - 1];
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
domain_joined(struct address_reader *r, const struct address_tokens *t, size_t from,
              size_t to)
{
    while (to > from + 1 && t->list[to - 1].kind == TOKEN_DOT) {
        to--;
    }
    return joined(r, t, from, to);
}

/* A mailbox without brackets: every '@' in it makes an address, words around are the name. */
static void
bare_finish(struct address_reader *r)
{
    struct address_tokens *t = &r->phrase;
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
angle_finish(struct address_reader *r)
{
    struct address_tokens *t = &r->angle;
    size_t sign = t->count, from = 0;

    for (size_t at = 0; at < t->count && t->list[from].kind == TOKEN_AT; at++) {
        if (t->list[at].kind == TOKEN_COLON && at + 1 < t->count) {
            from = at + 1; /* behind an obs-route */
        }
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
mailbox_finish(struct address_reader *r, bool *angle)
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
angle_read(struct address_reader *r)
{
    bool after_at = false;

    r->angle.count = 0;
    for (;;) {
        size_t before = r->at;
        struct address_token token = address_token_next(r, after_at);
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
        address_tokens_add(r, &r->angle, &token);
    }
}

static void
group_open(struct address_reader *r, struct address **outer_list, size_t *outer_count,
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
group_close(struct address_reader *r, struct address *outer_list, size_t outer_count,
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
phrase_has_at(const struct address_reader *r)
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
    struct address_reader r = {
        .arena = arena, .defects = defects, .in = field_bounds(field, defects)};
    struct address *outer_list = NULL;
    size_t outer_count = 0, outer_room = 0;
    bool angle = false, after_at = false;

    r.utf8 = utf8_valid(r.in);
    for (;;) {
        struct address_token token = address_token_next(&r, after_at);
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
            address_tokens_add(&r, &r.phrase, &token);
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
