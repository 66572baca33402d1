#include "judge/threat_cues.h"

#include "base/limits.h"
#include "base/scan.h"
#include "base/utf8.h"
#include "judge/romaji.h"

#define LONG                                                                               \
    6 /* bytes of a long cue's head: two Japanese characters, or more of a word than chance gives */
#define HEAD_BITS 13
#define HEADS     (1u << HEAD_BITS)
#define SEEN_BITS 16
#define WRAPPED   60  /* bytes of a line that may have been wrapped */
#define SENTENCE  900 /* bytes; a longer one is cut */
#define SENTENCE_ROOM                                                                      \
    (SENTENCE + 16) /* with what is left of a character, and a mark                      */
#define ROMAJI_MOST 600
/* Zero bytes behind a fold, so that a load of eight or of a block needs no test. */
#define PADDING SCAN_SIZE

struct cue {
    struct bytes text, exact; /* folded; exact: as the text itself must have it, or "" */
    enum cue_class class;
    enum threat_kind kind;
    int weight;
    unsigned row;
    bool plural;   /* may have an s behind it */
    uint16_t next; /* index + 1 of the next with the same head, longest first */
};

/* A cue has its head (its first six bytes, or three, or two) in one of the bits; most places of a text are told apart by them. */
struct heads {
    uint64_t begins
        [(1u << 16) /
         64]; /* by what begin_of gives: one question for all heads that begin alike */
    uint64_t seen[(1u << SEEN_BITS) / 64];
};

struct threat_cues {
    struct cue *list;
    size_t count;
    struct heads all, acts; /* acts: of what makes a sentence worth reading */
    uint16_t heads[HEADS];
};

static const struct {
    enum cue_class class;
    enum threat_kind kind;
    int weight;
    const char *spellings;
} rows[] = {
#define THREAT_ANY                          THREAT_NONE
#define CUE(class, kind, weight, spellings) {CUE_##class, THREAT_##kind, weight, spellings},
#include "judge/threat_cues.inc"
#undef CUE
#undef THREAT_ANY
};

/* Katakana as hiragana: U+30A1 to U+30F6 less 0x60, in place; sizes stay. */
static void
fold_kana(uint8_t *at, size_t size)
{
    for (size_t i = 0; i + 2 < size; i++) {
        if (i + SCAN_SIZE <= size && at[i] < 0x80 &&
            !scan_any(scan_is(scan_load(at + i), 0xe3))) {
            i += SCAN_SIZE - 1;
            continue;
        }
        if (at[i] >= 0xe4) { /* kanji, mostly: a whole character of another lead */
            i += 2;
            continue;
        }
        if (at[i] == 0xe3 && ((at[i + 1] == 0x82 && at[i + 2] >= 0xa1) ||
                              (at[i + 1] == 0x83 && at[i + 2] <= 0xb6))) {
            unsigned low = ((at[i + 1] & 0x3fu) << 6 | (at[i + 2] & 0x3fu)) - 0x60u;
            at[i + 1] = (uint8_t)(0x80 | low >> 6);
            at[i + 2] = (uint8_t)(0x80 | (low & 0x3f));
            i += 2;
        }
    }
}

/* The first `size` bytes (2, 3 or 6) of what stands there, as a number of SEEN_BITS bits; heads of another size are others. */
static inline unsigned
head_of(uint64_t eight, unsigned size)
{
    uint64_t key = eight & ((UINT64_C(1) << size * 8) - 1);

    return (unsigned)((key + size) * UINT64_C(0x9e3779b97f4a7c15) >> (64 - SEEN_BITS));
}

static unsigned
cue_head(const struct cue *cue)
{
    size_t size = cue->text.size;
    uint64_t eight = 0;

    memcpy(&eight, cue->text.at, size < sizeof eight ? size : sizeof eight);
    return head_of(eight, size >= LONG ? LONG : size >= 3 ? 3 : 2);
}

