/* The ledger's key: where it is kept, what it refuses to sign, and how it is changed. */
#include "record/ledger.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/tap.h"
#include "record/history.h"
#include "record/keys.h"
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

static void
wipe(void)
{
    shell("rm -rf %s %s-keys %s.* %s-keys.*", folder, folder, folder, folder);
}

static struct ledger *
open_ledger(void)
{
    struct ledger *ledger = NULL;
    struct why why;

    if (ledger_open(&arena, folder, NULL, BYTES("example.jp/sekisho"), &ledger, &report,
                    &why) != SK_OK) {
        tap_ok(false, "open: %s", why.sentence);
        exit(1);
    }
    return ledger;
}

static void
add(struct ledger *ledger, unsigned count)
{
    struct ledger_place place;
    struct why why;
    bool good = true;

    for (unsigned i = 0; i < count; i++) {
        char record[96];
        int size = snprintf(record, sizeof(record),
                            "{\"v\":1,\"kind\":\"message\",\"id\":\"message-%llu\"}",
                            (unsigned long long)ledger_size(ledger) + i);
        good = good &&
               ledger_add(ledger, bytes_of(record, (size_t)size), &place, &why) == SK_OK;
    }
    if (!good || ledger_commit(ledger, false, &why) != SK_OK) {
        tap_ok(false, "add: %s", why.sentence);
    }
}

static struct verify_report
verified(const struct note_key *key)
{
    struct verify_report verify;
    struct why why;

    if (verify_ledger(&arena, folder, key, &verify, &why) != SK_OK) {
        tap_ok(false, "verify: %s", why.sentence);
    }
    for (size_t i = 0; i < verify.fault_count; i++) {
        printf("# it says: %s\n", verify.faults[i].sentence);
    }
    return verify;
}

static bool
sound(const struct note_key *key)
{
    return verified(key).fault_count == 0;
}

static struct note_key
present_key(void)
{
    struct bytes text;
    struct note_key key = {0};
    int at = open(folder, O_RDONLY | O_DIRECTORY);

    if (ledger_read_file(&arena, at, "ledger.vkey", 4096, &text, NULL) != SK_OK ||
        !note_key_read(&arena, text, &key)) {
        tap_ok(false, "ledger.vkey");
    }
    close(at);
    return key;
}

static bool
is_there(const char *name)
{
    char path[128];
    struct stat status;

    snprintf(path, sizeof(path), "%s%s", folder, name);
    return stat(path, &status) == 0;
}

/* Refused, with these words. */
static bool
refused(const char *words)
{
    struct ledger *ledger;
    struct why why = {0};
    enum sk_code code =
        ledger_open(&arena, folder, NULL, BYTES("x"), &ledger, &report, &why);

    if (code == SK_OK) {
        ledger_close(ledger);
    }
    printf("# it says: %s\n", why.sentence);
    return code == SK_CONFIG && strstr(why.sentence, words) != NULL;
}

static void
test_keys_folder(void)
{
    struct stat status;
    struct why why;
    struct bytes first, again;
    int at;

    wipe();
    ledger_close(open_ledger());
    char path[128];
    snprintf(path, sizeof(path), "%s-keys/ledger.key", folder);
    tap_ok(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600 &&
               !is_there("/ledger.key"),
           "the private key is not beneath the record folder");
    snprintf(path, sizeof(path), "%s-keys", folder);
    tap_ok(keys_open(path, &at, &why) == SK_OK, "the folder of keys is opened");
    tap_ok(keys_read_or_make_at(&arena, at, "some.key", 32, &first, &why) == SK_OK &&
               first.size == 32 &&
               keys_read_or_make_at(&arena, at, "some.key", 32, &again, &why) == SK_OK &&
               bytes_equal(first, again),
           "a key is made once and read again");
    tap_ok(keys_read_or_make_at(&arena, at, "some.key", 31, &again, &why) == SK_CONFIG &&
               keys_read_or_make_at(&arena, at, "some.key", 33, &again, &why) == SK_CONFIG,
           "with another size it is refused: %s", why.sentence);
    shell("chmod 640 %s-keys/some.key", folder);
    tap_ok(keys_read_or_make_at(&arena, at, "some.key", 32, &again, &why) == SK_CONFIG,
           "readable by others: %s", why.sentence);
    shell("ln %s-keys/some.key %s.link", folder, folder);
    tap_ok(keys_destroy(at, "some.key", &why) == SK_OK && !is_there("-keys/some.key"),
           "a key is destroyed");
    snprintf(path, sizeof(path), "%s.link", folder);
    FILE *file = fopen(path, "r");
    uint8_t left[33] = {1};
    size_t got = fread(left, 1, sizeof(left), file);
    fclose(file);
    tap_ok(got == 32 && memcmp(left, (uint8_t[32]){0}, 32) == 0,
           "what its blocks held is zero");
    tap_ok(keys_destroy(at, "some.key", &why) == SK_OK, "destroying it again is no fault");
    close(at);
    shell("chmod 750 %s-keys", folder);
    tap_ok(refused("chmod"), "a folder of keys that others may enter is refused");
    shell("chmod 700 %s-keys; rm %s.link", folder, folder);
}

