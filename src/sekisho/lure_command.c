/* `sekisho lure`: how far conversations with strangers have come, and whether an address is one who lures. */
#define SK_BASE
#include "sekisho/commands.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "sekisho/ask.h"
#include "sekisho/record_folder.h"

static const struct option_row rows[] = {
    RECORD_FOLDER_ROWS,
    {"reason", "TEXT", "show, forget: why; recorded"},
    {"json", NULL, "list, show: as one JSON object"},
    {"lang", "ja|en", "language; else that of the environment"},
    {0},
};

struct asking {
    struct arena arena;
    struct options *o;
    const struct config *config;
    bool japanese;
};

static const char *
say(const struct asking *a, const char *ja, const char *en)
{
    return a->japanese ? ja : en;
}

static const char *
stage_words(const struct asking *a, const char *stage)
{
    static const char *const words[][3] = {
        {"contact", "最初の接触", "first contact"},
        {"rapport", "親しくなる", "getting close"},
        {"move", "別のアプリやサイトへ", "to another app or site"},
        {"money", "お金の話", "money"},
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (stage != NULL && strcmp(stage, words[i][0]) == 0) {
            return words[i][a->japanese ? 1 : 2];
        }
    }
    return "-";
}

/* The reply; NULL and *status on a refusal: words were said. */
static json_t *
ask(struct asking *a, const char *what, int *status)
{
    struct options *o = a->o;
    struct bytes reply = BYTES_NONE;
    struct writer w;
    struct json j;
    struct why why = {0};

    writer_init(&w, &a->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "do", what);
    if (o->rest_count > 1) {
        json_put_text(&j, "address", o->rest[1]);
    }
    if (o->rest_count > 2) {
        json_put_text(&j, "correspondent", o->rest[2]);
    }
    if (options_has(o, "reason")) {
        json_put_text(&j, "reason", options_value(o, "reason"));
    }
    json_close(&j);
    enum sk_code code = ask_keeper(&a->arena, a->config, writer_view(&w), &reply, &why);
    *status = code == SK_OK                        ? EXIT_OK
              : code == SK_BAD || code == SK_LIMIT ? EXIT_DATA
              : code == SK_CONFIG                  ? EXIT_CONFIG
              : code == SK_LATER                   ? EXIT_UNAVAILABLE
                                                   : EXIT_SYSTEM;
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: lure: %s\n", why.sentence);
        return NULL;
    }
    return json_loadb((const char *)reply.at, reply.size, 0, NULL);
}

static long long
number_of(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static void
put_day(struct writer *w, const json_t *time)
{
    struct writer day;

    writer_init(&day, w->arena);
    clock_write_rfc3339(&day, json_integer_value(time) / 1000, 0);
    writer_bytes(w, bytes_slice(writer_view(&day), 0, 10));
}

static void
print_sums(struct asking *a, const json_t *reply)
{
    const char *stage;
    json_t *count;

    printf("%s: %lld\n", say(a, "やり取りを記憶している受信者", "recipients"),
           number_of(reply, "recipients"));
    printf("%s: %lld\n", say(a, "やり取りの相手", "correspondents"),
           number_of(reply, "correspondents"));
    printf("%s: %lld\n", say(a, "誘い込みとみられる相手", "of these, those who lure"),
           number_of(reply, "lures"));
    json_object_foreach(json_object_get(reply, "stages"), stage, count)
    {
        printf("  %s: %lld\n", stage_words(a, stage), (long long)json_integer_value(count));
    }
}

static void
print_conversations(struct asking *a, const json_t *reply)
{
    const json_t *lure = json_object_get(reply, "lure");
    struct writer w;
    size_t i;
    json_t *one, *day;
    const char *stage;

    writer_init(&w, &a->arena);
    if (lure != NULL) {
        writer_format(&w, "%s\n",
                      json_is_true(lure)
                          ? say(a, "誘い込みとみられる相手です。返信に注意が必要です。",
                                "this is one who lures: a reply to him needs care")
                          : say(a, "誘い込みとみられる相手ではありません。",
                                "this is none who is known to lure"));
    }
    json_array_foreach(json_object_get(reply, "conversations"), i, one)
    {
        put_day(&w, json_object_get(one, "first"));
        writer_text(&w, " - ");
        put_day(&w, json_object_get(one, "last"));
        writer_format(
            &w, "  %lld %s  %s", number_of(one, "messages"), say(a, "通", "messages"),
            json_is_true(json_object_get(one, "lure")) ? say(a, "誘い込み", "lure") : "-");
        json_object_foreach(json_object_get(one, "reached"), stage, day)
        {
            writer_format(&w, "\n    %s  ", stage_words(a, stage));
            put_day(&w, day);
        }
        writer_byte(&w, '\n');
    }
    if (json_array_size(json_object_get(reply, "conversations")) == 0) {
        writer_format(
            &w, "%s\n",
            say(a, "記憶しているやり取りはありません。", "nothing is remembered"));
    }
    fwrite(w.at, 1, w.size, stdout);
}

static int
run(struct asking *a, const char *what)
{
    bool list = strcmp(what, "list") == 0, show = strcmp(what, "show") == 0;
    int status;

    json_t *reply = ask(a,
                        list   ? "lure.list"
                        : show ? "lure.show"
                               : "lure.forget",
                        &status);
    if (reply == NULL) {
        return status;
    }
    if (options_has(a->o, "json")) {
        json_dumpf(reply, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
        putchar('\n');
    } else if (list) {
        print_sums(a, reply);
    } else if (show) {
        print_conversations(a, reply);
    } else {
        printf("%s: %lld\n", say(a, "忘れたやり取り", "conversations forgotten"),
               number_of(reply, "forgotten"));
    }
    if (show ? json_array_size(json_object_get(reply, "conversations")) == 0
             : number_of(reply, list ? "correspondents" : "forgotten") == 0) {
        status = EXIT_FOUND;
    }
    json_decref(reply);
    return status;
}

int
lure_command(int count, char **arguments)
{
    struct options o;
    int status;

    if (!options_read(&o,
                      "lure list |\n"
                      "       sekisho lure show ADDRESS [CORRESPONDENT] --reason TEXT |\n"
                      "       sekisho lure forget ADDRESS [CORRESPONDENT] --reason TEXT",
                      "Tells how far conversations of recipients with strangers who lure "
                      "have come.",
                      rows, count, arguments)) {
        return o.status;
    }
    const char *what = o.rest_count > 0 ? o.rest[0] : "list";
    bool list = strcmp(what, "list") == 0,
         one = strcmp(what, "show") == 0 || strcmp(what, "forget") == 0;
    struct asking a = {.o = &o, .japanese = speak_japanese(&o)};
    if (!(list && o.rest_count <= 1) &&
        !(one && o.rest_count >= 2 && o.rest_count <= 3 && options_has(&o, "reason"))) {
        fprintf(stderr, "sekisho: lure: list, or show or forget with an address and "
                        "--reason, is wanted\n");
        return EXIT_USAGE;
    }
    arena_init(&a.arena, (size_t)64 << 20);
    a.config = command_config(&a.arena, &o, &status);
    if (a.config == NULL) {
        status = status != EXIT_OK ? status : EXIT_CONFIG;
    } else {
        status = run(&a, what);
    }
    arena_release(&a.arena);
    return status;
}