/* The first three bytes, as a number of 16 bits: of a character of three bytes itself. */
static inline unsigned
begin_of(uint64_t eight)
{
    unsigned first = eight & 0xff, second = eight >> 8 & 0xff, third = eight >> 16 & 0xff;

    return first < 0xe0 ? head_of(eight, 3)
                        : (first & 0xf) << 12 | (second & 0x3f) << 6 | (third & 0x3f);
}

static inline bool
bit_of(const uint64_t *bits, unsigned at)
{
    return (bits[at / 64] >> at % 64 & 1) != 0;
}

static void
heads_add(struct heads *heads, const struct cue *cue)
{
    unsigned head = cue_head(cue);
    uint64_t eight = 0;

    memcpy(&eight, cue->text.at,
           cue->text.size < sizeof eight ? cue->text.size : sizeof eight);
    heads->seen[head / 64] |= UINT64_C(1) << head % 64;
    /* Behind a cue of two bytes any third may stand. */
    for (unsigned third = 0; third < (cue->text.size == 2 ? 0x100u : 1u); third++) {
        unsigned begin = begin_of(eight | (uint64_t)third << 16);
        heads->begins[begin / 64] |= UINT64_C(1) << begin % 64;
    }
}

/* Of whom a sentence must have one to be a threat. */
static bool is_act(enum cue_class class)
{
    return class == CUE_ACT_VERB || class == CUE_ACT_NOUN || class == CUE_THING ||
           class == CUE_MENACE || class == CUE_EN_ACT || class == CUE_EN_MENACE ||
           class == CUE_EN_THING;
}

static int
compare_cues(const void *a, const void *b)
{
    const struct cue *x = a, *y = b;

    return x->text.size != y->text.size ? (x->text.size < y->text.size ? -1 : 1)
           : x->row != y->row           ? (x->row < y->row ? -1 : 1)
                                        : bytes_compare(x->text, y->text);
}

struct threat_cues *
threat_cues_new(struct arena *arena)
{
    struct threat_cues *c = ARENA_NEW(arena, struct threat_cues);
    size_t room = 0;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        room++;
        for (const char *p = rows[i].spellings; *p != '\0'; p++) {
            room += *p == '|';
        }
    }
    c->list = ARENA_NEW_MANY(arena, room, struct cue);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bytes rest = bytes_from_text(rows[i].spellings), spelling;
        while (bytes_split(&rest, '|', &spelling)) {
            bool exact = bytes_starts(spelling, BYTES("="));
            spelling = bytes_from(spelling, exact);
            struct bytes folded = bytes_copy(arena, spelling);
            fold_kana((uint8_t *)(uintptr_t)folded.at, folded.size);
            SK_ASSERT(folded.size >= (folded.at[0] < 0xe0 ? 2u : 3u) &&
                      !ascii_blank(folded.at[0]) && c->count < room);
            c->list[c->count++] = (struct cue){.text = folded,
                                               .exact = exact ? spelling : BYTES_NONE,
                                               .class = rows[i].class,
                                               .kind = rows[i].kind,
                                               .weight = rows[i].weight,
                                               .plural = rows[i].class == CUE_EN_THING ||
                                                         rows[i].class == CUE_EN_HUMAN ||
                                                         rows[i].class == CUE_EN_PLACE,
                                               .row = i};
        }
    }
    SK_ASSERT(c->count < UINT16_MAX);
    qsort(c->list, c->count, sizeof *c->list, compare_cues);
    for (size_t i = 0; i < c->count; i++) { /* the longest comes to stand first */
        unsigned head = cue_head(&c->list[i]);
        uint16_t *first = &c->heads[head >> (SEEN_BITS - HEAD_BITS)];
        c->list[i].next = *first;
        *first = (uint16_t)(i + 1);
        heads_add(&c->all, &c->list[i]);
        if (is_act(c->list[i].class)) {
            heads_add(&c->acts, &c->list[i]);
        }
    }
    return c;
}

static bool
is_word_byte(uint8_t c)
{
    return ascii_letter(c) || ascii_digit(c);
}

