#include "judge/words.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "base/writer.h"
#include "judge/normal.h"
#include "judge/regions.h"
#include "judge/trade.h"

static const char *const column_names[WORDS_COLUMNS] = {
    "term", "kind", "role", "lang", "weight", "hit", "miss", "note",
};

/* A spelling in normal form, to find those that stand there twice. */
struct spelling {
    struct bytes normal;
    enum lexicon_role role;
    size_t line;
};

struct reader {
    struct arena *arena;
    struct word_row *rows;
    struct spelling *spellings;
    size_t row_count, spelling_count, room;
    struct why *why;
};

static enum sk_code
complain(struct reader *r, size_t line, size_t column, const char *what)
{
    return why_set_line(r->why, SK_CONFIG, line, "line %zu, column %zu (%s): %s", line,
                        column + 1, column_names[column], what);
}

/* Where the bytes are no text: the column they stand in. */
static enum sk_code
check_bytes(struct reader *r, struct bytes line, size_t number)
{
    size_t column = 0, size;
    uint32_t c;

    for (size_t at = 0; at < line.size; at += size) {
        size = utf8_get(line, at, &c);
        column += size == 1 && c == '\t' && column + 1 < WORDS_COLUMNS;
        if (size == 0) {
            return complain(r, number, column, "this is no UTF-8");
        }
        if (size == 1 && c != '\t' && (c < 0x20 || c == 0x7f)) {
            return complain(r, number, column,
                            c == 0 ? "a NUL stands here"
                                   : "a control character stands here");
        }
    }
    return SK_OK;
}

/* Which kinds a role can have. */
static bool
fits(enum lexicon_role role, enum lexicon_kind kind)
{
    bool trade = kind >= LEXICON_WEAPON && kind <= LEXICON_ACCOUNT_TRADE;

    switch (role) {
    case LEXICON_ACT:
    case LEXICON_ANNOUNCE:
        return kind >= LEXICON_MURDER && kind <= LEXICON_SUICIDE;
    case LEXICON_SLANG:
        return trade;
    case LEXICON_SIGN:
        return kind >= LEXICON_ADVERTISEMENT;
    case LEXICON_TARGET:
    case LEXICON_TIME:
    case LEXICON_DEMAND:
        return kind == LEXICON_ANY;
    default:
        return trade || kind == LEXICON_ANY;
    }
}

static enum sk_code
add_spellings(struct reader *r, const struct word_row *row)
{
    struct bytes rest = row->term, spelling;
    size_t count = 0;

    while (bytes_split(&rest, '|', &spelling)) {
        struct bytes normal =
            bytes_trim(normal_form(r->arena, spelling, LIMIT_WORDS_TERM + 1));
        if (normal.size < 2) {
            return complain(r, row->line, 0, "a spelling has less than two letters");
        }
        if (spelling.size > LIMIT_WORDS_TERM || normal.size > LIMIT_WORDS_TERM) {
            return complain(r, row->line, 0, "a spelling is too long");
        }
        if (++count > LIMIT_WORDS_SPELLINGS) {
            return complain(r, row->line, 0, "too many spellings in a row");
        }
        if (r->spelling_count == r->room) {
            size_t room = r->room == 0 ? 256 : r->room * 2;
            r->spellings =
                arena_grow(r->arena, r->spellings, r->room * sizeof *r->spellings,
                           room * sizeof *r->spellings);
            r->room = room;
        }
        r->spellings[r->spelling_count++] =
            (struct spelling){.normal = normal, .role = row->role, .line = row->line};
    }
    return SK_OK;
}

static enum sk_code
read_row(struct reader *r, struct bytes line, size_t number)
{
    struct bytes column[WORDS_COLUMNS] = {0}, rest = line;
    struct word_row row = {.line = number};
    uint64_t weight;
    size_t columns = 0;

    while (columns < WORDS_COLUMNS && bytes_split(&rest, '\t', &column[columns])) {
        columns++;
    }
    if (columns < 7) {
        return complain(r, number, columns, "the row ends before this column");
    }
    if (rest.size > 0) {
        return complain(r, number, WORDS_COLUMNS - 1, "a tab too many stands here");
    }
    if (!lexicon_kind_read(column[1], &row.kind)) {
        return complain(
            r, number, 1,
            "write any, weapon, drug, fraud_job, account_trade, a kind of threat "
            "or a class of unwanted mail");
    }
    if (!lexicon_role_read(column[2], &row.role)) {
        return complain(r, number, 2,
                        "write slang, trade, hand, secret, reward, papers, innocent, sign, "
                        "act, announce, target, time or demand");
    }
    if (!fits(row.role, row.kind)) {
        return complain(r, number, 1, "this role has no such kind");
    }
    if (!bytes_to_number(column[4], 5, &weight) || weight == 0) {
        return complain(r, number, 4, "write a number from 1 to 5");
    }
    for (size_t i = 5; i < 7; i++) {
        if (column[i].size == 0) {
            return complain(r, number, i, "an example is wanted");
        }
        if (column[i].size > LIMIT_WORDS_EXAMPLE) {
            return complain(r, number, i, "the example is too long");
        }
    }
    if (r->row_count == LIMIT_WORDS_ROWS) {
        return why_set_line(r->why, SK_LIMIT, number, "line %zu: more than %d rows", number,
                            LIMIT_WORDS_ROWS);
    }
    row.term = column[0];
    row.weight = (int)weight;
    row.lang = column[3];
    row.hit = column[5];
    row.miss = column[6];
    row.note = column[7];
    r->rows[r->row_count++] = row;
    return add_spellings(r, &row);
}

