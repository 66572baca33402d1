#include "parse/html_private.h"

void
html_tokens_init(struct html_tokens *t, struct bytes in)
{
    t->in = in;
    t->at = 0;
    t->state = HTML_DATA;
    t->last_start = BYTES_NONE;
    t->attribute_count = 0;
}

static struct bytes
slice(const struct html_tokens *t, size_t from, size_t to)
{
    return bytes_slice(t->in, from, to);
}

static bool
starts(const struct html_tokens *t, size_t at, struct bytes what)
{
    return bytes_starts_fold(bytes_from(t->in, at), what);
}

#define ENDS_TAG       1
#define ENDS_ATTRIBUTE 2
#define ENDS_VALUE     4
#define BLANK          8
#define ALL_BLANK      (ENDS_TAG | ENDS_ATTRIBUTE | ENDS_VALUE | BLANK)

/* What ends the name of a tag, of an attribute, and a value without quotes. */
static const uint8_t name_ends[256] = {
    ['\t'] = ALL_BLANK,
    ['\n'] = ALL_BLANK,
    ['\f'] = ALL_BLANK,
    ['\r'] = ALL_BLANK,
    [' '] = ALL_BLANK,
    ['/'] = ENDS_TAG | ENDS_ATTRIBUTE,
    ['>'] = ENDS_TAG | ENDS_ATTRIBUTE | ENDS_VALUE,
    ['='] = ENDS_ATTRIBUTE,
};

/* Tags ------------------------------------------------------------------------------------------------------------ */

static void
add_attribute(struct html_tokens *t, struct bytes name, struct bytes value)
{
    if (t->attribute_count == LIMIT_HTML_ATTRIBUTES) {
        return;
    }
    t->attributes[t->attribute_count++] = (struct html_attribute){name, value};
}

static inline size_t
skip_blank_in(struct bytes in, size_t at)
{
    while (at < in.size && (name_ends[in.at[at]] & BLANK)) {
        at++;
    }
    return at;
}

static size_t
skip_blank(const struct html_tokens *t, size_t at)
{
    return skip_blank_in(t->in, at);
}

/* The value behind '=' ; gives where it ends, behind a closing quote. in.size if it is not closed. */
static size_t
read_value(struct bytes in, size_t at, struct bytes *value_r)
{
    at = skip_blank_in(in, at);
    if (at >= in.size || in.at[at] == '>') {
        return at;
    }
    uint8_t quote = in.at[at];
    if (quote == '"' || quote == '\'') {
        at++;
        const uint8_t *end = at < in.size ? memchr(in.at + at, quote, in.size - at) : NULL;
        if (end == NULL) {
            return in.size;
        }
        *value_r = bytes_of(in.at + at, (size_t)(end - in.at) - at);
        return (size_t)(end - in.at) + 1;
    }
    size_t end = at;
    while (end < in.size && !(name_ends[in.at[end]] & ENDS_VALUE)) {
        end++;
    }
    *value_r = bytes_of(in.at + at, end - at);
    return end;
}

static size_t
read_attribute(struct html_tokens *t, struct bytes in, size_t at)
{
    size_t start = at++; /* a '=' here is the first letter of the name */
    struct bytes value = BYTES_NONE;

    while (at < in.size && !(name_ends[in.at[at]] & ENDS_ATTRIBUTE)) {
        at++;
    }
    struct bytes name = bytes_of(in.at + start, at - start);
    at = skip_blank_in(in, at);
    if (at < in.size && in.at[at] == '=') {
        at = read_value(in, at + 1, &value);
    }
    add_attribute(t, name, value);
    return at;
}

/* The rest of a tag whose name begins at `at`. false if the input ends inside: then there is no token. */
static bool
read_tag(struct html_tokens *t, size_t at, enum html_kind kind, struct html_token *token)
{
    const struct bytes in = t->in;
    size_t start = at;

    while (at < in.size && !(name_ends[in.at[at]] & ENDS_TAG)) {
        at++;
    }
    token->kind = kind;
    token->text = bytes_of(in.at + start, at - start);
    token->attributes = t->attributes;
    token->self_closing = false;
    t->attribute_count = 0;
    for (;;) {
        at = skip_blank_in(in, at);
        if (at >= in.size) {
            t->at = in.size;
            return false;
        }
        if (in.at[at] == '>') {
            break;
        }
        if (in.at[at] == '/') {
            at++;
            if (at < in.size && in.at[at] == '>') {
                token->self_closing = true;
                break;
            }
            continue;
        }
        at = read_attribute(t, in, at);
    }
    t->at = at + 1;
    token->attribute_count = t->attribute_count;
    if (kind == HTML_START) {
        t->last_start = token->text;
    }
    t->state = HTML_DATA;
    return true;
}

/* Comments and DOCTYPE -------------------------------------------------------------------------------------------- */

