#include "parse/date.h"

#include "base/tap.h"

static void
test_dates(void)
{
    static const struct {
        const char *in;
        int64_t epoch;
        int zone;
    } cases[] = {
        {"Fri, 21 Nov 1997 09:55:06 -0600", 880127706, -360},
        {"21 Nov 97 09:55 GMT", 880106100, 0},
        {"21 Nov 97 09:55:06 EST", 880124106, -300},
        {"Thu, 1 Jan 1970 00:00:00 +0000", 0, 0},
        {"1 Jan 70 09:00:00 +0900 (JST)", 0, 540},
        {"(a) 1 (b) Jan (c (d)) 1970 0:00 UT", 0, 0},
        {"1 Jan 70 00:00:00 Q", 0, 0},
        {"Thu Jan  1 00:00:00 1970", 0, 0},
        {"1 January 1970 00:00:00.5 -0000", 0, 0},
        {"29 Feb 2000 00:00:00 +0000", 951782400, 0},
        {"31 Dec 2016 23:59:60 +0000", 1483228800, 0},
        {"1 Jan 49 00:00 +0000", 2493072000, 0},
        {"1 Jan 100 00:00 +0000", 946684800, 0},
    };
    struct date d;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool is = date_read(bytes_from_text(cases[i].in), &d);
        if (!tap_ok(is && d.epoch == cases[i].epoch && d.zone_minutes == cases[i].zone,
                    "date: %s", cases[i].in)) {
            printf("# %d %lld %d\n", is, (long long)d.epoch, d.zone_minutes);
        }
    }
    tap_ok(date_read(BYTES("Fri, 21 Nov 1997 09:55:06 -0600"), &d) && d.standard,
           "standard");
    tap_ok(date_read(BYTES("Sun Nov 13 14:50:12 2005"), &d) && !d.standard, "not standard");
}

/* Every month by its three letters, in any case, and whatever follows them; epoch of its first day in 2026. */
static void
test_months(void)
{
    static const struct {
        const char *in;
        int64_t epoch;
    } cases[] = {
        {"1 Jan 2026 00:00", 1767225600},  {"1 FEB 2026 00:00", 1769904000},
        {"1 mar 2026 00:00", 1772323200},  {"1 April 2026 00:00", 1775001600},
        {"1 mAy 2026 00:00", 1777593600},  {"1 June 2026 00:00", 1780272000},
        {"1 juL 2026 00:00", 1782864000},  {"1 Aug 2026 00:00", 1785542400},
        {"1 Sept 2026 00:00", 1788220800}, {"1 Oct 2026 00:00", 1790812800},
        {"1 Nov 2026 00:00", 1793491200},  {"1 December 2026 00:00", 1796083200},
    };
    static const char *const none[] = {"1 Ja 2026 00:00", "1 Jax 2026 00:00",
                                       "1 Yan 2026 00:00", "1 Nob 2026 00:00"};
    struct date d;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tap_ok(date_read(bytes_from_text(cases[i].in), &d) && d.epoch == cases[i].epoch,
               "month: %s", cases[i].in);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        tap_ok(!date_read(bytes_from_text(none[i]), &d), "no month: %s", none[i]);
    }
}

static void
test_no_dates(void)
{
    static const char *const cases[] = {
        "",
        " ",
        "today",
        "1 2 3",
        "30 Feb 2000 00:00 +0000",
        "29 Feb 1900 00:00 +0000",
        "0 Jan 2000 00:00",
        "32 Jan 2000 00:00",
        "1 Jan 2000 24:00",
        "1 Jan 2000 00:60",
        "1 Jan 2000 00:00:61",
        "1 Jan 2000",
        "1 Jan 2000 1:",
        "1 Jan 2000 00:00 +2400",
        "1 Jan 2000 00:00 +99999",
        "7 00 2026 19:14:51",
        "1 13 2000 00:00",
        "11111111111111111111 Jan 2000 00:00",
        "(1 Jan 2000 00:00",
    };
    struct date d;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tap_ok(!date_read(bytes_from_text(cases[i]), &d), "no date: %s", cases[i]);
    }
    tap_ok(!date_read(BYTES("1 Jan\0"), &d), "NUL");
}

int
main(void)
{
    test_dates();
    test_months();
    test_no_dates();
    return tap_done();
}
