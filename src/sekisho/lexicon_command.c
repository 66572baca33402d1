/* `sekisho lexicon`: the words that tell trade and threats; the operator's own, their examples, and what is proposed. */
#define SK_BASE
#include "sekisho/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "judge/normal.h"
#include "judge/regions.h"
#include "judge/trade.h"
#include "judge/words.h"
#include "sekisho/files.h"
#include "sekisho/lexicon_command.h"
#include "sekisho/options.h"
#include "sekisho/record_folder.h"

#define TEXT_MOST 1048576
#define SHOWN     160

static const struct option_row rows[] = {
    RECORD_FOLDER_ROWS,
    {"file", "FILE", "the operator's words (judge.words of the configuration)"},
    {"kind", "KIND", "list: only this kind; accept: of the new row"},
    {"own", NULL, "list: only the operator's"},
    {"since", "TIME",
     "propose: messages not before; 2026-11-22 or 2026-11-22T09:30:00+09:00"},
    {"least", "NUMBER", "propose: in so many messages or more (2)"},
    {"weight", "1-5", "accept: how much the word says (3)"},
    {"hit", "TEXT", "accept: an example that is trade; \\n is a line end"},
    {"miss", "TEXT", "accept: an example with the word that is none"},
    {"reason", "TEXT", "accept: why; recorded"},
    {"zone", "+HH:MM", "zone of the times (+09:00)"},
    {"json", NULL, "as JSON"},
    {"lang", "ja|en", "language; else that of the environment"},
    {0},
};

const char *
lexicon_say(const struct lexing *l, const char *ja, const char *en)
{
    return l->japanese ? ja : en;
}

/* The tables that judge.lexicon names, else those that are built in. */
static enum sk_code
read_tables(struct lexing *l, struct bytes *threat_r, struct bytes *slang_r,
            struct why *why)
{
    struct bytes folder = config_text(l->config, "judge.lexicon");
    struct writer w;

    *threat_r = lexicon_threat_table();
    *slang_r = lexicon_slang_table();
    if (folder.size == 0) {
        return SK_OK;
    }
    writer_init(&w, &l->arena);
    writer_format(&w, "%.*s/threat.tsv", BYTES_ARGUMENTS(folder));
    enum sk_code code = file_read(&l->arena, writer_c(&w), LIMIT_WORDS_FILE, threat_r, why);
    if (code == SK_OK) {
        writer_init(&w, &l->arena);
        writer_format(&w, "%.*s/slang.tsv", BYTES_ARGUMENTS(folder));
        code = file_read(&l->arena, writer_c(&w), LIMIT_WORDS_FILE, slang_r, why);
    }
    return code;
}

int
lexicon_complain(const struct lexing *l, enum sk_code code, const struct why *why)
{
    bool file = l->path != NULL && why->line > 0;

    fprintf(stderr, "sekisho: lexicon: %s%s%s\n", file ? l->path : "", file ? ": " : "",
            why->sentence);
    return code == SK_SYSTEM ? EXIT_NO_INPUT : EXIT_CONFIG;
}

enum sk_code
lexicon_open_file(struct lexing *l, struct bytes words, struct why *why)
{
    struct bytes threat, slang;
    enum sk_code code = words_read(&l->arena, words, &l->rows, &l->row_count, why);

    if (code == SK_OK) {
        code = read_tables(l, &threat, &slang, why);
    }
    if (code == SK_OK) {
        lexicon_close(l->lexicon);
        l->lexicon = NULL;
        code = lexicon_open_words(&l->arena, threat, slang, words, &l->lexicon, why);
    }
    return code;
}

/* One example of a row that is not as it says. */
static void
tell_row(void *context, const struct word_row *row, bool hit, bool missed)
{
    struct lexing *l = context;
    struct writer w;

    if (hit && missed) {
        return;
    }
    l->failed++;
    if (options_has(l->o, "json")) {
        struct json *j = l->json;
        json_open(j, '{');
        json_put_number(j, "line", (int64_t)row->line);
        json_put_string(j, "term", row->term);
        json_put_bool(j, "hit", hit);
        json_put_bool(j, "missed", missed);
        json_close(j);
        return;
    }
    writer_init(&w, &l->arena);
    writer_format(
        &w, l->japanese ? "%s: %zu行目、%d列目 (%s): " : "%s: line %zu, column %d (%s): ",
        l->path, row->line, hit ? 7 : 6, hit ? "miss" : "hit");
    writer_text(&w, hit ? lexicon_say(l, "当たってはならない例に当たる",
                                      "the example must not be hit, and is")
                        : lexicon_say(l, "当たるはずの例に当たらない",
                                      "the example must be hit, and is not"));
    writer_text(&w, ": ");
    writer_clean(&w, hit ? row->miss : row->hit, SHOWN);
    printf("%s\n", writer_c(&w));
}

