#include "judge/indicators_private.h"

#include <string.h>

#include "parse/domain.h"

/* Mail addresses, plain and disguised: another sign for @ (★, [at], あっと), another for the dot ([dot], ドット), blanks
 * around them. A sign that may mean something else counts only where the rest leaves no doubt. */

#define LOCAL_MAX  64
#define LABELS_MAX 8

enum sign {
    SIGN_NONE,
    SIGN_SURE,  /* @, [at]: stands for @ wherever an address follows */
    SIGN_CLOSE, /* ★: no blank on either side */
    SIGN_HINT,  /* #: only where the text says so */
    SIGN_WORD,  /* at: only where the dots are words too */
};

static bool
is_local(uint32_t c)
{
    return glyph_digit(c) || glyph_letter(c) || c == '.' || c == '_' || c == '-' ||
           c == '+' || c == '%';
}

static bool
is_label(uint32_t c)
{
    return glyph_digit(c) || glyph_letter(c) || c == '-';
}

/* What stands for @ there; how long it is with the blanks around it, from *from_r on. */
static enum sign
sign_at(const struct reading *r, size_t at, size_t *from_r, size_t *to_r)
{
    static const char *const sure[] = {"[ at ]",
                                       "( at )",
                                       "[at]",
                                       "(at)",
                                       "{at}",
                                       "<at>",
                                       "[@]",
                                       "(@)",
                                       "{@}",
                                       "[あっと]",
                                       "(あっと)",
                                       "【あっと】",
                                       "あっとまーく",
                                       "アットマーク",
                                       "(アット)",
                                       "[アット]",
                                       "【アット】",
                                       "【at】",
                                       "(a)",
                                       "[a]",
                                       "@",
                                       "[アットマーク]",
                                       "(アットマーク)",
                                       "【アットマーク】",
                                       "(あっとまーく)",
                                       "[あっとまーく]",
                                       "【@】",
                                       "_at_",
                                       NULL};
    static const char *const close[] = {"★", "☆",      "■",      "●", "◎", "◆", "♪", "□",
                                        "▲", "あっと", "アット", "◇", "※", "♥", "♡", NULL};
    enum sign sign = SIGN_SURE;
    size_t size = glyphs_any(r, at, sure);

    *from_r = at;
    if (size == 0 && (size = glyphs_any(r, at, close)) > 0) {
        sign = SIGN_CLOSE;
    } else if (size == 0 && glyph(r, at) < 0x80 &&
               strchr("#*!$&^~=", (int)glyph(r, at)) != NULL) {
        sign = SIGN_HINT;
        size = 1;
    } else if (size == 0 && glyphs_are(r, at, " at ") > 0) {
        *to_r = at + 4;
        return SIGN_WORD;
    } else if (size == 0) {
        return SIGN_NONE;
    }
    *to_r = at + size;
    if (sign == SIGN_SURE) {
        *to_r += glyph(r, *to_r) == ' ';
        *from_r -= glyph_before(r, at) == ' ';
    }
    return sign;
}

/* What stands for a dot there; 0 if nothing does. */
static size_t
dot_at(const struct reading *r, size_t at, bool *word_r)
{
    static const char *const words[] = {
        "[.]",      " dot ",    "[ dot ]",    "( dot )", "[dot]",    "(dot)", "{dot}",
        "(ドット)", "[ドット]", "【ドット】", "ドット",  "(どっと)", "(.)",   "[どっと]",
        "どっと",   "_dot_",    "<dot>",      "【.】",   NULL};
    size_t size = glyphs_any(r, at, words);
    uint32_t next = glyph(r, at + 1);

    if (size == 0 && glyph(r, at) == ' ' &&
        (next == '[' || next == '(' || next == '{' || next == 0x3010)) {
        size = glyphs_any(r, at + 1, words);
        size += size > 0 ? (glyph(r, at + 1 + size) == ' ' ? 2 : 1) : 0;
    }
    *word_r = size > 0;
    return size > 0 ? size : glyph(r, at) == '.' || glyph(r, at) == 0x3002;
}

