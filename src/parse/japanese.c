#include "parse/japanese_private.h"

#include "base/utf8.h"

#define ESC 0x1b
#define SO  0x0e
#define SI  0x0f

struct sink {
    uint8_t *at;
    size_t errors;
};

static inline void
put(struct sink *s, uint32_t c)
{
    s->at += utf8_put(s->at, c);
}

static inline void
put_error(struct sink *s)
{
    put(s, UTF8_REPLACEMENT);
    s->errors++;
}

/* Half-width kana: 0x21 to 0x5f of the kana half of JIS X 0201. */
static inline void
put_kana(struct sink *s, uint8_t c)
{
    put(s, 0xff61u + c - 0x21u);
}

static inline bool
is_kana8(uint8_t c)
{
    return c >= 0xa1 && c <= 0xdf;
}

/* A cell of a table; false where it is empty. */
static inline bool
put_cell(struct sink *s, char16_t c)
{
    if (c == 0 || c == 0xfffd) {
        return false;
    }
    put(s, c);
    return true;
}

static bool
put_cell_0213(struct sink *s, char16_t c)
{
    if (c >= JAPANESE_SPECIAL && c < JAPANESE_SPECIAL + japanese_special_count) {
        const char32_t *both = japanese_special[c - JAPANESE_SPECIAL];
        put(s, both[0]);
        if (both[1] != 0) {
            put(s, both[1]);
        }
        return true;
    }
    return put_cell(s, c);
}

/* Copies plain ASCII; returns where it ends. */
static size_t
copy_ascii(struct sink *s, struct bytes in, size_t at, bool stop_at_shift)
{
    while (at < in.size && in.at[at] < 0x80 &&
           !(stop_at_shift && (in.at[at] == ESC || in.at[at] == SO || in.at[at] == SI))) {
        *s->at++ = in.at[at++];
    }
    return at;
}

/* Shift_JIS as CP932 ------------------------------------------------------------------------------------------- */

/* Plane 2 of JIS X 0213: its rows, from 1, in the order of the lead bytes F0 to FC, two a lead. */
static bool
shift_jis_plane_2(struct sink *s, unsigned row, unsigned column)
{
    static const uint8_t rows[] = {1,  8,  3,  4,  5,  12, 13, 14, 15, 78, 79, 80, 81,
                                   82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94};

    return row < sizeof rows && put_cell_0213(s, japanese_0213_2[rows[row] - 1][column]);
}

static bool
shift_jis_pair(struct sink *s, struct japanese_way way, uint8_t lead, uint8_t trail)
{
    if (trail < 0x40 || trail == 0x7f || trail > 0xfc) {
        return false;
    }
    uint32_t emoji = emoji_private(way.carrier, (unsigned)lead << 8 | trail);
    if (emoji != 0) {
        put(s, emoji);
        return true;
    }
    unsigned row = ((unsigned)lead - (lead < 0xa0 ? 0x81u : 0xc1u)) * 2;
    unsigned column = (unsigned)trail - (trail < 0x7f ? 0x40u : 0x41u);
    if (column >= 94) {
        row++;
        column -= 94;
    }
    if (way.x0213) {
        return row < 94 ? put_cell_0213(s, japanese_0213_1[row][column])
                        : shift_jis_plane_2(s, row - 94, column);
    }
    if (row >= 94 && row < 114) { /* user-defined */
        put(s, 0xe000u + (row - 94) * 94 + column);
        return true;
    }
    return row < 120 && put_cell(s, japanese_0208[row][column]);
}

