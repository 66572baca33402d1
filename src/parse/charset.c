#include "parse/charset.h"

#include "base/utf8.h"
#include "base/writer.h"
#include "parse/charset_private.h"
#include "parse/japanese_private.h"

/* Evidence is taken from two windows of this many bytes: from the first byte of 8 bits on, and from the middle. */
#define WINDOW_SIZE 1500
/* What the label, an escape, and being wholly valid UTF-8 count for: about one usual letter. */
#define LABEL_WEIGHT  (7 * 16)
#define ESCAPE_WEIGHT (12 * 16)
#define RARE_WEIGHT   (8 * 16)
#define UTF8_WEIGHT   (12 * 16)
/* A charset with at least this on average, in 1/16 bits a byte of 8 bits, and no error needs no rival. */
#define SURE_AVERAGE (-7 * 16)

static const struct charset utf8 = {"utf-8", NULL, CHARSET_UTF8};
static const struct charset us_ascii = {"us-ascii", "windows-1252", CHARSET_ASCII};
static const struct charset iso_2022_jp = {"iso-2022-jp", NULL, CHARSET_ISO_2022_JP};
static const struct charset shift_jis = {"shift_jis", NULL, CHARSET_SHIFT_JIS};
static const struct charset euc_jp = {"euc-jp", NULL, CHARSET_EUC_JP};
static const struct charset windows_1252 = {"windows-1252", "windows-1252",
                                            CHARSET_FOREIGN};
static const struct charset utf16 = {"utf-16", "UTF-16", CHARSET_WIDE};
static const struct charset iso_2022_kr = {"iso-2022-kr", "ISO-2022-KR", CHARSET_SHIFTED};
static const struct charset iso_2022_cn = {"iso-2022-cn", "ISO-2022-CN-EXT",
                                           CHARSET_SHIFTED};

struct look {
    size_t first_high; /* BYTES_NOWHERE if all is 7-bit */
    bool escape, dollar;
};

static struct look
look_at(struct bytes in)
{
    struct look look = {.first_high = BYTES_NOWHERE};
    size_t at = 0;

    for (; at + 8 <= in.size; at += 8) {
        uint64_t eight;
        memcpy(&eight, in.at + at, 8);
        if ((eight & 0x8080808080808080u) != 0) {
            break;
        }
    }
    for (; at < in.size; at++) {
        if (in.at[at] >= 0x80) {
            look.first_high = at;
            break;
        }
    }
    look.escape = bytes_find_byte(in, 0x1b, 0) != BYTES_NOWHERE;
    look.dollar = !look.escape && look.first_high == BYTES_NOWHERE &&
                  bytes_find_byte(in, '$', 0) != BYTES_NOWHERE;
    return look;
}

/* UTF-8 with what is broken replaced, one U+FFFD for each longest beginning of a character (Unicode 3.9). */
static struct bytes
repair_utf8(struct arena *arena, struct bytes in, size_t *errors)
{
    uint8_t *out = arena_take_bytes(arena, in.size * 3);
    size_t at = 0, size = 0;

    while (at < in.size) {
        uint32_t c;
        size_t have = utf8_get(in, at, &c);
        if (have > 0) {
            memcpy(out + size, in.at + at, have);
            at += have;
            size += have;
            continue;
        }
        uint8_t lead = in.at[at++];
        size_t follow = lead >= 0xf0 && lead < 0xf5   ? 2
                        : lead >= 0xe0 && lead < 0xf0 ? 1
                                                      : 0;
        uint8_t low = lead == 0xe0   ? 0xa0
                      : lead == 0xf0 ? 0x90
                                     : 0x80,
                high = lead == 0xed   ? 0x9f
                       : lead == 0xf4 ? 0x8f
                                      : 0xbf;
        while (follow > 0 && at < in.size && in.at[at] >= low && in.at[at] <= high) {
            at++;
            follow--;
            low = 0x80;
            high = 0xbf;
        }
        size += utf8_put(out + size, UTF8_REPLACEMENT);
        ++*errors;
    }
    return (struct bytes){arena_grow(arena, out, in.size * 3, size), size};
}

static struct bytes
without_mark(struct bytes in)
{
    return bytes_starts(in, BYTES("\xef\xbb\xbf")) ? bytes_from(in, 3) : in;
}

static struct bytes
decode_japanese(struct arena *arena, struct bytes in, enum charset_kind kind,
                size_t *errors)
{
    size_t room = in.size * JAPANESE_GROWTH, size;
    uint8_t *out = arena_take_bytes(arena, room);

    if (kind == CHARSET_ISO_2022_JP) {
        size = japanese_from_iso_2022_jp(in, out, errors);
    } else if (kind == CHARSET_SHIFT_JIS) {
        size = japanese_from_shift_jis(in, out, errors);
    } else {
        size = japanese_from_euc_jp(in, out, errors);
    }
    /* Gives back what was not needed, where it still is the arena's last. */
    return (struct bytes){arena_grow(arena, out, room, size), size};
}

