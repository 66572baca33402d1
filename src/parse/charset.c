#include "parse/charset.h"

#include "base/utf8.h"
#include "parse/charset_private.h"
#include "parse/japanese_private.h"

static const struct charset utf8 = {"utf-8", NULL, CHARSET_UTF8, false};
static const struct charset us_ascii = {"us-ascii", "windows-1252", CHARSET_ASCII, false};
static const struct charset iso_2022_jp = {"iso-2022-jp", NULL, CHARSET_ISO_2022_JP, false};
static const struct charset iso_2022_kr = {"iso-2022-kr", "ISO-2022-KR", CHARSET_SHIFTED,
                                           false};
static const struct charset iso_2022_cn = {"iso-2022-cn", "ISO-2022-CN-EXT",
                                           CHARSET_SHIFTED, false};
static const struct charset utf7 = {"utf-7", "UTF-7", CHARSET_SHIFTED, false};
static const struct charset hz = {"hz-gb-2312", "HZ", CHARSET_SHIFTED, false};

static struct charset_look
look_at(struct bytes in)
{
    struct charset_look look = {.first_high = BYTES_NOWHERE};
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
    if (look.first_high == BYTES_NOWHERE && !look.escape) {
        look.dollar = bytes_find_byte(in, '$', 0) != BYTES_NOWHERE;
        look.plus = bytes_find_byte(in, '+', 0) != BYTES_NOWHERE;
        look.zero = bytes_find_byte(in, 0, 0) != BYTES_NOWHERE;
    }
    return look;
}

static struct bytes
without_mark(struct bytes in)
{
    return bytes_starts(in, BYTES("\xef\xbb\xbf")) ? bytes_from(in, 3) : in;
}

bool
charset_is_japanese(enum charset_kind kind)
{
    return kind == CHARSET_ISO_2022_JP || kind == CHARSET_SHIFT_JIS ||
           kind == CHARSET_EUC_JP;
}

size_t
charset_japanese(struct bytes in, struct charset charset, enum emoji_carrier carrier,
                 uint8_t *out, size_t *errors)
{
    struct japanese_way way = {.carrier = carrier, .x0213 = charset.x0213};

    return charset.kind == CHARSET_ISO_2022_JP
               ? japanese_from_iso_2022_jp(in, way, out, errors)
           : charset.kind == CHARSET_SHIFT_JIS
               ? japanese_from_shift_jis(in, way, out, errors)
               : japanese_from_euc_jp(in, way, out, errors);
}

struct bytes
charset_decode_with(struct arena *arena, struct bytes in, struct charset charset,
                    enum emoji_carrier carrier, size_t *errors)
{
    size_t room = in.size * JAPANESE_GROWTH;
    struct bytes text;

    if (charset_is_japanese(charset.kind)) {
        uint8_t *out = arena_take_bytes(arena, room);
        size_t size = charset_japanese(in, charset, carrier, out, errors);
        /* Gives back what was not needed, where it still is the arena's last. */
        return (struct bytes){arena_grow(arena, out, room, size), size};
    }
    if (charset.kind != CHARSET_UTF8 && charset.foreign != NULL &&
        charset_foreign_decode(arena, in, charset.foreign, &text, errors)) {
        return text;
    }
    in = without_mark(in);
    return utf8_valid(in) ? in : charset_repair_utf8(arena, in, errors);
}

/* Emoji of carriers -------------------------------------------------------------------------------------------- */

/* Read again as the carrier's whose emoji they are; kept if that explains no less. */
static void
read_again(struct arena *arena, struct bytes in, struct charset charset,
           enum emoji_carrier carrier, struct charset_result *r)
{
    size_t errors = 0;
    struct bytes text = charset_decode_with(arena, in, charset, carrier, &errors);

    if (errors <= r->errors) {
        r->text = text;
        r->errors = errors;
        r->carrier = carrier;
    }
}

/* By the sender's carrier, if he is known, else by what the codes themselves tell. */
static void
read_emoji(struct arena *arena, struct bytes in, struct charset charset, bool evidence,
           struct charset_result *r)
{
    enum emoji_carrier who = EMOJI_NOBODY;