static void
json_hit(struct json *j, const struct lexicon_hit *hit, struct bytes normal)
{
    const struct lexicon_term *term = hit->term;

    json_open(j, '{');
    json_put_string(j, "said", bytes_slice(normal, hit->from, hit->to));
    json_put_string(j, "term", term->text);
    json_put_text(j, "kind", lexicon_kind_name(term->kind));
    json_put_text(j, "role", lexicon_role_name(term->role));
    json_put_number(j, "weight", term->weight);
    json_put_bool(j, "own", term->own);
    json_put_number(j, "line", (int64_t)term->line);
    json_put_bool(j, "disguised", hit->disguised);
    json_put_string(j, "note", term->note);
    json_close(j);
}

static void
print_hit(struct lexing *l, const struct lexicon_hit *hit, struct bytes normal)
{
    const struct lexicon_term *term = hit->term;
    struct writer w;

    writer_init(&w, &l->arena);
    writer_text(&w, "  ");
    writer_clean(&w, bytes_slice(normal, hit->from, hit->to), SHOWN);
    writer_format(&w, "  %s %s %d", lexicon_kind_name(term->kind),
                  lexicon_role_name(term->role), term->weight);
    if (term->own) {
        writer_format(&w, l->japanese ? "  自前 %zu行目" : "  own, line %zu", term->line);
    }
    if (hit->disguised) {
        writer_text(&w, lexicon_say(l, "  伏せ字・言い換え", "  disguised"));
    }
    if (term->note.size > 0) {
        writer_text(&w, "  ");
        writer_clean(&w, term->note, SHOWN);
    }
    printf("%s\n", writer_c(&w));
}

/* What the lexicon finds in a text, and what it makes of it. */
static void
tell_text(struct lexing *l, struct bytes text)
{
    struct bytes normal = normal_form(&l->arena, text, LIMIT_NORMAL_BYTES);
    size_t count, region_count;
    const struct lexicon_hit *hits = lexicon_scan(&l->arena, l->lexicon, normal, &count);
    const struct region *regions = regions_read(&l->arena, normal, &region_count);
    struct trade trade;

    trade_read(&l->arena, normal, hits, count, regions, region_count, &trade);
    if (options_has(l->o, "json")) {
        json_key(l->json, "hits");
        json_open(l->json, '[');
        for (size_t i = 0; i < count; i++) {
            if (!hits[i].term->is_mask) {
                json_hit(l->json, &hits[i], normal);
            }
        }
        json_close(l->json);
        json_put_text(l->json, "trade", lexicon_kind_name(trade.kind));
        json_put_real(l->json, "score", trade.score, 2);
        json_put_real(l->json, "line", TRADE_LINE, 2);
        json_put_real(l->json, "goods", trade.goods, 2);
        json_put_real(l->json, "context", trade.context, 2);
        json_put_real(l->json, "innocent", trade.innocent, 2);
        json_put_real(l->json, "rule", trade.rule, 2);
        json_put_real(l->json, "wording", trade.wording, 2);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (!hits[i].term->is_mask) {
            print_hit(l, &hits[i], normal);
        }
    }
    printf(l->japanese
               ? "判定: %s  点 %.2f (%.1f以上で取引。品 %.2f、文脈 %.2f、別の意味 "
                 "%.2f、言い回し "
                 "%+.2f)\n"
               : "judged: %s  score %.2f (trade from %.1f on; goods %.2f, context %.2f, "
                 "other meaning %.2f, wording %+.2f)\n",
           trade.kind == LEXICON_ANY ? lexicon_say(l, "取引ではない", "no trade")
                                     : lexicon_kind_name(trade.kind),
           trade.score, TRADE_LINE, trade.goods, trade.context, trade.innocent,
           trade.wording);
}

static int
test(struct lexing *l)
{
    struct bytes text = BYTES_NONE;
    const char *given = l->o->rest_count > 1 ? l->o->rest[1] : NULL;
    struct why why = {0};
    struct writer w;
    struct json j;

    if (given != NULL && strcmp(given, "-") == 0) {
        if (file_read(&l->arena, "-", TEXT_MOST, &text, &why) != SK_OK) {
            return lexicon_complain(l, SK_SYSTEM, &why);
        }
    } else if (given != NULL) {
        text = bytes_from_text(given);
    }
    writer_init(&w, &l->arena);
    json_init(&j, &w);
    l->json = &j;
    json_open(&j, '{');
    json_put_number(&j, "rows", (int64_t)l->row_count);
    json_key(&j, "failed");
    json_open(&j, '[');
    enum sk_code code = words_try(l->lexicon, l->rows, l->row_count, tell_row, l, &why);
    json_close(&j);
    bool json = options_has(l->o, "json");
    if (!json && l->path != NULL) {
        printf(l->japanese ? "%s: %zu行、例の誤り %zu\n"
                           : "%s: %zu rows, %zu wrong by their examples\n",
               l->path, l->row_count, l->failed);
    }
    if (given != NULL) {
        tell_text(l, text);
    }
    json_close(&j);
    if (json) {
        printf("%s\n", writer_c(&w));
    }
    return code == SK_OK ? EXIT_OK : EXIT_FOUND;
}