static struct bytes
decode_with(struct arena *arena, struct bytes in, struct charset charset, size_t *errors)
{
    struct bytes text;

    switch (charset.kind) {
    case CHARSET_ISO_2022_JP:
    case CHARSET_SHIFT_JIS:
    case CHARSET_EUC_JP:
        return decode_japanese(arena, in, charset.kind, errors);
    case CHARSET_ASCII:
    case CHARSET_FOREIGN:
    case CHARSET_SHIFTED:
    case CHARSET_WIDE:
        if (charset_foreign_decode(arena, in, charset.foreign, &text, errors)) {
            return text;
        }
        break;
    case CHARSET_UTF8:
    case CHARSET_UNKNOWN:
        break;
    }
    in = without_mark(in);
    return utf8_valid(in) ? in : repair_utf8(arena, in, errors);
}

static void
finish(struct arena *arena, struct bytes in, struct charset charset,
       struct charset labelled, struct charset_result *r)
{
    *r = (struct charset_result){.charset = bytes_from_text(charset.name)};
    r->text = decode_with(arena, in, charset, &r->errors);
    r->disagrees =
        labelled.kind != CHARSET_UNKNOWN && strcmp(labelled.name, charset.name) != 0;
}

/* 7-bit text ------------------------------------------------------------------------------------------------------ */

static bool
is_japanese(enum charset_kind kind)
{
    return kind == CHARSET_ISO_2022_JP || kind == CHARSET_SHIFT_JIS ||
           kind == CHARSET_EUC_JP;
}

static bool
read_restored(struct arena *arena, struct bytes in, struct charset labelled,
              struct charset_result *r)
{
    if (bytes_find(in, BYTES("$B"), 0) == BYTES_NOWHERE &&
        bytes_find(in, BYTES("$@"), 0) == BYTES_NOWHERE) {
        return false;
    }
    if (bytes_find(in, BYTES("(B"), 0) == BYTES_NOWHERE &&
        bytes_find(in, BYTES("(J"), 0) == BYTES_NOWHERE) {
        return false;
    }
    size_t size;
    uint8_t *restored = arena_take_bytes(arena, in.size * 2);
    if (!japanese_restore_escapes(in, restored, &size)) {
        return false;
    }
    finish(arena, bytes_of(restored, size), iso_2022_jp, labelled, r);
    return true;
}

/* Whether a label of two- or four-byte letters tells the truth of 7-bit bytes: "0B0D0F" may be kana. */
static bool
wide_is_true(struct arena *arena, struct bytes in, struct charset labelled)
{
    struct bytes window = bytes_slice(in, 0, WINDOW_SIZE & ~3u);
    size_t errors = 0;

    if (in.size % 2 != 0) {
        return false;
    }
    struct bytes text = decode_with(arena, window, labelled, &errors);
    return japanese_plausible(text, JAPANESE_UNIVERSAL) >
           japanese_plausible(window, JAPANESE_OWN);
}

static void
decode_seven_bits(struct arena *arena, struct bytes in, struct charset labelled,
                  struct look look, struct charset_result *r)
{
    struct charset charset = us_ascii;

    if (look.escape && japanese_has_escapes(in)) {
        charset = iso_2022_jp;
    } else if (look.escape && bytes_find(in, BYTES("\x1b$)C"), 0) != BYTES_NOWHERE) {
        charset = iso_2022_kr;
    } else if (look.escape && (bytes_find(in, BYTES("\x1b$)A"), 0) != BYTES_NOWHERE ||
                               bytes_find(in, BYTES("\x1b$)G"), 0) != BYTES_NOWHERE)) {
        charset = iso_2022_cn;
    } else if (look.dollar && labelled.kind != CHARSET_SHIFTED &&
               read_restored(arena, in, labelled, r)) {
        return;
    } else if (labelled.kind == CHARSET_SHIFTED ||
               (labelled.kind == CHARSET_WIDE && wide_is_true(arena, in, labelled))) {
        charset = labelled;
    } else if (labelled.kind == CHARSET_ISO_2022_JP &&
               bytes_find_byte(in, 0x0e, 0) != BYTES_NOWHERE) {
        charset = iso_2022_jp;
    }
    if (charset.kind != CHARSET_ASCII) {
        finish(arena, in, charset, labelled, r);
        return;
    }
    /* The same in every charset of mail, so the label was not wrong. */
    *r = (struct charset_result){.text = in};
    r->charset = bytes_from_text(
        labelled.kind == CHARSET_UNKNOWN || labelled.kind == CHARSET_WIDE ? us_ascii.name
                                                                          : labelled.name);
}

/* 8-bit text ------------------------------------------------------------------------------------------------------ */

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
    int64_t best_weight;
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
    int64_t sum = japanese_plausible(text, JAPANESE_FOREIGN);
    return is_east_asian(charset) ? sum - rare_bytes(from) * RARE_WEIGHT : sum;
}

