#define SK_BASE
#include "sekisho/learn_kept.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/writer.h"
#include "judge/opinion.h"
#include "parse/letter.h"
#include "sekisho/ask.h"
#include "sekisho/options.h"
#include "sekisho/record_folder.h"
#include "sekisho/settings.h"

static const struct option_row rows[] = {
    {"config", "FILE", "configuration to use (" SETTINGS_PATH ")"},
    {"by", "REPORTER", "list: of this address alone, or of the operator"},
    {"json", NULL, "list: as JSON"},
    {"lang", "ja|en", "language; else that of the environment"},
    {0},
};

void
learn_put_hex(struct json *j, const char *name, struct arena *arena, struct bytes b)
{
    struct writer w;

    writer_init(&w, arena);
    for (size_t i = 0; i < b.size; i++) {
        writer_format(&w, "%02x", b.at[i]);
    }
    json_put_string(j, name, writer_view(&w));
}

enum sk_code
learn_try(struct arena *arena, const struct config *config, const char *path,
          struct bytes raw, bool spam, struct why *why)
{
    struct bytes reply;
    struct writer w;
    struct json j;

    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "do", "learn.try");
    json_put_bool(&j, "spam", spam);
    learn_put_hex(&j, "lesson", arena, judge_lesson(arena, letter_read(arena, raw)));
    json_close(&j);
    enum sk_code code = ask_keeper(arena, config, writer_view(&w), &reply, why);
    if (code != SK_OK) {
        return code;
    }
    json_t *said = json_loadb((const char *)reply.at, reply.size, 0, NULL);
    printf("%s: %.4f -> %.4f; of %lld kept lessons %lld would become unwanted, %lld "
           "wanted\n",
           path, json_number_value(json_object_get(said, "before")),
           json_number_value(json_object_get(said, "after")),
           json_integer_value(json_object_get(said, "looked_at")),
           json_integer_value(json_object_get(said, "to_unwanted")),
           json_integer_value(json_object_get(said, "to_wanted")));
    json_decref(said);
    return SK_OK;
}

static const char *
state_in(const char *state, bool japanese)
{
    static const char *const words[][2] = {{"taught", "学習済み"},
                                           {"waiting", "保留"},
                                           {"known", "以前に学習済み"},
                                           {"replaced", "本人が訂正"},
                                           {"undone", "取り消し"}};

    for (size_t i = 0; japanese && i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i][0], state) == 0) {
            return words[i][1];
        }
    }
    return state;
}

static void
show(struct arena *arena, struct bytes reply, bool japanese)
{
    json_t *said = json_loadb((const char *)reply.at, reply.size, 0, NULL), *lesson;
    size_t i;

    json_array_foreach(json_object_get(said, "lessons"), i, lesson)
    {
        struct writer time;
        writer_init(&time, arena);
        clock_write_rfc3339(&time,
                            json_integer_value(json_object_get(lesson, "time")) / 1000, 0);
        const char *group = json_string_value(json_object_get(lesson, "group"));
        printf("%lld\t%s\t%s\t%s\t%s (%.2f)%s",
               json_integer_value(json_object_get(lesson, "id")), writer_c(&time),
               json_string_value(json_object_get(lesson, "said")),
               state_in(json_string_value(json_object_get(lesson, "state")), japanese),
               json_string_value(json_object_get(lesson, "reporter")),
               json_number_value(json_object_get(lesson, "weight")),
               json_is_true(json_object_get(lesson, "personal"))
                   ? japanese ? "\t本人の重みにも" : "\talso his own weights"
                   : "");
        if (group != NULL) {
            bool taught = json_is_true(json_object_get(lesson, "group_taught"));
            printf(japanese ? "\tグループ: %s%s" : "\tgroup: %s%s", group,
                   taught     ? ""
                   : japanese ? " (保留)"
                              : " (waiting)");
        }
        printf("\n");
    }
    json_decref(said);
}

static struct bytes
question(struct arena *arena, const struct options *o, bool list, long long id)
{
    const char *by = options_value(o, "by");
    struct writer w;
    struct json j;

    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "do", list ? "learn.list" : "learn.undo");
    if (list && by != NULL) {
        json_put_text(&j, "of", by);
    } else if (!list) {
        json_put_number(&j, "id", id);
    }
    json_close(&j);
    return writer_view(&w);
}

int
learn_kept(int count, char **arguments)
{
    bool list = strcmp(arguments[0], "list") == 0;
    const struct config *config;
    struct bytes text, reply;
    struct options o;
    struct arena arena;
    struct why why;
    char *end = NULL;

    if (!options_read(&o, "learn {list [--by REPORTER] | undo ID}",
                      "Lists the lessons that can be taken back, or takes one back.", rows,
                      count, arguments)) {
        return o.status;
    }
    long long id = o.rest_count == 1 ? strtoll(o.rest[0], &end, 10) : 0;
    if (o.rest_count != (list ? 0 : 1) || (!list && (id <= 0 || *end != '\0'))) {
        fprintf(stderr, "usage: sekisho learn {list [--by REPORTER] | undo ID}\n");
        return EXIT_USAGE;
    }
    const char *path = options_value(&o, "config");
    arena_init(&arena, 64u << 20);
    enum sk_code code =
        settings_file(&arena, path != NULL ? path : SETTINGS_PATH, &text, &why);
    if (code == SK_OK) {
        code = settings_config(&arena, text, &config, &why);
    }
    if (code == SK_OK) {
        code = ask_keeper(&arena, config, question(&arena, &o, list, id), &reply, &why);
    }
    if (code != SK_OK) {
        fprintf(stderr, "sekisho learn: %s\n", why.sentence);
    } else if (list && options_has(&o, "json")) {
        printf("%.*s\n", BYTES_ARGUMENTS(reply));
    } else if (list) {
        show(&arena, reply, speak_japanese(&o));
    } else {
        printf(speak_japanese(&o) ? "%lld を取り消しました\n" : "%lld is taken back\n", id);
    }
    arena_release(&arena);
    return code == SK_OK ? EXIT_OK : code == SK_LATER ? EXIT_UNAVAILABLE : EXIT_FOUND;
}
