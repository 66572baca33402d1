/* Shared by the readers of indicators: the text folded to one character a place, and what was found. */
#pragma once

#include "base/limits.h"
#include "base/writer.h"
#include "judge/indicators.h"

/* How far a reader looks back and ahead, in characters. */
#define INDICATOR_BACK  160
#define INDICATOR_AHEAD 160

struct glyph {
    uint32_t
        c; /* folded in width, not in case; a blank is ' ' or '\n', never two in a row */
    uint32_t at; /* where it begins in the text */
    bool taken;  /* belongs to an indicator or link */
};

/* Where a reader has to look: most of a text begins nothing. */
enum reading_mark {
    MARK_MAIL,      /* a sign for @ */
    MARK_MESSENGER, /* the name of a messenger, or @ */
    MARK_OTHER,     /* numbers, places, names */
};
#define READING_MARKS 3

#define BANK_FIRST 16 /* words of 64 bits */

struct reading {
    struct arena *arena;
    struct bytes text;
    struct glyph *glyphs; /* one more than count: a last one of c 0 */
    size_t count, room;
    uint64_t *marks[READING_MARKS]; /* a bit for each character */
    size_t bank_from;               /* no account's words begin before */
    size_t account_tries;
    const uint64_t
        *bank_first; /* what the words of an account begin with; NULL: none is looked for */
    struct indicator *list;
    uint64_t *hashes;
    size_t found, list_room;
};

/* Fills glyphs and marks from the text. */
void reading_fold(struct reading *r);
/* The next character at or behind `at` that has the mark; count where there is none. */
size_t reading_next(const struct reading *r, enum reading_mark mark, size_t at);

/* The character there, 0 outside. */
static inline uint32_t
glyph(const struct reading *r, size_t at)
{
    return at < r->count ? r->glyphs[at].c : 0;
}

static inline uint32_t
glyph_before(const struct reading *r, size_t at)
{
    return at == 0 || at > r->count ? 0 : r->glyphs[at - 1].c;
}