/* An earlier version kept the key in the record folder. */
static void
test_upgrade(void)
{
    wipe();
    struct ledger *ledger = open_ledger();
    add(ledger, 5);
    ledger_close(ledger);
    shell("mv %s-keys/ledger.key %s/; rm -r %s-keys %s/ledger.keys", folder, folder, folder,
          folder);
    ledger = open_ledger();
    add(ledger, 1);
    ledger_close(ledger);
    tap_ok(report.size == 5 && !report.new_key && !is_there("/ledger.key") &&
               is_there("-keys/ledger.key") && is_there("/ledger.keys"),
           "an old ledger's key is taken over");
    tap_ok(sound(NULL), "and the ledger goes on");
    shell("cp %s-keys/ledger.key %s/", folder, folder);
    ledger_close(open_ledger());
    tap_ok(!is_there("/ledger.key"), "a take-over that a crash cut short is ended");
    shell("sed 's/sekisho/sekisha/' %s-keys/ledger.key > %s/ledger.key", folder, folder);
    tap_ok(refused("ledger.key"), "two keys that differ are refused");
    shell("rm %s/ledger.key", folder);
}

static void
test_fork(void)
{
    struct why why;
    struct ledger *ledger;

    wipe();
    ledger = open_ledger();
    add(ledger, 10);
    ledger_close(ledger);
    shell("cp -r %s %s.old; cp -r %s-keys %s-keys.old", folder, folder, folder, folder);
    ledger = open_ledger();
    add(ledger, 5);
    ledger_close(ledger);
    shell("mv %s %s.new; cp -r %s.old %s", folder, folder, folder, folder);
    tap_ok(refused("has 10 entries, but our key has signed 15"),
           "an older copy of the record is refused, with both sizes");
    struct verify_report verify = verified(NULL);
    tap_ok(verify.fault_count == 1 && strstr(verify.faults[0].sentence,
                                             "speaks of 15 entries, and only 10") != NULL,
           "verify tells it too");
    /* Another continuation of the same beginning: only what was signed tells it. */
    shell("mv %s-keys %s-keys.new; cp -r %s-keys.old %s-keys", folder, folder, folder,
          folder);
    ledger = open_ledger();
    add(ledger, 7);
    ledger_close(ledger);
    tap_ok(sound(NULL), "for somebody without that memory the other branch looks sound");
    shell("rm -r %s-keys; cp -r %s-keys.new %s-keys", folder, folder, folder);
    tap_ok(refused("not those that our key has signed"), "a fork is refused");
    tap_ok(!sound(NULL), "verify tells it");
    shell("rm -r %s; cp -r %s.new %s", folder, folder, folder);
    ledger = open_ledger();
    tap_ok(report.size == 15, "the right record is put back: it goes on");
    /* A tree that was altered while the keeper runs: what is signed comes from the journal, not from there. */
    add(ledger, 300);
    tap_ok(ledger_checkpoint(ledger, true, &why) == SK_OK, "a checkpoint");
    shell("printf x | dd of=%s/tile/0/000 bs=1 seek=100 conv=notrunc status=none", folder);
    add(ledger, 1);
    tap_ok(ledger_checkpoint(ledger, true, &why) == SK_OK && !sound(NULL),
           "an altered tree is told by verify, and does not touch what is signed");
    ledger_close(ledger);
    ledger = open_ledger();
    tap_ok(report.size == 316, "at the next start it is made again from the journal");
    ledger_close(ledger);
    tap_ok(sound(NULL), "and sound");
    shell("printf x | dd of=%s-keys/ledger.signed bs=1 seek=0 conv=notrunc status=none; "
          "echo > %s-keys/ledger.signed",
          folder, folder);
    tap_ok(refused("ledger.signed"), "a broken memory is refused");
    shell("rm %s-keys/ledger.signed", folder);
    ledger_close(open_ledger());
    tap_ok(is_there("-keys/ledger.signed") && sound(NULL),
           "one that is not there begins anew (an upgrade)");
}

static const struct ledger_change change = {{(const uint8_t *)"taro", 4},
                                            {(const uint8_t *)"command", 7},
                                            {(const uint8_t *)"yearly", 6},
                                            1800000000000};

