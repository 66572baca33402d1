#include "store/rows.h"

#include "base/limits.h"
#include "base/tap.h"

#include <sys/stat.h>
#include <unistd.h>

static struct arena arena;
static char folder[64];

static void
empty_folder(void)
{
    char command[128];

    snprintf(folder, sizeof(folder), "/tmp/rows-test-%d", (int)getpid());
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    tap_ok(system(command) == 0, "the folder is empty");
}

static struct rows_event
event_make(uint64_t index, int64_t time_ms, const char *sender, const char *subject)
{
    char id[32];

    snprintf(id, sizeof(id), "0Kx%017llu", (unsigned long long)index);
    return (struct rows_event){
        .place = {index, 0, index * 100},
        .id = bytes_copy(&arena, bytes_from_text(id)),
        .time_ms = time_ms,
        .action = BYTES("accept"),
        .category = BYTES("ham"),
        .sender = bytes_from_text(sender),
        .recipients = BYTES("hanako@example.jp, taro@example.jp"),
        .subject = bytes_from_text(subject),
        .client = BYTES("192.0.2.1"),
        .size = 1000,
        .unwanted = 0.25,
    };
}

static struct rows *
open_rows(void)
{
    struct rows *rows;
    struct why why;

    bool good = rows_open(&arena, folder, 540, &rows, &why) == SK_OK;
    tap_ok(good, "rows_open: %s", good ? "ok" : why.sentence);
    return rows;
}

static void
put(struct rows *rows, struct rows_event event)
{
    struct why why;
    enum sk_code code = rows_put_event(rows, &event, &why);

    if (code != SK_OK) {
        tap_ok(false, "put: %s", why.sentence);
    }
}

static size_t
hits(const struct rows_query *wanted)
{
    struct rows_found found;
    struct rows_query query = *wanted;
    struct why why;

    query.most = query.most > 0 ? query.most : 100;
    enum sk_code code = rows_search(&arena, folder, &query, &found, &why);
    if (code != SK_OK) {
        tap_ok(false, "search: %s", why.sentence);
        return SIZE_MAX;
    }
    return found.count;
}

#define WORDS(text) hits(&(struct rows_query){.words = bytes_from_text(text)})

/* 2026-11-22T00:00:00+09:00 */
#define MIDNIGHT ((int64_t)1795273200000)

static void
fill(void)
{
    struct rows *rows = open_rows();
    struct why why;

    put(rows, event_make(0, MIDNIGHT - 1, "spam@example.com", "請求書の件について"));
    put(rows, event_make(1, MIDNIGHT, "ichiro@example.net", "口座番号 \"quoted\" 100%"));
    struct rows_event threat = event_make(2, MIDNIGHT + 5, "", "Weekly report PC a_b");
    threat.threat = BYTES("bomb");
    threat.campaign = BYTES("42");
    threat.action = BYTES("hold");
    threat.text = BYTES("明日の朝");
    put(rows, threat);
    put(rows, event_make(3, MIDNIGHT + 6, "spam@example.com", "ﾊﾝｶｸの口"));
    tap_ok(rows_commit(rows, &why) == SK_OK, "commit");
    struct rows_outcome outcome = {
        .place = {4, 0, 400}, .id = threat.id, .time_ms = threat.time_ms};
    tap_ok(rows_put_outcome(rows, &outcome, &why) == SK_OK &&
               rows_commit(rows, &why) == SK_OK,
           "an outcome is put");
    tap_ok(rows_mark(rows) == 0, "nothing is settled");
    tap_ok(rows_settle(rows, 5, &why) == SK_OK && rows_mark(rows) == 5, "settled up to 5");
    rows_close(rows);
}

