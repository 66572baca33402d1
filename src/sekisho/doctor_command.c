/* `sekisho doctor`: what is wrong, and what to type. */
#define SK_BASE
#include "sekisho/commands.h"

#include <stdio.h>

#include "base/json.h"
#include "sekisho/ask.h"
#include "sekisho/doctor.h"
#include "sekisho/options.h"
#include "sekisho/record_folder.h"
#include "sekisho/settings.h"

static const char *
grade_name(enum doctor_grade grade)
{
    static const char *const names[] = {"good", "warn", "bad", "skip"};

    return names[grade];
}

static void
print_finding(const struct doctor *d, const struct doctor_check *check,
              const struct doctor_finding *f)
{
    static const char *const ja[] = {"良", "注意", "不良", "―"}, *const en[] = {"ok",
                                                                                "warn",
                                                                                "BAD", "-"};

    printf("%-5s %s: %s\n", d->japanese ? ja[f->grade] : en[f->grade],
           d->japanese ? check->ja : check->en, d->japanese ? f->ja : f->en);
    if (f->act != NULL) {
        printf("      → %s\n", f->act);
    }
}

static void
write_finding(struct json *j, const struct doctor_check *check,
              const struct doctor_finding *f)
{
    json_open(j, '{');
    json_put_text(j, "check", check->name);
    json_put_text(j, "grade", grade_name(f->grade));
    json_put_text(j, "ja", f->ja);
    json_put_text(j, "en", f->en);
    if (f->act != NULL) {
        json_put_text(j, "act", f->act);
    }
    json_close(j);
}

static int
doctor_run(struct doctor *d, bool json)
{
    struct doctor_finding f;
    struct bytes reply;
    struct writer w;
    struct json j;
    struct why why;
    size_t counts[4] = {0};

    d->folder = bytes_text(d->arena, config_text(d->config, "record.folder"));
    d->running = ask_keeper_runs(d->config);
    if ((d->running || ask_keeper_record(d->arena, d->config)) &&
        ask_keeper(d->arena, d->config, BYTES("{\"do\":\"status\"}"), &reply, &why) ==
            SK_OK) {
        d->status = json_loadb((const char *)reply.at, reply.size, 0, NULL);
    }
    writer_init(&w, d->arena);
    json_init(&j, &w);
    json_open(&j, '[');
    for (const struct doctor_check *check = doctor_checks; check->name != NULL; check++) {
        check->look(d, &f);
        counts[f.grade]++;
        if (json) {
            write_finding(&j, check, &f);
        } else {
            print_finding(d, check, &f);
        }
    }
    json_close(&j);
    if (json) {
        printf("%s\n", writer_c(&w));
    } else {
        printf(d->japanese ? "不良 %zu、注意 %zu\n" : "%zu bad, %zu to look at\n",
               counts[DOCTOR_BAD], counts[DOCTOR_WARN]);
    }
    json_decref(d->status);
    return counts[DOCTOR_BAD] > 0 ? EXIT_FOUND : EXIT_OK;
}

/* A configuration that serve would not take is the first thing to mend. */
static bool
configuration_good(struct doctor *d, const char *path)
{
    struct settings *settings;
    struct bytes text;
    struct why why;

    enum sk_code code = settings_file(d->arena, path, &text, &why);
    if (code == SK_OK) {
        code = settings_new(text, &settings, &why);
    }
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s: %s\n", path, why.sentence);
        return false;
    }
    settings_free(settings);
    return true;
}

int
doctor_command(int count, char **arguments)
{
    static const struct option_row rows[] = {
        {"full", NULL, "verify the whole ledger too"},
        {"json", NULL, "as a JSON list"},
        {"lang", "LANG", "ja or en; else as the environment says"},
        {"config", "FILE", "configuration to look at (" SETTINGS_PATH ")"},
        {"folder", "FOLDER", "folder of the record, whatever the configuration says"},
        {0},
    };
    struct options options;
    struct arena arena;
    int status;

    if (!options_read(&options, "doctor [--full] [--json]",
                      "Says what is wrong with this checkpoint, and what to type. 1: "
                      "something is bad.",
                      rows, count, arguments)) {
        return options.status;
    }
    arena_init(&arena, (size_t)1 << 30);
    struct doctor d = {.arena = &arena,
                       .path = options_value(&options, "config"),
                       .japanese = speak_japanese(&options),
                       .full = options_has(&options, "full")};
    if (!options_has(&options, "folder") &&
        !configuration_good(&d, d.path != NULL ? d.path : SETTINGS_PATH)) {
        arena_release(&arena);
        return EXIT_CONFIG;
    }
    d.config = command_config(&arena, &options, &status);
    if (d.config != NULL) {
        status = doctor_run(&d, options_has(&options, "json"));
    }
    arena_release(&arena);
    return status;
}
