/* `sekisho hold`: what must be kept whatever its age, because a court, the police or a lawyer asked for it. */
#define SK_BASE
#include "sekisho/commands.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "record/hold.h"
#include "sekisho/ask.h"
#include "sekisho/record_folder.h"

#define SHOWN 300

static const struct option_row rows[] = {
    RECORD_FOLDER_ROWS,
    {"reason", "TEXT", "place, lift: why; recorded"},
    {"by", "NAME", "place, lift: who asks for it; confirm: the second name"},
    {"second", "NAME", "place, lift: another person who agrees, if he is here"},
    {"id", "ID", "place: this message"},
    {"recipient", "ADDRESS", "place: mail to this address, or @DOMAIN"},
    {"sender", "ADDRESS", "place: mail from this envelope sender, or @DOMAIN"},
    {"client", "ADDRESS", "place: mail that this host brought"},
    {"since", "TIME", "place: mail that arrived since then (RFC 3339)"},
    {"until", "TIME", "place: mail that arrived before then"},
    {"all", NULL, "show: lifted ones too"},
    {"json", NULL, "show: as JSON"},
    {"lang", "ja|en", "language; else that of the environment"},
    {0},
};

struct asking {
    struct arena arena;
    const struct options *o;
    const struct config *config;
    bool japanese;
};

static const char *
say(const struct asking *a, const char *ja, const char *en)
{
    return a->japanese ? ja : en;
}

/* NULL and *status on a refusal; words were said. */
static json_t *
ask(struct asking *a, struct json *request, int *status)
{
    struct bytes reply = BYTES_NONE;
    struct why why = {0};

    json_close(request);
    enum sk_code code =
        ask_keeper(&a->arena, a->config, writer_view(request->w), &reply, &why);
    *status = code == SK_OK                        ? EXIT_OK
              : code == SK_BAD || code == SK_LIMIT ? EXIT_DATA
              : code == SK_CONFIG                  ? EXIT_CONFIG
              : code == SK_LATER                   ? EXIT_UNAVAILABLE
                                                   : EXIT_SYSTEM;
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: hold: %s\n", why.sentence);
        return NULL;
    }
    return json_loadb((const char *)reply.at, reply.size, 0, NULL);
}

static void
put_option(const struct asking *a, struct json *j, const char *key, const char *option)
{
    const char *value = options_value(a->o, option);

    if (value != NULL) {
        json_put_text(j, key, value);
    }
}

static bool
put_time(const struct asking *a, struct json *j, const char *key, const char *option)
{
    const char *value = options_value(a->o, option);
    int64_t epoch;

    if (value == NULL) {
        return true;
    }
    if (!clock_read_rfc3339(bytes_from_text(value), &epoch)) {
        fprintf(stderr,
                "sekisho: hold: --%s %s is no time: write for example "
                "2026-11-22T10:00:00+09:00\n",
                option, value);
        return false;
    }
    json_put_number(j, key, epoch * 1000);
    return true;
}

static const char *
state_words(const struct asking *a, const char *state)
{
    static const char *const words[][3] = {
        {"placed", "有効（二人目の確認待ち）", "in force, waits for a second name"},
        {"confirmed", "有効", "in force"},
        {"lifting", "有効（解除は二人目の確認待ち）",
         "in force, lifting waits for a second name"},
        {"lifted", "解除済み", "lifted"},
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i][0], state) == 0) {
            return words[i][a->japanese ? 1 : 2];
        }
    }
    return "?";
}

static void
put_field(struct writer *w, const char *label, const json_t *value)
{
    const char *text = json_string_value(value);

    if (text != NULL && text[0] != '\0') {
        writer_format(w, "    %s: ", label);
        writer_clean(w, bytes_from_text(text), SHOWN);
        writer_byte(w, '\n');
    }
}

static void
put_when(struct writer *w, const char *label, const json_t *value)
{
    if (json_is_integer(value)) {
        writer_format(w, "    %s: ", label);
        clock_write_rfc3339(w, json_integer_value(value) / 1000, 540);
        writer_byte(w, '\n');
    }
}