static void
read_bogus_comment(struct html_tokens *t, size_t at, struct html_token *token)
{
    size_t end = bytes_find_byte(t->in, '>', at);

    *token = (struct html_token){.kind = HTML_COMMENT, .text = slice(t, at, end)};
    t->at = end == BYTES_NOWHERE ? t->in.size : end + 1;
}

/* `at` is behind "<!--". */
static void
read_comment(struct html_tokens *t, size_t at, struct html_token *token)
{
    struct bytes rest = bytes_from(t->in, at);
    size_t early = bytes_starts(rest, BYTES(">"))    ? 1
                   : bytes_starts(rest, BYTES("->")) ? 2
                                                     : 0;

    *token = (struct html_token){.kind = HTML_COMMENT};
    if (early > 0) {
        t->at = at + early;
        return;
    }
    for (size_t dash = bytes_find_byte(rest, '-', 0); dash != BYTES_NOWHERE;
         dash = bytes_find_byte(rest, '-', dash + 1)) {
        struct bytes from = bytes_from(rest, dash);
        size_t size = bytes_starts(from, BYTES("-->"))    ? 3
                      : bytes_starts(from, BYTES("--!>")) ? 4
                                                          : 0;
        if (size > 0) {
            token->text = bytes_slice(rest, 0, dash);
            t->at = at + dash + size;
            return;
        }
    }
    size_t cut = bytes_ends(rest, BYTES("--!"))  ? 3
                 : bytes_ends(rest, BYTES("--")) ? 2
                 : bytes_ends(rest, BYTES("-"))  ? 1
                                                 : 0;
    token->text = bytes_slice(rest, 0, rest.size - cut);
    t->at = t->in.size;
}

/* A quoted identifier of a DOCTYPE at `at`; gives where it ends. Unclosed: up to '>' or the end, and quirks. */
static size_t
read_identifier(struct html_tokens *t, size_t at, struct bytes *id_r, bool *quirks)
{
    uint8_t quote = t->in.at[at++];
    size_t end = at;

    while (end < t->in.size && t->in.at[end] != quote && t->in.at[end] != '>') {
        end++;
    }
    *id_r = slice(t, at, end);
    if (id_r->at == NULL) {
        *id_r = BYTES("");
    }
    if (end < t->in.size && t->in.at[end] == quote) {
        return end + 1;
    }
    *quirks = true;
    return end;
}

static bool
is_quote(const struct html_tokens *t, size_t at)
{
    return at < t->in.size && (t->in.at[at] == '"' || t->in.at[at] == '\'');
}

static bool
is_end(const struct html_tokens *t, size_t at)
{
    return at < t->in.size && t->in.at[at] == '>';
}

/* What stands behind the name: PUBLIC or SYSTEM and the identifiers. Gives where the tail begins that is not read. */
static size_t
read_doctype_ids(struct html_tokens *t, size_t at, struct html_token *token)
{
    bool public = starts(t, at, BYTES("public")), system = starts(t, at, BYTES("system"));

    if (!public && !system) {
        token->quirks = true;
        return at;
    }
    at = skip_blank(t, at + 6);
    if (public) {
        if (!is_quote(t, at)) {
            token->quirks = true;
            return at;
        }
        at = read_identifier(t, at, &token->public_id, &token->quirks);
        if (token->quirks) {
            return at;
        }
        at = skip_blank(t, at);
        if (is_end(t, at)) {
            return at;
        }
    }
    if (!is_quote(t, at)) {
        token->quirks = true;
        return at;
    }
    at = read_identifier(t, at, &token->system_id, &token->quirks);
    if (!token->quirks) {
        at = skip_blank(t, at);
        token->quirks = at >= t->in.size;
    }
    return at;
}

/* `at` is behind "<!DOCTYPE". */
static void
read_doctype(struct html_tokens *t, size_t at, struct html_token *token)
{
    *token = (struct html_token){.kind = HTML_DOCTYPE};
    at = skip_blank(t, at);
    if (at >= t->in.size || t->in.at[at] == '>') {
        token->quirks = true;
    } else {
        size_t start = at;
        while (at < t->in.size && !html_blank(t->in.at[at]) && t->in.at[at] != '>') {
            at++;
        }
        token->text = slice(t, start, at);
        token->has_name = true;
        at = skip_blank(t, at);
        if (at >= t->in.size) {
            token->quirks = true;
        } else if (t->in.at[at] != '>') {
            at = read_doctype_ids(t, at, token);
        }
    }
    size_t end = bytes_find_byte(t->in, '>', at);
    t->at = end == BYTES_NOWHERE ? t->in.size : end + 1;
}

/* Text ------------------------------------------------------------------------------------------------------------ */

/* What begins with '<' at `at`: reads it into the token and moves on. `text` is true where it is only text. false with
 * text false: nothing is there for a reader (an unfinished tag, "</>"). */