/* The host that begins there. */
static struct bytes
host_read(const struct reading *r, size_t at, size_t *to_r, bool *word_r)
{
    struct writer w;
    struct bytes host;
    bool word, words = true;
    size_t labels = 0, known_to = 0, known_size = 0;

    writer_init(&w, r->arena);
    while (labels < LABELS_MAX) {
        size_t from = at;
        while (is_label(glyph(r, at)) && at - from < 63) {
            writer_byte(&w, ascii_lower((uint8_t)glyph(r, at)));
            at++;
        }
        if (at == from || glyph(r, from) == '-' || glyph_before(r, at) == '-') {
            break;
        }
        if (++labels >= 2 && at - from >= 2 && glyph_letter(glyph(r, from)) &&
            domain_suffix_known(writer_view(&w))) {
            known_to = at;
            known_size = w.size;
            *word_r = words;
        }
        size_t dot = dot_at(r, at, &word);
        if (dot == 0) {
            break;
        }
        words &= word;
        writer_byte(&w, '.');
        at += dot;
    }
    *to_r = known_to;
    if (known_to == 0 ||
        !domain_to_ascii(r->arena, bytes_slice(writer_view(&w), 0, known_size), &host)) {
        return BYTES_NONE;
    }
    return host;
}

/* The part before @, backwards; its dots may be words. Gives where it begins. */
static size_t
local_from(const struct reading *r, size_t at)
{
    static const char *const dots[] = {" dot ",    "[dot]", "(dot)", "{dot}",
                                       "(ドット)", "[.]",   NULL};
    size_t from = at, dot;

    for (int words = 0; words < 4; words++) {
        size_t start = from;
        while (from > 0 && at - from < LOCAL_MAX && is_local(glyph_before(r, from))) {
            from--;
        }
        if (from == start) {
            break;
        }
        dot = glyphs_end_any(r, from, dots);
        if (dot == 0 || at - from > LOCAL_MAX - 8 ||
            !is_local(glyph_before(r, from - dot))) {
            break;
        }
        from -= dot;
    }
    while (from < at &&
           (glyph(r, from) == '.' || glyph(r, from) == '-' || !is_local(glyph(r, from)))) {
        from++;
    }
    return from;
}

static void
local_write(struct writer *w, const struct reading *r, size_t from, size_t to)
{
    bool word;

    while (from < to) {
        size_t dot = dot_at(r, from, &word);
        if (dot > 0) {
            writer_byte(w, '.');
        } else {
            writer_byte(w, ascii_lower((uint8_t)glyph(r, from)));
        }
        from += dot > 0 ? dot : 1;
    }
}

/* "#は@に変えて" or the like, soon after. */
static bool
is_hinted(const struct reading *r, size_t at, uint32_t sign)
{
    for (size_t i = at; i < at + 24; i++) {
        bool told =
            glyph(r, i) == sign && (glyph(r, i + 2) == '@' || glyph(r, i + 3) == '@');
        if (told || glyphs_are(r, i, "@に") > 0) {
            return true;
        }
    }
    return false;
}

/* Whether something stands there that may be a sign for @, and before it what an address may begin with: most of a text is told
 * by its letters. */
static inline bool
may_be_sign(const struct reading *r, size_t at)
{
    uint32_t c = r->glyphs[at].c, before = glyph_before(r, at);

    if (glyph_letter(c) || glyph_digit(c)) {
        return false;
    }
    return (is_local(before) || before == ' ') &&
           (c >= 0x80 || c == '@' || c == '[' || c == '(' || c == '{' || c == '<' ||
            (c == ' ' && glyph_lower(glyph(r, at + 1)) == 'a') ||
            memchr("#_*!$&^~=", (int)c, 10) != NULL);
}

static size_t
mail_at(struct reading *r, size_t at)
{
    struct writer w;
    bool word = false;
    size_t from, after, to;
    enum sign sign = sign_at(r, at, &from, &after);

    if (sign == SIGN_NONE || !is_local(glyph_before(r, from)) ||
        !is_label(glyph(r, after))) {
        return at;
    }
    size_t start = local_from(r, from);
    struct bytes host = host_read(r, after, &to, &word);
    if (host.size == 0 || start == from || glyph_before(r, from) == '.' ||
        glyph_before(r, start) == '/' || (sign == SIGN_WORD && !word) ||
        (sign == SIGN_HINT && !is_hinted(r, to, glyph(r, at)))) {
        return at;
    }
    writer_init(&w, r->arena);
    local_write(&w, r, start, from);
    writer_byte(&w, '@');
    writer_bytes(&w, host);
    struct indicator *added =
        reading_add(r, INDICATOR_EMAIL, bytes_copy(r->arena, writer_view(&w)), start, to);
    if (added != NULL) {
        added->disguised =
            sign != SIGN_SURE || word || glyph(r, at) != '@' || after != from + 1;
    }
    return to;
}

void
mail_read(struct reading *r)
{
    for (size_t at = 0; at < r->count && r->found < LIMIT_INDICATORS;) {
        size_t after = may_be_sign(r, at) ? mail_at(r, at) : at;
        at = after > at ? after : at + 1;
    }
}
