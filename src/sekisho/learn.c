/* sekisho learn: teaches the classifier from mail that people have sorted.
 *
 *     sekisho learn --ham Maildir --spam spam.mbox --model /var/lib/sekisho/judge.model
 *
 * Ham and spam are mixed in an order that is always the same: an online learner that sees all of one kind first
 * remembers the other. With --lists the order is that of the file. */
#include "sekisho/commands.h"

#include <stdio.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/writer.h"
#include "judge/judge.h"
#include "parse/letter.h"
#include "sekisho/ask.h"
#include "sekisho/corpus.h"
#include "sekisho/learn_kept.h"
#include "sekisho/options.h"
#include "sekisho/settings.h"

#define LIST_LINE_MAX 4096
#define CLASS_ROUNDS                                                                       \
    6 /* times that categories are taught; there are few examples of each */

/* Labels of the corpus: a category, or spam of which no more is known. */
#define LABEL_HAM  CATEGORY_HAM
#define LABEL_SPAM CATEGORY_COUNT

struct lessons {
    struct arena *arena;
    struct corpus *corpus;
    const char *model, *ship;
    const char *recipient, *config_path; /* --recipient: the running keeper is taught */
    const struct config *config;
    size_t already;
    bool ordered, dry_run;
};

/* Not read by options_read: what stands behind --ham or --spam, up to the next option, all belongs to it. */
static const char usage[] =
    "learn [--model FILE] [--from FILE|none] {--ham PATH... | --spam PATH... | --lists "
    "FILE}...\n       sekisho learn list [--by REPORTER]\n       sekisho learn undo ID";
static const struct option_row rows[] = {
    {"ham", "PATH...", "wanted mail: messages, mbox, Maildir, folders, tar archives"},
    {"spam", "PATH...", "unwanted mail, the same"},
    {"lists", "FILE", "a list of messages: lines of path TAB ham|spam [TAB category]"},
    {"model", "FILE",
     "the model: read if it is there, taught, and written; without it only counted"},
    {"from", "FILE|none",
     "what to begin with where --model is not there yet (default: the built-in model)"},
    {"recipient", "ADDRESS",
     "teach the running checkpoint in this recipient's name: his own weights and the "
     "model"},
    {"config", "FILE", "its configuration (" SETTINGS_PATH ")"},
    {"dry-run", NULL,
     "teach nothing; tell of each message what the running checkpoint thinks of it now and "
     "would then, and how many of the kept lessons it would judge otherwise"},
    {"by", "REPORTER", "list: lessons of this address alone, or of the operator"},
    {"json", NULL, "list: as JSON"},
    {"lang", "ja|en", "list, undo: language; else that of the environment"},
    {"ship", "FILE", "teach text alone, from nothing, and write it with weights of 8 bits"},
    {0},
};

static int
read_label(struct bytes label, struct bytes category)
{
    for (int i = 0; bytes_is(label, "spam") && i < CATEGORY_COUNT; i++) {
        if (i != CATEGORY_HAM && bytes_is(category, category_name((enum category)i))) {
            return i;
        }
    }
    return bytes_is(label, "spam") ? LABEL_SPAM : bytes_is(label, "ham") ? LABEL_HAM : -1;
}

static enum sk_code
add_list(struct lessons *lessons, const char *path, struct why *why)
{
    char line[LIST_LINE_MAX];
    FILE *file = fopen(path, "re");
    size_t number = 0;
    enum sk_code code = SK_OK;

    if (file == NULL) {
        return why_set(why, SK_SYSTEM, "the list %s cannot be opened", path);
    }
    while (code == SK_OK && fgets(line, sizeof line, file) != NULL) {
        struct bytes rest = bytes_trim(bytes_from_text(line)), name, label = BYTES_NONE,
                     category = BYTES_NONE;
        number++;
        if (rest.size == 0) {
            continue;
        }
        if (!bytes_split(&rest, '\t', &name) || !bytes_split(&rest, '\t', &label) ||
            read_label(label, category) < 0) {
            code = why_set_line(why, SK_BAD, number,
                                "%s: a line is a path, a tab, and ham or spam", path);
            break;
        }
        (void)bytes_split(&rest, '\t', &category);
        code = corpus_add(lessons->corpus, bytes_text(lessons->arena, name),
                          read_label(label, category), why);
    }
    fclose(file);
    lessons->ordered = true;
    return code;
}

