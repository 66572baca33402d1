#include "record/ledger.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/tap.h"
#include "record/held.h"
#include "record/tiles.h"
#include "record/verify.h"

static struct arena arena;
static char folder[64];
static struct ledger_report report;

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

/* The record folder and the folder of keys, together. */
static void
wipe(void)
{
    shell("rm -rf %s %s-keys", folder, folder);
}

static void
save(void)
{
    shell("rm -rf %s.copy %s-keys.copy; cp -r %s %s.copy; cp -r %s-keys %s-keys.copy",
          folder, folder, folder, folder, folder, folder);
}

static void
restore(void)
{
    wipe();
    shell("cp -r %s.copy %s; cp -r %s-keys.copy %s-keys", folder, folder, folder, folder);
}

static struct ledger *
open_ledger(void)
{
    struct ledger *ledger;
    struct why why;
    enum sk_code code = ledger_open(&arena, folder, NULL, BYTES("example.jp/sekisho"),
                                    &ledger, &report, &why);

    if (code != SK_OK) {
        tap_ok(false, "open: %s", why.sentence);
    }
    return ledger;
}

static void
add(struct ledger *ledger, unsigned count)
{
    struct ledger_place place;
    struct why why;

    for (unsigned i = 0; i < count; i++) {
        char record[96];
        int size = snprintf(record, sizeof(record),
                            "{\"kind\":\"message\",\"id\":\"message-%llu\",\"time\":1,"
                            "\"x\":\"0123456789\"}",
                            (unsigned long long)ledger_size(ledger) + i);
        if (ledger_add(ledger, bytes_of(record, (size_t)size), &place, &why) != SK_OK) {
            tap_ok(false, "add: %s", why.sentence);
        }
    }
    if (ledger_commit(ledger, false, &why) != SK_OK) {
        tap_ok(false, "commit: %s", why.sentence);
    }
}

static struct verify_report
verified(void)
{
    struct verify_report verify;
    struct why why;

    if (verify_ledger(&arena, folder, NULL, &verify, &why) != SK_OK) {
        tap_ok(false, "verify: %s", why.sentence);
    }
    return verify;
}

static bool
says(const struct verify_report *verify, const char *words)
{
    for (size_t i = 0; i < verify->fault_count; i++) {
        if (strstr(verify->faults[i].sentence, words) != NULL) {
            return true;
        }
    }
    for (size_t i = 0; i < verify->fault_count; i++) {
        printf("# it says: %s\n", verify->faults[i].sentence);
    }
    return false;
}

static void
test_first_start(void)
{
    struct stat status;
    char path[128];

    wipe();
    struct ledger *ledger = open_ledger();
    tap_ok(report.new_key && report.size == 0 && report.torn_bytes == 0,
           "the first start makes a key");
    snprintf(path, sizeof(path), "%s-keys/ledger.key", folder);
    tap_ok(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600, "of mode 0600");
    tap_ok(stat(folder, &status) == 0 && (status.st_mode & 0777) == 0700,
           "in a folder of mode 0700");
    struct verify_report verify = verified();
    tap_ok(verify.fault_count == 0 && verify.checkpoint_size == 0,
           "an empty ledger is sound");
    struct ledger *second;
    struct why why;
    tap_ok(ledger_open(&arena, folder, NULL, BYTES("x"), &second, &report, &why) ==
               SK_CONFIG,
           "a second keeper is refused: %s", why.sentence);
    add(ledger, 3);
    ledger_close(ledger);
    ledger = open_ledger();
    tap_ok(!report.new_key && report.size == 3 && ledger_key(ledger)->name.size == 18,
           "three entries are there again");
    ledger_close(ledger);
    verify = verified();
    tap_ok(verify.fault_count == 0 && verify.entries == 3 && verify.checkpoint_size == 3,
           "and sound");
}

