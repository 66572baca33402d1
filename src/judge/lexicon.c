#include "judge/lexicon.h"

#include <hs/hs.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "base/writer.h"
#include "judge/embedded_private.h"
#include "judge/normal.h"
#include "judge/spelling.h"
#include "judge/words.h"

#define TERMS_MAX                                                                          \
    20000 /* spellings in both tables; compiling 10,000 takes 0.7 s. Beyond: SK_CONFIG */
#define COLUMNS 6

struct lexicon {
    hs_database_t *database;
    hs_scratch_t *scratch;
    struct lexicon_term *terms;
    size_t term_count;
};

static const char *const kind_names[LEXICON_KIND_COUNT] = {
    "any",     "murder",   "attack",    "bomb",      "arson",         "poison",
    "suicide", "weapon",   "drug",      "fraud_job", "account_trade", "advertisement",
    "lure",    "phishing", "extortion", "malware",   "advance_fee",
};
static const char *const role_names[LEXICON_ROLE_COUNT] = {
    "act",   "announce", "target", "time",   "demand", "innocent", "slang",
    "trade", "sign",     "hand",   "secret", "reward", "papers",
};

const char *
lexicon_kind_name(enum lexicon_kind kind)
{
    return kind_names[kind];
}

const char *
lexicon_role_name(enum lexicon_role role)
{
    return role_names[role];
}

struct bytes
lexicon_threat_table(void)
{
    return bytes_of(judge_threat_table,
                    (size_t)(judge_threat_table_end - judge_threat_table));
}

struct bytes
lexicon_slang_table(void)
{
    return bytes_of(judge_slang_table, (size_t)(judge_slang_table_end - judge_slang_table));
}

static int
name_index(const char *const *names, int count, struct bytes name)
{
    for (int i = 0; i < count; i++) {
        if (bytes_is(name, names[i])) {
            return i;
        }
    }
    return -1;
}

bool
lexicon_kind_read(struct bytes name, enum lexicon_kind *kind_r)
{
    int kind = name_index(kind_names, LEXICON_KIND_COUNT, name);

    *kind_r = kind < 0 ? LEXICON_ANY : (enum lexicon_kind)kind;
    return kind >= 0;
}

bool
lexicon_role_read(struct bytes name, enum lexicon_role *role_r)
{
    int role = name_index(role_names, LEXICON_ROLE_COUNT, name);

    *role_r = role < 0 ? LEXICON_INNOCENT : (enum lexicon_role)role;
    return role >= 0;
}

const struct lexicon_term *
lexicon_terms(const struct lexicon *lexicon, size_t *count_r)
{
    *count_r = lexicon->term_count;
    return lexicon->terms;
}

struct reader {
    struct arena *arena, *scratch;
    struct lexicon *lexicon;
    enum lexicon_table table;
    unsigned row;
};

static enum sk_code
add_term(struct reader *r, const struct lexicon_term *term, size_t number, struct why *why)
{
    struct lexicon *l = r->lexicon;

    if (l->term_count == TERMS_MAX) {
        return why_set_line(why, SK_CONFIG, number,
                            "the lexicon has more than %d spellings", TERMS_MAX);
    }
    l->terms[l->term_count++] = *term;
    return SK_OK;
}

/* The term, and what it looks like with a character censored. */
static enum sk_code
add_spellings(struct reader *r, struct lexicon_term *term, size_t number, struct why *why)
{
    bool hidden =
        !term->is_mask && (term->role == LEXICON_ACT || term->role == LEXICON_ANNOUNCE ||
                           term->role == LEXICON_SLANG);

    term->spelled = spelling_fold(r->arena, term->text);
    term->exact_only = term->is_mask || !spelling_tells(term->text);
    enum sk_code code = add_term(r, term, number, why);
    for (size_t at = 0; hidden && code == SK_OK && at < term->text.size;) {
        struct lexicon_term other = *term;
        other.spelled = spelling_censor(r->arena, term->text, at, &at);
        other.exact_only = false;
        other.censored = true;
        if (other.spelled.size > 0) {
            code = add_term(r, &other, number, why);
        }
    }
    return code;
}

/* A row's spellings, all of what `common` says. */
static enum sk_code
add_row(struct reader *r, const struct lexicon_term *common, struct bytes spellings,
        size_t number, struct why *why)
{
    struct bytes spelling;

    r->row++;
    while (bytes_split(&spellings, '|', &spelling)) {
        struct bytes normal = bytes_trim(normal_form(r->scratch, spelling, 256));
        if (normal.size < 2) {
            continue;
        }
        struct lexicon_term term = *common;
        term.row = r->row;
        term.text = bytes_copy(r->arena, normal);
        enum sk_code code = add_spellings(r, &term, number, why);
        if (code != SK_OK) {
            return code;
        }
    }
    return SK_OK;
}

