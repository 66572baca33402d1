#include "parse/html_page_private.h"

#include "base/limits.h"
#include "base/scan.h"
#include "base/utf8.h"
#include "parse/html.h"
#include "parse/html_private.h"
#include "parse/html_usual_private.h"

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

/* Puts what is owed before `next` to `out`, where there is room for two bytes; gives what is behind it. */
static inline uint8_t *
settle(struct html_page *p, uint8_t *out, struct bytes next)
{
    if (p->lines == 0 && !p->blank) {
        return out;
    }
    p->w.size = (size_t)(out - p->w.at);
    if (p->w.size > 0 && p->lines > 0) {
        *out++ = '\n';
        if (p->lines > 1) {
            *out++ = '\n';
        }
    } else if (p->w.size > 0 && !joins(p, next)) {
        *out++ = ' ';
    }
    p->lines = 0;
    p->blank = p->source_line = false;
    return out;
}

static const bool blanks[256] = {
    [' '] = true, ['\t'] = true, ['\n'] = true, ['\f'] = true, ['\r'] = true};

/* Bytes behind a place that copy_run looks at: a block, and what follows each byte of it. */
#define RUN_SURE (SCAN_SIZE + 1)

/* How the text is that goes to a page. */
struct source {
    struct bytes text;
    bool raw;  /* with references, CR and NUL */
    bool sure; /* RUN_SURE bytes may be read behind it, the first of them a '<' */
};

/* Copies the run of letters that begins at `at`, with single blanks between them, into room for it and a block more; gives where it
 * ends. Raw: it ends before a '&' or NUL too, and a blank before one of these is not single. */
static inline __attribute__((always_inline)) size_t
copy_run(const struct source source, size_t at, uint8_t **to)
{
    const struct bytes text = source.text;
    const uint8_t *in = text.at;
    uint8_t *out = *to;

    for (;;) {
        while (source.sure ? at < text.size : text.size - at >= RUN_SURE) {
            scan_block block = scan_load(in + at), after = scan_load(in + at + 1);
            scan_block ends = (scan_block)(after <= ' ');
            ends |= source.sure ? scan_is(after, '<') : ends;
            ends = scan_is(block, ' ') & (source.raw ? ends | scan_is(after, '&') : ends);
            ends |= (scan_block)(block < ' ');
            unsigned hits = scan_hits(source.raw ? ends | scan_is(block, '&') : ends);
            memcpy(out, &block, sizeof block);
            size_t size = scan_first(hits | 1u << SCAN_SIZE);
            size = !source.sure || size < text.size - at ? size : text.size - at;
            at += size;
            out += size;
            if (size < SCAN_SIZE) {
                break;
            }
        }
        while (!source.sure && at < text.size && in[at] > ' ' &&
               !(source.raw && in[at] == '&')) {
            *out++ = in[at++];
        }
        if (at == text.size || (source.raw && (in[at] == '&' || in[at] == 0)) ||
            (blanks[in[at]] &&
             (in[at] != ' ' || at + 1 == text.size || blanks[in[at + 1]] ||
              (source.raw && (in[at + 1] == '&' || in[at + 1] == 0))))) {
            *to = out;
            return at;
        }
        *out++ = in[at++]; /* a single blank, or a control character */
    }
}

/* Room for text with what is owed before it, and for the block that copy_run writes past its end. References grow by less than half. */
static inline uint8_t *
room_for(struct html_page *p, size_t size)
{
    size_t need = 2 * size + 2 + SCAN_SIZE;

    return need <= p->w.room - p->w.size ? p->w.at + p->w.size
                                         : writer_reserve(&p->w, need);
}

/* Puts the character reference at `at`, if it is one, to `out`, which is made room for again, for as much as `rest`; gives its size in the
 * source. */
static inline size_t
put_reference(struct html_page *p, struct bytes text, size_t at, size_t rest, uint8_t **out)
{
    static const uint8_t space[2] = {0xc2, 0xa0};
    uint8_t reference[2 * UTF8_SIZE_MAX];
    size_t size, used;

    if (text.size - at >= 6 && memcmp(text.at + at, "&nbsp;", 6) == 0) {
        *out = settle(p, *out, bytes_of(space, sizeof space)); /* as half of them are */
        memcpy(*out, space, sizeof space);
        *out += sizeof space;
        return 6;
    }
    used = html_reference(text, at, false, reference, &size);
    if (used > 0 && reference[0] <= ' ') {
        p->w.size = (size_t)(*out - p->w.at);
        html_page_text(p, bytes_of(reference, size));
        *out = room_for(p, rest);
    } else if (used > 0) {
        *out = settle(p, *out, bytes_of(reference, size));
        memcpy(*out, reference, sizeof reference);
        *out += size;
    }
    return used;
}

