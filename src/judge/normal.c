#include "judge/normal.h"

#include <unicode/unorm2.h>
#include <unicode/utf16.h>

#include "base/limits.h"
#include "base/scan.h"
#include "base/utf8.h"
#include "base/why.h"
#include "parse/emoji.h"

/* Code points that the fast path does not know are gathered and given to ICU together, at most so many. */
#define RUN_MAX 64
#define RUN_ROOM                                                                           \
    (RUN_MAX * 20) /* U+FDFA grows to 18 code points under NFKC, the most there is */

struct scribe {
    struct arena *arena;
    uint8_t *out;
    size_t size, room, most;
    uint32_t run[RUN_MAX],
        run_at[RUN_MAX]; /* characters, and where they begin in the text */
    size_t run_count;
    const UNormalizer2 *form;
    struct normal_steps *steps; /* NULL: nobody asks for the way back */
    size_t at;                  /* in the text: where what is put now comes from */
};

/* Notes a step where the two offsets do not run on together. Of two that begin at one place the later counts. */
static void
step(struct arena *arena, struct normal_steps *steps, size_t made, size_t of)
{
    if (steps->count > 0) {
        struct normal_step *last = &steps->list[steps->count - 1];
        if (made - last->made == of - last->of) {
            return;
        }
        if (last->made == made) {
            last->of = (uint32_t)of;
            return;
        }
    }
    if (steps->count == steps->room) {
        size_t room = steps->room == 0 ? 256 : steps->room * 2;
        steps->list = arena_grow(arena, steps->list, steps->room * sizeof *steps->list,
                                 room * sizeof *steps->list);
        steps->room = room;
    }
    steps->list[steps->count++] =
        (struct normal_step){.made = (uint32_t)made, .of = (uint32_t)of};
}

static inline bool
is_japanese(uint32_t c)
{
    return (c >= 0x3041 && c <= 0x30ff && c != 0x30fb) || (c >= 0x3400 && c <= 0x9fff) ||
           c == 0x3005 || c == 0x3007 || (c >= 0xf900 && c <= 0xfaff) || c == 0x25cb;
}

static bool
is_katakana(uint32_t c)
{
    return (c >= 0x30a1 && c <= 0x30fa) || c == 0x30fc;
}

/* Those that NFKC_Casefold leaves alone and that no following mark can change but the sound marks: kana, kanji, brackets, and
 * the lines that letters are ruled with. */
static inline bool
is_plain(uint32_t c)
{
    return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3041 && c <= 0x3096) ||
           (c >= 0x30a1 && c <= 0x30fe) || c == 0x3001 || c == 0x3002 ||
           (c >= 0x3008 && c <= 0x3011) || (c >= 0x2500 && c <= 0x257f);
}

/* The character of three bytes that begins there; 0 if it is another, or cut short. Nearly all of a Japanese text is made of
 * these, so it is read without asking for more. */
