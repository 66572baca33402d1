#include "parse/words.h"

#include "base/limits.h"
#include "base/writer.h"
#include "parse/careful.h"
#include "parse/header.h"
#include "parse/transfer.h"

#define WORD_CHARSET_MAX 64 /* longer is no charset anybody knows */
#define ESCAPE           0x1b

/* Where the text of a word ends that has no "?=": before a blank, and in base64 before what is none. */
static size_t
word_open_end(struct bytes in, size_t at, uint8_t encoding)
{
    while (at < in.size && in.at[at] > ' ' && in.at[at] < 127 && in.at[at] != '?' &&
           (encoding == 'q' || ascii_letter(in.at[at]) || ascii_digit(in.at[at]) ||
            in.at[at] == '+' || in.at[at] == '/' || in.at[at] == '=')) {
        at++;
    }
    return at;
}

/* In q a "?" of the text may stand before an octet: "?=E3" ends no word if, before any blank or other word, another "?="
 * comes. */
static size_t
word_q_end(struct bytes in, size_t end)
{
    size_t at = end + 2;

    if (in.size - end < 6 || ascii_hex(in.at[at]) < 0 || ascii_hex(in.at[at + 1]) < 0) {
        return end;
    }
    for (; at + 1 < in.size && in.at[at] > ' '; at++) {
        if (in.at[at] == '=' && in.at[at + 1] == '?') {
            break;
        }
        if (in.at[at] == '?' && in.at[at + 1] == '=' &&
            (at + 3 >= in.size || ascii_hex(in.at[at + 2]) < 0 ||
             ascii_hex(in.at[at + 3]) < 0)) {
            return at;
        }
    }
    return end;
}

bool
words_match(struct bytes in, size_t at, struct words_seam *seam, struct word *word_r)
{
    size_t i = at + 2;

    if (in.size < 7 || at > in.size - 7 || in.at[at] != '=' || in.at[at + 1] != '?') {
        return false;
    }
    size_t most = i + WORD_CHARSET_MAX < in.size ? i + WORD_CHARSET_MAX : in.size;
    while (i < most && in.at[i] > ' ' && in.at[i] < 127 && in.at[i] != '?' &&
           in.at[i] != '=') {
        i++;
    }
    size_t charset_end = i;
    while (i < most && ascii_blank(in.at[i])) {
        i++;
    }
    if (i + 3 > in.size || in.at[i] != '?' || in.at[i + 2] != '?') {
        return false;
    }
    uint8_t encoding = ascii_lower(in.at[i + 1]);
    if (encoding != 'b' && encoding != 'q') {
        return false;
    }
    struct bytes charset = bytes_slice(in, at + 2, charset_end);
    size_t text = i + 3;
    if (!seam->known || seam->next < text) {
        seam->next = bytes_find(in, BYTES("?="), text);
        seam->known = true;
    }
    size_t end = encoding == 'q' && seam->next != BYTES_NOWHERE ? word_q_end(in, seam->next)
                                                                : seam->next;
    bool open = end == BYTES_NOWHERE;
    if (open) {
        end = word_open_end(in, text, encoding);
        if (end == text) {
            return false;
        }
    }
    size_t star = bytes_find_byte(charset, '*', 0);
    *word_r = (struct word){
        .charset = star == BYTES_NOWHERE ? charset : bytes_slice(charset, 0, star),
        .encoding = encoding,
        .text = bytes_slice(in, text, end),
        .size = (open ? end + (end < in.size && in.at[end] == '?') : end + 2) - at,
        .open = open,
    };
    return true;
}

/* Words waiting to be decoded together, and the text made so far. */
struct joiner {
    struct writer text, waiting, base64;
    struct bytes charset; /* of what waits */
    bool waits;
    enum emoji_carrier carrier;
    struct arena *arena;
    struct defects *defects;
    const uint8_t *place;
};

static void
text_decoded(struct joiner *j, struct bytes bytes, struct bytes charset)
{
    struct charset_result r;

    charset_decode_from(j->arena, bytes, charset, j->carrier, &r);
    charset_take_back_guess(j->arena, bytes, charset, &r);
    if (r.disagrees) {
        defect_note(j->defects, "charset_disagrees", j->place);
    }
    if (r.twice) {
        defect_note(j->defects, "charset_twice", j->place);
    }
    if (r.errors > 0) {
        defect_note(j->defects, "charset_broken", j->place);
    }
    writer_bytes(&j->text, r.text);
}

/* Base64 that waited for the rest of a group of four: it is decoded as it is. */
static void
base64_flush(struct joiner *j)
{
    struct bytes base64 = writer_view(&j->base64);
    bool broken = false;

    if (base64.size == 0) {
        return;
    }
    uint8_t *to = writer_reserve(&j->waiting, base64.size + 3);
    writer_did(&j->waiting, transfer_base64(base64, to, &broken));
    if (broken) {
        defect_note(j->defects, "word_broken", j->place);
    }
    writer_clear(&j->base64);
}

static void
words_flush(struct joiner *j)
{
    if (j->waits) {
        base64_flush(j);
        /* The bytes must stay where they are: a decoder may answer with a view of them. */
        struct bytes bytes = bytes_copy(j->arena, writer_view(&j->waiting));
        text_decoded(j, bytes, j->charset);
        writer_clear(&j->waiting);
        j->waits = false;
    }
}