    if (r->carrier == EMOJI_NOBODY && evidence) {
        if (charset.kind == CHARSET_ISO_2022_JP && r->errors > 0) {
            size_t errors = r->errors;
            read_again(arena, in, charset, EMOJI_KDDI, r);
            r->carrier = r->errors < errors ? r->carrier : EMOJI_NOBODY;
        }
        if (r->carrier == EMOJI_NOBODY) {
            who = emoji_carrier_of_text(r->text, charset.kind == CHARSET_SHIFT_JIS);
        }
        if (who != EMOJI_NOBODY && charset.kind == CHARSET_SHIFT_JIS) {
            read_again(arena, in, charset, who, r);
        } else if (who != EMOJI_NOBODY) {
            r->carrier = who;
        }
    }
    if (evidence || r->carrier != EMOJI_NOBODY) {
        r->text = emoji_replace(arena, r->text, r->carrier, &r->emoji);
    }
}

/* What is certain of the text, less the share of its letters that came out as U+FFFD. */
static unsigned
less_errors(unsigned confidence, struct bytes text, size_t errors)
{
    size_t letters = 0;

    if (errors == 0) {
        return confidence;
    }
    for (size_t i = 0; i < text.size; i++) {
        letters += text.at[i] >= 0xc0;
    }
    return errors >= letters ? 0 : (unsigned)(confidence * (letters - errors) / letters);
}

static void
finish(struct arena *arena, struct bytes in, struct charset charset,
       struct charset labelled, struct charset_result *r)
{
    bool evidence = !r->obeyed;
    struct bytes once;

    r->charset = bytes_from_text(charset.name);
    r->text = charset_decode_with(arena, in, charset, r->carrier, &r->errors);
    r->disagrees =
        labelled.kind != CHARSET_UNKNOWN && strcmp(labelled.name, charset.name) != 0;
    read_emoji(arena, in, charset, evidence, r);
    r->confidence = less_errors(r->confidence, r->text, r->errors);
    if (evidence && charset_mend_twice(arena, r->text, &once)) {
        r->text = once;
        r->twice = true;
        r->confidence = r->confidence > 90 ? 90 : r->confidence;
    }
}

/* 7-bit text --------------------------------------------------------------------------------------------------- */

static bool
read_restored(struct arena *arena, struct bytes in, struct charset labelled,
              struct charset_result *r)
{
    bool is_labelled = labelled.kind == CHARSET_ISO_2022_JP;

    if (bytes_find(in, BYTES("$B"), 0) == BYTES_NOWHERE &&
        bytes_find(in, BYTES("$@"), 0) == BYTES_NOWHERE) {
        return false;
    }
    if (!is_labelled && bytes_find(in, BYTES("(B"), 0) == BYTES_NOWHERE &&
        bytes_find(in, BYTES("(J"), 0) == BYTES_NOWHERE) {
        return false;
    }
    size_t size;
    uint8_t *restored = arena_take_bytes(arena, in.size * 2);
    if (!japanese_restore_escapes(in, is_labelled, restored, &size)) {
        return false;
    }
    r->confidence = 90;
    finish(arena, bytes_of(restored, size), iso_2022_jp, labelled, r);
    return true;
}

/* HZ (RFC 1843) without a label: ~{ and ~} in turn. */
static bool
is_hz(struct bytes in)
{
    size_t open = bytes_find(in, BYTES("~{"), 0);

    return open != BYTES_NOWHERE &&
           bytes_find(in, BYTES("~}"), open + 2) != BYTES_NOWHERE &&
           (bytes_find(in, BYTES("~}"), open + 2) - open) % 2 == 0 &&
           bytes_find(in, BYTES("~}"), open + 2) - open > 4;
}

/* The charset of 7-bit text that is more than ASCII; us_ascii if it is not. */
static struct charset
find_shifted(struct arena *arena, struct bytes in, struct charset labelled,
             struct charset_look look, unsigned *confidence_r)
{
    struct charset wide;

