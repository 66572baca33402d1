#include "record/vault.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/tap.h"
#include "record/held.h"
#include "record/verify.h"
#include "store/rows.h"

static struct arena arena;
static char folder[64];
static const struct config *config;

__attribute__((format(printf, 1, 2))) static void
shell(const char *format, ...)
{
    char command[512];
    va_list values;

    va_start(values, format);
    vsnprintf(command, sizeof(command), format, values);
    va_end(values);
    if (system(command) != 0) {
        tap_ok(false, "%s", command);
    }
}

static void
configure(void)
{
    char text[200];
    struct why why;
    int size = snprintf(text, sizeof(text),
                        "[record]\nfolder = %s\nname = example.jp/sekisho\nzone = +09:00\n",
                        folder);

    bool good = config_read(&arena, record_config_keys,
                            bytes_copy(&arena, bytes_of(text, (size_t)size)), &config,
                            &why) == SK_OK;
    tap_ok(good, "configured: %s", good ? "ok" : why.sentence);
}

static struct vault *
open_vault(void)
{
    struct vault *vault = NULL;
    struct why why;

    if (vault_open(&arena, config, &vault, &why) != SK_OK) {
        tap_ok(false, "open: %s", why.sentence);
    }
    return vault;
}

/* 2026-11-22T09:00:00Z */
#define MORNING ((int64_t)1795338000000)

static struct bytes
record_of(unsigned number, const char *subject)
{
    char text[1000];
    int size = snprintf(
        text, sizeof(text),
        "{\"v\":1,\"kind\":\"message\",\"id\":\"id-%06u\",\"time\":%lld,\"action\":"
        "\"accept\","
        "\"category\":\"ham\",\"unwanted\":0.25,\"size\":9300,\"client\":\"192.0.2.1\","
        "\"from\":\"sender%u@example.com\",\"to\":[\"hanako@example.jp\",\"taro@example."
        "jp\"],"
        "\"subject\":\"%s\",\"text\":\"明日の会議の資料をお送りします。ご確認ください。\","
        "\"findings\":[]}",
        number, (long long)MORNING + number, number, subject);

    return bytes_copy(&arena, bytes_of(text, (size_t)size));
}

/* The same as workers write it today: the content in a line of its own. */
static struct bytes
apart_of(unsigned number, const char *subject)
{
    char text[2000];
    long long time = (long long)MORNING + number;
    int size = snprintf(
        text, sizeof(text),
        "{\"v\":1,\"kind\":\"message\",\"id\":\"id-%06u\",\"time\":%lld,\"door\":"
        "\"transfer\",\"action\":\"accept\",\"unwanted\":0.25,\"size\":9300,\"client\":"
        "\"192.0.2.1\",\"from\":\"sender%u@example.com\",\"to\":[\"hanako@example.jp\","
        "\"taro@example.jp\"],\"recipients\":[{\"families\":{\"content\":\"consent\"},"
        "\"action\":\"accept\"},{}],\"findings\":[]}\n"
        "{\"v\":1,\"kind\":\"content\",\"id\":\"id-%06u\",\"time\":%lld,\"rests_on\":[{"
        "\"to\":\"hanako@example.jp\",\"number\":0,\"families\":{\"content\":\"consent\"}"
        "}],\"unwanted\":0.25,\"category\":\"ham\",\"subject\":\"%s\",\"text\":\"明日の会議"
        "の資料をお送りします。ご確認ください。\",\"findings\":[]}",
        number, time, number, number, time, subject);

    return bytes_copy(&arena, bytes_of(text, (size_t)size));
}

static void
keep(struct vault *vault, unsigned number, const char *subject)
{
    struct why why;

    if (vault_keep(vault, record_of(number, subject), BYTES_NONE, &why) != SK_OK) {
        tap_ok(false, "keep: %s", why.sentence);
    }
}