/* Options that take many values hold until the next option. */
static enum sk_code
read_arguments(struct lessons *lessons, int count, char **arguments, const char **from_r,
               struct why *why)
{
    enum { NOTHING, HAM, SPAM, LISTS, MODEL, FROM, RECIPIENT, CONFIG, SHIP } what = NOTHING;
    static const char *const names[] = {"",        "--ham",  "--spam",      "--lists",
                                        "--model", "--from", "--recipient", "--config",
                                        "--ship"};
    enum sk_code code = SK_OK;

    for (int i = 1; i < count && code == SK_OK; i++) {
        const char *word = arguments[i];
        if (strcmp(word, "--dry-run") == 0) {
            lessons->dry_run = true;
        } else if (word[0] == '-' && word[1] == '-') {
            for (what = SHIP; what != NOTHING && strcmp(names[what], word) != 0; what--) {
            }
            if (what == NOTHING) {
                return why_set(why, SK_CONFIG, "%s is no option of learn", word);
            }
        } else if (what == HAM || what == SPAM) {
            code = corpus_add(lessons->corpus, word, what == SPAM ? LABEL_SPAM : LABEL_HAM,
                              why);
        } else if (what == LISTS) {
            code = add_list(lessons, word, why);
        } else if (what == MODEL) {
            lessons->model = word;
        } else if (what == FROM) {
            *from_r = word;
        } else if (what == RECIPIENT) {
            lessons->recipient = word;
        } else if (what == CONFIG) {
            lessons->config_path = word;
        } else if (what == SHIP) {
            lessons->ship = word;
        } else {
            return why_set(why, SK_CONFIG, "%s stands before any option", word);
        }
    }
    return code;
}

static void
show_progress(size_t done, size_t count, bool terminal)
{
    enum { WIDTH = 40 };
    size_t filled = done * WIDTH / count;

    if (terminal && (done % 64 == 0 || done == count)) {
        fprintf(stderr, "\rlearning [%.*s%*s] %zu/%zu", (int)filled,
                "########################################", (int)(WIDTH - filled), "", done,
                count);
        if (done == count) {
            fputc('\n', stderr);
        }
    } else if (!terminal &&
               (done == count || (done * 10 / count != (done - 1) * 10 / count))) {
        fprintf(stderr, "learning: %zu of %zu\n", done, count);
    }
}

static void
teach_one(struct arena *arena, const struct lessons *lessons, struct judge *judge,
          struct bytes raw, int label, bool classes)
{
    const struct letter *letter = letter_read(arena, raw);

    if (lessons->ship == NULL) {
        judge_learn(arena, judge, letter, label != LABEL_HAM);
    } else if (!classes) {
        judge_train(arena, judge, letter, label == LABEL_HAM ? CATEGORY_HAM : CATEGORY_BULK,
                    false);
    } else if (label != LABEL_SPAM && label != LABEL_HAM) {
        judge_train(arena, judge, letter, (enum category)label, true);
    }
}

/* By the keeper, who asks whether the recipient allows it. */
static enum sk_code
teach_keeper(struct arena *arena, struct lessons *lessons, struct bytes raw, bool spam,
             struct why *why)
{
    uint8_t digest[HASH_SHA256_SIZE];
    struct bytes reply;
    struct writer w;
    struct json j;

    hash_sha256(raw, digest);
    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "do", "learn.personal");
    json_put_text(&j, "address", lessons->recipient);
    json_put_bool(&j, "spam", spam);
    learn_put_hex(&j, "digest", arena, bytes_of(digest, sizeof digest));
    learn_put_hex(&j, "lesson", arena, judge_lesson(arena, letter_read(arena, raw)));
    json_close(&j);
    enum sk_code code = ask_keeper(arena, lessons->config, writer_view(&w), &reply, why);
    lessons->already +=
        code == SK_OK && bytes_find(reply, BYTES("\"already\":true"), 0) != BYTES_NOWHERE;
    return code;
}

static enum sk_code
teach(struct lessons *lessons, struct judge *judge, bool classes, struct why *why)
{
    size_t count = corpus_count(lessons->corpus);
    bool terminal = isatty(STDERR_FILENO) == 1;
    enum sk_code code = SK_OK;
    struct arena arena;

    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    for (size_t i = 0; i < count && code == SK_OK; i++) {
        struct bytes raw;
        const char *path;
        int label;
        code = corpus_load(&arena, lessons->corpus, i, &raw, &label, &path, why);
        if (code == SK_OK && lessons->dry_run) {
            code = learn_try(&arena, lessons->config, path, raw, label != LABEL_HAM, why);
        } else if (code == SK_OK && lessons->recipient != NULL) {
            code = teach_keeper(&arena, lessons, raw, label != LABEL_HAM, why);
            show_progress(i + 1, count, terminal);
        } else if (code == SK_OK) {
            teach_one(&arena, lessons, judge, raw, label, classes);
            if (!classes) {
                show_progress(i + 1, count, terminal);
            }
        }
        arena_release(&arena);
    }
    return code;
}

