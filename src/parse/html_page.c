#include "parse/html_page_private.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "parse/html.h"
#include "parse/scan_private.h"

/* Characters of a preheader, without those that only fill it up. Programs show some 40 to 140 of them. */
#define PREHEADER 300

static bool
is_wide(const uint8_t *at)
{
    return (at[0] >= 0xe3 && at[0] <= 0xe9) || (at[0] == 0xef && at[1] >= 0xbc);
}

/* A line end of the source between two Chinese or Japanese letters is no blank (CSS Text 4.1.3). */
static bool
joins(const struct html_page *p, struct bytes next)
{
    return p->source_line && p->w.size >= 3 && next.size >= 3 &&
           is_wide(p->w.at + p->w.size - 3) && is_wide(next.at);
}

/* What is owed before `next`, of at most two bytes, for which there is room. */
static void
page_settle(struct html_page *p, struct bytes next)
{
    if (p->w.size > 0 && p->lines > 0) {
        p->w.at[p->w.size++] = '\n';
        if (p->lines > 1) {
            p->w.at[p->w.size++] = '\n';
        }
    } else if (p->w.size > 0 && p->blank && !joins(p, next)) {
        p->w.at[p->w.size++] = ' ';
    }
    p->lines = 0;
    p->blank = p->source_line = false;
}

static void
page_put(struct html_page *p, struct bytes text)
{
    memcpy(p->w.at + p->w.size, text.at, text.size);
    p->w.size += text.size;
}

static const bool blanks[256] = {
    [' '] = true, ['\t'] = true, ['\n'] = true, ['\f'] = true, ['\r'] = true};

/* The end of the run of letters that begins at `at`; a single blank between letters stays as it is. */
static size_t
run_end(struct bytes text, size_t at)
{
    const uint8_t *in = text.at;

    for (;;) {
        for (; at + SCAN_SIZE < text.size; at += SCAN_SIZE) {
            scan_block block = scan_load(in + at), after = scan_load(in + at + 1);
            if (scan_any((scan_block)(block < ' ') |
                         (scan_is(block, ' ') & (scan_block)(after <= ' ')))) {
                break;
            }
        }
        while (at < text.size && !blanks[in[at]]) {
            at++;
        }
        if (at + 1 >= text.size || in[at] != ' ' || blanks[in[at + 1]]) {
            return at;
        }
        at++;
    }
}

void
html_page_text(struct html_page *p, struct bytes text)
{
    const uint8_t *in = text.at;
    size_t at = 0;

    if (text.size == 0) {
        return;
    }
    writer_reserve(&p->w, text.size + 2);
    while (at < text.size) {
        if (!blanks[in[at]]) {
            size_t start = at;
            at = run_end(text, at);
            page_settle(p, bytes_from(text, start));
            page_put(p, bytes_slice(text, start, at));
        }
        for (; at < text.size && blanks[in[at]]; at++) {
            p->source_line |= in[at] == '\n';
            p->blank = true;
        }
    }
}

void
html_page_pre(struct html_page *p, struct bytes text)
{
    if (text.size > 0) {
        writer_reserve(&p->w, text.size + 2);
        page_settle(p, text);
        page_put(p, text);
    }
}

bool
html_spans_start(struct html_spans *spans, enum hidden_reason reason,
                 const struct html_page *hidden, const struct html_page *visible)
{
    if (spans->count > 0) {
        const struct html_span *last = &spans->list[spans->count - 1];
        if (last->reason == reason && last->visible_size == visible->w.size) {
            return true;
        }
    }
    if (spans->count == LIMIT_HIDDEN_TEXTS) {
        return false;
    }
    if (spans->count == spans->room) {
        size_t room = spans->room == 0 ? 8 : spans->room * 2;
        spans->list =
            arena_grow(hidden->w.arena, spans->list, spans->room * sizeof *spans->list,
                       room * sizeof *spans->list);
        spans->room = room;
    }
    spans->list[spans->count++] = (struct html_span){.from = hidden->w.size,
                                                     .to = hidden->w.size,
                                                     .visible_size = visible->w.size,
                                                     .reason = reason};
    return true;
}

/* Letters, at most one more than `most` of them, without blanks, and without the characters that newsletters fill the line up with. */
static size_t
letters_in(struct bytes text, size_t most)
{
    size_t count = 0;
    uint32_t c;

    for (size_t at = 0; at < text.size && count <= most;) {
        size_t step = utf8_get(text, at, &c);
        at += step == 0 ? 1 : step;
        count += step == 0 || (c > ' ' && c != 0xa0 && c != 0xad && c != 0x34f &&
                               !(c >= 0x2000 && c <= 0x200f) && c != 0x2060 &&
                               c != 0x3000 && c != 0xfeff && c != 0x2007);
    }
    return count;
}

struct hidden *
html_spans_finish(struct arena *arena, struct html_spans *spans,
                  const struct html_page *hidden, bool anything_seen)
{
    struct bytes page = writer_view(&hidden->w);
    size_t letters = 0, first = 0;

    if (spans->count == 0) {
        return NULL;
    }
    struct hidden *texts = ARENA_NEW_MANY(arena, spans->count, struct hidden);
    for (size_t i = 0; i < spans->count; i++) {
        const struct html_span *span = &spans->list[i];
        texts[i].text = bytes_trim(bytes_slice(page, span->from, span->to));
        texts[i].reason = span->reason;
        if (span->visible_size == 0 && span->reason != HIDDEN_ELEMENT && first == i &&
            !span->has_link) {
            letters += letters > PREHEADER ? 0 : letters_in(texts[i].text, PREHEADER);
            first = i + 1;
            if (anything_seen && letters <= PREHEADER) {
                texts[i].reason = HIDDEN_PREHEADER;
            }
        } else if (span->reason == HIDDEN_ELEMENT && first == i) {
            first = i + 1; /* the title */
        }
    }
    return texts;
}

const char *
hidden_reason_name(enum hidden_reason reason)
{
    static const char *const names[] = {"not",       "display", "visibility", "opacity",
                                        "size",      "colour",  "box",        "off_screen",
                                        "preheader", "element"};

    return names[reason];
}
