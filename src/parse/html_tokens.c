#include "parse/html_private.h"
#include "parse/html_usual_private.h"

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

/* Blanks end all of them. */
#define ALL_BLANK (HTML_ENDS_TAG | HTML_ENDS_ATTRIBUTE | HTML_ENDS_VALUE | HTML_ENDS_BLANK)

const uint8_t html_name_end[256] = {
    ['\t'] = ALL_BLANK,
    ['\n'] = ALL_BLANK,
    ['\f'] = ALL_BLANK,
    ['\r'] = ALL_BLANK,
    [' '] = ALL_BLANK,
    ['/'] = HTML_ENDS_TAG | HTML_ENDS_ATTRIBUTE,
    ['>'] = HTML_ENDS_TAG | HTML_ENDS_ATTRIBUTE | HTML_ENDS_VALUE,
    ['='] = HTML_ENDS_ATTRIBUTE,
};

/* Tags ------------------------------------------------------------------------------------------------------------ */

/* Where the name ends that begins at `at`. */
static size_t
name_end(struct bytes in, size_t at, uint8_t ends)
{
    at++;
    while (at < in.size && !(html_name_end[in.at[at]] & ends)) {
        at++;
    }
    return at;
}

static inline size_t
skip_blank_in(struct bytes in, size_t at)
{
    while (at < in.size && (html_name_end[in.at[at]] & HTML_ENDS_BLANK)) {
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
    if (at < in.size && (html_name_end[in.at[at]] & HTML_ENDS_BLANK)) {
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
    while (end < in.size && !(html_name_end[in.at[end]] & HTML_ENDS_VALUE)) {
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
static size_t
read_attribute(struct html_tokens *t, size_t at)
{
    const struct bytes in = t->in;
    struct bytes value = BYTES_NONE;
    /* A '=' at the start is the first letter of the name. */
    size_t end = name_end(in, at, HTML_ENDS_ATTRIBUTE);
    struct bytes name = bytes_of(in.at + at, end - at);

    end = skip_blank_in(in, end);
    if (end < in.size && in.at[end] == '=') {
        end = read_value(in, end + 1, &value);
    }
    put_attribute(t, name, value,
                  html_names_get(&html_attribute_names, name, html_name_key(name)));
    return end;
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
        if (html_name_end[c] & HTML_ENDS_BLANK) {
            continue;
        }
        if (c == '/') {
            if (at + 1 < in.size && in.at[at + 1] == '>') {
                token->self_closing = true;
                return at + 2;
            }
            continue;
        }
        at = read_attribute(t, at) - 1;
    }
    return 0;
}

/* Where the quote stands that closes a value from `at` on; false if it is not seen. Two blocks are there. */
static inline __attribute__((always_inline)) bool
quote_end(struct bytes in, size_t at, uint8_t quote, size_t *end_r)
{
    /* Two blocks at once: most values end in these. */
    do {
        unsigned hits = scan_hits(scan_is(scan_load(in.at + at), quote)) |
                        scan_hits(scan_is(scan_load(in.at + at + SCAN_SIZE), quote))
                            << SCAN_SIZE;
        if (hits != 0) {
            *end_r = at + scan_first(hits);
            return true;
        }
        at += 2 * SCAN_SIZE;
    } while (in.size - at >= 2 * SCAN_SIZE);
    return false;
}

/* The value at `at` of an attribute that is usual; gives where the attribute ends, 0 if the value is not as most are. */
static inline __attribute__((always_inline)) size_t
usual_value(struct bytes in, size_t at, struct bytes *value_r)
{
    uint8_t quote = in.at[at];
    size_t end;

    if (quote == '"' || quote == '\'') {
        at++;
        /* Of a quote that is known the compiler makes a constant. */
        if (quote == '"' ? !quote_end(in, at, '"', &end) : !quote_end(in, at, '\'', &end)) {
            return 0;
        }
        *value_r = bytes_of(in.at + at, end - at);
        return end + 1;
    }
    scan_block block = scan_load(in.at + at);
    unsigned hits = scan_hits((scan_block)(block <= ' ') | scan_is(block, '>'));
    end = at + scan_first(hits | 1u << SCAN_SIZE);
    if (end == at || !(html_name_end[in.at[end]] & HTML_ENDS_VALUE)) {
        return 0;
    }
    *value_r = bytes_of(in.at + at, end - at);
    return end;
}

/* read_attributes, for a tag that is written as most are; 0 as there. */
size_t
html_usual_attributes(struct html_tokens *t, size_t at, struct html_token *token)
{
    const struct bytes in = t->in;
    const size_t sure = in.size > HTML_SURE_ATTRIBUTE ? in.size - HTML_SURE_ATTRIBUTE : 0;
    size_t count = 0, tag_end = 0, end;
    uint32_t set = 0, twice = 0;
    struct bytes name, value;
    uint8_t index;

    while (at < sure) {
        size_t from = at + (in.at[at] == ' ');
        uint8_t c = in.at[from];
        if (c == '>') {
            tag_end = from + 1;
            break;
        }
        if (c <= ' ' && (html_name_end[c] & HTML_ENDS_BLANK)) {
            at = from + 1;
            continue;
        }
        unsigned equals = scan_hits(scan_is(scan_load(in.at + from), '='));
        name = bytes_of(in.at + from, scan_first(equals | 1u << (SCAN_SIZE - 1)));
        /* What is found is made of letters and hyphens: there is no need to look whether it ends earlier. */
        if (!html_names_find(&html_attribute_names, name,
                             html_name_key_within(name.at, name.size), &index) &&
            (!ascii_letter(c) || html_usual_name(name.at, true) != name.size)) {
            token->self_closing = c == '/' && in.at[from + 1] == '>';
            tag_end = token->self_closing ? from + 2 : 0;
            break;
        }
        if (name.at[name.size] != '=' || count == LIMIT_HTML_ATTRIBUTES ||
            (end = usual_value(in, from + name.size + 1, &value)) == 0) {
            break;
        }
        uint32_t bit = (uint32_t)1 << index;
        /* Of those that nobody asks for, the first is as good as the last. */
        if ((set & bit) > 1u << HTML_ATTRIBUTE_OTHER) {
            twice |= bit;
        } else {
            t->known.at[index] = (uint8_t)count;
        }
        set |= bit;
        t->known.names[count] = index;
        t->attributes[count++] = (struct html_attribute){name, value};
        at = end;
    }
    t->attribute_count = count;
    t->known.set = set;
    t->known.twice = twice;
    return tag_end != 0 ? tag_end : read_attributes(t, at, token);
}

/* The rest of a tag whose name begins at `at`, with a letter. false if the input ends inside: then there is no token. */
static bool
read_tag(struct html_tokens *t, size_t at, enum html_kind kind, struct html_token *token)
{
    const struct bytes in = t->in;
    struct bytes name = bytes_of(in.at + at, name_end(in, at, HTML_ENDS_TAG) - at);

    html_tag_start(t, name, html_name_key(name), kind, token);
    t->state = HTML_DATA;
    t->at = html_usual_attributes(t, at + name.size, token);
    if (t->at == 0) {
        t->at = in.size;
        return false;
    }
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

/* The markup at `at`: reads it into the token and moves on. false: nothing is there for a reader (an unfinished tag, "</>"). */
static bool
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

static bool
put_text(struct html_tokens *t, size_t end, unsigned decoding, struct html_token *token)
{
    token->kind = HTML_TEXT;
    token->text = bytes_of(t->in.at + t->at, end - t->at);
    token->decoding = decoding;
    token->blank = token->line = false;
    t->at = end;
    return true;
}

/* Blanks that may stand between tags: all but the form feed. */
static inline bool
is_joined(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Past the blanks from `at` on. */
static inline size_t
blanks_end(struct bytes in, size_t at, bool *line)
{
    while (in.size - at >= HTML_BLANK_BLOCKS * SCAN_SIZE) {
        size_t size = html_usual_blanks(in.at + at, line);
        at += size;
        if (size < HTML_BLANK_BLOCKS * SCAN_SIZE) {
            return at;
        }
    }
    for (; at < in.size && is_joined(in.at[at]); at++) {
        *line |= in.at[at] == '\n' || in.at[at] == '\r';
    }
    return at;
}

/* Where the next markup stands, from `at` on. */
static inline size_t
letters_end(struct bytes in, size_t at)
{
    for (;; at++) {
        while (in.size - at >= SCAN_SIZE) {
            unsigned opens = scan_hits(scan_is(scan_load(in.at + at), '<'));
            at += opens != 0 ? scan_first(opens) : SCAN_SIZE;
            if (opens != 0) {
                break;
            }
        }
        while (at < in.size && in.at[at] != '<') {
            at++;
        }
        if (at == in.size || html_is_markup(in, at)) {
            return at;
        }
    }
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
static bool
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

/* Where the name of the tag at `at`, a '<', begins; 0 if none is there. */
static inline size_t
tag_name_at(struct bytes in, size_t at)
{
    if (in.size - at < 3) {
        return 0;
    }
    at += in.at[at + 1] == '/' ? 2 : 1;
    return ascii_letter(in.at[at]) ? at : 0;
}

/* The tag at `at`, with the blanks before it. Where it is not finished, the input ends, and only the blanks are there. */
static bool
read_joined(struct html_tokens *t, size_t at, size_t name, bool line,
            struct html_token *token)
{
    size_t start = t->at;

    token->before = bytes_of(t->in.at + start, at - start);
    token->line = line;
    if (read_tag(t, name, name == at + 2 ? HTML_END : HTML_START, token)) {
        return true;
    }
    token->before.size = 0;
    t->at = start;
    put_text(t, at, HTML_KEEP_NUL | HTML_REFERENCES, token);
    t->at = t->in.size;
    return true;
}

/* The next token, however it is written. */
static bool
next_token(struct html_tokens *t, struct html_token *token)
{
    const struct bytes in = t->in;

    token->before.size = 0;
    token->line = false;
    while (t->at < in.size) {
        if (t->state != HTML_DATA) {
            if (next_raw(t, token)) {
                return true;
            }
            continue;
        }
        bool line = false;
        size_t at = is_joined(in.at[t->at]) ? blanks_end(in, t->at, &line) : t->at;
        if (at > t->at && t->joins_blanks && at < in.size && in.at[at] == '<') {
            size_t name = tag_name_at(in, at);
            if (name > 0) {
                return read_joined(t, at, name, line, token);
            }
        }
        bool blank = at == in.size || html_is_markup(in, at);
        at = blank ? at : letters_end(in, at);
        if (at > t->at) {
            put_text(t, at, HTML_KEEP_NUL | HTML_REFERENCES, token);
            token->blank = blank;
            token->line = line;
            return true;
        }
        if (read_markup(t, at, token)) {
            return true;
        }
    }
    *token = (struct html_token){.kind = HTML_EOF};
    return false;
}

bool
html_tokens_next(struct html_tokens *t, struct html_token *token)
{
    struct html_next next;

    if (!(html_usual_next(t, &next) && *next.at == '<' &&
          html_usual_tag(t, &next, token)) &&
        !next_token(t, token)) {
        return false;
    }
    if (token->kind == HTML_START || token->kind == HTML_END) {
        token->attributes = t->attributes;
        token->attribute_count = t->attribute_count;
    }
    if (token->kind == HTML_START) {
        t->last_start = token->text;
    }
    return true;
}
