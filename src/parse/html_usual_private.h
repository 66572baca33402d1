/* Tags as most are written: blanks, '<', a short name of letters, attributes that are well-formed, '>'.
 *
 * They are read in blocks of sixteen bytes, without a look at where the input ends, for so many bytes are there (HTML_SURE); and here, so that who
 * reads tokens has no call between itself and most of them. What is written otherwise, or stands nearer to the end, html_tokens_next
 * reads byte by byte, to the same effect. */
#pragma once

#include "base/scan.h"
#include "parse/html_names_private.h"
#include "parse/html_tokens.h"
#include "parse/html_view_private.h"

/* What ends the name of a tag, of an attribute, and a value without quotes. */
enum {
    HTML_ENDS_TAG = 1,
    HTML_ENDS_ATTRIBUTE = 2,
    HTML_ENDS_VALUE = 4,
    HTML_ENDS_BLANK = 8, /* it is a blank */
};
extern const uint8_t html_name_end[256];

/* Blocks of blanks before a tag that are looked at; more are rare. */
#define HTML_BLANK_BLOCKS 4
/* Bytes that are there: those blanks, "</", a name, and an attribute as below. */
#define HTML_SURE (HTML_BLANK_BLOCKS * SCAN_SIZE + 2 + SCAN_SIZE + HTML_SURE_ATTRIBUTE)
/* A blank, a name, '=', a quote, and two blocks of a value. */
#define HTML_SURE_ATTRIBUTE (1 + SCAN_SIZE + 2 + 2 * SCAN_SIZE)

/* The size of the name at `at`, of which the first byte is a letter: up to a byte that may end names, or SCAN_SIZE. */
static inline size_t
html_usual_name(const uint8_t *at, bool attribute)
{
    scan_block block = scan_load(at), ends = (scan_block)(block <= ' ') |
                                             scan_is(block, '>') | scan_is(block, '/');
    unsigned hits = scan_hits(attribute ? ends | scan_is(block, '=') : ends);

    return scan_first(hits | 1u << SCAN_SIZE);
}

/* A tag of that name, with no attributes so far. */
static inline void
html_tag_start(struct html_tokens *t, struct bytes name, uint64_t key, enum html_kind kind,
               struct html_token *token)
{
    t->attribute_count = 0;
    t->known.set = t->known.twice = 0;
    token->kind = kind;
    token->text = name;
    token->element = &html_elements[html_names_get(&html_element_names, name, key)];
    token->self_closing = false;
}

/* The attributes of a tag, from behind its name on, and its end; gives where it ends. 0 if the input ends before: then there is no
 * token. */
size_t html_usual_attributes(struct html_tokens *t, size_t at, struct html_token *token);

/* How many blanks stand at `at`: up to HTML_BLANK_BLOCKS blocks. */
static inline size_t
html_usual_blanks(const uint8_t *at, bool *line)
{
    size_t size = 0;

    for (int i = 0; i < HTML_BLANK_BLOCKS; i++, size += SCAN_SIZE) {
        scan_block block = scan_load(at + size),
                   lines = scan_is(block, '\n') | scan_is(block, '\r');
        unsigned met = scan_hits(lines),
                 other = ~scan_hits(lines | scan_is(block, ' ') | scan_is(block, '\t')) &
                         ((1u << SCAN_SIZE) - 1);
        if (other != 0) {
            *line |= (met & (other ^ (other - 1))) != 0; /* those before the first other */
            return size + scan_first(other);
        }
        *line |= met != 0;
    }
    return size;
}

/* What stands next: blanks, if they are joined, and what is behind them. */
struct html_next {
    const uint8_t *start, *at;
    bool line; /* a line end is among the blanks */
};

/* false: it must be read byte by byte. */
static inline bool
html_usual_next(const struct html_tokens *t, struct html_next *next_r)
{
    if (t->in.size - t->at < HTML_SURE || t->state != HTML_DATA) {
        return false;
    }
    next_r->start = next_r->at = t->in.at + t->at;
    next_r->line = false;
    if (*next_r->at <= ' ' && t->joins_blanks) {
        next_r->at += html_usual_blanks(next_r->at, &next_r->line);
    }
    return true;
}

/* Whether the end tag of the element that is open stands there, spelled as its start tag was: such most end tags are. `name`: of that start
 * tag, in the same input. */
static inline bool
html_usual_closes(const struct html_next *next, struct bytes name)
{
    uint64_t one, other;

    if (name.size - 1 >= sizeof one || next->at[1] != '/') {
        return false;
    }
    memcpy(&one, name.at, sizeof one);
    memcpy(&other, next->at + 2, sizeof other);
    return (le64toh(one ^ other) & html_name_masks[name.size]) == 0 &&
           next->at[2 + name.size] == '>';
}

/* Reads the tag that stands there at a '<', but for what of it stands in `t`: its attributes and, for a start tag, the name that ends raw
 * text (last_start). false: none does, or not as most are written, and nothing was read. */
static inline bool
html_usual_tag(struct html_tokens *t, const struct html_next *next,
               struct html_token *token)
{
    const uint8_t *at = next->at;
    bool end = at[1] == '/';
    const uint8_t *name = at + 1 + end;

    if (!ascii_letter(*name)) {
        return false;
    }
    size_t size = html_usual_name(name, false);
    const uint8_t *behind = name + size;
    bool bare = *behind == '>';
    if (!bare && html_name_end[*behind] == 0) {
        return false;
    }
    html_tag_start(t, bytes_of(name, size), html_name_key_within(name, size),
                   end ? HTML_END : HTML_START, token);
    size_t tag_end = (size_t)(behind + 1 - t->in.at);
    if (!bare) {
        tag_end = html_usual_attributes(t, tag_end - 1, token);
        if (tag_end == 0) {
            return false;
        }
    }
    token->before = bytes_of(next->start, (size_t)(at - next->start));
    token->line = next->line;
    t->at = tag_end;
    return true;
}

/* Whether more than text begins at `at`. */
static inline bool
html_is_markup(struct bytes in, size_t at)
{
    uint8_t c = at + 1 < in.size && in.at[at] == '<' ? in.at[at + 1] : 0;

    return ascii_letter(c) || c == '!' || c == '?' || (c == '/' && at + 2 < in.size);
}
