/* The keeper's memory of conversations, as a book: entries in, what workers see and what stands on disk out. */
#define SK_BASE
#include "sekisho/threads.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tap.h"
#include "base/writer.h"
#include "permit/consent.h"
#include "record/book.h"
#include "sekisho/settings.h"

#define DAY_MS INT64_C(86400000)
#define NOW_MS (20000 * DAY_MS)

static struct arena arena;
static struct thread_table *table;
static struct threads *threads;
static const struct config *config;
static struct consents *consents;
static char folder[64];
static uint64_t entries; /* of the ledger that there would be */
static const char pair_mei[] = "00112233445566778899aabbccddeeff";
static const char pair_ken[] = "ffeeddccbbaa99887766554433221100";

static void
give(const char *record)
{
    struct book *book = threads_book(threads);
    struct bytes text = bytes_from_text(record);

    if (book_takes(book, text)) {
        book->entry(book->context, entries, text);
    }
    book->upto = ++entries;
}

static void
mail(const char *to, const char *pair, const char *stages, int64_t time_ms,
     const char *more)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(
        &w,
        "{\"v\":1,\"kind\":\"content\"%s,\"id\":\"x\",\"time\":%lld,\"rests_on\":[{"
        "\"to\":\"%s\",\"number\":0,\"lure\":{\"stages\":[%s],\"pairs\":[\"%s\"]}}"
        "]}",
        more, (long long)time_ms, to, stages, pair);
    give(writer_c(&w));
}

/* Opens as a keeper does: what is on disk, then the entries that it does not know, which the caller gives. */
static uint64_t
start(void)
{
    struct why why;

    if (threads_open(&arena, config, table, &threads, &why) != SK_OK) {
        tap_ok(false, "opened: %s", why.sentence);
        return 0;
    }
    struct book *book = threads_book(threads);
    threads_serve(threads, (const struct consents *const *)&consents, 30 * DAY_MS);
    SK_ASSERT(book->load(book->context, BYTES_NONE, &why) == SK_OK);
    entries = book->upto = book->known(book->context);
    return entries;
}

static size_t
files(char *name_r)
{
    char path[100];
    size_t count = 0;
    struct dirent *entry;

    snprintf(path, sizeof path, "%s/record/threads", folder);
    DIR *list = opendir(path);
    while (list != NULL && (entry = readdir(list)) != NULL) {
        if (bytes_ends_fold(bytes_from_text(entry->d_name), BYTES(".threads"))) {
            count++;
            if (name_r != NULL) {
                snprintf(name_r, 400, "%s/%s", path, entry->d_name);
            }
        }
    }
    closedir(list);
    return count;
}

/* The messages and stages that are known of a pair: 100 * messages + stages; -1: not known. */
static int
known_of(const char *address, const char *pair)
{
    uint8_t hash[HASH_SHA256_SIZE], key[THREAD_KEY_SIZE];
    struct bytes name;

    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)(ascii_hex((uint8_t)pair[2 * i]) << 4 |
                           ascii_hex((uint8_t)pair[2 * i + 1]));
    }
    if (!threads_name(threads, &arena, bytes_from_text(address), &name, hash)) {
        return -2;
    }
    const struct thread_memory *memory = threads_of(threads, hash);
    const struct thread_pair *it = memory == NULL ? NULL : thread_memory_find(memory, key);
    return it == NULL ? -1 : 100 * it->messages + it->stages;
}

static void
save(void)
{
    struct why why;

    tap_ok(threads_tick(threads, NOW_MS, true, &why) == SK_OK, "saved");
}

static void
test_noting(void)
{
    tap_ok(start() == 0, "nothing is known at first");
    give("{\"v\":1,\"kind\":\"content\",\"text\":\"\\\"lure\\\":{\\\"stages\\\":\"}");
    mail("a@x.example", pair_mei, "", NOW_MS, "");
    tap_ok(!thread_table_any(table), "who is not known and shows no stage is not kept");
    mail("A@x.example", pair_mei, "\"contact\"", NOW_MS, "");
    mail("a@x.example", pair_mei, "", NOW_MS, "");
    tap_ok(known_of("a@x.example", pair_mei) == 202, "what came is noted, and counted");
    mail("a@x.example", pair_mei, "\"money\"", NOW_MS, ",\"of\":3");
    tap_ok(known_of("a@x.example", pair_mei) == 202, "what was written anew is not");
    mail("b@x.example", pair_mei, "\"move\",\"what\"", NOW_MS, "");
    mail("b@x.example", "short", "\"money\"", NOW_MS, "");
    tap_ok(known_of("b@x.example", pair_mei) == 108,
           "each for himself; what is none is passed by");
    tap_ok(files(NULL) == 0, "not yet on disk");
    save();
    tap_ok(files(NULL) == 2, "a file for each");
}

