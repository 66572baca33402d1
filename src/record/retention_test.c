#include "record/retention_keeper.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/tap.h"
#include "record/held.h"
#include "record/row.h"
#include "record/verify.h"

static struct arena arena;
static char folder[64];
static int at = -1;
static const struct config *config;

#define DAY ((int64_t)86400000)
static int64_t now_ms;

/* Without the record of the test before. */
static void
clear(void)
{
    char line[400];

    snprintf(line, sizeof(line), "rm -rf %s %s-keys", folder, folder);
    if (system(line) != 0) {
        tap_ok(false, "%s", line);
    }
}

static enum sk_code
configure(const char *more, const struct config **config_r, struct why *why)
{
    static struct config_key keys[100];
    const struct config_key *tables[] = {record_config_keys, retention_config_keys};
    size_t count = 0;
    char text[1000];

    for (size_t t = 0; t < 2; t++) {
        for (const struct config_key *key = tables[t]; key->name != NULL; key++) {
            keys[count++] = *key;
        }
    }
    int size = snprintf(text, sizeof(text),
                        "[record]\nfolder = %s\nname = example.jp/sekisho\nsegment = "
                        "65536\n[retention]\n%s",
                        folder, more);
    return config_read(&arena, keys, bytes_copy(&arena, bytes_of(text, (size_t)size)),
                       config_r, why);
}

/* A keeper's retention over the folder. */
struct scene {
    struct arena arena;
    struct vault *vault;
    struct holds *holds;
    struct retention *retention;
    struct book *books[2];
};

static void
open_scene(struct scene *s)
{
    struct retention_calls calls = {0};
    struct why why;

    *s = (struct scene){0};
    arena_init(&s->arena, (size_t)256 << 20);
    enum sk_code code = vault_open(&s->arena, config, &s->vault, &why);
    if (code == SK_OK) {
        s->holds = holds_new(&s->arena);
        code = retention_new(&s->arena, config, s->vault, s->holds, &calls, &s->retention,
                             &why);
    }
    if (code == SK_OK) {
        s->books[0] = holds_book(s->holds);
        s->books[1] = retention_book(s->retention);
        code = vault_books(s->vault, s->books, 2, NULL, &why);
    }
    if (code != SK_OK) {
        tap_ok(false, "open: %s", why.sentence);
        _exit(1);
    }
}

static void
close_scene(struct scene *s)
{
    vault_close(s->vault);
    arena_release(&s->arena);
}

static void
keep(struct scene *s, struct bytes record, struct bytes held)
{
    struct why why;

    if (vault_keep(s->vault, record, held, &why) != SK_OK ||
        vault_commit(s->vault, &why) != SK_OK) {
        tap_ok(false, "keep: %s", why.sentence);
    }
}

__attribute__((format(printf, 1, 2))) static struct bytes
text(const char *format, ...)
{
    char line[3000];
    va_list values;

    va_start(values, format);
    int size = vsnprintf(line, sizeof(line), format, values);
    va_end(values);
    return bytes_copy(&arena, bytes_of(line, (size_t)size));
}

/* A message to two, of whom the first, or both, allowed its content; and what became of it. */
static void
message(struct scene *s, const char *id, int64_t age_days, const char *word,
        const char *second, const char *threat, struct bytes held)
{
    long long time = (long long)(now_ms - age_days * DAY);
    const char *both = second[0] != '\0' ? "," : "";

    keep(s,
         text("{\"v\":1,\"kind\":\"message\",\"id\":\"%s\",\"time\":%lld,\"action\":\"%s\","
              "\"unwanted\":0.1,\"size\":9,\"client\":\"192.0.2.1\",\"from\":\"sender@"
              "example.com\",\"to\":[\"hanako@example.jp\",\"taro@example.jp\"],"
              "\"recipients\":[{\"action\":\"%s\"},{\"action\":\"accept\"}],"
              "\"findings\":[]}\n"
              "{\"v\":1,\"kind\":\"content\",\"id\":\"%s\",\"time\":%lld,\"rests_on\":["
              "{\"to\":\"hanako@example.jp\",\"number\":0,\"families\":{\"content\":"
              "\"consent\"},\"score\":1,\"reasons\":[]}%s%s],\"unwanted\":0.5,\"category\":"
              "\"phishing\"%s,\"subject\":\"%s\",\"text\":\"%s 本文\",\"findings\":[]}",
              id, time, held.size > 0 ? "hold" : "accept",
              held.size > 0 ? "hold" : "accept", id, time, both, second, threat, word,
              word),
         held);
    keep(s,
         text("{\"v\":1,\"kind\":\"outcome\",\"id\":\"%s\",\"arrived\":%lld,\"time\":%lld,"
              "\"to\":[{\"address\":\"hanako@example.jp\",\"outcome\":\"delivered\"}]}",
              id, time, time + 5),
         BYTES_NONE);
}