size_t
japanese_from_shift_jis(struct bytes in, struct japanese_way way, uint8_t *out,
                        size_t *errors)
{
    struct sink s = {.at = out};
    size_t at = 0;

    while (at < in.size) {
        uint8_t c = in.at[at];
        if (c < 0x80) {
            at = copy_ascii(&s, in, at, false);
        } else if (is_kana8(c)) {
            put_kana(&s, (uint8_t)(c - 0x80));
            at++;
        } else if (c == 0x80) {
            put(&s, c);
            at++;
        } else if (c == 0xa0 || c > 0xfc || at + 1 >= in.size) {
            put_error(&s);
            at++;
        } else if (shift_jis_pair(&s, way, c, in.at[at + 1])) {
            at += 2;
        } else {
            put_error(&s);
            /* A byte of ASCII after a broken lead stands for itself, so that a tag or a line end is not eaten. */
            at += in.at[at + 1] < 0x80 || in.at[at + 1] > 0xfc ? 1 : 2;
        }
    }
    *errors += s.errors;
    return (size_t)(s.at - out);
}

/* EUC-JP as CP51932 and eucJP-ms ------------------------------------------------------------------------------- */

static inline bool
is_high(struct bytes in, size_t at)
{
    return at < in.size && in.at[at] >= 0xa1 && in.at[at] <= 0xfe;
}

static bool
euc_triple(struct sink *s, struct japanese_way way, unsigned row, unsigned column)
{
    if (way.x0213 && put_cell_0213(s, japanese_0213_2[row][column])) {
        return true;
    }
    if (put_cell(s, japanese_0212[row][column])) {
        return true;
    }
    if (row >= 84) {
        put(s, 0xe3acu + (row - 84) * 94 + column);
        return true;
    }
    return false;
}

size_t
japanese_from_euc_jp(struct bytes in, struct japanese_way way, uint8_t *out, size_t *errors)
{
    struct sink s = {.at = out};
    size_t at = 0;

    while (at < in.size) {
        uint8_t c = in.at[at];
        if (c < 0x80) {
            at = copy_ascii(&s, in, at, false);
        } else if (c == 0x8e && at + 1 < in.size && is_kana8(in.at[at + 1])) {
            put_kana(&s, (uint8_t)(in.at[at + 1] - 0x80));
            at += 2;
        } else if (c == 0x8f && is_high(in, at + 1) && is_high(in, at + 2)) {
            if (!euc_triple(&s, way, in.at[at + 1] - 0xa1u, in.at[at + 2] - 0xa1u)) {
                put_error(&s);
            }
            at += 3;
        } else if (is_high(in, at) && is_high(in, at + 1)) {
            unsigned row = c - 0xa1u, column = in.at[at + 1] - 0xa1u;
            if (!(way.x0213 ? put_cell_0213(&s, japanese_0213_1[row][column])
                            : put_cell(&s, japanese_0208[row][column]))) {
                put_error(&s);
            }
            at += 2;
        } else {
            put_error(&s);
            at++;
        }
    }
    *errors += s.errors;
    return (size_t)(s.at - out);
}

/* The ISO-2022-JP family --------------------------------------------------------------------------------------- */

enum jis_set {
    JIS_ASCII,
    JIS_ROMAN,
    JIS_KANA,
    JIS_0208,
    JIS_0212,
    JIS_0213_1,
    JIS_0213_2,
    JIS_GB2312,
    JIS_KSC5601
};

struct jis_escape {
    const char *after; /* what follows ESC */
    enum jis_set set;
    bool shift; /* whether it changes the set; others are read over */
};

/* The longer first where one begins another. */
static const struct jis_escape jis_escapes[] = {
    {"(B", JIS_ASCII, true},   {"(J", JIS_ROMAN, true},   {"(H", JIS_ROMAN, true},
    {"(I", JIS_KANA, true},    {"$B", JIS_0208, true},    {"$@", JIS_0208, true},
    {"$(B", JIS_0208, true},   {"$(@", JIS_0208, true},   {"$(D", JIS_0212, true},
    {"$(O", JIS_0213_1, true}, {"$(Q", JIS_0213_1, true}, {"$(P", JIS_0213_2, true},
    {"$A", JIS_GB2312, true},  {"$(A", JIS_GB2312, true}, {"$(C", JIS_KSC5601, true},
    {"&@", JIS_ASCII, false},  {".A", JIS_ASCII, false},  {".F", JIS_ASCII, false},
};