static void
test_sizes(void)
{
    static const unsigned steps[] = {1, 254, 1, 1, 255, 300};
    struct ledger *ledger;
    unsigned sum = 0;

    wipe();
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        ledger = open_ledger();
        add(ledger, steps[i]);
        sum += steps[i];
        ledger_close(ledger);
        struct verify_report verify = verified();
        tap_ok(verify.fault_count == 0 && verify.checkpoint_size == sum,
               "%u entries are sound", sum);
    }
    ledger = open_ledger();
    struct why why;
    struct ledger_place place;
    uint8_t *large = arena_take(&arena, LIMIT_RECORD_BYTES + 1);
    tap_ok(ledger_add(ledger, bytes_of(large, LIMIT_RECORD_BYTES), &place, &why) == SK_OK &&
               ledger_commit(ledger, false, &why) == SK_OK,
           "a record at the bound");
    tap_ok(ledger_add(ledger, bytes_of(large, LIMIT_RECORD_BYTES + 1), &place, &why) ==
               SK_LIMIT,
           "and one past it");
    struct journal_frame frame;
    tap_ok(journal_fetch(&arena, ledger_folder(ledger), place.segment, place.offset,
                         place.index, &frame, &why) == SK_OK &&
               frame.record.size == LIMIT_RECORD_BYTES,
           "it is fetched by its place");
    tap_ok(journal_fetch(&arena, ledger_folder(ledger), place.segment, place.offset,
                         place.index + 1, &frame, &why) == SK_BAD &&
               journal_fetch(&arena, ledger_folder(ledger), place.segment, place.offset + 1,
                             place.index, &frame, &why) == SK_BAD &&
               journal_fetch(&arena, ledger_folder(ledger), place.segment, UINT64_MAX,
                             place.index, &frame, &why) == SK_BAD,
           "and by no other");
    ledger_close(ledger);
}

/* Segments, and a start where only the last one is read. */
static void
test_segments(void)
{
    wipe();
    struct ledger *ledger = open_ledger();
    ledger_set_segment_bytes(ledger, 20000);
    for (int i = 0; i < 10; i++) {
        add(ledger, 100);
    }
    ledger_close(ledger);
    struct journal_list list;
    struct why why;
    int at = open(folder, O_RDONLY | O_DIRECTORY);
    tap_ok(journal_list(&arena, at, &list, &why) == SK_OK && list.count > 5, "%zu segments",
           list.count);
    close(at);
    ledger = open_ledger();
    tap_ok(report.size == 1000 && !report.tree_rebuilt,
           "a start takes the tree up from its files");
    add(ledger, 5);
    ledger_close(ledger);
    struct verify_report verify = verified();
    tap_ok(verify.fault_count == 0 && verify.checkpoint_size == 1005,
           "1005 entries in segments are sound");
    shell("rm -rf %s/tile", folder);
    ledger = open_ledger();
    tap_ok(report.size == 1005 && report.tree_rebuilt,
           "without its files the tree is made again");
    ledger_close(ledger);
    verify = verified();
    tap_ok(verify.fault_count == 0, "and sound");
    shell("cp -r %s %s.whole; rm %s/journal/%020u.log", folder, folder, folder,
          (unsigned)list.firsts[1]);
    verify = verified();
    char words[100];
    snprintf(words, sizeof(words), "entries %u to %u are missing", (unsigned)list.firsts[1],
             (unsigned)list.firsts[2] - 1);
    tap_ok(says(&verify, words), "a segment taken away is told: %s", words);
    shell("rm -rf %s; mv %s.whole %s", folder, folder, folder);
}