static enum sk_code
read_row(struct reader *r, struct bytes line, size_t number, struct why *why)
{
    struct bytes column[COLUMNS] = {0}, rest = line;
    uint64_t weight;
    size_t columns = 0;

    while (columns < COLUMNS && bytes_split(&rest, '\t', &column[columns])) {
        columns++;
    }
    int kind = name_index(kind_names, LEXICON_KIND_COUNT, column[1]);
    int role = name_index(role_names, LEXICON_ROLE_COUNT, column[2]);
    if (columns < 5 || column[0].size == 0 || kind < 0 || role < 0 ||
        !bytes_to_number(column[4], 5, &weight)) {
        return why_set_line(
            why, SK_CONFIG, number,
            "a row is term, kind, role, lang, weight (1 to 5), note, parted by tabs");
    }
    struct lexicon_term term = {
        .kind = (enum lexicon_kind)kind,
        .role = (enum lexicon_role)role,
        .table = r->table,
        .weight = (int)weight,
        .is_mask = bytes_starts(column[5], BYTES("mask:")),
        .line = number,
        .note = bytes_copy(r->arena, column[5]),
    };
    return add_row(r, &term, column[0], number, why);
}

static enum sk_code
read_table(struct reader *r, struct bytes text, struct why *why)
{
    struct bytes line;
    size_t number = 0;

    while (bytes_line(&text, &line)) {
        number++;
        if (number == 1 || line.size == 0 || line.at[0] == '#') {
            continue;
        }
        enum sk_code code = read_row(r, line, number, why);
        if (code != SK_OK) {
            return code;
        }
    }
    return SK_OK;
}

/* The operator's words. Acts and what belongs to them are of the table of threats. */
static enum sk_code
read_words(struct reader *r, struct bytes text, struct why *why)
{
    const struct word_row *rows;
    size_t count;
    enum sk_code code = words_read(r->scratch, text, &rows, &count, why);

    for (size_t i = 0; i < count && code == SK_OK; i++) {
        struct lexicon_term term = {
            .kind = rows[i].kind,
            .role = rows[i].role,
            .table =
                rows[i].role <= LEXICON_DEMAND ? LEXICON_THREAT_TABLE : LEXICON_SLANG_TABLE,
            .weight = rows[i].weight,
            .own = true,
            .line = rows[i].line,
            .note = bytes_copy(r->arena, rows[i].note),
        };
        code = add_row(r, &term, rows[i].term, rows[i].line, why);
    }
    return code;
}

/* Spellings that are written alike in several rows are one literal; they stand together after sorting. */
static int
compare_terms(const void *a, const void *b)
{
    const struct lexicon_term *x = a, *y = b;
    int order = bytes_compare(x->spelled, y->spelled);

    return order != 0 ? order : x->row < y->row ? -1 : x->row > y->row;
}

/* After sorting: built-in terms that one of the operator's words spells alike, in the same role, give way. */
static void
drop_overruled(struct lexicon *l, struct lexicon_term *kept_terms)
{
    const struct lexicon_term *all = l->terms;
    size_t kept = 0;

    for (size_t i = 0, from = 0, end = 0; i < l->term_count; i++) {
        bool overruled = false;
        if (i == end) {
            from = i;
            while (end < l->term_count &&
                   bytes_equal(all[end].spelled, all[from].spelled)) {
                end++;
            }
        }
        for (size_t k = from; k < end && !all[i].own && !overruled; k++) {
            overruled = all[k].own && all[k].role == all[i].role &&
                        bytes_equal(all[k].text, all[i].text);
        }
        if (!overruled) {
            kept_terms[kept++] = all[i];
        }
    }
    l->term_count = kept;
}