static const struct jis_escape *
jis_escape_at(struct bytes in, size_t at)
{
    struct bytes rest = bytes_slice(in, at + 1, at + 4);

    if (rest.size < 2 || (rest.at[0] != '$' && rest.at[0] != '(' && rest.at[0] != '&' &&
                          rest.at[0] != '.')) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof jis_escapes / sizeof *jis_escapes; i++) {
        if (bytes_starts(rest, bytes_from_text(jis_escapes[i].after))) {
            return &jis_escapes[i];
        }
    }
    return NULL;
}

struct jis {
    struct bytes in;
    struct japanese_way way;
    size_t at;
    enum jis_set set;
    bool shifted_out; /* SO was seen: kana until SI */
    char latin_greek; /* what ESC . designated: 'A', 'F', or 0 */
    size_t
        next_escape; /* first ESC at or after where it was last looked for; in.size if none */
    struct sink sink;
};

/* Where the next escape of any kind stands. Looked for once only, so that many line ends cost nothing. */
static size_t
jis_next_escape(struct jis *j)
{
    if (j->next_escape < j->at) {
        size_t found = bytes_find_byte(j->in, ESC, j->at);
        j->next_escape = found == BYTES_NOWHERE ? j->in.size : found;
    }
    return j->next_escape;
}

/* At a line end in two-byte letters: were they meant to go on? They were if the next escape returns to ASCII, which
 * nobody writes who is in ASCII already. RFC 1468 wants the return before the line end. */
static void
jis_line_end(struct jis *j)
{
    size_t escape = jis_next_escape(j);
    const struct jis_escape *next =
        escape < j->in.size ? jis_escape_at(j->in, escape) : NULL;

    if (j->set == JIS_ASCII || (next != NULL && next->shift && next->set <= JIS_ROMAN)) {
        return;
    }
    j->set = JIS_ASCII;
    j->shifted_out = false;
}

/* SoftBank's web codes: ESC $, a page's letter, characters of the page, SI. Behind them; 0 if there are none. */
static size_t
web_codes_end(struct bytes in, size_t at)
{
    size_t end = at + 3;

    if (in.size - at < 5 || in.at[at + 1] != '$') {
        return 0;
    }
    while (end < in.size && emoji_private_web_code(in.at[at + 2], in.at[end]) != 0) {
        end++;
    }
    return end > at + 3 && end < in.size && in.at[end] == SI ? end + 1 : 0;
}

static bool
jis_web_codes(struct jis *j)
{
    size_t end = web_codes_end(j->in, j->at);

    for (size_t at = j->at + 3; at + 1 < end; at++) {
        put(&j->sink, emoji_private_web_code(j->in.at[j->at + 2], j->in.at[at]));
    }
    j->at = end != 0 ? end : j->at;
    return end != 0;
}

static void
jis_escape_read(struct jis *j)
{
    const struct jis_escape *escape = jis_escape_at(j->in, j->at);

    if (escape != NULL) {
        if (escape->shift) {
            j->set = escape->set;
            j->shifted_out = false;
        } else if (escape->after[0] == '.') {
            j->latin_greek = escape->after[1];
        }
        j->at += 1 + strlen(escape->after);
        return;
    }
    if (j->latin_greek != 0 && j->at + 2 < j->in.size && j->in.at[j->at + 1] == 'N' &&
        j->in.at[j->at + 2] >= 0x20) {
        uint32_t c = j->in.at[j->at + 2] & 0x7fu;
        put(&j->sink, j->latin_greek == 'A' || c < 0x34 ? c + 0x80 : c + 0x350);
        j->at += 3;
        return;
    }
    if (jis_web_codes(j)) {
        return;
    }
    put_error(&j->sink);
    j->at++;
}

