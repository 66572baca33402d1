/* The word index: what it finds is what looking at every row finds, in every state that a day can be in. */
#include "store/rows_erase.h"
#include "store/rows_grams.h"
#include "store/rows_packed.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/utf8.h"
#include "base/writer.h"

#include <stdlib.h>
#include <unistd.h>

/* 2025-06-01T00:00:00+09:00, long over */
#define MIDNIGHT ((int64_t)1748703600000)
#define DAY      ((int64_t)86400000)
#define ROWS     (2 * GRAMS_ROWS + 700)
#define QUERIES  60

static struct arena arena, scratch; /* scratch: of one search */
static char folder[64];
static struct why why;
static struct rows_event events[ROWS];
static struct rows_event folded[ROWS]; /* their texts */
static bool erased[ROWS];
static uint32_t state = 7;

static uint32_t
any(uint32_t below)
{
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
}

/* Few letters, so that words that are not there have pieces that are. */
static struct bytes
some_text(unsigned most)
{
    static const char *const letters[] = {"a",  "b", "A", "請", "求", "の", "件",
                                          "カ", "É", "é", " ",  "1",  "@",  "𠮷"};
    struct writer w;

    writer_init(&w, &arena);
    for (unsigned i = any(most + 1); i > 0; i--) {
        writer_text(&w, letters[any(sizeof(letters) / sizeof(letters[0]))]);
    }
    return writer_view(&w);
}

static void
make_events(void)
{
    char text[64];

    for (uint32_t i = 0; i < ROWS; i++) {
        int size = snprintf(text, sizeof(text), "0Kx%017u", i);
        struct bytes id = bytes_copy(&arena, bytes_of(text, (size_t)size));
        size = snprintf(text, sizeof(text), "u%u@Host%u.example", any(50), any(9));
        events[i] = (struct rows_event){
            .place = {2 * i, 0, i},
            .id = id,
            .time_ms = MIDNIGHT + i,
            .action = any(30) == 0 ? BYTES("hold") : BYTES("accept"),
            .category = BYTES("ham"),
            .sender = bytes_copy(&arena, bytes_of(text, (size_t)size)),
            .recipients = any(3) == 0 ? BYTES("b@x.jp, ab1@y.jp") : BYTES("a@x.jp"),
            .subject = some_text(12),
            .name = some_text(4),
            .text = some_text(60),
            .client = any(9) == 0 ? BYTES("192.0.2.2") : BYTES("192.0.2.1"),
            .threat = any(900) == 0 ? BYTES("bomb") : BYTES_NONE,
        };
        folded[i] = (struct rows_event){
            .subject = grams_lower_text(&arena, events[i].subject),
            .name = grams_lower_text(&arena, events[i].name),
            .text = grams_lower_text(&arena, events[i].text),
            .sender = grams_lower_text(&arena, events[i].sender),
            .recipients = grams_lower_text(&arena, events[i].recipients),
        };
    }
}

static struct rows *
open_rows(void)
{
    struct rows *rows = NULL;

    if (rows_open(&arena, folder, 540, &rows, &why) != SK_OK) {
        tap_ok(false, "open: %s", why.sentence);
        exit(tap_done());
    }
    return rows;
}

static bool
put(struct rows *rows, uint32_t from, uint32_t to)
{
    bool good = true;

    for (uint32_t i = from; i < to && good; i++) {
        good = rows_put_event(rows, &events[i], &why) == SK_OK;
    }
    return good;
}

static struct rows_found found;

static size_t
hits(struct rows_query query)
{
    arena_release(&scratch);
    query.most = LIMIT_SEARCH_ROWS;
    if (rows_search(&scratch, folder, &query, &found, &why) != SK_OK) {
        printf("# search: %s\n", why.sentence);
        return SIZE_MAX;
    }
    return found.count;
}

static bool
holds(struct bytes text, struct bytes word)
{
    return bytes_find(text, word, 0) != BYTES_NOWHERE;
}