static size_t
hits(const char *words)
{
    struct rows_query query = {.words = bytes_from_text(words), .most = 1000};
    struct rows_found found;
    struct why why;

    if (rows_search(&arena, folder, &query, &found, &why) != SK_OK) {
        tap_ok(false, "search: %s", why.sentence);
        return SIZE_MAX;
    }
    return found.count;
}

/* A group kept, and its rows to be seen. */
static bool
commit(struct vault *vault, struct why *why)
{
    bool good = vault_commit(vault, why) == SK_OK;

    vault_rows(vault);
    return good;
}

static void
test_keep(void)
{
    struct vault *vault = open_vault();
    struct why why;
    struct journal_frame frame;
    const struct bytes outcome = BYTES(
        "{\"v\":1,\"kind\":\"outcome\",\"id\":\"id-000001\",\"arrived\":1795338000001,"
        "\"time\":1795338000500,\"to\":[{\"address\":\"hanako@example.jp\","
        "\"outcome\":\"delivered\",\"reply\":\"250 ok\"}]}");

    tap_ok(vault_opened(vault)->ledger.new_key && vault_opened(vault)->rows_again == 0,
           "a new vault");
    keep(vault, 1, "請求書");
    tap_ok(commit(vault, &why) && hits("請求") == 1, "after it the row is found");
    keep(vault, 2, "振込先");
    tap_ok(vault_rows_behind(vault) == 0, "no row is behind");
    tap_ok(vault_commit(vault, &why) == SK_OK && hits("振込") == 0,
           "a commit alone shows no row yet");
    tap_ok(vault_rows_behind(vault) == 1, "and it is told that one is behind");
    vault_put(vault);
    keep(vault, 3, "振込先");
    tap_ok(vault_commit(vault, &why) == SK_OK && commit(vault, &why) && hits("振込") == 2,
           "vault_rows shows those that were put in and those that were not");
    tap_ok(vault_outcome(vault, BYTES("id-000001"), outcome, &why) == SK_OK &&
               commit(vault, &why),
           "an outcome");
    tap_ok(vault_outcome(vault, BYTES("id-other"), outcome, &why) == SK_BAD,
           "an outcome under another id is refused");
    tap_ok(vault_keep(vault, BYTES("{\"kind\":\"message\"}"), BYTES_NONE, &why) == SK_BAD &&
               vault_keep(vault, BYTES(""), BYTES_NONE, &why) == SK_BAD &&
               vault_keep(vault, BYTES("{\"kind\":\"message\",\"id\":\"x\",\"time\":1"),
                          BYTES_NONE, &why) == SK_BAD,
           "what is no record is refused");
    tap_ok(vault_keep(vault, BYTES("{\"kind\":\"look\",\"who\":\"operator\"}"), BYTES_NONE,
                      &why) == SK_OK &&
               commit(vault, &why),
           "a record of another kind goes to the ledger alone");
    struct rows_outcome *outcomes;
    size_t count;
    tap_ok(rows_outcomes(&arena, folder, BYTES("id-000001"), &outcomes, &count, &why) ==
                   SK_OK &&
               count == 1,
           "the outcome is found");
    int at = open(folder, O_RDONLY | O_DIRECTORY);
    tap_ok(journal_fetch(&arena, at, outcomes[0].place.segment, outcomes[0].place.offset,
                         outcomes[0].place.index, &frame, &why) == SK_OK &&
               bytes_equal(frame.record, outcome),
           "and its record");
    close(at);
    tap_ok(vault_find(&arena, folder, BYTES("id-000001"), &frame, &why) == SK_OK &&
               bytes_equal(frame.record, record_of(1, "請求書")),
           "a record is found by its id, byte for byte");
    tap_ok(vault_find(&arena, folder, BYTES("id-x"), &frame, &why) == SK_BAD &&
               vault_find(&arena, folder, BYTES(""), &frame, &why) == SK_BAD,
           "and no other");
    vault_close(vault);
    vault = open_vault();
    tap_ok(vault_opened(vault)->rows_again == 0 && vault_opened(vault)->ledger.size == 5,
           "after a close nothing is made again");
    vault_close(vault);
}