static void
message_of(struct scene *s, const char *id, int64_t age_days, const char *word)
{
    message(s, id, age_days, word, "", "", BYTES_NONE);
}

static uint64_t
size_of(const struct scene *s)
{
    return ledger_size(vault_ledger(s->vault));
}

/* Lets retention work until it has nothing to do. */
static unsigned
work(struct scene *s, int64_t when_ms)
{
    unsigned steps = 0;
    struct why why;
    enum sk_code code;

    while ((code = retention_step(s->retention, when_ms, &why)) == SK_MORE &&
           steps < 10000) {
        steps++;
    }
    if (code != SK_OK) {
        tap_ok(false, "step: %s", code == SK_MORE ? "no end" : why.sentence);
    }
    return steps;
}

static bool
residue(const char *word)
{
    char line[200];

    snprintf(line, sizeof(line), "grep -rqaF '%s' %s", word, folder);
    return system(line) == 0;
}

static size_t
hits(const char *words)
{
    struct rows_query query = {.words = bytes_from_text(words), .most = 100};
    struct rows_found found;
    struct why why;

    return rows_search(&arena, folder, &query, &found, &why) == SK_OK ? found.count
                                                                      : SIZE_MAX;
}

static bool
sound(uint64_t *purged_r)
{
    struct verify_report report;
    struct why why;

    if (verify_ledger(&arena, folder, NULL, &report, &why) != SK_OK) {
        printf("# verify: %s\n", why.sentence);
        return false;
    }
    for (size_t i = 0; i < report.fault_count; i++) {
        printf("# fault: %s\n", report.faults[i].sentence);
    }
    if (purged_r != NULL) {
        *purged_r = report.purged;
    }
    return report.fault_count == 0;
}

static void
fresh(struct scene *s)
{
    clear();
    now_ms = clock_now_ms();
    open_scene(s);
    close(at);
    at = open(folder, O_RDONLY | O_DIRECTORY);
}

static void
test_settings(void)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"", true},
        {"source = 90d\n", true},
        {"source = 89d\n", false},
        {"source = 365d\n", true},
        {"source = 366d\n", false},
        {"outcome = 90d\n", true},
        {"outcome = 89d\n", false},
        {"content = 1d\n", true},
        {"content = 23h\n", false},
        {"content = 180d\n", true},
        {"content = 181d\n", false},
        {"source = 90d\ncontent = 90d\n", true},
        {"source = 90d\ncontent = 91d\n", false},
        {"held = 7d\n", true},
        {"held = 6d\n", false},
        {"held = 91d\n", false},
        {"threat = 1095d\n", true},
        {"threat = 1096d\n", false},
        {"threat = 179d\n", false},
        {"look = 365d\n", true},
        {"look = 364d\n", false},
        {"look = 3651d\n", false},
    };
    size_t as_wanted = 0;
    struct retention_settings settings;
    const struct config *read;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct why why = {0};
        bool good = configure(cases[i].text, &read, &why) == SK_OK &&
                    retention_settings_read(read, &settings, &why) == SK_OK;
        as_wanted += good == cases[i].good && (good || why.sentence[0] != '\0');
        if (good != cases[i].good) {
            printf("# %s: %s\n", cases[i].text, why.sentence);
        }
    }
    tap_ok(as_wanted == sizeof(cases) / sizeof(cases[0]),
           "each class has its floor and its ceiling (%zu values)", as_wanted);
}