static bool
is_wanted(uint32_t row, const struct rows_query *query)
{
    const struct rows_event *e = &events[row], *f = &folded[row];
    struct bytes word, rest = grams_lower_text(&scratch, query->words);

    while (bytes_split(&rest, ' ', &word)) {
        if (!holds(f->subject, word) && !holds(f->name, word) && !holds(f->text, word) &&
            !holds(f->sender, word) && !holds(f->recipients, word)) {
            return false;
        }
    }
    return holds(f->sender, grams_lower_text(&scratch, query->sender)) &&
           holds(f->recipients, grams_lower_text(&scratch, query->recipient)) &&
           (query->client.size == 0 || bytes_equal(e->client, query->client)) &&
           (query->action.size == 0 || bytes_equal(e->action, query->action)) &&
           (!query->threat || e->threat.size > 0) && e->time_ms >= query->from_ms &&
           (query->to_ms == 0 || e->time_ms < query->to_ms);
}

/* Newest first, each once, and all of them. */
static bool
is_right(const struct rows_query *query, uint32_t count)
{
    size_t at = 0;

    if (hits(*query) == SIZE_MAX || found.unread.size > 0 || found.more) {
        return false;
    }
    for (uint32_t i = count; i-- > 0;) {
        if (!erased[i] && is_wanted(i, query)) {
            if (at == found.count || found.events[at++].place.index != 2 * i) {
                return false;
            }
        }
    }
    return at == found.count;
}

/* A piece of what a row holds, or a mixture. */
static struct bytes
some_word(uint32_t count)
{
    const struct rows_event *e = &events[any(count)];
    struct bytes texts[] = {e->subject, e->text, e->sender, some_text(5)};
    struct bytes text = texts[any(4)];
    size_t from = any((uint32_t)text.size + 1), to = from + 1 + any(12);

    while (from < text.size && (text.at[from] & 0xc0) == 0x80) {
        from++;
    }
    to = to < text.size ? to : text.size;
    while (to < text.size && (text.at[to] & 0xc0) == 0x80) {
        to++;
    }
    return bytes_slice(text, from, to > from ? to : from);
}

static void
compare(const char *when, uint32_t count)
{
    unsigned wrong = 0, some = 0;
    struct rows_query query;

    for (unsigned i = 0; i < QUERIES; i++) {
        struct bytes part = events[any(count)].sender;
        query = (struct rows_query){.words = some_word(count)};
        query.sender =
            any(6) == 0 ? bytes_slice(part, any(3), part.size - any(9)) : BYTES_NONE;
        query.recipient = any(8) == 0 ? BYTES("1@y") : BYTES_NONE;
        query.client = any(8) == 0 ? BYTES("192.0.2.2") : BYTES_NONE;
        query.action = any(8) == 0 ? BYTES("hold") : BYTES_NONE;
        query.threat = any(20) == 0;
        query.from_ms = any(8) == 0 ? MIDNIGHT + any(count) : 0;
        query.to_ms = any(8) == 0 ? MIDNIGHT + any(count) : 0;
        /* Of a whole address only whole ones are found, if there are any. */
        if (bytes_find_byte(query.sender, '@', 1) != BYTES_NOWHERE) {
            query.sender = bytes_slice(query.sender, 0, 2);
        }
        if (!is_right(&query, count)) {
            printf("# wrong: words '%.*s' sender '%.*s'\n", BYTES_ARGUMENTS(query.words),
                   BYTES_ARGUMENTS(query.sender));
            wrong++;
        }
        some += found.count > 0;
    }
    tap_ok(wrong == 0 && some > QUERIES / 8,
           "%s: as looking at every row (%u of %d searches found some)", when, some,
           QUERIES);
}

static int64_t
ask(const char *sql)
{
    char path[128];
    sqlite3 *database;
    int64_t number = -1;

    snprintf(path, sizeof(path), "%s/events-2025-06-01.db", folder);
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        grams_ask(database, sql, NULL, 0, &number, NULL) != SQLITE_OK) {
        printf("# %s: %s\n", sql, sqlite3_errmsg(database));
    }
    sqlite3_close(database);
    return number;
}

static enum sk_code
close_days(struct rows *rows, int64_t now_ms)
{
    enum sk_code code = SK_MORE;

    for (unsigned i = 0; i < 10000 && code == SK_MORE; i++) {
        code = rows_work(rows, now_ms, &why);
    }
    return code;
}