static inline __attribute__((always_inline)) void
put_text(struct html_page *p, const struct source source)
{
    const struct bytes text = source.text;
    uint8_t *out = room_for(p, text.size);
    size_t at = 0, used;

    while (at < text.size) {
        uint8_t c = text.at[at];
        if (blanks[c]) {
            p->source_line |= c == '\n' || (source.raw && c == '\r');
            p->blank = true;
            at++;
            continue;
        }
        if (source.raw && c == 0) {
            at++;
            continue;
        }
        if (source.raw && c == '&' &&
            (used = put_reference(p, text, at, text.size - at, &out)) > 0) {
            at += used;
            continue;
        }
        out = settle(p, out, bytes_from(text, at));
        if (c == '&') {
            *out++ = c;
            at++;
        }
        at = copy_run(source, at, &out);
    }
    p->w.size = (size_t)(out - p->w.at);
}

void
html_page_text(struct html_page *p, struct bytes text)
{
    if (text.size > 0) {
        put_text(p, (struct source){.text = text});
    }
}

void
html_page_raw(struct html_page *p, struct bytes in, size_t from, size_t to)
{
    struct bytes raw = bytes_slice(in, from, to);

    if (in.size - to >= RUN_SURE && in.at[to] == '<') {
        put_text(p, (struct source){.text = raw, .raw = true, .sure = true});
    } else if (raw.size > 0) {
        put_text(p, (struct source){.text = raw, .raw = true});
    }
}

/* Copies the run of letters and single blanks that begins at `at`, before `sure`, to `out`, where the page ends in room for a block; gives
 * where it ends, or where as much was copied as there is room for. */
static inline size_t
copy_text(struct html_page *p, struct bytes in, size_t at, size_t sure, uint8_t *out)
{
    const uint8_t *most = p->w.at + p->w.room - SCAN_SIZE;

    while (at < sure && out <= most) {
        scan_block block = scan_load(in.at + at), after = scan_load(in.at + at + 1);
        scan_block ends =
            (scan_block)(after <= ' ') | scan_is(after, '<') | scan_is(after, '&');
        ends = (ends & scan_is(block, ' ')) | (scan_block)(block < ' ') |
               scan_is(block, '<') | scan_is(block, '&');
        unsigned hits = scan_hits(ends);
        memcpy(out, &block, sizeof block);
        size_t size = scan_first(hits | 1u << SCAN_SIZE);
        at += size;
        out += size;
        if (hits != 0) {
            uint8_t c = in.at[at];
            if (c == '<' || c == '&' || c == 0 || blanks[c]) {
                break;
            }
            *out++ = c; /* a control character */
            at++;
        }
    }
    p->w.size = (size_t)(out - p->w.at);
    return at;
}

/* At most three bytes of text from `at` on: it ends where markup begins. */
static struct bytes
first_letter(struct bytes in, size_t at)
{
    size_t size = 0;

    while (size < 3 && !html_is_markup(in, at + size)) {
        size++;
    }
    return bytes_of(in.at + at, size);
}

/* The most that is written between two looks at the room: what is owed and a '&', or a block, or a reference. */
#define STEP_ROOM (2 + SCAN_SIZE + 2 * UTF8_SIZE_MAX)

size_t
html_page_read(struct html_page *p, struct bytes in, size_t at)
{
    const size_t sure = in.size > HTML_PAGE_SURE ? in.size - HTML_PAGE_SURE : 0;
    size_t used;

    while (at < sure) {
        uint8_t c = in.at[at];
        if (blanks[c]) {
            size_t size = html_usual_blanks(in.at + at, &p->source_line);
            p->blank = true;
            at += size + (size == 0); /* a form feed is none of these */
            continue;
        }
        if (c == '<') {
            break;
        }
        if (c == 0) {
            at++;
            continue;
        }
        uint8_t *out = p->w.room - p->w.size >= STEP_ROOM
                           ? p->w.at + p->w.size
                           : writer_reserve(&p->w, STEP_ROOM);
        if (c == '&' && (used = put_reference(p, in, at, 0, &out)) > 0) {
            p->w.size = (size_t)(out - p->w.at);
            at += used;
            continue;
        }
        if (p->lines != 0 || p->blank) {
            out = settle(p, out, p->source_line ? first_letter(in, at) : BYTES_NONE);
        }
        if (c == '&') {
            *out++ = c;
            at++;
        }
        at = copy_text(p, in, at, sure, out);
    }
    return at;
}

void
html_page_pre(struct html_page *p, struct bytes text)
{
    if (text.size > 0) {
        uint8_t *out = settle(p, writer_reserve(&p->w, text.size + 2), text);
        memcpy(out, text.at, text.size);
        p->w.size = (size_t)(out - p->w.at) + text.size;
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