static bool
jis_pair(struct jis *j, unsigned row, unsigned column)
{
    struct sink *s = &j->sink;

    switch (j->set) {
    case JIS_0208:
        if (j->way.carrier == EMOJI_KDDI && emoji_private_kddi_jis(row, column) != 0) {
            put(s, emoji_private_kddi_jis(row, column));
            return true;
        }
        return put_cell(s, japanese_0208[row][column]);
    case JIS_0212:
        return put_cell(s, japanese_0212[row][column]);
    case JIS_0213_1:
        return put_cell_0213(s, japanese_0213_1[row][column]);
    case JIS_0213_2:
        return put_cell_0213(s, japanese_0213_2[row][column]);
    case JIS_GB2312:
        return put_cell(s, japanese_gb2312[row][column]);
    case JIS_KSC5601:
        return put_cell(s, japanese_ksx1001[row][column]);
    default:
        return false;
    }
}

static void
jis_two_bytes(struct jis *j)
{
    while (j->at + 1 < j->in.size) {
        unsigned row = j->in.at[j->at] - 0x21u, column = j->in.at[j->at + 1] - 0x21u;
        if (row >= 94 || column >= 94) {
            return;
        }
        if (!jis_pair(j, row, column)) {
            put_error(&j->sink);
        }
        j->at += 2;
    }
}

/* One byte that is no part of a pair and no escape. */
static void
jis_one_byte(struct jis *j)
{
    uint8_t c = j->in.at[j->at++];
    struct sink *s = &j->sink;

    if (is_kana8(c)) {
        put_kana(s, (uint8_t)(c - 0x80));
    } else if (c >= 0x80) {
        put_error(s);
    } else if (c <= 0x20 || c == 0x7f) {
        put(s, c);
    } else if (j->set == JIS_KANA || j->shifted_out) {
        if (c <= 0x5f) {
            put_kana(s, c);
        } else {
            put_error(s);
        }
    } else if (j->set == JIS_ROMAN) {
        put(s, c == 0x5c ? 0xa5u : c == 0x7e ? 0x203eu : c);
    } else if (j->set == JIS_ASCII) {
        put(s, c);
    } else {
        put_error(s); /* half of a pair */
    }
}

size_t
japanese_from_iso_2022_jp(struct bytes in, struct japanese_way way, uint8_t *out,
                          size_t *errors)
{
    struct jis j = {.in = in, .way = way, .sink = {.at = out}};

    j.next_escape = 0;
    if (in.size > 0 && in.at[0] != ESC) {
        size_t found = bytes_find_byte(in, ESC, 0);
        j.next_escape = found == BYTES_NOWHERE ? in.size : found;
    }
    while (j.at < in.size) {
        uint8_t c = in.at[j.at];
        if (c == ESC) {
            jis_escape_read(&j);
        } else if (c == SO || c == SI) {
            j.shifted_out = c == SO;
            j.at++;
        } else if (c == '\n' || c == '\r') {
            jis_line_end(&j);
            put(&j.sink, c);
            j.at++;
        } else if (j.set == JIS_ASCII && !j.shifted_out && c < 0x80) {
            j.at = copy_ascii(&j.sink, in, j.at, true);
        } else if (j.set >= JIS_0208 && !j.shifted_out && j.at + 1 < in.size &&
                   c - 0x21u < 94 && in.at[j.at + 1] - 0x21u < 94) {
            jis_two_bytes(&j);
        } else {
            jis_one_byte(&j);
        }
    }
    *errors += j.sink.errors;
    return (size_t)(j.sink.at - out);
}

bool
japanese_has_escapes(struct bytes in)
{
    for (size_t at = bytes_find_byte(in, ESC, 0); at != BYTES_NOWHERE;
         at = bytes_find_byte(in, ESC, at + 1)) {
        const struct jis_escape *escape = jis_escape_at(in, at);
        if (escape != NULL ? escape->shift && escape->set >= JIS_KANA
                           : web_codes_end(in, at) != 0) {
            return true;
        }
    }
    return false;
}