static void
test_held(void)
{
    struct vault *vault = open_vault();
    struct why why;
    struct journal_frame frame;
    struct held_ref ref, again;
    struct held_keys *keys;
    struct bytes raw, message = BYTES("From: a@example.com\r\n\r\nhold me\r\n");
    char path[200], name[HELD_PATH_SIZE];
    struct stat status;

    tap_ok(vault_keep(vault, record_of(2, "held"), message, &why) == SK_OK &&
               vault_keep(vault, record_of(3, "held"), message, &why) == SK_OK &&
               commit(vault, &why),
           "a message is held twice");
    vault_close(vault);
    tap_ok(vault_find(&arena, folder, BYTES("id-000002"), &frame, &why) == SK_OK &&
               held_ref_read(frame.record, &ref) &&
               vault_find(&arena, folder, BYTES("id-000003"), &frame, &why) == SK_OK &&
               held_ref_read(frame.record, &again) && memcmp(&ref, &again, sizeof ref) == 0,
           "both records name one file");
    held_path(ref.name, name);
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    tap_ok(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600, "of mode 0600");
    int at = open(folder, O_RDONLY | O_DIRECTORY);
    tap_ok(held_keys_open(&arena, config, &keys, &why) == SK_OK &&
               held_read_record(&arena, at, keys, frame.record, &raw, &why) == SK_OK &&
               bytes_equal(raw, message),
           "it comes back as it was");
    close(at);
}

/* The journal has entries whose rows were never committed. */
static void
test_rows_again(void)
{
    pid_t child = fork();

    if (child == 0) {
        struct vault *vault = open_vault();
        struct ledger_place place;
        struct why why;
        keep(vault, 10, "before the crash");
        bool good = vault_commit(vault, &why) == SK_OK;
        for (unsigned i = 11; i < 16; i++) {
            good = good && ledger_add(vault_ledger(vault), record_of(i, "口座の件 lostrow"),
                                      &place, &why) == SK_OK;
        }
        good = good && ledger_commit(vault_ledger(vault), false, &why) == SK_OK;
        raise(good ? SIGKILL : SIGTERM);
    }
    int status;
    tap_ok(waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
               WTERMSIG(status) == SIGKILL,
           "killed between the journal and the rows");
    tap_ok(hits("lostrow") == 0, "the rows are not there");
    struct vault *vault = open_vault();
    tap_ok(vault_opened(vault)->rows_again == 6,
           "the rows since the mark are put in again (%llu)",
           (unsigned long long)vault_opened(vault)->rows_again);
    tap_ok(hits("lostrow") == 5 && hits("口座") == 5 && hits("before") == 1, "each once");
    vault_close(vault);
    shell("rm -f %s/events-*", folder);
    shell("rm -f %s/rows.mark", folder);
    vault = open_vault();
    tap_ok(hits("lostrow") == 5 && hits("請求") == 1,
           "without any row file all are made again from the journal");
    vault_close(vault);
}