static inline bool
glyph_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static inline bool
glyph_letter(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
glyph_blank(uint32_t c)
{
    return c == ' ' || c == '\n';
}

static inline bool
glyph_hiragana(uint32_t c)
{
    return c >= 0x3041 && c <= 0x3096;
}

static inline bool
glyph_katakana(uint32_t c)
{
    return (c >= 0x30a1 && c <= 0x30fa) || c == 0x30fc;
}

static inline bool
glyph_kanji(uint32_t c)
{
    return (c >= 0x3400 && c <= 0x9fff) || c == 0x3005 || c == 0x3007 ||
           (c >= 0xf900 && c <= 0xfaff) || (c >= 0x20000 && c <= 0x323af);
}

static inline uint32_t
glyph_lower(uint32_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* The value of a kanji digit (〇 and its look-alikes too), or -1. */
int glyph_kanji_number(uint32_t c);

/* The same, and of ASCII digits. Between 〇 and 一 lie kana and most marks, which are none. */
static inline int
glyph_number(uint32_t c)
{
    return c < 0x80                   ? (glyph_digit(c) ? (int)(c - '0') : -1)
           : c > 0x3007 && c < 0x4e00 ? -1
                                      : glyph_kanji_number(c);
}

/* 都, 道, 府, 県. */
static inline bool
is_prefecture(uint32_t c)
{
    return c == 0x90fd || c == 0x9053 || c == 0x5e9c || c == 0x770c;
}

/* What the labels of names begin with: 担, 差, 氏, 責, 代, 運, 販, 弁, 送. */
static inline bool
name_label_begins(uint32_t c)
{
    return c == 0x62c5 || c == 0x5dee || c == 0x6c0f || c == 0x8cac || c == 0x4ee3 ||
           c == 0x904b || c == 0x8ca9 || c == 0x5f01 || c == 0x9001;
}

/* How many characters of the text the word takes at that place, 0 if it does not stand there; ASCII in any case, and blanks
 * between characters of which one is Japanese. */
size_t glyphs_are(const struct reading *r, size_t at, const char *word);
/* The same for what ends there: how many characters before `at`. A word of ASCII letters is not the end of a longer one. */
size_t glyphs_end(const struct reading *r, size_t at, const char *word);
/* The longest of a list of words that ends with NULL. */
size_t glyphs_any(const struct reading *r, size_t at, const char *const *words);
size_t glyphs_end_any(const struct reading *r, size_t at, const char *const *words);
size_t glyphs_skip_blanks(const struct reading *r, size_t at);

/* Writes characters [from, to); blanks are ' '. */
void glyphs_write(struct writer *w, const struct reading *r, size_t from, size_t to);
struct bytes glyphs_copy(const struct reading *r, size_t from, size_t to);
struct bytes glyphs_copy_lower(const struct reading *r, size_t from, size_t to);

/* Notes what stands in characters [from, to) and takes them. The copy in the list may be filled further; NULL where it was told
 * before or there are LIMIT_INDICATORS. */
struct indicator *reading_add(struct reading *r, enum indicator_type type,
                              struct bytes value, size_t from, size_t to);
/* The same of a link alone. */
struct indicator *reading_add_link(struct reading *r, enum indicator_type type,
                                   struct bytes value);
bool reading_taken(const struct reading *r, size_t from, size_t to);

/* A telephone number that begins there, in E.164; "" if none. label: words before it say that it is one. */
struct bytes phone_number(const struct reading *r, size_t at, bool labelled, size_t *to_r);

/* Each looks whether one of its kind begins (or for accounts: has its number) at `at`; gives where to read on, or `at`. */
size_t phone_read(struct reading *r, size_t at);
size_t account_read(struct reading *r, size_t at);
size_t iban_read(struct reading *r, size_t at);
size_t coin_read(struct reading *r, size_t at);
size_t place_read(struct reading *r, size_t at);
size_t name_read(struct reading *r, size_t at);
/* All mail addresses, then all names at messengers, before links and anything else: either may look like a host. */
void mail_read(struct reading *r);
void messengers_read(struct reading *r);
/* Once, before account_read. */
void bank_accounts_init(struct reading *r);
/* The id that a link to a messenger tells; false if it is none. */
bool messenger_link(struct arena *arena, struct bytes host, struct bytes href,
                    enum indicator_type *type_r, struct bytes *value_r);

/* Banks of Japan by what people write. */
#define BANK_WORDS 5
struct bank {
    const char *name;              /* in full */
    const char *code;              /* of the Zengin system, four digits */
    const char *bic;               /* its first eight characters, NULL if not known here */
    const char *words[BANK_WORDS]; /* other ways to write it, longest first */
};
extern const struct bank banks[];
extern const size_t bank_count;

/* A piece of the text; none where from == to. */
struct span {
    size_t from, to;
};

struct account {
    struct span number; /* as written */
    uint8_t digits[8];
    size_t digit_count;
    const char *kind;
    size_t kind_from; /* where kind or label begins */
    bool labelled;    /* 口座番号 and the like */
    const struct bank *bank;
    struct span bank_name, branch, holder;
    uint8_t branch_digits[3]; /* of Japan Post Bank, or where only the number is told */
    bool has_branch_digits;
    size_t from, to;
};

extern const char account_post_bank[]; /* ゆうちょ銀行 */
/* Blanks, brackets, particles between the parts. */
bool account_joint(uint32_t c);
/* Digits in a row, blanks between single ones allowed; 0 if there are more than most. */
size_t account_digits(const struct reading *r, size_t at, uint8_t *digits, size_t most,
                      size_t *to_r);
/* The last bank or branch in [from, to). */
void account_bank_find(const struct reading *r, struct account *a, size_t from, size_t to);
void account_branch_find(const struct reading *r, struct account *a, size_t from,
                         size_t to);
/* The holder after the number, or before the account. */
void account_holder_find(const struct reading *r, struct account *a);
void account_holder_find_before(const struct reading *r, struct account *a, size_t from);
