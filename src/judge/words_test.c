#include "judge/words.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

#define HEAD WORDS_HEAD "\n"
#define ROW                                                                                \
    "竜水\tdrug\tslang\tja\t3\t竜水入荷 手押し都内 1手1万\t竜水という川の話\t新しい語\n"

static struct arena arena;
static struct why why;
static const struct word_row *rows;
static size_t count;

static enum sk_code
read_bytes(struct bytes file)
{
    why = (struct why){0};
    return words_read(&arena, file, &rows, &count, &why);
}

static enum sk_code
read_text(const char *file)
{
    return read_bytes(bytes_from_text(file));
}

static bool
complains(const char *file, size_t line, const char *place)
{
    return read_text(file) == SK_CONFIG && why.line == line &&
           strstr(why.sentence, place) != NULL;
}

static void
test_form(void)
{
    tap_ok(read_text("") == SK_OK && count == 0, "an empty file has no rows");
    tap_ok(read_text(HEAD ROW) == SK_OK && count == 1 && rows[0].line == 2 &&
               rows[0].kind == LEXICON_DRUG && rows[0].role == LEXICON_SLANG &&
               rows[0].weight == 3 && bytes_is(rows[0].term, "竜水") &&
               bytes_is(rows[0].note, "新しい語"),
           "a row");
    tap_ok(read_text("\xef\xbb\xbf" HEAD "# remark\r\n\r\n" ROW) == SK_OK && count == 1 &&
               rows[0].line == 4,
           "with byte order mark, CR, a remark and an empty line");
    tap_ok(read_text(HEAD "竜水\tdrug\tslang\tja\t3\ta\tb") == SK_OK &&
               rows[0].note.size == 0,
           "without a note and without a last line end");
}

static void
test_mistakes(void)
{
    static const struct {
        const char *file;
        size_t line;
        const char *place, *what;
    } cases[] = {
        {"竜水\tdrug\n", 1, "column 1 (term)", "no head"},
        {HEAD "竜水\tdrug\n", 2, "column 3 (role)", "columns missing"},
        {HEAD "竜水\tdrog\tslang\tja\t3\ta\tb\t\n", 2, "column 2 (kind)", "no such kind"},
        {HEAD "竜水\tdrug\tslung\tja\t3\ta\tb\t\n", 2, "column 3 (role)", "no such role"},
        {HEAD "竜水\tmurder\tslang\tja\t3\ta\tb\t\n", 2, "column 2 (kind)",
         "a kind not of the role"},
        {HEAD "竜水\tdrug\tslang\tja\t0\ta\tb\t\n", 2, "column 5 (weight)", "weight 0"},
        {HEAD "竜水\tdrug\tslang\tja\t6\ta\tb\t\n", 2, "column 5 (weight)", "weight 6"},
        {HEAD "竜水\tdrug\tslang\tja\t3\t\tb\t\n", 2, "column 6 (hit)", "no example"},
        {HEAD "竜水\tdrug\tslang\tja\t3\ta\t\t\n", 2, "column 7 (miss)",
         "no counter-example"},
        {HEAD "竜水\tdrug\tslang\tja\t3\ta\tb\tc\td\n", 2, "column 8 (note)",
         "a tab too many"},
        {HEAD "x\tdrug\tslang\ten\t3\ta\tb\t\n", 2, "column 1 (term)", "a single letter"},
        {HEAD "\tdrug\tslang\ten\t3\ta\tb\t\n", 2, "column 1 (term)", "no term"},
        {HEAD ROW "\n竜水\tdrug\tslang\tja\t2\ta\tb\t\n", 4, "column 1 (term)",
         "a word twice"},
        {HEAD "竜水|ほか|竜　水\tdrug\tslang\tja\t2\ta\tb\t\n", 2, "column 1 (term)",
         "twice in one row, spelled apart"},
        {HEAD "竜水\tdrug\tslang\tja\t3\ta\tb\xff\t\n", 2, "column 7 (miss)", "no UTF-8"},
        {HEAD "竜\x1b水\tdrug\tslang\tja\t3\ta\tb\t\n", 2, "column 1 (term)", "a control"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tap_ok(complains(cases[i].file, cases[i].line, cases[i].place), "%s: %s",
               cases[i].what, why.sentence);
    }
    tap_ok(read_bytes(BYTES(HEAD "竜\0水\tdrug\tslang\tja\t3\ta\tb\t\n")) == SK_CONFIG &&
               strstr(why.sentence, "NUL") != NULL,
           "NUL: %s", why.sentence);
    tap_ok(read_text(HEAD ROW "竜水\tany\tinnocent\tja\t2\t竜水\tb\t\n") == SK_OK,
           "one word in two roles");
}

static struct bytes
many_rows(size_t most)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, HEAD);
    for (size_t i = 0; i < most; i++) {
        writer_format(&w, "w%zu\tdrug\tslang\ten\t3\ta\tb\t\n", 1000 + i);
    }
    return writer_view(&w);
}

static struct bytes
one_row(size_t term, size_t spellings, size_t example)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, HEAD);
    for (size_t i = 0; i < spellings; i++) {
        writer_format(&w, "%sw%zu", i == 0 ? "" : "|", 1000 + i);
        for (size_t k = 5; k < term; k++) {
            writer_byte(&w, 'x');
        }
    }
    writer_text(&w, "\tdrug\tslang\ten\t3\t");
    for (size_t i = 0; i < example; i++) {
        writer_byte(&w, 'y');
    }
    writer_text(&w, "\tb\t\n");
    return writer_view(&w);
}