/* A keeper that is killed at any moment loses nothing it had acknowledged. */
static void
test_kill(void)
{
    size_t sound = 0, complete = 0;
    unsigned number = 1000, acknowledged = 1000;

    for (int round = 0; round < 8; round++) {
        int pipes[2];
        if (pipe(pipes) != 0) {
            break;
        }
        pid_t child = fork();
        if (child == 0) {
            struct vault *vault = open_vault();
            struct why why;
            for (;;) {
                for (int i = 0; i < 20; i++) {
                    keep(vault, number++, "kill");
                }
                if (!commit(vault, &why) ||
                    write(pipes[1], &number, sizeof(number)) != sizeof(number)) {
                    _exit(1);
                }
            }
        }
        close(pipes[1]);
        usleep((useconds_t)(20000 + 13000 * round));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(pipes[0], &acknowledged, sizeof(acknowledged)) ==
               sizeof(acknowledged)) {
        }
        close(pipes[0]);
        struct vault *vault = open_vault();
        struct journal_frame frame;
        struct why why;
        char id[20];
        snprintf(id, sizeof(id), "id-%06u", acknowledged - 1);
        complete += acknowledged == 1000 ||
                    vault_find(&arena, folder, bytes_from_text(id), &frame, &why) == SK_OK;
        vault_close(vault);
        struct verify_report verify;
        sound += verify_ledger(&arena, folder, NULL, &verify, &why) == SK_OK &&
                 verify.fault_count == 0;
        number = acknowledged + 100;
    }
    tap_ok(complete == 8,
           "what was acknowledged is there after each of 8 kills (%u records)",
           acknowledged - 1000);
    tap_ok(sound == 8, "and the ledger is sound");
}

static void
test_proof(void)
{
    struct bytes proof, record, text;
    struct note_key key;
    struct why why;
    size_t refused = 0, all = 0;

    int at = open(folder, O_RDONLY | O_DIRECTORY);
    tap_ok(ledger_read_file(&arena, at, "ledger.vkey", 1000, &text, &why) == SK_OK &&
               note_key_read(&arena, text, &key),
           "the key");
    close(at);
    tap_ok(verify_prove(&arena, folder, BYTES("id-000012"), &proof, &why) == SK_OK,
           "a proof is made");
    tap_ok(verify_proof(&arena, proof, &key, &record, &why) == SK_OK &&
               bytes_equal(record, record_of(12, "口座の件 lostrow")),
           "it holds, and carries the record");
    uint8_t *altered = arena_take_bytes(&arena, proof.size);
    for (size_t i = 0; i < proof.size; i += 3, all++) {
        memcpy(altered, proof.at, proof.size);
        altered[i] ^= 2;
        refused += verify_proof(&arena, bytes_of(altered, proof.size), &key, &record,
                                &why) != SK_OK;
    }
    tap_ok(refused == all, "altered anywhere it does not (%zu of %zu)", refused, all);
}

static void
test_apart(void)
{
    struct vault *vault = open_vault();
    struct why why;
    struct journal_frame frame, content;
    struct bytes record = apart_of(500, "分けた件名 apartword");
    size_t end = bytes_find_byte(record, '\n', 0);
    uint64_t before = ledger_size(vault_ledger(vault));

    tap_ok(vault_keep(vault, record, BYTES_NONE, &why) == SK_OK && commit(vault, &why) &&
               ledger_size(vault_ledger(vault)) == before + 2,
           "message and content are two entries");
    tap_ok(hits("apartword") == 1 && hits("分けた件名") == 1, "and one row");
    tap_ok(vault_find(&arena, folder, BYTES("id-000500"), &frame, &why) == SK_OK &&
               bytes_equal(frame.record, bytes_slice(record, 0, end)) &&
               vault_find_content(&arena, folder, BYTES("id-000500"), &frame, &content,
                                  &why) == SK_OK &&
               bytes_equal(content.record, bytes_from(record, end + 1)),
           "both are found by the id");
    tap_ok(vault_find(&arena, folder, BYTES("id-000001"), &frame, &why) == SK_OK &&
               vault_find_content(&arena, folder, BYTES("id-000001"), &frame, &content,
                                  &why) == SK_MORE &&
               !content.purged,
           "one without content has none");
    static const char *const bad[] = {
        "{\"v\":1,\"kind\":\"message\",\"id\":\"a\",\"time\":1}\n{\"v\":1,\"kind\":"
        "\"content\",\"id\":\"b\",\"time\":1}",
        "{\"v\":1,\"kind\":\"content\",\"id\":\"a\",\"time\":1}\n{\"v\":1,\"kind\":"
        "\"content\",\"id\":\"a\",\"time\":1}",
        "{\"v\":1,\"kind\":\"message\",\"id\":\"a\",\"time\":1}\n{\"v\":1,\"kind\":"
        "\"purge\",\"id\":\"a\",\"time\":1}",
        "{\"v\":1,\"kind\":\"message\",\"id\":\"a\",\"time\":1}\n{\"v\":1,\"kind\":"
        "\"content\",\"id\":\"a\",\"time\":1}\n{}",
    };
    size_t refused = 0;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        refused += vault_keep(vault, bytes_from_text(bad[i]), BYTES_NONE, &why) == SK_BAD;
    }
    tap_ok(refused == sizeof(bad) / sizeof(bad[0]) && vault_commit(vault, &why) == SK_OK &&
               ledger_size(vault_ledger(vault)) == before + 2,
           "lines that do not belong together are refused, and none of them is kept");
    tap_ok(vault_erase_content(vault, BYTES_NONE, 1, &why) == SK_BAD &&
               vault_erase_content(vault, BYTES("a@b"), 0, &why) == SK_BAD,
           "an erasure of nobody, or of nothing, is refused");
    vault_close(vault);
    shell("rm -f %s/events-*", folder);
    shell("rm -f %s/rows.mark", folder);
    vault = open_vault();
    tap_ok(hits("apartword") == 1, "the row is made again from both");
    vault_close(vault);
}