static void
test_again(void)
{
    uint64_t before = entries;
    char path[400];

    mail("a@x.example", pair_ken, "\"rapport\"", NOW_MS, "");
    threads_close(threads); /* killed: nothing more is written */
    tap_ok(start() == before && known_of("a@x.example", pair_mei) == 202 &&
               known_of("a@x.example", pair_ken) == -1,
           "after a kill what was written is there");
    mail("a@x.example", pair_ken, "\"rapport\"", NOW_MS, "");
    tap_ok(known_of("a@x.example", pair_ken) == 104, "the rest comes from the ledger");
    save();
    threads_close(threads);
    start();
    entries = before; /* a ledger read from further back */
    mail("a@x.example", pair_ken, "\"rapport\"", NOW_MS, "");
    tap_ok(known_of("a@x.example", pair_ken) == 104, "nothing is counted twice");
    entries = before + 1;
    threads_close(threads);
    (void)files(path);
    int fd = open(path, O_WRONLY);
    SK_ASSERT(fd >= 0 && pwrite(fd, "x", 1, 80) == 1 && close(fd) == 0);
    tap_ok(start() == 0 && files(NULL) == 1,
           "a damaged file is removed, and the ledger read from its beginning");
    entries = before + 1;
}

static void
test_forgetting(void)
{
    struct keeping keeping = {.threads = threads, .consents = consents};
    uint8_t hash[HASH_SHA256_SIZE];
    struct bytes name;
    struct writer w;
    struct why why;

    mail("a@x.example", pair_mei, "\"contact\"", NOW_MS, "");
    mail("a@x.example", pair_ken, "\"contact\"", NOW_MS, "");
    mail("b@x.example", pair_mei, "\"contact\"", NOW_MS, "");
    save();
    tap_ok(files(NULL) == 2, "two remember");
    SK_ASSERT(threads_name(threads, &arena, BYTES("a@x.example"), &name, hash));
    for (int all = 0; all < 2; all++) {
        writer_init(&w, &arena);
        writer_text(&w, "{\"v\":1,\"kind\":\"lure.forget\",\"name\":\"");
        writer_bytes(&w, bytes_hex(&arena, bytes_of(hash, sizeof hash)));
        writer_format(&w, "\"%s%s%s}", all ? "" : ",\"pair\":\"", all ? "" : pair_mei,
                      all ? "" : "\"");
        give(writer_c(&w));
        tap_ok(known_of("a@x.example", pair_mei) == -1 &&
                   (known_of("a@x.example", pair_ken) >= 0) == !all,
               all ? "a person has all of his forgotten" : "a person has one forgotten");
    }
    tap_ok(files(NULL) == 1, "his file is gone with it");
    tap_ok(threads_forget(&keeping, BYTES("b@x.example"), FAMILY_BIT(FAMILY_LINKS), &why) ==
                   SK_OK &&
               files(NULL) == 1,
           "a withdrawal of something else takes nothing");
    tap_ok(threads_forget(&keeping, BYTES("B@x.example"), FAMILY_BIT(FAMILY_CONTENT),
                          &why) == SK_OK &&
               files(NULL) == 0 && known_of("b@x.example", pair_mei) == -1 &&
               thread_table_is_zero(table, 0) && thread_table_is_zero(table, 1),
           "a withdrawal of content takes all, from disk and from memory");
    mail("a@x.example", pair_mei, "\"contact\"", NOW_MS, "");
    mail("c@y.example", pair_mei, "\"contact\"", NOW_MS, "");
    give("{\"v\":1,\"kind\":\"erase\",\"recipient\":\"@x.example\",\"families\":[\"links\"]"
         "}");
    tap_ok(known_of("a@x.example", pair_mei) > 0, "an order for links is none for this");
    uint64_t at = entries;
    give("{\"v\":1,\"kind\":\"erase\",\"recipient\":\"@x.example\",\"families\":[\"links\","
         "\"content\"]}");
    tap_ok(known_of("a@x.example", pair_mei) == -1 && known_of("c@y.example", pair_mei) > 0,
           "a domain withdraws: its own go");
    mail("a@x.example", pair_ken, "\"contact\"", NOW_MS, "");
    entries = at;
    give("{\"v\":1,\"kind\":\"erase\",\"recipient\":\"a@x.example\",\"families\":["
         "\"content\"]}");
    tap_ok(known_of("a@x.example", pair_ken) > 0,
           "an order that is read again takes nothing that came after it");
    entries = at + 2;
}

