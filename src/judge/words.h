/* The operator's own words: a table beside the built-in ones (judge/lexicon.h).
 *
 * UTF-8 text, lines of eight columns parted by tabs: term, kind, role, lang, weight, hit, miss, note. The first line names
 * the columns, lines that begin with # are remarks. In a term | parts spellings. hit is an example in which the row must
 * be found, miss one in which it must not; both are tried before a table is used. For a row of the role slang "found"
 * means that the example is judged as trade; for the other roles that the word stands in it. In examples \n is a line end.
 * A byte order mark and CR before the line end are allowed; NUL, broken UTF-8, a word that stands there twice and all else
 * that is wrong is told with line and column.
 *
 * A word that is built in with the same role may stand here: the row's kind and weight then count instead.
 *
 * words_read is pure, bounded by the LIMIT_WORDS_* of base/limits.h, linear but for one sort; memory is the arena's, views
 * go into the file. */
#pragma once

#include "base/arena.h"
#include "judge/lexicon.h"

#define WORDS_COLUMNS 8
#define WORDS_HEAD    "term\tkind\trole\tlang\tweight\thit\tmiss\tnote"

struct word_row {
    size_t line;
    enum lexicon_kind kind;
    enum lexicon_role role;
    int weight;
    struct bytes term; /* as written, with | */
    struct bytes lang, hit, miss, note;
};

/* SK_CONFIG with the line, SK_LIMIT past a bound; the sentence tells the column. An empty file has no rows. */
enum sk_code words_read(struct arena *arena, struct bytes file,
                        const struct word_row **rows_r, size_t *count_r, struct why *why);

/* Tries the examples of all rows in a lexicon that was opened with them. SK_CONFIG with the line of the first that is not
 * as it says. `told` (NULL: none) is called for each row: whether hit was found and miss was not. */
enum sk_code words_try(struct lexicon *lexicon, const struct word_row *rows, size_t count,
                       void (*told)(void *context, const struct word_row *row, bool hit,
                                    bool missed),
                       void *context, struct why *why);
