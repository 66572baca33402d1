/* `sekisho alarm`: what waits for somebody, and the acknowledgement. */
#define SK_BASE
#include "sekisho/commands.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "report/notice.h"
#include "report/notify.h"
#include "sekisho/ask.h"
#include "sekisho/options.h"
#include "sekisho/record_folder.h"
#include "sekisho/settings.h"

#define TEST_WAIT_MS 30000
#define POLL_MS      200
#define WATCH_MS     1000
#define SHOWN        300

static const struct option_row rows[] = {
    {"config", "FILE", "configuration to use (" SETTINGS_PATH ")"},
    {"note", "TEXT", "ack: what was done, recorded with it"},
    {"all", NULL, "list: acknowledged ones too"},
    {"json", NULL, "list, show: as JSON"},
    {"lang", "ja|en", "language; else that of the environment"},
    {"for", "SECONDS", "watch: end after so long"},
    {0},
};

struct telling {
    struct arena arena; /* of one question */
    struct arena kept;  /* of the command */
    const struct config *config;
    bool japanese;
};

static const char *
say(const struct telling *t, const char *ja, const char *en)
{
    return t->japanese ? ja : en;
}

static const char *
member(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

static long long
number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* The keeper's answer, or NULL and words on standard error. */
static json_t *
ask(struct telling *t, const char *what, const char *alarm, const char *note, bool all,
    int *status)
{
    struct bytes reply = BYTES_NONE;
    struct writer w;
    struct json j;
    struct why why;

    arena_release(&t->arena);
    writer_init(&w, &t->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "do", what);
    if (alarm != NULL) {
        json_put_text(&j, "alarm", alarm);
    }
    if (note != NULL) {
        json_put_text(&j, "note", note);
    }
    json_put_bool(&j, "all", all);
    json_close(&j);
    enum sk_code code = ask_keeper(&t->arena, t->config, writer_view(&w), &reply, &why);
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        *status = code == SK_BAD || code == SK_LIMIT ? EXIT_FOUND : EXIT_SYSTEM;
        return NULL;
    }
    *status = EXIT_OK;
    return json_loadb((const char *)reply.at, reply.size, 0, NULL);
}

static void
put_time(struct writer *w, long long ms)
{
    if (ms > 0) {
        clock_write_rfc3339(w, ms / 1000, 540);
    } else {
        writer_byte(w, '-');
    }
}

static const char *
about_words(const struct telling *t, const json_t *alarm)
{
    return notice_subject(bytes_from_text(member(alarm, "about")),
                          bytes_from_text(member(alarm, "threat")), t->japanese);
}

static const char *
state_words(const struct telling *t, const char *state)
{
    static const char *const words[][3] = {
        {"pending", "これから知らせる", "to be told"},
        {"open", "未確認", "not acknowledged"},
        {"acknowledged", "確認済み", "acknowledged"},
        {"waiting", "送信中", "under way"},
        {"failed", "失敗、再送する", "failed, to be tried again"},
        {"sent", "届いた", "delivered"},
        {"gave_up", "断念", "given up"},
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i][0], state) == 0) {
            return words[i][t->japanese ? 1 : 2];
        }
    }
    return state;
}

static void
show_line(struct telling *t, const json_t *alarm)
{
    struct writer w;

    writer_init(&w, &t->arena);
    writer_clean(&w, bytes_from_text(member(alarm, "alarm")), 64);
    writer_text(&w, "  ");
    put_time(&w, number(alarm, "last"));
    writer_format(&w, "  %s  %lld/5  %lld%s  %s", about_words(t, alarm),
                  number(alarm, "severity"), number(alarm, "count"), say(t, "通", "x"),
                  state_words(t, member(alarm, "state")));
    if (member(alarm, "by")[0] != '\0') {
        writer_text(&w, say(t, "（", " by "));
        writer_clean(&w, bytes_from_text(member(alarm, "by")), SHOWN);
        writer_text(&w, say(t, "）", ""));
    }
    if (member(alarm, "message")[0] != '\0') {
        writer_text(&w, say(t, "  メール ", "  message "));
        writer_clean(&w, bytes_from_text(member(alarm, "message")), 64);
    }
    printf("%s\n", writer_c(&w));
}