static void
test_speed(void)
{
    static const unsigned groups[] = {1, 10, 100, 1000};
    struct why why;

    shell("rm -rf %s %s-keys", folder, folder);
    struct vault *vault = open_vault();
    unsigned number = 100000;
    for (size_t g = 0; g < 4; g++) {
        int64_t from = clock_monotonic_ms(), cpu = clock_cpu_us();
        unsigned count = groups[g] == 1 ? 300 : groups[g] == 10 ? 2000 : 10000;
        for (unsigned i = 0; i < count; i += groups[g]) {
            for (unsigned k = 0; k < groups[g]; k++) {
                if (vault_keep(vault, apart_of(number++, "9 月分のご請求書をお送りします"),
                               BYTES_NONE, &why) != SK_OK) {
                    tap_ok(false, "keep: %s", why.sentence);
                }
            }
            if (vault_commit(vault, &why) != SK_OK) {
                tap_ok(false, "commit: %s", why.sentence);
            }
        }
        int64_t ms = clock_monotonic_ms() - from;
        printf("# groups of %u: %lld records/s, %lld us CPU a message with content\n",
               groups[g], (long long)count * 1000 / (ms > 0 ? ms : 1),
               (long long)(clock_cpu_us() - cpu) / count);
    }
    tap_ok(vault_tick(vault, &why) == SK_OK && vault_trouble(vault) == NULL, "no trouble");
    vault_close(vault);
}

static void
test_zone(void)
{
    int minutes;

    tap_ok(vault_zone_read(BYTES("+09:00"), &minutes) && minutes == 540 &&
               vault_zone_read(BYTES("-03:30"), &minutes) && minutes == -210 &&
               vault_zone_read(BYTES("+14:00"), &minutes),
           "zones");
    tap_ok(!vault_zone_read(BYTES("+15:00"), &minutes) &&
               !vault_zone_read(BYTES("JST"), &minutes) &&
               !vault_zone_read(BYTES("+09:60"), &minutes) &&
               !vault_zone_read(BYTES("+0900"), &minutes),
           "what is none");
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    snprintf(folder, sizeof(folder), "/tmp/vault-test-%d", (int)getpid());
    shell("rm -rf %s %s-keys", folder, folder);
    configure();
    test_zone();
    test_keep();
    test_held();
    test_rows_again();
    test_apart();
    test_proof();
    test_kill();
    test_speed();
    shell("rm -rf %s %s-keys", folder, folder);
    arena_release(&arena);
    return tap_done();
}