static int
compare_spellings(const void *a, const void *b)
{
    const struct spelling *x = a, *y = b;
    int order = bytes_compare(x->normal, y->normal);

    return order != 0           ? order
           : x->role != y->role ? (x->role < y->role ? -1 : 1)
           : x->line != y->line ? (x->line < y->line ? -1 : 1)
                                : 0;
}

static enum sk_code
find_twice(struct reader *r)
{
    const struct spelling *first = NULL, *second = NULL;

    if (r->spelling_count == 0) {
        return SK_OK;
    }
    qsort(r->spellings, r->spelling_count, sizeof *r->spellings, compare_spellings);
    for (size_t i = 1; i < r->spelling_count; i++) {
        const struct spelling *a = &r->spellings[i - 1], *b = &r->spellings[i];
        if (a->role == b->role && bytes_equal(a->normal, b->normal) &&
            (second == NULL || b->line < second->line)) {
            first = a;
            second = b;
        }
    }
    if (second != NULL) {
        return why_set_line(r->why, SK_CONFIG, second->line,
                            "line %zu, column 1 (term): \"%.*s\" stands in line %zu too",
                            second->line, (int)second->normal.size, second->normal.at,
                            first->line);
    }
    return SK_OK;
}

enum sk_code
words_read(struct arena *arena, struct bytes file, const struct word_row **rows_r,
           size_t *count_r, struct why *why)
{
    struct reader r = {.arena = arena, .why = why};
    struct bytes line;
    size_t number = 0;
    bool headed = false;
    enum sk_code code = SK_OK;

    *rows_r = NULL;
    *count_r = 0;
    if (file.size > LIMIT_WORDS_FILE) {
        return why_set(why, SK_LIMIT, "the file is larger than %d bytes", LIMIT_WORDS_FILE);
    }
    if (bytes_starts(file, BYTES("\xef\xbb\xbf"))) {
        file = bytes_slice(file, 3, file.size);
    }
    r.rows = ARENA_NEW_MANY(arena, LIMIT_WORDS_ROWS, struct word_row);
    while (code == SK_OK && bytes_line(&file, &line)) {
        number++;
        if (line.size > 0 && line.at[line.size - 1] == '\r') {
            line.size--;
        }
        code = check_bytes(&r, line, number);
        if (code != SK_OK || line.size == 0 || line.at[0] == '#') {
            continue;
        }
        if (!headed) {
            headed = true;
            if (!bytes_is(line, WORDS_HEAD)) {
                code =
                    complain(&r, number, 0,
                             "the first line names the columns: term kind role lang weight "
                             "hit miss note, parted by tabs");
            }
            continue;
        }
        code = read_row(&r, line, number);
    }
    if (code == SK_OK) {
        code = find_twice(&r);
    }
    if (code == SK_OK) {
        *rows_r = r.rows;
        *count_r = r.row_count;
    }
    return code;
}

/* An example with its line ends. */
static struct bytes
example_text(struct arena *arena, struct bytes example)
{
    struct writer w;

    writer_init(&w, arena);
    for (size_t i = 0; i < example.size; i++) {
        bool end =
            example.at[i] == '\\' && i + 1 < example.size && example.at[i + 1] == 'n';
        writer_byte(&w, end ? '\n' : (char)example.at[i]);
        i += end;
    }
    return writer_view(&w);
}

static bool
is_found(struct arena *arena, struct lexicon *lexicon, const struct word_row *row,
         struct bytes example)
{
    struct bytes normal =
        normal_form(arena, example_text(arena, example), LIMIT_NORMAL_BYTES);
    size_t count, region_count;
    const struct lexicon_hit *hits = lexicon_scan(arena, lexicon, normal, &count);
    bool found = false;

    for (size_t i = 0; i < count; i++) {
        const struct lexicon_term *term = hits[i].term;
        found = found || (term->own && term->line == row->line);
    }
    if (found && row->role == LEXICON_SLANG) {
        const struct region *regions = regions_read(arena, normal, &region_count);
        struct trade trade;
        trade_read(arena, normal, hits, count, regions, region_count, &trade);
        found = trade.kind != LEXICON_ANY;
    }
    return found;
}

enum sk_code
words_try(struct lexicon *lexicon, const struct word_row *rows, size_t count,
          void (*told)(void *context, const struct word_row *row, bool hit, bool missed),
          void *context, struct why *why)
{
    enum sk_code code = SK_OK;
    struct arena arena;

    for (size_t i = 0; i < count; i++) {
        const struct word_row *row = &rows[i];
        arena_init(&arena, (size_t)1 << 24);
        bool hit = is_found(&arena, lexicon, row, row->hit);
        bool missed = !is_found(&arena, lexicon, row, row->miss);
        arena_release(&arena);
        if (told != NULL) {
            told(context, row, hit, missed);
        }
        if (code == SK_OK && (!hit || !missed)) {
            code = why_set_line(why, SK_CONFIG, row->line, "line %zu, column %d (%s): %s",
                                row->line, hit ? 7 : 6, hit ? "miss" : "hit",
                                hit ? "the example is hit"
                                : row->role == LEXICON_SLANG
                                    ? "the example is not judged as trade: words of "
                                      "hand-over, price or secrecy are wanted too"
                                    : "the word is not found in the example");
        }
    }
    return code;
}
