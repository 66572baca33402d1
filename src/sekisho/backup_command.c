/* `sekisho backup` and `sekisho restore`: a copy of the record, made while the checkpoint runs, and the way back. */
#define SK_BASE
#include "sekisho/commands.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "record/keys.h"
#include "record/ledger.h"
#include "record/verify.h"
#include "sekisho/ask.h"
#include "sekisho/backup.h"
#include "sekisho/options.h"
#include "sekisho/record_folder.h"

struct backup_call {
    struct arena arena;
    const struct options *options;
    const struct config *config;
    const char *folder, *keys, *place; /* of the record, of its keys, of the backup */
    bool japanese;
};

static void
tell_progress(const struct backup_report *sofar)
{
    fprintf(stderr, "\r%llu files, %.1f MiB ", (unsigned long long)sofar->files,
            (double)sofar->bytes / 1048576);
}

static int
complain(const struct why *why)
{
    fprintf(stderr, "sekisho: %s\n", why->sentence);
    return why->code == SK_BAD ? EXIT_DATA : EXIT_SYSTEM;
}

/* The copy is worth nothing if it is not the evidence: it is verified as a ledger, where it lies. */
static enum sk_code
verify_copy(struct backup_call *c, struct verify_report *report, struct why *why)
{
    struct writer w;

    writer_init(&w, &c->arena);
    writer_text(&w, c->place);
    writer_text(&w, "/" BACKUP_RECORD);
    enum sk_code code = verify_ledger(&c->arena, writer_c(&w), NULL, report, why);
    if (code == SK_OK && report->fault_count > 0) {
        code = why_set(why, SK_BAD, "the copy is no sound ledger: %s",
                       report->faults[0].sentence);
    }
    return code;
}

static int
backup_run(struct backup_call *c)
{
    struct backup_report report;
    struct verify_report ledger;
    struct why why;
    int64_t began = clock_monotonic_ms();

    enum sk_code code = backup_make(
        &c->arena, c->folder, options_has(c->options, "with-keys") ? c->keys : NULL,
        c->place, isatty(STDERR_FILENO) ? tell_progress : NULL, &report, &why);
    if (code == SK_OK) {
        code = verify_copy(c, &ledger, &why);
    }
    if (code != SK_OK) {
        return complain(&why);
    }
    printf(c->japanese ? "%s に %llu ファイル、%.1f MiB（新しく写したもの %llu、%.1f MiB）"
                         "、%.1f 秒。台帳 %llu 件は正しい。\n"
                       : "%s: %llu files, %.1f MiB (%llu of them, %.1f MiB, copied now), "
                         "%.1f s; the ledger in it is sound: %llu entries\n",
           c->place, (unsigned long long)report.files, (double)report.bytes / 1048576,
           (unsigned long long)report.copied, (double)report.wrote / 1048576,
           (double)(clock_monotonic_ms() - began) / 1000,
           (unsigned long long)ledger.entries);
    if (!options_has(c->options, "with-keys")) {
        printf(c->japanese ? "鍵は含まれていません: %s は別に保管してください。\n"
                           : "The keys are not in it: keep %s apart.\n",
               c->keys);
    }
    return EXIT_OK;
}

static bool
there_is(const char *folder, const char *name)
{
    char path[4096];

    return (size_t)snprintf(path, sizeof path, "%s/%s", folder, name) < sizeof path &&
           access(path, F_OK) == 0;
}

/* The record goes to the user the keeper becomes. */
static enum sk_code
give_away(struct backup_call *c, const char *folder, struct why *why)
{
    struct bytes user = config_text(c->config, "user");

    if (user.size == 0 || geteuid() != 0) {
        return SK_OK;
    }
    struct passwd *entry = getpwnam(bytes_text(&c->arena, user));
    if (entry == NULL) {
        return why_set(why, SK_CONFIG, "there is no system user \"%.*s\"",
                       BYTES_ARGUMENTS(user));
    }
    return backup_own(folder, entry->pw_uid, entry->pw_gid, why);
}

static enum sk_code
restore_keys(struct backup_call *c, struct backup_report *report, struct why *why)
{
    struct backup_report keys = {0};

    if (there_is(c->keys, "ledger.key") || !there_is(c->place, BACKUP_KEYS "/ledger.key")) {
        return SK_OK; /* those that are here are newer */
    }
    enum sk_code code = backup_put(&c->arena, c->place, BACKUP_KEYS, c->keys, &keys, why);
    report->files += keys.files;
    report->bytes += keys.bytes;
    return code == SK_OK ? give_away(c, c->keys, why) : code;
}

/* What was signed after the backup was made is lost with what it spoke of: the ledger goes on under a new name, and says
 * so, or it would be a fork of itself. */