static void
test_indices(void)
{
    const uint64_t indices[] = {0, 1, 2, 7, 9, 10, 4000000000};
    struct retention_order order;
    struct writer w;
    struct json j;

    writer_init(&w, &arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_number(&j, "v", 1);
    json_put_text(&j, "kind", "purge");
    json_put_text(&j, "class", "content");
    json_key(&j, "indices");
    retention_indices_write(&j, indices, 7);
    json_close(&j);
    tap_ok(retention_order_read(&arena, writer_view(&w), &order) == SK_OK &&
               order.count == 7 && memcmp(order.indices, indices, sizeof(indices)) == 0 &&
               order.class == RETAIN_CONTENT,
           "what an order names comes back");
    static const char *const bad[] = {
        "[]",        "[1]",       "[1,0]",     "[1,-1]",     "[-1,1]",
        "[1,1,1,1]", "[1,1,0,1]", "[\"1\",1]", "[1,100001]", "[1,60000,2,60000]",
        "{}"};
    size_t refused = 0;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        bool taken =
            retention_order_read(&arena,
                                 text("{\"v\":1,\"kind\":\"purge\",\"class\":\"content\","
                                      "\"indices\":%s}",
                                      bad[i]),
                                 &order) == SK_OK &&
            strcmp(bad[i], "[\"1\",1]") != 0;
        refused += !taken;
        if (taken) {
            printf("# taken: %s\n", bad[i]);
        }
    }
    tap_ok(refused == sizeof(bad) / sizeof(bad[0]), "what is none is refused");
    tap_ok(retention_order_read(
               &arena,
               text("{\"v\":1,\"kind\":\"purge\",\"class\":\"source\",\"indices\":[5,%d]}",
                    LIMIT_RETENTION_ORDER),
               &order) == SK_OK &&
               order.count == LIMIT_RETENTION_ORDER,
           "an order at the bound");
    tap_ok(retention_order_read(&arena,
                                BYTES("{\"v\":1,\"kind\":\"purge.done\",\"orders\":[1]}"),
                                &order) == SK_BAD,
           "that it is done is no order");
}

static void
test_ages(void)
{
    struct scene s;
    struct why why;
    struct retention_count count;
    uint64_t purged = 0;

    fresh(&s);
    message_of(&s, "old", 200, "oldoldword");
    message(&s, "bomb", 199, "bombword", "", ",\"threat\":\"bomb\"", BYTES_NONE);
    message_of(&s, "middle", 60, "middleword");
    message_of(&s, "young", 10, "youngword");
    vault_rows(s.vault);
    tap_ok(retention_count(&arena, at, folder, retention_settings_of(s.retention), s.holds,
                           now_ms, &count, &why) == SK_OK &&
               count.due[RETAIN_SOURCE] == 1 && count.due[RETAIN_OUTCOME] == 2 &&
               count.due[RETAIN_CONTENT] == 2 && count.due[RETAIN_THREAT] == 0,
           "what is due is counted by class");
    unsigned steps = work(&s, now_ms);
    tap_ok(!residue("oldoldword") && !residue("middleword") && residue("youngword") &&
               residue("bombword"),
           "content past its time is in no file any more (%u steps)", steps);
    tap_ok(hits("oldoldword") == 0 && hits("youngword") == 1 && hits("sender") == 3,
           "the old row is gone, the middle one has lost its content");
    tap_ok(sound(&purged) && purged == 5, "the ledger is sound, what was due is purged");
    tap_ok(retention_state(s.retention).orders_open == 0 &&
               retention_state(s.retention).purged[RETAIN_CONTENT] == 2,
           "the orders are done");
    uint64_t size = size_of(&s);
    work(&s, now_ms);
    tap_ok(size_of(&s) == size, "and there is nothing more to do");
    close_scene(&s);
    open_scene(&s);
    work(&s, now_ms);
    tap_ok(size_of(&s) == size && hits("youngword") == 1, "nor after a new start");
    struct retention_order order;
    tap_ok(retention_find_order(&arena, at, 1, &order, &why) == SK_OK &&
               order.class == RETAIN_CONTENT &&
               bytes_is(order.law, "retention.content = 30d"),
           "who asks why an entry is gone finds the order");
    tap_ok(retention_find_order(&arena, at, 9, &order, &why) == SK_BAD,
           "of one that is there none is found");
    work(&s, now_ms + 400 * DAY);
    tap_ok(retention_suspended(s.retention, now_ms + 400 * DAY) != NULL &&
               residue("bombword"),
           "a clock that jumps by a year purges nothing");
    retention_ask(s.retention, RETENTION_CLASSES);
    work(&s, now_ms + 400 * DAY);
    tap_ok(!residue("bombword") && !residue("youngword") && sound(&purged) && purged == 12,
           "until a person says that it is right (%llu purged)",
           (unsigned long long)purged);
    close_scene(&s);
}

static struct bytes
hold_record(unsigned number, const char *scope)
{
    return text("{\"v\":1,\"kind\":\"hold\",\"time\":1,\"by\":\"x\",\"hold\":%u,\"reason\":"
                "\"r\",\"first\":\"a\",\"scope\":%s}",
                number, scope);
}

