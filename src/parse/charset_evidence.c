#include "base/utf8.h"
#include "parse/charset.h"
#include "parse/charset_private.h"
#include "parse/japanese_private.h"
#include "parse/language_private.h"

/* Evidence is taken from two windows of this many bytes: from the first byte of 8 bits on, and from the middle. */
#define WINDOW_SIZE 1500
/* What the label, an escape, and being wholly valid UTF-8 count for: about one usual letter. */
#define LABEL_WEIGHT  (7 * 16)
#define ESCAPE_WEIGHT (12 * 16)
#define RARE_WEIGHT   (8 * 16)
#define UTF8_WEIGHT   (12 * 16)
/* What speaks against a language that nobody announced, at a door in Japan. */
#define STRANGER_WEIGHT (-10 * 16)
/* A charset with at least this on average, in 1/16 bits a byte of 8 bits, and no error needs no rival. */
#define SURE_AVERAGE (-7 * 16)
/* The same of two bytes that are read as one letter without a label. */
#define WIDE_AVERAGE (-13 * 16)

static const struct charset utf8 = {"utf-8", NULL, CHARSET_UTF8, false};
static const struct charset iso_2022_jp = {"iso-2022-jp", NULL, CHARSET_ISO_2022_JP, false};
static const struct charset shift_jis = {"shift_jis", NULL, CHARSET_SHIFT_JIS, false};
static const struct charset euc_jp = {"euc-jp", NULL, CHARSET_EUC_JP, false};
static const struct charset windows_1252 = {"windows-1252", "windows-1252", CHARSET_FOREIGN,
                                            false};
static const struct charset utf16 = {"utf-16", "UTF-16", CHARSET_WIDE, false};
static const struct charset utf16le = {"utf-16le", "UTF-16LE", CHARSET_WIDE, false};
static const struct charset utf16be = {"utf-16be", "UTF-16BE", CHARSET_WIDE, false};

/* Charsets whose language is known well enough to be told from Japanese without a label. */
static const struct {
    struct charset charset;
    enum language language;
} strangers[] = {
    {{"gb18030", "gb18030", CHARSET_FOREIGN, false}, LANGUAGE_CHINESE},
    {{"big5", "windows-950", CHARSET_FOREIGN, false}, LANGUAGE_CHINESE_TRADITIONAL},
    {{"euc-kr", "windows-949", CHARSET_FOREIGN, false}, LANGUAGE_KOREAN},
    {{"windows-1251", "windows-1251", CHARSET_FOREIGN, false}, LANGUAGE_CYRILLIC},
    {{"koi8-r", "KOI8-R", CHARSET_FOREIGN, false}, LANGUAGE_CYRILLIC},
    {{"iso-8859-5", "ISO-8859-5", CHARSET_FOREIGN, false}, LANGUAGE_CYRILLIC},
    {{"koi8-u", "KOI8-U", CHARSET_FOREIGN, false}, LANGUAGE_CYRILLIC},
    {{"ibm866", "ibm-866", CHARSET_FOREIGN, false}, LANGUAGE_CYRILLIC},
};
#define STRANGER_COUNT  (sizeof strangers / sizeof *strangers)
#define STRANGERS_TRIED 6 /* the rest only where a label names them */

/* Begins a window where no letter is cut: behind a line end or blank, if one is near. */
static struct bytes
window_at(struct bytes in, size_t at)
{
    size_t start = at;

    for (size_t back = 0; start > 0 && back < 200; back++, start--) {
        if (in.at[start - 1] <= ' ') {
            return bytes_slice(in, start, start + WINDOW_SIZE);
        }
    }
    if (start == 0) {
        return bytes_slice(in, 0, WINDOW_SIZE);
    }
    while (at < in.size && in.at[at] > ' ') {
        at++;
    }
    return bytes_slice(in, at, at + WINDOW_SIZE);
}

struct evidence {
    struct arena *arena;
    struct bytes windows[2];
    struct charset best;
    int64_t best_weight, second_weight; /* second: of the best among the others */
    bool second;
    bool kana, best_kana; /* in the reading weighed last, and in the best */
};

/* Chinese and Korean are written with bytes from A1 on; the places below hold rare letters, but are where most
 * of Shift_JIS lies. */
static int64_t
rare_bytes(struct bytes b)
{
    int64_t count = 0;

    for (size_t i = 0; i < b.size; i++) {
        count += b.at[i] > 0x80 && b.at[i] < 0xa1;
    }
    return count;
}

static bool
is_east_asian(struct charset charset)
{
    return charset.foreign != NULL &&
           (strcmp(charset.name, "gb18030") == 0 || strcmp(charset.name, "euc-kr") == 0);
}