static void
test_bounds(void)
{
    tap_ok(read_bytes(many_rows(LIMIT_WORDS_ROWS)) == SK_OK && count == LIMIT_WORDS_ROWS,
           "as many rows as the bound");
    tap_ok(read_bytes(many_rows(LIMIT_WORDS_ROWS + 1)) == SK_LIMIT &&
               why.line == LIMIT_WORDS_ROWS + 2,
           "and one more");
    tap_ok(read_bytes(one_row(LIMIT_WORDS_TERM, 1, 1)) == SK_OK,
           "a spelling as long as the bound");
    tap_ok(read_bytes(one_row(LIMIT_WORDS_TERM + 1, 1, 1)) == SK_CONFIG,
           "and one byte more");
    tap_ok(read_bytes(one_row(5, LIMIT_WORDS_SPELLINGS, 1)) == SK_OK,
           "as many spellings as the bound");
    tap_ok(read_bytes(one_row(5, LIMIT_WORDS_SPELLINGS + 1, 1)) == SK_CONFIG,
           "and one more");
    tap_ok(read_bytes(one_row(5, 1, LIMIT_WORDS_EXAMPLE)) == SK_OK,
           "an example as long as the bound");
    tap_ok(read_bytes(one_row(5, 1, LIMIT_WORDS_EXAMPLE + 1)) == SK_CONFIG,
           "and one byte more");

    char *file = arena_take(&arena, LIMIT_WORDS_FILE + 1);
    memset(file, '#', LIMIT_WORDS_FILE + 1);
    tap_ok(read_bytes(bytes_of(file, LIMIT_WORDS_FILE)) == SK_OK,
           "a file as large as the bound");
    tap_ok(read_bytes(bytes_of(file, LIMIT_WORDS_FILE + 1)) == SK_LIMIT,
           "and one byte more");
}

static enum sk_code
try_text(const char *file)
{
    struct lexicon *lexicon = NULL;
    enum sk_code code = read_text(file);

    if (code == SK_OK) {
        code = lexicon_open_words(&arena, lexicon_threat_table(), lexicon_slang_table(),
                                  bytes_from_text(file), &lexicon, &why);
    }
    if (code == SK_OK) {
        code = words_try(lexicon, rows, count, NULL, NULL, &why);
    }
    lexicon_close(lexicon);
    return code;
}

static void
test_examples(void)
{
    tap_ok(try_text(HEAD ROW) == SK_OK, "examples that are as they say");
    tap_ok(try_text(HEAD "竜水\tdrug\tslang\tja\t3\t竜水を飲む\t川の話\t\n") == SK_CONFIG &&
               strstr(why.sentence, "column 6") != NULL,
           "slang without an offer: %s", why.sentence);
    tap_ok(
        try_text(
            HEAD
            "竜水\tdrug\tslang\tja\t3\t竜水入荷 手押し都内\\n1手1万\t竜水入荷 手押し都内 "
            "1手1万\t\n") == SK_CONFIG &&
            strstr(why.sentence, "column 7") != NULL,
        "a counter-example that is hit: %s", why.sentence);
    tap_ok(try_text(HEAD "竜水\tany\thand\tja\t3\t竜水で渡す\t川の水\t\n") == SK_OK,
           "other roles want the word alone");
    tap_ok(try_text(HEAD "竜水\tany\thand\tja\t3\t川の水\t川\t\n") == SK_CONFIG,
           "and want it indeed");
}

static size_t
weight_of(struct lexicon *lexicon, const char *text, bool *own_r)
{
    size_t hits;
    const struct lexicon_hit *hit =
        lexicon_scan(&arena, lexicon, bytes_from_text(text), &hits);

    *own_r = hits > 0 && hit[0].term->own;
    return hits != 1 ? 0 : (size_t)hit[0].term->weight;
}

static void
test_clash(void)
{
    static const char built_in[] = "term\nチャカ|はじき\tweapon\tslang\tja\t4\t\n";
    static const char own_words[] = HEAD "チャカ\tweapon\tslang\tja\t1\ta\tb\t\n"
                                         "はじき\tany\thand\tja\t2\ta\tb\t\n";
    struct lexicon *lexicon = NULL;
    bool own;

    if (!tap_ok(lexicon_open_words(&arena, BYTES_NONE, bytes_from_text(built_in),
                                   bytes_from_text(own_words), &lexicon, &why) == SK_OK,
                "words that are built in")) {
        return;
    }
    tap_ok(weight_of(lexicon, "チャカ", &own) == 1 && own, "count as the operator says");
    size_t hits;
    lexicon_scan(&arena, lexicon, BYTES("はじき"), &hits);
    tap_ok(hits == 2, "but in another role both stand");
    lexicon_close(lexicon);
    tap_ok(lexicon_open_words(&arena, BYTES_NONE, bytes_from_text(built_in), BYTES("x"),
                              &lexicon, &why) == SK_CONFIG &&
               why.line == 1,
           "a mistake is told with its line");
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    test_form();
    test_mistakes();
    test_bounds();
    test_examples();
    test_clash();
    arena_release(&arena);
    return tap_done();
}