static int64_t
weigh(const struct evidence *e, struct charset charset)
{
    int64_t sum = 0;

    for (size_t i = 0; i < 2; i++) {
        uint8_t out[WINDOW_SIZE * JAPANESE_GROWTH];
        struct bytes text = e->windows[i];
        size_t errors = 0, size = 0;
        if (charset.kind == CHARSET_SHIFT_JIS) {
            size = japanese_from_shift_jis(text, out, &errors);
        } else if (charset.kind == CHARSET_EUC_JP) {
            size = japanese_from_euc_jp(text, out, &errors);
        } else if (charset.kind == CHARSET_ISO_2022_JP) {
            size = japanese_from_iso_2022_jp(text, out, &errors);
        } else if (charset.kind != CHARSET_UTF8) {
            text = decode_with(e->arena, text, charset, &errors);
        }
        sum += weigh_text(charset, size > 0 ? bytes_of(out, size) : text, e->windows[i]);
    }
    return sum;
}

static void
try_charset(struct evidence *e, struct charset charset, int64_t bonus)
{
    int64_t weight = weigh(e, charset) + bonus;

    if (e->best.kind == CHARSET_UNKNOWN || weight > e->best_weight) {
        e->best = charset;
        e->best_weight = weight;
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
    return is_japanese(labelled.kind) && high >= 16 &&
           weight + (int64_t)plain * 6 * 16 > (int64_t)high * SURE_AVERAGE;
}

static struct charset
find_charset(struct arena *arena, struct bytes in, struct charset labelled,
             struct look look, bool valid)
{
    struct evidence e = {.arena = arena};
    bool escapes = look.escape && japanese_has_escapes(in);

    e.windows[0] =
        escapes ? bytes_slice(in, 0, WINDOW_SIZE) : window_at(in, look.first_high);
    size_t end = (size_t)(e.windows[0].at - in.at) + e.windows[0].size;
    if (in.size - end > WINDOW_SIZE && !escapes) {
        e.windows[1] = window_at(bytes_from(in, end), (in.size - end) / 2);
    }
    if (labelled.kind != CHARSET_UNKNOWN && labelled.kind != CHARSET_ASCII &&
        label_is_sure(&e, labelled)) {
        return labelled;
    }
    if (labelled.kind != CHARSET_UTF8) {
        try_charset(&e, utf8, valid ? UTF8_WEIGHT : 0);
    } else if (valid) {
        e.best_weight += UTF8_WEIGHT;
    }
    try_charset(&e, shift_jis, 0);
    try_charset(&e, euc_jp, 0);
    if (escapes) {
        try_charset(&e, iso_2022_jp, ESCAPE_WEIGHT);
    }
    if (bytes_starts(in, BYTES("\xff\xfe")) || bytes_starts(in, BYTES("\xfe\xff"))) {
        try_charset(&e, utf16, LABEL_WEIGHT);
    }
    if (!is_japanese(labelled.kind)) {
        try_charset(&e, windows_1252, 0);
    }
    return e.best;
}

/* Valid UTF-8; tells whether it has characters of three or four bytes, which no other charset shows by chance. */
static bool
valid_utf8(struct bytes in, size_t from, bool *long_r)
{
    uint32_t c;

    *long_r = false;
    for (size_t at = from; at < in.size;) {
        if (in.at[at] < 0x80) {
            at++;
            continue;
        }
        size_t size = utf8_get(in, at, &c);
        if (size == 0) {
            return false;
        }
        *long_r |= size > 2;
        at += size;
    }
    return true;
}

static void
decode_eight_bits(struct arena *arena, struct bytes in, struct charset labelled,
                  struct look look, struct charset_result *r)
{
    bool is_long, valid = valid_utf8(in, look.first_high, &is_long);
    bool weak = labelled.kind == CHARSET_UNKNOWN || labelled.kind == CHARSET_ASCII;
    struct charset charset = utf8;

    if (!(valid && (labelled.kind == CHARSET_UTF8 || (weak && is_long) ||
                    bytes_starts(in, BYTES("\xef\xbb\xbf"))))) {
        charset = find_charset(arena, in, labelled, look, valid);
    }
    finish(arena, in, charset, labelled, r);
}

void
charset_decode(struct arena *arena, struct bytes bytes, struct bytes label,
               struct charset_result *r)
{
    struct look look = look_at(bytes);
    struct charset labelled = charset_of_label(label);

    if (look.first_high == BYTES_NOWHERE) {
        decode_seven_bits(arena, bytes, labelled, look, r);
    } else {
        decode_eight_bits(arena, bytes, labelled, look, r);
    }
}

void
charset_decode_as(struct arena *arena, struct bytes bytes, struct bytes label,
                  struct charset_result *r)
{
    struct charset labelled = charset_of_label(label);

    if (labelled.kind == CHARSET_UNKNOWN) {
        charset_decode(arena, bytes, BYTES_NONE, r);
        return;
    }
    finish(arena, bytes, labelled, labelled, r);
}