static size_t
stranger_of(struct charset charset)
{
    size_t i = 0;

    while (i < STRANGER_COUNT && strcmp(strangers[i].charset.name, charset.name) != 0) {
        i++;
    }
    return i;
}

/* Text in kana is Japanese also in a Chinese charset, and is measured by what is usual there. */
static int64_t
weigh_text(struct charset charset, struct bytes text, struct bytes from)
{
    if (charset.kind == CHARSET_UTF8 || charset.kind == CHARSET_WIDE) {
        return japanese_plausible(text, JAPANESE_UNIVERSAL);
    }
    if (charset.foreign == NULL || (is_east_asian(charset) && japanese_has_kana(text))) {
        return japanese_plausible(text, JAPANESE_OWN);
    }
    size_t stranger = stranger_of(charset);
    int64_t sum = stranger < STRANGER_COUNT
                      ? language_plausible(text, strangers[stranger].language)
                      : japanese_plausible(text, JAPANESE_FOREIGN);
    return is_east_asian(charset) ? sum - rare_bytes(from) * RARE_WEIGHT : sum;
}

static int64_t
weigh(struct evidence *e, struct charset charset)
{
    int64_t sum = 0;

    e->kana = false;
    for (size_t i = 0; i < 2; i++) {
        uint8_t out[WINDOW_SIZE * JAPANESE_GROWTH];
        struct bytes text = e->windows[i];
        size_t errors = 0, size = 0;
        if (charset_is_japanese(charset.kind)) {
            size = charset_japanese(text, charset, EMOJI_NOBODY, out, &errors);
        } else if (charset.kind == CHARSET_UTF8) {
            text = utf8_valid(text) ? text : charset_repair_utf8(e->arena, text, &errors);
        } else {
            text = charset_decode_with(e->arena, text, charset, EMOJI_NOBODY, &errors);
        }
        text = size > 0 ? bytes_of(out, size) : text;
        e->kana = e->kana || japanese_has_kana(text);
        sum += weigh_text(charset, text, e->windows[i]);
    }
    return sum;
}

static void
second_seen(struct evidence *e, int64_t weight)
{
    if (!e->second || weight > e->second_weight) {
        e->second = true;
        e->second_weight = weight;
    }
}

static void
try_charset(struct evidence *e, struct charset charset, int64_t bonus)
{
    int64_t weight = weigh(e, charset) + bonus;

    if (e->best.kind == CHARSET_UNKNOWN) {
        e->best = charset;
        e->best_weight = weight;
        e->best_kana = e->kana;
    } else if (weight > e->best_weight) {
        second_seen(e, e->best_weight);
        e->best = charset;
        e->best_weight = weight;
        e->best_kana = e->kana;
    } else {
        second_seen(e, weight);
    }
}

static size_t
count_high(struct bytes b)
{
    size_t count = 0;

    for (size_t i = 0; i < b.size; i++) {
        count += b.at[i] >> 7;
    }
    return count;
}

/* The label first; where it explains all well, nobody else is asked. */
static bool
label_is_sure(struct evidence *e, struct charset labelled)
{
    size_t high = count_high(e->windows[0]) + count_high(e->windows[1]);
    size_t plain = e->windows[0].size + e->windows[1].size - high;
    int64_t weight = weigh(e, labelled);

    e->best = labelled;
    /* ISO-2022-JP has 7 bits: over 8-bit text the label has lied already. */
    e->best_weight = weight + (labelled.kind == CHARSET_ISO_2022_JP ? 0 : LABEL_WEIGHT);
    e->best_kana = e->kana;
    /* Without kana it may be Korean: EUC-KR has its syllables where EUC-JP has its usual kanji. */
    return charset_is_japanese(labelled.kind) && e->kana && high >= 16 &&
           weight + (int64_t)plain * 6 * 16 > (int64_t)high * SURE_AVERAGE;
}

/* Whether 7-bit bytes are letters of two or four bytes, as a label says, or zeros among them: "0B0D0F" may be
 * kana. */
bool
charset_is_wide(struct arena *arena, struct bytes in, struct charset labelled,
                struct charset *wide_r)
{
    const struct charset tried[] = {labelled, utf16le, utf16be};
    struct bytes window = bytes_slice(in, 0, WINDOW_SIZE & ~3u);
    int64_t best = japanese_plausible(window, JAPANESE_OWN);
    bool found = false, zeros = bytes_find_byte(window, 0, 0) != BYTES_NOWHERE;