static enum sk_code
compile(struct arena *scratch, struct lexicon *l, struct why *why)
{
    const char **texts = ARENA_NEW_MANY(scratch, l->term_count, const char *);
    unsigned *flags = ARENA_NEW_MANY(scratch, l->term_count, unsigned);
    unsigned *ids = ARENA_NEW_MANY(scratch, l->term_count, unsigned);
    size_t *sizes = ARENA_NEW_MANY(scratch, l->term_count, size_t);
    hs_compile_error_t *error = NULL;
    unsigned count = 0;

    for (size_t i = 0; i < l->term_count; i++) {
        if (i > 0 && bytes_equal(l->terms[i].spelled, l->terms[i - 1].spelled)) {
            continue;
        }
        texts[count] = (const char *)l->terms[i].spelled.at;
        sizes[count] = l->terms[i].spelled.size;
        ids[count++] = (unsigned)i;
    }
    if (hs_compile_lit_multi(texts, flags, ids, sizes, count, HS_MODE_BLOCK, NULL,
                             &l->database, &error) != HS_SUCCESS) {
        (void)why_set(why, SK_CONFIG, "the lexicon does not compile: %s",
                      error == NULL ? "" : error->message);
        hs_free_compile_error(error);
        return SK_CONFIG;
    }
    if (hs_alloc_scratch(l->database, &l->scratch) != HS_SUCCESS) {
        return why_set(why, SK_SYSTEM, "no memory for the lexicon");
    }
    return SK_OK;
}

enum sk_code
lexicon_open(struct arena *arena, struct bytes threat, struct bytes slang,
             struct lexicon **lexicon_r, struct why *why)
{
    return lexicon_open_words(arena, threat, slang, BYTES_NONE, lexicon_r, why);
}

enum sk_code
lexicon_open_words(struct arena *arena, struct bytes threat, struct bytes slang,
                   struct bytes words, struct lexicon **lexicon_r, struct why *why)
{
    struct arena scratch;
    struct lexicon *l = ARENA_NEW(arena, struct lexicon);
    struct reader r = {.arena = arena, .scratch = &scratch, .lexicon = l};
    enum sk_code code;

    arena_init(&scratch, 67108864);
    l->terms = ARENA_NEW_MANY(&scratch, TERMS_MAX, struct lexicon_term);
    code = read_table(&r, threat, why);
    if (code == SK_OK) {
        r.table = LEXICON_SLANG_TABLE;
        code = read_table(&r, slang, why);
    }
    if (code == SK_OK && words.size > 0) {
        code = read_words(&r, words, why);
    }
    if (code == SK_OK && l->term_count > 0) {
        struct lexicon_term *terms =
            ARENA_NEW_MANY(arena, l->term_count, struct lexicon_term);
        qsort(l->terms, l->term_count, sizeof *terms, compare_terms);
        drop_overruled(l, terms);
        l->terms = terms;
        code = compile(&scratch, l, why);
    }
    arena_release(&scratch);
    if (code != SK_OK) {
        lexicon_close(l);
        return code;
    }
    *lexicon_r = l;
    return SK_OK;
}

void
lexicon_close(struct lexicon *l)
{
    if (l != NULL) {
        hs_free_scratch(l->scratch);
        hs_free_database(l->database);
        l->scratch = NULL;
        l->database = NULL;
    }
}

static bool
is_word_byte(uint8_t c)
{
    return ascii_letter(c) || ascii_digit(c);
}

/* Katakana from U+30A1 to U+30FE without the middle dot: E3 82 A1 to E3 83 BE. */
static bool
katakana_at(struct bytes text, size_t at)
{
    return at + 3 <= text.size && text.at[at] == 0xe3 &&
           ((text.at[at + 1] == 0x82 && text.at[at + 2] >= 0xa1) ||
            (text.at[at + 1] == 0x83 && text.at[at + 2] <= 0xbe &&
             text.at[at + 2] != 0xbb));
}

/* U+4E00 to U+9FFF: E4 B8 80 to E9 BF BF. */
static bool
kanji_at(struct bytes text, size_t at)
{
    return at + 3 <= text.size && text.at[at] >= 0xe4 && text.at[at] <= 0xe9 &&
           (text.at[at] != 0xe4 || text.at[at + 1] >= 0xb8);
}

static bool
is_short_katakana(const struct lexicon_term *term)
{
    size_t most = term->role == LEXICON_SLANG ? 9 : 6;

    if (term->text.size > most) {
        return false;
    }
    for (size_t i = 0; i < term->text.size; i += 3) {
        if (!katakana_at(term->text, i)) {
            return false;
        }
    }
    return true;
}

/* A mark at the beginning of a line or a word is a bullet and censors nothing. */
static bool
is_bullet(const struct lexicon_term *term, struct bytes text, size_t from)
{
    return term->censored && bytes_starts(term->spelled, BYTES(SPELLING_MARK)) &&
           (from == 0 || text.at[from - 1] <= ' ');
}