static void
test_age(void)
{
    struct why why;

    mail("d@x.example", pair_mei, "\"contact\"", NOW_MS - 40 * DAY_MS, "");
    mail("d@x.example", pair_ken, "\"contact\"", NOW_MS - 5 * DAY_MS, "");
    mail("e@x.example", pair_mei, "\"contact\"", NOW_MS - 31 * DAY_MS, "");
    tap_ok(threads_tick(threads, NOW_MS + DAY_MS / 2, true, &why) == SK_OK &&
               known_of("d@x.example", pair_mei) == -1 &&
               known_of("d@x.example", pair_ken) > 0 &&
               known_of("e@x.example", pair_mei) == -1,
           "what was quiet for longer than content is kept is forgotten");
    tap_ok(threads_tick(threads, NOW_MS + 26 * DAY_MS, true, &why) == SK_OK &&
               known_of("d@x.example", pair_ken) == -1,
           "in its time the other too");
}

/* More people than there is room for. */
static void
test_bound(void)
{
    char to[40];
    struct why why;

    tap_ok(threads_tick(threads, NOW_MS + 100 * DAY_MS, true, &why) == SK_OK &&
               !thread_table_any(table) && files(NULL) == 0,
           "all is forgotten in its time");
    for (int i = 0; i <= LIMIT_THREAD_RECIPIENTS; i++) {
        snprintf(to, sizeof to, "u%d@z.example", i);
        if (i == 2) {
            save(); /* of two */
        }
        mail(to, pair_mei, i == 0 ? "\"contact\",\"move\"" : "\"contact\"",
             NOW_MS + (i == LIMIT_THREAD_RECIPIENTS) * DAY_MS, "");
    }
    tap_ok(files(NULL) == 1 && known_of("u1@z.example", pair_mei) == -1,
           "who says least gave way, and his file is gone");
    snprintf(to, sizeof to, "u%d@z.example", LIMIT_THREAD_RECIPIENTS);
    tap_ok(known_of(to, pair_mei) > 0 && known_of("u0@z.example", pair_mei) > 0,
           "%d are remembered; one more finds a place", LIMIT_THREAD_RECIPIENTS);
}

int
main(void)
{
    struct why why = {0};
    char text[300];

    arena_init(&arena, (size_t)1 << 30);
    consents = consents_new();
    snprintf(folder, sizeof folder, "/tmp/sekisho-threads-XXXXXX");
    SK_ASSERT(mkdtemp(folder) != NULL);
    snprintf(text, sizeof text, "%s/record", folder);
    SK_ASSERT(mkdir(text, 0700) == 0);
    snprintf(text, sizeof text, "[record]\nfolder = %s/record\nname = example.jp/sekisho\n",
             folder);
    if (settings_config(&arena, bytes_from_text(text), &config, &why) != SK_OK ||
        thread_table_open(&arena, &table, &why) != SK_OK) {
        tap_ok(false, "a configuration: %s", why.sentence);
        return tap_done();
    }
    test_noting();
    test_again();
    test_forgetting();
    test_age();
    test_bound();
    threads_close(threads);
    thread_table_close(table);
    consents_free(consents);
    arena_release(&arena);
    snprintf(text, sizeof text, "rm -rf %s", folder);
    SK_ASSERT(system(text) == 0);
    return tap_done();
}
