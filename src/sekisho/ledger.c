/* `sekisho ledger`: has anybody altered the record? */
#define SK_BASE
#include "sekisho/commands.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/limits.h"
#include "record/ledger.h"
#include "record/verify.h"
#include "sekisho/files.h"
#include "sekisho/options.h"
#include "sekisho/record_folder.h"

static const struct option_row rows[] = {
    {"key", "VKEY", "verifier key noted elsewhere; else the one in the folder is believed"},
    {"json", NULL, "verify: the result as a JSON object"},
    RECORD_FOLDER_ROWS,
    {0},
};

struct ledger_call {
    struct arena *arena;
    struct options *options;
    const char *folder;
    const struct note_key *key;
};

static void
write_report_json(struct writer *w, const struct verify_report *report)
{
    struct json j;

    json_init(&j, w);
    json_open(&j, '{');
    json_put_bool(&j, "sound", report->fault_count == 0);
    json_put_string(&j, "origin", report->origin);
    json_put_number(&j, "entries", (int64_t)report->entries);
    json_put_number(&j, "checkpoint", (int64_t)report->checkpoint_size);
    json_put_string(&j, "root",
                    bytes_hex(w->arena, bytes_of(report->root.at, MERKLE_SIZE)));
    json_put_number(&j, "purged", (int64_t)report->purged);
    json_put_number(&j, "held", (int64_t)report->held_count);
    json_put_number(&j, "torn_bytes", (int64_t)report->torn_bytes);
    json_key(&j, "faults");
    json_open(&j, '[');
    for (size_t i = 0; i < report->fault_count; i++) {
        json_open(&j, '{');
        json_put_text(&j, "words", report->faults[i].sentence);
        if (report->faults[i].entry != UINT64_MAX) {
            json_put_number(&j, "entry", (int64_t)report->faults[i].entry);
        }
        json_close(&j);
    }
    json_close(&j);
    json_put_number(&j, "faults_dropped", (int64_t)report->faults_dropped);
    json_close(&j);
    writer_byte(w, '\n');
}

static void
write_report(struct writer *w, const struct verify_report *report)
{
    for (size_t i = 0; i < report->fault_count; i++) {
        writer_clean(w, bytes_from_text(report->faults[i].sentence), 600);
        writer_byte(w, '\n');
    }
    if (report->faults_dropped > 0) {
        writer_format(w, "and %zu more\n", report->faults_dropped);
    }
    writer_text(w, report->fault_count == 0 ? "sound: " : "BROKEN: ");
    writer_clean(w, report->origin, 300);
    writer_format(w, ": %llu entries, %llu of them under the signed checkpoint",
                  (unsigned long long)report->entries,
                  (unsigned long long)report->checkpoint_size);
    if (report->purged > 0) {
        writer_format(w, ", %llu purged (their leaves remain)",
                      (unsigned long long)report->purged);
    }
    writer_format(w, ", %llu held messages", (unsigned long long)report->held_count);
    if (report->torn_bytes > 0) {
        writer_format(w,
                      "; %llu bytes behind the last entry are unfinished (being written, "
                      "or torn by a crash)",
                      (unsigned long long)report->torn_bytes);
    }
    writer_byte(w, '\n');
}

static int
ledger_verify(const struct ledger_call *call)
{
    struct verify_report report;
    struct writer w;
    struct why why;

    if (verify_ledger(call->arena, call->folder, call->key, &report, &why) != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return EXIT_NO_INPUT;
    }
    writer_init(&w, call->arena);
    if (options_has(call->options, "json")) {
        write_report_json(&w, &report);
    } else {
        write_report(&w, &report);
    }
    fwrite(w.at, 1, w.size, stdout);
    return report.fault_count == 0 ? EXIT_OK : EXIT_FOUND;
}