/* What a run of pairs of JIS X 0208 holds. */
struct jis_run {
    size_t end, pairs, kana, usual;
    bool full; /* no place of it is empty */
    bool back; /* a return to ASCII follows */
};

/* Pairs from `at` on, up to a return to ASCII, the line end, or what is no pair. */
static struct jis_run
jis_run(struct bytes in, size_t at)
{
    struct jis_run run = {.end = at, .full = true};

    while (run.end + 1 < in.size && in.at[run.end] - 0x21u < 94 &&
           in.at[run.end + 1] - 0x21u < 94 && run.full) {
        if (in.at[run.end] == '(' &&
            (in.at[run.end + 1] == 'B' || in.at[run.end + 1] == 'J')) {
            run.back = true;
            break;
        }
        char16_t c = japanese_0208[in.at[run.end] - 0x21][in.at[run.end + 1] - 0x21];
        run.full = c != 0 && c != 0xfffd;
        run.kana += c >= 0x3040 && c < 0x3100;
        run.usual += c >= 0x4e00 && japanese_is_usual(c);
        run.pairs++;
        run.end += 2;
    }
    return run;
}

/* Kana or usual kanji must be most of it; without a return to ASCII it must reach the line end, and much of it kana. */
static bool
jis_run_counts(struct bytes in, const struct jis_run *run, bool labelled)
{
    if (!run->full || run->pairs == 0) {
        return false;
    }
    if (run->back) {
        return true;
    }
    return labelled && (run->end >= in.size || in.at[run->end] <= ' ') && run->pairs >= 2 &&
           (run->kana + run->usual) * 4 >= run->pairs * 3;
}

bool
japanese_restore_escapes(struct bytes in, bool labelled, uint8_t *restored, size_t *size_r)
{
    size_t at = 0, size = 0, pairs = 0, kana = 0, usual = 0;
    bool whole = false; /* one run is all there is */

    while (at < in.size) {
        struct jis_run run = {.end = at + 1};
        bool starts = in.at[at] == '$' && at + 1 < in.size &&
                      (in.at[at + 1] == 'B' || in.at[at + 1] == '@');
        if (starts) {
            run = jis_run(in, at + 2);
        }
        bool counts = starts && jis_run_counts(in, &run, labelled);
        whole = whole || (counts && at == 0 && run.back && run.end + 2 == in.size);
        if (counts) {
            restored[size++] = ESC;
        }
        /* What was looked at in vain is not looked at again: the time stays linear. */
        memcpy(restored + size, in.at + at, run.end - at);
        size += run.end - at;
        at = run.end;
        if (counts && run.back) {
            restored[size++] = ESC;
        }
        if (counts) {
            pairs += run.pairs;
            kana += run.kana;
            usual += run.usual;
        }
    }
    *size_r = size;
    if (pairs < 2) {
        return false;
    }
    /* Without a label, as much as a text of kanji alone shows: few, and all of them usual, may still be an accident. */
    return kana * 5 >= pairs ||
           (labelled ? (kana + usual) * 2 >= pairs
                     : (pairs >= 4 || whole) && usual * 4 >= pairs * 3);
}

bool
japanese_0208_find(uint32_t code_point, unsigned *row_r, unsigned *column_r)
{
    static uint16_t index[0x10000]; /* row * 94 + column + 1 */
    static bool made;

    if (!made) {
        /* From the end, so that of several places the first wins; NEC's copy of IBM's letters last, as browsers do. */
        for (unsigned row = 120; row-- > 0;) {
            for (unsigned column = 94; column-- > 0;) {
                char16_t c = japanese_0208[row][column];
                if (c != 0 && c != 0xfffd) {
                    index[c] = (uint16_t)(row * 94 + column + 1);
                }
            }
        }
        made = true;
    }
    if (code_point >= 0x10000 || index[code_point] == 0) {
        return false;
    }
    *row_r = (index[code_point] - 1u) / 94;
    *column_r = (index[code_point] - 1u) % 94;
    return true;
}
