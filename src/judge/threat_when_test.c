#include "judge/threat_when.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/tap.h"
#include "judge/normal.h"

static struct arena arena;

#define JST 540

/* Sunday, 22 November 2026, 14:30 in Japan. */
static int64_t now;

static const struct {
    const char *text, *from, *to, *words;
} cases[] = {
    {"明日の15時34分に爆破", "2026-11-23T15:34", "2026-11-23T15:35", "明日の15時34分"},
    {"明日の十五時三十四分に爆破", "2026-11-23T15:34", "2026-11-23T15:35",
     "明日の十五時三十四分"},
    {"明日の１５：３４に", "2026-11-23T15:34", "2026-11-23T15:35", "明日の15:34"},
    {"8月初旬に実行", "2027-08-01T00:00", "2027-08-11T00:00", "8月初旬"},
    {"令和8年3月の卒業式", "2026-03-01T00:00", "2026-04-01T00:00", "令和8年3月"},
    {"令和九年三月十日午前九時半", "2027-03-10T09:30", "2027-03-10T09:31",
     "令和九年三月十日午前九時半"},
    {"来週の月曜の朝、学校で", "2026-11-23T05:00", "2026-11-23T11:00", "来週の月曜の朝"},
    {"次の日曜日に", "2026-11-22T00:00", "2026-11-23T00:00", "日曜日"},
    {"今夜、行く", "2026-11-22T18:00", "2026-11-23T00:00", "今夜"},
    {"今夜零時に", "2026-11-22T00:00", "2026-11-22T00:01", "今夜零時"},
    {"正午に", "2026-11-23T12:00", "2026-11-23T12:01", "正午"},
    {"三日後にまた", "2026-11-25T00:00", "2026-11-26T00:00", "三日後"},
    {"2時間以内に払え", "2026-11-22T14:30", "2026-11-22T16:30", "2時間以内"},
    {"30分後に爆発", "2026-11-22T15:00", "2026-11-22T15:01", "30分後"},
    {"11月30日13時。以上", "2026-11-30T13:00", "2026-11-30T13:01", "11月30日13時"},
    {"1月5日に", "2027-01-05T00:00", "2027-01-06T00:00", "1月5日"},
    {"12/1 9:30に", "2026-12-01T09:30", "2026-12-01T09:31", "12/1 9:30"},
    {"14日の土曜", "2026-12-14T00:00", "2026-12-15T00:00", "14日"},
    {"来月三日、庁舎", "2026-12-03T00:00", "2026-12-04T00:00", "来月三日"},
    {"来月の頭だ", "2026-12-01T00:00", "2026-12-08T00:00", "来月の頭"},
    {"大晦日にやる", "2026-12-31T00:00", "2027-01-01T00:00", "大晦日"},
    {"午後3時ちょうど", "2026-11-22T15:00", "2026-11-22T15:01", "午後3時"},
    {"夜8時に駅で", "2026-11-22T20:00", "2026-11-22T20:01", "夜8時"},
    {"I will do it tomorrow at 3pm", "2026-11-23T15:00", "2026-11-23T15:01",
     "tomorrow at 3pm"},
    {"on December 3 at noon", "2026-12-03T12:00", "2026-12-03T12:01", "december 3 at noon"},
    {"next friday", "2026-11-27T00:00", "2026-11-28T00:00", "next friday"},
    {"within 24 hours", "2026-11-22T14:30", "2026-11-23T14:30", "within 24 hours"},
    {"the 20th of december", "2026-12-20T00:00", "2026-12-21T00:00", "20th of december"},
    {"tonight we ride", "2026-11-22T18:00", "2026-11-23T00:00", "tonight"},
    {"at 9:45 p.m. sharp", "2026-11-22T21:45", "2026-11-22T21:46", "9:45 p.m."},
};

static void
write_local(int64_t epoch, char *at, size_t size)
{
    struct calendar c = clock_calendar(epoch, JST);

    snprintf(at, size, "%04d-%02d-%02dT%02d:%02d", (int)c.year, c.month, c.day, c.hour,
             c.minute);
}

static void
test_cases(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct threat_when when;
        char from[64], to[64];
        struct bytes normal = normal_form(&arena, bytes_from_text(cases[i].text), 4096);
        bool is = threat_when_read(normal, now, JST, &when);
        write_local(when.from, from, sizeof from);
        write_local(when.to, to, sizeof to);
        tap_ok(is && strcmp(from, cases[i].from) == 0 && strcmp(to, cases[i].to) == 0 &&
                   bytes_is(when.words, cases[i].words),
               "%s: %s to %s, \"%.*s\"", cases[i].text, from, to,
               BYTES_ARGUMENTS(when.words));
    }
}

static void
test_none(void)
{
    static const char *const none[] = {"お前を殺す",
                                       "2月30日に",
                                       "10人を刺す",
                                       "三人",
                                       "5時間かかった",
                                       "暑い日",
                                       "may be",
                                       "12345678",
                                       "99時99分",
                                       "in the hall",
                                       ""};
    struct threat_when when;

    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        bool is = threat_when_read(bytes_from_text(none[i]), now, JST, &when);
        tap_ok(!is && when.words.size == 0, "no time: \"%s\" \"%.*s\"", none[i],
               BYTES_ARGUMENTS(when.words));
    }
}

static void
test_bound(void)
{
    static uint8_t text[LIMIT_THREAT_WHEN + 16];
    struct threat_when when;

    memset(text, ' ', sizeof text);
    memcpy(text + LIMIT_THREAT_WHEN - 5, "today", 5);
    tap_ok(threat_when_read(bytes_of(text, sizeof text), now, JST, &when), "at the bound");
    memset(text, ' ', sizeof text);
    memcpy(text + LIMIT_THREAT_WHEN - 4, "today", 5);
    tap_ok(!threat_when_read(bytes_of(text, sizeof text), now, JST, &when),
           "one past the bound");
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 24);
    now = clock_epoch(
        &(struct calendar){.year = 2026, .month = 11, .day = 22, .hour = 5, .minute = 30});
    test_cases();
    test_none();
    test_bound();
    arena_release(&arena);
    return tap_done();
}
