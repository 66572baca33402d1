#include "judge/spelling.h"

#include "base/scan.h"
#include "base/utf8.h"

/* Hiragana from U+3041 on: the vowel each ends on (a to o; n: none), and what it is spelt as without regard to size. */
static const char vowels[] =
    "aaiiuueeooaaiiuueeooaaiiuueeooaaiiuuueeooaiueoaaaiiiuuueeeoooaiueo"
    "aauuooaiueoaaieonuae";

static bool
is_hiragana(uint32_t c)
{
    return c >= 0x3041 && c <= 0x3096;
}

static bool
is_kanji(uint32_t c)
{
    return (c >= 0x3400 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff) || c == 0x3005;
}

/* Small kana come right before their large one, but for three; the small tsu is left, since verbs have it before others. */
static uint32_t
large(uint32_t c)
{
    switch (c) {
    case 0x3041:
    case 0x3043:
    case 0x3045:
    case 0x3047:
    case 0x3049:
    case 0x3083:
    case 0x3085:
    case 0x3087:
    case 0x308e:
        return c + 1;
    case 0x3095:
        return 0x304b;
    case 0x3096:
        return 0x3051;
    case 0x3062: /* di, du */
        return 0x3058;
    case 0x3065:
        return 0x305a;
    case 0x3090: /* wi, we; but wo is a word of its own */
        return 0x3044;
    case 0x3091:
        return 0x3048;
    default:
        return c;
    }
}

static uint32_t
prolonged(uint32_t before)
{
    static const struct {
        char vowel;
        uint16_t kana;
    } of[] = {{'a', 0x3042}, {'i', 0x3044}, {'u', 0x3046}, {'e', 0x3048}, {'o', 0x304a}};

    for (size_t i = 0; is_hiragana(before) && i < sizeof of / sizeof *of; i++) {
        if (vowels[before - 0x3041] == of[i].vowel) {
            return of[i].kana;
        }
    }
    return 0x30fc;
}

/* A character of three bytes in UTF-8, to one of three bytes. before: what was made of the one before it. */
static uint32_t
fold_wide(uint32_t c, uint32_t before)
{
    if (c >= 0x30a1 && c <= 0x30f6) {
        c -= 0x60;
    }
    if (is_hiragana(c)) {
        return large(c);
    }
    switch (c) {
    case 0x30fc:
        return prolonged(before);
    case 0x3007: /* marks that censor */
    case 0x25cf:
    case 0x3013:
    case 0x2715:
    case 0x2716:
        return 0x25cb;
    default:
        return c;
    }
}

static uint8_t
letter_of(uint8_t c)
{
    switch (c) {
    case '0':
        return 'o';
    case '1':
    case '!':
    case '|':
        return 'i';
    case '3':
        return 'e';
    case '4':
    case '@':
        return 'a';
    case '5':
    case '$':
        return 's';
    case '7':
        return 't';
    default:
        return 0;
    }
}

/* Signs count for letters only right between two letters or their stand-ins, digits also at the end of a word of letters. */
static uint8_t
fold_narrow(struct bytes text, size_t at)
{
    uint8_t c = text.at[at], letter = letter_of(c);
    uint8_t before = at > 0 ? text.at[at - 1] : ' ';
    uint8_t after = at + 1 < text.size ? text.at[at + 1] : ' ';

    if (c == 'l') {
        return 'i'; /* as 1 is */
    }
    if (letter == 0) {
        return c;
    }
    bool from = ascii_letter(before) ||
                (letter_of(before) != 0 && at > 1 && ascii_letter(text.at[at - 2]));
    bool on = ascii_letter(after) || letter_of(after) != 0;
    return (from && (on || ascii_digit(c))) || (ascii_digit(c) && ascii_letter(after))
               ? letter
               : c;
}

/* ASCII, sixteen bytes at a time; only the few that may stand for a letter are looked at one by one. Gives where it stops. */
static size_t
fold_blocks(struct bytes normal, size_t at, uint8_t *out)
{
    while (at + SCAN_SIZE <= normal.size) {
        scan_block block = scan_load(normal.at + at);
        if (scan_hits((scan_block)(block >= 0x80)) != 0) {
            break;
        }
        size_t odd =
            scan_hits((scan_block)((block >= '0') & (block <= '7')) | scan_is(block, '!') |
                      scan_is(block, '|') | scan_is(block, '@') | scan_is(block, '$'));
        block -= scan_is(block, 'l') & ('l' - 'i');
        memcpy(out + at, &block, sizeof block);
        for (; odd != 0; odd &= odd - 1) {
            size_t one = at + scan_first(odd);
            out[one] = fold_narrow(normal, one);
        }
        at += SCAN_SIZE;
    }
    return at;
}

struct bytes
spelling_fold(struct arena *arena, struct bytes normal)
{
    uint8_t *out = arena_take_bytes(arena, normal.size);
    uint32_t before = 0, c;

    for (size_t at = 0, size; at < normal.size; at += size) {
        uint8_t byte = normal.at[at];
        size = 1;
        if (byte < 0x80) {
            size_t after = fold_blocks(normal, at, out);
            before = 0;
            if (after > at) {
                size = after - at;
            } else {
                out[at] = fold_narrow(normal, at);
            }
            continue;
        }
        if (byte >= 0xe4 && byte <= 0xe9 && utf8_get(normal, at, &c) == 3) { /* kanji */
            memcpy(out + at, normal.at + at, 3);
            before = 0;
            size = 3;
            continue;
        }
        if (byte >> 4 == 0xe && (size = utf8_get(normal, at, &c)) == 3) {
            before = fold_wide(c, before);
            (void)utf8_put(out + at, before);
            continue;
        }
        size = size == 0 ? 1 : size;
        out[at] = byte;
        before = 0;
    }
    return bytes_of(out, normal.size);
}

struct shape {
    size_t characters, kanji, letters;
};

static struct shape
shape_of(struct bytes word)
{
    struct shape s = {0};
    uint32_t c;

    for (size_t at = 0, size; at < word.size; at += size) {
        size = utf8_get(word, at, &c);
        if (size == 0) {
            return (struct shape){0};
        }
        s.characters++;
        s.kanji += is_kanji(c);
        s.letters += c < 0x80;
    }
    return s;
}

bool
spelling_tells(struct bytes word)
{
    struct shape s = shape_of(word);

    return s.characters >= (s.kanji > 0 ? 3u : s.letters > 0 ? 5u : 4u);
}

struct bytes
spelling_censor(struct arena *arena, struct bytes word, size_t at, size_t *next_r)
{
    uint32_t c;
    size_t size = utf8_get(word, at, &c);
    struct shape s = shape_of(word);

    *next_r = at + (size == 0 ? 1 : size);
    if (size != 3 || c == 0x25cb || s.letters > 0 || s.characters < 3 ||
        s.kanji <= (is_kanji(c) ? 1u : 0u)) {
        return BYTES_NONE;
    }
    uint8_t *out = (uint8_t *)bytes_copy(arena, spelling_fold(arena, word)).at;
    memcpy(out + at, SPELLING_MARK, 3);
    return bytes_of(out, word.size);
}