static bool
stands_alone(const struct lexicon_term *term, struct bytes text, size_t from, size_t to)
{
    if (from > 0 && is_word_byte(text.at[from]) && is_word_byte(text.at[from - 1])) {
        return false;
    }
    if (to < text.size && is_word_byte(text.at[to - 1]) && is_word_byte(text.at[to])) {
        return false;
    }
    if (text.at[from] == 0xe3 && is_short_katakana(term)) {
        return !(from >= 3 && katakana_at(text, from - 3)) && !katakana_at(text, to);
    }
    if (term->role == LEXICON_SLANG && to - from == 3 && kanji_at(text, from)) {
        return !(from >= 3 && kanji_at(text, from - 3)) && !kanji_at(text, to);
    }
    return true;
}

struct catch
{
    const struct lexicon *lexicon;
    struct bytes text; /* in normal form; what is scanned is its second fold */
    struct lexicon_hit *hits;
    size_t count;
};

/* Terms spelled alike: all that the text itself says; where it says none of them, all that may be disguised. */
static int
on_match(unsigned id, unsigned long long unused, unsigned long long to, unsigned flags,
         void *context)
{
    struct catch *c = context;
    const struct lexicon *l = c->lexicon;
    struct bytes spelled = l->terms[id].spelled;
    struct bytes said = bytes_slice(c->text, (size_t)to - spelled.size, (size_t)to);
    bool exact = false;
    size_t end = id;

    (void)unused;
    (void)flags;
    while (end < l->term_count && bytes_equal(l->terms[end].spelled, spelled)) {
        exact = exact || bytes_equal(l->terms[end].text, said);
        end++;
    }
    for (size_t i = id; i < end; i++) {
        const struct lexicon_term *term = &l->terms[i];
        bool is = exact ? bytes_equal(term->text, said) : !term->exact_only;
        if (is && !is_bullet(term, c->text, (size_t)to - spelled.size) &&
            stands_alone(term, c->text, (size_t)to - spelled.size, (size_t)to)) {
            c->hits[c->count++] =
                (struct lexicon_hit){term, (size_t)to - spelled.size, (size_t)to, !exact};
        }
        if (c->count == LIMIT_LEXICON_HITS) {
            return 1;
        }
    }
    return 0;
}

static int
compare_hits(const void *a, const void *b)
{
    const struct lexicon_hit *x = a, *y = b;

    if (x->from != y->from) {
        return x->from < y->from ? -1 : 1;
    }
    if (x->to != y->to) {
        return x->to > y->to ? -1 : 1;
    }
    return x->term < y->term ? -1 : x->term > y->term;
}

/* Drops what begins within a mask of its own table, or within a longer hit that says the same. What covers another
 * begins at or before it, so it has been seen. */
static size_t
drop_covered(struct lexicon_hit *hits, size_t count)
{
    size_t kept = 0, masked[2] = {0}, said[2][LEXICON_ROLE_COUNT][LEXICON_KIND_COUNT] = {0};

    for (size_t i = 0; i < count; i++) {
        struct lexicon_hit hit = hits[i];
        const struct lexicon_term *term = hit.term;
        size_t *mask = &masked[term->table],
               *same = &said[term->table][term->role][term->kind];
        if (term->is_mask) {
            *mask = hit.to > *mask ? hit.to : *mask;
        } else if ((term->role != LEXICON_INNOCENT && hit.from < *mask) ||
                   hit.to <= *same) {
            continue;
        } else {
            *same = hit.to;
        }
        hits[kept++] = hit;
    }
    return kept;
}

const struct lexicon_hit *
lexicon_scan_folded(struct arena *arena, struct lexicon *l, struct bytes normal,
                    struct bytes folded, size_t *count_r)
{
    struct catch c = {.lexicon = l, .text = normal};
    struct lexicon_hit *hits = NULL;

    *count_r = 0;
    if (l->database == NULL || normal.size == 0) {
        return NULL;
    }
    hits = arena_take_bytes(arena, LIMIT_LEXICON_HITS * sizeof *hits);
    c.hits = hits;
    (void)hs_scan(l->database, (const char *)folded.at, (unsigned)folded.size, 0,
                  l->scratch, on_match, &c);
    qsort(hits, c.count, sizeof *hits, compare_hits);
    *count_r = drop_covered(hits, c.count);
    return hits;
}

const struct lexicon_hit *
lexicon_scan(struct arena *arena, struct lexicon *l, struct bytes normal, size_t *count_r)
{
    normal = bytes_slice(normal, 0, LIMIT_NORMAL_BYTES);
    return lexicon_scan_folded(arena, l, normal, spelling_fold(arena, normal), count_r);
}
