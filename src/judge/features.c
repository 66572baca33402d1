#include "judge/features.h"

#include "base/hash.h"
#include "base/scan.h"

#define PAIR_DISTANCE  4
#define WORD_SIZE_MAX  40   /* longer runs of letters are cut: base64, hashes */
#define FIELD_SIZE_MAX 8192 /* of one field are looked at */
#define CLEARED_WHOLE  1500 /* features from which on it is cheaper to clear all than each */
#define PADDING        16   /* zero bytes after the text, so that no load needs a test */

/* Mixed into the hashes, so that header and text have features of their own. */
enum { KIND_HEADER = 1, KIND_TEXT = 2 };

_Static_assert(PADDING >= SCAN_SIZE, "a block may begin at the last byte");
_Static_assert(LIMIT_MODEL_HEADER_BYTES <= 8192 && LIMIT_MODEL_TEXT_BYTES <= 8192,
               "features fit FEATURES_MAX");

static void
clear_set(struct feature_set *set)
{
    if (set->count > CLEARED_WHOLE) {
        memset(set->seen, 0, sizeof set->seen);
    }
    for (size_t i = 0; set->count <= CLEARED_WHOLE && i < set->count; i++) {
        set->seen[set->at[i] / 64] = 0;
    }
    set->count = set->header_count = 0;
}

void
features_clear(struct features *features)
{
    clear_set(&features->grams);
    clear_set(&features->pairs);
    letters_clear(&features->letters);
}

/* Features are told apart by their product with this. */
#define MIX UINT64_C(0x9e3779b97f4a7c15)
/* Features that one place of a text gives at most: of grams, of pairs. */
#define GRAMS 2
#define PAIRS (1 + PAIR_DISTANCE)

/* Gives how many the set has then: its user counts in a register, since a count in memory has each feature wait for the one
 * before. */
static inline size_t
add(struct feature_set *set, size_t count, uint64_t mixed)
{
    size_t at = mixed >> (64 - FEATURE_BITS), block = mixed >> (64 - FEATURE_BITS + 6);
    uint64_t seen = set->seen[block], now = seen | UINT64_C(1) << (at % 64);

    /* Whether it is new nobody can foretell, so nothing branches on it. */
    set->at[count] = (uint32_t)at;
    set->seen[block] = now;
    return count + (seen < now);
}

static inline uint64_t
load(const uint8_t *at, size_t size)
{
    uint64_t x;

    memcpy(&x, at, sizeof x);
    return size >= 8 ? x : x & ((UINT64_C(1) << (size * 8)) - 1);
}