    for (size_t i = 0; in.size % 2 == 0 && i < 3; i++) {
        size_t errors = 0;
        if (i == 0 ? labelled.kind != CHARSET_WIDE : !zeros) {
            continue;
        }
        struct bytes text =
            charset_decode_with(arena, window, tried[i], EMOJI_NOBODY, &errors);
        int64_t weight =
            japanese_plausible(text, i == 0 ? JAPANESE_UNIVERSAL : JAPANESE_OWN);
        /* Pairs of any bytes are letters too, but no usual ones. */
        if (weight > best &&
            (i == 0 || weight > WIDE_AVERAGE * (int64_t)(window.size / 2))) {
            best = weight;
            *wide_r = tried[i];
            found = true;
        }
    }
    return found;
}

/* Two bytes a character: there are zeros in it, at even places or at odd ones, for line ends and blanks are written in
 * two bytes too. */
static void
try_wide(struct evidence *e, struct bytes in, struct charset labelled)
{
    struct bytes start = bytes_slice(in, 0, WINDOW_SIZE & ~3u);
    struct bytes kept[2] = {e->windows[0], e->windows[1]};
    struct charset wide = utf16;

    if (labelled.kind == CHARSET_WIDE) {
        return;
    }
    if (bytes_starts(in, BYTES("\xff\xfe")) || bytes_starts(in, BYTES("\xfe\xff"))) {
        try_charset(e, utf16, LABEL_WEIGHT);
    } else if (charset_is_wide(e->arena, in, labelled, &wide)) {
        /* All is weighed again from the start, where pairs are not cut. */
        e->windows[0] = start;
        e->windows[1] = BYTES_NONE;
        e->best_weight = weigh(e, e->best);
        try_charset(e, wide, 0);
        e->windows[0] = kept[0];
        e->windows[1] = kept[1];
    }
}

/* How usual the best reading is a byte of 8 bits, beside its ASCII; kanji alone never suffice. */
static bool
is_sure(const struct evidence *e)
{
    size_t high = count_high(e->windows[0]) + count_high(e->windows[1]);
    size_t plain = e->windows[0].size + e->windows[1].size - high;

    return e->best_kana &&
           e->best_weight + (int64_t)plain * 6 * 16 > (int64_t)high * SURE_AVERAGE;
}

/* Half a bit of doubt less for each bit of evidence. */
static unsigned
confidence_of(const struct evidence *e)
{
    int64_t bits = e->second ? (e->best_weight - e->second_weight) / 16 : 6;

    return bits >= 6 ? 99 : 100u - (50u >> (bits > 0 ? bits : 0));
}

static void
try_rivals(struct evidence *e, struct bytes in, struct charset labelled, bool escapes,
           bool valid)
{
    if (labelled.kind != CHARSET_UTF8) {
        try_charset(e, utf8, valid ? UTF8_WEIGHT : 0);
    } else if (valid) {
        e->best_weight += UTF8_WEIGHT;
    }
    if (labelled.kind != CHARSET_SHIFT_JIS) {
        try_charset(e, shift_jis, 0);
    }
    if (labelled.kind != CHARSET_EUC_JP) {
        try_charset(e, euc_jp, 0);
    }
    if (escapes) {
        try_charset(e, iso_2022_jp, ESCAPE_WEIGHT);
    }
    try_charset(e, windows_1252, charset_is_japanese(labelled.kind) ? STRANGER_WEIGHT : 0);
    /* What is valid UTF-8 is no stranger's by chance. */
    if (!valid && (!is_sure(e) || labelled.kind == CHARSET_FOREIGN)) {
        for (size_t i = 0; i < STRANGERS_TRIED; i++) {
            if (strcmp(strangers[i].charset.name, labelled.name) != 0) {
                try_charset(e, strangers[i].charset, STRANGER_WEIGHT);
            }
        }
    }
    try_wide(e, in, labelled);
}

struct charset
charset_by_evidence(struct arena *arena, struct bytes in, struct charset labelled,
                    struct charset_look look, bool valid, unsigned *confidence_r)
{
    struct evidence e = {.arena = arena};
    bool escapes = look.escape && japanese_has_escapes(in);

    e.windows[0] =
        escapes ? bytes_slice(in, 0, WINDOW_SIZE) : window_at(in, look.first_high);
    size_t end = (size_t)(e.windows[0].at - in.at) + e.windows[0].size;
    if (in.size - end > WINDOW_SIZE && !escapes) {
        e.windows[1] = window_at(bytes_from(in, end), (in.size - end) / 2);
    }
    *confidence_r = 99;
    if (labelled.kind != CHARSET_UNKNOWN && labelled.kind != CHARSET_ASCII &&
        label_is_sure(&e, labelled)) {
        return labelled;
    }
    try_rivals(&e, in, labelled, escapes, valid);
    *confidence_r = confidence_of(&e);
    return e.best;
}
