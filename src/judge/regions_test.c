#include "judge/regions.h"

#include <time.h>

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "judge/normal.h"

static struct arena arena;

/* One letter a line: o, q, s, f. */
static void
is(const char *text, const char *want, const char *name)
{
    struct bytes normal = normal_form(&arena, bytes_from_text(text), LIMIT_NORMAL_BYTES);
    size_t count, last = 0;
    const struct region *regions = regions_read(&arena, normal, &count);
    struct writer got;
    bool whole = true;

    writer_init(&got, &arena);
    for (size_t at = 0; at < normal.size;) {
        writer_byte(&got, (uint8_t)*region_kind_name(region_at(regions, count, at)));
        size_t end = bytes_find_byte(normal, '\n', at);
        at = end < normal.size ? end + 1 : normal.size;
    }
    for (size_t i = 0; i < count; i++) {
        whole = whole && regions[i].from == last && regions[i].to > last;
        last = regions[i].to;
    }
    whole = whole && last == normal.size;
    if (!tap_ok(whole && bytes_is(writer_view(&got), want), "%s", name)) {
        printf("# got  %.*s\n# want %s\n", BYTES_ARGUMENTS(writer_view(&got)), want);
    }
}

static void
test_kinds(void)
{
    is("", "", "nothing");
    is("こんにちは\nお元気ですか", "oo", "own words");
    is("わかりました。\n\n2026/11/22 山田さんは書きました:\n> 明日殺す\n>> やめて\n以上",
       "oqqqo", "a quotation, with what introduces it");
    is("On Mon, Nov 22, 2026, A. Writer\n<a@example.com> wrote:\n> bomb\nno", "oqqo",
       "the line that says who wrote it");
    is("了解です。\n-----Original Message-----\nFrom: a\n爆破する", "oqqq",
       "an original message, to the end");
    is("転送します\n\n差出人: 犯人 <a@example.com>\n送信日時: 2026年11月22日\n宛先: "
       "b\n件名: 予告\n\n爆破する",
       "oqqqqq", "the head that a mail program writes");
    is("From: here to there\nnothing else", "oo", "but no head of one line");
    is("本文です\n-- \n山田太郎\n090", "osss", "a signature");
    is("本文です。\n━━━━━━━━━━━━━\n株式会社サンプル 山田\nTEL 03-0000-0000\n━━━━━━━━━━━━━",
       "ossss", "a Japanese one, between ruled lines");
    is("特売です\n==========\n本日限り\n全品半額", "oooo", "a ruled line alone");
    is("hello\n_______________________________________________\nlist mailing "
       "list\nlist@example.org",
       "offf", "a list's footer");
    is("hello\n-- \nme\n_______________________________________________\nlist@example.org",
       "ossff", "a signature above it");
    is("a > b\nx", "oo", "a sign within a line");
}

static void
test_bounds(void)
{
    struct writer w;
    size_t count;

    writer_init(&w, &arena);
    for (int i = 0; i < LIMIT_REGIONS; i++) {
        writer_text(&w, i % 2 == 0 ? "a\n" : ">b\n");
    }
    (void)regions_read(&arena, writer_view(&w), &count);
    tap_ok(count == LIMIT_REGIONS, "at the bound: %zu", count);
    writer_text(&w, "a\n");
    const struct region *regions = regions_read(&arena, writer_view(&w), &count);
    tap_ok(count == LIMIT_REGIONS && regions[count - 1].to == w.size,
           "one past it: the last goes on");
    tap_ok(region_at(regions, 0, 5) == REGION_OWN, "without regions all is own");
}

static double
seconds_of(const char *line, size_t times)
{
    struct writer w;
    struct timespec a, b;
    size_t count;

    writer_init(&w, &arena);
    for (size_t i = 0; i < times; i++) {
        writer_text(&w, line);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    (void)regions_read(&arena, writer_view(&w), &count);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

static void
test_linear(void)
{
    static const char *const lines[] = {
        "\n",           "--\n",   "from:\n", ">\n", "________________________\n",
        "━━━━━━━━━━\n", "a\n>b\n"};

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        double once = seconds_of(lines[i], 20000), more = seconds_of(lines[i], 80000);
        tap_ok(more < 12 * once + 0.02, "linear: %.4f s, four times as many %.4f s", once,
               more);
    }
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 28);
    test_kinds();
    test_bounds();
    test_linear();
    arena_release(&arena);
    return tap_done();
}
