/* Rows at scale: makes days of rows through the same calls as the keeper, closes them, and times searches. Built and
 * started by tests/bench/rows.
 *
 *     rows-bench make FOLDER DAYS ROWS_A_DAY      one line for each day
 *     rows-bench search FOLDER ROUNDS DAYS ROWS_A_DAY   one line for each query */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/writer.h"
#include "store/rows.h"

#define DAY_MS     ((int64_t)86400000)
#define FIRST_MS   ((int64_t)1767193200000) /* 2026-01-01T00:00:00+09:00 */
#define VOCABULARY 20000

static uint64_t state = 42;

static uint64_t
any(uint64_t below)
{
    state += 0x9e3779b97f4a7c15u;
    return hash_mix(state) % below;
}

/* Few words make up most of a text: the square of an even draw is skewed enough. */
static uint64_t
word_number(void)
{
    uint64_t a = any(VOCABULARY), b = any(VOCABULARY), c = any(VOCABULARY);
    return a * b / VOCABULARY * c / VOCABULARY;
}

static void
put_word(struct writer *w, uint64_t number)
{
    uint64_t h = hash_mix(number + 1);
    unsigned size = 2 + (unsigned)(h % 3);

    if (h % 7 == 0) {
        for (unsigned i = 0; i < 3 + h % 5; i++) {
            writer_byte(w, (uint8_t)('a' + hash_mix(h + i) % 26));
        }
        writer_byte(w, ' ');
        return;
    }
    for (unsigned i = 0; i < size; i++) {
        uint64_t x = hash_mix(h + 100 + i);
        writer_code_point(w, h % 5 == 1 ? (uint32_t)(0x30a2 + x % 80)
                                        : (uint32_t)(0x4e00 + x % 2100));
    }
    if (h % 4 == 0) {
        writer_text(w, h % 8 == 0 ? "の" : "を");
    }
}

static struct bytes
text_of(struct arena *arena, unsigned words, size_t most)
{
    struct writer w;

    writer_init(&w, arena);
    for (unsigned i = 0; i < words; i++) {
        put_word(&w, word_number());
    }
    size_t size = w.size < most ? w.size : most;
    while (size > 0 && size < w.size && (w.at[size] & 0xc0) == 0x80) {
        size--;
    }
    return bytes_slice(writer_view(&w), 0, size);
}

static struct bytes
format(struct arena *arena, const char *pattern, uint64_t a, uint64_t b)
{
    struct writer w;

    writer_init(&w, arena);
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    writer_format(&w, pattern, (unsigned long long)a, (unsigned long long)b);
    return writer_view(&w);
}

