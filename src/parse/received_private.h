/* What the readers of a Received field share; not for other folders.
 *
 * received.c walks the clauses, received_comment.c the words of comments, received_date.c what stands behind the ';'. A
 * piece that was told is never told again: the first one stands (received_put). Pieces are views of the unfolded field. */
#pragma once

#include "parse/received.h"

enum received_clause {
    CLAUSE_NONE,
    CLAUSE_FROM,
    CLAUSE_BY,
    CLAUSE_VIA,
    CLAUSE_WITH,
    CLAUSE_ID,
    CLAUSE_FOR
};

struct received_reader {
    struct received *r;
    struct bytes in;
    size_t at, id_end; /* the second: behind the word of the id clause */
    enum received_clause clause;
    struct bytes before; /* the word before, in the same clause */
    bool with_ended;
};

/* Compared with a literal: its size is known when this is compiled, and most words are not even as long. */
#define IS(b, literal)                                                                     \
    ((b).size == sizeof(literal) - 1 && bytes_equal_fold((b), BYTES(literal)))
#define STARTS(b, literal)                                                                 \
    ((b).size >= sizeof(literal) - 1 &&                                                    \
     bytes_equal_fold(bytes_slice((b), 0, sizeof(literal) - 1), BYTES(literal)))

/* What stands around words, a bit each. */
enum {
    EDGE_ANGLE = 1,   /* < */
    EDGE_SQUARE = 2,  /* [ */
    EDGE_ROUND = 4,   /* ( */
    EDGE_QUOTE = 8,   /* " */
    EDGE_ANGLED = 16, /* > */
    EDGE_SQUARED = 32,
    EDGE_ROUNDED = 64,
    EDGE_COMMA = 128,
};

static const uint8_t received_edges[256] = {
    ['<'] = EDGE_ANGLE,  ['['] = EDGE_SQUARE,  ['('] = EDGE_ROUND,   ['"'] = EDGE_QUOTE,
    ['>'] = EDGE_ANGLED, [']'] = EDGE_SQUARED, [')'] = EDGE_ROUNDED, [','] = EDGE_COMMA,
};

/* Without these edges, however often they stand there. */
static inline struct bytes
received_without(struct bytes b, unsigned left, unsigned right)
{
    while (b.size > 0 && (received_edges[b.at[0]] & left) != 0) {
        b.at++;
        b.size--;
    }
    while (b.size > 0 && (received_edges[b.at[b.size - 1]] & right) != 0) {
        b.size--;
    }
    return b;
}

static inline void
received_put(struct bytes *to, struct bytes value)
{
    if (to->size == 0) {
        *to = value;
    }
}

/* Four numbers, or hexadecimal groups with at least two colons. Only the look of it: trace reads it as an address. */
bool received_is_address(struct bytes b);
/* Without "IPv6:", and without the port in "192.0.2.1:25". */
struct bytes received_bare_address(struct bytes b);
/* "key=value": its value. */
bool received_value_of(struct bytes word, struct bytes key, struct bytes *value_r);
#define KEY_VALUE(word, key, value_r) received_value_of(word, BYTES(key), value_r)

/* The words of a comment in the clause that the reader is in; text is without its brackets. */
void received_comment_read(struct received_reader *reader, struct bytes text);

/* "Sun, 22 Nov", "22 Nov 2026": what stands behind the ';' that ends the clauses. */
bool received_is_date(struct bytes text);
/* What follows the last ';'. */
void received_date_read(struct arena *arena, struct received *r, struct bytes text);
/* No ';': the date stands behind the id, or behind "at", or nowhere. */
void received_date_unmarked(struct arena *arena, struct received_reader *reader);