static int
list(struct lexing *l)
{
    const char *name = options_value(l->o, "kind");
    enum lexicon_kind kind = LEXICON_ANY;
    size_t count;
    const struct lexicon_term *terms = lexicon_terms(l->lexicon, &count);
    struct writer w;
    struct json j;

    if (name != NULL && !lexicon_kind_read(bytes_from_text(name), &kind)) {
        fprintf(stderr, "sekisho: lexicon: there is no kind %s\n", name);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < count; i++) {
        const struct lexicon_term *term = &terms[i];
        if (term->censored || (name != NULL && term->kind != kind) ||
            (options_has(l->o, "own") && !term->own)) {
            continue;
        }
        writer_init(&w, &l->arena);
        if (options_has(l->o, "json")) {
            json_init(&j, &w);
            json_open(&j, '{');
            json_put_string(&j, "term", term->text);
            json_put_text(&j, "kind", lexicon_kind_name(term->kind));
            json_put_text(&j, "role", lexicon_role_name(term->role));
            json_put_number(&j, "weight", term->weight);
            json_put_bool(&j, "own", term->own);
            json_put_number(&j, "line", (int64_t)term->line);
            json_put_string(&j, "note", term->note);
            json_close(&j);
        } else {
            writer_clean(&w, term->text, SHOWN);
            writer_format(&w, "\t%s\t%s\t%d\t%s\t", lexicon_kind_name(term->kind),
                          lexicon_role_name(term->role), term->weight,
                          term->own ? lexicon_say(l, "自前", "own") : "-");
            writer_clean(&w, term->note, SHOWN);
        }
        printf("%s\n", writer_c(&w));
    }
    return EXIT_OK;
}

static const struct {
    const char *name;
    int (*run)(struct lexing *l);
    int least, most; /* words of the command line, its own name among them */
} verbs[] = {
    {"test", test, 1, 2},
    {"list", list, 1, 1},
    {"propose", lexicon_propose, 1, 1},
    {"accept", lexicon_accept, 2, 2},
};

static int
run(struct lexing *l)
{
    struct bytes words = BYTES_NONE, named = config_text(l->config, "judge.words");
    struct why why = {0};

    l->path = options_has(l->o, "file") ? options_value(l->o, "file")
              : named.size > 0          ? bytes_text(&l->arena, named)
                                        : NULL;
    bool fresh = strcmp(l->o->rest[0], "accept") == 0;
    if (l->path != NULL) {
        enum sk_code code = file_read(&l->arena, l->path, LIMIT_WORDS_FILE, &words, &why);
        if (code != SK_OK &&
            !(fresh && why.error == 2)) { /* ENOENT: the first word makes it */
            return lexicon_complain(l, code, &why);
        }
    }
    l->words = words;
    enum sk_code code = lexicon_open_file(l, words, &why);
    if (code != SK_OK) {
        return lexicon_complain(l, code, &why);
    }
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(l->o->rest[0], verbs[i].name) == 0 &&
            l->o->rest_count >= verbs[i].least && l->o->rest_count <= verbs[i].most) {
            return verbs[i].run(l);
        }
    }
    fprintf(stderr,
            "sekisho: lexicon: test [TEXT|-], list, propose or accept WORD is wanted\n");
    return EXIT_USAGE;
}

int
lexicon_command(int count, char **arguments)
{
    struct options o;
    struct lexing l = {.o = &o};
    int status = EXIT_OK;

    if (!options_read(
            &o, "lexicon test|list|propose|accept [OPTION...] [TEXT|-|WORD]",
            "Tests and lists the words that tell trade and threats, proposes new ones "
            "out of the record, and takes in what a person accepts.",
            rows, count, arguments)) {
        return o.status;
    }
    if (o.rest_count == 0) {
        fprintf(stderr, "sekisho: lexicon: test, list, propose or accept is wanted\n");
        return EXIT_USAGE;
    }
    arena_init(&l.arena, (size_t)1 << 30);
    l.japanese = speak_japanese(&o);
    l.config = command_config(&l.arena, &o, &status);
    if (l.config != NULL) {
        status = run(&l);
    }
    lexicon_close(l.lexicon);
    arena_release(&l.arena);
    return status;
}