static void
test_words(void)
{
    tap_ok(WORDS("") == 4, "no words: all rows");
    tap_ok(WORDS("請求書") == 1, "three characters");
    tap_ok(WORDS("請求") == 1, "two characters");
    tap_ok(WORDS("求書") == 1, "two characters within a run");
    tap_ok(WORDS("口座") == 1, "two characters at the beginning");
    tap_ok(WORDS("口") == 2, "one character: beginning of a run, and end of one");
    tap_ok(WORDS("朝") == 1, "one character at the end of the text");
    tap_ok(WORDS("座口") == 0, "two characters in the other order are not found");
    tap_ok(WORDS("ﾊﾝ") == 1, "half-width kana");
    tap_ok(WORDS("PC") == 1 && WORDS("pc") == 1, "two ASCII letters, in any case");
    tap_ok(WORDS("WEEKLY") == 1, "ASCII case");
    tap_ok(WORDS("weekly report") == 1 && WORDS("report 請求") == 0,
           "all words must occur");
    tap_ok(WORDS("口座 番号") == 1, "two short words");
    tap_ok(WORDS("口座番 口座") == 1, "a long and a short word");
    tap_ok(WORDS("\"quoted\"") == 1, "quotes are text");
    tap_ok(WORDS("x OR quoted") == 0 && WORDS("quot*") == 0, "operators are text");
    tap_ok(WORDS("0%") == 1 && WORDS("_b") == 1 && WORDS("x%") == 0, "%% and _ are text");
    tap_ok(WORDS("番号 \"quo") == 1 && WORDS("書の口") == 0 && WORDS("請求件に") == 0,
           "the pairs of a word must stand together");
    tap_ok(WORDS("100%") == 1 && WORDS("明日の朝") == 1 && WORDS("ﾊﾝｶｸの口") == 1,
           "longer words");
    tap_ok(WORDS("example.com") == 2, "an address is found as a word");
    tap_ok(WORDS("件に") == 1 && WORDS("書の件") == 1, "hiragana and kanji");
}

static void
test_fields(void)
{
    struct rows_found found;
    struct why why;

    tap_ok(hits(&(struct rows_query){.sender = BYTES("spam@")}) == 2, "part of the sender");
    tap_ok(hits(&(struct rows_query){.sender = BYTES("hanako")}) == 0,
           "a recipient is no sender");
    tap_ok(hits(&(struct rows_query){.recipient = BYTES("hanako")}) == 4,
           "part of a recipient");
    tap_ok(hits(&(struct rows_query){.recipient = BYTES("jp")}) == 4,
           "two letters of a recipient");
    tap_ok(hits(&(struct rows_query){.client = BYTES("192.0.2.1")}) == 4, "client");
    tap_ok(hits(&(struct rows_query){.client = BYTES("192.0.2.")}) == 0, "client exactly");
    tap_ok(hits(&(struct rows_query){.threat = true}) == 1, "threat");
    tap_ok(hits(&(struct rows_query){.campaign = BYTES("42")}) == 1 &&
               hits(&(struct rows_query){.campaign = BYTES("4")}) == 0,
           "campaign, exactly");
    tap_ok(hits(&(struct rows_query){.action = BYTES("hold"), .category = BYTES("ham")}) ==
               1,
           "action and category");
    tap_ok(hits(&(struct rows_query){.id = BYTES("0Kx00000000000000003")}) == 1, "id");
    tap_ok(hits(&(struct rows_query){.from_ms = MIDNIGHT}) == 3, "from is included");
    tap_ok(hits(&(struct rows_query){.to_ms = MIDNIGHT}) == 1, "to is not");
    tap_ok(hits(&(struct rows_query){
               .from_ms = MIDNIGHT, .to_ms = MIDNIGHT + 1, .words = BYTES("口座")}) == 1,
           "time and words");
    struct rows_query query = {.most = 2};
    tap_ok(rows_search(&arena, folder, &query, &found, &why) == SK_OK && found.count == 2 &&
               found.more,
           "two of four");
    tap_ok(found.events[0].place.index == 3 && found.events[1].place.index == 2,
           "newest first");
    query.most = 4;
    tap_ok(rows_search(&arena, folder, &query, &found, &why) == SK_OK && found.count == 4 &&
               !found.more,
           "four of four");
    tap_ok(found.events[3].place.offset == 0 && found.events[3].time_ms == MIDNIGHT - 1 &&
               bytes_is(found.events[3].subject, "請求書の件について") &&
               found.events[3].unwanted == 0.25,
           "a row comes back as it was put");
    struct rows_outcome *outcomes;
    size_t count;
    tap_ok(rows_outcomes(&arena, folder, BYTES("0Kx00000000000000002"), &outcomes, &count,
                         &why) == SK_OK &&
               count == 1 && outcomes[0].place.offset == 400,
           "the outcome of a message");
    tap_ok(rows_outcomes(&arena, folder, BYTES("x"), &outcomes, &count, &why) == SK_OK &&
               count == 0,
           "no outcome");
}

