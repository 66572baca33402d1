/* The tokens of an address field: address_tokens.c cuts them, address.c makes addresses of them. */
#pragma once

#include "parse/defects.h"
#include "parse/words.h"

enum address_token_kind {
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

struct address_token {
    enum address_token_kind kind;
    bool spaced; /* blanks or a comment stand before it */
    struct bytes text;
};

struct address_tokens {
    struct address_token *list;
    size_t count, room;
};

struct address_reader {
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
    struct address_tokens phrase, angle;
};

void address_tokens_add(struct address_reader *r, struct address_tokens *t,
                        const struct address_token *token);

/* The next token; blanks and comments before it are passed over, the first comment of a mailbox is kept. after_at: a '['
 * opens a domain-literal. Bytes that no grammar knows are part of a word. */
struct address_token address_token_next(struct address_reader *r, bool after_at);

/* The inside of a quoted string without its backslashes; a view where it has none. utf8: no byte pair is Shift_JIS. */
struct bytes address_unquoted(struct arena *arena, struct bytes in, bool utf8);