    *confidence_r = 100;
    if (look.escape && japanese_has_escapes(in)) {
        return iso_2022_jp;
    }
    if (look.escape && bytes_find(in, BYTES("\x1b$)C"), 0) != BYTES_NOWHERE) {
        return iso_2022_kr;
    }
    if (look.escape && (bytes_find(in, BYTES("\x1b$)A"), 0) != BYTES_NOWHERE ||
                        bytes_find(in, BYTES("\x1b$)G"), 0) != BYTES_NOWHERE)) {
        return iso_2022_cn;
    }
    if (labelled.kind == CHARSET_SHIFTED) {
        return labelled;
    }
    *confidence_r = 95;
    if ((look.zero || labelled.kind == CHARSET_WIDE) &&
        charset_is_wide(arena, in, labelled, &wide)) {
        return wide;
    }
    if (labelled.kind == CHARSET_ISO_2022_JP &&
        bytes_find_byte(in, 0x0e, 0) != BYTES_NOWHERE) {
        return iso_2022_jp;
    }
    if (look.plus && charset_is_utf7(in)) {
        return utf7;
    }
    if (strcmp(labelled.name, "gb18030") == 0 && is_hz(in)) {
        return hz;
    }
    return us_ascii;
}

static void
decode_seven_bits(struct arena *arena, struct bytes in, struct charset labelled,
                  struct charset_look look, struct charset_result *r)
{
    struct charset charset = find_shifted(arena, in, labelled, look, &r->confidence);

    if (charset.kind == CHARSET_ASCII && look.dollar &&
        read_restored(arena, in, labelled, r)) {
        return;
    }
    if (charset.kind != CHARSET_ASCII) {
        finish(arena, in, charset, labelled, r);
        return;
    }
    /* The same in every charset of mail, so the label was not wrong. */
    r->text = in;
    r->confidence = 100;
    r->charset = bytes_from_text(
        labelled.kind == CHARSET_UNKNOWN || labelled.kind == CHARSET_WIDE ? us_ascii.name
                                                                          : labelled.name);
}

/* 8-bit text --------------------------------------------------------------------------------------------------- */

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
                  struct charset_look look, struct charset_result *r)
{
    bool is_long, valid = valid_utf8(in, look.first_high, &is_long);
    bool weak = labelled.kind == CHARSET_UNKNOWN || labelled.kind == CHARSET_ASCII;
    struct charset charset = utf8;

    r->confidence = is_long ? 100 : 95;
    if (!(valid && (labelled.kind == CHARSET_UTF8 || (weak && is_long) ||
                    bytes_starts(in, BYTES("\xef\xbb\xbf"))))) {
        charset = charset_by_evidence(arena, in, labelled, look, valid, &r->confidence);
    }
    finish(arena, in, charset, labelled, r);
}

void
charset_decode_from(struct arena *arena, struct bytes bytes, struct bytes label,
                    enum emoji_carrier carrier, struct charset_result *r)
{
    struct charset_look look = look_at(bytes);
    struct charset labelled = charset_of_label(label);

    *r = (struct charset_result){.carrier = carrier};
    if (look.first_high == BYTES_NOWHERE) {
        decode_seven_bits(arena, bytes, labelled, look, r);
    } else {
        decode_eight_bits(arena, bytes, labelled, look, r);
    }
}

void
charset_decode(struct arena *arena, struct bytes bytes, struct bytes label,
               struct charset_result *r)
{
    charset_decode_from(arena, bytes, label, EMOJI_NOBODY, r);
}

void
charset_decode_as(struct arena *arena, struct bytes bytes, struct bytes label,
                  struct charset_result *r)
{
    charset_decode_as_from(arena, bytes, label, EMOJI_NOBODY, r);
}

void
charset_decode_as_from(struct arena *arena, struct bytes bytes, struct bytes label,
                       enum emoji_carrier carrier, struct charset_result *r)
{
    struct charset labelled = charset_of_label(label);

    if (labelled.kind == CHARSET_UNKNOWN) {
        charset_decode_from(arena, bytes, BYTES_NONE, carrier, r);
        return;
    }
    *r = (struct charset_result){.carrier = carrier, .confidence = 100, .obeyed = true};
    finish(arena, bytes, labelled, labelled, r);
}