static void
show_deliveries(struct telling *t, const json_t *alarm)
{
    size_t i, k;
    json_t *notice, *delivery;
    struct writer w;

    json_array_foreach(json_object_get(alarm, "told_to"), i, notice)
    {
        json_array_foreach(json_object_get(notice, "deliveries"), k, delivery)
        {
            writer_init(&w, &t->arena);
            writer_format(&w, "  %lld %s  ", number(notice, "notice"),
                          member(notice, "why"));
            writer_clean(&w, bytes_from_text(member(delivery, "target")), SHOWN);
            writer_format(&w, ": %s", state_words(t, member(delivery, "state")));
            if (number(delivery, "time") > 0) {
                writer_text(&w, "  ");
                put_time(&w, number(delivery, "time"));
            }
            if (member(delivery, "words")[0] != '\0') {
                writer_text(&w, "  (");
                writer_clean(&w, bytes_from_text(member(delivery, "words")), SHOWN);
                writer_byte(&w, ')');
            }
            printf("%s\n", writer_c(&w));
        }
    }
}

static int
list(struct telling *t, const struct options *o)
{
    size_t i;
    json_t *alarm;
    int status;
    json_t *reply = ask(t, "alarm.list", NULL, NULL, options_has(o, "all"), &status);

    if (reply == NULL) {
        return status;
    }
    if (options_has(o, "json")) {
        json_dumpf(json_object_get(reply, "alarms"), stdout,
                   JSON_COMPACT | JSON_ENSURE_ASCII);
        printf("\n");
    } else if (json_array_size(json_object_get(reply, "alarms")) == 0) {
        printf("%s\n", say(t, "確認を待つ警報はない", "no alarm waits to be acknowledged"));
    } else {
        json_array_foreach(json_object_get(reply, "alarms"), i, alarm)
        {
            show_line(t, alarm);
        }
        if (number(reply, "undelivered") > 0) {
            printf("%s: %lld\n",
                   say(t, "まだ届いていない知らせ", "notices not delivered yet"),
                   number(reply, "undelivered"));
        }
    }
    json_decref(reply);
    return EXIT_OK;
}

static int
show(struct telling *t, const struct options *o)
{
    int status;
    json_t *reply = ask(t, "alarm.show", o->rest[1], NULL, false, &status);

    if (reply == NULL) {
        return status;
    }
    const json_t *alarm = json_object_get(reply, "alarm");
    if (options_has(o, "json")) {
        json_dumpf(alarm, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
        printf("\n");
    } else {
        show_line(t, alarm);
        if (member(alarm, "note")[0] != '\0') {
            struct writer w;
            writer_init(&w, &t->arena);
            writer_clean(&w, bytes_from_text(member(alarm, "note")), SHOWN);
            printf("  %s: %s\n", say(t, "覚え書き", "note"), writer_c(&w));
        }
        show_deliveries(t, alarm);
    }
    json_decref(reply);
    return EXIT_OK;
}

static int
acknowledge(struct telling *t, const struct options *o)
{
    int status;
    json_t *reply =
        ask(t, "alarm.acknowledge", o->rest[1], options_value(o, "note"), false, &status);

    if (reply != NULL) {
        printf("%s\n",
               say(t, "確認を台帳に記録した", "the acknowledgement is in the ledger"));
        json_decref(reply);
    }
    return status;
}

static void
pause_ms(int ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000L};

    nanosleep(&time, NULL);
}

/* How many deliveries are still under way, and how many did not arrive. */
static void
count_deliveries(const json_t *alarm, size_t *waiting_r, size_t *failed_r, size_t *all_r)
{
    size_t i, k;
    json_t *notice, *delivery;

    *waiting_r = *failed_r = *all_r = 0;
    json_array_foreach(json_object_get(alarm, "told_to"), i, notice)
    {
        json_array_foreach(json_object_get(notice, "deliveries"), k, delivery)
        {
            const char *state = member(delivery, "state");
            *waiting_r += strcmp(state, "waiting") == 0;
            *failed_r += strcmp(state, "failed") == 0 || strcmp(state, "gave_up") == 0;
            ++*all_r;
        }
    }
}

/* Sends a test alarm and waits for what becomes of it. */
static int
test(struct telling *t, const struct options *o)
{
    size_t waiting, failed, all;
    int status;
    json_t *reply = ask(t, "alarm.test", NULL, NULL, false, &status);

    if (reply == NULL) {
        return status;
    }
    char *id = bytes_text(&t->kept, bytes_from_text(member(reply, "alarm")));
    json_decref(reply);
    if (!ask_keeper_runs(t->config)) {
        printf("%s: %s\n",
               say(t, "番人が動いていない。起動したときに送る",
                   "no keeper runs; it is sent when one is started"),
               id);
        return EXIT_FOUND;
    }
    for (int64_t end = clock_monotonic_ms() + TEST_WAIT_MS;;) {
        reply = ask(t, "alarm.show", id, NULL, false, &status);
        if (reply == NULL) {
            return status;
        }
        const json_t *alarm = json_object_get(reply, "alarm");
        count_deliveries(alarm, &waiting, &failed, &all);
        if (waiting == 0 || clock_monotonic_ms() > end) {
            show_line(t, alarm);
            show_deliveries(t, alarm);
            json_decref(reply);
            break;
        }
        json_decref(reply);
        pause_ms(POLL_MS);
    }
    if (all == 0) {
        printf("%s\n",
               say(t, "知らせる先がない。[alarm] に mail_to か webhook か syslog を書く",
                   "nobody is told: write mail_to, webhook or syslog under [alarm]"));
    }
    return waiting + failed == 0 && all > 0 ? EXIT_OK : EXIT_FOUND;
}