static bool
rotate(struct ledger *ledger)
{
    struct bytes record;
    struct ledger_place place;
    struct why why;
    enum sk_code code = ledger_rotate_begin(&arena, ledger, &change, &record, &why);

    if (code == SK_OK) {
        code = ledger_add(ledger, record, &place, &why);
    }
    if (code == SK_OK) {
        code = ledger_commit(ledger, false, &why);
    }
    if (code == SK_OK) {
        code = ledger_rotate_finish(&arena, ledger, &why);
    }
    if (code != SK_OK) {
        printf("# rotate: %s\n", why.sentence);
    }
    return code == SK_OK;
}

static void
test_rotation(void)
{
    struct ledger *ledger;
    struct bytes record, text;
    struct ledger_place place;
    struct why why;

    wipe();
    ledger = open_ledger();
    add(ledger, 10);
    struct note_key first = present_key();
    shell("cp %s-keys/ledger.key %s.key; ln %s-keys/ledger.key %s.link", folder, folder,
          folder, folder);
    tap_ok(rotate(ledger), "the key is changed");
    struct note_key second = present_key();
    tap_ok(!note_key_equal(&first, &second) && bytes_equal(first.name, second.name),
           "another key, the same name");
    shell("! cmp -s %s.link %s.key && ! grep -q PRIVATE %s.link", folder, folder, folder);
    tap_ok(!is_there("-keys/ledger.next") && !is_there("-keys/ledger.key.new"),
           "the old key is overwritten, nothing is left over");
    add(ledger, 3);
    ledger_close(ledger);
    tap_ok(sound(NULL) && sound(&first) && sound(&second),
           "verify follows the chain from either key");
    ledger = open_ledger();
    tap_ok(rotate(ledger), "and once more");
    tap_ok(rotate(ledger), "and a third time");
    add(ledger, 600);
    ledger_close(ledger);
    struct verify_report verify = verified(&first);
    tap_ok(verify.fault_count == 0 && verify.keys == 4, "four keys, one chain");
    struct note_signer other;
    note_signer_new(BYTES("example.jp/sekisho"), NOTE_ED25519, (uint8_t[32]){9}, &other);
    tap_ok(!sound(&other.key), "a key that is none of them is refused");

    /* A crash before the entry is kept: there was no change. */
    ledger = open_ledger();
    struct note_key before = present_key();
    tap_ok(ledger_rotate_begin(&arena, ledger, &change, &record, &why) == SK_OK &&
               is_there("-keys/ledger.next"),
           "a change begins");
    ledger_close(ledger);
    ledger = open_ledger();
    struct note_key after = present_key();
    tap_ok(note_key_equal(&before, &after) && !is_there("-keys/ledger.next"),
           "a crash before its entry is kept: nothing happened");
    /* And after it. */
    tap_ok(ledger_rotate_begin(&arena, ledger, &change, &record, &why) == SK_OK &&
               ledger_add(ledger, record, &place, &why) == SK_OK &&
               ledger_commit(ledger, false, &why) == SK_OK,
           "its entry is kept");
    shell("rm -rf %s.copy %s-keys.copy; cp -r %s %s.copy; cp -r %s-keys %s-keys.copy",
          folder, folder, folder, folder, folder, folder);
    ledger_close(ledger);
    shell("rm -rf %s %s-keys; mv %s.copy %s; mv %s-keys.copy %s-keys", folder, folder,
          folder, folder, folder, folder);
    ledger = open_ledger();
    after = present_key();
    tap_ok(!note_key_equal(&before, &after) && sound(&first),
           "a crash after it: the change is ended at the next start");
    struct bytes none = BYTES(" \n");
    struct ledger_change without = change;
    without.reason = none;
    tap_ok(ledger_rotate_begin(&arena, ledger, &without, &record, &why) == SK_BAD,
           "without a reason: %s", why.sentence);
    uint8_t *large = arena_take(&arena, LIMIT_RECORD_FIELD + 1);
    memset(large, 'r', LIMIT_RECORD_FIELD + 1);
    without.reason = bytes_of(large, LIMIT_RECORD_FIELD + 1);
    tap_ok(ledger_rotate_begin(&arena, ledger, &without, &record, &why) == SK_BAD,
           "one past the bound of a reason");
    without.reason.size--;
    tap_ok(ledger_rotate_begin(&arena, ledger, &without, &record, &why) == SK_OK,
           "at the bound");
    ledger_close(ledger);

    /* Each line of the history altered. */
    ledger_close(open_ledger());
    int at = open(folder, O_RDONLY | O_DIRECTORY);
    size_t told = 0, all = 0;
    if (ledger_read_file(&arena, at, HISTORY_FILE, 1 << 20, &text, &why) != SK_OK) {
        tap_ok(false, "%s", why.sentence);
    }
    for (size_t i = 0; i < text.size; i += 13) {
        struct bytes altered = bytes_copy(&arena, text);
        ((uint8_t *)(uintptr_t)altered.at)[i] ^= 1;
        struct verify_report now;
        if (ledger_write_file(at, HISTORY_FILE, altered, 0600, &why) == SK_OK &&
            verify_ledger(&arena, folder, &first, &now, &why) == SK_OK) {
            told += now.fault_count > 0;
        }
        all++;
    }
    /* The time of a step is for people; the entry in the ledger has the one that counts. */
    tap_ok(told + 12 >= all, "its history altered is told (%zu of %zu)", told, all);
    if (ledger_write_file(at, HISTORY_FILE, text, 0600, &why) != SK_OK) {
        tap_ok(false, "%s", why.sentence);
    }
    close(at);
}

