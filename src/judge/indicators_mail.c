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
    uint32_t c = glyph(r, at);

    *from_r = at;
    if (c == ' ') {
        *to_r = at + 4;
        return glyphs_are(r, at, " at ") > 0 ? SIGN_WORD : SIGN_NONE;
    }
    if (c < 0x80 && strchr("#*!$&^~=", (int)c) != NULL) {
        *to_r = at + 1;
        return SIGN_HINT;
    }
    size_t size = glyphs_any(r, at, sure);
    if (size == 0) {
        size = glyphs_any(r, at, close);
        sign = SIGN_CLOSE;
    }
    if (size == 0) {
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

/* Whether at a mark a sign for @ may stand: before it what an address may end with, a blank between them or not; behind brackets
 * and _ what all their signs go on with: at, @, あ, ア. */
static inline bool
may_be_sign(const struct reading *r, size_t at)
{
    uint32_t c = r->glyphs[at].c, before = glyph_before(r, at),
             next = glyph_lower(glyph(r, at + 1));
    bool opens = c == '(' || c == '[' || c == '{' || c == '<' || c == '_';

    if (opens && next != 'a' && next != '@' && next != ' ' && next != 0x3042 &&
        next != 0x30a2) {
        return false;
    }
    return is_local(before) || (before == ' ' && is_local(glyph_before(r, at - 1)));
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
    for (size_t at = reading_next(r, MARK_MAIL, 0);
         at < r->count && r->found < LIMIT_INDICATORS;) {
        size_t after = may_be_sign(r, at) ? mail_at(r, at) : at;
        at = reading_next(r, MARK_MAIL, after > at ? after : at + 1);
    }
}