static bool
is_there(const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static void
empty_folder(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", folder);
    if (system(command) != 0) {
        tap_ok(false, "the folder cannot be removed");
    }
    memset(erased, 0, sizeof(erased));
}

static void
test_grams(void)
{
    struct grams_term term;
    char long_word[300];

    tap_ok(grams_lower('Z') == 'z' && grams_lower(0xc9) == 0xe9 &&
               grams_lower(0x416) == 0x436 && grams_lower(0xd7) == 0xd7 &&
               grams_lower(0x8acb) == 0x8acb && grams_lower(0x1ea0) == 0x1ea1,
           "letters are folded, other characters stay");
    tap_ok(grams_lower_text(&arena, BYTES("Aé\xffÉ")).size == 6, "broken bytes stay");
    tap_ok(grams_at('a', 'b', 'c') != grams_at('a', 'b', 'd') &&
               grams_at('a', 'b', 0x8acb) == grams_at('a', 'b', 0x6c42) &&
               grams_at(0x8acb, 0x6c42, 'a') == grams_at(0x8acb, 0x6c42, 'b') &&
               grams_at(0x8acb, 0x6c42, 0) != grams_at(0x6c42, 0x8acb, 0),
           "three of ASCII, two of the others");
    grams_term_of(&arena, BYTES("ab"), &term);
    tap_ok(term.count == 0 && term.high - term.low == 0xff, "two letters: a range");
    grams_term_of(&arena, BYTES("請"), &term);
    tap_ok(term.count == 0 && term.high - term.low == 0xffff, "one character: a range");
    grams_term_of(&arena, BYTES("請求"), &term);
    tap_ok(term.count == 1, "two characters: a gram");
    grams_term_of(&arena, BYTES(" "), &term);
    tap_ok(term.count == 0 && term.low > term.high, "a blank cannot be told");
    memset(long_word, 'x', sizeof(long_word));
    grams_term_of(&arena, bytes_of(long_word, GRAMS_TERM_MAX + 2), &term);
    bool all = term.count == GRAMS_TERM_MAX && term.places[1] == 1;
    grams_term_of(&arena, bytes_of(long_word, 256), &term);
    tap_ok(all && term.count == GRAMS_TERM_MAX && term.places[1] > 1,
           "of a long word so many grams, from all over it");
}

static void
test_states(void)
{
    struct rows *rows = open_rows();

    tap_ok(put(rows, 0, GRAMS_ROWS - 1) && rows_commit(rows, &why) == SK_OK &&
               ask("SELECT count(*) FROM chunks") == 0,
           "one row less than a chunk: none is made");
    tap_ok(put(rows, GRAMS_ROWS - 1, GRAMS_ROWS) && rows_commit(rows, &why) == SK_OK &&
               ask("SELECT rows FROM chunks") == GRAMS_ROWS,
           "and with it one is");
    tap_ok(put(rows, GRAMS_ROWS, ROWS) && rows_commit(rows, &why) == SK_OK &&
               ask("SELECT count(*) FROM chunks") == 2,
           "another, and a rest");
    compare("chunks and a rest", ROWS);
    tap_ok(put(rows, 5, 15) && rows_commit(rows, &why) == SK_OK &&
               ask("SELECT count(*) FROM chunks") == 2 &&
               hits((struct rows_query){0}) == ROWS,
           "rows that are put again change nothing");
    struct rows_event late = events[3];
    late.place.index = 2 * 3 + 1;
    late.text = BYTES("zuspaet");
    tap_ok(rows_put_event(rows, &late, &why) == SK_OK && rows_commit(rows, &why) == SK_OK &&
               ask("SELECT count(*) FROM chunks") == 1 &&
               hits((struct rows_query){.words = BYTES("zuspaet")}) == 1,
           "a row that comes late into a chunk is found");
    struct rows_erasure gone = {late.place.index, late.time_ms, true, NULL};
    int64_t days[ROWS_DAYS_MAX];
    size_t day_count = 0;
    tap_ok(rows_erase(folder, 540, &gone, 1, days, &day_count, &why) == SK_OK &&
               hits((struct rows_query){.words = BYTES("zuspaet")}) == 0,
           "and erased");
    compare("a chunk is missing", ROWS);
    enum sk_code code = SK_MORE;
    while (code == SK_MORE) {
        code = rows_clean(folder, days[0], &why);
    }
    tap_ok(code == SK_OK && ask("SELECT count(*) FROM chunks") == 2, "cleaned");
    compare("cleaned", ROWS);
    tap_ok(close_days(rows, MIDNIGHT + 3 * DAY) == SK_OK &&
               is_there("events-2025-06-01.rows"),
           "closed");
    compare("closed", ROWS);
    struct rows_erasure erasures[] = {{2 * 100, MIDNIGHT + 100, true, NULL},
                                      {2 * 4000, MIDNIGHT + 4000, true, NULL}};
    erased[100] = erased[4000] = true;
    day_count = 0;
    tap_ok(rows_erase(folder, 540, erasures, 2, days, &day_count, &why) == SK_OK,
           "erased from a closed day");
    tap_ok(ask("SELECT count(*) FROM chunks") == 0 &&
               ask("SELECT count(*) FROM grams") == 0,
           "nothing of the index is left that knew them");
    compare("erased", ROWS);
    /* A day that an erasure opened is looked for again the next day. */
    tap_ok(close_days(rows, MIDNIGHT + 4 * DAY) == SK_OK &&
               is_there("events-2025-06-01.rows"),
           "closed again: %s", why.sentence);
    compare("closed again", ROWS);
    rows_close(rows);
}

/* A crash between two commits, and the rows once more from the journal. */
static void
test_crash(void)
{
    struct rows *rows;

    empty_folder();
    rows = open_rows();
    tap_ok(put(rows, 0, GRAMS_ROWS - 100) && rows_commit(rows, &why) == SK_OK &&
               put(rows, GRAMS_ROWS - 100, GRAMS_ROWS + 50),
           "rows that are not committed");
    rows_close(rows);
    tap_ok(hits((struct rows_query){0}) == GRAMS_ROWS - 100, "are gone");
    rows = open_rows();
    tap_ok(put(rows, 0, GRAMS_ROWS + 50) && rows_commit(rows, &why) == SK_OK &&
               ask("SELECT count(*) FROM chunks") == 1,
           "put in again they make a chunk");
    compare("after a crash", GRAMS_ROWS + 50);
    /* An index half merged is left behind. */
    tap_ok(ask("INSERT INTO chunks VALUES(9, 0, -1, 0, 0, -1) RETURNING 0") == 0 &&
               ask("INSERT INTO grams VALUES((9 << 47) + 5, x'0000') RETURNING 0") == 0,
           "a merge that a crash ended");
    compare("half merged", GRAMS_ROWS + 50);
    tap_ok(close_days(rows, MIDNIGHT + 3 * DAY) == SK_OK && rows_trouble(rows) == NULL,
           "is made anew");
    compare("and closed", GRAMS_ROWS + 50);
    rows_close(rows);
}

static const char old_version[] =
    "DROP TABLE chunks; DROP TABLE grams; ALTER TABLE events DROP COLUMN campaign;"
    "CREATE VIRTUAL TABLE words USING fts5(sender, recipients, body, content='', "
    "tokenize='trigram', columnsize=0);"
    "CREATE VIRTUAL TABLE pairs USING fts5(body, content='', detail=none, columnsize=0, "
    "tokenize='unicode61 remove_diacritics 0');"
    "INSERT INTO pairs(rowid, body) VALUES(1, 'vorvorher');"
    "PRAGMA user_version=2;";

static bool
make_old(void)
{
    char path[128];
    sqlite3 *database;

    snprintf(path, sizeof(path), "%s/events-2025-06-01.db", folder);
    bool good = sqlite3_open(path, &database) == SQLITE_OK &&
                sqlite3_exec(database, old_version, NULL, NULL, NULL) == SQLITE_OK &&
                sqlite3_wal_checkpoint_v2(database, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
                                          NULL) == SQLITE_OK;
    sqlite3_close(database);
    return good;
}

static void
test_old(void)
{
    const uint32_t count = GRAMS_ROWS + 300;
    struct packed_job job;
    struct rows *rows;
    char from[128], to[128];

    empty_folder();
    rows = open_rows();
    tap_ok(put(rows, 0, count) && rows_commit(rows, &why) == SK_OK, "a day");
    rows_close(rows);
    tap_ok(make_old(), "of the version before");
    compare("an open day of the version before", count);
    snprintf(from, sizeof(from), "%s/events-2025-06-01.db", folder);
    snprintf(to, sizeof(to), "%s/events-2025-06-01.rows", folder);
    enum sk_code code = packed_begin(&job, from, to, &why);
    while (code == SK_OK || code == SK_MORE) {
        code = packed_step(&job, 1000, &why);
        if (code == SK_OK) {
            break;
        }
    }
    packed_end(&job);
    tap_ok(code == SK_OK && unlink(from) == 0, "closed by that version");
    rows = open_rows();
    tap_ok(!rows_wanting(rows) && is_there("events-2025-06-01.rows"),
           "it is left as it is");
    compare("a closed day of the version before", count);
    tap_ok(put(rows, count, count + 1) && rows_commit(rows, &why) == SK_OK &&
               ask("PRAGMA user_version") == ROWS_VERSION &&
               ask("SELECT count(*) FROM sqlite_schema WHERE name IN ('words', 'pairs')") ==
                   0,
           "a row that is put into it makes it one of this version");
    compare("brought to this version", count + 1);
    tap_ok(close_days(rows, MIDNIGHT + 3 * DAY) == SK_OK, "closed");
    compare("and closed", count + 1);
    rows_close(rows);
    /* Erasing from one. */
    empty_folder();
    rows = open_rows();
    tap_ok(put(rows, 0, 50) && rows_commit(rows, &why) == SK_OK, "another day");
    rows_close(rows);
    struct rows_erasure erasure = {2 * 7, MIDNIGHT + 7, true, NULL};
    int64_t days[ROWS_DAYS_MAX];
    size_t day_count = 0;
    erased[7] = true;
    tap_ok(make_old() &&
               rows_erase(folder, 540, &erasure, 1, days, &day_count, &why) == SK_OK &&
               rows_clean(folder, days[0], &why) == SK_OK,
           "of the version before, and a row erased from it");
    char command[128];
    snprintf(command, sizeof(command), "grep -rqa orvorher %s", folder);
    tap_ok(system(command) != 0, "takes the old word index with it");
    compare("erased from the version before", 50);
}

static void
test_damage(void)
{
    struct rows *rows;

    empty_folder();
    rows = open_rows();
    tap_ok(put(rows, 0, ROWS) && rows_commit(rows, &why) == SK_OK &&
               ask("UPDATE grams SET data = randomblob(length(data)) WHERE key < 1 << 47 "
                   "RETURNING 0") == 0,
           "noise in place of the word index");
    for (unsigned i = 0; i < 200; i++) {
        (void)hits((struct rows_query){.words = some_word(ROWS)});
    }
    (void)hits((struct rows_query){.words = BYTES("請求")});
    tap_ok(found.unread.size > 0 && found.count == 0, "is told: %.*s",
           BYTES_ARGUMENTS(found.unread));
    tap_ok(hits((struct rows_query){0}) == ROWS, "the rows themselves are there");
    enum sk_code code = close_days(rows, MIDNIGHT + 3 * DAY);
    tap_ok(code == SK_BAD && rows_wanting(rows) && rows_trouble(rows) != NULL &&
               is_there("events-2025-06-01.db.damaged"),
           "when the day is closed it is set aside, to be made again");
    rows_again_begin(rows);
    tap_ok(put(rows, 0, ROWS) && rows_commit(rows, &why) == SK_OK &&
               rows_again_end(rows, &why) == SK_OK && !rows_wanting(rows),
           "made again");
    compare("made again", ROWS);
    rows_close(rows);
}

int
main(void)
{
    arena_init(&arena, (size_t)256 << 20);
    arena_init(&scratch, (size_t)256 << 20);
    snprintf(folder, sizeof(folder), "/tmp/rows-grams-test-%d", (int)getpid());
    make_events();
    test_grams();
    test_states();
    test_crash();
    test_old();
    test_damage();
    empty_folder();
    arena_release(&scratch);
    arena_release(&arena);
    return tap_done();
}