static void
test_holds(void)
{
    struct scene s;
    uint64_t purged = 0;

    fresh(&s);
    message_of(&s, "one", 200, "wordone");
    message_of(&s, "two", 200, "wordtwo");
    keep(&s, hold_record(1, "{\"id\":\"one\"}"), BYTES_NONE);
    work(&s, now_ms);
    tap_ok(residue("wordone") && !residue("wordtwo") && hits("wordone") == 1,
           "what a hold covers stays, content, outcome and row");
    tap_ok(sound(&purged) && purged == 3, "and only that");
    keep(&s,
         BYTES("{\"v\":1,\"kind\":\"hold.lift\",\"time\":2,\"hold\":1,\"reason\":\"r\","
               "\"first\":\"a\"}"),
         BYTES_NONE);
    work(&s, now_ms);
    tap_ok(residue("wordone"), "one name does not lift it");
    close_scene(&s);
    open_scene(&s);
    tap_ok(holds_find(s.holds, 1) != NULL && holds_find(s.holds, 1)->state == HOLD_LIFTING,
           "its state outlives a restart");
    keep(&s,
         BYTES("{\"v\":1,\"kind\":\"hold.confirm\",\"time\":3,\"hold\":1,\"second\":"
               "\"b\"}"),
         BYTES_NONE);
    retention_ask(s.retention, RETENTION_CLASSES); /* the entries' times are no times */
    work(&s, now_ms);
    tap_ok(!residue("wordone") && sound(&purged) && purged == 6,
           "the second lifts it, and it goes");
    close_scene(&s);
}

static void
test_scopes(void)
{
    const struct rows_event event = {.id = BYTES("one"),
                                     .time_ms = 1000,
                                     .sender = BYTES("s@example.com"),
                                     .recipients = BYTES("a@example.jp, B@other.jp"),
                                     .client = BYTES("192.0.2.1")},
                            unknown = {.id = BYTES("one"), .time_ms = 1000};
    static const struct {
        const char *scope;
        bool covered;
    } cases[] = {
        {"{\"id\":\"one\"}", true},
        {"{\"id\":\"on\"}", false},
        {"{\"recipient\":\"b@OTHER.jp\"}", true},
        {"{\"recipient\":\"@example.jp\"}", true},
        {"{\"recipient\":\"@ample.jp\"}", false},
        {"{\"recipient\":\"example.jp\"}", false},
        {"{\"sender\":\"S@example.com\"}", true},
        {"{\"sender\":\"@example.org\"}", false},
        {"{\"client\":\"192.0.2.1\"}", true},
        {"{\"client\":\"192.0.2.10\"}", false},
        {"{\"from\":1000}", true},
        {"{\"from\":1001}", false},
        {"{\"to\":1001}", true},
        {"{\"to\":1000}", false},
        {"{\"id\":\"one\",\"client\":\"192.0.2.9\"}", false},
    };
    size_t as_wanted = 0;
    struct why why;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct holds *holds = holds_new(&arena);
        struct book *book = holds_book(holds);
        book->entry(book->context, 0, hold_record(1, cases[i].scope));
        bool covered = holds_cover(holds, &event) != NULL;
        as_wanted += covered == cases[i].covered;
        if (covered != cases[i].covered) {
            printf("# %s\n", cases[i].scope);
        }
    }
    tap_ok(as_wanted == sizeof(cases) / sizeof(cases[0]), "scopes, %zu of them", as_wanted);
    struct holds *holds = holds_new(&arena);
    struct book *book = holds_book(holds);
    book->entry(book->context, 0, hold_record(1, "{\"sender\":\"s@example.com\"}"));
    tap_ok(holds_cover(holds, &unknown) != NULL, "what cannot be known is held");
    book->entry(book->context, 1, hold_record(1, "{\"id\":\"x\"}"));
    book->entry(book->context, 2, hold_record(2, "{}"));
    book->entry(book->context, 3, BYTES("no json"));
    tap_ok(holds_count(holds) == 1, "a number is given once; a hold of nothing is none");
    tap_ok(book->load(book->context, BYTES("{\"hold\":1}\n"), &why) == SK_BAD,
           "a book that is damaged is told");
}

