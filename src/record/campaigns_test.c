#include "record/campaigns.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/tap.h"
#include "judge/marks.h"
#include "record/retention.h"

static struct arena arena;
static struct why why;
static char folder_name[] = "/tmp/sekisho-campaigns-XXXXXX";
static int folder;

#define HOUR    INT64_C(3600000)
#define NOW     (INT64_C(1763000000000) / HOUR * HOUR)
#define ENTRIES 4000

/* A ledger of lines; a purged one is "". */
static struct bytes ledger[ENTRIES];
static size_t ledger_count;

static struct minhash
random_one(uint64_t seed)
{
    struct minhash m = {.shingle_count = 100};

    for (size_t i = 0; i < MINHASH_COUNT; i++) {
        m.at[i] = (uint32_t)hash_mix(hash_mix(seed) + i) & 0xffff;
    }
    return m;
}

/* The first `same` of its places are those of the seed. */
static struct minhash
like(uint64_t seed, uint64_t other, size_t same)
{
    struct minhash m = random_one(seed), n = random_one(other);

    for (size_t i = same; i < MINHASH_COUNT; i++) {
        m.at[i] = n.at[i];
    }
    return m;
}

static struct bytes
line_of(const struct minhash *minhash, const char *keys, int64_t time_ms)
{
    struct marks marks = {.minhash = *minhash};
    struct writer w;
    struct json j;

    writer_init(&w, &arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_number(&j, "v", 1);
    json_put_text(&j, "kind", "content");
    json_put_text(&j, "id", "x");
    json_put_number(&j, "time", time_ms);
    json_put_string(&j, "signature", marks_signature(&arena, &marks));
    if (keys[0] != '\0') {
        json_put_text(&j, "keys", keys);
    }
    json_close(&j);
    return writer_view(&w);
}

static void
add(struct campaigns *c, struct bytes line)
{
    ledger[ledger_count++] = line;
    if (c != NULL) {
        struct book *book = campaigns_book(c);
        if (book_takes(book, line)) {
            book->entry(book->context, ledger_count - 1, line);
        }
        book->upto = ledger_count;
    }
}

/* As the vault does it: marked, written, committed. */
static uint64_t
keep(struct campaigns *c, const struct minhash *minhash, const char *keys, int64_t time_ms)
{
    struct bytes line = line_of(minhash, keys, time_ms);
    struct record_row row;

    if (record_read(&arena, line, &row) != SK_OK) {
        return 0;
    }
    uint64_t campaign = campaigns_mark(c, ledger_count, &row);
    add(c, record_with_campaign(&arena, line, campaign));
    return campaign;
}

static struct campaigns *
open_one(size_t capacity)
{
    struct campaigns *c;

    if (campaigns_open(&arena, folder, capacity, ledger_count, &c, &why) != SK_OK) {
        tap_ok(false, "open: %s", why.sentence);
        exit(1);
    }
    struct book *book = campaigns_book(c);
    (void)!book->load(book->context, BYTES_NONE, &why);
    book->upto = book->known(book->context);
    for (uint64_t i = book->upto; i < ledger_count; i++) {
        if (book_takes(book, ledger[i])) {
            book->entry(book->context, i, ledger[i]);
        }
    }
    book->upto = ledger_count;
    return c;
}

static void
begin_anew(void)
{
    unlinkat(folder, "campaigns.index", 0);
    unlinkat(folder, "campaigns.index.new", 0);
    unlinkat(folder, "campaigns.seed", 0);
    ledger_count = 0;
    struct campaigns *c = open_one(1000);
    add(c, BYTES("{\"v\":1,\"kind\":\"message\"}"));
    campaigns_close(c);
}

static void
test_telling(void)
{
    begin_anew();
    struct campaigns *c = open_one(1000);
    struct minhash one = random_one(1), near_one = like(1, 2, 100), far = like(1, 3, 50),
                   other = random_one(4);

    uint64_t first = keep(c, &one, "k1111111111111111", NOW);
    tap_ok(first == 1, "a new campaign has its entry's number: %llu",
           (unsigned long long)first);
    tap_ok(keep(c, &near_one, "", NOW) == first, "a copy is of it");
    tap_ok(keep(c, &far, "k1111111111111111 h3333333333333333", NOW) == first,
           "words that are somewhat alike, and a key in common");
    far = like(1, 5, 50);
    tap_ok(keep(c, &far, "k2222222222222222", NOW) != first,
           "without a key they are not enough");
    tap_ok(keep(c, &other, "k1111111111111111", NOW) != first,
           "a key that does not join by itself is not enough either");
    uint64_t account = keep(c, &(struct minhash){0}, "A4444444444444444", NOW);
    tap_ok(account == 0, "without words there is no campaign");
    struct minhash a = random_one(10), b = random_one(11);
    account = keep(c, &a, "A4444444444444444", NOW);
    tap_ok(keep(c, &b, "h9999999999999999 A4444444444444444", NOW) == account,
           "an account joins what has no word in common");
    tap_ok(campaigns_size(c, first) == 3 && campaigns_has(c, first, first) &&
               !campaigns_has(c, first + 3, first) && campaigns_size(c, 0) == 0,
           "how many, and which");
    campaigns_close(c);
}

/* The same state out of the file, out of the ledger alone, and out of a file that is behind. */
static void
test_again(void)
{
    struct json j;
    struct writer before, after;
    struct campaigns_query query = {
        .since_ms = 0, .now_ms = NOW, .least = 1, .most = 100, .zone_minutes = 540};

    begin_anew();
    struct campaigns *c = open_one(1000);
    for (uint64_t i = 0; i < 300; i++) {
        struct minhash m = like(i % 30, 1000 + i, 110);
        (void)keep(c, &m, "", NOW - (int64_t)i * HOUR);
    }
    while (campaigns_tick(c, true, &why) == SK_MORE) {
    }
    for (uint64_t i = 0; i < 200; i++) {
        struct minhash m = like(i % 40, 2000 + i, 110);
        (void)keep(c, &m, "A5555555555555555", NOW);
    }
    writer_init(&before, &arena);
    json_init(&j, &before);
    json_open(&j, '{');
    campaigns_write_list(c, &arena, &query, &j);
    json_close(&j);
    uint64_t seed = campaigns_seed(c);
    /* The keeper is killed: nothing is saved. */
    c = open_one(1000);
    writer_init(&after, &arena);
    json_init(&j, &after);
    json_open(&j, '{');
    campaigns_write_list(c, &arena, &query, &j);
    json_close(&j);
    tap_ok(bytes_equal(writer_view(&before), writer_view(&after)) &&
               campaigns_held(c) == 500 && campaigns_seed(c) == seed,
           "from a file that is 200 messages behind");
    struct minhash m = random_one(7);
    tap_ok(keep(c, &m, "", NOW) == 8, "and copies are found");
    campaigns_close(c);
    ledger_count--;
    unlinkat(folder, "campaigns.index", 0);
    c = open_one(1000);
    writer_init(&after, &arena);
    json_init(&j, &after);
    json_open(&j, '{');
    campaigns_write_list(c, &arena, &query, &j);
    json_close(&j);
    tap_ok(bytes_equal(writer_view(&before), writer_view(&after)), "from the ledger alone");
    campaigns_close(c);
    c = open_one(2000);
    tap_ok(campaigns_held(c) == 500, "with another capacity");
    campaigns_close(c);
    int file = openat(folder, "campaigns.index", O_RDWR);
    tap_ok(pwrite(file, "x", 1, 20) == 1 && close(file) == 0, "a file is damaged");
    c = open_one(2000);
    tap_ok(campaigns_held(c) == 500, "it is made again");
    campaigns_close(c);
    unlinkat(folder, "campaigns.seed", 0);
    c = open_one(2000);
    tap_ok(campaigns_held(c) == 0 && campaigns_seed(c) != seed,
           "of another secret nothing is known");
    campaigns_close(c);
}

/* The copy is made while messages come and go. */
static void
test_fuzzy(void)
{
    begin_anew();
    struct campaigns *c = open_one(100000);
    for (uint64_t i = 0; i < 500; i++) {
        struct minhash m = random_one(i);
        (void)keep(c, &m, "", NOW);
    }
    size_t steps = 0;
    while (campaigns_tick(c, true, &why) == SK_MORE && steps < 1000) {
        for (uint64_t i = 0; i < 40; i++) {
            struct minhash m = random_one(10000 + steps * 40 + i);
            (void)keep(c, &m, "", NOW);
        }
        steps++;
    }
    size_t held = campaigns_held(c), wrong = 0;
    c = open_one(100000);
    tap_ok(steps > 2 && campaigns_held(c) == held, "%zu steps: %zu messages are there",
           steps, held);
    for (size_t i = 1; i < ledger_count; i++) {
        wrong += !campaigns_has(c, i, i);
    }
    for (uint64_t i = 0; i < 500; i++) {
        struct minhash m = random_one(i);
        wrong += keep(c, &m, "", NOW) != i + 1;
    }
    tap_ok(wrong == 0, "each is what it was, and found again: %zu wrong", wrong);
    campaigns_close(c);
}

static struct bytes
order(uint64_t first, uint64_t second)
{
    struct writer w;
    struct json j;

    writer_init(&w, &arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_number(&j, "v", 1);
    json_put_text(&j, "kind", "purge");
    json_put_number(&j, "time", NOW);
    json_put_text(&j, "class", "content");
    json_put_text(&j, "law", "x");
    json_put_number(&j, "count", 2);
    json_key(&j, "indices");
    retention_indices_write(&j, (uint64_t[]){first, second}, 2);
    json_put_number(&j, "from", NOW);
    json_put_number(&j, "upto", NOW);
    json_put_number(&j, "next", 0);
    json_close(&j);
    return writer_view(&w);
}

/* Whether the bytes of a signature's record stand in the file. */
static bool
file_has(uint64_t campaign)
{
    struct stat about;
    int file = openat(folder, "campaigns.index", O_RDONLY);
    bool found = false;
    uint64_t words[6];

    (void)fstat(file, &about);
    for (off_t at = 4096 + 4096; at + 48 <= about.st_size && at < 4096 + 4096 + 48 * 1000;
         at += 48) {
        found = found || (pread(file, words, sizeof words, at) == sizeof words &&
                          (words[1] & CAMPAIGN_MAX) == campaign);
    }
    close(file);
    return found;
}

static void
test_forgetting(void)
{
    begin_anew();
    struct campaigns *c = open_one(1000);
    struct minhash one = random_one(1), two = random_one(2), three = random_one(3);
    uint64_t first = keep(c, &one, "A1111111111111111", NOW),
             second = keep(c, &two, "A2222222222222222", NOW),
             third = keep(c, &three, "A3333333333333333", NOW);

    while (campaigns_tick(c, true, &why) == SK_MORE) {
    }
    tap_ok(file_has(first) && file_has(second) && file_has(third), "three are saved");
    add(c, order(first, third));
    ledger[first] = ledger[third] = BYTES_NONE; /* the journal has forgotten them too */
    tap_ok(campaigns_size(c, first) == 0 && campaigns_size(c, second) == 1 &&
               campaigns_size(c, third) == 0,
           "an order takes two out");
    tap_ok(!file_has(first) && file_has(second) && !file_has(third),
           "and out of the file at once");
    struct minhash other = random_one(9), another = random_one(10);
    tap_ok(keep(c, &one, "", NOW) != first, "its words are not known any more");
    tap_ok(keep(c, &other, "A1111111111111111", NOW) != first &&
               keep(c, &another, "A2222222222222222", NOW) == second,
           "nor its account");
    /* Killed before anything is saved again. */
    c = open_one(1000);
    tap_ok(campaigns_size(c, first) == 0 && campaigns_size(c, second) == 2,
           "nor after a crash");
    campaigns_close(c);
    unlinkat(folder, "campaigns.index", 0);
    c = open_one(1000);
    tap_ok(campaigns_size(c, first) == 0 && campaigns_size(c, second) == 2,
           "nor out of the ledger");
    campaigns_close(c);
}

static void
test_people(void)
{
    begin_anew();
    struct campaigns *c = open_one(1000);
    struct minhash one = random_one(1), two = random_one(2);
    char text[200];
    uint64_t first = keep(c, &one, "", NOW),
             second = keep(c, &two, "A1111111111111111", NOW);
    uint64_t copy = ledger_count;

    (void)keep(c, &two, "", NOW);
    snprintf(text, sizeof text,
             "{\"v\":1,\"kind\":\"campaign.merge\",\"from\":%d,\"to\":%d,\"reason\":\"r\"}",
             (int)second, (int)first);
    add(c, bytes_copy(&arena, bytes_from_text(text)));
    tap_ok(campaigns_size(c, first) == 3 && campaigns_size(c, second) == 0, "merged");
    struct minhash third = random_one(3);
    tap_ok(keep(c, &two, "", NOW) == first &&
               keep(c, &third, "A1111111111111111", NOW) == first,
           "what comes next belongs to the one");
    snprintf(text, sizeof text,
             "{\"v\":1,\"kind\":\"campaign.split\",\"from\":%d,\"entries\":[%d,999,%d]}",
             (int)first, (int)second, (int)copy);
    uint64_t apart = ledger_count;
    add(c, bytes_copy(&arena, bytes_from_text(text)));
    tap_ok(campaigns_size(c, first) == 3 && campaigns_size(c, apart) == 2, "split");
    campaigns_close(c);
    unlinkat(folder, "campaigns.index", 0);
    c = open_one(1000);
    tap_ok(campaigns_size(c, first) == 3 && campaigns_size(c, apart) == 2,
           "and the same out of the ledger");
    static const char *const others[] = {
        "{\"v\":1,\"kind\":\"campaign.merge\",\"from\":0,\"to\":5}",
        "{\"v\":1,\"kind\":\"campaign.merge\",\"from\":1,\"to\":1099511627776}",
        "{\"v\":1,\"kind\":\"campaign.split\",\"from\":1,\"entries\":7}",
        "{\"v\":1,\"kind\":\"campaign.x\"}",
        "{\"v\":1,\"kind\":\"purge\",\"indices\":[1,9]}"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        add(c, bytes_from_text(others[i]));
    }
    tap_ok(campaigns_size(c, first) == 3 && campaigns_size(c, apart) == 2,
           "what says nothing changes nothing");
    campaigns_close(c);
}

/* A group that was not committed leaves nothing. */
static void
test_dropped(void)
{
    begin_anew();
    struct campaigns *c = open_one(1000);
    struct minhash one = random_one(1), two = random_one(2);
    uint64_t first = keep(c, &one, "", NOW);
    struct record_row row;

    (void)!record_read(&arena, line_of(&two, "A1111111111111111", NOW), &row);
    uint64_t second = campaigns_mark(c, ledger_count, &row);
    tap_ok(second == ledger_count && campaigns_mark(c, ledger_count + 2, &row) == second,
           "two of one group are told together");
    campaigns_dropped(c, ledger_count);
    struct minhash three = random_one(3);
    tap_ok(campaigns_held(c) == 1 && campaigns_size(c, first) == 1 &&
               keep(c, &three, "A1111111111111111", NOW) == second &&
               campaigns_size(c, second) == 1,
           "they were not kept: another takes their place");
    campaigns_close(c);
}

static void
test_answers(void)
{
    struct writer w;
    struct json j;
    struct campaigns_query query = {
        .now_ms = NOW, .least = 2, .most = 1, .zone_minutes = 0};

    begin_anew();
    struct campaigns *c = open_one(1000);
    struct minhash one = random_one(1), two = random_one(2), three = random_one(3);
    for (int i = 0; i < 3; i++) {
        (void)keep(c, &one, "", NOW - i * 24 * HOUR);
    }
    (void)keep(c, &two, "", NOW - 40 * 24 * HOUR);
    (void)keep(c, &two, "", NOW - 30 * 24 * HOUR);
    (void)keep(c, &three, "", NOW);
    writer_init(&w, &arena);
    json_init(&j, &w);
    json_open(&j, '{');
    campaigns_write_list(c, &arena, &query, &j);
    json_close(&j);
    json_t *list = json_loadb((const char *)w.at, w.size, 0, NULL);
    json_t *first = json_array_get(json_object_get(list, "campaigns"), 0);
    const json_t *days = json_object_get(first, "days");
    tap_ok(json_array_size(json_object_get(list, "campaigns")) == 1 &&
               json_is_true(json_object_get(list, "more")) &&
               json_integer_value(json_object_get(first, "messages")) == 3 &&
               json_integer_value(json_object_get(first, "last")) == NOW &&
               json_array_size(days) == 14 &&
               json_integer_value(json_array_get(json_array_get(days, 12), 1)) == 1 &&
               json_integer_value(json_array_get(json_array_get(days, 10), 1)) == 0,
           "the newest of two campaigns, by day: %.*s", BYTES_ARGUMENTS(writer_view(&w)));
    json_decref(list);
    query.since_ms = NOW - 10 * 24 * HOUR;
    query.most = 10;
    writer_init(&w, &arena);
    json_init(&j, &w);
    json_open(&j, '{');
    campaigns_write_list(c, &arena, &query, &j);
    json_close(&j);
    list = json_loadb((const char *)w.at, w.size, 0, NULL);
    tap_ok(json_array_size(json_object_get(list, "campaigns")) == 1 &&
               json_is_false(json_object_get(list, "more")),
           "one of them since ten days ago");
    json_decref(list);
    writer_init(&w, &arena);
    json_init(&j, &w);
    json_open(&j, '{');
    tap_ok(campaigns_write_one(c, &arena, 4, 1, 0, &j, &why) == SK_OK &&
               campaigns_write_one(c, &arena, 77, 1, 0, &j, &why) == SK_BAD &&
               campaigns_write_one(c, &arena, 0, 1, 0, &j, &why) == SK_BAD,
           "one that is there, and two that are not");
    json_close(&j);
    list = json_loadb((const char *)w.at, w.size, 0, NULL);
    tap_ok(json_array_size(json_object_get(list, "days")) == 11 &&
               json_array_size(json_object_get(list, "entries")) == 1 &&
               json_integer_value(json_array_get(json_object_get(list, "entries"), 0)) == 5,
           "its eleven days, and the newest of its messages");
    json_decref(list);
    campaigns_close(c);
    /* A campaign of more days than are told: the last ones are. */
    begin_anew();
    c = open_one(1000);
    (void)keep(c, &one, "", NOW - (CAMPAIGNS_DAYS - 1) * 24 * HOUR);
    (void)keep(c, &one, "", NOW);
    json_int_t counts[2] = {0}, lengths[2] = {0};
    for (int past = 0; past < 2; past++) {
        if (past == 1) {
            (void)keep(c, &one, "", NOW - CAMPAIGNS_DAYS * 24 * HOUR);
        }
        writer_init(&w, &arena);
        json_init(&j, &w);
        json_open(&j, '{');
        (void)!campaigns_write_one(c, &arena, 1, 1, 0, &j, &why);
        json_close(&j);
        list = json_loadb((const char *)w.at, w.size, 0, NULL);
        days = json_object_get(list, "days");
        lengths[past] = (json_int_t)json_array_size(days);
        for (size_t i = 0; i < json_array_size(days); i++) {
            counts[past] += json_integer_value(json_array_get(json_array_get(days, i), 1));
        }
        json_decref(list);
    }
    tap_ok(lengths[0] == CAMPAIGNS_DAYS && counts[0] == 2 && lengths[1] == CAMPAIGNS_DAYS &&
               counts[1] == 2,
           "%d days, and one past them is not told", CAMPAIGNS_DAYS);
    campaigns_close(c);
}

/* Of more keys than a set has room for, the one whose message is the oldest gives way. */
static void
test_keys_bound(void)
{
    uint64_t keys[CAMPAIGNS_WAYS + 1], of[CAMPAIGNS_WAYS + 1];
    const uint64_t sets = CAMPAIGNS_KEYS / CAMPAIGNS_WAYS;
    size_t count = 0, right = 0;
    char text[20];

    for (uint64_t i = 1; count <= CAMPAIGNS_WAYS; i++) {
        if (hash_mix(i) % sets == 7) {
            keys[count++] = i;
        }
    }
    begin_anew();
    struct campaigns *c = open_one(1000);
    for (size_t i = 0; i < count; i++) {
        struct minhash m = random_one(100 + i);
        snprintf(text, sizeof text, "A%016llx", (unsigned long long)keys[i]);
        of[i] = keep(c, &m, text, NOW);
    }
    for (size_t i = 1; i < count; i++) {
        struct minhash m = random_one(200 + i);
        snprintf(text, sizeof text, "A%016llx", (unsigned long long)keys[i]);
        right += keep(c, &m, text, NOW) == of[i];
    }
    struct minhash m = random_one(300);
    snprintf(text, sizeof text, "A%016llx", (unsigned long long)keys[0]);
    tap_ok(right == CAMPAIGNS_WAYS && keep(c, &m, text, NOW) != of[0],
           "%d keys of one set are known, of one more the oldest is not", CAMPAIGNS_WAYS);
    campaigns_close(c);
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    if (mkdtemp(folder_name) == NULL ||
        (folder = open(folder_name, O_RDONLY | O_DIRECTORY)) < 0) {
        return 1;
    }
    test_telling();
    test_again();
    test_fuzzy();
    test_forgetting();
    test_people();
    test_dropped();
    test_answers();
    test_keys_bound();
    unlinkat(folder, "campaigns.index", 0);
    unlinkat(folder, "campaigns.seed", 0);
    close(folder);
    rmdir(folder_name);
    arena_release(&arena);
    return tap_done();
}
