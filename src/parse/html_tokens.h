/* The HTML tokenizer: pull one token after the other, as views of the source.
 *
 * By the WHATWG HTML standard 13.2.5, without its tree construction: who reads the tokens sets `state` after the start tags
 * whose content is raw (html_state_after). Nothing is decoded until it is asked for by html_decode, so that text without references
 * is never copied. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/limits.h"

enum html_kind { HTML_TEXT, HTML_START, HTML_END, HTML_COMMENT, HTML_DOCTYPE, HTML_EOF };

enum html_state {
    HTML_DATA,
    HTML_RCDATA,
    HTML_RAWTEXT,
    HTML_SCRIPT,
    HTML_PLAINTEXT,
    HTML_CDATA
};

struct html_attribute {
    struct bytes name, value; /* raw */
};

/* How raw bytes become text. */
enum html_decoding {
    HTML_KEEP_NUL = 1,     /* else NUL becomes U+FFFD */
    HTML_REFERENCES = 2,   /* character references count */
    HTML_IN_ATTRIBUTE = 4, /* by the rules for attributes */
    HTML_LOWER = 8,        /* ASCII letters become small */
    HTML_DROP_NUL = 16,    /* NUL is left out, as browsers do where text is shown */
};

/* What a kind does not have is not set. */
struct html_token {
    enum html_kind kind;
    struct bytes text; /* of text and comments, and the name of a DOCTYPE or tag: raw */
    unsigned decoding; /* for text */
    const struct html_attribute *attributes; /* of a tag: good until the next token */
    size_t attribute_count;
    bool self_closing;
    struct bytes public_id, system_id; /* of a DOCTYPE; at == NULL if missing */
    bool has_name, quirks;
};

struct html_tokens {
    struct bytes in;
    size_t at;
    enum html_state state;
    struct bytes last_start; /* whose end tag ends RCDATA, RAWTEXT and scripts */
    size_t attribute_count;
    struct html_attribute attributes[LIMIT_HTML_ATTRIBUTES];
};

void html_tokens_init(struct html_tokens *t, struct bytes in);
/* false at the end (kind HTML_EOF). */
bool html_tokens_next(struct html_tokens *t, struct html_token *token_r);
/* The text of raw bytes: line ends become LF, and what else decoding asks for. Copies only if something changes. */
struct bytes html_decode(struct arena *arena, struct bytes raw, unsigned decoding);
static inline bool
html_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

/* Whether what follows a tag's name ends it. */
static inline bool
html_name_ends(struct bytes in, size_t at)
{
    return at < in.size && (html_blank(in.at[at]) || in.at[at] == '/' || in.at[at] == '>');
}