static void
test_erase(void)
{
    struct scene s;
    struct why why;
    struct record_row row;
    struct journal_frame frame;
    struct rows_outcome *outcomes;
    size_t count = 0;
    uint64_t purged = 0;
    const char *taro = "{\"to\":\"taro@example.jp\",\"number\":1,\"families\":{\"content\":"
                       "\"consent\"},\"score\":2,\"reasons\":[]}";

    fresh(&s);
    for (int i = 0; i < 40; i++) {
        message_of(&s, bytes_text(&arena, text("m%d", i)), i % 20, "privateword 秘密口座");
    }
    message(&s, "both", 3, "sharedword", taro, "", BYTES_NONE);
    message(&s, "kept", 3, "evidenceword", "", "", BYTES_NONE);
    message(&s, "held", 3, "heldword", "", "", BYTES("From: x\r\n\r\nheld bytes\r\n"));
    keep(&s, hold_record(1, "{\"id\":\"kept\"}"), BYTES_NONE);
    vault_rows(s.vault);
    tap_ok(hits("privateword") == 40 && hits("sharedword") == 1, "everything is there");
    tap_ok(vault_erase_content(s.vault, BYTES("Hanako@example.jp"),
                               FAMILY_BIT(FAMILY_CONTENT), &why) == SK_OK &&
               vault_commit(s.vault, &why) == SK_OK,
           "a consent is withdrawn");
    message_of(&s, "later", 0, "laterword");
    unsigned steps = work(&s, now_ms);
    tap_ok(hits("privateword") == 0 && hits("秘密") == 0 && !residue("privateword") &&
               !residue("秘密口座"),
           "nothing of it is left in any file (%u steps)", steps);
    tap_ok(hits("laterword") == 1 && residue("laterword"),
           "what he allowed again later is another consent's");
    tap_ok(hits("sharedword") == 1 && residue("sharedword"),
           "what another carries too stays, and is found");
    tap_ok(rows_outcomes(&arena, folder, BYTES("both"), &outcomes, &count, &why) == SK_OK &&
               count == 2 &&
               journal_fetch(&arena, at, outcomes[1].place.segment,
                             outcomes[1].place.offset, outcomes[1].place.index, &frame,
                             &why) == SK_OK &&
               record_read(&arena, frame.record, &row) == SK_OK &&
               row.kind == RECORD_CONTENT_AGAIN &&
               bytes_find(frame.record, BYTES("hanako"), 0) == BYTES_NOWHERE,
           "it was written anew without him");
    tap_ok(hits("evidenceword") == 1 && retention_state(s.retention).erasures_waiting == 1,
           "what a hold covers waits");
    char line[200];
    snprintf(line, sizeof(line), "test -z \"$(find %s/held -name '*.held')\"", folder);
    tap_ok(system(line) == 0, "held bytes of a message that he has are gone");
    tap_ok(sound(&purged) && purged == 42, "the ledger is sound (%llu purged)",
           (unsigned long long)purged);
    keep(&s,
         BYTES("{\"v\":1,\"kind\":\"hold.lift\",\"time\":2,\"hold\":1,\"reason\":\"r\","
               "\"first\":\"a\",\"second\":\"b\"}"),
         BYTES_NONE);
    close_scene(&s);
    open_scene(&s);
    work(&s, now_ms);
    tap_ok(hits("evidenceword") == 0 && !residue("evidenceword") &&
               retention_state(s.retention).erasures_open == 0 && sound(NULL),
           "the hold lifted, also over a restart: erased");
    close_scene(&s);
}

/* A message to hanako and taro, held for both, or for hanako alone; her content was read. Nobody has been given it. */
static void
held_message(struct scene *s, const char *id, bool both)
{
    long long time = (long long)(now_ms - 3 * DAY);

    keep(s,
         text("{\"v\":1,\"kind\":\"message\",\"id\":\"%s\",\"time\":%lld,\"action\":"
              "\"hold\",\"unwanted\":0.1,\"size\":9,\"client\":\"192.0.2.1\",\"from\":"
              "\"sender@example.com\",\"to\":[\"hanako@example.jp\",\"taro@example.jp\"],"
              "\"recipients\":[{\"action\":\"hold\"},{\"action\":\"%s\"}],\"findings\":"
              "[]}\n"
              "{\"v\":1,\"kind\":\"content\",\"id\":\"%s\",\"time\":%lld,\"rests_on\":["
              "{\"to\":\"hanako@example.jp\",\"number\":0,\"families\":{\"content\":"
              "\"consent\"},\"score\":1,\"reasons\":[]}],\"unwanted\":0.5,\"category\":"
              "\"phishing\",\"subject\":\"x\",\"text\":\"y\",\"findings\":[]}",
              id, time, both ? "hold" : "accept", id, time),
         text("From: x\r\n\r\nheld bytes of %s\r\n", id));
}

