/* `sekisho purge`: what has reached the end of the time it is kept, and its end. */
#define SK_BASE
#include "sekisho/commands.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "record/retention_keeper.h"
#include "sekisho/ask.h"
#include "sekisho/record_folder.h"

static const struct option_row rows[] = {
    RECORD_FOLDER_ROWS,
    {"dry-run", NULL, "only count what has reached its end (also without any option)"},
    {"now", NULL, "the clock is right: begin with it now; recorded"},
    {"class", "CLASS",
     "--now: this class first: source, outcome, content, held, threat, look"},
    {"json", NULL, "as JSON"},
    {"lang", "ja|en", "language; else that of the environment"},
    {0},
};

static const char *
class_words(enum retention_class class, bool japanese)
{
    static const char *const words[RETENTION_CLASSES][2] = {
        [RETAIN_SOURCE] = {"送信元・認証の記録", "source, papers"},
        [RETAIN_OUTCOME] = {"配送結果", "outcomes"},
        [RETAIN_CONTENT] = {"同意により読んだ内容", "content read with consent"},
        [RETAIN_HELD] = {"保留された通信文", "held messages"},
        [RETAIN_THREAT] = {"犯罪予告の証拠", "evidence of threats"},
        [RETAIN_LOOK] = {"閲覧の記録", "looks"},
    };

    return words[class][japanese ? 0 : 1];
}

static void
print_count(const struct retention_settings *settings, const struct retention_count *count,
            bool japanese)
{
    for (unsigned i = 0; i < RETENTION_CLASSES; i++) {
        printf(japanese ? "%-8s %5lld日  期限切れ %llu、保全により残すもの %llu  (%s)\n"
                        : "%-8s %5lldd  due %llu, kept by a hold %llu  (%s)\n",
               retention_class_name((enum retention_class)i),
               (long long)(settings->keep_ms[i] / 86400000),
               (unsigned long long)count->due[i], (unsigned long long)count->held[i],
               class_words((enum retention_class)i, japanese));
    }
}

static void
print_count_json(struct arena *arena, const struct retention_settings *settings,
                 const struct retention_count *count)
{
    struct writer w;
    struct json j;

    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    for (unsigned i = 0; i < RETENTION_CLASSES; i++) {
        json_key(&j, retention_class_name((enum retention_class)i));
        json_open(&j, '{');
        json_put_number(&j, "days", settings->keep_ms[i] / 86400000);
        json_put_number(&j, "due", (int64_t)count->due[i]);
        json_put_number(&j, "held", (int64_t)count->held[i]);
        json_close(&j);
    }
    json_close(&j);
    puts(writer_c(&w));
}

/* Reads the record itself: it is long, and the keeper has mail to answer. */
static int
dry_run(struct arena *arena, const struct options *o, const struct config *config)
{
    struct retention_settings settings;
    struct retention_count count;
    struct holds *holds;
    struct why why;

    const char *path = bytes_text(arena, config_text(config, "record.folder"));
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        fprintf(stderr, "sekisho: purge: %s cannot be opened\n", path);
        return EXIT_NO_INPUT;
    }
    enum sk_code code = retention_settings_read(config, &settings, &why);
    if (code == SK_OK) {
        code = holds_read(arena, folder, &holds, &why);
    }
    if (code == SK_OK) {
        code = retention_count(arena, folder, path, &settings, holds, clock_now_ms(),
                               &count, &why);
    }
    close(folder);
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: purge: %s\n", why.sentence);
        return code == SK_CONFIG ? EXIT_CONFIG : EXIT_SYSTEM;
    }
    if (options_has(o, "json")) {
        print_count_json(arena, &settings, &count);
    } else {
        print_count(&settings, &count, speak_japanese(o));
    }
    return EXIT_OK;
}

static int
now(struct arena *arena, const struct options *o, const struct config *config)
{
    struct bytes reply = BYTES_NONE;
    struct writer w;
    struct json j;
    struct why why = {0};

    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "do", "purge.now");
    if (options_has(o, "class")) {
        json_put_text(&j, "class", options_value(o, "class"));
    }
    json_close(&j);
    enum sk_code code = ask_keeper(arena, config, writer_view(&w), &reply, &why);
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: purge: %s\n", why.sentence);
        return code == SK_BAD      ? EXIT_DATA
               : code == SK_CONFIG ? EXIT_CONFIG
               : code == SK_LATER  ? EXIT_UNAVAILABLE
                                   : EXIT_SYSTEM;
    }
    if (options_has(o, "json")) {
        printf("%.*s\n", BYTES_ARGUMENTS(reply));
    } else {
        puts(speak_japanese(o)
                 ? "期限切れの記録の抹消を始めた。経過は sekisho purge --dry-run で分かる。"
                 : "purging has begun; sekisho purge --dry-run tells how far it is");
    }
    return EXIT_OK;
}

int
purge_command(int count, char **arguments)
{
    struct options o;
    struct arena arena;
    int status;

    if (!options_read(
            &o, "purge [--dry-run | --now [--class CLASS]]",
            "Purges what has reached the end of its retention; the keeper does so by "
            "itself, this asks for it at once.",
            rows, count, arguments)) {
        return o.status;
    }
    if (o.rest_count > 0 || (options_has(&o, "dry-run") && options_has(&o, "now")) ||
        (options_has(&o, "class") && !options_has(&o, "now"))) {
        fprintf(stderr, "sekisho: purge: --dry-run, or --now with or without --class\n");
        return EXIT_USAGE;
    }
    arena_init(&arena, (size_t)1 << 30);
    const struct config *config = command_config(&arena, &o, &status);
    if (config != NULL) {
        status =
            options_has(&o, "now") ? now(&arena, &o, config) : dry_run(&arena, &o, config);
    }
    arena_release(&arena);
    return status;
}