static void
id_of(char id[21], int64_t time_ms, uint64_t index)
{
    static const char digits[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    uint64_t time = (uint64_t)time_ms, rest = hash_mix(index + 77);

    for (int i = 8; i-- > 0; time /= 62) {
        id[i] = digits[time % 62];
    }
    for (int i = 20; i-- > 8; rest /= 62) {
        id[i] = digits[rest % 62];
    }
    id[20] = '\0';
}

static struct rows_event
event_of(struct arena *arena, uint64_t index, int64_t time_ms)
{
    static const char *const categories[] = {"ham", "bulk", "advertisement", "lure",
                                             "phishing"};
    char *id = (char *)arena_take_bytes(arena, 21);

    id_of(id, time_ms, index);
    uint64_t person = any(20000);
    struct rows_event event = {
        .place = {index, 0, index * 2000},
        .id = bytes_of(id, 20),
        .time_ms = time_ms,
        .action = any(50) == 0    ? BYTES("refuse")
                  : any(500) == 0 ? BYTES("hold")
                  : any(4) == 0   ? BYTES("label")
                                  : BYTES("accept"),
        .category = bytes_from_text(categories[any(5) * any(5) / 5]),
        .sender = format(arena, "user%llu@host%llu.example.com", any(300000), any(4000)),
        .recipients = format(arena, "person%llu@dept%llu.example.jp", person, person % 40),
        .client = format(arena, "192.%llu.2.%llu", any(200), any(256)),
        .name = text_of(arena, 2, 40),
        .subject = text_of(arena, 6, 120),
        .text = text_of(arena, 30, 240),
        .size = (int64_t)any(100000),
        .unwanted = (double)any(1000) / 1000,
    };
    if (any(3) == 0) { /* a word that a third of all mail has */
        event.subject = BYTES("ご請求のお知らせ 今月分");
    }
    if (index % 1000003 == 5) { /* and one that ten rows of ten million have */
        event.subject = BYTES("燕尾服の件 quixotry");
        event.threat = BYTES("bomb");
    }
    return event;
}

static int
fail(const char *what, const struct why *why)
{
    fprintf(stderr, "%s: %s\n", what, why->sentence);
    return 1;
}

static double
cpu_s(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int
make(const char *folder, uint64_t days, uint64_t a_day)
{
    struct arena arena, scratch;
    struct rows *rows;
    struct why why;
    double put_s = 0, close_s = 0, text_s = 0;

    arena_init(&arena, (size_t)1 << 30);
    arena_init(&scratch, (size_t)64 << 20);
    if (rows_open(&arena, folder, 540, &rows, &why) != SK_OK) {
        return fail("open", &why);
    }
    for (uint64_t day = 0; day < days; day++) {
        int64_t midnight = FIRST_MS + (int64_t)day * DAY_MS;
        double began = cpu_s();
        for (uint64_t i = 0; i < a_day / 10;
             i++) { /* what making up a text costs is no part of it */
            (void)event_of(&scratch, UINT64_MAX / 2, midnight);
            arena_release(&scratch);
        }
        text_s += (cpu_s() - began) * 10;
        began = cpu_s();
        for (uint64_t i = 0; i < a_day; i++) {
            struct rows_event event =
                event_of(&scratch, day * a_day + i,
                         midnight + (int64_t)(i * (uint64_t)DAY_MS / a_day));
            struct rows_outcome outcome = {
                {event.place.index, 0, event.place.offset}, event.id, event.time_ms};
            if (rows_put_event(rows, &event, &why) != SK_OK ||
                rows_put_outcome(rows, &outcome, &why) != SK_OK ||
                (i % 512 == 511 && rows_commit(rows, &why) != SK_OK) ||
                (i % 20480 == 20479 && rows_settle(rows, day * a_day + i, &why) != SK_OK)) {
                return fail("put", &why);
            }
            arena_release(&scratch);
        }
        if (rows_commit(rows, &why) != SK_OK ||
            rows_settle(rows, (day + 1) * a_day, &why) != SK_OK) {
            return fail("settle", &why);
        }
        double middle = cpu_s();
        put_s += middle - began;
        enum sk_code code = SK_MORE;
        while (day + 1 < days && code == SK_MORE) {
            code = rows_work(rows, midnight + DAY_MS + DAY_MS / 2, &why);
        }
        if (code != SK_OK && day + 1 < days) {
            return fail("close", &why);
        }
        close_s += cpu_s() - middle;
        /* The last day stays open: closing is shared among the others. */
        uint64_t put = (day + 1) * a_day, closed = (day + 1 < days ? day + 1 : day) * a_day;
        printf("day %llu of %llu, rows %llu, us of CPU a row: put %.1f, close %.1f\n",
               (unsigned long long)day + 1, (unsigned long long)days,
               (unsigned long long)put, (put_s - text_s) * 1e6 / (double)put,
               closed > 0 ? close_s * 1e6 / (double)closed : 0);
        fflush(stdout);
    }
    rows_close(rows);
    return 0;
}

static int
order_numbers(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return left < right ? -1 : left > right;
}

static int
search(const char *folder, unsigned rounds, uint64_t days, uint64_t a_day)
{
    const struct {
        const char *name;
        struct rows_query query;
    } queries[] = {
        {"newest 50", {0}},
        {"id", {.id = BYTES("?")}},
        {"sender, whole address", {.sender = BYTES("?")}},
        {"sender, one of 300,000, without domain", {.sender = BYTES("user123456@")}},
        {"sender's domain, one of 4,000", {.sender = BYTES("@host1234.example")}},
        {"sender that is not there", {.sender = BYTES("nobody@nowhere.invalid")}},
        {"recipient, whole address", {.recipient = BYTES("person1234@dept34.example.jp")}},
        {"recipient, without domain", {.recipient = BYTES("person1234@")}},
        {"client", {.client = BYTES("192.77.2.99")}},
        {"client that is not there", {.client = BYTES("203.0.113.9")}},
        {"threats", {.threat = true}},
        {"action hold", {.action = BYTES("hold")}},
        {"word: two characters, a third of all", {.words = BYTES("請求")}},
        {"word: two characters, rare", {.words = BYTES("燕尾")}},
        {"word: three characters, rare", {.words = BYTES("燕尾服")}},
        {"word: six characters, a third of all", {.words = BYTES("請求のお知ら")}},
        {"word: pairs there, the word not", {.words = BYTES("請求の件")}},
        {"word: two characters, not there", {.words = BYTES("龘龘")}},
        {"word: Latin, rare", {.words = BYTES("quixotry")}},
        {"word: Latin, not there", {.words = BYTES("zzyzxq")}},
        {"two words, common and rare", {.words = BYTES("請求 quixotry")}},
        {"two words, both of one row", {.words = BYTES("燕尾 quixotry")}},
        {"two letters", {.words = BYTES("zq")}},
        {"two letters, not there", {.words = BYTES("9z")}},
        {"one character, rare", {.words = BYTES("燕")}},
        {"word: common Latin grams, the word not", {.words = BYTES("person99@host")}},
        {"sender: common grams, not there", {.sender = BYTES("user99@host99.example.net")}},
        {"word in one week",
         {.words = BYTES("請求"),
          .from_ms = FIRST_MS + 2 * DAY_MS,
          .to_ms = FIRST_MS + 9 * DAY_MS}},
    };
    struct arena arena;
    struct rows_found found;
    struct why why;
    double times[1000], spent = 0;
    char id[21], address[100] = "";

    arena_init(&arena, (size_t)1 << 30);
    struct rows_query newest = {.most = 1};
    if (rows_search(&arena, folder, &newest, &found, &why) == SK_OK && found.count == 1) {
        snprintf(address, sizeof(address), "%.*s", BYTES_ARGUMENTS(found.events[0].sender));
    }
    arena_release(&arena);
    for (size_t q = 0; q < sizeof(queries) / sizeof(queries[0]); q++) {
        struct rows_query query = queries[q].query;
        query.most = 50;
        query.within_ms = 1000;
        if (query.id.size > 0) {
            uint64_t index = days * a_day / 3;
            id_of(id,
                  FIRST_MS + (int64_t)(index / a_day) * DAY_MS +
                      (int64_t)(index % a_day * (uint64_t)DAY_MS / a_day),
                  index);
            query.id = bytes_of(id, 20);
        }
        if (bytes_is(query.sender, "?")) { /* one that is there */
            query.sender = bytes_from_text(address);
        }
        for (unsigned i = 0; i < rounds; i++) {
            int64_t began = clock_monotonic_us();
            double before = cpu_s();
            if (rows_search(&arena, folder, &query, &found, &why) != SK_OK) {
                return fail(queries[q].name, &why);
            }
            times[i] = (double)(clock_monotonic_us() - began) / 1000;
            spent = (cpu_s() - before) * 1000;
            if (i + 1 < rounds) {
                arena_release(&arena);
            }
        }
        double first = times[0];
        qsort(times, rounds, sizeof(times[0]), order_numbers);
        printf("%-40s %5zu rows%s%s  first %7.1f ms  median %7.1f ms  slowest %7.1f ms"
               "  CPU of the last %6.1f ms\n",
               queries[q].name, found.count, found.more ? "+" : " ",
               found.out_of_time ? " (out of time)" : "", first, times[rounds / 2],
               times[rounds - 1], spent);
        fflush(stdout);
        arena_release(&arena);
    }
    return 0;
}

int
main(int count, char **arguments)
{
    if (count == 5 && strcmp(arguments[1], "make") == 0) {
        return make(arguments[2], strtoull(arguments[3], NULL, 10),
                    strtoull(arguments[4], NULL, 10));
    }
    if (count == 6 && strcmp(arguments[1], "search") == 0) {
        unsigned rounds = (unsigned)strtoul(arguments[3], NULL, 10);
        return search(arguments[2],
                      rounds < 1      ? 1
                      : rounds > 1000 ? 1000
                                      : rounds,
                      strtoull(arguments[4], NULL, 10), strtoull(arguments[5], NULL, 10));
    }
    fprintf(stderr, "usage: rows-bench make FOLDER DAYS ROWS_A_DAY | search FOLDER ROUNDS "
                    "DAYS ROWS_A_DAY\n");
    return 2;
}
