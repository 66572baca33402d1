#include "parse/address_private.h"

#include "base/limits.h"
#include "parse/header.h"

void
address_tokens_add(struct address_reader *r, struct address_tokens *t,
                   const struct address_token *token)
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
quoted_end(struct address_reader *r, size_t at)
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

struct bytes
address_unquoted(struct arena *arena, struct bytes in, bool utf8)
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
skip_blanks(struct address_reader *r)
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
ends_word(const struct address_reader *r, uint8_t c)
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
word_end(struct address_reader *r, size_t at, bool after_at)
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

struct address_token
address_token_next(struct address_reader *r, bool after_at)
{
    static const char marks[] = ".@<>,;:";
    static const enum address_token_kind kinds[] = {
        TOKEN_DOT,   TOKEN_AT,        TOKEN_LESS, TOKEN_GREATER,
        TOKEN_COMMA, TOKEN_SEMICOLON, TOKEN_COLON};
    struct address_token token = {.kind = TOKEN_END, .spaced = skip_blanks(r)};

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