static inline uint32_t
wide_at(struct bytes text, size_t at)
{
    const uint8_t *p = text.at + at;

    if (at + 3 > text.size || p[0] >> 4 != 0xe || (p[1] & 0xc0) != 0x80 ||
        (p[2] & 0xc0) != 0x80) {
        return 0;
    }
    return (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
}

static bool
is_mark(uint32_t c)
{
    return c == 0x3099 || c == 0x309a || (c >= 0x300 && c <= 0x36f);
}

static inline bool
is_invisible(uint32_t c)
{
    /* Most of what is asked about. */
    if ((c >= 0x20 && c < 0x7f) || (c >= 0x2070 && c < 0x3164)) {
        return false;
    }
    return (c < 0x20 && c != '\n' && c != '\t' && c != '\r') || (c >= 0x7f && c < 0xa0) ||
           c == 0xad || c == 0x34f || c == 0x61c || c == 0x115f || c == 0x1160 ||
           c == 0x17b4 || c == 0x17b5 || (c >= 0x180b && c <= 0x180f) ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0x3164 || (c >= 0xfe00 && c <= 0xfe0f) ||
           c == 0xfeff || c == 0xffa0 || (c >= 0xfff0 && c <= 0xfffb) ||
           (c >= 0xe0000 && c <= 0xe0fff);
}

/* What NFKC does not fold and a reader takes for the same. */
static uint32_t
fold_shape(uint32_t c)
{
    if (c >= 0x1f150 && c <= 0x1f169) {
        return 'a' + (c - 0x1f150);
    }
    if (c >= 0x1f170 && c <= 0x1f189) {
        return 'a' + (c - 0x1f170);
    }
    switch (c) {
    case 0x25ef: /* large circle */
    case 0x2b55:
        return 0x25cb;
    case 0x2010:
    case 0x2011:
    case 0x2012:
    case 0x2013:
    case 0x2212:
        return '-';
    case 0x2018:
    case 0x2019:
        return '\'';
    case 0x201c:
    case 0x201d:
        return '"';
    case 0x2028:
    case 0x2029:
        return '\n';
    default:
        return c;
    }
}

/* Normal forms are hardly ever larger than the text; where one is, the room doubles. Nothing else is taken from the
 * arena meanwhile, so that it grows where it stands. */
static bool
make_room(struct scribe *s)
{
    size_t room = s->room * 2 < s->most ? s->room * 2 : s->most;

    if (s->room - s->size >= UTF8_SIZE_MAX) {
        return true;
    }
    if (room - s->size < UTF8_SIZE_MAX) {
        s->room = s->most =
            s->size; /* full: nothing after this, or characters would be joined that did not stand so */
        return false;
    }
    s->out = arena_grow(s->arena, s->out, s->room, room);
    s->room = room;
    return true;
}

static void
put(struct scribe *s, uint32_t c)
{
    if (make_room(s)) {
        if (s->steps != NULL) {
            step(s->arena, s->steps, s->size, s->at);
        }
        s->size += utf8_put(s->out + s->size, c);
    }
}

static void
put_blank(struct scribe *s, uint8_t blank)
{
    if (s->size > 0 && (s->out[s->size - 1] == ' ' || s->out[s->size - 1] == '\n')) {
        if (blank == '\n') {
            s->out[s->size - 1] = '\n';
        }
        return;
    }
    put(s, blank);
}

static void
put_folded(struct scribe *s, uint32_t c)
{
    if (is_invisible(c)) {
        return;
    }
    if (c == '\n') {
        put_blank(s, '\n');
    } else if (c == ' ' || c == '\t' || c == '\r') {
        put_blank(s, ' ');
    } else {
        put(s, c < 0x80 ? ascii_lower((uint8_t)c) : fold_shape(c));
    }
}

/* Characters [from, to) of the run. */
static void
flush_some(struct scribe *s, size_t from, size_t to)
{
    UChar wide[RUN_MAX * 2], normal[RUN_ROOM];
    int32_t size = 0, at = 0;
    UErrorCode code = U_ZERO_ERROR;
    UChar32 c;

    for (size_t i = from; i < to; i++) {
        U16_APPEND_UNSAFE(wide, size, s->run[i]);
    }
    size = unorm2_normalize(s->form, wide, size, normal, RUN_ROOM, &code);
    if (U_FAILURE(code)) {
        return;
    }
    while (at < size) {
        U16_NEXT(normal, at, size, c);
        put_folded(s, U_IS_SURROGATE(c) ? UTF8_REPLACEMENT : (uint32_t)c);
    }
}

static void
flush_run(struct scribe *s)
{
    size_t from = 0, count = s->run_count;

    s->run_count = 0;
    for (size_t i = 1; s->steps != NULL && i < count; i++) {
        if (unorm2_hasBoundaryBefore(s->form, (UChar32)s->run[i])) {
            s->at = s->run_at[from];
            flush_some(s, from, i);
            from = i;
        }
    }
    s->at = s->run_at[from];
    flush_some(s, from, count);
}

static inline void
flush(struct scribe *s)
{
    if (s->run_count > 0) {
        flush_run(s);
    }
}

/* The step that an offset belongs to; NULL where they begin in step. */
static const struct normal_step *
step_at(const struct normal_steps *steps, size_t made)
{
    size_t low = 0, high = steps->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (steps->list[middle].made <= made) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? NULL : &steps->list[low - 1];
}

static size_t
made_of(const struct normal_steps *steps, size_t made)
{
    const struct normal_step *it = step_at(steps, made);

    return it == NULL ? made : it->of + (made - it->made);
}

/* Takes the last character back, so that a mark after it can be composed with it. */
static void
unput(struct scribe *s)
{
    uint32_t c;
    size_t at = s->size;

    while (at > 0 && s->size - at < UTF8_SIZE_MAX) {
        at--;
        if ((s->out[at] & 0xc0) != 0x80) {
            break;
        }
    }
    if (at < s->size && utf8_get(bytes_of(s->out, s->size), at, &c) == s->size - at &&
        !ascii_blank(s->out[at])) {
        s->run_at[s->run_count] = s->steps == NULL ? 0 : (uint32_t)made_of(s->steps, at);
        s->run[s->run_count++] = c;
        s->size = at;
    }
}

/* Pictures; what is written in circles and squares NFKC reads. */
static bool
is_drawn(uint32_t c)
{
    return c >= 0x1f300 || (c >= 0x2190 && c < 0x2460) || (c >= 0x2500 && c < 0x3000);
}

/* An emoji is followed by the word that it stands for, so that a bomb drawn is a bomb written. */
static void
put_word(struct scribe *s, struct bytes word)
{
    uint32_t c;

    while (word.size > 0) {
        size_t size = utf8_get(word, 0, &c);
        SK_ASSERT(size > 0);
        put_folded(s, c);
        word = bytes_from(word, size);
    }
}

static void
take(struct scribe *s, uint32_t c, size_t at)
{
    if (is_invisible(c)) {
        return;
    }
    if (is_plain(c)) {
        flush(s);
        s->at = at;
        put(s, c);
        return;
    }
    if (c >= 0xff01 && c <= 0xff5e) { /* full width ASCII */
        flush(s);
        s->at = at;
        put_folded(s, c - 0xfee0);
        return;
    }
    if (s->run_count == 0 && is_mark(c)) {
        unput(s);
    }
    if (s->run_count == RUN_MAX) {
        flush(s);
    }
    s->run_at[s->run_count] = (uint32_t)at;
    s->run[s->run_count++] = fold_shape(c);
    const char *word = is_drawn(c) ? emoji_word(c) : NULL;
    if (word != NULL) {
        flush(s);
        s->at = at;
        put_word(s, bytes_from_text(word));
    }
}

/* ASCII in lower case, sixteen bytes at a time, as long as no blank follows another and there is room. What it makes runs on in
 * step with the text. Gives where it stops. */
static size_t
fold_narrow(struct scribe *s, struct bytes text, size_t at)
{
    size_t from = at;

    while (at + SCAN_SIZE <= text.size && s->size + SCAN_SIZE + UTF8_SIZE_MAX < s->room) {
        scan_block block = scan_load(text.at + at);
        scan_block large = (scan_block)((block >= 'A') & (block <= 'Z'));
        unsigned blanks = scan_hits(scan_is(block, ' ') | scan_is(block, '\n'));
        unsigned letters = scan_hits((scan_block)((block > ' ') & (block < 0x7f)));
        bool after =
            s->size > 0 && (s->out[s->size - 1] == ' ' || s->out[s->size - 1] == '\n');
        unsigned good = letters | (blanks & ~(blanks << 1 | after));
        size_t count = scan_first(~(size_t)good | 1u << SCAN_SIZE);
        if (s->steps != NULL && at == from && count > 0) {
            step(s->arena, s->steps, s->size, at);
        }
        block |= large & 0x20;
        memcpy(s->out + s->size, &block, sizeof block);
        s->size += count;
        at += count;
        if (count < SCAN_SIZE) {
            break;
        }
    }
    return at;
}

/* Characters that stand for themselves, as fold_narrow. */
static size_t
fold_wide(struct scribe *s, struct bytes text, size_t at)
{
    size_t from = at;

    while (s->size + UTF8_SIZE_MAX < s->room && is_plain(wide_at(text, at))) {
        if (s->steps != NULL && at == from) {
            step(s->arena, s->steps, s->size, at);
        }
        memcpy(s->out + s->size, text.at + at, 3);
        s->size += 3;
        at += 3;
    }
    return at;
}

/* First pass: NFKC casefold, invisible characters out, blanks made one. */
static struct bytes
fold(struct arena *arena, struct bytes text, size_t most, struct normal_steps *steps)
{
    UErrorCode code = U_ZERO_ERROR;
    struct scribe s = {.arena = arena,
                       .most = most,
                       .steps = steps,
                       .form = unorm2_getNFKCCasefoldInstance(&code)};
    uint32_t c;
    size_t at = 0;

    SK_ASSERT(U_SUCCESS(code));
    s.room = text.size + 64 < most ? text.size + 64 : most;
    s.out = arena_take_bytes(arena, s.room);
    while (at < text.size && s.size < s.most) {
        uint8_t byte = text.at[at];
        if (byte < 0x80) {
            flush(&s);
            size_t after = fold_narrow(&s, text, at);
            if (after > at) {
                at = after;
                continue;
            }
            s.at = at;
            if (byte > ' ' && byte < 0x7f && s.size + UTF8_SIZE_MAX < s.room) {
                if (steps != NULL) {
                    step(arena, steps, s.size, at);
                }
                s.out[s.size++] = ascii_lower(byte);
            } else {
                put_folded(&s, byte);
            }
            at++;
            continue;
        }
        if (is_plain(wide_at(text, at))) {
            flush(&s);
            size_t after = fold_wide(&s, text, at);
            if (after > at) {
                at = after;
                continue;
            }
        }
        size_t size = utf8_get(text, at, &c);
        if (size == 0) {
            c = UTF8_REPLACEMENT;
            size = 1;
        }
        take(&s, c, at);
        at += size;
    }
    flush(&s);
    if (steps != NULL) {
        step(arena, steps, s.size, at);
    }
    return bytes_of(s.out, s.size);
}

/* Letters of other scripts that look like ASCII ones; taken for them next to an ASCII letter. */
static uint32_t
latin_twin(uint32_t c)
{
    static const struct {
        uint16_t from;
        char to;
    } twins[] = {
        {0x3b1, 'a'}, {0x3b5, 'e'}, {0x3b9, 'i'}, {0x3ba, 'k'}, {0x3bd, 'v'}, {0x3bf, 'o'},
        {0x3c1, 'p'}, {0x3c4, 't'}, {0x3c5, 'u'}, {0x3c7, 'x'}, {0x430, 'a'}, {0x432, 'b'},
        {0x435, 'e'}, {0x43a, 'k'}, {0x43c, 'm'}, {0x43d, 'h'}, {0x43e, 'o'}, {0x440, 'p'},
        {0x441, 'c'}, {0x442, 't'}, {0x443, 'y'}, {0x445, 'x'}, {0x455, 's'}, {0x456, 'i'},
        {0x458, 'j'}, {0x4bb, 'h'}, {0x501, 'd'}, {0x51b, 'q'}, {0x51d, 'w'}, {0x131, 'i'},
        {0x251, 'a'}, {0x261, 'g'},
    };

    for (size_t i = 0; c >= 0x131 && c <= 0x51d && i < sizeof twins / sizeof *twins; i++) {
        if (twins[i].from == c) {
            return (uint32_t)twins[i].to;
        }
    }
    return 0;
}

/* Kanji that look like katakana; taken for it between two katakana. */
static uint32_t
katakana_twin(uint32_t c)
{
    switch (c) {
    case 0x4e00: /* one, long mark */
    case 0x2015:
    case 0x2014:
        return 0x30fc;
    case 0x4e8c:
        return 0x30cb;
    case 0x529b:
        return 0x30ab;
    case 0x53e3:
        return 0x30ed;
    case 0x5915:
        return 0x30bf;
    case 0x535c:
        return 0x30c8;
    case 0x5de5:
        return 0x30a8;
    case 0x516b:
        return 0x30cf;
    default:
        return 0;
    }
}

/* How a character parts two Japanese ones: not at all, only where these stand alone, or never in good writing. */
enum gap { GAP_NONE, GAP_WEAK, GAP_STRONG };

static enum gap
gap_of(uint32_t c)
{
    switch (c) {
    case ' ':
    case ',':
    case '-':
    case '/':
    case 0x3001:
    case 0x30fb:
        return GAP_WEAK;
    case '.':
    case '_':
    case '*':
    case '~':
    case '|':
    case '^':
    case '+':
    case '\'':
    case '`':
    case 0xb7:
    case 0x2022:
    case 0x2026:
    case 0x301c:
        return GAP_STRONG;
    default:
        return GAP_NONE;
    }
}

static uint32_t
peek(struct bytes text, size_t at, size_t *size_r)
{
    uint32_t c = 0;

    *size_r = utf8_get(text, at, &c);
    return c;
}

struct weaver {
    struct bytes text;
    uint8_t *out;
    size_t size;
    uint32_t last;   /* the character written before */
    bool last_alone; /* no Japanese character stood right before it */
    bool fresh;      /* a gap was just closed up */
    uint32_t gap;    /* what it began with */
    struct arena *arena;
    struct normal_steps *steps; /* as the scribe's */
};

/* At a gap after a Japanese character: whether it is closed up. The gap may be some characters long. */
static bool
gap_closes(const struct weaver *w, size_t at, size_t *after_r)
{
    enum gap gap = GAP_NONE;
    uint32_t c = 0;
    size_t size, length = 0;

    uint32_t first = peek(w->text, at, &size);
    for (c = first; size > 0 && gap_of(c) != GAP_NONE && length < 3; length++) {
        gap = gap_of(c) > gap ? gap_of(c) : gap;
        at += size;
        c = peek(w->text, at, &size);
    }
    *after_r = at;
    if (size == 0 || !is_japanese(c)) {
        return false;
    }
    /* A comma in a text that is spaced out by something else is a comma. */
    bool comma = (first == 0x3001 || first == ',') && w->last_alone && w->gap != 0 &&
                 w->gap != first;
    if (comma) {
        return false;
    }
    if (gap == GAP_STRONG || w->last_alone) {
        return true;
    }
    c = peek(w->text, at + size, &size);
    return size > 0 && gap_of(c) != GAP_NONE && c != 0x3001 && c != ',';
}

static uint32_t
twin(const struct weaver *w, uint32_t c, size_t next_at)
{
    size_t size;
    uint32_t next = peek(w->text, next_at, &size), other = latin_twin(c);

    if (other != 0 && ((w->last < 0x80 && ascii_letter((uint8_t)w->last)) ||
                       (size == 1 && ascii_letter((uint8_t)next)))) {
        return other;
    }
    other = katakana_twin(c);
    if (other != 0 && is_katakana(w->last) && size > 0 && is_katakana(next)) {
        return other;
    }
    return c;
}

/* タヒね, タヒに...: the two halves of 死, which no katakana word goes on like. */
static bool
is_split_death(const struct weaver *w, uint32_t c, size_t at)
{
    size_t size;

    if (c != 0x30bf || is_katakana(w->last) || peek(w->text, at + 3, &size) != 0x30d2) {
        return false;
    }
    c = peek(w->text, at + 6, &size);
    return c == 0x306d || c == 0x306b || c == 0x306c || c == 0x306a || c == 0x3093;
}

static void
weave_step(struct weaver *w, size_t at)
{
    if (w->steps != NULL) {
        step(w->arena, w->steps, w->size, at);
    }
}

/* The ASCII that begins there, moved as a whole: after ASCII it parts nothing. */
static size_t
weave_narrow(struct weaver *w, size_t at)
{
    struct bytes text = w->text;
    size_t from = at;

    while (at + SCAN_SIZE <= text.size) {
        unsigned high = scan_hits((scan_block)(scan_load(text.at + at) >= 0x80));
        if (high != 0) {
            at += scan_first(high);
            break;
        }
        at += SCAN_SIZE;
    }
    while (at < text.size && text.at[at] < 0x80) {
        at++;
    }
    weave_step(w, from);
    w->last = text.at[at - 1];
    memmove(w->out + w->size, text.at + from, at - from);
    w->size += at - from;
    return at;
}

/* Kana and kanji that part nothing and look like nothing else. */
static inline bool
weaves_itself(uint32_t c)
{
    return (c >= 0x3041 && c <= 0x3096) || (c >= 0x30a1 && c <= 0x30fa && c != 0x30bf) ||
           (c >= 0x4e00 && c <= 0x9fff && katakana_twin(c) == 0);
}

/* A run of such characters; gives where it ends. */
static size_t
weave_wide(struct weaver *w, size_t at)
{
    uint32_t c;

    while (weaves_itself(c = wide_at(w->text, at))) {
        w->last_alone = w->fresh || !is_japanese(w->last);
        w->fresh = false;
        weave_step(w, at);
        w->last = c;
        memmove(w->out + w->size, w->text.at + at, 3);
        w->size += 3;
        at += 3;
    }
    return at;
}

/* Second pass, in place (it only ever shrinks): gaps closed up, look-alikes. */
static struct bytes
weave(struct arena *arena, struct bytes text, struct normal_steps *steps)
{
    struct weaver w = {
        .text = text, .out = (uint8_t *)text.at, .arena = arena, .steps = steps};
    uint32_t c;

    for (size_t at = 0, size; at < text.size; at += size) {
        if (text.at[at] < 0x80 && (w.last < 0x80 || gap_of(text.at[at]) == GAP_NONE)) {
            size = weave_narrow(&w, at) - at;
            continue;
        }
        size = weave_wide(&w, at) - at;
        if (size > 0) {
            continue;
        }
        c = peek(text, at, &size);
        SK_ASSERT(size > 0);
        if (is_japanese(w.last) && gap_of(c) != GAP_NONE) {
            size_t after = at;
            if (gap_closes(&w, at, &after)) {
                size = after - at;
                w.fresh = true;
                w.gap = c;
                continue;
            }
        }
        w.last_alone = w.fresh || !is_japanese(w.last);
        w.fresh = false;
        if (is_split_death(&w, c, at)) {
            c = 0x6b7b;
            size = 6;
        } else {
            c = c < 0x80 ? c : twin(&w, c, at + size);
        }
        weave_step(&w, at);
        w.last = c;
        w.size += utf8_put(w.out + w.size, c);
    }
    weave_step(&w, text.size);
    return bytes_of(w.out, w.size);
}

struct bytes
normal_form(struct arena *arena, struct bytes text, size_t most)
{
    if (most > LIMIT_NORMAL_BYTES) {
        most = LIMIT_NORMAL_BYTES;
    }
    return weave(arena, fold(arena, text, most, NULL), NULL);
}

struct bytes
normal_form_mapped(struct arena *arena, struct bytes text, size_t most,
                   struct normal_map *map_r)
{
    struct bytes made;

    *map_r = (struct normal_map){.text_size = text.size};
    if (most > LIMIT_NORMAL_BYTES) {
        most = LIMIT_NORMAL_BYTES;
    }
    made = fold(arena, text, most, &map_r->folded);
    map_r->folded_size = made.size;
    made = weave(arena, made, &map_r->woven);
    map_r->normal_size = made.size;
    return made;
}

/* The end of what the bytes before `made` come from. A step back, or a short one, tells that one character read made
 * several: then it ends where the next one read begins. */
static size_t
end_of(const struct normal_steps *steps, size_t made)
{
    const struct normal_step *end = steps->list + steps->count;
    const struct normal_step *next = step_at(steps, made);
    size_t on;

    if (made == 0 || next == NULL || next->made < made) {
        return made_of(steps, made);
    }
    on = made_of(steps, made - 1) + 1;
    size_t of = next->of;
    while (of < on && next < end && next->of <= of) {
        next++;
    }
    return of >= on ? of : next < end ? next->of : on;
}

void
normal_source(const struct normal_map *map, size_t from, size_t to, size_t *from_r,
              size_t *to_r)
{
    to = to > map->normal_size ? map->normal_size : to;
    from = from > to ? to : from;
    from = made_of(&map->woven, from);
    to = end_of(&map->woven, to);
    from = made_of(&map->folded, from > map->folded_size ? map->folded_size : from);
    to = end_of(&map->folded, to > map->folded_size ? map->folded_size : to);
    *to_r = to > map->text_size ? map->text_size : to;
    *from_r = from > *to_r ? *to_r : from;
}