/* What a crash leaves: the journal ends anywhere behind the checkpoint. */
static void
test_torn(void)
{
    char path[128];
    struct stat before, after;
    struct ledger_place place;
    struct why why;
    size_t good = 0, all = 0;

    wipe();
    struct ledger *ledger = open_ledger();
    add(ledger, 3);
    ledger_close(ledger);
    snprintf(path, sizeof(path), "%s/journal/%020u.log", folder, 0);
    stat(path, &before);
    shell("cp %s/checkpoint %s.checkpoint; cp %s-keys/ledger.signed %s.signed", folder,
          folder, folder, folder);
    ledger = open_ledger();
    tap_ok(ledger_add(ledger, BYTES("{\"kind\":\"message\",\"id\":\"last\",\"time\":1}"),
                      &place, &why) == SK_OK &&
               ledger_commit(ledger, false, &why) == SK_OK,
           "a fourth entry");
    ledger_close(ledger);
    stat(path, &after);
    shell("cp %s.checkpoint %s/checkpoint; cp %s.signed %s-keys/ledger.signed", folder,
          folder, folder, folder);
    save();
    for (off_t size = before.st_size; size < after.st_size; size += 7, all++) {
        restore();
        bool cut = truncate(path, size) == 0;
        struct verify_report verify = verified();
        ledger = open_ledger();
        bool reported =
            report.size == 3 && report.torn_bytes == (uint64_t)(size - before.st_size);
        add(ledger, 1);
        ledger_close(ledger);
        struct verify_report later = verified();
        good += cut && reported && verify.fault_count == 0 &&
                verify.torn_bytes == (uint64_t)(size - before.st_size) &&
                later.fault_count == 0 && later.entries == 4;
    }
    tap_ok(good == all,
           "torn tails are cut and reported, and the ledger goes on (%zu of %zu)", good,
           all);
    good = all = 0;
    for (off_t size = 0; size < before.st_size; size += 11, all++) {
        restore();
        bool cut = truncate(path, size) == 0;
        bool refused = ledger_open(&arena, folder, NULL, BYTES("x"), &ledger, &report,
                                   &why) == SK_CONFIG;
        struct verify_report verify = verified();
        good += cut && refused &&
                (verify.fault_count > 0 &&
                 (strstr(verify.faults[0].sentence, "missing") != NULL ||
                  strstr(verify.faults[0].sentence, "cut short") != NULL));
    }
    tap_ok(good == all,
           "what a checkpoint had signed is missed: the keeper does not start (%zu of %zu)",
           good, all);
    restore();
    shell("rm %s/checkpoint", folder);
    tap_ok(ledger_open(&arena, folder, NULL, BYTES("x"), &ledger, &report, &why) ==
               SK_CONFIG,
           "no checkpoint: %s", why.sentence);
    struct verify_report verify = verified();
    tap_ok(says(&verify, "checkpoint is not there"), "verify tells it");
    restore();
    shell("rm %s-keys/ledger.key", folder);
    tap_ok(ledger_open(&arena, folder, NULL, BYTES("x"), &ledger, &report, &why) ==
               SK_CONFIG,
           "no key: %s", why.sentence);
    restore();
}

static void
flip(const char *name, long at)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "r+");
    if (file == NULL) {
        tap_ok(false, "%s is there", path);
        return;
    }
    fseek(file, at, SEEK_SET);
    int c = fgetc(file);
    fseek(file, at, SEEK_SET);
    fputc(c ^ 1, file);
    fclose(file);
}

struct tampering {
    const char *name;
    long at;
    const char *words;
};

static void
test_tampering(void)
{
    char held[HELD_PATH_SIZE];
    struct held_ref ref;
    struct writer w;
    struct why why;
    uint8_t secret[HELD_SECRET_SIZE] = {1};
    const struct held_keys *keys =
        held_keys_of(&arena, bytes_of(secret, sizeof secret), BYTES_NONE);

    wipe();
    struct ledger *ledger = open_ledger();
    add(ledger, 10);
    struct journal_frame frame;
    struct bytes segment;
    long offsets[300];
    tap_ok(held_write(ledger_folder(ledger), keys, BYTES("a held message"), &ref, &why) ==
               SK_OK,
           "a held message");
    held_path(ref.name, held);
    writer_init(&w, &arena);
    writer_text(&w, "{\"v\":1,\"kind\":\"message\",");
    held_ref_write(&w, &ref);
    writer_byte(&w, '}');
    struct ledger_place place;
    tap_ok(ledger_add(ledger, writer_view(&w), &place, &why) == SK_OK &&
               ledger_commit(ledger, true, &why) == SK_OK,
           "and the record that names it");
    add(ledger, 259);
    int at = dup(ledger_folder(ledger));
    ledger_close(ledger);
    tap_ok(journal_map(at, 0, &segment, &why) == SK_OK, "the journal is read");
    size_t position = 0;
    for (size_t i = 0; i < 270; i++) {
        offsets[i] = (long)position;
        if (journal_frame_read(segment, position, &frame) != SK_OK) {
            tap_ok(false, "frame %zu", i);
        }
        position += frame.size;
    }
    long end = (long)segment.size;
    journal_unmap(segment);
    close(at);
    save();
    const char journal[] = "journal/00000000000000000000.log";
    const struct tampering cases[] = {
        {journal, offsets[5] + 132,
         "entry 5 (id message-5): the record or its salt was altered"},
        {journal, end - 5,
         "entry 269 (id message-269): the record or its salt was altered"},
        {journal, offsets[7] + 20,
         "entry 7 (id message-7): the record or its salt was altered"},
        {journal, offsets[7] + 50,
         "entry 7 (id message-7): its leaf in the journal was altered"},
        {journal, offsets[260], "entry 260: its header in the journal was altered"},
        {journal, offsets[9] + 4, "entry 9: its header in the journal was altered"},
        {journal, offsets[9] + 7, "entry 9: its header in the journal was altered"},
        {journal, offsets[9] + 15, "entry 9: its number in the journal was altered"},
        {journal, offsets[9] + 10, "entry 9: its number in the journal was altered"},
        {"tile/entries/000", 34 * 8 + 10, "entry 8: its leaf in tile/entries was altered"},
        {"tile/entries/001.p/14", 34 * 3 + 1,
         "entry 259: its leaf in tile/entries was altered"},
        {"tile/0/000", 32 * 255 + 31, "entry 255: its hash in tile/0 was altered"},
        {"tile/0/001.p/14", 0, "entry 256: its hash in tile/0 was altered"},
        {"tile/1/000.p/1", 3, "tile/1/000.p/1: hash 0 is not that of the tile below it"},
        {"checkpoint", 3, "checkpoint: "},
        {"checkpoint", 20, "checkpoint: "},
        {"checkpoint", 40, "checkpoint: "},
        {"checkpoint", 140, "checkpoint: "},
        {"ledger.vkey", 30, "ledger.vkey"},
        {held, 12, ".held is no held message, or cut short"},
        {held, 170, ".held was altered"},
    };
    struct verify_report verify = verified();
    tap_ok(verify.fault_count == 0 && verify.held_count == 1, "untouched it is sound");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        restore();
        flip(cases[i].name, cases[i].at);
        verify = verified();
        tap_ok(says(&verify, cases[i].words) && verify.fault_count == 1, "%s at %ld: %s",
               cases[i].name, cases[i].at,
               verify.fault_count > 0 ? verify.faults[0].sentence : "nothing");
    }
    size_t found = 0, all = 0;
    for (long i = 0; i < end; i += 97, all++) {
        shell("cp %s.copy/%s %s/%s", folder, journal, folder, journal);
        flip(journal, i);
        verify = verified();
        found += verify.fault_count > 0;
    }
    tap_ok(found == all, "any byte of the journal altered is told (%zu of %zu)", found,
           all);
}

