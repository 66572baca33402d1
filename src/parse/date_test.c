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
    test_no_dates();
    return tap_done();
}