__attribute__((noinline)) static bool
read_markup(struct html_tokens *t, size_t at, struct html_token *token, bool *text)
{
    uint8_t c = at + 1 < t->in.size ? t->in.at[at + 1] : 0;

    *text = false;
    if (ascii_letter(c)) {
        return read_tag(t, at + 1, HTML_START, token);
    }
    if (c == '/' && at + 2 < t->in.size) {
        if (ascii_letter(t->in.at[at + 2])) {
            return read_tag(t, at + 2, HTML_END, token);
        }
        if (t->in.at[at + 2] == '>') {
            t->at = at + 3;
            return false;
        }
        read_bogus_comment(t, at + 2, token);
        return true;
    }
    if (c == '?') {
        read_bogus_comment(t, at + 1, token);
        return true;
    }
    if (c != '!') {
        *text = true;
        return false;
    }
    if (starts(t, at + 2, BYTES("--"))) {
        read_comment(t, at + 4, token);
    } else if (starts(t, at + 2, BYTES("doctype"))) {
        read_doctype(t, at + 9, token);
    } else {
        read_bogus_comment(t, at + 2, token);
    }
    return true;
}

static inline bool
is_markup(const struct html_tokens *t, size_t at)
{
    uint8_t c = at + 1 < t->in.size ? t->in.at[at + 1] : 0;

    return ascii_letter(c) || c == '!' || c == '?' || (c == '/' && at + 2 < t->in.size);
}

static bool
put_text(struct html_tokens *t, size_t end, unsigned decoding, struct html_token *token)
{
    token->kind = HTML_TEXT;
    token->text = bytes_of(t->in.at + t->at, end - t->at);
    token->decoding = decoding;
    t->at = end;
    return true;
}

static size_t
data_end(const struct html_tokens *t)
{
    size_t at = t->in.at[t->at] == '<' ? t->at : bytes_find_byte(t->in, '<', t->at + 1);

    while (at != BYTES_NOWHERE && !is_markup(t, at)) {
        at = bytes_find_byte(t->in, '<', at + 1);
    }
    return at == BYTES_NOWHERE ? t->in.size : at;
}

static bool
is_last_end(const struct html_tokens *t, size_t at)
{
    return t->last_start.size > 0 && at + 1 < t->in.size && t->in.at[at + 1] == '/' &&
           starts(t, at + 2, t->last_start) &&
           html_name_ends(t->in, at + 2 + t->last_start.size);
}

static size_t
raw_end(const struct html_tokens *t)
{
    if (t->state == HTML_SCRIPT && bytes_is_fold(t->last_start, "script")) {
        return html_script_end(t->in, t->at);
    }
    size_t at = bytes_find_byte(t->in, '<', t->at);
    while (at != BYTES_NOWHERE && !is_last_end(t, at)) {
        at = bytes_find_byte(t->in, '<', at + 1);
    }
    return at == BYTES_NOWHERE ? t->in.size : at;
}

/* Text where tags do not count, up to what ends it. */
__attribute__((noinline)) static bool
next_raw(struct html_tokens *t, struct html_token *token)
{
    if (t->state == HTML_PLAINTEXT) {
        return put_text(t, t->in.size, 0, token);
    }
    if (t->state == HTML_CDATA) {
        size_t end = bytes_find(t->in, BYTES("]]>"), t->at);
        put_text(t, end == BYTES_NOWHERE ? t->in.size : end, HTML_KEEP_NUL, token);
        t->at += end == BYTES_NOWHERE ? 0 : 3;
        t->state = HTML_DATA;
        return true;
    }
    size_t end = raw_end(t);
    if (end > t->at) {
        return put_text(t, end, t->state == HTML_RCDATA ? HTML_REFERENCES : 0, token);
    }
    return read_tag(t, end + 2, HTML_END, token);
}

/* Where the name begins of the tag at `at`; 0 if none is there. */
static inline size_t
tag_name_at(struct bytes in, size_t at)
{
    if (in.at[at] != '<' || in.size - at < 3) {
        return 0;
    }
    at += in.at[at + 1] == '/' ? 2 : 1;
    return ascii_letter(in.at[at]) ? at : 0;
}

bool
html_tokens_next(struct html_tokens *t, struct html_token *token)
{
    while (t->at < t->in.size) {
        bool text;
        if (t->state != HTML_DATA) {
            if (next_raw(t, token)) {
                return true;
            }
            continue;
        }
        size_t name = tag_name_at(t->in, t->at);
        if (name > 0) { /* as most are */
            if (read_tag(t, name, t->in.at[name - 1] == '/' ? HTML_END : HTML_START,
                         token)) {
                return true;
            }
            continue;
        }
        size_t end = data_end(t);
        if (end > t->at) {
            return put_text(t, end, HTML_KEEP_NUL | HTML_REFERENCES, token);
        }
        if (read_markup(t, end, token, &text)) {
            return true;
        }
    }
    *token = (struct html_token){.kind = HTML_EOF};
    return false;
}
