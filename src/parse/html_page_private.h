/* Text of HTML on its way out: pages, in which blanks are held back until a letter follows. */
#pragma once

#include "base/writer.h"
#include "parse/html_tokens.h"
#include "parse/letter.h"

struct html_page {
    struct writer w;
    unsigned lines;   /* line breaks owed */
    bool blank;       /* a blank is owed */
    bool source_line; /* the blank was a line end of the source */
};

/* Blanks run together. */
void html_page_text(struct html_page *page, struct bytes text);
/* The same for the part [from, to) of a source, which is not decoded yet (html_decode with HTML_REFERENCES and HTML_DROP_NUL), without a
 * copy in between. It becomes at most twice as long. */
void html_page_raw(struct html_page *page, struct bytes in, size_t from, size_t to);
/* Reads text from in.at[at] on, in the same way, as far as it goes on and HTML_PAGE_SURE bytes are there; gives where it ends. */
size_t html_page_read(struct html_page *page, struct bytes in, size_t at);
#define HTML_PAGE_SURE 64
/* With its blanks and lines. */
void html_page_pre(struct html_page *page, struct bytes text);

static inline void
html_page_break(struct html_page *page, unsigned lines)
{
    if (page->lines < lines) {
        page->lines = lines;
    }
}

/* The pieces of the hidden page. */
struct html_spans {
    struct html_span {
        size_t from, to;     /* in the hidden page */
        size_t visible_size; /* of the visible page when it began */
        enum hidden_reason reason;
        bool has_link;
    } * list;
    size_t count, room;
};

/* The piece that text of that reason goes to: the last one, if nothing was seen in between. false: the bound is
 * reached, and the text joins the last. */
bool html_spans_start(struct html_spans *spans, enum hidden_reason reason,
                      const struct html_page *hidden, const struct html_page *visible);
/* Tells which pieces are preheaders, and makes them views. */
struct hidden *html_spans_finish(struct arena *arena, struct html_spans *spans,
                                 const struct html_page *hidden, bool anything_seen);