static void
test_era(void)
{
    struct ledger *ledger;
    struct ledger_era era;
    struct why why;

    wipe();
    ledger = open_ledger();
    struct note_key first = present_key();
    add(ledger, 300);
    ledger_close(ledger);
    shell("cp -r %s %s.old", folder, folder);
    ledger = open_ledger();
    add(ledger, 20);
    ledger_close(ledger);
    shell("rm -r %s; mv %s.old %s", folder, folder, folder);
    tap_ok(refused("sekisho ledger era"), "an older copy is refused, and says what to do");
    enum sk_code code = ledger_begin_era(&arena, folder, NULL, &change, &era, &why);
    tap_ok(code == SK_OK && era.signed_size == 320 && era.found_size == 300 &&
               bytes_is(era.name, "example.jp/sekisho/era-2"),
           "a new era begins: %s", code == SK_OK ? "" : why.sentence);
    tap_ok(sound(&first), "the chain goes on from the first key");
    ledger = open_ledger();
    tap_ok(report.size == 301, "the keeper starts");
    add(ledger, 50);
    ledger_close(ledger);
    tap_ok(sound(&first) && sound(NULL), "and keeps");
    struct verify_report verify = verified(&first);
    tap_ok(bytes_is(verify.origin, "example.jp/sekisho/era-2") && verify.keys == 2,
           "under the new name");
    tap_ok(ledger_begin_era(&arena, folder, NULL, &change, &era, &why) == SK_OK &&
               bytes_is(era.name, "example.jp/sekisho/era-3") && sound(&first),
           "and another one");
    ledger = open_ledger();
    tap_ok(rotate(ledger), "its key is changed");
    ledger_close(ledger);
    tap_ok(sound(&first), "all of it is one chain");
}

static int opened;

static int
opener(void *context, uint64_t first, struct why *why)
{
    char path[128], name[JOURNAL_NAME_SIZE];

    opened++;
    journal_name(first, name);
    snprintf(path, sizeof(path), "%s/%s", (const char *)context, name);
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
        enum sk_code code = why_set(why, SK_SYSTEM, "cannot open %s", path);
        (void)code;
        return -1;
    }
    if (dup2(file, 77) != 77) {
        return -1;
    }
    close(file);
    return 77;
}

static int
no_opener(void *context, uint64_t first, struct why *why)
{
    (void)context;
    (void)first;
    enum sk_code code = why_set(why, SK_SYSTEM, "no");
    (void)code;
    return -1;
}

static void
test_opener(void)
{
    struct why why;

    wipe();
    struct ledger *ledger = open_ledger();
    add(ledger, 10);
    tap_ok(ledger_set_opener(ledger, opener, folder, &why) == SK_OK && opened == 1,
           "a descriptor from somebody else");
    ledger_set_segment_bytes(ledger, 5000);
    for (int i = 0; i < 10; i++) {
        add(ledger, 20);
    }
    tap_ok(opened > 3, "and for each new segment (%d)", opened);
    tap_ok(ledger_set_opener(ledger, no_opener, NULL, &why) == SK_SYSTEM,
           "one that cannot open is told: %s", why.sentence);
    add(ledger, 1);
    ledger_close(ledger);
    tap_ok(sound(NULL), "what was appended is sound");
    ledger = open_ledger();
    tap_ok(report.size == 211 && report.torn_bytes == 0, "and read again");
    ledger_close(ledger);
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    snprintf(folder, sizeof(folder), "/tmp/ledger-key-test-%d", (int)getpid());
    test_keys_folder();
    test_upgrade();
    test_fork();
    test_rotation();
    test_era();
    test_opener();
    wipe();
    arena_release(&arena);
    return tap_done();
}