static enum sk_code
restore_era(struct backup_call *c, struct ledger_era *era, struct why *why)
{
    struct passwd *entry = getpwuid(getuid());
    struct writer w;

    writer_init(&w, &c->arena);
    writer_format(&w, "%s (uid %u)", entry != NULL ? entry->pw_name : "?",
                  (unsigned)getuid());
    const struct ledger_change change = {
        .by = writer_view(&w),
        .channel = BYTES("command"),
        .reason = bytes_from_text(options_value(c->options, "reason")),
        .time_ms = clock_now_ms()};
    return ledger_begin_era(&c->arena, c->folder, c->keys, &change, era, why);
}

static int
restore_run(struct backup_call *c)
{
    struct backup_report checked, report;
    struct verify_report ledger;
    struct ledger_era era = {0};
    struct why why;

    if (ask_keeper_runs(c->config)) {
        fprintf(stderr, "sekisho: the checkpoint is running; end it first\n");
        return EXIT_UNAVAILABLE;
    }
    enum sk_code code = backup_check(&c->arena, c->place, &checked, &why);
    if (code == SK_OK) {
        code = verify_copy(c, &ledger, &why);
    }
    if (code == SK_OK) {
        code = backup_put(&c->arena, c->place, BACKUP_RECORD, c->folder, &report, &why);
    }
    if (code == SK_OK) {
        code = restore_keys(c, &report, &why);
    }
    if (code == SK_OK && !there_is(c->keys, "ledger.key")) {
        printf(c->japanese
                   ? "署名の鍵がありません。%s に戻してから起動してください。\n"
                   : "The signing key is missing: put it back into %s, then start.\n",
               c->keys);
    } else if (code == SK_OK) {
        code = restore_era(c, &era, &why);
    }
    if (code == SK_OK) {
        code = give_away(c, c->folder, &why);
    }
    if (code == SK_OK) {
        code = give_away(c, c->keys, &why);
    }
    if (code != SK_OK) {
        return complain(&why);
    }
    printf(c->japanese
               ? "%s へ %llu ファイルを戻しました。台帳 %llu 件。検索用の行は起動時に"
                 "作り直します。\n"
               : "%s: %llu files are back, %llu entries in the ledger. Rows for "
                 "search are made again at the next start.\n",
           c->folder, (unsigned long long)report.files, (unsigned long long)ledger.entries);
    if (era.name.size > 0) {
        printf(c->japanese
                   ? "台帳は新しい名前 %.*s で続きます（署名済み %llu 件、戻ったもの "
                     "%llu 件）。\n"
                   : "The ledger goes on as %.*s (signed before: %llu entries; "
                     "found: %llu).\n",
               BYTES_ARGUMENTS(era.name), (unsigned long long)era.signed_size,
               (unsigned long long)era.found_size);
    }
    return EXIT_OK;
}

static int
backup_or_restore(const struct option_row *rows, const char *usage, const char *summary,
                  int count, char **arguments, int (*run)(struct backup_call *c))
{
    struct options options;
    struct backup_call call = {.options = &options};
    int status;

    if (!options_read(&options, usage, summary, rows, count, arguments)) {
        return options.status;
    }
    if (options.rest_count != 1 ||
        (run == restore_run && !options_has(&options, "reason"))) {
        fprintf(stderr, "sekisho: usage: sekisho %s\n", usage);
        return EXIT_USAGE;
    }
    arena_init(&call.arena, (size_t)1 << 30);
    call.place = options.rest[0];
    call.japanese = speak_japanese(&options);
    call.config = command_config(&call.arena, &options, &status);
    if (call.config != NULL) {
        call.folder = bytes_text(&call.arena, config_text(call.config, "record.folder"));
        call.keys = keys_folder(&call.arena, call.config);
        status = run(&call);
    }
    arena_release(&call.arena);
    return status;
}

int
backup_command(int count, char **arguments)
{
    static const struct option_row rows[] = {
        {"with-keys", NULL, "copy the private keys too; then guard the copy like them"},
        {"lang", "LANG", "ja or en; else as the environment says"},
        RECORD_FOLDER_ROWS,
        {0},
    };

    return backup_or_restore(
        rows, "backup [--with-keys] FOLDER",
        "Copies the record while the checkpoint runs, and verifies the "
        "copy. Again into the same folder: only what is new.",
        count, arguments, backup_run);
}

int
restore_command(int count, char **arguments)
{
    static const struct option_row rows[] = {
        {"reason", "TEXT", "why: it stands in the ledger"},
        {"lang", "LANG", "ja or en; else as the environment says"},
        RECORD_FOLDER_ROWS,
        {0},
    };

    return backup_or_restore(rows, "restore --reason TEXT FOLDER",
                             "Puts a backup in the place of a record that is gone, while "
                             "the checkpoint does not run.",
                             count, arguments, restore_run);
}
