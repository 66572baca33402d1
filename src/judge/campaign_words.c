#include "judge/campaign_private.h"

#include "base/arena.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "judge/minhash.h"

#define MAIL_LOCAL_MOST 64 /* RFC 5321 4.5.3.1.1; and keeps time linear */
#define WORD_SEED       0x63616d70u

static bool
is_character(uint32_t c)
{
    return (c >= 0x3041 && c <= 0x30ff && c != 0x30fb) || (c >= 0x3400 && c <= 0x9fff) ||
           (c >= 0x3005 && c <= 0x3007) || (c >= 0xf900 && c <= 0xfaff) ||
           (c >= 0x0e01 && c <= 0x0e7f) || (c >= 0x20000 && c <= 0x3ffff);
}

static bool
is_letter(uint32_t c)
{
    if (c < 0x80) {
        return ascii_letter((uint8_t)c);
    }
    return (c >= 0xc0 && c < 0x2000 && c != 0xd7 && c != 0xf7) ||
           (c >= 0xac00 && c <= 0xd7a3);
}

static uint8_t
at_or_nul(struct bytes text, size_t at)
{
    return at < text.size ? text.at[at] : 0;
}

static bool
in_url(uint8_t c)
{
    return c > ' ' && c < 0x7f && c != '<' && c != '>' && c != '"' && c != '\'' &&
           c != '(' && c != ')' && c != '[' && c != ']' && c != '{' && c != '}';
}

/* The end of a URL at `at`, or `at`. */
static size_t
url_end(struct bytes text, size_t at)
{
    struct bytes rest = bytes_from(text, at);
    size_t end = at;

    if (text.at[at] != 'h' && text.at[at] != 'w') {
        return at;
    }
    if (!bytes_starts(rest, BYTES("http://")) && !bytes_starts(rest, BYTES("https://")) &&
        !bytes_starts(rest, BYTES("hxxp")) && !bytes_starts(rest, BYTES("www."))) {
        return at;
    }
    while (end < text.size && in_url(text.at[end])) {
        end++;
    }
    while (end > at + 1 &&
           bytes_find_byte(BYTES(".,;:!?"), text.at[end - 1], 0) != BYTES_NOWHERE) {
        end--;
    }
    return end;
}

static bool
in_local(uint8_t c)
{
    return ascii_letter(c) || ascii_digit(c) || c == '.' || c == '_' || c == '+' ||
           c == '-' || c == '%' || c == '=';
}

static bool
joins_digits(uint32_t c)
{
    return c >= ',' && c <= ':' && (c < '0' || c > '9'); /* , - . / : */
}

/* The end of a mail address at `at`, or `at`. */
static size_t
mail_end(struct bytes text, size_t at)
{
    size_t end = at;

    while (end < text.size && end - at <= MAIL_LOCAL_MOST && in_local(text.at[end])) {
        end++;
    }
    if (end == at || at_or_nul(text, end) != '@') {
        return at;
    }
    size_t domain = ++end;
    while (end < text.size && (ascii_letter(text.at[end]) || ascii_digit(text.at[end]) ||
                               text.at[end] == '-' || text.at[end] == '.')) {
        end++;
    }
    while (end > domain && (text.at[end - 1] == '.' || text.at[end - 1] == '-')) {
        end--;
    }
    return end == domain ? at : end;
}

/* Letters and digits from `at` on; what joins numbers is taken between digits alone. */
static size_t
run_end(struct bytes text, size_t at, enum word_kind *kind_r)
{
    bool letters = false, digits = false;
    size_t end = at;

    while (end < text.size) {
        uint32_t c = text.at[end];
        size_t size = 1;
        if (c < 0x80 && ascii_letter((uint8_t)c)) {
            letters = true;
        } else if (c < 0x80 && ascii_digit((uint8_t)c)) {
            digits = true;
        } else if (c >= 0x80) {
            size = utf8_get(text, end, &c);
            if (size == 0 || !is_letter(c)) {
                break;
            }
            letters = true;
        } else if (letters || !digits || !joins_digits(c) ||
                   !ascii_digit(at_or_nul(text, end + 1))) {
            break;
        }
        end += size;
    }
    *kind_r = !digits ? WORD_LETTERS : letters ? WORD_CODE : WORD_NUMBER;
    return end;
}

static size_t
read_word(struct bytes text, size_t at, enum word_kind *kind_r)
{
    uint32_t c = 0;
    size_t size = utf8_get(text, at, &c), end;

    if (size == 0) {
        return at;
    }
    if (is_character(c)) {
        *kind_r = WORD_CHARACTER;
        return at + size;
    }
    if (!is_letter(c) && !(c < 0x80 && ascii_digit((uint8_t)c))) {
        return at;
    }
    *kind_r = WORD_URL;
    end = c < 0x80 ? url_end(text, at) : at;
    if (end > at) {
        return end;
    }
    *kind_r = WORD_MAIL;
    end = c < 0x80 ? mail_end(text, at) : at;
    return end > at ? end : run_end(text, at, kind_r);
}

bool
word_next(struct bytes text, size_t *at, struct word *word_r)
{
    while (*at < text.size) {
        enum word_kind kind = WORD_LETTERS;
        size_t end = read_word(text, *at, &kind);
        if (end == *at) {
            (*at)++;
            continue;
        }
        *word_r = (struct word){
            .kind = kind,
            .from = (uint32_t)*at,
            .to = (uint32_t)end,
            .exact = hash_quick(bytes_slice(text, *at, end), WORD_SEED),
        };
        word_r->alike = kind == WORD_LETTERS || kind == WORD_CHARACTER
                            ? word_r->exact
                            : hash_mix(WORD_SEED + (uint64_t)kind);
        *at = end;
        return true;
    }
    return false;
}

struct bytes
own_words(struct arena *arena, const struct own_text *text, size_t most)
{
    uint8_t *to;
    size_t size = 0;

    most = text->normal.size < most ? text->normal.size : most;
    if (text->region_count == 0 ||
        (text->region_count == 1 && text->regions[0].kind == REGION_OWN)) {
        return bytes_slice(text->normal, 0, most);
    }
    to = arena_take_bytes(arena, most);
    for (size_t i = 0; i < text->region_count && size < most; i++) {
        const struct region *region = &text->regions[i];
        if (region->kind != REGION_OWN) {
            continue;
        }
        struct bytes piece = bytes_slice(
            bytes_slice(text->normal, region->from, region->to), 0, most - size);
        if (piece.size > 0) {
            memcpy(to + size, piece.at, piece.size);
            size += piece.size;
        }
    }
    return bytes_of(to, size);
}