static void
give(struct scene *s, const char *id, const char *name, const char *outcome)
{
    keep(s,
         text("{\"v\":1,\"kind\":\"outcome\",\"id\":\"%s\",\"arrived\":%lld,\"time\":%lld,"
              "\"to\":[{\"address\":\"%s@example.jp\",\"outcome\":\"%s\"}]}",
              id, (long long)(now_ms - 3 * DAY), (long long)now_ms, name, outcome),
         BYTES_NONE);
}

static bool
withdraw(struct scene *s, const char *recipient)
{
    struct why why;

    return vault_erase_content(s->vault, bytes_from_text(recipient),
                               FAMILY_BIT(FAMILY_CONTENT), &why) == SK_OK &&
           vault_commit(s->vault, &why) == SK_OK;
}

static bool
held_files_are(unsigned count)
{
    char line[200];

    snprintf(line, sizeof(line), "test $(find %s/held -name '*.held' | wc -l) = %u", folder,
             count);
    return system(line) == 0;
}

/* A withdrawal takes our copy of held mail when he has it, whichever of the two comes first. */
static void
test_held_withdrawn(void)
{
    const struct bytes hanako = BYTES("hanako@example.jp");
    struct scene s;

    fresh(&s);
    held_message(&s, "first", false);
    held_message(&s, "second", false);
    held_message(&s, "third", false);
    held_message(&s, "shared", true);
    give(&s, "first", "taro", "delivered");
    give(&s, "second", "hanako", "refused");
    tap_ok(withdraw(&s, "Hanako@example.jp"), "a consent is withdrawn");
    work(&s, now_ms);
    struct retention_state state = retention_state(s.retention);
    tap_ok(held_files_are(4) && state.erasures_held == 1 && state.erasures_open == 0,
           "held mail that he was not given stays, though another has his: it is his mail");
    uint64_t size = size_of(&s);
    work(&s, now_ms + DAY);
    close_scene(&s);
    open_scene(&s);
    work(&s, now_ms + DAY);
    tap_ok(size_of(&s) == size && held_files_are(4) &&
               retention_state(s.retention).erasures_held == 1,
           "looking again, the next day and at the next start, says nothing twice");
    give(&s, "first", "hanako", "delivered");
    retention_released(s.retention, BYTES("taro@example.jp"));
    work(&s, now_ms + DAY);
    tap_ok(held_files_are(4), "what another was given calls nobody");
    retention_released(s.retention, hanako);
    work(&s, now_ms + DAY);
    tap_ok(held_files_are(3) && sound(NULL),
           "released after the withdrawal was worked through: our copy is gone");
    give(&s, "second", "hanako", "delivered");
    close_scene(&s);
    open_scene(&s);
    work(&s, now_ms + DAY);
    tap_ok(held_files_are(2) && sound(NULL),
           "also when a crash came between the release and its telling");
    give(&s, "third", "hanako", "delivered");
    give(&s, "shared", "hanako", "delivered");
    work(&s, now_ms + 2 * DAY - 1);
    tap_ok(held_files_are(2), "nobody told of it");
    work(&s, now_ms + 2 * DAY);
    state = retention_state(s.retention);
    tap_ok(held_files_are(1) && state.erasures_held == 0 && state.erasures_open == 0 &&
               sound(NULL),
           "then the next day finds it; what is held for others too stays");
    size = size_of(&s);
    retention_released(s.retention, hanako);
    work(&s, now_ms + 4 * DAY);
    tap_ok(size_of(&s) == size, "and there is an end to it");
    close_scene(&s);
}

/* The release is told while the erasure is at work: at each step of it. */
static void
test_held_meanwhile(void)
{
    struct why why;
    struct scene s;
    unsigned steps, left = 0, at_most = 40;

    for (steps = 0; steps < at_most; steps++) {
        fresh(&s);
        held_message(&s, "one", false);
        bool good = withdraw(&s, "hanako@example.jp");
        enum sk_code code = SK_MORE;
        for (unsigned i = 0; i < steps && code == SK_MORE; i++) {
            code = retention_step(s.retention, now_ms, &why);
        }
        give(&s, "one", "hanako", "delivered");
        retention_released(s.retention, BYTES("hanako@example.jp"));
        work(&s, now_ms);
        left += !good || !held_files_are(0) || !sound(NULL) ||
                retention_state(s.retention).erasures_held != 0;
        close_scene(&s);
        at_most = code == SK_OK ? steps : at_most;
    }
    tap_ok(left == 0 && steps > 5 && steps < 40,
           "released before any step of an erasure, the copy goes (%u steps, %u left)",
           steps, left);
}