static void
test_bounds(void)
{
    struct rows_found found;
    struct why why;
    uint8_t *word = arena_take_bytes(&arena, LIMIT_SEARCH_TERM + 1);

    memset(word, 'x', LIMIT_SEARCH_TERM + 1);
    struct rows_query query = {.most = 1, .words = bytes_of(word, LIMIT_SEARCH_TERM)};
    tap_ok(rows_search(&arena, folder, &query, &found, &why) == SK_OK,
           "a word at the bound");
    query.words.size++;
    tap_ok(rows_search(&arena, folder, &query, &found, &why) == SK_LIMIT,
           "and one past it");
    query = (struct rows_query){.most = LIMIT_SEARCH_ROWS};
    tap_ok(rows_search(&arena, folder, &query, &found, &why) == SK_OK, "rows at the bound");
    query.most++;
    tap_ok(rows_search(&arena, folder, &query, &found, &why) == SK_LIMIT,
           "and one past it");
    query = (struct rows_query){.most = 1, .words = BYTES("a\0b")};
    tap_ok(rows_search(&arena, folder, &query, &found, &why) == SK_BAD, "NUL is refused");
    query.words = BYTES("ab\xff");
    tap_ok(rows_search(&arena, folder, &query, &found, &why) == SK_BAD,
           "what is no UTF-8 is refused");
    char many[400];
    for (size_t i = 0; i < sizeof(many) - 1; i++) {
        many[i] = i % 2 == 0 ? 'a' : ' ';
    }
    many[sizeof(many) - 1] = '\0';
    query.words = bytes_from_text(many);
    tap_ok(rows_search(&arena, folder, &query, &found, &why) == SK_LIMIT,
           "too many short words");
}

static void
test_again(void)
{
    struct rows *rows = open_rows();
    struct why why;

    tap_ok(rows_mark(rows) == 5, "the mark is remembered");
    put(rows, event_make(1, MIDNIGHT, "other@example.net", "another"));
    tap_ok(rows_commit(rows, &why) == SK_OK && WORDS("another") == 0 && WORDS("口座") == 1,
           "an index that is there already changes nothing");
    put(rows, event_make(7, MIDNIGHT, "other@example.net", "forgotten"));
    rows_forget(rows);
    tap_ok(WORDS("forgotten") == 0, "what is forgotten is not there");
    for (int64_t day = 0; day < 5; day++) {
        put(rows, event_make(10 + (uint64_t)day, MIDNIGHT + day * 86400000,
                             "many@example.net", "manydays"));
    }
    tap_ok(rows_commit(rows, &why) == SK_OK && WORDS("manydays") == 5,
           "five days in one group");
    rows_close(rows);
}

static void
test_damage(void)
{
    char path[128];
    struct rows *rows;
    struct why why;

    snprintf(path, sizeof(path), "%s/events-2026-11-22.db", folder);
    FILE *file = fopen(path, "r+");
    tap_ok(file != NULL && fwrite("ruined ruined ruined", 1, 20, file) == 20 &&
               fclose(file) == 0,
           "a file is ruined");
    rows = open_rows();
    put(rows, event_make(20, MIDNIGHT, "new@example.net", "afterwards"));
    tap_ok(rows_commit(rows, &why) == SK_OK && WORDS("afterwards") == 1,
           "a ruined file is moved aside, a new one made");
    tap_ok(rows_wanting(rows) && rows_trouble(rows) != NULL,
           "and its rows are to be put in again");
    rows_close(rows);
    struct stat status;
    tap_ok(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600, "mode 0600");
    tap_ok(stat(folder, &status) == 0 && (status.st_mode & 0777) == 0700,
           "folder of mode 0700");
}

int
main(void)
{
    arena_init(&arena, (size_t)256 << 20);
    empty_folder();
    fill();
    test_words();
    test_fields();
    test_bounds();
    test_again();
    test_damage();
    empty_folder();
    arena_release(&arena);
    return tap_done();
}