static bool
cue_at(const struct cue *cue, const struct sentence *s, size_t at)
{
    struct bytes text = s->folded;
    size_t to = at + cue->text.size;

    if (to > text.size || memcmp(text.at + at, cue->text.at, cue->text.size) != 0 ||
        (cue->exact.size > 0 &&
         memcmp(s->text.at + at, cue->exact.at, cue->exact.size) != 0)) {
        return false;
    }
    if (at > 0 && is_word_byte(text.at[at]) && is_word_byte(text.at[at - 1])) {
        return false;
    }
    if (cue->plural && to < text.size && text.at[to] == 's') {
        to++;
    }
    return !(to < text.size && is_word_byte(text.at[to - 1]) && is_word_byte(text.at[to]));
}

/* An act that begins within a longer cue of another meaning is none; a menace only where nothing else is meant. */
static size_t
drop_masked(struct cue_hit *hits, size_t count)
{
    size_t kept = 0, masked = 0, bare = 0;

    for (size_t i = 0; i < count; i++) {
        bool innocent = hits[i].class >= CUE_FIRST_INNOCENT;
        bool act = hits[i].class == CUE_ACT_VERB || hits[i].class == CUE_ACT_NOUN ||
                   hits[i].class == CUE_THING || hits[i].class == CUE_EN_ACT ||
                   hits[i].class == CUE_EN_THING;
        bool menace = hits[i].class == CUE_MENACE || hits[i].class == CUE_EN_MENACE;
        if ((act && hits[i].to <= masked) || (menace && hits[i].to <= bare)) {
            continue;
        }
        if (hits[i].class == CUE_MASK && hits[i].to > bare) {
            bare = hits[i].to;
        }
        if (innocent && hits[i].class != CUE_HEARSAY && hits[i].to > masked) {
            masked = hits[i].to;
        }
        hits[kept++] = hits[i];
    }
    return kept;
}

struct finding_cues {
    const struct threat_cues *cues;
    const struct sentence *sentence;
    struct cue_hit *hits;
    size_t count, until[CUE_CLASS_COUNT];
};

static inline uint64_t
eight_at(struct bytes folded, size_t at)
{
    uint64_t eight;

    memcpy(&eight, folded.at + at, sizeof eight);
    return eight;
}

/* Where in a block of the fold a cue may begin, a bit for each byte: not at a blank, within a character or within a word of
 * letters. word: whether the byte before the block was of one. */
static inline size_t
begins_in(struct bytes folded, size_t at, bool *word)
{
    scan_block block = scan_load(folded.at + at), low = block | 0x20;
    unsigned of_words = scan_hits((scan_block)((low >= 'a') & (low <= 'z')) |
                                  (scan_block)((block >= '0') & (block <= '9')));
    unsigned inside = scan_hits((scan_block)((block & 0xc0) == 0x80) | scan_is(block, ' '));
    size_t begins = ~(inside | (of_words & (of_words << 1 | *word))) & 0xffff;
    size_t left = folded.size - at; /* a cue has at least two bytes */

    *word = of_words >> 15 & 1;
    return left > SCAN_SIZE ? begins : begins & ((1u << (left - 1)) - 1);
}

static void
take_listed(struct finding_cues *f, unsigned head, size_t at)
{
    for (unsigned i = f->cues->heads[head >> (SEEN_BITS - HEAD_BITS)];
         i != 0 && f->count < LIMIT_THREAT_CUES; i = f->cues->list[i - 1].next) {
        const struct cue *cue = &f->cues->list[i - 1];
        size_t to = at + cue->text.size;
        if (to > f->until[cue->class] && cue_at(cue, f->sentence, at)) {
            f->until[cue->class] = to;
            f->hits[f->count++] =
                (struct cue_hit){cue->class, cue->kind, cue->weight, cue->row, at, to};
        }
    }
}

/* Most heads are none of a cue. */
static inline void
take_cues(struct finding_cues *f, unsigned head, size_t at)
{
    if (bit_of(f->cues->all.seen, head)) {
        take_listed(f, head, at);
    }
}

size_t
threat_cues_find(const struct threat_cues *cues, const struct sentence *s,
                 struct cue_hit *hits_r)
{
    struct finding_cues f = {.cues = cues, .sentence = s, .hits = hits_r};
    struct bytes text = s->folded;
    bool word = false;

