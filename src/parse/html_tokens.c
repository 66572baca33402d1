#include "parse/html_names_private.h"
#include "parse/html_private.h"
#include "parse/html_view_private.h"
#include "parse/scan_private.h"

_Static_assert(LIMIT_HTML_ATTRIBUTES <= UINT8_MAX && HTML_ATTRIBUTE_COUNT <= 32,
               "a place is one byte, a name one bit");

void
html_tokens_init(struct html_tokens *t, struct bytes in)
{
    html_names_make();
    t->in = in;
    t->at = 0;
    t->state = HTML_DATA;
    t->joins_blanks = false;
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

/* The size of the name at `at`, up to a byte that ends names of one kind or the other; 0 if it is not seen in a SCAN_SIZE of bytes,
 * which may be read. The first byte is the name's whatever it is. */
static inline size_t
name_size_at(const uint8_t *at)
{
    scan_block block = scan_load(at);
    /* '/', '=', '>', and a few that seldom stand in names. */
    unsigned hits =
        scan_hits((scan_block)(block <= ' ') | scan_is(block | 0x13, 0x3f)) & ~1u;
    size_t size = hits != 0 ? scan_first(hits) : 0;

    return name_ends[at[size]] != 0 ? size : 0;
}

/* Where the name ends that begins at `at`. */
static size_t
name_end(struct bytes in, size_t at, uint8_t ends)
{
    at++;
    while (at < in.size && !(name_ends[in.at[at]] & ends)) {
        at++;
    }
    return at;
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

/* The value behind '=', which may stand behind blanks; gives where it ends, behind a closing quote. in.size if it is not closed. */
static inline size_t
read_value(struct bytes in, size_t at, struct bytes *value_r)
{
    if (at < in.size && (name_ends[in.at[at]] & BLANK)) {
        at = skip_blank_in(in, at);
    }
    if (at >= in.size || in.at[at] == '>') {
        return at;
    }
    uint8_t quote = in.at[at];
    if (quote == '"' || quote == '\'') {
        size_t end = scan_find(in, quote, ++at);
        if (end == in.size) {
            return end;
        }
        *value_r = bytes_of(in.at + at, end - at);
        return end + 1;
    }
    size_t end = at;
    while (end < in.size && !(name_ends[in.at[end]] & ENDS_VALUE)) {
        end++;
    }
    *value_r = bytes_of(in.at + at, end - at);
    return end;
}

static inline void
put_attribute(struct html_tokens *t, struct bytes name, struct bytes value, uint8_t index)
{
    size_t count = t->attribute_count;
    uint32_t bit = (uint32_t)1 << index;

    if (count == LIMIT_HTML_ATTRIBUTES) {
        return;
    }
    if (t->known.set & bit) {
        t->known.twice |= bit;
    } else {
        t->known.set |= bit;
        t->known.at[index] = (uint8_t)count;
    }
    t->known.names[count] = index;
    t->attributes[count] = (struct html_attribute){name, value};
    t->attribute_count = count + 1;
}

/* The attribute at `at`, however it is written; gives where it ends. */
__attribute__((noinline)) static size_t
read_attribute(struct html_tokens *t, size_t at)
{
    const struct bytes in = t->in;
    struct bytes value = BYTES_NONE;
    /* A '=' at the start is the first letter of the name. */
    size_t end = name_end(in, at, ENDS_ATTRIBUTE);
    struct bytes name = bytes_of(in.at + at, end - at);

    end = skip_blank_in(in, end);
    if (end < in.size && in.at[end] == '=') {
        end = read_value(in, end + 1, &value);
    }
    put_attribute(t, name, value,
                  html_names_get(&html_attribute_names, name, html_name_key(name)));
    return end;
}

/* Where a value ends that begins at `at`, behind its quote if it has one; 0 if that is not seen. */
static inline size_t
usual_value_end(const uint8_t *in, size_t at, size_t size, uint8_t quote)
{
    for (; at + SCAN_SIZE <= size; at += SCAN_SIZE) {
        scan_block block = scan_load(in + at);
        unsigned hits =
            scan_hits(quote != 0 ? scan_is(block, quote)
                                 : (scan_block)(block <= ' ') | scan_is(block, '>'));
        if (hits != 0) {
            at += scan_first(hits);
            return quote != 0 || (name_ends[in[at]] & ENDS_VALUE) ? at : 0;
        }
    }
    return 0;
}

/* The same for one as most are written, without blanks around its '=', and with a SCAN_SIZE of bytes and one more from its start
 * on; `at` itself if it is another. */
static inline size_t
read_usual_attribute(struct html_tokens *t, const uint8_t *in, size_t at, size_t size)
{
    size_t name_size = name_size_at(in + at), value = at + name_size + 1;

    if (name_size == 0 || in[value - 1] != '=' || (name_ends[in[value]] & ENDS_VALUE)) {
        return at;
    }
    uint8_t quote = in[value] == '"' || in[value] == '\'' ? in[value] : 0;
    value += quote != 0;
    size_t end = usual_value_end(in, value, size, quote);
    if (end == 0) {
        return at;
    }
    struct bytes name = bytes_of(in + at, name_size);
    put_attribute(t, name, bytes_of(in + value, end - value),
                  html_names_get(&html_attribute_names, name,
                                 html_name_key_within(name.at, name_size)));
    return end + (quote != 0);
}

/* The attributes of a tag, from behind its name on, and its end; gives where it ends. 0 if the input ends before: then there is no
 * token. */
__attribute__((noinline)) static size_t
read_attributes(struct html_tokens *t, size_t at, struct html_token *token)
{
    const struct bytes in = t->in;

    for (; at < in.size; at++) {
        uint8_t c = in.at[at];
        if (c == '>') {
            return at + 1;
        }
        if (name_ends[c] & BLANK) {
            continue;
        }
        if (c == '/') {
            if (at + 1 < in.size && in.at[at + 1] == '>') {
                token->self_closing = true;
                return at + 2;
            }
            continue;
        }
        size_t end = in.size - at >= SCAN_SIZE + 1
                         ? read_usual_attribute(t, in.at, at, in.size)
                         : at;
        at = (end > at ? end : read_attribute(t, at)) - 1;
    }
    return 0;
}

/* The rest of a tag whose name begins at `at`, with a letter. false if the input ends inside: then there is no token. */
static inline __attribute__((always_inline)) bool
read_tag_at(struct html_tokens *t, size_t at, enum html_kind kind, struct html_token *token)
{
    const struct bytes in = t->in;
    size_t size = in.size - at >= SCAN_SIZE ? name_size_at(in.at + at) : 0;
    uint64_t key;

    if (size > 0 && (name_ends[in.at[at + size]] & ENDS_TAG)) {
        key = html_name_key_within(in.at + at, size);
    } else {
        size = name_end(in, at, ENDS_TAG) - at;
        key = html_name_key(bytes_of(in.at + at, size));
    }
    struct bytes name = bytes_of(in.at + at, size);
    t->attribute_count = 0;
    t->known.set = t->known.twice = 0;
    token->kind = kind;
    token->text = name;
    token->element = &html_elements[html_names_get(&html_element_names, name, key)];
    token->attributes = t->attributes;
    token->known = &t->known;
    token->attribute_count = 0;
    token->self_closing = false;
    t->state = HTML_DATA;
    at += size;
    if (at < in.size && in.at[at] == '>') {
        t->at = at + 1;
    } else {
        t->at = read_attributes(t, at, token);
        if (t->at == 0) {
            t->at = in.size;
            return false;
        }
        token->attribute_count = t->attribute_count;
    }
    if (kind == HTML_START) {
        t->last_start = name;
    }
    return true;
}

/* The same where it is seldom needed. */
__attribute__((noinline)) static bool
read_tag(struct html_tokens *t, size_t at, enum html_kind kind, struct html_token *token)
{
    return read_tag_at(t, at, kind, token);
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

/* The markup at `at`: reads it into the token and moves on. false: nothing is there for a reader (an unfinished tag, "</>"). */
__attribute__((noinline)) static bool
read_markup(struct html_tokens *t, size_t at, struct html_token *token)
{
    uint8_t c = t->in.at[at + 1];

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
    if (starts(t, at + 2, BYTES("--"))) {
        read_comment(t, at + 4, token);
    } else if (starts(t, at + 2, BYTES("doctype"))) {
        read_doctype(t, at + 9, token);
    } else {
        read_bogus_comment(t, at + 2, token);
    }
    return true;
}

/* Whether the '<' at `at` is more than text. */
static inline bool
is_markup(struct bytes in, size_t at)
{
    uint8_t c = at + 1 < in.size ? in.at[at + 1] : 0;

    return ascii_letter(c) || c == '!' || c == '?' || (c == '/' && at + 2 < in.size);
}

static bool
put_text(struct html_tokens *t, size_t end, unsigned decoding, struct html_token *token)
{
    token->kind = HTML_TEXT;
    token->text = bytes_of(t->in.at + t->at, end - t->at);
    token->decoding = decoding;
    token->blank = token->line = token->plain = false;
    t->at = end;
    return true;
}

/* What a byte is to text: whether it is a blank or a line end, and whether a decoding or markup may begin with it. */
enum { IS_BLANK = 1, IS_LINE = 2, MAY_CHANGE = 4, OPENS = 8 };
static const uint8_t text_kinds[256] = {
    [' '] = IS_BLANK,
    ['\t'] = IS_BLANK,
    ['\n'] = IS_BLANK | IS_LINE,
    ['\r'] = IS_BLANK | IS_LINE | MAY_CHANGE,
    [0] = MAY_CHANGE,
    ['&'] = MAY_CHANGE,
    ['<'] = OPENS,
};

/* Past the blanks from `at` on. */
static inline size_t
blanks_end(struct bytes in, size_t at, uint8_t *met)
{
    uint8_t found = 0;

    for (; in.size - at >= SCAN_SIZE; at += SCAN_SIZE) {
        scan_block block = scan_load(in.at + at),
                   lines = scan_is(block, '\n') | scan_is(block, '\r');
        unsigned other = ~scan_hits(lines | scan_is(block, ' ') | scan_is(block, '\t')) &
                         ((1u << SCAN_SIZE) - 1);
        unsigned line = scan_hits(lines);
        if (other != 0) {
            size_t size = scan_first(other);
            *met |= found | (line & ((1u << size) - 1) ? IS_LINE : 0);
            return at + size;
        }
        found |= line ? IS_LINE : 0;
    }
    while (at < in.size && (text_kinds[in.at[at]] & IS_BLANK)) {
        found |= text_kinds[in.at[at++]];
    }
    *met |= found & IS_LINE;
    return at;
}

/* Where the next '<' stands, from `at` on. */
static inline size_t
letters_end(struct bytes in, size_t at, uint8_t *met)
{
    uint8_t found = 0;

    for (; in.size - at >= SCAN_SIZE; at += SCAN_SIZE) {
        scan_block block = scan_load(in.at + at);
        unsigned opens = scan_hits(scan_is(block, '<')),
                 change = scan_hits(scan_is(block, '&') | scan_is(block, '\r') |
                                    scan_is(block, 0));
        if (opens != 0) {
            size_t size = scan_first(opens);
            *met |= found | (change & ((1u << size) - 1) ? MAY_CHANGE : 0);
            return at + size;
        }
        found |= change ? MAY_CHANGE : 0;
    }
    while (at < in.size && in.at[at] != '<') {
        found |= text_kinds[in.at[at++]];
    }
    *met |= found & MAY_CHANGE;
    return at;
}

/* Text that begins where the reader stands, up to markup or the end. false: markup stands there at once. */
static inline bool
next_text(struct html_tokens *t, struct html_token *token)
{
    struct bytes in = t->in;
    size_t start = t->at, at = start;
    uint8_t met = 0;
    bool blank = true;

    if (text_kinds[in.at[at]] & IS_BLANK) {
        at = blanks_end(in, at, &met);
    }
    if (at < in.size && (in.at[at] != '<' || !is_markup(in, at))) {
        blank = false;
        at = letters_end(in, met & IS_LINE ? start : at, &met); /* a CR is looked for */
        while (at < in.size && !is_markup(in, at)) {
            at = letters_end(in, at + 1, &met);
        }
    }
    if (at == start) {
        return false;
    }
    put_text(t, at, HTML_KEEP_NUL | HTML_REFERENCES, token);
    token->blank = blank;
    token->line = (met & IS_LINE) != 0;
    token->plain = !blank && !(met & MAY_CHANGE);
    return true;
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

/* Where the name of the tag at `at` begins; 0 if none is there. */
static inline size_t
tag_name_at(struct bytes in, size_t at)
{
    if (in.size - at < 3 || in.at[at] != '<') {
        return 0;
    }
    at += in.at[at + 1] == '/' ? 2 : 1;
    return ascii_letter(in.at[at]) ? at : 0;
}

bool
html_tokens_next(struct html_tokens *t, struct html_token *token)
{
    const struct bytes in = t->in;

    token->before.size = 0;
    while (t->at < in.size) {
        size_t at = t->at;
        uint8_t met = 0;
        if (t->state != HTML_DATA) {
            if (next_raw(t, token)) {
                return true;
            }
            continue;
        }
        if (t->joins_blanks && (text_kinds[in.at[at]] & IS_BLANK)) {
            at = blanks_end(in, at, &met);
        }
        size_t name = at < in.size ? tag_name_at(in, at) : 0;
        if (name > 0) { /* as it mostly is */
            token->before = bytes_of(in.at + t->at, at - t->at);
            token->line = met != 0;
            if (read_tag_at(t, name, in.at[name - 1] == '/' ? HTML_END : HTML_START,
                            token)) {
                return true;
            }
            if (token->before.size > 0) {
                /* An unfinished tag at the end: only the blanks are there. */
                t->at = (size_t)(token->before.at - in.at);
                put_text(t, t->at + token->before.size, HTML_KEEP_NUL | HTML_REFERENCES,
                         token);
                token->before.size = 0;
                t->at = in.size;
                return true;
            }
            continue;
        }
        if (next_text(t, token) || read_markup(t, t->at, token)) {
            return true;
        }
    }
    *token = (struct html_token){.kind = HTML_EOF};
    return false;
}
