/* `sekisho ledger`: has anybody altered the record? */
#define SK_BASE
#include "sekisho/commands.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/limits.h"
#include "record/keys.h"
#include "record/ledger.h"
#include "record/retention.h"
#include "record/verify.h"
#include "record/witness.h"
#include "sekisho/files.h"
#include "sekisho/ledger_command.h"
#include "sekisho/options.h"
#include "sekisho/record_folder.h"

static const struct option_row rows[] = {
    {"key", "VKEY", "verifier key noted elsewhere; else the one in the folder is believed"},
    {"json", NULL, "verify: the result as a JSON object"},
    {"rows", NULL, "verify: the rows of the day files too, against the records"},
    {"witnesses", "N",
     "verify: at least N of the witnesses in the configuration must have cosigned"},
    {"reason", "TEXT",
     "rotate, era: why; export: held messages too, and why. It stands in the ledger"},
    {"lang", "ja|en", "language; else that of the environment"},
    RECORD_FOLDER_ROWS,
    {0},
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
    json_put_number(&j, "keys", (int64_t)report->keys);
    json_put_number(&j, "cosigned", (int64_t)report->cosigned);
    json_put_number(&j, "cosigned_size", (int64_t)report->cosigned_size);
    json_put_number(&j, "rows", (int64_t)report->rows);
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

/* What was counted, behind the first words. */
static void
write_counts(struct writer *w, const struct verify_report *report, bool ja)
{
    if (report->purged > 0) {
        writer_format(w,
                      ja ? "、抹消済み %llu 件（葉は残る）"
                         : ", %llu purged (their leaves remain)",
                      (unsigned long long)report->purged);
        for (unsigned i = 0; i < RETENTION_CLASSES; i++) {
            if (report->purged_by_class[i] > 0) {
                writer_format(w, ja ? "、うち %s %llu 件" : ", %s: %llu",
                              retention_class_name((enum retention_class)i),
                              (unsigned long long)report->purged_by_class[i]);
            }
        }
    }
    writer_format(w, ja ? "、保留メッセージ %llu 通" : ", %llu held messages",
                  (unsigned long long)report->held_count);
    if (report->keys > 1) {
        writer_format(w, ja ? "、鍵の履歴 %zu 本" : ", a chain of %zu keys", report->keys);
    }
    if (report->cosigned > 0) {
        writer_format(w,
                      ja ? "、証人 %zu 者が %llu 件までを連署"
                         : ", cosigned by %zu witnesses up to entry %llu",
                      report->cosigned, (unsigned long long)report->cosigned_size);
    }
    if (report->rows > 0) {
        writer_format(w, ja ? "、照合した行 %llu 件" : ", %llu rows compared",
                      (unsigned long long)report->rows);
    }
    if (report->torn_bytes > 0) {
        writer_format(
            w,
            ja ? "。最後の記録の後に未完の %llu バイト（書込み中、または異常終了の跡）"
               : "; %llu bytes behind the last entry are unfinished (being "
                 "written, or torn by a crash)",
            (unsigned long long)report->torn_bytes);
    }
    writer_byte(w, '\n');
}

static void
write_report(struct writer *w, const struct verify_report *report, bool ja)
{
    for (size_t i = 0; i < report->fault_count; i++) {
        writer_clean(w, bytes_from_text(report->faults[i].sentence), 600);
        writer_byte(w, '\n');
    }
    if (report->faults_dropped > 0) {
        writer_format(w, ja ? "ほか %zu 件\n" : "and %zu more\n", report->faults_dropped);
    }
    if (report->fault_count == 0) {
        writer_text(w, ja ? "異状なし: " : "sound: ");
    } else {
        writer_text(w, ja ? "改変あり: " : "BROKEN: ");
    }
    writer_clean(w, report->origin, 300);
    writer_format(w,
                  ja ? ": 記録 %llu 件、うち署名付き要約の下に %llu 件"
                     : ": %llu entries, %llu of them under the signed checkpoint",
                  (unsigned long long)report->entries,
                  (unsigned long long)report->checkpoint_size);
    write_counts(w, report, ja);
}

/* The witnesses of the configuration, as far as one is given or asked for. */
static bool
verify_witnesses(const struct ledger_call *call, struct verify_options *options)
{
    struct witness_peer *peers;
    struct note_key *keys;
    struct why why;
    size_t count;
    long quorum;

    if (!options_number(call->options, "witnesses", 0, 0, &quorum)) {
        return false;
    }
    if (witness_peers(call->arena, call->config, &peers, &count, &why) != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return false;
    }
    keys = ARENA_NEW_MANY(call->arena, count + 1, struct note_key);
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (k < options->witness_count &&
               memcmp(keys[k].public_key, peers[i].key.public_key, NOTE_ED25519_SIZE) !=
                   0) {
            k++;
        }
        if (k ==
            options->witness_count) { /* one key is one witness, in however many sections */
            keys[options->witness_count++] = peers[i].key;
        }
    }
    options->witnesses = keys;
    options->quorum = (size_t)quorum;
    return true;
}