    for (size_t block = 0; block < text.size; block += SCAN_SIZE) {
        size_t begins = begins_in(text, block, &word);
        for (; begins != 0 && f.count < LIMIT_THREAT_CUES; begins &= begins - 1) {
            size_t at = block + scan_first(begins);
            uint64_t eight = eight_at(text, at);
            if (!bit_of(cues->all.begins, begin_of(eight))) {
                continue;
            }
            take_cues(&f, head_of(eight, LONG), at);
            take_cues(&f, head_of(eight, 3), at);
            if (text.at[at] < 0x80) {
                take_cues(&f, head_of(eight, 2), at);
            }
        }
    }
    return drop_masked(hits_r, f.count);
}

static bool
act_listed(const struct threat_cues *cues, const struct sentence *s, unsigned head,
           size_t at)
{
    for (unsigned i = cues->heads[head >> (SEEN_BITS - HEAD_BITS)]; i != 0;
         i = cues->list[i - 1].next) {
        if (is_act(cues->list[i - 1].class) && cue_at(&cues->list[i - 1], s, at)) {
            return true;
        }
    }
    return false;
}

static inline bool
act_at(const struct threat_cues *cues, const struct sentence *s, unsigned head, size_t at)
{
    return bit_of(cues->acts.seen, head) && act_listed(cues, s, head, at);
}

bool
threat_cues_act(const struct threat_cues *cues, const struct sentence *s)
{
    struct bytes text = s->folded;
    bool word = false;

    for (size_t block = 0; block < text.size; block += SCAN_SIZE) {
        size_t begins = begins_in(text, block, &word);
        for (; begins != 0; begins &= begins - 1) {
            size_t at = block + scan_first(begins);
            uint64_t eight = eight_at(text, at);
            if (bit_of(cues->acts.begins, begin_of(eight)) &&
                (act_at(cues, s, head_of(eight, LONG), at) ||
                 act_at(cues, s, head_of(eight, 3), at) ||
                 (text.at[at] < 0x80 && act_at(cues, s, head_of(eight, 2), at)))) {
                return true;
            }
        }
    }
    return false;
}

/* Sentences */

static bool
is_stop(struct bytes text, size_t at)
{
    uint8_t c = text.at[at];

    return c == '!' || c == '?' ||
           (c == '.' && (at + 1 == text.size || ascii_blank(text.at[at + 1]))) ||
           (c == 0xe3 && at + 2 < text.size && text.at[at + 1] == 0x80 &&
            text.at[at + 2] == 0x82);
}

/* Whether the line that ends at `at` goes on in the next: it is long, and no empty line follows. */
static bool
is_wrapped(struct bytes text, size_t line, size_t at)
{
    return at - line >= WRAPPED && at + 1 < text.size && text.at[at + 1] != '\n' &&
           text.at[at + 1] != '>' && text.at[at + 1] != '-';
}

size_t
sentences_most(struct bytes normal)
{
    size_t most = 1 + normal.size / SENTENCE;

    for (size_t i = 0; i < normal.size;) {
        if (i + SCAN_SIZE > normal.size) {
            most += normal.at[i] == '\n' || is_stop(normal, i);
            i++;
            continue;
        }
        /* Every mark that may be one counts; 。 by its last byte, which others have too. */
        scan_block block = scan_load(normal.at + i);
        most += (size_t)__builtin_popcount(
            scan_hits(scan_is(block, '\n') | scan_is(block, '!') | scan_is(block, '?') |
                      scan_is(block, '.') | scan_is(block, 0x82)));
        i += SCAN_SIZE;
    }
    return most < LIMIT_THREAT_SENTENCES ? most : LIMIT_THREAT_SENTENCES;
}

/* What stands in most sentences and ends none: neither a blank nor a mark, nor what 。 begins with. */
static inline bool
is_plain(uint8_t c)
{
    return c > ' ' && c != '!' && c != '?' && c != '.' && c != 0xe3;
}