static void
print_hold(struct asking *a, const json_t *hold)
{
    const json_t *scope = json_object_get(hold, "scope");
    const char *state = json_string_value(json_object_get(hold, "state"));
    struct writer w;

    writer_init(&w, &a->arena);
    writer_format(&w, "%s %lld: %s\n", say(a, "保全", "hold"),
                  (long long)json_integer_value(json_object_get(hold, "hold")),
                  state_words(a, state != NULL ? state : ""));
    put_field(&w, say(a, "理由", "reason"), json_object_get(hold, "reason"));
    put_when(&w, say(a, "開始", "placed"), json_object_get(hold, "placed"));
    put_field(&w, say(a, "指示者", "by"), json_object_get(hold, "first"));
    put_field(&w, say(a, "確認者", "confirmed by"), json_object_get(hold, "second"));
    put_field(&w, "ID", json_object_get(scope, "id"));
    put_field(&w, say(a, "受信者", "recipient"), json_object_get(scope, "recipient"));
    put_field(&w, say(a, "差出人", "sender"), json_object_get(scope, "sender"));
    put_field(&w, say(a, "接続元", "client"), json_object_get(scope, "client"));
    put_when(&w, say(a, "これ以後", "since"), json_object_get(scope, "from"));
    put_when(&w, say(a, "これより前", "until"), json_object_get(scope, "to"));
    put_field(&w, say(a, "解除の理由", "lifted because"),
              json_object_get(hold, "lift_reason"));
    put_field(&w, say(a, "解除の指示者", "lift asked by"),
              json_object_get(hold, "lift_first"));
    put_field(&w, say(a, "解除の確認者", "lift confirmed by"),
              json_object_get(hold, "lift_second"));
    fwrite(w.at, 1, w.size, stdout);
}

static int
change(struct asking *a, const char *what, const char *number)
{
    struct writer w;
    struct json j;
    int status;
    uint64_t hold = 0;
    bool place = strcmp(what, "hold.place") == 0,
         confirm = strcmp(what, "hold.confirm") == 0;

    if (!place &&
        (number == NULL || !bytes_to_number(bytes_from_text(number), INT64_MAX, &hold))) {
        fprintf(stderr, "sekisho: hold: the number of a hold is wanted\n");
        return EXIT_USAGE;
    }
    writer_init(&w, &a->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "do", what);
    if (!place) {
        json_put_number(&j, "hold", (int64_t)hold);
    }
    put_option(a, &j, "reason", "reason");
    put_option(a, &j, confirm ? "second" : "first", "by");
    if (!confirm) {
        put_option(a, &j, "second", "second");
    }
    json_key(&j, "scope");
    json_open(&j, '{');
    put_option(a, &j, "id", "id");
    put_option(a, &j, "recipient", "recipient");
    put_option(a, &j, "sender", "sender");
    put_option(a, &j, "client", "client");
    if (!put_time(a, &j, "from", "since") || !put_time(a, &j, "to", "until")) {
        return EXIT_USAGE;
    }
    json_close(&j);
    json_t *reply = ask(a, &j, &status);
    if (reply != NULL) {
        print_hold(a, json_object_get(reply, "hold"));
        json_decref(reply);
    }
    return status;
}

static int
show(struct asking *a)
{
    struct writer w;
    struct json j;
    int status;
    size_t i;
    json_t *hold;

    writer_init(&w, &a->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "do", "hold.list");
    json_put_bool(&j, "all", options_has(a->o, "all"));
    json_t *reply = ask(a, &j, &status);
    if (reply == NULL) {
        return status;
    }
    json_array_foreach(json_object_get(reply, "holds"), i, hold)
    {
        if (options_has(a->o, "json")) {
            json_dumpf(hold, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
            putchar('\n');
        } else {
            print_hold(a, hold);
        }
    }
    if (i == 0 && !options_has(a->o, "json")) {
        printf("%s\n", say(a, "保全の指示はない", "there is no hold"));
    }
    json_decref(reply);
    return EXIT_OK;
}

int
hold_command(int count, char **arguments)
{
    struct options o;
    int status;

    if (!options_read(&o,
                      "hold place --reason TEXT --by NAME [--second NAME] SCOPE... |\n"
                      "       sekisho hold confirm NUMBER --by NAME | lift NUMBER --reason "
                      "TEXT --by NAME [--second NAME] | show",
                      "Keeps evidence from being purged or erased; each step is recorded.",
                      rows, count, arguments)) {
        return o.status;
    }
    const char *what = o.rest_count > 0 ? o.rest[0] : "show",
               *number = o.rest_count > 1 ? o.rest[1] : NULL;
    struct asking a = {.o = &o, .japanese = speak_japanese(&o)};
    arena_init(&a.arena, (size_t)256 << 20);
    a.config = command_config(&a.arena, &o, &status);
    if (a.config == NULL) {
        status = status != EXIT_OK ? status : EXIT_CONFIG;
    } else if (strcmp(what, "place") == 0 && number == NULL) {
        status = change(&a, "hold.place", NULL);
    } else if (strcmp(what, "confirm") == 0) {
        status = change(&a, "hold.confirm", number);
    } else if (strcmp(what, "lift") == 0) {
        status = change(&a, "hold.lift", number);
    } else if (strcmp(what, "show") == 0 && number == NULL) {
        status = show(&a);
    } else {
        fprintf(stderr, "sekisho: hold: place, confirm, lift or show is wanted\n");
        status = EXIT_USAGE;
    }
    arena_release(&a.arena);
    return status;
}