static enum sk_code
teach_all(struct lessons *lessons, struct judge *judge, struct why *why)
{
    enum sk_code code;

    if (!lessons->ordered) {
        corpus_shuffle(lessons->corpus);
    }
    code = teach(lessons, judge, false, why);
    for (int round = 0; lessons->ship != NULL && round < CLASS_ROUNDS && code == SK_OK;
         round++) {
        code = teach(lessons, judge, true, why);
    }
    if (code == SK_OK && lessons->ship != NULL) {
        code = judge_save_packed(judge, lessons->ship, why);
    }
    if (code == SK_OK && lessons->model != NULL) {
        code = judge_save(judge, lessons->model, why);
    }
    return code;
}

static enum sk_code
open_judge(struct lessons *lessons, const char *from, struct judge **judge_r,
           struct why *why)
{
    enum sk_code code = judge_open(lessons->arena, NULL, judge_r, why);

    if (code == SK_OK && lessons->ship != NULL) {
        code = judge_swap(*judge_r, "", why);
    } else if (code == SK_OK && from != NULL) {
        code = judge_swap(*judge_r, strcmp(from, "none") == 0 ? "" : from, why);
    } else if (code == SK_OK && lessons->model != NULL &&
               access(lessons->model, F_OK) == 0) {
        code = judge_swap(*judge_r, lessons->model, why);
    }
    return code;
}

static enum sk_code
open_keeper(struct lessons *lessons, const char *from, struct why *why)
{
    struct settings *settings;
    struct bytes text;

    if (lessons->model != NULL || lessons->ship != NULL || from != NULL) {
        return why_set(why, SK_CONFIG,
                       "--recipient and --dry-run are for the running checkpoint, not a "
                       "file");
    }
    enum sk_code code = settings_file(
        lessons->arena, lessons->config_path != NULL ? lessons->config_path : SETTINGS_PATH,
        &text, why);
    if (code == SK_OK) {
        code = settings_new(text, &settings, why);
    }
    if (code == SK_OK) {
        lessons->config = settings->config;
    }
    return code;
}

int
learn_command(int count, char **arguments)
{
    struct arena arena;
    struct lessons lessons = {.arena = &arena};
    struct judge *judge = NULL;
    const char *from = NULL;
    struct why why = {0};
    enum sk_code code;

    if (count > 1 &&
        (strcmp(arguments[1], "list") == 0 || strcmp(arguments[1], "undo") == 0)) {
        return learn_kept(count - 1, arguments + 1);
    }
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--help") == 0) {
            options_help(
                usage, "Teaches the classifier from mail that a person has sorted.", rows);
            return EXIT_OK;
        }
    }
    arena_init(&arena, (size_t)2 * LIMIT_ARENA_MESSAGE);
    lessons.corpus = corpus_new(&arena);
    code = read_arguments(&lessons, count, arguments, &from, &why);
    if (code == SK_OK && corpus_count(lessons.corpus) == 0) {
        fprintf(stderr, "usage: sekisho %s\n", usage);
        arena_release(&arena);
        return 2;
    }
    if (code == SK_OK && (lessons.recipient != NULL || lessons.dry_run)) {
        code = open_keeper(&lessons, from, &why);
    } else if (code == SK_OK) {
        code = open_judge(&lessons, from, &judge, &why);
    }
    if (code == SK_OK) {
        code = teach_all(&lessons, judge, &why);
    }
    if (code != SK_OK) {
        fprintf(stderr, "sekisho learn: %s\n", why.sentence);
    } else if (lessons.dry_run) {
        fprintf(stderr, "nothing was taught\n");
    } else if (lessons.recipient != NULL) {
        fprintf(stderr,
                "learnt %zu messages of %s, %zu of them known before; left out %zu\n",
                corpus_count(lessons.corpus), lessons.recipient, lessons.already,
                corpus_left_out(lessons.corpus));
    } else {
        uint64_t spam, ham;
        judge_counts(judge, &spam, &ham);
        fprintf(
            stderr,
            "learnt %zu messages, left out %zu; the model knows %llu spam and %llu ham\n",
            corpus_count(lessons.corpus), corpus_left_out(lessons.corpus),
            (unsigned long long)spam, (unsigned long long)ham);
    }
    judge_close(judge);
    arena_release(&arena);
    return code == SK_OK ? 0 : code == SK_CONFIG ? 2 : 1;
}