/* Copies on from `i` what no mark, line end or second blank interrupts: ASCII sixteen bytes at a time. Gives how many bytes. */
static inline size_t
copy_narrow(struct bytes normal, size_t i, uint8_t *out, size_t size)
{
    size_t from = i;

    while (i + SCAN_SIZE <= normal.size && size + SCAN_SIZE < SENTENCE) {
        scan_block block = scan_load(normal.at + i);
        unsigned blanks = scan_hits(scan_is(block, ' '));
        unsigned letters =
            scan_hits((scan_block)((block > ' ') & (block < 0x80)) &
                      ~(scan_is(block, '!') | scan_is(block, '?') | scan_is(block, '.')));
        bool after = size == 0 || out[size - 1] == ' ' || out[size - 1] >= 0x80;
        unsigned good = letters | (blanks & ~(blanks << 1 | after));
        size_t count = scan_first(~(size_t)good | 1u << SCAN_SIZE);
        memcpy(out + size, &block, sizeof block);
        size += count;
        i += count;
        if (count < SCAN_SIZE) {
            break;
        }
    }
    return i - from;
}

/* Copies the sentence that begins at `from` and gives where it ends. */
static size_t
copy_sentence(struct bytes normal, size_t from, uint8_t out[SENTENCE_ROOM], size_t *size_r)
{
    size_t line = from, i = from, size = 0;

    for (; i < normal.size && size < SENTENCE_ROOM - 3; i++) {
        uint8_t c = normal.at[i];
        if (c < 0x80) {
            size_t copied = copy_narrow(normal, i, out, size);
            if (copied > 0) {
                size += copied;
                i += copied - 1;
                continue;
            }
        } else if (c >= 0xe3 && c <= 0xe9 && size + 3 < SENTENCE && i + 3 <= normal.size &&
                   !(c == 0xe3 && normal.at[i + 1] == 0x80)) {
            memcpy(out + size, normal.at + i, 3); /* a character that is no 。 */
            size += 3;
            i += 2;
            continue;
        }
        if (!is_plain(c)) {
            if (c == '\n') {
                if (!is_wrapped(normal, line, i)) {
                    break;
                }
                line = i + 1;
            }
            if (ascii_blank(c)) {
                bool wide = size > 0 && out[size - 1] >= 0x80 && i + 1 < normal.size &&
                            (normal.at[i + 1] >= 0x80 || ascii_blank(normal.at[i + 1]));
                if (!wide && size > 0 && out[size - 1] != ' ') {
                    out[size++] = ' ';
                }
                continue;
            }
            if (is_stop(normal, i)) {
                size_t mark = c == 0xe3 ? 3 : 1;
                memcpy(out + size, normal.at + i, mark);
                size += mark;
                i += mark;
                break;
            }
        }
        out[size++] = c;
        if (size >= SENTENCE && i + 1 < normal.size && (normal.at[i + 1] & 0xc0) != 0x80) {
            i++;
            break;
        }
    }
    *size_r = size;
    return i;
}

bool
sentence_next(struct arena *arena, struct bytes normal, size_t *at, struct sentence *s)
{
    uint8_t copy[SENTENCE_ROOM];
    size_t from = *at, size;

    while (from < normal.size && (ascii_blank(normal.at[from]))) {
        from++;
    }
    if (from >= normal.size) {
        *at = normal.size;
        return false;
    }
    *at = copy_sentence(normal, from, copy, &size);
    *s = (struct sentence){.text = bytes_of(copy, size), .from = from, .to = *at};
    struct bytes kana =
        size < ROMAJI_MOST && copy[0] < 0x80 ? romaji_read(arena, s->text) : BYTES_NONE;
    if (kana.size > 0) {
        s->text = kana;
        s->romaji = true;
        size = kana.size;
    }
    uint8_t *kept = arena_take_bytes(arena, 2 * size + PADDING);
    memcpy(kept, s->text.at, size);
    memcpy(kept + size, s->text.at, size);
    memset(kept + 2 * size, 0, PADDING);
    fold_kana(kept + size, size);
    s->text = bytes_of(kept, size);
    s->folded = bytes_of(kept + size, size);
    return true;
}