/* Bytes of the character that starts with this one; text is valid UTF-8, header bytes may be anything. */
static inline size_t
character_size(uint8_t lead)
{
    return lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* Whether three characters of three bytes stand there, as in most of Japanese. */
static inline bool
is_wide(const uint8_t *at)
{
    return (at[0] & at[3] & at[6] & 0xf0) == 0xe0 && ((at[0] | at[3] | at[6]) & 0x10) == 0;
}

static inline size_t
add_characters(struct feature_set *set, size_t count, const uint8_t *at, size_t two,
               size_t three, uint64_t kind)
{
    uint64_t pair = load(at, two) * 0x100000001b3u + kind + 7;

    count = add(set, count, pair * MIX);
    return three > two
               ? add(set, count, (hash_mix(pair) + load(at + two, three - two)) * MIX)
               : count;
}

static void
add_grams(struct feature_set *set, const uint8_t *at, size_t size, uint64_t kind)
{
    size_t count = set->count;

    size = size < (FEATURES_MAX - count) / GRAMS ? size : (FEATURES_MAX - count) / GRAMS;
    for (size_t i = 0; i < size;) {
        while (i + 4 <= size && at[i] < 0x80) {
            count = add(set, count, load(at + i, 4) * (1000003 * MIX) + kind * MIX);
            i++;
        }
        if (i >= size || at[i] < 0x80) {
            i++;
            continue;
        }
        if (i + 9 <= size && is_wide(at + i)) {
            count = add_characters(set, count, at + i, 6, 9, kind);
            i += 3;
            continue;
        }
        size_t one = character_size(at[i]);
        size_t two = i + one < size ? one + character_size(at[i + one]) : one;
        size_t three = i + two < size ? two + character_size(at[i + two]) : two;
        if (i + two <= size && two > one) {
            count = add_characters(set, count, at + i, two, i + three <= size ? three : two,
                                   kind);
        }
        i += one;
    }
    set->count = count;
}

/* Bytes of the word that begins there, at least one: up to a blank, a control character or Japanese. The text ends with PADDING. */
static inline size_t
word_size(const uint8_t *at)
{
    size_t size = 0, run;

    do {
        scan_block block = scan_load(at + size);
        unsigned of_word = scan_hits((scan_block)((block > ' ') & (block < 0xe3)) |
                                     (scan_block)(block >= 0xf0));
        run = scan_first(~(size_t)of_word);
        size += run < SCAN_SIZE ? run : SCAN_SIZE;
    } while (run >= SCAN_SIZE && size < WORD_SIZE_MAX);
    return size < WORD_SIZE_MAX ? size : WORD_SIZE_MAX;
}

/* The next word; Japanese (from U+3000 on) comes character by character. */
static inline uint64_t
next_word(const uint8_t *at, size_t size, size_t *position, uint64_t kind)
{
    uint64_t hash = kind;
    size_t i = *position;

    if (at[i] >= 0xe3 && at[i] < 0xf0) {
        hash += load(at + i, 3);
        i = i + 3 < size ? i + 3 : size;
    } else {
        for (size_t end = i + word_size(at + i); i < end; i++) {
            hash = (hash ^ at[i]) * 0x100000001b3u;
        }
    }
    *position = i;
    return hash_mix(hash);
}

/* The word, and each of the `most` before it with it; before: the last one first, each three times its product with MIX. The
 * product of a sum is the sum of the products. */
static inline size_t
add_word(struct feature_set *set, size_t count, uint64_t before[PAIR_DISTANCE],
         uint64_t word, size_t most)
{
    count = add(set, count, word);
    for (size_t d = 1; d <= most; d++) {
        count = add(set, count, before[d - 1] + word + d * (0x1234567 * MIX));
    }
    for (size_t d = PAIR_DISTANCE - 1; d > 0; d--) {
        before[d] = before[d - 1];
    }
    before[0] = word * 3;
    return count;
}

static void
add_pairs(struct feature_set *set, const uint8_t *at, size_t size, uint64_t kind)
{
    uint64_t before[PAIR_DISTANCE] = {0};
    size_t words = 0, count = set->count;

    for (size_t i = 0; i < size && count + PAIRS <= FEATURES_MAX;) {
        if (at[i] <= ' ') {
            i++;
            continue;
        }
        uint64_t word = next_word(at, size, &i, kind) * MIX;
        count = words < PAIR_DISTANCE ? add_word(set, count, before, word, words++)
                                      : add_word(set, count, before, word, PAIR_DISTANCE);
    }
    set->count = count;
}

/* Fields that tell another filter's opinion, our own, or the encoding; and the subject, which counts as text. */
static bool
is_left_out(struct bytes name)
{
    static const char *const starts[] = {
        "X-Spam", "X-Sekisho",  "X-Rspam",    "X-Bogosity",   "Authentication-Results",
        "ARC-",   "DKIM-",      "DomainKey-", "Received-SPF", "X-Status",
        "Status", "X-Keywords", "X-UID",      "Subject",      "Content-Transfer-Encoding",
    };

    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        if ((starts[i][0] | 0x20) == ascii_lower(name.at[0]) &&
            bytes_starts_fold(name, bytes_from_text(starts[i]))) {
            return true;
        }
    }
    return false;
}

/* charset?encoding?text?= : index of the last byte. */
static size_t
encoded_word_end(struct bytes whole, size_t at)
{
    for (int part = 0; part < 2; part++) {
        at = bytes_find_byte(whole, '?', at);
        if (at == BYTES_NOWHERE) {
            return at;
        }
        at++;
    }
    at = bytes_find(whole, BYTES("?="), at);
    return at == BYTES_NOWHERE ? at : at + 1;
}

