/* `sekisho status`: how the checkpoint stands now. */
#define SK_BASE
#include "sekisho/commands.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "sekisho/ask.h"
#include "sekisho/options.h"
#include "sekisho/processes.h"
#include "sekisho/record_folder.h"

#define PROCESSES_MAX 300

struct status_call {
    struct arena arena;
    const struct config *config;
    bool japanese, running;
    json_t *said; /* by the keeper */
    struct process_seen *processes;
    size_t process_count;
};

static double
figure(const struct status_call *c, const char *name, const char *label)
{
    const json_t *value = json_object_get(json_object_get(c->said, "figures"), name);

    if (label != NULL) {
        value = json_object_get(value, label);
    }
    return json_number_value(value);
}

static const char *
text_of(const struct status_call *c, const char *name)
{
    return json_string_value(json_object_get(c->said, name));
}

/* "3 d 04:05", "04:05:06" */
static void
print_age(double seconds)
{
    long s = seconds < 0 ? 0 : (long)seconds;

    if (s >= 86400) {
        printf("%ld d %02ld:%02ld", s / 86400, s / 3600 % 24, s / 60 % 60);
    } else {
        printf("%02ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    }
}

static int
by_name(const void *a, const void *b)
{
    const struct process_seen *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order != 0 ? order : x->pid - y->pid;
}

static void
print_processes(const struct status_call *c)
{
    const char *yes = c->japanese ? "制限あり" : "confined",
               *no = c->japanese ? "制限なし" : "NOT CONFINED";

    for (size_t i = 0; i < c->process_count; i++) {
        const struct process_seen *p = &c->processes[i];
        printf("  %-18s %8d  %6.1f MiB  CPU %8.1f s  ", p->name, (int)p->pid,
               (double)p->memory / 1048576, (double)p->cpu_ms / 1000);
        print_age((double)p->age_s);
        printf("  %s\n", p->confined ? yes : no);
    }
}

static void
print_words(const struct status_call *c)
{
    bool ja = c->japanese;
    const char *trouble = text_of(c, "trouble");
    static const char *const actions[] = {"accept", "label", "hold", "refuse", "tempfail"};

    if (!c->running) {
        printf(ja ? "関所は動いていません。記録だけを見ました。\n"
                  : "The checkpoint is not running; only its record was looked at.\n");
    } else {
        printf(ja ? "関所 %s は動いています（監督 %d）。\n"
                  : "Sekisho %s is running (supervisor %d).\n",
               text_of(c, "version"),
               (int)json_integer_value(json_object_get(c->said, "supervisor")));
        print_processes(c);
        printf(ja ? "メール   %.0f 通 記録済み %.0f 先送り %.0f（"
                  : "mail     %.0f messages, %.0f kept, %.0f put off (",
               figure(c, "messages_total", NULL), figure(c, "messages_kept_total", NULL),
               figure(c, "messages_later_total", NULL));
        for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
            printf("%s%s %.0f", i > 0 ? ", " : "", actions[i],
                   figure(c, "verdicts_total", actions[i]));
        }
        printf(ja ? "）\n" : ")\n");
    }
    printf(ja ? "台帳     %.0f 件、最後の署名は "
              : "ledger   %.0f entries, last checkpoint ",
           figure(c, "ledger_entries", NULL));
    double age = figure(c, "ledger_checkpoint_age_seconds", NULL);
    if (age < 0) {
        printf(ja ? "まだありません\n" : "not yet\n");
    } else {
        print_age(age);
        printf(ja ? " 前\n" : " ago\n");
    }
    double commits = figure(c, "keeper_commits_total", NULL);
    if (commits > 0) {
        printf(ja ? "書き込み %.0f 回、平均 %.2f ms、最長 %.2f ms、失敗 %.0f\n"
                  : "commits  %.0f, mean %.2f ms, longest %.2f ms, failed %.0f\n",
               commits, 1e3 * figure(c, "keeper_commit_seconds_total", NULL) / commits,
               1e3 * figure(c, "keeper_commit_seconds_max", NULL),
               figure(c, "keeper_commits_failed_total", NULL));
    }
    printf(ja ? "警報     未確認 %.0f、未送信 %.0f   同意 %.0f 名   保全命令 %.0f\n"
              : "alarms   %.0f open, %.0f undelivered   consents %.0f   legal holds %.0f\n",
           figure(c, "alarms_open", NULL), figure(c, "alarms_undelivered", NULL),
           figure(c, "consent_recipients", NULL), figure(c, "legal_holds", NULL));
    printf(ja ? "ディスク 空き %.1f GiB / %.1f GiB\n"
              : "disk     %.1f GiB free of %.1f GiB\n",
           figure(c, "record_disk_free_bytes", NULL) / 1073741824,
           figure(c, "record_disk_size_bytes", NULL) / 1073741824);
    printf(ja ? "不調     %s\n" : "trouble  %s\n", trouble != NULL ? trouble
                                                   : ja            ? "なし"
                                                                   : "none");
}

static void
print_json(struct status_call *c, struct bytes reply)
{
    struct writer w;
    struct json j;

    writer_init(&w, &c->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_bool(&j, "running", c->running);
    json_key(&j, "keeper");
    json_raw(&j, reply);
    json_key(&j, "processes");
    json_open(&j, '[');
    for (size_t i = 0; i < c->process_count; i++) {
        const struct process_seen *p = &c->processes[i];
        json_open(&j, '{');
        json_put_text(&j, "name", p->name);
        json_put_number(&j, "pid", p->pid);
        json_put_number(&j, "memory", (int64_t)p->memory);
        json_put_number(&j, "cpu_ms", (int64_t)p->cpu_ms);
        json_put_number(&j, "age_s", p->age_s);
        json_put_bool(&j, "confined", p->confined);
        json_close(&j);
    }
    json_close(&j);
    json_close(&j);
    printf("%s\n", writer_c(&w));
}

/* Prometheus' text, for a cron job or a node exporter's text collector. */
static int
print_metrics(struct status_call *c)
{
    struct bytes reply;
    struct why why;

    if (ask_keeper(&c->arena, c->config, BYTES("{\"do\":\"metrics\"}"), &reply, &why) !=
        SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return EXIT_UNAVAILABLE;
    }
    json_t *said = json_loadb((const char *)reply.at, reply.size, 0, NULL);
    const char *text = json_string_value(json_object_get(said, "text"));
    printf("%s", text != NULL ? text : "");
    json_decref(said);
    return EXIT_OK;
}

static int
status_run(struct status_call *c, const struct options *options)
{
    struct bytes reply;
    struct why why;

    if (options_has(options, "metrics")) {
        return print_metrics(c);
    }
    c->running = ask_keeper_runs(c->config);
    if (!c->running && !ask_keeper_record(&c->arena, c->config)) {
        printf(c->japanese
                   ? "関所は動いておらず、記録もまだありません。\n"
                   : "The checkpoint is not running, and there is no record yet.\n");
        return EXIT_FOUND;
    }
    if (ask_keeper(&c->arena, c->config, BYTES("{\"do\":\"status\"}"), &reply, &why) !=
        SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return EXIT_UNAVAILABLE;
    }
    c->said = json_loadb((const char *)reply.at, reply.size, 0, NULL);
    c->processes = ARENA_NEW_MANY(&c->arena, PROCESSES_MAX, struct process_seen);
    if (c->running) {
        c->process_count =
            processes_of((pid_t)json_integer_value(json_object_get(c->said, "supervisor")),
                         c->processes, PROCESSES_MAX);
        qsort(c->processes, c->process_count, sizeof *c->processes, by_name);
    }
    if (options_has(options, "json")) {
        print_json(c, reply);
    } else {
        print_words(c);
    }
    bool trouble = text_of(c, "trouble") != NULL;
    json_decref(c->said);
    return c->running && !trouble ? EXIT_OK : EXIT_FOUND;
}

int
status_command(int count, char **arguments)
{
    static const struct option_row rows[] = {
        {"json", NULL, "as a JSON object"},
        {"metrics", NULL, "the figures alone, in Prometheus' text format"},
        {"lang", "LANG", "ja or en; else as the environment says"},
        RECORD_FOLDER_ROWS,
        {0},
    };
    struct options options;
    struct status_call call = {0};
    int status;

    if (!options_read(&options, "status [--json | --metrics]",
                      "Tells how the checkpoint stands. 0: it runs and all is well; 1: it "
                      "does not run, or has trouble.",
                      rows, count, arguments)) {
        return options.status;
    }
    arena_init(&call.arena, 64u << 20);
    call.config = command_config(&call.arena, &options, &status);
    call.japanese = speak_japanese(&options);
    if (call.config != NULL) {
        status = status_run(&call, &options);
    }
    arena_release(&call.arena);
    return status;
}