/* A word whose base64 ends inside a group of four is continued by the next: mailers cut the stream, not the text. */
static void
base64_take(struct joiner *j, struct bytes text)
{
    writer_bytes(&j->base64, text);
    struct bytes kept = writer_view(&j->base64);
    if (kept.size == 0 || kept.size % 4 == 0 || kept.at[kept.size - 1] == '=' ||
        bytes_find_byte(kept, ' ', 0) != BYTES_NOWHERE) {
        base64_flush(j);
    }
}

/* By name, or by what the names stand for. */
static bool
same_charset(struct bytes a, struct bytes b)
{
    return bytes_equal_fold(a, b) ||
           (charset_name(a).size > 0 && bytes_equal(charset_name(a), charset_name(b)));
}

static void
words_take(struct joiner *j, const struct word *word)
{
    if (j->waits && !same_charset(j->charset, word->charset)) {
        words_flush(j);
    }
    j->charset = word->charset;
    j->waits = true;
    j->place = word->text.at;
    if (word->open) {
        defect_note(j->defects, "word_open", word->text.at);
    }
    if (word->encoding == 'b') {
        base64_take(j, word->text);
        return;
    }
    base64_flush(j);
    uint8_t *to = writer_reserve(&j->waiting, word->text.size + 3);
    size_t size = 0;
    for (size_t i = 0; i < word->text.size; i++) {
        uint8_t c = word->text.at[i];
        if (c == '_') {
            c = ' ';
        } else if (c == '=' && i + 2 < word->text.size &&
                   ascii_hex(word->text.at[i + 1]) >= 0 &&
                   ascii_hex(word->text.at[i + 2]) >= 0) {
            c = (uint8_t)(ascii_hex(word->text.at[i + 1]) << 4 |
                          ascii_hex(word->text.at[i + 2]));
            i += 2;
        }
        to[size++] = c;
    }
    writer_did(&j->waiting, size);
}

static bool
all_blank(struct bytes b)
{
    for (size_t i = 0; i < b.size; i++) {
        if (!ascii_blank(b.at[i])) {
            return false;
        }
    }
    return true;
}

/* Text between words. Blanks alone between two words are not part of the text (RFC 2047 6.2). */
static void
plain_take(struct joiner *j, struct bytes plain, bool word_follows)
{
    if (plain.size == 0 || (j->waits && word_follows && all_blank(plain))) {
        return;
    }
    words_flush(j);
    j->place = plain.at;
    text_decoded(j, plain, BYTES_NONE);
}

size_t
words_jis_run(struct bytes in, size_t at)
{
    if (in.size - at < 5 || in.at[at] != ESCAPE ||
        (in.at[at + 1] != '$' && (in.at[at + 1] != '(' || in.at[at + 2] != 'I'))) {
        return 0;
    }
    size_t end = bytes_find_byte(in, ESCAPE, at + 2);
    if (end == BYTES_NOWHERE) {
        return 0;
    }
    bool to_ascii = in.size - end >= 3 && in.at[end + 1] == '(' &&
                    (in.at[end + 2] == 'B' || in.at[end + 2] == 'J');
    return to_ascii ? end + 3 : end;
}

static bool
is_plain(struct bytes b)
{
    size_t i = 0;

    for (uint64_t eight; i + 8 <= b.size; i += 8) {
        memcpy(&eight, b.at + i, 8);
        if ((eight & 0x8080808080808080u) != 0) {
            return false;
        }
    }
    for (; i < b.size; i++) {
        if (b.at[i] >= 0x80) {
            return false;
        }
    }
    /* "$B" and "$@" may be JIS that lost its ESC bytes. */
    return b.size == 0 || (memchr(b.at, ESCAPE, b.size) == NULL &&
                           bytes_find(b, BYTES("$B"), 0) == BYTES_NOWHERE &&
                           bytes_find(b, BYTES("$@"), 0) == BYTES_NOWHERE);
}

struct bytes
words_decode(struct arena *arena, struct bytes value, struct defects *defects)
{
    return words_decode_from(arena, value, EMOJI_NOBODY, defects);
}

struct bytes
words_decode_from(struct arena *arena, struct bytes value, enum emoji_carrier carrier,
                  struct defects *defects)
{
    struct words_seam seam = {0};
    struct word word;

    if (value.size > LIMIT_HEADER_FIELD) {
        defect_note(defects, "header_field_size", value.at);
        value.size = LIMIT_HEADER_FIELD;
    }
    struct bytes in = header_unfold(arena, value);
    size_t first = bytes_find(in, BYTES("=?"), 0);
    if (first == BYTES_NOWHERE && is_plain(in)) {
        return in;
    }
    struct joiner j = {.arena = arena, .defects = defects, .carrier = carrier};
    writer_init(&j.text, arena);
    writer_init(&j.base64, arena);
    writer_init(&j.waiting, arena);
    size_t plain = 0;
    for (size_t at = first; at != BYTES_NOWHERE;) {
        if (!words_match(in, at, &seam, &word)) {
            at = bytes_find(in, BYTES("=?"), at + 1);
            continue;
        }
        plain_take(&j, bytes_slice(in, plain, at), true);
        words_take(&j, &word);
        plain = at + word.size;
        at = bytes_find(in, BYTES("=?"), plain);
    }
    plain_take(&j, bytes_from(in, plain), false);
    words_flush(&j);
    return bytes_trim(writer_view(&j.text));
}