/* All that it is held for must have it. */
static void
test_held_domain(void)
{
    struct scene s;

    fresh(&s);
    held_message(&s, "both", true);
    give(&s, "both", "hanako", "delivered");
    give(&s, "both", "taro", "later");
    tap_ok(withdraw(&s, "@example.jp"), "a domain withdraws");
    work(&s, now_ms);
    tap_ok(held_files_are(1), "one of its two has the message: it stays for the other");
    give(&s, "both", "taro", "delivered");
    retention_released(s.retention, BYTES("taro@example.jp"));
    keep(&s, hold_record(1, "{\"id\":\"both\"}"), BYTES_NONE);
    work(&s, now_ms);
    tap_ok(held_files_are(1) && retention_state(s.retention).erasures_waiting == 1,
           "both have it, but a hold covers it");
    keep(&s,
         BYTES("{\"v\":1,\"kind\":\"hold.lift\",\"time\":2,\"hold\":1,\"reason\":\"r\","
               "\"first\":\"a\",\"second\":\"b\"}"),
         BYTES_NONE);
    work(&s, now_ms);
    tap_ok(held_files_are(0) && retention_state(s.retention).erasures_open == 0 &&
               sound(NULL),
           "the hold lifted, it goes");
    close_scene(&s);
}

/* Held bytes end before their record does. */
static void
test_held(void)
{
    struct scene s;
    char line[200];

    fresh(&s);
    message(&s, "held", 40, "heldword", "", "", BYTES("From: x\r\n\r\nheld bytes\r\n"));
    message(&s, "held2", 4, "heldword", "", "", BYTES("From: y\r\n\r\nheld bytes\r\n"));
    work(&s, now_ms);
    snprintf(line, sizeof(line), "test $(find %s/held -name '*.held' | wc -l) = 1", folder);
    tap_ok(system(line) == 0 && sound(NULL),
           "held bytes past their time are gone, the record says so, verify is content");
    uint64_t size = size_of(&s);
    work(&s, now_ms);
    tap_ok(size_of(&s) == size, "once");
    close_scene(&s);
}

/* The purger trusts nobody. */
static void
test_purger(void)
{
    struct scene s;
    struct why why;
    struct retention_result result;

    fresh(&s);
    message_of(&s, "one", 200, "wordone"); /* entries 0, 1, 2 */
    keep(&s, BYTES("{\"v\":1,\"kind\":\"consent\",\"time\":1}"), BYTES_NONE);
    static const char *const orders[] = {
        "\"content\",\"indices\":[1,1]", /* 4: good */
        "\"content\",\"indices\":[9,1]", /* 5: ahead of itself */
        "\"source\",\"indices\":[3,1]",  /* 6: a consent */
        "\"held\",\"indices\":[0,1]",    /* 7: not for entries */
    };
    for (size_t i = 0; i < 4; i++) {
        /* In the way of a hostile keeper: past the books. */
        struct ledger_place place;
        if (ledger_add(
                vault_ledger(s.vault),
                text("{\"v\":1,\"kind\":\"purge\",\"time\":1,\"class\":%s}", orders[i]),
                &place, &why) != SK_OK ||
            ledger_commit(vault_ledger(s.vault), false, &why) != SK_OK) {
            tap_ok(false, "order: %s", why.sentence);
        }
    }
    const uint64_t numbers[] = {4, 5, 6, 7, 0, 1000};
    tap_ok(retention_purge(at, folder, &numbers[0], 1, &result, &why) != SK_OK &&
               residue("wordone"),
           "an order that no checkpoint covers is refused");
    tap_ok(ledger_checkpoint(vault_ledger(s.vault), true, &why) == SK_OK, "a checkpoint");
    for (size_t i = 1; i < 6; i++) {
        bool refused =
            retention_purge(at, folder, &numbers[i], 1, &result, &why) != SK_OK &&
            result.purged == 0;
        tap_ok(refused, "refused: %s", why.sentence);
    }
    keep(&s, hold_record(1, "{\"recipient\":\"@example.jp\"}"), BYTES_NONE);
    tap_ok(retention_purge(at, folder, &numbers[0], 1, &result, &why) == SK_OK &&
               result.purged == 0 && result.spared == 1 && residue("wordone"),
           "what a hold covers is spared, also by a good order");
    keep(&s,
         BYTES("{\"v\":1,\"kind\":\"hold.lift\",\"time\":2,\"hold\":1,\"reason\":\"r\","
               "\"first\":\"a\",\"second\":\"b\"}"),
         BYTES_NONE);
    tap_ok(retention_purge(at, folder, &numbers[0], 1, &result, &why) == SK_OK &&
               result.purged == 1 &&
               retention_purge(at, folder, &numbers[0], 1, &result, &why) == SK_OK,
           "then it goes; twice does no harm");
    tap_ok(sound(NULL), "the ledger is sound");
    struct rows_place place = {0};
    tap_ok(journal_purge(at, 0, place.offset, 0, &why) == SK_OK && !sound(NULL),
           "an entry that was purged without an order is a fault");
    close_scene(&s);
}

