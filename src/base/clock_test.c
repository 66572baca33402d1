#include "base/clock.h"

#include "base/tap.h"

static struct arena arena;

static bool
reads(const char *text, int64_t expected)
{
    int64_t epoch = -1;

    return clock_read_rfc3339(bytes_from_text(text), &epoch) && epoch == expected;
}

static bool
refuses(const char *text)
{
    int64_t epoch;

    return !clock_read_rfc3339(bytes_from_text(text), &epoch);
}

static bool
mails(int64_t epoch_s, int zone_minutes, const char *expected)
{
    struct writer w;

    writer_init(&w, &arena);
    clock_write_mail(&w, epoch_s, zone_minutes);
    return bytes_is(writer_view(&w), expected);
}

static bool
writes(int64_t epoch_s, int zone_minutes, const char *expected)
{
    struct writer w;

    writer_init(&w, &arena);
    clock_write_rfc3339(&w, epoch_s, zone_minutes);
    return bytes_is(writer_view(&w), expected);
}

/* The C library is the oracle here, and only here. */
static void
test_calendar(void)
{
    size_t wrong = 0;

    for (int64_t epoch = -5000000000; epoch < 20000000000; epoch += 86399 * 7 + 1) {
        struct tm tm;
        time_t t = epoch;
        struct calendar c = clock_calendar(epoch, 0);
        gmtime_r(&t, &tm);
        wrong += c.year != tm.tm_year + 1900 || c.month != tm.tm_mon + 1 ||
                 c.day != tm.tm_mday || c.hour != tm.tm_hour || c.minute != tm.tm_min ||
                 c.second != tm.tm_sec || c.weekday != tm.tm_wday ||
                 clock_epoch(&c) != epoch;
    }
    tap_ok(wrong == 0, "the calendar agrees with the C library from 1811 to 2603");
    struct calendar carried = {
        .year = 2025, .month = 14, .day = 30, .hour = 25, .minute = -1, .second = 61};
    struct calendar plain = {
        .year = 2026, .month = 3, .day = 3, .hour = 1, .minute = 0, .second = 1};
    tap_ok(clock_epoch(&carried) == clock_epoch(&plain),
           "values out of range are carried over");
    carried.month = -10;
    carried.year = 2027;
    tap_ok(clock_epoch(&carried) == clock_epoch(&plain), "negative months too");
}

static void
test_text(void)
{
    tap_ok(mails(1795311300, 540, "Sun, 22 Nov 2026 10:35:00 +0900"), "RFC 5322");
    tap_ok(mails(0, -210, "Wed, 31 Dec 1969 20:30:00 -0330"), "a zone west of Greenwich");
    tap_ok(writes(1795311300, 540, "2026-11-22T10:35:00+09:00"), "RFC 3339");
    tap_ok(writes(1795311300, 0, "2026-11-22T01:35:00Z"), "RFC 3339, Z");
    tap_ok(writes(-1, 0, "1969-12-31T23:59:59Z"), "a second before the epoch");
    tap_ok(reads("2026-11-22T10:35:00+09:00", 1795311300), "read with a zone");
    tap_ok(reads("2026-11-22t01:35:00z", 1795311300), "read in lower case");
    tap_ok(reads("2026-11-22T01:35:00.123456Z", 1795311300), "fractions are dropped");
    tap_ok(reads("2026-11-21T22:05:00-03:30", 1795311300), "read west");
    tap_ok(reads("2026-11-22", 1795305600), "a date alone is midnight UTC");
    tap_ok(reads("2024-02-29", 1709164800) && refuses("2023-02-29") &&
               refuses("2100-02-29"),
           "leap days");
    tap_ok(reads("2016-12-31T23:59:60Z", 1483228800), "a leap second is the next second");
    static const char *const broken[] = {
        "",
        "2026",
        "2026-11",
        "2026-1-22",
        "2026-11-22T",
        "2026-13-01",
        "2026-00-01",
        "2026-04-31",
        "2026-11-00",
        "2026-11-22T24:00:00Z",
        "2026-11-22T10:60:00Z",
        "2026-11-22T10:35:61Z",
        "2026-11-22T10:35:00+09:60",
        "2026-11-22T10:35:00+24:00",
        "2026-11-22T10:35:00+",
        "2026-11-22T10:35:00Zx",
        "2026-11-22T10:35:00.Z",
        "+026-11-22",
        "2026-11-22 extra",
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        tap_ok(refuses(broken[i]), "refused: \"%s\"", broken[i]);
    }
}

int
main(void)
{
    arena_init(&arena, 1u << 20);
    test_calendar();
    test_text();
    int64_t before = clock_monotonic_ms();
    tap_ok(clock_now_ms() > 1700000000000 && clock_monotonic_ms() >= before &&
               clock_cpu_us() >= 0,
           "the clocks run");
    arena_release(&arena);
    return tap_done();
}
