#define SK_BASE
#include "base/clock.h"

#include <time.h>

static const char months[12][4] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
};
static const char weekdays[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

static int64_t
clock_read(clockid_t id, int64_t per_second)
{
    struct timespec now;

    clock_gettime(id, &now);
    return now.tv_sec * per_second + now.tv_nsec / (1000000000 / per_second);
}

int64_t
clock_now_ms(void)
{
    return clock_read(CLOCK_REALTIME, 1000);
}

int64_t
clock_monotonic_ms(void)
{
    return clock_read(CLOCK_MONOTONIC, 1000);
}

int64_t
clock_monotonic_us(void)
{
    return clock_read(CLOCK_MONOTONIC, 1000000);
}

int64_t
clock_cpu_us(void)
{
    return clock_read(CLOCK_PROCESS_CPUTIME_ID, 1000000);
}

static int64_t
floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Days since 1970-01-01 of a day in the proleptic Gregorian calendar; the year begins in March, so that the leap day
 * comes last. */
static int64_t
days_from_date(int64_t year, int64_t month, int64_t day)
{
    year += floor_divide(month - 1, 12);
    month = month - 1 - floor_divide(month - 1, 12) * 12 + 1;
    year -= month <= 2;
    int64_t era = floor_divide(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
           day_of_year - 719468;
}

struct calendar
clock_calendar(int64_t epoch_s, int zone_minutes)
{
    int64_t local = epoch_s + (int64_t)zone_minutes * 60;
    int64_t days = floor_divide(local, 86400), second = local - days * 86400;
    int64_t shifted = days + 719468;
    int64_t era = floor_divide(shifted, 146097);
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;

    return (struct calendar){
        .year = year_of_era + era * 400 + (month >= 10),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)(day_of_year - (153 * month + 2) / 5 + 1),
        .hour = (int)(second / 3600),
        .minute = (int)(second / 60 % 60),
        .second = (int)(second % 60),
        .weekday = (int)(days + 4 - floor_divide(days + 4, 7) * 7),
    };
}

int64_t
clock_epoch(const struct calendar *c)
{
    return days_from_date(c->year, c->month, c->day) * 86400 + (int64_t)c->hour * 3600 +
           (int64_t)c->minute * 60 + c->second;
}

static int
zone_part(int zone_minutes, bool hours)
{
    int size = zone_minutes < 0 ? -zone_minutes : zone_minutes;

    return hours ? size / 60 : size % 60;
}

void
clock_write_mail(struct writer *w, int64_t epoch_s, int zone_minutes)
{
    struct calendar c = clock_calendar(epoch_s, zone_minutes);

    writer_format(w, "%s, %d %s %04lld %02d:%02d:%02d %c%02d%02d", weekdays[c.weekday],
                  c.day, months[c.month - 1], (long long)c.year, c.hour, c.minute, c.second,
                  zone_minutes < 0 ? '-' : '+', zone_part(zone_minutes, true),
                  zone_part(zone_minutes, false));
}

void
clock_write_rfc3339(struct writer *w, int64_t epoch_s, int zone_minutes)
{
    struct calendar c = clock_calendar(epoch_s, zone_minutes);

    writer_format(w, "%04lld-%02d-%02dT%02d:%02d:%02d", (long long)c.year, c.month, c.day,
                  c.hour, c.minute, c.second);
    if (zone_minutes == 0) {
        writer_byte(w, 'Z');
    } else {
        writer_format(w, "%c%02d:%02d", zone_minutes < 0 ? '-' : '+',
                      zone_part(zone_minutes, true), zone_part(zone_minutes, false));
    }
}

/* Takes `digits` decimal digits from the front. */
static bool
take_number(struct bytes *text, size_t digits, int *number_r)
{
    uint64_t number;

    if (text->size < digits ||
        !bytes_to_number(bytes_slice(*text, 0, digits), 99999, &number)) {
        return false;
    }
    *number_r = (int)number;
    *text = bytes_from(*text, digits);
    return true;
}

static bool
take_byte(struct bytes *text, const char *any)
{
    if (text->size == 0 || text->at[0] == '\0' || strchr(any, text->at[0]) == NULL) {
        return false;
    }
    *text = bytes_from(*text, 1);
    return true;
}

bool
clock_read_rfc3339(struct bytes text, int64_t *epoch_s_r)
{
    struct calendar c = {0};
    int year, zone_hour = 0, zone_minute = 0;
    bool west = false;

    if (!take_number(&text, 4, &year) || !take_byte(&text, "-") ||
        !take_number(&text, 2, &c.month) || !take_byte(&text, "-") ||
        !take_number(&text, 2, &c.day)) {
        return false;
    }
    c.year = year;
    if (text.size > 0) {
        if (!take_byte(&text, "Tt ") || !take_number(&text, 2, &c.hour) ||
            !take_byte(&text, ":") || !take_number(&text, 2, &c.minute)) {
            return false;
        }
        if (take_byte(&text, ":") && !take_number(&text, 2, &c.second)) {
            return false;
        }
        if (take_byte(&text, ".")) {
            if (text.size == 0 || !ascii_digit(text.at[0])) {
                return false;
            }
            while (text.size > 0 && ascii_digit(text.at[0])) {
                text = bytes_from(text, 1);
            }
        }
        if (!take_byte(&text, "Zz") && text.size > 0) {
            west = text.at[0] == '-';
            if (!take_byte(&text, "+-") || !take_number(&text, 2, &zone_hour)) {
                return false;
            }
            (void)take_byte(&text, ":");
            if (!take_number(&text, 2, &zone_minute)) {
                return false;
            }
        }
    }
    if (text.size > 0 || c.month < 1 || c.month > 12 || c.hour > 23 || c.minute > 59 ||
        c.second > 60 || zone_hour > 23 || zone_minute > 59) {
        return false;
    }
    /* A day that its month does not have would be carried into the next one. */
    if (clock_calendar(days_from_date(year, c.month, c.day) * 86400, 0).day != c.day) {
        return false;
    }
    int zone = (zone_hour * 60 + zone_minute) * (west ? -1 : 1);
    *epoch_s_r = clock_epoch(&c) - (int64_t)zone * 60;
    return true;
}