/* A whole entry replaced by another one that fits itself: only the tree knows. */
static void
test_replaced(void)
{
    uint8_t header[JOURNAL_HEADER_SIZE];
    char path[160];
    const struct bytes record = BYTES(
        "{\"kind\":\"message\",\"id\":\"message-0\",\"time\":1,\"x\":\"9999999999\"}");

    restore();
    snprintf(path, sizeof(path), "%s/journal/%020u.log", folder, 0);
    journal_header(0, (const uint8_t[32]){3}, record, header);
    int file = open(path, O_WRONLY);
    tap_ok(pwrite(file, header, sizeof(header), 0) == (ssize_t)sizeof(header) &&
               pwrite(file, record.at, record.size, sizeof(header)) == (ssize_t)record.size,
           "entry 0 is replaced");
    close(file);
    struct verify_report verify = verified();
    tap_ok(says(&verify, "entry 0: another record was put in its place"), "and told");
    struct ledger *ledger;
    struct why why;
    tap_ok(ledger_open(&arena, folder, NULL, BYTES("x"), &ledger, &report, &why) ==
               SK_CONFIG,
           "the keeper does not start: %s", why.sentence);
    restore();
    int at = open(folder, O_RDONLY | O_DIRECTORY);
    tap_ok(journal_purge(at, 0, 0, 0, &why) == SK_OK, "entry 0 is purged");
    struct journal_frame frame;
    tap_ok(journal_fetch(&arena, at, 0, 0, 0, &frame, &why) == SK_OK && frame.purged &&
               frame.record.size == 0,
           "nothing of it is left");
    close(at);
    verify = verified();
    tap_ok(verify.fault_count == 1 && verify.purged == 1 &&
               says(&verify, "entry 0 was purged, and no order in the ledger says so"),
           "its leaf stays, but nobody had ordered it");
    ledger = open_ledger();
    add(ledger, 1);
    ledger_close(ledger);
    verify = verified();
    tap_ok(verify.fault_count == 1 && verify.entries == 271, "the ledger goes on");
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    snprintf(folder, sizeof(folder), "/tmp/ledger-test-%d", (int)getpid());
    test_first_start();
    test_sizes();
    test_segments();
    test_torn();
    test_tampering();
    test_replaced();
    wipe();
    shell("rm -rf %s.copy %s-keys.copy %s.checkpoint %s.signed", folder, folder, folder,
          folder);
    arena_release(&arena);
    return tap_done();
}
