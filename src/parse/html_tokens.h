/* The HTML tokenizer: pull one token after the other, as views of the source.
 *
 * By the WHATWG HTML standard 13.2.5, without its tree construction: who reads the tokens sets `state` after the start tags
 * whose content is raw (html_state_after). Nothing is decoded until it is asked for by html_decode, so that text without references
 * is never copied. What the tokenizer meets on its way it tells: which element a tag is, which attributes that a reader of mail asks
 * for stand where, and of text whether it is all blanks. */
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

/* Attributes that say something of what is seen or where a link leads. */
enum html_attribute_name {
    HTML_ATTRIBUTE_OTHER,
    HTML_ATTRIBUTE_ACTION,
    HTML_ATTRIBUTE_ALT,
    HTML_ATTRIBUTE_BACKGROUND,
    HTML_ATTRIBUTE_BGCOLOR,
    HTML_ATTRIBUTE_CLASS,
    HTML_ATTRIBUTE_COLOR,
    HTML_ATTRIBUTE_CONTENT,
    HTML_ATTRIBUTE_DATA,
    HTML_ATTRIBUTE_DIR,
    HTML_ATTRIBUTE_FORMACTION,
    HTML_ATTRIBUTE_HEIGHT,
    HTML_ATTRIBUTE_HIDDEN,
    HTML_ATTRIBUTE_HREF,
    HTML_ATTRIBUTE_HTTP_EQUIV,
    HTML_ATTRIBUTE_ID,
    HTML_ATTRIBUTE_PLACEHOLDER,
    HTML_ATTRIBUTE_SRC,
    HTML_ATTRIBUTE_STYLE,
    HTML_ATTRIBUTE_TEXT,
    HTML_ATTRIBUTE_TITLE,
    HTML_ATTRIBUTE_TYPE,
    HTML_ATTRIBUTE_VALUE,
    HTML_ATTRIBUTE_WIDTH,
    HTML_ATTRIBUTE_COUNT
};

/* Which attributes of a tag are known: a bit for each enum html_attribute_name. */
struct html_known {
    uint32_t set, twice;
    uint8_t at[HTML_ATTRIBUTE_COUNT];     /* where each that is set stands first */
    uint8_t names[LIMIT_HTML_ATTRIBUTES]; /* enum html_attribute_name of each attribute */
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
    struct bytes
        before; /* blanks (space, tab, CR, LF) that stand before a tag, if they are joined */
    bool blank;                              /* of text: all is such blanks */
    bool line;                               /* of them: with a line end in it */
    const struct html_element *element;      /* of a tag: never NULL */
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
    bool
        joins_blanks; /* blanks before a tag come with it, and not as a token of their own */
    struct bytes last_start; /* whose end tag ends RCDATA, RAWTEXT and scripts */
    size_t attribute_count;
    struct html_known known;
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