/* Killed between the order and its work: the next start does it. */
static void
test_crash(void)
{
    struct scene s;
    struct why why;
    unsigned through = 0;

    for (unsigned steps = 1; steps <= 12; steps++) {
        fresh(&s);
        message_of(&s, "one", 60, "wordone");
        message_of(&s, "two", 60, "wordtwo");
        message_of(&s, "new", 1, "newword");
        for (unsigned i = 0; i < steps; i++) {
            if (retention_step(s.retention, now_ms, &why) != SK_MORE) {
                break;
            }
        }
        close_scene(&s);
        open_scene(&s);
        work(&s, now_ms);
        bool good = !residue("wordone") && !residue("wordtwo") && sound(NULL) &&
                    retention_state(s.retention).orders_open == 0;
        through += good;
        if (!good) {
            printf("# after step %u: %d %d, %zu orders open\n", steps, residue("wordone"),
                   residue("wordtwo"), retention_state(s.retention).orders_open);
        }
        close_scene(&s);
    }
    tap_ok(through == 12, "stopped after each of 12 steps it comes to the same end (%u)",
           through);
}

/* More than one order, more than one segment. */
static void
test_many(void)
{
    struct scene s;
    struct why why;
    uint64_t purged = 0;

    fresh(&s);
    for (unsigned i = 0; i < 1500; i++) {
        long long time = now_ms - 60 * DAY + i;
        if (vault_keep(s.vault,
                       text("{\"v\":1,\"kind\":\"message\",\"id\":\"m%u\",\"time\":%lld,"
                            "\"action\":\"accept\",\"from\":\"s@example.com\",\"to\":["
                            "\"hanako@example.jp\"],\"findings\":[]}\n{\"v\":1,\"kind\":"
                            "\"content\",\"id\":\"m%u\",\"time\":%lld,\"rests_on\":[],"
                            "\"subject\":\"manyword 会議\",\"findings\":[]}",
                            i, time, i, time),
                       BYTES_NONE, &why) != SK_OK ||
            (i % 50 == 49 && vault_commit(s.vault, &why) != SK_OK)) {
            tap_ok(false, "keep: %s", why.sentence);
        }
    }
    message_of(&s, "new", 1, "newword");
    int64_t from_ms = clock_monotonic_ms(), cpu_us = clock_cpu_us(), most_us = 0;
    unsigned steps = 0;
    enum sk_code code = SK_MORE;
    while (code == SK_MORE) {
        int64_t step_us = clock_monotonic_us();
        code = retention_step(s.retention, now_ms, &why);
        step_us = clock_monotonic_us() - step_us;
        most_us = step_us > most_us ? step_us : most_us;
        steps++;
    }
    printf("# 1500 contents in %lld ms, %lld us CPU each, %u steps, the longest %lld ms\n",
           (long long)(clock_monotonic_ms() - from_ms),
           (long long)(clock_cpu_us() - cpu_us) / 1500, steps, (long long)most_us / 1000);
    tap_ok(code == SK_OK && !residue("manyword") && hits("manyword") == 0 &&
               hits("newword") == 1,
           "1500 contents over many segments and orders go");
    tap_ok(sound(&purged) && purged == 1500, "each by an order");
    close_scene(&s);
}

int
main(void)
{
    struct why why;

    arena_init(&arena, (size_t)1 << 30);
    snprintf(folder, sizeof(folder), "/tmp/retention-test-%d", (int)getpid());
    if (configure("", &config, &why) != SK_OK) {
        tap_ok(false, "configured: %s", why.sentence);
        return tap_done();
    }
    test_settings();
    test_indices();
    test_scopes();
    test_ages();
    test_holds();
    test_erase();
    test_held();
    test_held_withdrawn();
    test_held_meanwhile();
    test_held_domain();
    test_purger();
    test_crash();
    test_many();
    close(at);
    clear();
    arena_release(&arena);
    return tap_done();
}