static int
ledger_verify(const struct ledger_call *call)
{
    struct verify_options options = {.key = call->key,
                                     .keys = keys_folder(call->arena, call->config),
                                     .rows = options_has(call->options, "rows")};
    struct verify_report report;
    struct writer w;
    struct why why;

    if (!verify_witnesses(call, &options)) {
        return EXIT_USAGE;
    }
    if (verify_ledger_as(call->arena, call->folder, &options, &report, &why) != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return EXIT_NO_INPUT;
    }
    writer_init(&w, call->arena);
    if (options_has(call->options, "json")) {
        write_report_json(&w, &report);
    } else {
        write_report(&w, &report, call->japanese);
    }
    fwrite(w.at, 1, w.size, stdout);
    return report.fault_count == 0 ? EXIT_OK : EXIT_FOUND;
}

/* A small public file of the record folder, cleaned, line by line. */
static bool
show_file(const struct ledger_call *call, int folder, const char *name, const char *title,
          bool needed, struct writer *w)
{
    struct bytes text;
    struct why why;

    if (ledger_read_file(call->arena, folder, name, LIMIT_NOTE_BYTES, &text, &why) !=
        SK_OK) {
        if (needed) {
            fprintf(stderr, "sekisho: %s\n", why.sentence);
        }
        return !needed;
    }
    writer_text(w, title);
    for (struct bytes line; bytes_line(&text, &line);) {
        writer_clean(w, line, 8000);
        writer_byte(w, '\n');
    }
    return true;
}

/* The checkpoint as it stands, and the keys that verify it: what one notes down elsewhere. */
static int
ledger_show(const struct ledger_call *call)
{
    struct writer w;
    bool ja = call->japanese;
    int folder = open(call->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0) {
        fprintf(stderr, "sekisho: cannot open %s\n", call->folder);
        return EXIT_NO_INPUT;
    }
    writer_init(&w, call->arena);
    bool done = show_file(call, folder, "ledger.vkey",
                          ja ? "検証鍵: " : "verifier key: ", true, &w) &&
                show_file(call, folder, "checkpoint", "\n", true, &w) &&
                show_file(call, folder, LEDGER_COSIGNED,
                          ja ? "\n証人が連署した最後の署名付き要約:\n"
                             : "\nlast checkpoint that witnesses cosigned:\n",
                          false, &w) &&
                show_file(call, folder, WITNESS_VKEY,
                          ja ? "\n他の台帳の証人としての検証鍵: "
                             : "\nverifier key as a witness of others: ",
                          false, &w);
    close(folder);
    if (!done) {
        return EXIT_NO_INPUT;
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
        {"witness", ledger_witness_command, true},
        {"rotate", ledger_rotate_command, true},
        {"era", ledger_era_command, true},
        {"export", ledger_export_command, true},
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
        if (actions[i].folder) {
            call->config = command_config(call->arena, call->options, &status);
            if (call->config == NULL) {
                return status;
            }
            call->folder =
                bytes_text(call->arena, config_text(call->config, "record.folder"));
        }
        return actions[i].run(call);
    }
    fprintf(stderr,
            "sekisho: ledger: verify, show, prove ID, check FILE, witness, rotate, era or "
            "export ID... FILE is wanted\n");
    return EXIT_USAGE;
}

int
ledger_command(int count, char **arguments)
{
    struct options o;
    struct arena arena;

    if (!options_read(
            &o,
            "ledger [OPTION...] verify | show | prove ID | check FILE | witness | rotate | "
            "era | export ID... FILE",
            "Verifies that nobody altered the record, shows its signed "
            "checkpoint, proves that a message's record is in it, checks such a "
            "proof; has the checkpoint cosigned by witnesses, changes its key, goes "
            "on after a restore; writes the package for a court.",
            rows, count, arguments)) {
        return o.status;
    }
    arena_init(&arena, (size_t)1 << 30);
    struct ledger_call call = {
        .arena = &arena, .options = &o, .japanese = speak_japanese(&o)};
    int status = ledger_run(&call);
    arena_release(&arena);
    return status;
}