/* Shows alarms as they come, until it is ended. */
static int
watch(struct telling *t, const struct options *o)
{
    const char *seconds = options_value(o, "for");
    uint64_t wait = 0;
    json_t *before = NULL;
    int status = EXIT_OK;

    if (seconds != NULL && !bytes_to_number(bytes_from_text(seconds), 86400 * 365, &wait)) {
        fprintf(stderr, "sekisho: alarm: --for wants seconds\n");
        return EXIT_USAGE;
    }
    for (int64_t end = clock_monotonic_ms() + (int64_t)wait * 1000;;) {
        size_t i;
        json_t *alarm, *reply = ask(t, "alarm.list", NULL, NULL, true, &status);
        json_t *alarms = json_object_get(reply, "alarms"), *now = json_object();
        if (reply == NULL) {
            json_decref(now);
            break;
        }
        for (i = json_array_size(alarms); i > 0; i--) {
            alarm = json_array_get(alarms, i - 1);
            char state[200];
            snprintf(state, sizeof state, "%s %lld %s", member(alarm, "alarm"),
                     number(alarm, "count"), member(alarm, "state"));
            const char *was =
                json_string_value(json_object_get(before, member(alarm, "campaign")));
            json_object_set_new(now, member(alarm, "campaign"), json_string(state));
            if (was == NULL ? strcmp(member(alarm, "state"), "acknowledged") != 0
                            : strcmp(was, state) != 0) {
                show_line(t, alarm);
                fflush(stdout);
            }
        }
        json_decref(before);
        before = now;
        json_decref(reply);
        if (seconds != NULL && clock_monotonic_ms() >= end) {
            break;
        }
        pause_ms(WATCH_MS);
    }
    json_decref(before);
    return status;
}

/* What a receiver of web hooks needs to check signatures. */
static int
secret(struct telling *t, const struct options *o)
{
    const struct alarm_settings *settings;
    struct bytes key;
    struct why why;
    enum sk_code code = alarm_settings_new(&t->kept, t->config, false, &settings, &why);

    if (code == SK_OK) {
        code = notify_secret(&t->kept, t->config, settings, &key, &why);
    }
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return EXIT_SYSTEM;
    }
    key = bytes_base64(&t->kept, key);
    printf("whsec_%.*s\n", BYTES_ARGUMENTS(key));
    return EXIT_OK;
}

static const struct {
    const char *name;
    int words;
    int (*run)(struct telling *t, const struct options *o);
} verbs[] = {
    {"list", 1, list}, {"show", 2, show},   {"ack", 2, acknowledge},
    {"test", 1, test}, {"watch", 1, watch}, {"secret", 1, secret},
};

static int
run(struct telling *t, const struct options *o)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (o->rest_count == verbs[i].words && strcmp(o->rest[0], verbs[i].name) == 0) {
            return verbs[i].run(t, o);
        }
    }
    fprintf(stderr, "sekisho: alarm: list, show ALARM, ack ALARM, test, watch or secret is "
                    "wanted\n");
    return EXIT_USAGE;
}

int
alarm_command(int count, char **arguments)
{
    struct options o;
    struct telling t;
    struct bytes text;
    struct why why;

    if (!options_read(&o, "alarm [OPTION...] list|show ALARM|ack ALARM|test|watch|secret",
                      "Tells which alarms wait, and acknowledges them.", rows, count,
                      arguments)) {
        return o.status;
    }
    t = (struct telling){.japanese = speak_japanese(&o)};
    arena_init(&t.arena, 64u << 20);
    arena_init(&t.kept, 64u << 20);
    const char *path =
        options_has(&o, "config") ? options_value(&o, "config") : SETTINGS_PATH;
    int status = EXIT_CONFIG;
    if (settings_file(&t.kept, path, &text, &why) == SK_OK &&
        settings_config(&t.kept, text, &t.config, &why) == SK_OK) {
        status = run(&t, &o);
    } else {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
    }
    arena_release(&t.arena);
    arena_release(&t.kept);
    return status;
}