/* The checkpoint as it stands, and the key that verifies it: what one notes down elsewhere. */
static int
ledger_show(const struct ledger_call *call)
{
    struct bytes key, checkpoint;
    struct writer w;
    struct why why;
    int folder = open(call->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0) {
        fprintf(stderr, "sekisho: cannot open %s\n", call->folder);
        return EXIT_NO_INPUT;
    }
    enum sk_code code =
        ledger_read_file(call->arena, folder, "ledger.vkey", LIMIT_NOTE_BYTES, &key, &why);
    if (code == SK_OK) {
        code = ledger_read_file(call->arena, folder, "checkpoint", LIMIT_NOTE_BYTES,
                                &checkpoint, &why);
    }
    close(folder);
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return EXIT_NO_INPUT;
    }
    writer_init(&w, call->arena);
    writer_text(&w, "verifier key: ");
    writer_clean(&w, bytes_trim(key), 600);
    writer_text(&w, "\n\n");
    for (struct bytes line; bytes_line(&checkpoint, &line);) {
        writer_clean(&w, line, 8000);
        writer_byte(&w, '\n');
    }
    fwrite(w.at, 1, w.size, stdout);
    return EXIT_OK;
}

static int
ledger_prove(const struct ledger_call *call)
{
    struct bytes proof;
    struct why why;

    if (call->options->rest_count != 2) {
        fprintf(stderr, "sekisho: ledger prove: the id of a message is wanted\n");
        return EXIT_USAGE;
    }
    enum sk_code code = verify_prove(call->arena, call->folder,
                                     bytes_from_text(call->options->rest[1]), &proof, &why);
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return code == SK_SYSTEM  ? EXIT_NO_INPUT
               : code == SK_LATER ? EXIT_UNAVAILABLE
                                  : EXIT_FOUND;
    }
    fwrite(proof.at, 1, proof.size, stdout);
    return EXIT_OK;
}

/* Checks what `prove` wrote, without any ledger at hand; prints the record. */
static int
ledger_check(const struct ledger_call *call)
{
    struct bytes proof, record;
    struct writer w;
    struct why why;

    if (call->options->rest_count != 2 || call->key == NULL) {
        fprintf(stderr,
                "sekisho: ledger check: --key VKEY and the file of a proof are wanted\n");
        return EXIT_USAGE;
    }
    if (file_read(call->arena, call->options->rest[1], 2 * (size_t)LIMIT_RECORD_BYTES,
                  &proof, &why) != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return EXIT_NO_INPUT;
    }
    if (verify_proof(call->arena, proof, call->key, &record, &why) != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return EXIT_FOUND;
    }
    writer_init(&w, call->arena);
    writer_clean(&w, record, LIMIT_RECORD_BYTES);
    writer_byte(&w, '\n');
    fwrite(w.at, 1, w.size, stdout);
    return EXIT_OK;
}

static int
ledger_run(struct ledger_call *call)
{
    static const struct {
        const char *word;
        int (*run)(const struct ledger_call *call);
        bool folder;
    } actions[] = {
        {"verify", ledger_verify, true},
        {"show", ledger_show, true},
        {"prove", ledger_prove, true},
        {"check", ledger_check, false},
    };
    struct note_key key;
    const char *word = call->options->rest_count > 0 ? call->options->rest[0] : "";
    const char *vkey = options_value(call->options, "key");
    int status = EXIT_USAGE;

    if (vkey != NULL && !note_key_read(call->arena, bytes_from_text(vkey), &key)) {
        fprintf(stderr,
                "sekisho: --key: name+id+key is wanted, as `ledger show` prints it\n");
        return EXIT_USAGE;
    }
    call->key = vkey != NULL ? &key : NULL;
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(word, actions[i].word) != 0) {
            continue;
        }
        if (actions[i].folder &&
            (call->folder = record_folder(call->arena, call->options, &status)) == NULL) {
            return status;
        }
        return actions[i].run(call);
    }
    fprintf(stderr, "sekisho: ledger: verify, show, prove ID or check FILE is wanted\n");
    return EXIT_USAGE;
}

int
ledger_command(int count, char **arguments)
{
    struct options o;
    struct arena arena;

    if (!options_read(&o, "ledger [OPTION...] verify | show | prove ID | check FILE",
                      "Verifies that nobody altered the record, shows its signed "
                      "checkpoint, proves that a message's "
                      "record is in it, checks such a proof.",
                      rows, count, arguments)) {
        return o.status;
    }
    arena_init(&arena, (size_t)1 << 30);
    struct ledger_call call = {.arena = &arena, .options = &o};
    int status = ledger_run(&call);
    arena_release(&arena);
    return status;
}
