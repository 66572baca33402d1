/* sekisho classify: what the classifier says of messages.
 *
 *     sekisho classify message.eml Maildir        prints `path score` for each
 *     sekisho classify --online < lessons         reads lines `label TAB path`, prints `label score`, then learns
 *
 * --online starts untaught unless --model names a model; the file is not changed. */
#include "sekisho/commands.h"

#include <stdio.h>

#include "base/limits.h"
#include "judge/judge.h"
#include "parse/letter.h"
#include "sekisho/corpus.h"
#include "sekisho/options.h"

#define LINE_MAX_SIZE 8192

static enum sk_code
ask(struct arena *arena, struct judge *judge, const struct corpus *corpus, size_t i,
    const char *label, struct why *why)
{
    struct bytes raw;
    const char *path;
    int unused;
    enum sk_code code = corpus_load(arena, corpus, i, &raw, &unused, &path, why);

    if (code == SK_OK) {
        const struct letter *letter = letter_read(arena, raw);
        fprintf(stdout, "%s %.6f\n", label == NULL ? path : label,
                judge_score(arena, judge, letter));
        if (label != NULL) {
            fflush(stdout); /* who teaches may choose the next lesson by this answer */
            judge_learn(arena, judge, letter, strcmp(label, "spam") == 0);
        }
    }
    return code;
}

static enum sk_code
ask_line(struct judge *judge, struct bytes line, struct why *why)
{
    struct bytes label, path = line;
    struct arena arena;
    enum sk_code code;

    if (!bytes_split(&path, '\t', &label) ||
        (!bytes_is(label, "spam") && !bytes_is(label, "ham"))) {
        return why_set(why, SK_BAD, "a line is ham or spam, a tab, and a path");
    }
    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    struct corpus *corpus = corpus_new(&arena);
    code = corpus_add(corpus, bytes_text(&arena, path), 0, why);
    if (code == SK_OK && corpus_count(corpus) != 1) {
        code = why_set(why, SK_BAD, "%s is not one message", bytes_text(&arena, path));
    }
    if (code == SK_OK) {
        code = ask(&arena, judge, corpus, 0, bytes_text(&arena, label), why);
    }
    arena_release(&arena);
    return code;
}

static enum sk_code
ask_online(struct judge *judge, struct why *why)
{
    char line[LINE_MAX_SIZE];
    enum sk_code code = SK_OK;

    while (code == SK_OK && fgets(line, sizeof line, stdin) != NULL) {
        struct bytes text = bytes_trim(bytes_from_text(line));
        if (text.size > 0) {
            code = ask_line(judge, text, why);
        }
    }
    return code;
}

static enum sk_code
ask_files(struct arena *arena, struct judge *judge, int count, char **paths,
          struct why *why)
{
    struct corpus *corpus = corpus_new(arena);
    struct arena message;
    enum sk_code code = SK_OK;

    for (int i = 0; i < count && code == SK_OK; i++) {
        code = corpus_add(corpus, paths[i], 0, why);
    }
    arena_init(&message, LIMIT_ARENA_MESSAGE);
    for (size_t i = 0; i < corpus_count(corpus) && code == SK_OK; i++) {
        code = ask(&message, judge, corpus, i, NULL, why);
        arena_release(&message);
    }
    return code;
}

static const struct option_row rows[] = {
    {"online", NULL, "take `label TAB path` lines from standard input, answer, then learn"},
    {"model", "FILE",
     "model to use (default: the built-in one; with --online: an empty one)"},
    {0},
};

int
classify_command(int count, char **arguments)
{
    struct arena arena;
    struct judge *judge = NULL;
    struct why why = {0};
    struct options o;
    enum sk_code code;

    if (!options_read(&o, "classify [--model FILE] {--online | FILE...}",
                      "Scores messages, 0 to 1: prints `path score`. With --online reads "
                      "lines `label TAB path`, "
                      "for each prints `label score`, then learns it, from nothing.",
                      rows, count, arguments)) {
        return o.status;
    }
    const char *model = options_value(&o, "model");
    bool online = options_has(&o, "online");
    if (online == (o.rest_count > 0)) {
        fprintf(stderr, "sekisho: classify: name files, or say --online\n");
        return EXIT_USAGE;
    }
    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    code = judge_open(&arena, NULL, &judge, &why);
    if (code == SK_OK && (online || model != NULL)) {
        code = judge_swap(judge, model == NULL ? "" : model, &why);
    }
    if (code == SK_OK) {
        code = online ? ask_online(judge, &why)
                      : ask_files(&arena, judge, o.rest_count, o.rest, &why);
    }
    if (code != SK_OK) {
        fprintf(stderr, "sekisho classify: %s\n", why.sentence);
    }
    judge_close(judge);
    arena_release(&arena);
    return code == SK_OK ? 0 : 1;
}