/* A field's bytes without what depends on an encoding: encoded words and the charset parameter. */
static size_t
copy_field(uint8_t *to, size_t room, struct bytes whole)
{
    size_t size = 0;

    whole = bytes_slice(whole, 0, FIELD_SIZE_MAX);
    if (memchr(whole.at, '=', whole.size) == NULL &&
        memchr(whole.at, '\r', whole.size) == NULL) {
        size = whole.size < room ? whole.size : room;
        memcpy(to, whole.at, size);
        return size;
    }
    for (size_t at = 0; at < whole.size && size < room; at++) {
        if (whole.at[at] == '=' && at + 1 < whole.size && whole.at[at + 1] == '?') {
            size_t end = encoded_word_end(whole, at + 2);
            if (end != BYTES_NOWHERE) {
                at = end;
                continue;
            }
        }
        if (whole.at[at] == 'c' &&
            bytes_starts_fold(bytes_slice(whole, at, at + 8), BYTES("charset="))) {
            while (at + 1 < whole.size && whole.at[at + 1] != ';' &&
                   whole.at[at + 1] != '\n') {
                at++;
            }
            continue;
        }
        if (whole.at[at] != '\r') {
            to[size++] = whole.at[at];
        }
    }
    return size;
}

static size_t
copy_text(uint8_t *to, size_t room, const char *text)
{
    size_t size = strlen(text) < room ? strlen(text) : room;

    memcpy(to, text, size);
    return size;
}

/* Text has a charset also where none is named (RFC 2045 5.2): the field is then written as if one had been cut out. */
static size_t
copy_content_type(uint8_t *to, size_t room, const struct field *field)
{
    size_t size = copy_field(to, room, field->whole);

    if (bytes_starts_fold(bytes_trim(field->value), BYTES("text/")) &&
        bytes_find_byte(field->value, ';', 0) == BYTES_NOWHERE && size > 0 &&
        to[size - 1] == '\n') {
        size += copy_text(to + size - 1, room - size + 1, "; \n") - 1;
    }
    return size;
}

size_t
features_header_bytes(const struct header *header, uint8_t to[LIMIT_MODEL_HEADER_BYTES])
{
    bool typed = false;
    size_t size = 0;

    for (size_t i = 0; i < header->field_count && size < LIMIT_MODEL_HEADER_BYTES; i++) {
        const struct field *field = &header->fields[i];
        if (field->name.size > 0 && !is_left_out(field->name)) {
            bool type = bytes_is_fold(field->name, "Content-Type");
            size +=
                (type ? copy_content_type(to + size, LIMIT_MODEL_HEADER_BYTES - size, field)
                      : copy_field(to + size, LIMIT_MODEL_HEADER_BYTES - size,
                                   field->whole));
            typed = typed || type || bytes_is_fold(field->name, "MIME-Version");
        }
    }
    /* Without MIME it is plain text (RFC 2045 5.2), and counts as that. */
    if (header->field_count > 0 && !typed) {
        size += copy_text(to + size, LIMIT_MODEL_HEADER_BYTES - size,
                          "MIME-Version: 1.0\nContent-Type: text/plain; \n");
    }
    return size;
}

static void
add_all(struct features *features, struct bytes text, size_t most, uint64_t kind)
{
    uint8_t padded[(LIMIT_MODEL_HEADER_BYTES > LIMIT_MODEL_TEXT_BYTES
                        ? LIMIT_MODEL_HEADER_BYTES
                        : LIMIT_MODEL_TEXT_BYTES) +
                   PADDING];
    size_t size = text.size < most ? text.size : most;

    if (size > 0) {
        memcpy(padded, text.at, size);
    }
    memset(padded + size, 0, PADDING);
    add_grams(&features->grams, padded, size, kind);
    add_pairs(&features->pairs, padded, size, kind);
}

void
features_add_header(struct features *features, struct bytes header)
{
    add_all(features, header, LIMIT_MODEL_HEADER_BYTES, KIND_HEADER);
    features->grams.header_count = features->grams.count;
    features->pairs.header_count = features->pairs.count;
}

void
features_add_text(struct features *features, struct bytes normal)
{
    add_all(features, normal, LIMIT_MODEL_TEXT_BYTES, KIND_TEXT);
    letters_add(&features->letters, bytes_slice(normal, 0, LIMIT_MODEL_TEXT_BYTES));
}
